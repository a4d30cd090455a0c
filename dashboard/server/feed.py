"""A read-only GeoJSON address for a crisis system or a GIS: the same door, behind a token; a process of its own.

    python -m dashboard.feed token LCMS --as lotc
    python -m dashboard.feed serve --port 8502

The token is shown once; only its digest is kept, in ``feed_tokens.json`` in the data folder. Removing a line
there, or the command ``revoke``, ends it at once.
"""

import argparse
import json
import logging
import re
import sys
import threading
import time
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler
from types import MappingProxyType
from typing import Any, Final
from urllib.parse import SplitResult, parse_qs, urlsplit

from markupsafe import Markup

from access import audit, tokens, told
from access.viewer import Viewer
from dashboard.parts.downloads import Part, as_file
from dashboard.parts.figures import Picture, official_model
from dashboard.server import features, metrics
from dashboard.shell.signin import is_this_machine
from door import store as access
from door.store import ScopedStore
from geodata import logs, settings
from geodata.errors import AccessDeniedError, InputError, RisicobeeldError, UnknownCodeError
from geodata.snapshots import formats
from risk.notices import forms
from risk.notices.mail import END_PATH
from risk.notices.notices import notices, rules, today_of
from risk.report import dictionary
from risk.scores import deliver
from risk.scores.outputs import read_scored
from words import read_texts

SURFACE: Final = "feed"
DICTIONARY: Final = features.DICTIONARY
NOTICES: Final = {"/notices.atom": forms.ATOM_TYPE, "/notices.ics": forms.CALENDAR_TYPE}
LEVELS: Final = {f"/{level}.geojson": level for level in ("vr", "gemeente", "site")}
_HOST: Final = re.compile(r"[A-Za-z0-9.-]{1,253}(?::\d{1,5})?|\[[0-9A-Fa-f:]{2,45}\](?::\d{1,5})?")
_LONGEST_FORM: Final = 10_000
_LOG = logging.getLogger(__name__)


def geojson(scoped: ScopedStore, level: str, sector: str, language: str) -> bytes:
    """Return the scores of a level in WGS84, with on every row what the files of the dashboard carry.

    Parameters
    ----------
    scoped
        The tables as the viewer may see them.
    level
        ``vr``, ``gemeente`` or ``site``.
    sector
        One of the twelve; '' is all together.
    language
        ``nl`` or ``en``.

    Raises
    ------
    AccessDeniedError
        The viewer may not see this level, or not take it away.
    UnknownCodeError
        There is no such sector.
    """
    scored = read_scored(scoped, level, official_model())
    shown = Picture(scored, {}, scoped.is_demonstration)
    part = Part(level, deliver.ALL_SECTORS if level == "site" else sector)
    return as_file(scoped, shown, part, "geojson", language)


_refused = {"n": 0, "told_at": float("-inf")}
_refused_lock = threading.Lock()
_TOLD_EVERY_S = 60.0


def _note_refused() -> None:
    """Leave a line in the audit trail on tokens that were wrong: at once, then at most one a minute with their number.

    Whoever tries many would else fill the trail.
    """
    with _refused_lock:
        _refused["n"] += 1
        now = time.monotonic()
        if now - _refused["told_at"] < _TOLD_EVERY_S:
            return
        n, _refused["n"], _refused["told_at"] = int(_refused["n"]), 0, now
    audit.note("refused", who="unknown token", role="", surface=SURFACE, table="token", rows_n=n)


def _is_of_features(path: str) -> bool:
    return path in features.ROUTES or path.startswith("/collections/")


def _route(path: str) -> str:
    """Return what the log may say of a path: an id in it stays out."""
    if path.startswith("/collections/"):
        return "/collections/..."
    return path if path in (*LEVELS, *NOTICES, DICTIONARY, END_PATH, *features.ROUTES, "/health") else "other"


