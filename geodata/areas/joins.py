"""Joins that neither lose nor double anything: points into regions, and years onto each other."""

from collections.abc import Iterable

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from geodata.codes import Status


def to_today(table: pd.DataFrame, changes: pd.DataFrame, counts: list[str], *, by: list[str]) -> pd.DataFrame:
    """Bring counts per gemeente of an earlier year to the gemeenten of today.

    Parameters
    ----------
    table
        One row per gemeente (and per value of the other columns of ``by``); ``gemeente_code`` in the
        codes of its year.
    changes
        old_code, new_code, share: where each gemeente of that year went (`geodata.areas.regions.changes_from`).
        Codes that do not occur in it are unchanged.
    counts
        Columns with counts, which are added. A sum with a missing part is missing, never too low, also where the
        delivery has no row for the part.
    by
        Columns that identify a row of the result, ``gemeente_code`` among them.

    Returns
    -------
    DataFrame
        ``by``, ``counts`` (a split figure stays unrounded) and ``is_split``: True where a part of a
        divided gemeente came in, so that the figure is an estimate.

    Examples
    --------
    >>> import pandas as pd
    >>> old = pd.DataFrame({"gemeente_code": ["GM0501", "GM0530", "GM0788"], "n": [1.0, 2.0, 10.0]})
    >>> changes = pd.DataFrame({
    ...     "old_code": ["GM0501", "GM0530", "GM0788", "GM0788"],
    ...     "new_code": ["GM1992", "GM1992", "GM0824", "GM0865"], "share": [1.0, 1.0, 0.4, 0.6]})
    >>> to_today(old, changes, ["n"], by=["gemeente_code"])
      gemeente_code    n  is_split
    0        GM0824  4.0      True
    1        GM0865  6.0      True
    2        GM1992  3.0     False
    """
    merged = table.merge(changes, left_on="gemeente_code", right_on="old_code", how="left", validate="many_to_many")
    merged["gemeente_code"] = merged["new_code"].fillna(merged["gemeente_code"])
    share = merged["share"].fillna(1.0)
    for column in counts:
        merged[column] = merged[column] * share
    merged["is_split"] = share < 1
    groups = merged.groupby(by, sort=True, dropna=False)
    summed = groups[counts].sum()
    incomplete = merged[counts].isna().groupby([merged[column] for column in by], sort=True, dropna=False).any()
    summed = summed.mask(incomplete)
    lost = incomplete_heirs(table["gemeente_code"], changes)
    if lost:
        summed[summed.index.get_level_values("gemeente_code").isin([*lost])] = np.nan
    summed["is_split"] = groups["is_split"].any()
    return summed.reset_index()


def incomplete_heirs(present: Iterable[str], changes: pd.DataFrame) -> dict[str, list[str]]:
    """Return the gemeenten of today that a delivery holds in part only, each with the parts that it lacks.

    A gemeente that arose from a merger needs all that went into it; one that took another in needs itself. What
    the delivery does not name at all is absent, not in part.

    Parameters
    ----------
    present
        The codes that the delivery holds, of its own year.
    changes
        As `geodata.areas.regions.changes_from` returns them, with ``is_new``; without that column nothing is said.
        Where they also tell of gemeenten that arose and are gone again, such a one stands for its parts.

    Examples
    --------
    >>> merged = pd.DataFrame({"old_code": ["GM0501", "GM0530", "GM0457"], "new_code": ["GM1992", "GM1992", "GM0363"],
    ...                        "share": [1.0, 1.0, 1.0], "is_new": [True, True, False]})
    >>> incomplete_heirs(["GM0501", "GM0457", "GM0344"], merged)
    {'GM0363': ['GM0363'], 'GM1992': ['GM0530']}
    """
    if "is_new" not in changes:
        return {}
    held, lost = set(present), {}
    if "by_way_of" in changes:
        by_way_of = zip(changes["old_code"], changes["by_way_of"], strict=True)
        held |= {code for code, between in by_way_of if held & set(between.split())}
    for heir, group in changes.groupby("new_code"):
        parts = set(group["old_code"])
        if str(heir) in held or not parts & held:
            continue
        needed = set(group.loc[~group["is_arisen"], "old_code"]) if "is_arisen" in group else parts
        absent = sorted(needed - held) if group["is_new"].all() else [str(heir)]
        if absent:
            lost[str(heir)] = absent
    return lost


def status_after_split(is_split: pd.Series, value: pd.Series) -> pd.Series:
    """Return the status of an official count after `to_today`: official, estimate where split, or missing."""
    status = np.where(is_split, Status.ESTIMATE, Status.OFFICIAL)
    return pd.Series(np.where(value.isna(), Status.MISSING, status), index=value.index, dtype="str")


def gemeente_of_points(points: gpd.GeoSeries, gemeenten: gpd.GeoDataFrame) -> pd.Series:
    """Return for each point the code of the one gemeente that it lies in, '' where it lies in none.

    A point on a shared border falls in both; it gets the lower code, so that no point is counted twice.

    Parameters
    ----------
    points
        Points in EPSG:28992; a missing point gives ''.
    gemeenten
        Contract ``Gemeenten``.
    """
    places, shapes = points.to_numpy(), own_shapes(gemeenten)
    point, area = shapely.STRtree(shapes).query(places)
    # Only the boxes are searched as a tree: a prepared shape then answers for all the points near it in one go.
    in_turn = np.argsort(area, kind="stable")
    point, area = point[in_turn], area[in_turn]
    shapely.prepare(shapes)
    inside = shapely.intersects_xy(shapes[area], shapely.get_x(places)[point], shapely.get_y(places)[point])
    point, area = point[inside], area[inside]
    known = gemeenten["gemeente_code"].to_numpy(dtype=object)
    by_code = np.argsort(known)
    rank = np.empty(len(known), int)
    rank[by_code] = np.arange(len(known))
    lowest = np.full(len(points), len(known))
    np.minimum.at(lowest, point, rank[area])
    return pd.Series(np.append(known[by_code], "")[lowest], index=points.index, dtype="str")


def own_shapes(gemeenten: gpd.GeoDataFrame) -> NDArray[np.object_]:
    """Return copies of the boundaries: a shape makes an index when it is first asked, which threads may not share."""
    copies: NDArray[np.object_] = shapely.from_wkb(shapely.to_wkb(gemeenten.geometry.to_numpy()))
    return copies
