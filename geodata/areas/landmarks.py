"""Places by size, rivers and lakes: by what a reader finds the way on a map. Made by ``tools.build_landmarks``."""

import json
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

import numpy as np

from geodata.settings import EMBEDDED_DIR

FILE: Final = "landmarks.json"
STEPS: Final = 5_000
"""Steps of a degree in the file: 22 m to the north, 14 m to the east."""


@dataclass(frozen=True)
class Place:
    """A town or village of 10,000 inhabitants or more (GeoNames).

    Attributes
    ----------
    name
        Its Dutch name.
    gemeente_code
        The gemeente of 2023 in which it lies.
    thousands_n
        Its inhabitants in thousands, to order by size; no figure to reckon with.
    latitude, longitude
        Degrees, EPSG:4326.
    """

    name: str
    gemeente_code: str
    thousands_n: int
    latitude: float
    longitude: float


@cache
def content() -> dict[str, Any]:
    """Return the file as it stands: the browser reads the same one."""
    found: dict[str, Any] = json.loads((EMBEDDED_DIR / FILE).read_text("utf-8"))
    return found


@cache
def places() -> tuple[Place, ...]:
    """Return the places, the largest first.

    Examples
    --------
    >>> [place.name for place in places()[:3]], len(places())
    (['Amsterdam', 'Rotterdam', 'Den Haag'], 266)
    """
    return tuple(
        Place(name, code, thousands, north / STEPS, east / STEPS)
        for name, code, thousands, north, east in content()["places"]
    )


@cache
def waters() -> dict[str, tuple[np.ndarray, ...]]:
    """Return ``rivers`` (lines) and ``lakes`` (closed rings), each as rows of latitude and longitude (EPSG:4326)."""
    return {name: tuple(map(unpack, content()[name])) for name in ("rivers", "lakes")}


def pack(points: np.ndarray) -> list[int]:
    """Return points (degrees) as whole steps: the first from zero, each other from the one before.

    Examples
    --------
    >>> pack(np.array([[52.0, 5.0], [52.001, 4.9]]))
    [260000, 25000, 5, -500]
    >>> unpack([260000, 25000, 5, -500]).tolist()
    [[52.0, 5.0], [52.001, 4.9]]
    """
    whole = np.rint(points * STEPS).astype(int)
    steps = np.diff(whole, axis=0, prepend=np.zeros((1, 2), int))
    return [int(step) for step in steps[[True, *steps[1:].any(axis=1)]].ravel()]


def unpack(steps: list[int]) -> np.ndarray:
    """Return the points (degrees) of packed steps."""
    return np.cumsum(np.reshape(steps, (-1, 2)), axis=0) / STEPS