class Handler(BaseHTTPRequestHandler):
    """Answers GET for the levels and for ``/health``; everything else does not exist."""

    server_version = "risicobeeld"
    sys_version = ""
    timeout = 30  # a client that says nothing holds no thread

    def do_GET(self) -> None:
        """Answer one request; an error that the product knows is a sentence, any other one a line in the log."""
        address = self._address()
        if address is None:
            return
        asked = {name: values[-1] for name, values in parse_qs(address.query).items()}
        try:
            if address.path == "/health":
                self._health()
            elif address.path in LEVELS:
                self._scores(LEVELS[address.path], asked)
            elif address.path in NOTICES:
                self._notices(address.path, asked)
            elif address.path == DICTIONARY:
                self._dictionary(asked)
            elif address.path == END_PATH:
                self._end_page(asked, "ask" if told.person_of(asked.get("token", "")) else "unknown")
            elif _is_of_features(address.path):
                self._features(address.path, asked)
            else:
                self._not_found()
        except AccessDeniedError as error:
            self._say(HTTPStatus.FORBIDDEN, str(error))
        except UnknownCodeError as error:
            self._say(HTTPStatus.BAD_REQUEST, str(error))
        except RisicobeeldError as error:
            self._say(HTTPStatus.SERVICE_UNAVAILABLE, str(error))

    def do_POST(self) -> None:
        """End somebody's e-mail: a press on the page of `do_GET`, or one click in a mail program (RFC 8058)."""
        address = self._address()
        if address is None:
            return
        asked = {name: values[-1] for name, values in parse_qs(address.query).items()}
        sent = self.headers.get("Content-Length", "0")
        self.rfile.read(min(int(sent), _LONGEST_FORM) if sent.isdecimal() else 0)
        if address.path != END_PATH:
            self._say(HTTPStatus.NOT_IMPLEMENTED, "This address only reads; ask it with GET.")
            return
        person_id = told.person_of(asked.get("token", ""))
        try:
            if person_id:
                told.end_mail(person_id)
                audit.note("mail ended", who="link in an e-mail", role="", surface=SURFACE)
            self._end_page(asked, "done" if person_id else "unknown")
        except RisicobeeldError as error:
            self._say(HTTPStatus.SERVICE_UNAVAILABLE, str(error))

    def _address(self) -> SplitResult | None:
        """Return the parts of what was asked for; None, and the answer is given, when it is no address."""
        try:
            return urlsplit(self.path)
        except ValueError:
            self.path = ""
            self._say(HTTPStatus.BAD_REQUEST, "This is no address.")
            return None

    def _end_page(self, asked: dict[str, str], told_how: str) -> None:
        """Answer with a small page; only pressing its button ends e-mail, for programs follow links by themselves."""
        texts = read_texts("en" if asked.get("lang") == "en" else "nl")
        title, words = (texts(f"mail.end_{name}") for name in ("title", told_how))
        do = Markup('<form method="post"><button>{}</button></form>').format(texts("mail.end_do")) * (told_how == "ask")
        page = Markup(
            '<!doctype html><html lang="{language}"><meta charset="utf-8">'
            '<meta name="viewport" content="width=device-width"><title>{title}</title>'
            "<body><main><h1>{title}</h1><p>{words}</p>{do}</main></body></html>"
        ).format(language=texts.language, title=title, words=words, do=do)
        status = HTTPStatus.FORBIDDEN if told_how == "unknown" else HTTPStatus.OK
        policy = "default-src 'none'; form-action 'self'; frame-ancestors 'none'"
        headers = {"Content-Security-Policy": policy, "Referrer-Policy": "same-origin"}
        self._answer(status, "text/html; charset=utf-8", page.encode(), headers)

    def _health(self) -> None:
        data_version = access.open_store(Viewer("lotc"), surface=SURFACE).data_version
        self._answer(HTTPStatus.OK, "application/json", json.dumps({"status": "ok", "data": data_version}).encode())

    def _not_found(self) -> None:
        self._say(
            HTTPStatus.NOT_FOUND, f"Ask for {', '.join([*LEVELS, *NOTICES, DICTIONARY, *features.ROUTES, '/health'])}."
        )

    def _store(self, asked: dict[str, str]) -> ScopedStore | None:
        """Return the door of whose token this is; None, and the answer is given, when it is nobody's."""
        bearer = self.headers.get("Authorization", "").removeprefix("Bearer ").strip()
        viewer = tokens.who(bearer or asked.get("token", ""), datetime.now(UTC).date())
        if viewer is None:
            _note_refused()
            self._say(HTTPStatus.UNAUTHORIZED, "This token is unknown or its time is over; ask LOT-C for one.")
            return None
        return access.open_store(viewer, surface=SURFACE)

    def _features(self, path: str, asked: dict[str, str]) -> None:
        scoped = self._store(asked)
        if scoped is None:
            return
        found = features.answer(scoped, path, asked, self._base())
        if found is None:
            self._not_found()
            return
        headers = {"Content-Crs": f"<{found.crs}>"} if found.crs else {}
        self._answer(HTTPStatus.OK, found.kind, json.dumps(found.body).encode(), headers)

    def _dictionary(self, asked: dict[str, str]) -> None:
        scoped = self._store(asked)
        if scoped is not None:
            self._answer(HTTPStatus.OK, "application/json", dictionary.as_json(official_model(), scoped.sources))

    def _notices(self, path: str, asked: dict[str, str]) -> None:
        scoped = self._store(asked)
        if scoped is None:
            return
        texts = read_texts("en" if asked.get("lang") == "en" else "nl")
        today = today_of(scoped, datetime.now(UTC).date())
        found = notices(scoped, today - timedelta(days=rules()["since_days"]), today)
        is_feed = path == "/notices.atom"
        address = f"{self._base()}{path}"
        body = forms.atom(scoped, found, today, texts, address) if is_feed else forms.calendar(scoped, found, texts)
        scoped.note_export("notices", len(found))
        self._answer(HTTPStatus.OK, NOTICES[path], body)

    def _base(self) -> str:
        """Return where this server is reached: the host that was asked for, as a name or address and a port."""
        host = self.headers.get("Host", "")
        if not _HOST.fullmatch(host):
            host = "{}:{}".format(*self.connection.getsockname()[:2])
        secure = self.headers.get("X-Forwarded-Proto", "") == "https"
        return f"{'https' if secure else 'http'}://{host}"

    def _scores(self, level: str, asked: dict[str, str]) -> None:
        scoped = self._store(asked)
        if scoped is None:
            return
        language = "en" if asked.get("lang") == "en" else "nl"
        body = geojson(scoped, level, asked.get("sector", ""), language)
        self._answer(HTTPStatus.OK, "application/geo+json", body)

    def _say(self, status: HTTPStatus, sentence: str) -> None:
        self._answer(status, "application/json", json.dumps({"error": sentence}).encode())

    def _answer(
        self, status: HTTPStatus, kind: str, body: bytes, headers: Mapping[str, str] = MappingProxyType({})
    ) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Cache-Control", "no-store")
        for name, value in headers.items():
            self.send_header(name, value)
        if status == HTTPStatus.UNAUTHORIZED:
            self.send_header("WWW-Authenticate", "Bearer")
        self.end_headers()
        self.wfile.write(body)

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:  # noqa: ARG002 - the base's form
        """Log which of our addresses was asked for and the status alone: a token may stand in the query."""
        path = urlsplit(getattr(self, "path", "")).path  # a request that makes no sense has none
        logs.note(_LOG, "answered", route=_route(path), status=int(code))

    def log_error(self, format: str, *args: object) -> None:  # noqa: A002 - the base's form
        """Log nothing of a request that makes no sense: it may hold anything."""


