"""Core tables from deliveries: exposure by named methods, agency workers moved, sites kept once."""

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from geodata import contracts
from geodata.codes import CBS_GROUPS, SECTORS, Status
from geodata.errors import InputError, SourceError
from geodata.tables import core, estimates, site_table
from geodata.tables import core as tables
from geodata.tables.estimates import AGENCIES, AgencyMatrix
from tests.examples import examples
from tests.server.figures import DETAIL, SECTIONS, corop_of, count, gemeenten

LETTERS = "".join(SECTIONS)


def sections(per: int = 1) -> pd.DataFrame:
    """Return invented figures per gemeente and section."""
    rows = [
        (code, letter, float(count(code, letter) * per)) for code in gemeenten()["gemeente_code"] for letter in LETTERS
    ]
    return pd.DataFrame(rows, columns=["gemeente_code", "sbi", "value_n"]).assign(is_split=False, year=2026)


def all_frames() -> dict[str, pd.DataFrame]:
    codes = gemeenten()["gemeente_code"]
    detail = dict.fromkeys(LETTERS, 4000.0) | dict.fromkeys(DETAIL, 40.0)
    areas = sorted({corop_of(code) for code in codes})
    return {
        "section_establishments": sections(),
        "section_jobs": sections(per=50),
        "land": pd.DataFrame({"gemeente_code": codes, "glass_m2": codes.str[2:].astype(float), "open_m2": 10.0}),
        "corop_establishments": pd.DataFrame(
            [(area, sbi, value) for area in areas for sbi, value in detail.items()],
            columns=["corop_code", "sbi", "establishments_n"],
        ),
        "corop_of": pd.DataFrame({"gemeente_code": codes, "corop_code": codes.map(corop_of)}),
        "eu_residents": pd.DataFrame({"gemeente_code": codes, "value_n": 100.0}),
    }


NOBODY_MOVES = AgencyMatrix(1.0, "", {}, {})


class TestExposure:
    def test_groups_stand_as_published(self) -> None:
        found = core.exposure_from_sections(all_frames(), gemeenten(), NOBODY_MOVES)
        groups = found[found["sector_code"].str.startswith("SBI:")]
        assert set(groups["workers_n_status"]) == {"official"}
        industry = groups.set_index(["gemeente_code", "sector_code"]).loc[("GM0363", "SBI:B-F")]
        assert industry["establishments_n"] == sum(count("GM0363", letter) for letter in "BCDEF")
        assert industry["workers_n"] == 50 * industry["establishments_n"]

    @pytest.mark.parametrize(
        ("left_out", "methods"),
        [
            (
                (),
                {
                    "glass_horticulture": "glass_area",
                    "distribution": "corop_shared_out",
                    "construction": "section_count",
                },
            ),
            (("land",), {"glass_horticulture": "group_share", "open_field": "group_share"}),
            (("corop_establishments", "corop_of"), {"distribution": "group_share", "glass_horticulture": "glass_area"}),
            (("section_jobs", "eu_residents"), {"construction": "section_count"}),
        ],
    )
    def test_the_best_method_that_the_tables_allow_is_named(
        self, left_out: tuple[str, ...], methods: dict[str, str]
    ) -> None:
        frames = {name: frame for name, frame in all_frames().items() if name not in left_out}
        found = core.exposure_from_sections(frames, gemeenten(), NOBODY_MOVES)
        for sector_code, method in methods.items():
            sources = set(found.loc[found["sector_code"] == sector_code, "workers_n_source"])
            assert sources == {method}, sector_code
        assert set(methods.values()) <= set(estimates.METHODS)

    def test_sectors_stay_within_their_group_before_agency_workers_come(self) -> None:
        found = core.exposure_from_sections(all_frames(), gemeenten(), NOBODY_MOVES)
        wide = found.pivot_table(index="gemeente_code", columns="sector_code", values="workers_n")
        for group in CBS_GROUPS:
            members = [code for code, sector in SECTORS.items() if sector.cbs_group == group]
            if members:
                assert (wide[members].sum(axis=1) <= wide[f"SBI:{group}"] + 1e-6).all()

    def test_a_suppressed_section_makes_its_group_missing_not_low(self) -> None:
        frames = all_frames()
        jobs = frames["section_jobs"]
        is_hidden = (jobs["gemeente_code"] == "GM0363") & (jobs["sbi"] == "G")
        frames["section_jobs"] = jobs.assign(value_n=jobs["value_n"].mask(is_hidden))
        found = core.exposure_from_sections(frames, gemeenten(), NOBODY_MOVES).set_index(
            ["gemeente_code", "sector_code"]
        )
        trade = found.loc[("GM0363", "SBI:G+I")]
        assert np.isnan(trade["workers_n"])
        assert trade["workers_n_status"] == "missing"

    def test_residents_are_shared_out_as_one_aggregate(self) -> None:
        found = core.exposure_from_sections(all_frames(), gemeenten(), estimates.read_agency_matrix())
        is_sector = found["sector_code"].isin(SECTORS)
        per_gemeente = found[is_sector].groupby("gemeente_code")["migrant_workers_n"].sum()
        assert (per_gemeente <= 100 + 1e-9).all()
        assert (found.loc[is_sector, "migrant_workers_n"] <= found.loc[is_sector, "workers_n"]).all()
        assert found.loc[~is_sector, "migrant_workers_n"].isna().all()
        assert set(found.loc[is_sector, "migrant_workers_n_status"]) == {"estimate"}

    def test_an_assumption_is_called_one_until_it_has_a_source(self) -> None:
        sourced = AgencyMatrix(0.05, "a report", {"distribution": 0.2, "cleaning": 0.1}, {"distribution": "a report"})
        found = core.exposure_from_sections(all_frames(), gemeenten(), sourced).set_index("sector_code")
        status = found["workers_n_status"].groupby(level=0).agg(set)
        assert (status["distribution"], status["cleaning"], status["construction"]) == (
            {"estimate"},
            {"assumption"},
            {"estimate"},
        )


