"""A unit through the weeks: its score and place, infections, what was done, and what was known of it at the time."""

import re
from functools import cache
from typing import Final

import numpy as np
import pandas as pd

from door.store import ScopedStore, open_store
from geodata.errors import AccessDeniedError, SnapshotError
from geodata.settings import EMBEDDED_DIR
from geodata.snapshots import computed
from geodata.tables.corrections import valid_activations
from geodata.weeks import last_day, week_of
from risk.scores.outputs import Scored, is_ready

_COLUMNS: Final = ("unit_id", "area_code", "score_0_10", "rank", "rank_p05", "rank_p95", "risk_class")
_CLOSED: Final = re.compile(
    r"(?<!niet )(?<!geen )(?<!not )(?<!no )(?:stilgelegd|gesloten|sluiting|closed|closure|shut)"
)


@cache
def national_measures() -> pd.DataFrame:
    """Return the national measures of 2020 against the epidemic: date, name_nl, name_en and source.

    Examples
    --------
    >>> national_measures().iloc[0]["date"]
    Timestamp('2020-03-12 00:00:00')
    """
    return pd.read_csv(EMBEDDED_DIR / "national_measures.csv", parse_dates=["date"])


def scores_by_week(store: ScopedStore, shown: Scored, sector: str) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """Return the scores of a sector at the end of every week, as the viewer may see them.

    Parameters
    ----------
    shown
        A picture of the peildatum: it knows the weeks.
    sector
        '' for all sectors together.

    Returns
    -------
    tuple
        A row per week and unit, the oldest week first, ``week`` before the columns of the scores; and the weeks whose
        picture has yet to be computed.
    """
    level, model = shown.level, shown.model
    weeks = tuple(dict.fromkeys([*shown.weeks, week_of(shown.peildatum)]))
    ready = [week for week in shown.weeks if is_ready(store.data_version, level, model, week)]
    parts = [store.out("scores", level, model.version, week).assign(week=week) for week in ready]
    if weeks[-1] not in shown.weeks:
        parts.append(shown.scores.assign(week=weeks[-1]))
    told = pd.concat(parts) if parts else shown.scores.assign(week="").iloc[:0]
    told = told[told["sector_code"] == sector]
    return told[["week", *_COLUMNS]].reset_index(drop=True), tuple(one for one in shown.weeks if one not in ready)


def known_then(store: ScopedStore, shown: Scored, unit_id: str) -> pd.DataFrame:
    """Return week and score of a unit in the pictures that earlier deliveries of the data gave, by the same model.

    They are what was known then. Invented and real figures never stand in one line; a delivery that was put away is
    not told.

    Parameters
    ----------
    store
        The tables as the viewer may see them.
    shown
        The picture of today.
    unit_id
        Of a row of the scores.
    """
    rows = []
    for _, folder in computed.other_pictures(shown.model.version, store.data_version, shown.level):
        version = folder.parent.name.removeprefix(f"{shown.model.version}-")
        try:
            then = open_store(store.viewer, version)
            found = then.out("scores", shown.level, shown.model.version)
        except (SnapshotError, AccessDeniedError):
            continue
        mine = found[(found["unit_id"] == unit_id) & found["score_0_10"].notna()]
        if then.is_demonstration == store.is_demonstration:
            rows += [(week_of(row["peildatum"]), row["score_0_10"]) for _, row in mine.iterrows()]
    return pd.DataFrame(rows, columns=["week", "score_0_10"]).drop_duplicates("week").sort_values("week")


def incidence_by_week(store: ScopedStore, disease: str, area_code: str) -> pd.Series:
    """Return the cases per 100,000 inhabitants of an area by week; NaN where a gemeente in it has no figure.

    A figure that nobody published is hidden by the door, and then it is not here either.

    Parameters
    ----------
    store
        The tables as the viewer may see them.
    disease
        As the table of infections names it.
    area_code
        A veiligheidsregio or gemeente.
    """
    column = "vr_code" if area_code.startswith("VR") else "gemeente_code"
    gemeenten = store.table("gemeenten")
    inside = gemeenten[gemeenten[column] == area_code].set_index("gemeente_code")["population_n"]
    if store.may("incidence"):
        cases = store.table("incidence")
        cases = cases[(cases["disease"] == disease) & cases["gemeente_code"].isin(inside.index)]
        if len(cases):
            wide = cases.pivot_table(
                index="week", columns="gemeente_code", values="cases_n", aggfunc="sum", min_count=1
            )
            whole = wide.reindex(columns=inside.index).sum(axis=1, min_count=len(inside))
            return (whole / inside.sum() * 1e5).sort_index()
    return pd.Series(dtype=float)


def visits_by_week(store: ScopedStore, area_code: str, sector: str, peildatum: pd.Timestamp) -> pd.DataFrame:
    """Return how many activations there were by week, and how many of them the register held at the week's end.

    Parameters
    ----------
    store
        The tables as the viewer may see them.
    area_code
        A veiligheidsregio or gemeente.
    sector
        One of the twelve; '' is all together.
    peildatum
        The last day that counts.

    Returns
    -------
    DataFrame
        By week: preventief_n, repressief_n, known_n (recorded by that Sunday) and closures_n (of which the measures
        name a closure; NaN where the viewer reads no text). Empty for who sees no activations.
    """
    names = ["preventief_n", "repressief_n", "known_n", "closures_n"]
    if not store.may("activations"):
        return pd.DataFrame(columns=names, dtype=int)
    rows = valid_activations(store.table("activations"))
    column = "vr_code" if area_code.startswith("VR") else "gemeente_code"
    rows = rows[(rows[column] == area_code) & (rows["event_date"] <= peildatum)]
    if sector:
        rows = rows[rows["sector_code"] == sector]
    if rows.empty:
        return pd.DataFrame(columns=names, dtype=int)
    weeks = rows["event_date"].map(week_of)
    sundays = weeks.map(last_day)
    recorded = pd.to_datetime(rows["recorded_at"]).dt.tz_localize(None).dt.normalize()
    made = (
        pd.DataFrame(
            {
                "preventief_n": rows["kind"] == "preventief",
                "repressief_n": rows["kind"] == "repressief",
                "known_n": recorded <= sundays,
                "closures_n": rows["measures"].fillna("").str.casefold().str.contains(_CLOSED),
            }
        )
        .astype(int)
        .groupby(weeks.rename("week"))
        .sum()
    )
    return made if store.may_read_text("activations") else made.assign(closures_n=np.nan)
