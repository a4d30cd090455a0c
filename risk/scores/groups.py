"""Sectors of which only their whole CBS group has figures per gemeente: areas of any size rank as that group.

The group is scored as one sector is, by the same index: its workers are summed, and its conditions and season are
the averages of its sectors with their national jobs as weights. Each of its sectors then shows that one ranking.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import pandas as pd

from geodata import codes
from geodata.batch import LOCAL, Pool
from geodata.tables.estimates import METHODS
from geodata.weeks import Tables
from risk.index import pipeline
from risk.index.declaration import Model, Season, SectorConditions
from risk.scores import telling_apart
from risk.scores.telling_apart import Ranking

_COUNTS: Final = ("establishments_n", "workers_n", "migrant_workers_n")
_KEYS: Final = ("gemeente_code", "sector_code", "year")


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
    shared = telling_apart.shared_out(tables["exposure"])
    grouped = {sector: shared[sector] for sector, one in apart.items() if one.why == telling_apart.Why.GROUP}
    if not grouped:
        return bare
    carrier_of, model = carriers(grouped), outcome.model
    whole, of_group = merged(tables, carrier_of), averaged(model, carrier_of)
    version = str(scores["data_version"].iloc[0])
    found = pipeline.score(whole, level, of_group, data_version=version, at=at, pool=pool, rebuilds=rebuilds)
    alone = ~whole["exposure"]["sector_code"].isin(set(carrier_of) - set(carrier_of.values()))
    of_groups = telling_apart.rankings(found, whole["exposure"][alone])
    shown = telling_apart.ties_alike(found.scores, model).assign(ranked_as="")
    tables_of = {"scores": bare.scores, "contributions": bare.contributions, "indicators": bare.indicators}
    given = {"scores": shown, "contributions": found.contributions, "indicators": found.indicators}
    for sector, carrier in carrier_of.items():
        one = of_groups[carrier]
        if one.why:
            continue  # nor can the areas of the group be told apart
        bare.apart[sector] = replace(one, why=telling_apart.Why.GROUP, ranked_as=grouped[sector])
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
