"""A folder that is whole or not there: filled out of sight, with a manifest that holds the digest of each file."""

import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Final

from geodata.errors import SnapshotError

MANIFEST: Final = "manifest.json"
RESTORE: Final = "restore a backup (python -m geodata restore) or import the sources again (python -m geodata refresh)"


@dataclass(frozen=True)
class SourceRecord:
    """What a manifest tells of one source: where its figures came from and how old they are."""

    source_id: str
    source_date: str
    rows_n: int
    address: str
    licence: str
    sha256: str
    retrieved_at: str = ""


def digest(path: Path) -> str:
    """Return the SHA-256 of a file."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def prove(path: Path, sha256: str) -> None:
    """Stop where a file is missing or is not the one that was written.

    Raises
    ------
    SnapshotError
        It is; the sentence says how to restore it.
    """
    if not path.is_file():
        raise SnapshotError("snapshot_lacks_file", path=path, restore=RESTORE)
    if digest_of(path, *place(path)) != sha256:
        raise SnapshotError("snapshot_file_damaged", path=path, restore=RESTORE)


def read_manifest(folder: Path) -> dict[str, object]:
    """Return what the manifest of a folder holds.

    Raises
    ------
    SnapshotError
        It is missing or damaged.
    """
    path = folder / MANIFEST
    try:
        content = json.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        raise SnapshotError("snapshot_without_manifest", path=folder, manifest=MANIFEST, restore=RESTORE) from None
    except (OSError, ValueError) as error:
        raise SnapshotError("manifest_unreadable", path=path, restore=RESTORE) from error
    if not isinstance(content, dict):
        raise SnapshotError(f"The manifest {path} is not what a manifest should be; {RESTORE}.")
    return content


@contextmanager
def new_folder(target: Path) -> Iterator[Path]:
    """Fill a hidden folder beside ``target`` and give it the final name only when it is whole."""
    target.parent.mkdir(parents=True, exist_ok=True)
    part = Path(tempfile.mkdtemp(prefix=".part-", dir=target.parent))
    try:
        yield part
        for path in part.iterdir():
            with path.open("rb") as written:
                os.fsync(written.fileno())
        part.chmod(0o755)
        part.rename(target)
        fsync_folder(target.parent)
    finally:
        shutil.rmtree(part, ignore_errors=True)


def fsync_folder(folder: Path) -> None:
    """Wait until a folder itself is on the disk."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def write_json(path: Path, content: object) -> None:
    """Write JSON as people read it."""
    path.write_text(json.dumps(content, indent=1, ensure_ascii=False, sort_keys=True) + "\n", "utf-8")


def place(path: Path) -> tuple[int, int, int]:
    """Return what tells that a file was written anew."""
    found = path.stat()
    return found.st_ino, found.st_size, found.st_mtime_ns


@lru_cache(maxsize=512)
def digest_of(path: Path, _inode: int, _size: int, _changed: int) -> str:
    """Return the digest of a file, taken once for as long as it stays as it is.

    Parameters
    ----------
    path
        Of the file.
    _inode
        With size and time the key under which the digest is kept.
    _size
        In bytes.
    _changed
        In nanoseconds.
    """
    return digest(path)
