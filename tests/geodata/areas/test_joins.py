"""Joins: nothing is lost, nothing counted twice; years on each other, points in areas."""

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from geodata.areas import joins, regions
from tests.examples import examples
from tests.server.figures import gemeenten


class TestToToday:
    @examples(30)
    @given(st.integers(2020, 2026), st.integers(0, 2**32 - 1))
    def test_the_national_total_is_kept_from_any_year(self, year: int, seed: int) -> None:
        codes = regions.gemeenten_of_year(gemeenten(), year)
        table = pd.DataFrame({"gemeente_code": codes, "n": np.random.default_rng(seed).integers(0, 9_999, len(codes))})
        found = joins.to_today(table.astype({"n": float}), regions.changes_from(year), ["n"], by=["gemeente_code"])
        assert found["n"].sum() == pytest.approx(table["n"].sum())
        assert set(found["gemeente_code"]) == set(gemeenten()["gemeente_code"])

    def test_a_sum_with_a_missing_part_is_missing(self) -> None:
        table = pd.DataFrame({"gemeente_code": ["GM0501", "GM0530", "GM0614"], "n": [1.0, np.nan, 3.0]})
        found = joins.to_today(table, regions.changes_from(2022), ["n"], by=["gemeente_code"])
        assert found["gemeente_code"].tolist() == ["GM1992"]
        assert found["n"].isna().all()

    def test_only_what_was_divided_is_an_estimate(self) -> None:
        table = pd.DataFrame({"gemeente_code": ["GM0788", "GM0824", "GM0363"], "n": [100.0, 10.0, 5.0]})
        found = joins.to_today(table, regions.changes_from(2020), ["n"], by=["gemeente_code"])
        status = joins.status_after_split(found["is_split"], found["n"]).set_axis(found["gemeente_code"])
        assert (status["GM0824"], status["GM0363"]) == ("estimate", "official")
        assert found.set_index("gemeente_code").loc["GM0824", "n"] == pytest.approx(50)


class TestPoints:
    def test_every_gemeente_holds_its_own_inside_point(self) -> None:
        areas = gemeenten()
        found = joins.gemeente_of_points(areas.geometry.representative_point(), areas)
        assert found.tolist() == areas["gemeente_code"].tolist()

    @examples(25)
    @given(st.lists(st.tuples(st.floats(0, 3), st.floats(0, 3)), min_size=1, max_size=40))
    def test_a_point_on_a_border_counts_once(self, places: list[tuple[float, float]]) -> None:
        boxes = [shapely.box(x, y, x + 1, y + 1) for x in range(3) for y in range(3)]
        areas = gpd.GeoDataFrame(
            {"gemeente_code": [f"GM{9 - number:04d}" for number in range(9)]}, geometry=boxes, crs="EPSG:28992"
        )
        points = gpd.GeoSeries([shapely.Point(place) for place in places], crs="EPSG:28992")
        found = joins.gemeente_of_points(points, areas)
        for point, code in zip(points, found, strict=True):
            around = areas.loc[areas.intersects(point), "gemeente_code"]
            assert code == around.min()

    def test_a_missing_or_far_point_has_none(self) -> None:
        points = gpd.GeoSeries([None, shapely.Point(0, 0)], index=[7, 3], crs="EPSG:28992")
        assert joins.gemeente_of_points(points, gemeenten()).to_dict() == {7: "", 3: ""}


def test_a_sum_lacks_what_the_delivery_has_no_row_for() -> None:
    """Amsterdam took in Weesp in 2022: Weesp alone is not Amsterdam. Voorne aan Zee arose from three in 2023."""
    changes = regions.changes_from(2021)
    delivered = pd.DataFrame({"gemeente_code": ["GM0457", "GM0501", "GM0530", "GM0344"], "n": [1.0, 2.0, 3.0, 4.0]})
    found = joins.to_today(delivered, changes, ["n"], by=["gemeente_code"]).set_index("gemeente_code")["n"]
    assert found.isna().to_dict() == {"GM0344": False, "GM0363": True, "GM1992": True}
    whole = pd.concat([delivered, pd.DataFrame({"gemeente_code": ["GM0363", "GM0614"], "n": [100.0, 5.0]})])
    found = joins.to_today(whole, changes, ["n"], by=["gemeente_code"]).set_index("gemeente_code")["n"]
    assert found.to_dict() == {"GM0344": 4.0, "GM0363": 101.0, "GM1992": 10.0}
