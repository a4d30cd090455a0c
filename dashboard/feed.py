"""``python -m dashboard.feed``: the feed's own commands; the server is `dashboard.server.feed`."""

from dashboard.server.feed import main

if __name__ == "__main__":
    raise SystemExit(main())
