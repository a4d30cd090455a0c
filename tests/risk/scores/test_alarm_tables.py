"""Alarms through the door: who sees which, what nobody published, and the command."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from access import disclosure
from commands import scores as commands
from door.store import Viewer, open_store
from geodata import contracts
from geodata.errors import AccessDeniedError, InputError
from geodata.snapshots import formats, manifests, snapshot
from geodata.sources import catalogue
from risk.scores import context

# That what is prepared is what is computed when it is not there, is asked of a damaged one below.
pytestmark = pytest.mark.usefixtures("scored")
DISEASE = "COVID-19"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("alarms") / "data"


@pytest.fixture(autouse=True)
def data_dir(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Share one folder between these tests: they read the same demonstration."""
    monkeypatch.setenv("RISICOBEELD_DATA", str(folder))
    return folder


def test_a_region_sees_its_own_gemeenten_with_national_ranks() -> None:
    nation, region = open_store(Viewer("lotc")), open_store(Viewer("region", ("VR06",)))
    everything, own = context.alarms_of(nation, DISEASE), context.alarms_of(region, DISEASE)
    gemeenten = nation.table("gemeenten")
    wanted = set(gemeenten.loc[gemeenten["vr_code"] == "VR06", "gemeente_code"])
    assert len(everything) == len(gemeenten)
    assert set(own["gemeente_code"]) == wanted
    ranks = everything.set_index("gemeente_code")["rank"]
    assert (own.set_index("gemeente_code")["rank"] == ranks[own["gemeente_code"]]).all()


@pytest.mark.parametrize("viewer", [Viewer("policy"), Viewer("privacy"), Viewer("partner", organisation="KDS")])
def test_who_sees_no_infections_sees_no_alarms(viewer: Viewer) -> None:
    store = open_store(viewer)
    for function in (context.alarms_of, context.groups_of, context.hot_spots_of):
        with pytest.raises(AccessDeniedError):
            function(store, DISEASE)
    with pytest.raises(AccessDeniedError):
        context.alarm_weeks(store, DISEASE)


def test_counts_that_nobody_published_are_blank_and_the_mark_stays() -> None:
    store = open_store(Viewer("lotc"))
    table = context.alarms_of(store, DISEASE)
    secret = next(one for one in catalogue.SOURCES.values() if one.source_id == "secret_incidence")
    record = manifests.SourceRecord(source_id=secret.source_id, **_rest())
    hidden = disclosure.blank_unpublished("alarms_gemeente", table, [record])
    assert hidden[["cases_n", "expected_n", "p"]].isna().all(axis=None)
    assert (hidden["is_alarm"] == table["is_alarm"]).all()
    assert disclosure.blank_unpublished("alarms_gemeente", table, []).equals(table)


def _rest() -> dict[str, object]:
    known = snapshot.current().sources[0]
    return {name: getattr(known, name) for name in known.__dataclass_fields__ if name != "source_id"}


def test_hot_spots_and_groups_keep_their_contracts_and_hold_no_count() -> None:
    store = open_store(Viewer("lotc"))
    hot, groups = context.hot_spots_of(store, DISEASE), context.groups_of(store, DISEASE)
    contracts.check("hot_spots", hot)
    contracts.check("alarm_groups", groups)
    assert set(hot["gemeente_code"]) <= set(store.table("gemeenten")["gemeente_code"])
    assert not any(column.endswith("cases_n") for column in (*hot.columns, *groups.columns))


def test_prepared_tables_are_read_and_damaged_ones_made_anew(scored: Path) -> None:
    store = open_store(Viewer("lotc"))
    found = {
        one.stem: one for one in (scored / "out").glob("*/*/*.parquet") if one.stem in ("alarm_groups", "hot_spots")
    }
    assert set(found) == {"alarm_groups", "hot_spots"}
    written = {name: path.stat().st_mtime_ns for name, path in found.items()}
    context.groups_of(store, DISEASE)
    hot = context.hot_spots_of(store, DISEASE)
    assert {name: path.stat().st_mtime_ns for name, path in found.items()} == written
    found["hot_spots"].write_bytes(b"nothing")
    pd.testing.assert_frame_equal(context.hot_spots_of(store, DISEASE), hot)
    assert formats.read_parquet("hot_spots", found["hot_spots"]).equals(hot)


def test_a_week_outside_the_table_is_refused_in_a_sentence() -> None:
    store = open_store(Viewer("lotc"))
    assert context.alarm_weeks(store, DISEASE)[-1] == "2020-W48"
    assert context.alarm_weeks(store, "mazelen") == ()
    for function in (context.alarms_of, context.groups_of, context.hot_spots_of):
        with pytest.raises(InputError, match="2020-W12"):
            function(store, DISEASE, "2020-W12")
        with pytest.raises(InputError, match="no infections per week"):
            function(store, "mazelen")


def test_the_demonstration_has_alarms_to_see_now_and_earlier_and_one_that_is_over() -> None:
    store = open_store(Viewer("lotc"))
    name = store.table("gemeenten").set_index("gemeente_code")["gemeente_name"]
    per_week = {}
    for week in context.alarm_weeks(store, DISEASE)[6:]:  # those with six weeks before them
        found = context.alarms_of(store, DISEASE, week)
        per_week[week] = set(found.loc[found["is_alarm"], "gemeente_code"].map(name))
    assert per_week["2020-W48"] == {"Westland", "Midden-Delfland", "Hoogeveen", "Heerenveen"}
    assert "Gooise Meren" in per_week["2020-W43"]
    assert "Westland" not in per_week["2020-W44"], "its wave had not begun"
    groups = context.groups_of(store, DISEASE)
    assert "Westland" in set(groups["gemeente_code"].map(name))


def test_the_command_writes_every_gemeente_the_least_likely_first(tmp_path: Path, capsys) -> None:
    out = tmp_path / "alarms.csv"
    assert commands.main(["alarms", "--week", "2020-W48", "--out", str(out)]) == 0
    table = pd.read_csv(out)
    assert list(table.columns[:6]) == ["gemeente_code", "cases_n", "expected_n", "p", "rank", "is_alarm"]
    assert len(table) == 342
    ranked = table.dropna(subset=["p"])
    assert ranked["rank"].tolist() == list(range(1, len(ranked) + 1))
    assert (np.diff(ranked["p"]) >= 0).all()
    assert set(table["is_alarm"]) <= {True, False}
    assert table["status_band"].str.startswith("VOORBEELD").all()
    assert "among 342 gemeenten in 2020-W48" in capsys.readouterr().out


def test_the_command_refuses_in_one_sentence(tmp_path: Path, capsys) -> None:
    assert commands.main(["alarms", "--week", "2020-W22", "--out", str(tmp_path / "a.csv")]) == 2
    assert commands.main(["alarms", "--as", "policy", "--out", str(tmp_path / "a.csv")]) == 2
    assert len(capsys.readouterr().err.splitlines()) == 2
    assert not list(tmp_path.glob("a.csv"))


@pytest.mark.parametrize("week", ["week 22", "2020-W54", "2021-W53", "2020-W00", "22", "2020-W5", "2020-w48"])
def test_what_is_no_week_is_refused_in_one_sentence(tmp_path: Path, capsys, week: str) -> None:
    assert commands.main(["alarms", "--week", week, "--out", str(tmp_path / "a.csv")]) == 2
    said = capsys.readouterr().err
    assert f"{week!r} is no week of the calendar" in said
    assert len(said.splitlines()) == 1
    assert not list(tmp_path.iterdir())
