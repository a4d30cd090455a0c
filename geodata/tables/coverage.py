"""Which kinds of site the lists cover, in which regions: outside that, a site that is not listed is unknown, not nil.

A list covers the kinds that it names, in the regions for which whoever imports it declares it whole (`import sites
--covers`). Who declares nothing leaves a guess, which the receipt tells: a list that names at least five sites of a
kind in a region, in more than one gemeente, is that region's list; one that is so in nine tenths of the regions is
the country's. Less than that covers nothing: who names one lodging has not said that there are no others, nor does a
gemeente's list speak for its neighbours. A list of holiday parks says nothing of lodgings. The lists of the
demonstration are whole in each region where they have rows, since beside what is invented there is nothing.
"""

from collections.abc import Collection
from typing import Final

import pandas as pd

from geodata import codes
from geodata.codes import Status

WHOLE_COUNTRY: Final = "NL"
"""What a list of the whole country declares to cover."""
NOWHERE: Final = "none"
"""What a list declares that is whole nowhere."""
LODGING: Final = frozenset({"lodging"})
"""The kind without which nobody knows where people sleep: holiday parks alone are no list of lodgings."""

_COUNTED: Final = ["kind", "vr_code", "gemeente_code", "source"]
_ENOUGH_N, _ENOUGH_GEMEENTEN, _NATIONAL = 5, 2, 0.9  # the mean distance, too, is to the nearest five


def named_by_kind(sites: pd.DataFrame) -> dict[str, frozenset[str]]:
    """Return of each kind the veiligheidsregio's in which a list names a site, whole or not; abroad is none.

    Examples
    --------
    >>> named_by_kind(pd.DataFrame({"kind": ["lodging", "lodging"], "vr_code": ["VR20", ""]}))
    {'lodging': frozenset({'VR20'})}
    """
    placed = pd.DataFrame(sites[["kind", "vr_code"]]).drop_duplicates()
    placed = placed[placed["vr_code"] != ""]
    return {str(kind): frozenset(rows["vr_code"]) for kind, rows in placed.groupby("kind")}


def covered_regions(sites: pd.DataFrame, kinds: Collection[str] = LODGING) -> frozenset[str]:
    """Return the veiligheidsregio's in which every one of some kinds is covered by a list.

    Parameters
    ----------
    sites
        Contract ``Sites``.

    Examples
    --------
    >>> listed = pd.DataFrame(
    ...     {
    ...         "kind": ["lodging"],
    ...         "vr_code": ["VR20"],
    ...         "gemeente_code": ["GM0758"],
    ...         "source": ["list"],
    ...         "status": ["official"],
    ...         "list_covers": ["VR19;VR20"],
    ...     }
    ... )
    >>> sorted(covered_regions(listed)), sorted(covered_regions(listed, ["holiday_park"]))
    (['VR19', 'VR20'], [])
    """
    by_kind = covered_by_kind(sites[sites["kind"].isin(kinds)])
    found = [by_kind.get(kind, frozenset()) for kind in kinds]
    return frozenset.intersection(*found) if found else frozenset()


def covered_by_kind(sites: pd.DataFrame) -> dict[str, frozenset[str]]:
    """Return of each kind that is listed the veiligheidsregio's in which a list covers it.

    Parameters
    ----------
    sites
        Contract ``Sites``.
    """
    sites = pd.DataFrame(sites[[*_COUNTED, "list_covers", "status"]])  # without a map each step takes half the time
    said = sites["list_covers"].fillna("")
    said = said.where((said != "") | (sites["status"] != Status.FICTIONAL.value), sites["vr_code"])
    told = pd.DataFrame({"kind": sites["kind"], "said": said}).drop_duplicates()
    told = told[told["said"] != ""]
    guessed = _guessed_by_kind(sites[_COUNTED][said == ""])
    return {
        str(kind): _declared(told.loc[told["kind"] == kind, "said"]) | guessed.get(str(kind), frozenset())
        for kind in sorted(sites["kind"].unique())
    }


def guessed_regions(sites: pd.DataFrame, kind: str) -> frozenset[str]:
    """Return the veiligheidsregio's for which lists that declare nothing are taken to be whole for a kind.

    Parameters
    ----------
    sites
        Those of lists without a declaration: kind, vr_code, gemeente_code and source count.
    kind
        Of the sites.

    Examples
    --------
    >>> towns = ["GM0758"] * 4 + ["GM0855"]
    >>> rows = pd.DataFrame({"kind": "lodging", "vr_code": "VR20", "gemeente_code": towns, "source": "list"})
    >>> sorted(guessed_regions(rows, "lodging")), sorted(guessed_regions(rows[1:], "lodging"))
    (['VR20'], [])
    """
    return _guessed_by_kind(sites).get(kind, frozenset())


def _guessed_by_kind(sites: pd.DataFrame) -> dict[str, frozenset[str]]:
    # All kinds at once: a look at each takes as long as one at all.
    placed = sites[sites["vr_code"] != ""]
    if placed.empty:
        return {}
    per_region = placed.groupby(["kind", "source", "vr_code"])["gemeente_code"].agg(["size", "nunique"])
    whole = per_region[(per_region["size"] >= _ENOUGH_N) & (per_region["nunique"] >= _ENOUGH_GEMEENTEN)].reset_index()
    return {
        str(kind): frozenset(codes.VR_CODES)
        if rows.groupby("source").size().max() >= _NATIONAL * len(codes.VR_CODES)
        else frozenset(rows["vr_code"])
        for kind, rows in whole.groupby("kind")
    }


def declared(regions: Collection[str]) -> str:
    """Return where a list is whole as the column ``list_covers`` says it; the whole country needs no regions.

    Examples
    --------
    >>> declared(["VR20", "VR19"]), declared(["VR19", "NL"]), declared(["none"]), declared([])
    ('VR19;VR20', 'NL', 'none', '')
    """
    if WHOLE_COUNTRY in regions:
        return WHOLE_COUNTRY
    return ";".join(sorted(set(regions) - {NOWHERE})) or (NOWHERE if NOWHERE in regions else "")


def _declared(covers: pd.Series) -> frozenset[str]:
    """Return the regions that lists were declared to cover."""
    told = {code for one in covers.unique() for code in str(one).split(";")} - {NOWHERE}
    return frozenset(codes.VR_CODES) if WHOLE_COUNTRY in told else frozenset(told)
