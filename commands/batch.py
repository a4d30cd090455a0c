"""What commands on heavy work share: the option ``--scheduler``, and progress on the error stream."""

import argparse
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Final

from tqdm import tqdm

from geodata import settings
from geodata.batch import Pool, Progress, open_pool

_REDRAWN_S: Final = 0.1
_TOLD_S: Final = 30.0


def add_scheduler(command: argparse.ArgumentParser) -> None:
    """Add the option ``--scheduler`` to a command."""
    command.add_argument(
        "--scheduler",
        default="",
        metavar="ADDRESS",
        help="let a Dask cluster do the heavy work (tcp://host:8786); without it this machine's cores do",
    )


@contextmanager
def pool_of(arguments: argparse.Namespace) -> Iterator[Pool]:
    """Give who computes, with a progress bar per step; errors as for `geodata.batch.open_pool`."""
    with bars() as progress_of, open_pool(arguments.scheduler, progress_of) as pool:
        yield pool


@contextmanager
def bars() -> Iterator[Callable[[str], Progress]]:
    """Give a progress bar per step, on the error stream; a file or a pipe gets its begin and its end, not each move."""
    opened: list[Any] = []

    def progress_of(name: str) -> Progress:
        bar = tqdm(
            desc=f"{name:<20}",
            unit="",
            file=sys.stderr,
            leave=True,
            dynamic_ncols=True,
            disable=settings.has_json_log(),  # a log for a machine has no room for a bar
            mininterval=_REDRAWN_S if sys.stderr.isatty() else _TOLD_S,
        )
        opened.append(bar)

        def show(done: int, total: int) -> None:
            bar.total = total or None
            bar.update(done - bar.n)
            if done >= total > 0:
                bar.close()  # or the bar of the next step would stand a line lower

        return show

    try:
        yield progress_of
    finally:
        for bar in opened:
            bar.close()
