"""``python -m dashboard.serve``: serve the dashboard as a server runs it; see `dashboard.server.serve`."""

from dashboard.server.serve import main

if __name__ == "__main__":
    raise SystemExit(main())
