"""What was corrected: which recorded visits stand, and places of sites laid over what the lists say."""

from pathlib import Path
from typing import Final

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from geodata import codes
from geodata.areas import joins

COLUMNS: Final = ("site_id", "listed_wgs84", "place_wgs84", "corrected_on")
"""Of a delivery of corrections, all text: the place that the list gave then ('' for none) and the true one, both as
degrees "longitude latitude", and the ISO date of the correction."""
FRAME: Final = "site_places"
FILE: Final = "places.csv"
SAME_M: Final = 2.0  # two spellings of one point: six decimals of a degree are a decimetre
_DECIMALS: Final = 6


def valid_activations(activations: pd.DataFrame) -> pd.DataFrame:
    """Return the activations without those that a correction supersedes.

    Ask it of all that the viewer may see, before the rows are cut to a site, an area or a date: a correction may have
    moved the visit to another. An entry that corrects one of the snapshot takes over its id, and stands.

    Examples
    --------
    >>> rows = {"activation_id": ["A", "B", "C"], "supersedes": ["", "A", "C"], "site_id": ["1", "2", "3"]}
    >>> list(valid_activations(pd.DataFrame(rows))["activation_id"])
    ['B', 'C']
    """
    of_others = activations.loc[activations["supersedes"] != activations["activation_id"], "supersedes"]
    return activations[~activations["activation_id"].isin(of_others)]


def read(path: Path) -> pd.DataFrame:
    """Return a delivery of corrections as it was kept."""
    return pd.read_csv(path, dtype="str", keep_default_na=False)


def as_listed(sites: gpd.GeoDataFrame, corrections: pd.DataFrame) -> gpd.GeoDataFrame:
    """Return sites as the lists give them, from `with_corrected_places` and the corrections that it laid over them."""
    listed = corrections.set_index("site_id")["listed_wgs84"]
    rows = (sites["place_corrected_on"] != "") & sites["site_id"].isin(listed.index)
    geometry = sites.geometry.to_numpy().copy()
    geometry[rows.to_numpy()] = points_of(listed.reindex(sites.loc[rows, "site_id"])).to_numpy()
    return sites.set_geometry(gpd.GeoSeries(geometry, index=sites.index, crs=codes.CRS_RD))


def with_corrected_places(
    sites: gpd.GeoDataFrame, corrections: pd.DataFrame, gemeenten: gpd.GeoDataFrame
) -> gpd.GeoDataFrame:
    """Return sites at their corrected places, marked by ``place_corrected_on``.

    A correction holds for the place that it corrects: when a later list gives another, the list counts again. Whose
    site it is follows from the list: a place in another veiligheidsregio is not taken over.

    Parameters
    ----------
    sites
        Contract ``Sites`` (EPSG:28992).
    corrections
        Columns `COLUMNS`, one row per site.
    gemeenten
        Contract ``Gemeenten`` (EPSG:28992).
    """
    found = fates(sites, corrections, gemeenten)
    taken = found[found["fate"] == "taken"].set_index("site_id")
    result = sites.copy()
    rows = result["site_id"].isin(taken.index).to_numpy()
    own = taken.reindex(result.loc[rows, "site_id"])
    geometry = result.geometry.to_numpy().copy()
    geometry[rows] = own["point"].to_numpy()
    result = result.set_geometry(gpd.GeoSeries(geometry, index=result.index, crs=codes.CRS_RD))
    for column in ("gemeente_code", "vr_code"):
        result.loc[rows, column] = own[column].to_numpy()
    result.loc[rows, "located"] = "exact"
    marked = pd.Series("", index=result.index, dtype="str")
    marked[rows] = own["corrected_on"].to_numpy()
    return result.assign(place_corrected_on=marked)


def fates(sites: gpd.GeoDataFrame, corrections: pd.DataFrame, gemeenten: gpd.GeoDataFrame) -> pd.DataFrame:
    """Return what becomes of every correction.

    Parameters
    ----------
    sites
        The list of today (EPSG:28992).
    corrections
        Corrected places from the register.
    gemeenten
        Of today (EPSG:28992).

    Returns
    -------
    DataFrame
        The columns of ``corrections`` with point (EPSG:28992), gemeente_code, vr_code, moved_m (NaN where the list
        gives no place) and fate: ``taken``; ``gone``, the site is in no list; ``newer``, the list gives another place
        than the one that was corrected; ``elsewhere``, the place lies in no gemeente of the site's veiligheidsregio.
    """
    about = sites.set_index("site_id")
    points = points_of(corrections["place_wgs84"])
    then = points_of(corrections["listed_wgs84"])
    known = about.reindex(corrections["site_id"])
    now = gpd.GeoSeries(known.geometry.to_numpy(), index=corrections.index, crs=codes.CRS_RD)
    gemeente = joins.gemeente_of_points(points, gemeenten)
    regions = dict(zip(gemeenten["gemeente_code"], gemeenten["vr_code"], strict=True))
    region = gemeente.map(regions).fillna("")
    own = known["vr_code"].fillna("").to_numpy()
    is_gone = ~corrections["site_id"].isin(about.index)
    is_elsewhere = (region == "") | ((own != "") & (region != own))
    fate = np.select([is_gone, is_elsewhere, ~_is_same(now, then)], ["gone", "elsewhere", "newer"], "taken")
    return corrections.assign(
        point=points, gemeente_code=gemeente, vr_code=region, moved_m=now.distance(points), fate=fate
    )


def _is_same(now: gpd.GeoSeries, then: gpd.GeoSeries) -> pd.Series:
    without = now.isna() | now.is_empty
    return (without & then.isna()) | (now.distance(then) <= SAME_M)


def points_of(texts: pd.Series) -> gpd.GeoSeries:
    """Return points (EPSG:28992) from degrees "longitude latitude"; None for ''."""
    points = [shapely.Point(*map(float, text.split())) if text else None for text in texts]
    return gpd.GeoSeries(points, index=texts.index, crs=codes.CRS_WGS84).to_crs(codes.CRS_RD)


def texts_of(points: gpd.GeoSeries) -> pd.Series:
    """Return points as degrees "longitude latitude"; '' for none.

    Examples
    --------
    >>> texts_of(points_of(pd.Series(["5.387200 52.155000", ""]))).tolist()
    ['5.387200 52.155000', '']
    """
    degrees = points.to_crs(codes.CRS_WGS84)
    return pd.Series(
        ["" if one is None or one.is_empty else f"{one.x:.{_DECIMALS}f} {one.y:.{_DECIMALS}f}" for one in degrees],
        index=points.index,
        dtype="str",
    )
