"""Sites that stand in the data more than once: the very same row, and likely the same by place and name."""

import geopandas as gpd
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute
import scipy
import shapely
from numpy.typing import NDArray
from rapidfuzz import fuzz, process

_NEAR_M = 250.0
_METRES = 10_000_000  # more than any coordinate, so that two become one number
_ALIKE = 85.0
_GENERIC = (
    r"\b(camping|vakantiepark|recreatiepark|bungalowpark|chaletpark|minicamping|park|slachterij|slachthuis|vlees"
    r"|distributiecentrum|dc|bv|b v|nv|n v|vof|groep|group|nederland|holland|de|het|van|en)\b"
)
"""Words that say what a site is, not which one; two campings are not one because both are a camping."""


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
        scipy.spatial.cKDTree(coordinates).query_pairs(_NEAR_M, output_type="ndarray")
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
    same = np.where(nameless, distance <= _NEAR_M / 10, alike >= _ALIKE)
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
