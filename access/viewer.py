"""Who looks: a role with its scope, as ``--as`` writes it, and what it may write."""

from dataclasses import dataclass, field

from access import audit
from access.rights import ROLES, Rows, Verb, rows_of
from geodata import codes
from geodata.errors import InputError


@dataclass(frozen=True)
class Viewer:
    """Who looks: a role, with the veiligheidsregio's or the organisation that belong to it.

    Attributes
    ----------
    person
        Who it is, as the audit trail and the register name them; '' without sign-in. Two people in one
        role are equal: they see the same.
    is_practice
        Looks at a page without sign-in: nobody can be held to anything, so real entries and secret tables stay
        closed. A command is run by whoever holds the files anyway, and the trail names the account.
    """

    role: str
    vr_codes: tuple[str, ...] = ()
    organisation: str = ""
    person: str = field(default="", compare=False)
    is_practice: bool = False

    def __post_init__(self) -> None:
        if self.role not in ROLES:
            raise InputError(f"Role {self.role!r} does not exist; choose one of {', '.join(ROLES)}.")
        unknown = sorted(set(self.vr_codes) - set(codes.VR_CODES))
        if unknown or (self.role == "region") != bool(self.vr_codes):
            raise InputError("region_without_vr")
        if (self.role == "partner") != bool(self.organisation):
            raise InputError("partner_without_organisation")

    def __str__(self) -> str:
        """Return the viewer as ``--as`` takes it."""
        scope = ",".join(self.vr_codes) or self.organisation
        return f"{self.role}:{scope}" if scope else self.role

    @property
    def who(self) -> str:
        """Return who is responsible for what is done: the person, without sign-in the account and the role."""
        return self.person or f"{self} ({audit.who_runs()})"


def parse_viewer(text: str) -> Viewer:
    """Return the viewer that ``--as ROLE[:VR]`` names.

    Examples
    --------
    >>> parse_viewer("region:VR06").vr_codes
    ('VR06',)
    >>> parse_viewer("partner:NVWA").organisation
    'NVWA'
    """
    role, _, scope = text.partition(":")
    if role == "region":
        parts = {part.strip() for part in scope.split(",") if part.strip()}
        return Viewer(role, tuple(sorted(parts)))
    if role == "partner":
        return Viewer(role, organisation=scope.strip())
    if scope:
        raise InputError(f"Role {role!r} takes nothing after the colon; write --as {role}.")
    return Viewer(role)


def may(viewer: Viewer, verb: Verb, table: str, vr_code: str | None = None) -> bool:
    """Tell whether a viewer may do something with a table (`access.rights.RIGHTS`).

    Parameters
    ----------
    verb
        What is to be done.
    table
        With which table.
    vr_code
        Of which veiligheidsregio, '' for none; None asks whether there is any that the viewer may.

    Examples
    --------
    >>> [may(parse_viewer("region:VR06"), Verb.RECORD, "activations", code) for code in ("VR06", "VR07", "")]
    [True, False, False]
    >>> may(parse_viewer("analyst"), Verb.TAKE, "sites")
    False
    """
    rows = rows_of(viewer.role, table, verb)
    return rows == Rows.ALL or (rows == Rows.OWN and (vr_code is None or vr_code in viewer.vr_codes))
