"""The command that runs an outside index: a matrix and a tree."""

import argparse
from pathlib import Path

import pandas as pd

from geodata.errors import InputError
from geodata.snapshots import formats as store
from risk.insight import foreign


def add_commands(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add ``foreign``."""
    running = commands.add_parser("foreign", help="run an outside index on a matrix, with intervals")
    running.add_argument(
        "--values", dest="matrix", type=Path, required=True, help="a csv: a row per unit, a column per indicator"
    )
    running.add_argument("--tree", type=Path, required=True, help="a TOML file: parts, indicators, weights, goalposts")
    running.add_argument("--out", type=Path, required=True, help=".csv, .xlsx or .parquet")
    running.add_argument("--seed", type=int, default=1, help="of the rebuilds")
    running.set_defaults(run=_foreign)


def _foreign(arguments: argparse.Namespace) -> None:
    tree = foreign.read_tree(arguments.tree)
    try:
        values = pd.read_csv(arguments.matrix, index_col=0)
    except (OSError, ValueError) as error:
        raise InputError(f"{arguments.matrix} cannot be read as csv ({error}); give a row per unit.") from error
    numbers = values.apply(pd.to_numeric, errors="coerce")
    parts = foreign.index_of(numbers, tree).drop(columns=list(numbers.columns), errors="ignore")
    intervals = foreign.rank_intervals(numbers, tree, seed=arguments.seed).drop(columns="value_0_10")
    table = parts.join(intervals).sort_values("rank").rename_axis(values.index.name or "unit").reset_index()
    store.write_table(table, arguments.out)
    print(f"{len(table)} units written to {arguments.out}")
