"""One backup holds all that cannot be made again; copies leave the machine encrypted only."""

import json
import resource
import shutil
import zipfile

import pytest
import sqlalchemy as sa

from access import audit
from access.database import engine as database
from access.database import traces
from access.database.who import UPKEEP
from commands import data
from commands import register as commands
from geodata import known, settings, site_kinds
from geodata.errors import InputError, RegisterError
from geodata.snapshots import deliveries, manifests, snapshot
from register import record as write
from register.backup import archive, proof, sealed
from register.backup.make import backup
from register.backup.restore import restore
from tests.geodata.snapshots.test_snapshot import RECORD

pytestmark = pytest.mark.usefixtures("closed")


@pytest.fixture
def installation(data_dir, lotc, activation, tmp_path):
    """An installation with something of every kind that a data folder holds."""
    write.record(lotc, "activation", activation)
    origin = tmp_path / "invented.csv"
    for content in ("a", "b"):
        origin.write_text(content)
        deliveries.write_raw(RECORD, {"invented.csv": origin}, {})
        embedded = snapshot.read_core(settings.EMBEDDED_DIR)
        tables = {name: embedded.table(name) for name in embedded.files}
        tables["sites"] = tables["sites"].iloc[: len(content) + ord(content) % 5]
        snapshot.write_core(tables, [RECORD])
    audit.note("read", who="iemand", role="lotc", surface="test")
    for name, content in {
        "feed_tokens.json": "{}",
        "agency_workers.toml": "",
        "health.json": "{}",
        "core/withheld_cases_n.json": "{}",
        "audit/certificates/2020.json": "{}",
        "receipts/een.json": "{}",
        "out/1-2/vr/facts.json": "{}",
        "cache/cbs/x.json": "{}",
        "register/aside/2020/x": "",
    }.items():
        path = data_dir / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
    return data_dir


def names_in(folder):
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


def is_made_again(name):
    return archive._is_made_again(name)


def test_every_table_and_every_file_is_in_the_backup_or_made_again(installation):
    made = backup()
    with database.reading(UPKEEP) as connection:
        assert made.tables.keys() == set(sa.inspect(connection).get_table_names())
    lacking = {name for name in names_in(installation) if name not in made.files and not is_made_again(name)}
    listed = {name for name in made.files if name.endswith(manifests.MANIFEST)}
    assert len([name for name in listed if name.startswith("core/")]) == 2
    assert len([name for name in listed if name.startswith("raw/")]) == 2
    in_use = snapshot.current().data_version
    # what is not of the newest has its manifest in it: which figures these were, and their digests
    assert lacking
    assert all(name.startswith(("core/", "raw/")) and in_use not in name for name in lacking)


def test_all_of_it_comes_back_on_an_empty_machine(installation, tmp_path, monkeypatch, capsys):
    made = backup()
    in_use, before = snapshot.current(), names_in(installation)
    database.close()
    monkeypatch.setenv("RISICOBEELD_DATA", str(tmp_path / "elsewhere"))
    assert data.main(["restore", str(made.path)]) == 0
    assert data.main(["verify", "--backup", str(made.path)]) == 0
    assert snapshot.current().files == in_use.files
    assert names_in(tmp_path / "elsewhere") >= {name for name in before if name in made.files}
    told = capsys.readouterr().out
    assert f"{len(made.files)} files put back, 0 of this machine" in told
    (tmp_path / "elsewhere" / "feed_tokens.json").unlink()
    assert data.main(["verify", "--backup", str(made.path)]) == 2
    assert "feed_tokens.json is not there" in capsys.readouterr().err


def test_sites_of_an_added_kind_come_back_with_their_kind(data_dir, tmp_path, monkeypatch):
    data_dir.mkdir(parents=True)
    kinds = '[poultry_farm]\nnl = "Pluimveebedrijf"\nen = "Poultry farm"\njudged_0_10 = 6\nwords = ["pluimvee"]\n'
    (data_dir / site_kinds.FILE).write_text(kinds)
    (tmp_path / "hoven.csv").write_text("naam;soort;gemeente\nHof Een;pluimvee;Ede\n")
    assert data.main(["import", "sites", str(tmp_path / "hoven.csv")]) == 0
    made = backup()
    database.close()
    monkeypatch.setenv("RISICOBEELD_DATA", str(tmp_path / "elsewhere"))
    restore(made.path)
    assert (tmp_path / "elsewhere" / site_kinds.FILE).read_text() == kinds
    assert snapshot.current().table("sites")["kind"].to_list() == ["poultry_farm"]
    assert proof.differences(made.path) == []


