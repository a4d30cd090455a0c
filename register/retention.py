"""Apply the retention periods of ``retention.toml``: erase what is over, and tell what was done."""

import tomllib
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Final

import sqlalchemy as sa

from access.database import engine as database
from access.database.engine import contents, drafts, events
from access.database.who import UPKEEP
from geodata import settings
from register import ledger
from register.events import erase_content, latest
from register.read import parse_body
from register.schema import KINDS

_FILE: Final = Path(__file__).parent / "retention.toml"


@dataclass(frozen=True)
class Period:
    """How many days something is kept, counted from which date, and why."""

    days: int
    since: str
    why: str


@dataclass(frozen=True)
class Done:
    """How many of one kind were erased because their period was over."""

    kind: str
    erased_n: int
    days: int


@cache
def periods() -> dict[str, Period]:
    """Return the period of every kind of entity, of drafts and of backups."""
    entries = tomllib.loads(_FILE.read_text("utf-8"))
    return {name: Period(entry["days"], entry["from"], entry["why"]) for name, entry in entries.items()}


def apply(today: date | None = None, *, dry_run: bool = False) -> list[Done]:
    """Erase what is past its period; return what was erased (or would be) for every kind.

    Parameters
    ----------
    today
        The day to count from; the system's by default, because the law knows no peildatum.
    """
    today = today or datetime.now(UTC).date()
    done = []
    if database.exists():
        done = [_apply_kind(name, today, dry_run=dry_run) for name in KINDS]
        done.append(_apply_drafts(today, dry_run=dry_run))
        if not dry_run:
            database.forget_traces()
    done.append(_apply_backups(today, dry_run=dry_run))
    return done


def _apply_kind(name: str, today: date, *, dry_run: bool) -> Done:
    period = periods()[name]
    last = (today - timedelta(days=period.days)).isoformat()
    with database.reading(UPKEEP) as connection:
        over = _over(connection, name, period.since, last)
    if over and not dry_run:
        for entity_id in over:
            ledger.note(name, entity_id, "retention")
        with database.writing(UPKEEP) as connection:
            for entity_id in over:
                stub = latest(connection, name, entity_id)
                if stub is not None and stub["action"] != "erase":
                    erase_content(connection, stub, "retention")
    return Done(name, len(over), period.days)


def _over(connection: sa.Connection, name: str, since: str, last: str) -> list[str]:
    """Return the entities whose newest content is past its period; one without that date is not over yet."""
    later = events.alias("later")
    newest = ~sa.exists().where(
        later.c.entity_kind == events.c.entity_kind,
        later.c.entity_id == events.c.entity_id,
        later.c.version > events.c.version,
    )
    query = (
        sa.select(events.c.entity_id, events.c.recorded_at, contents.c.body)
        .join(contents, contents.c.event_id == events.c.event_id)
        .where(events.c.entity_kind == name, newest, events.c.action != "erase")
    )
    found = []
    for row in connection.execute(query):
        day = row.recorded_at if since == "recorded_at" else parse_body(row.body).get(since)
        if day and str(day)[:10] < last:
            found.append(row.entity_id)
    return found


def _apply_drafts(today: date, *, dry_run: bool) -> Done:
    period = periods()["draft"]
    last = (today - timedelta(days=period.days)).isoformat()
    over = drafts.c.saved_at < last
    with database.reading(UPKEEP) as connection:
        count = int(connection.execute(sa.select(sa.func.count()).select_from(drafts).where(over)).scalar_one())
    if count and not dry_run:
        with database.writing(UPKEEP) as connection:
            connection.execute(sa.delete(drafts).where(over))
    return Done("draft", count, period.days)


def _apply_backups(today: date, *, dry_run: bool) -> Done:
    period = periods()["backup"]
    last = today - timedelta(days=period.days)
    paths = (settings.data_dir() / "register" / "backups").glob("*.backup.sqlite")
    over = [path for path in paths if datetime.fromtimestamp(path.stat().st_mtime, UTC).date() < last]
    if not dry_run:
        for path in over:
            path.unlink()
    return Done("backup", len(over), period.days)
