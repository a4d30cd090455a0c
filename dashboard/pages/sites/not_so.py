"""Is this not so? One tap on a site says what is seen instead; who keeps the sources answers, and no score changes."""

from collections.abc import Hashable, Mapping
from datetime import UTC, datetime

import pandas as pd
import streamlit as st
from markupsafe import Markup

from access.rights import Verb
from access.viewer import may
from dashboard.parts import links, tables
from dashboard.parts import reasons as why
from dashboard.parts import site as site_page
from dashboard.parts.figures import Picture
from dashboard.parts.site import Site
from door.store import ScopedStore
from geodata import site_kinds
from risk.targets import decisions
from words import Texts

_LISTED_N = 50
_ANSWERED_N = 20
_TAPS = ("closed", "elsewhere", "twice")


def ask(texts: Texts, store: ScopedStore, shown: Picture, site: Site) -> None:
    """Let who may record here say what is not so of a site as it is known now."""
    is_now = not store.known_on and not shown.week
    if is_now and may(store.viewer, Verb.RECORD, "decisions", site["vr_code"]):
        with st.popover(texts("not_so.title"), key="not-so"):
            st.caption(texts("not_so.how"))
            _taps(texts, store, site)
            _beds(texts, store, site)
            _figure(texts, store, shown, site)


def said(texts: Texts, store: ScopedStore, site_id: str) -> None:
    """Show what was said of a site, and what was done with it."""
    if store.may("decisions"):
        known = decisions.reports(store)
        known = known[known["site_id"] == site_id]
        if len(known):
            links.linked(_table(texts, store, known), key="not-so-list")


def listed(texts: Texts, store: ScopedStore) -> None:
    """List what was said not to be so, what is open first; who keeps the sources answers here."""
    known = decisions.reports(store) if store.may("decisions") else pd.DataFrame()
    if known.empty:
        return
    links.linked(_table(texts, store, known), key="not-so-all")
    is_open = known["state"] == "open"
    if may(store.viewer, Verb.MANAGE, "sources") and is_open.any():
        with st.expander(texts("not_so.answer")):
            st.caption(texts("not_so.answer_how"))
            _answer(texts, store, known[is_open].head(_ANSWERED_N))


def _taps(texts: Texts, store: ScopedStore, site: Site) -> None:
    with st.container(horizontal=True):
        for what in _TAPS:
            if st.button(texts(f"not_so.{what}"), key=f"not-so-{what}"):
                words = texts(f"not_so.{what}")
                _say(texts, store, site, what, texts("not_so.said_tap", what=words, **_source(texts, site)))


def _beds(texts: Texts, store: ScopedStore, site: Site) -> None:
    with st.form("not-so-beds", border=False):
        now = site_page.size_words(texts, site)
        n = st.number_input(f"{texts('not_so.n')} ({now})", min_value=0, step=1, value=None)
        if st.form_submit_button(texts("not_so.beds")) and n is not None:
            words = texts("not_so.said_beds", n=texts.number(n, 0), now=now, **_source(texts, site))
            _say(texts, store, site, "beds", words)


def _figure(texts: Texts, store: ScopedStore, shown: Picture, site: Site) -> None:
    parts = shown.scored.contributions
    mine = parts[(parts["unit_id"] == site["site_id"]) & (parts["indicator_code"] != "missing")]
    values = dict(zip(mine["indicator_code"], mine["contribution_0_10"], strict=True))
    if not values:
        return
    with st.form("not-so-figure", border=False):
        code = st.selectbox(
            f"{texts('not_so.figure')}: {texts('not_so.which').lower()}",
            list(values),
            format_func=lambda one: why.indicator_name(shown, one, texts),
        )
        seen = st.text_input(texts("not_so.said"), max_chars=300)
        if st.form_submit_button(texts("not_so.send")) and seen.strip():
            name, value = why.indicator_name(shown, code, texts), why.signed(texts, values[code])
            words = texts("not_so.said_figure", name=name, value=value, said=seen.strip())
            _say(texts, store, site, "figure", words, code)


def _say(texts: Texts, store: ScopedStore, site: Site, what: str, words: str, figure: str = "") -> None:
    today = pd.Timestamp(datetime.now(UTC).date())
    decisions.say_not_so(store, str(site["site_id"]), what, words, today, figure)
    st.toast(texts("not_so.sent"))


def _source(texts: Texts, site: Site) -> dict[str, str]:
    day = site["source_date"]
    return {"source": str(site["source"]), "day": texts.day(day.date()) if isinstance(day, pd.Timestamp) else "–"}


def _answer(texts: Texts, store: ScopedStore, known: pd.DataFrame) -> None:
    names = site_kinds.titles(store.table("sites"), texts)
    titles = {row["decision_id"]: _title(texts, names, row) for row in known.to_dict("records")}
    with st.form("not-so-answer", border=False):
        chosen = st.selectbox(texts("not_so.what"), list(titles), format_func=titles.__getitem__)
        reason = st.text_input(texts("not_so.why"), max_chars=300)
        done = {
            "taken_over": st.form_submit_button(texts("not_so.take_over"), type="primary"),
            "refused": st.form_submit_button(texts("not_so.refuse")),
        }
    for state, is_pressed in done.items():
        if is_pressed:
            decisions.answer_report(store, chosen, state, reason.strip())
            st.rerun()


def _title(texts: Texts, names: Mapping[str, str], row: Mapping[Hashable, object]) -> str:
    what = texts(f"not_so.{str(row['subject']).removeprefix('not_so_')}")
    site_id = str(row["site_id"])
    return f"{names.get(site_id, site_id)}: {what}. {row['reason']}"


def _table(texts: Texts, store: ScopedStore, known: pd.DataFrame) -> Markup:
    """Return the reports as a table (HTML for `links.linked`)."""
    names = site_kinds.titles(store.table("sites"), texts)
    rows = [
        [
            links.link(names.get(row["site_id"], row["site_id"]), unit=row["site_id"]),
            texts(f"not_so.{row['subject'].removeprefix('not_so_')}"),
            texts(f"not_so.{row['state']}"),
            row["reason"],
            texts.day(row["event_date"].date()),
        ]
        for row in known.head(_LISTED_N).to_dict("records")
    ]
    heads = [texts(f"not_so.{name}") for name in ("site", "what", "state", "words")] + [texts("sources.date")]
    title = texts("not_so.list")
    left = len(known) - _LISTED_N
    more = Markup("<p>{}</p>").format(texts("not_so.more", n=left)) if left > 0 else ""
    return Markup('<section class="rb-page"><h2>{}</h2>{}{}</section>').format(
        title, tables.table(title, heads, rows), more
    )
