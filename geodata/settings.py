"""The settings of the product, each read from one environment variable, with a default that works."""

import os
import tomllib
from pathlib import Path

EMBEDDED_DIR = Path(__file__).parent / "embedded"
DEFAULT_TIMEOUT_S = 30.0


def data_dir() -> Path:
    """Return the folder of snapshots, scores and the register (``RISICOBEELD_DATA``, default ``data/``)."""
    default = Path(__file__).parent.parent / "data"
    return Path(os.environ.get("RISICOBEELD_DATA") or default).expanduser().resolve()


def sources_file() -> Path | None:
    """Return the TOML file that overrides base addresses of sources (``RISICOBEELD_SOURCES``), if any."""
    value = os.environ.get("RISICOBEELD_SOURCES")
    return Path(value).expanduser().resolve() if value else None


def register_url() -> str:
    """Return the register's database as SQLAlchemy writes it (``RISICOBEELD_REGISTER``); '' for SQLite in the data."""
    return os.environ.get("RISICOBEELD_REGISTER", "")


def sign_in_file() -> Path:
    """Return the TOML file that configures sign-in, the one Streamlit reads (``STREAMLIT_SECRETS_FILES``)."""
    default = Path(__file__).parent.parent / ".streamlit" / "secrets.toml"
    return Path(os.environ.get("STREAMLIT_SECRETS_FILES") or default).expanduser().resolve()


def has_sign_in() -> bool:
    """Tell whether sign-in is configured; half a configuration counts, so that nobody comes in by a typing error."""
    path = sign_in_file()
    if not path.is_file():
        return False
    try:
        return "auth" in tomllib.loads(path.read_text("utf-8"))
    except tomllib.TOMLDecodeError:
        return True


def http_timeout_s() -> float:
    """Return the seconds that a source may stay silent (``RISICOBEELD_TIMEOUT``)."""
    return float(os.environ.get("RISICOBEELD_TIMEOUT") or DEFAULT_TIMEOUT_S)


def http_retry_wait_s() -> float:
    """Return the seconds before the second attempt; each later wait is twice as long (``RISICOBEELD_RETRY_WAIT``)."""
    return float(os.environ.get("RISICOBEELD_RETRY_WAIT") or 1.0)
