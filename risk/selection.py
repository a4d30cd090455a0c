"""The best set of visits within limits: an integer programme, solved to the end, the same every time.

A limit is a named row: a sum over candidates between a low and a high. What the rows mean (regions,
partners, employers) is none of this module's business; `risk.limits` makes them.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.optimize import Bounds, LinearConstraint, milp

from geodata.errors import InputError

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]
Places = NDArray[np.intp]

_PER_POINT: Final = 1000  # points count in thousandths, so that a lot can never outweigh a difference
_NODES_MAX: Final = 20_000  # a bound in work, not in time: the answer may not depend on the machine
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
    matrix: sparse.csr_array
    low: Array
    high: Array

    def lifted(self, row: int) -> "Limits":
        """Return the limits without one of them."""
        return self.only(np.delete(np.arange(len(self.names)), row))

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
    matrix = sparse.csr_array((values, columns, ends), shape=(len(listed), candidates_n))
    return Limits(
        tuple((row[0], row[1]) for row in listed), matrix,
        np.array([row[4] for row in listed], float), np.array([row[5] for row in listed], float),
    )  # fmt: skip


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

    def __init__(self, message: str, clashing: tuple[tuple[str, str], ...]) -> None:
        super().__init__(message)
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
    found = _solve(problem)
    if found is None:
        clashing = find_clash(problem)
        listed = "; ".join(f"{name} {subject}".strip() for name, subject in clashing)
        raise ImpossibleError(f"No plan keeps these limits together: {listed}; relax one of them.", clashing)
    return found


def _solve(problem: Problem) -> Selection | None:
    places = _worth_considering(problem)
    if places.size == 0:
        limits = problem.limits
        empty = (limits.low <= _ROUNDING).all() and (limits.high >= -_ROUNDING).all()
        return Selection(np.zeros(problem.points.size, bool), 0.0, 0.0) if empty else None
    limits = problem.limits
    most = places.size if not len(limits.names) else max(1, int(min(places.size, _most_at_once(problem))))
    gain = np.round(problem.points[places] * _PER_POINT) + problem.tie[places] / (most + 1)
    answer = milp(
        -gain,
        integrality=np.ones(places.size),
        bounds=Bounds(0, 1),
        constraints=[LinearConstraint(limits.matrix[:, places], limits.low, limits.high)] if limits.names else [],
        options={"mip_rel_gap": 0.0, "node_limit": _NODES_MAX},
    )
    if answer.x is None:
        if answer.status == 2:
            return None
        raise InputError("The limits are too entangled to find a plan within them; take one or two out.")
    chosen = np.zeros(problem.points.size, bool)
    chosen[places[answer.x > 0.5]] = True
    return Selection(chosen, float(problem.points[chosen].sum()), float(answer.mip_gap or 0.0))


def _most_at_once(problem: Problem) -> float:
    """Return how many candidates can be chosen together at most, by the limits that count every candidate."""
    limits, candidates_n = problem.limits, problem.points.size
    counts = np.diff(limits.matrix.indptr) == candidates_n
    highs = limits.high[counts] / np.maximum(limits.matrix[counts].min(axis=1).toarray().ravel(), _ROUNDING)
    return float(min([candidates_n, *highs[np.isfinite(highs)]]))


def _worth_considering(problem: Problem) -> Places:
    """Return the open candidates that a best set may need, in order of place.

    Candidates with the same limits are interchangeable, so of those only the best few can be in a best set:
    as many as the tightest of their limits allows. Where someone is in a limit of their own (an employer, a
    lock), they stay unless enough better ones without such a limit are there. The answer stays exact.
    """
    limits = problem.limits
    places = np.flatnonzero(problem.is_open)
    if places.size == 0 or not len(limits.names):
        return places
    own = np.diff(limits.matrix.indptr) <= max(2, problem.points.size // 50)
    shared = limits.matrix[~own][:, places].tocsc()
    is_own = np.asarray(limits.matrix[own][:, places].sum(axis=0)).ravel() > 0
    column = _same_columns(shared)
    order = np.lexsort((-problem.tie[places], -np.round(problem.points[places] * _PER_POINT), column))
    fits = _fits(shared, limits.high[~own])
    free_better = _count_before(order, column, ~is_own)
    return places[np.sort(order[free_better[order] < fits[order]])] if order.size else places


def _same_columns(matrix: sparse.csc_array) -> Places:
    """Return a number per column, the same for equal columns."""
    mixed = np.random.Generator(np.random.PCG64(0)).integers(1, 2**40, (matrix.shape[0], 2)).astype(float)
    prints = np.column_stack([matrix.T @ mixed])
    return np.unique(prints, axis=0, return_inverse=True)[1].ravel()


def _fits(shared: sparse.csc_array, high: Array) -> Array:
    """Return per column how many columns like it fit within the tightest limit."""
    coordinates = shared.tocoo()
    allowed = np.floor(np.maximum(high, 0)[coordinates.row] / coordinates.data + _ROUNDING)
    fits = np.full(shared.shape[1], np.inf)
    np.minimum.at(fits, coordinates.col, allowed)
    return fits


def _count_before(order: Places, column: Places, counted: Mask) -> Array:
    """Return per candidate how many counted ones stand before it in the order of its own column."""
    running = np.cumsum(counted[order]) - counted[order]
    starts = np.r_[True, column[order][1:] != column[order][:-1]]
    base = np.maximum.accumulate(np.where(starts, running, 0))
    before = np.empty(order.size)
    before[order] = running - base
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
    stretch = sparse.eye_array(m, format="csr")
    upper = np.where(firm_rows, 0.0, np.inf)
    answer = milp(
        np.r_[np.zeros(n), np.ones(2 * m)],
        integrality=np.r_[np.ones(n), np.zeros(2 * m)],
        bounds=Bounds(0, np.r_[problem.is_open.astype(float), upper, upper]),
        constraints=LinearConstraint(sparse.hstack([limits.matrix, stretch, -stretch]), limits.low, limits.high),
        options={"node_limit": _NODES_MAX},
    )
    if answer.x is None:
        return None
    slack = answer.x[n : n + m] + answer.x[n + m :]
    return [int(row) for row in np.flatnonzero(slack > _ROUNDING)]


# --- why something was left out, and what a limit costs ------------------------------------------------


def price(problem: Problem, best: Selection, row: int) -> float:
    """Return what a limit costs: the points without it less the points with it (0 or more)."""
    without = _solve(replace(problem, limits=problem.limits.lifted(row)))
    return 0.0 if without is None else max(0.0, without.objective - best.objective)


def binding(problem: Problem, best: Selection) -> Places:
    """Return the limits that leave no room: only those can keep anyone out."""
    used = problem.limits.matrix @ best.chosen.astype(float)
    tightest = np.maximum.reduceat(problem.limits.matrix.data, problem.limits.matrix.indptr[:-1]) if used.size else used
    room = np.minimum(problem.limits.high - used, np.where(np.isfinite(problem.limits.low), used - problem.limits.low, np.inf))
    return np.flatnonzero(room < np.maximum(tightest, 1) - _ROUNDING)
