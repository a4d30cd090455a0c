"""The same picture as a folium map, for notebooks, reports and a file that opens without a network."""

import json
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any, ClassVar, Final

import folium
import geopandas as gpd
from branca.element import Element, MacroElement
from folium.template import Template
from markupsafe import Markup, escape
from xstatic.pkg import leaflet

from dashboard.map.assets import FRONTEND_DIR
from dashboard.map.layers import NEIGHBOURS, TILE_URL, MapPicture, MapTexts, Mark, SiteLayer, site_shapes
from dashboard.map.markup import Unit, area_lines, number, page_parts, score_line, sign, units_of
from dashboard.map.scale import CLASS_COLOURS, NO_DATA_COLOURS, OVER_COLOUR, PLACE_COLOURS, fifth, shade
from geodata.areas import landmarks
from geodata.codes import CRS_WGS84
from geodata.errors import ContractError

_COORDINATE_GRID: Final = 1e-5  # degrees, about a metre: more digits only make the file larger
_HATCH: Final = "url(#rb-hatch)"
_OUTSIDE_COLOUR: Final = "#e9eaec"
_NOT_HERE: Final = re.compile(r"^//# sourceMappingURL=.*$|^export ", re.MULTILINE)  # of a script that stands alone
_HERE: Final = Path(__file__).parent
_FETCHES: Final = re.compile(r"<(?:script|link|img)\b[^>]*\b(?:src|href)=[^>]*>|L\.tileLayer\([^)]*", re.IGNORECASE)


class _Verbatim(Element):
    """Text that goes into the page as it is; the templates of folium would read its braces."""

    _template = Template("{{ this.text }}")

    def __init__(self, text: str) -> None:
        super().__init__()
        self.text = text


class _After(MacroElement):
    """Markup that comes after the map."""

    _template = Template("{% macro html(this, kwargs) %}{{ this.text }}{% endmacro %}")

    def __init__(self, text: str) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._name = "After"
        self.text = text


class _Finish(MacroElement):
    """What folium has no element for: hatching, and words on hover that can never become markup."""

    _template = Template(
        "{% macro script(this, kwargs) %}"
        "risicobeeld.finish({{ this._parent.get_name() }}, {{ this.facts | tojson }});"
        "{% endmacro %}"
    )

    def __init__(self, facts: dict[str, Any]) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._name = "Finish"
        self.facts = facts


class OfflineMap(folium.Map):
    """A folium map that carries Leaflet inside and asks no other server for anything."""

    default_js: ClassVar[list[tuple[str, str]]] = []  # type: ignore[misc]  # folium's own form
    default_css: ClassVar[list[tuple[str, str]]] = []  # type: ignore[misc]
    language = "nl"


def _head() -> str:
    """Return Leaflet and our own style and script, to stand in the page itself."""
    library = Path(leaflet.BASE_DIR)
    style = [library / "leaflet.css", FRONTEND_DIR / "map.css", _HERE / "folium_map.css"]
    scripts = [library / "leaflet.js", FRONTEND_DIR / "names.js", _HERE / "folium_map.js"]
    css = "\n".join(path.read_text("utf-8") for path in style)
    js = "\n".join(_NOT_HERE.sub("", path.read_text("utf-8")) for path in scripts)
    shapes = json.dumps(list(site_shapes().values()))
    return f"<style>{css}</style>\n<script>{js}\nrisicobeeld.shapes = {shapes};</script>"


def _fill(unit: Unit | None, picture: MapPicture) -> str:
    if unit is None:
        return _OUTSIDE_COLOUR
    if picture.inside:
        return _HATCH if unit.step is None else picture.inside.colours[unit.step]
    ranked_n = picture.ranked_n
    if ranked_n:
        return PLACE_COLOURS[fifth(unit.rank, ranked_n)] if unit.rank else _HATCH
    return _HATCH if unit.risk_class is None or unit.score is None else shade(unit.score, unit.risk_class)


