"""The words of the report in one language."""

import tomllib
from collections.abc import Mapping
from datetime import date, timedelta
from functools import cache
from pathlib import Path
from typing import Final

from door.store import ScopedStore
from geodata import codes
from geodata.areas.regions import region_names
from geodata.errors import InputError
from words import read_texts

LANGUAGES: Final = ("nl", "en")


@cache
def read_words(language: str) -> Mapping[str, str]:
    """Return the words of ``nl`` or ``en``.

    Raises
    ------
    InputError
        There is no such language.
    """
    if language not in LANGUAGES:
        raise InputError(f"Language {language!r} does not exist; choose nl or en.")
    content: dict[str, Mapping[str, str]] = tomllib.loads((Path(__file__).parent / "words.toml").read_text("utf-8"))
    return content[language]


def sector_name(code: str, language: str) -> str:
    """Return the name of a sector; a code that is none stays as it is."""
    sector = codes.SECTORS.get(code)
    if sector is None:
        return code
    return sector.name_nl if language == "nl" else sector.name_en


def viewer_words(store: ScopedStore, language: str) -> str:
    """Return whose eyes a document is made for, in words: the role with its regions or organisation."""
    viewer = store.viewer
    name = read_texts(language)(f"role.{viewer.role}")
    scope = ", ".join(region_names().get(code, code) for code in viewer.vr_codes) or viewer.organisation
    return f"{name} {scope}" if scope else name


def route_names(store: ScopedStore, language: str) -> Mapping[str, str]:
    """Return the subject of every route that a referral can take, by its code."""
    if not store.may("routes"):
        return {}
    routes = store.register("routes")
    subject = (
        routes["subject"]
        if language == "nl"
        else routes["subject_en"].where(routes["subject_en"] != "", routes["subject"])
    )
    return dict(zip(routes["route_id"], subject, strict=True))


def month_words(month: str, language: str) -> str:
    """Return a month as its language writes it.

    Examples
    --------
    >>> month_words("2020-09", "nl")
    'september 2020'
    """
    return f"{read_texts(language).month(int(month[5:]))} {month[:4]}"


def banner_of(language: str, *, is_invented: bool) -> str:
    """Return what stands over invented figures."""
    if not is_invented:
        return ""
    return codes.EXAMPLE_BAND_NL if language == "nl" else codes.EXAMPLE_BAND_EN


def week_words(week: str, language: str) -> str:
    """Return a week as its first and last day.

    Examples
    --------
    >>> week_words("2020-W50", "nl"), week_words("2020-W49", "en"), week_words("2020-W53", "nl")
    ('7-13 december 2020', '30 November - 6 December 2020', '28 december 2020 - 3 januari 2021')
    """
    return days_words(monday(week), monday(week) + timedelta(days=6), language)


def days_words(first: date, last: date, language: str) -> str:
    """Return the days from the first to the last.

    Parameters
    ----------
    first
        The first day.
    last
        The last day.
    language
        ``nl`` or ``en``.

    Examples
    --------
    >>> days_words(date(2020, 12, 7), date(2020, 12, 20), "nl")
    '7-20 december 2020'
    """
    texts = read_texts(language)
    if (first.month, first.year) == (last.month, last.year):
        return f"{first.day}-{texts.day(last)}"
    if first.year == last.year:
        return f"{first.day} {texts.month(first.month)} - {texts.day(last)}"
    return f"{texts.day(first)} - {texts.day(last)}"


def monday(week: str) -> date:
    """Return the first day of a week such as 2020-W50."""
    return date.fromisocalendar(int(week[:4]), int(week[-2:]), 1)
