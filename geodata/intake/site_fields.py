"""What the words of a list of sites mean: its kinds, countries and sizes."""

import re
import tomllib
from collections.abc import Callable, Hashable, Mapping
from functools import cache
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from geodata import site_kinds
from geodata.areas.regions import fold
from geodata.errors import InEach, InputError
from geodata.intake import cells
from geodata.intake.cells import Mark
from geodata.intake.columns import fold_header
from geodata.intake.files.table import is_blank
from geodata.intake.places import Kind as PlaceKind
from geodata.intake.places import Places, gemeente_of
from geodata.intake.receipt import Receipt
from geodata.site_kinds import Kind
from words import read_texts

WORDS: Final[Mapping[str, Any]] = tomllib.loads((Path(__file__).parent / "sites.toml").read_text("utf-8"))
"""The headers of every field, and the words for kinds and countries."""

_KINDS: Final = {fold(word): kind for kind, words in WORDS["kinds"].items() for word in (kind, *words)}
_COUNTRIES: Final[Mapping[str, str]] = {word: code for code, words in WORDS["countries"].items() for word in words}
_ACTIVITIES: Final = {fold_header(header) for header in WORDS["activities"]["headers"]}
_SBI_HEADERS: Final = {fold_header(header) for header in WORDS["activities"]["sbi_headers"]}
_SBI: Final[Mapping[str, str]] = WORDS["activities"]["sbi"]
_LETTERS: Final[Mapping[str, str]] = WORDS["activities"]["letters"]
_SHORT_SBI: Final = 4
_SIZES: Final = ("fte", "beds", "m2")
_PERSONS: Final = re.compile(r"person|werknemer|medewerker|employee|worker|arbeidsplaats|werkzam|staff", re.IGNORECASE)
_IN_M2: Final = (
    (re.compile(r"(?<![a-z])(ha|hectaren?|hectares)(?![a-z])", re.IGNORECASE), 10_000.0),
    (re.compile(r"(?<![a-z])(km2|km²)(?![a-z])", re.IGNORECASE), 1_000_000.0),
    (re.compile(r"(?<![a-z])(are|aren)(?![a-z])", re.IGNORECASE), 100.0),
)
_TOTAL: Final = re.compile(r"\s*(eind|sub|generaal)?\s*tota+l(en)?\b.*", re.IGNORECASE | re.DOTALL)
_SUM_OF: Final = r"(?i)(sub|eind|generaal )?tota+l(en)?\b"
_FEWEST_COLUMNS_N: Final = 3  # of fewer, one that is filled alone says nothing
_ELSEWHERE: Final = frozenset(WORDS["towns"]["elsewhere"])
_BEHIND: Final = re.compile(r"\s{0,20}[(\[,;/].*$")


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


def says_activities(header: str) -> bool:
    """Tell whether a column says what firms of any sort do, of which only some are sites of ours."""
    return fold_header(header) in _ACTIVITIES or says_sbi(header)


def says_sbi(header: str) -> bool:
    """Tell whether a column holds codes of the Standaard Bedrijfsindeling."""
    return fold_header(header) in _SBI_HEADERS


def kind_of_activity(text: str) -> str:
    """Return the kind of site that does what a list of firms says: by SBI, by the letters of approved plants, in words.

    Examples
    --------
    >>> kind_of_activity("10.11 Slachterijen"), kind_of_activity("SH, CP"), kind_of_activity("62.01")
    ('slaughterhouse', 'slaughterhouse', '')
    """
    if kind := kind_of(text):
        return kind
    by_sbi = next((kind for start, kind in _SBI.items() if any(one.startswith(start) for one in _sbi_of(text))), "")
    letters = set(re.split(r"[^A-Za-z]+", text.upper()))
    return by_sbi or next((kind for letter, kind in _LETTERS.items() if letter in letters), "")


def _sbi_of(text: str) -> tuple[str, str]:
    """Return the digits of an SBI code, and those with the zero in front that a spreadsheet takes away."""
    code = re.sub(r"\D", "", re.match(r"\s*[\d.\s]*", text)[0])  # type: ignore[index]
    return code, f"0{code}" if len(code) == _SHORT_SBI else ""


