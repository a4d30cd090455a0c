"""What is known of a Kreis or Belgian municipality just across the border: lodgings, contacts, agreements."""

from collections.abc import Mapping
from functools import cache

import pandas as pd
from markupsafe import Markup

from dashboard.parts import links, tables
from dashboard.parts import site as site_page
from dashboard.shell.session import Selection
from door.store import ScopedStore
from geodata.areas.landmarks import Neighbour, nearest, neighbours
from words import Texts


def choose(texts: Texts, store: ScopedStore, chosen: Selection) -> Markup:
    """Return a list of the neighbours (HTML for `links.linked`); '' for who may see nothing of them.

    Parameters
    ----------
    texts, store, chosen
        Words of the reader's language, the tables as the viewer may see them and what the address chooses.
    """
    if not offered(store):
        return Markup()
    return links.dropdown(texts("across.label"), "across", _options(texts), chosen.across)


@cache
def _options(texts: Texts) -> Mapping[str, str | Mapping[str, str]]:
    options: dict[str, str | Mapping[str, str]] = {"": texts("across.none")}
    for country in ("DE", "BE"):
        names = sorted(one.name for one in neighbours().values() if one.country == country)
        options[texts(f"country.{country}")] = {name: name for name in names}
    return options


def offered(store: ScopedStore) -> bool:
    """Tell whether the viewer may see anything of what lies across the border."""
    return store.may("sites") or store.may("contacts")


def draw(texts: Texts, store: ScopedStore, chosen: Selection) -> None:
    """Draw under the map what is known of the chosen neighbour; nothing where none is chosen.

    Parameters
    ----------
    texts, store, chosen
        Words of the reader's language, the tables as the viewer may see them and what the address chooses.
    """
    if told := card(texts, store, chosen):
        links.linked(told, key="across")


def card(texts: Texts, store: ScopedStore, chosen: Selection) -> Markup:
    """Return what is known of the chosen neighbour (HTML for `links.linked`); '' where none is chosen.

    Parameters
    ----------
    texts, store, chosen
        Words of the reader's language, the tables as the viewer may see them and what the address chooses.
    """
    one = neighbours().get(chosen.across)
    if one is None or not offered(store):
        return Markup()
    parts = [_lodgings(texts, store, one), _contacts(texts, store, one), _agreements(texts, store, one)]
    return Markup('<section class="rb-page"><h2>{} ({})</h2>{}<p>{}</p></section>').format(
        one.name,
        texts(f"country.{one.country}"),
        Markup().join(parts),
        links.link(texts("across.away"), across=""),
    )


def _lodgings(texts: Texts, store: ScopedStore, one: Neighbour) -> Markup:
    """List the sites abroad that lie nearest to this neighbour (HTML)."""
    if not store.may("sites"):
        return Markup()
    sites = store.table("sites")
    here = sites[nearest(sites) == one.name]
    rows = [
        [
            links.link(site_page.title(texts, site), page="sites", unit=str(site["site_id"])),
            site_page.size_words(texts, site),
        ]
        for site in here.drop(columns="geometry").to_dict("records")
    ]
    heads = [texts("sites.site"), texts("sites.size")]
    return _part(texts, "lodgings", heads, rows) + Markup('<p class="rb-muted">{}</p>').format(texts("across.nearest"))


def _contacts(texts: Texts, store: ScopedStore, one: Neighbour) -> Markup:
    """List the contacts of its country, those of an organisation that carries its name first (HTML)."""
    if not store.may("contacts"):
        return Markup()
    known = store.register("contacts")
    known = known[known["country"] == one.country]
    known = known.assign(is_theirs=_names(known["organisation"], one))
    known = known.sort_values(["is_theirs", "organisation"], ascending=[False, True])
    rows = [[row.organisation, row.function, row.telephone or "–"] for row in known.itertuples()]
    heads = [texts(f"contacts.{name}") for name in ("organisation", "function", "telephone")]
    return _part(texts, "contacts", heads, rows)


def _agreements(texts: Texts, store: ScopedStore, one: Neighbour) -> Markup:
    """List what was agreed or discussed, by its record under other work (HTML)."""
    if not store.may("work_log"):
        return Markup()
    known = store.register("work_log")
    known = known[_names(known["organisation"], one) | _names(known["title"], one)]
    known = known.sort_values("event_date", ascending=False)
    rows = [[texts.day(row.event_date.date()), row.organisation, row.title] for row in known.itertuples()]
    heads = [texts("across.day"), texts("contacts.organisation"), texts("across.title")]
    return _part(texts, "agreements", heads, rows)


def _names(words: pd.Series, one: Neighbour) -> pd.Series:
    return words.str.contains(one.name, case=False, regex=False)


def _part(texts: Texts, name: str, heads: list[str], rows: list[list[str]]) -> Markup:
    title = texts(f"across.{name}")
    body = tables.table(title, heads, rows) if rows else Markup("<p>{}</p>").format(texts(f"across.no_{name}"))
    return Markup("<h3>{}</h3>{}").format(title, body)
