"""Incidence from a file of a user: cases of a disease per gemeente and week, or per day."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from geodata import contracts
from geodata.areas import joins, regions
from geodata.codes import Status
from geodata.errors import InEach, InputError
from geodata.intake import cells, columns, series
from geodata.intake.cells import Mark
from geodata.intake.columns import ColumnMapping
from geodata.intake.files import reader
from geodata.intake.files.table import Knows, Options, Table, is_blank
from geodata.intake.places import (
    Kind,
    Place,
    Places,
    different_texts,
    first_names,
    gemeente_of,
    refuse_missed,
    tell_disagreeing,
    tell_missed,
)
from geodata.intake.receipt import Receipt

_WORDS: Final = tomllib.loads((Path(__file__).parent / "incidence.toml").read_text("utf-8"))
_COUNTED: Final = _WORDS["counted"]
FIELDS: Final[Mapping[str, list[str]]] = _WORDS["fields"] | {
    "cases": [
        *_WORDS["fields"]["cases"],
        *_COUNTED["things"],
        *(f"{before} {thing}" for before in _COUNTED["before"] for thing in _COUNTED["things"]),
        *_COUNTED["found"],
    ]
}
"""The fields of a file, each with the headers that are recognised without a mapping."""

_DISEASES: Final = {word: name for name, words in _WORDS["diseases"].items() for word in words}

_DUTCH: Final = {
    "cases": "het aantal gevallen",
    "gemeente": "gemeente",
    "region": "veiligheidsregio",
    "week or date": "week of datum",
}
_AFTER_MERGER: Final = pd.Timedelta(days=14)  # publishers switch to the new gemeenten some days later


@dataclass(frozen=True)
class Question:
    """How a user wants a file of cases read.

    Attributes
    ----------
    disease
        The disease where the file has no column for it.
    series
        ``counted`` or ``cumulative``, where the user says which; '' to let a cumulative file be refused.
    options
        The sheet to take.
    is_partial
        Keep what can be kept, also where places are unknown.
    until
        The last week that can be: one after it is a typing error. '' for no such week.
    """

    disease: str = ""
    mapping: ColumnMapping = field(default_factory=ColumnMapping)
    series: str = ""
    options: Options = field(default_factory=Options)
    is_partial: bool = False
    until: str = ""


@dataclass(frozen=True)
class Cases:
    """The cases of a file, at the level at which it gives them; the other table is empty."""

    per_gemeente: pd.DataFrame
    per_region: pd.DataFrame

    @property
    def weeks(self) -> pd.Series:
        """Return the weeks of both."""
        return pd.concat([self.per_gemeente["week"], self.per_region["week"]])


def read(path: Path, question: Question, places: Places, source: str) -> tuple[Cases, Receipt]:
    """Return the cases of a file by the contracts ``incidence`` or ``regional_incidence``, and its receipt.

    Cases of which the publisher does not know the place are counted in the receipt, and go to none. A week of
    which a day has no figure has none. Cases per veiligheidsregio or GGD-regio stay at that level.

    Parameters
    ----------
    path
        Of the file.
    question
        What the user answered.
    places
        The gemeenten by code and name, of every year.
    source
        Who publishes it, for the table.

    Raises
    ------
    InputError
        A column is missing, a cell cannot be understood, rows stand for the same days, or the figures never fall.
    UnknownCodeError
        A place is not known; all are listed.
    """
    mapping = question.mapping
    table = reader.read(path, path.name, knows(mapping), question.options, takes_maps=True)
    mapping = series.places_said(table, FIELDS, mapping, places)
    question = replace(question, mapping=mapping)
    table = series.to_long(table, FIELDS, mapping, places)
    receipt = table.receipt("incidence")
    chosen = columns.choose(table, FIELDS, mapping)
    level = _level(chosen)
    _refuse_missing(table, chosen, level)
    other = "region" if level == "gemeente" else "gemeente"
    columns.tell_columns(receipt, table, {name: chosen[name] for name in chosen if not name.startswith(other)})
    receipt.note("cases_per", level=level if level == "gemeente" else "veiligheidsregio")
    rows = _rows(table, chosen, question, receipt, places, level)
    series.refuse_repeated(rows, table, chosen)
    if level == "gemeente":
        _refuse_whole_and_part(rows, places, path.name)
    counted = series.counted(rows, question.series, chosen, path.name, receipt)
    counted = series.without_unfinished(counted, receipt)
    _tell_marks(counted, receipt)
    receipt.kept_n = len(counted)
    receipt.refuse_if_too_little(is_asked_for=question.is_partial)
    if question.until and len(late := counted[counted["week"] > question.until]):
        raise InputError(
            "week_in_future", name=path.name, row_n=late["row_n"].iloc[0], week=late["week"].iloc[0], now=question.until
        )
    weeks = _by_week(counted)
    empty = [contracts.empty(name) for name in ("incidence", "regional_incidence")]
    if level == "region":
        every = regions.region_names()
        if absent := sorted(name for code, name in every.items() if code not in set(weeks["area_code"])):
            receipt.note("cover_regions", n=len(absent), total=len(every), names=", ".join(absent))
        return Cases(
            empty[0], weeks.rename(columns={"area_code": "vr_code"}).assign(status=Status.OFFICIAL.value, source=source)
        ), receipt
    return Cases(_of_today(weeks, places, receipt).assign(source=source), empty[1]), receipt


def knows(mapping: ColumnMapping | None = None) -> Knows:
    """Return what tells the field of a header: a week or a day that stands across is one too."""
    named = columns.knows(FIELDS, mapping)

    def field_of(header: str) -> str:
        return named(header) or ("moment" if header[:1].isdigit() and series.moment_of(header) else "")

    return field_of


def _by_week(counted: pd.DataFrame) -> pd.DataFrame:
    key = ["disease", "area_code", "week"]
    has_gap = counted["cases_n"].isna().groupby([counted[name] for name in key]).transform("any")
    summed = counted.assign(cases_n=counted["cases_n"].mask(has_gap)).groupby(key, as_index=False)[["cases_n"]]
    return pd.DataFrame(summed.sum(min_count=1))


def _of_today(weeks: pd.DataFrame, places: Places, receipt: Receipt) -> pd.DataFrame:
    """Bring cases of the gemeenten of then to those of today."""
    weeks = weeks.rename(columns={"area_code": "gemeente_code"})
    changes = regions.changes_from(regions.FIRST_YEAR, with_arisen=True)
    for heir, absent in joins.incomplete_heirs(weeks["gemeente_code"], changes).items():
        names = ", ".join(places.names.get(code, code) for code in absent)
        receipt.note("part_missing", gemeente=places.names.get(heir, heir), parts=names)
    today = joins.to_today(weeks, changes, ["cases_n"], by=["disease", "gemeente_code", "week"])
    if without := places.of_today - set(today["gemeente_code"]):
        names = first_names(without, places)
        receipt.note("cover_cases", n=len(without), total=len(places.of_today), names=names)
    status = joins.status_after_split(today["is_split"], today["cases_n"])
    return today.drop(columns="is_split").assign(status=status)


def _refuse_whole_and_part(rows: pd.DataFrame, places: Places, where: str) -> None:
    """Stop where a gemeente that arose from a merger and one that went into it both have cases: they would add up.

    In the weeks around a merger both may be right.
    """
    changes = regions.read_changes()
    changes = changes.loc[changes["is_new"], ["old_code", "new_code", "effective_date"]]
    some = rows[rows["cases_n"].gt(0)]
    moment = "day" if rows["day"].notna().all() else "week"
    parts = some.merge(changes, left_on="area_code", right_on="old_code")
    first_day = parts["day"] if moment == "day" else pd.to_datetime(parts["week"] + "-1", format="%G-W%V-%u")
    parts = parts[first_day > parts["effective_date"] + _AFTER_MERGER]
    both = parts.merge(some, left_on=["disease", moment, "new_code"], right_on=["disease", moment, "area_code"])
    if both.empty:
        return
    one = both.iloc[0]
    raise InputError(
        "whole_and_part",
        name=where,
        whole=places.names[one["new_code"]],
        part=places.names[one["old_code"]],
        a=one["row_n_y"],
        b=one["row_n_x"],
    )


def _level(chosen: Mapping[str, str]) -> str:
    """Return whether a file gives cases per gemeente or per region; one with both columns gives them per gemeente."""
    return "region" if "region" in chosen and "gemeente" not in chosen else "gemeente"


def _refuse_missing(table: Table, chosen: Mapping[str, str], level: str) -> None:
    headers = ", ".join(map(str, table.frame.columns))
    missing = [name for name in (level, "cases") if name not in chosen]
    bare = [str(name) for name in table.frame.columns if cells.is_bare_week(str(name))]
    if "cases" in missing and len(bare) > 1:
        raise InputError("weeks_without_year", name=table.name, weeks=", ".join(bare[:4]))
    if missing or not {"week", "date"} & set(chosen):
        lacked = (
            InEach(missing[0], nl=_DUTCH.get(missing[0], "")) if missing else InEach("week or date", nl="week of datum")
        )
        raise InputError("cases_lack_column", name=table.name, a=lacked, headers=headers)


def _rows(
    table: Table, chosen: Mapping[str, str], question: Question, receipt: Receipt, places: Places, level: str
) -> pd.DataFrame:
    """Return the rows that name a place of the level: its code as given, the disease, the week, the day, the cases."""
    frame, mapping, where = table.frame, question.mapping, table.name
    code, kind = _areas(table, chosen, question, receipt, places, level)
    cases = cells.numbers(frame[chosen["cases"]], f"{where}, {chosen['cases']}", is_whole=True, row_n=table.row_n)
    negative = cases.figures.lt(0)
    if negative.any():
        raise InputError(
            "cases_below_nil", where=where, a=table.row_n[negative.to_numpy()][0], b=cases.figures[negative].iloc[0]
        )
    receipt.tally("provisional", cases.provisional_n)
    unknown = kind.eq(Kind.UNKNOWN)
    if unknown.any():
        total = cases.figures[unknown].sum()
        receipt.note("unknown_place", n=int(unknown.sum()), cases_n=f"{total:g}")
    is_row = kind.eq(Kind.REGION if level == "region" else Kind.GEMEENTE) & code.ne("")
    if not is_row.any():
        raise InputError("cases_without_places", name=where, level=level, column=chosen[level])
    diseases = _diseases(columns.texts(frame, chosen, mapping, "disease").replace("", question.disease), receipt)
    if diseases[is_row].eq("").any():
        raise InputError("disease_unsaid", where=where)
    week, day = _weeks(table, chosen, mapping, is_row)
    moments = pd.DataFrame({"disease": diseases, "code": code, "week": week})[is_row]
    if {"week", "date"} <= set(chosen) and moments.duplicated().any():  # a row per day, beside the week of it
        week, day = _weeks(table, {name: chosen[name] for name in chosen if name != "week"}, mapping, is_row)
    rows = pd.DataFrame(
        {
            "disease": diseases,
            "area_code": code,
            "week": week,
            "day": day,
            "cases_n": cases.figures,
            "mark": cases.marks,
            "row_n": table.row_n,
        }
    )
    return rows[is_row]


def _areas(
    table: Table, chosen: Mapping[str, str], question: Question, receipt: Receipt, places: Places, level: str
) -> tuple[pd.Series, pd.Series]:
    """Return the code of each row's gemeente, as of its own time, or region, and what sort of place the row names."""
    given, other, province = (
        columns.texts(table.frame, chosen, question.mapping, name) for name in (level, f"{level}_name", "province")
    )
    number, different = different_texts(given, other, province)
    find = _region if level == "region" else gemeente_of
    found = [find(one, name, in_province, places) for one, name, in_province in different]
    if level == "gemeente":
        tell_disagreeing(different, number, table.row_n, receipt, places)
    shown = given.mask(given.eq(""), other)
    kinds = np.array([place.kind.value for place in found], dtype=object)[number]
    codes = np.array([place.code for place in found], dtype=object)[number]
    passed = {Kind.TOTAL, Kind.OTHER, Kind.REGION, Kind.PROVINCE, Kind.GEMEENTE} - {
        Kind.REGION if level == "region" else Kind.GEMEENTE
    }
    for position in np.flatnonzero(np.isin(kinds, [*passed])).tolist():
        key = "total_row" if kinds[position] == Kind.TOTAL else "other_level"
        receipt.pass_over(table.row_n[position], key, text=shown.iloc[position])
    for position in np.flatnonzero((kinds == Kind.REGION) & (codes == "") & (level == "region")).tolist():
        receipt.leave_out(table.row_n[position], "ggd_of_two", text=shown.iloc[position])
    for position in np.flatnonzero(kinds == Kind.UNKNOWN).tolist():
        key = "unknown_row" if shown.iloc[position] else "unknown_row_blank"
        receipt.pass_over(table.row_n[position], key, text=shown.iloc[position])
    is_text_alone = (kinds == Kind.MISS) & _says_nothing(table, chosen)
    for position in np.flatnonzero(is_text_alone).tolist():
        receipt.pass_over(table.row_n[position], "below", text=shown.iloc[position][:80])
    kinds[is_text_alone] = Kind.OTHER.value
    lost = np.flatnonzero(kinds == Kind.MISS)
    tell_missed(shown.iloc[lost], table.row_n[lost], receipt, places, level)
    if len(lost) and not question.is_partial:
        refuse_missed(receipt, table.name, level)
    index = table.frame.index
    return pd.Series(codes, index=index, dtype="str"), pd.Series(kinds, index=index, dtype="str")


