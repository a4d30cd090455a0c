"""The commands on the demonstration, as an analyst runs them."""

import hashlib

import geopandas as gpd
import pandas as pd
import pytest

from commands.scores import main
from door import store as access
from geodata import codes
from risk.index.model import load_model
from risk.report import plan_file as target_table
from risk.targets import inputs as target_inputs
from risk.targets import plan as targets
from risk.targets.request import read_request

pytestmark = pytest.mark.usefixtures("scored")  # computing the scores is not what is tested here
WANTED = ["list", "site_id", "vr_code", "kind", "score_0_10", "inclusion_probability", "reason"]


@pytest.fixture(scope="module")
def scores_dir(tmp_path_factory):
    """Keep one data folder for the whole module."""
    return tmp_path_factory.mktemp("data")


@pytest.fixture(autouse=True)
def data_dir(scores_dir, monkeypatch):
    monkeypatch.setenv("RISICOBEELD_DATA", str(scores_dir))
    return scores_dir


def _targets(path, *more, seed=7):
    return main(["targets", "--capacity", "40", "--audit-share", "0.2", "--seed", str(seed), "--out", str(path), *more])


@pytest.mark.parametrize("ending", [".csv", ".xlsx", ".geojson", ".gpkg"])
def test_the_same_seed_and_data_give_the_same_bytes(tmp_path, ending):
    first, again = tmp_path / f"first{ending}", tmp_path / f"again{ending}"
    assert _targets(first) == _targets(again) == 0
    assert hashlib.sha256(first.read_bytes()).digest() == hashlib.sha256(again.read_bytes()).digest()


def test_another_seed_gives_another_plan(tmp_path):
    first, other = tmp_path / "first.csv", tmp_path / "other.csv"
    assert _targets(first) == _targets(other, seed=8) == 0
    assert other.read_bytes() != first.read_bytes()


def test_forty_visits_with_reasons_and_the_band(tmp_path, capsys):
    path = tmp_path / "targets.csv"
    assert _targets(path, "--lang", "en", "--left-out", str(tmp_path / "left.csv")) == 0
    table = pd.read_csv(path, keep_default_na=False)
    assert list(table.columns[:7]) == WANTED
    assert len(table) == 40
    assert table["list"].isin(["random", "random_unknown"]).sum() == 8
    assert (table["status_band"] == codes.EXAMPLE_BAND_EN).all()
    assert (table["reason"] != "").all()
    chosen = table[~table["list"].isin(["random", "random_unknown"])]
    assert chosen["vr_code"].value_counts().max() <= 4
    assert set(codes.VR_CODES) - set(table["vr_code"]) <= _regions_without_a_candidate()
    left = pd.read_csv(tmp_path / "left.csv")
    assert (left["reason"].str.len() > 5).all()
    assert "kept out until resolved" in capsys.readouterr().out


def _regions_without_a_candidate():
    """Return regions whose every site has no place, is a double or was visited within the interval."""
    store = access.open_store(access.Viewer("lotc"))
    sites, visits = store.table("sites"), store.table("activations")
    free = sites[sites.geometry.notna() & ~sites["site_id"].isin(visits["site_id"])]
    return set(codes.VR_CODES) - set(free["vr_code"])


def test_a_region_gets_its_own_sites_only(tmp_path):
    path = tmp_path / "own.gpkg"
    assert _targets(path, "--as", "region:VR06") == 0
    table = gpd.read_file(path)
    assert set(table["vr_code"]) == {"VR06"}
    assert table.crs.to_epsg() == 28992


@pytest.mark.parametrize("vr_code", codes.VR_CODES)
def test_every_region_can_make_its_own_plan(vr_code):
    store = access.open_store(access.parse_viewer(f"region:{vr_code}"))
    inputs = target_inputs.read_inputs(store, load_model())
    plan = targets.make_plan(inputs.frame, read_request(), 20201130, inputs.peildatum)
    table = target_table.target_table(plan, inputs, store, "nl")
    assert set(table["vr_code"]) <= {vr_code}
    assert len(table) == len(plan.lines)
    assert (target_table.left_out_table(plan, "en")["reason"] != "").all()


@pytest.mark.parametrize("role", ["partner:NVWA", "policy", "privacy", "analyst"])
def test_who_may_not_take_sites_away_is_refused(tmp_path, capsys, role):
    assert _targets(tmp_path / "no.csv", "--as", role) == 2
    assert "may not take sites away" in capsys.readouterr().err
    assert not (tmp_path / "no.csv").exists()


def test_an_impossible_request_names_the_clash(tmp_path, capsys):
    request = tmp_path / "request.toml"
    request.write_text("[each_region]\nat_least = 3\n", "utf-8")
    assert _targets(tmp_path / "no.csv", "--request", str(request)) == 2
    error = capsys.readouterr().err
    assert "No plan keeps these limits together: the number of visits; the minimum of" in error
    assert error.count("\n") == 1


def test_small_slaughterhouses_of_one_region(tmp_path, capsys):
    path = tmp_path / "sample.csv"
    arguments = ["sample", "--kind", "slaughterhouse", "--size-below", "100", "--vr", "VR06", "--n", "8"]
    assert main([*arguments, "--seed", "3", "--out", str(path)]) == 0
    table = pd.read_csv(path)
    assert len(table) == 8
    assert (table["size_n"] < 100).all()
    assert set(table["vr_code"]) == {"VR06"}
    assert table["inclusion_probability"].between(0, 1, inclusive="right").all()
    assert "needed to see at least one with 95 % certainty" in capsys.readouterr().out
    table.assign(found="no").to_csv(path, index=False)
    assert main(["estimate", str(path)]) == 0
    assert "0.0% of the list, with 95 % certainty between 0.0% and" in capsys.readouterr().out


def test_problems_are_listed_row_by_row(tmp_path, capsys):
    assert main(["problems", "--out", str(tmp_path / "problems.csv")]) == 0
    table = pd.read_csv(tmp_path / "problems.csv")
    counts = table["problem"].value_counts()
    assert counts["no_place"] == 20
    assert counts["abroad_lodging"] == 12
    assert counts["double"] == 12
    assert "no_place" not in capsys.readouterr().out


def test_formulas_in_reasons_are_inert(tmp_path):
    site = (
        access.open_store(access.Viewer("lotc")).table("sites").query("located == 'exact' and country == 'NL'").iloc[0]
    )
    request = tmp_path / "request.toml"
    request.write_text(f"[[locked]]\nsite_id = '{site.site_id}'\nreason = '=cmd()'\n", "utf-8")
    path = tmp_path / "t.csv"
    assert _targets(path, "--request", str(request)) == 0
    table = pd.read_csv(path, keep_default_na=False)
    assert not table.map(lambda cell: isinstance(cell, str) and cell.startswith("=")).to_numpy().any()
