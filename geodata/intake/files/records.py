"""Tables as JSON: a list of records, as publishers give beside their CSV, alone or under ``value`` (OData)."""

import hashlib
import json
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
