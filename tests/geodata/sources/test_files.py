"""Files of users: sites in any layout, cases of a disease, workbooks of CBS; invented, unless the class says real."""

from datetime import date
from pathlib import Path

import geopandas as gpd
import openpyxl
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from commands import data as command
from door import store as access
from geodata.areas import mergers
from geodata.errors import InputError, RisicobeeldError, UnknownCodeError
from geodata.intake import cells, columns, incidence, sites, workbooks
from geodata.intake.columns import ColumnMapping
from geodata.intake.places import known_places
from geodata.snapshots import deliveries
from tests.server.local import LocalServer


def table(name: str) -> pd.DataFrame:
    return access.open_store(access.Viewer("lotc")).table(name)


def write(folder: Path, text: str, name: str = "invented.csv", encoding: str = "utf-8") -> Path:
    path = folder / name
    path.write_text(text, encoding)
    return path


def run(*arguments: object) -> int:
    return command.main(["import", *map(str, arguments)])


class TestRealParks:
    @pytest.fixture
    def parks(self, testdata: Path, capsys: pytest.CaptureFixture[str]) -> tuple[pd.DataFrame, str]:
        assert run("sites", testdata / "sites/holiday_parks.csv", "--kind", "holiday_park") == 0
        return table("sites"), capsys.readouterr().out

    def test_a_town_centre_is_no_point(self, parks: tuple[pd.DataFrame, str]) -> None:
        found, _ = parks
        town_only = found[found["located"] == "place"]
        assert len(town_only) == 41
        assert town_only.geometry.isna().all()
        assert town_only["gemeente_code"].ne("").all()
        assert found[found["located"] == "exact"].geometry.notna().all()

    def test_every_row_is_accounted_for(self, parks: tuple[pd.DataFrame, str]) -> None:
        found, out = parks
        assert "236 rows read, 234 sites kept (193 exact, 41 place)" in out
        assert "exact duplicates left out: 2" in out
        assert "likely duplicates: 1" in out
        assert len(found) == 234

    def test_the_named_gemeente_is_the_one_of_the_point(self, testdata: Path, parks: tuple[pd.DataFrame, str]) -> None:
        raw = pd.read_csv(testdata / "sites/holiday_parks.csv", keep_default_na=False)
        names = table("gemeenten").set_index("gemeente_code")["gemeente_name"]
        exact = parks[0][parks[0]["located"] == "exact"]
        ours = exact.assign(found=exact["gemeente_code"].map(names)).set_index("name")["found"]
        theirs = raw[raw["municipality"] != ""].drop_duplicates("park").set_index("park")["municipality"]
        both = pd.concat([ours[~ours.index.duplicated()], theirs], axis=1, join="inner").dropna()
        assert (both["found"] == both["municipality"]).mean() > 0.95


class TestRealDistributionCentres:
    def test_both_coordinate_systems_agree(self, testdata: Path) -> None:
        path = testdata / "sites/distribution_centres.csv"
        rd = read(path, ColumnMapping(columns={"x": "Xcoor", "y": "Ycoor"}), kind="distribution_centre")
        degrees = read(path, ColumnMapping(columns={"x": "lon", "y": "lat"}), kind="distribution_centre")
        assert rd.geometry.distance(degrees.geometry).max() < 2
        assert rd["gemeente_code"].equals(degrees["gemeente_code"])
        assert rd["size_unit"].value_counts().idxmax() == "fte"  # square metres where workers are not known


def read(path: Path, mapping: ColumnMapping | None = None, **question: str) -> gpd.GeoDataFrame:
    asked = sites.Question("sites_file.x", "2026-01-01", mapping=mapping or ColumnMapping(), **question)  # type: ignore[arg-type]
    return sites.read(path, asked, mergers.known_areas(), known_places(), lambda _done, _total: None)[0]


