"""Sectors in a browser: the table of colours, by mouse and by keyboard."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from access.viewer import parse_viewer
from dashboard.parts.figures import score_told
from door.store import open_store
from risk.index.model import load_model
from risk.scores import outputs
from tests.dashboard import drawn
from words import read_texts

Open = Callable[..., Page]


def test_a_cell_leads_to_its_reasons_and_the_map_follows(product: str, walk_to: Open) -> None:
    page = walk_to(product, "sectors")
    cell = page.get_by_role("link", name=re.compile("Noord- en Oost-Gelderland, Slachterijen en vlees: .*hoog"))
    cell.click()
    expect(page).to_have_url(re.compile(r"sector=slaughter_meat.*unit=VR06|unit=VR06.*sector=slaughter_meat"))
    panel = page.locator(".rb-why")
    expect(panel.get_by_role("heading", name="Noord- en Oost-Gelderland")).to_be_visible()
    expect(panel).to_contain_text("Slachterijen en vlees")
    expect(page.locator(".rb-chosen a")).to_have_attribute("aria-label", re.compile("Noord- en Oost-Gelderland"))
    expect(page.locator("path.leaflet-interactive")).to_have_count(25)


def test_the_arrow_keys_walk_through_the_table_and_enter_chooses(product: str, walk_to: Open) -> None:
    page = walk_to(product, "sectors?unit=VR06&sector=slaughter_meat", locale="en-GB")
    page.locator(".rb-chosen a").focus()
    assert page.locator(".rb-heat a[tabindex='0'], .rb-heat a:not([tabindex])").count() == 1, "one stop of the tab key"
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile("sector=glass_horticulture"))
    expect(page.locator(".rb-why")).to_contain_text("Greenhouse horticulture")
    expect(page.locator(".rb-chosen a")).to_be_focused()


def test_a_contact_sees_the_own_gemeenten(product: str, walk_to: Open) -> None:
    page = walk_to(product, "sectors?as=region:VR23", width=390, height=844)
    expect(page.locator(".rb-heat tbody tr")).to_have_count(1 + 15)
    expect(page.locator(".rb-heat tbody tr").first).to_contain_text("Limburg-Noord")
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


@pytest.mark.usefixtures("scored")
def test_the_table_shows_what_was_computed() -> None:
    texts = read_texts("nl")
    rows = {name: cells for name, *cells in drawn.table(drawn.draw("sectors"), texts("sectors.caption"))}
    assert len(rows) == 25
    assert {len(cells) for cells in rows.values()} == {13}
    scores = outputs.read_scored(open_store(parse_viewer("lotc")), "vr", load_model()).scores.set_index("unit_id")
    assert rows["Limburg-Noord"][1] == score_told(texts, scores["score_0_10"]["VR23:slaughter_meat"])
