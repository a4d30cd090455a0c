"""What stands beside the scores of sites, and what changes when there are very many. All tables are invented."""

from collections.abc import Callable

import pandas as pd
import pytest
from numpy.testing import assert_allclose

from geodata import contracts
from risk.index import pipeline
from risk.index.declaration import Model
from risk.index.pipeline import score
from risk.scores import site_tables

Tables = dict[str, pd.DataFrame]


@pytest.fixture(scope="module")
def many(make_tables: Callable[..., Tables]) -> Tables:
    return make_tables(sites=700)


def test_the_tables_keep_their_contracts(many: Tables, model: Model) -> None:
    made = site_tables.beside_scores(many, score(many, "site", model, rebuilds=10))
    assert set(made) == {"rises", "first", "links", "linked"}
    for name, table in made.items():
        assert len(contracts.check(name, table)) == len(table) > 0


def test_a_rise_is_todays_score_less_that_of_four_weeks_ago(many: Tables, model: Model) -> None:
    now = score(many, "site", model, rebuilds=0)
    rises = site_tables.rises(many, now).set_index("unit_id")
    before = score(many, "site", model, rebuilds=0, at=now.peildatum - pd.Timedelta(weeks=4))
    expected = now.scores["score_0_10"] - before.scores["score_0_10"]
    assert_allclose(rises["rise_0_10"], expected)
    assert rises["rise_0_10"].abs().max() > 0


def test_no_rise_where_the_earlier_score_rests_on_other_figures(many: Tables, model: Model) -> None:
    recent = many["incidence"][many["incidence"]["week"] >= "2020-W47"]
    cut = many | {"incidence": recent}
    assert site_tables.rises(cut, score(cut, "site", model, rebuilds=0))["rise_0_10"].isna().all()


def test_with_very_many_sites_only_the_highest_are_rebuilt(
    many: Tables, model: Model, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = score(many, "site", model, rebuilds=80)
    monkeypatch.setattr(pipeline, "HIGHEST_N", 90)
    few = score(many, "site", model, rebuilds=80)
    assert_allclose(few.scores["score_0_10"], whole.scores["score_0_10"])
    assert_allclose(few.parts, whole.parts, atol=1e-12)
    assert few.scores["k_n"].equals(whole.scores["k_n"])
    has_interval = few.scores["rank_p05"].notna()
    assert has_interval.sum() == 90
    assert few.scores.loc[has_interval, "score_0_10"].min() >= few.scores.loc[~has_interval, "score_0_10"].max()
    assert set(few.contributions["unit_id"]) == set(few.scores.loc[has_interval, "unit_id"])
    assert few.scores.loc[has_interval, "p_top_k"].between(0, 1).all()
    top = few.scores["score_0_10"].idxmax()
    assert few.scores.loc[top, "p_top_k"] == pytest.approx(whole.scores.loc[top, "p_top_k"], abs=0.25)
