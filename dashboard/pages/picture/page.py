"""The operational picture: where first, and why."""

from functools import lru_cache

import pandas as pd
import streamlit as st
from markupsafe import Markup

from access.rights import Rows, Verb, rows_of
from dashboard.map import in_place, inside
from dashboard.map.layers import MapPicture, MapTexts, map_texts
from dashboard.map.live import live_map
from dashboard.pages.picture import across, breadcrumb, drawn, side_by_side, since
from dashboard.parts import alarms, downloads, figures, link_notice, links, period, ready, region_facts, remarks
from dashboard.parts import reasons as why
from dashboard.parts.figures import AGENCIES, Picture
from dashboard.shell import frame, session
from dashboard.shell.markup import show
from door import export
from door.readiness import Ranking
from door.store import ScopedStore
from geodata import codes
from geodata.codes import Status
from geodata.snapshots.manifests import SourceRecord
from geodata.sources import catalogue
from risk.insight import reasons as explain
from risk.scores import deliver
from words import Texts

_FIRST_N = 3
_DONE_N = 3


def run() -> None:
    """Draw the page."""
    texts = session.texts()
    store, problem = session.store()
    if problem is not None:
        frame.failure(texts, problem)
        st.caption(texts("error.last_good"))
    show(
        Markup('<h1 class="rb-title">{}</h1><p class="rb-intro">{}</p>').format(
            figures.title(store, texts, texts("app.title")), texts("picture.intro")
        )
    )
    _way_on_from_the_example(texts, store)
    new = st.container(key="since-card")
    if ready.ranks(texts, store, Ranking.AREAS):
        _explorer()
    elif choice := _disease_choice(texts, store):
        links.linked(Markup('<div class="rb-controls">{}</div>').format(choice), key="diseases")
    with new:  # above the map and after it, so that the map need not wait
        since.card()


def _first(shown: Picture, sector: str, region: str) -> pd.DataFrame:
    """Return the highest rows to go to first: of a sector its areas, else pairs of area and sector.

    When the highest pairs are all of one sector, the first of another sector follows them. Of a region that the map is
    drawn into, only its own gemeenten.
    """
    pairs = shown.of_sector(sector) if sector else shown.highest_pairs
    if region:
        pairs = pairs[pairs["area_code"].isin(shown.gemeenten_of(region))]
    if sector:
        rows = pairs.head(_FIRST_N)
        return rows[rows["score_0_10"].notna()]
    first = pairs.head(_FIRST_N)
    others = pairs[~pairs["sector_code"].isin(first["sector_code"])]
    return pd.concat([first, others.head(1)]) if len(set(first["sector_code"])) == 1 else first


def _told_first(shown: Picture, sector: str, region: str, texts: Texts) -> list[tuple[str, str, Markup]]:
    """Return area, sector and words (HTML) of the highest: class, place and what tells each from the others."""
    rows = _first(shown, sector, region)
    reasons = explain.apart(shown.scored, list(rows["unit_id"]), texts.language)
    told = []
    for (_, row), reason in zip(rows.iterrows(), reasons, strict=True):
        place = why.place(texts, row, shown.ranked_n(row["sector_code"]))
        inner = Markup('{} <b>{}</b><br>{} <span class="rb-muted">· {}</span><br>{}').format(
            why.score_chip(texts, row),
            shown.names[row["area_code"]],
            why.sector_name(texts, shown, row["sector_code"]),
            place,
            why.as_sentence(reason),
        )
        told.append((str(row["area_code"]), str(row["sector_code"]), inner))
    return told


def _where_first(texts: Texts, store: ScopedStore, shown: Picture, chosen: session.Selection, within: str) -> Markup:
    """Answer the question of the page (HTML): the highest areas, each a link with its place and one reason."""
    region = shown.vr_of.get(within, within)
    items = [
        Markup("<li>{}</li>").format(
            links.link(inner, level=shown.scored.level, unit=area, sector=sector, within=within, beside="")
        )
        for area, sector, inner in shown.kept(_told_first, chosen.sector, region, texts)
    ]
    title = frame.marked(texts, texts("picture.where_first"), is_demonstration=shown.is_demonstration)
    if region:
        title += Markup(' <span class="rb-muted">{}</span>').format(
            texts("picture.in_region", region=shown.names[region])
        )
    if disease := figures.chosen_disease():
        title += Markup(' <span class="rb-muted">{}</span>').format(disease)
    if shown.week:
        then = texts("picture.stood_on", day=texts.day(shown.scored.peildatum.date()))
        title += Markup(' <span class="rb-muted">{}</span>').format(then)
    if told := alarms.level(texts, store, shown.week):
        title += Markup(' <span class="rb-muted">· {}</span>').format(told)
    return Markup('<section class="rb-first"><h2>{}</h2><ol>{}</ol></section>').format(title, Markup().join(items))


