"""Time the index: a national pass, the rebuilds, a what-if, and memory, on the demonstration's tables.

    python bench/bench_scoring.py [--runs N]

The rebuilds run in a process of their own, so that its peak memory is theirs. Every assumption is switched on.
"""

import argparse
import multiprocessing
import resource
import statistics
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1]))

from bench.goals import machine
from door import store as access
from risk.index.aggregate import weigh
from risk.index.indicators import CORE_TABLES, Measured, Tables
from risk.index.model import load_model
from risk.index.pipeline import prepare, score, what_if
from risk.index.rebuild import rebuild, sensitivity

REBUILDS = 2_000
TWELVE = (
    "indoor",
    "cold",
    "proximity",
    "workers_per_establishment",
    "shared_lodging",
    "beds_per_1000_workers",
    "shared_transport",
    "lodging_distance_km",
    "exposed_workers",
    "infections_contrast",
    "season_index",
    "confirmed_infections",
)


def _tables() -> Tables:
    store = access.open_store(access.Viewer("lotc"))
    return {name: store.table(name) for name in CORE_TABLES}


def _cut(measured: Measured, rows: np.ndarray) -> Measured:
    """Keep some units and the twelve indicators; their weights are shared out anew."""
    columns = [measured.index.codes.index(code) for code in TWELVE]
    index = replace(measured.index, indicators=tuple(measured.index.indicators[place] for place in columns))
    arrays = ("raw", "low", "high", "reasons", "statuses", "shape", "rate")
    return replace(
        measured,
        index=index,
        units=measured.units.iloc[rows].reset_index(drop=True),
        **{name: getattr(measured, name)[np.ix_(rows, columns)] for name in arrays},
    )


def _rebuilds(units: int, queue: "multiprocessing.Queue[tuple[float, float]]") -> None:
    model = load_model()
    measured = score(_tables(), "gemeente", model, rebuilds=0).prepared.measured
    rows = np.flatnonzero(measured.units["sector_code"] != "")[:units]
    prepared = prepare(_cut(measured, rows), model)
    weights = weigh(prepared.measured.index, prepared.kept)
    arguments = (prepared.values_0_10, prepared.measured, model, prepared.group, weights)
    start = time.perf_counter()
    rebuild(*arguments, REBUILDS, 1)
    seconds = time.perf_counter() - start
    queue.put((seconds, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6))


def _apart(units: int) -> tuple[float, float]:
    context = multiprocessing.get_context("spawn")
    queue = context.Queue()
    process = context.Process(target=_rebuilds, args=(units, queue))
    process.start()
    result = queue.get()
    process.join()
    return result


def _times(runs: int, work: Callable[[], object]) -> list[float]:
    times = []
    for _ in range(runs):
        start = time.perf_counter()
        work()
        times.append(time.perf_counter() - start)
    return times


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=5)
    runs = parser.parse_args().runs
    model, tables = load_model(), _tables()

    def national() -> None:
        areas = {level: score(tables, level, model, rebuilds=0) for level in ("gemeente", "vr")}
        score(tables, "site", model, rebuilds=0, areas=areas)

    outcome = score(tables, "gemeente", model, rebuilds=0)
    prepared = outcome.prepared
    weights = weigh(prepared.measured.index, prepared.kept)
    arguments = (prepared.values_0_10, prepared.measured, model, prepared.group, weights)
    large, small = [_apart(4_104) for _ in range(runs)], [_apart(300) for _ in range(runs)]
    sites_n = len(tables["sites"])
    rows = [
        (f"all area and site scores, three levels ({sites_n} sites)", _times(runs, national), 1.0),
        ("2,000 rebuilds x 4,104 units x 12 indicators", [seconds for seconds, _ in large], 12.0),
        ("2,000 rebuilds x 300 units x 12 indicators", [seconds for seconds, _ in small], 0.8),
        (
            f"one what-if, {len(outcome.scores):,} units",
            _times(4 * runs, lambda: what_if(prepared, {"werken": 2})),
            0.03,
        ),
        ("sensitivity, 6 assumptions x 200 rebuilds", _times(runs, lambda: sensitivity(*arguments)), None),
    ]
    print(machine())
    print(f"{'what':<58}{'median s':>10}{'min':>9}{'max':>9}{'limit':>8}")
    for name, times, limit in rows:
        told = "" if limit is None else f"{limit:g}"
        print(f"{name:<58}{statistics.median(times):>10.3f}{min(times):>9.3f}{max(times):>9.3f}{told:>8}")
    print(f"{'peak memory of the large rebuild, GB':<58}{max(memory for _, memory in large):>10.2f}{'':>18}{'1':>8}")


if __name__ == "__main__":
    main()
