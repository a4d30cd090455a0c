"""What a map shows, described once: areas with a score, sites, and their words. Knows neither Streamlit nor folium."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from enum import IntEnum
from typing import Any, Final, Literal

import numpy as np
import pandas as pd

from dashboard.map.inside import Inside
from dashboard.map.scale import CLASS_COLOURS, CLASS_CUTS
from geodata import site_kinds
from geodata.errors import ContractError
from risk.index import classify
from words import Texts

SITE_SHAPES: Final = {
    "slaughterhouse": "M8 1L15 14.5H1Z",
    "meat_plant": "M1 1.5H15L8 15Z",
    "greenhouse": "M8 1L15 7V15H1V7Z",
    "packing_hall": "M2 2H14V14H2Z",
    "distribution_centre": "M8 0.5L15.5 8L8 15.5L0.5 8Z",
    "lodging": "M8 1.5A6.5 6.5 0 1 1 8 14.5A6.5 6.5 0 1 1 8 1.5Z",
    "holiday_park": "M8 0.5L10.2 5.4L15.5 6L11.5 9.6L12.7 15L8 12.2L3.3 15L4.5 9.6L0.5 6L5.8 5.4Z",
    "building_site": "M5.5 1H10.5V5.5H15V10.5H10.5V15H5.5V10.5H1V5.5H5.5Z",
}
"""A shape per kind of site: an SVG path in a square of 16 by 16. Shape tells the kind, colour the class."""

_ADDED_SHAPES: Final = (
    "M1 1H15L8 8L15 15H1L8 8Z",
    "M8 1L15 8H11V15H5V8H1Z",
    "M5 1H11L15 5V11L11 15H5L1 11V5Z",
    "M1 5H15V11H1Z",
)
"""The shapes of kinds that an installation added, in turn."""

TILE_URL: Final = "https://service.pdok.nl/brt/achtergrondkaart/wmts/v2_0/grijs/EPSG:3857/{z}/{x}/{y}.png"
"""Background map of Kadaster (BRT, grey); the one outside address a map may use."""

NEIGHBOURS: Final = {"DE": (6.36, 51.6), "BE": (4.6, 51.12)}
"""Where a neighbouring country's name stands (longitude, latitude): just over the border, on open ground."""

Level = Literal["vr", "gemeente"]


def site_shapes() -> dict[str, str]:
    """Return a shape for every kind of site, those that an installation added too."""
    added = [kind for kind in site_kinds.codes() if kind not in SITE_SHAPES]
    return SITE_SHAPES | {kind: _ADDED_SHAPES[number % len(_ADDED_SHAPES)] for number, kind in enumerate(added)}


class Mark(IntEnum):
    """What a unit carries beside its colour."""

    NONE = 0
    FLAGGED = 1  # high, and sure enough to act on
    UNSURE = 2  # high but unsure: find out first


def _classes(given: Sequence[float | None], scores: Sequence[float | None]) -> tuple[int | None, ...]:
    """Return the classes that were given, or else those that follow from the scores."""
    if not given:
        given = classify.classify(np.asarray(scores, float), CLASS_CUTS).tolist()
    return tuple(None if number is None else int(number) for number in _optional(given))


def _optional(values: Sequence[float | None]) -> tuple[float | None, ...]:
    """Return the values with NaN and pandas' missing mark as None: one way to be missing."""
    return tuple(None if value is None or pd.isna(value) else float(value) for value in values)


def _check_scores(name: str, scores: Sequence[float | None]) -> None:
    wrong = [score for score in scores if score is not None and not 0 <= score <= 10]
    if wrong:
        raise ContractError(f"A {name} has scores outside 0-10 (first: {wrong[0]}); normalise them first.")


def _check_lengths(name: str, length: int, **columns: Sequence[object]) -> None:
    for column, values in columns.items():
        if values and len(values) != length:
            raise ContractError(
                f"In a {name} the column {column} has {len(values)} values for {length} units; give one per unit."
            )


