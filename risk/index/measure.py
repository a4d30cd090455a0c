"""One function per indicator: from the core tables to figures per gemeente and sector.

Each returns `Figures`, or None when its table has no rows or says nothing of it.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Final

import geopandas as gpd
import numpy as np
import pandas as pd
import scipy
from numpy.typing import NDArray

from geodata.codes import MissingReason, Status
from geodata.tables import coverage
from geodata.tables.corrections import valid_activations
from geodata.weeks import fortnight, last_day
from risk.index.declaration import Model
from risk.index.epidemic import Fortnight, count
from risk.index.grid import SECTORS, STATUSES, Grid, status_places
from risk.index.smooth import posterior_rate

Array = NDArray[np.floating]
Whole = NDArray[np.int64]
Origin = tuple[str, pd.Timestamp | None]

_NEAREST_LODGINGS = 5
_LODGING_KINDS = ("lodging", "holiday_park")
_PER_100K, _PER_10K, _PER_1000 = 100_000, 10_000, 1_000


@dataclass(frozen=True)
class Inputs:
    """The tables, the grid they are brought to, and what every measure needs to know.

    Attributes
    ----------
    gemeenten
        Contract ``gemeenten``, in the order of the grid's rows.
    workers
        Exposed workers per gemeente and sector: the weights of every average.
    columns
        What was read of `exposure` before: several measures ask for the same column.
    """

    grid: Grid
    gemeenten: pd.DataFrame
    veiligheidsregios: pd.DataFrame
    exposure: pd.DataFrame
    sites: pd.DataFrame
    activations: pd.DataFrame
    incidence: pd.DataFrame
    regional_incidence: pd.DataFrame
    model: Model
    peildatum: pd.Timestamp
    workers: Array
    columns: dict[str, "Figures | None"] = field(default_factory=dict, init=False, repr=False, compare=False)

    @cached_property
    def points_m(self) -> Array:
        """Return a point in each gemeente, in metres (EPSG:28992)."""
        points = self.gemeenten.geometry.representative_point()
        return np.column_stack([points.x, points.y])

    @cached_property
    def lodgings_listed(self) -> NDArray[np.bool_]:
        """Return for which gemeenten there is a list of lodgings: outside its cover beds are unknown, not nil."""
        return np.asarray(self.gemeenten["vr_code"].isin(regions_with_lodgings(self.sites)), bool)

    @cached_property
    def beds(self) -> pd.DataFrame | None:
        """Return lodgings in the Netherlands with their beds; an unknown size is the median of its kind."""
        if not len(self.sites):
            return None
        lodgings = self.sites[self.sites["kind"].isin(_LODGING_KINDS) & (self.sites["size_unit"] == "beds")]
        if not len(lodgings) or lodgings["size_n"].isna().all():
            return None
        median = lodgings.groupby("kind")["size_n"].transform("median").fillna(lodgings["size_n"].median())
        beds = pd.DataFrame(lodgings.drop(columns="geometry")).assign(size_n=lodgings["size_n"].fillna(median))
        return beds[beds["gemeente_code"] != ""]


@dataclass(frozen=True)
class Figures:
    """Figures on the grid, how they go to larger units, and what of them is redrawn.

    With a `denominator` both are summed and then divided; counts (`is_count`) are summed; a `fortnight` has one
    value per area; anything else is averaged with the exposed workers as weights.

    Attributes
    ----------
    per_workers
        The denominator is the exposed workers over this number; 0 for another denominator.
    are_workers
        The cells are the exposed workers themselves.
    of_sectors, condition
        One value per sector, the same in every gemeente; where it is a working condition, its name.
    """

    cells: Array
    statuses: Whole
    origin: Origin
    denominator: Array | None = None
    is_count: bool = False
    suppressed: NDArray[np.bool_] | None = None
    fortnight: Fortnight | None = None
    per_workers: float = 0.0
    are_workers: bool = False
    of_sectors: Array | None = None
    condition: str = ""


def condition(inputs: Inputs, name: str) -> Figures:
    """Return a working condition of the sectors, the same in every gemeente (share 0-1)."""
    shares = np.array([inputs.model.conditions[sector].shares[name] for sector in SECTORS])
    return replace(_of_sectors(inputs, shares, _declared_by(inputs)), condition=name)


def season_index(inputs: Inputs) -> Figures:
    """Return the sectors' workers on the peildatum (100 = average month)."""
    values = np.array([season_at(inputs.model.seasons[sector].months, inputs.peildatum) for sector in SECTORS])
    return _of_sectors(inputs, values, _declared_by(inputs))


