"""Plans of visits on an invented frame: the random share first, the rest within the limits, a reason for all."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from geodata.codes import KIND_SECTOR, SITE_KINDS, VR_CODES
from geodata.errors import InputError
from risk.targets import limits
from risk.targets import plan as targets
from risk.targets.estimates import calibrate
from risk.targets.request import Mark, Quota, change, read_request
from risk.targets.select import ImpossibleError
from tests.examples import examples

PEILDATUM = pd.Timestamp("2020-11-30")
REQUEST = read_request()


def _frame(n=500, seed=1):
    """Return an invented frame: sites in every region, some visited, some in a group, some little known."""
    rng = np.random.default_rng(seed)
    kind = rng.choice(SITE_KINDS, n)
    days = rng.integers(0, 400, n)
    visited = rng.random(n) < 0.2
    return pd.DataFrame(
        {
            "site_id": [f"S{i:05d}" for i in range(n)],
            "kind": kind,
            "sector_code": pd.Series(kind).map(KIND_SECTOR),
            "vr_code": rng.choice(VR_CODES, n),
            "employer_group": np.where(rng.random(n) < 0.3, [f"G{i}" for i in rng.integers(0, n // 10, n)], ""),
            "score_0_10": rng.uniform(1, 9, n),
            "p_top_k": rng.beta(0.4, 2, n),
            "completeness_pct": np.where(rng.random(n) < 0.1, 75.0, 100.0),
            "rise_0_10": rng.normal(0, 0.3, n),
            "last_visit": pd.Series(PEILDATUM - pd.to_timedelta(days, unit="D")).where(visited),
            "is_planned": rng.random(n) < 0.02,
        }
    )


@pytest.fixture(scope="module")
def plan():
    return targets.make_plan(_frame(), REQUEST, 7, PEILDATUM)


def test_the_default_fills_forty_visits_on_four_lists(plan):
    counts = plan.lines["list"].value_counts()
    assert len(plan.lines) == 40
    assert counts["random"] + counts["random_unknown"] == 8
    assert counts["random_unknown"] >= 1
    assert counts["rising"] == 4
    assert counts["risk"] == 28
    assert plan.gap == 0


def test_every_site_of_the_frame_has_its_chance_drawn_or_not(plan):
    assert plan.sites["inclusion_probability"].sum() == pytest.approx(8)
    assert (plan.sites["inclusion_probability"] > 0).all()
    assert len(plan.sites) == 500
    lines = plan.lines.set_index("site_id")["inclusion_probability"]
    assert lines.equals(plan.sites.set_index("site_id")["inclusion_probability"].reindex(lines.index))


def test_chances_are_the_same_whatever_the_score(plan):
    other = _frame().assign(score_0_10=5.0, p_top_k=0.1)
    again = targets.make_plan(other, REQUEST, 7, PEILDATUM)
    columns = ["site_id", "stratum", "inclusion_probability", "is_drawn"]
    assert again.sites[columns].equals(plan.sites[columns])


def test_regions_get_one_to_four_beside_the_random_lines(plan):
    chosen = plan.lines[~plan.lines["list"].isin(["random", "random_unknown"])]
    assert chosen["vr_code"].value_counts().max() <= 4
    assert set(plan.lines["vr_code"]) == set(VR_CODES)


def test_one_visit_per_employer_and_none_too_soon_or_planned_twice(plan):
    chosen = plan.lines[~plan.lines["list"].isin(["random", "random_unknown"])]
    groups = chosen.loc[chosen["employer_group"] != "", "employer_group"]
    assert groups.is_unique
    assert not (chosen["days_since_visit"] < REQUEST.revisit_days).any()
    planned = set(_frame().loc[_frame()["is_planned"], "site_id"])
    assert not planned & set(chosen["site_id"])


def test_random_lines_are_exempt_from_the_interval_and_the_employer():
    everyone = _frame().assign(last_visit=PEILDATUM, employer_group="G", vr_code="VR06")
    made = targets.make_plan(everyone, change(REQUEST, audit_share=1.0), 3, PEILDATUM)
    assert len(made.lines) == 40
    assert set(made.lines["list"]) == {"random", "random_unknown"}


def test_the_same_seed_and_data_give_the_same_plan_in_any_order(plan):
    shuffled = targets.make_plan(_frame().sample(frac=1, random_state=3), REQUEST, 7, PEILDATUM)
    pd.testing.assert_frame_equal(shuffled.lines, plan.lines)
    other = targets.make_plan(_frame(), REQUEST, 8, PEILDATUM)
    assert set(other.lines["site_id"]) != set(plan.lines["site_id"])


def test_weeks_are_the_two_after_the_peildatum_and_shared_out(plan):
    weeks = plan.lines.groupby("week").size()
    assert list(weeks.index) == ["2020-W50", "2020-W51"]
    assert abs(weeks.iloc[0] - weeks.iloc[1]) <= 4


def test_locks_and_exclusions_are_kept_and_stay_out_of_the_draw():
    frame = _frame()
    lowest = frame.sort_values("score_0_10")["site_id"].iloc[:2].tolist()
    drawn = targets.make_plan(frame, REQUEST, 7, PEILDATUM).lines
    first_random = drawn.loc[drawn["list"] == "random", "site_id"].iloc[0]
    request = replace(
        REQUEST, locked=tuple(Mark(site, "signal") for site in lowest), excluded=(Mark(first_random, "closed"),)
    )
    made = targets.make_plan(frame, request, 7, PEILDATUM)
    on_list = made.lines.set_index("site_id")["list"]
    assert (on_list[lowest] == "signal").all()
    assert first_random not in on_list.index
    assert first_random not in set(made.sites["site_id"])
    assert len(made.lines) == 40


def test_locking_goes_before_the_interval():
    frame = _frame().assign(last_visit=PEILDATUM)
    request = replace(REQUEST, audit_share=0.0, locked=(Mark("S00003", "new signal"),))
    made = targets.make_plan(frame, request, 1, PEILDATUM)
    assert made.lines["site_id"].tolist() == ["S00003"]


def test_partners_hours_and_sector_quotas_are_kept():
    request = replace(REQUEST, partners={"NVWA": 4, "GGD": 15}, hours=230.0, sectors={"construction": Quota(6, None)})
    lines = targets.make_plan(_frame(), request, 7, PEILDATUM).lines
    joins = lines["partners"].str.split(";")
    assert sum("NVWA" in names for names in joins) <= 4
    assert sum("GGD" in names for names in joins) <= 15
    assert lines["hours"].sum() <= 230
    assert (lines["sector_code"] == "construction").sum() >= 6


def test_an_impossible_request_names_what_clashes():
    with pytest.raises(ImpossibleError, match=r"the number of visits; the minimum of VR\d\d, VR") as raised:
        targets.make_plan(_frame(), change(REQUEST, each_region=Quota(2, 4)), 7, PEILDATUM)
    names = {limit for limit, _ in raised.value.clashing}
    assert names == {"capacity", "region_min"}


def test_a_random_share_beyond_a_partner_is_named():
    request = replace(REQUEST, partners={"GGD": 0})
    with pytest.raises(ImpossibleError, match="the part drawn at random; what GGD can take on"):
        targets.make_plan(_frame(), request, 7, PEILDATUM)


def test_a_region_without_candidates_is_held_to_a_minimum_only_when_named():
    frame = _frame()
    without = frame[frame["vr_code"] != "VR11"]
    assert len(targets.make_plan(without, REQUEST, 7, PEILDATUM).lines) == 40
    with pytest.raises(ImpossibleError, match="the minimum of VR11"):
        targets.make_plan(without, replace(REQUEST, regions={"VR11": Quota(1, 4)}), 7, PEILDATUM)


def test_locking_an_unknown_site_says_so():
    with pytest.raises(InputError, match="X cannot be locked in"):
        targets.make_plan(_frame(), replace(REQUEST, locked=(Mark("X", "signal"),)), 7, PEILDATUM)


def test_high_scorers_left_out_have_a_reason_that_holds(plan):
    assert len(plan.left_out) > 10
    highest = plan.sites.nlargest(30, "points")
    missing = set(highest["site_id"]) - set(plan.lines["site_id"]) - set(plan.left_out["site_id"])
    assert not missing
    for site_id, limit, subject in plan.left_out[["site_id", "limit", "subject"]].to_numpy():
        assert limits.limit_text(limit, subject, "nl")
        if limit == "revisit":
            again = targets.make_plan(
                _frame().assign(last_visit=lambda f, s=site_id: f["last_visit"].mask(f["site_id"] == s)),
                REQUEST,
                7,
                PEILDATUM,
                explain=False,
            )
            assert site_id in set(again.lines["site_id"])
        elif limit == "region_max":
            roomier = replace(REQUEST, regions={subject: Quota(1, None)})
            again = targets.make_plan(_frame(), roomier, 7, PEILDATUM, explain=False)
            assert site_id in set(again.lines["site_id"])


def test_the_price_of_a_quota_is_what_lifting_it_brings(plan):
    costs = targets.prices(plan)
    dearest = costs.iloc[0]
    assert dearest["price"] > 0
    assert dearest["limit"] == "region_min"
    none = Quota(0, REQUEST.each_region.at_most)
    lifted = targets.make_plan(_frame(), replace(REQUEST, regions={dearest["subject"]: none}), 7, PEILDATUM)
    assert lifted.objective - plan.objective == pytest.approx(dearest["price"], abs=1e-6)
    assert (costs["price"] >= 0).all()


def test_unscored_sites_can_only_be_drawn():
    frame = _frame().assign(score_0_10=np.nan, p_top_k=np.nan, completeness_pct=0.0)
    made = targets.make_plan(frame, replace(REQUEST, each_region=Quota(0, None), rising=0), 7, PEILDATUM)
    assert made.objective == 0
    assert (made.lines["list"].isin(["random", "random_unknown"])).sum() == 8


def test_calibrated_points_are_expected_finds():
    rng = np.random.default_rng(2)
    points = rng.uniform(0, 8, 150)
    found = (rng.random(150) < points / 16).astype(float)
    calibration = calibrate(points, found, np.full(150, 0.1))
    made = targets.make_plan(_frame(), REQUEST, 7, PEILDATUM, calibration=calibration)
    assert made.points_are == "expected_finds"
    assert made.lines["points"].between(0, 1).all()


@examples(15)
@given(st.integers(1, 80), st.floats(0, 1), st.integers(0, 10_000))
def test_any_capacity_and_share_gives_a_plan_within_it(capacity, share, seed):
    request = change(REQUEST, capacity=capacity, audit_share=share, each_region=Quota(0, 4))
    made = targets.make_plan(_frame(200, seed), request, seed, PEILDATUM, explain=False)
    assert len(made.lines) <= capacity
    random_n = made.lines["list"].isin(["random", "random_unknown"]).sum()
    assert random_n == int(capacity * share + 1e-9)
    assert made.lines["site_id"].is_unique


def test_an_empty_frame_is_an_empty_plan():
    made = targets.make_plan(_frame().iloc[:0], REQUEST, 7, PEILDATUM)
    assert made.lines.empty
    assert made.left_out.empty
