"""From tables to scores: contracts, bounds, absent tables, missing cells, what-if, and properties end to end."""

from collections.abc import Callable
from dataclasses import replace
from functools import cache

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose

from geodata import codes, contracts
from geodata.errors import InputError, ModelError, UnknownCodeError
from geodata.weeks import peildatum, until, weeks_of
from risk.index import measure as measures
from risk.index.declaration import Model
from risk.index.indicators import Measured, measure
from risk.index.model import load_model
from risk.index.pipeline import Outcome, prepare, score, what_if
from tests.examples import examples
from tests.risk.conftest import invent

Tables = dict[str, pd.DataFrame]
LEVELS = ("vr", "gemeente", "site")


def _scores(outcome: Outcome) -> pd.Series:
    return outcome.scores.set_index("unit_id")["score_0_10"]


def _only_exposure(tables: Tables) -> Tables:
    """Return what a real import of establishments gives: an estimate of workers per sector, and nothing else."""
    empty = {name: contracts.empty(name) for name in ("sites", "activations", "incidence")}
    return tables | empty | {"exposure": tables["exposure"].assign(establishments_n=np.nan, migrant_workers_n=np.nan)}


@pytest.mark.parametrize("level", LEVELS)
def test_every_table_keeps_its_contract_and_adds_up(tables: Tables, model: Model, level: str) -> None:
    outcome = score(tables, level, model, rebuilds=60)
    for name in ("indicators", "scores", "contributions"):
        contracts.check(name, getattr(outcome, name))
    scores = outcome.scores.set_index("unit_id")
    scored = scores["score_0_10"].notna()
    assert scored.any()
    parts = outcome.contributions.groupby("unit_id")["contribution_0_10"].sum()
    assert set(parts.index) == set(scores.index[scored])
    assert_allclose(
        scores.loc[scored, "reference_0_10"] + parts.reindex(scores.index[scored]),
        scores.loc[scored, "score_0_10"],
        rtol=0,
        atol=1e-9,
    )
    assert scores.loc[scored, "score_0_10"].between(0, 10).all()
    for column in ("risk_class", "rank", "rank_p05", "rank_p95", "p_top_k", "reference_0_10"):
        assert scores[column].notna().eq(scored).all(), column


def test_there_is_a_unit_for_every_area_and_sector_and_one_for_all_together(tables: Tables, model: Model) -> None:
    units = score(tables, "gemeente", model, rebuilds=0).scores
    assert len(units) == 40 * 13
    assert {"GM0001", "GM0001:slaughter_meat"} <= set(units["unit_id"])
    assert (units.groupby("sector_code").size() == 40).all()
    assert (units["k_n"] == 4).all()


def test_without_rebuilds_nothing_is_flagged_and_no_interval_is_given(tables: Tables, model: Model) -> None:
    scores = score(tables, "vr", model, rebuilds=0).scores
    assert scores[["rank_p05", "rank_p95", "p_top_k"]].isna().all(axis=None)
    assert not scores["is_flagged"].any()


def test_a_flag_needs_a_high_class_and_to_be_sure_of_it(tables: Tables, model: Model) -> None:
    scores = score(tables, "gemeente", model, rebuilds=200).scores
    expected = (scores["risk_class"] >= 4) & (scores["p_top_k"] >= 0.5)
    assert scores["is_flagged"].eq(expected).all()
    assert expected.any()
    assert ((scores["risk_class"] >= 4) & ~expected).any()


@pytest.mark.parametrize("level", ["vr", "gemeente"])
def test_establishments_alone_rank_nothing_and_incidence_makes_a_picture(
    tables: Tables, model: Model, level: str
) -> None:
    alone = score(_only_exposure(tables), level, model, rebuilds=60)
    assert alone.scores[["score_0_10", "rank", "p_top_k"]].isna().all(axis=None)
    assert set(alone.scores["not_ranked_reason"]) == {"incomplete"}
    assert_allclose(alone.scores["completeness_pct"], 36.84, atol=0.01)
    assert alone.lacks == ("context", "wonen")
    assert alone.peildatum == pd.Timestamp("2020-01-01")
    outcome = score(_only_exposure(tables) | {"incidence": tables["incidence"]}, level, model, rebuilds=60)
    expected = {i.code for i in model.areas.indicators if i.table in ("sites", "activations")}
    expected |= {"workers_per_establishment", "registered_migrant_workers"}
    assert outcome.left_out == dict.fromkeys(expected, "no_source") | {"shared_lodging": "incomplete"}
    assert_allclose(outcome.scores["completeness_pct"], 64.84, atol=0.01)
    assert outcome.scores["score_0_10"].notna().all()
    assert set(outcome.scores["picture_lacks"]) == {"wonen"}
    assert not set(outcome.indicators["indicator_code"]) & set(outcome.left_out)


