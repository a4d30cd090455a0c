"""Markup on a page: `markupsafe.Markup` escapes whatever is filled in, and nothing else is drawn."""

import streamlit as st
from markupsafe import Markup, escape


def show(markup: Markup) -> None:
    """Draw markup; a plain text is refused by the types, and escaped when it came here nevertheless.

    Write ``Markup("<p>{}</p>").format(text)``, and ``Markup().join(parts)``; never an f-string.
    """
    st.html(str(escape(markup)))
