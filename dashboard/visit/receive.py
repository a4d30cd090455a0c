"""What becomes of a visit that a phone sends: kept once, refused with the reason, or asked about first."""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from http import HTTPStatus
from typing import Any, Final

import numpy as np
import pandas as pd

from access.rights import Verb
from access.viewer import Viewer, may
from dashboard.shell.problems import in_words, lacking, personal_data
from door.store import open_store
from geodata.errors import (
    AccessDeniedError,
    ConflictError,
    InputError,
    RisicobeeldError,
    UnknownCodeError,
    UnnotedError,
)
from register import form
from register import record as write
from register.read import Filters
from words import in_each

SURFACE: Final = "visit form"
_ID: Final = re.compile(r"[0-9a-f]{8}(-?[0-9a-f]{4}){3}-?[0-9a-f]{12}")
_FINAL: Final = (InputError, UnknownCodeError, AccessDeniedError)
_FINAL_KEYS: Final = ("entry_erased",)
_QUESTIONS: Final = ("personal", "same_day")
_MOST_SHOWN: Final = 5


@dataclass(frozen=True)
class Answer:
    """What the phone is told.

    Attributes
    ----------
    state
        ``kept``: it stands in the register. ``refused``: it stays on the phone, with the reason. ``asked``: it stays
        until the person says that it may be sent anyway. ``later``: nothing is wrong with it, try again.
    reason
        By language, a sentence about what was sent; nothing in it was read in the register.
    question
        What is asked: a visit that says so in ``anyway`` is not asked about it again. Of a refused one:
        ``stands_otherwise`` where the register holds it with another content.
    """

    status: HTTPStatus
    state: str
    reason: Mapping[str, str]
    question: str = ""


def receive(viewers: tuple[Viewer, ...], person: str, sent: object) -> Answer:
    """Record what a phone sent, by the rules of the page and of the register.

    The identity is made of the person and of the phone's own: sending twice keeps it once, and nobody can name
    an entry that is another's.

    Parameters
    ----------
    viewers
        The roles that the person has now.
    person
        Digest of the account (`sender.Sender`).
    sent
        ``{"id": UUID, "fields": {...}, "anyway": [...]}`` as JSON gave it.
    """
    try:
        fields, anyway, viewer, entity_id = _understood(viewers, person, sent)
        if missing := form.lacking(fields):
            reason = in_each(lacking, missing)
            return Answer(HTTPStatus.UNPROCESSABLE_ENTITY, "refused", reason)
        if "personal" not in anyway and (findings := form.findings(fields)):
            return Answer(HTTPStatus.CONFLICT, "asked", in_each(personal_data, findings), "personal")
        if "same_day" not in anyway and not _at_place(viewer, fields, entity_id).empty:
            return Answer(HTTPStatus.CONFLICT, "asked", in_each(lambda texts: texts("visit.same_day")), "same_day")
        write.record(viewer, "activation", fields, entity_id=entity_id)
    except ConflictError:
        reason = in_each(lambda texts: texts("visit.stands_otherwise"))
        return Answer(HTTPStatus.UNPROCESSABLE_ENTITY, "refused", reason, "stands_otherwise")
    except RisicobeeldError as error:
        return _refusal(error)
    return Answer(HTTPStatus.OK, "kept", {})


def standing(viewers: tuple[Viewer, ...], person: str, sent: object) -> list[dict[str, str]]:
    """Return what the register holds of what a phone sends: the visit itself, or others of that day to that place.

    Scoped as the pages are. A phone shows it while it stands on the screen, and keeps none of it.

    Parameters
    ----------
    viewers
        The roles of who sent it.
    person
        Digest of who sent it.
    sent
        The form as the phone sent it.

    Returns
    -------
    list
        Per visit the answers under the names of the form, as the form writes them.

    Raises
    ------
    RisicobeeldError
        It is not what the form sends, or the register cannot be read now.
    """
    fields, _, viewer, entity_id = _understood(viewers, person, sent)
    if not may(viewer, Verb.RECORD, "activations", fields["vr_code"]):
        return []
    store = open_store(viewer, surface=SURFACE)
    if not store.may("activations"):
        return []
    seen = store.register("activations", Filters({"vr_code": (fields["vr_code"],)}))
    own = seen[(seen["activation_id"] == entity_id) & (seen["erased_reason"] == "")]
    found = _at_place(viewer, fields, entity_id) if own.empty else own
    return [
        {name: _as_typed(row[name]) for name in sorted(form.NAMES)}
        for row in found.head(_MOST_SHOWN).to_dict("records")
    ]