def test_one_regions_list_of_lodgings_changes_no_other_regions_score(tables: Tables, model: Model) -> None:
    sites = tables["sites"]
    elsewhere = (sites["kind"] == "lodging") & (sites["vr_code"] != sites["vr_code"].iloc[0])
    bare = score(tables | {"sites": sites[sites["kind"] != "lodging"]}, "gemeente", model, rebuilds=0)
    one = score(tables | {"sites": sites[~elsewhere]}, "gemeente", model, rebuilds=0)
    assert_allclose(one.scores["score_0_10"], bare.scores["score_0_10"], atol=1e-12)
    assert one.lacks == bare.lacks == ("wonen",)


def test_a_picture_without_incidence_has_no_flags(tables: Tables, model: Model) -> None:
    outcome = score(tables | {"incidence": contracts.empty("incidence")}, "gemeente", model, rebuilds=60)
    assert outcome.lacks == ("context",)
    assert outcome.scores["score_0_10"].notna().all()
    assert not outcome.scores["is_flagged"].any()


def test_incidence_that_is_old_or_not_adjacent_is_no_incidence(tables: Tables, model: Model) -> None:
    incidence = tables["incidence"]
    for weeks in (["2020-W36", "2020-W37"], ["2020-W45", "2020-W48"]):
        old = tables | {"incidence": incidence[incidence["week"].isin(weeks)]}
        assert "infections_contrast" in score(old, "vr", model, rebuilds=0, at=pd.Timestamp("2020-11-29")).left_out


def test_a_gemeente_without_cases_is_never_above_one_of_its_size_with_many(tables: Tables, model: Model) -> None:
    gemeenten, incidence = tables["gemeenten"], tables["incidence"]
    gemeenten.loc[gemeenten["gemeente_code"].isin(["GM0011", "GM0012"]), "population_n"] = 900
    incidence.loc[incidence["gemeente_code"] == "GM0011", "cases_n"] = 0.0
    incidence.loc[incidence["gemeente_code"] == "GM0012", "cases_n"] = 40.0
    measured = measure(tables, "gemeente", model)
    column = measured.raw[:, list(model.areas.codes).index("infections_contrast")]
    value = pd.Series(column, index=measured.units["unit_id"])
    assert value["GM0011"] < value["GM0012"]
    assert value["GM0011"] < 0, "a prior invents no infections"


def test_no_table_with_a_date_is_an_error_that_says_what_to_do(tables: Tables, model: Model) -> None:
    bare = tables | {name: contracts.empty(name) for name in ("exposure", "sites", "activations", "incidence")}
    with pytest.raises(InputError, match="import establishments"):
        score(bare, "vr", model)
    with pytest.raises(InputError, match="does not exist"):
        score(tables, "wijk", model)


def test_the_peildatum_is_the_last_date_in_the_data_and_never_the_clock(tables: Tables) -> None:
    assert peildatum(tables, "COVID-19") == pd.Timestamp("2020-11-29")
    later = tables["activations"].iloc[:1].assign(event_date=pd.Timestamp("2020-12-05"))
    assert peildatum(tables | {"activations": later}, "COVID-19") == pd.Timestamp("2020-12-05")
    without = tables | {name: contracts.empty(name) for name in ("activations", "incidence")}
    assert peildatum(without, "COVID-19") == pd.Timestamp("2020-10-01")


