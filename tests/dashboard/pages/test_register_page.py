"""Register, contacts and report in a real browser: quick entry on a telephone, drafts, two people, hostile texts."""

import re
from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import Page, expect

from access.viewer import Viewer
from door import desk
from door.store import open_store
from geodata.areas import regions
from register import drafts
from register import record as write
from tests.browser.fixtures import HOSTILE_NAME, pick, settled

LOTC = Viewer("lotc")
TELEPHONE = {"width": 390, "height": 844}
Open = Callable[..., Page]
ACTIVATION = {
    "event_date": "2020-11-30",
    "kind": "preventief",
    "themes": "wonen",
    "gemeente_code": "GM0363",
    "sector_code": "lodging",
    "outcome": "verzonnen",
}


def view(page: Page, name: str) -> None:
    page.get_by_role("radio", name=name, exact=True).click()


def fill_in(page: Page) -> None:
    view(page, "Nieuw")
    page.get_by_role("radio", name="preventief", exact=True).click()
    page.get_by_role("button", name="wonen", exact=True).click()
    pick(page, "Gemeente", "Amsterdam")
    pick(page, "Sector", "Glastuinbouw")


def recorded() -> list[dict]:
    rows = open_store(LOTC).register("activations")
    return rows[~rows["activation_id"].str.startswith("DEMO")].to_dict("records")


def test_an_activation_is_recorded_on_a_telephone_with_six_touches(app: str, open_page: Open) -> None:
    page = open_page(f"{app}/register", **TELEPHONE)
    fill_in(page)
    page.get_by_role("button", name="Niets aangetroffen").click()
    expect(page.get_by_role("textbox", name="Wat gebeurde er?")).to_have_value("niets aangetroffen")
    page.get_by_role("button", name="Vastleggen", exact=True).click()
    expect(page.get_by_text("Vastgelegd.")).to_be_visible()
    expect(page.get_by_role("rowheader", name="Veiligheidsregio")).to_be_visible()
    expect(page).to_have_url(re.compile(r"entry=[0-9a-f]{32}"))
    width = page.evaluate("document.documentElement.scrollWidth")
    assert width <= TELEPHONE["width"], "nothing sticks out"
    page.get_by_role("button", name="Terug naar de lijst").click()
    expect(page.get_by_text("57 activeringen")).to_be_visible()
    row = recorded()[0]
    assert (row["vr_code"], row["sector_code"], row["infections_found"]) == ("VR13", "glass_horticulture", "no")


def test_what_is_missing_is_said_and_nothing_is_recorded(app: str, open_page: Open) -> None:
    page = open_page(f"{app}/register")
    view(page, "Nieuw")
    page.get_by_role("button", name="Vastleggen", exact=True).click()
    expect(page.get_by_text("Nog nodig: Soort, Plaats, Thema's, Sector, Wat gebeurde er?.")).to_be_visible()
    assert recorded() == []


def test_a_draft_survives_a_lost_connection(app: str, open_page: Open) -> None:
    page = open_page(f"{app}/register", **TELEPHONE)
    fill_in(page)
    page.get_by_role("textbox", name="Wat gebeurde er?").fill("te veel bedden per kamer")
    page.get_by_role("textbox", name="Wat gebeurde er?").blur()
    expect(page.get_by_text(re.compile(r"Concept bewaard om \d\d:\d\d"))).to_be_visible()
    while not any(draft.fields["outcome"] for draft in drafts.mine(LOTC, "activation")):
        page.wait_for_timeout(50)  # until the server has it: what the browser never sent cannot survive
    page.context.set_offline(True)
    page.close()
    again = open_page(f"{app}/register")
    view(again, "Nieuw")
    expect(again.get_by_text(re.compile("Uw concept van .* staat hier weer"))).to_be_visible()
    expect(again.get_by_role("textbox", name="Wat gebeurde er?")).to_have_value("te veel bedden per kamer")
    again.get_by_role("button", name="Vastleggen", exact=True).click()
    expect(again.get_by_text("Vastgelegd.")).to_be_visible()
    assert [row["outcome"] for row in recorded()] == ["te veel bedden per kamer"]


