"""Two mergers that no release knows of work through boundaries, figures, sites, register and scores."""

from pathlib import Path

import pytest
import shapely

from access.viewer import Viewer
from commands import scores
from door.store import open_store
from geodata.areas import joins, mergers, regions
from geodata.errors import InputError
from geodata.intake.columns import ColumnMapping
from geodata.refresh import build, imports
from geodata.snapshots import snapshot
from register import schema
from tests.geodata.intake.reading import read_sites

HEADER = "effective_date,old_code,old_name,old_vr_code,new_code,new_name,is_new,share,note\n"
# Diemen and Ouder-Amstel become a new gemeente; two years later that one goes into Amstelveen.
TWO = (
    HEADER + "2025-01-01,GM0384,Diemen,VR13,GM2999,Amstelmeer,yes,1,\n"
    "2025-01-01,GM0437,Ouder-Amstel,VR13,GM2999,Amstelmeer,yes,1,\n"
    "2027-01-01,GM2999,Amstelmeer,VR13,GM0362,Amstelveen,no,1,\n"
)
GONE = ["GM0384", "GM0437"]


@pytest.fixture
def merged(data_dir: Path) -> Path:
    data_dir.mkdir(parents=True)
    (data_dir / regions.CHANGES_FILE).write_text(TWO, "utf-8")
    return data_dir


def test_shapes_are_united_and_counts_added(merged: Path) -> None:
    assert merged
    before = snapshot.current().table("gemeenten").set_index("gemeente_code")
    areas = mergers.known_areas()
    after = areas["gemeenten"].set_index("gemeente_code")
    assert (len(before), len(after)) == (342, 340)
    parts = before.loc[["GM0362", *GONE]]
    assert after.loc["GM0362", "population_n"] == parts["population_n"].sum()
    assert after.loc["GM0362", "geometry"].area == pytest.approx(parts.geometry.area.sum(), rel=1e-9)
    assert shapely.coverage_is_valid(after.geometry.to_numpy())
    assert areas["veiligheidsregios"]["population_n"].sum() == before["population_n"].sum()


def test_figures_and_sites_of_before_the_mergers_find_their_gemeente(merged: Path, tmp_path: Path) -> None:
    cases = tmp_path / "cases.csv"
    cases.write_text("gemeente;week;aantal\nGM0384;2020-W40;3\nGM0437;2020-W40;4\nGM0362;2020-W40;10\n", "utf-8")
    imports.import_incidence(cases, "COVID-19", ColumnMapping())
    table = snapshot.current().table("incidence")
    assert table.set_index("gemeente_code")["cases_n"].to_dict() == {"GM0362": 17}
    assert len(snapshot.current().table("gemeenten")) == 340
    assert merged


def test_a_site_in_a_gemeente_that_arose_and_is_gone_again_lies_in_that_of_today(merged: Path, tmp_path: Path) -> None:
    assert merged
    path = tmp_path / "logies.csv"
    path.write_text("naam;gemeente\nA;Amstelmeer\nB;Diemen\nC;GM2999\n", "utf-8")
    table, receipt = read_sites(path)
    assert table[["gemeente_code", "vr_code"]].to_numpy().tolist() == [["GM0362", "VR13"]] * 3
    assert "Amstelmeer is Amstelveen today" in receipt.sentences()


def test_the_register_knows_the_gemeenten_of_the_moment(merged: Path) -> None:
    assert "GM0384" not in schema.vr_of_gemeenten()
    (merged / regions.CHANGES_FILE).unlink()
    assert schema.vr_of_gemeenten()["GM0384"] == "VR13"


