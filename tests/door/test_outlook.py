"""A receipt says what an import switches on and off: before it, after it, and both the same."""

from pathlib import Path

import pytest

from commands import data as command
from geodata.snapshots import deliveries, snapshot
from tests.door import states

AREAS, PLANS = "the ranking of regions and sectors", "the ranking of sites, and plans of visits"
LIST = "the list of sites and samples of it"
STEPS = [
    # what is imported, what goes on, what goes off, how many steps the picture lacks after it
    ("establishments", set(), {AREAS, LIST, PLANS, "alarms", "accounting for activations"}, 3),
    ("incidence", {AREAS, "alarms"}, set(), 2),
    ("sites", {LIST, PLANS}, set(), 2),
]
OPTIONS = {
    "establishments": ["--year", "2023"],
    "incidence": ["--disease", "COVID-19"],
    "sites": ["--kind", "lodging"],
}
WORDS = {"on": "Switches on: ", "off": "Switches off: "}


def outlook(told: str) -> list[str]:
    """Return the lines about what goes on or off and what is lacking."""
    lines = told.splitlines()
    first = next(n for n, line in enumerate(lines) if line.startswith(("The example", "Switches", "It switches")))
    return lines[first:]


def named(lines: list[str], way: str) -> set[str]:
    told = next((line.removeprefix(WORDS[way]).rstrip(".") for line in lines if line.startswith(WORDS[way])), "")
    found = {use for use in (AREAS, LIST, PLANS, "alarms", "accounting for activations") if use in told}
    assert bool(told) == bool(found)
    return found


def test_each_import_tells_before_and_after_what_it_switches(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for kind, on, off, lacking_n in STEPS:
        path = tmp_path / f"{kind}.csv"
        states.WRITERS[kind](path, "lodging_of_one_region")
        versions = (snapshot.current().data_version, deliveries.every_raw())
        told = []
        for dry in (["--dry-run"], []):
            assert (snapshot.current().data_version, deliveries.every_raw()) == versions
            assert command.main(["import", kind, str(path), *OPTIONS[kind], *dry]) == 0
            told.append(outlook(capsys.readouterr().out))
        assert told[0] == told[1], "a dry run tells what the import then does"
        assert (named(told[0], "on"), named(told[0], "off")) == (on, off)
        assert ("The example goes off" in told[0][0]) == (kind == "establishments")
        lacks = told[0].index("What the picture still lacks, what adds most first:")
        assert len(told[0][lacks + 1 :]) == lacking_n
    assert command.main(["import", kind, str(path), *OPTIONS[kind]]) == 0
    assert outlook(capsys.readouterr().out)[0] == "It switches nothing on or off."


def test_a_bundle_tells_the_same_before_and_after(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    path, packed = tmp_path / "cases.csv", tmp_path / "bundle.zip"
    states.WRITERS["incidence"](path, "incidence")
    assert command.main(["import", "incidence", str(path), "--disease", "COVID-19"]) == 0
    assert command.main(["bundle", "--out", str(packed)]) == 0
    monkeypatch.setenv("RISICOBEELD_DATA", str(tmp_path / "elsewhere"))
    capsys.readouterr()
    told = []
    for dry in (["--dry-run"], []):
        assert snapshot.current().is_demonstration
        assert command.main(["import", "bundle", str(packed), *dry]) == 0
        told.append(outlook(capsys.readouterr().out))
    assert told[0] == told[1]
    assert named(told[0], "off") == {AREAS, LIST, PLANS, "accounting for activations"}


@pytest.mark.parametrize("damage", ["figures", "pointer"])
def test_damaged_figures_do_not_stop_the_import_that_brings_them_back(
    tmp_path: Path, data_dir: Path, damage: str, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "cases.csv"
    states.WRITERS["incidence"](path, "incidence")
    assert command.main(["import", "incidence", str(path), *OPTIONS["incidence"]]) == 0
    pointer = data_dir / "core" / "CURRENT"
    if damage == "pointer":
        pointer.unlink()
    else:
        (snapshot.current().path / "exposure.parquet").write_bytes(b"x")
    states.WRITERS["incidence"](path, "three_rows")
    capsys.readouterr()
    assert command.main(["import", "incidence", str(path), *OPTIONS["incidence"]]) == 0
    told = capsys.readouterr().out
    assert "What the picture still lacks" in told
    assert "Switches" not in told
    assert len(snapshot.current().table("incidence")) == 3
