"""What a model made of the tables: ``out/<model_version>-<data_version>/<level>/`` in the data folder.

Where that has no room, or may not be written, a process keeps what it made in a folder of its own, and forgets it when
it ends: a picture is needed most when a machine fails.
"""

import errno
import fcntl
import json
import logging
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, date, datetime
from functools import cache, lru_cache
from pathlib import Path
from typing import IO, Any, Final, TypeVar

import pandas as pd

from geodata import settings
from geodata.errors import SnapshotError
from geodata.snapshots import formats as store
from geodata.snapshots import manifests

_LOG = logging.getLogger(__name__)
_Result = TypeVar("_Result")

_KEPT_N: Final = 48
_KEPT_BYTES: Final = 2_000_000  # on disk, some fifteen times that in memory; the demonstration's largest is a third


_NO_ROOM: Final = (errno.EROFS, errno.EACCES, errno.EPERM, errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
_ROOM_BYTES: Final = 4_000_000
_apart: dict[Path, OSError] = {}
"""Folders that could not be written, whose place this process's own one takes."""


def out_dir(model_version: str, data_version: str) -> Path:
    """Return the folder of what one version of the model made of one version of the data."""
    return settings.data_dir() / "out" / f"{model_version}-{data_version}"


def out_level(model_version: str, data_version: str, level: str, week: str = "") -> Path:
    """Return the folder of one level in it, as it stood at the end of a week; '' is the peildatum.

    Parameters
    ----------
    model_version
        Of the declaration of the index.
    data_version
        Of the snapshot.
    level
        ``vr``, ``gemeente`` or ``site``.
    week
        Such as ``2020-W22``; '' is the peildatum.
    """
    folder = out_dir(model_version, data_version) / (f"{level}@{week}" if week else level)
    return _own(folder) if folder in _apart else folder


@cache
def _own_root() -> tempfile.TemporaryDirectory[str]:
    return tempfile.TemporaryDirectory(prefix="risicobeeld-out-")


def _own(folder: Path) -> Path:
    """Return the place of a folder that cannot be written, for this account's eyes alone."""
    return Path(_own_root().name, *folder.absolute().parts[1:])


def refuse_unwritable() -> None:
    """Stop before anything is computed that could not be kept: for who is asked to keep it.

    Raises
    ------
    SnapshotError
        With the place and the cause.
    """
    place = settings.data_dir() / "out"
    try:
        place.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=place) as file:
            os.posix_fallocate(file.fileno(), 0, _ROOM_BYTES)
    except OSError as error:
        raise _unwritable(place, error) from error


def refuse_apart() -> None:
    """Stop when something could not be kept, as on a disk that filled meanwhile: for who is asked to keep it.

    Raises
    ------
    SnapshotError
        With the place and the cause.
    """
    for folder, error in _apart.items():
        raise _unwritable(folder, error) from error


def other_pictures(model_version: str, data_version: str, level: str) -> list[tuple[date, Path]]:
    """Return when the pictures of a level by other versions were made, and their folders; the newest first.

    Parameters
    ----------
    model_version
        Of the declaration of the index.
    data_version
        Of the snapshot.
    level
        ``vr``, ``gemeente`` or ``site``.
    """
    own = out_dir(model_version, data_version) / level
    found = [path.parent for path in own.parent.parent.glob(f"*/{level}/facts.json") if path.parent != own]
    made = sorted(((path.stat().st_mtime, path) for path in found), reverse=True)
    return [(datetime.fromtimestamp(moment, UTC).date(), path) for moment, path in made]


@contextmanager
def one_at_a_time(folder: Path) -> Iterator[None]:
    """Wait until no other process computes what belongs in a folder; a crash frees the place.

    Raises
    ------
    SnapshotError
        The place cannot be written, nor one of this process's own.
    """
    handle, _ = _there_or_apart(folder, _lock_of)
    with handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def _there_or_apart(folder: Path, act: Callable[[Path], _Result]) -> tuple[_Result, OSError | None]:
    """Do something in a folder; where that has no room, in the place of this process's own, and give why."""
    try:
        try:
            return act(folder), None
        except OSError as error:
            if error.errno not in _NO_ROOM:
                raise
            return act(_own(folder)), error
    except OSError as error:
        raise _unwritable(folder, error) from error


def _lock_of(folder: Path) -> IO[str]:
    folder.parent.mkdir(parents=True, exist_ok=True)
    return (folder.parent / f".{folder.name}.lock").open("w")


def _unwritable(folder: Path, error: OSError) -> SnapshotError:
    return SnapshotError("scores_unwritable", path=folder, cause=error.strerror or error)


def write_out(folder: Path, tables: Mapping[str, pd.DataFrame], facts: Mapping[str, object]) -> None:
    """Store a finished computation in one step, in the place of an older one, with a digest of each table.

    Where it cannot be kept `out_level` names a place of this process's own from now on, which the log tells.

    Parameters
    ----------
    folder
        Where it is written.
    tables
        By name.
    facts
        What is told of the whole.

    Raises
    ------
    SnapshotError
        Neither place can be written; an older computation stays.
    """
    _, refused = _there_or_apart(folder, lambda place: _write_out(place, tables, facts))
    if refused:
        _LOG.warning("%s These were computed for this process alone.", _unwritable(folder, refused))
        _apart[folder] = refused


def _write_out(folder: Path, tables: Mapping[str, pd.DataFrame], facts: Mapping[str, object]) -> None:
    part = folder.with_name(f".new-{folder.name}")
    shutil.rmtree(part, ignore_errors=True)
    with manifests.new_folder(part) as filled:
        for name, table in tables.items():
            store.write_parquet(table, filled / f"{name}.parquet")
        files = {name: manifests.digest(filled / f"{name}.parquet") for name in tables}
        manifests.write_json(filled / "facts.json", {**facts, "files": files})
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
            manifests.digest_of(path, *manifests.place(path)) == sha256
            for path, sha256 in ((folder / f"{name}.parquet", one) for name, one in files.items())
        )
    except OSError:
        return False


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


def read_table(folder: Path, name: str) -> pd.DataFrame:
    """Return a table of a finished computation by its contract; nobody may write in it.

    All viewers share it: it is read and checked once for as long as the file stays what it is. Each keeps a part of a
    large one, so that is read anew for each.

    Raises
    ------
    SnapshotError, ContractError
        As for `formats.read_parquet`.
    """
    path = folder / f"{name}.parquet"
    try:
        _, size, _ = place = manifests.place(path)
    except OSError as error:
        raise SnapshotError("table_unreadable", table=name, path=path) from error
    return _table(name, path, *place) if size <= _KEPT_BYTES else store.read_parquet(name, path)


@lru_cache(maxsize=_KEPT_N)
def _table(name: str, path: Path, _inode: int, _size: int, _changed: int) -> pd.DataFrame:
    return store.read_parquet(name, path)


def read_facts(folder: Path) -> dict[str, Any]:
    """Return the facts of a finished computation.

    Raises
    ------
    SnapshotError
        They are missing or damaged.
    """
    path = folder / "facts.json"
    try:
        return dict(_facts(path, *manifests.place(path)))
    except (OSError, ValueError) as error:
        raise SnapshotError(f"{path} cannot be read; remove the folder {folder} and it is computed anew.") from error


@lru_cache(maxsize=64)
def _facts(path: Path, _inode: int, _size: int, _changed: int) -> dict[str, Any]:
    """Return the facts in a file, read once for as long as it stays as it is: every choice on a page asks for them."""
    content: dict[str, Any] = json.loads(path.read_text("utf-8"))
    return content
