"""The first page: the picture, its reasons and both languages in a real browser.

What it says of an odd address, and when data are real, few or bad, by the page alone.
"""

import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from dashboard.parts.figures import score_told
from door import store as access
from geodata import settings
from geodata.refresh import imports
from geodata.snapshots import snapshot
from risk.index.model import load_model
from risk.scores import outputs
from tests.browser import axe
from tests.browser.fixtures import settled, until
from tests.dashboard import drawn
from words import read_texts

# How sure a rank is, is proved in tests/risk/index.
pytestmark = pytest.mark.usefixtures("few_rebuilds")

APP = Path(__file__).parents[3] / "app.py"
Open = Callable[..., Page]
EXAMPLE = "VOORBEELD - verzonnen cijfers"


@pytest.fixture(scope="session")
def app(serve: Callable[..., str]) -> str:
    return serve(APP)


def wait_for_map(page: Page, areas_n: int = 25) -> None:
    expect(page.locator("path.leaflet-interactive")).to_have_count(areas_n, timeout=60_000)


def faults(page: Page) -> list[tuple[str, str, str]]:
    """Return what axe finds once the page is done and nothing fades any more."""
    settled(page)
    return axe.serious(page)


def height_of_page(page: Page) -> tuple[int, int]:
    heights = page.locator("[data-testid=stMain]").evaluate("e => [e.scrollHeight, e.clientHeight]")
    return heights[0], heights[1]


def test_the_first_screen_answers_where_first_and_why(app: str, open_page: Open) -> None:
    page = open_page(app)
    wait_for_map(page)
    expect(page.get_by_role("heading", name="Waar eerst, en waarom?")).to_be_visible()
    pairs = page.locator(".rb-first li")
    expect(pairs.nth(2)).to_be_visible()
    sectors = [text.splitlines()[1].split(" · ")[0] for text in pairs.all_inner_texts()]
    # When the first three are all of one sector, the first of another sector stands beside them.
    assert len(sectors) == (4 if len(set(sectors[:3])) == 1 else 3)
    assert len(set(sectors)) > 1
    for pair in pairs.all_inner_texts():
        assert re.search(r"\d,\d (hoog|zeer hoog)", pair), pair
        assert re.search(r"plaats \d+(-\d+)? van 25", pair), pair
        assert pair.strip().endswith("."), "a reason in words"
    expect(page.locator(".rb-foot")).to_contain_text("Peildatum 30 november 2020")
    expect(page.locator(".rb-foot")).to_contain_text(re.compile(r"gewogen naar bijdrage: .*\d+ % verzonnen"))
    expect(page.get_by_text("VOORBEELD - verzonnen cijfers").first).to_be_visible()
    expect(page.get_by_text("het beoordeelt geen mensen")).to_be_visible()
    assert height_of_page(page)[0] <= height_of_page(page)[1], "the first screen fits without scrolling"
    page.get_by_role("button", name="Echte of eigen cijfers inlezen").click()
    expect(page).to_have_url(re.compile("/data"))
    expect(page.locator("input[type=file]")).to_have_count(1)


def test_filter_a_sector_click_a_region_and_read_why(app: str, walk_to: Open) -> None:
    page = walk_to(app, "")
    wait_for_map(page)
    page.get_by_role("combobox", name="Sector").select_option("Slachterijen en vlees")
    expect(page).to_have_url(re.compile("sector=slaughter_meat"))
    row = page.get_by_role("row", name=re.compile("Noord- en Oost-Gelderland"))
    row.click()
    panel = page.locator(".rb-why")
    expect(panel.get_by_role("heading", name="Noord- en Oost-Gelderland")).to_be_visible()
    expect(panel).to_contain_text("Slachterijen en vlees")
    expect(panel).to_contain_text("Landelijk")
    expect(page).to_have_url(re.compile("unit=VR06"))
    figures = [
        float(text.replace("−", "-").replace("+", "").replace(",", "."))
        for text in panel.locator(".rb-bars td:last-child").all_inner_texts()
    ]
    assert sum(figures[:-1]) == pytest.approx(figures[-1]), "national reference and reasons add up to the score"


def test_clicking_the_map_itself_gives_the_reasons(app: str, walk_to: Open) -> None:
    page = walk_to(app, "")
    wait_for_map(page)
    page.locator("path.leaflet-interactive").nth(5).click(force=True)
    expect(page.locator(".rb-bars")).to_be_visible()
    expect(page).to_have_url(re.compile(r"unit=VR\d\d"))