class TestAgencyWorkers:
    @examples(50)
    @given(
        st.floats(0, 1),
        st.lists(st.floats(0, 0.3), min_size=3, max_size=3),
        st.lists(st.floats(0, 1e5), min_size=4, max_size=4),
    )
    def test_nobody_is_lost_or_doubled(self, own: float, shares: list[float], agencies: list[float]) -> None:
        hiring = dict(zip(("distribution", "cleaning", "construction"), shares, strict=True))
        workers = pd.DataFrame({AGENCIES: agencies, **{code: [1.0, 2.0, 3.0, 4.0] for code in hiring}})
        moved = estimates.move_agency_workers(workers, AgencyMatrix(own, "", hiring, {}))
        outside = sum(agencies) * (1 - own) * (1 - sum(shares))
        assert moved.to_numpy().sum() + outside == pytest.approx(workers.to_numpy().sum())
        assert (moved[list(hiring)] >= workers[list(hiring)]).all().all()

    @pytest.mark.parametrize(
        ("text", "reason"),
        [
            ("own_staff_pct = 5\n[sectors]\nbakery = {share_pct = 1}", "no sector"),
            ("own_staff_pct = 5\n[sectors]\ncleaning = {share_pct = 101}", "add up to 100"),
            ("own_staff_pct = 5\n[sectors]\ntemporary_agencies = {share_pct = 1}", "no sector that hires"),
            ("[sectors]\n", "no table of agency workers"),
        ],
    )
    def test_a_table_that_cannot_be_is_refused(self, tmp_path: object, text: str, reason: str) -> None:
        path = tmp_path / "agency_workers.toml"  # type: ignore[operator]
        path.write_text(text, "utf-8")
        with pytest.raises(InputError, match=reason):
            estimates.read_agency_matrix(path)

    def test_every_shipped_share_is_still_an_assumption(self) -> None:
        matrix = estimates.read_agency_matrix()
        assert {matrix.status(code) for code in (*matrix.shares, AGENCIES)} == {Status.ASSUMPTION}


