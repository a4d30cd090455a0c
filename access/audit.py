"""The audit trail: one line for every read through the door, every refusal, export and change of access.

Lines are appended to one file per month under ``audit/`` in the data folder; a line names who, in which
role, from where, which table and how many rows, never the content. A read that cannot be noted does not happen.
Each line carries the hash of the one before it, so that none can be changed or taken out unseen.

A picture is needed most when a machine fails. While the folder cannot be written at all, as after a disk that turned
read-only, what is read is noted in the folder for temporary files, by one account and for its eyes alone, and moved
to the trail when that can be written again. What would change something is refused all the same.

Also with several processes and the register in PostgreSQL the trail stays a file, written in turn: reading goes on
while the database is away, and whoever may change the database cannot change who read it. The folder must lie on a
disk or volume of one machine, not on a network share.
"""

import errno
import fcntl
import getpass
import hashlib
import json
import os
import re
import shutil
import stat
import sys
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import pandas as pd

from geodata import known, settings
from geodata.errors import UnnotedError

COLUMNS: Final = ("at", "who", "role", "surface", "what", "table", "rows_n", "data_version")
_NAME: Final = re.compile(r"\d{4}-\d\d(_\d{4}-\d\d)*")
_LONGEST_LINE_BYTES: Final = 65_536
_RESERVE_BYTES: Final = 1_048_576
_ROOM_BYTES: Final = 2 * _RESERVE_BYTES
KEEP_DAYS: Final = 730
"""Two years: long enough to look into a complaint, an assumption that the controller may change."""
READING: Final = ("open", "read", "refused", "export", "batch", "sign-in", "sign-out")
"""What of the trail changes nothing."""
_UNWRITABLE: Final = (errno.EROFS, errno.EACCES, errno.EPERM)
_WAITING_LINES: Final = "lines.jsonl"


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
        ``open``, ``read``, ``refused``, ``export``, ``batch``, ``sign-in``, ``sign-out`` or what was changed.
    who, role
        The person (or account) and the role with its scope, as ``--as`` takes it.
    surface
        The page or command.

    Raises
    ------
    UnnotedError
        The line cannot be kept, so what it tells of may not happen.
    """
    now = datetime.now(UTC)
    values = (now.isoformat(timespec="milliseconds"), who, role, surface, what, table, rows_n, data_version)
    line = dict(zip(COLUMNS, values, strict=True))
    try:
        try:
            with _turn():
                path = _file_of(datetime.now(UTC))
                waiting = _waiting()
                _append(path, _chained(_newest(path), [*waiting, line]))
                if waiting:
                    _forget_waiting()
        except OSError as error:
            if not _may_wait(what, error):
                raise
            _keep_waiting(line)
    except OSError as error:
        raise UnnotedError("audit_trail_unwritable", path=folder(), cause=error.strerror) from error


def _chained(head: str, lines: Iterable[Mapping[str, object]]) -> str:
    """Return lines as they are written, each with the hash of the one before it."""
    written = []
    for line in lines:
        head = _link(head, line)
        written.append(json.dumps({**line, "hash": head}, ensure_ascii=False) + "\n")
    return "".join(written)


def _file_of(now: datetime) -> Path:
    """Return the file that a line of this moment goes in: of its month, or the newest when a clock was set back.

    The order of the chain is that of the files, so nothing is added to a month that another one follows. After a
    clock that was ahead, a file named after the month that it wrote in and the true one goes on:
    ``2040-01_2026-12.jsonl``, so that what comes after is not kept until that month is past.
    """
    month, months = f"{now:%Y-%m}", _months()
    if not months or months[-1].stem < month:
        return folder() / f"{month}.jsonl"
    newest = months[-1]
    if _own_month(newest) < month:  # the month after, in the place of that one
        return newest.with_stem(f"{newest.stem[: -len(month)]}{month}")
    return newest.with_stem(f"{newest.stem}_{month}") if _was_ahead(months, now) else newest


def _own_month(path: Path) -> str:
    """Return the month in which a file was written, as the clock said."""
    return path.stem.rpartition("_")[2]


def _was_ahead(months: list[Path], now: datetime) -> bool:
    """Tell whether the newest file is of a clock that was ahead, rather than now of one that was set back.

    It is when months lie between it and the file before, which is of this month or the last one; and when no later
    day was taken for true (`geodata.known`).
    """
    believed = known.read("clock").get("number")
    if len(months) < 2 or (believed is not None and now.date().toordinal() < int(believed) - 1):
        return False
    before, newest = (_number(_own_month(one)) for one in months[-2:])
    return newest - before > 1 and 0 <= _number(f"{now:%Y-%m}") - before <= 1


def _number(month: str) -> int:
    """Count months.

    Examples
    --------
    >>> _number("2027-01") - _number("2026-12")
    1
    """
    year, _, of_year = month.partition("-")
    return 12 * int(year) + int(of_year)


@contextmanager
def _turn() -> Iterator[None]:
    """Wait until no other process writes: each line holds the hash of the one before."""
    handle = _open(folder() / ".turn", os.O_RDWR | os.O_CREAT)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def _append(path: Path, text: str) -> None:
    handle = _open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    try:
        try:
            _write(handle, text.encode())
        except OSError as error:
            if error.errno not in (errno.ENOSPC, errno.EDQUOT) or not _give_up_reserve():
                raise
            _write(handle, text.encode())
        else:
            _keep_reserve()
    finally:
        os.close(handle)


def _write(handle: int, body: bytes) -> None:
    """Write a line whole or not at all."""
    size = os.fstat(handle).st_size
    if os.write(handle, body) < len(body):
        os.ftruncate(handle, size)
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def _keep_reserve() -> None:
    """Keep room for some thousand lines, so that people can still read when the disk is full."""
    reserve = folder() / ".reserve"
    if reserve.exists() or shutil.disk_usage(folder()).free < _ROOM_BYTES:
        return
    with reserve.open("wb") as file, suppress(OSError):  # it is a help, and never in the way
        os.posix_fallocate(file.fileno(), 0, _RESERVE_BYTES)


def _give_up_reserve() -> bool:
    """Free the room that was kept; tell whether there was any."""
    reserve = folder() / ".reserve"
    kept = reserve.exists() and reserve.stat().st_size > 0
    reserve.unlink(missing_ok=True)
    return kept


def _open(path: Path, flags: int) -> int:
    try:
        return os.open(path, flags, 0o600)
    except FileNotFoundError:
        path.parent.mkdir(parents=True, exist_ok=True)
        return os.open(path, flags, 0o600)


def _link(previous: str, line: Mapping[str, object]) -> str:
    """Return the hash of a line, which holds that of the line before it."""
    body = json.dumps([previous, [line[name] for name in COLUMNS]], ensure_ascii=False)
    return hashlib.sha256(body.encode()).hexdigest()


def _newest(path: Path) -> str:
    """Return the hash of the newest line, in this month's file or an earlier one; '' for the first of all."""
    for month in (path, *(one for one in reversed(_months()) if one.stem < path.stem)):
        if month.is_file() and (size := month.stat().st_size):
            with month.open("rb") as file:
                file.seek(max(0, size - _LONGEST_LINE_BYTES))
                last = file.read().removesuffix(b"\n").rpartition(b"\n")[2]
            return _hash_of(_parts(last.decode(errors="replace"))[-1])
    return ""


