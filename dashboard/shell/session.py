"""Who looks, in which language, and at what: the state of one browser tab.

The selection lives in the address bar, so that a link reproduces the picture and back and forward work.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, fields, replace
from datetime import date
from pathlib import Path
from typing import Final, TypeVar
from urllib.parse import urlsplit

import streamlit as st
from streamlit.navigation.page import StreamlitPage

from access.viewer import Viewer
from dashboard.shell import signin
from door.store import ScopedStore, open_last_good, open_store
from geodata import codes, site_kinds
from geodata.areas.landmarks import neighbours
from geodata.errors import SnapshotError
from words import Texts, choose_language, read_texts

_Made = TypeVar("_Made")

STATIC_DIR: Final = Path(__file__).parents[2] / "static"


@dataclass(frozen=True)
class Selection:
    """What the viewer looks at; each field is a parameter of the address.

    Attributes
    ----------
    level
        ``vr`` or ``gemeente``.
    sector
        A sector's code; empty for all sectors together.
    unit
        Code of the chosen area, or id of the chosen site; empty when none is.
    sites
        ``1`` when the sites are on the map.
    kind
        A kind of site; empty for every kind.
    part
        A part of the page; empty is the first.
    entry
        Id of the activation that is open in the register.
    week
        The week (2020-W44) at whose end the picture stood; empty for the peildatum. A page shows it when its
        figures know that week.
    beside
        Codes of up to `BESIDE_MAX` areas that stand beside the chosen one, with commas between them.
    within
        Code of the veiligheidsregio or gemeente that the map is drawn into; empty for the whole country.
    known
        The day (2020-10-31) whose knowledge the register shows; empty for what is known now.
    layer
        What is drawn over the colours of the map, one of `LAYERS`; empty for nothing.
    plan
        Id of the kept plan that is open; empty when none is.
    sort
        Column of `SORTS` that the list of sites is sorted by, with ``-`` before it from high to low; '' by score.
    disease
        Disease of the picture, one of those in the figures; '' is the model's own.
    start
        How many sites stand on the pages before this one; '' is the first page.
    guide
        ``off`` when the viewer has put away how to read the picture.
    places
        ``1`` when the map is coloured by the place in the country instead of by class and score.
    inside
        Indicator that the map shows in place of the score; with ``.part`` behind it, what that adds to the score.
    numbers
        ``1`` when figures stand on the map.
    time
        ``1`` when the page shows the weeks one after another.
    second
        What a second map beside the first shows: a week, or an indicator; '' is one map.
    drawn
        Corners of the area that was drawn on the map, in degrees (`door.within.read`); '' is none.
    across
        Name of a Kreis or municipality across the border, one of `geodata.areas.landmarks`; '' is none.
    """

    level: str = "vr"
    sector: str = ""
    unit: str = ""
    sites: str = ""
    kind: str = ""
    part: str = ""
    entry: str = ""
    week: str = ""
    beside: str = ""
    within: str = ""
    known: str = ""
    plan: str = ""
    sort: str = ""
    start: str = ""
    layer: str = ""
    disease: str = ""
    guide: str = ""
    places: str = ""
    inside: str = ""
    numbers: str = ""
    time: str = ""
    second: str = ""
    drawn: str = ""
    across: str = ""

    @property
    def areas(self) -> tuple[str, ...]:
        """Return the codes of the chosen unit and of those beside it."""
        return tuple(dict.fromkeys(code for code in (self.unit, *self.beside.split(",")) if code))


LAYERS: Final = ("alarms", "groups", "hot_spots")
SORTS: Final = ("site", "kind", "place", "size", "score", "visited")
_START_DIGITS: Final = 7
PARTS: Final = ("what_if", "with_without", "intervals", "seasons")
_IDENTITY: Final = re.compile(r"[\w:#/.-]{1,80}")  # such as VR06, GM0363 and osm:way/123#2
BESIDE_MAX: Final = 3
_DISEASE: Final = re.compile(r"[\w .,/()'+-]{1,60}")  # one that is in the figures; whoever reads them tells
_INDICATOR: Final = re.compile(r"[a-z0-9_]{1,60}(\.part)?")  # one of the model; whoever draws it tells
_CORNERS: Final = re.compile(r"[\d.~-]{1,2000}")  # whoever reads them tells what is wrong
_AREA: Final = re.compile(r"\b(?:VR\d{2}|GM\d{4})\b")
_WEEK: Final = re.compile(r"\d{4}-W[0-5]\d")
FIELDS: Final = tuple(field.name for field in fields(Selection))


def read_selection(parameters: Mapping[str, str]) -> Selection:
    """Return the selection an address asks for; what does not exist falls back to the default.

    Examples
    --------
    >>> chosen = read_selection({"level": "gemeente", "sector": "<script>", "week": "soon"})
    >>> chosen.level, chosen.sector, chosen.week
    ('gemeente', '', '')
    """
    level = parameters.get("level", "vr")
    sector = parameters.get("sector", "")
    return Selection(
        level=level if level in ("vr", "gemeente") else "vr",
        sector=sector if sector in codes.SECTORS else "",
        unit=_identity(parameters.get("unit", "")),
        sites="1" if parameters.get("sites") == "1" else "",
        kind=kind if (kind := parameters.get("kind", "")) and kind in site_kinds.codes() else "",
        part=part if (part := parameters.get("part", "")) in PARTS else "",
        entry=_identity(parameters.get("entry", "")),
        week=week if _WEEK.fullmatch(week := parameters.get("week", "")) else "",
        beside=",".join(list(dict.fromkeys(_AREA.findall(parameters.get("beside", ""))))[:BESIDE_MAX]),
        within=within if _AREA.fullmatch(within := parameters.get("within", "")) else "",
        known=known if _is_day(known := parameters.get("known", "")) else "",
        plan=_identity(parameters.get("plan", "")),
        sort=sort if (sort := parameters.get("sort", "")).removeprefix("-") in SORTS else "",
        start=start if (start := parameters.get("start", "")).isdecimal() and len(start) < _START_DIGITS else "",
        layer=layer if (layer := parameters.get("layer", "")) in LAYERS else "",
        disease=disease if _DISEASE.fullmatch(disease := parameters.get("disease", "")) else "",
        guide="off" if parameters.get("guide") == "off" else "",
        places="1" if parameters.get("places") == "1" else "",
        inside=inside if _INDICATOR.fullmatch(inside := parameters.get("inside", "")) else "",
        numbers="1" if parameters.get("numbers") == "1" else "",
        time="1" if parameters.get("time") == "1" else "",
        second=second
        if (_WEEK.fullmatch(second := parameters.get("second", "")) or _INDICATOR.fullmatch(second))
        else "",
        across=across if (across := parameters.get("across", "")) in neighbours() else "",
        drawn=drawn if _CORNERS.fullmatch(drawn := parameters.get("drawn", "")) else "",
    )


def _is_day(text: str) -> bool:
    try:
        return date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False


def _identity(text: str) -> str:
    return text if _IDENTITY.fullmatch(text) else ""


def selection() -> Selection:
    """Return the selection in the address bar."""
    return read_selection(st.query_params.to_dict())


def select(**changes: str) -> None:
    """Change the selection in the address bar; defaults leave it."""
    now = st.query_params.to_dict()  # once: each look at an address bar takes its time
    chosen = replace(read_selection(now), **changes)
    for field in fields(Selection):
        value = getattr(chosen, field.name)
        if value == field.default:
            if field.name in now:
                del st.query_params[field.name]
        elif now.get(field.name) != value:
            st.query_params[field.name] = value
    _remember()


def carry() -> None:
    """Take the selection along to another page: one that is opened from the navigation starts with an empty address."""
    path = urlsplit(st.context.url or "").path
    arrived = st.session_state.get("_path", path) != path
    if arrived and not address():
        st.query_params.update(st.session_state.get("_address", {}))
    st.session_state["_path"] = path
    _remember()


def address(**changes: str) -> dict[str, str]:
    """Return what of the address is ours, with changes: what a link to another page must say."""
    asked = st.query_params.to_dict()  # once: each look at an address bar takes its time
    known = {name: asked[name] for name in (*FIELDS, "lang", "as") if name in asked}
    return {name: value for name, value in (known | changes).items() if value}


def open_page(name: str, **changes: str) -> None:
    """Go to another page with the selection changed; who may not open that page stays."""
    page = st.session_state.get("_pages", {}).get(name)
    if page is not None:
        st.switch_page(page, query_params=address(**changes))


def offer_pages(pages: Mapping[str, StreamlitPage]) -> None:
    """Keep the pages that the navigation shows, for `open_page`."""
    st.session_state["_pages"] = dict(pages)


def offered_pages() -> dict[str, StreamlitPage]:
    """Return the pages that the navigation shows, by name."""
    return dict(st.session_state.get("_pages", {}))


def _remember() -> None:
    st.session_state["_address"] = address()


def texts() -> Texts:
    """Return the words of this tab's language."""
    return read_texts(choose_language(st.query_params.get("lang"), st.context.locale))


