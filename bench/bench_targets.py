"""Targets: selection at size, a million sites, and the answer to a changed request. Prints a table.

Every part runs in a process of its own, so that its peak memory is its own. All figures are invented.

    python bench/bench_targets.py
"""

import argparse
import json
import resource
import subprocess
import sys
import time
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd

sys.path.insert(0, str(Path(__file__).parents[1]))

from bench.goals import machine
from door import store as access
from geodata import contracts
from geodata.codes import KIND_SECTOR, SITE_KINDS, VR_CODES
from risk.index import pipeline
from risk.index.model import load_model
from risk.targets import plan as targets
from risk.targets.request import Request, change, read_request

PEILDATUM = pd.Timestamp("2020-11-30")
PARTNERS = ("GGD", "Inspectie SZW", "NVWA", "gemeente", "politie", "RIEC")
PARTS = ("selection", "page", "sites", "intervals")


def frame(n: int) -> pd.DataFrame:
    rng = np.random.default_rng(1)
    kind = rng.choice(SITE_KINDS, n)
    return pd.DataFrame(
        {
            "site_id": [f"S{i:06d}" for i in range(n)],
            "kind": kind,
            "sector_code": pd.Series(kind).map(KIND_SECTOR),
            "vr_code": rng.choice(VR_CODES, n),
            "employer_group": np.where(rng.random(n) < 0.3, [f"G{i}" for i in rng.integers(0, n // 20, n)], ""),
            "score_0_10": rng.beta(4, 4, n) * 10,
            "p_top_k": rng.beta(0.5, 2, n),
            "completeness_pct": np.where(rng.random(n) < 0.1, 75.0, 100.0),
            "rise_0_10": rng.normal(0, 0.3, n),
            "last_visit": pd.Series(PEILDATUM - pd.to_timedelta(rng.integers(0, 400, n), unit="D")).where(
                rng.random(n) < 0.2
            ),
            "is_planned": False,
        }
    )


def request() -> Request:
    """Return a request with every kind of limit: hours, six partners, quotas of regions and sectors."""
    rng = np.random.default_rng(2)
    base = read_request()
    kinds = {
        kind: type(visit)(visit.hours, tuple(sorted({*visit.partners, *rng.choice(PARTNERS, 1)})))
        for kind, visit in base.kinds.items()
    }
    quota = type(base.each_region)
    return change(
        base,
        kinds=kinds,
        hours=250.0,
        sectors={"construction": quota(2, None), "slaughter_meat": quota(3, 12)},
        partners=dict.fromkeys(sorted({name for visit in kinds.values() for name in visit.partners}), 26),
    )


def selection() -> list[tuple[str, str, str]]:
    sites, asked, rows = frame(10_000), request(), []
    started = time.perf_counter()
    plan = targets.make_plan(sites, asked, 1, PEILDATUM, explain=False)
    took = time.perf_counter() - started
    size = f"10,000 candidates, 25 regions, {len(asked.partners)} partners, {sites['kind'].nunique()} kinds"
    rows.append((f"plan of {len(plan.lines)} visits, {size}", f"{took:.2f} s", "5 s"))
    rows.append(("gap to the best possible", f"{plan.gap:.4%}", "0.1 %"))
    started = time.perf_counter()
    plan = targets.make_plan(sites, asked, 1, PEILDATUM)
    rows.append(
        (f"the same with {len(plan.left_out)} high scorers explained", f"{time.perf_counter() - started:.2f} s", "-")
    )
    return rows


def page() -> list[tuple[str, str, str]]:
    sites, asked = frame(3_000), request()
    targets.make_plan(sites, asked, 1, PEILDATUM)
    times = []
    for capacity in (38, 39, 41, 42, 43):
        started = time.perf_counter()
        plan = targets.make_plan(sites, change(asked, capacity=capacity), 1, PEILDATUM)
        times.append(time.perf_counter() - started)
    started = time.perf_counter()
    costs = targets.prices(plan)
    return [
        ("changed request at 3,000 candidates, explained (median of 5)", f"{np.median(times):.2f} s", "2 s"),
        (f"prices of {len(costs)} quotas, in the background", f"{time.perf_counter() - started:.1f} s", "-"),
    ]


def million(n: int = 1_000_000) -> dict[str, pd.DataFrame]:
    """Return the demonstration's tables with many invented sites, drawn from its own with other places and sizes."""
    store = access.open_store(access.Viewer("lotc"))
    tables = {
        name: store.table(name)
        for name in ("gemeenten", "veiligheidsregios", "exposure", "sites", "activations", "incidence")
    }
    few, rng = tables["sites"], np.random.default_rng(3)
    few = few[few.geometry.notna()].reset_index(drop=True)
    drawn = few.iloc[rng.integers(0, len(few), n)].reset_index(drop=True)
    x = drawn.geometry.x.to_numpy() + rng.normal(0, 3_000, n)
    y = drawn.geometry.y.to_numpy() + rng.normal(0, 3_000, n)
    sizes = drawn["size_n"].to_numpy() * rng.lognormal(0, 0.5, n)
    sites = pd.DataFrame(drawn.drop(columns="geometry")).assign(site_id=[f"M{i:07d}" for i in range(n)], size_n=sizes)
    places = gpd.GeoSeries(gpd.points_from_xy(x, y), crs="EPSG:28992")
    return tables | {"sites": contracts.check("sites", gpd.GeoDataFrame(sites, geometry=places))}


def _scored(rebuilds: int) -> tuple[pipeline.Outcome, float, float]:
    model, tables = load_model(), million()
    areas = {
        level: pipeline.score(tables | {"sites": tables["sites"].iloc[:900]}, level, model, rebuilds=rebuilds)
        for level in pipeline.AREA_LEVELS
    }
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    started = time.perf_counter()
    outcome = pipeline.score(tables, "site", model, rebuilds=rebuilds, areas=areas)
    return outcome, time.perf_counter() - started, before


def sites() -> list[tuple[str, str, str]]:
    outcome, took, before = _scored(0)
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    return [
        (f"score of {len(outcome.scores):,} sites", f"{took:.1f} s", "20 s"),
        ("peak memory of the whole process", f"{memory:.2f} GB ({before:.2f} before)", "2 GB"),
    ]


def intervals() -> list[tuple[str, str, str]]:
    bare, without, _ = _scored(0)
    del bare
    outcome, took, _ = _scored(load_model().uncertainty.rebuilds)
    n = int(outcome.scores["rank_p05"].notna().sum())
    return [(f"rank intervals of the {n:,} highest of a million, 2,000 rebuilds", f"{took - without:.1f} s", "40 s")]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("part", nargs="*", help="measured in this process, as JSON")
    asked = parser.parse_args().part
    if asked:
        print(json.dumps({name: globals()[name]() for name in asked}))
        return
    print(machine())
    print(f"{'what':<78}{'measured':>22}{'at most':>10}")
    for name in PARTS:
        done = subprocess.run([sys.executable, __file__, name], check=True, capture_output=True, text=True)
        for what, measured, limit in json.loads(done.stdout.splitlines()[-1])[name]:
            print(f"{what:<78}{measured:>22}{limit:>10}")


if __name__ == "__main__":
    main()
