"""Alarms: the year 2020, simulated weeks without outbreaks, and what is missing."""

from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose
from shapely.geometry import box

from geodata import contracts
from geodata.errors import InputError
from risk.insight import alarms
from words import read_texts

WEEKS = pd.date_range("2020-03-02", "2020-12-28", freq="7D").strftime("%G-W%V")
SUMMER = [f"2020-W{number}" for number in range(18, 29)]
# Gemeente and weeks of the reports of spring and summer 2020; a small town's plant, a packing hall, a lodging.
KNOWN = {
    "GM0275": ("2020-W18", "2020-W19", "2020-W20"),
    "GM1586": ("2020-W21", "2020-W22"),
    "GM0794": ("2020-W22", "2020-W23", "2020-W24"),
    "GM0757": ("2020-W22", "2020-W23", "2020-W24"),
    "GM1960": ("2020-W23", "2020-W24", "2020-W25", "2020-W26"),
    "GM0279": ("2020-W18", "2020-W19", "2020-W20"),
}


@pytest.fixture(scope="module")
def cases_2020(testdata: Path) -> pd.DataFrame:
    days = pd.read_csv(testdata / "rivm" / "positives_gemeente_per_day_2020.csv.gz", parse_dates=["date"])
    week = days["date"].dt.strftime("%G-W%V")
    incidence = days.assign(week=week).groupby(["gm_code", "week"], as_index=False)["infected"].sum()
    incidence = incidence.rename(columns={"gm_code": "gemeente_code", "infected": "cases_n"})
    gemeenten = pd.DataFrame({"gemeente_code": sorted(incidence["gemeente_code"].unique())})
    return alarms.weekly_cases(incidence.assign(disease="COVID-19"), "COVID-19", gemeenten)


@pytest.fixture(scope="module")
def year_2020(cases_2020: pd.DataFrame) -> pd.DataFrame:
    return alarms.alarms_of_weeks(cases_2020)


def test_three_of_the_six_known_places_at_five_flags_a_week_or_fewer(year_2020: pd.DataFrame) -> None:
    summer = year_2020[year_2020["week"].isin(SUMMER)]
    flagged = summer[summer["is_alarm"]]
    assert len(flagged) / len(SUMMER) <= 5
    found = {
        code for code, weeks in KNOWN.items() if flagged[flagged["week"].isin(weeks)]["gemeente_code"].eq(code).any()
    }
    assert {"GM0275", "GM1586", "GM0757"} <= found
    listed = summer[summer["rank"] <= alarms.LISTED_N]
    seen = {code for code, weeks in KNOWN.items() if listed[listed["week"].isin(weeks)]["gemeente_code"].eq(code).any()}
    assert len(seen) >= 4


def test_what_is_expected_follows_the_own_past_and_the_country(cases_2020: pd.DataFrame) -> None:
    found = alarms.alarms(cases_2020, "2020-W22").set_index("gemeente_code").loc[cases_2020.index]
    before = cases_2020[[f"2020-W{number}" for number in range(16, 21)]]
    change = cases_2020["2020-W22"].sum() / before.sum().mean()
    assert_allclose(found["expected_n"], (before.mean(axis=1) + 0.5) * change)
    assert_allclose(found["cases_n"], cases_2020["2020-W22"])


@pytest.fixture(scope="module")
def quiet() -> pd.DataFrame:
    """Return ten runs of 40 weeks with a national wave and local scatter, and without a single outbreak."""
    chance = np.random.default_rng(20201123)
    size = chance.lognormal(0, 1, (342, 1))
    wave = 6 * np.exp(1.6 * np.sin(np.arange(40) / 4))
    return pd.DataFrame(
        np.concatenate([chance.poisson(chance.gamma(10, size * wave / 10)) for _ in range(3)]).astype(float),
        index=pd.Index(np.tile([f"GM{number:04d}" for number in range(342)], 3), name="gemeente_code"),
        columns=WEEKS[:40],
    )


def test_weeks_without_outbreaks_raise_at_most_two_alarms(quiet: pd.DataFrame) -> None:
    runs = [alarms.alarms_of_weeks(quiet.iloc[start : start + 342]) for start in range(0, len(quiet), 342)]
    every = pd.concat(runs)
    assert every["is_alarm"].sum() / (len(every) / 342) <= 2


def test_an_outbreak_in_a_middle_sized_gemeente_is_found(quiet: pd.DataFrame) -> None:
    cases = quiet.iloc[:342].copy()
    week = WEEKS[30]
    place = int((cases[list(WEEKS[24:29])].mean(axis=1) - 5).abs().argmin())
    cases.iloc[place, 30] += 60
    found = alarms.alarms(cases, week)
    assert found.loc[0, "gemeente_code"] == cases.index[place]
    assert found.loc[0, "is_alarm"]


