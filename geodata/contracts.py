"""The contract of every table that crosses a package border: key, columns, types and allowed values.

A contract is a pandera schema with a key. ``check(name, table)`` returns the table with its types
brought to the contract and its columns in the contract's order, or raises `ContractError` with one
sentence. Texts are never missing: an empty text means "none". Counts that may be absent are floats
with NaN and say why in their status or reason column.
"""

from dataclasses import dataclass
from typing import TypeVar, cast

import geopandas as gpd
import pandas as pd
import pandera.pandas as pa
from pandera.errors import SchemaErrors
from shapely.geometry.base import BaseGeometry

from geodata import codes
from geodata.errors import ContractError

Table = TypeVar("Table", bound=pd.DataFrame)

_GM = r"^GM\d{4}$"
_VR = r"^VR(0[1-9]|1\d|2[0-5])$"
_AM = r"^AM\d{2}$"
_WEEK = r"^\d{4}-W(0[1-9]|[1-4]\d|5[0-3])$"


@dataclass(frozen=True)
class Contract:
    """A named schema with the columns that identify a row."""

    name: str
    key: tuple[str, ...]
    schema: pa.DataFrameSchema
    is_spatial: bool = False

    @property
    def columns(self) -> list[str]:
        """Return the columns in the contract's order."""
        geometry = ["geometry"] if self.is_spatial else []
        return [*self.schema.columns, *geometry]


def _text(pattern: str = "", *, empty: bool = False, values: tuple[str, ...] = ()) -> pa.Column:
    checks = []
    if pattern:
        checks.append(pa.Check.str_matches(f"^$|{pattern}" if empty else pattern))
    if values:
        checks.append(pa.Check.isin([*values, ""] if empty else values))
    return pa.Column(str, checks, coerce=True, nullable=False)


def _number(low: float | None = 0, high: float | None = None, *, missing: bool = True) -> pa.Column:
    checks = []
    if low is not None:
        checks.append(pa.Check.ge(low))
    if high is not None:
        checks.append(pa.Check.le(high))
    return pa.Column(float, checks, coerce=True, nullable=missing)


def _date(*, missing: bool = False) -> pa.Column:
    return pa.Column("datetime64[ns]", coerce=True, nullable=missing)


def _list_of(values: tuple[str, ...]) -> pa.Column:
    """Describe a text with several values separated by ``;``."""
    one = "|".join(values)
    return _text(rf"^({one})(;({one}))*$", empty=True)


_STATUS = _text(values=tuple(codes.Status))
_WHOLE = pa.Column(int, pa.Check.ge(0), coerce=True, nullable=False)
_YES_NO = pa.Column(bool, coerce=True, nullable=False)
_FREE = _text()


def _with_status(*names: str) -> dict[str, pa.Column]:
    columns: dict[str, pa.Column] = {}
    for name in names:
        columns |= {name: _number(), f"{name}_status": _STATUS, f"{name}_source": _FREE}
    return columns


def _contract(name: str, key: tuple[str, ...], columns: dict[str, pa.Column], *, spatial: bool = False) -> Contract:
    return Contract(name, key, pa.DataFrameSchema(columns, strict=False), spatial)


