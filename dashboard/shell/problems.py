"""What a page says of an error, in the language of the page."""

from collections.abc import Iterable
from typing import Final

from geodata.areas.regions import region_names
from geodata.errors import InEach, NotReadyError, RisicobeeldError
from register.personal import Finding
from words import Texts

_FIELDS: Final = ("field", "fields")  # values that are fields of the register


def in_words(texts: Texts, error: RisicobeeldError) -> str:
    """Return the sentence of an error in the page's language; as commands print it when there are no words for it.

    Examples
    --------
    >>> from words import read_texts
    >>> from geodata.errors import InputError
    >>> in_words(read_texts("nl"), InputError("file_empty", name="plan.pdf"))
    'plan.pdf is leeg; kies een ander bestand.'
    """
    if isinstance(error, NotReadyError):
        return error.in_words[texts.language]
    name = f"problem.{error.key}"
    if name not in texts:
        return str(error)
    return texts(name, **{field: _called(texts, field, value) for field, value in error.values.items()})


def personal_data(texts: Texts, findings: Iterable[Finding]) -> str:
    """Return what in a text looks like personal data, and the question that goes with it, in the page's language."""
    kinds = str.maketrans(" -", "__")
    found = ", ".join(f"{texts('register.like_' + one.kind.translate(kinds))}: {one.excerpt}" for one in findings)
    return texts("register.personal", found=found)


def lacking(texts: Texts, words: Iterable[str]) -> str:
    """Return what must still be filled in, by the words that `register.form.lacking` gives."""
    return texts("register.lacks", fields=", ".join(texts(f"register.{word}") for word in words))


def _called(texts: Texts, name: str, value: object) -> object:
    """Call fields of the register as its pages do, and a region by its name."""
    if isinstance(value, InEach):
        return value.words.get(texts.language, str(value))
    if name == "region":
        return region_names().get(str(value), value)
    if name not in _FIELDS:
        return value
    fields = str(value).split(", ")
    named = (f"register.{field.removesuffix('_code').removeprefix('event_')}" for field in fields)
    return ", ".join(texts(one) if one in texts else field for one, field in zip(named, fields, strict=True))
