"""By what a reader finds the way on a map: places by size, rivers, lakes, and what lies just across the land border.

Made by ``tools.build_landmarks``; the German Kreise and Belgian municipalities have a name and a point in their middle.
"""

import csv
import json
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from geodata.codes import CRS_RD, CRS_WGS84
from geodata.settings import EMBEDDED_DIR

FILE: Final = "landmarks.json"
STEPS: Final = 5_000
"""Steps of a degree in the file: 22 m to the north, 14 m to the east."""
_FILE: Final = "across_border.csv"


@dataclass(frozen=True)
class Place:
    """A town or village of 10,000 inhabitants or more (GeoNames).

    Attributes
    ----------
    name
        Its Dutch name.
    gemeente_code
        The gemeente of 2023 in which it lies.
    thousands_n
        Its inhabitants in thousands, to order by size; no figure to reckon with.
    latitude, longitude
        Degrees, EPSG:4326.
    """

    name: str
    gemeente_code: str
    thousands_n: int
    latitude: float
    longitude: float


@cache
def content() -> dict[str, Any]:
    """Return the file as it stands: the browser reads the same one."""
    found: dict[str, Any] = json.loads((EMBEDDED_DIR / FILE).read_text("utf-8"))
    return found


@cache
def places() -> tuple[Place, ...]:
    """Return the places, the largest first.

    Examples
    --------
    >>> [place.name for place in places()[:3]], len(places())
    (['Amsterdam', 'Rotterdam', 'Den Haag'], 266)
    """
    return tuple(
        Place(name, code, thousands, north / STEPS, east / STEPS)
        for name, code, thousands, north, east in content()["places"]
    )


@cache
def waters() -> dict[str, tuple[np.ndarray, ...]]:
    """Return ``rivers`` (lines) and ``lakes`` (closed rings), each as rows of latitude and longitude (EPSG:4326)."""
    return {name: tuple(map(unpack, content()[name])) for name in ("rivers", "lakes")}


def pack(points: np.ndarray) -> list[int]:
    """Return points (degrees) as whole steps: the first from zero, each other from the one before.

    Examples
    --------
    >>> pack(np.array([[52.0, 5.0], [52.001, 4.9]]))
    [260000, 25000, 5, -500]
    >>> unpack([260000, 25000, 5, -500]).tolist()
    [[52.0, 5.0], [52.001, 4.9]]
    """
    whole = np.rint(points * STEPS).astype(int)
    steps = np.diff(whole, axis=0, prepend=np.zeros((1, 2), int))
    return [int(step) for step in steps[[True, *steps[1:].any(axis=1)]].ravel()]


def unpack(steps: list[int]) -> np.ndarray:
    """Return the points (degrees) of packed steps."""
    return np.cumsum(np.reshape(steps, (-1, 2)), axis=0) / STEPS


@dataclass(frozen=True)
class Neighbour:
    """A Kreis or municipality that borders on the Netherlands or lies just behind one that does.

    Attributes
    ----------
    name
        Its own name; no two are alike.
    country
        ``DE`` or ``BE``.
    latitude, longitude
        A point near its middle to some two km (degrees, EPSG:4326): to name it and to find the nearest, not to measure.
    """

    name: str
    country: str
    latitude: float
    longitude: float


@cache
def neighbours() -> dict[str, Neighbour]:
    """Return them by name, from north to south and on along the border.

    Examples
    --------
    >>> found = neighbours()
    >>> found["Kleve"].country, found["Maaseik"].country
    ('DE', 'BE')
    """
    with (EMBEDDED_DIR / _FILE).open(encoding="utf-8", newline="") as lines:
        rows = csv.DictReader(lines)
        found = [
            Neighbour(one["name"], one["country"], float(one["latitude"]), float(one["longitude"])) for one in rows
        ]
    return {one.name: one for one in found}


def nearest(sites: gpd.GeoDataFrame) -> pd.Series:
    """Return for each site abroad the name of the nearest neighbour in its country; '' at home or without a place.

    An estimate: their boundaries are not here.

    Parameters
    ----------
    sites
        Contract ``Sites`` (EPSG:28992).

    Examples
    --------
    >>> places = gpd.GeoSeries([shapely.Point(6.14, 51.79), shapely.Point(6.14, 51.79), None], crs="EPSG:4326")
    >>> table = gpd.GeoDataFrame({"country": ["DE", "NL", "DE"]}, geometry=places.to_crs("EPSG:28992"))
    >>> nearest(table).tolist()
    ['Kleve', '', '']
    """
    found = pd.Series("", index=sites.index, dtype="str")
    is_placed = ~(sites.geometry.isna() | sites.geometry.is_empty)
    for country in ("DE", "BE"):
        known = [one for one in neighbours().values() if one.country == country]
        points = gpd.GeoSeries([shapely.Point(one.longitude, one.latitude) for one in known], crs=CRS_WGS84)
        here = sites[(sites["country"] == country) & is_placed]
        if len(here):
            at = shapely.STRtree(points.to_crs(CRS_RD).to_numpy()).nearest(here.geometry.to_numpy())
            found[here.index] = [known[place].name for place in at]
    return found
