"""The classes of a score: where they are cut, their colours, and how a score is written beside its class."""

from functools import lru_cache
from typing import Final

from risk.index import classify
from risk.index.model import load_model

_KEPT_N: Final = 20_000  # scores: pages show each again and again

CLASS_CUTS: Final = load_model().scale.classes
"""Scores (0-10) where the next class begins, from the model; they never follow the data, so a colour keeps its
meaning."""

CLASS_COLOURS: Final = ("#d5eef9", "#99d2f0", "#56a3db", "#2a6bae", "#19366f")
"""One ramp from light to dark: lightness falls evenly, so that it reads the same without colour vision."""

PLACE_COLOURS: Final = ("#0b4f2e", "#2f7d4f", "#66a878", "#a6cfab", "#e1efde")
"""Of the fifths of the country by place, the highest first: another hue than the classes, for it is another thing."""

_TOWARDS_NEXT: Final = 0.3  # how far a colour goes to that of the next class within its own: a step stays between them

CLASS_INKS: Final = ("#10233f", "#10233f", "#10233f", "#ffffff", "#ffffff")
"""The text colour that stands out at least 4.5 to 1 on each class colour."""

NO_DATA_COLOURS: Final = ("#f1f1ef", "#a3a5a8")
"""Ground and lines of the hatching that marks a unit without a score."""

OVER_COLOUR: Final = "#b0006d"
"""Of the line around gemeenten that a layer over the areas names; far from every class colour, also without colour
vision."""


@lru_cache(maxsize=_KEPT_N)
def class_of(score_0_10: float | None) -> int | None:
    """Return the class of a score: 1 (lowest) to 5 (highest), or None when there is no score.

    Examples
    --------
    >>> [class_of(score) for score in (0.0, 1.99, 2.0, 9.5, None)]
    [1, 1, 2, 5, None]
    """
    return None if score_0_10 is None else int(classify.classify(score_0_10, CLASS_CUTS))


@lru_cache(maxsize=_KEPT_N)
def told_score(score_0_10: float) -> float:
    """Return a score as a reader is told it (`risk.index.classify.told`).

    Examples
    --------
    >>> told_score(5.94), told_score(5.96)
    (5.9, 5.96)
    """
    return float(classify.told(score_0_10, CLASS_CUTS))


def told_decimals(told: float) -> int:
    """Return with how many decimals a score as told is written: 1, or 2 just under a cut.

    Examples
    --------
    >>> told_decimals(5.9), told_decimals(5.96)
    (1, 2)
    """
    return 1 if round(told, 1) == told else 2


def _mixed(one: str, other: str, share: float) -> str:
    """Return a colour between two (``#rrggbb``): `share` 0 is the first, 1 the other."""
    pairs = [(int(one[at : at + 2], 16), int(other[at : at + 2], 16)) for at in (1, 3, 5)]
    return "#" + "".join(f"{round(a + share * (b - a)):02x}" for a, b in pairs)


def shade(score_0_10: float, risk_class: int) -> str:
    """Return the colour of a score: that of its class, lighter or darker by where in the class it lies.

    Examples
    --------
    >>> shade(5.0, 3) == CLASS_COLOURS[2], shade(4.0, 3) != shade(5.9, 3)
    (True, True)
    """
    edges = (0.0, *CLASS_CUTS, 10.0)
    low, high = edges[risk_class - 1], edges[risk_class]
    place = 2 * min(max((score_0_10 - low) / (high - low), 0.0), 1.0) - 1  # -1 at the lower cut, 1 at the higher
    colours = ("#ffffff", *CLASS_COLOURS, "#000000")
    return _mixed(colours[risk_class], colours[risk_class + (1 if place > 0 else -1)], _TOWARDS_NEXT * abs(place))


SHADES: Final = tuple(shade(tenth / 10, class_of(tenth / 10) or 1) for tenth in range(100))
"""The colour of every tenth from 0.0 to 9.9, for the live map."""


def fifth(rank: float, ranked_n: int) -> int:
    """Return in which fifth of the ranking a place lies, 0 for the highest.

    Examples
    --------
    >>> [fifth(rank, 25) for rank in (1, 5, 6, 25)]
    [0, 0, 1, 4]
    """
    return min(int((rank - 1) * len(PLACE_COLOURS) // ranked_n), len(PLACE_COLOURS) - 1)
