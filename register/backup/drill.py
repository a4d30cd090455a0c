"""A restore rehearsed with the very commands of a bad day, from every state a register may be in.

In an empty place, onto a register that was changed, and onto one that cannot be read: each time all that the backup
holds must come back.
"""

import os
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Final

from geodata.errors import RegisterError
from register.backup.archive import Backup

_ROOT: Final = Path(__file__).parents[2]


def _change(register: Path) -> None:
    connection = sqlite3.connect(register)
    with connection:
        connection.execute("UPDATE register_contents SET body = '{}'")
    connection.close()


def _garble(register: Path) -> None:
    register.write_bytes(b"no database any more " * 500)


_STATES: Final[dict[str, Callable[[Path], None] | None]] = {
    "in an empty place": None,
    "onto a changed register": _change,
    "onto an unreadable register": _garble,
}


def drill(made: Backup, copy: Path | None = None, identity: Path | None = None) -> None:
    """Restore a backup in a data folder that is thrown away, from every state, and compare all that came back.

    Parameters
    ----------
    copy, identity
        The encrypted copy to restore from instead, and the file with its secret key.

    Raises
    ------
    RegisterError
        It could not be restored, or what came back differs from what was written.
    """
    origin = (copy or made.path).resolve()
    key = ["--identity", str(identity.resolve())] if identity else []
    with tempfile.TemporaryDirectory(prefix="drill-") as folder:
        register = Path(folder) / "register" / "register.sqlite"
        for state, damage in _STATES.items():
            if damage is not None:
                damage(register)
            _run(origin, state, folder, "restore", str(origin), *key)
            _run(origin, state, folder, "verify", "--backup", str(origin), *key)


def _run(origin: Path, state: str, folder: str, *words: str) -> None:
    elsewhere = os.environ | {"RISICOBEELD_DATA": folder, "RISICOBEELD_REGISTER": "", "RISICOBEELD_REGISTER_FILE": ""}
    command = [sys.executable, "-m", "geodata", *words]
    done = subprocess.run(  # noqa: S603 - our own command
        command, cwd=_ROOT, env=elsewhere, capture_output=True, text=True, check=False
    )
    if done.returncode:
        reason = done.stderr.strip().splitlines()[-1:] or ["no reason was given"]
        raise RegisterError(
            f"The drill failed, python -m geodata {words[0]} {state}: {reason[0]} Keep the backup {origin} for whoever"
            " looks into it, and do not count on it."
        )
