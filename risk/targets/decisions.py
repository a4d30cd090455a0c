"""Decisions in the register: on sites that something is wrong with, and on connecting two regions' contacts."""

import hashlib
from typing import Final

import pandas as pd

from access.rights import Verb
from access.viewer import may
from door.store import ScopedStore
from geodata.errors import AccessDeniedError, InputError
from register import record as write
from register.events import Receipt

ANSWERS: Final = ("accepted", "declined")
_DATE: Final = "%Y-%m-%d"


def decide(store: ScopedStore, site_id: str, problem: str, state: str, reason: str, day: pd.Timestamp) -> Receipt:
    """Record what was decided on a faulty site: logged with a reason, and reversed by deciding ``open``.

    Parameters
    ----------
    problem, state
        As in `risk.targets.checks`; ``different`` or ``same`` for a double, ``resolved`` for the others,
        ``open`` to take a decision back.
    day
        The date it is decided on.

    Raises
    ------
    InputError
        The site is not among those the viewer may see, or the state does not fit the problem.
    AccessDeniedError
        The viewer may not decide on this site.
    """
    allowed = ("same", "different", "open") if problem == "double" else ("resolved", "open")
    if state not in allowed:
        raise InputError(f"A decision on {problem!r} is one of {', '.join(allowed)}, not {state!r}; choose one.")
    region = _region_of(store, site_id)
    name = f"{problem}-{site_id}"
    fields = {
        "event_date": day.strftime(_DATE),
        "subject": problem,
        "site_id": site_id,
        "vr_code": region,
        "state": state,
        "reason": reason,
    }
    known = store.register("decisions")
    version = known.loc[known["decision_id"] == name, "version"]
    if version.empty:
        return write.record(store.viewer, "decision", fields, entity_id=name)
    return write.correct(store.viewer, "decision", name, fields, based_on=int(version.iloc[0]))


def ask_handover(store: ScopedStore, site_id: str, other_site_id: str, reason: str, day: pd.Timestamp) -> str:
    """Ask the contacts of two regions to be connected over two linked sites; LOT-C only.

    Each side gets a row of its own that names its own site and the other's region, nothing else.

    Raises
    ------
    AccessDeniedError
        The viewer does not see links across regions.
    InputError
        The sites do not lie in two regions.
    """
    if not may(store.viewer, Verb.MANAGE, "connected_sites"):
        raise AccessDeniedError("connect_denied", role=store.viewer.role)
    here, there = _region_of(store, site_id), _region_of(store, other_site_id)
    if not here or not there or here == there:
        raise InputError("one_region", here=site_id, there=other_site_id)
    pair = "h" + hashlib.sha256("|".join(sorted((site_id, other_site_id))).encode()).hexdigest()[:12]
    sides = ((site_id, here, there), (other_site_id, there, here))
    write.record_many(
        store.viewer,
        "decision",
        [
            {
                "event_date": day.strftime(_DATE),
                "subject": "handover",
                "site_id": site,
                "vr_code": own,
                "other_vr_code": other,
                "state": "asked",
                "reason": reason,
            }
            for site, own, other in sides
        ],
        entity_ids=[f"{pair}-{own}" for _, own, _ in sides],
    )
    return pair


def answer_handover(store: ScopedStore, decision_id: str, answer: str, reason: str) -> Receipt:
    """Accept or decline to be connected; a region's contact answers for the own side.

    Raises
    ------
    InputError
        There is no such question, or the answer is not `ANSWERS`.
    """
    if answer not in ANSWERS:
        raise InputError(f"The answer is accepted or declined, not {answer!r}; choose one.")
    known = store.register("decisions")
    mine = known[(known["decision_id"] == decision_id) & (known["subject"] == "handover")]
    if mine.empty:
        raise InputError("no_such_question", question=decision_id)
    changes = {"state": answer, "reason": reason}
    return write.correct(store.viewer, "decision", decision_id, changes, based_on=int(mine.iloc[0]["version"]))


def _region_of(store: ScopedStore, site_id: str) -> str:
    sites = store.table("sites")
    found = sites.loc[sites["site_id"] == site_id, "vr_code"]
    if found.empty:
        raise InputError("no_such_site", site=site_id)
    return str(found.iloc[0])
