"""How good is the index? Measured against what came later, beside naive rules, with intervals.

Where the index does not beat "size only", the report says so. On demonstration data every figure shows that
the machinery works and says nothing about the index.
"""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from geodata.weeks import Tables, last_day, of_disease
from risk.index.aggregate import weigh
from risk.index.declaration import Model, Text
from risk.index.pipeline import Outcome, score
from risk.index.uncertainty import sensitivity
from risk.insight.challenger import Challenger, challenge_visits, sentence
from risk.insight.ranking_metrics import (
    bootstrap,
    deciles,
    jaccard_at_k,
    kendall,
    lift_at_k,
    precision_at_k,
    recall_at_k,
    spearman,
)
from risk.insight.visits import visit_table

Array = NDArray[Any]

HORIZON_WEEKS: Final = 4
STABILITY_ALARM: Final = 0.7
DEMONSTRATION: Final = Text(
    "laat zien dat de techniek werkt; zegt niets over de index",
    "shows that the machinery works; says nothing about the index",
)
RULES: Final = {
    "index": Text("de index", "the index"),
    "size_only": Text("alleen omvang", "size only"),
    "previous_activations": Text("activeringen van de vorige periode", "the previous period's activations"),
    "incidence_now": Text("besmettingen van nu", "infections now"),
}


@dataclass(frozen=True)
class Evaluation:
    """The figures, each table with intervals from a bootstrap over regions.

    Attributes
    ----------
    backtest
        Per date and rule: Spearman with the incidence of the next four weeks, and the index's lead over the rule.
    finds
        Of visits, all and drawn at random: visits and finds, precision, recall and lift of the k highest.
    calibration
        Share of visits that found something, by tenth of the score.
    stability
        Per pair of consecutive months: overlap of the top k and Kendall's tau, with an alarm below 0.7.
    assumptions
        How many places each assumption alone moves a rank on average, largest first.
    challenger
        The learned model, or how much is missing for it.
    """

    level: str
    backtest: pd.DataFrame
    finds: pd.DataFrame
    calibration: pd.DataFrame
    stability: pd.DataFrame
    assumptions: pd.DataFrame
    challenger: Challenger


def evaluate(tables: Tables, model: Model, level: str = "gemeente") -> Evaluation:
    """Return every figure that these data allow; a table without rows gives an empty one.

    Parameters
    ----------
    tables, model
        As for `risk.index.pipeline.score`.
    level
        ``gemeente`` or ``vr``: the units of the back-test and of the stability.
    """
    tables = of_disease(tables, model.disease)
    visits = visit_table(tables, model) if len(tables["activations"]) else pd.DataFrame()
    return Evaluation(
        level,
        backtest(tables, model, level),
        finds(visits),
        deciles(visits["score"], visits["found"]).reset_index() if len(visits) else pd.DataFrame(),
        stability(tables, model, level),
        assumptions(tables, model, level),
        challenge_visits(visits, model),
    )


def backtest(tables: Tables, model: Model, level: str) -> pd.DataFrame:
    """Return how well the scores of earlier dates put the areas in the order of their later incidence.

    Returns
    -------
    DataFrame
        date, rule, spearman, p05, p95, lead (the index's correlation less the rule's) with its interval. Scores
        are those of all sectors together, made with what was known on the date.
    """
    weeks = sorted(tables["incidence"]["week"].unique()) if len(tables["incidence"]) else []
    rows = []
    for place in range(len(weeks) - HORIZON_WEEKS - 1, 1, -HORIZON_WEEKS):
        date, later = last_day(weeks[place]), weeks[place + 1 : place + 1 + HORIZON_WEEKS]
        outcome = score(tables, level, model, rebuilds=0, at=date)
        units = _rules(outcome, tables, date).assign(later=_incidence(tables, level, later, model.disease))
        regions = _regions(tables, level, units.index)
        truth = units["later"].to_numpy(float)
        rows += [
            (date, rule, *_correlation(units, rule, truth, regions), *_lead(units, rule, truth, regions))
            for rule in RULES
        ]
    columns = ["date", "rule", "spearman", "p05", "p95", "lead", "lead_p05", "lead_p95"]
    return pd.DataFrame(rows, columns=columns).sort_values(["date", "rule"], ignore_index=True)


