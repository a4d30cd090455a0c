"""Thirty people at once: sessions that speak Streamlit's own socket, and one real browser that is timed beside them.

    python bench/bench_sessions.py [--sessions 30] [--minutes 2] [--think 5] [--arrive 30] [--script app.py]

First all arrive, spread over so many seconds, each as one of 27 roles and scopes, and open the first page; that is
timed by itself. When the last page stands the steady use begins, which the goals are about: a session chooses sectors
and, one time in four, another of six pages, with a pause in between. The first who opens a page with a certain scope
pays for what all of that scope share, also in the steady part. A session does as a browser does: every choice is a
message with the state of the widget, and what it holds already it says, so that this is not sent again. Unlike one it
fetches no files and draws nothing. The browser changes the sector on the operational picture and walks to another page
and back; its times count until the page has been painted. The crowd and the browser share the machine with the server.
Memory, threads and open handles are those of the server's process; its loop is asked each half second whether it lives.
With --minutes 30 this is the soak: all of these must stay flat.
"""

import argparse
import asyncio
import json
import os
import random
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlencode

from playwright.sync_api import Page, sync_playwright
from streamlit.proto.Alert_pb2 import Alert
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from bench.bench_map import FIRST_MAP, HELPERS
from bench.goals import machine, processor_s
from geodata.codes import SECTORS, VR_CODES
from tests.browser.fixtures import start_streamlit, stop
from tools import get_browser
from words import read_texts

NL = read_texts("nl")
ROLES = ("lotc", "analyst", *(f"region:{code}" for code in VR_CODES))
PAGES = ("picture", "region", "sectors", "register", "sites", "sources")
PATIENCE_S = 120
LARGEST_BYTES = 64 * 1024 * 1024
SEEN = """
window.fills = () => areas().map((path) => path.getAttribute("fill")).join();
const note = () => { window.clicked = performance.now(); };
document.addEventListener("click", note, true);
document.addEventListener("change", note, true);
"""
KEPT_RUNS_N = 2  # as many a browser keeps what it was sent, unused
GOALS = {  # people at once -> milliseconds: 95 in a hundred changes of sector; page, median and 95 in a hundred; MB
    30: (250, 200, 600, 1_536),
    100: (500, None, None, 1_536),
}
SETTLED = "document.querySelector('[data-testid=stApp]')?.dataset.testScriptState === 'notRunning'"


@dataclass
class Times:
    """What the sessions saw, in milliseconds."""

    opened: list[float] = field(default_factory=list)
    filtered: list[float] = field(default_factory=list)
    turned: list[float] = field(default_factory=list)
    bytes_n: int = 0
    lost_n: int = 0
    wrong_n: int = 0


def is_error(message: ForwardMsg) -> bool:
    """Tell whether an alert is one of something wrong."""
    return message.delta.new_element.alert.format == Alert.ERROR


