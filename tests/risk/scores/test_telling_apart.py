"""A ranking that tells nothing apart is not shown: no class, no flag, no place; ties are flagged alike."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from door.store import Viewer, open_store
from risk.index import pipeline
from risk.index.declaration import Model
from risk.scores import outputs, telling_apart
from risk.scores.telling_apart import Ranking, Why

Tables = dict[str, pd.DataFrame]


def exposure_of(sources: dict[str, str]) -> pd.DataFrame:
    rows = [("GM0001", sector, 2021, 10.0, source) for sector, source in sources.items()]
    return pd.DataFrame(rows, columns=["gemeente_code", "sector_code", "year", "workers_n", "workers_n_source"])


def test_sectors_of_one_group_by_counts_alone_are_one_group() -> None:
    shares = {"glass_horticulture": "jobs of SBI:A", "open_field": "group_share", "slaughter_meat": "group_share"}
    assert telling_apart.shared_out(exposure_of(shares)) == {"glass_horticulture": "A", "open_field": "A"}


def test_an_own_figure_separates_a_sector_from_its_group() -> None:
    shares = {"glass_horticulture": "glass_area", "open_field": "group_share"}
    assert telling_apart.shared_out(exposure_of(shares)) == {}


@given(
    st.lists(st.floats(-3, 3), min_size=12, max_size=40).filter(lambda values: np.ptp(values) > 0.1),
    st.floats(0, 1),
)
def test_the_share_is_the_part_of_the_variance_that_was_measured(values: list[float], mixed: float) -> None:
    own = np.array(values)
    parts = np.column_stack([mixed * own, (1 - mixed) * own])
    found = telling_apart.measured_share(own, parts, np.array([True, False]))
    assert found == pytest.approx(mixed, abs=1e-9)


def test_without_figures_per_area_nothing_is_told_apart(tables: Tables, model: Model) -> None:
    """Everybody works alike everywhere: what is left is the border and the sector's own conditions."""
    bare = tables | {
        "exposure": tables["exposure"].assign(workers_n=100.0, establishments_n=10.0, migrant_workers_n=20.0),
        "sites": tables["sites"].iloc[:0],
        "activations": tables["activations"].iloc[:0],
        "incidence": tables["incidence"].assign(cases_n=0.0),
    }
    outcome = pipeline.score(bare, "vr", model, rebuilds=20)
    found = telling_apart.rankings(outcome, bare["exposure"])
    shown = telling_apart.withheld(outcome.scores, found)
    for sector, one in found.items():
        rows = shown[shown["sector_code"] == sector]
        if one.scored_n:
            assert one.why, sector
            assert not rows["is_flagged"].any()
            assert rows[["score_0_10", "risk_class", "rank", "rank_p05", "p_top_k"]].isna().all().all()


def test_figures_per_area_are_told_apart(tables: Tables, model: Model) -> None:
    outcome = pipeline.score(tables, "gemeente", model, rebuilds=0)
    found = telling_apart.rankings(outcome, tables["exposure"])
    assert not found["slaughter_meat"].why
    pd.testing.assert_frame_equal(telling_apart.withheld(outcome.scores, {}), outcome.scores)


def test_ties_share_their_place_and_their_flag(tables: Tables, model: Model) -> None:
    scores = pipeline.score(tables, "vr", model, rebuilds=20).scores
    one = scores["sector_code"] == "slaughter_meat"
    tied = scores.copy()
    tied.loc[one, ["score_0_10", "risk_class"]] = [8.5, 5.0]
    alike = telling_apart.ties_alike(tied, model)[one]
    for column in ("rank", "rank_p05", "rank_p95", "p_top_k", "is_flagged"):
        assert (alike[column] == alike[column].iloc[0]).all(), column
    pd.testing.assert_frame_equal(telling_apart.ties_alike(tied, model)[~one], scores[~one])


def test_shares_are_weighted_by_what_they_move() -> None:
    parts = pd.DataFrame(
        {"unit_id": ["a"] * 3, "indicator_code": ["x", "y", "z"], "contribution_0_10": [2.0, -1.0, 0.0]}
    )
    cells = parts[["unit_id", "indicator_code"]].assign(status=["assumption", "official", "estimate"])
    assert telling_apart.status_shares(parts, cells) == pytest.approx({"assumption": 2 / 3, "official": 1 / 3})


@pytest.mark.parametrize("level", pipeline.AREA_LEVELS)
@pytest.mark.parametrize("state", ["establishments+incidence"], indirect=True)
def test_real_group_shares_place_an_area_as_its_group_alone(state: str, level: str, model: Model) -> None:
    store = open_store(Viewer("lotc"))
    scored = outputs.read_scored(store, level, model)
    assert scored.apart["glass_horticulture"].why == Why.GROUP, state
    by_area = scored.scores.set_index("area_code")
    glass, field = (by_area[by_area["sector_code"] == one] for one in ("glass_horticulture", "open_field"))
    assert set(glass["ranked_as"]) == set(field["ranked_as"]) == {"A"}, "as agriculture, and not alone"
    shown = ["score_0_10", "risk_class", "rank", "rank_p05", "rank_p95", "is_flagged"]
    pd.testing.assert_frame_equal(glass[shown], field[shown])
    moved = store.out("changes", level, model.version)["unit_id"]
    assert not moved.str.endswith(":open_field").any(), "what moved a sector alone is not what moved its group"
    trial = outputs.what_if(store, level, "open_field", {}, model)
    kept = trial.ranks.set_index("area_code")["score_0_10"]
    pd.testing.assert_series_equal(kept.sort_index(), field["score_0_10"].sort_index(), check_names=False)
    assert isinstance(scored.apart[""], Ranking)
    assert sum(scored.status_share.values()) == pytest.approx(1)
