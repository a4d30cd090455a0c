"""Rebuild the index many times: how sure a rank is of the data, and how far our choices move it.

Two questions, kept apart. The interval of the data comes from drawn values (`risk.index.draws`) and the model's own
choices; the interval of the choices from the values as measured and other weights, another way to normalise,
another way to aggregate, one indicator left out. Both call the functions of `risk.index.aggregate`. Blocks of draws
have a random stream of their own, so they can be shared out and still give the same figures; single precision is
enough for ranks.
"""

import math
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from itertools import product as combinations
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from geodata.batch import LOCAL, Pool, cut, run_pieces
from geodata.errors import InputError
from risk.index.aggregate import Joining, Weights, aggregate, capped, steps
from risk.index.classify import top_size
from risk.index.declaration import Model, Scale
from risk.index.draws import Sampler, Streams
from risk.index.indicators import Measured
from risk.index.normalise import bounds, is_skewed, percentile_rank, winsorise, z_score

Array = NDArray[np.floating]
Single = NDArray[np.float32]

CHOICES: Final = ("weights", "normalisation", "aggregation", "drop_one")
ASSUMPTIONS: Final = (*CHOICES, "inputs")
DUMMY: Final = "dummy"  # an assumption whose alternatives are equal: its effect must be zero
NORMALISATIONS: Final = ("goalposts", "percentile", "z")
AGGREGATIONS: Final[tuple[tuple[float, Joining], ...]] = tuple(
    combinations((3.0, 1.0, math.inf), ("geometric", "arithmetic"))
)
SENSITIVITY_REPEATS: Final = 200
CAPACITIES: Final = (1, 2, 3, 5, 8, 10, 15, 20, 25, 30, 40, 50, 60, 80, 100, 150, 200, 300, 500, 1000)
"""Numbers of visits for which the chance of a place among the first is kept; between them it runs straight."""

_DRAWS_IN_A_BLOCK = 10
_UNITS_AT_ONCE, _BLOCKS_AT_ONCE = 50_000, 10
"""Blocks of few units are computed together: as many units as the processor's own memory holds."""
_Z_WIDTH = 2.0  # a standard deviation is two points on 0-10, around 5


@dataclass(frozen=True)
class Rebuilt:
    """What the rebuilds say of every unit; NaN where it is not scored.

    Attributes
    ----------
    rank_median, rank_p05, rank_p95
        Middle and 90 % interval of the rank, from drawn data.
    p_top_k
        Share of these rebuilds in which the unit is among the top k of its ranking.
    score_sd
        Standard deviation of its score (0-10) less the mean of its ranking in each draw: what can change ranks.
    choice_p05, choice_p95
        90 % interval of the rank over other weights, normalisations and aggregations.
    p_first
        Share of the rebuilds in which it is among the first of all rankings together: `CAPACITIES` x units; empty
        where rankings are not compared.
    repeats, seed
        With these the same figures can be made again.
    """

    rank_median: Array
    rank_p05: Array
    rank_p95: Array
    p_top_k: Array
    score_sd: Array
    choice_p05: Array
    choice_p95: Array
    p_first: Array
    repeats: int
    seed: int


@dataclass(frozen=True)
class Problem:
    """What every block needs; units are sorted by ranking, so that each ranking is one slice.

    Attributes
    ----------
    order
        Places of the sorted units in the original order.
    scaled
        Per normalisation: units x indicators on 0-10, NaN where missing.
    placed
        Which units have a place in the ranking.
    score
        As scored: what a rebuild falls back on when it dropped a unit's only figure.
    """

    model: Model
    measured: Measured
    weights: Weights
    order: NDArray[np.intp]
    rankings: tuple[slice, ...]
    scored: NDArray[np.bool_]
    placed: NDArray[np.bool_]
    scaled: dict[str, Single]
    score: Single
    sampler: Sampler | None

    def unsorted(self, column: Array) -> Array:
        """Return figures of the sorted units in the original order, NaN where not scored."""
        back = np.full((*column.shape[:-1], len(self.order)), np.nan)
        back[..., self.order] = np.where(self.scored, column, np.nan)
        return back


@dataclass(frozen=True)
class Run:
    """Ranks per rebuild (rows) and sorted unit, sums of the centred scores and squares, and places among the first."""

    ranks: NDArray[np.int32]
    total: Array
    squares: Array
    first: Array


@dataclass(frozen=True)
class _Block:
    draws: int
    normalisation: str
    exponent: float
    joining: Joining
    stream: np.random.SeedSequence


