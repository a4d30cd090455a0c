"""One site: what is known of it, what is assumed, why it has its score, when it was visited, what belongs to it."""

from collections.abc import Callable

import geopandas as gpd
import pandas as pd
import streamlit as st
from markupsafe import Markup, escape

from access.rights import ROLES, Verb, rows_of
from access.viewer import may
from dashboard.map.layers import MapPicture, SiteLayer, map_texts
from dashboard.map.live import live_map
from dashboard.parts import entry, figures, links, tables
from dashboard.parts import reasons as why
from dashboard.parts.figures import Picture, Site
from dashboard.shell import frame, session
from dashboard.shell.forms import form_key, saved
from dashboard.shell.markup import show
from dashboard.shell.session import Selection
from dashboard.visit import server as visits
from door.store import ScopedStore
from geodata import codes, site_kinds
from geodata.errors import RisicobeeldError
from geodata.tables.corrections import SAME_M, valid_activations
from risk.targets import decisions
from risk.targets.decisions import CorrectedPlace
from risk.targets.request import Mark
from words import Texts

_NEAR_M = 5_000.0
_NEAR_N = 5
_MAP_HEIGHT_PX = 300


def draw(texts: Texts, store: ScopedStore, shown: Picture, site_id: str, ask: Callable[[Site], None]) -> None:
    """Draw the page of a site that the viewer may see; ``ask`` draws one more thing that can be done with it.

    Parameters
    ----------
    texts, store, shown
        Words of the reader's language, the tables as the viewer may see them and the picture on the page.
    site_id
        Of the list of sites.
    ask
        Draws one more thing that can be done with the site.
    """
    sites = store.table("sites").set_index("site_id", drop=False)
    site = sites.loc[site_id].to_dict()
    corrected = decisions.corrected_place(store, site_id)
    links.linked(
        Markup('<p class="rb-page">{}</p><h2 class="rb-unseen">{}</h2>').format(
            links.link("← " + texts("sites.back"), unit=""), texts("picture.why")
        ),  # over the heading of the reasons
        key="site-back",
    )
    _steps(texts, store, shown, site, corrected, ask)
    known = _known(texts, shown, site)
    told = _corrected(texts, shown, site, corrected)
    if corrected is not None:
        sites.loc[site_id, ["geometry"]] = [corrected.point]
        site = {**site, "geometry": corrected.point, "gemeente_code": corrected.gemeente_code}
    why_side, known_side, done_side = st.columns([1, 1.1, 1], gap="medium")
    with why_side:
        why.panel(texts, Selection(unit=site_id), store, shown)
    with known_side:
        show(known + told + _assumed(texts, shown, site))
    with done_side:
        _map(texts, store, shown, sites, site)
        links.linked(
            _visits(texts, store, shown, site_id)
            + _linked(texts, store, shown, sites, site_id)
            + _near(texts, shown, sites, site_id),
            key="site-around",
        )


def _steps(
    texts: Texts,
    store: ScopedStore,
    shown: Picture,
    site: Site,
    corrected: CorrectedPlace | None,
    ask: Callable[[Site], None],
) -> None:
    """Offer what can be done with a site: record a visit, lock it into the next plan, say where it really is."""
    may_visit = may(store.viewer, Verb.RECORD, "activations", site["vr_code"])
    with st.container(horizontal=True, key="site-steps"):
        if may_visit and st.button(texts("region.record"), type="primary", key="site-record"):
            fields = {name: site[name] for name in ("site_id", "gemeente_code", "sector_code") if site[name]}
            entry.start_from(store, fields)
            st.session_state["register_view"] = "new"
            session.open_page("register", unit="")
        if may(store.viewer, Verb.RECORD, "plan_lines", ""):
            with st.popover(texts("sites.pin")), st.form("site-pin", border=False):
                reason = st.text_input(texts("targets.why"), max_chars=200)
                if st.form_submit_button(texts("targets.lock")) and reason.strip():
                    mark = Mark(str(site["site_id"]), reason.strip())
                    st.session_state.setdefault("targets-marks", {})[mark.site_id] = ("locked", mark)
                    st.session_state["targets-view"] = "make"
                    session.open_page("targets", unit="")
        if may(store.viewer, Verb.RECORD, "decisions", site["vr_code"]):
            with st.popover(texts("sites.correct")):
                _correct(texts, store, shown, str(site["site_id"]), corrected)
        ask(site)
    told = {"site": site["site_id"], "gemeente": site["gemeente_code"], "sector": site["sector_code"]}
    if may_visit and site["gemeente_code"] and (link := visits.way_in(texts, **told)):
        show(link)


