"""Heads of the audit trail and the register, kept where the server's own account cannot change them.

A chain tells of any line that was changed or taken out of the middle, but whoever may write the files may also cut
its tail off or build it anew. So from time to time its head is written outside: to the machine's log (journal), and
with ``RISICOBEELD_ANCHOR`` to a file on another disk or machine that only grows. With ``RISICOBEELD_ANCHOR_KEY``, a
file that the privacy officer keeps, each line is signed (HMAC-SHA256), so that nobody else can write one.

That heads were written there is itself known (`geodata.known`, part ``anchor``): a file that is gone or empty after
that is an error and no first time.
"""

import hashlib
import hmac
import json
import logging
import logging.handlers
import os
from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, BinaryIO, Final

from geodata import known, settings
from geodata.errors import InputError

_SYSTEM_LOG: Final = "/dev/log"
_PART: Final = "anchor"


def note(heads: Mapping[str, tuple[int, str]]) -> dict[str, object]:
    """Write the heads of some chains outside; return the line as it was written.

    Parameters
    ----------
    heads
        By the name of the chain: how many entries it has, and the hash of the last one.

    Raises
    ------
    InputError
        The file outside or the key cannot be used, or heads were written there and are gone: a new file in its place
        would hide that.
    """
    newest()
    line: dict[str, object] = {"at": datetime.now(UTC).isoformat(timespec="seconds")}
    line |= {name: {"n": n, "hash": head} for name, (n, head) in heads.items()}
    line["signature"] = _signature(line)
    text = json.dumps(line)
    if path := settings.anchor_file():
        try:
            with os.fdopen(os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o600), "a+b") as file:
                file.write(_end_of_torn_line(file) + text.encode() + b"\n")
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            raise InputError(
                f"{path} (RISICOBEELD_ANCHOR) cannot be written ({error.strerror}); correct the path or its rights."
            ) from error
        known.note(_PART, int(datetime.now(UTC).timestamp()))
    _to_system_log(f"risicobeeld anchor {text}")
    return line


def _end_of_torn_line(file: BinaryIO) -> bytes:
    """Return what ends a line that a crash cut off half-way, so that the next one does not hang on to it."""
    if not file.seek(0, os.SEEK_END):
        return b""
    file.seek(-1, os.SEEK_END)
    return b"" if file.read(1) == b"\n" else b"\n"


def _to_system_log(text: str) -> None:
    if not Path(_SYSTEM_LOG).exists():
        return  # a container without a journal: its standard output is kept instead
    with suppress(OSError):
        handler = logging.handlers.SysLogHandler(_SYSTEM_LOG)
        handler.emit(logging.LogRecord("risicobeeld", logging.INFO, "", 0, text, None, None))
        handler.close()


def _signature(line: Mapping[str, object]) -> str:
    path = settings.anchor_key_file()
    if path is None:
        return ""
    try:
        key = path.read_bytes().strip()
    except OSError as error:
        raise InputError(f"{path} (RISICOBEELD_ANCHOR_KEY) cannot be read ({error.strerror}).") from error
    body = {name: value for name, value in line.items() if name != "signature"}
    return hmac.new(key, json.dumps(body, sort_keys=True).encode(), hashlib.sha256).hexdigest()


def newest(path: Path | None = None) -> dict[str, str]:
    """Return the newest heads that were written outside, by the name of the chain; none without a file outside.

    Raises
    ------
    InputError
        Heads were written and the file is gone, empty or cannot be read, its newest line is none of ours, or that line
        is not signed with the key.
    """
    path = path or settings.anchor_file()
    if path is None:
        return {}
    try:
        lines = path.read_text("utf-8", errors="replace").split("\n")[:-1]  # a line is whole when it has its end
    except FileNotFoundError:
        lines = []
    except OSError as error:
        raise InputError(
            f"{path} (RISICOBEELD_ANCHOR) cannot be read ({error.strerror}); correct its rights."
        ) from error
    if not lines and known.was_there(_PART):
        raise InputError(
            f"{path} (RISICOBEELD_ANCHOR) is gone or empty, and heads were written there: find out why and put it"
            f" back; only where it is lost for good, remove {known.path(_PART)} and anchor anew."
        )
    if not lines:
        return {}
    line = _parsed(lines[-1])
    if line is None:
        raise InputError(
            f"{path} (RISICOBEELD_ANCHOR): line {len(lines)}, the newest, holds no heads; find out who wrote it, and"
            " take it out."
        )
    if settings.anchor_key_file() and not hmac.compare_digest(_signature(line), str(line.get("signature", ""))):
        raise InputError(f"{path}: the newest line is not signed with the key; find out who wrote it.")
    return {name: str(told["hash"]) for name, told in line.items() if isinstance(told, dict) and told["hash"]}


def _parsed(text: str) -> dict[str, Any] | None:
    """Return a line that `note` wrote; None for any other."""
    try:
        line = json.loads(text)
    except ValueError:
        return None
    if not isinstance(line, dict):
        return None
    told = [value for value in line.values() if isinstance(value, dict)]
    return line if told and all(isinstance(one.get("hash"), str) for one in told) else None
