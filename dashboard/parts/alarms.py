"""Alarms beside the picture: the list under the map and the lines over it. They never count in a score."""

from dataclasses import dataclass
from datetime import date

import pandas as pd
import streamlit as st
from markupsafe import Markup

from dashboard.map.layers import Overlay
from dashboard.parts import figures, links, tables
from dashboard.parts.figures import Picture
from dashboard.shell import session
from dashboard.shell.problems import in_words
from door.store import ScopedStore
from geodata.errors import InputError
from geodata.weeks import last_day
from risk.insight.alarms import LISTED_N
from risk.insight.alarms import in_words as outbreak_in_words
from risk.scores import context
from words import Texts

TABLE = "alarms_gemeente"
_SMALLEST_SHOWN = 0.001
_NAMED_N = 12


@dataclass(frozen=True)
class OpenAlarm:
    """An alarm on which nothing was recorded, and the text that a signal of it begins with."""

    gemeente_code: str
    name: str
    text: str
    day: date


def choose(texts: Texts, store: ScopedStore, chosen: session.Selection, week: str) -> Markup:
    """Return a list to choose what is drawn over the map (HTML for `links.linked`); '' for who sees no alarms.

    It says how many alarms there are, so that nobody has to look for them.

    Parameters
    ----------
    texts, store, chosen
        Words of the reader's language, the tables as the viewer may see them and what the address chooses.
    week
        Such as ``2020-W22``; '' is the last one.
    """
    if not store.may(TABLE):
        return Markup()
    words = {"": texts("alarms.layer_none")} | {name: texts(f"alarms.layer_{name}") for name in session.LAYERS}
    asked = (str(store.viewer), store.data_version, figures.official_model().disease, week)
    number = session.kept("_alarms_n", asked, lambda: _alarms_n(*asked, store))
    if number is not None:
        words["alarms"] += f": {number}"
    return links.dropdown(texts("alarms.layer"), "layer", words, chosen.layer)


@st.cache_resource(max_entries=100, show_spinner=False)
def _alarms_n(viewer: str, data_version: str, disease: str, week: str, _store: ScopedStore) -> int | None:  # noqa: ARG001 - the key
    """Count the alarms of a week that the viewer may see, once; None where there are no infections to look at."""
    try:
        found = context.alarms_of(_store, disease, week)
    except InputError:
        return None
    return int(found["is_alarm"].sum())


def level(texts: Texts, store: ScopedStore, week: str) -> str:
    """Return how many infections the whole country has in a week and in the week before; '' for who sees a part.

    Parameters
    ----------
    texts, store
        Words of the reader's language and the tables as the viewer may see them.
    week
        Such as ``2020-W22``; '' is the last one.
    """
    if not store.may(TABLE):
        return ""
    asked = (str(store.viewer), store.data_version, figures.official_model().disease, week)
    found = session.kept("_level", asked, lambda: _whole_country(*asked[2:], store))
    return texts("alarms.level", n=texts.number(found[0], 0), before=texts.number(found[1], 0)) if found else ""


def _whole_country(disease: str, week: str, store: ScopedStore) -> tuple[int, int] | None:
    try:
        return context.whole_country(store, disease, week)
    except InputError:
        return None


def over_map(texts: Texts, store: ScopedStore, layer: str, week: str) -> Overlay | None:
    """Return the lines of a layer over the areas; None where there is nothing to draw, which `draw` explains.

    Parameters
    ----------
    texts, store
        Words of the reader's language and the tables as the viewer may see them.
    layer
        The layer that was chosen, as in the address.
    week
        Such as ``2020-W22``; '' is the last one.
    """
    if not layer or not store.may(TABLE):
        return None
    disease = figures.official_model().disease
    try:
        if layer == "alarms":
            found = context.alarms_of(store, disease, week)
            found = found[found["is_alarm"]]
            return Overlay(
                texts("alarms.layer_alarms"), tuple(found["gemeente_code"]), tuple(_notes(texts, found, "alarms.note"))
            )
        with st.spinner(texts("alarms.looking")):
            if layer == "groups":
                codes = context.groups_of(store, disease, week)["gemeente_code"].drop_duplicates()
                return Overlay(texts("alarms.groups_word"), tuple(codes))
            hot = context.hot_spots_of(store, disease, week)
            return Overlay(texts("alarms.hot_word"), tuple(hot.loc[hot["is_hot"], "gemeente_code"]))
    except InputError:
        return None


def draw(texts: Texts, store: ScopedStore, shown: Picture, layer: str) -> None:
    """Draw under the map what the chosen layer shows, the alarms of the week, and what they cannot see.

    Parameters
    ----------
    texts, store, shown
        Words of the reader's language, the tables as the viewer may see them and the picture on the page.
    layer
        The layer that was chosen, as in the address.
    """
    if not layer or not store.may(TABLE):
        return
    disease = figures.official_model().disease
    try:
        found = context.alarms_of(store, disease, shown.week)
        told = _told(texts, store, shown, layer)
    except InputError as error:
        title, body = texts("alarms.title_none"), Markup("<p>{}</p>").format(in_words(texts, error))
    else:
        number = int(found["week"].iloc[0][-2:])
        title = texts("alarms.title", week=number, n=int(found["is_alarm"].sum()))
        body = (
            told + _list(texts, shown, found, title) + _known(texts, context.outbreaks_of(store, disease, shown.week))
        )
    links.linked(
        Markup(
            '<section class="rb-page rb-alarms"><h2>{title}</h2>'
            "<p>{intro}</p>{body}"
            '<p class="rb-muted">{not_seen}</p>'
            '<p class="rb-muted">{no_act} {signals}</p></section>'
        ).format(
            title=title,
            intro=texts("alarms.intro"),
            body=body,
            not_seen=texts("alarms.not_seen"),
            no_act=texts("alarms.no_act"),
            signals=_signals(texts, store),
        ),
        key="alarms",
    )


