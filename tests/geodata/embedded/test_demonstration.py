"""The demonstration data: every feature is there, nothing is real, and the same script gives the same bytes."""

import re
from collections.abc import Mapping

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose
from pandas.testing import assert_frame_equal
from shapely import union_all

from geodata import codes, contracts, settings
from geodata.errors import UnknownCodeError
from geodata.snapshots import formats as store
from tools import build_demonstration
from tools.demonstration import names
from tools.demonstration.exposure import whole_shares
from tools.demonstration.incidence import LOCAL_WAVES_PER_100K

Tables = Mapping[str, pd.DataFrame]
TABLES = ("exposure", "sites", "activations", "incidence")
PEILDATUM = pd.Timestamp("2020-11-30")
WORK_KINDS = ["slaughterhouse", "meat_plant", "greenhouse", "packing_hall", "distribution_centre"]


@pytest.fixture(scope="module")
def gemeenten() -> gpd.GeoDataFrame:
    return store.read_parquet("gemeenten", settings.EMBEDDED_DIR / "gemeenten.parquet")


@pytest.fixture(scope="module")
def tables() -> Tables:
    """Return the tables that ship with the product."""
    return {name: store.read_parquet(name, settings.EMBEDDED_DIR / f"{name}.parquet") for name in TABLES}


@pytest.fixture(scope="module")
def exposure(tables, gemeenten) -> pd.DataFrame:
    return tables["exposure"].merge(gemeenten[["gemeente_code", "gemeente_name", "vr_code"]], on="gemeente_code")


@pytest.fixture(scope="module")
def sites(tables) -> gpd.GeoDataFrame:
    return tables["sites"]


@pytest.fixture(scope="module")
def activations(tables) -> pd.DataFrame:
    return tables["activations"]


@pytest.fixture(scope="module")
def incidence(tables) -> pd.DataFrame:
    return tables["incidence"]


def word_of(name: str) -> str:
    """Return the made-up word of a name: the only one built from the syllables."""
    syllables = re.compile(f"({'|'.join(names.HEADS)})({'|'.join(names.TAILS)})")
    (word,) = [part for part in name.split(" ") if syllables.fullmatch(part)]
    return word


# --- all tables --------------------------------------------------------------------------------------


def test_the_committed_files_are_what_the_script_builds_byte_for_byte(gemeenten, tmp_path):
    shuffled = gemeenten.sample(frac=1, random_state=1)
    for name, table in build_demonstration.build(shuffled).items():
        store.write_table(table, tmp_path / f"{name}.parquet")
        committed = settings.EMBEDDED_DIR / f"{name}.parquet"
        assert (tmp_path / f"{name}.parquet").read_bytes() == committed.read_bytes(), name


