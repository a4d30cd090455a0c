"""What a plan asks for: capacity, random share, quotas, partners, locks and exclusions, from a TOML file."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

from geodata import site_kinds
from geodata.codes import SECTORS, VR_CODES
from geodata.errors import InputError

DEFAULT_FILE: Final = Path(__file__).with_name("request.toml")
_LARGEST: Final = 100_000


@dataclass(frozen=True)
class Quota:
    """How many visits something gets: at least, and at most (None: no maximum)."""

    at_least: int = 0
    at_most: int | None = None


@dataclass(frozen=True)
class Mark:
    """A site that somebody locked in or excluded, and why."""

    site_id: str
    reason: str


@dataclass(frozen=True)
class Visit:
    """What a visit to a kind of site takes: hours, and the partners that join."""

    hours: float
    partners: tuple[str, ...]


@dataclass(frozen=True)
class Request:
    """What a plan asks for.

    Attributes
    ----------
    capacity
        Visits, of every list together.
    audit_share
        Part of them drawn at random (0-1), rounded down.
    rising
        At least so many to the sites whose score rose fastest.
    hours
        Hours of all visits together; None without a limit.
    each_region, regions
        Quota per veiligheidsregio, and other quotas for some by code.
    sectors, partners
        Quota by sector code; visits that a partner can take part in.
    kinds
        What a visit takes, by kind of site.
    """

    capacity: int
    audit_share: float
    rising: int
    revisit_days: int
    one_per_employer: bool
    low_completeness_pct: float
    kinds: Mapping[str, Visit]
    hours: float | None = None
    each_region: Quota = Quota()
    regions: Mapping[str, Quota] = field(default_factory=dict)
    sectors: Mapping[str, Quota] = field(default_factory=dict)
    partners: Mapping[str, int] = field(default_factory=dict)
    locked: tuple[Mark, ...] = ()
    excluded: tuple[Mark, ...] = ()

    @property
    def random_n(self) -> int:
        """Return how many visits are drawn at random.

        Examples
        --------
        >>> read_request().random_n
        8
        """
        return int(self.capacity * self.audit_share + 1e-9)

    def quota(self, vr_code: str) -> Quota:
        """Return the quota of a veiligheidsregio."""
        return self.regions.get(vr_code, self.each_region)


def read_request(path: Path | None = None) -> Request:
    """Return the default request, with what a file says otherwise.

    Raises
    ------
    InputError
        The file cannot be read, or holds an entry that is unknown, of the wrong kind or contradictory.

    Examples
    --------
    >>> request = read_request()
    >>> request.capacity, request.each_region
    (40, Quota(at_least=1, at_most=4))
    """
    base = _content(DEFAULT_FILE)
    for code, kind in site_kinds.own().items():
        base["kinds"][code] = {"hours": kind.hours, "partners": list(kind.partners)}
    return parse_request(base if path is None else _merged(base, _content(path), path.name))


def change(request: Request, **values: Any) -> Request:
    """Return a request with other values, checked like those of a file.

    Raises
    ------
    InputError
        A value is out of bounds.
    """
    changed = replace(request, **values)
    _check(changed)
    return changed


def _content(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text("utf-8"))
    except OSError as error:
        raise InputError(f"The request {path} cannot be read ({error.strerror}); check its name.") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InputError("request_not_toml", name=path.name, error=error) from error


_KEYS: Final = (
    "capacity",
    "audit_share",
    "rising",
    "revisit_days",
    "one_per_employer",
    "low_completeness_pct",
    "hours",
    "each_region",
    "regions",
    "sectors",
    "partners",
    "locked",
    "excluded",
    "kinds",
)


def _merged(base: dict[str, Any], own: dict[str, Any], name: str) -> dict[str, Any]:
    if unknown := sorted(set(own) - set(_KEYS)):
        raise InputError("request_unknown_entry", name=name, entry=repr(unknown[0]), known=", ".join(_KEYS))
    merged = base | own
    for table in ("each_region", "kinds"):
        given = own.get(table, {})
        if not isinstance(given, dict):
            raise InputError(f"The request {name}: {table} is not a table; compare it with risk/targets/request.toml.")
        merged[table] = base[table] | given
    merged["kinds"] = {
        kind: base["kinds"].get(kind, {}) | dict(entry) if isinstance(entry, dict) else entry
        for kind, entry in merged["kinds"].items()
    }
    return merged


def parse_request(content: Mapping[str, Any]) -> Request:
    """Turn the content of a request file into a checked `Request`.

    Raises
    ------
    InputError
        Something is absent, of the wrong kind, unknown or contradictory.
    """
    try:
        request = Request(
            capacity=_whole(content["capacity"], "capacity"),
            audit_share=_share(content["audit_share"]),
            rising=_whole(content["rising"], "rising"),
            revisit_days=_whole(content["revisit_days"], "revisit_days"),
            one_per_employer=_yes_no(content["one_per_employer"]),
            low_completeness_pct=_number(content["low_completeness_pct"], "low_completeness_pct"),
            kinds={kind: _visit(entry, kind) for kind, entry in content["kinds"].items()},
            hours=_number(content["hours"], "hours") if "hours" in content else None,
            each_region=_quota(content["each_region"], "each_region"),
            regions={code: _quota(entry, code) for code, entry in content.get("regions", {}).items()},
            sectors={code: _quota(entry, code) for code, entry in content.get("sectors", {}).items()},
            partners={name: _whole(n, f"partners.{name}") for name, n in content.get("partners", {}).items()},
            locked=tuple(_mark(entry, "locked") for entry in content.get("locked", [])),
            excluded=tuple(_mark(entry, "excluded") for entry in content.get("excluded", [])),
        )
    except KeyError as error:
        raise InputError(f"The request lacks the entry {error.args[0]!r}; add it.") from error
    except (TypeError, AttributeError) as error:
        raise InputError(
            f"The request has an entry of the wrong form ({error}); compare it with risk/targets/request.toml."
        ) from error
    _check(request)
    return request


def _whole(value: Any, name: str) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= _LARGEST:
        raise InputError("request_not_whole", name=name, value=repr(value), most=_LARGEST)
    return value


def _number(value: Any, name: str) -> float:
    if not isinstance(value, int | float) or isinstance(value, bool) or not 0 <= value <= _LARGEST:
        raise InputError("request_not_number", name=name, value=repr(value), most=_LARGEST)
    return float(value)


def _share(value: Any) -> float:
    if not isinstance(value, int | float) or isinstance(value, bool) or not 0 <= value <= 1:
        raise InputError("request_not_share", value=repr(value))
    return float(value)


def _yes_no(value: Any) -> bool:
    if not isinstance(value, bool):
        raise InputError(f"The request: one_per_employer is {value!r}; write true or false.")
    return value


def _quota(entry: Any, name: str) -> Quota:
    if unknown := sorted(set(entry) - {"at_least", "at_most"}):
        raise InputError(f"The request: {name} has an unknown entry {unknown[0]!r}; use at_least and at_most.")
    at_most = entry.get("at_most")
    return Quota(
        _whole(entry.get("at_least", 0), f"{name}.at_least"),
        None if at_most is None else _whole(at_most, f"{name}.at_most"),
    )


def _visit(entry: Any, kind: str) -> Visit:
    partners = tuple(entry["partners"])
    if not all(isinstance(name, str) and name for name in partners):
        raise InputError(f"The request: the partners of {kind} are not names; write them as texts in a list.")
    return Visit(_number(entry["hours"], f"hours of {kind}"), partners)


def _mark(entry: Any, name: str) -> Mark:
    reason = str(entry.get("reason", "")).strip()
    if not reason:
        raise InputError("request_without_reason", name=name, site=repr(entry.get("site_id", "")))
    return Mark(str(entry["site_id"]), reason)


def _check(request: Request) -> None:
    if request.capacity < 1:
        raise InputError("The request asks for no visits; give a capacity of at least 1.")
    _share(request.audit_share)
    for what, given, known in (
        ("region", request.regions, VR_CODES),
        ("sector", request.sectors, tuple(SECTORS)),
        ("kind", request.kinds, site_kinds.codes()),
        ("partner", request.partners, tuple(sorted({p for visit in request.kinds.values() for p in visit.partners}))),
    ):
        if unknown := sorted(set(given) - set(known)):
            raise InputError("request_unknown_code", what=what, code=repr(unknown[0]), known=", ".join(known))
    if missing := sorted(set(site_kinds.codes()) - set(request.kinds)):
        raise InputError(f"The request does not say what a visit to a {missing[0]} takes; add it under kinds.")
    for name, quota in (("each_region", request.each_region), *request.regions.items(), *request.sectors.items()):
        if quota.at_most is not None and quota.at_least > quota.at_most:
            raise InputError("request_low_above_high", name=name, low=quota.at_least, high=quota.at_most)
    both = {mark.site_id for mark in request.locked} & {mark.site_id for mark in request.excluded}
    if both:
        raise InputError("request_locked_and_excluded", site=min(both))
