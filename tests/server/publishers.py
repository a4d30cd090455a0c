"""Every publisher at once, as the tests and the measurements use them."""

import tempfile
from pathlib import Path

from tests.server import cbs, figures, maps
from tests.server.cbs import Table
from tests.server.local import Route

EXTRACT = "/europe/netherlands-latest.osm.pbf"


def extract() -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        return maps.write_extract(Path(folder) / "invented.osm.pbf").read_bytes()


def everything(tables: dict[str, Table] | None = None) -> list[Route]:
    """Return the routes of all publishers; ``tables`` may be changed while the server runs."""
    areas = maps.area_frames((2025, 2026))
    return [
        cbs.v3(figures.statline() if tables is None else tables),
        maps.pdok({maps.AREAS: areas, maps.TOP10NL: maps.top10nl_frames()}),
        maps.wfs(areas),
        maps.locatieserver(maps.ADDRESSES),
        maps.overpass(),
        maps.files({EXTRACT: extract(), **maps.rivm_files()}),
        maps.traces(),
    ]
