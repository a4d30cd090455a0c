"""How each source fared when it was last fetched, and how old what we have of it is."""

import json
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime
from pathlib import Path

from geodata import settings
from geodata.snapshots import formats as store
from geodata.snapshots.snapshot import SourceRecord
from geodata.sources import catalogue


@dataclass(frozen=True)
class Attempt:
    """The last attempt to fetch a source: when, when it last succeeded, and what went wrong ('' if nothing)."""

    tried_at: str
    succeeded_at: str = ""
    error: str = ""


def _path() -> Path:
    return settings.data_dir() / "health.json"


def read() -> dict[str, Attempt]:
    """Return the last attempt of each source; none while nothing was refreshed, or where the note is damaged."""
    try:
        content = json.loads(_path().read_text("utf-8"))
        return {name: Attempt(**facts) for name, facts in content.items()}
    except (FileNotFoundError, ValueError, TypeError, AttributeError):
        return {}


def note(source_id: str, error: str = "") -> None:
    """Write down how an attempt ended."""
    attempts = read()
    now = datetime.now(UTC).isoformat(timespec="seconds")
    earlier = attempts.get(source_id)
    succeeded_at = (earlier.succeeded_at if earlier else "") if error else now
    attempts[source_id] = Attempt(now, succeeded_at, error)
    _path().parent.mkdir(parents=True, exist_ok=True)
    with store.whole_file(_path()) as part:
        content = {name: asdict(attempt) for name, attempt in sorted(attempts.items())}
        part.write_text(json.dumps(content, indent=1, ensure_ascii=False) + "\n", "utf-8")


def age_days(source_date: str, today: date) -> int | None:
    """Return how many days old figures are; None where the source gives no day.

    Examples
    --------
    >>> age_days("2026-01-01", date(2026, 1, 31))
    30
    """
    try:
        return (today - date.fromisoformat(source_date[:10])).days
    except ValueError:
        return None


def word(record: SourceRecord, attempts: dict[str, Attempt], today: date) -> str:
    """Return one word for the health of a source: ``failing``, ``overdue`` or ``ok``.

    Overdue: a new delivery may be expected, and nobody has looked for it: the last look, or without one the
    day that the figures are of, is further back than the publisher's rhythm.
    """
    attempt = attempts.get(record.source_id)
    if attempt and attempt.error:
        return "failing"
    looked_at = (attempt.succeeded_at if attempt else "") or record.retrieved_at or record.source_date
    cadence, age = catalogue.source(record.source_id).cadence_days, age_days(looked_at, today)
    return "overdue" if cadence and age is not None and age > cadence else "ok"
