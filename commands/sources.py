"""Commands on the sources: refresh, check, the import of a user's files, and the page ``docs/sources.md``.

That page is generated from the catalogue and the connectors.
"""

import argparse
import logging
import sys
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path

from commands.run import add_scheduler, bars, pool_of
from door import readiness
from door import store as access
from geodata import codes, logs
from geodata.codes import Status
from geodata.errors import InputError
from geodata.intake import columns, incidence, recognise, series, sites
from geodata.intake.files.table import Options
from geodata.intake.receipt import Receipt
from geodata.refresh import build as refresh
from geodata.refresh import fetch, imports
from geodata.snapshots import formats as store
from geodata.snapshots.snapshot import prune
from geodata.sources import catalogue, osm, pdok
from geodata.sources.catalogue import Source
from geodata.sources.cbs import tables as cbs_tables
from geodata.sources.cbs.question import Wanted
from geodata.sources.registry import CONNECTORS
from geodata.tables import coverage, estimates
from register import clock
from risk.index.model import load_model
from risk.targets import decisions
from words import read_texts

_LOG = logging.getLogger(__name__)
_UNPUBLISHED = "nobody published these figures: they are shown protected, and need sign-in"
_ALL_DONE, _DIFFERS, _NOTHING_DONE, _SOME_FAILED = 0, 1, 2, 3
_FILES = ("workbook", "establishments_file", "industrial_emissions")