@st.fragment
@frame.guarded
def _explorer() -> None:
    """Draw map, list and reasons; a choice in here redraws only this part of the page."""
    texts, chosen = session.texts(), session.selection()
    store, _ = session.store()
    now = figures.open_picture(store, "vr", texts)
    week = period.week(now, chosen)
    regions = figures.open_picture(store, "vr", texts, week) if week else now
    link_notice.draw(texts, store, now)
    within = breadcrumb.inside(store, chosen, regions)
    shown = regions if not within and chosen.level == "vr" else figures.open_picture(store, "gemeente", texts, week)
    rows = shown.of_sector(chosen.sector)
    if within:
        rows = rows[rows["area_code"].isin(shown.gemeenten_of(shown.vr_of.get(within, within)))]
    seen = downloads.Part(
        shown.scored.level,
        chosen.sector,
        frozenset(rows["area_code"]) if within else frozenset(),
        within=shown.vr_of.get(within, within),
        unit=chosen.unit if chosen.unit in shown.names else "",
        by_place=chosen.places == "1",
        inside=chosen.inside,
        has_values=chosen.numbers == "1",
    )
    # What stands together is one element: each costs the server and the browser as much as what is in it.
    on_paper = Markup('<p class="rb-paper">{}</p>').format(downloads.title(texts, store, shown, seen))
    first = _where_first(texts, store, shown, chosen, within)
    links.linked(on_paper + first + _controls(texts, chosen, store, now, week, seen.level), key="controls")
    downloads.menu(texts, store, [seen], _parts(store), key="picture-files", week=week)
    breadcrumb.show(texts, store, chosen, shown, within)
    compared = side_by_side.chosen_rows(store, chosen, shown)
    map_side, why_side = st.columns([3.4, 1] if compared.empty else [1.9, 1], gap="medium")
    with map_side:
        told = why.not_told_apart(texts, shown, chosen.sector)
        if chosen.sector in shown.layers and (not within or rows["score_0_10"].notna().any()):
            if told:
                show(Markup('<p class="rb-page rb-muted" role="note">{}</p>').format(told))
            _draw_maps(texts, chosen, store, (now, shown), rows, within)
        else:
            st.info(told or texts("picture.nothing_to_show"))
        known = store.as_known_on(period.known_on(chosen))
        drawn.draw(texts, known, chosen, shown.scored.peildatum)
        across.draw(texts, known, chosen)
        alarms.draw(texts, store, shown, chosen.layer)
        if chosen.sites and store.may("sites"):
            breadcrumb.site_list(texts, store, shown, within)
    with why_side:
        guide = _guide(texts, chosen) if compared.empty and not chosen.unit else ""
        if over := _by_place(texts, chosen, store, now) + guide:
            links.linked(over, key="over-reasons")
        has_reasons = _panel(texts, chosen, store, shown, compared)
    show(shown.kept(_foot, texts, store.sources))
    if has_reasons and (chosen.unit in shown.names or chosen.sector):
        with why_side:  # below the reasons, which come first: the register may take a moment
            if told := _register(texts, store.as_known_on(period.known_on(chosen)), shown, chosen):
                show(told)


def _panel(texts: Texts, chosen: session.Selection, store: ScopedStore, shown: Picture, compared: pd.DataFrame) -> bool:
    """Draw the reasons, or the areas that are compared; return whether it was the reasons."""
    if not compared.empty:
        show(side_by_side.table(texts, chosen, shown, compared))
        return False
    why.panel(texts, chosen, store, shown)
    remarks.ask_of_area(texts, store.as_known_on(period.known_on(chosen)), shown, chosen.unit, chosen.sector)
    return True


def _guide(texts: Texts, chosen: session.Selection) -> Markup:
    """Return how to read the picture, in three steps (HTML); put away, what brings them back."""
    if chosen.guide:
        return Markup('<p class="rb-guide">{}</p>').format(links.link(texts("guide.title"), guide=""))
    return _three_steps(texts, links.link(texts("guide.away"), guide="off"))


@lru_cache(maxsize=100)
def _three_steps(texts: Texts, away: Markup) -> Markup:
    steps = Markup().join(Markup("<li>{}</li>").format(texts(f"guide.step_{number}")) for number in (1, 2, 3))
    return Markup('<section class="rb-guide"><header><h2>{}</h2>{}</header><ol>{}</ol></section>').format(
        texts("guide.title"), away, steps
    )


