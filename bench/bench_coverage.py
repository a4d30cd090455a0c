"""Does a 90 % interval of a rank hold the true rank in nine of ten cases? A simulation, kept out of the tests.

A truth is drawn from what the product declares: workers around their estimate as far as its doubt says, working
conditions around the judgement, finds by a rate that fits those that were found (nil found is not nil). What would be
observed of it is drawn too: cases, beds and finds by chance around their true number. The product scores what was
observed; its interval is held against the true rank. From the project's root:

    python -m bench.bench_coverage --simulations 20 --rebuilds 300

Wanted: .85-.97 at both levels, each sector and all together; of units said to be in the top k with .6-.8 as many.
An estimate of workers is a prediction, so the truth lies around it. The other way round, a figure that was counted
with an error around the truth, stands below it for comparison and without a goal: a draw for that would pull every
figure towards the mean of its sector, by as much as the error is of the figures' own spread. On the establishments of
2021 the figures of a sector spread by .81 (standard deviation of the logarithm) and are in doubt by 1.2: they cannot
hold that doubt as an error, and pulled in so they would all be alike.
Ranks are whole numbers, so where areas lie far apart an interval of a place or two holds more than nine in ten: its
middle width stands beside the sectors that hold most.
Nobody works in fishery in 14 of the 25 regions, nor in mushrooms in 21. A rate over no workers does not exist: it is
not drawn, and there the truth has the value that the product takes for usual.
"""

import argparse
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

sys.path.insert(0, str(Path(__file__).parents[1]))

from bench.goals import line, machine
from door import store as access
from geodata import settings
from geodata.snapshots import snapshot
from risk.index.declaration import Model
from risk.index.draws import AreaSampler
from risk.index.indicators import CORE_TABLES, Measured, measure
from risk.index.model import load_model
from risk.index.pipeline import prepare, score, what_if

Tables = Mapping[str, pd.DataFrame]
Array = NDArray[np.floating]

FINDS: Final = "confirmed_infections"
DOUBTS: Final = {True: "truth around the figure", False: "figure around the truth"}
LEAST, MOST, OFF = 0.85, 0.97, 0.10
"""Coverage that is wanted, and how far of the chances said the true share may be."""


@dataclass(frozen=True)
class World:
    """A truth: the rank of every unit, and how many finds there would be in each (units x 1) on average."""

    ranks: pd.Series
    finds_n: Array
    units: pd.DataFrame


def world(tables: Tables, level: str, model: Model, rng: np.random.Generator) -> World:
    """Return a truth that these tables may have come from."""
    measured = measure(tables, level, model)
    rates, finds_n = true_rates(measured, model, rng)
    raw = measured.raw.copy()
    raw[:, measured.index.codes.index(FINDS)] = rates
    found = what_if(prepare(replace(measured, raw=raw), model), {})
    return World(found.set_index("unit_id")["rank"], finds_n, measured.units)


def true_rates(measured: Measured, model: Model, rng: np.random.Generator) -> tuple[Array, Array]:
    """Return per unit a rate of finds drawn from its posterior, and the finds to be expected with it."""
    sampler = measured.sampler
    assert isinstance(sampler, AreaSampler)
    figures, prior, rollup = sampler.figures[FINDS], model.priors[FINDS], sampler.rollup
    known = np.isfinite(figures.cells) & np.isfinite(sampler.workers)
    over = rollup.add(np.where(known, figures.cells, 0.0))
    under = rollup.add(np.where(known, sampler.workers, 0.0)) / figures.per_workers
    shape = over + prior.shape
    # Where nobody works there is no rate to be drawn: the product shows what it takes for usual.
    rates = np.where(under > 0, rng.gamma(shape), shape) / (under + prior.rate)
    finds_n = (rates * under).reshape(len(rollup.areas), -1)
    finds_n[:, -1] = finds_n[:, :-1][:, rollup.grid.counted].sum(axis=1)
    together = under.reshape(finds_n.shape)[:, -1]
    rates.reshape(finds_n.shape)[:, -1] = finds_n[:, -1] / np.maximum(together, 1e-9)
    return rates, finds_n.ravel()


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


def seen_finds(tables: Tables, true: World, rng: np.random.Generator) -> pd.DataFrame:
    """Return activations with as many finds as the truth happens to give, today, in the largest gemeente of a unit."""
    activations, exposure = tables["activations"], tables["exposure"]
    gemeenten = tables["gemeenten"][["gemeente_code", "vr_code"]]
    workers = exposure[["gemeente_code", "sector_code", "workers_n"]].merge(gemeenten, on="gemeente_code")
    workers = workers.assign(own=workers["gemeente_code"]).sort_values("workers_n")
    unit_area = "own" if true.units["area_code"].str.startswith("GM").all() else "vr_code"
    largest = workers.groupby([unit_area, "sector_code"])[["gemeente_code", "vr_code"]].last()
    drawn = true.units[["area_code", "sector_code"]].assign(n=rng.poisson(true.finds_n))
    drawn = drawn[(drawn["n"] > 0) & (drawn["sector_code"] != "")]
    drawn = drawn.loc[drawn.index.repeat(drawn["n"])]
    places = largest.loc[list(zip(drawn["area_code"], drawn["sector_code"], strict=True))]
    pattern = activations[activations["infections_found"] == "yes"].iloc[[0] * len(drawn)].reset_index(drop=True)
    new = pattern.assign(
        activation_id=[f"simulated-{number}" for number in range(len(drawn))],
        event_date=activations["event_date"].max(),
        gemeente_code=places["gemeente_code"].to_numpy(),
        vr_code=places["vr_code"].to_numpy(),
        sector_code=drawn["sector_code"].to_numpy(),
        trigger="externe_melding",
        supersedes="",
    ).astype(activations.dtypes)
    none = activations["infections_found"].mask(activations["infections_found"] == "yes", "no")
    return pd.concat([activations.assign(infections_found=none.astype(activations.dtypes["infections_found"])), new])


