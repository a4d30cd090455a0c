"""Areas: veiligheidsregio's from gemeenten, who borders on whom, the browser's map, and mergers through the years."""

import re
import unicodedata
from datetime import date
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

import geopandas as gpd
import pandas as pd
import shapely
from topojson.core.topology import Topology

from geodata import contracts
from geodata.codes import CRS_WGS84
from geodata.errors import InputError, UnknownCodeError
from geodata.intake.files import reader
from geodata.settings import EMBEDDED_DIR, data_dir

FIRST_YEAR = 2020
"""The first year whose gemeenten can be brought to today's."""

_MAP_STEPS = 100_000  # steps of the map's grid across the country: under 4 m each


@cache
def region_names() -> dict[str, str]:
    """Return the name of every veiligheidsregio, by code; they are public and the same in every snapshot.

    Examples
    --------
    >>> region_names()["VR06"]
    'Noord- en Oost-Gelderland'
    """
    facts = _read_facts("veiligheidsregio_facts.csv")
    return dict(zip(facts["vr_code"], facts["vr_name"], strict=True))


@cache
def labour_regions() -> dict[str, str]:
    """Return the name of every labour market region (arbeidsmarktregio), by code; they are public.

    Each has an employer service point and, where there is one, a regional mobility team. They do not nest in the
    veiligheidsregio's.

    Examples
    --------
    >>> labour_regions()["AM26"], len(labour_regions())
    ('Midden-Brabant', 35)
    """
    facts = _read_facts("gemeente_facts.csv")
    return dict(sorted(set(zip(facts["am_code"], facts["am_name"], strict=True))))


