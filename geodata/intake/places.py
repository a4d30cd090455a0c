"""One function from any spelling, code or number to the place that is meant: gemeente, region, province.

Every gemeente, its name and its code since 2019 is known, as the names are written by CBS and as people write
them: without accents or hyphens, with a typographic apostrophe, "Den Haag", "Nuenen c.a.", "Bergen (NH)",
"gemeente X", ``363``, ``gm0363``. A gemeente is never confused with a province or veiligheidsregio of its name.
What the rows of a file say of their gemeente is read here for every import, and what is told of it in the receipt.
"""

import re
import tomllib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from rapidfuzz import fuzz, process

from geodata.areas import mergers, regions
from geodata.areas.regions import fold
from geodata.errors import InEach, UnknownCodeError
from geodata.intake.receipt import Receipt

_LISTED_N: Final = 20
_NAMED_N: Final = 6


class Kind(StrEnum):
    """What sort of place a cell names."""

    GEMEENTE = "gemeente"
    REGION = "veiligheidsregio"
    PROVINCE = "provincie"
    OTHER = "other"  # a part of the country that no table here is kept for: landsdeel, corop, wijk, buurt
    TOTAL = "total"  # the country, or the sum of the rows above
    UNKNOWN = "unknown"  # the publisher says that it does not know the place
    MISS = "miss"  # nobody knows this place


@dataclass(frozen=True)
class Place:
    """A place that a cell names.

    Attributes
    ----------
    code
        GM0363, VR13 or PV27; '' for the other kinds, and for a GGD that covers parts of two regions.
    name
        As CBS writes it; for a miss, what stood in the cell.
    """

    kind: Kind
    code: str = ""
    name: str = ""


_NAMES: Final[Mapping[str, Mapping[str, Any]]] = tomllib.loads(
    (Path(__file__).parent / "places.toml").read_text("utf-8")
)
_PROVINCES: Final = _NAMES["provinces"]
_PROVINCE_WORDS: Final = _NAMES["province_words"]
_EVERYDAY: Final = _NAMES["everyday"]
_GGD: Final = _NAMES["ggd"]
_GGD_CODES: Final = _NAMES["ggd_codes"]
_TWO_REGIONS: Final = ("hart voor brabant", "west brabant")  # GGDs over parts of two veiligheidsregio's
_TOTALS: Final = frozenset(_NAMES["words"]["totals"])
_UNKNOWNS: Final = frozenset(_NAMES["words"]["unknowns"])
_ELSEWHERE: Final = frozenset(_NAMES["words"]["elsewhere"])
_CODE: Final = re.compile(r"(?:GM)?[ _-]?(\d{1,4})(?:[.,]0+)?", re.IGNORECASE)
_OTHER_CODE: Final = re.compile(r"(LD|CR|WK|BU|AM|GG|AR|LG|ES|RES|KK|JZ|SW|RM|PO)[ _-]?\d{1,8}[a-z0-9]*", re.IGNORECASE)
_REGION_CODE: Final = re.compile(r"(VR)?[ _-]?(\d{1,2})(?:[.,]0+)?", re.IGNORECASE)
_KIND_BEHIND: Final = re.compile(
    r"\s*\((gemeente|gem\.?|gm|pv|prov\.?|provincie|ld|cr|vr|ggd|am|wk|bu)\)\s*$", re.IGNORECASE
)
_KIND_BEFORE: Final = re.compile(r"(veiligheidsregio\s|ggd\s|vr\d{2}$|provincie\s|pv\d{2}$)", re.IGNORECASE)
_GEMEENTE_BEFORE: Final = re.compile(r"^(gemeente|gem\.)\s+", re.IGNORECASE)
_GEMEENTE_BEHIND: Final = re.compile(r"[,\s]\s*gem(eente|\.)?$", re.IGNORECASE)
_REGION_BEFORE: Final = re.compile(
    r"^(veiligheids-?\s*(en|&)\s*gezondheidsregio|veiligheidsregio|vr|ggd|regio)\s+", re.IGNORECASE
)
_GGD_CODE: Final = re.compile(r"GG[ _-]?(\d{4})", re.IGNORECASE)
_SUM: Final = re.compile(r"((sub|eind|generaal )?tota+l|total)(en)?\b.*", re.IGNORECASE | re.DOTALL)
_WHOLE_COUNTRY: Final = re.compile(r"nl\d{2,}", re.IGNORECASE)
_ARTICLE_BEHIND: Final = re.compile(
    r"(?P<name>.+?)\s*(?:,\s*(?P<article>de|den|het|'?s-?|'t)|\((?P<in_brackets>de|den|het|'?s-?|'t)\))", re.IGNORECASE
)
_TWO_NAMES: Final = re.compile(r"(?P<one>[^(]+?)\s*\((?P<other>[^)]+)\)")
_FOOTNOTE: Final = re.compile(r"(?<=[^\s\d])\s*(?:\*{1,3}|[¹²³⁴⁵]|\d\)|\[\d\])$")
_BOTH: Final = (
    re.compile(r"(?P<code>(?:GM|VR)[ _-]?\d{1,4}|\d{4})\s*[-–:,/ ]\s*(?P<name>[^\W\d].*)", re.IGNORECASE),
    re.compile(r"(?P<name>[^\W\d].*?)\s*[-–:,/(\[ ]\s*(?P<code>(?:GM|VR)[ _-]?\d{1,4}|\d{4})\s*[)\]]?", re.IGNORECASE),
)
_BAG: Final = re.compile(r"NL\.IMBAG\.Gemeente\.", re.IGNORECASE)
_LONGEST_SHORT: Final = 3  # letters of a province's short name
_TOO_FAR: Final = 60.0  # likeness in percent below which a name is no suggestion


