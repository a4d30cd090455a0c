"""From raw deliveries to the core tables: pure functions, and the one that puts them together."""

from collections.abc import Mapping, Sequence

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from geodata import contracts
from geodata.areas import joins, regions
from geodata.codes import SECTORS, Status
from geodata.errors import SourceError
from geodata.tables import duplicates, exposure
from geodata.tables.estimates import METHODS, AgencyMatrix

DEMONSTRATION_TABLES = ("exposure", "sites", "activations", "incidence")
"""The first real delivery of any of these switches the whole demonstration off: the two never mix."""


def exposure_from_establishments(
    establishments: pd.DataFrame, year: int, changes: pd.DataFrame, source: str
) -> pd.DataFrame:
    """Return exposure per gemeente, for CBS's groups and, estimated, for the twelve sectors.

    The establishments of a group land as they are (status official; estimate where a gemeente was
    divided). A sector's workers are an estimate: its national jobs times the gemeente's share of the
    establishments of the group that contains it. Each sector is a part of its group, so that the
    sectors of a group never add up to more workers than the group has.

    Parameters
    ----------
    establishments
        gemeente_code (as in ``year``), group, establishments_n; NaN where CBS gives no figure.
    year
        The figures are those of 1 January of this year.
    changes
        `geodata.areas.regions.changes_from` of that year.
    source
        What the figures' ``_source`` columns say.

    Returns
    -------
    DataFrame
        Contract ``Exposure``: 8 groups and 12 sectors for each gemeente of today.
    """
    groups = joins.to_today(establishments, changes, ["establishments_n"], by=["gemeente_code", "group"])
    national = groups.groupby("group")["establishments_n"].transform("sum")
    groups["share"] = groups["establishments_n"] / national.where(national > 0)
    rows = [_group_rows(groups, source), *(_sector_rows(groups, code, source) for code in SECTORS)]
    exposure = pd.concat(rows, ignore_index=True).assign(
        year=year,
        migrant_workers_n=float("nan"),
        migrant_workers_n_status=Status.MISSING.value,
        migrant_workers_n_source="no_source",
    )
    order = ["gemeente_code", "sector_code"]
    return contracts.check("exposure", exposure.sort_values(order, ignore_index=True))


_METHOD = "national jobs 2019 (CBS 83583NED) x share of establishments"


def _group_rows(groups: pd.DataFrame, source: str) -> pd.DataFrame:
    jobs = {sector.cbs_group: sector.group_jobs_n for sector in SECTORS.values()}
    workers = groups["share"] * groups["group"].map(jobs)
    no_jobs = ~groups["group"].isin(list(jobs))
    return pd.DataFrame(
        {
            "gemeente_code": groups["gemeente_code"],
            "sector_code": "SBI:" + groups["group"],
            "establishments_n": groups["establishments_n"],
            "establishments_n_status": joins.status_after_split(groups["is_split"], groups["establishments_n"]),
            "establishments_n_source": _source_of(groups["establishments_n"], source),
            "workers_n": workers,
            "workers_n_status": _estimate_status(workers),
            "workers_n_source": _source_of(workers, _METHOD).mask(no_jobs, "no_source"),
        }
    )


def _sector_rows(groups: pd.DataFrame, sector_code: str, source: str) -> pd.DataFrame:
    sector = SECTORS[sector_code]
    group = groups[groups["group"] == sector.cbs_group]
    workers = group["share"] * sector.jobs_n
    return pd.DataFrame(
        {
            "gemeente_code": group["gemeente_code"],
            "sector_code": sector_code,
            "establishments_n": float("nan"),
            "establishments_n_status": Status.MISSING.value,
            "establishments_n_source": f"{source}: not_published",
            "workers_n": workers,
            "workers_n_status": _estimate_status(workers),
            "workers_n_source": _source_of(workers, f"{_METHOD} of SBI:{sector.cbs_group}"),
            "workers_n_log_sd": workers.notna().map({True: METHODS["group_share"].log_sd}).astype(float),
        }
    )


def _estimate_status(values: pd.Series) -> pd.Series:
    return values.isna().map({True: Status.MISSING.value, False: Status.ESTIMATE.value})


def _source_of(values: pd.Series, source: str) -> pd.Series:
    return values.isna().map({True: f"{source}: not_published", False: source})


_SITE_SOURCES = ["sites_file", "traces", "pdok_parks", "pdok_greenhouses", "osm"]
"""Whose row stays where two sources give the same site: the most specific first."""


def current_areas(
    areas: Mapping[str, pd.DataFrame], frames: Mapping[str, Sequence[pd.DataFrame]]
) -> dict[str, pd.DataFrame]:
    """Return the areas with what a refresh brought: regions and inhabitants of the newest year, boundaries.

    Raises
    ------
    SourceError
        The new boundaries lack a gemeente or do not share their edges.
    """
    gemeenten = areas["gemeenten"]
    if "region_history" in frames:
        gemeenten = _with_newest_regions(gemeenten, frames["region_history"][-1])
    if "gemeente_boundaries" in frames:
        gemeenten = _with_boundaries(gemeenten, frames["gemeente_boundaries"][-1])
    if gemeenten is areas["gemeenten"]:
        return dict(areas)
    checked = contracts.check("gemeenten", gemeenten)
    return {"gemeenten": checked, "veiligheidsregios": regions.dissolve_veiligheidsregios(checked)}


