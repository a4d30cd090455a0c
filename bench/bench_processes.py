"""Measure what it costs when one of two processes of the dashboard is killed while people read and record.

Two real processes share one PostgreSQL and one data folder. In each of them threads record as its pages do; to each
of them viewers are connected as a browser is, who draw the register's page again and again; meanwhile new snapshots
come in, whose names and texts all carry the number of their version. Then one process is killed (SIGKILL); its
viewers go to the other one, as the proxy would send them.
"""

import json
import os
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

from access.database.who import UPKEEP
from bench.goals import machine

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.exceptions import WebSocketException
from websockets.sync.client import ClientConnection, connect

from access.database import engine as database
from access.database import tables
from register import chain
from tests.browser.fixtures import free_port
from tests.operations import marked
from tests.server.postgres import new_database, running

ASKED = {
    "accepted events found afterwards": "all",
    "events kept twice": "0",
    "the chain verifies": "yes",
    "pages of two versions at once": "0",
    "pages older than what that viewer had seen": "0",
}
VIEWERS, WRITERS, BEFORE_S, AFTER_S, SWITCH_EVERY_S = 4, 4, 25, 25, 3
PROCESS = """
import json, os, sys, threading, time
from dashboard import serve
from access.viewer import Viewer
from geodata.errors import RegisterError
from register import record as write
journal = os.open(sys.argv[2], os.O_WRONLY | os.O_APPEND | os.O_CREAT)
fields = {"event_date": "2020-01-01", "kind": "preventief", "themes": "wonen", "vr_code": "VR06",
          "sector_code": "lodging", "outcome": "verzonnen"}
def record(name):
    for number in range(100_000):
        try:
            write.record(Viewer("lotc"), "activation", fields, entity_id=f"{name}-{number}")
        except RegisterError as error:
            print(error, file=sys.stderr)
        else:
            os.write(journal, f"{name}-{number}\\n".encode())  # only after the register said yes
        time.sleep(0.1)
for number in range(int(sys.argv[3])):
    threading.Thread(target=record, args=(f"{os.getpid()}-{number}",), daemon=True).start()
sys.exit(serve.main(["--port", sys.argv[1]]))
"""


@dataclass
class Seen:
    """What one viewer saw: when a page was whole, at which process, and the numbers of the versions in it."""

    pages: list[tuple[float, int, set[int]]] = field(default_factory=list)


def page(tab: ClientConnection) -> str:
    """Let the page be drawn and return all that arrives of it."""
    asked = BackMsg()
    asked.rerun_script.page_name = "register"
    tab.send(asked.SerializeToString())
    parts = []
    while True:
        told = ForwardMsg()
        told.ParseFromString(tab.recv(timeout=60))
        kind = told.WhichOneof("type")
        if kind == "delta":
            parts.append(str(told.delta))
        if kind == "script_finished":
            return "".join(parts)


def look(ports: list[int], seen: Seen, done: threading.Event) -> None:
    """Look at one process, and at the other one when it is gone."""
    at = 0
    while not done.is_set():
        address = f"127.0.0.1:{ports[at]}"
        try:
            with connect(
                f"ws://{address}/_stcore/stream",
                subprotocols=["streamlit"],
                origin=f"http://{address}",
                max_size=None,
                proxy=None,
            ) as tab:
                while not done.is_set():
                    numbers = marked.numbers_in(page(tab))
                    if numbers:
                        seen.pages.append((time.monotonic(), ports[at], numbers))
        except (OSError, WebSocketException):  # gone: a closed connection, or nobody listens
            at = (at + 1) % len(ports)
            time.sleep(0.1)


def start(port: int, journal: Path, log: Path) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-c", PROCESS, str(port), str(journal), str(WRITERS)]
    with log.open("wb") as output:
        return subprocess.Popen(command, cwd=ROOT, stdout=output, stderr=subprocess.STDOUT)


def wait_for(port: int) -> None:
    while True:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/_stcore/health", timeout=5):
                return
        except OSError:
            time.sleep(0.1)


def wait_until_all_look(all_seen: list[Seen]) -> None:
    while not all(seen.pages for seen in all_seen):
        time.sleep(0.1)


def lines(journal: Path) -> list[str]:
    return journal.read_text().split() if journal.exists() else []


def measure(folder: Path) -> dict[str, object]:
    plain = marked.tables()
    marked.write(0, plain)
    ports, journals = [free_port(), free_port()], [folder / "one", folder / "two"]
    processes = [start(*pair, folder / f"{pair[0]}.log") for pair in zip(ports, journals, strict=True)]
    done, all_seen = threading.Event(), [Seen() for _ in range(VIEWERS)]
    viewers = [
        threading.Thread(target=look, args=(ports if number % 2 else ports[::-1], seen, done))
        for number, seen in enumerate(all_seen)
    ]
    number, killed_at = 0, 0.0
    try:
        for port in ports:
            wait_for(port)
        for viewer in viewers:
            viewer.start()
        wait_until_all_look(all_seen)
        began = time.monotonic()
        while time.monotonic() < began + BEFORE_S + AFTER_S:
            if not killed_at and time.monotonic() > began + BEFORE_S:
                processes[0].kill()
                killed_at = time.monotonic()
            number += 1
            marked.write(number, plain)
            time.sleep(SWITCH_EVERY_S)
    finally:
        done.set()
        for viewer in viewers:
            viewer.join()
        for process in processes:
            process.kill()
            process.wait()
    return results(journals, all_seen, ports, killed_at, number)


def results(
    journals: list[Path], all_seen: list[Seen], ports: list[int], killed_at: float, last: int
) -> dict[str, object]:
    with database.reading(UPKEEP) as connection:
        kept = [str(row.entity_id) for row in connection.execute(tables.events.select())]
    accepted = [name for journal in journals for name in lines(journal)]
    pages = [page for seen in all_seen for page in seen.pages]
    orders = [[max(numbers) for _, _, numbers in seen.pages] for seen in all_seen]
    moved = [
        min(at for at, port, _ in seen.pages if at > killed_at and port == ports[1]) - killed_at
        for seen in all_seen
        if seen.pages[0][1] == ports[0]
    ]
    return {
        "events accepted": len(accepted),
        "accepted events found afterwards": len(set(accepted) & set(kept)),
        "events kept twice": len(kept) - len(set(kept)),
        "the chain verifies": "yes" if not chain.verify_chain().problems else "NO",
        "pages drawn": len(pages),
        "snapshots that came in meanwhile": last,
        "pages of two versions at once": sum(len(numbers) > 1 for _, _, numbers in pages),
        "pages older than what that viewer had seen": sum(
            later < earlier for order in orders for earlier, later in pairwise(order)
        ),
        "newest snapshot seen by each viewer": ", ".join(str(order[-1]) for order in orders),
        "seconds until the other process served the viewers of the killed one": ", ".join(
            f"{seconds:.1f}" for seconds in moved
        ),
    }


def main() -> None:
    with tempfile.TemporaryDirectory() as name, running() as server:
        os.environ["RISICOBEELD_DATA"] = str(Path(name) / "data")
        os.environ["RISICOBEELD_REGISTER"] = new_database(server)
        found = measure(Path(name))
        database.close()
    print(machine())
    print("| what | measured | asked |\n|---|---|---|")
    for what, value in found.items():
        asked = ASKED.get(what, "")
        print(f"| {what} | {value if isinstance(value, str) else json.dumps(value)} | {asked} |")
    assert found["events accepted"] == found["accepted events found afterwards"]
    assert found["pages of two versions at once"] == found["pages older than what that viewer had seen"] == 0


if __name__ == "__main__":
    main()
