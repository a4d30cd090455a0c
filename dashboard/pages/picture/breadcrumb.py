"""From the nation to a region, a gemeente and a site, and back up: the breadcrumb above the map, the sites under it."""

from collections.abc import Sequence
from functools import partial

import pandas as pd
from markupsafe import Markup

from access.rights import rows_of
from dashboard.parts import figures, links, tables
from dashboard.parts import reasons as why
from dashboard.parts import site as site_page
from dashboard.parts.figures import Picture, Site
from dashboard.shell.session import Selection
from door.store import ScopedStore
from geodata import site_kinds
from words import Texts

_LISTED_N = 10
_link = partial(links.link, beside="")


def inside(store: ScopedStore, chosen: Selection, regions: Picture) -> str:
    """Return the area that the map is drawn into, where the viewer may see its gemeenten; '' is the country.

    Parameters
    ----------
    store, chosen
        The tables as the viewer may see them and what the address chooses.
    regions
        The picture of the veiligheidsregio's.
    """
    if not chosen.within or not rows_of(store.viewer.role, "scores_gemeente"):
        return ""
    region = regions.vr_of.get(chosen.within, chosen.within)
    return chosen.within if region in set(regions.scores["area_code"]) else ""


def show(texts: Texts, store: ScopedStore, chosen: Selection, shown: Picture, within: str) -> None:
    """Draw the breadcrumb to what is chosen, each step a link, and the step that leads further in.

    Parameters
    ----------
    texts, store, chosen, shown
        Words of the reader's language, the tables as the viewer may see them, what the address chooses and
        the picture on the page.
    within
        The veiligheidsregio or gemeente that the map is drawn into; '' is the country.
    """
    site = _site(texts, store, chosen, shown)
    area = chosen.unit if chosen.unit in shown.names else within if site is None else str(site["gemeente_code"])
    region = shown.vr_of.get(area, area)
    if not region and site is None:
        return
    steps = [_link(texts("breadcrumb.nation"), level="vr", unit="", within="")]
    steps += [_step(shown, code) for code in dict.fromkeys([region, area]) if code]
    if site is not None:
        steps.append(Markup('<span aria-current="true">{}</span>').format(site_page.title(texts, site)))
    further = _further(texts, store, shown, area, within, site)
    links.linked(
        Markup('<nav class="rb-breadcrumb" aria-label="{}"><ol>{}</ol>{}</nav>').format(
            texts("breadcrumb.label"), Markup().join(Markup("<li>{}</li>").format(step) for step in steps), further
        ),
        key="breadcrumb",
    )


def _step(shown: Picture, code: str) -> Markup:
    return _link(shown.names[code], level="gemeente", unit=code, within=code)


def _site(texts: Texts, store: ScopedStore, chosen: Selection, shown: Picture) -> "pd.Series | None":
    if not chosen.unit or chosen.unit in shown.names or not store.may("sites"):
        return None
    sites = figures.open_sites(store, texts, shown.week)
    found = sites[sites["site_id"] == chosen.unit]
    return None if found.empty else found.iloc[0]


def _further(
    texts: Texts, store: ScopedStore, shown: Picture, area: str, within: str, site: "pd.Series | None"
) -> Markup:
    """Return the link to what lies in the chosen area, or to the page of the site; '' when there is none."""
    if site is not None:
        return links.link(texts("breadcrumb.site_page"), page="sites", unit=str(site["site_id"]))
    if not rows_of(store.viewer.role, "scores_gemeente"):
        return Markup()
    if area not in shown.vr_of and within != area:
        told = texts("breadcrumb.gemeenten", n=len(shown.gemeenten_of(area)))
        return _link(told, level="gemeente", unit=area, within=area)
    if area in shown.vr_of and within != area and store.may("sites"):
        return _link(texts("breadcrumb.sites"), level="gemeente", unit=area, within=area, sites="1")
    return Markup()


def site_list(texts: Texts, store: ScopedStore, shown: Picture, within: str) -> None:
    """Draw the highest sites of the area the map is drawn into as a table: what the map's signs say, for a keyboard.

    Parameters
    ----------
    texts, store, shown
        Words of the reader's language, the tables as the viewer may see them and the picture on the page.
    within
        The veiligheidsregio or gemeente that the map is drawn into; '' is the country.
    """
    scored = figures.open_picture(store, "site", texts, shown.week)
    highest, sites_n = figures.highest_sites(store, texts, shown.week, within, _LISTED_N)
    place = shown.names.get(within, texts("breadcrumb.nation"))
    title = texts("breadcrumb.sites_in", place=place)
    body = _table(texts, scored, highest, title) if highest else texts("breadcrumb.none")
    more = ""
    if sites_n > _LISTED_N:
        more = Markup("<p>{}</p>").format(
            links.link(texts("breadcrumb.all_sites", n=sites_n), page="sites", unit=within)
        )
    links.linked(
        Markup('<section class="rb-page"><h2>{}</h2>{}{}</section>').format(title, body, more), key="breadcrumb-sites"
    )


def _table(texts: Texts, scored: Picture, sites: Sequence[Site], title: str) -> Markup:
    scores = scored.scores.set_index("unit_id")
    rows = [
        [
            _link(site_page.title(texts, site), unit=str(site["site_id"])),
            site_kinds.name(str(site["kind"]), texts),
            site_page.place_name(texts, scored, site),
            why.score_chip(texts, scores.loc[str(site["site_id"])]),
        ]
        for site in sites
    ]
    return tables.table(
        title, [texts("sites.site"), texts("sites.kind"), texts("sites.place"), texts("map.score")], rows
    )
