"""CBS custom workbooks (maatwerk), uploaded by a user and read by the text of their headers.

Made for tables with one row per gemeente or veiligheidsregio: workers from EU/EFTA countries who share an
address (2019), workers tested by region, registrations on holiday parks. Every figure keeps its sheet and cell.
"""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import pandas as pd

from geodata.areas import regions
from geodata.areas.regions import fold
from geodata.codes import MissingReason, Status
from geodata.errors import InputError
from geodata.intake import cells
from geodata.intake.cells import Mark
from geodata.intake.files import spreadsheet
from geodata.intake.files.table import column_letter, is_blank, is_note
from geodata.intake.places import Kind, Place, Places, known_places, tell_missed
from geodata.intake.receipt import Receipt

_REGION_HEADER: Final = re.compile(
    r"(gemeenten?|veiligheidsregio|ggd regio|regio|gebied(en|snaam)?|codes?|omschrijving)( ?s)?( ?code| ?naam)?s?( .*)?"
)
FIRST_YEAR: Final = 2019
"""Of the figures of a workbook: CBS made its custom tables on labour migrants of 2019."""

_YEAR_HEADER: Final = re.compile(r"(verslag|peil)?ja(ar|ren)|perioden?|year|peildatum|periods?")
_CODE_HEADER: Final = re.compile(r"((gem|gm|gemeente|vr|regio|cbs)\w*[ ]?)?code\b.*")
_EXPLICIT: Final = re.compile(r"veiligheidsregio|\(vr\)|\bvr ?\d{2}\b|\bggd\b", re.IGNORECASE)
_NO_COUNT: Final = re.compile(
    r"%|\b(aandeel|percentage|procent|gemiddelde?|per|ratio|index|quote|verhouding|dichtheid|share|rate|average|mean)\b",
    re.IGNORECASE,
)
_HEADER_ROWS_N: Final = 4
_REASONS: Final = {
    Mark.SUPPRESSED.value: MissingReason.SUPPRESSED.value,
    Mark.UNKNOWN.value: MissingReason.NOT_PUBLISHED.value,
    Mark.IMPOSSIBLE.value: MissingReason.NOT_APPLICABLE.value,
    Mark.BLANK.value: MissingReason.NOT_APPLICABLE.value,  # CBS: a blank is a figure that cannot be
}

Grid = list[list[Any]]


def read(
    path: Path, year: int, areas: Mapping[str, pd.DataFrame], places: Places, source: str, sheet: str = ""
) -> tuple[pd.DataFrame, Receipt]:
    """Return the figures of every table in a workbook, one row each, and the receipt.

    Parameters
    ----------
    year
        The year of the figures; says which gemeenten existed.
    areas
        gemeenten and veiligheidsregio's of today.
    sheet
        The one sheet to read; '' for every visible one.

    Returns
    -------
    tuple
        Contract ``Context``: region_code (a gemeente of that year, or a veiligheidsregio), vr_code, measure
        (the headers above the figure), value, missing_reason, status, source, cell; and the receipt.

    Raises
    ------
    InputError
        The file is no workbook, or no sheet has a row per gemeente or veiligheidsregio.
    """
    of_year = max(year, FIRST_YEAR + 1) if year >= FIRST_YEAR else year  # no gemeente changed on 1 January 2020
    regions_of = regions.veiligheidsregio_of_year(areas["gemeenten"], of_year).to_dict()
    receipt, grids = _grids(path, sheet)
    found: list[pd.DataFrame] = []
    for title, grid in grids.items():
        figures = _sheet_figures(title, grid, year, set(regions_of), receipt, places)
        if figures is not None:
            found.append(figures)
    if not found or not sum(map(len, found)):
        raise InputError("workbook_without_regions", name=path.name)
    table = pd.concat(found, ignore_index=True)
    table["vr_code"] = table["region_code"].map(regions_of).fillna(table["region_code"])
    missing = table["value"].isna()
    table["missing_reason"] = table.pop("mark").map(_REASONS).where(missing, "").fillna("")
    table["status"] = missing.map({True: Status.MISSING.value, False: Status.OFFICIAL.value})
    return table.assign(source=source, year=year), receipt


def has_regions(path: Path) -> bool:
    """Tell whether a file is a workbook with a visible sheet that has a row per gemeente or region."""
    if path.suffix.lower() not in (".xlsx", ".xlsm", ".xls", ".ods"):
        return False
    try:
        _, grids = _grids(path, "")
    except InputError:
        return False
    places = known_places()
    for grid in grids.values():
        width = max((len(row) for row in grid), default=0)
        if _region_column([[*row, *[None] * width][:width] for row in grid], places, set(places.names)):
            return True
    return False


