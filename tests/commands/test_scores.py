"""The commands, run as a user runs them: files in every format, scoped, and errors in one sentence."""

import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import geopandas as gpd
import pandas as pd
import pytest

from commands.scores import main
from geodata import codes
from risk.index.declaration import Model

pytestmark = pytest.mark.usefixtures("scored")  # computing the scores is not what is tested here
ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="session")
def scored_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return one data folder for all commands here."""
    return tmp_path_factory.mktemp("scored")


@pytest.fixture(autouse=True)
def data_dir(scored_dir: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("RISICOBEELD_DATA", str(scored_dir))
    return scored_dir


def test_without_a_sector_there_is_one_row_per_region_and_all_carry_the_band(tmp_path: Path) -> None:
    out = tmp_path / "regions.csv"
    assert main(["score", "--level", "vr", "--out", str(out)]) == 0
    table = pd.read_csv(out)
    assert len(table) == 25
    assert table["sector_code"].isna().all()
    assert set(table["status_band"]) == {codes.EXAMPLE_BAND_NL}
    assert table["class_name"].str.startswith("voorbeeld: ").all()
    assert table["area_name"].notna().all()
    assert table["score_0_10"].is_monotonic_decreasing
    assert table["risk_class"].nunique() >= 3
    assert table["peildatum"].eq("2020-11-30").all()


def test_all_gives_a_row_per_unit_and_sector_and_a_code_gives_that_one(tmp_path: Path) -> None:
    everything, one = tmp_path / "all.parquet", tmp_path / "meat.parquet"
    assert main(["score", "--level", "vr", "--sector", "all", "--out", str(everything)]) == 0
    assert main(["score", "--level", "vr", "--sector", "slaughter_meat", "--out", str(one)]) == 0
    table, meat = pd.read_parquet(everything), pd.read_parquet(one)
    assert len(table) == 25 * 13
    assert set(meat["sector_code"]) == {"slaughter_meat"}
    mine = table[table["sector_code"] == "slaughter_meat"].reset_index(drop=True)
    pd.testing.assert_frame_equal(mine, meat)
    assert {2, 3, 4} <= set(table["risk_class"].dropna()) <= {1, 2, 3, 4, 5}


def test_a_map_file_has_the_areas(tmp_path: Path) -> None:
    geojson, gpkg = tmp_path / "vr.geojson", tmp_path / "vr.gpkg"
    assert main(["score", "--level", "vr", "--out", str(geojson)]) == 0
    assert main(["score", "--level", "vr", "--out", str(gpkg)]) == 0
    assert gpd.read_file(geojson).crs.to_epsg() == 4326
    shapes = gpd.read_file(gpkg)
    assert shapes.crs.to_epsg() == 28992
    assert shapes.geometry.is_valid.all()
    assert shapes.geometry.area.sum() > 3e10


def test_sites_are_points_and_a_region_gets_its_own_only(tmp_path: Path) -> None:
    out = tmp_path / "sites.geojson"
    assert main(["score", "--level", "site", "--out", str(out), "--as", "region:VR06", "--lang", "en"]) == 0
    sites = gpd.read_file(out)
    gemeenten = {code for code in sites["area_code"] if code}
    everywhere = tmp_path / "everywhere.parquet"
    assert main(["score", "--level", "site", "--out", str(everywhere)]) == 0
    every = pd.read_parquet(everywhere)
    assert 0 < len(sites) < len(every) / 5
    assert sites["class_name"].str.startswith("example: ").all()
    outside = every[~every["unit_id"].isin(sites["unit_id"])]
    assert not gemeenten & set(outside["area_code"])


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["score", "--level", "vr", "--sector", "mining", "--out", "x.csv"], "'mining' does not exist"),
        (["score", "--level", "site", "--as", "policy", "--out", "x.csv"], "policy may not open scores_site"),
        (["score", "--level", "vr", "--as", "king", "--out", "x.csv"], "'king' does not exist"),
        (["score", "--level", "vr", "--out", "x.docx"], "ending of x.docx is not known"),
        (["score", "--level", "vr", "--out", "absent/x.csv"], "cannot be written"),
        (["evaluate", "--as", "region:VR06"], "needs all of it"),
    ],
)
def test_an_error_is_one_sentence_and_status_two(
    arguments: list[str],
    words: str,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(arguments) == 2
    told = capsys.readouterr()
    assert words in told.err
    assert told.err.count("\n") == 1
    assert not list(tmp_path.iterdir())


def test_the_command_starts_from_the_shell_and_shows_no_traceback(tmp_path: Path) -> None:
    ran = subprocess.run(
        [sys.executable, "-m", "risk", "score", "--level", "vr", "--sector", "x", "--out", str(tmp_path / "x.csv")],
        cwd=ROOT,
        env=os.environ,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 2
    assert "Traceback" not in ran.stderr
    assert ran.stderr.startswith("Sector 'x' does not exist")


def test_the_evaluation_is_written_with_its_warning(tmp_path: Path) -> None:
    out = tmp_path / "evaluation.md"
    assert main(["evaluate", "--level", "vr", "--lang", "en", "--out", str(out)]) == 0
    assert "shows that the machinery works; says nothing about the index" in out.read_text("utf-8")


def test_an_earlier_version_is_evaluated_by_itself_and_never_refused_for_its_goalposts(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """It is asked for to see where it fails; beside itself as the version before it there would be nothing to see."""
    asked: list[tuple[str, str | None]] = []

    def evaluated(_: object, model: Model, __: str, previous: Model | None) -> SimpleNamespace:
        asked.append((model.version[:5], previous and previous.version[:5]))
        return SimpleNamespace(at_posts={"2020-03-15": 1.0})

    monkeypatch.setattr("risk.insight.evaluation.evaluate", evaluated)
    monkeypatch.setattr("risk.insight.evaluation.report", lambda *_, **__: "the report")
    assert main(["evaluate", "--model", "1.0.0"]) == 0
    assert main(["evaluate"]) == 2
    assert "widen these goalposts" in capsys.readouterr().err
    assert asked == [("1.0.0", None), ("2.0.0", "1.0.0")]


# --- the method page -----------------------------------------------------------------------------------


@pytest.mark.parametrize(("lang", "name"), [("nl", "method.md"), ("en", "method.en.md")])
def test_the_page_in_the_project_is_the_one_the_model_gives(lang: str, name: str, tmp_path: Path) -> None:
    out = tmp_path / name
    assert main(["method", "--lang", lang, "--out", str(out)]) == 0
    hint = f"run: python -m risk method --lang {lang} --out docs/{name}"
    assert out.read_text("utf-8") == (ROOT / "docs" / name).read_text("utf-8"), hint
