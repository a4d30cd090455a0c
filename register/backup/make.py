"""Make a backup while others go on writing."""

import json
import zipfile
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection
from sqlalchemy.exc import DBAPIError

from access.database import engine as database
from access.database.who import UPKEEP
from geodata import known, settings
from geodata.errors import RegisterError, SnapshotError
from geodata.snapshots import formats as store
from geodata.snapshots import snapshot
from register import chain
from register.backup import archive
from register.backup.archive import Backup, scratch


def backup(out: Path | None = None) -> Backup:
    """Write one file with all that cannot be made again, as it is at this moment, while others go on writing.

    Parameters
    ----------
    out
        Another place than ``register/backups`` in the data folder.

    Raises
    ------
    RegisterError
        There is nothing to keep yet, the register is gone or does not verify, or the file cannot be written.
    """
    problem = _problem_of_figures()
    if not (database.exists() or known.was_there("snapshot")):
        raise RegisterError(f"There is no register yet at {database.url()}; record something first.")
    if out is not None and out.is_dir():
        raise RegisterError(f"No backup was made: {out} is a folder; name a file in it.")
    now = datetime.now(UTC)
    try:
        if out is None:
            archive.folder().mkdir(parents=True, exist_ok=True, mode=0o700)
            out = archive.new_path(now)
        with scratch(".backup-", out.parent) as place:
            with store.whole_file(place / out.name, 0o600) as part:
                made = _write(out, part, place / archive.DATABASE, now, problem)
            (place / out.name).replace(out)
            return made
    except OSError as error:
        if isinstance(error, SnapshotError):
            raise
        place, cause = out or archive.folder(), error.strerror or error
        raise RegisterError(
            f"No backup was made: {place} cannot be written ({cause}); free some space or correct its rights."
        ) from error


def _problem_of_figures() -> str:
    try:
        snapshot.current()
    except SnapshotError as error:
        return str(error)
    return ""


def _write(out: Path, part: Path, rows: Path, now: datetime, problem: str) -> Backup:
    heads = chain.known_heads()  # before the reading, for others write on
    with database.reading(UPKEEP) as connection:
        found = chain.verify(connection, *heads)
        if found.problems:
            raise RegisterError(f"No backup was made: {found.problems[0]}; restore an earlier backup first.")
        tables = copy_rows(connection, rows)
    files: dict[str, dict[str, Any]] = {}
    with zipfile.ZipFile(part, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.write(rows, archive.DATABASE)
        for name in archive.files_kept():
            content = _content(name)
            if content is not None:
                place = rows.with_name("file")
                place.write_bytes(content)
                packed.write(place, f"{archive.FILES}/{name}")
                files[name] = {"size_bytes": len(content), "sha256": archive.file_digest(place)}
        told = {
            "format": archive.FORMAT,
            "made_at": now.isoformat(timespec="microseconds"),
            "events_n": found.events_n,
            "head": found.head,
            "tables": tables,
            "files": files,
            "made_again": dict(archive.MADE_AGAIN),
            "problem": problem,
        }
        packed.writestr(archive.MANIFEST, json.dumps(told, indent=1, sort_keys=True, ensure_ascii=False))
    return Backup(
        out,
        found.events_n,
        found.head,
        archive.expires_on(now),
        {name: facts["rows_n"] for name, facts in tables.items()},
        {name: facts["size_bytes"] for name, facts in files.items()},
        problem,
    )


def _content(name: str) -> bytes | None:
    """Return a file as it is now, a list that others append to up to its last whole line; None when it went away."""
    try:
        content = (settings.data_dir() / name).read_bytes()
    except FileNotFoundError:
        return None
    return content[: content.rfind(b"\n") + 1] if name.endswith(".jsonl") else content


def copy_rows(connection: Connection, path: Path) -> Mapping[str, dict[str, Any]]:
    """Copy every table into an SQLite file; return how many rows each has, with their digest."""
    engine = sa.create_engine(f"sqlite:///{path}", poolclass=sa.NullPool)
    facts = {}
    try:
        with engine.begin() as target:
            for table in archive.tables_of(connection):
                copy = _as_generic(table)
                copy.create(target)
                for rows in archive.in_parts(connection, table):
                    target.execute(sa.insert(copy), rows)
                facts[table.name] = archive.facts_of(connection, table)
                if archive.facts_of(target, copy) != facts[table.name]:
                    raise RegisterError(f"No backup was made: {table.name} did not arrive whole; try again.")
    except DBAPIError as error:
        raise RegisterError(f"No backup was made: {path} cannot be written ({error.orig}); free some space.") from error
    finally:
        engine.dispose()
    return facts


def _as_generic(table: sa.Table) -> sa.Table:
    """Return a table as any database can make it, without what only its own knows."""
    columns = [
        sa.Column(
            one.name, one.type.as_generic(), primary_key=one.primary_key, nullable=one.nullable, autoincrement=False
        )
        for one in table.columns
    ]
    indexes = [
        sa.UniqueConstraint(*(column.name for column in one.columns), name=one.name)
        for one in table.constraints
        if isinstance(one, sa.UniqueConstraint)
    ]
    return sa.Table(table.name, sa.MetaData(), *columns, *indexes)
