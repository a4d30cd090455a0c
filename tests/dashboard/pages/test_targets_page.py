"""The page Targets in a real browser: a plan, other limits, locks, a clash, and a plan from draft to visit."""

import re
import zipfile
from collections.abc import Callable
from pathlib import Path

import pandas as pd
from playwright.sync_api import Page, expect

from access import audit
from access.viewer import Viewer
from door import store as access
from door.store import open_store
from tests.browser.fixtures import HOSTILE_NAME, pick, settled

LOTC = Viewer("lotc")
Open = Callable[..., Page]


def number(page: Page, label: str, value: int) -> None:
    field = page.get_by_role("spinbutton", name=label)
    field.fill(str(value))
    field.press("Enter")


def view(page: Page, name: str) -> None:
    page.get_by_role("radio", name=name, exact=True).click()


def test_a_plan_is_there_at_once_and_follows_the_request(app: str, open_page: Open) -> None:
    page = open_page(f"{app}/targets")
    expect(page.get_by_text("40 bezoeken: hoogste risico 28")).to_be_visible()
    expect(page.get_by_text("Geloot onder weinig bekende (1)")).to_be_visible()
    expect(page.get_by_text("De punten zijn risicopunten")).to_be_visible()
    expect(page.get_by_text("Locaties: 40")).to_be_visible()
    settled(page)
    number(page, "Aantal bezoeken", 30)
    expect(page.get_by_text(re.compile(r"^30 bezoeken:"))).to_be_visible()
    expect(page.get_by_text("Locaties: 30")).to_be_visible()
    settled(page)
    page.get_by_text("Wat een quotum kost").click()
    expect(page.get_by_text("Hoeveel punten het plan meer zou hebben")).to_be_visible()


def test_an_impossible_request_names_the_clash_and_the_page_goes_on(app: str, open_page: Open) -> None:
    page = open_page(f"{app}/targets?lang=en")
    expect(page.get_by_text("40 visits:")).to_be_visible()
    number(page, "At least per region", 2)
    expect(page.get_by_text("No plan keeps these limits together: the number of visits")).to_be_visible()
    number(page, "At least per region", 1)
    expect(page.get_by_text("40 visits:")).to_be_visible()


def test_a_site_is_locked_in_with_a_reason_that_is_inert(app: str, open_page: Open) -> None:
    page = open_page(f"{app}/targets")
    expect(page.get_by_text("40 bezoeken:")).to_be_visible()
    sites = open_store(LOTC).table("sites")
    site = sites[(sites["located"] == "exact") & (sites["vr_code"] == "VR10")].iloc[0]
    page.get_by_text("Vastzetten of uitsluiten").click()
    pick(page, "Locatie", site["site_id"], part=True)
    page.get_by_role("textbox", name="Reden").fill(HOSTILE_NAME)
    page.get_by_role("button", name="Vastzetten", exact=True).click()
    expect(page.get_by_text("Vastgezet (1)")).to_be_visible()
    expect(page.get_by_role("row", name=re.compile(re.escape(site["name"]))).first).to_contain_text("vastgezet: <img")
    assert page.evaluate("window.hacked") is None
    page.get_by_role("button", name=f"Ongedaan maken: {site['name']}").click()
    expect(page.get_by_text("Vastgezet (1)")).to_be_hidden()


def test_a_plan_goes_from_draft_to_a_visit_that_counts(app: str, open_page: Open) -> None:
    page = open_page(f"{app}/targets")
    expect(page.get_by_text("40 bezoeken:")).to_be_visible()
    settled(page)
    page.get_by_role("button", name="Bewaar als ontwerp").click()
    expect(page.get_by_text("Bewaard als ontwerp")).to_be_visible()
    view(page, "Plannen")
    page.get_by_role("button", name="Stel vast").click()
    expect(page.get_by_text("Doorgaan?")).to_be_visible()
    assert set(open_store(LOTC).table("plan_lines")["plan_state"]) == {"draft"}
    page.get_by_role("button", name="Ja, stel vast").click()
    expect(page.get_by_text("40 regels vastgesteld.")).to_be_visible()
    assert set(open_store(LOTC).table("plan_lines")["plan_state"]) == {"approved"}
    page.get_by_role("link", name=re.compile(r"^Bezoekplan 7-20 december 2020, versie \d+$")).click()
    expect(page).to_have_url(re.compile(r"plan=20201130-"))
    lines = page.get_by_role("table", name=re.compile("^Bezoekplan 7-20 december 2020")).inner_text()
    assert not re.search(r"\b(VR\d\d|2020-W\d\d)\b", lines), "names and dates, never codes"
    with page.expect_download() as taken:
        page.get_by_role("button", name="Agenda (.ics)").click()
    assert Path(taken.value.path()).read_bytes().count(b"BEGIN:VEVENT") == 40
    with page.expect_download(timeout=600_000) as taken:  # a map and two files for each region
        page.get_by_role("button", name="Alle regiobladen (zip)").click()
    with zipfile.ZipFile(taken.value.path()) as sheets:
        regions = set(open_store(LOTC).table("plan_lines")["vr_code"])
        assert len([name for name in sheets.namelist() if name.endswith(".pdf")]) == len(regions)
        assert sheets.testzip() is None
    page.get_by_text("Bezoek vastleggen").click()
    page.get_by_role("textbox", name="Wat er gebeurde").fill("niets aangetroffen, verzonnen")
    page.get_by_role("button", name="Leg vast").click()
    expect(page.get_by_text("Vastgelegd, ook in het register.")).to_be_visible()
    kept = open_store(LOTC).table("activations")
    assert (kept["plan_line_id"] != "").sum() == 1
    view(page, "Uitkomst")
    expect(page.get_by_role("table", name="Vondsten per lijst")).to_be_visible()


