"""How offices write lists of cases: years over weeks, sums between the rows, any words for a week. All is invented."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from geodata.errors import RisicobeeldError
from geodata.intake import recognise, site_fields
from tests.geodata.intake.reading import put, read_cases

EDE, AMSTERDAM = "GM0228", "GM0363"
LIST = "gemeente;week;aantal"


def of(area: str, **counts: int | None) -> dict[tuple[str, str, str], int | None]:
    return {("x", area, week.removeprefix("w").replace("_", "-")): count for week, count in counts.items()}


def words(*weeks: str) -> str:
    return "\n".join([LIST, *(f"Ede;{week};{number % 3}" for number, week in enumerate(weeks))])


TWO_YEARS = of(EDE, w2020_W52=4, w2020_W53=5, w2021_W01=6) | of(AMSTERDAM, w2020_W52=4, w2020_W53=7, w2021_W01=8)
ROWS = "Ede;4;5;6\nAmsterdam;4;7;8\n"
WEEKS = [
    "2020-W05",
    "week 6 (2020)",
    "202007",
    "2020-8",
    "2020/09",
    "wk 10 '20",
    "W11 2020",
    "2020 wk. 12",
    "week 13 - 2020",
    "2020.14",
    "15 (2020)",
    "2020W16",
    "Week 17, 2020",
    "2020, wk18",
    "2020 - W19",
    "wk20/2020",
    "2020-w21 ",
    "week 22 van 2020",
    "2020 (week 23)",
    "2020-24 (ISO)",
    "2020 week25",
    "wk26'20",
    "20W27",
]
REGIONS = [
    "Groningen",
    "Fryslan",
    "Drente",
    "Ijsselland",
    "Veiligheidsregio Twente (VRT)",
    "Noord- en Oost Gelderland",
    "Gelderland Midden",
    "Gelderland Zuid",
    "Utrecht",
    "Noord Holland Noord",
    "Zaanstreek Waterland",
    "Kennemerland",
    "Amsterdam Amstelland",
    "Gooi & Vechtstreek",
    "Haaglanden",
    "Hollands Midden",
    "Rotterdam Rijnmond",
    "Zuid-Holland Zuid",
    "Zeeland",
    "Midden en West Brabant",
    "Brabant Noord",
    "Brabant Zuid-Oost",
    "Noord-Limburg",
    "Zuid Limburg",
    "Flevoland",
]
HEADERS = [
    "Woonplaats gemeente;Week van melding;Aantal nieuwe meldingen",
    "Gemeente naam;Jaar/week;Aantal positieve testen",
    "Gemeente;Weeknummer (ISO);Nieuw gemelde gevallen",
    "GemeenteNaam;Kalenderweek;Positief geteste personen",
    "Municipality;ISO week;Confirmed cases",
    "gemeente;startdatum week;aantal meldingen (absoluut)",
    "GM_CODE;JAARWEEK;N_GEVALLEN",
    "1. Gemeente:;2. Week:;3. Som van aantal",
]

FILES: dict[str, tuple[str, dict[str, Any], object]] = {
    "years over weeks": (f";2020;;2021\ngemeente;52;53;1\n{ROWS}", {}, TWO_YEARS),
    "years and weeks in words": (f";Jaar 2020;;2021\ngemeente;week 52;week 53;week 1\n{ROWS}", {}, TWO_YEARS),
    "years under a title": (
        f"Meldingen per week;;;\n;2020;;2021*\nGemeente;wk 52;wk 53;wk 1\n{ROWS}Bron: GGD;;;\n",
        {},
        TWO_YEARS,
    ),
    "years beside the header": (f"gemeente;2020;;2021\n;52;53;1\n{ROWS}", {}, TWO_YEARS),
    "the rows of the header by name": (f"Jaar;2020;;2021\nWeek;52;53;1\n{ROWS}", {}, TWO_YEARS),
    "years over weeks and a total": (
        ";;2020;2021;;\ncode;gemeente;53;1;2;Totaal\n228;Ede;5;6;7;18\n",
        {},
        of(EDE, w2020_W53=5, w2021_W01=6, w2021_W02=7),
    ),
    "the same weeks of two years": (
        ";2020;;2021;\ngemeente;1;2;1;2\nEde;4;5;6;7\n",
        {},
        of(EDE, w2020_W01=4, w2020_W02=5, w2021_W01=6, w2021_W02=7),
    ),
    "years over weeks of regions": (
        ";2020;2021\nVeiligheidsregio;53;1\nTwente;5;6\n",
        {},
        of("VR05", w2020_W53=5, w2021_W01=6),
    ),
    "years across alone": ("gemeente;2019;2020\nEde;5;6\nAmsterdam;7;8\n", {}, "lacks a column for cases"),
    "a figure below each year": ("gemeente;2019;2020;2021\n;12;13;14\nEde;5;6;7\n", {}, "lacks a column for cases"),
    "weeks across under a title": (
        "Meldingen\n;Aantal meldingen;\nGemeente;2020-W36;2020-W37\nEde;5;6\n",
        {},
        of(EDE, w2020_W36=5, w2020_W37=6),
    ),
    "a column of places without a header": (
        ";36 (2020);37 (2020)\nEde;5;6\nEindtotaal;5;6\n",
        {},
        of(EDE, w2020_W36=5, w2020_W37=6),
    ),
    "a pivot table": (
        "Rijlabels;Jaarweek;Som van aantal\nEde;202036;5\nUtrecht;202036;6\n",
        {},
        of(EDE, w2020_W36=5) | of("GM0344", w2020_W36=6),
    ),
    "weeks in any words": (
        words(*WEEKS),
        {},
        {("x", EDE, f"2020-W{week:02d}"): number % 3 for number, week in enumerate(range(5, 28))},
    ),
    "week 53 of 2019": (words("2019-W53"), {}, "2019 has 52 weeks"),
    "week 53 of 2026": (words("2026-W53"), {}, of(EDE, w2026_W53=0)),
    "week 54": (words("2020-W54"), {}, "no week"),
    "a quarter": (words("2020 1e kwartaal"), {}, "no week"),
    "sums between the rows": (
        f"{LIST}\nEde;202036;5\nTotaal Gelderland;202036;5\nAmsterdam;202036;7\nTotaal week 36;;12\nSubtotaal VGGM;202036;5\n",
        {},
        of(EDE, w2020_W36=5) | of(AMSTERDAM, w2020_W36=7),
    ),
    "a remark between the rows": (
        f"{LIST}\nEde;202036;5\nBijgewerkt op 3-9-2020;;\nEde;202037;7\n",
        {},
        of(EDE, w2020_W36=5, w2020_W37=7),
    ),
    "withheld in any words": (
        f"{LIST}\nEde;202036;1-4\nEde;202037;≤5\nEde;202038;tussen 1 en 5\nEde;202039;0 of 1\nEde;202040;onder de 5\nEde;202041;9\nEde;202042;10 - 20\n",
        {},
        of(
            EDE,
            w2020_W36=None,
            w2020_W37=None,
            w2020_W38=None,
            w2020_W39=None,
            w2020_W40=None,
            w2020_W41=9,
            w2020_W42=None,
        ),
    ),
    "narrow blanks and apostrophes": (
        f"{LIST}\nEde;202036;3\u202f234\nEde;202037;2\u2009000\nEde;202038;3’000\n",
        {},
        of(EDE, w2020_W36=3234, w2020_W37=2000, w2020_W38=3000),
    ),
    "a day beside its week": (
        "gemeente;week;datum;aantal\nEde;202036;31-8-2020;5\nEde;202036;6-9-2020;6\n",
        {},
        of(EDE, w2020_W36=11),
    ),
    "a publication day beside the week": (
        "gemeente;week;datum;aantal\nEde;202036;1-10-2020;5\nEde;202037;1-10-2020;6\n",
        {},
        of(EDE, w2020_W36=5, w2020_W37=6),
    ),
    "regions in old spellings": (
        "regio;week;aantal\n" + "".join(f"{name};202036;{n}\n" for n, name in enumerate(REGIONS, 1)),
        {},
        {("x", f"VR{n:02d}", "2020-W36"): n for n in range(1, 26)},
    ),
    "a name and its province": (
        "gemeente;provincie;week;aantal\nBergen;Provincie Limburg;202036;5\nBergen;NH;202036;6\n",
        {},
        of("GM0893", w2020_W36=5) | of("GM0373", w2020_W36=6),
    ),
    "incidence alone": ("gemeente;week;incidentie\nEde;202036;12,5\n", {}, "lacks a column for cases"),
    "tests are no cases": ("gemeente;week;aantal testen\nEde;202036;12\n", {}, "lacks a column for cases"),
}


@pytest.mark.parametrize("name", FILES)
def test_a_list_of_cases_gives_its_right_answer(tmp_path: Path, name: str) -> None:
    text, asked, answer = FILES[name]
    path = put(tmp_path, "a.csv", text)
    if isinstance(answer, str):
        with pytest.raises(RisicobeeldError, match=answer):
            read_cases(path, **asked)
    else:
        assert read_cases(path, **asked)[0] == answer


def test_a_row_of_weeks_across_is_told_once(tmp_path: Path) -> None:
    text = f";2020;;2021\ngemeente;52;53;1\n{ROWS}Totaal Gelderland;4;5;6\nBijgewerkt op 3-9-2021;;;\n"
    found, receipt = read_cases(put(tmp_path, "a.csv", text))
    assert found == TWO_YEARS
    assert [(line.row_n, line.key) for line in receipt.passed] == [(5, "total_row"), (6, "below")]


@pytest.mark.parametrize("header", HEADERS)
def test_a_header_of_an_office_is_known(tmp_path: Path, header: str) -> None:
    path = put(tmp_path, "a.csv", f"{header}\nGM0228;2020-W36;5\n")
    assert read_cases(path)[0] == of(EDE, w2020_W36=5)


def test_weeks_across_are_seen_to_be_cases(tmp_path: Path) -> None:
    for text in (FILES["years over weeks"][0], FILES["a column of places without a header"][0]):
        assert recognise.kind_of(put(tmp_path, "a.csv", text)) == "incidence"


NAMES = {
    "Leeuwarden (Ljouwert)": "GM0080",
    "Bilt (De)": "GM0310",
    "Land v. Cuijk": "GM1982",
    "Horst a/d Maas": "GM1507",
    "Peel & Maas": "GM1894",
    "Ede gem.": EDE,
    "EDE GLD": EDE,
    "Hogeland": "GM1966",
    "Hengelo (O)": "GM0164",
    "Bergen (L.)": "GM0893",
    "Leidschendam/Voorburg": "GM1916",
    "s'Hertogenbosch": "GM0796",
}


def test_names_as_offices_write_them(tmp_path: Path) -> None:
    rows = "".join(f"{name};202036;1\n" for name in NAMES)
    found, _ = read_cases(
        put(tmp_path, "a.csv", f"{LIST}\n{rows}".replace("Ede gem.;202036;1\nEDE GLD;202036;1\n", ""))
    )
    assert {area for _, area, _ in found} == {*NAMES.values()} - {EDE}
    for name in ("Ede gem.", "EDE GLD"):
        assert read_cases(put(tmp_path, "a.csv", f"{LIST}\n{name};202036;1\n"))[0] == of(EDE, w2020_W36=1)


@pytest.mark.parametrize("text", ["x{}y", "1234{}5", "nederland{}(", "a{}-b", "{}1234,5"])
@pytest.mark.parametrize(
    "read",
    [
        site_fields._country,
        lambda cell: site_fields.split_postcode(pd.Series([cell])),
        lambda cell: site_fields.split_postcode(pd.Series([cell]), is_address=True),
    ],
    ids=["country", "town", "address"],
)
def test_a_cell_of_blanks_takes_time_in_proportion_to_its_length(read: Callable[[str], object], text: str) -> None:
    def seconds(length: int) -> float:
        cell, best = text.format("\t" * length), float("inf")
        for _ in range(3):
            start = time.process_time()
            read(cell)
            best = min(best, time.process_time() - start)
        return best

    assert seconds(8_000) < 9 * seconds(2_000) + 0.005, "four times the length: a square would be sixteen times"
