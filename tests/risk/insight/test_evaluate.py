"""The evaluation: measures with known values, a back-test that can find the truth, and plain words."""

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

from geodata.weeks import last_day, until
from risk.index.declaration import Model
from risk.index.indicators import measure
from risk.insight import backtest
from risk.insight import evaluation as evaluate
from risk.insight import ranking_metrics as metrics

Tables = dict[str, pd.DataFrame]


def test_measures_of_a_ranking_with_known_values() -> None:
    score, found = [9.0, 8.0, 7.0, 2.0, 1.0, 0.0], [1, 0, 1, 0, 0, 0]
    assert metrics.precision_at_k(score, found, 3) == pytest.approx(2 / 3)
    assert metrics.lift_at_k(score, found, 3) == pytest.approx(2)
    assert metrics.recall_at_k(score, found, 3) == 1
    assert metrics.spearman([1, 2, 3], [3, 2, 1]) == pytest.approx(-1)


def test_a_random_ranking_has_lift_one_within_its_interval() -> None:
    rng = np.random.default_rng(3)
    score, found = rng.random(2_000), (rng.random(2_000) < 0.2).astype(float)
    regions = rng.integers(0, 25, 2_000)
    _, low, high = metrics.bootstrap(lambda rows: metrics.lift_at_k(score[rows], found[rows], len(rows) // 10), regions)
    assert low < 1 < high


def test_what_has_no_answer_is_nan_and_not_an_error() -> None:
    assert np.isnan(metrics.precision_at_k([], [], 3))
    assert np.isnan(metrics.lift_at_k([1.0], [0], 1))
    assert np.isnan(metrics.recall_at_k([1.0], [0], 1))
    assert np.isnan(metrics.spearman([1, 1, 1], [1, 2, 3]))
    assert np.isnan(metrics.kendall(pd.Series([1.0]), pd.Series([1.0])))
    assert all(np.isnan(value) for value in metrics.bootstrap(lambda _: 1.0, []))


def test_the_bootstrap_draws_regions_whole() -> None:
    """With every row of a region equal, the interval is that of the regions' own figures."""
    values = np.repeat([0.0, 1.0], 1_000)
    middle, low, high = metrics.bootstrap(lambda rows: float(values[rows].mean()), np.repeat(["a", "b"], 1_000))
    assert (middle, low, high) == (0.5, 0.0, 1.0)


@pytest.fixture(scope="module")
def evaluation(make_tables: Callable[..., Tables], model: Model) -> evaluate.Evaluation:
    return evaluate.evaluate(make_tables(), model)


def test_the_back_test_compares_with_what_came_later_only(evaluation: evaluate.Evaluation) -> None:
    table = evaluation.backtest
    assert set(table["rule"]) == set(backtest.RULES)
    assert table["date"].max() == last_day("2020-W44")  # four weeks later the data end
    known = table.dropna(subset=["p05"])
    assert len(known)
    assert (known["p05"] <= known["p95"]).all()
    assert (table.loc[table["rule"] == "index", "lead"] == 0).all()


def test_infections_that_stay_where_they_are_are_foretold_by_those_of_now(evaluation: evaluate.Evaluation) -> None:
    """The invented incidence keeps its level per gemeente, so the naive rule must come out near 1."""
    now = evaluation.backtest.query("rule == 'incidence_now'")
    assert (now["spearman"] > 0.9).all()
    assert "verliest van besmettingen van nu" in evaluate.verdict(evaluation, "nl")
    assert "loses to infections now" in evaluate.verdict(evaluation, "en")


@pytest.mark.parametrize(
    ("low", "high", "said"), [(0.3, 0.7, "beats"), (-0.2, 0.2, "is not shown to beat"), (-0.5, -0.1, "loses to")]
)
def test_the_words_follow_the_interval_of_the_mean_lead(
    evaluation: evaluate.Evaluation, low: float, high: float, said: str
) -> None:
    table = evaluation.pooled.assign(lead=(low + high) / 2, lead_p05=low, lead_p95=high, better_n=1, worse_n=2)
    words = evaluate.verdict(evaluate.Evaluation(**{**vars(evaluation), "pooled": table}), "en")
    assert f"{said} size only" in words
    assert "by itself better on 1 and worse on 2 of" in words
    assert "say nothing of the protection of migrant workers" in words


def test_all_dates_together_are_the_mean_of_each_and_a_season_of_its_own(evaluation: evaluate.Evaluation) -> None:
    whole = evaluation.pooled.query("season == 'all'").set_index("rule")
    mean = evaluation.backtest.groupby("rule")["lead"].mean()
    assert whole.loc["size_only", "lead"] == pytest.approx(mean["size_only"])
    assert whole.loc["size_only", "lead_p05"] <= whole.loc["size_only", "lead"] <= whole.loc["size_only", "lead_p95"]
    assert set(evaluation.pooled["season"]) == {"all", *evaluation.backtest["season"]}
    seasons = evaluation.pooled.query("season != 'all' and rule == 'size_only'")
    assert seasons["dates_n"].sum() == whole.loc["size_only", "dates_n"]


def test_the_version_before_is_a_yardstick_and_itself_leads_by_nothing(tables: Tables, model: Model) -> None:
    found = backtest.agreement(backtest.dated(tables, model, "vr", previous=model), repeats=20)
    pooled = backtest.pooled(found).set_index(["season", "rule"])
    same = pooled.loc[("all", "previous_version")]
    assert (same["lead"], same["lead_p05"], same["lead_p95"]) == (0, 0, 0)


@pytest.mark.parametrize("level", ["vr", "gemeente"])
def test_the_share_at_a_post_is_that_of_the_whole_measurement(tables: Tables, model: Model, level: str) -> None:
    """Only the infections are measured for it; nothing else that the index measures may change them."""
    place = model.areas.codes.index("infections_contrast")
    found = backtest.at_posts(tables, model, level)
    assert len(found) > 8
    for date, share in found.items():
        whole = measure(until(tables, pd.Timestamp(date)), level, model, pd.Timestamp(date))
        mine = (whole.units["sector_code"] == "").to_numpy()
        raw, low, high = (part[mine, place] for part in (whole.raw, whole.low, whole.high))
        known = np.isfinite(raw)
        assert share == pytest.approx(((raw[known] <= low[known]) | (raw[known] >= high[known])).mean())


def test_correlations_are_those_of_spearman_over_what_both_know() -> None:
    rng = np.random.default_rng(2)
    table = rng.integers(0, 6, (40, len(backtest.RULES) + 1)).astype(float)
    table[3, 1] = table[5, -1] = np.nan
    table[:, 2] = 1
    table[:, 3] = np.nan
    found = backtest._correlations(table)
    wanted = [metrics.spearman(table[:, place], table[:, -1]) for place in range(len(backtest.RULES))]
    np.testing.assert_allclose(found, wanted)
    assert np.isnan(found[[2, 3]]).all()


def test_an_outbreak_that_is_known_is_looked_up_by_place_sector_and_month(tables: Tables, model: Model) -> None:
    assert backtest.outbreaks(tables, model).empty, "the invented weeks hold no month with an outbreak"
    assert "hold no month" in evaluate.outbreaks_note(backtest.outbreaks(tables, model), "en")


def test_stability_compares_consecutive_months_and_alarms_below_seven_tenths(
    evaluation: evaluate.Evaluation, tables: Tables, model: Model, monkeypatch: pytest.MonkeyPatch
) -> None:
    table = evaluation.stability
    assert table["before"].dt.month.tolist() == [9, 10]
    assert table["after"].dt.month.tolist() == [10, 11]
    assert table["jaccard"].between(0, 1).all()
    assert (table["is_alarm"] == (table["kendall"] < 0.7)).all()
    monkeypatch.setattr(evaluate, "STABILITY_ALARM", 1.01)
    assert evaluate.stability(tables, model, "vr")["is_alarm"].all()


def test_the_assumption_that_moves_ranks_most_is_named_and_a_dummy_moves_none(evaluation: evaluate.Evaluation) -> None:
    table = evaluation.assumptions.set_index("assumption")["mean_rank_shift"]
    assert table["dummy"] == 0
    assert table.is_monotonic_decreasing
    assert table.iloc[0] > 0


def test_finds_are_measured_on_all_visits_and_on_the_random_ones(
    evaluation: evaluate.Evaluation, tables: Tables
) -> None:
    known = tables["activations"][tables["activations"]["infections_found"].isin(["yes", "no"])]
    table = evaluation.finds.set_index("sample")
    assert table.loc["all", "visits_n"] == len(known)
    assert table.loc["random", "visits_n"] == (known["trigger"] == "steekproef").sum()
    assert table["precision"].between(0, 1).all()


def test_the_report_warns_at_every_figure_of_the_demonstration(evaluation: evaluate.Evaluation) -> None:
    for lang in ("nl", "en"):
        text = evaluate.report(evaluation, lang, is_demonstration=True)
        assert text.count(evaluate.DEMONSTRATION[lang]) == text.count("## ") == 8
        assert evaluate.DEMONSTRATION[lang] not in evaluate.report(evaluation, lang, is_demonstration=False)
        assert "nan |" not in text.split("##")[1]


def test_real_figures_without_events_give_an_evaluation_that_says_so(tables: Tables, model: Model) -> None:
    bare = tables | {name: tables[name].iloc[:0] for name in ("sites", "activations", "incidence")}
    result = evaluate.evaluate(bare, model, "vr")
    assert not len(result.backtest)
    assert not len(result.stability)
    assert "geen latere besmettingen" in evaluate.verdict(result, "nl")
    assert "Geen gegevens." in evaluate.report(result, "nl", is_demonstration=False)
    assert result.challenger.missing_n == 200
