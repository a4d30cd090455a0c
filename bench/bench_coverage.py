"""Does a 90 % interval of a rank hold the true rank in nine of ten cases? A simulation, kept out of the tests.

The tables that are given are the truth. What would be observed of it is drawn: workers per cell with the doubt that
their estimate declares, cases by chance around their true number, working conditions around the judgement. The
product scores what was observed; its interval is held against the true rank. Run it from the project's root:

    python -m bench.bench_coverage --simulations 20 --rebuilds 300

Wanted: .85-.97 at both levels, each sector and all together; of units said to be in the top k with .6-.8 as many.
"""

import argparse
from collections.abc import Iterator, Mapping
from dataclasses import replace

import numpy as np
import pandas as pd

from door import store as access
from geodata import settings
from geodata.snapshots import snapshot
from risk.index.declaration import Model
from risk.index.indicators import CORE_TABLES
from risk.index.model import load_model
from risk.index.pipeline import score

Tables = Mapping[str, pd.DataFrame]


def with_true_conditions(model: Model, rng: np.random.Generator) -> Model:
    """Return a model whose working conditions are the truth around which the declared ones are a judgement."""
    concentration = model.uncertainty.condition_concentration
    drawn = {}
    for sector, conditions in model.conditions.items():
        shares = {
            name: float(rng.beta(concentration * m, concentration * (1 - m))) if 0 < m < 1 else m
            for name, m in conditions.shares.items()
        }
        drawn[sector] = replace(conditions, shares=shares)
    return replace(model, conditions=drawn)


def observed(tables: Tables, log_sd: float, rng: np.random.Generator) -> dict[str, pd.DataFrame]:
    """Return what would be seen of the truth, with a doubt about workers (standard deviation of the logarithm)."""
    exposure, incidence = tables["exposure"].copy(), tables["incidence"].copy()
    exposure["workers_n"] *= np.exp(rng.normal(0, log_sd, len(exposure)))
    exposure["workers_n_log_sd"] = log_sd
    incidence["cases_n"] = rng.poisson(incidence["cases_n"].fillna(0)).astype(float)
    return {**tables, "exposure": exposure, "incidence": incidence}


def simulate(
    tables: Tables, model: Model, level: str, log_sd: float, simulations: int, rebuilds: int
) -> Iterator[pd.DataFrame]:
    """Give per simulation the units' true rank, whether it is in the top k, the interval and the chance said."""
    for seed in range(simulations):
        rng = np.random.default_rng(seed)
        truth = score(tables, level, with_true_conditions(model, rng), rebuilds=0).scores.set_index("unit_id")
        seen = score(observed(tables, log_sd, rng), level, model, rebuilds=rebuilds, seed=seed).scores
        seen = seen.set_index("unit_id").assign(true_rank=truth["rank"])
        seen = seen.dropna(subset=["true_rank", "rank_p05"])
        yield seen.assign(
            is_inside=(seen["true_rank"] >= seen["rank_p05"]) & (seen["true_rank"] <= seen["rank_p95"]),
            is_top=seen["true_rank"] <= seen["k_n"],
        )


def main() -> None:
    """Print coverage per level and doubt: of all, the worst sector, all sectors together, and of the chances said."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--simulations", type=int, default=20)
    parser.add_argument("--rebuilds", type=int, default=300)
    arguments = parser.parse_args()
    batch = access.open_batch(snapshot.read_core(settings.EMBEDDED_DIR).data_version)
    tables = {name: batch.table(name) for name in CORE_TABLES}
    model = load_model()
    for level in ("vr", "gemeente"):
        for log_sd in (0.3, 0.6, 1.2):
            parts = simulate(tables, model, level, log_sd, arguments.simulations, arguments.rebuilds)
            found = pd.concat(list(parts))
            sectors = found.groupby("sector_code")["is_inside"].mean()
            said = found[found["p_top_k"].between(0.6, 0.8)]
            print(
                f"{level:9} log sd {log_sd:.1f}: inside {found['is_inside'].mean():.2f}, sectors "
                f"{sectors.drop('').min():.2f}-{sectors.drop('').max():.2f}, together {sectors['']:.2f}; "
                f"said {said['p_top_k'].mean():.2f}, true {said['is_top'].mean():.2f} (n {len(said)})"
            )


if __name__ == "__main__":
    main()
