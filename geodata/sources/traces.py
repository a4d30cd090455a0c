"""TRACES NT: slaughterhouses and meat plants approved in the Netherlands, with their address."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd

from geodata import codes
from geodata.errors import SourceError
from geodata.snapshots.snapshot import RawSnapshot
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
    for code in wanted:
        rows = _section(code, listed[code])
        rows_n += len(rows)
        places |= {_question(row) for row in rows}
        path = folder / f"{code}.json"
        path.write_text(json.dumps(rows, ensure_ascii=False), "utf-8")
        files[path.name] = path
    if not rows_n:
        raise SourceError(f"Source {SOURCE}: no establishment is listed; refresh again later.")
    found = geocoder.geocode(SOURCE, sorted(places), progress)
    path = folder / "places.json"
    answers = [[*question, place.x, place.y, place.located, place.gemeente_code] for question, place in found.items()]
    path.write_text(json.dumps(answers, ensure_ascii=False), "utf-8")
    files[path.name] = path
    return Delivery(files, datetime.now(UTC).date().isoformat(), rows_n, f"{http.base('traces')}{_PATH}")


def _section(code: str, expected_n: int) -> list[dict[str, Any]]:
    url = f"{http.base('traces')}{_PATH}/establishments/NL/{code}"
    found: list[dict[str, Any]] = []
    while True:
        question = {"max": str(_PAGE_N), "offset": str(len(found)), "sort": "name.value"}
        answer = http.get_json(SOURCE, url, question, headers=_HEADERS)
        try:
            rows = _rows(answer)
        except TypeError as error:
            raise SourceError(f"Source {SOURCE}: {url} answers in another layout; import a file instead.") from error
        known = {json.dumps(row, sort_keys=True) for row in found}
        fresh = [row for row in rows if json.dumps(row, sort_keys=True) not in known]
        found += fresh
        if not fresh or len(found) >= expected_n:
            return found


def _question(row: Mapping[str, Any]) -> tuple[str, str]:
    address = row.get("address") or {}
    street = str((address.get("street") or {}).get("value") or "").strip()
    return street, str((address.get("cityReference") or {}).get("name") or "").strip()


def _activities(row: Mapping[str, Any]) -> set[str]:
    return {str(activity.get("officialCode", "")) for activity in row.get("operatorActivityTypes") or []}


def _read(raw: RawSnapshot, areas: Mapping[str, pd.DataFrame]) -> Frames:
    """Return one site per approval number; a plant that slaughters anything is a slaughterhouse."""
    places = {(street, town): rest for street, town, *rest in json.loads((raw.path / "places.json").read_text("utf-8"))}
    found: dict[str, dict[str, Any]] = {}
    for name in sorted(set(raw.files) - {"places.json"}):
        for row in json.loads((raw.path / name).read_text("utf-8")):
            activities = _activities(row)
            if row.get("confidential") or (activities and activities <= _STORE_ONLY):
                continue
            street, town = _question(row)
            x, y, located, gemeente_code = places.get((street, town), [np.nan, np.nan, "none", ""])
            key = str(row.get("approvalNumber") or f"{row['operatorName']}-{town}").strip()
            kind = "slaughterhouse" if _SLAUGHTER in activities else "meat_plant"
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


CONNECTOR = Connector(_fetch, _read)
