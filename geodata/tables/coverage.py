"""Which kinds of site the lists cover, in which regions: outside that, a site that is not listed is unknown, not nil.

A list covers the kinds that it names, in the regions for which whoever imports it declares it whole (`import sites
--covers`). Rows alone cover nothing: who names one lodging in a region has not said that there are no others. A list
of holiday parks says nothing of lodgings. The lists of the demonstration are whole in each region where they have
rows, since beside what is invented there is nothing.
"""

from collections.abc import Collection
from typing import Final

import pandas as pd

from geodata import codes
from geodata.codes import Status

WHOLE_COUNTRY: Final = "NL"
"""What a list of the whole country declares to cover."""
LODGING: Final = frozenset({"lodging"})
"""The kind without which nobody knows where people sleep: holiday parks alone are no list of lodgings."""


def named_regions(sites: pd.DataFrame, kind: str) -> frozenset[str]:
    """Return the veiligheidsregio's in which a list names a site of a kind, whole or not; sites abroad are in none.

    Examples
    --------
    >>> sorted(named_regions(pd.DataFrame({"kind": ["lodging", "lodging"], "vr_code": ["VR20", ""]}), "lodging"))
    ['VR20']
    """
    return frozenset(sites.loc[(sites["kind"] == kind) & (sites["vr_code"] != ""), "vr_code"].unique())


def covered_regions(sites: pd.DataFrame, kinds: Collection[str] = LODGING) -> frozenset[str]:
    """Return the veiligheidsregio's in which every one of some kinds is covered by a list.

    Parameters
    ----------
    sites
        Contract ``Sites``: kind, vr_code, status and list_covers count.

    Examples
    --------
    >>> listed = pd.DataFrame(
    ...     {"kind": ["lodging"], "vr_code": ["VR20"], "status": ["official"], "list_covers": ["VR19;VR20"]}
    ... )
    >>> sorted(covered_regions(listed)), sorted(covered_regions(listed, ["holiday_park"]))
    (['VR19', 'VR20'], [])
    >>> sorted(covered_regions(listed.assign(list_covers="")))
    []
    """
    said = sites["list_covers"].fillna("")
    said = said.where((said != "") | (sites["status"] != Status.FICTIONAL.value), sites["vr_code"])
    by_kind = [_declared(said[(said != "") & (sites["kind"] == kind)]) for kind in kinds]
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
