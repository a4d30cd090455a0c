"""Register, contacts and report: quick entry on a telephone, drafts, hostile texts and files in a real browser.

What the pages say and what is recorded, by the pages alone.
"""

import re
from collections.abc import Callable

from playwright.sync_api import Page, expect
from streamlit.testing.v1 import AppTest

from access.viewer import Viewer
from door import desk
from door.store import open_store
from geodata.areas import regions
from register import drafts
from register import record as write
from tests.browser.fixtures import HOSTILE_NAME, go, pick, until
from tests.dashboard import drawn

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


def test_a_draft_survives_a_lost_connection(app: str, open_page: Open) -> None:
    page = open_page(f"{app}/register", **TELEPHONE)
    fill_in(page)
    page.get_by_role("textbox", name="Wat gebeurde er?").fill("te veel bedden per kamer")
    page.get_by_role("textbox", name="Wat gebeurde er?").blur()
    expect(page.get_by_text(re.compile(r"Concept bewaard om \d\d:\d\d"))).to_be_visible()
    # What the browser never sent cannot survive.
    until(page, lambda: any(draft.fields["outcome"] for draft in drafts.mine(LOTC, "activation")))
    page.context.set_offline(True)
    page.close()
    again = open_page(f"{app}/register")
    view(again, "Nieuw")
    expect(again.get_by_text(re.compile("Uw concept van .* staat hier weer"))).to_be_visible()
    expect(again.get_by_role("textbox", name="Wat gebeurde er?")).to_have_value("te veel bedden per kamer")
    again.get_by_role("button", name="Vastleggen", exact=True).click()
    expect(again.get_by_text("Vastgelegd.")).to_be_visible()
    assert [row["outcome"] for row in recorded()] == ["te veel bedden per kamer"]


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
    go(page, f"register?entry={receipt.entity_id}")
    expect(page.get_by_text("<img src=x").first).to_be_visible()
    go(page, "contacts")
    page.get_by_text("Leden van het platform (9)").click()
    expect(page.get_by_text("<img src=x").first).to_be_visible()
    go(page, "report")
    page.get_by_role("button", name="Verslag maken").click()
    expect(page.get_by_text("<img src=x").first).to_be_visible()
    assert page.evaluate("window.hacked === undefined")


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


def test_the_report_and_the_list_of_contacts_can_be_saved(app: str, open_page: Open) -> None:
    page = open_page(f"{app}/report?lang=en")
    page.get_by_role("button", name="Make the report").click()
    with page.expect_download() as caught:
        page.get_by_role("button", name="Save as .docx").click()
    assert caught.value.path().read_bytes().startswith(b"PK")
    with page.expect_download() as caught:
        go(page, "contacts?lang=en").get_by_role("button", name="Save the list (functions, no names)").click()
    assert "name" not in caught.value.path().read_text("utf-8").splitlines()[0].split(",")


def register(view: str = "list", **address: str) -> AppTest:
    return drawn.draw("register", state={"register_view": view}, **address)


def typed(page: AppTest, outcome: str, **fields: object) -> AppTest:
    """Fill in the form of an activation, all but what is given as somebody mostly does."""
    answers = {"kind": "preventief", "themes": ["wonen"], "gemeente_code": "GM0363", "sector_code": "lodging"} | fields
    for name, value in answers.items():
        page.get_by_key(f"{page.session_state['draft']['id']}-{name}").set_value(value)
    return drawn.enter(page, "Wat gebeurde er?", outcome)


def test_what_is_missing_is_said_and_nothing_is_recorded() -> None:
    page = drawn.press(register("new"), "Vastleggen")
    assert "Nog nodig: Soort, Plaats, Thema's, Sector, Wat gebeurde er?." in drawn.told(page)
    assert recorded() == []


def test_personal_data_is_warned_of_before_it_is_recorded() -> None:
    page = drawn.press(typed(register("new"), "BSN 111222333 gezien"), "Vastleggen")
    assert "op persoonsgegevens lijkt" in drawn.told(page)
    assert recorded() == []
    assert "Vastgelegd." in drawn.told(drawn.press(page, "Toch vastleggen"))
    assert len(recorded()) == 1


def test_the_second_of_two_editors_sees_the_difference() -> None:
    receipt = write.record(LOTC, "activation", ACTIVATION)
    page = drawn.enter(register(entry=receipt.entity_id), "Wat gebeurde er?", "van de tweede")
    write.correct(LOTC, "activation", receipt.entity_id, {"outcome": "van de eerste"}, based_on=1)
    told = drawn.told(drawn.press(page, "Verbetering vastleggen"))
    assert "Een ander heeft dit intussen gewijzigd" in told
    assert "van de eerste" in told
    assert "van de tweede" in told
    assert "Vastgelegd." in drawn.told(drawn.press(page, "Mijn versie vastleggen"))
    versions = desk.history(open_store(LOTC), "activation", receipt.entity_id)
    assert [one["content"]["outcome"] for one in versions] == ["verzonnen", "van de eerste", "van de tweede"]


