"""Who may enter: the table of people, seen by LOT-C and the privacy officer, changed by LOT-C."""

from datetime import UTC, date, datetime

import pandas as pd
import streamlit as st

from access import people
from access.rights import ROLES
from access.viewer import Viewer
from dashboard.shell import frame, session
from dashboard.shell.choices import choose
from geodata import codes, settings
from geodata.areas.regions import region_names
from geodata.errors import InputError
from register.schema import LONGEST_FIELD
from words import Texts

_SURFACE = "page administration"


def run() -> None:
    """Draw the page."""
    texts, viewer = session.texts(), session.viewer()
    frame.plain_head(texts("page.administration"), texts("people.intro"))
    if not settings.has_sign_in():
        st.info(texts("people.without_signin"))
    _list(texts, people.everyone(viewer))
    if not people.may_manage(viewer):
        st.caption(texts("people.only_look"))
        return
    left, middle, right = st.columns(3, gap="large")
    with left:
        _add(texts, viewer)
    with middle:
        _deputy(texts, viewer)
    with right:
        _take_away(texts, viewer)


def _list(texts: Texts, table: pd.DataFrame) -> None:
    if table.empty:
        st.info(texts("people.empty"))
        return
    shown = pd.DataFrame(
        {
            texts("people.email"): table["email"],
            texts("people.role"): [texts(f"role.{role}") if role else "" for role in table["role"]],
            texts("people.region"): table["vr_codes"].str.replace(";", ", "),
            texts("signin.organisation"): table["organisation"],
            texts("people.first"): table["valid_from"],
            texts("people.last"): table["valid_until"].replace(people.FOREVER.isoformat(), texts("people.forever")),
            texts("people.deputy_of"): table["deputy_of"],
            texts("people.known"): table["signed_in_before"],
            texts("people.revoked"): table["revoked_at"].str[:10],
        }
    )
    st.dataframe(shown, hide_index=True, width="stretch")


def _today() -> date:
    return datetime.now(UTC).date()


def _head(title: str, explained: str) -> None:
    st.markdown(f"## {title}", help=explained)


def _day(label: str, value: date | None) -> date | None:
    return st.date_input(label, value, format="DD-MM-YYYY")


def _done(texts: Texts) -> None:
    st.session_state["_saved"] = texts("people.done")
    st.rerun()


def _add(texts: Texts, viewer: Viewer) -> None:
    _head(texts("people.add"), texts("people.add_help"))
    with st.form("people_add", border=False):
        email = st.text_input(texts("people.email"), max_chars=LONGEST_FIELD)
        role = choose(
            texts,
            texts("people.role"),
            ROLES,
            key="people-role",
            index=ROLES.index("region"),
            format_func=lambda code: texts(f"role.{code}"),
        )
        regions = choose(
            texts,
            texts("people.region"),
            codes.VR_CODES,
            how="multiselect",
            key="people-regions",
            placeholder="",
            format_func=region_names().__getitem__,
        )
        organisation = st.text_input(texts("people.organisation"), max_chars=LONGEST_FIELD)
        first, last = _day(texts("people.first"), _today()), _day(texts("people.last"), None)
        if st.form_submit_button(texts("people.save"), type="primary"):
            if role == "region" and not regions:
                raise InputError(texts("people.none_region"))
            granted = Viewer(
                role,
                tuple(sorted(regions)) if role == "region" else (),
                organisation.strip() if role == "partner" else "",
            )
            people.add(viewer, email, granted, first=first, last=last or people.FOREVER, surface=_SURFACE)
            _done(texts)
    if saved := st.session_state.pop("_saved", ""):
        st.success(saved)


def _deputy(texts: Texts, viewer: Viewer) -> None:
    _head(texts("people.deputy"), texts("people.deputy_help"))
    with st.form("people_deputy", border=False):
        email, other = (
            st.text_input(texts("people.email"), max_chars=LONGEST_FIELD),
            st.text_input(texts("people.deputy_of"), max_chars=LONGEST_FIELD),
        )
        first, last = _day(texts("people.first"), _today()), _day(texts("people.last"), _today())
        if st.form_submit_button(texts("people.save"), type="primary"):
            people.add_deputy(viewer, email, other, last or _today(), first=first, surface=_SURFACE)
            _done(texts)


def _take_away(texts: Texts, viewer: Viewer) -> None:
    actions = {"revoke": people.revoke, "forget": people.forget}
    _head(texts("people.revoke"), texts("people.revoke_help"))
    with st.form("people_revoke", border=False):
        email = st.text_input(texts("people.email"), max_chars=LONGEST_FIELD)
        action = choose(
            texts,
            texts("people.revoke"),
            actions,
            how="radio",
            key="people-action",
            format_func=lambda name: texts(f"people.{name}"),
            captions=[texts(f"people.{name}_help") for name in actions],
            label_visibility="collapsed",
        )
        sure = st.checkbox(texts("people.sure"))
        if st.form_submit_button(texts("people.save")):
            if not sure:
                raise InputError(texts("people.not_sure"))
            actions[action](viewer, email, surface=_SURFACE)
            _done(texts)