def test_rates_are_averaged_and_people_summed_before_anything_is_normalised(tables: Tables, model: Model) -> None:
    one = measure(tables, "gemeente", model)
    together = measure(tables, "vr", model)
    codes_of = list(model.areas.codes)
    exposure = tables["exposure"].merge(tables["gemeenten"][["gemeente_code", "vr_code"]], on="gemeente_code")
    counted = exposure[~exposure["sector_code"].isin(model.leave_out_of_together)]
    assert "temporary_agencies" not in set(counted["sector_code"])
    for measured, area in ((one, "gemeente_code"), (together, "vr_code")):
        units = measured.units
        mine = units[units["sector_code"] == ""].set_index("area_code")
        workers = measured.raw[mine["unit_id"].map(units.reset_index().set_index("unit_id")["index"]).to_numpy()]
        sums = counted.groupby(area)["workers_n"].sum()
        assert_allclose(workers[:, codes_of.index("exposed_workers")], sums.reindex(mine.index))
        shares = counted["sector_code"].map({s: c.shares["proximity"] for s, c in model.conditions.items()})
        weighted = (shares * counted["workers_n"]).groupby(counted[area]).sum() / sums
        assert_allclose(workers[:, codes_of.index("proximity")], weighted.reindex(mine.index), rtol=1e-6)


def test_a_sector_of_a_region_averages_its_gemeenten_by_their_workers(tables: Tables, model: Model) -> None:
    column = list(model.areas.codes).index("workers_per_establishment")
    small, large = (measure(tables, level, model) for level in ("gemeente", "vr"))
    frame = small.units.assign(rate=small.raw[:, column])
    assert frame["rate"].notna().any()
    exposure = tables["exposure"].merge(tables["gemeenten"][["gemeente_code", "vr_code"]], on="gemeente_code")
    mine = exposure[exposure["sector_code"] == "construction"].groupby("vr_code")
    expected = mine["workers_n"].sum() / mine["establishments_n"].sum()
    got = large.units.assign(rate=large.raw[:, column]).query("sector_code == 'construction'").set_index("area_code")
    expected = expected.dropna()  # where nobody works there is nothing to divide by
    assert len(expected) > 10
    assert_allclose(got["rate"].reindex(expected.index), expected, rtol=1e-6)


def test_agencies_count_together_once_their_workers_are_moved(tables: Tables, model: Model) -> None:
    one = measure(tables, "vr", model)
    assert one.not_together == ("temporary_agencies",)
    exposure = tables["exposure"].copy()
    hirers = exposure["sector_code"].isin(["temporary_agencies", "distribution"])
    exposure.loc[hirers, "workers_n_source"] = "group_share; agency_moved"
    other = measure(tables | {"exposure": exposure}, "vr", model)
    assert other.not_together == ()
    together = one.units["sector_code"] == ""
    agencies = tables["exposure"].query("sector_code == 'temporary_agencies'")["workers_n"].sum()
    more = other.units.loc[together, "workers_n"].sum() - one.units.loc[together, "workers_n"].sum()
    assert more == pytest.approx(agencies)


def test_a_sector_nobody_has_figures_of_is_not_scored_and_spoils_nothing(tables: Tables, model: Model) -> None:
    full = score(tables, "vr", model, rebuilds=40).scores
    tables["exposure"] = tables["exposure"].query("sector_code != 'fishery'")
    scores = score(tables, "vr", model, rebuilds=40).scores
    mine = scores["sector_code"] == "fishery"
    assert scores.loc[mine, ["score_0_10", "rank", "p_top_k"]].isna().all(axis=None)
    assert scores.loc[~mine, ["score_0_10", "rank", "p_top_k"]].notna().all(axis=None)
    others = ~mine & (scores["sector_code"] != "")
    # Only the beds that its workers would have shared go to the other sectors.
    assert_allclose(scores.loc[others, "score_0_10"], full.loc[others, "score_0_10"], atol=0.2)
    contracts.check("scores", scores)


def test_missing_workers_are_not_zero_workers(tables: Tables, model: Model) -> None:
    exposure = tables["exposure"]
    cell = (exposure["gemeente_code"] == "GM0003") & (exposure["sector_code"] == "mushrooms")
    hidden = exposure.copy()
    hidden.loc[cell, ["workers_n", "migrant_workers_n"]] = np.nan
    hidden.loc[cell, ["workers_n_status", "migrant_workers_n_status"]] = "missing"
    hidden.loc[cell, ["workers_n_source", "migrant_workers_n_source"]] = "verzonnen: suppressed"
    outcome = score(tables | {"exposure": hidden}, "gemeente", model, rebuilds=60)
    row = outcome.scores.set_index("unit_id").loc["GM0003:mushrooms"]
    assert np.isnan(row["score_0_10"])
    assert row["completeness_pct"] < 100
    mine = outcome.indicators.query("unit_id == 'GM0003:mushrooms'").set_index("indicator_code")
    assert mine.loc["exposed_workers", "missing_reason"] == "suppressed"
    assert mine.loc["exposed_workers", "status"] == "missing"
    empty = exposure.copy()
    empty.loc[cell, ["workers_n", "migrant_workers_n"]] = 0.0
    zero = _scores(score(tables | {"exposure": empty}, "gemeente", model, rebuilds=0))["GM0003:mushrooms"]
    assert 0 < zero < 4
    # The whole of the gemeente is scaled up for the part without a figure, not taken as it is.
    units = outcome.prepared.measured.units.set_index("unit_id")["workers_n"]
    parts = hidden.query("gemeente_code == 'GM0003' and sector_code != 'temporary_agencies'")["workers_n"]
    assert units["GM0003"] > parts.sum()


