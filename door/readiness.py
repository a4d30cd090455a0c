"""Which tables there are, since when, how much of the country they cover, and what to do next.

Pages, commands and files ask here before they show a ranking: where a table that a ranking cannot do without is
absent, there is none, and one sentence says what to do. The answers are about the whole country and hold no row
of anybody, so that every role may have them.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import date, timedelta
from enum import StrEnum
from functools import lru_cache
from typing import Any, Final

import numpy as np
import pandas as pd

from access.database.who import UPKEEP
from door.store import ScopedStore, newest_event
from geodata import codes
from geodata.errors import NotReadyError, SnapshotError
from geodata.snapshots import snapshot
from geodata.snapshots.snapshot import Snapshot
from geodata.tables import coverage
from geodata.weeks import diseases_of
from register import read
from words import LANGUAGES, Texts, read_texts

TABLES: Final = ("exposure", "incidence", "sites", "activations")
STALE_WEEKS: Final = 3
"""Incidence that ends longer before the last event of the picture is history, and tells nothing of now."""
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


class Use(StrEnum):
    """What a page or a command offers, each as soon as the tables behind it are there."""

    RANKING = "ranking"  # the picture: regions and sectors in order
    SITES = "sites"  # the list of sites, and samples of it
    PLANS = "plans"  # sites in order, and plans of visits
    ALARMS = "alarms"
    REPORT = "report"  # accounting for activations


ALARM_WEEKS: Final = 7
"""Weeks of infections before which no alarm can be told from what is usual."""


class Ranking(StrEnum):
    """What a page or a command wants to put in order."""

    AREAS = "areas"
    SITES = "sites"


@dataclass(frozen=True)
class Readiness:
    """How the four tables stand, and what may be ranked on them."""

    tables: Mapping[str, TableState]
    disease: str
    is_demonstration: bool

    def __getitem__(self, name: str) -> TableState:
        """Return how a table stands."""
        return self.tables[name]

    def has(self, name: str) -> bool:
        """Tell whether a table holds any figure at all."""
        return self.tables[name].state is not State.ABSENT

    def may_rank(self, what: Ranking) -> bool:
        """Tell whether areas, or sites, may be put in order."""
        return not self.missing(what)

    def missing(self, what: Ranking) -> str:
        """Return the next step towards a ranking, a name under ``ready.step`` in the words; '' when it is there."""
        exposure, incidence, sites = (self.tables[name].state for name in ("exposure", "incidence", "sites"))
        if what is Ranking.SITES and sites is State.ABSENT:
            return "sites"
        if exposure is not State.READY:
            return _EXPOSURE_STEPS[exposure]
        return "" if incidence is State.READY or self._stands_without_incidence() else _INCIDENCE_STEPS[incidence]

    def _stands_without_incidence(self) -> bool:
        """Tell whether a picture without infections has enough left (docs/method.md): it is named after them."""
        residents = self.tables["exposure"].kinds.get(RESIDENTS, 0)
        lodgings = self.tables["sites"].kinds.get(LODGING, 0)
        return residents >= ENOUGH * self.tables["exposure"].whole_n and lodgings >= ENOUGH * len(codes.VR_CODES)

    def offers(self, use: Use) -> bool:
        """Tell whether something can be had now."""
        if use is Use.ALARMS:
            return self.tables["incidence"].weeks_n >= ALARM_WEEKS
        if use in (Use.RANKING, Use.PLANS):
            return self.may_rank(Ranking.AREAS if use is Use.RANKING else Ranking.SITES)
        return self.has("sites" if use is Use.SITES else "activations")

    def steps(self) -> list[str]:
        """Return everything that the picture still lacks, what would add most first; none when nothing is missing."""
        exposure, incidence, sites = (self.tables[name] for name in ("exposure", "incidence", "sites"))
        found = [_EXPOSURE_STEPS.get(exposure.state, ""), _INCIDENCE_STEPS.get(incidence.state, "")]
        if self.is_demonstration:
            found.append("own_figures")
        else:
            has_all = sites.kinds.get(LODGING, 0) >= len(codes.VR_CODES)
            found.append("" if has_all else self._lodging_step() if self.has("sites") else "sites")
            found.append("" if self.has("activations") else "activations")
        return [step for step in found if step]

    def _lodging_step(self) -> str:
        """Return what lodgings lack: a list, the word that a list is whole, or the lists of other regions."""
        sites = self.tables["sites"]
        if not sites.named.get(LODGING):
            return "lodging_none"
        return "lodging" if sites.kinds.get(LODGING) else "lodging_unsaid"

    def next_step(self) -> str:
        """Return what would add most to the picture now; '' when nothing is missing."""
        return next(iter(self.steps()), "")

    def sentence(self, step: str, language: str, *, is_command: bool = True) -> str:
        """Return a next step in one sentence, with the commands that do it; a page has a button for that.

        Parameters
        ----------
        step
            What is missing.
        language
            ``nl`` or ``en``.
        is_command
            Whether a command tells it.
        """
        words = read_texts(language)
        values = self._values()
        first = step.split("_", 1)[0]
        name = _COMMANDS.get(first, first)
        told = {"command": f"ready.command.{name}", "refresh": "ready.command.refresh"}
        commands = {place: words(one, **values) if is_command else "" for place, one in told.items()}
        return words(f"ready.step.{step}", **values, **commands)

    def require(self, what: Ranking) -> None:
        """Let through only what may be ranked.

        Raises
        ------
        NotReadyError
            A table that the ranking cannot do without is absent; the sentence names the next step.
        """
        self._refuse(self.missing(what))

    def require_table(self, name: str) -> None:
        """Let through only what has rows to rest on.

        Raises
        ------
        NotReadyError
            There is not one row of this table in the whole country; the sentence names the next step.
        """
        if name in self.tables and not self.has(name):
            self._refuse(_TABLE_STEPS.get(name, name))

    def _refuse(self, step: str) -> None:
        if step:
            in_words = {one: self.sentence(step, one, is_command=False) for one in LANGUAGES}
            raise NotReadyError(self.sentence(step, "en"), step, in_words)

    def as_json(self) -> dict[str, Any]:
        """Return all of it as a program reads it."""
        step = self.next_step()
        return {
            "disease": self.disease,
            "tables": {name: asdict(state) for name, state in self.tables.items()},
            "ranks": {str(what): self.may_rank(what) for what in Ranking},
            "next_step": step,
            "next_step_text": self.sentence(step, "en") if step else "",
        }

    def _values(self) -> dict[str, object]:
        exposure, incidence, sites = (self.tables[name] for name in ("exposure", "incidence", "sites"))
        return {
            "disease": self.disease,
            "others": ", ".join(one for one in incidence.diseases if one != self.disease),
            "exposure_n": exposure.covered_n,
            "incidence_n": incidence.covered_n,
            "all_n": exposure.whole_n,
            "incidence_day": incidence.as_of,
            "lodging_n": sites.kinds.get(LODGING, 0),
            "named_n": sites.named.get(LODGING, 0),
            "regions_n": len(codes.VR_CODES),
        }


_COMMANDS: Final = {"own": "establishments"}  # the others are called as the first word of the step
_TABLE_STEPS: Final = {"exposure": "establishments"}
_EXPOSURE_STEPS: Final = {State.ABSENT: "establishments", State.PARTIAL: "establishments_rest"}
_INCIDENCE_STEPS: Final = {
    State.ABSENT: "incidence",
    State.OTHER: "incidence_other",
    State.PARTIAL: "incidence_rest",
    State.STALE: "incidence_stale",
}


def of(store: ScopedStore, disease: str) -> Readiness:
    """Return how the tables behind a store stand.

    Parameters
    ----------
    disease
        The disease of the picture, which the model declares: figures of another one do not count.
    """
    return of_version(store.data_version, disease)


def of_version(data_version: str, disease: str) -> Readiness:
    """Return how the tables of a version of the data stand; the national computation asks so."""
    activations = _activations(data_version, newest_event("activations"))
    is_demonstration = snapshot.version(data_version).is_demonstration
    return _together([*_figures(data_version, disease), activations], disease, is_demonstration=is_demonstration)


def of_tables(tables: Snapshot, disease: str) -> Readiness:
    """Return how tables stand that are no version here (yet)."""
    states = [*figures_of(tables, disease), activations_of(tables)]
    return _together(states, disease, is_demonstration=tables.is_demonstration)


def _together(states: Sequence[TableState], disease: str, *, is_demonstration: bool) -> Readiness:
    found = {one.name: one for one in states}
    activations = found["activations"]
    if not is_demonstration:  # the example is of 2020, and a visit recorded to practise is of today
        found["incidence"] = _aged(found["incidence"], activations.as_of)
    return Readiness(found, disease, is_demonstration)


def diseases(store: ScopedStore) -> tuple[str, ...]:
    """Return the diseases of which there are infections: the picture of each can be chosen."""
    return _diseases(store.data_version)


@lru_cache(maxsize=8)
def _diseases(data_version: str) -> tuple[str, ...]:
    found = snapshot.version(data_version)
    return diseases_of({name: found.table(name) for name in ("incidence", "regional_incidence")})


@lru_cache(maxsize=8)
def _figures(data_version: str, disease: str) -> tuple[TableState, ...]:
    return figures_of(snapshot.version(data_version), disease)


def _aged(incidence: TableState, last_event: str) -> TableState:
    """Return incidence as history where something else in the picture happened long after it."""
    if incidence.state not in (State.READY, State.PARTIAL) or not last_event:
        return incidence
    late = date.fromisoformat(last_event) - date.fromisoformat(incidence.as_of)
    return replace(incidence, state=State.STALE) if late > timedelta(weeks=STALE_WEEKS) else incidence


@lru_cache(maxsize=8)
def _activations(data_version: str, _newest_event: int) -> TableState:
    return activations_of(snapshot.version(data_version))


@dataclass
class Outlook:
    """The picture before an import, and as it is (or, of a dry run, would be) after it.

    Attributes
    ----------
    disease
        Of the picture.
    before, after
        None where the figures are damaged or gone: an import or refresh is then the way to have them back.
    """

    disease: str
    before: Readiness | None
    after: Readiness | None = None

    def see(self, tables: Snapshot) -> None:
        """Look at the tables as they would be after it."""
        self.after = of_tables(tables, self.disease)

    def see_current(self) -> None:
        """Look at the picture in use, after it."""
        self.after = _current(self.disease)

    def sentences(self, language: str, *, is_command: bool = True) -> list[str]:
        """Return what goes on or off and what is still lacking, as lines of text.

        Parameters
        ----------
        is_command
            Say with each step the command that does it; a page has a button for that.
        """
        if self.after is None:
            return []
        texts = read_texts(language)
        said = self._switched(texts, self.before, self.after) if self.before else []
        steps = self.after.steps()
        said.append(texts("outlook.lacks" if steps else "outlook.whole"))
        return said + [f"  {self.after.sentence(step, language, is_command=is_command)}" for step in steps]

    @staticmethod
    def _switched(texts: Texts, before: Readiness, after: Readiness) -> list[str]:
        said = []
        if before.is_demonstration != after.is_demonstration:
            said.append(texts(f"outlook.example_{'on' if after.is_demonstration else 'off'}"))
        changed = {
            way: [use for use in Use if (before.offers(use), after.offers(use)) == pair]
            for way, pair in (("on", (False, True)), ("off", (True, False)))
        }
        said += [texts(f"outlook.{way}", what=_named(texts, uses)) for way, uses in changed.items() if uses]
        return said or [texts("outlook.same")]


def _named(texts: Texts, uses: list[Use]) -> str:
    return ", ".join(texts(f"outlook.use.{use}") for use in uses)


def outlook(disease: str) -> Outlook:
    """Return the outlook of the picture in use, before anything is imported."""
    return Outlook(disease, _current(disease))


def _current(disease: str) -> Readiness | None:
    try:
        return of_tables(snapshot.current(), disease)
    except SnapshotError:  # told by `status` and on every page
        return None