CONTRACTS = {
    contract.name: contract
    for contract in (
        _contract(
            "gemeenten",
            ("gemeente_code",),
            {
                "gemeente_code": _text(_GM), "gemeente_name": _FREE, "vr_code": _text(_VR),
                "am_code": _text(_AM), "provincie_name": _FREE, "population_n": _WHOLE,
                "land_area_km2": _number(missing=False),
            },
            spatial=True,
        ),
        _contract(
            "veiligheidsregios",
            ("vr_code",),
            {
                "vr_code": _text(_VR), "vr_name": _FREE, "land_border": _list_of(("DE", "BE")),
                "population_n": _WHOLE, "land_area_km2": _number(missing=False),
            },
            spatial=True,
        ),
        _contract(
            "exposure",
            ("gemeente_code", "sector_code", "year"),
            {
                "gemeente_code": _text(_GM),
                "sector_code": _text(values=(*codes.SECTORS, *(f"SBI:{group}" for group in codes.CBS_GROUPS))),
                "year": _WHOLE,
                **_with_status("establishments_n", "workers_n", "migrant_workers_n"),
            },
        ),
        _contract(
            "sites",
            ("site_id",),
            {
                "site_id": _FREE, "kind": _text(values=codes.SITE_KINDS), "name": _FREE,
                "sector_code": _text(values=tuple(codes.SECTORS), empty=True),
                "country": _text(values=codes.COUNTRIES), "gemeente_code": _text(_GM, empty=True),
                "vr_code": _text(_VR, empty=True), "size_n": _number(),
                "size_unit": _text(values=codes.SIZE_UNITS), "located": _text(values=codes.LOCATED),
                "employer_group": _FREE, "source": _FREE, "source_date": _date(), "status": _STATUS,
            },
            spatial=True,
        ),
        _contract(
            "signals",
            ("signal_id",),
            {
                "signal_id": _FREE, "event_date": _date(),
                "origin": _text(values=("own", "partner", "branch", "gemeente", "anonymous")),
                "theme": _text(values=codes.THEMES), "vr_code": _text(_VR, empty=True),
                "gemeente_code": _text(_GM, empty=True), "site_id": _FREE,
                "sector_code": _text(values=tuple(codes.SECTORS), empty=True), "text": _FREE,
                "state": _text(values=("new", "activation", "referral", "closed")), "reason": _FREE,
                "recorded_by": _FREE, "recorded_at": _date(), "supersedes": _FREE,
            },
        ),
        _contract(
            "activations",
            ("activation_id",),
            {
                "activation_id": _FREE, "event_date": _date(), "vr_code": _text(_VR),
                "gemeente_code": _text(_GM, empty=True), "site_id": _FREE,
                "sector_code": _text(values=tuple(codes.SECTORS)), "themes": _list_of(codes.THEMES),
                "route_from": _FREE, "route_to": _FREE, "kind": _text(values=codes.ACTIVATION_KINDS),
                "trigger": _text(values=codes.TRIGGERS), "signal_id": _FREE, "plan_line_id": _FREE,
                "integral": _YES_NO, "partners": _FREE,
                "infections_found": _text(values=("yes", "no", "unknown")), "outcome": _FREE,
                "measures": _FREE, "inclusion_probability": _number(0, 1), "record_id": _FREE,
                "status": _STATUS, "recorded_by": _FREE, "recorded_at": _date(), "supersedes": _FREE,
            },
        ),
        _contract(
            "referrals",
            ("referral_id",),
            {
                "referral_id": _FREE, "activation_id": _FREE, "signal_id": _FREE, "route": _FREE, "to": _FREE,
                "event_date": _date(), "state": _FREE, "state_date": _date(),
            },
        ),
        _contract(
            "plan_lines",
            ("plan_line_id",),
            {
                "plan_line_id": _FREE, "plan_id": _FREE,
                "plan_state": _text(values=("draft", "approved", "carried_out")),
                "list": _text(values=("risk", "rising", "random", "random_unknown", "signal")),
                "site_id": _FREE, "vr_code": _text(_VR), "week": _text(_WEEK),
                "score_0_10": _number(0, 10), "objective_value": _number(None),
                "inclusion_probability": _number(0, 1), "stratum": _FREE, "partners": _FREE, "reason": _FREE,
                "seed": _WHOLE, "frame_sha256": _FREE,
            },
        ),
        _contract(
            "contacts",
            ("contact_id",),
            {
                "contact_id": _FREE, "ring": _text(values=("region", "platform", "second_ring", "border")),
                "vr_code": _text(_VR, empty=True), "country": _text(values=codes.COUNTRIES), "organisation": _FREE,
                "function": _FREE, "is_deputy": _YES_NO, "name": _FREE, "telephone": _FREE,
                "valid_from": _date(missing=True), "valid_until": _date(missing=True), "status": _STATUS,
            },
        ),
        _contract(
            "routes",
            ("route_id",),
            {
                "route_id": _FREE, "subject": _FREE, "subject_en": _FREE, "organisation": _FREE,
                "area": _text(values=("nation", "vr", "am", "gemeente")), "function": _FREE, "telephone": _FREE,
                "status": _STATUS,
            },
        ),
        _contract(
            "work_log",
            ("work_id",),
            {
                "work_id": _FREE, "event_date": _date(), "kind": _text(values=("communication", "product", "contact")),
                "vr_code": _text(_VR, empty=True), "title": _FREE, "organisation": _FREE, "text": _FREE,
                "status": _STATUS, "recorded_by": _FREE, "recorded_at": _date(), "supersedes": _FREE,
            },
        ),
        _contract(
            "library",
            ("document_id",),
            {
                "document_id": _FREE, "kind": _text(values=("protocol", "presentation", "glossary")),
                "sector_code": _text(values=tuple(codes.SECTORS), empty=True), "title": _FREE, "title_en": _FREE,
                "text": _FREE, "text_en": _FREE, "status": _STATUS,
            },
        ),
        _contract(
            "incidence",
            ("disease", "gemeente_code", "week"),
            {
                "disease": _FREE, "gemeente_code": _text(_GM), "week": _text(_WEEK), "cases_n": _number(),
                "status": _STATUS, "source": _FREE,
            },
        ),
        _contract(
            "indicators",
            ("unit_id", "indicator_code"),
            {
                "unit_id": _FREE, "indicator_code": _FREE, "peildatum": _date(), "raw_value": _number(None),
                "value_0_10": _number(0, 10), "missing_reason": _text(values=tuple(codes.MissingReason)),
                "status": _STATUS, "source": _FREE, "source_date": _date(missing=True),
            },
        ),
        _contract(
            "scores",
            ("unit_id",),
            {
                "unit_id": _FREE, "level": _text(values=codes.LEVELS), "area_code": _FREE,
                "sector_code": _text(values=tuple(codes.SECTORS), empty=True), "peildatum": _date(),
                "score_0_10": _number(0, 10), "reference_0_10": _number(0, 10),
                "risk_class": _number(1, 5), "is_flagged": _YES_NO, "rank": _number(1),
                "rank_p05": _number(1), "rank_p95": _number(1), "p_top_k": _number(0, 1), "k_n": _number(1),
                "completeness_pct": _number(0, 100), "model_version": _FREE, "data_version": _FREE,
            },
        ),
        _contract(
            "contributions",
            ("unit_id", "indicator_code"),
            {"unit_id": _FREE, "indicator_code": _FREE, "contribution_0_10": _number(None)},
        ),
    )
}  # fmt: skip


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
    for column in contract.columns:
        if column not in table.columns:
            raise ContractError(f"Table {name}: column {column} is missing; add it and try again.")
    wanted = cast("Table", table[contract.columns])
    if contract.is_spatial:
        _check_geometry(name, wanted)
    try:
        checked: Table = contract.schema.validate(wanted, lazy=True)
    except SchemaErrors as error:
        raise ContractError(_first_failure(name, error.failure_cases)) from error
    doubled = checked.duplicated(list(contract.key), keep=False)
    if doubled.any():
        row = checked.loc[doubled, list(contract.key)].iloc[0]
        which = ", ".join(f"{column} {value}" for column, value in row.items())
        raise ContractError(f"Table {name}: {which} occurs {int(doubled.sum())} times; keep one row per key.")
    return checked


