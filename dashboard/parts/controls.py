"""The browser's own choice, list, switch and slider, for `dashboard.parts.links.linked`.

They change the selection as links do. They weigh nothing (Streamlit's own load some forty files before the first
map), and on a phone they are the ones people know.
"""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Final
from urllib.parse import urlencode

from markupsafe import Markup

_KEPT_N: Final = 500  # a page offers the same at nearly each change: what is drawn follows from the arguments alone
_Pairs = tuple[tuple[str, str], ...]
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


@lru_cache(maxsize=_KEPT_N)
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


@lru_cache(maxsize=_KEPT_N)
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


@lru_cache(maxsize=_KEPT_N)
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
