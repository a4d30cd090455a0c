"""The register's commands for ``python -m geodata``: import activations, backup, restore, retention, verify, erase."""

import argparse
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from access import tokens
from commands.run import bind, run_one
from door import installation
from door import store as access
from geodata import known, settings
from geodata.errors import InputError, RegisterError
from geodata.intake.files.table import Options
from geodata.refresh import build as refresh
from geodata.snapshots import snapshot
from register import chain, imports, retention
from register import record as write
from register.backup import proof, sealed
from register.backup.make import backup
from register.backup.proof import drill
from register.backup.restore import restore
from register.events import ERASE_REASONS
from register.schema import KINDS


def add_import(kinds: Any) -> None:
    """Add ``import activations``."""
    activations = kinds.add_parser("activations", help="activations of the platform, into the register")
    activations.add_argument("file", type=Path, help="CSV or XLSX; columns as the export writes them")
    activations.add_argument("--dry-run", action="store_true", help="show row by row what would happen")
    activations.add_argument("--sheet", default="", help="which sheet of a workbook to read")
    activations.add_argument("--as", dest="viewer", default="lotc", help="ROLE[:VR], for example region:VR06")


def add_commands(commands: Any) -> None:
    """Add backup, restore, retention, verify and erase."""
    saving = commands.add_parser("backup", help="write one file with all that cannot be made again")
    saving.add_argument("--out", type=Path, help="another place than the data folder")
    saving.add_argument("--drill", action="store_true", help="restore it elsewhere, from every state, and compare")
    saving.add_argument("--identity", type=Path, help="the secret key, so that the drill decrypts the copy")
    saving.add_argument("--new-key", type=Path, metavar="FILE", help="only make a key for copies off the machine")
    restoring = commands.add_parser("restore", help="put a backup in the place of what is there")
    restoring.add_argument("file", type=Path)
    restoring.add_argument("--replace", action="store_true", help="also when the register holds newer events")
    restoring.add_argument("--expired", action="store_true", help="also a backup that is past its last day")
    restoring.add_argument("--identity", type=Path, help="the secret key of an encrypted copy")
    keeping = commands.add_parser("retention", help="erase what is past its retention period")
    keeping.add_argument("--dry-run", action="store_true", help="only tell what would be erased")
    keeping.add_argument("--confirm", action="store_true", help="the clock is right, and so is what is to be erased")
    verifying = commands.add_parser("verify", help="verify that register and figures are there and unchanged")
    verifying.add_argument("--head", default="", help="a hash noted with an earlier backup; it must occur")
    verifying.add_argument("--backup", type=Path, help="a backup: all of it must be there, but for what was erased")
    verifying.add_argument("--identity", type=Path, help="the secret key of an encrypted copy")
    erasing = commands.add_parser("erase", help="erase the content of one entry for good")
    erasing.add_argument("kind", choices=list(KINDS))
    erasing.add_argument("id")
    erasing.add_argument("--reason", choices=ERASE_REASONS, required=True)
    erasing.add_argument("--as", dest="viewer", default="lotc", help="lotc or privacy")


def run_import(arguments: argparse.Namespace) -> None:
    """Import activations, or tell row by row what an import would do."""
    viewer = access.parse_viewer(arguments.viewer)
    do = imports.plan if arguments.dry_run else imports.import_activations
    done = do(arguments.file, viewer, Options(sheet=arguments.sheet))
    planned = done.rows
    for row in planned:
        if arguments.dry_run or row.message:
            print(f"row {row.row_n}: {row.action} {row.activation_id}{': ' if row.message else ''}{row.message}")
    if done.columns_passed:
        print(f"columns passed over: {', '.join(done.columns_passed)}")
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
    if arguments.new_key:
        print(f"RISICOBEELD_BACKUP_KEY={sealed.new_key(arguments.new_key)}")
        print(f"The secret key stands in {arguments.new_key}: without it the copies are lost; keep it elsewhere.")
        return
    made = backup(arguments.out)
    rows_n, files_n = sum(made.tables.values()), len(made.files)
    print(f"{made.events_n} events written to {made.path}; usable until {made.expires_on}; head {made.head}")
    print(f"In all {rows_n} rows of {len(made.tables)} tables and {files_n} files; the rest is made again by itself.")
    copy, not_copied = None, None
    try:
        copy = sealed.copy_away(made.path)
    except RegisterError as error:  # the backup that was made is tried all the same
        not_copied = error
    if copy:
        print(f"Encrypted copy: {copy}")
    if arguments.drill:
        drill(made)
        known.replace("drill", int(datetime.now(UTC).timestamp()))  # also after a drill by a clock that was ahead
        print("The drill went well: restored in an empty place, onto a changed and onto an unreadable register.")
        if copy and (identity := arguments.identity or settings.backup_identity()):
            drill(made, copy, identity)
            print("So did the drill with the encrypted copy.")
        elif copy:
            print("The encrypted copy was not tried: its secret key is not here (--identity FILE).")
    if not_copied:
        raise not_copied
    if made.problem:
        raise RegisterError(f"The backup was made, but the figures in use are damaged: {made.problem}")
    try:
        tokens.refuse_damaged()
    except InputError as error:
        raise RegisterError(f"The backup was made, but what feeds are opened with is damaged: {error}") from error


