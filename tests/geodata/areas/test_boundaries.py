"""The shipped boundaries are a map a cartographer would sign, and the script that makes them says when it cannot."""

import os
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import assume, given
from hypothesis import strategies as st

from geodata import contracts, settings
from geodata.errors import ContractError, SourceError
from tools import build_boundaries as build

FILE = settings.EMBEDDED_DIR / "gemeenten.parquet"

# CBS, table 84799NED (Kerncijfers wijken en buurten 2020), land area of the gemeente in hectares / 100.
ISLANDS_KM2 = {
    "Texel": 162.00,
    "Vlieland": 39.15,
    "Terschelling": 85.26,
    "Ameland": 59.11,
    "Schiermonnikoog": 40.50,
}


@pytest.fixture(scope="module")
def gemeenten() -> gpd.GeoDataFrame:
    return gpd.read_parquet(FILE)


@pytest.fixture(scope="module")
def nation(gemeenten):
    return shapely.coverage_union_all(gemeenten.geometry.to_numpy())


def test_there_are_342_gemeenten_of_valid_polygons(gemeenten):
    assert contracts.check("gemeenten", gemeenten).shape == (342, 8)
    assert gemeenten.crs.to_epsg() == 28992
    assert gemeenten.geometry.is_valid.all()
    assert set(gemeenten.geom_type) <= {"Polygon", "MultiPolygon"}
    assert gemeenten["gemeente_code"].is_monotonic_increasing


def test_they_are_a_coverage_without_overlap(gemeenten):
    shapes = gemeenten.geometry.to_numpy()
    assert shapely.coverage_is_valid(shapes)
    left, right = shapely.STRtree(shapes).query(shapes, predicate="intersects")
    overlap = shapely.area(shapely.intersection(shapes[left[left < right]], shapes[right[left < right]]))
    assert len(overlap) > 800
    assert overlap.max() <= 10_000


def test_corners_lie_on_the_grid_of_one_metre(gemeenten):
    corners = shapely.get_coordinates(gemeenten.geometry.to_numpy())
    assert (corners == corners.round()).all()


def test_land_is_between_34200_and_34600_km2(gemeenten, nation):
    assert 34_200 <= nation.area / 1e6 <= 34_600
    assert gemeenten["land_area_km2"].sum() == pytest.approx(nation.area / 1e6, abs=0.2)
    assert gemeenten["land_area_km2"].to_numpy() == pytest.approx(gemeenten.area / 1e6, abs=0.001)


def test_no_gemeente_is_without_land(gemeenten):
    # Westervoort is the smallest gemeente: 7.03 km2 of land and 0.81 of water (CBS 84799NED).
    assert gemeenten["land_area_km2"].min() > 6.5


def test_holes_are_cut_waters_of_at_least_a_square_kilometre(nation):
    holes = shapely.polygons([ring for part in nation.geoms for ring in part.interiors])
    assert len(holes) > 20
    assert shapely.area(holes).min() >= 1e6
    waters = {  # a point in each of the best known lakes that the land surrounds
        "Fluessen": (163_000, 549_500),
        "Tjeukemeer": (183_000, 545_000),
        "Lauwersmeer": (207_000, 599_000),
        "Westeinderplassen": (110_000, 472_800),
        "Loosdrechtse Plassen": (133_000, 467_500),
        "Reeuwijkse Plassen": (111_000, 450_000),
        "Veluwemeer": (174_000, 488_500),
        "Schildmeer": (250_500, 588_000),
    }
    inside = {name: bool(shapely.contains(holes, shapely.Point(point)).any()) for name, point in waters.items()}
    assert inside.pop("Schildmeer") is False  # 3 km2 is a pond on this map: it stays land
    assert all(inside.values()), inside


@pytest.mark.parametrize(
    ("water", "x", "y"),
    [
        ("North Sea", 60_000, 480_000),
        ("Wadden Sea", 150_000, 580_000),
        ("IJsselmeer", 150_000, 540_000),
        ("Markermeer", 145_000, 510_000),
        ("Oosterschelde", 55_000, 400_000),
        ("Westerschelde", 50_000, 376_500),
        ("Grevelingen", 58_000, 418_000),
        ("Haringvliet", 72_000, 423_000),
        ("Dollard", 273_000, 588_500),
        ("Eems", 262_000, 595_500),
    ],
)
def test_sea_and_large_lakes_are_not_land(nation, water, x, y):
    assert not nation.intersects(shapely.Point(x, y)), water


