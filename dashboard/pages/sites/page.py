"""Sites: a list to find one in, and a page per site: what is known, what is assumed, visited and linked."""

from functools import partial

import pandas as pd
import streamlit as st
from markupsafe import Markup, escape

from dashboard.map.layers import MapPicture, SiteLayer, map_texts
from dashboard.map.live import live_map
from dashboard.parts import downloads, figures, link_notice, links, period, ready, remarks, tables
from dashboard.parts import reasons as why
from dashboard.parts import site as site_page
from dashboard.parts.figures import Picture
from dashboard.shell import frame, session
from dashboard.shell.choices import choose
from dashboard.shell.markup import show
from dashboard.shell.session import Selection
from door import export
from door.readiness import Ranking
from door.store import ScopedStore
from geodata import site_kinds
from register.schema import LONGEST_FIELD
from risk.scores import deliver, site_tables
from risk.scores.site_tables import FIRST_N
from words import Texts

_LISTED_N = 50
_MAP_HEIGHT_PX = 420


def run() -> None:
    """Draw the page."""
    texts = session.texts()
    store = frame.open_store(texts)
    frame.page_head(texts, store, figures.title(store, texts, texts("page.sites"), "site"))
    stands = ready.of(store)
    if not stands.has("sites"):
        ready.tell(texts, store, stands, "sites", "ready.no_sites")
    elif stands.may_rank(Ranking.SITES):
        if cover := ready.lists_cover(texts, stands):
            show(cover)
        _page()
    else:
        ready.tell(texts, store, stands, stands.missing(Ranking.SITES), "ready.sites_unranked")
        show(_unranked(texts, store))


def _unranked(texts: Texts, store: ScopedStore) -> Markup:
    """Return the sites that nothing ranks yet, by region and name (HTML)."""
    sites = store.table("sites")
    regions = dict(store.table("veiligheidsregios")[["vr_code", "vr_name"]].to_numpy())
    listed = sites.sort_values(["vr_code", "name", "site_id"]).head(_LISTED_N)
    rows = [
        [
            site_kinds.title(site, texts),
            site_kinds.name(site["kind"], texts),
            regions.get(site["vr_code"], "–"),
            site_page.size_words(texts, site),
        ]
        for site in listed.drop(columns="geometry").to_dict("records")
    ]
    heads = [texts(f"sites.{name}") for name in ("site", "kind", "place", "size")]
    told = texts("sites.count", n=texts.number(len(sites), 0), all=texts.number(len(sites), 0))
    if len(sites) > len(listed):
        told += " " + texts("ready.sites_first", n=len(listed))
    return Markup('<section class="rb-page"><p>{}</p>{}</section>').format(told, tables.table(told, heads, rows))


@st.fragment
@frame.guarded
def _page() -> None:
    """Draw the list, or the site of the address; a choice in here redraws only this part of the page."""
    texts = session.texts()
    store, _ = session.store()
    chosen = session.selection()
    store = store.as_known_on(period.known_on(chosen))
    week = period.week(figures.open_picture(store, "vr", texts), chosen)
    shown = figures.open_picture(store, "site", texts, week)
    sites = figures.open_sites(store, texts, week)
    slider = period.slider(texts, figures.open_picture(store, "vr", texts), week)
    links.linked(
        Markup('<div class="rb-controls">{}</div>{}').format(slider, period.notice(texts, store, shown)),
        key="sites-back-in-time",
    )
    link_notice.draw(texts, store, figures.open_picture(store, "vr", texts))
    if (sites["site_id"] == chosen.unit).any():
        site_page.draw(texts, store, shown, chosen.unit, partial(remarks.ask, texts, store, shown))
        remarks.said(texts, store, chosen.unit)
        return
    sought = _filters(texts, shown, sites, chosen)
    chosen = session.selection()
    found = _found(shown, sites, chosen, sought)
    apart = by_chance(store, shown, found)
    ranked = found[~found["site_id"].isin(apart["site_id"])]
    list_side, map_side = st.columns([2.6, 1], gap="medium")
    with list_side:
        listed = _sorted(texts, store, shown, ranked, chosen)
        links.linked(
            _list(texts, store, shown, listed, chosen, (len(sites), len(apart))) + _apart_section(texts, shown, apart),
            key="sites-list",
        )
    with map_side:
        if not found.empty:
            _map(texts, store, shown, found, chosen)
    remarks.listed(texts, store)
    if export.may_take_sites(store):
        kinds = [False, True] if export.is_osm(sites["source"]).any() else [False]
        here = frozenset(found["site_id"])
        seen = [downloads.Part("site", deliver.ALL_SECTORS, is_osm=is_osm, site_ids=here) for is_osm in kinds if here]
        parts = [downloads.Part("site", deliver.ALL_SECTORS, is_osm=is_osm) for is_osm in kinds]
        downloads.menu(texts, store, seen, parts, key="sites-files", week=week)


