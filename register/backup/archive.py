"""The file of a backup: every row of the database, the files of the data folder, and a list of both with digests.

A backup is a zip with ``manifest.json``, ``database.sqlite`` and ``files/``. What is in it is told by what is left
out: everything in the data folder and the database is in, but what stands in `MADE_AGAIN` and the content of older
deliveries and snapshots, of which the manifest is kept. Backups of version 1.0 were an SQLite file with the
register's rows alone; they are read too.

What is made on the way holds rows of the register, so that none of it may outlive its process: the kernel frees the
lock on a folder of `scratch` when its process ends, however that ends, and what is left of one that was killed is
removed by the next.
"""

import fcntl
import fnmatch
import hashlib
import json
import os
import shutil
import sqlite3
import tempfile
import time
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine
from sqlalchemy.exc import DBAPIError

from access.database import engine as database
from geodata import settings
from geodata.errors import InputError, RegisterError, SnapshotError
from geodata.snapshots import manifests, snapshot
from register.backup import sealed
from register.periods import periods

MANIFEST: Final = "manifest.json"
DATABASE: Final = "database.sqlite"
FILES: Final = "files"
FORMAT: Final = 2
VERSIONS: Final = "alembic_version"
"""The table that tells which migration a database is at."""
MADE_AGAIN: Final[Mapping[str, str]] = {
    "out/*": "scores, computed again from the figures",
    "cache/*": "what public sources gave, fetched again",
    "known/*": "written again by the restore",
    "register/register.sqlite*": "the database, whose rows are in the backup",
    "register/backups/*": "the backups themselves",
    "register/aside/*": "what a restore kept aside",
    "*.lock": "locks of running processes",
}
"""Files of the data folder that a backup leaves out, and why nobody loses them."""
_FIRST_FACTS: Final = "register_backup"
_FIRST_REVISION: Final = "0001"
_NEW_SECONDS: Final = 60
"""One that is so new may have been made a moment ago, and be locked in the next."""


@dataclass(frozen=True)
class Backup:
    """One backup: where it lies, how much of the chain it holds, and until when it may be used.

    Attributes
    ----------
    tables, files
        How many rows of each table and bytes of each file are in it.
    problem
        What was damaged when it was made, besides the register; '' when nothing was.
    """

    path: Path
    events_n: int
    head: str
    expires_on: date
    tables: Mapping[str, int] = field(default_factory=dict)
    files: Mapping[str, int] = field(default_factory=dict)
    problem: str = ""


_BROKEN: Final = (
    OSError,
    EOFError,
    ValueError,
    LookupError,
    TypeError,
    AttributeError,
    OverflowError,
    RuntimeError,  # encrypted, packed in a way that nobody knows, or a list in lists without end
    zipfile.BadZipFile,
    zlib.error,
)
"""What a zip or a list that is not as it was written may raise."""


@dataclass(frozen=True)
class _List:
    """The list of a backup: its moment, the facts of each table, and the sha256 of each file."""

    made_at: datetime
    tables: Mapping[str, Any]
    files: Mapping[str, str]

    @classmethod
    def of(cls, told: Any) -> "_List | None":
        """Read it; None when it is of no backup that this program knows. What it lacks raises one of `_BROKEN`."""
        if not isinstance(told, dict) or told.get("format") != FORMAT:
            return None
        made_at = datetime.fromisoformat(told["made_at"])
        expires_on(made_at)  # a year that has no day after it is none
        files = {name: str(facts["sha256"]) for name, facts in told["files"].items()}
        return cls(made_at, dict(told["tables"].items()), files)


@dataclass(frozen=True)
class Incoming:
    """A backup that was opened and found whole, its database brought up to date.

    Attributes
    ----------
    engine
        Of its database.
    tables
        The tables that the backup tells of; one of version 1.0 knows the register's alone.
    files
        Where its files lie, by their path in the data folder.
    """

    made_at: datetime
    engine: Engine
    tables: tuple[str, ...]
    files: Mapping[str, Path]


# --- what is in it ----------------------------------------------------------------------------------------


def files_kept() -> list[str]:
    """Return the files of the data folder that a backup holds, by their path in it."""
    data = settings.data_dir()
    found = (path.relative_to(data).as_posix() for path in sorted(data.rglob("*")) if path.is_file())
    whole = _whole_folders(data)
    return [name for name in found if not _is_made_again(name) and _is_kept(name, whole)]


def _is_made_again(name: str) -> bool:
    hidden = any(part.startswith(".") for part in Path(name).parts)  # half-written, or a lock
    return hidden or any(fnmatch.fnmatch(name, pattern) for pattern in MADE_AGAIN)