def dissolve_veiligheidsregios(gemeenten: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Return the veiligheidsregio's as the exact union of their gemeenten.

    Neighbours share their edges, so that the union only leaves edges out: no corner moves.

    Parameters
    ----------
    gemeenten
        Contract ``Gemeenten`` (EPSG:28992); a valid coverage.

    Returns
    -------
    GeoDataFrame
        Contract ``Veiligheidsregios``, ordered by code; only regions that have a gemeente in the table.

    Raises
    ------
    UnknownCodeError
        A gemeente lies in a region that does not exist.
    """
    facts = _read_facts("veiligheidsregio_facts.csv").set_index("vr_code")
    unknown = sorted(set(gemeenten["vr_code"]) - set(facts.index))
    if unknown:
        raise UnknownCodeError(f"Table gemeenten names unknown veiligheidsregio's {', '.join(unknown)}; use VR01-VR25.")
    groups = gemeenten.groupby("vr_code", sort=True)
    shapes = groups["geometry"].agg(lambda parts: shapely.coverage_union_all(parts.to_numpy()))
    sums = groups[["population_n", "land_area_km2"]].sum().round({"land_area_km2": 3})
    frame = sums.join(facts).reset_index()
    geometry = gpd.GeoSeries(shapely.normalize(shapes.to_numpy()), crs=gemeenten.crs)
    return contracts.check("veiligheidsregios", gpd.GeoDataFrame(frame, geometry=geometry))


def neighbours(areas: gpd.GeoDataFrame, code_column: str) -> pd.DataFrame:
    """Return which areas have a common boundary on land; touching in a point does not count.

    Parameters
    ----------
    areas
        Polygons that share their edges, in metres.
    code_column
        The column with the code of each area.

    Returns
    -------
    DataFrame
        code, neighbour_code, border_km: each pair both ways, ordered by code.

    Examples
    --------
    >>> two = gpd.GeoDataFrame({"code": ["A", "B"]}, geometry=[shapely.box(0, 0, 1, 2000), shapely.box(1, 0, 2, 1000)])
    >>> neighbours(two, "code")
      code neighbour_code  border_km
    0    A              B        1.0
    1    B              A        1.0
    """
    shapes, codes = areas.geometry.to_numpy(), areas[code_column].to_numpy()
    left, right = shapely.STRtree(shapes).query(shapes, predicate="intersects")
    left, right = left[left != right], right[left != right]
    border = shapely.length(shapely.intersection(shapely.boundary(shapes[left]), shapely.boundary(shapes[right])))
    pairs = pd.DataFrame({"code": codes[left], "neighbour_code": codes[right], "border_km": border / 1000})
    return pairs[pairs["border_km"] > 0].sort_values(["code", "neighbour_code"], ignore_index=True)


def encode_topology(gemeenten: gpd.GeoDataFrame) -> dict[str, Any]:
    """Return gemeenten and veiligheidsregio's as one TopoJSON, the form that the browser draws.

    Every boundary is stored once, so that neighbours, and a region and its gemeenten, share the very same
    corners. Coordinates are degrees (EPSG:4326) on a grid of under 4 m.

    Parameters
    ----------
    gemeenten
        Contract ``Gemeenten``.

    Returns
    -------
    dict
        The objects ``gemeente`` and ``vr``; each area has the properties code, name and vr.
    """
    layers = [
        _map_layer(gemeenten, code="gemeente_code", name="gemeente_name"),
        _map_layer(dissolve_veiligheidsregios(gemeenten), code="vr_code", name="vr_name"),
    ]
    topology: dict[str, Any] = Topology(layers, object_name=["gemeente", "vr"], prequantize=_MAP_STEPS).to_dict()
    return topology


def _map_layer(areas: gpd.GeoDataFrame, *, code: str, name: str) -> gpd.GeoDataFrame:
    properties = {"code": areas[code], "name": areas[name], "vr": areas["vr_code"]}
    return gpd.GeoDataFrame(properties, geometry=areas.geometry.to_crs(CRS_WGS84))


CHANGES_FILE = "gemeente_changes.csv"


def read_changes() -> pd.DataFrame:
    """Return the mergers and divisions of gemeenten since 2021: those that ship, and those of the data folder.

    A file ``gemeente_changes.csv`` in the data folder, with the columns below, names what happened since.

    Returns
    -------
    DataFrame
        effective_date, old_code, old_name, old_vr_code, new_code, new_name, is_new (the new code did not
        exist before), share (0-1: the part of the old gemeente's inhabitants that went there), note.

    Raises
    ------
    InputError
        The file of the data folder lacks a column, or a row of it is not what it should be.
    """
    own = data_dir() / CHANGES_FILE
    if not own.is_file():
        return _shipped_changes().copy()
    shipped = _read_facts(CHANGES_FILE)
    return _typed(pd.concat([shipped, _own_changes(own, list(shipped.columns))], ignore_index=True))


@cache
def _shipped_changes() -> pd.DataFrame:
    return _typed(_read_facts(CHANGES_FILE))


def _typed(changes: pd.DataFrame) -> pd.DataFrame:
    return changes.assign(
        effective_date=pd.to_datetime(changes["effective_date"]),
        share=changes["share"].astype(float),
        is_new=changes["is_new"] == "yes",
    )


def _own_changes(path: Path, columns: list[str]) -> pd.DataFrame:
    table = reader.read(path, path.name, lambda header: header if header in columns else "")
    own = table.frame
    lacking = [name for name in columns if name not in own.columns and name != "note"]
    if lacking:
        raise InputError(
            f"{path.name} in the data folder lacks the column {lacking[0]}; it needs {', '.join(columns)}."
        )
    own = own.reindex(columns=columns, fill_value="").astype("str").apply(lambda cells: cells.str.strip())
    own["share"] = own["share"].str.replace(",", ".", regex=False)  # a Dutch spreadsheet writes 0,4
    shares = pd.to_numeric(own["share"], errors="coerce")
    is_good = (
        pd.to_datetime(own["effective_date"], errors="coerce", format="%Y-%m-%d").notna()
        & own["old_code"].str.fullmatch(r"GM\d{4}")
        & own["new_code"].str.fullmatch(r"GM\d{4}")
        & own["old_vr_code"].str.fullmatch(r"VR\d{2}")
        & own["is_new"].isin(["yes", "no"])
        & shares.between(0, 1, inclusive="right")
    )
    if not is_good.all():
        row_n = int(table.row_n[(~is_good).to_numpy()][0])
        raise InputError(
            f"Row {row_n} of {path.name} in the data folder is not right; write dates as 2026-01-01, codes as GM0363"
            " and VR13, is_new as yes or no, and share between 0 and 1."
        )
    sums = shares.groupby([own["effective_date"], own["old_code"]]).sum()
    if (wrong := sums[(sums - 1).abs() > 1e-6]).size:
        raise InputError(f"The shares of {wrong.index[0][1]} in {path.name} add up to {wrong.iloc[0]:g}, not to 1.")
    return own


def changes_from(year: int, changes: pd.DataFrame | None = None, *, with_arisen: bool = False) -> pd.DataFrame:
    """Return where each gemeente of a year that no longer exists went, up to today.

    Parameters
    ----------
    year
        The gemeenten are those of 1 January of this year; 2020 or later.
    changes
        As `read_changes` returns them (the default). A gemeente that arose from one merger and went into the
        next is followed to the end, shares multiplied.
    with_arisen
        Also tell where a gemeente went that arose after that year and is gone again: for figures of several years.

    Returns
    -------
    DataFrame
        old_code, new_code, share, is_new (the new one did not exist in that year), ordered by code. Shares of
        one old code add up to 1. A code that is not in it is unchanged. With ``with_arisen`` also is_arisen (the
        old one did not exist in that year either) and by_way_of (the codes between the two, a blank between them).

    Raises
    ------
    InputError
        The year is before 2020.

    Examples
    --------
    >>> changes_from(2022).head(2)
      old_code new_code  share  is_new
    0   GM0457   GM0363    1.0   False
    1   GM0501   GM1992    1.0    True
    """
    if changes is None and not (data_dir() / CHANGES_FILE).is_file():
        return _shipped_from(year, with_arisen=with_arisen).copy()
    steps = _since(year, read_changes() if changes is None else changes)
    texts = {"old_code": "str", "new_code": "str", "by_way_of": "str"}
    result = pd.DataFrame(columns=[*texts, "share"]).astype({**texts, "share": float})
    for _, step in steps.groupby("effective_date", sort=True):
        onward = step[["old_code", "new_code", "share"]]
        moved = result.merge(onward, left_on="new_code", right_on="old_code", how="left", suffixes=("", "_next"))
        is_moved = moved["new_code_next"].notna()
        between = (moved["by_way_of"] + " " + moved["new_code"]).str.strip()
        moved["by_way_of"] = between.where(is_moved, moved["by_way_of"])
        moved["new_code"] = moved["new_code_next"].where(is_moved, moved["new_code"])
        moved["share"] = moved["share"] * moved["share_next"].fillna(1.0)
        result = pd.concat([moved[result.columns], onward.assign(by_way_of="")], ignore_index=True)
    arisen = steps.loc[steps["is_new"], "new_code"]
    result = result if with_arisen else result[~result["old_code"].isin(arisen)]
    result = result.groupby(["old_code", "new_code"], as_index=False).agg({"share": "sum", "by_way_of": "first"})
    result["is_new"] = result["new_code"].isin(arisen)
    result["is_arisen"] = result["old_code"].isin(arisen)
    return result if with_arisen else result[["old_code", "new_code", "share", "is_new"]]


@lru_cache(maxsize=32)
def _shipped_from(year: int, *, with_arisen: bool) -> pd.DataFrame:
    """Follow the changes that ship once for each year: every import asks."""
    return changes_from(year, _shipped_changes(), with_arisen=with_arisen)


def gemeenten_of_year(gemeenten: pd.DataFrame, year: int) -> pd.Index:
    """Return the codes of the gemeenten that existed on 1 January of a year (2020: 355, 2021: 352, 2023: 342).

    Parameters
    ----------
    gemeenten
        Contract ``Gemeenten``: those of today.
    year
        2020 or later.

    Raises
    ------
    InputError
        The year is before 2020.
    """
    codes: pd.Index = pd.Index(_areas_of_year(gemeenten, year)["gemeente_code"])
    return codes


def veiligheidsregio_of_year(gemeenten: pd.DataFrame, year: int) -> pd.Series:
    """Return the veiligheidsregio in which each gemeente of a year lay on 1 January of that year.

    Returns
    -------
    Series
        vr_code, indexed by gemeente_code. Haaren lay in VR21 before it was divided over VR20 and VR21, Weesp
        in VR14 until it joined Amsterdam (VR13).

    Raises
    ------
    InputError
        The year is before 2020.
    """
    return _areas_of_year(gemeenten, year).set_index("gemeente_code")["vr_code"]


def _areas_of_year(gemeenten: pd.DataFrame, year: int) -> pd.DataFrame:
    """Return gemeente_code, gemeente_name and vr_code as on 1 January of the year, ordered by code."""
    later = _since(year, read_changes())
    columns = ["gemeente_code", "gemeente_name", "vr_code"]
    arisen = later.loc[later["is_new"], "new_code"]
    still = pd.DataFrame(gemeenten)[columns]
    gone = later[["old_code", "old_name", "old_vr_code"]].set_axis(columns, axis="columns").drop_duplicates()
    areas = pd.concat([still[~still["gemeente_code"].isin(arisen)], gone[~gone["gemeente_code"].isin(arisen)]])
    return areas.sort_values("gemeente_code", ignore_index=True)


def _since(year: int, changes: pd.DataFrame) -> pd.DataFrame:
    if not FIRST_YEAR <= year <= date.max.year:
        raise InputError(f"Year {year} is before {FIRST_YEAR}; give figures of {FIRST_YEAR} or later.")
    return changes[changes["effective_date"] > pd.Timestamp(year, 1, 1)]


def _read_facts(name: str, folder: Path = EMBEDDED_DIR) -> pd.DataFrame:
    """Read a table of facts as text; an empty cell is an empty text, never a missing value."""
    return pd.read_csv(folder / name, dtype=str, keep_default_na=False)


@cache
def fold(text: str) -> str:
    """Return a name without accents, capitals, apostrophes, hyphens and the usual ways to shorten it.

    Examples
    --------
    >>> fold("Súdwest-Fryslân"), fold("'s-Gravenhage"), fold("Capelle a/d IJssel"), fold("St. Anthonis")
    ('sudwest fryslan', 's gravenhage', 'capelle aan den ijssel', 'sint anthonis')
    """
    plain = unicodedata.normalize("NFKD", text)
    plain = "".join(mark for mark in plain if not unicodedata.combining(mark)).casefold().replace("&", " en ")
    plain = re.sub(r"[^a-z0-9#?]+", " ", re.sub(r"['’‘`´ʼ]", " ", plain)).strip()
    plain = re.sub(r"\ba d\b|\baan de\b", "aan den", plain)
    plain = re.sub(r"(?<=\w )v(?= \w)", "van", plain)
    return re.sub(r"\bst\b", "sint", plain)
