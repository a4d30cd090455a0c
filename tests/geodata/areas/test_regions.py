"""Regions are exact unions, neighbours are real, the browser gets the same corners, and codes follow the years."""

import gzip
import json

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from geodata import contracts, settings
from geodata.areas import regions
from geodata.errors import InputError, UnknownCodeError
from geodata.intake.places import known_places


@pytest.fixture(scope="module")
def gemeenten() -> gpd.GeoDataFrame:
    return gpd.read_parquet(settings.EMBEDDED_DIR / "gemeenten.parquet")


@pytest.fixture(scope="module")
def vr(gemeenten) -> gpd.GeoDataFrame:
    return regions.dissolve_veiligheidsregios(gemeenten)


@pytest.fixture(scope="module")
def topology(gemeenten):
    return regions.encode_topology(gemeenten)


def corners_of(shapes) -> set[tuple[float, float]]:
    return set(map(tuple, shapely.get_coordinates(shapes).tolist()))


# --- veiligheidsregio's


def test_there_are_25_valid_veiligheidsregios(vr):
    assert contracts.check("veiligheidsregios", vr).shape == (25, 6)
    assert vr["vr_code"].tolist() == [f"VR{number:02d}" for number in range(1, 26)]
    assert vr.geometry.is_valid.all()
    assert shapely.coverage_is_valid(vr.geometry.to_numpy())


def test_each_is_exactly_the_union_of_its_gemeenten(gemeenten, vr):
    for code, region in vr.set_index("vr_code")["geometry"].items():
        parts = gemeenten.loc[gemeenten["vr_code"] == code, "geometry"].to_numpy()
        assert region.area == pytest.approx(shapely.area(parts).sum(), rel=1e-12)
        assert shapely.symmetric_difference(region, shapely.union_all(parts)).area == 0
        assert corners_of(region) <= corners_of(parts)
        assert shapely.difference(region.boundary, shapely.union_all(shapely.boundary(parts))).length == 0


def test_facts_of_regions(gemeenten, vr):
    facts = vr.set_index("vr_code")
    assert facts.loc["VR23", ["vr_name", "land_border"]].tolist() == ["Limburg-Noord", "DE;BE"]
    assert facts.loc["VR09", ["vr_name", "land_border"]].tolist() == ["Utrecht", ""]
    assert facts["population_n"].sum() == gemeenten["population_n"].sum() == 17_811_291
    assert facts["land_area_km2"].sum() == pytest.approx(gemeenten["land_area_km2"].sum())
    assert (facts["land_border"] != "").sum() == 12


def test_an_unknown_region_is_named(gemeenten):
    wrong = gemeenten.head(2).assign(vr_code=["VR01", "VR26"])
    with pytest.raises(UnknownCodeError, match=r"VR26.*use VR01-VR25"):
        regions.dissolve_veiligheidsregios(wrong)


@st.composite
def boards(draw):
    """Invented gemeenten: the squares of a board, each in one of four regions."""
    columns, rows = draw(st.integers(1, 5)), draw(st.integers(1, 5))
    size = columns * rows
    squares = [
        shapely.box(1000 * x, 1000 * y, 1000 * x + 1000, 1000 * y + 1000) for y in range(rows) for x in range(columns)
    ]
    table = {
        "gemeente_code": [f"GM{number:04d}" for number in range(size)],
        "vr_code": draw(st.lists(st.sampled_from(["VR01", "VR02", "VR03", "VR04"]), min_size=size, max_size=size)),
        "population_n": draw(st.lists(st.integers(0, 10**6), min_size=size, max_size=size)),
        "land_area_km2": [1.0] * size,
    }
    return columns, rows, gpd.GeoDataFrame(table, geometry=squares, crs=28992)


