"""Plans through the register, on the demonstration: draft, approved, carried out, and what comes back."""

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from door import store as access
from geodata.errors import AccessDeniedError, InputError
from register import record as write
from risk.index.classify import lacks_of
from risk.index.model import load_model
from risk.report import plan_file
from risk.report.files import Grid, Paragraph
from risk.report.plan_file import region_sheet as sheet_of
from risk.targets import inputs as target_inputs
from risk.targets import plan as targets
from risk.targets import plans, why
from risk.targets.request import read_request

pytestmark = pytest.mark.usefixtures("scored")  # computing the scores is not what is tested here


@pytest.fixture
def made():
    store = access.open_store(access.Viewer("lotc"))
    inputs = target_inputs.read_inputs(store, load_model())
    return store, inputs, targets.make_plan(inputs.frame, read_request(), 5, inputs.peildatum, explain=False)


def test_a_plan_goes_from_draft_to_visit_and_back_into_the_next_plan(made):
    store, inputs, plan = made
    name = plans.keep_draft(store, plan, inputs, "nl")
    assert plans.keep_draft(store, plan, inputs, "nl") == name
    listed = plans.plans(store)
    assert listed[["plan_id", "lines_n", "draft"]].to_numpy().tolist() == [[name, 40, 40]]

    assert listed["plan_version"].tolist() == [1]
    later = targets.make_plan(inputs.frame, read_request(), 7, inputs.peildatum, explain=False)
    second = plans.keep_draft(store, later, inputs, "nl")
    assert plans.plans(store)[["plan_id", "plan_version"]].to_numpy().tolist() == [[second, 2], [name, 1]]
    assert plans.keep_draft(store, plan, inputs, "nl") == name
    assert set(plans.lines_of(store, name)["plan_version"]) == {1}, "kept again it stays what it was"

    assert plans.approve(store, name) == 40
    assert plans.approve(store, name) == 0
    again = target_inputs.read_inputs(store, load_model())
    planned = set(again.frame.loc[again.frame["is_planned"], "site_id"])
    assert planned == set(plan.lines["site_id"])
    following = targets.make_plan(again.frame, read_request(), 6, again.peildatum, explain=False)
    chosen = following.lines[~following.lines["list"].isin(["random", "random_unknown"])]
    assert not planned & set(chosen["site_id"])

    line = plans.lines_of(store, name).query("list == 'random'").iloc[0]
    visit = {"event_date": "2020-12-08", "themes": "werken", "infections_found": "no", "outcome": "niets aangetroffen"}
    plans.carry_out(store, line["plan_line_id"], visit)
    activation = store.register("activations").query("plan_line_id == @line.plan_line_id").iloc[0]
    assert activation["trigger"] == "steekproef"
    assert activation["inclusion_probability"] == pytest.approx(line["inclusion_probability"])
    assert activation["infections_found"] == "no"
    visits = target_inputs.read_visits(store).query("plan_id == @name")
    assert visits[["list", "found"]].to_numpy().tolist() == [["random", 0.0]]
    with pytest.raises(InputError, match="is carried_out"):
        plans.carry_out(store, line["plan_line_id"], visit)


def test_plans_that_are_kept_at_the_same_moment_get_numbers_of_their_own(made, monkeypatch):
    store, inputs, _ = made
    seeds = (21, 22, 23)
    drawn = [targets.make_plan(inputs.frame, read_request(), seed, inputs.peildatum, explain=False) for seed in seeds]
    all_have_read, record_many, met = threading.Barrier(len(seeds)), write.record_many, set()

    def after_all_have_read(*args, **options):
        if threading.get_ident() not in met:  # the first turn of each: none has seen a plan of the others
            met.add(threading.get_ident())
            all_have_read.wait(60)
        return record_many(*args, **options)

    monkeypatch.setattr(write, "record_many", after_all_have_read)
    with ThreadPoolExecutor(len(seeds)) as people:
        names = list(people.map(lambda plan: plans.keep_draft(store, plan, inputs, "nl"), drawn))
    listed = plans.plans(store)
    assert sorted(listed["plan_version"]) == [1, 2, 3]
    assert sorted(listed["plan_id"]) == sorted(names)
    assert (listed["lines_n"] == [len(drawn[names.index(name)].lines) for name in listed["plan_id"]]).all()