class TestSites:
    @pytest.mark.parametrize("ending", [".geojson", ".gpkg", ".shp"])
    def test_maps_are_read_with_their_own_coordinates(self, tmp_path: Path, ending: str) -> None:
        points = gpd.points_from_xy([121_000, 195_000], [487_000, 443_000])
        frame = gpd.GeoDataFrame({"naam": ["Een", "Twee"]}, geometry=points, crs="EPSG:28992")
        path = tmp_path / f"parks{ending}"
        (frame.to_crs("EPSG:4326") if ending == ".geojson" else frame).to_file(path)
        found = read(path, kind="holiday_park")
        assert found["gemeente_code"].tolist()[0] == "GM0363"
        assert abs(found.geometry.x.iloc[0] - 121_000) < 1
        assert run("sites", path, "--kind", "holiday_park") == 0  # and stored with all that belongs to it
        assert set(deliveries.latest_raw()["sites_file.parks"].files) >= {path.name}

    def test_a_sheet_with_dutch_decimals_and_a_mapping(self, tmp_path: Path) -> None:
        path = tmp_path / "bedrijven.xlsx"
        pd.DataFrame(
            {
                "Bedrijf": ["Verzonnen BV"],
                "Soort": ["Slachterij"],
                "Oost": ["121000,5"],
                "Noord": ["487000,0"],
                "Aantal mensen": ["1.250"],
                "Gezien": ["3 september 2020"],
            }
        ).to_excel(path, index=False)
        toml = write(
            tmp_path,
            '[columns]\nname = "Bedrijf"\nkind = "Soort"\nx = "Oost"\ny = "Noord"\nfte = "Aantal mensen"\n'
            'date = "Gezien"\n[words.kind]\nSlachterij = "slaughterhouse"\n',
            "mapping.toml",
        )
        found = read(path, columns.read_mapping(toml, sites.FIELDS)).iloc[0]
        assert (found["kind"], found["size_n"], found["size_unit"]) == ("slaughterhouse", 1250, "fte")
        assert found["source_date"] == pd.Timestamp(2020, 9, 3)

    def test_a_windows_file_with_semicolons(self, tmp_path: Path) -> None:
        path = write(tmp_path, "naam;x;y\nCafé Één;121000;487000\n", encoding="cp1252")
        assert read(path, kind="lodging")["name"].tolist() == ["Café Één"]

    @pytest.mark.parametrize(
        ("text", "reason"),
        [
            ("naam;x;y\nA;52,1;4,9\n", "exchanged"),
            ("naam;x;y\nA;500000;9000000\n", "neither degrees"),
            ("naam;x;y\nA;links;487000\n", "row 2: links is no coordinate"),
            ("naam;straat\nA;Dam\n", "says nowhere where"),
            ("", "empty"),
        ],
    )
    def test_a_bad_file_changes_nothing(self, tmp_path: Path, text: str, reason: str) -> None:
        path = write(tmp_path, text)
        before = access.open_store(access.Viewer("lotc")).data_version
        with pytest.raises(RisicobeeldError, match=reason):
            read(path, kind="lodging")
        assert run("sites", path, "--kind", "lodging") == 2
        assert access.open_store(access.Viewer("lotc")).data_version == before

    def test_an_unknown_kind_is_asked_for(self, tmp_path: Path) -> None:
        with pytest.raises(InputError, match="is no kind of site"):
            read(write(tmp_path, "naam;soort;x;y\nA;kerk;121000;487000\n"))

    def test_two_files_stand_beside_each_other_and_a_name_replaces_itself(self, tmp_path: Path) -> None:
        one = write(tmp_path, "naam;x;y\nA;121000;487000\n", "one.csv")
        two = write(tmp_path, "naam;x;y\nB;195000;443000\n", "two.csv")
        for path in (one, two):
            assert run("sites", path, "--kind", "lodging") == 0
        assert sorted(table("sites")["name"]) == ["A", "B"]
        write(tmp_path, "naam;x;y\nC;121000;487000\n", "one.csv")
        assert run("sites", one, "--kind", "lodging") == 0
        assert sorted(table("sites")["name"]) == ["B", "C"]

    def test_likely_duplicates_are_listed_and_left_out_when_asked(self, tmp_path: Path) -> None:
        text = "naam;x;y\nCamping De Oase;121000;487000\nOase;121040;487000\nCamping De Heide;121040;487010\n"
        path = write(tmp_path, text)
        listed = tmp_path / "listed.csv"
        assert run("sites", path, "--kind", "holiday_park", "--duplicates", listed) == 0
        assert pd.read_csv(listed)[["name", "other_name"]].to_numpy().tolist() == [["Camping De Oase", "Oase"]]
        assert len(table("sites")) == 3
        assert run("sites", path, "--kind", "holiday_park", "--drop-likely") == 0
        assert sorted(table("sites")["name"]) == ["Camping De Heide", "Camping De Oase"]

    def test_addresses_are_looked_up_when_asked(self, tmp_path: Path, server: LocalServer) -> None:
        text = "naam;straat;huisnummer;plaats;lon;lat\nA;Dorpsstraat;1;Nergens;;\nB;Kade;2;Verzin;;\nC;;;;4.9;52.37\n"
        path = write(tmp_path, text)
        assert run("sites", path, "--kind", "lodging", "--geocode") == 0
        found = table("sites").set_index("name")
        assert found["located"].to_dict() == {"A": "address", "B": "place", "C": "exact"}
        assert found.loc["B", "geometry"] is None
        assert server.count("locatieserver") == 2

    def test_a_site_abroad_keeps_its_country(self, tmp_path: Path) -> None:
        path = write(tmp_path, "naam;land;lon;lat\nOver de grens;DE;6,2;51,83\nZee;NL;3,0;53,9\n")
        found = read(path, kind="lodging")
        assert found[["name", "country", "vr_code"]].to_numpy().tolist() == [["Over de grens", "DE", ""]]