def _correct(texts: Texts, store: ScopedStore, shown: Picture, site_id: str, corrected: CorrectedPlace | None) -> None:
    """Let the viewer say where a site really is, or take that back; each with a reason."""
    day = shown.scored.peildatum
    with st.form(form_key("site-place"), border=False):
        place = st.text_input(texts("sites.correct_place"), help=texts("sites.correct_help"), max_chars=80)
        reason = st.text_input(texts("targets.why"), max_chars=200)
        is_saved = st.form_submit_button(texts("sites.correct_save"))
        is_taken_back = corrected is not None and st.form_submit_button(texts("sites.correct_back"))
    if not (is_saved or is_taken_back):
        return
    if not reason.strip() or (is_saved and not place.strip()):
        st.warning(texts("sites.correct_needs"))
        return
    try:
        if is_taken_back:
            decisions.withdraw_place(store, site_id, reason.strip(), day)
        else:
            decisions.correct_place(store, site_id, place, reason.strip(), day)
    except RisicobeeldError as error:
        frame.failure(texts, error)
        return
    saved("site-place")
    st.rerun(scope="fragment")


def _corrected(texts: Texts, shown: Picture, site: Site, corrected: CorrectedPlace | None) -> Markup:
    """Say who corrected the place, why, and whether the figures follow it yet (HTML)."""
    if corrected is None:
        return Markup()
    listed = site["geometry"]
    far, is_followed = texts("sites.corrected_none"), False
    if listed is not None and not listed.is_empty:
        metres = listed.distance(corrected.point)
        far = texts("sites.corrected_far", km=texts.number(metres / 1000))
        is_followed = bool(site["place_corrected_on"]) and metres <= SAME_M
    told = texts(
        "sites.corrected",
        place=shown.names.get(corrected.gemeente_code, ""),
        who=_who(texts, shown, corrected.recorded_by),
        day=texts.day(corrected.recorded_at.date()),
        reason=corrected.reason.rstrip("."),
    )
    told += " " + (texts("sites.corrected_followed") if is_followed else texts("sites.corrected_waits", far=far))
    return Markup('<div class="rb-notice"><p>{}</p></div>').format(told)


def _who(texts: Texts, shown: Picture, recorded_by: str) -> str:
    """Return who recorded something: the person, or in words the role of whoever did not sign in."""
    role, _, region = recorded_by.split(" (", maxsplit=1)[0].partition(":")
    if role not in ROLES:
        return recorded_by
    return " ".join(filter(None, [texts(f"role.{role}"), shown.names.get(region, "")]))


