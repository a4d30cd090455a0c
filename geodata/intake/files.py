"""Files that a user gives: tables and maps of any common kind, Dutch and English numbers and dates."""

import csv
import re
import tomllib
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import geopandas as gpd
import pandas as pd
import pyarrow as pa
import pyarrow.compute
from pyarrow import csv as arrow_csv

from geodata.errors import InputError

MAP_ENDINGS = (".geojson", ".json", ".gpkg", ".shp", ".zip")
_TEXT_ENDINGS = (".csv", ".txt", ".tsv")
_SHEET_ENDINGS = (".xlsx", ".xlsm")
_SNIFF_N = 1 << 16
_SOMETHING = re.compile(rb"\S")
# what the readers raise for a file that is not what its ending says; XML errors are SyntaxErrors
_UNREADABLE = (
    OSError,
    ValueError,
    KeyError,
    SyntaxError,
    RuntimeError,
    csv.Error,
    BadZipFile,
    pa.ArrowException,
)
_MISSING = {"", ".", "-", "x", "nan", "none", "null", "na", "n/a", "onbekend", "unknown"}
_MONTHS = {
    "januari": 1,
    "january": 1,
    "jan": 1,
    "februari": 2,
    "february": 2,
    "feb": 2,
    "maart": 3,
    "march": 3,
    "mrt": 3,
    "mar": 3,
    "april": 4,
    "apr": 4,
    "mei": 5,
    "may": 5,
    "juni": 6,
    "june": 6,
    "jun": 6,
    "juli": 7,
    "july": 7,
    "jul": 7,
    "augustus": 8,
    "august": 8,
    "aug": 8,
    "september": 9,
    "sep": 9,
    "sept": 9,
    "oktober": 10,
    "october": 10,
    "okt": 10,
    "oct": 10,
    "november": 11,
    "nov": 11,
    "december": 12,
    "dec": 12,
}


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
    readers = {**_TABLE_READERS, **dict.fromkeys(MAP_ENDINGS, gpd.read_file)}
    return _read(path, readers, "CSV, XLSX, GeoJSON, GeoPackage or Shapefile")


def read_table(path: Path) -> pd.DataFrame:
    """Return a CSV (any separator; UTF-8 or Windows) or XLSX file as a table of texts.

    Raises
    ------
    InputError
        The file is missing, empty, damaged or of another kind.
    """
    return _read(path, _TABLE_READERS, "CSV or XLSX file")


def _read(path: Path, readers: Mapping[str, Callable[[Path], pd.DataFrame]], kinds: str) -> pd.DataFrame:
    if not path.is_file():
        raise InputError(f"{path} does not exist; give the path of a {kinds}.")
    reader = readers.get(path.suffix.lower())
    if reader is None:
        raise InputError(f"{path.name} is no {kinds}; save it as one of these and try again.")
    try:
        frame = reader(path)
    except InputError:
        raise
    except _UNREADABLE as error:
        raise InputError(f"{path.name} cannot be read as a table ({error}); open it and save it again.") from error
    if frame.empty:
        raise InputError(f"{path.name} holds no rows; export the table again.")
    frame.columns = [str(column).strip().strip("\ufeff") for column in frame.columns]
    return frame


def _read_sheet(path: Path) -> pd.DataFrame:
    return pd.DataFrame(pd.read_excel(path, dtype=str, engine="openpyxl", keep_default_na=False))