def add_commands(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add ``refresh`` and ``check``."""
    refreshing = commands.add_parser(
        "refresh",
        help="fetch public sources and renew the picture",
        epilog="Exit status: 0 all done, 3 some sources failed (their previous delivery stays), 2 nothing was done.",
    )
    refreshing.add_argument("source", nargs="*", help=f"none for all but the bulk ones; {', '.join(CONNECTORS)}")
    refreshing.add_argument(
        "--accept",
        action="append",
        default=[],
        metavar="SOURCE",
        help="take a delivery although it differs much from the previous one",
    )
    refreshing.add_argument(
        "--as-of",
        type=date.fromisoformat,
        metavar="DATE",
        help="fetch nothing; rebuild the tables as they were known on that date",
    )
    checking = commands.add_parser(
        "check", help="ask each live source one small question; tell what differs from what the code expects"
    )
    pruning = commands.add_parser(
        "prune", help="remove old snapshots, deliveries and scores, by the rule of docs/deployment.md"
    )
    pruning.add_argument("--dry-run", action="store_true", help="only tell what would be removed")
    pruning.add_argument("--confirm", action="store_true", help="the clock is right")
    listing = commands.add_parser("sources", help="the page of the sources, from the catalogue")
    listing.add_argument("--out", type=Path, help="write it to a file, as docs/sources.md")
    checking.add_argument("source", nargs="*", help=f"none for all; {', '.join(fetch.QUESTIONS)}")


def add_imports(kinds: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the kinds of file that ``import`` takes."""
    counts = kinds.add_parser("establishments", help="establishments per gemeente and SBI group")
    counts.add_argument("file", type=Path, help="CSV (also StatLine's own) or XLSX")
    counts.add_argument("--year", type=int, default=0, help="the year of the figures; needed where the file says none")
    counts.add_argument("--mapping", type=Path, help="a TOML file; without it the header decides")
    _add_receipt(counts)
    site = kinds.add_parser("sites", help="sites: csv, xlsx, geojson, gpkg, gml, kml, shp or zip; WGS84 or RD")
    site.add_argument("file", type=Path)
    site.add_argument(
        "--kind",
        dest="site_kind",
        metavar="KIND",
        default="",
        help=f"kind of all rows without one: {', '.join(codes.SITE_KINDS)}, or one that you added",
    )
    site.add_argument("--mapping", type=Path, help="a TOML file: which column holds what")
    site.add_argument("--date", type=date.fromisoformat, help="date of the figures (today)")
    site.add_argument("--status", choices=("official", "estimate", "assumption"), default="official")
    site.add_argument("--geocode", action="store_true", help="look up addresses without coordinates at PDOK")
    site.add_argument("--drop-likely", action="store_true", help="leave out the second of two likely duplicates")
    site.add_argument("--duplicates", type=Path, metavar="FILE", help="write the likely duplicates to a file")
    site.add_argument(
        "--covers",
        nargs="+",
        choices=(coverage.WHOLE_COUNTRY, coverage.NOWHERE, *codes.VR_CODES),
        default=(),
        metavar="NL|VR|none",
        help="where the list is whole: what it does not name there, is not there; without it the receipt tells a guess",
    )
    site.add_argument("--layer", default="", help="which layer of a map to read, where it has several")
    _add_receipt(site)
    add_scheduler(site)
    cases = kinds.add_parser("incidence", help="cases of a disease per gemeente and week or day")
    cases.add_argument("file", type=Path)
    cases.add_argument("--disease", default="", help="the disease, where the file has no column for it")
    cases.add_argument("--mapping", type=Path, help="a TOML file: which column holds what")
    cases.add_argument("--secret", action="store_true", help=_UNPUBLISHED)
    cases.add_argument(
        "--series",
        choices=series.SERIES,
        default="",
        help="the cases of each day or week, or all up to it; without it a file that looks cumulative is refused",
    )
    _add_receipt(cases)
    book = kinds.add_parser("workbook", help="a custom workbook of CBS (xlsx), read by its headers")
    book.add_argument("file", type=Path)
    book.add_argument("--year", type=int, required=True, help="the year of the figures")
    book.add_argument("--secret", action="store_true", help=_UNPUBLISHED)
    _add_receipt(book)
    moved = kinds.add_parser(
        "places", help="places of sites that were corrected in the register, instead of the list's"
    )
    moved.add_argument("--as", dest="viewer", default="lotc", help="ROLE[:VR]; who keeps the sources may do it")
    moved.add_argument("--dry-run", action="store_true", help="tell what would happen and change nothing")
    moved.add_argument("--receipt", type=Path, metavar="FILE", help="write every site that moves, and what cannot")


def _add_receipt(parser: argparse.ArgumentParser) -> None:
    """Add what every import of a file can be asked."""
    parser.add_argument("--sheet", default="", help="which sheet of a workbook to read, where several hold a table")
    parser.add_argument("--partial", action="store_true", help="import what can be read, even less than half")
    parser.add_argument("--dry-run", action="store_true", help="tell what would happen and change nothing")
    parser.add_argument("--receipt", type=Path, metavar="FILE", help="write every row that was left out or changed")
    parser.epilog = "Exit status: 0 when something was kept, 2 when the file was refused and nothing changed."


def _tell(receipt: Receipt, arguments: argparse.Namespace) -> None:
    """Print the receipt, and keep the list of its rows where that was asked."""
    for sentence in receipt.sentences():
        print(sentence)
    if arguments.receipt:
        store.write_table(receipt.rows(), arguments.receipt)
        print(f"{arguments.receipt.name} written: every row that was left out, changed or passed over")


def _refuse_no_folder(*paths: Path | None) -> None:
    """Stop before the work where a list could not be written after it."""
    for path in paths:
        if path and (not path.parent.is_dir() or path.suffix.lower() not in (".csv", ".xlsx", ".parquet")):
            raise InputError(f"{path} cannot be written; choose a folder that exists, and .csv, .xlsx or .parquet.")


def _refresh(arguments: argparse.Namespace) -> int:
    if arguments.as_of:
        rebuilt = refresh.rebuild_as_of(arguments.as_of)
        print(f"The picture is now that of {arguments.as_of}, data version {rebuilt.data_version}.")
        print("The next refresh or import brings back today's; python -m geodata refresh does it now.")
        return _ALL_DONE
    found = readiness.outlook(load_model().disease)
    with bars() as progress_of:
        outcomes = fetch.refresh_sources(arguments.source, arguments.accept, progress_of)
    for outcome in outcomes:
        logs.note(_LOG, "refreshed", source=outcome.source_id, state=outcome.state, rows_n=outcome.rows_n)
        print(f"{outcome.source_id:<20}{outcome.state:<11}{outcome.rows_n:>9} rows")
        if outcome.message:
            print(f"    {outcome.message}", file=sys.stderr)
        for note in outcome.notes:
            print(f"    {note}")
    found.see_current()
    for sentence in found.sentences("en"):
        print(sentence)
    failed_n = sum(outcome.state == "failed" for outcome in outcomes)
    if not failed_n:
        return _ALL_DONE
    print(f"{failed_n} of {len(outcomes)} sources failed; what we had of them stays in use.", file=sys.stderr)
    return _NOTHING_DONE if failed_n == len(outcomes) else _SOME_FAILED


def _check(arguments: argparse.Namespace) -> int:
    found = fetch.check_live(arguments.source)
    for name, differences in found.items():
        print(f"{name:<20}{'as expected' if not differences else 'differs'}")
        for difference in differences:
            print(f"    {difference}")
    return _DIFFERS if any(found.values()) else _ALL_DONE


def _prune(arguments: argparse.Namespace) -> None:
    today = clock.believed(confirmed=arguments.confirm or arguments.dry_run)
    found = prune(today, dry_run=arguments.dry_run)
    if not arguments.dry_run:
        clock.note(today)
    for one in found:
        print(f"{one.path}{one.size_bytes / 1e6:>10.1f} MB")
    print(f"{len(found)} folders {'to remove' if arguments.dry_run else 'removed'}")


def _sources(arguments: argparse.Namespace) -> None:
    if arguments.out is None:
        print(sources_page(), end="")
        return
    with store.whole_file(arguments.out) as part:
        part.write_text(sources_page(), "utf-8")
    print(f"{arguments.out} written")


def _import_establishments(arguments: argparse.Namespace, would: imports.Would) -> None:
    _refuse_no_folder(arguments.receipt)
    options = Options(sheet=arguments.sheet)
    year = arguments.year or recognise.year_said(arguments.file, options)
    if not year:
        recognise.kind_of(arguments.file, options)  # what cannot be read at all is refused for that
        raise InputError("year_unsaid", name=arguments.file.name)
    receipt = imports.import_establishments(
        arguments.file,
        year,
        arguments.mapping,
        options=options,
        is_partial=arguments.partial,
        is_dry_run=arguments.dry_run,
        would=would,
    )
    _tell(receipt, arguments)


def _import_sites(arguments: argparse.Namespace, would: imports.Would) -> None:
    _refuse_no_folder(arguments.duplicates, arguments.receipt)
    question = sites.Question(
        source=imports.source_name("sites_file", arguments.file),
        source_date=(arguments.date or datetime.now(UTC).date()).isoformat(),
        kind=arguments.site_kind,
        mapping=columns.read_mapping(arguments.mapping, sites.FIELDS),
        status=Status(arguments.status),
        is_geocoded=arguments.geocode,
        drops_likely=arguments.drop_likely,
        options=Options(arguments.sheet, arguments.layer),
        is_partial=arguments.partial,
        covers=coverage.declared(arguments.covers),
    )
    with pool_of(arguments) as pool:
        progress = pool.progress_of("geocoder") if arguments.geocode else lambda _done, _total: None
        report = imports.import_sites(
            arguments.file, question, progress, pool, is_dry_run=arguments.dry_run, would=would
        )
    words = {"none": "without a place"}
    located = ", ".join(f"{number} {words.get(word, word)}" for word, number in sorted(report.located.items()))
    done = "would be imported" if arguments.dry_run else "imported"
    counted = read_texts("en")("receipt.sites_counted", rows_n=report.rows_n, kept_n=report.kept_n)
    print(f"{arguments.file.name} {done}: {counted} ({located})")
    print(f"  exact duplicates left out: {report.exact_duplicates_n}")
    print(f"  likely duplicates: {len(report.likely_duplicates)}{' (left out)' if arguments.drop_likely else ''}")
    if report.outside_n:
        print(f"  left out, without a place that is known: {report.outside_n}")
    _tell(report.receipt, arguments)
    if arguments.duplicates:
        sites.write_likely(report, arguments.duplicates)


def _import_incidence(arguments: argparse.Namespace, would: imports.Would) -> None:
    _refuse_no_folder(arguments.receipt)
    receipt = imports.import_incidence(
        arguments.file,
        arguments.disease,
        columns.read_mapping(arguments.mapping, incidence.FIELDS),
        is_secret=arguments.secret,
        series=arguments.series,
        options=Options(sheet=arguments.sheet),
        is_partial=arguments.partial,
        is_dry_run=arguments.dry_run,
        would=would,
    )
    _tell(receipt, arguments)


def _import_workbook(arguments: argparse.Namespace, would: imports.Would) -> None:
    _refuse_no_folder(arguments.receipt)
    receipt = imports.import_workbook(
        arguments.file,
        arguments.year,
        is_secret=arguments.secret,
        options=Options(sheet=arguments.sheet),
        is_partial=arguments.partial,
        is_dry_run=arguments.dry_run,
        would=would,
    )
    _tell(receipt, arguments)


def _import_places(arguments: argparse.Namespace, would: imports.Would) -> None:
    _refuse_no_folder(arguments.receipt)
    scoped = access.open_store(access.parse_viewer(arguments.viewer))
    _tell(decisions.take_over_places(scoped, is_dry_run=arguments.dry_run, would=would), arguments)


COMMANDS: dict[str, Callable[[argparse.Namespace], int | None]] = {
    "refresh": _refresh,
    "check": _check,
    "prune": _prune,
    "sources": _sources,
}
IMPORTS: dict[str, Callable[[argparse.Namespace, imports.Would], None]] = {
    "establishments": _import_establishments,
    "sites": _import_sites,
    "incidence": _import_incidence,
    "workbook": _import_workbook,
    "places": _import_places,
}


def sources_page() -> str:
    """Return the page as Markdown.

    Examples
    --------
    >>> sources_page().splitlines()[0]
    '# Sources'
    """
    parts = [_head(), _each_source(), _addresses(), _columns(), _kinds(), _estimates()]
    return "\n\n".join(parts) + "\n"


def _head() -> str:
    return """# Sources

Written by `python -m geodata sources`; do not edit by hand.

`make refresh` fetches every source but the bulk ones; `python -m geodata refresh SOURCE...` only those named.
`python -m geodata check` asks each live source one small question and tells what differs from this page.
`python -m geodata status` shows how old each source is and which ones fail.

A delivery is kept as it came, dated, with its address, time, rows, SHA-256 and licence. One that loses a region,
or whose rows or totals change more than the stated share, is not used until a person accepts it
(`refresh --accept SOURCE`). A source that fails leaves what we had of it in use."""


def _table(header: list[str], rows: list[list[str]]) -> str:
    lines = ["| " + " | ".join(header) + " |", "|" + " --- |" * len(header)]
    return "\n".join(lines + ["| " + " | ".join(cell.replace("|", r"\|") for cell in row) + " |" for row in rows])


def _how(source: Source) -> str:
    if source.source_id not in CONNECTORS:
        return (
            "import"
            if source.address == "bestand"
            or source.source_id in {"workbook", "establishments_file", "industrial_emissions"}
            else ("embedded")
        )
    return "refresh, when named" if CONNECTORS[source.source_id].is_bulk else "refresh"


def _each_source() -> str:
    rows = [
        [
            f"`{source.source_id}`",
            source.title,
            source.publisher,
            source.address,
            source.licence,
            ", ".join(source.feeds),
            source.status.value,
            _how(source),
            str(source.cadence_days or ""),
            f"{source.max_change_pct:g}",
            source.secrecy.value,
        ]
        for source in catalogue.SOURCES.values()
    ]
    header = [
        "source",
        "title",
        "publisher",
        "address",
        "licence",
        "feeds",
        "status",
        "comes by",
        "new after (days)",
        "refused above (%)",
        "who may see it",
    ]
    return "## What is used\n\n" + _table(header, rows)


def _addresses() -> str:
    rows = [[f"`{name}`", address] for name, address in catalogue.BASES.items()]
    return (
        "## Base addresses\n\nA TOML file named by `RISICOBEELD_SOURCES` may put others in their place: one table"
        " `[base]`, each value scheme, host and port only; `http` only for 127.0.0.1. A second table `[tables]` names"
        ' the table of StatLine that follows one that stopped, by source: `cbs_jobs = "85039NED"`.\n\n'
        + _table(["key", "address"], rows)
    )


def _columns() -> str:
    rows = [
        [f"`{source}`", table_id, f"`{name}`", f"`{column.pattern}`", _optional(column)]
        for source, (table_id, wanted) in cbs_tables.TABLES.items()
        for name, column in wanted.items()
    ]
    return (
        "## Columns of StatLine\n\nFound by the end of their path of headings and title in `DataProperties` (lower"
        " case), never by the number behind their key. Units are read from the table.\n\n"
        + _table(["source", "table", "our name", "pattern", ""], rows)
    )


def _optional(column: Wanted) -> str:
    return "may be absent" if column.is_optional else ""


def _kinds() -> str:
    rows = [[f"`{kind}`", "<br>".join(f"`{part.ql()}`" for part in parts)] for kind, parts in osm.SELECTORS.items()]
    boxes = "; ".join(" ".join(f"{edge:.2f}" for edge in box) for box in pdok.GLASS_AREAS)
    return (
        "## Kinds of site in OpenStreetMap\n\n"
        + _table(["kind", "selectors"], rows)
        + "\n\n## Where greenhouses are looked for\n\nTOP10NL is asked for buildings only in the areas with most of the"
        f" country's glass (longitude and latitude: west, south, east, north): {boxes}."
    )


def _estimates() -> str:
    methods = [[f"`{method.code}`", method.title, "; ".join(method.inputs)] for method in estimates.METHODS.values()]
    matrix = estimates.read_agency_matrix()
    shares = [
        [f"`{code}`", f"{share * 100:g}", matrix.sources.get(code, "") or "none: an assumption"]
        for code, share in matrix.shares.items()
    ]
    return (
        "## Estimates\n\nThe column `workers_n_source` of the table `exposure` names the method of each figure.\n\n"
        + _table(["method", "what it does", "inputs"], methods)
        + "\n\n## Where agency workers work\n\n"
        f"Agencies keep {matrix.own_staff * 100:g} % of their jobs as their own staff. What the table leaves out works"
        " outside the twelve sectors. A copy of `agency_workers.toml` in the data folder goes before the shipped one;"
        " a share with a source makes its figures an estimate.\n\n"
        + _table(["sector", "share of agency workers (%)", "source"], shares)
    )