def test_personal_data_is_warned_of_before_it_is_recorded(app: str, open_page: Open) -> None:
    page = open_page(f"{app}/register")
    fill_in(page)
    page.get_by_role("textbox", name="Wat gebeurde er?").fill("BSN 111222333 gezien")
    page.get_by_role("textbox", name="Wat gebeurde er?").blur()
    page.get_by_role("button", name="Vastleggen", exact=True).click()
    expect(page.get_by_text("op persoonsgegevens lijkt")).to_be_visible()
    assert recorded() == []
    page.get_by_role("button", name="Toch vastleggen").click()
    expect(page.get_by_text("Vastgelegd.")).to_be_visible()
    assert len(recorded()) == 1


def test_the_second_of_two_editors_sees_the_difference(app: str, open_page: Open) -> None:
    receipt = write.record(LOTC, "activation", ACTIVATION)
    page = open_page(f"{app}/register?entry={receipt.entity_id}")
    page.get_by_text("Verbeteren", exact=True).click()
    page.get_by_role("textbox", name="Wat gebeurde er?").fill("van de tweede")
    write.correct(LOTC, "activation", receipt.entity_id, {"outcome": "van de eerste"}, based_on=1)
    page.get_by_role("textbox", name="Wat gebeurde er?").blur()
    page.get_by_role("button", name="Verbetering vastleggen").click()
    expect(page.get_by_text("Een ander heeft dit intussen gewijzigd")).to_be_visible()
    expect(page.get_by_text("van de eerste").first).to_be_visible()
    expect(page.get_by_text("van de tweede").first).to_be_visible()
    page.get_by_role("button", name="Mijn versie vastleggen").click()
    expect(page.get_by_text("Vastgelegd.")).to_be_visible()
    versions = desk.history(open_store(LOTC), "activation", receipt.entity_id)
    assert [one["content"]["outcome"] for one in versions] == ["verzonnen", "van de eerste", "van de tweede"]


def test_a_signal_becomes_an_activation(app: str, open_page: Open) -> None:
    signal = {
        "event_date": "2020-11-20",
        "origin": "partner",
        "theme": "vervoer",
        "gemeente_code": "GM0363",
        "sector_code": "distribution",
        "text": "volle busjes gezien",
    }
    write.record(LOTC, "signal", signal)
    page = open_page(f"{app}/register")
    view(page, "Signalen")
    expect(page.get_by_text("1 signaal om over te beslissen")).to_be_visible()
    page.get_by_role("button", name="Maak er een activering van").click()
    expect(page.get_by_role("textbox", name="Wat gebeurde er?")).to_have_value(re.compile("volle busjes gezien"))
    page.get_by_role("radio", name="preventief", exact=True).click()
    page.get_by_role("button", name="Vastleggen", exact=True).click()
    expect(page.get_by_text("Vastgelegd.")).to_be_visible()
    row = recorded()[0]
    assert (row["themes"], row["trigger"], bool(row["signal_id"])) == ("vervoer", "externe_melding", True)
    assert list(open_store(LOTC).register("signals")["state"]) == ["activation"]


def follow_up(page: Page, to: str) -> None:
    """Choose the route of lost work, whose region is filled in, refer, and follow the referral until it is accepted."""
    pick(page, "Route", "Werk of onderdak verloren → Werkgeversservicepunt of regionaal mobiliteitsteam")
    expect(page.get_by_role("combobox", name="Arbeidsmarktregio")).to_have_value(to)
    page.get_by_role("button", name="Doorverwijzing vastleggen").click()
    expect(page.get_by_text("Vastgelegd.")).to_be_visible()
    page.keyboard.press("Escape")
    if page.get_by_role("button", name="Terug naar de lijst").count():
        page.get_by_role("button", name="Terug naar de lijst").click()
    view(page, "Doorverwijzingen")
    expect(page.get_by_role("cell", name=re.compile(f"mobiliteitsteam, {to}"))).to_be_visible()
    pick(page, "Stand", "aangenomen")
    page.get_by_role("button", name="Stand vastleggen").click()
    expect(page.get_by_role("cell", name="aangenomen")).to_be_visible()


