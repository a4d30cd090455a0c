"""From indicators on 0-10 to one score: mean within a route, power mean between routes, product of dimensions.

A route needs only be high on its own to matter, so the routes are joined by a power mean. Risk needs
somebody to protect, a way to pass and a virus that goes round, so the dimensions are multiplied.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from geodata.errors import ModelError
from risk.index.declaration import Index, Scale

Array = NDArray[np.float64]
_ROUNDING = 1e-9


@dataclass(frozen=True)
class Weights:
    """Weights over the indicators, routes and dimensions of an `Index`, in its order.

    What is left out has weight 0; among siblings the others add up to 1.

    Attributes
    ----------
    indicator, route, dimension
        Arrays of the three lengths.
    route_of, dimension_of
        The place of each indicator's route, and of each route's dimension.
    """

    indicator: Array
    route: Array
    dimension: Array
    route_of: NDArray[np.intp]
    dimension_of: NDArray[np.intp]

    @property
    def shares(self) -> Array:
        """Return each indicator's part of the whole weight (they add up to 1)."""
        return self.indicator * (self.route * self.dimension[self.dimension_of])[self.route_of]


@dataclass(frozen=True)
class Aggregated:
    """What the aggregation gives for every unit (rows), NaN where the unit is not scored.

    Attributes
    ----------
    score
        0-10.
    routes, dimensions
        0-10 per route and dimension, NaN where too little is known or where it is left out.
    dimension_weights
        The exponents used per unit: the model's, or those of the dimensions that the unit has.
    completeness
        Share of the weight that is present, 0-1, counted over what is not left out for all.
    """

    score: Array
    routes: Array
    dimensions: Array
    dimension_weights: Array
    completeness: Array


def weigh(index: Index, kept: Collection[str], changes: Mapping[str, float] | None = None) -> Weights:
    """Return the weights of the indicators that are kept.

    Parameters
    ----------
    index
        The tree of dimensions, routes and indicators.
    kept
        Codes of the indicators that take part; the weight of the others goes to their siblings, and a
        route or dimension without indicators drops out.
    changes
        Other weights by code of an indicator, route or dimension: what-if. Only their proportions count.

    Raises
    ------
    ModelError
        A code does not exist, a weight is negative or infinite, or nothing is left.
    """
    changes = dict(changes or {})
    indicator = np.array([changes.pop(i.code, i.weight) * (i.code in kept) for i in index.indicators], float)
    routes = [route.code for route in index.routes]
    dimensions = [dimension.code for dimension in index.dimensions]
    route_of = np.array([routes.index(i.route) for i in index.indicators], np.intp)
    dimension_of = np.array([dimensions.index(r.dimension) for r in index.routes], np.intp)
    # Size and context are a route and a dimension of the same name: a slider moves the dimension.
    alone = {r.code for r in index.routes if r.code in dimensions}
    route = np.array([1.0 if r.code in alone else changes.pop(r.code, r.weight) for r in index.routes], float)
    dimension = np.array([changes.pop(d.code, d.weight) for d in index.dimensions], float)
    if changes:
        raise ModelError(f"The model has no part {min(changes)!r} whose weight could change; check the name.")
    for values in (indicator, route, dimension):
        if not np.isfinite(values).all() or (values < 0).any():
            raise ModelError("A weight is negative or not a number; give 0 or more.")
    indicator = _shared_out(indicator, route_of, len(routes))
    route = _shared_out(route * (np.bincount(route_of, indicator, len(routes)) > 0), dimension_of, len(dimensions))
    dimension = dimension * (np.bincount(dimension_of, route, len(dimensions)) > 0)
    if dimension.sum() == 0:
        raise ModelError("No indicator with any weight is left, so there is no score; switch one on.")
    whole = Weights(indicator, route, dimension / dimension.sum(), route_of, dimension_of)
    return _capped(index, whole)


