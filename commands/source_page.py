"""The page of the sources, generated from the catalogue and the connectors: ``docs/sources.md``.

Written anew with ``python -m geodata sources --out docs/sources.md``; a test fails when it is not up to date.
"""

from geodata.sources import catalogue, osm, pdok
from geodata.sources.catalogue import Source
from geodata.sources.cbs import regions as cbs_regions
from geodata.sources.cbs import tables as cbs_tables
from geodata.sources.cbs.question import Wanted
from geodata.sources.registry import CONNECTORS
from geodata.tables import estimates

_FILES = ("workbook", "establishments_file", "industrial_emissions")


def page() -> str:
    """Return the page as Markdown.

    Examples
    --------
    >>> page().splitlines()[0]
    '# Sources'
    """
    parts = [_head(), _sources(), _addresses(), _columns(), _kinds(), _estimates()]
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


def _sources() -> str:
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
    tables = {"cbs_regions": (cbs_regions.TABLE, cbs_regions.WANTED), **cbs_tables.TABLES}
    rows = [
        [f"`{source}`", table_id, f"`{name}`", f"`{column.pattern}`", _optional(column)]
        for source, (table_id, wanted) in tables.items()
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
