"""How each of the four tables behind a picture stands: is it there, of when, for how much of the country."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from typing import Final

import numpy as np
import pandas as pd

from access.database.who import UPKEEP
from geodata import codes
from geodata.snapshots.snapshot import Snapshot
from geodata.tables import coverage
from register import read

ENOUGH: Final = 0.9
"""A table that areas with less than this part of the people lack is missing for all (docs/method.md)."""
_FORTNIGHT_WEEKS: Final = 2
RESIDENTS: Final = "migrant_workers_n"
LODGING: Final = "lodging"


class State(StrEnum):
    """How a table stands."""

    READY = "ready"
    PARTIAL = "partial"  # figures for too small a part of the country
    STALE = "stale"  # figures, and none of now
    OTHER = "other"  # figures of another disease than the model's
    ABSENT = "absent"


@dataclass(frozen=True)
class TableState:
    """How a table stands, for the whole country.

    Attributes
    ----------
    as_of
        The last day that the figures are of (ISO); '' without figures.
    covered_n, whole_n
        How many gemeenten have figures, of how many; for sites and activations veiligheidsregio's.
    covered_pct
        Part of the people who live (of the workers who work, where that is known) where there are figures, 0-100.
    kinds
        For sites: kind -> for how many regions a list of it is declared whole. For exposure: `RESIDENTS` -> in how
        many gemeenten known.
    named
        For sites: kind -> in how many regions a list names one, whole or not.
    statuses
        How many rows are official, estimate, assumption, fictional or missing.
    """

    name: str
    state: State
    rows_n: int = 0
    as_of: str = ""
    covered_n: int = 0
    whole_n: int = 0
    covered_pct: float = 0.0
    kinds: Mapping[str, int] = field(default_factory=dict)
    named: Mapping[str, int] = field(default_factory=dict)
    statuses: Mapping[str, int] = field(default_factory=dict)
    diseases: tuple[str, ...] = ()
    weeks_n: int = 0  # for incidence: from the first week with a figure of a gemeente to the last


def _state_of(percent: float) -> State:
    """Return the state of a table that has figures for a part of the people: alike for every table."""
    return State.READY if percent >= 100 * ENOUGH else State.PARTIAL


def figures_of(found: Snapshot, disease: str) -> tuple[TableState, ...]:
    """Return how exposure, incidence and sites stand; figures of another disease do not count."""
    return _exposure(found), _incidence(found, disease), _sites(found)


def _weights(found: Snapshot) -> pd.Series:
    """Return what counts as a gemeente's part of the country: its exposed workers, else its inhabitants."""
    gemeenten = found.table("gemeenten").set_index("gemeente_code")
    exposure = found.table("exposure")
    workers = exposure[exposure["sector_code"].isin(codes.SECTORS)].groupby("gemeente_code")["workers_n"].sum()
    known = workers.reindex(gemeenten.index)
    return known if known.notna().all() and known.sum() > 0 else gemeenten["population_n"].astype(float)


def _covered(found: Snapshot, gemeenten: pd.Series) -> tuple[int, int, float]:
    weights = _weights(found)
    inside = weights.index.isin(gemeenten.unique())
    return int(inside.sum()), len(weights), float(100 * weights[inside].sum() / weights.sum())


def _exposure(found: Snapshot) -> TableState:
    table = found.table("exposure")
    table = table[table["sector_code"].isin(codes.SECTORS) & table["workers_n"].notna()]
    if table.empty:
        return TableState("exposure", State.ABSENT, whole_n=len(found.table("gemeenten")))
    newest = table[table["year"] == table["year"].max()]
    covered_n, whole_n, percent = _covered(found, newest["gemeente_code"])
    return TableState(
        "exposure",
        _state_of(percent),
        len(table),
        f"{int(newest['year'].max())}-01-01",
        covered_n,
        whole_n,
        percent,
        kinds={RESIDENTS: newest.loc[newest["migrant_workers_n"].notna(), "gemeente_code"].nunique()},
        statuses=_counted(table["workers_n_status"]),
    )


