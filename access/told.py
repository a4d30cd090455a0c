"""What an account keeps of being told: the day on which its person last looked, and what they want by e-mail.

Without sign-in nothing is kept. Nobody but the person asks for e-mail; it goes with the account.
"""

import hashlib
import hmac
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from access.database import engine as database
from access.database.tables import looked, mail, people
from access.database.who import UPKEEP
from access.rights import Verb
from access.viewer import Viewer, may
from geodata import settings
from geodata.errors import AccessDeniedError
from geodata.snapshots import formats as store


@dataclass(frozen=True)
class Wish:
    """What somebody wants to be told by e-mail.

    Attributes
    ----------
    rules
        Names of the rules of notices; empty for no e-mail at all.
    wants_quiet
        Whether to be told also that there is nothing new.
    language
        ``nl`` or ``en``.
    """

    rules: tuple[str, ...] = ()
    wants_quiet: bool = False
    language: str = "nl"


@dataclass(frozen=True)
class Subscriber:
    """Somebody who wants e-mail, and the last day of which they were told; None before the first time."""

    person_id: str
    email: str
    wish: Wish
    told_until: date | None


def looked_on(viewer: Viewer) -> date | None:
    """Return the day on which a person last put away what was new; None when nothing is kept."""
    if not viewer.person or not database.exists():
        return None
    with database.reading(UPKEEP) as connection:
        mine = sa.select(looked.c.looked_on).where(looked.c.person_id == _person_id(connection, viewer))
        day = connection.execute(mine).scalar()
    return date.fromisoformat(day) if day else None


def note_looked(viewer: Viewer, day: date) -> None:
    """Keep the day on which a person put away what was new, in place of the one before; of nobody keep nothing."""
    if not viewer.person or not database.exists():
        return
    with database.writing(UPKEEP) as connection:
        person_id = _person_id(connection, viewer)
        if person_id:
            connection.execute(sa.delete(looked).where(looked.c.person_id == person_id))
            connection.execute(sa.insert(looked), {"person_id": person_id, "looked_on": day.isoformat()})


def wish(viewer: Viewer) -> Wish:
    """Return what a person wants to be told by e-mail: nothing, until they ask for it."""
    if not viewer.person or not database.exists():
        return Wish()
    with database.reading(UPKEEP) as connection:
        mine = sa.select(mail).where(mail.c.person_id == _person_id(connection, viewer))
        row = connection.execute(mine).first()
    return Wish() if row is None else Wish(tuple(row.rules.split(";")), row.wants_quiet, row.language)


def keep_wish(viewer: Viewer, wanted: Wish) -> None:
    """Keep what a person wants by e-mail from now on; one without rules ends it."""
    with database.writing(UPKEEP) as connection:
        person_id = _person_id(connection, viewer)
        if not person_id:
            return
        mine = mail.c.person_id == person_id
        until = connection.execute(sa.select(mail.c.told_until).where(mine)).scalar() or ""
        connection.execute(sa.delete(mail).where(mine))
        if wanted.rules:
            row = {
                "person_id": person_id,
                "rules": ";".join(wanted.rules),
                "wants_quiet": wanted.wants_quiet,
                "language": wanted.language,
                "told_until": until,
            }
            connection.execute(sa.insert(mail), row)


def subscribers(by: Viewer) -> Sequence[Subscriber]:
    """Return who wants e-mail, by address; nobody whose access was taken away.

    Raises
    ------
    AccessDeniedError
        Only LOT-C may send e-mail to people.
    """
    if not may(by, Verb.MANAGE, "people"):
        raise AccessDeniedError("people_denied", role=by)
    if not database.exists():
        return ()
    asked = (
        sa.select(mail, people.c.email)
        .join(people, people.c.person_id == mail.c.person_id)
        .where(people.c.revoked_at == "")
        .order_by(people.c.email)
    )
    with database.reading(UPKEEP) as connection:
        rows = connection.execute(asked).all()
    return [
        Subscriber(
            row.person_id,
            row.email,
            Wish(tuple(row.rules.split(";")), row.wants_quiet, row.language),
            date.fromisoformat(row.told_until) if row.told_until else None,
        )
        for row in rows
    ]


def note_mailed(person_id: str, until: date) -> None:
    """Keep the last day of which somebody was told by e-mail."""
    with database.writing(UPKEEP) as connection:
        mine = mail.c.person_id == person_id
        connection.execute(sa.update(mail).where(mine).values(told_until=until.isoformat()))


def end_token(person_id: str) -> str:
    """Return what ends somebody's e-mail, signed, so that nobody can make one for another; it tells nobody who."""
    return f"{person_id}.{_signature(person_id)}"


def person_of(token: str) -> str:
    """Return whose e-mail a token of `end_token` ends; '' when it was not signed here."""
    person_id, _, signature = token.partition(".")
    is_ours = person_id and hmac.compare_digest(signature.encode(), _signature(person_id).encode())
    return person_id if is_ours else ""


def end_mail(person_id: str) -> None:
    """End somebody's e-mail; of who has none this changes nothing."""
    if database.exists():
        with database.writing(UPKEEP) as connection:
            connection.execute(sa.delete(mail).where(mail.c.person_id == person_id))


def forget(connection: Connection, person_id: str) -> None:
    """Remove what an account keeps, in the transaction that removes the account."""
    for table in (looked, mail):
        connection.execute(sa.delete(table).where(table.c.person_id == person_id))


def _person_id(connection: Connection, viewer: Viewer) -> str:
    found = connection.execute(sa.select(people.c.person_id).where(people.c.email == viewer.person)).scalar()
    return str(found or "")


def _signature(person_id: str) -> str:
    """Sign with a key that stays in the data folder, made the first time; a link in an old e-mail keeps working."""
    path = settings.data_dir() / "mail_key"
    if not path.is_file():
        path.parent.mkdir(parents=True, exist_ok=True)
        with store.whole_file(path, 0o600) as part:
            part.write_text(secrets.token_hex(32), "utf-8")
    return hmac.new(path.read_bytes(), person_id.encode(), hashlib.sha256).hexdigest()
