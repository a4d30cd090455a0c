"""The only door from the data to pages, commands and files: who may see which rows and columns.

Default deny: a table without a rule for a role is refused. A rule says which rows ("all", the "own"
veiligheidsregio's, those a "partner" takes part in) and which columns are withheld.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import pandas as pd

from geodata import codes, contracts, snapshot, store
from geodata.errors import AccessDeniedError, InputError, SnapshotError
from geodata.register import read
from geodata.register.kinds import kind_of
from geodata.register.read import Filters
from geodata.snapshot import Snapshot, SourceRecord

ROLES = ("analyst", "lotc", "region", "partner", "policy", "privacy")


@dataclass(frozen=True)
class Viewer:
    """Who looks: a role, with the veiligheidsregio's or the organisation that belong to it."""

    role: str
    vr_codes: tuple[str, ...] = ()
    organisation: str = ""

    def __post_init__(self) -> None:
        if self.role not in ROLES:
            raise InputError(f"Role {self.role!r} does not exist; choose one of {', '.join(ROLES)}.")
        unknown = sorted(set(self.vr_codes) - set(codes.VR_CODES))
        if unknown or (self.role == "region") != bool(self.vr_codes):
            raise InputError("A region's contact needs a veiligheidsregio, VR01 to VR25: write region:VR06.")
        if (self.role == "partner") != bool(self.organisation):
            raise InputError("A partner needs an organisation: write partner:NVWA.")

    def __str__(self) -> str:
        """Return the viewer as ``--as`` takes it."""
        scope = ",".join(self.vr_codes) or self.organisation
        return f"{self.role}:{scope}" if scope else self.role


def parse_viewer(text: str) -> Viewer:
    """Return the viewer that ``--as ROLE[:VR]`` names.

    Examples
    --------
    >>> parse_viewer("region:VR06")
    Viewer(role='region', vr_codes=('VR06',), organisation='')
    >>> parse_viewer("partner:NVWA").organisation
    'NVWA'
    """
    role, _, scope = text.partition(":")
    if role == "region":
        return Viewer(role, tuple(part.strip() for part in scope.split(",") if part.strip()))
    if role == "partner":
        return Viewer(role, organisation=scope.strip())
    if scope:
        raise InputError(f"Role {role!r} takes nothing after the colon; write --as {role}.")
    return Viewer(role)


@dataclass(frozen=True)
class _Rule:
    rows: str  # "all", "own", "own_or_shared" (also those of no veiligheidsregio) or "partner"
    hidden: tuple[str, ...] = ()


_ALL, _OWN, _SHARED, _PARTNER = _Rule("all"), _Rule("own"), _Rule("own_or_shared"), _Rule("partner")
_ACTIVATION_TEXT = ("outcome", "measures", "route_from", "route_to", "recorded_by")
_PUBLIC = {"gemeenten": _ALL, "veiligheidsregios": _ALL}
_AREA_TABLES = ("exposure", "incidence", "indicators_vr", "indicators_gemeente", "scores_vr", "scores_gemeente",
                "contributions_vr", "contributions_gemeente")  # fmt: skip
_SITE_TABLES = ("sites", "scores_site", "contributions_site", "indicators_site")
_REGISTER_TABLES = tuple(read.BY_TABLE)
_LISTS = dict.fromkeys(("routes", "library"), _ALL)  # what to do for whom; says nothing about anyone

RULES: dict[str, dict[str, _Rule]] = {
    "lotc": _PUBLIC | dict.fromkeys((*_AREA_TABLES, *_SITE_TABLES, *_REGISTER_TABLES), _ALL),
    "analyst": _PUBLIC
    | _LISTS
    | dict.fromkeys((*_AREA_TABLES, *_SITE_TABLES), _ALL)
    | {
        "signals": _Rule("all", hidden=("text", "reason", "recorded_by")),
        "referrals": _Rule("all", hidden=("to",)),
        "plan_lines": _Rule("all", hidden=("reason",)),
        "contacts": _Rule("all", hidden=("name", "telephone")),
        "work_log": _Rule("all", hidden=("text", "recorded_by")),
        "sites": _Rule("all", hidden=("name", "employer_group")),
        "activations": _Rule("all", hidden=_ACTIVATION_TEXT),
    },
    "region": _PUBLIC
    | _LISTS
    | dict.fromkeys((*_AREA_TABLES, *_SITE_TABLES, "activations", "signals", "referrals", "plan_lines"), _OWN)
    | dict.fromkeys(("contacts", "work_log"), _SHARED),
    "partner": _PUBLIC | _LISTS | dict.fromkeys(("activations", "referrals", "plan_lines"), _PARTNER),
    "policy": _PUBLIC | dict.fromkeys(("scores_vr", "contributions_vr"), _ALL),
    "privacy": _PUBLIC,
}

_REGION_WRITES = ("signal", "activation", "referral", "contact")


def may_write(viewer: Viewer, kind: str, vr_code: str) -> bool:
    """Tell whether a viewer may record an entry of the register: LOT-C any, a region's contact the own region's.

    Examples
    --------
    >>> [may_write(parse_viewer("region:VR06"), "activation", code) for code in ("VR06", "VR07", "")]
    [True, False, False]
    """
    if viewer.role == "region":
        return kind in _REGION_WRITES and vr_code in viewer.vr_codes
    return viewer.role == "lotc"


