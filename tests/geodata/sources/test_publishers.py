"""PDOK, OpenStreetMap, TRACES and RIVM: fetched from the local server and read into frames."""

from datetime import date, timedelta
from pathlib import Path

import geopandas as gpd
import pandas as pd
import pytest

from geodata import contracts
from geodata.areas import mergers, regions
from geodata.errors import SourceError
from geodata.snapshots.deliveries import RawSnapshot
from geodata.snapshots.manifests import SourceRecord
from geodata.sources import geocoder, osm, pdok, rivm
from geodata.sources.connector import Frames
from geodata.sources.registry import CONNECTORS
from tests.server import figures, local, maps
from tests.server.local import LocalServer


def nothing(_done: int, _total: int) -> None:
    """Show no progress."""


def deliver(source_id: str, folder: Path) -> Frames:
    connector = CONNECTORS[source_id]
    delivery = connector.fetch(folder, nothing)
    record = SourceRecord(source_id, delivery.source_date, delivery.rows_n, delivery.address, "", "")
    files = dict.fromkeys(delivery.files, "")
    return connector.read(RawSnapshot(folder, record, dict(delivery.parameters), files), mergers.known_areas())


def sites_of(source_id: str, folder: Path) -> gpd.GeoDataFrame:
    return contracts.check("sites", deliver(source_id, folder)["sites"])


class TestAreas:
    def test_one_year_is_taken_from_many(self, server: LocalServer, folder: Path) -> None:
        frames = deliver("pdok_areas", folder)
        assert len(frames["gemeente_boundaries"]) == 342
        assert len(frames["veiligheidsregio_boundaries"]) == 25
        assert server.count("gemeente_gegeneraliseerd/items") >= 342 / maps.PAGE_N  # followed the cursor

    def test_boundaries_are_those_that_are_served(self, server: LocalServer, folder: Path) -> None:
        found = deliver("pdok_areas", folder)["gemeente_boundaries"].set_index("statcode").geometry
        known = figures.gemeenten().set_index("gemeente_code").geometry
        assert found["GM0363"].symmetric_difference(known["GM0363"]).area < 1
        assert server.asked[0].params["jaarcode"]

    def test_without_the_api_the_wfs_serves(self, server: LocalServer, folder: Path) -> None:
        server.fail("/ogc/v1/", local.status(404))
        assert len(deliver("pdok_areas", folder)["gemeente_boundaries"]) == 342
        assert server.count("/wfs/v1_0")

    def test_the_recorded_answer_of_2022_becomes_todays(self, testdata: Path, tmp_path: Path) -> None:
        for name in pdok.COLLECTIONS:
            (tmp_path / f"{name}.json").write_text('{"features": []}', "utf-8")
        recorded = testdata / "pdok/wfs_gemeente_gegeneraliseerd_2022.geojson"
        (tmp_path / "gemeente.json").write_bytes(recorded.read_bytes())
        record = SourceRecord("pdok_areas", "2022-01-01", 345, "", "", "")
        raw = RawSnapshot(tmp_path, record, {"year": "2022"}, {})
        frame = CONNECTORS["pdok_areas"].read(raw, mergers.known_areas())["gemeente_boundaries"]
        assert set(frame["statcode"]) == set(figures.gemeenten()["gemeente_code"])
        assert frame.crs.to_epsg() == 28992


class TestTop10nl:
    @pytest.mark.usefixtures("server")
    def test_glasshouses_that_stand_together_are_one_nursery(self, folder: Path) -> None:
        found = sites_of("pdok_greenhouses", folder).set_index("gemeente_code")
        assert found.loc["GM1783", "size_n"] == 5_000  # two of 50 by 50 m, 10 m apart
        assert found.loc["GM1709", "size_n"] == 6_400
        assert set(found["size_unit"]) == {"m2"}
        assert "GM0363" not in found.index  # a castle, and a glasshouse too small for staff

    @pytest.mark.usefixtures("server")
    def test_parks_are_told_by_a_whole_token(self, folder: Path) -> None:
        found = sites_of("pdok_parks", folder)
        assert sorted(found["name"]) == ["Bungalowpark Bedacht", "Camping Verzonnen Duin"]
        assert set(found["kind"]) == {"holiday_park"}

    def test_the_older_address_is_tried_too(self, server: LocalServer, folder: Path) -> None:
        server.routes.append(maps.pdok({"/brt/top10nl/ogc/v1": maps.top10nl_frames()}))
        server.fail("/kadaster/brt-top10nl/", local.status(404))
        assert len(sites_of("pdok_parks", folder)) == 2


class TestOpenStreetMap:
    @pytest.mark.usefixtures("server")
    @pytest.mark.parametrize("source_id", ["osm", "osm_extract"])
    def test_both_ways_give_the_same_sites(self, source_id: str, folder: Path) -> None:
        found = sites_of(source_id, folder).set_index("kind")
        assert set(found.index) == {"holiday_park", "distribution_centre", "building_site", "slaughterhouse"}
        assert found.loc["slaughterhouse", "gemeente_code"] == "GM1586"
        assert found.loc["holiday_park", "size_n"] == 300
        assert set(found["status"]) == {"estimate"}

    @pytest.mark.usefixtures("server")
    def test_hotels_for_tourists_are_no_lodging_of_workers(self, folder: Path) -> None:
        assert "Hotel voor Toeristen" not in set(sites_of("osm", folder)["name"])

    @pytest.mark.parametrize("kind", list(osm.SELECTORS))
    def test_every_kind_has_a_question(self, kind: str) -> None:
        ql = osm.question(kind)
        assert ql.startswith("[out:json]")
        assert "area(id:3600047796)" in ql

    def test_an_extract_that_does_not_match_its_checksum_is_refused(self, server: LocalServer, folder: Path) -> None:
        wrong = local.Answer(b"0" * 32 + b"  x\n", content_type="application/octet-stream")
        server.fail(r"\.md5$", lambda _request, _answer: wrong)
        with pytest.raises(SourceError, match="checksum"):
            deliver("osm_extract", folder)

    def test_an_extract_that_is_none_is_refused(self, server: LocalServer, folder: Path) -> None:
        page = local.Answer(b"<html>" * 10, content_type="application/octet-stream")
        server.fail(r"\.pbf$", lambda _request, _answer: page)
        server.fail(r"\.md5$", local.status(404))
        with pytest.raises(SourceError, match="no OpenStreetMap extract"):
            deliver("osm_extract", folder)