def _hash_of(part: str) -> str:
    """Return the hash that a line carries; one that has none, or was cut off half-way, counts by what it holds."""
    try:
        told = json.loads(part).get("hash")
    except (ValueError, AttributeError):
        told = None
    return told if isinstance(told, str) else hashlib.sha256(part.encode()).hexdigest()


def _months() -> list[Path]:
    return sorted((path for path in folder().glob("*.jsonl") if _NAME.fullmatch(path.stem)), key=lambda path: path.stem)


def tells(text: str) -> bool:
    """Tell whether a text stands in the trail, whenever that was."""
    return any(text in path.read_text("utf-8", errors="replace") for path in _months())


def chain() -> tuple[list[str], list[str]]:
    """Return the hash of every line, the oldest first, and what was changed: one sentence per line.

    A tail that was cut off, or a trail that was built anew, shows only against a head that was noted outside
    (`access.anchor`).
    """
    hashes: list[str] = []
    problems: list[str] = []
    is_chained = False  # lines of before there was a chain carry no hash
    for path in _months():
        lines = path.read_text("utf-8", errors="replace").splitlines()
        for number, part in enumerate((part for line in lines for part in _parts(line)), start=1):
            found = _hash_of(part)
            try:
                line = json.loads(part)
            except ValueError:
                line = {}
            # The first line that is left may follow months that are past their time.
            if "hash" in line and hashes and found != _link(hashes[-1], line):
                problems.append(f"audit trail {path.stem}, line {number}: the chain is broken here")
            if line and "hash" not in line and is_chained:
                problems.append(f"audit trail {path.stem}, line {number}: it carries no hash")
            is_chained = is_chained or "hash" in line
            hashes.append(found)
    return hashes, problems


