"""Incidence from a file of a user: cases of a disease per gemeente and week, or per day."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd

from geodata.areas import joins, regions
from geodata.errors import InputError, UnknownCodeError
from geodata.intake import cells, columns, days
from geodata.intake.cells import Mark
from geodata.intake.columns import ColumnMapping
from geodata.intake.files import reader
from geodata.intake.files.table import Options, Table
from geodata.intake.places import Kind, Place, Places
from geodata.intake.receipt import Receipt

FIELDS: Final[Mapping[str, list[str]]] = tomllib.loads((Path(__file__).parent / "incidence.toml").read_text("utf-8"))[
    "fields"
]
"""The fields of a file, each with the headers that are recognised without a mapping."""

COUNTED, CUMULATIVE = "counted", "cumulative"
SERIES: Final = (COUNTED, CUMULATIVE)
"""What the figures of a file are: the cases of each day or week, or all cases up to it."""

_MANY_STEPS_N: Final = 8
_FALLS_ALLOWED: Final = 0.02
_HIGH: Final = 50.0  # cases; a level from which small steps upward alone are no chance
_SMALL_STEP: Final = 0.35
_LISTED_N: Final = 20


@dataclass(frozen=True)
class Question:
    """How a user wants a file of cases read.

    Attributes
    ----------
    disease
        The disease where the file has no column for it.
    series
        ``counted`` or ``cumulative``, where the user says which; '' to let a cumulative file be refused.
    options
        The sheet to take.
    is_partial
        Keep what can be kept, also where places are unknown.
    """

    disease: str = ""
    mapping: ColumnMapping = field(default_factory=ColumnMapping)
    series: str = ""
    options: Options = field(default_factory=Options)
    is_partial: bool = False


def read(path: Path, question: Question, places: Places, source: str) -> tuple[pd.DataFrame, Receipt]:
    """Return the contract ``Incidence`` from a file, and its receipt.

    Cases of which the publisher does not know the gemeente are counted in the receipt, and go to no gemeente. A
    week of which a day has no figure has none.

    Raises
    ------
    InputError
        A column is missing, a cell cannot be understood, rows stand for the same days, or the figures never fall.
    UnknownCodeError
        A gemeente is not known; all are listed.
    """
    mapping = question.mapping
    table = reader.read(path, path.name, columns.knows(FIELDS, mapping), question.options, takes_maps=True)
    receipt = table.receipt("incidence")
    chosen = columns.choose(table, FIELDS, mapping)
    _refuse_missing(table, chosen)
    columns.tell_columns(receipt, table, {name: chosen[name] for name in chosen if name != "region"})
    rows = _rows(table, chosen, question, receipt, places)
    _refuse_repeated(rows, table, chosen)
    counted = _counted(rows, question.series, path.name, receipt)
    counted = _without_unfinished(counted, receipt)
    _tell_marks(counted, receipt)
    key = ["disease", "gemeente_code", "week"]
    has_gap = counted["cases_n"].isna().groupby([counted[name] for name in key]).transform("any")
    summed = counted.assign(cases_n=counted["cases_n"].mask(has_gap)).groupby(key, as_index=False)[["cases_n"]]
    weeks = summed.sum(min_count=1)
    changes = regions.changes_from(regions.FIRST_YEAR)
    for heir, absent in joins.incomplete_heirs(weeks["gemeente_code"], changes).items():
        names = ", ".join(places.names.get(code, code) for code in absent)
        receipt.note("part_missing", gemeente=places.names.get(heir, heir), parts=names)
    today = joins.to_today(weeks, changes, ["cases_n"], by=key)
    status = joins.status_after_split(today["is_split"], today["cases_n"])
    receipt.kept_n = len(counted)
    receipt.refuse_if_too_little(is_asked_for=question.is_partial)
    return today.drop(columns="is_split").assign(status=status, source=source), receipt


def _refuse_missing(table: Table, chosen: dict[str, str]) -> None:
    headers = ", ".join(map(str, table.frame.columns))
    if "gemeente" not in chosen and "region" in chosen:
        raise InputError(
            f"{table.name} gives cases per veiligheidsregio or GGD-regio ({chosen['region']}), and the picture needs"
            " them per gemeente; ask for the table per gemeente, or name that column in a mapping (--mapping)."
        )
    missing = [name for name in ("gemeente", "cases") if name not in chosen]
    if missing or not {"week", "date"} & set(chosen):
        raise InputError(
            f"{table.name} lacks a column for {missing[0] if missing else 'week or date'}; it has:"
            f" {headers}. Name it in a mapping (--mapping)."
        )


def _rows(
    table: Table, chosen: Mapping[str, str], question: Question, receipt: Receipt, places: Places
) -> pd.DataFrame:
    """Return the rows that name a gemeente: its code as given, the disease, the week, the day and the cases."""
    frame, mapping, where = table.frame, question.mapping, table.name
    code, kind = _gemeenten(table, chosen, question, receipt, places)
    cases = cells.numbers(frame[chosen["cases"]], f"{where}, {chosen['cases']}", is_whole=True, row_n=table.row_n)
    negative = cases.figures.lt(0)
    if negative.any():
        raise InputError(
            f"{where}, row {table.row_n[negative.to_numpy()][0]}: {cases.figures[negative].iloc[0]:g} cases cannot be;"
            " correct the cell and try again."
        )
    receipt.tally("provisional", cases.provisional_n)
    unknown = kind.eq(Kind.UNKNOWN)
    if unknown.any():
        total = cases.figures[unknown].sum()
        receipt.note("unknown_place", n=int(unknown.sum()), cases_n=f"{total:g}")
    is_row = kind.eq(Kind.GEMEENTE)
    if not is_row.any():
        raise InputError(f"{where} names no gemeente in column {chosen['gemeente']!r}; give the table per gemeente.")
    diseases = columns.texts(frame, chosen, mapping, "disease").replace("", question.disease)
    if diseases[is_row].eq("").any():
        raise InputError(f"{where} does not say of which disease it is; name it with --disease.")
    week, day = _weeks(table, chosen, mapping, is_row)
    rows = pd.DataFrame(
        {
            "disease": diseases,
            "gemeente_code": code,
            "week": week,
            "day": day,
            "cases_n": cases.figures,
            "mark": cases.marks,
            "row_n": table.row_n,
        }
    )
    return rows[is_row]


def _gemeenten(
    table: Table, chosen: Mapping[str, str], question: Question, receipt: Receipt, places: Places
) -> tuple[pd.Series, pd.Series]:
    """Return the code of each row's gemeente, as of its own time, and what sort of place the row names."""
    given = columns.texts(table.frame, chosen, question.mapping, "gemeente")
    other = columns.texts(table.frame, chosen, question.mapping, "gemeente_name")
    pairs = pd.MultiIndex.from_arrays([given, other])
    number, different = pd.factorize(pairs)
    found = [_place(one, name, places) for one, name in different]
    kinds = np.array([place.kind.value for place in found], dtype=object)[number]
    codes = np.array([place.code for place in found], dtype=object)[number]
    for position in np.flatnonzero(np.isin(kinds, [Kind.TOTAL, Kind.OTHER, Kind.REGION, Kind.PROVINCE])).tolist():
        key = "total_row" if kinds[position] == Kind.TOTAL else "other_level"
        receipt.pass_over(table.row_n[position], key, text=given.iloc[position])
    for position in np.flatnonzero(kinds == Kind.UNKNOWN).tolist():
        receipt.pass_over(table.row_n[position], "unknown_row", text=given.iloc[position])
    lost = np.flatnonzero(kinds == Kind.MISS)
    tell_missed(given.iloc[lost], table.row_n[lost], receipt, places)
    if len(lost) and not question.is_partial:
        refuse_missed(receipt, table.name)
    index = table.frame.index
    return pd.Series(codes, index=index, dtype="str"), pd.Series(kinds, index=index, dtype="str")


