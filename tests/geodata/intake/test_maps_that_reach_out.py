"""A map may name an address where its coordinates are explained; reading it must ask nobody anything."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from geodata.errors import InputError
from geodata.intake.files import maps


@pytest.fixture
def asked() -> Iterator[tuple[str, list[str]]]:
    """Return the address of a server, and what it was asked."""
    paths: list[str] = []

    class Listener(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            paths.append(self.path)
            self.send_error(404)

        def log_message(self, *_: object) -> None:
            """Keep silent."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Listener) as server:
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}", paths
        server.shutdown()


def _map(crs: str, inside: str = "") -> bytes:
    feature = f'{{"type":"Feature","properties":{{}},"geometry":{{"type":"Point","coordinates":[5.7,52.05]{inside}}}}}'
    return f'{{"type":"FeatureCollection",{crs}"features":[{feature}]}}'.encode()


@pytest.mark.parametrize("kind", ["link", "url", "LINK", r"\u006cink"])
@pytest.mark.parametrize("member", ["crs", "CRS", r"\u0063rs"])
def test_a_map_that_names_an_address_is_refused_and_nobody_is_asked(
    kind: str, member: str, asked: tuple[str, list[str]]
) -> None:
    address, paths = asked
    crs = f'"{member}":{{"type":"{kind}","properties":{{"href":"{address}","url":"{address}"}}}}'
    for content in (_map(f"{crs},"), _map("", f",{crs}"), _map('"crs":null,', f",{crs}")):
        with pytest.raises(InputError, match="names an address"):
            maps.read(content, "a.geojson", "", 10)
    assert paths == []


def test_half_a_map_after_an_address_is_refused_and_nobody_is_asked(asked: tuple[str, list[str]]) -> None:
    address, paths = asked
    crs = f'"crs":{{"type":"link","properties":{{"href":"{address}"}}}},'
    with pytest.raises(InputError, match="no valid GeoJSON"):
        maps.read(_map(crs)[:-2], "a.geojson", "", 10)
    assert paths == []


def test_the_listener_hears_what_gdal_asks_without_the_lock(
    asked: tuple[str, list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    address, paths = asked
    monkeypatch.setattr(maps, "_names_address", lambda _content: False)
    maps.read(_map(f'"crs":{{"type":"link","properties":{{"href":"{address}"}}}},'), "a.geojson", "", 10)
    assert paths


@pytest.mark.parametrize("name", ["urn:ogc:def:crs:OGC:1.3:CRS84", "urn:ogc:def:crs:EPSG::28992"])
def test_a_map_that_names_its_coordinates_by_their_name_is_read(name: str) -> None:
    frame, _, _ = maps.read(
        _map(f'"crs":{json.dumps({"type": "name", "properties": {"name": name}})},'), "a.geojson", "", 10
    )
    assert len(frame) == 1


@pytest.mark.parametrize("attribute", ["xsi:schemaLocation", "x.y:schemaLocation", "xsi:noNamespaceSchemaLocation"])
def test_the_schema_of_a_gml_is_not_fetched(attribute: str, asked: tuple[str, list[str]]) -> None:
    address, paths = asked
    content = (
        '<wfs:FeatureCollection xmlns:wfs="http://www.opengis.net/wfs/2.0" xmlns:gml="http://www.opengis.net/gml/3.2" '
        'xmlns:a="http://a.example" xmlns:xlink="http://www.w3.org/1999/xlink" '
        'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xmlns:x.y="http://www.w3.org/2001/XMLSchema-instance" '
        f'{attribute}="http://a.example {address}/wfs?request=DescribeFeatureType&amp;typeName=a:park">'
        f'<wfs:member><a:park gml:id="p.1"><a:naam xlink:href="{address}/naam">A</a:naam><a:geom><gml:Point '
        'gml:id="g" srsName="urn:ogc:def:crs:EPSG::28992"><gml:pos>174000 450000</gml:pos></gml:Point></a:geom></a:park>'
        "</wfs:member></wfs:FeatureCollection>"
    ).encode()
    frame, _, _ = maps.read(content, "a.gml", "", 10)
    assert len(frame) == 1
    assert paths == []
