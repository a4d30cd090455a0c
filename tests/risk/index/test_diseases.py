"""Several diseases side by side, and infections that are known per region alone."""

import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from commands import data as data_command
from commands import scores as scores_command
from door import readiness
from door.store import Viewer, open_store
from geodata import contracts
from geodata.snapshots import snapshot
from risk.index import pipeline
from risk.index.indicators import CORE_TABLES
from risk.index.model import for_disease, load_model
from tests.door import states

WEEKS = ("2020-W47", "2020-W48")
MPOX = for_disease(load_model(), "mpox")


@pytest.fixture(scope="module")
def tables() -> dict[str, pd.DataFrame]:
    """Return the example's tables with infections of another disease, given per veiligheidsregio."""
    current = snapshot.current()
    found = {name: current.table(name) for name in CORE_TABLES}
    regions = found["veiligheidsregios"].sort_values("vr_code")
    rows = [
        {"disease": "mpox", "vr_code": code, "week": week, "cases_n": 40.0 if code == "VR05" else 4.0}
        for code in regions["vr_code"]
        for week in WEEKS
    ]
    regional = pd.DataFrame(rows).assign(status="official", source="test")
    return found | {"regional_incidence": contracts.check("regional_incidence", regional)}


def contrast(outcome: pipeline.Outcome) -> pd.Series:
    rows = outcome.indicators[outcome.indicators["indicator_code"] == "infections_contrast"]
    return rows.set_index("unit_id")["raw_value"]


def test_infections_per_region_count_there_and_are_never_spread_down(tables: dict[str, pd.DataFrame]) -> None:
    found = contrast(pipeline.score(tables, "vr", MPOX, rebuilds=0))
    regions = found[found.index.str.fullmatch(r"VR\d\d")]
    assert regions.notna().all()
    assert regions.idxmax() == "VR05"
    gemeenten = pipeline.score(tables, "gemeente", MPOX, rebuilds=0)
    assert contrast(gemeenten).isna().all()
    assert "context" in gemeenten.lacks


def test_another_disease_changes_nothing_in_the_picture(tables: dict[str, pd.DataFrame]) -> None:
    alone = {name: table for name, table in tables.items() if name != "regional_incidence"}
    for level in ("vr", "gemeente"):
        one, other = (pipeline.score(found, level, load_model(), rebuilds=0).scores for found in (tables, alone))
        np.testing.assert_array_equal(one["score_0_10"], other["score_0_10"])


def test_a_file_per_region_is_kept_beside_the_others(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "mpox.csv"
    path.write_text("GGD-regio;Jaar;Week;Meldingen\nGGD Twente;2020;47;5\nGGD Fryslân;2020;47;<5\n", "utf-8")
    assert data_command.main(["import", "incidence", str(path), "--disease", "mpox"]) == 0
    store = open_store(Viewer("lotc"))
    kept = store.table("regional_incidence").set_index("vr_code")["cases_n"]
    assert kept["VR05"] == 5
    assert pd.isna(kept["VR02"])
    assert not store.is_demonstration
    assert store.table("incidence").empty
    assert readiness.diseases(store) == ("mpox",)
    out = str(tmp_path / "out.csv")
    assert scores_command.main(["score", "--level", "vr", "--out", out, "--disease", "flu"]) == 2
    assert "choose one of: mpox" in capsys.readouterr().err
    assert scores_command.main(["meeting", "--since", "2020-11-16", "--out", out, "--disease", "flu"]) == 2
    assert "choose one of: mpox" in capsys.readouterr().err
    asked = ["targets", "--seed", "1", "--out", out, "--disease", "flu"]
    assert scores_command.main(asked) == 2
    assert "choose one of: mpox" in capsys.readouterr().err


def _cases(folder: Path, name: str, disease: str, hit: frozenset[str]) -> list[str]:
    """Write a file in which a disease goes round in some gemeenten alone; return the command that imports it."""
    lines = [
        f"{row.gemeente_code};{week};{int(row.population_n) // 500 if row.gemeente_code in hit else 0}"
        for row in states.gemeenten().itertuples()
        for week in states.WEEKS
    ]
    path = folder / f"{name}.csv"
    path.write_text("\n".join(["gemeente;week;aantal", *lines]), "utf-8")
    return ["import", "incidence", str(path), "--disease", disease]


def test_a_plan_of_visits_follows_the_disease_that_is_chosen(tmp_path: Path, half_empty: Callable[[str], Path]) -> None:
    """Two diseases in other gemeenten give other plans; the same cases under another name give the same one."""
    data = tmp_path / "installation"
    shutil.copytree(half_empty("establishments"), data)
    with states.at(data):
        regions = states.gemeenten().groupby("vr_code")["gemeente_code"].agg(frozenset)
        sites = tmp_path / "locaties.csv"
        points = states.gemeenten().query("vr_code in ['VR05', 'VR20']").reset_index(drop=True)
        places = points.geometry.representative_point().to_crs("EPSG:4326")
        rows = [f"Verzonnen {number};{point.x};{point.y};80" for number, point in enumerate(places)]
        sites.write_text("\n".join(["naam;longitude;latitude;bedden", *rows]), "utf-8")
        for command in (
            _cases(tmp_path, "west", "COVID-19", regions["VR20"]),
            _cases(tmp_path, "east", "mpox", regions["VR05"]),
            _cases(tmp_path, "west again", "influenza", regions["VR20"]),
            ["import", "sites", str(sites), "--kind", "lodging", "--covers", "NL"],
        ):
            assert data_command.main(command) == 0
        plans = {}
        for disease in ("COVID-19", "mpox", "influenza"):
            out = tmp_path / f"{disease}.csv"
            asked = ["targets", "--capacity", "5", "--audit-share", "0", "--seed", "1", "--out", str(out)]
            assert scores_command.main([*asked, "--disease", disease]) == 0
            plans[disease] = pd.read_csv(out)
    ranked = {disease: plan["vr_code"].value_counts().to_dict() for disease, plan in plans.items()}
    assert max(ranked["COVID-19"], key=ranked["COVID-19"].__getitem__) == "VR20", ranked
    assert max(ranked["mpox"], key=ranked["mpox"].__getitem__) == "VR05", ranked
    assert set(plans["COVID-19"]["site_id"]) != set(plans["mpox"]["site_id"])
    same = ["site_id", "score_0_10", "list"]
    pd.testing.assert_frame_equal(plans["COVID-19"][same], plans["influenza"][same])
