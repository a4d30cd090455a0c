"""The index on the real epidemic of 2020: public figures that are read where they lie, and never committed."""

import os
import tomllib
from pathlib import Path

import pandas as pd
import pytest

from door import store as access
from geodata import contracts, settings
from geodata.errors import ModelError
from geodata.intake.columns import ColumnMapping
from geodata.refresh import imports
from geodata.snapshots import snapshot
from geodata.weeks import last_day
from risk.index.declaration import Model
from risk.index.indicators import CORE_TABLES, measure
from risk.index.model import MODEL_FILE, check_posts, load_model, parse_model
from risk.insight import backtest, papers

FOLDER = Path(os.environ.get("RISICOBEELD_TESTDATA", "/nowhere"))
CASES = FOLDER / "rivm" / "positives_gemeente_per_day_2020.csv.gz"

pytestmark = pytest.mark.skipif(not CASES.is_file(), reason="RISICOBEELD_TESTDATA does not lead to the cases of 2020")


@pytest.fixture(scope="module")
def tables() -> dict[str, pd.DataFrame]:
    """Return the boundaries of the product with the real weeks of 2020, and nothing else."""
    batch = access.open_batch(snapshot.read_core(settings.EMBEDDED_DIR).data_version)
    real = pd.read_csv(CASES, parse_dates=["date"])
    real["week"] = real["date"].dt.strftime("%G-W%V")
    weekly = real.groupby(["gm_code", "week"], as_index=False)["infected"].sum()
    weekly = weekly.rename(columns={"gm_code": "gemeente_code", "infected": "cases_n"})
    incidence = weekly.assign(disease="COVID-19", status="official", source="RIVM")
    empty = {name: contracts.empty(name) for name in ("exposure", "sites", "activations")}
    areas = {name: batch.table(name) for name in ("gemeenten", "veiligheidsregios")}
    return {**areas, **empty, "incidence": contracts.check("incidence", incidence)}


@pytest.mark.parametrize("level", ["vr", "gemeente"])
def test_at_no_date_does_more_than_a_third_stand_at_a_post(tables: dict[str, pd.DataFrame], level: str) -> None:
    shares = backtest.at_posts(tables, load_model(), level)
    assert len(shares) >= 40
    check_posts(shares)


def test_goalposts_as_narrow_as_a_level_are_refused(tables: dict[str, pd.DataFrame]) -> None:
    content = tomllib.loads(MODEL_FILE.read_text("utf-8"))
    content["indicators"]["infections_contrast"]["goalposts"] = {"all": [-0.1, 0.1]}
    summer = tables["incidence"]["week"].between("2020-W22", "2020-W26")
    few = tables | {"incidence": tables["incidence"][summer]}
    with pytest.raises(ModelError, match="widen these goalposts"):
        check_posts(backtest.at_posts(few, parse_model(content), "gemeente"))


def test_the_model_card_says_what_comes_out_when_it_is_measured_again(testdata: Path, model: Model) -> None:
    """Regions, season by season, from the establishments of 2021 and the weeks of 2020 as anybody would import them."""
    imports.import_establishments(testdata / "cbs/kwb2021_establishments_by_sector_gemeente.csv", 2021)
    imports.import_incidence(testdata / CASES.relative_to(FOLDER), "COVID-19", ColumnMapping())
    store = access.open_store(access.Viewer("lotc"))
    tables = {name: store.table(name) for name in CORE_TABLES}
    found = backtest.pooled(backtest.agreement(backtest.dated(tables, model, "vr"), repeats=1))
    found = found.set_index(["season", "rule"])["spearman"]
    _, (_, *rows), _, _ = papers.MEASURED["2.0.0"]
    said = [row for row in rows if row[2] == "region"]
    assert [row[0] for row in said] == ["spring", "summer", "autumn", "all"]
    for season, _, _, *figures, _ in said:
        name = season if season == "all" else f"2020 {season}"
        rules = ("index", "size_only", "incidence_now", "signal_alone")
        assert [float(figure) for figure in figures] == pytest.approx([found[name, rule] for rule in rules], abs=0.0051)


def test_an_island_without_a_case_leads_nothing(tables: dict[str, pd.DataFrame]) -> None:
    model = load_model()
    cases = tables["incidence"]
    names = tables["gemeenten"].set_index("gemeente_code")["gemeente_name"]
    measured = measure(tables, "gemeente", model, last_day("2020-W23"))
    together = (measured.units["sector_code"] == "").to_numpy()
    value = pd.Series(
        measured.raw[together, model.areas.codes.index("infections_contrast")],
        index=measured.units.loc[together, "area_code"],
    )
    now = cases[cases["week"].isin(["2020-W22", "2020-W23"])].groupby("gemeente_code")["cases_n"].sum()
    island = names.index[names == "Schiermonnikoog"][0]
    assert now[island] == 0
    assert value.rank(ascending=False)[island] > 100
    assert value[now.reindex(value.index) >= 20].min() > value[island]
