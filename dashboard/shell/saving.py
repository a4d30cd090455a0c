"""The one way in which a page hands over a file: made when it is asked for, for who may still enter then.

A press asks the server for the file and draws nothing anew: a run of the page would take away what makes it. So who
lost access while the page stood open is asked for here, as each run of a page asks for it.
"""

from collections.abc import Callable
from typing import Any, Final, Literal

import streamlit as st

from access import admission, audit
from dashboard.shell import signin
from geodata import settings
from geodata.errors import AccessDeniedError

_SURFACE: Final = "dashboard"


def offer(
    label: str,
    data: bytes | Callable[[], bytes],
    file_name: str,
    mime: str | None = None,
    *,
    key: str | None = None,
    width: int | Literal["content", "stretch"] = "content",
) -> None:
    """Draw a button that saves a file.

    Parameters
    ----------
    label
        On the button.
    data
        The content, or what makes it when it is asked for.
    file_name
        Under which the browser saves it.
    mime
        Its media type; Streamlit's guess by default.
    key, width
        Of the button.
    """
    st.download_button(
        label, _for_who_may_enter(data), file_name=file_name, mime=mime, key=key, width=width, on_click="ignore"
    )


def _for_who_may_enter(data: bytes | Callable[[], bytes]) -> bytes | Callable[[], bytes]:
    """Return what makes a file once this sign-in is found to give the role still in which the page was drawn."""
    if not settings.has_sign_in():
        return data
    claims: dict[str, Any] = st.user.to_dict()
    who = signin.viewer()

    def made() -> bytes:
        entry = admission.admit(claims)
        if who not in entry.viewers:
            reason = entry.refusal.value if entry.refusal else "role"
            audit.note("refused", who=who.who, role=str(who), surface=_SURFACE, table=reason)
            raise AccessDeniedError("access_ended", role=who)
        return data() if callable(data) else data

    return made
