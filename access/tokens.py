"""Tokens of other systems: what each looks as, until when, who gave it and whose it is.

A token is shown once; only its digest is kept, in ``feed_tokens.json`` in the data folder.
"""

import fcntl
import hashlib
import hmac
import json
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Final

import pandas as pd

from access import admission, audit
from access.rights import Rows, rows_of
from access.viewer import Viewer, parse_viewer
from geodata import settings
from geodata.errors import AccessDeniedError, InputError
from geodata.snapshots import formats as store

LONGEST_DAYS: Final = 366
"""A token works for a year at most; then somebody decides again."""
COLUMNS: Final = ("name", "viewer", "person", "given_by", "given_on", "until")


def _path() -> Path:
    return settings.data_dir() / "feed_tokens.json"


def _tokens() -> dict[str, dict[str, str]]:
    try:
        content: dict[str, dict[str, str]] = json.loads(_path().read_text("utf-8"))
    except FileNotFoundError:
        return {}
    except ValueError as error:
        raise InputError(f"{_path().name} is not valid JSON ({error}); restore it or give new tokens.") from error
    if not isinstance(content, dict) or not all(isinstance(kept, dict) for kept in content.values()):
        raise InputError(f"{_path().name} holds no tokens as this program writes them; restore it or give new tokens.")
    return content


def refuse_damaged() -> None:
    """Stop when the file of the tokens cannot be read, of which the feed alone would tell.

    Raises
    ------
    InputError
        It is not as this program writes it.
    """
    _tokens()


@contextmanager
def _alone() -> Iterator[None]:
    """Let one process at a time change the list: of two, the second would put back what the first one ended."""
    _path().parent.mkdir(parents=True, exist_ok=True)
    lock = _path().with_name(f".{_path().name}.lock")
    try:
        handle = os.open(lock, os.O_WRONLY | os.O_CREAT, 0o600)
    except OSError as error:
        raise InputError(f"{_path()} cannot be written ({error.strerror}); correct the folder's rights.") from error
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def _keep(tokens: dict[str, dict[str, str]]) -> None:
    _path().parent.mkdir(parents=True, exist_ok=True)
    with store.whole_file(_path(), 0o600) as part:
        part.write_text(json.dumps(tokens, indent=1) + "\n", "utf-8")


def give(name: str, viewer: Viewer, until: date, *, person: str = "", by: str = "", today: date | None = None) -> str:
    """Return a new token for a system; one that had this name no longer works.

    Parameters
    ----------
    name
        What the system is called.
    viewer
        As whom it looks.
    until
        The last day it works, within `LONGEST_DAYS`.
    person
        E-mail address of whoever answers for it; the token works while this person has that role. Needed once
        people sign in.
    by
        Who gives it; the account that runs the command by default.
    today
        The day it is given; the system's by default.

    Raises
    ------
    InputError
        The last day is too far away, there is no person, or the person has not this role today.
    """
    by, today = by or audit.who_runs(), today or datetime.now(UTC).date()
    if until > today + timedelta(days=LONGEST_DAYS):
        raise InputError(f"A token works for a year at most; choose a day up to {today + timedelta(LONGEST_DAYS)}.")
    if settings.has_sign_in() and not person:
        raise InputError("A token is somebody's: name the person who answers for it (--for EMAIL).")
    if person and viewer not in admission.roles(person, today):
        raise InputError(f"{person} has not the role {viewer} today; give the role first, or choose another one.")
    token = secrets.token_urlsafe(32)
    kept = {
        "sha256": hashlib.sha256(token.encode()).hexdigest(),
        "viewer": str(viewer),
        "until": until.isoformat(),
        "person": person,
        "given_by": by,
        "given_on": today.isoformat(),
    }
    with _alone():
        _keep(_tokens() | {name: kept})
    audit.note(f"token given until {until}", who=by, role=str(viewer), surface="feed", table=name)
    return token


def revoke(name: str, *, by: str = "") -> None:
    """End the token of a system.

    Raises
    ------
    InputError
        No system of that name has one.
    """
    with _alone():
        tokens = _tokens()
        if name not in tokens:
            raise InputError(f"No system is called {name!r}; those with a token: {', '.join(tokens) or 'none'}.")
        ended = tokens.pop(name)
        _keep(tokens)
    audit.note("token revoked", who=by or audit.who_runs(), role=ended["viewer"], surface="feed", table=name)


def who(token: str, today: date) -> Viewer | None:
    """Return who a token looks as; None when it is unknown, over, nobody's, or its person lost the role."""
    digest = hashlib.sha256(token.encode()).hexdigest()
    for name, kept in _tokens().items():
        if not hmac.compare_digest(kept["sha256"], digest) or today > date.fromisoformat(kept["until"]):
            continue
        viewer = parse_viewer(kept["viewer"])
        person = kept.get("person", "")
        # One that was given before people signed in is nobody's: since then nobody answers for it.
        if viewer not in admission.roles(person, today) if person else settings.has_sign_in():
            return None
        return Viewer(viewer.role, viewer.vr_codes, viewer.organisation, person=f"system {name}")
    return None


def everyone(viewer: Viewer) -> pd.DataFrame:
    """Return the tokens that were given (`COLUMNS`), without their digests.

    Raises
    ------
    AccessDeniedError
        Only LOT-C and the privacy officer may see who has access.
    """
    if rows_of(viewer.role, "people") != Rows.ALL:
        raise AccessDeniedError("people_denied", role=viewer)
    rows = [{"name": name} | {key: kept.get(key, "") for key in COLUMNS[1:]} for name, kept in _tokens().items()]
    return pd.DataFrame(rows, columns=list(COLUMNS))
