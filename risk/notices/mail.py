"""Notices by e-mail: how many of what and where to look, to whoever asked for it, in one thread per event."""

import logging
import smtplib
import ssl
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from hashlib import sha256
from typing import Final
from urllib.parse import urlencode

from access import admission, audit, told
from access.told import Subscriber
from access.viewer import Viewer
from door import export
from door.store import ScopedStore, open_store
from geodata import logs
from geodata.errors import RisicobeeldError, UnnotedError
from geodata.settings import MailServer
from risk.notices.forms import closing, names
from risk.notices.notices import Notice, notices, rules, today_of
from words import Texts, read_texts

_LOG = logging.getLogger(__name__)
SURFACE: Final = "mail"
END_PATH: Final = "/unsubscribe"
_PATIENCE_S: Final = 30
_WHOLE_LINES: Final = SMTP.clone(max_line_length=900)  # a folded address in a heading is one that programs do not find
_WEEK: Final = timedelta(days=7)


@dataclass(frozen=True)
class Sent:
    """What a round of e-mail came to: how many people got how many letters, and why others got none."""

    people_n: int
    letters_n: int
    failures: tuple[str, ...]


def send(by: Viewer, server: MailServer, today: date) -> Sent:
    """Send everybody who asked for e-mail what is new, at most once in ``quiet_days``; go on when one fails.

    Whole days are told, up to the day before, so that nothing is told twice or not at all. Of whom a letter could not
    be sent nothing is noted as told: the next round tries again.

    Parameters
    ----------
    by
        Who sends: LOT-C.
    server
        Where e-mail goes out.
    today
        The day of sending.

    Raises
    ------
    AccessDeniedError
        This role may not send e-mail to people.
    UnnotedError
        The audit trail cannot be written.
    """
    people_n, letters_n, failures = 0, 0, []
    for one in told.subscribers(by):
        try:
            written = _letters_of(one, server, today)
            if written is None:
                continue
            until, found = written
            with _connection(server) as line:
                for letter in found:
                    line.send_message(letter)
            told.note_mailed(one.person_id, until)
        except UnnotedError:  # what cannot be noted does not happen, for nobody
            raise
        except (RisicobeeldError, OSError, smtplib.SMTPException) as error:
            failures.append(type(error).__name__)
            logs.note(_LOG, "a letter could not be sent", error=type(error).__name__)
            _note("mail failed", by, one, 0)  # whose stands in the audit trail, and not in the log
            continue
        if found:
            _note("mail", by, one, len(found))
        people_n, letters_n = people_n + bool(found), letters_n + len(found)
    return Sent(people_n, letters_n, tuple(failures))


def _letters_of(one: Subscriber, server: MailServer, today: date) -> tuple[date, list[EmailMessage]] | None:
    """Return the last day that somebody is told of, and the letters; None when it is not their turn."""
    # The audit trail says that a letter was written for somebody, not that they read what it was written from.
    viewers = [replace(viewer, person=f"e-mail to {one.email}") for viewer in admission.roles(one.email, today)]
    stores = [open_store(viewer, surface=SURFACE) for viewer in viewers]
    if not stores:
        return None
    until = today_of(stores[0], today - timedelta(days=1))
    if one.told_until and one.told_until > until:  # by a clock that was ahead: it would end all letters until then
        one = replace(one, told_until=None)
    if one.told_until and (until - one.told_until).days < rules()["mail"]["quiet_days"]:
        return None
    return until, letters(stores, one, until, server)


def letters(stores: Sequence[ScopedStore], one: Subscriber, until: date, server: MailServer) -> list[EmailMessage]:
    """Return what to send somebody: a letter per event, one for all when there are many, one that says so for none.

    Parameters
    ----------
    stores
        The doors of the person's roles.
    one
        Who gets it, and what they want.
    until
        The last day to tell of; the first is the one after the last time, or a week back.
    server
        What the letters say of us.
    """
    first = one.told_until + timedelta(days=1) if one.told_until else until - _WEEK + timedelta(days=1)
    found: dict[str, tuple[Notice, ScopedStore]] = {}
    for scoped in stores:
        for notice in notices(scoped, first, until):
            if notice.rule in one.wish.rules:
                found.setdefault(notice.notice_id, (notice, scoped))
    events = list(found.values())
    if not events and not one.wish.wants_quiet:
        return []
    together = len(events) > rules()["mail"]["letters_n"]
    parts = [events] if together or not events else [[event] for event in events]
    return [_letter(part, stores[0], one, (first, until), server) for part in parts]


