"""Targets: where to go first within limits, with a random share; keep, approve, carry out, and learn."""

from typing import Final

import streamlit as st

from access.rights import Verb
from access.viewer import may
from dashboard.pages.targets import connect as plan_links
from dashboard.pages.targets import kept as plan_list
from dashboard.pages.targets import maker as plan_maker
from dashboard.parts import figures, ready
from dashboard.shell import frame, session
from dashboard.shell.markup import show
from door.readiness import Ranking

_PARTS: Final = {
    "make": plan_maker.draw,
    "plans": plan_list.draw_plans,
    "outcome": plan_list.draw_outcome,
    "problems": plan_list.draw_problems,
    "links": plan_links.draw,
}


def run() -> None:
    """Draw the page."""
    texts = session.texts()
    store = frame.open_store(texts)
    title = figures.title(store, texts, texts("page.targets"), "site")
    frame.page_head(texts, store, title, texts("targets.intro"))
    if cover := ready.lists_cover(texts, ready.of(store)):
        show(cover)
    # Who makes no plans comes for the visits that are planned; so does who follows a link to a plan.
    first = "make" if may(store.viewer, Verb.RECORD, "plan_lines", "") else "plans"
    if session.selection().plan:
        st.session_state.setdefault("targets-view", "plans")
    st.session_state.setdefault("targets-view", first)
    st.segmented_control(
        texts("targets.view"),
        [part for part in _PARTS if part != "links" or store.may("decisions")],
        format_func=lambda part: texts(f"targets.view_{part}"),
        key="targets-view",
        label_visibility="collapsed",
    )
    _part()


@st.fragment
@frame.guarded
def _part() -> None:
    """Draw the chosen part; what is done in here redraws only this part of the page."""
    texts, (store, _) = session.texts(), session.store()
    part = st.session_state["targets-view"] or "make"
    if part == "plans" or ready.ranks(texts, store, Ranking.SITES, title="ready.no_plan"):
        _PARTS[part](texts, store)
