"""Why a high scorer is not in the plan, and what a limit costs: the same choice, made again without it."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from risk.selection import Problem, Selection, solve

Places = NDArray[np.intp]

OUTSCORED: Final = ("outscored", "")
SEVERAL: Final = ("several", "")
_ROUNDING: Final = 1e-6


def price(problem: Problem, best: Selection, row: int) -> float:
    """Return what a limit costs: the points with it lifted less the points with it, 0 or more."""
    without = solve(replace(problem, limits=problem.limits.lifted(row)))
    return 0.0 if without is None else max(0.0, without.objective - best.objective)


def binding(problem: Problem, best: Selection) -> Places:
    """Return the limits that leave too little room to change a candidate: only those keep anyone out or in."""
    limits = problem.limits
    used = limits.matrix @ best.chosen.astype(float)
    largest = limits.matrix.max(axis=1).toarray().ravel()
    room = np.minimum(limits.high - used, used - limits.low)
    return np.flatnonzero((room < largest - _ROUNDING) & (largest > 0))


def why_left_out(
    problem: Problem, best: Selection, places: Iterable[int], blocked: Mapping[int, tuple[str, str]]
) -> dict[int, tuple[str, str]]:
    """Return for candidates that were not chosen the one limit whose lifting lets each in.

    Parameters
    ----------
    problem, best
        The problem and its `risk.selection.select`.
    places
        Candidates to explain; chosen ones are passed over.
    blocked
        Limit and subject for candidates that are closed by a limit of their own, such as the interval
        between visits.

    Returns
    -------
    dict
        Place -> (limit, subject); `SEVERAL` where only lifting more than one helps, `OUTSCORED` where
        nothing but more visits does. The budget itself (the limits that count every candidate) is never
        the answer: a larger one lets in the next in line, whoever that is.
    """
    left_out = [int(place) for place in places if not best.chosen[place]]
    reasons: dict[int, tuple[str, str]] = {}
    without: dict[int, NDArray[np.bool_]] = {}
    rows = [int(row) for row in binding(problem, best) if not _counts_all(problem, row)]
    for place in left_out:
        if place in blocked:
            if _enters_when_open(problem, best, place):
                reasons[place] = blocked[place]
            continue
        for row in _touching(problem, best, rows, place):
            if row not in without:
                lifted = solve(replace(problem, limits=problem.limits.lifted(row)))
                without[row] = best.chosen if lifted is None else lifted.chosen
            if without[row][place]:
                reasons[place] = problem.limits.names[row]
                break
    unexplained = [place for place in left_out if place not in reasons]
    within_budget = _best_without_limits(problem, best, unexplained)
    return reasons | {place: SEVERAL if place in within_budget else OUTSCORED for place in unexplained}


def _counts_all(problem: Problem, row: int) -> bool:
    matrix = problem.limits.matrix
    return bool(matrix.indptr[row + 1] - matrix.indptr[row] == problem.points.size)


def _touching(problem: Problem, best: Selection, rows: list[int], place: int) -> list[int]:
    """Return the binding limits that can keep a candidate out: its own, then what others are owed."""
    limits, worth = problem.limits, problem.points[place]
    used = limits.matrix @ best.chosen.astype(float)
    own, owed = [], []
    for row in rows:
        coefficient = limits.matrix[row, place]
        if coefficient > 0 and limits.high[row] - used[row] < coefficient - _ROUNDING:
            own.append(row)
        elif coefficient == 0 and limits.low[row] > 0:
            inside = limits.matrix.indices[limits.matrix.indptr[row] : limits.matrix.indptr[row + 1]]
            taken = inside[best.chosen[inside]]
            if taken.size and problem.points[taken].min() < worth:
                owed.append(row)
    return own + owed


def _enters_when_open(problem: Problem, best: Selection, place: int) -> bool:
    """Tell whether a closed candidate would be chosen if only it were open."""
    is_open = problem.is_open.copy()
    is_open[place] = True
    opened = solve(replace(problem, is_open=is_open))
    return opened is not None and bool(opened.chosen[place])


def _best_without_limits(problem: Problem, best: Selection, places: list[int]) -> set[int]:
    """Return which candidates would be in if nothing but the number of visits counted."""
    visits_n = int(best.chosen.sum())
    order = np.lexsort((-problem.tie, -problem.points))
    return set(order[:visits_n].tolist()) & set(places)
