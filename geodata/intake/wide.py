"""Cases with the weeks, the days or the places across, a column each: turned into one row per place and moment."""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pandas as pd

from geodata.intake import columns, days
from geodata.intake.columns import ColumnMapping, Fields
from geodata.intake.files.table import Table
from geodata.intake.places import Kind, Places
from geodata.intake.receipt import Line

_FEWEST_N = 2  # columns that are weeks or days; one could be a title
# what a column made here is called in a receipt: names that `geodata/intake/incidence.toml` knows
_CALLED = {
    "gemeente": "gemeente",
    "region": "veiligheidsregio",
    "week": "week",
    "date": "datum",
    "cases": "aantal",
}
_MOST = 0.5  # the share of the columns that are places, where places stand across


def to_long(table: Table, fields: Fields, mapping: ColumnMapping, places: Places) -> Table:
    """Return a table with its weeks or days, and places, down; one that has them down already is given back as it is.

    Examples
    --------
    >>> from geodata.intake.places import known_places
    >>> frame = pd.DataFrame({"gemeente": ["Ede"], "2020-W36": ["5"], "2020-W37": ["6"]})
    >>> fields = {"gemeente": ["gemeente"], "week": ["week"], "cases": ["aantal"], "date": ["datum"]}
    >>> long = to_long(Table("a.csv", frame, np.array([2]), ""), fields, ColumnMapping(), known_places()).frame
    >>> long.to_numpy().tolist()
    [['Ede', '2020-W36', '5'], ['Ede', '2020-W37', '6']]
    """
    chosen = columns.choose(table, fields, mapping)
    if "cases" in chosen:
        return table
    cases = _CALLED["cases"]
    if "week" in chosen or "date" in chosen:
        if "gemeente" in chosen or "region" in chosen:
            return table
        level, across = _places_across(table, places)
        return _down(table, _CALLED[level], across, cases, "places_across") if level else table
    moments = _moments(table)
    if len(moments) < _FEWEST_N:
        return table
    kind = "week" if all(week for week, _ in moments.values()) else "date"
    values = {header: week if kind == "week" else day for header, (week, day) in moments.items()}
    return _down(table, _CALLED[kind], values, cases, "moments_across")


def has_places(table: Table, places: Places) -> bool:
    """Tell whether gemeenten or regions stand across."""
    return _places_across(table, places)[0] != ""


def _places_across(table: Table, places: Places) -> tuple[str, Mapping[str, str]]:
    """Return whether most columns are gemeenten or regions, and which those are; '' where they are neither."""
    headers = [str(name) for name in table.frame.columns]
    found = {
        "region": {name: name for name in headers if places.region(name).kind is Kind.REGION},
        "gemeente": {name: name for name in headers if places.find(name).kind is Kind.GEMEENTE},
    }
    level = max(found, key=lambda one: len(found[one]))
    is_most = len(found[level]) >= max(_FEWEST_N, _MOST * len(headers))
    return (level, found[level]) if is_most else ("", {})


def _down(table: Table, name: str, values: Mapping[str, str], cases: str, said: str) -> Table:
    """Return a table with some columns below each other: what each stands for under a name, and its cells."""
    frame = table.frame
    kept = [column for column in frame.columns if column not in values]
    parts = [frame[kept].assign(**{name: value, cases: frame[header]}) for header, value in values.items()]
    order = np.tile(np.arange(len(frame)), len(parts))
    long = pd.concat(parts, ignore_index=True)
    by_row = np.argsort(order, kind="stable")
    note = Line(said, {"n": len(values), "first": next(iter(values))})
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
