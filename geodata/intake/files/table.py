"""The table in a file: where its header stands, what its columns are called, and which rows are none.

A second table in the same sheet, below the first or to its right, is passed over and told, never mixed with it.
"""

import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from geodata.errors import InputError
from geodata.intake.receipt import Line, Receipt

MAX_BYTES: Final = 1 << 30
MAX_ROWS_N: Final = 5_000_000
MAX_CELLS_N: Final = 200_000_000
MAX_COLUMNS_N: Final = 16_384
HEADER_WITHIN_N: Final = 60  # rows in which the header must stand
_NOTE: Final = re.compile(
    r"\s*(bron(nen)?|source|toelichting|noot|noten|note|opmerking(en)?|©|\(c\)|copyright|peildatum|legenda|verklaring|"
    r"let op|disclaimer|licentie|\*+\)?|\d\)|\[\d+\])(?![a-z]).*",
    re.IGNORECASE | re.DOTALL,
)

_UNIT: Final = re.compile(
    r"\(?(aantal|number|n|#|%|pct|procent|percent|m2|m²|ha|km2|km²|fte|fte'?s|bedden|beds|plaatsen|personen|"
    r"x ?1 ?[.,]?000|1 ?000|jaar|euro|gevallen|meldingen|tekst|text|datum|naam|code|eenheid|unit)\)?",
    re.IGNORECASE,
)

Cell = Any
Knows = Callable[[str], str]
"""Tells the field that a header names, '' for none: so the header is found where headers are."""
_FIGURE: Final = re.compile(r"[-+]?\d[\d., \u00a0]*%?")
_LOOKED_AT_N: Final = 200  # rows that tell what a column holds
_FEWEST_N: Final = 2  # cells of a header, and columns of a table that is shorter than the one beside it

Split = tuple[pd.DataFrame, NDArray[np.int64], list[Cell], list[Line]]


@dataclass(frozen=True)
class Options:
    """What a user says of a file: which sheet of a workbook, which layer of a map."""

    sheet: str = ""
    layer: str = ""


@dataclass(frozen=True)
class Table:
    """A table as a file gives it.

    Attributes
    ----------
    frame
        One column per header; texts, or the typed cells of a workbook; a GeoDataFrame for a map.
    row_n
        The number of each row in the file, as a spreadsheet would number it.
    has_cut_headers
        The file's kind cuts headers at ten letters (a Shapefile).
    passed
        What of the file is no part of the table.
    notes
        What holds for the file as a whole.
    """

    name: str
    frame: pd.DataFrame
    row_n: NDArray[np.int64]
    sha256: str
    has_cut_headers: bool = False
    passed: tuple[Line, ...] = ()
    notes: tuple[Line, ...] = ()

    def receipt(self, kind: str) -> Receipt:
        """Return a receipt with what reading alone can tell."""
        found = Receipt(self.name, kind, self.sha256, rows_n=len(self.frame))
        found.passed.extend(self.passed)
        for line in self.notes:
            found.note(line.key, **line.said)
        return found


@dataclass(frozen=True)
class Place:
    """Where in the first rows of a file the header stands, and how much of it is known.

    Attributes
    ----------
    head
        Position of the header's row.
    known_n
        How many different fields its cells name.
    width
        Number of its cells.
    """

    head: int
    known_n: int
    width: int


_OVER_PIVOT: Final = ("kolomlabels", "column labels")  # stands over the headers of a pivot table, never among them


def find_header(grid: Sequence[Sequence[Cell]], knows: Knows) -> Place | None:
    """Return where the header stands: the row that names most fields, else the first that is as full as the table.

    Examples
    --------
    >>> rows = [["Overzicht 2020", None], [None, None], ["gemeente", "aantal"], ["Ede", 5]]
    >>> find_header(rows, lambda header: header if header in ("gemeente", "aantal") else "")
    Place(head=2, known_n=2, width=2)
    """
    best: Place | None = None
    for number, row in enumerate(grid[:HEADER_WITHIN_N]):
        if any(header_text(cell).casefold() in _OVER_PIVOT for cell in row if isinstance(cell, str)):
            continue
        named = {field for cell in row if not isinstance(cell, bool) and (field := knows(header_text(cell)))}
        is_title = best is not None and best.known_n == best.width == 1 and len(row) > 1 and width_of(row) > 1
        if named and (best is None or len(named) > best.known_n or is_title):
            best = Place(number, len(named), width_of(row))
    full = _fullest(grid)
    if best is not None and (best.known_n > 1 or full is None or full.head >= best.head):
        return best
    return full


