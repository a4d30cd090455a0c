"""Immutable, dated snapshots with a manifest, and the one atomic switch between them.

Three kinds live under the data folder: ``raw/<source>/<date>/`` (what a publisher gave, never edited),
``core/<data_version>/`` (the contract-checked tables made from it) and
``out/<model_version>-<data_version>/`` (what the model made of the tables). The file ``core/CURRENT``
names the core snapshot in use; while it is absent the embedded demonstration snapshot is.
"""

import fcntl
import hashlib
import json
import os
import re
import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, date, datetime
from functools import lru_cache
from pathlib import Path
from typing import Any

import pandas as pd

from geodata import contracts, known, settings
from geodata.errors import SnapshotError
from geodata.snapshots import formats as store

MANIFEST = "manifest.json"
_VERSION = re.compile(r"[0-9a-f]{12}")
_OPTIONAL = ("context", "regional_incidence")  # core tables that the demonstration and older snapshots do without
_RESTORE = "restore a backup (python -m geodata restore) or import the sources again (python -m geodata refresh)"


@dataclass(frozen=True)
class SourceRecord:
    """What a core snapshot tells of one source: where its figures came from and how old they are."""

    source_id: str
    source_date: str
    rows_n: int
    address: str
    licence: str
    sha256: str
    retrieved_at: str = ""


@dataclass(frozen=True)
class RawSnapshot:
    """One delivery of one source, as its publisher gave it."""

    path: Path
    record: SourceRecord
    parameters: Mapping[str, str] = field(default_factory=dict)
    files: Mapping[str, str] = field(default_factory=dict)


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
            raise SnapshotError("snapshot_lacks_table", path=self.path, table=name, restore=_RESTORE)
        _prove(path, self.files[name])
        return _checked(name, path, self.files[name]).copy(deep=False)  # whoever changes it changes a copy


@lru_cache(maxsize=24)
def _checked(name: str, path: Path, _sha256: str) -> pd.DataFrame:
    """Read a table and hold it against its contract, once per version."""
    return contracts.completed(name, store.read_parquet(name, path))


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _prove(path: Path, sha256: str) -> None:
    if not path.is_file():
        raise SnapshotError("snapshot_lacks_file", path=path, restore=_RESTORE)
    if _digest_of(path, *_place(path)) != sha256:
        raise SnapshotError("snapshot_file_damaged", path=path, restore=_RESTORE)


def _read_manifest(folder: Path) -> dict[str, object]:
    path = folder / MANIFEST
    try:
        content = json.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        raise SnapshotError("snapshot_without_manifest", path=folder, manifest=MANIFEST, restore=_RESTORE) from None
    except (OSError, ValueError) as error:
        raise SnapshotError("manifest_unreadable", path=path, restore=_RESTORE) from error
    if not isinstance(content, dict):
        raise SnapshotError(f"The manifest {path} is not what a manifest should be; {_RESTORE}.")
    return content


@contextmanager
def _new_folder(target: Path) -> Iterator[Path]:
    """Fill a hidden folder beside ``target`` and give it the final name only when it is whole."""
    target.parent.mkdir(parents=True, exist_ok=True)
    part = Path(tempfile.mkdtemp(prefix=".part-", dir=target.parent))
    try:
        yield part
        for path in part.iterdir():
            with path.open("rb") as written:
                os.fsync(written.fileno())
        part.chmod(0o755)
        part.rename(target)
        _fsync_folder(target.parent)
    finally:
        shutil.rmtree(part, ignore_errors=True)


def _fsync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _write_json(path: Path, content: object) -> None:
    path.write_text(json.dumps(content, indent=1, ensure_ascii=False, sort_keys=True) + "\n", "utf-8")


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


# --- raw ---------------------------------------------------------------------------------------------


