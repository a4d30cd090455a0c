"""Notices: what each person is told, and that it is never a site, a text or somebody else's."""

from datetime import date
from pathlib import Path

import pandas as pd
import pytest

from access.viewer import Viewer
from commands.scores import main
from door.store import ScopedStore, open_store
from geodata import contracts
from geodata.areas.regions import region_names
from geodata.errors import InputError
from geodata.refresh import health
from geodata.snapshots import snapshot
from geodata.weeks import last_day
from register import record as write
from risk.index.model import load_model
from risk.insight import changes
from risk.notices import forms
from risk.notices.notices import notices, rules, today_of
from risk.scores import context
from risk.scores.outputs import read_scored
from risk.targets import decisions
from words import read_texts

pytestmark = pytest.mark.usefixtures("scored", "few_rebuilds")  # computing the scores is not what is tested here
LOTC = Viewer("lotc", person="lotc@example.org")
TEXT = "gezien-in-de-nacht"
SINCE, TODAY = date(2020, 11, 2), date(2020, 11, 30)


def as_region(code: str) -> ScopedStore:
    return open_store(Viewer("region", (code,)))


def told(store: ScopedStore, rule: str, *, may_wait: bool = False) -> list[tuple[str, str, int]]:
    found = notices(store, SINCE, TODAY, may_wait=may_wait)
    return [(one.notice_id, one.vr_code, one.n) for one in found if one.rule == rule]


def signal(day: str, vr_code: str = "VR06") -> None:
    fields = {"event_date": day, "origin": "own", "theme": "wonen", "text": TEXT, "sector_code": "lodging"}
    write.record(LOTC, "signal", fields | {"vr_code": vr_code})


def test_signals_of_a_region_and_week_are_one_notice_whose_id_stays() -> None:
    signal("2020-11-24")
    first = told(as_region("VR06"), "signal")
    signal("2020-11-26")
    signal("2020-11-26", "VR07")
    assert first == [("signal-VR06-2020-W48", "VR06", 1)]
    assert told(as_region("VR06"), "signal") == [("signal-VR06-2020-W48", "VR06", 2)]
    assert told(as_region("VR20"), "signal") == []
    assert len(told(open_store(LOTC), "signal")) == 2


def test_a_signal_that_somebody_took_up_is_told_no_more() -> None:
    signal("2020-11-24")
    row = open_store(LOTC).register("signals").iloc[0]
    fields = {name: row[name] for name in ("event_date", "origin", "theme", "vr_code", "sector_code", "text")}
    changed = fields | {"event_date": "2020-11-24", "state": "closed", "reason": "klaar"}
    write.correct(LOTC, "signal", row["signal_id"], changed, based_on=int(row["version"]))
    assert told(as_region("VR06"), "signal") == []


def test_visits_of_an_approved_plan_are_told_two_weeks_ahead() -> None:
    for week, state in (
        ("2020-W50", "approved"),
        ("2020-W50", "approved"),
        ("2020-W50", "draft"),
        ("2021-W02", "approved"),
    ):
        line = {
            "plan_id": "plan-1",
            "plan_state": state,
            "list": "risk",
            "vr_code": "VR06",
            "week": week,
            "reason": TEXT,
        }
        write.record(LOTC, "plan_line", line)
    assert told(as_region("VR06"), "visit") == [("visit-VR06-2020-W50", "VR06", 2)]
    assert told(as_region("VR07"), "visit") == []


def test_a_question_to_be_connected_is_told_to_the_region_that_is_asked() -> None:
    site = as_region("VR06").table("sites")["site_id"].iloc[0]
    fields = {"event_date": "2020-11-20", "subject": "handover", "site_id": site, "vr_code": "VR06", "reason": TEXT}
    write.record(LOTC, "decision", fields | {"state": "open"}, entity_id="paar-VR06")
    assert told(as_region("VR06"), "connect") == [("connect-VR06-2020-W47", "VR06", 1)]
    assert told(as_region("VR07"), "connect") == []


