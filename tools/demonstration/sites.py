"""Invented sites: where people work and sleep, with the gaps and doubles that real lists have."""

from dataclasses import dataclass, replace
from typing import Final

import geopandas as gpd
import numpy as np
import pandas as pd
from numpy.typing import NDArray
from shapely.geometry import Point

from geodata import codes
from tools.demonstration import names, places
from tools.demonstration.exposure import place_weights, read_rules
from tools.demonstration.places import XY, Country

COUNTS: Final = {
    "slaughterhouse": 64,
    "meat_plant": 78,
    "greenhouse": 190,
    "packing_hall": 110,
    "distribution_centre": 140,
    "building_site": 72,
    "lodging": 158,
    "holiday_park": 68,
}
"""Sites per kind in the Netherlands, before the doubles; the lodgings over the border come on top."""

SMALL_FTE: Final = 100
SLAUGHTERHOUSES: Final = {("VR06", "small"): 16, ("VR06", "large"): 4, ("", "small"): 32, ("", "large"): 12}
"""Slaughterhouses below and above 100 fte, in VR06 and elsewhere."""

DOUBLES_N: Final = 12
WITHOUT_SIZE_N: Final = 45
WITHOUT_PLACE_N: Final = 20
TOWN_CENTRE_ONLY_N: Final = 16
SOURCES: Final = {"demonstratie-register": "2020-08-31", "demonstratie-osm": "2020-10-15"}

_UNIT = {"greenhouse": "m2", "lodging": "beds", "holiday_park": "beds"}
# Median size, log-normal sigma, smallest, largest, rounded to.
_SIZES = {
    "meat_plant": (80, 0.8, 12, 600, 1),
    "greenhouse": (38_000, 0.8, 5_000, 350_000, 100),
    "packing_hall": (55, 0.7, 8, 400, 1),
    "distribution_centre": (140, 0.8, 15, 1_400, 5),
    "building_site": (40, 0.8, 5, 400, 1),
    "lodging": (55, 0.8, 8, 400, 1),
    "holiday_park": (220, 0.6, 60, 900, 5),
    "small": (34, 0.6, 6, SMALL_FTE - 5, 1),
    "large": (240, 0.5, SMALL_FTE + 20, 700, 5),
}
# How far sites of a kind lie from the heart of their estate; building sites and parks lie anywhere.
_SPREAD_M = {
    "slaughterhouse": 900,
    "meat_plant": 900,
    "greenhouse": 2_200,
    "packing_hall": 1_100,
    "distribution_centre": 1_000,
}
_EXPOSURE_POWER = 0.75  # below 1, so that small concentrations get a site too
_LODGING_NEAR_SHARE = 0.8
_LODGING_NEAR_M, _LODGING_FAR_M = (300, 6_000), (15_000, 40_000)
_DOUBLE_M = (30, 120)
_EXACT_SHARE = 0.7
_OSM_SHARE = 0.3
# Employer groups: number, and the kinds they run. Lodging follows the group of the work beside it.
_GROUPS = (
    (5, ("slaughterhouse", "meat_plant")),
    (7, ("greenhouse", "packing_hall")),
    (6, ("distribution_centre",)),
    (3, ("building_site",)),
    (3, ("holiday_park",)),
)
_AGENCIES_N = 4  # groups that only house people
_GROUP_SHARE, _LODGING_FOLLOWS_SHARE, _AGENCY_SHARE = 0.33, 0.7, 0.2


@dataclass
class _Site:
    kind: str
    xy: XY
    gemeente_code: str = ""
    size_n: float = np.nan
    country: str = "NL"
    name: str = ""
    employer_group: str = ""
    located: str = "exact"
    source: str = "demonstratie-register"
    is_protected: bool = False  # the closed examples (VR06, doubles) get no gaps
    work: "_Site | None" = None


