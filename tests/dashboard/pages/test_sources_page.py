"""Sources and quality: every source with its age, how sure the figures of each region are; a refresh in a browser."""

import re
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from dashboard.pages.sources import page as sources
from dashboard.parts import ready
from door.readiness import Readiness, State, TableState
from geodata.snapshots import snapshot
from geodata.snapshots.manifests import SourceRecord
from geodata.sources import catalogue
from geodata.sources.registry import chosen
from tests.browser.fixtures import ROOT, settled
from tests.dashboard import drawn
from tests.server.local import Answer, Request, running
from words import read_texts

Open = Callable[..., Page]


def test_files_of_ones_own_are_told_apart_in_the_readers_language() -> None:
    rows = {}
    for language in ("nl", "en"):
        for name in ("sites_file.parks", "sites_file.halls"):
            record = SourceRecord(name, "2020-12-01", 3, "bestand", "van het bestand", "")
            told = sources.source_row(read_texts(language), record, None, "ok")
            rows[language, name] = " ".join(map(str, told))
    assert "Locaties, ingelezen bestand: parks" in rows["nl", "sites_file.parks"]
    assert "Sites, imported file: halls" in rows["en", "sites_file.halls"]
    assert "bestand" not in rows["en", "sites_file.parks"]
    assert "gebruiker" not in rows["en", "sites_file.parks"]


def test_each_source_has_a_name_and_a_credit_for_a_reader_of_english() -> None:
    for name, one in catalogue.SOURCES.items():
        assert one.title_en, name
        told = one.credit("en").lower()
        assert not re.search(r"tabel|januari|bron|bestand|register van|plekken|verzonnen", told), name


def test_what_is_not_whole_is_never_told_as_all_of_it() -> None:
    whole = TableState("incidence", State.READY, 10, "", covered_n=342, whole_n=342, covered_pct=99.8)
    stands = {
        n: Readiness({"incidence": replace(whole, covered_n=n)}, "covid-19", is_demonstration=False) for n in (340, 342)
    }
    told = {n: str(ready.what_there_is(read_texts("nl"), one)) for n, one in stands.items()}
    for n, share in ((340, 0.99), (342, 1.0)):
        assert f"{n} van 342 gemeenten ({read_texts('nl').percent(share)} naar omvang)" in told[n]


def test_a_refresh_shows_how_far_it_is_can_be_stopped_and_tells_what_it_brought(
    serve: Callable[..., str], open_page: Open, tmp_path: Path
) -> None:
    """The publishers keep silent until they may speak, and then know nothing."""
    may_speak = threading.Event()

    def silent(_request: Request) -> Answer | None:
        may_speak.wait(60)
        return None

    with running([silent]) as hosted:
        sources = str(hosted.write_sources(tmp_path))
        address = serve(ROOT / "app.py", RISICOBEELD_SOURCES=sources, RISICOBEELD_RETRY_WAIT="0.01")
        page = settled(open_page(f"{address}/sources"))
        page.get_by_role("button", name="Bronnen verversen").click()
        expect(page.get_by_text("Bezig met: ")).to_be_visible()
        page.get_by_role("button", name="Stoppen").click()
        may_speak.set()
        expect(page.get_by_text("Gestopt. Er is niets veranderd.")).to_be_visible()
        page.get_by_role("button", name="Bronnen verversen").click()
        brought = page.get_by_role("table", name="Wat het verversen bracht")
        expect(brought.locator("tbody tr")).to_have_count(len(chosen([])))
        expect(brought).to_contain_text("mislukt: wat wij hadden blijft in gebruik")
        region = settled(open_page(f"{address}/sources?as=region:VR06"))
        expect(region.get_by_role("button", name="Bronnen verversen")).to_have_count(0)


@pytest.mark.usefixtures("scored")
def test_every_source_stands_there_with_licence_date_age_and_rows() -> None:
    listed = drawn.table(drawn.draw("sources", **{"as": "lotc"}), "Bronnen van dit beeld")
    for record in snapshot.current().sources:
        [row] = [row for row in listed if catalogue.source(record.source_id).title in row[0]]
        assert record.licence in " ".join(row)
        assert f"{record.rows_n:,}".replace(",", ".") in " ".join(row)
    whole = " ".join(" ".join(row) for row in listed)
    assert "2 jaar later" in whole
    assert "11 maanden ouder" in whole


@pytest.mark.usefixtures("scored")
def test_quality_of_each_region_and_who_can_better_it() -> None:
    page = drawn.draw("sources", "en")
    regions = drawn.table(page, "Quality per region")
    assert len(regions) == 25
    for row in regions:
        shares = [int(share) for share in re.findall(r"(\d+)%", " ".join(row))]
        assert 97 <= sum(shares) <= 103, row
    better = drawn.table(page, "Who can make which figure better")
    assert "complete the list of sites" in " ".join(" ".join(row) for row in better)


@pytest.mark.usefixtures("scored")
def test_a_contact_sees_the_quality_of_the_own_region_alone() -> None:
    [row] = drawn.table(drawn.draw("sources", **{"as": "region:VR06"}), "Kwaliteit per regio")
    assert "Noord- en Oost-Gelderland" in " ".join(row)


@pytest.mark.usefixtures("scored")
def test_the_privacy_officer_sees_sources_without_figures() -> None:
    page = drawn.draw("sources", **{"as": "privacy"})
    assert drawn.table(page, "Bronnen van dit beeld")
    assert drawn.table(page, "Wat er al is")
    assert drawn.sent(page).count("<table") == 2  # neither the quality per region nor who can improve it
