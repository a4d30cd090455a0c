"""Write to the register: record, correct, triage, follow, erase. Who may not is refused here, for every caller.

So is an entry that names what lies outside its own veiligheidsregio, or a number that another plan has.
"""

from collections.abc import Mapping, Sequence
from functools import lru_cache, partial
from pathlib import Path
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from access import audit
from access.database import engine as database
from access.database.tables import FACETS, contents, events
from access.database.who import UPKEEP
from access.rights import Verb
from access.viewer import Viewer, may
from geodata import settings
from geodata.codes import Status
from geodata.errors import AccessDeniedError, InputError, RegisterError
from geodata.snapshots import snapshot
from geodata.snapshots.snapshot import Snapshot
from register import personal, read
from register.events import (
    ERASE_REASONS,
    Entry,
    Receipt,
    append,
    changing,
    conflict,
    erase_content,
    latest,
    new_id,
    note_erased,
)
from register.schema import FICTIONAL, Kind, content_of, date_of, facets_of, kind_of, region_of_unit

_NAMES_NOBODY: Final = ("referral", "interpretation")
"""Kinds that go on to others, in a file or a letter: what looks like personal data is refused in them."""
_ENTRIES: Final = {"signal_id": "signal", "plan_line_id": "plan_line", "activation_id": "activation"}
_OF_REPORTS: Final = ("taken_over", "refused")  # how whoever keeps the sources answers what somebody said is not so
_DAY_LENGTH: Final = len("20201130")  # plans for the same two weeks begin with the same day
_ANSWERED: Final = ("state", "reason", "event_date")
"""What a region's contact may change of a question that LOT-C asked two regions."""


def record(
    viewer: Viewer, kind_name: str, fields: Mapping[str, object], *, entity_id: str = "", status: str = ""
) -> Receipt:
    """Record a new entity.

    Parameters
    ----------
    kind_name
        One of `register.schema.KINDS`.
    fields
        Its fields, as the contract of its table names them; the key, the status and who and when are ours.
    entity_id
        An identity given out earlier, for example a draft's: recording it twice keeps it once.
    status
        Real entries are refused until sign-in is configured; by default new ones are fictional until then,
        official afterwards.

    Raises
    ------
    InputError
        A field is missing or not allowed, or a referral or interpretation holds what looks like personal data.
    AccessDeniedError
        The viewer may not record this, or the entry claims to be real.
    """
    return record_many(viewer, kind_name, [fields], entity_ids=[entity_id], status=status)[0]


def record_many(
    viewer: Viewer,
    kind_name: str,
    rows: Sequence[Mapping[str, object]],
    *,
    entity_ids: Sequence[str] = (),
    status: str = "",
) -> list[Receipt]:
    """Record several entities of one kind, all or none.

    Parameters
    ----------
    viewer
        Who does it.
    kind_name
        A kind of entry (`register.schema`).
    rows
        The fields of each.
    entity_ids
        Of each, made anew by default.
    status
        Of all of them.

    Raises
    ------
    ConflictError
        Another plan for the same two weeks took its number meanwhile.
    """
    ids = entity_ids or [""] * len(rows)
    kind = kind_of(kind_name)
    entries = [_new(viewer, kind, fields, name, status) for fields, name in zip(rows, ids, strict=True)]
    return append(entries, partial(_refuse_taken_version, rows) if kind.name == "plan_line" else None)


def _new(viewer: Viewer, kind: Kind, fields: Mapping[str, object], entity_id: str, status: str) -> Entry:
    if status not in ("", FICTIONAL) and (viewer.is_practice or not settings.has_sign_in()):
        raise AccessDeniedError("training_only")
    content = content_of(kind, fields)
    return entry_of(viewer, kind, entity_id or new_id(), 0, "record", content, status)


def entry_of(
    viewer: Viewer,
    kind: Kind,
    entity_id: str,
    based_on: int,
    action: str,
    content: dict[str, object],
    status: str = "",
    before: Mapping[str, object] | None = None,
) -> Entry:
    """Return an entry that the viewer may append, its content checked before by `register.schema.content_of`.

    Without a status it keeps that of the entity; a new one is real when people sign in, else for training.

    Parameters
    ----------
    viewer
        Who does it.
    kind
        The kind of entry.
    entity_id
        Of the entry in the register.
    based_on
        The version that was read: a newer one is a conflict.
    action
        What is recorded, such as ``record`` or ``correct``.
    content
        The fields.
    status
        Such as ``official`` or ``fictional``.
    before
        The content of the version before, if any.

    Raises
    ------
    AccessDeniedError
        The viewer may not write it.
    InputError
        A referral or interpretation holds what looks like personal data, or the entry names what lies elsewhere
        (`references`).
    """
    refuse_writer(viewer, kind, str(content.get("vr_code", "")))
    _refuse_references(viewer, kind, content, before or {})
    refuse_practice(viewer, kind, entity_id)
    if kind.name in _NAMES_NOBODY:
        found = personal.find(*_free_texts(kind, content))
        if found:
            raise InputError(f"{kind.name}_names_person", kind=found[0].kind, excerpt=found[0].excerpt)
    facets = facets_of(kind, content)
    return Entry(
        kind.name,
        entity_id,
        based_on,
        action,
        date_of(kind, content),
        status or _status_of(kind, entity_id, is_new=action == "record"),
        facets,
        content | {"recorded_by": viewer.who},
    )


