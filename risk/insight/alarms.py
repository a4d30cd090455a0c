"""Alarms: gemeenten with more infections in a week than their own past and the national wave explain.

One place at a time: what is expected follows from the gemeente's own weeks before and from how the whole country
changed since, so that neither a large town nor a national wave raises an alarm. Neighbours together are searched
by a scan. Alarms are context for the reader: they never enter a score, and never are an activation by themselves.

Not built, and why: EARS cannot tell an outbreak from a national wave (its C2 flags as many gemeenten without any
outbreak), and Farrington's method needs three years of weeks, which no table here has.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pandas as pd
import scipy
from numpy.typing import NDArray

from door.readiness import ALARM_WEEKS
from geodata import contracts, weeks
from geodata.errors import InputError
from risk.insight.detection import Cluster, space_time_scan
from words import Texts

Array = NDArray[np.float64]

LISTED_N: Final = 11  # always shown beside the alarms: the smallest p, alarm or not
SCAN_WEEKS: Final = 10  # of the scan's table: four that may be a cluster, six that tell what is usual
SCAN_RADIUS_KM: Final = 50.0
SCAN_LONGEST_WEEKS: Final = 4

_BASELINE = range(1 - ALARM_WEEKS, -1)  # five weeks; the week before is left out, for an outbreak may have begun in it
_KNOWN_WEEKS: Final = 3  # of the five, at least
_LEAST_CASES: Final = 5
_LARGEST_P: Final = 0.001
_FALSE_DISCOVERY_RATE: Final = 0.05
_ADDED: Final = 0.5  # half a case, so that a gemeente without any before can still be compared
_SIZES: Final = (0.5, 200.0)  # of the negative binomial; beyond them nothing changes
_USUAL_SIZE: Final = 10.0  # of 2020; used where too few gemeenten have cases to estimate it
_ENOUGH_GEMEENTEN: Final = 20
_AN_OUTBREAK: Final = 0.01  # an earlier week as unlikely as this does not tell what is usual


@dataclass(frozen=True)
class Outbreak:
    """An outbreak that was reported: where, in which sector and when; never at whose firm.

    ``infected_n`` of ``tested_n`` as reported of a round of tests; 0 where no report says so.
    """

    gemeente_code: str
    sector_code: str
    month: str
    infected_n: int = 0
    tested_n: int = 0
    disease: str = "COVID-19"

    def weeks(self, known: Iterable[str]) -> list[str]:
        """Return the weeks that ended in its month or in the week before, of those that are known."""
        month = pd.Period(self.month)
        first = month.start_time - pd.Timedelta(weeks=1)
        return [week for week in known if first <= weeks.last_day(week) <= month.end_time]


KNOWN_OUTBREAKS: Final = (
    Outbreak("GM0275", "slaughter_meat", "2020-05", 21, 49),
    Outbreak("GM0279", "slaughter_meat", "2020-05"),
    Outbreak("GM1586", "slaughter_meat", "2020-05", 147, 657),
    Outbreak("GM0794", "slaughter_meat", "2020-05", 21, 130),
    Outbreak("GM0757", "slaughter_meat", "2020-06", 18, 105),
    Outbreak("GM1960", "packing_wholesale", "2020-06", 34, 306),
)
"""Reported in the press and by the authorities in May and June 2020; the months are certain, the days are not."""


def weekly_cases(incidence: pd.DataFrame, disease: str, gemeenten: pd.DataFrame) -> pd.DataFrame:
    """Return cases with a row per gemeente and a column per week, from the first week to the last without a gap.

    Parameters
    ----------
    incidence
        By contract ``Incidence``.
    disease
        Whose rows count.
    gemeenten
        By contract ``Gemeenten``: every one gets a row.

    Returns
    -------
    DataFrame
        Columns such as ``2020-W22``; NaN where the table has no figure, for absent is not zero. No columns when
        the table has no week of the disease.
    """
    own = incidence[incidence["disease"] == disease]
    codes = pd.Index(gemeenten["gemeente_code"], name="gemeente_code")
    if not len(own):
        return pd.DataFrame(index=codes)
    cases = own.set_index(["gemeente_code", "week"])["cases_n"].unstack().reindex(codes)  # noqa: PD010  (no mean)
    sundays = pd.date_range(weeks.last_day(cases.columns.min()), weeks.last_day(cases.columns.max()), freq="7D")
    every = [weeks.week_of(day) for day in sundays]
    return cases.reindex(columns=pd.Index(every, name="week"))


def alarms(cases: pd.DataFrame, week: str) -> pd.DataFrame:
    """Return every gemeente in a week, the least likely first, with a mark on those that are an alarm.

    An alarm has at least 5 cases, a chance below .001 of as many under a negative binomial around what was
    expected, and stands after control of the false discovery rate at 5 % over all gemeenten. Expected is
    (mean of weeks t-6 to t-2 + .5) times the country's change since those weeks.

    Parameters
    ----------
    cases
        `weekly_cases`.
    week
        Such as ``2020-W22``.

    Returns
    -------
    DataFrame
        Contract ``alarms``: gemeente_code, week, cases_n, expected_n, p, rank (1 is the least likely),
        is_alarm. NaN for a gemeente whose week, or too much of its past, is missing.

    Raises
    ------
    InputError
        The week, or the weeks before it, are not in the table.

    Examples
    --------
    >>> columns = [f"2020-W{number}" for number in range(16, 23)]
    >>> table = pd.DataFrame(10.0, index=pd.Index(["GM0001", "GM0002"], name="gemeente_code"), columns=columns)
    >>> table.loc["GM0002", "2020-W22"] = 90
    >>> found = alarms(table, "2020-W22")
    >>> found[["gemeente_code", "cases_n", "expected_n", "is_alarm"]].round(1).to_numpy().tolist()
    [['GM0002', 90.0, 52.5, False], ['GM0001', 10.0, 52.5, False]]
    """
    return contracts.check("alarms", _alarms(cases, week))


def _alarms(cases: pd.DataFrame, week: str) -> pd.DataFrame:
    found = cases.columns.get_indexer(pd.Index([week]))[0]
    needed = _needed(week)
    counts = cases.to_numpy(float)
    if found < 0 or not np.isfinite(counts[:, found]).any():
        raise _no_figure(cases, week)
    if found + _BASELINE[0] < 0:
        raise _too_few(cases, week, found + 1, needed)
    now, before = counts[:, found], counts[:, [found + step for step in _BASELINE]]
    usable = np.isfinite(now) & (np.isfinite(before).sum(axis=1) >= _KNOWN_WEEKS)
    usual = np.full(len(counts), np.nan)
    usual[usable] = np.nanmean(before[usable], axis=1)
    if not usual[usable].sum() > 0:
        raise InputError("alarm_nothing_before", week=week, needed=needed)
    expected = (usual + _ADDED) * (now[usable].sum() / usual[usable].sum())
    size = size_before(before[usable])
    p = np.full(len(counts), np.nan)
    mean = np.maximum(expected[usable], 1e-12)
    p[usable] = scipy.stats.nbinom.sf(now[usable] - 1, size, size / (size + mean))
    rejected = np.zeros(len(counts), bool)
    rejected[usable] = scipy.stats.false_discovery_control(p[usable]) <= _FALSE_DISCOVERY_RATE
    table = pd.DataFrame(
        {
            "gemeente_code": cases.index,
            "week": week,
            "cases_n": now,
            "expected_n": expected,
            "p": p,
            "is_alarm": (now >= _LEAST_CASES) & (p < _LARGEST_P) & rejected,
        }
    )
    table["excess_n"] = table["expected_n"] - table["cases_n"]
    table = table.sort_values(["p", "excess_n", "gemeente_code"], ignore_index=True)
    table["rank"] = np.where(table["p"].notna(), np.arange(1.0, len(table) + 1), np.nan)
    return table.drop(columns="excess_n")


def alarms_of_weeks(cases: pd.DataFrame, weeks: Iterable[str] | None = None) -> pd.DataFrame:
    """Return `alarms` of several weeks, one under the other: of every week that has six weeks before it by default.

    A week without figures saw nothing and is left out.
    """
    tables = []
    for week in cases.columns[-_BASELINE[0] :] if weeks is None else weeks:
        try:
            tables.append(_alarms(cases, week))
        except InputError:  # the command says why, for the one week that is asked
            continue
    # Checked once: of a year of weeks the check of each took most of the time.
    return contracts.check("alarms", pd.concat(tables, ignore_index=True)) if tables else contracts.empty("alarms")


def lasting(weekly: Iterable[tuple[str, Mapping[str, int]]]) -> pd.DataFrame:
    """Return where there are alarms now, and since when: one week without ends nothing, two do.

    Parameters
    ----------
    weekly
        Week after week, the newest first: the week, and the number of alarms of each place that has any.

    Returns
    -------
    DataFrame
        vr_code, week (the newest), first_week, alarms_n (in the newest week).

    Examples
    --------
    >>> weekly = [("2020-W48", {"VR06": 2, "VR07": 1}), ("2020-W47", {}), ("2020-W46", {"VR06": 1}), ("2020-W45", {})]
    >>> lasting(weekly).to_numpy().tolist()
    [['VR06', '2020-W48', '2020-W46', 2], ['VR07', '2020-W48', '2020-W48', 1]]
    """
    newest, now = "", {}
    first: dict[str, str] = {}
    going_on: set[str] = set()
    before: set[str] = set()
    for week, alarms_n in weekly:
        if not newest:
            newest, now, going_on, before = week, dict(alarms_n), set(alarms_n), set(alarms_n)
        first |= dict.fromkeys(going_on & set(alarms_n), week)
        going_on &= before | set(alarms_n)
        before = set(alarms_n)
        if not going_on:
            break
    rows = [(code, newest, first[code], int(n)) for code, n in sorted(now.items())]
    return pd.DataFrame(rows, columns=["vr_code", "week", "first_week", "alarms_n"])


def weeks_at(outbreaks: Iterable[Outbreak], known: Sequence[str]) -> list[str]:
    """Return the weeks around outbreaks of which an alarm can be asked, of weeks in a row that are known."""
    return sorted({week for one in outbreaks for week in one.weeks(known[ALARM_WEEKS - 1 :])})


def at_outbreaks(outbreaks: Sequence[Outbreak], found: pd.DataFrame) -> pd.DataFrame:
    """Return what the alarms of several weeks saw of known outbreaks, as far as their gemeenten and weeks are there.

    Returns
    -------
    DataFrame
        gemeente_code and what was reported; alarm_weeks; week, cases_n, expected_n, p and is_alarm of the least
        likely week, an alarm where there was one; alarm_rank, the best place; counted_n, the cases of all its weeks.
    """
    rows = []
    for one in outbreaks:
        mine = found[
            (found["gemeente_code"] == one.gemeente_code) & found["week"].isin(one.weeks(found["week"].unique()))
        ]
        if mine.empty:
            continue
        mine = mine.sort_values("week")
        seen = mine.sort_values(["is_alarm", "p"], ascending=[False, True]).iloc[0]
        rows.append(
            {
                "gemeente_code": one.gemeente_code,
                **{name: getattr(one, name) for name in ("sector_code", "month", "infected_n", "tested_n")},
                "alarm_weeks": ", ".join(mine.loc[mine["is_alarm"], "week"]),
                **seen[["week", "cases_n", "expected_n", "p", "is_alarm"]],
                "alarm_rank": mine["rank"].min(),
                "counted_n": mine["cases_n"].sum(min_count=1),
            }
        )
    return pd.DataFrame(rows)


def in_words(texts: Texts, seen: Mapping[str, Any]) -> str:
    """Return what a row of `at_outbreaks` with gemeente_name says: what was reported, and its alarm or why none."""
    cases, p = seen["cases_n"], seen["p"]
    reason = "few" if cases < _LEAST_CASES else "usual" if p >= _LARGEST_P else "others"
    state = "alarm" if seen["is_alarm"] else "none" if pd.isna(p) else reason
    state += "_only" if state == "alarm" and pd.isna(p) else ""
    told: dict[str, Any] = {
        name: texts.number(seen[name], digits) for name, digits in (("cases_n", 0), ("expected_n", 1))
    }
    told |= {"gemeente": seen["gemeente_name"], "sector": texts(f"sector.{seen['sector_code']}").lower()}
    told |= {"infected": seen["infected_n"], "tested": seen["tested_n"], "weeks": seen["alarm_weeks"]}
    reported = "alarms.known_reported" if seen["tested_n"] else "alarms.known_place"
    parts = [texts(reported, **told), texts(f"alarms.known_{state}", week=seen["week"], **told)]
    if seen["counted_n"] < seen["infected_n"]:
        counted = texts.number(seen["counted_n"], 0)
        parts.append(texts("alarms.known_elsewhere", counted=counted, infected=seen["infected_n"]))
    return " ".join(parts)


def size_before(before: Array) -> float:
    """Return the size k of the negative binomial of local counts around a common course, over all gemeenten.

    The variance of a count with mean m is m + m²/k. Estimated by the adjusted profile likelihood, for the mean of
    each gemeente comes from the same five weeks. Gemeenten with less than a case a week say nothing, and those
    with an outbreak in these weeks would hide the next one: both are left out.

    Parameters
    ----------
    before
        Cases, a row per gemeente and a column per week; NaN where missing.

    References
    ----------
    Cox and Reid (1987), JRSS B 49:1; Noufaily and others (2013), Statistics in Medicine 32:1206, for leaving out
    weeks with outbreaks.

    Examples
    --------
    >>> chance = np.random.default_rng(3)
    >>> mean = chance.uniform(3, 30, (340, 1))
    >>> round(size_before(chance.poisson(chance.gamma(8, mean / 8, (340, 5)))))
    8
    """
    before = before[:, np.isfinite(before).any(axis=0)]  # a week that nobody has takes no gemeente along
    counts = before[np.isfinite(before).all(axis=1)]
    counts = counts[counts.mean(axis=1) >= 1]
    if len(counts) < _ENOUGH_GEMEENTEN:
        return _USUAL_SIZE
    course = counts.sum(axis=0)
    mean = counts.mean(axis=1, keepdims=True) * np.maximum(course, 0.5) / course.mean()
    quiet = np.ones(len(counts), bool)
    size = _likeliest_size(counts, mean)
    for _ in range(2):
        chance = scipy.stats.nbinom.sf(counts - 1, size, size / (size + mean))
        quiet = chance.min(axis=1) >= _AN_OUTBREAK
        if quiet.sum() < _ENOUGH_GEMEENTEN:
            break
        size = _likeliest_size(counts[quiet], mean[quiet])
    return size


def _likeliest_size(counts: Array, mean: Array) -> float:
    def loss(log_size: float) -> float:
        size = float(np.exp(log_size))
        per_count = (
            scipy.special.gammaln(counts + size)
            - scipy.special.gammaln(size)
            + size * np.log(size / (size + mean))
            + counts * np.log(mean / (size + mean))
        )
        information = (mean / (1 + mean / size)).sum(axis=1)
        return float(0.5 * np.log(information).sum() - per_count.sum())

    found = scipy.optimize.minimize_scalar(
        loss, bounds=tuple(np.log(_SIZES)), method="bounded", options={"xatol": 0.01}
    )
    return float(np.exp(found.x))


def neighbours_together(
    cases: pd.DataFrame, week: str, gemeenten: pd.DataFrame, *, n_simulations: int = 999, seed: int = 20201123
) -> list[Cluster]:
    """Return groups of neighbouring gemeenten with more infections of late than chance, most likely first.

    Parameters
    ----------
    cases
        `weekly_cases`; a gemeente with a missing week in the ten up to `week` takes no part.
    week
        The last one of the table that is searched.
    gemeenten
        By contract ``Gemeenten`` (EPSG:28992), in the order of the rows of `cases`.
    n_simulations, seed
        As in `risk.insight.detection.space_time_scan`.

    Returns
    -------
    list of Cluster
        ``places`` are rows of `gemeenten`; ``periods_n`` is in weeks.

    Raises
    ------
    InputError
        The ten weeks are not in the table.
    """
    found = int(cases.columns.get_indexer(pd.Index([week]))[0])
    if found + 1 < SCAN_WEEKS:
        raise InputError("alarm_group_weeks", week=week, n=SCAN_WEEKS)
    counts = cases.to_numpy(float)[:, found + 1 - SCAN_WEEKS : found + 1]
    whole = np.flatnonzero(np.isfinite(counts).all(axis=1))
    points = gemeenten.geometry.representative_point().iloc[whole]
    spots = np.column_stack([points.x, points.y]) / 1000
    clusters = space_time_scan(
        np.round(counts[whole]),
        scipy.spatial.distance.cdist(spots, spots),
        max_distance=SCAN_RADIUS_KM,
        max_periods=SCAN_LONGEST_WEEKS,
        n_simulations=n_simulations,
        seed=seed,
    )
    return [
        Cluster(
            tuple(int(whole[place]) for place in one.places), one.cases, one.expected, one.llr, one.p, one.periods_n
        )
        for one in clusters
    ]


def _no_figure(cases: pd.DataFrame, week: str) -> InputError:
    return InputError("alarm_no_week", week=week, first=cases.columns[0], last=cases.columns[-1])


def _too_few(cases: pd.DataFrame, week: str, held_n: int, needed: str) -> InputError:
    """Return how many weeks there are, how many it takes, and the first week that has them, if any has."""
    n = ALARM_WEEKS
    if cases.shape[1] >= n:
        return InputError(
            "alarm_weeks", week=week, needed=needed, n=n, held_n=held_n, earliest=str(cases.columns[n - 1])
        )
    return InputError("alarm_few_weeks", week=week, needed=needed, n=n, held_n=held_n, lacking_n=n - held_n)


def _needed(week: str) -> str:
    first, last = (weeks.week_before(week, -step) for step in (_BASELINE[0], _BASELINE[-1]))
    return f"{first} to {last}"
