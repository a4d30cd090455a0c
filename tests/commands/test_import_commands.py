"""What an import leaves behind: nothing after a refusal or a dry run, one version for one file, a list when asked."""

import json
from pathlib import Path

import pandas as pd
import pytest

from commands import data as command
from geodata.refresh import imports
from geodata.snapshots import deliveries

SITES = "naam;gemeente;bedden\nEen;Ede;10\nTwee;Amsterdam;ca. 9\nDrie;Nergens;3\n"


def run(*arguments: object) -> int:
    return command.main(["import", *map(str, arguments)])


def status(capsys: pytest.CaptureFixture[str]) -> dict[str, object]:
    capsys.readouterr()
    assert command.main(["status", "--json"]) == 0
    found: dict[str, object] = json.loads(capsys.readouterr().out)
    return found


@pytest.fixture
def listed(tmp_path: Path) -> Path:
    path = tmp_path / "lijst.csv"
    path.write_text(SITES)
    return path


def test_the_same_file_twice_makes_no_new_version(listed: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("sites", listed, "--kind", "lodging") == 0
    before = status(capsys)
    assert run("sites", listed, "--kind", "lodging", "--date", "2020-01-01") == 0
    assert "no new version" in capsys.readouterr().out
    assert status(capsys) == before
    assert len(deliveries.every_raw()) == 1
    listed.write_text(SITES.replace("10", "12"))
    assert run("sites", listed, "--kind", "lodging") == 0
    assert status(capsys)["data_version"] != before["data_version"]


def test_a_dry_run_and_a_refusal_change_nothing_that_status_tells(
    listed: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = status(capsys)
    assert run("sites", listed, "--kind", "lodging", "--dry-run") == 0
    assert "would be imported" in capsys.readouterr().out
    assert status(capsys) == before
    listed.write_text(SITES.replace("Ede", "Nergens").replace("Amsterdam", "Nergens"))
    assert run("sites", listed, "--kind", "lodging") == 2
    assert "keeps 0 of 3 rows" in capsys.readouterr().err
    assert status(capsys) == before
    assert not deliveries.every_raw()


def test_the_list_of_rows_can_be_saved(listed: Path, tmp_path: Path) -> None:
    saved = tmp_path / "bon.csv"
    assert run("sites", listed, "--kind", "lodging", "--receipt", saved) == 0
    rows = pd.read_csv(saved)
    assert rows["row_n"].tolist() == [3, 4]
    assert rows["what"].tolist() == ["read as something else", "left out"]
    assert run("sites", listed, "--kind", "lodging", "--receipt", tmp_path / "no" / "bon.csv") == 2


def test_what_a_page_received_is_read_under_its_own_name() -> None:
    with imports.handed_over(SITES.encode(), "..\\map/lijst.csv") as path:
        assert (path.name, path.read_text()) == ("lijst.csv", SITES)
    assert not path.exists()


def test_status_holds_no_path_and_no_clock(listed: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("sites", listed, "--kind", "lodging", "--date", "2020-01-01") == 0
    said = json.dumps(status(capsys))
    assert str(tmp_path) not in said
    assert "retrieved_at" not in said
