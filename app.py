"""The web door: who looks, which pages there are for them, and run."""

from functools import partial

import streamlit as st

from dashboard.pages import PAGES
from dashboard.server import metrics
from dashboard.shell import frame, process, session


def _nothing() -> None:
    """Draw no page: nobody is known to be there."""


def main() -> None:
    """Build the navigation from the pages this viewer may open, and run the chosen one."""
    session.carry()
    texts = session.texts()
    st.set_page_config(
        page_title=texts("app.title"), page_icon=frame.ICON, layout="wide", initial_sidebar_state="collapsed"
    )
    frame.style(texts)
    viewer = frame.come_in(texts)
    if viewer is None:
        # Addresses stay known, so that signing in leads on; the navigation of whoever was here before goes.
        hidden = [st.Page(_nothing, title=texts("app.title"), url_path=page.name) for page in PAGES]
        st.navigation(hidden, position="hidden")
        return
    shown = [page for page in PAGES if page.is_for(viewer)]
    pages = {
        page.name: st.Page(page.run, title=texts(f"page.{page.name}"), url_path=page.name, default=page is shown[0])
        for page in shown
    }
    session.offer_pages(pages)
    closed = {
        page.name: st.Page(
            partial(frame.closed, page.name),
            title=texts(f"page.{page.name}"),
            url_path=page.name,
            visibility="hidden",
        )
        for page in PAGES
        if page not in shown
    }
    asked = frame.asked_page()
    unknown = {}
    if asked and asked not in pages | closed:  # or Streamlit says so itself, in English, over another page
        draw = partial(frame.unknown, asked)
        unknown[asked] = st.Page(draw, title=texts("link.unknown_page"), url_path=asked, visibility="hidden")
    every = pages | closed | unknown
    chosen = st.navigation(list(every.values()), position="top")
    name = next(name for name, page in every.items() if page is chosen)
    title = texts("link.unknown_page" if name in unknown else f"page.{name}")
    st.set_page_config(page_title=f"{title} - {texts('app.title')}")
    try:
        with metrics.page_run("unknown" if name in unknown else name, viewer), session.one_picture():
            frame.guarded(chosen.run)()
    finally:
        process.settle()


main()
