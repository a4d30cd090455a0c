"""What the pages read of the sites: with score and place, loaded once per viewer and version, and as a map layer."""

from collections.abc import Mapping
from typing import Any, Final

import pandas as pd
import streamlit as st

from dashboard.map.layers import SiteLayer
from dashboard.parts import figures
from dashboard.parts.figures import Picture
from dashboard.shell.session import kept
from door.store import ScopedStore
from geodata import codes, site_kinds
from risk.scores.outputs import newest_signal
from words import Texts

_LEAST_GAIN: Final = 0.01
Site = Mapping[str, Any]


def open_sites(store: ScopedStore, texts: Texts, week: str = "") -> pd.DataFrame:
    """Return the sites the viewer may see, with their score where they are ranked, and place in degrees (EPSG:4326).

    Parameters
    ----------
    store, texts
        The tables as the viewer may see them and words of the reader's language.
    week
        Such as ``2020-W22``; '' is the last one.
    """
    shown = figures.open_picture(store, "site", texts, week)
    return _load_sites(*_sites_key(store, shown), store, shown)


def _sites_key(store: ScopedStore, shown: Picture) -> tuple[str, str, str, str, int]:
    version = shown.scored.model.version  # that of the disease, too
    return str(store.viewer), store.data_version, version, shown.week, newest_signal("site")


@st.cache_resource(max_entries=40, show_spinner=False)
def _load_sites(
    viewer: str,
    data_version: str,
    model_version: str,
    week: str,
    newest_signal: int,
    _store: ScopedStore,
    _scores: Picture,
) -> pd.DataFrame:
    sites = _store.table("sites")
    points = sites.geometry.to_crs(codes.CRS_WGS84)
    placed = pd.DataFrame(sites.drop(columns="geometry")).assign(lon=points.x, lat=points.y)
    found = _scores.scores.set_index("unit_id")
    scores = found["score_0_10"].where(found["rank"].notna())  # an expected score of an unknown size is no class
    return placed.assign(score_0_10=scores.reindex(placed["site_id"]).to_numpy())


def highest_sites(store: ScopedStore, texts: Texts, week: str, within: str, most: int) -> tuple[list[Site], int]:
    """Return the highest sites of a veiligheidsregio, a gemeente or ('') the country, and how many there are.

    Those without a place in the ranking have no score here, and come last.

    Parameters
    ----------
    store, texts
        The tables as the viewer may see them and words of the reader's language.
    week
        Such as ``2020-W22``; '' is the last one.
    within
        A veiligheidsregio or gemeente; '' is the country.
    most
        How many to return.
    """
    shown = figures.open_picture(store, "site", texts, week)

    def read() -> tuple[list[Site], int]:
        sites = open_sites(store, texts, week)
        if within:
            sites = sites[(sites["gemeente_code"] == within) | (sites["vr_code"] == within)]
        highest = sites.sort_values(["score_0_10", "site_id"], ascending=[False, True]).head(most)
        return [{str(name): value for name, value in one.items()} for one in highest.to_dict("records")], len(sites)

    return kept("_highest_sites", (*_sites_key(store, shown), within, most), read)


def site_layer(store: ScopedStore, texts: Texts, week: str = "") -> SiteLayer:
    """Return the sites of `open_sites` as a layer of the map, made once of thousands.

    Parameters
    ----------
    store, texts
        The tables as the viewer may see them and words of the reader's language.
    week
        Such as ``2020-W22``; '' is the last one.
    """
    shown = figures.open_picture(store, "site", texts, week)
    return _load_site_layer(*_sites_key(store, shown), open_sites(store, texts, week))


@st.cache_resource(max_entries=8, show_spinner=False)
def _load_site_layer(
    viewer: str, data_version: str, model_version: str, week: str, newest_signal: int, _sites: pd.DataFrame
) -> SiteLayer:
    return SiteLayer(
        site_ids=tuple(_sites["site_id"]),
        names=tuple(_sites["name"]),
        kinds=tuple(_sites["kind"]),
        longitudes=tuple(_sites["lon"]),
        latitudes=tuple(_sites["lat"]),
        scores=tuple(_sites["score_0_10"]),
    )


def site_title(store: ScopedStore, site_id: str, texts: Texts) -> str:
    """Return what a site is called: its name, else its kind, and its size.

    Parameters
    ----------
    store
        The tables as the viewer may see them.
    site_id
        Of the list of sites.
    texts
        Words of the reader's language.
    """
    sites = open_sites(store, texts)
    found = sites[sites["site_id"] == site_id]
    if found.empty:
        return ""
    site = found.iloc[0]
    kind = site_kinds.name(site["kind"], texts)
    size = (
        "" if pd.isna(site["size_n"]) else f", {texts.number(site['size_n'], 0)} {texts('unit.' + site['size_unit'])}"
    )
    return f"{site['name'] or kind} ({kind.lower()}{size})"


def gain_words(texts: Texts, gain: float) -> str:
    """Return by how much finding out is expected to lift the first of all sites; a dash where nobody knows."""
    if pd.isna(gain):
        return "–"
    if gain <= 0:
        return texts.number(0, 0)
    return f"< {texts.number(_LEAST_GAIN, 2)}" if gain < _LEAST_GAIN else texts.number(gain, 2)
