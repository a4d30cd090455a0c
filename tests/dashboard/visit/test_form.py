"""Visits recorded on a phone without a network: kept, sent once, refused with the reason, erased at signing out."""

import re
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from access import people
from access.viewer import Viewer, parse_viewer
from door.store import open_store
from register.read import Filters
from tests.browser import axe
from tests.browser.house import House, sign_in
from tests.browser.tabs import Kept, lent, open_tab, shut_outside

LOTC = Viewer("lotc", person="test")
QUEUE = "() => import('/visit/queue.js').then((queue) => queue.entries())"
FOUR_DAYS_AGO = """() => import('/visit/queue.js').then(async (queue) => {
  for (const one of await queue.entries()) await queue.keep({ ...one, made: one.made - 4 * 24 * 3600 * 1000 });
})"""
DRAFTED = """(told) => import('/visit/queue.js')
  .then((queue) => queue.about('draft')).then((draft) => draft?.fields.outcome === told)"""


@pytest.fixture
def phone(browser: Browser, kept_contexts: Kept) -> Iterator[BrowserContext]:
    """One telephone with its own cookies; the provider's pages ask for a style sheet outside, which is not there."""
    with lent(browser, kept_contexts, locale="nl-NL", viewport={"width": 390, "height": 844}) as (context, _):
        shut_outside(context)
        yield context


@dataclass(frozen=True)
class Visitor:
    """Somebody new, and a gemeente of theirs where nothing was recorded today: a test may be run again."""

    name: str
    gemeente: str


@pytest.fixture
def visitor(house: House) -> Visitor:  # noqa: ARG001 - the register is the house's
    store = open_store(LOTC)
    areas = store.table("gemeenten").query("vr_code == 'VR06'")
    used = set(store.register("activations", Filters(first=datetime.now(UTC).date()))["gemeente_code"])
    free = areas[~areas["gemeente_code"].isin(used)]
    return Visitor(f"bezoeker-{uuid.uuid4().hex[:8]}", str(free["gemeente_name"].iloc[0]))


def enter(house: House, phone: BrowserContext, sub: str) -> Page:
    """Sign in and open the form, until it also opens without a network."""
    people.add(LOTC, f"{sub}@example.org", parse_viewer("region:VR06"))
    house.account(sub)
    sign_in(house, phone, sub)
    tab = open_tab(phone)
    tab.goto(f"{house.server}/visit/?lang=nl")
    expect(tab.get_by_text(f"Aangemeld als {sub}@example.org")).to_be_visible()
    ready(tab)
    tab.evaluate("() => navigator.serviceWorker.ready.then(() => null)")
    return tab


def ready(tab: Page) -> None:
    expect(tab.locator("main[data-ready=yes]")).to_be_visible()


def fill_in(tab: Page, visitor: Visitor, sector: str, outcome: str) -> None:
    tab.get_by_role("radio", name="preventief").check()
    tab.get_by_role("checkbox", name="wonen").check()
    tab.get_by_role("combobox", name="Gemeente").select_option(label=visitor.gemeente)
    tab.get_by_role("combobox", name="Sector").select_option(sector)
    tab.get_by_label("Wat gebeurde er?").fill(outcome)


def keep(tab: Page) -> None:
    tab.get_by_role("button", name="Bewaren").click()


def waiting(tab: Page) -> Any:
    return tab.locator("#queue li")


def recorded_by(sub: str) -> list[str]:
    rows = open_store(LOTC).register("activations")
    return sorted(rows[rows["recorded_by"] == f"{sub}@example.org"]["outcome"])