def kinds(
    given: pd.Series, default: str, row_n: pd.Series, where: str, kind_of: Callable[[str], str] = kind_of
) -> pd.Series:
    """Return the kind of every row: what its word says, else the one of all rows without one.

    Parameters
    ----------
    given
        The words.
    default
        The kind of all rows without one.
    row_n
        The number of each row in the file.
    where
        Name of the file.
    kind_of
        What a word means.

    Raises
    ------
    InputError
        A word is no kind of site, or nothing says the kind.
    """
    meant = {text: kind_of(text) if text else default for text in given.unique()}
    found = given.map(meant).astype("str")
    unknown = found.eq("")
    if unknown.any():
        named = {
            language: ", ".join(site_kinds.name(code, read_texts(language)).lower() for code in site_kinds.codes())
            for language in ("en", "nl")
        }
        word = given[unknown].iloc[0]
        raise InputError(
            "no_kind_of_site" if word else "kind_unsaid",
            where=where,
            a=row_n[unknown].iloc[0],
            b=word,
            c=", ".join(site_kinds.codes()),
            kinds=InEach(named["en"], nl=named["nl"]),
        )
    return found


def other_activities(
    given: pd.Series, lands: pd.Series, row_n: NDArray[np.int64], receipt: Receipt
) -> "pd.Series[bool]":
    """Tell which rows of a list of all sorts of firms are no site of ours: by their nature, and no loss.

    Parameters
    ----------
    given
        What the file says, a value per row.
    lands
        The country that each row writes.
    row_n
        The row in the file of each row.
    receipt
        Is told what was read, left out and changed.
    """
    is_other = ~given.map({text: bool(kind_of_activity(text)) for text in given.unique()}).astype(bool)
    is_abroad = lands.map({text: _country(text) is None for text in lands.unique()}).astype(bool) & ~is_other
    for rows, key, texts in ((is_other, "other_activity", given), (is_abroad, "other_country", lands)):
        for number, text in zip(row_n[rows.to_numpy()], texts[rows], strict=True):
            receipt.pass_over(number, key, text=text[:60])
    return is_other | is_abroad


