"""Names, rivers and lakes on a drawn map, so that a reader of paper finds the way too."""

from typing import Any, Final

import geopandas as gpd
import numpy as np
import shapely
from pyproj import Transformer

from geodata.areas import landmarks
from geodata.codes import CRS_RD, CRS_WGS84

CREDIT: Final = "© Kadaster, © OpenStreetMap contributors (ODbL), GeoNames (CC BY)"
_WATER: Final = "#8fd0d8"
_INK: Final = "#16202c"
_LETTER_EM: Final = 0.6  # width of a letter in sizes of the type, generously
_POINTS_PER_INCH: Final = 72


def draw(axes: Any, areas: gpd.GeoDataFrame, name_column: str, size_pt: float = 6) -> tuple[str, ...]:
    """Draw water and names over areas that were plotted, and return the names that found room, areas first.

    Parameters
    ----------
    axes
        Matplotlib's, with the areas on it.
    areas
        What was plotted, EPSG:28992.
    name_column
        The column with the names of the areas.
    size_pt
        Size of the type in points.
    """
    ground = shapely.union_all(areas.geometry.to_numpy())
    limits = axes.get_xlim(), axes.get_ylim()
    to_rd = Transformer.from_crs(CRS_WGS84, CRS_RD, always_xy=True)
    for name, lines in landmarks.waters().items():
        for line in lines:
            drawn = shapely.linestrings(np.column_stack(to_rd.transform(line[:, 1], line[:, 0])))
            whole = shapely.polygons(drawn.coords) if name == "lakes" else drawn
            for part in shapely.get_parts(shapely.intersection(shapely.make_valid(whole), ground)):
                if part.geom_type == "Polygon":
                    axes.fill(*part.exterior.xy, color=_WATER, linewidth=0)
                elif part.geom_type == "LineString":
                    axes.plot(*part.xy, color=_WATER, linewidth=1.1)
    axes.set(xlim=limits[0], ylim=limits[1])
    axes.text(0, -0.01, CREDIT, transform=axes.transAxes, va="top", size=size_pt * 0.85, color="#5b6b76")
    middles = areas.geometry.representative_point()
    wanted = sorted(
        zip(areas[name_column], middles.x, middles.y, areas.area, strict=True), key=lambda one: (-one[3], one[0])
    )
    spots = [(name, x, y, False) for name, x, y, _ in wanted]
    known = set(areas[name_column])
    shapely.prepare(ground)
    for place in landmarks.places():
        x, y = to_rd.transform(place.longitude, place.latitude)
        if place.name not in known and shapely.contains_xy(ground, x, y):
            spots.append((place.name, x, y, True))
    return _write(axes, spots, size_pt)


def _write(axes: Any, spots: list[tuple[str, float, float, bool]], size_pt: float) -> tuple[str, ...]:
    """Write the names that have room, the first ones first; a place gets a dot and stands beside it."""
    from matplotlib.patheffects import withStroke  # noqa: PLC0415 - only a report needs it

    (left, right), (low, high) = axes.get_xlim(), axes.get_ylim()
    box, figure = axes.get_position(), axes.figure
    width_pt, height_pt = (
        share * inches * _POINTS_PER_INCH
        for share, inches in zip((box.width, box.height), figure.get_size_inches(), strict=True)
    )
    metres = max((right - left) / width_pt, (high - low) / height_pt)  # of a point, with equal scales
    taken: list[Any] = []
    written = []
    for name, x, y, is_place in spots:
        half, tall = 0.5 * _LETTER_EM * size_pt * len(name) * metres, 0.65 * size_pt * metres
        middle = x + half + size_pt * 0.5 * metres if is_place else x
        room = shapely.box((x if is_place else x - half), y - tall, middle + half, y + tall)
        if any(room.intersects(other) for other in taken):
            continue
        taken.append(room)
        written.append(name)
        if is_place:
            axes.plot([x], [y], "o", color=_INK, markersize=size_pt * 0.3, markeredgecolor="white", markeredgewidth=0.3)
        axes.text(
            middle,
            y,
            name.replace("$", r"\$"),
            ha="center",
            va="center",
            size=size_pt,
            color=_INK,
            path_effects=[withStroke(linewidth=1.6, foreground="white")],
        )
    return tuple(written)