def test_only_who_may_plan_keeps_a_plan(made):
    _, inputs, plan = made
    region = access.open_store(access.parse_viewer("region:VR06"))
    with pytest.raises(AccessDeniedError, match="may not record"):
        plans.keep_draft(region, plan, inputs, "nl")


def test_a_region_and_a_partner_see_their_own_lines(made):
    store, inputs, plan = made
    name = plans.keep_draft(store, plan, inputs, "nl")
    own = plans.lines_of(access.open_store(access.parse_viewer("region:VR06")), name)
    assert set(own["vr_code"]) == {"VR06"}
    nvwa = plans.lines_of(access.open_store(access.parse_viewer("partner:NVWA")), name)
    assert nvwa["partners"].str.contains("NVWA").all()
    assert 0 < len(nvwa) < 40


def test_a_kept_plan_says_what_its_picture_lacked(made):
    """What the picture of its day lacked stays with a plan, whatever pictures come after it."""
    store, inputs, plan = made
    scored = inputs.scored
    bare = replace(inputs, scored=replace(scored, scores=scored.scores.assign(picture_lacks="context;wonen")))
    rows = plans.plan_rows(plan, bare, "nl")
    assert {row["picture_lacks"] for row in rows} == {"context;wonen"}
    write.record_many(store.viewer, "plan_line", [row | {"plan_id": "ours"} for row in rows[:3]])
    lines = plans.lines_of(store, "ours")
    assert lacks_of(lines) == ("context", "wonen")
    table = plan_file.kept_table(lines, store, "en")
    assert set(table["picture_lacks"]) == {"context;wonen"}
    sheet = sheet_of(table, str(table["vr_code"].iloc[0]), store, "en")
    told = " ".join(block.text for block in sheet.blocks if isinstance(block, Paragraph))
    assert "Picture without infections and housing" in told
    kept = plans.lines_of(store, plans.keep_draft(store, plan, inputs, "nl"))
    assert lacks_of(kept) == ()


def test_a_kept_plan_says_its_reasons_in_the_language_of_the_reader(made):
    store, inputs, plan = made
    name = plans.keep_draft(store, plan, inputs, "nl")
    assert plans.keep_draft(store, plan, inputs, "en") == name, "kept once, in whatever language"
    kept = plans.lines_of(store, name)
    for language in ("nl", "en"):
        fresh = dict(zip(plan.lines["site_id"], why.reasons(plan, inputs, language), strict=True))
        table = plan_file.kept_table(kept, store, language)
        assert dict(zip(table["site_id"], table["reason"], strict=True)) == fresh
        assert "reason_parts" not in table, "codes are no words"
    dutch = plan_file.kept_table(kept, store, "nl")
    english = plan_file.kept_table(kept, store, "en")
    assert (english["reason"] != dutch["reason"]).all()
    assert english["reason"].str.contains("risk points|drawn at random", regex=True).all()
    region = str(english["vr_code"].iloc[0])
    sheet = sheet_of(english, region, store, "en")
    told = [cell for block in sheet.blocks if isinstance(block, Grid) for row in block.rows for cell in row]
    assert set(english.loc[english["vr_code"] == region, "reason"]) <= set(told)
    calendar = plan_file.calendar(english, "en").decode().replace("\r\n ", "")
    assert "risk points" in calendar
    assert "risicopunten" not in calendar


def test_a_plan_of_before_is_still_read(made):
    """Until reasons were kept as keys, a plan held them in the language of whoever made it."""
    store, inputs, plan = made
    rows = [row | {"plan_id": "ours", "reason_parts": ""} for row in plans.plan_rows(plan, inputs, "nl")[:3]]
    unknown = '[["factor",{"indicator":"of_another_model"}]]'
    rows += [rows[0] | {"plan_id": "theirs", "reason_parts": unknown}]
    write.record_many(store.viewer, "plan_line", rows)
    for name in ("ours", "theirs"):
        table = plan_file.kept_table(plans.lines_of(store, name), store, "en")
        assert set(table["reason"]) <= {row["reason"] for row in rows}


def test_what_is_not_there_is_named(made):
    store, _, _ = made
    with pytest.raises(InputError, match="no plan 'x'"):
        plans.lines_of(store, "x")
    with pytest.raises(InputError, match="no plan line x"):
        plans.carry_out(store, "x", {})
