"""Files that a user gives: tables and maps of any common kind, Dutch and English numbers and dates."""

import io
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import geopandas as gpd
import pandas as pd
import pyarrow as pa
import pyarrow.compute
from pyarrow import csv

from geodata.errors import InputError

MAP_ENDINGS = (".geojson", ".json", ".gpkg", ".shp", ".zip")
_TEXT_ENDINGS = (".csv", ".txt", ".tsv")
_SHEET_ENDINGS = (".xlsx", ".xlsm")
_SNIFF_N = 1 << 16
_MISSING = {"", ".", "-", "x", "nan", "none", "null", "na", "n/a", "onbekend", "unknown"}
_MONTHS = {
    "januari": 1, "january": 1, "jan": 1, "februari": 2, "february": 2, "feb": 2, "maart": 3, "march": 3, "mrt": 3,
    "mar": 3, "april": 4, "apr": 4, "mei": 5, "may": 5, "juni": 6, "june": 6, "jun": 6, "juli": 7, "july": 7,
    "jul": 7, "augustus": 8, "august": 8, "aug": 8, "september": 9, "sep": 9, "sept": 9, "oktober": 10,
    "october": 10, "okt": 10, "oct": 10, "november": 11, "nov": 11, "december": 12, "dec": 12,
}  # fmt: skip


@dataclass(frozen=True)
class ColumnMapping:
    """Which column of a file holds what, from a TOML file.

    Attributes
    ----------
    columns
        Our name of a field to the header of the file.
    words
        Per field, what the file's values are called with us.
    defaults
        Per field, the value where the file has none.
    """

    columns: Mapping[str, str] = field(default_factory=dict)
    words: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    defaults: Mapping[str, str] = field(default_factory=dict)


def read_mapping(path: Path | None, fields: Mapping[str, str]) -> ColumnMapping:
    """Return the mapping of a TOML file with the tables ``[columns]``, ``[words.FIELD]`` and ``[defaults]``.

    Raises
    ------
    InputError
        The file cannot be read, is not TOML, or names a field that does not exist.
    """
    if path is None:
        return ColumnMapping()
    try:
        content: dict[str, Any] = tomllib.loads(path.read_text("utf-8"))
        mapping = ColumnMapping(**content)
        unknown = sorted({*mapping.columns, *mapping.words, *mapping.defaults} - set(fields))
    except OSError as error:
        raise InputError(f"Mapping {path} cannot be read ({error.strerror}); give the path of a TOML file.") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, TypeError) as error:
        raise InputError(
            f"Mapping {path} is not a mapping ({error}); it holds the tables columns, words and defaults."
        ) from error
    if unknown:
        raise InputError(f"Mapping {path} names {unknown[0]!r}; the fields are: {', '.join(fields)}.")
    return mapping


def read_rows(path: Path) -> pd.DataFrame:
    """Return a CSV, XLSX, GeoJSON, GeoPackage or Shapefile as rows; a map as a GeoDataFrame, a table as texts.

    Raises
    ------
    InputError
        The file is missing, empty, damaged or of another kind.
    """
    ending = path.suffix.lower()
    if not path.is_file():
        raise InputError(f"{path} does not exist; give the path of a CSV, XLSX, GeoJSON, GeoPackage or Shapefile.")
    try:
        if ending in _TEXT_ENDINGS:
            frame = _read_text(path)
        elif ending in _SHEET_ENDINGS:
            frame = pd.read_excel(path, dtype=str, engine="openpyxl", keep_default_na=False)
        elif ending in MAP_ENDINGS:
            frame = gpd.read_file(path)
        else:
            raise InputError(f"The kind of {path.name} is not known; use csv, xlsx, geojson, gpkg or shp.")
    except (OSError, ValueError, KeyError, SyntaxError, BadZipFile, RuntimeError, pa.ArrowException) as error:
        if isinstance(error, InputError):
            raise
        raise InputError(f"{path.name} cannot be read ({error}); open it, save it again and try again.") from error
    if frame.empty:
        raise InputError(f"{path.name} holds no rows; export it again.")
    frame.columns = [str(column).strip().strip("\ufeff") for column in frame.columns]
    return frame


