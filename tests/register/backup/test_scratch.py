"""What holds rows of the register on the way outlives no process, however that ends."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from geodata.errors import InputError
from register.backup.archive import scratch

_HOLDS = """
import sys, time, pathlib
from register.backup.archive import scratch
with scratch(".backup-", pathlib.Path(sys.argv[1])) as place:
    (place / "database.sqlite").write_text("rows")
    print(flush=True)
    time.sleep(600)
"""


def test_what_a_killed_process_left_goes_with_the_next_one_and_not_that_of_who_lives(tmp_path: Path) -> None:
    command = [sys.executable, "-c", _HOLDS, str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as holder:
        assert holder.stdout is not None
        holder.stdout.readline()
        (left,) = tmp_path.glob(".backup-*")
        long_ago = time.time() - 3600
        os.utime(left, (long_ago, long_ago))
        with scratch(".backup-", tmp_path):
            assert (left / "database.sqlite").exists(), "it lives"
        holder.send_signal(signal.SIGKILL)
    with scratch(".backup-", tmp_path) as mine:
        assert list(tmp_path.iterdir()) == [mine]
        assert mine.stat().st_mode & 0o077 == 0
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="choose a folder that exists"), scratch("x-", tmp_path / "none"):
        pass
