"""Is a new delivery believable beside the previous one? Regions lost, totals that jumped."""

from collections.abc import Mapping

import pandas as pd

from geodata.errors import SourceError

_CODES = ("gemeente_code", "corop_code", "statcode")
_COUNTS = ("value_n", "population_n", "establishments_n", "glass_m2", "open_m2", "cases_n", "size_n")
_LISTED_N = 5


def refuse_unlikely(
    source_id: str, old: Mapping[str, pd.DataFrame], new: Mapping[str, pd.DataFrame], max_change_pct: float
) -> None:
    """Refuse a delivery that lost regions, or whose rows or totals changed more than the stated share.

    Parameters
    ----------
    old, new
        The frames that the two deliveries were read into.
    max_change_pct
        The share; the catalogue states it per source.

    Raises
    ------
    SourceError
        With what differs, and how to accept it when it is right.

    Examples
    --------
    >>> was = {"land": pd.DataFrame({"gemeente_code": ["GM0001", "GM0002"], "glass_m2": [5.0, 5.0]})}
    >>> now = {"land": pd.DataFrame({"gemeente_code": ["GM0001", "GM0002"], "glass_m2": [50.0, 5.0]})}
    >>> refuse_unlikely("cbs_agriculture", was, now, 25.0)
    Traceback (most recent call last):
    ...
    geodata.errors.SourceError: Source cbs_agriculture: the total of glass_m2 in land went from 10 to 55, more than \
25 %; if that is right, refresh again with --accept cbs_agriculture.
    """
    for name, before in old.items():
        difference = _difference(name, before, new.get(name, before.head(0)), max_change_pct)
        if difference:
            raise SourceError(
                f"Source {source_id}: {difference}; if that is right, refresh again with --accept {source_id}."
            )


def _difference(name: str, before: pd.DataFrame, after: pd.DataFrame, max_change_pct: float) -> str:
    if "site_id" not in before:
        for column in (column for column in _CODES if column in before):
            lost = sorted(set(before[column]) - set(after[column]))
            if lost:
                more = ", ..." if len(lost) > _LISTED_N else ""
                return f"{len(lost)} region(s) are gone from {name}: {', '.join(lost[:_LISTED_N])}{more}"
    totals = {"number of rows": (float(len(before)), float(len(after)))}
    totals |= {
        f"total of {column}": (float(before[column].sum()), float(after[column].sum()))
        for column in _COUNTS
        if column in before and column in after
    }
    for what, (was, now) in totals.items():
        if was and abs(now - was) > was * max_change_pct / 100:
            return f"the {what} in {name} went from {was:,.0f} to {now:,.0f}, more than {max_change_pct:g} %"
    return ""