def _incidence(found: Snapshot, disease: str) -> TableState:
    table = _infections(found)
    diseases = tuple(sorted(table["disease"].unique()))
    whole_n = len(found.table("gemeenten"))
    own = table[(table["disease"] == disease) & table["cases_n"].notna()]
    if own.empty:
        return TableState("incidence", State.OTHER if diseases else State.ABSENT, whole_n=whole_n, diseases=diseases)
    weeks = sorted(own["week"].unique())
    ends = _last_day(weeks[-1])
    fortnight = [week for week in weeks if (ends - _last_day(week)).days < 7 * _FORTNIGHT_WEEKS]
    recent = own[own["week"].isin(fortnight)].groupby("gemeente_code")["week"].nunique()
    whole = recent[recent == _FORTNIGHT_WEEKS].index.to_series()
    covered_n, whole_n, percent = _covered(found, whole)
    return TableState(
        "incidence",
        _state_of(percent),
        len(own),
        ends.isoformat(),
        covered_n,
        whole_n,
        percent,
        statuses=_counted(own["status"]),
        diseases=diseases,
        weeks_n=_weeks_n(found.table("incidence"), disease),
    )


def _weeks_n(per_gemeente: pd.DataFrame, disease: str) -> int:
    weeks = per_gemeente.loc[(per_gemeente["disease"] == disease) & per_gemeente["cases_n"].notna(), "week"]
    return (_last_day(weeks.max()) - _last_day(weeks.min())).days // 7 + 1 if len(weeks) else 0


def _infections(found: Snapshot) -> pd.DataFrame:
    """Return infections with a row per gemeente; those of a region alone stand for the gemeenten it covers."""
    table = found.table("incidence")
    regional = found.table("regional_incidence")
    own = set(table["disease"])
    regional = regional[~regional["disease"].isin(own)]
    if regional.empty:
        return table
    inside = found.table("gemeenten")[["gemeente_code", "vr_code"]]
    return pd.concat([table, regional.merge(inside, on="vr_code").drop(columns="vr_code")], ignore_index=True)


def _last_day(week: str) -> date:
    year, number = week.split("-W")
    return date.fromisocalendar(int(year), int(number), 7)


def _sites(found: Snapshot) -> TableState:
    table = found.table("sites")
    regions_n = len(found.table("veiligheidsregios"))
    if table.empty:
        return TableState("sites", State.ABSENT, whole_n=regions_n)
    cover, names = coverage.covered_by_kind(table), coverage.named_by_kind(table)
    kinds = {kind: len(regions) for kind, regions in cover.items()}
    named = {kind: len(names.get(kind, ())) for kind in cover}
    covered = frozenset().union(*cover.values())
    weights = _weights(found)
    vr_of = found.table("gemeenten").set_index("gemeente_code")["vr_code"]
    inside = vr_of.reindex(weights.index).isin(covered).to_numpy()
    percent = float(100 * weights[inside].sum() / weights.sum())
    return TableState(
        "sites",
        _state_of(percent),
        len(table),
        pd.Timestamp(table["source_date"].max()).date().isoformat(),
        len(covered),
        regions_n,
        percent,
        kinds=kinds,
        named=named,
        statuses=_counted(table["status"]),
    )


def activations_of(found: Snapshot) -> TableState:
    """Return how the activations in the register stand: training entries with the example, else the real ones."""
    rows = read.table(UPKEEP, "activations", read.ALL, found)
    rows = rows[read.in_training(rows) == found.is_demonstration] if len(rows) else rows
    regions = found.table("veiligheidsregios")
    if rows.empty:
        return TableState("activations", State.ABSENT, whole_n=len(regions))
    inside = regions["vr_code"].isin(rows["vr_code"])
    people = regions["population_n"].to_numpy(float)
    percent = float(100 * np.sum(people[inside.to_numpy()]) / people.sum())
    return TableState(
        "activations",
        _state_of(percent),
        len(rows),
        pd.Timestamp(rows["event_date"].max()).date().isoformat(),
        int(inside.sum()),
        len(regions),
        percent,
        statuses=_counted(rows["status"]),
    )


def _counted(statuses: pd.Series) -> dict[str, int]:
    return {str(name): int(count) for name, count in statuses.value_counts().items()}
