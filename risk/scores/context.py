"""What goes with the scores and never enters them: alarms, neighbours together, hot spots, what changed for sure.

Computed for the whole country, for inside one region they would mean something else in each; who looks then gets
their part through the door. Only infections are needed: no sites, no establishments. What takes seconds is stored
beside the scores, so that a page only reads it.
"""

from collections.abc import Callable, Iterator, Mapping
from datetime import date
from functools import cache, lru_cache
from pathlib import Path

import pandas as pd

from door import store as access
from door.store import ScopedStore
from geodata import contracts, weeks
from geodata.areas import regions
from geodata.errors import InputError
from geodata.snapshots import computed, formats
from geodata.weeks import last_day, week_before
from risk.index.model import for_disease, load_model
from risk.insight import alarms, changes, clusters, detection
from risk.scores import outputs
from risk.scores.outputs import is_ready, read_scored

_SHOWN_GROUPS = 5
_LARGEST_P = 0.05
_FORTNIGHT = 2


def alarm_weeks(store: ScopedStore, disease: str) -> tuple[str, ...]:
    """Return the weeks of the table of infections, the oldest first; empty without any.

    Raises
    ------
    AccessDeniedError
        The viewer may not open the alarms.
    """
    store.computed("alarms_gemeente", contracts.empty("alarms"))
    return tuple(_cases(store.data_version, disease).columns)


def alarms_of(store: ScopedStore, disease: str, week: str = "") -> pd.DataFrame:
    """Return the alarms of a week as the viewer may see them (contract ``alarms``), the least likely first.

    Parameters
    ----------
    week
        Such as ``2020-W22``; '' is the last week of the table.

    Raises
    ------
    AccessDeniedError
        The viewer may not open the alarms.
    InputError
        The week, or the weeks before it, are not in the table.
    """
    return store.computed("alarms_gemeente", _alarms(store.data_version, disease, week))


def whole_country(store: ScopedStore, disease: str, week: str = "") -> tuple[int, int] | None:
    """Return the infections of the whole country in a week and in the week before.

    How far an epidemic is never enters the order of areas, so it is said apart. None for who does not see the figure
    of every gemeente.

    Parameters
    ----------
    store
        The tables as the viewer may see them.
    disease
        As the table of infections names it.
    week
        Such as ``2020-W22``; '' is the last one.

    Raises
    ------
    AccessDeniedError, InputError
        As for `alarms_of`.
    """
    now = alarms_of(store, disease, week)
    everywhere = len(_cases(store.data_version, disease))
    if not len(now):
        return None
    before = alarms_of(store, disease, week_before(str(now["week"].iloc[0])))
    both = [table["cases_n"] for table in (now, before)]
    if any(len(cases) < everywhere or cases.isna().any() for cases in both):
        return None
    return int(both[0].sum()), int(both[1].sum())


def outbreaks_of(store: ScopedStore, disease: str, week: str) -> pd.DataFrame:
    """Return what the alarms saw of outbreaks that are known around a week (`risk.insight.alarms.at_outbreaks`).

    Of the gemeenten whose alarms the viewer may see, with gemeente_name; empty where no outbreak is known.
    Parameters as for `alarms_of`.

    Raises
    ------
    AccessDeniedError
        The viewer may not open the alarms.
    """
    every = alarm_weeks(store, disease)
    around = [one for one in alarms.KNOWN_OUTBREAKS if one.disease == disease and week in one.weeks(every)]
    known = alarms.weeks_at(around, every)
    found = [table for each in known if (table := _seen(store, disease, each)) is not None]
    if not found:
        return pd.DataFrame()
    seen = alarms.at_outbreaks(around, pd.concat(found))
    names = store.table("gemeenten")[["gemeente_code", "gemeente_name"]]
    return seen.merge(names, on="gemeente_code") if len(seen) else seen


def _seen(store: ScopedStore, disease: str, week: str) -> pd.DataFrame | None:
    try:
        return alarms_of(store, disease, week)
    except InputError:  # a week without figures saw nothing
        return None


