"""Drafts: what someone is typing, kept on the server, so that a lost connection loses nothing."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa

from access.database import engine as database
from access.database.tables import drafts
from access.viewer import Viewer
from register import chain, read


@dataclass(frozen=True)
class Draft:
    """An unfinished entry; ``draft_id`` becomes the entity's identity, so that saving twice keeps it once."""

    draft_id: str
    entity_kind: str
    fields: dict[str, Any]
    saved_at: str


def keep(viewer: Viewer, entity_kind: str, draft_id: str, fields: dict[str, Any]) -> None:
    """Keep the fields as they are now; an earlier state of the draft is replaced. Nothing is checked yet.

    Parameters
    ----------
    viewer
        Who does it.
    entity_kind
        A kind of entry (`register.schema`).
    draft_id
        Of the form that is being filled in.
    fields
        By name, as they stand in the form.
    """
    row = {
        "draft_id": draft_id,
        "owner": viewer.who,
        "entity_kind": entity_kind,
        "body": chain.canonical(fields),
        "saved_at": datetime.now(UTC).isoformat(timespec="seconds"),
    }
    with database.writing(viewer) as connection:
        connection.execute(sa.delete(drafts).where(drafts.c.draft_id == draft_id, drafts.c.owner == viewer.who))
        connection.execute(sa.insert(drafts), row)


def mine(viewer: Viewer, entity_kind: str) -> list[Draft]:
    """Return the viewer's own drafts of a kind, the newest first."""
    if not database.exists():
        return []
    own = sa.and_(drafts.c.owner == viewer.who, drafts.c.entity_kind == entity_kind)
    with database.reading(viewer) as connection:
        rows = connection.execute(sa.select(drafts).where(own).order_by(drafts.c.saved_at.desc())).all()
    return [Draft(row.draft_id, row.entity_kind, read.parse_body(row.body), row.saved_at) for row in rows]


def discard(viewer: Viewer, draft_id: str) -> None:
    """Drop a draft, because it was recorded or is no longer wanted."""
    with database.writing(viewer) as connection:
        connection.execute(sa.delete(drafts).where(drafts.c.draft_id == draft_id, drafts.c.owner == viewer.who))
