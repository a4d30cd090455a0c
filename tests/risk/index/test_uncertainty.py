"""The rebuilds: reproducible, centred on the score, and blind to an assumption that changes nothing."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose

from geodata.errors import InputError
from risk.index import rebuild as rebuilding
from risk.index.aggregate import steps, weigh
from risk.index.classify import rank
from risk.index.declaration import Model
from risk.index.draws import SiteSampler
from risk.index.epidemic import count
from risk.index.indicators import measure
from risk.index.pipeline import Outcome, score
from risk.index.rebuild import rebuild, sensitivity

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
    scores = outcome.scores["score_0_10"]
    centred = scores - scores.groupby(outcome.scores["sector_code"]).transform("mean")
    assert_allclose(problem.unsorted(result.total / 3), centred, atol=1e-5)


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


def test_where_nobody_works_no_rate_over_workers_is_drawn(make_tables: Callable[..., Tables], model: Model) -> None:
    """Such a rate does not exist: drawn as if unknown, it made the interval of such an area a dozen places."""
    tables = make_tables()
    exposure = tables["exposure"].copy()
    regions = tables["gemeenten"].set_index("gemeente_code")["vr_code"]
    empty = (exposure["sector_code"] == "fishery") & (exposure["gemeente_code"].map(regions) == "VR14")
    exposure.loc[empty, ["workers_n", "establishments_n"]] = 0
    measured = measure(tables | {"exposure": exposure}, "vr", model)
    values = measured.sampler.draw(50, np.random.default_rng(1))
    here = measured.units["sector_code"] == "fishery"
    (nobody,) = np.flatnonzero(here & (measured.units["area_code"] == "VR14"))
    somebody = np.flatnonzero(here & (measured.units["area_code"] == "VR19"))[0]
    assert (measured.reasons[nobody] == "no_exposure").any()
    gone = np.isnan(values[:, nobody])
    np.testing.assert_array_equal(gone, np.tile(measured.reasons[nobody] == "no_exposure", (50, 1)))
    place = measured.index.codes.index("beds_per_1000_workers")
    assert np.ptp(values[:, nobody, place]) == 0
    assert np.ptp(values[:, somebody, place]) > 0


def test_both_weeks_are_drawn_and_together_have_the_posterior_of_the_fortnight(model: Model) -> None:
    """Gamma(c + a, e + b); each week moves, so how fast an area rises does too."""
    before, now = np.array([0.0, 4.0, 90.0, np.nan]), np.array([0.0, 12.0, 270.0, 3.0])
    points = np.array([[0.0, 0.0], [2e4, 0.0], [4e4, 0.0], [6e4, 0.0]])
    fortnight = count(before, now, np.array([1e4, 2e4, 4e5, 1e5]), points, model.contrast)
    assert fortnight is not None
    drawn = fortnight.drawn_rates(20_000, np.random.default_rng(1))
    together, known = drawn.sum(axis=1)[:, :3], slice(0, 3)
    shapes, rates = (before + now)[known] + fortnight.shape, fortnight.exposure[known] + fortnight.rate
    np.testing.assert_allclose(together.mean(axis=0), shapes / rates, rtol=0.05)
    np.testing.assert_allclose(together.std(axis=0), np.sqrt(shapes) / rates, rtol=0.05)
    assert (drawn[..., 3] < 1e-30).all()
    alone = replace(fortnight, contrast=replace(fortnight.contrast, own=0.0, around=0.0, rising=1.0))
    rises = alone.signal(np.arange(4), 4, 0.5, drawn)
    np.testing.assert_allclose(np.median(rises[:, 2]), alone.signal(np.arange(4), 4, 0.5)[2], atol=0.02)
    assert rises[:, 1].std() > 2 * rises[:, 0].std() > 0
    assert np.isnan(rises[:, 3]).all()


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
    values[:] = np.minimum(values, 9)
    best = values.copy()
    best[row] = 10
    kinds = measured.units["sector_code"].to_numpy(object)
    still = np.zeros(len(values))
    drawn = SiteSampler(best.astype(np.float32), kinds, np.isnan(best), still.astype(np.float32), 0, still.astype(int))
    result = rebuild(best, replace(measured, sampler=drawn), *rest, repeats=200, seed=1)
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
    """The infections of a gemeente are one figure, whatever the sector; its workers are many."""
    measured = outcome.prepared.measured
    values = measured.sampler.draw(5, np.random.default_rng(1))
    place, size = (measured.index.codes.index(code) for code in ("infections_contrast", "exposed_workers"))
    mine = (measured.units["area_code"] == "GM0003").to_numpy()
    assert (np.ptp(values[:, mine, place], axis=1) == 0).all()
    assert (np.ptp(values[:, mine, place], axis=0) > 0).all()
    assert (values[:, mine, size].std(axis=0) > 0).any()


@pytest.mark.parametrize("level", ["gemeente", "vr", "site"])
def test_streams_that_are_drawn_together_give_what_each_gives_alone(tables: Tables, model: Model, level: str) -> None:
    sampler = score(tables, level, model, rebuilds=0).prepared.measured.sampler
    alone = [sampler.draw(draws, np.random.default_rng(seed)) for seed, draws in ((1, 3), (2, 1), (3, 4))]
    together = sampler.draw_from(
        tuple((np.random.default_rng(seed), draws) for seed, draws in ((1, 3), (2, 1), (3, 4)))
    )
    assert_allclose(together, np.concatenate(alone), rtol=1e-6)


def test_how_many_blocks_are_computed_at_once_changes_no_rank(
    outcome: Outcome, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = []
    for at_once in (1, 7):
        monkeypatch.setattr(rebuilding, "_BLOCKS_AT_ONCE", at_once)
        found.append(rebuild(*_problem(outcome), repeats=90, seed=5))
    for name in ("rank_median", "rank_p05", "rank_p95", "p_top_k", "choice_p05", "choice_p95"):
        assert_allclose(getattr(found[0], name), getattr(found[1], name))
    assert_allclose(found[0].score_sd, found[1].score_sd, rtol=1e-6)


def test_a_larger_doubt_about_workers_never_narrows_an_interval(tables: Tables, model: Model) -> None:
    widths = []
    for log_sd in (0.0, 0.6, 1.2):
        tables["exposure"]["workers_n_log_sd"] = log_sd
        scores = score(tables, "gemeente", model, rebuilds=300).scores
        widths.append((scores["rank_p95"] - scores["rank_p05"]).groupby(scores["sector_code"]).mean())
    assert (widths[1] > widths[0]).all()
    assert (widths[2] > widths[1]).all()


def test_workers_are_drawn_around_their_estimate_and_not_pulled_to_the_mean_of_the_sector(
    tables: Tables, model: Model
) -> None:
    """An estimate is a prediction: half of the draws lie above it, in the smallest gemeente as in the largest."""
    tables["exposure"]["workers_n_log_sd"] = 1.2
    prepared = score(tables, "gemeente", model, rebuilds=0).prepared
    measured, place = prepared.measured, prepared.measured.index.codes.index("exposed_workers")
    values = measured.sampler.draw(600, np.random.default_rng(1))[..., place]
    nominal = prepared.values_0_10[:, place]
    mine = (measured.units["sector_code"] == "food_processing").to_numpy() & (nominal > 0) & (nominal < 10)
    above = (values[:, mine] > nominal[mine]).mean(axis=0)
    assert len(above) > 20
    assert_allclose(above, 0.5, atol=0.1)
    assert abs(np.corrcoef(above, nominal[mine])[0, 1]) < 0.5


def test_history_stays_within_a_tenth_in_every_rebuild(outcome: Outcome) -> None:
    problem = rebuilding.pose(*_problem(outcome))
    place = list(outcome.prepared.measured.index.codes).index("confirmed_infections")
    rng = np.random.default_rng(1)
    for _ in range(500):
        weights = rebuilding._drawn_weights(problem, rng, rebuilding.ASSUMPTIONS)
        assert weights.shares[place] <= 0.10 + 1e-9
        for group, values in ((weights.route_of, weights.indicator), (weights.dimension_of, weights.route)):
            assert_allclose(np.bincount(group, values), 1, atol=1e-9)
        assert weights.dimension.sum() == pytest.approx(1)


def test_each_rebuild_leaves_out_at_most_one_indicator_and_never_a_routes_only_one(outcome: Outcome) -> None:
    problem = rebuilding.pose(*_problem(outcome))
    rng = np.random.default_rng(1)
    drawn = np.stack([rebuilding._drawn_weights(problem, rng, ("drop_one",)).indicator for _ in range(500)])
    dropped = (drawn == 0).sum(axis=1)
    assert set(dropped) == {0, 1}
    assert (drawn > 0).any(axis=0).all()


def test_sites_carry_the_doubt_about_the_infections_around(tables: Tables, model: Model) -> None:
    outcome = score(tables, "site", model, rebuilds=90)
    measured = outcome.prepared.measured
    place = list(measured.index.codes).index("site_incidence")
    drawn = measured.sampler.draw(50, np.random.default_rng(1))[..., place]
    inside = (outcome.prepared.values_0_10[:, place] > 1) & (outcome.prepared.values_0_10[:, place] < 9)
    assert (drawn[:, inside].std(axis=0) > 0).all()
    assert outcome.scores[["rank_p05", "p_top_k"]].notna().all(axis=None)


def test_the_chance_of_a_place_among_the_first_grows_with_the_visits(tables: Tables, model: Model) -> None:
    rebuilt = score(tables, "site", model, rebuilds=90).rebuilt
    assert (np.diff(rebuilt.p_first, axis=0) >= 0).all()
    assert_allclose(rebuilt.p_first.sum(axis=1), np.minimum(rebuilding.CAPACITIES, 120), atol=0.2)


def test_less_than_one_rebuild_is_refused(outcome: Outcome) -> None:
    with pytest.raises(InputError, match="at least 1"):
        rebuild(*_problem(outcome), repeats=0, seed=1)


def test_what_does_not_exist_takes_the_mean_of_its_route_and_changes_no_score(model: Model) -> None:
    weights, scale = weigh(model.areas, model.areas.codes), model.scale
    values = np.random.default_rng(1).uniform(0, 10, (len(weights.indicator), 3, 40)).astype(np.float32)
    values[4, :, :20] = values[7, :, 10:30] = np.nan
    values[0:4, :, 39] = np.nan  # of this route too little is left
    flat = values.reshape(len(values), -1).T
    before = steps(flat.copy(), weights, scale).routes
    rebuilding._even_out(values, weights, scale)
    assert_allclose(steps(flat, weights, scale).routes, before, rtol=1e-5)
    assert np.isnan(values[0:4, :, 39]).all()
    assert np.isfinite(values[..., :39]).all()
