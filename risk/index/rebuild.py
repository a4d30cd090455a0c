"""The arithmetic of the rebuilds: blocks of draws, each with a random stream of its own.

The blocks are independent of one another, so they can be shared out and still give the same figures.
Single precision is enough for ranks and halves the time.
"""

import math
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from itertools import pairwise
from itertools import product as combinations
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from geodata.batch import LOCAL, Pool, run_pieces
from risk.index.aggregate import Weights, aggregate
from risk.index.declaration import Model
from risk.index.indicators import Measured
from risk.index.normalise import percentile_rank

Array = NDArray[np.float64]
Single = NDArray[np.float32]

ASSUMPTIONS: Final = ("weights", "normalisation", "aggregation", "inputs", "drop_one")
DUMMY: Final = "dummy"  # an assumption whose alternatives are equal: its effect must be zero
NORMALISATIONS: Final = ("goalposts", "percentile", "z")
AGGREGATIONS: Final = tuple(combinations((3.0, 1.0, math.inf), ("geometric", "arithmetic")))
_DRAWS_IN_A_BLOCK = 40
_Z_WIDTH = 2.0  # a standard deviation is two points on 0-10, around 5


@dataclass(frozen=True)
class Column:
    """One indicator's ways onto 0-10, and its posterior where it was smoothed.

    The posterior stands per distinct area and value (`inverse` leads to the units), so that units that share
    a figure share its draw.
    """

    is_log: bool
    direction: int
    low: Array
    high: Array
    kind: NDArray[np.int64]
    reference: tuple[Array, Array]
    shape: Array
    rate: Array
    inverse: NDArray[np.intp]


@dataclass(frozen=True)
class Problem:
    """What every block needs; units are sorted by ranking, so that each ranking is one slice.

    Attributes
    ----------
    order
        Places of the sorted units in the original order.
    scaled
        Per normalisation: units x indicators on 0-10, 0 where missing.
    present
        Which values are there.
    nominal_routes
        Routes as scored, units x routes: what a rebuild falls back on when it dropped a unit's only figure.
    has
        Which dimensions each unit has.
    """

    model: Model
    weights: Weights
    max_shares: Array
    order: NDArray[np.intp]
    rankings: tuple[slice, ...]
    scored: NDArray[np.bool_]
    scaled: dict[str, Single]
    present: NDArray[np.bool_]
    nominal_routes: Single
    has: NDArray[np.bool_]
    smoothed: dict[int, Column]

    def unsorted(self, column: Array) -> Array:
        """Return figures of the sorted units in the original order, NaN where not scored."""
        back = np.full(len(self.order), np.nan)
        back[self.order] = np.where(self.scored, column, np.nan)
        return back


@dataclass(frozen=True)
class Run:
    """Ranks per rebuild (rows) and sorted unit, and sums of the scores and their squares."""

    ranks: NDArray[np.int32]
    total: Array
    squares: Array


@dataclass(frozen=True)
class _Block:
    draws: int
    normalisation: str
    exponent: float
    joining: str
    stream: np.random.SeedSequence


def pose(values: Array, measured: Measured, model: Model, group: NDArray[np.int64], weights: Weights) -> Problem:
    """Prepare what does not change from rebuild to rebuild."""
    order = np.argsort(group, kind="stable")
    edges = np.flatnonzero(np.diff(group[order], prepend=-1, append=-1))
    kind = np.asarray(measured.units["sector_code"] == "", np.int64)
    area, _ = pd.factorize(measured.units["area_code"])
    columns = [_column(measured, place, kind, area) for place in range(values.shape[1])]
    scaled = {"goalposts": values}
    for way in NORMALISATIONS[1:]:
        scaled[way] = np.column_stack(
            [
                _normalised(column, way, measured.raw[:, place], measured.low[:, place], measured.high[:, place], kind)
                for place, column in enumerate(columns)
            ]
        )
    result = aggregate(values, weights, model.scale, drops_missing=measured.index.drops_missing)
    uncertain = np.isfinite(measured.shape).any(axis=0) & (weights.indicator > 0)
    return Problem(
        model,
        weights,
        np.array([i.max_share for i in measured.index.indicators]),
        order,
        tuple(slice(int(a), int(b)) for a, b in pairwise(edges)),
        np.isfinite(result.score)[order],
        {way: np.nan_to_num(array)[order].astype(np.float32) for way, array in scaled.items()},
        np.isfinite(values)[order],
        np.nan_to_num(result.routes, nan=5.0)[order].astype(np.float32),
        np.isfinite(result.dimensions)[order],
        {int(place): _sorted(columns[place], order) for place in np.flatnonzero(uncertain)},
    )


