"""The live map in a real browser, on a real Streamlit server, with every outside address blocked."""

import json
import math
import re
from collections.abc import Callable

import geopandas as gpd
import pytest
from playwright.sync_api import Locator, Page, WebSocket, expect

from tests.browser import axe
from tests.browser.fixtures import HOSTILE_NAME, until

MESSAGE_LIMIT_BYTES = 8_000

# An invented picture: the buttons change it in the ways a page does.
PAGE = """
import json, random
from pathlib import Path
import streamlit as st
from dashboard.map.assets import publish, publish_geometry
from dashboard.map.layers import AreaLayer, MapPicture, MapTexts, Mark, SiteLayer
from dashboard.map.live import live_map
from geodata.codes import SITE_KINDS

st.set_page_config(layout="wide")
HERE = Path(__file__).parent
state = st.session_state


@st.cache_resource
def boundaries():
    return publish_geometry(json.loads((HERE / "boundaries.json").read_text()), HERE / "static")


def picture():
    level = "gemeente" if state.get("gemeente") else "vr"
    codes = boundaries().codes[level][: 10 if state.get("part") else None]
    draw = random.Random(state.get("seed", 1))
    scores = [None if at == 3 else draw.uniform(0, 10) for at in range(len(codes))]
    order = sorted((score for score in scores if score is not None), reverse=True)
    ranks = [None if score is None else order.index(score) + 1 for score in scores]
    lows = [None if rank is None else max(1, rank - 9) for rank in ranks]
    highs = [None if rank is None else min(len(order), rank + 9) for rank in ranks]
    marks = [Mark.FLAGGED if rank and rank < 4 else Mark.UNSURE if rank == 4 else Mark.NONE for rank in ranks]
    areas = AreaLayer(level, codes, tuple(scores), tuple(ranks), tuple(lows), tuple(highs), tuple(marks))
    sites = None
    if state.get("sites"):
        number = range(2000)
        sites = SiteLayer(
            site_ids=tuple(f"S{at}" for at in number), names=tuple(f"Bedrijf {at}" for at in number),
            kinds=tuple(SITE_KINDS[at % 8] for at in number), scores=tuple(draw.uniform(0, 10) for _ in number)
            if state.get("site_scores") else (9.0,) * 2000,
            longitudes=tuple(None if at >= 1990 else 5.0 if at == 0 else 6.9 for at in number),
            latitudes=tuple(None if at >= 1990 else 52.0 if at == 0 else 51.0 for at in number),
        )
    texts = MapTexts(
        language="nl", class_words=tuple(f"voorbeeld: klasse {at}" for at in range(1, 6)),
        kind_words={kind: f"soort {kind}" for kind in SITE_KINDS}, legend_title="Aandacht, 0-10",
        no_data="geen gegevens", flagged="hoog en zeker", unsure="hoog maar onzeker", rank="Plaats", name="Naam",
        score="Score", risk_class="Klasse", interval="5-95 %", interval_hint="Plaats met 90 % zekerheid",
        list_caption="Ranglijst", list_filter="Zoek een naam", list_empty="Geen naam gevonden", map_label="Kaart",
        zoom_in="Inzoomen", zoom_out="Uitzoomen", whole_country="Heel het land", sites="Locaties",
        sites_unplaced="zonder plek op de kaart", loading="Laden", failed="De kaart kon niet laden",
        attribution="Bron: verzonnen", tile_attribution="Kaartgegevens: verzonnen",
        banner="VOORBEELD - verzonnen cijfers", draw="Tekenen", draw_hint="Klik hoeken", draw_close="Klaar",
        draw_view="In beeld", draw_stop="Stop", draw_few="Nog een hoek",
    )
    return MapPicture(areas, texts, sites=sites, selected=state.get("chosen", ""),
                      selected_site=state.get("chosen_site", ""), focus=state.get("focus", ""),
                      drawn=state.get("drawn", ""))


def set_state(**values):
    state.update(values)


def map_page():
    columns = iter(st.columns(8))
    def button(text, **values):
        next(columns).button(text, on_click=set_state, kwargs=values)
    button("Andere cijfers", seed=state.get("seed", 1) + 1)
    button("Gemeenten", gemeente=True)
    button("Regio's", gemeente=False)
    button("Deel", part=True)
    button("Locaties", sites=True)
    button("Naar VR05", focus="VR05")
    button("Kies VR02", chosen="VR02")
    event = live_map(
        picture(), key="map", assets=publish(HERE / "static"), geometry=boundaries(), height=480,
        on_select=lambda code: set_state(chosen=code), on_select_site=lambda site: set_state(chosen_site=site),
        on_other=set_state,
    )
    st.text(f"gekozen={state.get('chosen', '')} locatie={state.get('chosen_site', '')} nu={event.selected}")
    st.text(f"cijfers={state.get('seed', 1)}")
    st.text(f"getekend={state.get('drawn', '')}")


def other_page():
    st.text("Een andere bladzijde")


st.navigation([st.Page(map_page, title="Kaart", url_path="kaart", default=True),
               st.Page(other_page, title="Anders", url_path="anders")]).run()
"""


