"""Spreadsheets of OpenDocument (.ods): the same sheets, cells and types as a workbook of the kind that is read here."""

import io
import re
import zipfile
import zlib
from collections.abc import Iterator
from datetime import datetime
from typing import Any, Final
from xml.etree import ElementTree as ET

from geodata.errors import InputError
from geodata.intake.files.table import MAX_BYTES

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
