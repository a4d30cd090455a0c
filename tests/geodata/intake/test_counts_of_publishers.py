"""Establishments as their publishers give them: each a text with its right answer. All figures are invented."""

from pathlib import Path

import pandas as pd
import pytest

from geodata.errors import RisicobeeldError
from tests.geodata.intake.reading import SECTIONS, put, read_counts

EDE = "GM0228"
GROUPS = ("A", "B-F", "G+I", "H+J", "K-L", "M-N", "O-Q", "R-U")
ALL = dict(zip(GROUPS, (1.0, 20.0, 16.0, 18.0, 23.0, 27.0, 48.0, 78.0), strict=True))
EIGHT = dict(zip(GROUPS, (float(n) for n in range(1, 9)), strict=True))
HEADER = ["Bedrijfstakken/branches (SBI 2008)", "Regio's", "Perioden", "Vestigingen (aantal)"]
SHORT = "vest_A;vest_B_F;vest_G_I;vest_H_J;vest_K_L;vest_M_N;vest_O_Q;vest_R_U"
KWB = "gwb_code_10;gwb_code_8;regio;gm_naam;recs;gwb_code;a_inw;a_bed_a;a_bed_bf;a_bed_gi;a_bed_hj;a_bed_kl;a_bed_mn"
LAND = "NL00000000;0;Nederland;Nederland;Land;NL00;9;9;9;9;9;9;9;9;9"
WIJK = "WK022800;1;Wijk 00;Ede;Wijk;WK022800;.;.;.;.;.;.;.;.;."
MAP = [
    "aantal_bedrijven_landbouw_bosbouw_visserij",
    "aantal_bedrijven_nijverheid_energie",
    "aantal_bedrijven_handel_en_horeca",
    "aantal_bedrijven_vervoer_informatie_communicatie",
    "aantalBedrijvenFinancieelOnroerendGoed",
    "aantal_bedrijven_zakelijke_dienstverlening",
    "aantal_bedrijven_overheid_onderwijs_en_zorg",
    "aantal_bedrijven_cultuur_recreatie_overige",
]


def text(*rows: list[object]) -> str:
    return "\n".join(";".join(f'"{cell}"' for cell in row) for row in rows) + "\n"


def long(period: str = "2021", region: str = "Ede", header: list[str] = HEADER, figure: object = None) -> str:
    numbered = [[section, region, period, n if figure is None else figure] for n, section in enumerate(SECTIONS, 1)]
    return text([*header], ["A-U Alle economische activiteiten", region, period, 231], *numbered)


def across(*top: list[object], rows: list[list[object]]) -> str:
    return text(["Vestigingen van bedrijven; bedrijfstak, gemeente"], *top, *rows, ["Bron: CBS"])