def run(problem: Problem, repeats: int, seed: int, on: Collection[str], pool: Pool = LOCAL) -> Run:
    """Rebuild the index `repeats` times with the assumptions in `on` varied, the others as in the model."""
    blocks = list(_blocks(problem.model, repeats, seed, on))
    ranks = np.zeros((repeats, len(problem.order)), np.int32)
    total, squares, start = np.zeros(len(problem.order)), np.zeros(len(problem.order)), 0
    for block, done in zip(blocks, run_pieces(_rebuilt, (problem, tuple(on)), blocks, pool, "rebuilds"), strict=True):
        ranks[start : start + block.draws] = done.ranks
        total += done.total
        squares += done.squares
        start += block.draws
    return Run(ranks, total, squares)


def _rebuilt(shared: tuple[Problem, tuple[str, ...]], block: _Block) -> Run:
    """Rebuild the index for one block of draws."""
    problem, on = shared
    scores = _scores(problem, block, on)
    squares = (scores.astype(float) ** 2).sum(axis=0)
    return Run(_ranks(problem, scores), scores.sum(axis=0, dtype=float), squares)


def _blocks(model: Model, repeats: int, seed: int, on: Collection[str]) -> Iterator[_Block]:
    """Share the rebuilds out evenly over the ways to normalise and to aggregate."""
    ways = NORMALISATIONS if "normalisation" in on else ("goalposts",)
    joins = AGGREGATIONS if "aggregation" in on else ((model.scale.exponent, "geometric"),)
    choices = list(combinations(ways, joins))
    count = len(choices) * math.ceil(repeats / (len(choices) * _DRAWS_IN_A_BLOCK))
    sizes = [len(part) for part in np.array_split(np.arange(repeats), count)]
    streams = np.random.SeedSequence(seed).spawn(count)
    for place, (draws, stream) in enumerate(zip(sizes, streams, strict=True)):
        way, (exponent, joining) = choices[place % len(choices)]
        if draws:
            yield _Block(draws, way, exponent, joining, stream)


def _scores(problem: Problem, block: _Block, on: Collection[str]) -> Single:
    """Return the scores of one block, draws x units."""
    rng = np.random.default_rng(block.stream)
    weights = problem.weights
    indicator, route, dimension = (w.astype(np.float32) for w in _drawn_weights(problem, block.draws, rng, on))
    drawn = {}
    if "inputs" in on:
        drawn = {place: _drawn_values(column, block, rng) for place, column in problem.smoothed.items()}
    values = problem.scaled[block.normalisation]
    routes = [
        _route(problem, place, values, indicator, drawn) if weights.route[place] > 0 else None
        for place in range(weights.route.size)
    ]
    score = np.zeros((block.draws, len(problem.order)), np.float32)
    share = np.zeros_like(score)
    for place in np.flatnonzero(weights.dimension > 0):
        inside = np.flatnonzero((weights.dimension_of == place) & (weights.route > 0))
        level = _power_mean([routes[i] for i in inside], route[:, inside], block.exponent)
        mine = dimension[:, [place]] * problem.has[:, place]
        score += mine * (
            np.log(np.maximum(level, problem.model.scale.floor)) if block.joining == "geometric" else level
        )
        share += mine
    score /= np.where(share > 0, share, 1)
    return np.exp(score) if block.joining == "geometric" else score


