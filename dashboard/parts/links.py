"""Tables, lists and controls of our own that change the selection, or the page, without loading everything anew.

A link is a real one: it can be opened in another tab, and the keyboard reaches it. A choice, list, switch or slider
is the browser's own: it weighs nothing (Streamlit's load some forty files before the first map), and on a phone it is
the one that people know.
"""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Final
from urllib.parse import parse_qsl, urlencode

import streamlit as st
from markupsafe import Markup, escape

from dashboard.shell import session

_KEPT_N: Final = 4000  # a page shows the same at nearly each change
_Pairs = tuple[tuple[str, str], ...]

_mount = st.components.v2.component(
    "risicobeeld_links", js=(Path(__file__).parent / "links.js").read_text("utf-8"), isolate_styles=False
)


def link(
    inner: str, *, page: str = "", title: str = "", kind: str = "", is_stop: bool = True, **changes: str
) -> Markup:
    """Return a link (HTML) that changes the selection; only `linked` shows it.

    Parameters
    ----------
    inner
        What stands in the link: a text, or `Markup`.
    page
        Name of another page to go to; '' stays on this one.
    title, kind
        A hint, and a class of the style sheet.
    is_stop
        Whether the tab key stops here; in a table with ``data-grid`` the arrow keys reach the others.
    changes
        Fields of `session.Selection` with their new value.
    """
    address = tuple(session.address(**changes).items())
    return _link(escape(inner), page, title, kind, tuple(changes.items()), address, is_stop=is_stop)


@lru_cache(maxsize=_KEPT_N)
def _link(inner: Markup, page: str, title: str, kind: str, changes: _Pairs, asked: _Pairs, *, is_stop: bool) -> Markup:
    """Return a link of what stands in it (HTML): it follows from the arguments alone, whoever looks."""
    go = urlencode((("page", page), *changes) if page else changes)
    address = f"{'./' if page == 'picture' else page}?{urlencode(asked)}"
    hint = Markup(' title="{}" aria-label="{}"').format(title, title) if title else ""
    style = Markup(' class="{}"').format(kind) if kind else ""
    order = "" if is_stop else Markup(' tabindex="-1"')
    return Markup('<a href="{address}" data-go="{go}"{order}{style}{hint}>{inner}</a>').format(
        address=address, go=go, order=order, style=style, hint=hint, inner=inner
    )


def linked(markup: Markup, *, key: str) -> None:
    """Show markup with links and controls of this module; follow what was clicked or changed.

    Parameters
    ----------
    markup
        What to show.
    key
        Identity of the part on the page.
    """

    def follow() -> None:
        changes = _changes(st.session_state[key].get("followed"))
        if changes and "page" not in changes:
            session.select(**changes)

    result = _mount(key=key, data={"markup": str(escape(markup))}, on_followed_change=follow)
    changes = _changes(result.followed)
    if page := changes.pop("page", ""):
        session.open_page(page, **changes)


def _changes(followed: object) -> dict[str, str]:
    """Return what a link asks for; a browser may send anything, so only what a selection knows."""
    asked = dict(parse_qsl(followed, keep_blank_values=True)) if isinstance(followed, str) else {}
    return {name: value for name, value in asked.items() if name == "page" or name in session.FIELDS}


# A page offers the same at nearly each change: what is drawn follows from the arguments alone.
_CONTROLS_KEPT_N: Final = 500
_Listed = tuple[tuple[str, str | _Pairs], ...]


def choice(label: str, name: str, options: Mapping[str, str], chosen: str, **also: str) -> Markup:
    """Return buttons of which one is pressed (HTML).

    Parameters
    ----------
    label
        What is chosen, for screen readers.
    name
        Field of `dashboard.shell.session.Selection`.
    options
        Words per value.
    chosen
        The value that holds.
    also
        Other fields that change with any choice, such as ``unit=""``.
    """
    return _choice(label, name, tuple(options.items()), chosen, tuple(also.items()))


