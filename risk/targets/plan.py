"""The plan of visits: a random share drawn first, the best within the limits around it, and a reason for each.

Why a high scorer is not in it, and what a limit costs, is told by the same choice made again without that limit.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from risk.targets import draw as sampling
from risk.targets import limits as limit_rows
from risk.targets.estimates import Calibration
from risk.targets.request import Request
from risk.targets.select import ImpossibleError, Problem, Selection, could_enter, lots, select, solve

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]

CHANCE: Final = "p_first_"
GAIN: Final = "gain_"
"""Before the number of visits: the columns of the chance to be among the first so many of all sites."""

LISTS: Final = ("risk", "rising", "random", "random_unknown", "signal")
WEEKS_N: Final = 2
_EXPLAINED_PER_VISIT: Final = 2
_TIE_BY_SCORE: Final = 0.9  # of equal points the higher score goes first, then the lot


@dataclass(frozen=True)
class Plan:
    """A plan of visits with all that is needed to check it.

    Attributes
    ----------
    sites
        Every site of the frame: its points, its chance to be drawn, whether it is in and on which list.
    lines
        The sites that are in, by list and points.
    left_out
        site_id, points, limit and subject: the high scorers that are not in, and why.
    points_are
        ``risk_points`` (score x chance to be among the first of all sites) or ``expected_finds`` (calibrated on
        random visits).
    objective, gap
        The points of the lines that the optimiser chose; how far a better set could still lie (a share).
    problem, best
        What was optimised, for the price of a limit.
    """

    sites: pd.DataFrame
    lines: pd.DataFrame
    left_out: pd.DataFrame
    request: Request
    seed: int
    frame_sha256: str
    points_are: str
    objective: float
    gap: float
    problem: Problem
    best: Selection

    def price(self, limit: str, subject: str = "") -> float:
        """Return what a limit costs in points: the objective with it lifted less the objective with it."""
        return price(self.problem, self.best, (limit, subject))


def make_plan(
    frame: pd.DataFrame,
    request: Request,
    seed: int,
    peildatum: pd.Timestamp,
    *,
    calibration: Calibration | None = None,
    explain: bool = True,
) -> Plan:
    """Draw the random share, fill the rest with the best set within the limits, and say why.

    Parameters
    ----------
    frame
        Every site that can be visited, in any order: site_id, kind, sector_code, vr_code, employer_group,
        score_0_10 and p_top_k (NaN when not scored), the chances to be among the first so many of all sites
        (`CHANCE` and that number; without them p_top_k stands in), what finding out brings to them (`GAIN` and that
        number, NaN where nothing is to be found out), completeness_pct, rise_0_10 (NaN when not known),
        last_visit (NaT when never) and is_planned (in an approved plan).
    request, seed
        What is asked for; the seed is published with the plan.
    peildatum
        The date the interval between visits is counted to; the plan covers the two weeks after it.
    calibration
        Turns points into expected finds, when enough random visits are recorded.
    explain
        Also work out why high scorers are left out.

    Raises
    ------
    ImpossibleError
        No plan keeps all limits; the sentence names those that clash.
    """
    sites = frame.sort_values("site_id", ignore_index=True)
    sites = sites[~sites["site_id"].isin([mark.site_id for mark in request.excluded])].reset_index(drop=True)
    drawn = _draw_random(sites, request, seed)
    sites = pd.concat([sites, drawn], axis=1)
    sites["points"] = _points(sites, request.capacity, calibration)
    sites["finding_out_gain_0_10"] = _at(sites, GAIN, request.capacity)
    is_random = sites["is_drawn"].to_numpy(bool)
    sites = sites.drop(columns=[name for name in sites.columns if str(name).startswith((CHANCE, GAIN))])
    blocked = _blocked(sites, request, peildatum)
    is_open = ~is_random
    is_open[list(blocked)] = False
    tie = _TIE_BY_SCORE * sites["score_0_10"].fillna(0).to_numpy(float) / 10 + (1 - _TIE_BY_SCORE) * lots(
        sites["site_id"], seed
    )
    problem = Problem(
        sites["points"].to_numpy(float), tie, is_open, limit_rows.build_limits(sites, request, is_random, is_open)
    )
    try:
        best = select(problem)
    except ImpossibleError as error:
        raise ImpossibleError(limit_rows.clash_sentence(error.clashing), error.clashing) from error
    sites["list"] = _lists(sites, request, best.chosen)
    return Plan(
        sites,
        _lines(sites, request, peildatum),
        _left_out(sites, problem, best, blocked, request.capacity if explain else 0),
        request,
        seed,
        sampling.frame_sha256(sites["site_id"], sites["stratum"]),
        "risk_points" if calibration is None else "expected_finds",
        best.objective,
        best.gap,
        problem,
        best,
    )


def _draw_random(sites: pd.DataFrame, request: Request, seed: int) -> pd.DataFrame:
    strata = sampling.random_strata(sites, request.random_n, low_below_pct=request.low_completeness_pct)
    if request.random_n == 0:
        return sampling.draw(sites, strata, {}, seed)
    drawn_n = sampling.allocate(sampling.sizes_of(strata), request.random_n)
    return sampling.draw(sites, strata, drawn_n, seed)


def _at(sites: pd.DataFrame, prefix: str, capacity: int) -> Array:
    """Return what columns tell for a number of visits, whose names end on some numbers: between them it runs straight.

    NaN where there is no such column.
    """
    known = {int(name.removeprefix(prefix)): name for name in sites.columns if str(name).startswith(prefix)}
    if not known:
        return np.full(len(sites), np.nan)
    sizes = np.array(sorted(known))
    table = sites[[known[size] for size in sizes]].to_numpy(float)
    above = int(np.clip(np.searchsorted(sizes, capacity), 0, len(sizes) - 1))
    below = max(above - 1, 0)
    width = max(int(sizes[above] - sizes[below]), 1)
    share = float(np.clip((capacity - sizes[below]) / width, 0, 1)) if above else 1.0
    return np.asarray(table[:, below] * (1 - share) + table[:, above] * share)


def _points(sites: pd.DataFrame, capacity: int, calibration: Calibration | None) -> Array:
    """Return risk points: the score times the chance to be among the first of all; 0 for a site without score."""
    chance = _at(sites, CHANCE, capacity)
    if not any(str(name).startswith(CHANCE) for name in sites.columns):
        chance = sites["p_top_k"].to_numpy(float)
    points = np.nan_to_num(sites["score_0_10"].to_numpy(float) * np.nan_to_num(chance))
    return points if calibration is None else calibration.chance(points)


def _blocked(sites: pd.DataFrame, request: Request, peildatum: pd.Timestamp) -> dict[int, tuple[str, str]]:
    """Return which sites are closed by a limit of their own; a lock goes before it."""
    days = (peildatum - sites["last_visit"]).dt.days.to_numpy(float)
    locked = sites["site_id"].isin([mark.site_id for mark in request.locked]).to_numpy()
    free = locked | sites["is_drawn"].to_numpy(bool)
    recent = np.flatnonzero((days < request.revisit_days) & ~free)
    planned = np.flatnonzero(sites["is_planned"].to_numpy(bool) & ~free)
    ids = sites["site_id"]
    return {int(i): ("revisit", str(ids[i])) for i in recent} | {int(i): ("planned", str(ids[i])) for i in planned}


def _lists(sites: pd.DataFrame, request: Request, chosen: Mask) -> pd.Series:
    """Return the list of each site that is in, '' for the others."""
    named = pd.Series("", index=sites.index)
    named[chosen] = "risk"
    rises = sites["rise_0_10"].where(chosen & limit_rows.is_rising(sites)).dropna()
    fastest = rises.sort_values(ascending=False, kind="stable").index[: request.rising]
    named[fastest] = "rising"
    named[chosen & sites["site_id"].isin([mark.site_id for mark in request.locked])] = "signal"
    is_unknown = sites["stratum"].str.split("/").str[0] == sampling.UNKNOWN
    return named.mask(sites["is_drawn"] & is_unknown, "random_unknown").mask(sites["is_drawn"] & ~is_unknown, "random")


def _lines(sites: pd.DataFrame, request: Request, peildatum: pd.Timestamp) -> pd.DataFrame:
    lines = sites[sites["list"] != ""].copy()
    lines["partners"] = lines["kind"].map({kind: ";".join(visit.partners) for kind, visit in request.kinds.items()})
    lines["hours"] = lines["kind"].map({kind: visit.hours for kind, visit in request.kinds.items()})
    lines["days_since_visit"] = (peildatum - lines["last_visit"]).dt.days
    lines["place"] = lines["list"].map({name: place for place, name in enumerate(LISTS)})
    lines = lines.sort_values(["place", "points", "score_0_10", "site_id"], ascending=[True, False, False, True])
    lines["week"] = _weeks(lines, peildatum)
    return lines.drop(columns=["place", "is_drawn", "is_planned"]).reset_index(drop=True)


def _weeks(lines: pd.DataFrame, peildatum: pd.Timestamp) -> pd.Series:
    """Divide each region's lines over the two weeks after the peildatum, starting by turns."""
    regions = {code: turn for turn, code in enumerate(sorted(lines["vr_code"].unique()))}
    turn = lines.groupby("vr_code").cumcount() + lines["vr_code"].map(regions).astype(int)
    weeks = [(peildatum + pd.Timedelta(weeks=1 + ahead)).isocalendar() for ahead in range(WEEKS_N)]
    names = [f"{week.year}-W{week.week:02d}" for week in weeks]
    return (turn % WEEKS_N).map(dict(enumerate(names))).astype("str")


