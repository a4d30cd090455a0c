"""A form keeps what was typed when a save is refused, and stands blank after one that was not."""

from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from geodata.errors import InputError
from risk.targets import decisions, plans
from words import LANGUAGES, read_texts

DASHBOARD = Path(__file__).parents[3] / "dashboard"
SAVES = {
    "carry": (plans, "carry_out", "targets.carry_save"),
    "decide": (decisions, "decide", "targets.decide_save"),
    "answer": (decisions, "answer_handover", "targets.links_accept"),
    "place": (decisions, "correct_place", "sites.correct_save"),
}


def _drawn(form: str, language: str) -> None:
    import pandas as pd  # noqa: PLC0415 - the script of an app
    import streamlit as st  # noqa: PLC0415 - idem

    from access.viewer import parse_viewer  # noqa: PLC0415 - idem
    from dashboard.pages.targets import page  # noqa: PLC0415 - idem
    from dashboard.parts import figures, site  # noqa: PLC0415 - idem
    from dashboard.shell import frame  # noqa: PLC0415 - idem
    from door.store import open_store  # noqa: PLC0415 - idem
    from words import read_texts  # noqa: PLC0415 - idem

    def draw() -> None:
        texts, store, day = read_texts(language), open_store(parse_viewer("lotc")), pd.Timestamp("2020-11-30")
        match form:
            case "carry":
                line = {"plan_line_id": ["L1"], "site_name": "n", "region_name": "r", "week_words": "w"}
                page._carry_out(texts, store, pd.DataFrame(line))
            case "decide":
                page._decide(texts, store, day, {})
            case "answer":
                asked = pd.DataFrame({"decision_id": ["D1"], "site_id": "S1", "other_vr_code": "VR06"})
                page._answer(texts, store, asked, {})
            case _:
                shown = figures.open_picture(store, "vr", texts)
                site._correct(texts, store, shown, store.table("sites")["site_id"].iloc[0], None)

    st.query_params["lang"] = language
    frame.guarded(draw)()


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("form", SAVES)
def test_what_was_typed_stays_until_it_is_saved(form: str, language: str, monkeypatch: pytest.MonkeyPatch) -> None:
    home, name, label = SAVES[form]
    refused = InputError("file_empty", name="x")
    kept: list[Any] = []

    def save(*given: object) -> None:
        if refused in kept:
            kept.append(given)
            return
        kept.append(refused)
        raise refused

    monkeypatch.setattr(home, name, save)
    app = AppTest.from_function(_drawn, default_timeout=300, args=(form, language)).run()
    for one in (*app.text_input, *app.text_area):
        one.set_value("52,05; 5,70 getypt")
    for press in range(2):
        next(one for one in app.button if one.label == read_texts(language)(label)).click().run()
        if press == 0:
            assert app.error, "the sentence of the refusal"
            assert {one.value for one in (*app.text_input, *app.text_area)} == {"52,05; 5,70 getypt"}
    assert len(kept) == 2
    app.run()
    assert {one.value for one in (*app.text_input, *app.text_area)} == {""}


def test_no_form_empties_at_the_press() -> None:
    assert [path for path in DASHBOARD.rglob("*.py") if "clear_on_submit=True" in path.read_text("utf-8")] == []
