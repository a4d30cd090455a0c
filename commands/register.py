"""The register's commands for ``python -m geodata``: import activations, backup, restore, retention, verify, erase."""

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from door import store as access
from geodata import settings
from geodata.errors import RegisterError
from geodata.refresh import build as refresh
from register import backup, chain, drill, imports, retention
from register import record as write
from register.events import ERASE_REASONS
from register.schema import KINDS


def add_import(kinds: Any) -> None:
    """Add ``import activations``."""
    activations = kinds.add_parser("activations", help="activations of the platform, into the register")
    activations.add_argument("file", type=Path, help="CSV or XLSX; columns as the export writes them")
    activations.add_argument("--dry-run", action="store_true", help="show row by row what would happen")
    activations.add_argument("--as", dest="viewer", default="lotc", help="ROLE[:VR], for example region:VR06")


def add_commands(commands: Any) -> None:
    """Add backup, restore, retention, verify and erase."""
    saving = commands.add_parser("backup", help="write a backup of the register")
    saving.add_argument("--out", type=Path, help="another place than the data folder")
    saving.add_argument("--drill", action="store_true", help="restore it in an empty place at once, and verify that")
    restoring = commands.add_parser("restore", help="put a backup in the place of the register")
    restoring.add_argument("file", type=Path)
    restoring.add_argument("--replace", action="store_true", help="also when the register holds newer events")
    keeping = commands.add_parser("retention", help="erase what is past its retention period")
    keeping.add_argument("--dry-run", action="store_true", help="only tell what would be erased")
    verifying = commands.add_parser("verify", help="verify the chain of the register's events")
    verifying.add_argument("--head", default="", help="a hash noted with an earlier backup; it must occur")
    erasing = commands.add_parser("erase", help="erase the content of one entry for good")
    erasing.add_argument("kind", choices=list(KINDS))
    erasing.add_argument("id")
    erasing.add_argument("--reason", choices=ERASE_REASONS, required=True)
    erasing.add_argument("--as", dest="viewer", default="lotc", help="lotc or privacy")


def run_import(arguments: argparse.Namespace) -> None:
    """Import activations, or tell row by row what an import would do."""
    viewer = access.parse_viewer(arguments.viewer)
    planned = (imports.plan if arguments.dry_run else imports.import_activations)(arguments.file, viewer)
    if arguments.dry_run:
        for row in planned:
            print(f"row {row.row_n}: {row.action} {row.activation_id}{': ' if row.message else ''}{row.message}")
    counts = {action: sum(row.action == action for row in planned) for action in ("new", "correction", "unchanged")}
    refused_n = sum(row.action == "refused" for row in planned)
    told = ", ".join(f"{number} {action}" for action, number in counts.items())
    print(f"{arguments.file.name}: {told}, {refused_n} refused{'; nothing was changed' if arguments.dry_run else ''}")
    if arguments.dry_run or not (counts["new"] or counts["correction"]):
        return
    if settings.has_sign_in():
        refresh.switch_to_real_activations()
    else:
        print("Sign-in is not configured: these rows are training entries, marked fictional.")


def _backup(arguments: argparse.Namespace) -> None:
    made = backup.backup(arguments.out)
    print(f"{made.events_n} events written to {made.path}; usable until {made.expires_on}; head {made.head}")
    if arguments.drill:
        drill.drill(made)
        print("The drill went well: restored in an empty place, and the chain verifies there.")


def _restore(arguments: argparse.Namespace) -> None:
    done = backup.restore(arguments.file, replace=arguments.replace)
    print(
        f"{done.events_n} events restored, {done.erased_again_n} entries erased again, {done.left_out_n} newer events"
        f" left out{f'; the register as it was: {done.kept_before}' if done.kept_before else ''}"
    )


def _retention(arguments: argparse.Namespace) -> None:
    for done in retention.apply(dry_run=arguments.dry_run):
        print(f"{done.kind:<12}{done.days:>6} days{done.erased_n:>8} {'to erase' if arguments.dry_run else 'erased'}")


def _verify(arguments: argparse.Namespace) -> None:
    found = chain.verify_chain(arguments.head)
    if found.problems:
        more = f" and {len(found.problems) - 1} more" if len(found.problems) > 1 else ""
        raise RegisterError(f"The register does not verify: {found.problems[0]}{more}; restore a backup.")
    print(f"{found.events_n} events, {found.erased_n} of them erased: the chain verifies; head {found.head}")


def _erase(arguments: argparse.Namespace) -> None:
    receipt = write.erase(access.parse_viewer(arguments.viewer), arguments.kind, arguments.id, arguments.reason)
    print(f"{arguments.kind} {receipt.entity_id} erased; its digest, date and counting codes stay")


COMMANDS: Final[dict[str, Callable[[argparse.Namespace], None]]] = {
    "backup": _backup,
    "restore": _restore,
    "retention": _retention,
    "verify": _verify,
    "erase": _erase,
}
