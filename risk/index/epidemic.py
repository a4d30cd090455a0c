"""Infections compared with the country: an area's own rate, its neighbours', and how fast it rises.

The level of an epidemic (a national wave) and the contrast between areas do not fit in one indicator: either all
areas stand at its lower post or all at its upper. So the index takes the contrast alone, in doublings, and the
level is one sentence for the whole country. Own rates are shrunk by a prior that is fitted to the fortnight
itself: a frozen one invents infections where a summer has none.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from risk.index.declaration import Contrast
from risk.index.smooth import fit_prior

Array = NDArray[np.floating]
Whole = NDArray[np.int64]

PER_100K = 100_000


@dataclass(frozen=True)
class Fortnight:
    """The cases of two whole weeks, and all that the contrast of an area is computed from.

    Attributes
    ----------
    before_n, now_n
        Cases of week t-1 and week t per gemeente; NaN where either week has no figure.
    exposure
        Hundred thousands of inhabitants per gemeente.
    kernel
        Gemeenten x gemeenten: how much each counts as a neighbour of each.
    shape, rate
        Gamma prior fitted to this fortnight; shape / rate is its mean per 100,000.
    region_of
        Where the cases are those of regions: the place of each gemeente's region. Every "gemeente" above is then a
        region, and areas that are no region have no value.
    """

    before_n: Array
    now_n: Array
    exposure: Array
    kernel: Array
    shape: float
    rate: float
    contrast: Contrast
    region_of: Whole | None = None

    @property
    def cases_n(self) -> Array:
        """Return the cases of both weeks."""
        return np.asarray(self.before_n + self.now_n)

    @property
    def known(self) -> NDArray[np.bool_]:
        """Return which gemeenten have a figure of both weeks and inhabitants."""
        return np.isfinite(self.cases_n) & (self.exposure > 0)

    @property
    def weeks_n(self) -> Array:
        """Return the cases of week t-1 and of week t, 2 x gemeenten; 0 where they are not known."""
        return np.where(self.known, np.stack([self.before_n, self.now_n]), 0.0)

    @property
    def national_per_100k(self) -> float:
        """Return the country's cases of both weeks per 100,000 inhabitants."""
        return float(self.cases_n[self.known].sum() / self.exposure[self.known].sum())

    @property
    def national_change(self) -> float:
        """Return the country's cases of week t over those of week t-1; NaN without cases in week t-1."""
        before = float(self.before_n[self.known].sum())
        return float(self.now_n[self.known].sum()) / before if before > 0 else float("nan")

    def rates(self) -> Array:
        """Return the smoothed rate of every gemeente per 100,000; NaN where there is no figure."""
        return np.asarray(
            np.where(self.known, (np.nan_to_num(self.cases_n) + self.shape) / (self.exposure + self.rate), np.nan)
        )

    def drawn_rates(self, draws: int, rng: np.random.Generator) -> NDArray[np.float32]:
        """Return rates of week t-1 and of week t drawn from their posteriors, draws x 2 x gemeenten; 0 if not known.

        The prior is shared out over the weeks as the country's cases are, so the two together have the posterior of
        the fortnight, Gamma(c + a, e + b), and an area with few cases rises as the country does.
        """
        cases = self.weeks_n
        national = cases.sum(axis=1, keepdims=True)
        shapes = (cases + self.shape * national / national.sum()).astype(np.float32)
        drawn = rng.standard_gamma(shapes, (draws, *shapes.shape), np.float32)
        np.maximum(drawn, np.finfo(np.float32).tiny, out=drawn)  # a logarithm follows
        drawn *= np.where(self.known, 1 / (self.exposure + self.rate), 0.0).astype(np.float32)
        return drawn

    def signal(self, area_of: Whole, areas: int, minimum: float, drawn: NDArray[np.float32] | None = None) -> Array:
        """Return the contrast of every area in doublings, NaN where less than `minimum` of the people are known.

        Parameters
        ----------
        area_of
            The place of each gemeente's area.
        areas
            How many areas there are.
        minimum
            Share of an area's inhabitants of whom there must be figures.
        drawn
            From `drawn_rates`; else the smoothed rates and the cases as they are.

        Returns
        -------
        Array
            One value per area, or draws x areas.
        """
        if self.region_of is not None:
            draws = () if drawn is None else drawn.shape[:1]
            if not self._are_regions(area_of, areas):
                return np.full((*draws, areas), np.nan)
            area_of = np.arange(areas)
        national, known, e = self.national_per_100k, self.known, np.where(self.known, self.exposure, 0.0)
        if drawn is None:
            own = np.where(known, self.rates(), 0.0)
            weeks = self.weeks_n
        else:
            own, weeks = drawn.sum(axis=1), drawn * e.astype(np.float32)
        counted = weeks.sum(axis=-2)
        prior = self.contrast.around_prior
        around = (counted @ self.kernel.T + prior * national) / (e @ self.kernel.T + prior)
        people = _by_area(e, area_of, areas)
        with np.errstate(divide="ignore", invalid="ignore"):
            parts = [np.log2(_by_area(values * e, area_of, areas) / people / national) for values in (own, around)]
        signal = self.contrast.own * parts[0] + self.contrast.around * parts[1]
        signal = signal + self.contrast.rising * self._rise(weeks, area_of, areas)
        enough = people >= (minimum - 1e-9) * np.maximum(_by_area(self.exposure, area_of, areas), 1e-12)
        return np.asarray(np.where(enough, signal, np.nan))

    def _rise(self, weeks: Array, area_of: Whole, areas: int) -> Array:
        """Return log2 of an area's rise from week t-1 to week t over the country's."""
        known, prior = self.known, self.contrast.rising_prior
        people, whole = _by_area(np.where(known, self.exposure, 0.0), area_of, areas), self.exposure[known].sum()
        growth = []
        for place, cases in ((1, self.now_n), (0, self.before_n)):
            national = cases[known].sum() / whole
            counted = _by_area(weeks[..., place, :], area_of, areas)
            growth.append((counted + prior) / (people * national + prior))
        return np.asarray(np.log2(growth[0] / growth[1]))

    def _are_regions(self, area_of: Whole, areas: int) -> bool:
        """Tell whether areas are the regions that the cases are of, in the same order."""
        return areas == len(self.exposure) and self.region_of is not None and np.array_equal(area_of, self.region_of)