def read(first: date | None = None, last: date | None = None) -> pd.DataFrame:
    """Return the lines of a period (both days included, UTC), the newest first.

    A line that a crash cut off half-way is told as one of what ``damaged``. Pages read through
    `door.store.ScopedStore.audit_trail`, which asks for the role.
    """
    rows = []
    for path in _months():
        if first and _own_month(path) < f"{first:%Y-%m}":
            continue  # a later file may hold lines of before: `_file_of`
        lines = path.read_text("utf-8", errors="replace").splitlines()
        rows += [_parsed(part) for line in lines for part in _parts(line)]
    rows += _waiting()
    table = pd.DataFrame(rows, columns=list(COLUMNS))
    day = table["at"].str[:10]
    if first:
        table = table[(day >= first.isoformat()) | (day == "")]
    if last:
        table = table[day.reindex(table.index) <= last.isoformat()]
    return table.iloc[::-1].reset_index(drop=True)


def _parts(line: str) -> list[str]:
    """Split a line that a crash or a full disk cut off half-way from the whole line that was written behind it."""
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
    over, month = [], "9999-99"
    for path in reversed(_months()):  # a file is no younger than one that follows it: its clock was ahead
        month = min(month, _own_month(path))
        over += [path] if month < f"{limit:%Y-%m}" else []
    over.reverse()
    if not dry_run:
        for path in over:
            path.unlink()
    return [path.stem for path in over]


def _may_wait(what: str, error: OSError) -> bool:
    """Tell whether a line that could not be kept in the trail may be kept here."""
    return what in READING and error.errno in _UNWRITABLE


def _keep_waiting(line: Mapping[str, object]) -> None:
    """Keep one line.

    Raises
    ------
    OSError
        Here neither, or the folder is somebody else's.
    """
    place = _waiting_folder()
    place.mkdir(mode=0o700, exist_ok=True)
    about = place.lstat()
    if not stat.S_ISDIR(about.st_mode) or about.st_uid != os.getuid() or about.st_mode & 0o077:
        raise PermissionError(errno.EPERM, os.strerror(errno.EPERM))
    handle = os.open(place / _WAITING_LINES, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW, 0o600)
    try:
        os.write(handle, (json.dumps(line, ensure_ascii=False) + "\n").encode())
    finally:
        os.close(handle)


def _waiting() -> list[dict[str, Any]]:
    """Return the lines that wait to be moved to the trail, the oldest first."""
    path = _waiting_folder() / _WAITING_LINES
    try:
        if path.parent.lstat().st_uid != os.getuid():
            return []
        parts = path.read_text("utf-8").splitlines()
    except OSError:
        return []
    return [json.loads(part) for part in parts if part.endswith("}")]


def _forget_waiting() -> None:
    """Forget the lines: they stand in the trail now."""
    (_waiting_folder() / _WAITING_LINES).unlink(missing_ok=True)


def _waiting_folder() -> Path:
    """Return the folder of this data folder; another installation has its own."""
    which = hashlib.sha256(str(settings.data_dir().absolute()).encode()).hexdigest()[:16]
    return Path(tempfile.gettempdir()) / f"risicobeeld-trail-{os.getuid()}-{which}"
