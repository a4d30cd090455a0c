"""Invented activations: 56 in the first three months, from the groups declared in ``activations.toml``."""

import tomllib
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import geopandas as gpd
import numpy as np
import pandas as pd

from geodata import codes
from tools.demonstration.sites import SMALL_FTE

FIRST_DAY: Final = pd.Timestamp("2020-09-01")
LAST_DAY: Final = pd.Timestamp("2020-11-30")
INTEGRAL_FROM_N: Final = 3  # a deployment with this many partners is integral

_GROUPS_FILE = Path(__file__).with_name("activations.toml")
_FOLLOW_UP_DAYS = (14, 28)
_TO_RECORD_DAYS_MAX = 3
_WORK_REACH_M = 15_000  # lodging counts under the sector of work this near, else under the agencies
_SLEEP = ("lodging", "holiday_park")


@dataclass(frozen=True)
class _Group:
    """Activations of one make; the fields are explained in ``activations.toml``."""

    number_n: int
    kind: str
    trigger: str
    themes: str
    where: str
    partners: list[str]
    found: list[list[str]]
    kinds: list[str] = field(default_factory=list)
    sectors: list[str] = field(default_factory=list)
    routes: list[list[str]] = field(default_factory=list)
    name: str = ""
    after: str = ""


@dataclass
class _Place:
    vr_code: str
    sector_code: str
    gemeente_code: str = ""
    site_id: str = ""
    route: tuple[str, str] = ("", "")
    probability: float = np.nan
    day: pd.Timestamp = FIRST_DAY


def build_activations(
    gemeenten: pd.DataFrame, exposure: pd.DataFrame, sites: gpd.GeoDataFrame, rng: np.random.Generator
) -> pd.DataFrame:
    """Return the invented activations.

    Parameters
    ----------
    gemeenten, exposure, sites
        The demonstration's other tables; every site that is named exists and lies in the gemeente named.
    rng
        The table's own stream of random numbers.

    Returns
    -------
    pandas.DataFrame
        Contract ``activations``: 56 rows in the order of their date. Signals, plans and corrections do not
        exist in the demonstration, so ``signal_id``, ``plan_line_id`` and ``supersedes`` are empty.
    """
    groups = [_Group(**group) for group in tomllib.loads(_GROUPS_FILE.read_text("utf-8"))["group"]]
    finder = _Finder(gemeenten, exposure, sites, rng)
    placed: dict[str, list[_Place]] = {}
    rows = []
    for group in groups:
        earlier = placed.get(group.after, [])
        found = finder.places(group) if not group.after else [_again(place, rng) for place in earlier]
        found = found[: group.number_n]
        if not group.after:
            _give_days(found, is_followed=bool(group.name), rng=rng)
        placed[group.name] = found
        rows += [_row(group, i, place) for i, place in enumerate(found)]
    return _finish(pd.DataFrame(rows), rng)


