"""What goes wrong when visits follow earlier finds: the urn, and the two things that cure it together.

Whoever looks where something was found, finds more there, and looks there still more. The simulation shows
that recording finds alone runs away even between two areas of equal risk; weighing each find by one over
the chance that it was looked for, together with a share of visits drawn at random, does not.
"""

from typing import Literal

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


def simulate(
    rates: tuple[float, float] = (0.1, 0.1),
    *,
    visits: int = 5_000,
    runs: int = 60,
    random_share: float = 0.0,
    counting: Literal["hits", "weighted"] = "hits",
    seed: int = 1,
) -> Array:
    """Return in each run the share of visits that the first of two areas gets in the end.

    Parameters
    ----------
    rates
        Chance that a visit finds something, per area.
    visits, runs
        Visits one after the other in a run, and independent runs.
    random_share
        Part of the visits drawn with equal chances (0-1); the others follow what was counted.
    counting
        ``hits`` adds 1 for a find; ``weighted`` adds 1 over the probability with which that visit was drawn.
    seed
        Fixed beforehand.

    References
    ----------
    Ensign, Friedler, Neville, Scheidegger and Venkatasubramanian (2018), PMLR 81:160.
    """
    rng = np.random.default_rng(seed)
    counted = np.ones((runs, 2))
    draws, finds = rng.random((visits, runs)), rng.random((visits, runs))
    rows = np.arange(runs)
    for draw, find in zip(draws, finds, strict=True):
        first = (1 - random_share) * counted[:, 0] / counted.sum(axis=1) + random_share / 2
        area = (draw >= first).astype(np.intp)
        chance = np.where(area == 0, first, 1 - first)
        found = find < np.asarray(rates)[area]
        counted[rows, area] += found / chance if counting == "weighted" else found
    return np.asarray(counted[:, 0] / counted.sum(axis=1))
