"""How good is the index? Measured against what came later, compared with naive rules, with intervals.

Where the index does not beat "size only", the report says so. On demonstration data every figure shows that
the machinery works and says nothing about the index.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any, Final

import pandas as pd
from numpy.typing import NDArray

from geodata.weeks import Tables, last_day, of_disease
from risk.index.aggregate import weigh
from risk.index.declaration import Model, Text
from risk.index.pipeline import score
from risk.index.rebuild import sensitivity
from risk.insight import backtest
from risk.insight.alarms import in_words
from risk.insight.backtest import together
from risk.insight.challenger import Challenger, challenge_visits, sentence
from risk.insight.ranking_metrics import (
    bootstrap,
    deciles,
    jaccard_at_k,
    kendall,
    lift_at_k,
    precision_at_k,
    recall_at_k,
)
from risk.insight.visits import visit_table
from words import read_texts

Array = NDArray[Any]

STABILITY_ALARM: Final = 0.7
DEMONSTRATION: Final = Text(
    "laat zien dat de techniek werkt; zegt niets over de index",
    "shows that the machinery works; says nothing about the index",
)


@dataclass(frozen=True)
class Evaluation:
    """The figures, each table with intervals from a bootstrap over regions.

    Attributes
    ----------
    backtest
        Per date and rule: Spearman with the incidence of the next four weeks, and the index's lead over the rule.
    pooled
        The same over all dates and per season (`risk.insight.backtest.pooled`).
    outbreaks
        Where outbreaks that are known stood (`risk.insight.backtest.outbreaks`).
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
    unlike_n
        Dates whose picture lacks what that of the last does not, or the other way round: they are not compared.
    at_posts
        Per date the share of areas at a goalpost of the infections (`risk.insight.backtest.at_posts`).
    """

    level: str
    backtest: pd.DataFrame
    pooled: pd.DataFrame
    outbreaks: pd.DataFrame
    finds: pd.DataFrame
    calibration: pd.DataFrame
    stability: pd.DataFrame
    assumptions: pd.DataFrame
    challenger: Challenger
    unlike_n: int = 0
    at_posts: Mapping[str, float] = field(default_factory=dict)


def evaluate(tables: Tables, model: Model, level: str = "gemeente", previous: Model | None = None) -> Evaluation:
    """Return every figure that these data allow; a table without rows gives an empty one.

    Parameters
    ----------
    tables, model
        As for `risk.index.pipeline.score`.
    level
        ``gemeente`` or ``vr``: the units of the back-test and of the stability.
    previous
        The version of the model to compare with, if any.
    """
    tables = of_disease(tables, model.disease)
    visits = visit_table(tables, model) if len(tables["activations"]) else pd.DataFrame()
    dates = backtest.dated(tables, model, level, previous)
    alike = [one for one in dates if one.lacks == dates[-1].lacks]
    found = backtest.agreement(alike)
    return Evaluation(
        level,
        backtest.by_date(found),
        backtest.pooled(found),
        backtest.outbreaks(tables, model, previous),
        finds(visits),
        deciles(visits["score"], visits["found"]).reset_index() if len(visits) else pd.DataFrame(),
        stability(tables, model, level),
        assumptions(tables, model, level),
        challenge_visits(visits, model),
        len(dates) - len(alike),
        backtest.at_posts(tables, model, level),
    )


def finds(visits: pd.DataFrame) -> pd.DataFrame:
    """Return precision, recall and lift at k of the visits, all and those drawn at random.

    k is a tenth of the visits, at least 3. Visits that follow signals were not drawn from everywhere, so only
    the random ones speak for the country; fewer than 50 of them prove little. A visit drawn with a known
    probability weighs one over it, for it stands for those that were not drawn.
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


