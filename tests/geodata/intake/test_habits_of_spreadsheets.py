"""What people do in spreadsheets: merged cells, another kind of workbook, a formula here and there. All is invented."""

import io
import warnings
import zipfile
from collections.abc import Sequence
from datetime import date
from pathlib import Path

import openpyxl
import pandas as pd
import pytest
from openpyxl.worksheet.datavalidation import DataValidation

from geodata.errors import RisicobeeldError
from tests.geodata.intake.reading import put, read_cases, read_sites

EDE, AMSTERDAM = "GM0228", "GM0363"
SITES, CASES = ["naam", "gemeente", "bedden"], ["gemeente", "week", "aantal"]
STRICT = {
    b"http://schemas.openxmlformats.org/spreadsheetml/2006/main": b"http://purl.oclc.org/ooxml/spreadsheetml/main",
    b"http://schemas.openxmlformats.org/officeDocument/2006/relationships": b"http://purl.oclc.org/ooxml/officeDocument/relationships",
}


def book(*rows: list[object], merged: Sequence[str] = ()) -> bytes:
    made, held = openpyxl.Workbook(), io.BytesIO()
    for row in rows:
        made.active.append(row)
    for cells in merged:
        made.active.merge_cells(cells)
    made.save(held)
    return held.getvalue()


def as_strict(content: bytes) -> bytes:
    held = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as packed, zipfile.ZipFile(held, "w") as made:
        for name in packed.namelist():
            part = packed.read(name)
            for usual, strict in STRICT.items():
                part = part.replace(usual, strict)
            made.writestr(name, part)
    return held.getvalue()


LISTS: dict[str, tuple[bytes, object]] = {
    "saved as strict": (as_strict(book(SITES, ["A", "Ede", 40])), [("A", EDE, 40)]),
    "a gemeente over two rows": (
        book(SITES, ["A", "Ede", 40], ["B", None, 60], ["C", "Amsterdam", 5], merged=["B2:B3"]),
        [("A", EDE, 40), ("B", EDE, 60), ("C", AMSTERDAM, 5)],
    ),
    "beds of two rows together": (
        book(SITES, ["A", "Ede", 100], ["B", "Ede", None], merged=["C2:C3"]),
        [("A", EDE, None), ("B", EDE, None)],
    ),
    "a link that nobody calculated": (
        book([*SITES, "website"], ["A", "Ede", 40, '=HYPERLINK("http://example.org";"site")']),
        [("A", EDE, 40)],
    ),
    "a total that nobody calculated": (book(SITES, ["A", "Ede", 40], ["Totaal", None, "=SUM(C2:C2)"]), "cell C3"),
    "a thousand blank rows": (book(SITES, *[[None]] * 1000, ["A", "Ede", 40]), [("A", EDE, 40)]),
    "a table that begins elsewhere": (
        book(*[[None]] * 8, [None, None, *SITES], [None, None, "A", "Ede", 40]),
        [("A", EDE, 40)],
    ),
    "a cell in the last column": (
        book([*SITES, *[None] * 16_380, "x"], ["A", "Ede", 40, *[None] * 16_380, "y"]),
        [("A", EDE, 40)],
    ),
    "two tables beside each other": (
        book([*SITES, None, *SITES], ["A", "Ede", 40, None, "B", "Ede", 60]),
        "two columns called 'naam'",
    ),
    "days for beds": (
        book(SITES, ["A", "Ede", date(2020, 10, 5)], ["B", "Ede", 60]),
        [("A", EDE, None), ("B", EDE, 60)],
    ),
}


@pytest.mark.parametrize("name", LISTS)
def test_a_list_of_sites_in_a_workbook_gives_its_right_answer(tmp_path: Path, name: str) -> None:
    content, answer = LISTS[name]
    path = put(tmp_path, "a.xlsx", content)
    if isinstance(answer, str):
        with pytest.raises(RisicobeeldError, match=answer):
            read_sites(path)
        return
    table, _ = read_sites(path)
    found = [(row.name, row.gemeente_code, None if pd.isna(row.size_n) else row.size_n) for row in table.itertuples()]
    assert found == answer


def test_a_figure_of_rows_together_is_told(tmp_path: Path) -> None:
    content = book(SITES, ["A", "Ede", 100], ["B", "Ede", None], merged=["C2:C3"])
    _, receipt = read_sites(put(tmp_path, "a.xlsx", content))
    assert (
        "a cell over 2 rows is of these rows together, and was read for none of them: 100 (bedden)"
        in receipt.sentences()
    )


def test_a_place_or_a_week_over_rows_is_of_each_of_them(tmp_path: Path) -> None:
    rows: list[list[object]] = [CASES, ["Ede", 202036, 5], [None, 202037, 6], ["Amsterdam", 202036, 7]]
    found, _ = read_cases(put(tmp_path, "a.xlsx", book(*rows, merged=["A2:A3"])))
    assert found == {("x", EDE, "2020-W36"): 5, ("x", EDE, "2020-W37"): 6, ("x", AMSTERDAM, "2020-W36"): 7}
    rows = [CASES, ["Ede", "2020-W36", 5], ["Amsterdam", None, 7]]
    found, _ = read_cases(put(tmp_path, "b.xlsx", book(*rows, merged=["B2:B3"])))
    assert found == {("x", EDE, "2020-W36"): 5, ("x", AMSTERDAM, "2020-W36"): 7}


def test_no_warning_of_a_library_reaches_the_screen(tmp_path: Path) -> None:
    made, held = openpyxl.Workbook(), io.BytesIO()
    for row in (SITES, ["A", "Ede", 40]):
        made.active.append(row)
    made.active.add_data_validation(DataValidation(type="list", formula1='"Ede,Amsterdam"'))
    made.save(held)
    with zipfile.ZipFile(held) as packed:
        parts = {name: packed.read(name) for name in packed.namelist()}
    parts["xl/styles.xml"] = b'<styleSheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"/>'
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w") as packed:
        for name, part in parts.items():
            packed.writestr(name, part)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        table, _ = read_sites(put(tmp_path, "a.xlsx", held.getvalue()))
    assert table["size_n"].tolist() == [40]


def test_what_is_passed_over_is_told_in_the_order_of_the_rows(tmp_path: Path) -> None:
    text = "gemeente;week;aantal\nNederland;202036;5\n;202036;1\nEde;202036;5\nBron: GGD;;\n"
    _, receipt = read_cases(put(tmp_path, "a.csv", text))
    told = [line.split(maxsplit=2)[1] for line in receipt.sentences() if line.startswith("  row")]
    assert told == ["2:", "3:", "5:"]
    assert "  row 3: a row that names no place" in receipt.sentences()