@pytest.mark.parametrize(
    ("place", "x", "y", "name"),
    [
        ("the Dam", 121_400, 487_400, "Amsterdam"),
        ("Onze-Lieve-Vrouwetoren", 155_000, 463_000, "Amersfoort"),
        ("Grote Markt", 233_900, 582_050, "Groningen"),
        ("Vrijthof", 176_300, 317_900, "Maastricht"),
        ("Den Burg", 115_700, 563_200, "Texel"),
        ("the isle of Marken", 135_700, 497_300, "Waterland"),
        ("Urk", 170_500, 519_500, "Urk"),
        ("Batavia", 160_900, 500_900, "Lelystad"),
        ("the river Waal", 186_500, 429_300, "Nijmegen"),
        ("the river Maas", 176_800, 317_700, "Maastricht"),
        ("Baarle-Hertog, a Belgian enclave", 123_600, 383_100, "Baarle-Nassau"),
        ("Rottumerplaat", 227_500, 617_000, "Het Hogeland"),
        ("Domburg", 25_000, 395_000, "Veere"),
    ],
)
def test_places_lie_in_their_gemeente(gemeenten, place, x, y, name):
    found = gemeenten.loc[gemeenten.contains(shapely.Point(x, y)), "gemeente_name"]
    assert found.tolist() == [name], place


@pytest.mark.parametrize(("name", "stated_km2"), ISLANDS_KM2.items())
def test_wadden_islands_have_their_size(gemeenten, name, stated_km2):
    island = gemeenten.loc[gemeenten["gemeente_name"] == name]
    assert len(island) == 1
    assert 0.90 * stated_km2 <= island.area.iloc[0] / 1e6 <= 1.10 * stated_km2


def test_uninhabited_islands_are_there_and_specks_are_not(nation):
    sizes = shapely.area(np.array(nation.geoms)) / 1e6
    assert sizes.min() >= 1.0
    assert (sizes < 50).sum() >= 9
    for x, y in [(107_300, 554_100), (137_900, 589_500), (227_500, 617_000)]:  # Noorderhaaks, Richel, Rottumerplaat
        assert nation.contains(shapely.Point(x, y))


def test_facts_are_those_of_cbs(gemeenten):
    assert gemeenten["population_n"].sum() == 17_811_291  # CBS, 1 January 2023
    assert gemeenten["vr_code"].nunique() == 25
    assert gemeenten["provincie_name"].nunique() == 12
    amsterdam = gemeenten.set_index("gemeente_code").loc["GM0363"]
    assert (amsterdam["gemeente_name"], amsterdam["vr_code"], amsterdam["population_n"]) == (
        "Amsterdam",
        "VR13",
        918_117,
    )


def test_land_area_agrees_with_cbs_where_nothing_changed_since_2020(gemeenten, testdata):
    cbs = pd.read_parquet(testdata / "cbs/odata3/84799NED/cbs.v3.84799NED_TypedDataSet.parquet")
    cbs = cbs.set_index(cbs["WijkenEnBuurten"].str.strip())[["OppervlakteLand_111", "OppervlakteTotaal_110"]] / 100
    changes = pd.read_csv(settings.EMBEDDED_DIR / "gemeente_changes.csv")
    same = gemeenten.set_index("gemeente_code").drop(changes["new_code"].unique())["land_area_km2"]
    assert len(same) == 331
    land, total = cbs.reindex(same.index).to_numpy().T
    assert (same / land).between(0.70, 1.25).all()
    assert (same / land).median() == pytest.approx(1.02, abs=0.02)  # ponds and rivers stay land
    # Never more than all there is; Baarle-Nassau also holds the Belgian enclaves on this map (2.3 km2).
    assert (same.drop("GM0744") <= 1.01 * total[same.index != "GM0744"]).all()
    assert same["GM0744"] == pytest.approx(76.29 + 2.3, abs=0.2)


