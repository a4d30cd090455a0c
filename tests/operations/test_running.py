"""The commands of the containers and units, run without a container: proxy, two processes, PostgreSQL, sign-in.

What the compose file says is what runs here; only where things lie and listen is replaced.
"""

import json
import os
import re
import shutil
import socket
import ssl
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
import sqlalchemy
from playwright.sync_api import Browser, Page, expect

from access import people
from access.database import engine as database
from access.viewer import Viewer, parse_viewer
from commands import data as geodata_main
from commands import scores as risk_main
from commands.run import parser_of
from door.store import open_store
from geodata.sources.catalogue import BASES
from tests.browser.fixtures import free_port, settled, stop
from tests.browser.house import House, start_provider
from tests.operations import installation
from tests.operations.installation import DEPLOY, ROOT
from tests.server.postgres import running

TOOLS = Path(sys.executable).parent
MAIL, NAME, TEXT, TOKEN = "k.anarie@example.org", "Kanarie Vogel", "kanarie-zoekt", "kanarie-token"
SITE_NAME = "risicobeeld.example.org"
PATIENCE_S = 180


def lay_image(place: Path) -> Path:
    """Copy what the container file copies, and no more: what the image lacks is missed here too."""
    place.mkdir()
    for name, rest in installation.instructions():
        if name == "COPY" and "--from" not in rest and "requirements" not in rest:
            origin, target = rest.split()
            (place / target).parent.mkdir(exist_ok=True)
            copy = shutil.copytree if (ROOT / origin).is_dir() else shutil.copyfile
            copy(ROOT / origin, place / target)
    (place / "static").mkdir()
    return place


class Machine:
    """One server: the containers of the compose file as processes, in a folder of their own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.image = lay_image(folder / "image")
        self.secrets = folder / "secrets"
        self.secrets.mkdir()
        self.running: dict[str, subprocess.Popen[bytes]] = {}
        self.house: House  # as soon as there is who lets people in
        self.ports = {name: free_port() for name in ("app1", "app2", "feed", "proxy", "http")}
        self.watched = {name: free_port() for name in ("app1", "app2", "feed")}
        self.url = f"https://{SITE_NAME}:{self.ports['proxy']}"

    def environment(self, service: str) -> dict[str, str]:
        """Return what a container of this service has as its environment, with the places of this machine."""
        said = installation.image_environment() if service in installation.ours() else {}
        said = said | installation.services()[service]["environment"]
        said = {name: value for name, value in said.items() if name not in ("PATH", "HOME")}
        upstreams = {
            f"{name}:{port}": f"127.0.0.1:{self.ports[name]}"
            for name, port in (("app1", 8501), ("app2", 8501), ("feed", 8510))
        }
        here = {
            "/run/secrets": str(self.secrets),
            "/data": str(self.folder / "data"),
            "0.0.0.0:9101": f"127.0.0.1:{self.watched.get(service, 0)}",
            "https://${SITE_NAME:?the public name of the server}": self.url,
            "${SITE_NAME:?the public name of the server}": SITE_NAME,
        } | upstreams
        for there, place in here.items():
            said = {name: value.replace(there, place) for name, value in said.items()}
        return said

    def command(self, service: str) -> list[str]:
        """Return what a container of this service runs, on this machine's Python and ports."""
        words = installation.command(service)
        port = words[words.index("--port") + 1] if "--port" in words else ""
        changed = {"python": sys.executable, "0.0.0.0": "127.0.0.1", port: str(self.ports.get(service))}  # noqa: S104
        return [changed.get(word, word) for word in words]

    def log(self, service: str) -> Path:
        return self.folder / f"{service}.log"

    def start(self, service: str, command: list[str], **more: str) -> None:
        with self.log(service).open("ab") as output:
            self.running[service] = subprocess.Popen(
                command,
                cwd=self.image,
                stdout=output,
                stderr=subprocess.STDOUT,
                env=os.environ | {"HOME": str(self.folder)} | self.environment(service) | more,
            )

    def await_port(self, service: str) -> None:
        deadline = time.monotonic() + PATIENCE_S
        while time.monotonic() < deadline and self.running[service].poll() is None:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self.ports[service])) == 0:
                    return
            time.sleep(0.1)
        raise RuntimeError(self.log(service).read_text("utf-8", "replace"))

    def run(self, service: str, **more: str) -> subprocess.CompletedProcess[str]:
        """Run a job to its end."""
        environment = os.environ | self.environment(service) | more
        return subprocess.run(
            self.command(service), cwd=self.image, env=environment, capture_output=True, text=True, check=False
        )


