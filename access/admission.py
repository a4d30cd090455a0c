"""Who may enter now, asked at every run of every page: our own table decides, whatever the provider says.

A provider only proves who somebody is. Role, veiligheidsregio, organisation and deputies come from `access.people`;
a claim about them in a token is ignored. Who is not in the table sees nothing.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from enum import StrEnum
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from access import audit
from access.database import engine as database
from access.database.tables import ended_sessions, grants, people
from access.database.who import UPKEEP
from access.viewer import Viewer

LONGEST_SESSION_S: Final = 12 * 3600
"""A session ends after a working day, however long the provider lets its token live."""
_CLOCK_SKEW_S: Final = 60


class Refusal(StrEnum):
    """Why somebody who signed in may not enter."""

    EXPIRED = "expired"  # the token, or the session, is past its time
    ENDED = "ended"  # signed out, here or in another tab
    UNKNOWN = "unknown"  # not in the table
    UNPROVED = "unproved"  # the provider does not vouch for the e-mail address
    OTHER_ACCOUNT = "other_account"  # the address is known, under another account of the provider
    REVOKED = "revoked"
    NO_ROLE = "no_role"  # in the table, with no role today: before the first day or past the last


@dataclass(frozen=True)
class Admission:
    """What somebody may enter as, or why not.

    Attributes
    ----------
    viewers
        The roles of today; a person with several chooses one. Empty when refused.
    person
        The e-mail address as far as the provider tells it, for the page that says no.
    """

    viewers: tuple[Viewer, ...]
    refusal: Refusal | None
    person: str


def admit(claims: Mapping[str, Any], now: datetime | None = None) -> Admission:
    """Decide whether somebody whose identity the provider has proved may enter; asked again at every run.

    At the first sign-in the verified e-mail address is looked up and the account (issuer and subject) is
    kept; from then on only that account counts, so that an address given to somebody else opens nothing.

    Parameters
    ----------
    claims
        What the signed token says: iss, sub, exp, iat, email, email_verified. All else is ignored.
    now
        The moment; the system's by default, because access knows no peildatum.
    """
    now = now or datetime.now(UTC)
    email = str(claims.get("email") or "").strip().lower()
    if not _is_in_time(claims, now):
        return Admission((), Refusal.EXPIRED, email)
    if not database.exists():
        return Admission((), Refusal.UNKNOWN, email)
    subject = f"{claims.get('iss', '')}|{claims.get('sub', '')}"
    with database.reading(UPKEEP) as connection:
        ended = connection.execute(
            sa.select(ended_sessions).where(ended_sessions.c.session_id == session_id(claims))
        ).first()
        bound = person_of(connection, people.c.subject == subject)
        # An address with signs that only look like letters is nobody's: lowering or folding it would make it another's.
        person = bound or (person_of(connection, people.c.email == email) if is_plain(claims.get("email")) else {})
        grants = grants_of_day(connection, person["person_id"], now.date()) if person else ()
    viewers = viewers_of(grants, person.get("email", ""))
    reasons = {
        Refusal.ENDED: ended is not None,
        Refusal.UNKNOWN: not person,
        Refusal.OTHER_ACCOUNT: not bound and bool(person.get("subject")),
        Refusal.UNPROVED: not bound and claims.get("email_verified") is not True,
        Refusal.REVOKED: bool(person.get("revoked_at")),
        Refusal.NO_ROLE: not viewers,
    }
    refusal = next((reason for reason, holds in reasons.items() if holds), None)
    if refusal is None and not bound and not _bind(person["person_id"], subject):
        refusal = Refusal.OTHER_ACCOUNT  # somebody else was first, this very moment
    return Admission((), refusal, email) if refusal else Admission(viewers, None, person["email"])


def _is_in_time(claims: Mapping[str, Any], now: datetime) -> bool:
    issued, expires = claims.get("iat"), claims.get("exp")
    if not (isinstance(issued, int | float) and isinstance(expires, int | float) and claims.get("sub")):
        return False
    moment = now.timestamp()
    return issued <= moment + _CLOCK_SKEW_S and moment < min(expires, issued + LONGEST_SESSION_S)


def session_id(claims: Mapping[str, Any]) -> str:
    """Return what tells one sign-in from another, without anything of the token in it."""
    told = [str(claims.get(name, "")) for name in ("iss", "sub", "iat", "nonce", "jti", "sid")]
    return hashlib.sha256(json.dumps(told).encode()).hexdigest()


def grants_of_day(connection: Connection, person_id: str, today: date) -> list[dict[str, Any]]:
    """Return a person's grants of a day: the own ones, and as a deputy what the other has that day too.

    Parameters
    ----------
    connection
        An open reading of the database.
    person_id
        Of the table of people.
    today
        The day that is asked for.
    """
    day = today.isoformat()
    valid = sa.and_(grants.c.person_id == person_id, grants.c.valid_from <= day, grants.c.valid_until >= day)
    found: list[dict[str, Any]] = []
    for row in connection.execute(sa.select(grants).where(valid)).mappings().all():
        found += [dict(row)] if not row["deputy_of"] else _of_principal(connection, dict(row), today)
    return found


def roles(email: str, today: date) -> tuple[Viewer, ...]:
    """Return the roles that a person has on a day; none when unknown or revoked."""
    if not database.exists():
        return ()
    with database.reading(UPKEEP) as connection:
        person = person_of(connection, people.c.email == email.strip().lower())
        if not person or person["revoked_at"]:
            return ()
        return viewers_of(grants_of_day(connection, person["person_id"], today), email)


def _of_principal(connection: Connection, deputy: Mapping[str, Any], today: date) -> list[dict[str, Any]]:
    """Return what of a deputy's grant the person who is replaced has today: nothing, once they are out."""
    principal = person_of(connection, people.c.person_id == deputy["deputy_of"])
    if not principal or principal["revoked_at"]:
        return []
    regions = set(deputy["vr_codes"].split(";"))
    return [
        dict(deputy) | {"vr_codes": ";".join(sorted(regions & set(own["vr_codes"].split(";"))))}
        for own in grants_of_day(connection, principal["person_id"], today)
        if not own["deputy_of"]
        and (own["role"], own["organisation"]) == (deputy["role"], deputy["organisation"])
        and regions & set(own["vr_codes"].split(";"))
    ]


