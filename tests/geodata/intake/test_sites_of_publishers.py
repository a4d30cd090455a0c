"""Lists and maps of sites as programs and publishers write them, with their right answer. All names are invented."""

import io
import json
import tempfile
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import geopandas as gpd
import openpyxl
import pandas as pd
import pytest
from openpyxl.chart import BarChart
from shapely.geometry import Point

from geodata.errors import InputError
from geodata.intake.files.table import Options
from tests.geodata.intake.reading import put, read_sites

EDE, AMSTERDAM, UTRECHT = "GM0228", "GM0363", "GM0344"
TWO = [("A", EDE, 40), ("B", AMSTERDAM, 60)]


def packed(files: dict[str, bytes | str]) -> bytes:
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w") as zipped:
        for name, content in files.items():
            zipped.writestr(name, content)
    return held.getvalue()


def layer(crs: int = 28992, **columns: list[object]) -> gpd.GeoDataFrame:
    points = [Point(172000 + 100 * n, 450000) for n in range(len(columns["naam"]))]
    return gpd.GeoDataFrame(columns, geometry=points, crs=28992).to_crs(crs)


def parts(name: str, frame: gpd.GeoDataFrame, *, without: str = "", encoding: str = "utf-8") -> dict[str, bytes]:
    with tempfile.TemporaryDirectory() as folder:
        frame.to_file(Path(folder) / f"{name}.shp", driver="ESRI Shapefile", encoding=encoding)
        return {path.name: path.read_bytes() for path in Path(folder).iterdir() if path.suffix != without}


def geopackage(**layers: gpd.GeoDataFrame) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "a.gpkg"
        for name, frame in layers.items():
            frame.to_file(path, layer=name, driver="GPKG")
        return path.read_bytes()


def kml(*placemarks: str) -> str:
    return f'<kml xmlns="http://www.opengis.net/kml/2.2"><Document>{"".join(placemarks)}</Document></kml>'


def placemark(name: str, more: str = "") -> str:
    return f"<Placemark><name>{name}</name>{more}<Point><coordinates>5.7,52.05,0</coordinates></Point></Placemark>"


def book(build: Callable[[Any, Any], object]) -> bytes:
    made, held = openpyxl.Workbook(), io.BytesIO()
    build(made, made.active)
    made.save(held)
    return held.getvalue()


def rows(*cells: list[object]) -> bytes:
    return book(lambda _, sheet: [sheet.append(row) for row in cells])


def merged(_: Any, sheet: Any) -> None:
    for row in (
        ["Huisvestingslocaties 2023"],
        [],
        ["Locatie", None, "Capaciteit", None],
        ["Naam", "Gemeente", "Bedden", "Kamers"],
        ["A", "Ede", 40, 10],
        ["B", "Amsterdam", 60, 12],
    ):
        sheet.append(row)
    for cells in ("A1:D1", "A3:B3", "C3:D3"):
        sheet.merge_cells(cells)


def behind_a_chart(made: Any, sheet: Any) -> None:
    made.create_chartsheet("Grafiek", 0).add_chart(BarChart())
    for row in (["naam", "gemeente", "bedden"], ["A", "Ede", 40], ["B", "Amsterdam", 60]):
        sheet.append(row)


def behind_a_guide(made: Any, sheet: Any) -> None:
    sheet.append(["Dit bestand bevat de lijst van locaties."])
    sheet.append(["naam = de naam van de locatie"])
    listed = made.create_sheet("Locaties")
    for row in (["naam", "gemeente", "bedden"], ["A", "Ede", 40], ["B", "Amsterdam", 60]):
        listed.append(row)


