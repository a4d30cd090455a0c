"""What a link asks for that is not there: said, with the nearest that is."""

import difflib
from collections.abc import Iterable

import streamlit as st
from markupsafe import Markup

from dashboard.map import in_place, inside
from dashboard.parts import links
from dashboard.parts.figures import Picture, chosen_disease
from dashboard.shell import session
from door import readiness
from door.store import ScopedStore
from geodata.intake import places
from geodata.weeks import last_day
from words import Texts

_NEAREST_N = 3
_COMPARED_N = 20_000  # with more sites nobody waits for the nearest
_LEVELS = ("vr", "gemeente")


def draw(texts: Texts, store: ScopedStore, shown: Picture) -> None:
    """Say which parts of the address are not there, each with a link to the nearest that is; nothing when all are.

    Parameters
    ----------
    shown
        The figures of all regions at the peildatum: they know the weeks.
    """
    now = st.query_params.to_dict()
    asked = {name: now[name] for name in session.FIELDS if name in now}
    told = [
        *_choices(texts, asked),
        *_disease(texts, asked, store),
        *_indicator(texts, asked, shown, store),
        *_second(texts, asked, shown),
        *_week(texts, asked, shown),
        *_unit(texts, asked, store, shown),
    ]
    if told:
        lines = Markup().join(Markup("<p>{}</p>").format(line) for line in told)
        links.linked(Markup('<div class="rb-notice" role="status">{}</div>').format(lines), key="link-notice")


def _choices(texts: Texts, asked: dict[str, str]) -> list[str]:
    """Return a sentence for a level or sector that does not exist."""
    chosen = session.read_selection(asked)
    return [
        texts(f"link.no_{name}", asked=_short(asked[name]))
        for name in ("level", "sector")
        if asked.get(name, "") and getattr(chosen, name) != asked[name]
    ]


def _indicator(texts: Texts, asked: dict[str, str], shown: Picture, store: ScopedStore) -> list[str]:
    """Return a sentence for an indicator that the map cannot show: the model or the picture has none such."""
    code = asked.get("inside", "")
    if not code or in_place.title_of(texts, store, shown.scored, code):
        return []
    return [texts("link.no_inside", asked=_short(code))]


def _second(texts: Texts, asked: dict[str, str], shown: Picture) -> list[str]:
    """Return a sentence for a second map of what the picture has not."""
    second = asked.get("second", "")
    if not second or second in (*inside.sizes(shown.scored), *shown.scored.weeks):
        return []
    return [texts("link.no_second", asked=_short(second))]


def _disease(texts: Texts, asked: dict[str, str], store: ScopedStore) -> list[str]:
    """Return a sentence for a disease of which there are no figures."""
    disease = asked.get("disease", "")
    if not disease or disease == chosen_disease() or disease in readiness.diseases(store):
        return []
    return [texts("link.no_disease", asked=_short(disease))]


def _week(texts: Texts, asked: dict[str, str], shown: Picture) -> list[str]:
    """Return a sentence for a week without a picture, with the nearest week that has one."""
    week = asked.get("week", "")
    if not week or week in shown.scored.weeks:
        return []
    day = shown.scored.peildatum.date()
    sentence = texts("link.no_week", asked=_short(week), day=texts.day(day))
    found = min(shown.scored.weeks, key=lambda one: _apart(one, week), default="")
    if not found:
        return [sentence]
    told = texts("link.nearest_week", day=texts.day(last_day(found).date()))
    return [Markup("{} {}").format(sentence, links.link(told, week=found))]


def _apart(one: str, other: str) -> int:
    """Return how many weeks lie between two weeks; a text that is no week is far from all."""
    try:
        (year, number), (other_year, other_number) = (map(int, week.split("-W")) for week in (one, other))
    except ValueError:
        return 0
    return abs(53 * (year - other_year) + number - other_number)


def _unit(texts: Texts, asked: dict[str, str], store: ScopedStore, shown: Picture) -> list[str]:
    """Return a sentence for an area or a site that is not there, with what took its place or comes nearest."""
    unit = asked.get("unit", "")
    if not unit or unit in shown.names:
        return []
    sites = store.table("sites")["site_id"] if store.may("sites") else ()
    if unit in set(sites):
        return []
    known = places.known_places()
    today = [code for code, _ in known.today(unit) if code in shown.names] if unit.startswith("GM") else []
    if today:
        sentence = texts("link.merged", asked=_short(unit))
        return [Markup("{} {}").format(sentence, _offered(today, shown))]
    sentence = texts("link.no_unit", asked=_short(unit))
    among = [*shown.names, *(sites if len(sites) <= _COMPARED_N else ())]
    near = difflib.get_close_matches(unit, among, n=_NEAREST_N, cutoff=0.7)
    if not near:
        return [f"{sentence} {texts('link.choose')}"]
    return [Markup("{} {} {}").format(sentence, texts("link.nearest"), _offered(near, shown))]


def _offered(codes: Iterable[str], shown: Picture) -> Markup:
    return Markup(", ").join(links.link(shown.names.get(code, code), unit=code) for code in codes)


def _short(text: str) -> str:
    """Return what stood in the address, cut where it is long."""
    return text if len(text) <= 40 else f"{text[:40]}…"
