"""The stored picture of an earlier week: the same as scoring what had happened by then, and scoped like any other."""

from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest
from pandas.testing import assert_frame_equal, assert_series_equal

from access.viewer import parse_viewer
from door.store import open_batch, open_store
from geodata import settings
from geodata.errors import InputError
from geodata.snapshots import snapshot
from geodata.weeks import last_day, weeks_of
from register import record as write
from risk.index import pipeline
from risk.index.model import load_model
from risk.insight import backtest
from risk.scores import outputs

pytestmark = pytest.mark.usefixtures("few_rebuilds")  # how sure a rank is, is proved in tests/risk/index
WEEK = "2020-W44"


def test_an_earlier_week_is_what_had_happened_by_then_with_its_intervals() -> None:
    store, model = open_store(parse_viewer("lotc")), load_model()
    stored = outputs.read_scored(store, "vr", model, WEEK)
    names = ("gemeenten", "veiligheidsregios", "exposure", "sites", "activations", "incidence")
    tables = {name: open_batch(store.data_version).table(name) for name in names}
    tables["activations"] = tables["activations"][tables["activations"]["event_date"] <= "2020-11-01"]
    tables["incidence"] = tables["incidence"][tables["incidence"]["week"] <= WEEK]
    cut = pipeline.score(tables, "vr", model, data_version=store.data_version, at=last_day(WEEK))
    assert_frame_equal(stored.scores, cut.scores, check_dtype=False)
    assert stored.scores["rank_p05"].notna().all()
    assert stored.peildatum == pd.Timestamp("2020-11-01")
    own = outputs.read_scored(open_store(parse_viewer("region:VR06")), "vr", model, WEEK)
    assert set(own.scores["area_code"]) == {"VR06"}
    with pytest.raises(InputError, match="2019-W01"):
        outputs.ensure(store.data_version, "vr", model, "2019-W01")


def test_the_demonstration_has_its_sectors_where_they_belong_and_spread_between_the_posts() -> None:
    model, embedded = load_model(), snapshot.read_core(settings.EMBEDDED_DIR)
    tables = {name: embedded.table(name) for name in embedded.files}
    scores = pipeline.score(tables, "gemeente", model, rebuilds=0).scores
    name = tables["gemeenten"].set_index("gemeente_code")["gemeente_name"]
    first = scores[scores["rank"] == 1].set_index("sector_code")["area_code"].map(name)
    assert first["glass_horticulture"] == "Westland"
    for level in ("vr", "gemeente"):
        assert max(backtest.at_posts(tables, model, level).values()) <= 1 / 3


def test_a_change_since_the_previous_picture_is_divided_into_data_model_and_world() -> None:
    model, embedded = load_model(), snapshot.read_core(settings.EMBEDDED_DIR)
    tables = {name: embedded.table(name) for name in embedded.files}
    versions = []
    areas = tables["gemeenten"]
    own = tables["incidence"]["gemeente_code"].isin(areas.loc[areas["vr_code"] == "VR06", "gemeente_code"])
    for cases in (1, 3):  # a correction: three times as many cases in one region
        corrected = tables["incidence"].assign(
            cases_n=tables["incidence"]["cases_n"] * own.map({True: cases, False: 1})
        )
        made = snapshot.write_core(tables | {"incidence": corrected}, embedded.sources, is_demonstration=True)
        outputs.ensure(made.data_version, "vr", model)
        versions.append(made.data_version)
    first = open_store(parse_viewer("lotc"), versions[0]).out("causes", "vr", model.version)
    assert first.empty, "before the first picture there was none"
    causes = open_store(parse_viewer("lotc")).out("causes", "vr", model.version).set_index("unit_id")
    parts = causes["score_before"] + causes[["data", "world", "model"]].sum(axis=1)
    assert_series_equal(parts, causes["score_after"], check_names=False)
    corrected_units = causes.index.str.startswith("VR06")
    assert (causes.loc[corrected_units, "data"] > 0).all()
    assert (causes.loc[~corrected_units, "data"] < causes.loc[corrected_units, "data"].min()).all()
    assert not causes[["world", "model"]].any(axis=None)
    own = open_store(parse_viewer("region:VR06")).out("causes", "vr", model.version)
    assert set(own["unit_id"].str[:4]) == {"VR06"}


def test_weeks_go_back_a_year_at_most_and_end_before_the_peildatum() -> None:
    days = pd.DataFrame({"event_date": pd.to_datetime(["2018-03-01", "2020-11-30"])})
    weeks = weeks_of({"activations": days}, "COVID-19")
    assert len(weeks) == 52
    assert weeks[-1] == "2020-W48"
    assert weeks_of({}, "COVID-19") == ()


def test_a_new_signal_makes_the_scores_of_sites_anew_and_nothing_else(monkeypatch: pytest.MonkeyPatch) -> None:
    official = load_model()
    model = replace(official, uncertainty=replace(official.uncertainty, rebuilds=20))
    monkeypatch.setattr(outputs, "load_model", lambda: model)
    outputs._areas.cache_clear()
    viewer = parse_viewer("lotc")
    store = open_store(viewer)
    sites = store.table("sites").loc[lambda found: found["country"] == "NL"]

    def signal_on(site: pd.Series) -> None:
        where = {name: site[name] for name in ("site_id", "vr_code", "gemeente_code")}
        told = {"event_date": "2020-11-28", "origin": "own", "theme": "wonen", "text": "verzonnen", "state": "new"}
        write.record(viewer, "signal", told | where)

    signal_on(sites.iloc[0])  # with the first of all, having none begins to tell something of every site
    before = outputs.read_scored(store, "site", model).scores.set_index("unit_id")["score_0_10"]
    assert outputs.is_ready(store.data_version, "site", model)
    signal_on(sites.iloc[5])
    assert not outputs.is_ready(store.data_version, "site", model)
    after = outputs.read_scored(store, "site", model).scores.set_index("unit_id")["score_0_10"]
    site_id = sites.iloc[5]["site_id"]
    assert set(after.index[after != before]) == {site_id}
    assert after[site_id] > before[site_id]
    assert outputs.newest_signal("vr") == 0
    outputs._areas.cache_clear()


def test_only_what_scores_follow_from_makes_them_stale(tmp_path: Path) -> None:
    room, report = tmp_path / "index", tmp_path / "report.py"
    room.mkdir()
    (room / "aggregate.py").write_text("exponent = 3")
    codes = tmp_path / "codes.py"
    codes.write_text("parks = 'lodging'")
    first = outputs.digest_of(room / "aggregate.py", codes)
    report.write_text("# a comment")
    assert outputs.digest_of(room / "aggregate.py", codes) == first
    codes.write_text("parks = 'distribution'")
    assert outputs.digest_of(room / "aggregate.py", codes) != first
