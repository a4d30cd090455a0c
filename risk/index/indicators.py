"""Measure every indicator of the model on the tables, each on its own denominator.

Adding an indicator: declare it in ``model.toml``; when it is more than a working condition of the sectors,
add a function to `risk.index.measure.MEASURES` under its code.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from geodata.codes import MissingReason, Status
from geodata.errors import InputError, ModelError
from geodata.weeks import Tables, of_disease, peildatum
from risk.index import grid as grids
from risk.index import measure as measures
from risk.index.aggregate import lacking, present_for_all
from risk.index.declaration import Index, Model
from risk.index.draws import UNKNOWN_LOG_SD, AreaSampler, Sampler, scaled
from risk.index.measure import Figures, Inputs, Origin
from risk.index.smooth import posterior_rate

Array = NDArray[np.floating]
Places = NDArray[np.intp]

CORE_TABLES: Final = (
    "gemeenten",
    "veiligheidsregios",
    "exposure",
    "sites",
    "activations",
    "incidence",
    "regional_incidence",
)
"""The core tables that scores are made of."""


@dataclass(frozen=True)
class Measured:
    """What was measured: one row per unit, one column per indicator of the index.

    Attributes
    ----------
    units
        unit_id, area_code, sector_code and workers_n of every unit.
    raw
        Values in each indicator's own unit; NaN is missing.
    low, high
        The goalposts of each value, in the same unit.
    reasons, statuses
        Why a value is missing, and how a value came to be; texts of the same shape.
    sampler
        Draws the values anew, as sure as the data are; None where nothing is to be drawn.
    sources
        Per indicator where its figures come from and how old they are.
    left_out
        Indicator -> ``no_source``, ``switched_off`` or ``incomplete``: left out for every unit alike.
    why_unplaced
        As `unplaced`; None where every unit has a place.
    not_together
        Sectors that do not count in all sectors together.
    """

    index: Index
    level: str
    peildatum: pd.Timestamp
    units: pd.DataFrame
    raw: Array
    low: Array
    high: Array
    reasons: NDArray[np.object_]
    statuses: NDArray[np.object_]
    sources: Mapping[str, Origin]
    left_out: Mapping[str, str]
    not_together: tuple[str, ...] = ()
    sampler: Sampler | None = field(default=None, repr=False)
    why_unplaced: NDArray[np.object_] | None = None

    @property
    def unplaced(self) -> NDArray[np.object_]:
        """Return why each unit has no place in the ranking although it may have a score; '' where it has one."""
        return np.full(len(self.units), "", object) if self.why_unplaced is None else self.why_unplaced

    @property
    def lacks(self) -> tuple[str, ...]:
        """Return the dimensions and routes that this picture lacks, and is named after."""
        return lacking(self.index, self.left_out)


def measure(tables: Tables, level: str, model: Model, at: pd.Timestamp | None = None) -> Measured:
    """Return every indicator of areas and sectors for a level.

    Parameters
    ----------
    tables
        gemeenten, veiligheidsregios, exposure, sites, activations and incidence, each by its contract. A
        table without rows leaves its indicators out for all units.
    level
        ``gemeente`` or ``vr``.
    model
        The declaration.
    at
        The peildatum, when it is not the last date in the data; the tables must end there (`until`).

    Raises
    ------
    InputError
        The level is not one of areas, or no table holds a date.
    ModelError
        An indicator of the model has no way to be measured.
    """
    if level not in ("gemeente", "vr"):
        raise InputError(f"Level {level!r} has no areas; choose gemeente or vr.")
    inputs = _inputs(tables, model, at)
    rollup = grids.roll_up(inputs.grid, level)
    units = rollup.units.assign(workers_n=rollup.count(inputs.workers, model.scale.minimum_present))
    left_out: dict[str, str] = {}
    columns: list[_Column] = []
    figures_of: dict[str, Figures] = {}
    for indicator in model.areas.indicators:
        if indicator.code in model.switched_off:
            left_out[indicator.code] = "switched_off"
        figures = None if indicator.code in left_out else _figures(indicator.code, inputs)
        column = None if figures is None else _unit_values(indicator.code, figures, inputs, rollup)
        if figures is None or column is None or np.isnan(column.raw).all():
            left_out.setdefault(indicator.code, MissingReason.NO_SOURCE.value)
            column = _nothing(len(units))
        else:
            figures_of[indicator.code] = figures
        columns.append(column)
    low, high = _goalposts(model, level, units)
    raw = np.column_stack([column.raw for column in columns])
    reasons = np.column_stack([column.reasons for column in columns])
    left_out = present_for_all(
        model.areas,
        np.isfinite(raw),
        rollup.importance(inputs.workers),
        model.scale,
        left_out,
        np.isfinite(raw) | (reasons == MissingReason.NO_EXPOSURE.value),
    )
    return Measured(
        model.areas,
        level,
        inputs.peildatum,
        units,
        raw=raw,
        low=low,
        high=high,
        reasons=reasons,
        statuses=np.column_stack([column.statuses for column in columns]),
        sources={i.code: c.origin for i, c in zip(model.areas.indicators, columns, strict=True)},
        left_out=left_out,
        not_together=not_together(inputs.exposure, model),
        sampler=AreaSampler(
            model,
            rollup,
            inputs.workers,
            _log_sd(inputs),
            figures_of,
            raw,
            low,
            high,
            units["sector_code"].to_numpy(),
            np.isnan(raw) & (reasons != MissingReason.NO_EXPOSURE.value),
        ),
    )


def _log_sd(inputs: Inputs) -> Array:
    """Return how sure each figure of workers is, as the standard deviation of its logarithm."""
    table = inputs.exposure
    cells = np.zeros(inputs.grid.shape)
    if not len(table):
        return cells
    table = table[table["sector_code"].isin(grids.SECTORS) & table["workers_n"].notna()]
    table = table[table["year"] == table["year"].max()]
    sure = (table["workers_n_status"] == Status.OFFICIAL.value).to_numpy()
    assumed = np.where(sure, 0.0, UNKNOWN_LOG_SD)
    told = table["workers_n_log_sd"].to_numpy(float) if "workers_n_log_sd" in table else assumed
    filled = table.assign(log_sd=np.where(np.isnan(told), assumed, told))
    return np.nan_to_num(inputs.grid.cells(filled, "log_sd"))


@dataclass(frozen=True)
class _Column:
    """One indicator for all units of a level."""

    raw: Array
    reasons: NDArray[np.object_]
    statuses: NDArray[np.object_]
    origin: Origin


def _inputs(tables: Tables, model: Model, at: pd.Timestamp | None) -> Inputs:
    tables = of_disease(tables, model.disease)
    empty = {name: tables.get(name, pd.DataFrame()) for name in CORE_TABLES[2:]}
    for name, columns in _FIGURES.items():
        refuse_infinite(name, empty[name], columns)
    gemeenten = tables["gemeenten"].sort_values("gemeente_code", ignore_index=True)
    grid = grids.make_grid(gemeenten, not_together(empty["exposure"], model))
    date = peildatum(tables, model.disease) if at is None else at
    bare = Inputs(
        grid,
        gemeenten,
        tables["veiligheidsregios"],
        **empty,
        model=model,
        peildatum=date,
        workers=np.full(grid.shape, np.nan),
    )
    workers = measures.exposed_workers(bare)
    return bare if workers is None else replace(bare, workers=workers.cells)


_FIGURES = {
    "exposure": ("establishments_n", "workers_n", "migrant_workers_n"),
    "sites": ("size_n",),
    "incidence": ("cases_n",),
    "regional_incidence": ("cases_n",),
}


def not_together(exposure: pd.DataFrame, model: Model) -> tuple[str, ...]:
    """Return the sectors that do not count in "all sectors together" with these figures.

    Agency workers counted at their agency's address stay out; once they are moved to the sectors where they
    work, the source says so and the agencies' own staff counts as any other sector.
    """
    if not len(exposure) or not model.counted_when_moved_by:
        return model.leave_out_of_together
    moved = exposure["workers_n_source"].str.contains(model.counted_when_moved_by, regex=False)
    counted = set(exposure.loc[moved, "sector_code"])
    return tuple(sector for sector in model.leave_out_of_together if sector not in counted)


def refuse_infinite(name: str, table: pd.DataFrame, columns: tuple[str, ...]) -> None:
    """Raise `InputError` when a figure of a table is infinite: it would spoil every average it enters.

    Parameters
    ----------
    name
        Of the table.
    table
        Its rows.
    columns
        Its figures.
    """
    for column in columns if len(table) else ():
        if np.isinf(table[column].to_numpy(float)).any():
            raise InputError(f"Table {name}: a figure in {column} is infinite; correct it or leave it empty.")


def _figures(code: str, inputs: Inputs) -> Figures | None:
    indicator = inputs.model.indicator(code)
    if indicator.condition:
        return measures.condition(inputs, indicator.condition)
    if code not in measures.MEASURES:
        raise ModelError(f"Indicator {code} has no way to be measured; add one to risk/index/measure.py.")
    return measures.MEASURES[code](inputs)


def _unit_values(code: str, figures: Figures, inputs: Inputs, rollup: grids.Rollup) -> _Column:
    """Bring the figures of the grid to the units: sum, divide or average, and smooth."""
    minimum, prior = inputs.model.scale.minimum_present, inputs.model.priors.get(code)
    if figures.fortnight is not None:
        signal = figures.fortnight.signal(rollup.area_of, len(rollup.areas), minimum)
        raw = rollup.sectors_too(signal)
    elif figures.denominator is not None:
        missing = np.isnan(figures.cells) | np.isnan(figures.denominator)
        over, under = (rollup.add(np.where(missing, 0, c)) for c in (figures.cells, figures.denominator))
        enough = rollup.covered(~missing) >= minimum - 1e-9
        if prior is not None:
            shape, rate = np.where(enough, over + prior.shape, np.nan), np.where(enough, under + prior.rate, np.nan)
            raw = posterior_rate(shape, rate)
        else:
            raw = np.divide(over, under, out=np.full(over.shape, np.nan), where=enough & (under > 0))
    elif figures.is_count:
        raw = rollup.count(figures.cells, minimum)
    else:
        raw = rollup.mean(figures.cells, inputs.workers, minimum)
    statuses = rollup.weakest(figures.statuses)
    if prior is not None or figures.fortnight is not None:
        statuses = np.maximum(statuses, grids.STATUSES.index(Status.ESTIMATE))
    is_missing = np.isnan(raw)
    reasons = np.where(is_missing, _reason(figures, rollup, raw), "").astype(object)
    statuses = np.where(is_missing, 0, statuses)
    return _Column(raw, reasons, np.array(grids.STATUSES, object)[statuses], figures.origin)


def _reason(figures: Figures, rollup: grids.Rollup, raw: Array) -> NDArray[np.object_]:
    """Say why values are missing: nothing to divide by, withheld, or not published."""
    reasons = np.full(raw.shape, MissingReason.NOT_PUBLISHED.value, object)
    if figures.suppressed is not None:
        reasons[rollup.add(figures.suppressed.astype(float)) > 0] = MissingReason.SUPPRESSED.value
    if figures.denominator is not None:
        empty = rollup.add(np.nan_to_num(figures.denominator)) <= 0
        reasons[empty & (rollup.covered(np.isfinite(figures.denominator)) > 0)] = MissingReason.NO_EXPOSURE.value
    return reasons


def _goalposts(model: Model, level: str, units: pd.DataFrame) -> tuple[Array, Array]:
    together = (units["sector_code"] == "").to_numpy()
    pairs = np.array([[i.goalposts.at(level), i.goalposts.at(level, together=True)] for i in model.areas.indicators])
    low, high = (np.where(together[:, None], pairs[:, 1, side], pairs[:, 0, side]) for side in (0, 1))
    return low, high


def _nothing(units: int) -> _Column:
    blank = np.full(units, np.nan)
    return _Column(
        blank, np.full(units, MissingReason.NO_SOURCE.value, object), np.full(units, "missing", object), ("", None)
    )


@dataclass(frozen=True)
class Level:
    """The units of a level.

    Attributes
    ----------
    units
        unit_id, area_code, sector_code of all units.
    values_0_10
        Indicators on 0-10, units x indicators of the index, NaN where missing.
    left_out
        Indicator -> why it is left out for every unit alike.
    measured_of
        From places among the units to all that was measured of those.
    counted
        Which values count as present; None for those that are.
    unplaced
        Why a unit has no place in the ranking although it has a score; None where all have one.
    """

    name: str
    index: Index
    peildatum: pd.Timestamp
    units: pd.DataFrame
    values_0_10: Array
    left_out: Mapping[str, str]
    measured_of: Callable[[Places], Measured]
    counted: NDArray[np.bool_] | None = None
    unplaced: NDArray[np.object_] | None = None

    @property
    def lacks(self) -> tuple[str, ...]:
        """Return the dimensions and routes that this picture lacks, and is named after."""
        return lacking(self.index, self.left_out)

    @property
    def kept(self) -> tuple[str, ...]:
        """Return the indicators that take part."""
        return tuple(code for code in self.index.codes if code not in self.left_out)


def area_level(tables: Tables, level: str, model: Model, at: pd.Timestamp | None) -> Level:
    """Return the units of level ``gemeente`` or ``vr``; parameters and errors as for `indicators.measure`."""
    whole = measure(tables, level, model, at)
    return Level(
        level,
        whole.index,
        whole.peildatum,
        whole.units,
        values_0_10(whole),
        whole.left_out,
        lambda places: some(whole, places),
    )


def values_0_10(measured: Measured) -> Array:
    """Bring what was measured to 0-10 between its goalposts."""
    return scaled(measured.index, measured.raw, measured.low, measured.high)


def some(whole: Measured, places: Places) -> Measured:
    """Return what was measured of some units."""
    if len(places) == len(whole.units):
        return whole
    rows = ("raw", "low", "high", "reasons", "statuses")
    return replace(
        whole,
        units=whole.units.iloc[places].reset_index(drop=True),
        sampler=None if whole.sampler is None else whole.sampler.some(places),
        why_unplaced=None if whole.why_unplaced is None else whole.why_unplaced[places],
        **{name: getattr(whole, name)[places] for name in rows},
    )
