"""Workbooks of other kinds, made into those that are read here: OpenDocument (.ods) and the Excel before 2007 (.xls).

CBS gave its key figures as .xls until a few years ago.
"""

import io
import re
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from xml.etree import ElementTree as ET

from geodata.errors import InputError
from geodata.intake.files.table import MAX_BYTES, MAX_CELLS_N, column_letter

_CONTENT: Final = "content.xml"
_MANIFEST: Final = "META-INF/manifest.xml"
_MANIFEST_BYTES: Final = 16 << 20  # it names the parts of a workbook: some kilobytes
_MOST_CELLS_N: Final = 2_000_000
_MOST_COLUMNS_N: Final = 16_384
_MOST_ROWS_N: Final = 1_048_576
_ROWS: Final = "table:number-rows-repeated"
_COLUMNS: Final = "table:number-columns-repeated"
_BROKEN: Final = (OSError, EOFError, ValueError, KeyError, RuntimeError, NotImplementedError, zipfile.BadZipFile)
_NAMES: Final = {
    "table": "{urn:oasis:names:tc:opendocument:xmlns:table:1.0}",
    "office": "{urn:oasis:names:tc:opendocument:xmlns:office:1.0}",
    "text": "{urn:oasis:names:tc:opendocument:xmlns:text:1.0}",
    "style": "{urn:oasis:names:tc:opendocument:xmlns:style:1.0}",
}
OLD_EXCEL: Final = b"\xd0\xcf\x11\xe0"
"""The first bytes of a file of this kind; a workbook of today with a password begins so too."""

_OLD_BROKEN: Final = (
    AssertionError,
    AttributeError,
    LookupError,
    MemoryError,
    OSError,
    OverflowError,
    RecursionError,
    struct.error,
    TypeError,
    ValueError,
)
_COLUMNS_N: Final = 256
_TEXT, _NUMBER, _DATE, _BOOLEAN, _ERROR = range(1, 6)


@dataclass(frozen=True)
class Cell:
    """A cell as the reader of workbooks knows it."""

    value: Any
    row: int
    number_format: str


class Sheet:
    """A sheet as the reader of workbooks knows it."""

    def __init__(self, book: Any, sheet: Any) -> None:
        self.title = str(sheet.name)
        self.sheet_state = "hidden" if sheet.visibility else "visible"
        self._book, self._sheet = book, sheet

    def reset_dimensions(self) -> None:
        """Do nothing: a sheet of this kind is as big as its cells."""

    def iter_rows(self) -> Iterator[list[Cell]]:
        """Yield the cells of each row."""
        for number in range(self._sheet.nrows):
            yield [Cell(self._value(one), number + 1, self._format(one)) for one in self._sheet.row(number)]

    def _format(self, cell: Any) -> str:
        formats, styles = self._book.format_map, self._book.xf_list
        is_known = cell.ctype == _NUMBER and cell.xf_index is not None and cell.xf_index < len(styles)
        found = formats.get(styles[cell.xf_index].format_key) if is_known else None
        return str(found.format_str) if found else ""

    def _value(self, cell: Any) -> Any:
        import xlrd  # noqa: PLC0415 - for the few workbooks of this kind alone

        if cell.ctype == _DATE:
            try:
                return xlrd.xldate.xldate_as_datetime(cell.value, self._book.datemode)
            except (ValueError, OverflowError):  # a number that is shown as a day and is none
                return cell.value
        if cell.ctype == _ERROR:
            return xlrd.error_text_from_code.get(cell.value, "#N/A")
        known: dict[int, Callable[[Any], Any]] = {_TEXT: str, _NUMBER: _number, _BOOLEAN: bool}
        return known[cell.ctype](cell.value) if cell.ctype in known else None

    @property
    def xml(self) -> bytes:
        """Return what is merged and what is hidden, in the words of a workbook of today."""
        merged = [
            f'<mergeCell ref="{column_letter(left)}{top + 1}:{column_letter(right - 1)}{bottom}"/>'
            for top, bottom, left, right in self._sheet.merged_cells
            if 0 <= left < right <= _COLUMNS_N and 0 <= top < bottom
        ]
        hidden = [
            f'<{name} hidden="1"/>'
            for name, there in (("row", self._sheet.rowinfo_map), ("col", self._sheet.colinfo_map))
            for one in there.values()
            if one.hidden
        ]
        return "".join([*merged, *hidden]).encode()


