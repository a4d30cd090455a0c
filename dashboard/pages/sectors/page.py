"""Sectors: every region and sector at once, as a table of colours beside the map."""

from dataclasses import replace

import pandas as pd
import streamlit as st
from markupsafe import Markup

from access.rights import rows_of
from dashboard.map.layers import MapPicture, map_texts
from dashboard.map.live import live_map
from dashboard.parts import downloads, figures, link_notice, links, period, ready
from dashboard.parts import reasons as why
from dashboard.parts.figures import Picture
from dashboard.shell import frame, session
from dashboard.shell.choices import choose
from dashboard.shell.markup import show
from dashboard.shell.session import Selection
from door.readiness import Ranking
from door.store import ScopedStore
from geodata import codes
from risk.index import classify
from risk.scores import deliver
from words import Texts

_MAP_HEIGHT_PX = 300


def run() -> None:
    """Draw the page."""
    texts = session.texts()
    store = frame.open_store(texts)
    frame.page_head(texts, store, figures.title(store, texts, texts("page.sectors")), texts("sectors.intro"))
    if ready.ranks(texts, store, Ranking.AREAS):
        _page()


@st.fragment
@frame.guarded
def _page() -> None:
    """Draw table, map and reasons; a choice in here redraws only this part of the page."""
    texts = session.texts()
    store, _ = session.store()
    chosen = session.selection()
    week = period.week(figures.open_picture(store, "vr", texts), chosen)
    regions = figures.open_picture(store, "vr", texts, week)
    link_notice.draw(texts, store, figures.open_picture(store, "vr", texts))
    with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
        within = _choose_rows(texts, store, regions)
        now = figures.open_picture(store, "vr", texts)
        links.linked(
            Markup('<div class="rb-controls">{}</div>').format(period.slider(texts, now, week)), key="sectors-back"
        )
    shown, rows = (regions, regions.scores) if not within else _gemeenten(texts, store, within, week)
    table_side, map_side = st.columns([2, 1], gap="medium")
    with table_side:
        above = regions.scores[regions.scores["area_code"] == within]
        links.linked(_heat_table(texts, shown, pd.concat([above, rows]), chosen), key="sectors-table")
        show(_not_told_apart(texts, shown))
        level = "gemeente" if within else "vr"
        areas = frozenset(rows["area_code"]) if within else frozenset()
        seen = downloads.Part(level, deliver.ALL_SECTORS, areas, within=within)
        on_map = replace(seen, sector=chosen.sector, unit=chosen.unit if chosen.unit in shown.names else "")
        downloads.menu(texts, store, [seen, on_map], [], key="sectors-files", week=week)
    with map_side:
        _map(texts, store, shown, rows, chosen, within)
        why.panel(texts, chosen, store, shown)


def _not_told_apart(texts: Texts, shown: Picture) -> Markup:
    """Return why some sectors have no scores here: their areas cannot be told apart (HTML)."""
    found = [told for sector in _columns(shown, "") if (told := why.not_told_apart(texts, shown, sector))]
    if not found:
        return Markup("<span></span>")
    items = Markup().join(Markup("<li>{}</li>").format(one) for one in found)
    return Markup('<section class="rb-page"><h2>{}</h2><ul>{}</ul></section>').format(texts("apart.title"), items)


def _choose_rows(texts: Texts, store: ScopedStore, regions: Picture) -> str:
    """Let the viewer choose the rows: all regions, or the gemeenten of one; return that one's code, else ''."""
    allowed = list(regions.of_sector("")["area_code"])
    if not rows_of(store.viewer.role, "scores_gemeente"):
        return ""
    if len(allowed) == 1:
        return str(allowed[0])
    chosen = session.selection()
    region = regions.region_of(chosen.unit, allowed)
    st.session_state["rows"] = region if chosen.level == "gemeente" else ""

    def keep() -> None:
        within = st.session_state["rows"] or ""
        session.select(level="gemeente" if within else "vr", unit=within)

    choose(
        texts,
        texts("sectors.rows"),
        ["", *sorted(allowed, key=lambda code: regions.names[code])],
        key="rows",
        width=420,
        on_change=keep,
        label_visibility="collapsed",
        format_func=lambda code: texts("sectors.of", region=regions.names[code]) if code else texts("sectors.all"),
    )
    return str(st.session_state["rows"])


