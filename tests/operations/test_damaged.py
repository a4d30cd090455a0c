"""What is damaged is told, made again where it can be, and never keeps the rest from being shown."""

import errno
import json
import os
import resource
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace

import pytest

from commands import data, scores
from geodata import settings
from geodata.errors import SnapshotError
from geodata.snapshots import computed, deliveries, snapshot
from risk.index.model import load_model
from risk.scores import outputs
from tests.browser.fixtures import free_port, stop
from tests.geodata.snapshots.test_snapshot import RECORD

ROOT = Path(__file__).parents[2]


def level_folder() -> Path:
    model = load_model()
    return computed.out_level(model.version, snapshot.current().data_version, "vr")


@pytest.mark.parametrize("damage", ["truncate", "flip", "empty", "remove"])
def test_damaged_scores_are_made_again_by_themselves(computed, data_dir, damage) -> None:
    (data_dir / "out").parent.mkdir(parents=True, exist_ok=True)
    subprocess.run(["cp", "-r", str(computed), str(data_dir / "out")], check=True)
    path = level_folder() / "scores.parquet"
    content = path.read_bytes()
    assert outputs.is_ready(snapshot.current().data_version, "vr", load_model())
    if damage == "remove":
        path.unlink()
    else:
        flipped = content[:-50] + bytes([content[-50] ^ 1]) + content[-49:]
        worse = {"truncate": content[:500], "empty": b"", "flip": flipped}
        path.write_bytes(worse[damage])
    assert not outputs.is_ready(snapshot.current().data_version, "vr", load_model())
    if damage == "truncate":  # computing takes long, and is the same whatever it replaces
        outputs.ensure(snapshot.current().data_version, "vr", load_model())
        assert path.read_bytes() == content


def two_snapshots() -> tuple[snapshot.Snapshot, snapshot.Snapshot]:
    embedded = snapshot.read_core(settings.EMBEDDED_DIR)
    tables = {name: embedded.table(name) for name in embedded.files}
    older = snapshot.write_core(tables, [RECORD], is_demonstration=True)
    tables["sites"] = tables["sites"].iloc[:-1]
    return older, snapshot.write_core(tables, [RECORD], is_demonstration=True)


def ask(url: str) -> tuple[int, str]:
    try:
        with urllib.request.urlopen(url, timeout=60) as answer:  # noqa: S310 - our own server
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as refused:
        with refused:
            return refused.code, refused.read().decode()
    except OSError:
        return 0, ""


