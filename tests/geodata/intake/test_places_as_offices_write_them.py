"""Where sites are, as offices write it: pairs in a cell, shapes of databases, headers, towns. All is invented."""

import json
from pathlib import Path

import pandas as pd
import pytest

from geodata.errors import RisicobeeldError
from tests.geodata.intake.reading import geojson, point, put, read_sites

EDE, AMSTERDAM = "GM0228", "GM0363"
A, B = ("A", EDE, None), ("B", AMSTERDAM, None)
RD = {"type": "name", "properties": {"name": "urn:ogc:def:crs:EPSG::28992"}}
SQUARE = "((5.69 52.04,5.71 52.04,5.71 52.06,5.69 52.06,5.69 52.04))"
HEADERS = [
    "RD X;RD Y",
    "Coördinaat X (RD);Coördinaat Y (RD)",
    "X-coord (m);Y-coord (m)",
    "x_rdnew;y_rdnew",
    "XCOORD_RD;YCOORD_RD",
    "2. X:;3. Y:",
]
DEGREES = [
    "Lat (°);Lon (°)",
    "lat_wgs84;lon_wgs84",
    "gps_latitude;gps_longitude",
    "Breedtegraad (WGS84);Lengtegraad (WGS84)",
]


def features(*made: dict[str, object], **more: object) -> str:
    return json.dumps(json.loads(geojson(*made)) | more)


FILES: dict[str, tuple[str, str, object]] = {
    "degrees with their quarter in a cell": (
        "a.csv",
        "naam;coordinaten\nA;52.05 N, 5.70 E\nB;N 52.37 E 4.90\n",
        [A, B],
    ),
    "minutes and seconds in a cell": ("a.csv", 'naam;coördinaten\nA;"52° 3\' 0"" N 5° 42\' 0"" E"\n', [A]),
    "brackets and slashes": ("a.csv", "naam;gps\nA;(52.05, 5.70)\nB;[52.37/4.90]\n", [A, B]),
    "commas for everything": ("a.csv", 'naam;gps\nA;"52,05; 5,70"\nB;"52,37, 4,90"\n', [A, B]),
    "metres in a cell": ("a.csv", "naam;coordinaten\nA;172000.25 450000.75\nB;121000,487000\n", [A, B]),
    "the link of a map": ("a.csv", "naam;gps\nA;https://maps.example.org/@52.05,5.70,15z\nB;geo:52.37,4.90\n", [A, B]),
    "a polygon as text": ("a.csv", f'wkt;naam\n"POLYGON{SQUARE}";A\n"SRID=4326;POINT(4.9 52.37)";B\n', [A, B]),
    "the shape of a database": ("a.csv", "geom;naam\n0101000020E6100000CDCCCCCCCCCC16406666666666064A40;A\n", [A]),
    "GeoJSON in a cell": ("a.csv", 'naam;geometry\nA;"{""type"":""Point"",""coordinates"":[5.7,52.05]}"\n', [A]),
    "a pair that is none": ("a.csv", "naam;gps\nA;52.05, 5.70\nB;52.37, 4.90\nC;achter de dijk\n", [A, B]),
    "a pair that is unknown, beside a gemeente": (
        "a.csv",
        "naam;gemeente;gps\nA;Ede;onbekend\nB;Amsterdam;52.37, 4.90\n",
        [A, B],
    ),
    "metres in RD with its name": ("a.geojson", features(point(172000, 450000, name="A"), crs=RD), [A]),
    "degrees that call themselves metres": ("a.geojson", features(point(5.7, 52.05, name="A"), crs=RD), "are degrees"),
    "a feature without a shape": (
        "a.geojson",
        features(
            {"type": "Feature", "properties": {"name": "A", "gemeente": "Ede"}, "geometry": None},
            point(4.9, 52.37, name="B"),
        ),
        [A, B],
    ),
    "one row exchanged": ("a.csv", "naam;lat;lon\nA;52.05;5.70\nB;52.37;4.90\nC;5.12;52.09\n", [A, B]),
    "nil and nil beside a gemeente": ("a.csv", "naam;gemeente;lat;lon\nA;Ede;0;0\nB;Amsterdam;52.37;4.90\n", [A, B]),
    "marks of a Swiss": ("a.csv", "naam;x;y\nA;172'000;450'000\nB;121 000;487 000\n", [A, B]),
    "postcode and town in a cell": ("a.csv", "naam;adres;Postcode/Woonplaats\nA;Dorpsstraat 1;6711AB  EDE\n", [A]),
    "a whole address in a cell": ("a.csv", "naam;adres\nA;Dorpsstraat 1, 6711 AB Ede\n", [A]),
    "a town of a name elsewhere": (
        "a.csv",
        "naam;adres;postcode en plaats\nA;Dorpsstraat 1;6711AB Ede\nB;Dam 1;1012JS Amsterdam\nC;Dorp 1;7255AB Hengelo\n",
        [A, B],
    ),
    "sums between the rows": (
        "a.csv",
        "naam;gemeente;bedden\nA;Ede;40\nTotaal;Ede;40\nSubtotaal gemeente Ede;Ede;40\nTotaal Slopen BV;Ede;5\n",
        [("A", EDE, 40), ("Totaal Slopen BV", EDE, 5)],
    ),
    "sizes that are ranges": (
        "a.csv",
        "naam;gemeente;bedden\nA;Ede;50-100\nB;Amsterdam;50+\nC;Ede;40 à 60\nD;Ede;12 st.\n",
        [A, B, ("C", EDE, None), ("D", EDE, 12)],
    ),
}


@pytest.mark.parametrize("name", FILES)
def test_a_list_of_sites_gives_its_right_answer(tmp_path: Path, name: str) -> None:
    file_name, content, answer = FILES[name]
    path = put(tmp_path, file_name, content)
    if isinstance(answer, str):
        with pytest.raises(RisicobeeldError, match=answer):
            read_sites(path)
        return
    table, receipt = read_sites(path)
    found = [(row.name, row.gemeente_code, None if pd.isna(row.size_n) else row.size_n) for row in table.itertuples()]
    assert found == answer
    told = {line.row_n for line in (*receipt.left_out, *receipt.passed)}
    assert receipt.kept_n + len(told) == receipt.rows_n  # no row goes without a word


@pytest.mark.parametrize("header", [*HEADERS, *DEGREES])
def test_a_header_of_a_coordinate_is_known(tmp_path: Path, header: str) -> None:
    pair = "52.05;5.70" if header in DEGREES else "172000;450000"
    table, _ = read_sites(put(tmp_path, "a.csv", f"naam;{header}\nA;{pair}\n"))
    assert table["gemeente_code"].tolist() == [EDE]


def test_a_size_that_is_a_range_is_told(tmp_path: Path) -> None:
    _, receipt = read_sites(put(tmp_path, "a.csv", FILES["sizes that are ranges"][1]))
    assert [(line.row_n, line.said["text"]) for line in receipt.changed] == [(2, "50-100"), (3, "50+"), (4, "40 à 60")]
