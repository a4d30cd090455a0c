"""Which column of a file holds what: by a mapping, else by the usual names of a header in Dutch and English."""

import re
import tomllib
import unicodedata
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, Final

import pandas as pd

from geodata.errors import InputError
from geodata.intake.files.table import Knows, Table
from geodata.intake.receipt import Receipt

Fields = Mapping[str, Sequence[str]]
"""Our name of a field to the names that headers give it, the one that goes first at the front."""

# what stands before a header and says only that things are counted; the third is how pivot tables name their sums
_COUNTING_WORDS: Final = re.compile(
    r"^(?:(aantal|totaal|number of|nr of|no of|total|n|(som|aantal) van|(sum|count) of)\s+)+(?=\S)"
)
_NUMBER_BEFORE: Final = re.compile(r"^\s*\d{1,2}\s*[.)]\s*(?=[^\W\d])")
# In brackets behind a header these make it another measure: cases (per 100 000), firms (x 1 000), beds (%).
_OTHER_MEASURE: Final = re.compile(r"\bper\b|/|%|\b1[ .,]?000\b|\bpct|perc|proc|promille|‰|\bgem\b|gemiddeld|\bindex")
_YEAR_BEHIND: Final = re.compile(r"\s(19|20)\d{2}$")
_CUT_AT: Final = 10  # letters that a Shapefile keeps of a header
_LONGEST: Final = 200  # letters of a header; more is a sentence
_FEWEST_LETTERS: Final = 8  # fewer of a header that was cut could be anything


@dataclass(frozen=True)
class ColumnMapping:
    """Which column of a file holds what, from a TOML file.

    Attributes
    ----------
    columns
        Our name of a field to the header of the file.
    words
        Per field, what the file's values are called with us.
    defaults
        Per field, the value where the file has none.
    """

    columns: Mapping[str, str] = field(default_factory=dict)
    words: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    defaults: Mapping[str, str] = field(default_factory=dict)


def read_mapping(path: Path | None, fields: Mapping[str, object]) -> ColumnMapping:
    """Return the mapping of a TOML file with the tables ``[columns]``, ``[words.FIELD]`` and ``[defaults]``.

    Raises
    ------
    InputError
        The file cannot be read, is not TOML, or names a field that does not exist.
    """
    if path is None:
        return ColumnMapping()
    try:
        content: dict[str, Any] = tomllib.loads(path.read_text("utf-8-sig"))
        mapping = ColumnMapping(**content)
        unknown = sorted({*mapping.columns, *mapping.words, *mapping.defaults} - set(fields))
    except OSError as error:
        raise InputError("mapping_unreadable", path=path, strerror=error.strerror) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, TypeError) as error:
        raise InputError("mapping_is_none", path=path, error=error) from error
    if unknown:
        raise InputError("mapping_unknown_field", path=path, a=unknown[0], b=", ".join(fields))
    return mapping


@cache
def fold_header(header: str) -> str:
    """Return a header without accents, capitals, units and what stands between its words.

    Examples
    --------
    >>> fold_header("X-coördinaat"), fold_header("Oppervlakte (m2)"), fold_header("Aantal bedden")
    ('x coordinaat', 'oppervlakte', 'bedden')
    >>> fold_header("Meldingen (per 100.000)"), fold_header("3. Som van bedden:")
    ('meldingen per 100 000', 'bedden')
    """
    plain = unicodedata.normalize("NFKD", header)
    plain = "".join(mark for mark in plain if not unicodedata.combining(mark)).casefold()
    plain = _NUMBER_BEFORE.sub("", plain)
    in_brackets = re.search(r"\s*[(\[]([^)\]]*)[)\]]\s*$", plain)
    if in_brackets and not _OTHER_MEASURE.search(in_brackets[1]):
        plain = plain[: in_brackets.start()] or plain
    plain = re.sub(r"[^a-z0-9@:]+", " ", plain).strip(" :")
    return _COUNTING_WORDS.sub("", plain)


def _tight(header: str) -> str:
    return fold_header(header).replace(" ", "")


def knows(fields: Fields, mapping: ColumnMapping | None = None) -> Knows:
    """Return what tells the field of a header: by the mapping, else by its usual names."""
    named = {str(header).strip().casefold(): name for name, header in (mapping or ColumnMapping()).columns.items()}
    usual = {_tight(spelling): name for name, spellings in fields.items() for spelling in spellings}

    def field_of(header: str) -> str:
        text = re.sub(r"\s+", " ", header).strip()
        if len(text) > _LONGEST:
            return ""
        plain = usual.get(_tight(text), "") or usual.get(_tight(_YEAR_BEHIND.sub("", text)), "")
        return named.get(text.casefold(), "") or plain

    return field_of


def choose(table: Table, fields: Fields, mapping: ColumnMapping) -> dict[str, str]:
    """Return the column of each field: as the mapping says, else the one whose header goes first.

    Parameters
    ----------
    table
        As read from the file.
    fields
        The headers by which each field is known.
    mapping
        What the user said of the columns.

    Raises
    ------
    InputError
        A column that the mapping names is not in the file.
    """
    headers = [str(column) for column in table.frame.columns if not _is_shape(table.frame, column)]
    by_name: dict[str, list[str]] = {}
    for header in headers:
        by_name.setdefault(_tight(header), []).append(header)
    lower = {header.casefold(): header for header in headers}
    chosen: dict[str, str] = {}
    for name, spellings in fields.items():
        if name in mapping.columns:
            wanted = re.sub(r"\s+", " ", mapping.columns[name]).strip()
            if wanted.casefold() not in lower:
                raise InputError(
                    "mapping_unknown_column", name=table.name, a=mapping.columns[name], part=name, b=", ".join(headers)
                )
            chosen[name] = lower[wanted.casefold()]
            continue
        found = [header for spelling in spellings for header in by_name.get(_tight(spelling), [])]
        if not found:  # Gemeentenaam 2023; of two years of a field nobody knows which is meant
            usual = {_tight(spelling) for spelling in spellings}
            dated = [one for one in headers if _YEAR_BEHIND.search(one) and _tight(_YEAR_BEHIND.sub("", one)) in usual]
            found = dated if len(dated) == 1 else []
        if not found and table.has_cut_headers:
            found = [header for header in headers if _is_cut(header, spellings)]
        free = [header for header in found if header not in chosen.values()]
        if free:
            chosen[name] = free[0]
    return chosen


