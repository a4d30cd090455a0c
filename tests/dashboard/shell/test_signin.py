"""Sign-in in a real browser against a real OpenID provider on this machine; whoever may not enter sees nothing."""

import re
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from access import audit, people
from access.database import engine as database
from access.viewer import Viewer, parse_viewer
from tests.browser.fixtures import fork_streamlit, settled, stop
from tests.browser.house import APP, House, knock
from tests.browser.tabs import Kept, lent, open_tab, shut_outside

LOTC = Viewer("lotc", person="test")
TODAY = datetime.now(UTC).date()
SHORT_S = 12  # how long the hasty provider lets a token live


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


def test_nobody_sees_anything_before_signing_in(house: House, tabs: BrowserContext) -> None:
    for path in ("/", "/sources", "/privacy", "/administration", "/?as=lotc"):
        tab = open_tab(tabs)
        tab.goto(house.server + path)
        is_out(tab, "Dit beeld is alleen voor wie er toegang toe heeft")
        tab.close()


def test_the_role_and_the_region_come_from_our_table_whatever_the_token_claims(
    house: House, tabs: BrowserContext
) -> None:
    people.add(LOTC, "regio6@example.org", parse_viewer("region:VR06"))
    house.account("regio6", role="lotc", roles=["lotc"], vr_codes=["VR01"], groups=["admin"], person="x")
    tab = open_tab(tabs)
    knock(house, tab, "regio6")
    is_in(tab, "Regio Noord- en Oost-Gelderland")
    for name in ("Beheer", "Privacy"):
        expect(tab.get_by_role("link", name=name)).to_have_count(0)
    tab.goto(f"{house.server}/?as=lotc")
    is_in(tab, "Regio Noord- en Oost-Gelderland")
    tab.goto(f"{house.server}/administration?as=lotc")
    is_in(tab, "Regio Noord- en Oost-Gelderland")
    expect(tab.get_by_text("Toegang geven")).to_have_count(0)


def test_who_is_not_in_the_table_sees_nothing(house: House, tabs: BrowserContext) -> None:
    house.account("vreemde", role="lotc")
    tab = open_tab(tabs)
    knock(house, tab, "vreemde")
    is_out(tab, "U staat niet op de lijst")


def test_an_address_that_the_provider_does_not_vouch_for_opens_nothing(house: House, tabs: BrowserContext) -> None:
    people.add(LOTC, "baas@example.org", Viewer("lotc"))
    house.account("aanvaller", email="baas@example.org", email_verified=False)
    tab = open_tab(tabs)
    knock(house, tab, "aanvaller")
    is_out(tab, "bevestigt uw e-mailadres niet")


def test_an_address_that_moved_to_another_account_opens_nothing(house: House, tabs: BrowserContext) -> None:
    people.add(LOTC, "eerste@example.org", Viewer("analyst"))
    house.account("eerste")
    tab = open_tab(tabs)
    knock(house, tab, "eerste")
    is_in(tab, "Analist")
    tabs.clear_cookies()
    house.account("tweede", email="eerste@example.org")
    tab = open_tab(tabs)
    knock(house, tab, "tweede")
    is_out(tab, "hoort bij een ander account")


def test_a_changed_cookie_opens_nothing(house: House, tabs: BrowserContext) -> None:
    people.add(LOTC, "koek@example.org", parse_viewer("region:VR07"))
    house.account("koek")
    tab = open_tab(tabs)
    knock(house, tab, "koek")
    is_in(tab, "Regio Gelderland-Midden")
    for cookie in tabs.cookies():
        if cookie["name"] == "_streamlit_user":
            value = cookie["value"]
            middle = len(value) // 2
            other = "A" if value[middle] != "A" else "B"
            tabs.add_cookies([{**cookie, "value": value[:middle] + other + value[middle + 1 :]}])
    tab = open_tab(tabs)
    tab.goto(house.server)
    is_out(tab, "Dit beeld is alleen voor wie er toegang toe heeft")


def test_a_deputy_enters_until_the_last_day_and_not_after(house: House, tabs: BrowserContext) -> None:
    people.add(LOTC, "vast@example.org", parse_viewer("region:VR09"))
    people.add_deputy(LOTC, "nu@example.org", "vast@example.org", TODAY)
    yesterday = TODAY - timedelta(days=1)
    people.add(LOTC, "toen@example.org", parse_viewer("region:VR09"), first=date(2020, 9, 1), last=yesterday)
    for sub in ("nu", "toen"):
        house.account(sub)
    tab = open_tab(tabs)
    knock(house, tab, "nu")
    is_in(tab, "Regio Utrecht")
    tabs.clear_cookies()
    tab = open_tab(tabs)
    knock(house, tab, "toen")
    is_out(tab, "U hebt vandaag geen rol")


