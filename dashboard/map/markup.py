"""The words around a folium map, as escaped HTML: banner, legend, ranked list and attribution."""

from dataclasses import dataclass

from markupsafe import Markup

from dashboard.map.inside import Inside
from dashboard.map.layers import AreaLayer, MapPicture, MapTexts, Mark, SiteLayer, site_shapes
from dashboard.map.scale import (
    CLASS_COLOURS,
    CLASS_CUTS,
    NO_DATA_COLOURS,
    OVER_COLOUR,
    PLACE_COLOURS,
    fifth,
    told_decimals,
    told_score,
)


@dataclass(frozen=True)
class Unit:
    """One area of a layer; None is missing."""

    score: float | None
    risk_class: int | None
    rank: int | None
    low: int | None
    high: int | None
    mark: Mark
    moved: float | None = None
    step: int | None = None
    told: str = ""

    @property
    def interval(self) -> str:
        """Return the interval of the place, or nothing."""
        return f"{self.low}–{self.high}" if self.low and self.high else ""


def units_of(areas: AreaLayer, inside: Inside | None = None) -> dict[str, Unit]:
    """Return the columns of a layer, and of what is shown in place of the score, as one record per code."""
    figures = inside.of(areas.codes) if inside else {}
    empty = (None,) * len(areas.codes)
    columns = zip(
        areas.codes,
        areas.scores,
        areas.classes,
        areas.ranks,
        areas.rank_p05 or empty,
        areas.rank_p95 or empty,
        areas.marks or (Mark.NONE,) * len(areas.codes),
        areas.moved or empty,
        strict=True,
    )

    def whole(number: float | None) -> int | None:
        return None if number is None else round(number)

    return {
        code: Unit(
            score, whole(risk_class), whole(rank), whole(low), whole(high), mark, moved, *figures.get(code, (None, ""))
        )
        for code, score, risk_class, rank, low, high, mark, moved in columns
    }


def number(score: float, texts: MapTexts) -> str:
    """Write a score as the language does."""
    shown = told_score(score)
    told = f"{shown:.{told_decimals(shown)}f}"
    return told.replace(".", ",") if texts.language == "nl" else told


def score_line(risk_class: int | None, score: float | None, texts: MapTexts) -> str:
    """Return a score with the word for its class.

    Parameters
    ----------
    risk_class
        1 to 5, None without a score.
    score
        0-10, None without.
    texts
        Words of the reader's language.
    """
    if risk_class is None or score is None:
        return texts.no_data
    return f"{number(score, texts)} · {texts.class_words[risk_class - 1]}"


def _mark_word(mark: Mark, texts: MapTexts) -> str:
    return {Mark.FLAGGED: texts.flagged, Mark.UNSURE: texts.unsure}.get(mark, "")


def area_lines(name: str, unit: Unit, texts: MapTexts, inside: Inside | None = None) -> list[str]:
    """Return what is said of an area on hover, as plain text.

    Parameters
    ----------
    name
        Of the area.
    unit
        Its figures.
    texts
        Words of the reader's language.
    inside
        What is shown in place of the score, if anything.
    """
    lines = [name, score_line(unit.risk_class, unit.score, texts)]
    if inside:
        lines.append(f"{inside.title}: {unit.told}")
    if unit.rank:
        lines.append(f"{texts.rank} {unit.rank}" + (f" ({unit.interval})" if unit.interval else ""))
    word = _mark_word(unit.mark, texts)
    return [*lines, word] if word else lines


def moved_cell(moved: float | None, texts: MapTexts) -> Markup:
    """Return how far a score moved as an arrow and a number (HTML), with a word for screen readers."""
    if moved is None:
        return Markup("–")
    if not round(moved, 1):
        return Markup('<span aria-hidden="true">=</span><span class="unseen">{}</span>').format(texts.unmoved)
    arrow, word = ("▲", texts.risen) if moved > 0 else ("▼", texts.fallen)
    told = Markup('<span class="unseen">{} </span><span aria-hidden="true">{} </span>').format(word, arrow)
    return told + number(abs(moved), texts)


def sign(unit: Unit) -> str:
    """Return what stands in the ring of a marked unit: its place, or a question mark when unsure."""
    return str(unit.rank) if unit.mark is Mark.FLAGGED and unit.rank else "?"


