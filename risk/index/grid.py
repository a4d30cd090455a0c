"""Figures per gemeente and sector as arrays, and the way from there to every other unit.

Everything is measured on one grid, gemeenten x sectors. A veiligheidsregio is a group of rows; "all sectors
together" is a group of columns. Counts of people are summed, rates and conditions are averaged with the
exposed workers as weights, and only then does anything become a score.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from geodata import codes
from geodata.errors import UnknownCodeError

Array = NDArray[np.floating]
Whole = NDArray[np.int64]

SECTORS: Final = tuple(codes.SECTORS)
STATUSES: Final = ("missing", "official", "estimate", "assumption", "fictional")
"""From firm to invented; a figure made of several takes the weakest."""

_SECTOR_PLACES: Final = pd.Index(SECTORS)
_STATUS_PLACES: Final = pd.Index(STATUSES)
_ALMOST_NOBODY = 1e-9  # so that an average exists where nobody works


@dataclass(frozen=True)
class Grid:
    """The rows and columns: gemeenten with their region and inhabitants, and the twelve sectors.

    Attributes
    ----------
    gemeenten
        gemeente_code, vr_code, population_n, in the order of the rows.
    counted
        Which sectors count in "all sectors together".
    """

    gemeenten: pd.DataFrame
    counted: NDArray[np.bool_]

    @property
    def shape(self) -> tuple[int, int]:
        """Return the numbers of gemeenten and sectors."""
        return len(self.gemeenten), len(SECTORS)

    @cached_property
    def _places(self) -> pd.Index:
        return pd.Index(self.gemeenten["gemeente_code"])

    def rows(self, gemeente_codes: pd.Series) -> Whole:
        """Return the row of each code.

        Raises
        ------
        UnknownCodeError
            A code is no gemeente of the table.
        """
        places = self._places.get_indexer(pd.Index(gemeente_codes))
        if (places < 0).any():
            unknown = gemeente_codes[places < 0].iloc[0]
            raise UnknownCodeError(
                f"Gemeente {unknown!r} is not in the table of gemeenten; bring the data to its year."
            )
        return np.asarray(places, np.int64)

    def cells(self, table: pd.DataFrame, column: str) -> Array:
        """Return a column of a table keyed by gemeente and sector as an array, NaN where there is no row."""
        cells = np.full(self.shape, np.nan)
        cells[self.rows(table["gemeente_code"]), _columns(table["sector_code"])] = table[column].to_numpy(float)
        return cells

    def status_cells(self, table: pd.DataFrame, column: str) -> Whole:
        """Return the places in `STATUSES` of a column, 0 (missing) where there is no row."""
        cells = np.zeros(self.shape, np.int64)
        cells[self.rows(table["gemeente_code"]), _columns(table["sector_code"])] = status_places(table[column])
        return cells


@dataclass(frozen=True)
class Rollup:
    """The way from the grid to the units of a level.

    Attributes
    ----------
    area_of
        The place of each gemeente's area among `areas`.
    areas
        Codes of the areas, sorted.
    """

    grid: Grid
    areas: tuple[str, ...]
    area_of: Whole

    @property
    def units(self) -> pd.DataFrame:
        """Return unit_id, area_code and sector_code of every unit, in the order of the results."""
        sectors = (*SECTORS, "")
        area = np.repeat(np.array(self.areas, object), len(sectors))
        sector = np.tile(np.array(sectors, object), len(self.areas))
        unit = [f"{a}:{s}" if s else a for a, s in zip(area, sector, strict=True)]
        return pd.DataFrame({"unit_id": unit, "area_code": area, "sector_code": sector}, dtype="str")

    @property
    def is_each(self) -> bool:
        """Tell whether every gemeente is an area of its own, in the order of the grid."""
        return len(self.areas) == len(self.area_of) and bool((self.area_of == np.arange(len(self.areas))).all())

    def add(self, cells: Array) -> Array:
        """Return sums over the cells of each unit, one per unit; cells must not be missing.

        Cells are gemeenten x sectors, with as many axes before them as there are draws.
        """
        by_area = cells
        if not self.is_each:
            member = np.zeros((len(self.areas), len(self.area_of)), cells.dtype)
            member[self.area_of, np.arange(len(self.area_of))] = 1
            by_area = member @ cells
        together = by_area[..., self.grid.counted].sum(axis=-1, keepdims=True)
        return np.concatenate([by_area, together], axis=-1).reshape(*cells.shape[:-2], -1)

    def covered(self, known: NDArray[np.bool_]) -> Array:
        """Return which share of each unit has figures, weighing a cell by inhabitants times national jobs."""
        jobs = np.array([codes.SECTORS[sector].jobs_n for sector in SECTORS], float)
        importance = (self.grid.gemeenten["population_n"].to_numpy(float)[:, None] + 1) * jobs
        return np.asarray(self.add(importance * known) / self.add(importance))

    def count(self, cells: Array, minimum: float) -> Array:
        """Return sums of people, scaled up to the whole unit where a part has no figure.

        NaN where less than `minimum` of the unit has figures: what is missing is not zero.
        """
        covered = self.covered(np.isfinite(cells))
        total = self.add(np.nan_to_num(cells))
        enough = covered >= minimum - 1e-9
        return np.asarray(np.divide(total, covered, out=np.full(total.shape, np.nan), where=enough))

    def mean(self, cells: Array, workers: Array, minimum: float) -> Array:
        """Return averages weighted by exposed workers; NaN where less than `minimum` of them has a figure.

        Parameters
        ----------
        cells
            Figures per gemeente and sector.
        workers
            Exposed workers per gemeente and sector.
        minimum
            Share of the workers that must have a figure (0-1).
        """
        known, weight = np.isfinite(cells), np.nan_to_num(workers) + _ALMOST_NOBODY
        present, whole = self.add(weight * known), self.add(weight)
        total = self.add(weight * np.nan_to_num(cells))
        enough = present >= (minimum - 1e-9) * whole
        blank = np.full(total.shape, np.nan)
        return np.asarray(np.divide(total, present, out=blank, where=enough & (present > 0)))

    def importance(self, workers: Array) -> Array:
        """Return the exposed workers of each sector of each area, an average's worth where they are not known.

        All sectors together weigh nothing: their parts are counted already.
        """
        jobs = np.array([codes.SECTORS[sector].jobs_n for sector in SECTORS], float)
        expected = self.grid.gemeenten["population_n"].to_numpy(float)[:, None] * jobs
        known = np.isfinite(workers)
        scale = workers[known].sum() / max(expected[known].sum(), 1) if known.any() else 1.0
        units = self.add(np.where(known, np.nan_to_num(workers), expected * scale)).reshape(len(self.areas), -1)
        units[:, -1] = 0.0
        return np.asarray(units.ravel())

    def sectors_too(self, by_area: Array) -> Array:
        """Return a value of every area as that of each of its units; areas are the last axis."""
        return np.repeat(by_area, len(SECTORS) + 1, axis=-1)

    def weakest(self, statuses: Whole) -> Whole:
        """Return the weakest status (place in `STATUSES`) of each unit's cells."""
        by_area = np.zeros((len(self.areas), statuses.shape[1]), np.int64)
        np.maximum.at(by_area, self.area_of, statuses)
        together = by_area[:, self.grid.counted].max(axis=1, keepdims=True)
        return np.hstack([by_area, together]).ravel()


def make_grid(gemeenten: pd.DataFrame, leave_out: tuple[str, ...]) -> Grid:
    """Return the grid of a table of gemeenten; sectors left out do not count in all sectors together."""
    rows = pd.DataFrame(gemeenten[["gemeente_code", "vr_code", "population_n"]]).sort_values("gemeente_code")
    return Grid(rows.reset_index(drop=True), np.array([sector not in leave_out for sector in SECTORS]))


def roll_up(grid: Grid, level: str) -> Rollup:
    """Return the way from the grid to level ``gemeente`` or ``vr``."""
    column = {"gemeente": "gemeente_code", "vr": "vr_code"}[level]
    area_of, areas = pd.factorize(grid.gemeenten[column], sort=True)
    return Rollup(grid, tuple(areas), area_of.astype(np.int64))


def status_places(statuses: pd.Series) -> Whole:
    """Return the place of each status in `STATUSES`."""
    return np.asarray(_STATUS_PLACES.get_indexer(pd.Index(statuses)), np.int64)


def _columns(sector_codes: pd.Series) -> Whole:
    return np.asarray(_SECTOR_PLACES.get_indexer(pd.Index(sector_codes)), np.int64)
