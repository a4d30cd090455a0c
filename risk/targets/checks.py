"""What is wrong with a list of sites, row by row: each finding keeps its site out of selection until resolved."""

from typing import Final

import geopandas as gpd
import numpy as np
import pandas as pd
import scipy
from numpy.typing import NDArray

from geodata.areas import joins
from geodata.codes import LOCATED_CLOSELY
from geodata.tables import site_table
from risk.index.declaration import Text

LARGEST: Final = {"fte": 20_000.0, "beds": 10_000.0, "m2": 3_000_000.0}
"""A size above this is taken for a mistake (the largest known are well below)."""

ALLOWED_ABROAD: Final = ("lodging", "holiday_park")
_WORDS: Final = {
    "no_place": Text(
        "heeft geen plaats; vul een adres of coördinaten aan", "has no place; add an address or coordinates"
    ),
    "in_sea": Text(
        "ligt in zee of buiten het land; verbeter de coördinaten", "lies in the sea or abroad; correct the coordinates"
    ),
    "other_gemeente": Text(
        "ligt in een andere gemeente dan erbij staat; verbeter een van de twee",
        "lies in another gemeente than it says; correct one of the two",
    ),
    "abroad": Text(
        "ligt in het buitenland; alleen huisvesting over de grens hoort in de lijst",
        "lies abroad; only lodging across the border belongs in the list",
    ),
    "abroad_lodging": Text(
        "huisvesting over de grens: telt mee in de verbanden, een bezoek gaat via de buren",
        "lodging across the border: counts in the links, a visit goes through the neighbours",
    ),
    "double": Text(
        "staat ook in een andere bron; zeg of het dezelfde is", "is also in another source; say if it is the same"
    ),
    "size": Text("heeft een onmogelijke grootte; verbeter die", "has an impossible size; correct it"),
}

_DOUBLE_M: Final = 150.0
_BORDER_M: Final = 2_000.0  # boundaries are generalised, and an address may lie on the other side
_LOCATED_ORDER: Final = {"exact": 0, "address": 1, "place": 2, "none": 3}
_COLUMNS: Final = ("row", "site_id", "problem", "other_site_id")


def problem_text(problem: str, lang: str) -> str:
    """Return in words what is wrong with a site and what to do.

    Examples
    --------
    >>> problem_text("size", "en")
    'has an impossible size; correct it'
    """
    return _WORDS[problem][lang]


def find_problems(sites: gpd.GeoDataFrame, gemeenten: gpd.GeoDataFrame) -> pd.DataFrame:
    """Return what is wrong with sites, one row per finding.

    Parameters
    ----------
    sites, gemeenten
        By their contracts (EPSG:28992); a negative size, which the contract refuses, is reported here too.

    Returns
    -------
    DataFrame
        row (of ``sites``, 1 for the first), site_id, problem (a code; `problem_text` has its words), other_site_id
        (for a double: the record that stays). ``abroad_lodging`` is allowed in the list, as a place where people who
        work here live, but nobody of ours can visit it.
    """
    sites = sites.reset_index(drop=True)
    has_place = sites.geometry.notna() & ~sites.geometry.is_empty
    home = (sites["country"] == "NL").to_numpy()
    in_gemeente = joins.gemeente_of_points(sites.geometry.where(has_place), gemeenten)
    is_sea = home & has_place.to_numpy() & (in_gemeente == "").to_numpy()
    is_sea[is_sea] = ~_near(sites[is_sea], gemeenten)
    claimed = sites["gemeente_code"]
    elsewhere = home & (in_gemeente != "").to_numpy() & (claimed != "").to_numpy() & (claimed != in_gemeente).to_numpy()
    elsewhere[elsewhere] = ~_near(sites[elsewhere], gemeenten, own=True)
    can_house = sites["kind"].isin(ALLOWED_ABROAD).to_numpy()
    size, largest = sites["size_n"].to_numpy(float), sites["size_unit"].map(LARGEST).to_numpy(float)
    found = [
        _rows(sites, home & ~has_place.to_numpy(), "no_place"),
        _rows(sites, is_sea, "in_sea"),
        _rows(sites, elsewhere, "other_gemeente"),
        _rows(sites, ~home & ~can_house, "abroad"),
        _rows(sites, ~home & can_house, "abroad_lodging"),
        _rows(sites, (size <= 0) | (size > largest), "size"),
        _doubles(sites, has_place & home),
    ]
    return pd.concat(found, ignore_index=True).sort_values(["row", "problem"], ignore_index=True)


