"""What one process does once, and what it counts of its own runs."""

import gc
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from urllib.parse import urlsplit

import streamlit as st
from streamlit import config, net_util
from streamlit.runtime.scriptrunner import get_script_run_ctx

from geodata import metrics


@cache
def settle() -> None:
    """After the first page: clear the garbage of starting up, and never again walk over what stays.

    By itself Streamlit collects all generations after every run of a page or a part, holding everybody for some
    190 ms; its own setting turns that off, here too, for whoever starts the pages without our settings.
    """
    config.set_option("runner.postScriptGC", value=False)
    ask_nobody()
    gc.collect()
    gc.freeze()


def ask_nobody() -> None:
    """Let Streamlit refuse a page of another site without first asking a server outside for its own address.

    It would ask at each such knock, in the loop that answers everybody.
    """
    net_util._external_ip = "127.0.0.1"  # noqa: SLF001 - the place where it keeps the answer; there is no setting


@contextmanager
def counted() -> Iterator[None]:
    """Count and time a run of a part of a page (a filter, a click on the map); of a whole page `page_run` does."""
    context = get_script_run_ctx()
    if context is None or not context.fragment_ids_this_run:
        yield
        return
    name = urlsplit(st.context.url or "").path.strip("/") or "picture"
    page = name if name in st.session_state.get("_pages", {}) else "other"
    began = time.perf_counter()
    try:
        yield
    finally:
        metrics.PART_RUNS.labels(page).inc()
        metrics.PART_SECONDS.labels(page).observe(time.perf_counter() - began)
