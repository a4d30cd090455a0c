"""The words of the map in the page's language."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from dashboard.map.layers import NEIGHBOURS, MapTexts, site_shapes
from geodata import site_kinds
from risk.index import classify
from words import Texts


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
