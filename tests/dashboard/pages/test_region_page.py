"""My region: the contact's own on a telephone, choices and files in a browser.

The register of a day, causes, the national team's choice and imported figures, by the page alone.
"""

import re
from collections.abc import Callable
from pathlib import Path

import openpyxl
import pytest
from playwright.sync_api import Page, expect
from streamlit.testing.v1 import AppTest

from access.viewer import parse_viewer
from commands import data as command
from door.store import open_store
from risk.index.model import load_model
from risk.scores.outputs import read_scored
from tests.dashboard import drawn
from words import read_texts

# How sure a rank is, is proved in tests/risk/index.
pytestmark = pytest.mark.usefixtures("few_rebuilds")

Open = Callable[..., Page]
ELSEWHERE = ["Limburg-Noord", "Brabant-Zuidoost", "Rotterdam-Rijnmond", "Midden- en West-Brabant", "Fryslân"]


def test_a_contact_sees_the_own_region_on_a_telephone_and_no_other(product: str, walk_to: Open) -> None:
    page = walk_to(product, "region?as=region:VR06", width=390, height=844)
    expect(page.get_by_role("heading", name="Noord- en Oost-Gelderland").first).to_be_visible()
    body = page.locator("[data-testid=stMain]")
    expect(body).to_contain_text(re.compile(r"Plaats \d+ van 25; met 90 % zekerheid"))
    expect(body).to_contain_text(re.compile(r"De middelste helft van de regio's scoort \d,\d tot \d,\d"))
    assert not [name for name in ELSEWHERE if name in body.inner_text()]
    expect(page.get_by_role("combobox", name="Kies een regio")).to_have_count(0)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


def test_choosing_a_sector_and_a_gemeente_changes_reasons_history_and_address(product: str, walk_to: Open) -> None:
    page = walk_to(product, "region?as=region:VR06")
    page.get_by_role("link", name="Slachterijen en vlees").click()
    expect(page).to_have_url(re.compile("sector=slaughter_meat"))
    expect(page.locator(".rb-why")).to_contain_text("Slachterijen en vlees")
    expect(page.get_by_role("heading", name="Wat veranderde").locator("..")).to_contain_text("Slachterijen en vlees")
    page.get_by_role("row", name=re.compile("Apeldoorn")).click()
    expect(page).to_have_url(re.compile("unit=GM0200"))
    expect(page.locator(".rb-why").get_by_role("heading", name="Apeldoorn")).to_be_visible()
    page.go_back()
    expect(page.locator(".rb-why").get_by_role("heading", name="Noord- en Oost-Gelderland")).to_be_visible()


def test_the_sheet_and_the_files_arrive(product: str, walk_to: Open) -> None:
    page = walk_to(product, "region?as=region:VR06")
    with page.expect_download(timeout=60_000) as sheet:
        page.get_by_role("button", name="Vel voor het overleg (PDF)").click()
    assert sheet.value.path().read_bytes().startswith(b"%PDF")
    page.get_by_role("button", name="Bestanden").click()
    with page.expect_download(timeout=60_000) as table:
        page.get_by_role("button", name="CSV").first.click()
    assert table.value.suggested_filename.startswith("risicobeeld-voorbeeld-gemeenten-in-noord-en-oost-gelderland")
    lines = table.value.path().read_text("utf-8-sig").splitlines()
    assert len(lines) == 1 + 22, "what is on the screen: a row per gemeente of the region, of the sector that is chosen"
    assert all("region:VR06" in line for line in lines[1:])


@pytest.mark.usefixtures("scored")
def test_a_link_shows_what_the_register_knew_on_a_day() -> None:
    activations = open_store(parse_viewer("region:VR06")).table("activations")
    known = activations[activations["recorded_at"] < "2020-10-21"]
    assert 0 < len(known) < len(activations)
    role = {"as": "region:VR06"}
    page = drawn.draw("region", "en", known="2020-10-20", **role)
    assert together(page) == len(known)
    assert "as the register knew them on 20 October 2020" in drawn.told(page)
    [chosen_back] = re.findall(r'data-go="known="[^>]*>([^<]*)<', drawn.sent(page))
    assert chosen_back == "Activations as known now"
    assert together(drawn.draw("region", "en", **role)) == len(activations)