def make_certificate(folder: Path) -> None:
    """Make a certificate for the public name, valid for a month."""
    from cryptography import x509  # noqa: PLC0415 - slow to load
    from cryptography.hazmat.primitives import hashes, serialization  # noqa: PLC0415 - idem
    from cryptography.hazmat.primitives.asymmetric import ec  # noqa: PLC0415 - idem

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, SITE_NAME)])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(days=30))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(SITE_NAME)]), critical=False)
        .sign(key, hashes.SHA256())
    )
    (folder / "tls.crt").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    plain = serialization.NoEncryption()
    (folder / "tls.key").write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain)
    )


def make_database(secrets: Path, server: Any) -> None:
    """Do what the database's container does when it starts for the first time, and keep its address as a secret."""
    password = secrets / "database-password"
    password.write_text("invented")
    admin = sqlalchemy.make_url(server.get_uri())
    environment = {
        "PATH": f"{server.bin_path}:{os.environ['PATH']}",
        "PGHOST": admin.query["host"],
        "POSTGRES_USER": admin.username,
        "POSTGRES_PASSWORD_FILE": str(password),
        "POSTGRES_INITDB_ARGS": "",
    }
    subprocess.run([DEPLOY / "database.sh"], check=True, env=environment, stdout=subprocess.DEVNULL)
    ours = admin.set(username="risicobeeld", password="invented", database="risicobeeld")  # noqa: S106 - of this test
    (secrets / "register").write_text(ours.render_as_string(hide_password=False) + "\n")


@pytest.fixture(scope="module")
def machine(tmp_path_factory: pytest.TempPathFactory, computed: Path) -> Iterator[Machine]:
    """Start everything that the compose file says, with a provider for sign-in."""
    with running() as server:
        yield from started(tmp_path_factory.mktemp("machine"), server, computed)


