"""Cases with the weeks or days across, a column each: turned into one row per place and moment."""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pandas as pd

from geodata.intake import columns, days
from geodata.intake.columns import ColumnMapping, Fields
from geodata.intake.files.table import Table
from geodata.intake.receipt import Line

_FEWEST_N = 2  # columns that are weeks or days; one could be a title


def to_long(table: Table, fields: Fields, mapping: ColumnMapping) -> Table:
    """Return a table with its weeks or days down; one that has them down already is given back as it is.

    Examples
    --------
    >>> frame = pd.DataFrame({"gemeente": ["Ede"], "2020-W36": ["5"], "2020-W37": ["6"]})
    >>> fields = {"gemeente": ["gemeente"], "week": ["week"], "cases": ["aantal"], "date": ["datum"]}
    >>> long = to_long(Table("a.csv", frame, np.array([2]), ""), fields, ColumnMapping()).frame
    >>> long.to_numpy().tolist()
    [['Ede', '2020-W36', '5'], ['Ede', '2020-W37', '6']]
    """
    chosen = columns.choose(table, fields, mapping)
    if "cases" in chosen or "week" in chosen or "date" in chosen:
        return table
    moments = _moments(table)
    if len(moments) < _FEWEST_N:
        return table
    kind = "week" if all(week for week, _ in moments.values()) else "date"
    frame = table.frame
    kept = [name for name in frame.columns if name not in moments]
    name, cases = fields[kind][0], fields["cases"][0]
    parts = [
        frame[kept].assign(**{name: (week if kind == "week" else day), cases: frame[header]})
        for header, (week, day) in moments.items()
    ]
    order = np.tile(np.arange(len(frame)), len(parts))
    long = pd.concat(parts, ignore_index=True)
    by_row = np.argsort(order, kind="stable")
    note = Line("moments_across", {"n": len(moments), "first": next(iter(moments))})
    return replace(
        table,
        frame=long.iloc[by_row].reset_index(drop=True),
        row_n=table.row_n[order[by_row]],
        notes=(*table.notes, note),
    )


def has_moments(table: Table) -> bool:
    """Tell whether weeks or days stand across."""
    return len(_moments(table)) >= _FEWEST_N


def _moments(table: Table) -> Mapping[str, tuple[str, str]]:
    """Return the columns whose header is a week or a day, with the week or the day as text."""
    found = {}
    for header in map(str, table.frame.columns):
        day = days.as_date(header)
        if day is not None and not pd.isna(day):
            found[header] = ("", day.date().isoformat())
        elif week := days.week_of(header):
            found[header] = (week, "")
    return found
