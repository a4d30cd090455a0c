"""Kinds of site that an installation adds: read in lists, ranked, planned and named; the example is the docs' own."""

import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from commands import data as data_command
from commands import scores as scores_command
from dashboard.map.layers import SITE_SHAPES, site_shapes
from door.store import Viewer, open_store
from geodata import contracts, site_kinds
from geodata.errors import ContractError, InputError
from geodata.intake.site_fields import kind_of
from geodata.snapshots import snapshot
from risk.index import pipeline
from risk.index.indicators import CORE_TABLES
from risk.index.model import for_disease, load_model
from risk.targets.request import read_request
from words import read_texts

EXAMPLE = re.search(r"```toml\n(\[poultry_farm\].*?)```", Path("docs/imports.md").read_text("utf-8"), re.DOTALL)
LIST = """Naam;Soort;Gemeente;Oppervlakte (m2)
Hof Een;Pluimveehouderij;Ede;4000
Hof Twee;leghennen;Barneveld;900
Toren Een;Natte koeltoren;Boxtel;
Toren Twee;Koeltoren;Rotterdam;
Park Een;vakantiepark;Ede;60000
"""


@pytest.fixture
def added(data_dir: Path) -> Path:
    assert EXAMPLE is not None
    data_dir.mkdir(parents=True, exist_ok=True)
    path = data_dir / site_kinds.FILE
    path.write_text(EXAMPLE[1], "utf-8")
    return path


@pytest.mark.usefixtures("added")
def test_a_list_with_added_kinds_is_imported_and_undone_kinds_are_named(tmp_path: Path, added: Path) -> None:
    path = tmp_path / "locaties.csv"
    path.write_text(LIST, "utf-8")
    assert data_command.main(["import", "sites", str(path)]) == 0
    sites = open_store(Viewer("lotc")).table("sites").set_index("name")
    assert sites["kind"].to_dict() == {
        "Hof Een": "poultry_farm",
        "Hof Twee": "poultry_farm",
        "Toren Een": "cooling_tower",
        "Toren Twee": "cooling_tower",
        "Park Een": "holiday_park",
    }
    assert sites.loc["Hof Een", ["size_n", "size_unit", "vr_code"]].to_list() == [4000.0, "m2", "VR07"]
    added.unlink()
    with pytest.raises(ContractError, match="nobody declares; put it back in"):
        contracts.check("sites", sites.reset_index())


@pytest.mark.usefixtures("added")
@pytest.mark.parametrize(
    ("disease", "kind"), [("Vogelgriep", "poultry_farm"), ("Legionellose", "cooling_tower"), ("mpox", "lodging")]
)
def test_an_outbreak_of_another_disease_ranks_the_sites_that_it_turns_on(disease: str, kind: str) -> None:
    current = snapshot.current()
    tables = {name: current.table(name) for name in CORE_TABLES}
    model = for_disease(load_model(), disease)
    cases = tables["incidence"].assign(disease=disease)
    sites = tables["sites"]
    here = sites[sites["kind"].eq("lodging") & sites["gemeente_code"].ne("") & sites["size_n"].notna()].head(40)
    size = {"poultry_farm": np.geomspace(500, 20_000, len(here)), "cooling_tower": np.nan, "lodging": here["size_n"]}
    own = here.assign(
        site_id="own:" + here["site_id"], kind=kind, sector_code=site_kinds.sectors()[kind], size_n=size[kind]
    )
    own["size_unit"] = {"poultry_farm": "m2", "cooling_tower": "fte", "lodging": "beds"}[kind]
    tables |= {"sites": contracts.check("sites", pd.concat([sites, own])), "incidence": cases}
    outcome = pipeline.score(tables, "site", model, rebuilds=0)
    scored = outcome.scores.set_index("unit_id").loc[own["site_id"]]
    assert scored["rank"].notna().all()
    values = outcome.indicators[outcome.indicators["unit_id"].isin(own["site_id"])]
    values = values.pivot_table(index="unit_id", columns="indicator_code", values="value_0_10")
    assert (values["site_kind"] == model.site_kinds[kind]).all()
    if kind == "poultry_farm":
        assert values["site_size"].min() == pytest.approx(0)
        assert values["site_size"].max() == pytest.approx(10)
    if kind == "cooling_tower":
        assert values["site_size"].to_list() == pytest.approx([5.0] * len(own))
        told = outcome.indicators
        told = told[told["unit_id"].isin(own["site_id"]) & (told["indicator_code"] == "site_size")]
        assert set(told["status"]) == {"assumption"}
    infections = values["site_incidence"].to_numpy()
    assert np.ptp(infections) > 0, "where the disease goes round counts"


