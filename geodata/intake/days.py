"""Days and weeks as people write them."""

import re
from datetime import date, datetime, timedelta
from typing import Any, Final

import numpy as np
import pandas as pd

from geodata.errors import InputError
from geodata.intake.cells import MARKS, Mark, shown

_MONTHS: Final = {
    "januari": 1,
    "january": 1,
    "jan": 1,
    "februari": 2,
    "february": 2,
    "feb": 2,
    "maart": 3,
    "march": 3,
    "mrt": 3,
    "mar": 3,
    "april": 4,
    "apr": 4,
    "mei": 5,
    "may": 5,
    "juni": 6,
    "june": 6,
    "jun": 6,
    "juli": 7,
    "july": 7,
    "jul": 7,
    "augustus": 8,
    "august": 8,
    "aug": 8,
    "september": 9,
    "sep": 9,
    "sept": 9,
    "oktober": 10,
    "october": 10,
    "okt": 10,
    "oct": 10,
    "november": 11,
    "nov": 11,
    "december": 12,
    "dec": 12,
}
_NO_DATE: Final = frozenset({Mark.BLANK, Mark.NIL, Mark.UNKNOWN, Mark.SUPPRESSED, Mark.IMPOSSIBLE})
_TIME: Final = r"(?:[t ,]+\d{1,2}[:.]\d{2}.*)?"
_ISO: Final = re.compile(rf"(\d{{4}})[-/.](\d{{1,2}})[-/.](\d{{1,2}}){_TIME}")
_DUTCH: Final = re.compile(rf"(?:[a-z]+,? )?(\d{{1,2}})[-/. ]+(\d{{1,2}}|[a-z]+)\.?[-/. ']+(\d{{4}}|\d{{2}}){_TIME}")
_MONTH_FIRST: Final = re.compile(rf"(?:[a-z]+,? )?([a-z]{{3,9}})\.? (\d{{1,2}}),? (\d{{4}}){_TIME}")
_COMPACT: Final = re.compile(r"(20\d{2})(\d{2})(\d{2})")
_SERIAL: Final = re.compile(r"[2-6]\d{4}(?:[.,]\d+)?")
_YEARS: Final = range(1678, 2262)  # beyond them a time stamp ends
_EXCEL_DAY_0: Final = date(1899, 12, 30)


def dates(cells: pd.Series, where: str, row_n: Any = None) -> pd.Series:
    """Return dates: 2020-09-03, 3-9-2020, 03/09/20 (day first), 3 september 2020, 20200903, 44077; NaT for none.

    Parameters
    ----------
    cells
        As read: texts, numbers or dates.
    where
        What errors call the file and its sheet.
    row_n
        The row in the file of each row.

    Raises
    ------
    InputError
        A cell is no date.

    Examples
    --------
    >>> found = dates(pd.Series(["2020-09-03", "3-9-20", "3 september 2020", "44077", "2020/09/03", ""]), "x")
    >>> found.dt.strftime("%d %m %Y").fillna("").tolist()
    ['03 09 2020', '03 09 2020', '03 09 2020', '03 09 2020', '03 09 2020', '']
    """
    if pd.api.types.is_datetime64_any_dtype(cells):
        naive: pd.Series = cells.dt.tz_localize(None).dt.normalize().astype("datetime64[ns]")
        return naive
    rows = pd.Series(range(2, len(cells) + 2) if row_n is None else row_n, index=cells.index)
    texts = cells.map(_date_text) if cells.dtype == object else cells.fillna("").str.strip()
    found = {text: as_date(text) for text in texts.unique()}
    wrong = texts.map({text: value is None for text, value in found.items()}).astype(bool)
    if wrong.any():
        raise InputError("cell_no_date", where=where, a=rows[wrong].iloc[0], b=shown(cells[wrong].iloc[0]))
    stamps: pd.Series = pd.to_datetime(texts.map(found)).astype("datetime64[ns]")
    return stamps


def _date_text(cell: Any) -> str:
    if isinstance(cell, datetime | date):
        return f"{cell.year:04d}-{cell.month:02d}-{cell.day:02d}" if cell == cell else ""  # noqa: PLR0124 - NaT
    if cell is None or (isinstance(cell, float) and np.isnan(cell)):
        return ""
    return str(cell).strip()


def as_date(text: str) -> pd.Timestamp | None:
    """Return the date that a text says, NaT where it says that there is none, None where it is no date."""
    found = _parsed(text.strip().casefold())
    return found if found is None or pd.isna(found) or found.year in _YEARS else None


