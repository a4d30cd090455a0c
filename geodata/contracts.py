"""The contract of every table that crosses a package border: key, columns, types and allowed values.

A contract is a pandera schema with a key. ``check(name, table)`` returns the table with its types
brought to the contract and its columns in the contract's order, or raises `ContractError` with one
sentence. Texts are never missing: an empty text means "none". Counts that may be absent are floats
with NaN and say why in their status or reason column.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from typing import Any, Final, TypeVar, cast

import geopandas as gpd
import pandas as pd
import pandera.pandas as pa
import shapely
from pandera.dtypes import DataType
from pandera.engines import pandas_engine
from pandera.errors import SchemaErrors

from geodata import codes, site_kinds
from geodata.errors import ContractError

Table = TypeVar("Table", bound=pd.DataFrame)

LATER: Final[dict[str, dict[str, object]]] = {
    "exposure": {"workers_n_log_sd": float("nan")},
    "sites": {"list_covers": "", "place_corrected_on": ""},
}
"""Columns that a table of an older delivery lacks, with what they are added as: not known."""

_GM = r"^GM\d{4}$"
_VR = r"^VR(0[1-9]|1\d|2[0-5])$"
_COVER = r"^(NL|VR(0[1-9]|1\d|2[0-5])(;VR(0[1-9]|1\d|2[0-5]))*)$"
_AM = r"^AM\d{2}$"
KIND_RULE: Final = "is_kind_of_site"
"""Name of the rule that a value is a kind of site, one that ships or one that was added."""
_WEEK = r"^\d{4}-W(0[1-9]|[1-4]\d|5[0-3])$"


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


def _text(
    pattern: str = "", *, empty: bool = False, values: tuple[str, ...] = (), secrecy: Secrecy = Secrecy.OPEN
) -> pa.Column:
    checks = []
    if pattern:
        checks.append(pa.Check.str_matches(f"^$|{pattern}" if empty else pattern))
    if values:
        checks.append(pa.Check.isin([*values, ""] if empty else values))
    return pa.Column(_TEXT, checks, coerce=True, nullable=False, metadata={"secrecy": secrecy})


def _is_kind(values: "pd.Series[str]") -> "pd.Series[bool]":
    """Tell of each value whether it is a kind of site, one that ships or one that was added."""
    return values.isin(site_kinds.codes())


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
_FREE = _text(secrecy=Secrecy.TEXT)
_NAME = _text(secrecy=Secrecy.NAME)
_WHO = _text(secrecy=Secrecy.WHO)
_OPEN = _text()  # identities, sources, names of areas and of public organisations


def _with_status(*names: str) -> dict[str, pa.Column]:
    columns: dict[str, pa.Column] = {}
    for name in names:
        columns |= {name: _number(), f"{name}_status": _STATUS, f"{name}_source": _OPEN}
    return columns


def _contract(
    name: str,
    persons: Persons,
    key: tuple[str, ...],
    columns: dict[str, pa.Column],
    *,
    spatial: bool = False,
    person_columns: tuple[str, ...] = (),
) -> Contract:
    return Contract(name, key, pa.DataFrameSchema(columns, strict=False), spatial, persons, person_columns)


REPORTS: Final = ("closed", "elsewhere", "twice", "beds", "figure")
"""What somebody may say is not so of a site: it is closed, not here, listed twice, has other beds, or a figure."""
DECISION_SUBJECTS: Final = (
    *("double", "no_place", "in_sea", "other_gemeente", "abroad", "size", "handover", "place"),
    *(f"not_so_{name}" for name in REPORTS),
)
DECISION_STATES: Final = (
    *("open", "same", "different", "resolved", "asked", "accepted", "declined"),
    *("taken_over", "refused"),
)
"""What was decided on a site that something was wrong with, on where it is, on what somebody said is not so, or on
connecting two regions' contacts."""

