"""Contexts of the browser that are lent from test to test, and tabs in them.

A page of the product is half a second of work, and its scripts two seconds more for a browser that meets them for
the first time: in a new context, and in each new process of the browser. A context that is given back is emptied and
kept with one blank tab of this machine, whose process the next test's tabs share.
"""

import json
import re
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

from playwright.sync_api import Browser, BrowserContext, Page, Request

PATIENCE_MS = 60_000
"""How long a page may take on a busy machine before a test gives up; no test is about time."""

_BLANK = "http://127.0.0.1/"
_STORED = "cookies,local_storage,indexeddb,cache_storage,service_workers"

Kept = defaultdict[str, list[BrowserContext]]


@contextmanager
def lent(browser: Browser, kept: Kept, **options: object) -> Iterator[tuple[BrowserContext, set[str]]]:
    """Lend a context with these options of Playwright's; give it, and the origins that were asked for in it."""
    same = kept[json.dumps(options, sort_keys=True)]
    context = same.pop() if same else _new(browser, **options)
    context.set_default_timeout(PATIENCE_MS)
    origins: set[str] = set()

    def keep_origin(request: Request) -> None:
        parts = urlsplit(request.url)
        origins.add(f"{parts.scheme}://{parts.netloc}")

    context.on("request", keep_origin)
    yield context, origins
    context.remove_listener("request", keep_origin)
    _empty(context, origins)
    same.append(context)


def open_tab(context: BrowserContext) -> Page:
    """Open an empty tab in a context that was lent."""
    with context.expect_page() as opened:
        context.pages[0].evaluate("() => { open().opener = null; }")
    return opened.value


def shut_outside(context: BrowserContext) -> None:
    """Refuse what lies outside this machine at once: the provider's pages ask for a style sheet there, and wait."""
    context.route(re.compile(r"^https?://(?!127\.0\.0\.1)"), lambda route: route.abort())


def _new(browser: Browser, **options: object) -> BrowserContext:
    context = browser.new_context(**options)
    blank = context.new_page()
    blank.route(_BLANK, lambda route: route.fulfill(body="", content_type="text/html"))
    blank.goto(_BLANK)
    return context


def _empty(context: BrowserContext, origins: set[str]) -> None:
    """Leave nothing of a test in a context but the scripts and pictures that the browser keeps of any server."""
    blank, *tabs = context.pages
    for tab in tabs:
        tab.close()
    session = context.new_cdp_session(blank)
    for origin in origins:
        session.send("Storage.clearDataForOrigin", {"origin": origin, "storageTypes": _STORED})
    session.detach()
    context.clear_cookies()
    context.clear_permissions()
    context.unroute_all()
    context.set_offline(False)
