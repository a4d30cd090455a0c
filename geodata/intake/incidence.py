"""Incidence from a file of a user: cases of a disease per gemeente and week, or per day."""

import re
from collections.abc import Mapping
from pathlib import Path

import pandas as pd

from geodata.areas import joins, regions
from geodata.errors import InputError
from geodata.intake import files
from geodata.intake.files import ColumnMapping

FIELDS = {
    "disease": r"disease|ziekte|infectie(ziekte)?",
    "gemeente": r"gemeente|gemeente_?code|gemeente_?naam|gm_?code|municipality(_?(code|name))?",
    "week": r"week|jaar_?week|year_?week",
    "date": r"date|datum|date_of_publication|meldingsdatum",
    "cases": r"cases?(_?n)?|aantal|aantal_?(meldingen|gevallen)|meldingen|gevallen|total_reported",
}
"""The fields of a file, with a pattern for the headers that are recognised without a mapping."""

_WEEK = re.compile(r"(\d{4})[- ]?W?(\d{1,2})", re.IGNORECASE)


def read(
    path: Path, disease: str, mapping: ColumnMapping, areas: Mapping[str, pd.DataFrame], source: str
) -> pd.DataFrame:
    """Return the contract ``Incidence`` from a file.

    Parameters
    ----------
    disease
        The disease where the file has no column for it.

    Raises
    ------
    InputError
        A column is missing or a cell cannot be understood.
    UnknownCodeError
        A gemeente is not known; all are listed.
    """
    frame = pd.DataFrame(files.read_rows(path))
    chosen = files.choose_columns(frame, FIELDS, mapping, path.name)
    missing = [name for name in ("gemeente", "cases") if name not in chosen]
    if missing or not {"week", "date"} & set(chosen):
        raise InputError(
            f"{path.name} lacks a column for {missing[0] if missing else 'week or date'}; it has:"
            f" {', '.join(frame.columns)}. Name it in a mapping (--mapping)."
        )
    diseases = files.texts(frame, chosen, mapping, "disease").replace("", disease)
    if diseases.eq("").any():
        raise InputError(f"{path.name} does not say of which disease it is; name it with --disease.")
    gemeenten = areas["gemeenten"]
    rows = pd.DataFrame(
        {
            "disease": diseases,
            "gemeente_code": _gemeenten(files.texts(frame, chosen, mapping, "gemeente"), gemeenten),
            "week": _weeks(frame, chosen, mapping, path.name),
            "cases_n": files.numbers(frame[chosen["cases"]], f"{path.name}, {chosen['cases']}", is_count=True),
        }
    )
    known = gemeenten["gemeente_code"].tolist() + regions.read_changes()["old_code"].tolist()
    joins.refuse_unknown_gemeenten(rows["gemeente_code"], pd.Index(known), path.name)
    key = ["disease", "gemeente_code", "week"]
    if "week" in chosen and rows.duplicated(key).any():
        row = rows.loc[rows.duplicated(key), key].iloc[0]
        raise InputError(f"{path.name}: {row['gemeente_code']} has two rows for {row['week']}; keep one of them.")
    days = rows.groupby(key, as_index=False)[["cases_n"]].sum(min_count=1)
    counts = joins.to_today(days, regions.changes_from(regions.FIRST_YEAR), ["cases_n"], by=key)
    status = joins.status_after_split(counts["is_split"], counts["cases_n"])
    return counts.drop(columns="is_split").assign(status=status, source=source)


def _gemeenten(given: pd.Series, gemeenten: pd.DataFrame) -> pd.Series:
    names: dict[str, str] = {}
    for year in range(regions.FIRST_YEAR, regions.read_changes()["effective_date"].max().year + 2):
        names |= regions.names_to_codes(gemeenten, year)
    bare = given.str.lower().str.replace(r"\s*\(gemeente\)$", "", regex=True)
    return given.where(given.str.fullmatch(r"GM\d{4}").astype(bool), bare.map(names).fillna(given))


def _weeks(frame: pd.DataFrame, chosen: Mapping[str, str], mapping: ColumnMapping, where: str) -> pd.Series:
    if "week" not in chosen:
        stamps = files.dates(files.texts(frame, chosen, mapping, "date"), where)
        if stamps.isna().any():
            raise InputError(f"{where}: a row has no date; fill it in and try again.")
        weeks: pd.Series = stamps.dt.strftime("%G-W%V")
        return weeks
    given = files.texts(frame, chosen, mapping, "week")
    parts = given.str.extract(_WEEK)
    number = pd.to_numeric(parts[1], errors="coerce")
    wrong = ~number.between(1, 53) | ~given.str.fullmatch(_WEEK).astype(bool)
    if wrong.any():
        raise InputError(f"{where}: {given[wrong].iloc[0]!r} is no week; write it as 2020-W37 and try again.")
    return parts[0] + "-W" + parts[1].str.zfill(2)
