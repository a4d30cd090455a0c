"""My region: how it stands, where first, what changed, what was done, and how sure the figures are."""

from collections.abc import Mapping
from dataclasses import replace

import pandas as pd
import streamlit as st
from markupsafe import Markup

from access.rights import Verb, rows_of
from access.viewer import may
from dashboard.map.layers import MapPicture, map_texts
from dashboard.map.live import live_map
from dashboard.pages.region import over_time
from dashboard.pages.region import sheet as region_sheet
from dashboard.parts import (
    downloads,
    figures,
    link_notice,
    links,
    period,
    quality,
    ready,
    region_facts,
    remarks,
    tables,
)
from dashboard.parts import reasons as why
from dashboard.parts.figures import AGENCIES, Picture
from dashboard.shell import frame, saving, session
from dashboard.shell.choices import choose
from dashboard.shell.markup import show
from dashboard.shell.session import Selection
from dashboard.visit import server as visits
from door.readiness import Ranking
from door.store import ScopedStore
from geodata.intake.places import known_places
from geodata.snapshots import formats
from risk.scores import deliver
from risk.scores.outputs import Spread
from words import Texts

_MAP_HEIGHT_PX = 430
_FIRST_N = 5


def run() -> None:
    """Draw the page."""
    texts = session.texts()
    store = frame.open_store(texts)
    frame.page_head(texts, store, figures.title(store, texts, texts("page.region")))
    if ready.ranks(texts, store, Ranking.AREAS):
        _page()
    elif published := _workbooks(texts, store):
        show(published)


@st.fragment
@frame.guarded
def _page() -> None:
    """Draw the region of the address; a choice in here redraws only this part."""
    texts = session.texts()
    store, _ = session.store()
    chosen = session.selection()
    store = store.as_known_on(period.known_on(chosen))
    shown = figures.open_picture(store, "vr", texts, period.week(figures.open_picture(store, "vr", texts), chosen))
    link_notice.draw(texts, store, figures.open_picture(store, "vr", texts))
    allowed = list(shown.of_sector("")["area_code"])
    vr_code = shown.region_of(chosen.unit, allowed)
    choose_side, standing_side = st.columns([1, 3.4], gap="medium", vertical_alignment="center")
    with choose_side:
        _name(texts, shown, vr_code, allowed)
    title = downloads.title(texts, store, shown, downloads.Part("gemeente", chosen.sector, within=vr_code))
    on_paper = Markup('<p class="rb-paper">{}</p>').format(title)
    with standing_side:
        show(on_paper + _standing(texts, shown, shown.unit(vr_code)))
    _first_steps(texts, store, shown, vr_code, chosen)
    _looking_back(texts, store, shown, chosen)
    if chosen.time:
        over_time.draw(texts, store, shown, _inside(chosen, vr_code).unit, chosen.sector)
    with st.container(key="region-parts"):
        where, seen, told = st.columns([1, 1.15, 0.9], gap="medium")
    with where:
        links.linked(_sectors(texts, shown, vr_code, chosen.sector), key="region-sectors")
        inside = _inside(chosen, vr_code)
        why.panel(texts, inside, store, shown)
        remarks.ask_of_area(texts, store, shown, inside.unit, chosen.sector)
    with seen:
        if rows_of(store.viewer.role, "scores_gemeente"):
            _gemeenten(texts, store, chosen, vr_code, shown.week)
    with told:
        remarks.draw(texts, store, shown, vr_code, chosen.sector)
        show(
            _changed(texts, store, shown, vr_code, chosen.sector)
            + _done(texts, store, shown, vr_code, chosen.sector)
            + _quality(texts, shown, vr_code)
        )
    if published := _workbooks(texts, store, vr_code):
        show(published)


def _name(texts: Texts, shown: Picture, vr_code: str, allowed: list[str]) -> None:
    """Name the region, and let who sees more of them choose."""
    if len(allowed) == 1:
        show(Markup('<section class="rb-page"><h2>{}</h2></section>').format(shown.names[vr_code]))
        return
    st.session_state["region"] = vr_code
    choose(
        texts,
        texts("region.choose"),
        sorted(allowed, key=lambda code: shown.names[code]),
        key="region",
        format_func=lambda code: shown.names[code],
        label_visibility="collapsed",
        on_change=lambda: session.select(unit=st.session_state["region"]),
    )