def write_raw(record: SourceRecord, files: Mapping[str, Path], parameters: Mapping[str, str]) -> RawSnapshot:
    """Store a delivery unchanged, under the date of today; a second one on a day gets a number."""
    folder = settings.data_dir() / "raw" / record.source_id
    today = datetime.now(UTC)
    record = SourceRecord(**{**asdict(record), "retrieved_at": today.isoformat(timespec="seconds")})
    name, count = today.date().isoformat(), 1
    while (folder / name).exists():
        count += 1
        name = f"{today.date().isoformat()}.{count}"
    target = folder / name
    with _new_folder(target) as part:
        digests = {}
        for file_name, origin in files.items():
            shutil.copyfile(origin, part / file_name)
            digests[file_name] = _digest(part / file_name)
        _write_json(part / MANIFEST, {"record": asdict(record), "parameters": dict(parameters), "files": digests})
    return RawSnapshot(target, record, dict(parameters), digests)


def discard_raw(raw: RawSnapshot) -> None:
    """Take back a delivery that turned out unusable when its tables were made."""
    shutil.rmtree(raw.path)


def put_aside(raw: RawSnapshot) -> Path:
    """Take a delivery out of the picture without erasing it; return where it is kept."""
    folder = settings.data_dir() / "aside" / raw.record.source_id
    folder.mkdir(parents=True, exist_ok=True)
    count = sum(1 for _ in folder.iterdir())
    target = folder / f"{raw.path.name}_{count}"
    raw.path.rename(target)
    return target


def every_raw() -> list[RawSnapshot]:
    """Return every delivery of every source, the older ones too."""
    folders = sorted((settings.data_dir() / "raw").glob("*/*/"))
    return [read_raw(folder) for folder in folders if not folder.name.startswith(".")]


def read_raw(folder: Path) -> RawSnapshot:
    """Return a stored delivery, proved to be unchanged.

    Raises
    ------
    SnapshotError
        The manifest or a file is missing or damaged.
    """
    content = _read_manifest(folder)
    try:
        raw = RawSnapshot(folder, SourceRecord(**content["record"]), content["parameters"], content["files"])  # type: ignore[arg-type]
    except (KeyError, TypeError) as error:
        raise SnapshotError(f"The manifest of {folder} is not what a manifest should be; {_RESTORE}.") from error
    for name, sha256 in raw.files.items():
        _prove(folder / name, sha256)
    return raw


def latest_raw(as_of: date | None = None) -> dict[str, RawSnapshot]:
    """Return the newest delivery of each source, or the newest that was known on a date."""
    folders = sorted((settings.data_dir() / "raw").glob("*/"))
    found = {folder.name: latest_raw_of(folder.name, as_of) for folder in folders}
    return {name: raw for name, raw in found.items() if raw is not None}


def latest_raw_of(source_id: str, as_of: date | None = None) -> RawSnapshot | None:
    """Return the newest delivery of one source, or the newest that was known on a date; None without one."""
    folder = settings.data_dir() / "raw" / source_id
    if not folder.is_dir():
        return None
    dated = deliveries(source_id)
    if as_of is not None:
        dated = [path for path in dated if date.fromisoformat(path.name[:10]) <= as_of]
    return read_raw(dated[-1]) if dated else None


def deliveries(source_id: str) -> list[Path]:
    """Return the folders of the deliveries of one source, the oldest first."""
    folder = settings.data_dir() / "raw" / source_id
    dated = [path for path in folder.glob("*/") if not path.name.startswith(".")]
    return sorted(dated, key=lambda path: (path.name[:10], int(path.name[11:] or 1)))


def sweep() -> None:
    """Remove what a process that was killed left half-written; only under the lock."""
    data = settings.data_dir()
    for pattern in ("raw/*/.part-*", "core/.part-*", "core/.build-*", ".fetch-*"):
        for folder in data.glob(pattern):
            shutil.rmtree(folder, ignore_errors=True)
    for file in data.glob("core/.CURRENT.*"):
        file.unlink(missing_ok=True)


# --- core --------------------------------------------------------------------------------------------


