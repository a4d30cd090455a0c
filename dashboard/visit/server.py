"""The addresses of the visit form, on the server of the pages itself: only there the provider's session arrives.

Everything the form is made of holds no figure and names nobody, so that a phone may keep it; ``who`` and ``send``
are answered to a session alone. The rest of Streamlit's server stays as it is.
"""

import asyncio
import hashlib
import json
import logging
import threading
import time
from collections import defaultdict, deque
from collections.abc import Callable
from functools import cache, partial
from http import HTTPStatus
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlencode

from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Route
from streamlit import config
from streamlit.runtime import Runtime
from streamlit.url_util import make_url_path
from streamlit.web.server.starlette import starlette_app, starlette_auth_routes

from access import audit
from access.admission import Refusal
from access.rights import Verb
from access.viewer import may
from dashboard.shell.problems import in_words
from dashboard.visit import receive, sender
from dashboard.visit.sender import Sender
from geodata import logs, settings
from geodata.areas import mergers
from geodata.areas.regions import region_names
from geodata.errors import RisicobeeldError
from register import form
from register.schema import MEASURES
from words import LANGUAGES, Texts, choose_language, in_each, read_texts
from words.templates import read_template

ADDRESS: Final = "/visit/"
_FOLDER: Final = Path(__file__).parent
_FILES: Final = {
    "visit.js": (_FOLDER / "visit.js", "text/javascript; charset=utf-8"),
    "queue.js": (_FOLDER / "queue.js", "text/javascript; charset=utf-8"),
    "visit.css": (_FOLDER / "visit.css", "text/css; charset=utf-8"),
    "icon.svg": (_FOLDER.parent / "shell" / "icon.svg", "image/svg+xml"),
}
_LARGEST_BYTES: Final = 200_000  # two texts of the longest kind, in letters of several bytes, and the rest
_MOST_A_MINUTE: Final = 60
_POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; worker-src 'self';"
    " base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_HEADERS: Final = {
    "Content-Security-Policy": _POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
_PRIVATE: Final = _HEADERS | {"Cache-Control": "no-store"}
_LOG = logging.getLogger(__name__)
_sent: Final = defaultdict[str, deque[float]](partial(deque, maxlen=_MOST_A_MINUTE))
"""When each sign-in sent, as long as that counts."""
_mounted: Final = threading.Event()


def mount() -> None:
    """Let Streamlit's server answer these addresses too; called once, before it starts.

    Streamlit's public way (`streamlit.App`) would also change how its server starts and stops.
    """
    settings.takes_visits()  # a setting that says neither stops the server before it starts
    made = starlette_app.create_streamlit_routes

    def with_ours(runtime: Runtime) -> list[BaseRoute]:
        return [*routes(), *made(runtime)]

    starlette_app.create_streamlit_routes = with_ours
    _mounted.set()


def is_served() -> bool:
    """Tell whether a page may lead to the form: this process answers for it, and takes visits."""
    return _mounted.is_set() and sender.is_open()


def way_in(texts: Texts, **told: str) -> Markup:
    """Return a link to the form (HTML), with what is known of the visit filled in; nothing where it is not served.

    Parameters
    ----------
    told
        ``site``, ``gemeente`` and ``sector``: codes.
    """
    if not is_served():
        return Markup()
    asked = urlencode({"lang": texts.language} | {name: code for name, code in told.items() if code})
    return Markup('<p class="rb-muted"><a href="visit/?{}">{}</a></p>').format(asked, texts("visit.link"))


def routes() -> list[BaseRoute]:
    """Return the addresses of the form, and Streamlit's own for signing out, which now erases the queue."""
    base = str(config.get_option("server.baseUrlPath") or "")

    def at(path: str, answer: Any, *methods: str) -> Route:
        return Route(make_url_path(base, path), answer, methods=methods or ("GET",))

    return [
        at(ADDRESS.rstrip("/"), _to_the_form),
        at(ADDRESS, _form),
        *(at(ADDRESS + name, _file) for name in _FILES),
        at(f"{ADDRESS}worker.js", _worker),
        at(f"{ADDRESS}who", _who),
        # GET is named, or Streamlit would answer it with a page.
        at(f"{ADDRESS}send", partial(_posted, answer=_taken), "GET", "POST"),
        at(f"{ADDRESS}compare", partial(_posted, answer=_compared), "GET", "POST"),
        at("/auth/logout", _sign_out),
    ]


# --- what the form is made of -------------------------------------------------------------------------------


async def _to_the_form(request: Request) -> Response:
    query = f"?{request.url.query}" if request.url.query else ""
    return RedirectResponse(f"visit/{query}", HTTPStatus.TEMPORARY_REDIRECT, headers=_HEADERS)


