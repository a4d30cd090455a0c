"""Where invented sites lie: business estates inside a gemeente, lodging near work, places over the border."""

import geopandas as gpd
import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry import Point
from shapely.geometry.base import BaseGeometry

from geodata import codes

XY = tuple[float, float]

_EDGE_M = 150  # points stay this far from the edge, where the simplified boundary may cut a corner
_TRIES_N = 200
_PEOPLE_PER_ESTATE = 40_000
_ESTATES_MAX_N = 4

BORDER_TOWNS = (
    ("DE", 7.02, 52.21),
    ("DE", 6.47, 51.83),
    ("DE", 6.25, 51.835),
    ("DE", 6.14, 51.79),
    ("DE", 6.16, 51.68),
    ("DE", 6.27, 51.44),
    ("DE", 6.20, 51.32),
    ("DE", 7.07, 52.43),
    ("BE", 4.76, 51.40),
    ("BE", 5.31, 51.23),
    ("BE", 4.47, 51.47),
    ("BE", 5.79, 51.10),
)
"""Twelve towns just over the border (country, longitude, latitude in WGS84), rounded to about a kilometre."""


class Country:
    """The gemeenten as places to put points in; hubs of a gemeente are drawn once and then shared.

    Parameters
    ----------
    gemeenten
        Contract ``gemeenten`` (EPSG:28992), sorted by code.
    rng
        Random numbers for hubs and points.
    """

    def __init__(self, gemeenten: gpd.GeoDataFrame, rng: np.random.Generator) -> None:
        self._rng = rng
        self._codes: list[str] = gemeenten["gemeente_code"].tolist()
        self._inner = dict(zip(self._codes, map(_inner, gemeenten.geometry), strict=True))
        self._tree = shapely.STRtree(list(self._inner.values()))
        self._population = dict(zip(self._codes, gemeenten["population_n"].tolist(), strict=True))
        self._hubs: dict[str, list[XY]] = {}
        for area in self._inner.values():
            shapely.prepare(area)

    def anywhere(self, gemeente_code: str) -> XY:
        """Return a point drawn evenly over a gemeente (metres, EPSG:28992)."""
        area = self._inner[gemeente_code]
        west, south, east, north = area.bounds
        while True:
            x, y = round(self._rng.uniform(west, east)), round(self._rng.uniform(south, north))
            if shapely.contains_xy(area, x, y):
                return float(x), float(y)

    def near(self, gemeente_code: str, middle: XY, spread_m: float) -> XY:
        """Return a point of the gemeente around a place; anywhere in it when the place leaves no room."""
        area = self._inner[gemeente_code]
        for _ in range(_TRIES_N):
            x, y = (round(value + self._rng.normal(0, spread_m)) for value in middle)
            if shapely.contains_xy(area, x, y):
                return float(x), float(y)
        return self.anywhere(gemeente_code)

    def estate(self, gemeente_code: str, spread_m: float) -> XY:
        """Return a point on one of the gemeente's business estates, which its sites share."""
        if gemeente_code not in self._hubs:
            hubs_n = min(1 + self._population[gemeente_code] // _PEOPLE_PER_ESTATE, _ESTATES_MAX_N)
            self._hubs[gemeente_code] = [self.anywhere(gemeente_code) for _ in range(hubs_n)]
        hubs = self._hubs[gemeente_code]
        return self.near(gemeente_code, hubs[int(self._rng.integers(len(hubs)))], spread_m)

    def at_distance(self, middle: XY, low_m: float, high_m: float) -> tuple[str, XY]:
        """Return a point on land between two distances from a place, and its gemeente."""
        while True:
            distance, angle = self._rng.uniform(low_m, high_m), self._rng.uniform(0, 2 * np.pi)
            x, y = round(middle[0] + distance * np.cos(angle)), round(middle[1] + distance * np.sin(angle))
            found: NDArray[np.intp] = self._tree.query(Point(x, y), predicate="within")
            if len(found):
                return self._codes[int(found[0])], (float(x), float(y))

    def middle(self, gemeente_code: str) -> XY:
        """Return the one point that stands for a whole gemeente."""
        point = self._inner[gemeente_code].representative_point()
        return float(round(point.x)), float(round(point.y))


def over_the_border(rng: np.random.Generator) -> list[tuple[str, XY]]:
    """Return one place at each of the towns over the border: country and point (EPSG:28992)."""
    towns = gpd.GeoSeries([Point(lon, lat) for _, lon, lat in BORDER_TOWNS], crs=codes.CRS_WGS84)
    points = towns.to_crs(codes.CRS_RD)
    shifts = rng.uniform(-300, 300, (len(points), 2))
    return [
        (country, (float(round(point.x + dx)), float(round(point.y + dy))))
        for (country, _, _), point, (dx, dy) in zip(BORDER_TOWNS, points, shifts, strict=True)
    ]


def _inner(area: BaseGeometry) -> BaseGeometry:
    inner = area.buffer(-_EDGE_M)
    return area if inner.is_empty else inner
