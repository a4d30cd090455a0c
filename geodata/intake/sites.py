"""Sites from a file of a user: any layout, WGS84 or RD; the centre of a town is never taken for a site's place."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

import geopandas as gpd
import numpy as np
import pandas as pd

from geodata import batch, codes, contracts, site_kinds
from geodata.batch import LOCAL, Pool
from geodata.codes import Status
from geodata.errors import InputError
from geodata.intake import cells, columns, coordinates, site_fields
from geodata.intake.columns import ColumnMapping
from geodata.intake.files import reader
from geodata.intake.files.table import Options, Table
from geodata.intake.places import Kind, Places, different_texts, tell_disagreeing
from geodata.intake.receipt import Line, Receipt
from geodata.snapshots import formats as store
from geodata.sources import geocoder
from geodata.sources.http import Progress
from geodata.tables.site_table import exact, fingerprint, likely, points_rd, site_table

FIELDS: Final[Mapping[str, list[str]]] = site_fields.headers()
"""The fields that a file may have, each with the headers that are recognised without a mapping."""

_WEAK_KIND_HEADERS: Final = ("type", "categorie", "category")  # they often say something else
_TOWN_ONLY: Final = re.compile(r"place|plaats(centrum)?\b.*|woonplaats.*|town.*|city.*|centroid.*", re.IGNORECASE)
_GEMEENTE: Final = ("gemeente", "gemeente_name", "province")
_UNREADABLE: Final = ("x", "y", "point")  # coordinates that say something else
_PIECE_N: Final = 100_000  # rows; a file below it is one piece


@dataclass(frozen=True)
class Report:
    """What became of the rows of a file."""

    rows_n: int
    kept_n: int
    exact_duplicates_n: int
    likely_duplicates: pd.DataFrame
    outside_n: int
    located: Mapping[str, int]
    receipt: Receipt


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
    options
        The sheet or layer to take.
    is_partial
        Keep what can be kept, also where that is less than half.
    covers
        Where the list is whole: ``NL``, or codes of veiligheidsregio's with ``;`` between them; '' is not declared,
        and the rows tell (`geodata.tables.coverage`).
    """

    source: str
    source_date: str
    kind: str = ""
    mapping: ColumnMapping = field(default_factory=ColumnMapping)
    status: Status = Status.OFFICIAL
    is_geocoded: bool = False
    drops_likely: bool = False
    options: Options = field(default_factory=Options)
    is_partial: bool = False
    covers: str = ""


@dataclass(frozen=True)
class _Reading:
    """What every piece of a file is read with."""

    question: Question
    chosen: Mapping[str, str]
    where: str
    areas: Mapping[str, pd.DataFrame]

    def text(self, frame: pd.DataFrame, name: str) -> pd.Series:
        """Return a field of some rows as texts."""
        return columns.texts(frame, self.chosen, self.question.mapping, name)


def read(
    path: Path,
    question: Question,
    areas: Mapping[str, pd.DataFrame],
    places: Places,
    progress: Progress,
    pool: Pool = LOCAL,
) -> tuple[gpd.GeoDataFrame, Report]:
    """Return the sites of a file, exact and likely duplicates looked for, and a report of its rows.

    Parameters and errors are those of `read_placed`, the first of the two passes.
    """
    return _with_likely(*read_placed(path, question, areas, places, progress, pool), drops_likely=question.drops_likely)


