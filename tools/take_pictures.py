"""Take the pictures of the pages that stand in the README and in docs/, with every outside address blocked.

make pictures
"""

import io
import tempfile
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser, sync_playwright

from tests.browser.fixtures import settled, start_streamlit, stop
from tools import get_browser

ROOT = Path(__file__).parents[1]

DESK, TELEPHONE = (1400, 900), (390, 844)
COLOURS_N = 128  # enough for a page, and a third of the size
# Name of the file -> (address, screen, what it shows).
PICTURES = {
    "picture": ("?unit=VR06", DESK, "The operational picture with the reasons of a region"),
    "picture-phone": ("", TELEPHONE, "The operational picture on a telephone"),
    "picture-gemeenten": (
        "?level=gemeente&sector=glass_horticulture&unit=GM1783",
        DESK,
        "Gemeenten, one sector, with reasons",
    ),
    "region": ("region?as=region:VR23", DESK, "My region"),
    "region-phone": ("region?as=region:VR23", TELEPHONE, "My region on a telephone"),
    "targets": ("targets?lang=en", DESK, "Targets: where to go first within limits, with a random share"),
    "targets-phone": ("targets?lang=en", TELEPHONE, "Targets on a telephone"),
    "register": ("register", DESK, "The register"),
    "register-phone": ("register?as=region:VR23", TELEPHONE, "The register of a region on a telephone"),
    "sectors": ("sectors?sector=slaughter_meat", DESK, "Every region and sector at once"),
    "sectors-phone": ("sectors?sector=slaughter_meat", TELEPHONE, "Regions and sectors on a telephone"),
    "sites": ("sites?lang=en", DESK, "Sites, with invented names"),
    "sites-phone": ("sites?lang=en", TELEPHONE, "Sites on a telephone"),
    "method": ("method?part=what_if", DESK, "Other weights beside the national version"),
    "method-intervals": ("method?part=intervals&lang=en", DESK, "How sure each place in the ranking is"),
    "method-seasons": ("method?part=seasons&lang=en", DESK, "The calendar of the seasons"),
    "sources": ("sources", DESK, "Sources and quality"),
    "report": ("report?lang=en", DESK, "The report"),
    "contacts": ("contacts", DESK, "Contacts and library"),
}
HEAD = """# Pictures of the pages

Made by `make pictures` on the demonstration; every figure and name on them is invented. Do not edit by hand.
"""


def take(browser: Browser, address: str, size: tuple[int, int]) -> bytes:
    """Return the first screen of a page as PNG."""
    width, height = size
    page = browser.new_page(locale="nl-NL", viewport={"width": width, "height": height})
    page.goto(address)
    settled(page)
    page.wait_for_timeout(3_000)  # the map, the last letters and colours
    taken = page.screenshot()
    page.close()
    small = io.BytesIO()
    Image.open(io.BytesIO(taken)).convert("RGB").quantize(COLOURS_N).save(small, "PNG", optimize=True)
    return small.getvalue()


def main() -> None:
    """Serve the product on data of its own, photograph each page and write docs/pictures.md."""
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        server, url = start_streamlit(ROOT / "app.py", Path(folder) / "server.log", RISICOBEELD_DATA=f"{folder}/data")
        browser = playwright.chromium.launch(
            executable_path=get_browser.find(),
            args=["--no-sandbox", "--disable-gpu", "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"],
        )
        try:
            for name, (address, size, _) in PICTURES.items():
                (ROOT / "docs" / f"{name}.png").write_bytes(take(browser, f"{url}/{address}", size))
        finally:
            browser.close()
            stop(server)
    shown = (f"\n## {told}\n\n![{told}]({name}.png)\n" for name, (_, _, told) in PICTURES.items())
    (ROOT / "docs" / "pictures.md").write_text(HEAD + "".join(shown), "utf-8")


if __name__ == "__main__":
    main()
