"""What a contract is made of: the columns of a table, their types and rules, and what each can give away."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

import pandas as pd
import pandera.pandas as pa
from pandera.dtypes import DataType
from pandera.engines import pandas_engine

from geodata import codes

GEMEENTE = r"^GM\d{4}$"
REGION = r"^VR(0[1-9]|1\d|2[0-5])$"
LABOUR_MARKET = r"^AM\d{2}$"
WEEK = r"^\d{4}-W(0[1-9]|[1-4]\d|5[0-3])$"


class Secrecy(StrEnum):
    """What a column can give away; `access.rights` says from whom each is withheld."""

    OPEN = "open"  # codes, dates, figures, names of areas and of public organisations
    TEXT = "text"  # what someone wrote, or that leads to one case
    NAME = "name"  # names a firm or a person, or how to reach them
    WHO = "who"  # who recorded it


class Persons(StrEnum):
    """What a table holds of persons, which decides what `access.disclosure` does to it."""

    NONE = "none"  # areas, sites, activations, visits: never suppressed for those in scope
    PUBLISHED = "published"  # counts of persons that a publisher already gave out: they pass unchanged
    UNPUBLISHED = "unpublished"  # may also hold counts that nobody published: those are protected


@dataclass(frozen=True)
class Contract:
    """A named schema with the columns that identify a row.

    Attributes
    ----------
    persons
        Which of the three kinds the table is.
    person_columns
        Its columns that count persons and may come from a source that is not published.
    """

    name: str
    key: tuple[str, ...]
    schema: pa.DataFrameSchema
    is_spatial: bool
    persons: Persons
    person_columns: tuple[str, ...]

    @property
    def columns(self) -> list[str]:
        """Return the columns in the contract's order."""
        geometry = ["geometry"] if self.is_spatial else []
        return [*self.schema.columns, *geometry]

    def secrecy(self, column: str) -> Secrecy:
        """Return what a column can give away; free text that nobody classified counts as text."""
        return Secrecy((self.schema.columns[column].metadata or {}).get("secrecy", Secrecy.OPEN))


class _Text(pandas_engine.STRING):
    """Text as pandas keeps it, judged by the type of the column: pandera describes the cells that are no failure."""

    def check(self, pandera_dtype: DataType, data_container: Any = None) -> bool | Iterable[bool]:
        """Tell whether a column is of this type."""
        is_text = isinstance(pandera_dtype, pandas_engine.STRING) and pandera_dtype.type == self.type
        return is_text or super().check(pandera_dtype, data_container)


_TEXT: Final = _Text("pyarrow")


def text(
    pattern: str = "", *, empty: bool = False, values: tuple[str, ...] = (), secrecy: Secrecy = Secrecy.OPEN
) -> pa.Column:
    """Describe a text: of a pattern, or one of a few values; never missing, and empty only where that is said.

    Parameters
    ----------
    pattern
        A regular expression that the start of the text fits; '' for any text.
    empty
        Whether the text may be empty.
    values
        The only values that are allowed; none for any.
    secrecy
        What the column can give away.
    """
    checks = []
    if pattern:
        checks.append(pa.Check.str_matches(f"^$|{pattern}" if empty else pattern))
    if values:
        checks.append(pa.Check.isin([*values, ""] if empty else values))
    return pa.Column(_TEXT, checks, coerce=True, nullable=False, metadata={"secrecy": secrecy})


def number(low: float | None = 0, high: float | None = None, *, missing: bool = True) -> pa.Column:
    """Describe a number from `low` to `high`, both allowed (None for no bound), that may be missing.

    Parameters
    ----------
    low
        None is no lower bound.
    high
        None is no upper bound.
    missing
        Whether it may be absent (NaN).
    """
    checks = []
    if low is not None:
        checks.append(pa.Check.ge(low))
    if high is not None:
        checks.append(pa.Check.le(high))
    return pa.Column(float, checks, coerce=True, nullable=missing)


def date(*, missing: bool = False) -> pa.Column:
    """Describe a date, which may be missing where that is said."""
    return pa.Column("datetime64[ns]", coerce=True, nullable=missing)


def list_of(values: tuple[str, ...]) -> pa.Column:
    """Describe a text with several values separated by ``;``."""
    one = "|".join(values)
    return text(rf"^({one})(;({one}))*$", empty=True)


def keeps(column: pa.Column, cells: pd.Series) -> bool:
    """Tell whether cells are of a column's type already and all of them allowed.

    Nearly every table is. Pandera, which changes types and says which cell is wrong, takes up to ten times as long and
    is asked about the others only.
    """
    if cells.dtype != column.dtype.type or (cells.hasnans and not column.nullable):
        return False
    return all(_passes(check, cells) for check in column.checks)


def _passes(check: pa.Check, cells: pd.Series) -> bool:
    told = check.statistics or {}
    match check.name:
        case "str_matches":
            # Pandera has Arrow match: its digits are 0 to 9, and its end is the very end of the text.
            fits = re.compile(told["pattern"], re.ASCII).match
            return all(fits(one) and "\n" not in one for one in cells.unique().tolist())
        case "isin":
            return set(cells.unique().tolist()) <= set(told["allowed_values"])
        case "greater_than_or_equal_to":
            return not (cells < told["min_value"]).any()
        case "less_than_or_equal_to":
            return not (cells > told["max_value"]).any()
        case _:
            return bool(check(cells).check_passed)


STATUS = text(values=tuple(codes.Status))
WHOLE = pa.Column(int, pa.Check.ge(0), coerce=True, nullable=False)
YES_NO = pa.Column(bool, coerce=True, nullable=False)
FREE = text(secrecy=Secrecy.TEXT)
NAME = text(secrecy=Secrecy.NAME)
WHO = text(secrecy=Secrecy.WHO)
OPEN = text()  # identities, sources, names of areas and of public organisations


def contract(
    name: str,
    persons: Persons,
    key: tuple[str, ...],
    columns: dict[str, pa.Column],
    *,
    spatial: bool = False,
    person_columns: tuple[str, ...] = (),
) -> Contract:
    """Make the contract of a table; columns outside it are dropped when it is checked.

    Parameters
    ----------
    name
        Name of the table.
    persons
        What the table holds of persons.
    key
        The columns that tell its rows apart.
    columns
        Its columns, in their order.
    spatial
        Whether it has a geometry, in EPSG:28992.
    person_columns
        Its columns that count persons and may come from a source that is not published.
    """
    return Contract(name, key, pa.DataFrameSchema(columns, strict=False), spatial, persons, person_columns)
