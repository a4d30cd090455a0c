"""The whole flow in one screen: measure, normalise, aggregate, classify, rank, explain, rebuild.

`score` and `what_if` are pure: tables in, tables out.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from geodata.errors import InputError
from risk import sites as site_scores
from risk.aggregate import Aggregated, Weights, aggregate, weigh
from risk.classify import classify, rank, top_size
from risk.contributions import contributions
from risk.declaration import Indicator, Model
from risk.indicators import Measured, Tables, measure, until
from risk.normalise import goalposts
from risk.uncertainty import Rebuilt, rebuild

Array = NDArray[np.float64]

MISSING = "missing"
_INCIDENCE = "incidence_per_100k"
_SPREAD = ("rank_median", "rank_p05", "rank_p95", "p_top_k", "score_sd")
AREA_LEVELS = ("gemeente", "vr")
HIGHEST_N = 10_000
"""With more sites than these only the highest are rebuilt, and only their figures stand in long tables."""


@dataclass(frozen=True)
class Prepared:
    """Everything that does not depend on the weights: what a slider need not compute again.

    Attributes
    ----------
    values_0_10
        Indicators on 0-10, units x indicators of the index, NaN where missing.
    group
        The ranking each unit takes part in (its sector), as a number.
    kept
        Codes of the indicators that take part.
    """

    model: Model
    measured: Measured
    values_0_10: Array
    group: NDArray[np.int64]
    kept: tuple[str, ...]


@dataclass(frozen=True)
class Outcome:
    """Scores with their indicators and reasons, each table by its contract.

    Attributes
    ----------
    left_out
        Indicator -> ``no_source`` or ``switched_off``; left out for every unit alike.
    rebuilt
        The uncertainty behind the rank intervals; None when nothing was rebuilt.
    parts
        Contributions, units x (indicators of the index and ``missing``), NaN for a unit without score.
    """

    prepared: Prepared
    aggregated: Aggregated
    indicators: pd.DataFrame
    scores: pd.DataFrame
    contributions: pd.DataFrame
    left_out: Mapping[str, str]
    peildatum: pd.Timestamp
    rebuilt: Rebuilt | None
    parts: Array

    @property
    def model(self) -> Model:
        """Return the declaration the scores were made with."""
        return self.prepared.model

    @property
    def not_together(self) -> tuple[str, ...]:
        """Return the sectors that do not count in all sectors together."""
        return self.prepared.measured.not_together


def score(
    tables: Tables,
    level: str,
    model: Model,
    *,
    rebuilds: int | None = None,
    seed: int | None = None,
    data_version: str = "",
    areas: Mapping[str, "Outcome"] | None = None,
    at: pd.Timestamp | None = None,
) -> Outcome:
    """Return scores, indicators and contributions of all units of a level, for the whole country.

    Parameters
    ----------
    tables
        gemeenten, veiligheidsregios, exposure, sites, activations, incidence, each by its contract; a table
        without rows leaves its indicators out for all units alike.
    level
        ``vr``, ``gemeente`` or ``site``.
    model
        From `risk.model.load_model`.
    rebuilds, seed
        How often the index is rebuilt for the rank intervals, and from which seed (default: the model's).
        With 0 the columns rank_p05, rank_p95 and p_top_k stay empty and nothing is flagged.
    data_version
        Written into the scores.
    areas
        For level ``site``: outcomes of the levels ``gemeente`` and ``vr`` when they are there already.
    at
        Score as of this date instead of the last one in the data: what happened later is not used.

    Raises
    ------
    InputError
        The level does not exist, or no table holds a date.
    """
    if at is not None:
        tables = until(tables, at)
    if level == "site":
        areas = areas or {area: score(tables, area, model, rebuilds=rebuilds, seed=seed, at=at) for area in AREA_LEVELS}
        measured = site_scores.measure_sites(tables, model, _around(areas), at)
    elif level in AREA_LEVELS:
        measured = measure(tables, level, model, at)
    else:
        raise InputError(f"Level {level!r} does not exist; choose vr, gemeente or site.")
    prepared = prepare(measured, model)
    weights = weigh(measured.index, prepared.kept)
    result = _aggregate(prepared, weights)
    repeats = model.uncertainty.rebuilds if rebuilds is None else rebuilds
    highest = _highest(result.score)
    rebuilt = _rebuilt(prepared, result, weights, highest, repeats, seed) if repeats > 0 else None
    reference, parts = _explained(prepared, weights, result)
    scores = _score_table(prepared, result, reference, rebuilt, data_version)
    shown = prepared if highest.size == len(parts) else _only(prepared, highest)
    return Outcome(
        prepared, result, _indicator_table(shown), scores, _contribution_table(shown, parts[highest]),
        measured.left_out, measured.peildatum, rebuilt, parts,
    )  # fmt: skip


def _explained(prepared: Prepared, weights: Weights, result: Aggregated) -> tuple[Array, Array]:
    """Return reference and contributions of all units, block by block: a million sites would fill the memory."""
    values, profiles, profile_of = prepared.values_0_10, _profiles(prepared), _profile_of(prepared)
    reference, parts = np.empty(len(values)), np.empty((len(values), values.shape[1] + 1))
    for start in range(0, len(values), HIGHEST_N):
        block = slice(start, start + HIGHEST_N)
        one = Aggregated(
            result.score[block], result.routes[block], result.dimensions[block], result.dimension_weights[block],
            result.completeness[block],
        )  # fmt: skip
        profile = profiles[profile_of[block]]
        reference[block], parts[block] = contributions(values[block], profile, weights, prepared.model.scale, one)
    return reference, parts


def _highest(score: Array) -> NDArray[np.intp]:
    """Return the places of all units, or of the highest when there are very many."""
    if score.size <= HIGHEST_N:
        return np.arange(score.size)
    return np.sort(np.argsort(-np.nan_to_num(score, nan=-1.0), kind="stable")[:HIGHEST_N])


def _only(prepared: Prepared, places: NDArray[np.intp]) -> Prepared:
    whole = prepared.measured
    rows = ("raw", "low", "high", "reasons", "statuses", "shape", "rate")
    part = replace(
        whole,
        units=whole.units.iloc[places].reset_index(drop=True),
        **{name: getattr(whole, name)[places] for name in rows},
    )
    return replace(prepared, measured=part, values_0_10=prepared.values_0_10[places], group=prepared.group[places])


def _rebuilt(
    prepared: Prepared, result: Aggregated, weights: Weights, highest: NDArray[np.intp], repeats: int, seed: int | None
) -> Rebuilt:
    """Rebuild all units, or the highest; of the others the interval stays unknown."""
    model, chosen = prepared.model, prepared.model.uncertainty.seed if seed is None else seed
    if highest.size == result.score.size:
        return rebuild(
            prepared.values_0_10, prepared.measured, model, prepared.group, weights, repeats, chosen
        )  # fmt: skip
    part = _only(prepared, highest)
    group = pd.factorize(part.group, sort=True)[0].astype(np.int64)
    sizes = _top_sizes(prepared, result)[part.group]
    found = rebuild(part.values_0_10, part.measured, model, group, weights, repeats, chosen, sizes)
    whole = {name: np.full(result.score.size, np.nan) for name in _SPREAD}
    for name, column in whole.items():
        column[highest] = getattr(found, name)
    return Rebuilt(**whole, repeats=repeats, seed=chosen)


def _top_sizes(prepared: Prepared, result: Aggregated) -> Array:
    """Return k of every ranking."""
    counts = np.bincount(prepared.group, np.isfinite(result.score))
    return np.array([top_size(int(n), prepared.model.scale) for n in counts], float)


def prepare(measured: Measured, model: Model) -> Prepared:
    """Bring what was measured to 0-10 between the model's goalposts."""
    values = np.column_stack([
        _normalised(indicator, measured, place) for place, indicator in enumerate(measured.index.indicators)
    ])  # fmt: skip
    kept = tuple(code for code in measured.index.codes if code not in measured.left_out)
    group, _ = pd.factorize(measured.units["sector_code"], sort=True)
    return Prepared(model, measured, values, group.astype(np.int64), kept)


def what_if(prepared: Prepared, weights: Mapping[str, float]) -> pd.DataFrame:
    """Return the scores under other weights; the official version stays as it is.

    Parameters
    ----------
    prepared
        Of an `Outcome`, or from `prepare`.
    weights
        New weight by code of an indicator, route or dimension; only proportions among siblings count.

    Returns
    -------
    DataFrame
        Contract ``Scores``; model_version says ``+what-if``; no rank intervals.

    Raises
    ------
    ModelError
        A code does not exist, or a weight is negative.
    """
    changed = weigh(prepared.measured.index, prepared.kept, weights)
    version = f"{prepared.model.version.split('+')[0]}+what-if"
    other = replace(prepared, model=replace(prepared.model, version=version))
    result = _aggregate(other, changed)
    reference = _aggregate(replace(other, values_0_10=_profiles(prepared)), changed).score
    return _score_table(other, result, reference[_profile_of(prepared)], None, "")


def reference_profile(prepared: Prepared) -> Array:
    """Return the country's own profile beside every unit: the mean of all pairs of area and sector.

    For all sectors together, and for sites, it is the mean of those units. On 0-10, never missing.
    """
    return _profiles(prepared)[_profile_of(prepared)]


def _profile_of(prepared: Prepared) -> NDArray[np.int64]:
    return np.asarray((prepared.measured.units["sector_code"] == "").to_numpy(), np.int64)


def _profiles(prepared: Prepared) -> Array:
    together = _profile_of(prepared)
    profiles = np.full((2, prepared.values_0_10.shape[1]), 5.0)
    for kind in np.unique(together):
        rows = prepared.values_0_10[together == kind]
        known = np.isfinite(rows)
        total = np.nan_to_num(rows).sum(axis=0)
        profiles[kind] = np.where(known.any(axis=0), total / np.maximum(known.sum(axis=0), 1), 5.0)
    return profiles


def _around(areas: Mapping[str, Outcome]) -> pd.DataFrame:
    """Return on unit_id what sites take from all areas: score, how much it varies in the rebuilds, incidence."""
    parts = []
    for one in areas.values():
        measured = one.prepared.measured
        parts.append(
            pd.DataFrame(
                {
                    "score_0_10": one.scores["score_0_10"].to_numpy(float),
                    "score_sd": np.nan if one.rebuilt is None else one.rebuilt.score_sd,
                    "incidence_per_100k": measured.raw[:, measured.index.codes.index(_INCIDENCE)],
                },
                index=one.scores["unit_id"],
            )
        )
    return pd.concat(parts)


def _normalised(indicator: Indicator, measured: Measured, place: int) -> Array:
    return goalposts(
        measured.raw[:, place], measured.low[:, place], measured.high[:, place],
        direction=indicator.direction, is_log=indicator.transform == "log",
    )  # fmt: skip


def _aggregate(prepared: Prepared, weights: Weights) -> Aggregated:
    return aggregate(
        prepared.values_0_10, weights, prepared.model.scale, drops_missing=prepared.measured.index.drops_missing
    )


def _score_table(
    prepared: Prepared, result: Aggregated, reference: Array, rebuilt: Rebuilt | None, data_version: str
) -> pd.DataFrame:
    scale, units = prepared.model.scale, prepared.measured.units
    scored = np.isfinite(result.score)
    blank = np.full(len(units), np.nan)
    risk_class = classify(result.score, scale.classes)
    p_top = blank if rebuilt is None else rebuilt.p_top_k
    sizes = _top_sizes(prepared, result)
    return pd.DataFrame(
        {
            "unit_id": units["unit_id"],
            "level": prepared.measured.level,
            "area_code": units["area_code"],
            "sector_code": units["sector_code"],
            "peildatum": prepared.measured.peildatum.as_unit("ns"),
            "score_0_10": result.score,
            "reference_0_10": np.where(scored, reference, np.nan),
            "risk_class": risk_class,
            "is_flagged": (risk_class >= 4) & (p_top >= scale.flag_probability),
            "rank": rank(result.score, prepared.group),
            "rank_p05": blank if rebuilt is None else rebuilt.rank_p05,
            "rank_p95": blank if rebuilt is None else rebuilt.rank_p95,
            "p_top_k": p_top,
            "k_n": sizes[prepared.group],
            "completeness_pct": 100 * result.completeness,
            "model_version": prepared.model.version,
            "data_version": data_version,
        }
    )


def _indicator_table(prepared: Prepared) -> pd.DataFrame:
    measured, units = prepared.measured, len(prepared.measured.units)
    places = [place for place, code in enumerate(measured.index.codes) if code in prepared.kept]
    origins = [measured.sources[prepared.measured.index.codes[place]] for place in places]
    return pd.DataFrame(
        {
            "unit_id": measured.units["unit_id"].repeat(len(places)).to_numpy(),
            "indicator_code": pd.array(list(prepared.kept) * units, dtype="str"),
            "peildatum": measured.peildatum.as_unit("ns"),
            "raw_value": measured.raw[:, places].ravel(),
            "value_0_10": prepared.values_0_10[:, places].ravel(),
            "missing_reason": pd.array(measured.reasons[:, places].ravel(), dtype="str"),
            "status": pd.array(measured.statuses[:, places].ravel(), dtype="str"),
            "source": pd.array([source for source, _ in origins] * units, dtype="str"),
            "source_date": pd.DatetimeIndex([date for _, date in origins] * units).as_unit("ns"),
        }
    )


def _contribution_table(prepared: Prepared, parts: Array) -> pd.DataFrame:
    codes = [*prepared.measured.index.codes, MISSING]
    places = [place for place, code in enumerate(codes) if code in prepared.kept or code == MISSING]
    scored = np.isfinite(parts[:, -1])
    return pd.DataFrame(
        {
            "unit_id": prepared.measured.units["unit_id"][scored].repeat(len(places)).to_numpy(),
            "indicator_code": pd.array([codes[place] for place in places] * int(scored.sum()), dtype="str"),
            "contribution_0_10": parts[scored][:, places].ravel(),
        }
    )