def _letter(
    part: Sequence[tuple[Notice, ScopedStore]],
    store: ScopedStore,
    one: Subscriber,
    period: tuple[date, date],
    server: MailServer,
) -> EmailMessage:
    texts, regions = read_texts(one.wish.language), names()
    first, until = period
    event = part[0][0].notice_id if len(part) == 1 else "all"
    banner = export.banner(store, one.wish.language)
    end = f"{server.site}/feed{END_PATH}?{urlencode({'token': told.end_token(one.person_id), 'lang': texts.language})}"
    lines = [banner, ""] if banner else []
    lines += [texts("notice.since", since=texts.day(first), today=texts.day(until)), ""]
    for notice, scoped in part:
        asked = urlencode({"as": str(scoped.viewer), "lang": texts.language})
        page = "" if notice.page == "picture" else notice.page
        lines += [notice.in_words(texts, regions), f"{server.site}/{page}?{asked}", ""]
    lines += [] if part else [*closing(store, texts, is_quiet=True), ""]
    lines += [texts("notice.never"), "", texts("mail.end", address=end), ""]
    letter = EmailMessage(policy=_WHOLE_LINES)
    letter["From"], letter["To"] = server.sender, one.email
    letter["Subject"] = " - ".join(filter(None, [banner, _subject(texts, [notice for notice, _ in part], regions)]))
    letter["Date"] = format_datetime(datetime.now(UTC))
    thread = _identity(server, one, event)
    letter["Message-ID"] = _identity(server, one, f"{event}|{until}")
    letter["In-Reply-To"] = letter["References"] = thread  # of all letters of one event the same, also of the first
    letter["Auto-Submitted"] = "auto-generated"
    letter["Content-Language"] = texts.language
    letter["List-Unsubscribe"] = f"<{end}>"
    letter["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"  # RFC 8058
    letter.set_content("\n".join(lines), cte="quoted-printable")
    return letter


def _subject(texts: Texts, found: Sequence[Notice], regions: dict[str, str]) -> str:
    """Return a subject that stays the same for all letters of an event: it has no number in it."""
    if len(found) != 1:
        return texts("mail.subject", about=texts("mail.many" if found else "mail.nothing"))
    place = regions.get(found[0].vr_code, found[0].vr_code) or texts("notice.nation")
    return texts("mail.subject", about=f"{texts(f'mail.rule_{found[0].rule}')}, {place}")


def _identity(server: MailServer, one: Subscriber, what: str) -> str:
    digest = sha256(f"{one.person_id}|{what}".encode()).hexdigest()[:32]
    return f"<{digest}@{server.sender.rpartition('@')[2].rstrip('>')}>"


@contextmanager
def _connection(server: MailServer) -> Iterator[smtplib.SMTP]:
    """Connect and prove who we are; a server that offers no STARTTLS where it was asked gets nothing."""
    safe = ssl.create_default_context()
    if server.tls == "tls":
        line: smtplib.SMTP = smtplib.SMTP_SSL(server.host, server.port, timeout=_PATIENCE_S, context=safe)
    else:
        line = smtplib.SMTP(server.host, server.port, timeout=_PATIENCE_S)
    with line:
        if server.tls == "starttls":
            line.starttls(context=safe)
        if server.user:
            line.login(server.user, server.password)
        yield line


def _note(what: str, by: Viewer, one: Subscriber, rows_n: int) -> None:
    audit.note(what, who=by.who, role=str(by), surface=SURFACE, table=one.email, rows_n=rows_n)