@contextmanager
def as_administrator(machine: Machine) -> Iterator[None]:
    """Let this process reach the database and the data of the machine."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in machine.environment("app1").items():
            if name.startswith(("RISICOBEELD_DATA", "RISICOBEELD_REGISTER", "STREAMLIT_SECRETS")):
                patch.setenv(name, value)
        yield
        database.close()


def started(folder: Path, server: Any, computed: Path) -> Iterator[Machine]:
    here = Machine(folder)
    shutil.copytree(computed, Path(here.environment("app1")["RISICOBEELD_DATA"]) / "out")
    provider, provider_url = start_provider(here.folder / "provider.log")
    here.running["provider"] = provider
    here.house = House(here.folder, provider_url, here.url)
    make_database(here.secrets, server)
    example = (DEPLOY / "secrets.example.toml").read_text("utf-8")
    for invented, real in {
        "https://risicobeeld.example.org": here.url,
        "https://login.example.org": provider_url,
    }.items():
        example = example.replace(invented, real)
    (here.secrets / "sign-in.toml").write_text(example)
    make_certificate(here.secrets)
    with as_administrator(here):
        people.add(Viewer("lotc", person="test"), MAIL, parse_viewer("lotc"))
    try:
        for service in ("app1", "app2", "feed"):
            here.start(service, here.command(service), AUTHLIB_INSECURE_TRANSPORT="1", PYTHONWARNINGS="ignore")
        for service in ("app1", "app2", "feed"):
            here.await_port(service)
        proxy = here.folder / "Caddyfile"
        text = (DEPLOY / "Caddyfile").read_text("utf-8")
        proxy.write_text(text.replace("{\n", f"{{\n\thttp_port {here.ports['http']}\n", 1))
        words = installation.services()["proxy"]["command"]
        changed = {"caddy": str(TOOLS / "caddy"), "/etc/caddy/Caddyfile": str(proxy)}
        here.start("proxy", [changed.get(word, word) for word in words])
        here.await_port("proxy")
        yield here
    finally:
        for process in here.running.values():
            stop(process)


def ask(url: str, **headers: str) -> tuple[int, str, Mapping[str, str]]:
    """Ask an address; the public name leads to this machine, as it would for a browser."""
    parts = urlsplit(url)
    trusting = ssl._create_unverified_context()  # noqa: S323 - the certificate is our own
    with httpx.Client(verify=trusting, timeout=120) as client:
        answer = client.get(
            url.replace(SITE_NAME, "127.0.0.1"),
            headers={"Host": parts.netloc} | headers,
            extensions={"sni_hostname": parts.hostname},
        )
    return answer.status_code, answer.text, answer.headers


def page_runs(machine: Machine, service: str) -> int:
    told = ask(f"http://127.0.0.1:{machine.watched[service]}/metrics")[1]
    found = re.findall(r"^risicobeeld_page_runs_total{.*} (\S+)$", told, re.MULTILINE)
    return int(sum(float(value) for value in found))


@pytest.fixture(scope="module")
def tab(start_browser: Callable[..., Browser]) -> Iterator[Page]:
    """Open a browser for which the public name leads to this machine, and no other name anywhere."""
    # A worker is fetched by the browser itself, which asks no context whether it may trust our own certificate.
    names = f"MAP {SITE_NAME} 127.0.0.1, MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"
    started = start_browser(names, "--ignore-certificate-errors")
    context = started.new_context(locale="nl-NL", ignore_https_errors=True, user_agent=TEXT)
    context.set_default_timeout(PATIENCE_S * 1000)
    yield context.new_page()
    started.close()


def test_everything_is_healthy_and_ready(machine: Machine) -> None:
    for service in ("app1", "app2", "feed"):
        health = installation.ours()[service].get("healthcheck", {}).get("test", [])[1:]
        health = health or json.loads(installation.last("HEALTHCHECK").partition(" CMD ")[2])
        port = {"app1": "8501", "app2": "8501", "feed": "8510"}[service]
        code = health[-1].replace(f":{port}/", f":{machine.ports[service]}/")
        assert subprocess.run([sys.executable, *health[1:-1], code], check=False).returncode == 0, service
        status, told, _ = ask(f"http://127.0.0.1:{machine.watched[service]}/ready")
        assert (status, set(json.loads(told).values())) == (200, {"ok"})


@pytest.fixture(scope="module")
def visited(machine: Machine, tab: Page) -> str:
    """Let somebody sign in through the proxy and look at a page, and other systems ask; return who served the page."""
    machine.house.account("vogel", email=MAIL, name=NAME)
    tab.goto(f"{machine.url}/sources?unit={TEXT}")
    tab.get_by_role("button", name="Aanmelden").click()
    tab.get_by_placeholder("sub").fill("vogel")
    tab.get_by_role("button", name="Authorize", exact=True).click()
    tab.wait_for_url(f"{machine.url}/**", wait_until="commit")
    tab.goto(f"{machine.url}/sources?unit={TEXT}")
    is_signed_in(tab)
    runs = {name: page_runs(machine, name) for name in ("app1", "app2")}
    assert min(runs.values()) == 0, "every viewer stays with one process"
    assert ask(f"{machine.url}/feed/site.geojson?token={TOKEN}&q={TEXT}")[0] == 401
    assert ask(f"{machine.url}/feed/vr.geojson", Authorization=f"Bearer {TOKEN}")[0] == 401
    return max(runs, key=lambda name: runs[name])


def is_signed_in(tab: Page) -> None:
    shown = tab.locator(".st-key-header").get_by_role("button", name="LOT-C")
    expect(shown).to_be_visible(timeout=PATIENCE_S * 1000)
    settled(tab)


def test_the_proxy_leads_to_the_product_and_nowhere_else(machine: Machine) -> None:
    status, _, headers = ask(f"{machine.url}/_stcore/health")
    assert status == 200
    assert headers["Strict-Transport-Security"] == "max-age=31536000"
    assert "Server" not in headers
    assert json.loads(ask(f"{machine.url}/feed/health")[1])["status"] == "ok"
    for path in ("/metrics", "/ready", "/feed/metrics", "/feed/ready"):
        assert "risicobeeld_" not in ask(machine.url + path)[1]


@pytest.mark.usefixtures("visited")
def test_a_visit_is_recorded_without_a_network_behind_the_proxy(machine: Machine, tab: Page) -> None:
    """The cookies of the session pass, the form's own policy stands beside the proxy's, and its worker is let in."""
    form = tab.context.new_page()
    refused: list[str] = []
    form.on("console", lambda told: refused.append(told.text) if "Content Security Policy" in told.text else None)
    form.goto(f"{machine.url}/visit/?lang=nl")
    expect(form.get_by_text(f"Aangemeld als {MAIL}")).to_be_visible()
    scope = form.evaluate("() => navigator.serviceWorker.ready.then((ready) => ready.scope)")
    assert scope == f"{machine.url}/visit/"
    tab.context.set_offline(True)
    form.reload()
    expect(form.get_by_text("Geen netwerk")).to_be_visible()
    form.get_by_role("radio", name="preventief").check()
    form.get_by_role("checkbox", name="wonen").check()
    form.get_by_role("combobox", name="Gemeente").select_option(label="Apeldoorn")
    form.get_by_role("combobox", name="Sector").select_option("lodging")
    form.get_by_label("Wat gebeurde er?").fill(f"niets aangetroffen {TEXT}")
    form.get_by_role("button", name="Bewaren").click()
    expect(form.locator("#queue li")).to_have_count(1)
    tab.context.set_offline(False)
    expect(form.get_by_text("Vastgelegd in het register: 1")).to_be_visible()
    expect(form.locator("#queue li")).to_have_count(0)
    with as_administrator(machine):
        rows = open_store(Viewer("lotc", person="test")).register("activations")
    assert list(rows[rows["recorded_by"] == MAIL]["outcome"]) == [f"niets aangetroffen {TEXT}"]
    assert refused == []
    form.close()
    # Another site's page, and who has no session, get nowhere; nor does it open where the feed is.
    assert ask(f"{machine.url}/visit/who", Origin="https://evil.example")[0] == 403
    assert ask(f"{machine.url}/visit/who")[0] == 401
    status, _, headers = ask(f"{machine.url}/visit/worker.js")
    assert (status, headers["Cache-Control"]) == (200, "no-cache")
    assert ask(f"{machine.url}/feed/visit/who")[0] in (401, 404)


def test_who_signed_in_goes_on_when_their_process_dies(machine: Machine, tab: Page, visited: str) -> None:
    cookies = {one["name"]: one for one in tab.context.cookies()}
    assert {name for name, one in cookies.items() if not one["secure"]} == set()
    assert {name for name, one in cookies.items() if not one["httpOnly"]} == {"_streamlit_xsrf"}, "a script reads it"
    assert {cookies[name]["sameSite"] for name in cookies if name != "risicobeeld_process"} == {"Lax"}
    assert page_runs(machine, visited) > 0
    machine.running[visited].kill()
    machine.running[visited].wait()
    tab.goto(f"{machine.url}/sources?unit={TEXT}")
    is_signed_in(tab)
    assert page_runs(machine, {"app1": "app2", "app2": "app1"}[visited]) > 0


@pytest.mark.usefixtures("visited")
def test_nothing_in_any_log_tells_of_a_person(machine: Machine) -> None:
    machine.running["feed"].terminate()
    machine.running["feed"].wait()
    assert ask(f"{machine.url}/feed/vr.geojson?token={TOKEN}&q={TEXT}")[0] == 502  # and a line in the proxy's log
    canaries = (MAIL, "vogel", NAME, TEXT, TOKEN, "invented", "remote_ip")
    told = {name: machine.log(name).read_text("utf-8") for name in ("app1", "app2", "feed", "proxy")}
    for service, log in told.items():
        assert [word for word in canaries if word.lower() in log.lower()] == [], service
        if service != "proxy":  # whose log names the processes behind it
            assert "127.0.0.1" not in log
    events = {name: [json.loads(line) for line in log.splitlines()] for name, log in told.items()}
    pages = [(one["event"], one.get("page"), one.get("role")) for one in [*events["app1"], *events["app2"]]]
    assert ("page run", "sources", "lotc") in pages
    asked = {(one.get("route"), one.get("status")) for one in events["feed"]}
    assert asked >= {("/site.geojson", 401), ("/vr.geojson", 401)}
    assert any(one["level"] == "error" for one in events["proxy"])


def test_the_jobs_run_and_a_refresh_without_publishers_changes_nothing(machine: Machine) -> None:
    backup = machine.run("backup")
    assert "The drill went well" in backup.stdout, backup.stderr
    sources = machine.folder / "nowhere.toml"
    sources.write_text("[base]\n" + "".join(f'{name} = "http://127.0.0.1:1"\n' for name in BASES))
    refresh = machine.run("refresh", RISICOBEELD_SOURCES=str(sources), RISICOBEELD_RETRY_WAIT="0.01")
    assert refresh.returncode == 2, refresh.stderr
    events = [json.loads(line) for line in refresh.stderr.splitlines() if line.startswith("{")]
    assert ("refreshed", "rivm", "failed") in {(one["event"], one.get("source"), one.get("state")) for one in events}
    assert "\r" not in refresh.stderr  # no progress bar
    left = next(name for name in ("app1", "app2") if machine.running[name].poll() is None)
    told = ask(f"http://127.0.0.1:{machine.watched[left]}/metrics")[1]
    assert 'risicobeeld_refresh_ok{source="rivm"} 0.0' in told
    assert 'demonstration="true"' in told
    # these two have tests of their own; here it is enough that their commands are known
    for name, module in (("prepare", risk_main), ("retention", geodata_main), ("prune", geodata_main)):
        known = parser_of("", "", [module.add_commands]).parse_args(installation.command(name)[3:])
        assert known.command == name


def test_a_process_that_cannot_serve_says_why_and_stops(machine: Machine) -> None:
    done = machine.run("app1", RISICOBEELD_WATCH="nowhere")
    assert done.returncode == 2
    (event,) = map(json.loads, done.stderr.splitlines())
    assert (event["event"], event["part"], event["level"]) == ("cannot serve", "settings", "warning")
    assert "RISICOBEELD_WATCH" in event["problem"]
