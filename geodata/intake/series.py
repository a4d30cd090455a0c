"""Series of cases: one row per place and moment, counted or counting up, whole weeks alone."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

import numpy as np
import pandas as pd

from geodata.errors import InEach, InputError
from geodata.intake import cells, columns
from geodata.intake.columns import ColumnMapping, Fields, fold_header
from geodata.intake.files.table import Table
from geodata.intake.places import Kind, Places
from geodata.intake.receipt import Line, Receipt

COUNTED, CUMULATIVE = "counted", "cumulative"
SERIES: Final = (COUNTED, CUMULATIVE)
"""What the figures of a file are: the cases of each day or week, or all cases up to it."""

_MANY_STEPS_N: Final = 8
_FALLS_ALLOWED: Final = 0.02
_HIGH: Final = 50.0  # cases; a level from which small steps upward alone are no chance
_SMALL_STEP: Final = 0.35
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


def refuse_repeated(rows: pd.DataFrame, table: Table, chosen: Mapping[str, str]) -> None:
    """Stop where two rows stand for the same disease, place and day; name the column that tells them apart.

    Parameters
    ----------
    rows
        The cases, a row per disease, place and day.
    table
        As read from the file.
    chosen
        The column of each field that was found.

    Raises
    ------
    InputError
        With the two rows.
    """
    has_days = rows["day"].notna().all()
    key = ["disease", "area_code", "day" if has_days else "week"]
    doubled = rows.duplicated(key, keep=False)
    if not doubled.any():
        return
    first = rows[doubled].iloc[0]
    group = rows[doubled & rows[key].eq(first[key]).all(axis="columns")]
    cells_there = table.frame.loc[group.index]
    unread = [
        name
        for name in table.frame.columns
        if name not in chosen.values() and name != "geometry" and cells_there[name].astype("str").unique().size > 1
    ]
    when = first["day"].date().isoformat() if has_days else first["week"]
    numbers = ", ".join(str(number) for number in group["row_n"].head(2))
    if unread:
        raise InputError(
            "rows_differ_unread", name=table.name, a=first["area_code"], when=when, numbers=numbers, b=unread[0]
        )
    raise InputError("rows_for_one_moment", name=table.name, a=first["area_code"], when=when, numbers=numbers)


def counted(rows: pd.DataFrame, series: str, headers: Mapping[str, str], where: str, receipt: Receipt) -> pd.DataFrame:
    """Return the cases of each day or week: as they are, or the steps of a series that counts up.

    Parameters
    ----------
    rows
        disease, area_code, week, day, cases_n and row_n.
    series
        ``counted`` or ``cumulative`` where a user said which; '' to judge.
    headers
        The header of every field that was read, which may say that a series counts up.

    Raises
    ------
    InputError
        The series counts up, and nobody said so.
    """
    moment = "day" if rows["day"].notna().all() else "week"
    ordered = rows.sort_values(["disease", "area_code", moment], kind="stable")
    step = ordered.groupby(["disease", "area_code"])["cases_n"].diff()
    if series == CUMULATIVE:
        is_first = ~ordered.duplicated(["disease", "area_code"])
        fell = step.lt(0)
        for number in ordered.loc[fell, "row_n"]:
            receipt.change(int(number), "fell")
        receipt.note("steps_taken", n=int(is_first.sum()))
        return ordered.assign(cases_n=step.mask(fell))[~is_first]
    if not series and (_says_cumulative(headers) or _looks_cumulative(ordered["cases_n"], step)):
        raise InputError("series_adds_up", where=where, moment=InEach(moment, nl="dag" if moment == "day" else moment))
    return ordered


def _says_cumulative(headers: Mapping[str, str]) -> bool:
    """Tell whether the headers say that cases count up, as those of RIVM's older file do."""
    folded = {name: fold_header(header) for name, header in headers.items()}
    is_rivm = folded.get("date") == "date of report" and folded.get("cases") == "reported"
    return "cumul" in headers.get("cases", "").casefold() or is_rivm


def _looks_cumulative(level: pd.Series, step: pd.Series) -> bool:
    """Tell whether series only rise, by steps that are small compared with what they have reached."""
    rises, falls = step.gt(0), step.lt(0)
    moves_n = int(rises.sum() + falls.sum())
    if moves_n < 2 or falls.sum() > _FALLS_ALLOWED * moves_n:
        return False
    reached, size = level[rises], step[rises]
    is_slow = float((size / reached).median()) < _SMALL_STEP
    return is_slow and (moves_n >= _MANY_STEPS_N or float(reached.median()) >= _HIGH)


def without_unfinished(rows: pd.DataFrame, receipt: Receipt) -> pd.DataFrame:
    """Leave out the last week where the days of the file end within it, and tell so.

    Days that are always the same day of the week stand for whole weeks; a file of one week alone is kept as it is.
    """
    if rows.empty or rows["day"].isna().any():
        return rows
    last = rows["day"].max()
    week = last.strftime("%G-W%V")
    if last.weekday() == 6 or rows["day"].dt.day_of_week.unique().size == 1:
        return rows
    if rows["week"].unique().size == 1:
        receipt.note("unfinished_kept", week=week, day=last.date().isoformat())
        return rows
    receipt.note("unfinished_week", week=week, day=last.date().isoformat(), n=int(rows["week"].eq(week).sum()))
    return rows[rows["week"].ne(week)]


def to_long(table: Table, fields: Fields, mapping: ColumnMapping, places: Places) -> Table:
    """Return a table with its weeks or days, and places, down; one that has them down already is given back as it is.

    Parameters as for `geodata.intake.columns.choose`, with the gemeenten by code and name, of every year.

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

    Parameters as for `geodata.intake.columns.choose`, with the gemeenten by code and name, of every year.

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
    day = cells.as_date(header)
    if day is not None and not pd.isna(day):
        return "", day.date().isoformat()
    week = cells.week_of(header)
    return (week, "") if week else None


def _moments(table: Table) -> Mapping[str, tuple[str, str]]:
    """Return the columns whose header is a week or a day, with the week or the day as text."""
    headers = [str(name) for name in table.frame.columns]
    return {header: found for header in headers if (found := moment_of(header))}
