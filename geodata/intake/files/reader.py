"""One reader from bytes to typed cells, for every table and map that a user hands over.

The ending of a file's name says what it is, and content that disagrees is refused. The header is found below a
title and above the rows alike in text and in workbooks; totals are left to who knows places. Cells of a workbook
keep their type; cells of a text are texts. What is too big is refused before it is loaded.
"""

import codecs
import hashlib
import re
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import numpy as np

from geodata.errors import InEach, InputError
from geodata.intake.files import books, maps, old_excel, packed, records, spreadsheet, text
from geodata.intake.files.table import MAX_BYTES, MAX_ROWS_N, Knows, Options, Table
from geodata.intake.receipt import Line

TEXT_ENDINGS: Final = (".csv", ".txt", ".tsv")
SHEET_ENDINGS: Final = (".xlsx", ".xlsm", ".xls", ".ods")
MAP_ENDINGS: Final = maps.ENDINGS
_PACKED: Final = (".gz", ".zip", ".json", ".jsonl")  # what they hold says whether it is a table
_OTHER_SHEETS: Final = (".xlsb", ".numbers")
_TABLES: Final = InEach("CSV or XLSX file", nl="CSV of XLSX")
_WITH_MAPS: Final = InEach(
    "CSV, XLSX, GeoJSON, GeoPackage, KML or Shapefile", nl="CSV, XLSX, GeoJSON, GeoPackage, KML of Shapefile"
)
_START_N: Final = 1 << 16


def read(
    source: Path | bytes,
    name: str,
    knows: Knows,
    options: Options | None = None,
    *,
    takes_maps: bool = False,
) -> Table:
    r"""Return the table of a file.

    Parameters
    ----------
    source
        Its content, or where it lies.
    name
        Its name; the ending says what it is.
    knows
        Tells which field a header names.
    options
        The sheet or layer to take, where there are several.
    takes_maps
        Maps may be read too, not tables alone.

    Raises
    ------
    InputError
        The file is missing, empty, damaged, too big, of another kind, or leaves open which part of it is meant.

    Examples
    --------
    >>> content = b'\xef\xbb\xbfOverzicht\r\n"Naam";"fte"\r\n"Park Een";"1,5"\r\nBron: eigen\r\n'
    >>> table = read(content, "parken.csv", lambda header: header if header == "Naam" else "")
    >>> table.frame.to_dict("records"), table.row_n.tolist(), [line.key for line in table.passed]
    ([{'Naam': 'Park Een', 'fte': '1,5'}], [3], ['above', 'below'])
    """
    options = options or Options()
    ending = Path(name).suffix.lower()
    kinds = _WITH_MAPS if takes_maps else _TABLES
    _refuse_kind(source, name, kinds, takes_maps=takes_maps)
    packs = packed.table_in(source, name)
    if packs is not None:
        content, inner = packs
        if Path(inner).suffix.lower() in (".gz", ".zip"):
            raise InputError("packed_twice", name=name)
        table = read(content, inner, knows, options, takes_maps=takes_maps)
        return replace(table, name=name, notes=(*table.notes, Line("packed", {"file": inner})))
    found = records.read(source, name) if ending in (".json", ".jsonl") else None
    if found is not None:
        table = found
    elif ending in MAP_ENDINGS:
        if not takes_maps:
            raise InputError("file_of_another_kind", name=name, kinds=kinds)
        frame, sha256, notes = maps.read(source, name, options.layer, MAX_ROWS_N)
        table = Table(name, frame, np.arange(1, len(frame) + 1), sha256, ending in (".shp", ".zip"), notes=notes)
    else:
        content = source.read_bytes() if isinstance(source, Path) else source
        sha256 = hashlib.sha256(content).hexdigest()
        _refuse_other_content(content, name, ending)
        if ending in TEXT_ENDINGS:
            table = text.read(content, name, knows)
        else:
            table = spreadsheet.read(content, name, knows, options)
        table = replace(table, sha256=sha256)
    if table.frame.empty:
        raise InputError("file_without_rows", name=name)
    return table


@dataclass(frozen=True)
class Parts:
    """What a file has several of: its visible sheets or its layers.

    Attributes
    ----------
    kind
        ``sheet`` or ``layer``; '' where there is nothing to choose.
    names
        Their names; none where there is nothing to choose.
    """

    kind: str = ""
    names: tuple[str, ...] = ()

    def chosen(self, name: str) -> Options:
        """Return what says that one of them is meant."""
        return Options(**{self.kind: name}) if name else Options()


def parts(source: Path | bytes, name: str) -> Parts:
    """Return the sheets or layers that a file lets one choose from; none of one that cannot be read."""
    ending = Path(name).suffix.lower()
    try:
        packs = packed.table_in(source, name)
        if packs is not None:
            return parts(*packs) if Path(packs[1]).suffix.lower() not in (".gz", ".zip") else Parts()
        if ending in SHEET_ENDINGS:
            content = source.read_bytes() if isinstance(source, Path) else source
            book = books.open_book(books.usual(content, name), name)
            found = Parts("sheet", tuple(books.visible_sheets(book)))
        elif ending in MAP_ENDINGS:
            found = Parts("layer", maps.layers(source, name))
        else:
            return Parts()
    except InputError:  # whoever reads it says what is wrong with it
        return Parts()
    return found if len(found.names) > 1 else Parts()


def _refuse_kind(source: Path | bytes, name: str, kinds: str, *, takes_maps: bool) -> None:
    """Stop at a file that is not there, is of a kind that is not read, is empty or too big."""
    ending = Path(name).suffix.lower()
    if isinstance(source, Path) and not source.is_file():
        raise InputError("file_absent", name=source.name, kinds=kinds)
    if ending in _OTHER_SHEETS:
        raise InputError("spreadsheet_of_another_kind", name=name, ending=ending)
    is_table = ending in (*TEXT_ENDINGS, *SHEET_ENDINGS, *_PACKED)
    if not is_table and not (ending in MAP_ENDINGS and takes_maps):
        raise InputError("file_of_another_kind", name=name, kinds=kinds)
    size_n = _size(source)
    if size_n > MAX_BYTES:
        raise InputError("file_too_big", name=name, a=size_n >> 20, b=MAX_BYTES >> 20)
    if not size_n:
        raise InputError("file_is_empty", name=name)


def _size(source: Path | bytes) -> int:
    return source.stat().st_size if isinstance(source, Path) else len(source)


def _refuse_other_content(content: bytes, name: str, ending: str) -> None:
    start = content[:_START_N].lstrip(codecs.BOM_UTF8 + b" \r\n\t")
    is_zip = content[:4] in (b"PK\x03\x04", b"PK\x05\x06")
    if re.match(rb"<(!doctype\s+html|html|\?xml|head|body|table)", start[:200].lower()):
        raise InputError("file_is_web_page", name=name, a="XLSX" if ending == ".xls" else ending[1:].upper())
    if ending in TEXT_ENDINGS and re.match(rb'[\[{]\s*(["{}\[\]])', start[:200]):
        raise InputError("json_with_other_ending", name=name)
    if ending in TEXT_ENDINGS and is_zip:
        raise InputError("workbook_with_other_ending", name=name)
    is_old = content.startswith(old_excel.START)
    if ending in SHEET_ENDINGS and ending != ".xls" and is_old:
        raise InputError("workbook_old", name=name)
    if ending == ".xls" and is_zip:
        raise InputError("workbook_new", name=name)
    if ending in SHEET_ENDINGS and not (is_old or is_zip):
        raise InputError("no_workbook", name=name)
