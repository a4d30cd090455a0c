"""Heads written outside: once they are, a file that is gone, empty or broken is never taken for a first time."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from access import anchor
from access.database import engine as database
from access.viewer import Viewer
from commands.data import main
from door import installation
from geodata import known
from geodata.errors import InputError
from register import record

SIGNAL = {"event_date": "2020-10-05", "origin": "own", "theme": "wonen", "text": "invented", "vr_code": "VR06"}
GONE = "is gone or empty, and heads were written there"
BROKEN = "line 1, the newest, holds no heads"
CHECKS = (["verify"], ["audit", "--verify"], ["audit", "--anchor"], ["backup"])


@pytest.fixture
def outside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Keep heads outside, and nothing is written there yet."""
    path = tmp_path / "outside.jsonl"
    monkeypatch.setenv("RISICOBEELD_ANCHOR", str(path))
    record.record(Viewer("lotc"), "signal", SIGNAL)
    yield path
    database.close()


def told_by_all(sentence: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Every check says it, in one sentence."""
    capsys.readouterr()
    for words in CHECKS:
        assert main(words) == 2, words
        assert sentence in capsys.readouterr().err, words
    assert sentence in installation.check()["register"]
    assert main(["status", "--ready"]) == 1


@pytest.mark.parametrize("has_file", [False, True])
def test_before_the_first_anchor_an_absent_or_empty_file_is_right(outside: Path, *, has_file: bool) -> None:
    if has_file:
        outside.touch()
    assert main(["verify"]) == main(["audit", "--verify"]) == main(["status", "--ready"]) == 0
    assert main(["audit", "--anchor"]) == 0
    assert main(["verify"]) == main(["audit", "--verify"]) == main(["status", "--ready"]) == 0


@pytest.mark.parametrize("how", ["gone", "empty"])
def test_an_anchor_that_is_gone_or_empty_after_that_is_no_first_time(
    outside: Path, how: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["audit", "--anchor"]) == 0
    kept = outside.read_text()
    outside.unlink()
    if how == "empty":
        outside.touch()
    told_by_all(GONE, capsys)
    assert not outside.exists() or not outside.stat().st_size, "nobody began it anew"
    outside.write_text(kept)
    assert main(["verify"]) == main(["status", "--ready"]) == 0


@pytest.mark.parametrize("line", ["{bad", "[1]", "{}", '{"register": {}}', '{"register": {"hash": 1}}', "\x00\udce9"])
def test_a_broken_line_is_said_by_name(outside: Path, line: str, capsys: pytest.CaptureFixture[str]) -> None:
    outside.write_bytes(f"{line}\n".encode(errors="surrogateescape"))
    told_by_all(BROKEN, capsys)


def test_an_anchor_is_missed_without_a_register_too(
    outside: Path, data_dir: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert outside.parent.is_dir()
    known.replace("anchor", 1)
    database.close()
    (data_dir / "register" / "register.sqlite").unlink()
    assert main(["verify"]) == 2
    assert GONE in capsys.readouterr().err
    assert GONE in installation.check()["register"]


def test_a_line_that_a_crash_cut_off_is_no_line_and_the_next_one_stands_on_its_own(outside: Path) -> None:
    assert main(["audit", "--anchor"]) == 0
    whole = anchor.newest()
    with outside.open("a") as file:
        file.write('{"at": "2026')
    assert anchor.newest() == whole
    assert main(["audit", "--anchor"]) == 0
    assert json.loads(outside.read_text().splitlines()[-1])["trail"]["hash"] == anchor.newest()["trail"]


def test_a_file_that_cannot_be_read_is_said(outside: Path) -> None:
    outside.mkdir()
    with pytest.raises(InputError, match="cannot be read"):
        anchor.newest()


def test_a_backup_can_be_put_back_while_the_anchor_is_away(
    outside: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["audit", "--anchor"]) == 0
    assert main(["backup", "--out", str(tmp_path / "one.backup.zip")]) == 0
    outside.unlink()
    main(["restore", str(tmp_path / "one.backup.zip")])
    assert "events restored" in capsys.readouterr().out
    assert GONE in installation.check()["register"]


def test_heads_noted_before_the_first_entry_are_no_alarm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """People are let in first, and the night may come before anybody records anything."""
    monkeypatch.setenv("RISICOBEELD_ANCHOR", str(tmp_path / "outside.jsonl"))
    assert main(["people", "add", "vogel@example.org", "lotc"]) == 0
    assert main(["audit", "--anchor"]) == 0
    for words in (["verify"], ["status", "--ready"], ["backup"], ["audit", "--anchor"]):
        assert main(words) == 0, words
    record.record(Viewer("lotc"), "signal", SIGNAL)
    for words in (["verify"], ["status", "--ready"], ["backup"], ["audit", "--anchor"], ["verify"]):
        assert main(words) == 0, words
    database.close()