def serve(port: int, address: str = "127.0.0.1") -> metrics.Server:
    """Return a server that listens; `serve_forever` answers.

    Raises
    ------
    InputError
        Others than this machine could reach the address, while nobody signs in here.
    """
    if not (is_this_machine(address) or settings.has_sign_in()):
        raise InputError(
            f"Without sign-in this product serves one person on this machine, so it does not listen on {address!r};"
            " leave --address out, or have sign-in set up first (docs/settings.md)."
        )
    server = metrics.Server((address, port), Handler)
    server.daemon_threads = True
    return server


def parser(program: str) -> argparse.ArgumentParser:
    """Return what reads the words of a line that begins with ``program``."""
    made = argparse.ArgumentParser(prog=program, description="Scores for other systems.")
    commands = made.add_subparsers(dest="command", required=True)
    serving = commands.add_parser("serve", help="answer requests")
    serving.add_argument("--port", type=int, default=8502, help="8502 by default")
    serving.add_argument("--address", default="127.0.0.1", help="another than this machine's needs a proxy with TLS")
    giving = commands.add_parser("token", help="give a system a token, shown once")
    giving.add_argument("name", help="what the system is called")
    giving.add_argument("--as", dest="viewer", required=True, help="ROLE[:VR], for example region:VR06")
    giving.add_argument("--until", type=date.fromisoformat, required=True, help="the last day it works, a year at most")
    giving.add_argument(
        "--for", dest="person", default="", metavar="EMAIL", help="who answers for it; needed with sign-in"
    )
    commands.add_parser("list", help="the tokens that were given: as whom, until when, by whom")
    ending = commands.add_parser("revoke", help="end a token")
    ending.add_argument("name")
    return made


def main(argv: list[str] | None = None, program: str = "python -m dashboard.feed") -> int:
    """Run one command; an error that the product knows is one sentence, and exit status 2."""
    arguments: Any = parser(program).parse_args(argv)
    try:
        logs.setup()
        if arguments.command == "token":
            viewer = access.parse_viewer(arguments.viewer)
            print(tokens.give(arguments.name, viewer, arguments.until, person=arguments.person))
        elif arguments.command == "list":
            given = formats.neutralise_formulas(tokens.everyone(Viewer("lotc")))  # a spreadsheet opens it
            print(given.to_csv(index=False), end="")
        elif arguments.command == "revoke":
            tokens.revoke(arguments.name)
        else:
            metrics.start()
            with serve(arguments.port, arguments.address) as server:
                server.serve_forever()
    except RisicobeeldError as error:
        print(error, file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 0
    return 0
