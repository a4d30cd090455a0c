"""What the person who signed in wants to be told by e-mail: asked for by themselves, in the menu under their name."""

import streamlit as st
from markupsafe import Markup

from access import told
from access.viewer import Viewer
from dashboard.shell.markup import show
from geodata import settings
from risk.notices.notices import may_be_told
from words import Texts


def draw(texts: Texts, current: Viewer) -> None:
    """Let a person choose of what they are told; nothing where no e-mail is configured or nothing can be told."""
    rules = may_be_told(current)
    if not settings.has_mail() or not rules:
        return
    now = told.wish(current)
    with st.expander(texts("mail.wish")), st.form("mail-wish", border=False):
        show(Markup("<p>{}</p>").format(texts("mail.wish_how", email=current.person)))
        chosen = st.multiselect(
            texts("mail.wish_rules"),
            rules,
            [rule for rule in now.rules if rule in rules],
            format_func=lambda rule: texts(f"mail.rule_{rule}"),
            key="mail-rules",
        )
        wants_quiet = st.checkbox(texts("mail.wish_quiet"), now.wants_quiet, key="mail-quiet")
        if st.form_submit_button(texts("mail.wish_save")):
            told.keep_wish(current, told.Wish(tuple(chosen), wants_quiet, texts.language))
            st.caption(texts("mail.wish_saved" if chosen else "mail.wish_ended"))
