"""What is asked of a CBS table: which members of each dimension, written as an OData filter."""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pandas as pd

from geodata.errors import SourceError

Rows = list[dict[str, Any]]
Resources = dict[str, Rows]

DATA = "TypedDataSet"
_LONGEST_CHAIN_N = 60

Where = Mapping[str, Callable[[Mapping[str, str]], set[str]]]
"""Per dimension (or the beginning of its name), which members to take: gets the title of each (stripped) code."""


def starting_with(prefix: str) -> Callable[[Mapping[str, str]], set[str]]:
    """Take the members whose code starts with a prefix, as GM for gemeenten."""
    return lambda titles: {code for code in titles if code.startswith(prefix)}


def years(first: int | None = None, newest_n: int | None = None) -> Callable[[Mapping[str, str]], set[str]]:
    """Take whole years (``2020JJ00``), from a first year on or the newest few, and no months or quarters.

    Examples
    --------
    >>> sorted(years(newest_n=1)({"2020JJ00": "2020", "2021JJ00": "2021", "2021MM01": "2021 januari"}))
    ['2021JJ00']
    """

    def choose(titles: Mapping[str, str]) -> set[str]:
        found = sorted(code for code in titles if re.fullmatch(r"\d{4}JJ00", code))
        return {code for code in found[-(newest_n or 0) :] if first is None or int(code[:4]) >= first}

    return choose


def refuse_empty(source_id: str, table_id: str, rows: Sequence[object] | pd.DataFrame) -> None:
    """Refuse an answer without rows: StatLine answers so to codes that it does not know.

    Parameters
    ----------
    source_id
        Of `geodata.sources.catalogue`.
    table_id
        Of StatLine, such as ``85039NED``.
    rows
        As StatLine answers them.
    """
    if len(rows) == 0:
        raise SourceError(
            f"Source {source_id}: table {table_id} gives no row for the question asked; its codes or periods"
            " have changed: compare them with docs/sources.md."
        )


def chosen_keys(
    source_id: str, table_id: str, dimension: str, keys: Sequence[str], titles: Mapping[str, str], where: Where
) -> list[str]:
    """Return the keys of a dimension that are asked for, as delivered; none when the question is for all.

    Parameters
    ----------
    source_id
        Of `geodata.sources.catalogue`.
    table_id
        Of StatLine, such as ``85039NED``.
    dimension
        Its name in the table.
    keys
        Of its members, as delivered.
    titles
        Of its members by stripped code.
    where
        Per dimension, which members to take.
    """
    for name, choose in where.items():
        if dimension.startswith(name):
            codes = choose(titles)
            if not codes:
                raise SourceError(
                    f"Source {source_id}: table {table_id} has no member of {dimension} that is asked for;"
                    " its codes have changed: compare them with docs/sources.md."
                )
            return [key for key in keys if key.strip() in codes]
    return []


def filter_text(chosen: Mapping[str, Sequence[str]]) -> str:
    """Return the question in OData, for v3 and v4 alike; what is too long to ask is filtered when read.

    Examples
    --------
    >>> filter_text({"Perioden": ["2020JJ00"], "RegioS": [f"GM{number:04}" for number in range(100)]})
    "(Perioden eq '2020JJ00') and startswith(RegioS,'GM')"
    """
    conditions = []
    for dimension, keys in chosen.items():
        prefixes = {key[:2] for key in keys}
        if len(keys) <= _LONGEST_CHAIN_N and keys:
            # v3 knows no "in", and wants keys with their padding
            conditions.append("(" + " or ".join(f"{dimension} eq '{key}'" for key in keys) + ")")
        elif len(prefixes) == 1:
            conditions.append(f"startswith({dimension},'{prefixes.pop()}')")
    return " and ".join(conditions)