@pytest.mark.parametrize("size", [3, 10, 40])
def test_the_size_is_found_back_even_among_outbreaks(size: int) -> None:
    chance = np.random.default_rng(size)
    mean = chance.lognormal(2, 1, (342, 1)) * np.array([1, 1.2, 1.5, 1.8, 2.0])
    counts = chance.poisson(chance.gamma(size, mean / size)).astype(float)
    assert alarms.size_before(counts) == pytest.approx(size, rel=0.25)
    counts[:5, 2] += 150
    assert alarms.size_before(counts) == pytest.approx(size, rel=0.3)


def test_few_cases_take_the_usual_size() -> None:
    assert alarms.size_before(np.zeros((342, 5))) == 10


def _incidence(weeks: list[str], cases: list[float], disease: str = "COVID-19") -> pd.DataFrame:
    return pd.DataFrame({"disease": disease, "gemeente_code": "GM0001", "week": weeks, "cases_n": cases})


def test_a_week_that_is_absent_is_missing_and_another_disease_changes_nothing() -> None:
    gemeenten = pd.DataFrame({"gemeente_code": ["GM0001", "GM0002"]})
    table = _incidence(["2020-W52", "2021-W01"], [3.0, 4.0])
    found = alarms.weekly_cases(table, "COVID-19", gemeenten)
    assert list(found.columns) == ["2020-W52", "2020-W53", "2021-W01"]
    assert found.loc["GM0001"].isna().tolist() == [False, True, False]
    assert found.loc["GM0002"].isna().all()
    other = pd.concat([table, _incidence(["2020-W51", "2020-W52"], [9.0, 9.0], "influenza")])
    pd.testing.assert_frame_equal(alarms.weekly_cases(other, "COVID-19", gemeenten), found)
    assert alarms.weekly_cases(table, "mazelen", gemeenten).shape == (2, 0)


def test_a_gemeente_without_figures_has_no_chance_and_no_alarm(cases_2020: pd.DataFrame) -> None:
    gap = cases_2020.copy()
    gap.loc["GM0275", "2020-W22"] = np.nan
    gap.loc["GM0757", ["2020-W16", "2020-W17", "2020-W18"]] = np.nan
    found = alarms.alarms(gap, "2020-W22").set_index("gemeente_code")
    assert found.loc[["GM0275", "GM0757"], ["p", "rank"]].isna().all(axis=None)
    assert not found.loc[["GM0275", "GM0757"], "is_alarm"].any()
    assert sorted(found["rank"].dropna()) == list(range(1, 341))


def test_a_week_without_a_past_is_refused(cases_2020: pd.DataFrame) -> None:
    with pytest.raises(InputError, match="2020-W08 to 2020-W12"):
        alarms.alarms(cases_2020, "2020-W14")
    with pytest.raises(InputError, match="2021-W20"):
        alarms.alarms(cases_2020, "2021-W20")
    with pytest.raises(InputError, match="up to 2020-W14 there are 5; choose 2020-W16 or later"):
        alarms.alarms(cases_2020, "2020-W14")
    nothing = cases_2020 * 0
    with pytest.raises(InputError, match="nothing to compare"):
        alarms.alarms(nothing, "2020-W22")
    assert len(alarms.alarms_of_weeks(nothing)) == 0


def _invented(first: int, last: int) -> pd.DataFrame:
    codes = pd.Index([f"GM{number:04d}" for number in range(30)], name="gemeente_code")
    counts = np.random.default_rng(1).poisson(9.0, (30, last - first + 1)).astype(float)
    return pd.DataFrame(counts, codes, [f"2020-W{number}" for number in range(first, last + 1)])


def test_too_few_weeks_are_counted_and_what_is_lacking_too() -> None:
    told = "7 weeks of infections in a row, and there are 3; import 4 weeks more"
    with pytest.raises(InputError, match=told):
        alarms.alarms(_invented(40, 42), "2020-W42")
    with pytest.raises(InputError, match="there is 1; import 6 weeks more"):
        alarms.alarms(_invented(40, 42), "2020-W40")
    assert len(alarms.alarms(_invented(40, 46), "2020-W46")) == 30


@pytest.mark.parametrize("week", ["2020-W44", "2020-W39", "2020-W49"])
def test_a_week_that_nobody_has_is_named_within_the_table_and_outside_it(week: str) -> None:
    gap = _invented(40, 48).assign(**{"2020-W44": np.nan})
    with pytest.raises(InputError, match=f"no figure of {week} .it runs from 2020-W40 to 2020-W48"):
        alarms.alarms(gap, week)


def test_a_week_that_nobody_has_leaves_the_size_to_the_others(cases_2020: pd.DataFrame) -> None:
    before = cases_2020[[f"2020-W{number}" for number in range(16, 21)]].to_numpy()
    gap = before.copy()
    gap[:, 3] = np.nan
    assert alarms.size_before(gap) == alarms.size_before(np.delete(before, 3, axis=1))