def test_what_is_whole_and_newer_stays_and_what_is_damaged_comes_back(installation):
    made = backup()
    in_use = snapshot.current()
    (in_use.path / "sites.parquet").write_bytes(b"kapot")
    (installation / "core" / "CURRENT").write_bytes(b"\xff\xfe")
    (installation / "feed_tokens.json").write_text('{"newer": {}}')
    audit.note("read", who="later", role="lotc", surface="test")
    trail = next((installation / "audit").glob("*.jsonl")).read_bytes()
    done = restore(made.path)
    assert snapshot.current().data_version == in_use.data_version
    assert {"core/CURRENT", f"core/{in_use.data_version}/sites.parquet"} <= set(done.files)
    assert "feed_tokens.json" in done.files_kept
    assert next((installation / "audit").glob("*.jsonl")).read_bytes().startswith(trail)


@pytest.mark.parametrize("damage", ["unlink", "empty", "bytes"])
def test_a_pointer_that_is_gone_is_damage_and_not_a_first_start(installation, damage, capsys):
    in_use = snapshot.current()
    pointer = installation / "core" / "CURRENT"
    pointer.unlink() if damage == "unlink" else pointer.write_bytes(b"\xff\xfe" if damage == "bytes" else b"")
    assert data.main(["status", "--ready"]) == 1
    assert "CURRENT" in capsys.readouterr().out
    for words in (["verify"], ["backup"]):
        assert data.main(words) == 2
        assert "CURRENT" in capsys.readouterr().err
    assert len(list((installation / "register" / "backups").iterdir())) == 1  # the register is kept all the same
    found = snapshot.last_good()
    assert found is not None
    assert found.data_version == in_use.data_version
    snapshot.switch(in_use)  # as the next refresh does
    assert data.main(["verify"]) == 0


def test_figures_without_a_register_are_told_when_nothing_else_is_left(installation, tmp_path, monkeypatch, capsys):
    """All but the snapshots was lost: nothing tells that from figures before the first entry, so it is said."""
    for words in (["status", "--ready"], ["verify"]):
        assert data.main(words) == 0
        assert "no register" not in capsys.readouterr().out, "there is one, with an entry"
    database.close()
    monkeypatch.setenv("RISICOBEELD_DATA", str(tmp_path / "left"))
    monkeypatch.delenv("RISICOBEELD_REGISTER", raising=False)
    shutil.copytree(installation / "core", tmp_path / "left" / "core")
    for words, code in ((["status", "--ready"], 1), (["verify"], 2), (["backup"], 2)):
        assert data.main(words) == code
        assert "core/.register tells that there was one" in "".join(capsys.readouterr())
    (tmp_path / "left" / "core" / known.MARK).unlink()
    traces.look_again()
    for words in (["status", "--ready"], ["verify"]):
        assert data.main(words) == 0
        assert "figures in" in (told := capsys.readouterr().out)
        assert "no register: right for a first start" in told
        assert "restore a backup" in told
    monkeypatch.setenv("RISICOBEELD_DATA", str(tmp_path / "new"))
    assert data.main(["status", "--ready"]) == 0
    assert "no register" not in capsys.readouterr().out, "the demonstration begins without one"


@pytest.mark.usefixtures("installation")
def test_one_file_where_one_asks_and_nobody_else_reads_it(tmp_path, capsys):
    assert data.main(["backup", "--out", str(tmp_path / "een.zip")]) == 0
    assert (tmp_path / "een.zip").stat().st_mode & 0o777 == 0o600
    capsys.readouterr()
    assert data.main(["restore", "--replace", str(tmp_path / "een.zip")]) == 0
    assert proof.differences(tmp_path / "een.zip") == []


def test_a_copy_leaves_the_machine_encrypted_or_not_at_all(installation, tmp_path, monkeypatch, capsys):
    place, key = tmp_path / "away", tmp_path / "key.txt"
    place.mkdir()
    monkeypatch.setenv("RISICOBEELD_BACKUP_TO", str(place))
    assert data.main(["backup"]) == 2
    assert "nothing leaves this machine unencrypted" in capsys.readouterr().err
    assert list(place.iterdir()) == []
    assert len(list((installation / "register" / "backups").iterdir())) == 1
    public = sealed.new_key(key)
    assert key.stat().st_mode & 0o777 == 0o600
    with pytest.raises(InputError, match="does not exist"):
        sealed.new_key(key)
    monkeypatch.setenv("RISICOBEELD_BACKUP_KEY", public)
    assert data.main(["backup"]) == 0
    (copy,) = place.iterdir()
    assert copy.read_bytes().startswith(b"age-encryption.org/")
    assert not zipfile.is_zipfile(copy)
    with pytest.raises(RegisterError, match="is encrypted"):
        restore(copy)
    other = tmp_path / "other.txt"
    sealed.new_key(other)
    with pytest.raises(RegisterError, match="cannot be decrypted"):
        restore(copy, identity=other)
    capsys.readouterr()
    assert data.main(["restore", str(copy), "--identity", str(key)]) == 0
    monkeypatch.setenv("RISICOBEELD_BACKUP_KEY", "age1wrong")
    assert data.main(["backup"]) == 2
    assert "begins with age1" in capsys.readouterr().err


