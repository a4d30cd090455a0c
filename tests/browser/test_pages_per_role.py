"""Every role opens every page that is for it from the navigation, and no other."""

import re
from collections.abc import Callable
from contextlib import suppress

import pytest
from playwright.sync_api import Error, Page, expect

from access.viewer import parse_viewer
from dashboard.pages import PAGES
from tests.browser.fixtures import settled
from words import read_texts

Open = Callable[..., Page]


@pytest.mark.parametrize(
    ("role", "language"),
    [
        ("analyst", "nl"),
        ("lotc", "en"),
        ("region:VR23", "nl"),
        ("partner:NVWA", "en"),
        ("policy", "nl"),
        ("privacy", "en"),
    ],
)
def test_a_role_opens_its_pages_and_no_other(product: str, open_page: Open, role: str, language: str) -> None:
    texts, viewer = read_texts(language), parse_viewer(role)
    own = [page for page in PAGES if page.is_for(viewer)]
    page = settled(open_page(f"{product}/{own[-1].name}?as={role}&lang={language}"))
    shown = page.get_by_test_id("stTopNavLink").all_inner_texts()
    assert set(shown) <= {texts(f"page.{one.name}") for one in own}
    assert menu_right_px(page) <= corner_left_px(page), "who looks stands beside the menu, never over it"
    for one in own:
        go_to(page, texts(f"page.{one.name}"))
        expect(page.locator("h1")).to_be_visible(timeout=120_000)
        settled(page)
        expect(page.get_by_test_id("stAlertContentError")).to_have_count(0)
        expect(page).to_have_url(re.compile(rf"[?&]as={role.replace(':', '(:|%3A)')}(&|$)"))  # the role goes along


def menu_right_px(page: Page) -> float:
    """Return where the navigation ends."""
    links = page.locator('[data-testid="stTopNavLink"]:visible, [data-testid="stTopNavSection"]:visible').all()
    return max(box["x"] + box["width"] for one in links if (box := one.bounding_box()))


def corner_left_px(page: Page) -> float:
    """Return where search, language and who looks begin."""
    buttons = page.locator(".st-key-header button:visible").all()
    return min(box["x"] for one in buttons if (box := one.bounding_box()))


def go_to(page: Page, title: str) -> None:
    """Follow a link of the navigation, also one that did not fit in the bar."""
    link, more = page.get_by_role("link", name=title, exact=True), page.get_by_test_id("stTopNavSection").last
    expect(link.or_(more).first).to_be_visible()
    for _ in range(3):  # the bar may fold, or its list close, between a look and a click
        if not link.is_visible():
            more.click()
        with suppress(Error):
            link.click(timeout=5_000)
            return
    link.click()
