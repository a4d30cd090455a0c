"""Measure the sources: a million sites imported, a wide CBS table read, a refresh of everything.

Each measurement runs in a process of its own, so that its peak memory is its own. All figures are invented.
"""

import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
SITES_N = 1_000_000
ROWS_N, COLUMNS_N = 17_000, 118
RECEIPT_N = 100_000


def nothing(_done: int, _total: int) -> None:
    """Show no progress."""


def write_sites(path: Path) -> None:
    """Write a million invented holiday parks in longitude and latitude, one in a hundred of them twice."""
    import geopandas as gpd
    import numpy as np
    import pandas as pd

    rng = np.random.default_rng(7)
    unique_n = SITES_N - SITES_N // 100
    from geodata.areas import mergers

    country = mergers.known_areas()["veiligheidsregios"].union_all().simplify(200)
    x, y = np.empty(0), np.empty(0)
    while len(x) < unique_n:
        more_x, more_y = rng.uniform(13_600, 278_000, SITES_N), rng.uniform(306_900, 619_300, SITES_N)
        import shapely

        inside = shapely.contains_xy(country, more_x, more_y)
        x, y = np.append(x, more_x[inside]), np.append(y, more_y[inside])
    points = gpd.GeoSeries(gpd.points_from_xy(x[:unique_n], y[:unique_n]), crs="EPSG:28992").to_crs("EPSG:4326")
    words = np.array(["Duin", "Heide", "Bos", "Meer", "Weide", "Zand", "Berk", "Linde", "Beek", "Horst"])
    names = (
        pd.Series(words[rng.integers(0, 10, unique_n)]) + " " + pd.Series(rng.integers(0, 5_000, unique_n)).astype(str)
    )
    frame = pd.DataFrame(
        {
            "naam": "Camping " + names,
            "longitude": points.x,
            "latitude": points.y,
            "bedden": rng.integers(10, 900, unique_n),
        }
    )
    pd.concat([frame, frame.head(SITES_N - unique_n)]).to_csv(path, index=False)


def bench_sites(folder: Path) -> dict[str, float]:
    """Read, validate, place and look for exact duplicates; then, apart, the likely ones."""
    from geodata import contracts
    from geodata.areas import mergers
    from geodata.intake import sites
    from geodata.intake.places import known_places
    from geodata.tables import site_table

    question = sites.Question("sites_file.bench", "2026-01-01", kind="holiday_park")
    areas = mergers.known_areas()
    start = time.perf_counter()
    table, report = sites.read_placed(folder / "sites.csv", question, areas, known_places(), nothing)
    checked = contracts.check("sites", table)
    first = time.perf_counter() - start
    peak_gb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    start = time.perf_counter()
    pairs = site_table.likely(checked)
    return {
        "seconds": first,
        "peak_gb": peak_gb,
        "kept": len(checked),
        "exact": report.exact_duplicates_n,
        "likely_seconds": time.perf_counter() - start,
        "likely": len(pairs),
        "likely_peak_gb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6,
    }


def write_table(path: Path) -> None:
    """Write an invented stored answer of StatLine, as wide and long as its table of neighbourhoods."""
    import json

    import numpy as np

    rng = np.random.default_rng(7)
    keys = [f"Topic_{number}" for number in range(1, COLUMNS_N - 1)]
    figures = rng.integers(0, 100_000, (ROWS_N, len(keys))).tolist()
    rows = [
        {
            "ID": number,
            "WijkenEnBuurten": f"BU{number:08d}",
            **dict(zip(keys, values, strict=True)),
            "Topic_1": "Naam   ",
        }
        for number, values in enumerate(figures)
    ]
    properties = [{"ID": 0, "Type": "GeoDetail", "Key": "WijkenEnBuurten", "Title": "Wijken en buurten"}]
    properties += [
        {"ID": number + 1, "Type": "Topic", "Key": key, "Title": key, "Unit": "aantal", "ParentID": None}
        for number, key in enumerate(keys)
    ]
    path.write_text(json.dumps({"TableInfos": [], "DataProperties": properties, "TypedDataSet": rows}), "utf-8")