@dataclass(frozen=True)
class AreaLayer:
    """Areas of one level with their score.

    Attributes
    ----------
    level
        ``vr`` or ``gemeente``.
    codes
        Codes of the areas in the picture; the others are drawn blank and not listed.
    scores
        Score (0-10) per code; None or NaN is "no data" and gets hatching.
    ranks
        Place in the ranking (1 = highest) per code; left out, it follows from the scores.
    rank_p05, rank_p95
        The 5-95 % interval of the place, per code; may be left out.
    marks
        One `Mark` per code; may be left out.
    classes
        Class (1-5) per code; left out, it follows from the scores.
    moved
        How far the score moved since an earlier moment, per code; None or NaN is unknown; may be left out.
    """

    level: Level
    codes: tuple[str, ...]
    scores: tuple[float | None, ...]
    ranks: tuple[float | None, ...] = ()
    rank_p05: tuple[float | None, ...] = ()
    rank_p95: tuple[float | None, ...] = ()
    marks: tuple[Mark, ...] = ()
    classes: tuple[float | None, ...] = ()
    moved: tuple[float | None, ...] = ()

    def __post_init__(self) -> None:
        for name in ("scores", "ranks", "rank_p05", "rank_p95", "moved"):
            object.__setattr__(self, name, _optional(getattr(self, name)))
        object.__setattr__(self, "codes", tuple(map(str, self.codes)))
        object.__setattr__(self, "marks", tuple(map(Mark, self.marks)))
        _check_lengths(
            "map layer of areas",
            len(self.codes),
            scores=self.scores,
            ranks=self.ranks,
            rank_p05=self.rank_p05,
            rank_p95=self.rank_p95,
            marks=self.marks,
            classes=self.classes,
            moved=self.moved,
        )
        if len(self.scores) != len(self.codes):
            raise ContractError("A map layer of areas has no scores; give one per code, or None for no data.")
        _check_scores("map layer of areas", self.scores)
        if not self.ranks:
            object.__setattr__(self, "ranks", _ranks(self.scores))
        object.__setattr__(self, "classes", _classes(self.classes, self.scores))


def _ranks(scores: Sequence[float | None]) -> tuple[int | None, ...]:
    """Return the place of each score, 1 for the highest; equal scores share the better place."""
    known = sorted((score for score in scores if score is not None), reverse=True)
    first_place = {score: place for place, score in reversed(list(enumerate(known, start=1)))}
    return tuple(None if score is None else first_place[score] for score in scores)


@dataclass(frozen=True)
class Overlay:
    """Gemeenten with a line around them, over the colours of whatever level is shown.

    Attributes
    ----------
    word
        What the line means, for the legend.
    codes
        Codes of the gemeenten.
    notes
        What is said of each on hover; may be left out.
    """

    word: str
    codes: tuple[str, ...]
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        _check_lengths("map layer over the areas", len(self.codes), notes=self.notes)


@dataclass(frozen=True)
class SiteLayer:
    """Sites as points (degrees, EPSG:4326).

    Attributes
    ----------
    site_ids, names, kinds
        One per site; kinds are those of `geodata.site_kinds.codes`.
    longitudes, latitudes
        Degrees; None or NaN for a site that has no place: it is counted, not drawn.
    scores
        Score (0-10) per site; None or NaN is "no data".
    classes
        Class (1-5) per site; left out, it follows from the scores.
    """

    site_ids: tuple[str, ...]
    names: tuple[str, ...]
    kinds: tuple[str, ...]
    longitudes: tuple[float | None, ...]
    latitudes: tuple[float | None, ...]
    scores: tuple[float | None, ...]
    classes: tuple[float | None, ...] = ()

    def __post_init__(self) -> None:
        for name in ("longitudes", "latitudes", "scores"):
            object.__setattr__(self, name, _optional(getattr(self, name)))
        for name in ("site_ids", "names", "kinds"):
            object.__setattr__(self, name, tuple(map(str, getattr(self, name))))
        columns = {name: getattr(self, name) for name in self.__dataclass_fields__}
        _check_lengths("map layer of sites", len(self.site_ids), **columns)
        _check_scores("map layer of sites", self.scores)
        object.__setattr__(self, "classes", _classes(self.classes, self.scores))
        unknown = sorted(set(self.kinds) - set(site_kinds.codes()))
        if unknown:
            raise ContractError(
                f"A map layer of sites has the unknown kind {unknown[0]}; "
                f"the kinds are {', '.join(site_kinds.codes())}."
            )


@dataclass(frozen=True)
class MapTexts:
    """Every word on the map and its list, in one language, given by the page.

    Attributes
    ----------
    language
        Code for numbers and for screen readers, ``nl`` or ``en``.
    class_words
        Names of the five classes from low to high; while figures are fictional they carry the prefix.
    kind_words
        Name of each kind of site.
    banner
        The status banner over the map; empty when no figure is fictional.
    neighbours
        Name of each country of `NEIGHBOURS`; empty leaves them out.
    """

    language: str
    class_words: tuple[str, str, str, str, str]
    kind_words: dict[str, str] = field(hash=False)
    legend_title: str
    no_data: str
    flagged: str
    unsure: str
    rank: str
    name: str
    score: str
    risk_class: str
    interval: str
    interval_hint: str
    list_caption: str
    list_filter: str
    list_empty: str
    map_label: str
    zoom_in: str
    zoom_out: str
    whole_country: str
    sites: str
    sites_unplaced: str
    loading: str
    failed: str
    attribution: str
    tile_attribution: str
    banner: str = ""
    moved: str = ""
    moved_hint: str = ""
    risen: str = ""
    fallen: str = ""
    unmoved: str = ""
    neighbours: dict[str, str] = field(default_factory=dict, hash=False)
    several: str = ""
    several_hint: str = ""
    draw: str = ""
    draw_hint: str = ""
    draw_close: str = ""
    draw_view: str = ""
    draw_stop: str = ""
    draw_few: str = ""
    place_title: str = ""
    place_words: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if len(self.class_words) != len(CLASS_COLOURS):
            raise ContractError(
                f"The map needs {len(CLASS_COLOURS)} class words, not {len(self.class_words)}; give one per class."
            )


