"""Restoring from every state a register may be in, with the state before kept; and absent is never taken for new."""

import json
import shutil
import sqlite3
import threading
from contextlib import contextmanager
from datetime import datetime

import psycopg
import pytest
import sqlalchemy as sa

from access import people, profiles
from access.database import engine as database
from access.database import traces
from access.database.tables import events
from access.viewer import Viewer, parse_viewer
from commands import data
from door import desk, installation
from door.store import open_store
from geodata import known, settings
from geodata.errors import RegisterError
from register import chain, files
from register import record as write
from register.backup import aside, make, proof
from register.backup import restore as restoring
from register.backup.make import backup
from register.backup.restore import restore

CHANGED = 'UPDATE register_contents SET body = \'{"outcome": "kanarie-vervalst"}\''


def in_sqlite(*statements):
    database.close()
    connection = sqlite3.connect(database.sqlite_path())
    with connection:
        for statement in statements:
            connection.execute(statement)
    connection.close()


def in_postgres(*statements):
    address = sa.make_url(database.url()).set(drivername="postgresql").render_as_string(hide_password=False)
    database.close()
    with psycopg.connect(address) as connection:
        connection.execute("SELECT set_config('risicobeeld.role', 'upkeep', true)")
        for statement in statements:
            connection.execute(statement)


def change(register):
    (in_sqlite if register == "sqlite" else in_postgres)(CHANGED)


def cut(register):
    (in_sqlite if register == "sqlite" else in_postgres)(
        "DELETE FROM register_contents WHERE event_id = (SELECT event_id FROM register_events WHERE seq = 3)",
        "DELETE FROM register_events WHERE seq = 3",
    )


def halve(register):
    if register == "sqlite":
        in_sqlite("DROP TABLE register_contents")
    else:
        in_postgres("DROP TABLE register_contents CASCADE")


def lose(register):
    if register == "sqlite":
        database.close()
        for path in database.sqlite_path().parent.glob("register.sqlite*"):
            path.unlink()
    else:
        in_postgres("DROP OWNED BY CURRENT_USER")


def empty(register):
    if register == "postgresql":
        pytest.skip("a database of PostgreSQL has no file of length zero; losing its tables is tried")
    database.close()
    for path in database.sqlite_path().parent.glob("register.sqlite-*"):
        path.unlink()
    database.sqlite_path().write_bytes(b"")


