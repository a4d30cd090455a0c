"""A whole table of CBS as one zip is read as the table that its page shows."""

from pathlib import Path

import pandas as pd
import pytest

from geodata.errors import InputError
from geodata.intake import recognise
from tests.geodata.intake.reading import SECTIONS, put, read_counts, zipped

DIMENSIONS = '"BedrijfstakkenBranchesSBI2008";"RegioS";"Perioden"'
BRANCHES = {f"3{number:05d} ": title for number, title in enumerate(SECTIONS)}
REGIONS = ("NL01  ", "GM0228", "GM0344")


def bulk(**other: str) -> bytes:
    """Return such a zip: of each section as many as its place in the list, of the second year a hundred more."""
    rows, number = [], 0
    for year, more in (("2021JJ00", 0), ("2020JJ00", 100)):
        for region in REGIONS:
            for place, code in enumerate(BRANCHES, 1):
                number += 1
                is_secret = region == "GM0344" and place == 1
                value = '"Confidential";;' if is_secret else f'"None";{place + more};'
                rows.append(f'{number};"M0001";{value};"{code}";"{region}";"{year}"')
    branches = "\n".join(f'"{code}";{number};"{title}"' for number, (code, title) in enumerate(BRANCHES.items()))
    files = {
        "Observations.csv": f'\ufeff"Id";"Measure";"ValueAttribute";"Value";"StringValue";{DIMENSIONS}\n'
        + "\n".join(rows),
        "MeasureCodes.csv": '"Identifier";"Index";"Title";"Unit"\n"M0001";1;"Vestigingen";"aantal"\n',
        "BedrijfstakkenBranchesSBI2008Codes.csv": f'"Identifier";"Index";"Title"\n{branches}\n',
        "RegioSCodes.csv": '"Identifier";"Index";"Title"\n"GM0228";1;"Ede"\n"GM0344";2;"Utrecht (gemeente)"\n"NL01  ";3;"Nederland"\n',
        "PeriodenCodes.csv": '"Identifier";"Index";"Title"\n"2020JJ00";1;"2020"\n"2021JJ00";2;"2021*"\n',
        "Properties.csv": '"Identifier"\n"81575NED"\n',
    }
    return zipped(files | other)


def test_the_figures_of_a_whole_table_are_those_of_the_year_that_was_asked_for(tmp_path: Path) -> None:
    path = put(tmp_path, "81575NED.zip", bulk())
    assert (recognise.kind_of(path), recognise.year_said(path)) == ("establishments", 2021)
    now, then = read_counts(path, 2021), read_counts(path, 2020)
    assert (now["GM0228", "A"], then["GM0228", "A"]) == (1, 101)
    assert now["GM0228", "B-F"] == 2 + 3 + 4 + 5 + 6
    assert pd.isna(now["GM0344", "A"])  # it is secret, and no nil
    assert {code for code, _ in now} == {"GM0228", "GM0344"}


def test_tables_that_do_not_fit_each_other_are_refused(tmp_path: Path) -> None:
    for other in ({"MeasureCodes.csv": '"a"\n"b"\n'}, {"Observations.csv": '"Id";"RegioS"\n1;"GM0228"\n'}):
        with pytest.raises(InputError, match="do not fit each other"):
            read_counts(put(tmp_path, "a.zip", bulk(**other)), 2021)