def read_placed(
    path: Path,
    question: Question,
    areas: Mapping[str, pd.DataFrame],
    places: Places,
    progress: Progress,
    pool: Pool = LOCAL,
) -> tuple[gpd.GeoDataFrame, Report]:
    """Return the sites of a file, each in its gemeente and no row twice, and a report of its rows.

    What the file is (its columns, its coordinates) and what stands in it twice is looked at as a whole; the rows
    are brought to the contract and put into their gemeente in pieces.

    Parameters
    ----------
    areas
        gemeenten and veiligheidsregio's of today.
    places
        What any spelling or code of a gemeente means, for rows without a point.
    progress
        Told how many addresses were looked up.
    pool
        Who does the pieces.

    Raises
    ------
    InputError
        The file has no places, no kind, keeps less than half of its rows, or cannot be understood.
    """
    if question.kind and question.kind not in site_kinds.codes():
        raise InputError("kind_absent", kind=question.kind, a=", ".join(site_kinds.codes()))
    table = reader.read(path, path.name, columns.knows(FIELDS, question.mapping), question.options, takes_maps=True)
    receipt = table.receipt("sites")
    chosen = columns.choose(table, FIELDS, question.mapping)
    _pass_over_weak_kind(table, chosen, question)
    columns.tell_columns(receipt, table, chosen)
    reading = _Reading(question, chosen, path.name, areas)
    frame, row_n = table.frame, table.row_n
    given = _given(reading, table, places, receipt)
    if question.is_geocoded:
        given = _geocoded(reading, frame, given, progress)
    if site_fields.says_activities(chosen.get("kind", "")):
        words, lands = reading.text(frame, "kind"), reading.text(frame, "country")
        given["is_left_out"] |= site_fields.other_activities(words, lands, table.row_n, receipt)
    _refuse_nowhere(given, frame, path.name)
    _leave_out_unplaced(given, table, chosen, receipt, places)
    given["size_n"], given["size_unit"] = site_fields.sizes(frame, chosen, table.row_n, path.name, receipt)
    keep = ~given["is_left_out"]
    rows = pd.DataFrame(frame[[name for name in frame.columns if name in chosen.values()]])[keep]
    given, row_n = given[keep], row_n[keep.to_numpy()]
    pieces = [(rows.iloc[part], given.iloc[part].assign(row_n=row_n[part])) for part in batch.cut(len(rows), _PIECE_N)]
    has_keys, all_n = bool(given["key"].ne("").any()), len(frame)
    if not pieces:
        receipt.refuse_if_too_little(is_asked_for=question.is_partial)
    del frame, table, rows, given  # with millions of rows there is no room for the file beside what is made of it
    done = batch.run_pieces(_placed, reading, pieces, pool, "sites")
    del pieces
    for _, lines in done:
        receipt.changed.extend(lines)
    parts = [part for part, _ in done]
    sites = gpd.GeoDataFrame(pd.concat(parts, ignore_index=True)) if len(parts) > 1 else parts[0]
    del parts, done
    outside = np.setdiff1d(row_n, sites["row_n"].to_numpy(), assume_unique=True)
    for number in outside.tolist():
        receipt.leave_out(number, "outside")
    sites, repeated_n = _without_repeated(sites, receipt, has_keys=has_keys)
    receipt.kept_n = len(sites)
    receipt.left_out.sort(key=lambda line: line.row_n)
    # a row that stands twice is kept once: that is no loss
    real_losses = replace(receipt, left_out=[line for line in receipt.left_out if line.key != "repeated"])
    real_losses.refuse_if_too_little(is_asked_for=question.is_partial)
    located = sites["located"].value_counts().to_dict()
    outside_n = len({line.row_n for line in receipt.left_out if line.key != "repeated"})
    return sites, Report(all_n, len(sites), repeated_n, pd.DataFrame(), outside_n, located, receipt)


def _pass_over_weak_kind(table: Table, chosen: dict[str, str], question: Question) -> None:
    """Ignore a column "type" where none of its words is a kind of site and the kind is given otherwise."""
    header = chosen.get("kind", "")
    is_weak = columns.fold_header(header) in _WEAK_KIND_HEADERS or site_fields.says_activities(header)
    if question.kind and is_weak and "kind" not in question.mapping.columns:
        words = columns.texts(table.frame, chosen, question.mapping, "kind").unique()
        # who says of what kind a list is knows more than the branch that each of its firms is booked under
        if site_fields.says_sbi(header) or not any(site_fields.kind_of_activity(word) for word in words):
            del chosen["kind"]


