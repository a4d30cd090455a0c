"""Write ``docs/commands.md``: every command with its options, as the parser knows them."""

import argparse
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from commands.main import ABOUT, PROGRAM, subjects
from commands.run import parser_of
from dashboard.server import feed, serve

_MOST_CHOICES_N = 7
PAGE = Path(__file__).parents[1] / "docs" / "commands.md"
_HEAD = """# Commands

Every command of Risicobeeld, written by `make docs` from the commands themselves. `python -m geodata`, `python -m risk`
and `python -m register` know the same ones by subject; `python -m dashboard.serve` and `dashboard.feed` are the
servers. Exit status: 0 done, 2 refused in one sentence on the error stream, 1 where a command says so. `--as
ROLE[:VR]` looks through the eyes of a role; without it LOT-C looks.
"""


def _below(parser: argparse.ArgumentParser) -> Any:
    """Return what holds the commands of a parser; nothing public tells them."""
    return next(action for action in parser._actions if isinstance(action, argparse._SubParsersAction))  # noqa: SLF001


def _described(parser: argparse.ArgumentParser) -> Iterator[str]:
    """Yield a heading and a table for a parser without commands below it, else those of each."""
    if any(isinstance(action, argparse._SubParsersAction) for action in parser._actions):  # noqa: SLF001 - idem
        for one in _below(parser).choices.values():
            yield from _described(one)
        return
    yield f"\n## `{parser.prog}`\n"
    rows = [action for action in parser._actions if action.dest != "help"]  # noqa: SLF001 - nothing public tells them
    if rows:
        yield "| option | |\n|---|---|"
    for action in rows:
        names = ", ".join(action.option_strings) or action.dest
        told = (action.help or "").replace("%(default)s", str(action.default)).replace("|", "\\|")
        choices = (
            f" ({', '.join(map(str, action.choices))})" if action.choices and len(list(action.choices)) < 8 else ""
        )
        must = " **needed**" if action.required and action.option_strings else ""
        yield f"| `{names}`{must} | {told}{choices} |"


def page() -> str:
    """Return the page."""
    whole = _below(parser_of(PROGRAM, ABOUT, subjects()))
    helps = {choice.dest: choice.help for choice in whole._choices_actions}  # noqa: SLF001 - idem
    servers = {"serve": serve.parser(f"{PROGRAM} serve"), "feed": feed.parser(f"{PROGRAM} feed")}
    lines = [_HEAD, "| command | |", "|---|---|", *(f"| `{name}` | {told} |" for name, told in helps.items())]
    for parser in (whole.choices | servers).values():
        lines += _described(parser)
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    PAGE.write_text(page(), "utf-8")
    print(f"written to {PAGE}")
