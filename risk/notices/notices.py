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

from access.rights import Rows, Verb, rows_of
from access.viewer import Viewer, may
from door.readiness import ALARM_WEEKS, Ranking, Use, of
from door.store import ScopedStore
from geodata.errors import InputError
from geodata.refresh import health
from geodata.weeks import last_day
from risk.index.declaration import Model
from risk.index.model import load_model
from risk.report.words import monday
from risk.scores import context
from risk.scores.outputs import ensure
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


def may_be_told(viewer: Viewer) -> tuple[str, ...]:
    """Return the rules by which a viewer may be told anything: they may open the table that a rule looks in.

    Examples
    --------
    >>> may_be_told(Viewer("policy")), "source" in may_be_told(Viewer("lotc"))
    (('class',), True)
    """

    def is_open(rule: str, declared: Mapping[str, Any]) -> bool:
        for verb, name in ((Verb.MANAGE, "manages"), (Verb.RECORD, "records")):
            if name in declared and not may(viewer, verb, declared[name]):
                return False
        if declared["table"] == declared.get("manages"):
            return True  # nobody reads it: it is kept
        is_around = rule != "neighbour" or bool(viewer.vr_codes)
        return is_around and rows_of(viewer.role, declared["table"]) not in (None, Rows.COUNTS)

    return tuple(rule for rule, declared in rules()["rule"].items() if is_open(rule, declared))


def today_of(store: ScopedStore, today: date) -> date:
    """Return the day that a viewer's "now" is: of invented figures the date of the picture, else the day itself."""
    if not store.is_demonstration:
        return today
    ensure(store.data_version, _LEVEL, _model())
    return date.fromisoformat(store.facts(_LEVEL, _model().version)["peildatum"])


def notices(store: ScopedStore, since: date, today: date, *, may_wait: bool = True) -> list[Notice]:
    """Return what there is to tell a viewer, the newest first; what nobody recorded or measured tells nothing.

    Parameters
    ----------
    since
        The first day to tell of.
    today
        The last one; of visits up to ``ahead_days`` after it.
    may_wait
        False compares with pictures of earlier weeks that are stored, and computes none.

    Raises
    ------
    InputError
        The period ends before it begins.
    """
    if today < since:
        raise InputError("period_reversed", last=today, first=since)
    asked = _Asked(store, since, today, may_wait)
    found = []
    for rule, declared in rules()["rule"].items():
        last = today + timedelta(days=declared.get("ahead_days", 0))
        for key, vr_code, on, n in _FOUND[rule](asked) if rule in may_be_told(store.viewer) else ():
            if since <= on <= last:
                found.append(Notice(f"{rule}-{key}", rule, vr_code, on, n, declared["page"]))
    return sorted(found, key=lambda one: (-one.on.toordinal(), one.notice_id))


def unknown(store: ScopedStore, texts: Texts) -> list[str]:
    """Return of what no notice can come for want of figures: that is not the same as nothing new."""
    told, ready = may_be_told(store.viewer), of(store, _model().disease)
    said = []
    if "class" in told and (step := ready.missing(Ranking.AREAS)):
        said.append(texts("notice.no_classes", step=ready.sentence(step, texts.language, is_command=False)))
    if "alarm" in told and not ready.offers(Use.ALARMS):
        said.append(texts("notice.no_alarms", n=ALARM_WEEKS))
    return said


@dataclass(frozen=True)
class _Asked:
    """What a rule looks at: the door, and the period."""

    store: ScopedStore
    since: date
    today: date
    may_wait: bool

    @property
    def may_rank(self) -> bool:
        """Tell whether there are scores to speak of."""
        return of(self.store, _model().disease).may_rank(Ranking.AREAS)


Found = Iterator[tuple[str, str, date, int]]


@cache
def _model() -> Model:
    return load_model()


def _alarms(asked: _Asked) -> Found:
    """Give each region with alarms, as one event since its first week without a quiet one between."""
    for one in context.lasting_alarms(asked.store, _model().disease).itertuples():
        yield f"{one.vr_code}-{one.first_week}", one.vr_code, last_day(one.week).date(), one.alarms_n


def _classes(asked: _Asked) -> Found:
    """Give each region whose class changed for sure."""
    if asked.may_rank:
        for one in context.changed_classes(asked.store, asked.since, may_wait=asked.may_wait).itertuples():
            yield f"{one.vr_code}-{one.risk_class}", one.vr_code, asked.today, 1


def _neighbours(asked: _Asked) -> Found:
    """Give how many regions around the viewer's own moved, without saying which; each week is one event."""
    if asked.may_rank:
        least_n = rules()["rule"]["neighbour"]["least_n"]
        n, _ = context.moved_around(asked.store, asked.since, least_n, may_wait=asked.may_wait)
        if n:
            own = asked.store.viewer.vr_codes
            yield f"{'+'.join(own)}-{asked.today:%G-W%V}", own[0], asked.today, n


def _by_week(rows: pd.DataFrame, days: pd.Series) -> Found:
    """Give the rows of each region and week as one; its day is the last of the rows'."""
    weeks = days.dt.strftime("%G-W%V")
    for (vr_code, week), some in days.groupby([rows["vr_code"], weeks]):
        yield f"{vr_code}-{week}", str(vr_code), some.max().date(), len(some)


def _moments(asked: _Asked, rows: pd.DataFrame) -> pd.Series:
    """Return when rows became known; of the example when they happened, for it lies in the past."""
    return rows["event_date" if asked.store.is_demonstration else "recorded_at"]


def _signals(asked: _Asked) -> Found:
    rows = asked.store.register("signals")
    rows = rows[(rows["state"] == "new") & (_moments(asked, rows) >= pd.Timestamp(asked.since))]  # nobody took it up
    yield from _by_week(rows, _moments(asked, rows))


def _visits(asked: _Asked) -> Found:
    rows = asked.store.table("plan_lines")
    rows = rows[rows["plan_state"] == "approved"]
    for (vr_code, week), some in rows.groupby(["vr_code", "week"]):
        yield f"{vr_code}-{week}", str(vr_code), monday(str(week)), len(some)


def _connections(asked: _Asked) -> Found:
    """Give the questions to be connected with another region's contact about sites that are linked."""
    rows = asked.store.table("decisions")
    is_open = (rows["subject"] == "handover") & rows["state"].isin(["open", "asked"])
    rows = rows[is_open & (_moments(asked, rows) >= pd.Timestamp(asked.since))]
    yield from _by_week(rows, _moments(asked, rows))


def _reports(asked: _Asked) -> Found:
    """Give what somebody says is not so and nobody answered."""
    rows = asked.store.table("decisions")
    rows = rows[rows["subject"].str.startswith("not_so_") & (rows["state"] == "open")]
    yield from _by_week(rows, _moments(asked, rows))


def _answers(asked: _Asked) -> Found:
    """Give the answers to what the viewer said is not so."""
    rows = asked.store.table("decisions")
    is_answered = rows["state"].isin(["taken_over", "refused"]) & (rows["said_by"] == asked.store.viewer.who)
    rows = rows[is_answered]
    yield from _by_week(rows, _moments(asked, rows))


def _sources(_asked: _Asked) -> Found:
    for source_id, attempt in health.read().items():
        if attempt.error:
            yield source_id, "", date.fromisoformat(attempt.tried_at[:10]), 1


_FOUND: Final[dict[str, Callable[[_Asked], Found]]] = {
    "alarm": _alarms,
    "class": _classes,
    "neighbour": _neighbours,
    "signal": _signals,
    "visit": _visits,
    "connect": _connections,
    "not_so": _reports,
    "answered": _answers,
    "source": _sources,
}
