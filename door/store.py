"""The only door from the data to pages, commands and files: who may see which rows and columns.

In this order: rows by region and organisation, columns by secrecy (`access.rights`), protection of counts
of persons that nobody published (`access.disclosure`), one line in the audit trail (`access.audit`).
Default deny: a table without a rule for a role is refused.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from functools import lru_cache
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.compute

from access import audit, disclosure, people
from access.database.who import UPKEEP, Who
from access.rights import ROLES, Rows, hidden_columns, rows_of
from access.viewer import Viewer, parse_viewer
from geodata import codes, contracts
from geodata.contracts.schema import Secrecy
from geodata.errors import AccessDeniedError, SnapshotError
from geodata.snapshots import computed, snapshot
from geodata.snapshots.manifests import SourceRecord
from geodata.snapshots.snapshot import Snapshot
from register import read
from register.read import Filters

__all__ = [
    "ROLES",
    "ScopedStore",
    "Viewer",
    "newest_event",
    "open_batch",
    "open_last_good",
    "open_store",
    "parse_viewer",
]


@dataclass(frozen=True)
class ScopedStore:
    """The tables as one viewer may see them.

    With ``known_on`` the register's are those of that day: what was recorded later is not there.
    """

    viewer: Viewer
    _snapshot: Snapshot = field(repr=False)
    surface: str = ""
    known_on: date | None = None
    _is_batch: bool = field(default=False, repr=False)

    def as_known_on(self, day: date | None) -> "ScopedStore":
        """Return the same door with the register as it was known at the end of a day (UTC); None is now."""
        return replace(self, known_on=day)

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
        """Tell whether the viewer may open rows of a table at all."""
        return rows_of(self.viewer.role, name) not in (None, Rows.COUNTS)

    def may_count(self, name: str) -> bool:
        """Tell whether the viewer may ask `counts` of a table."""
        return rows_of(self.viewer.role, name) is not None

    def may_read_text(self, name: str) -> bool:
        """Tell whether the viewer may open a table with its free texts, and so the files that go with them."""
        contract = contracts.CONTRACTS[name]
        withheld = {contract.secrecy(column) for column in hidden_columns(self.viewer.role, name)}
        return self.may(name) and Secrecy.TEXT not in withheld

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
        # Checked by its contract where it was read: what remains is to leave out the columns that are not its own.
        return self._entries(name)[contracts.CONTRACTS[name].columns].reset_index(drop=True)

    def _entries(self, name: str) -> pd.DataFrame:
        rows = self.register(name)
        return rows[read.in_training(rows) == self.is_demonstration] if name == "activations" else rows

    def register(self, name: str, filters: Filters = read.ALL) -> pd.DataFrame:
        """Return entries of the register, scoped, with what is needed to change them (`read.EXTRA_COLUMNS`).

        Parameters
        ----------
        name
            signals, activations, referrals, plan_lines, contacts, routes, work_log,
            interpretations or library.
        filters
            Which rows; a limit counts what the viewer may see, and a text is looked for only in the
            columns that the viewer may read.

        Raises
        ------
        AccessDeniedError
            The role may not open the table.
        """
        rows_kind = rows_of(self.viewer.role, name)
        hides = bool(hidden_columns(self.viewer.role, name))
        filters = replace(filters, as_of=filters.as_of or self.known_on)
        narrowed = replace(filters, text="", newest_n=0) if hides else filters
        if rows_kind == Rows.OWN:
            asked = filters.codes.get("vr_code", self.viewer.vr_codes)
            own = tuple(code for code in asked if code in self.viewer.vr_codes)
            narrowed = replace(narrowed, codes={**filters.codes, "vr_code": own})
        elif rows_kind != Rows.ALL:
            narrowed = replace(narrowed, newest_n=0)
        rows = self._scope(name, lambda: read.table(self.viewer, name, narrowed, self._snapshot))
        if hides and filters.text:
            wanted = filters.text.casefold()
            holds = rows.astype(str).apply(lambda column: column.str.casefold().str.contains(wanted, regex=False))
            rows = rows[holds.any(axis=1)].reset_index(drop=True)
        return rows.head(filters.newest_n) if filters.newest_n else rows

    def out(self, name: str, level: str, model_version: str, week: str = "") -> pd.DataFrame:
        """Return scores, contributions or indicators of a level, scoped like the core tables.

        Parameters
        ----------
        name
            ``scores``, ``contributions`` or ``indicators``.
        level
            ``vr``, ``gemeente`` or ``site``.
        model_version
            Version of the model that computed them.
        week
            As they stood at the end of this week (2020-W44); '' is the peildatum.
        """
        folder = computed.out_level(model_version, self.data_version, level, week)
        return self._scope(f"{name}_{level}", lambda: computed.read_table(folder, name))

    def computed(self, name: str, rows: pd.DataFrame) -> pd.DataFrame:
        """Return what was computed for the whole country from these data, scoped like the core tables.

        Parameters
        ----------
        name
            The table's contract with its level, which has a rule of its own (`access.rights`).
        rows
            All of it, from `open_batch`.

        Raises
        ------
        AccessDeniedError
            The role may not open the table.
        """
        return self._scope(name, lambda: rows)

    def in_scope(self, name: str, rows: pd.DataFrame) -> pd.DataFrame:
        """Return those rows of a table that lie within what the viewer may see of it."""
        return self._rows(rows_of(self.viewer.role, name), rows)

    def connected_sites(self) -> pd.DataFrame:
        """Return the sites of other regions whose contact and the viewer's both accepted to be connected.

        LOT-C opens a handover with one decision per side, ``<pair>-<vr_code>``; only when both are accepted
        does each side see the other's site.

        Returns
        -------
        pandas.DataFrame
            Contract ``sites`` and ``for_site_id``: the own site that it is linked to.
        """
        if not self.may("connected_sites"):
            raise self._refused("connected_sites")
        everybody: Who = replace(_NATION, is_practice=True) if self.viewer.is_practice else UPKEEP
        found = read.table(everybody, "decisions", among=self._snapshot)  # the other side's decision too
        found = found[found["subject"] == "handover"]
        pair = found["decision_id"].str.rsplit("-", n=1).str[0]
        # A third region that records a decision under somebody's pair must not slip in: then nobody sees anything.
        of_two = pair.map(pair.value_counts()) == 2
        found, pair = found[of_two & (found["state"] == "accepted")], pair[of_two & (found["state"] == "accepted")]
        sides = found.assign(pair=pair).merge(found.assign(pair=pair), on="pair", suffixes=("", "_there"))
        sides = sides[sides["vr_code"] != sides["vr_code_there"]]
        if rows_of(self.viewer.role, "connected_sites") == Rows.OWN:
            sides = sides[sides["vr_code"].isin(self.viewer.vr_codes)]
        sites = self._snapshot.table("sites").set_index("site_id", drop=False)
        table = sites.loc[[code for code in sides["site_id_there"] if code in sites.index]].reset_index(drop=True)
        own = sides.loc[sides["site_id_there"].isin(sites.index), "site_id"]
        for column in hidden_columns(self.viewer.role, "sites"):
            table = table.assign(**{column: ""})
        self._note("read", "connected_sites", len(table))
        return table.assign(for_site_id=own.to_numpy())

    def facts(self, level: str, model_version: str, week: str = "") -> dict[str, Any]:
        """Return what is told of the scores of a level as a whole; national and no secret.

        Parameters
        ----------
        level
            ``vr``, ``gemeente`` or ``site``.
        model_version
            Of the declaration of the index.
        week
            Such as ``2020-W22``; '' is the last one.
        """
        return computed.read_facts(computed.out_level(model_version, self.data_version, level, week))

    def counts(self, name: str, by: tuple[str, ...]) -> pd.DataFrame:
        """Return how many rows of a table there are per value of some columns, ``vr_code`` among them or not.

        For whom the rows are in scope nothing is merged. For a role that may only count, cells below 3 per
        veiligheidsregio are merged into the national line (`access.disclosure.merge_small`).

        Returns
        -------
        pandas.DataFrame
            The columns of ``by`` and ``n``; ``vr_code`` '' is the national line.
        """
        rows_kind = rows_of(self.viewer.role, name)
        if rows_kind != Rows.COUNTS:
            return disclosure.count(self._entries(name), by)
        if not set(by) <= _COUNTABLE:
            listed = ", ".join(sorted(_COUNTABLE))
            raise AccessDeniedError(f"Role {self.viewer.role} may count {name} only by {listed}.")
        if len(set(by) - {"vr_code"}) > 1:
            raise AccessDeniedError(f"Role {self.viewer.role} may count {name} by one thing at a time, with vr_code.")
        if self.known_on and (self.known_on + timedelta(days=1)).day != 1:
            raise AccessDeniedError(
                f"Role {self.viewer.role} may count {name} as known at the end of a month: day by day tells one case."
            )
        nation = replace(_NATION, person=self.viewer.who, is_practice=self.viewer.is_practice)
        everyone = ScopedStore(nation, self._snapshot, self.surface, self.known_on, _is_batch=True)
        merged = disclosure.merge_small(everyone.counts(name, by))
        self._note("read", f"{name} (counts)", len(merged))
        return merged

    def persons(self, column: str) -> pd.DataFrame:
        """Return counts of persons per veiligheidsregio and sector, those that nobody published protected.

        Scope, then sum, then suppress, then round; what is withheld is the same for every viewer, so that
        several side by side find no more than one.

        Parameters
        ----------
        column
            ``workers_n`` or ``migrant_workers_n``.

        Returns
        -------
        pandas.DataFrame
            vr_code ('' is the nation), sector_code ('' is all), the column (NaN where withheld),
            ``is_withheld`` and ``rounded_to`` (1 for published figures).
        """
        if rows_of(self.viewer.role, "persons") is None:
            raise self._refused("persons")
        released = disclosure.persons_by_region(self._snapshot, column)
        if rows_of(self.viewer.role, "persons") == Rows.OWN:
            released = released[released["vr_code"].isin([*self.viewer.vr_codes, ""])].reset_index(drop=True)
        self._note("read", f"persons ({column})", len(released))
        return released

    def audit_trail(self, first: date | None = None, last: date | None = None) -> pd.DataFrame:
        """Return the audit trail of a period, the newest line first; the privacy officer's alone.

        Raises
        ------
        AccessDeniedError
            The role may not, or people signed in here and this page is without sign-in.
        """
        if not self.may("audit_trail"):
            raise self._refused("audit_trail")
        people.refuse_practice(self.viewer)
        found = audit.read(first, last)
        self._note("read", "audit_trail", len(found))
        return found

    def note_opened(self) -> None:
        """Leave a line in the audit trail that a page was opened, also when all that it shows came from a cache."""
        self._note("open", "", 0)

    def note_export(self, name: str, rows_n: int) -> None:
        """Leave a line in the audit trail that rows went out in a file."""
        self._note("export", name, rows_n)

    def _scope(self, name: str, read_rows: Callable[[], pd.DataFrame]) -> pd.DataFrame:
        if not self.may(name):
            raise self._refused(name)
        table = self._rows(rows_of(self.viewer.role, name), read_rows())
        for column in hidden_columns(self.viewer.role, name):
            table = table.assign(**{column: ""})
        if self._is_batch:
            table = disclosure.protected(name, table, self.sources, self._snapshot.table("gemeenten"))
        else:
            if self.viewer.is_practice:
                table = disclosure.without_unpublished(name, table, self.sources)
            table = disclosure.blank_unpublished(name, table, self.sources)
        self._note("batch" if self._is_batch else "read", name, len(table))
        return table.reset_index(drop=True)

    def _rows(self, rows_kind: Rows | None, table: pd.DataFrame) -> pd.DataFrame:
        if rows_kind == Rows.ALL:
            return table
        if rows_kind == Rows.OWN:
            return table[self._own(table)]
        if rows_kind == Rows.OWN_OR_SHARED:
            return table[table["vr_code"].isin([*self.viewer.vr_codes, ""])]
        if rows_kind == Rows.PARTNER:
            takes_part = table["partners"].str.split(";").map(lambda names: self.viewer.organisation in names)
            return table[takes_part.astype(bool)]
        return table.iloc[:0]  # a kind of rows that this function does not know shows nothing

    def _own(self, table: pd.DataFrame) -> pd.Series:
        if "vr_code" in table.columns:
            return table["vr_code"].isin(self.viewer.vr_codes)
        column = "gemeente_code" if "gemeente_code" in table.columns else "unit_id"
        own = _units(self._snapshot.path, self.data_version, self.viewer.vr_codes)
        # As pandas does it, which makes Arrow's of each unit anew in every table.
        is_own = pa.compute.is_in(pa.array(table[column], type=pa.large_string()), value_set=own)
        return pd.Series(is_own.to_numpy(zero_copy_only=False), index=table.index)

    def _refused(self, name: str) -> AccessDeniedError:
        self._note("refused", name, 0)
        return AccessDeniedError("table_denied", role=self.viewer.role, table=name)

    def _note(self, what: str, name: str, rows_n: int) -> None:
        audit.note(
            what,
            who=self.viewer.who,
            role=str(self.viewer),
            surface=self.surface or audit.command_line(),
            table=name,
            rows_n=rows_n,
            data_version=self.data_version,
        )


@lru_cache(maxsize=64)
def _units(folder: Path, _data_version: str, vr_codes: tuple[str, ...]) -> pa.Array:
    """Return every region, gemeente and site of some veiligheidsregio's, alone and with each sector."""
    found = snapshot.read_core(folder)
    gemeenten, sites = found.table("gemeenten"), found.table("sites")
    areas = [*vr_codes, *gemeenten.loc[gemeenten["vr_code"].isin(vr_codes), "gemeente_code"]]
    pairs = [f"{area}:{sector}" for area in areas for sector in codes.SECTORS]
    units = [*areas, *pairs, *sites.loc[sites["vr_code"].isin(vr_codes), "site_id"]]
    return pa.array(units, type=pa.large_string())


