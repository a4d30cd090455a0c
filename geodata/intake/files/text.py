"""Tables as text: any letters, any mark between cells, what stands above the header and below the rows."""

import codecs
import csv
import io
import re
from collections import Counter
from typing import Final

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute
from numpy.typing import NDArray
from pyarrow import csv as arrow_csv

from geodata.errors import InputError
from geodata.intake.files import statline
from geodata.intake.files.statline import years_over_weeks
from geodata.intake.files.table import (
    HEADER_WITHIN_N,
    MAX_CELLS_N,
    MAX_COLUMNS_N,
    MAX_ROWS_N,
    Knows,
    Table,
    find_header,
    lines_above,
    named,
    only_first,
    only_rows,
    with_units,
)
from geodata.intake.receipt import Line

_SNIFF_N: Final = 1 << 16
_LONGEST_LINE: Final = 1 << 22
_UTF16: Final = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_OTHER_FILES: Final = (b"%PDF", b"{\\rtf", b"\x89PNG", b"\xff\xd8\xff", b"Rar!", b"7z\xbc\xaf", b"PAR1")


def read(content: bytes, name: str, knows: Knows) -> Table:
    """Return the table of a text with marks between its cells.

    Parameters
    ----------
    content
        The bytes of the file.
    name
        What errors call the file.
    knows
        Names the field of a header, '' for none.

    Raises
    ------
    InputError
        It is no text, breaks off, leaves a quote open, or is too big.
    """
    content = _decoded(content, name)
    longest = content[:_LONGEST_LINE].find(b"\n", _SNIFF_N) + 1  # the first line may be longer than a sample
    sample = content[: _SNIFF_N if b"\n" in content[:_SNIFF_N] else longest or _LONGEST_LINE]
    is_whole = len(content) <= len(sample)
    lines = io.StringIO(sample.decode("utf-8", errors="replace"), newline="").readlines()
    lines = lines if is_whole or len(lines) < 2 else lines[:-1]
    if not any(line.strip() for line in lines):
        raise InputError("file_is_empty", name=name)
    unquoted = _without_quotes_around(lines, content)
    if unquoted is not None:
        return read(unquoted, name, knows)
    declared = re.fullmatch(r"\"?sep=(.)\"?\s*", lines[0], re.IGNORECASE)
    separator = declared[1] if declared else _separator(lines, knows)
    rows, ends = _sample_rows(lines, separator, name)
    plain = _with_plain_quotes(rows, content, separator)
    if plain is not None:
        return read(plain, name, knows)
    first = 1 if declared else 0
    block = statline.find(rows)
    place = find_header([[], *rows[1:]] if first else rows, knows) if block is None else None
    head = block.head if block else place.head if place else 0
    over = years_over_weeks(rows, head, knows) if place else None
    top, head = (over.first, over.head) if over else (head, head)
    header = over.header if over else rows[head]
    header = [*[""] * _numbers_in_front(rows, head), *header]
    width = len(header)
    if width > MAX_COLUMNS_N:
        raise InputError("too_many_columns", name=name, width=width, most=MAX_COLUMNS_N)
    below = len("".join(lines[: ends[head]]).encode("utf-8"))
    rows_n = content.count(b"\n", below) + 1
    if rows_n > MAX_ROWS_N or rows_n * width > MAX_CELLS_N:
        raise InputError("table_too_big", name=name, rows_n=rows_n, width=width)
    frame, row_n, passed = _body(content, below, separator, header, head, name)
    passed = [*lines_above(rows[first:top], top - first), *passed] if block is None else passed
    header = header if block or frame.empty else with_units(header, list(frame.iloc[0]))
    told: list[Line] = []
    if block is None:
        frame, row_n, header, told = only_first(frame, row_n, header, knows)
    frame, row_n, more = only_rows(frame, row_n, header)
    if block is not None:
        frame, row_n = statline.to_long(block, rows, frame, row_n)
        header = list(frame.columns)
    return Table(name, named(frame, header, name, knows), row_n, "", passed=(*passed, *more), notes=tuple(told))


