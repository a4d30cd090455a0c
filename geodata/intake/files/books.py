"""A workbook of whatever kind, opened within bounds: its sheets, their typed rows, and what a person does not see."""

import hashlib
import io
import re
import warnings
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from geodata.errors import InputError
from geodata.intake.files import other_books
from geodata.intake.files.table import MAX_BYTES
from geodata.intake.receipt import Line

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