def _free_texts(kind: Kind, content: Mapping[str, object]) -> list[str]:
    """Return what somebody wrote: no code, day or identity, whose digits may look like anything."""
    given = {name for name in content if not name.endswith(("_id", "_date"))} - set(kind.facets.values())
    return [text for name, text in content.items() if name in given and isinstance(text, str)]


def _status_of(kind: Kind, entity_id: str, *, is_new: bool) -> str:
    if not is_new and database.exists():
        with database.reading(UPKEEP) as connection:
            before = latest(connection, kind.name, entity_id)
        if before is not None:
            return str(before["status"])
    return Status.OFFICIAL.value if settings.has_sign_in() else FICTIONAL


def refuse_practice(viewer: Viewer, kind: Kind, entity_id: str) -> None:
    """Stop a change of a real entry from a page without sign-in: nobody could be held to it.

    Parameters
    ----------
    viewer
        Who does it.
    kind
        The kind of entry.
    entity_id
        Of the entry in the register.

    Raises
    ------
    AccessDeniedError
        The entry is real.
    """
    if not viewer.is_practice:
        return
    event = None
    if database.exists():
        with database.reading(UPKEEP) as connection:
            event = latest(connection, kind.name, entity_id)
    known = event or read.base_row(kind, entity_id) or {}
    if known.get("status") == Status.OFFICIAL:
        raise AccessDeniedError("training_only")


def refuse_writer(viewer: Viewer, kind: Kind, vr_code: str) -> None:
    """Stop a viewer who may not write entries of this kind in this veiligheidsregio.

    Parameters
    ----------
    viewer
        Who does it.
    kind
        The kind of entry.
    vr_code
        Such as ``VR06``.

    Raises
    ------
    AccessDeniedError
        With who may.
    """
    if not may(viewer, Verb.RECORD, kind.table, vr_code):
        raise AccessDeniedError("write_denied", role=viewer, kind=kind.name)


def newest(kind_name: str, entity_id: str, among: Snapshot | None = None) -> tuple[int, dict[str, Any]]:
    """Return the newest version of an entity and its content (fields, recorded_by); see `door.desk.history` for others.

    Parameters
    ----------
    kind_name
        A kind of entry (`register.schema`).
    entity_id
        Of the entry in the register.
    among
        The snapshot to look in; the one in use by default.

    Raises
    ------
    RegisterError
        There is no such entity, or it was erased.
    """
    kind = kind_of(kind_name)
    if database.exists():
        with database.reading(UPKEEP) as connection:
            event = latest(connection, kind.name, entity_id)
            if event is not None:
                return int(event["version"]), _body(connection, event)
    row = read.base_row(kind, entity_id, among)
    if row is None:
        raise RegisterError("no_such_entry", kind=kind_name, entry=entity_id)
    return 0, content_of(kind, {name: row[name] for name in kind.fields})


def _body(connection: sa.Connection, event: Mapping[str, Any]) -> dict[str, Any]:
    body = connection.execute(sa.select(contents.c.body).where(contents.c.event_id == event["event_id"])).scalar()
    if body is None:
        raise RegisterError(
            "entry_erased_why", kind=event["entity_kind"], entry=event["entity_id"], reason=event["reason"]
        )
    return read.parse_body(body)


def correct(
    viewer: Viewer,
    kind_name: str,
    entity_id: str,
    changes: Mapping[str, object],
    *,
    based_on: int,
    action: str = "correct",
) -> Receipt:
    """Record a new version of an entity; the earlier ones stay to be seen.

    Parameters
    ----------
    changes
        The fields that change; the others stay as they were.
    based_on
        The version that the writer saw (column ``version`` of the table).

    Raises
    ------
    ConflictError
        Someone else changed it meanwhile; `difference` shows what.
    """
    kind = kind_of(kind_name)
    version, body = newest(kind_name, entity_id)
    refuse_writer(viewer, kind, str(body.get("vr_code", "")))  # what it was, and below what it becomes
    if version != based_on:
        raise conflict(
            kind_name, "changed_meanwhile", version, kind=kind_name, entry=entity_id, version=version, base=based_on
        )
    fields = {name: body[name] for name in kind.fields if name in body}
    content = content_of(kind, fields | dict(changes))
    return append([entry_of(viewer, kind, entity_id, based_on, action, content, before=body)])[0]