def _says_nothing(table: Table, chosen: Mapping[str, str]) -> NDArray[np.bool_]:
    """Tell which rows hold no moment and no figure; where moments stand across, which hold no figure at any of them."""
    is_wide = any(line.key == "moments_across" for line in table.notes)
    said = [chosen[name] for name in (("cases",) if is_wide else ("week", "date", "cases")) if name in chosen]
    is_silent = table.frame[said].map(is_blank).all(axis="columns")
    return np.asarray(is_silent.groupby(table.row_n).transform("all"), dtype=bool)


def _region(given: str, name: str, _province: str, places: Places) -> Place:
    """Return a region; a GGD over parts of two is none, since nothing tells how many cases are in which."""
    found = places.region(given)
    if found.kind in (Kind.UNKNOWN, Kind.MISS) and name and name != given:
        found = places.region(name)
    return found


def _diseases(given: pd.Series, receipt: Receipt) -> pd.Series:
    """Return the disease of every row under one name, however its case and usual short names vary."""
    names: dict[str, str] = {}
    for text in given.unique():
        plain = " ".join(str(text).split())
        folded = plain.casefold()
        names.setdefault(folded, _DISEASES.get(folded, plain))
    found = given.map(lambda text: names[" ".join(str(text).split()).casefold()]).astype("str")
    for text in sorted(set(given[given.ne(found)])):
        receipt.note("disease_renamed", text=text, name=names[" ".join(text.split()).casefold()])
    return found


