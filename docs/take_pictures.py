"""Take the pictures of the pages that stand in the README and in docs/, with every outside address blocked.

make pictures
"""

import sys
import tempfile
from pathlib import Path

from playwright.sync_api import sync_playwright

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from tests import get_browser
from tests.dashboard.conftest import start_streamlit, stop

PICTURES = {
    "picture.png": ("?unit=VR06", 1400, 900),
    "picture-phone.png": ("", 390, 844),
    "picture-gemeenten.png": ("?level=gemeente&sector=glass_horticulture&unit=GM1783", 1400, 900),
}


def main() -> None:
    """Serve the product on data of its own and photograph each page."""
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        server, url = start_streamlit(ROOT / "app.py", Path(folder) / "server.log", RISICOBEELD_DATA=f"{folder}/data")
        browser = playwright.chromium.launch(
            executable_path=get_browser.find(),
            args=["--no-sandbox", "--disable-gpu", "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"],
        )
        try:
            for name, (address, width, height) in PICTURES.items():
                page = browser.new_page(locale="nl-NL", viewport={"width": width, "height": height})
                page.goto(f"{url}/{address}")
                page.wait_for_selector("path.leaflet-interactive", timeout=120_000)
                page.wait_for_timeout(2_000)  # the last letters and colours
                page.screenshot(path=ROOT / "docs" / name)
                page.close()
        finally:
            browser.close()
            stop(server)


if __name__ == "__main__":
    main()