def test_who_is_revoked_loses_the_open_page_at_the_next_click(house: House, tabs: BrowserContext) -> None:
    people.add(LOTC, "weg@example.org", parse_viewer("region:VR08"))
    house.account("weg")
    tab = open_tab(tabs)
    knock(house, tab, "weg", "/")
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
    tab = open_tab(tabs)
    knock(house, tab, "blad")
    is_in(tab, "Regio Gelderland-Zuid")
    tab.goto(house.server + "/contacts")
    button = tab.get_by_role("button", name="Lijst opslaan")
    expect(button).to_be_visible(timeout=60_000)
    with tab.expect_download() as saved:
        button.click()
    assert Path(saved.value.path()).read_bytes()
    settled(tab)
    people.revoke(LOTC, "blad@example.org")
    button.click()
    expect(tab.get_by_text("Failed to generate file")).to_be_visible(timeout=60_000)
    last = audit.read().iloc[0]
    assert tuple(last[["what", "who", "role", "table"]]) == ("refused", "blad@example.org", "region:VR08", "revoked")


def test_signing_out_in_one_tab_ends_the_other_tab_too(house: House, tabs: BrowserContext) -> None:
    people.add(LOTC, "twee@example.org", parse_viewer("region:VR11"))
    house.account("twee")
    first, second = open_tab(tabs), open_tab(tabs)
    knock(house, first, "twee")
    is_in(first, "Regio Zaanstreek-Waterland")
    second.goto(f"{house.server}/sources")
    is_in(second, "Regio Zaanstreek-Waterland")
    first.get_by_role("button", name="Regio Zaanstreek-Waterland").click()
    first.get_by_role("button", name="Afmelden").click()
    first.wait_for_url(re.compile(re.escape(house.provider)), wait_until="commit")  # it leads on to the provider
    second.locator(".st-key-header").get_by_text("EN", exact=True).click()
    expect(second.get_by_text("You signed out.")).to_be_visible(timeout=60_000)
    expect(second.locator(".rb-page, .rb-table")).to_have_count(0)


def test_a_token_past_its_time_shows_nothing_more(
    house_of: Callable[..., House], tabs: BrowserContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    house = house_of("--token-max-age", str(SHORT_S))
    monkeypatch.setenv("RISICOBEELD_DATA", str(house.folder / "data"))
    people.add(LOTC, "haast@example.org", Viewer("privacy"))
    house.account("haast")
    tab = open_tab(tabs)
    tab.goto(f"{house.server}/sources")
    expect(tab.get_by_role("button", name="Aanmelden")).to_be_visible(timeout=60_000)
    knock(house, tab, "haast")
    is_in(tab, "Privacy")
    tab.wait_for_timeout(1000 * SHORT_S)
    tab.locator(".st-key-header").get_by_text("EN", exact=True).click()
    expect(tab.get_by_text("Your session has run out.")).to_be_visible(timeout=60_000)
    expect(tab.locator(".rb-page, .rb-table")).to_have_count(0)
    database.close()


def test_without_sign_in_another_address_is_refused_with_the_reason(browser: Browser, tmp_path: Path) -> None:
    server, url = fork_streamlit(APP, tmp_path / "log", address="0.0.0.0", RISICOBEELD_DATA=str(tmp_path / "data"))  # noqa: S104
    try:
        tab = browser.new_page(locale="nl-NL")
        tab.goto(url)
        expect(tab.get_by_text("alleen op deze computer")).to_be_visible(timeout=60_000)
        expect(tab.locator(".rb-first")).to_have_count(0)
        tab.close()
    finally:
        stop(server)


def test_without_sign_in_a_request_by_way_of_another_server_is_refused(
    serve: Callable[..., str], browser: Browser
) -> None:
    context = browser.new_context(locale="nl-NL", extra_http_headers={"X-Forwarded-For": "203.0.113.7"})
    tab = context.new_page()
    tab.goto(serve(APP))
    expect(tab.get_by_text("via een andere server")).to_be_visible(timeout=60_000)
    expect(tab.locator(".rb-first")).to_have_count(0)
    context.close()


def test_the_trail_tells_who_came_in_and_who_did_not(house: House, tabs: BrowserContext) -> None:
    people.add(LOTC, "spoor@example.org", Viewer("analyst"))
    house.account("spoor")
    house.account("nooit")
    for sub, words in (("spoor", ""), ("nooit", "U staat niet op de lijst")):
        tabs.clear_cookies()
        tab = open_tab(tabs)
        knock(house, tab, sub)
        is_out(tab, words) if words else is_in(tab, "Analist")
    trail = audit.read()
    assert len(trail.query("who == 'spoor@example.org' and what == 'sign-in'")) == 1
    assert len(trail.query("who == 'nooit@example.org' and what == 'refused' and table == 'unknown'")) == 1
    opened = trail.query("who == 'spoor@example.org' and what == 'open' and role == 'analyst'")
    assert list(opened["surface"]) == ["page picture"], "also when all that the page shows was cached for another"
