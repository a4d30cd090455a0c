"""What a page says of an error, in the language of the page.

An error carries one English sentence, which commands print. Its Dutch form stands in ``problems.toml`` beside the
same sentence with its values in braces; a sentence that is not there is shown as it is.
"""

import re
import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

from geodata.errors import NotReadyError, RisicobeeldError
from words import Texts

_FILE: Final = Path(__file__).parent / "problems.toml"
_FIELDS: Final = ("field", "fields")  # values that are fields of the register


@dataclass(frozen=True)
class Problem:
    """A sentence of an error with its values in braces, and how a page says it.

    Attributes
    ----------
    sentence
        As the code raises it, in English.
    said
        By language, what a page says.
    """

    sentence: str
    said: dict[str, str]

    @property
    def pattern(self) -> re.Pattern[str]:
        """Return what finds the values in a raised sentence."""
        parts = re.split(r"\{(\w+)\}", self.sentence)
        texts, names = parts[::2], parts[1::2]
        groups = (f"(?P<{name}>.*)" for name in names)
        return re.compile("".join(re.escape(text) + next(groups, "") for text in texts), re.DOTALL)


@cache
def known() -> tuple[Problem, ...]:
    """Return every sentence that pages have words for, the longest first: it says most."""
    entries = tomllib.loads(_FILE.read_text("utf-8"))["problem"]
    found = [Problem(one["en"], {"nl": one["nl"], "en": one.get("page", one["en"])}) for one in entries]
    return tuple(sorted(found, key=lambda one: -len(re.sub(r"\{\w+\}", "", one.sentence))))


def in_words(texts: Texts, error: RisicobeeldError) -> str:
    """Return the sentence of an error in the page's language; as it was raised when there are no words for it.

    Examples
    --------
    >>> from words import read_texts
    >>> from geodata.errors import InputError
    >>> in_words(read_texts("nl"), InputError("plan.pdf is empty; choose another file."))
    'plan.pdf is leeg; kies een ander bestand.'
    """
    if isinstance(error, NotReadyError):
        return texts(f"ready.step.{error.step}", **error.values)
    told = str(error)
    for problem in known():
        if values := problem.pattern.fullmatch(told):
            named = {
                name: _named(texts, value) if name in _FIELDS else value for name, value in values.groupdict().items()
            }
            return problem.said[texts.language].format_map(named)
    return told


def _named(texts: Texts, fields: str) -> str:
    """Call fields of the register as its pages do."""
    named = (f"register.{field.removesuffix('_code')}" for field in fields.split(", "))
    return ", ".join(
        texts(name) if name in texts else field for name, field in zip(named, fields.split(", "), strict=True)
    )
