"""Score sites by the same steps as the areas: how close people are, how many, and what goes on around.

What is not known about a site (its size, its place) lowers its completeness, never its score: the known
factors then carry the weight.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import geopandas as gpd
import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from geodata.codes import KIND_SECTOR, SECTORS, MissingReason, Status
from geodata.weeks import Tables, peildatum
from risk.index.declaration import Model
from risk.index.indicators import Measured, refuse_infinite
from risk.index.measure import Origin
from risk.index.normalise import goalposts

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]

HOUSES: Final = ("lodging", "holiday_park")
_WORK_CONDITIONS: Final = ("indoor", "cold", "proximity", "agency")
_NEAREST: Final = 5
_NEAR_M: Final = 10_000.0
_FAR_M: Final = 100_000.0
_SIGNAL_DAYS: Final = 56
_PER_KM: Final = 1_000.0


@dataclass(frozen=True)
class _Factor:
    """One factor of every site: raw value, how it came to be, and the goalposts beside each value."""

    raw: Array
    status: Status | NDArray[np.object_]
    origin: Origin
    low: Array | float = 0.0
    high: Array | float = 10.0
    not_applicable: Mask | None = None


@dataclass(frozen=True)
class Around:
    """What every row of sites is measured against; see `look_around`."""

    model: Model
    date: pd.Timestamp
    area_scores: pd.DataFrame
    newest_site: pd.Timestamp | None
    newest_signal: pd.Timestamp | None


def look_around(
    tables: Tables, model: Model, area_scores: pd.DataFrame, at: pd.Timestamp | None = None
) -> tuple[Around, pd.DataFrame]:
    """Return what sites are measured against, and a row per site with what only all of them together can tell.

    Parameters
    ----------
    tables
        ``sites`` by its contract and, where there are any, ``signals``; the others only tell the peildatum.
    model
        The declaration.
    area_scores
        score_0_10, score_sd and incidence_per_100k of gemeenten and veiligheidsregio's, on unit_id. A site
        takes the score of its sector in its gemeente, without gemeente that of its region; who lives in a
        lodging works in every sector, so lodgings take that of all sectors together. Abroad there is none.
    at
        The peildatum, when it is not the last date in the data.

    Returns
    -------
    tuple
        For `values_of` and `measure_rows`; the rows may be cut anywhere.

    Raises
    ------
    InputError
        A size is infinite.
    """
    sites = tables["sites"].reset_index(drop=True)
    refuse_infinite("sites", sites, ("size_n",))
    date = peildatum(tables, model.disease) if at is None else at
    beds, km = _distances(sites, sites["kind"].isin(HOUSES).to_numpy(bool))
    sector = sites["sector_code"].where(sites["sector_code"] != "", sites["kind"].map(KIND_SECTOR))
    area = sites["gemeente_code"].where(sites["gemeente_code"] != "", sites["vr_code"])
    signals = tables.get("signals", pd.DataFrame())
    rows = pd.DataFrame(
        {
            "unit_id": sites["site_id"],
            "kind": sites["kind"].astype("category"),
            "sector_code": sector.astype("category"),
            "area_code": area.astype("category"),
            "is_abroad": sites["country"] != "NL",
            "size_n": sites["size_n"],
            "size_unit": sites["size_unit"].astype("category"),
            "status": sites["status"].astype("category"),
            "beds_n": beds,
            "work_km": km,
            "signal": _signals(signals, sites, sector, date, at),
        }
    )
    newest_site = pd.Timestamp(sites["source_date"].max()) if len(sites) else None
    newest_signal = pd.Timestamp(signals["event_date"].max()) if len(signals) else None
    return Around(model, date, area_scores, newest_site, newest_signal), rows


def values_of(around: Around, rows: pd.DataFrame) -> Array:
    """Return every factor of some sites on 0-10, sites x factors in the order of the model, NaN where missing."""
    measured = [
        goalposts(
            factor.raw,
            *_posts(around.model, code, factor),
            direction=indicator.direction,
            is_log=indicator.transform == "log",
        )
        for (code, factor), indicator in zip(_factors(around, rows).items(), around.model.sites.indicators, strict=True)
    ]
    return np.column_stack(measured)


def measure_rows(around: Around, rows: pd.DataFrame, left_out: Mapping[str, str]) -> Measured:
    """Return all that was measured of some sites.

    Parameters
    ----------
    around, rows
        From `look_around`.
    left_out
        From `left_out_of`.
    """
    return _measured(around, rows, _factors(around, rows), left_out)


def left_out_of(values: Array, model: Model) -> dict[str, str]:
    """Return which factors no site at all has, or the model switches off."""
    absent = {
        code: MissingReason.NO_SOURCE.value
        for place, code in enumerate(model.sites.codes)
        if len(values) and np.isnan(values[:, place]).all()
    }
    return absent | dict.fromkeys(set(model.sites.codes) & set(model.switched_off), "switched_off")


def _factors(around: Around, rows: pd.DataFrame) -> dict[str, _Factor]:
    """Return the factors of some sites, in the order of the model."""
    model, sector, area = around.model, rows["sector_code"], rows["area_code"]
    is_house = rows["kind"].isin(HOUSES).to_numpy(bool)
    lives = is_house & (sector == "lodging").to_numpy(bool)
    near = _around(area, sector, lives, around.area_scores)
    model_origin: Origin = (f"model {model.version.split('-')[0]}", None)
    site_origin: Origin = ("sites", around.newest_site)
    found = {
        "site_kind": _Factor(_looked_up(rows["kind"], dict(model.site_kinds)), Status.ASSUMPTION, model_origin),
        "site_sector": _of_sector(sector, {s: _conditions(model, s) for s in SECTORS}, lives, model_origin),
        "site_season": _of_sector(
            sector, {s: model.seasons[s].months[around.date.month - 1] for s in SECTORS}, lives, model_origin
        ),
        "site_size": _size(rows, model, site_origin),
        "site_lodging": _Factor(rows["beds_n"].to_numpy(float), Status.ESTIMATE, site_origin, not_applicable=is_house),
        "site_transport": _Factor(rows["work_km"].to_numpy(float), Status.ESTIMATE, site_origin),
        "site_area": _Factor(
            near["score_0_10"].to_numpy(float),
            Status.ESTIMATE,
            model_origin,
            not_applicable=rows["is_abroad"].to_numpy(bool),
        ),
        "site_incidence": _incidence(_around(area, sector, np.ones(len(rows), bool), around.area_scores), model),
        "site_signals": _Factor(rows["signal"].to_numpy(float), Status.ESTIMATE, ("signals", around.newest_signal)),
    }
    return {code: found[code] for code in model.sites.codes}


def _posts(model: Model, code: str, factor: _Factor) -> tuple[Array | float, Array | float]:
    return model.site_goalposts.get(code, (factor.low, factor.high))


def _around(area: pd.Series, sector: pd.Series, is_whole: Mask, area_scores: pd.DataFrame) -> pd.DataFrame:
    """Return the row of every site's area: of all sectors together where `is_whole`, else of its sector.

    Sites are many and pairs of area and sector few, so names are put together once per pair.
    """
    areas, sectors = area.cat.categories, [*sector.cat.categories, ""]
    names = [f"{one}:{other}" if other else one for one in areas for other in sectors]
    place = area.cat.codes.to_numpy(np.int64) * len(sectors)
    place += np.where(is_whole, len(sectors) - 1, sector.cat.codes.to_numpy(np.int64))
    return area_scores.reindex([*names, ""]).iloc[np.where(area.cat.codes.to_numpy() < 0, len(names), place)]


def _looked_up(keys: pd.Series, values: dict[str, float]) -> Array:
    kinds = keys.astype("category")
    table = np.array([values.get(str(name), np.nan) for name in kinds.cat.categories] + [np.nan])
    found: Array = table[kinds.cat.codes.to_numpy()]
    return found


def _conditions(model: Model, sector: str) -> float:
    shares = model.conditions[sector].shares
    return sum(shares[name] for name in _WORK_CONDITIONS) / len(_WORK_CONDITIONS)


def _of_sector(sector: pd.Series, values: dict[str, float], lives: Mask, origin: Origin) -> _Factor:
    """Return a factor of the sector; who lives somewhere may work in any, so housing has none."""
    raw = _looked_up(sector, values)
    return _Factor(np.where(lives, np.nan, raw), Status.ASSUMPTION, origin, not_applicable=lives)


def _size(rows: pd.DataFrame, model: Model, origin: Origin) -> _Factor:
    low, high = np.full(len(rows), np.nan), np.full(len(rows), np.nan)
    for unit, pair in model.site_sizes.items():
        is_unit = (rows["size_unit"] == unit).to_numpy(bool)
        low[is_unit], high[is_unit] = pair
    for kind, by_unit in model.site_kind_sizes.items():
        is_kind = (rows["kind"] == kind).to_numpy(bool)
        for unit, pair in by_unit.items():
            both = is_kind & (rows["size_unit"] == unit).to_numpy(bool)
            low[both], high[both] = pair
    known = rows["status"]
    status: NDArray[np.object_] = known.cat.categories.to_numpy(object)[known.cat.codes.to_numpy()]
    return _Factor(rows["size_n"].to_numpy(float), status, origin, low, high)


def _distances(sites: pd.DataFrame, is_house: Mask) -> tuple[Array, Array]:
    """Return how many beds are near work, and how far (km) lodging and work lie apart; also across the border."""
    beds, km = np.full(len(sites), np.nan), np.full(len(sites), np.nan)
    if isinstance(sites, gpd.GeoDataFrame):
        placed = sites.geometry.notna().to_numpy() & sites["located"].isin(["exact", "address"]).to_numpy()
        houses, work = np.flatnonzero(is_house & placed), np.flatnonzero(~is_house & placed)
        if houses.size and work.size:
            xy = np.column_stack([sites.geometry.x, sites.geometry.y])
            near = min(_NEAREST, houses.size)
            metres, which = cKDTree(xy[houses]).query(xy[work], k=list(range(1, near + 1)), workers=-1)
            capacity = np.r_[_beds(sites.iloc[houses]), 0.0]
            beds[work] = (capacity[which] * (metres <= _NEAR_M)).sum(axis=1)
            km[work] = np.minimum(metres[:, 0], _FAR_M) / _PER_KM
            km[houses] = np.minimum(cKDTree(xy[work]).query(xy[houses], workers=-1)[0], _FAR_M) / _PER_KM
    return beds, km


def _beds(houses: pd.DataFrame) -> Array:
    """Return beds; where they are not known, the middle of those of the same kind."""
    known = houses["size_n"].where(houses["size_unit"] == "beds")
    return np.asarray(known.fillna(known.groupby(houses["kind"]).transform("median")).fillna(0), float)


def _incidence(around: pd.DataFrame, model: Model) -> _Factor:
    low, high = model.indicator("incidence_per_100k").goalposts.at("gemeente")
    raw = around["incidence_per_100k"].to_numpy(float)
    return _Factor(raw, Status.ESTIMATE, (f"incidence {model.disease}", None), low, high)


def _signals(
    signals: pd.DataFrame, sites: pd.DataFrame, sector: pd.Series, date: pd.Timestamp, at: pd.Timestamp | None
) -> Array:
    """Return 1 for a site with an open signal, 0.5 where one is on its sector in its gemeente, else 0."""
    if not len(signals):
        return np.full(len(sites), np.nan)
    is_open = (signals["state"] == "new") & (signals["event_date"] > date - pd.Timedelta(days=_SIGNAL_DAYS))
    if at is not None:
        is_open &= signals["event_date"] <= at
    found = signals[is_open]
    named = sites["site_id"].isin(found.loc[found["site_id"] != "", "site_id"])
    places = found[(found["gemeente_code"] != "") & (found["sector_code"] != "")]
    near = (sites["gemeente_code"] + ":" + sector.astype("str")).isin(
        places["gemeente_code"] + ":" + places["sector_code"]
    )
    return np.where(named, 1.0, np.where(near & (sites["gemeente_code"] != ""), 0.5, 0.0))


def _measured(around: Around, rows: pd.DataFrame, factors: dict[str, _Factor], left_out: Mapping[str, str]) -> Measured:
    """Put the factors side by side."""
    model = around.model
    codes, shape = model.sites.codes, (len(rows), len(model.sites.codes))
    raw, low, high = np.full(shape, np.nan), np.zeros(shape), np.full(shape, 10.0)
    reasons, statuses = np.empty(shape, object), np.empty(shape, object)
    reasons.fill("")  # unlike np.full, this keeps one text and not one per cell
    statuses.fill(Status.MISSING.value)
    for place, code in enumerate(codes):
        factor = factors[code]
        raw[:, place] = factor.raw
        low[:, place], high[:, place] = _posts(model, code, factor)
        missing = np.isnan(factor.raw)
        reasons[missing, place] = MissingReason.NOT_PUBLISHED.value
        if factor.not_applicable is not None:
            reasons[missing & factor.not_applicable, place] = MissingReason.NOT_APPLICABLE.value
        if isinstance(factor.status, Status):
            statuses[~missing, place] = factor.status.value
        else:
            statuses[~missing, place] = factor.status[~missing]
    lives = rows["kind"].isin(HOUSES).to_numpy(bool) & (rows["sector_code"] == "lodging").to_numpy(bool)
    spread = _around(rows["area_code"], rows["sector_code"], lives, around.area_scores)["score_sd"].to_numpy(float)
    alpha, rate = _posterior(raw, codes.index("site_area"), spread)
    units = rows[["unit_id", "area_code", "sector_code"]].astype("str").assign(workers_n=np.nan)
    return Measured(
        model.sites,
        "site",
        around.date,
        units.reset_index(drop=True),
        raw,
        low,
        high,
        reasons,
        statuses,
        alpha,
        rate,
        {code: factors[code].origin for code in codes},
        left_out,
    )


def _posterior(raw: Array, place: int, spread: Array) -> tuple[Array, Array]:
    """Return the gamma distribution that has the area score's mean and spread over the rebuilds."""
    shape, rate = np.full(raw.shape, np.nan), np.full(raw.shape, np.nan)
    known = np.isfinite(raw[:, place]) & (spread > 0)
    rate[known, place] = raw[known, place] / spread[known] ** 2
    shape[known, place] = raw[known, place] * rate[known, place]
    return shape, rate
