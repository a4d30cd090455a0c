"""A lost connection is said, and label and figures never disagree: a server that is killed and comes back."""

import re
import shutil
import signal
from collections.abc import Callable, Iterator
from itertools import cycle
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from dashboard.pages import PAGES
from tests.browser.fixtures import ROOT, fork_streamlit, go, settled, stop, until
from words import read_texts

FIRST = ".ranking tbody tr"


class Server:
    """A server of one test, that can be killed and started again on the same address."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.process, self.url = fork_streamlit(ROOT / "app.py", folder / "server.log", RISICOBEELD_DATA=str(folder))

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()

    def come_back(self) -> None:
        port = int(self.url.rsplit(":", 1)[1])
        self.process, self.url = fork_streamlit(
            ROOT / "app.py", self.folder / "server.log", port=port, RISICOBEELD_DATA=str(self.folder)
        )


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, computed: Path) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("server")
    shutil.copytree(computed, folder / "out")
    started = Server(folder)
    yield started
    stop(started.process)


def first_row(page: Page) -> str:
    return page.locator(FIRST).first.inner_text()


def figures_of(page: Page) -> tuple[list[str], list[str]]:
    """Return the rows of the list and the colours of the map."""
    fills = page.locator("path.area").evaluate_all("all => all.map(path => path.getAttribute('fill'))")
    return page.locator(".ranking tbody tr").all_inner_texts(), fills


@pytest.mark.parametrize("level", ["vr", "gemeente"])
def test_another_sector_is_painted_before_the_server_answers(
    server: Server, new_page: Callable[..., Page], level: str
) -> None:
    texts = read_texts("nl")
    page = new_page()
    page.goto(f"{server.url}/?level={level}")
    settled(page)
    until(page, lambda: all(figures_of(page)))
    sector, seen = page.get_by_role("combobox", name=texts("picture.sector")), [figures_of(page)]
    server.process.send_signal(signal.SIGSTOP)
    try:
        for chosen in ("glass_horticulture", "slaughter_meat"):
            rows, fills = figures_of(page)
            sector.select_option(texts(f"sector.{chosen}"))
            until(page, lambda: figures_of(page)[0] != rows and figures_of(page)[1] != fills)  # noqa: B023 - awaited
            seen.append(figures_of(page))
        expect(page).not_to_have_url(re.compile("sector="))
    finally:
        server.process.send_signal(signal.SIGCONT)
    expect(page).to_have_url(re.compile("sector=slaughter_meat"))
    expect(page.locator(".rb-first")).to_contain_text(texts("sector.slaughter_meat"))
    settled(page)
    assert figures_of(page) == seen[2], "the server's answer is what was painted"
    fresh = new_page()
    fresh.goto(f"{server.url}/?level={level}&sector=slaughter_meat")
    settled(fresh)
    until(fresh, lambda: all(figures_of(fresh)))
    assert figures_of(fresh) == seen[2], "and what a page shows that begins with this sector"


def test_a_killed_server_is_said_and_what_is_chosen_then_never_stands_above_other_figures(
    server: Server, new_page: Callable[..., Page]
) -> None:
    texts = read_texts("nl")
    page = new_page()
    page.goto(server.url)
    settled(page)
    bar, sector = page.locator(".rb-lost"), page.get_by_role("combobox", name=texts("picture.sector"))
    expect(page.locator(FIRST).first).to_be_visible()
    expect(bar).to_be_hidden()
    before = first_row(page)
    server.kill()
    expect(bar).to_have_text(re.compile(r"^Geen verbinding; wat u ziet is van \d\d:\d\d"))
    expect(sector).to_be_disabled()
    page.locator(FIRST).nth(3).click()  # nothing can answer: nothing is chosen
    expect(page.locator(".ranking tr.selected")).to_have_count(0)
    server.come_back()
    expect(bar).to_be_hidden()
    expect(sector).to_be_enabled()
    expect(sector.locator("option:checked")).to_have_text(texts("picture.sector_all"))
    assert first_row(page) == before
    sector.select_option(texts("sector.glass_horticulture"))
    expect(page).to_have_url(re.compile("sector="))
    expect(page.locator(FIRST).first).not_to_have_text(before)


def test_a_silent_loss_is_said_and_a_busy_server_is_not_asked_for_more(
    server: Server, new_page: Callable[..., Page]
) -> None:
    """A cable that is out or a dead tunnel closes nothing: to the browser they are a server that never answers."""
    page = new_page()
    page.goto(f"{server.url}/sources")
    settled(page)
    bar = page.locator(".rb-lost")
    page.evaluate("""() => {
      window.runs = 0;
      const app = document.querySelector("[data-testid=stApp]");
      new MutationObserver(() => { window.runs += app.dataset.testScriptState === "running"; })
        .observe(app, { attributeFilter: ["data-test-script-state"] });
    }""")
    server.process.send_signal(signal.SIGSTOP)
    try:
        expect(bar).to_have_text(re.compile(r"^Geen verbinding; wat u ziet is van \d\d:\d\d"))
        expect(page.get_by_test_id("stApp")).to_have_attribute("data-test-connection-state", "CONNECTED")
    finally:
        server.process.send_signal(signal.SIGCONT)
    expect(bar).to_be_hidden()
    assert page.evaluate("window.runs") == 0
    page.context.set_offline(True)
    expect(bar).to_be_visible()
    page.context.set_offline(False)
    expect(bar).to_be_hidden()
    assert page.evaluate("window.runs") > 0, "what the browser itself calls offline ends with the page as it is now"


def test_a_choice_that_was_on_its_way_is_sent_again(server: Server, new_page: Callable[..., Page]) -> None:
    page = new_page()
    page.goto(server.url)
    settled(page)
    expect(page.locator(FIRST).first).to_be_visible()
    before = first_row(page)
    sector = page.get_by_role("combobox", name=read_texts("nl")("picture.sector"))
    server.process.send_signal(signal.SIGSTOP)  # the choice leaves the browser and nobody takes it in
    sector.select_option("Glastuinbouw")
    server.kill()
    expect(page.locator(".rb-lost")).to_be_visible()
    server.come_back()
    expect(page.locator(".rb-lost")).to_be_hidden()
    expect(page).to_have_url(re.compile("sector="))
    expect(sector.locator("option:checked")).to_have_text("Glastuinbouw")
    expect(page.locator(FIRST).first).not_to_have_text(before)


def test_every_page_says_it_in_the_language_of_the_reader(product: str, new_page: Callable[..., Page]) -> None:
    """Each page is drawn in the other language than the one before it, so that what it says is its own.

    The first has no language in its address: there the browser's counts. The words for a lost connection come in the
    same message as the language.
    """
    page = new_page(locale="en-GB")
    page.goto(product)
    settled(page)
    expect(page.locator("html")).to_have_attribute("lang", "en")
    for one, language in zip(PAGES, cycle(("nl", "en")), strict=False):
        texts, role = read_texts(language), "privacy" if one.needs == "audit_trail" else "lotc"
        go(page, f"{'' if one.name == 'picture' else one.name}?as={role}&lang={language}")
        expect(page).to_have_title(f"{texts(f'page.{one.name}')} - Risicobeeld")
        expect(page.locator("html")).to_have_attribute("lang", language)
    page.context.set_offline(True)
    expect(page.locator(".rb-lost")).to_contain_text(texts("app.lost", time="|").partition("|")[0])
