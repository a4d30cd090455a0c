"""Site scores: kind x size x what goes on around; what is not known is drawn from its kind, and takes no place."""

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose

from geodata import codes, contracts
from geodata.errors import InputError
from risk.index.declaration import Model
from risk.index.measure import season_at
from risk.index.normalise import goalposts
from risk.index.pipeline import Outcome, score

Tables = dict[str, pd.DataFrame]


def _site(outcome: Outcome, site_id: str) -> pd.Series:
    return outcome.scores.set_index("unit_id").loc[site_id]


def _of_kind(tables: Tables, kind: str) -> pd.Series:
    sites = tables["sites"]
    return sites[sites["kind"] == kind].iloc[0]


def _area(tables: Tables, model: Model, code: str) -> pd.DataFrame:
    """Return an indicator of gemeenten and regions, on unit_id."""
    parts = [score(tables, level, model, rebuilds=0).indicators for level in ("gemeente", "vr")]
    both = pd.concat(parts)
    return both[both["indicator_code"] == code].set_index("unit_id")


def test_the_score_by_hand(tables: Tables, model: Model) -> None:
    site, sites = _of_kind(tables, "slaughterhouse"), tables["sites"]
    outcome = score(tables, "site", model, rebuilds=0)
    houses = sites[sites["kind"].isin(["lodging", "holiday_park"])]
    metres = houses.geometry.distance(site["geometry"]).sort_values()[:5]
    beds = houses.loc[metres.index[metres <= 10_000], "size_n"].sum()
    gemeente = site["gemeente_code"]
    cases = _area(tables, model, "infections_contrast").loc[gemeente, "value_0_10"]
    confirmed = _area(tables, model, "confirmed_infections").loc[f"{gemeente}:slaughter_meat", "value_0_10"]
    lodging = float(goalposts([beds], *model.site_goalposts["site_lodging"], is_log=True)[0])
    transport = float(goalposts([metres.iloc[0] / 1000], *model.site_goalposts["site_transport"], is_log=True)[0])
    months = model.seasons["slaughter_meat"].months
    season = float(goalposts([season_at(months, outcome.peildatum)], 50, 150)[0])
    intensity = 0.7 * model.site_kinds["slaughterhouse"] + 0.15 * lodging + 0.15 * transport
    size = float(goalposts([site["size_n"]], *model.site_kind_sizes["slaughterhouse"]["fte"], is_log=True)[0])
    context = (0.65 * cases + 0.15 * confirmed + 0.1 * season) / 0.9  # there are no signals at all
    by_hand = 10 * (intensity / 10) ** 0.4 * (size / 10) ** 0.25 * (context / 10) ** 0.35
    row = _site(outcome, site["site_id"])
    assert row["score_0_10"] == pytest.approx(by_hand)
    assert row["completeness_pct"] == pytest.approx(100 - 35 * 0.1)
    assert row["sector_code"] == "slaughter_meat"
    assert outcome.left_out == {"site_signals": "no_source"}


def test_lodging_across_the_border_counts_near_work(tables: Tables, model: Model) -> None:
    sites = tables["sites"]
    site = _of_kind(tables, "slaughterhouse")
    code = list(model.sites.codes).index("site_lodging")
    place = sites.index[sites["site_id"] == site["site_id"]][0]
    before = score(tables, "site", model, rebuilds=0).prepared.measured.raw[place, code]
    house = sites.index[sites["kind"] == "lodging"][0]
    sites.loc[house, ["country", "gemeente_code", "vr_code", "size_n"]] = ["DE", "", "", 800.0]
    sites.loc[house, "geometry"] = site["geometry"]
    after = score(tables, "site", model, rebuilds=0).prepared.measured.raw[place, code]
    assert after >= before - sites["size_n"].max() + 800
    assert after >= 800


def test_open_signals_count_and_closed_ones_do_not(tables: Tables, model: Model) -> None:
    site, other = _of_kind(tables, "packing_hall"), _of_kind(tables, "greenhouse")
    columns = list(contracts.CONTRACTS["signals"].schema.columns)
    row = dict.fromkeys(columns, "") | {
        "signal_id": "1",
        "event_date": "2020-11-20",
        "origin": "partner",
        "theme": "werken",
        "state": "new",
        "site_id": site["site_id"],
        "recorded_at": "2020-11-20",
        "status": "fictional",
    }
    closed = row | {"signal_id": "2", "site_id": other["site_id"], "state": "closed"}
    stale = row | {"signal_id": "3", "site_id": other["site_id"], "event_date": "2020-08-01"}
    tables["signals"] = contracts.check("signals", pd.DataFrame([row, closed, stale]))
    outcome = score(tables, "site", model, rebuilds=0)
    raw = outcome.indicators.query("indicator_code == 'site_signals'").set_index("unit_id")["raw_value"]
    assert raw[site["site_id"]] == 1
    assert raw[other["site_id"]] == 0
    del tables["signals"]
    without = score(tables, "site", model, rebuilds=0)
    assert _site(outcome, site["site_id"])["score_0_10"] > 0
    assert "site_signals" in without.left_out


def test_how_often_a_site_was_visited_never_changes_its_score(tables: Tables, model: Model) -> None:
    before = score(tables, "site", model, rebuilds=0).scores
    done = tables["activations"].assign(infections_found="no")
    site = tables["sites"].iloc[0]
    visits = pd.concat([done.iloc[[0]]] * 5).assign(
        activation_id=[f"V{i}" for i in range(5)],
        site_id=site["site_id"],
        gemeente_code=site["gemeente_code"],
        vr_code=site["vr_code"],
        sector_code=site["sector_code"],
        trigger="steekproef",
        inclusion_probability=0.1,
    )
    tables["activations"] = contracts.check("activations", pd.concat([tables["activations"], visits]))
    after = score(tables, "site", model, rebuilds=0).scores
    assert_allclose(after["score_0_10"], before["score_0_10"])


