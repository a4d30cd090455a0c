"""Growth: import, scores, first page and messages at 1, 10 and 100 times the demonstration's sites; 1 and 2 processes.

    python bench/bench_scale.py [--times 1 10 100] [--seconds 8]

The sites of a step are those of the demonstration, copied to invented places around. Every step runs in a process
of its own, so that its peak memory is its own; in parentheses the seconds of the processor. Reads go through the
door as a region; writes go to the register on SQLite and on PostgreSQL.
"""

import argparse
import gzip
import json
import logging
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from access.database import engine as database
from bench.goals import machine
from door import store as access
from geodata import settings
from geodata.codes import Status
from geodata.intake.sites import Question
from geodata.refresh import imports
from geodata.snapshots import snapshot
from register import record as write
from tests.server.postgres import new_database, running

FIELDS = {
    "event_date": "2020-10-05",
    "kind": "preventief",
    "themes": "wonen",
    "vr_code": "VR06",
    "sector_code": "lodging",
    "outcome": "verzonnen " * 8,
}
HEADS = (
    "times",
    "sites kept",
    "import",
    "scores, three levels",
    "page: regions",
    "with sites, nation",
    "with sites, one region",
    "message, nation (gzip)",
    "message, one region (gzip)",
    "reads, 1 process",
    "reads, 2 processes",
)
SPREAD_DEGREES = 0.15  # about ten kilometres: towns overlap, no place is crowded as no real one is


