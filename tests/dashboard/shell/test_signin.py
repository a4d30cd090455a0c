"""Sign-in against a real OpenID provider on this machine; whoever may not enter sees nothing.

Who may enter is asked on the socket of a page, where everything arrives that a browser could show; how the way in and
out looks, and what becomes of an open page, in a real browser.
"""

import re
from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from access import audit, people
from access.viewer import Viewer, parse_viewer
from tests.browser.fixtures import fork_streamlit, go, settled, stop
from tests.browser.house import APP, House, knock, sign_in
from tests.browser.tabs import Kept, lent, open_tab, shut_outside
from tests.door import wire

LOTC = Viewer("lotc", person="test")
TODAY = datetime.now(UTC).date()
NO_PAGE = {"rb-title", "rb-asks", "rb-intro", "rb-refused"}
"""All markup of the page on which one signs in."""


@pytest.fixture
def tabs(browser: Browser, kept_contexts: Kept) -> Iterator[BrowserContext]:
    """One browser with its own cookies. The provider's pages ask for a style sheet outside, which is not there."""
    with lent(browser, kept_contexts, locale="nl-NL", viewport={"width": 1400, "height": 900}) as (context, _):
        shut_outside(context)
        yield context


def is_in(tab: Page, label: str) -> None:
    expect(tab.locator(".st-key-header").get_by_role("button", name=label)).to_be_visible(timeout=60_000)


def is_out(tab: Page, words: str) -> None:
    """Hold that the page says why, offers to sign in and holds nothing of the product."""
    expect(tab.get_by_text(words)).to_be_visible(timeout=60_000)
    expect(tab.get_by_role("button", name="Aanmelden")).to_be_visible()
    expect(tab.locator(".rb-first, .rb-table, path.leaflet-interactive, .rb-page")).to_have_count(0)
    expect(tab.get_by_role("link", name="Operationeel beeld")).to_have_count(0)


def comes_in(house: House, cookies: Mapping[str, str], label: str) -> None:
    """Hold that who has these cookies is let in, as whom."""
    arrived = wire.look(house.server, "/sources", cookies)
    for shown in (label, "Operationeel beeld", 'class="rb-page'):
        assert shown in arrived
    assert "Aanmelden" not in arrived


def stays_out(house: House, cookies: Mapping[str, str], words: str, path: str = "/sources") -> None:
    """Hold that a tab receives the reason, what one signs in with, and nothing of the product."""
    arrived = wire.look(house.server, path, cookies)
    assert words in arrived
    assert "Aanmelden" in arrived
    assert "Operationeel beeld" not in arrived
    assert set(" ".join(re.findall(r'class="([\w -]+)', arrived)).split()) <= NO_PAGE


@pytest.mark.parametrize("path", ["/", "/sources", "/privacy", "/administration", "/?as=lotc"])
def test_nobody_receives_anything_before_signing_in(house: House, path: str) -> None:
    stays_out(house, {}, "Dit beeld is alleen voor wie er toegang toe heeft", path)


def test_the_role_and_the_region_come_from_our_table_whatever_the_token_claims(
    house: House, tabs: BrowserContext
) -> None:
    people.add(LOTC, "regio6@example.org", parse_viewer("region:VR06"))
    house.account("regio6", role="lotc", roles=["lotc"], vr_codes=["VR01"], groups=["admin"], person="x")
    tab = open_tab(tabs)
    knock(house, tab, "regio6", "/sites?kind=slaughterhouse")
    is_in(tab, "Regio Noord- en Oost-Gelderland")
    expect(tab).to_have_url(f"{house.server}/sites?kind=slaughterhouse")  # what was asked for, and not the first page
    expect(tab.get_by_role("combobox", name="Soort")).to_have_value("Slachthuis")
    assert tab.evaluate("sessionStorage.length") == 0
    for name in ("Beheer", "Privacy"):
        expect(tab.get_by_role("link", name=name)).to_have_count(0)
    go(settled(tab), "?as=lotc")
    is_in(tab, "Regio Noord- en Oost-Gelderland")
    go(tab, "administration?as=lotc")
    is_in(tab, "Regio Noord- en Oost-Gelderland")
    expect(tab.get_by_text("Toegang geven")).to_have_count(0)


