"""Commands that write documents: ``python -m risk report | meeting | digest | publish | dictionary``."""

import argparse
import logging
import sys
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any, Final

from access.rights import Rows, rows_of
from commands.run import add_disease, refuse_unknown_disease
from door import readiness
from door import store as access
from door.readiness import Ranking
from geodata import codes, settings
from geodata.errors import AccessDeniedError, InputError
from geodata.snapshots import formats
from risk.index.model import load_model
from risk.notices.forms import digest
from risk.notices.mail import send
from risk.notices.notices import notices, today_of
from risk.report import dictionary
from risk.report.accountability import accountability
from risk.report.files import write_document
from risk.report.meeting import meeting_sheet
from risk.report.words import LANGUAGES

_SOME_FAILED: Final = 3


def add_commands(commands: Any) -> None:
    """Add the commands; each sets ``run``."""
    reporting = commands.add_parser("report", help="the accountability report of a period")
    reporting.add_argument("--from", dest="first", type=_day, required=True, help="first day, as 2020-09-01")
    reporting.add_argument("--to", dest="last", type=_day, required=True, help="last day")
    reporting.add_argument("--as-of", dest="as_of", type=_day, help="only what was recorded by this day")
    reporting.set_defaults(run=_report)
    meeting = commands.add_parser("meeting", help="one page of what changed since a date")
    meeting.add_argument("--since", type=_day, required=True, help="a day, as 2020-11-16")
    add_disease(meeting)
    meeting.set_defaults(run=_meeting)
    telling = commands.add_parser("digest", help="what there is for a person or for each region, and where to look")
    telling.add_argument("--since", type=_day, help="the first day to tell of, as 2020-11-16; not with --mail")
    telling.add_argument("--today", type=_day, help="the last one; today by default, of the example its last day")
    telling.add_argument("--each-region", action="store_true", help="a file per region, --out names their folder")
    telling.add_argument("--mail", action="store_true", help="e-mail what is new to who asked; 3 when some failed")
    telling.set_defaults(run=_digest)
    for command in (reporting, meeting, telling):
        command.add_argument("--lang", choices=LANGUAGES, default="nl")
        command.add_argument("--as", dest="viewer", default="lotc", help="ROLE[:VR], for example region:VR06")
        command.add_argument("--out", type=Path, required=command is not telling, help=".docx, .html or .pdf")
    _add_for_everybody(commands)


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


def _digest(arguments: argparse.Namespace) -> int:
    viewer = access.parse_viewer(arguments.viewer)
    if arguments.mail:
        return _mail(viewer, arguments.today or datetime.now(UTC).date())
    if not (arguments.since and arguments.out):
        raise InputError("digest_where")
    _refuse_nothing(viewer, arguments)
    if arguments.each_region:
        viewers = {code: access.Viewer("region", (code,)) for code in codes.VR_CODES}
        if rows_of(viewer.role, "scores_vr") != Rows.ALL or rows_of(viewer.role, "signals") != Rows.ALL:
            raise AccessDeniedError("digest_denied", role=viewer.role)
        paths = {code: arguments.out / f"{code}.html" for code in viewers}
        arguments.out.mkdir(parents=True, exist_ok=True)
    else:
        viewers, paths = {"": viewer}, {"": arguments.out}
    for code, one in viewers.items():
        store = access.open_store(one)
        today = arguments.today or today_of(store, datetime.now(UTC).date())
        write_document(digest(store, arguments.since, today, arguments.lang), paths[code])
        store.note_export("digest", 1)
    print(f"digest since {arguments.since} written to {arguments.out}")
    return 0


def _refuse_nothing(viewer: access.Viewer, arguments: argparse.Namespace) -> None:
    """Stop where there is no ranking that could have changed, and nothing else to tell either."""
    store = access.open_store(viewer)
    ready = readiness.of(store, load_model().disease)
    today = arguments.today or today_of(store, datetime.now(UTC).date())
    if not ready.may_rank(Ranking.AREAS) and not notices(store, arguments.since, today):
        ready.require(Ranking.AREAS)


def _mail(viewer: access.Viewer, today: date) -> int:
    sent = send(viewer, settings.mail_server(), today)
    print(f"{sent.letters_n} letters to {sent.people_n} people")
    if not sent.failures:
        return 0
    causes = ", ".join(sorted(set(sent.failures)))
    print(
        f"{len(sent.failures)} people could not be mailed ({causes}); the next round tries again. Look at the mail"
        " server and at RISICOBEELD_SMTP.",
        file=sys.stderr,
    )
    return _SOME_FAILED


def _meeting(arguments: argparse.Namespace) -> None:
    store = access.open_store(access.parse_viewer(arguments.viewer))
    refuse_unknown_disease(store, arguments.disease)
    ready = readiness.of(store, arguments.disease or load_model().disease)
    if not ready.has("activations"):
        ready.require(Ranking.AREAS)
    write_document(meeting_sheet(store, arguments.since, arguments.lang, disease=arguments.disease), arguments.out)
    print(f"meeting sheet since {arguments.since} written to {arguments.out}")


def _add_for_everybody(commands: Any) -> None:
    publishing = commands.add_parser("publish", help="write static pages that everybody may read")
    publishing.add_argument("--out", type=Path, required=True, metavar="FOLDER", help="new, empty, or written before")
    publishing.set_defaults(run=_publish)
    describing = commands.add_parser("dictionary", help="every table, column, unit, code and source, as JSON")
    describing.add_argument("--out", type=Path, required=True, help="a file that ends in .json")
    describing.set_defaults(run=_dictionary)


def _publish(arguments: argparse.Namespace) -> None:
    logging.disable(logging.WARNING)  # Streamlit would tell that no page is open
    from dashboard.server import publish  # noqa: PLC0415 - the parts of the pages take a second, for this command alone

    logging.disable(logging.NOTSET)
    known_on = datetime.now(UTC).date().replace(day=1) - timedelta(days=1)  # the month before
    size = publish.publish(arguments.out, known_on)
    print(f"pages written to {arguments.out}, {size / 1e6:.1f} MB, with the register as known on {known_on}")


def _dictionary(arguments: argparse.Namespace) -> None:
    scoped = access.open_store(access.Viewer("policy"))
    with formats.whole_file(arguments.out) as part:
        part.write_bytes(dictionary.as_json(load_model(), scoped.sources))
    print(f"data dictionary written to {arguments.out}")