def garble(register):
    if register == "postgresql":
        pytest.skip("pages of PostgreSQL are its own to check; half its tables are tried")
    database.close()
    for path in database.sqlite_path().parent.glob("register.sqlite-*"):
        path.unlink()
    path = database.sqlite_path()
    path.write_bytes(b"kanarie-vervalst " * (path.stat().st_size // 17))


def break_pages(register):
    """Leave the header whole and break the pages behind it."""
    if register == "postgresql":
        pytest.skip("pages of PostgreSQL are its own to check; half its tables are tried")
    in_sqlite("PRAGMA wal_checkpoint(TRUNCATE)")
    path = database.sqlite_path()
    content = path.read_bytes()
    path.write_bytes(content[:4096] + b"\xff" * (len(content) - 4096))


DAMAGES = (change, cut, halve, lose, empty, garble, break_pages)


@pytest.fixture
def filled(register, lotc, activation):
    """A register with entries, a file, people and a profile; return what an organisation would miss."""
    for number in range(3):
        write.record(lotc, "activation", activation | {"outcome": f"uitkomst {number}"}, entity_id=f"a{number}")
    files.attach(lotc, "activation", "a1", "verslag.txt", b"verzonnen")
    by = Viewer("lotc", person="beheer@example.org")
    people.add(by, "vogel@example.org", parse_viewer("region:VR06"))
    people.add_deputy(by, "mus@example.org", "vogel@example.org", people.FOREVER)
    profiles.save(lotc, "mijn gewichten", {"wonen": 0.5}, "2")
    return register


def state():
    lotc = Viewer("lotc", person="beheer@example.org")
    texts = open_store(lotc).register("activations").set_index("activation_id")["outcome"]
    return (
        chain.verify_chain().head,
        {name: texts[name] for name in ("a0", "a1", "a2")},
        [one.name for one in desk.files_of(open_store(lotc), "activation", "a1")],
        people.everyone(lotc).to_dict("records"),
        [(one.name, one.weights) for one in profiles.mine(Viewer("lotc"))],
    )


@pytest.mark.parametrize("damage", DAMAGES)
def test_every_damage_is_told_and_all_comes_back_from_it(filled, damage, capsys, lotc, activation):
    before = state()
    made = backup()
    damage(filled)
    for words in (["verify"], ["backup"]):
        assert data.main(words) == 2
        assert len(capsys.readouterr().err.splitlines()) == 1
    if damage not in (change, break_pages):  # those take a walk over every row
        assert installation.check()["register"] != ""
        assert data.main(["status", "--ready"]) == 1
        capsys.readouterr()
    assert data.main(["restore", str(made.path)]) == 0
    told = capsys.readouterr().out
    assert "THE REGISTER WAS DAMAGED" in told
    assert "3 events restored" in told
    assert state() == before
    assert data.main(["verify", "--head", made.head, "--backup", str(made.path)]) == 0
    kept = [path for path in aside.folder().rglob("*") if path.is_file()]
    if damage in (change, garble):
        assert any(b"kanarie-vervalst" in path.read_bytes() for path in kept)
    assert kept or damage is lose
    assert write.record(lotc, "activation", activation, entity_id="na").seq == 4  # and the register goes on


@pytest.mark.parametrize("damage", [lose, empty])
def test_a_lost_register_is_not_made_anew_by_whoever_writes_next(filled, damage, lotc, activation):
    damage(filled)
    for _ in range(2):
        with pytest.raises(RegisterError, match="it held 3 events"):
            write.record(lotc, "activation", activation)
        with pytest.raises(RegisterError, match="it held 3 events"):
            people.everyone(lotc)


def test_a_register_that_went_with_the_note_of_it_is_told_and_comes_back(filled, tmp_path, capsys, lotc, activation):
    before, made = state(), tmp_path / "elsewhere.backup.zip"
    backup(made)
    lose(filled)
    shutil.rmtree(known.folder())
    for words, code in ((["verify"], 2), (["backup"], 2), (["status", "--ready"], 1)):
        assert data.main(words) == code
        assert "tells that there was one" in "".join(capsys.readouterr())
    with pytest.raises(RegisterError, match="tells that there was one"):
        write.record(lotc, "activation", activation)
    assert data.main(["restore", str(made)]) == 0
    assert state() == before
    assert write.record(lotc, "activation", activation).seq == 4


TRACES = ("audit/.register", "core/.register", "audit", "register/backups", "register/erased.jsonl", "out", "heads")


def test_each_thing_that_is_left_tells_of_a_lost_register(filled, tmp_path, capsys, lotc, monkeypatch):
    backup()
    write.erase(lotc, "activation", "a0", "mistake")
    (settings.data_dir() / "core").mkdir()
    database.close()
    assert chain.verify_chain().events_n == 4  # whoever opens it next leaves its mark there too
    lose(filled)
    folder, gone = settings.data_dir(), tmp_path / "gone"
    folder.rename(gone)
    facts = gone / "out/2.0.0-x/site/facts.json"
    facts.parent.mkdir(parents=True)
    facts.write_text(json.dumps({"newest_signal": 7}))
    heads = tmp_path / "heads.jsonl"
    monkeypatch.setenv("RISICOBEELD_ANCHOR", str(heads))
    for trace in TRACES:
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        if trace == "heads":
            heads.write_text(json.dumps({"register": {"n": 3, "hash": "ab"}}) + "\n")
        else:
            (folder / trace).parent.mkdir(parents=True, exist_ok=True)
            copy = shutil.copytree if (gone / trace).is_dir() else shutil.copy2
            copy(gone / trace, folder / trace)
        if trace == "audit":
            (folder / "audit/.register").unlink()
        traces.look_again()
        assert data.main(["verify"]) == 2, trace
        assert "tells that there was one" in capsys.readouterr().err
    heads.unlink()
    shutil.rmtree(folder)
    traces.look_again()
    assert data.main(["verify"]) == 0  # nothing is left: a first start


def test_a_first_start_is_no_damage(register, capsys):
    assert not known.was_there("register")
    assert data.main(["verify"]) == 0
    assert data.main(["backup"]) == (2 if register == "sqlite" else 0)
    assert ("record something first" in capsys.readouterr().err) == (register == "sqlite")


@pytest.mark.usefixtures("filled")
def test_whose_access_was_taken_away_since_does_not_get_it_back():
    made = backup()
    by = Viewer("lotc", person="beheer@example.org")
    people.revoke(by, "vogel@example.org")
    done = restore(made.path)
    assert done.revoked_again == ("vogel@example.org",)
    there = people.everyone(by).set_index("email")
    assert there.loc["vogel@example.org", "revoked_at"] != ""
    assert set(there["role"]) == {""}  # nor the deputy
    assert proof.differences(made.path) == []


@pytest.mark.usefixtures("filled")
def test_who_was_shut_out_stays_out_though_the_backup_was_made_by_a_clock_that_was_ahead(monkeypatch):
    class Clock(datetime):
        @classmethod
        def now(cls, tz=None):
            return datetime(2040, 1, 1, tzinfo=tz)

    monkeypatch.setattr(make, "datetime", Clock)
    made = make.backup()
    people.revoke(Viewer("lotc", person="beheer@example.org"), "vogel@example.org")
    assert restore(made.path).revoked_again == ("vogel@example.org",)


def test_a_newer_event_is_not_lost_without_asking(filled, lotc, activation):
    made = backup()
    change(filled)
    write.record(lotc, "activation", activation, entity_id="later")
    with pytest.raises(RegisterError, match="add --replace"):
        restore(made.path)
    assert restore(made.path, replace=True).left_out_n == 1


@pytest.mark.usefixtures("filled")
def test_what_is_recorded_while_a_restore_runs_is_in_the_state_before_or_after(lotc, activation, monkeypatch):
    made = backup()
    writers = []

    def record():
        write.record(lotc, "activation", activation, entity_id="meanwhile")

    def keep(state):
        kept = keep_as_it_is(state)
        writers.append(threading.Thread(target=record))
        writers[0].start()
        writers[0].join(0.5)  # long enough for one that nothing holds up
        return kept

    keep_as_it_is = restoring._keep
    monkeypatch.setattr(restoring, "_keep", keep)
    kept = restore(made.path).kept_before
    writers[0].join()
    assert chain.verify_chain().problems == ()
    if "meanwhile" not in set(open_store(lotc).register("activations")["activation_id"]):
        restore(kept, replace=True)
    assert "meanwhile" in set(open_store(lotc).register("activations")["activation_id"])


@pytest.mark.usefixtures("filled")
def test_an_entry_of_a_moment_ago_is_taken_for_no_cut(lotc, activation, monkeypatch):
    """Whoever looks sees the register of the moment that it was opened; the head outside may be newer by then."""
    recorded = []

    @contextmanager
    def reading_while_others_write(who):
        with reading(who) as connection:
            connection.execute(sa.select(sa.func.count()).select_from(events)).scalar()
            if not recorded:
                recorded.append(write.record(lotc, "activation", activation))
            yield connection

    reading = database.reading
    monkeypatch.setattr(database, "reading", reading_while_others_write)
    assert installation.check()["register"] == ""
    for look in (backup, restoring._state):
        recorded.clear()
        assert look() is not restoring.State.CHANGED
