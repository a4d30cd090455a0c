"""Only one of the options is chosen: neither any text that a browser sends, nor what is no option any more."""

import pytest
from streamlit.testing.v1 import AppTest
from streamlit.testing.v1.element_tree import Button

from access.viewer import parse_viewer
from door.store import open_store
from register import record as write
from risk.targets import plans
from tests.dashboard.drawn import draw
from words import read_texts

HOW = ("selectbox", "radio", "segmented_control", "pills", "multiselect")
NL = read_texts("nl")
GONE = "kan niet meer gekozen worden: er is niets opgeslagen"


def _form(how: str) -> None:
    import streamlit as st  # noqa: PLC0415 - the script of an app

    from dashboard.shell.choices import choose  # noqa: PLC0415 - idem
    from words import read_texts  # noqa: PLC0415 - idem

    also = {"selection_mode": "multi"} if how == "pills" else {}
    with st.form("form"):
        options = st.session_state.get("offered", ["x", "y"])
        chosen = choose(read_texts("nl"), "Wat", options, key="what", how=how, format_func=str.upper, **also)  # type: ignore[call-overload]
        st.text_input("Tekst", key="text")
        if st.form_submit_button("Bewaar"):
            st.session_state["saved"] = chosen


def _site() -> None:
    import streamlit as st  # noqa: PLC0415 - the script of an app

    from access.viewer import parse_viewer  # noqa: PLC0415 - idem
    from dashboard.parts import entry  # noqa: PLC0415 - idem
    from door.store import open_store  # noqa: PLC0415 - idem
    from words import read_texts  # noqa: PLC0415 - idem

    store = open_store(parse_viewer("region:VR06"))
    st.session_state.setdefault("gemeente_code", None)
    kept = st.session_state.get("kept", "")
    st.text(entry.choose_site(read_texts("nl"), store, str, entry.gemeente_names(store), kept))


def _answered(how: str, answer: str) -> AppTest:
    """Open a form, choose, type a text, and return it as it stands before its button is pressed."""
    app = AppTest.from_function(_form, args=(how,)).run()
    kind = "button_group" if how in ("segmented_control", "pills") else how
    box = app.get(kind)[0]
    if answer.upper() not in box.options:
        box.options = [*box.options, box.format_func(answer)]
    box.set_value([answer] if how in ("multiselect", "pills") else answer)
    app.text_input[0].set_value("getypt")
    return app


def _told(app: AppTest) -> list[str]:
    return [one.value for one in app.warning]


@pytest.mark.parametrize("how", HOW)
def test_an_option_is_what_is_saved(how: str) -> None:
    app = _answered(how, "y")
    app.button[0].click().run()
    assert app.session_state["saved"] in ("y", ["y"])
    assert not app.warning


@pytest.mark.parametrize("how", ["selectbox", "radio", "multiselect"])
def test_a_text_that_was_no_option_saves_nothing_and_is_told(how: str) -> None:
    app = _answered(how, "forged")
    app.button[0].click().run()
    assert "saved" not in app.session_state
    assert GONE in _told(app)[0]


@pytest.mark.parametrize("how", ["segmented_control", "pills"])
def test_a_button_that_never_was_there_is_not_pressed(how: str) -> None:
    app = _answered(how, "forged")
    app.button[0].click().run()
    assert not app.session_state["saved"]


@pytest.mark.parametrize("how", HOW)
def test_an_option_that_is_gone_saves_nothing_is_told_and_what_was_typed_stays(how: str) -> None:
    app = _answered(how, "y")
    app.session_state["offered"] = ["x", "z"]
    app.button[0].click().run()
    assert "saved" not in app.session_state
    assert GONE in _told(app)[0]
    assert app.text_input[0].value == "getypt"
    app.button[0].click().run()
    assert "saved" in app.session_state, "the next time it works on what stands in the box"
    assert not app.warning


def test_options_of_the_same_words_are_told_apart() -> None:
    app = AppTest.from_function(_same).run()
    assert app.selectbox[0].options == ["Hotel (1)", "Hotel (2)"]
    assert app.text[0].value == "S1"
    app.selectbox[0].set_value("S2").run()
    assert app.text[0].value == "S2"


def _same() -> None:
    import streamlit as st  # noqa: PLC0415 - the script of an app

    from dashboard.shell.choices import choose  # noqa: PLC0415 - idem
    from words import read_texts  # noqa: PLC0415 - idem

    st.text(choose(read_texts("nl"), "Wat", ["S1", "S2"], key="what", format_func=lambda _: "Hotel"))


