"""Every word on the screen, from one file per language, and numbers and dates as that language writes them."""

import string
import tomllib
from collections.abc import Callable, Mapping
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any, Final, TypeVar

LANGUAGES: Final = ("nl", "en")
Said = TypeVar("Said")
_FOLDER = Path(__file__).parent
_MONTHS: Final = {
    "nl": (
        "januari",
        "februari",
        "maart",
        "april",
        "mei",
        "juni",
        "juli",
        "augustus",
        "september",
        "oktober",
        "november",
        "december",
    ),
    "en": (
        "January",
        "February",
        "March",
        "April",
        "May",
        "June",
        "July",
        "August",
        "September",
        "October",
        "November",
        "December",
    ),
}


class _Counting(string.Formatter):
    """Fills in a text, in which ``{n:row|rows}`` stands for the word that goes with the number ``n``."""

    def format_field(self, value: Any, format_spec: str) -> str:
        """Return a value as it is written, or the one of two words that goes with it."""
        one, bar, more = format_spec.partition("|")
        if not bar:
            return str(super().format_field(value, format_spec))
        return one if str(value) == "1" else more


_COUNTING: Final = _Counting()


class Texts:
    """The texts of one language, asked for by dotted name.

    Examples
    --------
    >>> read_texts("nl")("level.vr"), read_texts("nl").number(7.3)
    ("Veiligheidsregio's", '7,3')
    """

    def __init__(self, language: str, entries: Mapping[str, str]) -> None:
        self.language = language
        self._entries = entries

    def __call__(self, name: str, /, **values: object) -> str:
        """Return a text with its values filled in; an unknown name is an error, never a blank.

        Examples
        --------
        >>> read_texts("en")("picture.sites_count", n=1), read_texts("nl")("picture.sites_count", n="1.200")
        ('1 site', '1.200 locaties')
        """
        text = self._entries[name]
        if not values:
            return text
        return _COUNTING.vformat(text, (), values) if "|" in text else text.format_map(values)

    def __contains__(self, name: str) -> bool:
        """Tell whether there is such a text."""
        return name in self._entries

    def names(self) -> frozenset[str]:
        """Return every dotted name."""
        return frozenset(self._entries)

    def number(self, value: float, decimals: int = 1) -> str:
        """Write a number with the language's decimal and thousands marks."""
        text = f"{value:,.{decimals}f}"
        return text.translate(str.maketrans(",.", ".,")) if self.language == "nl" else text

    def percent(self, share: float) -> str:
        """Write a share (0-1) as a whole percentage."""
        return f"{round(100 * share)}%" if self.language == "en" else f"{round(100 * share)} %"

    def month(self, number: int) -> str:
        """Return the name of a month, 1 to 12."""
        return _MONTHS[self.language][number - 1]

    def day(self, value: date) -> str:
        """Write a date in words."""
        return f"{value.day} {_MONTHS[self.language][value.month - 1]} {value.year}"


def _flatten(entries: Mapping[str, Any], prefix: str = "") -> dict[str, str]:
    flat: dict[str, str] = {}
    for name, value in entries.items():
        if isinstance(value, dict):
            flat |= _flatten(value, f"{prefix}{name}.")
        else:
            flat[prefix + name] = value
    return flat


@cache
def read_texts(language: str) -> Texts:
    """Return the texts of a language, ``nl`` or ``en``."""
    return Texts(language, _flatten(tomllib.loads((_FOLDER / f"{language}.toml").read_text("utf-8"))))


def in_each(say: Callable[..., Said], *about: object) -> dict[str, Said]:
    """Return what ``say(texts, *about)`` says in each language, by language.

    Examples
    --------
    >>> in_each(lambda texts: texts("sector.construction"))
    {'nl': 'Bouw', 'en': 'Construction'}
    """
    return {language: say(read_texts(language), *about) for language in LANGUAGES}


def choose_language(asked: str | None, locale: str | None) -> str:
    """Return the language of the page: the one asked for, else the browser's if it is English, else Dutch.

    Examples
    --------
    >>> choose_language(None, "en-US"), choose_language(None, "de"), choose_language("nl", "en-US")
    ('en', 'nl', 'nl')
    """
    if asked in LANGUAGES:
        return str(asked)
    return "en" if (locale or "").lower().startswith("en") else "nl"
