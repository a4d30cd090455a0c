"""Hold the plan's points and the reasons, on the demonstration, against what they should choose and tell.

Points are the score times the chance to be among the first of all sites. The first of a list by points is held
against the best that there is, in two ways. The goal of 99 % is of the expected score: the mean over the drawn data,
from which the chance comes too, because a plan is made for what the sites may turn out to be. The score as it stands
is one such draw, the one in which every estimate happens to be right; it stands below for comparison and without a
goal: points give up a little of it for a better chance. Run it from the project's root:

    python -m bench.bench_points
"""

import argparse
import sys
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

sys.path.insert(0, str(Path(__file__).parents[1]))

from bench.goals import line, machine
from door import store as access
from geodata import settings
from geodata.snapshots import snapshot
from risk.index.aggregate import steps, weigh
from risk.index.indicators import CORE_TABLES
from risk.index.model import load_model
from risk.index.pipeline import Outcome, score
from risk.index.rebuild import CAPACITIES
from risk.insight.reasons import top_reasons

Array = NDArray[np.floating]
FIRST_N = 40
DRAWS = 1_000


def expected_scores(now: Outcome, draws: int) -> Array:
    """Return the mean score of every site over drawn data."""
    measured, scale = now.prepared.measured, now.model.scale
    weights = weigh(measured.index, now.prepared.kept)
    assert measured.sampler is not None
    rng, total = np.random.default_rng(1), np.zeros(len(measured.units))
    for _ in range(draws // 10):
        values = measured.sampler.draw(10, rng)
        flat = values.reshape(-1, values.shape[-1])
        joined = steps(flat, weights, scale, drops_missing=measured.index.drops_missing).joined
        total += np.nan_to_num(joined.reshape(10, -1)).sum(axis=0)
    return total / draws


def points(now: Outcome) -> list[str]:
    """Return how the first by points stand against the first by score."""
    assert now.rebuilt is not None
    chance = np.nan_to_num(now.rebuilt.p_first[CAPACITIES.index(FIRST_N)])
    by_score = np.nan_to_num(now.scores["score_0_10"].to_numpy(float))
    expected = expected_scores(now, DRAWS)
    mine, first, best = (_first(one) for one in (by_score * chance, by_score, expected))
    share = 100 * expected[mine].sum() / expected[best].sum()
    nominal = 100 * by_score[mine].sum() / by_score[first].sum()
    of_score = 100 * expected[first].sum() / expected[best].sum()
    return [
        line(f"the {FIRST_N} by points among the {FIRST_N} by score", len(set(mine) & set(first)), least=32, digits=0),
        line(f"expected score of the {FIRST_N} by points, % of the best", share, least=99, digits=1),
        line(f"  of the {FIRST_N} by score as it stands, for comparison", of_score, digits=1),
        line(f"  the score as it stands of the {FIRST_N} by points, % of the {FIRST_N} by it", nominal, digits=1),
    ]


def _first(key: Array) -> NDArray[np.intp]:
    return np.argsort(-key, kind="stable")[:FIRST_N]


def reasons(now: Outcome) -> list[str]:
    """Return in how many sectors all gemeenten have the same top reason, and the largest share of one reason."""
    sector = now.scores.set_index("unit_id")["sector_code"]
    told = top_reasons(now, "en")
    share = told[told != ""].groupby(sector).agg(lambda some: some.value_counts(normalize=True).iloc[0])
    alike = int((share.drop("", errors="ignore") >= 1).sum())
    largest = share.idxmax()
    return [
        line("sectors in which the top reason is the same for all gemeenten", alike, most=0, digits=0),
        line(f"  largest share of one reason in a sector, % ({largest})", 100 * share.max(), digits=0),
    ]


def main() -> None:
    """Print every figure beside its goal."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.parse_args()
    batch = access.open_batch(snapshot.read_core(settings.EMBEDDED_DIR).data_version)
    tables, model = {name: batch.table(name) for name in CORE_TABLES}, load_model()
    sites = score(tables | {"signals": batch.table("signals")}, "site", model)
    print(machine())
    for told in [*points(sites), *reasons(score(tables, "gemeente", model, rebuilds=0))]:
        print(told)


if __name__ == "__main__":
    main()
