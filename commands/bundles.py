"""Commands on what came in: a bundle for another installation, undo, and back to the example."""

import argparse
from collections.abc import Callable
from pathlib import Path

from geodata import site_kinds
from geodata.refresh import build, bundle
from geodata.refresh.bundle import Brought
from geodata.refresh.imports import Would
from geodata.snapshots import snapshot
from words import read_texts


def add_commands(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add ``bundle``, ``undo`` and ``example``."""
    packing = commands.add_parser("bundle", help="pack the tables into one file, for a machine without a network")
    packing.add_argument("--out", type=Path, required=True, help="a file that ends in .zip")
    packing.add_argument(
        "--with",
        dest="named",
        action="append",
        default=[],
        metavar="TABLE",
        help="a table with figures that nobody published, which stays out otherwise",
    )
    commands.add_parser("undo", help="put the newest import or refresh of one source aside; nothing is erased")
    commands.add_parser("example", help="put every import aside and show the example again; nothing is erased")


def add_import(kinds: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add ``import bundle``."""
    parser = kinds.add_parser("bundle", help="the tables of another installation")
    parser.add_argument("file", type=Path)
    parser.add_argument("--dry-run", action="store_true", help="tell what would happen and change nothing")


def run_import(arguments: argparse.Namespace, would: Would) -> None:
    """Take over a bundle, or try it, and tell what it holds and lacks."""
    if arguments.dry_run:
        with build.trial_of_bundle(arguments.file) as found:
            would(found.tables)
            _tell(arguments, found)
        return
    _tell(arguments, build.import_bundle(arguments.file))


def _tell(arguments: argparse.Namespace, found: Brought) -> None:
    taken, texts = found.tables, read_texts("en")
    rows = ", ".join(f"{name} {n}" for name, n in sorted(taken.rows_n.items()))
    done = "would be imported" if arguments.dry_run else "imported"
    print(f"{arguments.file.name} {done}: data version {taken.data_version} ({rows})")
    if found.left_out:
        print(f"The bundle lacks figures that nobody published: {', '.join(found.left_out)}.")
    for what, kinds in (("added", found.kinds_added), ("otherwise", found.kinds_otherwise)):
        if kinds:
            print(texts(f"receipt.kinds_{what}", file=site_kinds.FILE, kinds=", ".join(kind.code for kind in kinds)))


def _bundle(arguments: argparse.Namespace) -> None:
    packed = bundle.write(arguments.out, snapshot.current(), arguments.named)
    rows = ", ".join(f"{name} {n}" for name, n in sorted(packed.rows_n.items()))
    print(f"{arguments.out} written: data version {packed.data_version} ({rows})")
    if packed.kinds:
        print(f"Kinds of site that were added here go along: {', '.join(packed.kinds)}.")
    if packed.left_out:
        print(f"Left out, because nobody published these figures: {', '.join(packed.left_out)} (--with TABLE).")


def _undo(_arguments: argparse.Namespace) -> None:
    record = build.undo()
    print(f"{record.source_id} ({record.address}) was put aside; the data version is {_version()}.")


def _example(_arguments: argparse.Namespace) -> None:
    sources_n = build.return_to_example()
    print(f"{sources_n} sources were put aside; the example is shown again, data version {_version()}.")


def _version() -> str:
    return snapshot.current().data_version


COMMANDS: dict[str, Callable[[argparse.Namespace], None]] = {"bundle": _bundle, "undo": _undo, "example": _example}
