"""Establishments per gemeente and SBI group, from a file that a user gives.

A mapping in TOML says which columns hold the code of the gemeente and each group. The mappings that
ship with the product are tried against the file's header, so that StatLine's own export is simply read.
"""

import re
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from geodata.areas import joins, regions
from geodata.codes import CBS_GROUPS
from geodata.errors import InputError
from geodata.intake import cells
from geodata.intake.cells import Mark
from geodata.intake.columns import as_texts, of_year, without_year, years_behind
from geodata.intake.files import reader
from geodata.intake.files.table import Knows, Options, Table
from geodata.intake.places import (
    Kind,
    Place,
    Places,
    different_texts,
    first_names,
    gemeente_of,
    refuse_missed,
    tell_disagreeing,
    tell_missed,
)
from geodata.intake.receipt import Receipt

_MAPPINGS_DIR = Path(__file__).parent / "mappings"
_PASSED = {Kind.TOTAL.value: "total_row", Kind.UNKNOWN.value: "unknown_row"}
_FROM_G_TO_I = r"(SBI[ :]?)?G ?[-–/] ?I\b.*"
_FEWEST_GROUPS_N = 6  # of the eight: a year of CBS's table may lack one or two


@dataclass(frozen=True)
class Mapping:
    """Where a file keeps the code and the groups; every text is a pattern for a whole column title."""

    title: str
    code: str
    groups: dict[str, list[str]]
    name: str = ""
    long: dict[str, str] = field(default_factory=dict)
    optional: dict[str, list[str]] = field(default_factory=dict)


def read_mapping(path: Path) -> Mapping:
    """Return a mapping from its TOML file.

    Raises
    ------
    InputError
        The file is missing, is not TOML, or lacks ``code`` or one of the eight groups.
    """
    try:
        content: dict[str, Any] = tomllib.loads(path.read_text("utf-8"))
        mapping = Mapping(**content)
        for pattern in (mapping.code, mapping.name, *(p for ps in mapping.groups.values() for p in ps)):
            re.compile(pattern)
    except OSError as error:
        raise InputError("mapping_unreadable", path=path, strerror=error.strerror) from error
    except (tomllib.TOMLDecodeError, TypeError, UnicodeDecodeError, re.error) as error:
        raise InputError("mapping_is_no_layout", path=path, error=error) from error
    unknown = set(mapping.groups) - set(CBS_GROUPS)
    if unknown or not mapping.groups:
        raise InputError("mapping_unknown_groups", path=path, a=sorted(unknown), groups=CBS_GROUPS)
    return mapping


@dataclass(frozen=True)
class Question:
    """How a user wants a file of establishments read.

    Attributes
    ----------
    year
        The figures are those of 1 January of this year.
    mapping
        Which columns to read; None to let the header decide.
    options
        The sheet to take.
    is_partial
        Keep what can be kept, also where places are unknown.
    """

    year: int
    mapping: Mapping | None = None
    options: Options = field(default_factory=Options)
    is_partial: bool = False


@cache
def _shipped() -> tuple[Mapping, ...]:
    return tuple(read_mapping(path) for path in sorted(_MAPPINGS_DIR.glob("*.toml")))


def _patterns(mapping: Mapping) -> dict[str, list[str]]:
    """Return the patterns of each role that a header can have in a mapping."""
    roles = {"code": [mapping.code], "name": [mapping.name]}
    roles |= {role: [pattern] for role, pattern in mapping.long.items()}
    return roles if mapping.long else roles | mapping.groups


def _knows(mappings: Sequence[Mapping]) -> Knows:
    @cache
    def role_of(header: str) -> str:
        for mapping in mappings:
            for role, patterns in _patterns(mapping).items():
                plain = without_year(header.strip())
                if any(pattern and re.fullmatch(pattern, plain, re.IGNORECASE) for pattern in patterns):
                    return role
        return ""

    return role_of


def knows() -> Knows:
    """Return what tells the role of a header in the layouts that ship with the product."""
    return _knows(_shipped())


def fits(table: Table) -> bool:
    """Tell whether a table has one of the layouts that ship with the product."""
    frame, _ = of_year(table.frame, year_said(table))
    return any(_fits(frame, mapping) for mapping in _shipped())


