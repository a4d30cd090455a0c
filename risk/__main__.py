"""``python -m risk``: the commands on scores, targets and reports."""


def main() -> int:
    """Run a command; return its exit code."""
    from commands.scores import main as run  # noqa: PLC0415  # the one import that points right

    return run()


if __name__ == "__main__":
    raise SystemExit(main())