def build_sites(gemeenten: gpd.GeoDataFrame, exposure: pd.DataFrame, rng: np.random.Generator) -> gpd.GeoDataFrame:
    """Return the invented sites.

    Parameters
    ----------
    gemeenten
        Contract ``gemeenten`` (EPSG:28992), sorted by code.
    exposure
        The demonstration's exposure; a kind of site is drawn where its sector works.
    rng
        The table's own stream of random numbers.

    Returns
    -------
    geopandas.GeoDataFrame
        Contract ``sites`` (points, EPSG:28992, whole metres; None where ``located`` is ``none``).
    """
    country = Country(gemeenten, rng)
    work = _slaughterhouses(gemeenten, exposure, country, rng)
    for kind in ("meat_plant", "greenhouse", "packing_hall", "distribution_centre", "building_site"):
        work += _work_sites(kind, COUNTS[kind], _weights(gemeenten, exposure, kind), gemeenten, country, rng)
    sites = work + _holiday_parks(gemeenten, country, rng)
    sites += _lodgings([site for site in work if site.kind != "building_site"], country, rng)
    groups_n = _AGENCIES_N + sum(number_n for number_n, _ in _GROUPS)
    invented = names.words(len(sites) + groups_n, rng)
    _give_names(sites, invented[groups_n:], rng)
    _give_groups(sites, [f"{names.GROUP_NOUN} {word}" for word in invented[:groups_n]], rng)
    for site in sites:
        site.located = "exact" if rng.random() < _EXACT_SHARE else "address"
        site.source = "demonstratie-osm" if rng.random() < _OSM_SHARE else "demonstratie-register"
    sites += _doubles(sites, country, rng)
    _make_gaps(sites, country, rng)
    return _table(sites, dict(zip(gemeenten["gemeente_code"], gemeenten["vr_code"], strict=True)))


def _weights(gemeenten: pd.DataFrame, exposure: pd.DataFrame, kind: str, vr_code: str = "") -> NDArray[np.float64]:
    sector = exposure[exposure["sector_code"] == codes.KIND_SECTOR[kind]].set_index("gemeente_code")
    workers = gemeenten["gemeente_code"].map(sector["workers_n"]).fillna(0).to_numpy(float)
    weights = workers**_EXPOSURE_POWER
    if kind == "slaughterhouse":
        weights = np.where((gemeenten["vr_code"] == "VR06") == (vr_code == "VR06"), weights, 0.0)
    return np.asarray(weights / weights.sum())


def _size(rng: np.random.Generator, rule: str) -> float:
    median, sigma, low, high, step = _SIZES[rule]
    size = round(median * rng.lognormal(0, sigma) / step) * step
    return float(min(max(size, low), high))


def _work_sites(
    kind: str,
    number_n: int,
    weights: NDArray[np.float64],
    gemeenten: pd.DataFrame,
    country: Country,
    rng: np.random.Generator,
    size_rule: str = "",
) -> list[_Site]:
    sites = []
    for code in rng.choice(gemeenten["gemeente_code"].to_numpy(), number_n, p=weights):
        xy = country.estate(code, _SPREAD_M[kind]) if kind in _SPREAD_M else country.anywhere(code)
        sites.append(_Site(kind, xy, str(code), _size(rng, size_rule or kind)))
    return sites


def _slaughterhouses(
    gemeenten: pd.DataFrame, exposure: pd.DataFrame, country: Country, rng: np.random.Generator
) -> list[_Site]:
    sites = []
    for (vr_code, size_rule), number_n in SLAUGHTERHOUSES.items():
        weights = _weights(gemeenten, exposure, "slaughterhouse", vr_code)
        drawn = _work_sites("slaughterhouse", number_n, weights, gemeenten, country, rng, size_rule)
        for site in drawn:
            site.is_protected = vr_code == "VR06"
        sites += drawn
    return sites


def _holiday_parks(gemeenten: pd.DataFrame, country: Country, rng: np.random.Generator) -> list[_Site]:
    _, parks = read_rules()
    weights = place_weights(gemeenten, parks)
    return _work_sites("holiday_park", COUNTS["holiday_park"], weights, gemeenten, country, rng)


def _lodgings(work: list[_Site], country: Country, rng: np.random.Generator) -> list[_Site]:
    """Put lodging near work, some of it a drive away, and one at each of the towns over the border."""
    sites = []
    weights = np.array([np.sqrt(site.size_n / 300 if site.kind == "greenhouse" else site.size_n) for site in work])
    for i in rng.choice(len(work), COUNTS["lodging"], p=weights / weights.sum()):
        reach = _LODGING_NEAR_M if rng.random() < _LODGING_NEAR_SHARE else _LODGING_FAR_M
        code, xy = country.at_distance(work[i].xy, *reach)
        sites.append(_Site("lodging", xy, code, _size(rng, "lodging"), work=work[i]))
    for state, xy in places.over_the_border(rng):
        nearest = min(work, key=lambda site: float(np.hypot(site.xy[0] - xy[0], site.xy[1] - xy[1])))
        sites.append(_Site("lodging", xy, "", _size(rng, "lodging"), country=state, work=nearest))
    return sites


