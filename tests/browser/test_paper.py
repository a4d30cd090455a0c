"""A picture, a region and a plan are each one page of A4 on paper, from any desk."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.browser.fixtures import settled

A4_POINTS = (595, 842)


@pytest.mark.parametrize(
    ("path", "ready", "options"),
    [
        ("?as=lotc&level=gemeente&sector=slaughter_meat&unit=GM1859", ".ranking tbody tr", {"color_scheme": "dark"}),
        ("region?as=lotc&unit=VR06", ".ranking tbody tr", {"width": 1024, "height": 768}),
        ("targets?as=lotc", ".st-key-targets-lists tbody tr", {"width": 1920}),
        ("?as=lotc&level=gemeente", ".ranking tbody tr", {"width": 390, "height": 844}),
        ("region?as=lotc&unit=VR06", ".ranking tbody tr", {"width": 390, "height": 844}),
        ("targets?as=lotc", ".st-key-targets-lists tbody tr", {"width": 390, "height": 844}),
    ],
)
def test_a_page_is_one_page_of_paper(
    product: str, walk_to: Callable[..., Page], path: str, ready: str, options: dict[str, object]
) -> None:
    page = walk_to(product, path, **options)
    expect(page.locator(ready).first).to_be_visible()
    expect(page.locator("path.area").first).to_be_attached()
    settled(page)
    page.evaluate("delete window.cut")  # of the page before
    page.evaluate("""() => window.addEventListener("risicobeeld:paper", ({ detail }) => {
      if (!detail.isOnPaper) return;
      const host = [...document.querySelectorAll("*")].find((one) => one.shadowRoot?.querySelector(".map")).shadowRoot;
      const box = (one) => one.getBoundingClientRect();
      const map = box(host.querySelector(".map"));
      window.cut = [...host.querySelectorAll("path.area:not(.outside)")]
        .filter((area) => box(area).right > map.right + 1 || box(area).bottom > map.bottom + 1).length;
    })""")
    paper = page.pdf(prefer_css_page_size=True)
    assert len(re.findall(rb"/Type /Page\b", paper)) == 1
    box = re.search(rb"/MediaBox \[0 0 ([\d.]+) ([\d.]+)\]", paper)
    assert box, "the page says how large it is"
    assert tuple(sorted(round(float(side)) for side in box.groups())) == A4_POINTS
    assert page.evaluate("window.cut") == 0, "the whole area lies inside the printed map"
    expect(page.locator("html")).not_to_have_attribute("data-print", "")
    assert page.locator(".rb-paper").first.is_hidden()
