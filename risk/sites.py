"""Score sites: kind x size x the score of the sector around it, by the same steps as the areas.

What is not known about a site (its size, its place) lowers its completeness, never its score: the known
factors then carry the weight.
"""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from geodata.codes import KIND_SECTOR, MissingReason, Status
from risk.declaration import Model
from risk.indicators import Measured, Tables, peildatum, refuse_infinite
from risk.measures import Origin

Array = NDArray[np.float64]

_HOUSES = ("lodging", "holiday_park")


def measure_sites(tables: Tables, model: Model, area_scores: pd.DataFrame, at: pd.Timestamp | None = None) -> Measured:
    """Return kind, size and area of every site.

    Parameters
    ----------
    tables
        ``sites`` by its contract; the other tables only tell the peildatum.
    model
        The declaration.
    area_scores
        score_0_10 and score_sd of gemeenten and veiligheidsregio's, on unit_id. A site takes the score of its
        sector in its gemeente, without gemeente that of its region; who lives in a lodging works in every
        sector, so lodgings take that of all sectors together. Abroad there is no score to take.
    at
        The peildatum, when it is not the last date in the data.
    """
    sites = tables["sites"]
    refuse_infinite("sites", sites, ("size_n",))
    sector = sites["sector_code"].where(sites["sector_code"] != "", sites["kind"].map(KIND_SECTOR))
    area = sites["gemeente_code"].where(sites["gemeente_code"] != "", sites["vr_code"])
    units = pd.DataFrame({"unit_id": sites["site_id"], "area_code": area, "sector_code": sector}, dtype="str")
    units = units.assign(workers_n=np.nan).reset_index(drop=True)
    is_house = sites["kind"].isin(_HOUSES) & (sector == "lodging")
    around = area_scores.reindex(area.where(is_house, area + ":" + sector))
    raw = np.column_stack([
        sites["kind"].map(dict(model.site_kinds)).to_numpy(float),
        sites["size_n"].to_numpy(float),
        around["score_0_10"].to_numpy(float),
    ])  # fmt: skip
    low, high = np.zeros(raw.shape), np.full(raw.shape, 10.0)
    for unit, (smallest, largest) in model.site_sizes.items():
        low[sites["size_unit"] == unit, 1], high[sites["size_unit"] == unit, 1] = smallest, largest
    missing = np.isnan(raw)
    reasons = np.where(missing, MissingReason.NOT_PUBLISHED.value, "").astype(object)
    reasons[missing[:, 2] & (sites["country"] != "NL").to_numpy(), 2] = MissingReason.NOT_APPLICABLE.value
    statuses = np.full(raw.shape, Status.ASSUMPTION.value, object)
    statuses[:, 1] = sites["status"].to_numpy(object)
    statuses[:, 2] = Status.ESTIMATE.value
    statuses[missing] = Status.MISSING.value
    return Measured(
        model.sites, "site", peildatum(tables) if at is None else at, units, raw, low, high, reasons, statuses,
        *_posterior(raw, around["score_sd"].to_numpy(float)), _sources(sites, model), _left_out(model, missing),
    )  # fmt: skip


def _posterior(raw: Array, spread: Array) -> tuple[Array, Array]:
    """Return the gamma distribution that has the area score's mean and spread over the rebuilds."""
    shape, rate = np.full(raw.shape, np.nan), np.full(raw.shape, np.nan)
    known = np.isfinite(raw[:, 2]) & (spread > 0)
    rate[known, 2] = raw[known, 2] / spread[known] ** 2
    shape[known, 2] = raw[known, 2] * rate[known, 2]
    return shape, rate


def _sources(sites: pd.DataFrame, model: Model) -> dict[str, Origin]:
    model_name = f"model {model.version.split('-')[0]}"
    return {
        "site_kind": (model_name, None),
        "site_size": ("sites", pd.Timestamp(sites["source_date"].max())),
        "site_area": (model_name, None),
    }


def _left_out(model: Model, missing: NDArray[np.bool_]) -> dict[str, str]:
    absent = {code: MissingReason.NO_SOURCE.value for place, code in enumerate(model.sites.codes)
              if len(missing) and missing[:, place].all()}  # fmt: skip
    return absent | dict.fromkeys(set(model.sites.codes) & set(model.switched_off), "switched_off")
