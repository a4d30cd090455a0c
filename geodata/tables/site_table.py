"""Rows of sites, from whatever source, as the contract ``Sites`` wants them."""

import gc
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cache

import geopandas as gpd
import numpy as np
import pandas as pd
import pyproj
import shapely

from geodata import codes, site_kinds
from geodata.areas import joins
from geodata.codes import Status

_NEAR_M = 1_000  # a pier, a dyke or a generalised border: still the gemeente beside it
_UNIT = {"greenhouse": "m2", "distribution_centre": "m2", "lodging": "beds", "holiday_park": "beds"}


def coordinates_rd(x: pd.Series, y: pd.Series, crs: str) -> tuple[pd.Series, pd.Series]:
    """Return coordinates in EPSG:28992; both NaN where one is missing.

    Parameters
    ----------
    x, y
        Coordinates in the units of `crs`.
    crs
        Such as ``EPSG:4326``.
    """
    across, up = x.to_numpy(float), y.to_numpy(float)
    if crs != codes.CRS_RD:
        across, up = _to_rd(crs).transform(across, up)
    present = np.isfinite(across) & np.isfinite(up)
    across, up = np.where(present, across, np.nan), np.where(present, up, np.nan)
    return pd.Series(across, index=x.index), pd.Series(up, index=x.index)


@cache
def _to_rd(crs: str) -> pyproj.Transformer:
    """Return what transforms to EPSG:28992, for any thread; finding it takes as long as a thousand rows."""
    return pyproj.Transformer.from_crs(crs, codes.CRS_RD, always_xy=True)


def points_rd(x: pd.Series, y: pd.Series, crs: str) -> gpd.GeoSeries:
    """Return points in EPSG:28992; None where a coordinate is missing.

    Parameters
    ----------
    x, y
        Coordinates in the units of `crs`.
    crs
        Such as ``EPSG:4326``.
    """
    across, up = (side.to_numpy() for side in coordinates_rd(x, y, crs))
    present = np.isfinite(across)
    points = np.full(len(x), None, dtype=object)
    with _no_collection():
        points[present] = shapely.points(np.column_stack([across[present], up[present]]))
    return gpd.GeoSeries(points, index=x.index, crs=codes.CRS_RD)


@contextmanager
def _no_collection() -> Iterator[None]:
    """Keep Python from looking for garbage among a million new points, which takes longer than making them."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def site_table(
    rows: gpd.GeoDataFrame, source: str, source_date: str, status: Status, areas: Mapping[str, pd.DataFrame]
) -> gpd.GeoDataFrame:
    """Complete rows of sites: their gemeente and veiligheidsregio, their sector, their source.

    A row located ``place`` (only a town is known) gets the gemeente of that town, and no point: on a map it
    would look like a site that stands there.

    Parameters
    ----------
    rows
        key, kind, name, located and geometry (points, EPSG:28992); size_n, size_unit, employer_group, country,
        source_date and gemeente_code (where there is no point) may be absent.
    source
        What stands in the column ``source``; the first part of ``site_id``.
    source_date
        ISO date of the figures.
    status
        Status of the rows.
    areas
        gemeenten and veiligheidsregios.

    Returns
    -------
    GeoDataFrame
        Columns of the contract ``Sites``. Rows that lie in no gemeente and name no other country are left
        out.
    """
    gemeenten = areas["gemeenten"]
    sites = rows.copy()
    for column, default in (("size_n", np.nan), ("employer_group", ""), ("country", "NL"), ("gemeente_code", "")):
        if column not in sites:
            sites[column] = default
    usual_unit = _mapped(sites["kind"], site_kinds.usual_units(_UNIT), "fte")
    if "size_unit" in sites:
        sites["size_unit"] = sites["size_unit"].where(sites["size_n"].notna(), usual_unit)
    else:
        sites["size_unit"] = usual_unit
    found = gemeente_or_near(sites.geometry, gemeenten)
    is_dutch = sites["country"].eq("NL")
    sites["gemeente_code"] = found.where(found != "", sites["gemeente_code"].fillna("")).where(is_dutch, "")
    regions = dict(zip(gemeenten["gemeente_code"], gemeenten["vr_code"], strict=True))
    sites["vr_code"] = _mapped(sites["gemeente_code"], regions, "")
    outside = is_dutch & sites["vr_code"].eq("") & sites.geometry.notna()
    if outside.any():
        sites = sites[~outside]
    has_point = sites["located"].isin(codes.LOCATED_CLOSELY)
    if not has_point.all():
        sites = sites.set_geometry(sites.geometry.where(has_point, None))
    if "source_date" in sites:
        sites["source_date"] = sites["source_date"].fillna(pd.Timestamp(source_date))
    else:
        sites["source_date"] = pd.Timestamp(source_date)
    return sites.assign(
        site_id=source + ":" + sites["key"].astype(str),
        sector_code=_mapped(sites["kind"], site_kinds.sectors(), ""),
        source=source,
        status=status.value,
        list_covers="",
        place_corrected_on="",
    )


def _mapped(keys: pd.Series, values: Mapping[str, str], default: str) -> pd.Series:
    """Return a text per row of a column in which few different texts stand."""
    place, names = pd.factorize(keys)
    found = pd.array([*(values.get(str(name), default) for name in names), default], dtype="str")
    return pd.Series(found.take(place), index=keys.index)


def gemeente_or_near(points: gpd.GeoSeries, gemeenten: gpd.GeoDataFrame) -> pd.Series:
    """Return the gemeente of each point; for one just outside all of them the nearest within a kilometre."""
    found = joins.gemeente_of_points(points, gemeenten)
    missing = points[found.eq("") & points.notna()]
    if len(missing):
        tree = shapely.STRtree(joins.own_shapes(gemeenten))
        pairs = tree.query_nearest(missing.to_numpy(), max_distance=_NEAR_M, all_matches=False)
        near = gemeenten["gemeente_code"].to_numpy()[pairs[1]]
        found.loc[missing.index[pairs[0]]] = near
    return found
