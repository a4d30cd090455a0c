"""Read activations from a CSV or XLSX file into the register: first what would happen, row by row, then all or none."""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from access.viewer import Viewer
from geodata.areas.regions import fold
from geodata.codes import SECTORS
from geodata.errors import InputError, RegisterError, RisicobeeldError
from geodata.intake.cells import as_date
from geodata.intake.columns import as_texts, fold_header
from geodata.intake.files import reader
from geodata.intake.files.table import Options, Table
from geodata.intake.places import Kind, Places, known_places
from geodata.snapshots import snapshot
from geodata.snapshots.snapshot import Snapshot
from register import personal
from register.chain import canonical
from register.events import Entry, append
from register.record import entry_of, newest, refuse_writer
from register.schema import KINDS, content_of

_KIND: Final = KINDS["activation"]
_ALIASES: Final = {
    "datum": "event_date",
    "datum inzet": "event_date",
    "veiligheidsregio code": "vr_code",
    "gemeentecode": "gemeente_code",
    "gemeentenaam": "gemeente_code",
    "veiligheidsregio": "vr_code",
    "regio": "vr_code",
    "gemeente": "gemeente_code",
    "locatie": "site_id",
    "sector": "sector_code",
    "thema": "themes",
    "themas": "themes",
    "thema s": "themes",
    "van": "route_from",
    "naar": "route_to",
    "soort": "kind",
    "aanleiding": "trigger",
    "integraal": "integral",
    "besmettingen": "infections_found",
    "uitkomst": "outcome",
    "wat gebeurde er": "outcome",
    "maatregelen": "measures",
    "nummer": "activation_id",
}
_WORDS: Final = {
    "infections_found": {"ja": "yes", "nee": "no", "onbekend": "unknown"},
    "trigger": {"eigen constatering": "eigen_constatering", "externe melding": "externe_melding"},
}
_SECTORS: Final = {
    fold(name): code for code, sector in SECTORS.items() for name in (sector.name_nl, sector.name_en, code)
}
_BETWEEN_THEMES: Final = re.compile(r"\s*(?:[,;/|+&]|\ben\b|\band\b)\s*")
_OWN_COLUMNS: Final = (
    "status",
    "status_band",
    "scope",
    "recorded_by",
    "recorded_at",
    "supersedes",
    "lon",
    "lat",
    "version",
    "action",
    "erased_reason",
    "data_version",
    "peildatum",
    "attribution",
    "licence",
)
_ID: Final = re.compile(r"^[A-Za-z0-9_\-]{1,40}$")


@dataclass(frozen=True)
class PlannedRow:
    """What becomes of one row of the file.

    Attributes
    ----------
    row_n
        Number of the row in the file; the header is row 1.
    action
        new, correction, unchanged or refused.
    message
        Why it is refused, or what to look at.
    """

    row_n: int
    action: str
    activation_id: str
    message: str
    entry: Entry | None = None


@dataclass(frozen=True)
class Plan:
    """What an import would do: every row, and the columns that were passed over."""

    rows: list[PlannedRow]
    columns_passed: list[str]


def plan(path: Path, viewer: Viewer, options: Options | None = None) -> Plan:
    """Tell of every row what an import would do; nothing is changed.

    Parameters
    ----------
    path
        Of the file.
    viewer
        Who does it.
    options
        What the user answered.

    Raises
    ------
    InputError
        The file cannot be read as a table, or lacks a mandatory column.
    """
    table = reader.read(path, path.name, _field_of, options)
    frame = table.frame.set_axis([_field_of(str(name)) or str(name) for name in table.frame.columns], axis="columns")
    columns_passed = _check_columns(table, list(frame.columns))
    current = snapshot.current()
    planned: list[PlannedRow] = []
    seen: dict[str, PlannedRow] = {}
    texts = frame.apply(as_texts)
    records: list[dict[str, Any]] = texts.to_dict("records")
    for number, cells in zip(table.row_n.tolist(), records, strict=True):
        row = _plan_row(number, cells, viewer, current)
        earlier = seen.get(row.activation_id)
        if earlier is not None and row.action != "refused":
            same = (earlier.action, earlier.entry) == (row.action, row.entry)  # both may be kept already
            row = PlannedRow(
                number,
                "unchanged" if same else "refused",
                row.activation_id,
                f"the same as row {earlier.row_n}"
                if same
                else f"row {earlier.row_n} has this activation_id too; keep one",
            )
        seen.setdefault(row.activation_id, row)
        planned.append(row)
    return Plan(planned, columns_passed)


def _field_of(header: str) -> str:
    """Return the field that a header names, '' for none."""
    plain = header.strip().casefold()
    if plain in (_KIND.key, *_KIND.fields):
        return plain
    return _ALIASES.get(plain) or _ALIASES.get(fold_header(header), "")


def _check_columns(table: Table, columns: list[str]) -> list[str]:
    """Return the headers that nothing is read from; stop where a field stands twice or is absent."""
    doubled = sorted({name for name in columns if columns.count(name) > 1})
    if doubled:
        raise InputError(f"{table.name} has column {doubled[0]} twice; keep one of them.")
    absent = [name for name in _KIND.mandatory if name not in columns and name != "vr_code"]
    if absent:
        raise InputError(f"{table.name} lacks the column(s) {', '.join(absent)}; add them and try again.")
    known = {_KIND.key, *_KIND.fields}
    return [name for name in columns if name not in known and name not in _OWN_COLUMNS]