@pytest.mark.usefixtures("added")
def test_every_page_knows_an_added_kind_and_a_plan_what_a_visit_takes() -> None:
    assert site_kinds.name("poultry_farm", read_texts("nl")) == "Pluimveebedrijf"
    assert site_kinds.name("poultry_farm", read_texts("en")) == "Poultry farm"
    assert (kind_of("Pluimvee (leg)"), kind_of("koeltorens"), kind_of("kas")) == (
        "poultry_farm",
        "cooling_tower",
        "greenhouse",
    )
    assert tuple(site_shapes()) == site_kinds.codes()
    assert len(set(site_shapes().values())) == len(SITE_SHAPES) + 2
    visit = read_request().kinds["poultry_farm"]
    assert (visit.hours, visit.partners) == (4.0, ("NVWA", "gemeente"))


def test_the_version_tells_of_the_kinds_and_is_as_it_was_without_them(added: Path) -> None:
    version = load_model().version
    added.write_text(added.read_text("utf-8").replace("judged_0_10 = 6", "judged_0_10 = 7"), "utf-8")
    other = load_model().version
    added.unlink()
    assert len({version, other, load_model().version}) == 3
    assert "kinds" not in load_model().version


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("[poultry_farm]\nnl = 'P'\nen = 'P'\n", "judged_0_10 is absent or wrong"),
        ("[poultry_farm]\nnl = ''\nen = 'P'\njudged_0_10 = 3\n", "nl is absent or wrong"),
        ("[poultry_farm]\nnl = 'P'\nen = 'P'\njudged_0_10 = 11\n", "judged_0_10 is absent or wrong"),
        ("[poultry_farm]\nnl = 'P'\nen = 'P'\njudged_0_10 = 3\nsector = 'poultry'\n", "sector is absent or wrong"),
        ("[poultry_farm]\nnl = 'P'\nen = 'P'\njudged_0_10 = 3\nsizes = {m2 = [9, 1]}\n", "sizes is absent or wrong"),
        ("[poultry_farm]\nnl = 'P'\nen = 'P'\njudged_0_10 = 3\nsize = {m2 = [1, 9]}\n", "'size' is not known"),
        ("[greenhouse]\nnl = 'P'\nen = 'P'\njudged_0_10 = 3\n", "'greenhouse' can be no kind"),
        ("[Kippen]\nnl = 'P'\nen = 'P'\njudged_0_10 = 3\n", "'Kippen' can be no kind"),
        ("poultry_farm", "cannot be read"),
    ],
)
def test_a_file_that_is_wrong_is_refused_in_one_sentence(
    added: Path, capsys: pytest.CaptureFixture[str], content: str, says: str
) -> None:
    added.write_text(content, "utf-8")
    with pytest.raises(InputError, match=re.escape(says)):
        site_kinds.own()
    assert scores_command.main(["score", "--level", "vr", "--out", str(added.with_name("out.csv"))]) == 2
    assert says in capsys.readouterr().err


@pytest.mark.usefixtures("added")
def test_a_draw_takes_an_added_kind(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "pluimvee.csv"
    rows = "".join(f"Hof {n};{174000 + 100 * n};450000;{1000 + n}\n" for n in range(30))
    path.write_text("Naam;x;y;m2\n" + rows, "utf-8")
    assert data_command.main(["import", "sites", str(path), "--kind", "poultry_farm"]) == 0
    out = tmp_path / "draw.csv"
    asked = ["sample", "--kind", "poultry_farm", "--n", "5", "--seed", "1", "--out", str(out)]
    assert scores_command.main(asked) == 0, capsys.readouterr().err
    assert len(pd.read_csv(out)) == 5


def test_a_kind_is_named_in_one_place_so_that_an_added_one_has_a_name_everywhere() -> None:
    root = Path(__file__).parents[2]
    rooms = [root / room for room in ("commands", "dashboard", "door", "risk")]
    asks = [path for room in rooms for path in room.rglob("*.py") if 'f"kind.{' in path.read_text("utf-8")]
    assert asks == [], "call geodata.site_kinds.name"
