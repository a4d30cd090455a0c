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
_LOOKED_AT_N = 1_000
_NEARLY_ALL = 0.9  # the share of the cells that are places, where the header of their column does not say it
_MOST = 0.5  # the share of the columns that are places, where places stand across


def to_long(table: Table, fields: Fields, mapping: ColumnMapping, places: Places) -> Table:
    """Return a table with its weeks or days, and places, down; one that has them down already is given back as it is.

    Parameters
    ----------
    table
        As read from the file.
    fields
        The headers by which each field is known.
    mapping
        What the user said of the columns.
    places
        The gemeenten by code and name, of every year.

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


def places_said(table: Table, fields: Fields, mapping: ColumnMapping, places: Places) -> ColumnMapping:
    """Return a mapping that also names the column of places, where its header says nothing and its cells do.

    Parameters
    ----------
    table
        As read from the file.
    fields
        The headers by which each field is known.
    mapping
        What the user said of the columns.
    places
        The gemeenten by code and name, of every year.

    Examples
    --------
    >>> from geodata.intake.places import known_places
    >>> frame = pd.DataFrame({"Rijlabels": ["Ede", "Utrecht", "Eindtotaal"], "2020-W36": ["5", "6", "11"]})
    >>> fields = {"gemeente": ["gemeente"], "region": ["regio"], "cases": ["aantal"]}
    >>> table = Table("a.csv", frame, np.array([2, 3, 4]), "")
    >>> places_said(table, fields, ColumnMapping(), known_places()).columns
    {'gemeente': 'Rijlabels'}
    """
    chosen = columns.choose(table, fields, mapping)
    if {"gemeente", "region"} & set(chosen):
        return mapping
    for header in table.frame.columns:
        if header == "geometry" or header in chosen.values():
            continue
        different = [text for text in columns.as_texts(table.frame[header]).unique() if text]
        if not all(any(letter.isalpha() for letter in text) for text in different):
            continue  # a number could be a figure as well as a code
        kinds = [(places.find(text).kind, places.region(text).kind) for text in different[:_LOOKED_AT_N]]
        for level, found in (
            ("gemeente", [kind for kind, _ in kinds]),
            ("region", [kind for _, kind in kinds]),
        ):
            of_level = sum(kind is (Kind.GEMEENTE if level == "gemeente" else Kind.REGION) for kind in found)
            if of_level and of_level + sum(kind is Kind.TOTAL for kind in found) >= _NEARLY_ALL * len(found):
                return replace(mapping, columns={**mapping.columns, level: str(header)})
    return mapping


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


def moment_of(header: str) -> tuple[str, str] | None:
    """Return the week, or the day, that a header is; None where it is neither.

    Examples
    --------
    >>> moment_of("2020-W37"), moment_of("7-9-2020"), moment_of("aantal")
    (('2020-W37', ''), ('', '2020-09-07'), None)
    """
    day = days.as_date(header)
    if day is not None and not pd.isna(day):
        return "", day.date().isoformat()
    week = days.week_of(header)
    return (week, "") if week else None


def _moments(table: Table) -> Mapping[str, tuple[str, str]]:
    """Return the columns whose header is a week or a day, with the week or the day as text."""
    headers = [str(name) for name in table.frame.columns]
    return {header: found for header in headers if (found := moment_of(header))}