def test_a_site_of_another_region_is_not_chosen_but_the_one_that_an_entry_has_stays() -> None:
    app = AppTest.from_function(_site)
    app.session_state["site_id"] = "DEMO-0458"  # of another region
    assert app.run(timeout=60).text[0].value == ""
    kept = AppTest.from_function(_site)
    kept.session_state["site_id"] = kept.session_state["kept"] = "DEMO-0458"
    assert kept.run(timeout=60).text[0].value == "DEMO-0458"


def _opened(page: str, viewer: str, **state: str) -> AppTest:
    return draw(page, state=state, **{"as": viewer})


def _recorded(table: str) -> list[str]:
    rows = open_store(parse_viewer("lotc")).register(table)
    return sorted(str(row) for row in rows[["vr_code", "version"]].itertuples(index=False))


def test_an_activation_names_no_gemeente_that_its_region_lost() -> None:
    """The gemeente that somebody chose went to another region before they pressed the button."""
    app = _opened("register", "region:VR06", register_view="new")
    draft = app.session_state["draft"]["id"]
    app.button_group(key=f"{draft}-kind").set_value("preventief")
    app.button_group(key=f"{draft}-themes").set_value(["wonen"])
    app.text_area(key=f"{draft}-outcome").set_value("verzonnen")
    app.selectbox(key=f"{draft}-sector_code").set_value("lodging")
    box, before = app.selectbox(key=f"{draft}-gemeente_code"), _recorded("activations")
    box.options = [*box.options, box.format_func("GM0363")]
    box.set_value("GM0363")
    app.button(key=f"{draft}-save").click().run()
    assert any(GONE in one for one in _told(app)), _told(app)
    assert _recorded("activations") == before
    assert app.text_area(key=f"{draft}-outcome").value == "verzonnen"


def test_a_contact_is_not_written_for_another_region_than_was_chosen() -> None:
    """The writer became the contact of another region while they filled in the form."""
    app = _opened("contacts", "region:VR06")
    next(one for one in app.text_input if one.label == NL("contacts.organisation")).set_value("Verzonnen Dienst")
    before = _recorded("contacts")
    app.query_params["as"] = "region:VR13"
    _button(app, "contacts.save").click().run()
    assert any(GONE in one for one in _told(app)), _told(app)
    assert _recorded("contacts") == before


def test_the_referral_that_was_chosen_is_the_one_that_changes_also_when_another_came_in() -> None:
    first, second = (_refer(name) for name in ("eerste", "tweede"))
    app = _opened("register", "lotc", register_view="referrals")
    app.selectbox(key="referral-which").set_value(first)
    app.selectbox(key="referral-state").set_value("accepted")
    third = _refer("derde")
    _button(app, "register.state_save").click().run()
    rows = open_store(parse_viewer("lotc")).register("referrals").set_index("referral_id")
    assert rows.loc[[first, second, third], "state"].tolist() == ["accepted", "sent", "sent"]


def test_a_visit_is_not_written_for_another_line_of_the_plan(monkeypatch: pytest.MonkeyPatch) -> None:
    written: list[str] = []
    monkeypatch.setattr(plans, "carry_out", lambda _store, line, _fields: written.append(line))
    app = AppTest.from_function(_carry)
    app.session_state["lines"] = ["L1", "L2"]
    app.run()
    app.selectbox(key="plans-carry-line").set_value("L2")
    app.text_area[0].set_value("verzonnen")
    app.session_state["lines"] = ["L1"]  # somebody else wrote the visit of L2 meanwhile
    app.button[0].click().run()
    assert GONE in _told(app)[0]
    assert not written
    app.button[0].click().run()
    assert written == ["L1"]


def _carry() -> None:
    import pandas as pd  # noqa: PLC0415 - the script of an app
    import streamlit as st  # noqa: PLC0415 - idem

    from access.viewer import parse_viewer  # noqa: PLC0415 - idem
    from dashboard.pages.targets.page import _carry_out  # noqa: PLC0415 - idem
    from door.store import open_store  # noqa: PLC0415 - idem
    from words import read_texts  # noqa: PLC0415 - idem

    lines = pd.DataFrame({"plan_line_id": st.session_state["lines"], "site_name": "n", "region_name": "r"})
    _carry_out(read_texts("nl"), open_store(parse_viewer("lotc")), lines.assign(week_words="w"))


def _button(app: AppTest, name: str) -> Button:
    return next(one for one in app.button if one.label == NL(name))


def _refer(to: str) -> str:
    fields = {
        "event_date": "2020-11-30",
        "route": open_store(parse_viewer("lotc")).register("routes")["route_id"].iloc[0],
        "to": to,
        "vr_code": "VR06",
        "partners": "",
        "activation_id": "",
    }
    return write.record(parse_viewer("lotc"), "referral", fields).entity_id
