"""Core tables as files for others: scoped, with places where a map format asks for them, and the band."""

from pathlib import Path

import geopandas as gpd
import pandas as pd

from geodata import store
from geodata.access import ScopedStore
from geodata.errors import UnknownCodeError

TABLES = ("gemeenten", "veiligheidsregios", "exposure", "sites", "activations", "incidence", "context")
MAP_ENDINGS = (".geojson", ".gpkg")


def export_table(scoped: ScopedStore, name: str, path: Path) -> int:
    """Write one core table as the viewer may see it; return the number of rows.

    In a map format exposure, activations and incidence take the area of their gemeente as place.
    Each row carries ``status_band``, which says that figures are invented while they are, and ``scope``, for
    whom the file was made. A line in the audit trail tells that it went out.

    Raises
    ------
    UnknownCodeError
        There is no such table.
    AccessDeniedError
        The viewer may not open it.
    InputError
        The ending is unknown or the folder cannot be written.
    """
    if name not in TABLES:
        raise UnknownCodeError(f"There is no table {name!r}; choose one of {', '.join(TABLES)}.")
    table = scoped.table(name)
    needs_places = path.suffix.lower() in MAP_ENDINGS and not isinstance(table, gpd.GeoDataFrame)
    if needs_places and "gemeente_code" in table.columns:
        table = with_places(table, "gemeente_code", scoped)
    store.write_table(table.assign(status_band=scoped.status_band, scope=str(scoped.viewer)), path)
    scoped.note_export(name, len(table))
    return len(table)


def with_places(table: pd.DataFrame, code_column: str, scoped: ScopedStore) -> gpd.GeoDataFrame:
    """Give each row the area (EPSG:28992) of the gemeente or veiligheidsregio that its code names."""
    gemeenten, regions = scoped.table("gemeenten"), scoped.table("veiligheidsregios")
    shapes = pd.concat([gemeenten.set_index("gemeente_code")["geometry"], regions.set_index("vr_code")["geometry"]])
    geometry = shapes.reindex(table[code_column]).to_numpy()
    return gpd.GeoDataFrame(table, geometry=gpd.GeoSeries(geometry, index=table.index, crs=gemeenten.crs))
