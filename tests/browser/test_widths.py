"""Score, class and interval can be read at every width a screen has, and at 200 %."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.browser.fixtures import settled

WIDTHS = (390, 512, 640, 700, 768, 1024, 1280, 1366, 1400, 1536, 1920, 2560)  # 1024 and 1400 at 200 % among them
CUT = """(cells) => cells.filter((cell) => cell.offsetParent &&
  (cell.scrollWidth > cell.clientWidth || cell.scrollHeight > cell.clientHeight + 2)).map((cell) => cell.innerText)"""


@pytest.mark.parametrize("level", ["vr", "gemeente"])
@pytest.mark.parametrize("locale", ["nl-NL", "en-GB"])
def test_no_figure_is_cut_off_at_any_width(product: str, walk_to: Callable[..., Page], level: str, locale: str) -> None:
    page = walk_to(product, f"?level={level}", locale=locale)
    expect(page.locator(".ranking tbody tr").first).to_be_visible()
    settled(page)
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 900})
        page.evaluate("() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
        for column in ("score", "class", "interval", "moved"):
            assert page.locator(f".ranking .{column}").evaluate_all(CUT) == [], (width, column)
        assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_the_list_of_a_comparison_keeps_its_place_on_a_desk(product: str, walk_to: Callable[..., Page]) -> None:
    page = walk_to(product, "?level=gemeente&unit=GM1859&beside=GM0200", locale="nl-NL")
    expect(page.locator(".ranking tbody tr").first).to_be_visible()
    settled(page)
    for width in (1024, 1280, 1400, 1920):
        page.set_viewport_size({"width": width, "height": 900})
        assert page.locator(".scroller").evaluate("(list) => list.clientHeight") <= 900
