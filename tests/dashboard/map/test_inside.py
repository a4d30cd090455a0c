"""One indicator on the map in place of the score: its steps, its words, what is missing and what nobody published."""

from collections.abc import Callable
from dataclasses import replace

import pytest
from playwright.sync_api import Page, expect

from access.viewer import parse_viewer
from dashboard.map import inside
from dashboard.parts import downloads
from dashboard.parts.figures import Picture, read_picture
from dashboard.shell.session import read_selection
from door.store import ScopedStore, open_store
from tests.browser.fixtures import settled
from words import read_texts

SECTOR = "slaughter_meat"


@pytest.fixture
def opened(scored: object) -> tuple[ScopedStore, Picture]:  # noqa: ARG001 - computing the scores is not tested here
    store = open_store(parse_viewer("lotc"))
    return store, read_picture(store, "gemeente")


@pytest.fixture
def shown(opened: tuple[ScopedStore, Picture]) -> Picture:
    return opened[1]


@pytest.mark.parametrize("language", ["nl", "en"])
def test_every_indicator_of_the_picture_can_be_chosen_as_value_and_as_contribution(
    shown: Picture, language: str
) -> None:
    offered = inside.options(read_texts(language), shown.scored)
    score, values, parts = offered
    assert score == ""
    counted = {one.code for one in shown.scored.model.areas.indicators} - shown.scored.left_out.keys()
    assert set(offered[values]) == counted
    assert set(offered[parts]) == {f"{code}{inside.PART}" for code in counted}


@pytest.mark.parametrize("sector", ["", SECTOR])
def test_a_step_is_where_the_value_stands_between_the_goalposts(shown: Picture, sector: str) -> None:
    rows = shown.of_sector(sector)
    for indicator in shown.scored.model.areas.indicators:
        if indicator.code in shown.scored.left_out:
            continue
        made = inside.layer(read_texts("nl"), shown.scored, rows, indicator.code)
        figures = shown.scored.indicators
        found = figures[figures["indicator_code"] == indicator.code].set_index("unit_id").reindex(rows["unit_id"])
        assert len(made.steps) == len(rows)
        for step, value in zip(made.steps, found["value_0_10"], strict=True):
            if step is None:
                assert value != value  # noqa: PLR0124 - NaN
            else:
                assert 8 - 2 * step <= value <= 10 - 2 * step + (1e-9 if step else 0)


def test_what_is_missing_is_no_step_and_says_why(shown: Picture) -> None:
    texts = read_texts("nl")
    made = inside.layer(texts, shown.scored, shown.of_sector(SECTOR), "workers_per_establishment")
    missing = [words for step, words in zip(made.steps, made.told, strict=True) if step is None]
    assert missing
    assert set(missing) == {texts("missing_means.no_exposure")}
    assert made.reasons == (texts("missing_means.no_exposure"),)
    assert "ontbreekt" in next(note for note in made.notes if note.startswith("Status"))
    parts = inside.layer(texts, shown.scored, shown.of_sector(SECTOR), "workers_per_establishment.part")
    assert [step is None for step in parts.steps] == [step is None for step in made.steps]


def test_a_figure_that_nobody_published_shows_no_more_than_its_step(shown: Picture, opened: tuple) -> None:
    texts = read_texts("en")
    code = "infections_contrast"
    figures = shown.scored.indicators
    hidden = figures.assign(raw_value=figures["raw_value"].where(figures["indicator_code"] != code))
    secret = replace(shown.scored, indicators=hidden)
    rows = shown.of_sector("")
    for asked in (code, code + inside.PART):
        made = inside.layer(texts, secret, rows, asked)
        assert made.steps == inside.layer(texts, shown.scored, rows, asked).steps
        assert set(made.told) <= {*made.words, *made.reasons}
    part = downloads.Part("gemeente", "", inside=code)
    table = downloads.table(opened[0], replace(shown, scored=secret), part, "en", with_places=False)
    assert table["raw_value"].isna().all()
    assert table["contribution_0_10"].isna().all()
    assert table["value_0_10"].notna().any()


