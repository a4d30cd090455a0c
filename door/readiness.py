"""Which tables there are, since when, how much of the country they cover, and what to do next.

Pages, commands and files ask here before they show a ranking: where a table that a ranking cannot do without is
absent, there is none, and one sentence says what to do. The answers are about the whole country and hold no row
of anybody, so that every role may have them.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import date, timedelta
from enum import StrEnum
from functools import lru_cache
from typing import Any, Final

from door.store import ScopedStore, newest_event
from door.table_states import ENOUGH, LODGING, RESIDENTS, State, TableState, activations_of, figures_of
from geodata import codes
from geodata.errors import NotReadyError, SnapshotError
from geodata.snapshots import snapshot
from geodata.snapshots.snapshot import Snapshot
from geodata.weeks import diseases_of
from words import LANGUAGES, Texts, read_texts

TABLES: Final = ("exposure", "incidence", "sites", "activations")
STALE_WEEKS: Final = 3
"""Incidence that ends longer before the last event of the picture is history, and tells nothing of now."""


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
