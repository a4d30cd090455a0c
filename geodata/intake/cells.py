"""Cells as people write them: numbers of either notation, days and weeks, and the marks of publishers.

One column has one decimal mark, decided from all its cells: ``0,875`` and ``12,5`` say that the comma is it, and
then ``1.234`` is 1234. A typed number of a workbook is never read again as text.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Any, Final

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute

from geodata.errors import InputError

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


class Mark(StrEnum):
    """What a cell without a figure says, by its publisher's key."""

    FIGURE = ""
    NIL = "nil"  # CBS: "-"
    SUPPRESSED = "suppressed"  # "x", "geheim", "<5": withheld to protect persons or firms
    UNKNOWN = "unknown"  # CBS: "."; "n.b.", "#N/B": there is a figure, nobody gives it
    IMPOSSIBLE = "not_applicable"  # "n.v.t.": there can be no figure
    BLANK = "blank"  # CBS: there can be no figure; elsewhere: nobody filled it in
    UNREADABLE = "unreadable"  # a text that is neither a number nor a known mark


MARKS: Final[Mapping[str, Mark]] = {
    "": Mark.BLANK,
    "-": Mark.NIL,
    "–": Mark.NIL,
    "—": Mark.NIL,
    "nihil": Mark.NIL,
    "nil": Mark.NIL,
    "geen": Mark.NIL,
    "x": Mark.SUPPRESSED,
    "geheim": Mark.SUPPRESSED,
    "secret": Mark.SUPPRESSED,
    "confidential": Mark.SUPPRESSED,
    "vertrouwelijk": Mark.SUPPRESSED,
    "*": Mark.SUPPRESSED,
    "onderdrukt": Mark.SUPPRESSED,
    "suppressed": Mark.SUPPRESSED,
    "afgeschermd": Mark.SUPPRESSED,
    ".": Mark.UNKNOWN,
    "..": Mark.UNKNOWN,
    "...": Mark.UNKNOWN,
    "…": Mark.UNKNOWN,
    "?": Mark.UNKNOWN,
    "n.b.": Mark.UNKNOWN,
    "n.b": Mark.UNKNOWN,
    "nb": Mark.UNKNOWN,
    "onbekend": Mark.UNKNOWN,
    "unknown": Mark.UNKNOWN,
    "niet bekend": Mark.UNKNOWN,
    "niet beschikbaar": Mark.UNKNOWN,
    "not available": Mark.UNKNOWN,
    "nan": Mark.UNKNOWN,
    "nat": Mark.UNKNOWN,
    "none": Mark.UNKNOWN,
    "null": Mark.UNKNOWN,
    "na": Mark.UNKNOWN,
    "n/a": Mark.UNKNOWN,
    "n.a.": Mark.UNKNOWN,
    "<na>": Mark.UNKNOWN,
    "#n/b": Mark.UNKNOWN,
    "#n/a": Mark.UNKNOWN,
    "#nb": Mark.UNKNOWN,
    "missing": Mark.UNKNOWN,
    "#deel/0!": Mark.UNKNOWN,
    "#div/0!": Mark.UNKNOWN,
    "#leeg!": Mark.UNKNOWN,
    "#null!": Mark.UNKNOWN,
    "n.v.t.": Mark.IMPOSSIBLE,
    "nvt": Mark.IMPOSSIBLE,
    "n.v.t": Mark.IMPOSSIBLE,
    "niet van toepassing": Mark.IMPOSSIBLE,
    "not applicable": Mark.IMPOSSIBLE,
    "impossible": Mark.IMPOSSIBLE,
}
_WITHHELD: Final = re.compile(
    r"(<|<=|≤|&lt;|kleiner dan|minder dan|onder de|less than|fewer than)\s*\d+|\d+\s*(-|–|t/m|tot|of|à)\s*\d+|"
    r"(tussen(?: de)?|between)\s\d+\s(en|and)\s\d+|"
    r"(>|>=|≥|&gt;|meer dan|vanaf|minstens|ten minste|minimaal|more than|over|at least|from)\s*\d+|"
    r"\d+\s*(\+|of meer|en meer|en hoger|or more|and over|and more)",
    re.IGNORECASE,
)
_UNITS: Final = re.compile(
    r"\s*(m2|m²|fte'?s?|bedden|slaapplaatsen|plaatsen|personen|pers\.?|werknemers|medewerkers|stuks|st\.?|"
    r"gevallen|meldingen|vestigingen|inwoners)$",
    re.IGNORECASE,
)
_PROVISIONAL: Final = re.compile(r"(?<=\d)\s*\*{1,2}$")
_GROUPED_BY_BLANKS: Final = re.compile(r"[+-]?\d{1,3}(?:[ \u00a0\u202f\u2009'’]\d{3})+(?:[.,]\d+)?")
_BLANKS: Final = " \u00a0\u202f\u2009\t'’"
_CODED: Final = (-99_995, -99_996, -99_997, -99_998, -99_999, -99_999_999)  # of CBS's maps: there is no figure
_BIGGEST: Final = 1e15  # beyond it a float no longer holds every whole number