SQUARE = [[[5.69, 52.04], [5.71, 52.04], [5.71, 52.06], [5.69, 52.06], [5.69, 52.04]]]
TURBO = {
    "type": "FeatureCollection",
    "generator": "overpass-ide",
    "features": [
        {
            "type": "Feature",
            "properties": {"@id": f"{kind}/{n}", "type": "multipolygon", "@relations": [{"rel": 9}], **more},
            "geometry": shape,
        }
        for n, (kind, more, shape) in enumerate(
            (
                ("relation", {"name": "A", "capacity": "40"}, {"type": "MultiPolygon", "coordinates": [SQUARE]}),
                ("way", {"name": "B"}, {"type": "Polygon", "coordinates": SQUARE}),
                ("node", {"name": "C", "@geometry": "center"}, {"type": "Point", "coordinates": [4.9, 52.37]}),
            )
        )
    ],
}
OVERPASS = {
    "osm3s": {},
    "elements": [
        {"type": "node", "id": 1, "lat": 52.05, "lon": 5.7, "tags": {"name": "A", "capacity": "40"}},
        {"type": "way", "id": 2, "center": {"lat": 52.37, "lon": 4.9}, "nodes": [3], "tags": {"name": "B"}},
        {"type": "way", "id": 4, "nodes": [5, 6], "tags": {"name": "C"}},
        {"type": "node", "id": 5, "lat": 52.04, "lon": 5.69},
        {"type": "node", "id": 6, "lat": 52.06, "lon": 5.71},
    ],
}
FOLDERS = [f"<Folder><name>{name}</name>{placemark(name)}</Folder>" for name in ("Oost", "West")]
SHAPE = parts("parken", layer(naam=["A", "B"], bedden=[40, 60]))
BOTH_EDE = [("A", EDE, 40), ("B", EDE, 60)]
ONE = [("A", EDE, None)]
NAMES = {
    "Fryske Marren, De": "GM1940",
    "Bilt, De": "GM0310",
    "Haag, Den": "GM0518",
    "Hertogenbosch, 's-": "GM0796",
    "SUDWEST-FRYSLAN": "GM1900",
    "Tytsjerksteradiel": "GM0737",
    "Laren (NH.)": "GM0417",
    "Rijswijk (ZH.)": "GM0603",
    "Hengelo (O.)": "GM0164",
    "Beek (L.)": "GM0888",
    "Uden": "GM1991",
    "Landerd": "GM1991",
    "Langedijk": "GM1980",
    "Beemster": "GM0439",
    "Mill en St. Hubert": "GM1982",
    "Westvoorne": "GM1992",
    "Delfzijl": "GM1979",
    "GM0344\u00a0": UTRECHT,
    "363,0": AMSTERDAM,
}

