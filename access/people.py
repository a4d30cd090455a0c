"""Who may enter, in which role and until when: our own table, beside whatever the sign-in provider says.

A provider only proves who somebody is. Role, veiligheidsregio, organisation and deputies come from here;
a claim about them in a token is ignored. Who is not in the table sees nothing.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from enum import StrEnum
from typing import Any, Final
from uuid import uuid4

import pandas as pd
import sqlalchemy as sa
from sqlalchemy.engine import Connection

from access import audit, told
from access.database import engine as database
from access.database.tables import ended_sessions, grants, people
from access.database.who import UPKEEP
from access.rights import Rows, Verb, rows_of
from access.viewer import Viewer, may
from geodata.errors import AccessDeniedError, InputError

LONGEST_SESSION_S: Final = 12 * 3600
"""A session ends after a working day, however long the provider lets its token live."""
FOREVER: Final = date(9999, 12, 31)
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


# --- at every run of every page ------------------------------------------------------------------------


def admit(claims: Mapping[str, Any], now: datetime | None = None) -> Admission:
    """Decide on somebody whom the provider proved to be who they are; asked again at every run.

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
        bound = _person(connection, people.c.subject == subject)
        # An address with signs that only look like letters is nobody's: lowering or folding it would make it another's.
        person = bound or (_person(connection, people.c.email == email) if _is_plain(claims.get("email")) else {})
        grants = _grants_today(connection, person["person_id"], now.date()) if person else ()
    viewers = _viewers(grants, person.get("email", ""))
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


def _grants_today(connection: Connection, person_id: str, today: date) -> list[dict[str, Any]]:
    """Return a person's grants of a day: the own ones, and as a deputy what the other has that day too."""
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
        person = _person(connection, people.c.email == email.strip().lower())
        if not person or person["revoked_at"]:
            return ()
        return _viewers(_grants_today(connection, person["person_id"], today), email)


def _of_principal(connection: Connection, deputy: Mapping[str, Any], today: date) -> list[dict[str, Any]]:
    """Return what of a deputy's grant the person who is replaced has today: nothing, once they are out."""
    principal = _person(connection, people.c.person_id == deputy["deputy_of"])
    if not principal or principal["revoked_at"]:
        return []
    regions = set(deputy["vr_codes"].split(";"))
    return [
        dict(deputy) | {"vr_codes": ";".join(sorted(regions & set(own["vr_codes"].split(";"))))}
        for own in _grants_today(connection, principal["person_id"], today)
        if not own["deputy_of"]
        and (own["role"], own["organisation"]) == (deputy["role"], deputy["organisation"])
        and regions & set(own["vr_codes"].split(";"))
    ]


def _viewers(grants: Sequence[Mapping[str, Any]], email: str) -> tuple[Viewer, ...]:
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


# --- by a command or a page -----------------------------------------------------------------------------


def may_manage(viewer: Viewer) -> bool:
    """Tell whether a viewer may change who enters: LOT-C may, the privacy officer only looks."""
    return may(viewer, Verb.MANAGE, "people")


def everyone(viewer: Viewer) -> pd.DataFrame:
    """Return every grant with its person: email, role, vr_codes, organisation, deputy_of, valid_from, valid_until,
    signed_in_before, revoked_at. One row per grant, one for a person without any.

    Raises
    ------
    AccessDeniedError
        Only LOT-C and the privacy officer may.
    """  # noqa: D205 - the list of columns is one sentence
    if rows_of(viewer.role, "people") != Rows.ALL:
        raise AccessDeniedError("people_denied", role=viewer)
    refuse_practice(viewer)
    columns = [
        "email",
        "role",
        "vr_codes",
        "organisation",
        "deputy_of",
        "valid_from",
        "valid_until",
        "signed_in_before",
        "revoked_at",
    ]
    if not database.exists():
        return pd.DataFrame(columns=columns)
    stands_in_for = people.alias("stands_in_for")
    query = (
        sa.select(
            people.c.email,
            grants.c.role,
            grants.c.vr_codes,
            grants.c.organisation,
            stands_in_for.c.email.label("deputy_of"),
            grants.c.valid_from,
            grants.c.valid_until,
            (people.c.subject != "").label("signed_in_before"),
            people.c.revoked_at,
        )
        .select_from(
            people.outerjoin(grants, grants.c.person_id == people.c.person_id).outerjoin(
                stands_in_for, stands_in_for.c.person_id == grants.c.deputy_of
            )
        )
        .order_by(people.c.email, grants.c.valid_from)
    )
    with database.reading(viewer) as connection:
        rows = connection.execute(query).mappings().all()
    table = pd.DataFrame([dict(row) for row in rows], columns=columns).fillna("")
    return table.assign(signed_in_before=table["signed_in_before"].astype(bool))


def add(
    by: Viewer, email: str, granted: Viewer, *, first: date | None = None, last: date = FOREVER, surface: str = ""
) -> None:
    """Let somebody in, or give a person who may enter already one more role or region.

    Parameters
    ----------
    by
        Who decides.
    email
        The address that the provider vouches for.
    granted
        The role with its veiligheidsregio's or organisation.
    first, last
        First and last day, both included; from today and without end by default.
    """
    _record(by, email, granted, first or datetime.now(UTC).date(), last, deputy_of="", surface=surface)