def _fullest(grid: Sequence[Sequence[Cell]]) -> Place | None:
    """Return the first row that is as full as the rows of the table."""
    filled = [sum(not is_blank(cell) for cell in row) for row in grid[:HEADER_WITHIN_N]] or [0]
    usual = Counter(count_n for count_n in filled if count_n > (max(filled) > 1)).most_common(1)
    if not usual:
        return None
    # Of rows with the usual number of cells the first is the header; with only one such row it is the fullest.
    wanted = usual[0][0] if usual[0][1] > 1 else max(filled)
    number = next(number for number, count_n in enumerate(filled) if count_n >= wanted)
    return Place(number, 0, width_of(grid[number]))


def is_blank(cell: Cell) -> bool:
    """Tell whether nothing stands in a cell."""
    return cell is None or (isinstance(cell, str) and not cell.strip())


def is_note(cell: Cell) -> bool:
    """Tell whether a cell that stands alone in its row is a source, a footnote or the like."""
    return isinstance(cell, str) and _NOTE.fullmatch(cell) is not None


def width_of(row: Sequence[Cell]) -> int:
    """Return how many cells a row has up to the last that is filled."""
    return max((number for number, cell in enumerate(row, 1) if not is_blank(cell)), default=0)


def header_text(cell: Cell) -> str:
    """Return a header as text: one line, no blanks around it, no invisible marks."""
    if cell is None:
        return ""
    if isinstance(cell, float) and cell.is_integer():
        cell = int(cell)
    return re.sub(r"\s+", " ", str(cell).replace("\ufeff", "").replace("\u00a0", " ")).strip()


def column_letter(number: int) -> str:
    """Return how a workbook names its column of a number from 0.

    Examples
    --------
    >>> column_letter(27)
    'AB'
    """
    from openpyxl.utils import get_column_letter  # noqa: PLC0415 - slow to load, for workbooks alone

    return str(get_column_letter(number + 1))


def column_number(letters: str) -> int:
    """Return the number, from 0, of the column that a workbook names by letters.

    Examples
    --------
    >>> column_number("AB")
    27
    """
    from openpyxl.utils import column_index_from_string  # noqa: PLC0415 - slow to load, for workbooks alone

    return int(column_index_from_string(letters)) - 1


def named(frame: pd.DataFrame, header: Sequence[Cell], name: str, knows: Knows) -> pd.DataFrame:
    """Give columns their headers; blank columns go, and two of one name that is read are refused.

    Parameters
    ----------
    frame
        The cells, a column per column of the file.
    header
        The title of each column.
    name
        What errors call the file.
    knows
        Names the field of a header, '' for none.
    """
    texts = [header_text(cell) for cell in header]
    keep = [number for number, text in enumerate(texts) if text or not blank_cells(frame.iloc[:, number]).all()]
    seen: dict[str, int] = {}
    names = []
    for number in keep:
        text = texts[number] or f"({column_letter(number)})"
        low = text.casefold()
        seen[low] = seen.get(low, 0) + 1
        if seen[low] > 1:
            if knows(text):
                raise InputError("header_twice", name=name, text=text)
            text = f"{text} ({seen[low]})"
        names.append(text)
    return frame.iloc[:, keep].set_axis(pd.Index(names, dtype="str"), axis="columns")


def blank_cells(cells: pd.Series) -> pd.Series:
    """Tell of each cell of a column whether nothing stands in it."""
    if cells.dtype == object:
        return cells.map(is_blank).astype(bool)
    found: pd.Series = cells.isna() | cells.str.fullmatch(r"\s*")
    return found.astype(bool)