def _rows(sites: pd.DataFrame, where: NDArray[np.bool_], problem: str) -> pd.DataFrame:
    places = np.flatnonzero(where)
    return pd.DataFrame(
        {
            "row": places + 1,
            "site_id": sites["site_id"].to_numpy(object)[places],
            "problem": problem,
            "other_site_id": "",
        },
        columns=list(_COLUMNS),
    ).astype({"site_id": "str", "problem": "str", "other_site_id": "str"})


def _near(points: gpd.GeoDataFrame, gemeenten: gpd.GeoDataFrame, *, own: bool = False) -> NDArray[np.bool_]:
    """Tell which points lie within the tolerance of a gemeente, or of the one they claim."""
    if points.empty:
        return np.zeros(0, bool)
    if own:
        shapes = gemeenten.set_index("gemeente_code").geometry.reindex(points["gemeente_code"])
        near = points.geometry.reset_index(drop=True).distance(shapes.reset_index(drop=True)) <= _BORDER_M
        return np.asarray(near)
    hits = gemeenten.sindex.query(points.geometry.array, predicate="dwithin", distance=_BORDER_M)[0]
    return np.isin(np.arange(len(points)), hits)


def _doubles(sites: gpd.GeoDataFrame, usable: pd.Series) -> pd.DataFrame:
    """Find sites that two sources have: alike in name and place, or of one size a few steps apart."""
    places = np.flatnonzero(usable & sites["located"].isin(LOCATED_CLOSELY))
    part = sites.iloc[places]
    named = site_table.likely(part)
    pairs = np.vstack([named[["left", "right"]].to_numpy(np.int64), _same_size(part)])
    a, b = places[pairs[:, 0]], places[pairs[:, 1]]
    ids, source = sites["site_id"].to_numpy(object), sites["source"].to_numpy(object)
    order = sites["located"].map(_LOCATED_ORDER).to_numpy(float)
    rank = np.empty(len(sites))
    rank[np.lexsort((ids, order))] = np.arange(len(sites))
    other = source[a] != source[b]
    kept, second = np.where(rank[a] < rank[b], (a, b), (b, a))[:, other]
    table = _rows(sites, np.isin(np.arange(len(sites)), second), "double")
    first = pd.Series(ids[kept], index=ids[second])
    return table.assign(other_site_id=table["site_id"].map(first.groupby(level=0).min()).astype("str"))


def _same_size(part: gpd.GeoDataFrame) -> NDArray[np.int64]:
    """Return pairs of one kind and one known size within a few steps of each other."""
    if part.empty:
        return np.empty((0, 2), np.int64)
    pairs = scipy.spatial.cKDTree(np.column_stack([part.geometry.x, part.geometry.y])).query_pairs(
        _DOUBLE_M, output_type="ndarray"
    )
    a, b = pairs[:, 0], pairs[:, 1]
    kind, size = part["kind"].to_numpy(object), part["size_n"].to_numpy(float)
    return np.asarray(pairs[(kind[a] == kind[b]) & (size[a] == size[b])], np.int64)


def unresolved(problems: pd.DataFrame, decisions: pd.DataFrame) -> pd.DataFrame:
    """Return the problems less those that somebody resolved.

    Two records that are different sites, and a fault that was put right, are resolved. Two records of the
    same site stay linked: one of them stays out of selection. Reopening a decision brings the problem back.

    Parameters
    ----------
    problems
        From `find_problems`.
    decisions
        Contract ``decisions``; the newest version of each.
    """
    settled = decisions[decisions["state"].isin(["different", "resolved"])]
    done = set(zip(settled["site_id"], settled["subject"], strict=True))
    is_done = [(site, name) in done for site, name in zip(problems["site_id"], problems["problem"], strict=True)]
    return problems[~np.array(is_done, bool)].reset_index(drop=True)
