"""Sites: find one in a browser and read what is known and assumed.

Visits, other people's eyes and a corrected place, by the page alone.
"""

import re
from collections.abc import Callable

import pandas as pd
import pytest
from playwright.sync_api import Page, expect

from access.viewer import parse_viewer
from door.store import open_store
from tests.browser.fixtures import pick, settled
from tests.dashboard import drawn
from words import read_texts

# How sure a rank is, is proved in tests/risk/index.
pytestmark = pytest.mark.usefixtures("few_rebuilds")

Open = Callable[..., Page]


def table(role: str):
    return open_store(parse_viewer(role)).table("sites")


def test_find_a_site_and_read_its_page(product: str, walk_to: Open) -> None:
    page = walk_to(product, "sites")
    expect(page.get_by_text("904 locaties. 1 tot en met 50 staan hier.")).to_be_visible()
    pick(page, "Soort", "Slachthuis")
    expect(page).to_have_url(re.compile("kind=slaughterhouse"))
    expect(page.get_by_text("64 van 904 locaties.")).to_be_visible()
    first = settled(page).locator(".rb-table tbody th a").first
    name = first.inner_text()
    first.click()
    expect(page.locator(".rb-why h3")).to_contain_text(name)
    for heading in ("Wat wij weten", "Wat wij aannemen", "Bezoeken", "Hoort bij elkaar"):
        expect(page.get_by_role("heading", name=heading)).to_be_visible()
    expect(page.get_by_text(re.compile(r"status: verzonnen\."))).to_be_visible()
    page.get_by_role("link", name="Alle locaties").click()
    expect(page.get_by_text("64 van 904 locaties.")).to_be_visible()


def test_words_are_looked_for_in_names_and_gemeenten(product: str, walk_to: Open) -> None:
    sites = table("lotc")
    expected = (sites["gemeente_code"] == "GM1783").sum()
    page = walk_to(product, "sites", width=390, height=844)
    page.get_by_role("textbox").fill("Westland")
    page.get_by_role("textbox").press("Enter")
    expect(page.get_by_text(f"{expected} van 904 locaties.")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    page.get_by_role("textbox").fill("<script>")
    page.get_by_role("textbox").press("Enter")
    expect(page.get_by_text("Geen locatie past hierbij.")).to_be_visible()
    page.get_by_role("button", name="Bestanden").click()
    expect(page.get_by_text("Locaties · 30 november 2020")).to_be_visible()
    expect(page.get_by_text("0 gekozen")).to_have_count(0)


@pytest.mark.usefixtures("few_rebuilds", "scored")
def test_a_visit_shows_on_the_page_of_its_site() -> None:
    activations = open_store(parse_viewer("lotc")).table("activations")
    visit = activations[activations["site_id"] != ""].iloc[0]
    [first, *_] = drawn.table(drawn.draw("sites", "en", unit=visit["site_id"]), "Visits")
    assert "2020" in first[0]
    recorded = activations.loc[activations["site_id"] == visit["site_id"], "recorded_at"].min()
    before = (recorded - pd.Timedelta(days=1)).date()
    page = drawn.draw("sites", "en", unit=visit["site_id"], known=str(before), week="2020-W48")
    told = drawn.told(page)
    assert "This is how the picture stood on 29 November 2020" in told
    assert "as the register knew them on" in told
    assert read_texts("en")("sites.no_visits") in told


@pytest.mark.usefixtures("scored")
def test_an_analyst_sees_no_names() -> None:
    page = drawn.draw("sites", **{"as": "analyst"})
    assert len(drawn.table(page, "Locaties")) == 50
    sent = drawn.sent(page)
    assert not [name for name in table("lotc")["name"] if name in sent]
    assert "Bestanden" not in sent


@pytest.mark.usefixtures("scored")
@pytest.mark.parametrize("role", ["region:VR06", "region:VR23"])
def test_a_contact_cannot_open_another_regions_site(role: str) -> None:
    own, everything = table(role), table("lotc")
    other = everything[~everything["site_id"].isin(own["site_id"])].iloc[0]
    page = drawn.draw("sites", unit=other["site_id"], **{"as": role})
    assert f"{len(own)} locaties." in drawn.told(page)
    assert other["name"] not in drawn.sent(page)


@pytest.mark.usefixtures("scored")
def test_the_place_of_a_site_is_corrected_said_and_taken_back() -> None:
    nation = open_store(parse_viewer("lotc"))
    site = nation.table("sites").dropna(subset="geometry").query("vr_code == 'VR06'").iloc[0]
    gemeente = nation.table("gemeenten").query("vr_code == 'VR06' and gemeente_code != @site.gemeente_code").iloc[0]
    inside = gemeente.geometry.representative_point()

    def fill_in(role: str, place: str, button: str) -> str:
        page = drawn.draw("sites", unit=site["site_id"], **{"as": role})
        drawn.enter(page, "Waar de locatie echt ligt", place)
        drawn.enter(page, "Reden", "gezien bij een bezoek", form="site-place")
        return drawn.told(drawn.press(page, button))

    told = fill_in("region:VR06", "achter de kerk", "Leg deze plaats vast")
    assert "achter de kerk is geen plaats" in told
    told = fill_in("region:VR06", f"{inside.x:.0f} {inside.y:.0f}", "Leg deze plaats vast")
    corrected = f"Plaats verbeterd naar {gemeente['gemeente_name']} door Regio Noord- en Oost-Gelderland op"
    assert corrected in told
    told = told.partition(corrected)[2]
    assert "gezien bij een bezoek" in told
    assert "tot LOT-C de verbetering overneemt" in told
    assert f"{inside.distance(site.geometry) / 1000:.1f} km hiervandaan".replace(".", ",") in told
    page = drawn.draw("sites", "en", unit=site["site_id"], **{"as": "analyst"})
    assert f"Place corrected to {gemeente['gemeente_name']}" in drawn.told(page)
    assert "Correct the place" not in drawn.told(page)
    assert corrected not in fill_in("lotc", "", "Neem de verbetering terug")
