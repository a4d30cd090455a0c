"""Side by side: a second map that moves with the first, and areas with their scores and reasons on one scale."""

from collections.abc import Mapping, Sequence
from typing import Final

import pandas as pd
from markupsafe import Markup

from access.rights import Verb
from access.viewer import may
from dashboard.map import in_place, inside
from dashboard.map.layers import MapPicture, map_texts
from dashboard.map.live import live_map
from dashboard.map.scale import told_decimals, told_score
from dashboard.parts import figures, links
from dashboard.parts import reasons as why
from dashboard.parts.figures import Picture, score_told
from dashboard.shell import session
from dashboard.shell.markup import show
from dashboard.shell.session import Selection
from door.store import ScopedStore
from geodata.weeks import last_day
from words import Texts

_REASONS_N = 7


def may_compare(store: ScopedStore) -> bool:
    """Tell whether the viewer may lay areas beside one another."""
    return may(store.viewer, Verb.RUN, "evaluation")


def chosen_rows(store: ScopedStore, chosen: Selection, shown: Picture) -> pd.DataFrame:
    """Return the scored rows of the chosen areas in their order; none when fewer than two can be compared.

    Parameters
    ----------
    store, chosen, shown
        The tables as the viewer may see them, what the address chooses and the picture on the page.
    """
    if len(chosen.areas) < 2 or not may_compare(store):  # as on nearly every run of the page
        return shown.none
    rows = shown.of_sector(chosen.sector).dropna(subset=["score_0_10"]).set_index("area_code", drop=False)
    found = rows.loc[[code for code in chosen.areas if code in rows.index]]
    return found if len(found) > 1 else shown.none


def table(texts: Texts, chosen: Selection, shown: Picture, rows: pd.DataFrame) -> Markup:
    """Return the comparison (HTML): a column per area, first what is known of its score, then the sum of reasons.

    Parameters
    ----------
    texts, chosen, shown
        Words of the reader's language, what the address chooses and the picture on the page.
    rows
        Of `chosen_rows`.
    """
    areas = [row for _, row in rows.iterrows()]
    sector = why.sector_name(texts, shown, chosen.sector)
    names = Markup().join(Markup('<th scope="col">{}</th>').format(shown.names[row["area_code"]]) for row in areas)
    facts = [
        _line(why.score_head(texts, shown), [why.score_chip(texts, row) for row in areas]),
        _line(texts("map.rank"), [_place(texts, shown, row) for row in areas]),
        _line(texts("picture.top", k=int(areas[0]["k_n"])), [_share(texts, row["p_top_k"]) for row in areas]),
        _line(texts("map.moved_hint"), [_moved(texts, shown, row) for row in areas]),
        _line(texts("picture.complete"), [_share(texts, row["completeness_pct"] / 100) for row in areas]),
    ]
    title = texts("picture.compared")
    return Markup(
        '<section class="rb-why"><h3>{title}</h3><p class="rb-muted">{sector}</p>'
        '<div class="rb-compare" role="region" tabindex="0" aria-label="{title}"><table>'
        '<caption class="rb-unseen">{title}</caption><thead><tr><td></td>{names}</tr></thead>'
        "<tbody>{facts}</tbody><tbody>{reasons}</tbody>"
        "</table></div></section>"
    ).format(
        title=title,
        sector=sector,
        names=names,
        facts=Markup().join(facts),
        reasons=Markup().join(_reasons(texts, shown, areas)),
    )


def _line(name: str, cells: Sequence[str], kind: str = "") -> Markup:
    style = Markup(' class="{}"').format(kind) if kind else ""
    return Markup('<tr{}><th scope="row">{}</th>{}</tr>').format(
        style, name, Markup().join(Markup("<td>{}</td>").format(cell) for cell in cells)
    )


def _place(texts: Texts, shown: Picture, row: pd.Series) -> str:
    if pd.isna(row["rank"]):
        return why.rank_words(texts, shown, row)
    place = texts("picture.place_of", rank=int(row["rank"]), n=shown.ranked_n(row["sector_code"]))
    span = why.place_span(row)
    return f"{place} ({span})" if span != str(int(row["rank"])) else place


def _share(texts: Texts, share: float) -> str:
    return "–" if pd.isna(share) else texts.percent(share)


def _moved(texts: Texts, shown: Picture, row: pd.Series) -> str:
    moved = shown.moved.get(row["unit_id"])
    return "–" if moved is None else (why.signed(texts, moved) if round(moved, 1) else texts("map.unmoved"))


