"""Under the map: what lies in an area that was drawn, and what is known across the border."""

from collections.abc import Iterator

import pandas as pd
import pytest
import shapely

from access.database import engine as database
from access.viewer import Viewer
from dashboard.pages.picture import across, drawn
from dashboard.shell.session import Selection, read_selection
from door import within
from door.store import open_store
from geodata import codes
from register import record as write
from words import read_texts

LOTC = Viewer("lotc", person="test")
UNTIL = pd.Timestamp("2020-11-30")
ANYWHERE = shapely.box(0, 300_000, 290_000, 640_000)
AT_SEA = shapely.box(10_000, 560_000, 20_000, 570_000)


@pytest.fixture(autouse=True)
def register() -> Iterator[None]:
    yield
    database.close()


def told_of(area: shapely.Polygon, language: str, viewer: Viewer = LOTC) -> str:
    found = within.count(open_store(viewer), area, tuple(codes.SECTORS), UNTIL)
    return str(drawn.card(read_texts(language), found))


@pytest.mark.parametrize(("language", "rule"), [("nl", "tellen geheel mee"), ("en", "count whole")])
def test_a_drawn_area_tells_its_counts_with_the_rule_and_the_status(language: str, rule: str) -> None:
    told, texts = told_of(ANYWHERE, language), read_texts(language)
    assert rule in told
    assert texts("status.fictional") in told
    assert all(texts(f"drawn.{part}") in told for part in within.count(open_store(LOTC), AT_SEA, (), UNTIL).parts)
    assert texts("drawn.own_alone") not in told
    assert texts("drawn.own_alone") in told_of(ANYWHERE, language, Viewer("region", ("VR06",)))


@pytest.mark.parametrize("language", ["nl", "en"])
def test_an_empty_area_says_so_for_each_part(language: str) -> None:
    told, texts = told_of(AT_SEA, language), read_texts(language)
    assert all(texts(f"drawn.none_{part}") in told for part in ("workers", "sites", "visits"))


def test_the_map_offers_to_draw_to_who_sees_places_alone() -> None:
    chosen = read_selection({"drawn": "52~5~52~5.1~52.1~5.1"})
    assert drawn.offered(open_store(LOTC), chosen) == "52~5~52~5.1~52.1~5.1"
    assert drawn.offered(open_store(LOTC), read_selection({"drawn": "<script>"})) == ""
    assert drawn.offered(open_store(Viewer("policy")), chosen) is None
    assert not across.offered(open_store(Viewer("policy")))
    assert across.offered(open_store(LOTC))


def test_across_the_border_stands_what_is_known_and_what_is_not() -> None:
    texts, chosen = read_texts("nl"), read_selection({"across": "Kleve"})
    empty = across.card(texts, open_store(LOTC), chosen)
    assert "Unterkunft Knospimbol" in empty
    assert texts("across.no_agreements") in empty
    contact = {"ring": "border", "country": "DE", "organisation": "Kreis Kleve", "function": "Gesundheitsamt"}
    write.record(LOTC, "contact", contact | {"name": "A. Voorbeeld", "telephone": "0000"})
    talk = {"event_date": "2020-11-02", "kind": "contact", "title": "Wie belt wie", "organisation": "Kreis Kleve"}
    write.record(LOTC, "work", talk | {"text": "<b>afgesproken</b>"})
    told = across.card(texts, open_store(LOTC), chosen)
    assert "Gesundheitsamt" in told
    assert "Wie belt wie" in told
    assert texts("across.no_lodgings") in across.card(texts, open_store(LOTC), Selection(across="Leer"))
    assert "Kreis Kleve" not in across.card(texts, open_store(LOTC), Selection(across="Maaseik"))
    assert read_selection({"across": "Amsterdam"}).across == ""


def test_a_region_sees_no_lodging_that_is_not_its_own() -> None:
    told = across.card(read_texts("nl"), open_store(Viewer("region", ("VR06",))), Selection(across="Kleve"))
    assert "Unterkunft" not in told
