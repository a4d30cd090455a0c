"""The audit trail: whole lines, a period, and months that go when their time is over."""

import multiprocessing
import subprocess
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import suppress
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from access import audit
from access.viewer import Viewer
from door import store as access
from geodata.errors import AccessDeniedError, UnnotedError


def write_lines(number: int) -> None:
    for line in range(200):
        audit.note("read", who=f"writer {number}", role="lotc", surface="test", table="é" * 50, rows_n=line)


def write_long_lines(lines_n: int) -> None:
    for _ in range(lines_n):
        audit.note("read", who="x" * 20_000, role="lotc", surface="test")


def test_lines_of_many_writers_never_mix() -> None:
    with ProcessPoolExecutor(4, multiprocessing.get_context("spawn")) as pool:
        list(pool.map(write_lines, range(4)))
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


@pytest.fixture
def small_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A data folder on a file system of its own of 4 MB."""
    place = tmp_path / "disk"
    place.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", str(place)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip(f"a small disk cannot be mounted here: {done.stderr.strip()}")
    monkeypatch.setenv("RISICOBEELD_DATA", str(place / "data"))
    yield place
    subprocess.run(["umount", str(place)], check=True)


def test_people_still_read_on_a_full_disk_and_what_does_not_fit_is_refused_whole(small_disk: Path) -> None:
    access.open_store(Viewer("lotc")).table("gemeenten")
    (small_disk / "fill").write_bytes(b"")
    with (small_disk / "fill").open("ab", buffering=0) as fill, suppress(OSError):
        while fill.write(b"0" * 4096):
            pass
    seen = access.open_store(Viewer("lotc")).table("gemeenten")
    assert len(seen) == 342
    with pytest.raises(UnnotedError, match="free some space"):  # the reserve is not endless
        write_long_lines(1_000)
    (small_disk / "fill").unlink()
    audit.note("read", who="a", role="lotc", surface="after")
    assert "damaged" not in set(audit.read()["what"])
    assert audit.chain()[1] == []


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


def test_a_clock_that_goes_back_over_the_end_of_a_month_breaks_no_chain(monkeypatch: pytest.MonkeyPatch) -> None:
    moments = [
        (2026, 11, 30, 23),
        (2026, 12, 1, 0),
        (2026, 11, 30, 23),
        (2026, 12, 1, 0),
        (2040, 1, 1, 0),
        (2026, 12, 2, 0),
    ]

    class Clock(datetime):
        @classmethod
        def now(cls, tz: object = None) -> "Clock":  # noqa: ARG003 - the base's form
            return cls(*moments[len(audit.chain()[0])], tzinfo=UTC)

    monkeypatch.setattr(audit, "datetime", Clock)
    for number in range(len(moments)):
        audit.note("read", who=f"w{number}", role="lotc", surface="test")
    assert audit.chain()[1] == []
    assert set(audit.read(last=date(2026, 12, 31))["who"]) == {"w0", "w1", "w2", "w3", "w5"}
