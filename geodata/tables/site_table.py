"""Rows of sites, from whatever source, as the contract ``Sites`` wants them; and which of them are the same site."""

import gc
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cache

import geopandas as gpd
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute
import pyproj
import scipy
import shapely
from numpy.typing import NDArray
from rapidfuzz import fuzz, process

from geodata import codes, site_kinds
from geodata.areas import joins
from geodata.codes import Status

_NEAR_M = 1_000  # a pier, a dyke or a generalised border: still the gemeente beside it
_UNIT = {"greenhouse": "m2", "distribution_centre": "m2", "lodging": "beds", "holiday_park": "beds"}
_DOUBLE_NEAR_M = 250.0
_METRES = 10_000_000  # more than any coordinate, so that two become one number
_ALIKE = 85.0
_GENERIC = (
    r"\b(camping|vakantiepark|recreatiepark|bungalowpark|chaletpark|minicamping|park|slachterij|slachthuis|vlees"
    r"|distributiecentrum|dc|bv|b v|nv|n v|vof|groep|group|nederland|holland|de|het|van|en)\b"
)
"""Words that say what a site is, not which one; two campings are not one because both are a camping."""


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


def exact(sites: gpd.GeoDataFrame) -> pd.Series:
    """Return True for every row that repeats an earlier one: same kind, name, gemeente, size and point (to a metre).

    Rows without a point repeat each other only when they have a name.
    """
    points = sites.geometry
    rounded = _metres(points)
    # most rows are alone on their metre: only the others are read as text
    together = pd.Series(rounded[:, 0] * _METRES + rounded[:, 1]).duplicated(keep=False).to_numpy()
    some = sites[together]
    facts = pd.DataFrame({"fingerprint": fingerprint(some, points[together]), "size": some["size_n"]})
    unknown = points[together].isna() & some["name"].eq("")
    repeated = pd.Series(np.zeros(len(sites), bool), index=sites.index)
    repeated[together] = (facts.duplicated() & ~unknown).to_numpy()
    return repeated


def fingerprint(rows: pd.DataFrame, points: gpd.GeoSeries) -> pd.Series:
    """Return a number (64 bits) per row for its kind, name, gemeente and point to a metre."""
    coordinates = _metres(points)
    texts = pd.DataFrame({"kind": rows["kind"], "name": rows["name"].str.lower(), "gemeente": rows["gemeente_code"]})
    facts = texts.assign(x=coordinates[:, 0], y=coordinates[:, 1])
    return pd.util.hash_pandas_object(facts, index=False)


def _metres(points: gpd.GeoSeries) -> NDArray[np.int64]:
    """Return coordinates to a metre, -1 where there is no point."""
    places = points.to_numpy()
    pairs = np.column_stack([shapely.get_x(places), shapely.get_y(places)])
    return np.where(np.isnan(pairs), -1, np.rint(pairs)).astype(np.int64)


def likely(sites: gpd.GeoDataFrame) -> pd.DataFrame:
    """Return pairs of sites of one kind that stand close together under names that are alike.

    Names are compared without the words that say what a site is, and regardless of the order of the words. A
    site without a name is taken for its neighbour only within a tenth of the distance.

    Returns
    -------
    DataFrame
        left, right (positions of the rows, left first), distance_m, alike_pct; the surest pairs first.

    Examples
    --------
    >>> points = gpd.points_from_xy([0, 40, 40], [0, 0, 0])
    >>> names = ["Camping De Oase", "Oase", "Camping De Heide"]
    >>> rows = gpd.GeoDataFrame({"kind": "holiday_park", "name": names}, geometry=points, crs="EPSG:28992")
    >>> likely(rows)[["left", "right", "alike_pct"]].to_dict("records")
    [{'left': 0, 'right': 1, 'alike_pct': 100.0}]
    """
    located = np.flatnonzero(sites.geometry.notna())
    points = sites.geometry.iloc[located]
    coordinates = np.column_stack([points.x, points.y])
    pairs = (
        scipy.spatial.cKDTree(coordinates).query_pairs(_DOUBLE_NEAR_M, output_type="ndarray")
        if len(located)
        else np.empty((0, 2), int)
    )
    kinds = pd.factorize(sites["kind"].iloc[located])[0]
    pairs = pairs[kinds[pairs[:, 0]] == kinds[pairs[:, 1]]]
    distance = np.hypot(*(coordinates[pairs[:, 0]] - coordinates[pairs[:, 1]]).T)
    near, where = np.unique(pairs, return_inverse=True)  # most sites stand alone, and their names need no look
    names = _bare(sites["name"].iloc[located[near]]).to_numpy(dtype=object)
    left, right = names[where.reshape(pairs.shape)].T
    alike = process.cpdist(left, right, scorer=fuzz.token_set_ratio, workers=-1, score_cutoff=_ALIKE)
    nameless = (left == "") | (right == "")
    same = np.where(nameless, distance <= _DOUBLE_NEAR_M / 10, alike >= _ALIKE)
    found = pd.DataFrame(
        {
            "left": located[pairs[same, 0]],
            "right": located[pairs[same, 1]],
            "distance_m": distance[same],
            "alike_pct": np.where(nameless, 0.0, alike)[same],
        }
    )
    return found.sort_values(["alike_pct", "distance_m"], ascending=[False, True], ignore_index=True)


def _bare(names: pd.Series) -> pd.Series:
    plain = pa.compute.utf8_normalize(pa.Array.from_pandas(names.str.lower(), type=pa.large_string()), form="NFKD")
    lower = pd.Series(plain.to_pandas().to_numpy(), index=names.index, dtype="str")
    lower = lower.str.replace(r"[^\x00-\x7f]", "", regex=True).str.replace(r"[^a-z0-9 ]", " ", regex=True)
    lower, bare = (_single_spaced(one) for one in (lower, lower.str.replace(_GENERIC, " ", regex=True)))
    # a name of such words only is kept whole: it is all there is
    return bare.where(bare != "", lower)


def _single_spaced(texts: pd.Series) -> pd.Series:
    return texts.str.replace(r"\s+", " ", regex=True).str.strip()


def merge_sources(sites: gpd.GeoDataFrame, order: list[str]) -> gpd.GeoDataFrame:
    """Return sites with each that several sources give kept once, from the source that comes first in ``order``.

    Only pairs from different sources are merged: within one source two neighbours are two. A size that the
    kept row lacks is taken from the one that goes.
    """
    family = sites["source"].str.split(".").str[0]
    rank = family.map({name: number for number, name in enumerate(order)}).fillna(len(order)).to_numpy()
    pairs = likely(sites)
    source = sites["source"].to_numpy()
    pairs = pairs[source[pairs["left"]] != source[pairs["right"]]]
    sites = sites.copy()
    size, unit = sites["size_n"].to_numpy(copy=True), sites["size_unit"].to_numpy(dtype=object, copy=True)
    gone: set[int] = set()
    for left, right in zip(pairs["left"], pairs["right"], strict=True):
        keep, drop = (left, right) if rank[left] <= rank[right] else (right, left)
        if keep in gone or drop in gone:
            continue
        gone.add(drop)
        if np.isnan(size[keep]) and not np.isnan(size[drop]):
            size[keep], unit[keep] = size[drop], unit[drop]
    sites["size_n"], sites["size_unit"] = size, unit
    return sites.drop(index=sites.index[sorted(gone)]).reset_index(drop=True)
