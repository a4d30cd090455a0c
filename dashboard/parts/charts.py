"""Charts for the pages, drawn by Altair in the browser; each has its figures as a table beside it.

Words and figures reach the chart as texts of the page's language, so that nothing depends on the browser's own.
One ramp and one pair of colours that differ in lightness serve all: they read the same without colour vision.
"""

from collections.abc import Mapping, Sequence
from typing import Final, Literal

import altair as alt
import pandas as pd
import streamlit as st
from markupsafe import Markup

from dashboard.map.scale import CLASS_COLOURS
from dashboard.parts import tables
from dashboard.shell.markup import show
from geodata import codes
from risk.index.declaration import Season
from risk.targets.estimates import Calibration
from words import Texts

_DARK, _LIGHT, _ORANGE, _INK = CLASS_COLOURS[4], CLASS_COLOURS[2], "#c8501e", "#16242e"
_ROW_PX: Final = 20
_POINTS_N: Final = 41


def _show(texts: Texts, chart: alt.Chart | alt.LayerChart, told: str, table: str) -> None:
    """Draw a chart with what it tells for who cannot see it, and its table on demand."""
    _draw(chart, told)
    with st.expander(texts("chart.table")):
        show(Markup('<section class="rb-page">{}</section>').format(table))


def _draw(
    chart: alt.Chart | alt.LayerChart | alt.FacetChart, told: str, width: Literal["stretch", "content"] = "stretch"
) -> None:
    """Draw a chart with what it tells for who cannot see it."""
    # Vega shows thousands, decimals and months by its own locale: every text is ours, so only plain numbers are left.
    # Paper stays white when the page is dark: the colours of a chart are chosen for it.
    chart = chart.properties(description=told, background="white").configure_view(strokeWidth=0)
    chart = chart.configure_axis(labelColor=_INK, titleColor=_INK).configure_legend(labelColor=_INK, titleColor=_INK)
    st.altair_chart(chart, width=width)


def rank_intervals(texts: Texts, rows: pd.DataFrame, names: Mapping[str, str], ranked_n: int) -> None:
    """Draw of each unit its place in the ranking with the 90 % interval.

    Parameters
    ----------
    rows
        Scores of one level and sector: area_code, rank, rank_p05, rank_p95, p_top_k.
    ranked_n
        How many units have a place in the whole country.
    """
    known = rows.dropna(subset=["rank", "rank_p05"]).sort_values("rank")
    drawn = pd.DataFrame(
        {
            "name": known["area_code"].map(names),
            "rank": known["rank"],
            "low": known["rank_p05"],
            "high": known["rank_p95"],
            "told": [
                texts("chart.between", rank=int(row.rank), low=int(row.rank_p05), high=int(row.rank_p95))
                for row in known.itertuples()
            ],
        }
    )
    y = alt.Y("name:N", sort=list(drawn["name"]), title=None, axis=alt.Axis(labelLimit=240, labelOverlap=False))
    scale = alt.Scale(domain=[1, max(2, ranked_n)], nice=False)
    x = alt.X("low:Q", title=texts("chart.place"), scale=scale, axis=alt.Axis(format="d", tickMinStep=1))
    hints = [alt.Tooltip("name:N", title=texts("map.name")), alt.Tooltip("told:N", title=texts("map.rank"))]
    base = alt.Chart(drawn)
    bars = base.mark_bar(height=7, color=_LIGHT).encode(x=x, x2="high:Q", y=y, tooltip=hints)
    dots = base.mark_point(filled=True, size=55, color=_DARK, opacity=1).encode(
        x=alt.X("rank:Q", scale=scale), y=y, tooltip=hints
    )
    cells = [
        [
            names[row.area_code],
            f"{int(row.rank)}",
            f"{int(row.rank_p05)}",
            f"{int(row.rank_p95)}",
            texts.percent(row.p_top_k),
        ]
        for row in known.itertuples()
    ]
    heads = [texts("map.name"), texts("map.rank"), *(texts(f"chart.{name}") for name in ("low", "high", "top"))]
    told = texts("chart.intervals")
    table = tables.table(told, heads, cells, numeric=range(1, 5))
    _show(texts, (bars + dots).properties(height=max(3, len(drawn)) * _ROW_PX), told, table)


