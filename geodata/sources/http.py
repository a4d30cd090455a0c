"""The only module that fetches: base addresses, time-outs, retries, Retry-After, resumable downloads.

Every failure leaves here as a `SourceError` of one sentence that names the source, the cause and the remedy.

What publishers answered before is kept under ``cache/http`` with its ``ETag`` or ``Last-Modified`` and its digest:
asked again, they send it only if it changed. An answer that is gone or damaged is fetched anew.
"""

import hashlib
import json
import re
import shutil
import tomllib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any, Final, NoReturn, TypeVar
from urllib.parse import urlencode, urljoin, urlsplit, urlunsplit

import requests
import tenacity

from geodata import settings
from geodata.errors import InputError, SourceError
from geodata.snapshots import formats as store
from geodata.sources.catalogue import BASES

Progress = Callable[[int, int], None]
"""Called with what is done and how much there is in all (0: not known yet)."""

T = TypeVar("T")

_CONNECT_S = 5.0
_ATTEMPTS_N = 4
_LONGEST_WAIT_S = 120.0  # a source that asks for more is left for the next refresh
_CHUNK = 1 << 20
_BUSY = (429, 500, 502, 503, 504)
_TABLE_ID = re.compile(r"\d{5}[A-Za-z]{2,4}")
_LOCAL_HOSTS = ("127.0.0.1",)
_MOST_BYTES: Final = 300_000_000  # a whole country's extract is not kept twice
_MOST_N: Final = 500  # answers; the ones kept longest ago make room
_MARKS: Final = {"ETag": "If-None-Match", "Last-Modified": "If-Modified-Since"}


def _headers(**more: str) -> dict[str, str]:
    """Return what every request says of itself; publishers ask for somebody whom they can reach."""
    contact = settings.contact()
    told = f"public-health map; one request at a time{f'; {contact}' if contact else ''}"
    return {"User-Agent": f"risicobeeld/1.0 ({told})", "Accept": "application/json", **more}


class UnreachableError(SourceError):
    """A fault that may pass: no connection, no answer in time, or an answer that is cut off."""


class _AgainError(UnreachableError):
    """Worth another attempt, after the seconds that the source asks for."""

    wait_s: float = 0.0


def base(name: str) -> str:
    """Return the base address of a publisher, or what the file of ``RISICOBEELD_SOURCES`` puts in its place.

    Raises
    ------
    InputError
        The file cannot be read, names an unknown address, or a value is more than scheme, host and port.

    Examples
    --------
    >>> base("cbs_v4")
    'https://datasets.cbs.nl'
    """
    return _bases()[name]


def table(source_id: str, usual: str) -> str:
    """Return the table of StatLine that a source is read from: the usual one, or what an analyst put in its place.

    Raises
    ------
    InputError
        The file of ``RISICOBEELD_SOURCES`` cannot be read, or the name is no table's.
    """
    named = _file().get("tables", {}).get(source_id, usual)
    if not isinstance(named, str) or not _TABLE_ID.fullmatch(named):
        raise InputError(f"{settings.sources_file()}: {source_id} = {named!r} is no table of StatLine, as 85039NED.")
    return named


def _bases() -> dict[str, str]:
    path = settings.sources_file()
    given = _file().get("base", {})
    if path is None:
        return BASES
    unknown = sorted(set(given) - set(BASES))
    if unknown:
        raise InputError(f"{path} names an unknown address {unknown[0]!r}; choose from {', '.join(BASES)}.")
    return BASES | {name: _checked_base(name, value, path) for name, value in given.items()}


def _file() -> dict[str, Any]:
    """Return what the file of ``RISICOBEELD_SOURCES`` holds; nothing without one."""
    path = settings.sources_file()
    if path is None:
        return {}
    try:
        content = tomllib.loads(path.read_text("utf-8"))
    except OSError as error:
        raise InputError(
            f"{path} (RISICOBEELD_SOURCES) cannot be read ({error.strerror}); give a TOML file."
        ) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InputError(f"{path} (RISICOBEELD_SOURCES) is not TOML ({error}); correct it.") from error
    given, tables = content.get("base", {}), content.get("tables", {})
    if set(content) - {"base", "tables"} or not isinstance(given, dict) or not isinstance(tables, dict):
        raise InputError(f"{path} (RISICOBEELD_SOURCES) may hold two tables, [base] and [tables]; take the rest out.")
    return content


