"""Build the demonstration data: four invented tables that show every feature and claim nothing.

Run ``python -m tools.build_demonstration`` after the boundaries are built; it writes
``exposure.parquet``, ``sites.parquet``, ``activations.parquet`` and ``incidence.parquet`` beside this file,
the same bytes every time. `tools.build_snapshot` writes them too and renews the manifest over the whole
folder. Every figure is ``fictional`` (or ``missing``, with its reason); names are made-up words. The last
date is 30 November 2020: the peildatum of the demonstration.

=============  ====================================================================================
table          rules
=============  ====================================================================================
exposure       342 gemeenten x 12 sectors, year 2020. The national jobs of each sector (`codes.SECTORS`)
               are spread by ``demonstration/spread.toml``: an even part by inhabitants or farmland, the
               rest over places named there, with log-normal scatter; too few workers for a business is
               a true zero. Workers from EU/EFTA countries are a per cent of the sector's workers (size
               only). 12 small cells are withheld, and of 30 more the migrant workers.
sites          880 in the Netherlands, drawn where the sector works (workers to the power 0.75), on
               business estates that a gemeente's sites share; lodging for 80 % within 6 km of a place of
               work, for 20 % at 15 to 40 km; 12 lodgings just over the border; 12 sites a second time
               under another name. 64 slaughterhouses, of which 16 below 100 fte in VR06. 45 without
               size, 20 without place, 16 with only the middle of their gemeente.
activations    56 from 1 September to 30 November 2020 in the groups of ``demonstration/activations.toml``,
               spread over the regions in proportion to their sites.
incidence      COVID-19, 342 gemeenten x the weeks 2020-W36 to W48: a national wave x factors of region,
               gemeente and week, Poisson; independent of the other tables but for five local waves
              (``demonstration/incidence.py``), so that there are alarms; 14 missing.
=============  ====================================================================================
"""

import geopandas as gpd
import numpy as np
import pandas as pd

from geodata import contracts, settings
from geodata.snapshots import formats as store
from geodata.tables import coverage
from tools.demonstration.activations import build_activations
from tools.demonstration.exposure import build_exposure
from tools.demonstration.incidence import build_incidence
from tools.demonstration.sites import build_sites

SEED = 20201130


def build(gemeenten: gpd.GeoDataFrame) -> dict[str, pd.DataFrame]:
    """Return the four tables of the demonstration.

    Parameters
    ----------
    gemeenten
        Contract ``gemeenten`` (342 rows, EPSG:28992), in any order.

    Returns
    -------
    dict
        ``exposure``, ``sites``, ``activations`` and ``incidence``, each as its contract wants it.

    Raises
    ------
    ContractError
        The gemeenten break their contract.
    UnknownCodeError
        A gemeente that the rules name is not in the table.
    """
    gemeenten = contracts.check("gemeenten", gemeenten).sort_values("gemeente_code", ignore_index=True)
    exposure = contracts.check("exposure", build_exposure(gemeenten, _stream(1)))
    sites = contracts.check("sites", build_sites(gemeenten, exposure, _stream(2)))
    # No list of the demonstration was corrected: what says so is added on reading, as in any older delivery.
    sites = _declared_whole(sites, gemeenten).drop(columns="place_corrected_on")
    activations = contracts.check("activations", build_activations(gemeenten, exposure, sites, _stream(3)))
    incidence = contracts.check("incidence", build_incidence(gemeenten, _stream(4), _stream(5)))
    return {"exposure": exposure, "sites": sites, "activations": activations, "incidence": incidence}


def _declared_whole(sites: pd.DataFrame, gemeenten: pd.DataFrame) -> pd.DataFrame:
    """Say of every kind that its list is whole in the regions without one too: the first row answers for them.

    Where an invented list has rows it is whole (`geodata.tables.coverage`).
    """
    said = sites["list_covers"].copy()
    for _, rows in sites[sites["vr_code"] != ""].groupby("kind"):
        without = set(gemeenten["vr_code"]) - set(rows["vr_code"])
        said[rows.index[0]] = coverage.declared([*without, rows["vr_code"].iloc[0]]) if without else ""
    return sites.assign(list_covers=said)


def _stream(number: int) -> np.random.Generator:
    """Return a table's own random numbers, so that a change of one table leaves the others alone."""
    return np.random.Generator(np.random.PCG64([SEED, number]))


def main() -> None:
    """Write the four tables beside this file."""
    gemeenten = store.read_parquet("gemeenten", settings.EMBEDDED_DIR / "gemeenten.parquet")
    for name, table in build(gemeenten).items():
        path = settings.EMBEDDED_DIR / f"{name}.parquet"
        store.write_table(table, path)
        print(f"{path.name}: {len(table)} rows, {path.stat().st_size / 1000:.0f} kB")


if __name__ == "__main__":
    main()
