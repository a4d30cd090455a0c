"""Public files of kinds that nobody here had tried: each with the right answer that was written first. All invented."""

import io
import json
from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from geodata.errors import InputError, RisicobeeldError
from geodata.intake import workbooks
from geodata.intake.files import spreadsheet
from geodata.intake.places import known_places
from tests.geodata.intake.reading import areas, opendocument, put, read_cases, read_sites, zipped

EDE, AMSTERDAM, HAGUE = "GM0228", "GM0363", "GM0518"
NOON = datetime(2020, 9, 13, 12, 30)  # noqa: DTZ001 - a workbook has no zones
ONE = [("A", EDE, None)]
TWO = [("A", EDE, 40), ("B", AMSTERDAM, 60)]
W37 = {(EDE, "2020-W37"): 5}


def of(code: str, **weeks: float | None) -> dict[tuple[str, str], float | None]:
    return {(code, f"20{week[1:3]}-W{week[3:]}"): cases for week, cases in weeks.items()}


def sheet(*rows: list[object], change: Callable[[Any], None] = lambda _sheet: None) -> bytes:
    book = openpyxl.Workbook()
    for row in rows:
        book.active.append(row)
    change(book.active)
    held = io.BytesIO()
    book.save(held)
    return held.getvalue()


# --- cases of a disease: file, content, what is asked, and the cases or the refusal

