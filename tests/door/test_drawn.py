"""An area that somebody drew: what is read, and what is refused in one sentence."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from door import within
from geodata.errors import InputError


def test_the_last_corner_joins_the_first() -> None:
    open_ring, closed_ring = (
        within.read_corners("52~5~52~5.1~52.1~5.1"),
        within.read_corners("52~5~52~5.1~52.1~5.1~52~5"),
    )
    assert open_ring.equals(closed_ring)
    assert open_ring.area / 1e6 == pytest.approx(38.2, abs=0.3)  # half of 11.1 by 6.9 km


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("", "drawn_unreadable"),
        ("52~5~52", "drawn_unreadable"),
        ("52~5~nan~5.1~52.1~5.1", "drawn_unreadable"),
        ("52~5~1.2.3~5.1~52.1~5.1", "drawn_unreadable"),
        ("52~5~52~5.1", "drawn_too_few"),
        ("52~5~52~5.1~52~5~52~5.1", "drawn_too_few"),
        ("52~5~52~9~52.1~9", "drawn_outside"),
        ("5~52~5.1~52~5.1~52.1", "drawn_outside"),
        ("52~5~52.1~5.1~52~5.1~52.1~5", "drawn_crosses"),
        ("52~5~52~5.1~52~5.2", "drawn_crosses"),  # a line has no inside
        ("~".join(f"52.{at:02d}~5.{at % 2}" for at in range(51)), "drawn_too_many"),
    ],
)
def test_what_is_no_area_is_refused_in_one_sentence(text: str, key: str) -> None:
    with pytest.raises(InputError) as refused:
        within.read_corners(text)
    assert refused.value.key == key
    assert str(refused.value).endswith(".")


@given(st.text(alphabet="0123456789.~-", max_size=80))
def test_whatever_stands_in_an_address_is_an_area_or_refused(text: str) -> None:
    refused = ""
    try:
        area = within.read_corners(text)
    except InputError as error:
        refused = error.key
    assert refused.startswith("drawn_") if refused else area.is_valid
