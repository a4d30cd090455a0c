"""The address geocoder of PDOK (Locatieserver), with what it answered before kept on disk."""

import json
import re
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path

from geodata import settings
from geodata.errors import SourceError
from geodata.snapshots import formats as store
from geodata.sources import http
from geodata.sources.cbs.odata import plain
from geodata.sources.http import Progress

_PATH = "/bzk/locatieserver/search/v3_1/free"
_FIELDS = "type,weergavenaam,woonplaatsnaam,gemeentecode,centroide_rd,centroide_ll,score"
_EXACT_TYPES = ("adres",)  # a street or a town is a place, not a location


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


def geocode(source_id: str, questions: Iterable[tuple[str, str]], progress: Progress) -> dict[tuple[str, str], Place]:
    """Return the places of addresses; an address that cannot be found is absent.

    Parameters
    ----------
    questions
        (street with number, town). An answer in another town is not accepted: the service's score is
        relative, and its best hit may lie elsewhere.

    Raises
    ------
    SourceError
        The service cannot be reached.
    """
    path = settings.data_dir() / "cache" / "geocoder.json"
    known: dict[str, dict[str, object] | None] = _read(path)
    asked = list(dict.fromkeys(questions))
    try:
        for number, (street, town) in enumerate(asked):
            key = f"{plain(street)}|{plain(town)}"
            if key not in known:
                found = _ask(source_id, street, town)
                known[key] = asdict(found) if found else None
            progress(number + 1, len(asked))
    finally:
        _write(path, known)
    answers = {question: known[f"{plain(question[0])}|{plain(question[1])}"] for question in asked}
    return {question: Place(**answer) for question, answer in answers.items() if answer}  # type: ignore[arg-type]


def _ask(source_id: str, street: str, town: str) -> Place | None:
    url = f"{http.base('locatieserver')}{_PATH}"
    # the service refuses a parameter that it does not know
    answer = http.get_json(source_id, url, {"q": f"{street}, {town}".strip(", "), "rows": "5", "fl": _FIELDS})
    try:
        documents = answer["response"]["docs"]
        for document in documents:
            if town and plain(str(document.get("woonplaatsnaam", ""))) != plain(town):
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
