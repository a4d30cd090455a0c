"""Append events to the register, and erase the content of one entity for good.

What was erased is listed beside the database: a restored backup is held against that list.
"""

import json
import os
import threading
import uuid
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from access.database import engine as database
from access.database.tables import FACETS, contents, drafts, events, files
from access.database.who import UPKEEP
from geodata import known, metrics, settings
from geodata.errors import ConflictError, DatabaseAwayError, RegisterError
from register import chain
from register.backup import archive

MOST_DAYS_AHEAD: Final = 100
"""Days that an entry may come after all that is known; more is a clock that jumped."""
ERASE_REASONS: Final = ("retention", "request", "mistake")

_LATEST: Final = (
    sa.select(events)
    .where(events.c.entity_kind == sa.bindparam("kind"), events.c.entity_id == sa.bindparam("id"))
    .order_by(events.c.version.desc())
    .limit(1)
)
HEAD: Final = sa.select(events.c.seq, events.c.hash, events.c.recorded_at).order_by(events.c.seq.desc()).limit(1)
_NEW_EVENT: Final = sa.insert(events)
_NEW_CONTENT: Final = sa.insert(contents)


@dataclass(frozen=True)
class Entry:
    """One change to append: the next version of an entity.

    Attributes
    ----------
    based_on
        The version that the writer saw; 0 for an entity that has no event yet.
    facets
        Codes by which it is counted (`access.database.tables.FACETS`); they stay when the content is erased.
    content
        All fields of the entity after the change, as JSON can hold them.
    """

    entity_kind: str
    entity_id: str
    based_on: int
    action: str
    event_date: str
    status: str
    facets: Mapping[str, str]
    content: Mapping[str, object]


@dataclass(frozen=True)
class Receipt:
    """Proof that an event is kept: on disk, in the chain."""

    entity_id: str
    event_id: str
    seq: int
    version: int
    recorded_at: str


def new_id() -> str:
    """Return an identity that nobody else gives out."""
    return uuid.uuid4().hex


def append(entries: Iterable[Entry], rule: Callable[[Connection], None] | None = None) -> list[Receipt]:
    """Append entries in one transaction: all are kept or none.

    An entry that was kept before (same entity, same version, same content) is not kept twice; its first
    receipt comes back, so that a writer who heard nothing may simply try again.

    Parameters
    ----------
    rule
        Asked under the lock of the one writer, before anything is kept; it raises what forbids these entries.

    Raises
    ------
    ConflictError
        Someone else changed the entity since the writer saw it, or the rule says so.
    RegisterError
        The database could not keep it; nothing was kept.
    """
    asked = _Asked(tuple((entry, *_sealed(entry)) for entry in entries), rule)  # before the lock, which others wait for
    _waiting.append(asked)
    with _leading:
        # Whoever gets here first writes for all who wait by then, in one transaction: one wait for the disk, not 25.
        if asked.receipts is None and asked.error is None:
            _write_together()
    if asked.error is not None:
        raise asked.error
    for entry, *_ in asked.entries:
        metrics.REGISTER_WRITES.labels(entry.entity_kind).inc()
    return asked.receipts or []


@dataclass
class _Asked:
    """What one caller wants appended, and what became of it."""

    entries: tuple[tuple[Entry, str, str, str], ...]
    rule: Callable[[Connection], None] | None = None
    receipts: list[Receipt] | None = None
    error: Exception | None = None


_waiting: deque[_Asked] = deque()
_leading = threading.Lock()


def _write_together() -> None:
    together = [_waiting.popleft() for _ in range(len(_waiting))]
    try:
        try:
            _write(together)
        except DatabaseAwayError:
            # The answer to the commit may be what got lost. Once more is safe: what was kept is not kept twice.
            _write(together)
    except Exception as error:  # noqa: BLE001 - nobody may be left waiting; each caller raises it
        for asked in together:
            asked.error = error


def _write(together: Iterable[_Asked]) -> None:
    done: list[tuple[_Asked, list[Receipt] | RegisterError]] = []
    with changing() as connection:
        for asked in together:
            try:
                if asked.rule is not None:
                    asked.rule(connection)
                with connection.begin_nested() if len(asked.entries) > 1 else nullcontext():
                    done.append((asked, [_append_one(connection, *one) for one in asked.entries]))
            except RegisterError as error:  # theirs alone: a conflict, found before anything of theirs was written
                done.append((asked, error))
    for asked, outcome in done:  # only now it is on disk
        if isinstance(outcome, RegisterError):
            asked.error = outcome
        else:
            asked.receipts = outcome