def year_said(table: Table) -> int:
    """Return the last year that a column of periods names; 0 where there is none."""
    for mapping in _shipped():
        if mapping.long and _fits(table.frame, mapping):
            for column in _matching(table.frame, mapping.long.get("period", "")):
                years = as_texts(table.frame[column]).str.extract(r"(\d{4})")[0].dropna()
                return int(years.max()) if len(years) else 0
    return max(years_behind(table.frame), default=0)


def _fits(frame: pd.DataFrame, mapping: Mapping) -> bool:
    if not _matching(frame, mapping.code, mapping.name):
        return False
    if mapping.long:
        return all(_matching(frame, mapping.long[role]) for role in ("group", "value"))
    there = [all(_matching(frame, pattern) for pattern in patterns) for patterns in mapping.groups.values()]
    return sum(there) >= min(_FEWEST_GROUPS_N, len(there))


def _mapping_for(frame: pd.DataFrame, where: str) -> Mapping:
    for mapping in _shipped():
        if _fits(frame, mapping):
            return mapping
    raise InputError(
        "layout_unknown",
        where=where,
        a="; ".join(m.title for m in _shipped()),
        b=", ".join(map(str, frame.columns[:12])),
    )


def _matching(frame: pd.DataFrame, *patterns: str) -> list[str]:
    return [
        column
        for pattern in patterns
        if pattern
        for column in frame.columns
        if re.fullmatch(pattern, column, flags=re.IGNORECASE)
    ]


def read(path: Path, question: Question, gemeenten: pd.DataFrame, places: Places) -> tuple[pd.DataFrame, Receipt]:
    """Return establishments per gemeente and group as the file gives them, and the receipt.

    Parameters
    ----------
    path
        CSV or XLSX.
    question
        The year, the mapping and the sheet.
    gemeenten
        Those of today; with the changes they tell which existed in the year.

    Returns
    -------
    tuple
        gemeente_code (as in the file's year), group, establishments_n (NaN where CBS gives no figure); the receipt.

    Raises
    ------
    InputError
        A column is not there, a gemeente occurs twice, or a cell is no count.
    UnknownCodeError
        A place is no gemeente of that year; all are listed.
    """
    mappings = (question.mapping,) if question.mapping else _shipped()
    table = reader.read(path, path.name, _knows(mappings), question.options)
    receipt = table.receipt("establishments")
    if question.mapping is None:
        frame, of = of_year(table.frame, question.year)
        table = replace(table, frame=frame)
        if of and of != question.year:
            receipt.note("other_year", year=question.year, period=of)
    mapping = question.mapping or _mapping_for(table.frame, path.name)
    receipt.note("layout", title=mapping.title)
    known = set(regions.gemeenten_of_year(gemeenten, question.year))
    frame = table.frame.assign(
        gemeente_code=_codes(table, mapping, question, known, receipt, places), row_n=table.row_n
    )
    frame = frame[frame["gemeente_code"] != ""]
    if frame.empty:
        raise InputError("no_gemeente", name=path.name)
    read_from = {"gemeente": (_matching(table.frame, mapping.code) or _matching(table.frame, mapping.name))[0]}
    receipt.kept_n = len(frame)
    if mapping.long:
        frame = _of_period(frame, mapping, question.year, path.name, receipt)
        receipt.kept_n = len(frame)
        frame = _widen(frame, mapping, path.name)
        read_from |= {role: _matching(table.frame, mapping.long[role])[0] for role in ("group", "value")}
    doubled = frame["gemeente_code"].duplicated(keep=False)
    if doubled.any():
        first = frame.loc[doubled, "gemeente_code"].iloc[0]
        numbers = frame.loc[frame["gemeente_code"].eq(first), "row_n"].head(2)
        raise InputError("gemeente_again", name=path.name, first=first, a=", ".join(map(str, numbers)))
    counts, columns_read = _counts(frame, mapping, path.name, receipt)
    receipt.columns_read = read_from | columns_read
    used = {*receipt.columns_read.values()}
    receipt.columns_passed = [str(name) for name in table.frame.columns if name not in used]
    _tell_cover(counts, known, question.year, receipt, places)
    receipt.refuse_if_too_little(is_asked_for=question.is_partial)
    return counts, receipt


