"""Files of other years and offices than those of the other tests, each with the answer that was written first."""

from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from geodata.errors import InputError
from geodata.intake import establishments, recognise
from geodata.intake.places import known_places
from tests.geodata.intake.reading import areas, put, read_cases, read_counts, read_sites

GROUPS = {"A": "a", "B-F": "bf", "G+I": "gi", "H+J": "hj", "K-L": "kl", "M-N": "mn", "O-Q": "oq", "R-U": "ru"}
EIGHT = {("GM0228", group): n for n, group in enumerate(GROUPS, 1)}


def key_figures(*years: int) -> str:
    heads = [f"a_bed_{name}_{year}" for year in years for name in GROUPS.values()]
    figures = [str(n + 100 * place) for place in range(len(years)) for n in range(1, 9)]
    return f"gwb_code_{years[0]};regio_{years[0]};{';'.join(heads)}\nGM0228;Ede;{';'.join(figures)}\n"


def test_a_year_behind_every_header_is_the_year_of_the_figures(tmp_path: Path) -> None:
    one, two = put(tmp_path, "a.csv", key_figures(2021)), put(tmp_path, "b.csv", key_figures(2021, 2020))
    assert read_counts(one) == EIGHT
    assert read_counts(two) == EIGHT
    assert read_counts(two, 2020) == {key: n + 100 for key, n in EIGHT.items()}
    assert (recognise.kind_of(one), recognise.year_said(two)) == ("establishments", 2021)


def test_another_year_behind_the_headers_is_told(tmp_path: Path) -> None:
    path = put(tmp_path, "a.csv", key_figures(2021))
    question = establishments.Question(2022)
    _, receipt = establishments.read(path, question, areas()["gemeenten"], known_places())
    assert "the file says 2021, and the figures are taken as those of 2022" in receipt.sentences()
    with pytest.raises(InputError, match="none of the known layouts"):  # which of two is for nobody to guess
        read_counts(put(tmp_path, "b.csv", key_figures(2019, 2020)), 2022)


def test_a_week_by_its_first_day_beside_the_day_of_the_report(tmp_path: Path) -> None:
    rows = "1,2020-10-01,2020-09-07,GM0228,12\n1,2020-10-01,2020-09-14,GM0228,13\n"
    heads = "Version,Date_of_report,Date_of_statistics_week_start,Municipality_code,Total_reported\n"
    found, _ = read_cases(put(tmp_path, "a.csv", heads + rows))
    assert found == {("x", "GM0228", "2020-W37"): 12, ("x", "GM0228", "2020-W38"): 13}


def test_a_title_that_names_a_field_is_no_header(tmp_path: Path) -> None:
    rows: list[list[Any]] = [["Besmettingen 2020"], ["Gemeente", "week 37", "week 38"], ["Ede", 1, 2]]
    with pytest.raises(InputError, match="year"):
        read_cases(put(tmp_path, "a.xlsx", {"Blad1": rows}))


SITES: dict[str, tuple[str, list[tuple[str, str, float | None]]]] = {
    "an address that ends with the country": (
        'Naam;Adres;Bedden\nA;"Weg 1, 6711 AB Ede, Nederland";40\nB;"Straat 2, 1012AB Amsterdam (NL)";60\n',
        [("A", "GM0228", 40), ("B", "GM0363", 60)],
    ),
    "an address with an addition to its number": (
        "Naam;Adres;Bedden\nA;Weg 1, 6711 AB Ede;40\nB;Straat 2 bis, 1012 AB  Amsterdam;60\n",
        [("A", "GM0228", 40), ("B", "GM0363", 60)],
    ),
}


@pytest.mark.parametrize("name", SITES)
def test_sites_are_found_by_their_address(tmp_path: Path, name: str) -> None:
    content, answer = SITES[name]
    table, _ = read_sites(put(tmp_path, "a.csv", content))
    found = [
        (one.name, one.gemeente_code, None if pd.isna(one.size_n) else one.size_n)
        for one in table.itertuples(index=False)
    ]
    assert found == answer