def viewer() -> Viewer:
    """Return who looks; without sign-in one person, who may look through any role's eyes (``?as=region:VR06``)."""
    return signin.viewer()


@contextmanager
def one_picture() -> Iterator[None]:
    """Let all that one run of a page draws come from the version of the figures that is in use when it begins."""
    st.session_state.pop("_store", None)
    st.session_state["_is_whole_run"] = True
    try:
        yield
    finally:
        st.session_state["_is_whole_run"] = False


def store() -> tuple[ScopedStore, SnapshotError | None]:
    """Open the door; with a damaged snapshot return the last good one beside the error.

    A part of the page that runs by itself and finds a newer version than the page was drawn from lets the whole
    page be drawn again: two versions never stand side by side.

    Raises
    ------
    SnapshotError
        The snapshot in use is damaged and there is no earlier one.
    """
    who, surface = viewer(), f"page {urlsplit(st.context.url or '').path.strip('/') or 'picture'}"
    drawn: tuple[ScopedStore, SnapshotError | None] | None = st.session_state.get("_store")
    is_whole_run = st.session_state.get("_is_whole_run", False)
    if is_whole_run and drawn is not None:
        return replace(drawn[0], viewer=who), drawn[1]
    scoped, problem = _open(who, surface)
    if not is_whole_run and drawn is not None and drawn[0].data_version != scoped.data_version:
        st.rerun()
    st.session_state["_store"] = scoped, problem
    _note_page(scoped)
    return scoped, problem


def _open(who: Viewer, surface: str) -> tuple[ScopedStore, SnapshotError | None]:
    try:
        return open_store(who, surface=surface), None
    except SnapshotError as error:
        try:
            return open_last_good(who, surface), error
        except SnapshotError:
            raise error from None


def kept(name: str, asked: tuple[object, ...], make: Callable[[], _Made]) -> _Made:
    """Return what the tab keeps under a name, made anew when something else is asked for.

    Parameters
    ----------
    name
        In the session.
    asked
        What it was made for: another makes it anew.
    make
        Makes it.
    """
    known = st.session_state.get(name)
    if known is None or known[0] != asked:
        known = st.session_state[name] = asked, make()
    found: _Made = known[1]
    return found


def _note_page(scoped: ScopedStore) -> None:
    """Leave a line in the audit trail that somebody opened a page: what was read before may come from a cache."""
    page = (scoped.viewer.who, str(scoped.viewer), scoped.surface, scoped.data_version)
    if st.session_state.get("_page_noted") != page:
        st.session_state["_page_noted"] = page
        scoped.note_opened()
