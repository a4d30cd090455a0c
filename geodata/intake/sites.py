"""Sites from a file of a user: any layout, WGS84 or RD, with what a town's centre is not taken for."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd

from geodata import batch, codes, contracts
from geodata.batch import LOCAL, Pool
from geodata.codes import Status
from geodata.errors import InputError
from geodata.intake import files
from geodata.intake.files import ColumnMapping
from geodata.snapshots import formats as store
from geodata.sources import geocoder
from geodata.sources.http import Progress
from geodata.tables import duplicates
from geodata.tables.site_table import coordinates_rd, points_rd, site_table

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
_PIECE_N = 100_000  # rows; a file below it is one piece


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


@dataclass(frozen=True)
class _Reading:
    """What every piece of a file is read with."""

    question: Question
    chosen: Mapping[str, str]
    names: Mapping[str, str]
    where: str
    areas: Mapping[str, pd.DataFrame]

    def text(self, frame: pd.DataFrame, name: str) -> pd.Series:
        """Return a field of some rows as texts."""
        return files.texts(frame, self.chosen, self.question.mapping, name)


def read(
    path: Path,
    question: Question,
    areas: Mapping[str, pd.DataFrame],
    names: Mapping[str, str],
    progress: Progress,
    pool: Pool = LOCAL,
) -> tuple[gpd.GeoDataFrame, Report]:
    """Return the sites of a file, exact and likely duplicates looked for, and a report of its rows.

    Parameters and errors are those of `read_placed`, the first of the two passes.
    """
    return _with_likely(*read_placed(path, question, areas, names, progress, pool), drops_likely=question.drops_likely)


def read_placed(
    path: Path,
    question: Question,
    areas: Mapping[str, pd.DataFrame],
    names: Mapping[str, str],
    progress: Progress,
    pool: Pool = LOCAL,
) -> tuple[gpd.GeoDataFrame, Report]:
    """Return the sites of a file, each in its gemeente and no row twice, and a report of its rows.

    What the file is (its columns, its coordinates) and what stands in it twice is looked at as a whole; the rows
    are brought to the contract and put into their gemeente in pieces.

    Parameters
    ----------
    names
        Name of a gemeente (lower case) to its code, for rows without a point.
    progress
        Told how many addresses were looked up.
    pool
        Who does the pieces.

    Raises
    ------
    InputError
        The file has no places, no kind, or a cell that cannot be understood.
    """
    frame = files.read_rows(path).reset_index(drop=True)
    chosen = files.choose_columns(frame, FIELDS, question.mapping, path.name)
    reading = _Reading(question, chosen, names, path.name, areas)
    x, y = _coordinates(frame, chosen, path.name)
    rows = pd.DataFrame(frame[[column for column in frame.columns if column in chosen.values()]])
    key = reading.text(frame, "key")
    has_keys = bool(key.ne("").all() and key.is_unique)
    given = pd.DataFrame({"key": key if has_keys else "", "x": x, "y": y}, index=frame.index)
    given["located"], given["gemeente"] = _how_located(reading, frame, x), ""
    if question.is_geocoded:
        given = _geocoded(reading, frame, given, progress)
    if given["x"].isna().all() and not _names_a_gemeente(reading, frame, given):
        raise InputError(
            f"{path.name} says nowhere where the sites are: it has no coordinates ({', '.join(frame.columns)});"
            " name the columns in a mapping, or give addresses and --geocode."
        )
    rows_n, pieces = len(frame), [(rows.iloc[part], given.iloc[part]) for part in batch.cut(len(frame), _PIECE_N)]
    del frame, rows, given, key, x, y  # with millions of rows there is no room for the file beside what is made of it
    placed = batch.run_pieces(_placed, reading, pieces, pool, "sites")
    del pieces
    sites = gpd.GeoDataFrame(pd.concat(placed, ignore_index=True)) if len(placed) > 1 else placed[0]
    del placed
    outside_n = rows_n - len(sites)
    repeated = duplicates.exact(sites)
    if repeated.any():
        sites = sites[~repeated]
    sites = sites.reset_index(drop=True)
    if not has_keys and (doubled := sites["key"].duplicated(keep=False)).any():
        number = sites.groupby("key").cumcount().add(1).astype("str")
        sites["site_id"] = sites["site_id"].where(~doubled, sites["site_id"] + "#" + number)
    sites = sites.drop(columns="key")
    located = sites["located"].value_counts().to_dict()
    return sites, Report(rows_n, len(sites), int(repeated.sum()), pd.DataFrame(), outside_n, located)


def _placed(reading: _Reading, piece: tuple[pd.DataFrame, pd.DataFrame]) -> gpd.GeoDataFrame:
    """Return some rows of a file as sites, each in its gemeente."""
    frame, given = piece
    question, where = reading.question, reading.where
    rows = pd.DataFrame(
        {
            "name": reading.text(frame, "name"),
            "kind": _kinds(reading.text(frame, "kind"), question, where),
            "employer_group": reading.text(frame, "employer_group"),
            "country": _countries(reading.text(frame, "country")),
            "located": given["located"],
        }
    )
    found = _gemeenten(reading.text(frame, "gemeente"), reading.names)
    rows["gemeente_code"] = found.mask(given["gemeente"] != "", given["gemeente"])
    rows["size_n"], rows["size_unit"] = _sizes(frame, reading.chosen, where)
    points = points_rd(given["x"], given["y"], codes.CRS_RD)
    # a key of its own, or one made of what the site is and where it stands
    rows["key"] = duplicates.fingerprint(rows, points) if given["key"].eq("").all() else given["key"]
    if "date" in reading.chosen:
        rows["source_date"] = files.dates(reading.text(frame, "date"), where)
    placed = gpd.GeoDataFrame(rows, geometry=points)
    sites = site_table(placed, question.source, question.source_date, question.status, reading.areas)
    return sites[[*contracts.CONTRACTS["sites"].columns, "key"]]


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


def _countries(given: pd.Series) -> pd.Series:
    return given.map({text: text.upper() or "NL" for text in given.unique()})


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


def _coordinates(frame: pd.DataFrame, chosen: Mapping[str, str], where: str) -> tuple[pd.Series, pd.Series]:
    """Return the coordinates of every row (EPSG:28992), NaN where there are none."""
    if isinstance(frame, gpd.GeoDataFrame):
        if frame.crs is None:
            raise InputError(f"{where} does not say in which coordinates it is; save it with its projection (.prj).")
        points = frame.geometry.to_crs(codes.CRS_RD).representative_point()
        return points.x, points.y
    across, up = (pd.Series(np.nan, index=frame.index) for _ in range(2))
    for first, second in (("x", "y"), ("lon", "lat")):
        if first not in chosen or second not in chosen:
            continue
        x = files.numbers(frame[chosen[first]], f"{where}, {chosen[first]}", is_count=False)
        y = files.numbers(frame[chosen[second]], f"{where}, {chosen[second]}", is_count=False)
        x, y = coordinates_rd(x, y, _crs_of(x, y, where))
        across, up = across.fillna(x), up.fillna(y)
        if across.notna().all():
            break
    return across, up


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


def _how_located(reading: _Reading, frame: pd.DataFrame, x: pd.Series) -> pd.Series:
    """Return how sure the place of every row is; the middle of a town is not where a site stands."""
    if "located" not in reading.chosen and "located" not in reading.question.mapping.defaults:
        return pd.Series(np.where(x.isna(), "none", "exact"), index=x.index, dtype="str")
    how = reading.text(frame, "located")
    town_only = how.map({value: bool(_TOWN_ONLY.fullmatch(value)) for value in how.unique()}).astype(bool)
    return pd.Series(np.where(x.isna(), "none", np.where(town_only, "place", "exact")), index=x.index, dtype="str")


def _names_a_gemeente(reading: _Reading, frame: pd.DataFrame, given: pd.DataFrame) -> bool:
    found = _gemeenten(reading.text(frame, "gemeente"), reading.names)
    return bool(found.ne("").any() or given["gemeente"].ne("").any())


def _geocoded(reading: _Reading, frame: pd.DataFrame, given: pd.DataFrame, progress: Progress) -> pd.DataFrame:
    """Return x, y, located and gemeente with what PDOK says of the rows that have no point of their own."""
    street = (reading.text(frame, "street") + " " + reading.text(frame, "number")).str.strip()
    place, country = reading.text(frame, "place"), _countries(reading.text(frame, "country"))
    wanted = ~given["located"].eq("exact") & street.ne("") & country.eq("NL")
    questions = list(zip(street[wanted], place[wanted], strict=True))
    found = geocoder.geocode(reading.question.source, questions, progress)
    answers = [found.get(question) for question in questions]
    known = [(row, answer) for row, answer in zip(given.index[wanted], answers, strict=True) if answer]
    labels = [row for row, _ in known]
    given = given.copy()
    given.loc[labels, "located"] = [answer.located for _, answer in known]
    given.loc[labels, "gemeente"] = [answer.gemeente_code for _, answer in known]
    given.loc[labels, "x"] = [answer.x for _, answer in known]
    given.loc[labels, "y"] = [answer.y for _, answer in known]
    return given


def write_likely(report: Report, path: Path) -> None:
    """Write the likely duplicates to a file, for a person to judge."""
    store.write_table(report.likely_duplicates, path)
