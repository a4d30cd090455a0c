"""What the register says of a period, counted: the figures behind the report."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Final

import pandas as pd

from door.store import ScopedStore
from geodata import codes, contracts
from geodata.errors import InputError
from register.read import Filters, in_training
from register.schema import MEASURES, REFERRAL_STATES, measure_codes
from risk.report.interpretations import valid
from risk.report.words import monday

WORK_KINDS: Final = ("communication", "product", "contact")
TEXT_KINDS: Final = ("assignment", "coordination", "conclusions")
"""Kinds of the log book that are texts of the report: written once, dated, used until a newer one."""


@dataclass(frozen=True)
class Facts:
    """The rows of one period as one viewer may see them, and what is counted of them.

    Attributes
    ----------
    counts
        Name of the count -> code -> number; every code of a closed list is there, also with 0.
    by_month
        Month (2020-09) x activations, preventief, repressief, signals, referrals, work.
    interpretations
        The notes of the period that hold (`risk.report.interpretations`).
    regions
        Code -> name of the veiligheidsregio's in the viewer's scope.
    texts
        Kind of text (`TEXT_KINDS`) -> its date and the text: the newest up to the last day, else the first after it.
    plan
        The lines of approved plans, and of plans that were carried out, whose week began in the period.
    """

    first: date
    last: date
    activations: pd.DataFrame
    signals: pd.DataFrame
    referrals: pd.DataFrame
    work: pd.DataFrame
    interpretations: pd.DataFrame
    counts: Mapping[str, Mapping[str, int]]
    by_month: pd.DataFrame
    regions: Mapping[str, str]
    is_invented: bool
    texts: Mapping[str, tuple[date, str]]
    plan: pd.DataFrame


def gather(store: ScopedStore, first: date, last: date, *, as_of: date | None = None) -> Facts:
    """Return the facts of a period.

    Parameters
    ----------
    first, last
        Both included; an entry counts on its event date.
    as_of
        Only what was recorded by then: an earlier report comes out the same again.

    Raises
    ------
    InputError
        The period ends before it begins.
    AccessDeniedError
        The viewer may not open the activations.
    """
    if last < first:
        raise InputError("period_reversed", last=last, first=first)
    filters = Filters(first=first, last=last, as_of=as_of)
    names = ("activations", "signals", "referrals", "work_log")
    tables = {name: _rows(store, name, filters) for name in names}
    tables["interpretations"] = valid(store, filters)
    is_invented = store.is_demonstration or any(bool(in_training(rows).any()) for rows in tables.values() if len(rows))
    activations, referrals, work = tables["activations"], tables["referrals"], tables["work_log"]
    work = work[work["kind"].isin(WORK_KINDS)].reset_index(drop=True)
    regions = _regions(store)
    counts = {
        "by_theme": _listed(activations["themes"].str.split(";"), codes.THEMES),
        "by_kind": _counted(activations["kind"], codes.ACTIVATION_KINDS),
        "by_trigger": _counted(activations["trigger"], codes.TRIGGERS),
        "by_region": _counted(activations["vr_code"], tuple(regions)),
        "by_sector": _counted(activations["sector_code"], tuple(codes.SECTORS)),
        "by_integral": _counted(activations["integral"].map({True: "yes", False: "no"}), ("yes", "no")),
        "by_found": _counted(activations["infections_found"], ("yes", "no", "unknown")),
        "by_measures": _listed(activations["measures"].map(_measures), (*MEASURES, "other", "empty")),
        "by_referral_state": _counted(referrals["state"], REFERRAL_STATES),
        "by_work": _counted(work["kind"], WORK_KINDS),
    }
    return Facts(
        first,
        last,
        activations,
        tables["signals"],
        referrals,
        work,
        tables["interpretations"],
        counts,
        _by_month(first, last, activations, tables["signals"], referrals, work),
        regions,
        is_invented,
        _texts(store, last, as_of),
        _plan(store, first, last, as_of),
    )


def _texts(store: ScopedStore, last: date, as_of: date | None) -> dict[str, tuple[date, str]]:
    if not store.may("work_log"):
        return {}
    rows = store.register("work_log", Filters(as_of=as_of)).sort_values("event_date", kind="stable")
    found = {}
    for kind in TEXT_KINDS:
        mine = rows[(rows["kind"] == kind) & (rows["text"] != "")]
        until = mine[mine["event_date"] <= pd.Timestamp(last)]
        if len(mine):
            row = mine.iloc[0] if until.empty else until.iloc[-1]
            found[kind] = row["event_date"].date(), str(row["text"])
    return found


def _plan(store: ScopedStore, first: date, last: date, as_of: date | None) -> pd.DataFrame:
    if not store.may("plan_lines"):
        return contracts.empty("plan_lines")
    lines = store.register("plan_lines", Filters(as_of=as_of))
    begins = lines["week"].map(monday)
    return lines[(lines["plan_state"] != "draft") & (begins >= first) & (begins <= last)].reset_index(drop=True)


def _rows(store: ScopedStore, name: str, filters: Filters) -> pd.DataFrame:
    """Return rows of one kind, invented or real, never both: once there are real ones only those count."""
    if not store.may(name) and name != "activations":
        return contracts.empty(name)
    rows = store.register(name, filters)
    if "status" not in rows.columns:
        return rows
    real = ~in_training(rows)
    return rows[real].reset_index(drop=True) if real.any() else rows


def _measures(text: str) -> list[str]:
    return measure_codes(text) or ["empty"]


def _counted(values: pd.Series, known: tuple[str, ...]) -> dict[str, int]:
    found = values.value_counts()
    rest = [str(code) for code in found.index if code not in known]
    return {code: int(found.get(code, 0)) for code in (*known, *rest)}


def _listed(values: pd.Series, known: tuple[str, ...]) -> dict[str, int]:
    return _counted(values.explode().dropna(), known)


def _regions(store: ScopedStore) -> dict[str, str]:
    table = store.table("veiligheidsregios").sort_values("vr_code")
    names = dict(zip(table["vr_code"], table["vr_name"], strict=True))
    own = store.viewer.vr_codes
    return {code: name for code, name in names.items() if not own or code in own}


def _by_month(
    first: date,
    last: date,
    activations: pd.DataFrame,
    signals: pd.DataFrame,
    referrals: pd.DataFrame,
    work: pd.DataFrame,
) -> pd.DataFrame:
    months = pd.period_range(first, last, freq="M").astype(str)
    parts = {
        "activations": activations,
        **{kind: activations[activations["kind"] == kind] for kind in codes.ACTIVATION_KINDS},
        "signals": signals,
        "referrals": referrals,
        "work": work,
    }
    columns = {
        name: rows["event_date"].dt.strftime("%Y-%m").value_counts().reindex(months, fill_value=0)
        for name, rows in parts.items()
    }
    return pd.DataFrame(columns, index=months).astype(int)