def _checked_base(name: str, value: object, path: Path) -> str:
    parts = urlsplit(str(value))
    plain = f"{parts.scheme}://{parts.netloc}"
    if not parts.hostname or parts.username or str(value).rstrip("/") != plain:
        raise InputError(f"{path}: {name} = {value!r} must be scheme, host and port only, as https://host:8443.")
    if parts.scheme != "https" and not (parts.scheme == "http" and parts.hostname in _LOCAL_HOSTS):
        raise InputError(f"{path}: {name} = {value!r} must begin with https:// (http only for 127.0.0.1).")
    return plain


def timeout(read_s: float | None = None) -> tuple[float, float]:
    """Return the seconds to wait for a connection and for data.

    A slow question may bring its own patience; a ``RISICOBEELD_TIMEOUT`` below the default holds for all.
    """
    most = settings.http_timeout_s()
    patience = most if read_s is None or most < settings.DEFAULT_TIMEOUT_S else max(read_s, most)
    return min(_CONNECT_S, most), patience


def call(source_id: str, what: str, function: Callable[[], T], attempts_n: int = _ATTEMPTS_N) -> T:
    """Run a request and try again, ever later, what may pass: no connection, 429, 5xx, an answer cut off.

    Parameters
    ----------
    source_id
        The source, for the sentence when it fails.
    what
        What is asked for: an address or the name of a table.
    function
        Makes the request; may raise any exception of ``requests`` or `ValueError` for an answer that is no JSON.
    attempts_n
        How often it is tried in all.

    Raises
    ------
    SourceError
        It failed for good.
    """

    def attempt() -> T:
        with _named(source_id, what):
            return function()

    retrying = tenacity.Retrying(
        stop=tenacity.stop_after_attempt(attempts_n),
        wait=_wait_s,
        retry=tenacity.retry_if_exception_type(_AgainError),
        reraise=True,
    )
    return retrying(attempt)


def _wait_s(state: tenacity.RetryCallState) -> float:
    error = state.outcome.exception() if state.outcome else None
    asked = error.wait_s if isinstance(error, _AgainError) else 0.0
    return max(asked, settings.http_retry_wait_s() * 2.0 ** (state.attempt_number - 1))


@contextmanager
def _named(source_id: str, what: str) -> Iterator[None]:
    """Turn what goes wrong on the way into the product's own errors."""
    try:
        yield
    except SourceError:
        raise
    except requests.HTTPError as error:
        # cbsodata raises its own HTTPError without the response; the one with it is the cause
        cause = error.__cause__
        response = error.response if error.response is not None else getattr(cause, "response", None)
        _refuse(source_id, what, response, error)
    except requests.Timeout as error:
        raise _AgainError(f"Source {source_id}: no answer in time from {what}; try again later.") from error
    except (requests.exceptions.JSONDecodeError, json.JSONDecodeError) as error:
        if error.doc.lstrip()[:1] == "<":
            raise SourceError(
                f"Source {source_id}: {what} answered with a web page instead of data (maintenance?);"
                " look at the address in a browser and refresh again later."
            ) from error
        raise _AgainError(f"Source {source_id}: the answer of {what} is cut off or no JSON; refresh again.") from error
    except requests.RequestException as error:
        raise _AgainError(
            f"Source {source_id}: no connection to {what} ({type(error).__name__}); check the network and try again."
        ) from error


def _refuse(source_id: str, what: str, response: requests.Response | None, error: Exception) -> NoReturn:
    if response is None:
        raise SourceError(f"Source {source_id}: {what} failed ({error}); try again later.") from error
    status = response.status_code
    if status == 500 and "10000 records" in response.text:
        raise SourceError(
            f"Source {source_id}: {what} refuses the question as too large (more than 10000 records);"
            " ask for fewer rows at once or of the bulk feed."
        ) from error
    if status in _BUSY:
        wait_s = _retry_after_s(response)
        if wait_s > _LONGEST_WAIT_S:
            raise SourceError(
                f"Source {source_id}: {what} asks to wait {wait_s:.0f} seconds (HTTP {status}); refresh again then."
            ) from error
        again = _AgainError(f"Source {source_id}: {what} is down or busy (HTTP {status}); try again later.")
        again.wait_s = wait_s
        raise again from error
    missing = NotThereError if status in (404, 410) else SourceError
    raise missing(
        f"Source {source_id}: {what} answered HTTP {status}; the address or the question has changed:"
        " compare it with docs/sources.md."
    ) from error


