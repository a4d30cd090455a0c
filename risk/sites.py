"""Score sites: kind x size x the score of the sector around it, by the same steps as the areas.

What is not known about a site (its size, its place) lowers its completeness, never its score: the known
factors then carry the weight.
"""

from collections.abc import Mapping

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from geodata.codes import KIND_SECTOR, MissingReason, Status
from risk.declaration import Model
from risk.indicators import Measured, Tables, peildatum

Array = NDArray[np.float64]

_HOUSES = ("lodging", "holiday_park")


def measure_sites(tables: Tables, model: Model, area_scores: Mapping[str, pd.DataFrame]) -> Measured:
    """Return kind, size and area of every site.

    Parameters
    ----------
    tables
        ``sites`` by its contract; the other tables only tell the peildatum.
    model
        The declaration.
    area_scores
        Scores of level ``gemeente`` and ``vr``. A site takes the score of its sector in its gemeente, without
        gemeente that of its region; who lives in a lodging works in every sector, so lodgings take that of
        all sectors together. Abroad there is no score to take.
    """
    sites = tables["sites"]
    sector = sites["sector_code"].where(sites["sector_code"] != "", sites["kind"].map(KIND_SECTOR))
    area = sites["gemeente_code"].where(sites["gemeente_code"] != "", sites["vr_code"])
    units = pd.DataFrame(
        {
            "unit_id": sites["site_id"].astype("str"), "area_code": area.astype("str"),
            "sector_code": sector.astype("str"), "workers_n": np.nan,
        }
    ).reset_index(drop=True)  # fmt: skip
    kind = sites["kind"].map(dict(model.site_kinds)).to_numpy(float)
    size = sites["size_n"].to_numpy(float)
    around = _scores_around(sites, sector, area, area_scores)
    raw = np.column_stack([kind, size, around])
    low, high = np.zeros(raw.shape), np.full(raw.shape, 10.0)
    posts = {unit: pair for unit, pair in model.site_sizes.items()}
    low[:, 1] = sites["size_unit"].map({unit: pair[0] for unit, pair in posts.items()}).to_numpy(float)
    high[:, 1] = sites["size_unit"].map({unit: pair[1] for unit, pair in posts.items()}).to_numpy(float)
    missing = np.isnan(raw)
    reasons = np.where(missing, MissingReason.NOT_PUBLISHED.value, "").astype(object)
    reasons[missing[:, 2] & (sites["country"] != "NL").to_numpy(), 2] = MissingReason.NOT_APPLICABLE.value
    statuses = np.column_stack(
        [
            np.full(len(sites), Status.ASSUMPTION.value, object),
            sites["status"].to_numpy(object),
            np.full(len(sites), Status.ESTIMATE.value, object),
        ]
    )
    statuses[missing] = Status.MISSING.value
    date = pd.Timestamp(sites["source_date"].max()) if len(sites) else pd.NaT
    version = model.version.split("-")[0]
    sources = {
        "site_kind": (f"model {version}", pd.NaT), "site_size": ("sites", date), "site_area": ("scores", pd.NaT),
    }  # fmt: skip
    blank = np.full(raw.shape, np.nan)
    left_out = {code: MissingReason.NO_SOURCE.value
                for place, code in enumerate(model.sites.codes) if len(sites) and missing[:, place].all()}  # fmt: skip
    return Measured(
        model.sites, "site", peildatum(tables), units, raw, low, high, reasons, statuses, blank, blank,
        sources, left_out,
    )  # fmt: skip


def _scores_around(
    sites: pd.DataFrame, sector: pd.Series, area: pd.Series, area_scores: Mapping[str, pd.DataFrame]
) -> Array:
    known = pd.concat([scores.set_index("unit_id")["score_0_10"] for scores in area_scores.values()])
    is_house = sites["kind"].isin(_HOUSES) & sector.isin(["lodging"])
    unit = area.where(is_house, area + ":" + sector)
    return known.reindex(unit).to_numpy(float)
