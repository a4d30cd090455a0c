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
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from bench.goals import machine
from door import store as access
from risk.index.aggregate import weigh
from risk.index.indicators import CORE_TABLES, Tables
from risk.index.model import load_model
from risk.index.pipeline import score, what_if
from risk.index.rebuild import sensitivity

REBUILDS = 2_000


def _tables() -> Tables:
    store = access.open_store(access.Viewer("lotc"))
    return {name: store.table(name) for name in CORE_TABLES}


def _rebuilt(queue: "multiprocessing.Queue[tuple[float, float]]") -> None:
    model, tables = load_model(), _tables()
    start = time.perf_counter()
    areas = {level: score(tables, level, model, rebuilds=REBUILDS) for level in ("gemeente", "vr")}
    score(tables, "site", model, rebuilds=REBUILDS, areas=areas)
    seconds = time.perf_counter() - start
    queue.put((seconds, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6))


def _apart() -> tuple[float, float]:
    context = multiprocessing.get_context("spawn")
    queue = context.Queue()
    process = context.Process(target=_rebuilt, args=(queue,))
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
    rebuilt = [_apart() for _ in range(runs)]
    sites_n = len(tables["sites"])
    rows = [
        (f"all area and site scores, three levels ({sites_n} sites)", _times(runs, national), 1.0),
        (f"the same with {REBUILDS:,} rebuilds, cells redrawn", [seconds for seconds, _ in rebuilt], 6.0),
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
    print(f"{'peak memory of the rebuilds, GB':<58}{max(memory for _, memory in rebuilt):>10.2f}{'':>18}{'1':>8}")


if __name__ == "__main__":
    main()
