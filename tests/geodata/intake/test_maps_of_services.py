"""Maps as services give them: GML of WFS 1.1 and 2.0, pages of a collection, and what asks for nothing else."""

from pathlib import Path

import pytest

from geodata.errors import InputError
from tests.geodata.intake.reading import put, read_sites, zipped

SPACES = (
    'xmlns:wfs="http://www.opengis.net/wfs/2.0" xmlns:gml="http://www.opengis.net/gml/3.2" '
    'xmlns:parken="http://parken.example" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"'
)


def wfs(*members: str, head: str = "") -> str:
    inside = "".join(f"<wfs:member>{one}</wfs:member>" for one in members)
    return (
        f"<?xml version='1.0' encoding='UTF-8'?><wfs:FeatureCollection {SPACES} {head}>{inside}</wfs:FeatureCollection>"
    )


def park(name: str, pos: str, crs: str = "urn:ogc:def:crs:EPSG::28992", beds: int = 80) -> str:
    return (
        f'<parken:terrein gml:id="t.{name}"><parken:naam>{name}</parken:naam><parken:slaapplaatsen>{beds}'
        f'</parken:slaapplaatsen><parken:geom><gml:Point gml:id="g.{name}" srsName="{crs}" srsDimension="2">'
        f"<gml:pos>{pos}</gml:pos></gml:Point></parken:geom></parken:terrein>"
    )


SQUARE = (
    '<parken:terrein gml:id="t.9"><parken:naam>Vlak</parken:naam><parken:slaapplaatsen>9</parken:slaapplaatsen>'
    '<parken:geom><gml:Polygon gml:id="g.9" srsName="http://www.opengis.net/def/crs/EPSG/0/28992"><gml:exterior>'
    "<gml:LinearRing><gml:posList>174000 450000 174100 450000 174100 450100 174000 450100 174000 450000</gml:posList>"
    "</gml:LinearRing></gml:exterior></gml:Polygon></parken:geom></parken:terrein>"
)
OLD = (
    '<wfs:FeatureCollection xmlns:wfs="http://www.opengis.net/wfs" xmlns:gml="http://www.opengis.net/gml" '
    'xmlns:p="http://p.example"><gml:featureMember><p:park fid="park.1"><p:naam>Oud</p:naam>'
    '<p:slaapplaatsen>12</p:slaapplaatsen><p:geom><gml:Point srsName="EPSG:28992"><gml:coordinates>174000,450000'
    "</gml:coordinates></gml:Point></p:geom></p:park></gml:featureMember></wfs:FeatureCollection>"
)


@pytest.mark.parametrize(
    ("content", "answer"),
    [
        (wfs(park("A", "174000 450000"), park("B", "121000 487000")), [("A", 80, "GM0228"), ("B", 80, "GM0363")]),
        (wfs(SQUARE), [("Vlak", 9, "GM0228")]),
        ("\ufeff" + wfs(park("A", "174000 450000")), [("A", 80, "GM0228")]),
        # the order of EPSG:4326 is latitude first
        (wfs(park("A", "52.04 5.66", "urn:ogc:def:crs:EPSG::4326")), [("A", 80, "GM0228")]),
        (OLD, [("Oud", 12, "GM0228")]),
    ],
)
def test_gml_is_read_in_the_coordinates_that_it_says(
    tmp_path: Path, content: str, answer: list[tuple[str, int, str]]
) -> None:
    path = put(tmp_path, "terreinen.gml", content)
    table, _ = read_sites(path)
    assert list(table[["name", "size_n", "gemeente_code"]].itertuples(index=False, name=None)) == answer
    assert [one.name for one in tmp_path.iterdir()] == ["terreinen.gml"]  # nothing is left beside it
    table, _ = read_sites(put(tmp_path, "terreinen.zip", zipped({"download/terreinen.gml": content})))
    assert table["name"].tolist() == [name for name, _, _ in answer]


@pytest.mark.parametrize(
    ("content", "key"),
    [
        ("<?xml version='1.0'?><ows:ExceptionReport><ows:Exception/></ows:ExceptionReport>", "no_gml"),
        ("<html><body>Log in</body></html>", "no_gml"),
        (wfs(park("A", "174000 450000", "http://127.0.0.1:9/crs.xml")), "gml_with_address"),
        (wfs(park("A", "174000 450000", "&#104;ttp://127.0.0.1:9/crs.xml")), "gml_with_address"),
        ("<!DOCTYPE a [<!ENTITY b 'c'>]>" + wfs(park("A", "1 1")), "kml_with_entities"),
        (wfs(park("A", "174000 450000"))[:-200], "map_unreadable"),
        (wfs(park("A", "174000 450000")).replace("UTF-8", "UTF-E"), "map_unreadable"),
        (wfs(park("A", "174000 450000")).replace("UTF-8", "Shift_JIS"), "map_unreadable"),
        (wfs(), "map_without_layer"),
    ],
)
def test_what_is_no_collection_of_places_is_refused_by_name(tmp_path: Path, content: str, key: str) -> None:
    with pytest.raises(InputError) as refused:
        read_sites(put(tmp_path, "terreinen.gml", content))
    assert refused.value.key == key


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.gml", wfs(park("A", "174000 450000"), head='numberMatched="2500" numberReturned="1"')),
        (
            "a.geojson",
            '{"type":"FeatureCollection","features":[{"type":"Feature","properties":{"naam":"A"},"geometry":'
            '{"type":"Point","coordinates":[5.66,52.04]}}],"numberMatched":2500,"numberReturned":1}',
        ),
    ],
)
def test_a_page_of_what_a_service_has_is_told(tmp_path: Path, name: str, content: str) -> None:
    _, receipt = read_sites(put(tmp_path, name, content))
    assert [line.said for line in receipt.notes if line.key == "map_page"] == [{"n": 1, "total": 2500}]
    _, receipt = read_sites(put(tmp_path, name, content.replace("2500", "1")))
    assert "map_page" not in [line.key for line in receipt.notes]
