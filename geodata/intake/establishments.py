"""Establishments per gemeente and SBI group, from a file that a user gives.

A mapping in TOML says which columns hold the code of the gemeente and each group. The mappings that
ship with the product are tried against the file's header, so that StatLine's own export is simply read.
"""

import re
import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd

from geodata.codes import CBS_GROUPS
from geodata.errors import InputError
from geodata.intake import files

_MAPPINGS_DIR = Path(__file__).parent / "mappings"
_GEMEENTE = r"GM\d{4}"
_MISSING_MARKS = {"", ".", "-", "x", "nan", "None"}  # CBS: unknown or secret; never zero


@dataclass(frozen=True)
class Mapping:
    """Where a file keeps the code and the groups; every text is a pattern for a whole column title."""

    title: str
    code: str
    groups: dict[str, list[str]]
    name: str = ""
    long: dict[str, str] = field(default_factory=dict)
    optional: dict[str, list[str]] = field(default_factory=dict)


def read_mapping(path: Path) -> Mapping:
    """Return a mapping from its TOML file.

    Raises
    ------
    InputError
        The file is missing, is not TOML, or lacks ``code`` or one of the eight groups.
    """
    try:
        content: dict[str, Any] = tomllib.loads(path.read_text("utf-8"))
        mapping = Mapping(**content)
        for pattern in (mapping.code, mapping.name, *(p for ps in mapping.groups.values() for p in ps)):
            re.compile(pattern)
    except OSError as error:
        raise InputError(f"Mapping {path} cannot be read ({error.strerror}); give the path of a TOML file.") from error
    except (tomllib.TOMLDecodeError, TypeError, UnicodeDecodeError, re.error) as error:
        raise InputError(f"Mapping {path} is not a mapping ({error}); see geodata/sources/mappings.") from error
    unknown = set(mapping.groups) - set(CBS_GROUPS)
    if unknown or not mapping.groups:
        raise InputError(f"Mapping {path} names groups that CBS does not have: {sorted(unknown)}; use {CBS_GROUPS}.")
    return mapping


def choose_mapping(frame: pd.DataFrame, where: str) -> Mapping:
    """Return the shipped mapping that fits the header.

    Raises
    ------
    InputError
        None fits.
    """
    mappings = [read_mapping(path) for path in sorted(_MAPPINGS_DIR.glob("*.toml"))]
    for mapping in mappings:
        wanted = (
            [mapping.long["group"], mapping.long["value"]]
            if mapping.long
            else [pattern for patterns in mapping.groups.values() for pattern in patterns]
        )
        if all(_matching(frame, pattern) for pattern in wanted) and _matching(frame, mapping.code, mapping.name):
            return mapping
    raise InputError(
        f"The header of {where} fits none of the known layouts ({'; '.join(m.title for m in mappings)});"
        " write a mapping in TOML and name it with --mapping."
    )


def _matching(frame: pd.DataFrame, *patterns: str) -> list[str]:
    return [
        column
        for pattern in patterns
        if pattern
        for column in frame.columns
        if re.fullmatch(pattern, column, flags=re.IGNORECASE)
    ]


