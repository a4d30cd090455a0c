"""Plans in the register: draft, approved, carried out. A line is an event there; nothing is stored beside it."""

import hashlib
from collections.abc import Mapping
from contextlib import suppress
from typing import Final

import pandas as pd

from door.store import ScopedStore
from geodata.errors import ConflictError, InputError
from register import record as write
from risk.index.classify import lacks_of
from risk.targets.inputs import Inputs
from risk.targets.plan import Plan
from risk.targets.why import as_text, parts_of, said

DRAFT: Final = "draft"
APPROVED: Final = "approved"
CARRIED_OUT: Final = "carried_out"
_TURNS: Final = 5


def plan_id(plan: Plan, inputs: Inputs) -> str:
    """Return the name of a plan: its peildatum, its seed, and a fingerprint of its frame and lines."""
    lines = [f"{name}|{site}" for name, site in zip(plan.lines["list"], plan.lines["site_id"], strict=True)]
    digest = hashlib.sha256("\n".join([plan.frame_sha256, *sorted(lines)]).encode()).hexdigest()
    return f"{inputs.peildatum:%Y%m%d}-{plan.seed}-{digest[:8]}"


def dates_of(lines: pd.DataFrame) -> pd.Series:
    """Return the peildatum that the name of each line's plan begins with; NaT where a plan is named otherwise.

    Examples
    --------
    >>> dates_of(pd.DataFrame({"plan_id": ["20201130-7-0a1b2c3d", "our plan"]})).dt.day.tolist()
    [30.0, nan]
    """
    return pd.to_datetime(lines["plan_id"].str[:8], format="%Y%m%d", errors="coerce")


def plan_rows(plan: Plan, inputs: Inputs, lang: str, version: int = 0) -> list[dict[str, object]]:
    """Return the lines of a plan as the register keeps them: contract ``plan_lines`` without its key.

    Parameters
    ----------
    lang
        In which ``reason`` is written beside its codes.
    version
        Which of the plans for the same two weeks it is, from 1; 0 is not known.
    """
    model, name, lacks = inputs.scored.model, plan_id(plan, inputs), ";".join(lacks_of(inputs.scored.scores))
    return [
        {
            "plan_id": name,
            "plan_state": DRAFT,
            "list": line["list"],
            "site_id": line["site_id"],
            "vr_code": line["vr_code"],
            "week": line["week"],
            "score_0_10": None if pd.isna(line["score_0_10"]) else float(line["score_0_10"]),
            "objective_value": float(line["points"]),
            "inclusion_probability": float(line["inclusion_probability"]),
            "stratum": line["stratum"],
            "partners": line["partners"],
            "reason": said(parts, model, lang),
            "reason_parts": as_text(parts),
            "seed": plan.seed,
            "frame_sha256": plan.frame_sha256,
            "picture_lacks": lacks,
            "plan_version": version,
        }
        for line, parts in zip(plan.lines.to_dict("records"), parts_of(plan, inputs), strict=True)
    ]


def keep_draft(store: ScopedStore, plan: Plan, inputs: Inputs, lang: str) -> str:
    """Record a plan as a draft, all lines or none, and return its name. Keeping it twice keeps it once.

    Parameters
    ----------
    store
        The tables as the viewer may see them.
    plan
        As made by `risk.targets.plan`.
    inputs
        What the plan was made from.
    lang
        ``nl`` or ``en``.

    Raises
    ------
    AccessDeniedError
        The viewer may not plan.
    ConflictError
        The plan was kept before and has gone on from draft since.
    """
    name = plan_id(plan, inputs)
    for turn in range(1, _TURNS + 1):
        known = store.register("plan_lines")
        states = set(known.loc[known["plan_id"] == name, "plan_state"])
        if states == {DRAFT}:  # whoever kept it, in whatever language
            return name
        rivals = known[known["plan_id"].str.startswith(f"{inputs.peildatum:%Y%m%d}-") & (known["plan_id"] != name)]
        last = max(rivals["plan_id"].nunique(), rivals["plan_version"].max()) if len(rivals) else 0
        rows = plan_rows(plan, inputs, lang, version=1 + int(last))
        try:
            write.record_many(store.viewer, "plan_line", rows, entity_ids=[f"{name}-{row['site_id']}" for row in rows])
        except ConflictError:  # somebody kept a plan at the same moment: this one takes the next number
            if states or turn == _TURNS:
                raise
        else:
            break
    return name


