"""What an account keeps of being told: the day on which its person last put away what was new, and nothing else.

Without sign-in nothing is kept. It goes with the account.
"""

from datetime import date
from typing import Final

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from access.database import engine as database
from access.database.who import UPKEEP
from access.viewer import Viewer

_metadata: Final = sa.MetaData()
_people = sa.Table("people", _metadata, sa.Column("person_id", sa.String(32)), sa.Column("email", sa.String(200)))
_looked = sa.Table(
    "people_looked",
    _metadata,
    sa.Column("person_id", sa.String(32), primary_key=True),
    sa.Column("looked_on", sa.String(10)),
)


def looked_on(viewer: Viewer) -> date | None:
    """Return the day on which a person last put away what was new; None when nothing is kept."""
    if not viewer.person or not database.exists():
        return None
    with database.reading(UPKEEP) as connection:
        mine = sa.select(_looked.c.looked_on).where(_looked.c.person_id == _person_id(connection, viewer))
        day = connection.execute(mine).scalar()
    return date.fromisoformat(day) if day else None


def note_looked(viewer: Viewer, day: date) -> None:
    """Keep the day on which a person put away what was new, in place of the one before; of nobody keep nothing."""
    if not viewer.person or not database.exists():
        return
    with database.writing(UPKEEP) as connection:
        person_id = _person_id(connection, viewer)
        if person_id:
            connection.execute(sa.delete(_looked).where(_looked.c.person_id == person_id))
            connection.execute(sa.insert(_looked), {"person_id": person_id, "looked_on": day.isoformat()})


def forget(connection: Connection, person_id: str) -> None:
    """Remove what an account keeps, in the transaction that removes the account."""
    connection.execute(sa.delete(_looked).where(_looked.c.person_id == person_id))


def _person_id(connection: Connection, viewer: Viewer) -> str:
    found = connection.execute(sa.select(_people.c.person_id).where(_people.c.email == viewer.person)).scalar()
    return str(found or "")