@dataclass(frozen=True)
class Numbers:
    """The figures of a column.

    Attributes
    ----------
    figures
        Floats; NaN where there is no figure.
    marks
        Per row, a `Mark`: why there is no figure.
    provisional_n
        Cells that their publisher calls provisional (``1.235*``).
    doubtful
        A cell that could be read two ways where nothing in the column decides; '' for none.
    """

    figures: pd.Series
    marks: pd.Series
    provisional_n: int = 0
    doubtful: str = ""
    words: Mapping[str, int] = field(default_factory=dict)


def numbers(
    cells: pd.Series,
    where: str,
    *,
    is_whole: bool = False,
    groups: bool | None = None,
    row_n: Any = None,
    refuses: bool = True,
) -> Numbers:
    """Return the numbers of a column, whichever way they are written, and why a cell has none.

    Parameters
    ----------
    cells
        Texts, or the typed cells of a workbook.
    where
        File and column, for the sentence of an error.
    is_whole
        The field counts things: a fraction is refused.
    groups
        Read ``1.234`` as 1234 where nothing in the column decides; by default, where the field counts things.
    row_n
        The number of each row in the file.
    refuses
        Refuse a text that is no number; else mark it unreadable.

    Raises
    ------
    InputError
        A cell is no number, a count has a fraction, or a column is written in two notations.

    Examples
    --------
    >>> numbers(pd.Series(["1.234,5", "12,5", "", ".", "1.234"]), "x").figures.tolist()
    [1234.5, 12.5, nan, nan, 1234.0]
    >>> numbers(pd.Series(["1.234", "1 234", "7", "<5"]), "x", is_whole=True).figures.tolist()
    [1234.0, 1234.0, 7.0, nan]
    >>> numbers(pd.Series([0.875, "812,125", 1.234]), "x").figures.tolist()
    [0.875, 812.125, 1.234]
    """
    groups = is_whole if groups is None else groups
    rows = pd.Series(range(2, len(cells) + 2) if row_n is None else row_n, index=cells.index)
    if pd.api.types.is_bool_dtype(cells):
        cells = cells.astype(object)
    if pd.api.types.is_numeric_dtype(cells):
        values = pd.Series(cells.to_numpy(dtype=float, na_value=np.nan), index=cells.index)
        found = Numbers(values, _marks(values.isna(), Mark.BLANK))
    elif pd.api.types.is_datetime64_any_dtype(cells):
        raise InputError("column_of_dates", where=where)
    else:
        quick = _quick(cells, may_hold_groups=groups or is_whole)
        found = (
            Numbers(quick, _marks(quick.isna(), Mark.BLANK))
            if quick is not None
            else _slow(cells, where, groups=groups, rows=rows)
        )
    wrong = found.marks.eq(Mark.UNREADABLE)
    if refuses and wrong.any():
        raise InputError(
            "cell_no_count" if is_whole else "cell_no_number",
            where=where,
            a=rows[wrong].iloc[0],
            b=shown(cells[wrong].iloc[0]),
        )
    if is_whole:
        found = _whole(found, cells, where, rows, refuses=refuses)
    return found


def shown(cell: Any) -> str:
    """Return a cell as the sentence of an error shows it."""
    return repr(str(cell)[:60])


def _marks(where: pd.Series, mark: Mark) -> pd.Series:
    words = pd.array(["", mark.value], dtype="str")
    return pd.Series(words.take(where.to_numpy(dtype=int)), index=where.index)


