"""Which rankings tell areas apart, and which only look as if they did: those lose score, class and place.

A ranking of areas means something where their figures were measured in each of them. Where most of it comes from
what is the same everywhere, or from a border, or where one group's workers are shared out over its sectors by the
same counts, the order of the areas says nothing of the sector, and none is shown.

Sectors of which only their whole CBS group has figures per gemeente rank as that group, in areas of any size. It is
scored as one sector is, by the same index: its workers are summed, and its conditions and season are the averages of
its sectors with their national jobs as weights. Each of its sectors then shows that one ranking.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from geodata import codes
from geodata.batch import LOCAL, Pool
from geodata.tables.estimates import METHODS
from geodata.weeks import Tables
from risk.index import pipeline
from risk.index.declaration import Model, Season, SectorConditions, TellingApart
from risk.index.pipeline import Outcome

Array = NDArray[np.float64]

_NOT_PER_AREA: Final = frozenset({"model", "veiligheidsregios"})
"""Tables whose figures are the same in every area, or in every area of a region."""
_SAME = 6  # decimals: scores that differ less are the same
_BLANKED: Final = ("score_0_10", "reference_0_10", "risk_class", "rank", "rank_p05", "rank_p95", "p_top_k")
_COUNTS: Final = ("establishments_n", "workers_n", "migrant_workers_n")
_KEYS: Final = ("gemeente_code", "sector_code", "year")


class Why(StrEnum):
    """Why the areas of a sector cannot be told apart."""

    GROUP = "group"  # its workers are a fixed part of a group that holds other sectors too
    DISTINCT = "distinct"  # too few different scores
    MEASURED = "measured"  # too little of the differences was measured per area


@dataclass(frozen=True)
class Ranking:
    """How well the areas of one sector can be told apart.

    Attributes
    ----------
    distinct_n
        How many different scores there are among the scored units.
    measured_share
        Part of the variance of the score that comes from what was measured in each area (0-1).
    why
        '' where they can be told apart.
    ranked_as
        The CBS group as which the sector is ranked, such as ``A``; '' where it is not.
    """

    scored_n: int
    distinct_n: int
    measured_share: float
    why: str = ""
    ranked_as: str = ""


def rankings(outcome: Outcome, exposure: pd.DataFrame) -> dict[str, Ranking]:
    """Return for every sector ('' = all together) how well its areas can be told apart.

    Parameters
    ----------
    outcome
        Scores of a level of areas, with their parts.
    exposure
        Contract ``Exposure``: by which method the workers of each sector came about.
    """
    grouped = shared_out(exposure)
    indicators = outcome.prepared.measured.index.indicators
    is_measured = np.array([*(one.table not in _NOT_PER_AREA for one in indicators), False])
    found = {}
    for sector, rows in outcome.scores.reset_index(drop=True).groupby("sector_code"):
        scored = rows[rows["score_0_10"].notna()]
        score, parts = scored["score_0_10"].to_numpy(float), outcome.parts[scored.index]
        one = Ranking(len(scored), distinct_n(score), measured_share(score, parts, is_measured))
        declared = outcome.model.telling_apart
        why = Why.GROUP if sector in grouped else _why(one, declared)
        found[str(sector)] = Ranking(one.scored_n, one.distinct_n, one.measured_share, why)
    return found


def _why(one: Ranking, declared: TellingApart) -> str:
    if one.scored_n < declared.fewest_n:
        return ""
    if one.distinct_n < declared.minimum_distinct * one.scored_n:
        return Why.DISTINCT
    return Why.MEASURED if one.measured_share < declared.minimum_measured else ""


def distinct_n(score: Array) -> int:
    """Return how many different scores there are.

    Examples
    --------
    >>> distinct_n(np.array([7.5678, 7.5678, 5.763]))
    2
    """
    return int(np.unique(np.round(score, _SAME)).size)


def measured_share(score: Array, parts: Array, is_measured: NDArray[np.bool_]) -> float:
    """Return the part of the variance of scores that some of their parts bring (0-1).

    The parts add up to the score, so the covariances of the parts with the score add up to its variance.

    Parameters
    ----------
    score
        Per unit.
    parts
        Units x parts.
    is_measured
        Which parts count.

    Examples
    --------
    >>> parts = np.array([[1.0, 0.0], [0.0, 1.0], [1.0, 2.0], [0.0, 3.0]])
    >>> round(measured_share(parts.sum(axis=1), parts, np.array([False, True])), 2)
    1.0
    """
    if len(score) < 2:
        return 0.0
    away = score - score.mean()
    total = float(away @ away)
    if total < 10.0**-_SAME:
        return 0.0
    shares = away @ np.nan_to_num(parts) / total
    return float(np.clip(shares[is_measured].sum(), 0.0, 1.0))


def shared_out(exposure: pd.DataFrame) -> dict[str, str]:
    """Return the sectors whose workers are only a fixed part of a CBS group that holds other such sectors too.

    Returns
    -------
    dict
        Sector -> its group, such as ``A``.
    """
    newest = exposure[exposure["sector_code"].isin(codes.SECTORS) & exposure["workers_n"].notna()]
    if newest.empty:
        return {}
    newest = newest[newest["year"] == newest["year"].max()]
    by_group = newest["workers_n_source"].str.contains("group_share| of SBI:", regex=True)
    alone = by_group.groupby(newest["sector_code"]).all()
    groups = {str(sector): codes.SECTORS[str(sector)].cbs_group for sector in alone[alone].index}
    counts = pd.Series(groups, dtype=object).value_counts()
    return {sector: group for sector, group in groups.items() if counts[group] > 1}


def withheld(scores: pd.DataFrame, found: Mapping[str, Ranking]) -> pd.DataFrame:
    """Return scores without those of sectors whose areas cannot be told apart: no class, no flag, no place."""
    hidden = scores["sector_code"].isin([sector for sector, one in found.items() if one.why and not one.ranked_as])
    blanked = scores.copy()
    blanked.loc[hidden, list(_BLANKED)] = np.nan
    blanked.loc[hidden, "is_flagged"] = False
    return blanked


def ties_alike(scores: pd.DataFrame, model: Model) -> pd.DataFrame:
    """Return scores in which those of equal score share place, interval and chance, and so are flagged alike."""
    scored = scores["score_0_10"].notna()
    keys = [scores["sector_code"], scores["score_0_10"].round(_SAME).where(scored, -1.0 - np.arange(len(scores)))]
    same = scores.groupby(keys, sort=False)
    alike = scores.assign(
        rank=same["rank"].transform("min"),
        rank_p05=same["rank_p05"].transform("min"),
        rank_p95=same["rank_p95"].transform("max"),
        p_top_k=same["p_top_k"].transform("mean"),
    )
    is_tied = same["unit_id"].transform("size") > 1
    high = (alike["risk_class"] >= 4) & (alike["p_top_k"] >= model.scale.flag_probability)
    return alike.assign(is_flagged=scores["is_flagged"].where(~is_tied, high).astype(bool))


def status_shares(contributions: pd.DataFrame, indicators: pd.DataFrame) -> dict[str, float]:
    """Return how much of what sets scores apart is official, estimate, assumption or fictional (adds up to 1).

    Weighted by contribution, not by counting cells: a hundred assumptions that move nothing count for nothing.

    Examples
    --------
    >>> parts = pd.DataFrame({"unit_id": ["a", "a"], "indicator_code": ["x", "y"], "contribution_0_10": [-3.0, 1.0]})
    >>> cells = pd.DataFrame({"unit_id": ["a", "a"], "indicator_code": ["x", "y"], "status": ["official", "estimate"]})
    >>> status_shares(parts, cells)
    {'official': 0.75, 'estimate': 0.25}
    """
    keys = ["unit_id", "indicator_code"]
    known = indicators.loc[indicators["status"] != "missing", [*keys, "status"]]
    both = contributions.merge(known, on=keys)
    size = both["contribution_0_10"].abs().groupby(both["status"].astype(str)).sum()
    size = size[size > 0].sort_values(ascending=False)
    return {str(status): float(share) for status, share in (size / size.sum()).items()}


@dataclass(frozen=True)
class Scored:
    """The tables of a level in which some sectors stand with the ranking of their group.

    Attributes
    ----------
    scores, contributions, indicators
        By their contracts; ``ranked_as`` of the scores names the group, '' where a sector has its own ranking.
    apart
        Sector -> how well its areas can be told apart; of a group, how well those of the group can.
    """

    scores: pd.DataFrame
    contributions: pd.DataFrame
    indicators: pd.DataFrame
    apart: dict[str, Ranking]


def carriers(grouped: Mapping[str, str]) -> dict[str, str]:
    """Return for every grouped sector the one that its group is scored under: the first of the group.

    Examples
    --------
    >>> carriers({"open_field": "A", "glass_horticulture": "A", "construction": "B-F"})
    {'glass_horticulture': 'glass_horticulture', 'open_field': 'glass_horticulture', 'construction': 'construction'}
    """
    first: dict[str, str] = {}
    ordered = [sector for sector in codes.SECTORS if sector in grouped]
    return {sector: first.setdefault(grouped[sector], sector) for sector in ordered}


def merged(tables: Tables, carrier_of: Mapping[str, str]) -> dict[str, pd.DataFrame]:
    """Return the tables with the activations of each group under its one sector, and its workers under every one.

    A sector without workers would be one that nothing is known of, and too many of those leave out size for all.
    """
    exposure, activations = tables["exposure"], tables["activations"]
    mine = exposure["sector_code"].isin(carrier_of)
    rows = exposure[mine].assign(sector_code=exposure.loc[mine, "sector_code"].map(carrier_of))
    together = rows.groupby(list(_KEYS), as_index=False)
    whole = together.first().assign(**together[list(_COUNTS)].sum(min_count=1)[list(_COUNTS)])
    if "workers_n_log_sd" in whole:  # what is not known is each sector's part of the group, not the group
        whole["workers_n_log_sd"] = METHODS["section_count"].log_sd
    named = [whole[whole["sector_code"] == one].assign(sector_code=sector) for sector, one in carrier_of.items()]
    placed = activations["sector_code"].map(carrier_of).fillna(activations["sector_code"])
    return {
        **tables,
        "exposure": pd.concat([exposure[~mine], *(one[exposure.columns] for one in named)], ignore_index=True).astype(
            exposure.dtypes
        ),
        "activations": activations.assign(sector_code=placed.astype(activations["sector_code"].dtype)),
    }


def averaged(model: Model, carrier_of: Mapping[str, str]) -> Model:
    """Return a model in which the sector of each group has the conditions and season of the whole group."""
    conditions, seasons = dict(model.conditions), dict(model.seasons)
    for carrier in set(carrier_of.values()):
        inside = [sector for sector, one in carrier_of.items() if one == carrier]
        jobs = np.array([codes.SECTORS[sector].jobs_n for sector in inside], float)
        own = model.conditions[carrier]
        shares = {
            name: float(np.average([model.conditions[one].shares[name] for one in inside], weights=jobs))
            for name in own.shares
        }
        months = np.average([model.seasons[one].months for one in inside], axis=0, weights=jobs)
        conditions[carrier] = _with_shares(own, shares)
        seasons[carrier] = _with_months(model.seasons[carrier], tuple(map(float, months)))
    return replace(model, conditions=conditions, seasons=seasons)


def _with_shares(own: SectorConditions, shares: Mapping[str, float]) -> SectorConditions:
    return replace(own, shares=shares)


def _with_months(own: Season, months: tuple[float, ...]) -> Season:
    return replace(own, months=months)


def ranked(
    tables: Tables,
    level: str,
    outcome: pipeline.Outcome,
    scores: pd.DataFrame,
    apart: Mapping[str, Ranking],
    *,
    at: pd.Timestamp | None = None,
    pool: Pool = LOCAL,
    rebuilds: int | None = None,
) -> Scored:
    """Return the tables of a level of areas with grouped sectors under the ranking of their group.

    Parameters
    ----------
    tables, level, at, pool, rebuilds
        As for `risk.index.pipeline.score`.
    outcome, scores, apart
        Of the level: as scored, ties alike, and `risk.scores.telling_apart.rankings`.
    """
    bare = Scored(scores.assign(ranked_as=""), outcome.contributions, outcome.indicators, dict(apart))
    shared = shared_out(tables["exposure"])
    grouped = {sector: shared[sector] for sector, one in apart.items() if one.why == Why.GROUP}
    if not grouped:
        return bare
    carrier_of, model = carriers(grouped), outcome.model
    whole, of_group = merged(tables, carrier_of), averaged(model, carrier_of)
    version = str(scores["data_version"].iloc[0])
    found = pipeline.score(whole, level, of_group, data_version=version, at=at, pool=pool, rebuilds=rebuilds)
    alone = ~whole["exposure"]["sector_code"].isin(set(carrier_of) - set(carrier_of.values()))
    of_groups = rankings(found, whole["exposure"][alone])
    shown = ties_alike(found.scores, model).assign(ranked_as="")
    tables_of = {"scores": bare.scores, "contributions": bare.contributions, "indicators": bare.indicators}
    given = {"scores": shown, "contributions": found.contributions, "indicators": found.indicators}
    for sector, carrier in carrier_of.items():
        one = of_groups[carrier]
        if one.why:
            continue  # nor can the areas of the group be told apart
        bare.apart[sector] = replace(one, why=Why.GROUP, ranked_as=grouped[sector])
        for name, table in tables_of.items():
            tables_of[name] = _replaced(table, given[name], sector, carrier)
        named = tables_of["scores"]["sector_code"] == sector
        tables_of["scores"].loc[named, "ranked_as"] = grouped[sector]
    return Scored(**tables_of, apart=bare.apart)


def _replaced(table: pd.DataFrame, given: pd.DataFrame, sector: str, carrier: str) -> pd.DataFrame:
    """Return a table with the rows of a sector replaced by those that its group has under its carrier."""
    own = given[given["unit_id"].str.endswith(f":{carrier}")]
    renamed = own.assign(unit_id=own["unit_id"].str.removesuffix(carrier) + sector)
    if "sector_code" in renamed:
        renamed = renamed.assign(sector_code=sector)
    kept = table[~table["unit_id"].str.endswith(f":{sector}")]
    return pd.concat([kept, renamed[table.columns].astype(table.dtypes)], ignore_index=True)