def _looking_back(texts: Texts, store: ScopedStore, shown: Picture, chosen: Selection) -> None:
    """Let the viewer look at an earlier week, and at what was known of the activations on an earlier day."""
    now = figures.open_picture(store, "vr", texts)
    parts = period.slider(texts, now, shown.week)
    if store.may("activations"):
        parts += period.choose_known(texts, now, chosen)
    parts += links.switch(texts("time.show"), "time", is_on=chosen.time == "1")
    told = period.notice(texts, store, shown)
    links.linked(Markup('<div class="rb-controls">{}</div>{}').format(parts, told), key="region-back")


def _inside(chosen: Selection, vr_code: str) -> Selection:
    """Return the selection with the region itself chosen where nothing in it is."""
    return chosen if chosen.unit.startswith("GM") else session.Selection(sector=chosen.sector, unit=vr_code)


def _standing(texts: Texts, shown: Picture, row: pd.Series) -> Markup:
    """Say how the region stands among all, without naming another."""
    if pd.isna(row["score_0_10"]):
        return Markup('<section class="rb-page"><p>{}</p></section>').format(texts("picture.not_scored"))
    spread = shown.scored.spread[""]
    told = why.rank_words(texts, shown, row)
    if spread.quantiles:
        low, high = texts.number(spread.quantiles[1]), texts.number(spread.quantiles[3])
        told += " " + texts("region.middle_half", low=low, high=high)
    return Markup('<section class="rb-page rb-standing"><p>{} {}</p>{}</section>').format(
        why.single_chip(texts, shown, row), told, _scale(texts, spread, row["score_0_10"])
    )


def _scale(texts: Texts, spread: Spread, score: float) -> Markup:
    """Draw the scale from 0 to 10 with how many regions are in each class, the middle half and this region."""
    classes = Markup().join(
        Markup('<i class="rb-class-{}">{}</i>').format(number, count or "")
        for number, count in enumerate(spread.class_n, start=1)
    )
    half = ""
    if spread.quantiles:
        low, high = spread.quantiles[1], spread.quantiles[3]
        half = Markup('<b class="rb-half" style="left:{:.0f}%;width:{:.0f}%"></b>').format(10 * low, 10 * (high - low))
    told = texts("region.scale", score=figures.score_told(texts, score), n=spread.scored_n)
    return Markup(
        '<div class="rb-scale" role="img" aria-label="{told}">'
        '<div class="rb-scale-classes">{classes}</div>'
        '{half}<b class="rb-here" style="left:{here:.1f}%"></b></div>'
    ).format(here=10 * score, told=told, classes=classes, half=half)


def _sectors(texts: Texts, shown: Picture, vr_code: str, sector: str) -> Markup:
    """List the sectors of the region, highest first: what raises all of them once, then each with its own reason."""
    rows = shown.sectors_of(vr_code)
    first = pd.concat([shown.unit(vr_code).to_frame().T, rows.head(_FIRST_N)])
    rest = rows.iloc[_FIRST_N:]
    caption = texts("region.sectors")
    names = {why.sector_name(texts, shown, code) for code in rest["sector_code"]}
    is_open = " open" if why.sector_name(texts, shown, sector) in names else ""
    shared, reasons = shown.kept(why.of_sectors, vr_code, texts)
    more = Markup("<details{}><summary>{}</summary>{}</details>").format(
        is_open,
        texts("region.more_sectors", n=len(rest)),
        _sector_table(texts, shown, rest, sector, texts("region.rest"), reasons),
    )
    table = _sector_table(texts, shown, first, sector, caption, reasons)
    more = more if len(rest) else Markup()  # sectors that are ranked as one group may leave none
    told = Markup('<p class="rb-muted">{}</p>').format(shared) if shared else Markup()
    return Markup('<section class="rb-page"><h2>{}</h2>{}{}{}</section>').format(caption, told, table, more)


def _sector_table(
    texts: Texts, shown: Picture, rows: pd.DataFrame, sector: str, caption: str, reasons: Mapping[str, str]
) -> Markup:
    heads = [texts("picture.sector"), why.score_head(texts, shown), texts("region.place", n=shown.ranked_n(""))]
    cells = [_sector_row(texts, shown, row, sector, reasons) for _, row in rows.iterrows()]
    return tables.table(caption, heads, cells, kind="rb-choices")


def _sector_row(texts: Texts, shown: Picture, row: pd.Series, sector: str, reasons: Mapping[str, str]) -> list[str]:
    code = row["sector_code"]
    name = why.sector_name(texts, shown, code)
    mark = Markup(' aria-current="true"') if name == why.sector_name(texts, shown, sector) else ""
    label = links.link(Markup("<span{}>{}</span>").format(mark, name), sector=code)
    if pd.isna(row["score_0_10"]):
        return [label, texts("map.no_data"), ""]
    reason = reasons.get(row["unit_id"], "")
    if code == AGENCIES and code in shown.scored.not_together:
        reason = texts("region.agencies")
    below = Markup('<br><span class="rb-muted">{}</span>').format(reason) if reason else ""
    return [label + below, why.score_chip(texts, row), why.place_span(row)]