def _quick(cells: pd.Series, *, may_hold_groups: bool) -> pd.Series | None:
    """Return plain numbers and blanks at once; None where a cell wants a closer look."""
    try:
        texts = pa.Array.from_pandas(cells)
        if not pa.types.is_string(texts.type) and not pa.types.is_large_string(texts.type):
            return None
        has_point = pa.compute.match_substring(texts, ".")
        if pa.compute.any(has_point).as_py():
            # 1.200 can be read two ways: then all cells of the column are looked at together
            either = pa.compute.match_substring_regex(texts, r"^[+-]?[1-9]\d{0,2}\.\d{3}$")
            decided = pa.compute.any(pa.compute.and_(has_point, pa.compute.invert(either))).as_py()
            if may_hold_groups or not decided:
                return None
        found = pa.compute.cast(pa.compute.if_else(pa.compute.equal(texts, ""), None, texts), pa.float64())
    except pa.ArrowException:
        return None
    values = pd.Series(found.to_numpy(zero_copy_only=False), index=cells.index)
    blank = pa.compute.or_kleene(pa.compute.is_null(texts), pa.compute.equal(texts, ""))
    is_blank = pa.compute.fill_null(blank, fill_value=True).to_numpy(zero_copy_only=False)
    return values if bool((np.isfinite(values) | is_blank).all()) else None


def _slow(cells: pd.Series, where: str, *, groups: bool, rows: pd.Series) -> Numbers:
    """Read each different text once; what all of them say together decides the decimal mark."""
    values = pd.Series(np.nan, index=cells.index)
    marks = pd.Series(Mark.FIGURE.value, index=cells.index, dtype=object)
    if cells.dtype == object:
        typed = cells.map(
            lambda cell: isinstance(cell, int | float | np.number) and not isinstance(cell, bool | np.bool_)
        )
        typed = typed.astype(bool)
        values[typed] = pd.to_numeric(cells[typed]).astype(float)
        marks[typed & values.isna()] = Mark.BLANK.value
        is_other = cells.map(lambda cell: isinstance(cell, bool | np.bool_ | datetime | date)).astype(bool)
        marks[is_other] = Mark.UNREADABLE.value
        texts = cells[~typed & ~is_other]
        texts = texts.where(texts.notna(), "").astype("str")
    else:
        texts = cells.fillna("").astype("str")
    codes, different = pd.factorize(texts)
    read = _Notation(where, [str(text) for text in different], lambda text: int(rows[texts.index[texts.eq(text)][0]]))
    plain, why = read.figures(groups=groups)
    values.loc[texts.index] = plain[codes] if len(different) else []
    marks.loc[texts.index] = why[codes] if len(different) else []
    seen = pd.Series(marks[texts.index]).ne("")
    counted = texts[seen].str.strip().str.casefold().value_counts()
    provisional_n = int(np.isin(codes, np.flatnonzero(read.provisional)).sum())
    is_doubtful = read.doubtful if not read.mark else ""
    return Numbers(
        values, marks.astype("str"), provisional_n, is_doubtful, {str(w): int(n) for w, n in counted.items() if w}
    )


_POINT: Final = re.compile(
    r"[+-]?(\d*\.(\d{1,2}|\d{4,})|0\.\d+|\.\d+|\d{4,}\.\d+|\d{1,3}(,\d{3})+\.\d+|[1-9]\d{0,2}(,\d{3}){2,}|\d*\.?\d+[eE][+-]?\d+)"
)
_EITHER: Final = re.compile(r"[+-]?[1-9]\d{0,2}[.,]\d{3}")