@contextmanager
def changing() -> Iterator[Connection]:
    """Give the one writer's transaction on the events, and keep the new head outside the database when it is kept."""
    with database.writing(UPKEEP) as connection:
        yield connection
        head = connection.execute(HEAD).first()
    if head:
        known.note("register", head.seq, head=head.hash)


def _sealed(entry: Entry) -> tuple[str, str, str]:
    body, salt = chain.canonical(entry.content), chain.new_salt()
    return body, salt, chain.digest(salt, body)


def _append_one(connection: Connection, entry: Entry, body: str, salt: str, digest: str) -> Receipt:
    existing = latest(connection, entry.entity_kind, entry.entity_id)
    version = int(existing["version"]) if existing else 0
    if existing and version != entry.based_on:
        repeated = _same_version(connection, entry, body)
        if repeated:
            return repeated
    if version != entry.based_on:
        raise conflict(
            entry.entity_kind,
            "changed_meanwhile",
            version,
            kind=entry.entity_kind,
            entry=entry.entity_id,
            version=version,
            base=entry.based_on,
        )
    if existing and existing["action"] == "erase":
        raise RegisterError("entry_erased", kind=entry.entity_kind, entry=entry.entity_id)
    row = {
        "entity_kind": entry.entity_kind,
        "entity_id": entry.entity_id,
        "version": version + 1,
        "action": entry.action,
        "event_date": entry.event_date,
        "status": entry.status,
        **{name: entry.facets.get(name, "") for name in FACETS},
        "reason": "",
        "digest": digest,
    }
    receipt = _chain_on(connection, row)
    connection.execute(_NEW_CONTENT, {"event_id": receipt.event_id, "salt": salt, "body": body})
    return receipt


def conflict(entity_kind: str, key: str, version: int, /, **values: object) -> ConflictError:
    """Return the error for somebody who was too late, and count that it happened.

    Parameters
    ----------
    entity_kind
        A kind of entry (`register.schema`).
    key
        Of the words of the error.
    version
        The newest one.
    """
    metrics.REGISTER_CONFLICTS.labels(entity_kind).inc()
    return ConflictError(key, version, **values)


def _same_version(connection: Connection, entry: Entry, body: str) -> Receipt | None:
    """Return the receipt of the very same entry, if it was kept before."""
    where = sa.and_(
        events.c.entity_kind == entry.entity_kind,
        events.c.entity_id == entry.entity_id,
        events.c.version == entry.based_on + 1,
    )
    row = connection.execute(sa.select(events, contents.c.body).outerjoin(contents).where(where)).mappings().first()
    if row is None or row["body"] != body:
        return None
    return Receipt(row["entity_id"], row["event_id"], row["seq"], row["version"], row["recorded_at"])


def latest(connection: Connection, entity_kind: str, entity_id: str) -> dict[str, Any] | None:
    """Return the newest event of an entity, None when it has none.

    Parameters
    ----------
    connection
        An open reading of the database.
    entity_kind
        A kind of entry (`register.schema`).
    entity_id
        Of the entry in the register.
    """
    row = connection.execute(_LATEST, {"kind": entity_kind, "id": entity_id}).mappings().first()
    return dict(row) if row is not None else None


def last_known(most_days: int, connection: Connection | None = None) -> datetime | None:
    """Return the last moment that is taken for true: of the newest event, what was confirmed, backups and imports.

    A backup or import counts when it was made at most ``most_days`` after what was known until then: the one that a
    clock that jumped has just made proves nothing. Nor does the audit trail, in which that clock has written before
    anybody looks.
    """
    if connection is None and database.exists():
        with database.reading(UPKEEP) as reading:
            return last_known(most_days, reading)
    moments = []
    if clock := known.read("clock"):
        moments.append(datetime.combine(date.fromordinal(int(clock["number"])), time.min, UTC))
    head = connection.execute(HEAD).first() if connection is not None else None
    moments += [datetime.fromisoformat(head.recorded_at)] if head else []
    last = max(moments, default=None)
    made = [moment for moment, _ in archive.made()]
    if switched := known.read("snapshot").get("number"):
        made.append(datetime.fromtimestamp(switched, UTC))
    for moment in sorted(made):
        if last is None or timedelta(0) < moment - last <= timedelta(days=most_days):
            last = moment
    return last