def viewers_of(grants: Sequence[Mapping[str, Any]], email: str) -> tuple[Viewer, ...]:
    """Return one viewer per role; the veiligheidsregio's of several grants are seen together."""
    found: dict[tuple[str, str], set[str]] = {}
    for grant in grants:
        regions = found.setdefault((grant["role"], grant["organisation"]), set())
        regions.update(filter(None, grant["vr_codes"].split(";")))
    return tuple(
        Viewer(role, tuple(sorted(regions)), organisation, person=email)
        for (role, organisation), regions in sorted(found.items())
    )


def _bind(person_id: str, subject: str) -> bool:
    with database.writing(UPKEEP) as connection:
        free = sa.and_(people.c.person_id == person_id, people.c.subject == "")
        return connection.execute(sa.update(people).where(free).values(subject=subject)).rowcount == 1


def end_session(claims: Mapping[str, Any], surface: str) -> None:
    """Remember that somebody signed out, so that tabs which still hold the token show nothing more."""
    expires = float(claims.get("exp") or 0)
    with database.writing(UPKEEP) as connection:
        moment = datetime.now(UTC).timestamp()
        connection.execute(sa.delete(ended_sessions).where(ended_sessions.c.expires_at < moment))
        known = connection.execute(
            sa.select(ended_sessions).where(ended_sessions.c.session_id == session_id(claims))
        ).first()
        if known is None:
            connection.execute(sa.insert(ended_sessions), {"session_id": session_id(claims), "expires_at": expires})
    audit.note("sign-out", who=str(claims.get("email") or claims.get("sub") or ""), role="", surface=surface)


def person_of(connection: Connection, where: sa.ColumnElement[bool]) -> dict[str, Any]:
    """Return a person's row, an empty one when there is none."""
    row = connection.execute(sa.select(people).where(where)).mappings().first()
    return dict(row) if row is not None else {}


def is_plain(email: object) -> bool:
    r"""Tell whether an address is ASCII: other alphabets hold letters that look, or fold, like these.

    Examples
    --------
    >>> is_plain("sam.smit@example.org"), is_plain("\u017fam.smit@example.org")
    (True, False)
    """
    return isinstance(email, str) and email.strip().isascii()
