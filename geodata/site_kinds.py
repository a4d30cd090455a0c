"""The kinds of site: those that ship, and those that an installation adds in a file of its data folder.

An outbreak of another disease may turn on other places: poultry farms, cooling towers. ``site_kinds.toml`` in the
data folder names them, each with what the index, a plan and the pages need to know of it; no release is needed.
"""

import hashlib
import re
import tomllib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

import pandas as pd

from geodata import settings
from geodata.codes import KIND_SECTOR, SECTORS, SITE_KINDS, SIZE_UNITS
from geodata.errors import InputError
from words import Texts

FILE: Final = "site_kinds.toml"
MOST_N: Final = 24
"""Kinds that a file may add."""

_NUMBER_N: Final = 12  # a longer number is no name: it was made from a row or a place
_TRIED: ContextVar[Path | None] = ContextVar("tried", default=None)
_CODE: Final = re.compile(r"[a-z][a-z0-9_]{2,39}")
_ENTRIES: Final = ("nl", "en", "judged_0_10", "sector", "words", "sizes", "hours", "partners")


@dataclass(frozen=True)
class Kind:
    """A kind of site that an installation added.

    Attributes
    ----------
    nl, en
        Its name, as a page shows it.
    judged_0_10
        How close together people are there, or what else makes an outbreak likely: a judgement, like those in
        ``[site.kinds]`` of the model.
    sector
        The sector whose season and confirmed infections count for it; '' takes those of all sectors together.
    words
        What lists of sites call it.
    sizes
        By unit, what is small and large for the kind; without any its sites all count as middling.
    hours, partners
        What a visit takes.
    """

    code: str
    nl: str
    en: str
    judged_0_10: float
    sector: str = ""
    words: tuple[str, ...] = ()
    sizes: Mapping[str, tuple[float, float]] = field(default_factory=dict, hash=False)
    hours: float = 6.0
    partners: tuple[str, ...] = ("gemeente",)


def own() -> dict[str, Kind]:
    """Return the kinds that this installation added, by code.

    Raises
    ------
    InputError
        The file cannot be read, or an entry of it is absent, unknown or out of bounds.
    """
    path = _TRIED.get() or settings.data_dir() / FILE
    return _read(path, path.stat().st_mtime_ns) if path.is_file() else {}


@contextmanager
def trying(path: Path | None) -> Iterator[None]:
    """Take the kinds of another file for this installation's own for a while; None leaves them as they are."""
    token = _TRIED.set(path)
    try:
        yield
    finally:
        _TRIED.reset(token)


def brought(path: Path) -> tuple[tuple[Kind, ...], tuple[Kind, ...]]:
    """Return which kinds the file of another installation adds here, and which are known here as something else.

    Raises
    ------
    InputError
        It cannot be read, or this installation has a file of its own, which lacks some of them.
    """
    given, here = _read(path, path.stat().st_mtime_ns), own()
    added = tuple(kind for code, kind in given.items() if code not in here)
    if added and here:
        raise InputError("site_kinds_lacking", name=FILE, kinds=", ".join(kind.code for kind in added))
    return added, tuple(kind for code, kind in given.items() if here.get(code, kind) != kind)


def codes() -> tuple[str, ...]:
    """Return the codes of all kinds, those that ship first.

    Examples
    --------
    >>> codes()[:2]
    ('slaughterhouse', 'meat_plant')
    """
    return (*SITE_KINDS, *own())


def sectors() -> dict[str, str]:
    """Return the sector of each kind; '' where it has none of its own."""
    return KIND_SECTOR | {code: kind.sector for code, kind in own().items()}


def usual_units(shipped: Mapping[str, str]) -> dict[str, str]:
    """Return the unit in which the size of a kind is usually told, of the shipped ones and the added ones."""
    return dict(shipped) | {code: next(iter(kind.sizes)) for code, kind in own().items() if kind.sizes}


def name(kind: str, texts: Texts) -> str:
    """Return what a kind is called on a page; its code where nobody named it.

    Examples
    --------
    >>> from words import read_texts
    >>> name("greenhouse", read_texts("nl")), name("moon_base", read_texts("nl"))
    ('Kas', 'moon base')
    """
    if (known := f"kind.{kind}") in texts:
        return texts(known)
    added = own().get(kind)
    if added is None:
        return kind.replace("_", " ")
    return added.nl if texts.language == "nl" else added.en


