"""The whole flow in one screen: measure, normalise, aggregate, classify, rank, explain, rebuild.

`score` and `what_if` are pure: tables in, tables out.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from geodata.batch import LOCAL, Pool, cut, run_pieces
from geodata.errors import InputError
from geodata.weeks import Tables, of_disease, until
from risk.index.aggregate import Aggregated, Weights, aggregate, weigh
from risk.index.classify import classify, rank, top_size
from risk.index.contributions import contributions
from risk.index.declaration import Model, Scale
from risk.index.indicators import Level, Measured, area_level, measure, some, values_0_10
from risk.index.rebuild import Rebuilt, rebuild
from risk.index.sites import of_areas, site_level

Array = NDArray[np.floating]

MISSING = "missing"
_SPREAD = ("rank_median", "rank_p05", "rank_p95", "p_top_k", "score_sd", "choice_p05", "choice_p95")
AREA_LEVELS = ("gemeente", "vr")
HIGH_CLASS = 4
"""The lowest of the two classes that may be flagged."""

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
    prepared, aggregated
        Of all units; of very many sites only of the highest (`HIGHEST_N`).
    left_out
        Indicator -> ``no_source`` or ``switched_off``; left out for every unit alike.
    rebuilt
        The uncertainty behind the rank intervals; None when nothing was rebuilt.
    lacks
        Dimensions and routes that the picture lacks, and is named after.
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
    lacks: tuple[str, ...] = ()

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
    pool: Pool = LOCAL,
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
        From `risk.index.model.load_model`.
    rebuilds, seed
        How often the index is rebuilt for the rank intervals, and from which seed (default: the model's).
        With 0 the columns rank_p05, rank_p95 and p_top_k stay empty and nothing is flagged.
    data_version
        Written into the scores.
    areas
        For level ``site``: outcomes of the levels ``gemeente`` and ``vr`` when they are there already.
    at
        Score as of this date instead of the last one in the data: what happened later is not used.
    pool
        Who does the rebuilds, and the sites piece by piece.

    Raises
    ------
    InputError
        The level does not exist, or no table holds a date.
    """
    whole = _level(tables, level, model, areas, at, pool)
    weights = weigh(whole.index, whole.kept)
    profiles, profile_of = _profiles(whole.values_0_10, whole.units)
    explained = _explained(whole, weights, model, profiles, profile_of, pool)
    group = _group(whole.units)
    places = _highest(explained.score) if level == "site" else np.arange(len(whole.units))
    measured = whole.measured_of(places)
    shown = Prepared(model, measured, whole.values_0_10[places], group[places], whole.kept)
    result = _aggregate(shown, weights)
    sizes = _top_sizes(group, explained.score, model)
    repeats = model.uncertainty.rebuilds if rebuilds is None else rebuilds
    chosen = model.uncertainty.seed if seed is None else seed
    rebuilt = _rebuilt(shown, weights, places, sizes[group], repeats, chosen, pool) if repeats > 0 else None
    scores = _score_table(whole, explained, group, sizes, rebuilt, model, data_version)
    return Outcome(
        shown,
        result,
        _indicator_table(shown),
        scores,
        _contribution_table(shown, explained.parts[places]),
        whole.left_out,
        whole.peildatum,
        rebuilt,
        explained.parts,
        whole.lacks,
    )


def lacks(tables: Tables, level: str, model: Model) -> tuple[str, ...]:
    """Return the dimensions and routes that a picture will lack, long before its scores and intervals are there.

    Parameters and errors as for `score`.
    """
    return _level(tables, level, model, None, None, LOCAL).lacks


def site_scores(
    tables: Tables, model: Model, areas: Mapping[str, "Outcome"], at: pd.Timestamp, pool: Pool = LOCAL
) -> tuple[Array, Mapping[str, str]]:
    """Return the bare scores of all sites as of a date, and what was left out; parameters as for `score`."""
    whole = _level(tables, "site", model, areas, at, pool)
    weights = weigh(whole.index, whole.kept)
    pieces = [whole.values_0_10[part] for part in cut(len(whole.units), HIGHEST_N)]
    found = run_pieces(_bare_scores, (weights, model.scale, whole.index.drops_missing), pieces, pool, "sites scored")
    return np.concatenate([np.empty(0), *found]), whole.left_out


