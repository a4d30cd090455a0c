"""Tables as JSON: records in a list, under a name or line by line; columns; what Overpass and ArcGIS answer with."""

import hashlib
import json
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd

from geodata.errors import InputError
from geodata.intake.files.table import MAX_CELLS_N, MAX_ROWS_N, Table

_LISTS: Final = ("value", "data", "records", "results")
_DEGREES: Final = (4326, 4258)  # WGS84 and ETRS89; a Dutch service of ArcGIS else answers in metres, those of RD
_WEB_METRES: Final = (3857, 102100)
_MAP: Final = ("FeatureCollection", "Feature", "Topology")


def read(source: Path | bytes, name: str) -> Table | None:
    """Return the table of a JSON file; None for JSON of another kind, such as a map.

    Raises
    ------
    InputError
        It is no JSON, or too big.
    """
    content = source.read_bytes() if isinstance(source, Path) else source
    content = content.removeprefix(b"\xef\xbb\xbf")
    try:
        held: Any = json.loads(content)
    except (ValueError, RecursionError):
        held = _line_by_line(content)
    if isinstance(held, dict):
        held = None if held.get("type") in _MAP else _records(held)
    if not isinstance(held, list) or not held or not all(isinstance(row, dict) for row in held):
        return None
    names = list(dict.fromkeys(str(key) for row in held for key in row))
    if len(held) > MAX_ROWS_N or len(held) * len(names) > MAX_CELLS_N // 4:
        raise InputError("file_too_many_rows", name=name, rows_n=len(held))
    plain = [[_plain(row.get(key)) for key in names] for row in held]
    frame = pd.DataFrame(plain, columns=pd.Index(names, dtype="str"), dtype=object)
    return Table(name, frame, np.arange(1, len(frame) + 1), hashlib.sha256(content).hexdigest())


def _line_by_line(content: bytes) -> list[Any] | None:
    """Return the records of a text with one on each line; None for any other: who reads maps tells what is wrong."""
    try:
        return [json.loads(line) for line in content.splitlines() if line.strip()]
    except (ValueError, RecursionError):
        return None


def _records(held: Mapping[str, Any]) -> list[Any] | None:
    """Return the records that a JSON object holds, whatever it calls them.

    Examples
    --------
    >>> _records({"gemeente": ["Ede", "Tiel"], "aantal": [5, 6]})
    [{'gemeente': 'Ede', 'aantal': 5}, {'gemeente': 'Tiel', 'aantal': 6}]
    """
    if "osm3s" in held or "elements" in held:
        return _overpass(held.get("elements"))
    names, rows = held.get("columns"), held.get("data")
    if isinstance(names, list) and isinstance(rows, list) and all(isinstance(row, list) for row in rows):
        return [dict(zip(map(str, names), row, strict=False)) for row in rows]
    lists = {key: value for key, value in held.items() if isinstance(value, list) and value}
    usual = next((lists[key] for key in _LISTS if key in lists), None)
    of_records = [value for value in lists.values() if all(isinstance(row, dict) for row in value)]
    found = usual or (of_records[0] if len(of_records) == 1 else None)
    if found is not None:
        return _of_arcgis(found, held)
    inner = [value for value in held.values() if isinstance(value, dict)]
    if not lists and len(inner) == 1:  # the answer of a catalogue: result, records
        return _records(inner[0])
    if len(lists) == len(held) > 1 and len({len(value) for value in lists.values()}) == 1:
        return [dict(zip(lists, row, strict=True)) for row in zip(*lists.values(), strict=True)]
    return None


