"""Shared by all tests: a data folder of its own for each test, and the folder with real figures."""

import fcntl
import hashlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from functools import cache, partial
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, sync_playwright

from tests import bytecode, examples, one_thread, scanned_once, swept_seldom  # noqa: F401 - for what they do
from tests.browser.fixtures import (  # noqa: F401 - every room may ask for a page
    house,
    house_of,
    invented_areas,
    invented_regions,
    invented_topology,
    kept_contexts,
    new_page,
    open_page,
    product,
    serve,
    walk_to,
)
from tests.door import states
from tests.few_rebuilds import few_rebuilds
from tools import get_browser

ROOT = Path(__file__).parents[1]
# A process of its own, a server, or the whole country scored.
_THOROUGH = re.compile(
    r"subprocess|tests\.server|nbclient|postgres|scored|commands\.\w+ import main|run_pipeline|demonstration"
)
# Nothing of the kind, but more seconds than all the others of `make quick` together.
_LONG = {
    "test_2020",
    "test_alarms",
    "test_audit",
    "test_backup",
    "test_canaries",
    "test_clusters",
    "test_compare",
    "test_disclosure",
    "test_docs",
    "test_drill",
    "test_estimates",
    "test_files_people_have",
    "test_finding_out",
    "test_formats",
    "test_groups",
    "test_history",
    "test_import_commands",
    "test_leaks",
    "test_learn",
    "test_national_factor",
    "test_real_entries",
    "test_restore_states",
    "test_sampling",
    "test_selection",
    "test_site_tables",
    "test_store",
    "test_whole_backup",
}

# With cases of half a minute: they begin, or the last one keeps one process busy while the others have nothing left.
_FIRST = {
    "test_canaries",
    "test_connection",
    "test_half_empty",
    "test_interpretations",
    "test_leaks",
    "test_not_so",
    "test_notebooks",
    "test_picture_page",
    "test_processes",
    "test_running",
    "test_targets_page",
}

# Parts of Chromium that no test needs. The first two draw the menus of the address bar, in a process of their own for
# each window that no one sees: half a second. The others are Playwright's list, which ours replaces.
_WITHOUT = (
    "WebUIOmniboxPopup",
    "WebUIOmniboxAimPopup",
    "AvoidUnnecessaryBeforeUnloadCheckSync",
    "DestroyProfileOnBrowserClose",
    "HttpsUpgrades",
    "HttpsFirstBalancedModeAutoEnable",
    "LensOverlay",
    "MediaRouter",
    "PaintHolding",
    "ThirdPartyStoragePartitioning",
    "AvoidCorsURLLoaderRestartOnRedirect",
    "OptimizationHints",
    "NetworkTimeServiceQuerying",
    "AimEnabled",
    "PreconnectToSearch",
)

RETRIES_ALLOWED_N = 3


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Leave unread what `make quick` would read only to set it aside: half of its first seconds."""
    is_quick = config.getoption("markexpr") == "not thorough"
    return True if is_quick and collection_path.suffix == ".py" and _is_thorough(collection_path) else None


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what needs a browser, and try it once more: on a full machine a click may come before its page.

    What takes long comes first.
    """
    for item in items:
        if {"browser", "start_browser"} & set(getattr(item, "fixturenames", ())):
            item.add_marker(pytest.mark.browser)
            item.add_marker(pytest.mark.flaky(reruns=1))
        if _is_thorough(item.path) or "postgresql" in item.name:
            item.add_marker(pytest.mark.thorough)
    items.sort(key=lambda item: item.path.stem not in _FIRST)


def pytest_collection_finish() -> None:
    """Leave what was collected out of every later search for rubbish."""
    swept_seldom.keep_what_is_there()


@cache
def _is_thorough(path: Path) -> bool:
    """Tell whether the tests of a module take their time: `make quick` leaves them to `make test`."""
    rooms = {"browser", "dashboard", "operations"}
    inside = path.relative_to(ROOT).parts if path.is_relative_to(ROOT) else ()
    if inside[:1] != ("tests",):
        return False
    return bool(rooms & set(inside) or path.stem in _LONG or _THOROUGH.search(path.read_text("utf-8")))


def _retried(config: pytest.Config) -> list[str]:
    reporter = config.pluginmanager.get_plugin("terminalreporter")
    return [report.nodeid for report in reporter.stats.get("rerun", [])] if reporter else []


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    """Tell which tests needed a second try: a race on a page must not hide behind it."""
    if retried := _retried(config):
        terminalreporter.write_line(f"needed a second try: {len(retried)} ({RETRIES_ALLOWED_N} are allowed)")
        for name in retried:
            terminalreporter.write_line(f"  {name}")


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Fail a run in which too many tests needed a second try."""
    if session.exitstatus == 0 and len(_retried(session.config)) > RETRIES_ALLOWED_N:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


@pytest.fixture(autouse=True)
def data_dir(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Keep every test away from the developer's own snapshots and register, and from what another test ran.

    Streamlit's AppTest leaves the script of a page as the main module, which a process that is spawned would run.
    """
    monkeypatch.setitem(sys.modules, "__main__", sys.modules["__main__"])
    folder = tmp_path / "data"
    monkeypatch.setenv("RISICOBEELD_DATA", str(folder))
    monkeypatch.delenv("RISICOBEELD_SOURCES", raising=False)
    return folder