class TestTraces:
    @pytest.mark.usefixtures("server")
    def test_plants_are_located_as_well_as_their_address(self, folder: Path) -> None:
        found = sites_of("traces", folder).set_index("site_id")
        assert set(found.index) == {"traces:9001", "traces:9002", "traces:9004"}  # no cold store, no fish
        assert found.loc["traces:9001", ["kind", "located", "gemeente_code"]].tolist() == [
            "slaughterhouse",
            "address",
            "GM1586",
        ]
        street_only = found.loc["traces:9002"]
        assert (street_only["located"], street_only["geometry"], street_only["gemeente_code"]) == (
            "place",
            None,
            "GM0599",
        )

    @pytest.mark.usefixtures("server")
    def test_a_hit_in_another_town_is_not_accepted(self, folder: Path) -> None:
        elsewhere = sites_of("traces", folder).set_index("site_id").loc["traces:9004"]
        assert (elsewhere["located"], elsewhere["geometry"]) == ("none", None)

    def test_an_address_is_asked_once(self, server: LocalServer) -> None:
        question = ("Dorpsstraat 1", "Nergens")
        first = geocoder.geocode("traces", [question], nothing)
        again = geocoder.geocode("traces", [question], nothing)
        assert first == again
        assert server.count("locatieserver") == 1

    def test_a_miss_is_asked_again_after_a_month(self, server: LocalServer) -> None:
        question, first = ("Onbekende laan 9", "Nergens"), date(2026, 1, 1)
        for days, asked_n in ((0, 1), (geocoder.MISS_DAYS, 1), (geocoder.MISS_DAYS + 1, 2)):
            assert geocoder.geocode("traces", [question], nothing, first + timedelta(days=days)) == {}
            assert server.count("locatieserver") == asked_n

    @pytest.mark.parametrize(
        ("asked", "served"),
        [
            ("Sudwest Fryslan", "Súdwest-Fryslân"),
            ("S GRAVENHAGE", "’s-Gravenhage"),
            ("St. Annaparochie", "Sint Annaparochie"),
            ("Nes (Ameland)", "Nes Ameland"),
        ],
    )
    def test_a_town_is_known_by_its_usual_spellings(self, server: LocalServer, asked: str, served: str) -> None:
        server.routes.insert(0, maps.locatieserver({f"dorpsstraat 1, {asked.lower()}": ("adres", served, "GM0363")}))
        question = ("Dorpsstraat 1", asked)
        assert geocoder.geocode("traces", [question], nothing)[question].located == "address"


class TestRivm:
    @pytest.mark.usefixtures("server")
    def test_days_become_weeks_and_old_gemeenten_todays(self, folder: Path) -> None:
        cases = contracts.check("incidence", deliver("rivm", folder)["incidence"])
        assert set(cases["gemeente_code"]) == set(figures.gemeenten()["gemeente_code"])
        first = cases[cases["week"] == "2020-W37"]
        served = sum(2 * (figures.count(code, "Z") % 17) for code in figures.codes_of(2020)) + 2
        assert first["cases_n"].sum() == pytest.approx(served)  # the row without a gemeente is in none
        split = first.set_index("gemeente_code")["status"]
        assert (split["GM0824"], split["GM0363"]) == ("estimate", "official")

    def test_a_gemeente_in_two_hospital_regions_is_added_up(self) -> None:
        day = pd.Timestamp("2022-06-06")
        days = pd.DataFrame(
            {
                "Date_of_publication": day,
                "Municipality_code": ["GM0363", "GM0363", ""],
                "Total_reported": [4.0, 4.0, 9.0],
            }
        )
        assert rivm.weekly(days)[["gemeente_code", "week", "cases_n"]].to_numpy().tolist() == [
            ["GM0363", "2022-W23", 8.0]
        ]


class TestRegionsThroughTime:
    @pytest.mark.usefixtures("server")
    @pytest.mark.parametrize("without", ["", "/70072ned/"])
    def test_regions_follow_the_year(self, server: LocalServer, folder: Path, without: str) -> None:
        if without:
            server.fail(without, local.status(404))
        history = deliver("cbs_regions", folder)["region_history"]
        region = history.set_index(["gemeente_code", "year"])["vr_code"]
        assert region["GM0788", 2020] == "VR21"  # Haaren, before it was divided over VR20 and VR21
        assert region["GM0824", 2021] == "VR20"  # Oisterwijk, which took the largest part
        assert region["GM0457", 2022] == "VR14"  # Weesp, on 1 January
        assert ("GM0457", 2023) not in region.index
        assert history.groupby("year").size().to_dict() == {
            2020: 355,
            2021: 352,
            2022: 345,
            2023: 342,
            2024: 342,
            2025: 342,
            2026: 342,
        }
        ours = regions.veiligheidsregio_of_year(figures.gemeenten(), 2021)
        pd.testing.assert_series_equal(region.xs(2021, level="year").sort_index(), ours.sort_index(), check_names=False)
