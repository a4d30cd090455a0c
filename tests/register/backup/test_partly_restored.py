"""A restore after which something is left to do ends with 3, so that a script does not take it for done."""

from pathlib import Path

import pytest

from access.database import engine as database
from access.viewer import Viewer
from commands.data import main
from geodata.errors import RegisterError
from register import record, retention

SIGNAL = {"event_date": "2020-10-05", "origin": "own", "theme": "wonen", "text": "invented", "vr_code": "VR06"}


def test_a_restore_that_is_not_all_done_ends_with_3(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def refused() -> None:
        raise RegisterError("The clock went back.")

    record.record(Viewer("lotc"), "signal", SIGNAL)
    path = str(tmp_path / "one.zip")
    assert main(["backup", "--out", path]) == 0
    assert main(["restore", path]) == 0
    monkeypatch.setattr(retention, "apply", refused)
    assert main(["restore", path]) == 3
    assert "Restored, but not all is done: The clock went back." in capsys.readouterr().out
    database.close()