def together(page: AppTest) -> int:
    [row] = (row for row in drawn.table(page, "Activations") if row[0].startswith("Together"))
    return int(row[1])


@pytest.mark.usefixtures("scored")
def test_the_score_changes_by_what_the_causes_say() -> None:
    store, model = open_store(parse_viewer("lotc")), load_model()
    read_scored(store, "vr", model)
    changes = store.out("changes", "vr", model.version)
    together = changes[~changes["unit_id"].str.contains(":")].pivot(columns="indicator_code", index="unit_id")
    most = together.sum(axis=1).abs().idxmax()
    told = drawn.told(drawn.draw("region", "en", **{"as": f"region:{most}"})).partition("What changed")[2]
    told = told.partition(read_texts("en")("region.change_how"))[0]
    moved = re.search(r"(Rose|Fell) in 4 weeks from (\d\.\d) to (\d\.\d)", told)
    assert moved is not None, told
    assert (float(moved[3]) >= float(moved[2])) == (moved[1] == "Rose")
    assert len(re.findall(r"[+−]\d\.\d \w+", told)) == min(3, (together.loc[most].abs() >= 0.05).sum())


@pytest.mark.usefixtures("scored")
def test_the_national_team_chooses_a_region() -> None:
    page = drawn.pick(drawn.draw("region", "en"), "Choose a region", "Zeeland")
    assert page.query_params["unit"] == "VR19"
    assert "<h3>Zeeland</h3>" in drawn.sent(page)
    gemeenten = open_store(parse_viewer("lotc")).table("gemeenten")
    [drawn_ones] = re.findall(r'"classes":"([^"]*)"', drawn.listed_on(page))  # a blank for each outside the region
    assert len(drawn_ones.replace(" ", "")) == (gemeenten["vr_code"] == "VR19").sum()


@pytest.mark.usefixtures("scored")
@pytest.mark.parametrize("unit", ["VR06", "GM0363", "nonsense"])
def test_an_address_with_another_region_shows_a_contact_the_own_one(unit: str) -> None:
    page = drawn.draw("region", unit=unit, **{"as": "region:VR23"})
    assert "Limburg-Noord" in drawn.told(page)
    assert "Gelderland" not in drawn.sent(page)


@pytest.mark.usefixtures("few_rebuilds")
def test_figures_of_an_imported_workbook_are_seen_with_status_source_and_year(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.title = "Tabel 1"
    for written in (
        ["Verzonnen cijfers"],
        [None, "Werknemers", None],
        ["Gemeente", "<b>1 persoon</b>", "2 of meer"],
        ["Apeldoorn", 1250, "x"],
        ["Utrecht", 70, 80],
    ):
        sheet.append(written)
    book.save(tmp_path / "maatwerk.xlsx")
    assert command.main(["import", "workbook", str(tmp_path / "maatwerk.xlsx"), "--year", "2020"]) == 0
    rows = drawn.table(drawn.draw("region", **{"as": "region:VR06"}), "Uit ingelezen maatwerktabellen")
    [row] = [row for row in rows if "1 persoon" in " ".join(row)]
    assert "Tabel 1: Werknemers - <b>1 persoon</b>" in " ".join(row)  # escaped, as it stands in the file
    assert row[2:4] + row[5:] == ["1.250", "officieel", "2020"]
    assert "maatwerk, Tabel 1!B4" in row[4]
    [withheld] = [row for row in rows if "2 of meer" in " ".join(row)]
    assert "afgeschermd om mensen of bedrijven te beschermen" in " ".join(withheld)
    assert not [row for row in rows if "Utrecht" in " ".join(row)]
