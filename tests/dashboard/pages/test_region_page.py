"""My region in a browser: the contact's own region on a telephone, and the national team's choice of one."""

import re
from collections.abc import Callable
from pathlib import Path

import openpyxl
import pytest
from playwright.sync_api import Page, expect

from access.viewer import parse_viewer
from commands import data as command
from door.store import open_store
from risk.index.model import load_model
from risk.scores.outputs import read_scored
from tests.browser.fixtures import ROOT, pick, settled

Open = Callable[..., Page]
ELSEWHERE = ["Limburg-Noord", "Brabant-Zuidoost", "Rotterdam-Rijnmond", "Midden- en West-Brabant", "Fryslân"]


def test_a_contact_sees_the_own_region_on_a_telephone_and_no_other(product: str, open_page: Open) -> None:
    page = settled(open_page(f"{product}/region?as=region:VR06", width=390, height=844))
    expect(page.get_by_role("heading", name="Noord- en Oost-Gelderland").first).to_be_visible()
    body = page.locator("[data-testid=stMain]")
    expect(body).to_contain_text(re.compile(r"Plaats \d+ van 25; met 90 % zekerheid"))
    expect(body).to_contain_text(re.compile(r"De middelste helft van de regio's scoort \d,\d tot \d,\d"))
    assert not [name for name in ELSEWHERE if name in body.inner_text()]
    expect(page.get_by_role("combobox", name="Kies een regio")).to_have_count(0)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


def test_choosing_a_sector_and_a_gemeente_changes_reasons_history_and_address(product: str, open_page: Open) -> None:
    page = settled(open_page(f"{product}/region?as=region:VR06"))
    page.get_by_role("link", name="Slachterijen en vlees").click()
    expect(page).to_have_url(re.compile("sector=slaughter_meat"))
    expect(page.locator(".rb-why")).to_contain_text("Slachterijen en vlees")
    expect(page.get_by_role("heading", name="Wat veranderde").locator("..")).to_contain_text("Slachterijen en vlees")
    page.get_by_role("row", name=re.compile("Apeldoorn")).click()
    expect(page).to_have_url(re.compile("unit=GM0200"))
    expect(page.locator(".rb-why").get_by_role("heading", name="Apeldoorn")).to_be_visible()
    page.go_back()
    expect(page.locator(".rb-why").get_by_role("heading", name="Noord- en Oost-Gelderland")).to_be_visible()


def test_a_link_shows_what_the_register_knew_on_a_day(product: str, open_page: Open) -> None:
    activations = open_store(parse_viewer("region:VR06")).table("activations")
    known = activations[activations["recorded_at"] < "2020-10-21"]
    assert 0 < len(known) < len(activations)
    page = settled(open_page(f"{product}/region?as=region:VR06&known=2020-10-20", locale="en-GB"))
    both = page.get_by_role("row", name=re.compile("^Together"))
    expect(both.get_by_role("cell").first).to_have_text(str(len(known)))
    expect(page.get_by_text("as the register knew them on 20 October 2020")).to_be_visible()
    page.get_by_label("Register as known on").select_option("Activations as known now")
    expect(both.get_by_role("cell").first).to_have_text(str(len(activations)))
    expect(page).not_to_have_url(re.compile("known="))


def test_the_score_changes_by_what_the_causes_say(product: str, open_page: Open) -> None:
    store, model = open_store(parse_viewer("lotc")), load_model()
    read_scored(store, "vr", model)
    changes = store.out("changes", "vr", model.version)
    together = changes[~changes["unit_id"].str.contains(":")].pivot(columns="indicator_code", index="unit_id")
    most = together.sum(axis=1).abs().idxmax()
    page = settled(open_page(f"{product}/region?as=region:{most}", locale="en-GB"))
    told = page.get_by_role("heading", name="What changed").locator("..").inner_text()
    moved = re.search(r"(Rose|Fell) in 4 weeks from (\d\.\d) to (\d\.\d)", told)
    assert moved is not None, told
    assert (float(moved[3]) >= float(moved[2])) == (moved[1] == "Rose")
    assert len(re.findall(r"[+−]\d\.\d \w+", told)) == min(3, (together.loc[most].abs() >= 0.05).sum())


def test_the_national_team_chooses_a_region(product: str, open_page: Open) -> None:
    page = settled(open_page(f"{product}/region", locale="en-GB"))
    pick(page, "Choose a region", "Zeeland")
    expect(page).to_have_url(re.compile("unit=VR19"))
    expect(page.locator(".rb-why").get_by_role("heading", name="Zeeland")).to_be_visible()
    expect(page.get_by_role("row", name=re.compile("Middelburg"))).to_be_visible()


@pytest.mark.parametrize("unit", ["VR06", "GM0363", "nonsense"])
def test_an_address_with_another_region_shows_a_contact_the_own_one(product: str, walk_to: Open, unit: str) -> None:
    page = walk_to(product, f"region?as=region:VR23&unit={unit}")
    expect(page.get_by_role("heading", name="Limburg-Noord").first).to_be_visible()
    assert "Gelderland" not in page.locator("[data-testid=stMain]").inner_text()


def test_the_sheet_and_the_files_arrive(product: str, open_page: Open) -> None:
    page = settled(open_page(f"{product}/region?as=region:VR06"))
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


def test_figures_of_an_imported_workbook_are_seen_with_status_source_and_year(
    serve: Callable[..., str], open_page: Open, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = tmp_path / "installation"
    url = serve(ROOT / "app.py", RISICOBEELD_DATA=str(data))
    monkeypatch.setenv("RISICOBEELD_DATA", str(data))
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
    page = settled(open_page(f"{url}/region?as=region:VR06"))
    table = page.get_by_role("table", name="Uit ingelezen maatwerktabellen")
    row = table.get_by_role("row", name=re.compile("1 persoon"))
    expect(row).to_contain_text("Tabel 1: Werknemers - <b>1 persoon</b>")  # escaped, as it stands in the file
    expect(row.get_by_role("cell")).to_have_text(
        [re.compile("1 persoon"), "1.250", "officieel", re.compile("maatwerk, Tabel 1!B4"), "2020"]
    )
    withheld = table.get_by_role("row", name=re.compile("2 of meer"))
    expect(withheld).to_contain_text("afgeschermd om mensen of bedrijven te beschermen")
    expect(table.get_by_role("row", name=re.compile("Utrecht"))).to_have_count(0)
