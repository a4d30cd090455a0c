"""A restore rehearsed: put a backup in an empty place with the very commands of a bad day, and verify it there."""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

from geodata.errors import RegisterError
from register.backup import Backup

_ROOT = Path(__file__).parents[1]


def drill(made: Backup) -> None:
    """Restore a backup into an empty data folder that is thrown away, and find its last event in a whole chain.

    Raises
    ------
    RegisterError
        It could not be restored, or what came back does not verify.
    """
    with tempfile.TemporaryDirectory(prefix="drill-") as folder:
        elsewhere = os.environ | {
            "RISICOBEELD_DATA": folder,
            "RISICOBEELD_REGISTER": "",
            "RISICOBEELD_REGISTER_FILE": "",
        }
        verify = ["verify", "--head", made.head] if made.events_n else ["verify"]
        for words in (["restore", str(made.path.resolve())], verify):
            command = [sys.executable, "-m", "geodata", *words]
            done = subprocess.run(  # noqa: S603 - our own command
                command, cwd=_ROOT, env=elsewhere, capture_output=True, text=True, check=False
            )
            if done.returncode:
                reason = done.stderr.strip().splitlines()[-1:] or ["no reason was given"]
                raise RegisterError(
                    f"The drill failed, python -m geodata {words[0]} in an empty place: {reason[0]} Keep the backup"
                    f" {made.path} for whoever looks into it, and do not count on it."
                )
