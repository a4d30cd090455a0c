"""The choice of visits against brute force, and its explanation against the choice made again."""

from dataclasses import replace
from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from risk.targets import select as selection
from risk.targets.plan import OUTSCORED, SEVERAL, price, why_left_out
from risk.targets.select import ImpossibleError, Problem, could_enter, find_clash, join_limits, lots, select, solve
from tests.examples import examples

INF = np.inf


def _problem(points, rows, tie=None, is_open=None):
    n = len(points)
    limits = join_limits(
        [
            (name, subject, np.array(places, np.intp), np.asarray(values, float), low, high)
            for name, subject, places, values, low, high in rows
        ],
        n,
    )
    return Problem(
        np.asarray(points, float),
        np.zeros(n) if tie is None else np.asarray(tie, float),
        np.ones(n, bool) if is_open is None else np.asarray(is_open, bool),
        limits,
    )


def _brute_force(problem):
    """Return the most points over all sets within the limits, None when there is no such set."""
    best = None
    matrix = problem.limits.matrix.toarray()
    for chosen in product([0, 1], repeat=problem.points.size):
        x = np.array(chosen, float)
        used = matrix @ x
        if (x > problem.is_open).any() or (used < problem.limits.low - 1e-9).any():
            continue
        if (used > problem.limits.high + 1e-9).any():
            continue
        worth = float(problem.points @ x)
        best = worth if best is None else max(best, worth)
    return best


def _greedy(problem):
    """Take the highest that still fits, and so on; minimums are not looked at."""
    matrix, x = problem.limits.matrix.toarray(), np.zeros(problem.points.size)
    for place in np.argsort(-problem.points):
        if problem.is_open[place] and (matrix @ x + matrix[:, place] <= problem.limits.high + 1e-9).all():
            x[place] = 1
    return x


@st.composite
def problems(draw, *, with_minimums=True):
    n = draw(st.integers(1, 15))
    whole = st.integers(0, 6)
    points = [p / 2 for p in draw(st.lists(whole, min_size=n, max_size=n))]
    region = draw(st.lists(st.integers(0, 3), min_size=n, max_size=n))
    hours = draw(st.lists(st.integers(1, 4), min_size=n, max_size=n))
    partner = draw(st.lists(st.booleans(), min_size=n, max_size=n))
    employer = draw(st.lists(st.integers(0, 5), min_size=n, max_size=n))
    rows = [
        ("capacity", "", range(n), [1] * n, -INF, draw(st.integers(0, n))),
        ("hours", "", range(n), hours, -INF, draw(st.integers(0, 25))),
    ]
    helped = [i for i in range(n) if partner[i]]
    rows.append(("partner", "A", helped, [1] * len(helped), -INF, draw(st.integers(0, 5))))
    for number in range(4):
        inside = [i for i in range(n) if region[i] == number]
        low = draw(st.integers(0, 2)) if with_minimums else 0
        rows.append(("region_min", str(number), inside, [1] * len(inside), low, INF))
        rows.append(("region_max", str(number), inside, [1] * len(inside), -INF, draw(st.integers(0, 4))))
    for number in range(1, 6):
        inside = [i for i in range(n) if employer[i] == number]
        rows.append(("employer", str(number), inside, [1] * len(inside), -INF, 1))
    is_open = draw(st.lists(st.sampled_from([True, True, True, False]), min_size=n, max_size=n))
    return _problem(points, rows, is_open=is_open)


@examples(120)
@given(problems())
def test_selection_equals_brute_force(problem):
    most = _brute_force(problem)
    found = solve(problem)
    assert (found is None) == (most is None)
    if found is not None:
        assert found.objective == pytest.approx(most, abs=1e-9)
        assert found.gap == 0


@examples(80)
@given(problems(), st.integers(1, 4))
def test_looking_at_a_few_first_changes_nothing(problem, first_n):
    whole = solve(problem)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(selection, "_FIRST_N", first_n)
        few = solve(problem)
    assert (few is None) == (whole is None)
    if few is not None:
        assert few.objective == pytest.approx(whole.objective, abs=1e-9)


@examples(60)
@given(problems(with_minimums=False))
def test_never_below_greedy(problem):
    assert select(problem).objective >= problem.points @ _greedy(problem) - 1e-9


@examples(60)
@given(problems())
def test_a_larger_budget_never_lowers_the_objective(problem):
    found = solve(problem)
    if found is None:
        return
    roomier = replace(problem.limits, high=np.r_[problem.limits.high[0] + 1, problem.limits.high[1:]])
    larger = solve(replace(problem, limits=roomier))
    assert larger.objective >= found.objective - 1e-9


@examples(60)
@given(problems())
def test_clashing_limits_are_a_smallest_set(problem):
    if solve(problem) is not None:
        return
    with pytest.raises(ImpossibleError, match="relax one of them") as raised:
        select(problem)
    clashing = raised.value.clashing
    rows = [problem.limits.names.index(name) for name in clashing]
    assert clashing
    assert _brute_force(replace(problem, limits=problem.limits.only(rows))) is None
    for row in rows:
        rest = problem.limits.only([other for other in rows if other != row])
        assert _brute_force(replace(problem, limits=rest)) is not None


