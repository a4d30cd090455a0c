"""Scan statistics: published clusters, brute force, and what must never be called a cluster."""

import json
from math import log
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from libpysal import examples
from numpy.testing import assert_allclose

from geodata.errors import InputError
from risk.insight.detection import Cluster, poisson_scan, space_time_scan

EARTH_KM = 6378.137  # SaTScan's


@pytest.fixture(scope="module")
def reference(testdata: Path) -> dict[str, Any]:
    return {path.stem: json.loads(path.read_text("utf-8")) for path in (testdata / "detection").glob("*.json")}


def _names(cluster: Cluster, ids: list[Any]) -> set[Any]:
    return {ids[place] for place in cluster.places}


def test_the_cluster_of_north_carolina_1974_to_1984() -> None:
    counties = (
        gpd.read_file(examples.get_path("sids2.shp")).set_crs("EPSG:4267", allow_override=True).to_crs("EPSG:32119")
    )
    cases, births = counties["SID74"] + counties["SID79"], counties["BIR74"] + counties["BIR79"]
    middle = counties.geometry.centroid
    first = poisson_scan(cases, births, middle.x, middle.y, seed=1)[0]
    assert (cases.sum(), births.sum()) == (1503, 752354)
    assert _names(first, list(counties["NAME"])) == {"Bladen", "Hoke", "Robeson", "Scotland"}
    assert first.llr == pytest.approx(17.63, abs=0.01)
    assert first.cases / first.expected == pytest.approx(1.85, abs=0.06)
    assert first.p <= 0.01


def test_satscan_on_new_york_leukemia(reference: dict[str, Any]) -> None:
    case = reference["scan_NYleukemia_SaTScan_cartesian_max50pct"]
    given_, wanted = case["input"], case["expected"]["clusters"]
    found = poisson_scan(given_["cases"], given_["population"], given_["x_lat"], given_["y_long"], seed=20261127)
    for mine, theirs in zip(found, wanted, strict=False):
        assert _names(mine, given_["id"]) == set(theirs["ids"])
        assert mine.cases == theirs["cases"]
        assert mine.expected == pytest.approx(theirs["expected"], abs=0.005)  # as printed
        assert mine.llr == pytest.approx(theirs["llr"], abs=1e-5)
        assert mine.p == pytest.approx(theirs["p"], abs=0.05)


@pytest.mark.parametrize("name", ["scan_ncsids79_poisson", "scan_pennLC_poisson_strata"])
def test_spatialepi(reference: dict[str, Any], name: str) -> None:
    given_, wanted = reference[name]["input"], reference[name]["expected"]
    found = poisson_scan(
        given_["cases"], given_["population"], given_["x"], given_["y"], seed=1, expected=given_["expected"]
    )
    theirs = [wanted["most_likely"], *wanted["secondary_significant"]]
    for mine, one in zip(found, theirs, strict=False):
        assert _names(mine, given_["id"]) == set(one["ids"])
        assert mine.cases == one["cases"]
        assert_allclose([mine.expected, mine.llr], [one["expected"], one["llr"]], rtol=1e-6)
        assert mine.p == pytest.approx(one["p"], abs=0.05)
    assert sum(one.p <= 0.05 for one in found) == len(theirs)


def test_space_time_permutation_on_new_york_fever(reference: dict[str, Any]) -> None:
    case = reference["scan_spacetime_permutation_NYCfever_to_20nov"]
    places, cases = pd.DataFrame(case["input"]["locations"]), pd.DataFrame(case["input"]["cases"])
    days = pd.date_range(*case["settings"]["study_period"]).strftime("%Y-%m-%d")
    counts = cases.pivot_table(index="id", columns="date", values="n", aggfunc="sum")
    counts = counts.reindex(index=places["id"], columns=days).fillna(0)
    lat, lon = np.radians(places["lat"].to_numpy()), np.radians(places["lon"].to_numpy())
    half = np.sin((lat[:, None] - lat) / 2) ** 2
    half += np.cos(lat[:, None]) * np.cos(lat) * np.sin((lon[:, None] - lon) / 2) ** 2
    distance = 2 * EARTH_KM * np.arcsin(np.sqrt(half))
    found = space_time_scan(counts.to_numpy(), distance, max_distance=3, max_periods=7, seed=1)
    for mine, theirs in zip(found, case["expected"]["numpy_top"], strict=False):
        assert (mine.cases, mine.periods_n) == (theirs["cases"], theirs["days"])
        assert_allclose([mine.expected, mine.llr], [theirs["expected"], theirs["llr"]], rtol=1e-6)


