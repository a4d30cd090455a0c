"""Smoothed rates: published figures of two classic data sets, and what must hold for any counts."""

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from libpysal import examples
from numpy.testing import assert_allclose

from geodata.errors import InputError
from risk.index.smooth import fit_prior, log_likelihood, moment_rates, smooth_rates

# Lip cancer in 56 districts of Scotland, 1975-1980: observed and expected deaths (Clayton and Kaldor 1987).
OBSERVED = [
    9,
    39,
    11,
    9,
    15,
    8,
    26,
    7,
    6,
    20,
    13,
    5,
    3,
    8,
    17,
    9,
    2,
    7,
    9,
    7,
    16,
    31,
    11,
    7,
    19,
    15,
    7,
    10,
    16,
    11,
    5,
    3,
    7,
    8,
    11,
    9,
    11,
    8,
    6,
    4,
    10,
    8,
    2,
    6,
    19,
    3,
    2,
    3,
    28,
    6,
    1,
    1,
    1,
    1,
    0,
    0,
]
EXPECTED = [
    1.4,
    8.7,
    3.0,
    2.5,
    4.3,
    2.4,
    8.1,
    2.3,
    2.0,
    6.6,
    4.4,
    1.8,
    1.1,
    3.3,
    7.8,
    4.6,
    1.1,
    4.2,
    5.5,
    4.4,
    10.5,
    22.7,
    8.8,
    5.6,
    15.5,
    12.5,
    6.0,
    9.0,
    14.4,
    10.2,
    4.8,
    2.9,
    7.0,
    8.5,
    12.3,
    10.1,
    12.7,
    9.4,
    7.2,
    5.3,
    18.8,
    15.8,
    4.3,
    14.6,
    50.7,
    8.2,
    5.6,
    9.3,
    88.7,
    19.6,
    3.4,
    3.6,
    5.7,
    7.0,
    4.2,
    1.8,
]


def test_the_prior_of_the_scottish_districts_is_the_published_one() -> None:
    assert sum(OBSERVED) == 536
    assert sum(EXPECTED) == pytest.approx(536.2)
    shape, rate = fit_prior(OBSERVED, EXPECTED)
    assert shape == pytest.approx(1.8795, abs=5e-4)
    assert rate == pytest.approx(1.3217, abs=5e-4)
    assert -log_likelihood(OBSERVED, EXPECTED, shape, rate) == pytest.approx(181.576, abs=1e-3)


def test_extreme_districts_are_drawn_to_the_whole() -> None:
    rates = smooth_rates(OBSERVED, EXPECTED)
    assert OBSERVED[0] / EXPECTED[0] == pytest.approx(6.43, abs=0.005)
    assert rates["rate"].iloc[0] == pytest.approx(4.00, abs=0.005)
    assert OBSERVED[54] / EXPECTED[54] == 0
    assert rates["rate"].iloc[54] == pytest.approx(0.34, abs=0.005)
    assert rates.attrs["prior_shape"] == pytest.approx(1.8795, abs=5e-4)
    assert rates.attrs["prior_rate"] == pytest.approx(1.3217, abs=5e-4)


def test_moments_give_the_published_rates_of_north_carolina() -> None:
    counties = gpd.read_file(examples.get_path("sids2.dbf"))
    deaths, births = counties["SID74"], counties["BIR74"]
    assert (len(counties), deaths.sum(), births.sum()) == (100, 667, 329_962)
    smoothed = moment_rates(deaths, births)
    assert_allclose(smoothed[:5], [0.0016973, 0.0017054, 0.0017731, 0.0020129, 0.0035349], atol=5e-8)
    anson = counties.index[counties["NAME"] == "Anson"][0]
    assert 1000 * deaths[anson] / births[anson] == pytest.approx(9.554, abs=5e-4)
    assert 1000 * smoothed[anson] == pytest.approx(4.839, abs=5e-4)


def test_moments_never_turn_negative_where_rates_vary_less_than_chance() -> None:
    # The reference library returns -2.44 and 2.54 here: it does not cut a negative variance off.
    smoothed = moment_rates([6, 4, 5, 5], [100, 100, 100, 100])
    assert_allclose(smoothed, 0.05)


def test_without_exposure_a_unit_gets_the_prior() -> None:
    rates = smooth_rates([0.0, 5.0], [0.0, 100.0], prior=(2.0, 40.0))
    assert rates["rate"].iloc[0] == pytest.approx(2 / 40)


