"""The database: SQLite or PostgreSQL by one setting, and the one way to open it, to read and to write.

Whoever opens it says who looks: a viewer, or `UPKEEP`. PostgreSQL holds every row against that once more
(migration 0004), so that a filter that was forgotten shows nothing of somebody else's. SQLite is read also where
nothing can be written.
"""

import errno
import os
import tempfile
import weakref
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine
from sqlalchemy.exc import DBAPIError, DisconnectionError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from access.database import tables, traces, turn
from access.database.who import UPKEEP, Who, show_as
from geodata import known, settings
from geodata.errors import DatabaseAwayError, RegisterError

REVISION: Final = "0007"
"""The migration that this code works with; the newest under ``migrations/versions``."""

_LOCK_TIMEOUT: Final = "55P03"  # PostgreSQL's word for it
_WRITE_LOCK: Final = 20200901  # any fixed number; names the lock that PostgreSQL keeps for us

PATIENCE_S: Final = 60
"""How long a writer waits for its turn before it is told that the register is busy."""

_UNBOUND: Final = sa.text(
    "SELECT current_user FROM pg_roles WHERE rolname = current_user AND (rolsuper OR rolbypassrls)"
)
_ROOM_BYTES: Final = 65_536
"""What SQLite needs on the disk before it reads: the index of a log, which is half of this."""

_CONNECT: Final = {"connect_timeout": 5, "tcp_user_timeout": 30_000}  # seconds, milliseconds: nobody waits for hours


def url() -> str:
    """Return the address of the register's database (``RISICOBEELD_REGISTER``, else SQLite in the data folder)."""
    address = settings.register_url()
    if not address:
        return f"sqlite:///{settings.data_dir() / 'register' / 'register.sqlite'}"
    return address.replace("postgresql://", "postgresql+psycopg://", 1)


def exists() -> bool:
    """Tell whether there is, or ever was, a register to read; reading never makes one."""
    path = sqlite_path()
    return path is None or path.is_file() or was_there()


def was_there() -> bool:
    """Tell whether there ever was a register here, by the note of it or by what else it left (`traces`)."""
    return known.was_there("register") or traces.place() is not None


def sqlite_path() -> Path | None:
    """Return the register's file; None when it is in PostgreSQL."""
    target = sa.make_url(url())
    return Path(target.database or "") if target.get_backend_name() == "sqlite" else None


def refuse_gone() -> None:
    """Stop where a register was and none is: a new one in its place would hide that it was lost.

    Raises
    ------
    RegisterError
        With what was there.
    """
    place = sa.make_url(url()).render_as_string()
    if known.was_there("register"):
        was = known.read("register")
        told = int(was.get("number", 0))
        raise RegisterError("register_gone", place=place, held=told, data=settings.data_dir())
    if trace := traces.place():
        raise RegisterError("register_gone_traced", place=place, trace=trace, data=settings.data_dir())


_engines: dict[str, Engine] = {}


def _engine(address: str) -> Engine:
    if address not in _engines:
        target = sa.make_url(address)
        if lacks_room(target):
            return reading_engine(
                Path(target.database or ""), PATIENCE_S
            )  # not kept: there may be room at the next look
        _engines[address] = new_engine(target, PATIENCE_S)
    return _engines[address]


def close() -> None:
    """Close every connection of this process; the next read or write opens its own."""
    while _engines:
        _engines.popitem()[1].dispose()
    _current.clear()


def engine() -> Engine:
    """Return the engine of the register, its tables brought up to date.

    Raises
    ------
    RegisterError
        The database cannot be reached or is newer than this code.
    """
    address = url()
    target = sa.make_url(address)
    if target.get_backend_name() == "sqlite" and target.database:
        path = Path(target.database)
        if not (path.exists() and path.stat().st_size):
            refuse_gone()
        _make_folder(path.parent)
    with _told():
        found = _engine(address)
        _bring_up_to_date(found)
    return found


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise RegisterError("register_read_only", path=folder, cause=error.strerror) from error


def answers() -> bool:
    """Tell whether the register's database can be read now."""
    try:
        with reading(UPKEEP) as connection:
            connection.execute(sa.select(1))
    except RegisterError:
        return False
    return True


_current: weakref.WeakSet[Engine] = weakref.WeakSet()  # engines whose tables are known to be up to date


def _bring_up_to_date(found: Engine) -> None:
    if found in _current:
        return
    _refuse_unbound(found)
    if _checked_revision(found) != REVISION:  # only then a lock: reading needs no right to write
        with _one_at_a_time(found):
            revision = _checked_revision(found)
            if revision != REVISION:
                from access.database.migrate import upgrade  # noqa: PLC0415 - Alembic is slow to load, seldom needed

                upgrade(found)
            if not revision:
                known.note("register", 0, head="")
    traces.mark()
    _current.add(found)


def _checked_revision(found: Engine) -> str:
    revision = _revision(found)
    if revision > REVISION:
        raise RegisterError("register_newer", revision=revision, ours=REVISION)
    if not revision:
        refuse_gone()
    return revision


def bare_engine() -> Engine:
    """Return the engine as it is, whatever state the tables are in: for who repairs them."""
    with _told():
        return _engine(url())


def refuse_unusable_account() -> None:
    """Stop when the database does not answer, or its account may see everything.

    Raises
    ------
    RegisterError
        With what to do.
    """
    with _told():
        _refuse_unbound(_engine(url()))


