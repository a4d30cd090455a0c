"""The description of a map: what it refuses, how it ranks, and whether its colours can be told apart."""

import json
import math
from dataclasses import replace
from random import Random

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboard.map.assets import Geometry
from dashboard.map.layers import SITE_SHAPES, AreaLayer, MapPicture, MapTexts, Mark, SiteLayer
from dashboard.map.live import area_message, map_message, site_message
from dashboard.map.scale import (
    CLASS_COLOURS,
    CLASS_CUTS,
    CLASS_INKS,
    NO_DATA_COLOURS,
    PLACE_COLOURS,
    SHADES,
    class_of,
    fifth,
    shade,
    told_decimals,
    told_score,
)
from geodata.codes import SITE_KINDS
from geodata.errors import ContractError, UnknownCodeError
from risk.index import classify
from risk.index.model import load_model

SCORES = st.one_of(st.none(), st.floats(0, 10))

TEXTS = MapTexts(
    language="nl",
    class_words=("a", "b", "c", "d", "e"),
    kind_words={kind: kind for kind in SITE_KINDS},
    legend_title="",
    no_data="",
    flagged="",
    unsure="",
    rank="",
    name="",
    score="",
    risk_class="",
    interval="",
    interval_hint="",
    list_caption="",
    list_filter="",
    list_empty="",
    map_label="",
    zoom_in="",
    zoom_out="",
    whole_country="",
    sites="",
    sites_unplaced="",
    loading="",
    failed="",
    attribution="",
    tile_attribution="",
)


def site_layer(**changes: object) -> SiteLayer:
    columns = {
        "site_ids": ("S1", "S2"),
        "names": ("Een", "Twee"),
        "kinds": ("lodging", "greenhouse"),
        "longitudes": (5.1, None),
        "latitudes": (52.1, None),
        "scores": (7.0, None),
    }
    return SiteLayer(**(columns | changes))


def linear(colour: str) -> np.ndarray:
    """Return the light of a colour's three channels (0-1), sRGB undone (IEC 61966-2-1)."""
    channels = np.array([int(colour[at : at + 2], 16) for at in (1, 3, 5)]) / 255
    return np.where(channels <= 0.04045, channels / 12.92, ((channels + 0.055) / 1.055) ** 2.4)


def luminance(colour: str) -> float:
    return float(linear(colour) @ [0.2126, 0.7152, 0.0722])


