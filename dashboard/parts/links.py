"""Tables, lists and controls of our own that change the selection, or the page, without loading everything anew.

The controls are those of `dashboard.parts.controls`. A link is a real one: it can be opened in another tab, and the
keyboard reaches it.
"""

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
    """Show markup with links of `link` and controls of `dashboard.parts.controls`; follow what was clicked or changed.

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
