"""How each source fared when it was last fetched, and how old what we have of it is."""

import json
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime
from pathlib import Path

from geodata import settings
from geodata.snapshots import formats as store
from geodata.snapshots.manifests import SourceRecord
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
    """Return one word for the health of a source: ``failing``, ``frozen``, ``overdue`` or ``ok``.

    Told from the day that the figures are of, not from the day on which somebody looked. Frozen: the publisher
    stopped, and what we have is the last there will be. Overdue: figures are older than twice the publisher's rhythm
    (once for the period, once for making them), or a look is further back than that rhythm.

    Parameters
    ----------
    record
        Of the delivery that is in use.
    attempts
        The last attempt by source.
    today
        The day that is asked for.
    """
    attempt = attempts.get(record.source_id)
    if attempt and attempt.error:
        return "failing"
    source = catalogue.source(record.source_id)
    if source.frozen_since:
        return "frozen"
    if source.cadence_days is None:
        return "ok"
    looked_at = (attempt.succeeded_at if attempt else "") or record.retrieved_at or record.source_date
    looked, figure = age_days(looked_at, today), age_days(record.source_date, today)
    is_late = looked is not None and looked > source.cadence_days
    is_old = figure is not None and figure > 2 * source.cadence_days
    return "overdue" if is_late or is_old else "ok"
