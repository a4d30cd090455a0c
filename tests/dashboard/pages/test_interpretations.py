"""A note beside the figures: a contact writes it on a telephone, LOT-C reads it beside the reasons, others do not."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.browser import axe
from tests.browser.fixtures import ROOT, go, settled
from tests.dashboard import drawn

Open = Callable[..., Page]
NOTE = "Twee <b>parken</b> liggen stil tot het voorjaar."


@pytest.fixture(scope="module")
def own_server(serve: Callable[..., str], tmp_path_factory: pytest.TempPathFactory) -> str:
    """Serve the product with a register of its own; the first test leaves it as it found it."""
    return serve(ROOT / "app.py", RISICOBEELD_DATA=str(tmp_path_factory.mktemp("notes") / "data"))


def test_a_contact_writes_changes_and_withdraws_a_note(own_server: str, open_page: Open) -> None:
    page = settled(open_page(f"{own_server}/region?as=region:VR06", width=390, height=844))
    part = page.locator(".rb-interpretations")
    expect(part).to_contain_text("Nog geen duiding.")
    page.get_by_role("button", name="Schrijf een duiding").click()
    text = page.get_by_role("textbox", name="Wat er achter de cijfers zit")
    text.fill("Bel 06-12345678")
    page.get_by_role("button", name="Bewaar", exact=True).click()
    expect(page.get_by_text("noemt nooit een persoon")).to_be_visible()
    expect(text).to_have_value("Bel 06-12345678")
    assert axe.serious(page) == []
    text.fill(NOTE)
    page.get_by_role("button", name="Bewaar", exact=True).click()
    expect(part).to_contain_text(NOTE)
    expect(part).to_contain_text(re.compile(r"Contactpersoon van Noord- en Oost-Gelderland, \d+ \w+ 2020 \(oefening\)"))
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    with page.expect_download(timeout=60_000) as sheet:
        page.get_by_role("button", name="Vel voor het overleg (PDF)").click()
    assert len(re.findall(rb"/Type /Page\b(?!s)", sheet.value.path().read_bytes())) == 2

    go(settled(page), "?as=lotc&unit=VR06")
    expect(page.locator(".rb-done").first).to_contain_text(NOTE)
    go(page, "region?as=region:VR07")
    expect(part).to_contain_text("Nog geen duiding.")

    go(page, "region?as=region:VR06").get_by_role("button", name="Verander of trek in").click()
    page.get_by_role("textbox", name="Wat er achter de cijfers zit").fill("Een park ligt stil.")
    page.get_by_role("button", name="Bewaar", exact=True).click()
    expect(part).to_contain_text("Een park ligt stil.")
    expect(part).not_to_contain_text("Twee")
    settled(page).reload()
    settled(page).get_by_role("button", name="Verander of trek in").click()
    page.get_by_role("button", name="Trek in", exact=True).click()
    expect(part).to_contain_text("Nog geen duiding.")


@pytest.mark.usefixtures("scored")
def test_a_note_on_a_sector_of_the_country_is_read_in_english_and_not_by_who_reads_no_texts() -> None:
    page = drawn.draw("region", "en", unit="VR06", sector="lodging", **{"as": "lotc"})
    drawn.pick(page, "About what", "Holiday parks and lodging, all of the Netherlands")
    drawn.enter(page, "What lies behind the figures", "Quiet until spring.")
    assert "Quiet until spring." in drawn.told(drawn.press(page, "Save"))
    other = drawn.draw("picture", "en", sector="lodging", **{"as": "region:VR19"})
    assert re.search("Quiet until spring.*LOT-C", drawn.told(other))
    analyst = drawn.draw("region", "en", unit="VR06", sector="lodging", **{"as": "analyst"})
    assert "rb-standing" in drawn.sent(analyst)
    assert "rb-interpretations" not in drawn.sent(analyst)
    assert "Quiet until spring." not in drawn.sent(analyst)
