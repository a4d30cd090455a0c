"""Serve the dashboard as a server runs it: look first whether it can, log for a machine, tell monitoring.

    python -m dashboard.serve --port 8501

The pages are those of ``streamlit run app.py``.
"""

import argparse
import logging
import sys
from pathlib import Path
from typing import Any

from dashboard.server import metrics as watch
from door import installation as readiness
from geodata import logs, settings
from geodata.errors import RisicobeeldError

_LOG = logging.getLogger(__name__)
_APP = Path(__file__).parents[2] / "app.py"


def _run(port: int, address: str) -> None:
    import streamlit.logger  # noqa: PLC0415 - slow to load, and not needed to refuse
    import uvicorn.config  # noqa: PLC0415 - idem
    from streamlit.web import cli  # noqa: PLC0415 - idem

    if settings.has_json_log():
        # Both write with handlers of their own; a line that holds no JSON would also hold what it likes.
        streamlit.logger.setup_formatter = _only_through_the_root
        for name in [*streamlit.logger._loggers]:  # noqa: SLF001 - there is no public way to reach them
            _only_through_the_root(logging.getLogger(name))
        uvicorn.config.LOGGING_CONFIG["loggers"] = {}
    flags = {
        "server.port": port,
        "server.address": address,
        "logger.hideWelcomeMessage": "true",
        "logger.enableRich": "false",
    }
    words = [f"--{name}={value}" for name, value in flags.items()]
    cli.main(["run", str(_APP), *words], standalone_mode=False)


def _only_through_the_root(logger: logging.Logger) -> None:
    logger.handlers.clear()
    logger.propagate = True


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m dashboard.serve", description="Serve the dashboard.")
    parser.add_argument("--port", type=int, default=8501)
    parser.add_argument("--address", default="127.0.0.1", help="another than this machine's needs sign-in and a proxy")
    return parser


def main(argv: list[str] | None = None) -> int:
    """Serve until told to stop; exit status 2, and a sentence for each part, when it cannot."""
    arguments: Any = _parser().parse_args(argv)
    try:
        logs.setup()
        problems = {part: problem for part, problem in readiness.check().items() if problem}
        if not problems:
            watch.start()
            logs.note(_LOG, "serving")
            _run(arguments.port, arguments.address)
    except RisicobeeldError as error:
        problems = {"settings": str(error)}
    for part, problem in problems.items():
        logs.note(_LOG, "cannot serve", part=part, problem=problem)
    return 2 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
