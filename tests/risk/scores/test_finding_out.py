"""What finding out is worth, held against scoring the country anew with every size that a site may turn out to have."""

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose

from risk.index.declaration import Model
from risk.index.pipeline import score
from risk.scores import site_tables

Tables = dict[str, pd.DataFrame]


@pytest.fixture(scope="module")
def country(make_tables: Callable[..., Tables]) -> tuple[Tables, str]:
    """Return invented tables in which the size of one slaughterhouse is not known, and that site."""
    tables = make_tables(sites=120)
    sites = tables["sites"].copy()
    mine = sites[sites["kind"] == "slaughterhouse"]["site_id"]
    assert len(mine) >= 4
    sites.loc[sites["site_id"] == mine.iloc[0], "size_n"] = np.nan
    return tables | {"sites": sites}, str(mine.iloc[0])


def test_the_gain_is_that_of_scoring_anew_with_every_size_of_its_kind(
    country: tuple[Tables, str], model: Model
) -> None:
    tables, unknown = country
    now = score(tables, "site", model, rebuilds=0)
    sites, turns_out = tables["sites"], []
    for size in sites.loc[(sites["kind"] == "slaughterhouse") & sites["size_n"].notna(), "size_n"]:
        sized = sites.assign(size_n=sites["size_n"].mask(sites["site_id"] == unknown, size))
        then = score(tables | {"sites": sized}, "site", model, rebuilds=0).scores.set_index("unit_id")
        turns_out.append(then.loc[unknown, "score_0_10"])
    placed = now.scores.loc[now.scores["rank"].notna(), "score_0_10"]
    for first_n in (1, 5, 20, 60):
        rises = np.maximum(np.array(turns_out) - placed.nlargest(first_n).iloc[-1], 0)
        found = pd.Series(site_tables.gains(now, (first_n,))[0], index=now.scores["unit_id"])
        assert_allclose(found[unknown], rises.mean(), atol=1e-9)
        assert found.drop(unknown).isna().all(), "of a site in the ranking nothing is to be found out"


def test_a_longer_list_of_visits_gains_no_less_and_the_table_keeps_it(
    country: tuple[Tables, str], model: Model
) -> None:
    tables, unknown = country
    now = score(tables, "site", model, rebuilds=20)
    found = site_tables.gains(now, (1, 5, 20, 60))
    mine = found[:, np.flatnonzero(now.scores["unit_id"] == unknown)[0]]
    assert (np.diff(mine) >= 0).all()
    assert mine[-1] > 0
    table = site_tables.first(now)
    kept = table[table["unit_id"] == unknown].set_index("capacity_n")["finding_out_gain_0_10"]
    assert_allclose(kept[60], mine[-1])
    assert table.loc[table["unit_id"] != unknown, "finding_out_gain_0_10"].isna().all()


def test_of_very_many_sites_of_a_kind_some_stand_for_all(
    country: tuple[Tables, str], model: Model, monkeypatch: pytest.MonkeyPatch
) -> None:
    tables, unknown = country
    now = score(tables, "site", model, rebuilds=0)
    monkeypatch.setattr(site_tables, "_ENOUGH", 1_000)  # so that all kinds tell
    place = np.flatnonzero(now.scores["unit_id"] == unknown)[0]
    whole = site_tables.gains(now, (20,))[0, place]
    monkeypatch.setattr(site_tables, "_MOST_N", 60)
    assert site_tables.gains(now, (20,))[0, place] == pytest.approx(whole, abs=0.05)


@given(st.lists(st.floats(0, 10), min_size=1, max_size=30), st.floats(0, 10), st.floats(0, 10))
def test_a_gain_is_never_negative_and_falls_as_the_last_of_the_first_rises(
    scores: list[float], one: float, other: float
) -> None:
    low, high = sorted((one, other))
    found = site_tables.gain(np.array(scores), np.array([low, high]))
    assert (found >= 0).all()
    assert found[0] >= found[1]
