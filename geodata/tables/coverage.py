"""Which kinds of site the lists cover, in which regions: outside that, a site that is not listed is unknown, not nil.

A list covers the kinds that it names, in the regions that whoever imports it declares (`import sites --covers`).
Without a declaration it covers a kind only in those veiligheidsregio's where it has rows: one region's list of
lodgings says nothing of the other twenty-four, and a list of holiday parks says nothing of lodgings. A list with a
kind in nine tenths of the regions is then one of the whole country: there the other regions have none.
"""

from collections.abc import Collection
from typing import Final

import pandas as pd

from geodata import codes

WHOLE_COUNTRY: Final = "NL"
"""What a list of the whole country declares to cover."""
LODGING: Final = frozenset({"lodging"})
"""The kind without which nobody knows where people sleep: holiday parks alone are no list of lodgings."""
NATIONAL: Final = 0.9
"""A list with a kind in this part of the regions is a list of that kind for the whole country."""


def of_sites(sites: pd.DataFrame) -> pd.DataFrame:
    """Return what the lists of sites cover.

    Parameters
    ----------
    sites
        Contract ``Sites``.

    Returns
    -------
    DataFrame
        kind, vr_code, source and sites_n: one row for each kind that a list names in a veiligheidsregio. Sites
        abroad cover nothing.

    Examples
    --------
    >>> listed = pd.DataFrame({"kind": ["lodging", "lodging"], "vr_code": ["VR20", ""], "source": ["list", "list"]})
    >>> of_sites(listed)[["kind", "vr_code", "sites_n"]].to_dict("list")
    {'kind': ['lodging'], 'vr_code': ['VR20'], 'sites_n': [1]}
    """
    placed = sites[sites["vr_code"] != ""]
    return placed.groupby(["kind", "vr_code", "source"], as_index=False).size().rename(columns={"size": "sites_n"})


def covered_regions(sites: pd.DataFrame, kinds: Collection[str] = LODGING) -> frozenset[str]:
    """Return the veiligheidsregio's in which every one of some kinds is covered by a list.

    Examples
    --------
    >>> parks = pd.DataFrame({"kind": ["holiday_park"], "vr_code": ["VR20"], "source": ["osm"]})
    >>> sorted(covered_regions(parks)), sorted(covered_regions(parks, ["holiday_park"]))
    ([], ['VR20'])
    >>> declared = pd.DataFrame(
    ...     {"kind": ["lodging"], "vr_code": ["VR20"], "source": ["list"], "list_covers": ["VR19;VR20"]}
    ... )
    >>> sorted(covered_regions(declared))
    ['VR19', 'VR20']
    """
    said = sites["list_covers"].fillna("") if "list_covers" in sites else pd.Series("", index=sites.index)
    rest = of_sites(sites[said == ""])
    by_kind = [
        _declared(said[(said != "") & (sites["kind"] == kind)]) | _regions_of(rest[rest["kind"] == kind])
        for kind in kinds
    ]
    return frozenset.intersection(*by_kind) if by_kind else frozenset()


def declared(regions: Collection[str]) -> str:
    """Return where a list is whole as the column ``list_covers`` says it; the whole country needs no regions.

    Examples
    --------
    >>> declared(["VR20", "VR19"]), declared(["VR19", "NL"]), declared([])
    ('VR19;VR20', 'NL', '')
    """
    return WHOLE_COUNTRY if WHOLE_COUNTRY in regions else ";".join(sorted(set(regions)))


def _declared(covers: pd.Series) -> frozenset[str]:
    """Return the regions that lists were declared to cover."""
    told = {code for one in covers.unique() for code in str(one).split(";")}
    return frozenset(codes.VR_CODES) if WHOLE_COUNTRY in told else frozenset(told)


def _regions_of(cover: pd.DataFrame) -> frozenset[str]:
    """Return the regions that lists of one kind cover; one list in nearly all of them covers them all."""
    if cover.empty:
        return frozenset()
    widest = cover.groupby("source")["vr_code"].nunique().max()
    whole = widest >= NATIONAL * len(codes.VR_CODES)
    return frozenset(codes.VR_CODES) if whole else frozenset(cover["vr_code"])