def seasons(texts: Texts, found: Mapping[str, Season]) -> None:
    """Draw the calendar: how busy each sector is per month, against its own average month."""
    months = [texts.month(number) for number in range(1, 13)]
    order = [texts(f"sector.{code}") for code in codes.SECTORS if code in found]
    drawn = pd.DataFrame(
        [
            {
                "sector": texts(f"sector.{code}"),
                "month": month,
                "busy": value,
                "told": texts("chart.busy", value=f"{value:g}"),
            }
            for code, season in found.items()
            for month, value in zip(months, season.months, strict=True)
        ]
    )
    x = alt.X(
        "month:N",
        sort=months,
        title=None,
        axis=alt.Axis(orient="top", labelAngle=0, labelExpr="slice(datum.label, 0, 3)"),
    )
    y = alt.Y("sector:N", sort=order, title=None, axis=alt.Axis(labelLimit=240, labelOverlap=False))
    shade = alt.Color(
        "busy:Q",
        scale=alt.Scale(range=list(CLASS_COLOURS), interpolate="rgb"),
        legend=alt.Legend(title=texts("chart.busy_scale"), orient="bottom", format="d", titleLimit=320),
    )
    hints = [
        alt.Tooltip("sector:N", title=texts("picture.sector")),
        alt.Tooltip("month:N", title=texts("chart.month")),
        alt.Tooltip("told:N", title=texts("chart.busy_title")),
    ]
    chart = alt.Chart(drawn).mark_rect(stroke="white").encode(x=x, y=y, color=shade, tooltip=hints)
    cells = [
        [texts(f"sector.{code}"), *(f"{value:g}" for value in found[code].months)]
        for code in codes.SECTORS
        if code in found
    ]
    told = texts("chart.seasons")
    table = tables.table(told, [texts("picture.sector"), *(month[:3] for month in months)], cells, numeric=range(1, 13))
    _show(texts, chart.properties(height=2 * _ROW_PX * len(order)), told, table)


def trend(texts: Texts, dated: pd.DataFrame, words: Mapping[str, str], told: str) -> None:
    """Draw how many things happened per month, a line per kind.

    Parameters
    ----------
    dated
        event_date and kind.
    words
        The kinds that are drawn, with their names.
    told
        What the chart tells.
    """
    if dated.empty:
        return
    month = dated["event_date"].dt.to_period("M")
    span = pd.period_range(month.min(), month.max(), freq="M")
    counted = pd.crosstab(month, dated["kind"]).reindex(index=span, columns=list(words), fill_value=0)
    labels = [f"{texts.month(one.month)} {one.year}" for one in span]
    drawn = pd.DataFrame(
        [
            {"month": label, "kind": words[kind], "n": int(counted.loc[one, kind])}
            for one, label in zip(span, labels, strict=True)
            for kind in words
        ]
    )
    colour = alt.Color(
        "kind:N",
        sort=list(words.values()),
        scale=alt.Scale(range=[_DARK, _ORANGE]),
        legend=alt.Legend(title=None, orient="top", symbolType="stroke"),
    )
    line = (
        alt.Chart(drawn)
        .mark_line(point=True)
        .encode(
            x=alt.X("month:N", sort=labels, title=None, axis=alt.Axis(labelAngle=0, labelOverlap=True)),
            y=alt.Y("n:Q", title=None, axis=alt.Axis(format="d", tickMinStep=1)),
            color=colour,
            strokeDash=alt.StrokeDash("kind:N", sort=list(words.values()), legend=None),
            tooltip=[
                alt.Tooltip("month:N", title=texts("chart.month")),
                alt.Tooltip("kind:N", title=" "),
                alt.Tooltip("n:Q", title=texts("chart.number")),
            ],
        )
    )
    cells = [[label, *(str(int(n)) for n in counted.loc[one])] for one, label in zip(span, labels, strict=True)]
    table = tables.table(told, [texts("chart.month"), *words.values()], cells, numeric=range(1, len(words) + 1))
    _show(texts, line.properties(height=240), told, table)