def test_contributions_say_more_or_less_than_the_country(shown: Picture) -> None:
    rows = shown.of_sector(SECTOR)
    made = inside.layer(read_texts("en"), shown.scored, rows, "lodging_distance_km.part")
    table = shown.scored.contributions
    added = table[table["indicator_code"] == "lodging_distance_km"].set_index("unit_id")["contribution_0_10"]
    for unit_id, step, words in zip(rows["unit_id"], made.steps, made.told, strict=True):
        if step is not None:
            value = added[unit_id]
            assert (step < 2) == (value >= 0.1)
            assert words.startswith("−") == (value < 0)


def test_the_message_follows_the_boundaries_and_leaves_out_what_is_not_in_the_picture() -> None:
    made = inside.Inside("x", ("#000", "#fff"), ("high", "low"), (1, None, 0), ("3", "no source", "9"))
    told = inside.message(made, ("B", "A", "C"), ("A", "B", "X", "C"))
    assert (told["steps"], told["told"], told["reasons"]) == ("a1 0", ["3", "9"], ("no source",))
    assert inside.message(None, (), ("A",)) is None


def test_edges_are_told_in_the_unit_from_high_to_low(shown: Picture) -> None:
    made = inside.layer(read_texts("en"), shown.scored, shown.of_sector(""), "lodging_distance_km")
    assert made.words == ("20.0 or more", "15.0 – 20.0", "10.0 – 15.0", "5.00 – 10.0", "less than 5.00")


@pytest.mark.parametrize("asked", ["<script>", "exposed_workers.parts", "A", "x" * 80])
def test_an_address_that_names_no_indicator_shows_the_score(shown: Picture, asked: str) -> None:
    assert read_selection({"inside": asked}).inside == ""
    assert inside.layer(read_texts("nl"), shown.scored, shown.of_sector(""), "no_such_thing") is None


def test_files_hold_what_the_map_shows(opened: tuple[ScopedStore, Picture]) -> None:
    store, shown = opened
    texts = read_texts("nl")
    part = downloads.Part("gemeente", SECTOR, inside="beds_per_1000_workers", has_values=True)
    assert "Bedden in gezamenlijke huisvesting" in downloads.title(texts, store, shown, part)
    page = downloads.as_map(store, shown, part, texts).decode()
    assert "Eenheid: bedden per 1.000 werkenden" in page
    assert page.count("Bedden in gezamenlijke huisvesting") > 2
    table = downloads.table(store, shown, part, "nl", with_places=False)
    assert {"raw_value", "value_0_10", "missing_reason", "indicator_status", "indicator_source_date"} <= set(table)
    plain = downloads.table(store, shown, replace(part, inside=""), "nl", with_places=False)
    assert list(table.columns[: len(plain.columns)]) == list(plain.columns)


def test_an_indicator_is_chosen_and_kept_in_the_address(product: str, open_page: Callable[..., Page]) -> None:
    page = open_page(f"{product}/?sector={SECTOR}&level=gemeente")
    settled(page)
    chosen = page.get_by_role("combobox", name="Wat de kaart laat zien")
    option = chosen.locator('option[data-go="inside=workers_per_establishment"]').element_handle()
    chosen.select_option(element=option)
    legend = page.locator(".card.classes")
    expect(legend).to_contain_text("Werkenden per vestiging")
    expect(legend).to_contain_text("er werkt of woont niemand")
    expect(page.locator(".card.notes")).to_contain_text("Eenheid: werkenden per vestiging")
    expect(page.locator(".card.notes")).to_contain_text("Status: ontbreekt 291, verzonnen 51")
    assert "inside=workers_per_establishment" in page.url
    fills = page.locator("path.area").evaluate_all("all => all.map(path => path.getAttribute('fill'))")
    assert "url(#rb-hatch)" in fills
    assert set(fills) & set(inside.VALUE_COLOURS)
    page.get_by_role("switch", name="Cijfers op de kaart").check()
    expect(page.locator(".landmark .town").first).to_be_attached()
    # A press while the map still moves to the one before counts too: Leaflet alone drops it.
    page.get_by_role("button", name="Dichterbij").evaluate("button => [1, 2, 3].forEach(() => button.click())")
    expect(page.locator(".landmark .area").filter(has_text=",").first).to_be_attached()
