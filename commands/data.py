"""Commands on the data: ``python -m geodata status | refresh | import | export | check`` and more."""

import argparse
import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from commands import people as people_commands
from commands import register as register_commands
from commands import sources as source_commands
from commands.run import bind, run_one
from door import export, installation, readiness
from door import store as access
from door.readiness import Ranking, Readiness, State
from geodata import site_kinds
from geodata.refresh import build, bundle, health
from geodata.refresh.bundle import Brought
from geodata.refresh.imports import Would
from geodata.snapshots import formats, snapshot
from geodata.sources import catalogue
from risk.index.model import load_model
from words import read_texts


def _add_bundles(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
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


def _add_bundle_import(kinds: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add ``import bundle``."""
    parser = kinds.add_parser("bundle", help="the tables of another installation")
    parser.add_argument("file", type=Path)
    parser.add_argument("--dry-run", action="store_true", help="tell what would happen and change nothing")


def _import_bundle(arguments: argparse.Namespace, would: Would) -> None:
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


_BUNDLE_COMMANDS: dict[str, Callable[[argparse.Namespace], None]] = {
    "bundle": _bundle,
    "undo": _undo,
    "example": _example,
}


def add_commands(commands: Any) -> None:
    """Add every command on the data; each sets ``run``."""
    status = commands.add_parser("status", help="what the picture rests on: areas, sources, dates, rows")
    status.add_argument("--json", action="store_true", help="for a program to read")
    status.add_argument("--ready", action="store_true", help="only whether it can serve; exit status 1 if it cannot")

    exporting = commands.add_parser("export", help="write a core table to a file")
    exporting.add_argument("table", help=", ".join(export.TABLES))
    exporting.add_argument("--out", type=Path, required=True, help=formats.LISTED)
    exporting.add_argument("--as", dest="viewer", default="lotc", help="ROLE[:VR], for example region:VR06")
    exporting.add_argument("--lang", choices=("nl", "en"), default="nl", help="language of the status banner")

    importing = commands.add_parser("import", help="read a file of real figures; the demonstration then goes off")
    kinds = importing.add_subparsers(dest="kind", required=True)
    source_commands.add_imports(kinds)
    _add_bundle_import(kinds)
    register_commands.add_import(kinds)
    source_commands.add_commands(commands)
    _add_bundles(commands)
    register_commands.add_commands(commands)
    people_commands.add_commands(commands)
    bind(commands, _COMMANDS)


def _status(arguments: argparse.Namespace) -> int:
    if arguments.ready:
        return _ready()
    store = access.open_store(access.Viewer("lotc"))
    ready = readiness.of(store, load_model().disease)
    attempts, today = health.read(), datetime.now(UTC).date()
    sources = [
        {
            "source": record.source_id,
            "status": catalogue.source(record.source_id).status.value,
            "date": record.source_date,
            "age_days": health.age_days(record.source_date, today),
            "health": health.word(record, attempts, today),
            "rows": record.rows_n,
            "licence": record.licence,
            "address": record.address,
        }
        for record in store.sources
    ]
    facts = {
        "gemeenten": len(store.table("gemeenten")),
        "veiligheidsregios": len(store.table("veiligheidsregios")),
        "demonstration": store.is_demonstration,
        "data_version": store.data_version,
        "sources": sources,
        "readiness": ready.as_json(),
        "failing": {name: attempt.error for name, attempt in attempts.items() if attempt.error},
    }
    if arguments.json:
        print(json.dumps(facts, indent=1, ensure_ascii=False))
        return 0
    print(f"{facts['gemeenten']} gemeenten, {facts['veiligheidsregios']} veiligheidsregio's")
    print(f"data version {store.data_version}{', ' + store.status_band if store.status_band else ''}")
    for source in sources:
        age = "" if source["age_days"] is None else f"{source['age_days']} days old"
        print(
            f"  {source['source']:<21} {source['status']:<11}{source['date']:<12}{source['rows']:>7} rows"
            f"  {age:<15}{source['health']}"
        )
    for name, attempt in attempts.items():
        if attempt.error:
            since = attempt.succeeded_at or "never"
            print(f"  failing: {name} (last good {since}): {attempt.error}")
    _tell_ready(ready)
    return 0


def _tell_ready(ready: Readiness) -> None:
    """Say per table whether it is there, and what to do next."""
    for one in ready.tables.values():
        whole = " with a list taken to be whole" if one.name == "sites" else ""
        cover = "" if one.state is State.ABSENT else f"{one.covered_n} of {one.whole_n} areas{whole}, of {one.as_of}"
        print(f"  {one.name:<22}{one.state:<11}{cover}")
    what = ", ".join(str(one) for one in Ranking if ready.may_rank(one)) or "nothing"
    print(f"may be ranked: {what}")
    if step := ready.next_step():
        print(f"next: {ready.sentence(step, 'en')}")


def _ready() -> int:
    found = installation.check()
    for part, problem in found.items():
        print(f"{part:<10}{problem or 'ready'}")
    if any(found.values()):
        return 1
    if doubt := installation.doubt():
        print(f"{'look':<10}{doubt}")
    return 0


def _export(arguments: argparse.Namespace) -> None:
    store = access.open_store(access.parse_viewer(arguments.viewer))
    readiness.of(store, load_model().disease).require_table(arguments.table)
    rows_n = export.export_table(store, arguments.table, arguments.out, arguments.lang)
    print(f"{rows_n} rows of {arguments.table} written to {arguments.out}")


def _import(arguments: argparse.Namespace) -> None:
    found = readiness.outlook(load_model().disease)
    if arguments.kind == "activations":
        register_commands.run_import(arguments)
    else:
        {**source_commands.IMPORTS, "bundle": _import_bundle}[arguments.kind](arguments, found.see)
    if not arguments.dry_run:
        found.see_current()
    for sentence in found.sentences("en"):
        print(sentence)


_COMMANDS: dict[str, Callable[[argparse.Namespace], int | None]] = {
    "status": _status,
    "export": _export,
    "import": _import,
    **register_commands.COMMANDS,
    **source_commands.COMMANDS,
    **_BUNDLE_COMMANDS,
    **people_commands.COMMANDS,
}


def main(argv: list[str] | None = None) -> int:
    """Run one command of ``python -m geodata``."""
    return run_one("python -m geodata", "The data behind the picture.", [add_commands], argv)
