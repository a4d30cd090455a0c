"""What a screen reader says of the three main tasks: names, roles, order of headings, and what is announced."""

import re
from collections.abc import Callable
from itertools import pairwise

import pytest
from playwright.sync_api import Page, expect

from tests.browser.fixtures import settled
from words import read_texts

Open = Callable[..., Page]
CONTROLS = "button|link|combobox|textbox|slider|radio|checkbox|spinbutton|switch|searchbox|navigation"
FOREIGN = re.compile("App pages|Increment|Decrement|Help for .*|Open|Choose .*|Press Enter.*|Skip to .*")


def heard(page: Page) -> str:
    """Return the tree of a page as a screen reader has it, and hold it to what every page must have."""
    tree = page.locator("body").aria_snapshot()
    unnamed = re.findall(rf"^\s*- (?:{CONTROLS})(?: \[[^\]]*\])*:?$", tree, re.MULTILINE)
    assert unnamed == [], "every control has a name"
    levels = [int(level) for level in re.findall(r"- heading .*\[level=(\d)\]", tree)]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after - before <= 1 for before, after in pairwise(levels)), levels
    assert len(re.findall(r"^\s*- main:?$", tree, re.MULTILINE)) == 1
    named = re.findall(rf'^\s*- (?:{CONTROLS}) "([^"]+)"', tree, re.MULTILINE)
    assert [name for name in named if FOREIGN.fullmatch(name)] == [], "English in a Dutch page"
    return tree


def test_an_analyst_hears_sector_area_and_reason(product: str, open_page: Open) -> None:
    texts = read_texts("nl")
    page = settled(open_page(f"{product}/?as=analyst"))
    expect(page.locator(".ranking tbody tr").first).to_be_visible()
    heard(page)
    page.get_by_role("combobox", name=texts("picture.sector")).select_option(texts("sector.slaughter_meat"))
    expect(page).to_have_url(re.compile("sector=slaughter_meat"))
    page.get_by_role("button", name="Noord- en Oost-Gelderland", exact=True).press("Enter")
    expect(page.get_by_role("heading", name="Noord- en Oost-Gelderland")).to_be_visible()
    spoken = page.locator("[aria-live=polite].rb-unseen")
    expect(spoken).to_contain_text("Noord- en Oost-Gelderland")
    expect(spoken).to_contain_text(texts("sector.slaughter_meat"))
    tree = heard(page)
    assert f'heading "{texts("app.title")}" [level=1]' in tree


@pytest.mark.parametrize(
    ("path", "named"),
    [
        ("targets?as=lotc", ["targets.keep", "targets.download", "targets.view_plans"]),
        ("region?as=region:VR06", ["region.record", "region.own_visits", "region.sheet"]),
        ("sites?unit=DEMO-0022&as=lotc", ["region.record", "sites.pin", "sites.correct"]),
    ],
)
def test_the_steps_of_a_task_are_named(product: str, walk_to: Open, path: str, named: list[str]) -> None:
    texts = read_texts("nl")
    page = walk_to(product, path)
    for name in named:
        expect(
            page.get_by_role("button", name=texts(name)).or_(page.get_by_role("radio", name=texts(name)))
        ).to_have_count(1)
    settled(page)
    heard(page)


def test_a_contact_hears_every_field_of_a_visit(product: str, open_page: Open) -> None:
    texts = read_texts("nl")
    page = settled(open_page(f"{product}/region?as=region:VR06"))
    page.get_by_role("button", name=texts("region.record")).click()
    expect(page.get_by_role("textbox", name=texts("register.outcome"))).to_be_visible()
    tree = heard(page)
    for role, name in (
        ("radio", "register.preventief"),
        ("button", "register.wonen"),
        ("combobox", "register.site"),
        ("combobox", "register.sector"),
        ("button", "register.nothing_found"),
        ("button", "register.save"),
    ):
        assert f'- {role} "{texts(name)}' in tree