def _signals(texts: Texts, store: ScopedStore) -> Markup:
    return links.link(texts("alarms.to_signal"), page="register") if store.may("signals") else Markup()


def _list(texts: Texts, shown: Picture, found: pd.DataFrame, title: str) -> Markup:
    listed = found[found["is_alarm"] | (found["rank"] <= LISTED_N)]
    if listed.empty:
        return Markup("<p>{}</p>").format(texts("alarms.none_here", n=len(found), listed=LISTED_N))
    heads = [
        texts(f"alarms.{name}") for name in ("gemeente", "rank", "region", "cases", "expected", "chance", "is_alarm")
    ]
    rows = [
        [
            links.link(shown.names[row.gemeente_code], level="gemeente", unit=row.gemeente_code, beside=""),
            f"{row.rank:.0f}",
            shown.names[shown.vr_of[row.gemeente_code]],
            *(cell for cell in _figures(texts, row.cases_n, row.expected_n, row.p)),
            Markup("<b>{}</b>").format(texts("alarms.yes")) if row.is_alarm else texts("alarms.no"),
        ]
        for row in listed.itertuples()
    ]
    return tables.table(title, heads, rows, numeric=(1, 3, 4, 5))


def _known(texts: Texts, outbreaks: pd.DataFrame) -> Markup:
    """Return per outbreak that is known by now whether these figures saw it, and why not."""
    if outbreaks.empty:
        return Markup()
    items = [Markup("<li>{}</li>").format(outbreak_in_words(texts, row)) for row in outbreaks.to_dict("records")]
    title = texts("alarms.known_title")
    return Markup("<h3>{}</h3><ul>{}</ul>").format(title, Markup().join(items))


def _figures(texts: Texts, cases: float, expected: float, p: float) -> tuple[str, str, str]:
    """Return cases, expected and chance in words; what nobody published stays unsaid."""
    if pd.isna(cases) or pd.isna(p):
        return (texts("alarms.withheld"),) * 3
    chance = (
        texts("alarms.chance_below", limit=texts.number(_SMALLEST_SHOWN, 3))
        if p < _SMALLEST_SHOWN
        else texts.number(p, 3)
    )
    return texts.number(cases, 0), texts.number(expected, 1), chance


def _notes(texts: Texts, found: pd.DataFrame, key: str) -> list[str]:
    return [
        texts(f"{key}_only")
        if pd.isna(row.cases_n)
        else texts(key, cases=texts.number(row.cases_n, 0), expected=texts.number(row.expected_n, 0))
        for row in found.itertuples()
    ]


def _told(texts: Texts, store: ScopedStore, shown: Picture, layer: str) -> Markup:
    """Return in words what the layer over the map shows: the same for who cannot see the map."""
    disease = figures.official_model().disease
    if layer == "groups":
        groups = context.groups_of(store, disease, shown.week)
        sentences = [
            texts(
                "alarms.group",
                n=number,
                names=_names(texts, shown, rows["gemeente_code"]),
                gemeenten=int(rows["gemeenten_n"].iloc[0]),
                weeks=int(rows["weeks_n"].iloc[0]),
                times=texts.number(rows["times_expected"].iloc[0]),
                p=texts.number(rows["p"].iloc[0], 3),
            )
            for number, rows in groups.groupby("group_n")
        ] or [texts("alarms.groups_none")]
    elif layer == "hot_spots":
        hot = context.hot_spots_of(store, disease, shown.week)
        codes = hot.loc[hot["is_hot"], "gemeente_code"]
        names = _names(texts, shown, codes)
        sentences = [texts("alarms.hot_told", names=names) if len(codes) else texts("alarms.hot_none")]
    else:
        return Markup()
    items = Markup().join(Markup("<li>{}</li>").format(sentence) for sentence in sentences)
    return Markup("<ul>{}</ul>").format(items)


def _names(texts: Texts, shown: Picture, codes: pd.Series) -> str:
    names = sorted(shown.names[code] for code in codes)
    more = [texts("picture.done_more", n=len(names) - _NAMED_N)] if len(names) > _NAMED_N else []
    return ", ".join([*names[:_NAMED_N], *more])


def without_signal(texts: Texts, store: ScopedStore) -> tuple[str, list[OpenAlarm]]:
    """Return the last week and those of its alarms on which nobody recorded a signal yet."""
    try:
        found = context.alarms_of(store, figures.official_model().disease)
    except InputError:
        return "", []
    week = str(found["week"].iloc[0]) if len(found) else ""
    found = found[found["is_alarm"]]
    if found.empty:
        return week, []
    ended = last_day(week)
    signals = store.register("signals")
    recent = signals["event_date"] > ended - pd.Timedelta(weeks=1)
    told = set(signals.loc[(signals["origin"] == "alarm") & recent, "gemeente_code"])
    names = store.table("gemeenten").set_index("gemeente_code")["gemeente_name"]
    return week, [
        OpenAlarm(
            row.gemeente_code,
            str(names[row.gemeente_code]),
            _text(texts, int(week[-2:]), row.cases_n, row.expected_n),
            ended.date(),
        )
        for row in found.itertuples()
        if row.gemeente_code not in told
    ]


def _text(texts: Texts, week: int, cases: float, expected: float) -> str:
    if pd.isna(cases):
        return texts("alarms.text_only", week=week)
    return texts("alarms.text", week=week, cases=texts.number(cases, 0), expected=texts.number(expected, 0))