class TestNumbers:
    @given(st.integers(0, 10**9), st.integers(0, 99))
    def test_dutch_and_english_say_the_same(self, whole: int, cents: int) -> None:
        english = f"{whole:,}.{cents:02d}"
        dutch = english.translate(str.maketrans(",.", ".,"))
        for text in (english, dutch):
            assert cells.numbers(pd.Series([text]), "x").figures.tolist() == [float(f"{whole}.{cents:02d}")]

    def test_a_column_in_two_notations_is_refused(self) -> None:
        with pytest.raises(InputError, match=r"two notations.*row 2.*row 3"):
            cells.numbers(pd.Series(["1,234.50", "1.234,50"]), "x")

    @given(st.dates())
    def test_a_date_written_three_ways_is_one_date(self, day: date) -> None:
        ways = [
            day.isoformat(),
            f"{day.day}-{day.month}-{day.year:04d}",
            f"{day.day:02d}/{day.month:02d}/{day.year:04d}",
        ]
        if 1700 <= day.year <= 2200:
            assert len(set(cells.dates(pd.Series(ways), "x"))) == 1

    @pytest.mark.parametrize("text", ["31-02-2020", "gisteren", "2020-13-01"])
    def test_no_date_is_refused(self, text: str) -> None:
        with pytest.raises(InputError, match="is no date"):
            cells.dates(pd.Series([text]), "x")


