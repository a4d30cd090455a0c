"""The weekly digest of all 25 regions: how long it takes once scores are ready. Prints a table.

All figures are the demonstration's. The limit is 10 s.

    python bench/bench_digest.py
"""

import contextlib
import io
import logging
import os
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))
logging.disable(logging.WARNING)

from bench.goals import machine
from commands.scores import main as run
from door.store import Viewer, open_store
from risk.index.model import load_model
from risk.scores.outputs import read_scored

SINCE = "2020-11-16"
WEEK = "2020-W46"  # the last that ended before it


def main() -> None:
    with tempfile.TemporaryDirectory() as folder, contextlib.redirect_stderr(io.StringIO()):
        os.environ["RISICOBEELD_DATA"] = str(Path(folder) / "data")
        for week in ("", WEEK):
            read_scored(open_store(Viewer("lotc")), "vr", load_model(), week)  # the scores are computed here
        start, processor = time.perf_counter(), time.process_time()
        with contextlib.redirect_stdout(io.StringIO()):
            run(["digest", "--since", SINCE, "--each-region", "--out", str(Path(folder) / "digest")])
        seconds, processor = time.perf_counter() - start, time.process_time() - processor
        made = len(list((Path(folder) / "digest").iterdir()))
    print(machine())
    print("| what | measured | limit |\n|---|---|---|")
    print(f"| digest of {made} regions, scores ready | {seconds:.1f} s ({processor:.1f} s of processor) | 10 s |")


if __name__ == "__main__":
    main()
