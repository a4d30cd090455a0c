"""A real OpenID provider on this machine, a server that trusts it, and the people who may enter."""

import json
import os
import re
import shutil
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from functools import cache
from pathlib import Path
from urllib.parse import quote

import httpx
from joserfc import jwt
from joserfc.jwk import OctKey
from playwright.sync_api import BrowserContext, Page

from tests.browser import clock
from tests.browser.fixtures import ROOT, Process, fork_streamlit, free_port, stop

APP = ROOT / "app.py"
_COOKIE_SECRET = "only-for-this-test-0123456789abcdef"  # noqa: S105 - of this test


def start_provider(log: Path) -> tuple[subprocess.Popen[bytes], str]:
    port = free_port()
    command = [sys.executable, "-m", "oidc_provider_mock", "--port", str(port), "--host", "127.0.0.1"]
    with log.open("wb") as output:
        process = subprocess.Popen(
            command,
            stdout=output,
            stderr=subprocess.STDOUT,
            env=os.environ | {"AUTHLIB_INSECURE_TRANSPORT": "1", "PYTHONWARNINGS": "ignore"},
        )
    url = f"http://127.0.0.1:{port}"
    for _ in range(300):
        try:
            with urllib.request.urlopen(f"{url}/.well-known/openid-configuration", timeout=2):  # noqa: S310
                return process, url
        except OSError:
            time.sleep(0.1)
    stop(process)
    raise RuntimeError(log.read_text("utf-8", "replace"))


class House:
    """One provider, one server that trusts it, and the people who may enter."""

    def __init__(self, folder: Path, provider: str, server: str) -> None:
        self.folder, self.provider, self.server = folder, provider, server

    @contextmanager
    def later(self, wait: timedelta) -> Iterator[None]:
        """Put the clock by which the server lets people in forward."""
        told = self.folder / "clock"
        told.write_text(str(wait.total_seconds()), "utf-8")
        yield
        told.unlink()

    def account(self, sub: str, **claims: object) -> None:
        """Give somebody an account at the provider, with whatever it claims about them."""
        told = {"email": f"{sub}@example.org", "email_verified": True} | claims
        request = urllib.request.Request(  # noqa: S310 (idem)
            f"{self.provider}/users/{quote(sub)}",
            json.dumps(told).encode(),
            {"Content-Type": "application/json"},
            method="PUT",
        )
        urllib.request.urlopen(request, timeout=10).close()  # noqa: S310 (our own provider)

    def cookies(self, sub: str) -> dict[str, str]:
        """Sign in at the provider by the addresses that `knock` follows, and return what a browser then keeps."""
        told = {"provider": "default", "exp": int(time.time()) + 120}
        token = jwt.encode({"alg": "HS256"}, told, OctKey.import_key(_COOKIE_SECRET))
        with httpx.Client(follow_redirects=True, timeout=60) as browser:
            asked = browser.get(f"{self.server}/auth/login", params={"provider": token})
            answered = browser.post(asked.url, data={"sub": sub})
            assert str(answered.url).startswith(self.server), f"{answered.url} is not where one comes in"
            browser.get(f"{self.server}/_stcore/health")  # the first thing that a page asks for: it gives one more
            return dict(browser.cookies)


def houses(folder_of: Callable[[str], Path], computed: Path) -> Iterator[Callable[[], House]]:
    """Give what builds the house, for the first who asks."""
    running: list[Process] = []

    @cache
    def build() -> House:
        folder = folder_of("house")
        shutil.copytree(computed, folder / "data" / "out")
        provider, provider_url = start_provider(folder / "provider.log")
        running.append(provider)
        secrets = folder / "secrets.toml"
        secrets.write_text(
            '[auth]\nredirect_uri = "http://127.0.0.1:{port}/oauth2callback"\n'
            f'cookie_secret = "{_COOKIE_SECRET}"\nclient_id = "risicobeeld"\n'
            f'client_secret = "secret"\nserver_metadata_url = "{provider_url}/.well-known/openid-configuration"\n'
        )
        server, url = fork_streamlit(
            APP,
            folder / "server.log",
            RISICOBEELD_DATA=str(folder / "data"),
            STREAMLIT_SECRETS_FILES=str(secrets),
            AUTHLIB_INSECURE_TRANSPORT="1",
            **{clock.SETTING: str(folder / "clock")},
        )
        running.append(server)
        return House(folder, provider_url, url)

    yield build
    for process in running:
        stop(process)


def knock(house: House, tab: Page, sub: str, path: str = "/sources", *, button: str = "Aanmelden") -> None:
    """Open the product and sign in at the provider."""
    tab.goto(house.server + path)
    tab.get_by_role("button", name=button).click()
    tab.get_by_placeholder("sub").fill(sub)
    tab.get_by_role("button", name="Authorize", exact=True).click()
    tab.wait_for_url(re.compile(re.escape(house.server)), wait_until="commit")


def sign_in(house: House, context: BrowserContext, sub: str) -> None:
    """Let the next tab of a context be of who signed in: as `knock`, without three seconds of pages on the way."""
    kept = house.cookies(sub).items()
    context.add_cookies([{"name": name, "value": value, "url": house.server, "httpOnly": True} for name, value in kept])
