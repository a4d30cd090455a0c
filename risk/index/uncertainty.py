"""Rebuild the index many times with other defensible choices: and tell how sure a rank is.

Each rebuild draws other weights, another way to normalise, another way to aggregate, other values of the
smoothed rates from their posteriors, and leaves one indicator out. `risk.index.rebuild` does the arithmetic.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from geodata.batch import LOCAL, Pool
from geodata.errors import InputError
from risk.index.aggregate import Weights
from risk.index.classify import top_size
from risk.index.declaration import Model
from risk.index.indicators import Measured
from risk.index.rebuild import ASSUMPTIONS, DUMMY, Problem, pose, run

Array = NDArray[np.float64]

SENSITIVITY_REPEATS: Final = 200


@dataclass(frozen=True)
class Rebuilt:
    """What the rebuilds say of every unit; NaN where it is not scored.

    Attributes
    ----------
    rank_median, rank_p05, rank_p95
        Middle and 90 % interval of the rank.
    p_top_k
        Share of the rebuilds in which the unit is among the top k of its ranking.
    score_sd
        Standard deviation of its score on 0-10.
    repeats, seed
        With these the same figures can be made again.
    """

    rank_median: Array
    rank_p05: Array
    rank_p95: Array
    p_top_k: Array
    score_sd: Array
    repeats: int
    seed: int


def rebuild(
    values: Array,
    measured: Measured,
    model: Model,
    group: NDArray[np.int64],
    weights: Weights,
    repeats: int,
    seed: int,
    top_sizes: Array | None = None,
    pool: Pool = LOCAL,
) -> Rebuilt:
    """Return rank intervals and the chance to be among the top k.

    Parameters
    ----------
    values
        Indicators on 0-10, units x indicators, as scored.
    measured
        Their raw values and posteriors.
    model, weights
        As scored.
    group
        The ranking of each unit, numbered from 0.
    repeats, seed
        At least 1 rebuild; the same seed gives the same figures.
    top_sizes
        k beside every unit, when these are only the highest units of their rankings.
    pool
        Who does the rebuilds.

    Raises
    ------
    InputError
        Less than one rebuild is asked for.
    """
    if repeats < 1:
        raise InputError(f"{repeats} rebuilds cannot be made; ask for at least 1.")
    problem = pose(values, measured, model, group, weights)
    result = run(problem, repeats, seed, ASSUMPTIONS, pool)
    sizes = _top_sizes(problem, model) if top_sizes is None else top_sizes[problem.order]
    top = (result.ranks <= sizes).mean(axis=0)
    places = np.sort(result.ranks.T, axis=1).astype(float)
    mean = result.total / repeats
    spread = np.sqrt(np.maximum(result.squares / repeats - mean**2, 0))
    middle, p05, p95 = (
        problem.unsorted(places[:, min(int(share * repeats), repeats - 1)]) for share in (0.5, 0.05, 0.95)
    )
    return Rebuilt(middle, p05, p95, problem.unsorted(top), problem.unsorted(spread), repeats, seed)


def sensitivity(
    values: Array,
    measured: Measured,
    model: Model,
    group: NDArray[np.int64],
    weights: Weights,
    repeats: int = SENSITIVITY_REPEATS,
    seed: int = 1,
) -> pd.Series:
    """Return how far each assumption alone moves a rank: the mean absolute shift in places, largest first.

    Parameters
    ----------
    values, measured, model, group, weights
        As for `rebuild`.
    repeats, seed
        Rebuilds per assumption.

    Returns
    -------
    Series
        On the assumption's name; ``dummy``, whose alternatives are equal, is exactly 0.

    References
    ----------
    Saisana, Saltelli and Tarantola (2005), Journal of the Royal Statistical Society A 168:307.
    """
    problem = pose(values, measured, model, group, weights)
    nominal = run(problem, 1, seed, ()).ranks[0].astype(float)
    shifts = {}
    for assumption in (*ASSUMPTIONS, DUMMY):
        ranks = run(problem, repeats, seed, (assumption,)).ranks
        shifts[assumption] = float(np.abs(ranks - nominal)[:, problem.scored].mean())
    return pd.Series(shifts, name="mean_rank_shift").sort_values(ascending=False)


def _top_sizes(problem: Problem, model: Model) -> Array:
    """Return k beside every unit."""
    parts = [
        np.full(one.stop - one.start, float(top_size(int(problem.scored[one].sum()), model.scale)))
        for one in problem.rankings
    ]
    return np.concatenate(parts) if parts else np.zeros(0)
