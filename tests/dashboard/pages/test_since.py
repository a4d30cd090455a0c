"""What is new since one last looked, beside the title of the first page: per account, and gone once it was seen."""

import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import date

import pytest
from playwright.sync_api import Browser, Page, expect

from access import people, told
from access.viewer import Viewer, parse_viewer
from register import record as write
from tests.browser import axe
from tests.browser.fixtures import settled
from tests.browser.house import House, sign_in
from tests.browser.tabs import Kept, lent, open_tab, shut_outside
from tests.dashboard import drawn

LOTC = Viewer("lotc", person="test")
LAST_DAY = date(2020, 11, 30)  # of the example
WRITTEN = "grijs-busje-achterom"


@pytest.fixture
def enter(house: House, browser: Browser, kept_contexts: Kept) -> Iterator[Callable[..., Page]]:
    """Sign somebody new in at the first page: ``enter("sub", "region:VR06", locale=, width=)``."""
    used = ExitStack()

    def come_in(sub: str, role: str, locale: str = "nl-NL", width: int = 1400) -> Page:
        people.add(LOTC, f"{sub}@example.org", parse_viewer(role))
        house.account(sub)
        context, _ = used.enter_context(lent(browser, kept_contexts, locale=locale))
        shut_outside(context)
        sign_in(house, context, sub)
        page = open_tab(context)
        page.set_viewport_size({"width": width, "height": 900})
        page.goto(house.server)
        expect(page.locator("path.leaflet-interactive").filter(visible=True).first).to_be_visible()
        return settled(page)

    with used:
        yield come_in


def signal(vr_code: str, day: str = "2020-11-27") -> None:
    fields = {"event_date": day, "origin": "own", "theme": "wonen", "text": WRITTEN, "vr_code": vr_code}
    write.record(LOTC, "signal", fields)


def pushes(page: Page) -> bool:
    """Tell whether the card takes height from the picture: the page without it would be lower."""
    height = "() => document.querySelector('[data-testid=stMain]').scrollHeight"
    with_it = page.evaluate(height)
    page.add_style_tag(content="[data-testid=stLayoutWrapper]:has(> .st-key-since-card) { display: none; }")
    return bool(page.evaluate(height) != with_it)


def test_what_is_new_is_listed_leads_on_and_is_gone_once_seen(enter: Callable[..., Page]) -> None:
    signal("VR06")
    signal("VR06")
    signal("VR20")
    page = enter("since-a", "region:VR06")
    page.get_by_role("button", name="Nieuw in de afgelopen week: één melding").click()
    line = page.get_by_role("link", name="2 nieuwe signalen die nog niemand oppakte: Noord- en Oost-Gelderland")
    expect(line).to_be_visible()
    shown = page.locator("body").inner_text()
    assert WRITTEN not in shown
    assert axe.serious(page) == []
    line.click()
    expect(page).to_have_url(re.compile("/register"))
    page.go_back()
    page.get_by_role("button", name="Nieuw in de afgelopen week").click()
    page.get_by_role("button", name="Gezien").click()
    expect(page.get_by_role("button", name="Nieuw in")).to_have_count(0)
    assert told.looked_on(Viewer("region", ("VR06",), person="since-a@example.org")) == LAST_DAY
    page.reload()
    settled(page)
    expect(page.locator("path.leaflet-interactive").filter(visible=True).first).to_be_visible()
    expect(page.get_by_role("button", name="Nieuw")).to_have_count(0)


def test_since_the_day_that_the_account_kept_in_english_on_a_telephone(enter: Callable[..., Page]) -> None:
    signal("VR23", "2020-11-10")
    people.add(LOTC, "since-b@example.org", parse_viewer("region:VR23"))
    told.note_looked(Viewer("region", ("VR23",), person="since-b@example.org"), date(2020, 11, 9))
    page = enter("since-b", "region:VR23", "en-GB", 390)
    page.get_by_role("button", name="New since your last visit: one notice").click()
    expect(page.get_by_text("From 9 November 2020")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


def test_nothing_new_says_so_and_another_region_is_not_told(enter: Callable[..., Page]) -> None:
    signal("VR06")
    page = enter("since-c", "region:VR19")
    expect(page.get_by_text("Niets nieuws in de afgelopen week.")).to_be_visible()
    assert not pushes(page)


@pytest.mark.usefixtures("scored")
def test_without_sign_in_it_tells_of_the_last_week() -> None:
    told = drawn.told(drawn.draw("picture"))
    assert "Nieuw in de afgelopen week: 3 meldingen" in told
    assert "2 gemeenten met meer besmettingen dan verwacht: Haaglanden, 29 november 2020." in told
    assert "Zonder aanmelding wordt niets bewaard." in told