def _drawn_weights(
    problem: Problem, draws: int, rng: np.random.Generator, on: Collection[str]
) -> tuple[Array, Array, Array]:
    weights = problem.weights
    nominal = (weights.indicator, weights.route, weights.dimension)
    indicator, route, dimension = (np.broadcast_to(w, (draws, w.size)) for w in nominal)
    groups = (weights.route_of, weights.dimension_of, np.zeros(weights.dimension.size, np.intp))
    if "weights" in on:
        indicator, route, dimension = (
            _siblings(rng.standard_gamma(problem.model.uncertainty.weight_concentration * w, (draws, w.size)), g)
            for w, g in zip(nominal, groups, strict=True)
        )
    if "drop_one" in on:
        counts = np.bincount(weights.route_of, weights.indicator > 0, weights.route.size)
        can_go = np.flatnonzero((weights.indicator > 0) & (counts[weights.route_of] > 1))
        dropped = rng.integers(-1, can_go.size, draws)
        indicator = indicator.copy()
        rows = np.flatnonzero(dropped >= 0)
        indicator[rows, can_go[dropped[rows]]] = 0
        indicator = _siblings(indicator, weights.route_of)
    return _capped(problem, indicator, route, dimension), route, dimension


def _siblings(weights: Array, group_of: NDArray[np.intp]) -> Array:
    """Scale weights so that siblings add up to 1 again."""
    member = np.eye(int(group_of.max()) + 1)[group_of]
    totals = (weights @ member)[:, group_of]
    return np.divide(weights, totals, out=np.zeros_like(weights), where=totals > 0)


def _capped(problem: Problem, indicator: Array, route: Array, dimension: Array) -> Array:
    """Keep what may never pass a share of the whole below it, whatever was drawn."""
    weights = problem.weights
    for place in np.flatnonzero((problem.max_shares < 1) & (weights.indicator > 0)):
        mine = weights.route_of[place]
        above = route[:, mine] * dimension[:, weights.dimension_of[mine]]
        limit = np.minimum(indicator[:, place], problem.max_shares[place] / np.maximum(above, 1e-9))
        others = 1 - indicator[:, place]
        scale = np.divide(1 - limit, others, out=np.ones_like(limit), where=others > 1e-9)
        siblings = (weights.route_of == mine) & (np.arange(weights.indicator.size) != place)
        indicator = np.where(siblings, indicator * scale[:, None], indicator)
        indicator[:, place] = np.where(others > 1e-9, limit, indicator[:, place])
    return indicator


def _drawn_values(column: Column, block: _Block, rng: np.random.Generator) -> Single:
    gammas = rng.standard_gamma(column.shape, (block.draws, column.shape.size), dtype=np.float32)
    distinct = _normalised(
        column, block.normalisation, np.asarray(gammas / column.rate, float), column.low, column.high, column.kind
    )
    return distinct.astype(np.float32)[:, column.inverse]


def _route(problem: Problem, place: int, values: Single, indicator: Single, drawn: dict[int, Single]) -> Single:
    columns = np.flatnonzero((problem.weights.route_of == place) & (problem.weights.indicator > 0))
    steady = [c for c in columns if c not in drawn]
    total = indicator[:, steady] @ values[:, steady].T
    for column in columns:
        if column in drawn:
            total += indicator[:, [column]] * np.where(problem.present[:, column], drawn[int(column)], 0)
    if problem.present[:, columns].all():
        return np.asarray(total)
    share = indicator[:, columns] @ problem.present[:, columns].T.astype(np.float32)
    fallback = np.broadcast_to(problem.nominal_routes[:, place], total.shape).copy()
    return np.asarray(np.divide(total, share, out=fallback, where=share > 1e-6))


