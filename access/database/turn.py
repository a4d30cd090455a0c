"""Whose turn it is to write: processes stand in line on a lock file, and whoever looks on is told of the wait."""

import fcntl
import os
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from pathlib import Path

from geodata.errors import RegisterError

_waits: list[Callable[[], AbstractContextManager[object]]] = [nullcontext]


def surround_waiting(tell: Callable[[], AbstractContextManager[object]]) -> None:
    """Let whoever looks on be told of a wait: from now on ``tell()`` surrounds each one for the turn to write."""
    _waits[:] = [tell]


def waiting() -> AbstractContextManager[object]:
    """Surround a wait for the turn to write with what tells of it."""
    return _waits[-1]()


@contextmanager
def line(path: Path, patience_s: float | None = None) -> Iterator[None]:
    """Give the one place at the head of the line that a lock file stands for; its process dying gives it up.

    Parameters
    ----------
    path
        The lock file; made where there is none, in a folder that is there.
    patience_s
        How long to wait (seconds); None is for as long as it takes.

    Raises
    ------
    RegisterError
        The file cannot be made, or the turn did not come in time.
    """
    try:
        handle = os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT, 0o600), "w")
    except OSError as error:
        raise RegisterError("register_read_only", path=path, cause=error.strerror) from error
    with handle:
        _stand_in_line(handle.fileno(), patience_s)
        yield


def _stand_in_line(lock: int, patience_s: float | None) -> None:
    """Wait in the kernel's own line for a lock file; None is for as long as it takes.

    Raises
    ------
    RegisterError
        The turn did not come in time. Who leaves the line lets go of the lock too, should it come at last.
    """
    with suppress(BlockingIOError):
        return fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    same = os.dup(lock)  # the lock is held for as long as one of the two is open

    def stand() -> None:
        try:
            fcntl.flock(same, fcntl.LOCK_EX)
        finally:
            os.close(same)

    line = threading.Thread(target=stand, daemon=True)
    line.start()
    line.join(patience_s)
    if line.is_alive():
        raise RegisterError("register_busy")
    return None
