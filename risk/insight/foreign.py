"""Any published index, run through the functions of our own: a plain matrix and a tree.

What proves our arithmetic is that it gives back what others published: the Technology Achievement Index, CDC's
Social Vulnerability Index, ASEM's Sustainable Connectivity. And an outside index can stand beside ours as a yardstick.
"""

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final, Literal

import numpy as np
import pandas as pd
import scipy
from numpy.typing import NDArray

from geodata.errors import ModelError
from risk.index.normalise import goalposts, percentile_rank, z_score

Array = NDArray[np.float64]
Joining = Literal["arithmetic", "geometric", "sum"]
Scaling = Literal["goalposts", "min_max", "percentile", "none"]

_JOININGS: Final = ("arithmetic", "geometric", "sum")
_SCALINGS: Final = ("goalposts", "min_max", "percentile", "none")
_FLOOR: Final = 0.01  # of a geometric mean, on 0-10: a zero somewhere does not make the whole a zero
_WAYS: Final = ("goalposts", "percentile", "z")


@dataclass(frozen=True)
class Leaf:
    """An indicator: a column of the matrix.

    Attributes
    ----------
    weight
        Among its siblings; only proportions count.
    direction
        1 when more is higher on the index, -1 when less is.
    scaling
        ``goalposts`` (between `low` and `high`), ``min_max`` (between the column's own), ``percentile``, or
        ``none`` (it is on 0-10 already).
    decimals
        Digits that the scaled value is rounded to before it is joined, as some publishers do; -1 is not at all.
    """

    code: str
    weight: float = 1.0
    direction: int = 1
    scaling: Scaling = "min_max"
    low: float = float("nan")
    high: float = float("nan")
    is_log: bool = False
    decimals: int = -1


@dataclass(frozen=True)
class Node:
    """A part of the tree: its children joined.

    Attributes
    ----------
    joining
        ``arithmetic`` or ``geometric`` mean by weight, or ``sum``.
    is_ranked
        What is told of it is its percentile rank (0-10); its parent still takes what was joined.
    minimum_present
        Share of the children's weight that must be known; below it the unit has no value here.
    """

    code: str
    children: tuple["Node | Leaf", ...]
    weight: float = 1.0
    joining: Joining = "arithmetic"
    is_ranked: bool = False
    minimum_present: float = 0.6