def season_at(months: Sequence[float], date: pd.Timestamp) -> float:
    """Return the season on a date: each month's figure stands at its middle, and between them it runs straight.

    So nothing jumps from the last day of a month to the first of the next.

    Examples
    --------
    >>> months = [60, 120, *[100] * 10]
    >>> [round(season_at(months, pd.Timestamp(day)), 1) for day in ("2021-01-16", "2021-01-31", "2021-02-01")]
    [60.0, 89.0, 91.1]
    """
    days = date.days_in_month
    place = (date.day - 0.5) / days - 0.5
    other = months[(date.month - 1 + (1 if place > 0 else -1)) % 12]
    here = months[date.month - 1]
    return float(here + abs(place) * (other - here))


def _declared_by(inputs: Inputs) -> str:
    return f"model {inputs.model.version.split('-')[0]}"


def exposed_workers(inputs: Inputs) -> Figures | None:
    """Return the workers of each sector."""
    figures = _exposure_column(inputs, "workers_n")
    return None if figures is None else replace(figures, are_workers=True)


def registered_migrant_workers(inputs: Inputs) -> Figures | None:
    """Return the registered workers from EU/EFTA countries, one total, never by country."""
    return _exposure_column(inputs, "migrant_workers_n")


def workers_per_establishment(inputs: Inputs) -> Figures | None:
    """Return workers and establishments, to be divided."""
    workers, establishments = _exposure_column(inputs, "workers_n"), _exposure_column(inputs, "establishments_n")
    if workers is None or establishments is None:
        return None
    return Figures(
        workers.cells,
        np.maximum(workers.statuses, establishments.statuses),
        workers.origin,
        denominator=establishments.cells,
        suppressed=workers.suppressed,
        are_workers=True,
    )


def beds_per_1000_workers(inputs: Inputs) -> Figures | None:
    """Return beds in shared lodgings, and thousands of exposed workers.

    A lodging that names a sector counts for that sector. The residents of the others work in all sectors of
    their gemeente, in proportion to its workers.
    """
    beds = inputs.beds
    if beds is None:
        return None
    own = beds["sector_code"].isin(SECTORS) & ~beds["sector_code"].isin(["lodging", "temporary_agencies"])
    cells = _spread(inputs, beds[~own], "size_n")
    cells[~inputs.lodgings_listed] = np.nan
    named = beds[own]
    columns = pd.Index(SECTORS).get_indexer(pd.Index(named["sector_code"]))
    np.add.at(cells, (inputs.grid.rows(named["gemeente_code"]), columns), named["size_n"].to_numpy(float))
    return Figures(
        cells,
        _weakest(inputs, beds["status"]),
        _origin(beds),
        denominator=inputs.workers / _PER_1000,
        per_workers=_PER_1000,
    )


def park_beds_share(inputs: Inputs) -> Figures | None:
    """Return beds on holiday parks, and all beds in shared lodgings."""
    beds = inputs.beds
    if beds is None:
        return None
    parks = _spread(inputs, beds[beds["kind"] == "holiday_park"], "size_n")
    parks[~inputs.lodgings_listed] = np.nan
    return Figures(parks, _weakest(inputs, beds["status"]), _origin(beds), denominator=_spread(inputs, beds, "size_n"))


