"""The words of the map in the page's language."""

from dashboard.map.layers import NEIGHBOURS, MapTexts
from geodata.codes import SITE_KINDS
from words import Texts


def map_texts(texts: Texts, *, is_demonstration: bool) -> MapTexts:
    """Return every word on the map and its list.

    Parameters
    ----------
    texts
        The language of the page.
    is_demonstration
        While figures are invented the band stands over the map, and the head of each list says that it is an example.
    """
    words = [texts(f"class.{number}") for number in range(1, 6)]

    def marked(name: str) -> str:
        return texts("class.example", word=texts(name)) if is_demonstration else texts(name)

    return MapTexts(
        language=texts.language,
        class_words=(words[0], words[1], words[2], words[3], words[4]),
        kind_words={kind: texts(f"kind.{kind}") for kind in SITE_KINDS},
        legend_title=texts("picture.scale"),
        no_data=texts("map.no_data"),
        flagged=texts("map.flagged"),
        unsure=texts("map.unsure"),
        neighbours={code: texts(f"country.{code}") for code in NEIGHBOURS},
        several=texts("map.several"),
        several_hint=texts("map.several_hint"),
        rank=texts("map.rank"),
        name=texts("map.name"),
        score=texts("map.score"),
        risk_class=marked("map.class"),
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
        band=texts("map.band") if is_demonstration else "",
    )
