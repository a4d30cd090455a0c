"""What publishers answered before, with the mark by which they know it: asked again, they send it only if it changed.

An answer is kept under ``cache/http`` with its ``ETag`` or ``Last-Modified`` and its digest; one that is gone or
damaged is fetched anew. Only `geodata.sources.http` asks.
"""

import hashlib
import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from geodata import settings
from geodata.snapshots import formats as store

_MOST_BYTES: Final = 300_000_000  # a whole country's extract is not kept twice
_MOST_N: Final = 500  # answers; the ones kept longest ago make room
_MARKS: Final = {"ETag": "If-None-Match", "Last-Modified": "If-Modified-Since"}


def _path(address: str) -> Path:
    name = hashlib.sha256(address.encode()).hexdigest()[:32]
    return settings.data_dir() / "cache" / "http" / name


def _facts(address: str) -> dict[str, str]:
    """Return the marks of a kept answer; none where nothing whole is kept."""
    path = _path(address)
    try:
        facts: dict[str, str] = json.loads(path.with_suffix(".json").read_text("utf-8"))
        return facts if _digest(path) == facts["sha256"] else {}
    except (OSError, ValueError, KeyError, TypeError):
        return {}


def _digest(path: Path) -> str:
    with path.open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()


def conditions(address: str) -> dict[str, str]:
    """Return the headers that ask for an address only if it changed; none where nothing is kept of it."""
    facts = _facts(address)
    return {header: facts[mark] for mark, header in _MARKS.items() if facts.get(mark)}


def content(address: str) -> bytes:
    """Return a kept answer."""
    return _path(address).read_bytes()


def give(address: str, target: Path) -> None:
    """Copy a kept answer to where a download would have put it."""
    shutil.copyfile(_path(address), target)


def keep(address: str, answer: bytes | Path, headers: Mapping[str, str]) -> None:
    """Keep an answer, where its publisher gave a mark to know it by.

    Parameters
    ----------
    address
        That was asked, with its query.
    answer
        What it gave.
    headers
        Of the answer.
    """
    marks = {mark: headers[mark] for mark in _MARKS if headers.get(mark)}
    size = len(answer) if isinstance(answer, bytes) else answer.stat().st_size
    path = _path(address)
    if not marks or size > _MOST_BYTES:
        path.with_suffix(".json").unlink(missing_ok=True)
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    with store.whole_file(path) as part:
        if isinstance(answer, bytes):
            part.write_bytes(answer)
        else:
            shutil.copyfile(answer, part)
    with store.whole_file(path.with_suffix(".json")) as part:
        part.write_text(json.dumps(marks | {"sha256": _digest(path)}), "utf-8")
    newest_last = sorted(path.parent.glob("*.json"), key=lambda one: one.stat().st_mtime_ns)
    for old in newest_last[:-_MOST_N]:
        old.with_suffix("").unlink(missing_ok=True)
        old.unlink()
