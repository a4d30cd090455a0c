"""StatLine's layout "volgens tabelindeling": headings over several rows, turned into one row per figure.

Above the figures stands one row per heading, its name in the last column before them: Onderwerp, and every
dimension that was put at the top. What comes out is StatLine's long layout: a column per dimension and one per
subject, so that the readers know one layout only.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from geodata.intake.cells import is_bare_week
from geodata.intake.files.table import Cell, Knows, header_text, is_blank

_SUBJECT: Final = re.compile(r"(onderwerp(en)?|topics?)(_\d+)?", re.IGNORECASE)
_PERIOD: Final = re.compile(r"(perioden?|periods?)", re.IGNORECASE)
_FIGURE: Final = re.compile(r"[-+]?[\d.,\s]+\*{0,2}|[.x-]|")
_WITHIN_N: Final = 15


@dataclass(frozen=True)
class Block:
    """Where the headings stand.

    Attributes
    ----------
    first, head
        Positions of the first and the last row of headings.
    stub_n
        Columns before the figures.
    subject
        Position of the row of subjects.
    """

    first: int
    head: int
    stub_n: int
    subject: int


def find(rows: Sequence[Sequence[Any]]) -> Block | None:
    """Return where the headings stand; None for a table of another layout."""
    for number, row in enumerate(rows[:_WITHIN_N]):
        filled = [position for position, cell in enumerate(row) if _text(cell)]
        if len(filled) < 2 or not _SUBJECT.fullmatch(_text(row[filled[0]])):
            continue
        stub_n = filled[1]
        first = last = number
        while first and _is_heading(rows[first - 1], stub_n):
            first -= 1
        while last + 1 < len(rows) and _is_heading(rows[last + 1], stub_n):
            last += 1
        has_units = last + 1 < len(rows) and _is_last(rows[last + 1], stub_n)
        return Block(first, last + has_units, stub_n, number)
    return None


def _text(cell: Any) -> str:
    return "" if cell is None else str(cell).strip()


def _is_heading(row: Sequence[Any], stub_n: int) -> bool:
    """Tell whether a row names a dimension in the last column before the figures, and its values over them."""
    before = [_text(cell) for cell in row[:stub_n]]
    values = [_text(cell) for cell in row[stub_n:] if _text(cell)]
    if not values or sum(bool(cell) for cell in before) != 1:
        return False
    (name,) = [cell for cell in before if cell]
    if _PERIOD.fullmatch(name) or _SUBJECT.fullmatch(name):
        return True
    return stub_n > 1 and not before[0] and not any(_FIGURE.fullmatch(cell) for cell in values)


def _is_last(row: Sequence[Any], stub_n: int) -> bool:
    """Tell whether a row closes the headings: the names of the columns before the figures, and the units."""
    values = [_text(cell) for cell in row[stub_n:] if _text(cell)]
    return any(_text(cell) for cell in row[:stub_n]) and not any(_FIGURE.fullmatch(cell) for cell in values)


def to_long(
    block: Block, rows: Sequence[Sequence[Any]], frame: pd.DataFrame, row_n: NDArray[np.int64]
) -> tuple[pd.DataFrame, NDArray[np.int64]]:
    """Return the figures in StatLine's long layout, with the row in the file of each.

    Parameters
    ----------
    block
        Where StatLine's headings and figures lie.
    rows
        All rows of the sheet.
    frame
        The figures, a column per column of the sheet.
    row_n
        The row in the file of each row.
    """
    width = frame.shape[1]
    last = rows[block.head]
    has_units = block.head != block.subject and not _is_heading(last, block.stub_n)
    stubs = [(_text(cell) if has_units else "") for cell in [*last, *[""] * width][: block.stub_n]]
    stubs = [name or f"kolom {number + 1}" for number, name in enumerate(stubs)]
    if not has_units:
        stubs = ["Regio's" if number == 0 else name for number, name in enumerate(stubs)]
    heads = {
        number: _filled([*rows[number], *[""] * width][block.stub_n : width])
        for number in range(block.first, block.head + (not has_units))
    }
    names = {number: next(_text(cell) for cell in rows[number][: block.stub_n] if _text(cell)) for number in heads}
    dimensions = [number for number in heads if number != block.subject]
    parts = []
    order = np.arange(len(frame))
    by_key: dict[tuple[str, ...], list[int]] = {}
    for position in range(width - block.stub_n):
        by_key.setdefault(tuple(heads[number][position] for number in dimensions), []).append(position)
    for key, positions in by_key.items():
        part = frame.iloc[:, : block.stub_n].set_axis(stubs, axis="columns").copy()
        for number, value in zip(dimensions, key, strict=True):
            part[names[number]] = value
        for position in positions:
            part[heads[block.subject][position]] = frame.iloc[:, block.stub_n + position]
        parts.append(part.assign(_order=order))
    if not parts:  # headings without a figure below them
        parts = [frame.iloc[:, : block.stub_n].set_axis(stubs[:width], axis="columns").assign(_order=order)]
    long = pd.concat(parts, ignore_index=True)
    numbers = row_n[long.pop("_order").to_numpy()] if len(long) else row_n
    return long, numbers


def _filled(cells: Sequence[Any]) -> list[str]:
    """Return headings with those of merged cells written out."""
    found: list[str] = []
    for cell in cells:
        found.append(_text(cell) or (found[-1] if found else ""))
    return found


_YEAR: Final = re.compile(r"(?:jaar|year)?\s*(20\d{2})\s*\*{0,2}", re.IGNORECASE)
_LABEL: Final = re.compile(r"(week|jaar|year|wk|kalender|iso|maand)\w*\b.*", re.IGNORECASE)
_FEWEST_N: Final = 2  # weeks; one number below a year could be a figure


@dataclass(frozen=True)
class Headings:
    """Where the two rows stand, and the header that they make.

    Attributes
    ----------
    first, head
        Positions of the row of years and of the row of weeks.
    """

    first: int
    head: int
    header: list[Cell]


def years_over_weeks(rows: Sequence[Sequence[Cell]], head: int, knows: Knows) -> Headings | None:
    """Return the header of a table whose header row, or the one above it, holds years, and the other bare weeks.

    Parameters
    ----------
    head
        Position of what seems to be the header.

    Examples
    --------
    >>> rows = [["", "2020", "", "2021"], ["gemeente", "52", "53", "1"], ["Ede", "5", "6", "7"]]
    >>> years_over_weeks(rows, 1, lambda header: header if header == "gemeente" else "").header
    ['gemeente', '2020-W52', '2020-W53', '2021-W01']
    """
    for top in (head - 1, head):
        if top >= 0 and top + 1 < len(rows):
            # below a header may stand a first row of figures: its cells are no headers
            header = _together(rows[top], rows[top + 1], knows if top == head else None)
            if header:
                return Headings(top, top + 1, header)
    return None


def _together(above: Sequence[Cell], below: Sequence[Cell], knows: Knows | None) -> list[Cell]:
    years = {number: match[1] for number, cell in enumerate(above) if (match := _YEAR.fullmatch(header_text(cell)))}
    first = min(years, default=len(below))
    weeks = [number for number in range(first, len(below)) if is_bare_week(header_text(below[number]))]
    labels = [header_text(cell) for cell in below[:first] if knows and not is_blank(cell)]
    if len(weeks) < _FEWEST_N or not all(knows and (_LABEL.fullmatch(text) or knows(text)) for text in labels):
        return []
    has_words = any(header_text(below[number])[:1].isalpha() for number in weeks)
    if knows and len(weeks) <= len(years) and not has_words:
        return []  # a figure below each year, not weeks of it
    header: list[Cell] = []
    year = ""
    for number in range(max(len(above), len(below))):
        top, low = (header_text(row[number]) if number < len(row) else "" for row in (above, below))
        year = years.get(number, year)
        if number in weeks:
            digits = re.sub(r"\D", "", low.removesuffix(".0"))
            header.append(f"{year}-W{int(digits):02d}")
        else:
            # what names the rows of the header names no column
            header.append(next((text for text in (low, top) if text and not _LABEL.fullmatch(text)), ""))
    return header