def empty(name: str) -> pd.DataFrame:
    """Return the contract's table without rows, with the right types.

    Examples
    --------
    >>> len(empty("sites")), list(empty("contributions"))
    (0, ['unit_id', 'indicator_code', 'contribution_0_10'])
    """
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
    present: list[BaseGeometry] = [shape for shape in table.geometry if shape is not None]
    if any(shape.is_empty or not shape.is_valid for shape in present):
        raise ContractError(f"Table {name}: a geometry is empty or invalid; repair it with make_valid.")


def _first_failure(name: str, failures: pd.DataFrame) -> str:
    # The rule on the value tells more than the type that could not be made of it.
    rules = failures["check"].astype(str)
    telling = failures[rules != "coerce_dtype"]
    first = (failures if telling.empty else telling).iloc[0]
    column, value = first["column"] or first["failure_case"], first["failure_case"]
    rule = str(first["check"]).split("(", maxsplit=1)[0]
    shown = "an empty value" if rule == "not_nullable" else f"{value!r}" if isinstance(value, str) else str(value)
    more = f" ({len(failures)} values in all)" if len(failures) > 1 else ""
    return (
        f"Table {name}: column {column} holds {shown}, which the contract does not allow"
        f" ({rule}){more}; correct it in the source and try again."
    )