def through_the_weeks(texts: Texts, weeks: pd.DataFrame, measures: pd.DataFrame, told: str) -> None:
    """Draw a unit through the weeks in panels below one another, with a line where a national measure began.

    Parameters
    ----------
    weeks
        In order: label, score, then (the score as known then), rank, low and high (of its place), incidence
        (per 100,000), preventief_n, repressief_n, known_n (of them recorded by the end of the week); NaN is unknown.
    measures
        label of the week, and words.
    told
        What the panels tell.
    """
    order = list(weeks["label"])
    axis = alt.Axis(labelAngle=0, labelOverlap=True)
    x = alt.X("label:N", sort=order, title=None, axis=axis, scale=alt.Scale(domain=order))
    rules = (
        alt.Chart(measures)
        .mark_rule(color=_ORANGE, strokeDash=[2, 3], strokeWidth=1.5)
        .encode(x=x, tooltip=[alt.Tooltip("words:N", title=texts("time.measure"))])
    )
    base = alt.Chart(weeks)

    def y(column: str, word: str, scale: alt.Scale | None = None) -> alt.Y:
        numbered = alt.Axis(format="d", tickMinStep=1, minExtent=34, maxExtent=34, tickCount=4)
        return alt.Y(f"{column}:Q", title=texts(f"time.{word}"), axis=numbered, scale=scale or alt.Scale())

    def hint(column: str, word: str) -> list[alt.Tooltip]:
        return [
            alt.Tooltip("label:N", title=texts("time.week")),
            alt.Tooltip(f"{column}:Q", title=texts(f"time.{word}"), format=".1f"),
        ]

    line = base.mark_line(color=_DARK, point=alt.OverlayMarkDef(color=_DARK, size=40))
    score = line.encode(x=x, y=y("score", "score", alt.Scale(domain=[0, 10])), tooltip=hint("score", "score"))
    then = base.mark_line(color=_ORANGE, strokeDash=[6, 4], point=alt.OverlayMarkDef(color=_ORANGE, shape="diamond"))
    panels = [rules + score]
    if weeks["then"].notna().any():
        panels[0] += then.encode(x=x, y="then:Q", tooltip=hint("then", "then"))
    turned = alt.Scale(reverse=True, zero=False, nice=False)
    band = base.mark_area(color=_LIGHT, opacity=0.45).encode(x=x, y=y("low", "place", turned), y2="high:Q")
    panels.append(rules + band + line.encode(x=x, y=y("rank", "place", turned), tooltip=hint("rank", "place")))
    if weeks["incidence"].notna().any():
        bars = base.mark_bar(color=_LIGHT).encode(x=x, y=y("incidence", "incidence"))
        panels.append(rules + bars.encode(tooltip=hint("incidence", "incidence")))
    if len(visits := _visits(texts, weeks)):
        colour = alt.Color(
            "kind:N", scale=alt.Scale(range=[_LIGHT, _ORANGE]), legend=alt.Legend(title=None, orient="top")
        )
        drawn = alt.Chart(visits).mark_bar().encode(x=x, y=y("n", "visits"), color=colour, tooltip=hint("n", "visits"))
        done = weeks[weeks["preventief_n"] + weeks["repressief_n"] > 0]
        known = (
            alt.Chart(done)
            .mark_tick(color=_INK, thickness=3)
            .encode(x=x, y="known_n:Q", tooltip=hint("known_n", "known"))
        )
        panels.append(rules + drawn + known)
    for panel in panels:
        _draw(panel.properties(height=130), told)


