"""What is computed with the scores of sites, for the whole country at once: rises, and links between sites."""

from typing import Final

import numpy as np
import pandas as pd

from door.store import ScopedStore
from geodata import contracts
from geodata.batch import LOCAL, Pool
from geodata.weeks import Tables
from risk.index import pipeline
from risk.index.pipeline import Outcome
from risk.index.rebuild import CAPACITIES
from risk.insight import linking
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
    links = linking.find_links(tables["sites"])
    return {
        "rises": rises(tables, now, pool),
        "first": first(now),
        "links": links,
        "linked": linking.site_links(tables["sites"], links),
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
