"""Why a unit has its score: the panel beside the map, in a sentence and in bars."""

from collections.abc import Collection, Mapping
from typing import Any, TypeAlias

import pandas as pd
from markupsafe import Markup

from access.rights import rows_of
from dashboard.map.scale import told_decimals, told_score
from dashboard.parts import figures
from dashboard.parts.figures import Picture, score_told
from dashboard.shell import frame
from dashboard.shell.markup import show
from dashboard.shell.session import Selection
from door.store import ScopedStore
from risk.index import classify
from risk.insight import reasons as explain
from words import Texts

Row: TypeAlias = pd.Series | Mapping[str, Any]
"""The scores of a unit, a row of a frame or as `of_units` gives them."""

_BARS_N = 8
_MISSING = "missing"


def indicator_name(shown: Picture, code: str, texts: Texts) -> str:
    """Return the name of an indicator in the page's language.

    Parameters
    ----------
    shown
        The picture on the page.
    code
        Of the indicator.
    texts
        Words of the reader's language.
    """
    if code == _MISSING:
        return texts("picture.missing")
    name = shown.scored.model.indicator(code).name[texts.language]
    return name[:1].upper() + name[1:]


def not_told_apart(texts: Texts, shown: Picture, sector_code: str) -> str:
    """Say why the areas of a sector ('' = all together) cannot be told apart; '' where they can.

    Parameters
    ----------
    texts, shown
        Words of the reader's language and the picture on the page.
    sector_code
        One of the twelve; '' is all together.
    """
    found = shown.scored.apart.get(sector_code)
    if found is None or not found.why:
        return ""
    inside = [code for code, one in shown.scored.apart.items() if one.ranked_as == found.ranked_as]
    return texts(
        "apart.as_group" if found.ranked_as else f"apart.{found.why}",
        group=texts(f"cbs_group.{found.ranked_as}") if found.ranked_as else "",
        members=", ".join(texts(f"sector.{code}").lower() for code in inside),
        sector=texts(f"sector.{sector_code}") if sector_code else texts("picture.sector_all"),
        level=texts(f"apart.level_{shown.scored.level}"),
        n=found.scored_n,
        distinct=found.distinct_n,
        share=texts.percent(found.measured_share),
    )


def sector_name(texts: Texts, shown: Picture, sector_code: str) -> str:
    """Return the name of a sector ('' = all together): of its CBS group where the picture ranks it as that.

    Parameters
    ----------
    texts, shown
        Words of the reader's language and the picture on the page.
    sector_code
        One of the twelve; '' is all together.
    """
    found = shown.scored.apart.get(sector_code)
    if found is not None and found.ranked_as:
        return texts("apart.group_name", group=texts(f"cbs_group.{found.ranked_as}"))
    return texts(f"sector.{sector_code}") if sector_code else texts("picture.sector_all")


def lacks(texts: Texts, shown: Picture) -> str:
    """Say which dimensions and routes the picture lacks, which it is named after; '' when it is whole."""
    return texts("picture.lacks", without=classify.without(shown.lacks, texts.language)) if shown.lacks else ""


def top_reason(shown: Picture, unit_id: str, texts: Texts) -> str:
    """Return the strongest reason for a high score, in words.

    Parameters
    ----------
    shown
        The picture on the page.
    unit_id
        Of a row of the scores.
    texts
        Words of the reader's language.
    """
    return as_sentence(shown.top_reasons[texts.language].get(unit_id, ""))


