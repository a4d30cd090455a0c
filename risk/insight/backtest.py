"""Scores of earlier dates against what came later, beside naive rules; and against outbreaks that are known.

Infections of the general population cannot prove that migrants at work are protected: they test the part of the
index that follows the epidemic, and nothing may be tuned to them further.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from itertools import starmap
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from geodata.weeks import Tables, fortnight, last_day, of_disease
from risk.index.declaration import Model, Text
from risk.index.pipeline import Outcome, score
from risk.insight.alarms import alarms, weekly_cases
from risk.insight.ranking_metrics import BOOTSTRAPS, bootstrap, spearman

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
    """

    date: pd.Timestamp
    units: pd.DataFrame
    regions: Array

    def correlation(self, rule: str, rows: Array | slice = slice(None)) -> float:
        """Return the rank correlation of a rule with what came later, over some rows."""
        found = self.units.iloc[rows] if isinstance(rows, slice) else self.units.take(rows)
        return spearman(found[rule], found["later"])


@dataclass(frozen=True)
class Outbreak:
    """An outbreak that was reported: where, in which sector and when; never at whose firm."""

    gemeente_code: str
    sector_code: str
    month: str
    disease: str = "COVID-19"


KNOWN_OUTBREAKS: Final = (
    Outbreak("GM0275", "slaughter_meat", "2020-05"),
    Outbreak("GM0279", "slaughter_meat", "2020-05"),
    Outbreak("GM1586", "slaughter_meat", "2020-05"),
    Outbreak("GM0794", "slaughter_meat", "2020-05"),
    Outbreak("GM0757", "slaughter_meat", "2020-06"),
    Outbreak("GM1960", "packing_wholesale", "2020-06"),
)
"""Reported in the press and by the authorities in May and June 2020; the months are certain, the days are not."""


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
        units = _rules(outcome, earlier, tables, date).assign(later=_per_100k(tables, level, later))
        found.append(Dated(date, units, _regions(tables, level, units.index)))
    return found[::-1]


def by_date(dates: Sequence[Dated]) -> pd.DataFrame:
    """Return per date and rule the correlation with what came later, and the index's lead over the rule.

    Returns
    -------
    DataFrame
        date, season, rule, spearman, p05, p95, lead, lead_p05, lead_p95; intervals from a bootstrap over regions.
    """
    rows = [
        (
            one.date,
            season(one.date),
            rule,
            *bootstrap(partial(one.correlation, rule), one.regions),
            *bootstrap(partial(_lead, one, rule), one.regions),
        )
        for one in dates
        for rule in RULES
    ]
    columns = ["date", "season", "rule", "spearman", "p05", "p95", "lead", "lead_p05", "lead_p95"]
    return pd.DataFrame(rows, columns=columns)


def _lead(one: Dated, rule: str, rows: Array | slice = slice(None)) -> float:
    return one.correlation("index", rows) - one.correlation(rule, rows)


def pooled(dates: Sequence[Dated], each: pd.DataFrame, *, repeats: int = BOOTSTRAPS, seed: int = 1) -> pd.DataFrame:
    """Return the mean over all dates, and over those of each season, of every rule and of the lead over it.

    Parameters
    ----------
    dates, each
        `dated` and `by_date`.
    repeats, seed
        Of a bootstrap that draws whole regions and keeps them over all dates: the same region's figures of two
        dates are not independent.

    Returns
    -------
    DataFrame
        season (``all`` first), rule, dates_n, spearman, lead, lead_p05, lead_p95, better_n and worse_n: on how
        many single dates the interval of the lead lay above and below 0.
    """
    tables = [_pool(dates, each, ALL_SEASONS, repeats, seed)] if dates else []
    for name in dict.fromkeys(each["season"]):
        mine = [one for one in dates if season(one.date) == name]
        tables.append(_pool(mine, each[each["season"] == name], name, repeats, seed))
    columns = ["season", "rule", "dates_n", "spearman", "lead", "lead_p05", "lead_p95", "better_n", "worse_n"]
    return pd.concat(tables, ignore_index=True) if tables else pd.DataFrame(columns=columns)


