"""A unit through the weeks: scores, infections, what was done, and what was known of it at the time."""

from pathlib import Path

import pandas as pd
import pytest

from access.viewer import parse_viewer
from door.store import open_store
from geodata.snapshots import snapshot
from geodata.weeks import last_day, week_of
from risk.index.model import load_model
from risk.scores import outputs, over_time

pytestmark = pytest.mark.usefixtures("scored", "few_rebuilds")  # computing the scores is not what is tested here


def test_weeks_that_are_computed_stand_in_order_and_the_others_are_named() -> None:
    store = open_store(parse_viewer("lotc"))
    shown = outputs.read_scored(store, "vr", load_model())
    ready = [week for week in shown.weeks if outputs.is_ready(store.data_version, "vr", load_model(), week)]
    scores, missing = over_time.scores_by_week(store, shown, "")
    weeks = list(dict.fromkeys(scores["week"]))
    assert weeks == sorted(weeks) == [*ready, week_of(shown.peildatum)]
    assert set(missing) == set(shown.weeks) - set(ready)
    now = scores[scores["week"] == weeks[-1]].set_index("unit_id")["score_0_10"]
    pd.testing.assert_series_equal(
        now, shown.scores.set_index("unit_id")["score_0_10"].loc[now.index], check_exact=True
    )


def test_a_region_reads_its_own_weeks_alone() -> None:
    store = open_store(parse_viewer("region:VR06"))
    scores, _ = over_time.scores_by_week(store, outputs.read_scored(store, "vr", load_model()), "")
    assert set(scores["area_code"]) == {"VR06"}
    assert over_time.visits_by_week(store, "VR04", "", pd.Timestamp("2020-11-30")).empty


def test_infections_are_per_100000_and_a_week_without_a_figure_stays_unknown() -> None:
    store = open_store(parse_viewer("lotc"))
    gemeenten = store.table("gemeenten")
    inside = gemeenten[gemeenten["vr_code"] == "VR06"]
    cases = store.table("incidence")
    cases = cases[cases["gemeente_code"].isin(inside["gemeente_code"])]
    made = over_time.incidence_by_week(store, load_model().disease, "VR06")
    known = cases.dropna(subset=["cases_n"]).groupby("week")
    whole = known["cases_n"].count() == len(inside)
    assert set(made.index[made.notna()]) == set(whole.index[whole])
    assert not whole.all()  # the demonstration has such weeks
    week = whole.index[whole][0]
    expected = known["cases_n"].sum()[week] / inside["population_n"].sum() * 1e5
    assert made[week] == pytest.approx(expected)
    assert over_time.incidence_by_week(store, "another disease", "VR06").empty


def test_what_was_recorded_by_the_end_of_a_week_was_known_then() -> None:
    store = open_store(parse_viewer("lotc"))
    rows = store.table("activations")
    for vr_code in rows["vr_code"].unique():
        own = rows[rows["vr_code"] == vr_code]
        made = over_time.visits_by_week(store, vr_code, "", pd.Timestamp("2020-11-30"))
        assert made[["preventief_n", "repressief_n"]].to_numpy().sum() == len(own)
        late = own["recorded_at"] > own["event_date"].map(week_of).map(last_day)
        assert made["known_n"].sum() == len(own) - late.sum()
    assert (rows["recorded_at"] > rows["event_date"].map(week_of).map(last_day)).any()


def test_a_closure_is_read_from_the_measures_by_who_may_read_them() -> None:
    closed = {}
    for role in ("lotc", "analyst"):
        store = open_store(parse_viewer(role))
        closed[role] = over_time.visits_by_week(store, "VR04", "", pd.Timestamp("2020-11-30"))["closures_n"]
    assert closed["lotc"].sum() >= 1  # a department shut down for three days
    assert len(closed["analyst"])
    assert closed["analyst"].isna().all()  # who reads no text does not know, and none is not said


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("afdeling drie dagen stilgelegd", ["stilgelegd"]),
        ("bedrijf niet gesloten", []),
        ("geen sluiting nodig", []),
        ("kantine gesloten; productie niet gesloten", ["gesloten"]),
        ("not closed", []),
        ("temporary closure", ["closure"]),
    ],
)
def test_a_closure_that_did_not_happen_is_none(text: str, found: list[str]) -> None:
    assert over_time._CLOSED.findall(text) == found


def test_pictures_of_earlier_deliveries_tell_the_score_as_known_then(data_dir: Path) -> None:
    embedded = snapshot.current()
    store = open_store(parse_viewer("lotc"))
    before = outputs.read_scored(store, "vr", load_model())
    assert over_time.known_then(store, before, "VR06").empty
    tables = {name: embedded.table(name) for name in embedded.files}
    cases = tables["incidence"]
    corrected = cases.assign(cases_n=cases["cases_n"].where(cases["week"] != "2020-W48", cases["cases_n"] * 2))
    snapshot.write_core(tables | {"incidence": corrected}, embedded.sources, is_demonstration=True)
    after = open_store(parse_viewer("lotc"))
    assert after.data_version != store.data_version
    then = over_time.known_then(after, outputs.read_scored(after, "vr", load_model()), "VR06")
    earlier = before.scores.set_index("unit_id").loc["VR06"]
    assert then.to_numpy().tolist() == [[week_of(earlier["peildatum"]), earlier["score_0_10"]]]
    assert data_dir.exists()


def test_every_national_measure_has_a_day_words_in_both_languages_and_a_source() -> None:
    found = over_time.national_measures()
    assert found["date"].is_monotonic_increasing
    assert found["date"].is_unique
    assert (found[["name_nl", "name_en", "source"]].map(len) > 5).all().all()
    assert found["source"].str.startswith("https://www.rijksoverheid.nl/").all()