def _left_out(
    sites: pd.DataFrame, problem: Problem, best: Selection, blocked: dict[int, tuple[str, str]], capacity: int
) -> pd.DataFrame:
    order = np.lexsort((-problem.tie, -problem.points))
    highest = [int(i) for i in order[: _EXPLAINED_PER_VISIT * capacity] if sites["list"].iloc[i] == ""]
    reasons = why_left_out(problem, best, highest, blocked)
    return pd.DataFrame(
        {
            "site_id": sites["site_id"].to_numpy(object)[highest],
            "points": problem.points[highest],
            "limit": [reasons[place][0] for place in highest],
            "subject": [reasons[place][1] for place in highest],
        }
    ).astype({"site_id": "str", "limit": "str", "subject": "str"})


def prices(plan: Plan) -> pd.DataFrame:
    """Return what every quota, partner and rule of the request costs, dearest first: limit, subject, price."""
    names = dict.fromkeys(
        name for name in plan.problem.limits.names if name[0] not in ("capacity", "locked", "employer")
    )
    if plan.request.one_per_employer:
        names[("employer", "")] = None
    table = pd.DataFrame([(*name, plan.price(*name)) for name in names], columns=["limit", "subject", "price"])
    return table.sort_values(["price", "limit", "subject"], ascending=[False, True, True], ignore_index=True)


