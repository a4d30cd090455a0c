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
from pathlib import Path
from urllib.parse import quote

from playwright.sync_api import Page

from tests.browser.fixtures import ROOT, Process, fork_streamlit, free_port, stop

APP = ROOT / "app.py"


def start_provider(log: Path, *options: str) -> tuple[subprocess.Popen[bytes], str]:
    port = free_port()
    command = [sys.executable, "-m", "oidc_provider_mock", "--port", str(port), "--host", "127.0.0.1", *options]
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


def houses(folder_of: Callable[[str], Path], computed: Path) -> Iterator[Callable[..., House]]:
    """Give what builds a house; ``build("--token-max-age", "12")`` one whose tokens run out soon."""
    running: list[Process] = []
    built: dict[tuple[str, ...], House] = {}

    def build(*options: str) -> House:
        if options not in built:
            folder = folder_of("house")
            shutil.copytree(computed, folder / "data" / "out")
            provider, provider_url = start_provider(folder / "provider.log", *options)
            running.append(provider)
            secrets = folder / "secrets.toml"
            secrets.write_text(
                '[auth]\nredirect_uri = "http://127.0.0.1:{port}/oauth2callback"\n'
                'cookie_secret = "only-for-this-test-0123456789abcdef"\nclient_id = "risicobeeld"\n'
                f'client_secret = "secret"\nserver_metadata_url = "{provider_url}/.well-known/openid-configuration"\n'
            )
            server, url = fork_streamlit(
                APP,
                folder / "server.log",
                RISICOBEELD_DATA=str(folder / "data"),
                STREAMLIT_SECRETS_FILES=str(secrets),
                AUTHLIB_INSECURE_TRANSPORT="1",
            )
            running.append(server)
            built[options] = House(folder, provider_url, url)
        return built[options]

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
