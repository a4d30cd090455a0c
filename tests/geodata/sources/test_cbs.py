"""StatLine: columns by title, padded keys, pages, the cache, v4; on recorded and on invented answers."""

import json
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

from geodata.errors import SourceError
from geodata.sources.cbs import odata as cbs
from geodata.sources.cbs.question import Wanted, Where, starting_with, years
from tests.geodata.conftest import asked_here
from tests.server import cbs as served
from tests.server import figures, local
from tests.server.cbs import Table
from tests.server.local import LocalServer

GLASS = {"glass_m2": Wanted("tuinbouw onder glas > oppervlakte > tuinbouw onder glas, totaal")}
OPEN = {"open_m2": Wanted("tuinbouw open grond > oppervlakte > tuinbouw open grond, totaal")}
WHERE = {"RegioS": starting_with("GM"), "Perioden": years(newest_n=1)}


def nothing(_done: int, _total: int) -> None:
    """Show no progress."""


def fetch(table_id: str, wanted: dict[str, Wanted], where: Where, folder: Path) -> cbs.Table:
    path = cbs.fetch("cbs_test", table_id, wanted, where, folder, progress=nothing)
    return cbs.read("cbs_test", path, table_id, wanted, where)


@pytest.mark.usefixtures("server")
class TestV3:
    def test_units_are_read_from_the_table(self, folder: Path) -> None:
        frame = fetch("80781ned", GLASS | OPEN, WHERE, folder).frame.set_index("RegioS")
        assert frame.loc["GM0363", "glass_m2"] == 1_000 * figures.count("GM0363", "G")
        assert frame.loc["GM0363", "open_m2"] == 100 * figures.count("GM0363", "A")  # are

    def test_all_pages_are_read_and_codes_are_stripped(self, server: LocalServer, folder: Path) -> None:
        wanted = {"value_n": Wanted("vestigingen")}
        frame = fetch("81575NED", wanted, WHERE, folder).frame
        assert len(frame) == len(figures.listed()) * len(figures.SECTIONS) > served.PAGE_N
        assert set(frame["RegioS"]) == set(figures.listed())
        assert "350000" in set(frame["BedrijfstakkenBranchesSBI2008"])
        assert server.count("TypedDataSet") > 1

    def test_an_abolished_gemeente_is_missing_not_zero(self, folder: Path) -> None:
        frame = fetch("80781ned", GLASS, WHERE, folder).frame.set_index("RegioS")
        assert pd.isna(frame.loc["GM0501", "glass_m2"])

    def test_renumbered_columns_are_found_by_title(self, folder: Path, tables: dict[str, Table]) -> None:
        before = fetch("80781ned", GLASS, WHERE, folder).frame
        tables["80781ned"] = replace(figures.agriculture(first_suffix=186), modified="2026-07-01T02:00:00")
        after = fetch("80781ned", GLASS, WHERE, folder).frame
        pd.testing.assert_frame_equal(before, after)

    def test_a_lost_column_names_source_table_and_title(self, folder: Path, tables: dict[str, Table]) -> None:
        kept = [row for row in tables["80781ned"].properties if "glas" not in row["Title"]]
        tables["80781ned"] = replace(tables["80781ned"], properties=kept)
        with pytest.raises(SourceError, match=r"Source cbs_test: table 80781ned has no column titled .*onder glas"):
            fetch("80781ned", GLASS, WHERE, folder)

    def test_an_unknown_unit_stops(self, folder: Path, tables: dict[str, Table]) -> None:
        odd = [row | {"Unit": "morgen"} if row.get("Unit") else row for row in tables["80781ned"].properties]
        tables["80781ned"] = replace(tables["80781ned"], properties=odd)
        with pytest.raises(SourceError, match="'morgen'"):
            fetch("80781ned", GLASS, WHERE, folder)

    def test_an_answer_without_rows_is_an_error(self, folder: Path, tables: dict[str, Table]) -> None:
        tables["80781ned"] = replace(tables["80781ned"], rows=[])
        with pytest.raises(SourceError, match="no row"):
            fetch("80781ned", GLASS, WHERE, folder)

    def test_the_same_version_comes_from_the_cache(
        self, server: LocalServer, folder: Path, tables: dict[str, Table]
    ) -> None:
        first = fetch("80781ned", GLASS, WHERE, folder).frame
        asked = server.count("TypedDataSet")
        again = fetch("80781ned", GLASS, WHERE, folder).frame
        assert server.count("TypedDataSet") == asked
        pd.testing.assert_frame_equal(first, again)
        tables["80781ned"] = replace(tables["80781ned"], modified="2026-08-01T02:00:00")
        fetch("80781ned", GLASS, WHERE, folder)
        assert server.count("TypedDataSet") == asked + 1

    def test_another_layout_is_told(self, server: LocalServer, folder: Path) -> None:
        server.fail("TypedDataSet", lambda _request, _answer: local.Answer(b'{"rows": []}'))
        with pytest.raises(SourceError, match="another layout"):
            fetch("80781ned", GLASS, WHERE, folder)

    def test_the_limit_of_the_interactive_service_is_named(self, server: LocalServer, folder: Path) -> None:
        server.fail("TypedDataSet", local.too_many_records)
        with pytest.raises(SourceError, match="too large"):
            fetch("81575NED", {"value_n": Wanted("vestigingen")}, WHERE, folder)