def test_lodgings_take_what_is_confirmed_in_all_sectors_together(tables: Tables, model: Model) -> None:
    outcome = score(tables, "site", model, rebuilds=0)
    areas = _area(tables, model, "confirmed_infections")["raw_value"]
    raw = outcome.indicators.query("indicator_code == 'site_confirmed'").set_index("unit_id")["raw_value"]
    for kind in ("lodging", "holiday_park"):
        site = _of_kind(tables, kind)
        assert raw[site["site_id"]] == areas[site["gemeente_code"]]
    tables["sites"].loc[tables["sites"]["site_id"] == site["site_id"], "sector_code"] = "packing_wholesale"
    named = score(tables, "site", model, rebuilds=0).indicators
    mine = named.query("indicator_code == 'site_confirmed'").set_index("unit_id")["raw_value"]
    assert mine[site["site_id"]] == areas[f"{site['gemeente_code']}:packing_wholesale"]


@pytest.mark.parametrize("lost", ["size", "place", "both"])
def test_a_site_of_unknown_size_or_place_has_an_expected_score_and_no_rank(
    tables: Tables, model: Model, lost: str
) -> None:
    site = _of_kind(tables, "packing_hall")
    before = _site(score(tables, "site", model, rebuilds=40), site["site_id"])
    row = tables["sites"]["site_id"] == site["site_id"]
    if lost in ("size", "both"):
        tables["sites"].loc[row, "size_n"] = np.nan
    if lost in ("place", "both"):
        tables["sites"].loc[row, ["gemeente_code", "vr_code", "located"]] = ["", "", "none"]
        tables["sites"].loc[row, "geometry"] = None
    outcome = score(tables, "site", model, rebuilds=40)
    got = _site(outcome, site["site_id"])
    assert got["not_ranked_reason"] == ("size" if lost == "size" else "place")
    assert np.isnan(got["rank"])
    assert not got["is_flagged"]
    assert got[["score_0_10", "p_top_k"]].notna().all()
    assert got["completeness_pct"] < before["completeness_pct"] - 20
    others = outcome.scores[outcome.scores["sector_code"] == got["sector_code"]]
    assert others["rank"].max() == others["rank"].notna().sum(), "it takes nobody's place"
    if lost == "size":
        column = list(model.sites.codes).index("site_size")
        halls = (tables["sites"]["kind"] == "packing_hall").to_numpy()
        values = outcome.prepared.values_0_10[:, column]
        assert values[row.to_numpy()][0] == pytest.approx(values[halls & ~row.to_numpy()].mean())
        assert got["rank_p95"] - got["rank_p05"] > before["rank_p95"] - before["rank_p05"]


def test_never_below_the_lowest_known_factor(tables: Tables, model: Model) -> None:
    tables["sites"].loc[::3, "size_n"] = np.nan
    outcome = score(tables, "site", model, rebuilds=0)
    lowest = np.nanmin(outcome.prepared.values_0_10, axis=1)
    highest = np.nanmax(outcome.prepared.values_0_10, axis=1)
    scores = outcome.scores["score_0_10"].to_numpy()
    assert (scores >= np.maximum(lowest, 0.1) - 1e-9).all()
    assert (scores <= highest + 1e-9).all()


def test_a_place_known_by_region_only_takes_the_regions_infections(tables: Tables, model: Model) -> None:
    site = _of_kind(tables, "greenhouse")
    tables["sites"].loc[tables["sites"]["site_id"] == site["site_id"], "gemeente_code"] = ""
    outcome = score(tables, "site", model, rebuilds=0)
    raw = outcome.indicators.query("indicator_code == 'site_incidence'").set_index("unit_id")["raw_value"]
    areas = _area(tables, model, "infections_contrast")["raw_value"]
    assert raw[site["site_id"]] == areas[f"{site['vr_code']}:glass_horticulture"]


def test_a_lodging_abroad_has_no_infections_around_it_and_is_scored_without(tables: Tables, model: Model) -> None:
    site = _of_kind(tables, "lodging")
    row = tables["sites"]["site_id"] == site["site_id"]
    tables["sites"].loc[row, ["country", "gemeente_code", "vr_code"]] = ["DE", "", ""]
    outcome = score(tables, "site", model, rebuilds=0)
    reason = outcome.indicators.query("indicator_code == 'site_incidence'").set_index("unit_id")["missing_reason"]
    assert reason[site["site_id"]] == "not_published"
    assert _site(outcome, site["site_id"])["score_0_10"] > 0


def test_a_site_in_a_region_without_a_list_of_lodgings_does_not_lie_far_from_them(tables: Tables, model: Model) -> None:
    sites = tables["sites"]
    hall = _of_kind(tables, "packing_hall")
    # More than a tenth of the regions: a list in nine tenths is taken as the country's.
    without = {hall["vr_code"], *sites["vr_code"].unique()[:4]}
    gone = tables | {"sites": sites[(sites["kind"] != "lodging") | ~sites["vr_code"].isin(without)]}
    rows = score(gone, "site", model, rebuilds=0).indicators.query("unit_id == @hall.site_id")
    found = rows.set_index("indicator_code")["missing_reason"]
    assert found.get("site_lodging", "not_published") == "not_published"


def test_size_is_read_in_its_own_unit(tables: Tables, model: Model) -> None:
    sites = tables["sites"]
    sites.loc[sites.index[:2], ["kind", "sector_code"]] = ["building_site", "construction"]
    for unit in codes.SIZE_UNITS:
        low, high = model.site_kind_sizes["building_site"].get(unit, model.site_sizes[unit])
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