def _at_a_tenth(
    visits: pd.DataFrame, measure: Callable[[Array, Array, int, Array], float]
) -> tuple[float, float, float]:
    values, found, weight = (visits[name].to_numpy(float) for name in ("score", "found", "weight"))
    return bootstrap(
        lambda rows: measure(values[rows], found[rows], max(3, len(rows) // 10), weight[rows]), visits["vr_code"]
    )


def stability(tables: Tables, model: Model, level: str) -> pd.DataFrame:
    """Return how alike the rankings of consecutive months are, all sectors together.

    Months whose picture lacks what that of the last does not, or the other way round, take no part.

    Parameters
    ----------
    tables
        The core tables by name.
    model
        The index as declared.
    level
        ``vr`` or ``gemeente``.
    """
    dates = _month_ends(tables)
    outcomes = [(date, score(tables, level, model, rebuilds=0, at=date)) for date in dates]
    alike = [(date, together(one)) for date, one in outcomes if one.lacks == outcomes[-1][1].lacks]
    rows = []
    for (before, first), (after, second) in pairwise(alike):
        k = max(3, len(first) // 10)
        tau = kendall(first, second)
        rows.append((before, after, k, jaccard_at_k(first, second, k), tau, bool(tau < STABILITY_ALARM)))
    return pd.DataFrame(rows, columns=["before", "after", "k_n", "jaccard", "kendall", "is_alarm"])


def assumptions(tables: Tables, model: Model, level: str) -> pd.DataFrame:
    """Return how many places each assumption alone moves a rank on average, largest first.

    Parameters
    ----------
    tables
        The core tables by name.
    model
        The index as declared.
    level
        ``vr`` or ``gemeente``.
    """
    prepared = score(tables, level, model, rebuilds=0).prepared
    weights = weigh(prepared.measured.index, prepared.kept)
    shifts = sensitivity(prepared.values_0_10, prepared.measured, model, prepared.group, weights)
    return shifts.rename_axis("assumption").reset_index()


def verdict(evaluation: Evaluation, lang: str) -> str:
    """Return plainly whether the index beats the naive rules, over all dates together.

    "Beats" only where the whole interval of the mean lead lies above 0, "loses to" only where it lies below.
    """
    table = evaluation.pooled
    whole = table[table["season"] == backtest.ALL_SEASONS] if len(table) else table
    if not len(whole) or whole["spearman"].isna().all():
        return Text(
            "Er zijn geen latere besmettingen om de index aan te toetsen.",
            "There are no later infections to test the index on.",
        )[lang]
    start = Text(
        "Voor de besmettingen van de vier weken daarna geldt: de index",
        "For the infections of the next four weeks: the index",
    )
    parts = [_said(row, lang) for _, row in whole.iterrows() if row["rule"] != "index" and row["dates_n"]]
    limits = Text(
        "Dit zijn besmettingen van de hele bevolking: ze zeggen niets over de bescherming van arbeidsmigranten op het"
        " werk, en de index bestaat vooral uit omvang en werkomstandigheden, die daar nauwelijks mee samenhangen.",
        "These are infections of the whole population: they say nothing of the protection of migrant workers at work,"
        " and the index consists mostly of size and working conditions, which hardly go together with them.",
    )
    return f"{start[lang]} {'; '.join(parts)}. {limits[lang]}"


def _said(row: pd.Series, lang: str) -> str:
    if row["lead_p05"] > 0:
        word = Text("is beter dan", "beats")
    elif row["lead_p95"] < 0:
        word = Text("verliest van", "loses to")
    else:
        word = Text("is niet aantoonbaar beter dan", "is not shown to beat")
    counts = Text(
        f"gemiddeld {row['lead']:+.2f}, tussen {row['lead_p05']:+.2f} en {row['lead_p95']:+.2f}; apart beter op"
        f" {row['better_n']} en slechter op {row['worse_n']} van {row['dates_n']} data",
        f"{row['lead']:+.2f} on average, between {row['lead_p05']:+.2f} and {row['lead_p95']:+.2f}; by itself better"
        f" on {row['better_n']} and worse on {row['worse_n']} of {row['dates_n']} dates",
    )
    return f"{word[lang]} {backtest.RULES[row['rule']][lang]} ({counts[lang]})"


def outbreaks_note(table: pd.DataFrame, lang: str) -> str:
    """Return how many of the known outbreaks stood high in their sector, and how many were an alarm."""
    if not len(table):
        return Text(
            "De gegevens bevatten geen maand met een bekende uitbraak.",
            "The data hold no month with an outbreak that is known.",
        )[lang]
    top = int((table["rank"] <= (table["n"] / 10).clip(lower=3)).sum())
    return Text(
        f"Van {len(table)} bekende uitbraken stond de gemeente in {top} gevallen bij de hoogste tiende van haar sector;"
        f" {int(table['is_alarm'].sum())} gaven een alarm. Met geschatte werknemers per gemeente staat een kleine"
        " plaats met een grote fabriek niet hoog; daarvoor zijn locaties met naam en omvang nodig.",
        f"Of {len(table)} outbreaks that are known the gemeente stood among the highest tenth of its sector in {top}"
        f" cases; {int(table['is_alarm'].sum())} gave an alarm. With workers per gemeente estimated, a small place with"
        " a large plant does not stand high; that takes sites with a name and a size.",
    )[lang]


def outbreaks_told(table: pd.DataFrame, lang: str) -> list[str]:
    """Return per known outbreak what was reported, and in which week it was an alarm or why in none: Markdown."""
    return [f"- {in_words(read_texts(lang), row)}" for row in table.to_dict("records")]


def report(evaluation: Evaluation, lang: str, *, is_demonstration: bool) -> str:
    """Return the evaluation as Markdown, with the warning at every figure on demonstration data.

    Parameters
    ----------
    evaluation
        Of `evaluate`.
    lang
        ``nl`` or ``en``.
    is_demonstration
        Whether the figures are invented.
    """
    note = f"*{DEMONSTRATION[lang]}*" if is_demonstration else ""
    sections = [
        (
            Text("Latere besmettingen", "Later infections"),
            verdict(evaluation, lang),
            _in_words(evaluation.pooled, lang),
        ),
        (
            Text("Per datum", "By date"),
            f"{_unlike_note(evaluation.unlike_n, lang)} {_posts_note(evaluation.at_posts, lang)}".strip(),
            _in_words(evaluation.backtest, lang),
        ),
        (
            Text("Bekende uitbraken", "Outbreaks that are known"),
            "\n".join(
                [outbreaks_note(evaluation.outbreaks, lang), "", *outbreaks_told(evaluation.outbreaks, lang)]
            ).rstrip(),
            evaluation.outbreaks,
        ),
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


def _unlike_note(unlike_n: int, lang: str) -> str:
    """Say how many dates take no part; '' when all do."""
    told = Text(
        f"Van {unlike_n} data telt het beeld iets niet mee dat de laatste wel meetelt, of andersom; zij worden er niet "
        "mee vergeleken.",
        f"On {unlike_n} dates the picture leaves out what the last one counts, or the other way round; they are not "
        "compared with it.",
    )
    return told[lang] if unlike_n else ""


def _posts_note(at_posts: Mapping[str, float], lang: str) -> str:
    """Say on which date most areas stood at a goalpost of the infections; '' without infections."""
    if not at_posts:
        return ""
    date, share = max(at_posts.items(), key=lambda one: one[1])
    return Text(
        f"Op {date} stond het grootste deel van de gebieden aan een grenswaarde van de besmettingen, waar zij niet van"
        f" elkaar te onderscheiden zijn: {share:.0%}; meer dan een derde wordt geweigerd.",
        f"On {date} the largest part of the areas stood at a goalpost of the infections, where they cannot be told"
        f" apart: {share:.0%}; more than a third is refused.",
    )[lang]


def _finds_note(evaluation: Evaluation, lang: str) -> str:
    table = evaluation.finds
    random_n = int(table.loc[table["sample"] == "random", "visits_n"].sum()) if len(table) else 0
    return Text(
        f"Alleen bezoeken uit een steekproef spreken voor het land; het zijn er {random_n}, "
        "en onder de 50 bewijst weinig.",
        f"Only visits drawn at random speak for the country; there are {random_n}, and fewer than 50 prove little.",
    )[lang]


def _in_words(table: pd.DataFrame, lang: str) -> pd.DataFrame:
    """Return a table of the back-test with the names of its rules and seasons."""
    if not len(table):
        return table
    named = table.assign(
        rule=table["rule"].map(lambda rule: backtest.RULES[rule][lang]),
        season=[_season(name, lang) for name in table["season"]],
    )
    return named[named["lead"].notna()]


def _season(name: str, lang: str) -> str:
    year, _, season = name.partition(" ")
    return f"{year} {backtest.SEASONS[season][lang]}" if season else Text("alle", "all")[lang]


def _markdown(table: pd.DataFrame, lang: str) -> str:
    if not len(table):
        return Text("Geen gegevens.", "No data.")[lang]
    cells = table.map(lambda value: f"{value:.2f}" if isinstance(value, float) else f"{value}").astype(str)
    head = f"| {' | '.join(table.columns)} |\n|{'---|' * len(table.columns)}"
    return "\n".join([head, *(f"| {' | '.join(row)} |" for row in cells.to_numpy())]).replace(" 00:00:00", "")


def _month_ends(tables: Tables) -> list[pd.Timestamp]:
    days = [tables["activations"]["event_date"]] if len(tables["activations"]) else []
    if len(tables["incidence"]):
        days.append(pd.Series([last_day(week) for week in tables["incidence"]["week"].unique()]))
    if not days:
        return []
    months = pd.concat(days).dt.to_period("M").drop_duplicates().sort_values()
    return [month.to_timestamp(how="end").normalize() for month in months]