def test_a_signal_is_referred_to_its_own_region_and_followed(app: str, open_page: Open) -> None:
    told = {"origin": "partner", "theme": "werken", "gemeente_code": "GM0855", "sector_code": "distribution"}
    write.record(LOTC, "signal", told | {"event_date": "2020-11-20", "text": "ontslagen en op straat"})
    page = open_page(f"{app}/register")
    view(page, "Signalen")
    page.get_by_role("button", name="Doorverwijzen").click()
    follow_up(page, "Midden-Brabant")
    assert list(open_store(LOTC).register("signals")["state"]) == ["referral"]
    row = open_store(LOTC).register("referrals").iloc[0]
    assert (row["state"], row["to"].rpartition(", ")[2], row["vr_code"]) == ("accepted", "Midden-Brabant", "VR20")


def test_an_activation_is_referred_to_the_region_of_its_site_and_followed(app: str, open_page: Open) -> None:
    store = open_store(LOTC)
    sites, gemeenten = store.table("sites"), store.table("gemeenten").set_index("gemeente_code")
    site = sites[(sites["vr_code"] == "VR22") & (sites["sector_code"] != "")].iloc[0]
    place = {"site_id": site["site_id"], "vr_code": "VR22", "sector_code": site["sector_code"], "gemeente_code": ""}
    entry = write.record(LOTC, "activation", ACTIVATION | place)
    page = settled(open_page(f"{app}/register?entry={entry.entity_id}"))
    page.get_by_text("Doorverwijzen", exact=True).click()
    follow_up(page, regions.labour_regions()[gemeenten.loc[site["gemeente_code"], "am_code"]])


def test_hostile_texts_are_inert_on_every_page(app: str, open_page: Open) -> None:
    receipt = write.record(LOTC, "activation", ACTIVATION | {"outcome": HOSTILE_NAME, "measures": HOSTILE_NAME})
    write.record(LOTC, "signal", {"event_date": "2020-11-20", "origin": "own", "theme": "wonen", "text": HOSTILE_NAME})
    write.record(LOTC, "work", {"event_date": "2020-11-20", "kind": "product", "title": HOSTILE_NAME})
    contact = {"ring": "platform", "organisation": HOSTILE_NAME, "function": HOSTILE_NAME, "name": HOSTILE_NAME}
    write.record(LOTC, "contact", contact)
    page = open_page(f"{app}/register")
    expect(page.get_by_text("<img src=x").first).to_be_visible()
    view(page, "Signalen")
    expect(page.get_by_text("1 signaal om over te beslissen")).to_be_visible()
    page.goto(f"{app}/register?entry={receipt.entity_id}")
    expect(page.get_by_text("<img src=x").first).to_be_visible()
    page.goto(f"{app}/contacts")
    page.get_by_text("Leden van het platform (9)").click()
    expect(page.get_by_text("<img src=x").first).to_be_visible()
    page.goto(f"{app}/report")
    page.get_by_role("button", name="Verslag maken").click()
    expect(page.get_by_text("<img src=x").first).to_be_visible()
    assert page.evaluate("window.hacked === undefined")