def test_a_signal_becomes_an_activation() -> None:
    signal = {
        "event_date": "2020-11-20",
        "origin": "partner",
        "theme": "vervoer",
        "gemeente_code": "GM0363",
        "sector_code": "distribution",
        "text": "volle busjes gezien",
    }
    write.record(LOTC, "signal", signal)
    page = register("signals")
    assert "1 signaal om over te beslissen" in drawn.told(page)
    drawn.press(page, "Maak er een activering van")
    assert "volle busjes gezien" in drawn.widget(page, "Wat gebeurde er?").value
    drawn.enter(page, "Soort", "preventief")
    assert "Vastgelegd." in drawn.told(drawn.press(page, "Vastleggen"))
    row = recorded()[0]
    assert (row["themes"], row["trigger"], bool(row["signal_id"])) == ("vervoer", "externe_melding", True)
    assert list(open_store(LOTC).register("signals")["state"]) == ["activation"]


def follow_up(page: AppTest, to: str) -> None:
    """Choose the route of lost work, whose region is filled in, refer, and follow the referral until it is accepted."""
    drawn.pick(page, "Route", "Werk of onderdak verloren → Werkgeversservicepunt of regionaal mobiliteitsteam")
    region = drawn.widget(page, "Arbeidsmarktregio")
    assert region.format_func(region.value) == to
    assert "Vastgelegd." in drawn.told(drawn.press(page, "Doorverwijzing vastleggen"))
    followed = drawn.enter(register("referrals"), "Stand", "accepted")
    [row] = drawn.table(drawn.press(followed, "Stand vastleggen"), "Doorverwijzingen")
    assert row[1].endswith(f"mobiliteitsteam, {to}")
    assert row[3] == "aangenomen"


def test_a_signal_is_referred_to_its_own_region_and_followed() -> None:
    told = {"origin": "partner", "theme": "werken", "gemeente_code": "GM0855", "sector_code": "distribution"}
    write.record(LOTC, "signal", told | {"event_date": "2020-11-20", "text": "ontslagen en op straat"})
    follow_up(register("signals"), "Midden-Brabant")
    assert list(open_store(LOTC).register("signals")["state"]) == ["referral"]
    row = open_store(LOTC).register("referrals").iloc[0]
    assert (row["state"], row["to"].rpartition(", ")[2], row["vr_code"]) == ("accepted", "Midden-Brabant", "VR20")


def test_an_activation_is_referred_to_the_region_of_its_site_and_followed() -> None:
    store = open_store(LOTC)
    sites, gemeenten = store.table("sites"), store.table("gemeenten").set_index("gemeente_code")
    site = sites[(sites["vr_code"] == "VR22") & (sites["sector_code"] != "")].iloc[0]
    place = {"site_id": site["site_id"], "vr_code": "VR22", "sector_code": site["sector_code"], "gemeente_code": ""}
    entry = write.record(LOTC, "activation", ACTIVATION | place)
    labour_region = regions.labour_regions()[gemeenten.loc[site["gemeente_code"], "am_code"]]
    follow_up(register(entry=entry.entity_id), labour_region)


def test_a_region_finds_its_own_only() -> None:
    theirs = write.record(LOTC, "activation", ACTIVATION | {"outcome": "geheim van dertien"})
    page = register(**{"as": "region:VR06"})
    assert re.search(r"\d+ activeringen", drawn.told(page))
    assert "geheim van dertien" not in drawn.sent(page)
    page = register(entry=theirs.entity_id, **{"as": "region:VR06"})
    assert "Deze activering is er niet, of is niet voor u." in drawn.told(page)
    assert "geheim van dertien" not in drawn.sent(page)


def test_the_report_shows_56_and_the_meeting_sheet_what_is_new() -> None:
    page = drawn.press(drawn.draw("report", "en"), "Make the report")
    assert dict(drawn.table(page, "Part"))["Activations"] == "56"
    assert "Newly recorded activations" in drawn.told(drawn.press(page, "Make the meeting sheet"))


def test_contacts_routes_and_library_are_there_in_both_languages() -> None:
    page = drawn.draw("contacts", "en")
    told = drawn.told(page)
    assert "Contacts in the regions (50)" in told
    assert "Names and telephone numbers have not been filled in yet." in told
    assert drawn.heads(page, "Contacts in the regions") == ["Veiligheidsregio", "Organisation", "Function"]
    for part, says in {
        "routes": "Possible labour exploitation",
        "library": "No protocol yet. Add it below.",
        "work": "No other work recorded yet.",
    }.items():
        assert says in drawn.told(drawn.draw("contacts", "en", state={"contacts_view": part}))
