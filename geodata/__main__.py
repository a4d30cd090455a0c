"""``python -m geodata``: the commands on the data and the register."""


def main() -> int:
    """Run a command; return its exit code."""
    from commands.data import main as run  # noqa: PLC0415  # the one import that points right

    return run()


if __name__ == "__main__":
    raise SystemExit(main())
