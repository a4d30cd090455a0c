"""What the words of a list of sites mean: its kinds, countries and sizes."""

import re
import tomllib
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from geodata import site_kinds
from geodata.errors import InputError
from geodata.intake import cells
from geodata.intake.cells import Mark
from geodata.intake.places import fold
from geodata.intake.receipt import Receipt
from geodata.site_kinds import Kind

WORDS: Final[Mapping[str, Any]] = tomllib.loads((Path(__file__).parent / "sites.toml").read_text("utf-8"))
"""The headers of every field, and the words for kinds and countries."""

_KINDS: Final = {fold(word): kind for kind, words in WORDS["kinds"].items() for word in (kind, *words)}
_COUNTRIES: Final[Mapping[str, str]] = {word: code for code, words in WORDS["countries"].items() for word in words}
_SIZES: Final = ("fte", "beds", "m2")
_BEHIND: Final = re.compile(r"\s*[(\[,;/].*$")


@cache
def _added(added: tuple[Kind, ...]) -> dict[str, str]:
    """Return the words for the kinds that an installation added."""
    return {fold(word): kind.code for kind in added for word in (kind.code, kind.nl, kind.en, *kind.words)}


def kind_of(text: str) -> str:
    """Return the kind of site that a word says, whatever stands behind it in brackets; '' for none.

    Examples
    --------
    >>> kind_of("Slachterij (rund)"), kind_of("Campings"), kind_of("kerk")
    ('slaughterhouse', 'holiday_park', '')
    """
    folded = fold(_BEHIND.sub("", text))
    singular = [folded, folded.removesuffix("s"), folded.removesuffix("en"), folded.removesuffix("en") + "f"]
    known = _KINDS | _added(tuple(site_kinds.own().values()))
    return next((kind for word in (fold(text), *singular) if (kind := known.get(word))), "")


def kinds(given: pd.Series, default: str, row_n: pd.Series, where: str) -> pd.Series:
    """Return the kind of every row: what its word says, else the one of all rows without one.

    Raises
    ------
    InputError
        A word is no kind of site, or there is none.
    """
    meant = {text: kind_of(text) if text else default for text in given.unique()}
    found = given.map(meant).astype("str")
    unknown = found.eq("")
    if unknown.any():
        raise InputError(
            "no_kind_of_site",
            where=where,
            a=row_n[unknown].iloc[0],
            b=given[unknown].iloc[0],
            c=", ".join(site_kinds.codes()),
        )
    return found


def countries(given: pd.Series, row_n: NDArray[np.int64], where: str) -> pd.Series:
    """Return NL, DE or BE per row; nothing for another country.

    Raises
    ------
    InputError
        No row is in one of the three.
    """
    found: pd.Series = given.map({text: _country(text) for text in given.unique()})
    if found.isna().all():
        raise InputError("no_country_kept", where=where, a=row_n[0], b=given.iloc[0])
    return found


def _country(text: str) -> str | None:
    for spelling in (text, _BEHIND.sub("", text), re.split(r"\s+-\s+", text)[0]):
        if code := _COUNTRIES.get(fold(spelling)):
            return code
    return None


def sizes(
    frame: pd.DataFrame, chosen: Mapping[str, str], row_n: NDArray[np.int64], where: str, receipt: Receipt
) -> tuple[pd.Series, pd.Series]:
    """Return the size and its unit: people where the file gives them, else beds, else square metres."""
    size = pd.Series(np.nan, index=frame.index)
    unit = pd.Series(next((name for name in _SIZES if name in chosen), "fte"), index=frame.index, dtype="str")
    comma = any(cells.has_decimal_comma(frame[chosen[name]]) for name in ("x", "lon", *_SIZES) if name in chosen)
    for name in _SIZES:
        if name not in chosen:
            continue
        header = chosen[name]
        # Where other columns write decimals with a comma, a point stands between thousands.
        groups = name != "fte" or (comma and not cells.has_decimal_comma(frame[header], at_all=True))
        found = cells.numbers(
            frame[header], f"{where}, {header}", is_whole=name == "beds", refuses=False, row_n=row_n, groups=groups
        )
        wrong = found.marks.eq(Mark.UNREADABLE) | found.figures.lt(0)
        for text, number in zip(frame.loc[wrong, header], row_n[wrong.to_numpy()], strict=True):
            receipt.change(number, "size_unreadable", column=header, text=str(text)[:60])
        if found.doubtful:
            receipt.note("size_doubtful", column=header, text=found.doubtful)
        figures = found.figures.mask(found.marks.ne("") | found.figures.lt(0))
        unit = unit.mask(size.isna() & figures.notna(), name)
        size = size.fillna(figures)
    return size, unit
