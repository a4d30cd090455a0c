"""What every page has around it: the style, the language switch, the banner, and how errors look."""

import difflib
import html
import logging
import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from functools import wraps
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

import streamlit as st
from markupsafe import Markup
from streamlit.runtime.scriptrunner import add_script_run_ctx, get_script_run_ctx

from access.database import engine as database
from access.database import turn
from access.viewer import Viewer
from dashboard.shell import problems, process, search, session, signin
from dashboard.shell.choices import choose
from dashboard.shell.markup import show
from dashboard.visit import remind
from door.store import ScopedStore
from geodata import logs, metrics
from geodata.errors import DatabaseAwayError, RisicobeeldError
from words import LANGUAGES, Texts

_LOG = logging.getLogger(__name__)

_TRY_AGAIN_SECONDS = 3

ICON = str(Path(__file__).parent / "icon.svg")
"""The product's own mark, in the tab of the browser."""

_STYLE = f"<style>{(Path(__file__).parent / 'style.css').read_text('utf-8')}</style>"


_shell = st.components.v2.component(
    "risicobeeld_shell", js=(Path(__file__).parent / "shell.js").read_text("utf-8"), isolate_styles=False
)


_PAGE_NAME = re.compile(r"[A-Za-z0-9_-]{1,60}")
_NO_FILE = "app.no_file"  # Streamlit's own words for it say nothing of why, in English neither
_BUILTIN = {
    "Skip to main content": "app.skip",
    "No results": "app.no_results",
    "Choose an option": "app.choose",
    "Choose options": "app.choose",
    "Select all": "app.select_all",
    "Upload": "app.upload",
    "Browse files": "app.upload",
    "Drag and drop file here": "app.drop",
    "Drag and drop files here": "app.drop",
    "Page not found": "app.not_found",
    "more": "app.more",
    "per file": "app.per_file",
    "help": "app.help_for",
    "App pages": "app.pages",
    "Increment": "app.increment",
    "Decrement": "app.decrement",
    "Open": "app.open",
    "Clear value": "app.clear",
    "Clear all": "app.clear",
    "Failed to generate file for download": _NO_FILE,
}
"""Words of Streamlit's own that a page may show, with the name of ours."""


def style(texts: Texts) -> None:
    """Put the product's own style sheet on the page, and its script: language, lost connection, menu of a telephone."""
    st.html(_STYLE)
    # A trigger of it draws the whole page again, which is all that has to follow from it.
    _shell(
        key="shell",
        data={
            "language": texts.language,
            "lost": texts("app.lost", time="{time}"),
            "health": f"{_base()}/_stcore/health",
            "builtin": {
                told: texts(name, n="{n}")
                for told, name in _BUILTIN.items()
                if texts.language != "en" or name == _NO_FILE
            },
        },
        on_again_change=_heard,
    )


def _heard() -> None:
    """Accept the event: Streamlit then runs the page again, and that is what was asked for."""


def guarded(draw: Callable[[], None]) -> Callable[[], None]:
    """Wrap what draws a page or a part of it, so that an error becomes a sentence and never a traceback."""

    @wraps(draw)
    def wrapper() -> None:
        try:
            with process.counted():
                draw()
        except DatabaseAwayError as error:
            failure(session.texts(), error)
            _come_back()
        except RisicobeeldError as error:
            failure(session.texts(), error)
        except Exception:
            # The last line of defence: what nobody foresaw is logged with a time that the viewer can report.
            now = datetime.now().astimezone()
            _LOG.exception("Unforeseen error at %s", now.isoformat(timespec="seconds"))
            metrics.PAGE_ERRORS.labels("unforeseen").inc()
            texts = session.texts()
            st.error(markdown_escape(texts("error.unexpected", time=f"{now:%H:%M:%S}")))

    return wrapper


@st.fragment(run_every=_TRY_AGAIN_SECONDS)
def _come_back() -> None:
    """Draw the page again once the database answers; nobody has to try by hand."""
    if database.answers():
        st.rerun()


def come_in(texts: Texts) -> Viewer | None:
    """Find out who looks and draw the header; None when nobody may enter, or nobody can be known now."""
    viewer = None

    def draw() -> None:
        nonlocal viewer
        viewer = signin.enter(texts)
        header(texts, viewer)

    guarded(draw)()
    return viewer


def failure(texts: Texts, error: RisicobeeldError) -> None:
    """Say what kind of thing is wrong and what to do, in the page's language; never a traceback."""
    names = (f"error.{one.__name__}" for one in type(error).__mro__)
    kind = next(texts(name) for name in names if name in texts)
    metrics.PAGE_ERRORS.labels(type(error).__name__).inc()
    logs.note(_LOG, "a page told an error", error=type(error).__name__)
    st.error(f"**{markdown_escape(kind)}** {markdown_escape(problems.in_words(texts, error))}")


def open_store(texts: Texts) -> ScopedStore:
    """Open the door for a page; when the figures in use are damaged, tell so and give the last good ones."""
    store, problem = session.store()
    if problem is not None:
        failure(texts, problem)
        st.caption(texts("error.last_good"))
    return store