def test_a_region_finds_its_own_only(app: str, open_page: Open) -> None:
    theirs = write.record(LOTC, "activation", ACTIVATION | {"outcome": "geheim van dertien"})
    page = open_page(f"{app}/register?as=region:VR06")
    expect(page.get_by_text(re.compile(r"^\d+ activeringen$"))).to_be_visible()
    expect(page.get_by_text("geheim van dertien")).to_have_count(0)
    page.goto(f"{app}/register?as=region:VR06&entry={theirs.entity_id}")
    expect(page.get_by_text("Deze activering is er niet, of is niet voor u.")).to_be_visible()
    assert "geheim van dertien" not in page.content()


def test_the_report_shows_56_and_can_be_saved(app: str, open_page: Open, tmp_path: Path) -> None:
    page = open_page(f"{app}/report?lang=en")
    page.get_by_role("button", name="Make the report").click()
    row = page.get_by_role("row", name=re.compile("^Activations")).first
    expect(row).to_contain_text("56")
    with page.expect_download() as caught:
        page.get_by_role("button", name="Save as .docx").click()
    caught.value.save_as(tmp_path / "report.docx")
    assert (tmp_path / "report.docx").read_bytes().startswith(b"PK")
    page.get_by_role("button", name="Make the meeting sheet").click()
    expect(page.get_by_text("Newly recorded activations")).to_be_visible()


def test_contacts_routes_and_library_are_there_in_both_languages(app: str, open_page: Open) -> None:
    page = open_page(f"{app}/contacts?lang=en")
    expect(page.get_by_text("Contacts in the regions (50)")).to_be_visible()
    expect(page.get_by_text("Names and telephone numbers have not been filled in yet.")).to_be_visible()
    expect(page.get_by_role("columnheader", name="Function").first).to_be_visible()
    expect(page.get_by_role("columnheader", name="Telephone")).to_have_count(0)
    with page.expect_download() as caught:
        page.get_by_role("button", name="Save the list (functions, no names)").click()
    assert "name" not in Path(caught.value.path()).read_text("utf-8").splitlines()[0].split(",")
    view(page, "Routes")
    expect(page.get_by_text("Possible labour exploitation").first).to_be_visible()
    view(page, "Library")
    expect(page.get_by_text("No protocol yet. Add it below.").first).to_be_visible()
    view(page, "Other work")
    expect(page.get_by_text("No other work recorded yet.")).to_be_visible()


def test_a_site_found_by_name_fills_in_its_place_and_sector(app: str, open_page: Open) -> None:
    sites = open_store(LOTC).table("sites")
    site = sites[(sites["vr_code"] == "VR06") & (sites["sector_code"] != "")].iloc[0]
    elsewhere = sites.loc[sites["vr_code"] == "VR07", "name"].iloc[0]
    page = open_page(f"{app}/register?as=region:VR06", **TELEPHONE)
    view(page, "Nieuw")
    field = page.get_by_role("combobox", name="Locatie, als er een is")
    field.fill(elsewhere)
    expect(page.get_by_role("option", name="Niets gevonden")).to_be_visible()
    pick(page, "Locatie, als er een is", site["name"], part=True)
    names = dict(open_store(LOTC).table("gemeenten")[["gemeente_code", "gemeente_name"]].to_numpy())
    expect(page.get_by_role("combobox", name="Gemeente")).to_have_value(names[site["gemeente_code"]])
    page.get_by_role("radio", name="preventief", exact=True).click()
    page.get_by_role("button", name="wonen", exact=True).click()
    page.get_by_role("button", name="Niets aangetroffen").click()
    expect(page.get_by_role("textbox", name="Wat gebeurde er?")).to_have_value("niets aangetroffen")
    page.get_by_role("button", name="Vastleggen", exact=True).click()
    expect(page.get_by_text("Vastgelegd.")).to_be_visible()
    expect(page.get_by_role("row", name=re.compile("^Locatie"))).to_contain_text(site["name"])
    row = recorded()[0]
    assert [row[name] for name in ("site_id", "gemeente_code", "sector_code")] == [
        site["site_id"],
        site["gemeente_code"],
        site["sector_code"],
    ]
