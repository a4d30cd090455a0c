"""Is this not so? A contact says it with one tap on a telephone, LOT-C answers, and the contact reads the answer."""

import re
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from access import people
from access.viewer import Viewer, parse_viewer
from door.store import open_store
from risk.targets import decisions
from tests.browser import axe
from tests.browser.fixtures import go, settled
from tests.browser.house import House, sign_in
from tests.browser.tabs import Kept, lent, open_tab, shut_outside
from tests.dashboard import drawn

LOTC = Viewer("lotc", person="test")


@pytest.fixture
def enter(house: House, browser: Browser, kept_contexts: Kept) -> Iterator[Callable[..., Page]]:
    """Open a page of sites as somebody new; a tab stays theirs when another signs in beside it."""
    with lent(browser, kept_contexts, locale="nl-NL") as (context, _):
        shut_outside(context)

        def come_in(sub: str, role: str, path: str, width: int) -> Page:
            people.add(LOTC, f"{sub}@example.org", parse_viewer(role))
            house.account(sub)
            sign_in(house, context, sub)
            page = open_tab(context)
            page.set_viewport_size({"width": width, "height": 844})
            page.goto(f"{house.server}{path}")
            return settled(page)

        yield come_in


def test_one_tap_reports_and_the_sender_reads_the_answer(enter: Callable[..., Page]) -> None:
    contact = open_store(parse_viewer("region:VR06"))
    site = contact.table("sites").iloc[0]["site_id"]
    page = enter("not-so-a", "region:VR06", f"/sites?unit={site}", 390)
    page.get_by_role("button", name="Klopt dit niet?").click()
    assert axe.serious(settled(page)) == []
    page.get_by_role("button", name="Gesloten").click()
    told = page.get_by_role("heading", name="Gemeld dat iets niet klopt").locator("..")
    expect(told.get_by_role("row", name=re.compile("Gesloten"))).to_contain_text("open")
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    kept = decisions.reports(open_store(parse_viewer("region:VR06")))
    assert kept[["site_id", "subject", "recorded_by"]].to_numpy().tolist() == [
        [site, "not_so_closed", "not-so-a@example.org"]
    ]
    owner = enter("not-so-b", "lotc", "/sources", 1400)
    owner.get_by_text("Antwoord", exact=True).click()
    owner.get_by_role("textbox", name="Antwoord aan wie het meldde").fill("De vergunning loopt nog")
    owner.get_by_role("button", name="Niet overgenomen").click()
    expect(owner.get_by_role("row", name=re.compile("De vergunning loopt nog"))).to_contain_text("niet overgenomen")
    go(page, "contacts")
    go(page, f"sites?unit={site}")
    expect(told.get_by_role("row", name=re.compile("Gesloten"))).to_contain_text("De vergunning loopt nog")


@pytest.mark.usefixtures("scored")
def test_a_site_without_reports_shows_no_list() -> None:
    site = open_store(parse_viewer("lotc")).table("sites").iloc[5]["site_id"]
    page = drawn.draw("sites", unit=site, **{"as": "analyst"})
    assert "Wat wij weten" in drawn.told(page)
    assert "Klopt dit niet?" not in drawn.labels(page)
    assert "Gemeld dat iets niet klopt" not in drawn.told(page)


def test_a_figure_of_an_area_is_reported_and_its_state_read_beside_the_reasons(enter: Callable[..., Page]) -> None:
    page = enter("not-so-c", "region:VR06", "/region?sector=lodging", 390)
    page.get_by_role("button", name="Klopt dit niet?").click()
    expect(page.get_by_text(re.compile("Het beeld zegt: .*Bron: .*Wie het kan verbeteren: "))).to_be_visible()
    page.get_by_role("textbox", name="Wat u ziet").fill("Er zijn <b>meer</b> bedden")
    assert axe.serious(settled(page)) == []
    page.get_by_role("button", name="Meld het").click()
    told = page.get_by_role("heading", name="Gemeld dat iets niet klopt").locator("..")
    expect(told.get_by_role("row").filter(has_text="Er zijn <b>meer</b> bedden")).to_contain_text("open")
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    kept = decisions.reports(open_store(parse_viewer("lotc"))).iloc[0]
    assert (kept["unit_id"], kept["said_by"]) == ("VR06:lodging", "not-so-c@example.org")
    owner = enter("not-so-d", "lotc", "/?unit=VR06&sector=lodging", 1400)
    owner.get_by_text("Antwoord", exact=True).click()
    owner.get_by_role("textbox", name="Antwoord aan wie het meldde").fill("Klopt, overgenomen in de bron")
    owner.get_by_role("button", name="Overgenomen", exact=True).click()
    expect(owner.get_by_role("row", name=re.compile("Klopt, overgenomen in de bron"))).to_be_visible()
    go(page, "contacts")
    go(page, "region?sector=lodging")
    expect(told.get_by_role("row").filter(has_text="Klopt, overgenomen in de bron")).to_contain_text("overgenomen")
