"""What the accessibility checker axe finds on a page, by the rules of WCAG 2.1 A and AA."""

from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import Page

RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"]
SERIOUS = ("serious", "critical")


END_TRANSITIONS = """() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => {
  for (const one of document.getAnimations())
    if (one.effect?.getComputedTiming().endTime !== Infinity) one.finish();
  done();
})))"""
"""Colours that fade in count as they end."""

_IS_IDLE = """() => {
  const app = document.querySelector("[data-testid=stApp]");
  return !app || app.dataset.testScriptState === "notRunning";
}"""
"""While a script runs, what is about to be replaced is pale."""

# Of what is right axe would describe each element too, which costs more than the finding.
_FINDINGS = """async ([context, runOnly]) => {
  const options = { resultTypes: ["violations"], ...(runOnly && { runOnly }) };
  const { violations } = await axe.run(context || document, options);
  return violations.flatMap(({ id, impact, nodes }) => nodes.map(({ html }) => [id, impact, html.slice(0, 160)]));
}"""


def findings(page: Page, *, within: str = "", rules: list[str] | None = RULES) -> list[tuple[str, str, str]]:
    """Return rule, impact and the element of each finding, on the page or within a part of it."""
    page.wait_for_function(_IS_IDLE, timeout=120_000)
    page.evaluate(END_TRANSITIONS)
    if not page.evaluate("'axe' in window"):
        page.evaluate(AXE_SCRIPT)
    return [(rule, impact, element) for rule, impact, element in page.evaluate(_FINDINGS, [within, rules])]


def serious(page: Page) -> list[tuple[str, str, str]]:
    return [finding for finding in findings(page) if finding[1] in SERIOUS]