class _Finder:
    """Finds places, spreading the visits over the regions in proportion to their sites."""

    def __init__(
        self, gemeenten: pd.DataFrame, exposure: pd.DataFrame, sites: gpd.GeoDataFrame, rng: np.random.Generator
    ) -> None:
        self._code_of = dict(zip(gemeenten["gemeente_name"], gemeenten["gemeente_code"], strict=True))
        self._region_of = dict(zip(gemeenten["gemeente_code"], gemeenten["vr_code"], strict=True))
        self._exposure = exposure
        found = sites["located"].isin(["exact", "address"]) & (sites["country"] == "NL")
        self._free = sites[found]
        self._sites_n = Counter(self._free["vr_code"])
        self._visits_n: Counter[str] = Counter()
        self._rng = rng

    def places(self, group: _Group) -> list[_Place]:
        """Return as many places as the group asks for."""
        if group.where == "spot_check":
            frame = self._free[
                (self._free["kind"] == "slaughterhouse")
                & (self._free["vr_code"] == "VR06")
                & (self._free["size_n"] < SMALL_FTE)
            ]
            return self._random(frame, group.number_n)
        if group.where == "random_lodging":
            return self._random(self._free[self._free["kind"].isin(_SLEEP)], group.number_n)
        if group.where == "route":
            return [
                self._visited(_Place(vr_code, sector, self._code_of[name] if name else "", route=(start, end)))
                for (start, end, vr_code, name), sector in zip(group.routes, group.sectors, strict=True)
            ]
        if group.where == "gemeente":
            return [self._in_gemeente(sector) for sector in group.sectors]
        return [self._at_site(group.kinds) for _ in range(group.number_n)]

    def _random(self, frame: gpd.GeoDataFrame, number_n: int) -> list[_Place]:
        drawn = frame.iloc[np.sort(self._rng.choice(len(frame), number_n, replace=False))]
        places = [self._site(site_id) for site_id in drawn["site_id"]]
        for place in places:
            place.probability = number_n / len(frame)
        return places

    def _in_gemeente(self, sector: str) -> _Place:
        present = self._exposure[(self._exposure["sector_code"] == sector) & (self._exposure["workers_n"] > 0)]
        weights = present["workers_n"].to_numpy(float)
        code = str(self._rng.choice(present["gemeente_code"].to_numpy(), p=weights / weights.sum()))
        return self._visited(_Place(self._region_of[code], sector, code))

    def _at_site(self, kinds: list[str]) -> _Place:
        candidates = self._free[self._free["kind"].isin(kinds)]
        # The region whose next visit is most due (highest average); of its sites, any.
        region = max(sorted(set(candidates["vr_code"])), key=lambda vr: self._sites_n[vr] / (self._visits_n[vr] + 1))
        return self._site(str(self._rng.choice(candidates.loc[candidates["vr_code"] == region, "site_id"].to_numpy())))

    def _site(self, site_id: str) -> _Place:
        site = self._free[self._free["site_id"] == site_id].iloc[0]
        sector = self._nearest_work(site) if site["kind"] in _SLEEP else str(site["sector_code"])
        self._free = self._free[self._free["site_id"] != site_id]
        return self._visited(_Place(site["vr_code"], sector, site["gemeente_code"], site_id))

    def _nearest_work(self, site: pd.Series) -> str:
        work = self._free[~self._free["kind"].isin([*_SLEEP, "building_site"])]
        distances = work.geometry.distance(site["geometry"])
        if distances.min() > _WORK_REACH_M:
            return "temporary_agencies"
        return str(work.loc[distances.idxmin(), "sector_code"])

    def _visited(self, place: _Place) -> _Place:
        self._visits_n[place.vr_code] += 1
        return place


def _give_days(places: list[_Place], *, is_followed: bool, rng: np.random.Generator) -> None:
    """Give each place a working day, somewhat more often late; what is followed up comes in time for that."""
    last = LAST_DAY - pd.Timedelta(days=_FOLLOW_UP_DAYS[1] + 7) if is_followed else LAST_DAY
    days = pd.bdate_range(FIRST_DAY, last)
    weights = np.linspace(1, 2, len(days))
    for place, i in zip(places, rng.choice(len(days), len(places), p=weights / weights.sum()), strict=True):
        place.day = days[i]


def _again(place: _Place, rng: np.random.Generator) -> _Place:
    day = place.day + pd.Timedelta(days=int(rng.integers(_FOLLOW_UP_DAYS[0], _FOLLOW_UP_DAYS[1] + 1)))
    return _Place(
        place.vr_code,
        place.sector_code,
        place.gemeente_code,
        place.site_id,
        day=pd.offsets.BDay().rollforward(day),
    )


def _row(group: _Group, i: int, place: _Place) -> dict[str, object]:
    infections, outcome, measures = group.found[i % len(group.found)]
    return {
        "event_date": place.day,
        "vr_code": place.vr_code,
        "gemeente_code": place.gemeente_code,
        "site_id": place.site_id,
        "sector_code": place.sector_code,
        "themes": group.themes,
        "route_from": place.route[0],
        "route_to": place.route[1],
        "kind": group.kind,
        "trigger": group.trigger,
        "signal_id": "",
        "plan_line_id": "",
        "integral": len(group.partners) >= INTEGRAL_FROM_N,
        "partners": ";".join(group.partners),
        "infections_found": infections,
        "outcome": outcome,
        "measures": measures,
        "inclusion_probability": place.probability,
        "status": codes.Status.FICTIONAL.value,
        "recorded_by": f"regiocontact {place.vr_code}",
        "supersedes": "",
    }


def _finish(table: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    """Put the rows in order of date, from the first day to the last, and number and record them."""
    table = table.sort_values("event_date", kind="stable", ignore_index=True)
    table.loc[0, "event_date"] = FIRST_DAY
    table.loc[len(table) - 1, "event_date"] = LAST_DAY
    delays = pd.to_timedelta(rng.integers(0, _TO_RECORD_DAYS_MAX + 1, len(table)), unit="D")
    recorded = table["event_date"] + delays
    # Nothing is known after the peildatum, which is the last day.
    table["recorded_at"] = recorded.where(recorded <= LAST_DAY, LAST_DAY)
    table["activation_id"] = [f"DEMO-A{number:02d}" for number in range(1, len(table) + 1)]
    table["record_id"] = [f"DEMO-V{number:02d}" for number in range(1, len(table) + 1)]
    return table
