"""Files that leave the product: what is in them, for whom, and what they say of themselves."""

import ast
import codecs
import io
import json
import re
from pathlib import Path

import geopandas as gpd
import openpyxl
import pandas as pd
import pytest
from shapely.geometry import LinearRing, shape

from access import audit
from access.viewer import parse_viewer
from commands import scores as risk_main
from dashboard.pages.region import sheet as region_sheet
from dashboard.parts import downloads
from dashboard.parts.downloads import Part
from dashboard.parts.figures import Picture, official_model
from door import export
from door.store import ScopedStore, open_store
from geodata import settings
from geodata.errors import AccessDeniedError
from geodata.snapshots import snapshot
from risk.report import plan_file as target_table
from risk.report import plan_file as visits
from risk.report.files import render
from risk.scores.outputs import read_scored
from risk.targets import inputs as target_inputs
from risk.targets import plan as targets
from risk.targets.request import read_request
from words import read_texts

pytestmark = pytest.mark.usefixtures("scored")  # computing the scores is not what is tested here


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("downloads") / "data"


@pytest.fixture(autouse=True)
def data_dir(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Share one folder between these tests."""
    monkeypatch.setenv("RISICOBEELD_DATA", str(folder))
    return folder


def opened(role: str, level: str) -> tuple[ScopedStore, Picture]:
    store = open_store(parse_viewer(role))
    regions, gemeenten = store.table("veiligheidsregios"), store.table("gemeenten")
    names = dict(zip(regions["vr_code"], regions["vr_name"], strict=True))
    names |= dict(zip(gemeenten["gemeente_code"], gemeenten["gemeente_name"], strict=True))
    return store, Picture(read_scored(store, level, official_model()), names, store.is_demonstration)


def read(content: bytes, ending: str, folder: Path) -> pd.DataFrame:
    path = folder / f"file.{ending}"
    path.write_bytes(content)
    if ending == "csv":
        return pd.read_csv(io.BytesIO(content), keep_default_na=False, sep=";", decimal=",", encoding="utf-8-sig")
    if ending == "xlsx":
        texts = read_texts("nl")
        columns = pd.read_excel(path, sheet_name="Kolommen").set_index("Kop")["Naam in CSV en kaartbestanden"]
        figures = pd.read_excel(path, sheet_name=texts("download.sheet_figures"), keep_default_na=False)
        return figures.rename(columns=columns)
    return gpd.read_file(path)


@pytest.mark.parametrize("ending", downloads.FORMATS)
def test_every_kind_of_file_tells_scope_licence_versions_and_band(ending: str, tmp_path: Path) -> None:
    store, shown = opened("region:VR06", "vr")
    found = read(downloads.as_file(store, shown, Part("vr", "all"), ending, "nl"), ending, tmp_path)
    assert set(found["area_code"]) == {"VR06"}
    assert len(found) == (1 if ending in ("geojson", "gpkg") else 13), "on a map an area lies once"
    assert set(found["scope"]) == {"region:VR06"}
    assert set(found["status_band"]) == {"VOORBEELD - verzonnen cijfers"}
    assert set(found["model_version"]) == {official_model().version}
    assert set(found["data_version"]) == {store.data_version}
    assert found["peildatum"].astype(str).str.startswith("2020-11-30").all()
    assert found["attribution"].str.contains("Kadaster").all()
    assert found["class_name"].str.startswith("voorbeeld: ").all()
    if ending in ("geojson", "gpkg"):
        assert set(found["licence"]) == {"CC BY 4.0; boundaries ODbL 1.0"}
        assert found.crs.to_epsg() == {"geojson": 4326, "gpkg": 28992}[ending]
        assert found.geometry.is_valid.all()
        assert found["score_0_10_slaughter_meat"].between(0, 10).all()


def test_a_workbook_is_one_that_a_colleague_can_read() -> None:
    store, shown = opened("lotc", "gemeente")
    texts = read_texts("nl")
    part = Part("gemeente", "slaughter_meat", within="VR06", area_codes=frozenset({"GM1859", "GM0200"}))
    book = openpyxl.load_workbook(io.BytesIO(downloads.as_file(store, shown, part, "xlsx", "nl")))
    assert book.sheetnames == ["Cijfers", "Redenen", "Toelichting", "Kolommen"]
    figures = book["Cijfers"]
    heads = [cell.value for cell in figures[1]]
    assert heads[:3] == ["Naam", "Sector", "Score (0-10)"]
    assert not [head for head in heads if "_" in str(head)], "every heading is a word of the reader's language"
    assert (figures.freeze_panes, figures.auto_filter.ref) == ("B2", figures.dimensions)
    first = dict(zip(heads, figures[2], strict=True))
    assert first["Naam"].value == "Berkelland"
    assert first["Score (0-10)"].value == round(first["Score (0-10)"].value, 1)
    assert first["Gebiedscode"].data_type == "s"
    assert str(first["Peildatum"].value).startswith("2020-11-30")
    told = [row[0].value for row in book["Toelichting"].iter_rows()]
    assert any("Slachterijen en vlees" in line and "Noord- en Oost-Gelderland" in line for line in told)
    assert [row[2].value for row in book["Kolommen"].iter_rows() if not row[2].value] == [], "no column unexplained"
    name = downloads.file_name(texts, store, shown, part)
    assert name == ("risicobeeld-voorbeeld-gemeenten-in-noord-en-oost-gelderland-slachterijen-en-vlees-2020-11-30")


def test_a_csv_opens_in_the_columns_of_the_readers_spreadsheet() -> None:
    store, shown = opened("lotc", "gemeente")
    dutch, english = (downloads.as_file(store, shown, Part("gemeente"), "csv", one) for one in ("nl", "en"))
    assert dutch.startswith(codecs.BOM_UTF8)
    nl = pd.read_csv(io.BytesIO(dutch), sep=";", decimal=",", encoding="utf-8-sig")
    en = pd.read_csv(io.BytesIO(english), encoding="utf-8-sig")
    assert len(nl) == len(en) == 342
    assert "Súdwest-Fryslân" in set(nl["area_name"])
    assert nl["score_0_10"].equals(en["score_0_10"])
    assert nl["score_0_10"].equals(nl["score_0_10"].round(1))


def test_a_ring_of_a_map_file_runs_as_the_standard_wants() -> None:
    store, shown = opened("lotc", "gemeente")
    told = json.loads(downloads.as_file(store, shown, Part("gemeente", "all"), "geojson", "nl"))
    assert "crs" not in told
    assert len(told["features"]) == 342
    for feature in told["features"]:
        shapes = shape(feature["geometry"])
        assert all(LinearRing(one.exterior.coords).is_ccw for one in getattr(shapes, "geoms", [shapes]))


def test_the_map_says_what_it_shows_and_marks_what_is_chosen() -> None:
    store, shown = opened("lotc", "gemeente")
    part = Part("gemeente", "slaughter_meat", unit="GM1859")
    page = downloads.as_map(store, shown, part, read_texts("nl")).decode()
    named = "Gemeenten · Slachterijen en vlees · 30 november 2020 · gekozen: Berkelland"
    assert f"<title>{named}</title>" in page
    assert f">{named}</h1>" in page


def test_the_band_follows_the_language() -> None:
    store, shown = opened("region:VR06", "vr")
    found = downloads.table(store, shown, Part("vr"), "en", with_places=False)
    assert found["status_band"].tolist() == ["EXAMPLE - invented figures"]
    assert found["class_name"].str.startswith("example: ").all()


def test_sites_leave_only_with_those_who_may_act_on_them() -> None:
    store, shown = opened("region:VR23", "site")
    mine = downloads.table(store, shown, Part("site", "all"), "nl", with_places=False)
    assert set(mine["unit_id"]) == set(store.table("sites")["site_id"])
    store, shown = opened("analyst", "site")
    with pytest.raises(AccessDeniedError, match="analyst"):
        downloads.as_file(store, shown, Part("site", "all"), "csv", "nl")


def test_sites_of_openstreetmap_stay_a_layer_of_their_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RISICOBEELD_DATA", str(tmp_path / "data"))
    embedded = snapshot.read_core(settings.EMBEDDED_DIR)
    tables = {name: embedded.table(name) for name in embedded.files}
    sites = tables["sites"]
    sites.loc[:9, "source"] = "osm"  # ten of the invented sites pose as OpenStreetMap's
    snapshot.write_core(tables, embedded.sources)
    store, shown = opened("lotc", "site")
    theirs = downloads.table(store, shown, Part("site", "all", is_osm=True), "nl", with_places=False)
    ours = downloads.table(store, shown, Part("site", "all"), "nl", with_places=False)
    assert set(theirs["unit_id"]) == set(sites["site_id"][:10])
    assert set(theirs["licence"]) == {"ODbL 1.0"}
    assert theirs["attribution"].str.startswith("© OpenStreetMap contributors").all()
    assert "ODbL 1.0" not in set(ours["licence"])
    assert len(ours) == len(sites) - 10
    assert Part("site", "all", is_osm=True).name != Part("site", "all").name
    export.export_table(store, "sites", tmp_path / "sites.gpkg")
    assert set(gpd.read_file(tmp_path / "sites-osm.gpkg")["site_id"]) == set(theirs["unit_id"])
    assert len(gpd.read_file(tmp_path / "sites.gpkg")) == len(ours)


def test_a_plan_tells_of_every_site_what_it_rests_on_and_leaves_with_few() -> None:
    store, _ = opened("lotc", "site")
    inputs = target_inputs.read_inputs(store, official_model())
    plan = targets.make_plan(inputs.frame, read_request(), 20201130, inputs.peildatum)
    table = target_table.target_table(plan, inputs, store, "en")
    assert set(table["status_band"]) == {"EXAMPLE - invented figures"}
    assert set(table["scope"]) == {"lotc"}
    assert set(table["peildatum"]) == {inputs.peildatum}
    assert table[["attribution", "licence", "model_version", "data_version"]].ne("").all(axis=None)
    code = table["vr_code"].iloc[0]
    sheet = render(visits.region_sheet(table, code, store, "en"), ".html").decode()
    for told in ("Reference date 30 November 2020", official_model().version, store.data_version, "ODbL", "LOT-C"):
        assert told in sheet
    for command in ("targets --seed 1 --out", "score --level site --out", "problems --out"):
        assert risk_main.main([*command.split(), "never.csv", "--as", "analyst"]) == 2
    with pytest.raises(AccessDeniedError, match="take sites away"):
        export.export_table(open_store(parse_viewer("analyst")), "sites", Path("never.csv"))


def test_the_map_is_one_file_with_areas_alone_and_says_what_it_rests_on() -> None:
    store, shown = opened("lotc", "vr")
    page = downloads.as_map(store, shown, Part("vr", "slaughter_meat"), read_texts("en")).decode()
    assert not re.search(r"<(script|link|img)[^>]+(src|href)=", page)
    assert "EXAMPLE - invented figures" in page
    assert store.data_version in page
    assert official_model().version in page
    assert "ODbL" in page
    assert not [name for name in store.table("sites")["name"] if name in page]


def test_what_leaves_is_noted_in_the_audit_trail() -> None:
    store, shown = opened("region:VR06", "vr")
    downloads.as_file(store, shown, Part("vr"), "csv", "nl")
    lines = audit.read()
    exports = lines[lines["what"] == "export"]
    assert exports.iloc[0][["table", "rows_n", "role"]].tolist() == ["scores_vr (.csv)", 1, "region:VR06"]


def test_the_sheet_of_a_region_is_one_page() -> None:
    store, regions = opened("region:VR06", "vr")
    _, gemeenten = opened("region:VR06", "gemeente")
    told = ["A long sentence about what changed, what was done and how sure the figures are." * 2] * 5
    for language in ("nl", "en"):
        page = region_sheet.as_pdf(read_texts(language), store, regions, gemeenten, "VR06", told)
        assert page.startswith(b"%PDF")
        assert len(re.findall(rb"/Type /Page\b", page)) == 1
    assert audit.read()["table"].iloc[0] == "scores_gemeente (.pdf)"


def test_a_workbook_of_sites_has_words_for_its_codes() -> None:
    store, shown = opened("lotc", "site")
    book = openpyxl.load_workbook(io.BytesIO(downloads.as_file(store, shown, Part("site"), "xlsx", "nl")))
    heads = [cell.value for cell in book["Cijfers"][1]]
    units = {row[heads.index("Eenheid")] for row in book["Cijfers"].iter_rows(min_row=2, values_only=True)}
    assert "bedden" in units
    assert not units & {"beds", "m2"}


def test_every_file_of_a_page_is_handed_over_in_one_way() -> None:
    """It draws no page anew, which would take away what makes the file, and asks who may still enter."""
    found = [
        (path.name, [ast.unparse(one.value) for one in call.keywords if one.arg == "on_click"])
        for path in sorted(Path(downloads.__file__).parents[1].rglob("*.py"))
        for call in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(call, ast.Call) and ast.unparse(call.func).endswith("download_button")
    ]
    assert found == [("saving.py", ["'ignore'"])]
