"""The kinds of entity in the register, and the check of one entry against its contract."""

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import cache
from types import MappingProxyType
from typing import Any, Final

import pandas as pd
import pandera.pandas as pa

from geodata import codes, contracts, settings
from geodata.areas import mergers, regions
from geodata.codes import Status
from geodata.errors import InputError, UnknownCodeError
from register import personal

MEASURES: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        "none": ("geen", "none"),
        "advice": ("voorlichting", "advies", "advice"),
        "warning": ("waarschuw", "gewaarschuw", "warning"),
        "adjustment": (
            "aangepast",
            "aanpassing",
            "gespreid",
            "gescheiden",
            "verlaagd",
            "vaste ",
            "maximum",
            "adjustment",
        ),
        "testing": ("test",),
        "quarantine": ("quarantaine", "quarantine"),
        "order": ("dwangsom", "bevel", "stilgelegd", "order"),
        "closure": ("sluiting", "gesloten", "closure"),
    }
)
"""What an activation led to, from nothing to the closure of a site, with the words that tell it in ``measures``."""

PARTNERS: Final = ("GGD", "Inspectie SZW", "NVWA", "gemeente", "politie", "KMAR", "RIEC", "veiligheidsregio")

REFERRAL_STATES: Final = ("sent", "accepted", "done", "returned")
LONGEST_FIELD: Final = 200
_LONG_FIELDS: Final = ("text", "text_en", "outcome", "partners", "measures", "reason_parts")


@dataclass(frozen=True)
class Kind:
    """One kind of entity.

    Attributes
    ----------
    table
        Name of its contract and of its table in the scoped store.
    mandatory
        Fields without which an entry is refused.
    facets
        Which field feeds which counting code (`access.database.tables.FACETS`).
    extra
        Fields besides those of the contract: they scope the row, and are not in the table.
    is_counted
        It stays in tables and reports, without its content, after an erasure.
    """

    name: str
    table: str
    mandatory: tuple[str, ...]
    facets: Mapping[str, str] = field(default_factory=dict)
    date_field: str = "event_date"
    extra: tuple[str, ...] = ()
    is_counted: bool = False

    @property
    def key(self) -> str:
        """Return the column that identifies a row."""
        return contracts.CONTRACTS[self.table].key[0]

    @property
    def columns(self) -> Mapping[str, pa.Column]:
        """Return the columns of the contract with their rules."""
        found: Mapping[str, pa.Column] = contracts.CONTRACTS[self.table].schema.columns
        return found

    @property
    def fields(self) -> tuple[str, ...]:
        """Return the fields that a writer gives."""
        given = (name for name in self.columns if name not in (self.key, *_WRITTEN_BY_US))
        return (*given, *self.extra)


_WRITTEN_BY_US: Final = ("status", "recorded_by", "recorded_at", "supersedes")
_PLACE: Final = {"vr_code": "vr_code"}

KINDS: Final[Mapping[str, Kind]] = MappingProxyType(
    {
        kind.name: kind
        for kind in (
            Kind(
                "signal",
                "signals",
                ("event_date", "origin", "theme", "text"),
                {**_PLACE, "sector_code": "sector_code", "themes": "theme", "kind": "origin", "state": "state"},
                is_counted=True,
            ),
            Kind(
                "activation",
                "activations",
                ("event_date", "kind", "themes", "vr_code", "sector_code", "outcome"),
                {
                    **_PLACE,
                    "sector_code": "sector_code",
                    "themes": "themes",
                    "kind": "kind",
                    "trigger": "trigger",
                    "integral": "integral",
                    "infections_found": "infections_found",
                    "measures": "measures",
                },
                is_counted=True,
            ),
            Kind(
                "referral",
                "referrals",
                ("event_date", "route", "state", "vr_code"),
                {**_PLACE, "kind": "route", "state": "state"},
                extra=("vr_code", "partners"),
                is_counted=True,
            ),
            Kind(
                "plan_line",
                "plan_lines",
                ("plan_id", "plan_state", "list", "vr_code", "week"),
                {**_PLACE, "kind": "list", "state": "plan_state"},
                date_field="",
            ),
            Kind(
                "decision",
                "decisions",
                ("event_date", "subject", "state", "reason"),
                {**_PLACE, "kind": "subject", "state": "state"},
            ),
            Kind(
                "contact",
                "contacts",
                ("ring", "organisation", "function"),
                {**_PLACE, "kind": "ring"},
                date_field="",
            ),
            Kind("route", "routes", ("subject", "organisation", "area"), {}, date_field=""),
            Kind(
                "work",
                "work_log",
                ("event_date", "kind", "title"),
                {**_PLACE, "kind": "kind"},
                is_counted=True,
            ),
            Kind(
                "interpretation",
                "interpretations",
                ("event_date", "text"),
                {**_PLACE, "sector_code": "sector_code", "kind": "signed_by", "state": "state"},
            ),
            Kind(
                "document",
                "library",
                ("kind", "title"),
                {"kind": "kind", "sector_code": "sector_code"},
                date_field="",
            ),
        )
    }
)

