"""How a process tells monitoring how it is: ``/ready`` and ``/metrics``, on an address of their own.

That address (``RISICOBEELD_WATCH``) is for those who run the server; the proxy never leads to it.
"""

import gc
import json
import logging
import math
import shutil
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Final

from cryptography import x509
from prometheus_client import CONTENT_TYPE_LATEST, REGISTRY, CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from streamlit.runtime import Runtime

from access.viewer import Viewer
from door import installation as readiness
from geodata import known, logs, metrics, settings
from geodata.errors import SnapshotError
from geodata.refresh import health
from geodata.snapshots import manifests, snapshot
from geodata.sources.registry import CONNECTORS
from register.backup import archive

_LOG = logging.getLogger(__name__)
_SECONDS_PER_DAY: Final = 86_400


@contextmanager
def page_run(page: str, viewer: Viewer) -> Iterator[None]:
    """Count and time a run of a page, and leave a line in the log."""
    began = time.perf_counter()
    metrics.RUNNING.inc()
    try:
        yield
    finally:
        metrics.RUNNING.dec()
        seconds = time.perf_counter() - began
        metrics.PAGE_RUNS.labels(page, viewer.role).inc()
        metrics.PAGE_SECONDS.labels(page).observe(seconds)
        logs.note(_LOG, "page run", page=page, role=viewer.role, seconds=round(seconds, 3))


class StateOfTheData(Collector):
    """What the data folder and the register look like at the moment that monitoring asks."""

    def collect(self) -> Iterator[Metric]:
        """Give readiness by part, the snapshot in use with its age, and how the last refresh of each source went."""
        ready = GaugeMetricFamily("risicobeeld_ready", "1 when this part can serve.", labels=["part"])
        for part, problem in readiness.check().items():
            ready.add_metric([part], float(not problem))
        yield ready
        yield from _of_snapshot()
        yield from _of_refresh()
        yield from _of_upkeep()


def _of_upkeep() -> Iterator[Metric]:
    """Give how old the newest backup and drill are, what disk is left, and until when the certificate is good."""
    now = datetime.now(UTC)
    figures = {
        "risicobeeld_backup_age_days": (
            "Days since the newest backup.",
            _days(now, *(moment for moment, _ in archive.made())),
        ),
        "risicobeeld_drill_age_days": ("Days since a backup was last restored in a drill.", _days(now, *_drilled())),
        "risicobeeld_disk_free_bytes": ("What is left on the disk of the data folder.", _free()),
        "risicobeeld_certificate_days": ("Days until the certificate ends.", _certificate(now)),
    }
    for name, (told, value) in figures.items():
        yield GaugeMetricFamily(name, told, value=value)


def _days(now: datetime, *moments: datetime) -> float:
    """Return how long ago the newest moment is; without any endlessly long, so that an alarm sees it.

    One that has yet to come is of a clock that was wrong, and would keep the alarm silent until then.
    """
    ages = ((now - moment).total_seconds() / _SECONDS_PER_DAY for moment in moments)
    return min((age for age in ages if age >= 0), default=math.inf)


def _drilled() -> Iterator[datetime]:
    if at := known.read("drill").get("at"):
        yield datetime.fromisoformat(str(at))


def _free() -> float:
    try:
        return float(shutil.disk_usage(settings.data_dir()).free)
    except OSError:
        return math.nan


def _certificate(now: datetime) -> float:
    """Return the days until the certificate ends that ``RISICOBEELD_CERTIFICATE`` names; not a number without one."""
    path = settings.certificate()
    if path is None:
        return math.nan
    try:
        ends = x509.load_pem_x509_certificate(path.read_bytes()).not_valid_after_utc
    except (OSError, ValueError):
        return -math.inf  # it cannot be read: somebody must look
    return (ends - now).total_seconds() / _SECONDS_PER_DAY


