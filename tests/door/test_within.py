"""What lies in an area that was drawn: scoped first, then counted."""

import numpy as np
import pandas as pd
import pytest
import shapely

from access.viewer import Viewer
from door import within
from door.store import ScopedStore, open_store
from geodata import codes
from geodata.tables.corrections import valid_activations

SECTORS = tuple(codes.SECTORS)
LATE = pd.Timestamp("2021-01-01")
COUNTRY = shapely.box(0, 300_000, 290_000, 640_000)


def counted(viewer: Viewer, area: shapely.Polygon = COUNTRY, sectors: tuple[str, ...] = SECTORS) -> within.Within:
    return within.count(open_store(viewer), area, sectors, LATE)


def sum_of(found: within.Within, part: str) -> float:
    return float(found.counts.loc[found.counts["part"] == part, "count_n"].sum())


def test_the_whole_country_holds_what_the_tables_hold() -> None:
    found, store = counted(Viewer("lotc")), open_store(Viewer("lotc"))
    sites = store.table("sites")
    placed = sites[~(sites.geometry.isna() | sites.geometry.is_empty)]
    assert found.gemeenten_n == len(store.table("gemeenten"))
    assert sum_of(found, "sites") == shapely.intersects(COUNTRY, placed.geometry.to_numpy()).sum()
    exposure = store.table("exposure")
    newest = exposure[(exposure["year"] == exposure["year"].max()) & exposure["sector_code"].isin(SECTORS)]
    assert sum_of(found, "workers") == pytest.approx(newest["workers_n"].sum())
    assert found.area_km2 == pytest.approx(290 * 340)
    assert found.parts == ("workers", "sites", "visits")
    assert not found.is_own


def test_two_regions_count_together_what_the_nation_counts_of_them() -> None:
    both, each = Viewer("region", ("VR06", "VR08")), [Viewer("region", (code,)) for code in ("VR06", "VR08")]
    for part in ("workers", "sites", "visits"):
        assert sum_of(counted(both), part) == sum(sum_of(counted(one), part) for one in each)


def test_areas_that_differ_by_one_foreign_site_tell_the_same() -> None:
    """Draw around the whole country, and around all of it but another region's one site: nothing changes."""
    viewer = Viewer("region", ("VR06",))
    sites = open_store(Viewer("lotc")).table("sites")
    sites = sites[~(sites.geometry.isna() | sites.geometry.is_empty)]
    theirs = sites[sites["vr_code"] == "VR08"].geometry.iloc[0]
    without = shapely.difference(COUNTRY, theirs.buffer(1))
    kept, cut = counted(viewer, COUNTRY), counted(viewer, without)
    pd.testing.assert_frame_equal(kept.counts, cut.counts)
    assert (kept.gemeenten_n, kept.roughly_n, kept.unplaced_n) == (cut.gemeenten_n, cut.roughly_n, cut.unplaced_n)
    assert kept.is_own
    nation = [counted(Viewer("lotc"), area) for area in (COUNTRY, without)]
    assert sum_of(nation[0], "sites") - sum_of(nation[1], "sites") == 1


def test_an_area_at_sea_holds_nothing() -> None:
    found = counted(Viewer("lotc"), shapely.box(10_000, 560_000, 20_000, 570_000))
    assert found.counts.empty
    assert found.parts == ("workers", "sites", "visits")
    assert found.gemeenten_n == 0


@pytest.mark.parametrize("role", ["policy", "privacy", "partner"])
def test_who_sees_no_places_may_not_draw(role: str) -> None:
    assert not within.may_count(open_store(Viewer(role, organisation="Partner-VR06" if role == "partner" else "")))
    assert all(within.may_count(open_store(Viewer(one))) for one in ("lotc", "analyst"))


def test_what_is_not_public_is_said_and_never_taken_for_nil(monkeypatch: pytest.MonkeyPatch) -> None:
    read = ScopedStore.table

    def held_back(store: ScopedStore, name: str) -> pd.DataFrame:
        table = read(store, name)
        if name == "exposure":
            is_held = (table["sector_code"] == "construction") | (table["gemeente_code"] == "GM0363")
            table = table.assign(workers_n=np.where(is_held, np.nan, table["workers_n"]))
        return table

    monkeypatch.setattr(ScopedStore, "table", held_back)
    workers = counted(Viewer("lotc")).counts.query("part == 'workers'").set_index("code")
    assert np.isnan(workers.loc["construction", "count_n"])
    assert workers.loc["construction", "status"] == "missing"
    others = workers.drop(index="construction")
    assert (others["hidden_n"] >= 1).all()
    assert (others["count_n"] > 0).all()


def test_a_corrected_visit_counts_once_and_a_later_one_not_at_all() -> None:
    store = open_store(Viewer("lotc"))
    visits = store.table("activations")
    early = visits["event_date"].min()
    found = within.count(store, COUNTRY, SECTORS, early)
    valid = valid_activations(visits)
    valid = valid[valid["event_date"] <= early]
    assert sum_of(found, "visits") <= len(valid) < len(visits)
    assert sum_of(counted(Viewer("lotc")), "visits") > sum_of(found, "visits")
