"""Validated reading and writing of tables in files; every write is whole or not at all."""

import io
import os
import re
import secrets
import stat
import zipfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import geopandas as gpd
import numpy as np
import pandas as pd
import pyogrio

from geodata import codes, contracts
from geodata.errors import InputError, SnapshotError

_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")
_NO_MOMENT = "2000-01-01T00:00:00Z"  # stands in files where a format wants the moment of writing
_NO_ZIP_DATE = (2000, 1, 1, 0, 0, 0)
_SHEET = "risicobeeld"
_WIDEST = 60  # characters; a longer text wraps
_WIDTH_ROWS_N = 500
# Spreadsheets look past blanks, marks of order and an opening quote, and know the wide signs of other keyboards.
_LEADS = r"[ \x00\xa0\ufeff\u200b\"]{0,8}"
_SIGNS = r"[=+@\uff1d\uff0b\uff20]|[-\uff0d][\w(|'\"]"
_FIRST_FORMULA = re.compile(rf"{_LEADS}(?:{_SIGNS})")
_INNER_FORMULA = re.compile(rf"([;,\t\r\n])(?={_LEADS}(?:{_SIGNS}))")
_MOMENT = re.compile(rb"(<dcterms:(?:created|modified)[^>]*>)[^<]*(</dcterms:)")


@contextmanager
def whole_file(path: Path, mode: int = 0o644) -> Iterator[Path]:
    """Give a temporary path beside ``path`` that takes its place only when the block succeeds.

    Parameters
    ----------
    mode
        Who may read the file: ``0o600`` for what only the server's account may. The account's umask narrows it.

    Raises
    ------
    InputError
        The folder does not exist or cannot be written.
    """
    part = path.with_name(f".{path.name}.{secrets.token_hex(6)}{path.suffix}")
    try:
        handle = os.open(part, os.O_RDWR | os.O_CREAT | os.O_EXCL, mode)
    except OSError as error:
        raise InputError(
            f"{path} cannot be written ({error.strerror}); choose a folder that exists and is yours."
        ) from error
    allowed = stat.S_IMODE(os.fstat(handle).st_mode)
    os.close(handle)
    try:
        yield part
        with part.open("rb") as written:
            os.fsync(written.fileno())
        part.chmod(allowed)
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


def read_parquet(name: str, path: Path) -> pd.DataFrame:
    """Return a table of a snapshot, checked against its contract.

    Raises
    ------
    SnapshotError
        The file is missing or cannot be read as Parquet.
    ContractError
        The table breaks its contract.
    """
    reader = gpd.read_parquet if contracts.CONTRACTS[name].is_spatial else pd.read_parquet
    try:
        table = reader(path)
    except (OSError, ValueError) as error:
        raise SnapshotError("table_unreadable", table=name, path=path) from error
    return contracts.check(name, table)


def write_parquet(table: pd.DataFrame, path: Path) -> None:
    """Write a table to Parquet, the same bytes for the same table."""
    table.reset_index(drop=True).to_parquet(path, compression="zstd", index=False)


def neutralise_formulas(table: pd.DataFrame) -> pd.DataFrame:
    """Return the table with texts that a spreadsheet would run as a formula made inert, its headers too.

    A reader that parts cells at another sign than ours (a Dutch spreadsheet takes ``;``) meets new starts of cells
    within a text, so what would start a formula there is made inert as well.

    Examples
    --------
    >>> import pandas as pd
    >>> neutralise_formulas(pd.DataFrame({"name": ["=1+1", "Park"]}))["name"].tolist()
    ["'=1+1", 'Park']
    >>> neutralise_formulas(pd.DataFrame({"name": ["bezoek;=1+1;einde", "5,- per week"]}))["name"].tolist()
    ["bezoek;'=1+1;einde", '5,- per week']
    """
    table = table.copy()
    for column in table.columns:
        dtype = table[column].dtype
        if isinstance(dtype, pd.StringDtype | pd.CategoricalDtype) or pd.api.types.is_object_dtype(dtype):
            cells = table[column].astype(object)
            table[column] = cells.map(lambda cell: inert(cell) if isinstance(cell, str) else cell)
    return table.rename(columns={name: inert(name) for name in table.columns if isinstance(name, str)})


def inert(cell: str) -> str:
    """Return a text that no reader runs as a formula, whichever sign parts its cells."""
    start = "'" if cell.startswith(_FORMULA_STARTS) or _FIRST_FORMULA.match(cell) else ""
    return start + _INNER_FORMULA.sub(r"\1'", cell)