def test_sliding_to_an_earlier_week_redraws_map_list_and_reasons(app: str, walk_to: Open) -> None:
    page = walk_to(app, "?sector=slaughter_meat&unit=VR06&week=2020-W99")  # a week without a picture: now
    wait_for_map(page)
    row, panel = page.get_by_role("row", name=re.compile("Oost-Gelderland")), page.locator(".rb-why")
    expect(page.locator(".rb-foot")).to_contain_text("Peildatum 30 november 2020")
    expect(panel).to_contain_text(re.compile(r"\d,\d"))
    now = row.inner_text()
    score = re.search(r"\d,\d", panel.inner_text())
    assert score
    page.get_by_role("slider").press("ArrowLeft")
    expect(page).to_have_url(re.compile("week=2020-W48"))
    expect(page.locator(".rb-foot").filter(has_text="Peildatum 29 november 2020")).to_be_visible()
    page.get_by_role("slider").press("Home")
    expect(page).to_have_url(re.compile("week=2020-W36"))
    expect(page.get_by_role("heading", name="stand op 6 september 2020")).to_be_visible()
    expect(row).not_to_have_text(now)
    expect(row).to_contain_text(re.compile(r"(hoog|midden|laag)\s+\d+(–\d+)?"), use_inner_text=True)  # of then
    expect(panel.locator(".rb-chip")).not_to_contain_text(score[0])
    page.go_back()
    page.go_back()
    expect(page.locator(".rb-foot").filter(has_text="Peildatum 30 november 2020")).to_be_visible()
    expect(panel.locator(".rb-chip")).to_contain_text(score[0])


def test_the_weeks_play_by_the_keyboard_to_the_last_and_stop_there(app: str, open_page: Open) -> None:
    page = open_page(f"{app}/?week=2020-W48")  # computed now, and not while it plays
    wait_for_map(page)
    page.goto(f"{app}/?week=2020-W47")
    wait_for_map(page)
    page.get_by_role("button", name="Speel de weken af").press("Enter")
    expect(page.get_by_role("slider")).to_have_attribute("aria-valuetext", re.compile("30 november 2020"))
    expect(page.get_by_role("button", name="Speel de weken af")).to_be_focused()
    expect(page).not_to_have_url(re.compile("week="))
    page.go_back()  # however many weeks played: to the one before
    expect(page).to_have_url(re.compile("week=2020-W47"))


def test_playing_stops_at_the_button_and_at_another_choice(app: str, walk_to: Open) -> None:
    page = walk_to(app, "?week=2020-W36", locale="en-GB")
    wait_for_map(page)
    page.get_by_role("button", name="Play the weeks").click()
    page.get_by_role("button", name="Stop playing").click()
    expect(page.get_by_role("button", name="Play the weeks")).to_be_visible()
    page.get_by_role("button", name="Play the weeks").click()
    page.get_by_role("combobox", name="Sector").select_option("Construction")
    expect(page).to_have_url(re.compile("sector=construction"))
    expect(page.get_by_role("button", name="Play the weeks")).to_be_visible()


def test_who_asked_for_less_motion_gets_a_week_per_press(app: str, new_page: Callable[..., Page]) -> None:
    page = new_page(reduced_motion="reduce")
    page.goto(f"{app}/?week=2020-W46")
    wait_for_map(page)
    for week in ("2020-W47", "2020-W48"):  # computed before, for the weeks that play
        page.get_by_role("button", name="Speel de weken af").click()
        expect(page).to_have_url(re.compile(f"week={week}"))
        expect(page.locator("[data-playing]")).to_have_count(0)


def test_a_second_map_shows_size_alone_or_an_earlier_week_and_moves_along(app: str, walk_to: Open) -> None:
    page = walk_to(app, "?sector=lodging")
    wait_for_map(page)
    page.get_by_role("combobox", name="Twee kaarten").select_option("Werkenden in de sector")
    expect(page).to_have_url(re.compile("second=exposed_workers"))
    expect(page.locator(".rb-over-map")).to_have_text(["Score op 30 november 2020", "Werkenden in de sector"])
    wait_for_map(page, 50)
    maps = page.locator(".leaflet-container")
    box = maps.nth(1).bounding_box()
    assert box is not None
    before = maps.nth(0).locator("path.leaflet-interactive").first.get_attribute("d")
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.mouse.wheel(0, -600)
    expect(maps.nth(0).locator("path.leaflet-interactive").first).not_to_have_attribute("d", str(before))
    page.get_by_role("combobox", name="Twee kaarten").select_option(label="Week 36 · t/m 6 september 2020")
    expect(page.locator(".rb-over-map").nth(1)).to_have_text("Score op 6 september 2020")
    assert faults(page) == []
    page.get_by_role("combobox", name="Twee kaarten").select_option("Een kaart")
    wait_for_map(page)
    expect(page.locator(".rb-over-map")).to_have_count(0)


