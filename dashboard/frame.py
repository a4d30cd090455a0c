"""What every page has around it: the style, the language switch, the band, and how errors look."""

import html
from pathlib import Path

import streamlit as st

from dashboard.text import LANGUAGES, Texts

_STYLE = f"<style>{(Path(__file__).parent / 'style.css').read_text('utf-8')}</style>"


def style() -> None:
    """Put the product's own style sheet on the page."""
    st.html(_STYLE)


def failure(texts: Texts, sentence: str) -> None:
    """Say in one sentence what is wrong and what to do; never a traceback."""
    st.error(f"**{texts('error.title')}.** {markdown_escape(sentence)}")


def language_switch(texts: Texts) -> None:
    """Let the viewer choose the language; the choice stands in the address."""

    def chosen() -> None:
        st.query_params["lang"] = st.session_state["language"] or texts.language

    st.session_state["language"] = texts.language
    st.segmented_control(
        texts("app.language"), LANGUAGES, key="language", on_change=chosen, format_func=str.upper,
        label_visibility="collapsed",
    )  # fmt: skip


def markdown_escape(text: str) -> str:
    """Make a text from the data inert in Streamlit's markdown.

    Examples
    --------
    >>> markdown_escape("[x](http://y) *z* <b>")
    '\\\\[x\\\\]\\\\(http://y\\\\) \\\\*z\\\\* &lt;b&gt;'
    """
    escaped = html.escape(text, quote=False)
    return "".join("\\" + mark if mark in "\\`*_{}[]()#+!|$~:" and mark != ":" else mark for mark in escaped)


def chip(class_number: int, word: str) -> str:
    """Return a class as a coloured mark with its word (HTML, escaped)."""
    return f'<span class="rb-chip rb-class-{class_number}">{html.escape(word)}</span>'


def class_word(texts: Texts, class_number: int, *, is_demonstration: bool) -> str:
    """Return the name of a class, which says that it is an example while figures are invented."""
    word = texts(f"class.{class_number}")
    return texts("class.example", word=word) if is_demonstration else word