_DEFAULTS: Final[Mapping[str, Mapping[str, object]]] = {
    "signal": {"state": "new"},
    "activation": {"trigger": "eigen_constatering", "infections_found": "unknown"},
    "referral": {"state": "sent"},
    "plan_line": {"seed": 0},
    "contact": {"country": "NL"},
    "interpretation": {"state": "valid"},
}


def kind_of(name: str) -> Kind:
    """Return the kind of that name.

    Raises
    ------
    UnknownCodeError
        There is no such kind.
    """
    try:
        return KINDS[name]
    except KeyError:
        raise UnknownCodeError(f"The register has no kind {name!r}; choose one of {', '.join(KINDS)}.") from None


def content_of(kind: Kind, fields: Mapping[str, object]) -> dict[str, object]:
    """Return an entry's fields cleaned, completed and checked, as JSON can hold them.

    Raises
    ------
    InputError
        A mandatory field is empty, a field does not exist, or a value is not allowed; the sentence
        names the field.
    """
    unknown = sorted(set(fields) - set(kind.fields))
    if unknown:
        raise InputError(f"A {kind.name} has no field {unknown[0]!r}; choose from {', '.join(kind.fields)}.")
    given = {**_DEFAULTS.get(kind.name, {}), **{name: value for name, value in fields.items() if not _is_blank(value)}}
    content = {name: _cleaned(kind, name, given.get(name)) for name in kind.fields}
    _fill_place(content)
    if kind.name == "referral":
        content["state_date"] = content["state_date"] or content["event_date"]
        if content["state"] not in REFERRAL_STATES:
            raise InputError(f"The state of a referral is one of {', '.join(REFERRAL_STATES)}; choose one.")
    empty = [name for name in kind.mandatory if content[name] in ("", None)]
    if empty:
        raise InputError("fields_missing", kind=kind.name, fields=", ".join(empty))
    for name, rule in kind.columns.items():
        if name in content:
            _check_value(kind, name, content[name], rule)
    if kind.name == "activation":
        _check_activation(content)
    if kind.name == "decision" and not (content["site_id"] or content["unit_id"]):
        raise InputError("fields_missing", kind=kind.name, fields="site_id")
    if kind.name == "interpretation" and not (content["vr_code"] or content["sector_code"]):
        raise InputError("interpretation_of_nothing")
    return content


def facets_of(kind: Kind, content: Mapping[str, object]) -> dict[str, str]:
    """Return the codes that an entry is counted by."""
    found = {facet: _facet(content[name]) for facet, name in kind.facets.items()}
    if "measures" in found:
        found["measures"] = ";".join(measure_codes(found["measures"]))
    return found


def measure_codes(measures: str) -> list[str]:
    """Return the kinds of measure that a text tells of, in the order of `MEASURES`; ``other`` for an unknown one.

    Examples
    --------
    >>> measure_codes("waarschuwing; testen van alle medewerkers")
    ['warning', 'testing']
    >>> measure_codes("geen"), measure_codes("extra bus ingezet"), measure_codes("")
    (['none'], ['other'], [])
    """
    text = measures.casefold()
    found = [code for code, words in MEASURES.items() if any(word in text for word in words)]
    if len(found) > 1 and found[0] == "none":
        found = found[1:]
    return found or (["other"] if text.strip() else [])


def date_of(kind: Kind, content: Mapping[str, object]) -> str:
    """Return when it happened; '' for what has no such date."""
    return str(content[kind.date_field]) if kind.date_field else ""


def _facet(value: object) -> str:
    return {True: "yes", False: "no"}[value] if isinstance(value, bool) else str(value)


def _is_blank(value: object) -> bool:
    return value is None or value is pd.NaT or (isinstance(value, float) and value != value)  # noqa: PLR0124 - NaN


def _cleaned(kind: Kind, name: str, value: Any) -> object:
    rule = kind.columns.get(name)
    dtype = str(rule.dtype) if rule is not None else "str"
    if value is None:
        return blank(kind, name)
    if "datetime" in dtype:
        return _day(kind, name, value)
    if "bool" in dtype:
        return _yes_or_no(kind, name, value)
    if "float" in dtype or "int" in dtype:
        try:
            return int(value) if "int" in dtype else float(value)
        except (TypeError, ValueError):
            raise InputError("field_not_number", field=name, kind=kind.name, value=repr(value)) from None
    return _text(name, value)


