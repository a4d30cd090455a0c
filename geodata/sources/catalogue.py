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
    frozen_since
        The day on which the publisher stopped (ISO); '' while it goes on.
    max_change_pct
        A new delivery whose totals differ more from the previous one is not used until a person accepts it.
    title_en
        The title for a reader of English; '' is `title`.
    attribution_en
        What a reader of English is told in place of `attribution`; '' where it is the same in every language.
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
    frozen_since: str = ""
    secrecy: Secrecy = Secrecy.PUBLIC
    max_change_pct: float = 25.0
    title_en: str = ""
    attribution_en: str = ""

    def name(self, lang: str) -> str:
        """Return what the source is called, in the reader's language.

        Examples
        --------
        >>> source("water").name("en"), source("water").name("nl")
        ('Coastline and waters', 'Kustlijn en wateren')
        """
        return self.title_en if lang == "en" and self.title_en else self.title

    def credit(self, lang: str) -> str:
        """Return who must be named, in the reader's language.

        Examples
        --------
        >>> source("sites_file").credit("en"), source("rivm").credit("en")
        ('Imported file', 'RIVM')
        """
        said = self.attribution_en if lang == "en" and self.attribution_en else self.attribution
        return said.removeprefix("Bron: ")


BASES = {
    "cbs_v3": "https://opendata.cbs.nl",
    "cbs_catalog": "https://opendata.cbs.nl",
    "cbs_v4": "https://datasets.cbs.nl",
    "pdok_api": "https://api.pdok.nl",
    "pdok_service": "https://service.pdok.nl",
    "locatieserver": "https://api.pdok.nl",
    "overpass": "https://overpass-api.de",
    "geofabrik": "https://download.geofabrik.de",
    "traces": "https://webgate.ec.europa.eu",
    "rivm": "https://data.rivm.nl",
}
"""Scheme, host and port of each publisher; the connectors append the path."""

_CC_BY = "CC BY 4.0"
_STATLINE = "https://opendata.cbs.nl/statline/#/CBS/nl/dataset/"
_CBS = "Bron: CBS (StatLine, tabel {})"
_CBS_EN = "CBS (StatLine, table {})"

