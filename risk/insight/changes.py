"""What changed: in four weeks, told per indicator; between two versions, told as data, model and world."""

from dataclasses import dataclass
from typing import Final

import pandas as pd

from geodata import contracts
from geodata.weeks import Tables, peildatum
from risk.index.classify import refuse_unlike
from risk.index.declaration import Model
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


@dataclass(frozen=True)
class Version:
    """The tables as they were known, and the model they were scored with."""

    tables: Tables
    model: Model


SUMS: Final = ("score_before", "data", "world", "model", "score_after")


def compare(before: Version, after: Version, level: str) -> pd.DataFrame:
    """Return the change of every unit's score and where it comes from.

    The steps are taken one after the other, so the three parts add up to the change exactly:

    - *data*: the new tables, but only what had happened by the earlier peildatum (corrections, new deliveries);
    - *world*: what happened since, and the season;
    - *model*: the new declaration.

    Parameters
    ----------
    before, after
        The two versions; the later one may share tables or model with the earlier.
    level
        ``vr``, ``gemeente`` or ``site``.

    Returns
    -------
    DataFrame
        unit_id, score_before, score_after, change, of which data, world and model; NaN where a unit is not
        scored in one of the steps (or is new, or gone).

    Raises
    ------
    UnlikePicturesError
        One of the two pictures lacks a dimension or route that the other has.
    """
    then = peildatum(before.tables, before.model.disease)
    steps = [
        score(before.tables, level, before.model, rebuilds=0),
        score(after.tables, level, before.model, rebuilds=0, at=then),
        score(after.tables, level, before.model, rebuilds=0),
        score(after.tables, level, after.model, rebuilds=0),
    ]
    for one in steps[1:]:
        refuse_unlike(steps[0].lacks, one.lacks)
    table = pd.concat([one.scores.set_index("unit_id")["score_0_10"] for one in steps], axis=1, keys=range(4))
    return pd.DataFrame(
        {
            "score_before": table[0],
            "score_after": table[3],
            "change": table[3] - table[0],
            "data": table[1] - table[0],
            "world": table[2] - table[1],
            "model": table[3] - table[2],
        }
    ).reset_index(names="unit_id")
