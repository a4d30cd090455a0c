"""All units of a level: their values on 0-10, and the way to all that was measured of some of them.

Of millions of sites only the values are kept; where a figure came from is looked up again for the few that are
shown with their reasons.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from geodata.batch import Pool, cut, run_pieces
from geodata.weeks import Tables
from risk.index import sites
from risk.index.declaration import Index, Model
from risk.index.indicators import Measured, measure
from risk.index.normalise import goalposts

Array = NDArray[np.float64]
Places = NDArray[np.intp]

PIECE_N: Final = 50_000
"""Sites in a piece: enough to be worth a worker, few enough for its memory."""


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
    """

    name: str
    index: Index
    peildatum: pd.Timestamp
    units: pd.DataFrame
    values_0_10: Array
    left_out: Mapping[str, str]
    measured_of: Callable[[Places], Measured]

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


def site_level(tables: Tables, model: Model, area_scores: pd.DataFrame, at: pd.Timestamp | None, pool: Pool) -> Level:
    """Return all sites; parameters and errors as for `risk.index.sites.look_around`."""
    around, rows = sites.look_around(tables, model, area_scores, at)
    pieces = [rows.iloc[part] for part in cut(len(rows), PIECE_N)]
    blank = np.empty((0, len(model.sites.codes)))
    values = np.concatenate([blank, *run_pieces(sites.values_of, around, pieces, pool, "sites measured")])
    left_out = sites.left_out_of(values, model)
    units = rows[["unit_id", "area_code", "sector_code"]]
    return Level(
        "site",
        model.sites,
        around.date,
        units,
        values,
        left_out,
        lambda places: sites.measure_rows(around, rows.iloc[places], left_out),
    )


def values_0_10(measured: Measured) -> Array:
    """Bring what was measured to 0-10 between its goalposts."""
    return np.column_stack(
        [
            goalposts(
                measured.raw[:, place],
                measured.low[:, place],
                measured.high[:, place],
                direction=indicator.direction,
                is_log=indicator.transform == "log",
            )
            for place, indicator in enumerate(measured.index.indicators)
        ]
    )


def some(whole: Measured, places: Places) -> Measured:
    """Return what was measured of some units."""
    if len(places) == len(whole.units):
        return whole
    rows = ("raw", "low", "high", "reasons", "statuses", "shape", "rate")
    return replace(
        whole,
        units=whole.units.iloc[places].reset_index(drop=True),
        **{name: getattr(whole, name)[places] for name in rows},
    )