def _in_degrees(areas: gpd.GeoDataFrame, level: str) -> gpd.GeoDataFrame:
    """Return code, name and geometry in degrees, from a table of gemeenten or veiligheidsregio's."""
    missing = {f"{level}_code", f"{level}_name"} - set(areas.columns)
    if missing or areas.crs is None:
        what = f"the column {min(missing)}" if missing else "a coordinate system"
        raise ContractError(f"The areas for a map of level {level} lack {what}; give the table of that level.")
    degrees = areas.to_crs(CRS_WGS84)
    return gpd.GeoDataFrame(
        {"code": areas[f"{level}_code"].astype(str), "name": areas[f"{level}_name"].astype(str)},
        geometry=degrees.geometry.set_precision(_COORDINATE_GRID, mode="pointwise"),
        crs=CRS_WGS84,
    )


def _add_areas(shown: folium.Map, picture: MapPicture, areas: gpd.GeoDataFrame, *, opacity: float) -> None:
    units = units_of(picture.areas, picture.inside)
    table = areas.assign(
        fill=[_fill(units.get(code), picture) for code in areas["code"]],
        tip=[
            area_lines(name, units[code], picture.texts, picture.inside) if code in units else []
            for code, name in zip(areas["code"], areas["name"], strict=True)
        ],
    )
    weight = 1.1 if picture.areas.level == "vr" else 0.7
    folium.GeoJson(
        table.__geo_interface__,
        style_function=lambda feature: {
            "fillColor": feature["properties"]["fill"],
            "fillOpacity": opacity,
            "color": "#fff",
            "weight": weight,
        },
        highlight_function=lambda _: {"color": "#16202c", "weight": 2},
        on_each_feature=folium.JsCode("risicobeeld.tip"),
        smooth_factor=0,
    ).add_to(shown)


def _add_outline(shown: folium.Map, shapes: gpd.GeoSeries, strokes: list[tuple[str, float]]) -> None:
    for colour, weight in strokes:
        style = {"color": colour, "weight": weight, "fill": False}
        folium.GeoJson(
            shapes.__geo_interface__, style_function=lambda _, style=style: style, interactive=False, smooth_factor=0
        ).add_to(shown)


def _features(places: Iterable[tuple[float, float, dict[str, Any]]]) -> dict[str, Any]:
    """Return points (longitude, latitude, properties) as GeoJSON."""
    features = [
        {
            "type": "Feature",
            "geometry": {"type": "Point", "coordinates": [round(longitude, 5), round(latitude, 5)]},
            "properties": properties,
        }
        for longitude, latitude, properties in places
    ]
    return {"type": "FeatureCollection", "features": features}


def _marks(picture: MapPicture, areas: gpd.GeoDataFrame) -> dict[str, Any]:
    """Return a point in every marked area, with what its ring says."""
    units = units_of(picture.areas)
    points = zip(areas["code"], areas.representative_point(), strict=True)
    return _features(
        (point.x, point.y, {"mark": int(units[code].mark), "sign": sign(units[code]), "level": picture.areas.level})
        for code, point in points
        if code in units and units[code].mark is not Mark.NONE
    )


def _named(picture: MapPicture, areas: gpd.GeoDataFrame) -> list[list[Any]]:
    """Return name, bounds, a point inside and the figure of each area in the picture: latitude first, as in Leaflet."""
    units = units_of(picture.areas, picture.inside)

    def figure(code: str) -> str:
        unit = units[code]
        if not picture.has_values:
            return ""
        if picture.inside:
            return unit.told if unit.step is not None else ""
        return "" if unit.score is None else number(unit.score, picture.texts)

    inside = areas[areas["code"].isin(picture.areas.codes)]
    points = inside.representative_point()
    return [
        [name, [[south, west], [north, east]], [point.y, point.x], figure(code)]
        for code, name, (west, south, east, north), point in zip(
            inside["code"], inside["name"], inside.bounds.round(5).itertuples(index=False), points, strict=True
        )
    ]


def _sites(sites: SiteLayer, texts: MapTexts) -> dict[str, Any]:
    """Return the sites that have a place; shape, colour and words are in the properties."""
    place = {kind: number for number, kind in enumerate(site_shapes())}
    columns = zip(sites.names, sites.kinds, sites.longitudes, sites.latitudes, sites.scores, sites.classes, strict=True)
    return _features(
        (
            longitude,
            latitude,
            {
                "kind": place[kind],
                "fill": NO_DATA_COLOURS[0] if risk_class is None else CLASS_COLOURS[risk_class - 1],
                "tip": [name, texts.kind_words[kind], score_line(risk_class, score, texts)],
            },
        )
        for name, kind, longitude, latitude, score, risk_class in columns
        if longitude is not None and latitude is not None
    )


