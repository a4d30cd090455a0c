"""Apply the retention periods of ``retention.toml``: erase what is over, and tell what was done.

Nobody looks on at night, so it stops by itself where it would do harm: when the clock is far past all that this
installation knows of, and when it would erase more than a share of what there is. Somebody who looked may confirm.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Final

import sqlalchemy as sa

from access.database import engine as database
from access.database.tables import contents, drafts, events
from access.database.who import UPKEEP
from geodata import known, settings
from geodata.errors import RegisterError
from register import clock
from register.backup import archive, aside
from register.clock import MOST_DAYS_AHEAD
from register.events import changing, erase_content, latest, note_erased
from register.periods import Period, periods
from register.read import parse_body
from register.schema import KINDS

__all__ = ["MOST_DAYS_AHEAD", "MOST_N", "MOST_SHARE", "NEWEST_KEPT", "Done", "Period", "apply", "periods"]

MOST_SHARE: Final = 0.05
MOST_N: Final = 20
"""One run erases at most this share of the entries, or this many where there are few."""
NEWEST_KEPT: Final = 3
"""So many of the newest backups stay, however old they are."""


@dataclass(frozen=True)
class Done:
    """How many of one kind were erased because their period was over."""

    kind: str
    erased_n: int
    days: int


def apply(
    today: date | None = None,
    *,
    dry_run: bool = False,
    confirmed: bool = False,
    first: Callable[[], object] | None = None,
) -> list[Done]:
    """Erase what is past its period; return what was erased (or would be) for every kind.

    Parameters
    ----------
    today
        The day to count from; the system's by default, because the law knows no peildatum.
    dry_run
        Erase nothing and stop for nothing.
    confirmed
        Somebody looked at the clock and at what would be erased: go on.
    first
        What is done before anything is erased, such as a backup.

    Raises
    ------
    RegisterError
        The clock is more than `MOST_DAYS_AHEAD` days past all that is known, or more than `MOST_SHARE` of the
        entries (and more than `MOST_N`) would be erased. Nothing was erased.
    """
    today = today or datetime.now(UTC).date()
    if not dry_run and not confirmed:
        clock.refuse(today)
    over = {name: _over_now(name, today) for name in KINDS} if database.exists() else {}
    if not dry_run:
        if not confirmed:
            _refuse_share(sum(map(len, over.values())))
        if first is not None and any(over.values()):
            first()
    done = []
    for name, ids in over.items():
        if ids and not dry_run:
            _erase(name, ids)
        done.append(Done(name, len(ids), periods()[name].days))
    if database.exists():
        done.append(_apply_drafts(today, dry_run=dry_run))
        if not dry_run:
            database.forget_traces()
    done.append(_apply_backups(today, dry_run=dry_run))
    if not dry_run:
        clock.note(today)
    return done


def _refuse_share(over_n: int) -> None:
    if over_n <= MOST_N:
        return
    with database.reading(UPKEEP) as connection:
        entities = sa.select(sa.func.count(sa.distinct(events.c.entity_id))).select_from(
            events.join(contents, contents.c.event_id == events.c.event_id)
        )
        total = int(connection.execute(entities).scalar_one())
    if over_n > MOST_SHARE * total:
        raise RegisterError(
            f"Nothing was erased: {over_n} of {total} entries are past their period, more than"
            f" {MOST_SHARE:.0%} in one run. Look at them with --dry-run; when it is right, add --confirm."
        )


def _over_now(name: str, today: date) -> list[str]:
    period = periods()[name]
    last = (today - timedelta(days=period.days)).isoformat()
    with database.reading(UPKEEP) as connection:
        return _over(connection, name, period.since, last)


def _erase(name: str, ids: list[str]) -> None:
    for entity_id in ids:
        note_erased(name, entity_id, "retention")
    with changing() as connection:
        for entity_id in ids:
            stub = latest(connection, name, entity_id)
            if stub is not None and stub["action"] != "erase":
                erase_content(connection, stub, "retention")


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
    """Remove backups past their period, here and where copies go, and what restores kept aside as long ago."""
    period = periods()["backup"]
    last = today - timedelta(days=period.days)
    found = [archive.made(place) for place in (archive.folder(), settings.backup_to()) if place]
    seen = _seen_ahead(today, [one for of_place in found for one in of_place])
    over = []
    for of_place in found:
        aged = [(seen.get(path.name, moment.date()), path.name not in seen, moment, path) for moment, path in of_place]
        over += [path for day, _, _, path in sorted(aged, reverse=True)[NEWEST_KEPT:] if day < last]
    if not dry_run:
        for path in over:
            path.unlink()
        if seen or known.was_there("ahead"):
            known.replace("ahead", today.toordinal(), seen={name: day.isoformat() for name, day in seen.items()})
        aside.forget(last, clock.latest(today))
    return Done("backup", len(over), period.days)


def _seen_ahead(today: date, made: list[tuple[datetime, Path]]) -> dict[str, date]:
    """Return by name the backups of a day that has yet to come, with the day that this was found.

    A clock that was ahead stamped them. By that stamp they would never be past their period, and be kept as the
    newest in the place of those that are; so they count as of the day on which they were found.
    """
    noted, found_on = known.read("ahead").get("seen", {}), clock.latest(today).isoformat()
    ahead = [path.name for moment, path in made if moment.date() > today + timedelta(days=1)]
    return {name: date.fromisoformat(noted.get(name, found_on)) for name in ahead}
