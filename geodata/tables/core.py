"""From raw deliveries to the core tables: exposure, incidence and sites, and the one that puts them together."""

from collections.abc import Mapping, Sequence

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from geodata import contracts
from geodata.areas import joins, regions
from geodata.codes import CBS_GROUPS, SECTORS, Status
from geodata.errors import SourceError
from geodata.tables import estimates, site_table
from geodata.tables.estimates import AGENCIES, METHODS, AgencyMatrix

DEMONSTRATION_TABLES = ("exposure", "sites", "activations", "incidence")
"""The first real delivery of any of these switches the whole demonstration off: the two never mix."""
_ESTABLISHMENTS = "CBS 81575NED"
_JOBS = "CBS 83582NED"
_NO_SOURCE = "no_source"
_NOT_PUBLISHED = "not_published"
_GROUP_SECTIONS = {
    "A": "A",
    "B-F": "BCDEF",
    "G+I": "GI",
    "H+J": "HJ",
    "K-L": "KL",
    "M-N": "MN",
    "O-Q": "OPQ",
    "R-U": "RSTU",
}
_OPTIONAL_SECTIONS = ("T", "U")  # households and embassies are not in every table


def exposure_from_sections(
    frames: Mapping[str, pd.DataFrame], gemeenten: pd.DataFrame, matrix: AgencyMatrix
) -> pd.DataFrame:
    """Return exposure per gemeente for CBS's groups and, estimated, for the twelve sectors.

    Groups: establishments and jobs as published. Sectors: the national jobs of the sector are spread by the
    best weights there are (`geodata.tables.estimates.sector_weights`), held within the group's jobs, and agency
    workers are moved to the sectors that hire them. Workers from EU/EFTA countries: the one aggregate of
    registered residents of the gemeente, shared out by jobs.

    Parameters
    ----------
    frames
        ``section_establishments`` and, where delivered, ``section_jobs``, ``land``, ``corop_establishments``
        with ``corop_of``, ``eu_residents``; all in the gemeenten of today.
    gemeenten
        Contract ``Gemeenten``.
    matrix
        Where agency workers work.

    Returns
    -------
    DataFrame
        Contract ``Exposure``; the year is that of the establishments.
    """
    index = pd.Index(gemeenten["gemeente_code"], name="gemeente_code")
    counts = frames["section_establishments"]
    sections = _wide(counts, "sbi", index)
    grouped = in_groups(counts)
    groups = _wide(grouped, "group", index).reindex(columns=list(CBS_GROUPS))
    split = grouped.groupby("gemeente_code")["is_split"].any().reindex(index).fillna(value=False).astype(bool)
    group_jobs, jobs_source, jobs_status = _group_jobs(frames, groups, index)
    land = frames["land"].set_index("gemeente_code").reindex(index) if "land" in frames else None
    workers, methods = _sector_workers(sections, groups, group_jobs, land, _corop(frames))
    before = workers.copy()
    workers = estimates.move_agency_workers(workers, matrix)
    year = int(counts["year"].max())
    parts = []
    for group in CBS_GROUPS:
        established = _cells(groups[group], f"{_ESTABLISHMENTS}, {year}", Status.OFFICIAL)
        established["status"] = established["status"].mask(split & groups[group].notna(), Status.ESTIMATE.value)
        parts.append(_rows(f"SBI:{group}", established, _cells(group_jobs[group], jobs_source, jobs_status), index))
    for code in SECTORS:
        method = methods[code]
        own = _own_establishments(code, sections, frames, index)
        source = f"{method}; agency_moved" if code in matrix.shares or code == AGENCIES else method
        status = matrix.status(code) if code in matrix.shares or code == AGENCIES else Status.ESTIMATE
        parts.append(
            _rows(code, own, _cells(workers[code], source, status), index).assign(
                workers_n_log_sd=workers[code].notna().map({True: estimates.METHODS[method].log_sd}).to_numpy()
            )
        )
    exposure = pd.concat(parts, ignore_index=True).assign(year=year)
    exposure = _with_residents(exposure, frames, group_jobs, before, workers)
    return contracts.check("exposure", exposure.sort_values(["gemeente_code", "sector_code"], ignore_index=True))


def in_groups(frame: pd.DataFrame) -> pd.DataFrame:
    """Return figures per CBS group, as published, or added up from sections when all of them have a figure.

    Parameters
    ----------
    frame
        gemeente_code, sbi (sections, ranges), value_n, and ``is_split``.
    """
    wide = frame.pivot_table(index="gemeente_code", columns="sbi", values="value_n", aggfunc="first", dropna=False)
    parts = []
    for group, sections in _GROUP_SECTIONS.items():
        needed = [section for section in sections if section not in _OPTIONAL_SECTIONS]
        optional = [section for section in sections if section in _OPTIONAL_SECTIONS and section in wide]
        summed = wide.reindex(columns=needed).sum(axis=1, skipna=False) + wide[optional].sum(axis=1)
        published = wide.get(group, summed)
        parts.append(pd.DataFrame({"group": group, "value_n": published.fillna(summed)}))
    split = frame.groupby("gemeente_code")["is_split"].any()
    result = pd.concat(parts).reset_index()
    return result.assign(is_split=result["gemeente_code"].map(split))


def _wide(frame: pd.DataFrame, by: str, index: pd.Index) -> pd.DataFrame:
    return frame.pivot_table(
        index="gemeente_code", columns=by, values="value_n", aggfunc="first", dropna=False
    ).reindex(index)