@pytest.fixture(scope="module")
def map_url(
    tmp_path_factory: pytest.TempPathFactory, serve: Callable[..., str], invented_topology: dict[str, object]
) -> str:
    folder = tmp_path_factory.mktemp("map")
    (folder / "boundaries.json").write_text(json.dumps(invented_topology), "utf-8")
    (folder / "page.py").write_text(PAGE, "utf-8")
    return serve(folder / "page.py")


@pytest.fixture
def page(map_url: str, open_page: Callable[..., Page]) -> Page:
    page = open_page(map_url, reduced_motion="reduce")
    expect(paths(page)).to_have_count(25)
    return page


def paths(page: Page) -> Locator:
    return page.locator("path.area")


def rows(page: Page) -> Locator:
    return page.locator(".ranking tbody tr")


def press(page: Page, name: str) -> None:
    page.get_by_role("button", name=name, exact=True).click()


def fills(page: Page) -> list[str]:
    return paths(page).evaluate_all("all => all.map(path => path.getAttribute('fill'))")


def answer(page: Page) -> Locator:
    return page.get_by_text(re.compile(r"^gekozen="))


def width_of(box: dict[str, float] | None) -> float:
    assert box is not None
    return box["width"]


def width(locator: Locator) -> float:
    return width_of(locator.bounding_box())


def drawn(page: Page) -> str:
    return page.get_by_text(re.compile(r"^getekend=")).inner_text().removeprefix("getekend=")


def test_an_area_is_drawn_by_its_corners_or_taken_from_the_view(page: Page) -> None:
    """A corner is no choice of the area below it; Escape leaves everything as it was."""
    box = page.locator(".map").bounding_box()
    assert box is not None
    middle = box["x"] + box["width"] * 0.6, box["y"] + box["height"] * 0.5
    lines = page.locator("path.drawn-line")
    press(page, "Tekenen")
    bar = page.locator(".drawing-bar")
    expect(bar).to_be_visible()
    for across, down in [(-60, -50), (60, -50)]:
        page.mouse.click(middle[0] + across, middle[1] + down)
    press(page, "Klaar")
    expect(bar).to_contain_text("Nog een hoek")
    page.mouse.click(middle[0] + 60, middle[1] + 50)
    page.mouse.click(middle[0] - 60, middle[1] + 50)
    page.locator(".map").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_text(re.compile(r"^getekend=\d"))).to_be_visible()
    expect(bar).to_be_hidden()
    corners = [float(number) for number in drawn(page).split("~")]
    assert len(corners) == 8
    north, west, *_, south, again_west = corners
    assert north > south
    assert west == again_west
    assert lines.evaluate_all("all => all.filter((one) => one.getAttribute('d').length > 9).length") == 1
    expect(answer(page)).to_have_text("gekozen= locatie= nu=None")

    before = drawn(page)
    press(page, "Tekenen")
    page.mouse.click(*middle)
    page.keyboard.press("Escape")
    expect(bar).to_be_hidden()
    assert drawn(page) == before

    button = page.get_by_role("button", name="Tekenen")
    button.focus()
    page.keyboard.press("Enter")
    page.get_by_role("button", name="In beeld").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_text(f"getekend={before}")).to_be_hidden()
    view = [float(number) for number in drawn(page).split("~")]
    assert min(view[::2]) < south < north < max(view[::2])


def recolour(page: Page) -> None:
    before = page.get_by_text(re.compile(r"^cijfers=")).inner_text()
    press(page, "Andere cijfers")
    expect(page.get_by_text(re.compile(r"^cijfers="))).not_to_have_text(before)


