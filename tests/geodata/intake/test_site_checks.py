"""Bad sites are reported with their row and kept out; good ones are left alone. All rows are invented."""

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from shapely.geometry import Point, box

from risk.targets.checks import _WORDS, find_problems, problem_text

GEMEENTEN = gpd.GeoDataFrame(
    {"gemeente_code": ["GM0001", "GM0002"]},
    geometry=[box(0, 0, 10_000, 10_000), box(10_000, 0, 20_000, 10_000)],
    crs="EPSG:28992",
)


def _sites(*rows):
    base = {
        "kind": "lodging",
        "name": "Logies Een",
        "country": "NL",
        "gemeente_code": "GM0001",
        "vr_code": "VR01",
        "size_n": 40.0,
        "size_unit": "beds",
        "located": "exact",
        "employer_group": "",
        "source": "a",
    }
    table = pd.DataFrame(
        [base | {"site_id": f"S{i}", "xy": (5_000 + 900 * i, 5_000)} | row for i, row in enumerate(rows)]
    )
    points = [None if xy is None else Point(xy) for xy in table["xy"]]
    return gpd.GeoDataFrame(table.drop(columns="xy"), geometry=points, crs="EPSG:28992")


def _found(*rows):
    table = find_problems(_sites(*rows), GEMEENTEN)
    return list(table[["row", "site_id", "problem"]].itertuples(index=False, name=None))


@pytest.mark.parametrize(
    ("row", "problem"),
    [
        ({"xy": None, "located": "none"}, "no_place"),
        ({"xy": (-50_000, 5_000)}, "in_sea"),
        ({"xy": (15_000, 5_000)}, "other_gemeente"),
        ({"country": "DE", "gemeente_code": "", "vr_code": "", "xy": (90_000, 0)}, "abroad_lodging"),
        ({"country": "BE", "kind": "greenhouse", "gemeente_code": "", "vr_code": "", "xy": (90_000, 0)}, "abroad"),
        ({"size_n": -3.0}, "size"),
        ({"size_n": 0.0}, "size"),
        ({"size_n": np.inf}, "size"),
        ({"size_n": 50_000.0}, "size"),
        ({"size_n": 25_000.0, "size_unit": "fte", "kind": "meat_plant"}, "size"),
    ],
)
def test_each_fault_is_reported_with_its_row(row, problem):
    assert _found({}, row, {}) == [(2, "S1", problem)]


@pytest.mark.parametrize(
    "row",
    [
        {"size_n": np.nan},
        {"gemeente_code": ""},
        {"xy": (20_900, 5_000), "gemeente_code": "GM0002"},  # generalised coast
        {"xy": (10_300, 5_000)},  # just over a boundary
        {"size_n": 90_000.0, "size_unit": "m2", "kind": "greenhouse"},
    ],
)
def test_what_is_allowed_is_left_alone(row):
    assert _found({"name": "Logies Twee"}, row) == []


def test_a_double_in_another_source_keeps_the_better_record():
    near = {"xy": (5_040, 5_000), "source": "b", "located": "address"}
    assert _found({}, near | {"name": "Een Logies"}) == [(2, "S1", "double")]
    assert _found(near | {"name": "Een Logies", "xy": (5_000, 5_000)}, {"xy": (5_040, 5_000)}) == [(1, "S0", "double")]
    table = find_problems(_sites({}, near | {"name": "Heel anders"}), GEMEENTEN)
    assert table["other_site_id"].tolist() == ["S0"]


@pytest.mark.parametrize(
    "row",
    [
        {"xy": (5_040, 5_000), "source": "a", "name": "Een Logies"},  # one source: two neighbours
        {"xy": (5_040, 5_000), "source": "b", "name": "Heel anders", "size_n": 12.0},
        {"xy": (5_040, 5_000), "source": "b", "name": "Een Logies", "kind": "holiday_park"},
        {"xy": (5_900, 5_000), "source": "b", "name": "Een Logies"},
    ],
)
def test_neighbours_are_no_doubles(row):
    assert _found({}, row) == []


def test_every_problem_has_words_in_both_languages():
    for problem in _WORDS:
        assert problem_text(problem, "nl") != problem_text(problem, "en")


def test_an_empty_list_has_no_problems():
    assert find_problems(_sites({}).iloc[:0], GEMEENTEN).empty
