"""What an entry may name: what lies in its own veiligheidsregio, and a number that no other plan has."""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from access.database import engine as database
from access.database.tables import contents, events
from access.database.who import UPKEEP
from access.rights import Verb
from access.viewer import Viewer, may
from geodata.errors import AccessDeniedError, InputError
from geodata.snapshots import snapshot
from register import read
from register.events import conflict, latest
from register.schema import Kind, kind_of, region_of_unit

_ENTRIES: Final = {"signal_id": "signal", "plan_line_id": "plan_line", "activation_id": "activation"}
_OF_REPORTS: Final = ("taken_over", "refused")  # how whoever keeps the sources answers what somebody said is not so
_DAY_LENGTH: Final = len("20201130")  # plans for the same two weeks begin with the same day
_ANSWERED: Final = ("state", "reason", "event_date")
"""What a region's contact may change of a question that LOT-C asked two regions."""


def refuse(viewer: Viewer, kind: Kind, content: Mapping[str, Any], before: Mapping[str, Any]) -> None:
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


def refuse_taken_version(rows: Sequence[Mapping[str, object]], connection: Connection) -> None:
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