def write_file(times: int, path: Path) -> None:
    """Write a file of invented sites in the Netherlands, ``times`` as many as the demonstration has."""
    draw = np.random.default_rng(1)
    sites = snapshot.read_core(settings.EMBEDDED_DIR).table("sites")
    points = sites.geometry.to_crs(4326)
    known = sites[(sites["country"] == "NL") & points.notna()].index
    chosen = draw.choice(known, len(sites) * times)
    rows, points = sites.loc[chosen].reset_index(drop=True), points.loc[chosen].reset_index(drop=True)
    table = pd.DataFrame(
        {
            "id": [f"V{number}" for number in range(len(rows))],
            "name": [f"Plek {number}" for number in range(len(rows))],
            "kind": rows["kind"],
            "lon": points.x + draw.normal(0, SPREAD_DEGREES, len(rows)),
            "lat": points.y + draw.normal(0, SPREAD_DEGREES / 1.6, len(rows)),
            "employer_group": [f"Groep {number}" for number in draw.integers(0, len(rows) // 3, len(rows))],
            **{unit: rows["size_n"].where(rows["size_unit"] == unit) for unit in ("fte", "beds", "m2")},
        }
    )
    table.to_csv(path, index=False)


def clocks() -> tuple[float, float]:
    return time.perf_counter(), time.process_time()


def taken(began: tuple[float, float]) -> dict[str, float]:
    """Return the seconds on the wall, and those of the processor, which a busy machine hardly changes."""
    return {"seconds": time.perf_counter() - began[0], "processor_s": time.process_time() - began[1]}


def step_import(times: int) -> dict[str, Any]:
    path = settings.data_dir().parent / "sites.csv"
    write_file(times, path)
    began = clocks()
    report = imports.import_sites(
        path, Question(source="invented", source_date="2020-10-31", status=Status.ESTIMATE), lambda _done, _total: None
    )
    return taken(began) | {"rows_n": report.rows_n, "kept_n": report.kept_n}


def step_core(_times: int) -> dict[str, Any]:
    """Put the imported sites beside the demonstration's other tables, so that every indicator takes part."""
    sites = snapshot.current().table("sites").assign(status=Status.FICTIONAL.value)
    embedded = snapshot.read_core(settings.EMBEDDED_DIR)
    tables = {name: embedded.table(name) for name in embedded.files} | {"sites": sites}
    snapshot.write_core(tables, embedded.sources, is_demonstration=True)
    return {}


def step_scores(_times: int) -> dict[str, Any]:
    from risk.index.model import load_model
    from risk.scores import outputs

    version, model = snapshot.current().data_version, load_model()
    began = clocks()
    for level in ("gemeente", "vr", "site"):
        outputs.ensure(version, level, model)
    return taken(began)


def step_page(_times: int) -> dict[str, Any]:
    """Do what the first page asks of the data: the scores of the regions, and every site for the map."""
    logging.disable()
    from dashboard.map.layers import SiteLayer
    from dashboard.map.live import site_message
    from dashboard.parts import figures
    from words import read_texts

    texts, found = read_texts("nl"), {}
    for viewer in ("lotc", "region:VR06"):
        began = clocks()
        store = access.open_store(access.parse_viewer(viewer))
        figures.open_picture(store, "vr", texts)
        areas = taken(began)
        sites = figures.open_sites(store, texts)
        layer = SiteLayer(
            site_ids=tuple(sites["site_id"]),
            names=tuple(sites["name"]),
            kinds=tuple(sites["kind"]),
            longitudes=tuple(sites["lon"]),
            latitudes=tuple(sites["lat"]),
            scores=tuple(sites["score_0_10"]),
        )
        message = site_message(layer, assets="map", channel="sites")
        found[viewer] = {
            "areas": areas,
            **taken(began),
            "bytes_n": len(message),
            "gzip_n": len(gzip.compress(message, 6)),
        }
    return found


def step_read(_times: int, until: float) -> dict[str, Any]:
    store = access.open_store(access.parse_viewer("region:VR06"))
    return {"done_n": _as_often_as(lambda: store.table("sites"), until)}


def step_write(_times: int, until: float) -> dict[str, Any]:
    viewer = access.Viewer("lotc")
    return {"done_n": _as_often_as(lambda: write.record(viewer, "activation", FIELDS), until)}


def _as_often_as(action: Callable[[], object], seconds: float) -> int:
    action()
    print("ready", flush=True)
    sys.stdin.readline()  # all processes begin together
    done_n, end = 0, time.perf_counter() + seconds
    while time.perf_counter() < end:
        action()
        done_n += 1
    return done_n


STEPS: dict[str, Callable[..., dict[str, Any]]] = {
    "import": step_import,
    "core": step_core,
    "scores": step_scores,
    "page": step_page,
    "read": step_read,
    "write": step_write,
}


def start(step: str, times: int, *more: str, **environment: str) -> subprocess.Popen[str]:
    command = [sys.executable, __file__, "--step", step, "--times", str(times), *more]
    return subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=os.environ | environment
    )


def result(process: subprocess.Popen[str]) -> dict[str, Any]:
    out, _ = process.communicate()
    if process.returncode:
        raise SystemExit(f"A step failed with status {process.returncode}.")
    return json.loads(out.splitlines()[-1])


def together(step: str, times: int, processes: int, seconds: float, **environment: str) -> float:
    """Return how many are done per second by some processes at once."""
    started = [start(step, times, "--seconds", str(seconds), **environment) for _ in range(processes)]
    for one in started:
        assert one.stdout is not None
        one.stdout.readline()
    for one in started:
        assert one.stdin is not None
        one.stdin.write("\n")
        one.stdin.flush()
    return sum(result(one)["done_n"] for one in started) / seconds


def told(found: dict[str, Any]) -> str:
    return f"{found['seconds']:.3g} s ({found['processor_s']:.3g} s)"


def growth(times: int, seconds: float) -> None:
    with tempfile.TemporaryDirectory() as folder:
        place = {"RISICOBEELD_DATA": str(Path(folder) / "data")}
        found = {step: result(start(step, times, **place)) for step in ("import", "core", "scores", "page")}
        reads = [together("read", times, processes, seconds, **place) for processes in (1, 2)]
    nation, own = found["page"]["lotc"], found["page"]["region:VR06"]
    heavy = [f"{told(found[step])}, {found[step]['peak_mb']:,.0f} MB" for step in ("import", "scores")]
    cells = (
        times,
        f"{found['import']['kept_n']:,}",
        *heavy,
        told(nation["areas"]),
        told(nation),
        told(own),
        f"{nation['bytes_n'] / 1e3:,.0f} ({nation['gzip_n'] / 1e3:,.0f}) kB",
        f"{own['bytes_n'] / 1e3:,.0f} ({own['gzip_n'] / 1e3:,.0f}) kB",
        f"{reads[0]:.1f}/s",
        f"{reads[1]:.1f}/s",
    )
    print(f"| {' | '.join(map(str, cells))} |", flush=True)


@contextmanager
def databases(folder: Path) -> Iterator[dict[str, dict[str, str]]]:
    """Give the settings of a register on SQLite and on PostgreSQL."""
    with running() as server:
        yield {
            "SQLite": {"RISICOBEELD_DATA": str(folder / "sqlite"), "RISICOBEELD_REGISTER": ""},
            "PostgreSQL": {"RISICOBEELD_DATA": str(folder / "pg"), "RISICOBEELD_REGISTER": new_database(server)},
        }


def main() -> None:
    """Print the tables, or do one step and print what it found."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--times", type=int, nargs="+", default=[1, 10, 100])
    parser.add_argument("--seconds", type=float, default=8)
    parser.add_argument("--step", choices=list(STEPS), help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.step:
        more = [arguments.seconds] if arguments.step in ("read", "write") else []
        found = STEPS[arguments.step](arguments.times[0], *more)
        database.close()
        print(json.dumps(found | {"peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3}))
        return
    print(machine())
    print(f"| {' | '.join(HEADS)} |\n|{'---|' * len(HEADS)}", flush=True)
    for times in arguments.times:
        growth(times, arguments.seconds)
    print("\n| register | 1 process | 2 processes |\n|---|---|---|", flush=True)
    with tempfile.TemporaryDirectory() as folder, databases(Path(folder)) as places:
        for name, place in places.items():
            rates = [together("write", 1, processes, arguments.seconds, **place) for processes in (1, 2)]
            print(f"| {name} | {rates[0]:,.0f} events/s | {rates[1]:,.0f} events/s |", flush=True)


if __name__ == "__main__":
    main()