def _gemeenten(texts: Texts, store: ScopedStore, chosen: Selection, vr_code: str, week: str) -> None:
    """Draw the gemeenten of the region on the map, with their list."""
    shown = figures.open_picture(store, "gemeente", texts, week)
    own = shown.gemeenten_of(vr_code)
    rows = shown.of_sector(chosen.sector)
    assets, geometry = figures.map_files(store)
    picture = MapPicture(
        areas=figures.area_layer(shown, rows[rows["area_code"].isin(own)]),
        texts=map_texts(texts, is_demonstration=shown.is_demonstration, lacks=shown.lacks),
        selected=chosen.unit if chosen.unit in own else "",
        focus=vr_code,
    )
    live_map(
        picture,
        key="region-map",
        assets=assets,
        geometry=geometry,
        height=_MAP_HEIGHT_PX,
        on_select=lambda code: session.select(unit=code or vr_code),
    )


def _titled(texts: Texts, name: str, of: str, body: str) -> Markup:
    return Markup('<section class="rb-page"><h2>{}</h2><p class="rb-muted">{}</p>{}</section>').format(
        texts(name), of, body
    )


def _changed(texts: Texts, store: ScopedStore, shown: Picture, vr_code: str, sector: str) -> Markup:
    """Say how far the score moved in four weeks, and through what."""
    told, causes = region_facts.change(texts, store, shown, region_facts.unit_id(vr_code, sector))
    items = Markup().join(Markup("<li>{}</li>").format(cause) for cause in causes)
    listed = Markup('<ul class="rb-list">{}</ul>').format(items) if items else ""
    note = Markup('<p class="rb-muted">{}</p>').format(texts("region.change_how"))
    if before := region_facts.since_before(texts, store, shown, region_facts.unit_id(vr_code, sector)):
        note += Markup("<p>{}</p>").format(before)
    of = why.sector_name(texts, shown, sector)
    return _titled(texts, "region.changed", of, Markup("<p>{}</p>{}{}").format(told, listed, note))


def _done(texts: Texts, store: ScopedStore, shown: Picture, vr_code: str, sector: str) -> Markup:
    """Say what was done: activations by kind against the workers, and when last."""
    rates = region_facts.done(store, shown, vr_code, sector)
    if rates is None:
        return Markup()
    of = texts(f"sector.{sector}") if sector else texts("picture.sector_all")  # never of a group: visits are counted
    if store.table("activations").empty:  # nobody wrote any down: that is not the same as none
        return _titled(texts, "region.done", of, Markup("<p>{}</p>").format(texts("region.done_none")))
    cells = [_done_row(texts, row) for _, row in rates.iterrows()]
    heads = ["", texts("region.number"), texts("region.per_10k"), texts("region.last")]
    table = tables.table(texts("region.done"), heads, cells, numeric=(1, 2))
    note = Markup('<p class="rb-muted">{}</p>').format(texts("region.done_how"))
    return _titled(texts, "region.done", of, table + note)


def _done_row(texts: Texts, row: pd.Series) -> list[str]:
    kind = texts(f"region.{row['kind']}") if row["kind"] else texts("region.both")
    rate = "–"
    if not pd.isna(row["per_10k"]):
        low, high = texts.number(row["per_10k_p05"]), texts.number(row["per_10k_p95"])
        rate = Markup('{} <span class="rb-muted">({}–{})</span>').format(texts.number(row["per_10k"]), low, high)
    last = texts("region.never") if pd.isna(row["last_visited"]) else texts.day(row["last_visited"].date())
    return [kind, str(row["activations_n"]), rate, last]


def _quality(texts: Texts, shown: Picture, vr_code: str) -> Markup:
    """Say how sure the figures of the region are, and which are missing."""
    shares, missing = region_facts.sureness(texts, shown, vr_code)
    more = Markup("<p>{}</p>").format(missing) if missing else ""
    title = texts("region.quality")
    words = quality.words(texts, shares)
    return Markup('<section class="rb-page"><h2>{title}</h2>{bar}<p>{words}</p>{more}</section>').format(
        title=title, bar=quality.bar(shares), words=words, more=more
    )


