"""``risicobeeld``: every command of the product under one name."""

import sys
from collections.abc import Callable, Sequence
from typing import Any, Final

from commands.run import run_one

PROGRAM: Final = "risicobeeld"
ABOUT: Final = "Where does protection need attention first, and why?"


def _add_servers(commands: Any) -> None:
    """Tell of the servers; `main` hands them their own words, so that nothing else is loaded for them."""
    commands.add_parser("serve", help="serve the dashboard on 127.0.0.1:8501")
    commands.add_parser("feed", help="serve the scores to other systems; give and end their tokens")


def subjects() -> list[Callable[[Any], None]]:
    """Return what add the commands, subject by subject."""
    from commands import data, scores  # noqa: PLC0415 - a server needs none of it

    return [_add_servers, data.add_commands, scores.add_commands]


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; exit status 2 and one sentence when an error that the product knows stops it."""
    words = list(sys.argv[1:] if argv is None else argv)
    # Loaded when asked for: a server needs no command on the data, and the other way round.
    if words[:1] == ["serve"]:
        from dashboard.server import serve  # noqa: PLC0415

        return serve.main(words[1:], f"{PROGRAM} serve")
    if words[:1] == ["feed"]:
        from dashboard.server import feed  # noqa: PLC0415

        return feed.main(words[1:], f"{PROGRAM} feed")
    return run_one(PROGRAM, ABOUT, subjects(), words)


if __name__ == "__main__":
    sys.exit(main())
