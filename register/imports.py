"""Read activations from a CSV or XLSX file into the register: first what would happen, row by row, then all or none."""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final

from access.viewer import Viewer
from geodata import settings
from geodata.errors import InputError, RegisterError, RisicobeeldError
from geodata.intake.files import read_table
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
    "veiligheidsregio": "vr_code",
    "regio": "vr_code",
    "gemeente": "gemeente_code",
    "locatie": "site_id",
    "sector": "sector_code",
    "thema": "themes",
    "themas": "themes",
    "thema's": "themes",
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
_PASSED_OVER: Final = (
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


def plan(path: Path, viewer: Viewer) -> list[PlannedRow]:
    """Tell of every row what an import would do; nothing is changed.

    Raises
    ------
    InputError
        The file cannot be read as a table, lacks a mandatory column or has one that is not known.
    """
    frame = read_table(path)
    frame.columns = [_ALIASES.get(str(name).casefold(), str(name)) for name in frame.columns]
    _check_columns(list(frame.columns), path.name)
    current = snapshot.current()
    planned: list[PlannedRow] = []
    seen: dict[str, int] = {}
    records: list[dict[str, Any]] = frame.to_dict("records")
    for number, cells in enumerate(records, start=2):
        row = _plan_row(number, cells, viewer, current)
        if row.activation_id in seen and row.action != "refused":
            earlier = seen[row.activation_id]
            same = row.entry is not None and _entry_at(planned, earlier) == row.entry
            row = PlannedRow(
                number,
                "unchanged" if same else "refused",
                row.activation_id,
                f"the same as row {earlier}" if same else f"row {earlier} has this activation_id too; keep one",
            )
        seen.setdefault(row.activation_id, number)
        planned.append(row)
    return planned


def _entry_at(planned: list[PlannedRow], row_n: int) -> Entry | None:
    return planned[row_n - 2].entry


def _check_columns(columns: list[str], where: str) -> None:
    known = {_KIND.key, *_KIND.fields}
    doubled = sorted({name for name in columns if columns.count(name) > 1})
    if doubled:
        raise InputError(f"{where} has column {doubled[0]} twice; keep one of them.")
    strange = [name for name in columns if name not in known and name not in _PASSED_OVER]
    if strange:
        raise InputError(f"{where} has a column {strange[0]!r} that is not known; use {', '.join(_KIND.fields)}.")
    absent = [name for name in _KIND.mandatory if name not in columns and name != "vr_code"]
    if absent:
        raise InputError(f"{where} lacks the column(s) {', '.join(absent)}; add them and try again.")


def _plan_row(number: int, cells: Mapping[str, Any], viewer: Viewer, current: Snapshot) -> PlannedRow:
    given = {name: _cell(name, value) for name, value in cells.items() if name in _KIND.fields}
    given = {name: value for name, value in given.items() if value != ""}
    entity_id = str(cells.get(_KIND.key) or "").strip()
    try:
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
    warning = f"looks like personal data: {', '.join(sorted({item.kind for item in found}))}" if found else ""
    return PlannedRow(number, "new" if body is None else "correction", entity_id, warning, entry)


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
    if name in ("kind", "themes"):
        text = text.casefold()
    if name == "gemeente_code" and text:
        return _gemeenten_by_name().get(text.casefold(), text)
    return text


@cache
def _gemeenten_by_name() -> Mapping[str, str]:
    gemeenten = snapshot.read_core(settings.EMBEDDED_DIR).table("gemeenten")
    names = gemeenten["gemeente_name"].str.casefold()
    return dict(zip(names, gemeenten["gemeente_code"], strict=True))


def import_activations(path: Path, viewer: Viewer) -> list[PlannedRow]:
    """Record the activations of a file, all or none; reading the same file again changes nothing.

    Until sign-in is configured every row is marked fictional, whatever its status column says.

    Raises
    ------
    InputError
        A row is refused; nothing was recorded.
    """
    planned = plan(path, viewer)
    refused = [row for row in planned if row.action == "refused"]
    if refused:
        first = refused[0]
        raise InputError(
            f"{path.name}: {len(refused)} row(s) cannot be recorded, the first is row {first.row_n} ({first.message});"
            " nothing was recorded. See all of them with --dry-run."
        )
    append(row.entry for row in planned if row.entry is not None)
    return planned