def rebuild(
    values: Array,
    measured: Measured,
    model: Model,
    group: NDArray[np.int64],
    weights: Weights,
    repeats: int,
    seed: int,
    top_sizes: Array | None = None,
    pool: Pool = LOCAL,
) -> Rebuilt:
    """Return rank intervals and the chance to be among the top k.

    Parameters
    ----------
    values
        Indicators on 0-10, units x indicators, as scored.
    measured
        Their raw values, and the sampler that draws them anew.
    model, weights
        As scored.
    group
        The ranking of each unit, numbered from 0.
    repeats, seed
        At least 1 rebuild; the same seed gives the same figures.
    top_sizes
        Of every unit its k, when these are only the highest units of their rankings.
    pool
        Who does the rebuilds.

    Raises
    ------
    InputError
        Less than one rebuild is asked for.
    """
    if repeats < 1:
        raise InputError(f"{repeats} rebuilds cannot be made; ask for at least 1.")
    problem = pose(values, measured, model, group, weights)
    data = run(problem, repeats, seed, ("inputs",), pool)
    choices = run(problem, min(repeats, model.uncertainty.choice_rebuilds), seed, CHOICES, pool)
    sizes = _top_sizes(problem, model) if top_sizes is None else top_sizes[problem.order]
    top = (data.ranks <= sizes).mean(axis=0)
    mean = data.total / repeats
    spread = np.sqrt(np.maximum(data.squares / repeats - mean**2, 0))
    middle, p05, p95 = (problem.unsorted(one) for one in _points(data.ranks, (0.5, 0.05, 0.95)))
    low, high = (problem.unsorted(one) for one in _points(choices.ranks, (0.05, 0.95)))
    first = problem.unsorted(data.first / repeats) if measured.level == "site" else np.empty((0, len(values)))
    return Rebuilt(middle, p05, p95, problem.unsorted(top), problem.unsorted(spread), low, high, first, repeats, seed)


def _points(ranks: NDArray[np.int32], shares: Sequence[float]) -> list[Array]:
    repeats = len(ranks)
    places = [min(int(share * repeats), repeats - 1) for share in shares]
    found = np.partition(ranks.T, sorted(set(places)), axis=1)
    return [found[:, place].astype(float) for place in places]


def sensitivity(
    values: Array,
    measured: Measured,
    model: Model,
    group: NDArray[np.int64],
    weights: Weights,
    repeats: int = SENSITIVITY_REPEATS,
    seed: int = 1,
) -> pd.Series:
    """Return how far each assumption alone moves a rank: the mean absolute shift in places, largest first.

    Parameters
    ----------
    values, measured, model, group, weights
        As for `rebuild`.
    repeats, seed
        Rebuilds per assumption.

    Returns
    -------
    Series
        On the assumption's name; ``dummy``, whose alternatives are equal, is exactly 0. Empty where nothing is scored.

    References
    ----------
    Saisana, Saltelli and Tarantola (2005), Journal of the Royal Statistical Society A 168:307.
    """
    problem = pose(values, measured, model, group, weights)
    if not problem.scored.any():
        return pd.Series(dtype=float, name="mean_rank_shift")
    nominal = run(problem, 1, seed, ()).ranks[0].astype(float)
    shifts = {}
    for assumption in (*ASSUMPTIONS, DUMMY):
        ranks = run(problem, repeats, seed, (assumption,)).ranks
        shifts[assumption] = float(np.abs(ranks - nominal)[:, problem.scored].mean())
    return pd.Series(shifts, name="mean_rank_shift").sort_values(ascending=False)


def _top_sizes(problem: Problem, model: Model) -> Array:
    """Return of every unit its k."""
    parts = [
        np.full(one.stop - one.start, float(top_size(int(problem.scored[one].sum()), model.scale)))
        for one in problem.rankings
    ]
    return np.concatenate(parts) if parts else np.zeros(0)


def pose(values: Array, measured: Measured, model: Model, group: NDArray[np.int64], weights: Weights) -> Problem:
    """Prepare what does not change from rebuild to rebuild.

    Parameters
    ----------
    values
        Units x indicators on 0-10, NaN where missing.
    measured
        What the values were made from.
    model
        The index as declared.
    group
        Ranking of each unit.
    weights
        Of the model.
    """
    order = np.argsort(group, kind="stable")
    edges = np.flatnonzero(np.diff(group[order], prepend=-1, append=-1))
    score = aggregate(values, weights, model.scale, drops_missing=measured.index.drops_missing).score
    return Problem(
        model,
        measured,
        weights,
        order,
        tuple(slice(int(a), int(b)) for a, b in pairwise(edges)),
        np.isfinite(score)[order],
        (np.isfinite(score) & (measured.unplaced == ""))[order],
        {way: array[order].astype(np.float32) for way, array in _ways(values, measured).items()},
        score[order].astype(np.float32),
        measured.sampler,
    )


