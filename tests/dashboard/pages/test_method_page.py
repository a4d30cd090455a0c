"""Method: files and charts in a browser; other weights, which never become the national version, by the page alone."""

import re
import tomllib
from collections.abc import Callable

import pandas as pd
import pytest
from playwright.sync_api import Page, expect
from streamlit.testing.v1 import AppTest

from risk.index.model import load_model, parse_model
from tests.dashboard import drawn
from words import read_texts

Open = Callable[..., Page]


def places(page: Page, column: int) -> list[str]:
    return page.locator(f".rb-table tbody tr td:nth-child({column})").all_inner_texts()


def test_the_index_can_be_taken_away_and_is_the_one_that_computes(product: str, walk_to: Open) -> None:
    page = walk_to(product, "method")
    expect(page.get_by_text(load_model().version)).to_be_visible()
    with page.expect_download() as index:
        page.get_by_role("button", name="Index (TOML)").click()
    assert parse_model(tomllib.loads(index.value.path().read_text("utf-8"))).version == load_model().version
    with page.expect_download() as weights:
        page.get_by_role("button", name="Gewichten (CSV)").click()
    table = pd.read_csv(weights.value.path())
    assert round(table["weight_pct"].sum(), 1) == 100
    assert list(table["indicator_code"]) == list(load_model().areas.codes)


def test_the_ranking_with_and_without_counts_and_history(product: str, walk_to: Open) -> None:
    page = walk_to(product, "method?part=with_without", locale="en-GB", width=390, height=844)
    expect(page.locator(".rb-table tbody tr")).to_have_count(25, timeout=120_000)
    expect(page.locator(".rb-table")).to_contain_text("Without registered workers from EU/EFTA")
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


def test_every_chart_has_its_figures_as_a_table(product: str, walk_to: Open) -> None:
    page = walk_to(product, "method?part=intervals&sector=slaughter_meat")
    expect(page.get_by_test_id("stVegaLiteChart")).to_have_attribute("aria-label", re.compile("Plaats van elk gebied"))
    page.get_by_text("Hetzelfde als tabel").click()
    expect(page.locator(".rb-table tbody tr")).to_have_count(25)
    place, low, high = (int(places(page, column)[0]) for column in (2, 3, 4))
    assert low <= place <= high
    page.get_by_text("Seizoenen", exact=True).click()
    expect(page.get_by_text("Hoeveel mensen er in een sector werken")).to_be_visible()
    page.get_by_text("Hetzelfde als tabel").click()
    expect(page.get_by_role("row", name=re.compile("^Open teelt"))).to_contain_text("150")


WEIGHED = read_texts("nl")("method.what_if")


def what_if(**address: str) -> AppTest:
    return drawn.draw("method", part="what_if", **address)


def columns(page: AppTest) -> list[list[str]]:
    """Return the columns of the table of places."""
    return [list(column) for column in zip(*drawn.table(page, WEIGHED), strict=True)]


def agreement(page: AppTest) -> str:
    found = re.search(r"Overeenkomst van de rangorden: (\d,\d\d)", drawn.told(page))
    assert found
    return found[1]


@pytest.mark.usefixtures("scored")
def test_other_weights_move_the_ranking_and_leave_the_official_one() -> None:
    page = what_if()
    assert agreement(page) == "1,00"
    _, official, *_ = columns(page)
    page.slider[0].set_value(0)
    assert agreement(page.run()) < "1,00"
    _, left, tried, *_ = columns(page)
    assert sorted(left, key=int) == sorted(official, key=int)
    assert left != tried
    assert agreement(drawn.press(page, "Terug naar de landelijke gewichten")) == "1,00"


@pytest.mark.usefixtures("scored")
def test_a_contact_sees_only_the_own_place() -> None:
    names, *_ = columns(what_if(**{"as": "region:VR06"}))
    assert names == ["Noord- en Oost-Gelderland"]


@pytest.mark.usefixtures("scored")
def test_a_region_keeps_a_profile_beside_the_national_version_that_others_never_see() -> None:
    page = what_if(**{"as": "region:VR06"})
    assert agreement(page) == "1,00"
    page.slider[0].set_value(0)
    assert agreement(page.run()) < "1,00"
    drawn.enter(page, "Naam van het profiel", "Zonder <b>eerste</b>")
    assert "Het profiel is bewaard." in drawn.told(drawn.press(page, "Bewaren"))
    assert agreement(drawn.press(page, "Terug naar de landelijke gewichten")) == "1,00"
    drawn.pick(page, "Naast de landelijke versie tonen", "Zonder <b>eerste</b>")
    assert "Plaats in Zonder <b>eerste</b>" in drawn.heads(page, WEIGHED)
    other = what_if(**{"as": "region:VR07"})
    assert agreement(other) == "1,00"
    assert "Deze gewichten onder een naam bewaren" in drawn.told(other)
    assert "Gewichten van" not in drawn.labels(other)
    assert "eerste</b>" not in drawn.sent(other)
