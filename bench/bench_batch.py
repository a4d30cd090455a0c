"""Heavy batch work at size: sites imported, put in their gemeente and scored by one process, at growing numbers.

    python bench/bench_batch.py [N ...]

Every number runs in a process of its own, so that its peak memory is its own. Measured is what the commands do:
`import sites` (validated, placed, exact and likely duplicates, a new snapshot) and `score --level site` (scores,
reasons, rises, links, written). What does not grow with the sites stands apart as fixed: what a file of 1,000 sites
costs, and the rank intervals of the 10,000 highest. The sites are invented; for a ranking they need figures of work and
infections, which are read, outside the measurement, where RISICOBEELD_TESTDATA leads to them.
"""

import os
import resource
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
_FEW = 1_000
NUMBERS = (100_000, 500_000, 1_000_000, 2_000_000)


def write_sites(path: Path, n: int) -> None:
    """Write invented sites of every kind: in the built-up places of the demonstration, spread over all gemeenten."""
    import geopandas as gpd
    import numpy as np
    import pandas as pd

    from geodata import settings
    from geodata.areas import mergers
    from geodata.snapshots import snapshot

    rng = np.random.default_rng(3)
    few = snapshot.read_core(settings.EMBEDDED_DIR).table("sites")
    drawn = few[few["country"] == "NL"].sample(n, replace=True, random_state=3)
    areas = mergers.known_areas()["gemeenten"].geometry.to_numpy()
    left, low, right, high = gpd.GeoSeries(areas).bounds.to_numpy()[rng.integers(0, len(areas), n)].T
    words = np.array(["Duin", "Heide", "Bos", "Meer", "Weide", "Zand", "Berk", "Linde", "Beek", "Horst"])
    size = np.round(drawn["size_n"].to_numpy() * rng.lognormal(0, 0.5, n))
    unit = drawn["size_unit"].to_numpy(object)
    number = pd.Series(rng.integers(0, n, n)).astype(str)
    frame = pd.DataFrame(
        {
            "id": [f"S{place:07d}" for place in range(n)],
            "naam": pd.Series(words[rng.integers(0, 10, n)]) + " " + number,
            "soort": drawn["kind"].to_numpy(object),
            "x": rng.uniform(left, right).round(1),
            "y": rng.uniform(low, high).round(1),
            **{name: np.where(unit == name, size, np.nan) for name in ("fte", "beds", "m2")},
            "concern": np.where(rng.random(n) < 0.3, "G" + number.str[:-1], ""),
        }
    )
    frame.to_csv(path, index=False)


def measure(path: Path) -> dict[str, float]:
    """Import and score one file, as the two commands do."""
    from geodata.batch import Pool, Progress
    from geodata.intake import sites
    from geodata.intake.columns import ColumnMapping
    from geodata.refresh import imports
    from geodata.snapshots import snapshot
    from risk.index.model import load_model
    from risk.scores import outputs

    fixed: dict[str, float] = defaultdict(float)
    began: dict[str, tuple[float, float]] = {}

    def progress_of(name: str) -> Progress:
        def show(done: int, total: int) -> None:
            if done == 0:
                began[name] = time.perf_counter(), time.process_time()
            elif done == total and name == "rebuilds":
                wall, cpu = began[name]
                fixed["wall"] += time.perf_counter() - wall
                fixed["cpu"] += time.process_time() - cpu

        return show

    data = Path(os.environ["RISICOBEELD_TESTDATA"])
    imports.import_establishments(data / "cbs" / "kwb2021_establishments_by_sector_gemeente.csv", 2021)
    cases = data / "rivm" / "positives_gemeente_per_day_2020.csv.gz"
    imports.import_incidence(cases, "COVID-19", ColumnMapping())
    pool = Pool(progress_of=progress_of)
    question = sites.Question("sites_file.bench", "2020-11-01")
    start, start_cpu = time.perf_counter(), time.process_time()
    report = imports.import_sites(path, question, lambda _done, _total: None, pool)
    imported = time.perf_counter() - start
    outputs.ensure(snapshot.current().data_version, "site", load_model(), pool=pool)
    return {
        "kept": report.kept_n,
        "import": imported,
        "wall": time.perf_counter() - start,
        "cpu": time.process_time() - start_cpu,
        "fixed_wall": fixed["wall"],
        "fixed_cpu": fixed["cpu"],
        "peak_gb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6,
    }


def run_alone(step: str, path: Path, n: int) -> str:
    """Run one step in a process of its own and return what it prints."""
    done = subprocess.run(
        [sys.executable, __file__, step, str(path), str(n)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "RISICOBEELD_DATA": str(path.parent / "data"), "PYTHONPATH": str(ROOT)},
    )
    return done.stdout


def alone(n: int) -> dict[str, float]:
    """Write and measure a file of some sites, each in a process of its own."""
    with tempfile.TemporaryDirectory() as scratch:
        path = Path(scratch) / "sites.csv"
        run_alone("write", path, n)
        return {key: float(value) for key, value in map(str.split, run_alone("measure", path, n).splitlines())}


def main() -> None:
    if sys.argv[1:2] == ["write"]:
        write_sites(Path(sys.argv[2]), int(sys.argv[3]))
        return
    if sys.argv[1:2] == ["measure"]:
        for what, figure in measure(Path(sys.argv[2])).items():
            print(what, figure)
        return
    if not os.environ.get("RISICOBEELD_TESTDATA"):
        print("Not measured: RISICOBEELD_TESTDATA does not lead to figures without which no site is ranked.")
        return
    numbers = [int(number) for number in sys.argv[1:]] or list(NUMBERS)
    heads = ("sites", "kept", "import s", "wall s", "CPU s", "of which fixed", "CPU s/million", "peak GB")
    sys.path.insert(0, str(ROOT))
    from bench.goals import machine

    print(machine())
    print("".join(f"{head:>15}" for head in heads))
    base = alone(_FEW)
    for n in numbers:
        got = alone(n)
        fixed = got["fixed_cpu"] + base["cpu"] - base["fixed_cpu"]
        cells = (
            f"{n:,}",
            f"{got['kept']:,.0f}",
            f"{got['import']:.1f}",
            f"{got['wall']:.1f}",
            f"{got['cpu']:.1f}",
            f"{fixed:.1f}",
            f"{(got['cpu'] - fixed) / n * 1e6:.1f}",
            f"{got['peak_gb']:.2f}",
        )
        print("".join(f"{cell:>15}" for cell in cells), flush=True)
    print("limits at 2 million: 180 s wall, 4 GB; seconds per million within 20 %")


if __name__ == "__main__":
    main()