def lodging_distance_km(inputs: Inputs) -> Figures | None:
    """Return the mean distance from a point in the gemeente to its five nearest lodgings, in km."""
    lodgings = inputs.sites
    if len(lodgings):
        lodgings = lodgings[lodgings["kind"].isin(_LODGING_KINDS) & lodgings.geometry.notna()]
    if not len(lodgings) or not isinstance(inputs.gemeenten, gpd.GeoDataFrame):
        return None
    tree = scipy.spatial.cKDTree(np.column_stack([lodgings.geometry.x, lodgings.geometry.y]))
    nearest = min(_NEAREST_LODGINGS, len(lodgings))
    metres, _ = tree.query(inputs.points_m, k=list(range(1, nearest + 1)))
    cells = np.repeat(metres.mean(axis=1, keepdims=True) / 1000, len(SECTORS), axis=1)
    cells[~inputs.lodgings_listed] = np.nan
    return Figures(cells, _weakest(inputs, lodgings["status"]), _origin(lodgings))


def regions_with_lodgings(sites: pd.DataFrame) -> frozenset[str]:
    """Return the regions that a list of lodgings covers (`geodata.tables.coverage`); one of holiday parks none."""
    return coverage.covered_regions(sites) if len(sites) else frozenset()


def land_border(inputs: Inputs) -> Figures:
    """Return 1 for gemeenten of a region that borders Germany or Belgium, else 0."""
    regions = inputs.veiligheidsregios.set_index("vr_code")["land_border"]
    has_border = inputs.gemeenten["vr_code"].map(regions).fillna("").str.len().to_numpy() > 0
    cells = np.repeat(has_border[:, None].astype(float), len(SECTORS), axis=1)
    return Figures(cells, _all(inputs, Status.OFFICIAL), ("veiligheidsregios", None))


def infections_contrast(inputs: Inputs) -> Figures | None:
    """Return infections compared with the country, in doublings (`risk.index.epidemic`): a value per area.

    The newest two adjacent whole weeks count; where they are older than three weeks there is no such value at all.
    Cases that are given per veiligheidsregio alone tell of regions and of nothing smaller.
    """
    weeks = fortnight(inputs.incidence["week"].unique(), inputs.peildatum) if len(inputs.incidence) else None
    if not isinstance(inputs.gemeenten, gpd.GeoDataFrame):
        return None
    if weeks is None:
        return _regional_contrast(inputs)
    table = inputs.incidence[inputs.incidence["week"].isin(weeks)]
    both = [_cases(inputs, table[table["week"] == week]) for week in weeks]
    population = inputs.gemeenten["population_n"].to_numpy(float)
    found = count(both[0], both[1], population, inputs.points_m, inputs.model.contrast)
    if found is None:
        return None
    statuses = np.zeros(inputs.grid.shape[0], np.int64)
    np.maximum.at(statuses, inputs.grid.rows(table["gemeente_code"]), status_places(table["status"]))
    return Figures(
        np.where(found.known, 0.0, np.nan)[:, None].repeat(len(SECTORS), axis=1),
        np.repeat(statuses[:, None], len(SECTORS), axis=1),
        (_joined(table["source"]), last_day(weeks[-1])),
        fortnight=found,
    )


def _regional_contrast(inputs: Inputs) -> Figures | None:
    """Return infections compared with the country from cases per veiligheidsregio: a value per region alone."""
    table = inputs.regional_incidence
    weeks = fortnight(table["week"].unique(), inputs.peildatum) if len(table) else None
    if weeks is None:
        return None
    gemeenten = inputs.gemeenten
    region_of, names = pd.factorize(gemeenten["vr_code"], sort=True)
    own = table[table["week"].isin(weeks)]
    both = [own[own["week"] == week].set_index("vr_code")["cases_n"].reindex(names).to_numpy(float) for week in weeks]
    population = np.bincount(region_of, gemeenten["population_n"].to_numpy(float)).astype(float)
    middles = np.column_stack([np.bincount(region_of, side) / np.bincount(region_of) for side in inputs.points_m.T])
    found = count(both[0], both[1], population, middles, inputs.model.contrast)
    if found is None:
        return None
    return Figures(
        np.where(found.known[region_of], 0.0, np.nan)[:, None].repeat(len(SECTORS), axis=1),
        _weakest(inputs, own["status"]),
        (_joined(own["source"]), last_day(weeks[-1])),
        fortnight=replace(found, region_of=region_of),
    )


