"""What visits say: random ones of all sites, in totals, shares and expected finds; and each list of its own choice.

A plan is held against its outcome: what each list found, whether the choice was better than the lot, and an alarm.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd
import scipy
from numpy.typing import ArrayLike, NDArray

Array = NDArray[np.float64]

RANDOM_LISTS: Final = ("random", "random_unknown")
CALIBRATION_VISITS_N: Final = 100
"""Random visits with a known outcome before points may be called expected finds."""

_REBUILDS: Final = 400
_SEED: Final = 20201201
_OUTCOME_REBUILDS: Final = 2_000
_ALARM_P: Final = 0.05
_LEAST_PLANS_N: Final = 3


@dataclass(frozen=True)
class Share:
    """A share (0-1) of all sites with a find.

    Attributes
    ----------
    share, low, high
        The estimate and its 95 % interval; NaN without visits.
    visits_n
        Visits with a known outcome behind it.
    """

    share: float
    low: float
    high: float
    visits_n: int


def exact_interval(found: float, visits_n: float, certainty: float = 0.95) -> tuple[float, float]:
    """Return the Clopper-Pearson interval of a share; counts may be fractions (an effective sample).

    Parameters
    ----------
    found
        Visits with a find.
    visits_n
        All visits.
    certainty
        0-1.

    Examples
    --------
    >>> [tuple(round(float(x), 2) for x in exact_interval(0.1 * n, n)) for n in (50, 100, 200)]
    [(0.03, 0.22), (0.05, 0.18), (0.06, 0.15)]
    """
    if visits_n <= 0:
        return 0.0, 1.0
    tail = (1 - certainty) / 2
    low = 0.0 if found <= 0 else scipy.stats.beta.ppf(tail, found, visits_n - found + 1)
    high = 1.0 if found >= visits_n else scipy.stats.beta.ppf(1 - tail, found + 1, visits_n - found)
    return float(low), float(high)


def stratified_share(sample: pd.DataFrame) -> Share:
    """Return the share of all sites of a frame with a find, from a stratified draw.

    Parameters
    ----------
    sample
        One row per drawn site: stratum, stratum_n, and found (1, 0, or NaN where the outcome is not known;
        those are taken as drawn at random from their stratum).

    References
    ----------
    Weighted mean of the strata's shares with the finite population correction; the interval is
    Clopper-Pearson's at the effective sample size (Korn and Graubard 1998). A stratum with one visit lends
    its spread from the whole.
    """
    known = sample.dropna(subset=["found"])
    strata = known.groupby("stratum").agg(n=("found", "size"), total=("stratum_n", "first"), p=("found", "mean"))
    visits_n = len(known)
    if visits_n == 0:
        return Share(np.nan, np.nan, np.nan, 0)
    weight = (strata["total"] / strata["total"].sum()).to_numpy()
    n, total, p = (strata[column].to_numpy(float) for column in ("n", "total", "p"))
    share = float(weight @ p)
    spread = np.where(n > 1, p * (1 - p) / np.maximum(n - 1, 1), share * (1 - share))
    variance = float((weight**2 * (1 - n / total)) @ spread)
    if (n >= total).all():
        return Share(share, share, share, visits_n)
    effective = visits_n if variance <= 0 else share * (1 - share) / variance
    return Share(share, *exact_interval(share * effective, effective), visits_n)


def share_found(found: ArrayLike, probability: ArrayLike) -> Share:
    """Return the share of all sites with a find, from random visits of any number of draws.

    Each visit counts for 1 / probability sites (Horvitz-Thompson over Horvitz-Thompson, after Hajek);
    the interval is Clopper-Pearson's at Kish's effective number of visits.

    Parameters
    ----------
    found, probability
        Per random visit: 1, 0 or NaN (not known), and its chance to be drawn. Only random visits belong
        here: those chosen for their score say nothing of the rest.

    Examples
    --------
    >>> share_found([1, 0, 0, 0], [0.1] * 4).share
    0.25
    """
    seen, chance = np.asarray(found, float), np.asarray(probability, float)
    known = np.isfinite(seen) & (chance > 0)
    if not known.any():
        return Share(np.nan, np.nan, np.nan, 0)
    weight = 1 / chance[known]
    share = float(weight @ seen[known] / weight.sum())
    effective = float(weight.sum() ** 2 / (weight @ weight))
    return Share(share, *exact_interval(share * effective, effective), int(known.sum()))


@dataclass(frozen=True)
class Calibration:
    """The way from risk points to expected finds.

    Attributes
    ----------
    visits_n
        Random visits with a known outcome behind it.
    knots
        Risk points at which the curves are known.
    curve, rebuilt
        Chance of a find at the knots; the same for every bootstrap rebuild (rebuilds x knots).
    """

    visits_n: int
    knots: Array
    curve: Array
    rebuilt: Array

    def chance(self, points: ArrayLike) -> Array:
        """Return the chance of a find per site."""
        return np.asarray(np.interp(np.asarray(points, float), self.knots, self.curve))

    def expected_finds(self, points: ArrayLike) -> tuple[float, float, float]:
        """Return how many finds a set of visits may expect, with a 90 % interval."""
        at = np.asarray(points, float)
        sums = [float(np.interp(at, self.knots, curve).sum()) for curve in self.rebuilt]
        low, high = np.quantile(sums, [0.05, 0.95])
        return float(self.chance(at).sum()), float(low), float(high)


def calibrate(points: ArrayLike, found: ArrayLike, probability: ArrayLike) -> Calibration | None:
    """Learn from random visits how often a site with so many points has a find; None below 100 visits.

    Parameters
    ----------
    points, found, probability
        Per random visit: its points when it was drawn, 1 or 0 (NaN where not known), its chance to be drawn.

    References
    ----------
    Isotonic regression weighted by 1 / probability: more points never mean fewer expected finds.
    """
    x, y, chance = (np.asarray(values, float) for values in (points, found, probability))
    known = np.isfinite(x) & np.isfinite(y) & (chance > 0)
    x, y, weight = x[known], y[known], 1 / chance[known]
    if x.size < CALIBRATION_VISITS_N:
        return None
    knots = np.linspace(0, max(10.0, float(x.max())), 201)
    generator = np.random.Generator(np.random.PCG64(_SEED))
    rebuilt = []
    for _ in range(_REBUILDS):
        again = generator.integers(0, x.size, x.size)
        rebuilt.append(_isotonic(x[again], y[again], weight[again], knots))
    return Calibration(x.size, knots, _isotonic(x, y, weight, knots), np.array(rebuilt))


def _isotonic(x: Array, y: Array, weight: Array, knots: Array) -> Array:
    from sklearn.isotonic import IsotonicRegression  # noqa: PLC0415 - slow to load, for a calibration alone

    fitted = IsotonicRegression(y_min=0, y_max=1, out_of_bounds="clip").fit(x, y, weight)
    return np.asarray(fitted.predict(knots))


@dataclass(frozen=True)
class Lift:
    """How much more often chosen sites had a find than sites at large; 1 is no better than the lot.

    Attributes
    ----------
    lift, low, high
        The ratio and its 90 % bootstrap interval; NaN where nothing can be said.
    precision, k
        Precision at k: the share with a find among the k chosen visits whose outcome is known.
    precision_low, precision_high
        Its exact 95 % interval.
    base
        Share of all sites with a find, from the random visits.
    """

    lift: float
    low: float
    high: float
    precision: float
    k: int
    precision_low: float
    precision_high: float
    base: Share


def hits_by_list(visits: pd.DataFrame) -> pd.DataFrame:
    """Return per list how many visits were made, their known outcomes and finds, and the share with its interval.

    Parameters
    ----------
    visits
        list and found (1, 0, NaN), as `risk.targets.inputs.read_visits`; visits outside a list are left out.

    Returns
    -------
    DataFrame
        list, visits_n, known_n, found_n, share, low and high (95 %, exact); sorted by list.
    """
    rows = []
    for name, part in visits[visits["list"] != ""].groupby("list", sort=True):
        known = part["found"].dropna()
        low, high = exact_interval(float(known.sum()), len(known)) if len(known) else (np.nan, np.nan)
        share = float(known.mean()) if len(known) else np.nan
        rows.append((str(name), len(part), len(known), int(known.sum()), share, low, high))
    return pd.DataFrame(rows, columns=["list", "visits_n", "known_n", "found_n", "share", "low", "high"])


def lift(visits: pd.DataFrame) -> Lift:
    """Return how much better the chosen visits did than the random ones, weighted to all sites.

    Parameters
    ----------
    visits
        list, found and inclusion_probability. Only random visits tell how often sites at large have a find.
    """
    known = visits[visits["found"].notna()]
    is_random = known["list"].isin(RANDOM_LISTS) & (known["inclusion_probability"] > 0)
    chosen = known.loc[known["list"].isin(("risk", "rising")), "found"].to_numpy(float)
    found = known.loc[is_random, "found"].to_numpy(float)
    weight = 1 / known.loc[is_random, "inclusion_probability"].to_numpy(float)
    base = share_found(found, 1 / weight)
    precision = float(chosen.mean()) if chosen.size else np.nan
    exact = exact_interval(float(chosen.sum()), chosen.size) if chosen.size else (np.nan, np.nan)
    if not chosen.size or not found.size or base.share == 0:
        return Lift(np.nan, np.nan, np.nan, precision, chosen.size, *exact, base)
    generator = np.random.Generator(np.random.PCG64(_SEED))
    first = generator.integers(0, chosen.size, (_OUTCOME_REBUILDS, chosen.size))
    second = generator.integers(0, found.size, (_OUTCOME_REBUILDS, found.size))
    bases = (found[second] * weight[second]).sum(axis=1) / weight[second].sum(axis=1)
    ratios = np.divide(chosen[first].mean(axis=1), bases, out=np.full(_OUTCOME_REBUILDS, np.inf), where=bases > 0)
    low, high = np.quantile(ratios, [0.05, 0.95], method="higher")
    return Lift(precision / base.share, float(low), float(high), precision, chosen.size, *exact, base)


@dataclass(frozen=True)
class Alarm:
    """Whether plans go more and more where someone went before.

    Attributes
    ----------
    by_plan
        plan_id, chosen_n and share: of the chosen lines, the part at sites or in sectors of a gemeente that
        were visited before the plan.
    expected
        The same share among the lines drawn at random: how common it is without choosing.
    p
        Chance of so steep a rise if nothing changed (Cochran-Armitage, one-sided); NaN below three plans.
    is_raised
        The share rises and lies above that of the random lines.
    """

    by_plan: pd.DataFrame
    expected: float
    p: float
    is_raised: bool


def revisit_alarm(lines: pd.DataFrame) -> Alarm:
    """Raise an alarm when a rising share of the chosen visits is explained by past visits.

    Parameters
    ----------
    lines
        plan_id, list and was_visited (True where the site, or its sector in its gemeente, was visited before
        the plan). Plans are compared in the order of their names, which begin with the date.

    References
    ----------
    Armitage (1955), Biometrics 11:375: trend in proportions.
    """
    is_random = lines["list"].isin(RANDOM_LISTS)
    chosen = lines[lines["list"].isin(("risk", "rising"))]
    by_plan = chosen.groupby("plan_id", sort=True)["was_visited"].agg(chosen_n="size", share="mean").reset_index()
    expected = float(lines.loc[is_random, "was_visited"].mean()) if is_random.any() else np.nan
    if len(by_plan) < _LEAST_PLANS_N:
        return Alarm(by_plan, expected, np.nan, is_raised=False)
    n, share = by_plan["chosen_n"].to_numpy(float), by_plan["share"].to_numpy(float)
    p = _trend(n, n * share)
    above = share[-1] > (expected if np.isfinite(expected) else share[0])
    return Alarm(by_plan, expected, p, is_raised=bool(p < _ALARM_P and above))


def _trend(n: Array, hits: Array) -> float:
    """Return the one-sided p-value of a rising trend in proportions."""
    place = np.arange(n.size, dtype=float)
    whole, common = n.sum(), hits.sum() / n.sum()
    score = float(place @ (hits - n * common))
    variance = common * (1 - common) * float(place**2 @ n - (place @ n) ** 2 / whole)
    return 1.0 if variance <= 0 else float(scipy.stats.norm.sf(score / np.sqrt(variance)))


def past_visits(lines: pd.DataFrame, visits: pd.DataFrame, sites: pd.DataFrame) -> pd.DataFrame:
    """Return lines with ``was_visited``: the site, or its sector in its gemeente, was visited before the plan.

    Parameters
    ----------
    lines
        plan_id, list, site_id and date (of the plan).
    visits
        site_id and event_date.
    sites
        site_id, gemeente_code and sector_code.
    """
    about = sites.set_index("site_id")
    cell = (about["gemeente_code"] + ":" + about["sector_code"]).where(about["gemeente_code"] != "", about.index)
    first = (
        visits.assign(cell=visits["site_id"].map(cell).fillna(visits["site_id"])).groupby("cell")["event_date"].min()
    )
    seen = lines["site_id"].map(cell).fillna(lines["site_id"]).map(first)
    return lines.assign(was_visited=(seen < lines["date"]).fillna(value=False))
