"""Reasons in words: a sentence that adds up as printed, the top reason, and what would change the class."""

import re
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from geodata.errors import UnknownCodeError
from risk.index.aggregate import aggregate, weigh
from risk.index.classify import classify
from risk.index.declaration import Model
from risk.index.normalise import goalposts
from risk.index.pipeline import MISSING, Outcome, score, what_if
from risk.insight import reasons as explain

Tables = dict[str, pd.DataFrame]
NUMBER = re.compile(r"([+-]?) ?(\d+[.,]\d)(?= |$)")


@pytest.fixture(scope="module")
def outcome(make_tables: Callable[..., Tables], model: Model) -> Outcome:
    return score(make_tables(), "gemeente", model, rebuilds=0)


@pytest.mark.parametrize("lang", ["nl", "en"])
def test_the_sentence_adds_up_as_it_is_printed(outcome: Outcome, lang: str) -> None:
    for unit in outcome.scores["unit_id"].iloc[:60]:
        sentence = explain.reasons(outcome, unit, lang)
        total, rest = sentence.split(" = ")
        amounts = [float(f"{sign}{figure}".replace(",", ".")) for sign, figure in NUMBER.findall(rest)]
        assert sum(amounts) == pytest.approx(float(total.replace(",", ".")), abs=1e-9), sentence


def test_the_sentence_uses_the_words_of_the_model(outcome: Outcome, model: Model) -> None:
    unit = outcome.scores.loc[outcome.scores["score_0_10"].idxmax(), "unit_id"]
    first = explain.parts(outcome, unit).iloc[0]
    assert first["contribution_0_10"] > 0
    indicator = model.indicator(first["indicator_code"])
    for lang in ("nl", "en"):
        assert indicator.more[lang] in explain.reasons(outcome, unit, lang)
    lowest = outcome.scores.loc[outcome.scores["score_0_10"].idxmin(), "unit_id"]
    least = explain.parts(outcome, lowest).iloc[0]
    assert least["contribution_0_10"] < 0
    assert model.indicator(least["indicator_code"]).less["nl"] in explain.reasons(outcome, lowest, "nl")


def test_the_top_reason_is_the_largest_contribution_that_can_be_acted_on(outcome: Outcome, model: Model) -> None:
    every = explain.top_reasons(outcome, "nl")
    passed_over = [MISSING, *(i.code for i in model.areas.indicators if i.is_fixed)]
    for unit in outcome.scores["unit_id"].iloc[::37]:
        mine = explain.parts(outcome, unit)
        mine = mine[~mine["indicator_code"].isin(passed_over)]
        best = mine.loc[mine["contribution_0_10"].idxmax()]
        expected = model.indicator(best["indicator_code"]).more["nl"] if best["contribution_0_10"] > 0 else ""
        assert explain.top_reason(outcome, unit, "nl") == every[unit] == expected


def test_the_parts_are_the_bar_and_add_up(outcome: Outcome) -> None:
    row = outcome.scores.iloc[5]
    parts = explain.parts(outcome, row["unit_id"])
    assert parts["contribution_0_10"].sum() == pytest.approx(row["score_0_10"] - row["reference_0_10"])
    assert parts["contribution_0_10"].abs().is_monotonic_decreasing
    assert MISSING in set(parts["indicator_code"])


def test_the_change_leaves_the_class_and_half_of_it_does_not(outcome: Outcome, model: Model) -> None:
    prepared = outcome.prepared
    weights = weigh(model.areas, model.areas.codes)
    seen = 0
    for unit in outcome.scores["unit_id"].iloc[::13]:
        place = int(np.flatnonzero(outcome.scores["unit_id"] == unit)[0])
        for change in explain.what_would_change(outcome, unit):
            seen += 1
            indicator = model.indicator(change.indicator_code)
            assert not indicator.is_fixed
            column = list(model.areas.codes).index(change.indicator_code)
            low, high = prepared.measured.low[place, column], prepared.measured.high[place, column]
            assert low - 1e-9 <= change.raw_to <= high + 1e-9
            start = prepared.values_0_10[place, column]
            end = float(goalposts(change.raw_to, low, high, is_log=indicator.transform == "log"))
            classes = []
            for level in (start, (start + end) / 2, end + 1e-6 * np.sign(end - start)):
                values = prepared.values_0_10[[place]].copy()
                values[0, column] = level
                classes.append(classify(aggregate(values, weights, model.scale).score, model.scale.classes)[0])
            assert classes == [change.class_from, change.class_from, change.class_to]
            for lang in ("nl", "en"):
                assert indicator.name[lang] in explain.change_sentence(outcome, change, lang)
    assert seen > 10


