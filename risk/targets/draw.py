"""Draw sites at random with a known chance: strata, how many from each, and a draw anyone can redo."""

import hashlib
from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np
import pandas as pd
import scipy
from numpy.typing import NDArray

from geodata.codes import VR_CODES
from geodata.errors import InputError

_NORTH: Final = ("VR01", "VR02", "VR03")
_EAST: Final = ("VR04", "VR05", "VR06", "VR07", "VR08", "VR25")
_SOUTH: Final = ("VR20", "VR21", "VR22", "VR23", "VR24")
REGION_GROUP: Final = {
    code: "north" if code in _NORTH else "east" if code in _EAST else "south" if code in _SOUTH else "west"
    for code in VR_CODES
}
"""The four parts of the country, as CBS divides it."""

UNKNOWN: Final = "unknown"
"""First word of the strata of sites we know little of."""

SIZE_BREAKS: Final = (10.0, 50.0, 100.0, 250.0, 500.0)
_REST: Final = "other"
_LEAST_UNKNOWN_N: Final = 10  # fewer sites than these are no stratum worth a draw of its own


def random_strata(frame: pd.DataFrame, draws_n: int, *, low_below_pct: float) -> pd.Series:
    """Divide a frame by completeness, kind of site and part of the country, as far as the draws reach.

    Every stratum deserves at least one draw in proportion to its sites, so that every site has a chance.
    What is too small to stand alone is pooled, first parts of the country, then kinds. Sites we know
    little of stay apart, and get at least one draw.

    Parameters
    ----------
    frame
        site_id, kind, vr_code and completeness_pct.
    draws_n
        How many are to be drawn.
    low_below_pct
        Below this completeness we know little of a site.

    Returns
    -------
    Series
        The stratum of each row, such as ``greenhouse/west``, ``other`` or ``unknown``.
    """
    is_low = frame["completeness_pct"] < low_below_pct
    if draws_n < 2 or is_low.sum() < _LEAST_UNKNOWN_N or (~is_low).sum() < _LEAST_UNKNOWN_N:
        is_low = pd.Series(data=False, index=frame.index)
    deserved = draws_n / max(len(frame), 1)
    parts = []
    for is_unknown, group in frame.groupby(is_low, sort=True):
        if group.empty:
            continue
        kind = _pooled(group["kind"], deserved)
        part = group.groupby(kind)["vr_code"].transform(lambda codes: _pooled(codes.map(REGION_GROUP), deserved))
        name = (UNKNOWN + "/" if is_unknown else "") + kind + "/" + part
        name = name.str.replace("//", "/").str.strip("/")
        parts.append(name.where(name != "", "all"))
    return pd.concat(parts).reindex(frame.index) if parts else pd.Series([], dtype="str")


def _pooled(values: pd.Series, deserved: float) -> pd.Series:
    """Return the values where each occurs often enough to deserve a draw, and ``other`` for the rest.

    A rest that deserves no draw itself goes to the rarest value that does; with fewer than two groups the
    result is '' for all: no division.
    """
    counts = {str(value): int(n) for value, n in values.value_counts().items()}
    alone = [value for value, n in counts.items() if n * deserved >= 1]
    rest_n = sum(n for value, n in counts.items() if value not in alone)
    if rest_n and rest_n * deserved < 1 and alone:
        alone.remove(min(alone, key=lambda value: (counts[value], value)))
    if len(alone) + bool(rest_n) < 2:
        return pd.Series("", index=values.index)
    return values.where(values.isin(alone), _REST)


def size_strata(frame: pd.DataFrame, draws_n: int, minimum: int, below: float = np.inf) -> pd.Series:
    """Divide a frame by size class (below 10, 10-49, 50-99, ...), neighbours joined where a class is too small.

    Parameters
    ----------
    frame
        size_n, known for every row.
    draws_n, minimum
        How many are drawn, and the fewest per stratum: no more strata than ``draws_n / minimum``.
    below
        The size that all are below; names the largest class.
    """
    edges = [edge for edge in SIZE_BREAKS if frame["size_n"].min() < edge <= frame["size_n"].max()]
    while True:
        place = np.searchsorted(edges, frame["size_n"].to_numpy(float), side="right")
        counts = np.bincount(place, minlength=len(edges) + 1)
        too_many = len(counts) * minimum > max(draws_n, minimum)
        if not edges or (counts.min() >= minimum and not too_many):
            break
        smallest = int(counts.argmin())
        left_n = counts[smallest - 1] if smallest > 0 else np.inf
        right_n = counts[smallest + 1] if smallest < len(edges) else np.inf
        edges.pop(smallest - 1 if left_n <= right_n else smallest)
    bounds = [0.0, *edges, below]
    return pd.Series([_size_name(bounds[i], bounds[i + 1]) for i in place], index=frame.index, dtype="str")


def _size_name(low: float, high: float) -> str:
    if high == np.inf:
        return f"from {low:.0f}" if low else "all sizes"
    return f"{low:.0f}-{high - 1:.0f}"


