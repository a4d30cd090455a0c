"""Normalisation and treatment, on published figures."""

import numpy as np
import pytest
import scipy.stats
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose

from geodata.errors import ModelError
from risk.index.normalise import (
    _shape,
    bounds,
    denormalise,
    goalposts,
    is_skewed,
    percentile_rank,
    treatment,
    winsorise,
    z_score,
)


def test_the_technology_achievement_of_new_zealand() -> None:
    """Human Development Report 2001, technical note 2; the inputs are as published there, to rounding."""
    one = {
        "patents": goalposts(103, 0, 994),
        "royalties": goalposts(13.0, 0, 272.6),
        "hosts": goalposts(146.7, 0, 232.4),
        "exports": goalposts(15.4, 0, 80.8),
        "telephones": goalposts(720, 1, 901, is_log=True),
        "electricity": goalposts(8_215, 22, 6_969, is_log=True),
        "schooling": goalposts(11.7, 0.8, 12.0),
        "science": goalposts(13.1, 0.1, 27.4),
    }
    values = {name: float(value) / 10 for name, value in one.items()}
    creation = (values["patents"] + values["royalties"]) / 2
    recent = (values["hosts"] + values["exports"]) / 2
    old = (values["telephones"] + values["electricity"]) / 2
    skills = (values["schooling"] + values["science"]) / 2
    assert_allclose([creation, recent, old, skills], [0.0757, 0.4109, 0.9835, 0.7247], atol=5e-5)
    index = (creation + recent + old + skills) / 4
    assert index == pytest.approx(0.5487, abs=5e-5)
    assert int(index * 1000) == 548  # as printed


def test_the_percentile_rank_of_the_social_vulnerability_index() -> None:
    assert percentile_rank([3, 1, 4, 1, 5]).tolist() == [0.5, 0, 0.75, 0, 1]


def test_a_percentile_rank_of_one_or_of_missing_values_is_defined() -> None:
    assert percentile_rank([7.0]).tolist() == [0.0]
    assert np.isnan(percentile_rank([np.nan, 1.0])[0])


def test_a_constant_indicator_has_no_spread_and_no_effect() -> None:
    assert z_score([3.0, 3.0, 3.0]).tolist() == [0, 0, 0]
    assert z_score([0.0, 0.0]).tolist() == [0, 0]
    assert treatment([3.0, 3.0, 3.0]) == "none"


def test_goalposts_that_do_not_rise_are_refused() -> None:
    with pytest.raises(ModelError, match="rise"):
        goalposts([1.0], 5, 5)
    with pytest.raises(ModelError, match="above 0"):
        goalposts([1.0], 0, 5, is_log=True)


def test_direction_turns_the_scale_round() -> None:
    assert_allclose(goalposts([2.0], 0, 10, direction=-1), 8.0)


@given(
    values=st.lists(st.floats(1e-3, 1e6), min_size=1, max_size=20),
    low=st.floats(1e-3, 1e3),
    ratio=st.floats(1.01, 1e3),
    factor=st.floats(1e-3, 1e3),
    is_log=st.booleans(),
    direction=st.sampled_from([1, -1]),
)
def test_another_unit_of_measurement_changes_nothing(
    *, values: list[float], low: float, ratio: float, factor: float, is_log: bool, direction: int
) -> None:
    x = np.array(values)
    one = goalposts(x, low, low * ratio, direction=direction, is_log=is_log)
    other = goalposts(x * factor, low * factor, low * ratio * factor, direction=direction, is_log=is_log)
    assert_allclose(other, one, atol=1e-6)


@given(
    value=st.floats(0, 10),
    low=st.floats(0.1, 100),
    ratio=st.floats(1.1, 100),
    is_log=st.booleans(),
    direction=st.sampled_from([1, -1]),
)
def test_there_and_back_again(*, value: float, low: float, ratio: float, is_log: bool, direction: int) -> None:
    raw = denormalise(value, low, low * ratio, direction=direction, is_log=is_log)
    back = goalposts(raw, low, low * ratio, direction=direction, is_log=is_log)
    assert float(back) == pytest.approx(value, abs=1e-6)


def test_a_few_giants_call_for_treatment() -> None:
    values = [*range(99), 100_000]
    assert is_skewed(values)
    assert not is_skewed(list(range(100)))
    low, high = bounds(list(range(101)))
    assert (low, high) == (2.0, 98.0)
    assert winsorise([0, 50, 100], low, high).tolist() == [2, 50, 98]


@given(
    st.lists(st.integers(-1_000, 1_000).map(float), min_size=3, max_size=40).filter(lambda values: len({*values}) > 1)
)
def test_skewness_and_kurtosis_are_those_of_scipy(values: list[float]) -> None:
    expected = scipy.stats.skew(values, bias=False), scipy.stats.kurtosis(values, bias=False)
    assert _shape(np.array(values)) == pytest.approx(expected, rel=1e-9, abs=1e-9)
