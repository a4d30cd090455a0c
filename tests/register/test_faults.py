"""What was accepted stays, once: under 25 writers killed at random, and on a disk that is full."""

import os
import random
import resource
import shutil
import signal
import subprocess
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path

import pytest
import sqlalchemy as sa

from access.database import engine as database
from access.database import tables
from access.database.who import UPKEEP
from door.store import open_store
from geodata.errors import RegisterError
from register import chain, read
from register import record as write

pytestmark = pytest.mark.usefixtures("closed")
ROOT = Path(__file__).parents[2]
WRITERS = 25
LAUNCHER = """
import os, sys
from access.viewer import Viewer
from register import record as write
fields = {"event_date": "2020-10-05", "kind": "preventief", "themes": "wonen", "vr_code": "VR06",
          "sector_code": "lodging", "outcome": "verzonnen"}
def write_on(name, path):
    journal = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    for number in range(100_000):
        entity_id = f"{name}-{number}"
        write.record(Viewer("lotc"), "activation", fields, entity_id=entity_id)
        os.write(journal, (entity_id + "\\n").encode())  # only after the register said yes
        write.record(Viewer("lotc"), "activation", fields, entity_id=entity_id)  # the answer seemed lost: once more
for number, path in enumerate(sys.argv[1:]):
    writer = os.fork()  # before anything is connected: each process has its own connections
    if not writer:
        try:
            write_on(f"w{number}", path)
        finally:
            os._exit(1)
    print(writer, flush=True)
for _ in sys.argv[1:]:
    os.wait()
"""
PLANNERS = """
import os, sys
from access.viewer import Viewer
from geodata.errors import ConflictError
from register import record as write
line = {"plan_state": "draft", "list": "risk", "vr_code": "VR06", "week": "2020-W50", "plan_version": 1}
for number in range(6):
    if not os.fork():  # before anything is connected: each process has its own connections
        try:
            write.record_many(Viewer("lotc"), "plan_line", [line | {"plan_id": f"20201130-{number}-abc"}] * 2)
            os.write(1, b"kept\\n")
        except ConflictError as error:
            os.write(1, f"{error}\\n".encode())
        finally:
            os._exit(0)
for _ in range(6):
    os.wait()
"""


@pytest.mark.usefixtures("register")
def test_of_plans_from_several_processes_one_gets_a_number(lotc):
    done = subprocess.run([sys.executable, "-c", PLANNERS], cwd=ROOT, capture_output=True, text=True, check=True)
    told = sorted(done.stdout.splitlines())
    assert told[-1] == "kept"
    assert len(told) == 6
    assert all("plan 1 for the same two weeks" in refused for refused in told[:-1])
    lines = read.table(lotc, "plan_lines")
    assert len(lines) == 2
    assert lines["plan_id"].nunique() == 1


