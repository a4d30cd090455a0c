"""The map of the report, with names and waters to find the way by, and its charts, drawn into PNG without a screen."""

import io
from collections.abc import Mapping
from typing import Any, Final

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from pyproj import Transformer

from geodata.areas import landmarks
from geodata.codes import CRS_RD, CRS_WGS84

_BLUES: Final = ("#e8f1f7", "#b3d2e5", "#6fa8cc", "#2b77ab", "#01486f")
_KIND_COLOURS: Final = {"preventief": "#2b77ab", "repressief": "#c8501e"}
_DPI: Final = 150


def _figure(width: float, height: float) -> tuple[Any, Any]:
    # Loaded here because matplotlib takes a second and only reports need it.
    from matplotlib.backends.backend_agg import FigureCanvasAgg  # noqa: PLC0415
    from matplotlib.figure import Figure  # noqa: PLC0415

    class Canvas(FigureCanvasAgg):
        """Paper: drawn once, when it is saved, and not after each layer that is plotted."""

        def draw_idle(self, *_: object, **__: object) -> None:
            return

    figure = Figure(figsize=(width, height), layout="constrained")
    Canvas(figure)
    return figure, figure.add_subplot()


def _png(figure: Any, banner: str) -> bytes:
    if banner:
        figure.suptitle(banner, fontsize=8, color="#8a0000")  # above the drawing, so that it hides no label
    target = io.BytesIO()
    figure.savefig(target, format="png", dpi=_DPI, metadata={"Software": None})
    return target.getvalue()


def map_of_regions(
    regions: gpd.GeoDataFrame, counts: Mapping[str, int], banner: str, words: Mapping[str, str]
) -> bytes:
    """Return a map (PNG) of the number of activations per veiligheidsregio, each number written in its region.

    Parameters
    ----------
    regions
        Contract ``Veiligheidsregios``, EPSG:28992.
    counts
        vr_code -> number; a region that is not in it is out of the viewer's scope and stays grey.
    """
    figure, axes = _figure(5.6, 6.4)
    axes.set_axis_off()
    numbers = regions["vr_code"].map(counts)
    highest = max(1, int(numbers.max()) if numbers.notna().any() else 1)
    shade_of = {
        number: "#ffffff" if number == 0 else _BLUES[round(4 * number / highest)] for number in range(highest + 1)
    }
    shades = ["#d9d9d9" if pd.isna(number) else shade_of[int(number)] for number in numbers]
    regions.plot(ax=axes, color=shades, edgecolor="#5b6b76", linewidth=0.5)
    for place, number in zip(regions.geometry.representative_point(), numbers, strict=True):
        if pd.notna(number):
            is_dark = number / highest > 0.6
            axes.annotate(
                str(int(number)),
                (place.x, place.y),
                ha="center",
                va="center",
                fontsize=8,
                color="white" if is_dark else "#16242e",
            )
    _legend(axes, shade_of, words, has_grey=bool(numbers.isna().any()))
    return _png(figure, banner)


def _legend(axes: Any, shade_of: Mapping[int, str], words: Mapping[str, str], *, has_grey: bool) -> None:
    """Say which numbers a shade stands for."""
    from matplotlib.patches import Patch  # noqa: PLC0415 - only reports need it

    ranges: dict[str, list[int]] = {}
    for number, shade in shade_of.items():
        ranges.setdefault(shade, []).append(number)
    told = {shade: f"{found[0]}" if len(found) == 1 else f"{found[0]}-{found[-1]}" for shade, found in ranges.items()}
    if has_grey:
        told["#d9d9d9"] = words["out_of_scope"]
    patches = [Patch(facecolor=shade, edgecolor="#5b6b76", label=label) for shade, label in told.items()]
    axes.legend(
        handles=patches, title=words["activations"], loc="upper left", fontsize=11, title_fontsize=11, frameon=False
    )


def map_of_visits(
    region: gpd.GeoDataFrame, gemeenten: gpd.GeoDataFrame, visits: gpd.GeoDataFrame, banner: str
) -> bytes:
    """Return a map (PNG) of the visits in a region, numbered from 1 in their order.

    Parameters
    ----------
    region, gemeenten, visits
        EPSG:28992; the region's one row, its gemeenten, and the points.
    """
    figure, axes = _figure(5.6, 5.6)
    axes.set_axis_off()
    gemeenten.plot(ax=axes, color="#eef2f4", edgecolor="#b7c2c9", linewidth=0.5)
    region.boundary.plot(ax=axes, color="#5b6b76", linewidth=1.2)
    figure.get_layout_engine().execute(figure)  # names need to know how large the map becomes
    draw_orientation(axes, gemeenten, "gemeente_name")
    for number, point in enumerate(visits.geometry, 1):
        if point is None or point.is_empty:
            continue  # a site without a place stands in the table alone
        axes.annotate(
            str(number),
            (point.x, point.y),
            ha="center",
            va="center",
            fontsize=8,
            color="white",
            bbox={"boxstyle": "circle,pad=0.25", "facecolor": "#19366f", "edgecolor": "white"},
        )
    return _png(figure, banner)


def months(by_month: pd.DataFrame, names: Mapping[str, str], banner: str) -> bytes:
    """Return stacked bars (PNG) of activations per month, preventief below repressief.

    Parameters
    ----------
    by_month
        Activations per month and kind.
    names
        Words of the two kinds.
    banner
        What stands over invented figures; '' over real ones.
    """
    figure, axes = _figure(6.4, 2.8)
    below = pd.Series(0, index=by_month.index)
    for kind, colour in _KIND_COLOURS.items():
        bars = axes.bar(list(by_month.index), by_month[kind], bottom=below, color=colour, label=names[kind], width=0.6)
        axes.bar_label(bars, [str(n) if n else "" for n in by_month[kind]], label_type="center", color="white")
        below = below + by_month[kind]
    axes.set_ylim(0, max(1, int(below.max())) * 1.25)
    axes.yaxis.get_major_locator().set_params(integer=True)
    axes.legend(frameon=False, ncols=2, loc="upper right")
    axes.spines[["top", "right"]].set_visible(False)
    if len(by_month) > 8:
        axes.tick_params(axis="x", rotation=60)
    return _png(figure, banner)


def bars(labels: list[str], numbers: list[int], banner: str) -> bytes:
    """Return horizontal bars (PNG), the first label on top.

    Parameters
    ----------
    labels
        From top to bottom.
    numbers
        Of each label.
    banner
        What stands over invented figures; '' over real ones.
    """
    figure, axes = _figure(6.4, 0.5 + 0.34 * len(labels))
    drawn = axes.barh(range(len(labels)), numbers[::-1], color="#2b77ab", height=0.65)
    # Labels are set as plain texts: in tick labels a dollar sign would start a formula.
    axes.set_yticks(range(len(labels)), [label.replace("$", r"\$") for label in labels[::-1]])
    axes.bar_label(drawn, [str(number) for number in numbers[::-1]], padding=3)
    axes.set_xlim(0, max(1, *numbers) * 1.15)
    axes.xaxis.set_visible(False)
    axes.spines[["top", "right", "bottom"]].set_visible(False)
    return _png(figure, banner)


CREDIT: Final = "© Kadaster, © OpenStreetMap contributors (ODbL), GeoNames (CC BY)"
_WATER: Final = "#8fd0d8"
_INK: Final = "#16202c"
_LETTER_EM: Final = 0.6  # width of a letter in sizes of the type, generously
_POINTS_PER_INCH: Final = 72


def draw_orientation(axes: Any, areas: gpd.GeoDataFrame, name_column: str, size_pt: float = 6) -> tuple[str, ...]:
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