def _of_arcgis(found: list[Any], held: Mapping[str, Any]) -> list[Any]:
    """Return the objects of an ArcGIS service as records with the point that each has; any other list as it is."""
    if not all(isinstance(one, dict) and isinstance(one.get("attributes"), dict) for one in found):
        return found
    reference = held.get("spatialReference")
    wkid = reference.get("wkid") if isinstance(reference, dict) else None
    names = ("@lon", "@lat") if wkid in (*_DEGREES, *_WEB_METRES) else ("x_rd", "y_rd")
    points = [_point_of(one.get("geometry")) for one in found]
    if wkid in _WEB_METRES:
        points = [(None if x is None or y is None else _to_degrees(x, y)) or (None, None) for x, y in points]
    return [one["attributes"] | dict(zip(names, point, strict=True)) for one, point in zip(found, points, strict=True)]


def _point_of(shape: Any) -> tuple[float | None, float | None]:
    """Return the point of a shape of ArcGIS: its own, or the middle of its first ring or path."""
    if not isinstance(shape, dict):
        return None, None
    rings: list[Any] = next(
        (shape[key] for key in ("rings", "paths") if isinstance(shape.get(key), list) and shape[key]), [[]]
    )
    pairs = rings[0] if isinstance(rings[0], list) and "x" not in shape else [[shape.get("x"), shape.get("y")]]
    known = [
        (pair[0], pair[1])
        for pair in pairs
        if isinstance(pair, list) and len(pair) > 1 and all(isinstance(one, int | float) for one in pair[:2])
    ]
    if not known:
        return None, None
    x, y = ((min(values) + max(values)) / 2 for values in zip(*known, strict=True))
    return x, y


def _to_degrees(x: float, y: float) -> tuple[float, float]:
    """Return the degrees (WGS84) of metres in the projection of maps on the web.

    Examples
    --------
    >>> [round(one, 3) for one in _to_degrees(634521.0, 6806000.0)]
    [5.7, 52.032]
    """
    radius = 6_378_137.0
    return math.degrees(x / radius), math.degrees(2 * math.atan(math.exp(y / radius)) - math.pi / 2)


def _plain(cell: Any) -> Any:
    """Return a cell that is a list or a record of its own as text, so that nothing reads it as a value."""
    return json.dumps(cell, ensure_ascii=False) if isinstance(cell, dict | list) else cell


def _overpass(elements: Any) -> list[dict[str, Any]]:
    """Return the objects of OpenStreetMap that have tags, each with its point: its own, or the middle of what it is.

    Examples
    --------
    >>> _overpass([{"type": "way", "id": 2, "center": {"lat": 52.0, "lon": 5.0}, "tags": {"name": "A"}}])
    [{'@id': 'way/2', 'name': 'A', '@lat': 52.0, '@lon': 5.0}]
    """
    objects = [one for one in elements if isinstance(one, dict)] if isinstance(elements, list) else []
    nodes = {one.get("id"): one for one in objects if one.get("type") == "node"}
    found = []
    for one in objects:
        if isinstance(tags := one.get("tags"), dict):
            lat, lon = _middle(one, nodes)
            found.append({"@id": f"{one.get('type')}/{one.get('id')}", **tags, "@lat": lat, "@lon": lon})
    return found


def _middle(one: Mapping[str, Any], nodes: Mapping[Any, Mapping[str, Any]]) -> tuple[float | None, float | None]:
    held = one.get("geometry") or [nodes.get(node) for node in one.get("nodes") or ()]
    points: Sequence[Any] = held if isinstance(held, list) else ()
    if isinstance(box := one.get("bounds"), dict):
        points = [{"lat": box.get(f"{end}lat"), "lon": box.get(f"{end}lon")} for end in ("min", "max")]
    if isinstance(one.get("center"), dict):
        points = [one["center"]]
    if "lat" in one and "lon" in one:
        points = [one]
    pairs = [(point.get("lat"), point.get("lon")) for point in points if isinstance(point, dict)]
    known = [(lat, lon) for lat, lon in pairs if isinstance(lat, float | int) and isinstance(lon, float | int)]
    if not known:
        return None, None
    middle = [(min(values) + max(values)) / 2 for values in zip(*known, strict=True)]
    return middle[0], middle[1]
