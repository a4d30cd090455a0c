"""How every command runs: one line that the shell gives, one exit status, errors in one sentence.

What is heavy takes ``--scheduler`` and shows its progress on the error stream.
"""

import argparse
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Final

from tqdm import tqdm

from door import readiness
from door.store import ScopedStore
from geodata import logs, settings
from geodata.batch import Pool, Progress, open_pool
from geodata.errors import InputError, RisicobeeldError, unwritable


def run_one(
    program: str, description: str, subjects: Sequence[Callable[[Any], None]], argv: Sequence[str] | None = None
) -> int:
    """Run the command that a line asks for.

    Parameters
    ----------
    program
        What one types before the command, as help shows it.
    description
        What the commands are for, in one sentence.
    subjects
        What add the commands, each with a function ``run`` that takes the parsed line.
    argv
        The words of the line after ``program``; None takes those of the process.

    Returns
    -------
    int
        Exit status: 0 when done, 2 when an error that the product knows stopped it, else what the command says.
    """
    arguments = parser_of(program, description, subjects).parse_args(argv)
    try:
        if settings.has_json_log():
            logs.setup()
        return arguments.run(arguments) or 0
    except RisicobeeldError as error:
        print(error, file=sys.stderr)
    except OSError as error:  # a full disk, a file system that cannot be written: never a traceback
        print(unwritable(error), file=sys.stderr)
    return 2


def parser_of(program: str, description: str, subjects: Sequence[Callable[[Any], None]]) -> argparse.ArgumentParser:
    """Return what reads the words of a line; parameters as for `run_one`."""
    parser = argparse.ArgumentParser(prog=program, description=description)
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for add in subjects:
        add(commands)
    return parser


def add_disease(parser: argparse.ArgumentParser) -> None:
    """Add the option that chooses the disease of the picture."""
    parser.add_argument("--disease", default="", help="of the diseases in the table; the model's own by default")


def refuse_unknown_disease(store: ScopedStore, disease: str) -> None:
    """Stop at a disease of which there are no figures.

    Raises
    ------
    InputError
        With the diseases that there are.
    """
    known = readiness.diseases(store)
    if disease and disease not in known:
        raise InputError("disease_unknown", asked=disease, known=", ".join(known) or "-")


def bind(commands: Any, runs: Mapping[str, Callable[[argparse.Namespace], int | None]]) -> None:
    """Say what each of some commands runs."""
    for name, run in runs.items():
        commands.choices[name].set_defaults(run=run)


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
    drawn: list[Any] = []

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
        drawn.append(bar)

        def show(done: int, total: int) -> None:
            bar.total = total or None
            bar.update(done - bar.n)
            if done >= total > 0:
                bar.close()  # or the bar of the next step would stand a line lower

        return show

    try:
        yield progress_of
    finally:
        for bar in drawn:
            bar.close()