def folium_map(picture: MapPicture, areas: gpd.GeoDataFrame, *, with_background: bool = False) -> OfflineMap:
    """Draw a picture with folium: same colours, classes, legend, banner and attribution as the live map.

    Parameters
    ----------
    picture
        What to show.
    areas
        The table of the picture's level, contract ``Gemeenten`` or ``Veiligheidsregios``, any CRS.
    with_background
        Whether to put Kadaster's background map under it; then the map asks for pictures over the network.

    Returns
    -------
    OfflineMap
        A `folium.Map`; layers and plugins can be added to it as to any other.

    Raises
    ------
    ContractError
        When a column or the coordinate system is missing.
    """
    table = _in_degrees(areas, picture.areas.level)
    texts = picture.texts
    shown = OfflineMap(
        tiles=None,
        zoom_control="bottomleft",
        zoom_snap=0.25,
        attribution_control=False,
        min_zoom=5,
        max_zoom=16,
    )
    shown.language = texts.language
    figure: Any = shown.get_root()
    figure.title = escape(texts.legend_title)
    figure.header.add_child(_Verbatim(_head()), name="risicobeeld")
    before, after = page_parts(
        picture, dict(zip(table["code"], table["name"], strict=True)), with_background=with_background
    )
    figure.html.add_child(_Verbatim(before), name="before")
    if with_background:
        folium.TileLayer(TILE_URL, attr=texts.tile_attribution, max_native_zoom=19).add_to(shown)
    _add_areas(shown, picture, table, opacity=0.82 if with_background else 1)
    if picture.areas.level == "gemeente" and "vr_code" in areas:
        regions = table.assign(vr_code=areas["vr_code"]).dissolve("vr_code").geometry
        # Without the coast: there a thick line would hide a narrow island.
        _add_outline(shown, regions.boundary.difference(regions.union_all().boundary), [("#fff", 1.8)])
    if picture.over is not None and picture.areas.level == "gemeente":
        named = table.geometry[table["code"].isin(picture.over.codes)]
        _add_outline(shown, named, [("#fff", 4.5), (OVER_COLOUR, 2.2)])
    chosen = table.geometry[table["code"] == picture.selected]
    if len(chosen):
        _add_outline(shown, chosen, [("#fff", 5.5), ("#16202c", 2.6)])
    folium.GeoJson(_marks(picture, table), point_to_layer=folium.JsCode("risicobeeld.mark"), interactive=False).add_to(
        shown
    )
    named = _features((*NEIGHBOURS[code], {"name": name}) for code, name in texts.neighbours.items())
    folium.GeoJson(named, point_to_layer=folium.JsCode("risicobeeld.neighbour"), interactive=False).add_to(shown)
    if picture.sites is not None:
        folium.GeoJson(
            _sites(picture.sites, texts),
            point_to_layer=folium.JsCode("risicobeeld.site"),
            on_each_feature=folium.JsCode("risicobeeld.tip"),
        ).add_to(shown)
    focus = table[table["code"] == picture.focus]
    west, south, east, north = (focus if len(focus) else table).total_bounds
    shown.fit_bounds([[south, west], [north, east]], padding=(14, 14))
    facts = {"hatch": NO_DATA_COLOURS, "level": picture.areas.level, "landmarks": landmarks.content()}
    shown.add_child(_Finish(facts | {"areas": _named(picture, table)}))
    figure.add_child(_After(after))
    return shown


def as_single_file(shown: OfflineMap) -> str:
    """Return the map as one HTML page that opens without a network.

    Raises
    ------
    ContractError
        When something on the map, such as a plugin, would load a file from elsewhere.
    """
    page = shown.get_root().render()
    found = _FETCHES.search(page)
    if found:
        raise ContractError(
            f"The map cannot be one file, because it loads {found.group(0)[:120]}; leave that layer or plugin out."
        )
    return page.replace("<html>", Markup('<html lang="{}">').format(shown.language), 1)