@given(boards())
def test_unions_neither_lose_nor_add(board):
    _, _, squares = board
    union = regions.dissolve_veiligheidsregios(squares).set_index("vr_code")
    expected = squares.groupby("vr_code")[["population_n", "land_area_km2"]].sum()
    assert union["population_n"].to_dict() == expected["population_n"].to_dict()
    assert (union.area / 1e6).to_dict() == expected["land_area_km2"].to_dict()


# --- neighbours


@given(boards())
def test_neighbours_on_a_board_are_the_squares_beside_each_other(board):
    columns, rows, squares = board
    found = regions.neighbours(squares, "gemeente_code")
    pairs = set(zip(found["code"], found["neighbour_code"], strict=True))
    expected = {
        (f"GM{y * columns + x:04d}", f"GM{(y + dy) * columns + x + dx:04d}")
        for y in range(rows)
        for x in range(columns)
        for dx, dy in ((1, 0), (-1, 0), (0, 1), (0, -1))
        if 0 <= x + dx < columns and 0 <= y + dy < rows
    }
    assert pairs == expected
    assert (found["border_km"] == 1.0).all()


def test_neighbours_of_regions_are_those_of_the_map(vr):
    found = regions.neighbours(vr, "vr_code").groupby("code")["neighbour_code"].agg(list)
    assert found["VR19"] == ["VR20"]  # Zeeland: over land only to Brabant; the delta parts it from VR17
    assert found["VR24"] == ["VR23"]  # the south of Limburg
    assert found["VR01"] == ["VR02", "VR03"]
    assert set(found["VR25"]) >= {"VR02", "VR04"}  # the Noordoostpolder


def test_islands_have_no_neighbours_and_borders_count_both_ways(gemeenten):
    found = regions.neighbours(gemeenten, "gemeente_code")
    both = found.merge(found, left_on=["code", "neighbour_code"], right_on=["neighbour_code", "code"])
    assert len(both) == len(found) == len(found.drop_duplicates(["code", "neighbour_code"]))
    assert both["border_km_x"].to_numpy() == pytest.approx(both["border_km_y"].to_numpy())
    assert (found["code"] != found["neighbour_code"]).all()
    alone = set(gemeenten["gemeente_code"]) - set(found["code"])
    assert alone == {"GM0448", "GM0096", "GM0093", "GM0060", "GM0088"}  # the five Wadden islands


# --- the browser's map


def decode(topology, name):
    """Decode an object of a TopoJSON as its specification says: whole steps of the grid, first corner repeated."""
    arcs = [np.cumsum(np.array(arc), axis=0) for arc in topology["arcs"]]

    def ring(indices):
        lines = [arcs[index] if index >= 0 else arcs[~index][::-1] for index in indices]
        return np.vstack([lines[0], *(line[1:] for line in lines[1:])])

    shapes = {}
    for area in topology["objects"][name]["geometries"]:
        polygons = area["arcs"] if area["type"] == "MultiPolygon" else [area["arcs"]]
        parts = [shapely.Polygon(ring(outer), [ring(inner) for inner in holes]) for outer, *holes in polygons]
        shapes[area["properties"]["code"]] = shapely.MultiPolygon(parts)
    return shapes


def test_decoded_neighbours_share_the_very_same_corners(topology):
    for name, count in (("gemeente", 342), ("vr", 25)):
        shapes = np.array(list(decode(topology, name).values()))
        assert len(shapes) == count
        assert shapely.is_valid(shapes).all()
        assert shapely.coverage_is_valid(shapes)


def test_regions_share_the_arcs_of_their_gemeenten(topology):
    shapes = decode(topology, "gemeente")
    members = {}
    for area in topology["objects"]["gemeente"]["geometries"]:
        members.setdefault(area["properties"]["vr"], []).append(shapes[area["properties"]["code"]])
    for code, region in decode(topology, "vr").items():
        assert shapely.coverage_union_all(members[code]).equals(region)
    used = {index if index >= 0 else ~index for index in numbers(topology["objects"]["vr"])}
    assert used <= {index if index >= 0 else ~index for index in numbers(topology["objects"]["gemeente"])}


