"""Who looks: a role with its scope, as ``--as`` writes it, and what it may write."""

from dataclasses import dataclass, field

from access import audit
from access.rights import REGION_WRITES, ROLES
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
    """

    role: str
    vr_codes: tuple[str, ...] = ()
    organisation: str = ""
    person: str = field(default="", compare=False)

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


def may_write(viewer: Viewer, kind: str, vr_code: str) -> bool:
    """Tell whether a viewer may record an entry of the register: LOT-C any, a region's contact the own region's.

    Examples
    --------
    >>> [may_write(parse_viewer("region:VR06"), "activation", code) for code in ("VR06", "VR07", "")]
    [True, False, False]
    """
    if viewer.role == "region":
        return kind in REGION_WRITES and vr_code in viewer.vr_codes
    return viewer.role == "lotc"