def test_after_a_restart_the_last_good_picture_is_served_and_ready_says_why(data_dir, tmp_path) -> None:
    _, newest = two_snapshots()
    (newest.path / "exposure.parquet").write_bytes(b"kapot")
    port, watched = free_port(), free_port()
    environment = os.environ | {
        "RISICOBEELD_DATA": str(data_dir),
        "RISICOBEELD_WATCH": f"127.0.0.1:{watched}",
        "RISICOBEELD_REGISTER": "postgresql://nobody:secret-word@127.0.0.1:1/none",
    }
    log = tmp_path / "serve.log"
    with log.open("wb") as output:
        server = subprocess.Popen(
            [sys.executable, "-m", "dashboard.serve", "--port", str(port)],
            cwd=ROOT,
            env=environment,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    try:
        while ask(f"http://127.0.0.1:{port}/_stcore/health")[0] != 200:
            assert server.poll() is None, log.read_text("utf-8")
            time.sleep(0.2)
        status, told = ask(f"http://127.0.0.1:{watched}/ready")
        assert status == 503
        assert "exposure.parquet is damaged" in json.loads(told)["snapshot"]
        assert "does not answer" in json.loads(told)["register"]
        assert "not ready" in log.read_text("utf-8")
        assert "secret-word" not in log.read_text("utf-8")
    finally:
        stop(server)


@pytest.fixture
def full_disk():
    """Let no file grow beyond some bytes, as a disk that is full; the trail's own line still fits."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    ignored = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (5_000, hard))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    signal.signal(signal.SIGXFSZ, ignored)


@pytest.mark.usefixtures("full_disk")
def test_a_full_disk_is_one_sentence_and_status_two(capsys) -> None:
    files = {"x.parquet": settings.EMBEDDED_DIR / "exposure.parquet"}
    assert data.main(["status", "--ready"]) in (0, 1)
    capsys.readouterr()
    with pytest.raises(OSError, match="too large"):
        deliveries.write_raw(RECORD, files, {})  # what an import does first
    rows = "gemeente_code,week,cases_n\n" + "".join(f"GM0363,2020-W{week:02d},{week % 7}\n" for week in range(10, 50))
    path = settings.data_dir().parent / "cases.csv"
    path.write_text(rows)
    assert data.main(["import", "incidence", str(path), "--disease", "COVID-19"]) == 2
    told = capsys.readouterr().err
    assert len(told.splitlines()) == 1
    assert "free some disk space" in told
    assert "Traceback" not in told


def test_scores_that_cannot_be_kept_are_one_sentence(data_dir) -> None:
    data_dir.mkdir(parents=True)
    (data_dir / "out").write_text("a file where a folder should be")  # also root cannot write there
    with pytest.raises(SnapshotError, match="cannot be kept"), computed.one_at_a_time(level_folder()):
        pass


def test_on_a_disk_that_may_not_be_written_scores_are_kept_apart_and_that_is_told(data_dir, monkeypatch, caplog):
    write, folder = computed._write_out, level_folder()

    def refuse(place: Path, *given: object) -> None:
        if place.is_relative_to(data_dir):
            raise OSError(errno.EROFS, os.strerror(errno.EROFS))
        write(place, *given)

    monkeypatch.setattr(computed, "_write_out", refuse)
    monkeypatch.setattr(computed, "_apart", {})
    computed.refuse_apart()
    with computed.one_at_a_time(folder):
        computed.write_out(folder, {}, {"method_sha256": "x"})
    assert "Read-only file system" in caplog.text
    assert "for this process alone" in caplog.text
    assert not folder.exists()
    assert computed.read_facts(level_folder())["method_sha256"] == "x"
    with pytest.raises(SnapshotError, match="cannot be kept"):
        computed.refuse_apart()


@pytest.mark.usefixtures("full_disk")
def test_nothing_is_computed_to_be_kept_on_a_full_disk(capsys):
    assert scores.main(["prepare"]) == 2
    (told,) = capsys.readouterr().err.splitlines()
    assert "cannot be kept" in told


def test_who_is_asked_to_keep_scores_says_first_that_they_cannot_be_kept(data_dir, capsys):
    data_dir.mkdir(parents=True)
    (data_dir / "out").write_text("a file where a folder should be")
    assert scores.main(["prepare"]) == 2
    (told,) = capsys.readouterr().err.splitlines()
    assert "cannot be kept" in told


# --- pruning --------------------------------------------------------------------------------------------------


def age(folder: Path, days: int) -> None:
    moment = (datetime.now(UTC) - timedelta(days=days)).timestamp()
    os.utime(folder, (moment, moment))


def test_old_figures_go_by_the_rule_and_what_is_in_use_stays(data_dir, tmp_path) -> None:
    embedded = snapshot.read_core(settings.EMBEDDED_DIR)
    tables = {name: embedded.table(name) for name in embedded.files}
    made = []
    for number in range(snapshot.CORE_KEPT + 3):
        tables["sites"] = tables["sites"].iloc[:-1]
        made.append(snapshot.write_core(tables, [RECORD]).path)
        (data_dir / "out" / f"2-{made[-1].name}" / "vr").mkdir(parents=True)
        age(made[-1], 100 - number)
    (data_dir / "out" / f"2-{embedded.data_version}").mkdir()
    origin = tmp_path / "invented.csv"
    origin.write_text("a")
    first = deliveries.write_raw(RECORD, {"invented.csv": origin}, {}).path
    days = [date(2020, month, day) for month in (3, 4, 5) for day in (2, 9, 16)]
    dated = [first.rename(first.parent / f"{days[0]}")]
    for day in days[1:]:
        made_today = deliveries.write_raw(RECORD, {"invented.csv": origin}, {}).path
        dated.append(made_today.rename(first.parent / f"{day}"))
    today = datetime.now(UTC).date()
    told = snapshot.prune(today, dry_run=True)
    assert all(path.is_dir() for path in (*made, *dated))
    assert snapshot.prune(today) == told
    kept = snapshot.CORE_KEPT
    assert [path.is_dir() for path in made] == [False] * (len(made) - kept) + [True] * kept
    assert {path.name for path in (data_dir / "out").iterdir()} == {
        f"2-{embedded.data_version}",
        *(f"2-{path.name}" for path in made[-kept:]),
    }
    gone = {path.name for path in dated if not path.is_dir()}
    assert gone == {"2020-03-02", "2020-03-09", "2020-04-02"}  # not the last of a month, nor the newest five
    assert snapshot.current().path == made[-1]
    assert snapshot.prune(today) == []


@pytest.mark.parametrize("taken_first", ["manifest.json", "invented.csv", "sites.parquet"])
def test_a_prune_that_is_killed_leaves_nothing_of_which_half_is_gone(data_dir, tmp_path, monkeypatch, taken_first):
    old, new = two_snapshots()
    (data_dir / "core" / "CURRENT").write_text(new.data_version)
    origin = tmp_path / "invented.csv"
    origin.write_text("a")
    first = deliveries.write_raw(RECORD, {"invented.csv": origin}, {}).path
    for day in range(1, 9):
        made_today = deliveries.write_raw(RECORD, {"invented.csv": origin}, {}).path
        made_today.rename(first.parent / f"2020-03-0{day}")
    for folder in (old.path, new.path):
        age(folder, 100)
    (data_dir / "out" / f"2-{old.data_version}" / "vr").mkdir(parents=True)
    monkeypatch.setattr(snapshot, "CORE_KEPT", 1)
    today = datetime.now(UTC).date()
    told, killed_n = len(snapshot.prune(today, dry_run=True)), 0
    assert told == 1 + 4 + 1

    def killed(folder: Path, **_: object) -> None:
        nonlocal killed_n
        killed_n += 1
        for path in folder.glob(f"**/{taken_first}"):
            path.unlink()
        raise KeyboardInterrupt

    for _ in range(told):
        with monkeypatch.context() as patched:
            patched.setattr(snapshot, "shutil", SimpleNamespace(rmtree=killed))
            with pytest.raises(KeyboardInterrupt):
                snapshot.prune(today)
        assert all(one.path.is_dir() for one in deliveries.every_raw())
        assert all(snapshot.version(folder.name).files for folder in snapshot.in_core())
    snapshot.prune(today)
    assert killed_n == told
    assert list(data_dir.rglob(".part-*")) == []
    assert {path.name for path in (data_dir / "core").glob("[0-9a-f]*")} == {new.data_version}
    assert len(deliveries.every_raw()) == 5
    assert list((data_dir / "out").iterdir()) == []


def test_nothing_is_pruned_while_nothing_tells_what_is_in_use(data_dir) -> None:
    two_snapshots()
    (data_dir / "core" / "CURRENT").unlink()
    with pytest.raises(SnapshotError, match="not known any more"):
        snapshot.prune(datetime.now(UTC).date())
    assert len(snapshot.in_core()) == 2
