"""Headings over two rows: the years in one, the weeks of each year in the row below it."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from geodata.intake.days import is_bare_week
from geodata.intake.files.table import Cell, Knows, header_text, is_blank

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
