"""Says on every page that visits have waited on this device for more than three days; a page sees no more of them."""

from pathlib import Path
from typing import Final

import streamlit as st
from streamlit import config
from streamlit.url_util import make_url_path

from dashboard.visit import sender, server
from words import Texts

_KEY: Final = "old-visits"
_mount = st.components.v2.component(
    "risicobeeld_old_visits", js=(Path(__file__).parent / "remind.js").read_text("utf-8"), isolate_styles=False
)


def draw(texts: Texts) -> None:
    """Draw the warning, for the person who is signed in, where the form is served."""
    if not server.is_served():
        return
    base = str(config.get_option("server.baseUrlPath") or "")
    _mount(
        key=_KEY,
        data={
            "name": "risicobeeld-visits",
            "person": sender.person_of(st.user.to_dict()),
            "queue": make_url_path(base, f"{server.ADDRESS}queue.js"),
            "form": f"{make_url_path(base, server.ADDRESS)}?lang={texts.language}",
            "old": texts("visit.old_here", n="{n}"),
            "open": texts("visit.open"),
        },
    )
