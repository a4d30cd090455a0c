"""A browser may send any text as what was chosen: only one of the options comes through."""

from streamlit.testing.v1 import AppTest


def _choices() -> None:
    import streamlit as st  # noqa: PLC0415 - the script of an app

    found = (
        st.selectbox("a", ["x", "y"], key="a"),
        st.selectbox("b", ["x", "y"], index=None),
        st.multiselect("c", ["x", "y"]),
        st.radio("d", ["x", "y"]),
    )
    st.text(repr((*found, st.session_state["a"])))


def _site() -> None:
    import streamlit as st  # noqa: PLC0415 - the script of an app

    from access.viewer import parse_viewer  # noqa: PLC0415 - idem
    from dashboard.parts import entry, entry_site  # noqa: PLC0415 - idem
    from door.store import open_store  # noqa: PLC0415 - idem
    from words import read_texts  # noqa: PLC0415 - idem

    store = open_store(parse_viewer("region:VR06"))
    st.session_state.setdefault("gemeente_code", None)
    kept = st.session_state.get("kept", "")
    st.text(entry_site.choose(read_texts("nl"), store, str, entry.gemeente_names(store), kept))


def test_a_text_that_is_no_option_is_not_chosen() -> None:
    app = AppTest.from_function(_choices).run()
    for one in (*app.selectbox, *app.multiselect, *app.radio):
        one.options = [*one.options, "forged"]
    for one in (*app.selectbox, *app.radio):
        one.set_value("forged")
    app.multiselect[0].set_value(["forged"])
    app.run()
    assert app.text[0].value == "('x', None, [], 'x', 'x')"


def test_a_site_of_another_region_is_not_chosen_but_the_one_that_an_entry_has_stays() -> None:
    app = AppTest.from_function(_site)
    app.session_state["site_id"] = "DEMO-0458"  # of another region
    assert app.run(timeout=60).text[0].value == ""
    kept = AppTest.from_function(_site)
    kept.session_state["site_id"] = kept.session_state["kept"] = "DEMO-0458"
    assert kept.run(timeout=60).text[0].value == "DEMO-0458"
