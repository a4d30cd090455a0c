"""Contributions: against Shapley values, and exact whatever is missing, cancels or stands at the floor."""

from dataclasses import replace
from itertools import combinations
from math import factorial

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose

from risk.index.aggregate import Weights, aggregate, weigh
from risk.index.contributions import contributions, log_mean
from risk.index.declaration import Scale
from risk.index.model import load_model
from tests.examples import examples

MODEL = load_model()
SCALE = Scale((2, 4, 6, 8), 0.1, 0.6, 3, 0.1, 3, 0.5)


def _plain(count: int) -> Weights:
    """Return `count` dimensions of equal weight with one indicator each."""
    places = np.arange(count)
    return _weights(np.ones(count), np.ones(count), np.full(count, 1 / count), places, places)


def _weights(
    indicator: np.ndarray, route: np.ndarray, dimension: np.ndarray, route_of: np.ndarray, dimension_of: np.ndarray
) -> Weights:
    """Return weights with nothing left out and nothing required."""
    declared = indicator * (route * dimension[dimension_of])[route_of]
    kept, required = np.ones(route.size), np.zeros(dimension.size, bool)
    return Weights(indicator, route, dimension, route_of, dimension_of, declared, kept, required)


def _split(values: np.ndarray, reference: np.ndarray, weights: Weights, scale: Scale = SCALE) -> tuple[np.ndarray, ...]:
    result = aggregate(values, weights, scale)
    start, parts = contributions(values, reference, weights, scale, result)
    return result.score, start, parts


def _shapley(values: list[float], reference: list[float]) -> list[float]:
    """Return exact Shapley values of the geometric mean, by trying all subsets."""
    count = len(values)

    def worth(subset: tuple[int, ...]) -> float:
        mixed = [values[i] if i in subset else reference[i] for i in range(count)]
        return float(np.prod(mixed) ** (1 / count))

    result = []
    for one in range(count):
        others = [i for i in range(count) if i != one]
        total = 0.0
        for size in range(count):
            share = factorial(size) * factorial(count - size - 1) / factorial(count)
            total += share * sum(worth((*s, one)) - worth(s) for s in combinations(others, size))
        result.append(total)
    return result


def test_the_split_is_near_the_exact_shapley_values_and_has_the_published_figures() -> None:
    values, reference = [8.0, 5.0, 9.0, 3.0], [5.0, 5.0, 5.0, 5.0]
    score, start, parts = _split(np.array([values]), np.array([reference]), _plain(4))
    assert_allclose(parts[0, :4] / 10, [0.0630, 0, 0.0787, -0.0684], atol=5e-5)
    shapley = _shapley(values, reference)
    assert_allclose(np.array(shapley) / 10, [0.0631, 0, 0.0789, -0.0688], atol=5e-5)
    assert (score[0] - start[0]) / 10 == pytest.approx(0.073266, abs=5e-7)
    assert parts[0].sum() / 10 == pytest.approx(0.073266, abs=5e-7)
    assert sum(shapley) / 10 == pytest.approx(0.073266, abs=5e-7)


def test_the_logarithmic_mean_is_continuous_where_both_are_equal() -> None:
    near = 5 * (1 + np.logspace(-12, -2, 11))
    assert_allclose(log_mean(near, np.full(11, 5.0)), (near + 5) / 2, rtol=1e-5)


def test_indicators_that_cancel_still_show_up() -> None:
    weights = _weights(np.array([0.5, 0.5]), np.ones(1), np.ones(1), np.zeros(2, np.intp), np.zeros(1, np.intp))
    score, start, parts = _split(np.array([[8.0, 2.0]]), np.array([[5.0, 5.0]]), weights)
    assert score[0] == pytest.approx(start[0])
    assert_allclose(parts[0], [1.5, -1.5, 0])


def test_a_unit_equal_to_the_reference_has_no_contributions() -> None:
    _, _, parts = _split(np.full((1, 4), 4.0), np.full((1, 4), 4.0), _plain(4))
    assert_allclose(parts, 0, atol=1e-12)


@st.composite
def _cases(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray, float]:
    """Draw units and references for the model's own tree: zeros, tens, near-equal values and gaps."""
    level = st.one_of(st.sampled_from([0.0, 0.05, 0.1, 5.0, 5.0 + 1e-9, 10.0]), st.floats(0, 10))
    missing = st.one_of(level, level, level, st.just(np.nan))
    columns = max(len(index.codes) for index in (MODEL.areas, MODEL.sites))
    values = draw(st.lists(st.lists(missing, min_size=columns, max_size=columns), min_size=1, max_size=4))
    reference = draw(st.lists(level, min_size=columns, max_size=columns))
    exponent = draw(st.sampled_from([1.0, 2.5, 3.0]))
    return np.array(values), np.array(reference), exponent


@examples(300)
@given(_cases())
def test_reference_plus_contributions_is_the_score(case: tuple[np.ndarray, np.ndarray, float]) -> None:
    values, reference, exponent = case
    scale = replace(MODEL.scale, exponent=exponent)
    for index in (MODEL.areas, MODEL.sites):
        width = len(index.codes)
        weights = weigh(index, index.codes)
        result = aggregate(values[:, :width], weights, scale, drops_missing=index.drops_missing)
        profile = np.broadcast_to(reference[:width], (len(values), width))
        start, parts = contributions(values[:, :width], profile, weights, scale, result)
        scored = np.isfinite(result.score)
        assert_allclose((start + parts.sum(axis=1))[scored], result.score[scored], rtol=0, atol=1e-9)
        assert np.isnan(parts[~scored]).all()
        whole = scored & np.isfinite(values[:, :width]).all(axis=1)
        assert_allclose(parts[whole, -1], 0, atol=1e-12)


@given(st.lists(st.floats(0.2, 10), min_size=4, max_size=4), st.lists(st.floats(0.2, 10), min_size=4, max_size=4))
def test_the_sign_follows_the_difference(values: list[float], reference: list[float]) -> None:
    _, _, parts = _split(np.array([values]), np.array([reference]), _plain(4))
    difference = np.array(values) - np.array(reference)
    assert (np.sign(parts[0, :4]) * np.sign(difference) >= 0).all()
    assert (np.abs(parts[0, :4])[difference == 0] < 1e-12).all()


def test_what_is_missing_is_a_contribution_of_its_own() -> None:
    weights = _weights(np.array([0.7, 0.3]), np.ones(1), np.ones(1), np.zeros(2, np.intp), np.zeros(1, np.intp))
    score, start, parts = _split(np.array([[6.0, np.nan]]), np.array([[5.0, 1.0]]), weights)
    # The reference is 3.8 over both and 5.0 over what this unit has.
    assert start[0] == pytest.approx(3.8)
    assert score[0] == pytest.approx(6.0)
    assert_allclose(parts[0], [1.0, 0.0, 1.2], atol=1e-12)
