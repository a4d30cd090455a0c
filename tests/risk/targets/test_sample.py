"""The sample on request: strata, chances, what it can show, and its outcomes. All sites are invented."""

import geopandas as gpd
import pandas as pd
import pytest
from shapely.geometry import Point

from geodata.errors import InputError
from risk.targets import draw, estimates
from risk.targets.draw import Wanted


def _sites(n=40):
    table = pd.DataFrame(
        {
            "site_id": [f"S{i:03d}" for i in range(n)],
            "kind": "slaughterhouse",
            "name": "",
            "country": "NL",
            "vr_code": ["VR06" if i % 2 else "VR20" for i in range(n)],
            "gemeente_code": "GM0200",
            "size_n": [float(5 * i + 3) for i in range(n)],
            "size_unit": "fte",
        }
    )
    return gpd.GeoDataFrame(table, geometry=[Point(i, i) for i in range(n)], crs="EPSG:28992")


NONE = pd.DataFrame({"site_id": []}, dtype="str")


def _draw(sites=None, problems=NONE, seed=1, **wanted):
    asked = {"kind": "slaughterhouse", "vr_codes": ("VR06",), "size_from": None, "size_below": 100.0, "draws_n": 6}
    return draw.draw_sample(_sites() if sites is None else sites, problems, Wanted(**(asked | wanted)), seed)


def test_small_slaughterhouses_of_one_region():
    drawn = _draw()
    assert drawn.frame_n == 10
    assert len(drawn.table) == 6
    assert set(drawn.table["vr_code"]) == {"VR06"}
    assert (drawn.table["size_n"] < 100).all()
    assert drawn.strata.set_index("stratum")["stratum_n"].to_dict() == {"0-49": 5, "50-99": 5}
    assert (drawn.table["inclusion_probability"] == 0.6).all()
    told = draw.tell(drawn)
    assert "0-49: 3 of 5 (size in fte)" in told
    assert any("10%: 10" in line for line in told)


def test_the_same_list_and_seed_draw_the_same_sites():
    first, again = _draw(seed=5), _draw(_sites().sample(frac=1, random_state=2), seed=5)
    pd.testing.assert_frame_equal(first.table, again.table)
    assert len({tuple(_draw(seed=seed).table["site_id"]) for seed in range(20)}) > 10


def test_unknown_sizes_and_problems_are_told_not_guessed():
    sites = _sites()
    sites.loc[[1, 3], "size_n"] = float("nan")
    drawn = _draw(sites, pd.DataFrame({"site_id": ["S005"]}))
    assert (drawn.frame_n, drawn.unknown_size_n, drawn.problem_n) == (7, 2, 1)
    assert not {"S001", "S003", "S005"} & set(drawn.table["site_id"])
    assert any("2 sites of unknown size" in line for line in draw.tell(drawn))


def test_several_regions_divide_by_part_of_the_country_where_the_draw_allows():
    drawn = _draw(vr_codes=(), size_below=None, draws_n=24)
    assert {name.split(",")[0] for name in drawn.strata["stratum"]} == {"east", "south"}
    assert (drawn.strata["drawn_n"] >= 2).all()


def test_more_than_there_are_takes_all():
    drawn = _draw(draws_n=500)
    assert len(drawn.table) == drawn.frame_n == 10
    assert (drawn.table["inclusion_probability"] == 1).all()


@pytest.mark.parametrize(
    ("wanted", "says"),
    [
        ({"vr_codes": ("VR99",)}, "'VR99' does not exist"),
        ({"draws_n": 0}, "at least one site"),
        ({"minimum": 0}, "at least one site"),
        ({"size_below": 1.0}, "No site answers"),
        ({"kind": "greenhouse"}, "No site answers"),
        ({"seed": -1}, "Seed -1 cannot be used"),
    ],
)
def test_questions_that_cannot_be_answered(wanted, says):
    with pytest.raises(InputError, match=says):
        _draw(**wanted)


def test_outcomes_come_back_as_an_estimate(tmp_path):
    table = pd.DataFrame(_draw().table.drop(columns="geometry"))
    table["found"] = ["yes", "No", "", "nee", "ja", "no"]
    path = tmp_path / "sample.csv"
    table.to_csv(path, index=False)
    share = estimates.stratified_share(draw.read_outcomes(path))
    assert share.visits_n == 5
    assert 0 < share.low < share.share < share.high < 1


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"found": "maybe"}, "row 2: found is 'maybe'"),
        ({"stratum_n": "many"}, "no number"),
        ({"stratum": None}, "no column 'stratum'"),
    ],
)
def test_a_damaged_sample_file_says_where(tmp_path, change, says):
    table = pd.DataFrame(_draw().table.drop(columns="geometry"))
    for column, value in change.items():
        table = table.drop(columns=column) if value is None else table.assign(**{column: value})
    table.to_csv(tmp_path / "sample.csv", index=False)
    with pytest.raises(InputError, match=says):
        draw.read_outcomes(tmp_path / "sample.csv")


def test_a_file_that_is_no_table(tmp_path):
    (tmp_path / "empty.csv").write_text("")
    with pytest.raises(InputError, match="cannot be read as CSV"):
        draw.read_outcomes(tmp_path / "empty.csv")
    with pytest.raises(InputError, match="cannot be read as CSV"):
        draw.read_outcomes(tmp_path / "absent.csv")