def _shared_out(weights: Array, group_of: NDArray[np.intp], groups: int) -> Array:
    totals = np.bincount(group_of, weights, groups)[group_of]
    return np.divide(weights, totals, out=np.zeros_like(weights), where=totals > 0)


def _capped(index: Index, weights: Weights) -> Weights:
    """Bring an indicator that may never pass a share of the whole back to it; the rest goes to its siblings."""
    for place, indicator in enumerate(index.indicators):
        share = weights.shares[place]
        if share <= indicator.max_share:
            continue
        siblings = weights.route_of == weights.route_of[place]
        inner, dimension = weights.indicator.copy(), weights.dimension.copy()
        if inner[place] < 1 - _ROUNDING:
            target = inner[place] * indicator.max_share / share
            inner[siblings] *= (1 - target) / (1 - inner[place])
            inner[place] = target
        else:
            at = weights.dimension_of[weights.route_of[place]]
            target = dimension[at] * indicator.max_share / share
            if dimension[at] >= 1 - _ROUNDING:
                raise ModelError(f"Only {indicator.code} is left, which may not carry a score alone; switch others on.")
            dimension *= (1 - target) / (1 - dimension[at])
            dimension[at] = target
        weights = Weights(inner, weights.route, dimension, weights.route_of, weights.dimension_of)
    return weights


def aggregate(values: Array, weights: Weights, scale: Scale, *, drops_missing: bool = False) -> Aggregated:
    """Return the score of every unit, with the steps in between.

    Parameters
    ----------
    values
        Indicators on 0-10, units x indicators; NaN is missing, never 0.
    weights
        From `weigh`.
    scale
        Exponent between routes, floor, and the share of a route's weight that must be present.
    drops_missing
        A unit without a dimension is scored on the others (sites) instead of not at all (areas).

    Examples
    --------
    >>> power_mean(np.array([[9.0, 1.0, 1.0], [4.0, 4.0, 4.0]]), np.full(3, 1 / 3), 3).round(2)
    array([6.25, 4.  ])
    """
    present = np.isfinite(values)
    places = np.arange(values.shape[1])
    by_route = np.zeros((values.shape[1], weights.route.size))
    by_route[places, weights.route_of] = weights.indicator
    share = present @ by_route
    enough = (share >= scale.minimum_present - _ROUNDING) & (weights.route > 0)
    routes = np.divide(np.where(present, values, 0) @ by_route, share, out=np.full(share.shape, np.nan), where=enough)
    dimensions = np.full((len(values), weights.dimension.size), np.nan)
    for place, weight in enumerate(weights.dimension):
        inside = (weights.dimension_of == place) & (weights.route > 0)
        if weight > 0:
            dimensions[:, place] = power_mean(routes[:, inside], weights.route[inside], scale.exponent)
    exponents = np.where(np.isfinite(dimensions), weights.dimension, 0.0)
    total = exponents.sum(axis=1, keepdims=True)
    scored = total[:, 0] > 0 if drops_missing else total[:, 0] > 1 - _ROUNDING
    exponents = np.divide(exponents, total, out=np.zeros_like(exponents), where=total > 0)
    score = np.where(scored, product(dimensions, exponents, scale.floor), np.nan)
    return Aggregated(score, routes, dimensions, exponents, np.minimum(present @ weights.shares, 1.0))


def power_mean(values: Array, weights: Array, exponent: float) -> Array:
    """Return the power mean over the last axis; exponent 1 is the mean, infinity the maximum."""
    if values.shape[-1] == 1:
        return np.asarray(values[..., 0])
    if np.isinf(exponent):
        return np.asarray(values.max(axis=-1))
    return np.asarray((values**exponent @ weights) ** (1 / exponent))


def product(dimensions: Array, exponents: Array, floor: float) -> Array:
    """Return 10 times the weighted geometric mean of dimensions on 0-10, none counted below the floor."""
    logs = np.log(np.maximum(np.nan_to_num(dimensions, nan=10.0), floor) / 10)
    return np.asarray(np.minimum(10 * np.exp((logs * exponents).sum(axis=1)), 10.0))