def text_of(cell: Any) -> str:
    """Return a cell that names a place as text: Excel's 363.0 is 363, and nothing is ''."""
    if cell is None or (isinstance(cell, float) and cell != cell):  # noqa: PLR0124 - NaN
        return ""
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    text = str(cell).replace("\u00a0", " ").strip()
    text = _BAG.sub("", text.lstrip("'") if text[1:].isdigit() else text)
    return _unscrambled(_FOOTNOTE.sub("", text))


def _unscrambled(text: str) -> str:
    """Return a name as it was before UTF-8 was read as Windows' letters: SÃºdwest is Súdwest."""
    if "Ã" not in text and "Â" not in text:
        return text
    try:
        return text.encode("cp1252").decode("utf-8")
    except UnicodeError:
        return text


class Places:
    """The gemeenten of every year since 2019, the regions and the provinces, by whatever they are called.

    Parameters
    ----------
    gemeenten
        Those of today: gemeente_code, gemeente_name, vr_code, provincie_name.
    veiligheidsregios
        vr_code, vr_name.
    changes
        As `geodata.areas.regions.read_changes` returns them.
    """

    def __init__(self, gemeenten: pd.DataFrame, veiligheidsregios: pd.DataFrame, changes: pd.DataFrame) -> None:
        today = list(zip(gemeenten["gemeente_code"], gemeenten["gemeente_name"], strict=True))
        gone = list(zip(changes["old_code"], changes["old_name"], strict=True))
        newer = list(zip(changes["new_code"], changes["new_name"], strict=True))
        self.names: Mapping[str, str] = {**dict(gone), **dict(newer), **dict(today)}
        self._region_of = {
            **dict(zip(changes["old_code"], changes["old_vr_code"], strict=True)),
            **dict(zip(gemeenten["gemeente_code"], gemeenten["vr_code"], strict=True)),
        }
        self._province_of = dict(zip(gemeenten["gemeente_code"], gemeenten["provincie_name"], strict=True))
        self.of_today: frozenset[str] = frozenset(code for code, _ in today)
        self._last_year = {
            str(code): int(day.year) - (day.month == 1 and day.day == 1)
            for code, day in zip(changes["old_code"], changes["effective_date"], strict=True)
        }
        first_day = "2019-01-01"
        self._heirs = {
            str(code): list(zip(group["new_code"], group["share"], strict=True))
            for code, group in regions.changes_from(int(first_day[:4]) + 1, with_arisen=True).groupby("old_code")
        }
        self._region_names = dict(zip(veiligheidsregios["vr_code"], veiligheidsregios["vr_name"], strict=True))
        self._by_name = self._names_of_gemeenten()
        self._regions = {_key(name): code for code, name in self._region_names.items()}
        self._regions |= {_key(name): code for name, code in _GGD.items() if code in self._region_names}
        self._seen: dict[str, Place] = {}

    def _names_of_gemeenten(self) -> dict[str, set[str]]:
        found: dict[str, set[str]] = {}
        for code, name in self.names.items():
            spellings = {name, re.sub(r"\s*\(.*\)$", "", name)}
            for spelling in spellings:
                found.setdefault(_key(spelling), set()).add(code)
        for name, code in _EVERYDAY.items():
            if code in self.names:
                found.setdefault(_key(name), set()).add(code)
        return found

    def find(self, cell: Any) -> Place:
        """Return the gemeente that a cell of a column of gemeenten names, or what else it says.

        A name that is both a gemeente and a province or region (Utrecht, Groningen) is the gemeente, unless the
        cell says otherwise: ``Utrecht (PV)``. A name that two gemeenten have (Bergen) is a miss.
        """
        text = text_of(cell)
        if text not in self._seen:
            self._seen[text] = self._find(text)
        return self._seen[text]

    def find_in(self, cell: Any, province: Any) -> Place:
        """Return what a cell names where a column beside it names the province: Bergen in Noord-Holland."""
        found = self.find(cell)
        text = text_of(province)
        if found.kind is not Kind.MISS or not text:
            return found
        closer = self.find(f"{text_of(cell)} ({self.province(text).name or text})")
        return closer if closer.kind is Kind.GEMEENTE else found

    def _find(self, text: str) -> Place:
        if said := _no_place(text):
            return said
        if code := _CODE.fullmatch(text):
            full = f"GM{int(code[1]):04d}"
            return Place(Kind.GEMEENTE, full, self.names[full]) if full in self.names else Place(Kind.MISS, "", text)
        if _OTHER_CODE.fullmatch(text):
            return Place(Kind.OTHER, "", text)
        if both := next((match for pattern in _BOTH if (match := pattern.fullmatch(text))), None):
            return self._code_and_name(both["code"], both["name"], text)
        return self._by_words(text)

    def _by_words(self, text: str) -> Place:
        behind = _KIND_BEHIND.search(text)
        if behind:
            return self._of_kind(_KIND_BEHIND.sub("", text), behind[1].casefold())
        if before := _KIND_BEFORE.match(text):
            return self.region(text) if before[1].casefold()[0] in "vg" else self.province(text)
        return self._gemeente(_GEMEENTE_BEHIND.sub("", _GEMEENTE_BEFORE.sub("", text)))

    def _code_and_name(self, code: str, name: str, text: str) -> Place:
        """Understand "0363 Amsterdam" and "Amsterdam (GM0363)"; a code and a name of two places are a miss."""
        is_region = code[:1].casefold() == "v"
        by_code = self.region(code) if is_region else self.find(code)
        by_name = self.region(name) if is_region else self.find(name)
        return by_code if by_code.code and by_code.code == by_name.code else Place(Kind.MISS, "", text)

    def _of_kind(self, text: str, kind: str) -> Place:
        if kind.startswith(("gem", "gm")):
            return self._gemeente(text)
        if kind.startswith(("pv", "prov")):
            return self.province(text)
        return self.region(text) if kind in ("vr", "ggd") else Place(Kind.OTHER, "", text)

    def _gemeente(self, text: str) -> Place:
        if behind := _ARTICLE_BEHIND.fullmatch(text):  # as a list in the order of the alphabet writes it: Bilt, De
            text = f"{behind['article'] or behind['in_brackets']} {behind['name']}"
        codes = self._by_name.get(_key(text), set())
        if len(codes) != 1:
            codes = self._in_a_province(text) or codes
        if len(codes) > 1 and len(codes & self.of_today) == 1:  # a name that went on under another code
            codes = codes & self.of_today
        if not codes and (two := _TWO_NAMES.fullmatch(text)):  # Leeuwarden (Ljouwert)
            same = self._gemeente(two["one"])
            return same if same.code == self._gemeente(two["other"]).code else Place(Kind.MISS, "", text)
        if not codes:
            return self._larger(text)
        if len(codes) != 1:
            return Place(Kind.MISS, "", text)
        (code,) = codes
        return Place(Kind.GEMEENTE, code, self.names[code])

    def _larger(self, text: str) -> Place:
        """Return the province or region of a name that no gemeente has; a miss for any other."""
        province = self.province(text) if fold(text) not in _PROVINCE_WORDS or len(text) > _LONGEST_SHORT else None
        if province and province.kind is Kind.PROVINCE:
            return province
        code = self._regions.get(_key(text))
        is_in_full = code and _key(self._region_names[code]) == _key(text)
        return (
            Place(Kind.REGION, str(code), self._region_names[str(code)]) if is_in_full else Place(Kind.MISS, "", text)
        )

    def _in_a_province(self, text: str) -> set[str]:
        """Understand a name with a province behind it: Bergen (NH), Hengelo Ov., Laren (Noord-Holland)."""
        parts = re.fullmatch(r"(.+?)\s*(?:\((.+)\)|[,\s]\s*([A-Za-z.\-]{1,13}))", text.strip())
        if not parts:
            return set()
        word = fold(parts[2] or parts[3])
        province = _PROVINCE_WORDS.get(word) or next((c for c, n in _PROVINCES.items() if fold(n) == word), "")
        codes = self._by_name.get(_key(parts[1]), set())
        return {code for code in codes if self._province_of.get(code) == _PROVINCES.get(province)}

    def region(self, cell: Any) -> Place:
        """Return the veiligheidsregio that a cell of a column of regions names: by code, number, name or GGD."""
        text = text_of(cell)
        both = next((match for pattern in _BOTH if (match := pattern.fullmatch(text))), None)
        if both and both["code"][:1].casefold() == "v":
            return self._code_and_name(both["code"], both["name"], text)
        code = _REGION_CODE.fullmatch(text)
        if code and f"VR{int(code[2]):02d}" in self._region_names:
            full = f"VR{int(code[2]):02d}"
            return Place(Kind.REGION, full, self._region_names[full])
        if said := _no_place(text):
            return said
        if ggd := _GGD_CODE.fullmatch(text):
            text = _GGD_CODES.get(ggd[1], text)
        return self._region_by_name(text)

    def _region_by_name(self, text: str) -> Place:
        bare = _KIND_BEHIND.sub("", text)
        for spelling in (bare, _REGION_BEFORE.sub("", bare), _REGION_BEFORE.sub("", _REGION_BEFORE.sub("", bare))):
            found = self._regions.get(_key(spelling))
            if found:
                return Place(Kind.REGION, found, self._region_names[found])
            if fold(spelling) in _TWO_REGIONS:
                return Place(Kind.REGION, "", spelling)
        if two := _TWO_NAMES.fullmatch(text):  # Veiligheidsregio Twente (VRT)
            same = self._region_by_name(two["one"])
            if same.code and same.code == self._region_by_name(two["other"]).code:
                return same
        return Place(Kind.MISS, "", text)

    def province(self, cell: Any) -> Place:
        """Return the province that a cell names, by name, code or short name."""
        text = re.sub(r"^provincie\s+", "", _KIND_BEHIND.sub("", text_of(cell)), flags=re.IGNORECASE)
        code = text.upper() if text.upper() in _PROVINCES else ""
        code = code or next((known for known, name in _PROVINCES.items() if fold(name) == fold(text)), "")
        code = code or _PROVINCE_WORDS.get(fold(text), "")
        return Place(Kind.PROVINCE, code, _PROVINCES[code]) if code else Place(Kind.MISS, "", text)

    def nearest(self, cell: Any, count_n: int = 3) -> list[str]:
        """Return the names that look most like one that nobody knows; those of a name that several have, first.

        Of a gemeente of another year those it became, or was made of.
        """
        text = text_of(cell)
        if (place := self.find(text)).kind is Kind.GEMEENTE:
            parts = [old for old, heirs in self._heirs.items() for code, _ in heirs if code == place.code != old]
            codes = parts if place.code in self.of_today else [code for code, _ in self.today(place.code)]
            return [self.names[code] for code in codes]
        same = self._by_name.get(_key(text), set())
        if same:
            return sorted(self.names[code] for code in same)
        return _alike(text, self.names, count_n)

    def nearest_region(self, cell: Any, count_n: int = 3) -> list[str]:
        """Return the names of veiligheidsregio's that look most like one that nobody knows."""
        return _alike(text_of(cell), self._region_names, count_n)

    def today(self, code: str) -> list[tuple[str, float]]:
        """Return the gemeente or gemeenten of today in which one of any year lies, each with its share (0-1)."""
        return self._heirs.get(code, [(code, 1.0)])

    def only_today(self, code: str) -> str:
        """Return the one gemeente of today that a gemeente went into; '' for one that was divided."""
        heirs = self.today(code)
        return str(heirs[0][0]) if len(heirs) == 1 else ""

    def other_names(self) -> list[tuple[str, str]]:
        """Return the names by which a gemeente of today is known too, with its code: everyday names, and names gone."""
        gone = [(name, heir) for code, name in self.names.items() for heir, _ in self.today(code) if heir != code]
        listed = dict.fromkeys([*_EVERYDAY.items(), *gone])
        return [(name, str(code)) for name, code in listed if code in self.of_today and self.names[code] != name]

    def province_of(self, code: str) -> str:
        """Return the code of the province of a gemeente of today; '' for any other."""
        return self.province(self._province_of.get(code, "")).code

    def region_of(self, code: str) -> str:
        """Return the veiligheidsregio of a gemeente; of one that is gone, the region in which it lay."""
        return str(self._region_of.get(code, ""))

    def region_name(self, code: str) -> str:
        """Return the name of a veiligheidsregio."""
        return str(self._region_names[code])

    def last_year(self, code: str) -> int | None:
        """Return the last year on whose first day a gemeente still existed; None for one of today."""
        return None if code in self.of_today else self._last_year.get(code)


