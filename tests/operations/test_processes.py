"""Two processes of the dashboard on one PostgreSQL and one data folder, each with a browser in front of it."""

import re
import subprocess
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from access.viewer import Viewer
from door import desk
from door.store import open_store
from register import drafts
from register import record as write
from tests.browser.fixtures import fork_streamlit, go, settled, stop, until
from tests.operations import marked
from tests.server.postgres import control, start

APP = Path(__file__).parents[2] / "app.py"
LOTC = Viewer("lotc")
ACTIVATION = {
    "event_date": "2020-11-30",
    "kind": "preventief",
    "themes": "wonen",
    "gemeente_code": "GM0363",
    "sector_code": "lodging",
    "outcome": "verzonnen",
}


@pytest.fixture
def processes(shared: Mapping[str, str], tmp_path: Path) -> Iterator[list[tuple[subprocess.Popen[bytes], str]]]:
    """Start two; each is a process and its address."""
    started = [fork_streamlit(APP, tmp_path / f"{name}.log", **shared) for name in ("one", "two")]
    yield started
    for process, _ in started:
        stop(process)


def typed(page: Page):
    return page.get_by_role("textbox", name="Wat gebeurde er?")


def test_two_processes_share_everything_and_outlive_each_other(
    processes: list[tuple[subprocess.Popen[bytes], str]], postgres, new_page: Callable[..., Page]
) -> None:
    (doomed, one), (_, two) = processes
    entry_id = write.record(LOTC, "activation", ACTIVATION).entity_id
    first, second = new_page(), new_page()

    # Two editors, each at a process of their own: the second hears of the first, and both versions are kept.
    for page, address in ((first, one), (second, two)):
        page.goto(f"{address}/register?entry={entry_id}")
        page.get_by_text("Verbeteren", exact=True).click()
        typed(page).fill(f"bij {address}")
        typed(page).blur()
    first.get_by_role("button", name="Verbetering vastleggen").click()
    expect(first.get_by_text("Vastgelegd.")).to_be_visible()
    second.get_by_role("button", name="Verbetering vastleggen").click()
    expect(second.get_by_text("Een ander heeft dit intussen gewijzigd")).to_be_visible()
    expect(second.get_by_text(f"bij {one}").first).to_be_visible()
    second.get_by_role("button", name="Mijn versie vastleggen").click()
    expect(second.get_by_text("Vastgelegd.")).to_be_visible()
    told = [version["content"]["outcome"] for version in desk.history(open_store(LOTC), "activation", entry_id)]
    assert told == ["verzonnen", f"bij {one}", f"bij {two}"]

    # A new snapshot is in both without a restart, and all of a page is of it.
    marked.write(7, marked.tables())
    for page in (first, second):
        go(settled(page), "register")
        expect(page.get_by_role("row").nth(3)).to_contain_text("naam versie 0007")
        assert marked.numbers_in(settled(page).inner_text("body")) == {7}

    # The process is killed while a form is half filled in: the draft is there at the other one.
    first.get_by_role("radio", name="Nieuw", exact=True).click()
    typed(first).fill("te veel bedden per kamer")
    typed(first).blur()
    # What the browser never sent cannot survive.
    until(first, lambda: any(draft.fields["outcome"] for draft in drafts.mine(LOTC, "activation")))
    doomed.kill()
    first.goto(f"{two}/register")
    first.get_by_role("radio", name="Nieuw", exact=True).click()
    expect(first.get_by_text(re.compile("Uw concept van .* staat hier weer"))).to_be_visible()
    expect(typed(first)).to_have_value("te veel bedden per kamer")

    # The database goes away while somebody types: that is said in words, and the page comes back with what was typed.
    control(postgres, "stop", "-m", "fast")
    typed(first).fill("te veel bedden per kamer en geen lucht")
    typed(first).blur()
    expect(first.get_by_text("De database is even niet bereikbaar.")).to_be_visible()
    assert "Traceback" not in first.inner_text("body")
    start(postgres)
    expect(typed(first)).to_have_value("te veel bedden per kamer en geen lucht")
    expect(first.get_by_text("De database is even niet bereikbaar.")).to_have_count(0)
    expect(first.get_by_text(re.compile("Concept bewaard om"))).to_be_visible()
    assert [draft.fields["outcome"] for draft in drafts.mine(LOTC, "activation")] == [
        "te veel bedden per kamer en geen lucht"
    ]
