"""Links between work and housing, and what each region's contact may know of them. All sites are invented."""

import geopandas as gpd
import pandas as pd
from shapely.geometry import Point

from risk.scores import site_tables


def _sites(*rows):
    base = {"kind": "lodging", "employer_group": "", "located": "exact", "vr_code": "VR06"}
    table = pd.DataFrame([base | {"site_id": name} | row for name, row in rows])
    points = [None if (xy := row.get("xy")) is None else Point(xy) for _, row in rows]
    return gpd.GeoDataFrame(table.drop(columns="xy", errors="ignore"), geometry=points, crs="EPSG:28992")


SITES = _sites(
    ("A-work", {"kind": "greenhouse", "xy": (0, 0), "employer_group": "G"}),
    ("B-work", {"kind": "packing_hall", "xy": (40_000, 0), "employer_group": "G", "vr_code": "VR07"}),
    ("C-near", {"xy": (3_000, 0)}),
    ("D-over", {"xy": (-4_000, 0), "vr_code": ""}),
    ("E-far", {"xy": (0, 25_000)}),
    ("F-agency", {"xy": (0, 60_000), "employer_group": "U"}),
    ("G-agency", {"xy": (0, 90_000), "employer_group": "U", "vr_code": "VR07"}),
    ("H-nowhere", {"xy": None, "located": "none", "employer_group": "U"}),
)


def test_links_by_distance_employer_and_agency():
    links = site_tables.find_links(SITES)
    pairs = {(frozenset((a, b)), why) for a, b, why in links[["site_id", "other_site_id", "why"]].to_numpy()}
    assert pairs == {
        (frozenset(("A-work", "B-work")), "employer"),
        (frozenset(("A-work", "C-near")), "distance"),
        (frozenset(("A-work", "D-over")), "distance"),
        (frozenset(("F-agency", "G-agency")), "agency"),
        (frozenset(("F-agency", "H-nowhere")), "agency"),
        (frozenset(("G-agency", "H-nowhere")), "agency"),
    }
    by_pair = links.set_index(["site_id", "other_site_id"])["distance_m"]
    assert by_pair["C-near", "A-work"] == 3_000
    assert by_pair.isna().sum() == 2


def test_another_region_shows_only_its_code():
    table = site_tables.site_links(SITES, site_tables.find_links(SITES)).set_index("unit_id")
    assert table.loc["A-work", "linked_site_ids"] == "C-near;D-over"
    assert table.loc["A-work", "why"] == "distance"
    assert table.loc["A-work", "other_vr_codes"] == "VR07"
    assert table.loc["B-work"].tolist() == ["", "", "VR06"]
    assert "E-far" not in table.index
    own = table.loc[["A-work", "C-near", "F-agency"]].to_string()
    assert "B-work" not in own
    assert "G-agency" not in own


def test_many_sites_of_another_region_give_the_same_line_as_one():
    more = pd.concat(
        [
            SITES,
            _sites(
                *(
                    (f"Z{i}", {"kind": "greenhouse", "xy": (50_000 + i, 9), "employer_group": "G", "vr_code": "VR07"})
                    for i in range(5)
                )
            ),
        ]
    )
    one, many = (site_tables.site_links(s, site_tables.find_links(s)).set_index("unit_id") for s in (SITES, more))
    assert one.loc["A-work"].tolist() == many.loc["A-work"].tolist()


def test_no_sites_have_no_links():
    links = site_tables.find_links(SITES.iloc[:0])
    assert links.empty
    assert site_tables.site_links(SITES.iloc[:0], links).empty


def test_a_large_group_stays_small_work():
    rows = ((f"S{i:05d}", {"kind": "greenhouse", "xy": (i * 30_000, 0), "employer_group": "G"}) for i in range(3_000))
    assert len(site_tables.find_links(_sites(*rows))) < 3_000 * 61
