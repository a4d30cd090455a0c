"""Tables as JSON: a list of records, alone or under ``value`` (OData), or the objects that Overpass answers with."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd

from geodata.errors import InputError
from geodata.intake.files.table import MAX_CELLS_N, MAX_ROWS_N, Table

_LISTS: Final = ("value", "data", "records", "results")
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
        return None  # whoever reads maps tells what is wrong with it
    if isinstance(held, dict):
        if held.get("type") in _MAP:
            return None
        if "osm3s" in held or "elements" in held:
            held = {"value": _overpass(held.get("elements"))}
        held = next((held[key] for key in _LISTS if isinstance(held.get(key), list)), None)
    if not isinstance(held, list) or not held or not all(isinstance(row, dict) for row in held):
        return None
    names = list(dict.fromkeys(str(key) for row in held for key in row))
    if len(held) > MAX_ROWS_N or len(held) * len(names) > MAX_CELLS_N // 4:
        raise InputError("file_too_many_rows", name=name, rows_n=len(held))
    plain = [[_plain(row.get(key)) for key in names] for row in held]
    frame = pd.DataFrame(plain, columns=pd.Index(names, dtype="str"), dtype=object)
    return Table(name, frame, np.arange(1, len(frame) + 1), hashlib.sha256(content).hexdigest())


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
