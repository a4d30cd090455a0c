"""The page Targets: a plan, other limits, a clash, whose sites and decisions, by the page alone.

In a real browser: hostile texts, files, and a plan from draft to visit.
"""

import re
import zipfile
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest
from playwright.sync_api import Page, expect
from streamlit.testing.v1 import AppTest

from access import audit
from access.viewer import Viewer
from door import store as access
from door.store import open_store
from tests.browser.fixtures import HOSTILE_NAME, pick, settled
from tests.dashboard import drawn

LOTC = Viewer("lotc")
Open = Callable[..., Page]


def view(page: Page, name: str) -> None:
    page.get_by_role("radio", name=name, exact=True).click()


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
    for width in (1400, 390):  # and nothing sticks out
        page.set_viewport_size({"width": width, "height": 900})
        page.wait_for_function("width => innerWidth === width", arg=width)
        page.wait_for_function("width => document.documentElement.scrollWidth <= width", arg=width)


def number(page: Page, label: str, value: int) -> None:
    field = settled(page).get_by_role("spinbutton", name=label)
    field.fill(str(value))
    field.press("Enter")


def test_a_plan_goes_from_draft_to_a_visit_that_counts(app: str, open_page: Open) -> None:
    """Five visits, so that few regions get a sheet: each is a map and two files."""
    page = open_page(f"{app}/targets")
    expect(page.get_by_text("40 bezoeken:")).to_be_visible()
    expect(page.get_by_text("Locaties: 40")).to_be_visible()
    number(page, "Per regio minstens", 0)
    number(page, "Aantal bezoeken", 5)
    expect(page.get_by_text(re.compile("^5 bezoeken:"))).to_be_visible()
    expect(page.get_by_text("Locaties: 5", exact=True)).to_be_visible()
    settled(page)
    page.get_by_role("button", name="Bewaar als ontwerp").click()
    expect(page.get_by_text("Bewaard als ontwerp")).to_be_visible()
    view(page, "Plannen")
    page.get_by_role("button", name="Stel vast").click()
    expect(page.get_by_text("Doorgaan?")).to_be_visible()
    assert set(open_store(LOTC).table("plan_lines")["plan_state"]) == {"draft"}
    page.get_by_role("button", name="Ja, stel vast").click()
    expect(page.get_by_text("5 regels vastgesteld.")).to_be_visible()
    assert set(open_store(LOTC).table("plan_lines")["plan_state"]) == {"approved"}
    page.get_by_role("link", name=re.compile(r"^Bezoekplan 7-20 december 2020, versie \d+$")).click()
    expect(page).to_have_url(re.compile(r"plan=20201130-"))
    lines = page.get_by_role("table", name=re.compile("^Bezoekplan 7-20 december 2020")).inner_text()
    assert not re.search(r"\b(VR\d\d|2020-W\d\d)\b", lines), "names and dates, never codes"
    with page.expect_download() as taken:
        page.get_by_role("button", name="Agenda (.ics)").click()
    assert Path(taken.value.path()).read_bytes().count(b"BEGIN:VEVENT") == 5
    with page.expect_download() as taken:
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


def listed_n(page: AppTest) -> int:
    """Return how many visits stand in the lists of a plan."""
    return page.get_by_key("targets-lists").proto.json.count("rowheader")


def page_at(part: str = "make", language: str = "nl", **address: str) -> AppTest:
    return drawn.draw("targets", language, state={"targets-view": part}, **address)


@pytest.mark.usefixtures("scored")
def test_a_plan_is_there_at_once_and_follows_the_request() -> None:
    page = page_at()
    told = drawn.told(page)
    assert "40 bezoeken: hoogste risico 28" in told
    assert "Geloot (7)" in told
    assert "Geloot onder weinig bekende (1)" in told
    assert "De punten zijn risicopunten" in told
    assert listed_n(page) == 40
    drawn.enter(page, "Aantal bezoeken", 30)
    assert " 30 bezoeken:" in drawn.told(page)
    assert listed_n(page) == 30
    page.session_state["targets-prices"][1].result()  # worked out in the background
    assert "Hoeveel punten het plan meer zou hebben" in drawn.told(page.run())


@pytest.mark.usefixtures("scored")
def test_an_impossible_request_names_the_clash_and_the_page_goes_on() -> None:
    page = page_at("make", "en")
    drawn.enter(page, "At least per region", 2)
    assert "No plan keeps these limits together: the number of visits" in drawn.told(page)
    drawn.enter(page, "At least per region", 1)
    assert "40 visits:" in drawn.told(page)


@pytest.mark.usefixtures("scored")
def test_a_region_sees_its_own_sites_and_only_the_names_of_other_regions() -> None:
    page = page_at("make", **{"as": "region:VR06"})
    told = drawn.told(page)
    assert "Plannen bewaren en vaststellen doet LOT-C." in told
    assert "Bewaar als ontwerp" not in drawn.labels(page)
    assert "vraag LOT-C om u te verbinden" in told
    everything = access.open_store(LOTC).table("sites")
    others = everything[(everything["vr_code"] != "VR06") & (everything["name"] != "")]
    sent = drawn.sent(page)
    assert not [name for name in others["name"] if name in sent]


@pytest.mark.usefixtures("scored")
def test_sites_to_sort_out_are_listed_with_what_to_do_and_a_double_is_decided_on() -> None:
    page = page_at("problems", "en")

    def problems(told: str) -> int:
        return sum(told in problem for _, _, problem, _ in drawn.table(page, "To sort out"))

    assert problems("has no place; add an address or coordinates")
    assert problems("is also in another source; say if it is the same") == 12
    drawn.pick(page, "Site", "is also in another source")
    drawn.enter(page, "Decision", "different")
    drawn.enter(page, "Reason", "two halls side by side")
    told = drawn.told(drawn.press(page, "Record the decision"))
    assert "Recorded. A decision is taken back" in told
    assert problems("is also in another source") == 11


@pytest.mark.usefixtures("scored")
def test_two_contacts_are_connected_when_both_say_yes() -> None:
    page = page_at("links")
    assert "Er is niets gevraagd." in drawn.told(page)
    drawn.enter(page, "Reden", "verzonnen verband")
    assert "Gevraagd aan beide contacten." in drawn.told(drawn.press(page, "Vraag beide contacten"))
    sides = open_store(LOTC).register("decisions")
    for side in sides.to_dict("records"):
        page = page_at("links", **{"as": f"region:{side['vr_code']}"})
        assert "Locaties waarmee u verbonden bent" not in drawn.told(page)
        drawn.enter(page, "Reden", "graag")
        drawn.press(page, "Ja, verbind ons")
        assert "ja" in [state for _, _, _, state, _ in drawn.table(page, "Vragen om te verbinden")]
    connected = drawn.table(page, "Locaties waarmee u verbonden bent")
    assert {for_site for *_, for_site in connected} & set(sides["site_id"])