def _is_kept(name: str, whole: set[str]) -> bool:
    parts = Path(name).parts
    versions = {"core": 2, "raw": 3}.get(parts[0], 0)  # core/VERSION/file, raw/SOURCE/DATE/file
    if not versions or len(parts) <= versions:
        return True
    return parts[-1] == manifests.MANIFEST or "/".join(parts[:versions]) in whole


def _whole_folders(data: Path) -> set[str]:
    """Return the snapshot in use and the newest delivery of each source: of these every file is kept."""
    deliveries = {max(dated, key=_by_date) for source in (data / "raw").glob("*/") if (dated := _dated(source))}
    try:
        in_use = {snapshot.current().path}
    except SnapshotError:  # told by the backup; what there is of it may still be of use
        in_use = set((data / "core").glob("*/"))
    return {path.relative_to(data).as_posix() for path in deliveries | in_use if path.is_relative_to(data)}


def _dated(source: Path) -> list[Path]:
    return [path for path in source.iterdir() if path.is_dir() and not path.name.startswith(".")]


def _by_date(path: Path) -> tuple[str, int]:
    return path.name[:10], int(path.name[11:] or 1)


def tables_of(connection: Connection) -> list[sa.Table]:
    """Return every table of a database, a table that others refer to before them."""
    found = sa.MetaData()
    found.reflect(connection)
    return [table for table in found.sorted_tables if table.name != _FIRST_FACTS]


def facts_of(connection: Connection, table: sa.Table) -> dict[str, Any]:
    """Return how many rows a table has, and a digest of them that does not depend on their order or the database."""
    rows = sorted(_row_digest(row) for part in in_parts(connection, table) for row in part)
    return {"rows_n": len(rows), "sha256": hashlib.sha256("".join(rows).encode()).hexdigest()}


def _row_digest(row: Mapping[str, Any]) -> str:
    plain = {name: value.hex() if isinstance(value, bytes) else value for name, value in row.items()}
    return hashlib.sha256(json.dumps(plain, sort_keys=True, ensure_ascii=False).encode()).hexdigest()


def in_parts(connection: Connection, table: sa.Table) -> Iterator[list[dict[str, Any]]]:
    """Read a table a part at a time."""
    size = 1 if any(isinstance(column.type, sa.LargeBinary) for column in table.columns) else 1000  # a file is 20 MB
    result = connection.execute(sa.select(table).execution_options(yield_per=size))
    for part in result.mappings().partitions(size):
        yield [dict(row) for row in part]


def file_digest(path: Path) -> str:
    """Return the sha256 of a file."""
    with path.open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()


# --- opening one ------------------------------------------------------------------------------------------


@contextmanager
def open_backup(path: Path, identity: Path | None = None) -> Iterator[Incoming]:
    """Open a backup and prove that all of it is as it was written.

    Parameters
    ----------
    identity
        The file with the secret key, for a copy that is encrypted.

    Raises
    ------
    RegisterError
        It is no backup, it is damaged, it is of a newer version, or its key is not there.
    """
    if not path.is_file():
        raise RegisterError(f"There is no backup {path}; look in {folder()}.")
    with scratch("restore-") as place:
        plain = sealed.decrypted(path, place / "plain", identity) if sealed.is_sealed(path) else path
        if zipfile.is_zipfile(plain):
            yield from _unpacked(path, plain, place)
        else:
            yield from _first(path, plain, place)


def _unpacked(path: Path, plain: Path, place: Path) -> Iterator[Incoming]:
    """Unpack a backup and hold everything in it against its list."""
    try:
        with zipfile.ZipFile(plain) as archive:
            archive.extractall(place / "in")
        told = _List.of(json.loads((place / "in" / MANIFEST).read_text("utf-8")))
    except _BROKEN as error:
        raise RegisterError(f"The backup {path} cannot be used ({error}); choose another one.") from error
    if told is None:
        raise RegisterError(f"{path} is no backup that this program knows; choose a file ending in {SUFFIX}.")
    if any(Path(name).is_absolute() or ".." in Path(name).parts for name in told.files):
        raise RegisterError(f"Backup {path} names files outside of the data folder; choose another one.")
    if foreign := next(filter(_is_made_again, told.files), ""):  # such as the database itself, under the rows
        raise RegisterError(f"Backup {path} names {foreign}, which no backup holds; choose another one.")
    files = {name: place / "in" / FILES / name for name in told.files}
    changed = [name for name, one in files.items() if not one.is_file() or file_digest(one) != told.files[name]]
    with _database(path, place / "in" / DATABASE) as engine:
        with engine.connect() as connection:
            tables = {table.name: table for table in tables_of(connection)}
            changed += [
                name
                for name, facts in told.tables.items()
                if name not in tables or facts_of(connection, tables[name]) != facts
            ]
        if changed:
            raise RegisterError(f"Backup {path} is damaged: {changed[0]} is not what was written; choose another one.")
        _bring_up_to_date(path, engine)
        yield Incoming(told.made_at, engine, tuple(told.tables), files)