def _ways(values: Array, measured: Measured) -> dict[str, Array]:
    """Return the values on 0-10 in every way to normalise; averages over all sectors are a kind of their own."""
    kind = np.asarray(measured.units["sector_code"] == "", np.int64)
    ways = {"goalposts": values, "percentile": np.full(values.shape, np.nan), "z": np.full(values.shape, np.nan)}
    for place, indicator in enumerate(measured.index.indicators):
        raw, low = measured.raw[:, place], measured.low[:, place]
        # What was filled in has no raw value: it stands where it stands between the goalposts.
        raw = np.log(np.maximum(raw, low)) if indicator.transform == "log" else raw
        for one in np.unique(kind):
            mine = kind == one
            for way in NORMALISATIONS[1:]:
                share = percentile_rank(raw[mine]) if way == "percentile" else _z_share(raw[mine])
                ways[way][mine, place] = 10 * (share if indicator.direction > 0 else 1 - share)
    for way in NORMALISATIONS[1:]:
        ways[way] = np.where(np.isnan(ways[way]), values, ways[way])
    return ways


def _z_share(values: Array) -> Array:
    """Return 0-1 around the mean, outliers treated first; in the middle when the indicator is constant."""
    treated = winsorise(values, *bounds(values)) if is_skewed(values) else values
    return np.asarray(np.clip(0.5 + _Z_WIDTH / 10 * z_score(treated), 0, 1))


