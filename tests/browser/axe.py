"""What the accessibility checker axe finds on a page, by the rules of WCAG 2.1 A and AA."""

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"]
SERIOUS = ("serious", "critical")


END_TRANSITIONS = """() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => {
  for (const one of document.getAnimations())
    if (one.effect?.getComputedTiming().endTime !== Infinity) one.finish();
  done();
})))"""
"""Colours that fade in count as they end."""


def findings(page: Page) -> list[tuple[str, str, str]]:
    """Return rule, impact and the element of each finding."""
    page.evaluate(END_TRANSITIONS)
    found = Axe().run(page, options={"runOnly": RULES}).response["violations"]
    return [(one["id"], one["impact"], node["html"][:160]) for one in found for node in one["nodes"]]


def serious(page: Page) -> list[tuple[str, str, str]]:
    return [finding for finding in findings(page) if finding[1] in SERIOUS]
