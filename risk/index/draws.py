"""Draw the measured values anew, as sure as the data are: what the rank intervals are made of.

Every draw is one world in which the figures could have come about: other numbers of workers in every gemeente and
sector, from which size, mix and weights follow together; other rates of infection; other working conditions
around the judgement; and for what is missing a value of another unit of its kind.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Final, TypeVar

import numpy as np
from numpy.typing import NDArray

from risk.index.declaration import Index, Indicator, Model
from risk.index.epidemic import Fortnight
from risk.index.grid import SECTORS, Rollup
from risk.index.measure import Figures
from risk.index.normalise import goalposts

Array = NDArray[np.floating]
Single = NDArray[np.float32]
Places = NDArray[np.intp]
Pools = tuple[tuple[int, Places, Single], ...]
Streams = tuple[tuple[np.random.Generator, int], ...]
"""Streams of random numbers, and how many draws come from each: every stream gives what it would give alone."""
Drawn = TypeVar("Drawn", bound=np.generic)

UNKNOWN_LOG_SD: Final = 0.6
"""Standard deviation of the logarithm of a figure of workers that is no official one and does not tell its own."""

_ALMOST_NOBODY = 1e-9
_ENOUGH_TO_DRAW = 3
_GAMMAS = 200  # draws of each posterior kept at hand: drawing them anew takes most of the time


class Sampler(ABC):
    """Draws the values of all units of a level anew."""

    def draw(self, draws: int, rng: np.random.Generator) -> Single:
        """Return values on 0-10, draws x units x indicators, NaN where a figure does not apply."""
        return self.draw_from(((rng, draws),))

    @abstractmethod
    def draw_from(self, streams: Streams) -> Single:
        """Return the draws of every stream, one stream after the other; as for `draw`.

        Together they take far less time than alone where units are few.
        """

    @abstractmethod
    def some(self, places: Places) -> "Sampler":
        """Return the same for some of the units."""


def each(streams: Streams, draw: Callable[[np.random.Generator, int], NDArray[Drawn]]) -> NDArray[Drawn]:
    """Return what is drawn from every stream, one after the other along the first axis."""
    found = [draw(rng, draws) for rng, draws in streams]
    return found[0] if len(found) == 1 else np.concatenate(found)


@dataclass(frozen=True)
class AreaSampler(Sampler):
    """What areas and sectors are redrawn from.

    Attributes
    ----------
    workers, log_sd
        Exposed workers per gemeente and sector, and how sure each figure is (standard deviation of its logarithm).
    figures
        What was measured on the grid, by indicator.
    raw, low, high
        Units x indicators: what was measured, and the goalposts.
    sector_of
        The sector of each unit.
    is_missing
        Units x indicators: which values are to be drawn from others, not known though they apply.
    """

    model: Model
    rollup: Rollup
    workers: Array
    log_sd: Array
    figures: Mapping[str, Figures]
    raw: Array
    low: Array
    high: Array
    sector_of: NDArray[np.object_]
    is_missing: NDArray[np.bool_]
    places: Places | None = None

    def some(self, places: Places) -> "AreaSampler":
        """Return the same for some of the units."""
        return replace(self, places=places if self.places is None else self.places[places])

    @cached_property
    def nominal(self) -> Single:
        """Return the values as scored, units x indicators on 0-10."""
        return scaled(self.model.areas, self.raw, self.low, self.high).astype(np.float32)

    @cached_property
    def _pools(self) -> Pools:
        return pools_of(self.nominal, self.is_missing, self.sector_of)

    @cached_property
    def _missing(self) -> list[Places]:
        return [np.flatnonzero(np.isnan(self.raw[:, place])) for place in range(self.raw.shape[1])]

    @cached_property
    def _nobody(self) -> Places:
        """Return the units where for sure nobody works: a rate over workers does not exist there, so none is drawn."""
        return np.flatnonzero(self.rollup.add(np.where(np.isnan(self.workers), 1.0, self.workers)).ravel() == 0)

    @cached_property
    def _under(self) -> dict[str, tuple[NDArray[np.bool_], Single]]:
        """Return per count of workers which cells have a figure, and what each unit's sum is divided by."""
        found, add = {}, self.rollup.add
        for code, figures in self.figures.items():
            if figures.are_workers:
                whole, denominator = np.isfinite(figures.cells), figures.denominator
                if denominator is None:
                    under = self.rollup.covered(whole)
                else:
                    whole &= np.isfinite(denominator)
                    under = add(np.where(whole, denominator, 0.0))
                found[code] = (whole, np.maximum(under, 1e-9).astype(np.float32))
        return found

    @cached_property
    def _gammas(self) -> dict[str, Single]:
        """Return per smoothed indicator a store of draws from its posterior on the counts as they are."""
        rng = np.random.default_rng(self.model.uncertainty.seed)
        found = {}
        for code, figures in self.figures.items():
            if figures.per_workers and code in self.model.priors:
                shapes = self._over(figures) + self.model.priors[code].shape
                drawn = rng.standard_gamma(shapes.astype(np.float32), (_GAMMAS, shapes.size), np.float32)
                found[code] = np.asarray(drawn / shapes.astype(np.float32), np.float32)
        return found

    def _over(self, figures: Figures) -> Array:
        known = np.isfinite(figures.cells) & np.isfinite(self.workers)
        return self.rollup.add(np.where(known, figures.cells, 0.0))

    def draw_from(self, streams: Streams) -> Single:
        """Return values on 0-10, draws x units x indicators."""
        known = np.nan_to_num(self.workers).astype(np.float32)
        workers = each(streams, lambda rng, draws: rng.standard_normal((draws, *known.shape), np.float32))
        workers *= self.log_sd.astype(np.float32)
        np.exp(workers, out=workers)
        workers *= known
        draws = len(workers)
        weight = workers + np.float32(_ALMOST_NOBODY)
        by_unit = self.rollup.add(weight)
        inside, whole = self._together(by_unit)
        # One indicator after the other in memory: each is written and read whole.
        values = np.empty((self.nominal.shape[1], draws, len(self.nominal)), np.float32)
        for place, indicator in enumerate(self.model.areas.indicators):
            figures, mine = self.figures.get(indicator.code), values[place]
            if figures is None:
                mine[:] = self.nominal[:, place]
            elif figures.of_sectors is not None:
                shares = self._of_sectors(figures, streams)
                counted = shares[:, self.rollup.grid.counted, None]
                self._write(place, shares[:, None], (inside @ counted)[..., 0] / whole, mine)
            elif figures.fortnight is not None:
                signal = self._signal(figures.fortnight, streams)
                self._write(place, signal[..., None], signal, mine)
                mine[:, self._missing[place]] = np.nan
            else:
                drawn = self._drawn(indicator, figures, workers, weight, by_unit, streams)
                posts = self.low[:, place], self.high[:, place]
                mine[:] = self.nominal[:, place] if drawn is None else scaled_one(indicator, drawn, *posts)
                mine[:, self._missing[place]] = np.nan
                if figures.per_workers:
                    mine[:, self._nobody] = self.nominal[self._nobody, place]
        _fill(values, self._pools, streams)
        if self.places is not None:
            values = np.take(values, self.places, axis=2)
        return values.transpose(1, 2, 0)

    def _together(self, by_unit: Single) -> tuple[Single, Single]:
        """Return the workers of the sectors that count together, draws x areas x sectors, and their sum."""
        by_area = by_unit.reshape(len(by_unit), len(self.rollup.areas), -1)
        return by_area[..., :-1][..., self.rollup.grid.counted], by_area[..., -1]

    def _write(self, place: int, alone: Array, together: Array, values: Single) -> None:
        """Write on 0-10 what sectors share, and what holds for all of them together, draws x areas."""
        # The goalposts are the same in every area.
        indicator, low, high = self.model.areas.indicators[place], self.low[:, place], self.high[:, place]
        by_area = values.reshape(*together.shape, -1)
        by_area[..., :-1] = scaled_one(indicator, alone, low[0], high[0])
        by_area[..., -1] = scaled_one(indicator, together, low[-1], high[-1])

    def _of_sectors(self, figures: Figures, streams: Streams) -> Single:
        """Return what is the same in every area of a sector, draws x sectors."""
        assert figures.of_sectors is not None  # noqa: S101 - for the type checker: the caller looked
        if figures.condition:
            return self._conditions(figures.condition, streams)
        return np.repeat(figures.of_sectors.astype(np.float32)[None], sum(draws for _, draws in streams), axis=0)

    def _signal(self, fortnight: Fortnight, streams: Streams) -> Array:
        """Return the contrast of every area, draws x areas."""
        drawn = each(streams, lambda rng, draws: fortnight.drawn_rates(draws, rng))
        areas = (self.rollup.area_of, len(self.rollup.areas))
        return fortnight.signal(*areas, self.model.scale.minimum_present, drawn)

    def _drawn(
        self,
        indicator: Indicator,
        figures: Figures,
        workers: Single,
        weight: Single,
        by_unit: Single,
        streams: Streams,
    ) -> Array | None:
        """Return raw values, draws x units; None where nothing can be other than it is."""
        add = self.rollup.add
        if figures.are_workers:
            whole, under = self._under[indicator.code]
            return np.asarray(add(workers if whole.all() else workers * whole) / under)
        if figures.denominator is not None:
            return self._ratio(indicator, figures, workers, streams) if figures.per_workers else None
        if figures.is_count:
            return None
        cells = figures.cells.astype(np.float32)
        is_known = np.isfinite(cells)
        if is_known.all():
            over, under = add(weight * cells), by_unit
        else:
            over, under = add(weight * np.where(is_known, cells, 0)), add(weight * is_known)
        return np.asarray(np.divide(over, under, out=np.zeros_like(over), where=under > 0))

    def _ratio(self, indicator: Indicator, figures: Figures, workers: Single, streams: Streams) -> NDArray[np.floating]:
        """Return events over workers, from the posterior where the model has a prior."""
        known = np.isfinite(figures.cells) & np.isfinite(self.workers)
        cells = np.where(known, figures.cells, 0).astype(np.float32)
        if indicator.table == "sites":  # residents are spread over the workers of their gemeente, so they move along
            before, counted = np.nan_to_num(self.workers).astype(np.float32), self.rollup.grid.counted
            whole = workers[..., counted].sum(axis=-1, keepdims=True)
            per_worker = np.divide(cells, before, out=np.zeros_like(cells), where=before > 0)
            cells = workers * (per_worker * before[:, counted].sum(axis=1, keepdims=True))
            cells /= np.maximum(whole, np.float32(1e-9))
        over = self.rollup.add(cells)
        under = self.rollup.add(workers * known) / np.float32(figures.per_workers)
        prior = self.model.priors.get(indicator.code)
        if prior is None:
            return np.asarray(np.divide(over, under, out=np.zeros_like(under), where=under > 0))
        drawn = self._gammas[indicator.code][each(streams, lambda rng, draws: rng.integers(_GAMMAS, size=draws))]
        return np.asarray(drawn * (over + np.float32(prior.shape)) / (under + np.float32(prior.rate)))

    def _conditions(self, name: str, streams: Streams) -> Single:
        """Return a working condition around its judgement, draws x sectors."""
        mean = np.array([self.model.conditions[sector].shares[name] for sector in SECTORS])
        concentration = self.model.uncertainty.condition_concentration
        inside = np.clip(mean, 1e-6, 1 - 1e-6)
        around = (concentration * inside, concentration * (1 - inside))
        drawn = each(streams, lambda rng, draws: rng.beta(*around, (draws, len(SECTORS))))
        drawn = np.where((mean <= 0) | (mean >= 1), mean, drawn)
        return drawn.astype(np.float32)