def test_nobody_anywhere_is_a_defined_result(tables: Tables, model: Model) -> None:
    exposure = tables["exposure"]
    mine = exposure["gemeente_code"] == "GM0001"
    columns = ["workers_n", "establishments_n", "migrant_workers_n"]
    exposure.loc[mine, columns] = 0.0
    gemeenten = tables["gemeenten"]
    gemeenten.loc[gemeenten["gemeente_code"] == "GM0001", "population_n"] = 0
    outcome = score(tables, "gemeente", model, rebuilds=60)
    rows = outcome.scores[outcome.scores["area_code"] == "GM0001"]
    # Without inhabitants there is no rate of infection: it is one of the few without, and not scored.
    assert rows["score_0_10"].isna().all()
    assert (rows["not_ranked_reason"] == "incomplete").all()
    reason = outcome.indicators.query("unit_id == 'GM0001' and indicator_code == 'workers_per_establishment'")
    assert reason["missing_reason"].tolist() == ["no_exposure"]


def test_a_constant_indicator_changes_no_rank(tables: Tables, model: Model) -> None:
    level = tables["gemeenten"].set_index("gemeente_code")["population_n"]
    incidence = tables["incidence"]
    incidence["cases_n"] = (incidence["gemeente_code"].map(level) * 0.002).astype(float)
    outcome = score(tables, "gemeente", model, rebuilds=60)
    assert np.isfinite(outcome.scores[["score_0_10", "p_top_k"]].to_numpy()).all()


def test_an_unknown_gemeente_is_named(tables: Tables, model: Model) -> None:
    tables["exposure"].loc[0, "gemeente_code"] = "GM9999"
    with pytest.raises(UnknownCodeError, match="GM9999"):
        score(tables, "vr", model)


def test_switching_history_or_origin_off_leaves_an_index(tables: Tables, model: Model) -> None:
    for code in ("confirmed_infections", "registered_migrant_workers"):
        outcome = score(tables, "vr", model.without(code), rebuilds=0)
        assert outcome.left_out == {code: "switched_off"}
        assert outcome.scores["score_0_10"].notna().all()
        assert (outcome.scores["completeness_pct"] > 95).all(), "what is switched off is no lack"
        assert set(outcome.scores["model_version"]) == {f"{model.version}+without-{code}"}


def test_what_if_is_the_score_under_other_weights_and_leaves_the_official_one(tables: Tables, model: Model) -> None:
    outcome = score(tables, "gemeente", model, rebuilds=0)
    same = what_if(outcome.prepared, {})
    assert_allclose(same["score_0_10"], outcome.scores["score_0_10"])
    assert_allclose(same["reference_0_10"], outcome.scores["reference_0_10"])
    before = outcome.scores.copy()
    only_size = what_if(outcome.prepared, {"intensity": 0, "context": 0})
    size = outcome.aggregated.dimensions[:, [d.code for d in model.areas.dimensions].index("size")]
    assert_allclose(only_size["score_0_10"], np.maximum(size, 0.1))
    assert set(only_size["model_version"]) == {f"{model.version}+what-if"}
    pd.testing.assert_frame_equal(outcome.scores, before)
    contracts.check("scores", only_size)
    with pytest.raises(ModelError, match="no part"):
        what_if(outcome.prepared, {"mood": 1})


