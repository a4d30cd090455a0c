"""Find what looks like personal data in free text: BSN, telephone, e-mail, date of birth."""

import re
from dataclasses import dataclass
from typing import Final

from geodata.errors import InputError

# Every repetition is bounded and starts where its kind of sign does: the time grows with the length, not its square.
_EMAIL: Final = re.compile(r"(?<![\w.+-])[\w.+-]{1,64}\s?@\s?[\w-]{1,63}(?:\.[\w-]{1,63}){1,8}|[\w.+-]@[\w-]{1,63}\.\w")
_DIGITS: Final = re.compile(r"(?<![\w.,])\d(?:[ .\-]?\d){7,8}(?![\w]|[.,]\d)")
_PHONE: Final = re.compile(
    r"(?<![\w+])(?:(?:\+|00)\d{1,3}[ \-.]?(?:\(0\))?(?:[ \-.]?\d){7,11}|0[1-9](?:[ \-.()]{0,2}\d){8})(?!\w)"
)
_MONTH: Final = (
    "jan(?:uari|uary)?|feb(?:ruari|ruary)?|maart|mar(?:ch)?|mrt|apr(?:il)?|mei|may|juni?|june|juli?|july|"
    "aug(?:ustus|ust)?|sep(?:t(?:ember)?)?|okt(?:ober)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?"
)
_DATE: Final = re.compile(
    rf"(?<!\d)(?:\d{{1,2}}[-/. ]\d{{1,2}}[-/. ](?P<end>\d{{4}})|(?P<start>\d{{4}})[-/.]\d{{1,2}}[-/.]\d{{1,2}}"
    rf"|\d{{1,2}}\.?\s+(?:{_MONTH})\.?\s+(?P<word>\d{{4}}))(?!\d)",
    re.IGNORECASE,
)
_BORN: Final = re.compile(r"\b(?:geb(?:oren)?|born|d\.?o\.?b|geboortedatum|birth)\b\.?[^\d\n]{0,15}\d", re.IGNORECASE)
LONGEST_TEXT: Final = 20_000
"""The most characters of one free text; a longer one is refused before anything looks into it."""
_FIRST_BIRTH_YEAR, _LAST_BIRTH_YEAR = 1920, 2012
_DAY: Final = re.compile(
    r"(?<![\w.,])(?:(?:0?[1-9]|[12]\d|3[01])(?P<between>[-. ])(?:0?[1-9]|1[0-2])(?P=between)(?:19|20)\d\d"
    r"|(?:19|20)\d\d(?P<sign>[-. ])(?:0[1-9]|1[0-2])(?P=sign)(?:0[1-9]|[12]\d|3[01]))(?!\d)"
)
"""A day written in digits: one in eleven passes the eleven test of the BSN, and is none."""


@dataclass(frozen=True)
class Finding:
    """One place in a text: what it looks like (bsn, telephone, e-mail, date of birth), and the place itself."""

    kind: str
    excerpt: str


def is_bsn(digits: str) -> bool:
    """Tell whether eight or nine digits pass the eleven test of the BSN.

    The digits times 9, 8, ... 2 and the last times -1 add up to a multiple of eleven.

    Examples
    --------
    >>> is_bsn("111222333"), is_bsn("111222334"), is_bsn("000000000")
    (True, False, False)
    """
    number = digits.zfill(9)
    if len(number) != 9 or int(number) == 0:
        return False
    total = sum(int(digit) * weight for digit, weight in zip(number, (9, 8, 7, 6, 5, 4, 3, 2, -1), strict=True))
    return total % 11 == 0


def refuse_long(text: str, longest: int = LONGEST_TEXT, field: str = "text") -> None:
    """Stop a text that is too long, before anything is looked for in it.

    Parameters
    ----------
    text
        As typed.
    longest
        In characters.
    field
        Its name in errors.

    Raises
    ------
    InputError
        With how long it is and what is the most.
    """
    if len(text) > longest:
        raise InputError("field_too_long", field=field, n=len(text), most=longest)


def find(*texts: str) -> list[Finding]:
    """Return what looks like personal data, in the order of the text's kinds; empty when nothing does.

    Dates count as dates of birth between 1920 and 2012, or after a word for birth; the dates of events do not, and
    no date is a BSN.

    Examples
    --------
    >>> [finding.kind for finding in find("Bel 06-12345678 of mail jan@voorbeeld.nl, BSN 111222333")]
    ['e-mail', 'telephone', 'bsn']
    >>> find("Controle op 14-09-2020, 120 bedden, 3711 AB")
    []

    Raises
    ------
    InputError
        One of the texts is longer than `LONGEST_TEXT`.
    """
    for one in texts:
        refuse_long(one)
    text = "\n".join(texts)
    found = [Finding("e-mail", match.group()) for match in _EMAIL.finditer(text)]
    found += [Finding("telephone", match.group()) for match in _PHONE.finditer(text)]
    for match in _DIGITS.finditer(text):
        if not _DAY.fullmatch(match.group()) and is_bsn(re.sub(r"\D", "", match.group())):
            found.append(Finding("bsn", match.group()))
    for match in _DATE.finditer(text):
        year = int(match["end"] or match["start"] or match["word"])
        if _FIRST_BIRTH_YEAR <= year <= _LAST_BIRTH_YEAR:
            found.append(Finding("date of birth", match.group()))
    found += [Finding("date of birth", match.group()) for match in _BORN.finditer(text)]
    return found