def _correlation(units: pd.DataFrame, rule: str, truth: Array, regions: Array) -> tuple[float, float, float]:
    mine = units[rule].to_numpy(float)
    return bootstrap(lambda rows: spearman(mine[rows], truth[rows]), regions)


def _lead(units: pd.DataFrame, rule: str, truth: Array, regions: Array) -> tuple[float, float, float]:
    index, mine = units["index"].to_numpy(float), units[rule].to_numpy(float)
    return bootstrap(lambda rows: spearman(index[rows], truth[rows]) - spearman(mine[rows], truth[rows]), regions)


def finds(visits: pd.DataFrame) -> pd.DataFrame:
    """Return precision, recall and lift at k of the visits, all and those drawn at random.

    k is a tenth of the visits, at least 3. Visits that follow signals were not drawn from everywhere, so only
    the random ones speak for the country; fewer than 50 of them prove little.
    """
    rows = []
    for sample in ("all", "random") if len(visits) else ():
        mine = visits if sample == "all" else visits[visits["is_random"]]
        mine = mine.dropna(subset=["score"])
        if not len(mine):
            continue
        row: dict[str, object] = {"sample": sample, "visits_n": len(mine), "found_n": int(mine["found"].sum())}
        for name, measure in (("precision", precision_at_k), ("recall", recall_at_k), ("lift", lift_at_k)):
            middle, low, high = _at_a_tenth(mine, measure)
            row |= {name: middle, f"{name}_p05": low, f"{name}_p95": high}
        rows.append(row)
    return pd.DataFrame(rows)


