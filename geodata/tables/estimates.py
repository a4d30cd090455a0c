"""What CBS does not publish per gemeente, estimated by named methods: pure functions.

Fine sectors exist per COROP region or for the country only, and agency workers are counted at the agency.
Every figure made here says by which method it was made and from which tables.
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from geodata.codes import SECTORS, Sector, Status
from geodata.errors import InputError

AGENCIES = "temporary_agencies"
SHIPPED_MATRIX = Path(__file__).with_name("agency_workers.toml")


@dataclass(frozen=True)
class Method:
    """A way to estimate, with all that it rests on; the page of sources lists them.

    Attributes
    ----------
    log_sd
        How far the truth lies around its figures: the standard deviation of the logarithm, a judgement; NaN where it
        makes none. A figure is a prediction from something else that is known, and holds no error to be pulled out.
    """

    code: str
    title: str
    inputs: tuple[str, ...]
    log_sd: float = float("nan")


METHODS = {
    method.code: method
    for method in (
        Method(
            "section_count",
            "The sector is a whole section of the SBI: its published figure is taken.",
            ("CBS 81575NED: establishments per section", "CBS 83582NED: jobs per section"),
            0.3,
        ),
        Method(
            "corop_shared_out",
            "The share of the sector in its section's establishments in the COROP region, times the section's"
            " establishments in the gemeente.",
            ("CBS 81578NED: establishments by detailed SBI and COROP", "CBS 81575NED: establishments per section"),
            0.6,
        ),
        Method(
            "glass_area",
            "The gemeente's share of the country's area under glass.",
            ("CBS 80781ned: agriculture per gemeente",),
            0.6,
        ),
        Method(
            "open_area",
            "The gemeente's share of the country's area of horticulture in the open.",
            ("CBS 80781ned: agriculture per gemeente",),
            0.6,
        ),
        Method(
            "group_share",
            "The gemeente's share of the establishments of the SBI group that contains the sector.",
            ("CBS 81575NED: establishments per section",),
            1.2,
        ),
        Method(
            "agency_moved",
            "Workers of agencies, moved to the sectors that hire them, in proportion to the sector's jobs.",
            ("agency_workers.toml: the share of each sector",),
        ),
        Method(
            "residents_shared_out",
            "Registered residents from EU/EFTA countries, one aggregate per gemeente, shared out by jobs.",
            ("CBS 85644NED: population by nationality", "CBS 83582NED: jobs per section"),
        ),
    )
}

_AREA_OF = {"glass_horticulture": ("glass_m2", "glass_area"), "open_field": ("open_m2", "open_area")}
_SECTION_OF = {"construction": "F"}
_GROUP_SECTION = {"A": "A", "B-F": "C", "G+I": "G", "H+J": "H", "M-N": "N"}
_SECTION_OF_DETAIL = {"lodging": "I"}


@dataclass(frozen=True)
class AgencyMatrix:
    """Where agency workers work: per sector its share (0-1) and the source, '' while it is a judgement."""

    own_staff: float
    own_staff_source: str
    shares: Mapping[str, float]
    sources: Mapping[str, str]

    def status(self, sector_code: str) -> Status:
        """Return the status of figures that rest on the share of a sector."""
        source = self.own_staff_source if sector_code == AGENCIES else self.sources.get(sector_code, "")
        return Status.ESTIMATE if source else Status.ASSUMPTION


def read_agency_matrix(path: Path = SHIPPED_MATRIX) -> AgencyMatrix:
    """Return the matrix of agency workers from its TOML file.

    Raises
    ------
    InputError
        The file cannot be read, names an unknown sector, or its shares are more than 100 percent.

    Examples
    --------
    >>> matrix = read_agency_matrix()
    >>> matrix.shares["distribution"], matrix.status("distribution").value
    (0.14, 'assumption')
    """
    try:
        content: dict[str, Any] = tomllib.loads(path.read_text("utf-8"))
        shares = {code: float(row["share_pct"]) / 100 for code, row in content["sectors"].items()}
        sources = {code: str(row.get("source", "")).strip() for code, row in content["sectors"].items()}
        own_staff = float(content["own_staff_pct"]) / 100
    except OSError as error:
        raise InputError(f"{path} cannot be read ({error.strerror}); restore the file.") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, KeyError, TypeError, ValueError, AttributeError) as error:
        raise InputError(
            f"{path} is no table of agency workers ({error!r}); compare it with the shipped one."
        ) from error
    unknown = sorted(set(shares) - (set(SECTORS) - {AGENCIES}))
    if unknown:
        raise InputError(f"{path}: {unknown[0]!r} is no sector that hires agency workers; correct its name.")
    if min([own_staff, *shares.values()]) < 0 or own_staff > 1 or sum(shares.values()) > 1 + 1e-9:
        raise InputError(f"{path}: the shares must be between 0 and 100 and add up to 100 at most; correct them.")
    return AgencyMatrix(own_staff, str(content.get("own_staff_source", "")).strip(), shares, sources)


def sector_weights(
    sector: Sector,
    sections: pd.DataFrame,
    groups: pd.DataFrame,
    land: pd.DataFrame | None,
    corop: tuple[pd.DataFrame, pd.Series] | None,
) -> tuple[pd.Series, str]:
    """Return what a sector's workers are spread by, per gemeente, and the code of the method.

    The best method for which the tables are there is taken: a section of its own, an area, detail per COROP
    shared out, the group's establishments.

    Parameters
    ----------
    sections
        Establishments, gemeente x section (letters).
    groups
        Establishments, gemeente x CBS group.
    land
        gemeente x glass_m2, open_m2.
    corop
        Establishments, COROP x SBI (letters and digits), and the COROP of each gemeente.
    """
    if sector.code in _SECTION_OF and _SECTION_OF[sector.code] in sections:
        return sections[_SECTION_OF[sector.code]], "section_count"
    if land is not None and sector.code in _AREA_OF:
        column, method = _AREA_OF[sector.code]
        return land[column], method
    if corop is not None:
        counts = corop_shared_out(sector, sections, *corop)
        if counts is not None:
            return counts, "corop_shared_out"
    return groups[sector.cbs_group], "group_share"


def corop_shared_out(
    sector: Sector, sections: pd.DataFrame, corop: pd.DataFrame, corop_of: pd.Series
) -> pd.Series | None:
    """Return the establishments of a sector per gemeente, None where CBS has no detail for it.

    Share of the sector in its section in the COROP region, times the section's count in the gemeente.

    Parameters
    ----------
    sector
        One of the twelve.
    sections
        Establishments per gemeente and CBS group.
    corop
        Establishments per COROP area and branch.
    corop_of
        COROP area by gemeente.

    Examples
    --------
    >>> sections = pd.DataFrame({"H": [30.0, 10.0]}, index=["GM0001", "GM0002"])
    >>> corop = pd.DataFrame({"H": [40.0], "52": [8.0]}, index=["CR01"])
    >>> corop_of = pd.Series({"GM0001": "CR01", "GM0002": "CR01"})
    >>> corop_shared_out(SECTORS["distribution"], sections, corop, corop_of).tolist()
    [6.0, 2.0]
    """
    section = _SECTION_OF_DETAIL.get(sector.code, _GROUP_SECTION[sector.cbs_group])
    wanted = [code.replace(".", "") for code in sector.sbi2008]
    if section not in corop or section not in sections or any(code not in corop for code in wanted):
        return None
    share = corop[wanted].sum(axis=1, skipna=False) / corop[section].where(corop[section] > 0)
    share_of = sections.index.to_series().map(corop_of).map(share)
    counts: pd.Series = sections[section] * share_of
    return counts


def spread(total_n: float, weights: pd.Series) -> pd.Series:
    """Divide a national total by weights; a missing weight stays missing.

    Examples
    --------
    >>> spread(100, pd.Series([1.0, 3.0, float("nan")])).tolist()
    [25.0, 75.0, nan]
    """
    whole = weights.sum()
    return weights * (total_n / whole) if whole > 0 else weights * float("nan")


def within_groups(workers: pd.DataFrame, group_workers: pd.DataFrame) -> pd.DataFrame:
    """Scale sectors down where, together, they would have more workers than their group has in a gemeente.

    Parameters
    ----------
    workers
        gemeente x sector.
    group_workers
        gemeente x CBS group; where it is missing nothing is scaled.
    """
    result = workers.copy()
    for group in {sector.cbs_group for sector in SECTORS.values()}:
        members = [code for code in SECTORS if code in workers and SECTORS[code].cbs_group == group]
        whole = result[members].sum(axis=1)
        factor = (group_workers[group] / whole.where(whole > 0)).clip(upper=1).fillna(1)
        result[members] = result[members].mul(factor, axis=0)
    return result


def move_agency_workers(workers: pd.DataFrame, matrix: AgencyMatrix) -> pd.DataFrame:
    """Move agency workers from the agency's gemeente and sector to where the hiring sectors have their jobs.

    Parameters
    ----------
    workers
        gemeente x sector, agency workers still counted under the agencies.

    Returns
    -------
    DataFrame
        The same shape. The agencies keep their own staff; the part that the matrix leaves out works outside
        the twelve sectors and is in none of them.

    Examples
    --------
    >>> workers = pd.DataFrame({"temporary_agencies": [100.0, 0.0], "distribution": [10.0, 30.0]})
    >>> matrix = AgencyMatrix(0.1, "", {"distribution": 0.5}, {})
    >>> move_agency_workers(workers, matrix)["distribution"].tolist()
    [21.25, 63.75]
    """
    moved = workers[AGENCIES].sum() * (1 - matrix.own_staff)
    result = workers.copy()
    result[AGENCIES] = workers[AGENCIES] * matrix.own_staff
    for code, share in matrix.shares.items():
        if code in workers:
            result[code] = workers[code] + spread(moved * share, workers[code])
    return result
