"""The best set of visits within limits: an integer programme, solved to the end, the same every time.

A limit is a named row: a sum over candidates between a low and a high. What the rows mean (regions,
partners, employers) is none of this module's business; `risk.targets.limits` makes them.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

import numpy as np
import scipy
from numpy.typing import NDArray

from geodata.errors import InputError

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]
Places = NDArray[np.intp]

_PER_POINT: Final = 1000  # points count in thousandths, so that a lot can never outweigh a difference
_NODES_MAX: Final = 20_000  # a bound in work, not in time: the answer may not depend on the machine
_FIRST_N: Final = 150  # candidates to look at before the others are ruled out
_INFEASIBLE: Final = 2
_ROUNDING: Final = 1e-6


@dataclass(frozen=True)
class Limits:
    """Named limits: ``low <= matrix @ x <= high``, one row each.

    Attributes
    ----------
    names
        Per row the limit and what it is about, such as ``("region_max", "VR07")``.
    matrix
        Rows x candidates, zero or positive.
    low, high
        -inf and inf where a side is open.
    """

    names: tuple[tuple[str, str], ...]
    matrix: "scipy.sparse.csr_array"  # named only: loading it waits until a plan is made
    low: Array
    high: Array

    def without(self, rows: Iterable[int]) -> "Limits":
        """Return the limits less some of them."""
        return self.only(np.setdiff1d(np.arange(len(self.names)), list(rows)))

    def only(self, rows: Iterable[int]) -> "Limits":
        """Return some of the limits."""
        kept = np.asarray(list(rows), np.intp)
        names = tuple(self.names[row] for row in kept)
        return Limits(names, self.matrix[kept], self.low[kept], self.high[kept])


def join_limits(rows: Iterable[tuple[str, str, Places, Array, float, float]], candidates_n: int) -> Limits:
    """Put rows together: limit, subject, places of its candidates, their coefficients, low and high."""
    listed = list(rows)
    columns = np.concatenate([row[2] for row in listed]) if listed else np.empty(0, np.intp)
    values = np.concatenate([row[3] for row in listed]) if listed else np.empty(0)
    ends = np.cumsum([0, *(row[2].size for row in listed)])
    matrix = scipy.sparse.csr_array((values, columns, ends), shape=(len(listed), candidates_n))
    return Limits(
        tuple((row[0], row[1]) for row in listed),
        matrix,
        np.array([row[4] for row in listed], float),
        np.array([row[5] for row in listed], float),
    )


@dataclass(frozen=True)
class Problem:
    """Candidates to choose from.

    Attributes
    ----------
    points
        What each candidate is worth, 0 or more.
    tie
        0-1 per candidate: of equal points the higher is taken.
    is_open
        False for candidates that may not be chosen.
    limits
        The limits on what is chosen together.
    """

    points: Array
    tie: Array
    is_open: Mask
    limits: Limits


@dataclass(frozen=True)
class Selection:
    """The chosen set.

    Attributes
    ----------
    chosen
        True per chosen candidate.
    objective
        The sum of their points.
    gap
        How far, as a share of the objective, a better set could still lie; 0 when proved the best.
    """

    chosen: Mask
    objective: float
    gap: float


class ImpossibleError(InputError):
    """No set of candidates keeps all limits; ``clashing`` holds a smallest set of limits that clash."""

    def __init__(self, key: str, clashing: tuple[tuple[str, str], ...], /, **values: object) -> None:
        super().__init__(key, **values)
        self.clashing = clashing


def lots(site_ids: Iterable[str], seed: int) -> Array:
    """Return a lot (0-1) for every site, drawn with a published seed in the order of the ids.

    Examples
    --------
    >>> lots(["b", "a"], 1)[::-1].round(3).tolist() == lots(["a", "b"], 1).round(3).tolist()
    True
    """
    ids = np.asarray(list(site_ids), object)
    drawn = np.empty(ids.size)
    drawn[np.argsort(ids)] = np.random.Generator(np.random.PCG64(seed)).random(ids.size)
    return drawn


def select(problem: Problem) -> Selection:
    """Return the set with the most points within the limits; among equals the one the ties prefer.

    Raises
    ------
    ImpossibleError
        No set keeps all limits; the error names those that clash.

    Examples
    --------
    >>> limits = join_limits([("capacity", "", np.arange(3), np.ones(3), -np.inf, 2)], 3)
    >>> best = select(Problem(np.array([1.0, 5.0, 3.0]), np.zeros(3), np.ones(3, bool), limits))
    >>> best.chosen.tolist(), best.objective
    ([False, True, True], 8.0)
    """
    found = solve(problem)
    if found is None:
        clashing = find_clash(problem)
        listed = "; ".join(f"{name} {subject}".strip() for name, subject in clashing)
        raise ImpossibleError("limits_impossible", clashing, limits=listed)
    return found


def solve(problem: Problem) -> Selection | None:
    """Return what `select` returns, or None when no set keeps all limits."""
    limits, places = problem.limits, _worth_considering(problem)
    if places.size == 0:
        keeps_all = (limits.low <= 0).all() and (limits.high >= 0).all()
        return Selection(np.zeros(problem.points.size, bool), 0.0, 0.0) if keeps_all else None
    gain = _gains(problem)[places]
    relaxed = _relax(gain, limits, places)
    if relaxed is None:
        return None
    duals, bound = relaxed
    loss = -gain - limits.matrix[:, places].T @ duals
    near = np.sort(np.argsort(loss, kind="stable")[:_FIRST_N])
    found = _whole(gain[near], limits, places[near])
    if near.size < places.size:
        # A set with one of the others loses at least what the relaxation says; mostly that settles it.
        value = -np.inf if found is None else float(gain[near] @ found[0])
        wider = np.flatnonzero(loss <= bound - value + _ROUNDING * (abs(bound) + 1))
        if not np.isin(wider, near).all():
            near, found = wider, _whole(gain[wider], limits, places[wider])
    if found is None:
        return None
    chosen = np.zeros(problem.points.size, bool)
    chosen[places[near[found[0]]]] = True
    return Selection(chosen, float(problem.points[chosen].sum()), found[1])


def could_enter(problem: Problem, best: Selection) -> Mask:
    """Tell which candidates could be in a set as good as the best one if they were open; the others cannot.

    A set with a candidate loses at least its reduced cost against the bound of the relaxation.
    """
    limits, places, gain = problem.limits, _worth_considering(problem), _gains(problem)
    relaxed = _relax(gain[places], limits, places) if places.size else None
    if relaxed is None:
        return np.ones(gain.size, bool)
    duals, bound = relaxed
    loss = -gain - limits.matrix.T @ duals
    possible: Mask = loss <= bound - float(gain @ best.chosen) + _ROUNDING * (abs(bound) + 1)
    return possible


def _gains(problem: Problem) -> Array:
    """Return the points in thousandths, each with a lot so small that all together they stay below one."""
    gains: Array = np.round(problem.points * _PER_POINT) + problem.tie / (_most_at_once(problem) + 1)
    return gains


def _relax(gain: Array, limits: Limits, places: Places) -> tuple[Array, float] | None:
    """Return the dual of every limit, and what no set is worth more than.

    Candidates may here be chosen in part, which bounds every set from above. None when even so the limits
    cannot be kept.
    """
    matrix, names_n = limits.matrix[:, places], len(limits.names)
    above, below = np.flatnonzero(np.isfinite(limits.high)), np.flatnonzero(np.isfinite(limits.low))
    if not above.size and not below.size:
        return np.zeros(names_n), float(np.maximum(gain, 0).sum())
    both = scipy.sparse.vstack([matrix[above], -matrix[below]], format="csr")
    relaxed = scipy.optimize.linprog(
        -gain, A_ub=both, b_ub=np.r_[limits.high[above], -limits.low[below]], bounds=(0, 1)
    )
    if relaxed.x is None:
        return None
    duals = np.zeros(names_n)
    np.add.at(duals, above, relaxed.ineqlin.marginals[: above.size])
    np.add.at(duals, below, -relaxed.ineqlin.marginals[above.size :])
    return duals, float(-relaxed.fun)


def _whole(gain: Array, limits: Limits, places: Places) -> tuple[Mask, float] | None:
    """Return which of some candidates are best, and the gap to better ones among them; None when none can be."""
    answer = scipy.optimize.milp(
        -gain,
        integrality=np.ones(places.size),
        bounds=scipy.optimize.Bounds(0, 1),
        constraints=[scipy.optimize.LinearConstraint(limits.matrix[:, places], limits.low, limits.high)]
        if limits.names
        else [],
        options={"mip_rel_gap": 0.0, "node_limit": _NODES_MAX},
    )
    if answer.x is None:
        if answer.status == _INFEASIBLE:
            return None
        raise InputError("limits_entangled")
    return np.asarray(answer.x > 0.5), float(answer.mip_gap or 0.0)


def _most_at_once(problem: Problem) -> int:
    """Return how many candidates fit at most, by the limits that count every one of them."""
    limits, candidates_n = problem.limits, problem.points.size
    rows = np.flatnonzero((np.diff(limits.matrix.indptr) == candidates_n) & np.isfinite(limits.high))
    smallest = [limits.matrix[[row]].data.min() for row in rows]
    return int(min([candidates_n, *(limits.high[rows] / np.maximum(smallest, _ROUNDING))]))


def _worth_considering(problem: Problem) -> Places:
    """Return the open candidates that a best set may need, in order of place.

    Candidates with the same limits are interchangeable, so of those only the best few can be in a best set:
    as many as the tightest of their limits allows. One with a limit of its own (an employer) is only needed
    where fewer than that many better ones without such a limit are there; one that a limit asks for stays.
    """
    limits, places = problem.limits, np.flatnonzero(problem.is_open)
    if places.size == 0 or not limits.names:
        return places
    is_own = np.diff(limits.matrix.indptr) <= max(2, problem.points.size // 50)
    shared, own = limits.matrix[~is_own][:, places].toarray(), limits.matrix[is_own][:, places]
    is_free = np.asarray(own.sum(axis=0)).ravel() == 0
    is_asked = np.asarray(own[limits.low[is_own] > 0].sum(axis=0)).ravel() > 0
    column = _same_columns(shared)
    order = np.lexsort((-problem.tie[places], -np.round(problem.points[places] * _PER_POINT), column))
    highs = np.floor(np.maximum(limits.high[~is_own], 0)[:, None] / np.where(shared > 0, shared, np.nan) + _ROUNDING)
    fits = np.fmin.reduce(highs, axis=0, initial=np.inf)
    needed: Places = places[(_better_ones(order, column, is_free) < fits) | is_asked]
    return needed


def _same_columns(matrix: Array) -> Places:
    """Return a number per column, the same for equal columns."""
    known: dict[bytes, int] = {}
    return np.array([known.setdefault(column.tobytes(), len(known)) for column in matrix.T], np.intp)


def _better_ones(order: Places, column: Places, counted: Mask) -> Array:
    """Return per candidate how many counted ones stand before it in the order, of its own column."""
    running: Places = np.cumsum(counted[order]) - counted[order]
    first = np.r_[True, column[order][1:] != column[order][:-1]]
    before = np.empty(order.size)
    before[order] = running - np.maximum.accumulate(np.where(first, running, 0))
    return before


def find_clash(problem: Problem) -> tuple[tuple[str, str], ...]:
    """Return a smallest set of limits that cannot be kept together; taking any one out makes them possible.

    Every limit is first made elastic; those that must stretch are made firm one round after another, until
    nothing fits. Of the firm ones each that is not needed for the clash is then dropped.

    References
    ----------
    J.W. Chinneck, Feasibility and Infeasibility in Optimization (2008): elastic and deletion filter.
    """
    firm: list[int] = []
    while (stretched := _must_stretch(problem, firm)) is not None:
        if not stretched:
            return ()
        firm += stretched
    for row in sorted(firm):
        rest = [other for other in firm if other != row]
        if _must_stretch(problem, rest, elastic=False) is None:
            firm = rest
    return tuple(problem.limits.names[row] for row in sorted(firm))


def _must_stretch(problem: Problem, firm: list[int], *, elastic: bool = True) -> list[int] | None:
    """Return the elastic limits that stretch when the firm ones are kept; None when those do not fit."""
    limits = problem.limits if elastic else problem.limits.only(firm)
    firm_rows = np.isin(np.arange(len(limits.names)), firm) if elastic else np.ones(len(firm), bool)
    n, m = problem.points.size, len(limits.names)
    stretch = scipy.sparse.eye_array(m, format="csr")
    upper = np.where(firm_rows, 0.0, np.inf)
    answer = scipy.optimize.milp(
        np.r_[np.zeros(n), np.ones(2 * m)],
        integrality=np.r_[np.ones(n), np.zeros(2 * m)],
        bounds=scipy.optimize.Bounds(0, np.r_[problem.is_open.astype(float), upper, upper]),
        constraints=scipy.optimize.LinearConstraint(
            scipy.sparse.hstack([limits.matrix, stretch, -stretch]), limits.low, limits.high
        ),
        options={"node_limit": _NODES_MAX},
    )
    if answer.x is None:
        return None
    slack = answer.x[n : n + m] + answer.x[n + m :]
    return [int(row) for row in np.flatnonzero(slack > _ROUNDING)]