def product_tables() -> frozenset[str]:
    """Return the names of the tables that the migrations make."""
    from access.database.migrate import tables  # noqa: PLC0415 - Alembic is slow to load and seldom needed

    return tables()


def start_over() -> None:
    """Drop every table of the product in PostgreSQL and make them anew, empty; after a raw copy was kept."""
    found = bare_engine()
    with _told(), found.begin() as connection:
        for name in (*product_tables(), "alembic_version"):
            connection.exec_driver_sql(f"DROP TABLE IF EXISTS {name} CASCADE")
        ours = sa.text(
            "SELECT oid::regprocedure::text FROM pg_proc WHERE pronamespace = current_schema()::regnamespace"
            " AND proname LIKE 'register\\_%' AND proowner = current_user::regrole"
        )
        for name in list(connection.execute(ours).scalars()):
            connection.exec_driver_sql(f"DROP FUNCTION {name} CASCADE")
    from access.database.migrate import upgrade  # noqa: PLC0415 - Alembic is slow to load, seldom needed

    upgrade(found)
    known.replace("register", 0, head="")
    _current.discard(found)


def _refuse_unbound(found: Engine) -> None:
    """Stop for an account whom PostgreSQL shows every row, whoever looks: the second lock would not be there."""
    if found.dialect.name == "sqlite":
        return
    with found.connect() as connection:
        account = connection.execute(_UNBOUND).scalar()
    if account:
        raise RegisterError("row_security_unbound", account=account)


def _revision(found: Engine) -> str:
    with found.connect() as connection:
        if not sa.inspect(connection).has_table("alembic_version"):
            return ""
        return str(connection.execute(sa.text("SELECT version_num FROM alembic_version")).scalar() or "")


@contextmanager
def _one_at_a_time(found: Engine) -> Iterator[None]:
    """Let one process change the tables."""
    if found.dialect.name == "sqlite":
        with turn.line(Path(f"{sqlite_path()}.lock")):
            yield
    else:
        with found.begin() as connection:
            connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_WRITE_LOCK + 1)))
            yield


@contextmanager
def reading(who: Who) -> Iterator[Connection]:
    """Give one consistent view of what somebody may see of the register, whatever others write meanwhile.

    Parameters
    ----------
    who
        The viewer, or `UPKEEP`.

    Raises
    ------
    DatabaseAwayError
        The database does not answer.
    """
    with _told():
        found = engine()
        options = {} if found.dialect.name == "sqlite" else {"isolation_level": "REPEATABLE READ"}
        with found.connect().execution_options(**options) as connection, connection.begin():
            show_as(connection, who)
            yield connection


@contextmanager
def writing(who: Who) -> Iterator[Connection]:
    """Give the one writer's transaction: all of it is kept, on disk, or none.

    Raises
    ------
    DatabaseAwayError
        The database does not answer, or went away half-way; then this was kept whole or not at all.
    RegisterError
        The disk is full, or others kept the register busy for a minute. Nothing was kept.
    """
    with _told():
        found = engine()
        with ExitStack() as held:
            with turn.waiting():
                held.enter_context(_turn(found))
                connection = held.enter_context(found.connect().execution_options(register_writes=True))
                held.enter_context(connection.begin())
                if found.dialect.name != "sqlite":
                    connection.exec_driver_sql(f"SET LOCAL lock_timeout = '{PATIENCE_S}s'")
                    connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_WRITE_LOCK)))
            show_as(connection, who)
            yield connection


@contextmanager
def _told() -> Iterator[None]:
    try:
        yield
    except DBAPIError as error:
        raise _unusable(error) from error
    except PoolTimeoutError as error:
        raise RegisterError("register_busy") from error


@contextmanager
def _turn(found: Engine) -> Iterator[None]:
    """Let the processes that write to SQLite stand in line: by itself it lets one go on and on while others starve.

    The kernel gives up the place of a writer that is killed. PostgreSQL has a line of its own.
    """
    if found.dialect.name != "sqlite":
        yield
        return
    with turn.line(Path(f"{sqlite_path()}.turn"), PATIENCE_S):
        yield


def forget_traces() -> None:
    """Remove what the database still keeps of deleted rows in its log and its free pages."""
    found = engine()
    if found.dialect.name == "sqlite":
        raw = found.raw_connection()
        try:
            raw.cursor().execute("PRAGMA wal_checkpoint(TRUNCATE)").close()
        finally:
            raw.close()
        return
    with found.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        for table in (tables.contents, tables.files, tables.drafts):
            connection.exec_driver_sql(f"VACUUM FULL {table.name}")


def _unusable(error: DBAPIError) -> RegisterError:
    cause = str(error.orig).split("\n", maxsplit=1)[0]
    if _is_away(error):
        return DatabaseAwayError("database_away", cause=cause)
    if "full" in cause or "readonly" in cause or "disk I/O" in cause or "No space" in cause:
        return RegisterError("register_full", cause=cause)
    if "locked" in cause or getattr(error.orig, "sqlstate", "") == _LOCK_TIMEOUT:
        return RegisterError("register_busy")
    return RegisterError("register_unusable", cause=cause)


def _is_away(error: DBAPIError) -> bool:
    """Tell whether the database went away or is not there; PostgreSQL has no code for a failed connection."""
    state = getattr(error.orig, "sqlstate", "")
    return error.connection_invalidated or state is None or state[:2] == "08" or state in ("57P01", "57P02", "57P03")


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