FILES: dict[str, tuple[str, int, dict[str, float | None] | str]] = {
    "a total over all sections": (long(), 2021, ALL),
    "title, source and rights": (
        '"Vestigingen van bedrijven"\n' + long() + '"Bron: CBS"\n"© Centraal Bureau voor de Statistiek 18-6-2021"\n',
        2021,
        ALL,
    ),
    "a provisional period": (long("2021*"), 2021, ALL),
    "periods and regions as keys": (long("2021JJ00", "GM0228    "), 2021, ALL),
    "line ends of an old Mac": (long().replace("\n", "\r"), 2021, ALL),
    "in thousands": (long(header=[*HEADER[:3], "Vestigingen (x 1 000)"]), 2021, "fits none"),
    "jobs": (long(header=[*HEADER[:3], "Banen van werknemers (aantal)"]), 2021, "fits none"),
    "a header alone": (text([*HEADER]), 2021, "holds no rows"),
    "openings and closings beside": (
        text(
            [*HEADER[:3], "Oprichtingen (aantal)", "Vestigingen (aantal)", "Opheffingen (aantal)"],
            *[[section, "Ede", "2021", 900, n, 800] for n, section in enumerate(SECTIONS, 1)],
        ),
        2021,
        ALL,
    ),
    "periods across": (
        across(
            ["", "Onderwerp", "Vestigingen", "Vestigingen"],
            ["", "Perioden", "2020", "2021"],
            ["Regio's", HEADER[0], "aantal", "aantal"],
            rows=[["Ede", section, 80 + n, n] for n, section in enumerate(SECTIONS, 1)],
        ),
        2021,
        ALL,
    ),
    "gemeenten across": (
        across(
            ["", "Onderwerp", "Vestigingen", "Vestigingen"],
            ["", "Regio's", "Ede", "Nederland"],
            [HEADER[0], "Perioden", "aantal", "aantal"],
            rows=[[section, "2021", n, 900] for n, section in enumerate(SECTIONS, 1)],
        ),
        2021,
        ALL,
    ),
    "a gemeente that was gone, without figures": (
        long() + text(*[[section, "Haaren", "2021", ""] for section in SECTIONS]),
        2021,
        ALL,
    ),
    "a gemeente that was to come, without figures": (
        long("2020") + text(*[[section, "Eemsdelta", "2020", "."] for section in SECTIONS]),
        2020,
        ALL,
    ),
    "a gemeente that was gone, with figures": (
        long() + text(*[[section, "Haaren", "2021", 5] for section in SECTIONS]),
        2021,
        "Haaren .row 24, like Boxtel or Oisterwijk or Tilburg or Vught",
    ),
    "a gemeente that was to come, with figures": (
        f"gemeente;{SHORT}\nEde;1;2;3;4;5;6;7;8\nEemsdelta;1;2;3;4;5;6;7;8\n",
        2020,
        "Eemsdelta .row 3, like Appingedam or Delfzijl or Loppersum",
    ),
    "marks": (f"gemeente;{SHORT}\nEde;.;x;-;4;5;6;7;8\n", 2021, EIGHT | {"A": None, "B-F": None, "G+I": 0.0}),
    "CBS's coded gaps": (f"gemeente;{SHORT}\nEde;-99997;-99995;3;4;5;6;7;8\n", 2021, EIGHT | {"A": None, "B-F": None}),
    "trade and transport together are no G+I": (
        "gemeente;A;B-F;G-I;J;K-L;M-N;O-Q;R-U\nEde;1;2;9;4;5;6;7;8\n",
        2021,
        EIGHT | {"G+I": None, "H+J": None},
    ),
    "a dash for a plus": ("gemeente;A;B–F;G-I;H-J;K–L;M–N;O–Q;R–U\nEde;1;2;3;4;5;6;7;8\n", 2021, EIGHT),
    "a name without its code, and the country": (
        f"gm_code;gm_name;{SHORT}\n;Ede;1;2;3;4;5;6;7;8\n;Nederland;1;2;3;4;5;6;7;8\nTotaal Gelderland;;9;9;9;9;9;9;9;9\n",
        2021,
        EIGHT,
    ),
    "percentages": ("gm_code;" + SHORT.replace("vest", "pct") + "\nGM0228;1;2;3;4;5;6;7;8\n", 2021, "fits none"),
    "the key figures of 2022": (
        f"{KWB};a_bed_oq;a_bed_ru\n{LAND}\nGM0228;0228;Ede;Ede;Gemeente;GM0228;9;1;2;3;4;5;6;7;8\n{WIJK}\n",
        2022,
        EIGHT,
    ),
    "the key figures of 2020, without O-Q": (
        f"{KWB};a_bed_ru\nGM0228;0228;Ede;Ede;Gemeente;GM0228;9;1;2;3;4;5;6;8\n",
        2020,
        EIGHT | {"O-Q": None},
    ),
    "the map of wijken and buurten, as a table": (
        f"gemeentecode,gemeentenaam,aantal_inwoners,{','.join(MAP)}\nGM0228,Ede,121000,1,2,3,4,5,6,7,8\n",
        2023,
        EIGHT,
    ),
    "letters of sections across": (
        "Gemeente;Jaar;" + ";".join("ABCDEFGHIJKLMNOPQRSTU") + "\nEde;2021;" + ";".join(map(str, range(1, 22))) + "\n",
        2021,
        ALL,
    ),
    "a section that is not there": (
        text([*HEADER], *[[section, "Ede", "2021", n] for n, section in enumerate(SECTIONS, 1) if n != 3]),
        2021,
        ALL | {"B-F": None},
    ),
}


@pytest.mark.parametrize("name", FILES)
def test_a_file_of_a_publisher_gives_its_right_answer(tmp_path: Path, name: str) -> None:
    content, year, answer = FILES[name]
    path = put(tmp_path, "a.csv", content)
    if isinstance(answer, str):
        with pytest.raises(RisicobeeldError, match=answer):
            read_counts(path, year)
        return
    found = {key: None if pd.isna(count) else count for key, count in read_counts(path, year).items()}
    assert found == {(EDE, group): count for group, count in answer.items()}