SOURCES = {
    source.source_id: source
    for source in (
        Source(
            "boundaries",
            "Gemeentegrenzen 2023",
            "Kadaster, Bestuurlijke Gebieden",
            "https://www.kadaster.nl",
            _CC_BY,
            "© Kadaster",
            ("gemeenten", "veiligheidsregios"),
            title_en="Municipal boundaries 2023",
        ),
        Source(
            "water",
            "Kustlijn en wateren",
            "OpenStreetMap",
            "https://www.openstreetmap.org/copyright",
            "ODbL 1.0",
            "© OpenStreetMap contributors",
            ("gemeenten", "veiligheidsregios"),
            title_en="Coastline and waters",
        ),
        Source(
            "gemeente_facts",
            "Gemeenten, regio's en inwoners, 1 januari 2023",
            "CBS",
            "https://opendata.cbs.nl/statline/#/CBS/nl/dataset/70072ned",
            _CC_BY,
            "Bron: CBS (StatLine, tabel 70072ned, 1 januari 2023)",
            ("gemeenten", "veiligheidsregios"),
            cadence_days=365,
            title_en="Gemeenten, regions and inhabitants, 1 January 2023",
            attribution_en="CBS (StatLine, table 70072ned, 1 January 2023)",
        ),
        Source(
            "sector_jobs",
            "Banen per sector, december 2019",
            "CBS",
            "https://opendata.cbs.nl/statline/#/CBS/nl/dataset/83583NED",
            _CC_BY,
            "Bron: CBS (StatLine, tabel 83583NED, december 2019)",
            ("exposure",),
            cadence_days=365,
            title_en="Jobs per sector, December 2019",
            attribution_en="CBS (StatLine, table 83583NED, December 2019)",
        ),
        Source(
            "demonstration",
            "Demonstratie: verzonnen cijfers",
            "Risicobeeld",
            "geodata/embedded",
            "CC0 1.0",
            "Demonstratie: verzonnen cijfers",
            ("exposure", "sites", "activations", "incidence"),
            status=Status.FICTIONAL,
            title_en="Example: invented figures",
            attribution_en="Example: invented figures",
        ),
        Source(
            "platform_register",
            "Inzet van het platform, uit het register",
            "LOT-C",
            "python -m geodata import activations",
            "niet openbaar",
            "LOT-C (register van het platform)",
            ("activations",),
            title_en="Activations of the platform, from the register",
            attribution_en="LOT-C (register of the platform)",
        ),
        Source(
            "establishments_file",
            "Vestigingen per gemeente en SBI-groep, ingelezen bestand",
            "CBS",
            "https://opendata.cbs.nl/statline/#/CBS/nl/dataset/85039NED",
            _CC_BY,
            "Bron: CBS (StatLine, vestigingen per gemeente)",
            ("exposure",),
            cadence_days=365,
            title_en="Establishments per gemeente and SBI group, imported file",
            attribution_en="CBS (StatLine, establishments per gemeente)",
        ),
        Source(
            "cbs_regions",
            "Regio's en inwoners per gemeente en jaar",
            "CBS",
            _STATLINE + "70072ned",
            _CC_BY,
            _CBS.format("70072ned"),
            ("gemeenten", "veiligheidsregios"),
            cadence_days=365,
            title_en="Regions and inhabitants per gemeente and year",
            attribution_en=_CBS_EN.format("70072ned"),
        ),
        Source(
            "cbs_establishments",
            "Vestigingen per gemeente en SBI-sectie",
            "CBS",
            _STATLINE + "81575NED",
            _CC_BY,
            _CBS.format("81575NED"),
            ("exposure",),
            cadence_days=365,
            title_en="Establishments per gemeente and SBI section",
            attribution_en=_CBS_EN.format("81575NED"),
        ),
        Source(
            "cbs_jobs",
            "Banen van werknemers per gemeente en SBI-sectie",
            "CBS",
            _STATLINE + "83582NED",
            _CC_BY,
            _CBS.format("83582NED"),
            ("exposure",),
            cadence_days=365,
            title_en="Jobs of employees per gemeente and SBI section",
            attribution_en=_CBS_EN.format("83582NED"),
        ),
        Source(
            "cbs_agriculture",
            "Tuinbouw onder glas en in de open grond per gemeente",
            "CBS",
            _STATLINE + "80781ned",
            _CC_BY,
            _CBS.format("80781ned"),
            ("exposure",),
            cadence_days=365,
            title_en="Horticulture under glass and in the open per gemeente",
            attribution_en=_CBS_EN.format("80781ned"),
        ),
        Source(
            "cbs_corop",
            "Vestigingen per COROP-gebied en SBI in detail",
            "CBS",
            _STATLINE + "81578NED",
            _CC_BY,
            _CBS.format("81578NED"),
            ("exposure",),
            cadence_days=365,
            title_en="Establishments per COROP area and detailed SBI",
            attribution_en=_CBS_EN.format("81578NED"),
        ),
        Source(
            "cbs_residents",
            "Ingeschreven inwoners uit EU/EVA-landen per gemeente, één totaal",
            "CBS",
            _STATLINE + "85644NED",
            _CC_BY,
            _CBS.format("85644NED"),
            ("exposure",),
            cadence_days=365,
            title_en="Registered inhabitants from EU/EFTA countries per gemeente, one total",
            attribution_en=_CBS_EN.format("85644NED"),
        ),
        Source(
            "pdok_areas",
            "Gebiedsindelingen: gemeenten, veiligheidsregio's, GGD- en arbeidsmarktregio's",
            "CBS en Kadaster, PDOK",
            "https://api.pdok.nl/cbs/gebiedsindelingen/ogc/v1",
            _CC_BY,
            "© CBS / Kadaster (PDOK)",
            ("gemeenten", "veiligheidsregios"),
            cadence_days=365,
            title_en="Areas: gemeenten, veiligheidsregio's, GGD and labour market regions",
        ),
        Source(
            "pdok_greenhouses",
            "Kassen uit TOP10NL, in de grote glastuinbouwgebieden",
            "Kadaster, PDOK",
            "https://api.pdok.nl/kadaster/brt-top10nl/ogc/v1",
            _CC_BY,
            "© Kadaster",
            ("sites",),
            cadence_days=90,
            title_en="Greenhouses of TOP10NL, in the large areas of glass",
        ),
        Source(
            "pdok_parks",
            "Vakantieparken en campings uit TOP10NL",
            "Kadaster, PDOK",
            "https://api.pdok.nl/kadaster/brt-top10nl/ogc/v1",
            _CC_BY,
            "© Kadaster",
            ("sites",),
            cadence_days=90,
            title_en="Holiday parks and camp sites of TOP10NL",
        ),
        Source(
            "osm",
            "Locaties per soort uit OpenStreetMap (Overpass)",
            "OpenStreetMap",
            "https://overpass-api.de/api/interpreter",
            "ODbL 1.0",
            "© OpenStreetMap contributors",
            ("sites",),
            status=Status.ESTIMATE,
            cadence_days=30,
            max_change_pct=40.0,
            title_en="Sites per kind from OpenStreetMap (Overpass)",
        ),
        Source(
            "osm_extract",
            "Locaties per soort uit OpenStreetMap (heel Nederland, Geofabrik)",
            "OpenStreetMap",
            "https://download.geofabrik.de/europe/netherlands.html",
            "ODbL 1.0",
            "© OpenStreetMap contributors",
            ("sites",),
            status=Status.ESTIMATE,
            cadence_days=30,
            max_change_pct=40.0,
            title_en="Sites per kind from OpenStreetMap (all of the Netherlands, Geofabrik)",
        ),
        Source(
            "traces",
            "Erkende slachterijen en vleesbedrijven (TRACES NT)",
            "Europese Commissie",
            "https://webgate.ec.europa.eu/tracesnt/directory/listing/establishment/publication/index",
            "Decision 2011/833/EU",
            "© European Union, TRACES NT",
            ("sites",),
            cadence_days=30,
            title_en="Approved slaughterhouses and meat plants (TRACES NT)",
        ),
        Source(
            "rivm",
            "COVID-19-meldingen per gemeente (afgesloten op 31 maart 2023)",
            "RIVM",
            "https://data.rivm.nl/data/covid-19",
            "Publiek domein",
            "Bron: RIVM",
            ("incidence",),
            frozen_since="2023-03-31",
            title_en="COVID-19 reports per gemeente (closed on 31 March 2023)",
        ),
        Source(
            "sites_file",
            "Locaties, ingelezen bestand",
            "de gebruiker",
            "bestand",
            "van het bestand",
            "Ingelezen bestand",
            ("sites",),
            secrecy=Secrecy.RESTRICTED,
            attribution_en="Imported file",
            title_en="Sites, imported file",
        ),
        Source(
            "place_corrections",
            "Verbeterde plekken van locaties, uit het register",
            "LOT-C en de regio's",
            "risicobeeld import places",
            "niet openbaar",
            "Plekken van locaties verbeterd door het platform",
            ("sites",),
            secrecy=Secrecy.RESTRICTED,
            title_en="Corrected places of sites, from the register",
            attribution_en="Places of sites corrected by the platform",
        ),
        Source(
            "industrial_emissions",
            "Grotere slachterijen en vleesfabrieken, met eigenaar (E-PRTR, tabel 2_ProductionFacility)",
            "Europees Milieuagentschap",
            "https://www.eea.europa.eu/en/datahub/datahubitem-view/9405f714-8015-4b5b-a63c-280b82861b3d",
            _CC_BY,
            "© European Environment Agency, Industrial Reporting",
            ("sites",),
            cadence_days=365,
            title_en="Larger slaughterhouses and meat plants, with owner (E-PRTR, table 2_ProductionFacility)",
        ),
        Source(
            "incidence_file",
            "Ziektegevallen, ingelezen bestand",
            "de gebruiker",
            "bestand",
            "van het bestand",
            "Ingelezen bestand",
            ("incidence", "regional_incidence"),
            attribution_en="Imported file",
            title_en="Cases of a disease, imported file",
        ),
        Source(
            "bundle",
            "Tabellen van een andere installatie, ingelezen databundel",
            "de gebruiker",
            "bestand",
            "zie LICENCES.txt in de bundel",
            "Ingelezen databundel",
            ("exposure", "sites", "incidence", "context"),
            attribution_en="Imported bundle of tables",
            title_en="Tables of another installation, imported bundle",
        ),
        Source(
            "secret_incidence",
            "Ziektegevallen, ingelezen bestand dat niet openbaar is",
            "de gebruiker",
            "bestand",
            "niet openbaar",
            "Ingelezen bestand, niet openbaar",
            ("incidence",),
            secrecy=Secrecy.RESTRICTED,
            attribution_en="Imported file, not public",
            title_en="Cases of a disease, imported file that is not public",
        ),
        Source(
            "secret_workbook",
            "Maatwerktabel die niet openbaar is, ingelezen werkboek",
            "de gebruiker",
            "bestand",
            "niet openbaar",
            "Ingelezen werkboek, niet openbaar",
            ("context",),
            secrecy=Secrecy.RESTRICTED,
            attribution_en="Imported workbook, not public",
            title_en="Custom table that is not public, imported workbook",
        ),
        Source(
            "workbook",
            "Maatwerktabel van het CBS, ingelezen werkboek",
            "CBS",
            "https://www.cbs.nl/nl-nl/maatwerk",
            _CC_BY,
            "Bron: CBS, maatwerk",
            ("context",),
            title_en="Custom table of CBS, imported workbook",
            attribution_en="CBS, custom table",
        ),
    )
}


def source(source_id: str) -> Source:
    """Return the declared source.

    What a user imports is kept per file, under the source's name and the file's: ``sites_file.parks``.

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
        return SOURCES[source_id.split(".", 1)[0]]
    except KeyError:
        known = ", ".join(SOURCES)
        raise UnknownCodeError(f"Source {source_id!r} is not in the catalogue; choose one of: {known}.") from None


def title(source_id: str, lang: str) -> str:
    """Return what a source is called, with the name of its file, or two lists of one kind look like one.

    What is not in the catalogue keeps its own name.

    Examples
    --------
    >>> title("sites_file.parks", "en"), title("rivm", "en"), title("a_list", "en")
    ('Sites, imported file: parks', 'COVID-19 reports per gemeente (closed on 31 March 2023)', 'a_list')
    """
    name, _, file = source_id.partition(".")
    if name not in SOURCES:
        return source_id
    told = SOURCES[name].name(lang)
    return f"{told}: {file}" if file else told
