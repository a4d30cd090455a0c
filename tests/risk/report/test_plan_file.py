"""A kept plan in words, and as the files that people take along."""

import io
import re
import zipfile
from pathlib import Path

import pandas as pd
import pytest

from access.viewer import Viewer
from door.store import ScopedStore, open_store
from geodata import codes
from risk.index.model import load_model
from risk.report import plan_file
from risk.report.files import Grid, Paragraph
from risk.report.plan_file import points, region_sheet
from risk.targets import inputs as target_inputs
from risk.targets import plan as targets
from risk.targets import plans
from risk.targets.plan import Plan
from risk.targets.request import Mark, change, read_request

pytestmark = pytest.mark.usefixtures("scored")  # computing the scores is not what is tested here
LOTC = Viewer("lotc", person="test")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("plan") / "data"


@pytest.fixture(autouse=True)
def data_dir(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Share the register between these tests."""
    monkeypatch.setenv("RISICOBEELD_DATA", str(folder))
    return folder


def made(**changes: object) -> tuple[ScopedStore, target_inputs.Inputs, Plan]:
    store = open_store(LOTC)
    inputs = target_inputs.read_inputs(store, load_model())
    request = change(read_request(), **changes)
    frame = target_inputs.frame_for(inputs, [mark.site_id for mark in request.locked])
    return store, inputs, targets.make_plan(frame, request, 7, inputs.peildatum)


def test_a_site_without_a_place_is_never_chosen_by_itself_but_can_be_locked_in() -> None:
    _, inputs, by_itself = made(capacity=40)
    unplaced = inputs.unplaced.sort_values("score_0_10", ascending=False)
    assert len(unplaced)
    assert not set(unplaced["site_id"]) & set(inputs.frame["site_id"])
    assert not set(unplaced["site_id"]) & set(by_itself.lines["site_id"])
    pinned = unplaced.iloc[0]["site_id"]
    store, inputs, plan = made(capacity=40, locked=(Mark(pinned, "signal"),))
    assert pinned in set(plan.lines["site_id"])
    name = plans.keep_draft(store, plan, inputs, "nl")
    table = plan_file.kept_table(plans.lines_of(store, name), store, "nl")
    assert pinned in set(table["site_id"])
    read = plan_file.for_reader(table, "nl").set_index("site_id")
    assert pd.isna(read.loc[pinned, "lon"]), "nobody knows where it lies"
    assert read.drop(index=pinned)["lat"].between(50.7, 53.7).all()
    assert set(read["plan_state"]) == {"ontwerp"}
    assert not {"version", "action", "erased_reason"} & set(read.columns)
    assert all((read[column].notna() & read[column].astype("str").ne("")).any() for column in read.columns)
    sheets = plan_file.all_sheets(table[table["site_id"] == pinned], store, "nl")
    with zipfile.ZipFile(io.BytesIO(sheets)) as kept:
        assert {name.rsplit(".", 1)[1] for name in kept.namelist()} == {"pdf", "html"}


def test_a_kept_plan_says_names_dates_and_lists_in_words() -> None:
    store, inputs, plan = made(capacity=30)
    name = plans.keep_draft(store, plan, inputs, "nl")
    lines = plan_file.lines_in_words(plans.lines_of(store, name), store, "nl")
    assert len(lines) == 30
    for column in ("site_name", "region_name", "list_name", "week_words"):
        assert lines[column].ne("").all()
        assert not lines[column].str.contains(r"\bVR\d\d\b|-W\d\d").any()
    fresh = plan_file.lines_in_words(plan.lines, store, "nl")
    assert fresh["site_name"].tolist() == lines["site_name"].tolist(), "one presenter for both"


def test_a_region_sheet_says_where_to_drive_to_and_which_days() -> None:
    store, inputs, plan = made(capacity=30)
    name = plans.keep_draft(store, plan, inputs, "nl")
    table = plan_file.kept_table(plans.lines_of(store, name), store, "nl")
    region = table["vr_code"].value_counts().index[0]
    document = region_sheet(table, region, store, "nl")
    grid = next(block for block in document.blocks if isinstance(block, Grid))
    exact = store.table("sites").set_index("site_id")["located"].isin(["exact", "address"])
    mine = table[table["vr_code"] == region].sort_values(["week", "site_id"])
    for cells, site_id in zip(grid.rows, mine["site_id"], strict=True):
        assert bool(re.search(r"\(5[0-3]\.\d{5}, [3-7]\.\d{5}\)$", cells[2])) == exact[site_id]
    told = " ".join(block.text for block in document.blocks if isinstance(block, Paragraph))
    assert re.search(r"bezoek(en)?, (7-20|7-13|14-20) december 2020\.", told)


def test_a_plan_is_a_calendar_that_others_can_read() -> None:
    store, inputs, plan = made(capacity=30)
    name = plans.keep_draft(store, plan, inputs, "nl")
    table = plan_file.kept_table(plans.lines_of(store, name), store, "nl")
    text = plan_file.calendar(table, "nl", points(table, store)).decode()
    lines = text.split("\r\n")
    assert lines[0] == "BEGIN:VCALENDAR"
    assert lines[-2:] == ["END:VCALENDAR", ""]
    assert max(len(line.encode()) for line in lines) <= 75
    whole = text.replace("\r\n ", "")
    assert whole.count("BEGIN:VEVENT") == whole.count("END:VEVENT") == 30
    assert len(set(re.findall(r"UID:(.+)", whole))) == 30
    assert "SUMMARY:VOORBEELD - verzonnen cijfers - Bezoek " in whole
    starts, ends = (pd.to_datetime(re.findall(rf"{at};VALUE=DATE:(\d+)", whole)) for at in ("DTSTART", "DTEND"))
    assert set(starts.day_of_week) == {0}
    assert set((ends - starts).days) == {7}
    exact = store.table("sites").set_index("site_id")["located"].isin(codes.LOCATED_CLOSELY)
    places = re.findall(r"GEO:(\d+\.\d{5});(\d+\.\d{5})\r", whole)
    assert len(places) == sum(exact[site] for site in table["site_id"]) > 0
    assert all(50 < float(lat) < 54 and 3 < float(lon) < 8 for lat, lon in places)