def read(path: Path, mapping: Mapping, names: dict[str, str]) -> pd.DataFrame:
    """Return establishments per gemeente and group as the file gives them.

    Parameters
    ----------
    path
        CSV or XLSX.
    mapping
        Which columns to read.
    names
        Name of a gemeente (lower case) to its code, for files that carry names only.

    Returns
    -------
    DataFrame
        gemeente_code (as in the file's year), group, establishments_n (NaN where CBS gives no figure).

    Raises
    ------
    InputError
        A column is not there, a gemeente occurs twice, or a cell is no number.
    """
    frame = files.read_table(path)
    frame["gemeente_code"] = _codes(frame, mapping, names, path.name)
    if mapping.long:
        frame = _widen(frame, mapping, path.name)
    frame = frame[frame["gemeente_code"].str.fullmatch(_GEMEENTE)]
    if frame.empty:
        raise InputError(f"{path.name} holds no gemeente (code GM and four digits); export the table per gemeente.")
    doubled = frame.loc[frame["gemeente_code"].duplicated(), "gemeente_code"]
    if not doubled.empty:
        raise InputError(f"{path.name}: gemeente {doubled.iloc[0]} occurs more than once; keep one row for each.")
    parts = []
    for group, patterns in mapping.groups.items():
        counts = pd.Series(0.0, index=frame.index)
        for pattern in patterns:
            counts = counts + _one_column(frame, pattern, path.name)
        for pattern in mapping.optional.get(group, []):
            for column in _matching(frame, pattern):
                counts = counts + _numbers(frame[column], path.name).fillna(0.0)
        parts.append(
            pd.DataFrame({"gemeente_code": frame["gemeente_code"], "group": group, "establishments_n": counts})
        )
    result = pd.concat(parts, ignore_index=True)
    if result["establishments_n"].isna().all():
        raise InputError(f"{path.name} holds no figure at all; export a year for which CBS gives establishments.")
    return result


def _codes(frame: pd.DataFrame, mapping: Mapping, names: dict[str, str], where: str) -> pd.Series:
    columns = _matching(frame, mapping.code)
    if columns:
        return frame[columns[0]].astype(str).str.strip()
    columns = _matching(frame, mapping.name)
    if not columns:
        raise InputError(f"{where} has no column with the code or name of the gemeente; add one and try again.")
    cleaned = frame[columns[0]].astype(str).str.strip()
    looks_like_code = cleaned.str.fullmatch(_GEMEENTE)
    bare = cleaned.str.replace(r"\s*\(gemeente\)$", "", regex=True).str.lower()
    return cleaned.where(looks_like_code, bare.map(names).fillna(""))


def _widen(frame: pd.DataFrame, mapping: Mapping, where: str) -> pd.DataFrame:
    """Turn one row per gemeente and section into one row per gemeente."""
    columns = {}
    for role in ("group", "value"):
        found = _matching(frame, mapping.long[role])
        if not found:
            raise InputError(f"{where} has no column {mapping.long[role]}; export the table again.")
        columns[role] = found[0]
    period = _matching(frame, mapping.long.get("period", ""))
    if period and len(set(frame[period[0]])) > 1:
        raise InputError(f"{where} holds more than one period; export the year that you want to import.")
    frame = frame[frame["gemeente_code"] != ""]
    if frame.duplicated(["gemeente_code", columns["group"]]).any():
        raise InputError(f"{where}: a gemeente and section occur more than once; keep one row for each.")
    wide = frame.pivot_table(
        index="gemeente_code",
        columns=columns["group"],
        values=columns["value"],
        aggfunc="first",
        dropna=False,
    )
    return wide.reset_index()


def _one_column(frame: pd.DataFrame, pattern: str, where: str) -> pd.Series:
    found = _matching(frame, pattern)
    if len(found) != 1:
        problem = "no column" if not found else "more than one column"
        raise InputError(f"{where} has {problem} for {pattern!r}; export it again or give another --mapping.")
    return _numbers(frame[found[0]], where)


def _numbers(cells: pd.Series, where: str) -> pd.Series:
    """Read counts; a mark for "unknown" becomes NaN, anything else that is no count is refused."""
    texts = cells.astype(str).str.strip()
    missing = texts.isin(_MISSING_MARKS) | cells.isna()
    thousands = texts.str.fullmatch(r"\d{1,3}([.,  ]\d{3})+")
    whole = texts.mask(thousands, texts.str.replace(r"\D", "", regex=True))
    whole = whole.str.replace(",", ".", regex=False)
    numbers = pd.to_numeric(whole.mask(missing), errors="coerce")
    wrong = ~missing & (numbers.isna() | (numbers < 0))
    if wrong.any():
        raise InputError(f"{where}: {texts[wrong].iloc[0]!r} is no count; correct the cell and try again.")
    return numbers.astype(float)
