"""One reader from bytes to typed cells, for every table and map that a user hands over.

The ending of a file's name says what it is, and content that disagrees is refused. The header is found below a
title and above the rows alike in text and in workbooks; totals are left to who knows places. Cells of a workbook
keep their type; cells of a text are texts. What is too big is refused before it is loaded. What is packed is
unpacked: ``.csv.gz``, the one table in a zip, or a whole table of CBS with its lists of codes.
"""

import codecs
import gzip
import hashlib
import io
import re
import zipfile
import zlib
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from typing import Final

import numpy as np
import pandas as pd

from geodata.errors import InEach, InputError
from geodata.intake.files import maps, other_books, records, spreadsheet, text
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
_PACKED_TABLES: Final = (".csv", ".txt", ".tsv", ".xlsx", ".xlsm", ".xls", ".ods", ".json")
_PACKED_MAPS: Final = (".shp", ".geojson", ".gpkg", ".kml", ".gpx", ".fgb", ".gml")
_BROKEN_PACKING: Final = (
    OSError,
    EOFError,
    ValueError,
    RuntimeError,
    NotImplementedError,
    zipfile.BadZipFile,
    zlib.error,
)


def table_in(source: Path | bytes, name: str) -> tuple[bytes, str] | None:
    """Return the content and the name of the one table that a file packs; None where it packs none.

    Raises
    ------
    InputError
        It is damaged, has a password, unpacks to too much, or holds several tables.
    """
    ending = Path(name).suffix.lower()
    if ending not in (".gz", ".zip"):
        return None
    content = source.read_bytes() if isinstance(source, Path) else source
    if ending == ".gz":
        return _gunzipped(content, name), Path(name).stem
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as held:
            if (bulk := joined(held, name)) is not None:
                return bulk, BULK_TABLE
            tables = [part for part in held.infolist() if _is_table(part)]
            has_map = any(PurePosixPath(part.filename).suffix.lower() in _PACKED_MAPS for part in held.infolist())
            if not tables or has_map:
                return None
            part = _only(tables, name)
            return held.read(part), PurePosixPath(part.filename).name
    except InputError:
        raise
    except _BROKEN_PACKING:
        return None  # whoever reads maps tells what is wrong with the zip


def _only(tables: list[zipfile.ZipInfo], name: str) -> zipfile.ZipInfo:
    if len(tables) > 1:  # a text beside the one table is what explains it
        tables = [part for part in tables if not part.filename.lower().endswith(".txt")] or tables
    if len(tables) > 1:
        names = ", ".join(sorted(PurePosixPath(part.filename).name for part in tables)[:5])
        raise InputError("zip_several_tables", name=name, names=names)
    (part,) = tables
    if part.file_size > MAX_BYTES:
        raise InputError("file_unpacks_too_big", name=name, most_mb=MAX_BYTES >> 20)
    if part.flag_bits & 1:
        raise InputError("file_has_password", name=name)
    return part


def _is_table(part: zipfile.ZipInfo) -> bool:
    path = PurePosixPath(part.filename)
    is_own = not part.is_dir() and not path.name.startswith(".") and "__MACOSX" not in path.parts
    return is_own and path.suffix.lower() in _PACKED_TABLES


def _gunzipped(content: bytes, name: str) -> bytes:
    try:
        with gzip.open(io.BytesIO(content)) as held:
            unpacked = held.read(MAX_BYTES + 1)
    except _BROKEN_PACKING as error:
        raise InputError("gz_damaged", name=name) from error
    if len(unpacked) > MAX_BYTES:
        raise InputError("file_unpacks_too_big", name=name, most_mb=MAX_BYTES >> 20)
    return unpacked


BULK_TABLE: Final = "Observations.csv"
_SUBJECTS: Final = "measurecodes.csv"
_OF_EACH: Final = ("Id", "Measure", "ValueAttribute", "Value", "StringValue")  # the other columns are dimensions
_CODED: Final = {"Identifier", "Title"}
_REGIONS: Final = ("regios", "wijkenenbuurten")  # their titles are names of more than one area
_IMPOSSIBLE: Final = {"confidential": "x", "unavailable": "."}
_MOST_BYTES: Final = MAX_BYTES // 2


