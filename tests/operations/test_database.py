"""The database restarts, a process is killed, an answer gets lost: what was accepted is there, and there once."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path

import pytest
import sqlalchemy as sa

from access.database import engine as database
from access.database import tables
from access.database.who import UPKEEP
from access.viewer import Viewer
from door import desk
from door.store import open_store
from geodata.errors import DatabaseAwayError
from register import chain, files
from register import record as write
from tests.server.postgres import control, start

ROOT = Path(__file__).parents[2]
LOTC = Viewer("lotc")
FIELDS = {
    "event_date": "2020-10-05",
    "kind": "preventief",
    "themes": "wonen",
    "vr_code": "VR06",
    "sector_code": "lodging",
    "outcome": "verzonnen",
}
WRITER = f"""
import os, sys, threading, time
from access.viewer import Viewer
from geodata.errors import RegisterError
from register import record as write
journal = os.open(sys.argv[1], os.O_WRONLY | os.O_APPEND | os.O_CREAT)
def write_on(name):
    for number in range(100_000):
        while True:
            try:
                write.record(Viewer("lotc"), "activation", {FIELDS}, entity_id=f"{{name}}-{{number}}")
            except RegisterError:  # told to whoever saves, who saves again
                time.sleep(0.05)
            else:
                break
        os.write(journal, f"{{name}}-{{number}}\\n".encode())
for thread in "ab":
    threading.Thread(target=write_on, args=(sys.argv[2] + thread,)).start()
"""


def kept() -> list[str]:
    with database.reading(UPKEEP) as connection:
        return list(connection.execute(sa.select(tables.events.c.entity_id)).scalars())


def lines(journal: Path) -> list[str]:
    return journal.read_text().split() if journal.exists() else []


def test_one_process_is_killed_and_the_database_restarts_under_the_other(
    shared: Mapping[str, str], postgres, tmp_path: Path
) -> None:
    write.record(LOTC, "activation", FIELDS, entity_id="first")
    journals = [tmp_path / "one", tmp_path / "two"]
    writers = [
        subprocess.Popen([sys.executable, "-c", WRITER, str(path), path.name], cwd=ROOT, env=os.environ | shared)
        for path in journals
    ]

    def wait_for(journal: Path, number: int) -> None:
        while len(lines(journal)) < number:
            assert writers[1].poll() is None, "the writer stopped by itself"
            time.sleep(0.02)

    try:
        for journal in journals:
            wait_for(journal, 10)
        writers[0].send_signal(signal.SIGKILL)
        for how in ("fast", "immediate"):  # as an administrator does it, and as a machine that loses its power
            before = len(lines(journals[1]))
            control(postgres, "restart", "-m", how)
            wait_for(journals[1], before + 10)
    finally:
        for writer in writers:
            writer.kill()
            writer.wait()
    accepted, found = [*lines(journals[0]), *lines(journals[1])], kept()
    assert len(found) == len(set(found))
    assert set(accepted) <= set(found)
    assert len(found) <= len(accepted) + 1 + 4, "each of four threads was killed over at most one"
    assert chain.verify_chain().problems == ()
    assert chain.verify_chain().events_n == len(found)


def test_reads_go_on_after_a_restart_and_while_it_is_away_that_is_told_in_words(
    shared: Mapping[str, str], postgres
) -> None:
    assert shared
    kept_id = write.record(LOTC, "activation", FIELDS).entity_id
    assert database.answers()
    control(postgres, "stop", "-m", "fast")
    try:
        assert not database.answers()
        with pytest.raises(DatabaseAwayError, match="does not answer"):
            open_store(LOTC).register("activations")
        with pytest.raises(DatabaseAwayError, match="What was accepted is kept"):
            write.record(LOTC, "activation", FIELDS, entity_id="again")
    finally:
        start(postgres)
    rows = open_store(LOTC).register("activations")
    assert kept_id in set(rows["activation_id"])
    write.record(LOTC, "activation", FIELDS, entity_id="again")
    assert sorted(kept()) == sorted([kept_id, "again"])


@pytest.fixture
def lost_answers(shared: Mapping[str, str], postgres):
    """From here on the answer to every commit of this process gets lost, until the count is used up."""
    assert shared
    engine, left = database.engine(), [0]
    admin = sa.create_engine(sa.make_url(postgres.get_uri()).set(drivername="postgresql+psycopg"))

    def lose(connection: sa.Connection) -> None:
        if left[0] and connection.get_execution_options().get("register_writes"):
            left[0] -= 1
            driver = connection.connection.driver_connection
            driver.commit()  # it is on disk
            pid = driver.execute("SELECT pg_backend_pid()").fetchone()[0]
            with admin.connect() as other:
                other.execute(sa.text("SELECT pg_terminate_backend(:pid, 5000)"), {"pid": pid})

    sa.event.listen(engine, "commit", lose)
    yield left
    sa.event.remove(engine, "commit", lose)
    admin.dispose()


def test_a_lost_answer_is_asked_for_again_and_nothing_is_kept_twice(lost_answers: list[int]) -> None:
    signal_ = write.record(
        LOTC, "signal", {"event_date": "2020-10-01", "origin": "own", "theme": "wonen", "text": "x", "vr_code": "VR06"}
    )
    lost_answers[0] = 1
    receipt = write.record(LOTC, "activation", FIELDS)
    lost_answers[0] = 1
    assert write.correct(LOTC, "activation", receipt.entity_id, {"outcome": "beter"}, based_on=1).version == 2
    lost_answers[0] = 1
    assert len(write.triage(LOTC, signal_.entity_id, based_on=1, activation=FIELDS)) == 2
    assert lost_answers == [0]
    assert len(kept()) == 1 + 1 + 1 + 2
    assert chain.verify_chain().problems == ()


def test_an_answer_that_stays_away_is_reported_and_saving_again_keeps_it_once(lost_answers: list[int]) -> None:
    lost_answers[0] = 2
    with pytest.raises(DatabaseAwayError, match="look whether your last entry is there"):
        write.record(LOTC, "activation", FIELDS, entity_id="once")
    write.record(LOTC, "activation", FIELDS, entity_id="once")
    assert kept() == ["once"]
    lost_answers[0] = 1
    with pytest.raises(DatabaseAwayError):
        files.attach(LOTC, "activation", "once", "verslag.txt", b"verslag")
    files.attach(LOTC, "activation", "once", "verslag.txt", b"verslag")
    assert len(desk.files_of(open_store(LOTC), "activation", "once")) == 1