def _register(texts: Texts, store: ScopedStore, shown: Picture, chosen: session.Selection) -> Markup:
    """Return what the register adds to the reasons (HTML): the interpretations, and what was done here last."""
    area = chosen.unit if chosen.unit in shown.names else ""
    told = remarks.panel(texts, store, shown, shown.vr_of.get(area, area), chosen.sector)
    return told + (_done(texts, store, shown, chosen) if area else Markup())


def _done(texts: Texts, store: ScopedStore, shown: Picture, chosen: session.Selection) -> Markup:
    """Return the newest activations in the chosen area (HTML); nothing for who may not see them."""
    found = region_facts.latest(store, shown, chosen.unit, chosen.sector)
    if found is None:
        return Markup()
    lines = [
        texts(
            "picture.done",
            day=texts.day(one["event_date"].date()),
            kind=texts(f"region.{one['kind']}").lower(),
            found=texts(f"sites.found_{one['infections_found']}"),
        )
        for one in found[:_DONE_N]
    ]
    if len(found) > _DONE_N:
        lines.append(texts("picture.done_more", n=len(found) - _DONE_N))
    if store.known_on:
        lines.append(texts("region.known_how", day=texts.day(store.known_on)))
    items = Markup().join(Markup("<li>{}</li>").format(line) for line in lines or [texts("picture.done_none")])
    return Markup('<section class="rb-done"><h4>{}</h4><ul>{}</ul></section>').format(texts("region.done"), items)


def _controls(
    texts: Texts, chosen: session.Selection, store: ScopedStore, now: Picture, week: str, level: str
) -> Markup:
    """Return what chooses level, sector, sites and week (HTML for `links.linked`); the address bar keeps the choice."""
    levels = {level: texts(f"level.{level}") for level in ("vr", "gemeente")}
    sectors = {"": texts("picture.sector_all")} | {code: texts(f"sector.{code}") for code in codes.SECTORS}
    asked = (store, level, texts.language)
    own = session.kept("_own_figures", asked, lambda: in_place.own_options(texts, store, level))
    parts = [
        _disease_choice(texts, store),
        links.choice(texts("picture.level"), "level", levels, level, unit="", beside="", within=""),
        links.dropdown(texts("picture.sector"), "sector", sectors, chosen.sector),
        links.switch(texts("picture.sites"), "sites", is_on=chosen.sites == "1") if store.may("sites") else "",
        links.dropdown(texts("inside.label"), "inside", now.kept(_inside, texts) | own, chosen.inside),
        alarms.choose(texts, store, chosen, week),
        period.slider(texts, now, week),
    ]
    return Markup('<div class="rb-controls">{}</div>').format(Markup().join(parts))


def _inside(now: Picture, texts: Texts) -> dict[str, str | dict[str, str]]:
    return inside.options(texts, now.scored)


def _by_place(texts: Texts, chosen: session.Selection, store: ScopedStore, now: Picture) -> Markup:
    """Return what changes how the map looks (HTML); '' on the first screen, with nothing chosen: it has no room."""
    if chosen == session.Selection(guide=chosen.guide):
        return Markup()
    switch = links.switch(texts("map.by_place"), "places", is_on=chosen.places == "1", inside="")
    values = links.switch(texts("map.values"), "numbers", is_on=chosen.numbers == "1")
    second = side_by_side.choose_second(texts, now, chosen)
    border = across.choose(texts, store, chosen)
    return Markup('<div class="rb-controls">{}{}{}{}</div>').format(switch, values, second, border)


def _disease_choice(texts: Texts, store: ScopedStore) -> Markup:
    """Return the list of diseases (HTML); nothing where there are figures of one alone."""
    options = figures.diseases(texts, store)
    return (
        links.dropdown(texts("picture.disease"), "disease", options, figures.chosen_disease()) if options else Markup()
    )


def _parts(store: ScopedStore) -> list[downloads.Part]:
    """Return what of the picture this viewer may take away in a file."""
    levels = [level for level in ("vr", "gemeente") if rows_of(store.viewer.role, f"scores_{level}")]
    parts = [downloads.Part(level, deliver.ALL_SECTORS) for level in levels]
    return [*parts, downloads.Part("site", deliver.ALL_SECTORS)] if export.may_take_sites(store) else parts


def _map_texts(shown: Picture, texts: Texts) -> MapTexts:
    return map_texts(texts, is_demonstration=shown.is_demonstration, lacks=shown.lacks)


