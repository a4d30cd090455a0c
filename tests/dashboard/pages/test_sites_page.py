"""Sites in a browser: find one, read what is known and assumed, and see no other region's."""

import re
from collections.abc import Callable

import pandas as pd
import pytest
from playwright.sync_api import Page, expect

from access.viewer import parse_viewer
from door.store import open_store
from tests.browser.fixtures import pick, settled

Open = Callable[..., Page]


def table(role: str):
    return open_store(parse_viewer(role)).table("sites")


def test_find_a_site_and_read_its_page(product: str, open_page: Open) -> None:
    page = settled(open_page(f"{product}/sites"))
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


def test_a_visit_shows_on_the_page_of_its_site(product: str, open_page: Open) -> None:
    activations = open_store(parse_viewer("lotc")).table("activations")
    visit = activations[activations["site_id"] != ""].iloc[0]
    page = settled(open_page(f"{product}/sites?unit={visit['site_id']}", locale="en-GB"))
    visits = page.get_by_role("heading", name="Visits").locator("..")
    expect(visits.get_by_role("row")).not_to_have_count(0)
    expect(visits).to_contain_text("2020")
    recorded = activations.loc[activations["site_id"] == visit["site_id"], "recorded_at"].min()
    before = (recorded - pd.Timedelta(days=1)).date()
    page.goto(f"{product}/sites?unit={visit['site_id']}&known={before}&week=2020-W48&lang=en")
    expect(page.get_by_text("This is how the picture stood on 29 November 2020")).to_be_visible()
    expect(page.get_by_text("as the register knew them on")).to_be_visible()
    expect(visits).to_be_visible()
    expect(visits.get_by_role("row")).to_have_count(0)


def test_words_are_looked_for_in_names_and_gemeenten(product: str, open_page: Open) -> None:
    sites = table("lotc")
    expected = (sites["gemeente_code"] == "GM1783").sum()
    page = settled(open_page(f"{product}/sites", width=390, height=844))
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


def test_an_analyst_sees_no_names(product: str, walk_to: Open) -> None:
    page = walk_to(product, "sites?as=analyst")
    expect(page.locator(".rb-table").first.locator("tbody tr")).to_have_count(50)
    text = page.locator("[data-testid=stMain]").inner_text()
    assert not [name for name in table("lotc")["name"] if name in text]
    expect(page.get_by_role("button", name="Bestanden")).to_have_count(0)


@pytest.mark.parametrize("role", ["region:VR06", "region:VR23"])
def test_a_contact_cannot_open_another_regions_site(product: str, walk_to: Open, role: str) -> None:
    own, everything = table(role), table("lotc")
    other = everything[~everything["site_id"].isin(own["site_id"])].iloc[0]
    page = walk_to(product, f"sites?as={role}&unit={other['site_id']}")
    expect(page.get_by_text(f"{len(own)} locaties.")).to_be_visible()
    assert other["name"] not in page.locator("[data-testid=stMain]").inner_text()


def test_the_place_of_a_site_is_corrected_said_and_taken_back(product: str, open_page: Open) -> None:
    nation = open_store(parse_viewer("lotc"))
    site = nation.table("sites").dropna(subset="geometry").query("vr_code == 'VR06'").iloc[0]
    gemeente = nation.table("gemeenten").query("vr_code == 'VR06' and gemeente_code != @site.gemeente_code").iloc[0]
    inside = gemeente.geometry.representative_point()
    page = settled(open_page(f"{product}/sites?unit={site['site_id']}&as=region:VR06"))

    def fill_in(place: str, button: str) -> None:
        if not page.get_by_role("button", name="Leg deze plaats vast").is_visible():
            page.get_by_role("button", name="Plaats verbeteren").click()
        page.get_by_role("textbox", name="Waar de locatie echt ligt").fill(place)
        page.get_by_role("textbox", name="Reden").fill("gezien bij een bezoek")
        page.get_by_role("button", name=button).click()

    fill_in("achter de kerk", "Leg deze plaats vast")
    expect(page.get_by_text("achter de kerk is geen plaats")).to_be_visible()
    fill_in(f"{inside.x:.0f} {inside.y:.0f}", "Leg deze plaats vast")
    told = page.get_by_text(
        f"Plaats verbeterd naar {gemeente['gemeente_name']} door Regio Noord- en Oost-Gelderland op"
    )
    expect(told).to_contain_text("gezien bij een bezoek")
    expect(told).to_contain_text("tot LOT-C de verbetering overneemt")
    expect(told).to_contain_text(f"{inside.distance(site.geometry) / 1000:.1f} km hiervandaan".replace(".", ","))
    page.goto(f"{product}/sites?unit={site['site_id']}&as=analyst&lang=en")
    settled(page)
    expect(page.get_by_text(f"Place corrected to {gemeente['gemeente_name']}")).to_be_visible()
    expect(page.get_by_role("button", name="Correct the place")).to_have_count(0)
    page.goto(f"{product}/sites?unit={site['site_id']}&as=lotc")
    settled(page)
    fill_in("", "Neem de verbetering terug")
    expect(told).to_have_count(0)
