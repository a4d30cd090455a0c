"""Immutable snapshots of the core tables, ``core/<data_version>/``, and the one atomic switch between them.

They are made of `geodata.snapshots.deliveries`, and `geodata.snapshots.computed` is made of them. The file
``core/CURRENT`` names the snapshot in use; while it is absent the embedded demonstration snapshot is.

`prune` removes old ones by one rule; what each was stays in the backups, as its manifest. Kept are: of the core
snapshots those in use lately (`CORE_KEPT`) and all of the last `DAYS_KEPT` days; of each source's deliveries the
newest ones (`RAW_KEPT`), the last of every month, and all of the last `DAYS_KEPT` days; of the scores those of the
snapshots that are kept, and of the demonstration.
"""

import fcntl
import hashlib
import json
import re
import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext, suppress
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from pathlib import Path
from typing import Final

import pandas as pd

from geodata import contracts, known, settings
from geodata.errors import InputError, SnapshotError
from geodata.snapshots import deliveries, manifests
from geodata.snapshots import formats as store
from geodata.snapshots.manifests import SourceRecord

_VERSION = re.compile(r"[0-9a-f]{12}")
_OPTIONAL = ("context", "regional_incidence")  # core tables that the demonstration and older snapshots do without
CORE_KEPT: Final = 5
RAW_KEPT: Final = 5
DAYS_KEPT: Final = 30


@dataclass(frozen=True)
class Snapshot:
    """A set of core tables that belong together."""

    path: Path
    data_version: str
    is_demonstration: bool
    sources: tuple[SourceRecord, ...]
    files: Mapping[str, str]
    rows_n: Mapping[str, int]

    def table(self, name: str) -> pd.DataFrame:
        """Return one table, proved to be the one that was written.

        Raises
        ------
        SnapshotError
            The file is missing, damaged or half-written.
        """
        path = self.path / f"{name}.parquet"
        if name in _OPTIONAL and name not in self.files:
            return contracts.empty(name)
        if name not in self.files:
            raise SnapshotError("snapshot_lacks_table", path=self.path, table=name, restore=manifests.RESTORE)
        manifests.prove(path, self.files[name])
        return _checked(_Proved(name, self.files[name], path)).copy(deep=False)  # whoever changes it changes a copy


@dataclass(frozen=True)
class _Proved:
    """A table by its content, wherever its file lies: a delivery leaves most tables as they were."""

    name: str
    sha256: str
    path: Path = field(compare=False)


@lru_cache(maxsize=24)
def _checked(proved: _Proved) -> pd.DataFrame:
    """Read a table and hold it against its contract, once for each content."""
    return contracts.completed(proved.name, store.read_parquet(proved.name, proved.path))


@contextmanager
def lock() -> Iterator[None]:
    """Let one import or refresh run at a time; the kernel frees the lock when the process ends, however.

    Raises
    ------
    SnapshotError
        Another import or refresh is running.
    """
    folder = settings.data_dir()
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / ".lock").open("w") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise SnapshotError("import_running", folder=folder) from None
        yield


def sweep() -> None:
    """Remove what a process that was killed left half-written; only under the lock."""
    data = settings.data_dir()
    for pattern in ("raw/*/.part-*", "core/.part-*", "core/.build-*", "out/.part-*", ".fetch-*"):
        for folder in data.glob(pattern):
            shutil.rmtree(folder, ignore_errors=True)
    for file in data.glob("core/.CURRENT.*"):
        file.unlink(missing_ok=True)


def write_tables(
    folder: Path, tables: Mapping[str, pd.DataFrame], sources: Sequence[SourceRecord], *, is_demonstration: bool
) -> str:
    """Write tables and their manifest into a folder; return the data version, a digest of the content.

    Parameters
    ----------
    folder
        Where it is written.
    tables
        By name, each by its contract.
    sources
        What the tables rest on.
    is_demonstration
        Whether the figures are invented.
    """
    for name, table in tables.items():
        store.write_parquet(table, folder / f"{name}.parquet")
    files = {name: manifests.digest(folder / f"{name}.parquet") for name in sorted(tables)}
    # When a delivery came is no part of what it is: the same file twice is one version.
    origin = json.dumps([files, [asdict(replace(record, retrieved_at="")) for record in sources]], sort_keys=True)
    data_version = hashlib.sha256(origin.encode()).hexdigest()[:12]
    manifest = {
        "data_version": data_version,
        "is_demonstration": is_demonstration,
        "sources": [asdict(record) for record in sources],
        "files": files,
        "rows_n": {name: len(table) for name, table in tables.items()},
    }
    manifests.write_json(folder / manifests.MANIFEST, manifest)
    return data_version


def read_core(folder: Path) -> Snapshot:
    """Return the core snapshot in a folder, every file of it proved to be whole.

    Raises
    ------
    SnapshotError
        The folder, its manifest or a table is missing, damaged or half-written.
    """
    content = manifests.read_manifest(folder)
    try:
        snapshot = Snapshot(
            folder,
            str(content["data_version"]),
            bool(content["is_demonstration"]),
            tuple(SourceRecord(**record) for record in content["sources"]),  # type: ignore[attr-defined]
            content["files"],  # type: ignore[arg-type]
            content["rows_n"],  # type: ignore[arg-type]
        )
    except (KeyError, TypeError) as error:
        raise SnapshotError(
            f"The manifest of {folder} is not what a manifest should be; {manifests.RESTORE}."
        ) from error
    for name, sha256 in snapshot.files.items():
        manifests.prove(folder / f"{name}.parquet", sha256)
    return snapshot


