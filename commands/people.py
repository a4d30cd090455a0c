"""Commands on access: ``people`` (who may enter), ``audit`` (who read what) and ``leaktest``."""

import argparse
import json
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any, Final

from access import anchor, audit, people
from door import leaktest
from door import store as access
from geodata.errors import AccessDeniedError
from geodata.snapshots import formats
from register import chain, clock


def add_commands(commands: Any) -> None:
    """Add ``people``, ``audit`` and ``leaktest``."""
    managing = commands.add_parser("people", help="who may enter, in which role and until when")
    actions = managing.add_subparsers(dest="action", required=True)
    listing = actions.add_parser("list", help="everybody with their roles")
    adding = actions.add_parser("add", help="let somebody in, or give one more role or region")
    adding.add_argument("email", help="the address that the sign-in provider vouches for")
    adding.add_argument("role", help="ROLE[:VR|:ORGANISATION], for example region:VR06 or partner:NVWA")
    deputy = actions.add_parser("deputy", help="let somebody stand in for another until a last day")
    deputy.add_argument("email")
    deputy.add_argument("--for", dest="stands_in_for", metavar="EMAIL", required=True)
    revoking = actions.add_parser("revoke", help="take all access away from the next click on")
    revoking.add_argument("email")
    forgetting = actions.add_parser("forget", help="remove a person, or the account bound to the address")
    forgetting.add_argument("email")
    for parser in (adding, deputy):
        parser.add_argument("--from", dest="first", type=date.fromisoformat, metavar="DATE", help="first day (today)")
    adding.add_argument("--until", type=date.fromisoformat, default=people.FOREVER, metavar="DATE", help="last day")
    deputy.add_argument("--until", type=date.fromisoformat, required=True, metavar="DATE", help="last day")
    for parser in (listing, adding, deputy, revoking, forgetting):
        parser.add_argument("--as", dest="viewer", default="lotc", help="lotc; privacy may only list")

    trail = commands.add_parser("audit", help="who read what: the audit trail")
    trail.add_argument("--from", dest="first", type=date.fromisoformat, metavar="DATE")
    trail.add_argument("--to", dest="last", type=date.fromisoformat, metavar="DATE")
    trail.add_argument("--verify", action="store_true", help="look whether a line was changed, taken out or cut off")
    trail.add_argument(
        "--anchor", action="store_true", help="note the heads of audit trail and register outside (RISICOBEELD_ANCHOR)"
    )
    trail.add_argument("--forget", action="store_true", help=f"remove the months older than {audit.KEEP_DAYS} days")
    trail.add_argument("--confirm", action="store_true", help="the clock is right, so the months may be removed")
    trail.add_argument("--as", dest="viewer", default="privacy", help="privacy")

    testing = commands.add_parser("leaktest", help="try every table as every region; file a certificate")
    testing.add_argument("--as", dest="viewer", default="privacy", help="privacy or lotc")
    testing.add_argument("--folder", type=Path, help="look in the files of a published folder instead")


def _people(arguments: argparse.Namespace) -> None:
    by = access.parse_viewer(arguments.viewer)
    if arguments.action == "list":
        for row in people.everyone(by).to_dict("records"):
            scope = row["vr_codes"].replace(";", ",") or row["organisation"]
            role = f"{row['role']}:{scope}" if scope else row["role"] or "no role"
            until = "" if row["valid_until"] in ("", people.FOREVER.isoformat()) else f" until {row['valid_until']}"
            deputy = f", deputy of {row['deputy_of']}" if row["deputy_of"] else ""
            revoked = f", revoked {row['revoked_at'][:10]}" if row["revoked_at"] else ""
            print(f"{row['email']:<40}{role}{until}{deputy}{revoked}")
        return
    if arguments.action == "add":
        granted = access.parse_viewer(arguments.role)
        people.add(by, arguments.email, granted, first=arguments.first, last=arguments.until)
        print(f"{arguments.email} may enter as {granted}.")
    elif arguments.action == "deputy":
        people.add_deputy(by, arguments.email, arguments.stands_in_for, arguments.until, first=arguments.first)
        print(f"{arguments.email} stands in for {arguments.stands_in_for} until {arguments.until}.")
    elif arguments.action == "revoke":
        people.revoke(by, arguments.email)
        print(f"{arguments.email} has no access any more, from the next click on.")
    else:
        people.forget(by, arguments.email)
        print(f"{arguments.email} is no longer in the table.")


def _audit(arguments: argparse.Namespace) -> int:
    scoped = access.open_store(access.parse_viewer(arguments.viewer))
    if arguments.verify:
        hashes, problems = audit.chain()
        if (head := anchor.newest().get("trail", "")) and head not in hashes:
            problems.append("audit trail: the head that was noted outside is gone; lines were cut off or written anew")
        print("\n".join(problems) or f"{len(hashes)} lines of the audit trail; the chain verifies")
        return 2 if problems else 0
    if arguments.anchor:
        return _anchor(scoped)
    found = scoped.audit_trail(arguments.first, arguments.last)
    if arguments.forget:
        today = clock.believed(confirmed=arguments.confirm)
        gone = audit.forget(today)
        clock.note(today)
        audit.note("forget", who=scoped.viewer.who, role=str(scoped.viewer), surface="audit", rows_n=len(gone))
        print(f"{len(gone)} month(s) removed{': ' if gone else ''}{', '.join(gone)}")
        return 0
    print(formats.neutralise_formulas(found).to_csv(index=False), end="")  # a spreadsheet opens it
    return 0


def _anchor(scoped: access.ScopedStore) -> int:
    """Note the heads outside; the reading of them is noted first, so that it lies before the head."""
    if not scoped.may("audit_trail"):
        raise AccessDeniedError("people_denied", role=scoped.viewer)
    audit.note("anchor", who=scoped.viewer.who, role=str(scoped.viewer), surface="audit")
    hashes, problems = audit.chain()
    register = chain.verify_chain()
    problems += register.problems
    if problems:
        print("\n".join(problems))
        return 2
    line = anchor.note({"trail": (len(hashes), hashes[-1]), "register": (register.events_n, register.head)})
    print(json.dumps(line))
    return 0


def _leaktest(arguments: argparse.Namespace) -> int:
    viewer = access.parse_viewer(arguments.viewer)
    if arguments.folder is not None:
        found = leaktest.walk(viewer, arguments.folder)
        print(f"{len(found)} leaks in {arguments.folder}", *found, sep="\n")
        return 1 if found else 0
    certificate = leaktest.run(viewer)
    path = leaktest.file(certificate)
    print(leaktest.in_words(certificate))
    print(f"filed as {path}")
    return 0 if certificate.passed else 1


COMMANDS: Final[dict[str, Callable[[argparse.Namespace], int | None]]] = {
    "people": _people,
    "audit": _audit,
    "leaktest": _leaktest,
}
