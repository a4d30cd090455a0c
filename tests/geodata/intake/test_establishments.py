"""Establishments from CBS: the real table of 2021, StatLine's own layouts, and files that must be refused."""

import json
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

from commands import data as command
from door import store as access
from geodata import codes, contracts
from geodata.errors import InputError, RisicobeeldError, UnknownCodeError
from geodata.refresh import imports
from geodata.snapshots import deliveries, snapshot
from tests.geodata.intake.reading import SECTIONS

KWB_2021 = "cbs/kwb2021_establishments_by_sector_gemeente.csv"
SHORT = {
    "A": "vest_A",
    "B-F": "vest_B_F",
    "G+I": "vest_G_I",
    "H+J": "vest_H_J",
    "K-L": "vest_K_L",
    "M-N": "vest_M_N",
    "O-Q": "vest_O_Q",
    "R-U": "vest_R_U",
}
STATLINE = {
    "A": "A Landbouw, bosbouw en visserij",
    "B-F": "B-F Nijverheid en energie",
    "G+I": "G+I Handel en horeca",
    "H+J": "H+J Vervoer, informatie en communicatie",
    "K-L": "K-L Financiële diensten, onroerend goed",
    "M-N": "M-N Zakelijke dienstverlening",
    "O-Q": "O-Q Overheid, onderwijs en zorg",
    "R-U": "R-U Cultuur, recreatie, overige diensten",
}


def exposure() -> pd.DataFrame:
    return access.open_store(access.Viewer("lotc")).table("exposure")


def small_file(folder: Path, **cells: object) -> Path:
    """Write an invented file with every gemeente of 2023 and one establishment per group."""
    gemeenten = access.open_store(access.Viewer("lotc")).table("gemeenten")
    frame = pd.DataFrame({"gm_code": gemeenten["gemeente_code"]} | dict.fromkeys(SHORT.values(), "1"))
    for name, value in cells.items():
        frame.loc[0, name] = value
    path = folder / "invented.csv"
    frame.to_csv(path, index=False)
    return path


@pytest.fixture
def imported(testdata: Path) -> pd.DataFrame:
    imports.import_establishments(testdata / KWB_2021, 2021)
    return exposure()