def contrast(one: str, other: str) -> float:
    """Return the contrast ratio of WCAG 2.1."""
    high, low = sorted((luminance(one), luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


# Machado, Oliveira and Fernandes (2009): how full colour blindness maps linear red, green and blue.
COLOUR_BLIND = {
    "protanopia": [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
    "deuteranopia": [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]],
    "tritanopia": [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]],
}


def lightness(light: np.ndarray) -> float:
    """Return CIE L* (0-100)."""
    y = float(np.clip(light, 0, 1) @ [0.2126, 0.7152, 0.0722])
    return 116 * y ** (1 / 3) - 16 if y > 0.008856 else 903.3 * y


@pytest.mark.parametrize("matrix", [np.eye(3), *COLOUR_BLIND.values()], ids=["full sight", *COLOUR_BLIND])
def test_each_class_is_clearly_darker_than_the_one_below(matrix: object) -> None:
    steps = -np.diff([lightness(np.asarray(matrix) @ linear(colour)) for colour in CLASS_COLOURS])
    assert (steps > 9).all()  # a difference of 2 in L* can just be seen


def test_within_a_class_a_higher_score_is_darker_and_between_classes_a_step_stays() -> None:
    light = [lightness(linear(colour)) for colour in SHADES]
    steps = -np.diff(light)
    assert (steps > 0).all()
    across = [steps[int(10 * cut) - 1] for cut in CLASS_CUTS]
    within = [step for at, step in enumerate(steps, start=1) if at / 10 not in CLASS_CUTS]
    assert min(across) > 2 * max(within), "a class is still seen as one"
    for number, colour in enumerate(CLASS_COLOURS, start=1):
        assert shade(2.0 * number - 1, number) == colour


def test_fifths_of_the_country_are_told_apart_and_are_no_class() -> None:
    light = [lightness(linear(colour)) for colour in PLACE_COLOURS]
    assert (np.diff(light) > 9).all()
    assert not set(PLACE_COLOURS) & set(CLASS_COLOURS)
    assert [fifth(rank, 342) for rank in (1, 69, 70, 342)] == [0, 0, 1, 4]


def test_text_on_a_class_colour_can_be_read() -> None:
    assert all(contrast(ink, ground) >= 4.5 for ink, ground in zip(CLASS_INKS, CLASS_COLOURS, strict=True))


def test_hatching_stands_out_from_its_ground() -> None:
    assert contrast(*NO_DATA_COLOURS) > 2


def test_every_kind_of_site_has_a_shape_of_its_own() -> None:
    assert tuple(SITE_SHAPES) == SITE_KINDS
    assert len(set(SITE_SHAPES.values())) == len(SITE_KINDS)


def test_classes_are_those_of_the_model() -> None:
    model = load_model()
    assert model.scale.classes == CLASS_CUTS
    scores = [0.0, 1.999, 2.0, 4.0, 5.9, 6.0, 8.0, 10.0]
    assert [class_of(score) for score in scores] == list(classify.classify(scores, CLASS_CUTS))


@given(st.lists(SCORES, min_size=1, max_size=40))
def test_a_place_is_one_more_than_the_number_of_higher_scores(scores: list[float | None]) -> None:
    layer = AreaLayer("vr", tuple(f"C{at}" for at in range(len(scores))), tuple(scores))
    for score, rank in zip(layer.scores, layer.ranks, strict=True):
        higher = [other for other in layer.scores if other is not None and score is not None and other > score]
        assert rank == (None if score is None else len(higher) + 1)


def test_every_way_to_be_missing_is_one() -> None:
    layer = AreaLayer("vr", ("A", "B", "C", "D"), (None, math.nan, pd.NA, np.float64("nan")))
    assert layer.scores == (None,) * 4
    assert layer.classes == (None,) * 4


def test_a_given_class_goes_before_the_rounded_score() -> None:
    assert AreaLayer("vr", ("A",), (6.0,), classes=(3,)).classes == (3,)


def test_scores_outside_the_scale_are_refused() -> None:
    with pytest.raises(ContractError, match="outside 0-10"):
        AreaLayer("vr", ("A",), (10.5,))
    with pytest.raises(ContractError, match="outside 0-10"):
        site_layer(scores=(-1.0, 2.0))


def test_columns_of_another_length_are_refused() -> None:
    with pytest.raises(ContractError, match="rank_p05 has 1 values for 2 units"):
        AreaLayer("vr", ("A", "B"), (1.0, 2.0), rank_p05=(1,))
    with pytest.raises(ContractError, match="no scores"):
        AreaLayer("vr", ("A", "B"), ())


def test_an_unknown_kind_of_site_is_refused() -> None:
    with pytest.raises(ContractError, match="unknown kind castle"):
        site_layer(kinds=("castle", "lodging"))


def test_a_code_without_a_boundary_is_named() -> None:
    with pytest.raises(UnknownCodeError, match="no boundary for GM9999"):
        area_message(AreaLayer("gemeente", ("GM9999",), (1.0,)), ["GM0001"])


@given(st.lists(SCORES, min_size=1, max_size=60), st.randoms(use_true_random=False))
def test_a_message_holds_every_figure_in_the_order_of_the_boundaries(
    scores: list[float | None], random: Random
) -> None:
    codes = [f"C{at}" for at in range(len(scores))]
    order = codes.copy()
    random.shuffle(order)
    layer = AreaLayer("vr", tuple(codes), tuple(scores))
    message = area_message(layer, [*order, "elsewhere"])

    def decode(text: str) -> list[int]:
        return [int(text[at : at + 2], 36) for at in range(0, len(text), 2)]

    for at, code in enumerate(order):
        score, rank = layer.scores[codes.index(code)], layer.ranks[codes.index(code)]
        assert message["classes"][at] == ("-" if score is None else str(class_of(score)))
        assert decode(message["scores"])[at] == (0 if score is None else round(told_score(score) * 100))
        assert decode(message["ranks"])[at] == (rank or 0)
    assert message["classes"][-1] == " "


def test_a_message_leaves_out_what_is_not_there() -> None:
    assert set(area_message(AreaLayer("vr", ("A",), (1.0,)), ["A"])) == {"classes", "scores", "ranks"}
    moved = AreaLayer("vr", ("A", "B", "C"), (1.0, 2.0, 3.0), moved=(-9.9, 0.0, None))
    assert [int(area_message(moved, "ABC")["moves"][at : at + 2], 36) for at in (0, 2, 4)] == [401, 500, 0]
    marked = AreaLayer("vr", ("A", "B"), (1.0, 2.0), marks=(Mark.NONE, Mark.UNSURE))
    assert area_message(marked, ["B", "A", "C"])["marks"] == "200"


def test_names_of_sites_stay_out_of_the_message_of_the_map() -> None:
    picture = MapPicture(AreaLayer("vr", ("A",), (1.0,)), TEXTS, sites=site_layer())
    geometry = Geometry("app/static/x.json", {"vr": ("A",), "gemeente": ()})
    assert "Een" not in str(map_message(picture, assets="a/", geometry=geometry, height=400))


def test_the_message_of_sites_changes_its_digest_only_with_its_content() -> None:
    def parts(**changes: object) -> tuple[dict[str, object], dict[str, object]]:
        head, body = site_message(site_layer(**changes), assets="a/", channel="c").decode().split("\n")
        return json.loads(head), json.loads(body)

    head, body = parts()
    assert body["longitudes"] == [510_000, None]
    assert (body["kinds"], body["classes"]) == ("52", "4-")
    assert head == parts()[0]
    assert head["digest"] != parts(scores=(7.1, None))[0]["digest"]


def test_a_line_break_in_a_name_cannot_cut_the_message_of_sites() -> None:
    message = site_message(site_layer(names=("Een\nTwee", "x")), assets="a/", channel="c")
    assert message.count(b"\n") == 1


def test_four_class_words_are_too_few() -> None:
    with pytest.raises(ContractError, match="class words"):
        replace(TEXTS, class_words=("a", "b", "c", "d"))


@given(st.floats(0, 10))
def test_a_score_is_told_on_its_own_side_of_every_cut(score: float) -> None:
    told = told_score(score)
    assert class_of(told) == class_of(score)
    assert abs(told - score) <= 0.05 + 1e-9
    assert told == round(told, told_decimals(told))
    assert told_score(told) == told
