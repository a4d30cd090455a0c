"""A form keeps what somebody typed until it was saved, and stands blank after that.

`clear_on_submit` of Streamlit empties a form at the press, also when the save is refused: what was typed is then gone.
"""

from typing import Final

import streamlit as st

_SAVES: Final = "saves-of-forms"


def form_key(name: str) -> str:
    """Return the key of a form: another one after each save, so that the form and the boxes in it begin anew.

    Boxes with a key of their own take the key of their form into it.

    Parameters
    ----------
    name
        Of the form.
    """
    saves_n = st.session_state.get(_SAVES, {}).get(name, 0)
    return f"{name}-{saves_n}" if saves_n else name


def saved(name: str) -> None:
    """Say that what was typed in a form is kept, so that it stands blank in the next run."""
    saves = st.session_state.setdefault(_SAVES, {})
    saves[name] = saves.get(name, 0) + 1
