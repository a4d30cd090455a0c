"""Snapshots are whole or not there, and the last good one stays whatever happens."""

import json
import os
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from door import store as access
from geodata import settings
from geodata.errors import SnapshotError
from geodata.snapshots import deliveries, formats, snapshot
from geodata.snapshots.manifests import SourceRecord

RECORD = SourceRecord("establishments_file", "2023-01-01", 1, "invented.csv", "CC BY 4.0", "")


def core(marker: str) -> snapshot.Snapshot:
    """Switch to a snapshot with the embedded tables and a record of its own."""
    embedded = snapshot.read_core(settings.EMBEDDED_DIR)
    tables = {name: embedded.table(name) for name in embedded.files}
    return snapshot.write_core(tables, [SourceRecord(**(RECORD.__dict__ | {"address": marker}))])


def test_without_any_import_the_embedded_demonstration_is_in_use() -> None:
    found = snapshot.current()
    assert found.is_demonstration
    assert found.path == settings.EMBEDDED_DIR
    assert found.rows_n["gemeenten"] == 342


def test_the_embedded_snapshot_is_small() -> None:
    total = sum(path.stat().st_size for path in settings.EMBEDDED_DIR.rglob("*") if path.is_file())
    assert total < 1_500_000


def test_the_same_tables_give_the_same_version() -> None:
    assert core("a").data_version == core("a").data_version
    assert core("a").data_version != core("b").data_version


def test_a_table_that_a_delivery_leaves_as_it_was_is_not_read_again(monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = core("a"), core("b")
    read = first.table("incidence")
    monkeypatch.setattr(formats, "read_parquet", lambda _name, path: pytest.fail(f"{path} is read again"))
    assert second.table("incidence").equals(read)


@pytest.mark.parametrize("damage", ["cut", "removed", "changed", "no manifest", "manifest cut"])
def test_a_damaged_snapshot_is_named_and_the_one_before_it_remains(damage: str) -> None:
    good, bad = core("good"), core("bad")
    path = bad.path / ("manifest.json" if "manifest" in damage else "exposure.parquet")
    content = path.read_bytes()
    if damage in ("removed", "no manifest"):
        path.unlink()
    elif damage == "changed":
        path.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    else:
        path.write_bytes(content[: len(content) // 2])
    with pytest.raises(SnapshotError) as caught:
        snapshot.current()
    assert str(bad.path) in str(caught.value)
    assert "import" in str(caught.value)
    last_good = snapshot.last_good()
    assert last_good is not None
    assert last_good.data_version == good.data_version


def test_a_damaged_snapshot_of_real_data_never_becomes_the_demonstration() -> None:
    only = core("only")
    (only.path / "sites.parquet").unlink()
    with pytest.raises(SnapshotError):
        access.open_store(access.Viewer("lotc"))
    assert snapshot.last_good() is None


def test_a_process_killed_at_any_point_of_the_switch_leaves_a_whole_picture() -> None:
    """Kill a writer after each number of file operations in turn; a reader always finds one or the other."""
    first = core("first")
    script = textwrap.dedent(
        """
        import os, signal, sys
        from tests.geodata.snapshots.test_snapshot import core
        def write_until(stop):
            count = 0
            def audit(event, arguments):
                nonlocal count
                if event in ("open", "os.rename", "os.mkdir", "os.remove", "shutil.copyfile", "os.chmod"):
                    count += 1
                    if count == stop:
                        os.kill(os.getpid(), signal.SIGKILL)
            sys.addaudithook(audit)
            core("second")
        for line in sys.stdin:
            writer = os.fork()  # what a writer needs is loaded once for all
            if not writer:
                try:
                    write_until(int(line))
                    os._exit(0)
                finally:
                    os._exit(1)
            print(os.waitstatus_to_exitcode(os.waitpid(writer, 0)[1]), flush=True)
        """
    )
    outcomes = set()
    command, environment = [sys.executable, "-c", script], os.environ | {"PYTHONPATH": "."}
    with subprocess.Popen(
        command, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1
    ) as launcher:
        for stop in (1, 5, 9, 14, 20, 26, 32, 40, 55, 10_000):
            launcher.stdin.write(f"{stop}\n")
            status = int(launcher.stdout.readline())
            outcomes.add(status)
            found = snapshot.current()
            assert found.table("exposure") is not None
            if status == 0:
                assert found.data_version != first.data_version
        launcher.stdin.close()
    assert outcomes == {0, -signal.SIGKILL}


def test_a_second_import_waits_its_turn_and_a_crash_frees_the_lock() -> None:
    script = "from geodata.snapshots import snapshot\nwith snapshot.lock():\n    print('held', flush=True)\n    input()"
    holder = subprocess.Popen([sys.executable, "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert holder.stdout is not None
    assert holder.stdin is not None
    assert holder.stdout.readline() == "held\n"
    with pytest.raises(SnapshotError, match="wait until it is done"), snapshot.lock():
        pass
    holder.kill()
    holder.wait()
    holder.stdout.close()
    holder.stdin.close()
    with snapshot.lock():
        pass


def test_deliveries_are_dated_and_never_overwritten(tmp_path: Path) -> None:
    origin = tmp_path / "invented.csv"
    origin.write_text("a")
    first = deliveries.write_raw(RECORD, {"invented.csv": origin}, {})
    origin.write_text("b")
    second = deliveries.write_raw(RECORD, {"invented.csv": origin}, {})
    assert first.path != second.path
    assert (first.path / "invented.csv").read_text() == "a"
    assert deliveries.latest_raw()["establishments_file"].path == second.path
    (second.path / "invented.csv").write_text("edited by hand")
    with pytest.raises(SnapshotError, match="damaged"):
        deliveries.read_raw(second.path)


def test_the_manifest_tells_where_every_table_came_from() -> None:
    manifest = json.loads((settings.EMBEDDED_DIR / "manifest.json").read_text())
    assert {record["source_id"] for record in manifest["sources"]} == {
        "boundaries",
        "water",
        "gemeente_facts",
        "sector_jobs",
        "demonstration",
    }
    for record in manifest["sources"]:
        assert record["licence"]
        assert record["source_date"]