def _with_newest_regions(gemeenten: gpd.GeoDataFrame, history: pd.DataFrame) -> gpd.GeoDataFrame:
    newest = history[history["year"] == history["year"].max()].set_index("gemeente_code")
    result = gemeenten.copy()
    for column in ("vr_code", "am_code", "population_n"):
        found = result["gemeente_code"].map(newest[column]).replace("", pd.NA)
        result[column] = found.where(found.notna(), result[column]).astype(gemeenten[column].dtype)
    return result


def _with_boundaries(gemeenten: gpd.GeoDataFrame, boundaries: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    shapes = boundaries.set_index("statcode").geometry
    lost = sorted(set(gemeenten["gemeente_code"]) - set(shapes.index))
    if lost:
        raise SourceError(
            f"Source pdok_areas: {len(lost)} gemeente(n) have no boundary, {', '.join(lost[:5])} first; the delivery"
            " is not used: refresh again later."
        )
    found = shapes.reindex(gemeenten["gemeente_code"]).to_numpy()
    if not shapely.coverage_is_valid(found):
        found = _mended(found, gemeenten)
    return gemeenten.set_geometry(gpd.GeoSeries(found, index=gemeenten.index, crs=boundaries.crs))


_CLEAN_M = 1.0  # metres: a gap or overlap that no map of the country shows
_MOVED = 0.001  # the part of a gemeente that cleaning may move


def _mended(shapes: NDArray[np.object_], gemeenten: pd.DataFrame) -> NDArray[np.object_]:
    """Return shapes that share their edges, where only slivers stood in the way.

    Raises
    ------
    SourceError
        More than slivers is wrong; the gemeenten are named.
    """
    wrong = ~shapely.is_empty(shapely.coverage_invalid_edges(shapes))
    cleaned = shapely.coverage_clean(shapes, gap_width=_CLEAN_M)
    moved = np.abs(shapely.area(shapely.symmetric_difference(cleaned, shapes))) / shapely.area(shapes)
    if shapely.coverage_is_valid(cleaned) and (moved < _MOVED).all():
        return np.asarray(cleaned)
    names = ", ".join(gemeenten["gemeente_name"].to_numpy()[wrong][:5])
    raise SourceError(
        f"Source pdok_areas: the boundaries of {names} do not fit those of their neighbours; the boundaries that we had"
        " stay in use. Tell the publisher, and refresh again after their next delivery."
    )


def real_tables(
    frames: Mapping[str, Sequence[pd.DataFrame]], gemeenten: gpd.GeoDataFrame, matrix: AgencyMatrix
) -> dict[str, pd.DataFrame]:
    """Return those core tables for which there is a real delivery.

    Parameters
    ----------
    frames
        Per name the frames that the deliveries were read into.
    gemeenten
        Contract ``Gemeenten``.
    matrix
        Where agency workers work.
    """
    real: dict[str, pd.DataFrame] = {}
    candidates = list(frames.get("exposure", []))
    if "section_establishments" in frames:
        newest = {name: found[-1] for name, found in frames.items()}
        candidates.append(exposure.exposure_from_sections(newest, gemeenten, matrix))
    if candidates:
        real["exposure"] = max(candidates, key=lambda table: int(table["year"].max()))
    if "sites" in frames:
        sites = gpd.GeoDataFrame(pd.concat(frames["sites"], ignore_index=True))
        if len(frames["sites"]) > 1:
            sites = duplicates.merge_sources(sites, _SITE_SOURCES)
        real["sites"] = contracts.check("sites", sites)
    if "incidence" in frames:
        cases = pd.concat(frames["incidence"], ignore_index=True)
        # a file of a user comes after the public source and goes before it
        cases = cases.drop_duplicates(["disease", "gemeente_code", "week"], keep="last")
        real["incidence"] = contracts.check("incidence", cases)
    if "regional_incidence" in frames:
        cases = pd.concat(frames["regional_incidence"], ignore_index=True)
        cases = cases.drop_duplicates(["disease", "vr_code", "week"], keep="last")
        real["regional_incidence"] = contracts.check("regional_incidence", cases)
        real.setdefault("incidence", contracts.empty("incidence"))  # real infections: the invented ones go
    for name in ("activations", "context"):
        if name in frames:
            real[name] = contracts.check(name, pd.concat(frames[name], ignore_index=True))
    return real


def core_tables(
    areas: Mapping[str, pd.DataFrame],
    demonstration: Mapping[str, pd.DataFrame],
    real: Mapping[str, pd.DataFrame],
) -> tuple[dict[str, pd.DataFrame], bool]:
    """Put the core tables together, all demonstration or all real, and say which of the two.

    Parameters
    ----------
    areas
        gemeenten and veiligheidsregios.
    demonstration
        The four invented tables.
    real
        Those of the four for which there is a real delivery.
    """
    if not real:
        return {**areas, **demonstration}, True
    others = {name: table for name, table in real.items() if name not in DEMONSTRATION_TABLES}
    if len(others) == len(real):
        return {**areas, **demonstration, **others}, True
    four = {name: real.get(name, contracts.empty(name)) for name in DEMONSTRATION_TABLES}
    return {**areas, **four, **others}, False
