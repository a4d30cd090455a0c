"""The telephone of a contact: a menu that closes as people expect, names instead of codes, what one came for on top."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.browser.fixtures import settled

Open = Callable[..., Page]
SIDEBAR = "[data-testid=stSidebar]"


@pytest.fixture
def phone(product: str, walk_to: Open) -> Page:
    page = walk_to(product, "region?as=region:VR06", width=390, height=844, has_touch=True)
    expect(page.get_by_role("button", name="Bezoek vastleggen")).to_be_visible()
    return settled(page)


def is_open(page: Page, *, yes: bool) -> None:
    expect(page.locator(f"{SIDEBAR}[data-collapsed={'false' if yes else 'true'}]")).to_have_count(1)


def test_the_menu_closes_by_choice_button_and_escape(phone: Page) -> None:
    menu = phone.get_by_test_id("stExpandSidebarButton")
    menu.click()
    is_open(phone, yes=True)
    phone.locator("[data-testid=stSidebarCollapseButton] button").click()
    is_open(phone, yes=False)
    menu.click()
    is_open(phone, yes=True)
    phone.keyboard.press("Escape")
    is_open(phone, yes=False)
    menu.click()
    phone.get_by_role("link", name="Locaties").click()
    expect(phone.get_by_role("heading", name="Locaties")).to_be_visible()
    is_open(phone, yes=False)


def test_my_region_begins_with_what_a_contact_comes_for(phone: Page) -> None:
    header = phone.locator(".st-key-header")
    expect(header).to_contain_text("Noord- en Oost-Gelderland")
    expect(header).not_to_contain_text("VR06")
    tops = [
        phone.get_by_role("button", name=name).bounding_box()
        for name in ("Bezoek vastleggen", "Mijn bezoeken deze twee weken", "Vel voor het overleg (PDF)")
    ]
    sectors = phone.get_by_role("heading", name="Waar eerst in deze regio").bounding_box()
    canvas = phone.locator(".map").bounding_box()
    assert sectors
    assert canvas
    assert canvas["y"] < sectors["y"], "the map stands above the lists"
    for top in tops:
        assert top
        assert top["y"] + top["height"] <= 844, "on the first screen"
    phone.get_by_role("button", name="Mijn bezoeken deze twee weken").click()
    expect(phone.get_by_role("heading", name="Doelen")).to_be_visible()
    expect(phone.get_by_role("button", name="Bewaar als ontwerp")).to_have_count(0)
    phone.go_back()
    phone.get_by_role("button", name="Bezoek vastleggen").click()
    expect(phone.get_by_role("radio", name="Preventief")).to_be_visible()


def test_the_page_speaks_the_language_of_its_reader(product: str, open_page: Open) -> None:
    page = settled(open_page(f"{product}/sites"))
    expect(page.locator("html")).to_have_attribute("lang", "nl")
    page.get_by_role("combobox", name="Soort").click()
    expect(page.get_by_role("option").first).to_be_visible()
    page.get_by_role("combobox", name="Soort").fill("zzzz")
    expect(page.get_by_text("Niets gevonden")).to_be_visible()
    expect(page.get_by_text("No results")).to_have_count(0)