def site(source: str, name: str, x: float, size: float = np.nan) -> dict[str, object]:
    fixed = {"kind": "holiday_park", "sector_code": "lodging", "country": "NL", "gemeente_code": "GM0363"}
    fixed |= {"vr_code": "VR13", "size_unit": "beds", "located": "exact", "employer_group": "", "status": "official"}
    return fixed | {
        "site_id": f"{source}:{name}{x}",
        "name": name,
        "size_n": size,
        "source": source,
        "source_date": pd.Timestamp(2026, 1, 1),
        "geometry": shapely.Point(x, 487_000),
    }


def as_sites(*rows: dict[str, object]) -> gpd.GeoDataFrame:
    return contracts.check("sites", gpd.GeoDataFrame(list(rows), crs="EPSG:28992"))


class TestSites:
    def test_a_site_of_two_sources_is_kept_once_with_what_both_know(self) -> None:
        osm = as_sites(site("osm", "Camping De Oase", 121_030, 300), site("osm", "Heide", 125_000))
        top = as_sites(site("pdok_parks", "De Oase", 121_000))
        found = tables.real_tables({"sites": [osm, top]}, gemeenten(), NOBODY_MOVES)["sites"]
        assert found[["source", "size_n"]].fillna(-1).to_numpy().tolist() == [["osm", -1], ["pdok_parks", 300]]

    def test_two_neighbours_of_one_source_stay_two(self) -> None:
        both = as_sites(site("osm", "Oase", 121_000), site("osm", "Oase", 121_020))
        other = as_sites(site("traces", "Elders", 200_000))
        assert len(tables.real_tables({"sites": [both, other]}, gemeenten(), NOBODY_MOVES)["sites"]) == 3

    def test_the_very_same_row_is_found_and_a_larger_one_is_not(self) -> None:
        rows = as_sites(site("a", "Oase", 121_000, 5), site("b", "Oase", 121_000.2, 5), site("c", "Oase", 121_000, 6))
        assert site_table.exact(rows).tolist() == [False, True, False]

    def test_without_any_point_nothing_is_likely(self) -> None:
        rows = as_sites(site("a", "Oase", 1), site("b", "Oase", 1)).set_geometry(gpd.GeoSeries([None, None], crs=28992))
        assert site_table.likely(rows).empty


class TestAreas:
    def test_boundaries_that_do_not_share_their_edges_are_refused(self) -> None:
        areas = {"gemeenten": gemeenten()}
        shapes = gemeenten().geometry.copy()
        shapes.iloc[0] = shapes.iloc[0].buffer(50)
        frame = gpd.GeoDataFrame({"statcode": gemeenten()["gemeente_code"]}, geometry=shapes)
        with pytest.raises(SourceError, match=f"the boundaries of {gemeenten()['gemeente_name'].iloc[0]}"):
            tables.current_areas(areas, {"gemeente_boundaries": [frame]})

    def test_a_sliver_between_neighbours_is_cleaned(self) -> None:
        areas = {"gemeenten": gemeenten()}
        shapes = gemeenten().geometry.copy()
        shapes.iloc[0] = shapely.affinity.translate(shapes.iloc[0], 0.05, 0.0)
        assert not shapely.coverage_is_valid(shapes.to_numpy())
        frame = gpd.GeoDataFrame({"statcode": gemeenten()["gemeente_code"]}, geometry=shapes)
        cleaned = tables.current_areas(areas, {"gemeente_boundaries": [frame]})["gemeenten"]
        assert shapely.coverage_is_valid(cleaned.geometry.to_numpy())
        assert cleaned.geometry.area.to_numpy() == pytest.approx(gemeenten().geometry.area.to_numpy(), rel=1e-3)

    def test_the_newest_year_decides_regions_and_inhabitants(self) -> None:
        history = pd.DataFrame(
            {
                "gemeente_code": "GM0363",
                "year": [2025, 2026],
                "vr_code": "VR13",
                "am_code": ["AM01", "AM18"],
                "population_n": [1.0, 2.0],
            }
        )
        found = tables.current_areas({"gemeenten": gemeenten()}, {"region_history": [history]})["gemeenten"]
        row = found.set_index("gemeente_code").loc["GM0363"]
        assert (row["am_code"], row["population_n"]) == ("AM18", 2)
        other = gemeenten().set_index("gemeente_code")["population_n"]["GM0344"]
        assert found.set_index("gemeente_code").loc["GM0344", "population_n"] == other