def listen(page: Page) -> list[bytes]:
    """Collect every message that the server sends over Streamlit's socket."""
    frames: list[bytes] = []

    def attach(opened: WebSocket) -> None:
        opened.on("framereceived", lambda data: frames.append(data if isinstance(data, bytes) else data.encode()))

    page.on("websocket", attach)
    return frames


def test_draws_the_regions_and_the_gemeenten_with_a_row_for_each_and_a_search(page: Page) -> None:
    expect(rows(page)).to_have_count(25)
    press(page, "Gemeenten")
    expect(paths(page)).to_have_count(342)
    expect(rows(page)).to_have_count(342)
    page.get_by_role("searchbox").fill("VIERKANT 34")
    expect(page.locator(".ranking tbody tr:visible")).to_have_count(3)
    page.get_by_role("searchbox").fill("bestaat niet")
    expect(page.locator(".empty")).to_have_text("Geen naam gevonden")


def test_the_list_goes_by_place_the_legend_counts_each_area_once_and_the_map_says_whose_it_is(page: Page) -> None:
    expect(rows(page)).to_have_count(25)
    places = [text.split()[0] for text in page.locator(".ranking td.place").all_inner_texts()]
    assert places == [*map(str, range(1, 25)), "–"]
    expect(rows(page).last).to_contain_text("geen gegevens")
    assert fills(page)[3] == "url(#rb-hatch)"
    assert page.locator("svg #rb-hatch").count() == 1
    counts = page.locator(".classes tr:has(.chip) .count").all_inner_texts()
    assert sum(map(int, counts)) == 25
    expect(page.locator(".classes")).to_contain_text("voorbeeld: klasse 5")
    expect(page.locator(".band")).to_have_text("VOORBEELD - verzonnen cijfers")
    expect(page.locator(".credit")).to_have_text("Bron: verzonnen")


def boxes(names: Locator) -> list[tuple[str, float, float, float, float]]:
    return names.evaluate_all(
        """all => all.map((one) => {
          const {left, top, right, bottom} = one.getBoundingClientRect();
          return [one.textContent, left, top, right, bottom];
        })"""
    )


def test_names_never_lie_over_each_other_and_more_come_as_one_zooms_in(page: Page) -> None:
    names = page.locator(".landmark span")
    expect(names.filter(has_text="Streek 25")).to_have_count(1)
    assert page.locator(".landmark .town").count() == 0
    expect(page.locator("path.river")).to_have_count(1)
    press(page, "Gemeenten")
    expect(names.filter(has_text="Streek")).to_have_count(0)
    expect(page.locator(".landmark .town").filter(has_text="Groningen")).to_have_count(1)
    for _ in range(4):
        before = page.locator(".landmark .area").all_inner_texts()
        press(page, "Inzoomen")
        until(page, lambda before=before: page.locator(".landmark .area").all_inner_texts() != before or not before)
        found = boxes(names)
        for at, (name, left, top, right, bottom) in enumerate(found):
            for other, far_left, far_top, far_right, far_bottom in found[:at]:
                apart = left >= far_right or far_left >= right or top >= far_bottom or far_top >= bottom
                assert apart, (name, other)
    expect(page.locator(".landmark .area.gemeente").first).to_contain_text("Vierkant")
    assert page.evaluate("window.hacked") is None


def test_other_figures_keep_the_view_and_the_drawing(page: Page) -> None:
    page.get_by_role("button", name="Inzoomen").click()
    page.get_by_role("button", name="Inzoomen").click()
    paths(page).nth(8).evaluate("path => { path.mine = true }")
    place, before = paths(page).nth(8).bounding_box(), fills(page)
    press(page, "Andere cijfers")
    until(page, lambda: fills(page) != before)
    assert paths(page).nth(8).bounding_box() == place
    assert paths(page).nth(8).evaluate("path => path.mine")  # the same path, only another colour


def test_the_view_survives_a_visit_to_another_page(page: Page) -> None:
    page.get_by_role("button", name="Inzoomen").click()
    place = paths(page).nth(8).bounding_box()
    page.get_by_role("link", name="Anders").click()
    expect(page.get_by_text("Een andere bladzijde")).to_be_visible()
    page.get_by_role("link", name="Kaart").click()
    expect(paths(page)).to_have_count(25)
    now = paths(page).nth(8).bounding_box()
    assert place
    assert now
    assert (now["width"], now["height"]) == pytest.approx((place["width"], place["height"]), abs=0.1)


