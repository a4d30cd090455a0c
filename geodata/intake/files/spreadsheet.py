"""The table that a workbook of whatever kind holds: in the one visible sheet with one, or in the one that was chosen.

It is opened within bounds: its sheets, their typed rows, and what a person does not see.
"""

import hashlib
import io
import re
import warnings
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd

from geodata.codes import CBS_GROUPS
from geodata.errors import InputError
from geodata.intake.files import other_books, statline
from geodata.intake.files.statline import years_over_weeks
from geodata.intake.files.table import (
    MAX_BYTES,
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
UNREADABLE: Final = (
    OSError,
    ValueError,
    KeyError,
    TypeError,
    AttributeError,
    IndexError,
    SyntaxError,
    RuntimeError,
    EOFError,
    NotImplementedError,
    zipfile.BadZipFile,
    zlib.error,
    zipfile.LargeZipFile,
)
"""What openpyxl raises for a file that is not what its ending says; XML errors are SyntaxErrors."""

_STRICT: Final = b"http://purl.oclc.org/ooxml/spreadsheetml/main"
_USUAL_WORDS: Final = {
    _STRICT: b"http://schemas.openxmlformats.org/spreadsheetml/2006/main",
    b"http://purl.oclc.org/ooxml/officeDocument/relationships": b"http://schemas.openxmlformats.org/officeDocument/2006/relationships",
}
_LAST_COLUMN: Final = 16_384
_MAX_RATIO: Final = 500  # unpacked to packed: a table of equal cells reaches some 100, a bomb thousands
_SMALL_BYTES: Final = 50 << 20


def open_book(content: bytes, name: str) -> Any:
    """Open a workbook for reading its values, after a look at how big it will be.

    Raises
    ------
    InputError
        It is no workbook, or too big when unpacked.
    """
    if content.startswith(other_books.OLD_EXCEL):
        return other_books.open_book(content, name)
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as packed:
            parts = packed.infolist()
    except UNREADABLE as error:
        raise InputError("workbook_unreadable", name=name) from error
    _refuse_bomb(parts, len(content), name)
    if any(part.flag_bits & 1 for part in parts):
        raise InputError("file_has_password", name=name)
    import openpyxl  # noqa: PLC0415 - slow to load, for workbooks alone

    # it warns programmers of styles and checks that it does not know; a figure is never among them
    warnings.filterwarnings("ignore", category=UserWarning, module=r"openpyxl\.")
    try:
        return openpyxl.load_workbook(io.BytesIO(content), data_only=True, read_only=True, keep_links=False)
    except UNREADABLE as error:
        raise InputError("workbook_unreadable", name=name) from error


def _refuse_bomb(parts: list[zipfile.ZipInfo], packed_n: int, name: str) -> None:
    """Stop before anything is unpacked that some kilobytes may say is gigabytes."""
    unpacked_n = sum(part.file_size for part in parts)
    if unpacked_n > MAX_BYTES or (unpacked_n > _SMALL_BYTES and unpacked_n > _MAX_RATIO * packed_n):
        raise InputError("workbook_unpacks_big", name=name, a=unpacked_n >> 20)


def usual(content: bytes, name: str) -> bytes:
    """Return a spreadsheet as a workbook that is read here: OpenDocument and "Strict Open XML" written anew.

    A workbook of old Excel stays as it is: written anew, a table of two million cells takes six times as long.

    Raises
    ------
    InputError
        It is no spreadsheet.
    """
    if Path(name).suffix.lower() == ".ods":
        return other_books.as_workbook(content, name)
    if content.startswith(other_books.OLD_EXCEL):
        return content
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as packed:
            _refuse_bomb(packed.infolist(), len(content), name)
            if "xl/workbook.xml" not in packed.namelist() or _STRICT not in packed.read("xl/workbook.xml"):
                return content
            held = io.BytesIO()
            with zipfile.ZipFile(held, "w", zipfile.ZIP_DEFLATED) as made:
                for part in packed.infolist():
                    made.writestr(part.filename, _in_usual_words(packed.read(part)))
    except InputError:
        raise
    except UNREADABLE as error:
        raise InputError("workbook_unreadable", name=name) from error
    return held.getvalue()


def _in_usual_words(part: bytes) -> bytes:
    for strict, usual in _USUAL_WORDS.items():
        part = part.replace(strict, usual)
    return part


def whole_book(path: Path) -> tuple[bytes, Any]:
    """Return the content of a workbook, and the workbook.

    Raises
    ------
    InputError
        It is not there, or is no workbook.
    """
    if not path.is_file():
        raise InputError("workbook_absent", name=path.name)
    if path.suffix.lower() not in (".xlsx", ".xlsm", ".xls", ".ods"):
        raise InputError("is_no_workbook", name=path.name)
    content = usual(path.read_bytes(), path.name)
    return content, open_book(content, path.name)


def digest(content: bytes) -> str:
    """Return the SHA-256 of a content."""
    return hashlib.sha256(content).hexdigest()


def visible_sheets(book: Any) -> list[str]:
    """Return the titles of the sheets that a person sees on opening the workbook."""
    return [sheet.title for sheet in book.worksheets if sheet.sheet_state == "visible"]


def hidden_sheets(book: Any) -> list[str]:
    """Return the titles of the sheets that are hidden; they are never read."""
    return [sheet.title for sheet in book.worksheets if sheet.sheet_state != "visible"]


def chosen_sheets(visible: list[str], hidden: list[str], asked: str, name: str) -> list[str]:
    """Return the visible sheets to look at: all, or the one that was asked for.

    Parameters
    ----------
    visible
        Titles of the sheets that a person sees.
    hidden
        Titles of those that a person does not see.
    asked
        The sheet that was chosen; '' is none.
    name
        What errors call the file.

    Raises
    ------
    InputError
        There is none, or it is hidden.
    """
    if not visible:
        raise InputError("no_visible_sheet", name=name)
    if not asked:
        return visible
    found = [title for title in visible if title.strip().casefold() == asked.strip().casefold()]
    if not found:
        is_hidden = asked.casefold() in {title.casefold() for title in hidden}
        raise InputError(
            "sheet_is_hidden" if is_hidden else "sheet_absent", sheet=asked, name=name, sheets=", ".join(visible)
        )
    return found


def rows_of(book: Any, title: str, name: str, *, as_shown: bool = False) -> Iterator[list[Any]]:
    """Yield the rows of a sheet, typed as in the workbook; blanks behind the last cell are cut.

    Parameters
    ----------
    as_shown
        Give percentages as a person sees them: 12.5 where the sheet holds .125 and shows 12.5 %.

    Raises
    ------
    InputError
        The sheet is damaged.
    """
    sheet = book[title]
    try:
        sheet.reset_dimensions()  # what a program wrote there is often wrong
        number = 0
        for row in sheet.iter_rows():
            row_n = next((cell.row for cell in row if getattr(cell, "row", None)), number + 1)
            while number + 1 < row_n:  # rows that are not in the file are blank rows
                number += 1
                yield []
            number += 1
            cells = [_percents(cell) if as_shown else cell.value for cell in row]
            while cells and (cells[-1] is None or cells[-1] == ""):
                cells.pop()
            yield cells
    except UNREADABLE as error:
        raise InputError("sheet_unreadable", name=name, title=title) from error


def _percents(cell: Any) -> Any:
    value = cell.value
    is_percent = isinstance(value, int | float) and not isinstance(value, bool) and "%" in str(cell.number_format)
    return round(value * 100, 9) if is_percent else value


def refuse_unanswered(content: bytes, title: str, name: str) -> None:
    """Stop where a cell holds a formula that was never calculated: its value would silently be nothing.

    Parameters
    ----------
    content
        The bytes of the file.
    title
        Of the sheet.
    name
        What errors call the file.

    Raises
    ------
    InputError
        With the first such cell.
    """
    if content.startswith(other_books.OLD_EXCEL):  # it holds an answer for every formula
        return
    import openpyxl  # noqa: PLC0415 - slow to load, for workbooks alone

    try:
        with zipfile.ZipFile(io.BytesIO(content)) as packed:
            sheets = [part for part in packed.namelist() if re.fullmatch(r"xl/worksheets/[^/]+\.xml", part)]
            if not any(b"<f" in packed.read(part) for part in sheets):
                return
        both = [
            openpyxl.load_workbook(io.BytesIO(content), data_only=only, read_only=True)[title] for only in (False, True)
        ]
    except UNREADABLE as error:
        raise InputError("workbook_unreadable", name=name) from error
    for sheet in both:
        sheet.reset_dimensions()
    for asked, answered in zip(*(sheet.iter_rows() for sheet in both), strict=False):
        for cell, value in zip(asked, answered, strict=False):
            if (
                isinstance(cell.value, str)
                and cell.value.startswith("=")
                and value.value is None
                and cell.data_type == "f"
                and not cell.value.upper().startswith("=HYPERLINK(")
            ):
                raise InputError("formula_uncalculated", name=name, coordinate=cell.coordinate)


def xml_of(content: bytes, sheet: Any, name: str) -> bytes:
    """Return a sheet as it is written, for what openpyxl does not tell while it reads row by row.

    Parameters
    ----------
    content
        The bytes of the file.
    sheet
        Of openpyxl.
    name
        What errors call the file.

    Raises
    ------
    InputError
        The workbook is damaged.
    """
    if content.startswith(other_books.OLD_EXCEL):
        return bytes(sheet.xml)
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as packed:
            return packed.read(sheet._worksheet_path)  # noqa: SLF001 - openpyxl tells it nowhere else
    except UNREADABLE as error:
        raise InputError("sheet_unreadable", name=name, title=sheet.title) from error


def hidden_parts(xml: bytes) -> list[Line]:
    """Return how many rows and columns of a sheet a person does not see; they are read all the same."""
    hidden = re.compile(rb'<(?:\w+:)?(row|col) [^>]*\bhidden="(?:1|true)"[^>]*>')
    rows_n = columns_n = 0
    for match in hidden.finditer(xml):
        # one element stands for neighbouring columns; those to the end of the sheet hold nothing
        first, last = (int((re.search(rb'\b%b="(\d+)"' % end, match[0]) or [0, 1])[1]) for end in (b"min", b"max"))
        rows_n += match[1] == b"row"
        columns_n += (last - first + 1 if last < _LAST_COLUMN else 1) if match[1] == b"col" else 0
    return [Line("hidden_parts", {"rows_n": rows_n, "columns_n": columns_n})] if rows_n or columns_n else []


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
    content = usual(content, name)
    book = open_book(content, name)
    visible = visible_sheets(book)
    wanted = chosen_sheets(visible, hidden_sheets(book), options.sheet, name)
    cells_n, candidates = 0, []
    for title in wanted:
        rows: list[list[Cell]] = []
        for row in rows_of(book, title, name):
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
    refuse_unanswered(content, found.title, name)
    others = [title for title in visible if title != found.title]
    notes = [Line("sheet", {"sheet": found.title})] if len(visible) > 1 or options.sheet else []
    xml = xml_of(content, book[found.title], name)
    notes += hidden_parts(xml)
    notes += _write_out_merged(found.rows, found.place.head, xml, knows) if found.place else []
    notes += [Line("sheets_passed", {"sheets": ", ".join(others)})] if others else []
    notes += [Line("sheets_hidden", {"n": len(hidden_sheets(book))})] if hidden_sheets(book) else []
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
