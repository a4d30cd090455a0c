"""Backup and restore, alike on SQLite and PostgreSQL: a backup is one SQLite file with the register's rows."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection
from sqlalchemy.exc import DBAPIError

from access.database import engine as database
from access.database.engine import ALL_TABLES, contents, drafts, events, files
from access.database.who import UPKEEP
from geodata import settings
from geodata.errors import RegisterError
from geodata.snapshots import formats as store
from register import chain, ledger, retention
from register.events import erase_content, latest

_SUFFIX = ".backup.sqlite"
_facts = sa.Table("register_backup", sa.MetaData(), sa.Column("made_at", sa.String(32), primary_key=True))


@dataclass(frozen=True)
class Backup:
    """One backup: where it lies, how much of the chain it holds, and until when it may be used."""

    path: Path
    events_n: int
    head: str
    expires_on: date


@dataclass(frozen=True)
class Restored:
    """What a restore did."""

    events_n: int
    erased_again_n: int
    left_out_n: int
    kept_before: Path | None


def folder() -> Path:
    """Return where backups lie unless another place is asked."""
    return settings.data_dir() / "register" / "backups"


def backup(out: Path | None = None) -> Backup:
    """Write a backup of the register as it is at this moment, while others go on writing.

    Raises
    ------
    RegisterError
        There is no register, its chain does not verify, or the file cannot be written.
    """
    if not database.exists():
        raise RegisterError(f"There is no register yet at {database.url()}; record something first.")
    now = datetime.now(UTC)
    if out is None:
        folder().mkdir(parents=True, exist_ok=True)
        out = folder() / f"{now.strftime('%Y-%m-%dT%H%M%S.%fZ')}{_SUFFIX}"
    try:
        with store.whole_file(out) as part, database.reading(UPKEEP) as connection:
            found = chain.verify(connection)
            if found.problems:
                raise RegisterError(f"No backup was made: {found.problems[0]}; restore an earlier backup first.")
            _copy_out(connection, part, now)
    except OSError as error:
        raise RegisterError(f"No backup was made: {out} cannot be written ({error}); free some space.") from error
    return Backup(out, found.events_n, found.head, _expires(now))


def _expires(made_at: datetime) -> date:
    return made_at.date() + timedelta(days=retention.periods()["backup"].days)


def _copy_out(connection: Connection, path: Path, now: datetime) -> None:
    with _backup_connection(path) as target:
        database.metadata.create_all(target)
        _facts.create(target)
        target.execute(sa.insert(_facts), {"made_at": now.isoformat(timespec="seconds")})
        for table in ALL_TABLES:
            for rows in _in_parts(connection, table):
                target.execute(sa.insert(table), rows)


def _in_parts(connection: Connection, table: sa.Table) -> Iterator[list[dict[str, Any]]]:
    size = 1 if table is files else 1000  # a file may be 20 MB
    result = connection.execution_options(yield_per=size).execute(sa.select(table).order_by(*table.primary_key))
    for part in result.mappings().partitions(size):
        yield [dict(row) for row in part]


@contextmanager
def _backup_connection(path: Path) -> Iterator[Connection]:
    engine = sa.create_engine(f"sqlite:///{path}", poolclass=sa.NullPool)
    try:
        with engine.begin() as connection:
            yield connection
    except DBAPIError as error:
        raise RegisterError(f"The backup {path} cannot be used ({error.orig}); choose another one.") from error
    finally:
        engine.dispose()


def restore(path: Path, *, replace: bool = False) -> Restored:
    """Put a backup in the place of the register, and erase again what was erased since it was made.

    The register as it was is backed up first. Everything happens in one transaction: afterwards the
    register is the backup's or, when anything fails, what it was.

    Parameters
    ----------
    replace
        Go on although the register holds events that the backup does not have.

    Raises
    ------
    RegisterError
        The file is no backup, its chain does not verify, it is past its last day, or the register holds
        newer events and ``replace`` was not asked.
    """
    if not path.is_file():
        raise RegisterError(f"There is no backup {path}; look in {folder()}.")
    with _backup_connection(path) as source:
        if not sa.inspect(source).has_table(_facts.name):
            raise RegisterError(f"{path} is no backup of the register; choose a file ending in {_SUFFIX}.")
        found = chain.verify(source)
        if found.problems:
            raise RegisterError(f"Backup {path} is damaged: {found.problems[0]}; choose another one.")
        expires_on = _expires(datetime.fromisoformat(source.execute(sa.select(_facts.c.made_at)).scalar_one()))
        if expires_on < datetime.now(UTC).date():
            raise RegisterError(
                f"Backup {path} expired on {expires_on}: it may hold what had to be erased; choose a newer one."
            )
        newer = _newer_than(source)
        if newer and not replace:
            raise RegisterError(
                f"The register holds {newer} event(s) that this backup lacks; add --replace to lose them."
                " A backup of the register as it is now is made first."
            )
        before = backup().path if database.exists() and _count() else None
        erased_n = _put_in_place(source)
    database.forget_traces()
    retention.apply()
    return Restored(found.events_n, erased_n, newer, before)


def _count() -> int:
    with database.reading(UPKEEP) as connection:
        return int(connection.execute(sa.select(sa.func.count()).select_from(events)).scalar_one())


def _newer_than(source: Connection) -> int:
    if not database.exists():
        return 0
    known = set(source.execute(sa.select(events.c.hash)).scalars())
    with database.reading(UPKEEP) as connection:
        return sum(value not in known for value in connection.execute(sa.select(events.c.hash)).scalars())


def _put_in_place(source: Connection) -> int:
    with database.writing(UPKEEP) as connection:
        erased = {
            (row.entity_kind, row.entity_id): row.reason
            for row in connection.execute(sa.select(events).where(events.c.action == "erase"))
        } | ledger.read_all()
        for table in (contents, files, drafts, events):
            connection.execute(sa.delete(table))
        for table in ALL_TABLES:
            for rows in _in_parts(source, table):
                connection.execute(sa.insert(table), rows)
        return sum(_erase_again(connection, *entity, reason) for entity, reason in erased.items())


def _erase_again(connection: Connection, kind_name: str, entity_id: str, reason: str) -> bool:
    stub = latest(connection, kind_name, entity_id)
    if stub is None or stub["action"] == "erase":
        return False
    erase_content(connection, stub, reason)
    return True
