"""What the operational picture sends at a change: few elements, for each has its price for server and browser."""

import json
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

# How sure a rank is, is proved in tests/risk/index.
pytestmark = pytest.mark.usefixtures("few_rebuilds")

APP = Path(__file__).parents[3] / "app.py"


def messages(**asked: str) -> dict[str, bytes]:
    """Return what each component of the page was told, by its name; those that come twice under their last one."""
    drawn = AppTest.from_file(str(APP), default_timeout=300)
    for name, value in asked.items():
        drawn.query_params[name] = value
    drawn.run()
    assert not drawn.exception
    return {one.proto.component_name: one.proto.bytes for one in drawn.get("bidi_component")}


@pytest.fixture(autouse=True)
def _own_data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RISICOBEELD_DATA", str(tmp_path / "data"))


def test_the_figures_of_the_few_regions_travel_with_the_map() -> None:
    told = messages(sector="construction")
    assert "risicobeeld_figures" not in told
    own, head, figures = told["risicobeeld_map"].decode().split("\n")
    assert json.loads(own)["figures"] == json.loads(head)["channel"]
    assert {"construction", "slaughter_meat"} <= set(json.loads(figures))


def test_those_of_all_gemeenten_are_sent_once_in_a_message_of_their_own() -> None:
    told = messages(level="gemeente")
    assert b"\n" not in told["risicobeeld_map"]
    assert told["risicobeeld_figures"].count(b"\n") == 1
