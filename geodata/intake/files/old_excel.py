"""Workbooks of the Excel before 2007 (.xls), the kind in which CBS gave its key figures until a few years ago."""

import io
import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Final

from geodata.errors import InputError
from geodata.intake.files.table import MAX_CELLS_N, column_letter

START: Final = b"\xd0\xcf\x11\xe0"
"""The first bytes of a file of this kind; a workbook of today with a password begins so too."""

_BROKEN: Final = (
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
    except _BROKEN as error:
        raise InputError("workbook_unreadable", name=name) from error
    if sum(sheet.nrows * sheet.ncols for sheet in book.sheets()) > MAX_CELLS_N // 4:
        raise InputError("too_many_cells", name=name)
    return Book(sheets)
