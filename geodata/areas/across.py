"""Just across the land border: German Kreise and Belgian municipalities by name, with a point in their middle."""

import csv
from dataclasses import dataclass
from functools import cache
from typing import Final

import geopandas as gpd
import pandas as pd
import shapely

from geodata.codes import CRS_RD, CRS_WGS84
from geodata.settings import EMBEDDED_DIR

_FILE: Final = "across_border.csv"


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