def title(site: Mapping[Any, Any], texts: Texts, place: str = "") -> str:
    """Return what a site is called: its name, else its kind, its place and its number or the end of that.

    Parameters
    ----------
    site
        With ``site_id``, ``name`` and ``kind``; a name that the viewer may not know is blank.
    place
        The gemeente's name, where the reader has it.

    Examples
    --------
    >>> from words import read_texts
    >>> title({"site_id": "file:11757505637876979083", "name": "", "kind": "greenhouse"}, read_texts("nl"), "Westland")
    'Kas Westland …9083'
    """
    if isinstance(site["name"], str) and site["name"]:
        return site["name"]
    if not isinstance(site["kind"], str) or not site["kind"]:  # it has left the list
        return str(site["site_id"])
    number = str(site["site_id"]).rpartition(":")[2]
    if len(number) > _NUMBER_N:
        number = f"…{number[-4:]}"
    return " ".join(filter(None, [name(site["kind"], texts), place, number]))


def titles(sites: pd.DataFrame, texts: Texts, gemeenten: Mapping[str, str] = MappingProxyType({})) -> dict[str, str]:
    """Return what each of these sites is called (`title`), by ``site_id``.

    Parameters
    ----------
    sites
        With ``site_id``, ``name``, ``kind`` and ``gemeente_code``.
    gemeenten
        Names of gemeenten by code, where the reader has them.
    """
    wanted = sites[["site_id", "name", "kind", "gemeente_code"]].to_dict("records")
    return {site["site_id"]: title(site, texts, gemeenten.get(site["gemeente_code"], "")) for site in wanted}


def digest(kinds: Mapping[str, Kind]) -> str:
    """Return six letters that are the same for the same added kinds."""
    told = repr([(kind, sorted(kind.sizes.items())) for kind in kinds.values()])
    return hashlib.sha256(told.encode()).hexdigest()[:6]


@lru_cache(maxsize=4)
def _read(path: Path, _changed_at: int) -> dict[str, Kind]:
    try:
        content = tomllib.loads(path.read_text("utf-8-sig"))
    except (OSError, tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InputError("site_kinds_unreadable", name=FILE, cause=error) from error
    if len(content) > MOST_N:
        raise InputError("site_kinds_too_many", name=FILE, n=len(content), most=MOST_N)
    return {code: _kind(code, entry) for code, entry in content.items()}


def _kind(code: str, entry: Any) -> Kind:
    def refuse(what: str) -> InputError:
        return InputError("site_kinds_wrong", name=FILE, kind=code, entry=what)

    if not _CODE.fullmatch(code) or code in SITE_KINDS or not isinstance(entry, dict):
        raise InputError("site_kinds_code", name=FILE, kind=code, a=", ".join(SITE_KINDS))
    if unknown := sorted(set(entry) - set(_ENTRIES)):
        raise InputError("site_kinds_entry", name=FILE, kind=code, entry=unknown[0], a=", ".join(_ENTRIES))
    names = [_text(entry.get(language), refuse(language)) for language in ("nl", "en")]
    sector = entry.get("sector", "")
    if sector and sector not in SECTORS:
        raise refuse("sector")
    return Kind(
        code,
        names[0],
        names[1],
        _number(entry.get("judged_0_10"), 0, 10, refuse("judged_0_10")),
        sector,
        _texts(entry.get("words", []), refuse("words")),
        _sizes(entry.get("sizes", {}), refuse("sizes")),
        _number(entry.get("hours", 6.0), 0, 1000, refuse("hours")),
        _texts(entry.get("partners", ["gemeente"]), refuse("partners")),
    )


def _text(value: object, wrong: InputError) -> str:
    if not isinstance(value, str) or not value.strip() or len(value) > 60:
        raise wrong
    return value.strip()


def _texts(values: object, wrong: InputError) -> tuple[str, ...]:
    if not isinstance(values, list):
        raise wrong
    return tuple(_text(value, wrong) for value in values)


def _number(value: object, low: float, high: float, wrong: InputError) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
        raise wrong
    return float(value)


def _sizes(value: object, wrong: InputError) -> dict[str, tuple[float, float]]:
    if not isinstance(value, dict) or set(value) - set(SIZE_UNITS):
        raise wrong
    found = {}
    for unit, pair in value.items():
        if not isinstance(pair, list) or len(pair) != 2:
            raise wrong
        low, high = (_number(one, 1e-9, 1e9, wrong) for one in pair)
        if not low < high:
            raise wrong
        found[unit] = (low, high)
    return found