def _place(given: str, name: str, places: Places) -> Place:
    found = places.find(given)
    if found.kind in (Kind.UNKNOWN, Kind.MISS) and name and name != given:
        other = places.find(name)
        return other if other.kind is Kind.GEMEENTE else found
    return found


def tell_missed(
    given: pd.Series, row_n: "np.ndarray[tuple[int], np.dtype[np.int64]]", receipt: Receipt, places: Places
) -> None:
    """Write into a receipt which places nobody knows, with the nearest names and the rows."""
    by_text: dict[str, list[int]] = {}
    for text, number in zip(given, row_n.tolist(), strict=True):
        by_text.setdefault(str(text)[:60], []).append(number)
        receipt.leave_out(number, "place_unknown", text=str(text)[:60])
    for text, rows in by_text.items():
        receipt.miss(text, places.nearest(text), rows)


def refuse_missed(receipt: Receipt, where: str) -> None:
    """Stop for places that nobody knows, and list them.

    Raises
    ------
    UnknownCodeError
        With every unknown place, its row and the nearest names; nothing has changed by then.
    """
    listed = [
        f"{text} (row {rows[0]}{', like ' + ' or '.join(near) if near else ''})"
        for text, (near, rows) in receipt.places_missed.items()
    ]
    said = "; ".join(listed[:_LISTED_N]) + (f" and {len(listed) - _LISTED_N} more" if len(listed) > _LISTED_N else "")
    raise UnknownCodeError(
        f"{where} holds {len(listed)} code(s) that are no gemeente of that year: {said}; correct them or give the"
        " right year, or leave their rows out with --partial. Nothing was changed."
    )


