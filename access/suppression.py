"""Which cells of a table of counts to withhold, so that nobody can work the small ones out again.

`primary` finds the cells that are withheld for their own sake, `suppress` those that protect them. The tests hold
against it what a clever reader works out for each cell.
"""

from typing import Final

import numpy as np
import numpy.typing as npt
import scipy

SMALLEST_PERSONS_N: Final = 10
"""Counts of persons from 1 to 9 are withheld (the standard of Washington's Department of Health)."""
FEWEST_CONTRIBUTORS_N: Final = 3
LARGEST_SHARE: Final = 0.7
"""A cell with fewer establishments, or with one that holds more than this share, is withheld (dominance)."""
ROUNDED_TO: Final = 5
_TOLERANCE: Final = 1e-6

Array = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]


def primary(values: Array, contributors: Array | None = None, largest_share: Array | None = None) -> Mask:
    """Tell which cells are withheld for their own sake.

    Parameters
    ----------
    values
        Counts of persons; NaN is missing.
    contributors
        Establishments behind each cell, NaN where unknown.
    largest_share
        Share (0-1) of the largest of them, NaN where unknown.

    Examples
    --------
    >>> primary(np.array([0.0, 1, 9, 10, 80]), np.array([0.0, 9, 9, 9, 2])).tolist()
    [False, True, True, False, True]
    """
    small = (values > 0) & (values < SMALLEST_PERSONS_N)
    if contributors is not None:
        small |= (values > 0) & (contributors < FEWEST_CONTRIBUTORS_N)
    if largest_share is not None:
        small |= (values > 0) & (largest_share > LARGEST_SHARE)
    return small


def with_margins(inner: Array) -> Array:
    """Return a table with its row sums, column sums and total added at the end."""
    rows = np.column_stack([inner, inner.sum(axis=1)])
    return np.vstack([rows, rows.sum(axis=0)])


def _equations(shape: tuple[int, int]) -> Array:
    """Return what any reader knows of a table with margins: each line adds up to its last cell."""
    rows_n, columns_n = shape
    signs = np.ones(shape)
    signs[-1, :] *= -1
    signs[:, -1] *= -1
    lines = []
    for row in range(rows_n):
        line = np.zeros(shape)
        line[row, :] = signs[row, :] * signs[row, 0]
        lines.append(line.ravel())
    for column in range(columns_n):
        line = np.zeros(shape)
        line[:, column] = signs[:, column] * signs[0, column]
        lines.append(line.ravel())
    return np.array(lines)


def _interval(table: Array, withheld: Mask, cell: int) -> tuple[float, float]:
    equations = _equations(table.shape)
    bounds = [(0, None) if hidden else (value, value) for value, hidden in zip(table.flat, withheld.flat, strict=True)]
    goal = np.zeros(table.size)
    goal[cell] = 1
    ends = []
    for sign in (1, -1):
        found = scipy.optimize.linprog(
            sign * goal, A_eq=equations, b_eq=np.zeros(len(equations)), bounds=bounds, method="highs"
        )
        ends.append(float(sign * found.fun) if found.status == 0 else np.inf)
    return ends[0], ends[1]


def suppress(table: Array, sensitive: Mask, earlier: Mask | None = None) -> Mask:
    """Return which cells to withhold so that no sensitive one can be worked out to within 10.

    For each sensitive cell in turn the cheapest further cells are sought, as a mixed-integer programme,
    that leave room for another table which differs from the true one by 10 in that cell and is the same
    in all that is shown. Withholding more never takes room away, so earlier cells stay protected.

    Parameters
    ----------
    table
        Counts with their margins (`with_margins`).
    sensitive
        Cells to protect; a margin may be one.
    earlier
        Cells withheld in an earlier delivery: they stay so, else two deliveries side by side tell.

    Examples
    --------
    >>> table = with_margins(np.array([[4.0, 30, 50], [60, 70, 80], [20, 90, 40]]))
    >>> withheld = suppress(table, primary(table))
    >>> int(withheld.sum()), bool(withheld[0, 0])
    (4, True)
    """
    withheld = sensitive.copy() if earlier is None else sensitive | earlier
    for cell in sorted(np.flatnonzero(sensitive), key=lambda index: table.flat[index]):
        low, high = _interval(table, withheld, int(cell))
        if high - low < SMALLEST_PERSONS_N - _TOLERANCE:
            withheld |= _cheapest(table, withheld, int(cell))
    return withheld


def _cheapest(table: Array, withheld: Mask, cell: int) -> Mask:
    """Return the withheld cells with the cheapest further ones that give a cell room of 10.

    The unknowns are a rise and a fall per cell, which keep every line's sum, and whether it is withheld.
    """
    n, values = table.size, table.ravel()
    room = max(4.0 * SMALLEST_PERSONS_N, float(2 * values[cell]))
    equations = _equations(table.shape)
    blank, one = np.zeros_like(equations), np.eye(n)
    width = np.zeros(3 * n)
    width[cell], width[n + cell] = 1, -1
    fall_n = np.minimum(values, room)
    constraints = [
        scipy.optimize.LinearConstraint(np.hstack([equations, blank, blank]), 0, 0),
        scipy.optimize.LinearConstraint(np.hstack([blank, equations, blank]), 0, 0),
        scipy.optimize.LinearConstraint(width, SMALLEST_PERSONS_N, np.inf),
    ]
    for block in (0, 1):  # -fall * withheld <= change <= room * withheld, for the rise and for the fall
        change = np.hstack([one if block == 0 else 0 * one, one if block == 1 else 0 * one])
        constraints += [
            scipy.optimize.LinearConstraint(np.hstack([change, -room * one]), -np.inf, 0),
            scipy.optimize.LinearConstraint(np.hstack([change, fall_n[:, None] * one]), 0, np.inf),
        ]
    cost = 1 + np.log1p(values)
    is_margin = np.zeros(table.shape, bool)
    is_margin[-1, :] = is_margin[:, -1] = True
    cost[is_margin.ravel()] *= 20  # margins are what people come for
    cost[withheld.ravel()] = 0
    bounds = (
        np.concatenate([-fall_n, -fall_n, withheld.ravel().astype(float)]),
        np.concatenate([np.full(2 * n, room), np.ones(n)]),
    )
    found = scipy.optimize.milp(
        np.concatenate([np.zeros(2 * n), cost]),
        constraints=constraints,
        bounds=scipy.optimize.Bounds(*bounds),
        integrality=np.concatenate([np.zeros(2 * n), np.ones(n)]),
        options={"mip_rel_gap": 0.02},
    )
    if found.x is None:  # nothing in this table can hide the cell, not even all of it
        return np.ones(table.shape, bool)
    return np.asarray(found.x[2 * n :] > 0.5).reshape(table.shape)


def rounded(values: Array) -> Array:
    """Return counts rounded to fives; margins are summed before this, so they need not add up after it."""
    return np.asarray(ROUNDED_TO * np.floor(values / ROUNDED_TO + 0.5))