def _first(path: Path, plain: Path, place: Path) -> Iterator[Incoming]:
    """Open a backup of version 1.0, which holds the register alone."""
    copy = place / DATABASE
    copy.write_bytes(plain.read_bytes())
    with _database(path, copy) as engine:
        with engine.begin() as connection:
            names = [table.name for table in tables_of(connection)]
            if not sa.inspect(connection).has_table(_FIRST_FACTS):
                raise RegisterError(f"{path} is no backup of the register; choose a file ending in {SUFFIX}.")
            made_at = connection.execute(sa.text(f"SELECT made_at FROM {_FIRST_FACTS}")).scalar_one()  # noqa: S608
            connection.execute(sa.text("CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL)"))
            connection.execute(sa.text(f"INSERT INTO alembic_version VALUES ('{_FIRST_REVISION}')"))  # noqa: S608
        _bring_up_to_date(path, engine)
        yield Incoming(datetime.fromisoformat(made_at), engine, tuple(names), {})


@contextmanager
def _database(path: Path, file: Path) -> Iterator[Engine]:
    engine = sa.create_engine(f"sqlite:///{file}", poolclass=sa.NullPool)
    try:
        yield engine
    except (DBAPIError, sqlite3.Error) as error:
        cause = getattr(error, "orig", error)
        raise RegisterError(f"The backup {path} cannot be used ({cause}); choose another one.") from error
    finally:
        engine.dispose()


def _bring_up_to_date(path: Path, engine: Engine) -> None:
    with engine.connect() as connection:
        revision = str(connection.execute(sa.text("SELECT version_num FROM alembic_version")).scalar() or "")
    if revision > database.REVISION:
        raise RegisterError(
            f"Backup {path} is of a newer version ({revision}) than this program ({database.REVISION});"
            " update the program."
        )
    if revision == database.REVISION:
        return
    from access.database.migrate import upgrade  # noqa: PLC0415 - Alembic is slow to load and seldom needed

    upgrade(engine)


SUFFIX: Final = ".backup.zip"
"""How a backup ends; those of version 1.0 end in .backup.sqlite, a copy off the machine then in .age."""
_STAMP: Final = "%Y-%m-%dT%H%M%S.%fZ"


def folder() -> Path:
    """Return where backups lie unless another place is asked."""
    return settings.data_dir() / "register" / "backups"


def new_path(now: datetime) -> Path:
    """Return the path of a backup that is made now."""
    return folder() / f"{now.strftime(_STAMP)}{SUFFIX}"


def made(place: Path | None = None) -> list[tuple[datetime, Path]]:
    """Return the backups in a folder with the moment of each, the newest first."""
    paths = [path for path in (place or folder()).glob("*.backup.*") if not path.name.startswith(".")]
    return sorted(((_moment(path), path) for path in paths), reverse=True)


def _moment(path: Path) -> datetime:
    try:
        return datetime.strptime(path.name.split(".backup.")[0], _STAMP).replace(tzinfo=UTC)
    except ValueError:
        return datetime.fromtimestamp(path.stat().st_mtime, UTC)


def expires_on(made_at: datetime) -> date:
    """Return the last day on which a backup may be used."""
    return made_at.date() + timedelta(days=periods()["backup"].days)


@contextmanager
def scratch(prefix: str, folder: Path | None = None) -> Iterator[Path]:
    """Give a folder of one's own that is removed at the end, and first what killed processes left of theirs.

    Parameters
    ----------
    prefix
        How it begins; what begins so is taken for one.
    folder
        Where; the folder for temporary files by default.

    Raises
    ------
    InputError
        It cannot be made there.
    """
    root = folder or Path(tempfile.gettempdir())
    _sweep(root, prefix)
    try:
        made = tempfile.TemporaryDirectory(prefix=prefix, dir=root)
    except OSError as error:
        raise InputError(
            f"{root} cannot be written ({error.strerror}); choose a folder that exists and is yours."
        ) from error
    with made as name, _locked(Path(name)):
        yield Path(name)


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    finally:
        os.close(handle)


def _sweep(root: Path, prefix: str) -> None:
    for folder in root.glob(f"{prefix}*"):
        try:
            about = folder.lstat()
            if about.st_uid != os.getuid() or time.time() - about.st_mtime < _NEW_SECONDS:
                continue
            with _locked(folder):
                shutil.rmtree(folder, ignore_errors=True)
        except OSError:  # somebody's who lives, or gone meanwhile
            continue
