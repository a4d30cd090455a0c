"""Invented exposure: how many work in each sector in each gemeente, spread by the rules of ``spread.toml``."""

import tomllib
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from geodata import codes
from geodata.errors import UnknownCodeError

YEAR = 2020
SOURCE = "demonstratie"

_RULES_FILE = Path(__file__).with_name("spread.toml")
_TOWN_PER_KM2 = 1_000  # a gemeente with more inhabitants per km² of land counts as town, without farmland
_SPREAD_SIGMA = 0.18  # log-normal noise, so that no two gemeenten look drawn with a ruler
_SUPPRESSED_CELLS_N = 12  # all three figures withheld
_SUPPRESSED_MIGRANTS_N = 24  # only the migrant workers withheld, as publishers do with small counts
_NOT_PUBLISHED_MIGRANTS_N = 6
_SMALL_WORKERS_N = 30  # cells below this are the ones a publisher withholds

Numbers = NDArray[np.float64]


@dataclass(frozen=True)
class Spread:
    """How one sector is spread over the gemeenten; the fields are explained in ``spread.toml``."""

    rule: str
    base: str
    base_pct: float
    power: float
    smallest_n: float
    workers_per_establishment: float
    migrant_pct: float
    places: dict[str, float]
    regions: dict[str, float] = field(default_factory=dict)


def read_rules() -> tuple[dict[str, Spread], dict[str, float]]:
    """Return the rule of every sector, and the relative weights of gemeenten for holiday parks.

    Examples
    --------
    >>> sectors, parks = read_rules()
    >>> len(sectors), sectors["mushrooms"].base, max(sectors["fishery"].places, key=sectors["fishery"].places.get)
    (12, 'none', 'Urk')
    """
    rules = tomllib.loads(_RULES_FILE.read_text("utf-8"))
    parks: dict[str, float] = rules.pop("holiday_park")["places"]
    return {code: Spread(**rules[code]) for code in codes.SECTORS}, parks


def place_weights(gemeenten: pd.DataFrame, places: dict[str, float]) -> Numbers:
    """Return one weight per gemeente, in the table's order, adding up to 1.

    Raises
    ------
    UnknownCodeError
        A place of the rules is no gemeente of the table.
    """
    unknown = sorted(set(places) - set(gemeenten["gemeente_name"]))
    if unknown:
        raise UnknownCodeError(
            f"The rules in {_RULES_FILE.name} name {unknown[0]!r}, which is no gemeente; correct its name there."
        )
    weights = gemeenten["gemeente_name"].map(places).fillna(0).to_numpy(float)
    return np.asarray(weights / weights.sum())


def whole_shares(weights: Numbers, total_n: int) -> NDArray[np.int64]:
    """Divide a whole number by weights into whole numbers that add up to it (largest remainders).

    Examples
    --------
    >>> whole_shares(np.array([1.0, 1.0, 4.0]), 10).tolist()
    [2, 2, 6]
    """
    exact = weights / weights.sum() * total_n
    parts: NDArray[np.int64] = np.floor(exact).astype(np.int64)
    rest = int(total_n - parts.sum())
    parts[np.argsort(parts - exact, kind="stable")[:rest]] += 1
    return parts