@lru_cache(maxsize=_CONTROLS_KEPT_N)
def _choice(label: str, name: str, options: _Pairs, chosen: str, also: _Pairs) -> Markup:
    buttons = Markup().join(
        Markup('<label><input type="radio" name="{}" data-go="{}"{}><span>{}</span></label>').format(
            name, _go(dict(also) | {name: value}), " checked" if value == chosen else "", words
        )
        for value, words in options
    )
    return Markup('<fieldset class="rb-choice"><legend class="rb-unseen">{}</legend>{}</fieldset>').format(
        label, buttons
    )


def dropdown(label: str, name: str, options: Mapping[str, str | Mapping[str, str]], chosen: str) -> Markup:
    """Return a list to choose one from (HTML); parameters as of `choice`, with options of one heading together."""
    listed = tuple(
        (value, words if isinstance(words, str) else tuple(words.items())) for value, words in options.items()
    )
    return _dropdown(label, name, listed, chosen)


@lru_cache(maxsize=_CONTROLS_KEPT_N)
def _dropdown(label: str, name: str, options: _Listed, chosen: str) -> Markup:
    listed = Markup().join(
        _option(name, value, words, is_chosen=value == chosen)
        if isinstance(words, str)
        else Markup('<optgroup label="{}">{}</optgroup>').format(
            value, Markup().join(_option(name, *one, is_chosen=one[0] == chosen) for one in words)
        )
        for value, words in options
    )
    return Markup('<select class="rb-dropdown" name="{}" aria-label="{}">{}</select>').format(name, label, listed)


@lru_cache(maxsize=4000)  # the lists above share most of theirs
def _option(name: str, value: str, words: str, *, is_chosen: bool) -> Markup:
    selected = " selected" if is_chosen else ""
    return Markup('<option data-go="{}"{}>{}</option>').format(_go({name: value}), selected, words)


def switch(label: str, name: str, *, is_on: bool, **also: str) -> Markup:
    """Return a switch (HTML): on is ``1``, off is empty; others as `also` change when it goes on.

    Parameters
    ----------
    label
        What it switches.
    name
        In the address.
    is_on
        Whether it is on now.
    """
    return _switch(label, name, tuple(also.items()), is_on=is_on)


@lru_cache(maxsize=_CONTROLS_KEPT_N)
def _switch(label: str, name: str, also: _Pairs, *, is_on: bool) -> Markup:
    return Markup(
        '<label class="rb-switch"><input type="checkbox" role="switch" name="{}" data-go="{}" data-off="{}"{}>'
        "<span>{}</span></label>"
    ).format(name, _go(dict(also) | {name: "1"}), _go({name: ""}), " checked" if is_on else "", label)


def slider(label: str, name: str, options: Sequence[tuple[str, str]], chosen: str, play: tuple[str, str]) -> Markup:
    """Return a slider through ordered values (HTML), with the words of the one that holds above it, that plays.

    Playing goes on to the next value when the page has answered the one before, and stops at the last.

    Parameters
    ----------
    label, name, chosen
        As of `choice`.
    options
        Value and words of each step.
    play
        What the button that plays is called, and what it is called while it does.
    """
    at = [value for value, _ in options].index(chosen)
    identity = Markup("rb-steps-{}").format(name)
    steps = Markup().join(
        Markup('<option value="{}" label="{}" data-go="{}"></option>').format(number, words, _go({name: value}))
        for number, (value, words) in enumerate(options)
    )
    words = options[at][1]
    start, stop = play
    moved = Markup(
        '<label class="rb-slider"><output>{words}</output>'
        '<input type="range" name="{name}" min="0" max="{last}" value="{at}"'
        ' aria-label="{label}" aria-valuetext="{words}" list="{identity}">'
        '<datalist id="{identity}">{steps}</datalist></label>'
    ).format(words=words, name=name, last=len(options) - 1, at=at, label=label, identity=identity, steps=steps)
    button = Markup(
        '<button type="button" name="play" data-start="{start}" data-stop="{stop}" aria-label="{start}"'
        ' title="{start}"></button>'
    ).format(start=start, stop=stop)
    return Markup('<span class="rb-playing">{}{}</span>').format(moved, button)


def _go(changes: Mapping[str, str]) -> str:
    return urlencode(changes)
