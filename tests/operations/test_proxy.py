"""The proxy lets through what a page needs and nothing else; tried with the real one before a small server."""

import os
import socket
import ssl
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx
import pytest

from tests.operations.test_running import make_certificate

ROOT = Path(__file__).parents[2]
CADDY = Path(sys.executable).parent / "caddy"


class Upstream(BaseHTTPRequestHandler):
    """Answers everything, and sets a cookie as Streamlit does."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Set-Cookie", "_streamlit_user=x; HttpOnly; Path=/; SameSite=Lax")
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"ok")

    def log_message(self, *_args: object) -> None:
        """Say nothing."""


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


@pytest.fixture(scope="module")
def proxy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("proxy")
    make_certificate(folder)
    upstream = ThreadingHTTPServer(("127.0.0.1", 0), Upstream)
    threading.Thread(target=upstream.serve_forever, daemon=True).start()
    port = free_port()
    text = (ROOT / "deploy" / "Caddyfile").read_text("utf-8")
    (folder / "Caddyfile").write_text(text.replace("{\n", f"{{\n\thttp_port {free_port()}\n", 1))
    certificate = next(path for path in folder.iterdir() if b"BEGIN CERTIFICATE" in path.read_bytes())
    key = next(path for path in folder.iterdir() if b"PRIVATE KEY-----" in path.read_bytes())
    behind = f"127.0.0.1:{upstream.server_address[1]}"
    environment = os.environ | {
        "SITE": f"https://127.0.0.1:{port}",
        "TLS_CERTIFICATE": str(certificate),
        "TLS_KEY": str(key),
        "FEED": behind,
        "APPS": behind,
        "HOME": str(folder),
    }
    words = [str(CADDY), "run", "--config", str(folder / "Caddyfile"), "--adapter", "caddyfile"]
    with (folder / "log").open("w") as log, subprocess.Popen(words, env=environment, stderr=log) as running:
        address = f"https://127.0.0.1:{port}"
        while True:
            assert running.poll() is None, (folder / "log").read_text()
            try:
                if ask(address, "/").status_code == 200:
                    break
            except httpx.TransportError:
                pass
            time.sleep(0.1)
        yield address
        running.terminate()
    upstream.shutdown()
    upstream.server_close()


def ask(address: str, path: str, **headers: str) -> httpx.Response:
    trusting = ssl._create_unverified_context()  # noqa: S323 - the certificate is our own
    with httpx.Client(verify=trusting, timeout=60) as client:
        return client.get(address + path, headers=headers)


@pytest.mark.parametrize(
    "path", ["metrics", "message", "script-health-check", "media/x", "", "metrics/", "../_stcore/metrics"]
)
def test_of_streamlit_s_own_addresses_the_others_do_not_exist(proxy: str, path: str) -> None:
    assert ask(proxy, f"/_stcore/{path}").status_code == 404


@pytest.mark.parametrize("path", ["stream", "health", "host-config", "upload_file/a/b", "bidi-components/x.js"])
def test_what_a_page_needs_is_let_through(proxy: str, path: str) -> None:
    assert ask(proxy, f"/_stcore/{path}", Origin=proxy).status_code == 200
    assert ask(proxy, f"/_stcore/{path}").status_code == 200


@pytest.mark.parametrize(
    "origin", ["https://evil.example", "null", "http://127.0.0.1", "https://127.0.0.1.evil.example"]
)
def test_another_site_is_refused_before_streamlit_hears_of_it(proxy: str, origin: str) -> None:
    for path in ("/_stcore/stream", "/", "/feed/vr.geojson"):
        assert ask(proxy, path, Origin=origin).status_code == 403


def test_cookies_go_over_https_only_and_nothing_comes_from_elsewhere(proxy: str) -> None:
    answer = ask(proxy, "/")
    cookies = answer.headers.get_list("set-cookie")
    assert len(cookies) == 2
    for cookie in cookies:
        assert "secure" in cookie.lower(), cookie
    policy = answer.headers["content-security-policy"]
    for part in (
        "script-src 'self'",
        "connect-src 'self'",
        "object-src 'none'",
        "base-uri 'self'",
        "frame-ancestors 'self'",
    ):
        assert part in policy
    assert "http:" not in policy
    assert "*" not in policy
