"""The folium map: one file that opens from disk, says the same as the live map, and asks nobody for anything."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import folium
import geopandas as gpd
import pytest
from folium.plugins import MiniMap
from playwright.sync_api import Page, expect

from dashboard.map.folium_map import as_single_file, folium_map
from dashboard.map.layers import AreaLayer, MapPicture, MapTexts, Mark, SiteLayer
from dashboard.map.scale import SHADES, class_of, shade
from geodata.codes import SITE_KINDS
from geodata.errors import ContractError
from tests.browser.fixtures import HOSTILE_NAME

TEXTS = MapTexts(
    language="nl",
    class_words=tuple(f"voorbeeld: klasse {at} <b>" for at in range(1, 6)),
    kind_words={kind: f"soort {kind}" for kind in SITE_KINDS},
    legend_title="Aandacht <i>",
    no_data="geen gegevens",
    flagged="hoog en zeker",
    unsure="hoog maar onzeker",
    rank="Plaats",
    name="Naam",
    score="Score",
    risk_class="Klasse",
    interval="5-95 %",
    interval_hint="",
    list_caption="Ranglijst",
    list_filter="",
    list_empty="",
    map_label="",
    zoom_in="",
    zoom_out="",
    whole_country="",
    sites="Locaties",
    sites_unplaced="zonder plek",
    loading="",
    failed="",
    attribution="Bron: verzonnen",
    tile_attribution="Kaartgegevens: verzonnen",
    banner="VOORBEELD - verzonnen cijfers",
    moved="4 weken",
    risen="gestegen",
    fallen="gedaald",
    unmoved="gelijk",
    neighbours={"DE": "Duitsland", "BE": "België"},
)


@pytest.fixture(scope="module")
def picture(invented_regions: gpd.GeoDataFrame) -> MapPicture:
    codes = tuple(invented_regions["vr_code"])
    scores = (None, *[at * 10 / 24 for at in range(1, 24)])  # VR25 is left out
    marks = tuple(Mark.FLAGGED if at == 23 else Mark.UNSURE if at == 22 else Mark.NONE for at in range(24))
    moved = (None, -0.3, *[0.4] * 22)
    return MapPicture(AreaLayer("vr", codes[:24], scores, marks=marks, moved=moved), TEXTS, selected="VR05")


def sites() -> SiteLayer:
    return SiteLayer(
        ("S1", "S2"), (HOSTILE_NAME, "Zonder plek"), ("lodging", "greenhouse"), (5.0, None), (52.0, None), (9.0, None)
    )


def open_file(page: Page, folder: Path, content: str) -> list[str]:
    """Open the page from disk and return every address it asks for beside itself."""
    path = folder / "map.html"
    path.write_text(content, "utf-8")
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(path.as_uri())
    return [url for url in asked if url != path.as_uri()]


def test_opens_from_disk_and_asks_for_nothing(
    picture: MapPicture, invented_regions: gpd.GeoDataFrame, new_page: Callable[..., Page], tmp_path: Path
) -> None:
    page = new_page()
    content = as_single_file(folium_map(replace(picture, sites=sites()), invented_regions))
    asked = open_file(page, tmp_path, content)
    areas = page.locator("path.leaflet-interactive")
    expect(areas).to_have_count(25)
    page.wait_for_load_state("networkidle")
    assert asked == []
    colours = areas.evaluate_all("all => all.map((path) => path.getAttribute('fill'))")
    assert colours[0] == "url(#rb-hatch)"
    for place in (1, 23):
        score = picture.areas.scores[place]
        assert score is not None
        assert colours[place] == shade(score, class_of(score) or 0)
    assert colours[24] not in SHADES
    assert page.evaluate("document.documentElement.lang") == "nl"


def test_says_what_the_live_map_says(
    picture: MapPicture, invented_regions: gpd.GeoDataFrame, new_page: Callable[..., Page], tmp_path: Path
) -> None:
    page = new_page()
    open_file(page, tmp_path, as_single_file(folium_map(replace(picture, sites=sites()), invented_regions)))
    expect(page.locator(".band")).to_have_text("VOORBEELD - verzonnen cijfers")
    expect(page.locator(".credit")).to_have_text("Bron: verzonnen")
    counts = page.locator(".classes tr:has(.chip) .count").all_inner_texts()
    assert sum(map(int, counts)) == 24
    rows = page.locator(".ranking tbody tr")
    expect(rows).to_have_count(24)
    expect(rows.first).to_contain_text("Streek 24")
    expect(rows.first).to_contain_text("9,6")
    expect(rows.last).to_contain_text("geen gegevens")
    moves = page.locator(".ranking tbody .moved")
    expect(moves.first).to_have_text("gestegen ▲ 0,4")
    expect(moves.nth(22)).to_have_text("gedaald ▼ 0,3")
    expect(moves.last).to_have_text("–")
    expect(page.locator(".neighbour")).to_have_text(["Duitsland", "België"])
    expect(page.locator(".card.sites")).to_contain_text("Locaties: 2")
    expect(page.locator(".card.sites")).to_contain_text("1 zonder plek")
    expect(page.locator(".leaflet-marker-icon .ring")).to_have_text(["?", "1"])


def test_a_name_never_runs(
    picture: MapPicture, invented_regions: gpd.GeoDataFrame, new_page: Callable[..., Page], tmp_path: Path
) -> None:
    page = new_page()
    open_file(page, tmp_path, as_single_file(folium_map(picture, invented_regions)))
    expect(page.locator(".ranking tbody th").filter(has_text=HOSTILE_NAME)).to_have_count(1)
    page.locator("path.leaflet-interactive").nth(2).hover()
    expect(page.locator(".leaflet-tooltip strong")).to_have_text(HOSTILE_NAME)
    expect(page.locator(".classes")).to_contain_text("voorbeeld: klasse 5 <b>")
    assert page.evaluate("window.hacked") is None
    assert page.locator("img, main script").count() == 0


def test_gemeenten_carry_the_borders_of_their_regions(
    invented_areas: gpd.GeoDataFrame, new_page: Callable[..., Page], tmp_path: Path
) -> None:
    page = new_page()
    codes = tuple(invented_areas["gemeente_code"])
    picture = MapPicture(AreaLayer("gemeente", codes, (5.0,) * 342), TEXTS)
    open_file(page, tmp_path, as_single_file(folium_map(picture, invented_areas.to_crs("EPSG:28992"))))
    expect(page.locator("path.leaflet-interactive")).to_have_count(342)
    expect(page.locator("path[fill=none]:not(.river)")).to_have_count(25)


def test_names_and_water_stand_in_the_file(
    picture: MapPicture, invented_regions: gpd.GeoDataFrame, new_page: Callable[..., Page], tmp_path: Path
) -> None:
    page = new_page()
    open_file(page, tmp_path, as_single_file(folium_map(picture, invented_regions)))
    names = page.locator(".landmark .area")
    expect(names.filter(has_text="Streek 24")).to_have_count(1)
    expect(names.filter(has_text="Streek 25")).to_have_count(0)  # not in the picture
    expect(page.locator("path.river")).to_have_count(1)
    expect(page.locator("path.lake")).to_have_count(1)


def test_it_is_a_folium_map_like_any_other(picture: MapPicture, invented_regions: gpd.GeoDataFrame) -> None:
    shown = folium_map(picture, invented_regions)
    assert isinstance(shown, folium.Map)
    shown.add_child(folium.CircleMarker((52, 5)))
    assert "circleMarker" in as_single_file(shown)
    assert "VOORBEELD" in shown._repr_html_()


def test_what_would_fetch_something_is_refused_in_one_file(
    picture: MapPicture, invented_regions: gpd.GeoDataFrame
) -> None:
    with pytest.raises(ContractError, match="tileLayer"):
        as_single_file(folium_map(picture, invented_regions, with_background=True))
    shown = folium_map(picture, invented_regions)
    shown.add_child(MiniMap())
    with pytest.raises(ContractError, match="cannot be one file"):
        as_single_file(shown)


def test_the_table_of_another_level_is_refused(picture: MapPicture, invented_areas: gpd.GeoDataFrame) -> None:
    with pytest.raises(ContractError, match="lack the column vr_name"):
        folium_map(picture, invented_areas)
    with pytest.raises(ContractError, match="coordinate system"):
        folium_map(
            replace(picture, areas=AreaLayer("gemeente", (), ())), invented_areas.set_crs(None, allow_override=True)
        )