def of_sectors(shown: Picture, area_code: str, texts: Texts) -> tuple[str, dict[str, str]]:
    """Return in words what raises most sectors of an area ('' if nothing does), and each one's own reason by unit.

    Parameters
    ----------
    shown
        The picture on the page.
    area_code
        A veiligheidsregio or gemeente.
    texts
        Words of the reader's language.
    """
    rows = shown.sectors_of(area_code).dropna(subset=["score_0_10"]).set_index("unit_id")
    shared, without, own = explain.shared_and_own(shown.scored, list(rows.index), texts.language)
    if not shared:
        return "", {unit: as_sentence(words) for unit, words in own.items()}
    names = [sector_name(texts, shown, sector) for sector in rows.loc[without, "sector_code"]]
    told = (
        texts("region.most_sectors", reason=shared, n=len(rows) - len(names), of=len(rows), others=", ".join(names))
        if names
        else texts("region.all_sectors", reason=shared)
    )
    return told, {unit: as_sentence(words) or texts("region.nothing_else") for unit, words in own.items()}


def as_sentence(words: str) -> str:
    """Return words with a capital and a full stop; '' stays ''."""
    return f"{words[:1].upper()}{words[1:]}." if words else ""


def place(texts: Texts, row: pd.Series, units_n: int) -> str:
    """Say which place a row of scores takes among the areas, with its interval where that is known.

    Parameters
    ----------
    texts
        Words of the reader's language.
    row
        A row of the scores (contract ``Scores``).
    units_n
        How many areas are ranked.
    """
    if pd.isna(row["rank_p05"]):
        return texts("picture.place_unknown", rank=int(row["rank"]), n=units_n)
    low, high = int(row["rank_p05"]), int(row["rank_p95"])
    name = "place_one" if low == high else "place"
    return texts(f"picture.{name}", low=low, high=high, n=units_n)


def panel(texts: Texts, chosen: Selection, store: ScopedStore, shown: Picture) -> None:
    """Draw the reasons of the chosen unit; without one, say how to read the picture.

    Parameters
    ----------
    texts, chosen, store, shown
        Words of the reader's language, what the address chooses, the tables as the viewer may see them and
        the picture on the page.
    """
    if not chosen.unit:
        show(shown.kept(_explanation, texts))
        return
    if chosen.unit in shown.names:
        unit_id = f"{chosen.unit}:{chosen.sector}" if chosen.sector else chosen.unit
        title, source = shown.names[chosen.unit], picture_of(chosen.unit, texts, store, shown)
    else:
        source = figures.open_picture(store, "site", texts, shown.week)
        unit_id, title = chosen.unit, figures.site_title(store, chosen.unit, texts)
    show(source.kept(_told, unit_id, title, texts) or shown.kept(_explanation, texts))


def _told(shown: Picture, unit_id: str, title: str, texts: Texts) -> Markup:
    """Return the reasons of a unit (HTML); '' when it has no row."""
    found = shown.scores[shown.scores["unit_id"] == unit_id]
    return Markup() if found.empty else _reasons(texts, shown, found.iloc[0], title)


def picture_of(area_code: str, texts: Texts, store: ScopedStore, shown: Picture) -> Picture:
    """Return the picture of an area's own level, where the viewer may see that.

    Parameters
    ----------
    area_code
        A veiligheidsregio or gemeente.
    texts, store, shown
        Words of the reader's language, the tables as the viewer may see them and the picture on the page.
    """
    level = "gemeente" if area_code.startswith("GM") else "vr"
    if level == shown.scored.level or rows_of(store.viewer.role, f"scores_{level}") is None:
        return shown
    return figures.open_picture(store, level, texts, shown.week)


def _explanation(shown: Picture, texts: Texts) -> Markup:
    words = [classify.class_words(texts(f"class.{one}"), shown.lacks, texts.language) for one in range(1, 6)]
    rows = Markup().join(
        Markup("<dt>{}</dt><dd>{}</dd>").format(frame.chip(number, words[number - 1]), texts(f"class_asks.{number}"))
        for number in range(5, 0, -1)
    )
    scale = frame.marked(texts, texts("picture.scale"), is_demonstration=shown.is_demonstration)
    return Markup('<section class="rb-why"><h3>{}</h3><p>{}</p><dl>{}</dl></section>').format(
        scale, texts("picture.why_empty"), rows
    )