def _map(texts: Texts, store: ScopedStore, shown: Picture, sites: pd.DataFrame, site: Site) -> None:
    """Draw the site with those within five kilometres; nothing where its place is not known."""
    here = site["geometry"]
    if here is None or here.is_empty or site["gemeente_code"] not in shown.vr_of:
        return
    if rows_of(store.viewer.role, "scores_gemeente") is None:
        return
    around = figures.open_sites(store, texts, shown.week).set_index("site_id", drop=False)
    near = sites.geometry.distance(here)
    if site["site_id"] in around.index:
        point = gpd.GeoSeries([here], crs=codes.CRS_RD).to_crs(codes.CRS_WGS84).iloc[0]
        around.loc[site["site_id"], ["lon", "lat"]] = [point.x, point.y]
    around = around.loc[[one for one in near.index[near <= _NEAR_M] if one in around.index]]
    gemeenten = figures.open_picture(store, "gemeente", texts, shown.week)
    assets, geometry = figures.map_files(store)
    picture = MapPicture(
        areas=figures.area_layer(gemeenten, gemeenten.of_sector("")),
        texts=map_texts(texts, is_demonstration=shown.is_demonstration, lacks=shown.lacks),
        sites=SiteLayer(
            site_ids=tuple(around["site_id"]),
            names=tuple(around["name"]),
            kinds=tuple(around["kind"]),
            longitudes=tuple(around["lon"]),
            latitudes=tuple(around["lat"]),
            scores=tuple(around["score_0_10"]),
        ),
        focus=site["gemeente_code"],
        selected_site=str(site["site_id"]),
        has_list=False,
    )
    live_map(
        picture,
        key="site-map",
        assets=assets,
        geometry=geometry,
        height=_MAP_HEIGHT_PX,
        on_select_site=lambda site_id: session.select(unit=site_id) if site_id else None,
    )


def place_name(texts: Texts, shown: Picture, site: Site) -> str:
    """Return the gemeente of a site, or that it lies across the border.

    Parameters
    ----------
    texts, shown
        Words of the reader's language and the picture on the page.
    site
        As `figures.open_sites` gives it.
    """
    if site["country"] != "NL":
        return texts("picture.abroad", country=texts(f"country.{site['country']}"))
    return shown.names.get(site["gemeente_code"], texts("sites.no_place"))


def size_words(texts: Texts, site: Site) -> str:
    """Return the size of a site with its unit; that it is unknown where it is."""
    if pd.isna(site["size_n"]):
        return texts("sites.size_unknown")
    return f"{texts.number(site['size_n'], 0)} {texts('unit.' + site['size_unit'])}"


def title(texts: Texts, site: Site) -> str:
    """Return what a site is called: its name where the viewer may know it, else its kind and number."""
    return site_kinds.title(site, texts)


def last_visits(store: ScopedStore, shown: Picture) -> dict[str, pd.Timestamp]:
    """Return when each visited site was last visited, up to the peildatum."""
    if not store.may("activations"):
        return {}
    seen = valid_activations(store.table("activations"))
    seen = seen[(seen["site_id"] != "") & (seen["event_date"] <= shown.scored.peildatum)]
    return dict(seen.groupby("site_id")["event_date"].max())


def _section(title_: str, body: str) -> Markup:
    return Markup('<section class="rb-page"><h2>{}</h2>{}</section>').format(title_, body)


def _known(texts: Texts, shown: Picture, site: Site) -> Markup:
    """List what a source says, with that source, its date and the status."""
    facts = [
        ("sites.kind", site_kinds.name(site["kind"], texts)),
        (
            "picture.sector",
            texts(f"sector.{site['sector_code']}") if site["sector_code"] else texts("sites.no_sector"),
        ),
        ("sites.place", place_name(texts, shown, site)),
        ("sites.region", shown.names.get(site["vr_code"], "–")),
        ("sites.size", size_words(texts, site)),
        ("sites.located", texts(f"located.{site['located']}")),
    ]
    if site["employer_group"]:
        facts.append(("sites.group", site["employer_group"]))
    rows = [[texts(name), str(value)] for name, value in facts]
    origin = texts(
        "sites.origin",
        source=site["source"],
        day=texts.day(site["source_date"].date()),
        status=texts(f"status.{site['status']}"),
    )
    table = tables.table(texts("sites.known"), [texts("sources.figure"), texts("sites.value")], rows)
    return _section(texts("sites.known"), Markup('{}<p class="rb-muted">{}</p>').format(table, origin))


