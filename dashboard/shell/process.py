"""What one process does once, and what it counts of its own runs."""

import gc
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from typing import Any
from urllib.parse import urlsplit

import streamlit as st
from streamlit import config, net_util
from streamlit.runtime.scriptrunner import get_script_run_ctx
from streamlit.runtime.state.common import is_element_id, is_keyed_element_id
from streamlit.runtime.state.safe_session_state import SafeSessionState
from streamlit.runtime.state.session_state import SessionState, _is_internal_key

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


class NamedState(Mapping[str, Any]):
    """The state of a tab by the names that a page gave, each value read when it is asked for.

    Every select box and every field asks Streamlit for all of it, to look up one name: Streamlit reads each value then,
    and for each of our components makes a class anew. On a page with four boxes that was a fifth of its time.
    """

    def __init__(self, state: SafeSessionState, inner: SessionState) -> None:
        self._state = state
        keys = [key for key in inner._keys() if not _is_internal_key(key)]  # noqa: SLF001 - as Streamlit makes it
        name_of = inner._key_id_mapper.id_key_mapping  # noqa: SLF001 - idem
        own = [key for key in keys if not is_element_id(key)]
        of_elements = [name_of[key] for key in keys if is_keyed_element_id(key) and key in name_of]
        self._names = dict.fromkeys(own + of_elements)

    def __getitem__(self, name: str) -> Any:
        """Return the value of a name, as the page has it."""
        if name not in self._names:
            raise KeyError(name)
        return self._state[name]

    def __iter__(self) -> Iterator[str]:
        """Give the names."""
        return iter(self._names)

    def __len__(self) -> int:
        """Return how many names there are."""
        return len(self._names)


def _named(state: SafeSessionState) -> NamedState:
    with state._lock:  # noqa: SLF001 - as the property that this takes the place of
        return NamedState(state, state._state)  # noqa: SLF001 - idem


SafeSessionState.filtered_state = property(_named)  # type: ignore[method-assign, assignment]


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
