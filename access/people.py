"""The people who may enter, in which role and until when; LOT-C gives and takes access, by a page or a command."""

from datetime import UTC, date, datetime
from typing import Any, Final
from uuid import uuid4

import pandas as pd
import sqlalchemy as sa
from sqlalchemy.engine import Connection

from access import audit, told
from access.admission import grants_of_day, is_plain, person_of, viewers_of
from access.database import engine as database
from access.database.tables import grants, people
from access.database.who import UPKEEP
from access.rights import Rows, Verb, rows_of
from access.viewer import Viewer, may
from geodata.errors import AccessDeniedError, InputError

FOREVER: Final = date(9999, 12, 31)


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

    Parameters
    ----------
    by
        Who manages access.
    email
        Of the deputy.
    stands_in_for
        The address of the other.
    last
        The last day, itself included.
    first
        The first day; today by default.
    surface
        The page or command, for the audit trail.

    Raises
    ------
    InputError
        The other has no role then, or the last day is before the first.
    """
    _refuse(by, "give access")
    first = first or datetime.now(UTC).date()
    with database.reading(by) as connection:
        other = _known(connection, stands_in_for)
        grants = grants_of_day(connection, other["person_id"], first)
    roles = viewers_of([grant for grant in grants if not grant["deputy_of"]], "")
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
        person = person_of(connection, people.c.email == address)
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

    Parameters
    ----------
    by
        Who manages access.
    email
        Of the person.
    surface
        The page or command, for the audit trail.

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
    """Remove a person from the table altogether; the audit trail keeps its lines until they are past their time.

    Parameters
    ----------
    by
        Who manages access.
    email
        Of the person.
    surface
        The page or command, for the audit trail.
    """
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


def _known(connection: Connection, email: str) -> dict[str, Any]:
    """Return the person of an address, also of one written when other signs than ASCII were still taken."""
    person = person_of(connection, people.c.email.in_([email.strip().lower(), email.strip().casefold()]))
    if not person:
        raise InputError("not_among_people", email=email.strip())
    return person


def _clean(email: str) -> str:
    address = email.strip().lower()
    local, at, host = address.partition("@")
    if not (local and at and "." in host) or len(address) > 200 or any(sign.isspace() for sign in address):
        raise InputError("not_an_email", email=repr(email))
    if not is_plain(email):
        raise InputError("email_not_plain", email=repr(email))
    return address


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
        if person_of(connection, people.c.subject != ""):
            raise AccessDeniedError("people_without_signin")


def _note(by: Viewer, what: str, about: str, surface: str) -> None:
    audit.note(f"people: {what}", who=by.who, role=str(by), surface=surface or audit.command_line(), table=about)


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
