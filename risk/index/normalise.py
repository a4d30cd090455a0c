"""Bring every indicator to 0-10: fixed goalposts for the score, two alternatives for the uncertainty.

Goalposts cut a value for the score, so outliers cannot pull at it. Before the alternative by standard deviations,
which has no goalposts, a skewed indicator is cut at its quantiles.
"""

from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from geodata.errors import ModelError

Array = NDArray[np.floating]
_SKEW, _KURTOSIS, _SHARE = 2.0, 3.5, 0.02


def goalposts(values: ArrayLike, low: ArrayLike, high: ArrayLike, *, direction: int = 1, is_log: bool = False) -> Array:
    """Return values on 0-10 between goalposts that do not move with the data.

    Parameters
    ----------
    values
        In the indicator's own unit; NaN stays NaN.
    low, high
        The values that count as 0 and as 10, in the same unit (scalars or one per value).
    direction
        1 when more is riskier, -1 when less is.
    is_log
        Measure the distance in logarithms; both goalposts must then be above 0. Values below `low`,
        zero included, count as `low`, so that a change of unit changes nothing.

    Raises
    ------
    ModelError
        The goalposts do not rise, or are not above 0 on a log scale.

    References
    ----------
    UNDP, Human Development Report 2001, technical note 2.

    Examples
    --------
    >>> goalposts([0.0, 50.0, 250.0], 0, 100)
    array([ 0.,  5., 10.])
    >>> goalposts([8215.0], 22, 6969, is_log=True)
    array([10.])
    """
    x, lowest, highest = np.asarray(values), np.asarray(low, float), np.asarray(high, float)
    if x.dtype != np.float32:  # the rebuilds use single precision
        x = x.astype(float)
    lowest, highest = lowest.astype(x.dtype), highest.astype(x.dtype)
    if not np.all(lowest < highest):
        raise ModelError("Goalposts must rise from low to high; correct them in the model.")
    # In place from here: the rebuilds come here with millions of values.
    if is_log:
        if not np.all(lowest > 0):
            raise ModelError("Goalposts on a log scale must be above 0; correct them in the model.")
        share = np.asarray(np.maximum(x, lowest))
        share /= lowest
        np.log(share, out=share)
        share /= np.log(highest / lowest)
    else:
        share = np.asarray(x - lowest)
        share /= highest - lowest
    np.clip(share, 0, 1, out=share)
    if direction < 0:
        np.subtract(1, share, out=share)
    share *= 10
    return share


def denormalise(value: float, low: float, high: float, *, direction: int = 1, is_log: bool = False) -> float:
    """Return the value in the indicator's own unit that stands at `value` on 0-10.

    Parameters
    ----------
    value
        0-10.
    low
        Value that counts as 0, in the indicator's own unit.
    high
        Value that counts as 10, in the indicator's own unit.
    direction
        1 where more is more risk, -1 where less is.
    is_log
        Whether the scale is logarithmic.

    Examples
    --------
    >>> round(denormalise(5, 10, 1000, is_log=True), 9)
    100.0
    """
    share = value / 10 if direction > 0 else 1 - value / 10
    if is_log:
        return float(np.exp(np.log(low) + share * np.log(high / low)))
    return float(low + share * (high - low))


def percentile_rank(values: ArrayLike, reference: ArrayLike | None = None) -> Array:
    """Return the share of the reference that lies below each value (0-1), NaN where missing.

    Parameters
    ----------
    values
        Any unit; NaN stays NaN.
    reference
        The values to rank among (default: `values` themselves). With a single one the rank is 0.

    References
    ----------
    CDC/ATSDR Social Vulnerability Index: (rank - 1) / (N - 1), ties at the lowest rank.

    Examples
    --------
    >>> percentile_rank([3, 1, 4, 1, 5])
    array([0.5 , 0.  , 0.75, 0.  , 1.  ])
    """
    x = np.asarray(values, float)
    known = np.asarray(x if reference is None else reference, float)
    known = np.sort(known[np.isfinite(known)])
    below = np.searchsorted(known, x, side="left") / max(known.size - 1, 1)
    return np.where(np.isnan(x), np.nan, np.minimum(below, 1.0))


def z_score(values: ArrayLike, mean: float | None = None, spread: float | None = None) -> Array:
    """Return distances to the mean in standard deviations; 0 for a constant indicator, NaN where missing.

    Parameters
    ----------
    values
        Of one indicator.
    mean
        That of the values by default.
    spread
        Standard deviation; that of the values by default.

    Examples
    --------
    >>> z_score([1.0, 3.0]), z_score([2.0, 2.0])
    (array([-1.,  1.]), array([0., 0.]))
    """
    x = np.asarray(values, float)
    if mean is None or spread is None:
        known = x[np.isfinite(x)]
        mean, spread = (float(known.mean()), float(known.std())) if known.size else (0.0, 0.0)
    if spread <= 1e-12 * max(abs(mean), 1e-300):
        return np.where(np.isnan(x), np.nan, 0.0)
    return np.asarray((x - mean) / spread)


def winsorise(values: ArrayLike, low: float, high: float) -> Array:
    """Return the values cut at two bounds; missing stays missing.

    Parameters
    ----------
    values
        Of one indicator.
    low
        Lower bound.
    high
        Upper bound.

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
    skewness, kurtosis = _shape(known)
    return bool(abs(skewness) > _SKEW and kurtosis > _KURTOSIS)


def _shape(values: Array) -> tuple[float, float]:
    """Return skewness and excess kurtosis without bias, as `scipy.stats` gives them.

    That module takes half a second to load, in each process that scores; nothing else of a score needs it.

    Examples
    --------
    >>> [round(one, 4) for one in _shape(np.array([1.0, 2, 3, 4, 10]))]
    [1.6971, 3.152]
    """
    n, away = values.size, values - values.mean()
    m2, m3, m4 = ((away**power).mean() for power in (2, 3, 4))
    skewness = float(np.sqrt(n * (n - 1)) / (n - 2) * m3 / m2**1.5)
    if n == 3:  # too few for a correction
        return skewness, float(m4 / m2**2 - 3)
    return skewness, float(((n**2 - 1) * m4 / m2**2 - 3 * (n - 1) ** 2) / ((n - 2) * (n - 3)))


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
