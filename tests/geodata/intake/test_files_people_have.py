"""Files as people have them: each a text, or typed cells, with its right answer. All names and figures are invented."""

import gzip
import io
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import openpyxl
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from access.viewer import Viewer
from geodata.errors import InputError, RisicobeeldError
from geodata.intake import cells, recognise, workbooks
from geodata.intake.columns import ColumnMapping
from geodata.intake.files import reader
from geodata.intake.files.table import Options
from geodata.intake.places import known_places
from register import imports as register_imports
from tests.examples import examples
from tests.geodata.intake.reading import SECTIONS as ALL_SECTIONS
from tests.geodata.intake.reading import areas, geojson, point, put, read_cases, read_counts, read_sites, zipped

GROUPS = "vest_A;vest_B_F;vest_G_I;vest_H_J;vest_K_L;vest_M_N;vest_O_Q;vest_R_U"
SECTIONS = ALL_SECTIONS[:19]  # those that CBS counts per gemeente
COLUMN_NAMES = GROUPS.split(";")


# --- sites: name -> what the file holds, options, and (name, gemeente, size, unit) of each site or the refusal


EDE, AMSTERDAM, BERG = "GM0228", "GM0363", "GM0373"
SITES: dict[str, tuple[str, object, dict[str, Any], object]] = {
    "bom, quotes, CRLF": (
        "a.csv",
        b'\xef\xbb\xbf"Naam";"lat";"lon"\r\n"Een";"52,05";"5,70"\r\n',
        {},
        [("Een", EDE, None)],
    ),
    "UTF-16 of a spreadsheet": (
        "a.txt",
        "Naam\tlat\tlon\nEen\t52.05\t5.70\n".encode("utf-16"),
        {},
        [("Een", EDE, None)],
    ),
    "windows letters": ("a.csv", "naam;lat;lon\nCafé;52,05;5,70\n".encode("cp1252"), {}, [("Café", EDE, None)]),
    "a bar between cells": ("a.csv", "naam|lat|lon\nEen|52.05|5.70\n", {}, [("Een", EDE, None)]),
    "sep= in front": ("a.csv", "sep=;\nnaam;lat;lon\nEen;52.05;5.70\n", {}, [("Een", EDE, None)]),
    "title padded with separators": (
        "a.csv",
        "Lijst 2020;;\n;;\nnaam;lat;lon\nEen;52.05;5.70\n",
        {},
        [("Een", EDE, None)],
    ),
    "title of two cells": ("a.csv", "Peildatum;1-1-2020;\nnaam;lat;lon\nEen;52.05;5.70\n", {}, [("Een", EDE, None)]),
    "source padded below": ("a.csv", "naam;lat;lon\nEen;52.05;5.70\nBron: gemeente;;\n", {}, [("Een", EDE, None)]),
    "rows with more blank cells": ("a.csv", "naam;lat;lon\nEen;52.05;5.70;;\n", {}, [("Een", EDE, None)]),
    "fte with Dutch thousands": (
        "a.csv",
        "naam;x;y;fte\nEen;172000,5;450000,5;1.250\nTwee;121000,0;487000,0;12,5\n",
        {},
        [("Een", EDE, 1250), ("Twee", AMSTERDAM, 12.5)],
    ),
    "fte below one": ("a.csv", "naam;lat;lon;fte\nEen;52.05;5.70;0,125\n", {}, [("Een", EDE, 0.125)]),
    "beds with a word": ("a.csv", "naam;lat;lon;bedden\nEen;52.05;5.70;1.200 bedden\n", {}, [("Een", EDE, 1200)]),
    "beds that are no number": ("a.csv", "naam;lat;lon;bedden\nEen;52.05;5.70;ca. 200\n", {}, [("Een", EDE, None)]),
    "nil beds are not known": ("a.csv", "naam;lat;lon;bedden\nEen;52.05;5.70;-\n", {}, [("Een", EDE, None)]),
    "typed fte": (
        "a.xlsx",
        {"Blad1": [["naam", "lat", "lon", "fte"], ["Een", 52.05, 5.7, 0.875], ["Twee", 52.37, 4.9, 1.234]]},
        {},
        [("Een", EDE, 0.875), ("Twee", AMSTERDAM, 1.234)],
    ),
    "typed and text fte": (
        "a.xlsx",
        {"Blad1": [["naam", "lat", "lon", "fte"], ["Een", 52.05, 5.7, "3,5"], ["Twee", 52.37, 4.9, 1.234]]},
        {},
        [("Een", EDE, 3.5), ("Twee", AMSTERDAM, 1.234)],
    ),
    "two header rows": (
        "a.xlsx",
        {
            "Blad1": [
                ["Overzicht"],
                ["naam", None, None],
                [None, None, None],
                ["naam", "lat", "lon"],
                ["Een", 52.05, 5.7],
            ]
        },
        {},
        [("Een", EDE, None)],
    ),
    "hidden old sheet": (
        "a.xlsx",
        {"~Oud": [["naam", "lat", "lon"], ["Oud", 52.37, 4.9]], "Nu": [["naam", "lat", "lon"], ["Een", 52.05, 5.7]]},
        {},
        [("Een", EDE, None)],
    ),
    "two sheets": (
        "a.xlsx",
        {"2019": [["naam", "lat", "lon"], ["A", 52.37, 4.9]], "2020": [["naam", "lat", "lon"], ["Een", 52.05, 5.7]]},
        {},
        "'2019', '2020'.*--sheet",
    ),
    "two sheets and a choice": (
        "a.xlsx",
        {"2019": [["naam", "lat", "lon"], ["A", 52.37, 4.9]], "2020": [["naam", "lat", "lon"], ["Een", 52.05, 5.7]]},
        {"options": Options(sheet="2020")},
        [("Een", EDE, None)],
    ),
    "a hidden sheet is not for the asking": (
        "a.xlsx",
        {"~Oud": [["naam", "lat", "lon"], ["Oud", 52.37, 4.9]], "Nu": [["naam", "lat", "lon"], ["Een", 52.05, 5.7]]},
        {"options": Options(sheet="Oud")},
        "is hidden",
    ),
    "names of every day": (
        "a.csv",
        "naam;gemeente\nA;den haag\nB;’s-Gravenhage\nC;Gemeente Ede\nD;Bergen (NH)\nE;Sudwest Fryslan\n",
        {},
        [("A", "GM0518", None), ("B", "GM0518", None), ("C", EDE, None), ("D", BERG, None), ("E", "GM1900", None)],
    ),
    "codes of every kind": (
        "a.csv",
        "naam;gemeentecode\nA;363\nB;0363\nC;gm0363\nD;GM 0363\nE;GM0363 \n",
        {},
        [(name, AMSTERDAM, None) for name in "ABCDE"],
    ),
    "typed codes": (
        "a.xlsx",
        {"B": [["naam", "gemeentecode"], ["A", 363], ["B", 228.0]]},
        {},
        [("A", AMSTERDAM, None), ("B", EDE, None)],
    ),
    "gone since 2021": (
        "a.csv",
        "naam;gemeente\nA;Appingedam\nB;GM0756\nC;Weesp\n",
        {},
        [("A", "GM1979", None), ("B", "GM1982", None), ("C", AMSTERDAM, None)],
    ),
    "a name of two": ("a.csv", "naam;gemeente\nA;Bergen\n", {}, r"keeps 0 of 1 row \(row 2: Bergen is no gemeente"),
    "a town that is a gemeente": (
        "a.csv",
        "Naam;Postcode;Vestigingsplaats;Aantal bedden\nA;6711AB;Ede;40\n",
        {},
        [("A", EDE, 40)],
    ),
    "a province is no gemeente": ("a.csv", "naam;gemeente\nA;Utrecht (PV)\nB;Ede\n", {}, [("B", EDE, None)]),
    "a total below": ("a.csv", "naam;gemeente;bedden\nA;Ede;10\nTotaal;;10\n", {}, [("A", EDE, 10)]),
    "kinds in Dutch": ("a.csv", "naam;soort;lat;lon\nA;Slachthuis;52.05;5.70\n", {}, [("A", EDE, None)]),
    "an unknown kind": ("a.csv", "naam;soort;lat;lon\nA;kerk;52.05;5.70\n", {}, "row 2: 'kerk' is no kind"),
    "the type of an object": ("a.csv", "naam;type;lat;lon\nA;node;52.05;5.70\n", {}, [("A", EDE, None)]),
    "countries in words": (
        "a.csv",
        "naam;land;lat;lon\nA;Nederland;52.05;5.70\nB;Duitsland;51.8;6.4\n",
        {},
        [("A", EDE, None), ("B", "", None)],
    ),
    "another country": ("a.csv", "naam;land;lat;lon\nA;Polen;52.05;5.70\n", {}, "NL, DE or BE"),
    "metres with points": ("a.csv", "naam;x;y\nA;172.000;450.000\n", {}, [("A", EDE, None)]),
    "metres under x-coördinaat": (
        "a.csv",
        "naam;X-coördinaat (RD);Y-coördinaat (RD)\nA;172000;450000\n",
        {},
        [("A", EDE, None)],
    ),
    "exchanged degrees": ("a.csv", "naam;lat;lon\nA;5.70;52.05\n", {}, "seem exchanged"),
    "exchanged in a map": ("a.geojson", geojson(point(52.05, 5.7, name="A")), {}, "seem exchanged"),
    "metres in a map": ("a.geojson", geojson(point(155000, 463000, name="A")), {}, "metres, not"),
    "all abroad": ("a.csv", "naam;lat;lon\nA;51.79;6.14\n", {}, "keeps 0 of 1"),
    "a map with a tag on some": (
        "a.geojson",
        geojson(point(5.7, 52.05, name="A", capacity="120"), point(4.9, 52.37, name="B")),
        {},
        [("A", EDE, 120), ("B", AMSTERDAM, None)],
    ),
    "a map with a byte-order mark": (
        "a.geojson",
        "\ufeff" + geojson(point(5.7, 52.05, name="A")),
        {},
        [("A", EDE, None)],
    ),
    "a list as GeoJSON": ("a.geojson", "[1, 2]", {}, "no GeoJSON"),
    "another JSON": ("a.json", '{"type": "Topology", "objects": {}, "arcs": []}', {}, "cannot be read as a map"),
    "a virtual map": ("a.kml", '<OGRVRTDataSource><OGRVRTLayer name="x"/></OGRVRTDataSource>', {}, "no KML"),
    "entities in KML": ("a.kml", '<!DOCTYPE a [<!ENTITY b "c">]><kml>&b;</kml>', {}, "entities"),
    "a table called GeoPackage": ("a.gpkg", b"SQLite format 3\x00" + bytes(100), {}, "no GeoPackage"),
    "half a zip": ("a.zip", b"PK\x03\x04abc", {}, "cannot be read as a zip"),
    "one part of a shape": ("a.shp", b"\x00\x00\x27\x0a", {}, ".dbf or .shx"),
    "a quote that stays open": ("a.csv", 'naam;lat;lon\n"t Huis;52.05;5.70\nB;52.06;5.71\n', {}, "row 2 opens a quote"),
    "a quote that closes rows later": (
        "a.csv",
        'naam;lat;lon\n"t A;52.05;5.70\nB;52.06;5.71\n"C";52.07;5.71\n',
        {},
        "row 2 opens a quote|breaks off",
    ),
    "a header twice": ("a.csv", "naam;Naam;lat;lon\nA;B;52.05;5.70\n", {}, "two columns called 'Naam'"),
    "a remark twice": ("a.csv", "naam;opmerking;opmerking;lat;lon\nA;x;y;52.05;5.70\n", {}, [("A", EDE, None)]),
    "a web page": ("a.csv", "<!DOCTYPE html><html></html>", {}, "web page"),
    "a workbook called csv": ("a.csv", b"PK\x03\x04" + bytes(64), {}, "workbook or zip"),
    "text called xlsx": ("a.xlsx", "naam;lat\nA;52\n", {}, "no workbook"),
    "an old workbook": ("a.xlsx", b"\xd0\xcf\x11\xe0" + bytes(64), {}, "old workbook"),
    "a spreadsheet of another kind": ("a.xlsb", b"PK\x03\x04", {}, "save it as .xlsx"),
    "a formula that nobody calculated": (
        "a.xlsx",
        {"B": [["naam", "lat", "lon", "fte"], ["A", 52.05, 5.7, "=1+1"]]},
        {},
        "cell D2",
    ),
    "two notations": (
        "a.csv",
        "naam;lat;lon;fte\nA;52.05;5.70;1,5\nB;52.05;5.71;2.25\n",
        {},
        "two notations.*row 3.*row 2|two notations",
    ),
    "the point goes before the name": (
        "a.csv",
        "naam;gemeente;lat;lon\nA;Amsterdam;52.05;5.70\n",
        {},
        [("A", EDE, None)],
    ),
    "one bad row of three": (
        "a.csv",
        "naam;lat;lon\nA;52.05;5.70\nB;52.37;4.90\nC;0;0\n",
        {},
        [("A", EDE, None), ("B", AMSTERDAM, None)],
    ),
    "most rows bad": ("a.csv", "naam;lat;lon\nA;52.05;5.70\nB;0;0\nC;0.1;0\n", {}, "keeps 1 of 3.*--partial"),
    "a point as WKT": ("a.csv", 'WKT,naam,bedden\n"POINT (5.70 52.05)",A,40\n', {}, [("A", EDE, 40)]),
    "a column geometry of texts": ("a.csv", "naam;geometry\nA;POINT (5.70 52.05)\n", {}, [("A", EDE, None)]),
    "both degrees in a cell": (
        "a.csv",
        "naam;coordinaten\nA;52.05, 5.70\nB;4.90, 52.37\n",
        {},
        [("A", EDE, None), ("B", AMSTERDAM, None)],
    ),
    "both degrees with commas": ("a.csv", "naam;gps\nA;52,05 5,70\n", {}, [("A", EDE, None)]),
    "degrees, minutes and seconds": ("a.csv", "naam;lat;lon\nA;52°03'00\"N;5°42'00\"O\n", {}, [("A", EDE, None)]),
    "degrees with their mark": ("a.csv", "naam;lat;lon\nA;52,05°;5,70°\n", {}, [("A", EDE, None)]),
    "metres exchanged": ("a.csv", "naam;x;y\nA;450000;172000\nB;487000;121000\n", {}, "x and y seem exchanged"),
    "degrees that lost their point": ("a.csv", "naam;lat;lon\nA;5205123;570123\n", {}, "neither degrees"),
    "kilometres": ("a.csv", "naam;x;y\nA;172.0;450.0\n", {}, "neither degrees"),
    "web mercator in a table": ("a.csv", "naam;x;y\nA;634521.1;6797768.3\n", {}, "neither degrees"),
    "formulas that keep zeros": (
        "a.csv",
        'naam;gemeentecode;bedden\n="A";="0363";="40"\n',
        {},
        [("A", AMSTERDAM, 40)],
    ),
    "a code and a name in a cell": (
        "a.csv",
        "naam;gemeente\nA;GM0363 Amsterdam\nB;Amsterdam (GM0363)\nC;0363 - Amsterdam\nD;NL.IMBAG.Gemeente.0363\nE;'0363\n",
        {},
        [(name, AMSTERDAM, None) for name in "ABCDE"],
    ),
    "a code and a name of two places": (
        "a.csv",
        "naam;gemeente\nA;GM0363 Utrecht\n",
        {},
        "keeps 0 of 1|no row that can",
    ),
    "footnotes behind names": (
        "a.csv",
        "naam;gemeente\nA;Amsterdam*\nB;Ede 1)\nC;Utrecht²\n",
        {},
        [("A", AMSTERDAM, None), ("B", EDE, None), ("C", "GM0344", None)],
    ),
    "letters read twice": ("a.csv", "naam;gemeente\nA;SÃºdwest-FryslÃ¢n\n", {}, [("A", "GM1900", None)]),
    "a row of units": (
        "a.xlsx",
        {"B": [["naam", "gemeente", "bedden", "oppervlakte"], [None, None, "aantal", "m2"], ["A", "Ede", 40, 1200]]},
        {},
        [("A", EDE, 40)],
    ),
    "blank rows and a blank first column": (
        "a.xlsx",
        {"B": [[], [None], [None, "naam", "gemeente", "bedden"], [None, "A", "Ede", 40], [None, "Totaal", None, 40]]},
        {},
        [("A", EDE, 40)],
    ),
    "UTF-16, big end first": (
        "a.csv",
        b"\xfe\xff" + "naam;lat;lon\nA;52,05;5,70\n".encode("utf-16-be"),
        {},
        [("A", EDE, None)],
    ),
    "two marks in front": (
        "a.csv",
        b'\xef\xbb\xbf\xef\xbb\xbf"Naam";"lat";"lon"\r\n"A";"52,05";"5,70"\r\n',
        {},
        [("A", EDE, None)],
    ),
    "kinds with more behind them": (
        "a.csv",
        "naam;soort;gemeente\nA;Slachterij (rund);Ede\nB;Campings;Ede\n",
        {},
        [("A", EDE, None), ("B", EDE, None)],
    ),
    "fte in ranges": ("a.csv", "naam;gemeente;fte\nA;Ede;10-19\nB;Ede;50\n", {}, [("A", EDE, None), ("B", EDE, 50)]),
    "a province beside Bergen": (
        "a.csv",
        "naam;gemeente;provincie\nA;Bergen;Noord-Holland\nB;Bergen;Limburg\n",
        {},
        [("A", BERG, None), ("B", "GM0893", None)],
    ),
    "gemeente in front and behind": (
        "a.csv",
        "naam;gemeente\nA;Gem. Ede\nB;Ede, gemeente\nC;gemeente  's Hertogenbosch\n",
        {},
        [("A", EDE, None), ("B", EDE, None), ("C", "GM0796", None)],
    ),
    "a country with its code": ("a.csv", "naam;land;lat;lon\nA;Nederland (NL);52.05;5.71\n", {}, [("A", EDE, None)]),
    "a header of two lines": ("a.csv", 'naam;"aantal\nbedden";gemeente\nA;40;Ede\n', {}, [("A", EDE, 40)]),
    "tabs, and sep= in front": ("a.csv", "sep=\t\nnaam\tlat\tlon\nA\t52.05\t5.70\n", {}, [("A", EDE, None)]),
    "gzipped": ("a.csv.gz", gzip.compress(b"naam;lat;lon\nA;52,05;5,70\n"), {}, [("A", EDE, None)]),
    "half a gzip": ("a.csv.gz", gzip.compress(b"naam;lat;lon\nA;52,05;5,70\n")[:-9], {}, "cannot be unpacked"),
    "a table in a zip": ("a.zip", zipped({"map/lijst.csv": "naam;lat;lon\nA;52,05;5,70\n"}), {}, [("A", EDE, None)]),
    "two tables in a zip": (
        "a.zip",
        zipped({"a.csv": "naam;lat;lon\n", "b.csv": "naam;lat;lon\n"}),
        {},
        "a.csv, b.csv",
    ),
    "records as JSON": ("a.json", '[{"naam": "A", "lat": 52.05, "lon": 5.7, "bedden": 40}]', {}, [("A", EDE, 40)]),
    "records under value": ("a.json", '{"value": [{"naam": "A", "gemeente": "Ede"}]}', {}, [("A", EDE, None)]),
    "quotes within a name": (
        "a.csv",
        'naam;gemeente\n"Camping ""De Heide""";Ede\n',
        {},
        [('Camping "De Heide"', EDE, None)],
    ),
    "two folders in KML": (
        "a.kml",
        '<kml xmlns="http://www.opengis.net/kml/2.2"><Document>'
        + "".join(
            f"<Folder><name>{one}</name><Placemark><name>{one}</name><Point><coordinates>5.7,52.05</coordinates></Point>"
            "</Placemark></Folder>"
            for one in ("een", "twee")
        )
        + "</Document></kml>",
        {},
        "een, twee.*--layer",
    ),
    "most rows bad, and asked for": (
        "a.csv",
        "naam;lat;lon\nA;52.05;5.70\nB;0;0\nC;0.1;0\n",
        {"is_partial": True},
        [("A", EDE, None)],
    ),
}