class NotThereError(SourceError):
    """The source has no such address: a table that moved, or a file under another name."""


def _retry_after_s(response: requests.Response) -> float:
    text = response.headers.get("Retry-After", "")
    if re.fullmatch(r"\d+", text):
        return float(text)
    try:
        return max(0.0, (parsedate_to_datetime(text) - datetime.now(UTC)).total_seconds())
    except (ValueError, TypeError):
        return 0.0


def get_json(
    source_id: str,
    url: str,
    params: Mapping[str, str] | None = None,
    *,
    form: Mapping[str, str] | None = None,
    headers: Mapping[str, str] | None = None,
    read_s: float | None = None,
    is_kept: bool = False,
) -> Any:
    """Return the JSON that an address answers with; with ``form`` the question is posted.

    With ``is_kept`` an answer that was given before is asked for on condition that it changed.

    Parameters
    ----------
    source_id
        Of `geodata.sources.catalogue`.
    url
        The address in full.
    params
        The query behind the address.
    form
        What is posted; None asks only.
    headers
        Of the question.
    read_s
        Patience for an answer, in seconds.
    is_kept
        Whether an answer that did not change is taken from disk.

    Raises
    ------
    SourceError
        No answer, an answer that is no JSON, or a refusal.
    """
    address = f"{url}?{urlencode(sorted((params or {}).items()))}" if is_kept else ""

    def ask() -> Any:
        response = requests.request(
            "GET" if form is None else "POST",
            url,
            params=params,
            data=form,
            headers=_headers(**(headers or {})) | (_conditions(address) if is_kept else {}),
            timeout=timeout(read_s),
        )
        response.raise_for_status()
        if response.status_code == 304:
            return json.loads(_kept_content(address))
        response.encoding = "utf-8"
        found = json.loads(response.text)
        if is_kept:
            _keep(address, response.content, response.headers)
        return found

    return call(source_id, _short(url), ask)


def pages(
    source_id: str, url: str, params: Mapping[str, str], next_link: Callable[[Mapping[str, Any]], str | None]
) -> Iterator[Mapping[str, Any]]:
    """Yield the answers of an address that gives its rows in pages, following each page's link to the next.

    Parameters
    ----------
    source_id
        Of `geodata.sources.catalogue`.
    url
        The address in full.
    params
        The query behind the address.
    next_link
        Returns the address of the next page, None after the last.

    Raises
    ------
    SourceError
        A page fails, is no object, or its link leads back to a page that was read.
    """
    asked: Mapping[str, str] | None = params
    seen: set[str] = set()
    address: str | None = url
    while address is not None:
        page = get_json(source_id, address, asked, is_kept=True)
        if not isinstance(page, dict):
            raise SourceError(f"Source {source_id}: {_short(address)} answered without rows; the layout has changed.")
        yield page
        seen.add(address)
        link = next_link(page)
        following = _same_host(url, urljoin(address, link)) if link else None
        if following in seen:
            raise SourceError(f"Source {source_id}: the pages of {_short(url)} run in a circle; refresh again later.")
        address, asked = following, None


def _same_host(asked: str, link: str) -> str:
    """Keep to the host that was asked: a server behind a proxy may write another name into its links."""
    host, path = urlsplit(asked), urlsplit(link)
    return urlunsplit((host.scheme, host.netloc, path.path, path.query, ""))