def _read_text(path: Path) -> pd.DataFrame:
    """Read a CSV of any separator; what StatLine writes above the header and below the rows is passed over."""
    content = path.read_bytes()
    if b"\x00" in content[:_SNIFF_N]:
        raise InputError(f"{path.name} is no text file; export it again as CSV.")
    try:
        content.decode("utf-8")
        encoding = "utf-8"
    except UnicodeDecodeError:
        encoding = "cp1252"
    lines = content[:_SNIFF_N].decode(encoding, errors="replace").splitlines(keepends=True)
    whole = lines[:-1] if len(content) > _SNIFF_N else lines
    if not any(line.strip() for line in whole):
        raise InputError(f"{path.name} is empty; export it again.")
    layouts = {mark: list(csv.reader(whole, delimiter=mark)) for mark in ";,\t"}
    separator = max(layouts, key=lambda mark: _regularity([row for row in layouts[mark] if row]))
    rows = layouts[separator]
    width = _width([row for row in rows if row])
    start = next(number for number, row in enumerate(rows) if len(row) == width)
    names = [name.strip().strip("\ufeff") for name in rows[start]]
    below = len("".join(whole[: start + 1]).encode(encoding))
    if not _SOMETHING.search(content, below):
        return pd.DataFrame(columns=names)
    cut_n = 0

    def odd_row(row: arrow_csv.InvalidRow) -> str:
        nonlocal cut_n
        cut_n += row.actual_columns > 1
        return "skip"

    table = arrow_csv.read_csv(
        pa.BufferReader(pa.py_buffer(content).slice(below)),
        read_options=arrow_csv.ReadOptions(column_names=names, encoding=encoding),
        parse_options=arrow_csv.ParseOptions(delimiter=separator, newlines_in_values=True, invalid_row_handler=odd_row),
        convert_options=arrow_csv.ConvertOptions(
            column_types=dict.fromkeys(names, pa.string()), strings_can_be_null=False
        ),
    )
    if cut_n:
        raise InputError(f"{path.name} breaks off: {cut_n} row(s) have too few or too many cells; export it again.")
    return pd.DataFrame(table.to_pandas())


_TABLE_READERS = {
    **dict.fromkeys(_TEXT_ENDINGS, _read_text),
    **dict.fromkeys(_SHEET_ENDINGS, _read_sheet),
}


def _width(rows: list[list[str]]) -> int:
    """Return how many cells most rows have; a title above and a source below the table have other numbers."""
    return Counter(len(row) for row in rows).most_common(1)[0][0]


def _regularity(rows: list[list[str]]) -> tuple[bool, float]:
    """Rank the ways to cut a file into cells: the right mark gives most rows the same number of cells."""
    width = _width(rows)
    return width > 1, sum(len(row) == width for row in rows) / len(rows)


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
    doubtful = plain.isna() & cells.ne("")
    if is_count and cells.str.contains(".", regex=False).any():
        doubtful |= cells.str.fullmatch(r"\d{1,3}(\.\d{3})+").fillna(value=False).astype(bool)
    if not doubtful.any():
        return plain
    rest = cells[doubtful].astype("str").str.strip().str.replace(r"[\s\u00a0']", "", regex=True)
    missing = rest.str.lower().isin(_MISSING)
    parsed = pd.to_numeric(_plain_numbers(rest, is_count=is_count), errors="coerce").mask(missing)
    wrong = parsed.isna() & ~missing
    if wrong.any():
        raise InputError(f"{where}: {cells[doubtful][wrong].iloc[0]!r} is no number; correct the cell and try again.")
    plain[doubtful] = parsed
    return plain


def _quick_numbers(cells: pd.Series) -> pd.Series:
    """Return plain numbers at once, and NaN where a cell is empty or wants a closer look."""
    try:
        texts = pa.Array.from_pandas(cells)
        quick = pa.compute.cast(pa.compute.if_else(pa.compute.equal(texts, ""), None, texts), pa.float64())
        return pd.Series(quick.to_numpy(zero_copy_only=False), index=cells.index)
    except pa.ArrowException:
        found: pd.Series = pd.to_numeric(cells, errors="coerce").astype(float)
        return found


def _plain_numbers(texts: pd.Series, *, is_count: bool) -> pd.Series:
    """Return texts with a point for the decimals and nothing between thousands."""
    has_both = texts.str.contains(",", regex=False) & texts.str.contains(".", regex=False)
    is_english = has_both & texts.str.contains(r"\.[^,]*$")  # the mark that comes last is the decimal one
    is_grouped = texts.str.fullmatch(r"\d{1,3}([.,]\d{3})+") & ~has_both & is_count
    plain = texts.mask(has_both & ~is_english, texts.str.replace(".", "", regex=False))
    plain = plain.mask(is_english, texts.str.replace(",", "", regex=False))
    plain = plain.mask(is_grouped, texts.str.replace(r"[.,]", "", regex=True))
    return plain.str.replace(",", ".", regex=False)


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
