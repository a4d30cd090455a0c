"""What finding out more of a site is worth: how far the first of all sites would rise by it, as expected.

A site of unknown size or place has no place in the ranking, so nobody goes there by its score. Once it is known it
takes the place of the last of the first k wherever its score is above theirs. What it may turn out to be is what
sites of its kind are of which all is known; each is as likely as the other.
"""

from collections.abc import Collection, Iterator
from typing import Final

import numpy as np
from numpy.typing import NDArray

from risk.index.aggregate import aggregate, weigh
from risk.index.draws import SiteSampler
from risk.index.pipeline import Outcome

Array = NDArray[np.floating]
Places = NDArray[np.intp]

_ENOUGH: Final = 3
_MOST_N: Final = 200
"""Of a kind with more known sites so many stand for all, evenly over their scores."""
_ROWS_AT_ONCE: Final = 200_000


def gains(now: Outcome, capacities: Collection[int]) -> Array:
    """Return by how much the summed score of the first so many sites is expected to rise when a site is known.

    The expected value of perfect information on one site (Raiffa and Schlaifer 1961): the mean over what it may turn
    out to be of what it then scores above the last of the first k, nil where it stays below. Where fewer than k
    sites have a place, none need make room for it.

    Parameters
    ----------
    now
        Of level ``site``.
    capacities
        Numbers of first sites.

    Returns
    -------
    array
        Capacities x units; NaN for a unit that has a place in the ranking, and for one that is not shown.
    """
    shown, units = now.prepared, now.scores["unit_id"].to_numpy()
    found = np.full((len(capacities), len(units)), np.nan)
    sampler = shown.measured.sampler
    if not isinstance(sampler, SiteSampler):
        return found
    last = _last_of_first(now, capacities)
    for site, scores in _known_scores(now, sampler):
        found[:, site] = gain(scores, last)
    return found


def gain(scores: Array, last: Array) -> Array:
    """Return the expected rise of the first so many, for each score of the last of them.

    Examples
    --------
    >>> gain(np.array([2.0, 6.0, 8.0]), np.array([5.0, 9.0])).round(2).tolist()
    [1.33, 0.0]
    """
    return np.asarray(np.maximum(scores[None] - last[:, None], 0.0).mean(axis=1))


def _last_of_first(now: Outcome, capacities: Collection[int]) -> Array:
    """Return the score of the last of the first so many sites that have a place; 0 where there are fewer."""
    placed = now.scores.loc[now.scores["rank"].notna(), "score_0_10"].to_numpy(float)
    falling = -np.sort(-placed)
    return np.array([falling[one - 1] if one <= len(falling) else 0.0 for one in capacities])


def _known_scores(now: Outcome, sampler: SiteSampler) -> Iterator[tuple[int, Array]]:
    """Give each site without a place, by its number among all, with the scores that it may turn out to have."""
    shown, model = now.prepared, now.model
    weights, drops = weigh(shown.measured.index, shown.kept), shown.measured.index.drops_missing
    place_of = {unit: place for place, unit in enumerate(now.scores["unit_id"])}
    numbers = np.array([place_of[unit] for unit in shown.measured.units["unit_id"]], int)
    values, unplaced = shown.values_0_10, shown.measured.unplaced != ""
    known = np.flatnonzero(~unplaced & np.isfinite(now.aggregated.score))
    for kind in dict.fromkeys(sampler.kind_of[unplaced]):
        sites = np.flatnonzero(unplaced & (sampler.kind_of == kind))
        like = _like(known, sampler.kind_of == kind, now.aggregated.score)
        if not len(like):
            continue
        for part in np.array_split(sites, -(-len(sites) * len(like) // _ROWS_AT_ONCE)):
            mixed = np.repeat(values[part][:, None], len(like), axis=1)
            taken = np.where(sampler.is_missing[part][:, None], values[like][None], mixed)
            flat = taken.reshape(-1, values.shape[1])
            scores = aggregate(flat, weights, model.scale, drops_missing=drops).score.reshape(len(part), len(like))
            yield from zip(numbers[part].tolist(), np.nan_to_num(scores), strict=True)


def _like(known: Places, of_kind: NDArray[np.bool_], score: Array) -> Places:
    """Return the sites that tell what another of their kind may turn out to be; of all kinds where they are few."""
    mine = known[of_kind[known]]
    mine = mine if len(mine) >= _ENOUGH else known
    rising = mine[np.argsort(score[mine], kind="stable")]
    if len(rising) <= _MOST_N:
        return rising
    return rising[np.linspace(0, len(rising) - 1, _MOST_N).round().astype(np.intp)]