def run(problem: Problem, repeats: int, seed: int, on: Collection[str], pool: Pool = LOCAL) -> Run:
    """Rebuild the index `repeats` times with the assumptions in `on` varied, the others as in the model.

    Parameters
    ----------
    problem
        Of `pose`.
    repeats
        How many rebuilds.
    seed
        Of the random numbers.
    on
        Names of the assumptions that vary.
    pool
        What does the pieces of the work.
    """
    blocks = list(_blocks(problem.model, repeats, seed, on))
    size = max(1, min(_UNITS_AT_ONCE // (_DRAWS_IN_A_BLOCK * max(len(problem.order), 1)), _BLOCKS_AT_ONCE))
    pieces = [tuple(blocks[part]) for part in cut(len(blocks), size)]
    ranks = np.zeros((repeats, len(problem.order)), np.int32)
    total, squares = np.zeros(len(problem.order)), np.zeros(len(problem.order))
    first = np.zeros((len(CAPACITIES), len(problem.order)))
    start = 0
    for done in run_pieces(_rebuilt, (problem, tuple(on)), pieces, pool, "rebuilds"):
        ranks[start : start + len(done.ranks)] = done.ranks
        total += done.total
        squares += done.squares
        first += done.first
        start += len(done.ranks)
    return Run(ranks, total, squares, first)


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


def _rebuilt(shared: tuple[Problem, tuple[str, ...]], blocks: tuple[_Block, ...]) -> Run:
    """Rebuild the index for some blocks of draws; each has a random stream of its own."""
    problem, on = shared
    streams = tuple((np.random.default_rng(block.stream), block.draws) for block in blocks)
    if set(on) & set(CHOICES):
        several = zip(blocks, streams, strict=True)
        scores = np.stack([_chosen(problem, block, rng, on) for block, (rng, n) in several for _ in range(n)])
    elif "inputs" in on and problem.sampler is not None:
        scores = _drawn(problem, streams)
    else:
        scores = np.repeat(problem.score[None], sum(draws for _, draws in streams), axis=0)
    scores = np.where(np.isnan(scores), problem.score, scores)
    centred = scores - _means(problem, scores)
    first = np.zeros((len(CAPACITIES), len(problem.order)))
    if problem.measured.level == "site":
        everywhere = _ranks(problem, scores, (slice(0, len(problem.order)),))
        first = np.stack([(everywhere <= capacity).sum(axis=0) for capacity in CAPACITIES]).astype(float)
    return Run(_ranks(problem, scores, problem.rankings), centred.sum(axis=0), (centred**2).sum(axis=0), first)


def _means(problem: Problem, scores: Single) -> Array:
    """Return in each rebuild the mean score of every unit's ranking, rebuilds x units."""
    if not problem.rankings:
        return np.zeros(scores.shape)
    starts = [ranking.start for ranking in problem.rankings]
    scored = np.add.reduceat(problem.scored.astype(float), starts)
    total = np.add.reduceat(np.where(problem.scored, scores, 0.0), starts, axis=1, dtype=float)
    return np.repeat(total / np.maximum(scored, 1), np.diff([*starts, scores.shape[1]]), axis=1)


def _drawn(problem: Problem, streams: Streams) -> Single:
    """Return scores of drawn values under the model's own choices, draws x units."""
    assert problem.sampler is not None  # noqa: S101 - for the type checker: the caller looked
    values = problem.sampler.draw_from(streams)
    _even_out(values.transpose(2, 0, 1), problem.weights, problem.model.scale)  # a view: values changes
    flat = values.transpose(2, 0, 1).reshape(values.shape[-1], -1).T
    drops = problem.measured.index.drops_missing
    found = steps(flat, problem.weights, problem.model.scale, drops_missing=drops)
    return found.joined.astype(np.float32).reshape(len(values), -1)[:, problem.order]


def _even_out(values: Single, weights: Weights, scale: Scale) -> None:
    """Give what does not exist in any draw the mean of its route, in place (indicators x draws x units).

    The route then has the mean that it has without; and where no value lacks, routes are averaged in a quarter of the
    time. A route with too little is left as it is.
    """
    gone = np.isnan(values[:, 0])
    for place in np.flatnonzero(gone.any(axis=1)):
        route = weights.route_of[place]
        inside = np.flatnonzero((weights.route_of == route) & (weights.indicator > 0))
        units = np.flatnonzero(gone[place])
        share = weights.indicator[inside, None] * ~gone[np.ix_(inside, units)]
        total = share.sum(axis=0)
        enough = total * weights.route_kept[route] >= scale.minimum_present
        units, share = units[enough], (share[:, enough] / total[enough]).astype(np.float32)
        mean = np.zeros((values.shape[1], len(units)), np.float32)
        for other, part in zip(inside, share, strict=True):
            if part.any():
                known = np.take(values[other], units, axis=1)
                mean += part * (known if part.all() else np.where(part > 0, known, np.float32(0)))
        values[place][:, units] = mean


def _chosen(problem: Problem, block: _Block, rng: np.random.Generator, on: Collection[str]) -> Single:
    """Return scores of the values as measured under other choices, one per unit."""
    weights = _drawn_weights(problem, rng, on)
    scale: Scale = replace(problem.model.scale, exponent=block.exponent)
    drops = problem.measured.index.drops_missing
    found = steps(problem.scaled[block.normalisation], weights, scale, drops_missing=drops, joining=block.joining)
    return found.joined.astype(np.float32)


def _drawn_weights(problem: Problem, rng: np.random.Generator, on: Collection[str]) -> Weights:
    """Return weights around the model's (Dirichlet among siblings), and with one indicator left out."""
    weights = problem.weights
    if "weights" in on:
        concentration = problem.model.uncertainty.weight_concentration
        groups = (weights.route_of, weights.dimension_of, np.zeros(weights.dimension.size, np.intp))
        indicator, route, dimension = (
            _siblings(rng.standard_gamma(concentration * w), g)
            for w, g in zip((weights.indicator, weights.route, weights.dimension), groups, strict=True)
        )
        weights = replace(weights, indicator=indicator, route=route, dimension=dimension)
    if "drop_one" in on:
        counts = np.bincount(weights.route_of, weights.indicator > 0, weights.route.size)
        can_go = np.flatnonzero((weights.indicator > 0) & (counts[weights.route_of] > 1))
        dropped = int(rng.integers(-1, can_go.size))
        if dropped >= 0:
            indicator = weights.indicator.copy()
            indicator[can_go[dropped]] = 0
            weights = replace(weights, indicator=_siblings(indicator, weights.route_of))
    return weights if weights is problem.weights else capped(problem.measured.index, weights)


def _siblings(weights: Array, group_of: NDArray[np.intp]) -> Array:
    """Scale weights so that siblings add up to 1 again."""
    totals = np.bincount(group_of, weights)[group_of]
    return np.divide(weights, totals, out=np.zeros_like(weights), where=totals > 0)


def _ranks(problem: Problem, scores: Single, rankings: Sequence[slice]) -> NDArray[np.int32]:
    """Return the place of every unit among those that have one, in each ranking; equal scores share the best.

    A unit without a place in the ranking gets the one that it would take.
    """
    ranks = np.empty(scores.shape, np.int32)
    scores = np.where(problem.scored, scores, np.float32(-1))
    for ranking in rankings:
        mine = -scores[:, ranking]
        order = np.argsort(mine, axis=1)
        falling = np.take_along_axis(mine, order, axis=1)
        placed = problem.placed[ranking][order]
        before = np.cumsum(placed, axis=1, dtype=np.int32) - placed
        before[:, 1:][falling[:, 1:] == falling[:, :-1]] = 0
        np.put_along_axis(ranks[:, ranking], order, np.maximum.accumulate(before, axis=1) + 1, axis=1)
    return ranks