def _give_names(sites: list[_Site], invented: list[str], rng: np.random.Generator) -> None:
    for site, word in zip(sites, invented, strict=True):
        nouns = names.NOUNS[site.kind]
        noun = names.BORDER_NOUNS.get(site.country) or nouns[int(rng.integers(len(nouns)))]
        site.name = f"{noun} {word}"


def _give_groups(sites: list[_Site], groups: list[str], rng: np.random.Generator) -> None:
    """Give a third of the sites an employer group; lodging mostly follows the group of the work beside it."""
    agencies, rest = groups[:_AGENCIES_N], groups[_AGENCIES_N:]
    for number_n, kinds in _GROUPS:
        mine, rest = rest[:number_n], rest[number_n:]
        for site in sites:
            if site.kind in kinds and rng.random() < _GROUP_SHARE:
                site.employer_group = mine[int(rng.integers(number_n))]
    for site in (site for site in sites if site.kind == "lodging"):
        group = site.work.employer_group if site.work else ""
        if group and rng.random() < _LODGING_FOLLOWS_SHARE:
            site.employer_group = group
        elif rng.random() < _AGENCY_SHARE:
            site.employer_group = agencies[int(rng.integers(_AGENCIES_N))]


def _doubles(sites: list[_Site], country: Country, rng: np.random.Generator) -> list[_Site]:
    """Return some sites a second time, as another source has them: other name, a little further on."""
    domestic = [site for site in sites if site.country == "NL" and not site.is_protected]
    doubles = []
    for i in rng.choice(len(domestic), DOUBLES_N, replace=False):
        first = domestic[i]
        first.is_protected = True
        first.located, first.source = "exact", "demonstratie-register"
        code, xy = "", first.xy
        while code != first.gemeente_code:
            code, xy = country.at_distance(first.xy, *_DOUBLE_M)
        name = names.second_name(first.name, first.kind)
        second = replace(first, name=name, xy=xy, source="demonstratie-osm", located="address", employer_group="")
        doubles.append(second)
    return doubles


def _make_gaps(sites: list[_Site], country: Country, rng: np.random.Generator) -> None:
    """Take away the size of some sites and the place of others; a few keep only their gemeente's middle."""
    free = [site for site in sites if not site.is_protected]
    for i in rng.choice(len(free), WITHOUT_SIZE_N, replace=False):
        free[i].size_n = np.nan
    domestic = [site for site in free if site.country == "NL"]
    order = rng.choice(len(domestic), WITHOUT_PLACE_N + TOWN_CENTRE_ONLY_N, replace=False)
    for i in order[:WITHOUT_PLACE_N]:
        domestic[i].located = "none"
    for i in order[WITHOUT_PLACE_N:]:
        domestic[i].located, domestic[i].xy = "place", country.middle(domestic[i].gemeente_code)


def _table(sites: list[_Site], region: dict[str, str]) -> gpd.GeoDataFrame:
    ordered = sorted(sites, key=lambda site: (site.gemeente_code, site.kind, site.name))
    rows = [
        {
            "site_id": f"DEMO-{number:04d}",
            "kind": site.kind,
            "name": site.name,
            "sector_code": codes.KIND_SECTOR[site.kind],
            "country": site.country,
            "gemeente_code": site.gemeente_code,
            "vr_code": region.get(site.gemeente_code, ""),
            "size_n": site.size_n,
            "size_unit": _UNIT.get(site.kind, "fte"),
            "located": site.located,
            "employer_group": site.employer_group,
            "source": site.source,
            "source_date": SOURCES[site.source],
            "status": codes.Status.FICTIONAL.value,
        }
        for number, site in enumerate(ordered, 1)
    ]
    points = [None if site.located == "none" else Point(site.xy) for site in ordered]
    return gpd.GeoDataFrame(rows, geometry=points, crs=codes.CRS_RD)
