"""Random draws: chances that add up, that redraws confirm, and that anyone can redo."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from geodata.codes import SITE_KINDS, VR_CODES
from geodata.errors import InputError
from risk.targets import draw as sampling
from tests.examples import examples


def _frame(rng, n, low_share=0.15):
    """Return an invented frame."""
    return pd.DataFrame(
        {
            "site_id": [f"S{i:05d}" for i in range(n)],
            "kind": rng.choice(SITE_KINDS, n, p=np.array([1, 2, 5, 3, 4, 4, 2, 1]) / 22),
            "vr_code": rng.choice(VR_CODES, n),
            "completeness_pct": np.where(rng.random(n) < low_share, 60.0, 100.0),
        }
    )


def _drawn(frame, draws_n, seed):
    strata = sampling.random_strata(frame, draws_n, low_below_pct=80)
    drawn_n = sampling.allocate(strata.value_counts().sort_index().to_dict(), draws_n)
    return sampling.draw(frame, strata, drawn_n, seed)


@examples(60)
@given(st.integers(1, 400), st.integers(1, 60), st.integers(0, 2**32), st.floats(0, 1))
def test_chances_add_up_and_nobody_is_without_one(sites_n, draws_n, seed, low_share):
    frame = _frame(np.random.default_rng(seed), sites_n, low_share)
    drawn = _drawn(frame, draws_n, seed)
    wanted = min(draws_n, sites_n)
    assert drawn["is_drawn"].sum() == wanted
    assert drawn["inclusion_probability"].sum() == pytest.approx(wanted)
    assert drawn["inclusion_probability"].between(0, 1, inclusive="right").all()
    by_stratum = drawn.groupby("stratum")["is_drawn"].agg(["sum", "size"])
    expected = drawn.groupby("stratum")[["drawn_n", "stratum_n"]].first()
    assert (by_stratum.to_numpy() == expected.to_numpy()).all()


def test_strata_follow_kind_part_of_the_country_and_completeness():
    drawn = _drawn(_frame(np.random.default_rng(1), 2_000), 400, 1)
    names = set(drawn["stratum"])
    assert {"greenhouse/west", "greenhouse/south", "unknown/greenhouse/west"} <= names
    few = _drawn(_frame(np.random.default_rng(1), 2_000), 8, 1)
    assert "unknown" in set(few["stratum"])
    assert 4 <= few["stratum"].nunique() <= 8


def test_redraws_match_the_chances():
    frame = _frame(np.random.default_rng(2), 80, 0.3)
    strata = sampling.random_strata(frame, 9, low_below_pct=80)
    drawn_n = sampling.allocate(strata.value_counts().sort_index().to_dict(), 9)
    ids, names = frame["site_id"].to_numpy(object), strata.to_numpy(object)
    times = np.zeros(len(frame))
    for seed in range(10_000):
        times += sampling.draw_mask(ids, names, drawn_n, [seed, 7])
    chance = sampling.draw(frame, strata, drawn_n, 0)["inclusion_probability"].to_numpy()
    spread = np.sqrt(10_000 * chance * (1 - chance))
    assert times.sum() == 90_000
    assert np.abs((times - 10_000 * chance) / spread).max() < 4.5


def test_the_same_list_and_seed_give_the_same_draw_in_any_order():
    frame = _frame(np.random.default_rng(3), 300)
    first = _drawn(frame, 12, 5)
    shuffled = _drawn(frame.sample(frac=1, random_state=1), 12, 5)
    assert set(frame.loc[first["is_drawn"], "site_id"]) == set(
        frame.loc[shuffled.index[shuffled["is_drawn"]], "site_id"]
    )
    assert first["frame_sha256"].iloc[0] == shuffled["frame_sha256"].iloc[0]
    other = [set(frame.loc[_drawn(frame, 12, seed)["is_drawn"], "site_id"]) for seed in range(5)]
    assert len({tuple(sorted(one)) for one in other}) == 5


def test_a_changed_list_changes_the_fingerprint():
    frame = _frame(np.random.default_rng(3), 50)
    strata = pd.Series("all", index=frame.index)
    moved = strata.mask(frame["site_id"] == "S00007", "other")
    assert sampling.frame_sha256(frame["site_id"], strata) != sampling.frame_sha256(frame["site_id"], moved)
    fewer = frame.iloc[1:]
    assert sampling.frame_sha256(fewer["site_id"], strata.iloc[1:]) != sampling.frame_sha256(frame["site_id"], strata)


@examples(100)
@given(st.lists(st.integers(1, 200), min_size=1, max_size=12), st.integers(1, 100), st.integers(1, 3))
def test_allocation_adds_up_and_keeps_its_bounds(sizes, draws_n, minimum):
    named = {f"h{i:02d}": n for i, n in enumerate(sizes)}
    needed = sum(min(minimum, n) for n in sizes)
    if needed > min(draws_n, sum(sizes)):
        with pytest.raises(InputError, match="draw more or lower the minimum"):
            sampling.allocate(named, draws_n, minimum)
        return
    drawn = sampling.allocate(named, draws_n, minimum)
    assert sum(drawn.values()) == min(draws_n, sum(sizes))
    assert all(min(minimum, n) <= drawn[name] <= n for name, n in named.items())


def test_size_classes_join_their_smaller_neighbour():
    sizes = pd.DataFrame({"size_n": [4.0] + [12.0] * 6 + [44.0] * 5 + [60.0, 70.0, 90.0, 99.0]})
    strata = sampling.size_strata(sizes, 8, 2)
    assert strata.value_counts().to_dict() == {"0-49": 12, "from 50": 4}
    assert sampling.size_strata(sizes, 1, 2).unique().tolist() == ["all sizes"]


@pytest.mark.parametrize(
    ("sites_n", "share", "needed"), [(100, 0.1, 25), (250, 0.1, 27), (500, 0.05, 56), (1000, 0.05, 57)]
)
def test_how_many_are_needed(sites_n, share, needed):
    assert sampling.how_many_needed(sites_n, share) == needed
    assert sampling.chance_to_see(sites_n, share, needed - 1) < 0.95 <= sampling.chance_to_see(sites_n, share, needed)