def _given(reading: _Reading, table: Table, places: Places, receipt: Receipt) -> pd.DataFrame:
    """Return what is known of each row before it is brought to the contract: its key, point and gemeente."""
    frame, chosen = table.frame, reading.chosen
    x, y, odd = coordinates.of_rows(frame, chosen, table.row_n, reading.where, receipt)
    key = reading.text(frame, "key")
    has_keys = bool(key.ne("").all() and key.is_unique)
    given = pd.DataFrame({"key": key if has_keys else "", "x": x, "y": y}, index=frame.index)
    given["located"] = _how_located(reading, frame, x)
    given["gemeente"], given["named"] = "", ""
    given["why"] = odd
    given["is_left_out"] = False
    country = site_fields.countries(reading.text(frame, "country"), table.row_n, reading.where)
    given["country"] = country.fillna("")
    is_abroad = country.isin(["DE", "BE"])
    given.loc[country.isna(), "why"] = "country"
    named = reading.text(frame, "gemeente")
    fields = [name for name in _GEMEENTE if name == "gemeente" or name in chosen]  # most lists have one of them
    number, found = different_texts(*(reading.text(frame, name) for name in fields))
    said = [tuple(dict(zip(fields, row, strict=True)).get(name, "") for name in _GEMEENTE) for row in found]
    tell_disagreeing(said, number, table.row_n, receipt, places)
    texts = [text or name for text, name, _ in said]
    meant = [site_fields.gemeente_of_today(one, name, province, places) for one, name, province in said]
    given["named"] = pd.array([code for code, _ in meant], dtype="str").take(number)
    misses = [text if why == "miss" else "" for text, (_, why) in zip(texts, meant, strict=True)]
    given["misses"] = pd.array(misses, dtype="str").take(number)
    given.loc[is_abroad, ["named", "misses"]] = ""  # a gemeente abroad is none of ours
    totals = pd.Series(np.array([why == "total" for _, why in meant])[number], index=frame.index) & x.isna()
    for number, text in zip(table.row_n[totals], named[totals], strict=True):
        receipt.pass_over(number, "total_row", text=text)
    given.loc[totals, "is_left_out"] = True
    sums = site_fields.sums(reading.text(frame, "name"), places) & x.isna() & ~totals
    for number, text in zip(table.row_n[sums], reading.text(frame, "name")[sums], strict=True):
        receipt.pass_over(number, "total_row", text=text[:60])
    given.loc[sums, "is_left_out"] = True
    for text, (code, why) in zip(texts, meant, strict=True):
        if why == "changed":
            receipt.note("gemeente_of_today", text=text, today=places.names[code])
    _towns(reading, frame, given, places)
    if not isinstance(frame, gpd.GeoDataFrame):
        nowhere = frame[x.isna() & given["named"].eq("") & given["why"].isin(["", "town"]) & ~given["is_left_out"]]
        is_named = pd.Series(data=False, index=nowhere.index)
        for field in ("name", "street", "postcode", "place"):
            is_named |= reading.text(nowhere, field).ne("")
        out = site_fields.tell_no_sites(nowhere, is_named, table.row_n[frame.index.get_indexer(nowhere.index)], receipt)
        given.loc[out, "is_left_out"] = True
    return given


def _towns(reading: _Reading, frame: pd.DataFrame, given: pd.DataFrame, places: Places) -> None:
    """Where a row has a town alone, take the gemeente of that name; the site itself gets no place."""
    wanted = given["named"].eq("") & given["misses"].eq("") & given["x"].isna() & given["country"].eq("NL")
    if not {"place", "street"} & set(reading.chosen) or not wanted.any():
        return
    towns, postcodes = (reading.text(frame[wanted], name) for name in ("place", "postcode"))
    if "place" not in reading.chosen:
        towns = reading.text(frame[wanted], "street")
    codes_there, towns = site_fields.split_postcode(towns, is_address="place" not in reading.chosen)
    postcodes = postcodes.mask(postcodes.eq(""), codes_there)
    found = site_fields.gemeenten_of_towns(towns, reading.text(frame[wanted], "province"), postcodes, places)
    known = found[found.ne("")].index
    given.loc[known, "named"] = found[known]
    given.loc[known, "located"] = "place"
    lost = found[found.eq("") & towns.ne("")].index
    given.loc[lost, "why"] = given.loc[lost, "why"].mask(given.loc[lost, "why"].eq(""), "town")


