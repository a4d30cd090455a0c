"""A table as a colleague opens it: the headings of the reader, rounded figures, what they rest on and mean."""

from collections.abc import Iterable
from typing import Final

import pandas as pd

from dashboard.parts import reasons
from dashboard.parts.figures import Picture
from geodata import codes
from geodata.snapshots.formats import Sheet
from words import Texts

_DECIMALS: Final = {
    "score_0_10": 1,
    "reference_0_10": 1,
    "p_top_k": 2,
    "finding_out_gain_0_10": 2,
    "completeness_pct": 0,
    "contribution_0_10": 1,
    "objective_value": 1,
    "inclusion_probability": 3,
}
"""What the interval of a figure supports; the others are counts, codes and words."""
_WHOLE: Final = ("risk_class", "rank", "rank_p05", "rank_p95", "rank_choice_p05", "rank_choice_p95", "k_n")
_FIRST: Final = (
    "area_name",
    "kind_name",
    "gemeente_name",
    "vr_name",
    "sector_name",
    "score_0_10",
    "class_name",
    "rank",
    "rank_p05",
    "rank_p95",
    "p_top_k",
    "is_flagged",
    "reason",
    "size_n",
    "size_unit",
    "completeness_pct",
    "peildatum",
)
_FORMATS: Final = {"p_top_k": "0%", "peildatum": "dd-mm-yyyy", "score_0_10": "0.0", "reference_0_10": "0.0"}
_CONTRIBUTIONS_MOST_N: Final = 1_000


def rounded(table: pd.DataFrame) -> pd.DataFrame:
    """Return a table with its figures rounded to what their interval supports, places and classes as whole numbers."""
    table = table.copy()
    for column in table.columns:
        if column in _DECIMALS:
            table[column] = table[column].astype(float).round(_DECIMALS[column])
        elif column in _WHOLE:
            table[column] = table[column].astype("Int64")
    return table


def heading(texts: Texts, column: str) -> str:
    """Return the heading of a column in the reader's language; the name itself where there is none."""
    name = f"column.{column}"
    return texts(name) if name in texts else column


def sheets(texts: Texts, shown: Picture, rows: pd.DataFrame, told: Iterable[str]) -> list[Sheet]:
    """Return the sheets of a workbook: the figures, their reasons, what they rest on, and what each column means.

    Parameters
    ----------
    shown
        The picture that the rows are of.
    rows
        As `dashboard.files.downloads.table` gives them.
    told
        What the workbook holds and rests on, a line each.
    """
    figures = rounded(rows)
    order = [column for column in _FIRST if column in figures.columns]
    figures = figures[[*order, *(column for column in figures.columns if column not in order)]]
    made = [readable(texts, texts("download.sheet_figures"), _in_words(texts, figures))]
    units = set(rows["unit_id"])
    if len(units) <= _CONTRIBUTIONS_MOST_N:
        made.append(readable(texts, texts("download.sheet_reasons"), _contributions(texts, shown, rows)))
    return [*made, *explained(texts, figures.columns, told)]


def _in_words(texts: Texts, figures: pd.DataFrame) -> pd.DataFrame:
    """Write the codes of a unit of size and of what a picture lacks as a reader says them."""
    unit = {code: texts(f"unit.{code}") for code in codes.SIZE_UNITS}
    words = {
        "size_unit": lambda code: unit.get(code, ""),
        "picture_lacks": lambda lacks: ", ".join(texts(f"lacks.{code}") for code in str(lacks).split(";") if code),
    }
    return figures.assign(**{name: figures[name].map(tell) for name, tell in words.items() if name in figures})


def readable(texts: Texts, name: str, table: pd.DataFrame) -> Sheet:
    """Return a sheet whose columns carry headings in the reader's language.

    Parameters
    ----------
    texts
        Words of the reader's language.
    name
        Of the sheet.
    table
        Its rows, columns named as in the contracts.
    """
    headings = {column: heading(texts, column) for column in table.columns}
    formats = {headings[column]: form for column, form in _FORMATS.items() if column in headings}
    table = table.assign(
        **{
            column: table[column].map({True: texts("download.yes"), False: texts("download.no")})
            for column in table.columns
            if table[column].dtype == bool
        }
    )
    return Sheet(name, table.rename(columns=headings), formats)


def explained(texts: Texts, columns: Iterable[str], told: Iterable[str]) -> list[Sheet]:
    """Return the sheet that says what a workbook holds and rests on, and the dictionary of its columns.

    Parameters
    ----------
    texts
        Words of the reader's language.
    columns
        Names of the columns that the workbook holds.
    told
        Lines on what it holds and rests on.
    """
    lines = [*told, texts("picture.intro"), texts("download.how_sure"), texts("download.missing")]
    about = pd.DataFrame({texts("download.sheet_about"): lines})
    meaning = pd.DataFrame(
        {
            texts("download.heading"): [heading(texts, column) for column in columns],
            texts("download.column"): list(columns),
            texts("download.meaning"): [_meaning(texts, column) for column in columns],
        }
    )
    return [Sheet(texts("download.sheet_about"), about), Sheet(texts("download.sheet_columns"), meaning)]


def _meaning(texts: Texts, column: str) -> str:
    name = f"column_means.{column}"
    return texts(name) if name in texts else ""


def _contributions(texts: Texts, shown: Picture, rows: pd.DataFrame) -> pd.DataFrame:
    """Return what each indicator brings to the score of each row, the largest first."""
    table = shown.scored.contributions
    table = table[table["unit_id"].isin(rows["unit_id"])]
    names = rows.set_index("unit_id")
    words = {code: reasons.indicator_name(shown, str(code), texts) for code in table["indicator_code"].unique()}
    size = table["contribution_0_10"].abs()
    made = pd.DataFrame(
        {
            "area_name": table["unit_id"].map(names["area_name"]),
            "sector_name": table["unit_id"].map(names["sector_name"]),
            "indicator_name": table["indicator_code"].map(words),
            "contribution_0_10": table["contribution_0_10"].round(1),
            "unit_id": table["unit_id"],
            "indicator_code": table["indicator_code"],
        }
    )
    order = made.assign(size=size).sort_values(["unit_id", "size"], ascending=[True, False]).index
    return made.loc[order].reset_index(drop=True)