def _by_area(values: Array, area_of: Whole, areas: int) -> Array:
    """Return sums over the gemeenten (the last axis) of each area."""
    if areas == len(area_of) and bool((area_of == np.arange(areas)).all()):
        return values
    member = np.zeros((len(area_of), areas))
    member[np.arange(len(area_of)), area_of] = 1.0
    return np.asarray(values @ member)


def count(before_n: Array, now_n: Array, population_n: Array, points_m: Array, contrast: Contrast) -> Fortnight | None:
    """Return a fortnight ready for its contrast; None without a figure or a case anywhere.

    Parameters
    ----------
    before_n, now_n
        Cases of week t-1 and week t per gemeente; NaN where there is no figure.
    population_n
        Inhabitants per gemeente.
    points_m
        Gemeenten x 2: a point inside each, in metres (EPSG:28992).
    contrast
        The weights and what is added to small counts, from the model.
    """
    exposure = population_n / PER_100K
    both = np.isfinite(before_n + now_n) & (exposure > 0)
    if not both.any() or not (before_n + now_n)[both].sum() > 0:
        return None
    shape, rate = fit_prior((before_n + now_n)[both], exposure[both])
    return Fortnight(
        np.where(both, before_n, np.nan),
        np.where(both, now_n, np.nan),
        exposure,
        kernel(points_m, contrast.around_km),
        shape,
        rate,
        contrast,
    )


def kernel(points_m: Array | Sequence[Sequence[float]], around_km: float) -> Array:
    """Return how much each gemeente counts as a neighbour of each: exp(-distance / around_km), 0 for itself.

    Examples
    --------
    >>> kernel(np.array([[0.0, 0.0], [20_000.0, 0.0]]), 20.0).round(3).tolist()
    [[0.0, 0.368], [0.368, 0.0]]
    """
    points = np.asarray(points_m, float)
    metres = np.hypot(*(points[:, None, :] - points[None, :, :]).transpose(2, 0, 1))
    weights = np.exp(-metres / (1_000 * around_km))
    np.fill_diagonal(weights, 0.0)
    return np.asarray(weights)