FILES: dict[str, tuple[str, object, dict[str, Any], object]] = {
    "Overpass Turbo's export": (
        "a.geojson",
        json.dumps(TURBO),
        {},
        [("A", EDE, 40), ("B", EDE, None), ("C", AMSTERDAM, None)],
    ),
    "Overpass's own answer": (
        "a.json",
        json.dumps(OVERPASS),
        {},
        [("A", EDE, 40), ("B", AMSTERDAM, None), ("C", EDE, None)],
    ),
    "Overpass's table": (
        "a.csv",
        "@id\t@lat\t@lon\tname\tcapacity\n1\t52.05\t5.70\tA\t40\n2\t52.37\t4.90\tB\t60\n",
        {},
        TWO,
    ),
    "X and Y in degrees": ("a.csv", "X,Y,fid,naam\n5.70,52.05,1,A\n", {}, ONE),
    "a map program's points": ("a.csv", "OBJECTID,naam,POINT_X,POINT_Y\n1,A,172000.5,450000.25\n", {}, ONE),
    "the quarter behind degrees": ("a.csv", "naam;lat;lon\nA;52,05 N;5,70 E\n", {}, ONE),
    "points between all digits": ("a.csv", "naam;lat;lon\nA;52.050.123;5.700.456\n", {}, "neither degrees"),
    "commas for everything": ("a.csv", "naam,lat,lon\nA,52,05,5,70\n", {}, "too few or too many cells"),
    "tracks of a walk": (
        "a.gpx",
        "<gpx version='1.1'><trk><trkseg><trkpt lat='52.05' lon='5.7'/></trkseg></trk></gpx>",
        {},
        "a.gpx holds no rows",
    ),
    "features line by line": ("a.geojsonl", "{}\n", {}, "a.geojsonl is no CSV"),
    "no features": ("a.geojson", '{"type":"FeatureCollection","features":[]}', {}, "holds no rows"),
    "fields in KML": (
        "a.kml",
        kml(placemark("A", '<ExtendedData><Data name="Bedden"><value>40</value></Data></ExtendedData>')),
        {},
        TWO[:1],
    ),
    "KML with its pictures": ("a.kmz", packed({"doc.kml": kml(placemark("A")), "images/icon.png": "x"}), {}, ONE),
    "a folder that was chosen": (
        "a.kmz",
        packed({"doc.kml": kml(*FOLDERS)}),
        {"options": Options(layer="west")},
        [("West", EDE, None)],
    ),
    "a Shapefile from a Mac": (
        "a.zip",
        packed(
            {f"gis/{name}": part for name, part in SHAPE.items()}
            | {"__MACOSX/gis/._parken.shp": "x", "gis/parken.shp.xml": "x"}
        ),
        {},
        BOTH_EDE,
    ),
    "a Shapefile in capitals": ("a.zip", packed({name.upper(): part for name, part in SHAPE.items()}), {}, BOTH_EDE),
    "a Shapefile without its projection": (
        "a.zip",
        packed(parts("p", layer(naam=["A"]), without=".prj")),
        {},
        "in which coordinates",
    ),
    "a Shapefile without its letters": (
        "a.zip",
        packed(parts("p", layer(naam=["Café Súd"]), without=".cpg", encoding="cp1252")),
        {},
        [("Café Súd", EDE, None)],
    ),
    "two Shapefiles": (
        "a.zip",
        packed(parts("p", layer(naam=["A"])) | parts("q", layer(naam=["B"]))),
        {},
        "p, q.*--layer",
    ),
    "two years of a Shapefile": (
        "a.zip",
        packed({f"{year}/{name}": part for year in (2022, 2023) for name, part in SHAPE.items()}),
        {},
        "twice",
    ),
    "two layers": (
        "a.gpkg",
        geopackage(gebieden=layer(naam=["G"]), parken=layer(naam=["A"])),
        {},
        "gebieden, parken.*--layer",
    ),
    "the layer that was chosen": (
        "a.gpkg",
        geopackage(gebieden=layer(naam=["G"]), parken=layer(3857, naam=["A"])),
        {"options": Options(layer="parken")},
        ONE,
    ),
    "hectares": ("a.csv", "naam;gemeente;oppervlakte (ha)\nA;Ede;2,5\n", {}, [("A", EDE, 25_000)]),
    "hectares by another name": ("a.csv", "naam;gemeente;area_ha\nA;Ede;2.5\n", {}, [("A", EDE, 25_000)]),
    "hectares in a row of units": ("a.csv", "naam;gemeente;oppervlakte\n;;ha\nA;Ede;2,5\n", {}, [("A", EDE, 25_000)]),
    "hectares in a row of a workbook": (
        "a.xlsx",
        rows(["naam", "gemeente", "oppervlakte"], [None, None, "ha"], ["A", "Ede", 2.5]),
        {},
        [("A", EDE, 25_000)],
    ),
    "hectares in a cell": ("a.csv", "naam;gemeente;oppervlakte\nA;Ede;2,5 ha\n", {}, ONE),
    "people in thousands": ("a.csv", "naam;gemeente;werknemers (x 1.000)\nA;Ede;4\n", {}, ONE),
    "beds per room": ("a.csv", "naam;gemeente;bedden (per kamer)\nA;Ede;4\n", {}, ONE),
    "people with a point": (
        "a.csv",
        'handelsnaam,plaats,werkzame personen\nA,EDE,"1.250"\nB,AMSTERDAM,"12"\n',
        {},
        [("A", EDE, 1250), ("B", AMSTERDAM, 12)],
    ),
    "two counting words": ("a.csv", "naam;gemeente;Totaal aantal slaapplaatsen\nA;Ede;40\n", {}, TWO[:1]),
    "rooms are no beds": ("a.csv", "naam;gemeente;aantal kamers\nA;Ede;40\n", {}, ONE),
    "no beds at all": (
        "a.csv",
        "naam;gemeente;bedden\nA;Ede;0\nB;Amsterdam;-5\n",
        {},
        [("A", EDE, None), ("B", AMSTERDAM, None)],
    ),
    "a total in another column": (
        "a.csv",
        "nr;naam;gemeente;bedden\n1;A;Ede;40\n2;B;Amsterdam;60\nTotaal;;;100\n",
        {},
        TWO,
    ),
    "provinces between the rows": (
        "a.xlsx",
        rows(
            ["naam", "gemeente", "bedden"], ["Gelderland"], ["A", "Ede", 40], ["Noord-Holland"], ["B", "Amsterdam", 60]
        ),
        {},
        TWO,
    ),
    "two tables below each other": (
        "a.xlsx",
        rows(
            ["naam", "gemeente", "bedden"],
            ["A", "Ede", 40],
            [],
            ["Nieuw"],
            ["naam", "gemeente", "bedden"],
            ["B", "Amsterdam", 60],
        ),
        {},
        TWO,
    ),
    "merged headers": ("a.xlsx", book(merged), {}, TWO),
    "a chart in front": ("a.xlsx", book(behind_a_chart), {}, TWO),
    "a guide in front": ("a.xlsx", book(behind_a_guide), {}, TWO),
    "errors of formulas": ("a.xlsx", rows(["naam", "gemeente", "bedden"], ["A", "Ede", "#N/A"]), {}, ONE),
    "numbers as texts": (
        "a.xlsx",
        rows(["naam", "gemeente", "bedden"], ["A", " 0228 ", "\u00a040 "], ["B", "Amsterdam", "60"]),
        {},
        TWO,
    ),
    "UTF-16 without its mark": (
        "a.csv",
        "naam;gemeente;bedden\nA;Ede;40\nB;Amsterdam;60\n".encode("utf-16-le"),
        {},
        TWO,
    ),
    "line ends of an old Mac": ("a.csv", "naam;gemeente;bedden\rA;Ede;40\rB;Amsterdam;60\r", {}, TWO),
    "rows in quotes": ("a.csv", '"naam;gemeente;bedden"\r\n"A;Ede;40"\r\n"B;Amsterdam;60"\r\n', {}, TWO),
    "numbers of rows in front": (
        "a.csv",
        '"","naam","gemeente","bedden"\n"1","A","Ede","40"\n"2","B","Amsterdam","60"\n',
        {},
        TWO,
    ),
    "remarks in front": (
        "a.csv",
        "# export 2023\n# bron: gemeente\nnaam;gemeente;bedden\nA;Ede;40\nB;Amsterdam;60\n",
        {},
        TWO,
    ),
    "a document called csv": ("a.csv", b"%PDF-1.4\n1 0 obj\n", {}, "no text file"),
    "a password": ("a.xlsx", b"\xd0\xcf\x11\xe0" + bytes(64), {}, "password"),
    "a page called xlsx": ("a.xlsx", "<html><table></table></html>", {}, "web page"),
    "half a workbook": ("a.xlsx", rows(["naam", "gemeente"], ["A", "Ede"])[:700], {}, "no whole workbook"),
    "an empty sheet": ("a.xlsx", rows(), {}, "is empty"),
    "a header alone": ("a.xlsx", rows(["naam", "gemeente"]), {}, "holds no rows"),
    "a province alone": ("a.csv", "naam;provincie\nA;Utrecht\n", {}, "no gemeente and no coordinates"),
    "a name of a gemeente and a province": (
        "a.csv",
        "naam;gemeente;provincie\nA;Utrecht;Utrecht\n",
        {},
        [("A", UTRECHT, None)],
    ),
    "names as people write them": (
        "a.csv",
        "naam;gemeente\n" + "".join(f"{code}{name};{name}\n" for name, code in NAMES.items()),
        {},
        [(f"{code}{name}".strip(), code, None) for name, code in NAMES.items()],
    ),
}