def _flat(table: pd.DataFrame) -> pd.DataFrame:
    """Replace point geometry by WGS84 longitude and latitude; areas have no place in a flat file."""
    if not isinstance(table, gpd.GeoDataFrame):
        return table
    flat = pd.DataFrame(table.drop(columns=table.geometry.name))
    if set(table.geom_type.dropna()) <= {"Point"}:
        points = table.geometry.to_crs(codes.CRS_WGS84)
        flat["lon"], flat["lat"] = points.x.round(6), points.y.round(6)
    return flat


def _write_csv(table: pd.DataFrame, path: Path) -> None:
    neutralise_formulas(_flat(table)).to_csv(path, index=False, encoding="utf-8", lineterminator="\n")


@dataclass(frozen=True)
class Sheet:
    """One sheet of a workbook for a reader.

    Attributes
    ----------
    name
        What stands on the tab, at most 31 characters.
    table
        Its columns carry the headings that the reader sees.
    formats
        Excel's number format per heading, such as ``0.0``.
    """

    name: str
    table: pd.DataFrame
    formats: Mapping[str, str] = field(default_factory=dict)


def workbook(sheets: Sequence[Sheet]) -> bytes:
    """Return a workbook that a colleague can read at once: headings that stay, a filter, widths, number formats.

    Texts stay texts, so a code keeps its zeros and a formula never runs; what is missing is an empty cell.
    """
    from openpyxl import Workbook  # noqa: PLC0415 - slow to load, for workbooks alone

    # A row is written and forgotten: the garbage collection that walks over all cells of a book that is built whole
    # holds every session for half a second.
    book = Workbook(write_only=True)
    for sheet in sheets:
        _fill_sheet(book.create_sheet(sheet.name), sheet)
    whole = io.BytesIO()
    book.save(whole)
    return _without_moment(whole)


def _fill_sheet(page: Any, sheet: Sheet) -> None:
    from openpyxl.cell import WriteOnlyCell  # noqa: PLC0415 - slow to load, for workbooks alone
    from openpyxl.styles import Alignment, Font, PatternFill  # noqa: PLC0415 - idem
    from openpyxl.utils import get_column_letter  # noqa: PLC0415

    def styled(value: Any, **styles: Any) -> Any:
        cell = WriteOnlyCell(page, value)
        for name, style in styles.items():
            setattr(cell, name, style)
        return cell

    table = neutralise_formulas(_flat(sheet.table))
    letters = [get_column_letter(place) for place in range(1, len(table.columns) + 1)]
    for letter, heading in zip(letters, table.columns, strict=True):
        longest = max((len(str(value)) for value in table[heading].head(_WIDTH_ROWS_N)), default=0)
        page.column_dimensions[letter].width = min(max(len(str(heading)), longest) + 3, _WIDEST)
    page.freeze_panes = "B2"
    page.auto_filter.ref = f"A1:{letters[-1]}{len(table) + 1}"
    wrapped = Alignment(vertical="top", wrap_text=True)
    head = {
        "font": Font(bold=True, color="FFFFFF"),
        "fill": PatternFill("solid", fgColor="01587F"),
        "alignment": wrapped,
    }
    page.append([styled(heading, **head) for heading in table.columns])
    forms = [sheet.formats.get(heading, "") for heading in table.columns]
    for row in table.astype(object).where(table.notna(), None).itertuples(index=False, name=None):
        cells = []
        for given, form in zip(row, forms, strict=True):
            value = _cell(given)
            if form and value is not None:
                value = styled(value, number_format=form)
            elif isinstance(value, str) and len(value) > _WIDEST:
                value = styled(value, alignment=wrapped)
            cells.append(value)
        page.append(cells)


def _cell(value: Any) -> Any:
    """Return a value that a workbook knows; an empty text is an empty cell, which Excel does not count."""
    if isinstance(value, pd.Timestamp):
        return value.date()
    if isinstance(value, np.generic):
        value = value.item()
    return None if value == "" else value


def csv_for_reader(table: pd.DataFrame, language: str) -> bytes:
    """Return a CSV that the spreadsheet of the reader's language opens in columns, with accents and decimals right.

    Dutch: semicolons and a decimal comma; English: commas and a point; both with the mark of UTF-8. The plain form
    for programs is that of `write_table`.

    Examples
    --------
    >>> import pandas as pd
    >>> csv_for_reader(pd.DataFrame({"area": ["Súdwest"], "score": [8.1]}), "nl").decode("utf-8-sig").splitlines()
    ['area;score', 'Súdwest;8,1']
    """
    separator, decimal = (";", ",") if language == "nl" else (",", ".")
    text = neutralise_formulas(_flat(table)).to_csv(index=False, sep=separator, decimal=decimal, lineterminator="\r\n")
    return str(text).encode("utf-8-sig")


