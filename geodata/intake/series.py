"""Series of cases: one row per place and moment, counted or counting up, whole weeks alone."""

from collections.abc import Mapping
from typing import Final

import pandas as pd

from geodata.errors import InEach, InputError
from geodata.intake.columns import fold_header
from geodata.intake.files.table import Table
from geodata.intake.receipt import Receipt

COUNTED, CUMULATIVE = "counted", "cumulative"
SERIES: Final = (COUNTED, CUMULATIVE)
"""What the figures of a file are: the cases of each day or week, or all cases up to it."""

_MANY_STEPS_N: Final = 8
_FALLS_ALLOWED: Final = 0.02
_HIGH: Final = 50.0  # cases; a level from which small steps upward alone are no chance
_SMALL_STEP: Final = 0.35


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
    """Tell whether series only rise, by steps that are small beside what they have reached."""
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