def test_what_is_not_so_is_told_to_who_keeps_the_sources_and_its_answer_to_who_said_it() -> None:
    sender = open_store(Viewer("region", ("VR06",), person="een@voorbeeld.nl"))
    other = open_store(Viewer("region", ("VR06",), person="twee@voorbeeld.nl"))
    day = pd.Timestamp("2020-11-26")
    said = decisions.say_figure_not_so(sender, "VR06:lodging", "beds", TEXT, "cbs", day)
    assert told(open_store(LOTC), "not_so") == [("not_so-VR06-2020-W48", "VR06", 1)]
    for store in (sender, other, open_store(Viewer("analyst"))):
        assert told(store, "not_so") == told(store, "answered") == []
    decisions.answer_report(open_store(LOTC), said.entity_id, "refused", TEXT)
    assert told(sender, "answered") == [("answered-VR06-2020-W48", "VR06", 1)]
    for store in (other, open_store(LOTC), as_region("VR07")):
        assert told(store, "not_so") == told(store, "answered") == []


def test_a_source_that_fails_is_told_to_who_may_mend_it() -> None:
    health.note("cbs_population", error="geen antwoord")
    now = date.fromisoformat(health.read()["cbs_population"].tried_at[:10])
    found = {role: notices(open_store(Viewer(role)), now, now) for role in ("lotc", "analyst")}
    assert [one.notice_id for one in found["lotc"] if one.rule == "source"] == ["source-cbs_population"]
    assert [one for one in found["analyst"] if one.rule == "source"] == []


def test_alarms_are_told_per_region_as_in_the_table_of_alarms() -> None:
    nation = open_store(LOTC)
    table = context.alarms_of(nation, "COVID-19")
    region = nation.table("gemeenten").set_index("gemeente_code")["vr_code"]
    wanted = table.loc[table["is_alarm"], "gemeente_code"].map(region).value_counts().to_dict()
    assert {vr_code: n for _, vr_code, n in told(nation, "alarm")} == wanted
    for code in list(region_names())[:5]:
        assert [n for _, _, n in told(as_region(code), "alarm")] == [n for one, n in wanted.items() if one == code]


def test_a_class_is_told_only_where_the_intervals_then_and_now_do_not_meet() -> None:
    nation = open_store(LOTC)
    now = read_scored(nation, "vr", load_model())
    week = [one for one in now.weeks if last_day(one).date() < SINCE][-1]
    then = read_scored(nation, "vr", now.model, week)
    both = now.scores[now.scores["sector_code"] == ""].merge(then.scores, on="unit_id", suffixes=("", "_then"))
    changed = set(both.loc[both["risk_class"] != both["risk_class_then"], "unit_id"])
    found = {vr_code for _, vr_code, _ in told(nation, "class", may_wait=True)}
    assert found <= changed
    for row in both[both["unit_id"].isin(found)].itertuples():
        assert row.rank_p95 < row.rank_p05_then or row.rank_p05 > row.rank_p95_then
    swung = both.assign(rank_p05_then=1, rank_p95_then=25)[[*then.scores.columns]]
    assert changes.sure(swung.assign(risk_class=5.0), swung.assign(risk_class=4.0)).empty, "a swing around a cut"


def test_neighbours_are_a_count_and_where_it_would_tell_which_there_is_none() -> None:
    moved = {code for _, code, _ in (*told(open_store(LOTC), "alarm"), *told(open_store(LOTC), "class"))}
    for code in region_names():
        store = as_region(code)
        n, of_n = context.moved_around(store, SINCE, rules()["rule"]["neighbour"]["least_n"], may_wait=False)
        assert of_n == 0 or of_n >= 3
        assert n <= len(moved - {code})
        assert [found for _, _, found in told(store, "neighbour")] == [n] * bool(n)
    assert context.moved_around(as_region("VR24"), SINCE, 3, may_wait=False) == (0, 0), "one region beside it"
    assert context.moved_around(as_region("VR24"), SINCE, 1, may_wait=False)[1] == 1