def other_workers(tables: Tables, log_sd: float, rng: np.random.Generator) -> dict[str, pd.DataFrame]:
    """Return the tables with other workers per cell, as far apart as the doubt (standard deviation of the log)."""
    exposure = tables["exposure"].copy()
    exposure["workers_n"] *= np.exp(rng.normal(0, log_sd, len(exposure)))
    return {**tables, "exposure": exposure}


def observed(tables: Tables, log_sd: float, true: World, rng: np.random.Generator) -> dict[str, pd.DataFrame]:
    """Return what would be seen: workers as these tables have them, with their doubt; the rest by chance."""
    exposure, incidence = tables["exposure"].assign(workers_n_log_sd=log_sd), tables["incidence"].copy()
    incidence["cases_n"] = rng.poisson(incidence["cases_n"].fillna(0)).astype(float)
    sites = tables["sites"].copy()
    beds = (sites["size_unit"] == "beds") & sites["size_n"].notna()
    sites.loc[beds, "size_n"] = rng.poisson(sites.loc[beds, "size_n"]).astype(float)
    finds = seen_finds(tables, true, rng).reset_index(drop=True)
    return {**tables, "exposure": exposure, "incidence": incidence, "sites": sites, "activations": finds}


def simulate(
    tables: Tables, model: Model, level: str, log_sd: float, simulations: int, rebuilds: int, *, is_around: bool = True
) -> Iterator[pd.DataFrame]:
    """Give per simulation the units' true rank, whether it is in the top k, the interval and the chance said."""
    for seed in range(simulations):
        rng = np.random.default_rng(seed)
        other = other_workers(tables, log_sd, rng)
        truth, figures = (other, tables) if is_around else (tables, other)
        true = world(truth, level, with_true_conditions(model, rng), rng)
        seen = score(observed(figures, log_sd, true, rng), level, model, rebuilds=rebuilds, seed=seed).scores
        seen = seen.set_index("unit_id").assign(true_rank=true.ranks)
        seen = seen.dropna(subset=["true_rank", "rank_p05"])
        yield seen.assign(
            is_inside=(seen["true_rank"] >= seen["rank_p05"]) & (seen["true_rank"] <= seen["rank_p95"]),
            is_top=seen["true_rank"] <= seen["k_n"],
        )


def report(found: pd.DataFrame, *, has_goals: bool = True) -> list[str]:
    """Return the figures of a level and doubt, each beside its goal if it has one."""
    least, most, off_by = (LEAST, MOST, OFF) if has_goals else (None, None, None)
    sectors = found.groupby("sector_code")["is_inside"].mean()
    width = (found["rank_p95"] - found["rank_p05"] + 1).groupby(found["sector_code"]).median()
    single = sectors.drop("")
    lines = [
        (f"inside, {name}", value)
        for name, value in (
            ("all units", found["is_inside"].mean()),
            ("all sectors together", sectors[""]),
            (f"least of a sector ({single.idxmin()}, {width[single.idxmin()]:.0f} places wide)", single.min()),
            (f"most of a sector ({single.idxmax()}, {width[single.idxmax()]:.0f} places wide)", single.max()),
        )
    ]
    made = [line(name, value, least=least, most=most) for name, value in lines]
    said = found[found["p_top_k"].between(0.6, 0.8)]
    off = float(said["is_top"].mean() - said["p_top_k"].mean())
    name = f"true share of P(top k) said {said['p_top_k'].mean():.2f} (n {len(said)}), less that"
    return [*made, line(name, off, least=None if off_by is None else -off_by, most=off_by)]


def main() -> None:
    """Print coverage per level and doubt, and of the chances said, beside what is wanted."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--simulations", type=int, default=20)
    parser.add_argument("--rebuilds", type=int, default=300)
    parser.add_argument("--level", choices=("vr", "gemeente"), nargs="*", default=("vr", "gemeente"))
    parser.add_argument("--log-sd", type=float, nargs="*", default=(0.3, 0.6, 1.2))
    arguments = parser.parse_args()
    batch = access.open_batch(snapshot.read_core(settings.EMBEDDED_DIR).data_version)
    tables = {name: batch.table(name) for name in CORE_TABLES}
    model = load_model()
    print(machine())
    for level in arguments.level:
        for log_sd in arguments.log_sd:
            for is_around, name in DOUBTS.items():
                parts = simulate(
                    tables, model, level, log_sd, arguments.simulations, arguments.rebuilds, is_around=is_around
                )
                told = report(pd.concat(list(parts)), has_goals=is_around)
                print(f"{level}, log sd of workers {log_sd:.1f}, {name}", *told, sep="\n")


if __name__ == "__main__":
    main()
