"""The chain that makes every change visible: each event's hash covers the one before it.

The hash covers a salted digest of the content, never the content itself. Erasing the content and its
salt leaves a digest that nobody can guess back, and a chain that still verifies.
"""

import hashlib
import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from access import anchor
from access.database import engine as database
from access.database.tables import FACETS, REGISTER_TABLES, contents, events, files
from access.database.who import UPKEEP
from geodata import known
from geodata.errors import RegisterError

FIRST: Final = "0" * 64
"""What stands for "the hash before" at the first event."""

_COVERED: Final = (
    "previous_hash",
    "seq",
    "event_id",
    "entity_kind",
    "entity_id",
    "version",
    "action",
    "event_date",
    "status",
    *FACETS,
    "reason",
    "recorded_at",
    "digest",
)


def canonical(content: Mapping[str, object]) -> str:
    """Return content as the one text that its digest is taken of.

    Examples
    --------
    >>> canonical({"b": 1, "a": "é"})
    '{"a":"é","b":1}'
    """
    return json.dumps(content, sort_keys=True, ensure_ascii=False, separators=(",", ":"))


def new_salt() -> str:
    """Return a salt that makes the digest of even a short content impossible to guess."""
    return secrets.token_hex(16)


def digest(salt: str, body: str) -> str:
    """Return the salted digest of a content.

    Examples
    --------
    >>> digest("00", "{}")[:16]
    '97f83f00fe7900b0'
    """
    return hashlib.sha256(f"{salt}\n{body}".encode()).hexdigest()


def link(event: Mapping[str, Any]) -> str:
    """Return an event's hash over all that the chain covers, the hash before it included."""
    covered = json.dumps([str(event[name]) for name in _COVERED], ensure_ascii=False)
    return hashlib.sha256(covered.encode()).hexdigest()


@dataclass(frozen=True)
class Verification:
    """What a walk along the chain found; the register is whole when ``problems`` is empty."""

    events_n: int
    erased_n: int
    head: str
    problems: tuple[str, ...]


def verify_chain(head: str = "") -> Verification:
    """Walk along the whole chain and compare every content and file with its digest.

    Parameters
    ----------
    head
        A hash noted earlier, for example with a backup: it must occur in the chain. Without it, events
        cut off at the end go unnoticed, as in any chain.
    """
    heads = known_heads()  # also without a register: an anchor that is gone or broken is told
    if not database.exists():
        return Verification(0, 0, FIRST, ())
    with database.reading(UPKEEP) as connection:
        return verify(connection, head, *heads)


def known_heads() -> tuple[str, ...]:
    """Return the heads that are kept outside the database (`geodata.known`, `access.anchor`); none without an entry.

    Raises
    ------
    InputError
        What was written outside is gone or cannot be used.
    """
    told = (str(known.read("register").get("head", "")), anchor.newest().get("register", ""))
    return tuple(head for head in told if head not in ("", FIRST))  # noted before the first entry: nothing is missed


def refuse_cut(connection: Connection, *heads: str) -> None:
    """Stop when a table is gone, or the newest event that is known outside the database; asks for one row.

    Parameters
    ----------
    connection
        An open reading of the database.
    heads
        As `known_heads` gave them before it was opened: others write on, and their entries lie outside of it.

    Raises
    ------
    RegisterError
        A table is gone, or events were cut off or replaced.
    """
    gone = {table.name for table in REGISTER_TABLES} - set(sa.inspect(connection).get_table_names())
    if gone:
        raise RegisterError("register_lacks_table", table=min(gone))
    for head in heads:
        if connection.execute(sa.select(events.c.seq).where(events.c.hash == head)).first() is None:
            raise RegisterError("register_cut", held=known.read("register")["number"])


def verify(connection: Connection, *heads: str) -> Verification:
    """Do the work of `verify_chain` on an open connection, for hashes that must all occur."""
    erased = {
        (row.entity_kind, row.entity_id): row.version
        for row in connection.execute(sa.select(events).where(events.c.action == "erase"))
    }
    joined = sa.select(events, contents.c.salt, contents.c.body).outerjoin(contents).order_by(events.c.seq)
    problems: list[str] = []
    previous, count, empty, unseen = FIRST, 0, 0, {head for head in heads if head not in ("", FIRST)}
    for row in connection.execute(joined).mappings():
        count += 1
        where = f"event {row['seq']} ({row['entity_kind']} {row['entity_id']})"
        if row["seq"] != count:
            problems.append(f"{where}: number {count} is missing before it")
            count = row["seq"]
        if row["previous_hash"] != previous or link(dict(row)) != row["hash"]:
            problems.append(f"{where}: the chain is broken here")
        if row["body"] is None:
            is_erased = row["version"] <= erased.get((row["entity_kind"], row["entity_id"]), 0)
            empty += is_erased
            if not is_erased:
                problems.append(f"{where}: its content is gone without an erasure")
        elif digest(row["salt"], row["body"]) != row["digest"]:
            problems.append(f"{where}: its content was changed")
        previous = row["hash"]
        unseen.discard(previous)
    if unseen:
        problems.append("the hash that was noted earlier does not occur; events were cut off or replaced")
    problems += [
        f"file {row.name} of {row.entity_kind} {row.entity_id}: its content was changed"
        for row in connection.execute(sa.select(files))
        if hashlib.sha256(row.content).hexdigest() != row.sha256
    ]
    return Verification(count, empty, previous, tuple(problems))
