"""Real servers and a real browser for the tests of the dashboard; every address outside is blocked."""

import json
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Protocol
from urllib.parse import urlsplit

import geopandas as gpd
import pytest
import topojson
from playwright.sync_api import Browser, Error, Page, WebError, expect
from shapely import box

from access.database import engine as database
from tests.browser import forked
from tests.browser.tabs import PATIENCE_MS, Kept, lent, open_tab

if TYPE_CHECKING:
    from tests.browser.house import House

ROOT = Path(__file__).parents[2]
START_SECONDS = 180
_STEP_MS = 50
OWN_SERVERS_N = 3  # that stay up with a data folder of their own: each holds half a gigabyte

expect.set_options(timeout=PATIENCE_MS)
BACKGROUND_HOST = "service.pdok.nl"  # the only outside address the product may ask for, and do without

STATE = "data-test-script-state"
HOSTILE_NAME = "<img src=x onerror=window.hacked=1><script>window.hacked=1</script>"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Process(Protocol):
    """What the tests ask of a server: `subprocess.Popen`, or one that was forked."""

    pid: int

    def poll(self) -> int | None: ...

    def wait(self, timeout: float | None = None) -> int: ...

    def send_signal(self, sig: int) -> None: ...

    def terminate(self) -> None: ...

    def kill(self) -> None: ...


def start_streamlit(
    script: Path, log: Path, *, address: str = "127.0.0.1", port: int = 0, **environment: str
) -> tuple[subprocess.Popen[bytes], str]:
    """Start a Streamlit server for a script and wait until it answers; return the process and its address.

    What it scores anew, after a visit or an import, it rebuilds a few times: see `tests.few_rebuilds`.
    """
    port = port or free_port()
    command = [sys.executable, "-m", "tests.few_rebuilds", *_arguments(script, address, port)]
    with log.open("wb") as output:
        process = subprocess.Popen(
            command, cwd=script.parent, stdout=output, stderr=subprocess.STDOUT, env=_environment(environment)
        )
    return process, _answering(process, port, log)


def fork_streamlit(
    script: Path, log: Path, *, address: str = "127.0.0.1", port: int = 0, **environment: str
) -> tuple[Process, str]:
    """Do as `start_streamlit`, from a process that has read all modules: see `tests.browser.forked`."""
    if not hasattr(os, "pidfd_open"):  # not Linux
        return start_streamlit(script, log, address=address, port=port, **environment)
    port = port or free_port()
    process = forked.fork(_arguments(script, address, port), log, script.parent, _environment(environment))
    return process, _answering(process, port, log)


def _arguments(script: Path, address: str, port: int) -> list[str]:
    options = {
        "server.port": str(port),
        "server.headless": "true",
        "server.address": address,
        "server.enableStaticServing": "true",
        "server.fileWatcherType": "none",
        "browser.gatherUsageStats": "false",
    }
    return ["run", str(script), *(word for name, value in options.items() for word in (f"--{name}", value))]


def _environment(more: dict[str, str]) -> dict[str, str]:
    search_path = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))
    return os.environ | {"PYTHONPATH": search_path} | more


def _answering(process: Process, port: int, log: Path) -> str:
    """Wait until a server answers and return its address, or stop it and show what it wrote."""
    url = f"http://127.0.0.1:{port}"
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        try:
            with urllib.request.urlopen(f"{url}/_stcore/health", timeout=2):  # noqa: S310 (our own server)
                return url
        except OSError:
            time.sleep(0.1)
    stop(process)
    raise RuntimeError(f"Streamlit did not start:\n{log.read_text('utf-8', 'replace')}")


def stop(process: Process) -> None:
    process.terminate()
    try:
        process.wait(10)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


@pytest.fixture(scope="session")
def serve(tmp_path_factory: pytest.TempPathFactory, computed: Path) -> Iterator[Callable[..., str]]:
    """Serve a Streamlit script and return its address; the same script and settings share one server.

    ``serve(path, **environment)``: the server gets a data folder of its own, with the scores of the demonstration.
    Of the servers on a folder that a test names only the newest few stay up; who asks again gets it started again.
    """
    running: dict[tuple[object, ...], tuple[Process, str]] = {}
    named: list[tuple[object, ...]] = []

    def start(script: Path, **environment: str) -> str:
        key = (script, *sorted(environment.items()))
        if key not in running:
            if "RISICOBEELD_DATA" in environment and len(named) == OWN_SERVERS_N:
                stop(running.pop(named.pop(0))[0])
            folder = tmp_path_factory.mktemp("server")
            settings = {"RISICOBEELD_DATA": str(folder / "data")} | environment
            if not (out := Path(settings["RISICOBEELD_DATA"]) / "out").exists():
                shutil.copytree(computed, out)
            running[key] = fork_streamlit(script, folder / "server.log", **settings)
            if "RISICOBEELD_DATA" in environment:
                named.append(key)
        return running[key][1]

    yield start
    for process, _ in running.values():
        stop(process)