def set_state(
    viewer: Viewer, kind_name: str, entity_id: str, state: str, *, based_on: int, **changes: object
) -> Receipt:
    """Record that the state of a signal, referral or plan line changed.

    Parameters
    ----------
    viewer
        Who does it.
    kind_name
        A kind of entry (`register.schema`).
    entity_id
        Of the entry in the register.
    state
        The new one.
    based_on
        The version that was read: a newer one is a conflict.
    """
    name = "plan_state" if kind_name == "plan_line" else "state"
    return correct(viewer, kind_name, entity_id, {name: state, **changes}, based_on=based_on, action="state")


def triage(
    viewer: Viewer,
    signal_id: str,
    *,
    based_on: int,
    activation: Mapping[str, object] | None = None,
    referral: Mapping[str, object] | None = None,
    reason: str = "",
) -> list[Receipt]:
    """Decide what becomes of a signal: an activation, a referral, or closed with a reason; in one step.

    Parameters
    ----------
    viewer
        Who does it.
    signal_id
        Of the signal.
    based_on
        The version that was read: a newer one is a conflict.
    activation, referral
        The fields of one that follows.
    reason
        Why it is closed.

    Returns
    -------
    list of Receipt
        Of the new entity, if any, and of the signal.

    Raises
    ------
    InputError
        It is to be closed and no reason is given, or both an activation and a referral are asked.
    """
    if activation is not None and referral is not None:
        raise InputError("signal_becomes_one")
    state = "activation" if activation is not None else "referral" if referral is not None else "closed"
    if state == "closed" and not reason.strip():
        raise InputError("closed_without_reason")
    version, body = newest("signal", signal_id)
    signal = kind_of("signal")
    refuse_writer(viewer, signal, str(body["vr_code"]))
    if version != based_on:
        raise conflict("signal", "signal_handled_meanwhile", version, signal=signal_id)
    entries = []
    if state != "closed":
        kind = kind_of(state)
        fields = {**(activation or referral or {}), "signal_id": signal_id}
        # A fixed identity: two people who handle one signal at once cannot make two of it.
        made_id = f"{signal_id}-{state[0]}"
        entries.append(entry_of(viewer, kind, made_id, 0, "record", content_of(kind, fields)))
    fields = {name: body[name] for name in signal.fields} | {"state": state, "reason": reason}
    entries.append(entry_of(viewer, signal, signal_id, based_on, "state", content_of(signal, fields), before=body))
    return append(entries)


def erase(viewer: Viewer, kind_name: str, entity_id: str, reason: str) -> Receipt:
    """Erase the content of an entity and its files for good; what stays is its digest, date, codes and the reason.

    Parameters
    ----------
    reason
        ``retention``, ``request`` or ``mistake``.

    Raises
    ------
    AccessDeniedError
        Only LOT-C and the privacy officer erase.
    """
    if not may(viewer, Verb.ERASE, kind_of(kind_name).table):
        raise AccessDeniedError("erase_denied", role=viewer)
    if reason not in ERASE_REASONS:
        raise InputError(f"Reason {reason!r} does not exist; choose one of {', '.join(ERASE_REASONS)}.")
    kind = kind_of(kind_name)
    refuse_practice(viewer, kind, entity_id)
    newest(kind_name, entity_id)  # stops for what does not exist or is gone already
    # First on the list that a restored backup is held against, then in the register: a crash in between
    # leaves too much on the list rather than too little erased.
    note_erased(kind_name, entity_id, reason)
    with changing() as connection:
        stub = latest(connection, kind_name, entity_id) or _base_stub(kind, entity_id)
        receipt = erase_content(connection, stub, reason)
    database.forget_traces()
    audit.note(
        f"erase {kind_name} ({reason})",
        who=viewer.who,
        role=str(viewer),
        surface=audit.command_line(),
        table=kind.table,
        rows_n=1,
    )
    return receipt


def _base_stub(kind: Kind, entity_id: str) -> dict[str, Any]:
    row = read.base_row(kind, entity_id)
    if row is None:
        raise RegisterError("no_such_entry", kind=kind.name, entry=entity_id)
    content = content_of(kind, {name: row[name] for name in kind.fields})
    facets = dict.fromkeys(FACETS, "") | facets_of(kind, content)
    return {
        "entity_kind": kind.name,
        "entity_id": entity_id,
        "version": 0,
        "event_date": date_of(kind, content),
        "status": str(row["status"]),
        **facets,
    }


