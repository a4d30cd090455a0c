"""TRACES NT: slaughterhouses and meat plants approved in the Netherlands, with their address."""

import json
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd

from geodata import codes
from geodata.errors import SourceError
from geodata.snapshots.deliveries import RawSnapshot
from geodata.sources import catalogue, geocoder, http
from geodata.sources.connector import Connector, Delivery, Frames
from geodata.sources.http import Progress
from geodata.tables.site_table import points_rd, site_table

SOURCE = "traces"
_PATH = "/tracesnt/directory/listing/establishment/publication"
SECTIONS = ("RM", "PM", "MM", "RPM")  # ungulates, poultry, minced meat, meat products
_PAGE_N = 1000
_SLAUGHTER = "SH"
_STORE_ONLY = {"CS", "RW"}  # cold stores and rewrapping: no meat is worked there
_COLD = re.compile(r"\b(koel|vries|vriezer|cold|frozen|freez|opslag|storage|warehous|logist)", re.IGNORECASE)
_CHAIN_N = 8  # one name at so many addresses, none of which slaughters: the shops of a wholesale chain
_HEADERS = {"X-Requested-With": "XMLHttpRequest"}


def sections(source_id: str = SOURCE) -> dict[str, int]:
    """Return the sections that are listed for the Netherlands, with their number of establishments.

    Raises
    ------
    SourceError
        The list cannot be had or has another layout.
    """
    url = f"{http.base('traces')}{_PATH}"
    question = {"classificationSectionChapter": "food", "countryCode": "NL"}
    answer = http.get_json(source_id, url, question, headers=_HEADERS)
    try:
        return {
            str(row["establishmentListingId"]["classificationSectionId"]["code"]): int(row["numberOfEstablishments"])
            for row in _rows(answer)
        }
    except (KeyError, TypeError, ValueError) as error:
        raise SourceError(
            f"Source {source_id}: {url} answers in another layout ({error!r}); compare it with docs/sources.md,"
            " or import a file with the sites."
        ) from error


def _rows(answer: Any) -> list[Any]:
    rows = answer.get("content") if isinstance(answer, dict) else answer
    if not isinstance(rows, list):
        raise TypeError("no list of rows")
    return rows


def _fetch(folder: Path, progress: Progress) -> Delivery:
    listed = sections()
    wanted = [code for code in SECTIONS if code in listed]
    if not wanted:
        raise SourceError(
            f"Source {SOURCE}: none of the sections {', '.join(SECTIONS)} is listed; their codes have changed:"
            " compare them with docs/sources.md."
        )
    files, rows_n, places = {}, 0, set()
    listed_rows = []
    for code in wanted:
        rows = _section(code, listed[code])
        rows_n += len(rows)
        listed_rows += rows
        path = folder / f"{code}.json"
        path.write_text(json.dumps(rows, ensure_ascii=False), "utf-8")
        files[path.name] = path
    if not rows_n:
        raise SourceError(f"Source {SOURCE}: no establishment is listed; refresh again later.")
    worked, passed_n = _worked(listed_rows)
    places = {_question(row) for row in worked}
    found = geocoder.geocode(SOURCE, sorted(places), progress)
    path = folder / "places.json"
    answers = [
        [*question[:2], place.x, place.y, place.located, place.gemeente_code] for question, place in found.items()
    ]
    path.write_text(json.dumps(answers, ensure_ascii=False), "utf-8")
    files[path.name] = path
    address = f"{http.base('traces')}{_PATH}"
    notes = (*_missed(places, set(found)), *_passed(passed_n))
    return Delivery(files, datetime.now(UTC).date().isoformat(), rows_n, address, notes=notes)


def _missed(asked: set[geocoder.Question], found: set[geocoder.Question]) -> tuple[str, ...]:
    lost = sorted(asked - found)
    if not lost:
        return ()
    named = "; ".join(f"{street}, {town}" for street, town, *_ in lost[:5])
    more = f" and {len(lost) - 5} more" if len(lost) > 5 else ""
    told = (
        f"{len(lost)} of {len(asked)} addresses were not found ({named}{more}); they are asked again after"
        f" {geocoder.MISS_DAYS} days, and stand in the list of python -m risk problems."
    )
    return (told,)


def _passed(passed_n: int) -> tuple[str, ...]:
    if not passed_n:
        return ()
    return (f"{passed_n} cold stores and shops of wholesale chains are no meat plants and were passed over.",)