def _bare_scores(shared: tuple[Weights, Scale, bool], values: Array) -> Array:
    weights, scale, drops_missing = shared
    return aggregate(values, weights, scale, drops_missing=drops_missing).score


def _level(
    tables: Tables,
    level: str,
    model: Model,
    areas: Mapping[str, "Outcome"] | None,
    at: pd.Timestamp | None,
    pool: Pool,
) -> Level:
    """Measure all units of a level."""
    tables = of_disease(tables, model.disease)
    if at is not None:
        tables = until(tables, at)
    if level == "site":
        known = (
            [measure(tables, area, model, at) for area in AREA_LEVELS]
            if areas is None
            else [one.prepared.measured for one in areas.values()]
        )
        return site_level(tables, model, of_areas(known), at, pool)
    if level in AREA_LEVELS:
        return area_level(tables, level, model, at)
    raise InputError(f"Level {level!r} does not exist; choose vr, gemeente or site.")


@dataclass(frozen=True)
class _Explained:
    """What the aggregation and its reasons give for every unit: one value each, parts one per indicator and more."""

    score: Array
    completeness: Array
    reference: Array
    parts: Array


def _explained(
    whole: Level, weights: Weights, model: Model, profiles: Array, profile_of: NDArray[np.int64], pool: Pool
) -> _Explained:
    """Return scores with their reasons, piece by piece: a million sites at once would fill the memory."""
    shared = (weights, model.scale, whole.index.drops_missing, profiles)
    counted = np.isfinite(whole.values_0_10) if whole.counted is None else whole.counted
    pieces = [(whole.values_0_10[part], counted[part], profile_of[part]) for part in cut(len(whole.units), HIGHEST_N)]
    found = run_pieces(_explained_piece, shared, pieces, pool, f"{whole.name} scored")
    if not found:
        return _explained_piece(shared, (whole.values_0_10, counted, profile_of))
    return _Explained(
        *(
            np.concatenate([getattr(one, name) for one in found])
            for name in ("score", "completeness", "reference", "parts")
        )
    )


def _explained_piece(
    shared: tuple[Weights, Scale, bool, Array], piece: tuple[Array, NDArray[np.bool_], NDArray[np.int64]]
) -> _Explained:
    (weights, scale, drops_missing, profiles), (values, counted, profile_of) = shared, piece
    result = aggregate(values, weights, scale, drops_missing=drops_missing, counted=counted)
    reference, parts = contributions(values, profiles[profile_of], weights, scale, result)
    return _Explained(result.score, result.completeness, reference, parts)


def _highest(score: Array) -> NDArray[np.intp]:
    """Return the places of all units, or of the highest when there are very many."""
    if score.size <= HIGHEST_N:
        return np.arange(score.size)
    return np.sort(np.argsort(-np.nan_to_num(score, nan=-1.0), kind="stable")[:HIGHEST_N])


def _rebuilt(
    shown: Prepared, weights: Weights, places: NDArray[np.intp], sizes: Array, repeats: int, seed: int, pool: Pool
) -> Rebuilt:
    """Rebuild the units that are shown; of the others the interval stays unknown."""
    group = pd.factorize(shown.group, sort=True)[0].astype(np.int64)
    top = None if sizes.size == places.size else sizes[places]
    found = rebuild(shown.values_0_10, shown.measured, shown.model, group, weights, repeats, seed, top, pool)
    whole = {name: np.full(sizes.size, np.nan) for name in _SPREAD}
    for name, column in whole.items():
        column[places] = getattr(found, name)
    first = np.full((len(found.p_first), sizes.size), np.nan)
    first[:, places] = found.p_first
    return Rebuilt(**whole, p_first=first, repeats=repeats, seed=seed)


def _top_sizes(group: NDArray[np.int64], score: Array, model: Model) -> Array:
    """Return k of every ranking."""
    return np.array([top_size(int(n), model.scale) for n in np.bincount(group, np.isfinite(score))], float)


def _group(units: pd.DataFrame) -> NDArray[np.int64]:
    """Return the ranking of each unit, that of its sector, as a number."""
    return np.asarray(pd.factorize(units["sector_code"], sort=True)[0], np.int64)