def _power_mean(routes: list[Single | None], weights: Single, exponent: float) -> Single:
    parts = [route for route in routes if route is not None]
    if len(parts) == 1:
        return parts[0]
    if math.isinf(exponent):
        return np.asarray(np.maximum.reduce(parts))
    if exponent == 1:
        return np.asarray(sum(weights[:, [i]] * part for i, part in enumerate(parts)))
    if exponent == 3:
        return np.asarray(np.cbrt(sum(weights[:, [i]] * (part * part * part) for i, part in enumerate(parts))))
    return np.asarray(sum(weights[:, [i]] * part**exponent for i, part in enumerate(parts)) ** (1 / exponent))


def _ranks(problem: Problem, scores: Single) -> NDArray[np.int32]:
    """Return ranks within each ranking; equal scores share the best place."""
    ranks = np.empty(scores.shape, np.int32)
    scores = np.where(problem.scored, scores, np.float32(-1))
    for ranking in problem.rankings:
        mine = -scores[:, ranking]
        order = np.argsort(mine, axis=1)
        falling = np.take_along_axis(mine, order, axis=1)
        place = np.broadcast_to(np.arange(1, falling.shape[1] + 1, dtype=np.int32), falling.shape).copy()
        place[:, 1:][falling[:, 1:] == falling[:, :-1]] = 0
        np.put_along_axis(ranks[:, ranking], order, np.maximum.accumulate(place, axis=1), axis=1)
    return ranks


def _column(measured: Measured, place: int, kind: NDArray[np.int64], area: NDArray[np.intp]) -> Column:
    indicator = measured.index.indicators[place]
    is_log = indicator.transform == "log"
    low, high = measured.low[:, place], measured.high[:, place]
    scaled = _scale(measured.raw[:, place], low, is_log=is_log)
    reference = tuple(np.sort(scaled[(kind == one) & np.isfinite(scaled)]) for one in (0, 1))
    shape, rate = np.nan_to_num(measured.shape[:, place], nan=1.0), np.nan_to_num(measured.rate[:, place], nan=1.0)
    # In single precision, so that the last places of an average do not make one figure into several.
    keys = pd.DataFrame(
        {"area": area, "kind": kind, "shape": shape, "rate": rate, "low": low, "high": high}, dtype=np.float32
    )
    inverse = keys.groupby(list(keys.columns), sort=False).ngroup().to_numpy(np.intp)
    _, first = np.unique(inverse, return_index=True)
    return Column(
        is_log,
        indicator.direction,
        low[first],
        high[first],
        kind[first],
        (reference[0], reference[1]),
        shape[first],
        rate[first],
        inverse.astype(np.intp),
    )


def _sorted(column: Column, order: NDArray[np.intp]) -> Column:
    return Column(
        column.is_log,
        column.direction,
        column.low,
        column.high,
        column.kind,
        column.reference,
        column.shape,
        column.rate,
        column.inverse[order],
    )


def _scale(values: Array, low: Array, *, is_log: bool) -> Array:
    return np.log(np.maximum(values, low)) if is_log else values


def _normalised(column: Column, way: str, values: Array, low: Array, high: Array, kind: NDArray[np.int64]) -> Array:
    """Bring raw values (the last axis as `low`, `high` and `kind`) to 0-10 in one of the three ways."""
    scaled = _scale(values, low, is_log=column.is_log)
    if way == "goalposts":
        bottom, top = _scale(low, low, is_log=column.is_log), _scale(high, low, is_log=column.is_log)
        share = np.clip((scaled - bottom) / (top - bottom), 0, 1)
    else:
        share = np.empty(scaled.shape)
        for one in np.unique(kind):
            mine, known = scaled[..., kind == one], column.reference[one]
            share[..., kind == one] = percentile_rank(mine, known) if way == "percentile" else _z_share(mine, known)
    return 10 * (share if column.direction > 0 else 1 - share)


def _z_share(values: Array, known: Array) -> Array:
    """Return 0-1 around the mean; everything stands in the middle when the indicator is constant."""
    spread = float(known.std()) if known.size else 0.0
    if spread <= 1e-12:
        return np.where(np.isnan(values), np.nan, 0.5)
    return np.asarray(np.clip(0.5 + _Z_WIDTH / 10 * (values - known.mean()) / spread, 0, 1))
