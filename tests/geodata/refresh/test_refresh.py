"""The refresh as a whole: one switch, killed at any point, as of a date, and what a scheduler is told."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from commands import data as command
from door import store as access
from geodata import codes
from geodata.intake.columns import ColumnMapping
from geodata.refresh import imports
from geodata.snapshots import deliveries
from geodata.sources.registry import CONNECTORS
from tests.server import local
from tests.server.local import LocalServer

KILLER = Path(__file__).parent / "killed_at_any_point.py"


def store() -> access.ScopedStore:
    return access.open_store(access.Viewer("lotc"))


def write_cases(folder: Path, name: str, cases: int) -> Path:
    path = folder / name
    path.write_text(f"gemeente;week;aantal\nGM0363;2026-W01;{cases}\n", "utf-8")
    return path


class TestWhole:
    def test_every_source_lands_in_one_picture(self, server: LocalServer, capsys: pytest.CaptureFixture[str]) -> None:
        assert server
        assert command.main(["refresh"]) == 0
        out, err = capsys.readouterr()
        wanted = {name for name, connector in CONNECTORS.items() if not connector.is_bulk}
        assert {line.split()[0] for line in out.splitlines() if line.endswith(" rows")} == wanted
        assert all(f"{name} " in err for name in wanted)  # a bar for each
        seen = store()
        assert not seen.is_demonstration
        assert len(seen.table("exposure")) == 342 * 20
        assert set(seen.table("sites")["source"]) >= {"osm", "traces", "pdok_parks", "pdok_greenhouses"}
        # a site of two sources is one, with the size of OpenStreetMap
        parks = seen.table("sites").query("kind == 'holiday_park' and gemeente_code == 'GM0498'")
        assert parks[["source", "size_n"]].to_numpy().tolist() == [["pdok_parks", 300.0]]
        assert len(seen.table("activations")) == 0  # none are real, so none are shown
        first = deliveries.latest_raw()
        assert all(raw.record.sha256 and raw.record.retrieved_at and raw.record.licence for raw in first.values())
        # nothing changed at the publishers: no new delivery, the same version
        version = seen.data_version
        assert command.main(["refresh"]) == 0
        told = capsys.readouterr().out.splitlines()
        assert {line.split()[1] for line in told if line.endswith(" rows")} == {"unchanged"}
        assert "It switches nothing on or off." in told
        assert store().data_version == version
        # and status tells each source's age and health
        assert command.main(["status", "--json"]) == 0
        facts = json.loads(capsys.readouterr().out)
        ages = {row["source"]: (row["health"], row["age_days"]) for row in facts["sources"]}
        assert ages["rivm"][0] == "frozen"
        assert isinstance(ages["cbs_jobs"][1], int)
        assert "demonstration" not in ages


class TestExitStatus:
    def test_all_good_is_0(self, server: LocalServer) -> None:
        assert server
        assert command.main(["refresh", "pdok_parks"]) == 0

    def test_some_failed_is_1(self, server: LocalServer, capsys: pytest.CaptureFixture[str]) -> None:
        server.fail("/tracesnt/", local.status(503))
        assert command.main(["refresh", "pdok_parks", "traces"]) == 3
        assert "Source traces: " in capsys.readouterr().err
        command.main(["status"])
        assert "failing: traces (last good never)" in capsys.readouterr().out

    def test_nothing_done_is_2(self, server: LocalServer, capsys: pytest.CaptureFixture[str]) -> None:
        server.fail("/tracesnt/", local.status(503))
        assert command.main(["refresh", "traces"]) == 2
        assert command.main(["refresh", "no_such_source"]) == 2
        assert "choose from" in capsys.readouterr().err
        assert store().is_demonstration


class TestCheck:
    def test_all_as_expected(self, server: LocalServer, capsys: pytest.CaptureFixture[str]) -> None:
        assert server
        assert command.main(["check"]) == 0
        assert capsys.readouterr().out.count("as expected") == 14

    def test_what_differs_is_told_per_source(self, server: LocalServer, capsys: pytest.CaptureFixture[str]) -> None:
        server.fail("/DataProperties", lambda _request, _answer: local.Answer(b'{"value": []}'))
        server.fail("/tracesnt/", local.status(403))
        server.fail("/collections$", lambda _request, _answer: local.Answer(b'{"collections": []}'))
        assert command.main(["check"]) == 1
        out = capsys.readouterr().out
        assert "onder glas" in out
        assert "HTTP 403" in out
        assert "collection gebouw_vlak is not served" in out


class TestAsOf:
    def test_the_tables_come_back_as_they_were_known(self, tmp_path: Path, data_dir: Path) -> None:
        imports.import_incidence(write_cases(tmp_path, "cases.csv", 3), "invented", ColumnMapping())
        known_then = store().table("incidence")["cases_n"].tolist()
        version_then = store().data_version
        # what came in today is dated a month back, then a second delivery arrives
        raw = data_dir / "raw" / "incidence_file.cases"
        (only,) = raw.iterdir()
        only.rename(raw / "2026-01-15")
        imports.import_incidence(write_cases(tmp_path, "cases.csv", 8), "invented", ColumnMapping())
        assert store().table("incidence")["cases_n"].tolist() == [8]
        assert command.main(["refresh", "--as-of", "2026-02-01"]) == 0
        assert store().table("incidence")["cases_n"].tolist() == known_then
        assert store().data_version == version_then
        assert command.main(["refresh", "--as-of", "2026-01-01"]) == 0
        assert store().is_demonstration

    def test_a_date_that_is_none_is_refused(self) -> None:
        with pytest.raises(SystemExit):
            command.main(["refresh", "--as-of", "gisteren"])


class TestKilled:
    """A process killed between any two changes to the data folder leaves the old picture or the new one, whole."""

    def test_at_any_point_of_an_import(self, tmp_path: Path) -> None:
        result = subprocess.run(
            [sys.executable, "-W", "error", str(KILLER), str(tmp_path)],
            capture_output=True,
            text=True,
            check=False,
            cwd=Path(__file__).parents[3],
            env={**os.environ, "PYTHONPATH": "."},
        )
        assert result.returncode == 0, result.stderr
        report = json.loads(result.stdout)
        assert report["points"] >= 25
        assert report["old_n"] > 0
        assert report["new_n"] > 0
        assert report["broken"] == []

    def test_what_was_left_half_written_is_swept(self, data_dir: Path, server: LocalServer) -> None:
        assert server
        for left in ("raw/osm/.part-x", "core/.part-y", "core/.build-z", ".fetch-w"):
            (data_dir / left).mkdir(parents=True)
        command.main(["refresh", "pdok_parks"])
        assert not [path for path in data_dir.rglob(".*") if path.is_dir()]


class TestDemonstration:
    def test_new_regions_alone_leave_the_demonstration_on(self, server: LocalServer) -> None:
        assert server
        assert command.main(["refresh", "cbs_regions", "pdok_areas"]) == 0
        seen = store()
        assert seen.is_demonstration
        assert seen.status_band == codes.EXAMPLE_BAND_NL
        assert "gemeente_facts" not in {record.source_id for record in seen.sources}
        population = seen.table("gemeenten").set_index("gemeente_code")["population_n"]
        assert seen.table("veiligheidsregios")["population_n"].sum() == population.sum()

    @pytest.mark.parametrize("source_id", ["pdok_parks", "rivm", "cbs_establishments"])
    def test_the_first_real_delivery_switches_all_of_it_off(self, server: LocalServer, source_id: str) -> None:
        assert server
        command.main(["refresh", source_id])
        seen = store()
        assert not seen.is_demonstration
        counts = {name: len(seen.table(name)) for name in ("exposure", "sites", "activations", "incidence")}
        assert sum(count > 0 for count in counts.values()) == 1


def test_a_damaged_delivery_is_named_and_the_picture_stays(tmp_path: Path, data_dir: Path) -> None:
    imports.import_incidence(write_cases(tmp_path, "cases.csv", 3), "invented", ColumnMapping())
    version = store().data_version
    (damaged,) = data_dir.glob("raw/*/*/cases.csv")
    damaged.write_text("other", "utf-8")
    assert command.main(["import", "incidence", str(write_cases(tmp_path, "more.csv", 1)), "--disease", "x"]) == 2
    assert store().data_version == version
    shutil.rmtree(damaged.parents[1])
    assert command.main(["import", "incidence", str(tmp_path / "more.csv"), "--disease", "x"]) == 0
