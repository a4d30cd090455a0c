"""Targets: where to go first within limits, with a random share; keep, approve, carry out, and learn."""

from typing import Final

import streamlit as st

from dashboard import frame, plan_links, plan_list, plan_maker, session
from dashboard.text import Texts
from geodata.access import ScopedStore

_VIEWS: Final = ("make", "plans", "outcome", "problems", "links")


def run() -> None:
    """Draw the page."""
    texts = session.texts()
    store = frame.open_store(texts)
    frame.page_head(texts, store, texts("page.targets"), texts("targets.intro"))
    views = [view for view in _VIEWS if view != "links" or store.may("decisions")]
    view = st.segmented_control(
        texts("targets.view"), views, format_func=lambda name: texts(f"targets.view_{name}"), default="make",
        key="targets-view", label_visibility="collapsed",
    ) or "make"  # fmt: skip
    _PARTS[view]()


@st.fragment
@frame.guarded
def _make() -> None:
    texts, store = _again()
    plan_maker.draw(texts, store)


@st.fragment
@frame.guarded
def _plans() -> None:
    texts, store = _again()
    plan_list.draw_plans(texts, store)


@st.fragment
@frame.guarded
def _outcome() -> None:
    texts, store = _again()
    plan_list.draw_outcome(texts, store)


@st.fragment
@frame.guarded
def _problems() -> None:
    texts, store = _again()
    plan_list.draw_problems(texts, store)


@st.fragment
@frame.guarded
def _links() -> None:
    texts, store = _again()
    plan_links.draw(texts, store)


def _again() -> tuple[Texts, ScopedStore]:
    """Return words and door anew: a fragment runs without the rest of the page."""
    return session.texts(), session.store()[0]


_PARTS: Final = {"make": _make, "plans": _plans, "outcome": _outcome, "problems": _problems, "links": _links}
