"""Snapshots whose tables all carry the number of their version, and a reader that looks for two numbers at once."""

import os
import re
import sys
import threading
from collections.abc import Mapping
from pathlib import Path

import pandas as pd

from access.viewer import Viewer
from door.store import open_store
from geodata import settings
from geodata.snapshots import snapshot

MARKED = {"veiligheidsregios": "vr_name", "activations": "outcome", "sites": "name"}


def tables() -> dict[str, pd.DataFrame]:
    """Return the tables of the demonstration."""
    shipped = snapshot.read_core(settings.EMBEDDED_DIR)
    return {name: shipped.table(name) for name in shipped.files}


def write(number: int, plain: Mapping[str, pd.DataFrame]) -> str:
    """Write a snapshot in which every name and text ends in its number, switch to it, and return its version."""
    marked = {
        name: table.assign(**{MARKED[name]: [f"naam versie {number:04d}"] * len(table)}) if name in MARKED else table
        for name, table in plain.items()
    }
    sources = snapshot.read_core(settings.EMBEDDED_DIR).sources
    with snapshot.lock():
        return snapshot.write_core(marked, sources, is_demonstration=True).data_version


def numbers_in(text: str) -> set[int]:
    """Return the numbers of the versions that a text tells of."""
    return {int(found) for found in re.findall(r"versie (\d{4})", text)}


def _read(thread: int, journal: int, until: Path) -> None:
    while not until.exists():
        store = open_store(Viewer("lotc"))
        seen = set()
        for name, column in MARKED.items():
            values = store.table(name)[column]
            seen |= numbers_in(" ".join(values.unique()))
        os.write(journal, f"{thread} {store.data_version} {','.join(map(str, sorted(seen)))}\n".encode())


def main() -> None:
    """Read in several threads until a file is there; each read is a line in the journal: thread, version, numbers."""
    journal, until, threads_n = os.open(sys.argv[1], os.O_WRONLY | os.O_APPEND | os.O_CREAT), Path(sys.argv[2]), 3
    threads = [threading.Thread(target=_read, args=(number, journal, until)) for number in range(threads_n)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


if __name__ == "__main__":
    main()