def test_a_resize_keeps_the_whole_country_in_sight(page: Page) -> None:
    page.set_viewport_size({"width": 1000, "height": 900})
    sheet = page.locator(".sheet").bounding_box()
    assert sheet is not None

    def inside() -> bool:
        boxes = [paths(page).nth(at).bounding_box() for at in (0, 24)]
        return all(one and one["x"] >= sheet["x"] and one["x"] + one["width"] <= 1000 for one in boxes)

    until(page, inside)


def test_a_map_that_is_left_while_it_takes_another_size_leaves_no_error(page: Page) -> None:
    """Leaflet tells the end of a resize a fifth of a second later, by then of a map that is gone."""
    page.evaluate("[...document.querySelectorAll('a')].find((link) => link.textContent.includes('Anders')).click()")
    other = page.get_by_text("Een andere bladzijde")
    width = 1000
    while not other.is_visible():
        page.set_viewport_size({"width": (width := width + 1), "height": 900})
    page.wait_for_timeout(400)


def test_the_view_moves_only_when_another_focus_is_asked_for(page: Page) -> None:
    small = paths(page).nth(4).bounding_box()
    press(page, "Naar VR05")
    until(page, lambda: width(paths(page).nth(4)) > 2 * width_of(small))
    page.get_by_role("link", name="Anders").click()
    expect(page.get_by_text("Een andere bladzijde")).to_be_visible()
    page.get_by_role("link", name="Kaart").click()
    until(page, lambda: paths(page).count() == 25 and width(paths(page).nth(4)) > 2 * width_of(small))
    page.get_by_role("button", name="Heel het land").click()
    until(page, lambda: width(paths(page).nth(4)) < 1.2 * width_of(small))
    recolour(page)
    assert width(paths(page).nth(4)) < 1.2 * width_of(small)


def test_a_click_on_an_area_tells_python_and_marks_its_row(page: Page) -> None:
    paths(page).nth(11).click()
    expect(answer(page)).to_have_text("gekozen=VR12 locatie= nu=VR12")
    expect(page.locator(".ranking tr.selected th button")).to_have_attribute("aria-pressed", "true")
    expect(page.locator(".ranking tr.selected")).to_contain_text("Streek 12")
    recolour(page)
    expect(answer(page)).to_have_text("gekozen=VR12 locatie= nu=None")  # an event happens once
    paths(page).nth(11).click()
    expect(answer(page)).to_have_text("gekozen= locatie= nu=")
    expect(page.locator(".ranking tr.selected")).to_have_count(0)


def test_a_click_on_a_row_tells_python_and_outlines_its_area(page: Page) -> None:
    rows(page).filter(has_text="Streek 20").click()
    expect(answer(page)).to_have_text("gekozen=VR20 locatie= nu=VR20")
    line, area = page.locator("path.select-line"), paths(page).nth(19)
    until(page, lambda: abs(width(line) - width(area)) < 8)


def test_the_page_can_choose_too(page: Page) -> None:
    press(page, "Kies VR02")
    expect(page.locator(".ranking tr.selected")).to_contain_text("Streek 02")


def test_keyboard_walks_and_chooses(page: Page) -> None:
    page.locator(".ranking button").first.focus()
    first, second = page.locator(".ranking th button").nth(0), page.locator(".ranking th button").nth(1)
    assert [first.get_attribute("tabindex"), second.get_attribute("tabindex")] == ["0", "-1"]
    page.keyboard.press("ArrowDown")
    expect(second).to_be_focused()
    expect(page.locator(".ranking tr.hovered button")).to_be_focused()
    name = second.inner_text()
    page.keyboard.press("Enter")
    expect(page.locator(".ranking tr.selected")).to_contain_text(name)
    expect(answer(page)).not_to_have_text(re.compile("gekozen= "))
    recolour_keeping = page.locator(".ranking button:focus").inner_text()
    page.keyboard.press("End")
    expect(page.locator(".ranking tbody tr").last.locator("button")).to_be_focused()
    assert recolour_keeping == name


def test_focus_stays_on_its_row_when_figures_change(page: Page) -> None:
    rows(page).filter(has_text="Streek 09").locator("button").focus()
    before = fills(page)
    page.get_by_role("button", name="Andere cijfers").evaluate("button => button.click()")  # leaves the focus
    until(page, lambda: fills(page) != before)
    expect(rows(page).filter(has_text="Streek 09").locator("button")).to_be_focused()


