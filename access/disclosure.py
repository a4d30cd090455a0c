"""Disclosure control: counts of persons that nobody published, and small cells in what leaves the platform.

Published figures of CBS and RIVM pass unchanged. Counts from a source that the catalogue calls restricted,
and what is derived from them, are never shown below the veiligheidsregio; per veiligheidsregio and sector
they are summed, then suppressed, then rounded. What is withheld is found once for the whole country, so
everybody sees the same gaps and several viewers together find no more than one. A withheld cell does not
say whether it is small itself or protects another: saying "below 10" would already narrow it.

`primary` finds the cells that are withheld for their own sake, `suppress` those that protect them. The tests hold
against it what a clever reader works out for each cell.
"""

import json
from collections.abc import Iterator, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd
import scipy

from geodata import codes, contracts, settings
from geodata.contracts.schema import Persons
from geodata.errors import UnknownCodeError
from geodata.snapshots import formats as store
from geodata.snapshots import snapshot
from geodata.snapshots.manifests import SourceRecord
from geodata.snapshots.snapshot import Snapshot
from geodata.sources import catalogue

SMALLEST_CASES_N: Final = 3
TOTAL: Final = ""
_MEASURED: Final = ("exposure", "incidence", "regional_incidence", "context")
_MADE_OF: Final = {"alarms": "incidence"}
"""Tables that are computed for the country from one core table: they hold what that table holds."""
_MEASURED_PER_GEMEENTE: Final = ("exposure", "incidence")
_CLASS_N: Final = 5
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


def restricted(sources: Sequence[SourceRecord], table: str) -> tuple[str, ...]:
    """Return the ids of the sources in a snapshot that feed a table and that nobody published."""
    feeding = []
    for record in sources:
        try:
            declared = catalogue.source(record.source_id)
        except UnknownCodeError:
            feeding.append(record.source_id)  # a source that nobody declared is nobody's to show
            continue
        if declared.secrecy == catalogue.Secrecy.RESTRICTED and table in declared.feeds:
            feeding.append(record.source_id)
    return tuple(feeding)


def blank_unpublished(name: str, table: pd.DataFrame, sources: Sequence[SourceRecord]) -> pd.DataFrame:
    """Return a table with its counts of persons blank where nobody published them.

    What is made of them is no secret of its own: computations read `protected` counts.

    A figure is of a restricted source when its ``_source`` names that source's id; when no figure does,
    the table cannot tell and all its counts of persons are blanked. Indicators lose their raw value and
    keep one decimal of the value from 0 to 10.

    Parameters
    ----------
    name
        A core table, or ``indicators_vr`` and its like.
    """
    contract = contracts.CONTRACTS.get(name) or contracts.CONTRACTS.get(name.rsplit("_", 1)[0])
    if contract is None or contract.persons != Persons.UNPUBLISHED:
        return table
    if contract.name == "indicators":
        if not any(restricted(sources, measured) for measured in _MEASURED):
            return table
        return table.assign(raw_value=np.nan, value_0_10=table["value_0_10"].round(1))
    if contract.name in _MADE_OF:
        hide = bool(restricted(sources, _MADE_OF[contract.name]))
        return table.assign(**dict.fromkeys(contract.person_columns, np.nan)) if hide else table
    ids = restricted(sources, contract.name)
    if not ids:
        return table
    table = table.copy()
    for column in contract.person_columns:
        hide = of_source(table, column, ids)
        table.loc[hide, column] = np.nan
        table.loc[hide, _column_about(table, column, "status")] = codes.Status.MISSING.value
        table.loc[hide, _column_about(table, column, "source")] += f" · {codes.MissingReason.SUPPRESSED}"
    return table


