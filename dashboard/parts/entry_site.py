"""The site of an activation: found by name among those of the viewer, it fills in gemeente and sector."""

from collections.abc import Callable, Mapping
from typing import Final

import pandas as pd
import streamlit as st

from dashboard.shell import choices, session
from door.store import ScopedStore
from geodata import site_kinds
from words import Texts, read_texts

_MOST_N: Final = 2_000
"""More sites than this are too many for one list in the browser: then only those of the chosen gemeente."""


def choose(
    texts: Texts, store: ScopedStore, key: Callable[[str], str], gemeenten: Mapping[str, str], kept: str = ""
) -> str:
    """Draw the field and return the identity of the chosen site; '' for none.

    Parameters
    ----------
    key
        Gives the key of a field of the form in the session.
    gemeenten
        Names of gemeenten, by code.
    kept
        The site that the entry names already: it stays, also when it is gone or another's.
    """
    sites = _sites(store)
    of_gemeente = st.session_state[key("gemeente_code")]
    chosen = st.session_state[key("site_id")]
    if chosen is not None and chosen not in sites.index:
        if chosen == kept:
            return kept
        st.session_state[key("site_id")] = chosen = None  # a browser may send any text: it is none of the options
    listed = (
        sites if len(sites) <= _MOST_N else sites[(sites["gemeente_code"] == of_gemeente) | (sites.index == chosen)]
    )
    labels = dict(zip(listed.index, listed["name"] + ", " + listed["gemeente_code"].map(gemeenten), strict=True))
    found = choices.choose(
        texts,
        texts("register.site"),
        list(labels),
        key=key("site_id"),
        placeholder="",
        help=texts("register.site_help"),
        format_func=lambda code: str(labels.get(code, code)),
        on_change=_fill,
        args=(store, key),
    )
    if listed.empty and not sites.empty:
        st.caption(texts("register.site_many"))
    return found or ""


def name_of(store: ScopedStore, site_id: str) -> str:
    """Return the name of a site as the viewer may see it, its identity where that has none."""
    sites = _sites(store)
    return str(sites.loc[site_id, "name"]) if site_id in sites.index else site_id


def forget_elsewhere(store: ScopedStore, site_key: str, gemeente_key: str) -> None:
    """Drop the chosen site when another gemeente is chosen than the one it lies in.

    Parameters
    ----------
    store
        The tables as the viewer may see them.
    site_key
        Of the choice of a site, in the session.
    gemeente_key
        Of the choice of a gemeente, in the session.
    """
    sites, chosen = _sites(store), st.session_state[site_key]
    if chosen in sites.index and sites.loc[chosen, "gemeente_code"] != st.session_state[gemeente_key]:
        st.session_state[site_key] = None


def _sites(store: ScopedStore) -> pd.DataFrame:
    return _load(str(store.viewer), store.data_version, session.texts().language, store)


@st.cache_resource(max_entries=40, show_spinner=False)
def _load(viewer: str, data_version: str, language: str, _store: ScopedStore) -> pd.DataFrame:  # noqa: ARG001 - they are the key
    if not _store.may("sites"):
        return pd.DataFrame(columns=["name", "gemeente_code", "sector_code"])
    sites = pd.DataFrame(_store.table("sites")[["site_id", "name", "kind", "gemeente_code", "sector_code"]])
    named = sites.assign(name=sites["site_id"].map(site_kinds.titles(sites, read_texts(language))))
    return named[named["gemeente_code"] != ""].set_index("site_id").sort_values("name")


def _fill(store: ScopedStore, key: Callable[[str], str]) -> None:
    """Fill in what the chosen site tells; what it does not tell stays as it was."""
    sites, chosen = _sites(store), st.session_state[key("site_id")]
    if chosen in sites.index:
        for name in ("gemeente_code", "sector_code"):
            if sites.loc[chosen, name]:
                st.session_state[key(name)] = sites.loc[chosen, name]
