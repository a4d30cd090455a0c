"""A region or gemeente through the weeks: its score, place, infections and what was done; and all regions at once."""

import pandas as pd
import streamlit as st
from markupsafe import Markup

from dashboard.parts import figures, progress, tables
from dashboard.parts import reasons as why
from dashboard.parts.figures import Picture
from dashboard.shell.markup import show
from door.store import ScopedStore
from geodata.weeks import last_day, week_of
from risk.scores import outputs, over_time
from words import Texts


def draw(texts: Texts, store: ScopedStore, shown: Picture, area_code: str, sector: str) -> None:
    """Draw the weeks of an area and, for who sees more than one region, those of all of them.

    Parameters
    ----------
    shown
        The figures of the regions, of whatever week.
    area_code
        A region, or a gemeente in it.
    sector
        '' for all sectors together.
    """
    level = "vr" if area_code.startswith("VR") else "gemeente"
    now = figures.open_picture(store, level, texts)
    of_sector = why.sector_name(texts, now, sector)
    name = shown.names[area_code]
    show(
        Markup('<section class="rb-page"><h2>{}</h2></section>').format(
            texts("time.title", name=name, sector=of_sector)
        )
    )
    scores, missing = over_time.scores_by_week(store, now.scored, sector)
    if missing:
        _compute(texts, store, now, missing)
    mine = scores[scores["area_code"] == area_code]
    if mine["score_0_10"].notna().sum() == 0:
        st.info(texts("time.none"))
        return
    weeks = _weeks(texts, store, now, mine, area_code, sector)
    measures = _measures(texts, weeks, now.scored.peildatum)
    told = texts("time.told", name=name)
    from dashboard.parts import charts  # noqa: PLC0415 - Altair is slow to load: only who looks at a chart waits

    charts.through_the_weeks(texts, weeks, measures, told)
    lines = [texts("time.then_how") if weeks["then"].notna().any() else texts("time.no_then"), texts("time.how")]
    if weeks["closures_n"].sum():
        lines.append(texts("time.closures_how"))
    word = texts("time.source")
    listed = Markup().join(
        Markup('<li>{} (<a href="{}">{}</a>)</li>').format(one.told, one.source, word) for one in measures.itertuples()
    )
    notes = Markup().join(Markup('<p class="rb-muted">{}</p>').format(line) for line in lines)
    if listed:
        notes += Markup('<h3>{}</h3><ul class="rb-list">{}</ul>').format(texts("time.measures"), listed)
    show(Markup('<section class="rb-page">{}</section>').format(notes))
    with st.expander(texts("chart.table")):
        show(Markup('<section class="rb-page">{}</section>').format(_table(texts, weeks, now.scored.peildatum, told)))
    if level == "vr" and len(set(scores["area_code"])) > 1:
        _all_regions(texts, now, scores, of_sector)


def _compute(texts: Texts, store: ScopedStore, now: Picture, missing: tuple[str, ...]) -> None:
    """Say that weeks have yet to be computed, and offer to do so."""
    st.caption(texts("time.missing", n=len(missing)))
    if st.button(texts("time.compute"), key="time-compute"):
        with progress.shown(texts, texts("time.computing")) as step:
            for done, week in enumerate(missing):
                step(done / len(missing))
                outputs.ensure(store.data_version, now.scored.level, now.scored.model, week)
        st.rerun(scope="fragment")


def _weeks(
    texts: Texts, store: ScopedStore, now: Picture, mine: pd.DataFrame, area_code: str, sector: str
) -> pd.DataFrame:
    """Return the columns of `dashboard.parts.charts.through_the_weeks`, a row per week."""
    unit_id = str(mine["unit_id"].iloc[0])
    then = over_time.known_then(store, now.scored, unit_id).set_index("week")["score_0_10"]
    cases = over_time.incidence_by_week(store, now.scored.model.disease, area_code)
    visits = over_time.visits_by_week(store, area_code, sector, now.scored.peildatum)
    week = mine["week"]
    found = {
        "week": week,
        "label": [_label(texts, now, one) for one in week],
        "score": mine["score_0_10"],
        "then": week.map(then),
        "rank": mine["rank"],
        "low": mine["rank_p05"],
        "high": mine["rank_p95"],
        "incidence": week.map(cases),
    }
    found |= {name: week.map(visits[name]).fillna(0) for name in visits.columns}
    if not store.may_read_text("activations"):  # not known, which is not none
        found["closures_n"] = float("nan")
    return pd.DataFrame(found).reset_index(drop=True)


