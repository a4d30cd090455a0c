"""The contract of every table that crosses a package border: key, columns, types and allowed values.

A contract is a pandera schema with a key. ``check(name, table)`` returns the table with its types
brought to the contract and its columns in the contract's order, or raises `ContractError` with one
sentence. Texts are never missing: an empty text means "none". Counts that may be absent are floats
with NaN and say why in their status or reason column.
"""

from functools import cache
from typing import Final, TypeVar, cast

import geopandas as gpd
import pandas as pd
import shapely
from pandera.errors import SchemaErrors

from geodata import codes, site_kinds
from geodata.contracts.schema import Contract, keeps
from geodata.contracts.tables import COMPUTED, CORE, KIND_RULE, REGISTER
from geodata.errors import ContractError

Table = TypeVar("Table", bound=pd.DataFrame)

LATER: Final[dict[str, dict[str, object]]] = {
    "exposure": {"workers_n_log_sd": float("nan")},
    "sites": {"list_covers": "", "place_corrected_on": ""},
}
"""Columns that a table of an older delivery lacks, with what they are added as: not known."""

CONTRACTS: Final = {one.name: one for one in (*CORE, *REGISTER, *COMPUTED)}


def completed(name: str, table: Table) -> Table:
    """Return a table with the columns that one of an older delivery lacks (`LATER`), as not known."""
    later = {column: value for column, value in LATER.get(name, {}).items() if column not in table.columns}
    return cast("Table", table.assign(**later)) if later else table


def check(name: str, table: Table) -> Table:
    """Return the table as its contract wants it, or say in one sentence what breaks.

    Parameters
    ----------
    name
        Name of the contract, a key of `CONTRACTS`.
    table
        The (Geo)DataFrame to check. Columns outside the contract are dropped.

    Raises
    ------
    ContractError
        A column is missing, a value is not allowed, a key is empty or occurs twice, or the
        coordinates are not in EPSG:28992.

    Examples
    --------
    >>> import pandas as pd
    >>> check("contributions", pd.DataFrame({"unit_id": ["VR01"], "indicator_code": ["contact"]}))
    Traceback (most recent call last):
    ...
    geodata.errors.ContractError: Table contributions: column contribution_0_10 is missing; add it and try again.
    """
    contract = CONTRACTS[name]
    table = completed(name, table)
    for column in contract.columns:
        if column not in table.columns:
            raise ContractError(f"Table {name}: column {column} is missing; add it and try again.")
    wanted = table[contract.columns]
    if contract.is_spatial:
        _check_geometry(name, wanted)
    checked: Table = wanted if _keeps(contract, wanted) else _as_wanted(contract, wanted)
    doubled = checked.duplicated(list(contract.key), keep=False)
    if doubled.any():
        row = checked.loc[doubled, list(contract.key)].iloc[0]
        which = ", ".join(f"{column} {value}" for column, value in row.items())
        raise ContractError(f"Table {name}: {which} occurs {int(doubled.sum())} times; keep one row per key.")
    return checked


def _keeps(contract: Contract, table: pd.DataFrame) -> bool:
    plain = pd.DataFrame(table)  # a column of a GeoDataFrame takes long to get
    return plain.columns.is_unique and all(
        keeps(column, plain[name]) for name, column in contract.schema.columns.items()
    )


def _as_wanted(contract: Contract, table: Table) -> Table:
    try:
        return cast("Table", contract.schema.validate(table, lazy=True))
    except SchemaErrors as error:
        raise ContractError(_first_failure(contract.name, error.failure_cases)) from error


def empty(name: str) -> pd.DataFrame:
    """Return the contract's table without rows, with the right types.

    Examples
    --------
    >>> len(empty("sites")), list(empty("contributions"))
    (0, ['unit_id', 'indicator_code', 'contribution_0_10'])
    """
    return _empty(name).copy()


@cache
def _empty(name: str) -> pd.DataFrame:
    contract = CONTRACTS[name]
    frame = pd.DataFrame({column: pd.Series(dtype=object) for column in contract.schema.columns})
    if contract.is_spatial:
        frame = gpd.GeoDataFrame(frame, geometry=gpd.GeoSeries([], crs=codes.CRS_RD))
    return check(name, frame)


def _check_geometry(name: str, table: pd.DataFrame) -> None:
    if not isinstance(table, gpd.GeoDataFrame):
        raise ContractError(f"Table {name} has no geometry; read it with its coordinates and try again.")
    if table.crs is None or table.crs.to_epsg() != 28992:
        raise ContractError(f"Table {name}: coordinates are not in EPSG:28992; convert them with to_crs.")
    shapes = table.geometry.to_numpy()
    present = shapes[~shapely.is_missing(shapes)]
    if shapely.is_empty(present).any() or not shapely.is_valid(present).all():
        raise ContractError(f"Table {name}: a geometry is empty or invalid; repair it with make_valid.")


def _first_failure(name: str, failures: pd.DataFrame) -> str:
    # The rule on the value tells more than the type that could not be made of it.
    rules = failures["check"].astype(str)
    telling = failures[rules != "coerce_dtype"]
    first = (failures if telling.empty else telling).iloc[0]
    column, value = first["column"] or first["failure_case"], first["failure_case"]
    rule = str(first["check"]).split("(", maxsplit=1)[0]
    if rule == KIND_RULE:
        return (
            f"Table {name} holds the kind of site {value!r}, which nobody declares; put it back in {site_kinds.FILE}."
        )
    shown = "an empty value" if rule == "not_nullable" else f"{value!r}" if isinstance(value, str) else str(value)
    more = f" ({len(failures)} values in all)" if len(failures) > 1 else ""
    return (
        f"Table {name}: column {column} holds {shown}, which the contract does not allow"
        f" ({rule}){more}; correct it in the source and try again."
    )