def test_the_file_is_small():
    assert FILE.stat().st_size < 150_000


def test_the_licences_are_named():
    text = (settings.EMBEDDED_DIR / "LICENCES.md").read_text(encoding="utf-8")
    for needed in ("© Kadaster", "CC BY 4.0", "© OpenStreetMap contributors", "ODbL 1.0", "GeoNames", "CBS"):
        assert needed in text


def test_the_script_makes_the_same_shapes_again_and_every_hole_is_water(tmp_path, nation):
    folder = os.environ.get("RISICOBEELD_BOUNDARY_PACKAGES")
    if not folder:
        pytest.skip("RISICOBEELD_BOUNDARY_PACKAGES does not name a folder with the three packages")
    build.main(["--from", folder, "--out", str(tmp_path / "again.parquet")])
    again, shipped = gpd.read_parquet(tmp_path / "again.parquet"), gpd.read_parquet(FILE)
    assert again.to_wkb().equals(shipped.to_wkb())
    holes = shapely.polygons([ring for part in nation.geoms for ring in part.interiors])
    wet = shapely.intersection(holes, build.read_water(Path(folder)))
    assert (shapely.area(wet) / shapely.area(holes)).min() > 0.9


def test_the_script_names_a_package_that_is_not_there_or_not_the_right_one(tmp_path):
    with pytest.raises(SourceError, match=r"ahn_cli-0\.3\.5.* is not in .*leave out --from"):
        build.build(tmp_path)
    (tmp_path / build.BOUNDARIES).write_bytes(b"half a download")
    with pytest.raises(SourceError, match="is not the expected file; download it again"):
        build.build(tmp_path)


# Invented squares of 4 km2 in a row of three by three, the middle one to be decided.
SQUARES = np.array([shapely.box(x, y, x + 2000, y + 2000) for y in (0, 2000, 4000) for x in (0, 2000, 4000)])


@pytest.mark.parametrize(("middle", "expected"), [(build.WET, build.WET), (build.ABROAD, 0)])
def test_a_lake_stays_a_hole_and_an_enclave_does_not(middle, expected):
    owners = np.array([0, 0, 1, 0, middle, 1, 0, 1, 1])
    assert build.tidy(SQUARES, owners).tolist() == [0, 0, 1, 0, expected, 1, 0, 1, 1]


def test_ponds_are_filled_slivers_move_and_specks_go():
    # Invented: a pond of 0.25 km2 and a detached sliver of 0.25 km2 in two gemeenten, and a speck at sea.
    pond, sliver = shapely.box(500, 500, 1000, 1000), shapely.box(3000, 500, 3500, 1000)
    west, east = shapely.box(0, 0, 2000, 2000).difference(pond), shapely.box(2000, 0, 4000, 2000).difference(sliver)
    speck = shapely.box(9000, 0, 9900, 900)
    faces = np.array([west, pond, east, sliver, speck])
    assert build.tidy(faces, np.array([0, build.WET, 1, 0, 1])).tolist() == [0, 0, 1, 1, build.WET]


def test_a_gemeente_that_lost_all_its_land_stops_the_script():
    codes = pd.Series(["GM0014", "GM0034"])
    with pytest.raises(ContractError, match="empty"):
        build.describe(codes, build.dissolve(SQUARES[:1], np.array([0]), 2))


@given(st.lists(st.tuples(st.floats(1, 5), st.floats(0.05, 0.3)), min_size=4, max_size=20), st.integers(1, 3))
def test_rounding_keeps_the_area_and_moves_no_shore_far(spokes, times):
    angles = np.cumsum([step for _, step in spokes])
    radii = 1000 * np.array([radius for radius, _ in spokes])
    lake = shapely.Polygon(np.c_[radii * np.cos(angles), radii * np.sin(angles)])
    assume(lake.is_valid and lake.area > 1e6)
    smooth = build.rounded(lake, times)
    sides = np.hypot(*np.diff(shapely.get_coordinates(lake), axis=0).T)
    assert smooth.is_valid
    assert len(shapely.get_coordinates(smooth)) > len(sides)
    assert smooth.area == pytest.approx(lake.area, rel=0.1)
    assert shapely.hausdorff_distance(smooth, lake) <= sides.max() / 2