@dataclass(frozen=True)
class ScopedStore:
    """The tables as one viewer may see them."""

    viewer: Viewer
    _snapshot: Snapshot = field(repr=False)

    @property
    def data_version(self) -> str:
        """Return the version of the data behind every table."""
        return self._snapshot.data_version

    @property
    def is_demonstration(self) -> bool:
        """Tell whether the figures are the invented ones."""
        return self._snapshot.is_demonstration

    @property
    def status_band(self) -> str:
        """Return what must stand on everything shown or exported; '' with real data."""
        return codes.EXAMPLE_BAND_NL if self.is_demonstration else ""

    @property
    def sources(self) -> tuple[SourceRecord, ...]:
        """Return where the figures came from and how old they are."""
        return self._snapshot.sources

    def may(self, name: str) -> bool:
        """Tell whether the viewer may open a table at all."""
        return name in RULES[self.viewer.role]

    def may_read_entry(self, kind_name: str, entity_id: str) -> bool:
        """Tell whether the viewer may open one entry of the register whole: its texts, history and files."""
        kind = kind_of(kind_name)
        rule = RULES[self.viewer.role].get(kind.table)
        return rule is not None and not rule.hidden and entity_id in set(self.register(kind.table)[kind.key])

    def table(self, name: str) -> pd.DataFrame:
        """Return a core table or one of the register's, only the rows and columns the viewer may see.

        Activations are the snapshot's and the register's together. Invented and real ones never mix:
        training entries count only while the figures are the demonstration's.

        Raises
        ------
        AccessDeniedError
            The role may not open the table.
        """
        if name not in read.BY_TABLE:
            return self._scope(name, lambda: self._snapshot.table(name))
        rows = self.register(name)
        if name == "activations":
            rows = rows[read.in_training(rows) == self.is_demonstration]
        return contracts.check(name, rows).reset_index(drop=True)

    def register(self, name: str, filters: Filters = read.ALL) -> pd.DataFrame:
        """Return entries of the register, scoped, with what is needed to change them (`read.EXTRA_COLUMNS`).

        Parameters
        ----------
        name
            signals, activations, referrals, plan_lines, contacts, routes, work_log or library.
        filters
            Which rows; a limit counts what the viewer may see.

        Raises
        ------
        AccessDeniedError
            The role may not open the table.
        """
        rule = RULES[self.viewer.role].get(name)
        narrowed = filters
        if rule is not None and rule.rows == "own":
            asked = filters.codes.get("vr_code", self.viewer.vr_codes)
            own = tuple(code for code in asked if code in self.viewer.vr_codes)
            narrowed = replace(filters, codes={**filters.codes, "vr_code": own})
        elif rule is not None and rule.rows != "all":
            narrowed = replace(filters, newest_n=0)
        rows = self._scope(name, lambda: read.table(name, narrowed, self._snapshot))
        return rows.head(filters.newest_n) if filters.newest_n else rows

    def out(self, name: str, level: str, model_version: str) -> pd.DataFrame:
        """Return scores, contributions or indicators of a level, scoped like the core tables.

        Parameters
        ----------
        name
            ``scores``, ``contributions`` or ``indicators``.
        level
            ``vr``, ``gemeente`` or ``site``.
        model_version
            Version of the model that computed them.
        """
        folder = snapshot.out_dir(model_version, self.data_version) / level
        return self._scope(f"{name}_{level}", lambda: store.read_parquet(name, folder / f"{name}.parquet"))

    def facts(self, level: str, model_version: str) -> dict[str, Any]:
        """Return what is told of the scores of a level as a whole; national and no secret."""
        folder = snapshot.out_dir(model_version, self.data_version) / level
        return snapshot.read_facts(folder)

    def _scope(self, name: str, read: Callable[[], pd.DataFrame]) -> pd.DataFrame:
        rule = RULES[self.viewer.role].get(name)
        if rule is None:
            raise AccessDeniedError(
                f"Role {self.viewer.role} may not open {name}; ask LOT-C, or look with another role (--as)."
            )
        table = read()
        if rule.rows == "own":
            table = table[self._own(table)]
        elif rule.rows == "own_or_shared":
            table = table[table["vr_code"].isin([*self.viewer.vr_codes, ""])]
        elif rule.rows == "partner":
            takes_part = table["partners"].str.split(";").map(lambda names: self.viewer.organisation in names)
            table = table[takes_part.astype(bool)]
        for column in rule.hidden:
            table = table.assign(**{column: ""})
        return table.reset_index(drop=True)

    def _own(self, table: pd.DataFrame) -> pd.Series:
        if "vr_code" in table.columns:
            return table["vr_code"].isin(self.viewer.vr_codes)
        gemeenten = self._snapshot.table("gemeenten")
        own = {
            *self.viewer.vr_codes,
            *gemeenten.loc[gemeenten["vr_code"].isin(self.viewer.vr_codes), "gemeente_code"],
        }
        if "gemeente_code" in table.columns:
            return table["gemeente_code"].isin(own)
        area = table["unit_id"].str.split(":").str[0]
        sites = self._snapshot.table("sites")
        own |= set(sites.loc[sites["vr_code"].isin(self.viewer.vr_codes), "site_id"])
        return area.isin(own)


def open_store(viewer: Viewer, data_version: str = "") -> ScopedStore:
    """Open the door for a viewer on the snapshot in use, or on the one with a given version.

    Raises
    ------
    SnapshotError
        The snapshot is missing or damaged; nothing takes its place unasked.
    """
    return ScopedStore(viewer, snapshot.version(data_version) if data_version else snapshot.current())


def open_last_good(viewer: Viewer) -> ScopedStore:
    """Open the newest earlier snapshot that is whole, for a page that has told what is wrong.

    Raises
    ------
    SnapshotError
        There is none.
    """
    found = snapshot.last_good()
    if found is None:
        raise SnapshotError("No earlier snapshot is whole; import the sources again (python -m geodata import).")
    return ScopedStore(viewer, found)
