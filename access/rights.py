"""Who may read and do what: per role and verb the tables, their rows and their columns; what is not here is refused.

`docs/privacy.md` holds this in words; a test keeps the two together.
"""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from geodata.contracts import CONTRACTS
from geodata.contracts.schema import Secrecy

ROLES: Final = ("analyst", "lotc", "region", "partner", "policy", "privacy")


class Rows(StrEnum):
    """Which rows of a table a role may see."""

    ALL = "all"
    OWN = "own"  # of the own veiligheidsregio's
    OWN_OR_SHARED = "own_or_shared"  # and those of no veiligheidsregio
    PARTNER = "partner"  # those in which the own organisation takes part
    COUNTS = "counts"  # no rows at all, only counts with small cells merged into the national line


class Verb(StrEnum):
    """What may be done with a table."""

    READ = "read"
    RECORD = "record"  # new entries of the register, corrections, decisions
    ERASE = "erase"
    TAKE = "take"  # away, in a file
    MANAGE = "manage"
    RUN = "run"


_AREAS: Final = ("gemeenten", "veiligheidsregios")
_FIGURES: Final = (
    "exposure",
    "incidence",
    "regional_incidence",
    "context",
    "indicators_vr",
    "indicators_gemeente",
    "scores_vr",
    "scores_gemeente",
    "contributions_vr",
    "contributions_gemeente",
    "changes_vr",
    "changes_gemeente",
    "causes_vr",
    "alarms_gemeente",
    "alarm_groups_gemeente",
    "hot_spots_gemeente",
)
_SITES: Final = (
    "sites",
    "scores_site",
    "contributions_site",
    "indicators_site",
    "rises_site",
    "first_site",
    "linked_site",
)
_LINKS: Final = ("links_site",)  # pairs of sites, also across regions: of a region's contact only `linked_site`
_CASES: Final = ("signals", "activations", "referrals", "plan_lines")
_DECISIONS: Final = ("decisions", "connected_sites")  # on faulty sites, and on connecting contacts of two regions
_SHARED: Final = ("contacts", "work_log", "interpretations")
_LISTS: Final = ("routes", "library")  # what to do for whom; they say nothing about anyone
_REGISTER: Final = (*_CASES, "decisions", *_SHARED, *_LISTS)
_PROFILES: Final = ("weight_profiles",)  # other weights under a name, of one's own role or region
_SCORES_VR: Final = ("scores_vr", "contributions_vr", "indicators_vr", "changes_vr", "causes_vr")


def _rules(**tables_of: tuple[str, ...]) -> Mapping[str, Rows]:
    return MappingProxyType({table: Rows(rows) for rows, tables in tables_of.items() for table in tables})


RIGHTS: Final[dict[str, Mapping[Verb, Mapping[str, Rows]]]] = {
    "lotc": {
        Verb.READ: _rules(
            all=(*_AREAS, *_FIGURES, *_SITES, *_LINKS, *_CASES, *_DECISIONS, *_SHARED, *_LISTS, "persons", "people"),
            own=_PROFILES,
        ),
        Verb.RECORD: _rules(all=_REGISTER),
        Verb.ERASE: _rules(all=_REGISTER),
        Verb.TAKE: _rules(all=("sites",)),
        Verb.MANAGE: _rules(all=("people", "sources", "connected_sites")),
        Verb.RUN: _rules(all=("evaluation", "leak_test")),
    },
    "analyst": {
        Verb.READ: _rules(
            all=(*_AREAS, *_FIGURES, *_SITES, *_LINKS, *_CASES, *_DECISIONS, *_SHARED, *_LISTS, "persons"),
            own=_PROFILES,
        ),
        Verb.RUN: _rules(all=("evaluation",)),
    },
    "region": {
        Verb.READ: _rules(
            all=(*_AREAS, *_LISTS),
            own=(*_FIGURES, *_SITES, *_CASES, *_DECISIONS, *_PROFILES, "persons"),
            own_or_shared=_SHARED,
        ),
        Verb.RECORD: _rules(own=("signals", "activations", "referrals", "contacts", "decisions", "interpretations")),
        Verb.TAKE: _rules(own=("sites",)),
        Verb.MANAGE: _rules(own=("sites",)),
    },
    "partner": {
        Verb.READ: _rules(all=(*_AREAS, *_LISTS), partner=("activations", "referrals", "plan_lines")),
    },
    "policy": {
        Verb.READ: _rules(all=(*_AREAS, *_SCORES_VR, "persons"), counts=_CASES),
    },
    "privacy": {
        Verb.READ: _rules(all=(*_AREAS, "people", "audit_trail")),
        Verb.ERASE: _rules(all=_REGISTER),
        Verb.RUN: _rules(all=("leak_test",)),
    },
}
"""Role -> verb -> table -> rows: the one list of what a role may read or do. ``scores_vr`` and its like are the
tables of `ScopedStore.out`, ``persons`` are the protected counts of `ScopedStore.persons`."""

WITHHELD: Final[Mapping[str, frozenset[Secrecy]]] = MappingProxyType(
    {
        "lotc": frozenset(),
        "region": frozenset(),
        "partner": frozenset({Secrecy.WHO}),
        "analyst": frozenset({Secrecy.TEXT, Secrecy.NAME, Secrecy.WHO}),
        "policy": frozenset({Secrecy.TEXT, Secrecy.NAME, Secrecy.WHO}),
        "privacy": frozenset({Secrecy.TEXT, Secrecy.NAME, Secrecy.WHO}),
    }
)
"""Role -> the kinds of column that are blank for it."""


def rows_of(role: str, table: str, verb: Verb = Verb.READ) -> Rows | None:
    """Return which rows of a table a role may see, or do something with; None when it may not at all.

    Parameters
    ----------
    role
        One of the roles.
    table
        A table, or a thing to be done.
    verb
        To read, or what is done with it.

    Examples
    --------
    >>> rows_of("privacy", "activations"), rows_of("privacy", "activations", Verb.ERASE)
    (None, <Rows.ALL: 'all'>)
    >>> rows_of("region", "sites"), rows_of("policy", "sites")
    (<Rows.OWN: 'own'>, None)
    """
    return RIGHTS.get(role, {}).get(verb, {}).get(table)


def hidden_columns(role: str, table: str) -> tuple[str, ...]:
    """Return the columns of a table that are blank for a role; a role without a rule gets none of the texts.

    Examples
    --------
    >>> hidden_columns("analyst", "sites"), hidden_columns("region", "sites")
    (('name', 'employer_group'), ())
    """
    contract = CONTRACTS.get(table) or CONTRACTS.get(table.rsplit("_", 1)[0])
    if contract is None:
        return ()
    withheld = WITHHELD.get(role, frozenset(Secrecy) - {Secrecy.OPEN})
    return tuple(column for column in contract.schema.columns if contract.secrecy(column) in withheld)
