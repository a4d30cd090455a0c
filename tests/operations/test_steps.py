"""The steps of docs/deployment.md that an administrator types, tried: PostgreSQL, and a new certificate."""

import os
import re
import socket
import ssl
import subprocess
import time
from pathlib import Path

import psycopg
import pytest
import sqlalchemy as sa

from access.database import engine as database
from access.database.who import UPKEEP
from access.viewer import Viewer
from register import record as write
from tests.browser.fixtures import free_port, stop
from tests.operations.installation import DEPLOY, ROOT
from tests.operations.test_running import SITE_NAME, TOOLS, make_certificate
from tests.server.postgres import running

PAGE = (ROOT / "docs" / "deployment.md").read_text("utf-8")
FIELDS = {
    "event_date": "2020-10-05",
    "kind": "preventief",
    "themes": "wonen",
    "gemeente_code": "GM0363",
    "sector_code": "lodging",
    "outcome": "verzonnen",
}


def test_the_literal_steps_for_postgresql_make_a_register_that_works(monkeypatch: pytest.MonkeyPatch) -> None:
    steps = re.findall(r"```sql\n(.*?)```", PAGE, re.DOTALL)
    assert len(steps) == 1
    assert not re.search(r"ALTER ROLE|SUPERUSER|CURRENT_USER", steps[0])  # nothing that could lock somebody out
    with running() as server:
        with psycopg.connect(server.get_uri(), autocommit=True) as connection:
            for step in filter(str.strip, steps[0].split(";")):
                connection.execute(step)
            administrators = connection.execute("SELECT count(*) FROM pg_roles WHERE rolsuper").fetchone()
        address = sa.make_url(server.get_uri()).set(username="risicobeeld", database="risicobeeld")
        monkeypatch.setenv("RISICOBEELD_REGISTER", address.render_as_string(hide_password=False))
        try:
            assert write.record(Viewer("lotc"), "activation", FIELDS).seq == 1
            with database.reading(UPKEEP) as connection:
                assert connection.execute(sa.text("SELECT count(*) FROM register_events")).scalar_one() == 1
        finally:
            database.close()
        assert administrators is not None
        assert administrators[0] >= 1


def test_the_script_of_the_container_refuses_a_server_that_others_share(tmp_path: Path) -> None:
    told = {name: value for name, value in os.environ.items() if not name.startswith("POSTGRES_")}
    done = subprocess.run(
        [DEPLOY / "database.sh"], env=told | {"PATH": str(tmp_path)}, capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    assert "only for the container" in done.stderr


def served(port: int) -> bytes:
    """Return the certificate that the proxy shows now."""
    trusting = ssl.create_default_context()
    trusting.check_hostname, trusting.verify_mode = False, ssl.CERT_NONE
    with (
        socket.create_connection(("127.0.0.1", port), timeout=60) as plain,
        trusting.wrap_socket(plain, server_hostname=SITE_NAME) as secure,
    ):
        return secure.getpeercert(binary_form=True) or b""


def test_a_new_certificate_is_taken_over_without_a_restart(tmp_path: Path) -> None:
    port, plain = free_port(), free_port()
    make_certificate(tmp_path)
    admin = f"unix/{tmp_path / 'admin.sock'}"
    config = tmp_path / "Caddyfile"
    text = (DEPLOY / "Caddyfile").read_text("utf-8")
    config.write_text(text.replace("{\n", f"{{\n\thttp_port {plain}\n", 1))
    environment = os.environ | {
        "SITE": f"https://{SITE_NAME}:{port}",
        "APPS": "127.0.0.1:1",
        "FEED": "127.0.0.1:1",
        "HOME": str(tmp_path),
        "TLS_CERTIFICATE": str(tmp_path / "tls.crt"),
        "TLS_KEY": str(tmp_path / "tls.key"),
        "ADMIN": f"{admin}|0600",
    }
    words = [str(TOOLS / "caddy"), "run", "--config", str(config), "--adapter", "caddyfile"]
    log = tmp_path / "caddy.log"
    with log.open("wb") as output:
        proxy = subprocess.Popen(words, env=environment, stdout=output, stderr=subprocess.STDOUT)
    try:
        while True:
            assert proxy.poll() is None, log.read_text("utf-8")
            try:
                before = served(port)
                break
            except OSError:
                time.sleep(0.1)
        assert (tmp_path / "admin.sock").stat().st_mode & 0o777 == 0o600
        make_certificate(tmp_path)
        assert served(port) == before
        words = [str(TOOLS / "caddy"), "reload", "--force", "--config", str(config), "--adapter", "caddyfile"]
        subprocess.run([*words, "--address", admin], env=environment, check=True, capture_output=True)
        assert served(port) != before
        assert proxy.poll() is None
    finally:
        stop(proxy)


def test_an_image_whose_tag_was_moved_is_refused(tmp_path: Path) -> None:
    script = DEPLOY / "digests.sh"
    docker, noted = tmp_path / "docker", tmp_path / "digests"

    def run(*words: str, digest: str) -> subprocess.CompletedProcess[str]:
        docker.write_text(f'#!/bin/sh\necho "$5 ${{5%%:*}}@sha256:{digest}"\n')
        docker.chmod(0o755)
        told = {"DOCKER": str(docker), "PATH": os.environ["PATH"]}
        return subprocess.run([script, *words], env=told, capture_output=True, text=True, check=False)

    first = run(digest="1" * 64)
    assert [line.split(":")[0] for line in first.stdout.splitlines()] == ["caddy", "postgres", "python"]
    noted.write_text(first.stdout)
    assert run("--check", str(noted), digest="1" * 64).returncode == 0
    moved = run("--check", str(noted), digest="2" * 64)
    assert (moved.returncode, "find out why" in moved.stderr) == (2, True)
