"""What is asked of a visit, in the order of asking: one definition for the page and for the form that works offline."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

from geodata import codes
from register import personal
from register.schema import LONGEST_FIELD, PARTNERS, vr_of_gemeenten


@dataclass(frozen=True)
class Question:
    """One field of the form.

    Attributes
    ----------
    name
        The field of the contract `Activations`.
    word
        What it is called: a name under ``register`` in the words; ``{word}_help`` explains it, where that exists.
    control
        How it is answered: one or several of the options, one of a long list, a text, a line, a day, yes or no.
    options
        The codes to choose from.
    words
        Under which the options are called; '' for options that are called as they are.
    is_mandatory
        A visit without it is not recorded.
    """

    name: str
    word: str
    control: Literal["one", "several", "list", "text", "line", "day", "yes_no"]
    options: tuple[str, ...] = ()
    words: str = "register"
    is_mandatory: bool = False
    longest: int = personal.LONGEST_TEXT


_KIND: Final = Question("kind", "kind", "one", tuple(codes.ACTIVATION_KINDS), is_mandatory=True)
_THEMES: Final = Question("themes", "themes", "several", tuple(codes.THEMES), is_mandatory=True)
_SECTOR: Final = Question("sector_code", "sector", "list", tuple(codes.SECTORS), "sector", is_mandatory=True)
_OUTCOME: Final = Question("outcome", "outcome", "text", is_mandatory=True)

BEFORE_PLACE: Final = (_KIND, _THEMES)
AFTER_PLACE: Final = (_SECTOR, _OUTCOME)
MORE: Final = (
    Question("event_date", "date", "day"),
    Question("trigger", "trigger", "list", tuple(codes.TRIGGERS)),
    Question("partners", "partners", "several", PARTNERS, ""),
    Question("integral", "integral", "yes_no"),
    Question("infections_found", "infections_found", "one", ("yes", "no", "unknown")),
    Question("measures", "measures", "line"),
)
"""What is asked only of who wants to tell more; each has an answer that holds until then."""

PLACE: Final = (
    Question("gemeente_code", "gemeente", "list", words=""),
    Question("site_id", "site", "line", longest=LONGEST_FIELD),
    Question("route_from", "route_from", "line", longest=LONGEST_FIELD),
    Question("route_to", "route_to", "line", longest=LONGEST_FIELD),
    Question("vr_code", "region", "list", words=""),
)
"""Where it was: a gemeente, with or without a site; or a route, with the veiligheidsregio that looked at it."""

NAMES: Final = frozenset(asked.name for asked in (*BEFORE_PLACE, *PLACE, *AFTER_PLACE, *MORE))
_FREE_TEXT: Final = ("outcome", "measures", "route_from", "route_to")


def placed(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields with the veiligheidsregio of their gemeente; a route keeps the one that was chosen.

    Examples
    --------
    >>> placed({"gemeente_code": "GM0363", "vr_code": ""})["vr_code"]
    'VR13'
    >>> placed({"gemeente_code": "GM0000", "vr_code": "VR06"})["vr_code"]
    ''
    """
    code = fields.get("gemeente_code")
    return dict(fields) | ({"vr_code": vr_of_gemeenten().get(str(code), "")} if code else {})


def lacking(fields: Mapping[str, Any]) -> list[str]:
    """Return what must still be filled in, as the words under ``register`` call it.

    Examples
    --------
    >>> lacking({"kind": "preventief", "themes": "wonen", "sector_code": "lodging", "outcome": "", "vr_code": "VR06"})
    ['outcome']
    """
    found = [asked.word for asked in (*BEFORE_PLACE, *AFTER_PLACE) if asked.is_mandatory and not fields.get(asked.name)]
    if not fields.get("vr_code") or bool(fields.get("route_from")) != bool(fields.get("route_to")):
        found.insert(1, "place")
    return found


def findings(fields: Mapping[str, Any]) -> list[personal.Finding]:
    """Return what looks like personal data in the free texts; whoever records it is asked first.

    Examples
    --------
    >>> [found.kind for found in findings({"outcome": "bel 06-12345678"})]
    ['telephone']
    """
    return personal.find(*(str(fields.get(name, "")) for name in _FREE_TEXT))
