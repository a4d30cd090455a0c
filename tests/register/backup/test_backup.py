"""Backups, restoring them, retention and files: what was erased stays erased."""

import io
import sqlite3
import zipfile
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa

from access.database import engine as database
from access.database.tables import REGISTER_TABLES
from access.database.who import UPKEEP
from access.viewer import parse_viewer
from door import desk
from door.store import open_store
from geodata.errors import AccessDeniedError, InputError, RegisterError
from register import chain, drafts, files, retention
from register import record as write
from register.backup import archive
from register.backup.make import backup
from register.backup.restore import restore

CANARY = "kanarie-77c1"


def rows_of(connection):
    return {
        table.name: [tuple(row) for row in connection.execute(sa.select(table).order_by(*table.primary_key))]
        for table in REGISTER_TABLES
    }


def change(path, *statements):
    """Change the rows in a backup."""
    with zipfile.ZipFile(path) as packed:
        content = {name: packed.read(name) for name in packed.namelist()}
    inner = path.with_name("inner.sqlite")
    inner.write_bytes(content["database.sqlite"])
    connection = sqlite3.connect(inner)
    with connection:
        for statement in statements:
            connection.execute(statement)
    connection.close()
    content["database.sqlite"] = inner.read_bytes()
    inner.unlink()
    with zipfile.ZipFile(path, "w") as packed:
        for name, body in content.items():
            packed.writestr(name, body)


def first_version(path, made_at):
    """Write the register of a backup as version 1.0 did: its rows and when it was made, nothing else."""
    old = path.with_name("old.sqlite")
    with zipfile.ZipFile(path) as packed:
        old.write_bytes(packed.read("database.sqlite"))
    connection = sqlite3.connect(old)
    with connection:
        for table in (
            "people_mail",
            "people_looked",
            "people",
            "people_grants",
            "people_ended_sessions",
            "weight_profiles",
            "alembic_version",
        ):
            connection.execute(f"DROP TABLE {table}")
        connection.execute("CREATE TABLE register_backup (made_at VARCHAR(32) PRIMARY KEY)")
        connection.execute("INSERT INTO register_backup VALUES (?)", (made_at,))
    connection.close()
    return old


@pytest.mark.usefixtures("register")
def test_a_restored_register_is_the_one_that_was_backed_up(lotc, activation):
    receipt = write.record(lotc, "activation", activation)
    files.attach(lotc, "activation", receipt.entity_id, "verslag.pdf", b"%PDF-1.7 verzonnen")
    drafts.keep(lotc, "signal", "d1", {"text": "half"})
    with database.reading(UPKEEP) as connection:
        before = rows_of(connection)
    made = backup()
    write.correct(lotc, "activation", receipt.entity_id, {"outcome": "later"}, based_on=1)
    with pytest.raises(RegisterError, match="1 event"):
        restore(made.path)
    done = restore(made.path, replace=True)
    with database.reading(UPKEEP) as connection:
        assert rows_of(connection) == before
    assert (done.events_n, done.left_out_n, done.erased_again_n) == (1, 1, 0)
    assert restore(done.kept_before).events_n == 2  # the safety copy brings the later event back
    assert chain.verify_chain(made.head).problems == ()


def test_erase_verify_restore_still_erased(register, lotc, activation, data_dir):
    receipt = write.record(lotc, "activation", activation | {"outcome": CANARY})
    files.attach(lotc, "activation", receipt.entity_id, "verslag.txt", CANARY.encode())
    made = backup()
    write.erase(lotc, "activation", receipt.entity_id, "request")
    assert chain.verify_chain().problems == ()
    done = restore(made.path, replace=True)
    assert done.erased_again_n == 1
    assert chain.verify_chain().problems == ()
    row = open_store(lotc).register("activations").set_index("activation_id").loc[receipt.entity_id]
    assert (row["outcome"], row["erased_reason"]) == ("", "request")
    assert desk.files_of(open_store(lotc), "activation", receipt.entity_id) == []
    if register == "sqlite":
        database.close()
        holding = [path for path in (data_dir / "register").iterdir() if path.is_file()]
        assert not [path.name for path in holding if CANARY.encode() in path.read_bytes()]


@pytest.mark.usefixtures("closed")
def test_also_after_the_register_itself_was_lost(lotc, activation, data_dir):
    receipt = write.record(lotc, "activation", activation | {"outcome": CANARY})
    made = backup()
    write.erase(lotc, "activation", receipt.entity_id, "request")
    database.close()
    for path in (data_dir / "register").glob("register.sqlite*"):
        path.unlink()
    assert restore(made.path).erased_again_n == 1
    assert open_store(lotc).register("activations").set_index("activation_id").loc[receipt.entity_id, "outcome"] == ""


