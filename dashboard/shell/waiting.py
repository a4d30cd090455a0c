"""What a page says while a press of it waits for its turn to write: another process keeps the register busy."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import streamlit as st
from streamlit.runtime.scriptrunner import add_script_run_ctx, get_script_run_ctx

from dashboard.shell import session

_SAID_AFTER_S: Final = 1  # a shorter wait is over before anybody has read it
_SHOWN_S: Final = 5  # and then again, for as long as it takes: it must not stand long after the wait


@contextmanager
def said() -> Iterator[None]:
    """Say on the page that a write waits, from its first second on; nothing where there is no page.

    It stands over the page: a press is answered before the page is drawn, when nothing else can be put on it.
    """
    context = get_script_run_ctx(suppress_warning=True)
    if context is None:
        yield
        return
    words, is_over = session.texts()("register.waits"), threading.Event()

    def tell() -> None:
        pause = _SAID_AFTER_S
        while not is_over.wait(pause):
            st.toast(words, duration=_SHOWN_S)
            pause = _SHOWN_S

    teller = threading.Thread(target=tell, daemon=True)
    add_script_run_ctx(teller, context)
    teller.start()
    try:
        yield
    finally:
        is_over.set()
        teller.join()