def write_core(
    tables: Mapping[str, pd.DataFrame], sources: Sequence[SourceRecord], *, is_demonstration: bool = False
) -> Snapshot:
    """Store core tables as a new snapshot and switch to it; until the switch the old one stays in use.

    Parameters
    ----------
    tables
        By name, each by its contract.
    sources
        What the tables rest on.
    is_demonstration
        Whether the figures are invented.
    """
    core = settings.data_dir() / "core"
    core.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".build-", dir=core) as scratch:
        version = write_tables(Path(scratch), tables, sources, is_demonstration=is_demonstration)
        target = core / version
        if not target.exists():
            with manifests.new_folder(target) as part:
                for path in Path(scratch).iterdir():
                    shutil.copyfile(path, part / path.name)
    snapshot = read_core(target)
    switch(snapshot)
    return snapshot


def adopt(given: Snapshot) -> Snapshot:
    """Store a whole snapshot of another installation as it is, byte for byte, and switch to it."""
    target = settings.data_dir() / "core" / given.data_version
    if not target.exists():
        with manifests.new_folder(target) as part:
            for name in (*(f"{table}.parquet" for table in given.files), manifests.MANIFEST):
                shutil.copyfile(given.path / name, part / name)
    adopted = read_core(target)
    switch(adopted)
    return adopted


def switch(snapshot: Snapshot) -> None:
    """Make a core snapshot the one in use, in one step, and remember the one before it."""
    pointer = _pointer_path()
    versions = [snapshot.data_version, *(one for one in history() if one != snapshot.data_version)]
    with store.whole_file(pointer) as part:
        part.write_text("\n".join(versions) + "\n", "utf-8")
    if known.was_there("register"):
        known.leave_mark(pointer.parent)
    manifests.fsync_folder(pointer.parent)
    now = int(datetime.now(UTC).timestamp())
    with suppress(OSError, InputError):  # it is in use; also after a switch by a clock that was ahead
        known.replace("snapshot", now, data_version=snapshot.data_version, is_real=not snapshot.is_demonstration)


def _pointer_path() -> Path:
    return settings.data_dir() / "core" / "CURRENT"


def show_embedded() -> Snapshot:
    """Show the embedded demonstration again; the versions that were in use stay on disk."""
    embedded = read_core(settings.EMBEDDED_DIR)
    if history():  # an installation that never had figures of its own names none
        switch(embedded)
    return embedded


def _pointer() -> list[str]:
    """Return the versions that ``core/CURRENT`` names, the newest first; none before the first import."""
    pointer = _pointer_path()
    try:
        versions = pointer.read_text("utf-8").split()
    except FileNotFoundError:
        versions = []
    except (OSError, ValueError) as error:
        raise SnapshotError("pointer_damaged", path=pointer, restore=manifests.RESTORE) from error
    if not all(_VERSION.fullmatch(one) for one in versions):
        raise SnapshotError("pointer_damaged", path=pointer, restore=manifests.RESTORE)
    if not versions and (known.was_there("snapshot") or in_core()):
        raise SnapshotError("pointer_gone", path=pointer, restore=manifests.RESTORE)
    return versions


def in_core() -> list[Path]:
    """Return the folders of the core snapshots that lie there, the newest first."""
    found = _pointer_path().parent.glob(f"[0-9a-f]*/{manifests.MANIFEST}")
    return [path.parent for path in sorted(found, key=lambda path: path.stat().st_mtime, reverse=True)]


def history() -> list[str]:
    """Return the versions that were in use, as well as it is known: a damaged pointer forgets the order."""
    try:
        return _pointer()
    except SnapshotError:
        return [folder.name for folder in in_core()]


def current() -> Snapshot:
    """Return the core snapshot in use: the one ``core/CURRENT`` names, else the embedded demonstration.

    Raises
    ------
    SnapshotError
        It is missing, damaged or half-written, or real figures were in use and nothing tells which. Nothing takes
        its place unasked: see `last_good`.
    """
    versions = _pointer()
    if not versions:
        return read_core(settings.EMBEDDED_DIR)
    return version(versions[0])


def version(data_version: str) -> Snapshot:
    """Return the core snapshot of a version.

    Raises
    ------
    SnapshotError
        There is none, or it is damaged.
    """
    own = settings.data_dir() / "core" / data_version
    if not own.is_dir() and embedded_version() == data_version:
        return read_core(settings.EMBEDDED_DIR)
    return read_core(own)


def embedded_version() -> str:
    """Return the version of the demonstration that ships with the product."""
    return str(manifests.read_manifest(settings.EMBEDDED_DIR)["data_version"])


def last_good() -> Snapshot | None:
    """Return the newest snapshot that is whole, for a page that must show something; never invented for real."""
    had_real_figures = known.read("snapshot").get("is_real", True)
    for data_version in history():
        try:
            found = version(data_version)
        except SnapshotError:
            continue
        if not (had_real_figures and found.is_demonstration):
            return found
    return None


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
    with nullcontext() if dry_run else lock():  # looking on needs no room and is in nobody's way
        in_use = current().data_version
        if not dry_run:
            sweep()
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
    folders = in_core()
    lately = {in_use, *history()[:CORE_KEPT]}
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
    there = {path.name for path in in_core()} - gone | {embedded_version()}
    folders = (settings.data_dir() / "out").glob("[!.]*-*/")
    return sorted(path for path in folders if path.name.rpartition("-")[2] not in there)