def allocate(sizes: Mapping[str, int], draws_n: int, minimum: int = 1) -> dict[str, int]:
    """Return how many to draw from each stratum: in proportion, at least the minimum, never more than it has.

    What proportion leaves over goes to the largest remainders.

    Parameters
    ----------
    sizes
        Sites per stratum.
    draws_n
        How many in all.
    minimum
        Of each stratum.

    Raises
    ------
    InputError
        The minimums ask for more than is drawn.

    Examples
    --------
    >>> allocate({"small": 10, "middle": 70, "large": 20}, 10)
    {'small': 1, 'middle': 7, 'large': 2}
    >>> allocate({"small": 1, "middle": 11, "large": 4}, 8, minimum=2)
    {'small': 1, 'middle': 5, 'large': 2}
    """
    floor = {name: min(minimum, n) for name, n in sizes.items()}
    draws_n = min(draws_n, sum(sizes.values()))
    if sum(floor.values()) > draws_n:
        raise InputError(
            f"{len(sizes)} strata with at least {minimum} each ask for {sum(floor.values())} draws, and there are"
            f" {draws_n}; draw more or lower the minimum."
        )
    total = max(sum(sizes.values()), 1)
    share = {name: draws_n * n / total for name, n in sizes.items()}
    drawn = dict(floor)
    for _ in range(draws_n - sum(floor.values())):
        open_ones = [name for name, n in sizes.items() if drawn[name] < n]
        drawn[max(open_ones, key=lambda name: (share[name] - drawn[name], name))] += 1
    return drawn


def sizes_of(strata: pd.Series) -> dict[str, int]:
    """Return how many sites each stratum has, in order of name."""
    return {str(name): int(n) for name, n in strata.value_counts().sort_index().items()}


def frame_sha256(site_ids: pd.Series, strata: pd.Series) -> str:
    """Return the fingerprint of a frame: who could be drawn, and from which stratum."""
    lines = sorted(f"{site}|{stratum}" for site, stratum in zip(site_ids, strata, strict=True))
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def draw(frame: pd.DataFrame, strata: pd.Series, drawn_n: Mapping[str, int], seed: int) -> pd.DataFrame:
    """Draw from every stratum without replacement; the same list and seed give the same draw.

    Parameters
    ----------
    frame
        site_id, one row per site; the order of the rows does not matter.
    strata, drawn_n
        The stratum of each row, and how many to draw from each.
    seed
        Published with the draw; the fingerprint of the frame is mixed in, so that nobody can look for a
        seed before the list is fixed.

    Returns
    -------
    DataFrame
        On the frame's index: stratum, stratum_n (sites in it), drawn_n, inclusion_probability (drawn_n /
        stratum_n, for every site, drawn or not), is_drawn, seed and frame_sha256.
    """
    sha256 = frame_sha256(frame["site_id"], strata)
    is_drawn = draw_mask(
        frame["site_id"].to_numpy(object), strata.to_numpy(object), drawn_n, [seed, int(sha256[:16], 16)]
    )
    stratum_n = strata.map(strata.value_counts()).astype(int)
    taken_n = strata.map(dict(drawn_n)).fillna(0).astype(int)
    return pd.DataFrame(
        {
            "stratum": strata,
            "stratum_n": stratum_n,
            "drawn_n": taken_n,
            "inclusion_probability": taken_n / stratum_n,
            "is_drawn": is_drawn,
            "seed": seed,
            "frame_sha256": sha256,
        },
        index=frame.index,
    )


def draw_mask(
    site_ids: NDArray[np.object_], strata: NDArray[np.object_], drawn_n: Mapping[str, int], seed: Sequence[int]
) -> NDArray[np.bool_]:
    """Return which sites are drawn: stratum by stratum in order of name, among its sites in order of id.

    Parameters
    ----------
    site_ids
        Of the frame.
    strata
        Stratum of each site.
    drawn_n
        How many of each stratum.
    seed
        Of the random numbers, one or more.
    """
    generator = np.random.Generator(np.random.PCG64(list(seed)))
    order = np.argsort(site_ids)
    is_drawn = np.zeros(site_ids.size, bool)
    for name in sorted(drawn_n):
        members = order[strata[order] == name]
        is_drawn[generator.choice(members, drawn_n[name], replace=False)] = True
    return is_drawn


def how_many_needed(frame_n: int, share: float, certainty: float = 0.95) -> int:
    """Return how many to draw to see at least one find with some certainty, if a share of the sites has one.

    Parameters
    ----------
    frame_n
        Sites in the frame.
    share
        Of the sites with a find (0-1).
    certainty
        0-1.

    References
    ----------
    Hypergeometric: the chance to draw none of the round(share x N) sites.

    Examples
    --------
    >>> [how_many_needed(n, p) for n, p in ((100, 0.10), (250, 0.10), (500, 0.05), (1000, 0.05))]
    [25, 27, 56, 57]
    """
    for draws_n in range(frame_n + 1):
        if chance_to_see(frame_n, share, draws_n) >= certainty:
            return draws_n
    return frame_n


def chance_to_see(frame_n: int, share: float, draws_n: int) -> float:
    """Return the chance that a draw holds at least one of the sites with a find (at least one site has it).

    Parameters
    ----------
    frame_n
        Sites in the frame.
    share
        Of the sites with a find (0-1).
    draws_n
        How many are drawn.

    Examples
    --------
    >>> round(chance_to_see(16, 0.10, 8), 3)
    0.767
    """
    finds_n = max(1, round(share * frame_n))
    return float(1 - scipy.stats.hypergeom.pmf(0, frame_n, finds_n, min(draws_n, frame_n)))
