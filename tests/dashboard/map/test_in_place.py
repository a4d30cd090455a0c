"""A figure of an imported workbook as a layer of the map: its fifths, its words, who sees it."""

from pathlib import Path

import pandas as pd
import pytest

from access.viewer import parse_viewer
from dashboard.map import in_place
from dashboard.shell.session import read_selection
from door.store import ScopedStore, open_store
from geodata.refresh import imports
from tests.geodata.intake.reading import put
from words import read_texts

ROWS = [["Gemeente", "Woningen"], ["Ede", 50], ["Amsterdam", 40], ["Utrecht", 30], ["Tilburg", 20], ["Zwolle", 10],
        ["Almere", "x"]]  # fmt: skip


@pytest.fixture
def with_workbook(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ScopedStore:
    monkeypatch.setenv("RISICOBEELD_DATA", str(tmp_path / "data"))
    imports.import_workbook(put(tmp_path, "maatwerk.xlsx", {"T": ROWS}), 2019)
    return open_store(parse_viewer("lotc"))


def test_a_figure_of_a_workbook_can_be_chosen_drawn_taken_away_and_linked(with_workbook: ScopedStore) -> None:
    store, texts = with_workbook, read_texts("nl")
    assert in_place.own_options(texts, store, "vr") == {}
    [(heading, named)] = in_place.own_options(texts, store, "gemeente").items()
    [(key, title)] = named.items()
    assert (heading, title) == ("Uit ingelezen maatwerktabellen", "T: Woningen (2019)")
    assert read_selection({"inside": key}).inside == key  # the address keeps it
    areas = ["GM0228", "GM0193", "GM0034", "GM0003"]
    rows = pd.DataFrame({"area_code": areas, "unit_id": areas, "sector_code": ""})
    made = in_place._own_layer(texts, store, rows, key)
    assert made is not None
    assert made.steps == (0, 4, None, None)
    assert made.told[:2] == ("50", "10")
    assert made.told[2] == texts("missing_means.suppressed")
    assert made.words == ("42 of meer", "34 – 42", "26 – 34", "18 – 26", "minder dan 18")
    assert texts("context.how") in made.notes
    file = in_place._with_own_figures(store, rows, key)
    assert file["raw_value"].tolist()[:2] == [50, 10]
    assert file["indicator_status"].tolist() == ["official", "official", "missing", "missing"]
    assert in_place._own_layer(texts, store, rows, "distance_to_lodging") is None


def test_who_sees_one_region_gets_no_figure_of_another(with_workbook: ScopedStore) -> None:
    [key] = in_place.own_options(read_texts("nl"), with_workbook, "gemeente")["Uit ingelezen maatwerktabellen"]
    own = open_store(parse_viewer("region:VR13"))
    rows = pd.DataFrame({"area_code": ["GM0363", "GM0228"]})
    made = in_place._own_layer(read_texts("en"), own, rows, key)
    assert made is not None
    assert made.told == ("40", "not given")
    assert made.words == ("the same everywhere",)