def blank(kind: Kind, name: str) -> object:
    """Return what an absent value of a field looks like."""
    rule = kind.columns.get(name)
    dtype = str(rule.dtype) if rule is not None else "str"
    return (
        None if "float" in dtype or "datetime" in dtype else False if "bool" in dtype else 0 if "int" in dtype else ""
    )


def _text(name: str, value: object) -> str:
    """Return a text without the control characters that files and screens choke on."""
    longest = personal.LONGEST_TEXT if name in _LONG_FIELDS else LONGEST_FIELD
    text = str(value)
    personal.refuse_long(text, longest, name)
    text = unicodedata.normalize("NFC", text.replace("\r\n", "\n"))
    text = "".join(sign for sign in text if sign == "\n" or unicodedata.category(sign) not in ("Cc", "Cs", "Cn", "Co"))
    text = text.strip()
    personal.refuse_long(text, longest, name)
    if name in ("themes", "partners"):
        parts = dict.fromkeys(part.strip() for part in text.split(";"))
        return ";".join(part for part in parts if part)
    return text


def _day(kind: Kind, name: str, value: object) -> str:
    try:
        if isinstance(value, (datetime, date)):
            return value.strftime("%Y-%m-%d").zfill(10)
        text = str(value).strip()
        dutch = re.fullmatch(r"(\d{1,2})[-/](\d{1,2})[-/](\d{4})", text)
        if dutch:
            return date(int(dutch[3]), int(dutch[2]), int(dutch[1])).isoformat()
        return date.fromisoformat(text[:10]).isoformat()
    except ValueError:
        raise InputError("field_not_date", field=name, kind=kind.name, value=repr(value)) from None


def _yes_or_no(kind: Kind, name: str, value: object) -> bool:
    known = {"true": True, "yes": True, "ja": True, "1": True, "false": False, "no": False, "nee": False, "0": False}
    try:
        return known[str(value).strip().lower() or "no"]
    except KeyError:
        raise InputError(f"Field {name} of a {kind.name} must be yes or no, not {value!r}.") from None


def _check_value(kind: Kind, name: str, value: object, rule: pa.Column) -> None:
    """Hold one value against the rules of its column in the contract, without a table around it."""
    if value is None:
        if not rule.nullable:
            raise InputError("fields_missing", kind=kind.name, fields=name)
        return
    for check in rule.checks:
        facts = check.statistics or {}
        allowed = facts.get("allowed_values")
        if not _is_allowed(value, facts):
            choices = f"one of {', '.join(code for code in allowed if code)}" if allowed else _written_as(facts)
            raise InputError("field_value", field=name, kind=kind.name, value=repr(value), choices=choices)


def _is_allowed(value: Any, facts: Mapping[str, Any]) -> bool:
    if "allowed_values" in facts:
        return value in facts["allowed_values"]
    if "pattern" in facts:
        return re.match(facts["pattern"], value) is not None
    return bool(facts.get("min_value", value) <= value <= facts.get("max_value", value))


def _written_as(facts: Mapping[str, Any]) -> str:
    return f"written as {facts['pattern']}" if "pattern" in facts else "within its limits"


def _check_activation(content: Mapping[str, object]) -> None:
    if bool(content["route_from"]) != bool(content["route_to"]):
        raise InputError("route_one_end")


def vr_of_gemeenten() -> Mapping[str, str]:
    """Return the veiligheidsregio of every gemeente of today."""
    own = settings.data_dir() / regions.CHANGES_FILE
    return _vr_of_gemeenten(str(own), own.stat().st_mtime_ns if own.is_file() else 0)


@cache
def _vr_of_gemeenten(_changes: str, _written_at: int) -> Mapping[str, str]:
    gemeenten = mergers.known_areas()["gemeenten"]
    return dict(zip(gemeenten["gemeente_code"], gemeenten["vr_code"], strict=True))


def region_of_unit(unit_id: str) -> str | None:
    """Return the veiligheidsregio of an area, with its sector or without; None for one that does not exist."""
    area = unit_id.split(":", maxsplit=1)[0]
    return area if area in codes.VR_CODES else vr_of_gemeenten().get(area)


def _fill_place(content: dict[str, object]) -> None:
    """Take the veiligheidsregio from the gemeente; refuse one that contradicts it."""
    code = content.get("gemeente_code")
    if not code:
        return
    known = vr_of_gemeenten()
    if code not in known:
        raise InputError(f"Gemeente {code!r} does not exist; choose one of today's gemeenten (GM0000).")
    content["vr_code"] = content["vr_code"] or known[str(code)]
    if content["vr_code"] != known[str(code)]:
        raise InputError("gemeente_elsewhere", code=code, own=known[str(code)], given=content["vr_code"])


FICTIONAL: Final = Status.FICTIONAL.value
