"""Places, rivers and lakes by which a reader finds the way: small, and where they are."""

import gzip

import geopandas as gpd
import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from geodata.areas import landmarks
from geodata.codes import CRS_RD, CRS_WGS84
from geodata.settings import EMBEDDED_DIR


def test_the_file_stays_small() -> None:
    assert len(gzip.compress((EMBEDDED_DIR / landmarks.FILE).read_bytes(), 9, mtime=0)) < 10_000


def test_every_place_lies_in_the_gemeente_it_names_and_the_largest_come_first() -> None:
    found = landmarks.places()
    gemeenten = gpd.read_parquet(EMBEDDED_DIR / "gemeenten.parquet").set_index("gemeente_code")
    points = gpd.GeoSeries.from_xy([one.longitude for one in found], [one.latitude for one in found], crs=CRS_WGS84)
    shapes = gemeenten.geometry.loc[[one.gemeente_code for one in found]]
    away = shapely.distance(points.to_crs(CRS_RD).to_numpy(), shapes.to_numpy())
    assert away.max() < 2_000
    assert np.median(away) == 0
    sizes = [one.thousands_n for one in found]
    assert sizes == sorted(sizes, reverse=True)
    assert min(sizes) >= 10


@pytest.mark.parametrize(
    ("bridge", "latitude", "longitude"),
    [
        ("Waal at Nijmegen", 51.8515, 5.862),
        ("Lek at Vianen", 51.9965, 5.089),
        ("IJssel at Deventer", 52.2505, 6.152),
        ("Maas at Venlo", 51.371, 6.163),
        ("Bergsche Maas at Keizersveer", 51.722, 4.892),
    ],
)
def test_rivers_run_where_their_bridges_are(bridge: str, latitude: float, longitude: float) -> None:
    lines = [shapely.linestrings(line[:, ::-1]) for line in landmarks.waters()["rivers"]]
    rd = gpd.GeoSeries(lines, crs=CRS_WGS84).to_crs(CRS_RD)
    point = gpd.GeoSeries([shapely.Point(longitude, latitude)], crs=CRS_WGS84).to_crs(CRS_RD).iloc[0]
    assert rd.distance(point).min() < 1_000, bridge


def test_lakes_are_rings() -> None:
    for ring in landmarks.waters()["lakes"]:
        assert len(ring) >= 4
        assert (ring[0] == ring[-1]).all()


@given(arrays.arrays(np.int64, st.tuples(st.integers(1, 30), st.just(2)), elements=st.integers(-10_000, 500_000)))
def test_packed_points_come_back(whole: np.ndarray) -> None:
    points = whole / landmarks.STEPS
    kept = np.concatenate([[True], (np.diff(whole, axis=0) != 0).any(axis=1)])
    assert np.allclose(landmarks.unpack(landmarks.pack(points)), points[kept])