def bench_table(folder: Path) -> dict[str, float]:
    """Read, type and store every column."""
    from geodata.snapshots import formats as store
    from geodata.sources.cbs import odata as cbs
    from geodata.sources.cbs.question import Wanted

    wanted = {f"topic_{number}": Wanted(f"topic_{number}") for number in range(1, COLUMNS_N - 1)}
    start = time.perf_counter()
    table = cbs.read("cbs_bench", folder / "table.json", "bench", wanted, {})
    store.write_parquet(table.frame, folder / "table.parquet")
    return {
        "seconds": time.perf_counter() - start,
        "rows": len(table.frame),
        "peak_gb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6,
    }


def bench_refresh(folder: Path) -> dict[str, float]:
    """Refresh every source, the bulk one included, against the local server in a process of its own."""
    from geodata.refresh import fetch as fetching
    from geodata.sources.registry import CONNECTORS
    from tests.server import publishers
    from tests.server.local import running

    with running(publishers.everything()) as server:
        sources = server.write_sources(folder)
        script = "from geodata.refresh import fetch as fetching; import resource;"
        script += f" o = fetching.refresh_sources({list(CONNECTORS)!r});"
        script += "print(sum(x.state == 'new' for x in o), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6)"
        start = time.perf_counter()
        done = subprocess.run(
            [sys.executable, "-c", script],
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=True,
            env={**os.environ, "RISICOBEELD_SOURCES": str(sources), "PYTHONPATH": str(ROOT)},
        )
        seconds = time.perf_counter() - start
    assert fetching
    new_n, peak_gb = done.stdout.split()
    return {"seconds": seconds, "sources": int(new_n), "peak_gb": float(peak_gb)}


def bench_receipt(_folder: Path) -> dict[str, float]:
    """Write the receipt of a hundred thousand rows that were left out: its sentences, and the list to save."""
    from geodata.intake.receipt import Receipt

    start = time.perf_counter()
    receipt = Receipt("lijst.csv", "sites", rows_n=RECEIPT_N, kept_n=1)
    for number in range(RECEIPT_N):
        receipt.leave_out(number + 2, "place_unknown", text=f"Nergens {number}")
    told = [*receipt.sentences("nl"), *receipt.sentences("en")]
    assert told
    return {"rows": len(receipt.rows()), "seconds": time.perf_counter() - start}


JOBS = {
    "sites": (write_sites, "sites.csv", bench_sites),
    "table": (write_table, "table.json", bench_table),
    "receipt": (None, "", bench_receipt),
    "refresh": (None, "", bench_refresh),
}
LIMITS = {
    ("sites", "seconds"): 8,
    ("sites", "peak_gb"): 1.5,
    ("sites", "likely_seconds"): 60,
    ("table", "seconds"): 3,
    ("receipt", "seconds"): 2,
    ("refresh", "seconds"): 60,
    ("refresh", "peak_gb"): 1,
}


def run_alone(job: str, step: str, folder: Path) -> str:
    """Run one step in a process of its own and return what it prints."""
    done = subprocess.run(
        [sys.executable, __file__, job, step, str(folder)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "RISICOBEELD_DATA": str(folder / "data"), "PYTHONPATH": str(ROOT)},
    )
    return done.stdout


def main() -> None:
    if len(sys.argv) == 4:
        job, step, folder = sys.argv[1], sys.argv[2], Path(sys.argv[3])
        write, name, measure = JOBS[job]
        if step == "write" and write:
            write(folder / name)
        else:
            for what, figure in measure(folder).items():
                print(what, figure)
        return
    sys.path.insert(0, str(ROOT))
    from bench.goals import machine

    print(machine())
    print(f"{'measurement':<12}{'what':<18}{'figure':>14}{'limit':>8}")
    with tempfile.TemporaryDirectory() as scratch:
        for job, (write, _, _) in JOBS.items():
            if write:
                run_alone(job, "write", Path(scratch))
            for line in run_alone(job, "measure", Path(scratch)).splitlines():
                what, figure = line.split()
                limit = LIMITS.get((job, what))
                mark = "" if limit is None else ("" if float(figure) <= limit else "  MISSED")
                print(f"{job:<12}{what:<18}{float(figure):>14,.2f}{limit if limit is not None else '':>8}{mark}")


if __name__ == "__main__":
    main()
