"""How the picture moves in time: the weeks that can be looked back to, and what changed in four of them.

A change is divided over the indicators: the same data and method, so only the world moved.
"""

from typing import Final

import pandas as pd

from geodata import contracts
from geodata.weeks import Tables
from risk.index.classify import refuse_unlike
from risk.index.pipeline import Outcome, score

WEEKS: Final = 4
REFERENCE: Final = "reference"
"""Stands beside the indicators: how much the national reference itself moved."""


def changes(tables: Tables, now: Outcome) -> pd.DataFrame:
    """Return how much each indicator moved the score of an area in four weeks.

    What happened in these weeks and the season differ; corrections and new deliveries count in both scores. The
    rows of a unit add up to the change of its score.

    Parameters
    ----------
    tables
        As for `risk.index.pipeline.score`.
    now
        The outcome of level ``gemeente`` or ``vr``.

    Returns
    -------
    DataFrame
        Contract ``changes``: unit_id, indicator_code (also ``missing`` and `REFERENCE`), change_0_10. Only units
        scored then and now; empty when the earlier score would rest on other indicators.

    Raises
    ------
    UnlikePicturesError
        One of the two pictures lacks a dimension or route that the other has.
    """
    level = now.scores["level"].iloc[0]
    earlier = score(tables, level, now.model, rebuilds=0, at=now.peildatum - pd.Timedelta(weeks=WEEKS))
    refuse_unlike(earlier.lacks, now.lacks)
    if dict(earlier.left_out) != dict(now.left_out):
        return contracts.empty("changes")
    change = (_parts(now) - _parts(earlier)).dropna()
    return change.rename("change_0_10").reset_index()


def _parts(outcome: Outcome) -> pd.Series:
    keys = ["unit_id", "indicator_code"]
    reference = outcome.scores.assign(indicator_code=REFERENCE).set_index(keys)["reference_0_10"]
    parts: pd.Series = pd.concat([outcome.contributions.set_index(keys)["contribution_0_10"], reference])
    return parts


def sure(now: pd.DataFrame, then: pd.DataFrame) -> pd.DataFrame:
    """Return the units whose class changed and whose places then and now have intervals that do not meet.

    A score that swings around a cut changes nothing, whatever its class does.

    Returns
    -------
    DataFrame
        unit_id, risk_class.

    Examples
    --------
    >>> columns = ["unit_id", "risk_class", "rank_p05", "rank_p95"]
    >>> then = pd.DataFrame([("VR01", 2.0, 10, 15), ("VR02", 2.0, 10, 15), ("VR03", 2.0, 10, 15)], columns=columns)
    >>> now = pd.DataFrame([("VR01", 3.0, 1, 4), ("VR02", 3.0, 8, 12), ("VR03", 2.0, 1, 4)], columns=columns)
    >>> sure(now, then).to_numpy().tolist()
    [['VR01', 3]]
    """
    columns = ["risk_class", "rank_p05", "rank_p95"]
    both = now.set_index("unit_id")[columns].join(then.set_index("unit_id")[columns].add_suffix("_then")).dropna()
    apart = (both["rank_p95"] < both["rank_p05_then"]) | (both["rank_p05"] > both["rank_p95_then"])
    changed = both.loc[(both["risk_class"] != both["risk_class_then"]) & apart, "risk_class"]
    return changed.astype(int).reset_index()