def page_head(texts: Texts, store: ScopedStore, title: str, intro: str = "") -> None:
    """Draw the title of a page, and the banner while figures are invented.

    Parameters
    ----------
    texts, store
        Words of the reader's language and the tables as the viewer may see them.
    title
        Of the page.
    intro
        What it is for; '' is nothing.
    """
    banner = Markup('<p class="rb-band">{}</p>').format(texts("map.band")) if store.is_demonstration else ""
    lead = Markup('<p class="rb-intro">{}</p>').format(intro) if intro else ""
    show(Markup('<div class="rb-head"><h1 class="rb-title">{}</h1>{}</div>{}').format(title, banner, lead))


def language_switch(texts: Texts) -> None:
    """Let the viewer choose the language; the choice stands in the address."""

    def chosen() -> None:
        st.query_params["lang"] = st.session_state["language"] or texts.language

    st.session_state["language"] = texts.language
    choose(
        texts,
        texts("app.language"),
        LANGUAGES,
        how="segmented_control",
        key="language",
        on_change=chosen,
        format_func=str.upper,
        label_visibility="collapsed",
    )


def closed(page: str) -> None:
    """Say that the viewer may not open a page, and who can change that; it does exist, for others."""
    texts = session.texts()
    plain_head(texts("link.no_page"), texts("link.no_page_why", page=texts(f"page.{page}")))


def _base() -> str:
    """Return the path under which the product stands; '' at the root of its address."""
    base = str(st.get_option("server.baseUrlPath") or "").strip("/")
    return f"/{base}" if base else ""


def asked_page() -> str:
    """Return the name of the page that the address asks for; '' for the first page, or a name that no page can have."""
    path = urlsplit(st.context.url or "").path.removeprefix(_base()).strip("/")
    return path if _PAGE_NAME.fullmatch(path) else ""


def unknown(asked: str) -> None:
    """Say that there is no such page, and lead to the nearest that there is."""
    texts = session.texts()
    plain_head(texts("link.unknown_page"), texts("link.unknown_page_why", asked=asked))
    pages = session.offered_pages()
    named = {texts(f"page.{name}").casefold(): name for name in pages} | {name: name for name in pages}
    found = difflib.get_close_matches(asked.casefold(), named, n=1, cutoff=0.6)
    near = [named[found[0]]] if found else []
    for name in dict.fromkeys([*near, *list(pages)[:1]]):
        st.page_link(pages[name], label=texts(f"page.{name}"), query_params=session.address())


def plain_head(title: str, intro: str) -> None:
    """Draw the title of a page that shows no figures."""
    show(Markup('<h1 class="rb-title">{}</h1><p class="rb-intro">{}</p>').format(title, intro))


def header(texts: Texts, viewer: Viewer | None) -> None:
    """Put the search, the language and who looks in the header of the page."""
    with st.container(key="header", horizontal=True, horizontal_alignment="right", width="content", gap="small"):
        if viewer is not None:
            search.box(texts)
        language_switch(texts)
        if viewer is not None:
            signin.menu(texts, viewer)
    if viewer is not None:
        show(signin.banner(texts) or Markup("<span></span>"))
        remind.draw(texts)


def markdown_escape(text: str) -> str:
    r"""Make a text from the data inert in Streamlit's markdown.

    Examples
    --------
    >>> markdown_escape("*z* <b>") == r"\*z\* &lt;b&gt;"
    True
    """
    escaped = html.escape(text, quote=False)
    return "".join("\\" + mark if mark in "\\`*_{}[]()#+!|$~" else mark for mark in escaped)


def label(texts: Texts, key: str, /, **values: object) -> str:
    """Return words for the label of a control with what somebody wrote in them, inert: labels are markdown too."""
    return texts(key, **{name: markdown_escape(str(value)) for name, value in values.items()})


def chip(class_number: int, word: str) -> Markup:
    """Return a class as a coloured mark with its word (HTML, escaped)."""
    return Markup('<span class="rb-chip rb-class-{}">{}</span>').format(class_number, word)


def marked(texts: Texts, words: str, *, is_demonstration: bool) -> str:
    """Return a heading, which says that what stands under it is an example while figures are invented.

    Once over a table or a list is enough: a mark on each row is read by nobody.

    Parameters
    ----------
    texts
        Words of the reader's language.
    words
        The heading.
    is_demonstration
        Whether the figures are invented.
    """
    return texts("class.example", word=words) if is_demonstration else words


_SAID_AFTER_S: Final = 1  # a shorter wait is over before anybody has read it
_SHOWN_S: Final = 5  # and then again, for as long as it takes: it must not stand long after the wait


@contextmanager
def _said_waiting() -> Iterator[None]:
    """Say on the page that a write waits, from its first second on; nothing where there is no page.

    It stands over the page: a press is answered before the page is drawn, when nothing else can be put on it.
    """
    context = get_script_run_ctx(suppress_warning=True)
    if context is None:
        yield
        return
    words, is_over = session.texts()("register.waits"), threading.Event()

    def tell() -> None:
        pause = _SAID_AFTER_S
        while not is_over.wait(pause):
            st.toast(words, duration=_SHOWN_S)
            pause = _SHOWN_S

    teller = threading.Thread(target=tell, daemon=True)
    add_script_run_ctx(teller, context)
    teller.start()
    try:
        yield
    finally:
        is_over.set()
        teller.join()


turn.surround_waiting(_said_waiting)
