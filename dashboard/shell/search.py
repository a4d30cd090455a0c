"""One search box on every page: a region, gemeente, place, sector, site or page by a few letters, in both languages.

The names are looked up on this server, among what the viewer may see; what somebody types goes nowhere else and is
kept nowhere.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlencode

import pandas as pd
import streamlit as st
from rapidfuzz import fuzz

from access.rights import rows_of
from dashboard.shell import session
from door.store import ScopedStore
from geodata import codes, site_kinds
from geodata.areas import landmarks
from geodata.areas.regions import fold, region_names
from geodata.intake.places import known_places
from words import LANGUAGES, Texts, read_texts

_SHOWN_N: Final = 12
_PER_KIND_N: Final = 5
_LONGEST: Final = 80
_LIKE_PCT: Final = 80.0
_ORDER: Final = ("page", "vr", "gemeente", "place", "sector", "site")

_mount = st.components.v2.component(
    "risicobeeld_search", js=(Path(__file__).parent / "search.js").read_text("utf-8"), isolate_styles=False
)


@dataclass(frozen=True)
class Entry:
    """What can be found: its kind, what it is called, where it lies, and what opens it.

    Attributes
    ----------
    spellings
        The folded names by which it is found.
    changes
        What of the selection opens it on its page.
    """

    kind: str
    name: str
    spellings: tuple[str, ...]
    page: str
    changes: Mapping[str, str]
    where: str = ""


@st.fragment
def box(texts: Texts) -> None:
    """Draw the button that opens the box (Ctrl-K does too), answer what is typed, and go to what is chosen."""
    pages = tuple(st.session_state.get("_pages", {}))
    found: Sequence[Entry] = st.session_state.get("_found", ())
    sent = st.session_state.get("search", {})
    asked, chosen = sent.get("asked"), sent.get("chosen")
    if isinstance(chosen, int) and 0 <= chosen < len(found):
        session.open_page(found[chosen].page, **found[chosen].changes)
    if isinstance(asked, str):
        asked = asked[:_LONGEST]
        found = st.session_state["_found"] = find(entries(texts, pages), asked)
    names = ("open", "hint", "none", "close", "away")
    _mount(
        key="search",
        data={
            "words": {name: texts(f"search.{name}") for name in names},
            "asked": asked if isinstance(asked, str) else None,
            "hits": [_hit(texts, one) for one in found] if isinstance(asked, str) else [],
        },
        on_asked_change=_heard,
        on_chosen_change=_heard,
        width="content",
    )


def _heard() -> None:
    """Accept the event: the run of the page that follows answers it."""


def _hit(texts: Texts, entry: Entry) -> dict[str, str]:
    path = "./" if entry.page == "picture" else entry.page
    return {
        "kind": texts(f"search.{entry.kind}"),
        "name": entry.name,
        "where": entry.where,
        "address": f"{path}?{urlencode(session.address(**entry.changes))}",
    }


def entries(texts: Texts, pages: Sequence[str]) -> list[Entry]:
    """Return all that this viewer can find: the pages offered, and the areas, sectors and sites they may see."""
    listed = list(_pages(texts, pages))
    if "picture" in pages:
        store, _ = session.store()
        listed += _regions()
        if rows_of(store.viewer.role, "scores_gemeente"):
            listed += _gemeenten(texts.language, store.data_version, store)
        listed += _sectors(texts)
    if "sites" in pages and store.may("sites"):
        listed += _sites(str(store.viewer), store.data_version, texts.language, store)
    return listed


def find(listed: Sequence[Entry], asked: str) -> list[Entry]:
    """Return what a few letters mean, best first: a whole name, its beginning, its words, what looks like it.

    Examples
    --------
    >>> entries = [Entry("vr", name, (fold(name),), "picture", {}) for name in ("Brabant-Noord", "Zeeland")]
    >>> [one.name for one in find(entries, "noord brab")], [one.name for one in find(entries, "Zeelnad")]
    (['Brabant-Noord'], ['Zeeland'])
    """
    wanted = fold(asked)
    if not wanted:
        return []
    words = wanted.split()
    ranked = sorted(
        ((_rank(one, wanted, words), _ORDER.index(one.kind), number) for number, one in enumerate(listed)),
    )
    kept: list[Entry] = []
    for rank, _, number in ranked:
        if rank > _LAST_RANK or len(kept) == _SHOWN_N:
            break
        one = listed[number]
        if sum(other.kind == one.kind for other in kept) < _PER_KIND_N:
            kept.append(one)
    return kept or _alike(listed, wanted)


_LAST_RANK: Final = 3


def _rank(entry: Entry, wanted: str, words: Sequence[str]) -> int:
    """Return how well an entry fits: 0 its whole name to 3 somewhere in it; more is not at all."""
    best = _LAST_RANK + 1
    for spelling in entry.spellings:
        if spelling == wanted:
            return 0
        if spelling.startswith(wanted):
            best = min(best, 1)
        elif all(f" {word}" in f" {spelling}" for word in words):
            best = min(best, 2)
        elif wanted in spelling:
            best = min(best, 3)
    return best


def _alike(listed: Sequence[Entry], wanted: str) -> list[Entry]:
    """Return what looks most like a name that is written wrong."""
    likeness = {
        number: max(fuzz.ratio(wanted, spelling, score_cutoff=_LIKE_PCT) for spelling in one.spellings)
        for number, one in enumerate(listed)
    }
    close = sorted((number for number, like in likeness.items() if like), key=lambda number: -likeness[number])
    return [listed[number] for number in close[:_PER_KIND_N]]


def _pages(texts: Texts, pages: Sequence[str]) -> Iterator[Entry]:
    for page in pages:
        yield Entry("page", texts(f"page.{page}"), _in_both(f"page.{page}"), page, {})


def _in_both(name: str) -> tuple[str, ...]:
    """Return the folded words of both languages, so that a Dutch word is found on an English page."""
    return tuple(dict.fromkeys(fold(read_texts(language)(name)) for language in LANGUAGES))


def _sectors(texts: Texts) -> Iterator[Entry]:
    for code in codes.SECTORS:
        changes = {"sector": code, "unit": "", "beside": ""}
        yield Entry("sector", texts(f"sector.{code}"), _in_both(f"sector.{code}"), "picture", changes)


def _regions() -> Iterator[Entry]:
    for code, name in region_names().items():
        changes = {"level": "vr", "unit": code, "beside": "", "within": ""}
        yield Entry("vr", name, (fold(name),), "picture", changes)


@st.cache_resource(max_entries=4, show_spinner=False)
def _gemeenten(language: str, data_version: str, _store: ScopedStore) -> list[Entry]:
    """Return the gemeenten by today's names and those of every day, those that are gone, and the larger places."""
    gemeenten, regions = _store.table("gemeenten"), region_names()
    now = dict(zip(gemeenten["gemeente_code"], gemeenten["gemeente_name"], strict=True))
    lies_in = dict(zip(gemeenten["gemeente_code"], gemeenten["vr_code"], strict=True))
    leads_to = {code: {"level": "gemeente", "unit": code, "beside": "", "within": code} for code in now}
    listed = [
        Entry("gemeente", name, (fold(name),), "picture", leads_to[code], regions[lies_in[code]])
        for code, name in now.items()
    ]
    for name, code in known_places().other_names():
        if code in now:
            where = read_texts(language)("search.now", gemeente=now[code])
            listed.append(Entry("place", name, (fold(name),), "picture", leads_to[code], where))
    known = {(one.name, one.changes["unit"]) for one in listed}
    for place in landmarks.places():
        code = place.gemeente_code
        if code in now and (place.name, code) not in known:
            listed.append(Entry("place", place.name, (fold(place.name),), "picture", leads_to[code], now[code]))
    return listed


@st.cache_resource(max_entries=40, show_spinner=False)
def _sites(viewer: str, data_version: str, language: str, _store: ScopedStore) -> list[Entry]:
    """Return the sites that a viewer may see, by name, kind and gemeente; the viewer is part of the key."""
    texts = read_texts(language)
    gemeenten = _store.table("gemeenten").set_index("gemeente_code")["gemeente_name"]
    sites = pd.DataFrame(_store.table("sites").drop(columns="geometry"))
    return [_site(texts, site, gemeenten) for site in sites.to_dict("records")]


def _site(texts: Texts, site: Mapping[Any, Any], gemeenten: "pd.Series[str]") -> Entry:
    place = str(gemeenten.get(site["gemeente_code"], ""))
    kind = site_kinds.name(site["kind"], texts)
    named = " ".join(site_kinds.name(site["kind"], read_texts(language)) for language in LANGUAGES)
    name = site_kinds.title(site, texts, place)
    spellings = (fold(name), fold(f"{name} {named} {place} {site['site_id']}"))
    where = ", ".join(one for one in (kind, place) if one)
    return Entry("site", name, spellings, "sites", {"unit": str(site["site_id"])}, where)