def _filters(texts: Texts, shown: Picture, sites: pd.DataFrame, chosen: Selection) -> str:
    """Let the viewer narrow the list; return the words that are looked for."""
    regions = sorted(set(sites["vr_code"]) - {""}, key=lambda code: shown.names[code])
    here = chosen.unit if chosen.unit in regions else ""
    st.session_state.update({"sites-kind": chosen.kind, "sites-region": here})
    with st.container(horizontal=True, vertical_alignment="bottom"):
        sought = st.text_input(
            texts("sites.search"),
            key="sites-search",
            max_chars=LONGEST_FIELD,
            placeholder=texts("sites.search"),
            label_visibility="collapsed",
            width=300,
        )
        choose(
            texts,
            texts("sites.kind"),
            ["", *site_kinds.codes()],
            key="sites-kind",
            width=240,
            label_visibility="collapsed",
            format_func=lambda kind: site_kinds.name(kind, texts) if kind else texts("sites.all_kinds"),
            on_change=lambda: session.select(kind=st.session_state["sites-kind"] or "", start=""),
        )
        if len(regions) > 1:
            choose(
                texts,
                texts("region.choose"),
                ["", *regions],
                key="sites-region",
                width=300,
                label_visibility="collapsed",
                format_func=lambda code: shown.names[code] if code else texts("sites.all_regions"),
                on_change=lambda: session.select(unit=st.session_state["sites-region"] or "", start=""),
            )
    return sought


def _found(shown: Picture, sites: pd.DataFrame, chosen: Selection, sought: str) -> pd.DataFrame:
    """Return the sites that pass the filters, highest first."""
    found = sites
    if chosen.kind:
        found = found[found["kind"] == chosen.kind]
    if chosen.unit in shown.names:
        found = found[(found["vr_code"] == chosen.unit) | (found["gemeente_code"] == chosen.unit)]
    for word in sought.casefold().split():
        text = found["name"] + " " + found["gemeente_code"].map(shown.names).fillna("") + " " + found["site_id"]
        found = found[text.str.casefold().str.contains(word, regex=False)]
    return found


def _sorted(texts: Texts, store: ScopedStore, shown: Picture, found: pd.DataFrame, chosen: Selection) -> pd.DataFrame:
    """Return the sites in the order that the address asks for; what is unknown comes last, equals go by id."""
    column = chosen.sort.removeprefix("-") or "score"
    if column == "visited":
        last = site_page.last_visits(store, shown)
        values = pd.to_datetime(found["site_id"].map(last))
    elif column == "site":
        values = found["name"].where(found["name"] != "", found["site_id"]).str.casefold()
    elif column == "kind":
        values = found["kind"].map(lambda kind: site_kinds.name(kind, texts))
    elif column == "place":
        values = found["gemeente_code"].map(shown.names)
    else:
        values = found[{"size": "size_n", "score": "score_0_10"}[column]]
    is_rising = not chosen.sort.startswith("-") and bool(chosen.sort)
    keyed = found.assign(_order=values).sort_values(
        ["_order", "site_id"], ascending=[is_rising, True], na_position="last"
    )
    return keyed.drop(columns="_order")