def test_the_command_writes_the_four_tables_and_says_so(gemeenten, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(settings, "EMBEDDED_DIR", tmp_path)
    store.write_table(gemeenten, tmp_path / "gemeenten.parquet")
    build_demonstration.main()
    assert sorted(path.stem for path in tmp_path.glob("*.parquet")) == sorted([*TABLES, "gemeenten"])
    assert "activations.parquet: 56 rows" in capsys.readouterr().out


def test_it_is_small():
    assert sum((settings.EMBEDDED_DIR / f"{name}.parquet").stat().st_size for name in TABLES) < 150_000
    assert sum(path.stat().st_size for path in settings.EMBEDDED_DIR.rglob("*") if path.is_file()) < 1_500_000


def test_every_table_keeps_its_contract(tables):
    for name, table in tables.items():
        assert_frame_equal(pd.DataFrame(contracts.check(name, table)), pd.DataFrame(table))


def test_nothing_is_real(tables):
    assert set(tables["sites"]["status"]) == {"fictional"}
    assert set(tables["activations"]["status"]) == {"fictional"}
    assert set(tables["incidence"]["status"]) == {"fictional", "missing"}
    for name in ("establishments_n", "workers_n", "migrant_workers_n"):
        assert set(tables["exposure"][f"{name}_status"]) == {"fictional", "missing"}


def test_the_peildatum_is_the_last_date(tables):
    assert tables["activations"]["event_date"].max() == PEILDATUM
    assert tables["activations"]["recorded_at"].max() == PEILDATUM
    assert tables["sites"]["source_date"].max() <= PEILDATUM
    last_monday = pd.Timestamp.fromisocalendar(2020, int(tables["incidence"]["week"].max()[-2:]), 1)
    assert last_monday + pd.Timedelta(days=6) <= PEILDATUM


def test_a_gemeente_that_the_rules_name_and_the_table_lacks_is_a_named_error(gemeenten):
    with pytest.raises(UnknownCodeError, match="'Westland', which is no gemeente"):
        build_demonstration.build(gemeenten[gemeenten["gemeente_name"] != "Westland"])


# --- exposure ----------------------------------------------------------------------------------------


def test_exposure_has_every_gemeente_and_sector_once(exposure):
    assert len(exposure) == 342 * 12 == 4104
    assert set(exposure["year"]) == {2020}
    assert exposure.groupby("sector_code")["gemeente_code"].nunique().eq(342).all()


def test_the_workers_add_up_to_the_national_jobs(exposure):
    totals = exposure.groupby("sector_code")["workers_n"].sum()
    assert totals.to_dict() == {code: sector.jobs_n for code, sector in codes.SECTORS.items()}


@pytest.mark.parametrize("name", ["establishments_n", "workers_n", "migrant_workers_n"])
def test_figures_are_whole_and_never_exceed_the_workers(exposure, name):
    figures = exposure.dropna(subset=[name])
    assert (figures[name] % 1 == 0).all()
    assert (figures[name] <= figures["workers_n"]).all()


def test_where_a_sector_is_absent_there_are_truly_no_workers(exposure):
    absent = exposure[exposure["workers_n"] == 0]
    assert len(absent) > 500
    assert (absent[["establishments_n", "migrant_workers_n"]] == 0).all().all()
    assert set(absent["workers_n_status"]) == {"fictional"}
    present = exposure[exposure["workers_n"] > 0]
    assert (present["establishments_n"] >= 1).all()


def test_missing_cells_say_why(exposure):
    for name, reasons in (
        ("establishments_n", {"suppressed": 12}),
        ("workers_n", {"suppressed": 12}),
        ("migrant_workers_n", {"suppressed": 36, "not_published": 6}),
    ):
        missing = exposure[exposure[name].isna()]
        assert set(missing[f"{name}_status"]) == {"missing"}
        assert missing[f"{name}_source"].str.removeprefix("demonstratie · ").value_counts().to_dict() == reasons
        present = exposure[exposure[name].notna()]
        assert set(present[f"{name}_status"]) == {"fictional"}
        assert set(present[f"{name}_source"]) == {"demonstratie"}


@pytest.mark.parametrize(
    ("sector", "gemeente"),
    [
        ("glass_horticulture", "Westland"),
        ("fishery", "Urk"),
        ("packing_wholesale", "Westland"),
        ("distribution", "Rotterdam"),
        ("lodging", "Amsterdam"),
        ("construction", "Amsterdam"),
    ],
)
def test_the_largest_concentration_is_where_it_belongs(exposure, sector, gemeente):
    rows = exposure[exposure["sector_code"] == sector]
    assert rows.loc[rows["workers_n"].idxmax(), "gemeente_name"] == gemeente


@pytest.mark.parametrize(
    ("sector", "regions", "least_share"),
    [
        ("mushrooms", ["VR08", "VR21", "VR22", "VR23"], 1.0),
        ("fishery", ["VR01", "VR02", "VR09", "VR10", "VR11", "VR12", "VR15", "VR16", "VR17", "VR19", "VR25"], 1.0),
        ("slaughter_meat", ["VR04", "VR05", "VR06", "VR07", "VR08", "VR20", "VR21", "VR22"], 0.8),
        ("glass_horticulture", ["VR13", "VR15", "VR16", "VR17", "VR22", "VR23"], 0.6),
        ("open_field", ["VR08", "VR10", "VR16", "VR17", "VR19", "VR20", "VR22", "VR23", "VR25"], 0.6),
        ("distribution", ["VR12", "VR17", "VR20", "VR23", "VR25"], 0.4),
    ],
)
def test_a_sector_lies_in_its_own_regions(exposure, sector, regions, least_share):
    rows = exposure[exposure["sector_code"] == sector]
    inside = rows.loc[rows["vr_code"].isin(regions), "workers_n"].sum()
    assert inside / rows["workers_n"].sum() >= least_share


@given(
    st.lists(st.floats(0, 1e6), min_size=1, max_size=40).filter(lambda weights: sum(weights) > 1e-3),
    st.integers(0, 10**6),
)
def test_whole_shares_add_up_and_stay_within_one_of_the_exact_share(weights, total_n):
    weights = np.array(weights)
    parts = whole_shares(weights, total_n)
    assert parts.sum() == total_n
    assert_allclose(parts, weights / weights.sum() * total_n, atol=1 + 1e-6)


# --- sites -------------------------------------------------------------------------------------------


def test_there_are_about_nine_hundred_sites_of_eight_kinds(sites):
    assert len(sites) == 880 + 12 + 12
    assert set(sites["kind"]) == set(codes.SITE_KINDS)
    assert sites["kind"].value_counts().min() >= 64
    assert (sites["sector_code"] == sites["kind"].map(codes.KIND_SECTOR)).all()


def test_every_point_lies_inside_its_gemeente(sites, gemeenten):
    placed = sites[sites.geometry.notna() & (sites["country"] == "NL")]
    areas = gemeenten.set_index("gemeente_code").loc[placed["gemeente_code"]]
    assert placed.geometry.within(gpd.GeoSeries(areas.geometry.to_numpy(), index=placed.index, crs=28992)).all()
    assert (areas["vr_code"].to_numpy() == placed["vr_code"].to_numpy()).all()


def test_sizes_fit_their_kind(sites):
    units = sites.groupby("kind")["size_unit"].unique().map(list).to_dict()
    assert units == {
        "slaughterhouse": ["fte"],
        "meat_plant": ["fte"],
        "packing_hall": ["fte"],
        "distribution_centre": ["fte"],
        "building_site": ["fte"],
        "greenhouse": ["m2"],
        "lodging": ["beds"],
        "holiday_park": ["beds"],
    }
    limits = {"fte": (5, 1_400), "beds": (8, 900), "m2": (5_000, 350_000)}
    for unit, (low, high) in limits.items():
        assert sites.loc[sites["size_unit"] == unit, "size_n"].dropna().between(low, high).all()


def test_there_are_slaughterhouses_to_draw_a_sample_from(sites):
    slaughterhouses = sites[sites["kind"] == "slaughterhouse"]
    small = slaughterhouses[slaughterhouses["size_n"] < 100]
    assert len(small) >= 30
    in_region = slaughterhouses[slaughterhouses["vr_code"] == "VR06"]
    assert (in_region["size_n"] < 100).sum() == 16
    assert (in_region["size_n"] > 100).sum() == 4
    assert in_region["located"].isin(["exact", "address"]).all()
    assert not in_region["name"].map(word_of).duplicated().any()


def test_some_have_no_size_and_some_no_place(sites):
    assert sites["size_n"].isna().sum() == 45  # 5.0 %
    assert sites["located"].value_counts()[["none", "place"]].to_dict() == {"none": 20, "place": 16}  # 4.0 %
    assert (sites.geometry.isna() == (sites["located"] == "none")).all()


def test_twelve_sites_occur_twice_under_two_names_close_to_each_other(sites):
    words = sites["name"].map(word_of)
    counts = words.value_counts()
    assert (counts == 2).sum() == 12
    assert counts.max() == 2
    for word in counts.index[counts == 2]:
        first, second = (row for _, row in sites[words == word].iterrows())
        assert first["name"] != second["name"]
        assert {first["source"], second["source"]} == {"demonstratie-register", "demonstratie-osm"}
        assert (first["kind"], first["gemeente_code"]) == (second["kind"], second["gemeente_code"])
        assert 0 < first.geometry.distance(second.geometry) <= 150


def test_twelve_lodgings_lie_just_over_the_border(sites, gemeenten):
    abroad = sites[sites["country"] != "NL"]
    assert abroad["country"].value_counts().to_dict() == {"DE": 8, "BE": 4}
    assert set(abroad["kind"]) == {"lodging"}
    assert (abroad[["gemeente_code", "vr_code"]] == "").all().all()
    distance = abroad.distance(union_all(gemeenten.geometry))
    assert distance.between(100, 12_000).all()
    nearest = gpd.sjoin_nearest(abroad[["country", "geometry"]], gemeenten[["vr_code", "geometry"]])
    german = {"VR01", "VR03", "VR04", "VR05", "VR06", "VR07", "VR08", "VR23", "VR24"}
    belgian = {"VR19", "VR20", "VR22", "VR23", "VR24"}
    assert set(nearest.loc[nearest["country"] == "DE", "vr_code"]) <= german
    assert set(nearest.loc[nearest["country"] == "BE", "vr_code"]) <= belgian
    assert ((sites["country"] == "NL") == (sites["gemeente_code"] != "")).all()


def test_a_third_has_an_employer_group_that_works_in_several_regions(sites):
    grouped = sites[sites["employer_group"] != ""]
    assert 0.30 <= len(grouped) / len(sites) <= 0.37
    assert (grouped.groupby("employer_group")["vr_code"].nunique() >= 2).all()
    both = grouped.groupby("employer_group")["kind"].agg(set)
    assert sum("lodging" in kinds and len(kinds) > 1 for kinds in both) >= 10


def test_names_are_made_of_invented_syllables_and_plain_nouns(sites):
    word = f"({'|'.join(names.HEADS)})({'|'.join(names.TAILS)})"
    nouns = "|".join([*(noun for group in names.NOUNS.values() for noun in group), *names.BORDER_NOUNS.values()])
    assert sites["name"].str.fullmatch(f"({nouns}) {word}|{word} B\\.V\\.").all()
    assert sites["employer_group"].str.fullmatch(f"|Groep {word}").all()
    assert set(sites["name"].map(word_of)).isdisjoint(sites["employer_group"].str.removeprefix("Groep "))


def test_sites_stand_where_their_sector_works(sites, exposure):
    workers = exposure.set_index(["sector_code", "gemeente_code"])["workers_n"]
    work = sites[sites["kind"].isin([*WORK_KINDS, "building_site"])]
    there = workers.loc[pd.MultiIndex.from_frame(work[["sector_code", "gemeente_code"]])]
    assert (there > 0).all()
    assert sites.loc[sites["kind"] == "greenhouse", "gemeente_code"].mode().tolist() == ["GM1783"]  # Westland


def test_lodging_lies_near_work(sites):
    placed = sites[sites["located"].isin(["exact", "address"])]
    work = union_all(placed.loc[placed["kind"].isin(WORK_KINDS), "geometry"])
    lodging = placed[(placed["kind"] == "lodging") & (placed["country"] == "NL")]
    near = lodging.distance(work) <= 6_000
    assert near.mean() >= 0.75
    assert not near.all()  # some live a drive away


# --- activations -------------------------------------------------------------------------------------


def test_there_are_56_in_the_first_three_months(activations):
    assert len(activations) == 56
    assert activations["event_date"].agg(["min", "max"]).tolist() == [pd.Timestamp("2020-09-01"), PEILDATUM]
    assert activations["event_date"].dt.day_of_week.max() <= 4
    assert activations["event_date"].is_monotonic_increasing


def test_they_show_every_kind_theme_and_trigger(activations):
    assert activations["kind"].value_counts().to_dict() == {"preventief": 33, "repressief": 23}
    assert activations["themes"].value_counts().to_dict() == {
        "werken": 22,
        "wonen": 13,
        "vervoer": 6,
        "wonen;werken": 6,
        "werken;vervoer": 4,
        "wonen;vervoer": 3,
        "wonen;werken;vervoer": 2,
    }
    assert activations["trigger"].value_counts().to_dict() == {
        "externe_melding": 30,
        "eigen_constatering": 16,
        "steekproef": 6,
        "vervolg": 4,
    }
    assert activations["infections_found"].value_counts().to_dict() == {"no": 28, "yes": 20, "unknown": 8}
    assert activations["vr_code"].nunique() >= 18
    assert len(set(codes.VR_CODES) - set(activations["vr_code"])) >= 1  # a region never visited is shown too


def test_nothing_found_is_an_outcome(activations):
    nothing = activations[activations["outcome"] == "niets aangetroffen"]
    assert len(nothing) >= 10
    assert set(nothing["infections_found"]) == {"no"}


def test_one_building_site_where_workers_lived_was_closed(activations, sites):
    closed = activations[activations["measures"].str.contains("sluiting")]
    assert len(closed) == 1
    assert closed["themes"].tolist() == ["wonen;werken"]
    assert sites.loc[sites["site_id"] == closed["site_id"].iloc[0], "kind"].tolist() == ["building_site"]
    assert activations["measures"].str.contains("waarschuwing").sum() >= 5


def test_transport_without_a_site_has_a_route(activations):
    routes = activations[activations["route_from"] != ""]
    assert len(routes) == 6
    assert set(routes["themes"]) == {"vervoer"}
    assert set(routes["site_id"]) == {""}
    assert (routes["route_to"] != "").all()
    assert ((activations["route_to"] != "") == (activations["route_from"] != "")).all()


def test_random_visits_carry_the_probability_of_their_draw(activations, sites):
    random = activations["trigger"] == "steekproef"
    assert (activations["inclusion_probability"].notna() == random).all()
    spot_checks = activations[random & (activations["themes"] == "werken")]
    assert (spot_checks["vr_code"] == "VR06").all()
    assert spot_checks["inclusion_probability"].tolist() == [4 / 16] * 4
    drawn = sites[sites["site_id"].isin(spot_checks["site_id"])]
    assert len(drawn) == 4
    assert set(drawn["kind"]) == {"slaughterhouse"}
    assert (drawn["size_n"] < 100).all()
    known = sites["located"].isin(["exact", "address"]) & (sites["country"] == "NL")
    frame_n = (known & sites["kind"].isin(["lodging", "holiday_park"])).sum()
    assert (
        activations.loc[random & (activations["themes"] == "wonen"), "inclusion_probability"].tolist()
        == [pytest.approx(2 / frame_n)] * 2
    )


def test_every_site_named_exists_in_the_gemeente_and_region_named(activations, sites, gemeenten):
    visited = activations[activations["site_id"] != ""].merge(sites, on="site_id", how="left", suffixes=("", "_site"))
    assert len(visited) == 56 - 6 - 6  # six routes and six gemeenten without a site
    assert (visited["gemeente_code"] == visited["gemeente_code_site"]).all()
    assert (visited["vr_code"] == visited["vr_code_site"]).all()
    placed = activations[activations["gemeente_code"] != ""].merge(gemeenten, on="gemeente_code")
    assert (placed["vr_code_x"] == placed["vr_code_y"]).all()


def test_a_follow_up_comes_after_an_earlier_visit_to_the_same_site(activations):
    for _, later in activations[activations["trigger"] == "vervolg"].iterrows():
        earlier = activations[
            (activations["site_id"] == later["site_id"]) & (activations["event_date"] < later["event_date"])
        ]
        assert len(earlier) == 1
        assert later["event_date"] - earlier["event_date"].iloc[0] >= pd.Timedelta(days=14)


def test_partners_and_integral_deployment_agree(activations):
    order = ["NVWA", "Inspectie SZW", "GGD", "gemeente", "politie"]
    partners = activations["partners"].str.split(";")
    assert partners.map(lambda some: [one for one in order if one in some] == some).all()
    assert set(partners.explode()) == set(order)
    assert (activations["integral"] == (partners.str.len() >= 3)).all()
    assert activations["integral"].value_counts().to_dict() == {False: 41, True: 15}


def test_they_are_recorded_within_three_days_by_a_function(activations):
    delay = (activations["recorded_at"] - activations["event_date"]).dt.days
    assert delay.between(0, 3).all()
    assert delay.nunique() == 4
    assert (activations["recorded_by"] == "regiocontact " + activations["vr_code"]).all()
    assert activations["record_id"].is_unique


# --- incidence ---------------------------------------------------------------------------------------


def test_incidence_has_every_gemeente_and_week(incidence):
    assert set(incidence["disease"]) == {"COVID-19"}
    assert sorted(set(incidence["week"])) == [f"2020-W{week}" for week in range(36, 49)]
    assert len(incidence) == 342 * 13 == 4446
    missing = incidence[incidence["cases_n"].isna()]
    assert len(missing) == 14
    assert set(missing["status"]) == {"missing"}
    assert set(missing["source"]) == {"demonstratie · not_published"}
    assert (incidence["cases_n"].dropna() % 1 == 0).all()


def test_the_second_wave_rises_to_the_end_of_october_and_falls_in_november(incidence, gemeenten):
    weekly = incidence.groupby("week")["cases_n"].sum() / gemeenten["population_n"].sum() * 100_000
    assert weekly.idxmax() == "2020-W44"
    assert weekly.loc[:"2020-W44"].is_monotonic_increasing
    assert weekly.loc["2020-W44":].is_monotonic_decreasing
    assert 20 < weekly["2020-W36"] < 30
    assert 350 < weekly["2020-W44"] < 450


def test_small_gemeenten_scatter_more_than_large_ones(incidence, gemeenten):
    wide = incidence.pivot_table(index="gemeente_code", columns="week", values="cases_n").dropna()
    population = gemeenten.set_index("gemeente_code")["population_n"].loc[wide.index]
    assert wide.sum(axis=1).corr(population) > 0.9
    expected = np.outer(wide.sum(axis=1), wide.sum() / wide.to_numpy().sum())
    scatter = (wide / expected).std(axis=1)
    assert scatter[population < 15_000].median() > 1.5 * scatter[population > 100_000].median()


def test_local_waves_add_cases_in_their_own_weeks_and_change_nothing_else(incidence, gemeenten, monkeypatch):
    waves = dict(LOCAL_WAVES_PER_100K)
    for place in waves:
        monkeypatch.delitem(LOCAL_WAVES_PER_100K, place)
    without = build_demonstration.build(gemeenten)["incidence"]
    assert_frame_equal(without.drop(columns="cases_n"), incidence.drop(columns="cases_n"))
    added = incidence.assign(added_n=incidence["cases_n"] - without["cases_n"]).dropna(subset=["cases_n"])
    added = added[added["added_n"] != 0].merge(gemeenten[["gemeente_code", "gemeente_name", "population_n"]])
    wanted = {(place, week) for place, wave in waves.items() for week in wave}
    assert set(zip(added["gemeente_name"], added["week"], strict=True)) <= wanted
    declared = np.array([waves[one.gemeente_name][one.week] * one.population_n / 1e5 for one in added.itertuples()])
    assert_allclose(added["added_n"].sum(), declared.sum(), rtol=0.1)


def test_a_local_wave_in_a_place_that_is_no_gemeente_is_a_named_error(gemeenten, monkeypatch):
    monkeypatch.setitem(LOCAL_WAVES_PER_100K, "Nergenshuizen", {"2020-W48": 100})
    with pytest.raises(UnknownCodeError, match="'Nergenshuizen', which is no gemeente"):
        build_demonstration.build(gemeenten)
