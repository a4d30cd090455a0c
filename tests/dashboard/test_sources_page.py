"""Sources and quality in a browser: every source with its age, and how sure the figures of each region are."""

import re
from collections.abc import Callable

from playwright.sync_api import Page, expect

from geodata import catalogue, snapshot
from tests.dashboard.conftest import settled

Open = Callable[..., Page]


def test_every_source_stands_there_with_licence_date_age_and_rows(product: str, open_page: Open) -> None:
    page = settled(open_page(f"{product}/sources"))
    listed = page.get_by_role("table", name="Bronnen van dit beeld")
    for record in snapshot.current().sources:
        row = listed.get_by_role("row", name=re.compile(re.escape(catalogue.source(record.source_id).title)))
        expect(row).to_contain_text(record.licence)
        expect(row).to_contain_text(f"{record.rows_n:,}".replace(",", "."))
    expect(listed).to_contain_text("2 jaar later")
    expect(listed).to_contain_text("11 maanden ouder")


def test_quality_of_each_region_and_who_can_better_it(product: str, open_page: Open) -> None:
    page = settled(open_page(f"{product}/sources", locale="en-GB", width=390, height=844))
    regions = page.get_by_role("table", name="Quality per region")
    expect(regions.locator("tbody tr")).to_have_count(25)
    for text in regions.locator("tbody tr").all_inner_texts():
        shares = [int(share) for share in re.findall(r"(\d+)%", text)]
        assert 97 <= sum(shares) <= 103, text
    expect(page.get_by_role("table", name="Who can make which figure better")).to_contain_text(
        "complete the list of sites"
    )
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


def test_a_contact_sees_the_quality_of_the_own_region_alone(product: str, open_page: Open) -> None:
    page = settled(open_page(f"{product}/sources?as=region:VR06"))
    rows = page.get_by_role("table", name="Kwaliteit per regio").locator("tbody tr")
    expect(rows).to_have_count(1)
    expect(rows).to_contain_text("Noord- en Oost-Gelderland")


def test_the_privacy_officer_sees_sources_without_figures(product: str, open_page: Open) -> None:
    page = settled(open_page(f"{product}/sources?as=privacy"))
    expect(page.get_by_role("table")).to_have_count(1)