def _contributions(shown: Picture, unit_id: str) -> pd.DataFrame:
    table = shown.scored.contributions
    return table[table["unit_id"] == unit_id]


def _reasons(texts: Texts, shown: Picture, row: pd.Series, title: str) -> Markup:
    head = Markup("<h3>{}</h3>").format(title)
    if row["sector_code"]:
        head += Markup('<p class="rb-muted">{}</p>').format(sector_name(texts, shown, row["sector_code"]))
    if row["ranked_as"]:
        head += Markup('<p class="rb-muted">{}</p>').format(not_told_apart(texts, shown, row["sector_code"]))
    complete = texts("picture.completeness", percent=texts.percent(row["completeness_pct"] / 100))
    if pd.isna(row["score_0_10"]):
        told = not_told_apart(texts, shown, row["sector_code"]) or texts("picture.not_scored")
        body = Markup("<p>{}</p><p>{}</p>").format(told, complete)
        return Markup('<section class="rb-why">{}{}</section>').format(head, body)
    number = int(row["risk_class"])
    score = single_chip(texts, shown, row)
    is_unsure = shown.scored.level != "site" and figures.unsure(row.to_frame().T).any()  # as the map marks areas
    facts = [rank_words(texts, shown, row), complete]
    if not pd.isna(row["p_top_k"]):
        facts.insert(1, texts("picture.top_k", k=int(row["k_n"]), percent=texts.percent(row["p_top_k"])))
    told = " ".join(f"{fact.rstrip('.')}." for fact in facts)
    return Markup(
        '<section class="rb-why">{head}<p>{score} {asks}</p>'
        '{bars}<p class="rb-muted">{told}</p>{would_change}</section>'
    ).format(
        head=head,
        score=score,
        asks=texts(f"class_asks.{'unsure' if is_unsure else number}"),
        bars=_bars(texts, shown, row),
        told=told,
        would_change=_would_change(texts, shown, row),
    )


def _would_change(texts: Texts, shown: Picture, row: pd.Series) -> Markup:
    """Return the smallest realistic changes that lead to another class; '' when there is none."""
    lines = Markup().join(
        Markup("<li>{}</li>").format(explain.change_sentence(shown.scored, change, texts.language))
        for change in explain.what_would_change(shown.scored, str(row["unit_id"]))
    )
    return Markup("<h4>{}</h4><ul>{}</ul>").format(texts("picture.would_change"), lines) if lines else Markup()


def score_chip(texts: Texts, row: Row) -> Markup:
    """Return the score of a unit with the word of its class (HTML), or that there is none: for a row under a head.

    The head says that it is an example while figures are invented (`score_head`).
    """
    if pd.isna(row["score_0_10"]):
        return Markup('<span class="rb-muted">{}</span>').format(texts("map.no_data"))
    return frame.chip(int(row["risk_class"]), score_words(texts, row))


def single_chip(texts: Texts, shown: Picture, row: pd.Series) -> Markup:
    """Return the score of a scored unit that stands by itself (HTML): it says so while figures are invented.

    Parameters
    ----------
    texts, shown
        Words of the reader's language and the picture on the page.
    row
        A row of the scores (contract ``Scores``).
    """
    words = frame.marked(texts, score_words(texts, row), is_demonstration=shown.is_demonstration)
    return frame.chip(int(row["risk_class"]), words)


def score_words(texts: Texts, row: Row) -> str:
    """Return the score of a scored unit with the word of its class, as plain text."""
    lacks = str(row["picture_lacks"]).split(";") if row["picture_lacks"] else ()
    word = classify.class_words(texts(f"class.{int(row['risk_class'])}"), lacks, texts.language)
    return f"{score_told(texts, row['score_0_10'])} {word}"


def score_head(texts: Texts, shown: Picture) -> str:
    """Return the head over scores with their class."""
    return frame.marked(texts, texts("map.score"), is_demonstration=shown.is_demonstration)


