"""Append events to the register, and erase the content of one entity for good."""

import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from geodata.errors import ConflictError, RegisterError
from geodata.register import chain, database
from geodata.register.database import FACETS, contents, drafts, events, files

ERASE_REASONS: Final = ("retention", "request", "mistake")


@dataclass(frozen=True)
class Entry:
    """One change to append: the next version of an entity.

    Attributes
    ----------
    based_on
        The version that the writer saw; 0 for an entity that has no event yet.
    facets
        Codes by which it is counted (`database.FACETS`); they stay when the content is erased.
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


def append(entries: Iterable[Entry]) -> list[Receipt]:
    """Append entries in one transaction: all are kept or none.

    An entry that was kept before (same entity, same version, same content) is not kept twice; its first
    receipt comes back, so that a writer who heard nothing may simply try again.

    Raises
    ------
    ConflictError
        Someone else changed the entity since the writer saw it.
    RegisterError
        The database could not keep it; nothing was kept.
    """
    with database.writing() as connection:
        return [_append_one(connection, entry) for entry in entries]


def _append_one(connection: Connection, entry: Entry) -> Receipt:
    body = chain.canonical(entry.content)
    existing = latest(connection, entry.entity_kind, entry.entity_id)
    version = int(existing["version"]) if existing else 0
    if existing and version != entry.based_on:
        repeated = _same_version(connection, entry, body)
        if repeated:
            return repeated
    if version != entry.based_on:
        raise ConflictError(
            f"Someone else changed {entry.entity_kind} {entry.entity_id} meanwhile (version {version}, yours"
            f" was {entry.based_on}); look at the difference and save again.",
            version,
        )
    if existing and existing["action"] == "erase":
        raise RegisterError(f"{entry.entity_kind} {entry.entity_id} was erased; make a new entry instead.")
    salt = chain.new_salt()
    row = {
        "entity_kind": entry.entity_kind, "entity_id": entry.entity_id, "version": version + 1,
        "action": entry.action, "event_date": entry.event_date, "status": entry.status,
        **{name: entry.facets.get(name, "") for name in FACETS}, "reason": "", "digest": chain.digest(salt, body),
    }  # fmt: skip
    receipt = _chain_on(connection, row)
    connection.execute(sa.insert(contents), {"event_id": receipt.event_id, "salt": salt, "body": body})
    return receipt


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
    """Return the newest event of an entity, None when it has none."""
    mine = sa.and_(events.c.entity_kind == entity_kind, events.c.entity_id == entity_id)
    query = sa.select(events).where(mine).order_by(events.c.version.desc()).limit(1)
    row = connection.execute(query).mappings().first()
    return dict(row) if row is not None else None


def _chain_on(connection: Connection, row: Mapping[str, Any]) -> Receipt:
    query = sa.select(events.c.seq, events.c.hash, events.c.recorded_at).order_by(events.c.seq.desc()).limit(1)
    head = connection.execute(query).first()
    now = datetime.now(UTC).isoformat(timespec="microseconds")
    event: dict[str, Any] = {
        **row,
        "seq": head.seq + 1 if head else 1,
        "event_id": new_id(),
        "previous_hash": head.hash if head else chain.FIRST,
        # The order of the chain is the order of time, also when a clock was set back.
        "recorded_at": max(now, head.recorded_at) if head else now,
    }
    event["hash"] = chain.link(event)
    connection.execute(sa.insert(events), event)
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
        "version": int(stub["version"]) + 1, "action": "erase", "reason": reason, "digest": "",
    }  # fmt: skip
    return _chain_on(connection, row)