def groups_of(store: ScopedStore, disease: str, week: str = "") -> pd.DataFrame:
    """Return groups of neighbouring gemeenten with more infections of late than chance (contract ``alarm_groups``).

    At most five, the most likely first. A group may go on outside what the viewer may see: ``gemeenten_n`` counts
    all of it.

    Parameters
    ----------
    store
        The tables as the viewer may see them.
    disease
        As the table of infections names it.
    week
        Such as ``2020-W22``; '' is the last one.

    Raises
    ------
    AccessDeniedError
        The viewer may not open them.
    InputError
        The ten weeks up to `week` are not in the table.
    """
    return store.computed("alarm_groups_gemeente", _groups(store.data_version, disease, week))


def hot_spots_of(store: ScopedStore, disease: str, week: str = "") -> pd.DataFrame:
    """Return where high rates of the two weeks up to `week` lie together (contract ``hot_spots``).

    Parameters
    ----------
    store
        The tables as the viewer may see them.
    disease
        As the table of infections names it.
    week
        Such as ``2020-W22``; '' is the last one.

    Raises
    ------
    AccessDeniedError
        The viewer may not open them.
    InputError
        The weeks are not in the table.
    """
    return store.computed("hot_spots_gemeente", _hot_spots(store.data_version, disease, week))


def prepare(data_version: str, disease: str, week: str = "") -> None:
    """Compute and store hot spots and groups of a week, unless this code already did so from these data.

    Parameters
    ----------
    data_version
        Of the snapshot.
    disease
        As the table of infections names it.
    week
        Such as ``2020-W22``; '' is the last one.

    Raises
    ------
    InputError
        The weeks that they need are not in the table.
    """
    _hot_spots(data_version, disease, week)  # first, for it needs fewer weeks
    _groups(data_version, disease, week)


def lasting_alarms(store: ScopedStore, disease: str) -> pd.DataFrame:
    """Return the regions with alarms in the last week, as far as the viewer may see alarms.

    Returns
    -------
    DataFrame
        vr_code, week, first_week, alarms_n (`risk.insight.alarms.lasting`); empty without infections.
    """
    return store.in_scope("alarms_gemeente", _lasting(store.data_version, disease))


def changed_classes(store: ScopedStore, since: date, *, may_wait: bool = True) -> pd.DataFrame:
    """Return the regions whose class is another, for sure, than before a day, as far as the viewer may see scores.

    Sure is as `risk.insight.changes.sure` has it.

    Parameters
    ----------
    since
        The picture at the end of the last week before it is compared with.
    may_wait
        False compares with the last week before it whose picture is stored, and computes none.

    Returns
    -------
    DataFrame
        vr_code, risk_class; empty without an earlier picture.
    """
    return store.in_scope("scores_vr", _changed(store.data_version, since, may_wait=may_wait))


def moved_around(store: ScopedStore, since: date, least_n: int, *, may_wait: bool = True) -> tuple[int, int]:
    """Return how many regions around the viewer's own have an alarm or another class, and of how many.

    Parameters
    ----------
    since, may_wait
        As for `changed_classes`.
    least_n
        Around fewer regions than this nothing is counted, for the count would tell which: then both are 0.
    """
    own = set(store.viewer.vr_codes)
    borders = _neighbours(store.data_version)
    around = {other for code in own for other in borders.get(code, ())} - own
    if len(around) < least_n:
        return 0, 0
    alarmed = _lasting(store.data_version, load_model().disease)["vr_code"]
    moved = {*alarmed, *_changed(store.data_version, since, may_wait=may_wait)["vr_code"]}
    return len(around & moved), len(around)


@lru_cache(maxsize=8)
def _lasting(data_version: str, disease: str) -> pd.DataFrame:
    region = access.open_batch(data_version).table("gemeenten").set_index("gemeente_code")["vr_code"]
    return alarms.lasting(_alarms_back(data_version, disease, region))


def _alarms_back(data_version: str, disease: str, region: pd.Series) -> Iterator[tuple[str, Mapping[str, int]]]:
    """Give week after week back how many gemeenten of each region have an alarm, as far as there is a past."""
    for week in reversed(_cases(data_version, disease).columns):
        try:
            found = _alarms(data_version, disease, str(week))
        except InputError:
            return  # there is no past to compare this week with
        yield str(week), found.loc[found["is_alarm"], "gemeente_code"].map(region).value_counts().to_dict()