@pytest.mark.parametrize("name", SITES)
def test_a_list_of_sites_gives_its_right_answer(tmp_path: Path, name: str) -> None:
    file_name, content, asked, answer = SITES[name]
    path = put(tmp_path, file_name, content)
    if isinstance(answer, str):
        with pytest.raises(InputError, match=answer):
            read_sites(path, **asked)
        return
    table, _ = read_sites(path, **asked)
    found = [
        (row.name, row.gemeente_code, None if pd.isna(row.size_n) else row.size_n)
        for row in table.itertuples(index=False)
    ]
    assert found == answer


def test_what_is_left_out_or_read_otherwise_is_told_by_row(tmp_path: Path) -> None:
    text = "naam;gemeente;lat;lon;bedden;kleur\nA;Ede;52.05;5.70;ca. 9;rood\nB;Ede;;;1;\nC;Nergens;;;1;\nD;Amsterdam;52.05;5.70;2;\n"
    _, receipt = read_sites(put(tmp_path, "a.csv", text))
    assert [(line.row_n, line.key) for line in receipt.left_out] == [(4, "place_unknown")]
    assert {(line.row_n, line.key) for line in receipt.changed} == {(2, "size_unreadable"), (5, "elsewhere")}
    assert receipt.columns_passed == ["kleur"]
    assert list(receipt.places_missed) == ["Nergens"]
    for language in ("nl", "en"):
        assert any("Nergens" in sentence for sentence in receipt.sentences(language))
        assert receipt.rows(language)["row_n"].tolist() == [2, 4, 5]


