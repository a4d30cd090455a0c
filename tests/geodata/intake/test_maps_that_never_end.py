"""A small map may ask for hours or for all memory when it is read; it is refused before it is."""

import sqlite3
from pathlib import Path

import geopandas as gpd
import pytest
import shapely

from geodata.errors import InputError
from geodata.intake.files import maps

# ruff: noqa: S608 - statements of our own
ENDLESS = "WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c)"
LAYER_V = (
    "INSERT INTO gpkg_contents(table_name, data_type, identifier, srs_id) VALUES ('v', 'features', 'v', 4326)",
    "INSERT INTO gpkg_geometry_columns VALUES ('v', 'geom', 'POINT', 4326, 0, 0)",
)
COMPUTED = {
    "a view without an end": (
        f"CREATE VIEW v AS {ENDLESS} SELECT n AS fid, (SELECT geom FROM lijst) AS geom FROM c",
        *LAYER_V,
    ),
    "a list of layers without an end": (
        "ALTER TABLE gpkg_contents RENAME TO listed",
        f"CREATE VIEW gpkg_contents AS {ENDLESS} SELECT listed.* FROM listed, c",
    ),
    "a text of 600 MB": ("CREATE VIEW v AS SELECT fid, geom, hex(zeroblob(300000000)) AS a FROM lijst", *LAYER_V),
    "a column of 600 MB": (
        "ALTER TABLE lijst ADD COLUMN a TEXT GENERATED ALWAYS AS (hex(zeroblob(300000000))) VIRTUAL",
    ),
    "an old name for it": (f"CREATE VIEW spatial_ref_sys AS {ENDLESS} SELECT n AS fid, x'' AS geom FROM c", *LAYER_V),
}


@pytest.fixture
def geopackage(tmp_path: Path) -> Path:
    path = tmp_path / "lijst.gpkg"
    gpd.GeoDataFrame({"naam": ["a"]}, geometry=[shapely.Point(5, 52)], crs=4326).to_file(path, layer="lijst")
    return path


@pytest.mark.parametrize("how", COMPUTED)
def test_a_geopackage_that_computes_what_is_read_is_refused(geopackage: Path, how: str) -> None:
    with sqlite3.connect(geopackage) as connection:
        for statement in COMPUTED[how]:
            connection.execute(statement.replace("'v'", "'spatial_ref_sys'") if "old" in how else statement)
    connection.close()
    for read in (lambda source: maps.read(source, "lijst.gpkg", "", 10), lambda one: maps.layers(one, "lijst.gpkg")):
        for source in (geopackage, geopackage.read_bytes()):
            with pytest.raises(InputError, match="only when it is read"):
                read(source)


def test_a_geopackage_with_names_of_an_old_standard_is_read(geopackage: Path) -> None:
    with sqlite3.connect(geopackage) as connection:
        connection.execute("CREATE VIEW st_spatial_ref_sys AS SELECT srs_name FROM gpkg_spatial_ref_sys")
    connection.close()
    assert maps.read(geopackage, "lijst.gpkg", "", 10)[0]["naam"].to_list() == ["a"]


@pytest.mark.parametrize("ending", ["gml", "kml", "geojson"])
def test_a_map_of_ten_thousand_columns_is_refused(ending: str) -> None:
    names = [f"c{number}" for number in range(10_000)]
    content = {
        "gml": "<gml:FeatureCollection>" + "".join(f"<a:{name}/>" for name in names) + "</gml:FeatureCollection>",
        "kml": "<kml>" + "".join(f'<Data name="{name}"/>' for name in names) + "</kml>",
        "geojson": "{" + ",".join(f'"{name}": 1' for name in names) + "}",
    }[ending]
    with pytest.raises(InputError, match="more than 4000"):
        maps.read(content.encode(), f"lijst.{ending}", "", 10)