def _decoded(content: bytes, name: str) -> bytes:
    """Return the content as UTF-8 without a mark; Windows' own letters where it is not UTF-8."""
    for mark, encoding in ((codecs.BOM_UTF32_LE, "utf-32"), *((mark, "utf-16") for mark in _UTF16)):
        if content.startswith(mark):
            try:
                content = content.decode(encoding).encode("utf-8")
            except UnicodeError as error:
                raise InputError("utf16_breaks_off", name=name) from error
    while content.startswith(codecs.BOM_UTF8):
        content = content.removeprefix(codecs.BOM_UTF8)
    for encoding, zeros in (("utf-16-le", content[1:400:2]), ("utf-16-be", content[0:400:2])):  # without its mark
        if zeros and not zeros.strip(b"\x00"):
            content = content.decode(encoding, errors="replace").encode("utf-8")
    if b"\x00" in content or content.startswith(_OTHER_FILES):
        raise InputError("no_text_file", name=name)
    try:
        content.decode("utf-8")
    except UnicodeDecodeError:
        content = content.decode("cp1252", errors="replace").encode("utf-8")
    return content


def _without_quotes_around(lines: list[str], content: bytes) -> bytes | None:
    """Return a text of which every row is one quoted cell as rows without those quotes; None for any other.

    A spreadsheet writes such rows when a CSV was opened in one column and saved again.
    """
    rows = [line.strip() for line in lines if line.strip()]
    if not all(len(row) > 2 and row[0] == row[-1] == '"' and re.search(r'[^"][;,\t|]', row) for row in rows):
        return None
    if any(len(row) != 1 for mark in ";,\t|" for row in csv.reader(rows, delimiter=mark)):
        return None
    held = csv.reader(io.StringIO(content.decode("utf-8"), newline=""))
    return "\n".join(row[0] if row else "" for row in held).encode("utf-8")


def _with_plain_quotes(rows: list[list[str]], content: bytes, separator: str) -> bytes | None:
    """Return a text with its cells in double quotes that touch the marks between them; None for one that is so."""
    cells = [cell for row in rows for cell in row if len(row) > 1]
    if any(cell[:1] == " " and cell.lstrip(" ")[:1] == '"' for cell in cells):
        plain = re.sub(rb"(?<=[,;|\t\n])  *(?=\")", b"", content)
        return plain if plain != content else None
    first = next((row for row in rows if len(row) > 1), [])
    if not first or b'"' in content or not all(re.fullmatch(r"'[^']*'", cell) for cell in first):
        return None
    held = io.StringIO(newline="")
    text = io.StringIO(content.decode("utf-8"), newline="")
    csv.writer(held, delimiter=separator).writerows(csv.reader(text, delimiter=separator, quotechar="'"))
    return held.getvalue().encode("utf-8")


def _numbers_in_front(rows: list[list[str]], head: int) -> int:
    """Return 1 where every row has one cell more than the header, its own number in front, as R writes them."""
    below = [row for row in rows[head + 1 :] if row]
    width = len(rows[head]) + 1
    is_numbered = [row[0] for row in below if len(row) == width] == [str(n) for n in range(1, len(below) + 1)]
    return int(bool(below) and is_numbered)


def _separator(lines: list[str], knows: Knows) -> str:
    """Return the mark between cells: the one by which most headers are known, and most rows of equal length."""
    best, best_rank = ";", (0, 0.0, 0)
    for mark in ";,\t|":
        try:
            rows = [row for row in csv.reader(lines, delimiter=mark) if row]
        except csv.Error:
            continue
        widths = Counter(len(row) for row in rows if len(row) > 1)
        width, count_n = widths.most_common(1)[0] if widths else (1, 0)
        place = find_header(rows, knows)
        rank = (place.known_n if place else 0, count_n / len(rows), width)
        if rank > best_rank:
            best, best_rank = mark, rank
    return best


def _sample_rows(lines: list[str], separator: str, name: str) -> tuple[list[list[str]], list[int]]:
    """Return the first rows, and after how many lines each of them ends."""
    reader = csv.reader(lines, delimiter=separator)
    rows, ends = [], []
    try:
        for row in reader:
            rows.append(row)
            ends.append(reader.line_num)
            if len(rows) > HEADER_WITHIN_N:
                break
    except csv.Error as error:
        raise InputError("table_unreadable_start", name=name, error=error) from error
    return rows, ends


