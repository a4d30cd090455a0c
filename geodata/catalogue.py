"""Every source, declared once: who publishes it, where, under which licence, how often, how secret.

The README's and the page's attributions, ``status``, the manifests and ``docs/sources.md`` read from here.
"""

from dataclasses import dataclass
from enum import StrEnum

from geodata.codes import Status
from geodata.errors import UnknownCodeError


class Secrecy(StrEnum):
    """Who may see a source's figures."""

    PUBLIC = "public"
    RESTRICTED = "restricted"  # only those whom the access rules name; never in a public export


@dataclass(frozen=True)
class Source:
    """One source of data.

    Attributes
    ----------
    feeds
        Names of the core tables that the source fills.
    status
        Status of its figures as they land; what is derived from them carries its own.
    cadence_days
        Days after which a new delivery may be expected; None when it never changes.
    """

    source_id: str
    title: str
    publisher: str
    address: str
    licence: str
    attribution: str
    feeds: tuple[str, ...]
    status: Status = Status.OFFICIAL
    cadence_days: int | None = None
    secrecy: Secrecy = Secrecy.PUBLIC


_CC_BY = "CC BY 4.0"

SOURCES = {
    source.source_id: source
    for source in (
        Source(
            "boundaries", "Gemeentegrenzen 2023", "Kadaster, Bestuurlijke Gebieden", "https://www.kadaster.nl",
            _CC_BY, "© Kadaster", ("gemeenten", "veiligheidsregios"),
        ),
        Source(
            "water", "Kustlijn en wateren", "OpenStreetMap", "https://www.openstreetmap.org/copyright",
            "ODbL 1.0", "© OpenStreetMap contributors", ("gemeenten", "veiligheidsregios"),
        ),
        Source(
            "gemeente_facts", "Gemeenten, regio's en inwoners, 1 januari 2023", "CBS",
            "https://opendata.cbs.nl/statline/#/CBS/nl/dataset/70072ned", _CC_BY,
            "Bron: CBS (StatLine, tabel 70072ned, 1 januari 2023)", ("gemeenten", "veiligheidsregios"), cadence_days=365,
        ),
        Source(
            "sector_jobs", "Banen per sector, december 2019", "CBS",
            "https://opendata.cbs.nl/statline/#/CBS/nl/dataset/83583NED", _CC_BY,
            "Bron: CBS (StatLine, tabel 83583NED, december 2019)", ("exposure",), cadence_days=365,
        ),
        Source(
            "demonstration", "Demonstratie: verzonnen cijfers", "Risicobeeld", "geodata/embedded", "CC0 1.0",
            "Demonstratie: verzonnen cijfers", ("exposure", "sites", "activations", "incidence"),
            status=Status.FICTIONAL,
        ),
        Source(
            "establishments_file", "Vestigingen per gemeente en SBI-groep, ingelezen bestand", "CBS",
            "https://opendata.cbs.nl/statline/#/CBS/nl/dataset/85039NED", _CC_BY,
            "Bron: CBS (StatLine, vestigingen per gemeente)", ("exposure",), cadence_days=365,
        ),
    )
}  # fmt: skip


def source(source_id: str) -> Source:
    """Return the declared source.

    Raises
    ------
    UnknownCodeError
        No source of that name is declared.

    Examples
    --------
    >>> source("water").licence
    'ODbL 1.0'
    """
    try:
        return SOURCES[source_id]
    except KeyError:
        known = ", ".join(SOURCES)
        raise UnknownCodeError(f"Source {source_id!r} is not in the catalogue; choose one of: {known}.") from None