CONTRACTS = {
    contract.name: contract
    for contract in (
        _contract(
            "gemeenten",
            Persons.PUBLISHED,
            ("gemeente_code",),
            {
                "gemeente_code": _text(_GM),
                "gemeente_name": _OPEN,
                "vr_code": _text(_VR),
                "am_code": _text(_AM),
                "provincie_name": _OPEN,
                "population_n": _WHOLE,
                "land_area_km2": _number(missing=False),
            },
            spatial=True,
        ),
        _contract(
            "veiligheidsregios",
            Persons.PUBLISHED,
            ("vr_code",),
            {
                "vr_code": _text(_VR),
                "vr_name": _OPEN,
                "land_border": _list_of(("DE", "BE")),
                "population_n": _WHOLE,
                "land_area_km2": _number(missing=False),
            },
            spatial=True,
        ),
        _contract(
            "exposure",
            Persons.UNPUBLISHED,
            ("gemeente_code", "sector_code", "year"),
            {
                "gemeente_code": _text(_GM),
                "sector_code": _text(values=(*codes.SECTORS, *(f"SBI:{group}" for group in codes.CBS_GROUPS))),
                "year": _WHOLE,
                **_with_status("establishments_n", "workers_n", "migrant_workers_n"),
                # How sure workers_n is: the standard deviation of its logarithm, by the method that made it.
                "workers_n_log_sd": _number(),
            },
            person_columns=("workers_n", "migrant_workers_n"),
        ),
        _contract(
            "sites",
            Persons.NONE,
            ("site_id",),
            {
                "site_id": _OPEN,
                "kind": pa.Column(str, pa.Check(_is_kind, name=KIND_RULE), coerce=True, nullable=False),
                "name": _NAME,
                "sector_code": _text(values=tuple(codes.SECTORS), empty=True),
                "country": _text(values=codes.COUNTRIES),
                "gemeente_code": _text(_GM, empty=True),
                "vr_code": _text(_VR, empty=True),
                "size_n": _number(),
                "size_unit": _text(values=codes.SIZE_UNITS),
                "located": _text(values=codes.LOCATED),
                "employer_group": _NAME,
                "source": _OPEN,
                "source_date": _date(),
                "status": _STATUS,
                "list_covers": _text(_COVER, empty=True),
                "place_corrected_on": _text(r"^\d{4}-\d\d-\d\d$", empty=True),
            },
            spatial=True,
        ),
        _contract(
            "signals",
            Persons.NONE,
            ("signal_id",),
            {
                "signal_id": _OPEN,
                "event_date": _date(),
                "origin": _text(values=codes.SIGNAL_ORIGINS),
                "theme": _text(values=codes.THEMES),
                "vr_code": _text(_VR, empty=True),
                "gemeente_code": _text(_GM, empty=True),
                "site_id": _OPEN,
                "sector_code": _text(values=tuple(codes.SECTORS), empty=True),
                "text": _FREE,
                "state": _text(values=("new", "activation", "referral", "closed")),
                "reason": _FREE,
                "recorded_by": _WHO,
                "recorded_at": _date(),
                "supersedes": _OPEN,
            },
        ),
        _contract(
            "activations",
            Persons.NONE,
            ("activation_id",),
            {
                "activation_id": _OPEN,
                "event_date": _date(),
                "vr_code": _text(_VR),
                "gemeente_code": _text(_GM, empty=True),
                "site_id": _OPEN,
                "sector_code": _text(values=tuple(codes.SECTORS)),
                "themes": _list_of(codes.THEMES),
                "route_from": _FREE,
                "route_to": _FREE,
                "kind": _text(values=codes.ACTIVATION_KINDS),
                "trigger": _text(values=codes.TRIGGERS),
                "signal_id": _OPEN,
                "plan_line_id": _OPEN,
                "integral": _YES_NO,
                "partners": _OPEN,
                "infections_found": _text(values=("yes", "no", "unknown")),
                "outcome": _FREE,
                "measures": _FREE,
                "inclusion_probability": _number(0, 1),
                "record_id": _OPEN,
                "status": _STATUS,
                "recorded_by": _WHO,
                "recorded_at": _date(),
                "supersedes": _OPEN,
            },
        ),
        _contract(
            "referrals",
            Persons.NONE,
            ("referral_id",),
            {
                "referral_id": _OPEN,
                "activation_id": _OPEN,
                "signal_id": _OPEN,
                "route": _OPEN,
                "to": _FREE,
                "event_date": _date(),
                "state": _OPEN,
                "state_date": _date(),
            },
        ),
        _contract(
            "plan_lines",
            Persons.NONE,
            ("plan_line_id",),
            {
                "plan_line_id": _OPEN,
                "plan_id": _OPEN,
                "plan_state": _text(values=("draft", "approved", "carried_out")),
                "list": _text(values=("risk", "rising", "random", "random_unknown", "signal")),
                "site_id": _OPEN,
                "vr_code": _text(_VR),
                "week": _text(_WEEK),
                "score_0_10": _number(0, 10),
                "objective_value": _number(None),
                "inclusion_probability": _number(0, 1),
                "stratum": _OPEN,
                "partners": _OPEN,
                "reason": _FREE,
                "reason_parts": _FREE,
                "seed": _WHOLE,
                "frame_sha256": _OPEN,
                "picture_lacks": _OPEN,
                "plan_version": _WHOLE,
            },
        ),
        _contract(
            "decisions",
            Persons.NONE,
            ("decision_id",),
            {
                "decision_id": _OPEN,
                "event_date": _date(),
                "subject": _text(values=DECISION_SUBJECTS),
                "site_id": _OPEN,
                "other_site_id": _OPEN,
                "unit_id": _text(rf"^({_VR[1:-1]}|{_GM[1:-1]})(:\w+)?$", empty=True),  # an area, with its sector
                "indicator_code": _OPEN,
                "source": _OPEN,
                "vr_code": _text(_VR, empty=True),
                "other_vr_code": _text(_VR, empty=True),
                "state": _text(values=DECISION_STATES),
                "place_wgs84": _text(r"-?\d{1,2}\.\d{1,6} \d{2}\.\d{1,6}$", empty=True),  # longitude, latitude
                "reason": _FREE,
                "status": _STATUS,
                "said_by": _WHO,
                "recorded_by": _WHO,
                "recorded_at": _date(),
                "supersedes": _OPEN,
            },
        ),
        _contract(
            "contacts",
            Persons.NONE,
            ("contact_id",),
            {
                "contact_id": _OPEN,
                "ring": _text(values=("region", "platform", "second_ring", "border")),
                "vr_code": _text(_VR, empty=True),
                "country": _text(values=codes.COUNTRIES),
                "organisation": _OPEN,
                "function": _OPEN,
                "is_deputy": _YES_NO,
                "name": _NAME,
                "telephone": _NAME,
                "valid_from": _date(missing=True),
                "valid_until": _date(missing=True),
                "status": _STATUS,
            },
        ),
        _contract(
            "routes",
            Persons.NONE,
            ("route_id",),
            {
                "route_id": _OPEN,
                "subject": _OPEN,
                "subject_en": _OPEN,
                "organisation": _OPEN,
                "area": _text(values=("nation", "vr", "am", "gemeente")),
                "function": _OPEN,
                "telephone": _OPEN,
                "status": _STATUS,
            },
        ),
        _contract(
            "work_log",
            Persons.NONE,
            ("work_id",),
            {
                "work_id": _OPEN,
                "event_date": _date(),
                "kind": _text(
                    values=("communication", "product", "contact", "assignment", "coordination", "conclusions")
                ),
                "vr_code": _text(_VR, empty=True),
                "title": _FREE,
                "organisation": _OPEN,
                "text": _FREE,
                "status": _STATUS,
                "recorded_by": _WHO,
                "recorded_at": _date(),
                "supersedes": _OPEN,
            },
        ),
        _contract(
            "interpretations",
            Persons.NONE,
            ("interpretation_id",),
            {
                "interpretation_id": _OPEN,
                "event_date": _date(),
                "vr_code": _text(_VR, empty=True),
                "sector_code": _text(values=tuple(codes.SECTORS), empty=True),
                "state": _text(values=("valid", "withdrawn")),
                "text": _FREE,
                "signed_by": _text(values=("lotc", "region")),
                "status": _STATUS,
                "recorded_by": _WHO,
                "recorded_at": _date(),
                "supersedes": _OPEN,
            },
        ),
        _contract(
            "library",
            Persons.NONE,
            ("document_id",),
            {
                "document_id": _OPEN,
                "kind": _text(values=("protocol", "presentation", "glossary")),
                "sector_code": _text(values=tuple(codes.SECTORS), empty=True),
                "title": _OPEN,
                "title_en": _OPEN,
                "text": _OPEN,
                "text_en": _OPEN,
                "status": _STATUS,
            },
        ),
        _contract(
            "incidence",
            Persons.UNPUBLISHED,
            ("disease", "gemeente_code", "week"),
            {
                "disease": _OPEN,
                "gemeente_code": _text(_GM),
                "week": _text(_WEEK),
                "cases_n": _number(),
                "status": _STATUS,
                "source": _OPEN,
            },
            person_columns=("cases_n",),
        ),
        _contract(
            "regional_incidence",
            Persons.UNPUBLISHED,
            ("disease", "vr_code", "week"),
            {
                "disease": _OPEN,
                "vr_code": _text(_VR),
                "week": _text(_WEEK),
                "cases_n": _number(),
                "status": _STATUS,
                "source": _OPEN,
            },
            person_columns=("cases_n",),
        ),
        _contract(
            "alarms",
            Persons.UNPUBLISHED,
            ("week", "gemeente_code"),
            {
                "gemeente_code": _text(_GM),
                "week": _text(_WEEK),
                "cases_n": _number(),
                "expected_n": _number(),
                "p": _number(0, 1),
                "rank": _number(1),
                "is_alarm": _YES_NO,
            },
            person_columns=("cases_n", "expected_n", "p"),
        ),
        _contract(
            "alarm_groups",
            Persons.NONE,
            ("week", "group_n", "gemeente_code"),
            {
                "gemeente_code": _text(_GM),
                "week": _text(_WEEK),
                "group_n": _WHOLE,
                "gemeenten_n": _WHOLE,
                "weeks_n": _WHOLE,
                "times_expected": _number(),
                "p": _number(0, 1),
            },
        ),
        _contract(
            "hot_spots",
            Persons.NONE,
            ("week", "gemeente_code"),
            {"gemeente_code": _text(_GM), "week": _text(_WEEK), "g_p": _number(0, 1), "is_hot": _YES_NO},
        ),
        _contract(
            "context",
            Persons.UNPUBLISHED,
            ("region_code", "measure", "source", "year"),
            {
                "region_code": _text(rf"{_GM}|{_VR}"),
                "vr_code": _text(_VR),
                "year": _WHOLE,
                "measure": _OPEN,
                "value": _number(None),
                "missing_reason": _text(values=tuple(codes.MissingReason)),
                "status": _STATUS,
                "source": _OPEN,
                "cell": _OPEN,
            },
            person_columns=("value",),
        ),
        _contract(
            "indicators",
            Persons.UNPUBLISHED,
            ("unit_id", "indicator_code"),
            {
                "unit_id": _OPEN,
                "indicator_code": _OPEN,
                "peildatum": _date(),
                "raw_value": _number(None),
                "value_0_10": _number(0, 10),
                "missing_reason": _text(values=tuple(codes.MissingReason)),
                "status": _STATUS,
                "source": _OPEN,
                "source_date": _date(missing=True),
            },
            person_columns=("raw_value",),
        ),
        _contract(
            "scores",
            Persons.NONE,
            ("unit_id",),
            {
                "unit_id": _OPEN,
                "level": _text(values=codes.LEVELS),
                "area_code": _OPEN,
                "sector_code": _text(values=tuple(codes.SECTORS), empty=True),
                "peildatum": _date(),
                "score_0_10": _number(0, 10),
                "reference_0_10": _number(0, 10),
                "risk_class": _number(1, 5),
                "is_flagged": _YES_NO,
                "rank": _number(1),
                "rank_p05": _number(1),
                "rank_p95": _number(1),
                "rank_choice_p05": _number(1),
                "rank_choice_p95": _number(1),
                "p_top_k": _number(0, 1),
                "k_n": _number(1),
                "completeness_pct": _number(0, 100),
                "not_ranked_reason": _text(values=("incomplete", "place", "size"), empty=True),
                "picture_lacks": _OPEN,
                "ranked_as": _text(values=codes.CBS_GROUPS, empty=True),
                "model_version": _OPEN,
                "data_version": _OPEN,
            },
        ),
        _contract(
            "contributions",
            Persons.NONE,
            ("unit_id", "indicator_code"),
            {"unit_id": _OPEN, "indicator_code": _OPEN, "contribution_0_10": _number(None)},
        ),
        _contract(
            "changes",
            Persons.NONE,
            ("unit_id", "indicator_code"),
            {"unit_id": _OPEN, "indicator_code": _OPEN, "change_0_10": _number(None)},
        ),
        _contract(
            "causes",
            Persons.NONE,
            ("unit_id",),
            {
                "unit_id": _OPEN,
                "score_before": _number(0, 10),
                "data": _number(None),
                "world": _number(None),
                "model": _number(None),
                "score_after": _number(0, 10),
            },
        ),
        _contract(
            "rises",
            Persons.NONE,
            ("unit_id",),
            {"unit_id": _OPEN, "earlier_0_10": _number(0, 10), "rise_0_10": _number(-10, 10)},
        ),
        _contract(
            "first",
            Persons.NONE,
            ("unit_id", "capacity_n"),
            {
                "unit_id": _OPEN,
                "capacity_n": _WHOLE,
                "p_first": _number(0, 1),
                "finding_out_gain_0_10": _number(),
            },
        ),
        _contract(
            "links",
            Persons.NONE,
            ("site_id", "other_site_id", "why"),
            {
                "site_id": _OPEN,
                "other_site_id": _OPEN,
                "why": _text(values=("employer", "agency", "distance")),
                "distance_m": _number(),
            },
        ),
        _contract(
            "linked",
            Persons.NONE,
            ("unit_id",),
            {"unit_id": _OPEN, "linked_site_ids": _OPEN, "why": _OPEN, "other_vr_codes": _list_of(codes.VR_CODES)},
        ),
    )
}


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
    try:
        checked = cast("Table", contract.schema.validate(wanted, lazy=True))
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
