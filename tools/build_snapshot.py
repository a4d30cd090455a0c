"""Build the embedded snapshot: boundaries, facts and the demonstration, with one manifest over all.

Run ``python -m tools.build_snapshot`` after a change of the demonstration or the facts. Boundaries are
rebuilt first with ``python -m tools.build_boundaries`` (needs a package registry).
"""

import geopandas as gpd

from geodata import contracts, settings
from geodata.areas import regions
from geodata.snapshots import snapshot
from geodata.snapshots.manifests import SourceRecord
from geodata.sources import catalogue
from tools import build_demonstration

_DATES = {
    "boundaries": "2023-01-01",
    "water": "2020-01-01",
    "gemeente_facts": "2023-01-01",
    "sector_jobs": "2019-12-31",
    "demonstration": "2020-11-30",
}


def build() -> str:
    """Write every table and the manifest into the embedded folder; return the data version.

    The manifest of the embedded folder is a core snapshot's, so that the product reads both alike.
    """
    folder = settings.EMBEDDED_DIR
    gemeenten = contracts.check("gemeenten", gpd.read_parquet(folder / "gemeenten.parquet"))
    demonstration = build_demonstration.build(gemeenten)
    tables = {
        "gemeenten": gemeenten,
        "veiligheidsregios": regions.dissolve_veiligheidsregios(gemeenten),
        **demonstration,
    }
    rows_n = {
        "boundaries": len(gemeenten),
        "water": len(gemeenten),
        "gemeente_facts": len(gemeenten),
        "sector_jobs": 12,
        "demonstration": sum(len(table) for table in demonstration.values()),
    }
    records = [
        SourceRecord(name, day, rows_n[name], catalogue.source(name).address, catalogue.source(name).licence, "")
        for name, day in _DATES.items()
    ]
    return snapshot.write_tables(folder, tables, records, is_demonstration=True)


if __name__ == "__main__":
    print(f"data version {build()}")
