"""A link to what is not there says so and offers the nearest; a page one may not open says that."""

import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.dashboard.drawn import draw

# How sure a rank is, is proved in tests/risk/index.
pytestmark = pytest.mark.usefixtures("few_rebuilds")


@pytest.fixture
def demonstration(data_dir: Path, computed: Path) -> None:
    shutil.copytree(computed, data_dir / "out")


def notice_of(page: str, **address: str) -> str:
    """Draw a page as the web door does, and return the notice on it."""
    told = [one.proto.json for one in draw(page, **address).get("bidi_component")]
    return next((one for one in told if "rb-notice" in one), "")


@pytest.mark.usefixtures("demonstration")
@pytest.mark.parametrize(
    ("page", "address", "told"),
    [
        ("picture", {"unit": "GM0756"}, ("GM0756 uit de link bestaat niet meer", "Land van Cuijk")),
        ("picture", {"unit": "GM9999"}, ("GM9999 uit de link is er niet",)),
        ("picture", {"week": "2031-W01", "lang": "en"}, ("no picture of week 2031-W01", "the nearest week")),
        ("picture", {"inside": "nothing", "lang": "en"}, ("The indicator nothing of the link is not in this picture",)),
        ("picture", {"level": "banana"}, ("Het niveau banana uit de link bestaat niet",)),
        ("sites", {"unit": "DEMO-9999"}, ("DEMO-9999 uit de link is er niet", "DEMO-0")),
        ("sectors", {"sector": "<script>"}, ("De sector &lt;script&gt; uit de link",)),
        ("region", {"unit": "VR99"}, ("VR99 uit de link is er niet",)),
    ],
)
def test_what_a_link_asks_for_and_is_not_there_is_said(
    page: str, address: dict[str, str], told: tuple[str, ...]
) -> None:
    notice = notice_of(page, **address)
    for part in told:
        assert part in notice, notice[:400]


@pytest.mark.usefixtures("demonstration")
def test_a_site_of_another_region_is_as_absent_as_one_that_does_not_exist() -> None:
    """The notice never tells that a site lies elsewhere."""
    notice = notice_of("sites", unit="DEMO-0001", **{"as": "region:VR12"})
    assert "DEMO-0001 uit de link is er niet, of hoort niet bij wat u mag zien" in notice


@pytest.mark.usefixtures("demonstration", "few_rebuilds")
def test_a_link_that_fits_says_nothing() -> None:
    assert notice_of("picture", unit="GM1859", level="gemeente", week="2020-W44", sector="slaughter_meat") == ""
    assert notice_of("picture", inside="exposed_workers.part") == ""


def test_a_page_that_one_may_not_open_says_so(product: str, walk_to: Callable[..., Page]) -> None:
    page = walk_to(product, "privacy?as=lotc")
    expect(page.get_by_role("heading", name="Deze bladzijde is er niet voor u")).to_be_visible()
    expect(page.get_by_text("Page not found")).to_have_count(0)


def test_a_page_that_does_not_exist_says_so_and_leads_to_the_nearest(
    product: str, walk_to: Callable[..., Page]
) -> None:
    page = walk_to(product, "sources")
    page.goto(f"{product}/locatie?sector=slaughter_meat")
    expect(page.get_by_role("heading", name="Deze bladzijde bestaat niet")).to_be_visible()
    expect(page.get_by_text("Er is geen bladzijde locatie.")).to_be_visible()
    expect(page.get_by_role("dialog")).to_have_count(0)
    expect(page.get_by_text("Page not found")).to_have_count(0)
    page.get_by_test_id("stMain").get_by_role("link", name="Locaties").click()
    expect(page).to_have_url(re.compile(r"/sites\?.*sector=slaughter_meat"))
    page.goto(f"{product}/locatie?lang=en")
    expect(page.get_by_role("heading", name="This page does not exist")).to_be_visible()