def build_exposure(gemeenten: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    """Return the exposure of every gemeente and sector.

    Parameters
    ----------
    gemeenten
        Contract ``gemeenten``, sorted by code.
    rng
        The table's own stream of random numbers.

    Returns
    -------
    pandas.DataFrame
        Contract ``exposure``: one row per gemeente and sector, whole numbers. The workers that are shown add
        up to ``Sector.jobs_n``: what a withheld cell would have held is spread over the other cells.
    """
    rules, _ = read_rules()
    weights = {code: _sector_weights(gemeenten, rules[code], rng) for code in codes.SECTORS}
    withheld = _withheld_cells(weights, rules, rng)
    parts = [_sector_rows(gemeenten, code, rules[code], weights[code], withheld[code], rng) for code in codes.SECTORS]
    table = pd.concat(parts, ignore_index=True)
    _withhold_migrants(table, rng)
    return table.sort_values(["gemeente_code", "sector_code"], ignore_index=True)


def _sector_weights(gemeenten: pd.DataFrame, rule: Spread, rng: np.random.Generator) -> Numbers:
    """Return the share of each gemeente in the sector's workers; 0 where the sector is absent."""
    weights = (1 - rule.base_pct / 100) * place_weights(gemeenten, rule.places)
    if rule.base_pct:
        even = _base(gemeenten, rule.base) ** rule.power
        even = even * gemeenten["vr_code"].map(rule.regions).fillna(1).to_numpy(float)
        weights = weights + rule.base_pct / 100 * even / even.sum()
    return np.asarray(weights * rng.lognormal(0, _SPREAD_SIGMA, len(weights)))


def _base(gemeenten: pd.DataFrame, base: str) -> Numbers:
    population: Numbers = gemeenten["population_n"].to_numpy(float)
    if base == "population":
        return population
    land = gemeenten["land_area_km2"].to_numpy(float)
    return np.where(population / land < _TOWN_PER_KM2, land, 0.0)


def _present(weights: Numbers, rule: Spread, jobs_n: int) -> Numbers:
    expected = weights / weights.sum() * jobs_n
    return np.where(expected < rule.smallest_n, 0.0, weights)


def _withheld_cells(
    weights: dict[str, Numbers], rules: dict[str, Spread], rng: np.random.Generator
) -> dict[str, list[int]]:
    """Choose the small cells of which nothing is shown; per sector the positions of their gemeenten."""
    small = []
    for code, sector in codes.SECTORS.items():
        kept = _present(weights[code], rules[code], sector.jobs_n)
        expected = kept / kept.sum() * sector.jobs_n
        small += [(code, int(row)) for row in np.flatnonzero((expected > 0) & (expected < _SMALL_WORKERS_N))]
    chosen = [small[i] for i in rng.choice(len(small), _SUPPRESSED_CELLS_N, replace=False)]
    return {code: [row for other, row in chosen if other == code] for code in codes.SECTORS}


def _sector_rows(
    gemeenten: pd.DataFrame, code: str, rule: Spread, weights: Numbers, withheld: list[int], rng: np.random.Generator
) -> pd.DataFrame:
    jobs_n = codes.SECTORS[code].jobs_n
    kept = _present(weights, rule, jobs_n)
    kept[withheld] = 0.0
    workers = whole_shares(kept, jobs_n)
    # Scatter around the sector's mean size; a gemeente with workers has at least one establishment.
    establishments = np.where(workers > 0, np.maximum(rng.poisson(workers / rule.workers_per_establishment), 1), 0)
    establishments = np.minimum(establishments, workers)
    share = np.clip(rule.migrant_pct / 100 * rng.lognormal(0, 0.2, len(workers)), 0, 0.9)
    migrants = rng.binomial(workers, share)
    table = pd.DataFrame({"gemeente_code": gemeenten["gemeente_code"], "sector_code": code, "year": YEAR})
    for name, figures in (
        ("establishments_n", establishments),
        ("workers_n", workers),
        ("migrant_workers_n", migrants),
    ):
        table[name] = figures.astype(float)
        table[f"{name}_status"] = codes.Status.FICTIONAL.value
        table[f"{name}_source"] = SOURCE
        _withhold(table, name, np.array(withheld, dtype=np.int64), codes.MissingReason.SUPPRESSED)
    return table


def _withhold_migrants(table: pd.DataFrame, rng: np.random.Generator) -> None:
    """Take away the migrant workers of some small cells only, with two different reasons."""
    small = table.index[table["migrant_workers_n"].between(1, 9)]
    chosen = rng.choice(small.to_numpy(), _SUPPRESSED_MIGRANTS_N + _NOT_PUBLISHED_MIGRANTS_N, replace=False)
    suppressed, unpublished = chosen[:_SUPPRESSED_MIGRANTS_N], chosen[_SUPPRESSED_MIGRANTS_N:]
    _withhold(table, "migrant_workers_n", suppressed, codes.MissingReason.SUPPRESSED)
    _withhold(table, "migrant_workers_n", unpublished, codes.MissingReason.NOT_PUBLISHED)


def _withhold(table: pd.DataFrame, name: str, rows: NDArray[np.int64], reason: codes.MissingReason) -> None:
    table.loc[rows, name] = np.nan
    table.loc[rows, f"{name}_status"] = codes.Status.MISSING.value
    table.loc[rows, f"{name}_source"] = f"{SOURCE} · {reason.value}"