class TestIncidence:
    def test_days_become_weeks_and_names_are_known(self, tmp_path: Path) -> None:
        text = "ziekte,gemeente,datum,aantal\nmazelen,Amsterdam,2-1-2026,2\nmazelen,GM0363,2026-01-01,1\n"
        assert run("incidence", write(tmp_path, text)) == 0
        cases = table("incidence")
        row = cases.iloc[0]
        assert (row["disease"], row["gemeente_code"], row["week"], row["cases_n"]) == (
            "mazelen",
            "GM0363",
            "2026-W01",
            3,
        )
        assert len(cases) == 1

    def test_an_abolished_gemeente_is_brought_to_todays(self, tmp_path: Path) -> None:
        path = write(
            tmp_path, "gemeente;week;aantal\nBrielle;2020-W37;4\nHellevoetsluis;202037;6\nWestvoorne;202037;0\n"
        )
        found = incidence.read(path, incidence.Question("x"), known_places(), "test")[0].per_gemeente
        assert found[["gemeente_code", "cases_n"]].to_numpy().tolist() == [["GM1992", 10]]

    @pytest.mark.parametrize(
        ("text", "error", "reason"),
        [
            ("gemeente;week;aantal\nNergenshuizen;2020-W37;4\n", UnknownCodeError, "nergenshuizen|Nergenshuizen"),
            ("gemeente;week;aantal\nGM0363;2020-W60;4\n", InputError, "is no week"),
            ("gemeente;week;aantal\nGM0363;2020-W37;4\nGM0363;2020-W37;5\n", InputError, "two rows"),
            ("gemeente;aantal\nGM0363;4\n", InputError, "week or date"),
        ],
    )
    def test_a_bad_file_is_refused(self, tmp_path: Path, text: str, error: type[Exception], reason: str) -> None:
        with pytest.raises(error, match=reason):
            incidence.read(write(tmp_path, text), incidence.Question("x"), known_places(), "test")


class TestWorkbooks:
    """The layout is invented: CBS's own workbooks were not at hand. Only header texts decide."""

    @pytest.fixture
    def book(self, tmp_path: Path) -> Path:
        path = tmp_path / "samenwonend.xlsx"
        made = openpyxl.Workbook()
        notes = made.active
        notes.title = "Toelichting"
        notes.append(["Verzonnen werkboek"])
        sheet = made.create_sheet("Tabel 1")
        sheet.append(["Tabel 1. Verzonnen cijfers"])
        sheet.append([None, "Werknemers", None])
        sheet.append(["Gemeente", "1 persoon", "2 of meer personen"])
        sheet.append(["Nederland", 100, 200])
        sheet.append(["Utrecht (gemeente)", "1 250", 30])
        sheet.append(["Weesp", ".", 5])
        regions = made.create_sheet("Tabel 2")
        regions.append(["Veiligheidsregio", "Getest", "Niet getest"])
        regions.append(["Utrecht", 7, 8])
        regions.append(["VR20", 9, None])
        made.save(path)
        return path

    def figures(self, book: Path) -> pd.DataFrame:
        found, _ = workbooks.read(book, 2020, mergers.known_areas(), known_places(), "test")
        return found.set_index(["region_code", "measure"])

    def test_figures_are_found_by_the_texts_above_them(self, book: Path) -> None:
        found = self.figures(book)
        utrecht = found.loc[("GM0344", "Tabel 1: Werknemers - 1 persoon")]
        assert (utrecht["value"], utrecht["cell"], utrecht["vr_code"]) == (1250, "Tabel 1!B5", "VR09")
        assert found.loc[("VR09", "Tabel 2: Getest"), "value"] == 7  # the region, not the gemeente of that name

    def test_a_withheld_figure_says_so(self, book: Path) -> None:
        found = self.figures(book)
        weesp = found.loc[("GM0457", "Tabel 1: Werknemers - 1 persoon")]
        assert pd.isna(weesp["value"])
        assert (weesp["missing_reason"], weesp["status"], weesp["vr_code"]) == ("not_published", "missing", "VR14")

    def test_it_lands_in_the_table_context(self, book: Path) -> None:
        assert run("workbook", book, "--year", 2020) == 0
        seen = access.open_store(access.Viewer("lotc"))
        assert len(seen.table("context")) == 8
        assert seen.is_demonstration  # context alone is none of the four tables

    def test_a_workbook_without_regions_is_refused(self, tmp_path: Path) -> None:
        path = tmp_path / "empty.xlsx"
        openpyxl.Workbook().save(path)
        with pytest.raises(InputError, match="no sheet has a header"):
            workbooks.read(path, 2020, mergers.known_areas(), known_places(), "test")