def _cases(inputs: Inputs, table: pd.DataFrame) -> Array:
    cases = np.full(inputs.grid.shape[0], np.nan)
    known = table[table["cases_n"].notna()]
    rows = inputs.grid.rows(known["gemeente_code"])
    cases[rows] = 0.0
    np.add.at(cases, rows, known["cases_n"].to_numpy(float))
    return cases


def incidence_per_100k(inputs: Inputs) -> Figures | None:
    """Return cases per 100,000 inhabitants in two weeks, smoothed by the model's frozen prior (version 1)."""
    weeks = fortnight(inputs.incidence["week"].unique(), inputs.peildatum) if len(inputs.incidence) else None
    if weeks is None:
        return None
    table = inputs.incidence[inputs.incidence["week"].isin(weeks)]
    cases = sum(_cases(inputs, table[table["week"] == week]) for week in weeks)
    exposure = inputs.gemeenten["population_n"].to_numpy(float) / _PER_100K
    prior = inputs.model.priors["incidence_per_100k"]
    rates = np.where(np.isfinite(cases), posterior_rate(cases + prior.shape, exposure + prior.rate), np.nan)
    statuses = np.zeros(inputs.grid.shape[0], np.int64)
    np.maximum.at(statuses, inputs.grid.rows(table["gemeente_code"]), status_places(table["status"]))
    return Figures(
        _across(rates),
        np.repeat(statuses[:, None], len(SECTORS), axis=1),
        (_joined(table["source"]), last_day(weeks[-1])),
    )


def confirmed_infections(inputs: Inputs) -> Figures | None:
    """Return confirmed infections at activations, faded with age, and ten thousands of exposed workers.

    Only infections found after an outside report or at a random visit count, and each counts once, where it was
    found: that a visit was drawn with a small probability tells of a total, not of the place that the lot
    picked. An activation without a gemeente is spread over the sector's workers in its region.
    """
    if not len(inputs.activations):
        return None
    found = counted_findings(inputs.activations, inputs.model, inputs.peildatum)
    cells = np.zeros(inputs.grid.shape)
    rows = iter(inputs.grid.rows(found.loc[found["gemeente_code"] != "", "gemeente_code"]))
    regions = inputs.gemeenten["vr_code"].to_numpy(object)
    for row in found.itertuples():
        column = SECTORS.index(row.sector_code)
        if row.gemeente_code:
            cells[next(rows), column] += row.weight
            continue
        inside = np.asarray(regions == row.vr_code)
        share = np.where(inside, np.nan_to_num(inputs.workers[:, column]), 0)
        share = share if share.sum() > 0 else inside.astype(float)
        cells[:, column] += row.weight * share / max(share.sum(), 1)
    return Figures(
        cells,
        _weakest(inputs, inputs.activations["status"]),
        ("activations", pd.Timestamp(inputs.activations["event_date"].max())),
        denominator=inputs.workers / _PER_10K,
        per_workers=_PER_10K,
    )


def counted_findings(activations: pd.DataFrame, model: Model, peildatum: pd.Timestamp) -> pd.DataFrame:
    """Return the activations whose confirmed infections count, with their weight.

    Parameters
    ----------
    activations
        Contract ``Activations``; corrected entries are passed over in favour of their correction.
    model
        Which triggers count, and the half-life.
    peildatum
        The date at which the weight is 1 for a visit of that day.

    Returns
    -------
    DataFrame
        vr_code, gemeente_code, sector_code, event_date and weight.
    """
    history = model.history
    valid = valid_activations(activations)
    found = valid[
        (valid["infections_found"] == "yes")
        & valid["trigger"].isin(history.counted_triggers)
        & (valid["event_date"] <= peildatum)
    ]
    weeks = (peildatum - found["event_date"]).dt.days / 7
    weight = 0.5 ** (weeks / history.half_life_weeks)
    return found[["vr_code", "gemeente_code", "sector_code", "event_date"]].assign(weight=weight)