def test_the_list_tells_the_change_in_four_weeks_in_words_too(app: str, walk_to: Open) -> None:
    page = walk_to(app, "", locale="en-GB")
    wait_for_map(page)
    expect(page.get_by_role("columnheader", name="4 weeks")).to_be_visible()
    cells = page.locator("td.moved")
    expect(cells).to_have_count(25)
    told = cells.all_inner_texts()
    assert all(re.fullmatch(r"(risen|fallen) by\s*[▲▼]\s*\d\.\d|=\s*unchanged", cell.strip()) for cell in told), told


def test_the_picture_goes_out_as_a_file_of_the_week_that_is_shown(app: str, open_page: Open) -> None:
    page = open_page(f"{app}/?week=2020-W48&as=policy")
    wait_for_map(page)
    page.get_by_role("button", name="Bestanden").click()
    with page.expect_download() as download:
        page.get_by_role("button", name="CSV").first.click()
    named = "risicobeeld-voorbeeld-veiligheidsregios-alle-sectoren-samen-2020-w48.csv"
    assert download.value.suggested_filename == named
    assert "2020-11-29" in download.value.path().read_text("utf-8")
    expect(page.get_by_test_id("stDownloadButton").filter(has_text="GeoPackage")).to_have_count(
        2
    )  # what is seen and all sectors, of regions alone


def test_an_english_browser_reads_english_and_the_switch_gives_dutch(app: str, open_page: Open) -> None:
    page = open_page(app, locale="en-GB")
    wait_for_map(page)
    expect(page.get_by_role("heading", name="Where first, and why?")).to_be_visible()
    expect(page.get_by_role("heading", name="Where first, and why? (example)")).to_be_visible()
    page.get_by_role("row", name=re.compile("Limburg-Noord")).click()
    expect(page.locator(".rb-why")).to_contain_text("National")
    page.get_by_role("button", name="NL").or_(page.get_by_role("radio", name="NL")).first.click()
    expect(page.get_by_role("heading", name="Waar eerst, en waarom?")).to_be_visible()
    expect(page.locator(".rb-why")).to_contain_text("Landelijk")


def test_sites_are_shown_with_their_count(app: str, walk_to: Open) -> None:
    page = walk_to(app, "?sites=1")
    wait_for_map(page)
    expect(page.get_by_text(re.compile(r"Locaties: 904"))).to_be_visible(timeout=30_000)


def test_it_works_at_the_width_of_a_telephone(app: str, walk_to: Open) -> None:
    page = walk_to(app, "", width=390, height=844)
    wait_for_map(page)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    page.get_by_role("row", name=re.compile("Limburg-Noord")).click()
    expect(page.locator(".rb-bars")).to_be_visible()


@pytest.mark.usefixtures("scored")
def test_the_picture_and_the_command_tell_the_same(app: str, walk_to: Open) -> None:
    scored = outputs.read_scored(access.open_store(access.Viewer("lotc")), "vr", load_model())
    together = scored.scores[scored.scores["sector_code"] == ""].set_index("area_code")["score_0_10"]
    page = walk_to(app, "")
    wait_for_map(page)
    shown = page.get_by_role("row", name=re.compile("Limburg-Noord"))
    expect(shown).to_contain_text(score_told(read_texts("nl"), together["VR23"]))


def test_regions_stand_side_by_side_with_a_key_held_down_or_after_the_button(app: str, walk_to: Open) -> None:
    page = walk_to(app, "?as=analyst", locale="en-GB")
    wait_for_map(page)
    page.get_by_role("button", name="Flevoland").click()
    page.get_by_role("button", name="Zeeland").click(modifiers=["Control"])
    compared = page.get_by_role("region", name="Side by side")
    expect(compared.get_by_role("columnheader")).to_have_text(["Flevoland", "Zeeland"])
    expect(page).to_have_url(re.compile("unit=VR25.*beside=VR19|beside=VR19.*unit=VR25"))
    expect(page.get_by_role("button", name="Compare")).to_have_attribute("aria-pressed", "true")
    page.get_by_role("button", name="Twente").press("Enter")  # from now on without a key held down
    expect(compared.get_by_role("columnheader")).to_have_text(["Flevoland", "Zeeland", "Twente"])
    for column in range(1, 4):
        figures = compared.locator(f"tbody:last-child tr td:nth-child({column + 1})").all_inner_texts()
        numbers = [float(text.replace("−", "-").replace("+", "")) for text in figures]
        assert sum(numbers[:-1]) == pytest.approx(numbers[-1]), "each column adds up to its score"
    page.get_by_role("button", name="Zeeland").press("Enter")
    expect(compared.get_by_role("columnheader")).to_have_text(["Flevoland", "Twente"])
    assert faults(page) == []
    page.go_back()
    expect(compared.get_by_role("columnheader")).to_have_count(3)
    page.get_by_role("button", name="Compare").click()
    expect(compared).to_have_count(0)
    expect(page).not_to_have_url(re.compile("beside="))


