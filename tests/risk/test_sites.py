"""Site scores: kind x size x the area around; what is not known lowers completeness, never the score."""

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose

from geodata import codes, contracts
from geodata.errors import InputError
from risk.declaration import Model
from risk.normalise import goalposts
from risk.pipeline import Outcome, score

Tables = dict[str, pd.DataFrame]


def _site(outcome: Outcome, site_id: str) -> pd.Series:
    return outcome.scores.set_index("unit_id").loc[site_id]


def _of_kind(tables: Tables, kind: str) -> pd.Series:
    sites = tables["sites"]
    return sites[sites["kind"] == kind].iloc[0]


def _area(tables: Tables, model: Model) -> pd.Series:
    parts = [score(tables, level, model, rebuilds=0).scores for level in ("gemeente", "vr")]
    return pd.concat(parts).set_index("unit_id")["score_0_10"]


def test_the_score_by_hand(tables: Tables, model: Model) -> None:
    site = _of_kind(tables, "slaughterhouse")
    outcome = score(tables, "site", model, rebuilds=0)
    kind = model.site_kinds["slaughterhouse"]
    size = float(goalposts([site["size_n"]], *model.site_sizes["fte"], is_log=True)[0])
    area = _area(tables, model)[f"{site['gemeente_code']}:slaughter_meat"]
    weights = {d.code: d.weight for d in model.sites.dimensions}
    by_hand = 10 * np.prod([
        (max(value, 0.1) / 10) ** weights[code]
        for code, value in (("site_kind", kind), ("site_size", size), ("site_area", area))
    ])  # fmt: skip
    row = _site(outcome, site["site_id"])
    assert row["score_0_10"] == pytest.approx(by_hand)
    assert row["completeness_pct"] == pytest.approx(100)
    assert row["sector_code"] == "slaughter_meat"


def test_lodgings_take_the_score_of_all_sectors_together(tables: Tables, model: Model) -> None:
    outcome = score(tables, "site", model, rebuilds=0)
    areas = _area(tables, model)
    raw = outcome.indicators[outcome.indicators["indicator_code"] == "site_area"].set_index("unit_id")["raw_value"]
    for kind in ("lodging", "holiday_park"):
        site = _of_kind(tables, kind)
        assert raw[site["site_id"]] == areas[site["gemeente_code"]]
    tables["sites"].loc[tables["sites"]["site_id"] == site["site_id"], "sector_code"] = "packing_wholesale"
    named = score(tables, "site", model, rebuilds=0).indicators
    mine = named.query("indicator_code == 'site_area'").set_index("unit_id")["raw_value"]
    again = _area(tables, model)  # its beds now count for that sector too
    assert mine[site["site_id"]] == again[f"{site['gemeente_code']}:packing_wholesale"]


@pytest.mark.parametrize("lost", ["size", "place", "both"])
def test_not_knowing_lowers_completeness_and_leaves_the_known_factors(tables: Tables, model: Model, lost: str) -> None:
    site = _of_kind(tables, "packing_hall")
    row = tables["sites"]["site_id"] == site["site_id"]
    if lost in ("size", "both"):
        tables["sites"].loc[row, "size_n"] = np.nan
    if lost in ("place", "both"):
        tables["sites"].loc[row, ["gemeente_code", "vr_code", "located"]] = ["", "", "none"]
        tables["sites"].loc[row, "geometry"] = None
    outcome = score(tables, "site", model, rebuilds=40)
    got = _site(outcome, site["site_id"])
    completeness = {"size": 75, "place": 65, "both": 40}[lost]
    assert got["completeness_pct"] == pytest.approx(completeness)
    assert got[["score_0_10", "risk_class", "rank", "p_top_k"]].notna().all()
    if lost == "both":
        assert got["score_0_10"] == pytest.approx(model.site_kinds["packing_hall"])


def test_never_below_the_lowest_known_factor(tables: Tables, model: Model) -> None:
    tables["sites"].loc[::3, "size_n"] = np.nan
    outcome = score(tables, "site", model, rebuilds=0)
    lowest = np.nanmin(outcome.prepared.values_0_10, axis=1)
    highest = np.nanmax(outcome.prepared.values_0_10, axis=1)
    scores = outcome.scores["score_0_10"].to_numpy()
    assert (scores >= np.maximum(lowest, 0.1) - 1e-9).all()
    assert (scores <= highest + 1e-9).all()


def test_a_place_known_by_region_only_takes_the_regions_score(tables: Tables, model: Model) -> None:
    site = _of_kind(tables, "greenhouse")
    tables["sites"].loc[tables["sites"]["site_id"] == site["site_id"], "gemeente_code"] = ""
    outcome = score(tables, "site", model, rebuilds=0)
    raw = outcome.indicators.query("indicator_code == 'site_area'").set_index("unit_id")["raw_value"]
    assert raw[site["site_id"]] == _area(tables, model)[f"{site['vr_code']}:glass_horticulture"]


def test_a_lodging_abroad_has_no_area_and_says_why(tables: Tables, model: Model) -> None:
    site = _of_kind(tables, "lodging")
    row = tables["sites"]["site_id"] == site["site_id"]
    tables["sites"].loc[row, ["country", "gemeente_code", "vr_code"]] = ["DE", "", ""]
    outcome = score(tables, "site", model, rebuilds=0)
    reason = outcome.indicators.query("indicator_code == 'site_area'").set_index("unit_id")["missing_reason"]
    assert reason[site["site_id"]] == "not_applicable"
    assert _site(outcome, site["site_id"])["score_0_10"] > 0


def test_size_is_read_in_its_own_unit(tables: Tables, model: Model) -> None:
    sites = tables["sites"]
    for unit in codes.SIZE_UNITS:
        low, high = model.site_sizes[unit]
        sites.loc[sites.index[:2], "size_unit"] = unit
        sites.loc[sites.index[:2], "size_n"] = [low, high]
        values = score(tables, "site", model, rebuilds=0).prepared.values_0_10
        assert_allclose(values[:2, list(model.sites.codes).index("site_size")], [0, 10])


def test_no_sites_is_an_empty_answer(tables: Tables, model: Model) -> None:
    tables["sites"] = contracts.empty("sites")
    outcome = score(tables, "site", model, rebuilds=40)
    for name in ("scores", "indicators", "contributions"):
        assert len(contracts.check(name, getattr(outcome, name))) == 0


def test_an_infinite_size_is_refused(tables: Tables, model: Model) -> None:
    tables["sites"].loc[0, "size_n"] = np.inf
    with pytest.raises(InputError, match="size_n is infinite"):
        score(tables, "site", model)


def test_scores_of_areas_that_are_there_need_not_be_made_again(tables: Tables, model: Model) -> None:
    areas = {level: score(tables, level, model, rebuilds=40) for level in ("gemeente", "vr")}
    one = score(tables, "site", model, rebuilds=40, areas=areas)
    other = score(tables, "site", model, rebuilds=40)
    pd.testing.assert_frame_equal(one.scores, other.scores)
