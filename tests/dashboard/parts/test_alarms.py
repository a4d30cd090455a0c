"""Alarms beside the picture and in the register: what is drawn, said and recorded, and by whom."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from playwright.sync_api import Page, expect

from access.database import engine as database
from dashboard.map.layers import Overlay
from dashboard.map.live import over_message
from dashboard.parts import alarms
from dashboard.shell.session import read_selection
from door.store import Viewer, open_store
from geodata.errors import AccessDeniedError, ContractError, UnknownCodeError
from geodata.intake.columns import read_mapping
from geodata.refresh import imports as refresh
from register import record as write
from risk.scores import context
from tests.browser import axe
from tests.browser.fixtures import settled
from tests.dashboard import drawn
from words import read_texts

LOTC, OTHER = Viewer("lotc", person="lotc@example.org"), Viewer("region", ("VR06",), person="r@example.org")
NL = read_texts("nl")
STRUCK = "GM0344"  # Utrecht, VR09


def test_an_address_asks_for_a_layer_that_exists_or_for_none() -> None:
    assert read_selection({"layer": "alarms"}).layer == "alarms"
    assert read_selection({"layer": "<script>"}).layer == ""


def test_the_map_is_told_places_and_a_code_without_boundary_is_refused() -> None:
    over = Overlay("Alarmen", ("B", "A"), ("een", "twee"))
    message = over_message(over, ["A", "B", "C"])
    assert message is not None
    assert (message["places"], message["notes"]) == ([1, 0], ("een", "twee"))
    assert over_message(None, ["A"]) is None
    with pytest.raises(UnknownCodeError):
        over_message(Overlay("Alarmen", ("X",)), ["A"])
    with pytest.raises(ContractError):
        Overlay("Alarmen", ("A",), ("een", "twee"))


@pytest.fixture
def outbreak(tmp_path: Path) -> Iterator[None]:
    """Import twelve quiet weeks of which the last has an outbreak in one gemeente."""
    codes = open_store(LOTC).table("gemeenten")["gemeente_code"]
    weeks = [f"2020-W{number}" for number in range(20, 32)]
    usual = np.random.default_rng(9).poisson(12, (len(codes), len(weeks)))
    table = pd.DataFrame(usual, index=codes, columns=weeks)
    table.loc[STRUCK, "2020-W31"] = 140
    path = tmp_path / "weken.csv"
    long = table.reset_index().melt("gemeente_code", var_name="week", value_name="cases")
    long.to_csv(path, index=False)
    refresh.import_incidence(path, "COVID-19", read_mapping(None, {}))
    yield
    database.close()


@pytest.mark.usefixtures("outbreak")
def test_an_alarm_is_offered_once_and_becomes_a_signal_only_by_hand() -> None:
    store = open_store(LOTC)
    week, found = alarms.without_signal(NL, store)
    assert (week, [one.gemeente_code for one in found]) == ("2020-W31", [STRUCK])
    assert "140 besmettingen" in found[0].text
    assert store.register("signals").empty
    over = alarms.over_map(NL, store, "alarms", "")
    assert over is not None
    assert over.codes == (STRUCK,)
    assert over.notes[0].startswith("Alarm: 140 besmettingen")
    fields = {
        "event_date": str(found[0].day),
        "origin": "alarm",
        "theme": "werken",
        "text": found[0].text,
        "gemeente_code": STRUCK,
        "sector_code": "",
        "vr_code": "",
    }
    write.record(LOTC, "signal", fields)
    assert alarms.without_signal(NL, open_store(LOTC)) == ("2020-W31", [])
    assert open_store(LOTC).register("signals")["origin"].tolist() == ["alarm"]
    assert open_store(LOTC).register("activations").query("signal_id != ''").empty


@pytest.mark.usefixtures("outbreak")
def test_what_is_known_of_the_time_stands_under_the_list_for_who_may_see_the_place() -> None:
    def known(viewer: Viewer, week: str) -> str:
        return alarms._known(NL, context.outbreaks_of(open_store(viewer), "COVID-19", week))

    told = known(LOTC, "2020-W26")
    assert "Boxtel, slachterijen en vlees: 18 van 105 getesten besmet. Geen alarm" in told
    assert known(Viewer("region", ("VR21",)), "2020-W26").count("<li>") == 1
    assert known(OTHER, "2020-W26") == ""
    assert known(LOTC, "2020-W31") == "", "of that week no outbreak is known"
    assert context.outbreaks_of(open_store(LOTC), "influenza", "2020-W26").empty
    with pytest.raises(AccessDeniedError):
        known(Viewer("policy"), "2020-W26")


@pytest.mark.usefixtures("outbreak")
def test_another_region_is_not_shown_the_alarm() -> None:
    region = open_store(OTHER)
    assert alarms.without_signal(NL, region) == ("2020-W31", [])
    over = alarms.over_map(NL, region, "alarms", "")
    assert over is not None
    assert over.codes == ()
    assert alarms.over_map(NL, open_store(Viewer("policy")), "alarms", "") is None


@pytest.mark.usefixtures("outbreak")
def test_how_far_the_epidemic_is_stands_beside_the_order_for_who_sees_the_whole_country() -> None:
    cases = open_store(LOTC).table("incidence").groupby("week")["cases_n"].sum()
    told = context.whole_country(open_store(LOTC), "COVID-19")
    assert told == (cases["2020-W31"], cases["2020-W30"])
    assert context.whole_country(open_store(LOTC), "COVID-19", "2020-W30") == (cases["2020-W30"], cases["2020-W29"])
    assert alarms.level(NL, open_store(LOTC), "2020-W31").startswith("in het land")
    assert alarms.level(NL, open_store(OTHER), "2020-W31") == ""  # the sum of a part is no country
    assert alarms.level(NL, open_store(Viewer("policy")), "2020-W31") == ""
    with pytest.raises(AccessDeniedError):
        context.whole_country(open_store(Viewer("policy")), "COVID-19")


def test_the_layer_opens_the_list_with_what_it_cannot_see(product: str, open_page: Callable[..., Page]) -> None:
    page = settled(open_page(f"{product}/?layer=alarms&level=gemeente", locale="en-GB"))
    section = page.locator(".rb-alarms")
    expect(section.get_by_role("heading")).to_contain_text("Alarms of week")
    expect(section.locator("tbody tr").first).to_be_visible()
    assert section.locator("tbody tr").count() >= 11
    expect(section).to_contain_text("across the border stays invisible")
    expect(section).to_contain_text("at least five infections")
    expect(section).to_contain_text("An alarm is no activation")
    expect(page.get_by_text("The score only")).to_have_count(1)
    expect(page.locator(".classes")).to_contain_text("Alarms")
    page.get_by_label("Over the map").select_option(label="The score only")
    expect(section).to_have_count(0)
    expect(page).not_to_have_url(re.compile("layer="))
    assert axe.serious(settled(page)) == []


@pytest.mark.usefixtures("scored")
def test_who_sees_no_infections_is_offered_no_alarms() -> None:
    sent = drawn.sent(drawn.draw("picture", layer="alarms", **{"as": "policy"}))
    assert "rb-foot" in sent
    assert "rb-alarms" not in sent
    assert NL("alarms.layer") not in sent
