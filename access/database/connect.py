"""How the database is opened: SQLite, also where nothing can be written, or PostgreSQL."""

import errno
import os
import tempfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine
from sqlalchemy.exc import DisconnectionError

_ROOM_BYTES: Final = 65_536
"""What SQLite needs on the disk before it reads: the index of a log, which is half of this."""

_CONNECT: Final = {"connect_timeout": 5, "tcp_user_timeout": 30_000}  # seconds, milliseconds: nobody waits for hours


def new_engine(target: sa.URL, patience_s: float) -> Engine:
    """Return an engine for SQLite or PostgreSQL, as the address says."""
    if target.get_backend_name() != "sqlite":
        # Before each use the connection is tried: after a restart of the database the next read finds a new one.
        # Twenty at most, so that four processes stay below the hundred that PostgreSQL allows by default.
        patience = {name: value for name, value in _CONNECT.items() if name not in target.query}
        return sa.create_engine(target, pool_pre_ping=True, pool_size=5, max_overflow=15, connect_args=patience)
    path = Path(target.database or "")
    options: dict[str, Any] = {"timeout": patience_s, "isolation_level": None}
    engine = sa.create_engine(target, connect_args=options)
    sa.event.listen(engine, "connect", _prepare_sqlite)
    sa.event.listen(engine, "checkout", _refuse_replaced(path))
    sa.event.listen(engine, "begin", _begin_sqlite)
    return engine


def lacks_room(target: sa.URL) -> bool:
    """Tell whether SQLite cannot make the files beside a database that it makes before it reads it.

    The disk is too full, or cannot be written. On a full one a log beside it, which holds what is not in the database
    yet, is read by SQLite itself.
    """
    path = Path(target.database or "")
    if target.get_backend_name() != "sqlite" or not path.is_file():
        return False
    if not os.access(path.parent, os.W_OK):
        return True
    if Path(f"{path}-wal").exists():
        return False
    try:
        with tempfile.TemporaryFile(dir=path.parent) as probe:
            os.posix_fallocate(probe.fileno(), 0, _ROOM_BYTES)
    except OSError as error:
        return error.errno in (errno.ENOSPC, errno.EDQUOT)
    return False


def reading_engine(path: Path, patience_s: float) -> Engine:
    """Return an engine that makes no file beside the database, and so reads only.

    The log that a crash left beside it holds the newest entries, so it is read with it.
    """
    options: dict[str, Any] = {"timeout": patience_s, "isolation_level": None}
    log = Path(f"{path}-wal")
    how = "mode=ro" if log.is_file() and log.stat().st_size else "mode=ro&immutable=1"
    address = f"sqlite:///file:{quote(str(path))}?{how}&uri=true"
    made = sa.create_engine(address, connect_args=options, poolclass=sa.NullPool)
    sa.event.listen(made, "begin", _begin_sqlite)
    return made


def _refuse_replaced(path: Path) -> Callable[[Any, Any, Any], None]:
    """Return what lets go of a connection to a file that a restore put another one in the place of."""

    def check(_connection: object, record: Any, _proxy: object) -> None:
        file = path.stat() if path.exists() else None
        place = (file.st_dev, file.st_ino) if file else None
        if record.info.setdefault("place", place) != place:
            record.info.pop("place")
            raise DisconnectionError

    return check


def _prepare_sqlite(connection: Any, _record: object) -> None:
    # The file is there after a first look; what SQLite puts beside it then takes over who may read it.
    connection.execute("PRAGMA user_version").close()
    for _, _, name in connection.execute("PRAGMA database_list").fetchall():
        if name and Path(name).stat().st_mode & 0o077:
            with suppress(PermissionError):  # another account's, which has its own reasons
                Path(name).chmod(0o600)
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "secure_delete=ON"):
        connection.execute(f"PRAGMA {pragma}").close()


def _begin_sqlite(connection: Connection) -> None:
    # A writer takes its lock at once: a reader that turns writer half-way may fail with "database is locked".
    writes = connection.get_execution_options().get("register_writes")
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")
