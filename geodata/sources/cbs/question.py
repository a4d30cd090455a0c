"""What is asked of a CBS table: which members of each dimension, as an OData filter, and which columns.

Columns are found by their title and the headings above it, never by the number in their key; their unit is read
from the table.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from geodata.errors import SourceError

Rows = list[dict[str, Any]]
Resources = dict[str, Rows]

DATA = "TypedDataSet"
_LONGEST_CHAIN_N = 60

Where = Mapping[str, Callable[[Mapping[str, str]], set[str]]]
"""Per dimension (or the beginning of its name), which members to take: gets the title of each (stripped) code."""
_UNITS = {
    "aantal": 1.0,
    "": 1.0,
    "x 1 000": 1_000.0,
    "x 1000": 1_000.0,
    "1 000": 1_000.0,
    "are": 100.0,
    "m2": 1.0,
    "ha": 10_000.0,
}
"""What a figure is multiplied by to become a plain count, or square metres."""


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


@dataclass(frozen=True)
class Topic:
    """A column with figures: its key in this issue of the table, and how it is known for good.

    Attributes
    ----------
    path
        The headings above it and its own title, lower case, joined by `` > ``.
    """

    key: str
    path: str
    unit: str


@dataclass(frozen=True)
class Wanted:
    """A column to look for: a pattern that the end of its path must match; optional ones may be absent."""

    pattern: str
    is_optional: bool = False


def plain(text: str) -> str:
    r"""Return a title for comparing: lower case, one kind of apostrophe, single spaces.

    Examples
    --------
    >>> plain("Regionale  Energiestrategie regio\u2019s ")
    "regionale energiestrategie regio's"
    """
    return re.sub(r"\s+", " ", text.replace("\u2019", "'")).strip().lower()


def topics(properties: Rows) -> list[Topic]:
    """Return the columns with figures that ``DataProperties`` declares, with their full paths."""
    by_id = {row["ID"]: row for row in properties}
    found = []
    for row in properties:
        if row.get("Type") != "Topic":
            continue
        titles, parent = [plain(str(row["Title"]))], row.get("ParentID")
        while parent in by_id:
            titles.append(plain(str(by_id[parent]["Title"])))
            parent = by_id[parent].get("ParentID")
        found.append(Topic(str(row["Key"]), " > ".join(reversed(titles)), plain(str(row.get("Unit") or ""))))
    return found


def resolve(source_id: str, table_id: str, found: Sequence[Topic], wanted: Mapping[str, Wanted]) -> dict[str, Topic]:
    """Return the column for each wanted name; of several that match, the one highest in the table.

    Parameters
    ----------
    source_id
        Of `geodata.sources.catalogue`.
    table_id
        Of StatLine, such as ``85039NED``.
    found
        Columns of the live table.
    wanted
        Per name, how the title of its column is known.

    Raises
    ------
    SourceError
        A column that is not optional is nowhere in the table.
    """
    chosen = {}
    for name, column in wanted.items():
        pattern = re.compile(rf"(^|.* > ){column.pattern}$")
        fitting = [topic for topic in found if pattern.match(topic.path)]
        if fitting:
            chosen[name] = min(fitting, key=lambda topic: topic.path.count(" > "))
        elif not column.is_optional:
            raise SourceError(
                f"Source {source_id}: table {table_id} has no column titled {column.pattern!r} any more;"
                " compare its titles with docs/sources.md and correct the pattern in the connector."
            )
    return chosen


def factor(topic: Topic, source_id: str, table_id: str) -> float:
    """Return what the figures of a column are multiplied by to become plain counts, or square metres.

    Parameters
    ----------
    topic
        The column, with its unit.
    source_id
        Of `geodata.sources.catalogue`.
    table_id
        Of StatLine, such as ``85039NED``.

    Raises
    ------
    SourceError
        Its unit is not known.
    """
    try:
        return _UNITS[topic.unit]
    except KeyError:
        raise SourceError(
            f"Source {source_id}: table {table_id} gives {topic.path!r} in {topic.unit!r}, a unit that is not known;"
            " look up what it means and add it to the connector."
        ) from None
