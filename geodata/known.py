"""What this installation is known to hold, written outside of what it tells of: so absent is never taken for new.

A file per part stands under ``known/`` in the data folder: ``register.json`` (the newest head of its chain and how
many events there were), ``snapshot.json`` (which version of the figures was in use), ``clock.json`` (the last moment
that was taken for true), ``ahead.json`` (which backups carry a day that has yet to come) and ``anchor.json`` (that
heads were written outside, `access.anchor`). A part without a file was never there: that is a first start.
"""

import fcntl
import json
import os
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from geodata import settings
from geodata.errors import RisicobeeldError
from geodata.snapshots import formats as store

MARK: Final = ".register"
"""A file in another folder that tells that there is a register, for when this folder goes with it."""


def leave_mark(place: Path) -> None:
    """Leave the mark in a folder; what it tells of has happened, so a full disk takes nothing away."""
    with suppress(OSError):
        (place / MARK).touch(0o600)


def folder() -> Path:
    """Return where the files lie."""
    return settings.data_dir() / "known"


def path(part: str) -> Path:
    """Return the file of one part."""
    return folder() / f"{part}.json"


def was_there(part: str) -> bool:
    """Tell whether a part was ever there, also when its file cannot be read any more."""
    return path(part).exists()


def read(part: str) -> dict[str, Any]:
    """Return what is known of a part; empty when it was never there or its file was damaged."""
    try:
        found = json.loads(path(part).read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def note(part: str, number: int, **facts: object) -> None:
    """Keep what is known of a part now, unless a higher number is known already.

    What it tells of has happened by then, so a disk that is full takes nothing away: the older file stays true.

    Parameters
    ----------
    part
        ``register``, ``snapshot``, ``clock``, ``ahead`` or ``anchor``.
    number
        Grows with the part; several processes may note in any order.
    facts
        More to remember, as JSON can hold it.
    """
    try:
        folder().mkdir(parents=True, exist_ok=True, mode=0o700)
        with (folder() / f".{part}.lock").open("w") as handle:
            fcntl.flock(handle, fcntl.LOCK_EX)
            if read(part).get("number", -1) <= number:
                replace(part, number, **facts)
    except (OSError, RisicobeeldError):
        return


def replace(part: str, number: int, **facts: object) -> None:
    """Keep what is known of a part, also when more was known: after a restore.

    Raises
    ------
    InputError
        It cannot be written.
    """
    folder().mkdir(parents=True, exist_ok=True, mode=0o700)
    at = datetime.now(UTC).isoformat(timespec="seconds")
    with store.whole_file(path(part)) as part_file:
        part_file.write_text(json.dumps({"number": number, "at": at, **facts}, sort_keys=True) + "\n", "utf-8")
    handle = os.open(folder(), os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
