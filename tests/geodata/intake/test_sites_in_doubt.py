"""Rows and files of sites that could be taken for something they are not, with their right answer. All is invented."""

import io
import zipfile
from datetime import date
from pathlib import Path
from typing import Any

import openpyxl
import pandas as pd
import pytest

from geodata.errors import InputError
from tests.geodata.intake.reading import put, read_sites

EDE, AMSTERDAM, HENGELO = "GM0228", "GM0363", "GM0164"


def rows(*cells: list[object], merged: str = "") -> bytes:
    made, held = openpyxl.Workbook(), io.BytesIO()
    for row in cells:
        made.active.append(row)
    if merged:
        made.active.merge_cells(merged)
    made.save(held)
    return held.getvalue()


def packed(files: dict[str, str]) -> bytes:
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w") as zipped:
        for name, content in files.items():
            zipped.writestr(name, content)
    return held.getvalue()


NESTED = (
    '<kml xmlns="http://www.opengis.net/kml/2.2"><Document><Folder><name>NL</name><Folder><name>Oost</name><Placemark>'
    "<name>A</name><Point><coordinates>5.7,52.05</coordinates></Point></Placemark></Folder></Folder></Document></kml>"
)
ONE = [("A", EDE, None)]
LIST = "naam;gemeente\nA;Ede\n"
FILES: dict[str, tuple[str, object, dict[str, Any], object]] = {
    "a town of that name in another province": (
        "a.csv",
        "naam;plaats;provincie\nA;Ede;Gelderland\nB;Hengelo;Gelderland\n",
        {},
        ONE,
    ),
    "a town of that name by its postcode": (
        "a.csv",
        "naam;postcode;plaats\nA;6711AB;Ede\nB;7255 AB;Hengelo\nC;7551AA;Hengelo\n",
        {},
        [*ONE, ("C", HENGELO, None)],
    ),
    "a town with its province behind": ("a.csv", "naam;plaats\nA;EDE GLD\nB;Hengelo (Gld)\n", {}, ONE),
    "towns in capitals": (
        "a.csv",
        "naam;plaats\nA;KATWIJK ZH\nB;'S-GRAVENHAGE\n",
        {},
        [("A", "GM0537", None), ("B", "GM0518", None)],
    ),
    "two gemeenten in a cell": ("a.csv", "naam;gemeente\nA;Ede\nB;Ede / Wageningen\n", {}, ONE),
    "a gemeente abroad": ("a.csv", "naam;land;gemeente\nA;NL;Ede\nB;Duitsland;Bergen\n", {}, [*ONE, ("B", "", None)]),
    "a second row of a merged cell": (
        "a.xlsx",
        rows(["naam", "gemeente", "bedden"], ["A", "Ede", 40], [None, None, 20], merged="A2:A3"),
        {},
        [("A", EDE, 40), ("A", "", 20)],  # the name stands over both; of the second no place is known, and that is told
    ),
    "headers with a year": ("a.csv", "naam;Gemeentenaam 2023;bedden 2023\nA;Ede;40\n", {}, [("A", EDE, 40)]),
    "two years of a field": ("a.csv", "naam;gemeente;bedden 2022;bedden 2023\nA;Ede;30;40\n", {}, ONE),
    "a list of who houses": ("a.csv", "Naam huisvester;Plaats;Max. aantal personen\nA;Ede;40\n", {}, [("A", EDE, 40)]),
    "a list of locations": ("a.csv", "Locatie;Gemeente;Aantal arbeidsmigranten\nA;Ede;40\n", {}, [("A", EDE, 40)]),
    "tables side by side": (
        "a.xlsx",
        rows(["naam", "gemeente", None, "naam", "gemeente"], ["A", "Ede", None, "B", "Ede"]),
        {},
        "two columns called",
    ),
    "beds that became a day": ("a.xlsx", rows(["naam", "gemeente", "bedden"], ["A", "Ede", date(2023, 2, 1)]), {}, ONE),
    "a size in ranges": (
        "a.csv",
        "naam;gemeente;werkzame personen\nA;Ede;50 tot 100\nB;Amsterdam;250 of meer\n",
        {},
        [*ONE, ("B", AMSTERDAM, None)],
    ),
    "kinds in the plural": ("a.csv", "naam;soort;gemeente\nA;DISTRIBUTIECENTRA;Ede\n", {"kind": ""}, ONE),
    "a kind that nobody knows": ("a.csv", "naam;soort;gemeente\nA;Kerk;Ede\n", {}, "row 2: 'Kerk' is no kind of site"),
    "records called CSV": ("a.csv", '[{"naam": "A"}]', {}, "holds JSON; name it .json"),
    "a map called text": ("a.txt", '{\n "type": "FeatureCollection"}', {}, "holds JSON; name it .json"),
    "a table called a map": ("a.geojson", LIST, {}, "no GeoJSON"),
    "a map without features": ("a.geojson", '{"type": "FeatureCollection", "features": null}', {}, "a.geojson"),
    "half a map": ("a.geojson", '{"type": "FeatureCollection", "features": [{"type"', {}, "cannot be read as a map"),
    "a table and what explains it": ("a.zip", packed({"lijst.csv": LIST, "leesmij.txt": "Dit is de lijst."}), {}, ONE),
    "a folder of folders": ("a.kml", NESTED, {}, ONE),
    "a link to a map": (
        "a.kml",
        NESTED.split("<Folder>", maxsplit=1)[0] + "<NetworkLink/></Document></kml>",
        {},
        "a.kml",
    ),
    "a geometry of a database": (
        "a.csv",
        "naam;geom\nA;0101000020E61000000000000000001640CDCCCCCCCC0C4A40\n",  # POINT(5.5 52.1)
        {},
        [("A", "GM0279", None)],
    ),
    "metres with a point and a comma": ("a.csv", "naam;x;y\nA;172.000,12;450.000,50\n", {}, ONE),
    "a point of nil and a gemeente": (
        "a.csv",
        "naam;gemeente;lat;lon\nA;Ede;0;0\nB;Ede;52.05;5.7\nC;Ede;52.05;5.71\n",
        {},
        [*ONE, ("B", EDE, None), ("C", EDE, None)],
    ),
}


@pytest.mark.parametrize("name", FILES)
def test_a_doubtful_list_gives_its_right_answer(tmp_path: Path, name: str) -> None:
    file_name, content, asked, answer = FILES[name]
    path = put(tmp_path, file_name, content)
    if isinstance(answer, str):
        with pytest.raises(InputError, match=answer):
            read_sites(path, **asked)
        return
    table, receipt = read_sites(path, **({"is_partial": True} | asked))
    found = [(row.name, row.gemeente_code, None if pd.isna(row.size_n) else row.size_n) for row in table.itertuples()]
    assert found == answer
    told = {line.row_n for line in (*receipt.left_out, *receipt.passed)}
    assert receipt.kept_n + len(told) >= receipt.rows_n
    for language in ("nl", "en"):
        assert receipt.sentences(language)


def test_a_receipt_names_fields_in_the_language_of_the_reader(tmp_path: Path) -> None:
    _, receipt = read_sites(put(tmp_path, "a.csv", "Locatie;Gemeente;Bedden\nA;Ede;40\n"))
    assert "kolommen gelezen: naam = Locatie, gemeente = Gemeente, bedden = Bedden" in receipt.sentences("nl")
    assert "columns read: name = Locatie, gemeente = Gemeente, beds = Bedden" in receipt.sentences("en")
