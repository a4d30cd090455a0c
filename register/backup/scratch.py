"""Folders for what is made on the way: they hold rows of the register, so that none may outlive its process.

The kernel frees the lock on such a folder when its process ends, however that ends; what is left of one that was
killed is removed by the next.
"""

import fcntl
import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from geodata.errors import InputError

_NEW_SECONDS: Final = 60
"""One that is so new may have been made a moment ago, and be locked in the next."""


@contextmanager
def scratch(prefix: str, folder: Path | None = None) -> Iterator[Path]:
    """Give a folder of one's own that is removed at the end, and first what killed processes left of theirs.

    Parameters
    ----------
    prefix
        How it begins; what begins so is taken for one.
    folder
        Where; the folder for temporary files by default.

    Raises
    ------
    InputError
        It cannot be made there.
    """
    root = folder or Path(tempfile.gettempdir())
    _sweep(root, prefix)
    try:
        made = tempfile.TemporaryDirectory(prefix=prefix, dir=root)
    except OSError as error:
        raise InputError(
            f"{root} cannot be written ({error.strerror}); choose a folder that exists and is yours."
        ) from error
    with made as name, _locked(Path(name)):
        yield Path(name)


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    finally:
        os.close(handle)


def _sweep(root: Path, prefix: str) -> None:
    for folder in root.glob(f"{prefix}*"):
        try:
            about = folder.lstat()
            if about.st_uid != os.getuid() or time.time() - about.st_mtime < _NEW_SECONDS:
                continue
            with _locked(folder):
                shutil.rmtree(folder, ignore_errors=True)
        except OSError:  # somebody's who lives, or gone meanwhile
            continue
