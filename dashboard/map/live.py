"""The live map with its ranked list: a small Streamlit component around Leaflet.

The browser gets the boundaries once, as a cached file; a change of sector, period or weights sends only this
module's message of a few kilobytes.
"""

import hashlib
import json
import math
import string
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

import numpy as np
import streamlit as st

from dashboard.map import inside
from dashboard.map.assets import FRONTEND_DIR, Geometry, published_words
from dashboard.map.layers import (
    TILE_URL,
    AreaLayer,
    MapPicture,
    MapTexts,
    Mark,
    Overlay,
    SiteLayer,
    site_shapes,
    words_message,
)
from dashboard.map.scale import (
    CLASS_COLOURS,
    CLASS_CUTS,
    CLASS_INKS,
    NO_DATA_COLOURS,
    OVER_COLOUR,
    PLACE_COLOURS,
    SHADES,
)
from geodata.errors import UnknownCodeError
from risk.index import classify

_DIGITS: Final = string.digits + string.ascii_lowercase
_NO_DATA, _NOT_SHOWN = "-", " "
_KEPT_BYTES: Final = 10_000  # a message of this size Streamlit keeps, and does not send twice
MOVES_ZERO: Final = 500  # stands for a score that stayed; the frontend knows it too (units.js)


@dataclass(frozen=True)
class MapEvent:
    """What the viewer did on the map since the last run; None is nothing.

    Attributes
    ----------
    selected
        Code of the area that was chosen, or an empty string when the choice was undone.
    selected_site
        Id of the site that was chosen, or an empty string when the choice was undone.
    """

    selected: str | None = None
    selected_site: str | None = None