def numbers(part):
    """Yield the numbers of all arcs of an object."""
    for area in part["geometries"]:
        yield from np.hstack(
            [ring for polygon in area["arcs"] for ring in (polygon if area["type"] == "MultiPolygon" else [polygon])]
        )


def test_decoded_corners_lie_within_four_metres(gemeenten, topology):
    scale, move = topology["transform"]["scale"], topology["transform"]["translate"]
    for area, shape in zip(gemeenten.itertuples(), decode(topology, "gemeente").values(), strict=True):
        degrees = shapely.transform(shape, lambda grid: grid * scale + move)
        metres = gpd.GeoSeries([degrees], crs=4326).to_crs(28992).iloc[0]
        assert shapely.hausdorff_distance(metres, area.geometry) < 4
        assert metres.area == pytest.approx(area.geometry.area, rel=0.005)


def test_areas_carry_what_the_page_needs(topology):
    first = topology["objects"]["gemeente"]["geometries"][0]["properties"]
    assert first == {"code": "GM0014", "name": "Groningen", "vr": "VR01"}
    regions_ = [area["properties"] for area in topology["objects"]["vr"]["geometries"]]
    assert regions_[1] == {"code": "VR02", "name": "Fryslân", "vr": "VR02"}


def test_the_map_is_under_80_kb_for_the_browser(topology):
    content = json.dumps(topology, separators=(",", ":"), ensure_ascii=False).encode()
    assert len(gzip.compress(content, 9)) < 80_000


# --- gemeenten through the years


@pytest.mark.parametrize(("year", "count"), [(2020, 355), (2021, 352), (2022, 345), (2023, 342), (2026, 342)])
def test_number_of_gemeenten_per_year_is_the_official_one(gemeenten, year, count):
    codes = regions.gemeenten_of_year(gemeenten, year)
    assert len(codes) == count == codes.nunique()


def test_the_355_gemeenten_of_2020_become_the_342_of_today(gemeenten):
    changes = regions.changes_from(2020)
    before = pd.DataFrame({"old_code": regions.gemeenten_of_year(gemeenten, 2020)}).merge(changes, how="left")
    today = before["new_code"].fillna(before["old_code"])
    assert set(today) == set(gemeenten["gemeente_code"])
    assert set(changes["old_code"]).isdisjoint(gemeenten["gemeente_code"])
    assert changes.groupby("old_code")["share"].sum().to_numpy() == pytest.approx(1.0, abs=1e-12)
    haaren = changes[changes["old_code"] == "GM0788"].set_index("new_code")["share"]
    assert haaren.to_dict() == {"GM0757": 0.16, "GM0824": 0.40, "GM0855": 0.11, "GM0865": 0.33}


def test_codes_of_each_year_are_those_for_which_cbs_has_inhabitants(gemeenten, testdata):
    table = pd.read_csv(testdata / "cbs/pop_gemeente_2019_2026.csv")
    table = table[table["region"].str.startswith("GM") & table["value"].notna()]
    for year in (2020, 2021, 2022, 2023, 2024):
        cbs = set(table.loc[(table["period"] == f"{year}JJ00") & (table["measure"] == "M000352"), "region"])
        assert set(regions.gemeenten_of_year(gemeenten, year)) == cbs, year


def test_a_year_before_2020_is_refused_and_says_so(gemeenten):
    for ask in (regions.changes_from, lambda year: regions.gemeenten_of_year(gemeenten, year)):
        with pytest.raises(InputError, match="Year 2019 is before 2020"):
            ask(2019)


@pytest.mark.parametrize(
    ("year", "name", "code"),
    [
        (2020, "haaren", "GM0788"),
        (2021, "haaren", None),
        (2020, "appingedam", "GM0003"),
        (2020, "eemsdelta", None),
        (2021, "eemsdelta", "GM1979"),
        (2022, "weesp", "GM0457"),
        (2023, "weesp", None),
        (2023, "'s-gravenhage", "GM0518"),
        (2020, "hengelo (o.)", "GM0164"),
        (2020, "bergen (l.)", "GM0893"),
        (2020, "súdwest-fryslân", "GM1900"),
    ],
)
def test_names_belong_to_their_year(gemeenten, year, name, code):
    found = known_places().find(name).code
    assert (found if found in set(regions.gemeenten_of_year(gemeenten, year)) else None) == code


