"""Long work on a page: how far it is, and a button that stops it.

Streamlit ends a run of a page at its next word to the browser once the viewer asks for another run. So whatever
tells how far it is can be stopped, and work that keeps all or nothing needs no more than that.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import streamlit as st

from geodata.sources import catalogue
from words import Texts

Step = Callable[..., None]


@contextmanager
def shown(texts: Texts, told: str, key: str = "work-stop") -> Iterator[Step]:
    """Show a bar and the button to stop while the block runs; it gives what to call with the part done (0-1).

    Parameters
    ----------
    told
        What is being done.
    key
        Of the button; where two works may be shown in one run of a page each has its own.
    """
    place = st.empty()
    with place.container():
        bar = st.progress(0.0, told)
        st.button(texts("work.stop"), key=key, on_click=_stopped)

    def step(done: float, doing: str = "") -> None:
        bar.progress(min(max(done, 0.0), 1.0), f"{told} {doing}".strip())

    yield step
    place.empty()


def of_sources(step: Step, names: list[str], lang: str) -> Callable[[str], Callable[[int, int], None]]:
    """Return what a refresh calls per source, and then with how much of it is done: each has an equal part.

    Parameters
    ----------
    step
        Is told the part of the whole that is done.
    names
        Of the sources, in their order.
    lang
        ``nl`` or ``en``.
    """

    def progress_of(name: str) -> Callable[[int, int], None]:
        place, title = names.index(name), catalogue.title(name, lang)
        step(place / len(names), title)
        return lambda done, total: step((place + (done / total if total else 0)) / len(names), title)

    return progress_of


def tell_stopped(texts: Texts) -> None:
    """Say, once, that the work was stopped."""
    if st.session_state.pop("work-stopped", False):
        st.info(texts("work.stopped"))


def _stopped() -> None:
    st.session_state["work-stopped"] = True