@pytest.mark.usefixtures("server")
class TestRecordedV3:
    """Answers of StatLine itself, as they were kept: 83583NED, jobs by branch."""

    @pytest.fixture
    def jobs(self, testdata: Path, tables: dict[str, Table], folder: Path) -> cbs.Table:
        tables["83583NED"] = recorded_v3(testdata / "cbs/odata3/83583NED", "83583NED")
        where = {"Perioden": years(newest_n=1), "Bedrijfsgrootte": starting_with("T001098")}
        return fetch("83583NED", {"jobs_n": Wanted("banen van werknemers in december")}, where, folder)

    def test_jobs_of_december_2019_are_the_published_ones(self, jobs: cbs.Table) -> None:
        branches = jobs.titles["BedrijfstakkenBranchesSBI2008"]
        frame = jobs.frame.assign(title=jobs.frame["BedrijfstakkenBranchesSBI2008"].map(branches))
        assert set(frame["Perioden"]) == {"2019JJ00"}
        value = frame.set_index(frame["title"].str.split(" ").str[0])["jobs_n"]
        assert value["78"] == pytest.approx(793_010, abs=6)
        assert value["52"] == pytest.approx(103_640, abs=6)
        assert value["55"] == pytest.approx(84_780, abs=6)


def recorded_v3(folder: Path, table_id: str) -> Table:
    """Return a recorded table; its parts stand in Parquet, one file each."""
    parts = {path.stem.split("_", 1)[1]: pd.read_parquet(path) for path in folder.glob("*.parquet")}
    rows = {name: json.loads(frame.to_json(orient="records")) for name, frame in parts.items()}
    dimensions = {
        name: [(row["Key"], row["Title"]) for row in members]
        for name, members in rows.items()
        if name not in {"TypedDataSet", "DataProperties", "CategoryGroups"}
    }
    return Table(table_id, dimensions, rows["DataProperties"], rows["TypedDataSet"])


@pytest.fixture(scope="module")
def population(testdata: Path, tmp_path_factory: pytest.TempPathFactory) -> pd.DataFrame:
    where = {
        "RegioS": lambda titles: {code for code in titles if code[:2] in {"GM", "NL"}},
        "Perioden": years(first=2019),
        "Geslacht": starting_with("T001038"),
        "Leeftijd": lambda titles: titles.keys() & {"10000"},
        "BurgerlijkeStaat": starting_with("T001019"),
    }
    wanted = {"population_n": Wanted("bevolking op 1 januari")}
    folder = tmp_path_factory.mktemp("population")
    recorded = served.v4({"03759ned": testdata / "cbs/odata4/03759ned"})
    with asked_here([served.v3({}), recorded], folder):
        return fetch("03759ned", wanted, where, folder).frame


class TestRecordedV4:
    """Answers of datasets.cbs.nl, as they were kept: 03759ned, population per gemeente 2019-2026."""

    def test_a_table_that_v3_does_not_serve_is_asked_of_v4(self, population: pd.DataFrame) -> None:
        nation = population[population["RegioS"] == "NL01"].set_index("Perioden")["population_n"]
        assert nation["2019JJ00"] == 17_282_163
        assert nation["2020JJ00"] == 17_407_585

    @pytest.mark.parametrize(
        ("year", "there_n"), [("2019", 355), ("2020", 355), ("2021", 352), ("2022", 345), ("2023", 342)]
    )
    def test_abolished_gemeenten_have_no_figure(self, population: pd.DataFrame, year: str, there_n: int) -> None:
        gemeenten = population[population["RegioS"].str.startswith("GM") & (population["Perioden"] == f"{year}JJ00")]
        assert gemeenten["population_n"].notna().sum() == there_n
        assert len(gemeenten) > there_n

    def test_gemeenten_add_up_to_the_nation(self, population: pd.DataFrame) -> None:
        is_gemeente = population["RegioS"].str.startswith("GM")
        summed = population[is_gemeente].groupby("Perioden")["population_n"].sum()
        nation = population[population["RegioS"] == "NL01"].set_index("Perioden")["population_n"]
        pd.testing.assert_series_equal(summed, nation, check_names=False)
