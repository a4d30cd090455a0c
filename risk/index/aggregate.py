"""From indicators on 0-10 to one score: mean within a route, power mean between routes, product of dimensions.

One high route is enough to matter, so the routes are joined by a power mean, in which the highest weighs most. Risk
needs somebody to protect, a way to pass and a virus that goes round: without one of them there is none, so the
dimensions are multiplied.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

from geodata.errors import ModelError
from risk.index.declaration import Index, Scale

Array = NDArray[np.floating]
Mask = NDArray[np.bool_]
Joining = Literal["geometric", "arithmetic"]

INCOMPLETE: Final = "incomplete"
"""Why an indicator is left out: its route or dimension is not known for enough of the country."""

_ROUNDING = 1e-9
_SINGLE_ROUNDING = 1e-5


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
    declared
        Each indicator's part of the whole weight that the model declares, left out or not (they add up to 1).
    route_kept
        Which part of each route's declared weight is not left out for all.
    required
        Dimensions without which nothing is scored.
    """

    indicator: Array
    route: Array
    dimension: Array
    route_of: NDArray[np.intp]
    dimension_of: NDArray[np.intp]
    declared: Array
    route_kept: Array
    required: NDArray[np.bool_]

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
        Declared weight of what is present in the routes and dimensions that the unit has, 0-1.
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
        Codes of the indicators that take part (`present_for_all` tells which); the weight of the others goes to
        their siblings, a route or dimension without indicators drops out, and completeness counts it as absent.
    changes
        Other weights by code of an indicator, route or dimension: what-if. Only their proportions count.

    Raises
    ------
    ModelError
        A code does not exist, a weight is negative or infinite, or nothing has any weight.
    """
    changes = dict(changes or {})
    taking_part = np.array([i.code in kept for i in index.indicators])
    declared_indicator = np.array([changes.pop(i.code, i.weight) for i in index.indicators], float)
    indicator = declared_indicator * taking_part
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
    for values in (declared_indicator, route, dimension):
        if not np.isfinite(values).all() or (values < 0).any():
            raise ModelError("A weight is negative or not a number; give 0 or more.")
    own = _shared_out(declared_indicator, route_of, len(routes))
    own_route, own_dimension = _joined(own, route, dimension, route_of, dimension_of)
    if own_dimension.sum() == 0:
        raise ModelError("No indicator with any weight is left, so there is no score; switch one on.")
    declared = own * (own_route * own_dimension[dimension_of])[route_of]
    indicator = _shared_out(indicator, route_of, len(routes))
    route, dimension = _joined(indicator, route, dimension, route_of, dimension_of)
    # A weight of 0 is a choice; what is absent from a dimension that has weight is a lack.
    required = np.array([d.is_required for d in index.dimensions]) & (own_dimension > 0)
    whole = Weights(
        indicator,
        route,
        dimension,
        route_of,
        dimension_of,
        declared,
        np.bincount(route_of, own * taking_part, len(routes)).astype(float),
        required,
    )
    return whole if dimension.sum() == 0 else capped(index, whole)


def _joined(
    indicator: Array, route: Array, dimension: Array, route_of: NDArray[np.intp], dimension_of: NDArray[np.intp]
) -> tuple[Array, Array]:
    """Return the weights of the routes and dimensions that hold any indicator."""
    route = _shared_out(route * (np.bincount(route_of, indicator, route.size) > 0), dimension_of, dimension.size)
    dimension = dimension * (np.bincount(dimension_of, route, dimension.size) > 0)
    total = dimension.sum()
    return route, dimension / total if total > 0 else dimension


def _shared_out(weights: Array, group_of: NDArray[np.intp], groups: int) -> Array:
    totals = np.bincount(group_of, weights, groups)[group_of]
    return np.divide(weights, totals, out=np.zeros_like(weights), where=totals > 0)


def capped(index: Index, weights: Weights) -> Weights:
    """Lower an indicator to the largest share of the whole that it may have; the rest goes to its siblings."""
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
        weights = replace(weights, indicator=inner, dimension=dimension)
    return weights


def present_for_all(
    index: Index,
    present: Mask,
    importance: Array,
    scale: Scale,
    absent: Mapping[str, str],
    listed: Mask | None = None,
) -> dict[str, str]:
    """Return which indicators are left out for every unit alike, and why.

    A route's share is the declared weight of its indicators that are present; below the minimum the unit does
    not have the route. A route that units with less than nine tenths of the exposed workers have is left out for
    all, so that one region's own list takes nothing from another; so is an indicator that rests on lists of
    sites. A dimension whose kept routes have less than the minimum of its weight is left out too. One that more
    have leaves the few units without it unscored (`aggregate`).

    Parameters
    ----------
    index
        The tree of dimensions, routes and indicators, with the declared weights.
    present
        Units x indicators: which figures are there.
    importance
        Exposed workers of each unit.
    scale
        The minimum that must be present, and the nine tenths.
    absent
        Indicators that are left out already: ``no_source`` or ``switched_off``.
    listed
        Units x indicators: where the list behind a figure covers the unit, also where there is nothing to count.

    Returns
    -------
    dict
        Indicator -> ``no_source``, ``switched_off`` or ``incomplete``.
    """
    left_out = dict(absent)
    total = float(importance.sum())
    shares = importance / total if total > 0 else np.full(len(importance), 1 / max(len(importance), 1))
    cover = shares @ (present if listed is None else listed)
    for place, indicator in enumerate(index.indicators):
        if indicator.table == "sites" and cover[place] < scale.minimum_cover - _ROUNDING:
            left_out.setdefault(indicator.code, INCOMPLETE)
    declared = weigh(index, [code for code in index.codes if left_out.get(code) != "switched_off"])
    own = np.array([0.0 if i.code in left_out else i.weight for i in index.indicators])
    has = present @ _by_route(own, declared) >= scale.minimum_present - _ROUNDING
    routes = shares @ has >= scale.minimum_cover - _ROUNDING
    weight = np.array([route.weight for route in index.routes])
    kept = np.bincount(declared.dimension_of, weight * routes, declared.dimension.size)
    dimensions = kept >= scale.minimum_present - _ROUNDING
    routes &= dimensions[declared.dimension_of]
    for place, indicator in enumerate(index.indicators):
        if not routes[declared.route_of[place]]:
            left_out.setdefault(indicator.code, INCOMPLETE)
    return left_out


def lacking(index: Index, left_out: Mapping[str, str]) -> tuple[str, ...]:
    """Return the dimensions and routes that a picture lacks: what it is named after.

    A dimension that is left out stands for its routes. What the model's user switched off is no lack.
    """
    gone = {
        route.code
        for route in index.routes
        if all(i.code in left_out for i in index.indicators if i.route == route.code)
        and any(left_out[i.code] != "switched_off" for i in index.indicators if i.route == route.code)
    }
    whole = [d.code for d in index.dimensions if all(r.code in gone for r in index.routes if r.dimension == d.code)]
    parts = [r.code for r in index.routes if r.code in gone and r.dimension not in whole]
    return (*whole, *parts)


def _by_route(indicator: Array, weights: Weights) -> Array:
    """Return indicators x routes: each indicator's weight under its route, 0 elsewhere."""
    table = np.zeros((indicator.size, weights.route.size))
    table[np.arange(indicator.size), weights.route_of] = indicator
    return table


