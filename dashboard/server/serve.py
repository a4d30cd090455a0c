"""Serve the dashboard as a server runs it: look first whether it can, log for a machine, tell monitoring.

    python -m dashboard.serve --port 8501

The pages are those of ``streamlit run app.py``.
"""

import argparse
import logging
import os
import re
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from dashboard.server import metrics
from door import installation as readiness
from geodata import logs, settings
from geodata.errors import RisicobeeldError

_LOG = logging.getLogger(__name__)
_APP: Final = Path(__file__).parents[2] / "app.py"
_SETTINGS: Final = Path(__file__).with_name("streamlit.toml")
"""Streamlit's settings; ``.streamlit/config.toml`` in the project's folder is this file."""


def flags(port: int, address: str) -> list[str]:
    """Return the settings that Streamlit is started with, wherever that is: they win from files found there.

    What the environment sets (``STREAMLIT_...``) wins from ours.

    Examples
    --------
    >>> [flag for flag in flags(8501, "127.0.0.1") if "GC" in flag or "address" in flag]
    ['--server.address=127.0.0.1', '--runner.postScriptGC=false']
    """
    told = dict(_flat(tomllib.loads(_SETTINGS.read_text("utf-8"))))
    told = {name: value for name, value in told.items() if _variable(name) not in os.environ}
    told |= {
        "server.port": port,
        "server.address": address,
        "logger.hideWelcomeMessage": "true",
        "logger.enableRich": "false",
    }
    return [f"--{name}={value}" for name, value in told.items()]


def _flat(entries: Mapping[str, Any], section: str = "") -> Iterator[tuple[str, Any]]:
    """Give every setting with its dotted name, as a flag says it."""
    for name, value in entries.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{section}{name}.")
        else:
            yield f"{section}{name}", str(value).lower() if isinstance(value, bool) else value


def _variable(name: str) -> str:
    """Return the environment variable of an option.

    Examples
    --------
    >>> _variable("browser.serverAddress"), _variable("runner.postScriptGC")
    ('STREAMLIT_BROWSER_SERVER_ADDRESS', 'STREAMLIT_RUNNER_POST_SCRIPT_GC')
    """
    return "STREAMLIT_" + re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name.replace(".", "_")).upper()


def _run(port: int, address: str) -> None:
    import streamlit.logger  # noqa: PLC0415 - slow to load, and not needed to refuse
    import uvicorn.config  # noqa: PLC0415 - idem
    from streamlit.web import cli  # noqa: PLC0415 - idem

    from dashboard.shell import process  # noqa: PLC0415 - idem
    from dashboard.visit import server  # noqa: PLC0415 - idem

    if settings.has_json_log():
        # Both write with handlers of their own; a line that holds no JSON would also hold what it likes.
        streamlit.logger.setup_formatter = _only_through_the_root
        for name in [*streamlit.logger._loggers]:  # noqa: SLF001 - there is no public way to reach them
            _only_through_the_root(logging.getLogger(name))
        uvicorn.config.LOGGING_CONFIG["loggers"] = {}
    process.ask_nobody()
    server.mount()
    (_APP.parent / "static").mkdir(exist_ok=True)  # Streamlit looks for it once, when it starts
    cli.main(["run", str(_APP), *flags(port, address)], standalone_mode=False)


def _only_through_the_root(logger: logging.Logger) -> None:
    logger.handlers.clear()
    logger.propagate = True


def parser(program: str) -> argparse.ArgumentParser:
    """Return what reads the words of a line that begins with ``program``."""
    made = argparse.ArgumentParser(prog=program, description="Serve the dashboard.")
    made.add_argument("--port", type=int, default=8501, help="8501 by default")
    made.add_argument("--address", default="127.0.0.1", help="another than this machine's needs sign-in and a proxy")
    return made


def main(argv: list[str] | None = None, program: str = "python -m dashboard.serve") -> int:
    """Serve until told to stop; exit status 2, and a sentence, when no page could be drawn at all.

    A part that is not ready (damaged figures, a database that is away, a full disk) is told in the log, on
    ``/ready`` and on the pages: what can still be shown is shown, also after a restart.
    """
    arguments: Any = parser(program).parse_args(argv)
    try:
        logs.setup()
        for part, problem in readiness.check().items():
            if problem:
                logs.warn(_LOG, "serving, but not ready", part=part, problem=problem)
        metrics.start()
        logs.note(_LOG, "serving")
        if not settings.has_json_log():
            print(f"Risicobeeld: http://{arguments.address}:{arguments.port}", flush=True)
        _run(arguments.port, arguments.address)
    except RisicobeeldError as error:
        logs.warn(_LOG, "cannot serve", part="settings", problem=str(error))
        return 2
    return 0
