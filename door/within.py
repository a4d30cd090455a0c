"""What lies in an area that somebody drew, by the corners in an address: scoped first, then counted.

A viewer gets sums of rows that the door shows them one by one, so that two areas that differ by one place tell no
more than the place itself would. Counts of workers are known per gemeente: a gemeente counts whole when its point lies
inside, and not at all when it does not.
"""

import math
from dataclasses import dataclass
from typing import Final

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from access.rights import Rows, rows_of
from door.store import ScopedStore
from geodata import codes
from geodata.codes import CRS_RD, CRS_WGS84
from geodata.errors import InputError
from geodata.tables.corrections import valid_activations

_M2_PER_KM2: Final = 1e6
_BY_SURENESS: Final = ("official", "estimate", "assumption", "fictional")
_COLUMNS: Final = ("part", "code", "placed_by", "count_n", "hidden_n", "status")
CORNERS_MAX: Final = 50
_FEWEST: Final = 3
_BOX: Final = shapely.box(3.0, 50.6, 7.4, 53.8)
"""In degrees, around the Netherlands with the Wadden Islands (EPSG:4326)."""


def read_corners(text: str) -> shapely.Polygon:
    """Return the polygon (EPSG:28992) of corners in degrees (EPSG:4326): ``lat~lon~lat~lon~...``.

    The last corner joins the first; whether the first is repeated makes no difference.

    Raises
    ------
    InputError
        The text holds no corners, fewer than three or more than `CORNERS_MAX`, a corner outside the box around the
        Netherlands, or a line that crosses itself.

    Examples
    --------
    >>> round(read_corners("52~5~52~5.1~52.1~5.1~52.1~5").area / 1e6)
    76
    >>> read_corners("52~5~52.1~5.1~52~5.1~52.1~5")
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


@dataclass(frozen=True)
class Within:
    """What lies in an area.

    Attributes
    ----------
    area_km2
        Size of what was drawn.
    parts
        What the viewer may see: of ``workers``, ``sites`` and ``visits``.
    counts
        part; code (of a sector, a kind of site, a kind of activation); placed_by (``gemeente`` or ``site``); count_n,
        of workers NaN when not one figure is public; hidden_n, the gemeenten whose figure is not; status, the least
        sure of those in the sum, of workers alone.
    gemeenten_n
        How many have their point inside, within what the viewer may see.
    is_own
        Whether only the viewer's own regions were counted.
    roughly_n
        How many of the sites are known by their town alone.
    unplaced_n
        Sites that the viewer may see and that have no place, wherever they are.
    """

    area_km2: float
    parts: tuple[str, ...]
    counts: pd.DataFrame
    gemeenten_n: int
    is_own: bool
    roughly_n: int
    unplaced_n: int


def may_count(scoped: ScopedStore) -> bool:
    """Tell whether there are places that the viewer may count in an area: workers per gemeente, or sites."""
    return scoped.may("exposure") or scoped.may("sites")


def count(scoped: ScopedStore, area: shapely.Polygon, sectors: tuple[str, ...], until: pd.Timestamp) -> Within:
    """Count what lies in an area, of what the viewer may see.

    Parameters
    ----------
    scoped
        The viewer's door.
    area
        In metres (EPSG:28992).
    sectors
        Of these the workers are counted, and the visits; sites are counted whatever their sector.
    until
        Visits after this day do not count.
    """
    gemeenten = scoped.table("gemeenten")
    is_own = Rows.OWN in {rows_of(scoped.viewer.role, name) for name in ("exposure", "sites")}
    if is_own:
        gemeenten = gemeenten[gemeenten["vr_code"].isin(scoped.viewer.vr_codes)]
    inside = gemeenten.loc[_lies_in(gemeenten.geometry.representative_point(), area), "gemeente_code"]
    counted: dict[str, pd.DataFrame] = {}
    roughly_n = unplaced_n = 0
    if scoped.may("exposure"):
        counted["workers"] = _workers(scoped.table("exposure"), inside, sectors)
    if scoped.may("sites"):
        sites = scoped.table("sites")
        here = sites[_lies_in(sites.geometry, area)]
        counted["sites"] = _rows(here.groupby("kind").size(), "site")
        roughly_n = int((~here["located"].isin(codes.LOCATED_CLOSELY)).sum())
        unplaced_n = int((sites.geometry.isna() | sites.geometry.is_empty).sum())
        if scoped.may("activations"):
            visits = valid_activations(scoped.table("activations"))
            visits = visits[(visits["event_date"] <= until) & visits["sector_code"].isin(sectors)]
            at_site = visits["site_id"].isin(here["site_id"])
            by_gemeente = ~visits["site_id"].isin(sites["site_id"]) & visits["gemeente_code"].isin(inside)
            placed = [_rows(visits[at_site].groupby("kind").size(), "site")]
            placed.append(_rows(visits[by_gemeente].groupby("kind").size(), "gemeente"))
            counted["visits"] = pd.concat(placed)
    tables = [table.assign(part=part) for part, table in counted.items()]
    return Within(
        area_km2=float(area.area) / _M2_PER_KM2,
        parts=tuple(counted),
        counts=pd.concat(tables, ignore_index=True)[list(_COLUMNS)],
        gemeenten_n=len(inside),
        is_own=is_own,
        roughly_n=roughly_n,
        unplaced_n=unplaced_n,
    )


def _lies_in(places: gpd.GeoSeries, area: shapely.Polygon) -> NDArray[np.bool_]:
    return np.asarray(shapely.intersects(area, places.to_numpy()), bool)


def _rows(sizes: pd.Series, placed_by: str) -> pd.DataFrame:
    table = pd.DataFrame({"code": sizes.index.astype(str), "count_n": sizes.to_numpy(float)})
    return table.assign(placed_by=placed_by, hidden_n=0, status="")


def _workers(exposure: pd.DataFrame, gemeenten: pd.Series, sectors: tuple[str, ...]) -> pd.DataFrame:
    rows = exposure[exposure["gemeente_code"].isin(gemeenten) & exposure["sector_code"].isin(sectors)]
    rows = rows[rows["year"] == exposure["year"].max()]
    is_known = rows["workers_n"].notna()
    by_sector = rows.groupby("sector_code")
    sureness = rows["workers_n_status"].where(is_known).map({name: at for at, name in enumerate(_BY_SURENESS)})
    least = sureness.groupby(rows["sector_code"]).max().map(dict(enumerate(_BY_SURENESS)))
    table = pd.DataFrame(
        {
            "count_n": by_sector["workers_n"].sum(min_count=1),
            "hidden_n": (~is_known).groupby(rows["sector_code"]).sum(),
            "status": least.fillna(codes.Status.MISSING.value),
        }
    )
    table = table.rename_axis("code").reset_index().assign(placed_by="gemeente")
    return table.sort_values("count_n", ascending=False, kind="stable")
