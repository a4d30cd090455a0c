"""The list of what was erased, beside the database: a restored backup is held against it."""

import json
import os
from datetime import UTC, datetime
from pathlib import Path

from geodata import settings
from geodata.errors import RegisterError


def path() -> Path:
    """Return the file of the list; it holds kinds, identities, reasons and dates, nothing else."""
    return settings.data_dir() / "register" / "erased.jsonl"


def note(kind_name: str, entity_id: str, reason: str) -> None:
    """Add an erasure, on disk before anything is erased.

    Parameters
    ----------
    kind_name
        A kind of entry (`register.schema`).
    entity_id
        Of the entry in the register.
    reason
        Why it was erased.
    """
    line = {"kind": kind_name, "id": entity_id, "reason": reason, "at": datetime.now(UTC).isoformat(timespec="seconds")}
    path().parent.mkdir(parents=True, exist_ok=True)
    try:
        with os.fdopen(os.open(path(), os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600), "a", encoding="utf-8") as handle:
            handle.write(json.dumps(line) + "\n")
            handle.flush()
            os.fsync(handle.fileno())
    except OSError as error:
        raise RegisterError(
            f"Nothing was erased: {path()} cannot be written ({error.strerror}); free some disk space and try again."
        ) from error


def read_all() -> dict[tuple[str, str], str]:
    """Return the reason of every erasure, by kind and identity."""
    if not path().is_file():
        return {}
    found = {}
    for text in path().read_text("utf-8").splitlines():
        try:
            line = json.loads(text)
            found[line["kind"], line["id"]] = line["reason"]
        except (ValueError, KeyError, TypeError):
            continue  # the last line of a write that the machine did not survive; its erasure did not happen
    return found
