"""How every command runs: one line that the shell gives, one exit status, errors in one sentence."""

import argparse
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from door import readiness
from door.store import ScopedStore
from geodata import logs, settings
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