def test_who_is_not_in_the_table_sees_nothing(house: House, tabs: BrowserContext) -> None:
    house.account("vreemde", role="lotc")
    tab = open_tab(tabs)
    knock(house, tab, "vreemde")
    is_out(tab, "U staat niet op de lijst")


def test_an_address_that_the_provider_does_not_vouch_for_opens_nothing(house: House) -> None:
    people.add(LOTC, "baas@example.org", Viewer("lotc"))
    house.account("aanvaller", email="baas@example.org", email_verified=False)
    stays_out(house, house.cookies("aanvaller"), "bevestigt uw e-mailadres niet")


def test_an_address_that_moved_to_another_account_opens_nothing(house: House) -> None:
    people.add(LOTC, "eerste@example.org", Viewer("analyst"))
    house.account("eerste")
    comes_in(house, house.cookies("eerste"), "Analist")
    house.account("tweede", email="eerste@example.org")
    stays_out(house, house.cookies("tweede"), "hoort bij een ander account")


def test_a_changed_cookie_opens_nothing(house: House) -> None:
    people.add(LOTC, "koek@example.org", parse_viewer("region:VR07"))
    house.account("koek")
    cookies = house.cookies("koek")
    comes_in(house, cookies, "Regio Gelderland-Midden")
    value = cookies["_streamlit_user"]
    middle = len(value) // 2
    other = "A" if value[middle] != "A" else "B"
    changed = cookies | {"_streamlit_user": value[:middle] + other + value[middle + 1 :]}
    stays_out(house, changed, "Dit beeld is alleen voor wie er toegang toe heeft")


def test_a_deputy_enters_until_the_last_day_and_not_after(house: House) -> None:
    people.add(LOTC, "vast@example.org", parse_viewer("region:VR09"))
    people.add_deputy(LOTC, "nu@example.org", "vast@example.org", TODAY)
    yesterday = TODAY - timedelta(days=1)
    people.add(LOTC, "toen@example.org", parse_viewer("region:VR09"), first=date(2020, 9, 1), last=yesterday)
    for sub in ("nu", "toen"):
        house.account(sub)
    comes_in(house, house.cookies("nu"), "Regio Utrecht")
    stays_out(house, house.cookies("toen"), "U hebt vandaag geen rol")


def test_who_is_revoked_loses_the_open_page_at_the_next_click(house: House, tabs: BrowserContext) -> None:
    people.add(LOTC, "weg@example.org", parse_viewer("region:VR08"))
    house.account("weg")
    sign_in(house, tabs, "weg")
    tab = open_tab(tabs)
    tab.goto(house.server)
    is_in(tab, "Regio Gelderland-Zuid")
    expect(tab.locator("path.leaflet-interactive").first).to_be_attached(timeout=60_000)  # it may be out of sight
    settled(tab)  # a run that is still going on would find it out by itself, before the click
    people.revoke(LOTC, "weg@example.org")
    tab.get_by_role("button", name="Gemeenten").or_(tab.get_by_role("radio", name="Gemeenten")).first.click()
    is_out(tab, "Uw toegang is ingetrokken")


