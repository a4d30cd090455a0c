"""What is computed with the scores of sites, for the whole country at once: rises, links, what finding out brings.

Work, housing and transport are linked by employer, agency or distance, also across regions. Each region's contact
sees the own sites, and of the others only in which region they are; LOT-C sees all (`access.rights`).

A site of unknown size or place has no place in the ranking, so nobody goes there by its score. Once it is known it
takes the place of the last of the first k wherever its score is above theirs. What it may turn out to be is what
sites of its kind are of which all is known; each is as likely as the other.
"""

from collections.abc import Collection, Iterator
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
from risk.index.aggregate import aggregate, weigh
from risk.index.draws import SiteSampler
from risk.index.pipeline import Outcome
from risk.index.rebuild import CAPACITIES

RISE_WEEKS: Final = 4
FIRST_N: Final = 40
"""The first of all sites are so many where nothing else is asked: as many as a plan of a fortnight has visits."""
Array = NDArray[np.floating]
Places = NDArray[np.intp]

_ENOUGH: Final = 3
_MOST_N: Final = 200
"""Of a kind with more known sites so many stand for all, evenly over their scores."""
_ROWS_AT_ONCE: Final = 200_000


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
        no place among them (`risk.scores.site_tables.gains`); without a chance or a gain there is no row.
    """
    if now.rebuilt is None:
        return contracts.empty("first")
    chances, units = now.rebuilt.p_first, now.scores["unit_id"].to_numpy()
    table = pd.DataFrame(
        {
            "unit_id": np.tile(units, len(CAPACITIES)),
            "capacity_n": np.repeat(CAPACITIES, len(units)),
            "p_first": chances.ravel(),
            "finding_out_gain_0_10": gains(now, CAPACITIES).ravel(),
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


def gains(now: Outcome, capacities: Collection[int]) -> Array:
    """Return by how much the summed score of the first so many sites is expected to rise when a site is known.

    The expected value of perfect information on one site (Raiffa and Schlaifer 1961): the mean over what it may turn
    out to be of what it then scores above the last of the first k, nil where it stays below. Where fewer than k
    sites have a place, none need make room for it.

    Parameters
    ----------
    now
        Of level ``site``.
    capacities
        Numbers of first sites.

    Returns
    -------
    array
        Capacities x units; NaN for a unit that has a place in the ranking, and for one that is not shown.
    """
    shown, units = now.prepared, now.scores["unit_id"].to_numpy()
    found = np.full((len(capacities), len(units)), np.nan)
    sampler = shown.measured.sampler
    if not isinstance(sampler, SiteSampler):
        return found
    last = _last_of_first(now, capacities)
    for site, scores in _known_scores(now, sampler):
        found[:, site] = gain(scores, last)
    return found


def gain(scores: Array, last: Array) -> Array:
    """Return the expected rise of the first so many, for each score of the last of them.

    Examples
    --------
    >>> gain(np.array([2.0, 6.0, 8.0]), np.array([5.0, 9.0])).round(2).tolist()
    [1.33, 0.0]
    """
    return np.asarray(np.maximum(scores[None] - last[:, None], 0.0).mean(axis=1))


def _last_of_first(now: Outcome, capacities: Collection[int]) -> Array:
    """Return the score of the last of the first so many sites that have a place; 0 where there are fewer."""
    placed = now.scores.loc[now.scores["rank"].notna(), "score_0_10"].to_numpy(float)
    falling = -np.sort(-placed)
    return np.array([falling[one - 1] if one <= len(falling) else 0.0 for one in capacities])


def _known_scores(now: Outcome, sampler: SiteSampler) -> Iterator[tuple[int, Array]]:
    """Give each site without a place, by its number among all, with the scores that it may turn out to have."""
    shown, model = now.prepared, now.model
    weights, drops = weigh(shown.measured.index, shown.kept), shown.measured.index.drops_missing
    place_of = {unit: place for place, unit in enumerate(now.scores["unit_id"])}
    numbers = np.array([place_of[unit] for unit in shown.measured.units["unit_id"]], int)
    values, unplaced = shown.values_0_10, shown.measured.unplaced != ""
    known = np.flatnonzero(~unplaced & np.isfinite(now.aggregated.score))
    for kind in dict.fromkeys(sampler.kind_of[unplaced]):
        sites = np.flatnonzero(unplaced & (sampler.kind_of == kind))
        like = _like(known, sampler.kind_of == kind, now.aggregated.score)
        if not len(like):
            continue
        for part in np.array_split(sites, -(-len(sites) * len(like) // _ROWS_AT_ONCE)):
            mixed = np.repeat(values[part][:, None], len(like), axis=1)
            taken = np.where(sampler.is_missing[part][:, None], values[like][None], mixed)
            flat = taken.reshape(-1, values.shape[1])
            scores = aggregate(flat, weights, model.scale, drops_missing=drops).score.reshape(len(part), len(like))
            yield from zip(numbers[part].tolist(), np.nan_to_num(scores), strict=True)


def _like(known: Places, of_kind: NDArray[np.bool_], score: Array) -> Places:
    """Return the sites that tell what another of their kind may turn out to be; of all kinds where they are few."""
    mine = known[of_kind[known]]
    mine = mine if len(mine) >= _ENOUGH else known
    rising = mine[np.argsort(score[mine], kind="stable")]
    if len(rising) <= _MOST_N:
        return rising
    return rising[np.linspace(0, len(rising) - 1, _MOST_N).round().astype(np.intp)]
