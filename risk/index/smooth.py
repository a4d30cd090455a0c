"""Smooth rates of small counts: a gamma-Poisson model whose prior is fitted once and then frozen.

Two cases in a hamlet are not a higher rate than two hundred in a town. Each rate is drawn towards the
whole, the more so the smaller its exposure, and carries an interval.
"""

from functools import lru_cache
from typing import Final

import numpy as np
import pandas as pd
import scipy
from numpy.typing import ArrayLike, NDArray

from geodata.batch import one_thread
from geodata.errors import InputError

Array = NDArray[np.floating]

_LOWER, _UPPER = 0.05, 0.95
_VAGUE_SHAPE: Final = 0.05  # below about 0.014 a posterior's mean lies above its 95 % point
_SMALLEST_SHAPE: Final = 1e-4


def smooth_rates(events: ArrayLike, exposure: ArrayLike, prior: tuple[float, float] | None = None) -> pd.DataFrame:
    """Return smoothed rates with a 90 % interval.

    Parameters
    ----------
    events
        Counts per unit, at least 0; NaN where unknown (the rate is then NaN). Weighted counts need not be whole.
    exposure
        What the events are counted on (inhabitants, workers, expected events), at least 0. With exposure 0
        the unit gets the prior.
    prior
        Shape and rate of the gamma prior, frozen in the model; without it, fitted to these data (`fit_prior`).

    Returns
    -------
    pandas.DataFrame
        ``rate``, ``rate_p05``, ``rate_p95`` in events per unit of exposure, on the index of `events` if it
        has one; ``.attrs["prior_shape"]`` and ``["prior_rate"]`` hold the prior. The rate is the posterior's
        mean, or its median where nearly nothing is known and the mean lies above the interval.

    Raises
    ------
    InputError
        A count or exposure is negative or infinite, the lengths differ, or the prior is not positive.

    References
    ----------
    Clayton and Kaldor (1987), Biometrics 43:671.

    Examples
    --------
    >>> smooth_rates([0, 30], [10, 1000], prior=(2, 100)).round(3).to_dict("list")
    {'rate': [0.018, 0.029], 'rate_p05': [0.003, 0.021], 'rate_p95': [0.043, 0.038]}
    """
    index = events.index if isinstance(events, pd.Series) else None
    counts, exposed = _checked(events, exposure)
    shape, rate = fit_prior(counts, exposed) if prior is None else (float(prior[0]), float(prior[1]))
    if not (np.isfinite(shape) and np.isfinite(rate) and shape > 0 and rate > 0):
        raise InputError(f"The prior ({shape:g}, {rate:g}) of a rate must be two positive numbers; correct it.")
    shapes, rates = counts + shape, exposed + rate
    lower, upper = interval_of(shapes, rates)
    columns = {"rate": posterior_rate(shapes, rates), "rate_p05": lower, "rate_p95": upper}
    table = pd.DataFrame(columns, index=index)
    table.attrs["prior_shape"], table.attrs["prior_rate"] = shape, rate
    return table


def posterior_rate(shape: ArrayLike, rate: ArrayLike) -> Array:
    """Return the figure to show for gamma posteriors: the mean, or the median where nearly nothing is known.

    With a very small shape the mean lies above the posterior's own 95 % point, and would mislead.

    Examples
    --------
    >>> posterior_rate([2.0, 0.001], [10.0, 10.0]).round(6)
    array([0.2, 0. ])
    """
    shapes, rates = np.asarray(shape, float), np.asarray(rate, float)
    shown = np.array(shapes / rates)
    vague = shapes < _VAGUE_SHAPE
    if vague.any():
        upper = scipy.special.gammaincinv(shapes[vague], _UPPER) / rates[vague]
        middle = scipy.special.gammaincinv(shapes[vague], 0.5) / rates[vague]
        shown[vague] = np.where(shown[vague] > upper, middle, shown[vague])
    return shown


def fit_prior(events: ArrayLike, exposure: ArrayLike) -> tuple[float, float]:
    """Return the gamma prior (shape, rate) by maximum likelihood on the negative binomial.

    Parameters
    ----------
    events, exposure
        As in `smooth_rates`. Units without exposure or with unknown events say nothing and are left out.

    Returns
    -------
    tuple
        Shape and rate; the prior's mean is shape / rate. The shape is at most the number of events: a prior
        cannot know more than what it was learned from, also where the counts vary no more than chance alone.
        Without a single event the prior is that of half an event.

    Raises
    ------
    InputError
        No unit has exposure, or a value is negative or infinite.
    """
    counts, exposed = _checked(events, exposure)
    known = np.isfinite(counts) & np.isfinite(exposed) & (exposed > 0)
    counts, exposed = counts[known], exposed[known]
    if not known.any():
        raise InputError("No unit has any exposure, so no rate can be smoothed; add exposure or give a prior.")
    if counts.sum() == 0:
        return 0.5, float(exposed.sum())
    return _likeliest(counts.tobytes(), exposed.tobytes())


