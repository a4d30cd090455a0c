"""What a page keeps between two choices never outlives what it was made of."""

from pathlib import Path

from streamlit.testing.v1 import AppTest

from access.viewer import Viewer
from register import record


def _page() -> None:
    from dashboard.pages.picture import page  # noqa: PLC0415 - AppTest runs this function alone
    from dashboard.shell import session  # noqa: PLC0415

    with session.one_picture():
        page.run()


def _done(drawn: AppTest) -> str:
    return next(one.proto.body for one in drawn.get("html") if "rb-done" in one.proto.body)


def test_a_visit_recorded_meanwhile_stands_on_the_picture_at_the_next_choice(scored: Path) -> None:  # noqa: ARG001 - its data
    picture = AppTest.from_function(_page, default_timeout=600)
    picture.query_params["lang"], picture.query_params["unit"] = "nl", "GM0363"
    before = _done(picture.run())
    assert _done(picture.run()) == before
    visit = {"event_date": "2020-11-30", "kind": "preventief", "themes": "wonen", "gemeente_code": "GM0363"}
    visit |= {"sector_code": "lodging", "outcome": "niets aangetroffen", "partners": "GGD", "measures": "geen"}
    record.record(Viewer("lotc", is_practice=True), "activation", visit)
    after = _done(picture.run())
    assert "30 november 2020" in after
    assert "30 november 2020" not in before
    picture.query_params["sector"] = "construction"
    assert "30 november 2020" not in _done(picture.run())
    picture.query_params["unit"], picture.query_params["sector"] = "VR06", "lodging"
    assert "30 november 2020" not in _done(picture.run())
