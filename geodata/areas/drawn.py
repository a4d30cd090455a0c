"""An area that somebody drew: from the corners in an address to a polygon."""

import math
from typing import Final

import geopandas as gpd
import shapely

from geodata.codes import CRS_RD, CRS_WGS84
from geodata.errors import InputError

CORNERS_MAX: Final = 50
_FEWEST: Final = 3
_BOX: Final = shapely.box(3.0, 50.6, 7.4, 53.8)
"""In degrees, around the Netherlands with the Wadden Islands (EPSG:4326)."""


def read(text: str) -> shapely.Polygon:
    """Return the polygon (EPSG:28992) of corners in degrees (EPSG:4326): ``lat~lon~lat~lon~...``.

    The last corner joins the first; whether the first is repeated makes no difference.

    Raises
    ------
    InputError
        The text holds no corners, fewer than three or more than `CORNERS_MAX`, a corner outside the box around the
        Netherlands, or a line that crosses itself.

    Examples
    --------
    >>> round(read("52~5~52~5.1~52.1~5.1~52.1~5").area / 1e6)
    76
    >>> read("52~5~52.1~5.1~52~5.1~52.1~5")
    Traceback (most recent call last):
        ...
    geodata.errors.InputError: The lines of the area cross each other; draw it again, with the corners in turn.
    """
    corners = _corners(text)
    if len(corners) > CORNERS_MAX:
        raise InputError("drawn_too_many", corners_n=len(corners), most_n=CORNERS_MAX)
    if len(set(corners)) < _FEWEST:
        raise InputError("drawn_too_few", fewest_n=_FEWEST)
    in_degrees = shapely.Polygon([(lon, lat) for lat, lon in corners])
    if not _BOX.covers(shapely.MultiPoint(in_degrees.exterior.coords)):
        raise InputError("drawn_outside")
    drawn = gpd.GeoSeries([in_degrees], crs=CRS_WGS84).to_crs(CRS_RD).iloc[0]
    if not (in_degrees.is_valid and drawn.is_valid and isinstance(drawn, shapely.Polygon)):
        raise InputError("drawn_crosses")
    return drawn


def _corners(text: str) -> list[tuple[float, float]]:
    """Return latitude and longitude of each corner, the first not repeated at the end."""
    try:
        numbers = [float(part) for part in text.split("~")]
    except ValueError as error:
        raise InputError("drawn_unreadable") from error
    if len(numbers) % 2 or not all(map(math.isfinite, numbers)):
        raise InputError("drawn_unreadable")
    corners = list(zip(numbers[::2], numbers[1::2], strict=True))
    return corners[:-1] if corners[0] == corners[-1] else corners