def _refuse_far_ahead(connection: Connection, head: str, now: datetime) -> None:
    """Stop a write by a clock that jumped: its moment would be the earliest one of all that comes after it."""
    if (now - datetime.fromisoformat(head)).days <= MOST_DAYS_AHEAD:
        return
    last = last_known(MOST_DAYS_AHEAD, connection)
    if last is not None and (days := (now - last).days) > MOST_DAYS_AHEAD:
        raise RegisterError("clock_ahead", day=now.date(), days=days)


def _chain_on(connection: Connection, row: Mapping[str, Any]) -> Receipt:
    head = connection.execute(HEAD).first()
    moment = datetime.now(UTC)
    now = moment.isoformat(timespec="microseconds")
    if head:
        _refuse_far_ahead(connection, head.recorded_at, moment)
    event: dict[str, Any] = {
        **row,
        "seq": head.seq + 1 if head else 1,
        "event_id": new_id(),
        "previous_hash": head.hash if head else chain.FIRST,
        # The order of the chain is the order of time, also when a clock was set back.
        "recorded_at": max(now, head.recorded_at) if head else now,
    }
    event["hash"] = chain.link(event)
    connection.execute(_NEW_EVENT, event)
    return Receipt(event["entity_id"], event["event_id"], event["seq"], event["version"], event["recorded_at"])


def erase_content(connection: Connection, stub: Mapping[str, Any], reason: str) -> Receipt:
    """Remove every content and file of an entity; its events, digests and counting codes stay.

    Parameters
    ----------
    stub
        The entity's newest event, or the same columns for one that never had an event (a row that the
        snapshot or the shipped lists brought).
    reason
        One of `ERASE_REASONS`.
    """
    mine = sa.and_(events.c.entity_kind == stub["entity_kind"], events.c.entity_id == stub["entity_id"])
    connection.execute(sa.delete(contents).where(contents.c.event_id.in_(sa.select(events.c.event_id).where(mine))))
    with_it = sa.and_(files.c.entity_kind == stub["entity_kind"], files.c.entity_id == stub["entity_id"])
    connection.execute(sa.delete(files).where(with_it))
    connection.execute(sa.delete(drafts).where(drafts.c.draft_id == stub["entity_id"]))
    kept = ("entity_kind", "entity_id", "event_date", "status", *FACETS)
    row = {name: stub[name] for name in kept} | {
        "version": int(stub["version"]) + 1,
        "action": "erase",
        "reason": reason,
        "digest": "",
    }
    return _chain_on(connection, row)


def erased_path() -> Path:
    """Return the file of the list; it holds kinds, identities, reasons and dates, nothing else."""
    return settings.data_dir() / "register" / "erased.jsonl"


def note_erased(kind_name: str, entity_id: str, reason: str) -> None:
    """Add an erasure, on disk before anything is erased.

    Parameters
    ----------
    kind_name
        A kind of entry (`register.schema`).
    entity_id
        Of the entry in the register.
    reason
        Why it was erased.
    """
    line = {"kind": kind_name, "id": entity_id, "reason": reason, "at": datetime.now(UTC).isoformat(timespec="seconds")}
    erased_path().parent.mkdir(parents=True, exist_ok=True)
    try:
        with os.fdopen(
            os.open(erased_path(), os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600), "a", encoding="utf-8"
        ) as handle:
            handle.write(json.dumps(line) + "\n")
            handle.flush()
            os.fsync(handle.fileno())
    except OSError as error:
        raise RegisterError("erased_list_unwritable", path=erased_path(), cause=error.strerror) from error


def read_erased() -> dict[tuple[str, str], str]:
    """Return the reason of every erasure, by kind and identity."""
    if not erased_path().is_file():
        return {}
    found = {}
    for text in erased_path().read_text("utf-8").splitlines():
        try:
            line = json.loads(text)
            found[line["kind"], line["id"]] = line["reason"]
        except (ValueError, KeyError, TypeError):
            continue  # the last line of a write that the machine did not survive; its erasure did not happen
    return found
