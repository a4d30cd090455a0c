"""Score sites by the same steps as the areas: how close people are, how many, and what goes on around.

A size that is not known is drawn from the sizes of its kind, with their spread: such a site has an expected score
and a wide interval, and no place in the ranking. What a site takes from its area is taken once: how infections
there compare with the country and what was confirmed there, not the area's score, which holds the same again.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Final

import geopandas as gpd
import numpy as np
import pandas as pd
import scipy
from numpy.typing import NDArray

from geodata import site_kinds
from geodata.batch import Pool, cut, run_pieces
from geodata.codes import LOCATED_CLOSELY, SECTORS, MissingReason, Status
from geodata.weeks import Tables, peildatum
from risk.index.aggregate import present_for_all
from risk.index.declaration import Model
from risk.index.draws import AreaSampler, SiteSampler
from risk.index.indicators import Level, Measured, refuse_infinite
from risk.index.measure import Origin, regions_with_lodgings, season_at
from risk.index.normalise import goalposts

Array = NDArray[np.floating]
Mask = NDArray[np.bool_]
States = NDArray[np.int8]

HOUSES: Final = ("lodging", "holiday_park")
_NEAREST: Final = 5
_NEAR_M: Final = 10_000.0
_FAR_M: Final = 100_000.0
_SIGNAL_DAYS: Final = 56
_DRAWS: Final = 200
PIECE_N: Final = 50_000
"""Sites in a piece: enough to be worth a worker, few enough for its memory."""
PRESENT: Final = 0
MISSING: Final = 1
NOT_APPLICABLE: Final = 2
IMPUTED: Final = 3
"""How a value of a site came to be, in the array with the values."""

INCIDENCE: Final = ("infections_contrast", "incidence_per_100k")
_CONFIRMED: Final = "confirmed_infections"
_SIZE: Final = "site_size"
_PER_KM: Final = 1_000.0


@dataclass(frozen=True)
class _Factor:
    """One factor of every site: raw value, how it came to be, and the goalposts of each value."""

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
    areas: pd.DataFrame
    newest_site: pd.Timestamp | None
    newest_signal: pd.Timestamp | None


def look_around(
    tables: Tables, model: Model, areas: pd.DataFrame, at: pd.Timestamp | None = None
) -> tuple[Around, pd.DataFrame]:
    """Return what sites are measured against, and a row per site with what depends on all sites together.

    Parameters
    ----------
    tables
        ``sites`` by its contract and, where there are any, ``signals``; the others only tell the peildatum.
    model
        The declaration.
    areas
        From `of_areas`. A site takes what is confirmed in its sector in its gemeente, without gemeente that of its
        region; who lives in a lodging works in every sector, so lodgings take that of all sectors together. Abroad
        there is none.
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
    unlisted = ~(sites["kind"].isin(HOUSES) | sites["vr_code"].isin(regions_with_lodgings(sites))).to_numpy(bool)
    beds[unlisted], km[unlisted] = np.nan, np.nan  # outside the cover of a list lodgings are unknown, not far
    sector = sites["sector_code"].where(sites["sector_code"] != "", sites["kind"].map(site_kinds.sectors()).fillna(""))
    area = sites["gemeente_code"].where(sites["gemeente_code"] != "", sites["vr_code"])
    signals = tables.get("signals", pd.DataFrame())
    rows = pd.DataFrame(
        {
            "unit_id": sites["site_id"],
            "kind": sites["kind"].astype("category"),
            "sector_code": sector.astype("category"),
            "area_code": area.astype("category"),
            "is_nowhere": (sites["country"] == "NL") & (area == ""),
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
    return Around(model, date, areas, newest_site, newest_signal), rows


def of_areas(measured: Iterable[Measured]) -> pd.DataFrame:
    """Return what sites take from their areas, on unit_id.

    Returns
    -------
    DataFrame
        infections, confirmed (raw values), infections_sd (how far the first varies on 0-10 in ways that can change
        ranks: less the mean of all areas in each draw).
    """
    parts = []
    for one in measured:
        codes = list(one.index.codes)
        code = next(code for code in INCIDENCE if code in codes)
        parts.append(
            pd.DataFrame(
                {
                    "infections": one.raw[:, codes.index(code)],
                    "confirmed": one.raw[:, codes.index(_CONFIRMED)],
                    "infections_sd": _infections_sd(one, code),
                },
                index=one.units["unit_id"],
            )
        )
    return pd.concat(parts)


def _infections_sd(measured: Measured, code: str) -> Array:
    sampler = measured.sampler
    figures = sampler.figures.get(code) if isinstance(sampler, AreaSampler) else None
    if figures is None or figures.fortnight is None or not isinstance(sampler, AreaSampler):
        return np.zeros(len(measured.units))
    rng, rollup = np.random.default_rng(sampler.model.uncertainty.seed), sampler.rollup
    drawn = figures.fortnight.drawn_rates(_DRAWS, rng)
    minimum = sampler.model.scale.minimum_present
    signal = figures.fortnight.signal(rollup.area_of, len(rollup.areas), minimum, drawn)
    low, high = sampler.model.indicator(code).goalposts.at(measured.level)
    values = goalposts(signal, low, high)
    centred = values - np.nanmean(values, axis=1, keepdims=True)
    return np.asarray(np.nan_to_num(rollup.sectors_too(centred.std(axis=0))))


def values_of(around: Around, rows: pd.DataFrame) -> tuple[Array, States]:
    """Return every factor of some sites on 0-10 (NaN where missing), and whether it is there, missing or not to be.

    Both are sites x factors, in the order of the model.
    """
    factors = _factors(around, rows)
    measured = [
        goalposts(
            factor.raw,
            *_posts(around.model, code, factor),
            direction=indicator.direction,
            is_log=indicator.transform == "log",
        )
        for (code, factor), indicator in zip(factors.items(), around.model.sites.indicators, strict=True)
    ]
    values = np.column_stack(measured)
    states = np.where(np.isnan(values), MISSING, PRESENT).astype(np.int8)
    for place, factor in enumerate(factors.values()):
        if factor.not_applicable is not None:
            states[factor.not_applicable & (states[:, place] == MISSING), place] = NOT_APPLICABLE
    return values, states


def impute_sizes(values: Array, states: States, kind: pd.Series, model: Model) -> None:
    """Fill in the size of sites of which none is known with the mean of its kind, in place.

    Parameters
    ----------
    values
        Sites x indicators, filled in place.
    states
        Status of each value, sites x indicators.
    kind
        Kind of each site.
    model
        The index as declared.
    """
    place = model.sites.codes.index(_SIZE)
    unknown = states[:, place] == MISSING
    if not unknown.any() or unknown.all():
        return
    sizes = pd.Series(values[:, place])
    middle = sizes.groupby(kind.to_numpy()).transform("mean").fillna(sizes.mean())
    values[unknown, place] = middle[unknown]
    states[unknown, place] = IMPUTED


def unplaced(rows: pd.DataFrame, states: States, model: Model) -> NDArray[np.object_]:
    """Return why a site has no place in the ranking: ``place``, ``size``, or '' where it has one.

    Parameters
    ----------
    rows
        Sites by their contract.
    states
        Status of each value, sites x indicators.
    model
        The index as declared.
    """
    place = model.sites.codes.index(_SIZE)
    why = np.where(np.isin(states[:, place], (MISSING, IMPUTED)), "size", "").astype(object)
    why[rows["is_nowhere"].to_numpy(bool)] = "place"
    return why


def sampler_of(
    around: Around, rows: pd.DataFrame, values: Array, states: States, left_out: Mapping[str, str]
) -> SiteSampler:
    """Return what draws the values of all sites anew.

    Parameters
    ----------
    around
        What lies around the sites.
    rows
        Sites by their contract.
    values
        Sites x indicators on 0-10.
    states
        Status of each value, sites x indicators.
    left_out
        Indicators that count for no site, and why.
    """
    codes = around.model.sites.codes
    kept = np.array([code not in left_out for code in codes])
    near = _near(rows["area_code"], rows["sector_code"], np.ones(len(rows), bool), around.areas)
    spread = np.nan_to_num(near["infections_sd"].to_numpy(float)).astype(np.float32)
    return SiteSampler(
        values.astype(np.float32),
        rows["kind"].to_numpy(object),
        np.isin(states, (MISSING, IMPUTED)) & kept,
        spread,
        codes.index("site_incidence"),
        pd.factorize(rows["area_code"])[0].astype(np.int64),
    )


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


def left_out_of(states: States, model: Model) -> dict[str, str]:
    """Return which factors are left out for all sites: no site has them, too few have, or the model switches off."""
    known = states != MISSING
    absent = dict.fromkeys(set(model.sites.codes) & set(model.switched_off), "switched_off")
    for place, code in enumerate(model.sites.codes):
        has = np.isin(states[:, place], (PRESENT, IMPUTED))
        if len(states) and not has.any():
            absent.setdefault(code, MissingReason.NO_SOURCE.value)
    return present_for_all(model.sites, known, np.ones(len(states)), model.scale, absent)


def _factors(around: Around, rows: pd.DataFrame) -> dict[str, _Factor]:
    """Return the factors of some sites, in the order of the model."""
    model, sector, area = around.model, rows["sector_code"], rows["area_code"]
    is_house = rows["kind"].isin(HOUSES).to_numpy(bool)
    lives = is_house & (sector == "lodging").to_numpy(bool)
    near = _near(area, sector, lives, around.areas)
    model_origin: Origin = (f"model {model.version.split('-')[0]}", None)
    site_origin: Origin = ("sites", around.newest_site)
    found = {
        "site_kind": _Factor(_looked_up(rows["kind"], dict(model.site_kinds)), Status.ASSUMPTION, model_origin),
        "site_season": _of_sector(
            sector,
            {s: season_at(model.seasons[s].months, around.date) for s in SECTORS},
            lives | (sector == "").to_numpy(bool),
            model_origin,
        ),
        "site_size": _size(rows, model, site_origin),
        "site_lodging": _Factor(rows["beds_n"].to_numpy(float), Status.ESTIMATE, site_origin, not_applicable=is_house),
        "site_transport": _Factor(rows["work_km"].to_numpy(float), Status.ESTIMATE, site_origin),
        "site_incidence": _of_area(around, near["infections"].to_numpy(float), INCIDENCE),
        "site_confirmed": _of_area(around, near["confirmed"].to_numpy(float), (_CONFIRMED,)),
        "site_signals": _Factor(rows["signal"].to_numpy(float), Status.ESTIMATE, ("signals", around.newest_signal)),
    }
    return {code: found[code] for code in model.sites.codes}


def _posts(model: Model, code: str, factor: _Factor) -> tuple[Array | float, Array | float]:
    return model.site_goalposts.get(code, (factor.low, factor.high))


def _near(area: pd.Series, sector: pd.Series, is_whole: Mask, areas_table: pd.DataFrame) -> pd.DataFrame:
    """Return the row of every site's area: of all sectors together where `is_whole`, else of its sector.

    Sites are many and pairs of area and sector few, so names are put together once per pair.
    """
    areas, sectors = area.cat.categories, [*sector.cat.categories, ""]
    names = [f"{one}:{other}" if other else one for one in areas for other in sectors]
    place = area.cat.codes.to_numpy(np.int64) * len(sectors)
    place += np.where(is_whole, len(sectors) - 1, sector.cat.codes.to_numpy(np.int64))
    return areas_table.reindex([*names, ""]).iloc[np.where(area.cat.codes.to_numpy() < 0, len(names), place)]


def _looked_up(keys: pd.Series, values: dict[str, float]) -> Array:
    named = keys.astype("category")
    table = np.array([values.get(str(name), np.nan) for name in named.cat.categories] + [np.nan])
    found: Array = table[named.cat.codes.to_numpy()]
    return found


def _of_sector(sector: pd.Series, values: dict[str, float], lives: Mask, origin: Origin) -> _Factor:
    """Return a factor of the sector; who lives somewhere may work in any, so housing has none, like an added kind."""
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
    size = rows["size_n"].to_numpy(float)
    # An added kind that does not say what is small and large: its sites count as middling, and that is told.
    unsized = [kind for kind, by_unit in model.site_kind_sizes.items() if not by_unit]
    middling = rows["kind"].isin(unsized).to_numpy(bool) & np.isnan(size)
    size, status = np.where(middling, np.sqrt(low * high), size), np.where(middling, Status.ASSUMPTION.value, status)
    return _Factor(size, status, origin, low, high)


def _distances(sites: pd.DataFrame, is_house: Mask) -> tuple[Array, Array]:
    """Return how many beds are near work, and how far (km) lodging and work lie apart; also across the border."""
    beds, km = np.full(len(sites), np.nan), np.full(len(sites), np.nan)
    if isinstance(sites, gpd.GeoDataFrame):
        placed = sites.geometry.notna().to_numpy() & sites["located"].isin(LOCATED_CLOSELY).to_numpy()
        houses, work = np.flatnonzero(is_house & placed), np.flatnonzero(~is_house & placed)
        if houses.size and work.size:
            xy = np.column_stack([sites.geometry.x, sites.geometry.y])
            near = min(_NEAREST, houses.size)
            metres, which = scipy.spatial.cKDTree(xy[houses]).query(xy[work], k=list(range(1, near + 1)), workers=-1)
            capacity = np.r_[_beds(sites.iloc[houses]), 0.0]
            beds[work] = (capacity[which] * (metres <= _NEAR_M)).sum(axis=1)
            km[work] = np.minimum(metres[:, 0], _FAR_M) / _PER_KM
            km[houses] = np.minimum(scipy.spatial.cKDTree(xy[work]).query(xy[houses], workers=-1)[0], _FAR_M) / _PER_KM
    return beds, km


def _beds(houses: pd.DataFrame) -> Array:
    """Return beds; where they are not known, the middle of those of the same kind."""
    known = houses["size_n"].where(houses["size_unit"] == "beds")
    return np.asarray(known.fillna(known.groupby(houses["kind"]).transform("median")).fillna(0), float)


def _of_area(around: Around, raw: Array, codes: tuple[str, ...]) -> _Factor:
    """Return a factor that sites take from their area, between the goalposts it has there."""
    code = next(code for code in codes if code in around.model.areas.codes)
    low, high = around.model.indicator(code).goalposts.at("gemeente")
    return _Factor(raw, Status.ESTIMATE, (code, None), low, high)


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
        {code: factors[code].origin for code in codes},
        left_out,
    )


def site_level(tables: Tables, model: Model, areas: pd.DataFrame, at: pd.Timestamp | None, pool: Pool) -> Level:
    """Return all sites; parameters and errors as for `risk.index.sites.look_around`."""
    around, rows = look_around(tables, model, areas, at)
    pieces = [rows.iloc[part] for part in cut(len(rows), PIECE_N)]
    found = run_pieces(values_of, around, pieces, pool, "sites measured")
    shape = (0, len(model.sites.codes))
    values = np.concatenate([np.empty(shape), *(one for one, _ in found)])
    states = np.concatenate([np.empty(shape, np.int8), *(one for _, one in found)])
    impute_sizes(values, states, rows["kind"], model)
    left_out = left_out_of(states, model)
    why_unplaced = unplaced(rows, states, model)
    sampler = sampler_of(around, rows, values, states, left_out)
    return Level(
        "site",
        model.sites,
        around.date,
        rows[["unit_id", "area_code", "sector_code"]],
        values,
        left_out,
        lambda places: replace(
            measure_rows(around, rows.iloc[places], left_out),
            sampler=sampler.some(np.asarray(places)),
            why_unplaced=why_unplaced[places],
        ),
        np.isin(states, (PRESENT, NOT_APPLICABLE)),
        why_unplaced,
    )
