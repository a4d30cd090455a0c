"""Invented tables for the tests of the index: small, lawful by their contracts, and true of nowhere."""

from collections.abc import Callable

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from shapely.geometry import Point, box

from geodata import codes, contracts
from risk.index.declaration import Model
from risk.index.model import load_model

Tables = dict[str, pd.DataFrame]
WEEKS = [f"2020-W{week}" for week in range(36, 49)]
_CELL = 8_000  # metres


def _gemeenten(size: int, rng: np.random.Generator) -> gpd.GeoDataFrame:
    column, row = np.arange(size) % 10, np.arange(size) // 10
    corners = [(100_000 + _CELL * c, 400_000 + _CELL * r) for c, r in zip(column, row, strict=True)]
    return gpd.GeoDataFrame(
        {
            "gemeente_code": [f"GM{place:04d}" for place in range(1, size + 1)],
            "gemeente_name": [f"Verzonnen {place}" for place in range(1, size + 1)],
            "vr_code": [codes.VR_CODES[place * min(size, 25) // size] for place in range(size)],
            "am_code": "AM01",
            "provincie_name": "Nergens",
            "population_n": rng.integers(5_000, 200_000, size),
            "land_area_km2": 64.0,
        },
        geometry=[box(x, y, x + _CELL, y + _CELL) for x, y in corners],
        crs=codes.CRS_RD,
    )


def _regions(gemeenten: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    regions = gemeenten.dissolve("vr_code", aggfunc={"population_n": "sum", "land_area_km2": "sum"}).reset_index()
    border = ["DE" if place % 3 == 0 else "" for place in range(len(regions))]
    return regions.assign(vr_name="Verzonnen regio", land_border=border)


def _exposure(gemeenten: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    count = len(gemeenten) * len(codes.SECTORS)
    workers = np.round(rng.lognormal(4, 1.5, count))
    workers[rng.random(count) < 0.15] = 0
    table = pd.DataFrame(
        {
            "gemeente_code": np.repeat(gemeenten["gemeente_code"].to_numpy(), len(codes.SECTORS)),
            "sector_code": np.tile(list(codes.SECTORS), len(gemeenten)),
            "year": 2020,
            "establishments_n": np.ceil(workers / 15),
            "workers_n": workers,
            "migrant_workers_n": np.round(workers * 0.2),
        }
    )
    for name in ("establishments_n", "workers_n", "migrant_workers_n"):
        table[f"{name}_status"], table[f"{name}_source"] = "fictional", "verzonnen"
    table["workers_n_log_sd"] = 0.3
    return table


def _sites(gemeenten: gpd.GeoDataFrame, rng: np.random.Generator, count: int) -> gpd.GeoDataFrame:
    place = rng.integers(0, len(gemeenten), count)
    kind = rng.choice(codes.SITE_KINDS, count)
    # A list of lodgings covers every region: outside its cover they would be unknown.
    first = np.flatnonzero(~gemeenten["vr_code"].duplicated().to_numpy())[:count]
    place[: len(first)], kind[: len(first)] = first, "lodging"
    middle = gemeenten.geometry.centroid
    return gpd.GeoDataFrame(
        {
            "site_id": [f"S{number:04d}" for number in range(count)],
            "kind": kind,
            "name": [f"Verzonnen locatie {number}" for number in range(count)],
            "sector_code": [codes.KIND_SECTOR[one] for one in kind],
            "country": "NL",
            "gemeente_code": gemeenten["gemeente_code"].to_numpy()[place],
            "vr_code": gemeenten["vr_code"].to_numpy()[place],
            "size_n": np.round(rng.lognormal(4, 1, count)) + 1,
            "size_unit": ["beds" if one in ("lodging", "holiday_park") else "fte" for one in kind],
            "located": "exact",
            "employer_group": "",
            "source": "verzonnen",
            "source_date": pd.Timestamp("2020-10-01"),
            "status": "fictional",
        },
        geometry=[
            Point(middle.x.iloc[one] + rng.uniform(-3_000, 3_000), middle.y.iloc[one] + rng.uniform(-3_000, 3_000))
            for one in place
        ],
        crs=codes.CRS_RD,
    )


def _activations(gemeenten: pd.DataFrame, rng: np.random.Generator, count: int) -> pd.DataFrame:
    place = rng.integers(0, len(gemeenten), count)
    blank = pd.DataFrame("", index=range(count), columns=list(contracts.CONTRACTS["activations"].schema.columns))
    return blank.assign(
        activation_id=[f"A{number:03d}" for number in range(count)],
        event_date=pd.Timestamp("2020-09-01") + pd.to_timedelta(rng.integers(0, 88, count), "D"),
        vr_code=gemeenten["vr_code"].to_numpy()[place],
        gemeente_code=np.where(rng.random(count) < 0.8, gemeenten["gemeente_code"].to_numpy()[place], ""),
        sector_code=rng.choice(list(codes.SECTORS), count),
        themes="werken",
        kind=rng.choice(codes.ACTIVATION_KINDS, count),
        trigger=rng.choice(codes.TRIGGERS, count),
        integral=False,
        infections_found=rng.choice(["yes", "no", "unknown"], count),
        inclusion_probability=np.nan,
        status="fictional",
        recorded_at=pd.Timestamp("2020-12-01"),
    )


def _incidence(gemeenten: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    expected = gemeenten["population_n"].to_numpy(float)[:, None] * 0.002 * rng.lognormal(0, 0.5, (len(gemeenten), 1))
    return pd.DataFrame(
        {
            "disease": "COVID-19",
            "gemeente_code": np.repeat(gemeenten["gemeente_code"].to_numpy(), len(WEEKS)),
            "week": np.tile(WEEKS, len(gemeenten)),
            "cases_n": rng.poisson(np.repeat(expected, len(WEEKS), axis=1)).ravel().astype(float),
            "status": "fictional",
            "source": "verzonnen",
        }
    )


def invent(size: int = 40, *, sites: int = 120, activations: int = 56, seed: int = 1) -> Tables:
    """Return the six core tables for `size` square gemeenten, each checked against its contract."""
    rng = np.random.default_rng(seed)
    gemeenten = _gemeenten(size, rng)
    tables = {
        "gemeenten": gemeenten,
        "veiligheidsregios": _regions(gemeenten),
        "exposure": _exposure(gemeenten, rng),
        "sites": _sites(gemeenten, rng, sites),
        "activations": _activations(gemeenten, rng, activations),
        "incidence": _incidence(gemeenten, rng),
    }
    return {name: contracts.check(name, table) for name, table in tables.items()}


@pytest.fixture(scope="session")
def make_tables() -> Callable[..., Tables]:
    return invent


@pytest.fixture(scope="session")
def _invented() -> Tables:
    return invent()


@pytest.fixture
def tables(_invented: Tables) -> Tables:
    """Return a copy that a test may spoil."""
    return {name: table.copy() for name, table in _invented.items()}


@pytest.fixture(scope="session")
def model() -> Model:
    return load_model()