@pytest.mark.parametrize("name", FILES)
def test_a_list_of_a_publisher_gives_its_right_answer(tmp_path: Path, name: str) -> None:
    file_name, content, asked, answer = FILES[name]
    path = put(tmp_path, file_name, content)
    if isinstance(answer, str):
        with pytest.raises(InputError, match=answer):
            read_sites(path, **asked)
        return
    table, receipt = read_sites(path, **asked)
    found = [(row.name, row.gemeente_code, None if pd.isna(row.size_n) else row.size_n) for row in table.itertuples()]
    assert found == answer
    out_n = len({line.row_n for line in (*receipt.left_out, *receipt.passed)} & set(range(2, 2 + receipt.rows_n)))
    assert receipt.kept_n + out_n >= receipt.rows_n  # no row goes without a word


def test_a_divided_gemeente_is_told_with_what_it_became(tmp_path: Path) -> None:
    _, receipt = read_sites(put(tmp_path, "a.csv", "naam;gemeente\nA;Haaren\nB;Ede\n"))
    (line,) = receipt.left_out
    assert (line.key, line.said["heirs"]) == ("place_divided", "Boxtel, Oisterwijk, Tilburg, Vught")


def test_a_code_and_a_name_of_two_gemeenten_are_told(tmp_path: Path) -> None:
    text = "naam;gemeentecode;gemeentenaam\nA;363;Ede\nB;GM1982;Boxmeer\nC;;Ede\nD;9999;Utrecht\nE;;Nergens\n"
    table, receipt = read_sites(put(tmp_path, "a.csv", text))
    found = dict(zip(table["name"], table["gemeente_code"], strict=True))
    assert found == {"A": AMSTERDAM, "B": "GM1982", "C": EDE, "D": UTRECHT}
    (line,) = [line for line in receipt.changed if line.key == "code_and_name"]
    assert (line.row_n, line.said["taken"]) == (2, "Amsterdam")
    assert {line.row_n: line.said["text"] for line in receipt.left_out} == {6: "Nergens"}


def test_hidden_rows_are_told(tmp_path: Path) -> None:
    def hide(_: Any, sheet: Any) -> None:
        for row in (["naam", "gemeente", "bedden"], ["A", "Ede", 40], ["B", "Amsterdam", 60]):
            sheet.append(row)
        sheet.row_dimensions[3].hidden = sheet.column_dimensions["C"].hidden = True

    table, receipt = read_sites(put(tmp_path, "a.xlsx", book(hide)))
    assert len(table) == 2
    line = next(line for line in receipt.notes if line.key == "hidden_parts")
    assert line.said == {"rows_n": 1, "columns_n": 1}
