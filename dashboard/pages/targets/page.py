"""Targets: where to go first within limits, with a random share; keep, approve, carry out, and learn."""

from typing import Final

import pandas as pd
import streamlit as st

from access.rights import Verb
from access.viewer import may
from dashboard.pages.targets import kept as plan_list
from dashboard.pages.targets import maker as plan_maker
from dashboard.parts import figures, ready, tables
from dashboard.shell import frame, session
from dashboard.shell.choices import choose
from dashboard.shell.forms import form_key, saved
from dashboard.shell.markup import show
from door.readiness import Ranking
from door.store import ScopedStore
from geodata import site_kinds
from risk.targets import decisions
from words import Texts


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
    choose(
        texts,
        texts("targets.view"),
        [part for part in _PARTS if part != "links" or store.may("decisions")],
        format_func=lambda part: texts(f"targets.view_{part}"),
        how="segmented_control",
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


_SHOWN_N: Final = 300


def _draw_handovers(texts: Texts, store: ScopedStore) -> None:
    """Draw what was asked, who may ask or answer, and the sites that both contacts opened to each other."""
    st.caption(texts("targets.links_intro"))
    inputs = plan_maker.read_inputs(store, texts)  # computes the links when they are not there yet
    names = dict(store.table("veiligheidsregios")[["vr_code", "vr_name"]].to_numpy())
    asked = store.register("decisions")
    asked = asked[asked["subject"] == "handover"]
    if may(store.viewer, Verb.MANAGE, "connected_sites"):
        _ask(texts, store, names, inputs.peildatum)
    elif may(store.viewer, Verb.RECORD, "decisions"):
        _answer(texts, store, asked, names)
    if asked.empty:
        st.info(texts("targets.links_none"))
        return
    rows = [
        [
            row["site_id"],
            names.get(row["vr_code"], ""),
            names.get(row["other_vr_code"], ""),
            texts(f"targets.state_{row['state']}"),
            row["reason"],
        ]
        for row in asked.to_dict("records")
    ]
    heads = [texts(f"targets.{name}") for name in ("site", "region", "links_pair", "links_state", "reason")]
    show(tables.table(texts("targets.links_caption"), heads, rows, is_caption_shown=True))
    _connected(texts, store, names)


def _connected(texts: Texts, store: ScopedStore, names: dict[str, str]) -> None:
    seen = store.connected_sites()
    if seen.empty:
        return
    rows = [
        [
            site_kinds.title(row, texts),
            names.get(row["vr_code"], ""),
            site_kinds.name(row["kind"], texts),
            row["for_site_id"],
        ]
        for row in seen.to_dict("records")
    ]
    heads = [texts(f"targets.{name}") for name in ("site", "region", "kind", "other")]
    show(tables.table(texts("targets.links_connected"), heads, rows, is_caption_shown=True))


def _ask(texts: Texts, store: ScopedStore, names: dict[str, str], day: pd.Timestamp) -> None:
    if st.session_state.pop("links-asked", False):
        st.success(texts("targets.links_asked"))
    links = store.out("links", "site", figures.official_model().version)
    about = store.table("sites").set_index("site_id")
    here, there = (links[column].map(about["vr_code"]) for column in ("site_id", "other_site_id"))
    across = links[(here != there) & (here != "") & (there != "")].head(_SHOWN_N)
    pairs = list(across[["site_id", "other_site_id"]].itertuples(index=False, name=None))
    if not pairs:
        return

    def label(pair: tuple[str, str]) -> str:
        return " - ".join(f"{about.loc[one, 'name'] or one} ({names[about.loc[one, 'vr_code']]})" for one in pair)

    form = form_key("links-form")
    with st.expander(texts("targets.links_ask")), st.form(form):
        pair = choose(texts, texts("targets.links_pair"), pairs, format_func=label, key=f"{form}-pair")
        reason = st.text_input(texts("targets.why"), max_chars=200)
        if st.form_submit_button(texts("targets.links_save")):
            decisions.ask_handover(store, pair[0], pair[1], reason, day)
            saved("links-form")
            st.session_state["links-asked"] = True
            st.rerun(scope="fragment")


def _answer(texts: Texts, store: ScopedStore, asked: pd.DataFrame, names: dict[str, str]) -> None:
    if asked.empty:
        return
    labels = {
        row["decision_id"]: f"{row['site_id']} - {names.get(row['other_vr_code'], '')}"
        for row in asked.to_dict("records")
    }
    form = form_key("links-answer")
    with st.expander(texts("targets.links_answer"), expanded=True), st.form(form):
        chosen = choose(texts, texts("targets.links_pair"), labels, format_func=labels.__getitem__, key=f"{form}-which")
        reason = st.text_input(texts("targets.why"), max_chars=200)
        yes = st.form_submit_button(texts("targets.links_accept"), type="primary")
        no = st.form_submit_button(texts("targets.links_decline"))
        if yes or no:
            decisions.answer_handover(store, str(chosen), "accepted" if yes else "declined", reason)
            saved("links-answer")
            st.rerun(scope="fragment")


_PARTS: Final = {
    "make": plan_maker.draw,
    "plans": plan_list.draw_plans,
    "outcome": plan_list.draw_outcome,
    "problems": plan_list.draw_problems,
    "links": _draw_handovers,
}