@pytest.mark.parametrize("query", ["as=region:VR06", "level=gemeente&within=VR06", "unit=VR06"])
def test_the_answers_and_the_map_of_one_region_stand_on_the_first_screen(app: str, walk_to: Open, query: str) -> None:
    page = walk_to(app, f"?{query}")
    wait_for_map(page, 342 if "level" in query else 25)
    settled(page).locator("[data-testid=stMain]").evaluate("main => main.scrollTo(0, 0)")
    canvas = page.locator(".map").bounding_box()
    assert canvas
    assert canvas["height"] >= 400
    assert canvas["y"] + canvas["height"] <= 900 - page.locator(".rb-practice").evaluate("one => one.offsetHeight")
    if "as=" in query:
        own = page.locator("path.area:not(.outside)")
        wide = "(all, half) => all.some(one => one.getBoundingClientRect().width > half)"
        # The map of the page before moves there: the own region fills its map.
        until(page, lambda: own.evaluate_all(wide, canvas["width"] / 2))


def test_a_contact_is_not_offered_to_compare(app: str, walk_to: Open) -> None:
    page = walk_to(app, "?as=region:VR06&level=gemeente&unit=GM0200&beside=GM0363,GM0222")
    wait_for_map(page, 342)
    expect(page.locator(".rb-bars")).to_be_visible()
    expect(page.get_by_role("button", name="Vergelijken")).to_have_count(0)
    assert "Amsterdam" not in page.locator("[data-testid=stMain]").inner_text()


def test_from_the_nation_to_a_site_and_back_without_loading_anew(app: str, walk_to: Open) -> None:
    page = walk_to(app, "?unit=VR06", locale="en-GB", width=390, height=844)
    page.evaluate("window.stayed = true")
    wait_for_map(page)
    breadcrumb = page.get_by_role("navigation", name="Where you are")
    breadcrumb.get_by_role("link", name=re.compile("See its 22 gemeenten")).click()
    expect(page.locator(".ranking tbody tr")).to_have_count(22)
    expect(page.get_by_role("heading", name="Where first, and why?")).to_contain_text("in Noord- en Oost-Gelderland")
    listed = page.locator(".ranking tbody tr").all_inner_texts()
    first = page.locator(".rb-first li b").all_inner_texts()
    assert first
    assert all(any(name in row for row in listed) for name in first), "the answers are about the region on the map"
    page.get_by_role("button", name="Winterswijk").click()
    breadcrumb.get_by_role("link", name="See its sites").press("Enter")
    sites = page.get_by_role("heading", name="Highest sites: Winterswijk").locator("..")
    sites.get_by_role("row").nth(1).get_by_role("link").press("Enter")  # by keyboard, without the map
    expect(page).to_have_url(re.compile(r"unit=DEMO-\d+"))
    expect(breadcrumb.get_by_role("listitem")).to_have_count(4)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    assert faults(page) == []
    breadcrumb.get_by_role("link", name="The Netherlands").click()
    wait_for_map(page)
    expect(page).not_to_have_url(re.compile("unit=|within="))
    assert page.evaluate("window.stayed")


@pytest.mark.usefixtures("scored")
def test_a_link_reproduces_the_picture() -> None:
    page = drawn.draw("picture", level="gemeente", sector="glass_horticulture", unit="GM1783")
    why = next(text for text in drawn.texts_on(page) if "rb-why" in text)
    assert "<h3>Westland</h3>" in why
    assert "Glastuinbouw" in why


@pytest.mark.usefixtures("scored")
def test_a_link_to_a_second_map_that_is_not_there_says_so() -> None:
    told = drawn.told(drawn.draw("picture", "en", second="nothing_like_it"))
    assert "The second map of the link (nothing_like_it) is not in this picture" in told