def test_visits_typed_without_a_network_are_sent_once_when_it_is_back(
    house: House, phone: BrowserContext, visitor: Visitor
) -> None:
    tab = enter(house, phone, visitor.name)
    expect(tab.get_by_text("Er wacht niets.")).to_be_visible()
    assert tab.get_by_role("combobox", name="Gemeente").locator("option").count() < 60, "those of the own region"
    assert axe.serious(tab) == []
    tab.get_by_role("link", name="Terug naar Risicobeeld").click()
    tab.get_by_role("link", name="Bezoek vastleggen zonder netwerk").click()
    ready(tab)
    phone.set_offline(True)
    tab.reload()
    expect(tab.get_by_text("Geen netwerk")).to_be_visible()
    keep(tab)
    expect(tab.get_by_text("Nog nodig: Soort, Thema's, Plaats, Sector, Wat gebeurde er?.")).to_be_visible()
    fill_in(tab, visitor, "lodging", "te veel bedden")
    keep(tab)
    expect(waiting(tab)).to_have_count(1)
    fill_in(tab, visitor, "construction", "niets bijzonders")
    tab.wait_for_function(DRAFTED, arg="niets bijzonders")
    tab.reload()
    expect(tab.get_by_text("Wat u hier begon, staat er weer.")).to_be_visible()
    expect(tab.get_by_label("Wat gebeurde er?")).to_have_value("niets bijzonders")
    keep(tab)
    expect(waiting(tab)).to_have_count(2)
    tab.reload()
    expect(waiting(tab)).to_have_count(2)
    expect(tab.get_by_text("Wachten op verzending: 2")).to_be_visible()
    assert axe.serious(tab) == []
    assert tab.evaluate("document.documentElement.scrollWidth") <= 390
    assert recorded_by(visitor.name) == []
    phone.set_offline(False)
    expect(tab.get_by_text("Vastgelegd in het register: 2")).to_be_visible()
    expect(waiting(tab)).to_have_count(0)
    tab.reload()
    expect(tab.get_by_text("Er wacht niets.")).to_be_visible()
    assert recorded_by(visitor.name) == ["niets bijzonders", "te veel bedden"]


def test_the_page_of_a_site_opens_the_form_filled_in_and_the_pages_warn_of_old_visits(
    house: House, phone: BrowserContext, visitor: Visitor
) -> None:
    sites = open_store(parse_viewer("region:VR06")).table("sites")
    site = sites[(sites["gemeente_code"] != "") & (sites["sector_code"] != "")].iloc[0]
    tab = enter(house, phone, visitor.name)
    tab.goto(f"{house.server}/sites?unit={site['site_id']}")
    tab.get_by_role("link", name="Bezoek vastleggen zonder netwerk").click()
    ready(tab)
    expect(tab.get_by_label("Nummer van de locatie")).to_have_value(site["site_id"])
    expect(tab.get_by_role("combobox", name="Gemeente")).to_have_value(site["gemeente_code"])
    expect(tab.get_by_role("combobox", name="Sector")).to_have_value(site["sector_code"])
    phone.set_offline(True)
    fill_in(tab, visitor, "lodging", "in het bos")
    keep(tab)
    expect(waiting(tab)).to_have_count(1)
    tab.evaluate(FOUR_DAYS_AGO)
    phone.clear_cookies()  # or it would be sent when the network is back
    phone.set_offline(False)
    tab.close()
    sign_in(house, phone, visitor.name)
    tab = open_tab(phone)
    tab.goto(f"{house.server}/sources")
    warning = tab.get_by_role("alert").get_by_text("langer dan drie dagen niet verstuurd: 1.")
    expect(warning).to_be_visible()
    assert axe.serious(tab) == []
    assert "in het bos" not in tab.content()
    warning.get_by_role("link", name="Open het formulier").click()
    ready(tab)
    expect(waiting(tab).get_by_text("Het veld Locatie noemt")).to_have_count(0)


