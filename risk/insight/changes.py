"""How the picture moves in time: the weeks that can be looked back to, and what changed in four of them.

A change is divided over the indicators: the same data and method, so only the world moved.
"""

from typing import Final

import pandas as pd

from risk.index.indicators import Tables, peildatum
from risk.index.measure import last_day
from risk.index.pipeline import Outcome, score

__all__ = ["REFERENCE", "WEEKS", "changes", "last_day", "weeks_of"]

WEEKS: Final = 4
REFERENCE: Final = "reference"
"""Stands beside the indicators: how much the national reference itself moved."""


_LOOK_BACK_N: Final = 52  # a year of weeks: a slider over more cannot be aimed


def weeks_of(tables: Tables) -> tuple[str, ...]:
    """Return the weeks before the peildatum of which the picture can be rebuilt, the oldest first.

    From the first week in which an activation or a week of incidence lies, a year back at most, to the last one
    that was over before the peildatum.

    Examples
    --------
    >>> weeks_of({"incidence": pd.DataFrame({"week": ["2020-W52", "2021-W01"]})})
    ('2020-W52', '2020-W53')
    """
    firsts = []
    if len(table := tables.get("activations", pd.DataFrame())):
        firsts.append(pd.Timestamp(table["event_date"].min()))
    if len(table := tables.get("incidence", pd.DataFrame())):
        firsts.append(last_day(table["week"].min()))
    if not firsts:
        return ()
    sundays = pd.date_range(min(firsts), peildatum(tables) - pd.Timedelta(days=1), freq="W-SUN")
    return tuple(sundays.strftime("%G-W%V")[-_LOOK_BACK_N:])


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
    """
    level = now.scores["level"].iloc[0]
    earlier = score(tables, level, now.model, rebuilds=0, at=now.peildatum - pd.Timedelta(weeks=WEEKS))
    if dict(earlier.left_out) != dict(now.left_out):
        return pd.DataFrame({"unit_id": [], "indicator_code": [], "change_0_10": []}).astype(
            {"unit_id": "str", "indicator_code": "str", "change_0_10": float}
        )
    change = (_parts(now) - _parts(earlier)).dropna()
    return change.rename("change_0_10").reset_index()


def _parts(outcome: Outcome) -> pd.Series:
    keys = ["unit_id", "indicator_code"]
    reference = outcome.scores.assign(indicator_code=REFERENCE).set_index(keys)["reference_0_10"]
    parts: pd.Series = pd.concat([outcome.contributions.set_index(keys)["contribution_0_10"], reference])
    return parts