def _grids(path: Path, sheet: str) -> tuple[Receipt, dict[str, Grid]]:
    """Return the cells of each visible sheet, and a receipt that tells of the others."""
    content, book = spreadsheet.whole_book(path)
    visible, hidden = spreadsheet.visible_sheets(book), spreadsheet.hidden_sheets(book)
    wanted = spreadsheet.chosen_sheets(visible, hidden, sheet, path.name)
    grids = {title: list(spreadsheet.rows_of(book, title, path.name, as_shown=True)) for title in wanted}
    receipt = Receipt(path.name, "workbook", spreadsheet.digest(content))
    for title in wanted:
        spreadsheet.refuse_unanswered(content, title, path.name)
        for line in spreadsheet.hidden_parts(spreadsheet.xml_of(content, book[title], path.name)):
            receipt.note(line.key, **line.said)
    if hidden:
        receipt.note("sheets_hidden", n=len(hidden))
    if others := [title for title in visible if title not in wanted]:
        receipt.note("sheets_passed", sheets=", ".join(others))
    return receipt, grids


def _sheet_figures(
    title: str, grid: Grid, year: int, known: set[str], receipt: Receipt, places: Places
) -> pd.DataFrame | None:
    """Return the figures of a sheet: region_code, measure, value, mark and cell; None where it holds no table."""
    width = max((len(row) for row in grid), default=0)
    grid = [[*row, *[None] * width][:width] for row in grid]
    column = _region_column(grid, places, known)
    if column is None:
        return None
    position, head, by_vr = column
    head += _more_head(grid, head, position)
    column = (position, head, by_vr)
    headers = _headers(grid, head, position)
    grid = _of_year(grid, head, headers, year, title, receipt)
    rows = _rows_of_places(grid, column, title, receipt, places, known)
    figures, passed = [], []
    for number, header in headers.items():
        last = fold(header.rsplit(" - ", 1)[-1])
        if _CODE_HEADER.fullmatch(last) or _REGION_HEADER.fullmatch(last) or _YEAR_HEADER.fullmatch(last):
            passed.append(header)
            continue
        column_cells = pd.Series([grid[row][number] for row in rows], index=[*rows], dtype=object)
        # 1.234 as a text of a Dutch workbook is a count, save where the header speaks of shares or means
        read = cells.numbers(
            column_cells,
            f"{title}, {header}",
            row_n=[row + 1 for row in rows],
            refuses=False,
            groups=not _NO_COUNT.search(header),
        )
        is_figure = read.marks.ne(Mark.UNREADABLE)
        if read.marks.isin([Mark.UNREADABLE, Mark.BLANK]).all():  # a column of words
            passed.append(header)
            continue
        for row in read.marks.index[~is_figure]:
            receipt.change(row + 1, "no_figure", sheet=title, text=str(grid[row][number])[:60])
        figures.append(
            pd.DataFrame(
                {
                    "region_code": [rows[row] for row in read.marks.index[is_figure]],
                    "measure": f"{title}: {header}",
                    "value": read.figures[is_figure].to_numpy(),
                    "mark": read.marks[is_figure].to_numpy(),
                    "cell": [f"{title}!{column_letter(number)}{row + 1}" for row in read.marks.index[is_figure]],
                }
            )
        )
        receipt.columns_read[f"{title}: {column_letter(number)}"] = header
        if read.doubtful:
            receipt.note("figure_doubtful", column=header, text=read.doubtful)
        _tell_marks(read, receipt)
    receipt.columns_passed += [f"{title}: {header}" for header in passed]
    receipt.rows_n += len(grid) - head - 1
    receipt.kept_n += len(rows)
    receipt.note("level", sheet=title, level="veiligheidsregio" if by_vr else "gemeente")
    return pd.concat(figures, ignore_index=True) if figures else None


def _more_head(grid: Grid, head: int, position: int) -> int:
    """Return how many rows below the header still belong to it: they name no region, and hold words alone."""
    more = 0
    for row in grid[head + 1 : head + _HEADER_ROWS_N]:
        others = [cell for number, cell in enumerate(row) if number > position and not is_blank(cell)]
        if not is_blank(row[position]) or not others or not all(isinstance(cell, str) for cell in others):
            break
        if cells.numbers(pd.Series(others, dtype=object), "", refuses=False).figures.notna().any():
            break
        more += 1
    return more


def _of_year(grid: Grid, head: int, headers: Mapping[int, str], year: int, title: str, receipt: Receipt) -> Grid:
    """Empty the rows of other years, where a column tells the year of each and the year asked for is among them."""
    column = next((n for n, text in headers.items() if _YEAR_HEADER.fullmatch(fold(text.rsplit(" - ", 1)[-1]))), None)
    if column is None:
        return grid
    of = [re.search(r"\b(20\d\d)\b", str(row[column]).replace("JJ00", "")) for row in grid]
    years = {int(match[1]) for match in of[head + 1 :] if match}
    if len(years) < 2:
        return grid
    if year not in years:
        raise InputError("workbook_other_years", sheet=title, year=year, years=", ".join(map(str, sorted(years))))
    kept = [
        row if match is None or int(match[1]) == year else [None] * len(row)
        for row, match in zip(grid, of, strict=True)
    ]
    other_n = sum(match is not None and int(match[1]) != year for match in of[head + 1 :])
    receipt.note("period_taken", period=str(year), n=len(years), rows_n=other_n)
    return [*grid[: head + 1], *kept[head + 1 :]]