def test_a_copy_for_which_there_is_no_room_is_none(tmp_path, monkeypatch):
    made = tmp_path / "een.zip"
    made.write_bytes(b"x" * 3_000)  # so little that age writes all of it at its end
    place = tmp_path / "away"
    place.mkdir()
    monkeypatch.setenv("RISICOBEELD_BACKUP_TO", str(place))
    monkeypatch.setenv("RISICOBEELD_BACKUP_KEY", sealed.new_key(tmp_path / "key.txt"))
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    for room in (0, 1_000, 3_100):
        resource.setrlimit(resource.RLIMIT_FSIZE, (room, hard))
        try:
            with pytest.raises(RegisterError, match=r"was made here, but not copied to .*away"):
                sealed.copy_away(made)
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        assert list(place.iterdir()) == []
    assert sealed.copy_away(made).stat().st_size > 3_000


def test_a_backup_that_could_not_be_copied_is_tried_and_stays(installation, tmp_path, monkeypatch, capsys):
    tried = []
    monkeypatch.setattr(commands, "drill", tried.append)
    monkeypatch.setenv("RISICOBEELD_BACKUP_KEY", sealed.new_key(tmp_path / "key.txt"))
    (tmp_path / "file").touch()
    for place in (tmp_path / "absent", tmp_path / "file", tmp_path / "file" / "deep"):
        monkeypatch.setenv("RISICOBEELD_BACKUP_TO", str(place))
        assert data.main(["backup", "--drill"]) == 2
        (told,) = capsys.readouterr().err.splitlines()
        assert f"not copied to {place}" in told
    assert len(tried) == len(list((installation / "register" / "backups").iterdir())) == 3
    assert data.main(["backup", "--out", str(tmp_path)]) == 2
    assert "is a folder; name a file in it" in capsys.readouterr().err


def told_otherwise(path, change):
    """Write the list of a backup anew, as ``change`` leaves or returns it."""
    with zipfile.ZipFile(path) as packed:
        content = {name: packed.read(name) for name in packed.namelist()}
    told = json.loads(content["manifest.json"])
    found = change(told)
    content["manifest.json"] = json.dumps(told if found is None else found).encode()
    with zipfile.ZipFile(path, "w") as packed:
        for name, body in content.items():
            packed.writestr(name, body)


NO_FACTS = {"sha256": "0", "size_bytes": 0}
LISTS = {
    "a file elsewhere": (lambda told: told["files"].update({"../../elders": NO_FACTS}), "outside of the data folder"),
    "the database": (
        lambda told: told["files"].update({"register/register.sqlite": NO_FACTS}),
        "which no backup holds",
    ),
    "no list": (lambda _told: [1], "no backup that this program knows"),
    "no files": (lambda told: told.pop("files") and None, "cannot be used"),
    "no facts": (lambda told: told["files"].update({"feed_tokens.json": 3}), "cannot be used"),
    "tables in a row": (lambda told: told.update(tables=[1]), "cannot be used"),
    "no moment": (lambda told: told.update(made_at="gisteren"), "cannot be used"),
    "the last year": (lambda told: told.update(made_at="9999-12-31T00:00:00+00:00"), "cannot be used"),
}


@pytest.mark.usefixtures("installation")
@pytest.mark.parametrize("how", LISTS)
def test_a_backup_whose_list_is_not_as_it_was_written_changes_nothing(tmp_path, how):
    made = backup(tmp_path / "een.zip")
    change, sentence = LISTS[how]
    told_otherwise(made.path, change)
    before = database.sqlite_path().read_bytes()
    with pytest.raises(RegisterError, match=sentence):
        restore(made.path)
    assert database.sqlite_path().read_bytes() == before


@pytest.mark.usefixtures("installation")
def test_a_zip_that_is_locked_or_packed_in_an_unknown_way_is_one_sentence(tmp_path):
    made = backup(tmp_path / "een.zip")
    whole = made.path.read_bytes()
    for place, value in ((8, 1), (10, 99)):  # of an entry of the directory: its flags, and how it is packed
        content, at = bytearray(whole), -1
        while (at := whole.find(b"PK\x01\x02", at + 1)) >= 0:
            content[at + place] = value
        made.path.write_bytes(content)
        with pytest.raises(RegisterError, match="cannot be used"):
            restore(made.path)
