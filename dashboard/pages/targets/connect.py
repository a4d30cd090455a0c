"""Connect the contacts of two regions over sites that belong together: asked by LOT-C, accepted by both."""

from typing import Final

import pandas as pd
import streamlit as st

from access.rights import Verb
from access.viewer import may
from dashboard.pages.targets import maker as plan_maker
from dashboard.parts import figures, tables
from dashboard.shell.markup import show
from door.store import ScopedStore
from geodata import site_kinds
from risk.targets import decisions
from words import Texts

_SHOWN_N: Final = 300


def draw(texts: Texts, store: ScopedStore) -> None:
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

    with st.expander(texts("targets.links_ask")), st.form("links-form", clear_on_submit=True):
        pair = st.selectbox(texts("targets.links_pair"), pairs, format_func=label)
        reason = st.text_input(texts("targets.why"), max_chars=200)
        if st.form_submit_button(texts("targets.links_save")):
            decisions.ask_handover(store, pair[0], pair[1], reason, day)
            st.session_state["links-asked"] = True
            st.rerun(scope="fragment")


def _answer(texts: Texts, store: ScopedStore, asked: pd.DataFrame, names: dict[str, str]) -> None:
    if asked.empty:
        return
    labels = {
        row["decision_id"]: f"{row['site_id']} - {names.get(row['other_vr_code'], '')}"
        for row in asked.to_dict("records")
    }
    with st.expander(texts("targets.links_answer"), expanded=True), st.form("links-answer", clear_on_submit=True):
        chosen = st.selectbox(texts("targets.links_pair"), list(labels), format_func=labels.__getitem__)
        reason = st.text_input(texts("targets.why"), max_chars=200)
        yes = st.form_submit_button(texts("targets.links_accept"), type="primary")
        no = st.form_submit_button(texts("targets.links_decline"))
        if yes or no:
            decisions.answer_handover(store, str(chosen), "accepted" if yes else "declined", reason)
            st.rerun(scope="fragment")