@pytest.mark.usefixtures("scored")
@pytest.mark.parametrize(
    "asked", [{"unit": "GM9999"}, {"level": "galaxy", "sector": "<script>"}, {"unit": "<img src=x>"}]
)
def test_an_address_that_asks_for_nonsense_gives_the_plain_picture(asked: dict[str, str]) -> None:
    page = drawn.draw("picture", **asked)
    assert 'class="rb-why' in drawn.sent(page)
    assert "Klik op een gebied of op een naam in de lijst" in drawn.told(page)


@pytest.mark.usefixtures("scored")
def test_a_contact_cannot_be_drawn_into_another_region() -> None:
    page = drawn.draw("picture", level="gemeente", within="VR23", sites="1", **{"as": "region:VR06"})
    assert "Hoogste locaties" in drawn.told(page)
    assert "Venlo" not in drawn.sent(page)


def test_real_establishments_alone_show_workers_and_the_next_step(testdata: Path) -> None:
    imports.import_establishments(testdata / "cbs/kwb2021_establishments_by_sector_gemeente.csv", 2021)
    page = drawn.draw("picture")
    told, markup = drawn.told(page), drawn.markup_on(page) + drawn.listed_on(page)
    assert "Hier staat nog geen volgorde" in told
    assert "Er zijn nog geen besmettingen" in told
    assert markup.count("<meter") == 25
    assert "rb-first" not in markup
    assert "rb-chip" not in markup
    assert "VOORBEELD" not in told, "no banner stands over real figures"


FILES = (
    # a real file, what it seems to be, what it says of itself, what it switches on or off
    (
        "cbs/kwb2021_establishments_by_sector_gemeente.csv",
        "vestigingen",
        "352 rijen gelezen",
        "Gaat uit: de rangorde van",
    ),
    ("sites/holiday_parks.csv", "locaties", "236 rijen gelezen", "Gaat aan: de lijst van locaties"),
    ("rivm/positives_gemeente_per_day_2020.csv.gz", "besmettingen", "week 2020-W53", "Gaat aan: de rangorde"),
)


@pytest.mark.usefixtures("few_rebuilds", "scored")
def test_from_the_example_to_real_figures_and_back_without_a_terminal(testdata: Path) -> None:
    assert EXAMPLE in drawn.told(drawn.draw("picture"))
    page = drawn.draw("data")
    for name, seems, told, switched in FILES:
        file = testdata / name
        page.file_uploader[0].set_value((file.name, file.read_bytes(), "application/octet-stream")).run()
        assert f"Dit lijkt: {seems}" in drawn.told(page)
        receipt = drawn.told(page.get_by_key("receipt"))
        assert told in receipt
        assert switched in receipt
        after = drawn.told(drawn.press(page, "Inlezen"))
        assert f"{file.name} is ingelezen." in after
        assert EXAMPLE not in after
    told = drawn.told(drawn.draw("picture"))
    for part in ("Peildatum 27 december 2020", "voor iedereen weggelaten", "Uitzendbureaus tellen niet mee"):
        assert part in told
    assert "(voorbeeld)" not in told, "no list is called an example"
    assert "VOORBEELD" not in told, "no banner stands over real figures"
    drawn.press(page, "Terug naar het voorbeeld")
    drawn.widget(page, "Terug naar het voorbeeld").click()  # the press that opens the dialog draws it, here each time
    assert "Het voorbeeld staat weer aan." in drawn.told(drawn.press(page, "Ja, doen"))
    page = drawn.draw("picture")
    assert EXAMPLE in drawn.told(page)
    assert "rb-first" in drawn.listed_on(page)


def test_a_damaged_snapshot_is_told_and_the_last_good_picture_stays() -> None:
    embedded = snapshot.read_core(settings.EMBEDDED_DIR)
    tables = {name: embedded.table(name) for name in embedded.files}
    snapshot.write_core(tables, embedded.sources[:3])
    damaged = snapshot.write_core(tables, embedded.sources[:2])
    (damaged.path / "exposure.parquet").write_bytes(b"half a file")
    page = drawn.draw_first()
    assert "De opgeslagen cijfers zijn beschadigd" in drawn.told(page)
    assert "rb-first" in drawn.listed_on(page)
    assert "Traceback" not in drawn.sent(page)


def test_without_any_good_snapshot_the_page_says_what_to_do() -> None:
    embedded = snapshot.read_core(settings.EMBEDDED_DIR)
    only = snapshot.write_core({name: embedded.table(name) for name in embedded.files}, embedded.sources[:3])
    shutil.rmtree(only.path)
    page = drawn.draw_first()
    assert "de beheerder moet ze terugzetten of opnieuw inlezen" in drawn.told(page)
    assert "Traceback" not in drawn.sent(page)
