"""Sites from a file of a user: any layout, WGS84 or RD, with what a town's centre is not taken for."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd

from geodata import codes, duplicates, store
from geodata.codes import Status
from geodata.errors import InputError
from geodata.sources import files, geocoder
from geodata.sources.files import ColumnMapping
from geodata.sources.http import Progress
from geodata.sources.site_table import points_rd, site_table

FIELDS = {
    "key": r"site_?id|id|nummer|number|park_number|approval_?number|vestigingsnummer|osm_id",
    "name": r"name|naam|park|park_?naam|bedrijfs?_?naam|operator_?name|naamnl",
    "kind": r"kind|soort|type|type_site",
    "x": r"x|x_?coor(d|dinaat)?|x_?rd|rd_?x",
    "y": r"y|y_?coor(d|dinaat)?|y_?rd|rd_?y",
    "lon": r"lon|long|lng|longitude|lengtegraad",
    "lat": r"lat|latitude|breedtegraad",
    "street": r"street|straat|adres|address|straat_?en_?(huis)?nummer",
    "number": r"house_?number|huis_?nummer|huisnr",
    "place": r"place|plaats|woonplaats|city|town",
    "gemeente": r"gemeente|gemeente_?naam|municipality|gemeente_?code|gm_?code",
    "fte": r"fte|wp|workers|werknemers|werkzame_?personen|employees",
    "beds": r"beds|bedden|slaapplaatsen|capacity|capaciteit",
    "m2": r"m2|opp|oppervlak(te)?(_?m2)?|area(_?m2)?|floor_?area",
    "employer_group": r"employer_?group|concern|moeder(bedrijf)?|operator|werkgever",
    "country": r"country|land|land_?code",
    "located": r"located|geocode_?status|locatie_?status|nauwkeurigheid|precision",
    "date": r"source_?date|date|datum|peildatum|last_?update",
}
"""The fields that a file may have, with a pattern for the headers that are recognised without a mapping."""

_TOWN_ONLY = re.compile(r"place|plaats(centrum)?\b.*|woonplaats.*|town.*|city.*|centroid.*", re.IGNORECASE)
_SIZES = ("fte", "beds", "m2")


@dataclass(frozen=True)
class Report:
    """What became of the rows of a file."""

    rows_n: int
    kept_n: int
    exact_duplicates_n: int
    likely_duplicates: pd.DataFrame
    outside_n: int
    located: Mapping[str, int]


@dataclass(frozen=True)
class Question:
    """How a user wants a file read.

    Attributes
    ----------
    kind
        Kind of all rows where the file has no column for it.
    source_date
        ISO date of the rows where the file has no column for it.
    is_geocoded
        Ask PDOK for the place of rows that have an address and no coordinates.
    drops_likely
        Leave out the second of two rows that are likely the same site.
    """

    source: str
    source_date: str
    kind: str = ""
    mapping: ColumnMapping = field(default_factory=ColumnMapping)
    status: Status = Status.OFFICIAL
    is_geocoded: bool = False
    drops_likely: bool = False


def read(
    path: Path, question: Question, areas: Mapping[str, pd.DataFrame], names: Mapping[str, str], progress: Progress
) -> tuple[gpd.GeoDataFrame, Report]:
    """Return the sites of a file, exact and likely duplicates looked for, and a report of its rows.

    Parameters and errors are those of `read_placed`, the first of the two passes.
    """
    return _with_likely(*read_placed(path, question, areas, names, progress), drops_likely=question.drops_likely)


def read_placed(
    path: Path, question: Question, areas: Mapping[str, pd.DataFrame], names: Mapping[str, str], progress: Progress
) -> tuple[gpd.GeoDataFrame, Report]:
    """Return the sites of a file, each in its gemeente and no row twice, and a report of its rows.

    Parameters
    ----------
    names
        Name of a gemeente (lower case) to its code, for rows without a point.

    Raises
    ------
    InputError
        The file has no places, no kind, or a cell that cannot be understood.
    """
    frame = files.read_rows(path)
    frame = frame.reset_index(drop=True)
    chosen = files.choose_columns(frame, FIELDS, question.mapping, path.name)

    def text(name: str) -> pd.Series:
        return files.texts(frame, chosen, question.mapping, name)

    rows = pd.DataFrame({"name": text("name"), "kind": _kinds(text("kind"), question, path.name)})
    rows["employer_group"] = text("employer_group")
    rows["country"] = text("country").str.upper().mask(text("country") == "", "NL")
    rows["gemeente_code"] = _gemeenten(text("gemeente"), names)
    rows["size_n"], rows["size_unit"] = _sizes(frame, chosen, path.name)
    points = _points(frame, chosen, path.name)
    how = text("located")
    town_only = how.map({value: bool(_TOWN_ONLY.fullmatch(value)) for value in how.unique()})
    rows["located"] = np.where(points.isna(), "none", np.where(town_only.astype(bool), "place", "exact"))
    if question.is_geocoded:
        points = _geocode(rows, points, text, question.source, progress)
    if points.isna().all() and rows["gemeente_code"].eq("").all():
        raise InputError(
            f"{path.name} says nowhere where the sites are: it has no coordinates ({', '.join(frame.columns)});"
            " name the columns in a mapping, or give addresses and --geocode."
        )
    rows["key"] = _keys(text("key"), rows, points)
    sites = site_table(
        gpd.GeoDataFrame(rows, geometry=points), question.source, question.source_date, question.status, areas
    )
    if "date" in chosen:
        found = files.dates(text("date"), path.name).reindex(sites.index)
        sites["source_date"] = found.fillna(pd.Timestamp(question.source_date))
    outside_n = sites.attrs["outside_n"]
    repeated = duplicates.exact(sites)
    sites = sites[~repeated].reset_index(drop=True)
    doubled = sites["site_id"].duplicated(keep=False)
    if doubled.any():
        number = sites.groupby("site_id").cumcount().add(1).astype("str")
        sites["site_id"] = sites["site_id"].where(~doubled, sites["site_id"] + "#" + number)
    located = sites["located"].value_counts().to_dict()
    return sites, Report(len(frame), len(sites), int(repeated.sum()), pd.DataFrame(), outside_n, located)


def _with_likely(sites: gpd.GeoDataFrame, report: Report, *, drops_likely: bool) -> tuple[gpd.GeoDataFrame, Report]:
    pairs = duplicates.likely(sites)
    listed = pd.DataFrame(
        {
            "site_id": sites["site_id"].to_numpy()[pairs["left"]],
            "other_site_id": sites["site_id"].to_numpy()[pairs["right"]],
            "name": sites["name"].to_numpy()[pairs["left"]],
            "other_name": sites["name"].to_numpy()[pairs["right"]],
            "distance_m": pairs["distance_m"].round(1),
            "alike_pct": pairs["alike_pct"].round(1),
        }
    )
    if drops_likely:
        sites = sites[~sites["site_id"].isin(listed["other_site_id"])].reset_index(drop=True)
    located = sites["located"].value_counts().to_dict()
    return sites, replace(report, kept_n=len(sites), likely_duplicates=listed, located=located)


def _kinds(given: pd.Series, question: Question, where: str) -> pd.Series:
    kinds = given.where(given.isin(codes.SITE_KINDS), question.kind)
    if question.kind and question.kind not in codes.SITE_KINDS:
        raise InputError(f"Kind {question.kind!r} does not exist; choose one of {', '.join(codes.SITE_KINDS)}.")
    unknown = kinds.eq("")
    if unknown.any():
        raise InputError(
            f"{where}: {given[unknown].iloc[0]!r} is no kind of site; give --kind, or a mapping with"
            f" [words.kind] to one of {', '.join(codes.SITE_KINDS)}."
        )
    return kinds


def _gemeenten(given: pd.Series, names: Mapping[str, str]) -> pd.Series:
    found = {text: _gemeente(text, names) for text in given.unique()}
    return given.map(found)


def _gemeente(text: str, names: Mapping[str, str]) -> str:
    if re.fullmatch(r"GM\d{4}", text):
        return text
    return names.get(re.sub(r"\s*\(gemeente\)$", "", text.lower()), "")


def _sizes(frame: pd.DataFrame, chosen: Mapping[str, str], where: str) -> tuple[pd.Series, pd.Series]:
    """Return the size and its unit: people where the file gives them, else beds, else square metres."""
    size = pd.Series(np.nan, index=frame.index)
    unit = pd.Series(next((name for name in _SIZES if name in chosen), "fte"), index=frame.index, dtype="str")
    for name in _SIZES:
        if name in chosen:
            found = files.numbers(frame[chosen[name]], f"{where}, {chosen[name]}", is_count=True)
            unit = unit.mask(size.isna() & found.notna(), name)
            size = size.fillna(found)
    return size, unit


def _points(frame: pd.DataFrame, chosen: Mapping[str, str], where: str) -> gpd.GeoSeries:
    if isinstance(frame, gpd.GeoDataFrame):
        if frame.crs is None:
            raise InputError(f"{where} does not say in which coordinates it is; save it with its projection (.prj).")
        return frame.geometry.to_crs(codes.CRS_RD).representative_point()
    points = gpd.GeoSeries([None] * len(frame), index=frame.index, crs=codes.CRS_RD)
    for first, second in (("x", "y"), ("lon", "lat")):
        if first not in chosen or second not in chosen:
            continue
        x = files.numbers(frame[chosen[first]], f"{where}, {chosen[first]}", is_count=False)
        y = files.numbers(frame[chosen[second]], f"{where}, {chosen[second]}", is_count=False)
        found = points_rd(x, y, _crs_of(x, y, where))
        points = found if points.isna().all() else points.where(points.notna(), found)
        if points.notna().all():
            break
    return points


def _crs_of(x: pd.Series, y: pd.Series, where: str) -> str:
    """Return the coordinates' system by their size: degrees or metres."""
    both = x.notna() & y.notna()
    if not both.any():
        return codes.CRS_RD
    if x[both].abs().max() <= 180 and y[both].abs().max() <= 90:
        if x[both].median() > y[both].median():
            raise InputError(f"{where}: longitude and latitude seem exchanged; exchange the two headers and try again.")
        return codes.CRS_WGS84
    if x[both].between(-7_000, 300_000).all() and y[both].between(289_000, 629_000).all():
        return codes.CRS_RD
    raise InputError(
        f"{where}: the coordinates are neither degrees (WGS84) nor metres of the Netherlands (RD); convert them first."
    )


