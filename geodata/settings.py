"""The settings of the product, each read from one environment variable, with a default that works."""

import os
from pathlib import Path

EMBEDDED_DIR = Path(__file__).parent / "embedded"


def data_dir() -> Path:
    """Return the folder of snapshots, scores and the register (``RISICOBEELD_DATA``, default ``data/``)."""
    default = Path(__file__).parent.parent / "data"
    return Path(os.environ.get("RISICOBEELD_DATA") or default).expanduser().resolve()


def sources_file() -> Path | None:
    """Return the TOML file that overrides base addresses of sources (``RISICOBEELD_SOURCES``), if any."""
    value = os.environ.get("RISICOBEELD_SOURCES")
    return Path(value).expanduser().resolve() if value else None
