"""What is computed with the scores of sites, for the whole country at once: rises, and sites that belong together.

Work, housing and transport are linked by employer, agency or distance, also across regions. Each region's contact
sees the own sites, and of the others only in which region they are; LOT-C sees all (`access.rights`).
"""

from typing import Final

import geopandas as gpd
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute
import scipy
from numpy.typing import NDArray

from door.store import ScopedStore
from geodata import contracts
from geodata.batch import LOCAL, Pool
from geodata.weeks import Tables
from risk.index import pipeline
from risk.index.pipeline import Outcome
from risk.index.rebuild import CAPACITIES
from risk.scores import finding_out

RISE_WEEKS: Final = 4
FIRST_N: Final = 40
"""The first of all sites are so many where nothing else is asked: as many as a plan of a fortnight has visits."""


def beside_scores(tables: Tables, now: Outcome, pool: Pool = LOCAL) -> dict[str, pd.DataFrame]:
    """Return the tables that are stored with the scores of sites.

    Parameters
    ----------
    tables
        As for `risk.index.pipeline.score`.
    now
        The outcome of level ``site``.
    pool
        Who does the sites piece by piece.

    Returns
    -------
    dict
        ``rises``, ``first``, ``links`` and ``linked``, each by its contract.
    """
    links = find_links(tables["sites"])
    return {
        "rises": rises(tables, now, pool),
        "first": first(now),
        "links": links,
        "linked": site_links(tables["sites"], links),
    }


def first(now: Outcome) -> pd.DataFrame:
    """Return how likely each site is to be among the first of all sites, for some numbers of visits.

    Unlike the chance of the top of its own sector, this one can be compared between sectors.

    Returns
    -------
    DataFrame
        Contract ``first``: unit_id, capacity_n, p_first, and what finding out brings to the first of a site that has
        no place among them (`risk.scores.finding_out.gains`); without a chance or a gain there is no row.
    """
    if now.rebuilt is None:
        return contracts.empty("first")
    chances, units = now.rebuilt.p_first, now.scores["unit_id"].to_numpy()
    table = pd.DataFrame(
        {
            "unit_id": np.tile(units, len(CAPACITIES)),
            "capacity_n": np.repeat(CAPACITIES, len(units)),
            "p_first": chances.ravel(),
            "finding_out_gain_0_10": finding_out.gains(now, CAPACITIES).ravel(),
        }
    )
    tells = (table["p_first"] > 0) | (table["finding_out_gain_0_10"] > 0)
    return contracts.check("first", table[tells].reset_index(drop=True))


def among_first(store: ScopedStore, model_version: str) -> pd.DataFrame:
    """Return the chance to be among the first `FIRST_N`, and what finding out brings to them, on unit_id."""
    table = store.out("first", "site", model_version)
    mine = table[table["capacity_n"] == FIRST_N].set_index("unit_id")
    return mine[["p_first", "finding_out_gain_0_10"]]


def rises(tables: Tables, now: Outcome, pool: Pool = LOCAL) -> pd.DataFrame:
    """Return how much the score of every site rose in four weeks; parameters as for `beside_scores`.

    NaN where a site was not scored then or now, and everywhere when the earlier score would rest on other
    indicators: then the two cannot be compared.

    Returns
    -------
    DataFrame
        Contract ``rises``: unit_id, earlier_0_10, rise_0_10.
    """
    at = now.peildatum - pd.Timedelta(weeks=RISE_WEEKS)
    areas = {level: pipeline.score(tables, level, now.model, rebuilds=0, at=at) for level in pipeline.AREA_LEVELS}
    earlier, left_out = pipeline.site_scores(tables, now.model, areas, at, pool)
    before = earlier if dict(left_out) == dict(now.left_out) else np.full(len(earlier), np.nan)
    return pd.DataFrame(
        {
            "unit_id": now.scores["unit_id"],
            "earlier_0_10": before,
            "rise_0_10": now.scores["score_0_10"] - before,
        }
    )


Whole = NDArray[np.int64]

HOUSES: Final = ("lodging", "holiday_park")
NEAR_M: Final = 10_000.0
"""A lodging within this distance (straight line) of its nearest place of work is linked to it."""

_GROUP_PAIRS: Final = 60  # of a larger group not every two sites are worth a line


def find_links(sites: gpd.GeoDataFrame) -> pd.DataFrame:
    """Return pairs of sites that belong together.

    Every lodging is linked to the nearest place of work within reach, also across a border; not to all
    within reach, which would link a whole polder together. Sites of one employer group are linked;
    where the group runs lodgings only, it is an agency.

    Parameters
    ----------
    sites
        Contract ``sites`` (EPSG:28992).

    Returns
    -------
    DataFrame
        site_id, other_site_id, why (``employer``, ``agency`` or ``distance``) and distance_m (NaN where a place
        is not known).
    """
    sites = sites.reset_index(drop=True)
    pairs = [_by_distance(sites), _by_group(sites)]
    found = pd.concat(pairs, ignore_index=True)
    x, y = sites.geometry.x.to_numpy(), sites.geometry.y.to_numpy()
    a, b = found["a"].to_numpy(np.int64), found["b"].to_numpy(np.int64)
    ids = sites["site_id"].to_numpy(object)
    return pd.DataFrame(
        {
            "site_id": ids[a],
            "other_site_id": ids[b],
            "why": found["why"],
            "distance_m": np.hypot(x[a] - x[b], y[a] - y[b]).round(),
        }
    ).astype({"site_id": "str", "other_site_id": "str", "why": "str"})