def _read_text(path: Path) -> pd.DataFrame:
    content = path.read_bytes()
    head = content[:_SNIFF_N]
    if b"\x00" in head:
        raise InputError(f"{path.name} is no text file; export it again as CSV.")
    try:
        content.decode("utf-8")
        encoding = "utf-8"
    except UnicodeDecodeError:
        encoding = "cp1252"
    lines = [line for line in head.decode(encoding, errors="replace").splitlines() if line.strip()]
    if not lines:
        raise InputError(f"{path.name} is empty; export it again.")
    separator = max(";,\t", key=lambda mark: max(line.count(mark) for line in lines[:10]))
    width = max(line.count(separator) for line in lines[:10])
    start = next(number for number, line in enumerate(lines) if line.count(separator) == width)
    header = re.split(re.escape(separator), lines[start])
    names = [name.strip().strip('"').strip("\ufeff") for name in header]
    table = csv.read_csv(
        io.BytesIO(content),
        read_options=csv.ReadOptions(column_names=names, skip_rows=start + 1, encoding=encoding),
        parse_options=csv.ParseOptions(delimiter=separator, newlines_in_values=True),
        convert_options=csv.ConvertOptions(column_types=dict.fromkeys(names, pa.string()), strings_can_be_null=False),
    )
    return pd.DataFrame(table.to_pandas())


def choose_columns(
    frame: pd.DataFrame, fields: Mapping[str, str], mapping: ColumnMapping, where: str
) -> dict[str, str]:
    """Return the column of each field: as the mapping says, else the first whose header fits the pattern.

    Raises
    ------
    InputError
        A column that the mapping names is not in the file.
    """
    chosen = {}
    for name, pattern in fields.items():
        if name in mapping.columns:
            if mapping.columns[name] not in frame.columns:
                raise InputError(
                    f"{where} has no column {mapping.columns[name]!r}, which the mapping names for {name};"
                    f" it has: {', '.join(map(str, frame.columns))}."
                )
            chosen[name] = mapping.columns[name]
            continue
        fitting = [column for column in frame.columns if re.fullmatch(pattern, str(column), re.IGNORECASE)]
        if fitting:
            chosen[name] = fitting[0]
    return chosen


def texts(frame: pd.DataFrame, chosen: Mapping[str, str], mapping: ColumnMapping, name: str) -> pd.Series:
    """Return a field as stripped texts, '' where there is none, its values renamed as the mapping says."""
    default = mapping.defaults.get(name, "")
    if name not in chosen:
        return pd.Series(default, index=frame.index, dtype="str")
    column = frame[chosen[name]].astype("str").fillna("").str.strip()
    renamed = mapping.words.get(name)
    if renamed:
        column = column.map(lambda value: renamed.get(value, value))
    return column.mask(column.str.lower().isin(_MISSING), default) if default else column


