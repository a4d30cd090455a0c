"""Aggregation and classes: one high route is enough, what is missing is never zero."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose

from geodata.errors import ModelError
from risk.index.aggregate import aggregate, lacking, power_mean, present_for_all, weigh
from risk.index.classify import class_name, classify, rank, top_size
from risk.index.declaration import Model
from risk.index.model import load_model

ROUTES = ("wonen", "werken", "vervoer")


def _unit(model: Model, **levels: float) -> np.ndarray:
    """Return indicator values by which each route stands at the level given."""
    return np.array([[levels[indicator.route] for indicator in model.areas.indicators]], float)


def _score(model: Model, **levels: float) -> float:
    weights = weigh(model.areas, model.areas.codes)
    return float(aggregate(_unit(model, **levels), weights, model.scale).score[0])


@given(high=st.sampled_from(ROUTES), size=st.floats(0, 10), context=st.floats(0, 10))
def test_one_high_route_never_ranks_below_middling_on_all(model: Model, high: str, size: float, context: float) -> None:
    one = _score(model, **{route: 9.0 if route == high else 1.0 for route in ROUTES}, size=size, context=context)
    even = _score(model, **dict.fromkeys(ROUTES, 4.0), size=size, context=context)
    assert one > even


def test_the_steps_by_hand(model: Model) -> None:
    got = _score(model, wonen=2, werken=9, vervoer=1, size=6, context=5)
    intensity = ((2**3 + 9**3 + 1**3) / 3) ** (1 / 3)
    assert got == pytest.approx(10 * (intensity / 10) ** 0.433 * 0.6**0.217 * 0.5**0.35)


def test_a_true_zero_does_not_wipe_out_the_rest(model: Model) -> None:
    assert _score(model, wonen=8, werken=8, vervoer=8, size=0, context=8) == pytest.approx(
        10 * 0.8**0.783 * 0.01**0.217
    )


def test_the_bounds_are_reached_and_not_passed(model: Model) -> None:
    assert _score(model, wonen=10, werken=10, vervoer=10, size=10, context=10) == pytest.approx(10)
    assert _score(model, wonen=0, werken=0, vervoer=0, size=0, context=0) == pytest.approx(0.1)


def test_less_than_three_fifths_of_a_route_is_not_scored(model: Model) -> None:
    weights = weigh(model.areas, model.areas.codes)
    values = _unit(model, wonen=5, werken=5, vervoer=5, size=5, context=5)
    for code, scored in (("registered_migrant_workers", True), ("exposed_workers", False)):
        spoilt = values.copy()
        spoilt[0, model.areas.codes.index(code)] = np.nan
        result = aggregate(spoilt, weights, model.scale)
        assert np.isfinite(result.score[0]) == scored
        # What is left of a route that is not there does not count either.
        assert result.completeness[0] == pytest.approx(1 - 0.217 * (model.indicator(code).weight if scored else 1))


def test_exactly_three_fifths_is_enough(model: Model) -> None:
    weights = weigh(model.areas, model.areas.codes)
    values = _unit(model, wonen=5, werken=5, vervoer=5, size=5, context=5)
    values[0, model.areas.codes.index("lodging_distance_km")] = np.nan  # 40 % of vervoer
    assert aggregate(values, weights, model.scale).score[0] == pytest.approx(5)


def test_a_site_without_size_or_place_is_scored_on_what_is_known(model: Model) -> None:
    weights = weigh(model.sites, model.sites.codes)
    first = model.sites.dimensions[0]
    known = [i.route == first.code for i in model.sites.indicators]
    values = np.array([np.where(known, 8.0, np.nan), np.full(len(known), 8.0)])
    result = aggregate(values, weights, model.scale, drops_missing=True)
    assert_allclose(result.score, [8, 8])
    assert_allclose(result.completeness, [first.weight, 1])


def test_left_out_for_all_gives_the_weight_to_the_siblings(model: Model) -> None:
    kept = [code for code in model.areas.codes if code != "cold"]
    weights = weigh(model.areas, kept)
    assert weights.indicator[model.areas.codes.index("cold")] == 0
    assert weights.shares.sum() == pytest.approx(1)
    context = weigh(model.areas, [i.code for i in model.areas.indicators if i.route != "context"])
    assert_allclose(context.dimension, [0.433 / 0.65, 0.217 / 0.65, 0])


def _alone(model: Model, *absent: str) -> tuple[float, tuple[str, ...]]:
    """Return the completeness of areas that lack these indicators alike, and what the picture lacks."""
    present = np.array([[code not in absent for code in model.areas.codes]] * 3)
    none = dict.fromkeys(absent, "no_source")
    left_out = present_for_all(model.areas, present, np.ones(3), model.scale, none)
    weights = weigh(model.areas, [code for code in model.areas.codes if code not in left_out])
    values = np.where(present, 5.0, np.nan)
    result = aggregate(values, weights, model.scale)
    lacks = lacking(model.areas, left_out)
    assert np.isfinite(result.score).all() == (result.completeness[0] >= 0.6 and "size" not in lacks)
    return float(result.completeness[0]), lacks


@pytest.mark.parametrize(
    ("version", "incidence", "expected"),
    [("", "infections_contrast", (0.37, 0.65, 0.71)), ("1.0.0", "incidence_per_100k", (0.43, 0.63, 0.69))],
)
def test_the_first_real_ranking_needs_establishments_and_incidence(
    version: str, incidence: str, expected: tuple[float, float, float]
) -> None:
    model = load_model(version=version)
    lists = ("beds_per_1000_workers", "park_beds_share")
    bare = ("workers_per_establishment", "registered_migrant_workers", "confirmed_infections", *lists)
    alone, lacks = _alone(model, *bare, "lodging_distance_km", incidence)
    assert lacks == ("context", "wonen")
    with_incidence, lacks = _alone(model, *bare, "lodging_distance_km")
    assert lacks == ("wonen",)
    with_distance, _ = _alone(model, *bare)
    assert_allclose((alone, with_incidence, with_distance), expected, atol=0.0051)


def test_without_size_nothing_is_scored(model: Model) -> None:
    assert _alone(model, "exposed_workers", "registered_migrant_workers")[1] == ("size",)
    present = np.ones((4, len(model.areas.codes)), bool)
    places = [model.areas.codes.index(code) for code in ("exposed_workers", "registered_migrant_workers")]
    present[2:, places] = False  # exposure of half the country
    left_out = present_for_all(model.areas, present, np.ones(4), model.scale, {})
    weights = weigh(model.areas, [code for code in model.areas.codes if code not in left_out])
    values = np.where(present, 5.0, np.nan)
    assert np.isnan(aggregate(values, weights, model.scale).score).all()


@given(cover=st.floats(0, 1))
def test_what_nine_tenths_of_the_workers_lack_is_left_out_for_all(model: Model, cover: float) -> None:
    workers = np.array([cover, 1 - cover]) * 1000
    present = np.ones((2, len(model.areas.codes)), bool)
    present[1, model.areas.codes.index("infections_contrast")] = False
    left_out = present_for_all(model.areas, present, workers, model.scale, {})
    assert ("infections_contrast" in left_out) == (cover < 0.9 - 1e-9)
    weights = weigh(model.areas, [code for code in model.areas.codes if code not in left_out])
    score = aggregate(np.where(present, 5.0, np.nan), weights, model.scale).score
    assert np.isfinite(score[0])
    assert np.isfinite(score[1]) == (cover < 0.9 - 1e-9), "few areas without it are not scored"


def test_weights_that_cannot_be_are_refused(model: Model) -> None:
    with pytest.raises(ModelError, match="no part 'mood'"):
        weigh(model.areas, model.areas.codes, {"mood": 1})
    with pytest.raises(ModelError, match="negative"):
        weigh(model.areas, model.areas.codes, {"cold": -1})
    with pytest.raises(ModelError, match="negative or not a number"):
        weigh(model.areas, model.areas.codes, {"cold": math.nan})
    with pytest.raises(ModelError, match="No indicator"):
        weigh(model.areas, model.areas.codes, dict.fromkeys(("intensity", "size", "context"), 0))
    with pytest.raises(ModelError, match="may not carry a score alone"):
        weigh(model.areas, ["confirmed_infections"])


def test_the_power_mean_has_the_mean_and_the_maximum_as_ends() -> None:
    values, weights = np.array([[1.0, 4.0, 7.0]]), np.full(3, 1 / 3)
    assert power_mean(values, weights, 1)[0] == pytest.approx(4)
    assert power_mean(values, weights, math.inf)[0] == 7
    assert 4 < power_mean(values, weights, 3)[0] < 7


def test_classes_are_cut_at_two_four_six_and_eight() -> None:
    cuts = (2.0, 4.0, 6.0, 8.0)
    assert classify([0, 1.999, 2, 3.999, 4, 6, 7.999, 8, 10], cuts).tolist() == [1, 1, 2, 2, 3, 4, 4, 5, 5]
    assert np.isnan(classify([np.nan], cuts)[0])
    assert classify([4 - 1e-15], cuts).tolist() == [3], "rounding in the last place is no lower class"
    assert [class_name(one, "nl") for one in (1, 2, 3, 4, 5)] == ["zeer laag", "laag", "midden", "hoog", "zeer hoog"]


def test_ranks_share_the_best_place_and_leave_out_the_unscored() -> None:
    assert_allclose(rank([1, 3, 3, np.nan, 2], [0, 0, 0, 0, 1]), [3, 1, 1, np.nan, 1])


@pytest.mark.parametrize(("scored", "k"), [(342, 34), (25, 3), (30, 3), (2, 2), (0, 1)])
def test_k_is_a_tenth_and_at_least_three(model: Model, scored: int, k: int) -> None:
    assert top_size(scored, model.scale) == k