class TestRealTable:
    """CBS's own figures of 2021, 352 gemeenten, brought to the 342 of today."""

    def test_352_become_342_and_the_groups_keep_their_total(self, imported: pd.DataFrame) -> None:
        groups = imported[imported["sector_code"].str.startswith("SBI:")]
        assert groups["gemeente_code"].nunique() == 342
        assert groups["establishments_n"].sum() == 2_104_385
        assert set(groups["establishments_n_status"]) == {"official", "missing"}

    def test_four_gemeenten_without_a_figure_stay_missing(self, imported: pd.DataFrame) -> None:
        farms = imported[imported["sector_code"] == "SBI:A"].set_index("gemeente_code")
        absent = farms[farms["establishments_n"].isna()]
        assert sorted(absent.index) == ["GM0096", "GM0277", "GM0473", "GM0542"]
        assert set(absent["establishments_n_status"]) == {"missing"}
        assert absent["establishments_n_source"].str.endswith("not_published").all()

    def test_a_merged_gemeente_is_the_sum_of_its_parts(self, imported: pd.DataFrame, testdata: Path) -> None:
        raw = pd.read_csv(testdata / KWB_2021).set_index("gm_code")
        parts = raw.loc[["GM0501", "GM0530", "GM0614"], "vest_G_I"].sum()  # Voorne aan Zee since 2023
        trade = imported[imported["sector_code"] == "SBI:G+I"].set_index("gemeente_code")
        assert trade.loc["GM1992", "establishments_n"] == parts

    def test_sectors_are_estimates_that_never_exceed_their_group(self, imported: pd.DataFrame) -> None:
        wide = imported.pivot_table(index="gemeente_code", columns="sector_code", values="workers_n")
        for group in ("A", "B-F", "G+I", "H+J", "M-N"):
            members = [code for code, sector in codes.SECTORS.items() if sector.cbs_group == group]
            known = wide[f"SBI:{group}"].dropna()
            assert len(known) >= 338
            assert (wide.loc[known.index, members].sum(axis=1) <= known + 1e-9).all(), group
        sectors = imported[imported["sector_code"].isin(list(codes.SECTORS))]
        assert set(sectors["workers_n_status"]) == {"estimate", "missing"}

    def test_a_sector_s_national_jobs_are_kept(self, imported: pd.DataFrame) -> None:
        national = imported.groupby("sector_code")["workers_n"].sum()
        for code, sector in codes.SECTORS.items():
            assert national[code] == pytest.approx(sector.jobs_n), code

    def test_the_whole_demonstration_is_off(self, imported: pd.DataFrame) -> None:
        store = access.open_store(access.Viewer("lotc"))
        assert not store.is_demonstration
        assert store.status_band == ""
        assert [len(store.table(name)) for name in ("sites", "activations", "incidence")] == [0, 0, 0]
        assert "fictional" not in set(imported["workers_n_status"])
        assert "demonstration" not in {record.source_id for record in store.sources}

    def test_statline_s_own_export_gives_the_same(self, imported: pd.DataFrame, testdata: Path, tmp_path: Path) -> None:
        raw = pd.read_csv(testdata / KWB_2021)
        heading = "Bedrijfsvestigingen, SBI 2008/Bedrijfsvestigingen naar activiteit/"
        export = pd.DataFrame(
            {
                "Wijken en buurten": raw["gm_name"],
                "Regioaanduiding/Gemeentenaam (naam)": raw["gm_name"],
                "Regioaanduiding/Codering (code)": raw["gm_code"].str.ljust(10),
            }
        )
        for group, title in STATLINE.items():
            counts = raw[SHORT[group]]
            export[f"{heading}{title} (aantal)"] = counts.map(lambda n: "." if pd.isna(n) else f"{n:.0f}")
        path = tmp_path / "Kerncijfers_wijken_en_buurten_2021.csv"
        export.to_csv(path, sep=";", index=False, encoding="utf-8-sig", quoting=1)
        imports.import_establishments(path, 2021)
        values = ["establishments_n", "workers_n", "establishments_n_status"]
        pd.testing.assert_frame_equal(exposure()[values], imported[values])

    def test_xlsx_with_a_mapping_gives_the_same(self, imported: pd.DataFrame, testdata: Path, tmp_path: Path) -> None:
        raw = pd.read_csv(testdata / KWB_2021).rename(columns={"gm_code": "Gemeente", "vest_A": "boeren"})
        raw.to_excel(tmp_path / "eigen.xlsx", index=False)
        groups = "\n".join(f"{group!r} = [{column!r}]" for group, column in (SHORT | {"A": "boeren"}).items())
        mapping = tmp_path / "eigen.toml"
        mapping.write_text(f"title = 'eigen'\ncode = 'Gemeente'\n[groups]\n{groups}\n")
        imports.import_establishments(tmp_path / "eigen.xlsx", 2021, mapping)
        pd.testing.assert_series_equal(exposure()["establishments_n"], imported["establishments_n"])


def test_statline_s_table_per_section_is_added_to_groups(tmp_path: Path) -> None:
    """Invented counts in the layout of CBS's table of establishments per section, names instead of codes."""
    counts = (10, 1, 20, 2, 3, 40, 50, 6, 7, 8, 9, 11, 12, 13, 14, 15, 16, 17, 18)
    rows = [
        f'"{title}";"{name}";"2023";"{count}"'
        for title, count in zip(SECTIONS, counts, strict=False)  # T and U are not counted per gemeente
        for name in ("Groningen (gemeente)", "Westland")
    ]
    path = tmp_path / "Vestigingen.csv"
    header = '"Bedrijfstakken/branches (SBI 2008)";"Regio\'s";"Perioden";"Vestigingen (aantal)"'
    path.write_text("\n".join([header, *rows]), "utf-8")
    imports.import_establishments(path, 2023)
    found = exposure().query("gemeente_code == 'GM0014'").set_index("sector_code")["establishments_n"]
    expected = {"A": 10, "B-F": 66, "G+I": 57, "H+J": 14, "K-L": 20, "M-N": 25, "O-Q": 45, "R-U": 35}
    assert {group: found[f"SBI:{group}"] for group in expected} == expected