def _group_jobs(
    frames: Mapping[str, pd.DataFrame], groups: pd.DataFrame, index: pd.Index
) -> tuple[pd.DataFrame, str, Status]:
    """Return jobs per group: as published, else the national jobs spread by establishments."""
    if "section_jobs" in frames:
        jobs = frames["section_jobs"]
        wide = _wide(in_groups(jobs), "group", index).reindex(columns=list(CBS_GROUPS))
        return wide, f"{_JOBS}, {int(jobs['year'].max())}", Status.OFFICIAL
    national = {sector.cbs_group: sector.group_jobs_n for sector in SECTORS.values()}
    spread = {
        group: estimates.spread(national[group], groups[group]) if group in national else groups[group] * np.nan
        for group in CBS_GROUPS
    }
    return pd.DataFrame(spread, index=index), "group_share of CBS 83583NED, 2019", Status.ESTIMATE


def _corop(frames: Mapping[str, pd.DataFrame]) -> tuple[pd.DataFrame, pd.Series] | None:
    if "corop_establishments" not in frames:
        return None
    wide = frames["corop_establishments"].pivot_table(
        index="corop_code", columns="sbi", values="establishments_n", aggfunc="first"
    )
    return wide, frames["corop_of"].set_index("gemeente_code")["corop_code"]


def _sector_workers(
    sections: pd.DataFrame,
    groups: pd.DataFrame,
    group_jobs: pd.DataFrame,
    land: pd.DataFrame | None,
    corop: tuple[pd.DataFrame, pd.Series] | None,
) -> tuple[pd.DataFrame, dict[str, str]]:
    workers, methods = {}, {}
    for code, sector in SECTORS.items():
        weights, methods[code] = estimates.sector_weights(sector, sections, groups, land, corop)
        workers[code] = estimates.spread(sector.jobs_n, weights)
    return estimates.within_groups(pd.DataFrame(workers), group_jobs), methods


def _own_establishments(
    code: str, sections: pd.DataFrame, frames: Mapping[str, pd.DataFrame], index: pd.Index
) -> pd.DataFrame:
    """Return a sector's own establishments where its section or the detail per COROP says how many."""
    if code == "construction" and "F" in sections:
        return _cells(sections["F"], _ESTABLISHMENTS, Status.OFFICIAL)
    corop = _corop(frames)
    counts = estimates.corop_shared_out(SECTORS[code], sections, *corop) if corop else None
    if counts is None:
        empty = pd.Series(np.nan, index=index)
        return _cells(empty, _NOT_PUBLISHED, Status.MISSING)
    return _cells(counts, "corop_shared_out", Status.ESTIMATE)


def _cells(values: pd.Series, source: str, status: Status) -> pd.DataFrame:
    """Return values with their status and source; a missing one says that CBS does not publish it."""
    missing = values.isna()
    return pd.DataFrame(
        {
            "value": values,
            "status": missing.map({True: Status.MISSING.value, False: status.value}),
            "source": missing.map({True: _NOT_PUBLISHED, False: source}),
        }
    )


def _rows(sector_code: str, establishments: pd.DataFrame, workers: pd.DataFrame, index: pd.Index) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "gemeente_code": index,
            "sector_code": sector_code,
            "establishments_n": establishments["value"].to_numpy(),
            "establishments_n_status": establishments["status"].to_numpy(),
            "establishments_n_source": establishments["source"].to_numpy(),
            "workers_n": workers["value"].to_numpy(),
            "workers_n_status": workers["status"].to_numpy(),
            "workers_n_source": workers["source"].to_numpy(),
        }
    )


def _with_residents(
    exposure: pd.DataFrame,
    frames: Mapping[str, pd.DataFrame],
    group_jobs: pd.DataFrame,
    before: pd.DataFrame,
    workers: pd.DataFrame,
) -> pd.DataFrame:
    """Share out the registered EU/EFTA residents of a gemeente by its jobs, never more than a sector's workers."""
    exposure = exposure.assign(
        migrant_workers_n=np.nan,
        migrant_workers_n_status=Status.MISSING.value,
        migrant_workers_n_source=_NO_SOURCE,
    )
    if "eu_residents" not in frames:
        return exposure
    residents = frames["eu_residents"].set_index("gemeente_code")["value_n"]
    # workers that came from agencies elsewhere are jobs here too
    jobs = group_jobs.sum(axis=1, min_count=1) + (workers - before).clip(lower=0).sum(axis=1)
    part = exposure["workers_n"] / exposure["gemeente_code"].map(jobs)
    migrants = (exposure["gemeente_code"].map(residents) * part).clip(upper=exposure["workers_n"])
    is_sector = exposure["sector_code"].isin(SECTORS)
    found = migrants.where(is_sector)
    exposure["migrant_workers_n"] = found
    known = found.notna()
    exposure.loc[known, "migrant_workers_n_status"] = Status.ESTIMATE.value
    exposure.loc[known, "migrant_workers_n_source"] = "residents_shared_out"
    exposure.loc[is_sector & ~known, "migrant_workers_n_source"] = _NOT_PUBLISHED
    return exposure


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
        candidates.append(exposure_from_sections(newest, gemeenten, matrix))
    if candidates:
        real["exposure"] = max(candidates, key=lambda table: int(table["year"].max()))
    if "sites" in frames:
        sites = gpd.GeoDataFrame(pd.concat(frames["sites"], ignore_index=True))
        if len(frames["sites"]) > 1:
            sites = site_table.merge_sources(sites, _SITE_SOURCES)
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