def only_rows(
    frame: pd.DataFrame, row_n: NDArray[np.int64], header: Sequence[Cell]
) -> tuple[pd.DataFrame, NDArray[np.int64], list[Line]]:
    """Drop what stands among the rows and is none: blank rows, notes below, a header that is repeated.

    Parameters
    ----------
    frame
        The cells, a column per column of the file.
    row_n
        The row in the file of each row.
    header
        The title of each column.
    """
    if frame.empty:
        return frame, row_n, []
    first = frame.iloc[:, 0]
    doubtful = np.ones(len(frame), bool)
    for number in range(1, frame.shape[1]):  # a row with a second cell is a row; so most are settled at once
        cells = frame.iloc[:, number]
        filled = ~blank_cells(cells).to_numpy() if cells.dtype == object else (cells.fillna("") != "").to_numpy()
        doubtful &= ~filled
        if not doubtful.any():
            break
    drop = np.zeros(len(frame), bool)
    lines = []
    if _is_units(frame.iloc[0]) and not _is_units(frame.iloc[min(1, len(frame) - 1)]):
        drop[0] = True
        lines.append(Line("units", {}, int(row_n[0])))
    for number in np.flatnonzero(doubtful).tolist():
        cell = first.iloc[number]
        if is_blank(cell):
            drop[number] = frame.iloc[number].map(is_blank).all()
        elif frame.shape[1] > 1 and is_note(cell):
            drop[number] = True
            lines.append(Line("below", {"text": str(cell).strip()[:80]}, int(row_n[number])))
    repeated = [] if is_blank(header[0]) else np.flatnonzero((first == header[0]).to_numpy()).tolist()
    for number in repeated:
        if [header_text(cell) for cell in frame.iloc[number]] == [header_text(cell) for cell in header][
            : frame.shape[1]
        ]:
            drop[number] = True
            lines.append(Line("header_again", {}, int(row_n[number])))
    if not drop.any():
        return frame, row_n, lines
    return frame[~drop].reset_index(drop=True), row_n[~drop], lines


def _is_units(row: pd.Series) -> bool:
    """Tell whether a row says only in which units the columns below it are."""
    filled = [cell for cell in row if not is_blank(cell)]
    return bool(filled) and all(isinstance(cell, str) and _UNIT.fullmatch(cell.strip()) for cell in filled)


def with_units(header: Sequence[Cell], first: Sequence[Cell]) -> list[Cell]:
    """Return a header with the units of the row below it in brackets, where that row holds nothing else."""
    filled = [cell for cell in first if not is_blank(cell)]
    if not filled or not all(isinstance(cell, str) and _UNIT.fullmatch(cell.strip()) for cell in filled):
        return [*header]
    units = [*first, *[None] * len(header)]
    return [
        name if is_blank(name) or is_blank(unit) else f"{header_text(name)} ({str(unit).strip('() ')})"
        for name, unit in zip(header, units, strict=False)
    ]


def lines_above(grid: Sequence[Sequence[Cell]], head: int) -> list[Line]:
    """Return what stands above the header, to be told."""
    found = []
    for number, row in enumerate(grid[:head], 1):
        said = " ".join(header_text(cell) for cell in row if not is_blank(cell))
        if said:
            found.append(Line("above", {"text": said[:80]}, number))
    return found


def only_first(frame: pd.DataFrame, row_n: NDArray[np.int64], header: Sequence[Cell], knows: Knows) -> Split:
    """Return the table under a header without another one to its right or below it.

    Parameters
    ----------
    frame
        The rows below the header, as wide as it.
    row_n
        The number of each in the file.
    header
        Its cells.
    knows
        Tells which field a header names.

    Returns
    -------
    tuple
        Rows, their numbers and the header of the first table; what is told of the others.

    Examples
    --------
    >>> frame = pd.DataFrame([["Park", "Ede"], [None, None], ["Gemeente", "Parken"], ["Ede", 9]], dtype=object)
    >>> knows = {"naam": "name", "Gemeente": "gemeente"}.get
    >>> first, _, _, told = only_first(frame, np.arange(2, 6), ["naam", ""], lambda header: knows(header, ""))
    >>> first.to_numpy().tolist(), told[0].said["text"]
    ([['Park', 'Ede'], [None, None]], 'Gemeente, Parken')
    """
    frame, header, told = _left(frame, list(header), knows)
    start = _start_below(frame, row_n, header, knows)
    if start is None:
        return frame, row_n, header, told
    said = {"text": _said(frame.iloc[start]), "row": int(row_n[start])}
    return frame.iloc[:start], row_n[:start], header, [*told, Line("table_below", said)]


def _said(cells: Sequence[Cell] | pd.Series) -> str:
    return ", ".join(header_text(cell) for cell in cells if not is_blank(cell))[:80]


# --- below