def read_tree(path: Path) -> Node:
    """Return the tree that a TOML file declares: ``code``, ``joining`` and ``children``, each again such a table.

    A child with ``children`` of its own is a part; one without is an indicator with ``direction``, ``weight``,
    ``scaling``, ``low``, ``high`` and ``is_log``.

    Raises
    ------
    ModelError
        The file cannot be read, or an entry is unknown or wrong.
    """
    try:
        content = tomllib.loads(path.read_text("utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ModelError(f"{path.name} is no tree of an index ({error}); correct the file.") from error
    tree = _built(content, path.name)
    if not isinstance(tree, Node):
        raise ModelError(f"{path.name} declares no children; give the parts of the index.")
    codes = [one.code for one in _parts(tree)]
    doubles = sorted({code for code in codes if codes.count(code) > 1})
    if doubles:
        raise ModelError(f"{path.name} names {doubles[0]} twice; give each part and indicator a code of its own.")
    return tree


def _built(content: Mapping[str, Any], name: str) -> "Node | Leaf":
    entries = dict(content)
    children = entries.pop("children", None)
    kind = Leaf if children is None else Node
    unknown = sorted(set(entries) - set(kind.__dataclass_fields__))
    if unknown or not isinstance(entries.get("code"), str):
        raise ModelError(f"{name} has an entry {unknown[0] if unknown else 'without a code'!r}; correct it.")
    if entries.get("joining", "sum") not in _JOININGS or entries.get("scaling", "none") not in _SCALINGS:
        raise ModelError(
            f"In {name}, {entries['code']} is joined or scaled in an unknown way; joining is one of"
            f" {', '.join(_JOININGS)}, scaling one of {', '.join(_SCALINGS)}."
        )
    if children is None:
        return Leaf(**entries)
    return Node(children=tuple(_built(child, name) for child in children), **entries)


def index_of(values: pd.DataFrame, tree: Node) -> pd.DataFrame:
    """Return every part of an index on 0-10, a column per indicator and part, the whole last.

    Parameters
    ----------
    values
        Units x indicators, each in its own unit; NaN is missing.
    tree
        The index.

    Raises
    ------
    ModelError
        An indicator of the tree is no column, or its goalposts do not rise.

    Examples
    --------
    >>> tree = Node("whole", (Leaf("a", low=0, high=10, scaling="goalposts"), Leaf("b", direction=-1)))
    >>> index_of(pd.DataFrame({"a": [2.0, 8.0], "b": [1.0, 3.0]}), tree)["whole"].tolist()
    [6.0, 4.0]
    """
    lacking = [leaf.code for leaf in _leaves(tree) if leaf.code not in values.columns]
    if lacking:
        raise ModelError(f"The matrix has no column {lacking[0]}; add it, or leave it out of the tree.")
    scaled = {leaf.code: _scaled(values[leaf.code].to_numpy(float), leaf) for leaf in _leaves(tree)}
    told = dict(scaled)
    _join(tree, scaled, told)
    return pd.DataFrame(told, index=values.index)


def rank_intervals(
    values: pd.DataFrame, tree: Node, *, repeats: int = 1_000, seed: int = 1, concentration: float = 20.0
) -> pd.DataFrame:
    """Return the place of every unit with its 90 % interval under other weights, scalings and joinings.

    Parameters
    ----------
    values, tree
        As of `index_of`.
    repeats, seed
        Of the rebuilds: each draws weights among siblings (Dirichlet around the declared ones), one of three
        scalings for all indicators, and arithmetic or geometric means throughout.
    concentration
        How closely drawn weights keep to the declared ones; larger is closer.

    Returns
    -------
    DataFrame
        value_0_10, rank (1 is the highest), rank_p05, rank_p95 on the index of `values`.
    """
    rng = np.random.default_rng(seed)
    whole = index_of(values, tree)[tree.code].to_numpy(float)
    known = np.isfinite(whole)
    columns = {way: {leaf.code: _rescaled(values, leaf, way) for leaf in _leaves(tree)} for way in _WAYS}
    ranks = np.full((repeats, len(values)), np.nan)
    for turn in range(repeats):
        drawn = _drawn(tree, rng, concentration, "geometric" if rng.random() < 0.5 else "arithmetic")
        joined = _join(drawn, columns[_WAYS[rng.integers(len(_WAYS))]], {})
        ranks[turn, known] = scipy.stats.rankdata(-joined[known], method="min")
    low, high = (np.quantile(ranks[:, known], share, axis=0) for share in (0.05, 0.95))
    table = pd.DataFrame({"value_0_10": whole}, index=values.index).assign(
        rank=np.nan, rank_p05=np.nan, rank_p95=np.nan
    )
    table.loc[known, "rank"] = scipy.stats.rankdata(-whole[known], method="min")
    table.loc[known, "rank_p05"], table.loc[known, "rank_p95"] = low, high
    return table


def _parts(tree: "Node | Leaf") -> Iterator["Node | Leaf"]:
    yield tree
    for child in tree.children if isinstance(tree, Node) else ():
        yield from _parts(child)


def _leaves(tree: Node) -> list[Leaf]:
    return [one for one in _parts(tree) if isinstance(one, Leaf)]


def _scaled(column: Array, leaf: Leaf) -> Array:
    found = _on_scale(column, leaf)
    return found if leaf.decimals < 0 else np.round(found, leaf.decimals)


def _on_scale(column: Array, leaf: Leaf) -> Array:
    if leaf.scaling == "none":
        return column
    if leaf.scaling == "percentile":
        return _percentile(column, leaf.direction)
    low, high = (leaf.low, leaf.high) if leaf.scaling == "goalposts" else _ends(column)
    if leaf.scaling == "min_max" and not low < high:  # a constant says nothing
        return np.where(np.isfinite(column), 5.0, np.nan)
    return np.asarray(goalposts(column, low, high, direction=leaf.direction, is_log=leaf.is_log), float)


def _percentile(column: Array, direction: int) -> Array:
    share = np.asarray(percentile_rank(column), float)
    return 10 * (share if direction > 0 else 1 - share)


def _ends(column: Array) -> tuple[float, float]:
    known = column[np.isfinite(column)]
    return (float(known.min()), float(known.max())) if known.size else (0.0, 0.0)


def _rescaled(values: pd.DataFrame, leaf: Leaf, way: str) -> Array:
    column = values[leaf.code].to_numpy(float)
    if way == "percentile":
        return _percentile(column, leaf.direction)
    if way == "z":
        return np.asarray(10 * scipy.stats.norm.cdf(leaf.direction * np.asarray(z_score(column), float)))
    return _scaled(column, leaf)


def _join(node: Node, scaled: Mapping[str, Array], told: dict[str, Array]) -> Array:
    """Return a node's joined values, and leave what is told of it and of its parts in `told`."""
    columns = [scaled[one.code] if isinstance(one, Leaf) else _join(one, scaled, told) for one in node.children]
    matrix, weight = np.column_stack(columns), np.array([one.weight for one in node.children])
    present = np.isfinite(matrix)
    total = (present * weight).sum(axis=1)
    enough = total >= node.minimum_present * weight.sum() - 1e-9
    filled = np.where(present, matrix, 0.0)
    if node.joining == "sum":
        joined = (filled * weight).sum(axis=1)
    else:
        if node.joining == "geometric":
            filled = np.where(present, np.log(np.maximum(matrix, _FLOOR, where=present, out=np.ones_like(matrix))), 0.0)
        joined = (filled * weight).sum(axis=1) / np.where(total > 0, total, 1)
        joined = np.exp(joined) if node.joining == "geometric" else joined
    joined = np.where(enough & (total > 0), joined, np.nan)
    ranked = 10 * percentile_rank(np.round(joined, 9)) if node.is_ranked else joined
    told[node.code] = np.asarray(ranked, float)
    return joined


def _drawn(node: Node, rng: np.random.Generator, concentration: float, joining: Joining) -> Node:
    """Return the tree with weights drawn around the declared ones, joined in another way where it is a mean."""
    declared = np.array([one.weight for one in node.children])
    shares = rng.dirichlet(np.maximum(declared / declared.sum() * concentration, 1e-3))
    children = tuple(
        replace(child if isinstance(child, Leaf) else _drawn(child, rng, concentration, joining), weight=float(share))
        for child, share in zip(node.children, shares, strict=True)
    )
    return replace(node, children=children, joining="sum" if node.joining == "sum" else joining, is_ranked=False)