def _plan_row(number: int, cells: Mapping[str, Any], viewer: Viewer, current: Snapshot) -> PlannedRow:
    given = {name: _cell(name, value) for name, value in cells.items() if name in _KIND.fields}
    given = {name: value for name, value in given.items() if value != ""}
    entity_id = str(cells.get(_KIND.key) or "").strip()
    try:
        moved = _place_today(given, known_places())
        content = content_of(_KIND, given)
        entity_id = entity_id or f"IMP-{hashlib.sha256(canonical(content).encode()).hexdigest()[:20]}"
        if not _ID.match(entity_id):
            raise InputError("its activation_id may hold letters, digits, _ and - only (40 at most)")
        version, body = _known(entity_id, current)
        if body is not None:
            refuse_writer(viewer, _KIND, str(body["vr_code"]))
        if body is not None and {name: body[name] for name in content} == content:
            return PlannedRow(number, "unchanged", entity_id, "")
        action = "record" if body is None else "correct"
        entry = entry_of(viewer, _KIND, entity_id, version, action, content, before=body)
    except RisicobeeldError as error:
        return PlannedRow(number, "refused", entity_id, str(error))
    found = personal.find(*(str(content[name]) for name in ("outcome", "measures", "route_from", "route_to")))
    personal_data = f"looks like personal data: {', '.join(sorted({item.kind for item in found}))}" if found else ""
    message = "; ".join(part for part in (moved, personal_data) if part)
    return PlannedRow(number, "new" if body is None else "correction", entity_id, message, entry)


def _known(entity_id: str, current: Snapshot) -> tuple[int, dict[str, Any] | None]:
    try:
        return newest("activation", entity_id, current)
    except RegisterError as error:
        if "erased" in str(error):
            raise
        return 0, None


def _cell(name: str, value: Any) -> str:
    text = str(value).strip()
    if text[:1] == "'" and text[1:2] in ("=", "+", "-", "@"):
        text = text[1:]  # our own export put it there
    if text.casefold() in ("nan", "nat") and name == "inclusion_probability":
        return ""
    text = _WORDS.get(name, {}).get(text.casefold(), text)
    if name == "kind":
        return text.casefold()
    if name == "themes":
        return ";".join(part for part in _BETWEEN_THEMES.split(text.casefold()) if part)
    if name == "sector_code":
        return _SECTORS.get(fold(text), text)
    if name == "event_date" and (day := as_date(text)) is not None and day == day:  # noqa: PLR0124 - NaT
        return str(day.date().isoformat())
    return text


def _place_today(given: dict[str, str], places: Places) -> str:
    """Bring region and gemeente to their codes of today, and return what is to be told of it.

    Raises
    ------
    InputError
        The place is not known, was divided, or lies in another region than the row says.
    """
    named, told = given.get("gemeente_code", ""), ""
    region = places.region(given["vr_code"]) if "vr_code" in given else None
    if region is not None and region.kind is Kind.REGION and region.code:
        given["vr_code"] = region.code
    if not named:
        return ""
    place = places.find(named)
    if place.kind is not Kind.GEMEENTE:
        near = places.nearest(named)
        raise InputError(f"{named!r} is no gemeente{', did you mean ' + ' or '.join(near) if near else ''}?")
    today = places.only_today(place.code)
    if not today:
        heirs = ", ".join(places.names[code] for code, _ in places.today(place.code))
        raise InputError(f"{place.name} was divided over {heirs}; name the one where it was")
    given["gemeente_code"] = today
    if today != place.code:
        told = f"{place.name} is {places.names[today]} today"
    lies_in, lay_in = places.region_of(today), places.region_of(place.code)
    if given.get("vr_code") == lay_in != lies_in:
        given["vr_code"] = lies_in
        told += f", in {places.region_name(lies_in)}"
    elif region is not None and region.code and given["vr_code"] != lies_in:
        raise InputError(
            f"{places.names[today]} lies in {places.region_name(lies_in)}, not in {places.region_name(region.code)}"
        )
    return told


def import_activations(path: Path, viewer: Viewer, options: Options | None = None) -> Plan:
    """Record the activations of a file, all or none; reading the same file again changes nothing.

    Until sign-in is configured every row is marked fictional, whatever its status column says.

    Parameters
    ----------
    path
        Of the file.
    viewer
        Who does it.
    options
        What the user answered.

    Raises
    ------
    InputError
        A row is refused; nothing was recorded.
    """
    planned = plan(path, viewer, options)
    refused = [row for row in planned.rows if row.action == "refused"]
    if refused:
        first = refused[0]
        raise InputError(
            f"{path.name}: {len(refused)} row(s) cannot be recorded, the first is row {first.row_n} ({first.message});"
            " nothing was recorded. See all of them with --dry-run."
        )
    append(row.entry for row in planned.rows if row.entry is not None)
    return planned