def test_no_form_holds_a_text_a_site_or_the_name_of_another_region() -> None:
    for code in ("VR06", "VR07"):
        signal("2020-11-24", code)
    store, nation = as_region("VR06"), open_store(LOTC)
    hidden = [TEXT, *nation.table("sites")["name"].unique()]
    hidden += [name for code, name in region_names().items() if code != "VR06"]
    found, texts = notices(store, SINCE, TODAY, may_wait=False), read_texts("nl")
    shown = [
        forms.atom(store, found, TODAY, texts, "http://127.0.0.1/notices.atom").decode(),
        forms.calendar(store, found, texts).decode(),
        str(forms.digest(store, date(2020, 7, 1), TODAY, "nl")),  # before the first picture: none is computed
    ]
    assert region_names()["VR06"] in shown[2]
    for text in shown:
        assert [name for name in hidden if name and name in text] == []


@pytest.mark.parametrize("language", ["nl", "en"])
def test_a_quiet_week_says_that_there_is_nothing_to_do(language: str) -> None:
    store = as_region("VR24")
    day = date(2020, 7, 1)
    assert notices(store, day, day) == []
    texts = [str(getattr(block, "text", "")) for block in forms.digest(store, day, day, language).blocks]
    assert read_texts(language)("notice.quiet") in texts


@pytest.mark.parametrize("language", ["nl", "en"])
def test_without_infections_nobody_says_that_there_is_nothing_to_do(language: str) -> None:
    """No class can have changed where nothing is ranked, and no alarm can come: that is said, not "nothing to do"."""
    known = snapshot.current()
    tables = {name: known.table(name) for name in known.files}
    lacking = tables["exposure"].assign(migrant_workers_n=float("nan"))
    snapshot.write_core(tables | {"incidence": contracts.empty("incidence"), "exposure": lacking}, known.sources)
    day, words = date(2020, 7, 1), read_texts(language)
    texts = [str(getattr(block, "text", "")) for block in forms.digest(as_region("VR24"), day, day, language).blocks]
    assert words("notice.quiet") not in texts
    assert words("notice.quiet_known") in texts
    assert words("notice.no_alarms", n=7) in texts
    assert [one for one in texts if one.startswith(words("notice.no_classes", step="").strip())]


def test_a_period_that_ends_before_it_begins_is_refused() -> None:
    with pytest.raises(InputError, match="2020-11-30"):
        notices(as_region("VR06"), TODAY, SINCE)


def test_of_the_example_now_is_the_day_of_the_picture() -> None:
    assert today_of(as_region("VR06"), date(2031, 5, 4)) == TODAY
    assert today_of(open_store(Viewer("privacy")), date(2031, 5, 4)) == TODAY


@pytest.mark.parametrize("viewer", [Viewer("policy"), Viewer("privacy"), Viewer("partner", organisation="KDS")])
def test_every_role_gets_an_answer_and_no_more_than_its_tables(viewer: Viewer) -> None:
    signal("2020-11-24")
    store = open_store(viewer)
    assert {one.rule for one in notices(store, SINCE, TODAY, may_wait=False)} <= {"class"}
    assert b"</feed>" in forms.atom(store, [], TODAY, read_texts("en"), "http://127.0.0.1/notices.atom")


def test_the_command_writes_a_digest_for_each_region_and_only_for_who_sees_all(tmp_path: Path, capsys) -> None:
    signal("2020-11-24")
    folder = tmp_path / "digest"
    line = ["digest", "--since", "2020-11-02", "--each-region", "--out", str(folder)]
    assert main([*line, "--as", "region:VR06"]) == 2
    assert "region" in capsys.readouterr().err
    assert not folder.exists()
    assert main([*line, "--lang", "en"]) == 0
    assert sorted(path.stem for path in folder.iterdir()) == sorted(region_names())
    own, other = ((folder / f"{code}.html").read_text("utf-8") for code in ("VR06", "VR07"))
    assert ("nobody took up yet" in own, "nobody took up yet" in other) == (True, False)
    assert "EXAMPLE - invented figures" in own
    assert TEXT not in own
