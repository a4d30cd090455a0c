"""CBS custom workbooks (maatwerk), uploaded by a user and read by the text of their headers.

Made for tables with one row per gemeente or veiligheidsregio: workers from EU/EFTA countries who share an
address (2019), workers tested by region, registrations on holiday parks. Every figure keeps its sheet and cell.
"""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import openpyxl
import pandas as pd
from openpyxl.utils import get_column_letter

from geodata.areas import regions
from geodata.codes import MissingReason, Status
from geodata.errors import InputError
from geodata.sources.cbs.odata import plain

_REGION_HEADER = re.compile(r"(gemeente|veiligheidsregio|regio)('s)?( ?code| ?naam)?s?( .*)?", re.IGNORECASE)
_SUPPRESSED = {"", ".", "x", "-"}
_HEADER_ROWS_N = 4

Cell = tuple[int, int]


def read(path: Path, year: int, areas: Mapping[str, pd.DataFrame], source: str) -> pd.DataFrame:
    """Return the figures of every table in a workbook, one row each.

    Parameters
    ----------
    year
        The year of the figures; says which gemeenten existed.

    Returns
    -------
    DataFrame
        Contract ``Context``: region_code (a gemeente of that year, or a veiligheidsregio), vr_code, measure
        (the headers above the figure), value, missing_reason, status, source, cell.

    Raises
    ------
    InputError
        The file is no workbook, or no sheet has a row per gemeente or veiligheidsregio.
    """
    codes = _region_codes(year, areas)
    regions_of = regions.veiligheidsregio_of_year(areas["gemeenten"], year).to_dict()
    try:
        book = openpyxl.load_workbook(path, data_only=True, read_only=False)
    except (OSError, BadZipFile, KeyError, ValueError, SyntaxError) as error:
        raise InputError(f"{path.name} is no workbook ({error}); save it as .xlsx and try again.") from error
    rows = [row for sheet in book.worksheets for row in _sheet_rows(sheet, codes)]
    book.close()
    if not rows:
        raise InputError(
            f"{path.name}: no sheet has a header with gemeente or veiligheidsregio and rows that name one;"
            " check that it is the workbook of CBS."
        )
    table = pd.DataFrame(rows)
    table["vr_code"] = table["region_code"].map(regions_of).fillna(table["region_code"])
    missing = table["value"].isna()
    table["missing_reason"] = missing.map({True: MissingReason.SUPPRESSED.value, False: ""})
    table["status"] = missing.map({True: Status.MISSING.value, False: Status.OFFICIAL.value})
    return table.assign(source=source, year=year)


def _region_codes(year: int, areas: Mapping[str, pd.DataFrame]) -> dict[str, str]:
    """Return the code for each code and name, gemeenten before regions of the same name."""
    names = regions.names_to_codes(areas["gemeenten"], year)
    found = {_bare(name): code for name, code in names.items()}
    for row in areas["veiligheidsregios"].itertuples():
        found.setdefault(_bare(str(row.vr_name)), str(row.vr_code))
        found[_bare(f"vr {row.vr_name}")] = str(row.vr_code)
        found[str(row.vr_code).lower()] = str(row.vr_code)
    return found | {code.lower(): code for code in names.values()}


def _bare(name: str) -> str:
    text = re.sub(r"\s*\((gemeente|gem\.?)\)$", "", plain(name))
    return re.sub(r"[^a-z0-9à-ÿ]+", " ", text).strip()


def _sheet_rows(sheet: Any, codes: Mapping[str, str]) -> Iterator[dict[str, Any]]:
    grid = [list(row) for row in sheet.iter_rows(values_only=True)]
    found = _region_column(grid, codes)
    if found is None:
        return
    column, head, by_vr = found
    headers = _headers(grid, head, column)
    for number in range(head + 1, len(grid)):
        code = _code(grid[number][column], codes, by_vr=by_vr)
        if code is None:
            continue
        for position, header in headers.items():
            value = _value(grid[number][position])
            if value is not None:
                cell = f"{sheet.title}!{get_column_letter(position + 1)}{number + 1}"
                yield {"region_code": code, "measure": f"{sheet.title}: {header}", "value": value, "cell": cell}


def _code(cell: Any, codes: Mapping[str, str], *, by_vr: bool) -> str | None:
    text = _bare(str(cell)) if isinstance(cell, str) else ""
    if by_vr:  # Utrecht and Groningen are gemeenten as well
        return codes.get(f"vr {text}") or (codes.get(text) if text.startswith("vr") else None)
    return codes.get(text)


def _region_column(grid: list[list[Any]], codes: Mapping[str, str]) -> tuple[int, int, bool] | None:
    """Return the column with the regions, the row of its header, and whether they are veiligheidsregio's."""
    best: tuple[int, int, int, bool] | None = None
    for number, row in enumerate(grid):
        for column, cell in enumerate(row):
            if not (isinstance(cell, str) and _REGION_HEADER.fullmatch(plain(cell))):
                continue
            by_vr = "veiligheidsregio" in plain(cell)
            hits = [
                below
                for below in range(number + 1, len(grid))
                if _code(grid[below][column], codes, by_vr=by_vr) is not None
            ]
            if hits and (best is None or len(hits) > best[0]):
                best = (len(hits), column, number, by_vr)
    return best[1:] if best else None


def _headers(grid: list[list[Any]], head: int, region_column: int) -> dict[int, str]:
    """Return the header of each column: the texts above it, a wide heading holding for the columns under it."""
    found: dict[int, list[str]] = {}
    for row in grid[max(0, head + 1 - _HEADER_ROWS_N) : head + 1]:
        heading = ""  # a title stands above the names of the regions, a heading beside them
        for position, cell in enumerate(row[region_column + 1 :], region_column + 1):
            heading = str(cell).strip() if cell is not None and str(cell).strip() else heading
            if heading and heading not in found.get(position, []):
                found.setdefault(position, []).append(heading)
    return {position: " - ".join(re.sub(r"\s+", " ", part) for part in parts) for position, parts in found.items()}


def _value(cell: Any) -> float | None:
    """Return the figure, NaN where CBS withheld it; None for a cell that holds a text of another kind."""
    if isinstance(cell, bool):
        return None
    if isinstance(cell, int | float):
        return float(cell)
    text = str(cell or "").strip()
    if text in _SUPPRESSED:
        return float("nan")
    plain_number = re.sub(r"[\s.](?=\d{3}\b)", "", text).replace(",", ".")
    return float(plain_number) if re.fullmatch(r"-?\d+(\.\d+)?", plain_number) else None
