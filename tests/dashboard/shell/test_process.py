"""What one process changes of Streamlit for all its pages."""

from streamlit.testing.v1 import AppTest


def _page() -> None:
    import streamlit as st  # noqa: PLC0415 - the script of a page of its own
    from streamlit.runtime.scriptrunner import get_script_run_ctx  # noqa: PLC0415 - idem

    from dashboard.shell.process import NamedState  # noqa: PLC0415 - idem

    part = st.components.v2.component("part_of_test", js="export default () => {}")
    st.session_state.update({"kept": ["anything"], "emptied": None})
    st.text_input("without a name")
    st.selectbox("box", ["a", "b"], key="box", index=None)
    st.selectbox("emptied", ["a", "b"], key="emptied")
    part(key="part", default={"chosen": "VR06"}, on_chosen_change=lambda: None)
    context = get_script_run_ctx()
    assert context is not None
    named = context.session_state.filtered_state
    whole = context.session_state._state.filtered_state
    st.json({"is": isinstance(named, NamedState), "same": dict(named) == whole, "names": sorted(named)})


def test_a_box_finds_in_the_state_what_streamlit_would_have_shown_it() -> None:
    page = AppTest.from_function(_page).run()
    page.selectbox(key="box").select("b").run()
    assert not page.exception
    assert page.json[0].value == '{"is": true, "same": true, "names": ["box", "emptied", "kept", "part"]}'
    assert [page.selectbox(key=name).value for name in ("box", "emptied")] == ["b", None]