def _reasons(texts: Texts, shown: Picture, areas: Sequence[pd.Series]) -> list[str]:
    """Return the sum of every score, one reason a line: the largest of any area, then what is left, then the score."""
    table = shown.scored.contributions
    units = [row["unit_id"] for row in areas]
    parts = table[table["unit_id"].isin(units)].pivot_table("contribution_0_10", "indicator_code", "unit_id")
    parts = parts[units].loc[parts.abs().max(axis=1).nlargest(_REASONS_N).index].fillna(0).round(1)
    references = [told_score(row["reference_0_10"]) for row in areas]
    rest = [
        round(told_score(row["score_0_10"]) - reference - parts[row["unit_id"]].sum(), 2)
        for row, reference in zip(areas, references, strict=True)
    ]
    scale = max(float(parts.abs().to_numpy().max()), *map(abs, rest), 0.5)
    lines = [_line(texts("picture.reference"), [score_told(texts, row["reference_0_10"]) for row in areas])]
    for code, values in parts.iterrows():
        lines.append(_line(why.indicator_name(shown, str(code), texts), [_bar(texts, one, scale) for one in values]))
    lines.append(_line(texts("picture.rest"), [_bar(texts, one, scale) for one in rest]))
    return [*lines, _line(texts("map.score"), [score_told(texts, row["score_0_10"]) for row in areas], "rb-total")]


def _bar(texts: Texts, value: float, scale: float) -> Markup:
    told = why.signed(texts, value, told_decimals(value)) if value else texts.number(0)
    return Markup('<div class="rb-part"><span>{}</span>{}</div>').format(told, why.bar(value, scale))


HEIGHT_PX: Final = 500
TOGETHER: Final = "picture"
"""Under this name the two maps of the page find each other."""


def choose_second(texts: Texts, now: Picture, chosen: Selection) -> Markup:
    """Return a list of what the second map may show (HTML for `links.linked`).

    Parameters
    ----------
    texts
        Words of the reader's language.
    now
        The picture of today.
    chosen
        What the address chooses.
    """
    return now.kept(_choice, texts, asked_second(now, chosen))


def asked_second(now: Picture, chosen: Selection) -> str:
    """Return what the second map shows: a week, or an indicator of size; '' where there is one map."""
    return chosen.second if chosen.second in (*inside.sizes(now.scored), *now.scored.weeks) else ""


def _choice(now: Picture, texts: Texts, second: str) -> Markup:
    return links.dropdown(texts("picture.second"), "second", _options(texts, now), second)


def _options(texts: Texts, now: Picture) -> dict[str, str | Mapping[str, str]]:
    sizes = {code: inside.title_of(texts, now.scored, code) for code in inside.sizes(now.scored)}
    weeks = {
        week: texts("picture.week_of", week=int(week[-2:]), day=texts.day(last_day(week).date()))
        for week in reversed(now.scored.weeks)
    }
    groups = {texts("picture.second_size"): sizes, texts("picture.second_week"): weeks}
    return {"": texts("picture.second_none")} | {words: group for words, group in groups.items() if group}


def title_second(texts: Texts, store: ScopedStore, shown: Picture, second: str) -> None:
    """Say over a map what it shows: an indicator, a figure of a workbook by its own title, or the score of a day.

    Parameters
    ----------
    texts, store, shown
        Words of the reader's language, the tables as the viewer may see them and the picture on the page.
    second
        What the map shows, as in the address; '' is the score.
    """
    words = in_place.title_of(texts, store, shown.scored, second)
    told = words or texts("picture.score_of", day=texts.day(shown.scored.peildatum.date()))
    show(Markup('<p class="rb-page rb-over-map">{}</p>').format(told))


def draw_second(
    texts: Texts, chosen: Selection, store: ScopedStore, shown: Picture, rows: pd.DataFrame, within: str
) -> None:
    """Draw the second map.

    Parameters
    ----------
    shown, rows
        The picture of the first map, and its rows.
    within
        The area that the maps are drawn into; '' for the whole country.
    """
    second = chosen.second
    other, other_rows = _of_second(texts, store, shown, rows, second)
    title_second(texts, store, other, second)
    picture = MapPicture(
        areas=figures.area_layer(other, other_rows),
        texts=map_texts(texts, is_demonstration=other.is_demonstration, lacks=other.lacks),
        selected=chosen.unit if chosen.unit in other.names else "",
        focus=within,
        inside=inside.layer(texts, other.scored, other_rows, second),
        has_values=chosen.numbers == "1",
        together=TOGETHER,
    )
    assets, geometry = figures.map_files(store)
    live_map(
        picture,
        key="second-map",
        assets=assets,
        geometry=geometry,
        height=HEIGHT_PX,
        on_select=lambda code: session.select(unit=code),
    )


def _of_second(
    texts: Texts, store: ScopedStore, shown: Picture, rows: pd.DataFrame, second: str
) -> tuple[Picture, pd.DataFrame]:
    """Return the picture and the rows of the second map: of another week, or those of the first."""
    if inside.title_of(texts, shown.scored, second):
        return shown, rows
    other = figures.open_picture(store, shown.scored.level, texts, second)
    sector = str(rows["sector_code"].iloc[0]) if len(rows) else ""
    found = other.of_sector(sector)
    return other, found[found["area_code"].isin(rows["area_code"])]