def _number(value: float) -> int | float:
    return int(value) if value.is_integer() and abs(value) < 1e15 else value


@dataclass(frozen=True)
class Book:
    """A workbook as the reader of workbooks knows it."""

    worksheets: tuple[Sheet, ...]

    def __getitem__(self, title: str) -> Sheet:
        """Return the sheet of a title."""
        return next(sheet for sheet in self.worksheets if sheet.title == title)

    def close(self) -> None:
        """Do nothing: all was read at once."""


def open_book(content: bytes, name: str) -> Book:
    """Open a workbook of this kind.

    Raises
    ------
    InputError
        It is damaged, has a password, or too many cells.
    """
    import xlrd  # noqa: PLC0415 - for the few workbooks of this kind alone

    try:
        book = xlrd.open_workbook(file_contents=content, formatting_info=True, logfile=io.StringIO())
        sheets = tuple(Sheet(book, sheet) for sheet in book.sheets())
    except (xlrd.XLRDError, xlrd.compdoc.CompDocError) as error:
        is_locked = "encrypted" in str(error).lower() or b"E\0n\0c\0r\0y\0p\0t\0e\0d" in content
        raise InputError("file_has_password" if is_locked else "workbook_unreadable", name=name) from error
    except _OLD_BROKEN as error:
        raise InputError("workbook_unreadable", name=name) from error
    if sum(sheet.nrows * sheet.ncols for sheet in book.sheets()) > MAX_CELLS_N // 4:
        raise InputError("too_many_cells", name=name)
    return Book(sheets)


def _name(text: str) -> str:
    space, name = text.split(":")
    return _NAMES[space] + name


def as_workbook(content: bytes, name: str) -> bytes:
    """Return the sheets of an OpenDocument spreadsheet as a workbook, with types, merged cells and what is hidden.

    Raises
    ------
    InputError
        It is no such spreadsheet, has a password, or is too big.
    """
    import openpyxl  # noqa: PLC0415 - slow to load, for workbooks alone

    root = _parsed(content, name)
    hidden = {
        style.get(_name("style:name"))
        for style in root.iter(_name("style:style"))
        for one in style.iter(_name("style:table-properties"))
        if one.get(_name("table:display")) == "false"
    }
    book = openpyxl.Workbook()
    book.remove(book.active)
    sheets = list(root.iter(_name("table:table")))
    _refuse_big(sheets, name)
    for sheet in sheets:
        title = re.sub(r"[\\/*?:\[\]]", " ", sheet.get(_name("table:name"), ""))[:31] or "Blad"
        made = book.create_sheet(title)
        made.sheet_state = "hidden" if sheet.get(_name("table:style-name")) in hidden else "visible"
        _fill(made, sheet)
    if not book.sheetnames:
        raise InputError("workbook_unreadable", name=name)
    held = io.BytesIO()
    book.save(held)
    return held.getvalue()


def _parsed(content: bytes, name: str) -> Any:
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as packed:
            return ET.fromstring(_xml(packed, name))  # noqa: S314 - without entities
    except InputError:
        raise
    except (*_BROKEN, ET.ParseError, zlib.error) as error:
        raise InputError("workbook_unreadable", name=name) from error