def _ratio(inside: float, expected: float, total: float) -> float:
    if inside < 2 or inside <= expected:
        return 0.0
    outside = total - inside
    return inside * log(inside / expected) + (outside * log(outside / (total - expected)) if outside else 0)


_PLACES = st.lists(
    st.tuples(st.integers(0, 30), st.integers(1, 50), st.integers(0, 9), st.integers(0, 9)), min_size=2, max_size=9
)


@given(_PLACES, st.sampled_from([0.2, 0.5, 1.0]))
def test_the_first_cluster_is_the_likeliest_of_all_circles(places: list[tuple[int, ...]], share: float) -> None:
    cases, population, x, y = (np.array(column) for column in zip(*places, strict=True))
    best = 0.0
    for centre in range(len(places)):
        order = sorted(range(len(places)), key=lambda j: ((x[j] - x[centre]) ** 2 + (y[j] - y[centre]) ** 2, j))
        for size in range(1, len(places) + 1):
            zone = order[:size]
            if population[zone].sum() <= share * population.sum():
                expected = cases.sum() * population[zone].sum() / population.sum()
                best = max(best, _ratio(cases[zone].sum(), expected, cases.sum()))
    found = poisson_scan(cases, population, x, y, max_share=share, n_simulations=9, seed=1)
    assert (found[0].llr if found else 0) == pytest.approx(best, abs=1e-8)
    assert [one.llr for one in found] == sorted((one.llr for one in found), reverse=True)
    listed = [place for one in found for place in one.places]
    assert len(listed) == len(set(listed))
    for one in found:
        assert one.cases == cases[list(one.places)].sum() > one.expected
        assert 0 < one.p <= 1


@given(st.lists(st.lists(st.integers(0, 8), min_size=4, max_size=4), min_size=2, max_size=6))
def test_the_first_cylinder_is_the_likeliest_of_all(rows: list[list[int]]) -> None:
    cases = np.array(rows)
    line = np.arange(len(rows), dtype=float)
    distance = np.abs(line[:, None] - line)
    total, best = cases.sum(), 0.0
    for centre in range(len(rows)):
        order = sorted(range(len(rows)), key=lambda j: (distance[centre, j], j))
        for size in range(1, sum(distance[centre] <= 2) + 1):
            for periods in (1, 2):
                inside = cases[order[:size], -periods:].sum()
                expected = cases[order[:size]].sum() * cases[:, -periods:].sum() / max(total, 1)
                best = max(best, _ratio(inside, expected, total))
    found = space_time_scan(cases, distance, max_distance=2, max_periods=2, n_simulations=0, seed=1)
    assert (found[0].llr if found else 0) == pytest.approx(best, abs=1e-8)


def test_no_cases_are_no_cluster_and_one_case_is_none() -> None:
    assert poisson_scan([0, 0], [5, 5], [0, 1], [0, 0], seed=1) == []
    assert poisson_scan([1, 0], [5, 5], [0, 1], [0, 0], seed=1) == []
    assert space_time_scan([[0, 0], [0, 0]], [[0, 1], [1, 0]], max_distance=1, max_periods=1, seed=1) == []


def test_the_same_seed_gives_the_same_clusters() -> None:
    chance = np.random.default_rng(4)
    places = chance.poisson(5, 30), np.full(30, 100), chance.random(30), chance.random(30)
    assert poisson_scan(*places, seed=7, n_simulations=99) == poisson_scan(*places, seed=7, n_simulations=99)


def test_a_national_wave_alone_is_no_cluster_in_time_and_place() -> None:
    usual = np.random.default_rng(5).integers(5, 40, 30)
    cases = np.outer(usual, [1, 1, 2, 4, 8])
    line = np.arange(30.0)
    distance = np.abs(line[:, None] - line)
    assert all(one.p > 0.9 for one in space_time_scan(cases, distance, max_distance=5, max_periods=2, seed=1))


def test_chance_alone_is_called_a_cluster_about_as_often_as_p_says() -> None:
    chance = np.random.default_rng(6)
    x, y, people = chance.random(25), chance.random(25), chance.integers(50, 500, 25)
    firsts = [
        poisson_scan(chance.multinomial(200, people / people.sum()), people, x, y, n_simulations=99, seed=seed)[0].p
        for seed in range(100)
    ]
    assert 0.03 <= np.mean(np.array(firsts) <= 0.1) <= 0.2


