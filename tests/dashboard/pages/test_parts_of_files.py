"""Data: the sheet or layer is chosen from those of the file, and each file ends as by command."""

import html
import re
from pathlib import Path
from typing import Any

import geopandas as gpd
import pytest
from shapely.geometry import Point
from streamlit.testing.v1 import AppTest

from geodata.intake.files import reader
from tests.dashboard.drawn import draw
from tests.geodata.intake import test_lists_of_strangers as lists
from tests.geodata.intake.reading import put, read_sites

HEADER = ["naam", "gemeente", "bedden"]
BOOK: dict[str, list[list[Any]]] = {
    "Oud": [HEADER, ["Oud", "Tiel", 10]],
    "Nieuw": [HEADER, ["A", "Ede", 40], ["B", "Utrecht", 60]],
    "~Verborgen": [HEADER, ["Weg", "Ede", 1]],
}


def dropped(page: AppTest, path: Path) -> AppTest:
    return page.file_uploader[0].set_value((path.name, path.read_bytes(), "application/octet-stream")).run()


def receipt(page: AppTest) -> list[str]:
    shown = [element.proto.body for element in page.get("html") if 'class="rb-receipt"' in element.proto.body]
    return re.findall(r"<li>(.*?)</li>", shown[0]) if shown else []


def told(page: AppTest) -> str:
    return " ".join(element.value for element in page.info)


def test_a_sheet_is_chosen_from_those_that_are_seen(tmp_path: Path) -> None:
    page = dropped(draw("data", "nl"), put(tmp_path, "logies.xlsx", BOOK))
    assert "heeft op meer dan één werkblad een tabel" in told(page)
    assert "kies er hierboven een." in told(page)
    sheets = page.selectbox(key="data-part")
    assert sheets.options == ["vanzelf: het werkblad met een tabel", "Oud", "Nieuw"]
    sheets.set_value("Nieuw").run()
    assert not page.info
    assert (
        receipt(page)[0]
        == "logies.xlsx zou worden ingelezen: 2 rijen gelezen, 2 bewaard, 0 weggelaten; er is niets veranderd"
    )
    page.selectbox(key="data-part").set_value("Oud").run()
    assert "1 rij gelezen, 1 bewaard" in receipt(page)[0]


def test_a_layer_is_chosen_from_those_of_the_map(tmp_path: Path) -> None:
    path = tmp_path / "logies.gpkg"
    for layer, names in (("oud", ["A"]), ("nieuw", ["A", "B"])):
        points = [Point(172_000 + 5_000 * n, 450_000) for n in range(len(names))]
        gpd.GeoDataFrame({"naam": names}, geometry=points, crs=28992).to_file(path, layer=layer)
    page = dropped(draw("data", "en"), path)
    assert "choose one above" in told(page)
    layers = page.selectbox(key="data-part")
    assert layers.options == ["automatic: the only layer with sites", "oud", "nieuw"]
    layers.set_value("oud").run()
    assert "1 row read, 1 kept, 0 left out" in receipt(page)[0]


def test_there_is_nothing_to_choose_in_a_file_with_one_sheet_or_layer(tmp_path: Path) -> None:
    one = {"Blad1": BOOK["Nieuw"], "~Verborgen": BOOK["Oud"]}
    broken = put(tmp_path, "b.xlsx", b"PK\x03\x04 no workbook")
    assert [reader.parts(path, path.name) for path in (put(tmp_path, "a.xlsx", one), broken)] == [reader.Parts()] * 2


@pytest.mark.parametrize("name", ["an object, its postcode and its most persons", "a second table below", "zero rows"])
def test_a_list_whose_kind_is_answered_ends_as_by_command(tmp_path: Path, name: str) -> None:
    file, content, _, answer = lists.SITES[name]
    path = put(tmp_path, file, content)
    page = dropped(draw("data", "en"), path)
    if isinstance(answer, str):
        assert re.search(answer, page.error[0].value)
        return
    assert "choose the kind above" in told(page)
    page.selectbox(key="data-site-kind").set_value("lodging").run()
    _, by_command = read_sites(path, kind="lodging")
    by_command.note("covers_unsaid")  # the import adds it
    by_command.is_dry_run = True
    assert [html.unescape(line) for line in receipt(page)] == by_command.sentences(is_command=False)
