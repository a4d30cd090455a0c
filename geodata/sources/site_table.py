"""Rows of sites, from whatever source, as the contract ``Sites`` wants them."""

from collections.abc import Mapping

import geopandas as gpd
import numpy as np
import pandas as pd
import pyproj
import shapely

from geodata import codes, joins
from geodata.codes import Status

_NEAR_M = 1_000  # a pier, a dyke or a generalised border: still the gemeente beside it
_UNIT = {"greenhouse": "m2", "distribution_centre": "m2", "lodging": "beds", "holiday_park": "beds"}


def points_rd(x: pd.Series, y: pd.Series, crs: str) -> gpd.GeoSeries:
    """Return points in EPSG:28992; None where a coordinate is missing."""
    across, up = x.to_numpy(float), y.to_numpy(float)
    if crs != codes.CRS_RD:
        across, up = pyproj.Transformer.from_crs(crs, codes.CRS_RD, always_xy=True).transform(across, up)
    present = np.isfinite(across) & np.isfinite(up)
    points = np.full(len(x), None, dtype=object)
    points[present] = shapely.points(across[present], up[present])
    return gpd.GeoSeries(points, index=x.index, crs=codes.CRS_RD)


def site_table(
    rows: gpd.GeoDataFrame, source: str, source_date: str, status: Status, areas: Mapping[str, pd.DataFrame]
) -> gpd.GeoDataFrame:
    """Complete rows of sites: their gemeente and veiligheidsregio, their sector, their source.

    A row located ``place`` (only a town is known) gets the gemeente of that town, and no point: on a map it
    would look like a site that stands there.

    Parameters
    ----------
    rows
        key, kind, name, located and geometry (points, EPSG:28992); size_n, size_unit, employer_group, country
        and gemeente_code (where there is no point) may be absent.
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
        out; their number is in ``.attrs["outside_n"]``.
    """
    gemeenten = areas["gemeenten"]
    sites = rows.copy()
    for column, default in (("size_n", np.nan), ("employer_group", ""), ("country", "NL"), ("gemeente_code", "")):
        if column not in sites:
            sites[column] = default
    usual_unit = sites["kind"].map(_UNIT).fillna("fte")
    given_unit = sites.get("size_unit", usual_unit)
    sites["size_unit"] = given_unit.where(sites["size_n"].notna(), usual_unit)
    found = gemeente_or_near(sites.geometry, gemeenten)
    is_dutch = sites["country"].eq("NL")
    sites["gemeente_code"] = found.where(found != "", sites["gemeente_code"].fillna("")).where(is_dutch, "")
    regions = gemeenten.set_index("gemeente_code")["vr_code"]
    sites["vr_code"] = sites["gemeente_code"].map(regions).fillna("")
    outside = is_dutch & sites["vr_code"].eq("") & sites.geometry.notna()
    if outside.any():
        sites = sites[~outside]
    sites = sites.set_geometry(sites.geometry.where(sites["located"].isin(["exact", "address"]), None))
    sites = sites.assign(
        site_id=source + ":" + sites["key"].astype(str),
        sector_code=sites["kind"].map(codes.KIND_SECTOR),
        source=source,
        source_date=pd.Timestamp(source_date),
        status=status.value,
    )
    sites.attrs["outside_n"] = int(outside.sum())
    return sites


def gemeente_or_near(points: gpd.GeoSeries, gemeenten: gpd.GeoDataFrame) -> pd.Series:
    """Return the gemeente of each point; for one just outside all of them the nearest within a kilometre."""
    found = joins.gemeente_of_points(points, gemeenten)
    missing = points[found.eq("") & points.notna()]
    if len(missing):
        pairs, _ = gemeenten.sindex.nearest(missing.array, max_distance=_NEAR_M, return_distance=True, return_all=False)
        near = gemeenten["gemeente_code"].to_numpy()[pairs[1]]
        found.loc[missing.index[pairs[0]]] = near
    return found