@pytest.mark.parametrize(
    ("cases", "population", "share"),
    [
        ([1.5, 1], [1, 1], 0.5),
        ([-1, 1], [1, 1], 0.5),
        ([1, 1], [0, 1], 0.5),
        ([1], [1, 1], 0.5),
        ([1, 1], [1, 1], 0),
        ([float("nan"), 1], [1, 1], 0.5),
        (["5*", 1], [1, 1], 0.5),
        ([None, 1], [1, 1], 0.5),
        ([[1, 2], [3, 4]], [1, 1], 0.5),
    ],
)
def test_what_is_no_count_is_refused(cases: list[Any], population: list[float], share: float) -> None:
    with pytest.raises(InputError):
        poisson_scan(cases, population, [0, 1], [0, 0], max_share=share, seed=1)


@pytest.mark.parametrize("share", [None, "half", float("nan"), [0.5], 1.5])
def test_a_share_that_is_none_is_refused(share: Any) -> None:
    with pytest.raises(InputError, match="share of the population"):
        poisson_scan([1, 9], [5, 5], [0, 1], [0, 0], seed=1, max_share=share)


def test_redraws_are_taken_some_at_a_time_and_the_p_is_that_of_all() -> None:
    """More redraws than are handled at once, held against the ratio of every circle of every redraw."""
    cases, population, n = np.array([2, 9, 6, 1]), np.array([30.0, 40, 20, 50]), 601
    found = poisson_scan(cases, population, [0, 1, 2, 3], [0, 0, 0, 0], seed=3, n_simulations=n)
    total = cases.sum()
    redraws = np.random.default_rng(3).multinomial(total, population / population.sum(), size=n)
    highest = np.zeros(n)
    for centre in range(4):
        order = np.argsort(np.abs(np.arange(4) - centre), kind="stable")
        for size in range(1, 5):
            if population[order[:size]].sum() > population.sum() / 2:
                break
            mu = total * population[order[:size]].sum() / population.sum()
            inside = redraws[:, order[:size]].sum(axis=1)
            with np.errstate(divide="ignore", invalid="ignore"):
                rest = total - inside
                ratio = inside * np.log(inside / mu) + np.where(rest > 0, rest * np.log(rest / (total - mu)), 0)
            highest = np.maximum(highest, np.where((inside > mu) & (inside > 1), ratio, 0))
    assert found[0].p == (1 + (highest >= found[0].llr - 1e-9).sum()) / (n + 1)


def test_an_index_of_any_kind_changes_nothing() -> None:
    """Rows of a table that was filtered and sorted keep the labels they had."""
    cases, population = pd.Series([1, 9, 1, 0], index=[7, 3, 9, 7]), pd.Series([5, 5, 50, 50], index=list("dcba"))
    places = pd.Series([0.0, 1.0, 2.0, 9.0], index=[1, 1, 1, 1])
    plain = poisson_scan([1, 9, 1, 0], [5, 5, 50, 50], [0, 1, 2, 9], [0, 0, 0, 0], seed=1, n_simulations=99)
    assert poisson_scan(cases, population, places, places * 0, seed=1, n_simulations=99) == plain


@pytest.mark.parametrize("n", [-1, 99.5, None])
def test_a_number_of_redraws_that_is_none_is_refused(n: Any) -> None:
    with pytest.raises(InputError, match="0 or more"):
        poisson_scan([1, 9], [5, 5], [0, 1], [0, 0], seed=1, n_simulations=n)


def test_a_seed_below_nil_is_refused() -> None:
    with pytest.raises(InputError, match="seed of at least 0"):
        poisson_scan([1, 9], [5, 5], [0, 1], [0, 0], seed=-1)


def test_a_cylinder_needs_periods_before_it() -> None:
    with pytest.raises(InputError, match="longer table"):
        space_time_scan([[1, 2], [3, 4]], [[0, 1], [1, 0]], max_distance=1, max_periods=2, seed=1)
    with pytest.raises(InputError, match="square"):
        space_time_scan([[1, 2], [3, 4]], [[0, 1, 2]], max_distance=1, max_periods=1, seed=1)


def test_a_circle_may_hold_exactly_the_largest_share_whatever_rounding_does() -> None:
    """Three tenths of a place each: .1 + .1 + .1 is a hair more than .3."""
    found = poisson_scan([9, 9, 9, 0, 0, 0, 0, 0, 0, 0], [0.1] * 10, range(10), [0] * 10, max_share=0.3, seed=1)
    assert set(found[0].places) == {0, 1, 2}


def test_one_place_no_case_and_nobody_give_no_cluster() -> None:
    assert poisson_scan([5], [100], [0], [0], seed=1) == []
    assert poisson_scan([0, 0], [10, 10], [0, 1], [0, 0], seed=1) == []
    assert poisson_scan([0, 0], [0, 0], [0, 1], [0, 0], seed=1) == []
    assert poisson_scan([4, 4, 4], [10, 10, 10], [0, 1, 2], [0, 0, 0], seed=1, n_simulations=9) == []
