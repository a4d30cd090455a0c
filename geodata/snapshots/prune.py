"""Remove old snapshots, deliveries and scores by one rule; what each was stays in the backups, as its manifest.

Kept are: of the core snapshots those in use lately (`CORE_KEPT`) and all of the last `DAYS_KEPT` days; of each
source's deliveries the newest ones (`RAW_KEPT`), the last of every month, and all of the last `DAYS_KEPT` days; of
the scores those of the snapshots that are kept, and of the demonstration.
"""

import shutil
from contextlib import nullcontext
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Final

from geodata import settings
from geodata.snapshots import deliveries, snapshot

CORE_KEPT: Final = 5
RAW_KEPT: Final = 5
DAYS_KEPT: Final = 30


@dataclass(frozen=True)
class Pruned:
    """One folder that is past the rule."""

    path: Path
    size_bytes: int


def prune(today: date, *, dry_run: bool = False) -> list[Pruned]:
    """Remove what the rule does not keep; return what was removed, or would be.

    Parameters
    ----------
    today
        The day to count from.

    Raises
    ------
    SnapshotError
        An import or refresh is running, or nothing tells which snapshot is in use.
    """
    with nullcontext() if dry_run else snapshot.lock():  # looking on needs no room and is in nobody's way
        in_use = snapshot.current().data_version
        if not dry_run:
            snapshot.sweep()
        core = _old_core(today, in_use)
        gone = {path.name for path in core}
        found = [Pruned(path, _size(path)) for path in (*core, *_old_raw(today), *_old_out(gone))]
        if not dry_run:
            for one in found:
                _remove(one.path)
    return found


def _remove(folder: Path) -> None:
    """Take a folder out of sight in one step, and then away: a run that is killed leaves none of which half is gone."""
    unseen = folder.with_name(f".part-{folder.name}")  # `sweep` knows it by its name
    folder.rename(unseen)
    shutil.rmtree(unseen)


def _size(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def _made(folder: Path) -> date:
    return datetime.fromtimestamp(folder.stat().st_mtime, UTC).date()


def _old_core(today: date, in_use: str) -> list[Path]:
    folders = snapshot.in_core()
    lately = {in_use, *snapshot.history()[:CORE_KEPT]}
    return [path for path in folders if path.name not in lately and _made(path) < today - timedelta(days=DAYS_KEPT)]


def _old_raw(today: date) -> list[Path]:
    found = []
    for source in sorted((settings.data_dir() / "raw").glob("*/")):
        dated = deliveries.folders_of(source.name)
        last_of_month = {path.name[:7]: path for path in dated}  # the oldest first, so that the last one stays
        kept = {*dated[-RAW_KEPT:], *last_of_month.values()}
        limit = (today - timedelta(days=DAYS_KEPT)).isoformat()
        found += [path for path in dated if path not in kept and path.name[:10] < limit]
    return found


def _old_out(gone: set[str]) -> list[Path]:
    """Return the scores of the snapshots that go, or are gone."""
    there = {path.name for path in snapshot.in_core()} - gone | {snapshot.embedded_version()}
    folders = (settings.data_dir() / "out").glob("[!.]*-*/")
    return sorted(path for path in folders if path.name.rpartition("-")[2] not in there)
