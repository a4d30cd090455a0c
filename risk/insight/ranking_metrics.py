"""Measures of how well a ranking does, each with an interval from a bootstrap over whole regions."""

from collections.abc import Callable
from typing import Final

import numpy as np
import pandas as pd
import scipy
from numpy.typing import ArrayLike, NDArray

Array = NDArray[np.float64]

BOOTSTRAPS: Final = 500
_INTERVAL = (0.05, 0.95)


def precision_at_k(score: ArrayLike, found: ArrayLike, k: int, weight: ArrayLike | None = None) -> float:
    """Return the share of the k highest scores that found something; NaN without any.

    Parameters
    ----------
    score, found, k
        The scores, what was found (0 or 1), and how many of the highest count.
    weight
        How many each stands for, one over the probability that it was drawn; all alike by default.

    Examples
    --------
    >>> round(precision_at_k([9, 8, 7, 1], [1, 0, 1, 0], 3), 3)
    0.667
    >>> precision_at_k([9, 8, 7, 1], [1, 0, 1, 0], 2, weight=[1, 3, 1, 1])
    0.25
    """
    order = np.argsort(-np.asarray(score, float), kind="stable")[:k]
    return _share(np.asarray(found, float)[order], _weights(weight, found)[order])


def lift_at_k(score: ArrayLike, found: ArrayLike, k: int, weight: ArrayLike | None = None) -> float:
    """Return precision@k over the base rate; 1 is no better than chance, NaN where nothing was found.

    Parameters
    ----------
    score
        A score per unit, the higher the earlier chosen.
    found
        1 where something was found, else 0.
    k
        How many are chosen.
    weight
        Of each unit; all alike by default.

    Examples
    --------
    >>> lift_at_k([9, 8, 7, 1], [1, 1, 0, 0], 2)
    2.0
    """
    base = _share(np.asarray(found, float), _weights(weight, found))
    return precision_at_k(score, found, k, weight) / base if base > 0 else float("nan")


def recall_at_k(score: ArrayLike, found: ArrayLike, k: int, weight: ArrayLike | None = None) -> float:
    """Return the share of all finds that lie among the k highest scores; NaN where nothing was found.

    Parameters
    ----------
    score
        A score per unit, the higher the earlier chosen.
    found
        1 where something was found, else 0.
    k
        How many are chosen.
    weight
        Of each unit; all alike by default.

    Examples
    --------
    >>> recall_at_k([9, 8, 7, 1], [1, 0, 0, 1], 2)
    0.5
    """
    finds = np.asarray(found, float) * _weights(weight, found)
    order = np.argsort(-np.asarray(score, float), kind="stable")[:k]
    return float(finds[order].sum() / finds.sum()) if finds.sum() > 0 else float("nan")


def _weights(weight: ArrayLike | None, found: ArrayLike) -> Array:
    return np.ones(np.size(found)) if weight is None else np.asarray(weight, float)


def _share(found: Array, weight: Array) -> float:
    return float((found * weight).sum() / weight.sum()) if weight.sum() > 0 else float("nan")


def spearman(one: ArrayLike, other: ArrayLike) -> float:
    """Return the rank correlation over what both know; NaN for a constant or fewer than three.

    Examples
    --------
    >>> round(spearman([1, 2, 3, 4], [1, 2, 4, 3]), 3)
    0.8
    """
    x, y = np.asarray(one, float), np.asarray(other, float)
    known = np.isfinite(x) & np.isfinite(y)
    x, y = scipy.stats.rankdata(x[known]), scipy.stats.rankdata(y[known])
    if x.size < 3 or np.ptp(x) == 0 or np.ptp(y) == 0:
        return float("nan")
    return float(np.corrcoef(x, y)[0, 1])


def jaccard_at_k(one: pd.Series, other: pd.Series, k: int) -> float:
    """Return the overlap of two top k's (0-1), units matched on the index.

    Parameters
    ----------
    one, other
        Scores by unit.
    k
        How many are chosen.

    Examples
    --------
    >>> a, b = pd.Series({"x": 3.0, "y": 2.0, "z": 1.0}), pd.Series({"x": 3.0, "y": 1.0, "z": 2.0})
    >>> round(jaccard_at_k(a, b, 2), 3)
    0.333
    """
    first, second = set(one.nlargest(k).index), set(other.nlargest(k).index)
    return len(first & second) / len(first | second) if first | second else float("nan")


def kendall(one: pd.Series, other: pd.Series) -> float:
    """Return Kendall's tau of two rankings over the units that both have."""
    both = pd.concat([one, other], axis=1, join="inner").dropna()
    if len(both) < 3:
        return float("nan")
    return float(scipy.stats.kendalltau(both.iloc[:, 0], both.iloc[:, 1]).statistic)


def deciles(predicted: ArrayLike, found: ArrayLike, groups: int = 10) -> pd.DataFrame:
    """Return the mean prediction and the mean outcome by group of rising prediction.

    Parameters
    ----------
    predicted
        Of each unit.
    found
        1 where something was found, else 0.
    groups
        How many groups of equal size.

    Examples
    --------
    >>> deciles([0.1, 0.1, 0.9, 0.9], [0, 0, 1, 1], groups=2)["found"].tolist()
    [0.0, 1.0]
    """
    table = pd.DataFrame({"predicted": np.asarray(predicted, float), "found": np.asarray(found, float)})
    place = table["predicted"].rank(method="first") - 1
    table["group"] = (place * min(groups, max(len(table), 1)) // max(len(table), 1)).astype(int) + 1
    return table.groupby("group").agg(predicted=("predicted", "mean"), found=("found", "mean"), n=("found", "size"))


def bootstrap(
    statistic: Callable[[NDArray[np.intp]], float], regions: ArrayLike, *, repeats: int = BOOTSTRAPS, seed: int = 1
) -> tuple[float, float, float]:
    """Return a statistic with its 90 % interval, drawing whole regions with replacement.

    Parameters
    ----------
    statistic
        Takes the rows to use, by place, and returns a number (NaN is passed over).
    regions
        The region of each row: rows of one region are not independent.
    repeats, seed
        Of the bootstrap.

    Examples
    --------
    >>> values = np.array([1.0, 2.0, 3.0])
    >>> middle, low, high = bootstrap(lambda rows: float(values[rows].mean()), ["a", "b", "c"])
    >>> middle, low < middle < high
    (2.0, True)
    """
    group, names = pd.factorize(pd.Series(np.asarray(regions, object)))
    rows_of = [np.flatnonzero(group == place) for place in range(len(names))]
    rng = np.random.default_rng(seed)
    if not rows_of:
        return (float("nan"),) * 3
    draws = [
        statistic(np.concatenate([rows_of[one] for one in rng.integers(0, len(rows_of), len(rows_of))]))
        for _ in range(repeats)
    ]
    known = np.array([draw for draw in draws if np.isfinite(draw)])
    middle = statistic(np.arange(len(group)))
    if not known.size:
        return middle, float("nan"), float("nan")
    low, high = np.quantile(known, _INTERVAL)
    return middle, float(low), float(high)