def _first_steps(texts: Texts, store: ScopedStore, regions: Picture, vr_code: str, chosen: Selection) -> None:
    """Offer what a contact comes for: record a visit, see the own visits, take the sheet and the files along."""
    with st.container(horizontal=True, key="region-first"):
        if may(store.viewer, Verb.RECORD, "activations", vr_code) and st.button(
            texts("region.record"), type="primary", key="region-record"
        ):
            st.session_state["register_view"] = "new"
            session.open_page("register", unit="")
        if store.may("plan_lines") and st.button(texts("region.own_visits"), key="region-visits"):
            st.session_state["targets-view"] = "plans"
            session.open_page("targets", unit="")
        if rows_of(store.viewer.role, "scores_gemeente"):
            _files(texts, store, regions, vr_code, chosen)
    if may(store.viewer, Verb.RECORD, "activations", vr_code) and (link := visits.way_in(texts)):
        show(link)


def _files(texts: Texts, store: ScopedStore, regions: Picture, vr_code: str, chosen: Selection) -> None:
    """Offer the sheet for the meeting, and the gemeenten as files."""
    shown, own = figures.open_picture(store, "gemeente", texts, regions.week), regions.gemeenten_of(vr_code)
    unit = chosen.unit if chosen.unit in own else ""
    seen = [downloads.Part("gemeente", chosen.sector, own, within=vr_code, unit=unit)]
    parts = [
        downloads.Part("gemeente", deliver.ALL_SECTORS, own, within=vr_code),
        downloads.Part("site", deliver.ALL_SECTORS, frozenset({vr_code}), within=vr_code),
    ]
    saving.offer(
        texts("region.sheet"),
        lambda: region_sheet.as_pdf(
            texts, store, regions, shown, vr_code, region_facts.sentences(texts, store, regions, vr_code)
        ),
        f"{downloads.file_name(texts, store, shown, replace(seen[0], sector='', unit=''))}.pdf",
        formats.BY_ENDING[".pdf"].media_type,
        key="region-sheet",
    )
    downloads.menu(texts, store, seen, parts, key="region-files", week=regions.week)


_WORKBOOK_ROWS_N = 12
_MOST_N = 400  # of what a page can show; all of it stands in the export of the table


def _workbooks(texts: Texts, store: ScopedStore, vr_code: str = "") -> Markup:
    """Return the figures of a region ('' is every one that the viewer sees) as HTML; '' where there are none.

    Parameters
    ----------
    texts, store
        Words of the reader's language and the tables as the viewer may see them.
    vr_code
        A veiligheidsregio; '' is all that the viewer sees.
    """
    if not store.may("context"):
        return Markup()
    found = store.table("context")
    found = found[found["vr_code"] == vr_code] if vr_code else found
    if found.empty:
        return Markup()
    regions = dict(store.table("veiligheidsregios")[["vr_code", "vr_name"]].to_numpy())
    names = {**known_places().names, **regions}
    found = found.assign(name=found["region_code"].map(names).fillna(found["region_code"]))
    found = found.assign(is_part=found["region_code"] != found["vr_code"])
    found = found.sort_values(["is_part", "name", "source", "measure", "year"], ignore_index=True)
    title = texts("context.title")
    told = Markup("<h2>{}</h2><p class='rb-muted'>{}</p>").format(title, texts("context.how"))
    told += _table(texts, found.head(_WORKBOOK_ROWS_N), title)
    rest = found.iloc[_WORKBOOK_ROWS_N:_MOST_N]
    if len(rest):
        more = texts("context.more", n=len(found) - _WORKBOOK_ROWS_N)
        told += Markup("<details><summary>{}</summary>{}").format(more, _table(texts, rest, title))
        left_n = len(found) - _MOST_N
        told += Markup("<p>{}</p>").format(texts("context.rest", n=left_n)) if left_n > 0 else ""
        told += Markup("</details>")
    return Markup('<section class="rb-page">{}</section>').format(told)


def _table(texts: Texts, rows: pd.DataFrame, caption: str) -> Markup:
    heads = [texts(f"context.{name}") for name in ("area", "measure", "value", "status", "source", "year")]
    return tables.table(caption, heads, [_row(texts, row) for _, row in rows.iterrows()], numeric=(2,))


def _row(texts: Texts, row: pd.Series) -> list[str]:
    value, why = row["value"], str(row["missing_reason"])
    if pd.isna(value):
        shown = texts(f"missing_means.{why}") if f"missing_means.{why}" in texts else texts("context.none")
    else:
        shown = texts.number(value, 0 if float(value).is_integer() else 1)
    told = f"{row['source']}, {row['cell']}"
    return [
        str(row["name"]),
        str(row["measure"]),
        shown,
        texts(f"status.{row['status']}"),
        told,
        str(row["year"]),
    ]
