"""Named profiles of other weights, kept next to the national version, which no profile ever changes.

A profile belongs to a role, or to a veiligheidsregio: who is not of it never learns that it exists.
"""

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final
from uuid import uuid4

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from access import audit
from access.database import engine as database
from access.database.tables import NAME_SIGNS_N, profiles
from access.rights import rows_of
from access.viewer import Viewer
from geodata.errors import AccessDeniedError, InputError

LONGEST_NAME: Final = NAME_SIGNS_N
MOST_N: Final = 50
"""The most profiles of one owner; more would be a list that nobody reads."""


@dataclass(frozen=True)
class Profile:
    """Weights under a name.

    Attributes
    ----------
    owner
        The role (``lotc``, ``analyst``) or the veiligheidsregio (``VR06``) that it belongs to.
    weights
        Weight from 0 to 1 per code of a dimension or route of the model.
    model_version
        The version of the model that the codes are of.
    """

    profile_id: str
    owner: str
    name: str
    weights: Mapping[str, float]
    model_version: str
    saved_by: str
    saved_at: str


def owners(viewer: Viewer) -> tuple[str, ...]:
    """Return whose profiles a viewer may see and change.

    Raises
    ------
    AccessDeniedError
        The role keeps no profiles.

    Examples
    --------
    >>> owners(Viewer("region", ("VR06",))), owners(Viewer("lotc"))
    (('VR06',), ('lotc',))
    """
    if rows_of(viewer.role, "weight_profiles") is None:
        raise AccessDeniedError("profiles_denied", role=viewer.role)
    return viewer.vr_codes or (viewer.role,)


def mine(viewer: Viewer) -> list[Profile]:
    """Return the profiles that a viewer may see, by name.

    Raises
    ------
    AccessDeniedError
        The role keeps no profiles.
    """
    own = profiles.c.owner.in_(owners(viewer))
    if not database.exists():
        return []
    with database.reading(viewer) as connection:
        rows = connection.execute(sa.select(profiles).where(own).order_by(profiles.c.name)).mappings().all()
    return [Profile(**{**row, "weights": json.loads(row["weights"])}) for row in rows]


def save(
    viewer: Viewer, name: str, weights: Mapping[str, float], model_version: str, *, owner: str = "", surface: str = ""
) -> Profile:
    """Keep weights under a name; a profile of the owner that has this name takes the new weights.

    Parameters
    ----------
    owner
        For a contact of several veiligheidsregio's: for which one; the first by default.

    Raises
    ------
    AccessDeniedError
        The role keeps no profiles, or not for this owner.
    InputError
        The name or a weight cannot be used, or there are `MOST_N` profiles already.
    """
    own = owners(viewer)
    owner = owner or own[0]
    if owner not in own:
        raise AccessDeniedError("profile_owner_denied", role=viewer, owner=owner, owners=", ".join(own))
    label, known = _named(name), {(one.owner, one.name): one for one in mine(viewer)}
    wrong = sorted(code for code, weight in weights.items() if not (math.isfinite(weight) and 0 <= weight <= 1))
    if wrong or not weights:
        raise InputError("weight_outside", codes=", ".join(wrong) or "nothing")
    before = known.get((owner, label))
    if before is None and sum(one.owner == owner for one in known.values()) >= MOST_N:
        raise InputError("too_many_profiles", most=MOST_N)
    made = Profile(
        before.profile_id if before else uuid4().hex,
        owner,
        label,
        dict(weights),
        model_version,
        viewer.who,
        datetime.now(UTC).isoformat(timespec="seconds"),
    )
    with database.writing(viewer) as connection:
        connection.execute(sa.delete(profiles).where(profiles.c.profile_id == made.profile_id))
        row = {**vars(made), "weights": json.dumps(made.weights, sort_keys=True)}
        connection.execute(sa.insert(profiles), row)
    _note(viewer, "change" if before else "save", made, surface)
    return made


def rename(viewer: Viewer, profile_id: str, name: str, *, surface: str = "") -> None:
    """Give a profile another name.

    Parameters
    ----------
    viewer
        Who does it.
    profile_id
        Of the profile.
    name
        The new name.
    surface
        The page or command, for the audit trail.

    Raises
    ------
    InputError
        There is no such profile for the viewer, or the owner has one of that name.
    """
    label = _named(name)
    with database.writing(viewer) as connection:
        found = _own(connection, viewer, profile_id)
        same = sa.and_(profiles.c.owner == found.owner, profiles.c.name == label)
        taken = connection.execute(sa.select(profiles.c.profile_id).where(same)).scalar()
        if taken not in (None, profile_id):
            raise InputError("profile_exists", name=repr(label))
        connection.execute(sa.update(profiles).where(profiles.c.profile_id == profile_id).values(name=label))
    _note(viewer, f"rename {found.name} to", Profile(**{**vars(found), "name": label}), surface)


def delete(viewer: Viewer, profile_id: str, *, surface: str = "") -> None:
    """Remove a profile.

    Parameters
    ----------
    viewer
        Who does it.
    profile_id
        Of the profile.
    surface
        The page or command, for the audit trail.

    Raises
    ------
    InputError
        There is no such profile for the viewer.
    """
    with database.writing(viewer) as connection:
        found = _own(connection, viewer, profile_id)
        connection.execute(sa.delete(profiles).where(profiles.c.profile_id == profile_id))
    _note(viewer, "delete", found, surface)


def _own(connection: Connection, viewer: Viewer, profile_id: str) -> Profile:
    own = sa.and_(profiles.c.profile_id == profile_id, profiles.c.owner.in_(owners(viewer)))
    row: Any = connection.execute(sa.select(profiles).where(own)).mappings().first()
    if row is None:
        raise InputError("no_such_profile")
    return Profile(**{**row, "weights": json.loads(row["weights"])})


def _named(name: str) -> str:
    label = " ".join(name.split())
    if not label or len(label) > LONGEST_NAME:
        raise InputError("profile_name", longest=LONGEST_NAME)
    return label


def _note(viewer: Viewer, what: str, profile: Profile, surface: str) -> None:
    told = ", ".join(f"{code} {weight:g}" for code, weight in sorted(profile.weights.items()))
    audit.note(
        f"profile: {what}",
        who=viewer.who,
        role=str(viewer),
        surface=surface or audit.command_line(),
        table=f"{profile.owner}/{profile.name} ({told})",
    )
