"""Split a score into the reference and exact additive contributions of the indicators.

The logarithmic mean turns differences of a product into a sum that is exact (LMDI, Ang 2005), and the same
trick goes through the power mean. Nothing is left over: not where indicators cancel, not where a dimension
stands at its floor, not where an indicator is missing (that difference is a contribution of its own).
"""

import numpy as np
from numpy.typing import NDArray

from risk.index.aggregate import Aggregated, Weights, power_mean, product
from risk.index.declaration import Scale

Array = NDArray[np.floating]
_CLOSE = 1e-7


def log_mean(a: Array, b: Array) -> Array:
    """Return (a - b) / ln(a / b), which is a where both are equal; both must be above 0.

    Examples
    --------
    >>> log_mean(np.array([8.0, 5.0]), np.array([5.0, 5.0])).round(2).tolist()
    [6.38, 5.0]
    """
    gap = a - b
    near = np.abs(gap) <= _CLOSE * (a + b)
    return np.where(near, (a + b) / 2, gap / np.where(near, 1.0, np.log(a) - np.log(b)))


def _slope(a: Array, b: Array, exponent: float) -> Array:
    """Return (a^p - b^p) / (a - b), its limit where both are equal."""
    if exponent == 3:
        return a**2 + a * b + b**2
    gap = a - b
    near = np.abs(gap) <= _CLOSE * (a + b)
    limit = exponent * ((a + b) / 2) ** (exponent - 1)
    return np.where(near, limit, (a**exponent - b**exponent) / np.where(near, 1.0, gap))


def contributions(
    values: Array, reference: Array, weights: Weights, scale: Scale, outcome: Aggregated
) -> tuple[Array, Array]:
    """Return the reference score and the contribution of every indicator, with ``missing`` as last column.

    Parameters
    ----------
    values
        Indicators on 0-10, units x indicators, NaN where missing.
    reference
        The profile to compare with, on 0-10, of the same shape and without missing values.
    weights, scale
        Those of the aggregation.
    outcome
        What `aggregate` made of the values.

    Returns
    -------
    tuple
        The reference's own score per unit (0-10), and contributions, units x (indicators + 1). Reference plus
        contributions equals the score; NaN for units that are not scored.

    References
    ----------
    Ang (2005), Energy Policy 33:867.
    """
    present = np.isfinite(values)
    by_route = np.zeros((values.shape[1], weights.route.size))
    by_route[np.arange(values.shape[1]), weights.route_of] = weights.indicator
    share = (present @ by_route)[:, weights.route_of]
    own = np.divide(weights.indicator * present, share, out=np.zeros(values.shape), where=share > 0)
    parts = own * (np.nan_to_num(values) - reference)

    full_routes = reference @ by_route
    lacking = np.zeros_like(full_routes)
    for route in range(weights.route.size):
        inside = weights.route_of == route
        lacking[:, route] = (own[:, inside] * reference[:, inside]).sum(axis=1) - full_routes[:, route]

    full = np.column_stack(
        [
            power_mean(full_routes[:, inside], weights.route[inside], scale.exponent)
            if inside.any()
            else np.full(len(values), 10.0)
            for inside in (_inside(weights, place) for place in range(weights.dimension.size))
        ]
    )
    reference_score = product(full, np.broadcast_to(weights.dimension, full.shape), scale.floor)
    partial_score = product(full, outcome.dimension_weights, scale.floor)
    height = log_mean(np.nan_to_num(outcome.score, nan=1.0), partial_score)

    result = np.zeros((len(values), values.shape[1] + 1))
    for place in range(weights.dimension.size):
        if weights.dimension[place] == 0:
            continue
        has = outcome.dimension_weights[:, place] > 0
        mine = np.where(has, outcome.dimensions[:, place], full[:, place])
        routes = np.flatnonzero(_inside(weights, place))
        factors = _route_factors(outcome.routes, full_routes, routes, mine, full[:, place], weights, scale)
        of_dimension = np.isin(weights.route_of, routes)
        columns = np.flatnonzero(of_dimension)
        local = parts[:, columns] * factors[:, np.searchsorted(routes, weights.route_of[columns])]
        absent = (factors * lacking[:, routes]).sum(axis=1)
        floored, floored_full = np.maximum(mine, scale.floor), np.maximum(full[:, place], scale.floor)
        lift = (floored - mine) - (floored_full - full[:, place])
        pool = np.abs(local).sum(axis=1) + np.abs(absent)
        each = np.divide(lift, pool, out=np.zeros_like(lift), where=pool > 0)
        gain = height * outcome.dimension_weights[:, place] / log_mean(floored, floored_full)
        gain = np.where(has, gain, 0.0)
        result[:, columns] += gain[:, None] * (local + np.abs(local) * each[:, None])
        result[:, -1] += gain * (absent + np.abs(absent) * each)
    result[:, -1] += partial_score - reference_score
    result[np.isnan(outcome.score)] = np.nan
    return reference_score, result


def _inside(weights: Weights, dimension: int) -> NDArray[np.bool_]:
    return np.asarray((weights.dimension_of == dimension) & (weights.route > 0))


def _route_factors(
    mine: Array,
    full: Array,
    routes: NDArray[np.intp],
    dimension: Array,
    full_dimension: Array,
    weights: Weights,
    scale: Scale,
) -> Array:
    """Return by what a difference in each route is multiplied in its dimension's difference."""
    if routes.size == 1:
        return np.ones((len(mine), 1))
    whole = _slope(dimension, full_dimension, scale.exponent)
    slopes = _slope(np.nan_to_num(mine[:, routes]), full[:, routes], scale.exponent)
    return np.divide(
        weights.route[routes] * slopes, whole[:, None], out=np.zeros(slopes.shape), where=whole[:, None] > 0
    )
