"""Servers forked from one process that has read the product's modules already: four seconds less for each.

``python -m tests.browser.forked`` reads a line of JSON for each server that is asked of it and answers with its number.
What a server computes, keeps and forgets is its own; only what Python reads before the first page is shared.
"""

import atexit
import gc
import importlib
import json
import os
import pkgutil
import select
import signal
import subprocess
import sys
from functools import cache
from pathlib import Path

_ROOT = Path(__file__).parents[2]
_ROOMS = ("words", "geodata", "access", "register", "door", "risk", "dashboard")
# What pages read only when they need it, and the server of Streamlit when it starts.
_LATE = (
    "fpdf",
    "itsdangerous",
    "matplotlib.figure",
    "openpyxl",
    "pandera.strategies.pandas_strategies",
    "pyarrow.dataset",
    "pyarrow.parquet",
    "scipy.stats",
    "starlette.applications",
    "uvicorn.protocols.http.auto",
    "uvicorn.protocols.websockets.auto",
)


class Forked:
    """A server by its number, with what the tests ask of a process."""

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self._handle = os.pidfd_open(pid)

    def poll(self) -> int | None:
        """Return 0 when it has ended, in whatever way."""
        return self.wait(0) if self._has_ended(0) else None

    def wait(self, timeout: float | None = None) -> int:
        """Wait until it has ended."""
        if not self._has_ended(timeout):
            raise subprocess.TimeoutExpired("server", timeout or 0)
        return 0

    def send_signal(self, number: int) -> None:
        """Send it a signal, unless it has ended."""
        if not self._has_ended(0):
            signal.pidfd_send_signal(self._handle, number)

    def terminate(self) -> None:
        """Ask it to end."""
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        """End it at once."""
        self.send_signal(signal.SIGKILL)

    def _has_ended(self, timeout: float | None) -> bool:
        return bool(select.select([self._handle], [], [], timeout)[0])

    def __del__(self) -> None:
        os.close(self._handle)


def fork(arguments: list[str], log: Path, folder: Path, environment: dict[str, str]) -> Forked:
    """Fork a server that runs Streamlit with these arguments, in a folder, and writes to a log."""
    parent = _parent()
    assert parent.stdin is not None
    assert parent.stdout is not None
    asked = {"arguments": arguments, "log": str(log), "folder": str(folder), "environment": environment}
    parent.stdin.write(json.dumps(asked) + "\n")
    parent.stdin.flush()
    return Forked(int(parent.stdout.readline()))


@cache
def _parent() -> subprocess.Popen[str]:
    started = subprocess.Popen(
        [sys.executable, "-m", "tests.browser.forked"],
        cwd=_ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    atexit.register(started.communicate)
    return started


def _read_modules() -> None:
    importlib.import_module("streamlit.web.cli")
    for room in _ROOMS:
        package = importlib.import_module(room)
        for module in pkgutil.walk_packages(package.__path__, f"{room}."):
            if "migrations" not in module.name and not module.name.endswith("__main__"):
                importlib.import_module(module.name)
    for name in _LATE:
        importlib.import_module(name)


def _become(asked: dict[str, object]) -> None:
    """Make this process the server that was asked for, and run until it ends."""
    with open(os.devnull) as nothing, open(str(asked["log"]), "wb") as log:  # noqa: PTH123 - their numbers
        os.dup2(nothing.fileno(), 0)
        os.dup2(log.fileno(), 1)
        os.dup2(log.fileno(), 2)
    os.environ.clear()
    os.environ.update(asked["environment"])
    os.chdir(str(asked["folder"]))
    from streamlit.web import cli  # noqa: PLC0415 - the tests that ask for a server do not need it

    from dashboard.visit import server  # noqa: PLC0415 - idem
    from tests.browser import clock  # noqa: PLC0415 - idem
    from tests.few_rebuilds import few_rebuilds  # noqa: PLC0415 - idem

    clock.follow()
    server.mount()
    with few_rebuilds():
        cli.main(asked["arguments"], prog_name="streamlit")


def main() -> None:
    """Fork a server for each line that comes in, until nobody is there to ask."""
    _read_modules()
    gc.freeze()
    for line in sys.stdin:
        while _reap():
            pass
        pid = os.fork()
        if not pid:
            _become(json.loads(line))
            return
        sys.stdout.write(f"{pid}\n")
        sys.stdout.flush()


def _reap() -> bool:
    """Let go of one server that has ended; tell whether there was one."""
    try:
        return bool(os.waitpid(-1, os.WNOHANG)[0])
    except ChildProcessError:
        return False


if __name__ == "__main__":
    main()
