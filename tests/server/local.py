"""A real HTTP server on 127.0.0.1 that answers as the publishers do, and can be told to fail as they do.

The figures it serves are invented, except where a test gives it recorded answers.
"""

import hashlib
import re
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

BASE_NAMES = (
    "cbs_v3",
    "cbs_catalog",
    "cbs_v4",
    "pdok_api",
    "pdok_service",
    "locatieserver",
    "overpass",
    "geofabrik",
    "traces",
    "rivm",
)


@dataclass(frozen=True)
class Request:
    """What was asked."""

    path: str
    params: dict[str, str]
    form: dict[str, str]
    headers: dict[str, str]


@dataclass(frozen=True)
class Answer:
    """What to answer."""

    body: bytes
    status: int = 200
    content_type: str = "application/json"
    headers: dict[str, str] = field(default_factory=dict)


Route = Callable[[Request], Answer | None]
Fault = Callable[[Request, Answer], Answer | str]
"""Turns a good answer into a bad one; the text ``hang`` or ``cut`` says what to do to the connection."""


@dataclass
class LocalServer:
    """The server, its routes, and the faults that wait for a matching request."""

    routes: list[Route] = field(default_factory=list)
    faults: list[tuple[re.Pattern[str], Fault, int]] = field(default_factory=list)
    asked: list[Request] = field(default_factory=list)
    address: str = ""

    def fail(self, pattern: str, fault: Fault, times: int = 1_000) -> None:
        """Let requests whose path matches fail, the given number of times."""
        self.faults.append((re.compile(pattern), fault, times))

    def heal(self) -> None:
        """Take all faults away."""
        self.faults.clear()

    def count(self, pattern: str) -> int:
        """Return how many requests matched."""
        return sum(bool(re.search(pattern, request.path)) for request in self.asked)

    def answer(self, request: Request) -> Answer | str:
        """Return the answer of the first route that knows the request, spoiled where a fault waits."""
        self.asked.append(request)
        found = next((answer for route in self.routes if (answer := route(request))), None)
        good = found or Answer(b'{"title": "Not Found", "status": 404}', 404)
        for number, (pattern, fault, times) in enumerate(self.faults):
            if pattern.search(request.path) and times:
                self.faults[number] = (pattern, fault, times - 1)
                return fault(request, good)
        return good

    def write_sources(self, folder: Path) -> Path:
        """Write the file that RISICOBEELD_SOURCES names, with every publisher at this server."""
        path = folder / "sources.toml"
        path.write_text("[base]\n" + "".join(f'{name} = "{self.address}"\n' for name in BASE_NAMES), "utf-8")
        return path


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    hosted: LocalServer

    def do_GET(self) -> None:
        self._serve({})

    def do_POST(self) -> None:
        content = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
        self._serve({key: values[0] for key, values in parse_qs(content).items()})

    def _serve(self, form: dict[str, str]) -> None:
        parts = urlsplit(self.path)
        params = {key: values[0] for key, values in parse_qs(parts.query, keep_blank_values=True).items()}
        request = Request(unquote(parts.path), params, form, dict(self.headers))
        answer = self.hosted.answer(request)
        if answer == "hang":
            time.sleep(3)
            self.close_connection = True
            return
        is_cut = isinstance(answer, tuple)
        if isinstance(answer, str):
            message = f"unknown fault {answer}"
            raise TypeError(message)
        if is_cut:
            answer = answer[1]
        body, status, headers = ranged(request, answer)
        self.send_response(status)
        self.send_header("Content-Type", answer.content_type)
        self.send_header("Content-Length", str(len(body)))
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body[: len(body) // 2] if is_cut else body)
        if is_cut:
            self.close_connection = True

    def log_message(self, *_: object) -> None:
        """Say nothing."""


def _is_known(request: Request, headers: dict[str, str]) -> bool:
    """Tell whether who asks has this very answer already."""
    pairs = (("If-None-Match", "ETag"), ("If-Modified-Since", "Last-Modified"))
    asked = [(request.headers[name], headers.get(mark)) for name, mark in pairs if name in request.headers]
    return bool(asked) and all(one == mark for one, mark in asked)


def ranged(request: Request, answer: Answer) -> tuple[bytes, int, dict[str, str]]:
    """Serve a part of a file to who asks for it and still means the same file."""
    headers = dict(answer.headers)
    if answer.status == 200 and _is_known(request, headers):
        return b"", 304, headers
    if answer.content_type != "application/octet-stream" or answer.status != 200:
        return answer.body, answer.status, headers
    headers["ETag"] = f'"{hashlib.sha256(answer.body).hexdigest()[:12]}"'
    if _is_known(request, headers):
        return b"", 304, headers
    match = re.fullmatch(r"bytes=(\d+)-", request.headers.get("Range", ""))
    if match and request.headers.get("If-Range") == headers["ETag"]:
        return answer.body[int(match[1]) :], 206, headers
    return answer.body, 200, headers


class _QuietServer(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False

    def handle_error(self, *_: object) -> None:
        """Say nothing when a client hangs up: faults make it do so."""


@contextmanager
def running(routes: list[Route]) -> Iterator[LocalServer]:
    """Run a server until the block ends."""
    hosted = LocalServer(routes)
    handler = type("Handler", (_Handler,), {"hosted": hosted})
    with _QuietServer(("127.0.0.1", 0), handler) as server:
        hosted.address = f"http://127.0.0.1:{server.server_address[1]}"
        # Asked every hundredth of a second whether to stop: half a second, the default, would be waited for each time.
        thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        try:
            yield hosted
        finally:
            server.shutdown()
            thread.join()


# --- faults ------------------------------------------------------------------------------------------


def too_many_records(_request: Request, _answer: Answer) -> Answer:
    text = (
        "The given query is not allowed on this table. Please redefine your query so that it returns less than"
        " 10000 records."
    )
    return Answer(text.encode(), 500)


def slow_down(seconds: str) -> Fault:
    return lambda _request, _answer: Answer(b"", 429, headers={"Retry-After": seconds})


def status(code: int) -> Fault:
    return lambda _request, _answer: Answer(b"{}", code)


def hang(_request: Request, _answer: Answer) -> str:
    return "hang"


def broken_off(_request: Request, answer: Answer) -> tuple[str, Answer]:
    """Half of the body, and the connection closes: the length does not fit."""
    return ("cut", answer)


def truncated(_request: Request, answer: Answer) -> Answer:
    """Half of the JSON, with a length that fits."""
    return Answer(answer.body[: len(answer.body) // 2], content_type=answer.content_type)


def web_page(_request: Request, _answer: Answer) -> Answer:
    return Answer(b"<!DOCTYPE html><html><body>Onderhoud</body></html>", content_type="text/html")
