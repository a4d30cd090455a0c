"""The web door: who looks, which pages there are for them, and run."""

import streamlit as st

from dashboard import frame, session
from dashboard.pages import PAGES


def main() -> None:
    """Build the navigation from the pages this viewer may open, and run the chosen one."""
    texts = session.texts()
    st.set_page_config(page_title=texts("app.title"), layout="wide", initial_sidebar_state="collapsed")
    frame.style()
    chosen = st.navigation(
        [
            st.Page(page.run, title=texts(f"page.{page.name}"), url_path=page.name, default=page.name == "picture")
            for page in PAGES
        ],
        position="top",
    )
    frame.guarded(chosen.run)()


main()