def test_clash_names_both_sides():
    rows = [
        ("capacity", "", range(4), [1] * 4, -INF, 1),
        ("region_min", "VR01", [0, 1], [1, 1], 1, INF),
        ("region_min", "VR02", [2, 3], [1, 1], 1, INF),
        ("region_max", "VR02", [2, 3], [1, 1], -INF, 1),
    ]
    problem = _problem([1, 2, 3, 4], rows)
    assert find_clash(problem) == (("capacity", ""), ("region_min", "VR01"), ("region_min", "VR02"))


def test_a_minimum_without_candidates_clashes_alone():
    problem = _problem([1.0], [("region_min", "VR03", [], [], 1, INF)])
    assert find_clash(problem) == (("region_min", "VR03"),)


def test_ties_follow_the_lot_and_the_same_lot_gives_the_same_set():
    sites = [f"S{i:02d}" for i in range(12)]
    rows = [("capacity", "", range(12), [1] * 12, -INF, 3)]
    by_seed = {}
    for seed in range(30):
        tie = lots(sites, seed)
        chosen = select(_problem([2.0] * 12, rows, tie)).chosen
        assert set(np.flatnonzero(chosen)) == set(np.argsort(-tie)[:3])
        by_seed[seed] = chosen
    assert len({tuple(chosen) for chosen in by_seed.values()}) > 5
    assert (select(_problem([2.0] * 12, rows, lots(sites, 7))).chosen == by_seed[7]).all()


def test_a_lot_never_outweighs_a_thousandth_of_a_point():
    points = [1.0] * 10 + [1.001] * 10
    problem = _problem(points, [("capacity", "", range(20), [1] * 20, -INF, 10)], tie=[1.0] * 10 + [0.0] * 10)
    assert np.flatnonzero(select(problem).chosen).tolist() == list(range(10, 20))


def test_order_of_rows_does_not_change_the_set():
    rng = np.random.default_rng(5)
    points, tie, region = rng.integers(0, 5, 60) / 2, rng.random(60), rng.integers(0, 4, 60)

    def chosen(order):
        rows = [("capacity", "", range(60), [1] * 60, -INF, 9)]
        for number in range(4):
            inside = np.flatnonzero(region[order] == number)
            rows.append(("region_max", str(number), inside, np.ones(inside.size), -INF, 3))
        best = select(_problem(points[order], rows, tie[order]))
        return set(order[best.chosen].tolist())

    assert chosen(np.arange(60)) == chosen(rng.permutation(60))


@examples(60)
@given(problems())
def test_left_out_for_a_limit_means_in_without_it(problem):
    best = solve(problem)
    if best is None:
        return
    reasons = why_left_out(problem, best, np.flatnonzero(problem.is_open), {})
    assert set(reasons) == set(np.flatnonzero(problem.is_open & ~best.chosen).tolist())
    for place, (name, subject) in reasons.items():
        if (name, subject) in (OUTSCORED, SEVERAL):
            continue
        rows = [i for i, (n, s) in enumerate(problem.limits.names) if n == name and subject in ("", s)]
        lifted = select(replace(problem, limits=problem.limits.without(rows)))
        assert lifted.chosen[place]
        assert lifted.objective >= best.objective - 1e-9


def test_reasons_name_the_one_limit():
    rows = [
        ("capacity", "", range(7), [1] * 7, -INF, 3),
        ("region_max", "VR01", [0, 1, 2], [1] * 3, -INF, 1),
        ("employer", "G", [3, 4], [1, 1], -INF, 1),
        ("region_min", "VR03", [6], [1], 1, INF),
    ]
    problem = _problem([9, 8, 7, 6, 5.5, 5, 0.5], rows, is_open=[1, 1, 1, 1, 1, 1, 1])
    best = select(problem)
    assert np.flatnonzero(best.chosen).tolist() == [0, 3, 6]
    reasons = why_left_out(problem, best, range(7), {})
    assert reasons[1] == ("region_max", "VR01")
    assert reasons[5] == ("region_min", "")
    assert reasons[2] == SEVERAL
    assert reasons[4] == OUTSCORED
    assert price(problem, best, ("region_min", "VR03")) == pytest.approx(4.5)
    assert price(problem, best, ("employer", "G")) == 0


def test_a_closed_candidate_is_explained_by_what_closes_it():
    rows = [("capacity", "", range(3), [1] * 3, -INF, 1)]
    problem = _problem([5, 9, 1], rows, is_open=[1, 0, 0])
    best = select(problem)
    blocked = {1: ("revisit", "S1"), 2: ("revisit", "S2")}
    assert why_left_out(problem, best, range(3), blocked) == {1: ("revisit", "S1"), 2: OUTSCORED}


@examples(60)
@given(problems())
def test_who_cannot_enter_does_not_enter_when_opened(problem):
    best = solve(problem)
    if best is None:
        return
    possible = could_enter(problem, best)
    for place in np.flatnonzero(~problem.is_open & ~possible):
        is_open = problem.is_open.copy()
        is_open[place] = True
        assert not solve(replace(problem, is_open=is_open)).chosen[place]
    assert possible[best.chosen].all()


def test_no_candidates_is_an_empty_plan():
    best = select(_problem([], [("capacity", "", [], [], -INF, 5)]))
    assert best.objective == 0
    assert best.chosen.size == 0