def _body(
    content: bytes, below: int, separator: str, header: list[str], head: int, name: str
) -> tuple[pd.DataFrame, NDArray[np.int64], list[Line]]:
    width = len(header)
    names = [str(number) for number in range(width)]
    if not content[below:].strip():
        return pd.DataFrame({number: pd.Series(dtype="str") for number in names}), np.array([], np.int64), []
    odd: list[tuple[int, int, str]] = []

    def odd_row(row: arrow_csv.InvalidRow) -> str:
        odd.append((row.number or 0, row.actual_columns, row.text))
        return "skip"

    try:
        table = arrow_csv.read_csv(
            pa.BufferReader(pa.py_buffer(content).slice(below)),
            read_options=arrow_csv.ReadOptions(column_names=names, use_threads=False, block_size=1 << 24),
            parse_options=arrow_csv.ParseOptions(
                delimiter=separator, newlines_in_values=True, ignore_empty_lines=False, invalid_row_handler=odd_row
            ),
            convert_options=arrow_csv.ConvertOptions(
                column_types=dict.fromkeys(names, pa.string()), strings_can_be_null=False
            ),
        )
    except (pa.ArrowException, ValueError) as error:
        raise InputError("table_unreadable_body", name=name, a=_short(error)) from error
    row_n = np.arange(1, table.num_rows + len(odd) + 1)
    row_n = np.delete(row_n, [number - 1 for number, _, _ in odd]) + head + 1
    _refuse_open_quotes(content, table, odd, separator, row_n, head, name)
    frame = _unwrapped(pd.DataFrame(table.to_pandas()), content)
    extra = [(number, cells_n, text) for number, cells_n, text in odd if cells_n > 1]
    longer = {number: _fitted(text, separator, width) for number, _, text in extra}
    lost = [number for number, row in longer.items() if row is None]
    if lost:
        raise InputError("table_breaks_off", name=name, a=len(lost), b=lost[0] + head + 1)
    if longer:
        added = pd.DataFrame([row for row in longer.values() if row is not None], columns=names, dtype="str")
        row_n = np.concatenate([row_n, np.array([*longer], np.int64) + head + 1])
        order = np.argsort(row_n, kind="stable")
        frame = pd.concat([frame, added], ignore_index=True).iloc[order].reset_index(drop=True)
        row_n = row_n[order]
    passed = [
        Line("below", {"text": text.strip().strip('"')[:80]}, number + head + 1)
        for number, cells_n, text in odd
        if cells_n <= 1 and text.strip()
    ]
    return frame, row_n, passed


def _unwrapped(frame: pd.DataFrame, content: bytes) -> pd.DataFrame:
    """Return cells that a program wrote as formulas, to keep their zeros, as the texts they stand for: ="0363"."""
    if b'="' not in content and b'"=""' not in content:
        return frame
    return frame.apply(lambda column: column.str.replace(r'^="([^"]*)"$', r"\1", regex=True))


def _fitted(text: str, separator: str, width: int) -> list[str] | None:
    """Return a row that is longer than the header by blank cells alone; None for any other."""
    rows = list(csv.reader(io.StringIO(text, newline=""), delimiter=separator))
    if len(rows) != 1 or len(rows[0]) < width or any(cell.strip() for cell in rows[0][width:]):
        return None
    return rows[0][:width]


def _refuse_open_quotes(
    content: bytes,
    table: pa.Table,
    odd: list[tuple[int, int, str]],
    separator: str,
    row_n: NDArray[np.int64],
    head: int,
    name: str,
) -> None:
    """Stop where a quote was opened and the rows after it were swallowed as one cell."""
    if b'"' not in content:
        return
    swallowed = [number + head + 1 for number, _, text in odd if _swallows(text, separator, table.num_columns)]
    pattern = rf"\n(.*{re.escape(separator)}){{{max(table.num_columns - 1, 1)}}}"
    for column in table.columns:
        if not pa.compute.any(pa.compute.match_substring(column, "\n")).as_py():
            continue
        found = pa.compute.match_substring_regex(column, pattern).to_numpy()
        swallowed += [int(row_n[position]) for position in np.flatnonzero(found) if table.num_columns > 1]
    if swallowed:
        raise InputError("quote_left_open", name=name, a=min(swallowed))


def _swallows(text: str, separator: str, width: int) -> bool:
    return (
        "\n" in text
        and text.count('"') % 2 == 1
        and any(line.count(separator) >= min(width - 1, 1) for line in text.splitlines()[1:])
    )


def _short(error: BaseException) -> str:
    said = re.sub(r"(/[\w.\-]+){2,}/?", "", str(error).splitlines()[0] if str(error) else type(error).__name__)
    return said[:100].rstrip(". ")