@pytest.fixture(scope="session")
def house_of(tmp_path_factory: pytest.TempPathFactory, computed: Path) -> Iterator[Callable[[], "House"]]:
    """Give what builds a server with sign-in and its provider, once."""
    from tests.browser.house import houses  # noqa: PLC0415 - it needs this module

    yield from houses(tmp_path_factory.mktemp, computed)


@pytest.fixture
def house(house_of: Callable[[], "House"], monkeypatch: pytest.MonkeyPatch) -> Iterator["House"]:
    """Give the server with sign-in and its provider, and look at what it holds."""
    found = house_of()
    monkeypatch.setenv("RISICOBEELD_DATA", str(found.folder / "data"))
    yield found
    database.close()


@pytest.fixture(scope="session")
def kept_contexts(browser: Browser) -> Kept:  # noqa: ARG001 - it owns them
    """Keep emptied contexts by their options: see ``tests.browser.tabs``."""
    return defaultdict(list)


@contextmanager
def _pages(browser: Browser, kept: Kept) -> Iterator[Callable[..., Page]]:
    """Give what makes an empty page: ``make(locale=, width=, height=, **options of Playwright's context)``.

    In the end no uncaught error happened on any page, and nothing outside was asked for but the background map.
    A test that fails tells whether each page's script was still running: a press that was lost, or a server that hangs.
    """
    errors: list[str] = []
    pages: list[Page] = []
    asked: list[set[str]] = []

    def keep_error(problem: WebError) -> None:
        errors.append(str(problem.error))

    with ExitStack() as used:

        def make(*, locale: str = "nl-NL", width: int = 1400, height: int = 900, **options: object) -> Page:
            context, origins = used.enter_context(lent(browser, kept, locale=locale, **options))
            context.on("weberror", keep_error)
            used.callback(context.remove_listener, "weberror", keep_error)
            asked.append(origins)
            page = open_tab(context)
            page.set_viewport_size({"width": width, "height": height})
            pages.append(page)
            return page

        yield make
        for page in pages:
            with suppress(Error):
                if app := page.query_selector("[data-testid=stApp]"):
                    sys.stdout.write(f"{page.url}: {app.get_attribute(STATE)}\n")
    assert not errors
    hosts = {urlsplit(origin).hostname for origins in asked for origin in origins}
    assert hosts - {"127.0.0.1", BACKGROUND_HOST, None} == set()


@pytest.fixture
def new_page(browser: Browser, kept_contexts: Kept) -> Iterator[Callable[..., Page]]:
    """Make an empty page for a test: see `_pages`."""
    with _pages(browser, kept_contexts) as make:
        yield make


@pytest.fixture(scope="module")
def walk_to(browser: Browser, kept_contexts: Kept) -> Iterator[Callable[..., Page]]:
    """Walk to an address in a tab that the tests of a module share: ``walk_to(server, path, **options of new_page)``.

    The first with the same options loads the product, the others go on from there as a reader who follows its links:
    a quarter of the work. For tests that change nothing on a page and are not about how it loads.
    """
    tabs: dict[str, Page] = {}
    with _pages(browser, kept_contexts) as make:

        def walk(server: str, path: str, *, width: int = 1400, height: int = 900, **options: object) -> Page:
            key = json.dumps([server, options], sort_keys=True)
            if key in tabs:
                tabs[key].set_viewport_size({"width": width, "height": height})
                return go(tabs[key], path)
            tabs[key] = page = make(width=width, height=height, **options)
            page.goto(f"{server}/{path}")
            return settled(page)

        yield walk


@pytest.fixture
def open_page(new_page: Callable[..., Page]) -> Callable[..., Page]:
    """Open an address: ``open_page(url, **options of new_page)``."""

    def visit(url: str, **options: object) -> Page:
        page = new_page(**options)
        page.goto(url)
        return page

    return visit


@pytest.fixture(scope="session")
def invented_areas() -> gpd.GeoDataFrame:
    """Return 342 invented square gemeenten in 25 regions, in degrees; one has a name that would run as a script."""
    columns, rows = 19, 18
    cells = [
        box(3.4 + 0.2 * column, 50.8 + 0.15 * row, 3.6 + 0.2 * column, 50.95 + 0.15 * row)
        for column in range(columns)
        for row in range(rows)
    ]
    return gpd.GeoDataFrame(
        {
            "gemeente_code": [f"GM{number:04d}" for number in range(len(cells))],
            "gemeente_name": [HOSTILE_NAME if number == 7 else f"Vierkant {number}" for number in range(len(cells))],
            "vr_code": [
                f"VR{column * 5 // columns * 5 + row * 5 // rows + 1:02d}"
                for column in range(columns)
                for row in range(rows)
            ],
        },
        geometry=cells,
        crs="EPSG:4326",
    )


