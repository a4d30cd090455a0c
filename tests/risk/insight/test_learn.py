"""The challenger: nothing below 200 visits, and above it what is really in the visits, honestly validated."""

import numpy as np
import pandas as pd
import pytest

from risk.index.declaration import Model
from risk.insight import challenger as learn
from risk.insight.visits import NEVER_FEATURES, visit_table

Tables = dict[str, pd.DataFrame]


def _simulated(model: Model, count: int, *, effect: float, seed: int = 1) -> pd.DataFrame:
    """Return visits in which the chance of a find rises with `proximity` and with nothing else.

    Features have one decimal, as they are shown: of more different values the trees take long to choose where to cut.
    """
    rng = np.random.default_rng(seed)
    features = {c: rng.uniform(0, 10, count).round(1) for c in model.areas.codes if c not in NEVER_FEATURES}
    return pd.DataFrame(
        {
            "unit_id": "VR01:construction",
            "vr_code": rng.choice([f"VR{place:02d}" for place in range(1, 26)], count),
            "month": pd.to_datetime(rng.choice(["2020-09-01", "2020-10-01", "2020-11-01"], count)),
            "found": (rng.random(count) < np.minimum(np.exp(-3.5 + effect * features["proximity"]), 1)).astype(float),
            "is_random": rng.random(count) < 0.2,
            "weight": 1.0,
            "score": 0.5 * features["proximity"] + 0.5 * rng.uniform(0, 10, count),
            "rank": 1.0,
            "k_n": 3.0,
            "previous_n": rng.poisson(0.3, count).astype(float),
            "workers_n": rng.lognormal(6, 1, count),
            **features,
        }
    )


def test_below_two_hundred_visits_it_says_how_many_are_missing(tables: Tables, model: Model) -> None:
    challenger = learn.challenge_visits(visit_table(tables, model), model)
    known = tables["activations"]["infections_found"].isin(["yes", "no"]).sum()
    assert challenger.visits_n == known
    assert challenger.missing_n == 200 - known
    assert len(challenger.quality) == len(challenger.coefficients) == 0
    assert str(challenger.missing_n) in learn.sentence(challenger, "nl")
    assert str(challenger.missing_n) in learn.sentence(challenger, "en")
    assert "may not be read as a cause" in learn.sentence(challenger, "en")


@pytest.mark.parametrize("found", [0.0, 1.0])
def test_without_negatives_or_without_finds_there_is_nothing_to_learn(model: Model, found: float) -> None:
    visits = _simulated(model, 250, effect=0.2).assign(found=found)
    assert learn.challenge_visits(visits, model).missing_n >= 1


@pytest.fixture(scope="module")
def challenger(model: Model) -> learn.Challenger:
    return learn.challenge_visits(_simulated(model, 700, effect=0.25), model)


def test_it_learns_what_is_there_and_not_what_is_not(challenger: learn.Challenger) -> None:
    effects = challenger.coefficients
    assert challenger.missing_n == 0
    assert effects["proximity"] == pytest.approx(0.25, abs=0.08)
    assert effects.drop("proximity").abs().max() < 0.12


def test_it_is_validated_on_later_months_and_other_regions_beside_naive_rules(challenger: learn.Challenger) -> None:
    quality = challenger.quality.set_index(["validation", "method"])
    methods = {"poisson", "boosting", "index", "size_only", "previous_activations"}
    assert set(quality.index) == {(v, m) for v in ("later_months", "other_regions") for m in methods}
    for validation in ("later_months", "other_regions"):
        mine = quality.loc[validation]
        assert mine.loc["poisson", "concordance"] > 0.6
        assert mine.loc["size_only", "concordance"] == pytest.approx(0.5, abs=0.1)
        assert mine.loc["poisson", "deviance"] < mine.loc["size_only", "deviance"]
        assert mine.loc["poisson", "in_the_large"] == pytest.approx(1, abs=0.25)
        assert (mine["concordance_p05"] <= mine["concordance"]).all()
        assert (mine["concordance"] <= mine["concordance_p95"]).all()


def test_later_months_never_teach_earlier_ones(model: Model) -> None:
    visits = _simulated(model, 300, effect=0.2).sort_values("month", ignore_index=True)
    for train, test in learn._later_months(visits):
        assert visits.loc[train, "month"].max() < visits.loc[test, "month"].min()
    for train, test in learn._other_regions(visits):
        assert not set(visits.loc[train, "vr_code"]) & set(visits.loc[test, "vr_code"])


def test_calibration_holds_by_tenth(challenger: learn.Challenger) -> None:
    table = challenger.calibration.query("validation == 'other_regions' and method == 'poisson'")
    assert table["n"].sum() == 700
    assert table["predicted"].is_monotonic_increasing
    assert table["found"].iloc[-3:].mean() > table["found"].iloc[:3].mean()


def test_boosting_cannot_learn_that_a_risk_protects(model: Model) -> None:
    visits = _simulated(model, 400, effect=-0.3)
    features = [code for code in model.areas.codes if code not in NEVER_FEATURES]
    machine = learn._boosting(visits[features], visits)
    lowest, highest = (visits[features].assign(proximity=level) for level in (0.0, 10.0))
    assert (machine.predict(highest) >= machine.predict(lowest) - 1e-12).all()


def test_weights_make_rare_draws_stand_for_many(model: Model) -> None:
    visits = _simulated(model, 400, effect=0.0)
    visits.loc[visits["found"] == 1, "weight"] = 5.0
    heavy = learn._poisson(visits[["proximity"]], visits).predict(visits[["proximity"]]).mean()
    plain = learn._poisson(visits[["proximity"]], visits.assign(weight=1.0)).predict(visits[["proximity"]]).mean()
    assert heavy > 2 * plain


def test_who_looked_how_often_and_origin_are_no_features(tables: Tables, model: Model) -> None:
    features = set(visit_table(tables, model).columns) & set(model.areas.codes)
    assert not features & {"confirmed_infections", "registered_migrant_workers"}
    assert len(features) == len(model.areas.codes) - 2


def test_a_visit_is_described_by_what_was_known_the_month_before(tables: Tables, model: Model) -> None:
    one = visit_table(tables, model)
    later = tables["activations"]["event_date"] >= "2020-11-01"
    changed = dict(tables)
    changed["incidence"] = tables["incidence"].copy()
    changed["incidence"].loc[changed["incidence"]["week"] > "2020-W44", "cases_n"] *= 9
    other = visit_table(changed, model)
    assert later.any()
    columns = ["score", "infections_contrast", "rank"]
    pd.testing.assert_frame_equal(one[columns], other[columns])


def test_negatives_count_and_unknowns_do_not(tables: Tables, model: Model) -> None:
    table = visit_table(tables, model)
    found = tables["activations"]["infections_found"].value_counts()
    assert (table["found"] == 1).sum() == found["yes"]
    assert (table["found"] == 0).sum() == found["no"]