def _map(texts: Texts, store: ScopedStore, shown: Picture, found: pd.DataFrame, chosen: Selection) -> None:
    """Draw the sites that passed the filters on the map of the regions."""
    regions = figures.open_picture(store, "vr", texts, shown.week)
    assets, geometry = figures.map_files(store)
    picture = MapPicture(
        areas=regions.layers.get("") or figures.area_layer(regions, regions.of_sector("")),
        texts=map_texts(texts, is_demonstration=shown.is_demonstration, lacks=regions.lacks),
        sites=SiteLayer(
            site_ids=tuple(found["site_id"]),
            names=tuple(found["name"]),
            kinds=tuple(found["kind"]),
            longitudes=tuple(found["lon"]),
            latitudes=tuple(found["lat"]),
            scores=tuple(found["score_0_10"]),
        ),
        focus=chosen.unit if chosen.unit in shown.names else "",
        has_list=False,
    )
    live_map(
        picture,
        key="sites-map",
        assets=assets,
        geometry=geometry,
        height=_MAP_HEIGHT_PX,
        on_select_site=lambda site_id: session.select(unit=site_id),
    )


def _list(
    texts: Texts, store: ScopedStore, shown: Picture, found: pd.DataFrame, chosen: Selection, counts: tuple[int, int]
) -> Markup:
    """Return one page of the ranked sites (HTML), each with its place and reason; all there are, and those apart."""
    all_n, apart_n = counts
    if found.empty and apart_n:
        return Markup('<p class="rb-page" role="status">{}</p>').format(texts("sites.find_out_all", n=apart_n))
    if found.empty:
        return Markup('<p class="rb-page">{}</p>').format(texts("sites.none"))
    visited = site_page.last_visits(store, shown)
    never = texts("region.never" if visited else "sites.visits_unknown")  # nobody wrote any down: not the same as none
    start = int(chosen.start or 0)
    start = start if start < len(found) else 0
    listed = found.iloc[start : start + _LISTED_N]
    rows, scores = [], why.of_units(shown, listed["site_id"])
    for site in listed.to_dict("records"):
        kind, row = site_kinds.name(site["kind"], texts), scores[site["site_id"]]
        place = site_page.place_name(texts, shown, site)
        label = links.link(site_kinds.title(site, texts, place), unit=site["site_id"])
        last = visited.get(site["site_id"])
        rows.append(
            [
                label,
                kind,
                place,
                site_page.size_words(texts, site),
                why.score_chip(texts, row),
                why.place_span(row),
                why.top_reason(shown, site["site_id"], texts),
                never if last is None else texts.day(last.date()),
            ]
        )
    heads = [texts(f"sites.{name}") for name in ("site", "kind", "place", "size")]
    heads += [why.score_head(texts, shown), texts("map.interval"), texts("targets.reason"), texts("sites.visited")]
    columns = ("site", "kind", "place", "size", "score", "", "", "visited")
    shown_heads = [_head(texts, head, column, chosen) for head, column in zip(heads, columns, strict=True)]
    found_n = len(found) + apart_n
    named = "sites.count" if found_n == all_n else "sites.count_of"
    told = texts(named, n=texts.number(found_n, 0), all=texts.number(all_n, 0))
    if len(found) > _LISTED_N:
        told += " " + texts("sites.page_of", first=start + 1, last=start + len(listed))
    if apart_n:
        told += " " + texts("sites.find_out_first", n=texts.number(apart_n, 0))
    table = tables.table(texts("sites.caption"), heads, rows, shown_heads=shown_heads)
    pages = _pages(texts, start, len(found))
    return Markup(
        '<section class="rb-page"><p class="rb-muted" role="status">{told}</p>{pages}{table}{pages}</section>'
    ).format(told=told, pages=pages, table=table)


def _head(texts: Texts, head: str, column: str, chosen: Selection) -> Markup:
    """Return the head of a column as a link that sorts by it, a second time the other way round (HTML)."""
    if not column:
        return escape(head)
    now = chosen.sort or "-score"
    other = column if now == f"-{column}" else f"-{column}"
    if now.removeprefix("-") != column:
        other = f"-{column}" if column in ("size", "score", "visited") else column
    arrow = {column: " ▲", f"-{column}": " ▼"}.get(now, "")
    hint = texts("sites.sort_by", column=head)
    return links.link((head + arrow), title=hint, sort="" if other == "-score" else other, start="")