_NATION = Viewer("lotc")
_COUNTABLE = frozenset(
    (
        "vr_code",
        "sector_code",
        "kind",
        "trigger",
        "theme",
        "state",
        "plan_state",
        "route",
        "infections_found",
        "integral",
    )
)


def open_store(viewer: Viewer, data_version: str = "", surface: str = "") -> ScopedStore:
    """Open the door for a viewer on the snapshot in use, or on the one with a given version.

    Parameters
    ----------
    surface
        The page that reads, for the audit trail; a command's name is found by itself.

    Raises
    ------
    SnapshotError
        The snapshot is missing or damaged; nothing takes its place unasked.
    """
    return ScopedStore(viewer, snapshot.version(data_version) if data_version else snapshot.current(), surface)


def open_batch(data_version: str) -> ScopedStore:
    """Open the door for the national computation: all rows, counts that nobody published as `disclosure.protected`.

    Nobody looks through it: only `risk.scores.outputs` and
    `risk.scores.context` may call it, and a test holds it to that.
    """
    return ScopedStore(_NATION, snapshot.version(data_version), _is_batch=True)


def newest_event(name: str) -> int:
    """Return the number of the newest event of a table of the register, which tells nothing but that it changed."""
    return read.newest_event(_NATION, name)


def open_last_good(viewer: Viewer, surface: str = "") -> ScopedStore:
    """Open the newest earlier snapshot that is whole, for a page that has told what is wrong.

    Raises
    ------
    SnapshotError
        There is none.
    """
    found = snapshot.last_good()
    if found is None:
        raise SnapshotError("no_whole_snapshot")
    return ScopedStore(viewer, found, surface)
