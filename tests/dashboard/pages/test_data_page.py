"""Data: in a browser from the example to a file of one's own and back, without a terminal.

Whose file, where a list is whole, addresses and corrected places, by the page alone.
"""

import re
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pandas as pd
import pytest
from playwright.sync_api import Page, expect
from streamlit.testing.v1 import AppTest

from access.viewer import Viewer
from dashboard.pages.data import upload
from door.store import open_store
from geodata.intake import recognise
from geodata.refresh import bundle
from geodata.snapshots import snapshot
from risk.targets import decisions
from tests.browser.fixtures import ROOT, settled
from tests.dashboard import drawn
from tests.server import maps
from tests.server.local import running

Open = Callable[..., Page]
CASES = "gemeente;week;aantal\nAmsterdam;2020-W40;12\nDen Haag;2020-W40;3\nNergenshuizen;2020-W40;1\n"


def test_a_file_is_judged_before_anything_changes_imported_and_undone(
    serve: Callable[..., str], open_page: Open, tmp_path: Path
) -> None:
    data = tmp_path / "installation"
    url = serve(ROOT / "app.py", RISICOBEELD_DATA=str(data))
    file = tmp_path / "besmettingen 2020.csv"
    file.write_text(CASES, "utf-8")
    page = settled(open_page(f"{url}/data"))
    expect(page.get_by_text("Dit is een voorbeeld. Hoe verder?")).to_be_visible()
    expect(page.get_by_text("tot 200 MB per bestand")).to_be_visible()  # not the frame's own English
    page.locator("input[type=file]").set_input_files(file)
    expect(page.get_by_text("Dit lijkt: besmettingen per gemeente en week of dag.")).to_be_visible()
    expect(page.get_by_text("Nergenshuizen").first).to_be_visible()
    expect(page.get_by_text("Er is niets veranderd.")).to_have_count(1)
    page.get_by_text("Inlezen wat bruikbaar is").click()
    expect(page.get_by_text("Wat er zou gebeuren")).to_be_visible()
    expect(page.get_by_text("Gaat uit: de rangorde van regio's en sectoren")).to_be_visible()
    assert not (data / "core" / "CURRENT").exists()  # the receipt comes before any change
    page.get_by_role("button", name="Inlezen", exact=True).click()
    expect(page.get_by_text("besmettingen 2020.csv is ingelezen.")).to_be_visible()
    expect(page.get_by_text("Er zijn nog geen vestigingen").first).to_be_visible()  # what the picture still lacks
    expect(page.get_by_text("Dit is een voorbeeld. Hoe verder?")).to_be_hidden()
    expect(page.get_by_text("VOORBEELD - verzonnen cijfers")).to_have_count(0)
    page.get_by_role("button", name=re.compile("^Laatste ongedaan maken.*besmettingen 2020.csv")).click()
    page.get_by_role("button", name="Ja, doen").click()
    expect(page.get_by_text("Dit is een voorbeeld. Hoe verder?")).to_be_visible()


def test_what_is_no_file_of_ours_is_said_in_one_sentence(product: str, open_page: Open, tmp_path: Path) -> None:
    file = tmp_path / "brief.csv"
    file.write_text("Geachte heer,\nhierbij de lijst.\n", "utf-8")
    page = settled(open_page(f"{product}/data", locale="en-GB", width=390, height=844))
    page.locator("input[type=file]").set_input_files(file)
    expect(page.get_by_text("Nothing was changed.")).to_have_count(1)
    expect(page.get_by_role("button", name="Import", exact=True)).to_have_count(0)
    expect(page.get_by_text("Traceback")).to_have_count(0)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    sites = tmp_path / "lijst.csv"
    sites.write_text("naam;lat;lon\nVerzonnen;51.56;5.09\n", "utf-8")
    page.locator("input[type=file]").set_input_files(sites)
    # what the file leaves open is a question, and no fault of it
    expect(page.get_by_text("lijst.csv does not say what kind of sites they are")).to_be_visible()
    expect(page.get_by_text("This input cannot be used")).to_have_count(0)