def _restore(arguments: argparse.Namespace) -> int:
    """Restore; 3 when something was left to do."""
    done = restore(arguments.file, replace=arguments.replace, expired=arguments.expired, identity=arguments.identity)
    if not done.was_whole:
        print(f"THE REGISTER WAS DAMAGED; it is kept as it was, for whoever looks into it: {done.kept_before}")
    print(
        f"{done.events_n} events restored, {done.erased_again_n} entries erased again, {done.left_out_n} newer events"
        f" left out{f'; the register as it was: {done.kept_before}' if done.kept_before else ''}"
    )
    for name, rows_n in sorted(done.tables.items()):
        print(f"  {name:<24}{rows_n:>8} rows")
    if "people" not in done.tables:
        print("This backup is of version 1.0 and tells nobody who may enter; look with people list.")
    print(f"  {len(done.files)} files put back, {len(done.files_kept)} of this machine were whole and stay")
    for name in done.files_kept:
        print(f"    stays: {name}")
    for email in done.revoked_again:
        print(f"  access stays taken away: {email}")
    if done.problem:
        print(f"Restored, but not all is done: {done.problem}")
    return 3 if done.problem else 0


def _retention(arguments: argparse.Namespace) -> None:
    first = None if arguments.dry_run else backup
    for done in retention.apply(dry_run=arguments.dry_run, confirmed=arguments.confirm, first=first):
        print(f"{done.kind:<12}{done.days:>6} days{done.erased_n:>8} {'to erase' if arguments.dry_run else 'erased'}")


def _verify(arguments: argparse.Namespace) -> None:
    found = chain.verify_chain(arguments.head)
    if found.problems:
        more = f" and {len(found.problems) - 1} more" if len(found.problems) > 1 else ""
        raise RegisterError(f"The register does not verify: {found.problems[0]}{more}; restore a backup.")
    snapshot.current()
    tokens.refuse_damaged()
    if arguments.backup:
        differ = proof.differences(arguments.backup, arguments.identity)
        if differ:
            raise RegisterError(f"Not all of {arguments.backup} is here: {'; '.join(differ)}.")
        print(f"All of {arguments.backup} is here.")
    print(f"{found.events_n} events, {found.erased_n} of them erased: the chain verifies; head {found.head}")
    if doubt := installation.doubt():
        print(doubt)


def _erase(arguments: argparse.Namespace) -> None:
    receipt = write.erase(access.parse_viewer(arguments.viewer), arguments.kind, arguments.id, arguments.reason)
    print(f"{arguments.kind} {receipt.entity_id} erased; its digest, date and counting codes stay")


COMMANDS: Final[dict[str, Callable[[argparse.Namespace], int | None]]] = {
    "backup": _backup,
    "restore": _restore,
    "retention": _retention,
    "verify": _verify,
    "erase": _erase,
}


def main(argv: list[str] | None = None) -> int:
    """Run one command of ``python -m register``."""

    def add(commands: Any) -> None:
        add_commands(commands)
        bind(commands, COMMANDS)

    return run_one("python -m register", "The upkeep of the register.", [add], argv)