def approve(store: ScopedStore, name: str) -> int:
    """Approve every line of a draft that is still a draft; return how many.

    Raises
    ------
    InputError
        There is no such plan.
    AccessDeniedError
        The viewer may not plan.
    """
    lines = lines_of(store, name)
    drafts = lines[lines["plan_state"] == DRAFT]
    for line in drafts.itertuples():
        write.set_state(store.viewer, "plan_line", str(line.plan_line_id), APPROVED, based_on=int(str(line.version)))
    return len(drafts)


def carry_out(store: ScopedStore, plan_line_id: str, fields: Mapping[str, object]) -> str:
    """Record the visit of a line as an activation, also when nothing was found, and close the line.

    Parameters
    ----------
    fields
        Of the activation, besides place, probability and line, which the plan knows.

    Returns
    -------
    str
        Identity of the activation.

    Raises
    ------
    InputError
        There is no such line, or it is not approved.
    """
    found = store.register("plan_lines")
    found = found[found["plan_line_id"] == plan_line_id]
    if found.empty:
        raise InputError(f"There is no plan line {plan_line_id}; choose one from the plan.")
    line = found.iloc[0]
    if line["plan_state"] != APPROVED:
        raise InputError("line_not_approved", line=plan_line_id, state=line["plan_state"])
    sites = store.table("sites")
    site = sites[sites["site_id"] == line["site_id"]].iloc[0]
    is_random = line["list"] in ("random", "random_unknown")
    known = {
        "vr_code": line["vr_code"],
        "site_id": line["site_id"],
        "gemeente_code": site["gemeente_code"],
        "sector_code": site["sector_code"],
        "partners": line["partners"],
        "plan_line_id": plan_line_id,
        "kind": "preventief",
        "trigger": "steekproef" if is_random else "eigen_constatering",
        "inclusion_probability": float(line["inclusion_probability"]) if is_random else None,
    }
    receipt = write.record(store.viewer, "activation", known | dict(fields), entity_id=f"visit-{plan_line_id}")
    # Someone may have closed the line meanwhile; the visit is kept, which is what counts.
    with suppress(ConflictError):
        write.set_state(store.viewer, "plan_line", plan_line_id, CARRIED_OUT, based_on=int(line["version"]))
    return receipt.entity_id


def lines_of(store: ScopedStore, name: str) -> pd.DataFrame:
    """Return the lines of a plan as the viewer may see them, with what is needed to change them.

    Raises
    ------
    InputError
        There is no such plan.
    """
    lines = store.register("plan_lines")
    found: pd.DataFrame = lines[lines["plan_id"] == name]
    if found.empty:
        raise InputError("no_such_plan", name=repr(name))
    return found.reset_index(drop=True)


def plans(store: ScopedStore) -> pd.DataFrame:
    """Return the plans the viewer may see, newest first, with version, lines_n and how many are in each state."""
    lines = store.register("plan_lines")
    if lines.empty:
        return pd.DataFrame(columns=["plan_id", "plan_version", "lines_n", DRAFT, APPROVED, CARRIED_OUT])
    counts = pd.crosstab(lines["plan_id"], lines["plan_state"])
    counts = counts.reindex(columns=[DRAFT, APPROVED, CARRIED_OUT], fill_value=0)
    version = lines.groupby("plan_id")["plan_version"].max()
    found = counts.assign(lines_n=counts.sum(axis=1), plan_version=version).reset_index()
    days = found["plan_id"].str[:8]
    return (
        found.assign(days=days)
        .sort_values(["days", "plan_version", "plan_id"], ascending=False, ignore_index=True)
        .drop(columns="days")
    )
