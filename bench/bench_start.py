"""Time a newcomer's way in: a fresh clone to a served page, and the scores of the whole country.

    python bench/bench_start.py [--skip-clone]

The clone is made from this checkout into an empty folder; ``make run`` there makes its own environment.
"""

import argparse
import os
import signal
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from bench.goals import machine
from door import store as access
from risk.index import pipeline
from risk.index.model import load_model
from tests.browser.fixtures import free_port

CLONE_LIMIT_S = 600


def clone_to_page() -> float:
    """Return the seconds from ``git clone`` until the page answers."""
    with tempfile.TemporaryDirectory() as folder:
        port = free_port()
        start = time.perf_counter()
        subprocess.run(["git", "clone", "--quiet", str(ROOT), f"{folder}/clone"], check=True)
        server = subprocess.Popen(
            ["make", "run", f"PORT={port}"],
            cwd=f"{folder}/clone",
            start_new_session=True,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env=os.environ | {"RISICOBEELD_DATA": ""},
        )
        try:
            while time.perf_counter() - start < CLONE_LIMIT_S:
                try:
                    urllib.request.urlopen(f"http://127.0.0.1:{port}/_stcore/health", timeout=2).close()
                    return time.perf_counter() - start
                except OSError:
                    time.sleep(0.2)
            raise TimeoutError("the page was not served")
        finally:
            os.killpg(server.pid, signal.SIGTERM)
            server.wait()
            time.sleep(2)  # the background computation ends with its group


def recomputation(runs_n: int = 7) -> tuple[float, float]:
    """Return median seconds for all area scores of both levels: without, and with, the 2,000 rebuilds."""
    store = access.open_store(access.Viewer("lotc"))
    names = ("gemeenten", "veiligheidsregios", "exposure", "sites", "activations", "incidence")
    tables = {name: store.table(name) for name in names}
    model = load_model()
    medians = []
    for rebuilds, repeats in ((0, runs_n), (None, 3)):
        taken = []
        for _ in range(repeats):
            start = time.perf_counter()
            for level in ("vr", "gemeente"):
                pipeline.score(tables, level, model, rebuilds=rebuilds)
            taken.append(time.perf_counter() - start)
        medians.append(statistics.median(taken))
    return medians[0], medians[1]


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--skip-clone", action="store_true", help="only the scores")
    arguments = parser.parse_args()
    plain, full = recomputation()
    print(machine())
    print(f"{'what':<64}{'seconds':>9}{'limit':>8}")
    print(f"{'all area scores of the country (25 + 342 areas, 13 sectors)':<64}{plain:>9.2f}{1:>8}")
    print(f"{'the same with 2,000 rebuilds each':<64}{full:>9.2f}{'':>8}")
    if not arguments.skip_clone:
        print(f"{'fresh clone to served page (packages from the registry)':<64}{clone_to_page():>9.1f}{180:>8}")


if __name__ == "__main__":
    main()
