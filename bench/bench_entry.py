"""How long an entry in the register takes a practised contact: touches, keys, and what the page makes one wait.

    python bench/bench_entry.py [--runs N]

A telephone's browser walks the form: a visit to a known site at which nothing was found. The waits are measured;
the hands are counted and priced by the keystroke-level model (Card, Moran and Newell, 1980): 1.1 s to point,
0.28 s per key, 1.35 s to think before each new field.
"""

import argparse
import statistics
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from access.viewer import parse_viewer
from bench.goals import machine
from door.store import open_store
from tests.browser.fixtures import settled, start_streamlit, stop
from tools import get_browser
from words import read_texts

NL = read_texts("nl")
POINT_S, KEY_S, THINK_S = 1.1, 0.28, 1.35
LETTERS_N = 5  # of the site's name, before one picks it from the list
TARGET_S = 30
BUSY_MS = """() => new Promise((done) => {
  const start = performance.now();
  let ran = false;
  const look = () => {
    const isBusy = document.querySelector("[data-testid=stApp]").dataset.testScriptState !== "notRunning";
    const now = performance.now() - start;
    ran ||= isBusy;
    if (ran ? !isBusy : now > 250) done(ran ? now : 0);
    else requestAnimationFrame(look);
  };
  look();
})"""


class Hand:
    """Counts touches and keys, and measures how long the page is busy after each."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.touches_n = self.keys_n = self.fields_n = 0
        self.waited_s = 0.0

    def touch(self, act: Callable[[], None], *, is_field: bool = True) -> None:
        """Touch something; a new field takes a thought first."""
        self.touches_n += 1
        self.fields_n += is_field
        self._wait(act)

    def type(self, act: Callable[[], None], keys_n: int) -> None:
        """Type some letters."""
        self.keys_n += keys_n
        self._wait(act)

    def _wait(self, act: Callable[[], None]) -> None:
        act()
        self.waited_s += float(self.page.evaluate(BUSY_MS)) / 1_000

    @property
    def seconds(self) -> float:
        """Return what hands, head and page take together."""
        return self.touches_n * POINT_S + self.keys_n * KEY_S + self.fields_n * THINK_S + self.waited_s


def walk(page: Page, address: str, name: str) -> Hand:
    """Record one visit from the page Register on; return what it took."""
    page.goto(f"{address}/register?as=region:VR06")
    settled(page)
    hand = Hand(page)
    press = page.get_by_role
    hand.touch(press("radio", name=NL("register.view_new"), exact=True).click)
    hand.touch(press("radio", name=NL("register.preventief"), exact=True).click)
    hand.touch(press("button", name=NL("register.wonen"), exact=True).click)
    site = press("combobox", name=NL("register.site"))
    hand.touch(site.click)
    hand.type(lambda: site.press_sequentially(name[:LETTERS_N]), LETTERS_N)
    hand.touch(press("option", name=name).first.click, is_field=False)
    hand.touch(press("button", name=NL("register.nothing_found")).click)
    hand.touch(press("button", name=NL("register.save"), exact=True).click)
    page.get_by_text(NL("register.saved")).wait_for()
    return hand


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=10)
    asked = parser.parse_args()
    chromium = get_browser.find()
    if chromium is None:
        print("No Chromium on this machine; make browser installs one.")
        return
    sites = open_store(parse_viewer("region:VR06")).table("sites")
    name = str(sites.loc[sites["sector_code"] != "", "name"].iloc[0])
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        server, address = start_streamlit(
            ROOT / "app.py", Path(folder) / "server.log", RISICOBEELD_DATA=f"{folder}/data"
        )
        browser = playwright.chromium.launch(
            executable_path=chromium,
            args=[
                "--no-sandbox",
                "--disable-gpu",
                "--disable-background-networking",
                "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
            ],
        )
        page = browser.new_page(locale="nl-NL", viewport={"width": 390, "height": 844})
        page.set_default_timeout(120_000)
        try:
            walk(page, address, name)  # the server and the cache warm up
            hands = [walk(page, address, name) for _ in range(asked.runs)]
        finally:
            browser.close()
            stop(server)
    hand = hands[0]
    print(machine())
    print(f"touches {hand.touches_n}, keys {hand.keys_n}, fields {hand.fields_n}")
    for told, values in (
        ("waiting for the page (s)", [one.waited_s for one in hands]),
        ("in all, hands and page (s)", [one.seconds for one in hands]),
    ):
        ordered = sorted(values)
        print(f"{told:40s} median {statistics.median(values):6.1f}   highest {ordered[-1]:6.1f}")
    print(f"{'target (s)':40s}        {TARGET_S:6.1f}")


if __name__ == "__main__":
    main()
