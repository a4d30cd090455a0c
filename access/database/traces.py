"""What else tells that there was a register, when its file and the note of it in `geodata.known` are both gone.

A second mark lies in the folder of the audit trail, a third with the figures. Besides these tell: backups, the list of
what was erased and what a restore kept aside; the audit trail, of people who were let in; the heads that were written
outside; and stored scores that counted its signals.
"""

import json
from collections.abc import Iterator
from contextlib import suppress
from functools import lru_cache
from pathlib import Path
from typing import Final

from access import anchor, audit
from geodata import known, settings
from geodata.errors import InputError

_LEFT: Final = ("register/backups/*.backup.*", "register/erased.jsonl", "register/aside/*")
_FACTS: Final = "out/*/*/facts.json"
_LET_IN: Final = '"what": "people: '


def mark() -> None:
    """Leave the marks where they are not yet; what they tell of has happened, so a full disk takes nothing away."""
    look_again()
    with suppress(OSError):
        audit.folder().mkdir(parents=True, exist_ok=True)
    for place in _marked():
        known.leave_mark(place)


def place() -> Path | None:
    """Return what tells that there was a register; None for a first start.

    A process looks once: the audit trail of a place that only reads grows, and each page would read all of it.
    """
    return _look(settings.data_dir())


def look_again() -> None:
    """Look anew at the next question: there is a register now."""
    _look.cache_clear()


def _marked() -> tuple[Path, Path]:
    return audit.folder(), settings.data_dir() / "core"


@lru_cache(maxsize=8)
def _look(data: Path) -> Path | None:
    return next(_found(data), None)


def _found(data: Path) -> Iterator[Path]:
    for folder in _marked():
        yield from folder.glob(known.MARK)
    for pattern in _LEFT:
        yield from data.glob(pattern)
    if outside := settings.anchor_file():
        try:
            heads = anchor.newest()
        except InputError:  # not signed as it should be: somebody wrote it all the same
            yield outside
        else:
            if heads.get("register", "").strip("0"):
                yield outside
    for facts in data.glob(_FACTS):
        with suppress(OSError, ValueError, AttributeError):
            if json.loads(facts.read_text("utf-8")).get("newest_signal"):
                yield facts
    if audit.tells(_LET_IN):
        yield audit.folder()