@pytest.mark.usefixtures("register")
def test_killed_writers_lose_and_double_nothing(lotc, activation, tmp_path):
    write.record(lotc, "activation", activation, entity_id="first")
    journals = [tmp_path / f"accepted-{number}" for number in range(WRITERS)]
    command = [sys.executable, "-c", LAUNCHER, *map(str, journals)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as launcher:
        writers = [int(launcher.stdout.readline()) for _ in journals]
        try:
            while sum(journal.exists() and journal.stat().st_size > 0 for journal in journals) < WRITERS:
                assert launcher.poll() is None, "the writers stopped by themselves"
                time.sleep(0.05)
        finally:
            for writer in random.sample(writers, WRITERS):
                time.sleep(random.random() / 20)  # noqa: S311 - any moment will do
                os.kill(writer, signal.SIGKILL)
            launcher.wait()
    accepted = [line for journal in journals for line in journal.read_text().split()]
    assert len(accepted) >= WRITERS
    found = chain.verify_chain()
    assert found.problems == ()
    with database.reading(UPKEEP) as connection:
        kept = list(connection.execute(sa.select(tables.events.c.entity_id)).scalars())
    assert len(kept) == len(set(kept)) == found.events_n
    assert set(accepted) <= set(kept)
    # Each writer was killed over at most one entry that was kept without an answer.
    assert len(kept) <= len(accepted) + WRITERS + 1
    write.record(lotc, "activation", activation)  # and the register goes on


@pytest.mark.usefixtures("register")
def test_threads_of_one_process_write_side_by_side(lotc, activation):
    def write_ten(number):
        for count in range(10):
            write.record(lotc, "activation", activation, entity_id=f"t{number}-{count}")

    threads = [threading.Thread(target=write_ten, args=(number,)) for number in range(WRITERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    found = chain.verify_chain()
    assert (found.events_n, found.problems) == (10 * WRITERS, ())


def test_a_full_disk_is_told_and_loses_nothing(lotc, activation, data_dir):
    accepted = [write.record(lotc, "activation", activation).entity_id for _ in range(3)]
    size = max(path.stat().st_size for path in (data_dir / "register").iterdir())
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    ignored = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size + 300_000, hard))
    try:
        with pytest.raises(RegisterError, match="disk space"):  # noqa: PT012 - which write hits the limit is not fixed
            for _ in range(1000):
                accepted.append(write.record(lotc, "activation", activation).entity_id)  # noqa: PERF401
        refused_at = len(accepted)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        signal.signal(signal.SIGXFSZ, ignored)
    assert refused_at > 3
    accepted.append(write.record(lotc, "activation", activation).entity_id)
    with database.reading(UPKEEP) as connection:
        in_order = sa.select(tables.events.c.entity_id).order_by(tables.events.c.seq)
        kept = list(connection.execute(in_order).scalars())
    assert kept == accepted
    assert chain.verify_chain().problems == ()


@pytest.fixture
def small_disk(tmp_path, monkeypatch):
    """A data folder on a file system of its own of 6 MB; return what fills it."""
    place = tmp_path / "disk"
    place.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=6m", "tmpfs", str(place)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip(f"a small disk cannot be mounted here: {done.stderr.strip()}")
    monkeypatch.setenv("RISICOBEELD_DATA", str(place / "data"))
    monkeypatch.delenv("RISICOBEELD_REGISTER", raising=False)

    def fill():
        with (place / "fill").open("ab", buffering=0) as file, suppress(OSError):
            while file.write(b"0" * 4096):
                pass
        return place / "fill"

    yield fill
    database.close()
    subprocess.run(["umount", str(place)], check=True)


def test_reading_goes_on_after_a_start_on_a_full_disk(small_disk, lotc, activation):
    write.record(lotc, "activation", activation, entity_id="a0")
    open_store(lotc).register("activations")  # the trail keeps room for itself from its first line on
    database.close()  # the last one to leave takes SQLite's own files along
    filled = small_disk()
    assert chain.verify_chain().events_n == 1
    assert "a0" in set(open_store(lotc).register("activations")["activation_id"])
    with pytest.raises(RegisterError, match="free some disk space"):
        write.record(lotc, "activation", activation)
    filled.unlink()
    assert write.record(lotc, "activation", activation).seq == 2, "without a new start"


def test_an_unreachable_database_is_one_sentence(lotc, activation, monkeypatch):
    monkeypatch.setenv("RISICOBEELD_REGISTER", "postgresql://nobody@127.0.0.1:1/none")
    with pytest.raises(RegisterError, match="RISICOBEELD_REGISTER"):
        write.record(lotc, "activation", activation)


def test_a_read_only_folder_is_one_sentence(lotc, activation, data_dir):
    (data_dir / "register").mkdir(parents=True)
    (data_dir / "register" / "register.sqlite").mkdir()  # also root cannot open a folder as a file
    with pytest.raises(RegisterError, match="cannot be used"):
        write.record(lotc, "activation", activation)


def test_on_a_disk_that_turned_read_only_the_newest_entries_are_read_and_later_one_writes_on(
    lotc, activation, tmp_path, monkeypatch
):
    for _ in range(2):
        write.record(lotc, "activation", activation)
    shutil.copytree(os.environ["RISICOBEELD_DATA"], tmp_path / "crashed")  # its log holds what nothing moved yet
    database.close()
    monkeypatch.setenv("RISICOBEELD_DATA", str(tmp_path / "crashed"))
    assert Path(f"{database.sqlite_path()}-wal").stat().st_size
    with monkeypatch.context() as patch:
        patch.setattr(os, "access", lambda *_: False)
        found = chain.verify_chain()
        assert (found.events_n, found.problems) == (2, ())
        with pytest.raises(RegisterError):
            write.record(lotc, "activation", activation)
    assert write.record(lotc, "activation", activation).seq == 3