# --- cases


DAYS = "".join(
    f"Ede;{day}-9-2020;{n}\n" for day, n in ((7, 1), (8, 2), (9, 3), (10, 1), (11, 5), (12, 2), (13, 4), (14, 9))
)
CASES: dict[str, tuple[str, object, dict[str, Any], object]] = {
    "year and week apart": ("a.csv", "gemeente;jaar;week;aantal\nEde;2020;37;5\n", {}, {("x", EDE, "2020-W37"): 5}),
    "typed year and week": (
        "a.xlsx",
        {"B": [["gemeente", "jaar", "week", "aantal"], ["Ede", 2020, 37, 5]]},
        {},
        {("x", EDE, "2020-W37"): 5},
    ),
    "week in words": (
        "a.csv",
        "gemeente;week;aantal\nEde;2020 week 37;5\nEde;week 38 2020;6\n",
        {},
        {("x", EDE, "2020-W37"): 5, ("x", EDE, "2020-W38"): 6},
    ),
    "week 53 of a year with 52": ("a.csv", "gemeente;jaar;week;aantal\nEde;2021;53;5\n", {}, "2021 has 52 weeks"),
    "week 53 of a year with 53": ("a.csv", "gemeente;week;aantal\nEde;2020-W53;5\n", {}, {("x", EDE, "2020-W53"): 5}),
    "a week that is a day": ("a.csv", "gemeente;datum;aantal\nEde;3-9-20;5\n", {}, {("x", EDE, "2020-W36"): 5}),
    "a serial day": ("a.csv", "gemeente;datum;aantal\nEde;44077;5\n", {}, {("x", EDE, "2020-W36"): 5}),
    "marks": (
        "a.csv",
        "gemeente;week;aantal\nEde;202037;<5\nAmsterdam;202037;-\nUtrecht;202037;x\nZwolle;202037;#N/B\nBreda;202037;1.234*\n",
        {},
        {
            ("x", EDE, "2020-W37"): None,
            ("x", AMSTERDAM, "2020-W37"): 0,
            ("x", "GM0344", "2020-W37"): None,
            ("x", "GM0193", "2020-W37"): None,
            ("x", "GM0758", "2020-W37"): 1234,
        },
    ),
    "a day without a figure": (
        "a.csv",
        "gemeente;datum;aantal\nEde;3-9-2020;5\nEde;4-9-2020;x\n",
        {},
        {("x", EDE, "2020-W36"): None},
    ),
    "half a case": ("a.csv", "gemeente;week;aantal\nEde;202037;3,5\n", {}, "is no count"),
    "cases below nil": ("a.csv", "gemeente;week;aantal\nEde;202037;-3\n", {}, "cannot be"),
    "an unfinished week": ("a.csv", "gemeente;datum;aantal\n" + DAYS, {}, {("x", EDE, "2020-W37"): 18}),
    "a day a week": (
        "a.csv",
        "gemeente;datum;aantal\nEde;7-9-2020;4\nEde;14-9-2020;2\n",
        {},
        {("x", EDE, "2020-W37"): 4, ("x", EDE, "2020-W38"): 2},
    ),
    "cumulative": (
        "a.csv",
        "gemeente;datum;aantal\nEde;7-9-2020;900\nEde;8-9-2020;910\nEde;9-9-2020;925\n",
        {},
        "cumulative",
    ),
    "cumulative, and said so": (
        "a.csv",
        "gemeente;datum;aantal\nEde;7-9-2020;900\nEde;8-9-2020;910\nEde;9-9-2020;925\n",
        {"series": "cumulative"},
        {("x", EDE, "2020-W37"): 25},
    ),
    "an unread column": ("a.csv", "gemeente;geslacht;week;aantal\nEde;m;202037;1\nEde;v;202037;2\n", {}, "'geslacht'"),
    "the same row twice": ("a.csv", "gemeente;week;aantal\nEde;202037;1\nEde;202037;1\n", {}, "two rows for 2020-W37"),
    "unknown places": (
        "a.csv",
        "gemeente;week;aantal\nEde;202037;1\n;202037;4\nOnbekend;202037;2\n-1;202037;1\n",
        {},
        {("x", EDE, "2020-W37"): 1},
    ),
    "other levels": (
        "a.csv",
        "regio;Regio's;week;aantal\n;Ede;202037;1\n;Gelderland (PV);202037;9\n;Oost-Nederland (LD);202037;9\n;Nederland;202037;99\n",
        {},
        {("x", EDE, "2020-W37"): 1},
    ),
    "a typing error": (
        "a.csv",
        "gemeente;week;aantal\nEde;202037;1\nAmsterdamm;202037;4\n",
        {},
        "Amsterdamm.*row 3.*Amsterdam",
    ),
    "a part of a merger": (
        "a.csv",
        "gemeente;week;aantal\nBrielle;202037;1\nHellevoetsluis;202037;1\n",
        {},
        {("x", "GM1992", "2020-W37"): None},
    ),
    "the small part alone": (
        "a.csv",
        "gemeente;week;aantal\nWeesp;202037;1\n",
        {},
        {("x", AMSTERDAM, "2020-W37"): None},
    ),
    "weeks across": (
        "a.csv",
        "gemeente;2020-W36;2020-W37\nEde;5;6\nAmsterdam;7;x\n",
        {},
        {
            ("x", EDE, "2020-W36"): 5,
            ("x", EDE, "2020-W37"): 6,
            ("x", AMSTERDAM, "2020-W36"): 7,
            ("x", AMSTERDAM, "2020-W37"): None,
        },
    ),
    "days across": (
        "a.xlsx",
        {"B": [["gemeente", *[f"2020-09-{day:02d}" for day in range(7, 14)]], ["Ede", 1, 2, 3, 4, 3, 2, 1]]},
        {},
        {("x", EDE, "2020-W37"): 16},
    ),
    "weeks in other words": (
        "a.csv",
        "gemeente;week;aantal\nEde;2020w37;1\nEde;W38-2020;2\nEde;wk 39 2020;3\nEde;40/2020;4\nEde;2020/41;5\nEde;2020-W42*;6\n",
        {},
        {("x", EDE, f"2020-W{week}"): week - 36 for week in range(37, 43)},
    ),
    "the first day of a week": ("a.csv", "gemeente;week;aantal\nEde;2020-09-07;5\n", {}, {("x", EDE, "2020-W37"): 5}),
    "the first and last day": (
        "a.csv",
        "gemeente;week;aantal\nEde;7-9-2020 t/m 13-9-2020;5\n",
        {},
        {("x", EDE, "2020-W37"): 5},
    ),
    "days over two weeks": ("a.csv", "gemeente;week;aantal\nEde;9-9-2020 t/m 15-9-2020;5\n", {}, "no week of"),
    "an American date": ("a.csv", "gemeente;datum;aantal\nEde;9/13/2020;5\n", {}, "is no date"),
    "a week that has not been": (
        "a.csv",
        "gemeente;week;aantal\nEde;2099-W10;5\n",
        {"until": "2026-W40"},
        "2099-W10 has not been",
    ),
    "RIVM's file that adds up": (
        "a.csv",
        "Date_of_report;Municipality_code;Municipality_name;Province;Total_reported;Hospital_admission;Deceased\n"
        "2020-09-07 10:00:00;GM0228;Ede;Gelderland;100;1;1\n2020-09-08 10:00:00;GM0228;Ede;Gelderland;103;1;1\n",
        {},
        "cumulative",
    ),
    "a header that says it adds up": ("a.csv", "gemeente;datum;cumulatief aantal\nEde;7-9-2020;5\n", {}, "cumulative"),
    "records of RIVM as JSON": (
        "a.json",
        '[{"Municipality_code": "GM0228", "Municipality_name": "Ede", "Date_of_publication": "2020-09-03", "Total_reported": 5}]',
        {},
        {("x", EDE, "2020-W36"): 5},
    ),
    "a disease under three names": (
        "a.csv",
        "ziekte;gemeente;week;aantal\nCOVID-19;Ede;202036;1\ncovid-19;Ede;202037;2\nCorona;Ede;202038;2\n",
        {},
        {("COVID-19", EDE, f"2020-W{week}"): n for week, n in ((36, 1), (37, 2), (38, 2))},
    ),
    "an error of a formula": ("a.csv", "gemeente;week;aantal\nEde;202037;#WAARDE!\n", {}, "is no count"),
    "about five": ("a.csv", "gemeente;week;aantal\nEde;202037;ca. 5\n", {}, "is no count"),
    "a percentage": ("a.csv", "gemeente;week;aantal\nEde;202037;12%\n", {}, "is no count"),
    "a month": ("a.csv", "gemeente;maand;aantal\nEde;2020-09;5\n", {}, "week or date"),
    "a name and its code": (
        "a.csv",
        "gemeente;week;aantal\nEde;202037;5\nGM0228;202037;5\n",
        {},
        "two rows for 2020-W37",
    ),
    "all parts of a merger": (
        "a.csv",
        "gemeente;week;aantal\nBoxmeer;202037;5\nCuijk;202037;1\nGrave;202037;1\nMill en Sint Hubert;202037;1\nSint Anthonis;202037;1\n",
        {},
        {("x", "GM1982", "2020-W37"): 9},
    ),
    "per veiligheidsregio": (
        "a.csv",
        "Veiligheidsregio;Jaar;Week;Aantal\nTwente;2020;37;5\nVR04;2020;37;6\nUtrecht;2020;37;7\nNederland;2020;37;18\n",
        {},
        {("x", "VR05", "2020-W37"): 5, ("x", "VR04", "2020-W37"): 6, ("x", "VR09", "2020-W37"): 7},
    ),
    "per GGD": (
        "a.csv",
        "GGD-regio;Jaar;Week;Meldingen\nGGD Twente;2020;37;5\nGGD Hart voor Brabant;2020;37;6\n",
        {},
        {("x", "VR05", "2020-W37"): 5},
    ),
    "two diseases": (
        "a.csv",
        b'\xef\xbb\xbf"ziekte","gemeente","datum","aantal"\n"Griep","Ede","3-9-2020","50"\n"Mazelen","Ede","3-9-2020","5"\n',
        {},
        {("Griep", EDE, "2020-W36"): 50, ("Mazelen", EDE, "2020-W36"): 5},
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_a_list_of_cases_gives_its_right_answer(tmp_path: Path, name: str) -> None:
    file_name, content, asked, answer = CASES[name]
    path = put(tmp_path, file_name, content)
    if isinstance(answer, str):
        with pytest.raises(RisicobeeldError, match=answer):
            read_cases(path, **asked)
    else:
        assert read_cases(path, **asked)[0] == answer


def test_cases_of_an_unknown_place_are_counted_and_not_spread(tmp_path: Path) -> None:
    _, receipt = read_cases(
        put(tmp_path, "a.csv", "gemeente;week;aantal\nEde;202037;1\n;202037;4\nOnbekend;202037;2\n")
    )
    line = next(line for line in receipt.notes if line.key == "unknown_place")
    assert line.said == {"n": 2, "cases_n": "6"}
    assert [line.row_n for line in receipt.passed] == [3, 4]


# --- establishments


def wide(*top: list[object], across: list[object], rows: list[list[object]]) -> list[list[object]]:
    return [
        *top,
        ["", "Onderwerp", *["Vestigingen"] * len(across)],
        ["", "Bedrijfstakken/branches (SBI 2008)", *across],
        ["Regio's", "Perioden", *["aantal"] * len(across)],
        *rows,
    ]


def as_text(rows: list[list[object]], mark: str = ";") -> str:
    return "\n".join(mark.join(f'"{cell}"' for cell in row) for row in rows)


LONG = "\n".join(f'"{section}";"Ede";"2021";"{n}"' for n, section in enumerate(SECTIONS, 1))
COUNTS: dict[str, tuple[str, object, object]] = {
    "codes without zeros": (
        "a.csv",
        f"gm_code;{GROUPS}\n363;1;2;3;4;5;6;7;8\n",
        {(AMSTERDAM, "A"): 1, (AMSTERDAM, "R-U"): 8},
    ),
    "grouped thousands": (
        "a.csv",
        f"gm_code;{GROUPS}\nGM0363;1.234;2 500;3;4;5;6;7;8\n",
        {(AMSTERDAM, "A"): 1234, (AMSTERDAM, "B-F"): 2500},
    ),
    "provisional": (
        "a.csv",
        f"gm_code;{GROUPS}\nGM0363;1.235*;2**;3;4;5;6;7;8\n",
        {(AMSTERDAM, "A"): 1235, (AMSTERDAM, "B-F"): 2},
    ),
    "nil": ("a.csv", f"gm_code;{GROUPS}\nGM0363;-;2;3;4;5;6;7;8\n", {(AMSTERDAM, "A"): 0}),
    "a typed fraction": (
        "a.xlsx",
        {"B": [["gm_code", *COLUMN_NAMES], ["GM0363", 12.125, *[1] * 7]]},
        "row 2: '12.125' is no count",
    ),
    "a typed whole number": (
        "a.xlsx",
        {"B": [["gm_code", *COLUMN_NAMES], [363, 1234.0, *[1] * 7]]},
        {(AMSTERDAM, "A"): 1234},
    ),
    "a name alone": ("a.csv", f"gemeente;{GROUPS}\nDen Haag;1;2;3;4;5;6;7;8\n", {("GM0518", "A"): 1}),
    "wijken and the country": (
        "a.csv",
        f"gm_code;{GROUPS}\nNL00;9;9;9;9;9;9;9;9\nGM0363;1;2;3;4;5;6;7;8\nWK036300;1;1;1;1;1;1;1;1\nBU03630000;1;1;1;1;1;1;1;1\n",
        {(AMSTERDAM, "A"): 1},
    ),
    "StatLine long with a mark": (
        "a.csv",
        '\ufeff"Bedrijfstakken/branches (SBI 2008)";"Regio\'s";"Perioden";"Vestigingen (aantal)"\n'
        + LONG
        + '\n"Bron: CBS"',
        {(EDE, "A"): 1, (EDE, "B-F"): 20},
    ),
    "StatLine across": (
        "a.csv",
        '\ufeff"Vestigingen"\n'
        + as_text(wide(across=list(SECTIONS), rows=[["Ede", "2021", *range(1, 20)]]))
        + '\n"Bron: CBS"',
        {(EDE, "A"): 1, (EDE, "B-F"): 20},
    ),
    "StatLine across, merged cells": (
        "a.xlsx",
        {
            "V": [
                ["Vestigingen van bedrijven"],
                [None, "Onderwerp", "Vestigingen"],
                [None, "Bedrijfstakken/branches (SBI 2008)", *SECTIONS],
                ["Regio's", "Perioden", *["aantal"] * 19],
                ["Ede", "2021", *range(1, 20)],
                ["Bron: CBS"],
            ]
        },
        {(EDE, "A"): 1, (EDE, "B-F"): 20},
    ),
    "two years, one asked for": (
        "a.csv",
        '"Bedrijfstakken/branches (SBI 2008)";"Regio\'s";"Perioden";"Vestigingen (aantal)"\n'
        + LONG
        + "\n"
        + LONG.replace('"2021"', '"2020"').replace(';"1"', ';"99"'),
        {(EDE, "A"): 1},
    ),
    "OData": (
        "a.csv",
        "ID,WijkenEnBuurten,Gemeentenaam_1,SoortRegio_2,Codering_3,ALandbouwBosbouwEnVisserij_94,BFNijverheidEnEnergie_95,GIHandelEnHoreca_96,"
        "HJVervoerInformatieEnCommunicatie_97,KLFinancieleDienstenOnroerendGoed_98,MNZakelijkeDienstverlening_99,OQOverheidOnderwijsEnZorg_100,"
        "RUCultuurRecreatieOverigeDiensten_101\n0,NL00      ,Nederland ,Land      ,NL00      ,9,9,9,9,9,9,9,9\n1,GM0363    ,Amsterdam   ,Gemeente  ,GM0363    ,1,2,3,4,5,6,7,8\n",
        {(AMSTERDAM, "A"): 1},
    ),
    "a gemeente twice": (
        "a.csv",
        f"gm_code;{GROUPS}\n363;1;2;3;4;5;6;7;8\nGM0363;1;2;3;4;5;6;7;8\n",
        "more than once .rows 2, 3",
    ),
    "a gemeente of later": ("a.csv", f"gm_code;{GROUPS}\nGM0363;1;2;3;4;5;6;7;8\nGM1982;1;2;3;4;5;6;7;8\n", "GM1982"),
    "sections across": (
        "a.csv",
        "Gemeente;" + ";".join(SECTIONS) + "\nEde;" + ";".join(str(n) for n in range(1, 20)) + "\n",
        {(EDE, "A"): 1, (EDE, "B-F"): 20},
    ),
    "letters of groups across": (
        "a.csv",
        "gemeente;Totaal;A;B-F;G+I;H+J;K-L;M-N;O-Q;R-U\nEde;36;1;2;3;4;5;6;7;8\n",
        {(EDE, "A"): 1, (EDE, "R-U"): 8},
    ),
    "groups with their names across": (
        "a.csv",
        "gemeente;A Landbouw;B-F Nijverheid;G+I Handel en horeca;H+J Vervoer;K-L Financieel;M-N Zakelijk;O-Q Overheid;R-U Cultuur\n"
        "Ede;1;2;3;4;5;6;7;8\n",
        {(EDE, "A"): 1, (EDE, "G+I"): 3},
    ),
    "keys of OData down": (
        "a.csv",
        '"ID";"BedrijfstakkenBranchesSBI2008";"RegioS";"Perioden";"Vestigingen_1"\n'
        + "\n".join(
            f'"{n}";"{key} ";"GM0228";"2021JJ00";"{n}"'
            for n, key in enumerate(
                [
                    "301000",
                    "305700",
                    "307500",
                    "346600",
                    "348000",
                    "350000",
                    "354200",
                    "383100",
                    "389100",
                    "391600",
                    "396300",
                    "402000",
                    "403300",
                    "410200",
                    "417400",
                    "419000",
                    "422400",
                    "428100",
                    "435500",
                ],
                1,
            )
        ),
        {(EDE, "A"): 1, (EDE, "B-F"): 20, (EDE, "R-U"): 37},
    ),
    "StatLine in English": (
        "a.csv",
        '"Sector/branches (SIC 2008)";"Regions";"Periods";"Establishments (number)"\n'
        + "\n".join(
            f'"{letter} Something else";"Ede";"2021";"{n}"' for n, letter in enumerate("ABCDEFGHIJKLMNOPQRS", 1)
        )
        + '\n"Source: CBS"',
        {(EDE, "A"): 1, (EDE, "B-F"): 20},
    ),
    "names as CBS writes doubles": (
        "a.csv",
        f"gemeente;{GROUPS}\nUtrecht (gemeente);1;2;3;4;5;6;7;8\nUtrecht (PV);9;9;9;9;9;9;9;9\nHengelo (O.);1;2;3;4;5;6;7;8\nBergen (NH.);1;2;3;4;5;6;7;8\n",
        {("GM0344", "A"): 1, ("GM0164", "A"): 1, (BERG, "A"): 1},
    ),
    "gzipped": (
        "a.csv.gz",
        gzip.compress(f"gm_code;{GROUPS}\nGM0363;1;2;3;4;5;6;7;8\n".encode()),
        {(AMSTERDAM, "A"): 1},
    ),
    "another table": ("a.csv", "a;b\n1;2\n", "fits none"),
}


@pytest.mark.parametrize("name", COUNTS)
def test_a_table_of_establishments_gives_its_right_answer(tmp_path: Path, name: str) -> None:
    file_name, content, answer = COUNTS[name]
    path = put(tmp_path, file_name, content)
    if isinstance(answer, str):
        with pytest.raises(RisicobeeldError, match=answer):
            read_counts(path)
    else:
        assert isinstance(answer, dict)
        found = read_counts(path)
        assert {key: found[key] for key in answer} == answer
        assert {code for code, _ in found} == {code for code, _ in answer}


# --- workbooks and the register


def test_a_custom_workbook_keeps_what_its_marks_say(tmp_path: Path) -> None:
    rows = [
        ["Tabel 1"],
        [None, None, "Personen", None],
        ["Gemeente", "Gemcode", "totaal", "w.v. EU"],
        ["Den Haag", 518, 1200, "x"],
        ["Nuenen c.a.", 820, "-", "."],
        ["Ede", 228, "1.234,5", None],
        ["Nergens", 9999, 5, 5],
        ["Nederland", None, 9, 9],
        ["Bron: CBS"],
    ]
    path = put(tmp_path, "a.xlsx", {"T1": rows, "~oud": [["Gemeente", "Personen"], ["Ede", 999]]})
    found, receipt = workbooks.read(path, 2020, areas(), known_places(), "test")
    values = {(row.region_code, row.cell): (row.value, row.missing_reason) for row in found.fillna(-1.0).itertuples()}
    assert values == {
        ("GM0518", "T1!C4"): (1200.0, ""),
        ("GM0820", "T1!C5"): (0.0, ""),
        (EDE, "T1!C6"): (1234.5, ""),
        ("GM0518", "T1!D4"): (-1.0, "suppressed"),
        ("GM0820", "T1!D5"): (-1.0, "not_published"),
        (EDE, "T1!D6"): (-1.0, "not_applicable"),
    }
    assert list(receipt.places_missed) == ["Nergens"]


BOOKS: dict[str, tuple[list[list[object]], dict[tuple[str, str], float | None]]] = {
    "regions under a header of any region": (
        [
            ["Regio", "Totaal"],
            ["Nederland", 100],
            ["Veiligheidsregio Groningen", 10],
            ["VR13 Amsterdam-Amstelland", 8],
            ["Zuid-Holland Zuid (VR)", "<5"],
            ["Utrecht", 6],
        ],
        {("VR01", "T: Totaal"): 10, ("VR13", "T: Totaal"): 8, ("VR18", "T: Totaal"): None, ("VR09", "T: Totaal"): 6},
    ),
    "a header over two rows": (
        [
            ["Gemeentecode", "Gemeentenaam", "1 januari 2020", None],
            [None, None, "Personen", "Bedrijven"],
            ["GM0014", "G", 5, 6],
        ],
        {("GM0014", "T: 1 januari 2020 - Personen"): 5, ("GM0014", "T: 1 januari 2020 - Bedrijven"): 6},
    ),
    "codes and a description": (
        [["Codes", "Omschrijving", "Aantal"], ["VR01", "Groningen", 5], ["VR02", "Fryslân", 6]],
        {("VR01", "T: Aantal"): 5, ("VR02", "T: Aantal"): 6},
    ),
    "a column of years": (
        [["Gemeente", "Jaar", "Aantal"], ["Ede", 2019, 5], ["Ede", 2020, 6], ["Utrecht", 2020, 7]],
        {(EDE, "T: Aantal"): 6, ("GM0344", "T: Aantal"): 7},
    ),
}


@pytest.mark.parametrize("name", BOOKS)
def test_a_workbook_gives_its_right_answer(tmp_path: Path, name: str) -> None:
    rows, answer = BOOKS[name]
    found, _ = workbooks.read(put(tmp_path, "a.xlsx", {"T": rows}), 2020, areas(), known_places(), "test")
    values = [None if pd.isna(value) else value for value in found["value"]]
    assert dict(zip(zip(found["region_code"], found["measure"], strict=True), values, strict=True)) == answer


def test_what_a_file_is_stands_in_its_header(tmp_path: Path) -> None:
    tables = {
        "incidence": "gemeente;week;aantal\nEde;2021-W53;5\n",
        "establishments": f"gm_code;{GROUPS}\nGM0363;12,5;2;3;4;5;6;7;8\n",
        "sites": "naam;gemeente\nA;Nergens\n",
        "activations": "datum;soort;thema;gemeente;sector;uitkomst\n3-9-2020;preventief;wonen;Ede;lodging;niets\n",
        "": "a;b\n1;2\n",
    }
    assert {kind: recognise.kind_of(put(tmp_path, "a.csv", text)) for kind, text in tables.items()} == {
        kind: kind for kind in tables
    }
    book = {"T": [["Gemeente", "Gemeentecode", "Personen"], ["Ede", 228, 5]]}
    assert recognise.kind_of(put(tmp_path, "a.xlsx", book)) == "workbook"
    assert recognise.kind_of(put(tmp_path, "a.geojson", geojson(point(5.7, 52.05)))) == "sites"


HEADER = "datum;soort;thema;veiligheidsregio;gemeente;sector;uitkomst"
ACTIVATIONS: dict[str, tuple[str, str, str]] = {
    "a region by name": ("3-9-2020;Preventief;Wonen;Gelderland-Midden;Ede;slaughter_meat;niets", "new", ""),
    "another region": (
        "3-9-2020;preventief;wonen;Twente;Ede;slaughter_meat;niets",
        "refused",
        "Ede lies in Gelderland-Midden",
    ),
    "a sector by name": ("3-9-2020;preventief;wonen;VR07;Ede;Slachterijen en vleesverwerking;niets", "new", ""),
    "two themes": ("3-9-2020;preventief;wonen en werken;VR07;Ede;slaughter_meat;niets", "new", ""),
    "gone since 2022": ("3-9-2020;preventief;werken;VR21;Boxmeer;slaughter_meat;niets", "new", "Land van Cuijk"),
    "the region of then": ("3-9-2020;preventief;werken;VR14;Weesp;slaughter_meat;niets", "new", "Amsterdam-Amstelland"),
    "a code in digits": ("3-9-20;preventief;werken;7;228;slaughter_meat;niets", "new", ""),
    "a divided gemeente": ("3-9-2020;preventief;werken;;Haaren;slaughter_meat;niets", "refused", "divided"),
    "a typing error": ("3-9-2020;preventief;werken;;Edee;slaughter_meat;niets", "refused", "Ede"),
}


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_a_row_for_the_register_gives_its_right_answer(tmp_path: Path, name: str) -> None:
    row, action, message = ACTIVATIONS[name]
    path = put(tmp_path, "a.csv", f"\ufeffInzetten;;;;;;\n{HEADER};Opmerking\n{row};bel terug\n;;;;;;;\n")
    done = register_imports.plan(path, Viewer("lotc"))
    (planned,) = done.rows
    assert (planned.row_n, planned.action) == (3, action)
    assert message in planned.message
    assert done.columns_passed == ["Opmerking"]


# --- the shared inputs, with their right answers


def names_and_sizes(path: Path, kind: str = "holiday_park") -> list[tuple[str, str, float | None]]:
    table, _ = read_sites(path, kind=kind)
    return [(row.name, row.gemeente_code, None if pd.isna(row.size_n) else row.size_n) for row in table.itertuples()]


INPUTS: dict[str, tuple[Callable[[Path], object], object]] = {
    "s64d_fte_numbers.xlsx": (lambda path: [size for *_, size in names_and_sizes(path)], [12.5, 0.875, 1.234, 812.125]),
    "s64b_fte_english_decimals.csv": (
        lambda path: [size for *_, size in names_and_sizes(path)],
        [12.5, 0.875, 1.234, 36.25],
    ),
    "s64c_fte_dutch_decimals.csv": (lambda path: [size for *_, size in names_and_sizes(path)], [12.5, 0.875, 3.125]),
    "s03_rd_as_wgs84.geojson": (names_and_sizes, "metres"),
    "s04_swapped.geojson": (names_and_sizes, "exchanged"),
    "s06_mymaps.kml": (names_and_sizes, [("Park Een", EDE, None)]),
    "s12_thousands_rd.csv": (lambda path: [code for _, code, _ in names_and_sizes(path)], ["GM0307", AMSTERDAM]),
    "s14_one_bad_row.csv": (lambda path: [line.row_n for line in read_sites(path)[1].left_out], [5, 6]),
    "s16_names_gemeente.csv": (
        lambda path: [code for _, code, _ in names_and_sizes(path)],
        ["GM0518", "GM0518", AMSTERDAM, "GM1992", "GM0820", AMSTERDAM, AMSTERDAM, AMSTERDAM, "GM1900"],
    ),
    "s19_country.csv": (lambda path: read_sites(path)[0]["country"].tolist(), ["DE", "DE", "BE", "NL", "NL"]),
    "s20_kinds_dutch.csv": (
        lambda path: read_sites(path)[0]["kind"].tolist(),
        ["slaughterhouse", "holiday_park", "holiday_park"],
    ),
    "s23_bom_quoted.csv": (names_and_sizes, [("Park Een", EDE, None)]),
    "s30_shp.zip": (names_and_sizes, [("Súdwest park", "GM1900", 100), ("Café", AMSTERDAM, 50)]),
    "shp_cp1252_truncated/parken.shp": (names_and_sizes, [("Súdwest park", "GM1900", 100), ("Café", AMSTERDAM, 50)]),
    "s31_layers.gpkg": (names_and_sizes, "a_gebieden, b_parken"),
    "s40_title_row.xlsx": (names_and_sizes, [("Park Een", EDE, 120), ("Park Twee", AMSTERDAM, 60)]),
    "s41_second_sheet.xlsx": (names_and_sizes, [("Park Een", EDE, None)]),
    "s42_hidden_first_sheet.xlsx": (names_and_sizes, [("Park Nieuw", AMSTERDAM, None)]),
    "s50_old_code_no_point.csv": (lambda path: [code for _, code, _ in names_and_sizes(path)], ["GM1982", AMSTERDAM]),
    "s51_old_name_no_point.csv": (lambda path: [code for _, code, _ in names_and_sizes(path)], ["GM1982", AMSTERDAM]),
    "s60_capacity_missing.geojson": (lambda path: [size for *_, size in names_and_sizes(path)], [120, None]),
    "s63_size_text_units.csv": (names_and_sizes, [("A", EDE, 40)]),
    "s66_xcoord.csv": (names_and_sizes, [("A", "GM0307", None)]),
    "s69b_open_quote.csv": (names_and_sizes, "row 2 opens a quote"),
    "s71_duplicate_header.csv": (names_and_sizes, "two columns called 'naam'"),
    "s73_de_be.csv": (names_and_sizes, "keeps 0 of 2"),
    "e01_statline_long_bom.csv": (lambda path: read_counts(path)[AMSTERDAM, "B-F"], 125),
    "e02_statline_regio_first_bom.csv": (lambda path: read_counts(path)[AMSTERDAM, "B-F"], 125),
    "e05_tabelindeling.csv": (lambda path: read_counts(path)[AMSTERDAM, "B-F"], 125),
    "e06_statline.xlsx": (lambda path: read_counts(path)[AMSTERDAM, "B-F"], 125),
    "e10_int_code.csv": (lambda path: read_counts(path)[AMSTERDAM, "A"], 10),
    "e10b_padded_code.csv": (lambda path: read_counts(path)[AMSTERDAM, "A"], 10),
    "e10d_lower.csv": (lambda path: read_counts(path)[AMSTERDAM, "A"], 10),
    "e11c_star.csv": (lambda path: read_counts(path)["GM0014", "A"], 1235),
    "e13_odata_headers.csv": (lambda path: read_counts(path)[AMSTERDAM, "A"], 10),
    "e14_kwb_xlsx.xlsx": (lambda path: read_counts(path)[AMSTERDAM, "A"], 10),
    "e20_numbers.xlsx": (read_counts, "'12.125' is no count"),
    "i01_rivm_per_dag.csv": (
        lambda path: read_cases(path)[0],
        {("x", AMSTERDAM, "2021-W02"): 220, ("x", "GM0518", "2021-W02"): 61, ("x", "GM1979", "2021-W02"): 5},
    ),
    "i02_rivm_cumulatief.csv": (read_cases, "cumulative"),
    "i03_bare_codes.csv": (lambda path: read_cases(path)[0]["x", "GM0373", "2020-W36"], 2),
    "i03b_bare_codes_no_minus1.csv": (lambda path: read_cases(path)[0]["x", AMSTERDAM, "2020-W36"], 55),
    "i05_total_row.csv": (lambda path: sorted(read_cases(path)[0].values()), [5, 6]),
    "i10_two_sheets_data_second.xlsx": (lambda path: sorted(read_cases(path)[0].values()), [5, 7]),
    "i11_title_rows_and_total.xlsx": (lambda path: sorted(read_cases(path)[0].values()), [5, 7]),
    "i12_int_codes_real_dates.xlsx": (lambda path: sorted(read_cases(path)[0].values()), [5, 7]),
    "i18_bom_quotes.csv": (lambda path: read_cases(path)[0], {("x", AMSTERDAM, "2020-W37"): 5}),
    "i24_trailing_semicolons.csv": (lambda path: sorted(read_cases(path)[0].values()), [5, 6]),
    "i30_week53_2021.csv": (read_cases, "2021 has 52 weeks"),
    "i51_ziekte_first_bom_disease.csv": (
        lambda path: read_cases(path)[0],
        {("COVID-19", AMSTERDAM, "2020-W37"): 5, ("Griep", AMSTERDAM, "2020-W37"): 50},
    ),
    "i51b_two_diseases_by_date_bom.csv": (lambda path: sorted(read_cases(path)[0].values()), [5, 50]),
    "i53_two_weeks_same_ga.csv": (read_cases, "'leeftijd'"),
    "i54_cum_dutch.csv": (read_cases, "cumulative"),
    "i55_duplicate_header.csv": (read_cases, "two columns called 'gemeente'"),
    "w01_maatwerk.xlsx": (
        lambda path: workbooks.read(path, 2020, areas(), known_places(), "w")[0]["value"].max(),
        1200,
    ),
}


@pytest.mark.parametrize("name", INPUTS)
def test_a_shared_input_gives_its_right_answer(name: str) -> None:
    folder = Path(os.environ.get("RISICOBEELD_TESTDATA", "")) / ".." / "inputs"
    if not os.environ.get("RISICOBEELD_TESTDATA") or not (folder / name).exists():
        pytest.skip("the shared inputs are absent: RISICOBEELD_TESTDATA names no folder beside them")
    read, answer = INPUTS[name]
    if isinstance(answer, str):
        with pytest.raises(RisicobeeldError, match=answer):
            read(folder / name)
    else:
        assert read(folder / name) == answer


# --- one column of numbers, however it is written


numbers = st.lists(
    st.floats(min_value=-1e9, max_value=1e9, allow_nan=False).map(lambda value: round(value, 6)),
    min_size=1,
    max_size=20,
)


@examples(60)
@given(numbers, st.booleans(), st.booleans(), st.booleans())
def test_a_column_of_numbers_is_read_back_equal(
    values: list[float], has_mark: bool, has_quotes: bool, has_crlf: bool
) -> None:
    quote, end = '"' if has_quotes else "", "\r\n" if has_crlf else "\n"
    for mark, separator in ((",", ";"), (".", ","), (".", ";")):
        written = [f"{value:.10f}".rstrip("0").rstrip(".").replace(".", mark) for value in values]
        rows = [f"{quote}naam{quote}{separator}{quote}getal{quote}"]
        rows += [f"{quote}p{n}{quote}{separator}{quote}{text}{quote}" for n, text in enumerate(written)]
        content = ("\ufeff" if has_mark else "").encode() + end.join(rows).encode()
        table = reader.read(content, "a.csv", lambda header: header if header == "naam" else "")
        assert cells.numbers(table.frame["getal"], "getal").figures.tolist() == values
    book = openpyxl.Workbook()
    book.active.append(["naam", "getal"])
    for n, value in enumerate(values):
        book.active.append([f"p{n}", value])
    held = io.BytesIO()
    book.save(held)
    table = reader.read(held.getvalue(), "a.xlsx", lambda header: header if header == "naam" else "")
    assert cells.numbers(table.frame["getal"], "getal").figures.tolist() == values


@given(st.integers(0, 10**12))
def test_a_count_is_read_with_any_mark_between_thousands(count: int) -> None:
    for mark in (",", ".", " ", "\u00a0", "'"):
        text = f"{count:,}".replace(",", mark)
        assert cells.numbers(pd.Series([text]), "x", is_whole=True).figures.tolist() == [count]


def test_a_mapping_still_says_which_column_is_meant(tmp_path: Path) -> None:
    path = put(tmp_path, "a.csv", "\ufeffTitel\nWat;Oost;Noord\nA;172000;450000\n")
    mapping = ColumnMapping(columns={"name": "Wat", "x": "Oost", "y": "Noord"})
    assert read_sites(path, mapping=mapping)[0]["gemeente_code"].tolist() == [EDE]
