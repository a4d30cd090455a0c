"""Plan against outcome on invented visits."""

import numpy as np
import pandas as pd
import pytest

from risk.targets import estimates


def _visits(*parts):
    """Return visits from (list, finds, misses, unknown, probability)."""
    rows = []
    for name, yes, no, unknown, chance in parts:
        rows += [(name, found, chance) for found in [1.0] * yes + [0.0] * no + [np.nan] * unknown]
    return pd.DataFrame(rows, columns=["list", "found", "inclusion_probability"])


def test_hits_by_list_count_known_outcomes_only():
    table = estimates.hits_by_list(_visits(("risk", 3, 7, 2, 0.1), ("random", 1, 9, 0, 0.1), ("", 5, 0, 0, np.nan)))
    table = table.set_index("list")
    assert list(table.index) == ["random", "risk"]
    assert table.loc["risk", ["visits_n", "known_n", "found_n", "share"]].tolist() == [12, 10, 3, 0.3]
    assert table.loc["risk", "low"] == pytest.approx(0.0667, abs=1e-4)
    assert table.loc["risk", "high"] == pytest.approx(0.6525, abs=1e-4)


def test_precision_at_k_has_its_exact_interval():
    found = estimates.lift(_visits(("risk", 30, 70, 5, 0.3), ("random", 10, 90, 5, 0.05)))
    assert (found.k, found.precision) == (100, pytest.approx(0.3))  # an unknown outcome is no miss
    assert (found.precision_low, found.precision_high) == pytest.approx((0.2124, 0.3998), abs=1e-4)  # Clopper-Pearson


def test_lift_is_precision_over_the_weighted_base_rate():
    found = estimates.lift(_visits(("risk", 30, 70, 0, 0.3), ("random", 10, 90, 5, 0.05)))
    assert found.lift == pytest.approx(3.0)
    assert found.low < 3 < found.high
    assert found.low > 1
    unequal = estimates.lift(_visits(("risk", 30, 70, 0, 0.3), ("random", 10, 0, 0, 0.5), ("random", 0, 20, 0, 0.05)))
    assert unequal.base.share == pytest.approx(20 / 420)


def test_a_lot_that_is_as_good_gives_a_lift_around_one():
    rng = np.random.default_rng(3)
    inside = 0
    for _ in range(100):
        hits = rng.binomial(80, 0.2, 2)
        one = estimates.lift(
            _visits(("risk", hits[0], 80 - hits[0], 0, 0.1), ("random", hits[1], 80 - hits[1], 0, 0.1))
        )
        inside += one.low <= 1 <= one.high
    assert inside >= 80


def test_nothing_to_compare_is_said_not_guessed():
    assert np.isnan(estimates.lift(_visits(("risk", 1, 1, 0, 0.1))).lift)
    assert np.isnan(estimates.lift(_visits(("random", 0, 9, 0, 0.1), ("risk", 1, 1, 0, 0.1))).lift)
    assert estimates.hits_by_list(_visits(("", 1, 0, 0, 0.1))).empty


def _lines(shares, n=40, random_share=0.2):
    rows = []
    for number, share in enumerate(shares):
        plan = f"2020120{number}-1-x"
        rows += [(plan, "risk", i < share * n) for i in range(n)]
        rows += [(plan, "random", i < random_share * 10) for i in range(10)]
    return pd.DataFrame(rows, columns=["plan_id", "list", "was_visited"])


def test_a_rising_share_of_places_seen_before_raises_the_alarm():
    alarm = estimates.revisit_alarm(_lines([0.2, 0.3, 0.45, 0.6]))
    assert alarm.is_raised
    assert alarm.p < 0.001
    assert alarm.expected == pytest.approx(0.2)
    assert alarm.by_plan["share"].tolist() == [0.2, 0.3, 0.45, 0.6]


@pytest.mark.parametrize("shares", [[0.3, 0.3, 0.3, 0.3], [0.6, 0.45, 0.3, 0.2], [0.1, 0.6], [0, 0, 0], [1, 1, 1]])
def test_a_steady_or_falling_share_does_not(shares):
    assert not estimates.revisit_alarm(_lines(shares)).is_raised


def test_a_rise_below_what_the_lot_brings_does_not():
    assert not estimates.revisit_alarm(_lines([0.0, 0.1, 0.3], random_share=0.6)).is_raised


def test_past_visits_count_the_site_and_its_sector_in_its_gemeente():
    sites = pd.DataFrame(
        {
            "site_id": ["A", "B", "C", "D"],
            "gemeente_code": ["GM1", "GM1", "GM1", ""],
            "sector_code": ["x", "x", "y", "x"],
        }
    )
    visits = pd.DataFrame({"site_id": ["A", "D"], "event_date": pd.to_datetime(["2020-10-01", "2020-12-24"])})
    lines = pd.DataFrame({"site_id": ["A", "B", "C", "D"], "date": pd.Timestamp("2020-11-30")})
    assert estimates.past_visits(lines, visits, sites)["was_visited"].tolist() == [True, True, False, False]