def test_hover_joins_map_and_list(page: Page) -> None:
    paths(page).nth(6).hover()
    expect(page.locator(".ranking tr.hovered")).to_contain_text("Streek 07")
    expect(page.locator(".leaflet-tooltip")).to_contain_text(
        re.compile(r"Streek 07.*\d,\d · voorbeeld: klasse \d", re.DOTALL)
    )
    rows(page).filter(has_text="Streek 15").hover()
    line, area = page.locator("path.hover-line"), paths(page).nth(14)
    until(page, lambda: abs(width(line) - width(area)) < 8)


def test_a_name_never_runs(page: Page) -> None:
    paths(page).nth(2).hover()
    expect(page.locator(".leaflet-tooltip strong")).to_have_text(HOSTILE_NAME)
    expect(rows(page).filter(has_text=HOSTILE_NAME)).to_have_count(1)
    press(page, "Gemeenten")
    expect(paths(page)).to_have_count(342)
    assert page.evaluate("window.hacked") is None
    assert page.locator(".picture img, .picture script").count() == 0


def test_areas_outside_the_picture_stay_blank_and_unlisted(page: Page) -> None:
    press(page, "Deel")
    expect(rows(page)).to_have_count(10)
    assert len(set(fills(page)[10:])) == 1
    expect(page.locator("path.area.outside")).to_have_count(15)


def test_a_change_of_figures_is_a_small_message(map_url: str, new_page: Callable[..., Page]) -> None:
    page = new_page()
    frames = listen(page)
    page.goto(map_url)
    expect(paths(page)).to_have_count(25)
    press(page, "Gemeenten")
    expect(paths(page)).to_have_count(342)
    page.wait_for_selector("[data-testid=stApp][data-test-script-state=notRunning]")
    frames.clear()
    recolour(page)
    sizes = [len(frame) for frame in frames if b'"ranks"' in frame]
    assert len(sizes) == 1
    assert sizes[0] < MESSAGE_LIMIT_BYTES


def test_boundaries_and_library_reach_the_browser_once(map_url: str, new_page: Callable[..., Page]) -> None:
    page = new_page()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url.rsplit("/", 1)[-1]))
    page.goto(map_url)
    expect(paths(page)).to_have_count(25)
    press(page, "Gemeenten")
    expect(paths(page)).to_have_count(342)
    recolour(page)
    assert sum(name.startswith("boundaries-") for name in asked) == 1
    again = page.context.new_page()
    again.goto(map_url)
    expect(paths(again)).to_have_count(25)
    sent = again.evaluate(
        "performance.getEntriesByType('resource').filter(one => one.name.includes('app/static'))"
        ".map(one => one.transferSize)"
    )
    assert set(sent) == {0}  # all from the browser's own cache


def test_the_decoder_gives_the_very_corners_of_the_file(page: Page, invented_areas: gpd.GeoDataFrame) -> None:
    decoded = page.evaluate(
        """async () => {
          const files = performance.getEntriesByType("resource").map((one) => one.name);
          const { decodeTopology } = await import(files.find((name) => name.endsWith("/topology.js")));
          const boundaries = await (await fetch(files.find((name) => name.includes("/boundaries-")))).json();
          return decodeTopology(boundaries).gemeente.map(({ code, polygons }) => [code, polygons]);
        }"""
    )
    shapes = invented_areas.set_index("gemeente_code").geometry
    assert [code for code, _ in decoded] == list(shapes.index)
    for code, ((ring,),) in decoded:
        south, north = min(y for y, _ in ring), max(y for y, _ in ring)
        west, east = min(x for _, x in ring), max(x for _, x in ring)
        assert (west, south, east, north) == pytest.approx(shapes[code].bounds, abs=3e-4)  # the grid of the file
        assert ring[0] == ring[-1]