def test_visits_that_found_nothing_never_raise_a_score(tables: Tables, model: Model) -> None:
    at = peildatum(tables, "COVID-19")
    before = _scores(score(tables, "gemeente", model, rebuilds=0))
    visit = tables["activations"].iloc[[0]]
    for kind in codes.ACTIVATION_KINDS:
        for trigger in codes.TRIGGERS:
            for found in ("no", "unknown"):
                more = visit.assign(
                    activation_id="NEW",
                    event_date=at,
                    kind=kind,
                    trigger=trigger,
                    infections_found=found,
                    gemeente_code="GM0005",
                    vr_code="VR04",
                    sector_code="slaughter_meat",
                )
                added = tables | {"activations": pd.concat([tables["activations"], more], ignore_index=True)}
                assert (_scores(score(added, "gemeente", model, rebuilds=0)) <= before + 1e-12).all()


def test_only_confirmed_infections_after_a_report_or_a_draw_count_and_they_fade(tables: Tables, model: Model) -> None:
    at = pd.Timestamp("2020-11-29")
    visit = tables["activations"].iloc[[0]].assign(infections_found="yes", event_date=at, inclusion_probability=np.nan)
    weight = {}
    for trigger in codes.TRIGGERS:
        counted = measures.counted_findings(visit.assign(trigger=trigger), model, at)
        weight[trigger] = counted["weight"].sum()
    assert weight == {"eigen_constatering": 0, "externe_melding": 1, "steekproef": 1, "vervolg": 0}
    drawn = visit.assign(trigger="steekproef", inclusion_probability=0.2)
    assert measures.counted_findings(drawn, model, at)["weight"].tolist() == [1], (
        "the place that the lot picked counts once"
    )
    old = drawn.assign(event_date=at - pd.Timedelta(weeks=8))
    assert measures.counted_findings(old, model, at)["weight"].tolist() == [pytest.approx(0.5)]


def test_a_corrected_activation_counts_once(tables: Tables, model: Model) -> None:
    at = pd.Timestamp("2020-11-29")
    wrong = (
        tables["activations"]
        .iloc[[0]]
        .assign(activation_id="OLD", infections_found="yes", trigger="externe_melding", event_date=at)
    )
    right = wrong.assign(activation_id="NEW", supersedes="OLD", infections_found="no")
    assert not len(measures.counted_findings(pd.concat([wrong, right]), model, at))


def test_an_infection_confirmed_after_a_report_raises_its_sector_there_and_nothing_else(
    tables: Tables, model: Model
) -> None:
    at = peildatum(tables, "COVID-19")
    before = _scores(score(tables, "gemeente", model, rebuilds=0))
    more = (
        tables["activations"]
        .iloc[[0]]
        .assign(
            activation_id="NEW",
            event_date=at,
            trigger="externe_melding",
            infections_found="yes",
            gemeente_code="GM0005",
            vr_code="VR04",
            sector_code="construction",
        )
    )
    added = tables | {"activations": pd.concat([tables["activations"], more], ignore_index=True)}
    change = _scores(score(added, "gemeente", model, rebuilds=0)) - before
    assert change["GM0005:construction"] > 0
    assert change["GM0005"] > 0
    assert change.drop(["GM0005:construction", "GM0005"]).abs().max() < 1e-12


def test_scoring_at_an_earlier_date_uses_nothing_that_came_later(tables: Tables, model: Model) -> None:
    at = pd.Timestamp("2020-10-18")
    cut = until(tables, at)
    assert cut["activations"]["event_date"].max() <= at
    assert cut["incidence"]["week"].max() == "2020-W42"
    one = score(tables, "vr", model, rebuilds=0, at=at)
    spoilt = tables | {"incidence": tables["incidence"].copy()}
    spoilt["incidence"].loc[spoilt["incidence"]["week"] > "2020-W42", "cases_n"] = 1e6
    other = score(spoilt, "vr", model, rebuilds=0, at=at)
    assert one.peildatum == at
    assert_allclose(one.scores["score_0_10"], other.scores["score_0_10"])


@pytest.mark.parametrize("level", LEVELS)
def test_another_disease_changes_nothing(tables: Tables, model: Model, level: str) -> None:
    flu = tables["incidence"].assign(disease="influenza", week="2021-W20", cases_n=900.0)
    with_flu = tables | {"incidence": pd.concat([tables["incidence"], flu[: len(tables["gemeenten"])]])}
    mine, other = score(tables, level, model, rebuilds=60), score(with_flu, level, model, rebuilds=60)
    pd.testing.assert_frame_equal(mine.scores, other.scores)
    pd.testing.assert_frame_equal(mine.indicators, other.indicators)
    assert weeks_of(tables, model.disease) == weeks_of(with_flu, model.disease)


