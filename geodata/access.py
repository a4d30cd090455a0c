"""The only door from the data to pages, commands and files: who may see which rows and columns.

Default deny: a table without a rule for a role is refused. A rule says which rows ("all", the "own"
veiligheidsregio's, those a "partner" takes part in) and which columns are withheld.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

import pandas as pd

from geodata import codes, snapshot, store
from geodata.errors import AccessDeniedError, InputError, SnapshotError
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
    rows: str  # "all", "own" or "partner"
    hidden: tuple[str, ...] = ()


_ALL, _OWN = _Rule("all"), _Rule("own")
_ACTIVATION_TEXT = ("outcome", "measures", "route_from", "route_to", "recorded_by")
_PUBLIC = {"gemeenten": _ALL, "veiligheidsregios": _ALL}
_AREA_TABLES = ("exposure", "incidence", "indicators_vr", "indicators_gemeente", "scores_vr", "scores_gemeente",
                "contributions_vr", "contributions_gemeente")  # fmt: skip
_SITE_TABLES = ("sites", "scores_site", "contributions_site", "indicators_site")

RULES: dict[str, dict[str, _Rule]] = {
    "lotc": _PUBLIC | dict.fromkeys((*_AREA_TABLES, *_SITE_TABLES, "activations"), _ALL),
    "analyst": _PUBLIC
    | dict.fromkeys((*_AREA_TABLES, *_SITE_TABLES), _ALL)
    | {
        "sites": _Rule("all", hidden=("name", "employer_group")),
        "activations": _Rule("all", hidden=_ACTIVATION_TEXT),
    },
    "region": _PUBLIC | dict.fromkeys((*_AREA_TABLES, *_SITE_TABLES, "activations"), _OWN),
    "partner": _PUBLIC | {"activations": _Rule("partner")},
    "policy": _PUBLIC | dict.fromkeys(("scores_vr", "contributions_vr"), _ALL),
    "privacy": _PUBLIC,
}


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

    def table(self, name: str) -> pd.DataFrame:
        """Return a core table, only the rows and columns the viewer may see.

        Raises
        ------
        AccessDeniedError
            The role may not open the table.
        """
        return self._scope(name, lambda: self._snapshot.table(name))

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

    def _scope(self, name: str, read: Callable[[], pd.DataFrame]) -> pd.DataFrame:
        rule = RULES[self.viewer.role].get(name)
        if rule is None:
            raise AccessDeniedError(
                f"Role {self.viewer.role} may not open {name}; ask LOT-C, or look with another role (--as)."
            )
        table = read()
        if rule.rows == "own":
            table = table[self._own(table)]
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


def open_store(viewer: Viewer) -> ScopedStore:
    """Open the door for a viewer on the snapshot in use.

    Raises
    ------
    SnapshotError
        The snapshot in use is missing or damaged; nothing takes its place unasked.
    """
    return ScopedStore(viewer, snapshot.current())


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