def _codes(
    table: Table, mapping: Mapping, question: Question, known: set[str], receipt: Receipt, places: Places
) -> pd.Series:
    """Return the code of each row's gemeente in its year; '' for rows of other areas, which are passed over."""
    frame = table.frame
    columns = _matching(frame, mapping.code)
    names = _matching(frame, mapping.name)
    if not columns and not names:
        raise InputError("no_column_of_gemeenten", name=table.name)
    given = as_texts(frame[(columns or names)[0]])
    other = as_texts(frame[names[0]]) if names else given
    number, different = different_texts(given, other)
    found = [_place(one, name, known, places) for one, name in different]
    shown = given.mask(given.eq(""), other)
    tell_disagreeing(different, number, table.row_n, receipt, places)
    kinds = np.array([place.kind.value for place in found], dtype=object)[number]
    codes = np.array([place.code if place.kind is Kind.GEMEENTE else "" for place in found], dtype=object)[number]
    for position in np.flatnonzero(~np.isin(kinds, [Kind.GEMEENTE, Kind.MISS])).tolist():
        key = _PASSED.get(kinds[position], "other_level")
        key = key if shown.iloc[position] else "unknown_row_blank"
        receipt.pass_over(table.row_n[position], key, text=shown.iloc[position])
    # CBS lists the gemeenten of every year, those of another one without a figure
    is_empty = (kinds == Kind.MISS) & _has_no_figure(frame, mapping)
    for position in np.flatnonzero(is_empty).tolist():
        receipt.pass_over(table.row_n[position], "other_year_empty", text=shown.iloc[position], year=question.year)
    lost = np.flatnonzero((kinds == Kind.MISS) & ~is_empty)
    tell_missed(shown.iloc[lost], table.row_n[lost], receipt, places)
    if len(lost) and len(lost) == int(np.isin(kinds, [Kind.GEMEENTE, Kind.MISS]).sum()) > 1 and not any(codes):
        nearest = next(iter(receipt.places_missed))
        raise InputError("no_gemeente_named", name=table.name, nearest=nearest)
    if len(lost) and not question.is_partial:
        refuse_missed(receipt, table.name)
    return pd.Series(codes, index=frame.index, dtype="str")


def _has_no_figure(frame: pd.DataFrame, mapping: Mapping) -> NDArray[np.bool_]:
    patterns = [mapping.long["value"]] if mapping.long else [one for group in mapping.groups.values() for one in group]
    is_empty = np.ones(len(frame), dtype=bool)
    for column in _matching(frame, *patterns):
        is_empty &= as_texts(frame[column]).isin(["", ".", "-"]).to_numpy()
    return is_empty


def _place(given: str, name: str, known: set[str], places: Places) -> Place:
    found = gemeente_of(given, name, "", places)
    if found.kind is Kind.MISS and name != given and re.fullmatch(r"\d{5,}", given):
        return Place(Kind.OTHER, "", given)  # a wijk or buurt by its number
    if found.kind is Kind.GEMEENTE and found.code not in known:
        return Place(Kind.MISS, "", given)
    return found


def _widen(frame: pd.DataFrame, mapping: Mapping, where: str) -> pd.DataFrame:
    """Turn one row per gemeente and section into one row per gemeente."""
    columns = {}
    for role in ("group", "value"):
        found = _matching(frame, mapping.long[role])
        if not found:
            raise InputError("column_absent", where=where, a=mapping.long[role])
        columns[role] = found[0]
    key = ["gemeente_code", columns["group"]]
    doubled = frame.duplicated(key, keep=False)
    if doubled.any():
        group = frame[frame[key].eq(frame.loc[doubled, key].iloc[0]).all(axis="columns")]
        used = {*key, columns["value"], "row_n"}
        unread = [name for name in frame.columns if name not in used and group[name].astype("str").unique().size > 1]
        rows = ", ".join(map(str, group["row_n"].head(2)))
        raise InputError(
            "section_again_unread" if unread else "section_again", where=where, rows=rows, column="".join(unread[:1])
        )
    sections = as_texts(frame[columns["group"]])
    wide = frame.assign(**{columns["group"]: sections}).pivot_table(
        index="gemeente_code", columns=columns["group"], values=columns["value"], aggfunc="first", dropna=False
    )
    rows = frame.groupby("gemeente_code")["row_n"].min()
    return wide.assign(row_n=rows).reset_index()


