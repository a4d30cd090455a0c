"""Lines of the audit trail while its own folder cannot be written, as after a disk that turned read-only.

A picture is needed most when a machine fails, and nothing is read unseen. So what is read is noted in the folder for
temporary files, by one account and for its eyes alone, and moved to the trail when that can be written again. What
would change something is refused all the same.
"""

import errno
import hashlib
import json
import os
import stat
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from geodata import settings

READING: Final = ("open", "read", "refused", "export", "batch", "sign-in", "sign-out")
"""What of the trail changes nothing."""
_CAUSES: Final = (errno.EROFS, errno.EACCES, errno.EPERM)
_LINES: Final = "lines.jsonl"


def takes(what: str, error: OSError) -> bool:
    """Tell whether a line that could not be kept in the trail may be kept here."""
    return what in READING and error.errno in _CAUSES


def keep(line: Mapping[str, object]) -> None:
    """Keep one line.

    Raises
    ------
    OSError
        Here neither, or the folder is somebody else's.
    """
    place = _folder()
    place.mkdir(mode=0o700, exist_ok=True)
    about = place.lstat()
    if not stat.S_ISDIR(about.st_mode) or about.st_uid != os.getuid() or about.st_mode & 0o077:
        raise PermissionError(errno.EPERM, os.strerror(errno.EPERM))
    handle = os.open(place / _LINES, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW, 0o600)
    try:
        os.write(handle, (json.dumps(line, ensure_ascii=False) + "\n").encode())
    finally:
        os.close(handle)


def kept() -> list[dict[str, Any]]:
    """Return the lines that wait to be moved to the trail, the oldest first."""
    path = _folder() / _LINES
    try:
        if path.parent.lstat().st_uid != os.getuid():
            return []
        parts = path.read_text("utf-8").splitlines()
    except OSError:
        return []
    return [json.loads(part) for part in parts if part.endswith("}")]


def moved() -> None:
    """Forget the lines: they stand in the trail now."""
    (_folder() / _LINES).unlink(missing_ok=True)


def _folder() -> Path:
    """Return the folder of this data folder; another installation has its own."""
    which = hashlib.sha256(str(settings.data_dir().absolute()).encode()).hexdigest()[:16]
    return Path(tempfile.gettempdir()) / f"risicobeeld-trail-{os.getuid()}-{which}"
