"""Draw sites at random with a known chance: strata, how many from each, and a draw anyone can redo.

Also as a stratified sample on request, such as slaughterhouses below 100 fte in one region, and its outcomes.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import geopandas as gpd
import numpy as np
import pandas as pd
import scipy
from numpy.typing import NDArray

from geodata.codes import SIZE_UNITS, VR_CODES
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
_FOUND: Final = {"yes": 1.0, "ja": 1.0, "1": 1.0, "no": 0.0, "nee": 0.0, "0": 0.0, "": np.nan, "unknown": np.nan}
_COLUMNS: Final = (
    "site_id",
    "vr_code",
    "kind",
    "name",
    "gemeente_code",
    "size_n",
    "size_unit",
    "stratum",
    "stratum_n",
    "drawn_n",
    "inclusion_probability",
    "seed",
    "frame_sha256",
)
_SHARES: Final = (0.05, 0.10, 0.25)


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


@dataclass(frozen=True)
class Wanted:
    """Which sites, and how many of them.

    Attributes
    ----------
    size_from, size_below
        Bounds of the size in the kind's own unit; None without.
    minimum
        The fewest per stratum.
    """

    kind: str
    vr_codes: tuple[str, ...]
    size_from: float | None
    size_below: float | None
    draws_n: int
    minimum: int = 2


@dataclass(frozen=True)
class Drawn:
    """A sample with what is needed to redo and to judge it.

    Attributes
    ----------
    table
        The drawn sites, with stratum, chance, seed and fingerprint of the list.
    frame_n
        Sites in the list.
    unknown_size_n, problem_n
        Sites that would belong in the list but are not: size not known, or something wrong with them.
    """

    table: gpd.GeoDataFrame
    strata: pd.DataFrame
    frame_n: int
    unknown_size_n: int
    problem_n: int


def checked_seed(seed: int) -> int:
    """Return a seed that can be published.

    Raises
    ------
    InputError
        It is negative or longer than a date and a bit.
    """
    if not 0 <= seed < 2**63:
        raise InputError(f"Seed {seed} cannot be used; give a whole number from 0, such as the date 20201201.")
    return seed


def draw_sample(sites: gpd.GeoDataFrame, problems: pd.DataFrame, wanted: Wanted, seed: int) -> Drawn:
    """Draw a sample, stratified by size class within the regions asked for.

    Parameters
    ----------
    sites
        Contract ``sites``.
    problems
        From `risk.targets.checks.find_problems`; those sites cannot be drawn.
    wanted, seed
        What is asked for; the seed is published.

    Raises
    ------
    InputError
        A region does not exist, a number is out of bounds, or no site answers the question.
    """
    if unknown := sorted(set(wanted.vr_codes) - set(VR_CODES)):
        raise InputError(f"Veiligheidsregio {unknown[0]!r} does not exist; write VR01 to VR25.")
    if wanted.draws_n < 1 or wanted.minimum < 1:
        raise InputError("The sample needs at least one site and a minimum of at least one; correct --n or --minimum.")
    checked_seed(seed)
    asked = sites[(sites["kind"] == wanted.kind) & (sites["country"] == "NL")]
    if wanted.vr_codes:
        asked = asked[asked["vr_code"].isin(wanted.vr_codes)]
    is_wrong = asked["site_id"].isin(problems["site_id"])
    frame = asked[~is_wrong]
    bounded = wanted.size_from is not None or wanted.size_below is not None
    unknown_size = frame["size_n"].isna()
    low = -np.inf if wanted.size_from is None else wanted.size_from
    high = np.inf if wanted.size_below is None else wanted.size_below
    if bounded:
        frame = frame[(frame["size_n"] >= low) & (frame["size_n"] < high)]
    if frame.empty:
        raise InputError("No site answers this question; widen the size, the kind or the regions.")
    frame = frame.reset_index(drop=True)
    strata = _strata(frame, wanted).reindex(frame.index)
    sizes = sizes_of(strata)
    drawn = draw(frame, strata, allocate(sizes, wanted.draws_n, _least(sizes, wanted)), seed)
    chosen = gpd.GeoDataFrame(frame.join(drawn)[drawn["is_drawn"]]).sort_values(["stratum", "site_id"])
    return Drawn(
        chosen[[*_COLUMNS, "geometry"]].reset_index(drop=True).assign(found=""),
        drawn.groupby("stratum")[["stratum_n", "drawn_n"]].first().reset_index(),
        len(frame),
        int(unknown_size.sum()) if bounded else 0,
        int(is_wrong.sum()),
    )


def _strata(frame: pd.DataFrame, wanted: Wanted) -> pd.Series:
    """Divide by part of the country where every part deserves the minimum, and by size class within."""
    part = frame["vr_code"].map(REGION_GROUP)
    deserved = {str(name): wanted.draws_n * int(n) // len(frame) for name, n in part.value_counts().items()}
    if len(deserved) < 2 or min(deserved.values()) < wanted.minimum:
        return _sizes(frame, wanted, wanted.draws_n)
    return pd.concat([f"{name}, " + _sizes(frame[part == name], wanted, n) for name, n in sorted(deserved.items())])


def _sizes(frame: pd.DataFrame, wanted: Wanted, draws_n: int) -> pd.Series:
    known = frame["size_n"].notna()
    strata = pd.Series("size unknown", index=frame.index)
    if known.any():
        below = wanted.size_below or np.inf
        strata[known] = size_strata(frame[known], draws_n, wanted.minimum, below)
    return strata


def _least(sizes: dict[str, int], wanted: Wanted) -> int:
    """Return the minimum per stratum, lowered where so many strata cannot all have it."""
    return max(1, min(wanted.minimum, wanted.draws_n // len(sizes)))


def tell(drawn: Drawn) -> list[str]:
    """Return in sentences how the sample was drawn and how much it can show."""
    lines = [f"{row.stratum}: {row.drawn_n} of {row.stratum_n}" for row in drawn.strata.itertuples()]
    units = {unit for unit in drawn.table["size_unit"] if unit in SIZE_UNITS}
    lines[0] += f" (size in {', '.join(sorted(units))})"
    seen = chance_to_see(drawn.frame_n, 0.10, len(drawn.table))
    needed = ", ".join(f"{share:.0%}: {how_many_needed(drawn.frame_n, share)}" for share in _SHARES)
    lines.append(f"if one in ten has a find, the chance that this sample shows at least one is {seen:.0%}")
    lines.append(f"needed to see at least one with 95 % certainty, by share of sites with a find: {needed}")
    if drawn.unknown_size_n:
        lines.append(f"{drawn.unknown_size_n} sites of unknown size are not in the list; find out first")
    if drawn.problem_n:
        lines.append(f"{drawn.problem_n} sites are kept out until resolved; see python -m risk problems")
    lines.append(f"seed {drawn.table['seed'].iloc[0]}, list {drawn.table['frame_sha256'].iloc[0]}")
    return lines


def read_outcomes(path: Path) -> pd.DataFrame:
    """Return a sample's file with its outcomes filled in: stratum, stratum_n and found (1, 0, NaN).

    Raises
    ------
    InputError
        The file cannot be read, is no sample, or an outcome is neither yes nor no.
    """
    try:
        table = pd.read_csv(path, dtype=str, keep_default_na=False)
    except (OSError, UnicodeDecodeError, pd.errors.ParserError, pd.errors.EmptyDataError) as error:
        raise InputError(f"The sample {path} cannot be read as CSV; check its name and ending.") from error
    if missing := [name for name in ("stratum", "stratum_n", "found") if name not in table.columns]:
        raise InputError(f"{path.name} has no column {missing[0]!r}; give the file that the command sample wrote.")
    found = table["found"].str.strip().str.lower()
    if (strange := ~found.isin(list(_FOUND))).any():
        row = int(np.flatnonzero(strange)[0])
        raise InputError(f"{path.name}, row {row + 2}: found is {found[row]!r}; write yes, no or nothing.")
    totals = pd.to_numeric(table["stratum_n"], errors="coerce")
    if totals.isna().any() or (totals < 1).any():
        raise InputError(f"{path.name}: the column stratum_n holds something that is no number; restore the file.")
    return pd.DataFrame({"stratum": table["stratum"], "stratum_n": totals, "found": found.map(_FOUND)})
