"""My region through time, in a browser: the panels, the same figures as a table, and all regions at once."""

import re
from collections.abc import Callable

from playwright.sync_api import Page, expect

Open = Callable[..., Page]


def test_the_national_team_sees_a_region_and_all_others_through_time(product: str, walk_to: Open) -> None:
    page = walk_to(product, "region?unit=VR06")
    expect(page.get_by_role("heading", name=re.compile("^In de tijd"))).to_have_count(0)
    page.get_by_role("switch", name="In de tijd").check()
    expect(
        page.get_by_role("heading", name="In de tijd: Noord- en Oost-Gelderland, Alle sectoren samen")
    ).to_be_visible()
    expect(page).to_have_url(re.compile("time=1"))
    expect(page.get_by_text("Alle regio's naast elkaar, Alle sectoren samen")).to_be_visible()
    expect(page.locator("[data-testid=stVegaLiteChart]").nth(2)).to_be_visible()
    expect(page.get_by_text(re.compile("eerdere weken is het beeld nog niet berekend"))).to_be_visible()
    page.get_by_text("Hetzelfde als tabel").first.click()
    row = page.get_by_role("row", name=re.compile(r"^nu \(30 november 2020\)"))
    expect(row).to_contain_text(re.compile(r"\d,\d"))


def test_a_region_sees_itself_alone_in_its_own_language(product: str, walk_to: Open) -> None:
    page = walk_to(product, "region?as=region:VR06&time=1", locale="en-GB", width=390, height=844)
    expect(page.get_by_role("heading", name=re.compile("^Through time: Noord- en Oost-Gelderland"))).to_be_visible()
    expect(page.get_by_role("heading", name=re.compile("^All regions"))).to_have_count(0)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
