"""A half-empty installation ranks nothing that it may not rank: it says the next step, and writes no file."""

import json
from pathlib import Path

import pandas as pd
import pytest

from commands import data as data_command
from commands import scores as score_command
from dashboard.server import feed
from door import readiness
from door.readiness import Ranking, State
from door.store import Viewer, open_store
from geodata.errors import NotReadyError
from geodata.snapshots import snapshot
from geodata.tables import coverage
from risk.index.measure import regions_with_lodgings
from risk.index.model import load_model
from tests.door import states
from words import LANGUAGES, read_texts

RANKING = (
    ["score", "--level", "vr", "--out", "{out}.csv"],
    ["score", "--level", "gemeente", "--sector", "all", "--out", "{out}.xlsx"],
    ["score", "--level", "vr", "--out", "{out}.geojson"],
    ["evaluate", "--level", "vr", "--out", "{out}.md"],
    ["papers", "--out", "{out}"],
    ["prepare"],
    ["publish", "--out", "{out}"],
)
OF_SITES = (
    ["score", "--level", "site", "--out", "{out}.csv"],
    ["targets", "--capacity", "40", "--seed", "1", "--out", "{out}.csv", "--left-out", "{out}-left.csv"],
)
OF_A_LIST = (
    ["problems", "--out", "{out}.csv"],
    ["sample", "--kind", "lodging", "--n", "5", "--seed", "1", "--out", "{out}.csv"],
)
OF_ACTIVATIONS = (["report", "--from", "2020-09-01", "--to", "2020-11-30", "--out", "{out}.html"],)
HAVE_SITES = ("sites", "lodging_of_one_region")
HALF_EMPTY = [name for name, step in states.STATES.items() if step]
RANKED = [name for name, step in states.STATES.items() if not step]
HAVE_INFECTIONS = ("incidence", "establishments+incidence", "lodging_of_one_region", "half_the_country")
"""Of the disease of the picture; each has figures of the same weeks."""


def step_of(name: str) -> str:
    ready = readiness.of(open_store(Viewer("lotc")), load_model().disease)
    return ready.sentence(name, "en")


def run(command: list[str], folder: Path) -> tuple[int, list[Path]]:
    """Run a command of ``python -m risk``; return its exit status and the files it left."""
    folder.mkdir(exist_ok=True)
    status = score_command.main([part.format(out=folder / "out") for part in command])
    return status, sorted(folder.rglob("*"))


