"""Cases of a disease as publishers and GGD's write them, with their right answer. All figures are invented."""

import io
from datetime import date
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from openpyxl.utils.datetime import CALENDAR_MAC_1904

from geodata.errors import RisicobeeldError
from geodata.intake import recognise
from tests.geodata.intake.reading import put, read_cases

EDE, AMSTERDAM = "GM0228", "GM0363"
RIVM = (
    "Version;Date_of_report;Date_of_publication;Municipality_code;Municipality_name;Province;Security_region_code;"
    "Security_region_name;Municipal_health_service;ROAZ_region;Total_reported;Deceased\n"
)
GGD = [
    "GGD Amsterdam",
    "GGD Fryslân",
    "GGD Noord- en Oost-Gelderland",
    "Veiligheids- en Gezondheidsregio Gelderland-Midden",
    "GGD Regio Utrecht",
    "GGD Hollands-Noorden",
    "GGD Zaanstreek/Waterland",
    "Dienst Gezondheid & Jeugd ZHZ",
    "GGD Brabant-Zuidoost",
    "GG7014",
]


def daily(code: str, name: str, count: object, days: range = range(7, 14)) -> str:
    place = f"{code};{name};Gelderland;VR07;Gelderland-Midden;GGD Gelderland-Midden;Netwerk"
    return "".join(f"3;2021-06-18 10:00:00;2021-06-{day:02d};{place};{count};0\n" for day in days)


def book(*rows: list[object], is_of_mac: bool = False) -> bytes:
    made, held = openpyxl.Workbook(), io.BytesIO()
    if is_of_mac:
        made.epoch = CALENDAR_MAC_1904
    for row in rows:
        made.active.append(row)
    made.save(held)
    return held.getvalue()


def of(area: str, week: str, count: float | None, disease: str = "x") -> dict[tuple[str, str, str], float | None]:
    return {(disease, area, week): count}


def listed(*rows: str, header: str = "gemeente;week;aantal") -> str:
    return "\n".join([header, *rows]) + "\n"


JUNE = of(EDE, "2021-W23", 21)
W36, W37 = of(EDE, "2020-W36", 5), of(EDE, "2020-W37", 5)
MERGED = {"Uden": 2, "Landerd": 3, "Heerhugowaard": 1, "Langedijk": 1, "Beemster": 1, "Purmerend": 4}
WEEKS = {
    "2020W22": 22,
    "202023": 23,
    "24-2020": 24,
    "2020 - 26": 26,
    "2020wk27": 27,
    "wk28-2020": 28,
    "2020-W29-1": 29,
    "w30 2020": 30,
    "2020, week 32": 32,
    "week 33 (10 t/m 16 augustus 2020)": 33,
    "2020 week 34 (17 t/m 23 aug)": 34,
}
DAYS = {
    "do 3 september 2020": 36,
    "Sep 10, 2020": 37,
    "2020-09-17T00:00:00+02:00": 38,
    "24-9-20": 39,
    "2020-10-01 10:00:00": 40,
}