def _geocode(
    rows: pd.DataFrame,
    points: gpd.GeoSeries,
    text: Callable[[str], pd.Series],
    source: str,
    progress: Progress,
) -> gpd.GeoSeries:
    """Ask for the rows that have no point of their own; notes in ``rows`` how well each was found."""
    street = (text("street") + " " + text("number")).str.strip()
    place = text("place")
    wanted = ~rows["located"].eq("exact") & street.ne("") & rows["country"].eq("NL")
    questions = list(zip(street[wanted], place[wanted], strict=True))
    found = geocoder.geocode(source, questions, progress)
    answers = [found.get(question) for question in questions]
    index = rows.index[wanted]
    known = [(row, answer) for row, answer in zip(index, answers, strict=True) if answer]
    labels = [row for row, _ in known]
    rows.loc[labels, "located"] = [answer.located for _, answer in known]
    rows.loc[labels, "gemeente_code"] = [answer.gemeente_code for _, answer in known]
    x = pd.Series([answer.x for _, answer in known], index=labels, dtype=float)
    y = pd.Series([answer.y for _, answer in known], index=labels, dtype=float)
    points = points.copy()
    points.loc[labels] = points_rd(x, y, codes.CRS_RD)
    return points


def _keys(given: pd.Series, rows: pd.DataFrame, points: gpd.GeoSeries) -> pd.Series:
    """Return a key per row: the file's own, else one made of what the site is and where it stands."""
    if given.ne("").all() and given.is_unique:
        return given
    return duplicates.fingerprint(rows, points).astype("str")


def write_likely(report: Report, path: Path) -> None:
    """Write the likely duplicates to a file, for a person to judge."""
    store.write_table(report.likely_duplicates, path)