class _Notation:
    """What the different texts of a column say about its decimal mark."""

    def __init__(self, where: str, texts: list[str], row_of: Any) -> None:
        self.plain: list[str] = []
        self.provisional = np.zeros(len(texts), bool)
        self.doubtful = ""
        evidence: dict[str, str] = {}
        either: dict[str, str] = {}
        for number, text in enumerate(texts):
            bare = text.strip(_BLANKS)
            cleaned = _PROVISIONAL.sub("", bare)
            self.provisional[number] = cleaned != bare
            cleaned = _UNITS.sub("", cleaned) if cleaned[:1].isdigit() else cleaned
            if _GROUPED_BY_BLANKS.fullmatch(cleaned):
                cleaned = re.sub(r"[^\d.,+-]", "", cleaned)
                if "." in cleaned or "," in cleaned:
                    evidence.setdefault("." if "." in cleaned else ",", text)
            cleaned = cleaned.replace("\u2212", "-")
            self.plain.append(cleaned)
            if _EITHER.fullmatch(cleaned):
                either.setdefault("." if "." in cleaned else ",", text)
            elif _POINT.fullmatch(cleaned) and not cleaned.isdigit():
                evidence.setdefault(".", text)
            elif _POINT.fullmatch(cleaned.translate(_SWAPPED)) and not cleaned.isdigit():
                evidence.setdefault(",", text)
        if len(evidence) > 1:
            one, other = (row_of(evidence[mark]) for mark in (".", ","))
            raise InputError("two_notations", where=where, a=evidence["."], one=one, b=evidence[","], other=other)
        self.mark = next(iter(evidence), "")
        self._either = either
        if not self.mark and either:
            self.doubtful = next(iter(either.values()))
        self._where, self._row_of = where, row_of

    def figures(self, *, groups: bool) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
        """Return for each text its number, and its mark where it has none."""
        if not self.mark and not groups and len(self._either) > 1:
            point, comma = self._either["."], self._either[","]
            raise InputError(
                "decimal_mark_unclear",
                where=self._where,
                point=point,
                a=self._row_of(point),
                comma=comma,
                b=self._row_of(comma),
            )
        found, why = np.full(len(self.plain), np.nan), np.full(len(self.plain), "", dtype=object)
        for number, text in enumerate(self.plain):
            value = self._number(text, groups=groups)
            if value is None:
                low = text.casefold()
                mark = MARKS.get(low, Mark.SUPPRESSED if _WITHHELD.fullmatch(low) else Mark.UNREADABLE)
                why[number] = mark.value
                found[number] = 0.0 if mark is Mark.NIL else np.nan
            else:
                found[number] = value
        return found, why

    def _number(self, text: str, *, groups: bool) -> float | None:
        if not text or text[-1] not in "0123456789":
            return None
        if _EITHER.fullmatch(text) and not self.mark and groups:
            return float(re.sub(r"[.,]", "", text))
        mark = self.mark or ("," if "," in text else ".")
        other = "." if mark == "," else ","
        if other in text:
            whole, _, rest = text.partition(mark)
            if not re.fullmatch(rf"[+-]?[1-9]\d{{0,2}}(\{other}\d{{3}})+", whole) or other in rest:
                return None
        plain = text.replace(other, "").replace(mark, ".")
        if not re.fullmatch(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d{1,3})?", plain):
            return None
        value = float(plain)
        return value if np.isfinite(value) else None


_SWAPPED: Final = str.maketrans(",.", ".,")


def _whole(found: Numbers, cells: pd.Series, where: str, rows: pd.Series, *, refuses: bool) -> Numbers:
    coded = found.figures.isin(_CODED)
    if coded.any():
        words = dict(cells[coded].astype("str").value_counts())
        marks = found.marks.mask(coded, Mark.UNKNOWN.value)
        found = Numbers(found.figures.mask(coded), marks, found.provisional_n, found.doubtful, {**found.words, **words})
    values = found.figures
    wrong = values.notna() & ((values % 1 != 0) | values.abs().gt(_BIGGEST))
    if not wrong.any():
        return found
    if refuses:
        raise InputError("count_with_fraction", where=where, a=rows[wrong].iloc[0], b=shown(cells[wrong].iloc[0]))
    return Numbers(
        values.mask(wrong),
        found.marks.mask(wrong, Mark.UNREADABLE.value),
        found.provisional_n,
        found.doubtful,
        found.words,
    )


def has_decimal_comma(column: pd.Series, *, at_all: bool = False) -> bool:
    """Tell whether a column writes decimals with a comma beyond doubt, or holds a comma at all."""
    if pd.api.types.is_numeric_dtype(column) or pd.api.types.is_datetime64_any_dtype(column):
        return False
    texts = column[column.map(lambda cell: isinstance(cell, str) and "," in cell)] if column.dtype == object else column
    with_comma = texts[texts.fillna("").str.contains(",", regex=False)].str.strip(_BLANKS)
    if at_all:
        return bool(len(with_comma))
    return any(
        not _EITHER.fullmatch(text) and _POINT.fullmatch(text.translate(_SWAPPED)) for text in with_comma.unique()
    )


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