def test_the_season_follows_the_peildatum(tables: Tables, model: Model) -> None:
    column = list(model.areas.codes).index("season_index")
    months = model.seasons["open_field"].months
    at = {}
    for day in ("2020-05-16", "2020-03-31", "2020-04-01"):
        measured = measure(tables, "vr", model, pd.Timestamp(day))
        row = measured.units.index[measured.units["unit_id"] == "VR01:open_field"][0]
        at[day] = measured.raw[row, column]
    assert at["2020-05-16"] == pytest.approx(months[4])
    assert abs(at["2020-04-01"] - at["2020-03-31"]) < 4, "nothing jumps overnight"


def _one_of_several(sites: pd.DataFrame) -> int:
    """Return a lodging whose region stays covered by a list without it."""
    houses = sites[sites["kind"] == "lodging"]
    return int(houses.index[houses["vr_code"].duplicated(keep=False)][0])


def test_a_lodging_without_size_counts_as_the_middle_one_of_its_kind(tables: Tables, model: Model) -> None:
    column = list(model.areas.codes).index("beds_per_1000_workers")
    sites = tables["sites"]
    house = _one_of_several(sites)
    sites.loc[house, "size_n"] = np.nan
    area = sites.loc[house, "gemeente_code"]
    rate = measure(tables, "gemeente", model).raw[:, column]
    gone = measure(tables | {"sites": sites.drop(index=house)}, "gemeente", model)
    place = gone.units.index[gone.units["unit_id"] == area][0]
    assert rate[place] > gone.raw[place, column]


def test_a_lodging_over_the_border_counts_for_the_distance_only(tables: Tables, model: Model) -> None:
    sites = tables["sites"]
    house = _one_of_several(sites)
    sites.loc[house, ["country", "gemeente_code", "vr_code"]] = ["DE", "", ""]
    outcome = score(tables, "gemeente", model, rebuilds=0)
    assert outcome.scores["score_0_10"].notna().all()


# --- properties, end to end with the frozen prior ------------------------------------------------------


@pytest.fixture(scope="module")
def one_unit(make_tables: Callable[..., Tables], model: Model) -> Measured:
    """Return what was measured of a single unit that has every figure."""
    whole = measure(make_tables(), "gemeente", model)
    row = int(np.flatnonzero(np.isfinite(whole.raw).all(axis=1))[0])
    names = ("raw", "low", "high", "reasons", "statuses")
    return replace(
        whole,
        units=whole.units.iloc[[row]].reset_index(drop=True),
        **{name: getattr(whole, name)[[row]] for name in names},
    )


@examples(200)
@given(place=st.integers(0, 15), ends=st.tuples(st.floats(0, 1e6), st.floats(0, 1e6)), sign=st.sampled_from([1, -1]))
def test_from_the_rates_onward_a_score_moves_with_each_indicator_by_its_direction(
    one_unit: Measured, model: Model, place: int, ends: tuple[float, float], sign: int
) -> None:
    indicators = list(model.areas.indicators)
    indicators[place] = replace(indicators[place], direction=sign)
    index = replace(model.areas, indicators=tuple(indicators))
    scores = []
    for value in sorted(ends):
        raw = one_unit.raw.copy()
        raw[0, place] = value
        prepared = prepare(replace(one_unit, index=index, raw=raw), model)
        scores.append(float(what_if(prepared, {})["score_0_10"].iloc[0]))
    assert sign * (scores[1] - scores[0]) >= -1e-12


@cache
def _few(seed: int = 1) -> Tables:
    return invent(12, sites=30, activations=10, seed=seed)


def _at_every_level(tables: Tables, model: Model) -> dict[str, pd.Series]:
    areas = {level: score(tables, level, model, rebuilds=0) for level in ("gemeente", "vr")}
    sites = score(tables, "site", model, rebuilds=0, areas=areas)
    return {level: _scores(outcome) for level, outcome in (areas | {"site": sites}).items()}


@pytest.fixture(scope="module")
def in_order(model: Model) -> dict[str, pd.Series]:
    return _at_every_level(_few(), model)


@cache
def _before(seed: int, without: tuple[str, ...]) -> pd.Series:
    model = load_model()
    return _scores(score(_few(seed), "gemeente", model.without(*without) if without else model, rebuilds=0))


