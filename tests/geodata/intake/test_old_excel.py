"""Workbooks of the Excel before 2007: the same answers as those of today, and a damaged one is one sentence."""

import io
import random
from datetime import date
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import xlwt

from geodata.errors import InputError
from geodata.intake import recognise, workbooks
from geodata.intake.files.reader import parts
from geodata.intake.files.table import Options
from geodata.intake.places import known_places
from tests.geodata.intake.reading import areas, put, read_cases, read_counts, read_sites

SITES = ["naam", "gemeente", "bedden"]
KWB = [
    "gwb_code",
    "regio",
    "recs",
    "a_bedv",
    "a_bed_a",
    "a_bed_bf",
    "a_bed_gi",
    "a_bed_hj",
    "a_bed_kl",
    "a_bed_mn",
    "a_bed_oq",
    "a_bed_ru",
]
PERCENT = xlwt.easyxf(num_format_str="0.0%")
DAY = xlwt.easyxf(num_format_str="D-M-YYYY")


def old_book(sheets: dict[str, list[list[Any]]], **hidden: int) -> bytes:
    """Return such a workbook; a cell may be a pair of a value and its style, ``~`` before a title hides a sheet."""
    book = xlwt.Workbook()
    for title, rows in sheets.items():
        sheet = book.add_sheet(title.removeprefix("~"))
        sheet.visibility = int(title.startswith("~"))
        for row_n, row in enumerate(rows):
            for column_n, cell in enumerate(row):
                if cell is not None:
                    sheet.write(row_n, column_n, *(cell if isinstance(cell, tuple) else (cell,)))
        if "row" in hidden:
            sheet.row(hidden["row"]).hidden = True
    held = io.BytesIO()
    book.save(held)
    return held.getvalue()


def test_a_list_of_sites_keeps_types_and_says_what_was_hidden(tmp_path: Path) -> None:
    rows = [["Overzicht 2020"], SITES, ["A", "Ede", 40], ["B", 363, 60.5], ["C", "0228", None], [None, None, None]]
    content = old_book({"~Oud": [SITES, ["Weg", "Tiel", 1]], "Blad1": rows}, row=2)
    table, receipt = read_sites(put(tmp_path, "a.xls", content), kind="holiday_park")
    assert table[["name", "gemeente_code"]].to_numpy().tolist() == [["A", "GM0228"], ["B", "GM0363"], ["C", "GM0228"]]
    assert table["size_n"].iloc[0] == 40
    assert pd.isna(table["size_n"].iloc[2])
    said = receipt.sentences()
    assert "hidden in the sheet, and read all the same: 1 row, 0 columns" in said
    assert "hidden sheets, never read: 1" in said
    assert any("60.5 is no size" in line for line in said)


def test_days_and_merged_places_are_read(tmp_path: Path) -> None:
    book = xlwt.Workbook()
    sheet = book.add_sheet("B")
    for number, header in enumerate(["gemeente", "datum", "aantal"]):
        sheet.write(0, number, header)
    sheet.write_merge(1, 2, 0, 0, "Ede")
    for number, (day, cases) in enumerate([(date(2020, 9, 7), 5), (date(2020, 9, 13), 6)], 1):
        sheet.write(number, 1, day, DAY)
        sheet.write(number, 2, cases)
    held = io.BytesIO()
    book.save(held)
    found, _ = read_cases(put(tmp_path, "b.xls", held.getvalue()))
    assert found == {("x", "GM0228", "2020-W37"): 11}


def test_key_figures_of_cbs_in_the_file_of_then(tmp_path: Path) -> None:
    rows = [
        KWB,
        ["NL00", "Nederland", "Land", *range(9)],
        ["GM0228    ", "Ede       ", "Gemeente", 36, 1, 2, 3, 4, 5, 6, 7, "."],
    ]
    path = put(tmp_path, "kwb-2020.xls", old_book({"KWB2020": rows}))
    found = {key: n for key, n in read_counts(path, 2020).items() if not pd.isna(n)}
    assert found == {("GM0228", group): n for n, group in enumerate(["A", "B-F", "G+I", "H+J", "K-L", "M-N", "O-Q"], 1)}
    assert recognise.kind_of(path) == "establishments"


def test_percentages_of_a_book_of_tables_are_as_a_person_sees_them(tmp_path: Path) -> None:
    rows = [["Gemeente", "Personen", "Aandeel"], ["Ede", 120, (0.125, PERCENT)], ["Tiel", 7, (0.5, PERCENT)]]
    path = put(tmp_path, "maatwerk.xls", old_book({"Tabel 1": rows, "Toelichting": [["Bron: CBS"]]}))
    table, _ = workbooks.read(path, 2020, areas(), known_places(), "x")
    assert sorted(table["value"]) == [7, 12.5, 50, 120]


def test_one_of_its_sheets_can_be_chosen(tmp_path: Path) -> None:
    path = put(tmp_path, "a.xls", old_book({"Oud": [SITES, ["A", "Ede", 1]], "Nieuw": [SITES, ["B", "Ede", 2]]}))
    assert parts(path, path.name).names == ("Oud", "Nieuw")
    with pytest.raises(InputError, match="more than one sheet"):
        read_sites(path)
    assert read_sites(path, options=Options(sheet="Nieuw"))[0]["name"].tolist() == ["B"]


OTHERS = {
    "a page of the web": (
        "a.xls",
        b"<html><table></table></html>",
        "holds a web page or XML, no table; export it again as XLSX",
    ),
    "a workbook of today": ("a.xls", b"PK\x03\x04rest", "give it the ending .xlsx"),
    "a text": ("a.xls", b"naam\tgemeente\nA\tEde\n", "it is no workbook"),
    "an old one called new": ("a.xlsx", old_book({"A": [SITES]}), "an old workbook .*another ending"),
    "another kind": ("a.xlsb", b"PK\x03\x04", r"\(.xlsb\); save it as .xlsx"),
}


@pytest.mark.parametrize("name", OTHERS)
def test_what_is_no_such_workbook_is_one_sentence(tmp_path: Path, name: str) -> None:
    file, content, said = OTHERS[name]
    with pytest.raises(InputError, match=said):
        read_sites(put(tmp_path, file, content))


def test_a_damaged_one_is_refused_and_never_a_traceback(tmp_path: Path) -> None:
    whole = old_book({"Blad1": [SITES, *(["A", "Ede", number] for number in range(40))]})
    draw = random.Random(20)  # noqa: S311 - no secret
    refused_n = 0
    for _ in range(60):
        content = bytearray(whole)
        for _ in range(draw.choice([1, 10, 100])):
            content[draw.randrange(len(content))] = draw.randrange(256)
        try:
            read_sites(put(tmp_path, "a.xls", bytes(content)), is_partial=True)
        except InputError:
            refused_n += 1
    assert refused_n
