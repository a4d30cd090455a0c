"""Clusters of infections on the map: context for the reader, never a part of the score.

Local Moran on empirical-Bayes standardised rates and the Getis-Ord G* tell where high values lie together,
more than chance would put them. With hundreds of areas some always look special, so the false discovery
rate is controlled. esda and libpysal are imported only when asked for: they load slowly.
"""

import warnings
from typing import TYPE_CHECKING, Final

import geopandas as gpd
import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from geodata.errors import InputError
from risk.index.smooth import moments

if TYPE_CHECKING:
    from libpysal.graph import Graph

Array = NDArray[np.float64]

PERMUTATIONS: Final = 9_999  # 999 are too few to pass the correction for many areas
QUADRANTS: Final = ("high_high", "low_high", "low_low", "high_low")
_ALPHA = 0.05


def neighbours(areas: gpd.GeoDataFrame, code: str) -> "Graph":
    """Return which areas touch; an island is joined to its nearest neighbour.

    Parameters
    ----------
    areas
        Polygons (EPSG:28992), or points, which are joined to their nearest neighbour.
    code
        Column with the area's code, which names the nodes.

    Returns
    -------
    libpysal.graph.Graph
        Binary and symmetric, without isolated nodes.

    Raises
    ------
    InputError
        There are fewer than two areas.
    """
    from libpysal.graph import Graph  # noqa: PLC0415

    if len(areas) < 2:
        raise InputError("Clusters need at least two areas; choose a larger set.")
    shapes = areas.set_index(code).geometry
    touching = Graph.build_contiguity(shapes, rook=False)
    islands = set(touching.isolates)
    if not islands:
        return touching
    pairs = {(one, two) for one, two in touching.adjacency.index if one != two}
    for one, two in Graph.build_knn(shapes.representative_point(), k=1).adjacency.index:
        if one in islands:
            pairs |= {(one, two), (two, one)}
    ordered = sorted(pairs, key=lambda pair: (shapes.index.get_loc(pair[0]), shapes.index.get_loc(pair[1])))
    return Graph.from_arrays([a for a, _ in ordered], [b for _, b in ordered], np.ones(len(ordered)))


def eb_standardise(events: ArrayLike, exposure: ArrayLike) -> Array:
    """Return rates as distances to the common rate in units of their own expected spread.

    Parameters
    ----------
    events, exposure
        Counts and what they are counted on, both raw: smoothing first would use the prior twice. Without
        exposure the distance is 0.

    References
    ----------
    Assuncao and Reis (1999), Statistics in Medicine 18:2147.

    Examples
    --------
    >>> eb_standardise([2, 0, 1], [10, 0, 10]).round(3)
    array([ 0.408,  0.   , -0.408])
    """
    counts, exposed = np.asarray(events, float), np.asarray(exposure, float)
    rates, common, between = moments(counts, exposed)
    known = np.isfinite(rates)
    variance = np.divide(common, exposed, out=np.full(counts.shape, np.inf), where=known) + between
    distance = (np.where(known, rates, common) - common) / np.sqrt(np.maximum(variance, 1e-300))
    return np.where(variance > 0, distance, 0.0)


def clusters(
    areas: gpd.GeoDataFrame,
    code: str,
    events: ArrayLike,
    exposure: ArrayLike,
    *,
    permutations: int = PERMUTATIONS,
    seed: int = 20201123,
) -> pd.DataFrame:
    """Return local clusters of a rate.

    Parameters
    ----------
    areas, code
        As in `neighbours`.
    events, exposure
        Raw counts and what they are counted on, in the order of the areas.
    permutations, seed
        Of the conditional permutation test.

    Returns
    -------
    DataFrame
        Per area: moran, quadrant (high_high ... ), moran_p, is_moran_cluster; g_star, g_p, is_hot, is_cold.
        The three marks hold on both sides, after control of the false discovery rate at 5 %.

    Raises
    ------
    InputError
        There are fewer than two areas.
    """
    graph = neighbours(areas, code)
    return local_statistics(graph, areas[code], eb_standardise(events, exposure), permutations, seed)


def local_statistics(
    graph: "Graph", names: pd.Series, values: Array, permutations: int = PERMUTATIONS, seed: int = 20201123
) -> pd.DataFrame:
    """Return local Moran and G* of values on a graph; a constant gives no cluster anywhere.

    Parameters
    ----------
    graph
        Neighbours and their weights.
    names
        Codes in the order of the graph.
    values
        One per place.
    permutations
        How many redraws.
    seed
        Of the random numbers.
    """
    from esda import G_Local, Moran_Local, fdr  # noqa: PLC0415

    if np.ptp(values) == 0:
        return pd.DataFrame({"area_code": names.to_numpy()}).assign(
            moran=0.0,
            quadrant="",
            moran_p=1.0,
            is_moran_cluster=False,
            g_star=0.0,
            g_p=1.0,
            is_hot=False,
            is_cold=False,
        )
    options = {"permutations": permutations, "seed": seed, "keep_simulations": False, "n_jobs": 1}
    with warnings.catch_warnings():
        # esda announces another default for the direction of its test; both sides are counted below.
        warnings.simplefilter("ignore", DeprecationWarning)
        moran = Moran_Local(values, graph.transform("r"), **options)
        # G* wants positive values; a shift does not change its standardised form.
        star = G_Local(values - values.min() + 1, graph, transform="B", star=True, **options)
    moran_p, star_p = (np.minimum(1, 2 * result.p_sim) for result in (moran, star))
    is_cluster = moran_p <= fdr(moran_p, _ALPHA)
    is_special = star_p <= fdr(star_p, _ALPHA)
    return pd.DataFrame(
        {
            "area_code": names.to_numpy(),
            "moran": moran.Is,
            "quadrant": np.array(QUADRANTS, object)[moran.q - 1],
            "moran_p": moran_p,
            "is_moran_cluster": is_cluster,
            "g_star": star.Zs,
            "g_p": star_p,
            "is_hot": is_special & (star.Zs > 0),
            "is_cold": is_special & (star.Zs < 0),
        }
    )