def _pool(dates: Sequence[Dated], each: pd.DataFrame, name: str, repeats: int, seed: int) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    names = sorted({region for one in dates for region in one.regions})
    places = [[np.flatnonzero(one.regions == region) for region in names] for one in dates]
    leads = {rule: np.full(repeats, 0.0 if rule == "index" else np.nan) for rule in RULES}
    for turn in range(repeats):
        drawn = rng.integers(0, len(names), len(names))
        rows = [np.concatenate([where[place] for place in drawn]) for where in places]
        index = [one.correlation("index", mine) for one, mine in zip(dates, rows, strict=True)]
        for rule in list(RULES)[1:]:
            other = [one.correlation(rule, mine) for one, mine in zip(dates, rows, strict=True)]
            leads[rule][turn] = _mean(np.subtract(index, other))
    table = []
    for rule in RULES:
        mine = each[each["rule"] == rule]
        known = leads[rule][np.isfinite(leads[rule])]
        low, high = np.quantile(known, _INTERVAL) if known.size else (np.nan, np.nan)
        table.append(
            {
                "season": name,
                "rule": rule,
                "dates_n": int(mine["lead"].notna().sum()),
                "spearman": _mean(mine["spearman"].to_numpy(float)),
                "lead": _mean(mine["lead"].to_numpy(float)),
                "lead_p05": float(low),
                "lead_p95": float(high),
                "better_n": int((mine["lead_p05"] > 0).sum()),
                "worse_n": int((mine["lead_p95"] < 0).sum()),
            }
        )
    return pd.DataFrame(table)


def _mean(values: Array) -> float:
    known = np.asarray(values, float)
    known = known[np.isfinite(known)]
    return float(known.mean()) if known.size else float("nan")


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

    Returns
    -------
    DataFrame
        gemeente_code, sector_code, month; rank and n: the place of the gemeente in its sector at the end of the
        month; previous_rank: under the earlier version; alarm_rank: its best place among the alarms of the weeks
        that began in the month before or in it; is_alarm: whether it was one.
    """
    tables = of_disease(tables, model.disease)
    cases = weekly_cases(tables["incidence"], model.disease, tables["gemeenten"]) if len(tables["incidence"]) else None
    rows = []
    for one in KNOWN_OUTBREAKS:
        month = pd.Period(one.month)
        if cases is None or one.disease != model.disease or one.gemeente_code not in cases.index:
            continue
        weeks = [week for week in cases.columns[6:] if last_day(week).to_period("M") == month]
        if not weeks:
            continue
        date = min(month.end_time.normalize(), last_day(cases.columns[-1]))
        ranks = [
            _place(score(tables, "gemeente", version, rebuilds=0, at=date), one) if version else (np.nan, np.nan)
            for version in (model, previous)
        ]
        seen = pd.concat(starmap(alarms, ((cases, week) for week in weeks)))
        seen = seen[seen["gemeente_code"] == one.gemeente_code]
        rows.append(
            (
                one.gemeente_code,
                one.sector_code,
                one.month,
                *ranks[0],
                ranks[1][0],
                seen["rank"].min(),
                bool(seen["is_alarm"].any()),
            )
        )
    columns = ["gemeente_code", "sector_code", "month", "rank", "n", "previous_rank", "alarm_rank", "is_alarm"]
    return pd.DataFrame(rows, columns=columns)


def _place(outcome: Outcome, one: Outbreak) -> tuple[float, float]:
    mine = outcome.scores[outcome.scores["sector_code"] == one.sector_code].set_index("area_code")["score_0_10"]
    if one.gemeente_code not in mine.index or np.isnan(mine[one.gemeente_code]):
        return np.nan, float(mine.notna().sum())
    return float(mine.rank(ascending=False, method="min")[one.gemeente_code]), float(mine.notna().sum())


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
