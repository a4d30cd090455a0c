"""The words of the report in one language."""

import tomllib
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Final

from geodata import codes
from geodata.errors import InputError

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


def band_of(language: str, *, is_invented: bool) -> str:
    """Return what stands over invented figures."""
    if not is_invented:
        return ""
    return codes.EXAMPLE_BAND_NL if language == "nl" else codes.EXAMPLE_BAND_EN