def test_an_unknown_count_has_an_unknown_rate_and_leaves_the_others_alone() -> None:
    known = smooth_rates([3.0, 5.0], [10.0, 100.0])
    beside = smooth_rates([3.0, np.nan, 5.0], [10.0, 50.0, 100.0])
    assert np.isnan(beside["rate"].iloc[1])
    assert_allclose(beside["rate"].iloc[[0, 2]], known["rate"])


def test_the_median_stands_in_where_the_mean_would_lie_outside_its_own_interval() -> None:
    rates = smooth_rates([0.0], [1.0], prior=(0.005, 1.0))
    assert rates["rate"].iloc[0] <= rates["rate_p95"].iloc[0]


def test_the_index_of_the_counts_is_kept() -> None:
    counts = pd.Series([1.0, 2.0], index=["GM0001", "GM0002"])
    assert list(smooth_rates(counts, [10, 10], prior=(1, 10)).index) == ["GM0001", "GM0002"]


def test_no_event_anywhere_gives_the_prior_of_half_an_event() -> None:
    assert fit_prior([0, 0], [30, 70]) == (0.5, 100.0)


def test_rates_that_vary_no_more_than_chance_get_one_common_rate() -> None:
    rates = smooth_rates([10, 20, 30], [100, 200, 300])
    assert_allclose(rates["rate"], 0.1, rtol=1e-3)
    assert rates.attrs["prior_shape"] == pytest.approx(60, rel=1e-3)  # no more than the events it learned from
    assert (rates["rate_p95"] / rates["rate_p05"] > 1.2).all()


@pytest.mark.parametrize(
    ("events", "exposure", "prior", "words"),
    [
        ([-1.0], [10.0], None, "negative"),
        ([1.0], [-10.0], None, "negative"),
        ([np.inf], [10.0], None, "infinite"),
        ([1.0], [np.inf], None, "infinite"),
        ([1.0, 2.0], [10.0], None, "one exposure per count"),
        ([1.0], [0.0], None, "No unit has any exposure"),
        ([1.0], [10.0], (0.0, 1.0), "two positive numbers"),
        ([1.0], [10.0], (np.nan, 1.0), "two positive numbers"),
    ],
)
def test_what_cannot_be_smoothed_is_refused_by_name(
    events: list[float], exposure: list[float], prior: tuple[float, float] | None, words: str
) -> None:
    with pytest.raises(InputError, match=words):
        smooth_rates(events, exposure, prior)


counts = st.lists(
    st.tuples(st.integers(0, 500), st.one_of(st.just(0.0), st.floats(1e-6, 1e6))), min_size=1, max_size=20
)


@given(counts, st.floats(0.01, 100), st.floats(0.01, 1e5))
def test_a_rate_lies_inside_its_interval_and_between_prior_and_own_rate(
    pairs: list[tuple[int, float]], shape: float, rate: float
) -> None:
    events, exposure = (np.array(column, float) for column in zip(*pairs, strict=True))
    smoothed = smooth_rates(events, exposure, (shape, rate))
    assert np.isfinite(smoothed.to_numpy()).all()
    assert (smoothed["rate_p05"] <= smoothed["rate"] * (1 + 1e-9)).all()
    assert (smoothed["rate"] <= smoothed["rate_p95"] * (1 + 1e-9)).all()
    usual = shape + events > 0.014
    own = np.divide(events, exposure, out=np.full(events.shape, np.inf), where=exposure > 0)
    own = np.where((exposure == 0) & (events == 0), shape / rate, own)
    low, high = np.minimum(own, shape / rate), np.maximum(own, shape / rate)
    inside = (smoothed["rate"] >= low * (1 - 1e-9)) & (smoothed["rate"] <= high * (1 + 1e-9))
    assert inside[usual].all()


@given(st.lists(st.tuples(st.integers(0, 50), st.floats(1, 1e4)), min_size=2, max_size=15), st.floats(0.1, 100))
def test_another_unit_of_exposure_changes_the_rate_by_that_factor(
    pairs: list[tuple[int, float]], factor: float
) -> None:
    events, exposure = (np.array(column, float) for column in zip(*pairs, strict=True))
    one = smooth_rates(events, exposure, (1.5, 30.0))
    other = smooth_rates(events, exposure * factor, (1.5, 30.0 * factor))
    assert_allclose(other["rate"] * factor, one["rate"], rtol=1e-9)
