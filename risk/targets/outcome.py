"""Plan against outcome: what each list found, whether the choice was better than the lot, and an alarm."""

from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd
import scipy
from numpy.typing import NDArray

from risk.targets.estimates import Share, exact_interval, share_found
from risk.targets.inputs import RANDOM_LISTS

Array = NDArray[np.float64]

_REBUILDS: Final = 2_000
_SEED: Final = 20201201
_ALARM_P: Final = 0.05
_LEAST_PLANS_N: Final = 3


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
    first = generator.integers(0, chosen.size, (_REBUILDS, chosen.size))
    second = generator.integers(0, found.size, (_REBUILDS, found.size))
    bases = (found[second] * weight[second]).sum(axis=1) / weight[second].sum(axis=1)
    ratios = np.divide(chosen[first].mean(axis=1), bases, out=np.full(_REBUILDS, np.inf), where=bases > 0)
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