def test_files_are_known_by_what_they_hold(tmp_path: Path) -> None:
    cases, parks, packed = tmp_path / "a.csv", tmp_path / "parken.csv", tmp_path / "b.zip"
    cases.write_text(CASES, "utf-8")
    parks.write_text("naam;lat;lon\nPark;52.1;5.3\nPark 2;52.2;5.4\n", "utf-8")
    bundle.write(packed, snapshot.current())
    found = [upload.seems(path) for path in (cases, parks, packed)]
    assert found == ["incidence", "sites", upload.BUNDLE]
    assert upload.year_of("kwb-2021.xlsx", date(2026, 1, 1)) == 2021
    statline = tmp_path / "statline.csv"
    statline.write_text(
        "Bedrijfstakken/branches (SBI 2008);Regio's;Perioden;Vestigingen (aantal)\nC Industrie;Ede;2021*;5\n", "utf-8"
    )
    assert (recognise.year_said(statline), recognise.year_said(cases)) == (2021, 0)


def dropped(page: AppTest, file: Path) -> str:
    """Drop a file on the page, and return what that says."""
    drawn.widget(page, "Laat een bestand vallen of kies er een").set_value((file.name, file.read_bytes(), "text/csv"))
    return drawn.told(page.run())


def test_who_may_not_import_sees_what_there_is() -> None:
    page = drawn.draw("data", **{"as": "analyst"})
    assert "Inlezen doet LOT-C; een regio leest eigen locaties in." in drawn.told(page)
    assert drawn.table(page, "Wat er al is")
    assert not page.file_uploader
    assert "Databundel bewaren" not in drawn.labels(page)


def test_a_list_of_sites_is_asked_where_it_is_whole(tmp_path: Path) -> None:
    """A region's contact answers for the own region alone, and the receipt says what was declared."""
    file = tmp_path / "logies.csv"
    file.write_text("naam;lat;lon\nVerzonnen logies;51.56;5.09\nVerzonnen logies 2;51.57;5.08\n", "utf-8")
    page = drawn.draw("data", **{"as": "region:VR20"})
    dropped(page, file)
    assert drawn.widget(page, "Waar is de lijst volledig?").options == ["Midden- en West-Brabant", "Nergens"]
    drawn.pick(page, "Waar is de lijst volledig?", "Midden- en West-Brabant")
    assert "volledig verklaard voor Midden- en West-Brabant" in drawn.told(page)


def test_addresses_are_looked_up_only_when_somebody_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with running([maps.locatieserver(maps.ADDRESSES)]) as publisher:
        monkeypatch.setenv("RISICOBEELD_SOURCES", str(publisher.write_sources(tmp_path)))
        file = tmp_path / "logies.csv"
        file.write_text(
            "naam;straat;huisnummer;plaats;bedden\nA;Dam;1;Amsterdam;8\nB;Dorpsstraat;1;Nergens;9\n", "utf-8"
        )
        page = drawn.draw("data")
        assert "laat de adressen opzoeken (de keuze hierboven)" in dropped(page, file)
        assert publisher.count("locatieserver") == 0  # nothing leaves before it is asked for
        told = drawn.told(drawn.enter(page, "Adressen opzoeken bij PDOK", value=True))
        assert "2 rijen gelezen, 2 bewaard, 0 weggelaten" in told
        assert "laat de adressen opzoeken" not in told
        assert publisher.count("locatieserver") == 2
        assert "logies.csv is ingelezen." in drawn.told(drawn.press(page, "Inlezen"))
        assert publisher.count("locatieserver") == 2  # what was answered before is not asked again


def test_corrected_places_are_taken_over_into_the_figures() -> None:
    store = open_store(Viewer("lotc", is_practice=True))
    site = store.table("sites").query("located == 'none' and vr_code != ''").iloc[0]
    inside = store.table("gemeenten").query("vr_code == @site.vr_code").iloc[0].geometry.representative_point()
    decisions.correct_place(
        store, site["site_id"], f"{inside.x:.0f} {inside.y:.0f}", "gezien", pd.Timestamp("2020-11-30")
    )
    page = drawn.draw("data", **{"as": "lotc"})
    told = drawn.told(page)
    assert "Verbeterde plekken van locaties" in told
    assert f"{site['site_id']}: had geen plek, nu de plek van 2020-11-30" in told
    told = drawn.told(drawn.press(page, "Neem over in de cijfers"))
    assert "Overgenomen in de cijfers: Verbeterde plekken van locaties." in told
    assert "Neem over in de cijfers" not in drawn.labels(page)
    assert "VOORBEELD - verzonnen cijfers" in told  # the example stays the example
    assert open_store(Viewer("lotc")).table("sites").set_index("site_id").loc[site["site_id"], "located"] == "exact"