@pytest.fixture(scope="session")
def once(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str, Callable[[Path], None]], Path]:
    """Give ``once(name, make)``: the first test process makes this folder, the others wait for it and share it."""
    base = tmp_path_factory.getbasetemp()
    shared = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base
    return lambda name, make: _made_once(shared / name, make)


@pytest.fixture(scope="session")
def computed() -> Path:
    """Compute the scores of the demonstration once for all test processes; return the folder ``out`` to copy.

    A server that finds them in its data folder starts as one does after ``make run``. A later run of tests finds
    them too, until one line of what computes them changes.
    """
    digest = hashlib.sha256()
    rooms = [ROOT / name for name in ("words", "geodata", "access", "register", "door", "risk", "commands")]
    for path in sorted(path for room in rooms for path in room.rglob("*") if path.suffix not in (".pyc", "")):
        digest.update(path.read_bytes())
    digest.update((ROOT / "requirements.txt").read_bytes())
    kept = Path(tempfile.gettempdir()) / f"risicobeeld-tests-{os.getuid()}"
    kept.mkdir(mode=0o700, exist_ok=True)
    folder = kept / digest.hexdigest()[:16]
    return _made_once(folder, _prepare) / "data" / "out"


def _prepare(folder: Path) -> None:
    environment = os.environ | {"RISICOBEELD_DATA": str(folder / "data")}
    subprocess.run([sys.executable, "-m", "risk", "prepare"], check=True, env=environment, cwd=ROOT)


def _made_once(folder: Path, make: Callable[[Path], None]) -> Path:
    folder.mkdir(exist_ok=True)
    with (folder / "lock").open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        if not (folder / "done").exists():
            make(folder)
            (folder / "done").touch()
    return folder


@pytest.fixture
def scored(data_dir: Path, computed: Path) -> Path:
    """Lay the scores of the demonstration in the data folder: for tests about what is made of them."""
    if not (data_dir / "out").exists():
        shutil.copytree(computed, data_dir / "out")
    return data_dir


@pytest.fixture(scope="session")
def half_empty(once: Callable[[str, Callable[[Path], None]], Path]) -> Callable[[str], Path]:
    """Give the data folder of a half-empty installation (`tests.door.states.STATES`), made once for all processes."""

    def make(name: str, folder: Path) -> None:
        (folder / "files").mkdir()
        states.make(name, folder / "data", folder / "files")

    return cache(lambda name: once(f"state-{name}", partial(make, name)) / "data")


@pytest.fixture(name="few_rebuilds")
def fixture_few_rebuilds() -> Iterator[None]:
    """Score with few rebuilds: for tests that score the country and ask nothing of how sure a rank is."""
    with few_rebuilds():
        yield


@pytest.fixture
def state(request: pytest.FixtureRequest, half_empty: Callable[[str], Path]) -> Iterator[str]:
    """Let the product look at the half-empty installation that a test names."""
    with states.at(half_empty(request.param)):
        yield request.param


@pytest.fixture(scope="session")
def testdata() -> Path:
    """Return the folder with real figures, or skip and say why."""
    folder = os.environ.get("RISICOBEELD_TESTDATA")
    if not folder or not Path(folder).is_dir():
        pytest.skip("real figures are absent: RISICOBEELD_TESTDATA names no folder")
    return Path(folder)


@pytest.fixture(scope="session")
def start_browser() -> Iterator[Callable[..., Browser]]:
    """Give what starts a headless Chromium with rules for names and more, or skip; Playwright starts once a process."""
    path = get_browser.find()
    if path is None:
        pytest.skip("no Chromium on this machine (make browser installs one): browser tests are skipped")
    with sync_playwright() as playwright:
        yield lambda rules, *more: playwright.chromium.launch(
            executable_path=path,
            args=[
                "--no-sandbox",
                "--disable-gpu",
                "--disable-dev-shm-usage",
                "--disable-background-networking",
                "--disable-component-update",
                "--no-first-run",
                f"--disable-features={','.join(_WITHOUT)}",
                f"--host-resolver-rules={rules}",
                *more,
            ],
        )


@pytest.fixture(scope="session")
def browser(start_browser: Callable[[str], Browser]) -> Iterator[Browser]:
    """Start a Chromium that finds no address but this machine's."""
    started = start_browser("MAP * ~NOTFOUND, EXCLUDE 127.0.0.1")
    yield started
    started.close()
