"""Classes that are never cut anew, and ranks within a level and sector."""

from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from risk.index.declaration import Scale, Text

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