@lru_cache(maxsize=16)
def _changed(data_version: str, since: date, *, may_wait: bool) -> pd.DataFrame:
    store, model = access.open_batch(data_version), load_model()
    now = read_scored(store, "vr", model)
    earlier = [
        week
        for week in now.weeks
        if last_day(week).date() < since and (may_wait or is_ready(data_version, "vr", model, week))
    ]
    if not earlier:
        return pd.DataFrame({"vr_code": [], "risk_class": []})
    then = read_scored(store, "vr", model, earlier[-1]).scores
    return changes.sure(now.scores[now.scores["sector_code"] == ""], then).rename(columns={"unit_id": "vr_code"})


@lru_cache(maxsize=4)
def _neighbours(data_version: str) -> dict[str, frozenset[str]]:
    pairs = regions.neighbours(access.open_batch(data_version).table("veiligheidsregios"), "vr_code")
    return {str(code): frozenset(some) for code, some in pairs.groupby("code")["neighbour_code"]}


@lru_cache(maxsize=4)
def _cases(data_version: str, disease: str) -> pd.DataFrame:
    batch = access.open_batch(data_version)
    return alarms.weekly_cases(batch.table("incidence"), disease, batch.table("gemeenten"))


def _or_last(cases: pd.DataFrame, week: str) -> str:
    if week or cases.shape[1]:
        return week or str(cases.columns[-1])
    raise InputError("alarm_no_infections")


@lru_cache(maxsize=64)
def _alarms(data_version: str, disease: str, week: str) -> pd.DataFrame:
    cases = _cases(data_version, disease)
    return alarms.alarms(cases, _or_last(cases, week))


def _groups(data_version: str, disease: str, week: str) -> pd.DataFrame:
    return _stored("alarm_groups", _find_groups, data_version, disease, week)


def _hot_spots(data_version: str, disease: str, week: str) -> pd.DataFrame:
    return _stored("hot_spots", _find_hot_spots, data_version, disease, week)


def _stored(
    name: str, find: Callable[[str, str, str], pd.DataFrame], data_version: str, disease: str, week: str
) -> pd.DataFrame:
    """Return a table as it is stored; find and store it first where this code did not do so from these data."""

    def folder() -> Path:
        return computed.out_level(for_disease(load_model(), disease).version, data_version, name, week)

    code = {"code_sha256": _code_sha256()}
    if computed.made_by(folder(), **code) is None:
        with computed.one_at_a_time(folder()):
            if computed.made_by(folder(), **code) is None:
                computed.write_out(folder(), {name: find(data_version, disease, week)}, code)
    return formats.read_parquet(name, folder() / f"{name}.parquet")


@cache
def _code_sha256() -> str:
    """Return the digest of all that these tables follow from but the data."""
    return outputs.digest_of(*(Path(str(one.__file__)) for one in (alarms, clusters, detection, weeks)), Path(__file__))


def _find_groups(data_version: str, disease: str, week: str) -> pd.DataFrame:
    cases, gemeenten = _cases(data_version, disease), access.open_batch(data_version).table("gemeenten")
    week = _or_last(cases, week)
    found = alarms.neighbours_together(cases, week, gemeenten)
    groups = [one for one in found if len(one.places) > 1 and one.p <= _LARGEST_P]
    rows = [
        (cases.index[place], week, number, len(one.places), one.periods_n, round(one.cases / one.expected, 1), one.p)
        for number, one in enumerate(groups[:_SHOWN_GROUPS], start=1)
        for place in one.places
    ]
    return contracts.check("alarm_groups", pd.DataFrame(rows, columns=contracts.CONTRACTS["alarm_groups"].columns))


def _find_hot_spots(data_version: str, disease: str, week: str) -> pd.DataFrame:
    cases, gemeenten = _cases(data_version, disease), access.open_batch(data_version).table("gemeenten")
    week = _or_last(cases, week)
    place = int(cases.columns.get_indexer(pd.Index([week]))[0])
    fortnight = cases.iloc[:, max(0, place - _FORTNIGHT + 1) : place + 1].sum(axis=1, min_count=_FORTNIGHT)
    known = fortnight.notna().to_numpy()
    if place < _FORTNIGHT - 1 or known.sum() < 2:
        raise InputError("hot_spot_weeks", week=week)
    areas = gemeenten[known]
    found = clusters.clusters(areas, "gemeente_code", fortnight[known], areas["population_n"])
    table = pd.DataFrame(
        {
            "gemeente_code": found["area_code"],
            "week": week,
            "g_p": found["g_p"].round(3),
            "is_hot": found["is_hot"],
        }
    )
    return contracts.check("hot_spots", table)