def write_tables(
    folder: Path, tables: Mapping[str, pd.DataFrame], sources: Sequence[SourceRecord], *, is_demonstration: bool
) -> str:
    """Write tables and their manifest into a folder; return the data version, a digest of the content."""
    for name, table in tables.items():
        store.write_parquet(table, folder / f"{name}.parquet")
    files = {name: _digest(folder / f"{name}.parquet") for name in sorted(tables)}
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
    _write_json(folder / MANIFEST, manifest)
    return data_version


def read_core(folder: Path) -> Snapshot:
    """Return the core snapshot in a folder, every file of it proved to be whole.

    Raises
    ------
    SnapshotError
        The folder, its manifest or a table is missing, damaged or half-written.
    """
    content = _read_manifest(folder)
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
        raise SnapshotError(f"The manifest of {folder} is not what a manifest should be; {_RESTORE}.") from error
    for name, sha256 in snapshot.files.items():
        _prove(folder / f"{name}.parquet", sha256)
    return snapshot


def write_core(
    tables: Mapping[str, pd.DataFrame], sources: Sequence[SourceRecord], *, is_demonstration: bool = False
) -> Snapshot:
    """Store core tables as a new snapshot and switch to it; until the switch the old one stays in use."""
    core = settings.data_dir() / "core"
    core.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".build-", dir=core) as scratch:
        version = write_tables(Path(scratch), tables, sources, is_demonstration=is_demonstration)
        target = core / version
        if not target.exists():
            with _new_folder(target) as part:
                for path in Path(scratch).iterdir():
                    shutil.copyfile(path, part / path.name)
    snapshot = read_core(target)
    switch(snapshot)
    return snapshot


def adopt(given: Snapshot) -> Snapshot:
    """Store a whole snapshot of another installation as it is, byte for byte, and switch to it."""
    target = settings.data_dir() / "core" / given.data_version
    if not target.exists():
        with _new_folder(target) as part:
            for name in (*(f"{table}.parquet" for table in given.files), MANIFEST):
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
    _fsync_folder(pointer.parent)
    now = int(datetime.now(UTC).timestamp())
    known.note("snapshot", now, data_version=snapshot.data_version, is_real=not snapshot.is_demonstration)


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
        raise SnapshotError("pointer_damaged", path=pointer, restore=_RESTORE) from error
    if not all(_VERSION.fullmatch(one) for one in versions):
        raise SnapshotError("pointer_damaged", path=pointer, restore=_RESTORE)
    if not versions and (known.was_there("snapshot") or in_core()):
        raise SnapshotError("pointer_gone", path=pointer, restore=_RESTORE)
    return versions


def in_core() -> list[Path]:
    """Return the folders of the core snapshots that lie there, the newest first."""
    manifests = _pointer_path().parent.glob(f"[0-9a-f]*/{MANIFEST}")
    return [path.parent for path in sorted(manifests, key=lambda path: path.stat().st_mtime, reverse=True)]


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
    return str(_read_manifest(settings.EMBEDDED_DIR)["data_version"])


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


# --- out ---------------------------------------------------------------------------------------------


def out_dir(model_version: str, data_version: str) -> Path:
    """Return the folder of what one version of the model made of one version of the data."""
    return settings.data_dir() / "out" / f"{model_version}-{data_version}"


def out_level(model_version: str, data_version: str, level: str, week: str = "") -> Path:
    """Return the folder of one level in it, as it stood at the end of a week; '' is the peildatum."""
    return out_dir(model_version, data_version) / (f"{level}@{week}" if week else level)


def other_pictures(model_version: str, data_version: str, level: str) -> list[tuple[date, Path]]:
    """Return when the pictures of a level by other versions were made, and their folders; the newest first."""
    own = out_level(model_version, data_version, level)
    found = [path.parent for path in own.parent.parent.glob(f"*/{level}/facts.json") if path.parent != own]
    made = sorted(((path.stat().st_mtime, path) for path in found), reverse=True)
    return [(datetime.fromtimestamp(moment, UTC).date(), path) for moment, path in made]


