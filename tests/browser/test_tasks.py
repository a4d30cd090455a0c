"""The tasks of the three people, each from sign-in to export, in both languages; the contact on a telephone."""

import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pandas as pd
import pytest
from playwright.sync_api import Browser, Page, expect

from access import people
from access.database import engine as database
from access.viewer import Viewer, parse_viewer
from door.store import open_store
from tests.browser.fixtures import go, pick, settled
from tests.browser.house import House, knock
from tests.browser.tabs import Kept, lent, open_tab, shut_outside
from words import Texts, read_texts

LOTC = Viewer("lotc", person="test")
SITE_VR = "VR06"
LANGUAGES = ("nl", "en")
DESK, TELEPHONE = (1400, 900), (390, 844)


@pytest.fixture(scope="module")
def house(house_of: Callable[..., House]) -> Iterator[House]:
    """One provider and one server for all; what each person sees is their own."""
    with pytest.MonkeyPatch.context() as patch:
        found = house_of()
        patch.setenv("RISICOBEELD_DATA", str(found.folder / "data"))
        for role in ("analyst", "lotc", f"region:{SITE_VR}"):
            sub = role.split(":")[0]
            people.add(LOTC, f"{sub}@example.org", parse_viewer(role))
            found.account(sub)
        yield found
        database.close()


@pytest.fixture(autouse=True)
def data_dir(house: House, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Look at what the server holds."""
    folder = house.folder / "data"
    monkeypatch.setenv("RISICOBEELD_DATA", str(folder))
    return folder


@pytest.fixture
def enter(house: House, browser: Browser, kept_contexts: Kept) -> Iterator[Callable[..., tuple[Page, Texts]]]:
    """Sign somebody in: ``enter("lotc", "nl", DESK)`` gives the page and its words; outside addresses are blocked."""
    used = ExitStack()

    def come_in(sub: str, language: str, size: tuple[int, int], path: str = "/") -> tuple[Page, Texts]:
        width, height = size
        context, _ = used.enter_context(lent(browser, kept_contexts, locale={"nl": "nl-NL", "en": "en-GB"}[language]))
        shut_outside(context)
        page, texts = open_tab(context), read_texts(language)
        page.set_viewport_size({"width": width, "height": height})
        knock(house, page, sub, path, button=texts("signin.button"))
        expect(page.locator(".st-key-header").get_by_role("button", name=texts(f"role.{sub}"))).to_be_visible()
        return page, texts

    with used:
        yield come_in


def taken(page: Page, button: str) -> Path:
    with page.expect_download() as caught:
        page.get_by_role("button", name=button).first.click()
    return Path(caught.value.path())


def read_csv(path: Path, language: str) -> pd.DataFrame:
    """Read a file as the spreadsheet of the reader's language does."""
    separator, decimal = {"nl": (";", ","), "en": (",", ".")}[language]
    return pd.read_csv(path, sep=separator, decimal=decimal, encoding="utf-8-sig")


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_analyst_explores_down_to_the_reasons_and_takes_the_figures_along(enter, language: str) -> None:
    page, texts = enter("analyst", language, DESK)
    expect(page.locator("path.leaflet-interactive").first).to_be_visible()
    page.get_by_role("combobox", name=texts("picture.sector")).select_option(texts("sector.slaughter_meat"))
    expect(page).to_have_url(re.compile("sector=slaughter_meat"))
    page.get_by_role("row", name=re.compile("Noord- en Oost-Gelderland")).click()
    expect(page).to_have_url(re.compile("unit=VR06"))
    expect(page.get_by_text(texts("picture.reference")).first).to_be_visible()
    page.get_by_role("link", name=texts("page.sectors"), exact=True).click()
    expect(page.locator(".rb-heat")).to_be_visible()
    page.get_by_role("button", name=texts("download.menu")).click()
    table = read_csv(taken(page, "CSV"), language)
    assert len(table) == 25 * 13
    assert set(table["scope"]) == {"analyst"}
    assert set(table["status_band"]) == {texts("map.band")}
    expect(page.get_by_test_id("stPopoverBody").get_by_text(texts("download.site"))).to_have_count(0)


@pytest.mark.parametrize("language", LANGUAGES)
def test_lot_c_sees_where_first_and_why_and_takes_the_targets_along(enter, language: str) -> None:
    page, texts = enter("lotc", language, DESK)
    first = page.locator(".rb-first")
    expect(first).to_contain_text(texts("picture.where_first"))
    expect(first.locator("li")).to_have_count(3)
    page.get_by_role("link", name=texts("page.targets"), exact=True).click()
    expect(page.get_by_role("button", name=texts("targets.keep"))).to_be_visible()
    settled(page)
    table = pd.read_excel(taken(page, texts("targets.download")))
    assert len(table) == 40
    assert set(table["scope"]) == {"lotc"}
    assert set(table["status_band"]) == {texts("map.band")}
    assert table["reason"].str.len().min() > 0
    assert table["list"].str.startswith("random").sum() == 8


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_contact_records_a_visit_on_a_telephone_and_takes_the_sheet_along(enter, language: str) -> None:
    """A practised contact needs at most eight touches from the own page, and one word to find the site."""
    page, texts = enter("region", language, TELEPHONE)
    go(page, "region")
    touches = 0

    def touch(role: str, name: str) -> None:
        nonlocal touches
        touches += 1
        page.get_by_role(role, name=name, exact=True).first.click()

    sites = open_store(parse_viewer(f"region:{SITE_VR}")).table("sites")
    site = sites[sites["sector_code"] != ""].iloc[LANGUAGES.index(language)]
    touch("button", texts("region.record"))
    touch("radio", texts("register.preventief"))
    touch("button", texts("register.wonen"))
    pick(page, texts("register.site"), site["name"], part=True)
    touches += 2
    expect(page.get_by_role("combobox", name=texts("register.sector"))).to_have_value(
        texts(f"sector.{site['sector_code']}")
    )
    touch("button", texts("register.nothing_found"))
    expect(page.get_by_role("textbox", name=texts("register.outcome"))).not_to_have_value("")
    touch("button", texts("register.save"))
    expect(page.get_by_text(texts("register.saved"))).to_be_visible()
    assert touches <= 8
    assert page.evaluate("document.documentElement.scrollWidth") <= TELEPHONE[0]
    mine = open_store(LOTC).register("activations")
    mine = mine[mine["recorded_by"] == "region@example.org"]
    assert site["site_id"] in set(mine["site_id"])
    go(page, "region")
    expect(page.get_by_role("heading", name="Noord- en Oost-Gelderland").first).to_be_visible()
    sheet = taken(page, texts("region.sheet")).read_bytes()
    assert len(re.findall(rb"/Type /Page\b", sheet)) == 1
    assert page.evaluate("document.documentElement.scrollWidth") <= TELEPHONE[0]