@pytest.fixture(scope="session")
def invented_regions(invented_areas: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Return the 25 invented regions."""
    regions = invented_areas.dissolve("vr_code").reset_index()[["vr_code", "geometry"]]
    names = [HOSTILE_NAME if code == "VR03" else f"Streek {code[2:]}" for code in regions["vr_code"]]
    return regions.assign(vr_name=names)


@pytest.fixture(scope="session")
def invented_topology(invented_areas: gpd.GeoDataFrame, invented_regions: gpd.GeoDataFrame) -> dict[str, object]:
    """Return the invented areas as TopoJSON, in the form of the product's own boundaries."""
    columns = ["code", "name", "vr", "geometry"]
    areas = invented_areas.set_axis(["code", "name", "vr", "geometry"], axis=1).set_geometry("geometry")
    regions = invented_regions.rename(columns={"vr_code": "code", "vr_name": "name"})
    regions = regions.assign(vr=regions["code"])
    made = topojson.Topology(  # type: ignore[attr-defined]
        [areas[columns], regions[columns]], object_name=["gemeente", "vr"], prequantize=20_000
    )
    return json.loads(made.to_json())


@pytest.fixture(scope="session")
def product(serve: Callable[..., str]) -> str:
    """Serve the product on the demonstration; every test of a page that changes nothing shares this server."""
    return serve(ROOT / "app.py")


def settled(page: Page) -> Page:
    """Wait until the script behind the page has run to its end, and return the page.

    Before the first run begins none is running either: only a title tells that one has been. The bar of the
    connection is the last that a page's own script adds; by then it has set the language.
    """
    page.wait_for_selector("[data-testid=stApp][data-test-script-state=notRunning] h1", timeout=120_000)
    page.wait_for_selector(".rb-lost", state="attached", timeout=120_000)
    return page


def until(page: Page, holds: Callable[[], bool]) -> None:
    """Wait until something holds, on a page or behind it: list and map are painted one after the other."""
    for _ in range(PATIENCE_MS // _STEP_MS):
        if holds():
            return
        page.wait_for_timeout(_STEP_MS)
    pytest.fail("it never came to hold")


def pick(page: Page, label: str, words: str, *, part: bool = False) -> None:
    """Choose the first option with these words, or this part of them, as somebody does whose list closes: open it anew.

    Whatever else moves on the page, an expander that opens or a run that ends, closes an open list without a word.
    """
    settled(page)
    field, wanted = (
        page.get_by_role("combobox", name=label),
        page.get_by_role("option", name=words, exact=not part).first,
    )
    for _ in range(30):
        field.click()
        field.fill(words)
        try:
            wanted.click(timeout=2_000)
        except Error:
            page.keyboard.press("Escape")
        else:
            return
    raise AssertionError(f"{label} never kept its list open for {words}")


# A run whose messages arrive all at once is drawn at once: nobody sees it begin. Such a run is over when the server
# has answered and says no more.
_GO = """([address, patience]) => new Promise((done, failed) => {
  const app = document.querySelector("[data-testid=stApp]");
  const isIdle = () => app.dataset.testScriptState === "notRunning";
  const send = WebSocket.prototype.send;
  let socket, quiet, left = false, ran = false;
  const end = () => {
    watch.disconnect();
    socket?.removeEventListener("message", hear);
    clearTimeout(quiet);
    done();
  };
  const hear = () => {
    clearTimeout(quiet);
    quiet = setTimeout(() => { if (!ran && isIdle()) end(); }, 300);
  };
  const leave = () => { // only from a page at rest: of a run that had begun nobody could tell for which address it is
    left = true;
    WebSocket.prototype.send = function (...told) {
      WebSocket.prototype.send = send;
      socket = this;
      socket.addEventListener("message", hear);
      return send.apply(socket, told);
    };
    history.pushState({}, "", address);
    dispatchEvent(new PopStateEvent("popstate"));
  };
  const watch = new MutationObserver(() => {
    if (!left) { if (isIdle()) leave(); return; }
    if (ran && isIdle()) end();
    ran ||= !isIdle();
  });
  watch.observe(app, { attributeFilter: ["data-test-script-state"] });
  setTimeout(() => failed(new Error(`${address} was never drawn`)), patience);
  if (isIdle()) leave();
})"""


def go(page: Page, path: str) -> Page:
    """Go to another address of the product in the tab that shows it, as its links do, and wait until it is drawn.

    An address that the tab shows already, as for the second try of a test, is loaded anew: nothing would be drawn.
    """
    if page.evaluate("address => new URL(address, location.href).href === location.href", f"/{path}"):
        page.reload()
    else:
        page.evaluate(_GO, [f"/{path}", PATIENCE_MS])
    return settled(page)
