"""Published indices come out of our own functions as they were published."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose

from commands import scores as commands
from geodata.errors import ModelError
from risk.insight.foreign import Leaf, Node, index_of, rank_intervals, read_tree


def _achievement() -> Node:
    def post(code: str, low: float, high: float, *, is_log: bool = False) -> Leaf:
        return Leaf(code, scaling="goalposts", low=low, high=high, is_log=is_log)

    return Node(
        "TAI",
        (
            Node("creation", (post("patents", 0, 994), post("royalties", 0, 272.6))),
            Node("recent", (post("hosts", 0, 232.4), post("exports", 0, 80.8))),
            Node("old", (post("telephones", 1, 901, is_log=True), post("electricity", 22, 6969, is_log=True))),
            Node("skills", (post("schooling", 0.8, 12.0), post("science", 0.1, 27.4))),
        ),
    )


def test_technology_achievement_of_new_zealand() -> None:
    """UNDP, Human Development Report 2001, technical note 2: 0.548."""
    facts = {
        "patents": 103.0,
        "royalties": 13.0,
        "hosts": 146.7,
        "exports": 15.4,
        "telephones": 720.0,
        "electricity": 8215.0,
        "schooling": 11.7,
        "science": 13.1,
    }
    found = index_of(pd.DataFrame([facts]), _achievement()).iloc[0] / 10
    assert_allclose(found[["creation", "recent", "old", "skills"]], [0.0757, 0.4109, 0.9835, 0.7247], atol=5e-4)
    assert found["TAI"] == pytest.approx(0.548, abs=1e-3)


def _county(name: str) -> Leaf:
    """Return an indicator of the SVI: ranks of four decimals (of 1), income the other way round."""
    return Leaf(name, scaling="percentile", direction=-1 if name == "PCI" else 1, decimals=3)


def test_social_vulnerability_of_every_county(testdata: Path) -> None:
    table = pd.read_csv(testdata / "svi2018_counties.csv.gz").replace(-999, np.nan)
    names = [column.removeprefix("EPL_") for column in table if column.startswith("EPL_")]
    column_of = {name: f"E_{name}" if f"E_{name}" in table else f"EP_{name}" for name in names}
    values = pd.DataFrame({name: table[column_of[name]] for name in names})
    themes = [names[:4], names[4:8], names[8:10], names[10:]]
    parts = tuple(
        Node(
            f"THEME{number}",
            tuple(_county(name) for name in theme),
            joining="sum",
            is_ranked=True,
            minimum_present=1,
        )
        for number, theme in enumerate(themes, start=1)
    )
    found = index_of(values, Node("THEMES", parts, joining="sum", is_ranked=True, minimum_present=1)) / 10
    assert len(table) == 3142
    for ours, theirs in [
        *((name, f"EPL_{name}") for name in names),
        *((f"THEME{number}", f"RPL_THEME{number}") for number in range(1, 5)),
        ("THEMES", "RPL_THEMES"),
    ]:
        assert_allclose(found[ours], table[theirs], atol=5.1e-5, err_msg=theirs)


@pytest.fixture(scope="module")
def asem(testdata: Path) -> tuple[pd.DataFrame, Node, pd.DataFrame]:
    folder = testdata / "asem"
    structure = pd.read_csv(folder / "structure.csv")
    structure = structure[structure["Type"].isin(["Indicator", "Aggregate"])].set_index("iCode")

    def built(code: str) -> Node | Leaf:
        row = structure.loc[code]
        if row["Type"] == "Indicator":
            return Leaf(code, weight=row["Weight"], direction=int(row["Direction"]))
        return Node(code, tuple(built(child) for child in structure.index[structure["Parent"] == code]), row["Weight"])

    tree = built("Index")
    assert isinstance(tree, Node)
    return (
        pd.read_csv(folder / "treated.csv").set_index("UnitCode"),
        tree,
        pd.read_csv(folder / "aggregated.csv").set_index("UnitCode"),
    )


def test_sustainable_connectivity_of_51_countries(asem: tuple[pd.DataFrame, Node, pd.DataFrame]) -> None:
    treated, tree, published = asem
    found = index_of(treated, tree) * 10
    shared = [column for column in found if column in published]
    assert len(shared) == 49 + 8 + 2 + 1
    # the treated table is printed with six decimals: indicators that are small numbers lose digits there
    coarse = [column for column in shared if column in treated and np.ptp(treated[column]) < 1]
    fine = [column for column in shared if column in treated and column not in coarse]
    assert_allclose(found[fine], published[fine], atol=5e-4)
    assert_allclose(found[shared], published[shared], atol=0.2)
    assert found.loc["CHE", "Index"] == pytest.approx(68.38, abs=0.01)
    ranks = found["Index"].rank(ascending=False)
    assert (found.loc["IND", "Index"].round(2), ranks["IND"]) == (39.79, 45)


def test_the_levels_of_the_tree_from_published_normalised_values(
    testdata: Path, asem: tuple[pd.DataFrame, Node, pd.DataFrame]
) -> None:
    _, tree, published = asem
    normalised = pd.read_csv(testdata / "asem" / "normalised.csv").set_index("UnitCode")
    found = index_of(normalised.select_dtypes("number") / 10, _as_it_is(tree)) * 10
    assert_allclose(found[["Conn", "Sust", "Index"]], published[["Conn", "Sust", "Index"]], atol=2e-6)


def _as_it_is(node: Node) -> Node:
    children = tuple(replace(one, scaling="none") if isinstance(one, Leaf) else _as_it_is(one) for one in node.children)
    return replace(node, children=children)


def test_an_outside_index_gets_intervals_too(asem: tuple[pd.DataFrame, Node, pd.DataFrame]) -> None:
    treated, tree, published = asem
    table = rank_intervals(treated, tree, repeats=100)
    assert (table["rank"] == published["Index"].rank(ascending=False, method="min")).all()
    assert (table["rank_p05"] <= table["rank_p95"]).all()
    inside = (table["rank"] >= table["rank_p05"]) & (table["rank"] <= table["rank_p95"])
    assert inside.mean() > 0.8
    assert table.equals(rank_intervals(treated, tree, repeats=100))


@given(st.lists(st.lists(st.floats(0, 10), min_size=3, max_size=3), min_size=2, max_size=6), st.integers(0, 2))
def test_more_of_an_indicator_never_lowers_a_unit_and_a_mean_stays_between(rows: list[list[float]], which: int) -> None:
    for joining in ("arithmetic", "geometric"):
        tree = Node("all", tuple(Leaf(code, scaling="none") for code in "abc"), joining=joining)  # type: ignore[arg-type]
        values = pd.DataFrame(rows, columns=list("abc"))
        before = index_of(values, tree)["all"]
        floored = values.clip(lower=0.01)
        assert (before >= floored.min(axis=1) - 0.011).all()
        assert (before <= floored.max(axis=1) + 1e-9).all()
        values.iloc[0, which] += 1
        assert index_of(values, tree)["all"][0] >= before[0] - 1e-9


def test_what_is_missing_is_not_nil() -> None:
    leaves = tuple(Leaf(code, scaling="none") for code in "abc")
    values = pd.DataFrame({"a": [4.0, 4.0], "b": [4.0, np.nan], "c": [4.0, np.nan]})
    assert index_of(values, Node("all", leaves))["all"].isna().tolist() == [False, True]
    assert index_of(values, Node("all", leaves, minimum_present=0.3))["all"].tolist() == [4, 4]


def test_a_tree_that_is_wrong_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "tree.toml"
    wrong = [
        "code = 'x'",
        "code = 'x'\nchildren = [{code = 'x'}]",
        "nonsense",
        "children = [{code = 'y'}]",
        "code = 'x'\nchildren = [{code = 'y', scaling = 'magic'}]",
        "code = 'x'\nsize = 1\nchildren = []",
    ]
    for text in wrong:
        path.write_text(text)
        with pytest.raises(ModelError, match=r"tree\.toml"):
            read_tree(path)
    with pytest.raises(ModelError, match="no column b"):
        index_of(pd.DataFrame({"a": [1.0]}), Node("all", (Leaf("b"),)))


def test_the_command_runs_an_index_of_a_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "values.csv").write_text("unit,a,b\nX,1,30\nY,2,20\nZ,3,\n")
    (tmp_path / "tree.toml").write_text(
        'code = "whole"\nchildren = [{code = "a"}, {code = "b", direction = -1, weight = 3}]\n'
    )
    out = tmp_path / "out.csv"
    arguments = ["foreign", "--values", str(tmp_path / "values.csv"), "--tree", str(tmp_path / "tree.toml")]
    assert commands.main([*arguments, "--out", str(out)]) == 0
    table = pd.read_csv(out)
    assert table["unit"].tolist() == ["Y", "X", "Z"]
    assert table["rank"].tolist()[:2] == [1, 2]
    assert np.isnan(table["whole"][2])
    assert "3 units" in capsys.readouterr().out
    (tmp_path / "values.csv").write_text("a\n1\n")
    assert commands.main([*arguments, "--out", str(out)]) == 2
    assert json.dumps(capsys.readouterr().err).count("\\n") == 1
