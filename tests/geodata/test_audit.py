"""The audit trail: whole lines, a period, and months that go when their time is over."""

import multiprocessing
from datetime import date
from pathlib import Path

import pytest

from access import audit
from access.viewer import Viewer
from door import store as access
from geodata.errors import AccessDeniedError


def write_lines(number: int) -> None:
    for line in range(200):
        audit.note("read", who=f"writer {number}", role="lotc", surface="test", table="é" * 50, rows_n=line)


def test_lines_of_many_writers_never_mix() -> None:
    with multiprocessing.get_context("spawn").Pool(4) as pool:
        pool.map(write_lines, range(4))
    trail = audit.read()
    assert len(trail) == 800
    assert set(trail["what"]) == {"read"}
    assert all(sorted(rows) == list(range(200)) for _, rows in trail.groupby("who")["rows_n"])


def test_a_line_cut_off_by_a_crash_is_told(data_dir: Path) -> None:
    audit.note("read", who="a", role="lotc", surface="test")
    path = next((data_dir / "audit").glob("*.jsonl"))
    path.write_text(path.read_text("utf-8") + '{"at": "2026-1', "utf-8")
    assert audit.read()["what"].tolist() == ["damaged", "read"]


def test_nothing_is_read_when_the_line_cannot_be_kept(data_dir: Path) -> None:
    data_dir.mkdir(parents=True)
    (data_dir / "audit").write_text("a file where the folder should be")
    with pytest.raises(AccessDeniedError, match="nothing is read unseen"):
        access.open_store(Viewer("lotc")).table("gemeenten")


def test_only_the_privacy_officer_reads_the_trail() -> None:
    for role in ("lotc", "analyst", "region:VR01", "partner:GGD", "policy"):
        with pytest.raises(AccessDeniedError):
            access.open_store(access.parse_viewer(role)).audit_trail()
    assert len(access.open_store(Viewer("privacy")).audit_trail()) == 5, "the refusals"


def test_months_past_their_time_go_as_a_whole(data_dir: Path) -> None:
    folder = data_dir / "audit"
    folder.mkdir(parents=True)
    for month in ("2024-01", "2024-10", "2024-11", "2026-11"):
        (folder / f"{month}.jsonl").write_text("")
    today = date(2026, 11, 21)
    assert audit.forget(today, dry_run=True) == ["2024-01", "2024-10"]
    assert audit.forget(today) == ["2024-01", "2024-10"]
    assert sorted(path.stem for path in folder.glob("*.jsonl")) == ["2024-11", "2026-11"]