def download(source_id: str, url: str, target: Path, progress: Progress) -> Path:
    """Download a file; what an earlier attempt or run left is completed, if the file is still the same one.

    One that was downloaded before is asked for on condition that it changed: its publisher then sends nothing, and
    the file of that time is given again.

    The part stands beside ``target`` with the ending ``.part`` until it is whole.

    Parameters
    ----------
    source_id
        Of `geodata.sources.catalogue`.
    url
        The address in full.
    target
        Where the file is kept.
    progress
        Is told how much is done.

    Raises
    ------
    SourceError
        The file cannot be had.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    call(source_id, _short(url), lambda: _download_rest(url, target, progress))
    return target


def _download_rest(url: str, target: Path, progress: Progress) -> None:
    part, mark = Path(f"{target}.part"), Path(f"{target}.mark")
    done = part.stat().st_size if part.is_file() and mark.is_file() else 0
    headers = _headers(**{"Accept": "*/*", "Accept-Encoding": "identity"})
    if done:
        headers |= {"Range": f"bytes={done}-", "If-Range": mark.read_text("utf-8")}
    else:
        headers |= _conditions(url)
    with requests.get(url, headers=headers, stream=True, timeout=timeout()) as response:
        if response.status_code == 416:  # the part is longer than the file: begin anew
            part.unlink()
            raise requests.ConnectionError("the part on disk does not fit")
        response.raise_for_status()
        if response.status_code == 304:
            _give_kept(url, target)
            progress(1, 1)
            return
        is_rest = response.status_code == 206
        done = done if is_rest else 0
        total = done + int(response.headers.get("Content-Length", 0))
        validator = response.headers.get("ETag") or response.headers.get("Last-Modified")
        if validator and not validator.startswith("W/"):
            mark.write_text(validator, "utf-8")
        else:
            mark.unlink(missing_ok=True)
        with part.open("ab" if is_rest else "wb") as handle:
            for chunk in response.iter_content(_CHUNK):
                handle.write(chunk)
                done += len(chunk)
                progress(done, total)
    if total and done < total:
        raise requests.ConnectionError("the file broke off")
    part.replace(target)
    mark.unlink(missing_ok=True)
    _keep(url, target, response.headers)


def first_bytes(source_id: str, url: str, bytes_n: int, attempts_n: int = _ATTEMPTS_N) -> str:
    """Return the beginning of a file as text, without fetching the rest.

    Parameters
    ----------
    source_id
        Of `geodata.sources.catalogue`.
    url
        The address in full.
    bytes_n
        How many to take.
    attempts_n
        How often to try.

    Raises
    ------
    SourceError
        The file cannot be had.
    """

    def ask() -> str:
        with requests.get(url, headers=_headers(Accept="*/*"), stream=True, timeout=timeout()) as response:
            response.raise_for_status()
            return next(response.iter_content(bytes_n), b"").decode("utf-8", errors="replace")

    return call(source_id, _short(url), ask, attempts_n)


def _short(url: str) -> str:
    return url.split("?", 1)[0]


def _kept_path(address: str) -> Path:
    name = hashlib.sha256(address.encode()).hexdigest()[:32]
    return settings.data_dir() / "cache" / "http" / name


def _kept_facts(address: str) -> dict[str, str]:
    """Return the marks of a kept answer; none where nothing whole is kept."""
    path = _kept_path(address)
    try:
        facts: dict[str, str] = json.loads(path.with_suffix(".json").read_text("utf-8"))
        return facts if _kept_digest(path) == facts["sha256"] else {}
    except (OSError, ValueError, KeyError, TypeError):
        return {}


def _kept_digest(path: Path) -> str:
    with path.open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()


def _conditions(address: str) -> dict[str, str]:
    """Return the headers that ask for an address only if it changed; none where nothing is kept of it."""
    facts = _kept_facts(address)
    return {header: facts[mark] for mark, header in _MARKS.items() if facts.get(mark)}


def _kept_content(address: str) -> bytes:
    """Return a kept answer."""
    return _kept_path(address).read_bytes()


def _give_kept(address: str, target: Path) -> None:
    """Copy a kept answer to where a download would have put it."""
    shutil.copyfile(_kept_path(address), target)


def _keep(address: str, answer: bytes | Path, headers: Mapping[str, str]) -> None:
    """Keep an answer, where its publisher gave a mark to know it by.

    Parameters
    ----------
    address
        That was asked, with its query.
    answer
        What it gave.
    headers
        Of the answer.
    """
    marks = {mark: headers[mark] for mark in _MARKS if headers.get(mark)}
    size = len(answer) if isinstance(answer, bytes) else answer.stat().st_size
    path = _kept_path(address)
    if not marks or size > _MOST_BYTES:
        path.with_suffix(".json").unlink(missing_ok=True)
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    with store.whole_file(path) as part:
        if isinstance(answer, bytes):
            part.write_bytes(answer)
        else:
            shutil.copyfile(answer, part)
    with store.whole_file(path.with_suffix(".json")) as part:
        part.write_text(json.dumps(marks | {"sha256": _kept_digest(path)}), "utf-8")
    newest_last = sorted(path.parent.glob("*.json"), key=lambda one: one.stat().st_mtime_ns)
    for old in newest_last[:-_MOST_N]:
        old.with_suffix("").unlink(missing_ok=True)
        old.unlink()
