"""What random visits say of all sites: totals, shares and expected finds, each with its interval."""

from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd
import scipy
from numpy.typing import ArrayLike, NDArray

Array = NDArray[np.float64]

CALIBRATION_VISITS_N: Final = 100
"""Random visits with a known outcome before points may be called expected finds."""

_REBUILDS: Final = 400
_SEED: Final = 20201201


@dataclass(frozen=True)
class Share:
    """A share (0-1) of all sites with a find.

    Attributes
    ----------
    share, low, high
        The estimate and its 95 % interval; NaN without visits.
    visits_n
        Visits with a known outcome behind it.
    """

    share: float
    low: float
    high: float
    visits_n: int


def exact_interval(found: float, visits_n: float, certainty: float = 0.95) -> tuple[float, float]:
    """Return the Clopper-Pearson interval of a share; counts may be fractions (an effective sample).

    Parameters
    ----------
    found
        Visits with a find.
    visits_n
        All visits.
    certainty
        0-1.

    Examples
    --------
    >>> [tuple(round(float(x), 2) for x in exact_interval(0.1 * n, n)) for n in (50, 100, 200)]
    [(0.03, 0.22), (0.05, 0.18), (0.06, 0.15)]
    """
    if visits_n <= 0:
        return 0.0, 1.0
    tail = (1 - certainty) / 2
    low = 0.0 if found <= 0 else scipy.stats.beta.ppf(tail, found, visits_n - found + 1)
    high = 1.0 if found >= visits_n else scipy.stats.beta.ppf(1 - tail, found + 1, visits_n - found)
    return float(low), float(high)


def stratified_share(sample: pd.DataFrame) -> Share:
    """Return the share of all sites of a frame with a find, from a stratified draw.

    Parameters
    ----------
    sample
        One row per drawn site: stratum, stratum_n, and found (1, 0, or NaN where the outcome is not known;
        those are taken as drawn at random from their stratum).

    References
    ----------
    Weighted mean of the strata's shares with the finite population correction; the interval is
    Clopper-Pearson's at the effective sample size (Korn and Graubard 1998). A stratum with one visit lends
    its spread from the whole.
    """
    known = sample.dropna(subset=["found"])
    strata = known.groupby("stratum").agg(n=("found", "size"), total=("stratum_n", "first"), p=("found", "mean"))
    visits_n = len(known)
    if visits_n == 0:
        return Share(np.nan, np.nan, np.nan, 0)
    weight = (strata["total"] / strata["total"].sum()).to_numpy()
    n, total, p = (strata[column].to_numpy(float) for column in ("n", "total", "p"))
    share = float(weight @ p)
    spread = np.where(n > 1, p * (1 - p) / np.maximum(n - 1, 1), share * (1 - share))
    variance = float((weight**2 * (1 - n / total)) @ spread)
    if (n >= total).all():
        return Share(share, share, share, visits_n)
    effective = visits_n if variance <= 0 else share * (1 - share) / variance
    return Share(share, *exact_interval(share * effective, effective), visits_n)


def share_found(found: ArrayLike, probability: ArrayLike) -> Share:
    """Return the share of all sites with a find, from random visits of any number of draws.

    Each visit counts for 1 / probability sites (Horvitz-Thompson over Horvitz-Thompson, after Hajek);
    the interval is Clopper-Pearson's at Kish's effective number of visits.

    Parameters
    ----------
    found, probability
        Per random visit: 1, 0 or NaN (not known), and its chance to be drawn. Only random visits belong
        here: those chosen for their score say nothing of the rest.

    Examples
    --------
    >>> share_found([1, 0, 0, 0], [0.1] * 4).share
    0.25
    """
    seen, chance = np.asarray(found, float), np.asarray(probability, float)
    known = np.isfinite(seen) & (chance > 0)
    if not known.any():
        return Share(np.nan, np.nan, np.nan, 0)
    weight = 1 / chance[known]
    share = float(weight @ seen[known] / weight.sum())
    effective = float(weight.sum() ** 2 / (weight @ weight))
    return Share(share, *exact_interval(share * effective, effective), int(known.sum()))


@dataclass(frozen=True)
class Calibration:
    """The way from risk points to expected finds.

    Attributes
    ----------
    visits_n
        Random visits with a known outcome behind it.
    knots
        Risk points at which the curves are known.
    curve, rebuilt
        Chance of a find at the knots; the same for every bootstrap rebuild (rebuilds x knots).
    """

    visits_n: int
    knots: Array
    curve: Array
    rebuilt: Array

    def chance(self, points: ArrayLike) -> Array:
        """Return the chance of a find per site."""
        return np.asarray(np.interp(np.asarray(points, float), self.knots, self.curve))

    def expected_finds(self, points: ArrayLike) -> tuple[float, float, float]:
        """Return how many finds a set of visits may expect, with a 90 % interval."""
        at = np.asarray(points, float)
        sums = [float(np.interp(at, self.knots, curve).sum()) for curve in self.rebuilt]
        low, high = np.quantile(sums, [0.05, 0.95])
        return float(self.chance(at).sum()), float(low), float(high)


def calibrate(points: ArrayLike, found: ArrayLike, probability: ArrayLike) -> Calibration | None:
    """Learn from random visits how often a site with so many points has a find; None below 100 visits.

    Parameters
    ----------
    points, found, probability
        Per random visit: its points when it was drawn, 1 or 0 (NaN where not known), its chance to be drawn.

    References
    ----------
    Isotonic regression weighted by 1 / probability: more points never mean fewer expected finds.
    """
    x, y, chance = (np.asarray(values, float) for values in (points, found, probability))
    known = np.isfinite(x) & np.isfinite(y) & (chance > 0)
    x, y, weight = x[known], y[known], 1 / chance[known]
    if x.size < CALIBRATION_VISITS_N:
        return None
    knots = np.linspace(0, max(10.0, float(x.max())), 201)
    generator = np.random.Generator(np.random.PCG64(_SEED))
    rebuilt = []
    for _ in range(_REBUILDS):
        again = generator.integers(0, x.size, x.size)
        rebuilt.append(_isotonic(x[again], y[again], weight[again], knots))
    return Calibration(x.size, knots, _isotonic(x, y, weight, knots), np.array(rebuilt))


def _isotonic(x: Array, y: Array, weight: Array, knots: Array) -> Array:
    from sklearn.isotonic import IsotonicRegression  # noqa: PLC0415 - slow to load, for a calibration alone

    fitted = IsotonicRegression(y_min=0, y_max=1, out_of_bounds="clip").fit(x, y, weight)
    return np.asarray(fitted.predict(knots))