def _visits(texts: Texts, weeks: pd.DataFrame) -> pd.DataFrame:
    """Return the activations as one row per week and kind; none where nothing was done or may be seen."""
    kinds = {kind: texts(f"region.{kind}") for kind in ("preventief", "repressief")}
    rows = [
        {"label": week["label"], "kind": word, "n": week[f"{kind}_n"]}
        for _, week in weeks.iterrows()
        for kind, word in kinds.items()
        if week[f"{kind}_n"] > 0
    ]
    return pd.DataFrame(rows)


def side_by_side(texts: Texts, weeks: pd.DataFrame, told: str) -> None:
    """Draw the score of every area through the weeks, each in a small panel on one and the same scale.

    Parameters
    ----------
    weeks
        label (of the week), name and score.
    told
        What the panels tell.
    """
    order = list(dict.fromkeys(weeks["label"]))
    chart = (
        alt.Chart(weeks)
        .mark_line(color=_DARK, point=alt.OverlayMarkDef(size=12, color=_DARK))
        .encode(
            x=alt.X("label:N", sort=order, title=None, axis=None),
            y=alt.Y(
                "score:Q", title=None, scale=alt.Scale(domain=[0, 10]), axis=alt.Axis(values=[0, 5, 10], format="d")
            ),
            tooltip=[
                alt.Tooltip("name:N", title=texts("map.name")),
                alt.Tooltip("label:N", title=texts("time.week")),
                alt.Tooltip("score:Q", title=texts("time.score"), format=".1f"),
            ],
        )
        .properties(width=190, height=62)
        .facet(
            facet=alt.Facet(
                "name:N", sort=list(dict.fromkeys(weeks["name"])), title=None, header=alt.Header(labelLimit=190)
            ),
            columns=5,
            spacing=14,
        )
    )
    _draw(chart, told, width="content")


def calibration(texts: Texts, learned: Calibration) -> None:
    """Draw how often a site with so many risk points has a find, as learned from visits drawn at random."""
    places = [round(index * (len(learned.knots) - 1) / (_POINTS_N - 1)) for index in range(_POINTS_N)]
    low, high = (pd.DataFrame(learned.rebuilt).quantile(share).to_numpy() for share in (0.05, 0.95))
    drawn = pd.DataFrame(
        {
            "points": [float(learned.knots[at]) for at in places],
            "chance": [100 * float(learned.curve[at]) for at in places],
            "low": [100 * float(low[at]) for at in places],
            "high": [100 * float(high[at]) for at in places],
        }
    )
    x = alt.X("points:Q", title=texts("chart.points"), axis=alt.Axis(format="d"))
    y = alt.Y("low:Q", title=texts("chart.chance"), axis=alt.Axis(format="d"))
    base = alt.Chart(drawn)
    band = base.mark_area(color=CLASS_COLOURS[0]).encode(x=x, y=y, y2="high:Q")
    line = base.mark_line(color=_DARK).encode(x=x, y="chance:Q")
    cells = [
        [
            texts.number(row.points),
            texts.percent(row.chance / 100),
            texts.percent(row.low / 100),
            texts.percent(row.high / 100),
        ]
        for row in drawn.iloc[::4].itertuples()
    ]
    told = texts("chart.calibration", n=learned.visits_n)
    heads = [texts(f"chart.{name}") for name in ("points", "chance", "low", "high")]
    table = tables.table(told, heads, cells, numeric=range(4))
    _show(texts, (band + line).properties(height=220), told, table)


def names_of(words: Sequence[str], texts: Texts, section: str) -> dict[str, str]:
    """Return codes with their words, for a legend.

    Parameters
    ----------
    words
        The codes.
    texts
        Words of the reader's language.
    section
        Of the words files.
    """
    return {code: texts(f"{section}.{code}") for code in words}