def test_nobody_is_advised_to_send_people_away_or_to_move_a_border(model: Model) -> None:
    fixed = {i.code for i in model.areas.indicators if i.is_fixed}
    assert {
        "exposed_workers",
        "registered_migrant_workers",
        "land_border",
        "season_index",
        "confirmed_infections",
    } == fixed


def test_a_unit_that_is_not_scored_says_so(tables: Tables, model: Model) -> None:
    exposure = tables["exposure"]
    exposure.loc[exposure["gemeente_code"] == "GM0003", "workers_n"] = np.nan
    outcome = score(tables, "gemeente", model, rebuilds=0)
    assert "Niet gescoord" in explain.reasons(outcome, "GM0003:lodging", "nl")
    assert "Not scored" in explain.reasons(outcome, "GM0003", "en")
    assert explain.what_would_change(outcome, "GM0003") == []
    assert explain.top_reason(outcome, "GM0003", "nl") == ""
    assert explain.parts(outcome, "GM0003").empty


def test_an_unknown_unit_is_an_error_by_name(outcome: Outcome) -> None:
    for ask in (explain.reasons, explain.top_reason):
        with pytest.raises(UnknownCodeError, match="GM9999"):
            ask(outcome, "GM9999", "nl")


def test_what_if_does_not_touch_the_reasons(outcome: Outcome) -> None:
    before = explain.reasons(outcome, "GM0001", "nl")
    what_if(outcome.prepared, {"werken": 3})
    assert explain.reasons(outcome, "GM0001", "nl") == before


def test_numbers_are_written_as_the_language_does() -> None:
    assert explain.number(1234.5, "nl") == "1.234,5"
    assert explain.number(1234.5, "en") == "1,234.5"


@pytest.mark.parametrize("lang", ["nl", "en"])
def test_units_that_are_named_together_get_reasons_that_differ(outcome: Outcome, lang: str) -> None:
    units = list(outcome.scores.nlargest(4, "score_0_10")["unit_id"])
    told = explain.apart(outcome, units, lang)
    assert told[0] == explain.top_reason(outcome, units[0], lang)
    assert len(set(told)) == len(units)
    for unit, reason in zip(units, told, strict=True):
        assert reason.split("; ")[0] == explain.top_reason(outcome, unit, lang) or "; " not in reason


def test_what_raises_all_sectors_of_an_area_is_said_once_and_leaves_room_for_their_own(outcome: Outcome) -> None:
    table = outcome.contributions
    units = [unit for unit in outcome.scores["unit_id"] if unit.startswith("GM0001:")]
    mine = table["unit_id"].isin(units)
    cases = table["indicator_code"] == "infections_contrast"
    raised = table.assign(contribution_0_10=table["contribution_0_10"].mask(mine & cases, 9.0))
    shared, without, own = explain.shared_and_own(replace(outcome, contributions=raised), units, "nl")
    assert without == []
    assert shared == outcome.model.indicator("infections_contrast").more["nl"]
    assert list(own) == units
    assert shared not in own.values()
    lower = raised.assign(
        contribution_0_10=raised["contribution_0_10"].mask(cases & (table["unit_id"] == units[0]), 0.0)
    )
    again, without, own = explain.shared_and_own(replace(outcome, contributions=lower), units, "nl")
    assert again == shared
    assert without == units[:1]  # what one sector does not have is not said of all
    assert shared not in own.values()


def test_one_sector_shares_nothing(outcome: Outcome) -> None:
    unit = next(unit for unit in outcome.scores["unit_id"] if unit.startswith("GM0001:"))
    assert explain.shared_and_own(outcome, [unit], "en") == ("", [], {unit: explain.top_reason(outcome, unit, "en")})
    assert explain.shared_and_own(outcome, [], "en") == ("", [], {})


def test_what_is_left_of_rounding_is_no_reason(outcome: Outcome) -> None:
    """What is the same in all areas of a sector cancels to nothing, and never stands as their top reason."""
    parts = outcome.contributions.assign(contribution_0_10=1e-15)
    assert set(explain.top_reasons(replace(outcome, contributions=parts), "en")) == {""}
