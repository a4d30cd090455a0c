"""What leaves the product as a file: scoped, with places for a map, and on each row what it rests on."""

from collections.abc import Iterable
from pathlib import Path
from typing import Final

import geopandas as gpd
import pandas as pd

from access.rights import Verb
from access.viewer import may
from door.store import ScopedStore
from geodata import codes
from geodata.errors import AccessDeniedError, UnknownCodeError
from geodata.snapshots import formats as store
from geodata.snapshots.manifests import SourceRecord
from geodata.sources import catalogue

FIGURES_LICENCE: Final = "CC BY 4.0"
BOUNDARIES_LICENCE: Final = "ODbL 1.0"
PLACES_LICENCE: Final = f"{FIGURES_LICENCE}; boundaries {BOUNDARIES_LICENCE}"
STAMP: Final = ("status_band", "scope", "data_version", "attribution", "licence")
"""What every row of a file carries; `stamped` gives it."""

_OSM: Final = ("osm", "osm_extract")
TABLES = (
    "gemeenten",
    "veiligheidsregios",
    "exposure",
    "sites",
    "activations",
    "incidence",
    "regional_incidence",
    "context",
)


def export_table(scoped: ScopedStore, name: str, path: Path, lang: str = "nl") -> int:
    """Write one core table as the viewer may see it; return the number of rows.

    In a map format exposure, activations and incidence take the area of their gemeente or region as place. Each row
    carries `STAMP` and the peildatum, the newest date of the sources behind the table. Sites of OpenStreetMap
    stay a file of their own under their licence, beside the other: ``NAME-osm``. A line in the audit trail
    tells that it went out.

    Parameters
    ----------
    scoped
        The tables as the viewer may see them.
    name
        Of the core table.
    path
        The file; its ending decides the format.
    lang
        Language of the status banner: ``nl`` or ``en``.

    Raises
    ------
    UnknownCodeError
        There is no such table.
    AccessDeniedError
        The viewer may not open it, or not take it away.
    InputError
        The ending is unknown or the folder cannot be written.
    """
    if name not in TABLES:
        raise UnknownCodeError(f"There is no table {name!r}; choose one of {', '.join(TABLES)}.")
    table = scoped.table(name)
    if name == "sites":
        refuse_sites(scoped)
    needs_places = path.suffix.lower() in store.MAPS and not isinstance(table, gpd.GeoDataFrame)
    if needs_places and "gemeente_code" in table.columns:
        table = with_places(table, "gemeente_code", scoped)
    elif needs_places and name == "regional_incidence":
        table = with_places(table, "vr_code", scoped)
    behind = [record for record in scoped.sources if name in catalogue.source(record.source_id).feeds]
    table = stamped(
        table.assign(peildatum=max((record.source_date for record in behind), default="")),
        scoped,
        lang=lang,
        attribution=attributions(behind, lang),
        licence="; ".join(dict.fromkeys(record.licence for record in behind)),
    )
    if name == "sites":
        table = with_own_sources(table, scoped, table["site_id"], lang)
        theirs = is_osm(table["source"])
        if theirs.any():
            store.write_table(table[theirs], path.with_stem(f"{path.stem}-osm"))
        table = table[~theirs]
    store.write_table(table, path)
    scoped.note_export(name, len(table))
    return len(table)


def may_take_sites(scoped: ScopedStore) -> bool:
    """Tell whether the viewer may download sites as a file."""
    return may(scoped.viewer, Verb.TAKE, "sites")


def refuse_sites(scoped: ScopedStore) -> None:
    """Stop a viewer who may not download sites as a file.

    Raises
    ------
    AccessDeniedError
        The role has no right to (`access.rights`).
    """
    if not may_take_sites(scoped):
        raise AccessDeniedError("sites_file_denied", role=scoped.viewer.role)


def banner(scoped: ScopedStore, lang: str) -> str:
    """Return what stands on everything shown or exported while figures are invented; '' with real ones."""
    if not scoped.is_demonstration:
        return ""
    return codes.EXAMPLE_BAND_NL if lang == "nl" else codes.EXAMPLE_BAND_EN


def attributions(records: Iterable[SourceRecord], lang: str) -> str:
    """Return who must be named for some sources, each once, in the reader's language."""
    named = (catalogue.source(record.source_id).credit(lang) for record in records)
    return "; ".join(dict.fromkeys(named))


def stamped(
    table: pd.DataFrame,
    scoped: ScopedStore,
    *,
    lang: str = "nl",
    attribution: str = "",
    licence: str = FIGURES_LICENCE,
) -> pd.DataFrame:
    """Return a table with on each row what a file must tell: `STAMP`.

    Parameters
    ----------
    lang
        Language of the status banner: ``nl`` or ``en``.
    attribution
        Who must be named; every source of the data by default.
    """
    return table.assign(
        status_band=banner(scoped, lang),
        scope=str(scoped.viewer),
        data_version=scoped.data_version,
        attribution=attribution or attributions(scoped.sources, lang),
        licence=licence,
    )


def with_own_sources(table: pd.DataFrame, scoped: ScopedStore, site_ids: pd.Series, lang: str) -> pd.DataFrame:
    """Return a table of sites, stamped, with on each row the licence of its own source, which is named first.

    Parameters
    ----------
    table
        Of `stamped`, a row per site.
    scoped
        The tables as the viewer may see them.
    site_ids
        Of each row.
    lang
        ``nl`` or ``en``.
    """
    own = scoped.table("sites").set_index("site_id")["source"].reindex(site_ids).fillna("").str.split(":").str[0]
    declared = {name: catalogue.source(name) for name in own.unique() if name.split(".")[0] in catalogue.SOURCES}
    others = attributions(scoped.sources, lang)
    licence = [declared[name].licence if name in declared else FIGURES_LICENCE for name in own]
    named = {
        name: "; ".join(dict.fromkeys([source.credit(lang), *others.split("; ")])) for name, source in declared.items()
    }
    return table.assign(licence=licence, attribution=[named.get(name, others) for name in own])


def is_osm(sources: pd.Series) -> pd.Series:
    """Tell which sources of sites are OpenStreetMap."""
    first = sources.str.split(r"[.:]", regex=True).str[0]
    return first.isin(_OSM)


def with_places(table: pd.DataFrame, code_column: str, scoped: ScopedStore) -> gpd.GeoDataFrame:
    """Give each row the area (EPSG:28992) of the gemeente or veiligheidsregio that its code names.

    Parameters
    ----------
    table
        The rows.
    code_column
        The column with their code.
    scoped
        The tables as the viewer may see them.
    """
    gemeenten, regions = scoped.table("gemeenten"), scoped.table("veiligheidsregios")
    shapes = pd.concat([gemeenten.set_index("gemeente_code")["geometry"], regions.set_index("vr_code")["geometry"]])
    geometry = shapes.reindex(table[code_column]).to_numpy()
    return gpd.GeoDataFrame(table, geometry=gpd.GeoSeries(geometry, index=table.index, crs=gemeenten.crs))
