"""What the panel of reasons says of one area: what its class asks, and how sure its place is."""

import pandas as pd
import pytest
from markupsafe import Markup

from access.viewer import parse_viewer
from dashboard.parts import figures, reasons
from dashboard.shell.session import Selection
from door.store import open_store
from words import read_texts

pytestmark = pytest.mark.usefixtures("scored")


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch):
    """Give what tells of the first area with a row of scores like this, and that row."""
    store, texts, drawn = open_store(parse_viewer("lotc")), read_texts("nl"), list[Markup]()
    monkeypatch.setattr(reasons, "show", drawn.append)

    def tell(query: str, level: str = "gemeente") -> tuple[str, pd.Series]:
        shown = figures.read_picture(store, level)
        row = shown.scores.query(query).iloc[0]
        reasons.panel(texts, Selection(unit=row["area_code"], sector=row["sector_code"]), store, shown)
        return drawn[-1].striptags(), row

    return tell


def test_an_area_that_is_high_but_unsure_asks_to_find_out_first_as_the_map_does(told) -> None:
    words, _ = told("risk_class == 4 and not is_flagged", "vr")
    assert "zoek eerst uit" in words
    assert "Plan een preventief bezoek" not in words
    words, _ = told("risk_class == 4 and is_flagged")
    assert "Plan een preventief bezoek" in words


def test_a_place_that_is_sure_is_said_once(told) -> None:
    words, row = told("rank_p05 == rank_p95")
    assert f"Plaats {row['rank']:.0f} van" in words
    assert "zekerheid tussen" not in words