def test_sites_are_all_counted_and_can_be_chosen(page: Page) -> None:
    press(page, "Locaties")
    legend = page.locator(".card.sites")
    expect(legend).to_contain_text("Locaties: 2000")
    expect(legend).to_contain_text("10 zonder plek op de kaart")
    assert sum(map(int, legend.locator(".count").all_inner_texts())) == 2000
    where = page.evaluate(
        """() => {
          const root = [...document.querySelectorAll("[data-testid=stBidiComponentIsolated]")]
            .map((one) => one.shadowRoot).find((one) => one.querySelector(".map"));
          const box = (path) => path.getBoundingClientRect();
          const all = [...root.querySelectorAll("path.area")].map(box);
          return { left: Math.min(...all.map((one) => one.left)), right: Math.max(...all.map((one) => one.right)),
                   top: Math.min(...all.map((one) => one.top)), bottom: Math.max(...all.map((one) => one.bottom)) };
        }"""
    )
    # Site S0 stands alone at 5.0 E, 52.0 N, on a country of 3.4-7.2 E and 50.8-53.5 N (Mercator).
    x = where["left"] + (where["right"] - where["left"]) * (5.0 - 3.4) / 3.8
    heights = [math.asinh(math.tan(math.radians(latitude))) for latitude in (50.8, 52.0, 53.5)]
    y = where["bottom"] - (where["bottom"] - where["top"]) * (heights[1] - heights[0]) / (heights[2] - heights[0])
    page.mouse.move(x, y)
    expect(page.locator(".leaflet-tooltip")).to_contain_text("Bedrijf 0")
    expect(page.locator(".leaflet-tooltip")).to_contain_text("soort slaughterhouse")
    page.mouse.click(x, y)
    expect(answer(page)).to_have_text("gekozen= locatie=S0 nu=None")


def test_sites_are_not_sent_again_with_other_figures(map_url: str, new_page: Callable[..., Page]) -> None:
    page = new_page()
    frames = listen(page)
    page.goto(map_url)
    press(page, "Locaties")
    expect(page.locator(".card.sites")).to_contain_text("Locaties: 2000")
    assert sum(b'"longitudes"' in frame for frame in frames) == 1
    frames.clear()
    recolour(page)
    assert not any(b'"longitudes"' in frame for frame in frames)
    expect(page.locator(".card.sites")).to_contain_text("Locaties: 2000")


def test_background_map_appears_when_it_can_be_reached(map_url: str, new_page: Callable[..., Page]) -> None:
    page = new_page()
    pixel = bytes.fromhex(
        "89504e470d0a1a0a0000000d4948445200000001000000010806000000"
        "1f15c4890000000d49444154789c63"
        "606060f80f0001040100"
        "5fe5c34b0000000049454e44ae426082"
    )
    page.context.route("https://service.pdok.nl/**", lambda route: route.fulfill(body=pixel, content_type="image/png"))
    page.goto(map_url)
    expect(page.locator("img.leaflet-tile").first).to_be_attached()
    expect(page.locator(".credit")).to_have_text("Bron: verzonnen · Kaartgegevens: verzonnen")


def test_boundaries_that_cannot_be_read_are_said_to_be(map_url: str, new_page: Callable[..., Page]) -> None:
    page = new_page()
    page.context.route("**/boundaries-*.json", lambda route: route.fulfill(status=404))
    page.goto(map_url)
    expect(page.locator(".note")).to_have_text("De kaart kon niet laden")
    page.context.unroute("**/boundaries-*.json")
    recolour(page)
    expect(paths(page)).to_have_count(25)  # the next message tries again


def test_on_a_phone_the_list_stands_under_the_map(map_url: str, open_page: Callable[..., Page]) -> None:
    page = open_page(map_url, width=390, height=844, has_touch=True, is_mobile=True)
    expect(paths(page)).to_have_count(25)
    stage, ranking = page.locator(".stage").bounding_box(), page.locator(".ranking").bounding_box()
    assert stage
    assert ranking
    assert ranking["y"] >= stage["y"] + stage["height"]
    assert stage["width"] <= 390
    assert ranking["x"] + ranking["width"] <= 390
    assert page.locator(".scroller").evaluate("box => box.scrollWidth <= box.clientWidth")
    # One finger scrolls the page, also when it starts on the map.
    assert page.locator(".map").evaluate("map => getComputedStyle(map).touchAction") == "pan-x pan-y"


def test_accessible_without_serious_findings(page: Page) -> None:
    press(page, "Locaties")
    expect(page.locator(".card.sites")).to_be_visible()
    found = axe.findings(page, within=".stBidiComponent", rules=None)
    assert [finding for finding in found if finding[1] in axe.SERIOUS] == []
