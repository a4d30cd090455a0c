"""Invented weekly incidence: the second wave of autumn 2020 in outline, drawn per gemeente."""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from geodata import codes
from geodata.errors import UnknownCodeError

DISEASE = "COVID-19"
SOURCE = "demonstratie"
WAVE_PER_100K = {
    "2020-W36": 25,
    "2020-W37": 45,
    "2020-W38": 80,
    "2020-W39": 115,
    "2020-W40": 165,
    "2020-W41": 240,
    "2020-W42": 320,
    "2020-W43": 380,
    "2020-W44": 395,
    "2020-W45": 280,
    "2020-W46": 220,
    "2020-W47": 200,
    "2020-W48": 185,
}
"""Mean cases per 100,000 inhabitants in each ISO week: up to the end of October, then down."""

LOCAL_WAVES_PER_100K = {
    "Westland": {"2020-W45": 30, "2020-W46": 110, "2020-W47": 290, "2020-W48": 620},
    "Midden-Delfland": {"2020-W47": 90, "2020-W48": 230},
    "Hoogeveen": {"2020-W47": 60, "2020-W48": 230},
    "Heerenveen": {"2020-W46": 40, "2020-W47": 160, "2020-W48": 230},
    "Gooise Meren": {"2020-W42": 150, "2020-W43": 480, "2020-W44": 420, "2020-W45": 160},
}
"""Cases that come on top in some gemeenten, per 100,000 of their inhabitants: what the alarms are there to see.

Greenhouses, meat and food each have one that still rises at the peildatum; the last one is over, and lies
where none of the sectors is large, so that not every wave follows work.
"""

_REGION_SIGMA, _GEMEENTE_SIGMA, _WEEK_SIGMA = 0.25, 0.2, 0.12
_DENSITY_POWER = 0.06  # somewhat more in dense places
_MISSING_N = 14


def build_incidence(gemeenten: pd.DataFrame, rng: np.random.Generator, local_rng: np.random.Generator) -> pd.DataFrame:
    """Return weekly cases per gemeente.

    The expected number is the week's mean times a factor of the veiligheidsregio, of the gemeente (more where
    it is dense) and of the week; the cases are Poisson draws. A few gemeenten have a local wave on top. Nothing
    else links them to exposure, sites or activations: the demonstration must not prove the index right.

    Parameters
    ----------
    gemeenten
        Contract ``gemeenten``, sorted by code.
    rng, local_rng
        The table's own streams of random numbers: of the national wave and of the local ones.

    Returns
    -------
    pandas.DataFrame
        Contract ``incidence``: 342 gemeenten x 13 weeks; a few are missing.
    """
    gemeenten_n, weeks_n = len(gemeenten), len(WAVE_PER_100K)
    region = dict(zip(codes.VR_CODES, rng.lognormal(0, _REGION_SIGMA, len(codes.VR_CODES)), strict=True))
    population = gemeenten["population_n"].to_numpy(float)
    density = population / gemeenten["land_area_km2"].to_numpy(float)
    level = gemeenten["vr_code"].map(region).to_numpy(float) * rng.lognormal(0, _GEMEENTE_SIGMA, gemeenten_n)
    level = level * (density / np.median(density)) ** _DENSITY_POWER
    # So that the country as a whole follows the wave, whatever the draws above.
    level = level * population.sum() / (level * population).sum()
    wave = np.array(list(WAVE_PER_100K.values())) / 100_000
    expected = (population * level)[:, None] * wave[None, :] * rng.lognormal(0, _WEEK_SIGMA, (gemeenten_n, weeks_n))
    cases = rng.poisson(expected) + local_rng.poisson(population[:, None] * _local_rates(gemeenten))
    table = pd.DataFrame(
        {
            "disease": DISEASE,
            "gemeente_code": np.repeat(gemeenten["gemeente_code"].to_numpy(), weeks_n),
            "week": np.tile(list(WAVE_PER_100K), gemeenten_n),
            "cases_n": cases.ravel().astype(float),
            "status": codes.Status.FICTIONAL.value,
            "source": SOURCE,
        }
    )
    missing = rng.choice(len(table), _MISSING_N, replace=False)
    table.loc[missing, "cases_n"] = np.nan
    table.loc[missing, "status"] = codes.Status.MISSING.value
    table.loc[missing, "source"] = f"{SOURCE} · {codes.MissingReason.NOT_PUBLISHED.value}"
    return table


def _local_rates(gemeenten: pd.DataFrame) -> NDArray[np.float64]:
    """Return the extra cases per inhabitant, a row per gemeente and a column per week."""
    unknown = sorted(set(LOCAL_WAVES_PER_100K) - set(gemeenten["gemeente_name"]))
    if unknown:
        raise UnknownCodeError(f"The local waves name {unknown[0]!r}, which is no gemeente; correct its name there.")
    waves = pd.DataFrame.from_dict(LOCAL_WAVES_PER_100K, orient="index")
    rates = waves.reindex(index=gemeenten["gemeente_name"], columns=list(WAVE_PER_100K))
    return np.asarray(rates.fillna(0) / 100_000, float)