@dataclass(frozen=True)
class MapPicture:
    """One picture: the same description becomes the live map and the folium map.

    Attributes
    ----------
    areas, sites, over
        The layers; sites and the lines over the areas may be left out.
    texts
        The words.
    selected, selected_site
        Code of the chosen area and id of the chosen site; empty when none is.
    compared
        Codes of further areas that are chosen; None when no more than one can be.
    focus
        Code of a veiligheidsregio or gemeente to zoom to; the view moves only when this changes.
    background
        Whether to look for the background map of Kadaster, the one outside address the map uses.
    has_list
        Whether the ranked list stands beside the live map; without it the page itself must give the figures in a
        table.
    ranked_n
        How many areas the places are counted among, when the colours are to show the place in the country; 0 shows
        the score.
    inside
        An indicator that is shown in place of the score, in the order of `areas`.
    has_values
        Whether the figure of each area stands under its name.
    together
        Live maps of one page with the same name move together; '' moves alone.
    drawn
        The area that was drawn, as `door.within.read` takes it; '' is none yet, None where nobody may draw.
    has_across
        Whether what lies just across the border is named and can be chosen.
    """

    areas: AreaLayer
    texts: MapTexts
    sites: SiteLayer | None = None
    over: Overlay | None = None
    selected: str = ""
    selected_site: str = ""
    compared: tuple[str, ...] | None = None
    focus: str = ""
    background: bool = True
    has_list: bool = True
    ranked_n: int = 0
    inside: Inside | None = None
    has_values: bool = False
    together: str = ""
    drawn: str | None = None
    has_across: bool = False


def map_texts(texts: Texts, *, is_demonstration: bool, lacks: Sequence[str] = ()) -> MapTexts:
    """Return every word on the map and its list.

    Parameters
    ----------
    texts
        The language of the page.
    is_demonstration
        While figures are invented the banner stands over the map, and the head of each list says that it is an example.
    lacks
        Dimensions and routes that the picture lacks: its legend is named after them, and its classes too.
    """
    words = [classify.class_words(texts(f"class.{number}"), lacks, texts.language) for number in range(1, 6)]

    def marked(name: str) -> str:
        return texts("class.example", word=texts(name)) if is_demonstration else texts(name)

    return MapTexts(
        language=texts.language,
        class_words=(words[0], words[1], words[2], words[3], words[4]),
        kind_words={kind: site_kinds.name(kind, texts) for kind in site_kinds.codes()},
        legend_title=" ".join(filter(None, [texts("picture.scale"), classify.without(lacks, texts.language)])),
        no_data=texts("map.no_data"),
        flagged=texts("map.flagged"),
        unsure=texts("map.unsure"),
        neighbours={code: texts(f"country.{code}") for code in NEIGHBOURS},
        several=texts("map.several"),
        several_hint=texts("map.several_hint"),
        draw=texts("map.draw"),
        draw_hint=texts("map.draw_hint"),
        draw_close=texts("map.draw_close"),
        draw_view=texts("map.draw_view"),
        draw_stop=texts("map.draw_stop"),
        draw_few=texts("map.draw_few"),
        rank=texts("map.rank"),
        name=texts("map.name"),
        score=texts("map.score"),
        risk_class=classify.class_words(marked("map.class"), lacks, texts.language),
        interval=texts("map.interval"),
        interval_hint=texts("map.interval_hint"),
        moved=texts("map.moved"),
        moved_hint=texts("map.moved_hint"),
        risen=texts("map.risen"),
        fallen=texts("map.fallen"),
        unmoved=texts("map.unmoved"),
        list_caption=texts("map.list_caption"),
        list_filter=texts("map.list_filter"),
        list_empty=texts("map.list_empty"),
        map_label=texts("map.label"),
        zoom_in=texts("map.zoom_in"),
        zoom_out=texts("map.zoom_out"),
        whole_country=texts("map.whole_country"),
        sites=texts("map.sites"),
        sites_unplaced=texts("map.sites_unplaced"),
        loading=texts("map.loading"),
        failed=texts("map.failed"),
        attribution=texts("map.attribution"),
        tile_attribution=texts("map.tiles"),
        place_title=texts("map.place_title"),
        place_words=tuple(texts(f"map.place_{number}") for number in range(1, 6)),
        banner=texts("map.band") if is_demonstration else "",
    )


def words_message(texts: MapTexts) -> dict[str, Any]:
    """Return the words as the browser takes them: kinds of site in the order of their shapes, neighbours placed."""
    kinds = [texts.kind_words[kind] for kind in site_shapes() if kind in texts.kind_words]
    placed = [(name, NEIGHBOURS[code][1], NEIGHBOURS[code][0]) for code, name in texts.neighbours.items()]
    return asdict(texts) | {"kind_words": kinds, "neighbours": placed}