def _as_typed(value: object) -> str:
    """Return a value of the register as the form's field holds it.

    Examples
    --------
    >>> [_as_typed(value) for value in (True, False, pd.Timestamp(2020, 11, 30), pd.NA, "wonen")]
    ['yes', '', '2020-11-30', '', 'wonen']
    """
    if isinstance(value, bool | np.bool_):
        return "yes" if value else ""
    if pd.isna(value):
        return ""
    return value.date().isoformat() if isinstance(value, pd.Timestamp) else str(value)


def _understood(
    viewers: tuple[Viewer, ...], person: str, sent: object
) -> tuple[dict[str, Any], list[str], Viewer, str]:
    """Return the answers, what was asked before, the role that may record them and the identity of what was sent.

    Raises
    ------
    InputError
        It is not what the form sends.
    """
    name, fields, anyway = _read(sent)
    fields = form.placed(fields)
    viewer = next((one for one in viewers if may(one, Verb.RECORD, "activations", fields["vr_code"])), viewers[0])
    return fields, anyway, viewer, hashlib.sha256(f"{person}|{name}".encode()).hexdigest()[:32]


def _read(sent: object) -> tuple[str, dict[str, Any], list[str]]:
    """Return identity, answers and what was asked before, of what a browser sent; it may send anything.

    Raises
    ------
    InputError
        It is not what the form sends.
    """
    told = sent if isinstance(sent, dict) else {}
    name, given, anyway = told.get("id"), told.get("fields"), told.get("anyway", [])
    if not (isinstance(name, str) and _ID.fullmatch(name) and isinstance(given, dict) and isinstance(anyway, list)):
        raise InputError("visit_unreadable")
    if not all(key in form.NAMES and isinstance(value, str | bool) for key, value in given.items()):
        raise InputError("visit_unreadable")
    blank: dict[str, Any] = dict.fromkeys(form.NAMES, "")
    answered = {key: value for key, value in given.items() if value != ""}
    return name.replace("-", ""), blank | answered, [one for one in anyway if one in _QUESTIONS]


def _at_place(viewer: Viewer, fields: Mapping[str, Any], entity_id: str) -> pd.DataFrame:
    """Return the other visits of that day to that place in the register, as far as this person may see."""
    try:
        day = date.fromisoformat(fields["event_date"])
    except ValueError:
        return pd.DataFrame()  # the register will say what is wrong with it
    store = open_store(viewer, surface=SURFACE)
    if not store.may("activations"):
        return pd.DataFrame()
    there = store.register("activations", Filters({"vr_code": (fields["vr_code"],)}, first=day, last=day))
    at_place = ("route_from", "route_to") if fields["route_from"] else ("gemeente_code", "sector_code")
    names = ("site_id",) if fields["site_id"] else at_place
    same = (there["activation_id"] != entity_id) & (there["erased_reason"] == "")
    for name in names:
        same &= there[name] == fields[name]
    return there[same]


def _refusal(error: RisicobeeldError) -> Answer:
    """Tell an error that stays from one that passes: a database away, or an audit trail that cannot be written."""
    passes = isinstance(error, UnnotedError) or not (isinstance(error, _FINAL) or error.key in _FINAL_KEYS)
    reason = in_each(in_words, error)
    if passes:
        return Answer(HTTPStatus.SERVICE_UNAVAILABLE, "later", reason)
    denied = isinstance(error, AccessDeniedError)
    return Answer(HTTPStatus.FORBIDDEN if denied else HTTPStatus.UNPROCESSABLE_ENTITY, "refused", reason)