def _of_period(frame: pd.DataFrame, mapping: Mapping, year: int, where: str, receipt: Receipt) -> pd.DataFrame:
    """Return the rows of the year that was asked for, where the file holds several."""
    period = _matching(frame, mapping.long.get("period", ""))
    if not period:
        return frame
    given = as_texts(frame[period[0]])
    years = sorted(set(given.str.extract(r"(\d{4})")[0].dropna()))
    if len(set(given)) == 1 or len(years) <= 1:
        if years and years[0] != str(year):
            receipt.note("other_year", year=year, period=given.iloc[0])
        if len(set(given)) > 1:
            raise InputError("more_periods", where=where)
        return frame
    fitting = given[given.str.fullmatch(rf"{year}(JJ00)?\*{{0,2}}")]
    if fitting.empty or fitting.unique().size > 1:
        raise InputError("more_periods", where=where)
    receipt.note("period_taken", period=fitting.iloc[0], n=len(years), rows_n=len(frame) - len(fitting))
    return frame.loc[fitting.index]


def _counts(frame: pd.DataFrame, mapping: Mapping, where: str, receipt: Receipt) -> tuple[pd.DataFrame, dict[str, str]]:
    parts, columns_read, marks = [], {}, pd.Series(dtype="int64")
    absent = [
        group
        for group, patterns in mapping.groups.items()
        if not all(_matching(frame, pattern) for pattern in patterns)
    ]
    if "H+J" in absent and "G+I" not in absent and _matching(frame, _FROM_G_TO_I):
        absent.append("G+I")  # trade, transport and catering together: H is in it
    if len(absent) > len(CBS_GROUPS) - _FEWEST_GROUPS_N or len(absent) == len(mapping.groups):
        pattern = mapping.groups[absent[0]][0]
        raise InputError("group_column_absent", where=where, pattern=pattern)
    for group in absent:
        receipt.note("group_absent", group=group)
    for group, patterns in mapping.groups.items():
        counts = pd.Series(np.nan if group in absent else 0.0, index=frame.index)
        for pattern in patterns if group not in absent else ():
            found = _one_column(frame, pattern, where)
            figures, seen = _numbers(frame[found], f"{where}, {found}", frame["row_n"], receipt)
            counts, marks = counts + figures, marks.add(seen, fill_value=0)
            if not mapping.long:
                columns_read[group] = found
        for pattern in mapping.optional.get(group, []):
            for column in _matching(frame, pattern):
                figures, _ = _numbers(frame[column], f"{where}, {column}", frame["row_n"], receipt)
                counts = counts + figures.fillna(0.0)
        parts.append(
            pd.DataFrame({"gemeente_code": frame["gemeente_code"], "group": group, "establishments_n": counts})
        )
    for mark, key in (
        (Mark.NIL, "nil"),
        (Mark.SUPPRESSED, "suppressed"),
        (Mark.UNKNOWN, "not_known"),
        (Mark.BLANK, "blank"),
    ):
        receipt.tally(key, int(marks.get(mark.value, 0)))
    result = pd.concat(parts, ignore_index=True)
    if result["establishments_n"].isna().all():
        raise InputError("no_figure_at_all", where=where)
    return result, columns_read


def _one_column(frame: pd.DataFrame, pattern: str, where: str) -> str:
    found = _matching(frame, pattern)
    if len(found) != 1:
        raise InputError("group_columns_several" if found else "group_column_absent", where=where, pattern=pattern)
    return found[0]


def _numbers(column: pd.Series, where: str, row_n: pd.Series, receipt: Receipt) -> tuple[pd.Series, pd.Series]:
    """Read counts, and how many cells have which mark instead; anything else that is no count is refused."""
    found = cells.numbers(column, where, is_whole=True, row_n=row_n)
    wrong = found.figures.lt(0)
    if wrong.any():
        raise InputError("cell_no_count", where=where, a=row_n[wrong].iloc[0], b=cells.shown(column[wrong].iloc[0]))
    receipt.tally("provisional", found.provisional_n)
    return found.figures, found.marks[found.marks.ne("")].value_counts()


def _tell_cover(counts: pd.DataFrame, known: set[str], year: int, receipt: Receipt, places: Places) -> None:
    present = set(counts["gemeente_code"])
    if absent := known - present:
        names = first_names(absent, places)
        receipt.note("cover", n=len(absent), total=len(known), year=year, names=names)
    for heir, parts in joins.incomplete_heirs(present, regions.changes_from(year)).items():
        names = ", ".join(places.names.get(code, code) for code in parts)
        receipt.note("part_missing", gemeente=places.names.get(heir, heir), parts=names)
