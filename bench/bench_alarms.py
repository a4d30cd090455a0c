"""How many alarms would there be without an outbreak, and how large an outbreak is found? A simulation.

The weeks carry a national wave and local scatter as large as in the figures that are given, and not one outbreak;
then one is added in a middle-sized gemeente. Run it from the project's root, on the product's own table of cases:

    python -m bench.bench_alarms --simulations 20

Wanted: at most 2 alarms a week without outbreaks.
"""

import argparse

import numpy as np
import pandas as pd

from bench.goals import machine
from door import store as access
from geodata import settings, weeks
from geodata.snapshots import snapshot
from risk.index.model import load_model
from risk.insight import alarms

WEEKS_N = 40
EXTRA_CASES = (10, 20, 40, 80)
MOST_A_WEEK = 2


def quiet_weeks(per_week: np.ndarray, size: float, rng: np.random.Generator) -> pd.DataFrame:
    """Return weeks without an outbreak, a row per gemeente.

    Parameters
    ----------
    per_week
        Mean cases a week of every gemeente.
    size
        Of the negative binomial: the variance of a count with mean m is m + m² / size.
    """
    start = rng.uniform(0, 2 * np.pi)
    wave = np.exp(1.5 * np.sin(start + np.arange(WEEKS_N) / 4))
    mean = per_week[:, None] * wave / wave.mean()
    columns = [weeks.week_of(day) for day in pd.date_range("2020-03-08", periods=WEEKS_N, freq="7D")]
    rows = pd.Index([f"GM{number:04d}" for number in range(len(per_week))], name="gemeente_code")
    return pd.DataFrame(rng.poisson(rng.gamma(size, mean / size)).astype(float), rows, columns)


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--simulations", type=int, default=20)
    simulations = parser.parse_args().simulations
    batch = access.open_batch(snapshot.read_core(settings.EMBEDDED_DIR).data_version)
    gemeenten = batch.table("gemeenten")
    cases = alarms.weekly_cases(batch.table("incidence"), load_model().disease, gemeenten)
    total = np.nansum(cases.to_numpy(float), axis=1)
    shares = total / total.sum()
    rng = np.random.default_rng(20201123)
    print(machine())
    print(f"{'national cases a week':>22}{'size':>6}{'alarms a week without an outbreak':>36}{'at most':>9}")
    for national in (500, 5_000, 40_000):
        for size in (5, 10, 20):
            runs = [alarms.alarms_of_weeks(quiet_weeks(shares * national, size, rng)) for _ in range(simulations)]
            every = pd.concat(runs)
            a_week = every["is_alarm"].sum() / (len(every) / len(shares))
            print(f"{national:>22,}{size:>6}{a_week:>36.2f}{MOST_A_WEEK:>9}")
    middle = int(np.argsort(shares)[len(shares) // 2])
    print(f"\n{'extra cases in one week, 5,000 in the country':>46}{'found':>8}")
    for extra in EXTRA_CASES:
        found = []
        for _ in range(simulations * 5):
            table = quiet_weeks(shares * 5_000, 10, rng)
            table.iloc[middle, -1] += extra
            last = alarms.alarms(table, str(table.columns[-1])).set_index("gemeente_code")
            found.append(bool(last.loc[table.index[middle], "is_alarm"]))
        print(f"{extra:>46}{np.mean(found):>8.2f}")


if __name__ == "__main__":
    main()