@contextmanager
def one_at_a_time(folder: Path) -> Iterator[None]:
    """Wait until no other process computes what belongs in a folder; a crash frees the place.

    Raises
    ------
    SnapshotError
        The place cannot be written.
    """
    lock = folder.parent / f".{folder.name}.lock"
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        handle = lock.open("w")
    except OSError as error:
        raise _unwritable(folder, error) from error
    with handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def _unwritable(folder: Path, error: OSError) -> SnapshotError:
    return SnapshotError("scores_unwritable", path=folder, cause=error.strerror or error)


def write_out(folder: Path, tables: Mapping[str, pd.DataFrame], facts: Mapping[str, object]) -> None:
    """Store a finished computation in one step, in the place of an older one, with a digest of each table.

    Raises
    ------
    SnapshotError
        The place cannot be written; an older computation stays.
    """
    try:
        _write_out(folder, tables, facts)
    except OSError as error:
        raise _unwritable(folder, error) from error


def _write_out(folder: Path, tables: Mapping[str, pd.DataFrame], facts: Mapping[str, object]) -> None:
    part = folder.with_name(f".new-{folder.name}")
    shutil.rmtree(part, ignore_errors=True)
    with _new_folder(part) as filled:
        for name, table in tables.items():
            store.write_parquet(table, filled / f"{name}.parquet")
        files = {name: _digest(filled / f"{name}.parquet") for name in tables}
        _write_json(filled / "facts.json", {**facts, "files": files})
    # Two renames: whoever reads meanwhile finds the older computation or this one, hardly ever none.
    gone = folder.with_name(f".old-{folder.name}")
    shutil.rmtree(gone, ignore_errors=True)
    if folder.exists():
        folder.rename(gone)
    part.rename(folder)
    shutil.rmtree(gone, ignore_errors=True)


def _is_whole(folder: Path, facts: Mapping[str, Any]) -> bool:
    """Tell whether the tables of a finished computation are the ones that were written; damaged ones are made anew."""
    files = facts.get("files")
    if not isinstance(files, dict):
        return False
    try:
        return all(
            _digest_of(path, *_place(path)) == sha256
            for path, sha256 in ((folder / f"{name}.parquet", one) for name, one in files.items())
        )
    except OSError:
        return False


def _place(path: Path) -> tuple[int, int, int]:
    found = path.stat()
    return found.st_ino, found.st_size, found.st_mtime_ns


@lru_cache(maxsize=512)
def _digest_of(path: Path, _inode: int, _size: int, _changed: int) -> str:
    """Return the digest of a file, taken once for as long as it stays as it is."""
    return _digest(path)


def made_by(folder: Path, **code_sha256: str) -> dict[str, Any] | None:
    """Return the facts of a finished computation that some code made; None where it is another's, or not whole.

    Parameters
    ----------
    code_sha256
        The name of the fact that holds the digest of the code, with that digest.
    """
    try:
        facts = read_facts(folder)
    except SnapshotError:
        return None
    is_ours = all(facts.get(name) == digest for name, digest in code_sha256.items())
    return facts if is_ours and _is_whole(folder, facts) else None


def read_facts(folder: Path) -> dict[str, Any]:
    """Return the facts of a finished computation.

    Raises
    ------
    SnapshotError
        They are missing or damaged.
    """
    path = folder / "facts.json"
    try:
        return dict(_facts(path, *_place(path)))
    except (OSError, ValueError) as error:
        raise SnapshotError(f"{path} cannot be read; remove the folder {folder} and it is computed anew.") from error


@lru_cache(maxsize=64)
def _facts(path: Path, _inode: int, _size: int, _changed: int) -> dict[str, Any]:
    """Return the facts in a file, read once for as long as it stays as it is: every choice on a page asks for them."""
    content: dict[str, Any] = json.loads(path.read_text("utf-8"))
    return content