@pytest.mark.usefixtures("register")
def test_a_damaged_or_foreign_backup_changes_nothing(lotc, activation, tmp_path):
    write.record(lotc, "activation", activation)
    made = backup()
    head = chain.verify_chain().head
    foreign = tmp_path / "foreign.sqlite"
    foreign.write_bytes(b"no database at all, but long enough to look at" * 100)
    change(made.path, "UPDATE register_contents SET body = '{}'")
    for path, problem in ((foreign, "cannot be used"), (made.path, "damaged"), (tmp_path / "none", "There is no")):
        with pytest.raises(RegisterError, match=problem):
            restore(path, replace=True)
    assert chain.verify_chain().head == head


@pytest.mark.usefixtures("closed")
def test_an_expired_backup_is_refused_and_removed(lotc, activation):
    write.record(lotc, "activation", activation)
    made = backup()
    day = datetime.now(UTC).date()
    for _ in range(retention.NEWEST_KEPT):
        backup()
    assert retention.apply(day + timedelta(days=30), confirmed=True)[-1].erased_n == 0
    old = first_version(made.path, made_at="2020-01-01T00:00:00+00:00")
    with pytest.raises(RegisterError, match="expired"):
        restore(old, replace=True)
    assert restore(old, replace=True, expired=True).events_n == 1  # somebody who has no other one may
    assert retention.apply(day + timedelta(days=32), confirmed=True)[-1] == retention.Done("backup", 2, 30)
    assert not made.path.exists()
    assert len(archive.made()) == retention.NEWEST_KEPT  # the newest stay, however old


@pytest.mark.usefixtures("register")
def test_retention_erases_what_is_over_and_tells_it(lotc, activation):
    kept = write.record(lotc, "activation", activation)
    write.record(lotc, "signal", {"event_date": "2020-10-01", "origin": "own", "theme": "wonen", "text": CANARY})
    contact = {"ring": "region", "vr_code": "VR06", "organisation": "verzonnen", "function": "contact"}
    write.record(lotc, "contact", contact | {"valid_until": "2020-01-01", "name": "Verzonnen Naam"})
    write.record(lotc, "contact", contact)  # without an end it stays
    drafts.keep(lotc, "signal", "d1", {"text": "half"})
    today = datetime.now(UTC).date()
    told = {done.kind: done.erased_n for done in retention.apply(today + timedelta(days=366), dry_run=True)}
    assert told == dict.fromkeys(retention.periods(), 0) | {"signal": 1, "contact": 1, "draft": 1}
    assert chain.verify_chain().erased_n == 0  # a dry run erases nothing
    retention.apply(today + timedelta(days=366), confirmed=True)
    signals = open_store(lotc).register("signals")
    assert (list(signals["text"]), list(signals["erased_reason"])) == ([""], ["retention"])
    contacts = open_store(lotc).register("contacts")
    assert "Verzonnen Naam" not in set(contacts["name"])
    assert kept.entity_id in set(open_store(lotc).table("activations")["activation_id"])
    again = {done.kind: done.erased_n for done in retention.apply(today + timedelta(days=366), confirmed=True)}
    assert sum(again.values()) == 0
    assert chain.verify_chain().problems == ()


def zip_with(name):
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        archive.writestr(name, "x")
    return content.getvalue()


@pytest.mark.parametrize(
    ("name", "content", "problem"),
    [
        ("blad.html", b"<script>", "not kept"),
        ("verslag", b"x", "not kept"),
        ("verslag.pdf", b"<html>", "not what its name says"),
        ("verslag.docx", b"PK\x03\x04 no zip", "not what its name says"),
        ("verslag.docx", zip_with("word/vbaProject.bin"), "not what its name says"),
        ("leeg.txt", b"", "empty"),
        ("lijst.csv", b"a\x00b", "not what its name says"),
        ("groot.pdf", b"%PDF-" + bytes(20 * 1024 * 1024), "20 MB"),
    ],
)
@pytest.mark.usefixtures("closed")
def test_a_file_that_may_not_be_kept_is_refused(lotc, name, content, problem):
    with pytest.raises(InputError, match=problem):
        files.attach(lotc, "activation", "DEMO-A03", name, content)


@pytest.mark.usefixtures("register")
def test_a_file_comes_back_as_it_was_and_only_to_those_who_may(lotc, activation):
    receipt = write.record(lotc, "activation", activation)
    content = zip_with("word/document.xml")
    kept = files.attach(lotc, "activation", receipt.entity_id, "../../etc/ver\nslag.docx", content)
    assert kept.name == "verslag.docx"
    assert desk.files_of(open_store(lotc), "activation", receipt.entity_id) == [kept]
    assert desk.read_file(open_store(lotc), "activation", receipt.entity_id, kept.file_id) == content
    for role in ("region:VR06", "analyst", "policy"):
        with pytest.raises(AccessDeniedError):
            desk.read_file(open_store(parse_viewer(role)), "activation", receipt.entity_id, kept.file_id)
    with pytest.raises(AccessDeniedError):
        files.attach(parse_viewer("region:VR06"), "activation", receipt.entity_id, "a.txt", b"x")