def aggregate(
    values: Array,
    weights: Weights,
    scale: Scale,
    *,
    drops_missing: bool = False,
    joining: Joining = "geometric",
    counted: Mask | None = None,
) -> Aggregated:
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
    joining
        How the dimensions are joined: each necessary (geometric mean), or one making up for another (arithmetic).
    counted
        Which values count as present; default those that are. What was filled in scores but does not count, and
        what does not apply to a unit is no lack.

    Examples
    --------
    >>> power_mean(np.array([[9.0, 1.0, 1.0], [4.0, 4.0, 4.0]]), np.full(3, 1 / 3), 3).round(2)
    array([6.25, 4.  ])
    """
    found = steps(values, weights, scale, drops_missing=drops_missing, joining=joining)
    counted = np.isfinite(values) if counted is None else counted
    has = np.isfinite(found.routes)[:, weights.route_of] & (weights.indicator > 0)
    completeness = np.minimum((counted & has) @ weights.declared, 1.0)
    scored = np.isfinite(found.joined) & (drops_missing | (completeness >= scale.minimum_present - _ROUNDING))
    scored &= not (weights.required & (weights.dimension == 0)).any()
    return Aggregated(
        np.where(scored, found.joined, np.nan), found.routes, found.dimensions, found.exponents, completeness
    )


@dataclass(frozen=True)
class Steps:
    """The steps from values to one figure per unit: what the score and every rebuild of it share."""

    routes: Array
    dimensions: Array
    exponents: Array
    joined: Array


def steps(
    values: Array, weights: Weights, scale: Scale, *, drops_missing: bool = False, joining: Joining = "geometric"
) -> Steps:
    """Return routes, dimensions and their joint figure (0-10, NaN where it does not exist); as for `aggregate`.

    Parameters
    ----------
    values
        Units x indicators on 0-10, NaN where missing.
    weights
        Of the indicators, routes and dimensions.
    scale
        The model's exponents, floors and minimums.
    drops_missing
        Whether the others share the weight of a dimension that is missing.
    joining
        How the dimensions are joined.
    """
    present = np.isfinite(values)
    routes = route_means(values, present, weights, scale)
    dimensions = dimension_means(routes, weights, scale.exponent)
    exponents = np.where(np.isfinite(dimensions), weights.dimension, 0.0).astype(values.dtype)
    total = exponents.sum(axis=1, keepdims=True)
    exists = (
        total[:, 0] > 0
        if drops_missing
        else total[:, 0] > 1 - (_ROUNDING if values.dtype == float else _SINGLE_ROUNDING)
    )
    exponents = np.divide(exponents, total, out=np.zeros_like(exponents), where=total > 0)
    joined = join(dimensions, exponents, scale.floor, joining)
    return Steps(routes, dimensions, exponents, np.where(exists, joined, np.nan))


def route_means(values: Array, present: Mask, weights: Weights, scale: Scale) -> Array:
    """Return the weighted means within the routes, units x routes, NaN where too little is present.

    Parameters
    ----------
    values
        Units x indicators on 0-10, NaN where missing.
    present
        Where a value is known.
    weights
        Of the indicators, routes and dimensions.
    scale
        The model's exponents, floors and minimums.
    """
    by_route = _by_route(weights.indicator, weights).astype(values.dtype).T
    rounding = _ROUNDING if values.dtype == float else _SINGLE_ROUNDING
    # Transposed, so that a route is one row in memory: the rebuilds come here a hundred thousand units at a time.
    share, known = by_route.sum(axis=1, keepdims=True), values.T
    if not present.all():
        share, known = by_route @ present.T.astype(values.dtype), np.where(present, values, 0).T
    enough = (share * weights.route_kept[:, None] >= scale.minimum_present - rounding) & (weights.route > 0)[:, None]
    blank = np.full((len(by_route), len(values)), np.nan, values.dtype)
    return np.asarray(np.divide(by_route @ known, share, out=blank, where=enough)).T


def dimension_means(routes: Array, weights: Weights, exponent: float) -> Array:
    """Return the power means of the routes, units x dimensions, NaN where a kept route is not there.

    Parameters
    ----------
    routes
        Units x routes on 0-10, NaN where missing.
    weights
        Of the indicators, routes and dimensions.
    exponent
        Of the power mean between the routes of a dimension.
    """
    dimensions = np.full((weights.dimension.size, len(routes)), np.nan, routes.dtype).T
    for place, weight in enumerate(weights.dimension):
        inside = (weights.dimension_of == place) & (weights.route > 0)
        if weight > 0:
            dimensions[:, place] = power_mean(routes[:, inside], weights.route[inside].astype(routes.dtype), exponent)
    return dimensions


def join(dimensions: Array, exponents: Array, floor: float, joining: Joining) -> Array:
    """Return one figure on 0-10 from the dimensions that a unit has (exponent above 0).

    Parameters
    ----------
    dimensions
        Units x dimensions on 0-10, NaN where missing.
    exponents
        Of each dimension, above 0 where it counts.
    floor
        What a dimension counts at least (0-10).
    joining
        How the dimensions are joined.
    """
    if joining == "geometric":
        return product(dimensions, exponents, floor)
    return np.asarray((np.nan_to_num(dimensions) * exponents).sum(axis=1))


def power_mean(values: Array, weights: Array, exponent: float) -> Array:
    """Return the power mean over the last axis; exponent 1 is the mean, infinity the maximum.

    Parameters
    ----------
    values
        What is averaged, along the last axis.
    weights
        Of the last axis.
    exponent
        1 is the mean, infinity the maximum.
    """
    if values.shape[-1] == 1:
        return np.asarray(values[..., 0])
    if np.isinf(exponent):
        return np.asarray(values.max(axis=-1))
    if exponent == 3:
        return np.asarray(np.cbrt((values * values * values) @ weights))
    return np.asarray((values**exponent @ weights) ** (1 / exponent))


def product(dimensions: Array, exponents: Array, floor: float) -> Array:
    """Return 10 times the weighted geometric mean of dimensions on 0-10, none counted below the floor.

    Parameters
    ----------
    dimensions
        Units x dimensions on 0-10, NaN where missing.
    exponents
        Of each dimension, above 0 where it counts.
    floor
        What a dimension counts at least (0-10).
    """
    logs = np.log(np.maximum(np.nan_to_num(dimensions, nan=10.0), floor) / 10)
    return np.asarray(np.minimum(10 * np.exp((logs * exponents).sum(axis=1)), 10.0))
