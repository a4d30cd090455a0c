"""Put a backup in the place of what is there, whatever state that is in; nothing is lost on the way.

Of the files in the data folder, what is there and whole stays, and the rest comes back.
"""

import dataclasses
import json
import shutil
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import Enum
from pathlib import Path
from typing import Final

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine
from sqlalchemy.exc import DBAPIError

from access import audit
from access.database import engine as database
from access.database.tables import events
from access.database.who import UPKEEP
from geodata import known, settings
from geodata.errors import DatabaseAwayError, InputError, RegisterError, RisicobeeldError, SnapshotError
from geodata.snapshots import formats as store
from geodata.snapshots import snapshot
from register import chain, retention
from register.backup import archive, aside
from register.backup.archive import Incoming
from register.backup.make import backup
from register.events import HEAD, erase_content, latest, read_erased

_BY_PERIOD = "retention"
_POINTER: Final = "core/CURRENT"
_LEDGER: Final = "register/erased.jsonl"


@dataclass(frozen=True)
class Restored:
    """What a restore did.

    Attributes
    ----------
    kept_before
        Where the state before lies: a backup when it was whole, else the raw copy; None when there was nothing.
    was_whole
        Whether the register before the restore could be verified.
    tables
        How many rows of each table came back.
    files, files_kept
        Files that were put back, and those of the machine that were whole and stay.
    revoked_again
        People whose access was taken away after the backup was made, and stays so.
    problem
        What could not be done; '' when all was.
    """

    events_n: int
    erased_again_n: int
    left_out_n: int
    kept_before: Path | None
    was_whole: bool = True
    tables: Mapping[str, int] = field(default_factory=dict)
    files: tuple[str, ...] = ()
    files_kept: tuple[str, ...] = ()
    revoked_again: tuple[str, ...] = ()
    problem: str = ""


class State(Enum):
    """What the register is like before a restore."""

    ABSENT = "absent"  # a first start
    WHOLE = "whole"
    CHANGED = "changed"  # it can be read, and does not verify
    UNUSABLE = "unusable"  # gone, empty, malformed, half its tables, or of another version


def restore(path: Path, *, replace: bool = False, expired: bool = False, identity: Path | None = None) -> Restored:
    """Put a backup in the place of the register, and erase again what was erased since it was made.

    The state before is kept first: as a backup when it is whole, else raw, under ``register/aside``. The register
    is the backup's afterwards or, when anything fails, what it was. Files of the data folder that are there and
    whole stay; those that are gone or damaged come back.

    Parameters
    ----------
    replace
        Go on although the register holds events that the backup does not have.
    expired
        Take a backup past its last day; what is past its period is erased right after.
    identity
        The file with the secret key of an encrypted copy.

    Raises
    ------
    RegisterError
        The file is no backup, it is damaged, it is past its last day, or the register holds newer events and
        ``replace`` was not asked.
    """
    with archive.open_backup(path, identity) as incoming:
        with incoming.engine.connect() as source:
            found = chain.verify(source)
        if found.problems:
            raise RegisterError(f"Backup {path} is damaged: {found.problems[0]}; choose another one.")
        last = archive.expires_on(incoming.made_at)
        if last < datetime.now(UTC).date() and not expired:
            raise RegisterError(
                f"Backup {path} expired on {last}: it may hold what had to be erased; choose a newer one, or add"
                " --expired when there is none."
            )
        done = _put_in_place(incoming, replace=replace)
        known.replace("register", done.events_n, head=_head())
        put, stayed = _put_files(incoming.files, done.kept)
    database.forget_traces()
    return Restored(
        found.events_n,
        done.erased_n,
        done.newer_n,
        done.kept,
        done.state in (State.ABSENT, State.WHOLE),
        done.tables,
        put,
        stayed,
        done.revoked,
        _apply_periods(),
    )


# --- what is there ----------------------------------------------------------------------------------------