def _refuse_nowhere(given: pd.DataFrame, frame: pd.DataFrame, where: str) -> None:
    is_somewhere = given["x"].notna() | given["named"].ne("") | given["gemeente"].ne("") | given["misses"].ne("")
    if is_somewhere.any() or given["why"].isin([*_UNREADABLE, "country"]).any():
        return
    raise InputError("sites_nowhere", where=where, a=", ".join(map(str, frame.columns)))


def _leave_out_unplaced(
    given: pd.DataFrame, table: Table, chosen: Mapping[str, str], receipt: Receipt, places: Places
) -> None:
    """Leave out rows of which the place cannot be understood, and tell of those that have none."""
    numbers = pd.Series(table.row_n, index=given.index)
    missed: dict[str, list[int]] = {}
    is_missed = given["misses"].ne("")
    for text, number in zip(given["misses"][is_missed], numbers[is_missed], strict=True):
        missed.setdefault(text, []).append(int(number))
    for text, rows in missed.items():
        if places.find(text).kind is Kind.GEMEENTE:
            continue  # this gemeente was divided, as its row says
        receipt.miss(text[:60], places.nearest(text), rows)
    is_unplaced = given["x"].isna() & given["named"].eq("") & given["gemeente"].eq("")
    doubtful = given[(is_unplaced | given["why"].isin(["country", *_UNREADABLE])) & ~given["is_left_out"]]
    headers = {
        why: chosen.get(why) or chosen.get({"x": "lon", "y": "lat"}.get(why, ""), "")
        for why in (*_UNREADABLE, "country")
    }
    headers["town"] = chosen.get("place", "")
    out = []
    for label, why, text in zip(doubtful.index, doubtful["why"], doubtful["misses"], strict=True):
        number = int(numbers[label])
        if why and not (why == "town" and text):
            said = str(table.frame.loc[label, headers[why]])[:60] if headers[why] else ""
            receipt.leave_out(number, "town_unknown" if why == "town" else f"no_{why}", text=said)
        elif text and places.find(text).kind is Kind.GEMEENTE:
            receipt.leave_out(number, "place_divided", text=text, heirs=", ".join(places.nearest(text)))
        elif text:
            receipt.leave_out(number, "place_unknown", text=text[:60])
        else:
            receipt.change(number, "nowhere")
            continue
        out.append(label)
    given.loc[out, "is_left_out"] = True


def _without_repeated(sites: gpd.GeoDataFrame, receipt: Receipt, *, has_keys: bool) -> tuple[gpd.GeoDataFrame, int]:
    repeated = exact(sites)
    if repeated.any():
        for number in sites.loc[repeated, "row_n"].tolist():
            receipt.leave_out(number, "repeated")
        sites = sites[~repeated]
    sites = sites.reset_index(drop=True)
    if not has_keys and (doubled := sites["key"].duplicated(keep=False)).any():
        number = sites.groupby("key").cumcount().add(1).astype("str")
        sites["site_id"] = sites["site_id"].where(~doubled, sites["site_id"] + "#" + number)
    return sites.drop(columns=["key", "row_n"]), int(repeated.sum())