def _chip(risk_class: int | None) -> Markup:
    if risk_class is None:
        return Markup('<i class="chip hatch"></i>')
    return _chip_of(CLASS_COLOURS[risk_class - 1])


def _chip_of(colour: str) -> Markup:
    return Markup('<i class="chip" style="background:{}"></i>').format(colour)


def _legend(units: list[Unit], picture: MapPicture) -> Markup:
    texts, over, ranked_n, inside = picture.texts, picture.over, picture.ranked_n, picture.inside
    edges = (0, *CLASS_CUTS, 10)
    rows = []

    def add(sign: str, steps: str, word: str, count: int) -> None:
        rows.append(
            Markup(
                '<tr><td>{sign}</td><td class="steps">{steps}</td><th scope="row">{word}</th>'
                '<td class="count">{count}</td></tr>'
            ).format(sign=sign, steps=steps, word=word, count=count)
        )

    if inside:
        for step, (colour, word) in enumerate(zip(inside.colours, inside.words, strict=True)):
            add(_chip_of(colour), "", word, sum(unit.step == step for unit in units))
        for reason in inside.reasons:
            add(_chip(None), "", reason, sum(unit.step is None and unit.told == reason for unit in units))
    by_place = ranked_n if not inside else 0
    for place, colour in enumerate(PLACE_COLOURS if by_place else ()):
        within = sum(unit.rank is not None and fifth(unit.rank, by_place) == place for unit in units)
        add(_chip_of(colour), "", texts.place_words[place], within)
    for risk_class in reversed(range(1, 0 if by_place or inside else len(CLASS_COLOURS) + 1)):
        steps = f"{edges[risk_class - 1]:.0f}–{edges[risk_class]:.0f}"
        count = sum(unit.risk_class == risk_class for unit in units)
        add(_chip(risk_class), steps, texts.class_words[risk_class - 1], count)
    without = sum(unit.risk_class is None for unit in units)
    if without and not inside:
        add(_chip(None), "", texts.no_data, without)
    for mark, sign in ((Mark.FLAGGED, "1"), (Mark.UNSURE, "?")):
        count = sum(unit.mark is mark for unit in units)
        if count:
            add(Markup('<i class="ring ring-{:d}">{}</i>').format(mark, sign), "", _mark_word(mark, texts), count)
    if over is not None:
        add(
            Markup('<i class="chip over" style="border-color:{}"></i>').format(OVER_COLOUR),
            "",
            over.word,
            len(over.codes),
        )
    title = inside.title if inside else texts.place_title if ranked_n else texts.legend_title
    return Markup(
        '<details class="card classes" open><summary>{}</summary><table><tbody>{}</tbody></table></details>'
    ).format(title, Markup().join(rows))


def _site_legend(sites: SiteLayer, texts: MapTexts) -> Markup:
    items = []
    for kind, shape in site_shapes().items():
        count = sites.kinds.count(kind)
        if count:
            items.append(
                Markup(
                    '<li><svg viewBox="-1 -1 18 18" width="14" height="14" aria-hidden="true">'
                    '<path class="site-shape" d="{}"/></svg>'
                    '<span>{}</span><span class="count">{}</span></li>'
                ).format(shape, texts.kind_words[kind], count)
            )
    unplaced = sum(longitude is None for longitude in sites.longitudes)
    if unplaced:
        items.append(Markup('<li class="unplaced">{} {}</li>').format(unplaced, texts.sites_unplaced))
    return Markup('<details class="card sites" open><summary>{}: {}</summary><ul>{}</ul></details>').format(
        texts.sites, len(sites.site_ids), Markup().join(items)
    )