def _parsed(low: str) -> pd.Timestamp | None:
    if MARKS.get(low) in _NO_DATE:
        return pd.Timestamp("NaT")
    if (match := _MONTH_FIRST.fullmatch(low)) and match[1] in _MONTHS:
        low = f"{match[2]} {match[1]} {match[3]}"
    try:
        if match := _ISO.fullmatch(low) or _COMPACT.fullmatch(low):
            return pd.Timestamp(int(match[1]), int(match[2]), int(match[3]))
        if match := _DUTCH.fullmatch(low):
            year = int(match[3]) + (2000 if len(match[3]) == 2 else 0)
            return pd.Timestamp(year, _MONTHS.get(match[2]) or int(match[2]), int(match[1]))
        if _SERIAL.fullmatch(low):
            return pd.Timestamp(_EXCEL_DAY_0 + timedelta(days=int(float(low.replace(",", ".")))))
    except ValueError:
        return None
    return None


_WEEK_WORD: Final = r"(?:kw|w(?:eek|k)?\.?)?"
_WEEK: Final = (
    re.compile(rf"(?P<year>\d{{4}})\s*[-/,._ ]?\s*{_WEEK_WORD}\s*[-/ ]?(?P<week>\d{{1,2}})", re.IGNORECASE),
    re.compile(
        rf"{_WEEK_WORD}\s*[-/ ]?(?P<week>\d{{1,2}})\s*(?:[-/ ,]+|\s(?:van|of)\s+)\s*(?P<year>\d{{4}})", re.IGNORECASE
    ),
    re.compile(rf"{_WEEK_WORD}\s*[-/ ]?(?P<week>\d{{1,2}})\s*[-/ ,]*['’](?P<year>\d{{2}})", re.IGNORECASE),
    re.compile(r"(?P<year>\d{2})W(?P<week>\d{2})", re.IGNORECASE),
)
_WEEKDAY: Final = re.compile(r"^(\d{4}-?W\d{2})-?[1-7]$", re.IGNORECASE)
_IN_BRACKETS: Final = re.compile(r"([^(]*\d)\s*\(([^)]*)\)")
_BARE_WEEK: Final = re.compile(r"(?:w(?:eek|k)?\.?)?\s*-?(\d{1,2})(?:\.0)?", re.IGNORECASE)


def week_of(text: str, year: str = "") -> str | None:
    """Return a week of the calendar as 2020-W37; None where the text is none.

    Parameters
    ----------
    year
        What stands in a column of its own, where the text is a number alone.

    Examples
    --------
    >>> [week_of(text) for text in ("2020-W37", "202037", "2020 week 37", "week 37, 2020")]
    ['2020-W37', '2020-W37', '2020-W37', '2020-W37']
    >>> week_of("37", "2020"), week_of("2021-W53"), week_of("week 37 (7 t/m 13 september 2020)")
    ('2020-W37', None, '2020-W37')
    >>> week_of("7-9-2020 t/m 13-9-2020"), week_of("2020-09-07"), week_of("wk 37 '20"), week_of("2020 (week 37)")
    ('2020-W37', '2020-W37', '2020-W37', '2020-W37')
    """
    text = _WEEKDAY.sub(r"\1", text.strip().rstrip("*").rstrip())
    if behind := _IN_BRACKETS.fullmatch(text):  # the days of the week, which may tell its year
        if re.fullmatch(r"\d{4}", behind[1].strip()):
            return week_of(behind[2], behind[1].strip())
        years = set(re.findall(r"\b\d{4}\b", behind[2]))
        return week_of(behind[1], year or (years.pop() if len(years) == 1 else ""))
    bare = _BARE_WEEK.fullmatch(text) if year else None
    found = next((match for pattern in _WEEK if (match := pattern.fullmatch(text))), None)
    try:
        if bare:
            number, of = int(bare[1]), int(float(year))
        elif found:
            number, of = int(found["week"]), int(found["year"]) + (2000 if len(found["year"]) == 2 else 0)
        else:
            return _week_of_day(text)
        date.fromisocalendar(of, number, 1)
    except ValueError:
        return None
    return f"{of:04d}-W{number:02d}"


def is_bare_week(text: str) -> bool:
    """Tell whether a text is the number of a week without its year.

    Examples
    --------
    >>> is_bare_week("wk 37"), is_bare_week("37"), is_bare_week("2020-W37"), is_bare_week("week 60")
    (True, True, False, False)
    """
    found = _BARE_WEEK.fullmatch(text.strip())
    return found is not None and 1 <= int(found[1]) <= 53


_FROM_TO: Final = re.compile(r"(?P<first>.*\d)\s*(?:-|–|t/m|tot en met|to|until)\s+(?P<last>\d.*)", re.IGNORECASE)


def _week_of_day(text: str) -> str | None:
    """Return the week of a day that stands for it, or of its first and last day."""
    both = _FROM_TO.fullmatch(text)
    days = [as_date(part) for part in ([both["first"], both["last"]] if both else [text])]
    weeks = {day.strftime("%G-W%V") for day in days if day is not None and not pd.isna(day)}
    return weeks.pop() if len(weeks) == 1 and all(day is not None for day in days) else None
