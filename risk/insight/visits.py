"""Visits: those with a known outcome with what was known of the place before, and how often a region visits.

A visit that found nothing counts as much as one that did. Who looked, and how often anyone looked, is not among what
is known of a place: regions that look more find more. How often is told per 10,000 exposed workers, with an interval,
and stays out of the index; only confirmed infections enter that, by rules of their own.

Whoever looks where something was found, finds more there, and looks there still more. A simulation shows that recording
finds alone runs away even between two areas of equal risk; weighing each find by one over the chance that it was
looked for, together with a share of visits drawn at random, does not.
"""

from typing import Final, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from geodata.codes import ACTIVATION_KINDS
from geodata.tables.corrections import valid_activations
from geodata.weeks import Tables, peildatum
from risk.index.declaration import Model
from risk.index.grid import SECTORS
from risk.index.indicators import measure
from risk.index.pipeline import Outcome, score
from risk.index.smooth import fit_prior, interval_of, smooth_rates

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


ALL_KINDS: Final = ""
_PER_10K = 10_000


def picture(tables: Tables, level: str, model: Model) -> pd.DataFrame:
    """Return the activations of every unit, by kind.

    Parameters
    ----------
    tables
        As for `risk.index.pipeline.score`.
    level
        ``gemeente`` or ``vr``. An activation without a gemeente counts at level ``vr`` only.
    model
        The declaration.

    Returns
    -------
    DataFrame
        unit_id, area_code, sector_code, kind (preventief, repressief, '' = both), activations_n, per_10k and its
        90 % interval (per 10,000 exposed workers, smoothed over the units of the same sector and kind), and
        last_visited (NaT where never). All sectors together counts every activation, also of sectors that
        are left out of the score.
    """
    units = measure(tables, level, model).units
    activations = valid_activations(tables["activations"])
    column = {"gemeente": "gemeente_code", "vr": "vr_code"}[level]
    placed = activations[activations[column] != ""]
    both = pd.concat([placed, placed.assign(sector_code="")])
    kinds = pd.concat([both, both.assign(kind=ALL_KINDS)])
    keys = [kinds[column].rename("area_code"), kinds["sector_code"], kinds["kind"]]
    seen = kinds.groupby(keys)["event_date"].agg(["size", "max"])
    parts = []
    for kind in (ALL_KINDS, *ACTIVATION_KINDS):
        index = pd.MultiIndex.from_arrays([units["area_code"], units["sector_code"], [kind] * len(units)])
        found = seen.reindex(index)
        part = units[["unit_id", "area_code", "sector_code", "workers_n"]].assign(
            kind=kind,
            activations_n=found["size"].fillna(0).to_numpy(float),
            last_visited=found["max"].to_numpy("datetime64[ns]"),
        )
        parts += [_with_rates(part[part["sector_code"] == sector]) for sector in (*SECTORS, "")]
    table = pd.concat(parts).sort_values(["unit_id", "kind"], ignore_index=True)
    return table.drop(columns="workers_n")


def _with_rates(part: pd.DataFrame) -> pd.DataFrame:
    exposure = part["workers_n"].to_numpy(float) / _PER_10K
    events = np.where(np.isfinite(exposure), part["activations_n"], np.nan)
    if not (np.nan_to_num(exposure) > 0).any():
        return part.assign(per_10k=np.nan, per_10k_p05=np.nan, per_10k_p95=np.nan)
    rates = smooth_rates(events, exposure, fit_prior(events, exposure))
    return part.assign(
        per_10k=rates["rate"].to_numpy(),
        per_10k_p05=rates["rate_p05"].to_numpy(),
        per_10k_p95=rates["rate_p95"].to_numpy(),
    )


def own_rates(activations: pd.DataFrame, workers_n: float) -> pd.DataFrame:
    """Return the activations of one area by kind, against its own workers alone.

    The interval is that of a Poisson count with Jeffreys' prior (a gamma of 0.5 and 0): it says what the area's
    own record says, also when nothing was done. `picture` smooths over areas and needs the whole country.

    Parameters
    ----------
    activations
        Contract ``activations``, of one area.
    workers_n
        Exposed workers of that area; NaN or 0 leaves the rates NaN.

    Returns
    -------
    DataFrame
        kind (preventief, repressief, '' = both), activations_n, per_10k with per_10k_p05 and per_10k_p95, and
        last_visited (NaT where never).
    """
    valid = valid_activations(activations)
    tens = workers_n / _PER_10K if workers_n > 0 else np.nan
    rows = []
    for kind in (*ACTIVATION_KINDS, ALL_KINDS):
        mine = valid if kind == ALL_KINDS else valid[valid["kind"] == kind]
        low, high = interval_of([len(mine) + 0.5], [tens])
        rows.append((kind, len(mine), len(mine) / tens, float(low[0]), float(high[0]), mine["event_date"].max()))
    columns = ["kind", "activations_n", "per_10k", "per_10k_p05", "per_10k_p95", "last_visited"]
    return pd.DataFrame(rows, columns=columns)


Array = NDArray[np.float64]


def simulate(
    rates: tuple[float, float] = (0.1, 0.1),
    *,
    visits: int = 5_000,
    runs: int = 60,
    random_share: float = 0.0,
    counting: Literal["hits", "weighted"] = "hits",
    seed: int = 1,
) -> Array:
    """Return in each run the share of visits that the first of two areas gets in the end.

    Parameters
    ----------
    rates
        Chance that a visit finds something, per area.
    visits, runs
        Visits one after the other in a run, and independent runs.
    random_share
        Part of the visits drawn with equal chances (0-1); the others follow what was counted.
    counting
        ``hits`` adds 1 for a find; ``weighted`` adds 1 over the probability with which that visit was drawn.
    seed
        Fixed beforehand.

    References
    ----------
    Ensign, Friedler, Neville, Scheidegger and Venkatasubramanian (2018), PMLR 81:160.
    """
    rng = np.random.default_rng(seed)
    counted = np.ones((runs, 2))
    draws, finds = rng.random((visits, runs)), rng.random((visits, runs))
    rows = np.arange(runs)
    for draw, find in zip(draws, finds, strict=True):
        first = (1 - random_share) * counted[:, 0] / counted.sum(axis=1) + random_share / 2
        area = (draw >= first).astype(np.intp)
        chance = np.where(area == 0, first, 1 - first)
        found = find < np.asarray(rates)[area]
        counted[rows, area] += found / chance if counting == "weighted" else found
    return np.asarray(counted[:, 0] / counted.sum(axis=1))
