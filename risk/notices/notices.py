"""Notices by rules that stand as data (``rules.toml``), each only of what its viewer may open anyway.

A notice says how many of what there are, in which region, and on which page to look: never a site, a text or a
count of people. What belongs together is one notice with an id that stays, so that a reader shows its updates as one.
"""

import tomllib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache
from pathlib import Path
from typing import Any, Final

import pandas as pd

from access.rights import Verb
from access.viewer import may
from door.readiness import Ranking, of
from door.store import ScopedStore
from geodata.errors import InputError
from geodata.refresh import health
from geodata.weeks import last_day
from risk.index.model import load_model
from risk.scores import context
from risk.scores.outputs import read_scored
from words import Texts

_LEVEL: Final = "vr"


@dataclass(frozen=True)
class Notice:
    """One thing to tell.

    Attributes
    ----------
    notice_id
        The same whenever more of it becomes known.
    vr_code
        The region it is about; '' for the whole country.
    on
        The day it happened, or will.
    n
        How many signals, visits and so on it stands for.
    page
        Where to look.
    """

    notice_id: str
    rule: str
    vr_code: str
    on: date
    n: int
    page: str

    def in_words(self, texts: Texts, regions: Mapping[str, str]) -> str:
        """Return the notice in one sentence."""
        told = texts(f"notice.{self.rule}_one") if self.n == 1 else texts(f"notice.{self.rule}", n=self.n)
        place = regions.get(self.vr_code, self.vr_code) or texts("notice.nation")
        return texts("notice.line", told=told, place=place, day=texts.day(self.on), page=texts(f"page.{self.page}"))


@cache
def rules() -> Mapping[str, Any]:
    """Return the rules as they stand in ``rules.toml``."""
    return tomllib.loads(Path(__file__).with_name("rules.toml").read_text("utf-8"))


def today_of(store: ScopedStore, today: date) -> date:
    """Return the day that a viewer's "now" is: of invented figures the date of the picture, else the day itself."""
    if not store.is_demonstration or not store.may("scores_vr"):
        return today
    last: date = read_scored(store, _LEVEL, load_model()).peildatum.date()
    return last


def notices(store: ScopedStore, since: date, today: date) -> list[Notice]:
    """Return what there is to tell a viewer, the newest first; what nobody recorded or measured tells nothing.

    Parameters
    ----------
    since
        The first day to tell of.
    today
        The last one; of visits up to ``ahead_days`` after it.

    Raises
    ------
    InputError
        The period ends before it begins.
    """
    if today < since:
        raise InputError("period_reversed", last=today, first=since)
    found = []
    for rule, declared in rules()["rule"].items():
        last = today + timedelta(days=declared.get("ahead_days", 0))
        is_open = may(store.viewer, Verb.MANAGE, "sources") if rule == "source" else store.may(declared["table"])
        for key, vr_code, on, n in _FOUND[rule](store, since) if is_open else ():
            if since <= on <= last:
                found.append(Notice(f"{rule}-{key}", rule, vr_code, on, n, declared["page"]))
    return sorted(found, key=lambda one: (-one.on.toordinal(), one.notice_id))


Found = Iterator[tuple[str, str, date, int]]


def _alarms(store: ScopedStore, _since: date) -> Found:
    try:
        found = context.alarms_of(store, load_model().disease)
    except InputError:
        return  # without weeks of infections there is no alarm
    found = found[found["is_alarm"]]
    regions = store.table("gemeenten").set_index("gemeente_code")["vr_code"]
    for vr_code, rows in found.groupby(found["gemeente_code"].map(regions)):
        week = str(rows["week"].iloc[0])
        yield f"{vr_code}-{week}", str(vr_code), last_day(week).date(), len(rows)


def _classes(store: ScopedStore, since: date) -> Found:
    """Give each region whose class changed for sure: the intervals of its places then and now do not meet.

    A score that swings around a cut tells nothing, whatever its class does.
    """
    model = load_model()
    if not of(store, model.disease).may_rank(Ranking.AREAS):
        return
    now = read_scored(store, _LEVEL, model)
    earlier = [week for week in now.weeks if last_day(week).date() < since]
    if not earlier:
        return
    columns = ["risk_class", "rank_p05", "rank_p95"]
    before = read_scored(store, _LEVEL, model, earlier[-1]).scores.set_index("unit_id")[columns]
    both = now.scores[now.scores["sector_code"] == ""].set_index("unit_id")[columns].join(before, rsuffix="_then")
    both = both.dropna()
    apart = (both["rank_p95"] < both["rank_p05_then"]) | (both["rank_p05"] > both["rank_p95_then"])
    for code in both.index[(both["risk_class"] != both["risk_class_then"]) & apart]:
        yield str(code), str(code), now.peildatum.date(), 1


def _by_week(rows: pd.DataFrame, days: pd.Series) -> Found:
    """Give the rows of each region and week as one; its day is the last of the rows'."""
    weeks = days.dt.strftime("%G-W%V")
    for (vr_code, week), some in days.groupby([rows["vr_code"], weeks]):
        yield f"{vr_code}-{week}", str(vr_code), some.max().date(), len(some)


def _signals(store: ScopedStore, since: date) -> Found:
    rows = store.register("signals")
    new = rows[(rows["state"] == "new") & (rows["recorded_at"] >= pd.Timestamp(since))]  # nobody took it up yet
    yield from _by_week(new, new["recorded_at"])


def _visits(store: ScopedStore, _since: date) -> Found:
    rows = store.table("plan_lines")
    rows = rows[rows["plan_state"] == "approved"]
    for (vr_code, week), some in rows.groupby(["vr_code", "week"]):
        monday = date.fromisocalendar(int(week[:4]), int(week[-2:]), 1)
        yield f"{vr_code}-{week}", str(vr_code), monday, len(some)


def _connections(store: ScopedStore, since: date) -> Found:
    """Give the questions to be connected with another region's contact about sites that are linked."""
    rows = store.table("decisions")
    asked = (rows["subject"] == "handover") & rows["state"].isin(["open", "asked"])
    rows = rows[asked & (rows["recorded_at"] >= pd.Timestamp(since))]
    yield from _by_week(rows, rows["recorded_at"])


def _sources(_store: ScopedStore, _since: date) -> Found:
    for source_id, attempt in health.read().items():
        if attempt.error:
            yield source_id, "", date.fromisoformat(attempt.tried_at[:10]), 1


_FOUND: Final[dict[str, Callable[[ScopedStore, date], Found]]] = {
    "alarm": _alarms,
    "class": _classes,
    "signal": _signals,
    "visit": _visits,
    "connect": _connections,
    "source": _sources,
}