def _draw_maps(
    texts: Texts,
    chosen: session.Selection,
    store: ScopedStore,
    pictures: tuple[Picture, Picture],
    rows: pd.DataFrame,
    within: str,
) -> None:
    """Draw the map, and beside it a second one that moves with it where one is asked for."""
    now, shown = pictures
    if not side_by_side.asked_second(now, chosen):
        _draw_map(texts, chosen, store, shown, rows, within)
        return
    first_side, second_side = st.columns(2, gap="small")
    with first_side:
        side_by_side.title_second(texts, store, shown, chosen.inside)
        _draw_map(texts, chosen, store, shown, rows, within, together=side_by_side.TOGETHER)
    with second_side:
        side_by_side.draw_second(texts, chosen, store, shown, rows, within)


def _draw_map(
    texts: Texts,
    chosen: session.Selection,
    store: ScopedStore,
    shown: Picture,
    rows: pd.DataFrame,
    within: str,
    *,
    together: str = "",
) -> None:
    assets, geometry = figures.map_files(store)
    may_compare = side_by_side.may_compare(store)
    own = store.viewer.vr_codes
    picture = MapPicture(
        areas=figures.area_layer(shown, rows) if within else shown.layers[chosen.sector],
        texts=shown.kept(_map_texts, texts),
        sites=figures.site_layer(store, texts, shown.week) if chosen.sites and store.may("sites") else None,
        over=alarms.over_map(texts, store, chosen.layer, shown.week),
        selected=chosen.unit if chosen.unit in shown.names else "",
        compared=tuple(code for code in chosen.areas if code != chosen.unit) if may_compare else None,
        focus=within or (own[0] if len(own) == 1 else ""),  # or one region lies in a country of grey
        ranked_n=shown.ranked_n(chosen.sector) if chosen.places else 0,
        inside=in_place.layer(texts, store, shown.scored, rows, chosen.inside),
        has_values=chosen.numbers == "1",
        selected_site="" if chosen.unit in shown.names else chosen.unit,
        together=together,
        drawn=drawn.offered(store, chosen),
        has_across=across.offered(store),
    )
    live_map(
        picture,
        key="map",
        assets=assets,
        geometry=geometry,
        height=side_by_side.HEIGHT_PX,
        figures=figures.sector_figures(shown, chosen.sector, assets, geometry),
        on_select=lambda code, *others: session.select(unit=code, beside=",".join(others)),
        on_select_site=lambda site_id: session.select(unit=site_id),
        on_other=session.select,
    )


def _foot(shown: Picture, texts: Texts, sources: tuple[SourceRecord, ...]) -> Markup:
    """Return the line under the picture: peildatum, sources, status of the figures, what is left out."""
    found = shown.scored.status_share
    shares = ", ".join(
        f"{texts.percent(found[status])} {texts(f'status.{status}')}"
        for status in (Status.OFFICIAL, Status.ESTIMATE, Status.ASSUMPTION, Status.FICTIONAL)
        if status in found
    )
    named = (catalogue.source(record.source_id).credit(texts.language) for record in sources)
    parts = [texts("picture.back_then", day=texts.day(shown.scored.peildatum.date()))] if shown.week else []
    parts += [
        texts("picture.peildatum", day=texts.day(shown.scored.peildatum.date())),
        texts("picture.source_line", sources=", ".join(dict.fromkeys(named))),
        texts("picture.shares", shares=shares),
    ]
    if lacks := why.lacks(texts, shown):
        parts.insert(0, lacks)
    if shown.scored.left_out:
        names = ", ".join(why.indicator_name(shown, code, texts) for code in shown.scored.left_out)
        parts.append(texts("picture.left_out", indicators=names))
    if AGENCIES in shown.scored.not_together:
        parts.append(texts("picture.agencies_out"))
    return Markup('<p class="rb-foot">{}</p>').format(
        Markup().join(Markup("<span>{}</span>").format(part) for part in parts)
    )


def _way_on_from_the_example(texts: Texts, store: ScopedStore) -> None:
    """Offer the page of the data while the figures are invented, to whoever may import them."""
    may_import = rows_of(store.viewer.role, "sources", Verb.MANAGE) is Rows.ALL
    if not store.is_demonstration or not may_import or st.session_state.get("first-start-seen"):
        return
    with st.container(horizontal=True, vertical_alignment="center", key="first-start-card"):
        st.caption(texts("data.card"), width="content")
        if st.button(texts("data.card_go"), type="tertiary", key="to-data"):
            st.session_state["first-start-seen"] = True
            session.open_page("data")