def _gemeenten(texts: Texts, store: ScopedStore, within: str, week: str) -> tuple[Picture, pd.DataFrame]:
    shown = figures.open_picture(store, "gemeente", texts, week)
    return shown, shown.scores[shown.scores["area_code"].isin(shown.gemeenten_of(within))]


def _columns(shown: Picture, chosen: str) -> list[str]:
    """Return the sectors that the table shows: of a group ranked as one only one, the chosen one if any."""
    ranked_as = {code: one.ranked_as for code, one in shown.scored.apart.items()}
    of_group: dict[str, str] = {}
    for code in ("", *codes.SECTORS):
        group = ranked_as.get(code) or code
        if group not in of_group or code == chosen:
            of_group[group] = code
    return list(of_group.values())


def _heat_table(texts: Texts, shown: Picture, rows: pd.DataFrame, chosen: Selection) -> Markup:
    """Return the table: areas by score (a region above its gemeenten), sectors in their fixed order."""
    together = rows[rows["sector_code"] == ""].assign(is_gemeente=lambda table: table["level"] == "gemeente")
    order = together.sort_values(
        ["is_gemeente", "score_0_10", "area_code"], ascending=[True, False, True], na_position="last"
    )["area_code"]
    columns = _columns(shown, chosen.sector)
    cells_of = pd.MultiIndex.from_product([order, columns])
    wide = rows.set_index(["area_code", "sector_code"])[["score_0_10", "risk_class"]].reindex(cells_of)
    scores, classes = (wide[name].to_numpy().reshape(len(order), -1) for name in ("score_0_10", "risk_class"))
    names = [why.sector_name(texts, shown, code) for code in columns]
    words = [classify.class_words(texts(f"class.{one}"), shown.lacks, texts.language) for one in range(1, 6)]
    head = Markup().join(
        Markup('<th scope="col">{}</th>').format(
            links.link(Markup("<span>{}</span>").format(name), sector=code, is_stop=False)
        )
        for code, name in zip(columns, names, strict=True)
    )
    body, stop = [], (chosen.unit if chosen.unit in set(order) else order.iloc[0], chosen.sector)
    for area, of_scores, of_classes in zip(order, scores, classes, strict=True):
        area_name = shown.names[area]
        label = links.link(area_name, unit=area, is_stop=False)
        cells = []
        for code, name, score, number in zip(columns, names, of_scores, of_classes, strict=True):
            is_stop = (area, code) == stop
            mark = Markup(' class="rb-chosen"') if is_stop and chosen.unit else ""
            if pd.isna(score):
                told, style, figure = texts("map.no_data"), "rb-none", "–"
            else:
                told, style = words[int(number) - 1], f"rb-class-{int(number)}"
                figure = figures.score_told(texts, score)
            hint = f"{area_name}, {name}: {figure} {told}"
            link = links.link(figure, title=hint, kind=style, is_stop=is_stop, unit=area, sector=code)
            cells.append(Markup("<td{}>{}</td>").format(mark, link))
        body.append(Markup('<tr><th scope="row">{}</th>{}</tr>').format(label, Markup().join(cells)))
    caption = texts("sectors.caption")
    return Markup(
        '<div class="rb-heat" role="region" aria-label="{caption}"><table data-grid="1">'
        '<caption class="rb-unseen">{caption}</caption><thead><tr><td></td>{head}</tr></thead>'
        "<tbody>{body}</tbody></table></div>"
    ).format(caption=caption, head=head, body=Markup().join(body))


def _map(texts: Texts, store: ScopedStore, shown: Picture, rows: pd.DataFrame, chosen: Selection, within: str) -> None:
    """Draw the chosen sector on the map."""
    assets, geometry = figures.map_files(store)
    of_sector = rows[rows["sector_code"] == chosen.sector].sort_values("score_0_10", ascending=False)
    picture = MapPicture(
        areas=figures.area_layer(shown, of_sector),
        texts=map_texts(texts, is_demonstration=shown.is_demonstration, lacks=shown.lacks),
        selected=chosen.unit if chosen.unit in set(of_sector["area_code"]) else "",
        focus=within,
        has_list=False,
    )
    live_map(
        picture,
        key="sectors-map",
        assets=assets,
        geometry=geometry,
        height=_MAP_HEIGHT_PX,
        on_select=lambda code: session.select(unit=code),
    )
