"""Local clusters: published figures, islands, and what must not be called a cluster."""

from contextlib import closing

import geopandas as gpd
import libpysal
import numpy as np
import pandas as pd
import pytest
from libpysal import examples
from libpysal.graph import Graph
from numpy.testing import assert_allclose
from shapely.geometry import box

from geodata.errors import InputError
from risk.insight.clusters import clusters, eb_standardise, local_statistics, neighbours


def _graph(name: str) -> Graph:
    with closing(libpysal.io.open(examples.get_path(name))) as file:
        return Graph.from_W(file.read())


def _global_moran(graph: Graph, values: np.ndarray) -> float:
    """Return Moran's I: the local ones add up to it."""
    local = local_statistics(graph, pd.Series(range(len(values))), values, permutations=99)
    return float(local["moran"].sum() / (len(values) - 1))


def test_standardised_rates_of_north_carolina() -> None:
    counties = gpd.read_file(examples.get_path("sids2.dbf"))
    assert_allclose(
        eb_standardise(counties["SID74"], counties["BIR74"])[:4], [-0.68230, -0.91133, -0.38245, -0.02429], atol=5e-6
    )


def test_moran_of_st_louis_and_of_north_carolina() -> None:
    homicide = pd.read_csv(examples.get_path("stl_hom.csv"))["HR8893"].to_numpy()
    assert _global_moran(_graph("stl.gal"), homicide) == pytest.approx(0.244, abs=5e-4)
    counties = gpd.read_file(examples.get_path("sids2.dbf"))
    assert _global_moran(_graph("sids2.gal"), counties["SIDR74"].to_numpy()) == pytest.approx(0.2477, abs=5e-5)


def test_local_moran_of_the_handbook_example() -> None:
    with closing(libpysal.io.open(examples.get_path("desmith.txt"))) as file:
        values = np.array(file.by_col["z"])
    local = local_statistics(_graph("desmith.gal"), pd.Series(range(len(values))), values, permutations=99)
    assert_allclose(local["moran"][:3], [-0.114093, -0.199405, -0.133514], atol=5e-7)


def test_getis_ord_star_of_six_points() -> None:
    points = gpd.GeoSeries.from_xy([10, 20, 40, 15, 30, 30], [10, 10, 10, 20, 20, 30])
    graph = Graph.build_distance_band(points, 15, binary=True)
    values = np.array([2, 3, 3.2, 5, 8, 7])
    local = local_statistics(graph, pd.Series(range(6)), values, permutations=99)
    assert_allclose(local["g_star"], [-1.39728, -0.28918, 0.65065, -0.28918, 1.23452, 2.02424], atol=5e-6)


def _squares(side: int) -> gpd.GeoDataFrame:
    cells = [(c, r) for r in range(side) for c in range(side)]
    return gpd.GeoDataFrame(
        {"code": [f"A{place:03d}" for place in range(len(cells))]},
        geometry=[box(c, r, c + 1, r + 1) for c, r in cells],
        crs="EPSG:28992",
    )


def test_an_island_is_joined_to_its_nearest_neighbour() -> None:
    areas = _squares(3)
    island = gpd.GeoDataFrame({"code": ["ISLE"]}, geometry=[box(8, 2, 9, 3)], crs=areas.crs)
    graph = neighbours(pd.concat([areas, island], ignore_index=True), "code")
    assert len(graph.isolates) == 0
    assert list(graph["ISLE"].index) == ["A008"]
    assert "ISLE" in graph["A008"].index
    assert list(graph.unique_ids) == [*areas["code"], "ISLE"]


def test_a_planted_hot_spot_is_found_and_chance_is_not() -> None:
    areas = _squares(15)
    rng = np.random.default_rng(20201123)
    exposure = np.full(len(areas), 1_000.0)
    quiet = rng.poisson(20, len(areas)).astype(float)
    none = clusters(areas, "code", quiet, exposure, seed=1)
    assert none["is_hot"].sum() + none["is_moran_cluster"].sum() <= 1
    planted = quiet.copy()
    hot = [15 * r + c for r in (6, 7, 8) for c in (6, 7, 8)]
    planted[hot] = rng.poisson(80, 9)
    found = clusters(areas, "code", planted, exposure, seed=1)
    assert found.loc[15 * 7 + 7, ["is_hot", "is_moran_cluster"]].all()
    assert found.loc[15 * 7 + 7, "quadrant"] == "high_high"
    far = [place for place in range(len(areas)) if abs(place // 15 - 7) > 4 or abs(place % 15 - 7) > 4]
    assert not found.loc[far, "is_hot"].any()
    pd.testing.assert_frame_equal(found, clusters(areas, "code", planted, exposure, seed=1))


def test_nothing_to_find_is_a_defined_answer() -> None:
    areas = _squares(3)
    same = clusters(areas, "code", np.full(9, 5.0), np.full(9, 100.0))
    assert not same[["is_hot", "is_cold", "is_moran_cluster"]].any(axis=None)
    nobody = clusters(areas, "code", np.zeros(9), np.zeros(9))
    assert not nobody[["is_hot", "is_cold", "is_moran_cluster"]].any(axis=None)
    with pytest.raises(InputError, match="at least two"):
        clusters(areas.iloc[:1], "code", [1.0], [1.0])
