"""A stratified sample on request, such as slaughterhouses below 100 fte in one region, and its outcomes."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

import geopandas as gpd
import numpy as np
import pandas as pd

from geodata.codes import SIZE_UNITS, VR_CODES
from geodata.errors import InputError
from risk.targets import draw as sampling

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
    sizes = sampling.sizes_of(strata)
    drawn = sampling.draw(frame, strata, sampling.allocate(sizes, wanted.draws_n, _least(sizes, wanted)), seed)
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
    part = frame["vr_code"].map(sampling.REGION_GROUP)
    deserved = {str(name): wanted.draws_n * int(n) // len(frame) for name, n in part.value_counts().items()}
    if len(deserved) < 2 or min(deserved.values()) < wanted.minimum:
        return _sizes(frame, wanted, wanted.draws_n)
    return pd.concat([f"{name}, " + _sizes(frame[part == name], wanted, n) for name, n in sorted(deserved.items())])


def _sizes(frame: pd.DataFrame, wanted: Wanted, draws_n: int) -> pd.Series:
    known = frame["size_n"].notna()
    strata = pd.Series("size unknown", index=frame.index)
    if known.any():
        below = wanted.size_below or np.inf
        strata[known] = sampling.size_strata(frame[known], draws_n, wanted.minimum, below)
    return strata


def _least(sizes: dict[str, int], wanted: Wanted) -> int:
    """Return the minimum per stratum, lowered where so many strata cannot all have it."""
    return max(1, min(wanted.minimum, wanted.draws_n // len(sizes)))


def tell(drawn: Drawn) -> list[str]:
    """Return in sentences how the sample was drawn and how much it can show."""
    lines = [f"{row.stratum}: {row.drawn_n} of {row.stratum_n}" for row in drawn.strata.itertuples()]
    units = {unit for unit in drawn.table["size_unit"] if unit in SIZE_UNITS}
    lines[0] += f" (size in {', '.join(sorted(units))})"
    seen = sampling.chance_to_see(drawn.frame_n, 0.10, len(drawn.table))
    needed = ", ".join(f"{share:.0%}: {sampling.how_many_needed(drawn.frame_n, share)}" for share in _SHARES)
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