def test_what_the_register_holds_stands_beside_what_was_typed(
    house: House, phone: BrowserContext, visitor: Visitor
) -> None:
    tab = enter(house, phone, visitor.name)
    for sector, outcome in (("lodging", "eerste indruk"), ("lodging", "tweede indruk")):
        fill_in(tab, visitor, sector, outcome)
        keep(tab)
        if outcome == "eerste indruk":
            expect(tab.get_by_text("Vastgelegd in het register: 1")).to_be_visible()
    beside = waiting(tab).get_by_role("table", name="Wat verschilt van het register")
    expect(beside.get_by_role("row").nth(0)).to_have_text("U schreefEr staat")
    expect(beside.get_by_role("row").nth(1)).to_have_text("Wat gebeurde er?tweede indrukeerste indruk")
    expect(beside.get_by_role("row")).to_have_count(2)
    assert axe.serious(tab) == []
    assert tab.evaluate("document.documentElement.scrollWidth") <= 390
    assert "eerste indruk" not in str(tab.evaluate(QUEUE)), "nothing that was read is kept"
    phone.set_offline(True)
    expect(tab.get_by_text("Geen netwerk")).to_be_visible()
    expect(beside).to_have_count(0)
    phone.set_offline(False)
    expect(beside).to_be_visible()


def test_a_refused_visit_stays_and_says_why_and_signing_out_erases_it(
    house: House, phone: BrowserContext, visitor: Visitor
) -> None:
    tab = enter(house, phone, visitor.name)
    fill_in(tab, visitor, "lodging", "bij het hek")
    tab.get_by_label("Nummer van de locatie").fill("nergens")
    keep(tab)
    reason = tab.get_by_text("Het veld Locatie noemt nergens, en dat is er niet in Noord- en Oost-Gelderland")
    expect(reason).to_be_visible()
    tab.reload()
    expect(reason).to_be_visible()
    assert recorded_by(visitor.name) == []
    waiting(tab).get_by_role("button", name="Aanpassen").click()
    tab.get_by_label("Nummer van de locatie").fill("")
    keep(tab)
    expect(tab.get_by_text("Vastgelegd in het register: 1")).to_be_visible()
    fill_in(tab, visitor, "lodging", "bel 06-12345678")  # and the place was visited today already
    keep(tab)
    expect(waiting(tab).get_by_text("op persoonsgegevens lijkt")).to_be_visible()
    waiting(tab).get_by_role("button", name="Toch vastleggen").click()
    expect(waiting(tab).get_by_text("al een bezoek aan deze plek")).to_be_visible()
    tab.evaluate(FOUR_DAYS_AGO)
    tab.reload()
    expect(tab.get_by_role("alert").get_by_text("Langer dan drie dagen niet verstuurd: 1")).to_be_visible()
    tab.goto(f"{house.server}/sources")
    tab.locator(".st-key-header").get_by_role("button", name="Regio Noord- en Oost-Gelderland").click()
    expect(tab.get_by_text("Afmelden wist bezoeken")).to_be_visible()
    tab.get_by_role("button", name="Afmelden").click()
    tab.wait_for_url(re.compile(re.escape(house.provider)), wait_until="commit")
    tab.goto(f"{house.server}/visit/?lang=nl")
    expect(tab.get_by_text("U bent niet aangemeld")).to_be_visible()
    ready(tab)
    assert tab.evaluate(QUEUE) == []
    assert recorded_by(visitor.name) == ["bij het hek"]


def test_what_somebody_left_on_a_phone_is_not_the_next_persons(
    house: House, phone: BrowserContext, visitor: Visitor
) -> None:
    tab = enter(house, phone, visitor.name)
    phone.set_offline(True)
    tab.reload()
    fill_in(tab, visitor, "lodging", "van de eerste")
    keep(tab)
    expect(waiting(tab)).to_have_count(1)
    phone.clear_cookies()  # the session ran out: what waits stays
    phone.set_offline(False)
    expect(tab.get_by_text("U bent niet aangemeld")).to_be_visible()
    expect(waiting(tab)).to_have_count(1)
    tab.close()
    tab = enter(house, phone, f"na-{visitor.name}")
    expect(tab.get_by_text("wat van de vorige persoon nog wachtte, is gewist")).to_be_visible()
    expect(waiting(tab)).to_have_count(0)
    assert tab.evaluate(QUEUE) == []
    assert recorded_by(visitor.name) == recorded_by(f"na-{visitor.name}") == []
