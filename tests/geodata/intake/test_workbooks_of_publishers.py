"""Custom workbooks as their publishers make them, with their right answer. All figures are invented."""

import io
from datetime import date
from pathlib import Path
from typing import Any

import openpyxl
import pandas as pd
import pytest

from geodata.errors import InputError
from geodata.intake import workbooks
from geodata.intake.places import known_places
from tests.geodata.intake.reading import areas, put

EDE, AMSTERDAM = "GM0228", "GM0363"


def book(
    *rows: list[object],
    merged: tuple[str, ...] = (),
    formats: dict[str, str] | None = None,
    **sheets: list[list[object]],
) -> bytes:
    made, held = openpyxl.Workbook(), io.BytesIO()
    made.active.title = "T"
    for row in rows:
        made.active.append(row)
    for cells in merged:
        made.active.merge_cells(cells)
    for cell, shown in (formats or {}).items():
        made.active[cell].number_format = shown
    for title, more in sheets.items():
        sheet = made.create_sheet(title)
        for row in more:
            sheet.append(row)
    made.save(held)
    return held.getvalue()


FIVE = {(EDE, "T: Werknemers"): 5.0}
FILES: dict[str, tuple[bytes, dict[tuple[str, str], float | None] | str]] = {
    "typed percentages": (
        book(["Gemeente", "Aandeel"], ["Ede", 0.125], ["Amsterdam", 0.25], formats={"B2": "0.0%", "B3": "0%"}),
        {(EDE, "T: Aandeel"): 12.5, (AMSTERDAM, "T: Aandeel"): 25.0},
    ),
    "counts as texts": (
        book(["Gemeente", "Werknemers"], ["Ede", "1.234"], ["Amsterdam", "12.345"]),
        {(EDE, "T: Werknemers"): 1234.0, (AMSTERDAM, "T: Werknemers"): 12345.0},
    ),
    "shares as texts": (book(["Gemeente", "Aandeel (%)"], ["Ede", "1,234"]), {(EDE, "T: Aandeel (%)"): 1.234}),
    "years over columns": (
        book(
            ["Tabel 1"],
            [],
            ["Gemeente", "2019", None, "2020", None],
            [None, "totaal", "uitzend", "totaal", "uitzend"],
            ["Ede", 1, 2, 3, 4],
            ["Nederland", 9, 9, 9, 9],
            ["Bron: CBS"],
            merged=("B3:C3", "D3:E3"),
        ),
        {
            (EDE, "T: 2019 - totaal"): 1.0,
            (EDE, "T: 2019 - uitzend"): 2.0,
            (EDE, "T: 2020 - totaal"): 3.0,
            (EDE, "T: 2020 - uitzend"): 4.0,
        },
    ),
    "a sheet with the contents": (
        book(["Inhoud"], ["Tabel 1", "Werknemers"], Tabel=[["Gemeente", "Werknemers"], ["Ede", 5]]),
        {(EDE, "Tabel: Werknemers"): 5.0},
    ),
    "two tables": (
        book(["Gemeente", "Werknemers"], ["Ede", 5], U=[["Gemeente", "Woningen"], ["Ede", 7]]),
        FIVE | {(EDE, "U: Woningen"): 7.0},
    ),
    "a province and a gemeente of one name": (
        book(
            ["Regio", "Werknemers"],
            ["Nederland", 9],
            ["Groningen (PV)", 8],
            ["Groningen", 3],
            ["Utrecht (PV)", 7],
            ["Utrecht", 4],
        ),
        {("GM0014", "T: Werknemers"): 3.0, ("GM0344", "T: Werknemers"): 4.0},
    ),
    "a code and a name": (book(["Gemeentecode", "Gemeente", "Werknemers"], [228, "Ede", 5]), FIVE),
    "a day in a column": (book(["Gemeente", "Peildatum", "Werknemers"], ["Ede", date(2020, 1, 1), 5]), FIVE),
    "blank rows and columns": (book(["Gemeente", None, "Werknemers"], [], ["Ede", None, 5]), FIVE),
    "a typing error": (book(["Gemeente", "Werknemers"], ["Ede", 5], ["Edee", 6]), FIVE),
    "marks and nil": (
        book(["Gemeente", "Werknemers"], ["Ede", "<10"], ["Amsterdam", "x"], ["Zwolle", 0], ["Utrecht", "10-20"]),
        {(EDE, "T: Werknemers"): None, (AMSTERDAM, "T: Werknemers"): None, ("GM0193", "T: Werknemers"): 0.0}
        | {("GM0344", "T: Werknemers"): None},  # a range is a figure held back
    ),
    "years as numbers": (book(["Gemeente", 2019, 2020], ["Ede", 5, 6]), {(EDE, "T: 2019"): 5.0, (EDE, "T: 2020"): 6.0}),
    "per veiligheidsregio": (
        book(["Veiligheidsregio", "Werknemers"], ["Twente", 5], ["Totaal", 11]),
        {("VR05", "T: Werknemers"): 5.0},
    ),
    "per country": (book(["Land", "Werknemers"], ["Polen", 5]), "no sheet|region|gemeente"),
    "nothing": (book(), "a.xlsx"),
}


def read(folder: Path, content: bytes) -> tuple[pd.DataFrame, Any]:
    return workbooks.read(put(folder, "a.xlsx", content), 2020, areas(), known_places(), "test")


@pytest.mark.parametrize("name", FILES)
def test_a_custom_workbook_gives_its_right_answer(tmp_path: Path, name: str) -> None:
    content, answer = FILES[name]
    if isinstance(answer, str):
        with pytest.raises(InputError, match=answer):
            read(tmp_path, content)
        return
    table, receipt = read(tmp_path, content)
    values = [None if pd.isna(value) else value for value in table["value"]]
    assert dict(zip(zip(table["region_code"], table["measure"], strict=True), values, strict=True)) == answer
    assert receipt.sentences("nl")


def test_the_receipt_of_a_column_of_years_tells_how_many_rows_were_passed_over(tmp_path: Path) -> None:
    _, receipt = read(tmp_path, book(["Gemeente", "Jaar", "Aantal"], ["Ede", 2019, 5], ["Ede", 2020, 6]))
    assert (
        "periode genomen: 2020, van 2 in het bestand; 1 rij van een andere periode overgeslagen"
        in receipt.sentences("nl")
    )


def test_figures_of_2019_keep_their_year(tmp_path: Path) -> None:
    """No gemeente changed on 1 January 2020, so those of 2019 are known; of 2018 they are not."""
    path = put(tmp_path, "a.xlsx", {"T": [["Gemeente", "Werknemers"], ["Boxmeer", 5]]})
    table, _ = workbooks.read(path, 2019, areas(), known_places(), "test")
    assert table[["region_code", "vr_code", "year"]].to_numpy().tolist() == [["GM0756", "VR21", 2019]]
    with pytest.raises(InputError, match="2018 is before"):
        workbooks.read(path, 2018, areas(), known_places(), "test")
