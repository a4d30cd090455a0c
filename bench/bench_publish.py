"""The published folder: how long it takes from scores that are ready, and how large it is. Prints a table.

All figures are the demonstration's. The limit is 5 MB.

    python bench/bench_publish.py
"""

import logging
import os
import sys
import tempfile
import time
from datetime import date
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))
logging.disable(logging.WARNING)

from bench.goals import machine
from dashboard.server import publish


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        os.environ["RISICOBEELD_DATA"] = str(Path(folder) / "data")
        publish.publish(Path(folder) / "site", date(2026, 10, 31))  # the scores are computed here
        start = time.perf_counter()
        size = publish.publish(Path(folder) / "site", date(2026, 10, 31))
        seconds = time.perf_counter() - start
        files = [path for path in (Path(folder) / "site").rglob("*") if path.is_file()]
    print(machine())
    print("| what | measured | limit |\n|---|---|---|")
    print(f"| published folder, scores ready | {seconds:.1f} s | |")
    print(f"| its size, {len(files)} files | {size / 1e6:.1f} MB | 5 MB |")


if __name__ == "__main__":
    main()