def _at_a_tenth(visits: pd.DataFrame, measure: Callable[[Array, Array, int], float]) -> tuple[float, float, float]:
    values, found = visits["score"].to_numpy(float), visits["found"].to_numpy(float)
    return bootstrap(lambda rows: measure(values[rows], found[rows], max(3, len(rows) // 10)), visits["vr_code"])


def stability(tables: Tables, model: Model, level: str) -> pd.DataFrame:
    """Return how alike the rankings of consecutive months are, all sectors together."""
    dates = _month_ends(tables)
    rankings = [(date, _together(score(tables, level, model, rebuilds=0, at=date))) for date in dates]
    rows = []
    for (before, first), (after, second) in pairwise(rankings):
        k = max(3, len(first) // 10)
        tau = kendall(first, second)
        rows.append((before, after, k, jaccard_at_k(first, second, k), tau, bool(tau < STABILITY_ALARM)))
    return pd.DataFrame(rows, columns=["before", "after", "k_n", "jaccard", "kendall", "is_alarm"])


def assumptions(tables: Tables, model: Model, level: str) -> pd.DataFrame:
    """Return how many places each assumption alone moves a rank on average, largest first."""
    prepared = score(tables, level, model, rebuilds=0).prepared
    weights = weigh(prepared.measured.index, prepared.kept)
    shifts = sensitivity(prepared.values_0_10, prepared.measured, model, prepared.group, weights)
    return shifts.rename_axis("assumption").reset_index()


def verdict(evaluation: Evaluation, lang: str) -> str:
    """Return plainly whether the index beats the naive rules in the back-test."""
    table = evaluation.backtest
    if not len(table) or table["spearman"].isna().all():
        return Text(
            "Er zijn geen latere besmettingen om de index aan te toetsen.",
            "There are no later infections to test the index on.",
        )[lang]
    parts = []
    for rule in list(RULES)[1:]:
        mine = table[table["rule"] == rule]
        if mine["lead"].isna().all():
            word = Text("is niet te vergelijken met", "cannot be compared with")
        elif (mine["lead_p05"] > 0).all():
            word = Text("is beter dan", "beats")
        elif (mine["lead_p95"] < 0).all():
            word = Text("is slechter dan", "does worse than")
        else:
            word = Text("is niet aantoonbaar beter dan", "is not shown to beat")
        parts.append(f"{word[lang]} {RULES[rule][lang]}")
    start = Text(
        "Voor de besmettingen van de vier weken daarna geldt: de index",
        "For the infections of the next four weeks: the index",
    )
    return f"{start[lang]} {'; '.join(parts)}."


def report(evaluation: Evaluation, lang: str, *, is_demonstration: bool) -> str:
    """Return the evaluation as Markdown, with the warning at every figure on demonstration data."""
    note = f"*{DEMONSTRATION[lang]}*" if is_demonstration else ""
    sections = [
        (Text("Latere besmettingen", "Later infections"), verdict(evaluation, lang), evaluation.backtest),
        (Text("Vondsten bij bezoeken", "Finds at visits"), _finds_note(evaluation, lang), evaluation.finds),
        (Text("IJking", "Calibration"), "", evaluation.calibration),
        (Text("Stabiliteit tussen maanden", "Stability between months"), "", evaluation.stability),
        (
            Text("Welke aanname rangen het meest verschuift", "Which assumption moves ranks most"),
            "",
            evaluation.assumptions,
        ),
        (Text("Geleerd model", "Learned model"), sentence(evaluation.challenger, lang), evaluation.challenger.quality),
    ]
    lines = [f"# {Text('Beoordeling van de index', 'Evaluation of the index')[lang]}", ""]
    for title, words, table in sections:
        lines += [f"## {title[lang]}", "", note, "", words, "", _markdown(table, lang), ""]
    return "\n".join(line for place, line in enumerate(lines) if line or lines[place - 1])


def _finds_note(evaluation: Evaluation, lang: str) -> str:
    table = evaluation.finds
    random_n = int(table.loc[table["sample"] == "random", "visits_n"].sum()) if len(table) else 0
    return Text(
        f"Alleen bezoeken uit een steekproef spreken voor het land; het zijn er {random_n}, "
        "en onder de 50 bewijst weinig.",
        f"Only visits drawn at random speak for the country; there are {random_n}, and fewer than 50 prove little.",
    )[lang]


def _markdown(table: pd.DataFrame, lang: str) -> str:
    if not len(table):
        return Text("Geen gegevens.", "No data.")[lang]
    cells = table.map(lambda value: f"{value:.2f}" if isinstance(value, float) else f"{value}").astype(str)
    head = f"| {' | '.join(table.columns)} |\n|{'---|' * len(table.columns)}"
    return "\n".join([head, *(f"| {' | '.join(row)} |" for row in cells.to_numpy())]).replace(" 00:00:00", "")


def _together(outcome: Outcome) -> pd.Series:
    scores = outcome.scores[outcome.scores["sector_code"] == ""]
    return scores.set_index("area_code")["score_0_10"]


def _rules(outcome: Outcome, tables: Tables, date: pd.Timestamp) -> pd.DataFrame:
    """Return the index and the naive rules per area, as they stood on the date."""
    measured, level = outcome.prepared.measured, outcome.prepared.measured.level
    units = measured.units[measured.units["sector_code"] == ""]
    areas = units["area_code"].to_numpy()
    column = {"vr": "vr_code", "gemeente": "gemeente_code"}[level]
    activations = tables["activations"]
    recent = activations[
        (activations["event_date"] <= date) & (activations["event_date"] > date - pd.Timedelta(weeks=HORIZON_WEEKS))
    ]
    place = list(measured.index.codes).index("incidence_per_100k")
    return pd.DataFrame(
        {
            "index": _together(outcome).reindex(areas).to_numpy(float),
            "size_only": units["workers_n"].to_numpy(float),
            "previous_activations": recent[column].value_counts().reindex(areas).fillna(0).to_numpy(float),
            "incidence_now": measured.raw[units.index, place],
        },
        index=areas,
    )


def _incidence(tables: Tables, level: str, weeks: list[str], disease: str) -> pd.Series:
    table = tables["incidence"]
    table = table[table["week"].isin(weeks) & (table["disease"] == disease)]
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


def _month_ends(tables: Tables) -> list[pd.Timestamp]:
    days = [tables["activations"]["event_date"]] if len(tables["activations"]) else []
    if len(tables["incidence"]):
        days.append(pd.Series([last_day(week) for week in tables["incidence"]["week"].unique()]))
    if not days:
        return []
    months = pd.concat(days).dt.to_period("M").drop_duplicates().sort_values()
    return [month.to_timestamp(how="end").normalize() for month in months]
