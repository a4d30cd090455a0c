"""The audit trail: one line for every read through the door, every refusal, export and change of access.

Lines are appended to one file per month under ``audit/`` in the data folder; a line names who, in which
role, from where, which table and how many rows, never the content. A read that cannot be noted does not happen.

Also with several processes and the register in PostgreSQL the trail stays a file: a line is one write in append
mode, which the kernel does not mix with another's; reading goes on while the database is away; and whoever may
change the database cannot change who read it. The folder must lie on a file system with real appends: a disk
or volume of one machine, not a network share.
"""

import errno
import getpass
import json
import os
import sys
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Final

import pandas as pd

from geodata import settings
from geodata.errors import AccessDeniedError

COLUMNS: Final = ("at", "who", "role", "surface", "what", "table", "rows_n", "data_version")
KEEP_DAYS: Final = 730
"""Two years: long enough to look into a complaint, an assumption that the controller may change."""


def folder() -> Path:
    """Return where the trail lies."""
    return settings.data_dir() / "audit"


def who_runs() -> str:
    """Return who runs a command: the account of the operating system."""
    try:
        return f"account {getpass.getuser()}"
    except (KeyError, OSError):  # an account without a name, as in some containers
        return f"account {os.getuid()}"


def command_line() -> str:
    """Return the command that runs, without what was given to it."""
    program = Path(sys.argv[0])
    name = program.parent.name if program.name == "__main__.py" else program.name
    return " ".join([name, *sys.argv[1:2]]) if program.name == "__main__.py" else name


def note(
    what: str, *, who: str, role: str, surface: str, table: str = "", rows_n: int = 0, data_version: str = ""
) -> None:
    """Append one line.

    Parameters
    ----------
    what
        ``read``, ``refused``, ``export``, ``batch``, ``sign-in``, ``sign-out`` or what was changed.
    who, role
        The person (or account) and the role with its scope, as ``--as`` takes it.
    surface
        The page or command.

    Raises
    ------
    AccessDeniedError
        The line cannot be kept, so what it tells of may not happen.
    """
    now = datetime.now(UTC)
    values = (now.isoformat(timespec="milliseconds"), who, role, surface, what, table, rows_n, data_version)
    line = json.dumps(dict(zip(COLUMNS, values, strict=True)), ensure_ascii=False) + "\n"
    path = folder() / f"{now:%Y-%m}.jsonl"
    try:
        handle = _open(path)
        try:
            written_n = os.write(handle, line.encode())  # one write: lines of several processes never mix
            if written_n < len(line.encode()):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        finally:
            os.close(handle)
    except OSError as error:
        raise AccessDeniedError("audit_trail_unwritable", path=path, cause=error.strerror) from error


def _open(path: Path) -> int:
    flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT
    try:
        return os.open(path, flags, 0o600)
    except FileNotFoundError:
        path.parent.mkdir(parents=True, exist_ok=True)
        return os.open(path, flags, 0o600)


def read(first: date | None = None, last: date | None = None) -> pd.DataFrame:
    """Return the lines of a period (both days included, UTC), the newest first.

    A line that a crash cut off half-way is told as one of what ``damaged``. Pages read through
    `door.store.ScopedStore.audit_trail`, which asks for the role.
    """
    rows = []
    for path in sorted(folder().glob("????-??.jsonl")):
        if (first and path.stem < f"{first:%Y-%m}") or (last and path.stem > f"{last:%Y-%m}"):
            continue
        lines = path.read_text("utf-8", errors="replace").splitlines()
        rows += [_parsed(part) for line in lines for part in _parts(line)]
    table = pd.DataFrame(rows, columns=list(COLUMNS))
    day = table["at"].str[:10]
    if first:
        table = table[(day >= first.isoformat()) | (day == "")]
    if last:
        table = table[day.reindex(table.index) <= last.isoformat()]
    return table.iloc[::-1].reset_index(drop=True)


def _parts(line: str) -> list[str]:
    """Part what a line that was cut off half-way, by a crash or a full disk, holds of the line after it."""
    start = line.rfind('{"at": ')  # within a value its quotes would be escaped
    return [line] if start < 1 else [line[:start], line[start:]]


def _parsed(line: str) -> dict[str, object]:
    blank: dict[str, object] = {**dict.fromkeys(COLUMNS, ""), "rows_n": 0}
    try:
        found = json.loads(line)
    except ValueError:
        return blank | {"what": "damaged"}
    return blank | {name: found.get(name, "") for name in COLUMNS}


def forget(today: date | None = None, *, dry_run: bool = False) -> list[str]:
    """Remove the months that are wholly past `KEEP_DAYS`; return their names.

    Parameters
    ----------
    today
        The day to count from; the system's by default, because the law knows no peildatum.
    """
    limit = (today or datetime.now(UTC).date()) - timedelta(days=KEEP_DAYS)
    over = [path for path in sorted(folder().glob("????-??.jsonl")) if path.stem < f"{limit:%Y-%m}"]
    if not dry_run:
        for path in over:
            path.unlink()
    return [path.stem for path in over]