def _tell_marks(read: cells.Numbers, receipt: Receipt) -> None:
    counts = read.marks.value_counts()
    for mark, key in ((Mark.NIL, "nil"), (Mark.SUPPRESSED, "suppressed"), (Mark.UNKNOWN, "not_known")):
        receipt.tally(key, int(counts.get(mark.value, 0)))


def _rows_of_places(
    grid: Grid, column: tuple[int, int, bool], title: str, receipt: Receipt, places: Places, known: set[str]
) -> dict[int, str]:
    """Return the rows that name a place, each with its code; what names none is told."""
    position, head, by_vr = column
    rows: dict[int, str] = {}
    lost: dict[int, str] = {}
    for number in range(head + 1, len(grid)):
        cell = grid[number][position]
        if is_blank(cell) or is_note(cell):
            if not is_blank(cell):
                receipt.pass_over(number + 1, "below", text=str(cell)[:80])
            elif any(isinstance(other, int | float) for other in grid[number][position + 1 :]):
                receipt.leave_out(number + 1, "unknown_row_blank")
            continue
        place = _place(cell, places, known, by_vr=by_vr)
        if place.kind in (Kind.GEMEENTE, Kind.REGION) and place.code:
            if place.code in rows.values():
                first = next(row for row, code in rows.items() if code == place.code)
                receipt.leave_out(number + 1, "place_again", text=str(cell)[:60], sheet=title, first=first + 1)
            else:
                rows[number] = place.code
        elif place.kind is Kind.MISS or (place.kind is Kind.REGION and not place.code):
            if any(not is_blank(other) for other in grid[number][position + 1 :]):
                lost[number + 1] = str(cell)
        else:
            receipt.pass_over(
                number + 1, "total_row" if place.kind is Kind.TOTAL else "other_level", text=str(cell)[:60]
            )
    numbers = pd.Series([*lost], dtype="int64").to_numpy()
    tell_missed(pd.Series(lost, dtype="str"), numbers, receipt, places, "region" if by_vr else "gemeente")
    return rows


def _place(cell: Any, places: Places, known: set[str], *, by_vr: bool) -> Place:
    if by_vr:  # Utrecht and Groningen are gemeenten as well
        return places.region(cell)
    found = places.find(cell)
    if found.kind is Kind.MISS or (found.kind is Kind.PROVINCE and fold(found.name) == fold(str(cell))):
        region = places.region(cell)
        return region if region.kind is Kind.REGION else found
    return found if found.kind is not Kind.GEMEENTE or found.code in known else Place(Kind.MISS, "", str(cell))


def _region_column(grid: Grid, places: Places, known: set[str]) -> tuple[int, int, bool] | None:
    """Return the column with the regions, the row of its header, and whether they are veiligheidsregio's."""
    best: tuple[int, int, int, bool] | None = None
    for number, row in enumerate(grid):
        for column, cell in enumerate(row):
            if not (isinstance(cell, str) and len(cell) < 100 and _REGION_HEADER.fullmatch(fold(cell))):
                continue
            column_cells = [below[column] for below in grid[number + 1 :] if not is_blank(below[column])]
            by_vr = "veiligheidsregio" in fold(cell) or _speaks_of_regions(column_cells, places)
            hits_n = sum(
                _place(below[column], places, known, by_vr=by_vr).code != "" and not is_blank(below[column])
                for below in grid[number + 1 :]
            )
            if hits_n and (best is None or hits_n > best[0]):
                best = (hits_n, column, number, by_vr)
    return best[1:] if best else None


def _speaks_of_regions(column_cells: Sequence[Any], places: Places) -> bool:
    """Tell whether a column says veiligheidsregio of some rows, and and all other rows name one too."""
    if not any(_EXPLICIT.search(str(cell)) for cell in column_cells):
        return False
    as_regions = sum(places.region(cell).kind is Kind.REGION for cell in column_cells)
    return as_regions >= sum(places.find(cell).kind is Kind.GEMEENTE for cell in column_cells)


def _headers(grid: Grid, head: int, region_column: int) -> dict[int, str]:
    """Return the header of each column: the texts above it, a wide heading holding for the columns under it."""
    found: dict[int, list[str]] = {}
    for row in grid[max(0, head + 1 - _HEADER_ROWS_N) : head + 1]:
        heading = ""  # a title stands above the names of the regions, a heading beside them
        for position, cell in enumerate(row[region_column + 1 :], region_column + 1):
            heading = heading if is_blank(cell) else re.sub(r"\s+", " ", str(cell)).strip()
            if heading and heading not in found.get(position, []):
                found.setdefault(position, []).append(heading)
    return {position: " - ".join(parts) for position, parts in found.items()}
