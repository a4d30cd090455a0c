"""The table that a workbook holds: in the one visible sheet with one, or in the sheet that was chosen."""

import re
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import pandas as pd

from geodata.codes import CBS_GROUPS
from geodata.errors import InputError
from geodata.intake.files import books, statline
from geodata.intake.files.statline import years_over_weeks
from geodata.intake.files.table import (
    MAX_CELLS_N,
    MAX_ROWS_N,
    Cell,
    Knows,
    Options,
    Place,
    Table,
    column_number,
    find_header,
    header_text,
    is_blank,
    lines_above,
    named,
    only_first,
    only_rows,
    width_of,
    with_units,
)
from geodata.intake.receipt import Line

_MEASURES: Final = frozenset({"cases", "beds", "fte", "m2", "value", *CBS_GROUPS})
"""Fields whose figure, in a cell merged over several rows, is of these rows together."""


@dataclass(frozen=True)
class _Found:
    title: str
    rows: list[list[Cell]]
    place: Place | None
    block: statline.Block | None = None

    @property
    def rank(self) -> int:
        """Tell how much of a table the sheet holds: the fields of its header, and rows below it."""
        if self.block:
            return 1_000
        if self.place is None or len(self.rows) <= self.place.head + 1:
            return 0
        return self.place.known_n


def read(content: bytes, name: str, knows: Knows, options: Options) -> Table:
    """Return the table of a workbook: of the one visible sheet that holds one, or of the sheet that was chosen.

    Parameters
    ----------
    content
        The bytes of the file.
    name
        What errors call the file.
    knows
        Names the field of a header, '' for none.
    options
        What the user answered: sheet, year and the like.

    Raises
    ------
    InputError
        It is damaged or too big, or leaves open which sheet is meant.
    """
    content = books.usual(content, name)
    book = books.open_book(content, name)
    visible = books.visible_sheets(book)
    wanted = books.chosen_sheets(visible, books.hidden_sheets(book), options.sheet, name)
    cells_n, candidates = 0, []
    for title in wanted:
        rows: list[list[Cell]] = []
        for row in books.rows_of(book, title, name):
            cells_n += len(row)
            if len(rows) >= MAX_ROWS_N or cells_n > MAX_CELLS_N // 4:
                raise InputError("too_many_cells", name=name)
            rows.append(row)
        block = statline.find(rows)
        candidates.append(_Found(title, rows, None if block else find_header(rows, knows), block))
    book.close()
    with_rows = [found for found in candidates if any(not is_blank(cell) for row in found.rows for cell in row)]
    if not with_rows:
        raise InputError("file_is_empty", name=name)
    best = max(found.rank for found in with_rows)
    # Where no header is known, the sheet with most rows and columns could be any: then all with a table are meant.
    chosen = (
        [found for found in with_rows if found.rank == best]
        if best
        else [found for found in with_rows if len(found.rows) > 1 and max(width_of(row) for row in found.rows) > 1]
        or with_rows[:1]
    )
    if len(chosen) > 1:
        titles = ", ".join(repr(found.title) for found in chosen)
        raise InputError("sheets_several", name=name, titles=titles)
    (found,) = chosen
    books.refuse_unanswered(content, found.title, name)
    others = [title for title in visible if title != found.title]
    notes = [Line("sheet", {"sheet": found.title})] if len(visible) > 1 or options.sheet else []
    xml = books.xml_of(content, book[found.title], name)
    notes += books.hidden_parts(xml)
    notes += _write_out_merged(found.rows, found.place.head, xml, knows) if found.place else []
    notes += [Line("sheets_passed", {"sheets": ", ".join(others)})] if others else []
    notes += [Line("sheets_hidden", {"n": len(books.hidden_sheets(book))})] if books.hidden_sheets(book) else []
    table = _table_of(found, name, knows)
    return replace(table, notes=(*notes, *table.notes))


def _write_out_merged(rows: list[list[Cell]], head: int, xml: bytes, knows: Knows) -> list[Line]:
    """Write what stands in a cell that was merged downwards into every row that it is for.

    A figure is of these rows together: then none of them has one, and it is told.
    """
    told = []
    for match in re.finditer(rb'<(?:\w+:)?mergeCell [^>]*\bref="([A-Z]{1,3})(\d{1,7}):[A-Z]{1,3}(\d{1,7})"', xml):
        column, first, last = column_number(match[1].decode()), int(match[2]) - 1, int(match[3]) - 1
        if not head < first < last < len(rows) or column >= min(len(rows[first]), len(rows[head])):
            continue
        header, cell = rows[head][column], rows[first][column]
        if isinstance(header, str) and knows(header) in _MEASURES:
            rows[first][column] = None
            told.append(
                Line("merged_figure", {"text": str(cell)[:60], "column": header_text(header), "n": last - first + 1})
            )
            continue
        for row in rows[first + 1 : last + 1]:
            row.extend([None] * (column + 1 - len(row)))
            row[column] = cell
    return told


def _table_of(found: _Found, name: str, knows: Knows) -> Table:
    head = found.block.head if found.block else found.place.head if found.place else 0
    over = years_over_weeks(found.rows, head, knows) if found.place else None
    top, head = (over.first, over.head) if over else (head, head)
    width = max((width_of(row) for row in found.rows[head:]), default=0)
    header = [*(over.header if over else found.rows[head]), *[None] * width][:width]
    if found.place and not over:
        header = _over_two_rows(found.rows, head, header)
    body = [[*row, *[None] * width][:width] for row in found.rows[head + 1 :]]
    frame = pd.DataFrame(body, columns=[str(number) for number in range(width)], dtype=object)
    row_n = np.arange(head + 2, head + 2 + len(body))
    header = header if found.block or not body else with_units(header, body[0])
    told: list[Line] = []
    if not found.block:
        frame, row_n, header, told = only_first(frame, row_n, header, knows)
    frame, row_n, passed = only_rows(frame, row_n, header)
    if found.block:
        frame, row_n = statline.to_long(found.block, found.rows, frame, row_n)
        return Table(name, named(frame, list(frame.columns), name, knows), row_n, "", passed=tuple(passed))
    above = lines_above(found.rows, top)
    return Table(name, named(frame, header, name, knows), row_n, "", passed=(*above, *passed), notes=tuple(told))


def _over_two_rows(rows: list[list[Cell]], head: int, header: list[Cell]) -> list[Cell]:
    """Complete a header whose cells are blank with the cells of the row above that stand over them."""
    if not head or all(not is_blank(cell) for cell in header):
        return header
    above = [*rows[head - 1], *[None] * len(header)]
    return [above[number] if is_blank(cell) else cell for number, cell in enumerate(header)]