LIST = "gemeente;week;aantal"
CASES: dict[str, tuple[str, object, dict[str, Any], object]] = {
    "RIVM's tests per veiligheidsregio": (
        "COVID-19_uitgevoerde_testen.csv",
        "Version;Date_of_report;Date_of_statistics;Security_region_code;Security_region_name;Tested_with_result;"
        "Tested_positive\n"
        + "".join(f"1;2020-10-01;2020-09-{day:02d};VR05;Twente;200;{day}\n" for day in range(7, 14))
        + "1;2020-10-01;2020-09-13;;;9;1\n",
        {},
        of("VR05", w2037=70),
    ),
    "RIVM's tests, the country's row": (
        "a.csv",
        "Date_of_statistics;Security_region_code;Security_region_name;Tested_positive\n"
        "2020-09-07;VR05;Twente;5\n2020-09-07;VR00;Nederland;99\n",
        {},
        of("VR05", w2037=5),
    ),
    "RIVM's sewage": (
        "COVID-19_rioolwaterdata.csv",
        "Version;Date_measurement;RWZI_AWZI_code;RWZI_AWZI_name;RNA_flow_per_100000\n2;2020-09-07;1;Ede;5\n",
        {},
        "lacks a column",
    ),
    "RIVM's ROAZ and GGD beside the gemeente": (
        "COVID-19_aantallen_gemeente_per_dag.csv",
        "Version;Date_of_report;Date_of_publication;Municipality_code;Municipality_name;Province;"
        "Security_region_code;Security_region_name;Municipal_health_service;ROAZ_region;Total_reported;Deceased\n"
        + "".join(
            f"6;2021-03-01 10:00:00;2020-09-{day:02d};GM0228;Ede;Gelderland;VR07;Gelderland-Midden;"
            "VGGM;Netwerk Acute Zorg regio Oost;1;0\n"
            for day in range(7, 14)
        )
        + "6;2021-03-01 10:00:00;2020-09-13;;;Gelderland;;;VGGM;;3;0\n",
        {},
        of(EDE, w2037=7),
    ),
    "a dashboard's own figures": (
        "GM0228.json",
        json.dumps({"last_generated": "1", "code": "GM0228", "tested_overall": {"values": [{"infected": 5}]}}),
        {},
        "GM0228.json",
    ),
    "The Hague": ("a.csv", "municipality,week,cases\nThe Hague,2020-W37,5\n", {}, of(HAGUE, w2037=5)),
    "Frisian names": (
        "a.csv",
        f"{LIST}\nLjouwert;202037;1\nSmallingerlân;202037;2\nIt Hearrenfean;202037;3\nSkylge;202037;4\nHarns;202037;5\n",
        {},
        {(code, "2020-W37"): n for n, code in enumerate(("GM0080", "GM0090", "GM0074", "GM0093", "GM0072"), 1)},
    ),
    "islands of the Caribbean": (
        "a.csv",
        f"{LIST}\nEde;202037;5\nBonaire;202037;2\nSint Eustatius;202037;1\nSaba;202037;1\n",
        {},
        W37,
    ),
    "abroad and homeless": (
        "a.csv",
        f"{LIST}\nEde;202037;5\nBuitenland;202037;2\nOnbekend/buitenland;202037;1\nGeen vaste woonplaats;202037;1\n"
        "Overig;202037;3\nNiet in Nederland;202037;3\n",
        {},
        W37,
    ),
    "totals in any words": (
        "a.csv",
        f"{LIST}\nEde;202037;5\nNederland;202037;9\nTotaal Nederland;202037;9\nLandelijk;202037;9\n"
        "Heel Nederland;202037;9\nGemiddelde;202037;9\nSom;202037;9\n",
        {},
        W37,
    ),
    "ten or more": (
        "a.csv",
        f"{LIST}\nEde;202036;>10\nEde;202037;>= 10\nEde;202038;10+\nEde;202039;10 of meer\nEde;202040;≥10\n"
        "Ede;202041;meer dan 10\nEde;202042;9\n",
        {},
        of(EDE, w2036=None, w2037=None, w2038=None, w2039=None, w2040=None, w2041=None, w2042=9),
    ),
    "scientific by a spreadsheet": (
        "a.csv",
        f"{LIST}\nEde;202036;1,2E+03\nEde;202037;5\n",
        {},
        of(EDE, w2036=1200, w2037=5),
    ),
    "weeks with the year behind": (
        "a.csv",
        f"{LIST}\nEde;36-2020;1\nEde;37/2020;2\nEde;W38-2020;3\nEde;KW 39/2020;4\nEde;2020_40;5\nEde;2020.41;6\n"
        "Ede;W.42 2020;7\nEde;week 43 - 2020;8\n",
        {},
        of(EDE, w2036=1, w2037=2, w2038=3, w2039=4, w2040=5, w2041=6, w2042=7, w2043=8),
    ),
    "the first week in five digits": ("a.csv", f"{LIST}\nEde;20201;1\nEde;20202;2\n", {}, of(EDE, w2001=1, w2002=2)),
    "a day with its zone": (
        "a.csv",
        "gemeente;datum;aantal\nEde;2020-09-13T00:00:00Z;2\nEde;2020-09-07T23:59:59.000+02:00;3\n",
        {},
        W37,
    ),
    "days in German order": ("a.csv", "gemeente;datum;aantal\nEde;07.09.2020;2\nEde;13.09.2020;3\n", {}, W37),
    "a header on two lines of a cell": ("a.csv", '"gemeente";"week";"aantal\nmeldingen"\nEde;202037;5\n', {}, W37),
    "a header on two lines of a workbook's cell": (
        "a.xlsx",
        sheet(["Gemeente", "Week", "Aantal\nmeldingen"], ["Ede", "2020-W37", 5]),
        {},
        W37,
    ),
    "a remark on two lines in a row": (
        "a.csv",
        'gemeente;week;aantal;opmerking\nEde;202037;5;"een\ntwee; drie"\nAmsterdam;202037;6;\n',
        {},
        W37 | of(AMSTERDAM, w2037=6),
    ),
    "mixed line ends": (
        "a.csv",
        b"gemeente;week;aantal\r\nEde;202037;5\nAmsterdam;202037;6\r\n",
        {},
        W37 | of(AMSTERDAM, w2037=6),
    ),
    "a mark, sep= and a title": (
        "a.csv",
        "\ufeffsep=;\r\nMeldingen 2020;;\r\ngemeente;week;aantal\r\nEde;202037;5\r\n",
        {},
        W37,
    ),
    "a delimiter behind every row": (
        "a.csv",
        "gemeente;week;aantal;\nEde;202037;5;\nAmsterdam;202037;6;\n",
        {},
        W37 | of(AMSTERDAM, w2037=6),
    ),
    "blanks behind commas": ("a.csv", 'gemeente, week, aantal\n"Ede", "202037", 5\n', {}, W37),
    "quotes behind blanks hold a comma": (
        "a.csv",
        'gemeente, week, aantal, opmerking\n"Ede", "202037", 5, "een, twee"\n',
        {},
        W37,
    ),
    "a blank before the first quote": (
        "a.csv",
        ' "gemeente", "week", "aantal"\n "Ede", "202037", "5"\n',
        {},
        W37,
    ),
    "single quotes": ("a.csv", "'gemeente';'week';'aantal'\n'Ede';'202037';'5'\n", {}, W37),
    "R's numbers of rows": (
        "a.csv",
        '"","gemeente","week","aantal"\n"1","Ede",202037,5\n"2","Ede",202038,NA\n',
        {},
        of(EDE, w2037=5, w2038=None),
    ),
    "R's header without the numbers' name": (
        "a.csv",
        '"gemeente","week","aantal"\n"1","Ede",202037,5\n"2","Ede",202038,6\n',
        {},
        of(EDE, w2037=5, w2038=6),
    ),
    "columns without end": ("a.csv", ";".join(f"k{n}" for n in range(20_000)) + "\n1\n", {}, "columns"),
    "another gemeente under its new name": (
        "a.csv",
        f"{LIST}\nGM0756;202036;1\nCuijk;202036;1\nGrave;202036;1\nMill en Sint Hubert;202036;1\n"
        "Sint Anthonis;202036;1\nLand van Cuijk;202237;9\n",
        {},
        of("GM1982", w2036=5, w2237=9),
    ),
    "provinces with accents among gemeenten": (
        "a.csv",
        f"{LIST}\nEde;202037;5\nFryslân;202037;8\nProvincie Gelderland;202037;9\nZeeland (PV);202037;3\n",
        {},
        W37,
    ),
    "regions in capitals": (
        "a.csv",
        "VEILIGHEIDSREGIO;WEEK;AANTAL\nTWENTE;202037;5\nFRYSLÂN;202037;6\n",
        {},
        of("VR05", w2037=5) | of("VR02", w2037=6),
    ),
    "lines of JSON": (
        "a.json",
        '{"gemeente": "Ede", "week": "202037", "aantal": 5}\n{"gemeente": "Ede", "week": "202038", "aantal": 6}\n',
        {},
        of(EDE, w2037=5, w2038=6),
    ),
    "columns of JSON": (
        "a.json",
        json.dumps({"gemeente": ["Ede", "Ede"], "week": ["202037", "202038"], "aantal": [5, 6]}),
        {},
        of(EDE, w2037=5, w2038=6),
    ),
    "typed days at noon": (
        "a.xlsx",
        sheet(["gemeente", "datum", "aantal"], ["Ede", NOON, 5]),
        {},
        W37,
    ),
    "a filtered workbook": (
        "a.xlsx",
        sheet(
            ["gemeente", "week", "aantal"],
            ["Ede", "2020-W37", 5],
            ["Amsterdam", "2020-W37", 6],
            change=lambda page: page.row_dimensions.__getitem__(3).__setattr__("hidden", True),
        ),
        {},
        W37 | of(AMSTERDAM, w2037=6),
    ),
    "weeks as numbers with a point": (
        "a.xlsx",
        sheet(["gemeente", "jaar", "week", "aantal"], ["Ede", 2020, 37.0, 5.0]),
        {},
        W37,
    ),
    "numbers with a currency": ("a.csv", f"{LIST}\nEde;202037;€ 5\n", {}, "is no count"),
    "an ISO week with a day in brackets": ("a.csv", f"{LIST}\nEde;2020-W37 (7-13 sep);5\n", {}, W37),
    "another's disease per gemeente": (
        "a.csv",
        "ziekte;gemeente;week;aantal\nMazelen;Ede;2025-W10;3\nKinkhoest;Ede;2025-W10;9\n",
        {"disease": ""},
        {("Mazelen", EDE, "2025-W10"): 3, ("Kinkhoest", EDE, "2025-W10"): 9},
    ),
    "diseases across": (
        "a.csv",
        "gemeente;week;Mazelen;Kinkhoest\nEde;2025-W10;3;9\n",
        {"disease": ""},
        "lacks a column for",
    ),
    "English headers of a database": (
        "a.csv",
        "gm_code,gm_name,iso_year,iso_week,n_cases\nGM0228,Ede,2020,37,5\n",
        {},
        W37,
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_a_file_of_cases_gives_its_right_answer(tmp_path: Path, name: str) -> None:
    file, content, asked, answer = CASES[name]
    path = put(tmp_path, file, content)
    if isinstance(answer, str):
        with pytest.raises(RisicobeeldError, match=answer):
            read_cases(path, **asked)
        return
    found, _ = read_cases(path, **asked)
    assert isinstance(answer, dict)
    assert found == {(key if len(key) == 3 else ("x", *key)): n for key, n in answer.items()}


# --- OpenDocument: what an office has to publish in

PERCENTAGE = (
    '<table:table-cell office:value-type="percentage" office:value="0.125"><text:p>12,5%</text:p></table:table-cell>'
)
OVER_TWO = (
    '<table:table-cell table:number-rows-spanned="2" office:value-type="string"><text:p>Ede</text:p></table:table-cell>'
)
COVERED = "<table:covered-table-cell/>"
OVER_ALL = OVER_TWO.replace('"2"', '"1048576" table:number-columns-spanned="16384"')
FULL = '<table:table-cell table:number-columns-repeated="16384" office:value-type="float" office:value="1"/>'


def test_an_opendocument_list_of_sites_is_read_as_a_workbook_is(tmp_path: Path) -> None:
    rows: list[list[object]] = [
        ["Lijst 2020"],
        ["naam", "gemeente", "fte"],
        ["A", OVER_TWO, 0.875],
        ["=B", COVERED, 1250],
        ["C", "Amsterdam", "12 fte"],
    ]
    old: list[list[object]] = [["naam", "gemeente"], ["Oud", "Ede"]]
    table, receipt = read_sites(put(tmp_path, "a.ods", opendocument(rows, hidden=old)))
    assert table[["name", "gemeente_code"]].to_numpy().tolist() == [["A", EDE], ["=B", EDE], ["C", AMSTERDAM]]
    assert table["size_n"].tolist() == [0.875, 1250, 12]
    assert any("hidden" in sentence for sentence in receipt.sentences())


def test_an_opendocument_list_of_cases_keeps_its_days(tmp_path: Path) -> None:
    rows: list[list[object]] = [["gemeente", "datum", "aantal"], ["Ede", date(2020, 9, 13), 5]]
    found, _ = read_cases(put(tmp_path, "a.ods", opendocument(rows)))
    assert found == {("x", EDE, "2020-W37"): 5}


def test_an_opendocument_workbook_keeps_its_percentages(tmp_path: Path) -> None:
    path = put(tmp_path, "a.ods", opendocument([["Gemeente", "Aandeel"], ["Ede", PERCENTAGE]]))
    table, _ = workbooks.read(path, 2021, areas(), known_places(), "test")
    assert table["value"].tolist() == [12.5]


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"PK\x03\x04", "cannot be read"),
        (zipped({"content.xml": "<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>"}), "cannot be read"),
        (zipped({"content.xml": "<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>".encode("utf-16")}), "cannot be read"),
        (zipped({"content.xml": "<a>"}), "cannot be read"),
        (zipped({"content.xml": "<a/>", "META-INF/manifest.xml": " " * (17 << 20)}), "unpacks to 17 MB"),
        (zipped({"content.xml": "<a/>", "META-INF/manifest.xml": "<encryption-data/>"}), "password"),
        (opendocument([[FULL]] * 400), "too"),
        (opendocument([[OVER_ALL]]), "too"),
    ],
)
def test_an_opendocument_that_is_none_is_refused_in_a_sentence(tmp_path: Path, content: bytes, reason: str) -> None:
    with pytest.raises(RisicobeeldError, match=reason):
        read_sites(put(tmp_path, "a.ods", content))


def test_a_workbook_that_unpacks_to_gigabytes_is_refused_before_it_is_unpacked() -> None:
    """Some kilobytes took three gigabytes: the part that tells how a workbook is written was read before its size."""
    bomb = zipped({"[Content_Types].xml": "<a/>", "xl/workbook.xml": " " * (60 << 20)})
    assert len(bomb) < 100_000
    with pytest.raises(InputError, match="unpacks to 60 MB"):
        spreadsheet.usual(bomb, "a.xlsx")