def test_regions_follow_the_year(gemeenten):
    in_2020 = regions.veiligheidsregio_of_year(gemeenten, 2020)
    in_2023 = regions.veiligheidsregio_of_year(gemeenten, 2023)
    assert (in_2020["GM0788"], in_2020["GM0457"], in_2020["GM0003"]) == ("VR21", "VR14", "VR01")
    assert set(in_2020) == set(in_2023)
    assert "GM0457" not in in_2023.index
    stayed = in_2020.index.intersection(in_2023.index)
    assert (in_2020[stayed] == in_2023[stayed]).all()


@pytest.mark.parametrize("ask", [regions.read_changes, lambda: regions.changes_from(2021)])
def test_who_spoils_what_was_kept_for_the_next_spoils_a_copy(ask):
    mine, whole = ask(), ask()
    mine["share"] = -1.0
    mine.loc[mine.index[0], "old_code"] = "GM9999"
    pd.testing.assert_frame_equal(ask(), whole)


def test_changes_are_dated_and_within_bounds():
    changes = regions.read_changes()
    assert len(changes) == 21
    assert changes["effective_date"].between("2021-01-01", "2023-01-01").all()
    assert changes["share"].between(0, 1, inclusive="right").all()


@st.composite
def histories(draw):
    """Invented mergers and divisions, one a year: who existed at the start, and the table of changes."""
    alive = [f"GM{number:04d}" for number in range(draw(st.integers(3, 8)))]
    start, rows, fresh = list(alive), [], 100
    for year in range(2021, 2021 + draw(st.integers(0, 5))):
        if len(alive) < 3:
            break
        goes = draw(st.sampled_from(alive))
        alive.remove(goes)
        targets = draw(st.lists(st.sampled_from(alive), min_size=1, max_size=2, unique=True))
        is_new = draw(st.booleans())
        if is_new:
            targets[0] = f"GM{fresh:04d}"
            fresh += 1
            alive.append(targets[0])
        shares = [1.0] if len(targets) == 1 else [0.25, 0.75]
        rows += [
            {
                "effective_date": pd.Timestamp(year, 1, 1),
                "old_code": goes,
                "new_code": target,
                "is_new": is_new and target == targets[0],
                "share": share,
            }
            for target, share in zip(targets, shares, strict=True)
        ]
    columns = ["effective_date", "old_code", "new_code", "is_new", "share"]
    return start, alive, pd.DataFrame(rows, columns=columns).astype({"is_new": bool, "share": float})


@given(histories(), st.data())
def test_chained_changes_give_what_one_year_after_the_other_gives(history, data):
    start, alive, changes = history
    figures = {code: float(data.draw(st.integers(0, 1000))) for code in start}
    stepwise = dict(figures)
    for _, step in changes.groupby("effective_date", sort=True):
        gone = stepwise.pop(step["old_code"].iloc[0])
        for target, share in zip(step["new_code"], step["share"], strict=True):
            stepwise[target] = stepwise.get(target, 0.0) + share * gone
    at_once = dict.fromkeys(alive, 0.0)
    composed = regions.changes_from(2020, changes)
    for code, figure in figures.items():
        mine = composed[composed["old_code"] == code]
        for target, share in zip(mine["new_code"], mine["share"], strict=True):
            at_once[target] += share * figure
        if mine.empty:
            at_once[code] += figure
    assert at_once == pytest.approx(stepwise)
    assert set(composed["old_code"]) <= set(start)
    assert composed.groupby("old_code")["share"].sum().to_numpy() == pytest.approx(1.0)