async def _form(request: Request) -> Response:
    locale = request.headers.get("Accept-Language", "")
    language = choose_language(request.query_params.get("lang"), locale)
    headers = _HEADERS | {"Cache-Control": "no-cache", "Vary": "Accept-Language"}
    status = HTTPStatus.OK if sender.is_open() else HTTPStatus.NOT_FOUND
    shown = render_form(language, is_open=sender.is_open())
    return Response(shown, status, headers, "text/html; charset=utf-8")


async def _file(request: Request) -> Response:
    path, kind = _FILES[request.url.path.rpartition("/")[2]]
    return Response(path.read_bytes(), HTTPStatus.OK, _HEADERS | {"Cache-Control": "no-cache"}, kind)


async def _worker(_request: Request) -> Response:
    """Answer with what lets the form open without a network, where visits are taken."""
    if not sender.is_open():
        return Response("", HTTPStatus.NOT_FOUND, _HEADERS)
    text = (_FOLDER / "worker.js").read_text("utf-8").replace("VERSION", _version())
    headers = _HEADERS | {"Cache-Control": "no-cache"}
    return Response(text, HTTPStatus.OK, headers, "text/javascript; charset=utf-8")


@cache
def _version() -> str:
    """Return what tells one form from another: a phone fetches all of its files anew when it changes."""
    parts = [path.read_bytes() for path, _ in _FILES.values()]
    parts += [render_form(language, is_open=True).encode() for language in LANGUAGES]
    return hashlib.sha256(b"".join(parts)).hexdigest()[:16]


# --- what only a session is answered ------------------------------------------------------------------------


def _told(status: HTTPStatus, state: str, words: str = "", /, **more: object) -> JSONResponse:
    reason = in_each(lambda texts: texts(words)) if words else {}
    return JSONResponse({"state": state, "reason": reason} | more, status, _PRIVATE)


async def _who(request: Request) -> Response:
    """Tell a form whose it is, and give it the token without which nothing is taken."""
    return await _in_a_thread(_introduced, request)


async def _in_a_thread(answer: Callable[..., Response], *given: object) -> Response:
    """Ask the database away from the loop that answers everybody; what it cannot do now, a phone tries again."""
    try:
        return await asyncio.to_thread(answer, *given)
    except RisicobeeldError as error:
        logs.warn(_LOG, "cannot answer", route=f"{ADDRESS}...", error=type(error).__name__)
        reason = in_each(in_words, error)
        return JSONResponse({"state": "later", "reason": reason}, HTTPStatus.SERVICE_UNAVAILABLE, _PRIVATE)


def _introduced(request: Request) -> Response:
    if not sender.is_open():
        return _told(HTTPStatus.NOT_FOUND, "closed", "visit.closed")
    found = sender.sender(request)
    if found is None:
        return _told(HTTPStatus.UNAUTHORIZED, "out", "visit.out")
    if found.admission.refusal is not None:
        return _refused(found)
    viewers = found.admission.viewers
    return _told(
        HTTPStatus.OK,
        "in",
        person=found.person,
        name=found.admission.person,
        token=found.token(),
        regions=sorted({code for one in viewers for code in one.vr_codes}),
        writes=any(may(one, Verb.RECORD, "activations") for one in viewers),
    )


def _refused(found: Sender) -> JSONResponse:
    """Say why somebody who signed in may not enter, as the page does, and leave a line in the trail."""
    reason = found.admission.refusal
    assert reason is not None  # noqa: S101 - for who reads types
    _note_refused(found, reason.value)
    passes = reason in (Refusal.EXPIRED, Refusal.ENDED)
    state = "ended" if reason is Refusal.ENDED else "out"
    return _told(HTTPStatus.UNAUTHORIZED if passes else HTTPStatus.FORBIDDEN, state, f"signin.{reason.value}")


async def _posted(request: Request, answer: Callable[[Sender, object], Response]) -> Response:
    """Read one visit; every way in which this could be somebody else's doing is closed before that."""
    if request.method != "POST":
        return _told(HTTPStatus.METHOD_NOT_ALLOWED, "refused", "problem.visit_unreadable")
    if not sender.is_open():
        return _told(HTTPStatus.NOT_FOUND, "closed", "visit.closed")
    if not _is_from_here(request):
        return _told(HTTPStatus.FORBIDDEN, "foreign", "visit.foreign")
    if request.headers.get("Content-Type", "").partition(";")[0].strip() != "application/json":
        return _told(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "refused", "problem.visit_unreadable")
    body = bytearray()
    async for part in request.stream():
        body += part
        if len(body) > _LARGEST_BYTES:
            return _told(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "refused", "visit.too_large")
    return await _in_a_thread(_of_sender, request, bytes(body), answer)


def _is_from_here(request: Request) -> bool:
    """Tell whether a page of this server sent it; a browser always says so of what a script posts."""
    site = request.headers.get("Sec-Fetch-Site", "same-origin")
    return request.headers.get("Origin") == sender.own_origin() and site == "same-origin"


