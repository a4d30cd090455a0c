"""Exposure from the CBS tables that a refresh brings: groups as published, sectors as estimated."""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from geodata import contracts
from geodata.codes import CBS_GROUPS, SECTORS, Status
from geodata.tables import estimates
from geodata.tables.estimates import AGENCIES, AgencyMatrix

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
