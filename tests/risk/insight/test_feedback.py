"""The urn: finds alone run away, also with a random share; weighting and a random share together do not."""

import numpy as np
import pytest

from risk.insight.visits import simulate

# 60 runs of 5,000 visits, base rate 10 %, seeds fixed beforehand.
SEEDS = (1, 2, 3)


@pytest.mark.parametrize("seed", SEEDS)
def test_two_equal_areas_run_away_when_only_finds_are_counted(seed: int) -> None:
    shares = simulate(seed=seed)
    assert shares.min() < 0.15
    assert shares.max() > 0.85


@pytest.mark.parametrize("seed", SEEDS)
def test_a_random_share_alone_does_not_cure_it(seed: int) -> None:
    for random_share, width in ((0.1, 0.5), (0.2, 0.3)):
        shares = simulate(random_share=random_share, seed=seed)
        assert shares.max() - shares.min() > width
        assert np.mean((shares > 0.42) & (shares < 0.58)) < 0.6


@pytest.mark.parametrize("seed", SEEDS)
def test_weighting_and_a_random_share_together_do(seed: int) -> None:
    shares = simulate(counting="weighted", random_share=0.2, seed=seed)
    assert 0.48 <= shares.mean() <= 0.52
    assert np.mean((shares >= 0.42) & (shares <= 0.58)) >= 0.9


def test_areas_that_differ_are_told_apart_in_proportion_only_when_weighted() -> None:
    truth = 0.6
    runaway = simulate((0.06, 0.04), seed=1)
    weighted = simulate((0.06, 0.04), counting="weighted", seed=1)
    assert runaway.mean() > truth + 0.1
    assert abs(weighted.mean() - truth) < 0.03


def test_the_same_seed_gives_the_same_runs() -> None:
    np.testing.assert_array_equal(simulate(visits=100, seed=4), simulate(visits=100, seed=4))