def _of_snapshot() -> Iterator[Metric]:
    try:
        found = snapshot.current()
    except SnapshotError:
        return  # risicobeeld_ready tells it
    labels = ["data_version", "demonstration"]
    version = GaugeMetricFamily("risicobeeld_snapshot_info", "The snapshot in use.", labels=labels)
    version.add_metric([found.data_version, str(found.is_demonstration).lower()], 1)
    yield version
    made = datetime.fromtimestamp((found.path / manifests.MANIFEST).stat().st_mtime, UTC)
    days = (datetime.now(UTC) - made).total_seconds() / _SECONDS_PER_DAY
    yield GaugeMetricFamily("risicobeeld_snapshot_age_days", "Days since the snapshot in use was made.", value=days)


def _of_refresh() -> Iterator[Metric]:
    ok = GaugeMetricFamily("risicobeeld_refresh_ok", "1 when the last attempt succeeded.", labels=["source"])
    at = GaugeMetricFamily(
        "risicobeeld_refresh_success_timestamp_seconds", "When a source was last fetched well.", labels=["source"]
    )
    for name, attempt in health.read().items():
        if name in CONNECTORS:  # what a user imported carries the name of a file
            ok.add_metric([name], float(not attempt.error))
            if attempt.succeeded_at:
                at.add_metric([name], datetime.fromisoformat(attempt.succeeded_at).timestamp())
    yield ok
    yield at


_STATE: Final = CollectorRegistry()
_STATE.register(StateOfTheData())


class Server(ThreadingHTTPServer):
    """A server that tells the log of a request that broke its kind alone, such as of a client that went away."""

    def handle_error(self, request: object, client_address: object) -> None:  # noqa: ARG002 - the base's form
        """Log the kind of the error: the base would print the client's address and what was asked."""
        logs.note(_LOG, "a request broke off", error=type(sys.exc_info()[1]).__name__)


class Handler(BaseHTTPRequestHandler):
    """Answers GET for ``/ready`` and ``/metrics``; everything else does not exist."""

    server_version = "risicobeeld"
    sys_version = ""
    timeout = 30  # a client that says nothing holds no thread

    def do_GET(self) -> None:
        """Answer one request."""
        if self.path == "/ready":
            found = readiness.check()
            status = HTTPStatus.SERVICE_UNAVAILABLE if any(found.values()) else HTTPStatus.OK
            told = {part: problem or "ok" for part, problem in found.items()}
            self._answer(status, "application/json", json.dumps(told).encode())
        elif self.path == "/metrics":
            self._answer(HTTPStatus.OK, CONTENT_TYPE_LATEST, generate_latest(REGISTRY) + generate_latest(_STATE))
        else:
            self._answer(HTTPStatus.NOT_FOUND, "text/plain", b"Ask for /ready or /metrics.")

    def _answer(self, status: HTTPStatus, kind: str, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Log nothing: monitoring asks every few seconds."""

    def log_error(self, format: str, *args: object) -> None:  # noqa: A002 - the base's form
        """Log nothing of a request that makes no sense: it may hold anything."""


_PAUSE_S: Final = 0.5


class _Collections:
    """Times collections of garbage, of which a process does one at a time."""

    began = 0.0

    def __call__(self, phase: str, told: dict[str, int]) -> None:
        if phase == "start":
            self.began = time.perf_counter()
        else:
            metrics.COLLECTED.labels(str(told["generation"])).inc(time.perf_counter() - self.began)


_note_collection: Final = _Collections()


def _note_lag() -> None:
    """Ask the loop that answers browsers for a turn, twice a second, and keep how late it came."""
    while True:
        time.sleep(_PAUSE_S)
        if Runtime.exists():
            came = threading.Event()
            began = time.perf_counter()
            try:
                # There is no public way to the loop.
                Runtime.instance()._get_async_objs().eventloop.call_soon_threadsafe(came.set)  # noqa: SLF001
            except RuntimeError:  # it is there, and has not begun
                continue
            came.wait()
            metrics.LOOP_LAG.observe(time.perf_counter() - began)


def start() -> Server | None:
    """Answer monitoring in the background where ``RISICOBEELD_WATCH`` says; None when it says nothing."""
    address = settings.watch_address()
    if address is None:
        return None
    server = Server(address, Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, name="metrics", daemon=True).start()
    if _note_collection not in gc.callbacks:
        gc.callbacks.append(_note_collection)
        threading.Thread(target=_note_lag, name="lag", daemon=True).start()
    return server