@pytest.mark.parametrize(
    ("cells", "words"),
    [
        ({"gm_code": "GM9999"}, "GM9999"),
        ({"vest_A": "veel"}, "'veel' is no count"),
        ({"vest_A": "-5"}, "'-5' is no count"),
        ({"gm_code": "GM0034"}, "more than once"),
    ],
)
def test_a_wrong_cell_changes_nothing(tmp_path: Path, cells: dict[str, object], words: str) -> None:
    path = small_file(tmp_path, **cells)
    before = snapshot.current()
    with pytest.raises(RisicobeeldError, match=words):
        imports.import_establishments(path, 2023)
    assert snapshot.current() == before
    assert deliveries.latest_raw() == {}


def test_all_unknown_codes_are_listed(tmp_path: Path) -> None:
    path = small_file(tmp_path)
    path.write_text(path.read_text().replace("GM0014", "GM9998").replace("GM0034", "GM9999"))
    with pytest.raises(UnknownCodeError, match=r"GM9998 .*GM9999"):
        imports.import_establishments(path, 2023)


def test_a_code_of_another_year_is_unknown(tmp_path: Path) -> None:
    path = small_file(tmp_path)
    path.write_text(path.read_text().replace("GM1992", "GM0501"))  # Brielle, merged on 1 January 2023
    with pytest.raises(UnknownCodeError, match="GM0501"):
        imports.import_establishments(path, 2023)


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("absent.csv", None, "does not exist"),
        ("empty.csv", b"", "is empty"),
        ("page.csv", b"<html><body>Service unavailable</body></html>", "holds a web page"),
        ("damaged.xlsx", b"PK\x03\x04 half a workbook", "cannot be read"),
        ("picture.png", b"\x89PNG", "no CSV or XLSX"),
        ("binary.csv", b"\x00\x01\x02\x03", "no text file"),
        ("other.csv", b"a;b\n1;2\n", "fits none of the known layouts"),
    ],
)
def test_a_bad_file_is_refused_in_one_sentence(tmp_path: Path, name: str, content: bytes | None, words: str) -> None:
    path = tmp_path / name
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(InputError, match=words):
        imports.import_establishments(path, 2023)


def test_a_file_that_breaks_off_is_refused(tmp_path: Path) -> None:
    path = small_file(tmp_path)
    text = path.read_text()
    path.write_text(text[: len(text) * 2 // 3].rsplit(",", 1)[0])
    with pytest.raises(InputError, match="breaks off"):
        imports.import_establishments(path, 2023)


def test_counts_with_thousands_marks_are_read(tmp_path: Path) -> None:
    imports.import_establishments(small_file(tmp_path, vest_A="1.234", vest_B_F="2 500"), 2023)
    first = exposure().query("gemeente_code == 'GM0014'").set_index("sector_code")["establishments_n"]
    assert (first["SBI:A"], first["SBI:B-F"]) == (1234, 2500)


def test_the_command_says_what_it_did(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert command.main(["import", "establishments", str(small_file(tmp_path)), "--year", "2023"]) == 0
    assert "The example goes off" in capsys.readouterr().out
    assert command.main(["status", "--json"]) == 0
    facts = json.loads(capsys.readouterr().out)
    assert (facts["gemeenten"], facts["veiligheidsregios"], facts["demonstration"]) == (342, 25, False)
    assert "establishments_file" in {source["source"] for source in facts["sources"]}


def test_from_the_shell_it_exits_with_2_and_one_line_on_an_error(tmp_path: Path) -> None:
    words = [
        sys.executable,
        "-m",
        "geodata",
        "import",
        "establishments",
        str(tmp_path / "absent.csv"),
        "--year",
        "2023",
    ]
    bad = subprocess.run(words, capture_output=True, text=True, check=False)
    assert bad.returncode == 2
    assert bad.stdout == ""
    assert "Traceback" not in bad.stderr
    assert bad.stderr.count("\n") == 1


def test_exposure_keeps_its_contract(tmp_path: Path) -> None:
    imports.import_establishments(small_file(tmp_path), 2023)
    contracts.check("exposure", exposure())