def _start_below(frame: pd.DataFrame, row_n: NDArray[np.int64], header: Sequence[Cell], knows: Knows) -> int | None:
    """Return the position of the header of a second table; None where there is none."""
    if len(frame) <= _FEWEST_N:
        return None
    blank = np.ones(len(frame), bool)
    for number in range(frame.shape[1]):
        cells = frame.iloc[:, number]  # of a text, at once: a cell of blanks alone makes no gap
        blank &= blank_cells(cells).to_numpy() if cells.dtype == object else (cells.fillna("") == "").to_numpy()
        if not blank.any():
            break
    after_gap = np.append(False, blank[:-1] | (np.diff(row_n) > 1)) & ~blank
    for position in np.flatnonzero(after_gap).tolist():
        for start in (position, position + 1):  # the second has a title of one cell above it
            is_titled = start == position or _filled_n(frame, position) == 1
            if is_titled and start + 1 < len(frame) and not blank[start] and _is_header(frame, start, header, knows):
                return start
    return None


def _filled_n(frame: pd.DataFrame, position: int) -> int:
    return sum(not is_blank(cell) and cell == cell for cell in frame.iloc[position])  # noqa: PLR0124 - NaN


def _is_header(frame: pd.DataFrame, start: int, header: Sequence[Cell], knows: Knows) -> bool:
    """Tell whether a row is the header of a table of its own: all words, over other fields or other kinds of cells."""
    row = [cell for cell in frame.iloc[start] if not is_blank(cell)]
    if len(row) < _FEWEST_N or not all(isinstance(cell, str) and not _FIGURE.fullmatch(cell.strip()) for cell in row):
        return False
    texts = [header_text(cell).casefold() for cell in frame.iloc[start]]
    if texts == [header_text(cell).casefold() for cell in header][: len(texts)]:
        return False  # the same header once more
    known_n = len({field for cell in row if (field := knows(header_text(cell)))})
    if known_n >= _FEWEST_N:
        return True
    changed_n = sum(_changes(frame.iloc[:, number], start) for number in range(frame.shape[1]))
    # in a row of words that is no header one or two may stand over a figure too
    return changed_n * 2 >= len(row) if known_n else changed_n == len(row)


def _changes(cells: pd.Series, start: int) -> bool:
    """Tell whether a column holds words alone above a row of words, and a figure right below it."""
    if is_blank(cells.iloc[start]) or not _is_figure(cells.iloc[start + 1]):
        return False
    above = [cell for cell in cells.iloc[max(0, start - _LOOKED_AT_N) : start] if not is_blank(cell)]
    return bool(above) and not any(_is_figure(cell) for cell in above)


def _is_figure(cell: Cell) -> bool:
    if isinstance(cell, str):
        return _FIGURE.fullmatch(cell.strip()) is not None
    return isinstance(cell, int | float | np.number) and not isinstance(cell, bool)


# --- to the right


def _left(frame: pd.DataFrame, header: list[Cell], knows: Knows) -> tuple[pd.DataFrame, list[Cell], list[Line]]:
    """Return, of tables that a blank column parts and that are not equally long, the one with most known headers."""
    empty = [
        number
        for number in range(frame.shape[1])
        if is_blank(header[number]) and blank_cells(frame.iloc[:, number]).all()
    ]
    if not empty or frame.empty:
        return frame, header, []
    blocks = [
        range(first + 1, last)
        for first, last in zip([-1, *empty], [*empty, frame.shape[1]], strict=True)
        if last - first > 1
    ]
    known = [len({field for number in block if (field := knows(header_text(header[number])))}) for block in blocks]
    main = blocks[int(np.argmax(known))]
    filled = _filled(frame, main)
    others = [block for block in blocks if block is not main and _is_other(filled, _filled(frame, block), len(block))]
    if not others:
        return frame, header, []
    gone = {number for block in others for number in block}
    keep = [number for number in range(frame.shape[1]) if number not in gone]
    told = [Line("table_beside", {"text": _said([header[number] for number in block])}) for block in others]
    return frame.iloc[:, keep], [header[number] for number in keep], told


def _filled(frame: pd.DataFrame, block: range) -> NDArray[np.bool_]:
    found = np.zeros(len(frame), bool)
    for number in block:
        found |= ~blank_cells(frame.iloc[:, number]).to_numpy()
    return found


def _is_other(main: NDArray[np.bool_], block: NDArray[np.bool_], width: int) -> bool:
    """Tell whether cells beside a table are of another one: it goes on below it, or ends above its end."""
    if not block.any() or not main.any():
        return False
    last, end = (int(np.flatnonzero(one)[-1]) for one in (block, main))
    return last > end or (last < end - 1 and width >= _FEWEST_N and bool(block[: last + 1].all()))
