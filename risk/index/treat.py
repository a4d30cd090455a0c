"""Outliers: say when an indicator needs treatment, and cut it at bounds frozen in the model.

Goalposts already cut a value for the score. The treatment matters for choosing the goalposts and the
scale (linear or log), and for the alternative normalisations of the uncertainty, which have no goalposts.
"""

from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import stats

Array = NDArray[np.float64]
_SKEW, _KURTOSIS, _SHARE = 2.0, 3.5, 0.02


def winsorise(values: ArrayLike, low: float, high: float) -> Array:
    """Return the values cut at two bounds; missing stays missing.

    Examples
    --------
    >>> winsorise([1.0, 5.0, 900.0, float("nan")], 2.0, 100.0)
    array([  2.,   5., 100.,  nan])
    """
    return np.asarray(np.clip(np.asarray(values, float), low, high))


def bounds(values: ArrayLike) -> tuple[float, float]:
    """Return the 2 % and 98 % quantiles of a reference year, to be frozen in the model."""
    low, high = np.nanquantile(np.asarray(values, float), [_SHARE, 1 - _SHARE])
    return float(low), float(high)


def is_skewed(values: ArrayLike) -> bool:
    """Tell whether a few values dominate: absolute skewness above 2 and kurtosis above 3.5.

    A constant indicator, or one with fewer than three values, is not skewed.

    Examples
    --------
    >>> is_skewed([1, 2, 3, 4, 5]), is_skewed([1.0] * 50 + [1000.0])
    (False, True)
    """
    known = np.asarray(values, float)
    known = known[np.isfinite(known)]
    if known.size < 3 or np.ptp(known) == 0:
        return False
    return bool(abs(stats.skew(known)) > _SKEW and stats.kurtosis(known) > _KURTOSIS)


def treatment(values: ArrayLike) -> Literal["none", "winsorise", "log"]:
    """Return what the handbook would do: nothing, cut at the quantiles, or take logarithms.

    Examples
    --------
    >>> treatment([1, 2, 3, 4, 5]), treatment([*range(99), 100_000])
    ('none', 'winsorise')
    """
    if not is_skewed(values):
        return "none"
    return "log" if is_skewed(winsorise(values, *bounds(values))) else "winsorise"
