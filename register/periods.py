"""How long everything is kept, as ``retention.toml`` says."""

import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

_FILE: Final = Path(__file__).parent / "retention.toml"


@dataclass(frozen=True)
class Period:
    """How many days something is kept, counted from which date, and why."""

    days: int
    since: str
    why: str


@cache
def periods() -> dict[str, Period]:
    """Return the period of every kind of entity, of drafts and of backups."""
    entries = tomllib.loads(_FILE.read_text("utf-8"))
    return {name: Period(entry["days"], entry["from"], entry["why"]) for name, entry in entries.items()}