def joined(held: zipfile.ZipFile, name: str) -> bytes | None:
    """Return the figures as a text, a column per dimension and one per subject; None for any other zip.

    Raises
    ------
    InputError
        It unpacks to too much, or its tables do not fit each other.
    """
    parts = {PurePosixPath(part.filename).name.lower(): part for part in held.infolist() if not part.is_dir()}
    if not {BULK_TABLE.lower(), _SUBJECTS} <= set(parts):
        return None
    if sum(part.file_size for part in parts.values()) > _MOST_BYTES:
        raise InputError("file_unpacks_too_big", name=name, most_mb=_MOST_BYTES >> 20)
    tables = {title: _read(held, part) for title, part in parts.items() if title.endswith("codes.csv")}
    figures = _read(held, parts[BULK_TABLE.lower()])
    if not {"Measure", "Value"} <= set(figures.columns) or not {"Identifier", "Title"} <= set(
        tables[_SUBJECTS].columns
    ):
        raise InputError("bulk_unfitting", name=name)
    dimensions = [column for column in figures.columns if column not in _OF_EACH]
    for column in dimensions:
        codes = tables.get(f"{column.lower()}codes.csv")
        if codes is not None and column.lower() not in _REGIONS and set(codes.columns) >= _CODED:
            titles = dict(zip(codes["Identifier"], codes["Title"], strict=True))
            figures[column] = figures[column].map(lambda code, known=titles: known.get(code, code))
    why = figures.get("ValueAttribute", pd.Series("", index=figures.index)).str.lower().map(_IMPOSSIBLE).fillna("")
    figures["Value"] = figures["Value"].mask(figures["Value"].eq(""), why)
    figures["Measure"] = figures["Measure"].map(_subjects(tables[_SUBJECTS])).fillna(figures["Measure"])
    if figures.duplicated([*dimensions, "Measure"]).any():
        raise InputError("bulk_unfitting", name=name)
    wide = figures.pivot_table(index=dimensions, columns="Measure", values="Value", aggfunc="first").reset_index()
    return str(wide.to_csv(sep=";", index=False)).encode()


def _read(held: zipfile.ZipFile, part: zipfile.ZipInfo) -> pd.DataFrame:
    content = held.read(part).decode("utf-8-sig")
    separator = ";" if ";" in content.partition("\n")[0] else ","
    table = pd.read_csv(io.StringIO(content), sep=separator, dtype="str", keep_default_na=False)
    return table.apply(lambda column: column.str.strip())


def _subjects(codes: pd.DataFrame) -> dict[str, str]:
    """Return what each subject is called, with its unit as StatLine writes it behind it."""
    units = codes.get("Unit", pd.Series("", index=codes.index))
    return {
        code: f"{title} ({unit})" if unit else title
        for code, title, unit in zip(codes["Identifier"], codes["Title"], units, strict=True)
    }


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
    packs = table_in(source, name)
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
        packs = table_in(source, name)
        if packs is not None:
            return parts(*packs) if Path(packs[1]).suffix.lower() not in (".gz", ".zip") else Parts()
        if ending in SHEET_ENDINGS:
            content = source.read_bytes() if isinstance(source, Path) else source
            book = spreadsheet.open_book(spreadsheet.usual(content, name), name)
            found = Parts("sheet", tuple(spreadsheet.visible_sheets(book)))
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
    is_old = content.startswith(other_books.OLD_EXCEL)
    if ending in SHEET_ENDINGS and ending != ".xls" and is_old:
        raise InputError("workbook_old", name=name)
    if ending == ".xls" and is_zip:
        raise InputError("workbook_new", name=name)
    if ending in SHEET_ENDINGS and not (is_old or is_zip):
        raise InputError("no_workbook", name=name)