def _ranking(units: dict[str, Unit], names: dict[str, str], texts: MapTexts, inside: Inside | None) -> Markup:
    """Return the list beside the map, by place; units without a score come last, by name."""
    with_interval = any(unit.interval for unit in units.values())
    titles = [("place", texts.rank), ("name", texts.name), ("score", texts.score)]
    titles.append(("class", inside.title if inside else texts.risk_class))
    with_moves = any(unit.moved is not None for unit in units.values())
    if with_interval:
        titles.append(("interval", texts.interval))
    if with_moves:
        titles.append(("moved", texts.moved))
    head = Markup().join(
        Markup('<th role="columnheader" scope="col" class="{}">{}</th>').format(name, title) for name, title in titles
    )
    last = len(units) + 1
    rows = []
    for code, unit in sorted(units.items(), key=lambda item: (item[1].rank or last, names[item[0]])):
        place = "–" if unit.rank is None else str(unit.rank)
        if unit.mark is not Mark.NONE:
            place = Markup('<span class="ring ring-{:d}">{}</span><span class="unseen"> {}</span>').format(
                unit.mark, place, _mark_word(unit.mark, texts)
            )
        score = "–" if unit.score is None else number(unit.score, texts)
        chip, word = _shown_of(unit, texts, inside)
        short = word if inside else _short(word)
        interval = Markup('<td role="cell" class="interval">{}</td>').format(unit.interval) if with_interval else ""
        moved = (
            Markup('<td role="cell" class="moved">{}</td>').format(moved_cell(unit.moved, texts)) if with_moves else ""
        )
        rows.append(
            Markup(
                '<tr role="row"><td role="cell" class="place">{place}</td>'
                '<th role="rowheader" scope="row" class="name">{name}</th>'
                '<td role="cell" class="score">{score}</td>'
                '<td role="cell" class="class" title="{word}">{chip}{short}</td>'
                "{interval}{moved}</tr>"
            ).format(
                place=place,
                name=names[code],
                score=score,
                word=word,
                chip=chip,
                short=short,
                interval=interval,
                moved=moved,
            )
        )
    caption = texts.list_caption
    kinds = [name for name, is_there in (("with-interval", with_interval), ("with-moves", with_moves)) if is_there]
    kind = Markup(' class="{}"').format(" ".join(kinds)) if kinds else ""
    width = max(len(_short(word)) for word in (*texts.class_words, texts.no_data))
    return Markup(
        '<section class="ranking"><div class="scroller" style="--word:{width}" tabindex="0" role="region" '
        'aria-label="{caption}">'
        '<table role="table"{kind}><caption class="unseen">{caption}</caption>'
        '<thead role="rowgroup"><tr role="row">{head}</tr></thead>'
        '<tbody role="rowgroup">{rows}</tbody></table></div></section>'
    ).format(width=width, caption=caption, kind=kind, head=head, rows=Markup().join(rows))


def _shown_of(unit: Unit, texts: MapTexts, inside: Inside | None) -> tuple[str, str]:
    """Return the chip and the words of what the map shows of an area: its class, or the figure in place of it."""
    if inside:
        return (_chip(None) if unit.step is None else _chip_of(inside.colours[unit.step])), unit.told
    word = texts.no_data if unit.risk_class is None else texts.class_words[unit.risk_class - 1]
    return _chip(unit.risk_class), word


def _short(word: str) -> str:
    """Return the word of a class without what the picture lacks, which the head of the column says once."""
    return word.split(",", maxsplit=1)[0]


def page_parts(picture: MapPicture, names: dict[str, str], *, with_background: bool) -> tuple[str, str]:
    """Return the markup before and after the map; every word in it is escaped.

    Parameters
    ----------
    picture
        What the page shows.
    names
        Name per code of the picture's areas.
    with_background
        Whether the background map, with its own attribution, is used.
    """
    texts, inside = picture.texts, picture.inside
    units = units_of(picture.areas, inside)
    banner = Markup('<p class="band">{}</p>').format(texts.banner) if texts.banner else ""
    sites = "" if picture.sites is None else _site_legend(picture.sites, texts)
    credit = texts.attribution + (f" · {texts.tile_attribution}" if with_background else "")
    ground, line = NO_DATA_COLOURS
    style = f"--hatch-ground:{ground};--hatch-line:{line}"
    before = Markup(
        '<main class="host" style="{}"><div class="picture"><section class="stage">{}<div class="sheet">'
    ).format(style, banner)
    legend = _legend(list(units.values()), picture)
    told = Markup().join(Markup("<span>{}</span>").format(note) for note in inside.notes) if inside else ""
    notes = Markup('<p class="card notes">{}</p>').format(told) if told else ""
    after = Markup('{legend}<p class="credit">{credit}</p></div>{notes}{sites}</section>').format(
        legend=legend, credit=credit, notes=notes, sites=sites
    )
    after += Markup("{}</div></main>").format(_ranking(units, names, texts, inside))
    return before, after
