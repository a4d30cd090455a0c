"""Estimates from random visits: unbiased, with intervals that cover the truth."""

import numpy as np
import pandas as pd
import pytest

from risk.targets import draw as sampling
from risk.targets import estimates


def _world(rng):
    """Return an invented frame of 400 sites in four strata with very different shares of finds."""
    strata = pd.Series(np.repeat(["a", "b", "c", "d"], [200, 120, 60, 20]))
    chance = strata.map({"a": 0.02, "b": 0.1, "c": 0.3, "d": 0.7}).to_numpy()
    return strata, (rng.random(400) < chance).astype(float)


def _draws(draws_n, times):
    strata, found = _world(np.random.default_rng(1))
    ids, names = np.array([f"S{i:03d}" for i in range(400)], object), strata.to_numpy(object)
    drawn_n = sampling.allocate(strata.value_counts().to_dict(), draws_n, 2)
    chance = strata.map(drawn_n).to_numpy(float) / strata.map(strata.value_counts()).to_numpy(float)
    for seed in range(times):
        mask = sampling.draw_mask(ids, names, drawn_n, [seed])
        yield found, mask, chance, strata


def test_weighing_by_the_recorded_chance_is_unbiased():
    totals = []
    for found, mask, chance, _ in _draws(40, 4_000):
        totals.append((found[mask] / chance[mask]).sum())
    error = np.std(totals) / np.sqrt(len(totals))
    assert np.mean(totals) == pytest.approx(found.sum(), abs=4 * error)
    assert error < 0.03 * found.sum()  # sharp enough to see a bias of a tenth


def test_intervals_cover_the_truth():
    covered, centre = 0, []
    strata, _ = _world(np.random.default_rng(1))
    frame = pd.DataFrame({"stratum": strata, "stratum_n": strata.map(strata.value_counts())})
    for found, mask, chance, _ in _draws(40, 600):
        sample = frame[mask].assign(found=found[mask])
        one = estimates.stratified_share(sample)
        covered += one.low <= found.mean() <= one.high
        centre.append(one.share)
        pooled = estimates.share_found(found[mask], chance[mask])
        assert pooled.share == pytest.approx(one.share, abs=1e-9)
    assert np.mean(centre) == pytest.approx(found.mean(), abs=0.01)
    assert covered / 600 > 0.93


def test_everyone_visited_leaves_no_doubt():
    sample = pd.DataFrame({"stratum": "a", "stratum_n": 4, "found": [1.0, 0, 0, 0]})
    assert estimates.stratified_share(sample) == estimates.Share(0.25, 0.25, 0.25, 4)


def test_no_visits_give_no_estimate_and_unknown_outcomes_do_not_count_as_none_found():
    nothing = pd.DataFrame({"stratum": ["a"], "stratum_n": [9], "found": [np.nan]})
    assert estimates.stratified_share(nothing).visits_n == 0
    assert np.isnan(estimates.stratified_share(nothing).share)
    half = pd.DataFrame({"stratum": "a", "stratum_n": 50, "found": [1.0, 0.0, np.nan, np.nan]})
    assert estimates.stratified_share(half).share == 0.5
    assert np.isnan(estimates.share_found([np.nan], [0.1]).share)


def test_finding_nothing_still_leaves_room():
    sample = pd.DataFrame({"stratum": "a", "stratum_n": 500, "found": np.zeros(25)})
    assert estimates.stratified_share(sample).high == pytest.approx(0.137, abs=0.001)


def test_hits_of_targeted_visits_would_mislead_where_the_weighted_random_ones_do_not():
    rng = np.random.default_rng(4)
    risk = rng.random(20_000)
    found = (rng.random(20_000) < 0.3 * risk).astype(float)
    highest = np.argsort(-risk)[:400]
    drawn = rng.choice(20_000, 400, replace=False)
    assert found[highest].mean() > 1.6 * found.mean()
    random = estimates.share_found(found[drawn], np.full(400, 0.02))
    assert random.low <= found.mean() <= random.high


def test_calibration_waits_for_a_hundred_known_outcomes():
    x = np.linspace(0, 8, 100)
    y = (x > 5).astype(float)
    assert estimates.calibrate(x, np.r_[y[:99], np.nan], np.full(100, 0.1)) is None
    assert estimates.calibrate(x, y, np.full(100, 0.1)).visits_n == 100


def test_calibration_finds_the_curve_and_never_falls():
    rng = np.random.default_rng(6)
    x = rng.uniform(0, 10, 3_000)
    y = (rng.random(3_000) < x / 20).astype(float)
    fitted = estimates.calibrate(x, y, np.full(3_000, 0.1))
    assert (np.diff(fitted.curve) >= -1e-12).all()
    assert np.abs(fitted.chance([2.0, 5.0, 8.0]) - [0.1, 0.25, 0.4]).max() < 0.08
    finds, low, high = fitted.expected_finds(np.full(40, 6.0))
    assert low <= finds <= high
    assert low <= 12 <= high


def test_calibration_weighs_a_visit_by_its_chance():
    """Sites drawn ten times as often count a tenth: the curve is that of all sites, not of those drawn."""
    x = np.full(220, 5.0)
    y, chance = np.r_[np.ones(200), np.zeros(20)], np.r_[np.full(200, 0.5), np.full(20, 0.05)]
    assert estimates.calibrate(x, y, chance).chance([5.0])[0] == pytest.approx(0.5)
