"""Measure the register: 25 writers beside bare SQLite with the same fsync, lists and the report at 20,000 events."""

import os
import random
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
import uuid
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from access.database import engine as database
from access.viewer import Viewer
from bench.goals import machine
from door.store import open_store
from geodata import codes
from register import chain
from register import record as write
from register.read import Filters

WRITERS, EACH, EVENTS, REPEATS = 25, 40, 20_000, 5
FIELDS = {
    "event_date": "2020-10-05",
    "kind": "preventief",
    "themes": "wonen",
    "vr_code": "VR06",
    "sector_code": "lodging",
    "outcome": "verzonnen " * 8,
}


def throughput(write_one: Callable[[], None]) -> float:
    """Return rows per second of all writers together, each a thread of one server as the dashboard's are."""
    began = time.perf_counter()
    threads = [threading.Thread(target=lambda: [write_one() for _ in range(EACH)]) for _ in range(WRITERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return WRITERS * EACH / (time.perf_counter() - began)


def writers(folder: Path) -> None:
    bare = folder / "bare.sqlite"
    own = threading.local()

    def write_bare() -> None:
        if not hasattr(own, "connection"):
            own.connection = sqlite3.connect(bare, timeout=120, isolation_level=None)
            own.connection.execute("PRAGMA synchronous=FULL")
        own.connection.execute("BEGIN IMMEDIATE")
        own.connection.execute("INSERT INTO rows VALUES (?, ?)", (uuid.uuid4().hex, str(FIELDS)))
        own.connection.execute("COMMIT")

    connection = sqlite3.connect(bare)
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("CREATE TABLE rows (id TEXT PRIMARY KEY, body TEXT)")
    connection.commit()
    connection.close()
    viewer = Viewer("lotc")
    write.record(viewer, "activation", FIELDS)
    pairs = [(throughput(write_bare), throughput(lambda: write.record(viewer, "activation", FIELDS))) for _ in range(3)]
    plain, ours = sorted(pairs, key=lambda pair: pair[1] / pair[0])[1]  # the middle one of three
    print(f"| bare SQLite, {WRITERS} writers | {plain:,.0f} rows/s | |")
    print(f"| register, {WRITERS} writers | {ours:,.0f} events/s | {ours / plain:.2f} of bare (at least 0.5) |")
    found = chain.verify_chain()
    assert not found.problems
    assert found.events_n == 3 * WRITERS * EACH + 1


def best(action: Callable[[], object]) -> float:
    times = []
    for _ in range(REPEATS):
        began = time.perf_counter()
        action()
        times.append(time.perf_counter() - began)
    return sorted(times)[REPEATS // 2]


def lists_and_report(folder: Path) -> None:
    draw = random.Random(1)  # noqa: S311 - invented rows
    rows = [
        FIELDS
        | {
            "event_date": str(date(2020, 9, 1) + timedelta(draw.randrange(365))),
            "vr_code": draw.choice(codes.VR_CODES),
            "kind": draw.choice(codes.ACTIVATION_KINDS),
            "themes": draw.choice(codes.THEMES),
            "sector_code": draw.choice(list(codes.SECTORS)),
            "measures": draw.choice(["geen", "waarschuwing; testen"]),
        }
        for _ in range(EVENTS - chain.verify_chain().events_n)
    ]
    write.record_many(Viewer("lotc"), "activation", rows)
    store = open_store(Viewer("lotc"))
    lists = {
        "newest 100": Filters(newest_n=100),
        "one region": Filters(codes={"vr_code": ("VR06",)}, newest_n=100),
        "region, theme, kind": Filters(
            codes={"vr_code": ("VR06",), "themes": ("wonen",), "kind": ("preventief",)}, newest_n=100
        ),
        "one month": Filters(first=date(2020, 10, 1), last=date(2020, 10, 31), newest_n=100),
        "as of a day": Filters(as_of=date(2030, 1, 1), newest_n=100),
        "text that occurs": Filters(text="zonnen", newest_n=100),
        "text that does not": Filters(text="kwartel", newest_n=100),
    }
    for name, filters in lists.items():
        taken = best(lambda filters=filters: store.register("activations", filters))
        print(f"| list of {EVENTS:,} events: {name} | {1000 * taken:.0f} ms | under 200 ms |")
    whole = best(lambda: store.table("activations"))
    print(f"| the whole table | {1000 * whole:.0f} ms | |")
    print(f"| the chain verified | {best(chain.verify_chain):.2f} s | |")
    for ending in ("html", "docx", "pdf"):
        command = [
            sys.executable,
            "-m",
            "risk",
            "report",
            "--from",
            "2020-09-01",
            "--to",
            "2021-08-31",
            "--out",
            str(folder / f"report.{ending}"),
        ]
        taken = best(lambda command=command: subprocess.run(command, check=True, cwd=ROOT, stdout=subprocess.DEVNULL))
        print(f"| report as {ending}, whole command | {taken:.1f} s | under 10 s |")


def main() -> None:
    with tempfile.TemporaryDirectory() as name:
        os.environ["RISICOBEELD_DATA"] = name
        print(machine())
        print("| what | measured | asked |\n|---|---|---|")
        writers(Path(name))
        lists_and_report(Path(name))
        database.close()


if __name__ == "__main__":
    main()
