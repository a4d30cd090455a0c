"""The commands ``python -m risk report`` and ``python -m risk meeting``."""

import argparse
from datetime import date
from pathlib import Path
from typing import Any

from door import readiness
from door import store as access
from door.readiness import Ranking
from risk.index.model import load_model
from risk.report.accountability import accountability
from risk.report.files import write_document
from risk.report.meeting import meeting_sheet
from risk.report.words import LANGUAGES


def add_commands(commands: Any) -> None:
    """Add both commands; each sets ``run``."""
    reporting = commands.add_parser("report", help="the accountability report of a period")
    reporting.add_argument("--from", dest="first", type=_day, required=True, help="first day, as 2020-09-01")
    reporting.add_argument("--to", dest="last", type=_day, required=True, help="last day")
    reporting.add_argument("--as-of", dest="as_of", type=_day, help="only what was recorded by this day")
    reporting.set_defaults(run=_report)
    meeting = commands.add_parser("meeting", help="one page of what changed since a date")
    meeting.add_argument("--since", type=_day, required=True, help="a day, as 2020-11-16")
    meeting.set_defaults(run=_meeting)
    for command in (reporting, meeting):
        command.add_argument("--lang", choices=LANGUAGES, default="nl")
        command.add_argument("--as", dest="viewer", default="lotc", help="ROLE[:VR], for example region:VR06")
        command.add_argument("--out", type=Path, required=True, help=".docx, .html or .pdf")


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is no date; write it as 2020-09-01") from None


def _report(arguments: argparse.Namespace) -> None:
    store = access.open_store(access.parse_viewer(arguments.viewer))
    readiness.of(store, load_model().disease).require_table("activations")
    made = accountability(store, arguments.first, arguments.last, arguments.lang, as_of=arguments.as_of)
    write_document(made, arguments.out)
    print(f"report of {arguments.first} to {arguments.last} written to {arguments.out}")


def _meeting(arguments: argparse.Namespace) -> None:
    store = access.open_store(access.parse_viewer(arguments.viewer))
    ready = readiness.of(store, load_model().disease)
    if not ready.has("activations"):
        ready.require(Ranking.AREAS)
    write_document(meeting_sheet(store, arguments.since, arguments.lang), arguments.out)
    print(f"meeting sheet since {arguments.since} written to {arguments.out}")