def _of_sender(request: Request, body: bytes, answer: Callable[[Sender, object], Response]) -> Response:
    """Hold who sends it against every rule, then hand it on."""
    found = sender.sender(request)
    if found is None:
        return _told(HTTPStatus.UNAUTHORIZED, "out", "visit.out")
    if found.admission.refusal is not None:
        return _refused(found)
    if (wrong := _wrong_of(request, found)) is not None:
        return wrong
    try:
        sent = json.loads(body)
    except (ValueError, RecursionError):
        return _told(HTTPStatus.UNPROCESSABLE_ENTITY, "refused", "problem.visit_unreadable")
    return answer(found, sent)


def _taken(found: Sender, sent: object) -> Response:
    """Record what was sent."""
    answer = receive.receive(found.admission.viewers, found.person, sent)
    logs.note(_LOG, "answered", route=f"{ADDRESS}send", status=int(answer.status))
    told = {"state": answer.state, "reason": dict(answer.reason), "question": answer.question}
    return JSONResponse(told, answer.status, _PRIVATE)


def _compared(found: Sender, sent: object) -> Response:
    """Answer with what the register holds in the place of what was sent; nothing is recorded."""
    stands = receive.standing(found.admission.viewers, found.person, sent)
    return JSONResponse({"state": "compared", "stands": stands}, HTTPStatus.OK, _PRIVATE)


def _wrong_of(request: Request, found: Sender) -> Response | None:
    """Return the answer to what does not come from this sign-in's own form, or too often; None when all is well."""
    if not found.owns(request.headers.get("X-Visit-Token", "")):
        _note_refused(found, "token")
        return _told(HTTPStatus.FORBIDDEN, "again", "visit.again")
    if request.headers.get("X-Visit-Person", "") != found.person:
        return _told(HTTPStatus.FORBIDDEN, "other", "visit.other")
    if not _has_turn(found.session):
        return _told(HTTPStatus.TOO_MANY_REQUESTS, "later", "visit.later")
    return None


def _has_turn(session: str) -> bool:
    """Tell whether a sign-in may send again: a phone with a week's visits may, a program that tries may not."""
    now = time.monotonic()
    for name in [name for name, moments in [*_sent.items()] if not moments or moments[-1] < now - 60]:
        _sent.pop(name, None)
    moments = _sent[session]
    is_full = len(moments) == _MOST_A_MINUTE and moments[0] > now - 60
    if not is_full:
        moments.append(now)
    return not is_full


def _note_refused(found: Sender, reason: str) -> None:
    audit.note("refused", who=found.admission.person, role="", surface=receive.SURFACE, table=reason)


# --- signing out --------------------------------------------------------------------------------------------


async def _sign_out(request: Request) -> Response:
    """Sign out as Streamlit does, and let the browser forget what this server's pages kept: the queue of visits."""
    # There is no public way to do something more at signing out.
    base = str(config.get_option("server.baseUrlPath") or "")
    answer = await starlette_auth_routes._auth_logout(request, base)  # noqa: SLF001
    answer.headers["Clear-Site-Data"] = '"storage"'
    return answer


_PAGE: Final = read_template(Path(__file__).with_name("visit.html"))
_SCRIPT_WORDS: Final = (
    "empty",
    "none_known",
    "offline",
    "online",
    "sending",
    "saved",
    "sent",
    "waiting_n",
    "old",
    "state_waiting",
    "state_refused",
    "state_asked",
    "edit",
    "discard",
    "discard_sure",
    "send_anyway",
    "erased_other",
    "erased_ended",
    "as_whom",
    "may_not",
    "unreachable",
    "not_kept",
    "draft_back",
    "compared",
    "yours",
    "stands",
)
"""What the script says by itself; all else it shows stands in the page or comes with an answer."""


def render_form(language: str, *, is_open: bool) -> str:
    """Return the page in a language; without the form where no visits are taken.

    It holds nobody's data and no figure, so that a phone may keep it: gemeenten, regions and words.
    """
    texts = read_texts(language)
    regions = region_names()
    gemeenten = mergers.known_areas()["gemeenten"].sort_values("gemeente_name")
    return _PAGE.render(
        texts=texts,
        is_open=is_open,
        form=form,
        gemeenten=gemeenten[["gemeente_code", "gemeente_name", "vr_code"]].to_dict("records"),
        regions=regions,
        measures="; ".join(texts(f"register.measure_{code}") for code in list(MEASURES)[1:4]),
        words=_words(texts),
        other="en" if language == "nl" else "nl",
    )


def _words(texts: Texts) -> dict[str, str]:
    return {name: texts(f"visit.{name}") for name in _SCRIPT_WORDS} | {"lacks": texts("register.lacks")}