FILES: dict[str, tuple[str, object, dict[str, Any], object]] = {
    "RIVM per day": ("a.csv", RIVM + daily(EDE, "Ede", 3) + daily("", "", 1), {}, JUNE),
    "RIVM per day, by a program": (
        "a.csv",
        (RIVM + daily(EDE, "Ede", 3) + daily("NA", "NA", 1)).replace(";", ","),
        {},
        JUNE,
    ),
    "RIVM per day, with a correction": (
        "a.csv",
        RIVM + daily(EDE, "Ede", 3) + daily(AMSTERDAM, "Amsterdam", -2),
        {},
        "-2 cases cannot be",
    ),
    "RIVM's one day that adds up": (
        "a.csv",
        listed(
            "2020-09-03 10:00:00;GM0228;Ede;910;30",
            header="Date_of_report;Municipality_code;Municipality_name;Total_reported;Deceased",
        ),
        {},
        "cumulative",
    ),
    "RIVM per person": (
        "a.csv",
        listed(
            "2020-09-01;40-49;Gelderland;GGD Twente",
            header="Date_statistics;Agegroup;Province;Municipal_health_service",
        ),
        {},
        "lacks a column for cases",
    ),
    "RIVM's admissions": (
        "a.csv",
        listed(
            "2021-06-07;GM0228;Ede;2",
            header="Date_of_statistics;Municipality_code;Municipality_name;Hospital_admission",
        ),
        {},
        "lacks a column for cases",
    ),
    "a map's table without a date": (
        "a.csv",
        listed("228;Ede;910;777,8", header="Gemnr;Gemeente;Meldingen;Meldingen per 100.000"),
        {},
        "week or date",
    ),
    "sorts of reports below each other": (
        "a.csv",
        listed("2020-09-07;Ede;Totaal;3", "2020-09-07;Ede;Opname;1", header="Datum;Gemeente;Type;Aantal"),
        {},
        "'Type'",
    ),
    "per day and added up": (
        "a.csv",
        listed(
            *[f"Ede;{day}-9-2020;{100 + day};3" for day in range(7, 14)],
            header="gemeente;datum;cumulatief;nieuwe gevallen",
        ),
        {},
        of(EDE, "2020-W37", 21),
    ),
    "added up, in brackets": (
        "a.csv",
        listed("Ede;2020-W37;5", header="gemeente;week;aantal (cumulatief)"),
        {},
        "cumulative",
    ),
    "per 100 000, in brackets": (
        "a.csv",
        listed("Ede;2020-W37;5", header="gemeente;week;meldingen (per 100.000)"),
        {},
        "lacks a column for cases",
    ),
    "per 100 000": (
        "a.csv",
        listed("Ede;2020-W37;5", header="gemeente;week;aantal per 100.000 inwoners"),
        {},
        "lacks a column for cases",
    ),
    "in thousands": (
        "a.csv",
        listed("Ede;2020-W37;5", header="gemeente;week;aantal (x 1 000)"),
        {},
        "lacks a column for cases",
    ),
    "in thousands, by a row of units": ("a.csv", listed(";;x 1 000", "Ede;2020-W37;5"), {}, "lacks a column for cases"),
    "weeks in any words": (
        "a.csv",
        listed(*[f"Ede;{week};{n % 3}" for week, n in WEEKS.items()]),
        {},
        {("x", EDE, f"2020-W{n}"): n % 3 for n in WEEKS.values()},
    ),
    "days in any words": (
        "a.csv",
        listed(*[f'Ede;"{day}";{n}' for day, n in DAYS.items()], header="gemeente;datum;aantal"),
        {},
        {("x", EDE, f"2020-W{n}"): n for n in DAYS.values()},
    ),
    "a period": ("a.csv", listed("Ede;2020 week 37;5", header="gemeente;periode;aantal"), {}, W37),
    "a week and its year as fractions": (
        "a.csv",
        listed("228.0;2020.0;37.0;5.0", header="gemeente;jaar;week;aantal"),
        {},
        W37,
    ),
    "a week without its year": ("a.csv", listed("Ede;37;5"), {}, "row 2: week 37 lacks its year"),
    "a week before the first": ("a.csv", listed("Ede;2021-W00;5"), {}, "no week of the calendar"),
    "days of week 53": (
        "a.csv",
        listed(
            *[
                f"Ede;{day};1"
                for day in ("28-12-2020", "29-12-2020", "30-12-2020", "31-12-2020", "1-1-2021", "2-1-2021", "3-1-2021")
            ],
            header="gemeente;datum;aantal",
        ),
        {},
        of(EDE, "2020-W53", 7),
    ),
    "typed days": ("a.xlsx", book(["gemeente", "datum", "aantal"], ["Ede", date(2020, 9, 3), 5]), {}, W36),
    "typed days of an old Mac": (
        "a.xlsx",
        book(["gemeente", "datum", "aantal"], ["Ede", date(2020, 9, 3), 5], is_of_mac=True),
        {},
        W36,
    ),
    "days as texts in a workbook": (
        "a.xlsx",
        book(["gemeente", "datum", "aantal"], ["Ede", "03-09-2020", "5"]),
        {},
        W36,
    ),
    "English thousands": ("a.csv", 'Municipality,Week,Cases\nEde,2020-W37,"1,234"\n', {}, of(EDE, "2020-W37", 1234)),
    "nil in brackets": ("a.csv", listed("Ede;2020-W37;(3)"), {}, "is no count"),
    "withheld": (
        "a.csv",
        listed("Ede;2020-W37;< 5", "Amsterdam;2020-W37;minder dan 10"),
        {},
        of(EDE, "2020-W37", None) | of(AMSTERDAM, "2020-W37", None),
    ),
    "a mark of its own": ("a.csv", listed("Ede;2020-W37;-1"), {}, "-1 cases cannot be"),
    "CBS's coded gap": (
        "a.csv",
        listed("Ede;2020-W37;-99997", "Amsterdam;2020-W37;5"),
        {},
        of(EDE, "2020-W37", None) | of(AMSTERDAM, "2020-W37", 5),
    ),
    "a title, a source and a total": (
        "a.xlsx",
        book(
            ["Meldingen per gemeente"],
            ["Bron: RIVM, 18 juni 2021"],
            [],
            ["Gemeentenaam", "Week", "Aantal", "per 100.000"],
            ["Ede", "2020-W37", 5, 4.2],
            ["Totaal", None, 5, None],
        ),
        {},
        W37,
    ),
    "gemeenten across": (
        "a.csv",
        listed("2020-W36;5;7", "2020-W37;5;8", header="week;Ede;Amsterdam"),
        {},
        W36 | W37 | of(AMSTERDAM, "2020-W36", 7) | of(AMSTERDAM, "2020-W37", 8),
    ),
    "gemeenten across, days down": (
        "a.csv",
        listed(*[f"{day}-9-2020;3;5;8" for day in range(7, 14)], header="datum;Ede;Den Haag;Totaal"),
        {},
        of(EDE, "2020-W37", 21) | of("GM0518", "2020-W37", 35),
    ),
    "regions across": (
        "a.csv",
        listed("2020-W37;5;8", header="week;Twente;Noord- en Oost-Gelderland"),
        {},
        of("VR05", "2020-W37", 5) | of("VR06", "2020-W37", 8),
    ),
    "weeks across, with a total": (
        "a.csv",
        listed("Ede;5;5;10", header="Gemeente;2020-W36;2020-W37;Totaal"),
        {},
        W36 | W37,
    ),
    "weeks across, without a year": (
        "a.csv",
        listed("Ede;5;6", header="Gemeente;wk 36;wk 37"),
        {},
        "wk 36, wk 37 are weeks without a year",
    ),
    "GGD's by any name": (
        "a.csv",
        listed(*[f"{ggd};2020-W37;1" for ggd in GGD], header="Municipal_health_service;Week;Total_reported"),
        {},
        {("x", f"VR{n:02d}", "2020-W37"): 1 for n in (13, 2, 6, 7, 9, 10, 11, 18, 22, 15)},
    ),
    "a region that is none": (
        "a.csv",
        listed("Twentte;2020-W37;1", "Zeeland;2020-W37;1", header="veiligheidsregio;week;aantal"),
        {},
        "no veiligheidsregio.*Twentte .row 2, like Twente",
    ),
    "regions, one not known": (
        "a.csv",
        listed("Twente;2020-W37;5", "Onbekend;2020-W37;3", "Totaal;2020-W37;8", header="Veiligheidsregio;Week;Aantal"),
        {},
        of("VR05", "2020-W37", 5),
    ),
    "other levels by code": (
        "a.csv",
        listed(
            "GM0363    ;2020-W37;5",
            "NL01  ;2020-W37;11",
            "PV27  ;2020-W37;5",
            "LD03;2020-W37;5",
            "CR23;2020-W37;5",
            header="RegioS;week;aantal",
        ),
        {},
        of(AMSTERDAM, "2020-W37", 5),
    ),
    "gemeenten that have merged since": (
        "a.csv",
        listed(*[f"{name};2021-W37;{n}" for name, n in MERGED.items()]),
        {},
        of("GM1991", "2021-W37", 5) | of("GM1980", "2021-W37", 2) | of("GM0439", "2021-W37", 5),
    ),
    "a gemeente and its parts": (
        "a.csv",
        listed("Maashorst;2022-W37;5", "Uden;2022-W37;2", "Landerd;2022-W37;3"),
        {},
        "Maashorst .row 2. and Uden .row 3.",
    ),
    "a gemeente and its parts without cases": (
        "a.csv",
        listed("Maashorst;2022-W37;5", "Uden;2022-W37;0", "Landerd;2022-W37;0"),
        {},
        of("GM1991", "2022-W37", 5),
    ),
    "a gemeente and its parts around the merger": (
        "a.csv",
        listed("Eemsdelta;2021-W01;5", "Appingedam;2021-W01;2", "Delfzijl;2021-W01;1", "Loppersum;2021-W01;1"),
        {},
        of("GM1979", "2021-W01", 9),
    ),
    "Windows' letters": (
        "a.csv",
        listed("Súdwest-Fryslân;2020-W37;5").encode("cp1252"),
        {},
        of("GM1900", "2020-W37", 5),
    ),
    "rows in quotes": ("a.csv", '"gemeente;week;aantal"\n"Ede;2020-W37;5"\n', {}, W37),
    "several diseases per GGD": (
        "a.csv",
        listed(
            "Kinkhoest;2024;10;GGD Twente;12",
            "Mazelen;2024;10;GGD Twente;1",
            header="Ziekte;Jaar;Week;GGD-regio;Aantal meldingen",
        ),
        {},
        of("VR05", "2024-W10", 12, "Kinkhoest") | of("VR05", "2024-W10", 1, "Mazelen"),
    ),
    "ages with their total": (
        "a.csv",
        listed("Ede;0-9;2020-W37;1", "Ede;Totaal;2020-W37;3", header="gemeente;leeftijdsgroep;week;aantal"),
        {},
        "leeftijdsgroep",
    ),
    "a total in the column of names": (
        "a.csv",
        listed("228;Ede;2020-W37;5", ";Nederland;2020-W37;5", header="gemeentecode;gemeentenaam;week;aantal"),
        {},
        W37,
    ),
    "a code without its name, a name without its code": (
        "a.csv",
        listed("228;;2020-W37;5", ";Amsterdam;2020-W37;8", header="gemeentecode;gemeentenaam;week;aantal"),
        {},
        W37 | of(AMSTERDAM, "2020-W37", 8),
    ),
    "a typing error without a code": (
        "a.csv",
        listed("228;Ede;2020-W37;5", ";Edde;2020-W37;8", header="gemeentecode;gemeentenaam;week;aantal"),
        {},
        "Edde .row 3, like Ede",
    ),
    "a header alone": ("a.csv", listed(), {}, "holds no rows"),
}


