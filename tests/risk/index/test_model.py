"""The declaration: what it promises, and every contradiction that is refused in a full sentence."""

import copy
import tomllib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from geodata import codes
from geodata.errors import ModelError
from risk.index import indicators, measure
from risk.index.aggregate import weigh
from risk.index.declaration import Model
from risk.index.model import MODEL_FILE, check_posts, load_model, parse_model

CONTENT = tomllib.loads(MODEL_FILE.read_text("utf-8"))
Change = Callable[[dict[str, Any]], Any]


def _with(change: Change) -> Model:
    content = copy.deepcopy(CONTENT)
    change(content)
    return parse_model(content)


def _set(*path: str, value: Any) -> Change:
    def change(content: dict[str, Any]) -> None:
        inner = content
        for step in path[:-1]:
            inner = inner[step]
        inner[path[-1]] = value

    return change


def _drop(*path: str) -> Change:
    def change(content: dict[str, Any]) -> None:
        inner = content
        for step in path[:-1]:
            inner = inner[step]
        del inner[path[-1]]

    return change


COLD = ("indicators", "cold")
REFUSED: list[tuple[str, Change, str]] = [
    ("an entry is absent", _drop(*COLD, "route"), "lacks the entry 'route'"),
    ("an entry is unknown", _set(*COLD, "wieght", value=1), "'wieght' is not known"),
    ("an entry is of the wrong kind", _set(*COLD, "goalposts", value=3), "wrong kind"),
    ("a number is a text", _set(*COLD, "weight", value="veel"), "wrong kind"),
    ("weights do not add up", _set(*COLD, "weight", value=0.5), "add up to 1.25"),
    ("a weight is negative", _set(*COLD, "weight", value=-0.25), "must all be positive"),
    ("a weight is infinite", _set(*COLD, "weight", value=float("inf")), "must all be positive"),
    ("a route does not exist", _set(*COLD, "route", value="lucht"), "'lucht', which does not exist"),
    ("a dimension does not exist", _set("routes", "wonen", "dimension", value="x"), "'x', which does not exist"),
    ("direction is neither", _set(*COLD, "direction", value=0), "direction must be 1"),
    ("a table is unknown", _set(*COLD, "table", value="weather"), "'weather' is not known"),
    ("a transform is unknown", _set(*COLD, "transform", value="sqrt"), "'sqrt' is not known"),
    ("a condition is unknown", _set(*COLD, "condition", value="noise"), "'noise' is not known"),
    ("goalposts fall", _set(*COLD, "goalposts", value={"all": [1.0, 0.0]}), "must rise"),
    ("goalposts lack a level", _set(*COLD, "goalposts", value={"vr": [0.0, 1.0]}), "no goalposts for level gemeente"),
    ("a log scale starts at 0", _set("indicators", "exposed_workers", "goalposts", value={"all": [0, 9]}), "above 0"),
    ("a text is empty", _set(*COLD, "why", value={"nl": "", "en": "x"}), "language nl is empty"),
    ("a language is absent", _drop(*COLD, "why", "en"), "lacks the entry 'en'"),
    ("a denominator is empty", _set(*COLD, "denominator", value=""), "denominator is empty"),
    ("a prior is absent", _drop("priors", "beds_per_1000_workers"), "has no prior"),
    ("a prior is zero", _set("priors", "beds_per_1000_workers", "rate", value=0), "positive numbers"),
    ("classes do not rise", _set("scale", "classes", value=[2, 4, 4, 8]), "four rising cuts"),
    ("classes leave the scale", _set("scale", "classes", value=[2, 4, 6, 10]), "between 0 and 10"),
    ("the floor is 0", _set("scale", "floor", value=0), "floor must lie"),
    ("the exponent is below 1", _set("scale", "exponent", value=0.5), "must be 1 or more"),
    ("one high route is not enough", _set("scale", "exponent", value=1), "one route at 9"),
    ("k is empty", _set("scale", "top_minimum", value=0), "top must be a share"),
    ("nothing is rebuilt", _set("uncertainty", "rebuilds", value=0), "at least one rebuild"),
    ("a sector is absent", _drop("sectors", "fishery"), "[sectors] lacks fishery"),
    ("a sector is unknown", _set("seasons", "mining", value=CONTENT["seasons"]["fishery"]), "'mining', which does"),
    ("a condition is no share", _set("sectors", "fishery", "cold", value=1.2), "share from 0 to 1"),
    ("a season has 11 months", _set("seasons", "fishery", "months", value=[100] * 11), "twelve positive months"),
    ("a season is not centred", _set("seasons", "fishery", "months", value=[110] * 12), "mean of 110"),
    ("a source is not named", _set("sectors", "fishery", "source", value=""), "has no source"),
    ("history weighs too much", _set("indicators", "confirmed_infections", "max_share", value=0.2), "at most a tenth"),
    ("own observation counts", _set("history", "counted_triggers", value=["eigen_constatering"]), "feed on itself"),
    ("history never fades", _set("history", "half_life_weeks", value=0), "positive half-life"),
    ("a kind of site is absent", _drop("site", "kinds", "lodging"), "[site.kinds] lacks lodging"),
    ("a kind leaves the scale", _set("site", "kinds", "lodging", value=11), "from 0 to 10"),
    ("sizes fall", _set("site", "sizes", "fte", value=[10, 5]), "rise"),
    ("together leaves out a stranger", _set("together", "leave_out", value=["mining"]), "'mining', which does not"),
    ("together lacks its condition", _drop("together", "unless_moved_by"), "lacks the entry 'unless_moved_by'"),
    ("origin counts as intensity", _set("indicators", "registered_migrant_workers", "route", value="werken"), "add up"),
]


