"""The log: plain text on a laptop, or one JSON object per line for a machine; never personal data.

A line holds what the code says by itself (the event's fixed words, the place in the code, the kind of error) and
the few fields named here, whose values come from closed lists or are numbers. What was typed, asked, read or
raised with an error's words never gets in: not of our own modules, and of a library's line only its place is kept.
"""

import json
import logging
import sys
import threading
import traceback
from collections.abc import Mapping
from datetime import UTC, datetime
from types import TracebackType
from typing import Any, Final

from geodata import settings

FIELDS: Final = ("page", "role", "seconds", "error", "part", "source", "state", "rows_n", "route", "status", "problem")
"""Every field that an event may carry: codes and numbers, never a text that somebody wrote; ``problem`` is the
product's own sentence on how it was installed."""

_OURS: Final = ("app", "words", "geodata", "access", "register", "door", "risk", "dashboard", "commands", "__main__")
_LIBRARY: Final = "a library's line"


class JsonLines(logging.Formatter):
    """Write a record as one line of JSON, without anything that could tell of a person."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line.

        Examples
        --------
        >>> record = logging.LogRecord("risk", logging.INFO, "x.py", 1, "scored for %s", ("a.name@example.org",), None)
        >>> json.loads(JsonLines().format(record))["event"]
        'scored for %s'
        """
        is_ours = record.name.partition(".")[0] in _OURS
        line: dict[str, Any] = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            # The words as they stand in the code: what would be filled in may be somebody's name.
            "event": record.msg if is_ours and isinstance(record.msg, str) else _LIBRARY,
            "where": f"{record.module}:{record.lineno}",
            "process": record.process,
        }
        line |= _fields(record)
        if record.exc_info and record.exc_info[1] is not None:
            line |= _of_error(record.exc_info[1])
        return json.dumps(line, ensure_ascii=False)


class _PlainLines(logging.Formatter):
    """Write a record for a reader, its fields behind it."""

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - the base's name
        fields = "".join(f" {name}={value}" for name, value in _fields(record).items())
        return super().formatMessage(record) + fields


def _fields(record: logging.LogRecord) -> dict[str, Any]:
    return {name: getattr(record, name) for name in FIELDS if hasattr(record, name)}


def _of_error(error: BaseException) -> dict[str, Any]:
    """Return the kind of an error and where it came from; its words may hold what somebody typed."""
    frames = traceback.extract_tb(error.__traceback__)
    cause = error.__cause__ or error.__context__
    found: dict[str, Any] = {
        "error": type(error).__name__,
        "stack": [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in frames],
    }
    return found | ({"cause": type(cause).__name__} if cause is not None else {})


class _ErrorStream(logging.StreamHandler):  # type: ignore[type-arg]
    """Write to what is the error stream now: one that was put in its place for a while is closed afterwards."""

    def emit(self, record: logging.LogRecord) -> None:
        self.stream = sys.stderr
        super().emit(record)


def setup() -> None:
    """Send the log of this process to its error stream, in the form that ``RISICOBEELD_LOG`` asks."""
    handler = _ErrorStream()
    if settings.has_json_log():
        handler.setFormatter(JsonLines())
        logging.captureWarnings(capture=True)
        sys.excepthook = _note_uncaught
        threading.excepthook = lambda what: _note_uncaught(what.exc_type, what.exc_value, what.exc_traceback)
    else:
        handler.setFormatter(_PlainLines("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    logging.basicConfig(level=logging.INFO, handlers=[handler], force=True)
    for chatty in ("alembic", "fontTools", "matplotlib", "httpx"):
        logging.getLogger(chatty).setLevel(logging.WARNING)


def _note_uncaught(kind: type[BaseException], error: BaseException | None, trace: TracebackType | None) -> None:
    if error is not None and not issubclass(kind, KeyboardInterrupt):
        logging.getLogger(__name__).critical("uncaught", exc_info=(kind, error, trace))


def note(logger: logging.Logger, event: str, **fields: object) -> None:
    """Log an event of ours with some of `FIELDS`; any other field is a mistake in the code.

    Raises
    ------
    KeyError
        A field is not one that the log may carry.
    """
    _refuse_unknown(fields)
    logger.info(event, extra=fields, stacklevel=2)


def warn(logger: logging.Logger, event: str, **fields: object) -> None:
    """Log an event of ours that somebody should look at, as `note` does."""
    _refuse_unknown(fields)
    logger.warning(event, extra=fields, stacklevel=2)


def _refuse_unknown(fields: Mapping[str, object]) -> None:
    unknown = fields.keys() - set(FIELDS)
    if unknown:
        raise KeyError(*unknown)