@pytest.mark.parametrize("name", FILES)
def test_a_list_of_cases_gives_its_right_answer(tmp_path: Path, name: str) -> None:
    file_name, content, asked, answer = FILES[name]
    path = put(tmp_path, file_name, content)
    if isinstance(answer, str):
        with pytest.raises(RisicobeeldError, match=answer):
            read_cases(path, **asked)
    else:
        assert read_cases(path, **asked)[0] == answer


def test_a_code_and_a_name_of_two_gemeenten_are_told(tmp_path: Path) -> None:
    text = listed(
        "GM0363;Utrecht;2020-W37;5", "GM1982;Boxmeer;2020-W37;6", header="gemeentecode;gemeentenaam;week;aantal"
    )
    found, receipt = read_cases(put(tmp_path, "a.csv", text))
    assert found == of(AMSTERDAM, "2020-W37", 5) | of("GM1982", "2020-W37", 6)
    (line,) = receipt.changed
    assert (line.row_n, line.key, line.said["taken"]) == (2, "code_and_name", "Amsterdam")


def test_cases_with_gemeenten_across_are_seen_to_be_cases(tmp_path: Path) -> None:
    assert recognise.kind_of(put(tmp_path, "a.csv", listed("2020-W37;5;8", header="week;Ede;Amsterdam"))) == "incidence"
