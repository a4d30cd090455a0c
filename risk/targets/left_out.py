"""Why a high scorer is not in the plan, and what a limit costs: the same choice, made again without it."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from risk.targets.select import Problem, Selection, could_enter, solve

Mask = NDArray[np.bool_]

OUTSCORED: Final = ("outscored", "")
SEVERAL: Final = ("several", "")
_ROUNDING: Final = 1e-6


def price(problem: Problem, best: Selection, limit: tuple[str, str]) -> float:
    """Return what a limit costs: the points with it lifted less the points with it, 0 or more.

    Parameters
    ----------
    problem, best
        The problem and its `risk.targets.select.select`.
    limit
        Name and subject, such as ``("region_min", "VR07")``; an empty subject lifts every limit of that name.
    """
    without = solve(replace(problem, limits=problem.limits.without(_rows_of(problem, limit))))
    return 0.0 if without is None else max(0.0, without.objective - best.objective)


def why_left_out(
    problem: Problem, best: Selection, places: Iterable[int], blocked: Mapping[int, tuple[str, str]]
) -> dict[int, tuple[str, str]]:
    """Return for candidates that were not chosen the one limit whose lifting lets each in.

    Parameters
    ----------
    problem, best
        The problem and its `risk.targets.select.select`.
    places
        Candidates to explain; chosen ones are passed over.
    blocked
        Limit and subject for candidates that are closed by a limit of their own, such as the interval
        between visits.

    Returns
    -------
    dict
        Place -> (limit, subject). The subject is empty where what others are owed (a minimum for every
        region) keeps the candidate out. `SEVERAL` where only lifting more than one helps, `OUTSCORED`
        where nothing but more visits does. The budget itself (a limit that counts every candidate alike)
        is never the answer: a larger one lets in the next in line, whoever that is.
    """
    left_out = [int(place) for place in places if not best.chosen[place]]
    without: dict[tuple[str, str], Mask] = {}
    possible = could_enter(problem, best) if blocked else np.ones(problem.points.size, bool)
    reasons = {}
    for place in left_out:
        if place in blocked:
            if possible[place] and _enters_when_open(problem, place):
                reasons[place] = blocked[place]
            continue
        for limit in _in_the_way(problem, best, place):
            if limit not in without:
                lifted = solve(replace(problem, limits=problem.limits.without(_rows_of(problem, limit))))
                without[limit] = best.chosen if lifted is None else lifted.chosen
            if without[limit][place]:
                reasons[place] = limit
                break
    highest = _best_without_limits(problem, int(best.chosen.sum()))
    return {place: reasons.get(place, SEVERAL if place in highest else OUTSCORED) for place in left_out}


def _rows_of(problem: Problem, limit: tuple[str, str]) -> list[int]:
    name, subject = limit
    return [row for row, (n, s) in enumerate(problem.limits.names) if n == name and subject in ("", s)]


def _in_the_way(problem: Problem, best: Selection, place: int) -> list[tuple[str, str]]:
    """Return the limits that can keep a candidate out: its own that are full, then what others are owed."""
    limits, worth = problem.limits, problem.points[place]
    used = limits.matrix @ best.chosen.astype(float)
    coefficient = limits.matrix[:, [place]].toarray().ravel()
    members = np.diff(limits.matrix.indptr)
    is_full = (coefficient > 0) & (limits.high - used < coefficient - _ROUNDING)
    is_budget = (members == problem.points.size) & (coefficient == 1)
    own = [limits.names[row] for row in np.flatnonzero(is_full & ~is_budget)]
    owed = []
    for row in np.flatnonzero((coefficient == 0) & (limits.low > 0) & (used - limits.low < 1 - _ROUNDING)):
        inside = limits.matrix.indices[limits.matrix.indptr[row] : limits.matrix.indptr[row + 1]]
        taken = inside[best.chosen[inside]]
        if taken.size and problem.points[taken].min() < worth:
            owed.append((limits.names[row][0], ""))
    return own + sorted(set(owed))


def _enters_when_open(problem: Problem, place: int) -> bool:
    """Tell whether a closed candidate would be chosen if only it were open."""
    is_open = problem.is_open.copy()
    is_open[place] = True
    opened = solve(replace(problem, is_open=is_open))
    return opened is not None and bool(opened.chosen[place])


def _best_without_limits(problem: Problem, visits_n: int) -> set[int]:
    """Return who would be in if nothing but the number of visits counted."""
    order = np.lexsort((-problem.tie, -problem.points))
    return set(order[:visits_n].tolist())
