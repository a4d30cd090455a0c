"""``python -m register``: the commands on the register alone."""


def main() -> int:
    """Run a command; return its exit code."""
    from commands.register import main as run  # noqa: PLC0415  # the one import that points right

    return run()


if __name__ == "__main__":
    raise SystemExit(main())
