"""Gemeenten that merged after the boundaries that ship: named in a file of the data folder, no release needed."""

from collections.abc import Mapping
from typing import Final

import geopandas as gpd
import pandas as pd
import shapely

from geodata import contracts, settings
from geodata.areas import regions
from geodata.errors import InputError
from geodata.snapshots import snapshot

SHIPPED_DATE: Final = pd.Timestamp(2023, 1, 1)
"""The day of the boundaries that ship; changes up to it are in them."""


def known_areas(base: snapshot.Snapshot | None = None) -> dict[str, pd.DataFrame]:
    """Return gemeenten and veiligheidsregio's of today, to which every delivery is brought.

    Parameters
    ----------
    base
        Whose areas they are; by default those that ship.

    Raises
    ------
    InputError
        The changes file of the data folder contradicts itself or these areas.
    """
    base = base or snapshot.read_core(settings.EMBEDDED_DIR)
    gemeenten = gpd.GeoDataFrame(base.table("gemeenten"))
    later = later_changes(gemeenten)
    if later.empty:
        return {"gemeenten": gemeenten, "veiligheidsregios": base.table("veiligheidsregios")}
    today = merge(gemeenten, later)
    return {"gemeenten": today, "veiligheidsregios": regions.dissolve_veiligheidsregios(today)}


def later_changes(gemeenten: pd.DataFrame) -> pd.DataFrame:
    """Return the changes of the data folder that are not yet in a table of gemeenten.

    Raises
    ------
    InputError
        A change is of a gemeente that never was.
    """
    changes = regions.read_changes()
    later = changes[changes["effective_date"] > SHIPPED_DATE]
    known = {*gemeenten["gemeente_code"], *later["new_code"]}
    unknown = later[~later["old_code"].isin(known) & ~later["new_code"].isin(gemeenten["gemeente_code"])]
    if len(unknown):
        raise InputError(
            f"{regions.CHANGES_FILE} lets {unknown['old_code'].iloc[0]} merge, but it does not exist then; correct it."
        )
    return later[later["old_code"].isin(gemeenten["gemeente_code"]) | later["old_code"].isin(later["new_code"])]


def merge(gemeenten: gpd.GeoDataFrame, changes: pd.DataFrame) -> gpd.GeoDataFrame:
    """Return the gemeenten after mergers: shapes united, inhabitants and land added.

    Parameters
    ----------
    gemeenten
        Contract ``Gemeenten`` (EPSG:28992), a valid coverage.
    changes
        As `regions.read_changes` returns them; applied by date.

    Raises
    ------
    InputError
        A gemeente is divided: where the new boundary runs can only come from a delivery of boundaries.
    """
    result = gemeenten
    for day, step in changes.groupby("effective_date", sort=True):
        for new_code, parts in step.groupby("new_code", sort=True):
            result = _unite(result, str(new_code), parts, str(day)[:10])
    return contracts.check("gemeenten", result.sort_values("gemeente_code", ignore_index=True))


def _unite(gemeenten: gpd.GeoDataFrame, new_code: str, parts: pd.DataFrame, day: str) -> gpd.GeoDataFrame:
    if (parts["share"] < 1).any():
        code = parts.loc[parts["share"] < 1, "old_code"].iloc[0]
        raise InputError(
            f"Gemeente {code} is divided on {day}, and a changes file cannot say where the new boundary runs;"
            " fetch the boundaries of that year (python -m geodata refresh pdok_areas)."
        )
    codes = {*parts["old_code"], new_code}
    joined = gemeenten[gemeenten["gemeente_code"].isin(codes)]
    if missing := sorted(set(parts["old_code"]) - set(joined["gemeente_code"])):
        raise InputError(
            f"{regions.CHANGES_FILE} lets {missing[0]} merge on {day}, but there is no such gemeente then."
        )
    largest = joined.loc[joined["population_n"].idxmax()]
    row = largest.copy()
    row["gemeente_code"] = new_code
    row["gemeente_name"] = parts["new_name"].iloc[0]
    for column in ("population_n", "land_area_km2"):
        row[column] = joined[column].sum()
    row["geometry"] = shapely.normalize(shapely.coverage_union_all(joined.geometry.to_numpy()))
    rest = gemeenten[~gemeenten["gemeente_code"].isin(codes)]
    united = gpd.GeoDataFrame([row], crs=gemeenten.crs).astype(gemeenten.dtypes.to_dict())
    return gpd.GeoDataFrame(pd.concat([rest, united], ignore_index=True), crs=gemeenten.crs)


def to_today(tables: Mapping[str, pd.DataFrame], changes: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """Bring core tables in the codes that ship to today's: counts are added, places get the new code."""
    heirs = dict(zip(changes["old_code"], changes["new_code"], strict=True))
    return {name: _moved(name, table, heirs) for name, table in tables.items()}


def _moved(name: str, table: pd.DataFrame, heirs: Mapping[str, str]) -> pd.DataFrame:
    if "gemeente_code" not in table or not table["gemeente_code"].isin(list(heirs)).any():
        return table
    moved = table.copy()
    while moved["gemeente_code"].isin(list(heirs)).any():  # a gemeente may merge twice
        moved["gemeente_code"] = moved["gemeente_code"].replace(heirs)
    key = [column for column in contracts.CONTRACTS[name].key if column != "unit_id"]
    if "gemeente_code" not in key:
        return contracts.check(name, moved)
    counts = [column for column in moved.columns if column.endswith("_n")]
    first = [column for column in moved.columns if column not in (*key, *counts)]
    summed = {column: lambda values: values.sum(skipna=False) for column in counts}
    united = moved.groupby(key, as_index=False, sort=False).agg(summed | dict.fromkeys(first, "first"))
    return contracts.check(name, united[list(table.columns)])