def _alike(text: str, names: Mapping[str, str], count_n: int) -> list[str]:
    choices = {code: fold(name) for code, name in names.items()}
    found = process.extract(fold(text), choices, scorer=fuzz.WRatio, limit=count_n, score_cutoff=_TOO_FAR)
    return [names[code] for _, _, code in found]


def _no_place(text: str) -> Place | None:
    """Return what a cell says that names no place: the whole country, or that the place is not known."""
    if text.casefold() in _UNKNOWNS or fold(text) in _UNKNOWNS:
        return Place(Kind.UNKNOWN, "", text)
    if fold(text) in _ELSEWHERE:
        return Place(Kind.OTHER, "", text)
    is_total = fold(text) in _TOTALS or _WHOLE_COUNTRY.fullmatch(text) or _SUM.fullmatch(text)
    return Place(Kind.TOTAL, "", text) if is_total else None


def _key(text: str) -> str:
    return fold(text).replace(" ", "")


@lru_cache(maxsize=4)
def _places(_changes: str) -> Places:
    areas = mergers.known_areas()
    return Places(areas["gemeenten"], areas["veiligheidsregios"], regions.read_changes())


def known_places() -> Places:
    """Return the places of the Netherlands.

    Examples
    --------
    >>> places = known_places()
    >>> [places.find(cell).code for cell in ("Den Haag", 363, "gm0363", "Boxmeer", "Bergen (NH)", "Utrecht (PV)")]
    ['GM0518', 'GM0363', 'GM0363', 'GM0756', 'GM0373', 'PV26']
    >>> places.only_today("GM0756"), places.nearest("Amsteram")[0]
    ('GM1982', 'Amsterdam')
    """
    return _places(regions.read_changes().to_csv())