def without_unpublished(name: str, table: pd.DataFrame, sources: Sequence[SourceRecord]) -> pd.DataFrame:
    """Return a table of counts of persons without the rows that nobody published, for a page without sign-in.

    Parameters
    ----------
    name
        Of the core table.
    table
        Its rows.
    sources
        What the tables rest on.
    """
    contract = contracts.CONTRACTS.get(name)
    if contract is None or contract.persons != Persons.UNPUBLISHED or not (ids := restricted(sources, name)):
        return table
    hide = pd.Series(data=False, index=table.index)
    for column in contract.person_columns:
        hide |= of_source(table, column, ids)
    return table[~hide]


def protected(name: str, table: pd.DataFrame, sources: Sequence[SourceRecord], gemeenten: pd.DataFrame) -> pd.DataFrame:
    """Return a table as computations may read it: no figure made of it tells a count that nobody published.

    A score with all its decimals is as good as the count itself: who knows the formula tries every count. So what
    is computed starts from protected counts. From 10 on a count stands for its class of five (12 for 10 to 14);
    counts from 1 to 9 stand for their part, by inhabitants, of what the small ones of their veiligheidsregio make
    together, and that sum is rounded to tens and keeps every one of the nine possible for each. A region with
    fewer than three small counts is taken together with the others of that kind. Nought stays nought.

    Parameters
    ----------
    name
        ``exposure`` or ``incidence``; other tables pass unchanged.
    table
        The table, by its contract, as it was delivered.
    sources
        Where the snapshot's figures came from; they say which are not published.
    gemeenten
        gemeente_code, vr_code and population_n of every gemeente.
    """
    ids = restricted(sources, name) if name in _MEASURED_PER_GEMEENTE else ()
    if not ids or not len(table):
        return table
    table = table.copy()
    areas = gemeenten.set_index("gemeente_code")
    contract = contracts.CONTRACTS[name]
    place = table["gemeente_code"].map(areas["vr_code"]).fillna("")
    together = _as_one(table, [key for key in contract.key if key != "gemeente_code"])
    inhabitants = table["gemeente_code"].map(areas["population_n"]).fillna(0).clip(lower=1).astype(float)
    for column in contract.person_columns:
        count = table[column].astype(float)
        secret = of_source(table, column, ids) & (count > 0)
        small = secret & (count < SMALLEST_PERSONS_N)
        value = count.where(~secret | small, _CLASS_N * np.floor(count / _CLASS_N) + _CLASS_N // 2)
        groups = pd.DataFrame({"vr": place, "key": together, "n": count, "weight": inhabitants})[small]
        few = groups.groupby(["vr", "key"])["n"].transform("size") < FEWEST_CONTRIBUTORS_N
        groups.loc[few, "vr"] = TOTAL
        by = groups.groupby(["vr", "key"])
        parts = shared_n(by["n"].transform("sum"), by["n"].transform("size"))
        parts *= groups["weight"] / by["weight"].transform("sum")
        value[small] = parts.clip(upper=SMALLEST_PERSONS_N - 1)
        table[column] = value
        table.loc[secret, _column_about(table, column, "status")] = codes.Status.ESTIMATE.value
    return table


def _as_one(table: pd.DataFrame, columns: Sequence[str]) -> pd.Series:
    """Return columns as one text per row, whole columns at a time."""
    first, *others = (table[column].astype(str) for column in columns)
    return first.str.cat(others, sep="|")


def shared_n(total: pd.Series, cells: pd.Series) -> pd.Series:
    """Return what small counts make together, in tens, so that each of them may still be anything from 1 to 9."""
    largest = SMALLEST_PERSONS_N - 1
    lowest = 10 * np.ceil((cells + 4) / 10)  # below this a cell of 9 would be impossible, so these are one class
    highest = 10 * np.floor((largest * (cells - 1) + 6) / 10)  # above this a cell of 1 would be
    tens = (10 * np.floor(total / 10 + 0.5)).clip(lowest, highest)
    tens = tens.where(tens > lowest, (cells + lowest + 4) / 2)
    return tens.where(cells >= FEWEST_CONTRIBUTORS_N, cells * SMALLEST_PERSONS_N / 2)


def _column_about(table: pd.DataFrame, column: str, what: str) -> str:
    """Return the column that tells the status or the source of a figure: its own, else the row's."""
    return f"{column}_{what}" if f"{column}_{what}" in table.columns else what


def of_source(table: pd.DataFrame, column: str, ids: Sequence[str]) -> pd.Series:
    """Tell of each row whether its figure is of one of the sources; all are, when none says so.

    Parameters
    ----------
    table
        With the source of its figures in a column.
    column
        The figure.
    ids
        Of the sources.
    """
    names = table[_column_about(table, column, "source")]
    found = pd.Series(data=False, index=table.index)
    for source_id in ids:
        found |= names.str.contains(source_id, regex=False)
    return found if found.any() else ~found


def persons_by_region(found: Snapshot, column: str) -> pd.DataFrame:
    """Return counts of persons per veiligheidsregio and sector with their margins, protected where needed.

    Parameters
    ----------
    column
        ``workers_n`` or ``migrant_workers_n``.

    Returns
    -------
    pandas.DataFrame
        vr_code and sector_code (`TOTAL` is all), the column, ``is_withheld`` and ``rounded_to``.
    """
    if column not in contracts.CONTRACTS["exposure"].person_columns:
        raise UnknownCodeError(f"There is no count of persons {column!r}; choose workers_n or migrant_workers_n.")
    return _persons(found.path, found.data_version, column).copy()


@lru_cache(maxsize=4)
def _persons(folder: Path, _data_version: str, column: str) -> pd.DataFrame:
    """Sum, suppress and round, once per version of the data."""
    found = snapshot.read_core(folder)
    exposure = found.table("exposure")
    exposure = exposure[exposure["sector_code"].isin(codes.SECTORS) & (exposure["year"] == exposure["year"].max())]
    region = found.table("gemeenten").set_index("gemeente_code")["vr_code"]
    cells = exposure.assign(vr_code=exposure["gemeente_code"].map(region))
    order = {"index": list(codes.VR_CODES), "columns": list(codes.SECTORS)}

    def summed(name: str) -> Array:
        wide = cells.pivot_table(index="vr_code", columns="sector_code", values=name, aggfunc="sum")
        return with_margins(wide.reindex(**order).fillna(0).to_numpy(float))

    values = summed(column)
    ids = restricted(found.sources, "exposure")
    withheld = np.zeros(values.shape, bool)
    if ids:
        secret = cells.assign(secret=of_source(cells, column, ids).astype(float)).pivot_table(
            index="vr_code", columns="sector_code", values="secret", aggfunc="max"
        )
        is_secret = np.zeros(values.shape, bool)
        is_secret[:-1, :-1] = secret.reindex(**order).fillna(0).to_numpy(float) > 0
        # A margin that holds a secret figure is one itself.
        is_secret[-1, :] = is_secret.any(axis=0)
        is_secret[:, -1] = is_secret.any(axis=1)
        sensitive = primary(values, summed("establishments_n")) & is_secret
        withheld = suppress(values, sensitive, _earlier(column))
        _remember(column, withheld)
        values = np.where(is_secret, rounded(values), values)
    rows = [*codes.VR_CODES, TOTAL]
    columns = [*codes.SECTORS, TOTAL]
    return pd.DataFrame(
        {
            "vr_code": np.repeat(rows, len(columns)),
            "sector_code": np.tile(columns, len(rows)),
            column: np.where(withheld, np.nan, values).ravel(),
            "is_withheld": withheld.ravel(),
            "rounded_to": ROUNDED_TO if ids else 1,
        }
    )


def _earlier(column: str) -> Mask | None:
    path = settings.data_dir() / "core" / f"withheld_{column}.json"
    return np.array(json.loads(path.read_text("utf-8")), bool) if path.is_file() else None


def _remember(column: str, withheld: Mask) -> None:
    path = settings.data_dir() / "core" / f"withheld_{column}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    with store.whole_file(path) as part:
        part.write_text(json.dumps(withheld.astype(int).tolist()), "utf-8")


def count(table: pd.DataFrame, by: Sequence[str]) -> pd.DataFrame:
    """Return how many rows there are per value of some columns, as ``n``.

    Examples
    --------
    >>> count(pd.DataFrame({"kind": ["a", "b", "a"]}), ["kind"]).values.tolist()
    [['a', 2], ['b', 1]]
    """
    return table.groupby(list(by), sort=True).size().rename("n").reset_index()


def merge_small(counts: pd.DataFrame) -> pd.DataFrame:
    """Return counts of cases per veiligheidsregio with cells below 3 merged into the national line.

    The national line (``vr_code`` '') holds everything. A region's cell is left out when it is below 3. While
    what is left out of a line is one cell, or still below 3 together, its smallest shown cell goes too:
    subtraction would give it back.

    Parameters
    ----------
    counts
        Columns with ``vr_code`` among them and ``n``, one row per combination.

    Examples
    --------
    >>> table = pd.DataFrame({"vr_code": ["VR01", "VR02", "VR03", "VR04"], "n": [9, 1, 4, 5]})
    >>> merge_small(table).values.tolist()
    [['VR01', 9], ['VR04', 5], ['', 19]]
    """
    if "vr_code" not in counts.columns:
        return without_small(counts)
    others = [column for column in counts.columns if column not in ("vr_code", "n")]
    cell = _as_one(counts, others) if others else pd.Series("", index=counts.index)
    wide = counts.assign(cell=cell).pivot_table(index="vr_code", columns="cell", values="n", aggfunc="sum")
    wide = wide.reindex(codes.VR_CODES).fillna(0)
    values = wide.to_numpy(float)
    merged = values < SMALLEST_CASES_N
    while (partner := next(_lonely(values, merged), None)) is not None:
        merged[partner] = True
    is_merged = pd.DataFrame(merged, wide.index, wide.columns).stack()  # noqa: PD013 - a Series
    kept = counts[~is_merged.reindex(pd.MultiIndex.from_arrays([counts["vr_code"], cell])).to_numpy(bool)]
    nation = counts.assign(vr_code=TOTAL).groupby(["vr_code", *others])["n"].sum().reset_index()
    return pd.concat([kept, without_small(nation[counts.columns])], ignore_index=True)


def without_small(counts: pd.DataFrame) -> pd.DataFrame:
    """Return national counts of cases without the lines below 3, and without one more where that is left alone.

    One line that is left out could be had by subtraction from the sum of all, so the smallest that is left goes too.

    Examples
    --------
    >>> table = pd.DataFrame({"kind": ["a", "b", "c", "d"], "n": [9, 2, 4, 7]})
    >>> without_small(table).values.tolist()
    [['a', 9], ['d', 7]]
    """
    out = counts["n"] < SMALLEST_CASES_N
    while out.any() and not out.all() and (out.sum() == 1 or counts.loc[out, "n"].sum() < SMALLEST_CASES_N):
        out |= counts.index == counts.loc[~out, "n"].idxmin()
    return counts[~out].reset_index(drop=True)


def _lonely(values: Array, merged: Mask) -> Iterator[tuple[int, int]]:
    """Give the smallest shown cell of each line whose left-out part is one cell or still below 3."""
    for axis in (0, 1):
        for number in range(values.shape[1 - axis]):
            cells, out = (values[:, number], merged[:, number]) if axis == 0 else (values[number], merged[number])
            left_out = cells[out].sum()
            if left_out and not out.all() and (out.sum() == 1 or left_out < SMALLEST_CASES_N):
                partner = int(np.argmin(np.where(out, np.inf, cells)))
                yield (partner, number) if axis == 0 else (number, partner)