def _worked(rows: Sequence[Mapping[str, Any]]) -> tuple[list[Mapping[str, Any]], int]:
    """Return the establishments where meat is worked, and how many stores and shops were passed over."""
    addresses: dict[str, set[geocoder.Question]] = {}
    for row in rows:
        addresses.setdefault(_chain(row), set()).add(_question(row))
    slaughtering = {_chain(row) for row in rows if _SLAUGHTER in _activities(row)}
    chains = {name for name, places in addresses.items() if len(places) >= _CHAIN_N and name not in slaughtering}
    worked = [row for row in rows if not _is_store(row) and _chain(row) not in chains]
    return worked, len(rows) - len(worked)


def _chain(row: Mapping[str, Any]) -> str:
    """Return the first words of a name, which the shops of one chain share."""
    words = re.findall(r"[a-z0-9]+", str(row.get("operatorName", "")).lower())
    return " ".join(words[:2])


def _is_store(row: Mapping[str, Any]) -> bool:
    activities = _activities(row)
    if activities and activities <= _STORE_ONLY:
        return True
    return _SLAUGHTER not in activities and bool(_COLD.search(str(row.get("operatorName", ""))))


def _section(code: str, expected_n: int) -> list[dict[str, Any]]:
    url = f"{http.base('traces')}{_PATH}/establishments/NL/{code}"
    found: list[dict[str, Any]] = []
    while True:
        question = {"max": str(_PAGE_N), "offset": str(len(found)), "sort": "name.value"}
        answer = http.get_json(SOURCE, url, question, headers=_HEADERS, is_kept=True)
        try:
            rows = _rows(answer)
        except TypeError as error:
            raise SourceError(f"Source {SOURCE}: {url} answers in another layout; import a file instead.") from error
        known = {json.dumps(row, sort_keys=True) for row in found}
        fresh = [row for row in rows if json.dumps(row, sort_keys=True) not in known]
        found += fresh
        if not fresh or len(found) >= expected_n:
            return found


def _question(row: Mapping[str, Any]) -> geocoder.Question:
    address = row.get("address") or {}
    street = str((address.get("street") or {}).get("value") or "").strip()
    town = str((address.get("cityReference") or {}).get("name") or "").strip()
    postcode = str(address.get("postalCode") or (address.get("cityReference") or {}).get("postalCode") or "").strip()
    return street, town, postcode


def _activities(row: Mapping[str, Any]) -> set[str]:
    return {str(activity.get("officialCode", "")) for activity in row.get("operatorActivityTypes") or []}


def _read(raw: RawSnapshot, areas: Mapping[str, pd.DataFrame]) -> Frames:
    """Return one site per approval number; a plant that slaughters anything is a slaughterhouse."""
    places = {(street, town): rest for street, town, *rest in json.loads((raw.path / "places.json").read_text("utf-8"))}
    found: dict[str, dict[str, Any]] = {}
    names = sorted(set(raw.files) - {"places.json"})
    listed = [row for name in names for row in json.loads((raw.path / name).read_text("utf-8"))]
    for row in _worked(listed)[0]:
        if row.get("confidential"):
            continue
        street, town, *_ = _question(row)
        x, y, located, gemeente_code = places.get((street, town), [np.nan, np.nan, "none", ""])
        key = str(row.get("approvalNumber") or f"{row['operatorName']}-{town}").strip()
        kind = "slaughterhouse" if _SLAUGHTER in _activities(row) else "meat_plant"
        if key in found and found[key]["kind"] == "slaughterhouse":
            kind = "slaughterhouse"
        found[key] = {
            "key": key,
            "kind": kind,
            "name": str(row["operatorName"]).strip(),
            "located": located,
            "gemeente_code": gemeente_code,
            "x": x,
            "y": y,
        }
    rows = pd.DataFrame(found.values())
    points = points_rd(rows["x"].astype(float), rows["y"].astype(float), codes.CRS_RD)
    sites = gpd.GeoDataFrame(rows.drop(columns=["x", "y"]), geometry=points)
    status = catalogue.source(SOURCE).status
    return {"sites": site_table(sites, SOURCE, raw.record.source_date, status, areas)}


def _ask() -> list[str]:
    listed = sections()
    return [f"section {code} is not listed" for code in SECTIONS[:2] if code not in listed]


CONNECTOR = Connector(_fetch, _read, ask=_ask)