def _write_xlsx(table: pd.DataFrame, path: Path) -> None:
    path.write_bytes(workbook([Sheet(_SHEET, table)]))


def _without_moment(whole: io.BytesIO) -> bytes:
    """Return a workbook without the moment of writing, so that the same table gives the same bytes."""
    bare = io.BytesIO()
    with zipfile.ZipFile(whole) as made, zipfile.ZipFile(bare, "w", zipfile.ZIP_DEFLATED) as kept:
        for name in made.namelist():
            content = made.read(name)
            if name == "docProps/core.xml":
                content = _MOMENT.sub(rb"\g<1>" + _NO_MOMENT.encode() + rb"\g<2>", content)
            kept.writestr(zipfile.ZipInfo(name, _NO_ZIP_DATE), content, zipfile.ZIP_DEFLATED)
    return bare.getvalue()


def _spatial(table: pd.DataFrame, path: Path) -> gpd.GeoDataFrame:
    if not isinstance(table, gpd.GeoDataFrame):
        raise InputError(f"This table has no places to put in {path.name}; choose a file ending in .csv or .parquet.")
    return table


def _write_geojson(table: pd.DataFrame, path: Path) -> None:
    # Without a layer name the driver takes that of the file, which is a temporary one here.
    # RFC 7946: WGS84 without a member that says so, outer rings counterclockwise.
    places = _spatial(table, path).to_crs(codes.CRS_WGS84)
    places.to_file(path, driver="GeoJSON", layer="risicobeeld", RFC7946="YES", COORDINATE_PRECISION=6)


def _write_gpkg(table: pd.DataFrame, path: Path) -> None:
    path.unlink()  # the driver wants to create the file itself
    pyogrio.set_gdal_config_options({"OGR_CURRENT_DATE": _NO_MOMENT})
    _spatial(table, path).to_file(path, driver="GPKG", layer="risicobeeld")


@dataclass(frozen=True)
class Format:
    """A kind of file, by its ending.

    Attributes
    ----------
    ending
        With its dot, as in ``.csv``.
    label
        What a page calls it, in any language.
    media_type
        What a browser is told.
    write
        What writes a table; None for a document, which `risk.report.files` writes.
    is_map
        Whether it holds places.
    is_on_pages
        Whether pages offer tables in it.
    """

    ending: str
    label: str
    media_type: str
    write: Callable[[pd.DataFrame, Path], None] | None = None
    is_map: bool = False
    is_on_pages: bool = False


_OFFICE: Final = "application/vnd.openxmlformats-officedocument."
FORMATS: Final = (
    Format(".xlsx", "Excel", f"{_OFFICE}spreadsheetml.sheet", _write_xlsx, is_on_pages=True),
    Format(".csv", "CSV", "text/csv", _write_csv, is_on_pages=True),
    Format(".geojson", "GeoJSON", "application/geo+json", _write_geojson, is_map=True, is_on_pages=True),
    Format(".gpkg", "GeoPackage", "application/geopackage+sqlite3", _write_gpkg, is_map=True, is_on_pages=True),
    Format(".parquet", "Parquet", "application/vnd.apache.parquet", write_parquet),
    Format(".docx", "Word", f"{_OFFICE}wordprocessingml.document"),
    Format(".html", "HTML", "text/html"),
    Format(".pdf", "PDF", "application/pdf"),
)
"""Every kind of file that leaves the product; one more format is one more line here."""

BY_ENDING: Final = {one.ending: one for one in FORMATS}
TABLES: Final = tuple(one.ending for one in FORMATS if one.write)
MAPS: Final = frozenset(one.ending for one in FORMATS if one.is_map)
ON_PAGES: Final = tuple(one for one in FORMATS if one.is_on_pages)
LISTED: Final = f"{', '.join(TABLES[:-1])} or {TABLES[-1]}"
"""The endings that a table may have, as a sentence names them."""


def write_table(table: pd.DataFrame, path: Path) -> None:
    """Write a table to a file of the kind that its ending says.

    Parameters
    ----------
    table
        The table; a GeoDataFrame (EPSG:28992) is needed for ``.geojson`` (written in WGS84) and ``.gpkg``
        (EPSG:28992). In ``.csv`` and ``.xlsx`` points become columns lon and lat (WGS84), texts that look
        like a formula are made inert.
    path
        Ends as one of `FORMATS` that hold tables. An existing file is replaced when all is written.

    Raises
    ------
    InputError
        The ending is unknown, the folder cannot be written, or a table without places goes to a map format.
    """
    form = BY_ENDING.get(path.suffix.lower())
    if form is None or form.write is None:
        raise InputError(f"The ending of {path.name} is not known; use {LISTED}.")
    with whole_file(path) as part:
        form.write(table, part)
