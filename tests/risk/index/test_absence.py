"""What is absent is not known: taking a table, a list or a value away never makes a picture surer."""

from collections.abc import Callable
from itertools import combinations

import numpy as np
import pandas as pd
import pytest

from geodata import contracts
from geodata.weeks import Tables
from risk.index.declaration import Model
from risk.index.pipeline import score

CORE = ("exposure", "incidence", "sites", "activations")
SIZES_GONE_N = 40
SPREAD_OF_A_DRAW = 0.05
"""Part of the ranking that the same interval may move between two sets of draws."""


def _without(tables: Tables, names: tuple[str, ...]) -> Tables:
    return tables | {name: contracts.empty(name) for name in names}


def _completeness(tables: Tables, model: Model) -> pd.Series:
    return score(tables, "vr", model, rebuilds=0).scores.set_index("unit_id")["completeness_pct"]


def test_removing_a_table_never_raises_completeness(tables: Tables, model: Model) -> None:
    subsets = [gone for n in range(len(CORE)) for gone in combinations(CORE, n)]
    found = {frozenset(gone): _completeness(_without(tables, gone), model) for gone in subsets}
    for gone, complete in found.items():
        for name in set(CORE) - gone:
            less = found.get(gone | {name})
            assert less is None or (less <= complete + 1e-9).all(), (gone, name)
    assert (found[frozenset()] > found[frozenset({"incidence"})]).all()


def test_without_infections_residents_and_lodgings_reach_what_a_ranking_needs(tables: Tables, model: Model) -> None:
    """The gate of `door.readiness` opens where the completeness does: one of the two lists is not enough."""
    lodgings = tables["sites"][tables["sites"]["kind"] == "lodging"]
    bare = _without(tables, ("incidence", "activations", "sites"))
    unknown = bare["exposure"].assign(migrant_workers_n=np.nan)
    for sites, exposure, is_enough in (
        (lodgings, bare["exposure"], True),
        (lodgings, unknown, False),
        (bare["sites"], bare["exposure"], False),
    ):
        found = score(bare | {"sites": sites, "exposure": exposure}, "vr", model, rebuilds=0)
        assert ((found.scores["completeness_pct"] >= 60) == is_enough).all()
        assert (found.scores["score_0_10"].notna() == is_enough).all()


def test_one_regions_list_changes_no_other_regions_score_at_any_level(tables: Tables, model: Model) -> None:
    sites = tables["sites"]
    own = sites["vr_code"] == sites["vr_code"].iloc[0]
    lodging = sites["kind"] == "lodging"
    for level in ("vr", "gemeente"):
        bare, one = (
            score(tables | {"sites": sites[rows]}, level, model, rebuilds=0).scores
            for rows in (~lodging, ~lodging | own)
        )
        np.testing.assert_allclose(one["score_0_10"], bare["score_0_10"], atol=1e-12)


def _taken(tables: Tables, name: str, rows: pd.Series, column: str) -> Tables:
    changed = tables[name].copy()
    changed.loc[rows, column] = np.nan
    return tables | {name: changed}


@pytest.mark.parametrize("name", ["sites", "exposure", "incidence"])
def test_a_value_taken_from_one_unit_never_makes_it_surer_nor_flagged(tables: Tables, model: Model, name: str) -> None:
    level = "site" if name == "sites" else "gemeente"
    column = {"sites": "size_n", "exposure": "workers_n", "incidence": "cases_n"}[name]
    before = score(tables, level, model, rebuilds=200, seed=1).scores.set_index("unit_id")
    key = {"sites": "site_id", "exposure": "gemeente_code", "incidence": "gemeente_code"}[name]
    scored = before[(before["rank"].notna()) & ((before["sector_code"] == "") | (level == "site"))]
    for unit in scored.sort_values("rank").index[[0, 1, len(scored) // 2, -1]]:
        rows = tables[name][key] == unit
        after = score(_taken(tables, name, rows, column), level, model, rebuilds=200, seed=1).scores
        one, was = after.set_index("unit_id").loc[unit], before.loc[unit]
        assert one["completeness_pct"] <= was["completeness_pct"] + 1e-9
        assert was["is_flagged"] or not one["is_flagged"]
        if pd.isna(one["score_0_10"]):
            continue  # not scored at all: no interval, no flag
        members_n = int((after["sector_code"] == one["sector_code"]).sum())
        width, width_was = one["rank_p95"] - one["rank_p05"], was["rank_p95"] - was["rank_p05"]
        assert width >= width_was - max(1, SPREAD_OF_A_DRAW * members_n), unit
        if level == "site":
            assert pd.isna(one["rank"])
            assert not one["is_flagged"]


def test_the_rank_of_a_known_size_lies_in_the_interval_after_it_is_taken_away(
    make_tables: Callable[..., Tables], model: Model
) -> None:
    tables = make_tables(sites=500)
    sites = tables["sites"]
    known = score(tables, "site", model, rebuilds=0).scores.set_index("unit_id")
    inside: list[bool] = []
    for seed in range(6):
        rng = np.random.default_rng(seed)
        gone = rng.choice(sites.index[sites["kind"] != "lodging"], SIZES_GONE_N, replace=False)
        after = score(_taken(tables, "sites", sites.index.isin(gone), "size_n"), "site", model, rebuilds=200, seed=seed)
        rows = after.scores.set_index("unit_id")
        placed = rows.index[rows["rank"].notna()]
        for unit in sites.loc[gone, "site_id"]:
            rivals = known.loc[placed]
            rivals = rivals[rivals["sector_code"] == known.loc[unit, "sector_code"]]
            rank = 1 + int((rivals["score_0_10"] > known.loc[unit, "score_0_10"]).sum())
            inside.append(bool(rows.loc[unit, "rank_p05"] <= rank <= rows.loc[unit, "rank_p95"]))
    assert 0.85 <= np.mean(inside) <= 0.97, np.mean(inside)
