"""Walk through every page as one viewer in a real browser and keep all that arrives."""

import contextlib
from urllib.parse import urlsplit

from playwright.sync_api import Browser, Download, Error, Page, Response, WebSocket, expect

from dashboard.pages import PAGES
from tests.browser.fixtures import go
from tests.door.canaries import Canary

ALL_OF_IT = "drawn=50.75~3.4~53.5~3.4~53.5~7.2~50.75~7.2"  # who draws around the country still gets the own part
ADDRESSES = (
    f"/?level=vr&sites=1&across=Kleve&{ALL_OF_IT}",
    "/?level=gemeente&sites=1&sector=lodging&unit=VR06&within=VR06&beside=VR23,GM0363",
)
VISIT_PATHS = tuple(f"/visit/{path}" for path in ("?lang=nl", "who", "send", "compare"))
"""The visit form: closed here, and as silent where it is open."""


def addresses(viewer: str, others_site: str = "") -> list[str]:
    """Return where a viewer walks: every page, also those that are not for them, and the site of somebody else."""
    paths = [*ADDRESSES, *(f"/{one.name}" for one in PAGES[1:])]
    if others_site:
        paths += [f"/?sites=1&unit={others_site}", f"/sites?unit={others_site}"]
    return [f"{path}{'&' if '?' in path else '?'}as={viewer}" for path in paths]


def walk(browser: Browser, url: str, viewer: str, others_site: str = "") -> str:
    """Open every page that the viewer is shown, and a few that are not meant for them; return what arrived.

    What arrived is every frame of the page's socket, every answer of the server, every downloaded file and the
    text of every page.
    """
    arrived: list[bytes] = []
    context = browser.new_context(locale="nl-NL", viewport={"width": 1400, "height": 900}, accept_downloads=True)
    context.set_default_timeout(60_000)
    page = context.new_page()

    def keep_frame(payload: str | bytes) -> None:
        arrived.append(payload.encode() if isinstance(payload, str) else payload)

    def keep_socket(socket: WebSocket) -> None:
        socket.on("framereceived", keep_frame)

    def keep_answer(response: Response) -> None:
        if urlsplit(response.url).netloc == urlsplit(url).netloc:
            with contextlib.suppress(Error):  # a redirect or a page that was left has no body any more
                arrived.append(response.body())

    page.on("websocket", keep_socket)
    page.on("response", keep_answer)
    first, *more = addresses(viewer, others_site)
    page.goto(f"{url}{first}")
    for path in (first, *more):
        if path != first:
            go(page, path.lstrip("/"))  # as its links do: a page that is loaded anew brings nothing more but the frame
        settle(page)
        arrived.append(page.locator("body").inner_text().encode())
        page.keyboard.press("Escape")  # the notice that an address is not for this viewer
        for button in page.get_by_test_id("stDownloadButton").all():
            if button.is_visible() and button.get_by_role("button").is_enabled():
                with page.expect_download() as download:
                    button.get_by_role("button").click()
                arrived.append(read(page, download.value))
    for path in VISIT_PATHS:
        page.goto(f"{url}{path}")
        arrived.append(page.locator("body").inner_text().encode())
    context.close()
    return b"\n".join(arrived).decode("utf-8", "replace")


def read(page: Page, download: Download) -> bytes:
    """Return a downloaded file; one that the browser gave up is asked for once more."""
    try:
        return download.path().read_bytes()
    except Error:
        return page.request.get(download.url).body()


def settle(page: Page) -> None:
    """Wait until the page has been drawn and no script runs any more."""
    expect(page.locator(".st-key-header")).to_be_visible(timeout=60_000)
    page.wait_for_selector("[data-testid=stApp][data-test-script-state=notRunning]", timeout=120_000)
    page.wait_for_timeout(200)


def marks(canary: Canary) -> tuple[str, ...]:
    """Return what a region's canary looks like on its way to a browser, where degrees travel as whole 1e-5."""
    place = f"{round(canary.lon * 1e5)}", f"{round(canary.lat * 1e5)}"
    return canary.name, canary.text, str(canary.number), *place


def found(text: str, birds: dict[str, Canary], own: str) -> list[str]:
    """Return other regions' marks in what arrived; a place counts when both its numbers did."""
    leaks = []
    for code, canary in birds.items():
        if code != own:
            *plain, lon, lat = marks(canary)
            leaks += [mark for mark in plain if mark in text]
            leaks += [f"{lon} {lat}"] if lon in text and lat in text else []
    return leaks