def different_texts(*given: pd.Series) -> tuple[NDArray[np.intp], list[tuple[str, ...]]]:
    """Return which combination of texts each row has, and every different combination once.

    Examples
    --------
    >>> number, found = different_texts(pd.Series(["363", "228", "363"]), pd.Series(["Amsterdam", "Ede", "Amsterdam"]))
    >>> number.tolist(), found
    ([0, 1, 0], [('363', 'Amsterdam'), ('228', 'Ede')])
    """
    together = np.zeros(len(given[0]), np.int64)
    for column in given:
        codes, texts = pd.factorize(column)
        together = together * max(len(texts), 1) + codes
    number, _ = pd.factorize(together)
    _, first = np.unique(number, return_index=True)
    return number, list(zip(*(column.iloc[first] for column in given), strict=True))


def gemeente_of(given: str, name: str, province: str, places: Places) -> Place:
    """Return the gemeente that a code or a name gives; a column of names beside it helps where that says nothing.

    Parameters
    ----------
    given
        A code or a name.
    name
        What a column of names says; '' without one.
    province
        To tell two of one name apart; '' where not known.
    places
        The gemeenten by code and name, of every year.
    """
    found = places.find_in(given, province)
    if found.kind in (Kind.UNKNOWN, Kind.MISS) and name and name != given:
        other = places.find_in(name, province)
        return other if found.kind is Kind.UNKNOWN or other.kind is Kind.GEMEENTE else found
    return found