@dataclass(frozen=True)
class SiteSampler(Sampler):
    """What sites are redrawn from: their own values, the spread of what they take from their area.

    Attributes
    ----------
    values
        Sites x factors on 0-10 as scored, NaN where missing.
    kind_of
        The kind of each site: what is missing is drawn from its kind.
    is_missing
        Which values are to be drawn: not known, though they apply.
    spread, place, area_of
        Standard deviation of the value at `place` that sites of the same area share, and that area.
    """

    values: Single
    kind_of: NDArray[np.object_]
    is_missing: NDArray[np.bool_]
    spread: Single
    place: int
    area_of: NDArray[np.int64]
    pools: Pools = field(default=())

    def some(self, places: Places) -> "SiteSampler":
        """Return the same for some of the sites; what is missing is still drawn from all."""
        where = np.full(len(self.values), -1)
        where[places] = np.arange(len(places))
        pools = tuple((c, where[p][where[p] >= 0], pool) for c, p, pool in self.drawn_from)
        return SiteSampler(
            self.values[places],
            self.kind_of[places],
            self.is_missing[places],
            self.spread[places],
            self.place,
            self.area_of[places],
            pools,
        )

    @cached_property
    def drawn_from(self) -> Pools:
        """Return per factor and kind: which sites lack it, and the values it is drawn from."""
        return self.pools or pools_of(np.where(self.is_missing, np.nan, self.values), self.is_missing, self.kind_of)

    def draw_from(self, streams: Streams) -> Single:
        """Return values on 0-10, draws x sites x factors."""
        areas_n = int(self.area_of.max(initial=0)) + 1
        areas = each(streams, lambda rng, draws: rng.standard_normal((draws, areas_n), np.float32))
        values = np.repeat(self.values.T[:, None, :], len(areas), axis=1)
        moved = values[self.place] + areas[:, self.area_of] * self.spread
        values[self.place] = np.clip(moved, 0, 10)
        _fill(values, self.drawn_from, streams)
        return values.transpose(1, 2, 0)