def _weeks(
    table: Table, chosen: Mapping[str, str], mapping: ColumnMapping, is_row: pd.Series
) -> tuple[pd.Series, pd.Series]:
    """Return the week of each row of a gemeente, and its day where the file gives days."""
    frame, where = table.frame, table.name
    if "week" not in chosen:
        stamps = cells.dates(frame[chosen["date"]], f"{where}, {chosen['date']}", table.row_n)
        missing = stamps.isna() & is_row
        if missing.any():
            raise InputError("row_without_date", where=where, a=table.row_n[missing.to_numpy()][0])
        return stamps.dt.strftime("%G-W%V"), stamps
    given = columns.texts(frame, chosen, mapping, "week")
    year = columns.texts(frame, chosen, mapping, "year") if "year" in chosen else pd.Series("", index=frame.index)
    pairs = pd.DataFrame({"week": given, "year": year})
    different = pairs.drop_duplicates()
    known = {(week, of): cells.week_of(week, of) for week, of in zip(different["week"], different["year"], strict=True)}
    found = pd.Series([known[pair] for pair in zip(given, year, strict=True)], index=frame.index, dtype=object)
    wrong = found.isna() & is_row
    if wrong.any():
        row, text = table.row_n[wrong.to_numpy()][0], given[wrong].iloc[0]
        of = year[wrong].iloc[0]
        last = _last_week(text, of)
        if not last and not of and cells.is_bare_week(text):
            raise InputError("week_without_year", where=where, row=row, text=text)
        raise InputError(
            "no_week_53" if last else "no_week",
            where=where,
            row=row,
            text=f"{text} {of}".strip(),
            of=of or text[:4],
            last=last,
        )
    return found, pd.Series(pd.NaT, index=frame.index)


def _last_week(text: str, year: str) -> int:
    """Return how many weeks a year has, where it was week 53 that is not there; else 0."""
    of = year or text[:4]
    if not of.isdigit() or not 1900 <= int(of) <= 9998 or "53" not in text:
        return 0
    return date(int(of), 12, 28).isocalendar().week


def _tell_marks(rows: pd.DataFrame, receipt: Receipt) -> None:
    """Tell how many cells hold no figure, by what their mark says."""
    for mark, key in (
        (Mark.NIL, "nil"),
        (Mark.SUPPRESSED, "suppressed"),
        (Mark.UNKNOWN, "not_known"),
        (Mark.IMPOSSIBLE, "not_known"),
        (Mark.BLANK, "blank"),
    ):
        receipt.tally(key, int(rows["mark"].eq(mark.value).sum()))