OUTSCORED: Final = ("outscored", "")
SEVERAL: Final = ("several", "")
_ROUNDING: Final = 1e-6


def price(problem: Problem, best: Selection, limit: tuple[str, str]) -> float:
    """Return what a limit costs: the points with it lifted less the points with it, 0 or more.

    Parameters
    ----------
    problem, best
        The problem and its `risk.targets.select.select`.
    limit
        Name and subject, such as ``("region_min", "VR07")``; an empty subject lifts every limit of that name.
    """
    without = solve(replace(problem, limits=problem.limits.without(_rows_of(problem, limit))))
    return 0.0 if without is None else max(0.0, without.objective - best.objective)


def why_left_out(
    problem: Problem, best: Selection, places: Iterable[int], blocked: Mapping[int, tuple[str, str]]
) -> dict[int, tuple[str, str]]:
    """Return for candidates that were not chosen the one limit whose lifting lets each in.

    Parameters
    ----------
    problem, best
        The problem and its `risk.targets.select.select`.
    places
        Candidates to explain; chosen ones are passed over.
    blocked
        Limit and subject for candidates that are closed by a limit of their own, such as the interval
        between visits.

    Returns
    -------
    dict
        Place -> (limit, subject). The subject is empty where what others are owed (a minimum for every
        region) keeps the candidate out. `SEVERAL` where only lifting more than one helps, `OUTSCORED`
        where nothing but more visits does. The budget itself (a limit that counts every candidate alike)
        is never the answer: a larger one lets in the next in line, whoever that is.
    """
    left_out = [int(place) for place in places if not best.chosen[place]]
    without: dict[tuple[str, str], Mask] = {}
    possible = could_enter(problem, best) if blocked else np.ones(problem.points.size, bool)
    reasons = {}
    for place in left_out:
        if place in blocked:
            if possible[place] and _enters_when_open(problem, place):
                reasons[place] = blocked[place]
            continue
        for limit in _in_the_way(problem, best, place):
            if limit not in without:
                lifted = solve(replace(problem, limits=problem.limits.without(_rows_of(problem, limit))))
                without[limit] = best.chosen if lifted is None else lifted.chosen
            if without[limit][place]:
                reasons[place] = limit
                break
    highest = _best_without_limits(problem, int(best.chosen.sum()))
    return {place: reasons.get(place, SEVERAL if place in highest else OUTSCORED) for place in left_out}


def _rows_of(problem: Problem, limit: tuple[str, str]) -> list[int]:
    name, subject = limit
    return [row for row, (n, s) in enumerate(problem.limits.names) if n == name and subject in ("", s)]


def _in_the_way(problem: Problem, best: Selection, place: int) -> list[tuple[str, str]]:
    """Return the limits that can keep a candidate out: its own that are full, then what others are owed."""
    limits, worth = problem.limits, problem.points[place]
    used = limits.matrix @ best.chosen.astype(float)
    coefficient = limits.matrix[:, [place]].toarray().ravel()
    members = np.diff(limits.matrix.indptr)
    is_full = (coefficient > 0) & (limits.high - used < coefficient - _ROUNDING)
    is_budget = (members == problem.points.size) & (coefficient == 1)
    own = [limits.names[row] for row in np.flatnonzero(is_full & ~is_budget)]
    owed = []
    for row in np.flatnonzero((coefficient == 0) & (limits.low > 0) & (used - limits.low < 1 - _ROUNDING)):
        inside = limits.matrix.indices[limits.matrix.indptr[row] : limits.matrix.indptr[row + 1]]
        taken = inside[best.chosen[inside]]
        if taken.size and problem.points[taken].min() < worth:
            owed.append((limits.names[row][0], ""))
    return own + sorted(set(owed))


def _enters_when_open(problem: Problem, place: int) -> bool:
    """Tell whether a closed candidate would be chosen if only it were open."""
    is_open = problem.is_open.copy()
    is_open[place] = True
    without = solve(replace(problem, is_open=is_open))
    return without is not None and bool(without.chosen[place])


def _best_without_limits(problem: Problem, visits_n: int) -> set[int]:
    """Return who would be in if nothing but the number of visits counted."""
    order = np.lexsort((-problem.tie, -problem.points))
    return set(order[:visits_n].tolist())
