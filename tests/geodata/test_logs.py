"""A line of the log is one JSON object, and nothing that tells of a person gets in."""

import json
import logging
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from geodata import logs

ROOT = Path(__file__).parents[2]
CANARY = "j.kanarie@example.org"

# A process of its own: what is set up counts for the whole process.
SCRIPT = f"""
import logging, threading, warnings
from geodata import logs
logs.setup()
logs.note(logging.getLogger("dashboard.server.metrics"), "page run", page="sites", role="lotc", seconds=0.25)
for name in ("access.people", "streamlit.runtime", "sqlalchemy", "__main__"):
    logger = logging.getLogger(name)
    logger.warning("somebody asked for %s", "{CANARY}")
    try:
        raise RuntimeError("No person {CANARY}") from ValueError("{CANARY}")
    except RuntimeError:
        logger.exception("it went wrong")
logging.getLogger("streamlit").error(f"a library fills in by itself: {CANARY}")
warnings.warn("about {CANARY}")
thread = threading.Thread(target=lambda: [][0] or "{CANARY}")
thread.start()
thread.join()
raise KeyError("{CANARY}")
"""


@pytest.fixture(scope="module")
def written() -> str:
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        env={"RISICOBEELD_LOG": "json", "PATH": ""},
    )
    assert done.returncode == 1
    assert not done.stdout
    return done.stderr


@pytest.fixture
def lines(written: str) -> list[dict[str, object]]:
    return [json.loads(line) for line in written.splitlines()]


def test_an_event_carries_its_words_its_place_and_its_fields(lines: list[dict[str, object]]) -> None:
    line = lines[0]
    assert (line["event"], line["page"], line["role"], line["seconds"]) == ("page run", "sites", "lotc", 0.25)
    assert (line["level"], line["logger"], line["where"]) == ("info", "dashboard.server.metrics", "<string>:5")
    assert str(line["at"]).endswith("+00:00")


def test_what_is_filled_in_and_what_an_error_says_stay_out(written: str, lines: list[dict[str, object]]) -> None:
    assert "kanarie" not in written
    told = [(line["logger"], line["event"]) for line in lines[1:9]]
    library = "a library's line"
    assert told == [
        ("access.people", "somebody asked for %s"),
        ("access.people", "it went wrong"),
        ("streamlit.runtime", library),
        ("streamlit.runtime", library),
        ("sqlalchemy", library),
        ("sqlalchemy", library),
        ("__main__", "somebody asked for %s"),
        ("__main__", "it went wrong"),
    ]
    assert [(line["error"], line["cause"]) for line in lines[2:9:2]] == [("RuntimeError", "ValueError")] * 4


def test_warnings_and_what_nobody_caught_are_lines_too(lines: list[dict[str, Any]]) -> None:
    assert lines[10]["logger"] == "py.warnings"
    thread, end = lines[-2:]
    assert [(line["event"], line["error"]) for line in (thread, end)] == [
        ("uncaught", "IndexError"),
        ("uncaught", "KeyError"),
    ]
    assert any("<lambda>" in str(place) for place in thread["stack"])


def test_only_known_fields_are_taken() -> None:
    with pytest.raises(KeyError, match="email"):
        logs.note(logging.getLogger("dashboard"), "page run", email=CANARY)
