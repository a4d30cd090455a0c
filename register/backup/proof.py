"""What proves a backup: all that it holds is there still, and it comes back from every state a register may be in.

Held against it, every row and every file must be there but for what was erased since. A drill runs the very commands
of a bad day: in an empty place, onto a register that was changed, and onto one that cannot be read.
"""

import os
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from access.database import engine as database
from access.database.tables import events
from access.database.who import UPKEEP
from geodata import settings
from geodata.errors import RegisterError
from register.backup import archive
from register.backup.archive import Backup, Incoming, scratch
from register.periods import periods

Rows = dict[tuple[Any, ...], dict[str, Any]]


def differences(path: Path, identity: Path | None = None) -> list[str]:
    """Return what of a backup is not there, or is there otherwise; empty when all of it is.

    Parameters
    ----------
    path
        The backup, or an encrypted copy of one.
    identity
        The file with the secret key of that copy.

    Raises
    ------
    RegisterError
        The backup or the register cannot be used.
    """
    with archive.open_backup(path, identity) as incoming:
        return [*_of_rows(incoming), *_of_files(incoming.files)]


def _of_rows(incoming: Incoming) -> list[str]:
    found = []
    with incoming.engine.connect() as source, database.reading(UPKEEP) as connection:
        ours = {table.name: table for table in archive.tables_of(connection)}
        gone = _gone(connection)
        for table in archive.tables_of(source):
            if table.name not in incoming.tables or table.name == archive.VERSIONS:
                continue
            if table.name not in ours:
                found.append(f"table {table.name} is not there")
                continue
            theirs, there = _rows(source, table), _rows(connection, ours[table.name])
            excused = gone.get(table.name, _nothing)
            lacking = [key for key, row in theirs.items() if there.get(key) != row and not excused(row)]
            if lacking:
                found.append(f"{len(lacking)} of {len(theirs)} rows of {table.name} are not there as they were")
    return found


def _rows(connection: Connection, table: sa.Table) -> Rows:
    keys = [column.name for column in table.primary_key] or [column.name for column in table.columns]
    return {tuple(row[key] for key in keys): row for part in archive.in_parts(connection, table) for row in part}


def _nothing(_row: Mapping[str, Any]) -> bool:
    return False


def _gone(connection: Connection) -> Mapping[str, Callable[[Mapping[str, Any]], bool]]:
    """Return for each table which rows may be gone since the backup: erased, past their period, or shut out."""
    erasures = sa.select(events.c.entity_kind, events.c.entity_id).where(events.c.action == "erase")
    erased = {(row.entity_kind, row.entity_id) for row in connection.execute(erasures)}
    of_erased = sa.select(events.c.event_id, events.c.entity_kind, events.c.entity_id)
    bodies = {row.event_id for row in connection.execute(of_erased) if (row.entity_kind, row.entity_id) in erased}
    last_draft = (datetime.now(UTC).date() - timedelta(days=periods()["draft"].days)).isoformat()
    tables = {table.name: table for table in archive.tables_of(connection)}
    shut: set[str] = set()
    if "people" in tables:
        people = tables["people"]
        shut = set(connection.execute(sa.select(people.c.person_id).where(people.c.revoked_at != "")).scalars())
    return {
        "register_contents": lambda row: row["event_id"] in bodies,
        "register_files": lambda row: (row["entity_kind"], row["entity_id"]) in erased,
        "register_drafts": lambda row: row["saved_at"] < last_draft,
        "people": lambda row: row["person_id"] in shut,
        "people_grants": lambda row: row["person_id"] in shut or row["deputy_of"] in shut,
        "people_looked": lambda row: row["person_id"] in shut,
        "people_mail": lambda row: row["person_id"] in shut,
    }


_LISTS: Final = ".jsonl"


def _of_files(files: Mapping[str, Path]) -> list[str]:
    found = []
    for name, origin in files.items():
        here = settings.data_dir() / name
        if not here.is_file():
            found.append(f"file {name} is not there")
        elif name.endswith(_LISTS):
            if not here.read_bytes().startswith(origin.read_bytes()):
                found.append(f"file {name} is not there as it was")
        elif archive.file_digest(here) != archive.file_digest(origin):
            found.append(f"file {name} is not there as it was")
    return found


_ROOT: Final = Path(__file__).parents[2]


def _change(register: Path) -> None:
    connection = sqlite3.connect(register)
    with connection:
        connection.execute("UPDATE register_contents SET body = '{}'")
    connection.close()


def _garble(register: Path) -> None:
    register.write_bytes(b"no database any more " * 500)


_STATES: Final[dict[str, Callable[[Path], None] | None]] = {
    "in an empty place": None,
    "onto a changed register": _change,
    "onto an unreadable register": _garble,
}


def drill(made: Backup, copy: Path | None = None, identity: Path | None = None) -> None:
    """Restore a backup in a data folder that is thrown away, from every state, and compare all that came back.

    Parameters
    ----------
    copy, identity
        The encrypted copy to restore from instead, and the file with its secret key.

    Raises
    ------
    RegisterError
        It could not be restored, or what came back differs from what was written.
    """
    origin = (copy or made.path).resolve()
    key = ["--identity", str(identity.resolve())] if identity else []
    with scratch("drill-") as folder:
        register = folder / "register" / "register.sqlite"
        for state, damage in _STATES.items():
            if damage is not None:
                damage(register)
            _run(origin, state, folder, "restore", str(origin), *key)
            _run(origin, state, folder, "verify", "--backup", str(origin), *key)


def _run(origin: Path, state: str, folder: Path, *words: str) -> None:
    here = {"RISICOBEELD_DATA": str(folder), "RISICOBEELD_REGISTER": "", "RISICOBEELD_REGISTER_FILE": ""}
    elsewhere = os.environ | here
    command = [sys.executable, "-m", "geodata", *words]
    done = subprocess.run(  # noqa: S603 - our own command
        command, cwd=_ROOT, env=elsewhere, capture_output=True, text=True, check=False
    )
    if done.returncode:
        reason = done.stderr.strip().splitlines()[-1:] or ["no reason was given"]
        raise RegisterError(
            f"The drill failed, python -m geodata {words[0]} {state}: {reason[0]} Keep the backup {origin} for whoever"
            " looks into it, and do not count on it."
        )
