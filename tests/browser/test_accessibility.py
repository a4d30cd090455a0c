"""Every page keeps WCAG 2.1 AA as far as a machine can tell, in both languages, on a desk and on a telephone."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from access.viewer import Viewer
from dashboard.pages import PAGES
from tests.browser import axe
from tests.browser.fixtures import settled

Open = Callable[..., Page]
FURTHER = [
    "region?unit=VR06",
    "sectors?unit=VR06&sector=slaughter_meat",
    "sites?unit=DEMO-0010",
    "method?part=what_if",
    "method?part=intervals",
]
ADDRESSES = [page.name for page in PAGES] + FURTHER


def path_of(name: str) -> str:
    """Return a page's path, through the eyes of a role that may open it."""
    page = next(one for one in PAGES if one.name == name.split("?", maxsplit=1)[0])
    role = "lotc" if page.is_for(Viewer("lotc")) else "privacy"
    return f"{name}{'&' if '?' in name else '?'}as={role}"


@pytest.mark.parametrize("name", ADDRESSES)
@pytest.mark.parametrize(("locale", "width"), [("nl-NL", 1400), ("en-GB", 390)])
def test_axe_finds_nothing_serious(product: str, walk_to: Open, name: str, locale: str, width: int) -> None:
    page = walk_to(product, path_of(name), locale=locale, width=width)
    assert axe.serious(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert page.locator("h1").count() == 1


@pytest.mark.parametrize(
    "name", ["picture", "sectors?unit=VR06", "targets", "register", "sites?unit=DEMO-0010", "data"]
)
def test_axe_finds_nothing_serious_in_the_dark(product: str, walk_to: Open, name: str) -> None:
    page = walk_to(product, path_of(name), color_scheme="dark")
    expect(page.locator(".stApp")).to_have_css("background-color", "rgb(17, 26, 33)")
    assert axe.serious(page) == []


def test_the_checker_does_find_a_fault(product: str, open_page: Open) -> None:
    page = settled(open_page(f"{product}/sources"))
    page.evaluate("document.querySelector('h1').innerHTML = '<button></button>'")
    assert [rule for rule, _, _ in axe.serious(page)] == ["button-name"]