def numbers(cells: pd.Series, where: str, *, is_count: bool) -> pd.Series:
    """Return numbers written the Dutch or the English way; NaN where a mark says that there is none.

    Parameters
    ----------
    is_count
        A count may be written with groups of three digits (``1.234`` is 1234); elsewhere a dot is a decimal
        point (``52.123`` degrees).

    Raises
    ------
    InputError
        A cell is no number.

    Examples
    --------
    >>> numbers(pd.Series(["1.234,5", "1,234.5", "12,5", "", "."]), "x", is_count=False).tolist()
    [1234.5, 1234.5, 12.5, nan, nan]
    >>> numbers(pd.Series(["1.234", "1 234", "7"]), "x", is_count=True).tolist()
    [1234.0, 1234.0, 7.0]
    """
    if pd.api.types.is_numeric_dtype(cells):
        return cells.astype(float)
    plain = _quick_numbers(cells)
    doubtful = plain.isna()
    if is_count and cells.str.contains(".", regex=False).any():
        doubtful |= cells.str.fullmatch(r"\d{1,3}(\.\d{3})+").fillna(value=False).astype(bool)
    if not doubtful.any():
        return plain.astype(float)
    rest = cells[doubtful].astype("str").str.strip().str.replace(r"[\s\u00a0']", "", regex=True)
    missing = rest.str.lower().isin(_MISSING)
    rest = rest.map(lambda text: _plain_number(text, is_count=is_count))
    parsed = pd.to_numeric(rest, errors="coerce").mask(missing)
    wrong = parsed.isna() & ~missing
    if wrong.any():
        raise InputError(f"{where}: {cells[doubtful][wrong].iloc[0]!r} is no number; correct the cell and try again.")
    result = plain.astype(float)
    result[doubtful] = parsed
    return result


def _quick_numbers(cells: pd.Series) -> pd.Series:
    """Return plain numbers at once, and NaN where a cell wants a closer look."""
    try:
        quick = pa.compute.cast(pa.Array.from_pandas(cells), pa.float64())
        return pd.Series(quick.to_numpy(zero_copy_only=False), index=cells.index)
    except pa.ArrowInvalid:
        found: pd.Series = pd.to_numeric(cells, errors="coerce").astype(float)
        return found


def _plain_number(text: str, *, is_count: bool) -> str:
    if "," in text and "." in text:
        thousands, decimal = (".", ",") if text.rfind(",") > text.rfind(".") else (",", ".")
        return text.replace(thousands, "").replace(decimal, ".")
    if is_count and re.fullmatch(r"\d{1,3}([.,]\d{3})+", text):
        return re.sub(r"[.,]", "", text)
    return text.replace(",", ".")


def dates(cells: pd.Series, where: str) -> pd.Series:
    """Return dates written as 2020-09-03, 3-9-2020, 03/09/2020 (day first) or 3 september 2020; NaT for none.

    Raises
    ------
    InputError
        A cell is no date.

    Examples
    --------
    >>> found = dates(pd.Series(["2020-09-03", "3-9-2020", "3 september 2020", ""]), "x")
    >>> found.dt.strftime("%d %m %Y").fillna("").tolist()
    ['03 09 2020', '03 09 2020', '03 09 2020', '']
    """
    if pd.api.types.is_datetime64_any_dtype(cells):
        naive: pd.Series = cells.dt.tz_localize(None).astype("datetime64[ns]")
        return naive
    found = {text: _date(text) for text in cells.astype("str").fillna("").str.strip().unique()}
    wrong = [text for text, value in found.items() if value is None]
    if wrong:
        raise InputError(f"{where}: {wrong[0]!r} is no date; write it as 2020-09-03 or 3-9-2020 and try again.")
    stamps: pd.Series = pd.to_datetime(cells.astype("str").fillna("").str.strip().map(found))
    result: pd.Series = stamps.astype("datetime64[ns]")
    return result


def _date(text: str) -> pd.Timestamp | None:
    if text.lower() in _MISSING:
        return pd.Timestamp("NaT")
    iso = re.match(r"(\d{4})-(\d{1,2})-(\d{1,2})(?:[T ].*)?$", text)
    dutch = re.match(r"(\d{1,2})[-/. ](\d{1,2}|[a-z]+)[-/. ](\d{4})(?: .*)?$", text.lower())
    try:
        if iso:
            return pd.Timestamp(int(iso[1]), int(iso[2]), int(iso[3]))
        if dutch:
            month = _MONTHS.get(dutch[2]) or int(dutch[2])
            return pd.Timestamp(int(dutch[3]), month, int(dutch[1]))
    except ValueError:
        return None
    return None