def _xml(packed: zipfile.ZipFile, name: str) -> bytes:
    part = packed.getinfo(_CONTENT)
    largest = {_CONTENT: MAX_BYTES // 4, _MANIFEST: _MANIFEST_BYTES}
    for one in packed.infolist():
        if one.file_size > largest.get(one.filename, one.file_size):
            raise InputError("workbook_unpacks_big", name=name, a=one.file_size >> 20)
    if _MANIFEST in packed.namelist() and b"encryption-data" in packed.read(_MANIFEST):
        raise InputError("file_has_password", name=name)
    xml = packed.read(part)
    is_wide = b"\x00" in xml[:64]  # of UTF-16, in which no entity would be found; OpenDocument is written in UTF-8
    if is_wide or b"<!DOCTYPE" in xml or b"<!ENTITY" in xml:
        raise InputError("workbook_unreadable", name=name)
    return xml


def _refuse_big(sheets: list[Any], name: str) -> None:
    """Stop before anything is written where cells are too many: a few bytes can say that one stands everywhere.

    A merged cell counts as all that it covers, for so many are made of it.
    """
    left_n = _MOST_CELLS_N
    for row in (row for sheet in sheets for row in _rows(sheet)):
        held_n = sum(rows_n * columns_n for _, _, (rows_n, columns_n) in _cells(row))
        left_n -= held_n * _times(row, _ROWS, _MOST_ROWS_N)
        if left_n < 0:
            raise InputError("too_many_cells", name=name)


def _fill(made: Any, sheet: Any) -> None:
    """Write the cells of a sheet into another; blank ones are left blank."""
    row_n = 0
    for row in _rows(sheet):
        cells = list(_cells(row))
        repeated_n = _times(row, _ROWS, _MOST_ROWS_N)
        if not cells:
            row_n += repeated_n
            continue
        for _ in range(min(repeated_n, _MOST_ROWS_N - row_n)):
            row_n += 1
            for column_n, cell, (rows_n, columns_n) in cells:
                value, number_format = _value(cell)
                written = made.cell(row_n, column_n, value)
                if isinstance(value, str):
                    written.data_type = "s"  # a text that begins as a formula is none
                if number_format:
                    written.number_format = number_format
                if rows_n > 1 or columns_n > 1:
                    made.merge_cells(None, row_n, column_n, row_n + rows_n - 1, column_n + columns_n - 1)
            if row.get(_name("table:visibility")) in ("collapse", "filter"):
                made.row_dimensions[row_n].hidden = True


def _rows(sheet: Any) -> Iterator[Any]:
    """Yield the rows of a sheet, those of groups and of headers too, and not those of a table within a cell."""
    for part in sheet:
        if part.tag == _name("table:table-row"):
            yield part
        elif part.tag in (
            _name("table:table-row-group"),
            _name("table:table-header-rows"),
            _name("table:table-rows"),
        ):
            yield from _rows(part)


def _cells(row: Any) -> Iterator[tuple[int, Any, tuple[int, int]]]:
    """Yield of the cells with a value the number of the column, and over how many rows and columns each is merged."""
    column_n = 1
    for cell in row:
        times = _times(cell, _COLUMNS, _MOST_COLUMNS_N)
        if _is_filled(cell):
            rows_n = _times(cell, "table:number-rows-spanned", _MOST_ROWS_N)
            span = (rows_n, _times(cell, "table:number-columns-spanned", _MOST_COLUMNS_N))
            last = min(column_n + times, _MOST_COLUMNS_N + 1)
            yield from ((number, cell, span) for number in range(column_n, last))
        column_n += times


def _is_filled(cell: Any) -> bool:
    return cell.tag == _name("table:table-cell") and _value(cell)[0] is not None


def _times(part: Any, name: str, most: int) -> int:
    text = part.get(_name(name), "1")
    return min(max(int(text), 1), most) if text.isdecimal() and len(text) < 12 else 1


def _value(cell: Any) -> tuple[Any, str]:
    """Return what a cell holds, typed, and the format that tells a percentage or a day."""
    kind = cell.get(_name("office:value-type"), "")
    if kind in ("float", "currency", "percentage"):
        number = float(cell.get(_name("office:value"), "nan"))
        if number != number:  # noqa: PLR0124 - NaN
            return None, ""
        whole = int(number) if number.is_integer() and abs(number) < 1e15 else number
        return whole, "0%" if kind == "percentage" else ""
    if kind == "date":
        try:
            found = datetime.fromisoformat(cell.get(_name("office:date-value"), ""))
        except ValueError:
            return _shown(cell), ""
        return found.replace(tzinfo=None), "yyyy-mm-dd"
    if kind == "boolean":
        return cell.get(_name("office:boolean-value")) == "true", ""
    return _shown(cell), ""


def _shown(cell: Any) -> str | None:
    """Return the text of a cell, a line for each paragraph, without its remarks; None for none."""
    lines = [_text(part) for part in cell if part.tag == _name("text:p")]
    text = re.sub(r"[\x00-\x08\x0b\x0c\x0e-\x1f]", "", "\n".join(lines))
    return text or None


def _text(part: Any) -> str:
    found = part.text or ""
    for inner in part:
        if inner.tag == _name("text:s"):
            found += " " * _times(inner, "text:c", 1000)
        elif inner.tag in (_name("text:tab"), _name("text:line-break")):
            found += " "
        elif inner.tag != _name("office:annotation"):
            found += _text(inner)
        found += inner.tail or ""
    return found
