"""The way on from the example, offered once on the first page: real figures or files of one's own."""

import streamlit as st

from access.rights import Rows, Verb, rows_of
from dashboard.shell import session
from door.store import ScopedStore
from words import Texts


def card(texts: Texts, store: ScopedStore) -> None:
    """Offer the page of the data while the figures are invented, to whoever may import them."""
    may_import = rows_of(store.viewer.role, "sources", Verb.MANAGE) is Rows.ALL
    if not store.is_demonstration or not may_import or st.session_state.get("first-start-seen"):
        return
    with st.container(horizontal=True, vertical_alignment="center", key="first-start-card"):
        st.caption(texts("data.card"), width="content")
        if st.button(texts("data.card_go"), type="tertiary", key="to-data"):
            st.session_state["first-start-seen"] = True
            session.open_page("data")
