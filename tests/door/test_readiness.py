"""Readiness tells per part what is wrong, with the installation broken for real."""

import sqlite3
from pathlib import Path

import pytest
import sqlalchemy as sa

from access.database import engine as database
from access.database.who import UPKEEP
from access.viewer import Viewer
from commands import data as command
from door import installation as readiness
from geodata import settings
from register import record as write

FIELDS = {
    "event_date": "2020-10-05",
    "kind": "preventief",
    "themes": "wonen",
    "vr_code": "VR06",
    "sector_code": "lodging",
    "outcome": "geen",
}


@pytest.fixture(autouse=True)
def closed():
    yield
    database.close()


def test_a_fresh_installation_is_ready(capsys: pytest.CaptureFixture[str]) -> None:
    assert command.main(["status", "--ready"]) == 0
    assert capsys.readouterr().out.split() == ["snapshot", "ready", "register", "ready", "folder", "ready"]


def test_a_snapshot_that_is_gone_is_told(data_dir: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (data_dir / "core").mkdir(parents=True)
    (data_dir / "core" / "CURRENT").write_text("0123456789ab\n")
    assert command.main(["status", "--ready"]) == 1
    told = capsys.readouterr().out.splitlines()
    assert "0123456789ab has no manifest" in told[0]
    assert told[1].endswith("ready")


def test_a_register_newer_than_the_program_is_refused_in_one_sentence() -> None:
    write.record(Viewer("lotc"), "activation", FIELDS)
    with database.writing(UPKEEP) as connection:
        connection.execute(sa.text("UPDATE alembic_version SET version_num = '9999'"))
    database.close()
    sentence = readiness.check()["register"]
    assert "newer version (9999)" in sentence
    assert "update the program" in sentence


def test_a_database_that_does_not_answer_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RISICOBEELD_REGISTER", "postgresql://nobody:secret-word@127.0.0.1:1/none")
    sentence = readiness.check()["register"]
    assert "does not answer" in sentence
    assert "secret-word" not in sentence


def test_a_register_that_is_no_database_is_told(data_dir: Path) -> None:
    (data_dir / "register").mkdir(parents=True)
    (data_dir / "register" / "register.sqlite").write_bytes(b"not a database at all" * 100)
    assert "cannot be used" in readiness.check()["register"]
    with pytest.raises(sqlite3.DatabaseError):  # it really is none
        sqlite3.connect(data_dir / "register" / "register.sqlite").execute("SELECT 1 FROM sqlite_master")


def test_a_folder_that_takes_nothing_is_told(data_dir: Path) -> None:
    data_dir.parent.mkdir(parents=True, exist_ok=True)
    data_dir.write_text("a file stands in the way")
    assert "cannot be written" in readiness.check()["folder"]
    data_dir.unlink()
    assert not readiness.check()["folder"]
    assert [path.name for path in settings.data_dir().iterdir()] == ["audit"]  # what was tried is gone again