def prepare(measured: Measured, model: Model) -> Prepared:
    """Bring what was measured to 0-10 between the model's goalposts."""
    kept = tuple(code for code in measured.index.codes if code not in measured.left_out)
    return Prepared(model, measured, values_0_10(measured), _group(measured.units), kept)


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
    model, units, values = replace(prepared.model, version=version), prepared.measured.units, prepared.values_0_10
    result = _aggregate(prepared, changed)
    profiles, profile_of = _profiles(values, units)
    reference = _aggregate(replace(prepared, values_0_10=profiles), changed).score
    whole = Level(
        prepared.measured.level,
        prepared.measured.index,
        prepared.measured.peildatum,
        units,
        values,
        {},
        lambda places: some(prepared.measured, places),
    )
    bare = _Explained(result.score, result.completeness, reference[profile_of], np.empty((0, 0)))
    sizes = _top_sizes(prepared.group, result.score, model)
    return _score_table(whole, bare, prepared.group, sizes, None, model, "")


def _profiles(values: Array, units: pd.DataFrame) -> tuple[Array, NDArray[np.int64]]:
    """Return the mean profile of every sector, and which is each unit's.

    What is the same in all areas of a sector cancels against it: the reasons of an area are what sets it apart
    among those it is ranked with.
    """
    profile_of, kinds = pd.factorize(units["sector_code"], sort=True)
    profiles = np.full((max(len(kinds), 1), values.shape[1]), 5.0)
    everywhere = _mean(values, np.full(values.shape[1], 5.0))
    for kind in range(len(kinds)):
        profiles[kind] = _mean(values[profile_of == kind], everywhere)
    return profiles, profile_of.astype(np.int64)


def _mean(values: Array, otherwise: Array) -> Array:
    """Return the mean of what is known in each column."""
    known = np.isfinite(values)
    total = np.nan_to_num(values).sum(axis=0)
    return np.asarray(np.where(known.any(axis=0), total / np.maximum(known.sum(axis=0), 1), otherwise))


def _aggregate(prepared: Prepared, weights: Weights) -> Aggregated:
    return aggregate(
        prepared.values_0_10, weights, prepared.model.scale, drops_missing=prepared.measured.index.drops_missing
    )


def _score_table(
    whole: Level,
    found: _Explained,
    group: NDArray[np.int64],
    sizes: Array,
    rebuilt: Rebuilt | None,
    model: Model,
    data_version: str,
) -> pd.DataFrame:
    scored = np.isfinite(found.score)
    why = np.full(len(found.score), "", object) if whole.unplaced is None else whole.unplaced.copy()
    enough = found.completeness >= model.scale.minimum_present - 1e-9
    why[~scored | (~enough & (why == ""))] = "incomplete"
    placed = scored & (why == "")
    blank = np.full(len(whole.units), np.nan)
    risk_class = classify(found.score, model.scale.classes)
    p_top = blank if rebuilt is None else rebuilt.p_top_k
    no_dimension = {dimension.code for dimension in whole.index.dimensions} & set(whole.lacks)
    is_sure = (risk_class >= HIGH_CLASS) & (p_top >= model.scale.flag_probability)
    return pd.DataFrame(
        {
            "unit_id": whole.units["unit_id"],
            "level": whole.name,
            "area_code": whole.units["area_code"].astype("str"),
            "sector_code": whole.units["sector_code"].astype("str"),
            "peildatum": whole.peildatum.as_unit("ns"),
            "score_0_10": found.score,
            "reference_0_10": np.where(scored, found.reference, np.nan),
            "risk_class": risk_class,
            "is_flagged": is_sure & placed & (not no_dimension),
            "rank": rank(np.where(placed, found.score, np.nan), group),
            "rank_p05": blank if rebuilt is None else rebuilt.rank_p05,
            "rank_p95": blank if rebuilt is None else rebuilt.rank_p95,
            "rank_choice_p05": blank if rebuilt is None else rebuilt.choice_p05,
            "rank_choice_p95": blank if rebuilt is None else rebuilt.choice_p95,
            "p_top_k": p_top,
            "k_n": sizes[group],
            "completeness_pct": 100 * found.completeness,
            "not_ranked_reason": why.astype(str),
            "picture_lacks": ";".join(whole.lacks),
            "ranked_as": "",
            "model_version": model.version,
            "data_version": data_version,
        }
    ).astype({"not_ranked_reason": "str", "picture_lacks": "str", "ranked_as": "str"})


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
