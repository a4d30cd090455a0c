"""Corrected places that are taken over into the figures: which sites move, and what follows them."""

from pathlib import Path

import geopandas as gpd
import pandas as pd
import pytest
import shapely

from commands.data import main
from door import store as access
from geodata.errors import AccessDeniedError
from geodata.refresh import build
from geodata.tables import corrections
from risk.targets import decisions
from risk.targets import inputs as target_inputs

DAY = pd.Timestamp("2020-11-30")


def _store(viewer="lotc"):
    return access.open_store(access.parse_viewer(viewer))


def _correct(site, gemeente_code):
    gemeenten = _store().table("gemeenten").set_index("gemeente_code")
    inside = gemeenten.loc[gemeente_code].geometry.representative_point()
    decisions.correct_place(_store(), site, f"{inside.x:.0f} {inside.y:.0f}", "seen on the spot", DAY)
    return inside


def _sites():
    return _store().table("sites").set_index("site_id")


@pytest.fixture
def unplaced():
    """Return a site without a place of which nothing else is wrong, and a gemeente of its region."""
    problems = target_inputs.read_problems(_store())
    site = _sites().loc[problems.loc[problems["problem"] == "no_place", "site_id"]].query("vr_code != ''").iloc[0]
    gemeenten = _store().table("gemeenten").query("vr_code == @site.vr_code")
    return site.name, gemeenten["gemeente_code"].iloc[-1]


def test_a_place_that_is_taken_over_clears_the_finding_and_a_withdrawn_one_brings_it_back(unplaced):
    site, gemeente = unplaced
    inside = _correct(site, gemeente)
    before = _store().data_version
    assert decisions.take_over_places(_store(), is_dry_run=True).kept_n == 1
    assert _store().data_version == before, "a dry run changes nothing"

    receipt = decisions.take_over_places(_store())
    assert [line.key for line in receipt.changed] == ["place_added"]
    after = _store()
    assert after.data_version != before, "scores are kept by the version of the data"
    assert after.is_demonstration
    row = _sites().loc[site]
    assert row.geometry.distance(inside) < 2
    assert row[["gemeente_code", "located", "place_corrected_on"]].tolist() == [gemeente, "exact", "2020-11-30"]
    assert site not in set(target_inputs.read_problems(after)["site_id"])
    others = _sites().drop(index=site)
    assert set(others["place_corrected_on"]) == {""}

    version = after.data_version
    assert decisions.take_over_places(_store()).is_unchanged
    assert _store().data_version == version

    decisions.withdraw_place(_store(), site, "it was the neighbour", DAY)
    decisions.take_over_places(_store())
    assert _sites().loc[site].geometry is None
    assert site in set(target_inputs.read_problems(_store())["site_id"])
    build.undo()
    assert _sites().loc[site, "place_corrected_on"] == "2020-11-30", "undone as any other delivery"


def test_a_correction_stands_at_the_next_taking_over_too(unplaced):
    """It was compared with its own result once: the place of the list was forgotten."""
    first, gemeente = unplaced
    _correct(first, gemeente)
    decisions.take_over_places(_store())
    own = _store().table("sites").dropna(subset="geometry")
    listed = own[(own["vr_code"] == _sites().loc[first, "vr_code"]) & (own["site_id"] != first)].iloc[0]
    _correct(listed["site_id"], gemeente)
    receipt = decisions.take_over_places(_store())
    assert {line.key for line in receipt.changed} == {"place_added", "place_moved"}
    assert not receipt.left_out
    assert _sites().loc[[first, listed["site_id"]], "place_corrected_on"].tolist() == ["2020-11-30"] * 2


def test_only_who_keeps_the_sources_takes_places_over():
    for viewer in ("region:VR06", "analyst"):
        with pytest.raises(AccessDeniedError, match="may not take corrected places over"):
            decisions.take_over_places(_store(viewer))


def test_a_practice_entry_never_moves_a_real_site(tmp_path: Path):
    """Without sign-in each entry is invented, and the example and real figures never mix."""
    path = tmp_path / "parken.csv"
    path.write_text("naam,soort,bedden,x,y\nPark A,vakantiepark,100,172000,450000\n", "utf-8")
    assert main(["import", "sites", str(path)]) == 0
    store = _store()
    assert not store.is_demonstration
    listed = store.table("sites").iloc[0]
    decisions.correct_place(store, listed["site_id"], "172100 450100", "seen on the spot", DAY)
    assert decisions.corrected_place(store, listed["site_id"]) is not None
    assert decisions.take_over_places(store).is_unchanged
    assert _store().table("sites").iloc[0].geometry == listed.geometry


def test_a_later_list_goes_before_a_correction_and_no_site_changes_its_region():
    gemeenten = _store().table("gemeenten").set_index("gemeente_code", drop=False)
    home, away = gemeenten.query("vr_code == 'VR06'").iloc[0], gemeenten.query("vr_code == 'VR07'").iloc[0]
    here, there = home.geometry.representative_point(), away.geometry.representative_point()
    sites = gpd.GeoDataFrame(
        {
            "site_id": list("abcd"),
            "vr_code": ["VR06", "VR06", "VR06", ""],
            "gemeente_code": [home.name, home.name, home.name, ""],
            "located": "address",
            "place_corrected_on": "",
        },
        geometry=[here, here, here, None],
        crs=28992,
    )
    near = shapely.Point(here.x + 50, here.y)
    listed = [here, near, here, None, here]
    places = [near, near, there, there, near]
    table = pd.DataFrame({"site_id": list("abcdz"), "corrected_on": "2020-11-30"}).assign(
        listed_wgs84=corrections.texts_of(gpd.GeoSeries(listed, crs=28992)),
        place_wgs84=corrections.texts_of(gpd.GeoSeries(places, crs=28992)),
    )
    assert corrections.fates(sites, table, gemeenten)["fate"].tolist() == [
        "taken",
        "newer",
        "elsewhere",
        "taken",
        "gone",
    ]
    placed = corrections.with_corrected_places(sites, table, gemeenten).set_index("site_id")
    assert placed["place_corrected_on"].ne("").tolist() == [True, False, False, True]
    assert placed["vr_code"].tolist() == ["VR06", "VR06", "VR06", "VR07"]
    assert placed.loc["a"].geometry.distance(near) < 1


def test_the_command_tells_what_moves_and_writes_it_down(unplaced, tmp_path: Path, capsys):
    site, gemeente = unplaced
    _correct(site, gemeente)
    path = tmp_path / "moved.csv"
    assert main(["import", "places", "--dry-run", "--receipt", str(path)]) == 0
    assert f"{site}: had no place, now that of 2020-11-30" in capsys.readouterr().out
    assert len(pd.read_csv(path)) == 1
    assert main(["import", "places", "--as", "region:VR06"]) == 2
    assert "LOT-C" in capsys.readouterr().err
