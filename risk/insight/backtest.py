"""Scores of earlier dates against what came later, compared with naive rules; and against outbreaks that are known.

Infections of the general population cannot prove that migrants at work are protected: they test the part of the
index that follows the epidemic, and nothing may be tuned to them further.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import Any, Final

import numpy as np
import pandas as pd
import scipy
from numpy.typing import NDArray

from geodata.weeks import Tables, fortnight, last_day, of_disease
from risk.index.declaration import Model, Text
from risk.index.indicators import measure
from risk.index.pipeline import Outcome, score
from risk.insight.alarms import KNOWN_OUTBREAKS, alarms_of_weeks, at_outbreaks, weekly_cases, weeks_at
from risk.insight.ranking_metrics import BOOTSTRAPS

Array = NDArray[Any]

HORIZON_WEEKS: Final = 4
ALL_SEASONS: Final = "all"
RULES: Final = {
    "index": Text("de index", "the index"),
    "size_only": Text("alleen omvang", "size only"),
    "incidence_now": Text("besmettingen van nu", "infections now"),
    "signal_alone": Text("het contrast in besmettingen alleen", "the contrast in infections alone"),
    "previous_version": Text("de vorige versie", "the previous version"),
    "previous_activations": Text("activeringen van de vorige periode", "the previous period's activations"),
}
SEASONS: Final = {
    "winter": Text("winter", "winter"),
    "spring": Text("lente", "spring"),
    "summer": Text("zomer", "summer"),
    "autumn": Text("herfst", "autumn"),
}
_SEASON_OF: Final = ("winter", "spring", "summer", "autumn")
_SIGNAL: Final = "infections_contrast"
_INTERVAL: Final = (0.05, 0.95)


@dataclass(frozen=True)
class Dated:
    """What the index and the rules said of every area on a date, and what came in the weeks after.

    Attributes
    ----------
    units
        Per area a column for each of `RULES`, and ``later``: cases per 100,000 of the weeks after.
    regions
        The veiligheidsregio of each area.
    lacks
        What the picture of that date lacked: those that lack different things are not compared.
    """

    date: pd.Timestamp
    units: pd.DataFrame
    regions: Array
    lacks: tuple[str, ...] = ()


def dated(tables: Tables, model: Model, level: str, previous: Model | None = None) -> list[Dated]:
    """Return every fourth date that has four later weeks, the oldest first, with what was known on it.

    Parameters
    ----------
    tables, model
        As for `risk.index.pipeline.score`.
    level
        ``gemeente`` or ``vr``; scores are those of all sectors together.
    previous
        An earlier version of the model, through the same functions.
    """
    tables = of_disease(tables, model.disease)
    weeks = sorted(tables["incidence"]["week"].unique()) if len(tables["incidence"]) else []
    found = []
    for place in range(len(weeks) - HORIZON_WEEKS - 1, 1, -HORIZON_WEEKS):
        date, later = last_day(weeks[place]), weeks[place + 1 : place + 1 + HORIZON_WEEKS]
        outcome = score(tables, level, model, rebuilds=0, at=date)
        earlier = None if previous is None else score(tables, level, previous, rebuilds=0, at=date)
        earlier = earlier if earlier is not None and earlier.lacks == outcome.lacks else None
        units = _rules(outcome, earlier, tables, date).assign(later=_per_100k(tables, level, later))
        found.append(Dated(date, units, _regions(tables, level, units.index), outcome.lacks))
    return found[::-1]


def at_posts(tables: Tables, model: Model, level: str) -> dict[str, float]:
    """Return per date with infections the share of the areas that stand at a goalpost of these, or beyond it.

    Parameters
    ----------
    tables, model, level
        As for `dated`; every week with a picture counts, not every fourth.
    """
    tables = of_disease(tables, model.disease)
    places = [place for place, one in enumerate(model.areas.indicators) if one.table == "incidence"]
    # Of every week the infections alone: the dates of `dated` measure the rest.
    others = tuple(one.code for one in model.areas.indicators if one.table != "incidence")
    bare = replace(model, switched_off=(*model.switched_off, *others))
    found = {}
    for week in sorted(tables["incidence"]["week"].unique()) if len(tables["incidence"]) else ():
        measured = measure(tables, level, bare, last_day(week))
        together = (measured.units["sector_code"] == "").to_numpy()
        raw, low, high = (part[together][:, places] for part in (measured.raw, measured.low, measured.high))
        if np.isfinite(raw).any():
            at = ((raw <= low) | (raw >= high)).sum(axis=0) / np.maximum(np.isfinite(raw).sum(axis=0), 1)
            found[f"{last_day(week):%Y-%m-%d}"] = float(at.max())
    return found


@dataclass(frozen=True)
class Agreement:
    """Rank correlations of every rule with what came later.

    Attributes
    ----------
    dates
        The dates, the oldest first.
    found
        Dates x rules, in the order of `RULES`; NaN where a rule says nothing.
    drawn
        Repeats x dates x rules. Each repeat draws whole regions, the same for all dates: figures of one region on
        two dates are not independent.
    """

    dates: tuple[pd.Timestamp, ...]
    found: Array
    drawn: Array

    @property
    def leads(self) -> Array:
        """Return the index's correlation less each rule's, dates x rules."""
        return self.found[:, :1] - self.found

    @property
    def drawn_leads(self) -> Array:
        """Return the same of every repeat."""
        return self.drawn[:, :, :1] - self.drawn


def agreement(dates: Sequence[Dated], *, repeats: int = BOOTSTRAPS, seed: int = 1) -> Agreement:
    """Return how well every rule put the areas in the order of what came later, with a bootstrap over regions.

    Parameters
    ----------
    dates
        From `dated`.
    repeats, seed
        Of the bootstrap.
    """
    rng = np.random.default_rng(seed)
    names = sorted({region for one in dates for region in one.regions})
    places = [[np.flatnonzero(one.regions == region) for region in names] for one in dates]
    tables = [one.units[[*RULES, "later"]].to_numpy(float) for one in dates]
    found = np.array([_correlations(table) for table in tables]).reshape(len(dates), len(RULES))
    drawn = np.full((repeats, len(dates), len(RULES)), np.nan)
    for turn in range(repeats if dates else 0):
        regions = rng.integers(0, len(names), len(names))
        for at, table in enumerate(tables):
            drawn[turn, at] = _correlations(table[np.concatenate([places[at][region] for region in regions])])
    return Agreement(tuple(one.date for one in dates), found, drawn)


def _correlations(table: Array) -> Array:
    """Return the rank correlation of every column with the last one, over the rows that both know."""
    truth, found = table[:, -1], np.full(table.shape[1] - 1, np.nan)
    known = np.isfinite(table[:, :-1]) & np.isfinite(truth)[:, None]
    for pattern in np.unique(known, axis=1).T:
        alike = np.flatnonzero((known == pattern[:, None]).all(axis=0))
        if pattern.sum() < 3:
            continue
        ranks = scipy.stats.rankdata(table[pattern][:, [*alike, -1]], axis=0)
        ranks -= ranks.mean(axis=0)
        spread = np.sqrt((ranks**2).sum(axis=0))
        scale = spread[:-1] * spread[-1]
        found[alike] = np.where(scale > 0, ranks[:, :-1].T @ ranks[:, -1] / np.where(scale > 0, scale, 1), np.nan)
    return found


def by_date(found: Agreement) -> pd.DataFrame:
    """Return per date and rule the correlation with what came later, and the index's lead over the rule.

    Returns
    -------
    DataFrame
        date, season, rule, spearman, p05, p95, lead, lead_p05, lead_p95.
    """
    spread, leads = _interval(found.drawn), _interval(found.drawn_leads)
    rows = [
        (
            date,
            season(date),
            rule,
            found.found[at, place],
            *spread[:, at, place],
            found.leads[at, place],
            *leads[:, at, place],
        )
        for at, date in enumerate(found.dates)
        for place, rule in enumerate(RULES)
    ]
    columns = ["date", "season", "rule", "spearman", "p05", "p95", "lead", "lead_p05", "lead_p95"]
    return pd.DataFrame(rows, columns=columns)


def pooled(found: Agreement) -> pd.DataFrame:
    """Return the mean over all dates, and over those of each season, of every rule and of the lead over it.

    Returns
    -------
    DataFrame
        season (``all`` first), rule, dates_n, spearman, lead, lead_p05, lead_p95, better_n and worse_n: on how
        many single dates the interval of the lead lay above and below 0.
    """
    low, high = _interval(found.drawn_leads)
    seasons = np.array([season(date) for date in found.dates])
    rows = []
    for name in (ALL_SEASONS, *dict.fromkeys(seasons)) if len(seasons) else ():
        mine = np.flatnonzero((seasons == name) | (name == ALL_SEASONS))
        pooled_leads = _interval(_mean(found.drawn_leads[:, mine], axis=1))
        for place, rule in enumerate(RULES):
            rows.append(
                {
                    "season": name,
                    "rule": rule,
                    "dates_n": int(np.isfinite(found.leads[mine, place]).sum()),
                    "spearman": float(_mean(found.found[mine, place], axis=0)),
                    "lead": float(_mean(found.leads[mine, place], axis=0)),
                    "lead_p05": pooled_leads[0, place],
                    "lead_p95": pooled_leads[1, place],
                    "better_n": int((low[mine, place] > 0).sum()),
                    "worse_n": int((high[mine, place] < 0).sum()),
                }
            )
    columns = ["season", "rule", "dates_n", "spearman", "lead", "lead_p05", "lead_p95", "better_n", "worse_n"]
    return pd.DataFrame(rows, columns=columns)


def _interval(drawn: Array) -> Array:
    """Return the 5 and 95 % points over the repeats; NaN where no repeat has a value."""
    known = np.isfinite(drawn).any(axis=0)
    low_high = np.full((2, *drawn.shape[1:]), np.nan)
    if drawn.size:
        low_high[:, known] = np.nanquantile(drawn[:, known], _INTERVAL, axis=0)
    return low_high


def _mean(values: Array, axis: int) -> Array:
    """Return the mean of what is known; NaN where nothing is."""
    known = np.isfinite(values)
    count = known.sum(axis=axis)
    return np.asarray(np.where(count > 0, np.where(known, values, 0).sum(axis=axis) / np.maximum(count, 1), np.nan))


def season(date: pd.Timestamp) -> str:
    """Return the year and the season of a date; December belongs to the winter of the next year.

    Examples
    --------
    >>> season(pd.Timestamp("2020-06-07")), season(pd.Timestamp("2020-12-20"))
    ('2020 summer', '2021 winter')
    """
    return f"{date.year + (date.month == 12)} {_SEASON_OF[date.month % 12 // 3]}"


def outbreaks(tables: Tables, model: Model, previous: Model | None = None) -> pd.DataFrame:
    """Return where outbreaks that are known stood when they were found; without rows where the data know none.

    Parameters
    ----------
    tables
        The core tables by name.
    model
        The index as declared.
    previous
        An earlier model to compare with, if any.

    Returns
    -------
    DataFrame
        As `risk.insight.alarms.at_outbreaks`, with gemeente_name; rank and n: the place of the gemeente in its
        sector at the end of the month, and of how many; previous_rank: under the earlier version.
    """
    tables = of_disease(tables, model.disease)
    if not len(tables["incidence"]):
        return pd.DataFrame()
    cases = weekly_cases(tables["incidence"], model.disease, tables["gemeenten"])
    known = [one for one in KNOWN_OUTBREAKS if one.disease == model.disease]
    known = [one for one in known if one.gemeente_code in cases.index]
    weeks = weeks_at(known, list(cases.columns))
    if not weeks:
        return pd.DataFrame()
    found = at_outbreaks(known, alarms_of_weeks(cases, weeks))
    if not len(found):
        return found
    found = found.merge(tables["gemeenten"][["gemeente_code", "gemeente_name"]], on="gemeente_code")

    @cache
    def scored(date: pd.Timestamp) -> tuple[Outcome | None, ...]:
        return tuple(
            score(tables, "gemeente", version, rebuilds=0, at=date) if version else None
            for version in (model, previous)
        )

    ranks = []
    for row in found.itertuples():
        date = min(pd.Period(row.month).end_time.normalize(), last_day(cases.columns[-1]))
        (rank, n), (before, _) = (_place(outcome, row.gemeente_code, row.sector_code) for outcome in scored(date))
        ranks.append({"rank": rank, "n": n, "previous_rank": before})
    return found.join(pd.DataFrame(ranks, index=found.index))


def _place(outcome: Outcome | None, gemeente_code: str, sector_code: str) -> tuple[float, float]:
    if outcome is None:
        return np.nan, np.nan
    mine = outcome.scores[outcome.scores["sector_code"] == sector_code].set_index("area_code")["score_0_10"]
    if gemeente_code not in mine.index or np.isnan(mine[gemeente_code]):
        return np.nan, float(mine.notna().sum())
    return float(mine.rank(ascending=False, method="min")[gemeente_code]), float(mine.notna().sum())


def together(outcome: Outcome) -> pd.Series:
    """Return the scores of all sectors together, by area."""
    scores = outcome.scores[outcome.scores["sector_code"] == ""]
    return scores.set_index("area_code")["score_0_10"]


def _rules(outcome: Outcome, earlier: Outcome | None, tables: Tables, date: pd.Timestamp) -> pd.DataFrame:
    """Return the index and the naive rules per area, as they stood on the date."""
    measured, level = outcome.prepared.measured, outcome.prepared.measured.level
    units = measured.units[measured.units["sector_code"] == ""]
    areas = units["area_code"].to_numpy()
    column = {"vr": "vr_code", "gemeente": "gemeente_code"}[level]
    activations = tables["activations"]
    recent = activations[
        (activations["event_date"] <= date) & (activations["event_date"] > date - pd.Timedelta(weeks=HORIZON_WEEKS))
    ]
    codes = list(measured.index.codes)
    signal = measured.raw[units.index, codes.index(_SIGNAL)] if _SIGNAL in codes else np.nan
    weeks = fortnight(tables["incidence"]["week"].unique(), date)
    now = _per_100k(tables, level, list(weeks)) if weeks else pd.Series(dtype=float)
    return pd.DataFrame(
        {
            "index": together(outcome).reindex(areas).to_numpy(float),
            "size_only": units["workers_n"].to_numpy(float),
            "incidence_now": now.reindex(areas).to_numpy(float),
            "signal_alone": signal,
            "previous_version": np.nan if earlier is None else together(earlier).reindex(areas).to_numpy(float),
            "previous_activations": recent[column].value_counts().reindex(areas).fillna(0).to_numpy(float),
        },
        index=areas,
    )


def _per_100k(tables: Tables, level: str, weeks: list[str]) -> pd.Series:
    """Return raw cases per 100,000 inhabitants over some weeks."""
    table = tables["incidence"]
    table = table[table["week"].isin(weeks)]
    gemeenten = tables["gemeenten"].set_index("gemeente_code")
    # A week without a figure is taken to be like the others; a gemeente without any has no outcome.
    cases = (table.groupby("gemeente_code")["cases_n"].mean() * len(weeks)).reindex(gemeenten.index)
    if level == "gemeente":
        return cases / gemeenten["population_n"].where(gemeenten["population_n"] > 0) * 100_000
    region = gemeenten["vr_code"]
    return cases.groupby(region).sum() / gemeenten["population_n"].groupby(region).sum() * 100_000


def _regions(tables: Tables, level: str, areas: pd.Index) -> Array:
    if level == "vr":
        return np.asarray(areas)
    return np.asarray(tables["gemeenten"].set_index("gemeente_code")["vr_code"].reindex(areas))