class Session:
    """One tab of a viewer, without a browser: it remembers the widget and the pages that the server told of."""

    def __init__(self, socket: ClientConnection, address: str, role: str, times: Times) -> None:
        self.socket, self.address, self.role, self.times = socket, address, role, times
        self.pages: dict[str, str] = {}
        self.page = "picture"
        self.query = urlencode({"as": role})
        self.controls = ("", "")  # the identity of what holds the list of sectors, and of its part of the page
        self.runs_n, self.held = 0, dict[str, tuple[ForwardMsg, int]]()  # what it was sent, and when that was last used

    async def ask(self, sector: str = "") -> float:
        """Ask for a run of the page, or for another sector, and return how long its end took."""
        message = BackMsg()
        state = message.rerun_script
        state.query_string = self.query
        state.page_script_hash = self.pages.get(self.page, "")
        state.context_info.url = f"{self.address}/{self.page}".removesuffix("picture")
        state.context_info.locale = "nl-NL"
        state.context_info.timezone = "Europe/Amsterdam"
        if sector:
            holder, state.fragment_id = self.controls
            widget = state.widget_states.widgets.add()
            widget.id = f"$$STREAMLIT_INTERNAL_KEY_{holder}__events"
            widget.json_trigger_value = json.dumps([{"event": "followed", "value": f"sector={sector}"}])
        self.runs_n += 1
        self.held = {name: one for name, one in self.held.items() if self.runs_n - one[1] <= KEPT_RUNS_N}
        state.cached_message_hashes.extend(self.held)
        start = time.perf_counter()
        await self.socket.send(message.SerializeToString())
        async with asyncio.timeout(PATIENCE_S):
            while not self._read(await self.socket.recv()):
                pass
        taken = 1000 * (time.perf_counter() - start)
        self.times.wrong_n += bool(sector) and f"sector={sector}" not in self.query
        return taken

    def _read(self, content: bytes | str) -> bool:
        """Take in one message; return whether it says that the run has ended."""
        assert isinstance(content, bytes)
        self.times.bytes_n += len(content)
        message = ForwardMsg.FromString(content)
        kind = message.WhichOneof("type")
        if kind == "ref_hash":
            message = self.held[message.ref_hash][0]
            kind = message.WhichOneof("type")
            self.held[message.hash] = message, self.runs_n
        elif message.metadata.cacheable:
            self.held[message.hash] = message, self.runs_n
        if kind == "navigation":
            pages = message.navigation.app_pages
            self.pages = {"picture" if page.is_default else page.url_pathname: page.page_script_hash for page in pages}
        if kind == "page_info_changed":
            self.query = message.page_info_changed.query_string
        element = message.delta.new_element.WhichOneof("type") if kind == "delta" else ""
        self.times.wrong_n += element == "exception" or (element == "alert" and is_error(message))
        if element == "bidi_component":
            part = message.delta.new_element.bidi_component
            if b'name=\\"sector\\"' in part.SerializeToString():
                self.controls = (part.id, message.delta.fragment_id)
        return kind == "script_finished"

    async def live(self, until: float, think_s: float, draw: random.Random) -> None:
        """Choose sectors, and now and then another page, until the time is over."""
        while time.monotonic() < until:
            await asyncio.sleep(draw.uniform(0.5, 1.5) * think_s)
            if self.controls[0] and draw.random() < 0.75:
                self.times.filtered.append(await self.ask(draw.choice(list(SECTORS))))
                continue
            self.controls = ("", "")
            self.page = draw.choice([page for page in PAGES if page in self.pages])
            self.times.turned.append(await self.ask())


class Crowd(threading.Thread):
    """So many people at once, each in a session of their own, who come back when the server closed it."""

    def __init__(self, address: str, asked: argparse.Namespace, times: Times) -> None:
        super().__init__()
        self.address, self.asked, self.times = address, asked, times
        self.number = asked.sessions - 1  # the browser is one of them
        self.until = float("inf")
        self.arrived = threading.Event()

    def run(self) -> None:
        """Arrive, wait for the signal to begin, and look until the time is over."""
        asyncio.run(self._all())

    def use(self, until: float) -> None:
        """Let all who arrived look until this moment."""
        self.until = until
        self.loop.call_soon_threadsafe(self.begin.set)

    async def _all(self) -> None:
        self.in_n, self.begin, self.loop = 0, asyncio.Event(), asyncio.get_running_loop()
        await asyncio.gather(*(self._one(place) for place in range(self.number)))

    async def _one(self, place: int) -> None:
        draw = random.Random(place)  # noqa: S311 - people who differ, no secret
        await asyncio.sleep(draw.uniform(0, self.asked.arrive))
        socket_address = self.address.replace("http", "ws", 1) + "/_stcore/stream"
        while time.monotonic() < self.until:
            with suppress(ConnectionClosed, TimeoutError, OSError):
                async with connect(
                    socket_address, subprotocols=["streamlit"], origin=self.address, max_size=LARGEST_BYTES
                ) as socket:
                    session = Session(socket, self.address, ROLES[place % len(ROLES)], self.times)
                    opened = await session.ask()
                    if not self.begin.is_set():
                        await self._wait(opened)
                    await session.live(self.until, self.asked.think, draw)
                    return
            self.times.lost_n += 1

    async def _wait(self, opened: float) -> None:
        """Note the first page, and wait until everybody has one."""
        self.times.opened.append(opened)
        self.in_n += 1
        if self.in_n == self.number:
            self.arrived.set()
        await self.begin.wait()