def _label(texts: Texts, now: Picture, week: str) -> str:
    """Name a week; the last days, of a week that is not over, are now."""
    return texts("time.week_of", week=int(week[-2:])) if week in now.scored.weeks else texts("time.now")


def _measures(texts: Texts, weeks: pd.DataFrame, peildatum: pd.Timestamp) -> pd.DataFrame:
    """Return the national measures that began in these weeks: label, words, told with its day, and source."""
    known = over_time.national_measures()
    known = known[known["date"] <= peildatum]
    label = dict(zip(weeks["week"], weeks["label"], strict=True))
    rows = [
        {
            "label": label[week_of(one.date)],
            "words": getattr(one, f"name_{texts.language}"),
            "told": f"{texts.day(one.date.date())}: {getattr(one, f'name_{texts.language}')}",
            "source": one.source,
        }
        for one in known.itertuples()
        if week_of(one.date) in label
    ]
    return pd.DataFrame(rows, columns=["label", "words", "told", "source"])


def _table(texts: Texts, weeks: pd.DataFrame, peildatum: pd.Timestamp, told: str) -> Markup:
    """Return the same figures as a table (HTML)."""

    def cell(value: float, decimals: int) -> str:
        return "–" if pd.isna(value) else texts.number(value, decimals)

    columns = {"score": 1, "then": 1, "rank": 0, "incidence": 1, "preventief_n": 0, "repressief_n": 0}
    columns |= {"known_n": 0, "closures_n": 0}
    rows = [
        [
            f"{week.label} ({texts.day(min(last_day(week.week), peildatum).date())})",
            *(cell(getattr(week, name), decimals) for name, decimals in columns.items()),
            "–" if pd.isna(week.low) else f"{int(week.low)}–{int(week.high)}",
        ]
        for week in weeks.itertuples()
    ]
    words = ("week", "score", "then", "place", "incidence")
    heads = [*(texts(f"time.{word}") for word in words), texts("region.preventief"), texts("region.repressief")]
    heads += [texts("time.known"), texts("time.closures"), texts("map.interval")]
    return tables.table(told, heads, rows, numeric=range(1, len(heads)))


def _all_regions(texts: Texts, shown: Picture, scores: pd.DataFrame, of_sector: str) -> None:
    """Draw every region in a small panel, the highest of the last week first."""
    last = scores[scores["week"] == scores["week"].iloc[-1]].sort_values("score_0_10", ascending=False)
    place = {code: at for at, code in enumerate(last["area_code"])}
    known = scores.dropna(subset=["score_0_10"])
    known = known[known["area_code"].isin(place)]
    known = known.assign(place=known["area_code"].map(place)).sort_values(["place", "week"])
    weeks = pd.DataFrame(
        {
            "label": [_label(texts, shown, week) for week in known["week"]],
            "name": known["area_code"].map(shown.names),
            "score": known["score_0_10"],
        }
    )
    title = texts("time.all", sector=of_sector)
    show(Markup('<section class="rb-page"><h2>{}</h2></section>').format(title))
    from dashboard.parts import charts  # noqa: PLC0415 - Altair is slow to load: only who looks at a chart waits

    charts.side_by_side(texts, weeks, texts("time.all_told"))
    with st.expander(texts("chart.table")):
        wide = weeks.pivot_table(index="name", columns="label", values="score", sort=False)
        cells = [
            [str(name), *("–" if pd.isna(one) else texts.number(one) for one in row)]
            for name, row in zip(wide.index, wide.to_numpy(), strict=True)
        ]
        heads = [texts("map.name"), *map(str, wide.columns)]
        body = tables.table(texts("time.all_told"), heads, cells, numeric=range(1, len(heads)))
        show(Markup('<section class="rb-page">{}</section>').format(body))
