"""The rebuilds: reproducible, centred on the score, and blind to an assumption that changes nothing."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose

from geodata.errors import InputError
from risk.index import rebuild as rebuilding
from risk.index.aggregate import weigh
from risk.index.classify import rank
from risk.index.declaration import Model
from risk.index.pipeline import Outcome, score
from risk.index.uncertainty import rebuild, sensitivity

Tables = dict[str, pd.DataFrame]


@pytest.fixture(scope="module")
def outcome(make_tables: Callable[..., Tables], model: Model) -> Outcome:
    return score(make_tables(), "gemeente", model, rebuilds=400)


def _problem(outcome: Outcome) -> tuple:
    prepared = outcome.prepared
    weights = weigh(prepared.measured.index, prepared.kept)
    return prepared.values_0_10, prepared.measured, prepared.model, prepared.group, weights


def test_a_dummy_assumption_moves_nothing_and_each_real_one_does(outcome: Outcome) -> None:
    shifts = sensitivity(*_problem(outcome), repeats=60)
    assert shifts["dummy"] == 0
    assert set(shifts.index) == {"dummy", *rebuilding.ASSUMPTIONS}
    assert (shifts.drop("dummy") > 0).all()
    assert shifts.is_monotonic_decreasing


def test_with_nothing_varied_the_ranks_are_those_of_the_score(outcome: Outcome) -> None:
    problem = rebuilding.pose(*_problem(outcome))
    result = rebuilding.run(problem, 3, 1, ())
    expected = rank(outcome.scores["score_0_10"], outcome.prepared.group)
    for row in result.ranks:
        # Single precision may swap near-equal neighbours.
        assert np.nanmax(np.abs(problem.unsorted(row.astype(float)) - expected)) <= 1
    assert_allclose(problem.unsorted(result.total / 3), outcome.scores["score_0_10"], rtol=1e-5)


def test_the_same_seed_gives_the_same_figures_and_another_does_not(outcome: Outcome) -> None:
    one, same = (rebuild(*_problem(outcome), repeats=90, seed=5) for _ in range(2))
    other = rebuild(*_problem(outcome), repeats=90, seed=6)
    for name in ("rank_median", "rank_p05", "rank_p95", "p_top_k", "score_sd"):
        np.testing.assert_array_equal(getattr(one, name), getattr(same, name))
    assert not np.array_equal(one.p_top_k, other.p_top_k, equal_nan=True)


def test_intervals_are_in_order_and_hold_the_middle(outcome: Outcome) -> None:
    scores, rebuilt = outcome.scores, outcome.rebuilt
    assert (scores["rank_p05"] <= rebuilt.rank_median).all()
    assert (rebuilt.rank_median <= scores["rank_p95"]).all()
    assert scores["p_top_k"].between(0, 1).all()
    inside = (scores["rank"] >= scores["rank_p05"]) & (scores["rank"] <= scores["rank_p95"])
    assert inside.mean() > 0.8


def test_the_chances_of_the_top_add_up_to_k(outcome: Outcome) -> None:
    by_sector = outcome.scores.groupby("sector_code")
    # Equal scores share a place, so a tie at the edge may let one more in.
    assert_allclose(by_sector["p_top_k"].sum(), by_sector["k_n"].first(), atol=0.05)


def test_a_unit_that_is_highest_on_everything_is_surely_on_top(
    make_tables: Callable[..., Tables], model: Model
) -> None:
    outcome = score(make_tables(), "gemeente", model, rebuilds=0)
    values, measured, *rest = _problem(outcome)
    row = int(np.flatnonzero(measured.units["unit_id"] == "GM0009:construction")[0])
    mine = measured.units["sector_code"] == "construction"
    # Conditions are equal in a sector; above everyone on the others, and far above on what is smoothed.
    raw, shape = measured.raw.copy(), measured.shape.copy()
    top = np.nanmax(raw[mine], axis=0)
    raw[row] = np.maximum(top * 3, top + 1)
    shape[row] = raw[row] * measured.rate[row]
    best = values.copy()
    best[row] = 10
    result = rebuild(best, replace(measured, raw=raw, shape=shape), *rest, repeats=200, seed=1)
    assert result.p_top_k[row] == 1
    assert result.rank_p95[row] == 1


def test_a_unit_that_is_not_scored_has_no_rank_and_takes_nobodys_place(tables: Tables, model: Model) -> None:
    exposure = tables["exposure"]
    cell = (exposure["gemeente_code"] == "GM0003") & (exposure["sector_code"] == "mushrooms")
    exposure.loc[cell, "workers_n"] = np.nan
    outcome = score(tables, "gemeente", model, rebuilds=90)
    row = outcome.scores.set_index("unit_id").loc["GM0003:mushrooms"]
    assert row[["score_0_10", "rank", "rank_p05", "rank_p95", "p_top_k"]].isna().all()
    others = outcome.scores[outcome.scores["sector_code"] == "mushrooms"]
    assert others["rank_p95"].max() <= 39


def test_units_that_share_a_figure_share_its_draw(outcome: Outcome) -> None:
    """The incidence of a gemeente is one figure, whatever the sector."""
    measured = outcome.prepared.measured
    problem = rebuilding.pose(*_problem(outcome))
    column = problem.smoothed[list(measured.index.codes).index("incidence_per_100k")]
    # One draw per gemeente for its sectors, and one for all sectors together.
    assert column.shape.size == 80


def test_history_stays_within_a_tenth_in_every_rebuild(outcome: Outcome) -> None:
    problem = rebuilding.pose(*_problem(outcome))
    place = list(outcome.prepared.measured.index.codes).index("confirmed_infections")
    rng = np.random.default_rng(1)
    indicator, route, dimension = rebuilding._drawn_weights(problem, 2_000, rng, rebuilding.ASSUMPTIONS)
    mine = problem.weights.route_of[place]
    share = indicator[:, place] * route[:, mine] * dimension[:, problem.weights.dimension_of[mine]]
    assert share.max() <= 0.10 + 1e-9
    for group, weights in ((problem.weights.route_of, indicator), (problem.weights.dimension_of, route)):
        sums = np.stack([weights[:, group == one].sum(axis=1) for one in np.unique(group)])
        assert_allclose(sums, 1, atol=1e-9)
    assert_allclose(dimension.sum(axis=1), 1)


def test_each_rebuild_leaves_out_at_most_one_indicator_and_never_a_routes_only_one(outcome: Outcome) -> None:
    problem = rebuilding.pose(*_problem(outcome))
    indicator, _, _ = rebuilding._drawn_weights(problem, 500, np.random.default_rng(1), ("drop_one",))
    dropped = (indicator == 0).sum(axis=1)
    assert set(dropped) == {0, 1}
    assert (indicator > 0).any(axis=0).all()


def test_sites_carry_the_doubt_about_their_area(tables: Tables, model: Model) -> None:
    outcome = score(tables, "site", model, rebuilds=90)
    measured = outcome.prepared.measured
    place = list(measured.index.codes).index("site_area")
    assert np.isfinite(measured.shape[:, place]).all()
    spread = np.sqrt(measured.shape[:, place]) / measured.rate[:, place]
    assert (spread > 0).all()
    assert outcome.scores[["rank_p05", "p_top_k"]].notna().all(axis=None)


def test_less_than_one_rebuild_is_refused(outcome: Outcome) -> None:
    with pytest.raises(InputError, match="at least 1"):
        rebuild(*_problem(outcome), repeats=0, seed=1)
