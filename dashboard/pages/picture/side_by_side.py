"""Areas beside one another: score, place, certainty and the reasons, on one scale."""

from collections.abc import Sequence

import pandas as pd
from markupsafe import Markup

from access.rights import Verb
from access.viewer import may
from dashboard.map.scale import told_decimals, told_score
from dashboard.parts import reasons as why
from dashboard.parts.figures import Picture, score_told
from dashboard.shell.session import Selection
from door.store import ScopedStore
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