def add_deputy(
    by: Viewer, email: str, stands_in_for: str, last: date, *, first: date | None = None, surface: str = ""
) -> None:
    """Let somebody stand in for another until a last day, with the roles that the other has on the first day.

    The roles are asked of the other at every sign-in: once these end, or the other is revoked or forgotten, the
    deputy's end at the same click.

    Raises
    ------
    InputError
        The other has no role then, or the last day is before the first.
    """
    _refuse(by, "give access")
    first = first or datetime.now(UTC).date()
    with database.reading(by) as connection:
        other = _known(connection, stands_in_for)
        grants = _grants_today(connection, other["person_id"], first)
    roles = _viewers([grant for grant in grants if not grant["deputy_of"]], "")
    if not roles or other["revoked_at"]:
        raise InputError("no_role_to_stand_in", email=other["email"], day=first)
    for granted in roles:
        _record(by, email, granted, first, last, deputy_of=other["person_id"], surface=surface)


def _record(by: Viewer, email: str, granted: Viewer, first: date, last: date, *, deputy_of: str, surface: str) -> None:
    _refuse(by, "give access")
    address = _clean(email)
    if last < first:
        raise InputError("last_before_first", last=last, first=first)
    with database.writing(by) as connection:
        person = _person(connection, people.c.email == address)
        if not person:
            row = {"person_id": uuid4().hex, "email": address, "subject": "", "revoked_at": "", "recorded_at": _now()}
            connection.execute(sa.insert(people), row)
            person_id = row["person_id"]
        else:
            person_id = str(person["person_id"])
            connection.execute(sa.update(people).where(people.c.person_id == person_id).values(revoked_at=""))
        grant = {
            "grant_id": uuid4().hex,
            "person_id": person_id,
            "role": granted.role,
            "vr_codes": ";".join(granted.vr_codes),
            "organisation": granted.organisation,
            "deputy_of": deputy_of,
            "valid_from": first.isoformat(),
            "valid_until": last.isoformat(),
        }
        connection.execute(sa.insert(grants), grant)
    _note(by, f"grant {granted} until {last}", address, surface)


def revoke(by: Viewer, email: str, *, surface: str = "") -> None:
    """Take away everything a person may see, from the next click on, and end all roles today.

    Raises
    ------
    InputError
        There is no such person.
    """
    _refuse(by, "take access away")
    with database.writing(by) as connection:
        person = _known(connection, email)
        mine = people.c.person_id == person["person_id"]
        connection.execute(sa.update(people).where(mine).values(revoked_at=_now()))
        connection.execute(sa.delete(grants).where(_given_through(person["person_id"])))
    _note(by, "revoke", person["email"], surface)


def forget(by: Viewer, email: str, *, surface: str = "") -> None:
    """Remove a person from the table altogether; the audit trail keeps its lines until they are past their time."""
    _refuse(by, "remove a person")
    with database.writing(by) as connection:
        person = _known(connection, email)
        connection.execute(sa.delete(grants).where(_given_through(person["person_id"])))
        told.forget(connection, person["person_id"])
        connection.execute(sa.delete(people).where(people.c.person_id == person["person_id"]))
    _note(by, "forget", person["email"], surface)


def _given_through(person_id: str) -> sa.ColumnElement[bool]:
    """Return which grants go with a person: the own ones, and those of whoever stands in for them."""
    return sa.or_(grants.c.person_id == person_id, grants.c.deputy_of == person_id)


def _person(connection: Connection, where: sa.ColumnElement[bool]) -> dict[str, Any]:
    """Return a person's row, an empty one when there is none."""
    row = connection.execute(sa.select(people).where(where)).mappings().first()
    return dict(row) if row is not None else {}


def _known(connection: Connection, email: str) -> dict[str, Any]:
    """Return the person of an address, also of one written when other signs than ASCII were still taken."""
    person = _person(connection, people.c.email.in_([email.strip().lower(), email.strip().casefold()]))
    if not person:
        raise InputError("not_among_people", email=email.strip())
    return person


def _clean(email: str) -> str:
    address = email.strip().lower()
    local, at, host = address.partition("@")
    if not (local and at and "." in host) or len(address) > 200 or any(sign.isspace() for sign in address):
        raise InputError("not_an_email", email=repr(email))
    if not _is_plain(email):
        raise InputError("email_not_plain", email=repr(email))
    return address


def _is_plain(email: object) -> bool:
    r"""Tell whether an address is ASCII: other alphabets hold letters that look, or fold, like these.

    Examples
    --------
    >>> _is_plain("sam.smit@example.org"), _is_plain("\u017fam.smit@example.org")
    (True, False)
    """
    return isinstance(email, str) and email.strip().isascii()


def _refuse(by: Viewer, what: str) -> None:
    if not may_manage(by):
        raise AccessDeniedError("access_denied", role=by, what=what)
    refuse_practice(by)


def refuse_practice(viewer: Viewer) -> None:
    """Stop a page without sign-in where people signed in before: what tells of them is theirs, and the list counts.

    Before anybody did, the list may be prepared on such a page.

    Raises
    ------
    AccessDeniedError
        Somebody signed in here once.
    """
    if not viewer.is_practice or not database.exists():
        return
    with database.reading(UPKEEP) as connection:
        if _person(connection, people.c.subject != ""):
            raise AccessDeniedError("people_without_signin")


def _note(by: Viewer, what: str, about: str, surface: str) -> None:
    audit.note(f"people: {what}", who=by.who, role=str(by), surface=surface or audit.command_line(), table=about)


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