@pytest.fixture(scope="module")
def seen(year_2020: pd.DataFrame) -> dict[str, str]:
    """Return by name what is said in English of the outbreaks of 2020."""
    table = alarms.at_outbreaks(alarms.KNOWN_OUTBREAKS, year_2020)
    table["gemeente_name"] = table["gemeente_code"]
    return {row["gemeente_code"]: alarms.in_words(read_texts("en"), row) for row in table.to_dict("records")}


def test_of_every_known_outbreak_it_is_said_in_which_week_it_was_an_alarm_or_why_not(seen: dict[str, str]) -> None:
    assert "Alarm in 2020-W18, 2020-W22" in seen["GM0275"]
    assert "147 of 657 tested were infected. Alarm in 2020-W21; in 2020-W21 9 infections, 1.8" in seen["GM1586"]
    assert "21 infections were counted in the weeks around it, fewer than the 147 of the report" in seen["GM1586"]
    assert "No alarm" in seen["GM0279"]
    assert "an alarm has at least five" in seen["GM0279"]
    assert "2020-W22, there were 14 infections (8.7 expected), and as many come by chance" in seen["GM0794"]
    assert "fewer than" not in seen["GM0794"], "the gemeente counted more than were found at the plant"


def test_what_is_said_of_an_outbreak_follows_from_the_weeks_that_are_there() -> None:
    cases = _invented(10, 24)
    cases.iloc[3, -3:] = [60.0, 9.0, 8.0]
    found = alarms.alarms_of_weeks(cases)
    struck, quiet, absent = (alarms.Outbreak(code, "fishery", "2020-06", 90, 99) for code in (*cases.index[3:5], "GM9"))
    table = alarms.at_outbreaks([struck, quiet, absent], found).set_index("gemeente_code")
    assert list(table.index) == [struck.gemeente_code, quiet.gemeente_code]
    assert table.loc[struck.gemeente_code, ["alarm_weeks", "counted_n"]].tolist() == ["2020-W22", 77]
    assert not table.loc[quiet.gemeente_code, "is_alarm"]
    hidden = found.assign(**dict.fromkeys(("cases_n", "expected_n", "p"), np.nan))
    told = [
        alarms.in_words(read_texts("en"), row)
        for row in alarms.at_outbreaks([struck, quiet], hidden).assign(gemeente_name="X").to_dict("records")
    ]
    assert told[1] == "X, fishery: 90 of 99 tested were infected. No alarm."
    assert told[0] == "X, fishery: 90 of 99 tested were infected. Alarm in 2020-W22."
    assert alarms.at_outbreaks([struck], found[found["week"] < "2020-W20"]).empty


def test_the_table_keeps_its_contract(year_2020: pd.DataFrame) -> None:
    contracts.check("alarms", year_2020)
    assert year_2020["week"].nunique() == 38


def test_all_weeks_at_once_are_those_of_each(cases_2020: pd.DataFrame, year_2020: pd.DataFrame) -> None:
    week = year_2020[year_2020["week"] == "2020-W22"].reset_index(drop=True)
    pd.testing.assert_frame_equal(week, alarms.alarms(cases_2020, "2020-W22"))


def test_a_week_without_a_single_case_is_no_alarm(cases_2020: pd.DataFrame) -> None:
    ended = cases_2020.assign(**{"2020-W22": 0.0})
    found = alarms.alarms(ended, "2020-W22")
    assert not found["is_alarm"].any()
    assert (found["p"] == 1).all()


def test_neighbours_with_an_outbreak_of_three_weeks_are_found() -> None:
    chance = np.random.default_rng(8)
    cells = [(column, row) for row in range(8) for column in range(8)]
    gemeenten = gpd.GeoDataFrame(
        {"gemeente_code": [f"GM{number:04d}" for number in range(64)]},
        geometry=[box(8000 * c, 8000 * r, 8000 * (c + 1), 8000 * (r + 1)) for c, r in cells],
        crs=28992,
    )
    usual = chance.integers(5, 30, (64, 1))
    cases = pd.DataFrame(
        chance.poisson(usual * np.linspace(1, 3, 12)).astype(float),
        index=pd.Index(gemeenten["gemeente_code"]),
        columns=WEEKS[:12],
    )
    struck = [19, 26, 27, 28, 35]
    cases.iloc[struck, -3:] *= 3
    cases = cases.round()
    cases.iloc[0, 4] = np.nan  # takes no part, and moves nobody else
    first = alarms.neighbours_together(cases, WEEKS[11], gemeenten, n_simulations=99)[0]
    assert set(first.places) == set(struck)
    assert (first.periods_n, first.p) == (3, 0.01)
    with pytest.raises(InputError, match="10 weeks"):
        alarms.neighbours_together(cases, WEEKS[8], gemeenten)