def _refuse_references(viewer: Viewer, kind: Kind, content: Mapping[str, Any], before: Mapping[str, Any]) -> None:
    """Stop an entry that names what does not exist or lies in another veiligheidsregio.

    What it named already stays: a site may have gone since. The sentence is the same for what does not exist and
    for what is another's, so that nobody learns which.

    Parameters
    ----------
    content
        The entry as it would be kept.
    before
        Its version before; empty for a new one.

    Raises
    ------
    InputError
        With the field and what it names.
    AccessDeniedError
        A question to two regions is asked, or made another one, by somebody else than LOT-C; or an interpretation
        is signed for another.
    """
    region = str(content.get("vr_code", ""))
    for name in ("site_id", "other_site_id", *_ENTRIES):
        named = str(content.get(name) or "")
        if not named or name == kind.key or named == before.get(name):
            continue
        found = _region_of_entry(_ENTRIES[name], named) if name in _ENTRIES else _regions_of_sites().get(named)
        # The other of two sites may lie anywhere that the writer may record for.
        is_near = name == "other_site_id" and found and may(viewer, Verb.RECORD, kind.table, found)
        if found is None or not (found in ("", region) or not region or is_near):
            raise InputError("reference_elsewhere", field=name, named=named, region=region)
    area = str(content.get("unit_id") or "")
    if area and area != before.get("unit_id") and region_of_unit(area) != region:
        raise InputError("reference_elsewhere", field="unit_id", named=area, region=region)
    if kind.name == "decision" and "handover" in (content.get("subject"), before.get("subject")):
        _refuse_asking(viewer, kind, content, before)
    if kind.name == "decision" and content.get("state") in _OF_REPORTS and not may(viewer, Verb.MANAGE, "sources"):
        raise AccessDeniedError("report_denied", role=viewer.role)
    if kind.name == "interpretation":
        _refuse_signature(viewer, kind, content, before)


def _refuse_signature(viewer: Viewer, kind: Kind, content: Mapping[str, Any], before: Mapping[str, Any]) -> None:
    """Stop who signs for another, or changes what LOT-C signed; who writes for the whole country is LOT-C."""
    is_national = may(viewer, Verb.RECORD, kind.table, "")
    own = "lotc" if is_national else "region"
    if content["signed_by"] != own or not (is_national or before.get("signed_by", own) == own):
        raise AccessDeniedError("interpretation_signed_by", role=viewer.role)


def _refuse_asking(viewer: Viewer, kind: Kind, content: Mapping[str, Any], before: Mapping[str, Any]) -> None:
    if may(viewer, Verb.MANAGE, "connected_sites"):
        return
    if not before or any(content[name] != before.get(name) for name in kind.fields if name not in _ANSWERED):
        raise AccessDeniedError("connect_denied", role=viewer.role)


def _refuse_taken_version(rows: Sequence[Mapping[str, object]], connection: Connection) -> None:
    """Stop a plan whose number another plan for the same two weeks has: who reads ``plan_version`` means one plan.

    Two people may draft at the same moment, so this is asked under the lock of the one writer.

    Parameters
    ----------
    rows
        The new lines, as they would be kept.
    connection
        Of the writer's transaction.

    Raises
    ------
    ConflictError
        With the number; drafting again takes the next one.
    """
    wanted = {(str(row["plan_id"]), int(str(row["plan_version"]))) for row in rows if row.get("plan_version")}
    lines = sa.select(contents.c.body).join(events).where(events.c.entity_kind == "plan_line")
    for name, version in wanted:
        same_weeks = contents.c.body.contains(f'"{name[:_DAY_LENGTH]}', autoescape=True)
        for body in connection.execute(lines.where(same_weeks)).scalars():
            kept = read.parse_body(body)
            if kept["plan_id"][:_DAY_LENGTH] != name[:_DAY_LENGTH]:
                continue
            if kept.get("plan_version") == version and kept["plan_id"] != name:
                raise conflict("plan_line", "plan_version_taken", version, plan=name, version=version)


def _region_of_entry(kind_name: str, entity_id: str) -> str | None:
    """Return the veiligheidsregio of an entry, '' for none; None when there is no such entry."""
    kind = kind_of(kind_name)
    if database.exists():
        with database.reading(UPKEEP) as connection:
            event = latest(connection, kind.name, entity_id)
        if event is not None:
            return str(event["vr_code"])
    row = read.base_row(kind, entity_id)
    return None if row is None else str(row["vr_code"])


def _regions_of_sites() -> Mapping[str, str]:
    current = snapshot.current()
    return _of_snapshot(current.path, current.data_version)


@lru_cache(maxsize=2)
def _of_snapshot(folder: Path, _data_version: str) -> Mapping[str, str]:
    sites = snapshot.read_core(folder).table("sites")
    return dict(zip(sites["site_id"], sites["vr_code"], strict=True))
