"""The content policy of the proxy leaves every kind of page as it is, and lets no script of elsewhere run."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, Route, expect

from tests.browser.fixtures import settled

POLICY = re.search(
    r'Content-Security-Policy "([^"]+)"', (Path(__file__).parents[2] / "deploy" / "Caddyfile").read_text("utf-8")
)


def with_policy(route: Route) -> None:
    """Answer as the proxy would."""
    answer = route.fetch()
    assert POLICY is not None
    route.fulfill(response=answer, headers=answer.headers | {"content-security-policy": POLICY[1]})


@pytest.fixture
def guarded(browser: Browser) -> Page:
    context = browser.new_context(locale="nl-NL")
    context.grant_permissions(["local-network-access"])  # a page that the test answers comes from nowhere
    page = context.new_page()
    page.route(
        lambda _url: True,
        lambda route: with_policy(route) if route.request.is_navigation_request() else route.continue_(),
    )
    return page


def test_pages_work_under_the_content_policy_and_a_script_of_elsewhere_does_not(product: str, guarded: Page) -> None:
    refused: list[str] = []
    guarded.on("console", lambda told: refused.append(told.text) if "Content Security Policy" in told.text else None)
    guarded.goto(f"{product}/?unit=VR06", timeout=120_000)
    settled(guarded)
    expect(guarded.locator("path.leaflet-interactive").first).to_be_visible(timeout=120_000)
    guarded.goto(f"{product}/method", timeout=120_000)
    settled(guarded)
    expect(guarded.get_by_role("heading", level=1)).to_be_visible(timeout=120_000)
    assert refused == []
    guarded.evaluate(
        "document.head.append(Object.assign(document.createElement('script'), {src: 'https://evil.example/x.js'}))"
    )
    while not any("evil.example" in told for told in refused):
        guarded.wait_for_timeout(100)
