"""What is written in a field is held to a length, in the browser and where it arrives."""

import ast
from pathlib import Path

from streamlit.testing.v1 import AppTest

_PAGES = Path(__file__).parents[3] / "dashboard"


def _page() -> None:
    import streamlit as st  # noqa: PLC0415 - the script of a page of its own

    st.text(st.text_input("line", max_chars=5, key="line"))
    st.text(st.text_area("lines", max_chars=5, key="lines"))


def test_streamlit_holds_a_field_to_its_length_whoever_sends_it() -> None:
    page = AppTest.from_function(_page).run()
    page.text_input(key="line").set_value("Groningen")  # as a client that is no browser does
    page.text_area(key="lines").set_value("Groningen").run()
    assert [one.value for one in page.text] == ["Groni", "Groni"]


def test_every_field_of_a_page_is_held_to_a_length() -> None:
    free = [
        f"{path.name}:{call.lineno}"
        for path in sorted(_PAGES.rglob("*.py"))
        for call in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(call, ast.Call)
        and isinstance(call.func, ast.Attribute)
        and call.func.attr in ("text_input", "text_area", "chat_input")
        and "max_chars" not in [word.arg for word in call.keywords]
    ]
    assert free == []
