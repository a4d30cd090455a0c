"""A second table in one sheet, below the first or to its right: passed over and told, never mixed with it."""

import re
from collections.abc import Sequence
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from geodata.intake.files.table import Cell, Knows, blank_cells, header_text, is_blank
from geodata.intake.receipt import Line

_FIGURE: Final = re.compile(r"[-+]?\d[\d., \u00a0]*%?")
_LOOKED_AT_N: Final = 200  # rows that tell what a column holds
_FEWEST_N: Final = 2  # cells of a header, and columns of a table that is shorter than the one beside it

Split = tuple[pd.DataFrame, NDArray[np.int64], list[Cell], list[Line]]


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