def _is_shape(frame: pd.DataFrame, column: Any) -> bool:
    """Tell whether a column holds the shapes of a map; one of that name in a table may hold texts."""
    return str(frame[column].dtype) == "geometry"


def _is_cut(header: str, spellings: Sequence[str]) -> bool:
    """Tell whether a header is the first ten letters of a usual name: slaapplaat, bedrijfsna."""
    tight = _tight(header)
    return (
        len(header) == _CUT_AT
        and len(tight) >= _FEWEST_LETTERS
        and any(_tight(spelling).startswith(tight) for spelling in spellings)
    )


def tell_columns(receipt: Receipt, table: Table, chosen: Mapping[str, str]) -> None:
    """Write into a receipt which columns were read, and which were passed over.

    Parameters
    ----------
    receipt
        Is told what was read, left out and changed.
    table
        As read from the file.
    chosen
        The column of each field that was found.
    """
    receipt.columns_read = dict(chosen)
    used = set(chosen.values())
    receipt.columns_passed = [
        str(name) for name in table.frame.columns if name not in used and not _is_shape(table.frame, name)
    ]


def texts(frame: pd.DataFrame, chosen: Mapping[str, str], mapping: ColumnMapping, name: str) -> pd.Series:
    """Return a field as stripped texts, '' where there is none, its values renamed as the mapping says.

    Parameters
    ----------
    frame
        The cells, a column per column of the file.
    chosen
        The column of each field that was found.
    mapping
        What the user said of the columns.
    name
        Of the field.
    """
    default = mapping.defaults.get(name, "")
    if name not in chosen:
        return pd.Series(default, index=frame.index, dtype="str")
    column = as_texts(frame[chosen[name]])
    renamed = mapping.words.get(name)
    if renamed:
        low = {word.casefold(): meaning for word, meaning in renamed.items()}
        column = column.map({value: low.get(value.casefold(), value) for value in column.unique()})
    return column.mask(column.str.casefold().isin(_NOTHING), default) if default else column


_NOTHING: Final = frozenset({"", ".", "-", "x", "nan", "none", "null", "na", "n/a", "onbekend", "unknown"})


def as_texts(cells: pd.Series) -> pd.Series:
    """Return cells as texts: what is typed as 363.0 is 363, a day is 2020-09-03, and nothing is ''.

    Examples
    --------
    >>> as_texts(pd.Series([363.0, "a ", None], dtype=object)).tolist()
    ['363', 'a', '']
    """
    if cells.dtype == object or pd.api.types.is_float_dtype(cells):
        found = cells.map(_text)
    else:
        found = cells.astype("str").fillna("")
    return found.astype("str").str.strip()


def _text(cell: Any) -> str:
    if cell is None or (not isinstance(cell, str | list | dict) and pd.isna(cell)):
        return ""
    if isinstance(cell, bool):
        return "ja" if cell else "nee"
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    if hasattr(cell, "isoformat"):
        return str(cell.isoformat()).removesuffix("T00:00:00")
    return str(cell)


_OF_YEAR: Final = re.compile(r"(?<=[a-z\d)])[ _](20\d\d)$", re.IGNORECASE)  # a_bed_a_2021
_YEAR_BEHIND_N: Final = 6  # headers; a year behind fewer says something of these alone


def without_year(header: str) -> str:
    """Return a header without the year behind it.

    Examples
    --------
    >>> without_year("a_bed_a_2021"), without_year("a_bed_a")
    ('a_bed_a', 'a_bed_a')
    """
    return _OF_YEAR.sub("", header)


def years_behind(frame: pd.DataFrame) -> set[int]:
    """Return the years behind the headers of a file that names one behind all its figures; none for any other."""
    found = [match for name in frame.columns if (match := _OF_YEAR.search(str(name)))]
    return {int(match[1]) for match in found} if len(found) >= _YEAR_BEHIND_N else set()


def of_year(frame: pd.DataFrame, year: int) -> tuple[pd.DataFrame, int]:
    """Return a table without the year behind its headers, and that year, 0 for none; other years keep theirs.

    Examples
    --------
    >>> frame = pd.DataFrame(columns=["code", "a_2020", "b_2020", "c_2020", "a_2021", "b_2021", "c_2021"])
    >>> table, of = of_year(frame, 2021)
    >>> list(table.columns), of
    (['code', 'a_2020', 'b_2020', 'c_2020', 'a', 'b', 'c'], 2021)
    """
    years = years_behind(frame)
    of = year if year in years or len(years) != 1 else min(years)
    if of not in years:
        return frame, 0
    names = [str(name) for name in frame.columns]
    plain = Counter(without_year(name).casefold() for name in names)
    # a header that is there once, such as the code of the area, goes with every year
    own = [name for name in names if name.endswith(str(of)) or plain[without_year(name).casefold()] == 1]
    shorter = {name: without_year(name) for name in own if without_year(name) not in names}
    return frame.rename(columns=shorter), of