def test_the_plan_and_the_sheet_of_a_region_can_be_taken_along(app: str, open_page: Open, tmp_path: Path) -> None:
    page = open_page(f"{app}/targets?lang=en")
    expect(page.get_by_text("40 visits:")).to_be_visible()
    settled(page)
    with page.expect_download() as plan:
        page.get_by_role("button", name="Download the plan").click()
    plan.value.save_as(tmp_path / "plan.xlsx")
    table = pd.read_excel(tmp_path / "plan.xlsx")
    assert len(table) == 40
    assert (table["status_band"] == "EXAMPLE - invented figures").all()
    with page.expect_download() as sheet:
        page.get_by_role("button", name="Download the region sheet").click()
    sheet.value.save_as(tmp_path / "sheet.html")
    text = (tmp_path / "sheet.html").read_text("utf-8")
    assert "EXAMPLE - invented figures" in text
    assert text.count("<tr>") == (table["vr_code"] == min(table["vr_code"])).sum() + 1
    assert "<img" in text
    noted = audit.read().query("what == 'export'")[:2]  # newest first
    assert list(noted["table"]) == [f"sheet {min(table['vr_code'])}", "targets"]
    assert list(noted["rows_n"]) == [(table["vr_code"] == min(table["vr_code"])).sum(), 40]


def test_a_region_sees_its_own_sites_and_only_the_names_of_other_regions(app: str, open_page: Open) -> None:
    page = open_page(f"{app}/targets?as=region:VR06")
    view(page, "Plan maken")
    expect(page.get_by_text("Plannen bewaren en vaststellen doet LOT-C.")).to_be_visible()
    expect(page.get_by_role("button", name="Bewaar als ontwerp")).to_be_hidden()
    expect(page.get_by_text("vraag LOT-C om u te verbinden").first).to_be_visible()
    shown = page.inner_text("body")
    everything = access.open_store(LOTC).table("sites")
    others = everything[(everything["vr_code"] != "VR06") & (everything["name"] != "")]
    assert not [name for name in others["name"] if name in shown]


def test_sites_to_sort_out_are_listed_with_what_to_do(app: str, open_page: Open) -> None:
    page = open_page(f"{app}/targets?lang=en")
    view(page, "To sort out")
    table = page.get_by_role("table", name="To sort out")
    expect(table.get_by_text("has no place; add an address or coordinates").first).to_be_visible()
    expect(table.get_by_text("is also in another source; say if it is the same").first).to_be_visible()


def test_nothing_sticks_out(app: str, open_page: Open) -> None:
    page = open_page(f"{app}/targets")
    expect(page.get_by_text("40 bezoeken:")).to_be_visible()
    expect(page.get_by_text("Geloot (7)")).to_be_visible()
    for width in (1400, 390):
        page.set_viewport_size({"width": width, "height": 900})
        page.wait_for_function("width => innerWidth === width", arg=width)
        page.wait_for_function("width => document.documentElement.scrollWidth <= width", arg=width)


def test_a_double_is_decided_on_and_leaves_the_list(app: str, open_page: Open) -> None:
    page = open_page(f"{app}/targets?lang=en")
    view(page, "To sort out")
    rows = page.get_by_role("table", name="To sort out").get_by_text("is also in another source")
    expect(rows).to_have_count(12)
    page.get_by_text("Decide on a site").click()
    pick(page, "Site", "is also in another source", part=True)
    page.get_by_text("two different ones").click()
    page.get_by_role("textbox", name="Reason").fill("two halls side by side")
    page.get_by_role("button", name="Record the decision").click()
    expect(page.get_by_text("Recorded. A decision is taken back")).to_be_visible()
    expect(rows).to_have_count(11)


def test_two_contacts_are_connected_when_both_say_yes(app: str, open_page: Open) -> None:
    page = open_page(f"{app}/targets")
    view(page, "Verbinden")
    expect(page.get_by_text("Er is niets gevraagd.")).to_be_visible()
    page.get_by_text("Vraag twee contacten om te verbinden").click()
    page.get_by_role("textbox", name="Reden").fill("verzonnen verband")
    page.get_by_role("button", name="Vraag beide contacten").click()
    expect(page.get_by_text("Gevraagd aan beide contacten.")).to_be_visible()
    sides = open_store(LOTC).register("decisions")
    for side in sides.to_dict("records"):
        mine = open_page(f"{app}/targets?as=region:{side['vr_code']}")
        view(mine, "Verbinden")
        expect(mine.get_by_text("Locaties waarmee u verbonden bent")).to_be_hidden()
        mine.get_by_role("textbox", name="Reden").fill("graag")
        mine.get_by_role("button", name="Ja, verbind ons").click()
        expect(mine.get_by_role("table", name="Vragen om te verbinden").get_by_text("ja", exact=True)).to_be_visible()
    expect(mine.get_by_text("Locaties waarmee u verbonden bent")).to_be_visible()
    assert sides["site_id"].iloc[0] in mine.inner_text("body") or sides["site_id"].iloc[1] in mine.inner_text("body")