def _assumed(texts: Texts, shown: Picture, site: Site) -> Markup:
    """List what is not known of the site itself: judgements on its kind and its sector."""
    model = shown.scored.model
    rows = [[texts("sites.kind_judged"), texts.number(model.site_kinds[site["kind"]])]]
    reason = ""
    conditions = model.conditions.get(site["sector_code"])
    if conditions is not None:
        rows += [[texts(f"condition.{name}"), texts.percent(share)] for name, share in conditions.shares.items()]
        reason = Markup("<p>{}</p>").format(conditions.why[texts.language])
    heads = [texts("sources.figure"), texts("status.assumption")]
    table = tables.table(texts("sites.assumed"), heads, rows, numeric=(1,))
    return _section(texts("sites.assumed"), Markup("<p>{}</p>{}{}").format(texts("sites.assumed_how"), table, reason))


def _visits(texts: Texts, store: ScopedStore, shown: Picture, site_id: str) -> Markup:
    """List every visit, also those that found nothing."""
    if not store.may("activations"):
        return Markup()
    seen = valid_activations(store.table("activations"))
    seen = seen[(seen["site_id"] == site_id) & (seen["event_date"] <= shown.scored.peildatum)]
    seen = seen.sort_values("event_date", ascending=False)
    if seen.empty:
        return _section(texts("sites.visits"), Markup("<p>{}</p>").format(texts("sites.no_visits")))
    rows = [
        [
            texts.day(visit["event_date"].date()),
            texts(f"region.{visit['kind']}"),
            texts(f"sites.found_{visit['infections_found']}"),
            visit["outcome"],
        ]
        for visit in seen.to_dict("records")
    ]
    heads = [texts("sources.date"), texts("sites.visit_kind"), texts("sites.infections"), texts("sites.outcome")]
    return _section(texts("sites.visits"), tables.table(texts("sites.visits"), heads, rows))


def _linked(texts: Texts, store: ScopedStore, shown: Picture, sites: pd.DataFrame, site_id: str) -> Markup:
    """List the sites that belong to this one, and the regions in which others do."""
    table = store.out("linked", "site", shown.scored.model.version)
    mine = table[table["unit_id"] == site_id]
    if mine.empty:
        return _section(texts("sites.linked"), Markup("<p>{}</p>").format(texts("sites.no_links")))
    found = mine.iloc[0]
    why_linked = ", ".join(texts(f"linked.{reason}") for reason in found["why"].split(";") if reason)
    ids = [one for one in found["linked_site_ids"].split(";") if one]
    items = Markup().join(Markup("<li>{}</li>").format(_link(texts, shown, sites, one)) for one in ids[:_NEAR_N])
    more = texts("sites.more", n=len(ids) - _NEAR_N) if len(ids) > _NEAR_N else ""
    elsewhere = ", ".join(shown.names[code] for code in found["other_vr_codes"].split(";") if code)
    other = texts("sites.elsewhere", regions=elsewhere) if elsewhere else ""
    told = Markup().join(Markup("<p>{}</p>").format(line) for line in (more, why_linked, other) if line)
    return _section(texts("sites.linked"), Markup('<ul class="rb-list">{}</ul>{}').format(items, told))


def _link(texts: Texts, shown: Picture, sites: pd.DataFrame, site_id: str) -> Markup:
    if site_id not in sites.index:
        return escape(site_id)
    site = sites.loc[site_id]
    words = f"{title(texts, site)}, {place_name(texts, shown, site)}"
    return links.link(words, unit=site_id)


def _near(texts: Texts, shown: Picture, sites: pd.DataFrame, site_id: str) -> Markup:
    """List the nearest sites within five kilometres that the viewer may see."""
    here = sites.loc[site_id, "geometry"]
    if here is None or here.is_empty:
        return Markup()
    distance = sites.geometry.distance(here).drop(site_id)
    near = distance[distance <= _NEAR_M].nsmallest(_NEAR_N)
    if near.empty:
        return Markup()
    items = Markup().join(
        Markup('<li>{} <span class="rb-muted">{} km</span></li>').format(
            _link(texts, shown, sites, str(one)), texts.number(metres / 1000)
        )
        for one, metres in near.items()
    )
    return _section(texts("sites.near"), Markup('<ul class="rb-list">{}</ul>').format(items))
