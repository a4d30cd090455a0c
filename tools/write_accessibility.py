"""Check every page with axe and write docs/accessibility.md from what it finds.

make accessibility
"""

import tempfile
from collections import Counter
from importlib.metadata import version
from pathlib import Path

from playwright.sync_api import sync_playwright

from access.viewer import Viewer
from dashboard.pages import PAGES
from tests.browser import axe
from tests.browser.fixtures import settled, start_streamlit, stop
from tools import get_browser
from words import read_texts

ROOT = Path(__file__).parents[1]

SCREENS = {"desk, 1400 x 900": (1400, 900), "telephone, 390 x 844": (390, 844)}
INTRODUCTION = """# Accessibility

Made by `make accessibility`; do not edit by hand.

The dashboard aims at WCAG 2.1, levels A and AA (EN 301 549). The table below is one run of axe-core
({checker}) over every page, in Dutch and in English, on a desk and on a telephone, with the rules for those
levels. It counts findings by impact. A machine finds about half of what can be wrong; the tests also prove that

- the keyboard reaches what the mouse does: the ranked list and the table of sectors are walked with the arrow
  keys, every other link and field with the tab key;
- the map is never the only way: the same figures stand in a list or table beside it;
- colour is never the only sign: a class has its word, no data is hatched, an unsure place has a question mark,
  and the colours differ evenly in lightness;
- nothing scrolls sideways on a telephone but the table of sectors, whose first column stays in sight;
- whoever asks the browser for less motion gets none.

Not yet looked at by people who use a screen reader daily; tell us what you meet.

| page | language | screen | critical | serious | moderate or minor |
|---|---|---|---|---|---|
"""


def main() -> None:
    """Serve the product on data of its own, check each page and write the statement."""
    lines = []
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        server, url = start_streamlit(ROOT / "app.py", Path(folder) / "server.log", RISICOBEELD_DATA=f"{folder}/data")
        browser = playwright.chromium.launch(
            executable_path=get_browser.find(),
            args=["--no-sandbox", "--disable-gpu", "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"],
        )
        try:
            for page in PAGES:
                role = "lotc" if page.is_for(Viewer("lotc")) else "privacy"
                for language in ("nl", "en"):
                    for screen, (width, height) in SCREENS.items():
                        view = browser.new_page(viewport={"width": width, "height": height})
                        view.goto(f"{url}/{page.name}?as={role}&lang={language}")
                        settled(view)
                        view.wait_for_timeout(3_000)  # the last letters and colours
                        lines.append(_line(read_texts("en")(f"page.{page.name}"), language, screen, view))
                        view.close()
        finally:
            browser.close()
            stop(server)
    text = INTRODUCTION.format(checker=f"axe-playwright-python {version('axe-playwright-python')}")
    (ROOT / "docs" / "accessibility.md").write_text(text + "\n".join(lines) + "\n", "utf-8")


def _line(name: str, language: str, screen: str, view: object) -> str:
    impacts = Counter(impact for _, impact, _ in axe.findings(view))
    other = sum(impacts.values()) - impacts["critical"] - impacts["serious"]
    return f"| {name} | {language} | {screen} | {impacts['critical']} | {impacts['serious']} | {other} |"


if __name__ == "__main__":
    main()
