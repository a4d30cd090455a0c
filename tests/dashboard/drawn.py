"""A page drawn in this process as the web door draws it, without the navigation around it, server or browser.

For what a page says and what is recorded after a press: a twentieth of a second, where a browser takes two. What only
a browser shows, layout, focus, addresses, downloads and scripts that stay inert, is for ``tests/browser``.
"""

import inspect
import json
import re
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any, NoReturn
from unittest.mock import patch

import streamlit as st
from google.protobuf.message import Message
from lxml import html
from streamlit.testing.v1 import AppTest
from streamlit.testing.v1.element_tree import Block, Element, Widget

_APP = Path(__file__).parents[2] / "app.py"
_SCRIPTS = ("js_content", "css_content", "html_content")


def draw(name: str, language: str = "nl", /, *, state: dict[str, Any] | None = None, **address: str) -> AppTest:
    """Draw a page at an address, with what the tab remembers: ``draw("region", "en", unit="VR06")``."""

    def script(name: str) -> None:
        from dashboard.pages import PAGES  # noqa: PLC0415 - AppTest runs this function alone
        from dashboard.shell import frame, session  # noqa: PLC0415

        with session.one_picture():
            frame.guarded(next(page.run for page in PAGES if page.name == name))()

    page = AppTest.from_function(script, default_timeout=600, args=(name,))
    for field, value in {"lang": language, **address}.items():
        page.query_params[field] = value
    for field, value in (state or {}).items():
        page.session_state[field] = value
    return _run(page)


def draw_first(language: str = "nl") -> AppTest:
    """Draw the first page with all that stands around it."""
    page = AppTest.from_file(str(_APP), default_timeout=600)
    page.query_params["lang"] = language
    return _run(page)


def press(page: AppTest, label: str) -> AppTest:
    """Press the button with this label."""
    widget(page, label, "button").click()
    return _run(page)


def enter(page: AppTest, label: str, value: object, *, form: str = "") -> AppTest:
    """Give the field with this label a value, as the page keeps it: the code of an option, not its words.

    In a form it waits for the button, as it does in a browser; the form is named where others have such a field.
    """
    found = widget(page, label, form=form).set_value(value)
    return page if getattr(found, "form_id", "") else _run(page)


def pick(page: AppTest, label: str, words: str) -> AppTest:
    """Choose the first option whose words have these in them."""
    found = widget(page, label)
    told = inspect.getclosurevars(found.format_func).nonlocals["labels"]  # as `dashboard.shell.choices.choose` gives
    option = next(option for option, option_words in told.items() if words in option_words)
    return enter(page, label, [option] if found.type == "multiselect" else option)


def widget(page: AppTest, label: str, *kinds: str, form: str = "") -> Any:
    """Return the one widget with this label."""
    found = [one for one in _elements(page) if isinstance(one, Widget) and one.label == label]
    found = [one for one in found if (not kinds or one.type in kinds) and form in getattr(one, "form_id", "")]
    assert len(found) == 1, (label, [(one.type, one.key) for one in found])
    return found[0]


def labels(page: AppTest) -> list[str]:
    """Return the labels of all widgets."""
    return [one.label for one in _elements(page) if isinstance(one, Widget)]


def _run(page: AppTest) -> AppTest:
    """Run the page, whole also after a press that in a browser draws one part of it again."""
    with patch.object(st, "rerun", partial(_all_of_it, st.rerun)):
        page.run()
    assert not page.exception, page.exception
    return page


def _all_of_it(rerun: Callable[[], NoReturn], *, scope: str = "") -> NoReturn:  # noqa: ARG001 - all is in scope here
    rerun()


def sent(page: AppTest) -> str:
    """Return every text that leaves for the browser, seen or not: for what must not leave."""
    return "\n".join(texts_on(page))


def told(page: AppTest | Block) -> str:
    """Return what the page or a part of it says, without markup, one space between words."""
    return " ".join(" ".join(map(_words, texts_on(page))).split())


def markup_on(page: AppTest) -> str:
    """Return the markup that the page draws itself."""
    return "\n".join(one.proto.body for one in page.get("html"))


def listed_on(page: AppTest) -> str:
    """Return the messages to the product's own components: lists, links and the map."""
    return " ".join(one.proto.json + one.proto.bytes.decode() for one in page.get("bidi_component"))


def table(page: AppTest, caption: str) -> list[list[str]]:
    """Return the cells of each row of the first table whose caption begins with these words, without its heads."""
    return [[_folded(cell) for cell in row] for row in _table(page, caption).findall("tbody/tr")]


def heads(page: AppTest, caption: str) -> list[str]:
    """Return the heads of a table as of `table`."""
    return [_folded(cell) for cell in _table(page, caption).findall("thead/tr/th")]


def _table(page: AppTest, caption: str) -> html.HtmlElement:
    for text in texts_on(page):
        for found in html.fromstring(text).iter("table") if "<table" in text else ():
            if (found.findtext("caption") or found.get("aria-label") or "").startswith(caption):
                return found
    raise AssertionError(f"no table {caption!r}")


def _folded(element: html.HtmlElement) -> str:
    return " ".join(element.text_content().split())


_BLOCKS = re.compile(r"(?=</?(?:p|li|ul|ol|dl|dt|dd|div|section|h\d|table|caption|tr|td|th|br|label|option)\b)")


_MARKDOWN = re.compile(r"\*\*|\\(?=[^A-Za-z0-9\s])")


def _words(text: str) -> str:
    text = _MARKDOWN.sub("", text)
    if "<" not in text and "&" not in text:
        return text
    return html.fromstring(f"<div>{_BLOCKS.sub(' ', text)}</div>").text_content()


def _elements(page: AppTest) -> Iterator[Element]:
    return (one for one in page._tree if isinstance(one, Element))


def texts_on(page: AppTest | Block) -> Iterator[str]:
    """Give every text that leaves for the browser, but the product's own scripts."""
    for one in page._tree if isinstance(page, AppTest) else page:
        if isinstance(proto := getattr(one, "proto", None), Message):
            yield from _texts(proto)


def _texts(proto: Message) -> Iterator[str]:
    """Give every text in a message, also those of the JSON in it."""
    for field, value in proto.ListFields():
        if field.name in _SCRIPTS:
            continue
        for one in value if field.is_repeated else [value]:
            if isinstance(one, Message):
                yield from _texts(one)
            elif isinstance(one, bytes):
                for line in one.decode("utf-8", "replace").split("\n"):
                    yield from _texts_of_json(line)
            elif isinstance(one, str):
                yield from _texts_of_json(one)


def _texts_of_json(text: str) -> Iterator[str]:
    try:
        yield from _leaves(json.loads(text)) if text.startswith(("[", "{")) else [text]
    except ValueError:
        yield text


def _leaves(found: object) -> Iterator[str]:
    if isinstance(found, dict):
        for name, value in found.items():
            yield str(name)
            yield from _leaves(value)
    elif isinstance(found, list):
        for value in found:
            yield from _leaves(value)
    elif isinstance(found, str):
        yield found