def _placed(reading: _Reading, piece: tuple[pd.DataFrame, pd.DataFrame]) -> tuple[gpd.GeoDataFrame, list[Line]]:
    """Return some rows of a file as sites, each in its gemeente, and what was read otherwise than it stands."""
    frame, given = piece
    question, where = reading.question, reading.where
    is_activity = site_fields.says_activities(reading.chosen.get("kind", ""))
    means = site_fields.kind_of_activity if is_activity else site_fields.kind_of
    rows = pd.DataFrame(
        {
            "name": _on_one_line(reading.text(frame, "name")),
            "kind": site_fields.kinds(reading.text(frame, "kind"), question.kind, given["row_n"], where, means),
            "employer_group": reading.text(frame, "employer_group"),
            "country": given["country"],
            "located": given["located"],
            "row_n": given["row_n"],
        }
    )
    rows["gemeente_code"] = given["named"].mask(given["gemeente"] != "", given["gemeente"])
    rows["size_n"], rows["size_unit"] = given["size_n"], given["size_unit"]
    points = points_rd(given["x"], given["y"], codes.CRS_RD)
    # a key of its own, or one made of what the site is and where it stands
    rows["key"] = fingerprint(rows, points) if given["key"].eq("").all() else given["key"]
    if "date" in reading.chosen:
        rows["source_date"] = cells.dates(frame[reading.chosen["date"]], where, given["row_n"])
    placed = gpd.GeoDataFrame(rows, geometry=points)
    sites = site_table(placed, question.source, question.source_date, question.status, reading.areas)
    lines = _elsewhere(sites, given, reading.areas["gemeenten"])
    return sites[[*contracts.CONTRACTS["sites"].columns, "key", "row_n"]], lines


def _on_one_line(names: pd.Series) -> pd.Series:
    """Return names without the line ends that a cell of a spreadsheet may have."""
    has_ends = names.str.contains("\n", regex=False)
    return names.str.replace(r"\s*[\r\n]\s*", " ", regex=True) if has_ends.any() else names


def _elsewhere(sites: gpd.GeoDataFrame, given: pd.DataFrame, gemeenten: pd.DataFrame) -> list[Line]:
    """Tell of rows whose point lies in another gemeente than they name; the point counts."""
    named = given["named"].reindex(sites.index)
    other = named.ne("") & sites["gemeente_code"].ne("") & named.ne(sites["gemeente_code"])
    if not other.any():
        return []
    names = dict(zip(gemeenten["gemeente_code"], gemeenten["gemeente_name"], strict=True))
    return [
        Line("elsewhere", {"named": names.get(one, one), "found": names.get(found, found)}, int(number))
        for one, found, number in zip(named[other], sites["gemeente_code"][other], sites["row_n"][other], strict=True)
    ]


def _with_likely(sites: gpd.GeoDataFrame, report: Report, *, drops_likely: bool) -> tuple[gpd.GeoDataFrame, Report]:
    pairs = likely(sites)
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
    report.receipt.kept_n = len(sites)
    return sites, replace(report, kept_n=len(sites), likely_duplicates=listed, located=located)


def _how_located(reading: _Reading, frame: pd.DataFrame, x: pd.Series) -> pd.Series:
    """Return how sure the place of every row is; the middle of a town is not where a site stands."""
    if "located" not in reading.chosen and "located" not in reading.question.mapping.defaults:
        return pd.Series(np.where(x.isna(), "none", "exact"), index=x.index, dtype="str")
    how = reading.text(frame, "located")
    town_only = how.map({value: bool(_TOWN_ONLY.fullmatch(value)) for value in how.unique()}).astype(bool)
    return pd.Series(np.where(x.isna(), "none", np.where(town_only, "place", "exact")), index=x.index, dtype="str")


def _geocoded(reading: _Reading, frame: pd.DataFrame, given: pd.DataFrame, progress: Progress) -> pd.DataFrame:
    """Return x, y, located and gemeente with what PDOK says of the rows that have no point of their own."""
    street = reading.text(frame, "street")
    street = street.mask(street.eq(""), reading.text(frame, "postcode"))
    street = (street + " " + reading.text(frame, "number")).str.strip()
    place = reading.text(frame, "place")
    wanted = ~given["located"].eq("exact") & street.ne("") & given["country"].eq("NL")
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