def _by_distance(sites: gpd.GeoDataFrame) -> pd.DataFrame:
    is_house = sites["kind"].isin(HOUSES).to_numpy()
    placed = sites.geometry.notna().to_numpy() & (sites["located"] != "place").to_numpy()
    houses, work = np.flatnonzero(is_house & placed), np.flatnonzero(~is_house & placed)
    if not houses.size or not work.size:
        return _pairs(np.empty(0, np.int64), np.empty(0, np.int64), [])
    xy = np.column_stack([sites.geometry.x, sites.geometry.y])
    distance, nearest = scipy.spatial.cKDTree(xy[work]).query(xy[houses], distance_upper_bound=NEAR_M)
    near = np.isfinite(distance)
    return _pairs(houses[near], work[nearest[near]], ["distance"] * int(near.sum()))


def _by_group(sites: pd.DataFrame) -> pd.DataFrame:
    """Link every two sites of a group; in a very large one each with those that follow it."""
    grouped = sites[sites["employer_group"] != ""].sort_values(["employer_group", "site_id"])
    houses_only = grouped["kind"].isin(HOUSES).groupby(grouped["employer_group"]).transform("all").to_numpy(bool)
    group, place = grouped["employer_group"].to_numpy(object), grouped.index.to_numpy(np.int64)
    a, b = [], []
    for step in range(1, min(_GROUP_PAIRS, len(grouped) - 1) + 1):
        same = np.flatnonzero(group[:-step] == group[step:])
        if not same.size:
            break
        a.append(same)
        b.append(same + step)
    if not a:
        return _pairs(np.empty(0, np.int64), np.empty(0, np.int64), [])
    first, second = np.concatenate(a), np.concatenate(b)
    return _pairs(place[first], place[second], list(np.where(houses_only[first], "agency", "employer")))


def _pairs(a: Whole, b: Whole, why: list[str]) -> pd.DataFrame:
    return pd.DataFrame({"a": a, "b": b, "why": pd.Series(why, dtype="str")})


def site_links(sites: gpd.GeoDataFrame, links: pd.DataFrame) -> pd.DataFrame:
    """Return per linked site what the contact of its region may know of its links.

    Only direct links count: through agencies and neighbours, everything hangs together with everything.

    Parameters
    ----------
    sites
        Contract ``sites`` of the whole country.
    links
        From `find_links`.

    Returns
    -------
    DataFrame
        Contract ``linked``: unit_id, linked_site_ids (of the own region and of none, such as lodging across
        the border; ``;`` between them), why (of those), and other_vr_codes (where other linked sites lie:
        never how many, which, or why).
    """
    known = pd.Index(sites["site_id"])
    one, other = known.get_indexer(links["site_id"]), known.get_indexer(links["other_site_id"])
    here, there = np.concatenate([one, other]), np.concatenate([other, one])
    region, regions = pd.factorize(sites["vr_code"], sort=True)
    why, reasons = pd.factorize(np.concatenate([links["why"], links["why"]]), sort=True)
    is_own = (region[here] == region[there]) | (regions[region[there]] == "")
    in_order = known.argsort()
    place = np.empty(len(known), np.int64)
    place[in_order] = np.arange(len(known))
    unit, names = place[here], known[in_order]
    columns = {
        "linked_site_ids": _joined(unit[is_own], place[there[is_own]], names),
        "why": _joined(unit[is_own], why[is_own], pd.Index(reasons)),
        "other_vr_codes": _joined(unit[~is_own], region[there[~is_own]], pd.Index(regions)),
    }
    linked = np.unique(unit)
    table = pd.DataFrame({name: column.reindex(linked, fill_value="") for name, column in columns.items()})
    return table.set_axis(pd.Index(names[linked], name="unit_id")).reset_index().astype("str")


def _joined(unit: Whole, value: Whole, names: pd.Index) -> pd.Series:
    """Return per unit (a number) its different values, named, in order, with ``;`` between them."""
    unit, value = np.divmod(np.unique(unit * len(names) + value), max(len(names), 1))
    first = np.flatnonzero(np.diff(unit, prepend=-1))
    texts = pa.ListArray.from_arrays(
        np.append(first, len(unit)).astype(np.int32), pa.array(names.to_numpy(object)[value], pa.string())
    )
    joined = pa.compute.binary_join(texts, ";").to_numpy(zero_copy_only=False)
    return pd.Series(joined, index=unit[first], dtype="str")