def test_who_is_revoked_gets_no_file_from_a_page_that_is_still_open(house: House, tabs: BrowserContext) -> None:
    """A press for a file draws no page, so nothing else would find out."""
    people.add(LOTC, "blad@example.org", parse_viewer("region:VR08"))
    house.account("blad")
    sign_in(house, tabs, "blad")
    tab = open_tab(tabs)
    tab.goto(house.server + "/contacts")
    is_in(tab, "Regio Gelderland-Zuid")
    button = tab.get_by_role("button", name="Lijst opslaan")
    expect(button).to_be_visible(timeout=60_000)
    with tab.expect_download() as saved:
        button.click()
    assert Path(saved.value.path()).read_bytes()
    settled(tab)
    people.revoke(LOTC, "blad@example.org")
    button.click()
    expect(tab.get_by_text("Uw toegang kan zijn geëindigd")).to_be_visible(timeout=60_000)
    last = audit.read().iloc[0]
    assert tuple(last[["what", "who", "role", "table"]]) == ("refused", "blad@example.org", "region:VR08", "revoked")


def test_signing_out_in_one_tab_ends_the_other_tab_too(house: House, tabs: BrowserContext) -> None:
    people.add(LOTC, "twee@example.org", parse_viewer("region:VR11"))
    house.account("twee")
    sign_in(house, tabs, "twee")
    first, second = open_tab(tabs), open_tab(tabs)
    for tab in (first, second):
        tab.goto(f"{house.server}/sources")
        is_in(tab, "Regio Zaanstreek-Waterland")
    first.get_by_role("button", name="Regio Zaanstreek-Waterland").click()
    first.get_by_role("button", name="Afmelden").click()
    first.wait_for_url(re.compile(re.escape(house.provider)), wait_until="commit")  # it leads on to the provider
    second.locator(".st-key-header").get_by_text("EN", exact=True).click()
    expect(second.get_by_text("You signed out.")).to_be_visible(timeout=60_000)
    expect(second.locator(".rb-page, .rb-table")).to_have_count(0)


def test_a_token_past_its_time_shows_nothing_more(house: House, tabs: BrowserContext) -> None:
    people.add(LOTC, "haast@example.org", Viewer("privacy"))
    house.account("haast")
    sign_in(house, tabs, "haast")
    tab = open_tab(tabs)
    tab.goto(f"{house.server}/sources")
    is_in(tab, "Privacy")
    settled(tab)
    with house.later(timedelta(hours=1)):  # which is how long the provider lets a token live
        tab.locator(".st-key-header").get_by_text("EN", exact=True).click()
        expect(tab.get_by_text("Your session has run out.")).to_be_visible(timeout=60_000)
        expect(tab.locator(".rb-page, .rb-table")).to_have_count(0)


def test_without_sign_in_another_address_is_refused_with_the_reason(tmp_path: Path) -> None:
    server, url = fork_streamlit(APP, tmp_path / "log", address="0.0.0.0", RISICOBEELD_DATA=str(tmp_path / "data"))  # noqa: S104
    try:
        arrived = wire.look(url, "/")
    finally:
        stop(server)
    assert "alleen op deze computer" in arrived
    assert 'class="rb-' not in arrived


def test_without_sign_in_a_request_by_way_of_another_server_is_refused(product: str) -> None:
    arrived = wire.look(product, "/", **{"X-Forwarded-For": "203.0.113.7"})
    assert "via een andere server" in arrived
    assert 'class="rb-' not in arrived


def test_the_trail_tells_who_came_in_and_who_did_not(house: House) -> None:
    people.add(LOTC, "spoor@example.org", Viewer("analyst"))
    house.account("spoor")
    house.account("nooit")
    assert "Analist" in wire.look(house.server, "/", house.cookies("spoor"))
    stays_out(house, house.cookies("nooit"), "U staat niet op de lijst", "/")
    trail = audit.read()
    assert len(trail.query("who == 'spoor@example.org' and what == 'sign-in'")) == 1
    assert len(trail.query("who == 'nooit@example.org' and what == 'refused' and table == 'unknown'")) == 1
    opened = trail.query("who == 'spoor@example.org' and what == 'open' and role == 'analyst'")
    assert list(opened["surface"]) == ["page picture"], "also when all that the page shows was cached for another"