@pytest.mark.parametrize("state", HALF_EMPTY, indirect=True)
@pytest.mark.parametrize("command", RANKING, ids=lambda command: "-".join(command[:3]))
def test_nothing_is_ranked_without_its_tables(
    state: str, command: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    status, left = run(command, tmp_path / "files")
    told = capsys.readouterr()
    assert (status, left, told.out) == (2, [], "")
    assert told.err == f"{step_of(states.STATES[state])}\n"


@pytest.mark.parametrize("state", HALF_EMPTY, indirect=True)
@pytest.mark.parametrize("command", OF_SITES, ids=lambda command: "-".join(command[:3]))
def test_no_site_is_ranked_and_no_plan_made_without_its_tables(
    state: str, command: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    status, left = run(command, tmp_path / "files")
    told = capsys.readouterr()
    assert (status, left, told.out) == (2, [], "")
    assert told.err == f"{step_of(states.STATES[state] if state in HAVE_SITES else 'sites')}\n"


WITHOUT_LIST = [
    *((state, command, "sites") for state in states.STATES if state not in HAVE_SITES for command in OF_A_LIST),
    *(
        (state, command, "activations")
        for state in states.STATES
        if state != "activations"
        for command in OF_ACTIVATIONS
    ),
]


@pytest.mark.parametrize(
    ("state", "command", "step"),
    WITHOUT_LIST,
    indirect=["state"],
    ids=lambda value: value[0] if isinstance(value, list) else value,
)
def test_an_empty_list_makes_no_file(
    state: str, command: list[str], step: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    status, left = run(command, tmp_path / "files")
    assert (status, left) == (2, []), state
    assert capsys.readouterr().err == f"{step_of(step)}\n"


@pytest.mark.parametrize("command", ["meeting", "digest"])
@pytest.mark.parametrize("state", states.STATES, indirect=True)
def test_a_sheet_and_a_digest_need_something_to_tell(
    state: str, command: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    status, left = run([command, "--since", "2020-11-01", "--out", "{out}.html"], tmp_path / "files")
    told = capsys.readouterr().err
    if states.STATES[state] and (state != "activations" or command == "digest"):
        assert (status, left, told) == (2, [], f"{step_of(states.STATES[state])}\n")
    else:
        assert (status, len(left), told) == (0, 1, "")


@pytest.mark.parametrize("state", states.STATES, indirect=True)
def test_an_absent_table_is_not_exported(state: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    ready = readiness.of(open_store(Viewer("lotc")), load_model().disease)
    assert any(ready.has(name) for name in readiness.TABLES), state
    for name in readiness.TABLES:
        out = tmp_path / f"{name}.csv"
        assert data_command.main(["export", name, "--out", str(out)]) == (0 if ready.has(name) else 2)
        assert out.exists() == ready.has(name), name
    assert "Traceback" not in capsys.readouterr().err


@pytest.mark.parametrize("state", RANKED, indirect=True)
def test_what_is_ranked_is_named_after_what_it_lacks(state: str, tmp_path: Path) -> None:
    """No list of lodgings covers the country: the picture is one without housing, and no class of it says more."""
    for level in ("vr", "gemeente"):
        status, left = run(["score", "--level", level, "--out", "{out}.csv"], tmp_path / level)
        assert (status, len(left)) == (0, 1), state
        table = pd.read_csv(left[0])
        assert set(table["picture_lacks"]) == {"wonen"}
        assert table["completeness_pct"].between(60, 100).all()
    for command in OF_SITES:
        status, left = run(command, tmp_path / command[0])
        assert bool(left) == (state in HAVE_SITES), command
        assert status == (0 if state in HAVE_SITES else 2)


@pytest.mark.parametrize("state", states.STATES, indirect=True)
def test_no_alarm_without_infections(state: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    status, left = run(["alarms", "--out", "{out}.csv"], tmp_path / "files")
    has = state in HAVE_INFECTIONS
    assert (status, len(left)) == ((0, 1) if has else (2, 0))
    assert has or capsys.readouterr().err.count("\n") == 1


@pytest.mark.parametrize("state", HALF_EMPTY, indirect=True)
def test_another_system_gets_no_ranking(state: str) -> None:
    for level in ("vr", "gemeente"):
        with pytest.raises(NotReadyError) as told:
            feed.geojson(open_store(Viewer("lotc")), level, "", "nl")
        assert told.value.step == states.STATES[state]


@pytest.mark.parametrize("state", states.STATES, indirect=True)
def test_status_tells_a_program_what_may_be_ranked(state: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert data_command.main(["status", "--json"]) == 0
    facts = json.loads(capsys.readouterr().out)
    ready = facts["readiness"]
    assert not facts["demonstration"], "the first real import switches all four tables off"
    assert ready["ranks"]["areas"] == (not states.STATES[state])
    assert ready["ranks"]["sites"] == (state == "lodging_of_one_region")
    assert ready["next_step_text"].endswith(".")
    assert data_command.main(["status"]) == 0
    assert f"next: {ready['next_step_text']}" in capsys.readouterr().out


@pytest.mark.parametrize("state", states.STATES, indirect=True)
def test_every_step_is_one_sentence_in_both_languages(state: str) -> None:
    ready = readiness.of(open_store(Viewer("lotc")), load_model().disease)
    for language in LANGUAGES:
        words = read_texts(language)
        for name in (name for name in words.names() if name.startswith("ready.step.")):
            told = ready.sentence(name.removeprefix("ready.step."), language)
            assert "{" not in told
            assert told.endswith(".")
    assert ready.missing(Ranking.AREAS) == states.STATES[state]
    for what in Ranking:
        assert bool(ready.missing(what)) != ready.may_rank(what)


def test_a_table_for_a_part_of_the_country_is_never_called_ready() -> None:
    """The same rule for all four: below nine tenths of the people it is there for a part."""
    known = snapshot.current()
    some = known.table("veiligheidsregios")["vr_code"].iloc[:3]
    inside = known.table("gemeenten").query("vr_code in @some")["gemeente_code"]
    tables = {name: known.table(name) for name in known.files}
    for name in ("exposure", "incidence"):
        tables[name] = tables[name][tables[name]["gemeente_code"].isin(inside)]
    tables["sites"] = tables["sites"][tables["sites"]["vr_code"].isin(some)].assign(list_covers="")
    snapshot.write_core(tables, known.sources)
    ready = readiness.of(open_store(Viewer("lotc")), load_model().disease)
    assert {name: ready[name].state for name in ("exposure", "incidence", "sites")} == {
        "exposure": State.PARTIAL,
        "incidence": State.PARTIAL,
        "sites": State.PARTIAL,
    }
    assert ready["sites"].covered_n == 3
    assert not ready.may_rank(Ranking.AREAS)


def test_a_list_covers_what_its_import_declares(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """One region's lodgings, declared whole for the country: elsewhere there are none; undeclared: a told guess."""
    step = {
        ("--covers", "none"): "lodging_unsaid",
        (): "lodging",
        ("--covers", "VR19", "VR20"): "lodging",
        ("--covers", "NL"): "",
    }
    path = tmp_path / "lodging.csv"
    states.write_sites(path, "lodging_of_one_region")
    told = {}
    for declared, wanted in step.items():
        assert data_command.main(["import", "sites", str(path), "--kind", "lodging", *declared]) == 0
        store = open_store(Viewer("lotc"))
        ready = readiness.of(store, load_model().disease)
        told[declared] = ready["sites"].kinds["lodging"]
        assert ready["sites"].named == {"lodging": 1}
        assert ready["sites"].state == (State.READY if declared == ("--covers", "NL") else State.PARTIAL)
        assert ("--covers" in capsys.readouterr().out) == (wanted != "")
        assert [one for one in ready.steps() if "lodging" in one] == [wanted] * bool(wanted)
        assert regions_with_lodgings(store.table("sites")) == coverage.covered_regions(store.table("sites"))
    assert list(told.values()) == [0, 1, 2, 25]
    with pytest.raises(SystemExit) as stopped:
        data_command.main(["import", "sites", str(path), "--covers", "VR99"])
    assert stopped.value.code == 2
    assert "VR99" in capsys.readouterr().err
