"""The browser's own choice, list, switch and slider, for `dashboard.parts.links.linked`.

They change the selection as links do. They weigh nothing (Streamlit's own load some forty files before the first
map), and on a phone they are the ones people know.
"""

import html
from collections.abc import Mapping, Sequence
from functools import lru_cache
from urllib.parse import urlencode


def choice(label: str, name: str, options: Mapping[str, str], chosen: str, **also: str) -> str:
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
    buttons = "".join(
        f'<label><input type="radio" name="{html.escape(name)}" data-go="{_go(also | {name: value})}"'
        f"{' checked' if value == chosen else ''}><span>{html.escape(words)}</span></label>"
        for value, words in options.items()
    )
    return f'<fieldset class="rb-choice"><legend class="rb-unseen">{html.escape(label)}</legend>{buttons}</fieldset>'


def dropdown(label: str, name: str, options: Mapping[str, str | Mapping[str, str]], chosen: str) -> str:
    """Return a list to choose one from (HTML); parameters as of `choice`, with options of one heading together."""
    listed = "".join(
        _option(name, value, words, chosen)
        if isinstance(words, str)
        else f'<optgroup label="{html.escape(value)}">'
        f"{''.join(_option(name, *one, chosen) for one in words.items())}</optgroup>"
        for value, words in options.items()
    )
    return f'<select class="rb-dropdown" name="{html.escape(name)}" aria-label="{html.escape(label)}">{listed}</select>'


def _option(name: str, value: str, words: str, chosen: str) -> str:
    selected = " selected" if value == chosen else ""
    return f'<option data-go="{_go({name: value})}"{selected}>{html.escape(words)}</option>'


def switch(label: str, name: str, *, is_on: bool, **also: str) -> str:
    """Return a switch (HTML): on is ``1``, off is empty; others as `also` change when it goes on."""
    return (
        f'<label class="rb-switch"><input type="checkbox" role="switch" name="{html.escape(name)}"'
        f' data-go="{_go(also | {name: "1"})}" data-off="{_go({name: ""})}"{" checked" if is_on else ""}>'
        f"<span>{html.escape(label)}</span></label>"
    )


def slider(label: str, name: str, options: Sequence[tuple[str, str]], chosen: str) -> str:
    """Return a slider through ordered values (HTML), with the words of the one that holds above it.

    Parameters
    ----------
    label, name, chosen
        As of `choice`.
    options
        Value and words of each step.
    """
    at = [value for value, _ in options].index(chosen)
    identity = f"rb-steps-{html.escape(name)}"
    steps = "".join(
        f'<option value="{number}" label="{html.escape(words)}" data-go="{_go({name: value})}"></option>'
        for number, (value, words) in enumerate(options)
    )
    words = html.escape(options[at][1])
    return (
        f'<label class="rb-slider"><output>{words}</output>'
        f'<input type="range" name="{html.escape(name)}" min="0" max="{len(options) - 1}" value="{at}"'
        f' aria-label="{html.escape(label)}" aria-valuetext="{words}" list="{identity}">'
        f'<datalist id="{identity}">{steps}</datalist></label>'
    )


def _go(changes: Mapping[str, str]) -> str:
    return _encoded(tuple(changes.items()))


@lru_cache(maxsize=1000)  # a page offers some hundred of the same choices at each change
def _encoded(changes: tuple[tuple[str, str], ...]) -> str:
    return html.escape(urlencode(changes))
