"""Classes that are never cut anew, what they and a picture are called, and ranks within a level and sector."""

from collections.abc import Iterable
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from geodata.errors import UnlikePicturesError
from risk.index.declaration import Scale, Text
from words import read_texts

Array = NDArray[np.floating]

CLASS_NAMES: Final = {
    1: Text("zeer laag", "very low"),
    2: Text("laag", "low"),
    3: Text("midden", "medium"),
    4: Text("hoog", "high"),
    5: Text("zeer hoog", "very high"),
}


def classify(score: ArrayLike, cuts: tuple[float, ...]) -> Array:
    """Return the class (1 to 5) of scores on 0-10; a score on a cut belongs to the higher class; NaN stays NaN.

    Examples
    --------
    >>> classify([0.0, 1.99, 2.0, 8.0, float("nan")], (2, 4, 6, 8))
    array([ 1.,  1.,  2.,  5., nan])
    """
    values = np.round(np.asarray(score, float), 9)  # the last places are rounding, not risk
    return np.where(np.isnan(values), np.nan, np.digitize(np.nan_to_num(values), cuts) + 1.0)


def told(score: ArrayLike, cuts: tuple[float, ...], decimals: int = 1) -> Array:
    """Return scores as they are told: rounded, but in hundredths where rounding would reach the next class.

    Rounded to tenths 5.96 would stand as "6.0 medium" where 6 begins "high".

    Parameters
    ----------
    score
        0-10; NaN stays NaN.
    cuts
        Scores where the next class begins, as in the model.
    decimals
        1 for a reader, 2 for a machine, which keeps the order.

    Examples
    --------
    >>> told([5.94, 5.96, 5.999, 6.0], (2, 4, 6, 8)), told([5.994, 5.996], (2, 4, 6, 8), 2)
    (array([5.9 , 5.96, 5.99, 6.  ]), array([5.99, 5.99]))
    """
    values = np.asarray(score, float)
    rounded = np.round(values, decimals)
    is_of_the_next = classify(rounded, cuts) > classify(values, cuts)
    return np.where(is_of_the_next, np.floor(np.round(values * 100, 6)) / 100, rounded)


def class_name(risk_class: float, lang: str) -> str:
    """Return the word for a class; a unit that is not scored is called so.

    Examples
    --------
    >>> class_name(4, "nl"), class_name(float("nan"), "en")
    ('hoog', 'not scored')
    """
    if np.isnan(risk_class):
        return Text("niet gescoord", "not scored")[lang]
    return CLASS_NAMES[int(risk_class)][lang]


def lacks_of(scores: pd.DataFrame) -> tuple[str, ...]:
    """Return the codes of the dimensions and routes that scores lack (contract ``Scores``).

    Examples
    --------
    >>> lacks_of(pd.DataFrame({"picture_lacks": ["context;wonen", "context;wonen"]}))
    ('context', 'wonen')
    """
    texts = scores["picture_lacks"].unique()
    return tuple(dict.fromkeys(code for text in texts for code in str(text).split(";") if code))


def without(lacks: Iterable[str], language: str) -> str:
    """Return what stands in titles and names of files; '' for a picture that is whole.

    Examples
    --------
    >>> without(("context", "wonen"), "nl"), without((), "en")
    ('zonder besmettingen en huisvesting', '')
    """
    words = read_texts(language)
    names = [words(f"lacks.{code}") for code in lacks]
    if not names:
        return ""
    listed = ", ".join(names[:-1])
    return words("lacks.without", what=words("lacks.and", first=listed, last=names[-1]) if listed else names[-1])


def class_words(word: str, lacks: Iterable[str], language: str) -> str:
    """Return the word of a class, which says which dimension the picture lacks: a route is said in the title alone.

    Parameters
    ----------
    word
        Of the class.
    lacks
        Codes of what the picture lacks (`lacks_of`).
    language
        ``nl`` or ``en``.

    Examples
    --------
    >>> class_words("hoog", ("context", "wonen"), "nl"), class_words("high", ("wonen",), "en")
    ('hoog, zonder besmettingen', 'high')
    """
    words = read_texts(language)
    dimensions = [code for code in lacks if f"lacks.dimension.{code}" in words]
    return f"{word}, {without(dimensions, language)}" if dimensions else word


def refuse_unlike(one: Iterable[str], other: Iterable[str]) -> None:
    """Let through only pictures that lack the same: what one has not counted would look like a change.

    Raises
    ------
    UnlikePicturesError
        One of them lacks what the other has; the sentence names it.
    """
    unlike = sorted(set(one) ^ set(other))
    if unlike:
        raise UnlikePicturesError(f"pictures_differ_{unlike[0]}")


def rank(score: ArrayLike, group: ArrayLike) -> Array:
    """Return places within groups, 1 for the highest score; equal scores share the best place; NaN has none.

    Examples
    --------
    >>> rank([5.0, 7.0, 7.0, 1.0], ["a", "a", "a", "b"])
    array([3., 1., 1., 1.])
    """
    scores = pd.Series(np.asarray(score, float))
    ranks = scores.groupby(np.asarray(group)).rank(method="min", ascending=False)
    return np.asarray(ranks, float)


def top_size(scored: int, scale: Scale) -> int:
    """Return k: a tenth of the scored units, at least the minimum, never more than there are."""
    return max(1, min(scored, max(scale.top_minimum, int(scored * scale.top_share))))
