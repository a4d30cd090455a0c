"""Weeks, the date of the picture, and which disease it is of: chosen here once, before anything else is read.

Tables of several diseases may lie side by side. A picture is of one: `of_disease` cuts the tables to it, and a
row of another disease then changes nothing, neither a date nor a score.
"""

from collections.abc import Iterable, Mapping
from functools import cache
from typing import Final

import pandas as pd

from geodata.errors import InputError

Tables = Mapping[str, pd.DataFrame]

FRESH_DAYS: Final = 21
"""Days after which incidence is history and no longer tells what goes round now."""

_INFECTIONS: Final = ("incidence", "regional_incidence")
_LOOK_BACK_N: Final = 52  # a year of weeks: a slider over more cannot be aimed


@cache
def last_day(week: str) -> pd.Timestamp:
    """Return the Sunday of an ISO week.

    Raises
    ------
    InputError
        The calendar has no such week.

    Examples
    --------
    >>> last_day("2020-W53")
    Timestamp('2021-01-03 00:00:00')
    """
    try:
        day = pd.to_datetime(f"{week}-7", format="%G-W%V-%u")
    except ValueError:
        raise InputError("week_not_in_calendar", week=week) from None
    if week_of(day) != week:  # 2020-W5 and 2020-w22 would be found in no table
        raise InputError("week_not_in_calendar", week=week)
    return day


def week_of(day: pd.Timestamp) -> str:
    """Return the ISO week of a day.

    Examples
    --------
    >>> week_of(pd.Timestamp("2021-01-03"))
    '2020-W53'
    """
    return str(day.strftime("%G-W%V"))


def week_before(week: str, weeks: int = 1) -> str:
    """Return the ISO week so many weeks earlier.

    Examples
    --------
    >>> week_before("2021-W01"), week_before("2021-W01", 2)
    ('2020-W53', '2020-W52')
    """
    return week_of(last_day(week) - pd.Timedelta(weeks=weeks))


def fortnight(weeks: Iterable[str], date: pd.Timestamp) -> tuple[str, str] | None:
    """Return the newest two adjacent whole weeks that were over on a date, None where they are absent or too old.

    Parameters
    ----------
    weeks
        ISO weeks of which there are figures, in any order.
    date
        The peildatum; weeks that end later do not count, nor do weeks that ended over `FRESH_DAYS` before.

    Examples
    --------
    >>> fortnight(["2020-W34", "2020-W35", "2020-W36"], pd.Timestamp("2020-09-05"))  # W36 is not over
    ('2020-W34', '2020-W35')
    >>> fortnight(["2020-W36", "2020-W45"], pd.Timestamp("2020-11-08")) is None  # not adjacent
    True
    >>> fortnight(["2020-W34", "2020-W35"], pd.Timestamp("2020-11-08")) is None  # history
    True
    """
    known = set(weeks)
    oldest = date - pd.Timedelta(days=FRESH_DAYS)
    for week in sorted(known, reverse=True):
        before = week_before(week)
        if before in known and oldest <= last_day(week) <= date:
            return before, week
    return None


def of_disease(tables: Tables, disease: str) -> dict[str, pd.DataFrame]:
    """Return the tables with the incidence of one disease only; what is not about a disease stays."""
    cut = dict(tables)
    for name in _INFECTIONS:
        if len(table := tables.get(name, pd.DataFrame())) and "disease" in table:
            cut[name] = table[table["disease"] == disease]
    return cut


def diseases_of(tables: Tables) -> tuple[str, ...]:
    """Return the diseases of which there are infections, per gemeente or per region.

    Examples
    --------
    >>> diseases_of({"incidence": pd.DataFrame({"disease": ["mpox", "COVID-19"]})})
    ('COVID-19', 'mpox')
    """
    found = {str(name) for table in _INFECTIONS if len(tables.get(table, ())) for name in tables[table]["disease"]}
    return tuple(sorted(found, key=str.casefold))


def _last_week(tables: Tables) -> str:
    return max((str(tables[name]["week"].max()) for name in _INFECTIONS if len(tables.get(name, ()))), default="")


def peildatum(tables: Tables, disease: str) -> pd.Timestamp:
    """Return the date of the picture of a disease: the last date in its data, never the clock's.

    That is the last day on which something happened: an activation, or the Sunday of the last week of the
    disease's incidence. Without those it is the date of the newest list of sites, and without any the 1 January
    of the exposure's last year.

    Raises
    ------
    InputError
        No table holds a date.

    Examples
    --------
    >>> cases = pd.DataFrame({"disease": ["COVID-19", "mpox"], "week": ["2020-W48", "2022-W30"]})
    >>> peildatum({"incidence": cases}, "COVID-19")
    Timestamp('2020-11-29 00:00:00')
    """
    tables = of_disease(tables, disease)
    events: list[pd.Timestamp] = []
    if len(table := tables.get("activations", pd.DataFrame())):
        events.append(pd.Timestamp(table["event_date"].max()))
    if week := _last_week(tables):
        events.append(last_day(week))
    if events:
        return max(events)
    if len(table := tables.get("sites", pd.DataFrame())):
        return pd.Timestamp(table["source_date"].max())
    if len(table := tables.get("exposure", pd.DataFrame())):
        return pd.Timestamp(year=int(table["year"].max()), month=1, day=1)
    raise InputError("No table holds a date, so there is nothing to score; import establishments or sites first.")


def until(tables: Tables, date: pd.Timestamp) -> dict[str, pd.DataFrame]:
    """Return the tables without what happened after a date.

    Activations and weeks of incidence go; exposure and sites stay, since they tell how things are rather than
    what happened.
    """
    cut = dict(tables)
    if len(table := tables.get("activations", pd.DataFrame())):
        cut["activations"] = table[table["event_date"] <= date]
    for name in _INFECTIONS:
        if len(table := tables.get(name, pd.DataFrame())):
            ends = {week: last_day(week) for week in table["week"].unique()}
            cut[name] = table[table["week"].map(ends) <= date]
    return cut


def weeks_of(tables: Tables, disease: str) -> tuple[str, ...]:
    """Return the weeks before the peildatum of which the picture can be rebuilt, the oldest first.

    From the first week in which an activation or a week of the disease's incidence lies, a year back at most, to
    the last one that was over before the peildatum.

    Examples
    --------
    >>> weeks_of({"incidence": pd.DataFrame({"disease": "flu", "week": ["2020-W52", "2021-W01"]})}, "flu")
    ('2020-W52', '2020-W53')
    """
    tables = of_disease(tables, disease)
    firsts = []
    if len(table := tables.get("activations", pd.DataFrame())):
        firsts.append(pd.Timestamp(table["event_date"].min()))
    firsts += [last_day(tables[name]["week"].min()) for name in _INFECTIONS if len(tables.get(name, ()))]
    if not firsts:
        return ()
    sundays = pd.date_range(min(firsts), peildatum(tables, disease) - pd.Timedelta(days=1), freq="W-SUN")
    return tuple(sundays.strftime("%G-W%V")[-_LOOK_BACK_N:])
