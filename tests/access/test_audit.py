"""The audit trail: whole lines, a period, and months that go when their time is over."""

import errno
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from access import audit
from access.viewer import Viewer
from door import store as access
from geodata import known
from geodata.errors import AccessDeniedError, UnnotedError

ROOT = Path(__file__).parents[2]
# Each process finds, opens and locks the trail by itself: nothing is opened before they part.
WRITERS = """
import os
from access import audit
for number in range(4):
    if not os.fork():
        for line in range(200):
            audit.note("read", who=f"writer {number}", role="lotc", surface="test", table="é" * 50, rows_n=line)
        os._exit(0)
assert [os.wait()[1] for _ in range(4)] == [0] * 4
"""


def write_long_lines(lines_n: int) -> None:
    for _ in range(lines_n):
        audit.note("read", who="x" * 20_000, role="lotc", surface="test")


def test_lines_of_many_writers_never_mix() -> None:
    subprocess.run([sys.executable, "-c", WRITERS], cwd=ROOT, check=True)
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


def clock_of(monkeypatch: pytest.MonkeyPatch, *moments: tuple[int, int, int]) -> None:
    """Write a line at each moment; w0 is the first."""
    for number, moment in enumerate(moments):

        class Clock(datetime):
            at = moment

            @classmethod
            def now(cls, tz: object = None) -> "Clock":  # noqa: ARG003 - the base's form
                return cls(*cls.at, tzinfo=UTC)

        monkeypatch.setattr(audit, "datetime", Clock)
        audit.note("read", who=f"w{number}", role="lotc", surface="test")


def test_after_a_clock_that_was_ahead_the_trail_goes_on_in_the_true_month(
    monkeypatch: pytest.MonkeyPatch, data_dir: Path
) -> None:
    clock_of(monkeypatch, (2026, 12, 1), (2040, 1, 1), (2026, 12, 2), (2027, 1, 3), (2035, 5, 1), (2027, 1, 4))
    assert sorted(path.stem for path in (data_dir / "audit").glob("*.jsonl")) == [
        "2026-12",
        "2040-01",
        "2040-01_2026-12",
        "2040-01_2027-01",
        "2040-01_2035-05",
        "2040-01_2035-05_2027-01",
    ]
    assert audit.chain()[1] == []
    assert audit.read()["who"].tolist() == ["w5", "w4", "w3", "w2", "w1", "w0"], "the order of the chain"
    assert set(audit.read(first=date(2027, 1, 1), last=date(2027, 1, 31))["who"]) == {"w3", "w5"}
    gone = audit.forget(date(2029, 1, 15))
    assert gone == ["2026-12", "2040-01", "2040-01_2026-12"], "with the month that it ran ahead in"
    assert audit.chain()[1] == []
    clock_of(monkeypatch, (2040, 1, 1), (2040, 2, 1))
    assert audit.chain()[1] == []
    assert audit.read()["who"].tolist()[:3] == ["w1", "w0", "w5"]


def test_a_clock_that_is_set_back_makes_nothing_older_than_it_is(
    monkeypatch: pytest.MonkeyPatch, data_dir: Path
) -> None:
    clock_of(monkeypatch, (2026, 1, 5), (2026, 6, 5), (2026, 11, 5))
    known.note("clock", date(2026, 11, 5).toordinal())
    clock_of(monkeypatch, (2026, 6, 20), (2020, 1, 1))
    assert sorted(path.stem for path in (data_dir / "audit").glob("*.jsonl")) == ["2026-01", "2026-06", "2026-11"]


@pytest.fixture
def read_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., None]]:
    """A data folder that turns read-only when asked, as a disk does that fails, and comes back when asked."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))

    def refuse(path: Path, _flags: int) -> int:
        raise OSError(errno.EROFS, os.strerror(errno.EROFS), str(path))

    with pytest.MonkeyPatch.context() as patch:
        yield lambda *, ends=False: patch.undo() if ends else patch.setattr(audit, "_open", refuse)


def test_on_a_disk_that_turned_read_only_people_read_on_and_nothing_goes_unseen(
    read_only: Callable[..., None],
) -> None:
    store = access.open_store(Viewer("lotc", person="ada"))
    store.table("gemeenten")
    read_only()
    store.note_opened()  # as every page does, before it reads anything
    assert len(store.table("gemeenten")) == 342
    with pytest.raises(UnnotedError, match="nothing is read unseen"):  # nor changed
        audit.note("people: revoke", who="ada", role="lotc", surface="test")
    assert audit.read()["what"].tolist() == ["read", "open", "read"]
    waiting = next(Path(tempfile.gettempdir()).glob("risicobeeld-trail-*/*"))
    assert (waiting.stat().st_mode | waiting.parent.stat().st_mode) & 0o077 == 0
    read_only(ends=True)
    audit.note("sign-in", who="ada", role="lotc", surface="test")
    assert audit.read()["what"].tolist() == ["sign-in", "read", "open", "read"]
    assert not waiting.exists()
    hashes, problems = audit.chain()
    assert (len(hashes), problems) == (4, [])


def test_the_folder_meanwhile_of_somebody_else_takes_nothing(
    read_only: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    read_only()
    monkeypatch.setattr(os, "getuid", lambda: 54_321)
    with pytest.raises(UnnotedError):
        audit.note("read", who="a", role="lotc", surface="test")
