"""Scan statistics: where, and since when, more infections lie together than chance would put there.

A circle grows around every place, by the nearest centre, and the likelihood ratio tells how much better
"another rate inside" explains the counts than "one rate everywhere". The whole search is repeated on counts that
chance alone made, so that a p-value holds for all circles together. Both functions are pure: arrays in,
clusters out.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
import scipy
from numpy.typing import ArrayLike, NDArray

from geodata.errors import InputError

Array = NDArray[np.float64]
Whole = NDArray[np.int64]

_SAME: Final = 1e-9  # two likelihood ratios closer than this are equal: they differ by the order of a sum
_SUMS_OFF: Final = 1e-12  # a share that is exactly the largest one may come out above it by the order of a sum
_AT_ONCE: Final = 250  # redraws: as many as the processor's own memory holds
_MIN_CASES: Final = 2  # one case is no cluster; SaTScan's own minimum for high rates


@dataclass(frozen=True)
class Cluster:
    """A circle with more cases than chance would put there.

    Attributes
    ----------
    places
        Positions in the input, by distance from the centre; of equal distances the first in the input.
    cases, expected
        Counted within, and expected there if the rate were the same everywhere.
    llr
        Logarithm of the likelihood ratio.
    p
        Share of searches on counts made by chance whose best circle is at least as unlikely.
    periods_n
        How many of the last periods it lasts; 0 for a scan without time.
    """

    places: tuple[int, ...]
    cases: int
    expected: float
    llr: float
    p: float
    periods_n: int = 0


@dataclass(frozen=True)
class _Candidate:
    """The best circle of one centre."""

    llr: float
    cases: int
    expected: float
    places: tuple[int, ...]
    periods_n: int = 0


def poisson_scan(
    cases: ArrayLike,
    population: ArrayLike,
    x: ArrayLike,
    y: ArrayLike,
    *,
    max_share: float = 0.5,
    n_simulations: int = 999,
    seed: int,
    expected: ArrayLike | None = None,
) -> list[Cluster]:
    """Return the circles with high rates that do not overlap, most likely first.

    Parameters
    ----------
    cases
        Whole counts per place.
    population
        Inhabitants per place: what the cases are expected on, and what bounds a circle.
    x, y
        Planar coordinates of the places' centres, in one unit (metres of EPSG:28992 for gemeenten).
    max_share
        A circle grows while its population is at most this share of all.
    n_simulations
        Redraws of all cases over the places, for `p`.
    seed
        Of these redraws.
    expected
        Cases expected per place where they do not follow population alone, for example when standardised by age
        strata; scaled to the number of cases.

    Returns
    -------
    list of Cluster
        The best circle of each centre, less those that share a place with a likelier one. Empty without cases.

    Raises
    ------
    InputError
        Lengths differ, a count is negative or not whole, cases stand where nobody lives, or the share is not in
        (0, 1].

    References
    ----------
    Kulldorff (1997), Communications in Statistics 26:1481.

    Examples
    --------
    >>> found = poisson_scan([1, 9, 8, 1], [100, 100, 100, 100], [0, 1, 2, 3], [0, 0, 0, 0], seed=1)
    >>> found[0].places, found[0].cases, found[0].expected, round(found[0].llr, 4)
    ((2, 1), 17, 9.5, 6.7764)
    """
    counts, people = _whole(cases, "cases"), _numbers(population, "population")
    spots = np.column_stack([_numbers(x, "x"), _numbers(y, "y")]) if np.size(x) == np.size(y) else np.empty((0, 2))
    if counts.ndim != 1 or not len(counts) == len(people) == len(spots):
        raise InputError("The scan needs as many cases as populations and coordinates; correct the lists.")
    _check_redraws(n_simulations, seed)
    if not isinstance(max_share, int | float | np.integer | np.floating) or not 0 < max_share <= 1:
        raise InputError(f"A circle may hold a share of the population in (0, 1], not {max_share}; correct it.")
    share = people if expected is None else _numbers(expected, "expected")
    if len(share) != len(counts) or (share < 0).any() or (people < 0).any() or (counts[share == 0] > 0).any():
        raise InputError("A place holds cases where none can be expected, or a negative figure; correct the lists.")
    total = int(counts.sum())
    if total == 0:
        return []
    awaited = share * (total / share.sum())
    redraws = np.random.default_rng(seed).multinomial(total, share / share.sum(), size=n_simulations)
    redraws = np.ascontiguousarray(redraws.T[:, None])
    table, highest = _log_table(total), np.zeros(n_simulations)
    candidates = []
    for order in _circles(scipy.spatial.distance.cdist(spots, spots), people, max_share):
        mu = awaited[order].cumsum()
        inside = counts[order].cumsum()
        ratio = _log_ratio(inside, mu, total, table)
        candidates += _best(ratio[:, None], inside[:, None], mu[:, None], order)
        _raise(highest, redraws, order, mu[:, None], total, table)
    return _apart(candidates, highest)


def space_time_scan(
    cases: ArrayLike,
    distance: ArrayLike,
    *,
    max_distance: float,
    max_periods: int,
    n_simulations: int = 999,
    seed: int,
) -> list[Cluster]:
    """Return the cylinders that end now with more cases than place and time apart explain, most likely first.

    The prospective space-time permutation scan: what is expected in a cylinder follows from the place's own total
    and the period's own total, so that neither a large town nor a national wave is a cluster.

    Parameters
    ----------
    cases
        Whole counts, a row per place and a column per period, the last one now.
    distance
        Between the places, square; the diagonal is 0.
    max_distance
        The largest radius, in the unit of `distance`.
    max_periods
        The longest cylinder, in periods; at most half of the columns says something.
    n_simulations, seed
        Permutations of the periods over the cases, drawn as tables with the same margins.

    Raises
    ------
    InputError
        The shapes do not fit, or a count is negative or not whole.

    References
    ----------
    Kulldorff, Heffernan, Hartman, Assunção and Mostashari (2005), PLoS Medicine 2:e59.

    Examples
    --------
    >>> found = space_time_scan([[4, 4, 9], [4, 4, 4]], [[0, 1], [1, 0]], max_distance=0.5, max_periods=1, seed=1)
    >>> found[0].places, found[0].periods_n, found[0].cases, round(found[0].expected, 3)
    ((0,), 1, 9, 7.621)
    """
    counts, apart = _whole(cases, "cases"), np.asarray(distance, float)
    if counts.ndim != 2 or apart.shape != (len(counts), len(counts)):
        raise InputError("The scan needs a row of cases per place and a square of distances; correct the tables.")
    if not 1 <= max_periods < max(2, counts.shape[1]):
        raise InputError(f"A cylinder of {max_periods} periods needs more periods before it; give a longer table.")
    _check_redraws(n_simulations, seed)
    total, per_place = int(counts.sum()), counts.sum(axis=1)
    if total == 0:
        return []
    late = counts[:, -max_periods:]
    lately = _backwards(late.sum(axis=0))
    table, highest = _log_table(total), np.zeros(n_simulations)
    redraws = np.ascontiguousarray(np.moveaxis(_permuted(per_place, late.sum(axis=0), n_simulations, seed), 0, -1))
    observed, candidates = _backwards(late), []
    for order in _discs(apart, max_distance):
        mu = per_place[order].cumsum()[:, None] * lately / total
        inside = observed[order].cumsum(axis=0)
        candidates += _best(_log_ratio(inside, mu, total, table), inside, mu, order, timed=True)
        _raise(highest, redraws, order, mu, total, table)
    return _apart(candidates, highest)


def _permuted(per_place: Whole, late: Whole, n: int, seed: int) -> Whole:
    """Return n tables of place x last periods, cumulated backwards, as permuting periods over cases gives them."""
    if n == 0:
        return np.zeros((0, len(per_place), len(late)), np.int64)
    columns = np.append(per_place.sum() - late.sum(), late)
    drawn = scipy.stats.random_table(per_place, columns, seed=np.random.default_rng(seed)).rvs(size=n)
    return _backwards(np.asarray(drawn)[:, :, 1:].astype(np.int64))


def _backwards(counts: Whole) -> Whole:
    """Return sums over the last one, two, three ... periods."""
    return counts[..., ::-1].cumsum(axis=-1)


def _circles(distance: Array, people: Array, max_share: float) -> Iterator[Whole]:
    """Yield per centre its places by distance while their population stays within the share."""
    total = people.sum()
    for row in distance:
        order = np.argsort(row, kind="stable")
        order = order[: np.searchsorted(people[order].cumsum() / total, max_share + _SUMS_OFF, side="right")]
        if len(order):
            yield order


def _discs(distance: Array, radius: float) -> Iterator[Whole]:
    """Yield per centre its places within a radius, by distance."""
    for row in distance:
        order = np.argsort(row, kind="stable")
        yield order[: int((row <= radius).sum())]


def _log_table(total: int) -> Array:
    """Return c ln c + (C-c) ln (C-c) for every whole c up to C: the part of the ratio that counts alone decide."""
    counts: Array = np.arange(total + 1, dtype=float)
    part: Array = counts * np.log(np.maximum(counts, 1))
    both: Array = part + part[::-1]
    return both


def _log_ratio(inside: Whole, mu: Array, total: int, table: Array) -> Array:
    """Return c ln(c/mu) + (C-c) ln((C-c)/(C-mu)) where the rate inside is the higher one, else 0."""
    within, without = np.log(np.maximum(mu, 1e-300)), np.log(np.maximum(total - mu, 1e-300))
    ratio = table[inside] + inside * (without - within) - total * without
    likelier: Array = np.where((inside > mu) & (inside >= _MIN_CASES), np.maximum(ratio, 0), 0.0)
    return likelier


def _raise(highest: Array, redraws: Whole, order: Whole, mu: Array, total: int, table: Array) -> None:
    """Bring the highest ratio of every redraw up to that of its likeliest circle of one centre, in place.

    It is `_log_ratio` on redraws given as places x periods x redraws, some of them at a time and in place: nearly all
    the time of a scan goes here.
    """
    within, without = np.log(np.maximum(mu, 1e-300)), np.log(np.maximum(total - mu, 1e-300))
    least, slope, level = np.maximum(mu, _MIN_CASES - 1), without - within, total * without
    for start in range(0, len(highest), _AT_ONCE):
        part = slice(start, start + _AT_ONCE)
        inside = redraws[order, :, part].cumsum(axis=0)
        ratio = table.take(inside)
        ratio += inside * slope[..., None]
        ratio -= level[..., None]
        ratio[inside <= least[..., None]] = 0.0
        np.maximum(highest[part], ratio.max(axis=(0, 1)), out=highest[part])


def _best(ratio: Array, inside: Whole, mu: Array, order: Whole, *, timed: bool = False) -> list[_Candidate]:
    """Return the likeliest circle of a centre, the smallest of equals; none when no rate inside is higher."""
    top = ratio.max()
    if top <= _SAME:
        return []
    size, period = (int(place) for place in np.argwhere(ratio >= top - _SAME)[0])
    return [
        _Candidate(
            float(ratio[size, period]),
            int(inside[size, period]),
            float(mu[size, period]),
            tuple(int(place) for place in order[: size + 1]),
            period + 1 if timed else 0,
        )
    ]


def _apart(candidates: list[_Candidate], highest: Array) -> list[Cluster]:
    """Return the candidates that share no place with a likelier one, with their p."""
    taken: set[int] = set()
    found = []
    for one in sorted(candidates, key=lambda one: (-round(one.llr, 9), len(one.places), one.places)):
        if taken.isdisjoint(one.places):
            taken |= set(one.places)
            as_unlikely = int((highest >= one.llr - _SAME).sum())
            p = (1 + as_unlikely) / (1 + len(highest))
            found.append(Cluster(one.places, one.cases, one.expected, one.llr, p, one.periods_n))
    return found


def _whole(values: ArrayLike, name: str) -> Whole:
    found = _numbers(values, name)
    if (found < 0).any() or (found != np.round(found)).any():
        raise InputError(f"The scan needs whole {name} of at least 0; correct them.")
    return found.astype(np.int64)


def _numbers(values: ArrayLike, name: str) -> Array:
    try:
        found = np.asarray(values, float)
    except (TypeError, ValueError):
        found = np.array([np.nan])
    if not np.isfinite(found).all():
        raise InputError(f"Of the {name} for the scan one is missing or no number; correct or leave out that place.")
    return found


def _check_redraws(n: object, seed: object) -> None:
    if not isinstance(n, int | np.integer) or n < 0:
        raise InputError(f"The scan redraws the cases a whole number of times, not {n}; give 0 or more, such as 999.")
    if isinstance(seed, int | np.integer) and seed < 0:
        raise InputError(f"The scan redraws from a seed of at least 0, not {seed}; give another.")
