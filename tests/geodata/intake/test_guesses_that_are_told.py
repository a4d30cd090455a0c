"""What a list leaves open is told, refused or left unread: never silently another figure or place."""

from pathlib import Path

import pytest

from commands.main import main
from geodata.errors import InputError
from geodata.intake import site_fields
from geodata.snapshots import snapshot
from tests.geodata.intake.reading import SECTIONS, put, read_cases, read_sites

EDE = [(174_250.5, 452_100.25), (175_010.0, 450_980.7)]


@pytest.mark.parametrize(
    "rows",
    [
        "naam;x;y\nA;174,2505;452,10025\nB;175,01;450,9807\n",
        "naam;x;y\nA;174.2505;452.10025\nB;175.01;450.9807\n",
        {"Blad1": [["naam", "x", "y"], ["A", 174.2505, 452.10025], ["B", 175.01, 450.9807]]},
        "naam;coordinaten\nA;174.2505 452.10025\nB;175.01 450.9807\n",
    ],
)
def test_kilometres_become_metres_and_it_is_told(tmp_path: Path, rows: object) -> None:
    table, receipt = read_sites(put(tmp_path, "logies.xlsx" if isinstance(rows, dict) else "logies.csv", rows))
    points = [(round(point.x, 2), round(point.y, 2)) for point in table["geometry"]]
    assert points == EDE
    assert table["gemeente_code"].tolist() == ["GM0228"] * 2
    assert [line.key for line in receipt.notes].count("kilometres") == 1


def test_thousands_with_a_point_are_metres_and_no_guess(tmp_path: Path) -> None:
    table, receipt = read_sites(put(tmp_path, "logies.csv", "naam;x;y\nA;174.250;452.100\nB;175.010;450.980\n"))
    assert [point.x for point in table["geometry"]] == [174_250, 175_010]
    assert "kilometres" not in [line.key for line in receipt.notes]


@pytest.mark.parametrize(
    ("rows", "key"),
    [
        ("naam;x;y\nA;174;452\nB;175;450\n", "coordinates_of_squares"),
        ("naam;x;y\nA;17425;45210\nB;17501;45098\n", "coordinates_unknown"),  # tens of metres
        ("naam;x;y\nA;452,1;174,25\nB;450,98;175,01\n", "coordinates_unknown"),  # exchanged as well: no second guess
    ],
)
def test_other_units_are_refused_with_what_to_do(tmp_path: Path, rows: str, key: str) -> None:
    with pytest.raises(InputError) as refused:
        read_sites(put(tmp_path, "logies.csv", rows))
    assert refused.value.key == key


SIZES = ["ca. 80", "80 (max)", "max 80", "80-100", "80 à 90", "±80", "~80", "80+", "tachtig", "2x40", "80?", "8O"]


@pytest.mark.parametrize("text", SIZES)
def test_a_size_that_is_no_number_is_not_known_and_it_is_told(tmp_path: Path, text: str) -> None:
    table, receipt = read_sites(put(tmp_path, "logies.csv", f"naam;gemeente;bedden\nA;Ede;12\nB;Ede;{text}\n"))
    assert table["size_n"].isna().tolist() == [False, True]
    assert [(line.row_n, line.key, line.said["text"]) for line in receipt.changed if line.key != "nowhere"] == [
        (3, "size_unreadable", text)
    ]


@pytest.mark.parametrize(("text", "size"), [("80 pers.", 80), ("80 bedden", 80), ("80*", 80)])
def test_a_number_with_its_unit_is_that_number(tmp_path: Path, text: str, size: int) -> None:
    table, receipt = read_sites(put(tmp_path, "logies.csv", f"naam;gemeente;bedden\nA;Ede;12\nB;Ede;{text}\n"))
    assert table["size_n"].tolist() == [12, size]
    assert ("provisional" in [line.key for line in receipt.notes]) == ("*" in text)


ACTIVITIES = {
    # a spreadsheet takes the zero in front away; no SBI code of ours begins as another without it
    "01132": "greenhouse",
    "1132": "greenhouse",
    "01.13.2": "greenhouse",
    "1.13.2": "greenhouse",
    "1192": "greenhouse",
    "1303": "greenhouse",
    # vegetables in the open and under glass have one code of four digits: it does not say which
    "0113": "",
    "113": "",
    "1.13": "",
    "1011": "slaughterhouse",
    "10110": "slaughterhouse",
    "101": "",
    "5520": "holiday_park",
    "5590": "lodging",
    "5510": "lodging",
    "55101": "lodging",
    "Hotel": "lodging",
}


@pytest.mark.parametrize(("text", "kind"), ACTIVITIES.items())
def test_what_a_code_of_cbs_says(text: str, kind: str) -> None:
    assert site_fields.kind_of_activity(text) == kind


def test_hotels_of_a_register_are_lodgings_and_other_firms_are_passed_over(tmp_path: Path) -> None:
    path = put(tmp_path, "kvk.csv", "naam;gemeente;SBI\nA;Ede;5510\nB;Ede;5590\nC;Ede;1011\nD;Ede;62010\n")
    table, receipt = read_sites(path, kind="")
    assert table["kind"].tolist() == ["lodging", "lodging", "slaughterhouse"]
    assert [(line.row_n, line.key) for line in receipt.passed] == [(5, "other_activity")]


LONG = "Bedrijfstakken/branches (SBI 2008);Regio's;Perioden;Vestigingen (aantal)\n" + "".join(
    f"{section};Ede;2021;{300 + n}\n" for n, section in enumerate(SECTIONS)
)


def test_the_year_of_establishments_is_the_files_own(
    data_dir: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert not data_dir.exists()
    path = put(tmp_path, "vestigingen.csv", LONG)
    assert main(["import", "establishments", str(path), "--partial"]) == 0
    assert set(snapshot.current().table("exposure")["year"]) == {2021}
    yearless = put(tmp_path, "tabel.csv", f"Gemeente;{';'.join(SECTIONS)}\nEde;{';'.join('3' * len(SECTIONS))}\n")
    capsys.readouterr()
    assert main(["import", "establishments", str(yearless)]) == 2
    assert "tabel.csv says no year that its figures are of; give it with --year." in capsys.readouterr().err


@pytest.mark.parametrize(
    ("head", "rows", "key", "n", "named"),
    [
        ("gemeente", ["Ede", "Utrecht"], "cover_cases", 340, "Aa en Hunze"),
        ("veiligheidsregio", ["VR01", "VR02"], "cover_regions", 23, "Zeeland"),
    ],
)
def test_who_has_no_row_of_cases_is_named_and_not_taken_for_nil(
    tmp_path: Path, head: str, rows: list[str], key: str, n: int, named: str
) -> None:
    text = "\n".join([f"{head};week;aantal", *(f"{row};2020-W40;3" for row in rows)])
    cases, receipt = read_cases(put(tmp_path, "cases.csv", text))
    (line,) = [line for line in receipt.notes if line.key == key]
    assert len(cases) == len(rows)
    assert line.said["n"] == n
    for language in ("nl", "en"):
        (told,) = [one for one in receipt.sentences(language) if named in one]
        assert str(n) in told
