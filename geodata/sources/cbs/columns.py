"""The columns of a StatLine table: found by their title and the headings above it, never by the number in their key.

The unit is read from the table.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from geodata.errors import SourceError
from geodata.sources.cbs.question import Rows

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