RAISING = {
    "workers_n": ("exposure", "GM0007", "construction"),
    "migrant_workers_n": ("exposure", "GM0007", "construction"),
    "cases_n": ("incidence", "GM0007", ""),
}


@examples(25)
@given(column=st.sampled_from(sorted(RAISING)), factor=st.floats(1.01, 50), seed=st.integers(1, 5))
def test_more_of_what_is_risky_never_lowers_the_score(model: Model, column: str, factor: float, seed: int) -> None:
    tables = _few(seed)
    name, gemeente, sector = RAISING[column]
    table = tables[name].copy()
    mine = table["gemeente_code"] == gemeente
    if sector:
        mine &= table["sector_code"] == sector
    table.loc[mine, column] = (table.loc[mine, column] + 1) * factor
    # More workers in the same establishments and beds also thin out the beds and finds per worker.
    thins_out = ("beds_per_1000_workers", "confirmed_infections") if column == "workers_n" else ()
    kept = model.without(*thins_out) if thins_out else model
    unit = f"{gemeente}:construction"
    before = _before(seed, thins_out)[unit]
    after = _scores(score(tables | {name: table}, "gemeente", kept, rebuilds=0))[unit]
    assert after >= before - 1e-9


@examples(10)
@given(seed=st.integers(1, 100))
def test_the_order_of_the_rows_changes_nothing(in_order: dict[str, pd.Series], model: Model, seed: int) -> None:
    shuffled = {name: table.sample(frac=1, random_state=seed) for name, table in _few().items()}
    found = _at_every_level(shuffled, model)
    for level in LEVELS:
        assert_allclose(found[level].reindex(in_order[level].index), in_order[level])


@examples(10)
@given(seed=st.integers(1, 100), place=st.integers(1, 12))
def test_a_copy_of_a_gemeente_changes_nobody_elses_score(
    make_tables: Callable[..., Tables], model: Model, seed: int, place: int
) -> None:
    tables = make_tables(12, sites=30, activations=10, seed=seed)
    original, copy = f"GM{place:04d}", "GM0099"
    doubled = dict(tables)
    for name in ("gemeenten", "exposure", "incidence"):
        table = tables[name]
        twin = table[table["gemeente_code"] == original].assign(gemeente_code=copy)
        doubled[name] = pd.concat([table, twin], ignore_index=True)
    for name, key in (("sites", "site_id"), ("activations", "activation_id")):
        table = tables[name]
        twin = table[table["gemeente_code"] == original]
        twin = twin.assign(**{key: twin[key] + "x", "gemeente_code": copy})
        doubled[name] = pd.concat([table, twin], ignore_index=True)
    # Lodgings of the twin stand where the original's stand, so distances would shrink for its neighbours.
    # A contrast is with the country, which the twin is part of: the twin has no figure of infections.
    doubled["incidence"] = tables["incidence"]
    kept = model.without("lodging_distance_km", "infections_contrast")
    # Activations known by region only are shared out over its gemeenten, twin included.
    for mine in (tables, doubled):
        mine["activations"] = mine["activations"].query("gemeente_code != ''")
    one, other = (_scores(score(mine, "gemeente", kept, rebuilds=0)) for mine in (tables, doubled))
    assert_allclose(other.reindex(one.index), one)
    assert other[f"{copy}:construction"] == pytest.approx(one[f"{original}:construction"])


@pytest.fixture(scope="module")
def six_areas() -> Tables:
    return invent(6, sites=20, activations=5)


@examples(12)
@given(values=st.lists(st.one_of(st.floats(0, 1e12), st.just(np.nan)), min_size=12, max_size=12))
def test_any_workers_give_scores_between_0_and_10_or_none(six_areas: Tables, model: Model, values: list[float]) -> None:
    tables = six_areas
    exposure = tables["exposure"].copy()
    exposure.loc[exposure["gemeente_code"] == "GM0002", "workers_n"] = values
    for level in ("vr", "gemeente"):
        scores = score(tables | {"exposure": exposure}, level, model, rebuilds=18).scores
        known = scores["score_0_10"].dropna()
        assert known.between(0, 10).all()
        assert scores.loc[known.index, ["rank", "rank_p05", "p_top_k"]].notna().all(axis=None)


def test_infinite_workers_are_refused(tables: Tables, model: Model) -> None:
    tables["exposure"].loc[0, "workers_n"] = np.inf
    with pytest.raises(InputError, match="infinite"):
        score(tables, "vr", model)