@pytest.mark.usefixtures("few_rebuilds")
def test_the_example_is_scored_with_the_new_gemeenten(merged: Path, tmp_path: Path) -> None:
    assert merged
    build.rebuild()
    assert scores.main(["score", "--level", "gemeente", "--sector", "all", "--out", str(tmp_path / "out.csv")]) == 0
    lines = (tmp_path / "out.csv").read_text("utf-8")
    assert "GM0362" in lines
    assert not [code for code in GONE if code in lines]
    seen = open_store(Viewer("lotc"))
    assert seen.is_demonstration
    assert not seen.table("exposure")["gemeente_code"].isin(GONE).any()


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ("2025-01-01,GM0384,Diemen,VR13,GM2999,Amstelmeer,yes,0.4,\n", "add up to"),
        ("1-1-2025,GM0384,Diemen,VR13,GM2999,Amstelmeer,yes,1,\n", "Row 2"),
        ("2025-01-01,GM9999,Nergens,VR13,GM2999,Amstelmeer,yes,1,\n", "does not exist"),
        (
            "2025-01-01,GM0384,Diemen,VR13,GM2999,A,yes,0.4,\n2025-01-01,GM0384,Diemen,VR13,GM0362,B,no,0.6,\n",
            "is divided",
        ),
    ],
)
def test_a_changes_file_that_contradicts_itself_is_refused(data_dir: Path, row: str, said: str) -> None:
    data_dir.mkdir(parents=True)
    (data_dir / regions.CHANGES_FILE).write_text(HEADER + row, "utf-8")
    with pytest.raises(InputError, match=said):
        mergers.known_areas()


BOTH_WAYS = [
    # the parts until the first merger, the new gemeente until the second
    ("GM0384;2024-W40;3\nGM0437;2024-W40;4\nGM0362;2024-W40;10\nGM2999;2025-W40;5\nGM0362;2025-W40;10\n", [17, 15]),
    # a publisher who never knew the parts: the gemeente that arose stands for them
    ("Amstelmeer;2025-W40;5\nAmstelveen;2025-W40;10\n", [15]),
]


@pytest.mark.parametrize(("rows", "answer"), BOTH_WAYS)
def test_cases_of_a_gemeente_that_arose_and_is_gone_again_are_those_of_today(
    merged: Path, tmp_path: Path, rows: str, answer: list[int]
) -> None:
    assert merged
    path = tmp_path / "cases.csv"
    path.write_text("gemeente;week;aantal\n" + rows, "utf-8")
    receipt = imports.import_incidence(path, "COVID-19", ColumnMapping())
    table = snapshot.current().table("incidence").sort_values("week")
    assert table["gemeente_code"].tolist() == ["GM0362"] * len(answer)
    assert table["cases_n"].tolist() == answer
    assert not [line for line in receipt.sentences() if "missing" in line]


def test_one_that_arose_alone_is_not_its_heir(merged: Path, tmp_path: Path) -> None:
    assert merged
    path = tmp_path / "cases.csv"
    path.write_text("gemeente;week;aantal\nAmstelmeer;2025-W40;5\nUtrecht;2025-W40;9\n", "utf-8")
    receipt = imports.import_incidence(path, "COVID-19", ColumnMapping())
    cases = snapshot.current().table("incidence").set_index("gemeente_code")["cases_n"]
    assert cases.isna().to_dict() == {"GM0362": True, "GM0344": False}
    assert [line for line in receipt.sentences() if line.startswith("Amstelveen: missing")]


def test_what_arose_stands_for_its_parts_in_the_list_of_what_is_lacking(merged: Path) -> None:
    (merged / regions.CHANGES_FILE).write_text(TWO.replace("GM0362,Amstelveen,no", "GM2998,Groot,yes"), "utf-8")
    changes = regions.changes_from(2020, with_arisen=True)
    assert joins.incomplete_heirs(["GM2999"], changes) == {}
    assert joins.incomplete_heirs(["GM0384"], changes) == {"GM2998": ["GM0437"]}
    of_its_year = regions.changes_from(2020)
    assert joins.incomplete_heirs(["GM0384"], of_its_year) == {"GM2998": ["GM0437"]}


@pytest.mark.parametrize(
    "content",
    [
        TWO.replace(",", ";").encode(),
        b"\xef\xbb\xbf" + TWO.encode(),
        TWO.replace(",", ";").replace("\n", "\r\n").encode("utf-8-sig"),
        TWO.replace(",", "\t").encode("utf-16"),
        TWO.replace(",", ";").replace(";1;", ";1,0;").encode("cp1252"),
    ],
)
def test_a_changes_file_is_read_as_a_spreadsheet_saves_it(data_dir: Path, content: bytes) -> None:
    data_dir.mkdir(parents=True)
    (data_dir / regions.CHANGES_FILE).write_bytes(content)
    assert len(mergers.known_areas()["gemeenten"]) == 340