def _fill(values: Single, pools: Pools, streams: Streams) -> None:
    """Draw what is missing, in place (columns x draws x rows): each row from the pool of its column and kind."""
    start = 0
    for rng, draws in streams:
        for column, rows, pool in pools:
            values[column, start : start + draws, rows] = pool[rng.integers(0, len(pool), (draws, len(rows)))].T
        start += draws


def pools_of(values: Single, is_missing: NDArray[np.bool_], kind_of: NDArray[np.object_]) -> Pools:
    """Return per column and kind with a missing value: the column, the rows, and the values to draw from.

    A kind of which fewer than three are known is drawn from all kinds; a column without any value from the scale.

    Parameters
    ----------
    values
        Sites x indicators on 0-10, NaN where missing.
    is_missing
        Where a value has to be drawn.
    kind_of
        Kind of each site.
    """
    found = []
    for column in np.flatnonzero(is_missing.any(axis=0)):
        mine, missing = values[:, column], is_missing[:, column]
        everywhere = mine[np.isfinite(mine)]
        if not everywhere.size:
            continue
        for kind in dict.fromkeys(kind_of[missing]):
            of_kind = kind_of == kind
            pool = mine[of_kind & np.isfinite(mine)]
            enough = pool if pool.size >= _ENOUGH_TO_DRAW else everywhere
            found.append((int(column), np.flatnonzero(missing & of_kind), enough))
    return tuple(found)


def scaled(index: Index, raw: Array, low: Array, high: Array) -> Array:
    """Return what was measured on 0-10 between its goalposts, units x indicators.

    Parameters
    ----------
    index
        Indicators and their places.
    raw
        As measured, in the indicator's own unit.
    low
        Values that count as 0, per indicator.
    high
        Values that count as 10, per indicator.
    """
    return np.column_stack(
        [scaled_one(one, raw[:, place], low[:, place], high[:, place]) for place, one in enumerate(index.indicators)]
    )


def scaled_one(indicator: Indicator, raw: NDArray[np.floating], low: Array, high: Array) -> Array:
    """Return values of one indicator on 0-10 between its goalposts.

    Parameters
    ----------
    indicator
        As declared.
    raw
        As measured, in the indicator's own unit.
    low
        Value that counts as 0, in the indicator's own unit.
    high
        Value that counts as 10, in the indicator's own unit.
    """
    return goalposts(raw, low, high, direction=indicator.direction, is_log=indicator.transform == "log")