def _pairs(numbers: Sequence[float | None]) -> str:
    """Return whole numbers below 1296 as two characters each (base 36); a missing one is 0.

    >>> _pairs([None, 7, 35, 342])
    '00070z9i'
    """
    whole = [0 if number is None else round(number) for number in numbers]
    return "".join(_DIGITS[number // 36] + _DIGITS[number % 36] for number in whole)


def _told(scores: Sequence[float | None], times: int) -> list[float | None]:
    """Return scores rounded as the reader sees them, as whole tenths (`times` 10) or hundredths (100)."""
    told = (classify.told(np.asarray(scores, float), CLASS_CUTS) * times).round(1).tolist()
    return [None if math.isnan(score) else score for score in told]


def _class_letter(risk_class: float | None) -> str:
    return _NO_DATA if risk_class is None else str(int(risk_class))


def area_message(areas: AreaLayer, codes: Sequence[str]) -> dict[str, str]:
    """Return the columns of a layer in the order of the boundaries, as short strings.

    Parameters
    ----------
    areas
        The layer; it may hold fewer areas than the boundaries.
    codes
        Codes of the level in the order of the published boundaries.

    Returns
    -------
    dict[str, str]
        ``classes``: a character per area, 1-5, ``-`` for no data, a space for an area outside the picture.
        ``scores`` (in hundredths), ``ranks``, ``lows`` and ``highs`` (the interval): two base-36 digits per area.
        ``marks``: one digit per area. ``moves``: the change of the score in tenths plus `MOVES_ZERO`, 0 unknown.

    Raises
    ------
    UnknownCodeError
        When the layer has a code that the boundaries do not know.
    """
    place = {code: index for index, code in enumerate(areas.codes)}
    unknown = sorted(place.keys() - set(codes))
    if unknown:
        raise UnknownCodeError(
            f"The map has no boundary for {unknown[0]} ({areas.level}); bring the table to today's codes first."
        )

    def ordered(values: Sequence[float | None]) -> list[float | None]:
        return [values[place[code]] if code in place else None for code in codes]

    def character(code: str) -> str:
        if code not in place:
            return _NOT_SHOWN
        return _class_letter(areas.classes[place[code]])

    message = {
        "classes": "".join(map(character, codes)),
        "scores": _pairs(_told(ordered(areas.scores), 100)),
        "ranks": _pairs(ordered(areas.ranks)),
    }
    if areas.rank_p05 and areas.rank_p95:
        message |= {"lows": _pairs(ordered(areas.rank_p05)), "highs": _pairs(ordered(areas.rank_p95))}
    if any(areas.marks):
        message["marks"] = "".join(str(int(mark or Mark.NONE)) for mark in ordered(areas.marks))
    if areas.moved:
        moves = [None if moved is None else round(moved * 10) + MOVES_ZERO for moved in ordered(areas.moved)]
        message["moves"] = _pairs(moves)
    return message


_kept_area_message: Final = lru_cache(maxsize=100)(area_message)  # a picture is drawn again with each choice beside it


def over_message(over: Overlay | None, codes: Sequence[str]) -> dict[str, Any] | None:
    """Return which gemeenten the layer over the areas marks, as places in the list of boundaries; None without one.

    Raises
    ------
    UnknownCodeError
        When the layer has a code that the boundaries do not know.
    """
    if over is None:
        return None
    place = {code: index for index, code in enumerate(codes)}
    unknown = sorted(set(over.codes) - place.keys())
    if unknown:
        raise UnknownCodeError(
            f"The map has no boundary for {unknown[0]} (gemeente); bring the table to today's codes first."
        )
    places = [place[code] for code in over.codes]
    return {"word": over.word, "places": places, "notes": over.notes, "colour": OVER_COLOUR}


@dataclass(frozen=True)
class SectorFigures:
    """The figures of every sector of the areas that are shown, for a change of sector without the server.

    Attributes
    ----------
    channel
        Name under which the map finds them: of a level and a week.
    sector
        The sector that the picture shows.
    message
        What `figures_message` made.
    """

    channel: str
    sector: str
    message: bytes


def figures_message(layers: Mapping[str, AreaLayer], codes: Sequence[str], *, assets: str, channel: str) -> bytes:
    """Return the columns of every sector; made once per viewer, level and week, and not sent twice.

    Parameters
    ----------
    layers
        Sector -> its areas.
    codes
        Codes of the level in the order of the published boundaries.
    assets
        Address from `dashboard.map.assets.publish`.
    channel
        As of `SectorFigures`.

    Returns
    -------
    bytes
        Two lines of JSON: where the message belongs, with a digest; and per sector what `area_message` gives.
    """
    return _carried(
        {sector: area_message(layer, codes) for sector, layer in layers.items()}, "figures", assets, channel
    )


def _carried(content: object, holds: str, assets: str, channel: str) -> bytes:
    """Return a message for a component that shows nothing and only brings it to the browser.

    Its first line tells for which map it is, and whether it is new.
    """
    body = json.dumps(content, separators=(",", ":"))
    digest = hashlib.sha256(body.encode()).hexdigest()[:16]
    head = {"assets": assets, "holds": holds, "channel": channel, "digest": digest}
    return f"{json.dumps(head)}\n{body}".encode()


def map_message(
    picture: MapPicture,
    *,
    assets: str,
    geometry: Geometry,
    height: int,
    sites: str = "",
    figures: SectorFigures | None = None,
) -> dict[str, Any]:
    """Return what the browser is told at each change; boundaries, names and sites reach it in other ways.

    Parameters
    ----------
    picture
        What is drawn.
    assets
        Address from `dashboard.map.assets.publish`.
    geometry
        The boundaries that the browser has.
    height
        Of the map, in pixels.
    sites
        Where the message of the sites lies; '' is none.
    figures
        What the browser needs to change sector by itself.
    """
    return {
        "assets": assets,
        "geometry": geometry.url,
        "height": height,
        "hasList": picture.has_list,
        "level": picture.areas.level,
        "areas": _kept_area_message(picture.areas, geometry.codes[picture.areas.level]),
        "inside": inside.message(picture.inside, picture.areas.codes, geometry.codes[picture.areas.level]),
        "values": picture.has_values,
        "over": over_message(picture.over, geometry.codes["gemeente"]),
        "selected": picture.selected,
        "beside": picture.compared,
        "selectedSite": picture.selected_site,
        "drawn": picture.drawn,
        "across": picture.has_across,
        "focus": picture.focus,
        "together": picture.together,
        "tiles": TILE_URL if picture.background else "",
        "sites": sites,
        "figures": figures.channel if figures and not picture.inside else "",  # they hold scores alone
        "sector": figures.sector if figures else "",
        "scale": {
            "cuts": CLASS_CUTS,
            "colours": CLASS_COLOURS,
            "inks": CLASS_INKS,
            "shades": SHADES,
            "places": PLACE_COLOURS,
            "rankedN": picture.ranked_n,
            "noData": NO_DATA_COLOURS,
        },
        "texts": _own_words(picture.texts),
    }


@lru_cache(maxsize=100)
def _own_words(texts: MapTexts) -> dict[str, Any]:
    """Return the words of a picture that differ from those that the browser has for its language, and that language."""
    known = published_words().get(texts.language, {})
    return {"language": texts.language} | {
        name: words for name, words in words_message(texts).items() if known.get(name) != words
    }


def site_message(sites: SiteLayer, *, assets: str, channel: str) -> bytes:
    """Return the columns of the sites. Streamlit keeps a message of this size and does not send it twice.

    Parameters
    ----------
    sites
        The layer.
    assets
        Address from `dashboard.map.assets.publish`.
    channel
        Name under which the map finds these sites.

    Returns
    -------
    bytes
        Two lines of JSON: where the message belongs, with a digest by which the browser sees that nothing
        changed; and per site the letter of its kind (the first is 0, and on from there), its class (1-5, or
        ``-``), score in tenths, degrees times 100,000 (None without a place), id and name.
    """
    shapes = site_shapes()
    letters = {kind: chr(ord("0") + number) for number, kind in enumerate(shapes)}
    columns = {
        "shapes": list(shapes.values()),
        "kinds": "".join(letters[kind] for kind in sites.kinds),
        "classes": "".join(map(_class_letter, sites.classes)),
        "scores": _told(sites.scores, 10),
        "longitudes": [None if degrees is None else round(degrees * 1e5) for degrees in sites.longitudes],
        "latitudes": [None if degrees is None else round(degrees * 1e5) for degrees in sites.latitudes],
        "ids": sites.site_ids,
        "names": sites.names,
    }
    return _carried(columns, "sites", assets, channel)


def _kept_site_message(sites: SiteLayer, *, assets: str, channel: str) -> bytes:
    """Return the message of sites, made once per session for as long as they stay the same."""
    place = f"_{channel}-message"
    known = st.session_state.get(place)
    if known is None or known[:2] != (assets, sites):
        known = (assets, sites, site_message(sites, assets=assets, channel=channel))
        st.session_state[place] = known
    return known[2]


_BOOTSTRAP: Final = (FRONTEND_DIR / "bootstrap.js").read_text(encoding="utf-8")
_mount_map = st.components.v2.component("risicobeeld_map", js=_BOOTSTRAP)
_mount_sites = st.components.v2.component("risicobeeld_sites", js=_BOOTSTRAP)
_mount_figures = st.components.v2.component("risicobeeld_figures", js=_BOOTSTRAP)


def live_map(
    picture: MapPicture,
    *,
    key: str,
    assets: str,
    geometry: Geometry,
    height: int = 540,
    figures: SectorFigures | None = None,
    on_select: Callable[..., None] | None = None,
    on_select_site: Callable[[str], None] | None = None,
    on_other: Callable[..., None] | None = None,
) -> MapEvent:
    """Draw the map with its ranked list, and say what the viewer chose.

    The page owns the selection: pass it back in ``picture.selected``. The browser shows a click at once.

    Parameters
    ----------
    picture
        What to show. Areas outside ``picture.areas`` are drawn blank.
    key
        Identity of the component on the page; the view is kept as long as it stays the same.
    assets
        Address from `dashboard.map.assets.publish`.
    geometry
        Boundaries from `dashboard.map.assets.publish_geometry`.
    height
        Height in pixels of map and list; on a narrow screen of the map alone.
    figures
        Those of every sector, where the page offers a choice of sector (`dashboard.parts.links`).
    on_select, on_select_site
        Called with the code or id before the page runs again, so that the whole page sees the new choice;
        with an empty string when the choice is undone. Where several areas can be chosen, `on_select` gets
        the codes of the others after the first.
    on_other
        Called with ``drawn``, the area that was drawn (`door.within.read`), or with ``across``, the name across
        the border that was chosen.

    Returns
    -------
    MapEvent
        The choice made since the last run.
    """

    def said(name: str) -> str | None:
        value = st.session_state[key].get(name)
        return value if isinstance(value, str) else None

    def relay(name: str, listener: Callable[..., None] | None) -> None:
        value = said(name)
        if listener is not None and value is not None:
            code, *others = value.split(",") if name == "selected" else [value]
            listener(code, *(others if picture.compared is not None else ()))

    channel, carried = "", b""
    if picture.sites is not None:
        channel = f"{key}-sites"
        _mount_sites(key=channel, data=_kept_site_message(picture.sites, assets=assets, channel=channel))
    if figures is not None and len(figures.message) >= _KEPT_BYTES:
        _mount_figures(key=figures.channel, data=figures.message)
    elif figures is not None:
        carried = figures.message  # sent again in any case, and an element of its own has its price
    told = map_message(picture, assets=assets, geometry=geometry, height=height, sites=channel, figures=figures)
    own = json.dumps(told, separators=(",", ":"), ensure_ascii=False).encode()
    result = _mount_map(
        key=key,
        data=b"\n".join(filter(None, (own, carried))),  # bytes are not looked through
        on_selected_change=lambda: relay("selected", on_select),
        on_selected_site_change=lambda: relay("selected_site", on_select_site),
        on_drawn_change=lambda: relay("drawn", on_other and (lambda corners: on_other(drawn=corners))),
        on_across_change=lambda: relay("across", on_other and (lambda name: on_other(across=name))),
    )
    selected = result.selected
    return MapEvent(selected=selected and selected.split(",")[0], selected_site=result.selected_site)