def resident_mb(process_id: int) -> float:
    """Return the memory of a process in MB, as the kernel counts it."""
    pages = int(Path(f"/proc/{process_id}/statm").read_text("ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1024**2


def answered_ms(address: str) -> float:
    """Return how long the loop, which everybody waits for, takes to say that it lives."""
    start = time.perf_counter()
    with urllib.request.urlopen(f"{address}/_stcore/health", timeout=PATIENCE_S) as answer:  # noqa: S310 (our own)
        answer.read()
    return 1000 * (time.perf_counter() - start)


def watch(address: str, process_id: int, until: float, found: list[float]) -> None:
    """Note the memory at the start and each minute, and print it with what else must stay flat."""
    start, minute, waits = time.monotonic(), 0, [answered_ms(address)]
    while time.monotonic() < until:
        if time.monotonic() - start >= 60 * minute:
            found.append(resident_mb(process_id))
            threads_n, handles_n = (len(list(Path(f"/proc/{process_id}/{kind}").iterdir())) for kind in ("task", "fd"))
            late_n = sum(wait > 100 for wait in waits)
            print(
                f"  minute {minute:3d}: {found[-1]:6.0f} MB, {threads_n:3d} threads, {handles_n:3d} handles; the loop"
                f" answers in {statistics.median(waits):3.0f} ms, {late_n} of {len(waits)} after 100 ms,"
                f" longest {max(waits):4.0f} (load {os.getloadavg()[0]:.1f})",
                flush=True,
            )
            minute, waits = minute + 1, []
        time.sleep(0.5)
        waits.append(answered_ms(address))
    found.append(resident_mb(process_id))


def timed(page: Page, until: str) -> float:
    """Return milliseconds since the last click or change, until something holds and was painted."""
    return float(page.evaluate(f"painted(() => {until}).then((now) => now - window.clicked)"))


def choose(page: Page, name: str) -> float:
    """Choose a sector as one who knows the list; return the time until the map has its colours."""
    page.evaluate("window.before = fills()")
    page.get_by_role("combobox", name=NL("picture.sector")).select_option(name)
    return timed(page, f"fills() !== window.before && {SETTLED}")


def walk(page: Page, name: str) -> float:
    """Go to a page by the navigation; return the time until it stands there."""
    page.evaluate("window.before = document.querySelector('h1').innerText")
    page.get_by_test_id("stTopNavLink").filter(has_text=name).first.click()
    title = "document.querySelector('h1')"
    return timed(page, f"{title} && {title}.innerText !== window.before && {SETTLED}")


def browse(page: Page, until: float, filtered: list[float], turned: list[float]) -> None:
    """Change the sector, and after each round walk to another page and back, as long as there is time."""
    names = [NL(f"sector.{code}") for code in SECTORS]
    while time.monotonic() < until:
        for name in names:
            if time.monotonic() < until:
                filtered.append(choose(page, name))
                page.wait_for_timeout(1_000)
        turned.extend(walk(page, there) for there in (NL("page.register"), NL("page.picture")))
        page.evaluate("painted(() => areas().length)")


def report(name: str, times: list[float], median: float | None = None, p95: float | None = None) -> None:
    """Print how many times there are, the median and the 95th of a hundred, each with its goal where it has one."""
    if not times:
        print(f"{name:46s} {'none':>6s}")
        return
    found = statistics.median(times), statistics.quantiles(times, n=20)[-1] if len(times) > 1 else times[0]
    told = [
        f"{value:7.0f}" + (f" (< {goal:.0f} {'met' if value < goal else 'NOT MET'})" if goal else "")
        for value, goal in zip(found, (median, p95), strict=True)
    ]
    print(f"{name:46s} {len(times):6d}  {told[0]:24s} {told[1]}")


def measure(address: str, process_id: int, asked: argparse.Namespace) -> None:
    """Let the crowd and the browser loose and print the table."""
    chromium = get_browser.find()
    times, memory = Times(), []
    filtered: list[float] = []
    turned: list[float] = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=chromium,
            args=[
                "--no-sandbox",
                "--disable-gpu",
                "--disable-background-networking",
                "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
            ],
        )
        page = browser.new_page(viewport={"width": 1400, "height": 900}, locale="nl-NL")
        page.set_default_timeout(1_000 * PATIENCE_S)
        page.add_init_script(HELPERS + SEEN)
        page.goto(address)  # the scores are computed here, before anything is timed
        page.evaluate(FIRST_MAP)
        page.wait_for_function(SETTLED)
        for name in (NL("sector.construction"), NL("sector.fishery")):
            choose(page, name)
        print(f"{machine()}; {asked.sessions} sessions, {asked.minutes:g} minutes after all arrived", flush=True)
        crowd, began, spent = Crowd(address, asked, times), time.monotonic(), processor_s(process_id)
        crowd.start()
        if crowd.number and not crowd.arrived.wait(asked.arrive + PATIENCE_S):
            print("Not everybody got a first page.")
        arrival_s, arrival = time.monotonic() - began, processor_s(process_id) - spent
        began, spent = time.monotonic(), processor_s(process_id)
        until = began + 60 * asked.minutes
        crowd.use(until)
        watcher = threading.Thread(target=watch, args=(address, process_id, until, memory))
        watcher.start()
        browse(page, until, filtered, turned)
        crowd.join()
        watcher.join()
        steady_s, steady = time.monotonic() - began, processor_s(process_id) - spent
        browser.close()
    sector, page_median, page_p95, most_mb = GOALS.get(asked.sessions, (None,) * 4)
    print(
        f"at the end: load {os.getloadavg()[0]:.1f}; on: the demonstration, {len(ROLES)} roles and scopes, no sign-in,"
    )
    print(f"  SQLite, audit trail, one browser; a choice each {asked.think:g} s, of four one is another page")
    print(f"{'':46s} {'n':>6s}  {'median (ms)':24s} 95 of 100 (ms)")
    report(f"arrival in {arrival_s:.0f} s: first page", times.opened)
    report("steady: other sector", times.filtered, None, sector)
    report("steady: other page", times.turned, page_median, page_p95)
    report("browser: other sector, painted", filtered, None, sector)
    report("browser: other page, painted", turned)
    print(f"{'processor of the server: arrival, steady':46s} {arrival:6.1f}s {steady:6.1f}s", end="")
    print(f"  ({arrival / arrival_s:.0%}, {steady / steady_s:.0%} of a core)")
    print(f"{'sessions that lost their connection':46s} {times.lost_n:6d}")
    print(f"{'runs with an error, or not what was chosen':46s} {times.wrong_n:6d}")
    print(f"{'sent to all sessions (MB)':46s} {times.bytes_n / 1024**2:6.1f}")
    told = "" if most_mb is None else f"  (< {most_mb} {'met' if max(memory) < most_mb else 'NOT MET'})"
    print(f"{'memory of the server, highest (MB)':46s} {max(memory):6.0f}{told}")
    print(f"{'  from the first minute to the end (MB)':46s} {memory[-1] - memory[min(1, len(memory) - 1)]:+6.0f}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sessions", type=int, default=30, help="how many, with the browser")
    parser.add_argument("--minutes", type=float, default=2)
    parser.add_argument("--think", type=float, default=5, help="seconds between two choices, on average")
    parser.add_argument("--arrive", type=float, default=30, help="seconds over which all arrive")
    parser.add_argument("--script", type=Path, default=ROOT / "app.py")
    asked = parser.parse_args()
    if get_browser.find() is None:
        print("No Chromium on this machine; make browser installs one.")
        return
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        data = {"RISICOBEELD_DATA": str(folder / "data")}
        # The scores are there before anybody comes, as they are once a day in use.
        subprocess.run([sys.executable, "-m", "risk", "prepare"], check=True, cwd=ROOT, env=os.environ | data)
        server, address = start_streamlit(asked.script.resolve(), folder / "server.log", **data)
        try:
            measure(address, server.pid, asked)
        finally:
            stop(server)


if __name__ == "__main__":
    main()
