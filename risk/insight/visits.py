"""Visits with a known outcome, beside what was known of the place before: the only honest teacher.

A visit that found nothing counts as much as one that did. Who looked, and how often anyone looked, is not
among what is known of a place.
"""

from typing import Final

import numpy as np
import pandas as pd

from geodata.tables.activations import valid_activations
from geodata.weeks import Tables, peildatum
from risk.index.declaration import Model
from risk.index.pipeline import Outcome, score

NEVER_FEATURES: Final = ("registered_migrant_workers", "confirmed_infections")
"""Origin is only size, never risk; and what was found depends on where anyone looked."""


def visit_table(tables: Tables, model: Model) -> pd.DataFrame:
    """Return one row per visit with a known outcome.

    Parameters
    ----------
    tables, model
        As for `risk.index.pipeline.score`.

    Returns
    -------
    DataFrame
        unit_id (region and sector), vr_code, month (its first day), found (0 or 1), is_random, weight (one over
        the known probability, else 1), score and rank of the unit as they stood at the end of the month before,
        previous_n (activations of any kind in that month), workers_n, and each indicator on 0-10.
    """
    everything = valid_activations(tables["activations"])
    known = everything[everything["infections_found"].isin(["yes", "no"])]
    month = known["event_date"].dt.to_period("M").dt.to_timestamp()
    parts = [_of_month(tables, model, known[month == first], first, everything) for first in sorted(month.unique())]
    features = [code for code in model.areas.codes if code not in NEVER_FEATURES]
    columns = [
        "unit_id",
        "vr_code",
        "month",
        "found",
        "is_random",
        "weight",
        "score",
        "rank",
        "k_n",
        "previous_n",
        "workers_n",
        *features,
    ]
    return pd.concat(parts, ignore_index=True)[columns] if parts else pd.DataFrame(columns=columns)


def outcome_before(tables: Tables, model: Model, level: str, first: pd.Timestamp) -> Outcome:
    """Return the scores as of the day before a date.

    Parameters
    ----------
    tables
        The core tables by name.
    model
        The index as declared.
    level
        ``vr`` or ``gemeente``.
    first
        The date.
    """
    at = min(first - pd.Timedelta(days=1), peildatum(tables, model.disease))
    return score(tables, level, model, rebuilds=0, at=at)


def _of_month(
    tables: Tables, model: Model, visits: pd.DataFrame, first: pd.Timestamp, everything: pd.DataFrame
) -> pd.DataFrame:
    outcome = outcome_before(tables, model, "vr", first)
    unit = visits["vr_code"] + ":" + visits["sector_code"]
    units = outcome.scores.set_index("unit_id").reindex(unit)
    values = pd.DataFrame(
        outcome.prepared.values_0_10, index=outcome.prepared.measured.units["unit_id"], columns=model.areas.codes
    ).reindex(unit)
    earlier = everything[everything["event_date"].dt.to_period("M") == (first - pd.Timedelta(days=1)).to_period("M")]
    counts = (earlier["vr_code"] + ":" + earlier["sector_code"]).value_counts()
    workers = outcome.prepared.measured.units.set_index("unit_id")["workers_n"].reindex(unit)
    probability = visits["inclusion_probability"].fillna(1).clip(lower=model.history.minimum_probability)
    row = pd.DataFrame(
        {
            "unit_id": unit.to_numpy(),
            "vr_code": visits["vr_code"].to_numpy(),
            "month": first,
            "found": (visits["infections_found"] == "yes").to_numpy(float),
            "is_random": (visits["trigger"] == "steekproef").to_numpy(),
            "weight": 1 / probability.to_numpy(float),
            "score": units["score_0_10"].to_numpy(float),
            "rank": units["rank"].to_numpy(float),
            "k_n": units["k_n"].to_numpy(float),
            "previous_n": counts.reindex(unit).fillna(0).to_numpy(float),
            "workers_n": workers.to_numpy(float),
        }
    )
    return pd.concat([row, values.reset_index(drop=True).astype(np.float64)], axis=1)