def countries(given: pd.Series, row_n: NDArray[np.int64], where: str) -> pd.Series:
    """Return NL, DE or BE per row; nothing for another country.

    Parameters
    ----------
    given
        What the file says, a value per row.
    row_n
        The row in the file of each row.
    where
        What errors call the file and its sheet.

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
    for spelling in (text, _BEHIND.sub("", text), re.split(r"\s-\s", text)[0]):
        if code := _COUNTRIES.get(fold(spelling)):
            return code
    return None


def sizes(
    frame: pd.DataFrame, chosen: Mapping[str, str], row_n: NDArray[np.int64], where: str, receipt: Receipt
) -> tuple[pd.Series, pd.Series]:
    """Return the size and its unit: people where the file gives them, else beds, else square metres.

    Parameters
    ----------
    frame
        The cells, a column per column of the file.
    chosen
        The column of each field that was found.
    row_n
        The row in the file of each row.
    where
        What errors call the file and its sheet.
    receipt
        Is told what was read, left out and changed.
    """
    size = pd.Series(np.nan, index=frame.index)
    unit = pd.Series(next((name for name in _SIZES if name in chosen), "fte"), index=frame.index, dtype="str")
    comma = any(cells.has_decimal_comma(frame[chosen[name]]) for name in ("x", "lon", *_SIZES) if name in chosen)
    for name in _SIZES:
        if name not in chosen:
            continue
        header = chosen[name]
        # Where other columns write decimals with a comma, a point stands between thousands.
        groups = name != "fte" or (comma and not cells.has_decimal_comma(frame[header], at_all=True))
        groups = groups or _PERSONS.search(header) is not None
        found = cells.numbers(
            frame[header], f"{where}, {header}", is_whole=name == "beds", refuses=False, row_n=row_n, groups=groups
        )
        # nothing is as big as nil: whoever writes 0 did not know
        wrong = found.marks.eq(Mark.UNREADABLE) | (found.marks.eq("") & found.figures.le(0))
        withheld = found.marks.eq(Mark.SUPPRESSED)
        if withheld.any():  # 50-100 says something, and it is not read
            wrong |= withheld & frame[header].astype("str").str.contains(r"\d").fillna(value=False)
        for text, number in zip(frame.loc[wrong, header], row_n[wrong.to_numpy()], strict=True):
            receipt.change(number, "size_unreadable", column=header, text=str(text)[:60])
        if found.doubtful:
            receipt.note("size_doubtful", column=header, text=found.doubtful)
        receipt.tally("provisional", found.provisional_n)
        figures = found.figures.mask(found.marks.ne("") | wrong)
        factor = next((in_m2 for unit_word, in_m2 in _IN_M2 if name == "m2" and unit_word.search(header)), 1.0)
        if factor != 1.0:
            figures = (figures * factor).round(3)
            receipt.note("made_m2", column=header, factor=f"{factor:g}")
        unit = unit.mask(size.isna() & figures.notna(), name)
        size = size.fillna(figures)
    return size, unit


def tell_no_sites(
    frame: pd.DataFrame, is_named: pd.Series, row_n: NDArray[np.int64], receipt: Receipt
) -> list[Hashable]:
    """Write into a receipt which of some rows without a place are no sites, and return them.

    Parameters
    ----------
    frame
        Rows that name no place.
    is_named
        Which of them have a name or an address.
    row_n
        The number of each row in the file.
    """
    found = _no_sites(frame, is_named)
    numbers = dict(zip(frame.index, row_n, strict=True))
    for label, (key, text) in found.items():
        (receipt.leave_out if key == "nameless" else receipt.pass_over)(numbers[label], key, text=text)
    return [*found]


def _no_sites(frame: pd.DataFrame, is_named: pd.Series) -> dict[Hashable, tuple[str, str]]:
    """Return which of some rows without a place are no sites: a total, a heading between the rows, or nothing named.

    Parameters
    ----------
    frame
        Rows that name no place.
    is_named
        Which of them have a name or an address.

    Returns
    -------
    dict
        By row, the key of what is told of it, and the text that stands there.

    Examples
    --------
    >>> rows = pd.DataFrame({"nr": ["Totaal", "", "3"], "naam": ["", "Gelderland", ""], "bedden": ["9", "", "2"]})
    >>> _no_sites(rows, rows["naam"].ne(""))
    {0: ('total_row', 'Totaal'), 1: ('heading', 'Gelderland'), 2: ('nameless', '')}
    """
    found: dict[Hashable, tuple[str, str]] = {}
    for label, row, has_name in zip(frame.index, frame.itertuples(index=False, name=None), is_named, strict=True):
        filled = [cell for cell in row if not is_blank(cell) and cell == cell]  # noqa: PLR0124 - NaN
        total = next((cell for cell in filled if isinstance(cell, str) and _TOTAL.fullmatch(cell)), None)
        if total is not None:
            found[label] = ("total_row", total.strip()[:60])
        elif len(filled) == 1 and isinstance(filled[0], str) and frame.shape[1] >= _FEWEST_COLUMNS_N:
            found[label] = ("heading", filled[0].strip()[:60])
        elif not has_name:
            found[label] = ("nameless", "")
    return found


def gemeente_of_today(text: str, name: str, province: str, places: Places) -> tuple[str, str]:
    """Return the gemeente of today that a code, or the name beside it, gives, and what is to be told of it.

    Parameters
    ----------
    text
        A code or a name.
    name
        What a column of names says; '' without one.
    province
        To tell two of one name apart; '' where not known.
    places
        The gemeenten by code and name, of every year.
    """
    place = gemeente_of(text, name, province, places)
    if place.kind is PlaceKind.GEMEENTE:
        code = places.only_today(place.code)
        return code, "" if code == place.code else "changed" if code else "miss"
    if place.kind is PlaceKind.TOTAL:
        return "", "total"
    return "", "" if place.kind is PlaceKind.UNKNOWN else "miss"


def headers() -> dict[str, list[str]]:
    """Return the headers of every field; a coordinate's with what people write before or behind it (RD X, lat_wgs84).

    Examples
    --------
    >>> "rd x" in headers()["x"], "lat wgs84" in headers()["lat"]
    (True, True)
    """
    said = WORDS["coordinates"]
    return {
        name: spellings
        + [part for one in said.get(name, ()) for word in said["around"] for part in (f"{word} {one}", f"{one} {word}")]
        for name, spellings in WORDS["fields"].items()
    }


_OWN_COUNTRY: Final = re.compile(r"[\s,]{1,20}\(?(nederland|the netherlands|netherlands|nld?)\)?\s*$", re.IGNORECASE)


def split_postcode(texts: pd.Series, *, is_address: bool = False) -> tuple[pd.Series, pd.Series]:
    """Return the postcode and the town of cells that hold both, or a whole address; others are towns as they are.

    Examples
    --------
    >>> [column.tolist() for column in split_postcode(pd.Series(["6711 AB Ede", "Ede"]))]
    [['6711 AB', ''], ['Ede', 'Ede']]
    >>> [column.tolist() for column in split_postcode(pd.Series(["Dorpsstraat 1, 6711AB Ede", "Ede"]), is_address=True)]
    [['6711AB', ''], ['Ede', '']]
    >>> split_postcode(pd.Series(["Dorpsstraat 1, 6711AB Ede, Nederland"]), is_address=True)[1].tolist()
    ['Ede']
    """
    texts = texts.str.replace(_OWN_COUNTRY, "", regex=True)
    found = texts.str.extract(r"\b(\d{4}\s?(?:[A-Z]{2})?)[\s,]{1,20}([^\d]+)$")
    towns = found[1].fillna("" if is_address else texts)
    return found[0].fillna("").str.strip(), towns.str.strip()


def sums(names: pd.Series, places: Places) -> "pd.Series[bool]":
    """Tell which rows are no site but a sum of the rows above them: Totaal, Subtotaal Ede.

    Examples
    --------
    >>> from geodata.intake.places import known_places
    >>> sums(pd.Series(["Totaal", "Totaal gemeente Ede", "Totaal Slopen BV"]), known_places()).tolist()
    [True, True, False]
    """
    found = pd.Series(data=False, index=names.index)
    for text in names[names.str.match(_SUM_OF)].unique():
        of = str(re.sub(_SUM_OF, "", text)).strip(" :-")
        kinds = {places.find(of).kind, places.region(of).kind, places.province(of).kind} if of else set()
        found |= names.eq(text) & bool(not of or kinds - {PlaceKind.MISS, PlaceKind.UNKNOWN})
    return found


def gemeenten_of_towns(towns: pd.Series, provinces: pd.Series, postcodes: pd.Series, places: Places) -> pd.Series:
    """Return the gemeente of today of a town's name, '' where it has none or the town of that name lies elsewhere.

    Parameters
    ----------
    towns
        Names of towns.
    provinces
        The province of each, where the list tells it; else ''.
    postcodes
        The postcode of each, where the list tells it; else ''. Hengelo with 7255 is not the gemeente Hengelo.

    Examples
    --------
    >>> from geodata.intake.places import known_places
    >>> towns = pd.Series(["Hengelo", "Hengelo", "Hengelo"])
    >>> provinces, postcodes = pd.Series(["", "Gelderland", ""]), pd.Series(["", "", "7255 AB"])
    >>> gemeenten_of_towns(towns, provinces, postcodes, known_places()).tolist()
    ['GM0164', '', '']
    """
    number, different = pd.factorize(pd.MultiIndex.from_arrays([towns, provinces, postcodes.str[:4]]))
    meant = []
    for town, province, postcode in different:
        code, _ = gemeente_of_today(town, "", "", places)
        is_elsewhere = postcode in _ELSEWHERE or (
            places.province(province).code not in ("", places.province_of(code)) if code and province else False
        )
        meant.append("" if is_elsewhere else code)
    return pd.Series(pd.array(meant, dtype="str").take(number), index=towns.index)
