"""Every role opens every page that is for it, from the navigation, and no other."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from access.viewer import parse_viewer
from dashboard.pages import PAGES
from tests.browser.fixtures import settled
from tests.dashboard import drawn
from words import read_texts

Open = Callable[..., Page]
ROLES = [
    ("analyst", "nl"),
    ("lotc", "en"),
    ("region:VR23", "nl"),
    ("partner:NVWA", "en"),
    ("policy", "nl"),
    ("privacy", "en"),
]


@pytest.mark.usefixtures("scored")
@pytest.mark.parametrize(("role", "language"), ROLES)
def test_each_page_of_a_role_is_drawn_without_an_error(role: str, language: str) -> None:
    for page in PAGES:
        if page.is_for(parse_viewer(role)):
            shown = drawn.draw(page.name, language, **{"as": role})
            assert "<h1" in drawn.sent(shown), page.name
            assert not shown.error, (page.name, [one.value for one in shown.error])


@pytest.mark.parametrize(("role", "language"), ROLES)
def test_the_navigation_of_a_role_leads_to_its_pages_and_to_no_other(
    product: str, open_page: Open, role: str, language: str
) -> None:
    texts, viewer = read_texts(language), parse_viewer(role)
    own = [page for page in PAGES if page.is_for(viewer)]
    page = settled(open_page(f"{product}/{own[-1].name}?as={role}&lang={language}"))
    links = page.get_by_test_id("stTopNavLink")
    expect(links).to_have_text([texts(f"page.{one.name}") for one in own])  # a bar that folds at first has fewer
    assert menu_right_px(page) <= corner_left_px(page), "who looks stands beside the menu, never over it"
    for one in (own[0], own[len(own) // 2], own[-1]):
        page.get_by_role("link", name=texts(f"page.{one.name}"), exact=True).click()
        expect(page).to_have_url(re.compile(rf"[?&]as={role.replace(':', '(:|%3A)')}(&|$)"))  # the role goes along
        expect(page.locator("h1")).to_be_visible(timeout=120_000)
        settled(page)
        expect(page.get_by_test_id("stAlertContentError")).to_have_count(0)


def menu_right_px(page: Page) -> float:
    """Return where the navigation ends."""
    links = page.locator('[data-testid="stTopNavLink"]:visible').all()
    return max(box["x"] + box["width"] for one in links if (box := one.bounding_box()))


def corner_left_px(page: Page) -> float:
    """Return where search, language and who looks begin."""
    buttons = page.locator(".st-key-header button:visible").all()
    return min(box["x"] for one in buttons if (box := one.bounding_box()))