def _pages(texts: Texts, start: int, found_n: int) -> Markup:
    """Return the links to the pages before and after (HTML); '' where all stand on one page."""
    parts = []
    if start:
        before = max(start - _LISTED_N, 0)
        parts.append(links.link("← " + texts("sites.before"), start=str(before) if before else ""))
    if start + _LISTED_N < found_n:
        parts.append(links.link(texts("sites.after") + " →", start=str(start + _LISTED_N)))
    return Markup('<nav class="rb-pages">{}</nav>').format(Markup(" ").join(parts)) if parts else Markup()


_APART_N = 50
_ROUNDED_TO_NIL = 0.005


def apart(shown: Picture, found: pd.DataFrame) -> pd.Series:
    """Tell of each site whether it has no place in the ranking: its size or place is to be found out first."""
    ranks = shown.by_unit["rank"]
    return pd.Series(ranks.reindex(found["site_id"]).isna().to_numpy(), index=found.index)


def by_chance(store: ScopedStore, shown: Picture, found: pd.DataFrame) -> pd.DataFrame:
    """Return the sites that stand apart with ``p_first`` and ``gain``; NaN where these are not known.

    Where finding out brings most stands on top, then the likeliest. An earlier week keeps no chances over all sectors
    together: there that of the own sector stands in, and the gain is not known.

    Parameters
    ----------
    store, shown
        The tables as the viewer may see them and the picture on the page.
    found
        Sites by their contract, with their score.
    """
    rows = found[apart(shown, found)]
    chance = shown.by_unit["p_top_k"].reindex(rows["site_id"])
    gain = chance * float("nan")
    if not shown.week and store.may("first_site"):
        known = site_tables.among_first(store, shown.scored.model.version).reindex(rows["site_id"])
        chance, gain = (known[name].fillna(0.0).where(chance.notna()) for name in known.columns)
    told = rows.assign(p_first=chance.to_numpy(float), gain=gain.to_numpy(float))
    order = ["gain", "p_first", "site_id"]
    return told.sort_values(order, ascending=[False, False, True], na_position="last")


def _apart_section(texts: Texts, shown: Picture, rows: pd.DataFrame) -> Markup:
    """Return the list to find out first (HTML for `links.linked`): no class, for nobody knows how large they are.

    Parameters
    ----------
    rows
        From `by_chance`.
    """
    if rows.empty:
        return Markup()
    cells, listed = [], rows.head(_APART_N)
    scores = why.of_units(shown, listed["site_id"])
    for row in listed.to_dict("records"):
        kind, scored = site_kinds.name(row["kind"], texts), scores[row["site_id"]]
        reason = scored["not_ranked_reason"] or "incomplete"
        place = site_page.place_name(texts, shown, row)
        cells.append(
            [
                links.link(site_kinds.title(row, texts, place), unit=row["site_id"]),
                kind,
                place,
                texts(f"sites.unknown_{reason}"),
                figures.gain_words(texts, row["gain"]),
                _chance(texts, row["p_first"]),
                why.place_span({**scored, "rank": scored["rank_p05"] if pd.isna(scored["rank"]) else scored["rank"]}),
                why.top_reason(shown, row["site_id"], texts),
            ]
        )
    heads = [texts(f"sites.{name}") for name in ("site", "kind", "place", "unknown")]
    heads += [texts("sites.gain"), texts("sites.chance", n=FIRST_N), texts("map.interval"), texts("targets.reason")]
    title = texts("sites.find_out_title", n=texts.number(len(rows), 0))
    told = texts("sites.find_out_how", n=FIRST_N)
    if len(rows) > _APART_N:
        told += " " + texts("sites.find_out_more", n=_APART_N)
    return Markup(
        '<section class="rb-page" id="find-out-first"><h2>{}</h2><p class="rb-muted">{}</p>{}</section>'
    ).format(title, told, tables.table(title, heads, cells, numeric=(4, 5)))


def _chance(texts: Texts, share: float) -> str:
    if pd.isna(share):
        return "–"
    return f"< {texts.percent(0.01)}" if share < _ROUNDED_TO_NIL else texts.percent(share)