def _state() -> State:
    """Look what the register is like; a database that does not answer is no state but an error."""
    if not database.exists():
        return State.ABSENT
    path = database.sqlite_path()
    if path is None:
        database.refuse_unusable_account()
        if not database.was_there() and not sa.inspect(database.bare_engine()).get_table_names():
            return State.ABSENT
    try:
        heads = chain.known_heads()  # before the reading, for others write on
        with database.reading(UPKEEP) as connection:
            if not _is_sound(connection):
                return State.UNUSABLE
            return State.CHANGED if chain.verify(connection, *heads).problems else State.WHOLE
    except DatabaseAwayError:
        raise
    except InputError:
        return State.CHANGED  # what was written outside is gone or broken, so nothing proves that it is whole
    except (RegisterError, DBAPIError):
        return State.UNUSABLE


def _is_sound(connection: Connection) -> bool:
    """Tell whether the database can take rows: its pages are whole, and every table is there."""
    is_file = connection.dialect.name == "sqlite"
    if is_file and connection.execute(sa.text("PRAGMA integrity_check(1)")).scalar() != "ok":
        return False
    there = set(sa.inspect(connection).get_table_names())
    return there >= database.product_tables()


def _newer_n(incoming: Engine, state: State) -> int:
    """Return how many events the backup lacks, as far as the state tells."""
    with incoming.connect() as source:
        ours = set(source.execute(sa.select(events.c.hash)).scalars())
    if state is State.ABSENT:
        return 0
    if state is State.UNUSABLE:
        was = known.read("register")
        return 0 if was.get("head", "") in ours | {""} else max(int(was.get("number", 0)) - len(ours), 1)
    with database.reading(UPKEEP) as connection:
        return sum(value not in ours for value in connection.execute(sa.select(events.c.hash)).scalars())


def _erased(state: State) -> dict[tuple[str, str], str]:
    """Return what was erased by somebody, from the register and the list beside it.

    What its period erased is not on it: after a night with a wrong clock that list would erase it once more. The
    periods are applied anew.
    """
    found = read_erased()
    if state in (State.WHOLE, State.CHANGED):
        with database.reading(UPKEEP) as connection:
            rows = connection.execute(sa.select(events).where(events.c.action == "erase"))
            found = {(row.entity_kind, row.entity_id): row.reason for row in rows} | found
    return {entity: reason for entity, reason in found.items() if reason != _BY_PERIOD}


def _keep(state: State) -> Path | None:
    """Keep the state before, while nobody writes; return where."""
    path = database.sqlite_path()
    if state is State.ABSENT:
        return None
    if state is State.WHOLE:
        return backup().path if _count() else None
    place = aside.new_folder()
    if path is None:
        aside.keep_rows(place)
    elif state is State.CHANGED:
        aside.keep_file(path, place)
    return place  # an unusable file goes there when the new one is ready


def _count() -> int:
    with database.reading(UPKEEP) as connection:
        return int(connection.execute(sa.select(sa.func.count()).select_from(events)).scalar_one())


# --- putting it in place ----------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Put:
    events_n: int
    erased_n: int
    tables: Mapping[str, int]
    revoked: tuple[str, ...]
    newer_n: int = 0
    kept: Path | None = None
    state: State = State.UNUSABLE


def _put_in_place(incoming: Incoming, *, replace: bool) -> _Put:
    """Keep what there is and put the backup in its place; nobody writes between the two.

    What somebody recorded in between would be in neither of them.
    """
    if (state := _state()) is State.UNUSABLE:
        return _over_unusable(incoming)
    _refuse_newer(_newer_n(incoming.engine, state), replace=replace)  # before others are made to wait
    with incoming.engine.connect() as source, database.writing(UPKEEP) as connection:
        now = _state()
        if now is State.UNUSABLE:
            raise RegisterError("Nothing was restored: the register was damaged a moment ago; restore again.")
        newer_n = _newer_n(incoming.engine, now)
        _refuse_newer(newer_n, replace=replace)
        erased, kept = _erased(now), _keep(now)
        _replace_rows(source, connection, incoming.tables)
        done = _made_ready(connection, incoming, erased)
    return dataclasses.replace(done, newer_n=newer_n, kept=kept, state=now)