@pytest.mark.parametrize(("change", "words"), [case[1:] for case in REFUSED], ids=[case[0] for case in REFUSED])
def test_a_contradiction_is_refused_in_a_sentence(change: Change, words: str) -> None:
    with pytest.raises(ModelError) as refusal:
        _with(change)
    sentence = str(refusal.value)
    assert words in sentence
    assert sentence.endswith(".")


def test_people_counted_by_origin_may_only_stand_under_size() -> None:
    def move(content: dict[str, Any]) -> None:
        indicators = content["indicators"]
        moved = indicators["registered_migrant_workers"]
        for indicator in indicators.values():
            if indicator["route"] == "werken":
                indicator["weight"] *= 1 - moved["weight"]
        moved["route"] = "werken"
        indicators["exposed_workers"]["weight"] = 1.0

    with pytest.raises(ModelError, match="may only stand under size"):
        _with(move)


def test_history_cannot_grow_beyond_a_tenth_when_other_tables_are_absent() -> None:
    def grow(content: dict[str, Any]) -> None:
        content["indicators"]["confirmed_infections"]["weight"] = 0.4
        content["indicators"]["infections_contrast"]["weight"] = 0.45

    with pytest.raises(ModelError, match="above its limit of 10%"):
        _with(grow)


def test_history_stays_within_a_tenth_whatever_is_switched_off(model: Model) -> None:
    for kept in (
        model.areas.codes,
        ("confirmed_infections", "exposed_workers", "cold"),
        ("confirmed_infections", "land_border", "cold"),
    ):
        weights = weigh(model.areas, kept, {"confirmed_infections": 100.0})
        share = weights.shares[model.areas.codes.index("confirmed_infections")]
        assert 0 < share <= 0.10 + 1e-12
        assert weights.shares.sum() == pytest.approx(1)


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="cannot be read"):
        load_model(tmp_path / "absent.toml")
    broken = tmp_path / "broken.toml"
    broken.write_text("weight = = 1")
    with pytest.raises(ModelError, match="not valid TOML"):
        load_model(broken)


def test_the_version_follows_the_content_and_not_the_layout(tmp_path: Path, model: Model) -> None:
    same = tmp_path / "same.toml"
    same.write_text("# another remark\n\n" + MODEL_FILE.read_text("utf-8"))
    assert load_model(same).version == model.version
    other = _with(_set("sectors", "fishery", "cold", value=0.51))
    assert other.version != model.version
    assert model.version.startswith(CONTENT["version"] + "-")


def test_a_switch_makes_a_copy_with_another_version(model: Model) -> None:
    without = model.without("confirmed_infections")
    assert without.switched_off == ("confirmed_infections",)
    assert without.version == f"{model.version}+without-confirmed_infections"
    assert model.switched_off == ()
    with pytest.raises(ModelError, match="no indicator 'colour'"):
        model.without("colour")


def test_every_indicator_can_be_measured(model: Model) -> None:
    for indicator in model.areas.indicators:
        assert indicator.condition or indicator.code in measure.MEASURES


def test_an_indicator_that_cannot_be_measured_is_refused(model: Model, tables: dict[str, Any]) -> None:
    strange = replace(model.areas.indicators[0], code="mood", condition="")
    other = replace(model, areas=replace(model.areas, indicators=(strange, *model.areas.indicators[1:])))
    with pytest.raises(ModelError, match="mood has no way to be measured"):
        indicators.measure(tables, "vr", other)


def test_mixed_evidence_is_said_where_it_is_mixed(model: Model) -> None:
    for code in ("shared_lodging", "shared_transport"):
        why = model.indicator(code).why
        assert "gemengd" in why.nl
        assert "mixed" in why.en


def test_all_sectors_and_kinds_are_declared(model: Model) -> None:
    assert set(model.conditions) == set(model.seasons) == set(codes.SECTORS)
    assert set(model.site_kinds) == set(codes.SITE_KINDS)


def test_the_order_of_the_sectors_follows_the_evidence(model: Model) -> None:
    """Meat before packing and distribution, then greenhouses, open field and construction."""

    def work(sector: str) -> float:
        shares = model.conditions[sector].shares
        return sum(
            model.indicator(code).weight * shares[name]
            for code, name in (("indoor", "indoor"), ("cold", "cold"), ("proximity", "proximity"))
        )

    order = ["slaughter_meat", "packing_wholesale", "distribution", "glass_horticulture", "construction", "open_field"]
    values = [work(sector) for sector in order]
    assert values == sorted(values, reverse=True)


def test_goalposts_at_which_more_than_a_third_of_the_areas_stand_are_refused() -> None:
    check_posts({})
    check_posts({"2020-06-07": 1 / 3, "2020-07-05": 0.1})
    with pytest.raises(ModelError, match="On 2020-07-05 40% of the areas stand at a goalpost of the infections"):
        check_posts({"2020-06-07": 0.35, "2020-07-05": 0.4})
