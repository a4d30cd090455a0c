"""The address geocoder of PDOK (Locatieserver), with what it answered before kept on disk.

A miss is kept for a month and then asked again: registers are corrected, and so are their readers.
"""

import json
import re
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Final

from geodata import settings
from geodata.areas.regions import fold
from geodata.errors import SourceError
from geodata.snapshots import formats as store
from geodata.sources import http
from geodata.sources.cbs.question import plain
from geodata.sources.http import Progress

_PATH = "/bzk/locatieserver/search/v3_1/free"
_FIELDS = "type,weergavenaam,woonplaatsnaam,gemeentenaam,gemeentecode,postcode,centroide_rd,centroide_ll,score"
_EXACT_TYPES = ("adres",)  # a street or a town is a place, not a location
MISS_DAYS: Final = 30
_MISSED_ON: Final = "missed_on"
# What registers put behind a town to tell it from another of the same name.
_PROVINCES: Final = {
    "ut": "ut",
    "utr": "ut",
    "u": "ut",
    "zh": "zh",
    "nh": "nh",
    "nb": "nb",
    "br": "nb",
    "gld": "gld",
    "gd": "gld",
    "ov": "ov",
    "lb": "lb",
    "li": "lb",
    "l": "lb",
    "ze": "ze",
    "zld": "ze",
    "z": "ze",
    "fr": "fr",
    "frl": "fr",
    "gr": "gr",
    "gn": "gr",
    "dr": "dr",
    "fl": "fl",
}
_EVERYDAY: Final = {"den haag": "s gravenhage", "den bosch": "s hertogenbosch"}
_POSTCODE: Final = re.compile(r"\s*(\d{4})(?:\s*[A-Z]{2})?\s*", re.IGNORECASE)


@dataclass(frozen=True)
class Place:
    """Where an address lies.

    Attributes
    ----------
    x, y
        EPSG:28992, metres.
    located
        ``address`` when the house number was found, ``place`` when only the street or the town.
    """

    x: float
    y: float
    located: str
    gemeente_code: str


Question = tuple[str, str] | tuple[str, str, str]
"""(street with number, town), and where it is known the postcode: four digits are enough."""


def geocode(
    source_id: str, questions: Iterable[Question], progress: Progress, today: date | None = None
) -> dict[Question, Place]:
    """Return the places of addresses; an address that cannot be found is absent.

    Parameters
    ----------
    questions
        (street with number, town) or with the postcode behind it. An answer is accepted when it lies in that
        postcode (four digits), in that town, or in the gemeente of that name: the service's score is relative, and
        its best hit may lie elsewhere.
    today
        From which day a miss is old enough to be asked again; by default today (UTC).

    Raises
    ------
    SourceError
        The service cannot be reached.
    """
    today = today or datetime.now(UTC).date()
    path = settings.data_dir() / "cache" / "geocoder.json"
    known: dict[str, dict[str, object] | None] = _read(path)
    asked = list(dict.fromkeys(questions))
    try:
        for number, question in enumerate(asked):
            key = _key(question)
            if key not in known or _is_old_miss(known[key], today):
                found = _ask(source_id, question)
                known[key] = asdict(found) if found else {_MISSED_ON: today.isoformat()}
            progress(number + 1, len(asked))
    finally:
        _write(path, known)
    answers = {question: known[_key(question)] for question in asked}
    return {
        question: Place(**answer)  # type: ignore[arg-type]
        for question, answer in answers.items()
        if answer and _MISSED_ON not in answer
    }


def _key(question: Question) -> str:
    return "|".join(plain(part) for part in question if part)


def _is_old_miss(answer: dict[str, object] | None, today: date) -> bool:
    if answer is None:  # kept by an earlier version, which never asked again
        return True
    missed_on = answer.get(_MISSED_ON)
    return missed_on is not None and (today - date.fromisoformat(str(missed_on))).days > MISS_DAYS


def town_words(town: str) -> tuple[str, str]:
    """Return a town's name for comparing, and the province that stands behind it ('' for none).

    Examples
    --------
    >>> town_words("Ijsselstein Ut"), town_words("Katwijk NB"), town_words("Den Haag")
    (('ijsselstein', 'ut'), ('katwijk', 'nb'), ('s gravenhage', ''))
    >>> town_words("St.-Annaparochie") == town_words("Sint Annaparochie"), town_words("Sûwâld")
    (True, ('suwald', ''))
    """
    words = fold(town).split()
    province = _PROVINCES.get(words[-1], "") if len(words) > 1 else ""
    name = " ".join(words[:-1] if province else words)
    return _EVERYDAY.get(name, name), province


def _is_same_town(left: str, right: str) -> bool:
    (name, province), (other, other_province) = town_words(left), town_words(right)
    return name == other and (not province or not other_province or province == other_province)


def _ask(source_id: str, question: Question) -> Place | None:
    street, town = question[0], question[1]
    found = _POSTCODE.fullmatch(question[2]) if len(question) > 2 else None
    postcode_4 = found[1] if found else ""
    url = f"{http.base('locatieserver')}{_PATH}"
    # the service refuses a parameter that it does not know
    answer = http.get_json(source_id, url, {"q": f"{street}, {town}".strip(", "), "rows": "5", "fl": _FIELDS})
    try:
        for document in answer["response"]["docs"]:
            names = (str(document.get("woonplaatsnaam", "")), str(document.get("gemeentenaam", "")))
            is_there = bool(postcode_4) and str(document.get("postcode", "")).startswith(postcode_4)
            if town and not is_there and not any(_is_same_town(town, name) for name in names):
                continue
            x, y = _point(str(document["centroide_rd"]))
            located = "address" if document["type"] in _EXACT_TYPES and street else "place"
            return Place(x, y, located, f"GM{document['gemeentecode']}")
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise SourceError(
            f"Source {source_id}: the geocoder at {url} answers in another layout ({error!r}); compare it with"
            " docs/sources.md."
        ) from error
    return None


def _point(text: str) -> tuple[float, float]:
    match = re.fullmatch(r"POINT\(([-\d.]+) ([-\d.]+)\)", text)
    if not match:
        raise ValueError(text)
    return float(match[1]), float(match[2])


def _read(path: Path) -> dict[str, dict[str, object] | None]:
    try:
        content: dict[str, dict[str, object] | None] = json.loads(path.read_text("utf-8"))
    except (FileNotFoundError, ValueError):  # a cache that is gone or damaged is filled again
        return {}
    return content


def _write(path: Path, known: dict[str, dict[str, object] | None]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with store.whole_file(path) as part:
        part.write_text(json.dumps(known, ensure_ascii=False), "utf-8")