@lru_cache(maxsize=16)
def _likeliest(counted: bytes, on: bytes) -> tuple[float, float]:
    """Search for the prior of counts, as arrays of floats; the levels of a picture ask for it one after the other."""
    counts, exposed = np.frombuffer(counted), np.frombuffer(on)
    pooled = counts.sum() / exposed.sum()

    def minus_likelihood(logs: Array) -> float:
        shape, mean = np.exp(logs)
        return -float(log_likelihood(counts, exposed, shape, shape / mean))

    largest = max(float(counts.sum()), 1.0)
    limits = [(np.log(_SMALLEST_SHAPE), np.log(largest)), (np.log(pooled) - 5, np.log(pooled) + 5)]
    starts = [np.array([np.log(min(shape, largest)), np.log(pooled)]) for shape in (0.3, 3.0, 30.0)]
    # the search works on two numbers: threads would only wait for one another
    with one_thread():
        found = [
            scipy.optimize.minimize(
                minus_likelihood, start, method="L-BFGS-B", bounds=limits, options={"ftol": 1e-14, "gtol": 1e-9}
            )
            for start in starts
        ]
    shape, mean = np.exp(min(found, key=lambda result: float(result.fun)).x)
    return float(shape), float(shape / mean)


def moment_rates(events: ArrayLike, exposure: ArrayLike) -> Array:
    """Return rates smoothed by moments: a second opinion that needs no search.

    It gives no interval and no answer where there is no exposure (NaN), so the index does not use it. A
    variance between units that comes out negative counts as zero, else rates could become negative.

    References
    ----------
    Marshall (1991), Applied Statistics 40:283.

    Examples
    --------
    >>> moment_rates([1, 3], [10, 10]).round(3)  # no more spread than chance gives: the common rate
    array([0.2, 0.2])
    """
    counts, exposed = _checked(events, exposure)
    rates, mean, between = moments(counts, exposed)
    known = np.isfinite(rates)
    own = np.divide(mean, exposed, out=np.full(counts.shape, np.inf), where=known)
    pull = between / (between + own) if between > 0 else np.zeros(counts.shape)
    return np.where(known, mean + pull * (rates - mean), np.nan)


def moments(events: Array, exposure: Array) -> tuple[Array, float, float]:
    """Return the rates as counted, their common rate, and the variance between units beyond chance (at least 0).

    Rates are NaN without exposure or with an unknown count; with no exposure anywhere all is 0.
    """
    known = np.isfinite(events) & (exposure > 0)
    rates = np.asarray(np.divide(events, exposure, out=np.full(events.shape, np.nan), where=known))
    total = float(exposure[known].sum())
    if total == 0:
        return rates, 0.0, 0.0
    mean = float(events[known].sum()) / total
    spread = float((exposure[known] * (rates[known] - mean) ** 2).sum()) / total
    return rates, mean, max(0.0, spread - mean / float(exposure[known].mean()))


def log_likelihood(events: ArrayLike, exposure: ArrayLike, shape: float, rate: float) -> float:
    """Return the log-likelihood of counts under a gamma prior, without the constant of the prior's mean.

    Parameters
    ----------
    events
        Counts per unit.
    exposure
        What they are counts among, per unit.
    shape
        Of the gamma prior.
    rate
        Of the gamma prior, per unit of exposure.

    Examples
    --------
    >>> round(log_likelihood([0.0], [1.0], 1.0, 1.0), 6)  # half the mass lies at zero
    -0.693147
    """
    counts, exposed = np.asarray(events, float), np.asarray(exposure, float)
    terms = (
        scipy.special.gammaln(counts + shape)
        - scipy.special.gammaln(shape)
        - scipy.special.gammaln(counts + 1)
        + shape * np.log(rate / (rate + exposed))
        + counts * np.log(exposed / (rate + exposed))
    )
    return float(terms.sum())


def interval_of(shape: ArrayLike, rate: ArrayLike) -> tuple[Array, Array]:
    """Return the 5 and 95 % points of gamma distributions."""
    shapes, rates = np.asarray(shape, float), np.asarray(rate, float)
    return (
        np.asarray(scipy.special.gammaincinv(shapes, _LOWER) / rates),
        np.asarray(scipy.special.gammaincinv(shapes, _UPPER) / rates),
    )


def _checked(events: ArrayLike, exposure: ArrayLike) -> tuple[Array, Array]:
    counts, exposed = np.asarray(events, float), np.asarray(exposure, float)
    if counts.shape != exposed.shape:
        raise InputError(f"{counts.size} counts stand beside {exposed.size} exposures; give one exposure per count.")
    for what, values in (("count", counts), ("exposure", exposed)):
        if np.isinf(values).any():
            raise InputError(f"A {what} is infinite, so its rate does not exist; correct it or leave it empty.")
        if (values < 0).any():
            raise InputError(f"A {what} is negative ({np.nanmin(values):g}); correct it in the source.")
    return counts, exposed