def _refuse_newer(newer_n: int, *, replace: bool) -> None:
    if newer_n and not replace:
        raise RegisterError(
            f"The register holds {newer_n} event(s) that this backup lacks; add --replace to lose them."
            " The register as it is now is kept first."
        )


def _over_unusable(incoming: Incoming) -> _Put:
    """Put the backup in the place of what cannot be used: there is nothing left to lose."""
    newer_n, erased = _newer_n(incoming.engine, State.UNUSABLE), _erased(State.UNUSABLE)
    kept, path = _keep(State.UNUSABLE) or aside.new_folder(), database.sqlite_path()
    if path is not None:
        done = _swap_in(incoming, path, erased, kept)
    else:
        database.start_over()
        with incoming.engine.connect() as source, database.writing(UPKEEP) as connection:
            _replace_rows(source, connection, incoming.tables)
            done = _made_ready(connection, incoming, erased)
    return dataclasses.replace(done, newer_n=newer_n, kept=kept)


def _swap_in(incoming: Incoming, path: Path, erased: Mapping[tuple[str, str], str], kept: Path) -> _Put:
    """Make a new file beside the one that cannot be used, and put it in its place when it is whole."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    fresh = path.with_name(f".restored-{path.name}")
    from access.database import migrate  # noqa: PLC0415 - Alembic is slow to load, seldom needed

    fresh.unlink(missing_ok=True)
    engine = sa.create_engine(f"sqlite:///{fresh}", poolclass=sa.NullPool)
    try:
        migrate.upgrade(engine)
        with incoming.engine.connect() as source, engine.begin() as connection:
            _replace_rows(source, connection, incoming.tables)
            done = _made_ready(connection, incoming, erased)
    except DBAPIError as error:
        raise RegisterError(f"Nothing was restored: {fresh} cannot be written ({error.orig}); free space.") from error
    finally:
        engine.dispose()
    fresh.chmod(0o600)
    aside.swap_in(fresh, path, kept)
    return done


def _replace_rows(source: Connection, target: Connection, names: tuple[str, ...]) -> None:
    """Put the rows of the backup in the place of ours, and prove that they are the same."""
    theirs = {table.name: table for table in archive.tables_of(source)}
    ours = [one for one in archive.tables_of(target) if one.name in names and one.name != archive.VERSIONS]
    if lacking := sorted({*names} - {one.name for one in ours} - {archive.VERSIONS}):
        raise RegisterError(f"Nothing was restored: this program knows no table {lacking[0]}; update the program.")
    for table in reversed(ours):
        target.execute(sa.delete(table))
    for table in ours:
        for rows in archive.in_parts(source, theirs[table.name]):
            target.execute(sa.insert(table), rows)
        if archive.facts_of(source, theirs[table.name]) != archive.facts_of(target, table):
            raise RegisterError(f"Nothing was restored: {table.name} did not arrive whole; try again.")


def _made_ready(connection: Connection, incoming: Incoming, erased: Mapping[tuple[str, str], str]) -> _Put:
    """Erase again what was erased and take away again what was taken away since the backup was made."""
    tables = {
        table.name: int(connection.execute(sa.select(sa.func.count()).select_from(table)).scalar_one())
        for table in archive.tables_of(connection)
        if table.name in incoming.tables and table.name != archive.VERSIONS
    }
    erased_n = sum(_erase_again(connection, *entity, reason) for entity, reason in erased.items())
    revoked = _revoke_again(connection)
    head = connection.execute(HEAD).first()
    return _Put(head.seq if head else 0, erased_n, tables, revoked)


def _erase_again(connection: Connection, kind_name: str, entity_id: str, reason: str) -> bool:
    stub = latest(connection, kind_name, entity_id)
    if stub is None or stub["action"] == "erase":
        return False
    erase_content(connection, stub, reason)
    return True


def _revoke_again(connection: Connection) -> tuple[str, ...]:
    """Keep out whose access was taken away after the backup was made: the last that the audit trail tells of them.

    Not what it tells after the moment of the backup, for the clock may have been wrong then.
    """
    trail = audit.read().iloc[::-1]
    last = {str(row.table): str(row.what) for row in trail.itertuples() if str(row.what).startswith("people: ")}
    gone = [email for email, what in last.items() if what in ("people: revoke", "people: forget")]
    tables = {table.name: table for table in archive.tables_of(connection)}
    if not gone or "people" not in tables:
        return ()
    people, grants = tables["people"], tables["people_grants"]
    found = connection.execute(sa.select(people.c.person_id, people.c.email).where(people.c.email.in_(gone))).all()
    for person in found:
        now = datetime.now(UTC).isoformat(timespec="seconds")
        connection.execute(sa.update(people).where(people.c.person_id == person.person_id).values(revoked_at=now))
        connection.execute(
            sa.delete(grants).where(
                sa.or_(grants.c.person_id == person.person_id, grants.c.deputy_of == person.person_id)
            )
        )
    return tuple(sorted(person.email for person in found))


def _head() -> str:
    with database.reading(UPKEEP) as connection:
        head = connection.execute(HEAD).first()
    return str(head.hash) if head else ""


def _apply_periods() -> str:
    """Erase what is past its period now; return why that could not be, '' when it was done."""
    try:
        retention.apply()
    except RegisterError as error:
        return str(error)
    return ""


def _put_files(files: Mapping[str, Path], kept: Path | None) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Put files back; return which were put, and which of the machine's own stay although they differ.

    Parameters
    ----------
    files
        Where each file of the backup lies, by its path in the data folder.
    kept
        The folder in which damaged files are kept; a new one when it is no folder.

    Raises
    ------
    RegisterError
        One cannot be written.
    """
    data = settings.data_dir()
    names = sorted(files, key=lambda name: (name == _POINTER, name))  # the switch comes last
    done: list[str] = []
    stay: list[str] = []
    place = kept if kept is not None and kept.is_dir() else None
    for name in names:
        target, origin = data / name, files[name]
        if target.is_file() and target.read_bytes() == origin.read_bytes():
            continue
        if target.is_file() and _is_whole(name, target, origin):
            stay.append(name)
            continue
        try:
            if target.exists():
                place = place or aside.new_folder()
                (place / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(target, place / name)
            target.parent.mkdir(parents=True, exist_ok=True)
            with store.whole_file(target, 0o600 if _is_private(name) else 0o644) as part:
                shutil.copyfile(origin, part)
        except (OSError, RisicobeeldError) as error:
            raise RegisterError(
                f"{name} could not be put back ({error}); free some space and restore again."
            ) from error
        done.append(name)
    if _POINTER in done:
        _know_the_figures()
    return tuple(done), tuple(stay)


def _know_the_figures() -> None:
    try:
        snapshot.switch(snapshot.current())
    except SnapshotError:
        return  # the backup was made of figures that were damaged, and told so


def _is_private(name: str) -> bool:
    return name.startswith(("audit/", "register/")) or name == "feed_tokens.json"


def _is_whole(name: str, target: Path, origin: Path) -> bool:
    """Tell whether a file of the machine, which differs from the backup's, is one to keep."""
    if name.endswith(".jsonl"):  # a list that only grows: the machine's own goes on where the backup's ends
        return target.read_bytes().startswith(origin.read_bytes())
    if name == _POINTER or _is_in_version(name):
        return _is_whole_of_figures(name)
    checks: Mapping[str, Callable[[str], object]] = {".json": json.loads, ".toml": tomllib.loads}
    try:
        checks.get(target.suffix, str)(target.read_text("utf-8"))
    except (OSError, ValueError):
        return False
    return True


def _is_in_version(name: str) -> bool:
    parts = Path(name).parts
    return len(parts) > {"core": 2, "raw": 3}.get(parts[0], len(parts))


def _is_whole_of_figures(name: str) -> bool:
    """Tell whether what the machine has of a snapshot or delivery is proved by its own manifest."""
    if name != _POINTER:
        return False  # it differs from the file that the backup proved
    try:
        snapshot.current()
    except SnapshotError:
        return False
    return True
