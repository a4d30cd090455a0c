"""One search box on every page: what is found, for whom, by keyboard, and that nothing leaves this machine."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from access.viewer import parse_viewer
from dashboard.shell import search, session
from door.store import open_store
from words import read_texts

Open = Callable[..., Page]
PAGES = ("picture", "region", "sites", "method")


@pytest.fixture
def found(monkeypatch: pytest.MonkeyPatch) -> Callable[..., list[search.Entry]]:
    """Search as somebody: ``found("tilb", "lotc", "nl")``."""

    def ask(asked: str, role: str = "lotc", language: str = "nl") -> list[search.Entry]:
        store = open_store(parse_viewer(role))
        monkeypatch.setattr(session, "store", lambda: (store, None))
        pages = tuple(page for page in PAGES if page != "sites" or store.may("sites"))
        return search.find(search.entries(read_texts(language), pages), asked)

    return ask


@pytest.mark.parametrize("language", ["nl", "en"])
@pytest.mark.parametrize(
    ("asked", "kind", "changes"),
    [
        ("tilburg", "gemeente", {"unit": "GM0855", "level": "gemeente"}),
        ("Den Haag", "place", {"unit": "GM0518"}),
        ("the hague", "place", {"unit": "GM0518"}),
        ("volendam", "place", {"unit": "GM0385", "within": "GM0385"}),
        ("sudwest fr", "gemeente", {"unit": "GM1900"}),
        ("noord oost gelderland", "vr", {"unit": "VR06", "level": "vr"}),
        ("greenhouse h", "sector", {"sector": "glass_horticulture"}),
        ("glastuin", "sector", {"sector": "glass_horticulture"}),
        ("method", "page", {}),
        ("Amsteram", "gemeente", {"unit": "GM0363"}),
    ],
)
def test_everything_is_found_in_both_languages(found, language: str, asked: str, kind: str, changes: dict) -> None:
    first = found(asked, "lotc", language)[0]
    assert first.kind == kind
    assert changes.items() <= first.changes.items()


def test_a_gemeente_that_is_gone_leads_to_where_it_went(found) -> None:
    first = found("Boxmeer")[0]
    assert (first.kind, first.changes["unit"], first.where) == ("place", "GM1982", "nu Land van Cuijk")


def test_what_does_not_exist_is_not_found(found) -> None:
    assert found("xyzzyx") == found("") == found("  --  ") == []


def test_a_site_is_found_by_name_number_kind_and_place_and_only_by_who_may_see_it(found) -> None:
    sites = open_store(parse_viewer("lotc")).table("sites")
    own = sites[sites["vr_code"] == "VR06"].iloc[0]
    other = sites[(sites["vr_code"] != "VR06") & (sites["vr_code"] != "")].iloc[0]
    for asked in (own["name"], own["site_id"]):
        assert found(asked)[0].changes == {"unit": own["site_id"]}
    assert found(own["name"], "region:VR06")[0].changes == {"unit": own["site_id"]}
    seen = found(other["name"], "region:VR06") + found(other["site_id"], "region:VR06")
    assert other["site_id"] not in {one.changes.get("unit") for one in seen}
    assert not [one for one in found(own["name"], "policy") if one.kind == "site"]
    assert not [one for one in found(own["name"], "analyst") if one.name == own["name"]]
    assert {one.kind for one in found(own["site_id"], "analyst")} == {"site"}


@pytest.mark.parametrize("path", ["/", "/register", "/sources"])
def test_the_box_opens_with_ctrl_k_on_every_page_and_leads_on_by_keyboard(
    product: str, walk_to: Open, path: str
) -> None:
    page = walk_to(product, path.lstrip("/"))
    expect(page.get_by_role("button", name="Zoeken")).to_be_visible()  # from then on the keys are heard
    page.keyboard.press("Control+k")
    field = page.get_by_role("combobox", name="Zoeken")
    expect(field).to_be_focused()
    expect(page.get_by_role("status").filter(has_text="Naam van een regio")).to_be_visible()
    field.press_sequentially("zzqq")
    expect(page.get_by_text("Niets gevonden voor “zzqq”")).to_be_visible()
    field.fill("zeeland")
    option = page.get_by_role("option").first
    expect(option).to_contain_text("veiligheidsregio")
    expect(option).to_have_attribute("aria-selected", "true")
    field.press("Enter")
    expect(page).to_have_url(f"{product}/?level=vr&unit=VR19")
    expect(page.locator(".rb-why h3").first).to_have_text("Zeeland")
    expect(field).to_be_hidden()


def test_a_site_opens_on_its_page_and_escape_closes_the_box(product: str, walk_to: Open) -> None:
    page = walk_to(product, "method?lang=en")
    page.get_by_role("button", name="Search").click()
    field = page.get_by_role("combobox", name="Search")
    field.press("Escape")
    expect(field).to_be_hidden()
    page.get_by_role("button", name="Search").click()
    field.fill("DEMO-0003")
    page.get_by_role("option").first.click()
    page.wait_for_url("**/sites?*unit=DEMO-0003*")
