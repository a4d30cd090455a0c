"""Method in a browser: the words come from the model, and other weights never become the national version."""

import re
import tomllib
from collections.abc import Callable

import pandas as pd
from playwright.sync_api import Page, expect

from risk.index.model import load_model, parse_model
from tests.browser.fixtures import settled

Open = Callable[..., Page]


def places(page: Page, column: int) -> list[str]:
    return page.locator(f".rb-table tbody tr td:nth-child({column})").all_inner_texts()


def test_the_index_can_be_taken_away_and_is_the_one_that_computes(product: str, open_page: Open) -> None:
    page = settled(open_page(f"{product}/method"))
    expect(page.get_by_text(load_model().version)).to_be_visible()
    with page.expect_download() as index:
        page.get_by_role("button", name="Index (TOML)").click()
    assert parse_model(tomllib.loads(index.value.path().read_text("utf-8"))).version == load_model().version
    with page.expect_download() as weights:
        page.get_by_role("button", name="Gewichten (CSV)").click()
    table = pd.read_csv(weights.value.path())
    assert round(table["weight_pct"].sum(), 1) == 100
    assert list(table["indicator_code"]) == list(load_model().areas.codes)


def test_other_weights_move_the_ranking_and_leave_the_official_one(product: str, open_page: Open) -> None:
    page = settled(open_page(f"{product}/method?part=what_if"))
    expect(page.get_by_text("Overeenkomst van de rangorden: 1,00")).to_be_visible(timeout=60_000)
    official = sorted(places(page, 2), key=int)
    slider = page.get_by_role("slider").first
    slider.focus()
    page.keyboard.press("Home")
    expect(page.get_by_text(re.compile(r"Overeenkomst van de rangorden: 0,\d\d"))).to_be_visible(timeout=30_000)
    assert sorted(places(page, 2), key=int) == official
    assert places(page, 2) != places(page, 3)
    page.get_by_role("button", name="Terug naar de landelijke gewichten").click()
    expect(page.get_by_text("Overeenkomst van de rangorden: 1,00")).to_be_visible(timeout=30_000)


def test_the_ranking_with_and_without_counts_and_history(product: str, open_page: Open) -> None:
    page = settled(open_page(f"{product}/method?part=with_without", locale="en-GB", width=390, height=844))
    expect(page.locator(".rb-table tbody tr")).to_have_count(25, timeout=120_000)
    expect(page.locator(".rb-table")).to_contain_text("Without registered workers from EU/EFTA")
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


def test_a_contact_sees_only_the_own_place(product: str, open_page: Open) -> None:
    page = settled(open_page(f"{product}/method?part=what_if&as=region:VR06"))
    expect(page.locator(".rb-table tbody tr")).to_have_count(1, timeout=60_000)
    expect(page.locator(".rb-table tbody tr")).to_contain_text("Noord- en Oost-Gelderland")


def test_a_region_keeps_a_profile_beside_the_national_version_that_others_never_see(
    product: str, open_page: Open
) -> None:
    page = settled(open_page(f"{product}/method?part=what_if&as=region:VR06"))
    expect(page.get_by_text("Overeenkomst van de rangorden: 1,00")).to_be_visible()
    page.get_by_role("slider").first.focus()
    page.keyboard.press("Home")
    expect(page.get_by_text(re.compile(r"Overeenkomst van de rangorden: 0,\d\d"))).to_be_visible()
    page.get_by_text("Deze gewichten onder een naam bewaren").click()
    page.get_by_label("Naam van het profiel").fill("Zonder <b>eerste</b>")
    page.get_by_role("button", name="Bewaren", exact=True).click()
    expect(page.get_by_text("Het profiel is bewaard.")).to_be_visible()
    page.get_by_role("button", name="Terug naar de landelijke gewichten").click()
    expect(page.get_by_text("Overeenkomst van de rangorden: 1,00")).to_be_visible()
    page.get_by_label("Naast de landelijke versie tonen").click()
    page.get_by_role("option", name="Zonder <b>eerste</b>").click()
    page.keyboard.press("Escape")
    expect(page.get_by_role("columnheader", name="Plaats in Zonder <b>eerste</b>")).to_be_visible()
    other = settled(open_page(f"{product}/method?part=what_if&as=region:VR07"))
    expect(other.get_by_text("Overeenkomst van de rangorden: 1,00")).to_be_visible()
    expect(other.get_by_text("Deze gewichten onder een naam bewaren")).to_be_visible()
    expect(other.get_by_text("Gewichten van", exact=True)).to_have_count(0)
    assert "eerste" not in other.content()


def test_every_chart_has_its_figures_as_a_table(product: str, open_page: Open) -> None:
    page = settled(open_page(f"{product}/method?part=intervals&sector=slaughter_meat"))
    expect(page.get_by_test_id("stVegaLiteChart")).to_have_attribute("aria-label", re.compile("Plaats van elk gebied"))
    page.get_by_text("Hetzelfde als tabel").click()
    expect(page.locator(".rb-table tbody tr")).to_have_count(25)
    place, low, high = (int(places(page, column)[0]) for column in (2, 3, 4))
    assert low <= place <= high
    page.get_by_text("Seizoenen", exact=True).click()
    expect(page.get_by_text("Hoeveel mensen er in een sector werken")).to_be_visible()
    page.get_by_text("Hetzelfde als tabel").click()
    expect(page.get_by_role("row", name=re.compile("^Open teelt"))).to_contain_text("150")