def first_names(codes: Collection[str], places: Places) -> str:
    """Return the first names of some gemeenten by the alphabet, with an ellipsis where there are more."""
    names = sorted(places.names.get(code, code) for code in codes)
    return ", ".join(names[:_NAMED_N]) + (" ..." if len(names) > _NAMED_N else "")


def tell_disagreeing(
    different: Sequence[tuple[str, ...]],
    number: NDArray[np.intp],
    row_n: NDArray[np.int64],
    receipt: Receipt,
    places: Places,
) -> None:
    """Write into a receipt in which rows the code of a gemeente and its name are of two; the code counts.

    Parameters
    ----------
    different
        What stands in the two columns: each different pair once.
    number
        Which pair each row has.
    """
    for pair, (one, name, *_) in enumerate(different):
        by_code, by_name = places.find(one), places.find(name)
        if Kind.GEMEENTE == by_code.kind == by_name.kind and places.today(by_code.code) != places.today(by_name.code):
            for position in np.flatnonzero(number == pair).tolist():
                receipt.change(row_n[position], "code_and_name", text=f"{one}, {name}", taken=by_code.name)


def tell_missed(
    given: pd.Series, row_n: NDArray[np.int64], receipt: Receipt, places: Places, level: str = "gemeente"
) -> None:
    """Write into a receipt which gemeenten, or regions, nobody knows, with the nearest names and the rows.

    Parameters
    ----------
    given
        What the file says, a value per row.
    row_n
        The row in the file of each row.
    receipt
        Is told what was read, left out and changed.
    places
        The gemeenten by code and name, of every year.
    level
        ``vr`` or ``gemeente``.
    """
    nearest, key = (
        (places.nearest, "place_unknown") if level == "gemeente" else (places.nearest_region, "region_unknown")
    )
    by_text: dict[str, list[int]] = {}
    for text, number in zip(given, row_n.tolist(), strict=True):
        by_text.setdefault(str(text)[:60], []).append(number)
        receipt.leave_out(number, key, text=str(text)[:60])
    for text, rows in by_text.items():
        receipt.miss(text, nearest(text), rows)


def refuse_missed(receipt: Receipt, where: str, level: str = "gemeente") -> None:
    """Stop for places that nobody knows, and list them.

    Parameters
    ----------
    receipt
        Is told what was read, left out and changed.
    where
        What errors call the file and its sheet.
    level
        ``vr`` or ``gemeente``.

    Raises
    ------
    UnknownCodeError
        With every unknown place, its row and the nearest names; nothing has changed by then.
    """
    said = InEach(_missed(receipt, "row", "like", "or", "more"), nl=_missed(receipt, "rij", "zoals", "of", "meer"))
    raise UnknownCodeError(
        "places_unknown" if level == "gemeente" else "regions_unknown",
        where=where,
        a=len(receipt.places_missed),
        said=said,
    )


def _missed(receipt: Receipt, row: str, like: str, either: str, more: str) -> str:
    listed = [
        f"{text} ({row} {rows[0]}{f', {like} ' + f' {either} '.join(near) if near else ''})"
        for text, (near, rows) in receipt.places_missed.items()
    ]
    rest_n = len(listed) - _LISTED_N
    return "; ".join(listed[:_LISTED_N]) + (f"; {rest_n} {more}" if rest_n > 0 else "")