def _weeks(
    table: Table, chosen: Mapping[str, str], mapping: ColumnMapping, is_row: pd.Series
) -> tuple[pd.Series, pd.Series]:
    """Return the week of each row of a gemeente, and its day where the file gives days."""
    frame, where = table.frame, table.name
    if "week" not in chosen:
        stamps = days.dates(frame[chosen["date"]], f"{where}, {chosen['date']}", table.row_n)
        missing = stamps.isna() & is_row
        if missing.any():
            raise InputError(
                f"{where}: a row has no date (row {table.row_n[missing.to_numpy()][0]}); fill it in and try again."
            )
        return stamps.dt.strftime("%G-W%V"), stamps
    given = columns.texts(frame, chosen, mapping, "week")
    year = columns.texts(frame, chosen, mapping, "year") if "year" in chosen else pd.Series("", index=frame.index)
    pairs = pd.DataFrame({"week": given, "year": year})
    different = pairs.drop_duplicates()
    known = {(week, of): days.week_of(week, of) for week, of in zip(different["week"], different["year"], strict=True)}
    found = pd.Series([known[pair] for pair in zip(given, year, strict=True)], index=frame.index, dtype=object)
    wrong = found.isna() & is_row
    if wrong.any():
        row, text = table.row_n[wrong.to_numpy()][0], given[wrong].iloc[0]
        year_said = f" of {year[wrong].iloc[0]}" if year[wrong].iloc[0] else ""
        raise InputError(
            f"{where}, row {row}: {text!r}{year_said} is no week of the calendar{_weeks_in(text, year[wrong].iloc[0])};"
            " write it as 2020-W37 and try again."
        )
    return found, pd.Series(pd.NaT, index=frame.index)


def _weeks_in(text: str, year: str) -> str:
    """Tell how many weeks a year has, where it was week 53 that is not there."""
    of = year or text[:4]
    if not of.isdigit() or not 1900 <= int(of) <= 9998 or "53" not in text:
        return ""
    last = date(int(of), 12, 28).isocalendar().week
    return f" ({of} has {last} weeks)"


def _refuse_repeated(rows: pd.DataFrame, table: Table, chosen: Mapping[str, str]) -> None:
    """Stop where two rows stand for the same disease, gemeente and day; name the column that tells them apart."""
    has_days = rows["day"].notna().all()
    key = ["disease", "gemeente_code", "day" if has_days else "week"]
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
    numbers = " and ".join(str(number) for number in group["row_n"].head(2))
    if unread:
        raise InputError(
            f"{table.name}: {first['gemeente_code']} has several rows for {when} (rows {numbers}) that differ in"
            f" column {unread[0]!r}, which is not read; keep one row for each, the total over {unread[0]!r}."
        )
    raise InputError(
        f"{table.name}: {first['gemeente_code']} has two rows for {when} (rows {numbers}); keep one of them."
    )


def _counted(rows: pd.DataFrame, series: str, where: str, receipt: Receipt) -> pd.DataFrame:
    """Return the cases of each day or week: as they are, or the steps of a series that counts up."""
    moment = "day" if rows["day"].notna().all() else "week"
    ordered = rows.sort_values(["disease", "gemeente_code", moment], kind="stable")
    step = ordered.groupby(["disease", "gemeente_code"])["cases_n"].diff()
    if series == CUMULATIVE:
        is_first = ~ordered.duplicated(["disease", "gemeente_code"])
        fell = step.lt(0)
        for number in ordered.loc[fell, "row_n"]:
            receipt.change(int(number), "fell")
        receipt.note("steps_taken", n=int(is_first.sum()))
        return ordered.assign(cases_n=step.mask(fell))[~is_first]
    if not series and _looks_cumulative(ordered["cases_n"], step):
        raise InputError(
            f"{where}: the cases of a gemeente never fall from one {moment} to the next, so they look cumulative; give"
            " the new cases of each, or say --series cumulative to take the steps (--series counted to take them as"
            " they are)."
        )
    return ordered


def _looks_cumulative(level: pd.Series, step: pd.Series) -> bool:
    """Tell whether series only rise, by steps that are small beside what they have reached."""
    rises, falls = step.gt(0), step.lt(0)
    moves_n = int(rises.sum() + falls.sum())
    if moves_n < 2 or falls.sum() > _FALLS_ALLOWED * moves_n:
        return False
    reached, size = level[rises], step[rises]
    is_slow = float((size / reached).median()) < _SMALL_STEP
    return is_slow and (moves_n >= _MANY_STEPS_N or float(reached.median()) >= _HIGH)


def _without_unfinished(rows: pd.DataFrame, receipt: Receipt) -> pd.DataFrame:
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


def _tell_marks(rows: pd.DataFrame, receipt: Receipt) -> None:
    """Tell how many cells hold no figure, by what their mark says."""
    for mark, key in (
        (Mark.NIL, "nil"),
        (Mark.SUPPRESSED, "suppressed"),
        (Mark.UNKNOWN, "not_known"),
        (Mark.IMPOSSIBLE, "not_known"),
        (Mark.BLANK, "blank"),
    ):
        receipt.tally(key, int(rows["mark"].eq(mark.value).sum()))