def _exposure_column(inputs: Inputs, column: str) -> Figures | None:
    """Return a column of the newest year in which it holds any figure."""
    if column not in inputs.columns:
        inputs.columns[column] = _read_exposure(inputs, column)
    return inputs.columns[column]


def _read_exposure(inputs: Inputs, column: str) -> Figures | None:
    table = inputs.exposure
    if not len(table):
        return None
    table = table[table["sector_code"].isin(SECTORS)]
    known = table[table[column].notna()]
    if not len(known):
        return None
    year = int(known["year"].max())
    table = table[table["year"] == year]
    gone = table[table[column].isna()]
    hidden = gone[gone[f"{column}_source"].str.endswith(MissingReason.SUPPRESSED.value)]
    suppressed = inputs.grid.cells(hidden.assign(hidden=1.0), "hidden") == 1
    return Figures(
        inputs.grid.cells(table, column),
        inputs.grid.status_cells(table, f"{column}_status"),
        (_joined(known[known["year"] == year][f"{column}_source"]), pd.Timestamp(year=year, month=1, day=1)),
        is_count=True,
        suppressed=suppressed,
    )


def _spread(inputs: Inputs, table: pd.DataFrame, column: str) -> Array:
    """Spread counts of gemeenten over sectors, in proportion to the workers of the sectors that count.

    Where those sectors have less than one worker together, evenly.
    """
    totals = np.zeros(inputs.grid.shape[0])
    np.add.at(totals, inputs.grid.rows(table["gemeente_code"]), table[column].to_numpy(float))
    workers = np.nan_to_num(inputs.workers)
    counted = workers[:, inputs.grid.counted].sum(axis=1)
    even = inputs.grid.counted / inputs.grid.counted.sum()
    shares = np.where(counted[:, None] >= 1, workers / np.maximum(counted, 1)[:, None], even)
    return np.asarray(totals[:, None] * shares)


def _of_sectors(inputs: Inputs, values: Array, source: str) -> Figures:
    cells = np.repeat(values[None, :], inputs.grid.shape[0], axis=0)
    return Figures(cells, _all(inputs, Status.ASSUMPTION), (source, None), of_sectors=values)


def _across(values: Array) -> Array:
    return np.repeat(values[:, None], len(SECTORS), axis=1)


def _all(inputs: Inputs, status: Status) -> Whole:
    return np.full(inputs.grid.shape, STATUSES.index(status), np.int64)


def _weakest(inputs: Inputs, statuses: pd.Series) -> Whole:
    return np.full(inputs.grid.shape, max(status_places(statuses).max(initial=0), 1), np.int64)


def _origin(table: pd.DataFrame) -> Origin:
    return _joined(table["source"]), pd.Timestamp(table["source_date"].max())


def _joined(sources: pd.Series) -> str:
    return "; ".join(sorted({*sources.unique()} - {""})[:3])


MEASURES: Final[Mapping[str, Callable[[Inputs], Figures | None]]] = {
    "workers_per_establishment": workers_per_establishment,
    "beds_per_1000_workers": beds_per_1000_workers,
    "park_beds_share": park_beds_share,
    "lodging_distance_km": lodging_distance_km,
    "exposed_workers": exposed_workers,
    "registered_migrant_workers": registered_migrant_workers,
    "infections_contrast": infections_contrast,
    "incidence_per_100k": incidence_per_100k,
    "land_border": land_border,
    "season_index": season_index,
    "confirmed_infections": confirmed_infections,
}
"""Every indicator that is measured per area, under its code in ``model.toml``."""