def of_units(shown: Picture, unit_ids: Collection[str]) -> Mapping[str, Row]:
    """Return the scores of some units by unit: a hundred together cost less than some rows of a frame."""
    found: Mapping[str, Row] = shown.by_unit.loc[list(unit_ids)].to_dict("index")
    return found


def place_span(row: Row) -> str:
    """Return the place of a unit as a cell of a table: its interval where that is known; '' without a score."""
    if pd.isna(row["rank"]):
        return ""
    low, high = (row["rank"], row["rank"]) if pd.isna(row["rank_p05"]) else (row["rank_p05"], row["rank_p95"])
    return f"{int(low)}" if low == high else f"{int(low)}–{int(high)}"


def rank_words(texts: Texts, shown: Picture, row: pd.Series) -> str:
    """Say which place a scored unit takes, with its interval where that is known.

    Parameters
    ----------
    texts, shown
        Words of the reader's language and the picture on the page.
    row
        A row of the scores (contract ``Scores``).
    """
    ranked_n = shown.ranked_n(row["sector_code"])
    if pd.isna(row["rank"]):
        return texts(f"picture.no_place_{row['not_ranked_reason'] or 'incomplete'}")
    if pd.isna(row["rank_p05"]):
        return texts("picture.interval_none", rank=int(row["rank"]), n=ranked_n)
    low, high = int(row["rank_p05"]), int(row["rank_p95"])
    name = "interval_one" if low == high else "interval"
    return texts(f"picture.{name}", rank=int(row["rank"]), n=ranked_n, low=low, high=high)


def _bars(texts: Texts, shown: Picture, row: pd.Series) -> Markup:
    """Return the sum that makes the score: the national reference, the largest reasons, the rest, the score."""
    parts = _contributions(shown, row["unit_id"]).set_index("indicator_code")["contribution_0_10"]
    parts = parts.reindex(parts.abs().sort_values(ascending=False).index).head(_BARS_N).round(1)
    parts = parts[parts != 0]
    # What rounding and the small parts leave over is a line of its own, so that the column adds up as it stands.
    rest = round(told_score(row["score_0_10"]) - told_score(row["reference_0_10"]) - parts.sum(), 2)
    scale = max(parts.abs().max() if len(parts) else 0, abs(rest), 0.5)
    lines = [_bar_line(texts("picture.reference"), None, score_told(texts, row["reference_0_10"]), scale)]
    for code, value in parts.items():
        lines.append(_bar_line(indicator_name(shown, str(code), texts), value, signed(texts, value), scale))
    if rest:
        lines.append(_bar_line(texts("picture.rest"), rest, signed(texts, rest, told_decimals(rest)), scale))
    lines.append(_bar_line(texts("map.score"), None, score_told(texts, row["score_0_10"]), scale, is_total=True))
    return Markup('<table class="rb-bars"><tbody>{}</tbody></table>').format(Markup().join(lines))


def signed(texts: Texts, value: float, decimals: int = 1) -> str:
    """Write a difference with its sign.

    Parameters
    ----------
    texts
        Words of the reader's language.
    value
        The difference, in points of 0-10.
    decimals
        How many are written.
    """
    return ("+" if value > 0 else "−") + texts.number(abs(value), decimals)


def bar(value: float, scale: float) -> Markup:
    """Return a part of a score as a bar to the right of the middle when it adds, to the left when it takes."""
    side, width = ("up" if value > 0 else "down"), 50 * abs(value) / scale
    return Markup('<div class="rb-bar"><i class="{}" style="width:{:.1f}%"></i></div>').format(side, width)


def _bar_line(name: str, value: float | None, shown: str, scale: float, *, is_total: bool = False) -> Markup:
    kind = Markup(' class="rb-total"') if is_total else ""
    drawn = "" if value is None else bar(value, scale)
    return Markup("<tr{kind}><td>{name}</td><td>{drawn}</td><td>{shown}</td></tr>").format(
        kind=kind, name=name, drawn=drawn, shown=shown
    )
