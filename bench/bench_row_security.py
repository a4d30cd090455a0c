"""Measure what row security costs: lists of 20,000 events in PostgreSQL with the second lock and without it."""

import json
import os
import random
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from access.database.who import UPKEEP
from bench.goals import machine

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

import sqlalchemy as sa

from access.database import engine as database
from access.database import tables
from access.viewer import Viewer, parse_viewer
from door.store import open_store
from geodata import codes
from register import read
from register import record as write
from register.read import Filters
from tests.server.postgres import new_database, running

EVENTS, REPEATS = 20_000, 5
FIELDS = {
    "event_date": "2020-10-05",
    "kind": "preventief",
    "themes": "wonen",
    "vr_code": "VR06",
    "sector_code": "lodging",
    "outcome": "verzonnen " * 8,
}
TABLES = ("register_events", "register_contents")


def fill() -> None:
    """Put the events in as rows: only lists are measured here, so they need no chain."""
    draw = random.Random(1)  # noqa: S311 - invented rows
    write.record(Viewer("lotc"), "activation", FIELDS)
    with database.writing(UPKEEP) as connection:
        event = dict(connection.execute(sa.select(tables.events)).mappings().one())
        body = json.loads(connection.execute(sa.select(tables.contents.c.body)).scalar_one())
        rows, bodies = [], []
        for seq in range(2, EVENTS + 1):
            day, vr_code = f"2020-{draw.randrange(1, 13):02d}-{draw.randrange(1, 29):02d}", draw.choice(codes.VR_CODES)
            partners = draw.choice(["GGD", "NVWA", "GGD;gemeente", "", "politie"])
            made = {"seq": seq, "event_id": f"{seq:032d}", "entity_id": f"e{seq}", "hash": str(seq)}
            rows.append(event | made | {"event_date": day, "vr_code": vr_code})
            content = json.dumps(body | {"event_date": day, "vr_code": vr_code, "partners": partners})
            bodies.append({"event_id": made["event_id"], "salt": "", "body": content})
        connection.execute(sa.insert(tables.events), rows)
        connection.execute(sa.insert(tables.contents), bodies)
    with database.engine().connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        for table in TABLES:
            connection.exec_driver_sql(f"ANALYZE {table}")


def lock(*, on: bool) -> None:
    with database.engine().begin() as connection:
        for table in TABLES:
            connection.execute(sa.text(f"ALTER TABLE {table} {'ENABLE' if on else 'DISABLE'} ROW LEVEL SECURITY"))


def least_ms(role: str, filters: Filters) -> float:
    store, times = open_store(parse_viewer(role)), []
    kept: Any = vars(read)["_table"]
    for _ in range(REPEATS):
        kept.cache_clear()  # what a viewer got before is kept, and would be measured in its place
        began = time.perf_counter()
        store.register("activations", filters)
        times.append(1000 * (time.perf_counter() - began))
    return min(times)  # what the machine does beside it only adds


def main() -> None:
    asked = [
        (role, what, filters)
        for role in ("lotc", "region:VR06", "partner:NVWA")
        for what, filters in (
            ("newest 100", Filters(newest_n=100)),
            ("one entry", Filters(entity_id="DEMO-A03")),
            ("all", Filters()),
        )
    ]
    with tempfile.TemporaryDirectory() as name, running() as server:
        os.environ["RISICOBEELD_DATA"] = name
        os.environ["RISICOBEELD_REGISTER"] = new_database(server)
        fill()
        without, locked = [], []
        for role, _, filters in asked:
            least_ms(role, filters)  # what is read once is read now
            for times, is_on in ((without, False), (locked, True)):
                lock(on=is_on)
                times.append(least_ms(role, filters))
        opened = []
        for _ in range(100):
            began = time.perf_counter()
            with database.reading(Viewer("lotc")):
                opened.append(1000 * (time.perf_counter() - began))
        database.close()
    print(machine())
    print(f"| list of {EVENTS:,} events | without the second lock | with it |\n|---|---|---|")
    for (role, what, _), before, after in zip(asked, without, locked, strict=True):
        print(f"| {role}: {what} | {before:.0f} ms | {after:.0f} ms |")
    print(f"| a transaction opened, who looks told | | {min(opened):.1f} ms |")


if __name__ == "__main__":
    main()
