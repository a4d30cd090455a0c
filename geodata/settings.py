"""The settings of the product, each read from one environment variable, with a default that works.

``docs/settings.md`` tells them all; a test compares it with the code.
"""

import os
import tomllib
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from urllib.parse import urlsplit

from geodata.errors import InputError

EMBEDDED_DIR = Path(__file__).parent / "embedded"
DEFAULT_TIMEOUT_S = 30.0
_PROJECT = Path(__file__).parent.parent


@dataclass(frozen=True)
class MailServer:
    """Where e-mail goes out, and what it says of us.

    Attributes
    ----------
    tls
        ``starttls``, ``tls`` from the first byte, or ``none``.
    site
        The public address of the dashboard, which e-mail leads to.
    """

    host: str
    port: int
    tls: str
    user: str
    password: str = field(repr=False)
    sender: str
    site: str


def home() -> Path:
    """Return the folder of one's data and settings: the project's own, or where an installed product is started."""
    return _PROJECT if (_PROJECT / "requirements.txt").is_file() else Path.cwd()


def data_dir() -> Path:
    """Return the folder of snapshots, scores and the register (``RISICOBEELD_DATA``, default ``data/``)."""
    return _resolved(os.environ.get("RISICOBEELD_DATA") or str(home() / "data"))


def _resolved(path: str) -> Path:
    """Return an absolute path without links; asked many times in each run of a page, so the disk is asked once."""
    return _found(path) if path.startswith("/") else Path(path).expanduser().resolve()


@lru_cache(maxsize=32)
def _found(path: str) -> Path:
    return Path(path).resolve()


def sources_file() -> Path | None:
    """Return the TOML file that overrides base addresses of sources (``RISICOBEELD_SOURCES``), if any."""
    value = os.environ.get("RISICOBEELD_SOURCES")
    return Path(value).expanduser().resolve() if value else None


def register_url() -> str:
    """Return the register's database as SQLAlchemy writes it; '' for SQLite in the data folder.

    The address (``RISICOBEELD_REGISTER``) holds a password, so it may also stand in a file of its own that
    ``RISICOBEELD_REGISTER_FILE`` names, which is how containers and systemd hand out secrets.

    Raises
    ------
    InputError
        Both are set, or the file cannot be read.
    """
    address, file = os.environ.get("RISICOBEELD_REGISTER", ""), os.environ.get("RISICOBEELD_REGISTER_FILE", "")
    if not file:
        return address
    if address:
        raise InputError("RISICOBEELD_REGISTER and RISICOBEELD_REGISTER_FILE are both set; keep one of the two.")
    try:
        return Path(file).expanduser().read_text("utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(
            f"{file} (RISICOBEELD_REGISTER_FILE) cannot be read; give a text file with the database's address."
        ) from error


def backup_to() -> Path | None:
    """Return the folder off this machine to which backups are copied (``RISICOBEELD_BACKUP_TO``); None for nowhere."""
    value = os.environ.get("RISICOBEELD_BACKUP_TO")
    return Path(value).expanduser().resolve() if value else None


def backup_key() -> str:
    """Return the public key of age that copies of backups are encrypted for (``RISICOBEELD_BACKUP_KEY``)."""
    return os.environ.get("RISICOBEELD_BACKUP_KEY", "").strip()


def backup_identity() -> Path | None:
    """Return the file with the secret key of those copies (``RISICOBEELD_BACKUP_IDENTITY``); None where it is away."""
    value = os.environ.get("RISICOBEELD_BACKUP_IDENTITY")
    return Path(value).expanduser().resolve() if value else None


def certificate() -> Path | None:
    """Return the certificate of the proxy, whose end monitoring tells (``RISICOBEELD_CERTIFICATE``); None for none."""
    value = os.environ.get("RISICOBEELD_CERTIFICATE")
    return Path(value).expanduser().resolve() if value else None


def anchor_file() -> Path | None:
    """Return where the heads of audit trail and register are noted outside the data folder (``RISICOBEELD_ANCHOR``)."""
    value = os.environ.get("RISICOBEELD_ANCHOR")
    return Path(value).expanduser().resolve() if value else None


def anchor_key_file() -> Path | None:
    """Return the file with the privacy officer's key that signs those heads (``RISICOBEELD_ANCHOR_KEY``), if any."""
    value = os.environ.get("RISICOBEELD_ANCHOR_KEY")
    return Path(value).expanduser().resolve() if value else None


def has_json_log() -> bool:
    """Tell whether the log is lines of JSON for a machine (``RISICOBEELD_LOG=json``) and not plain text.

    Raises
    ------
    InputError
        The setting says something else than ``json`` or ``text``.
    """
    form = os.environ.get("RISICOBEELD_LOG") or "text"
    if form not in ("json", "text"):
        raise InputError(f"RISICOBEELD_LOG is {form!r}; write json or text.")
    return form == "json"


def watch_address() -> tuple[str, int] | None:
    """Return where a process tells monitoring how it is (``RISICOBEELD_WATCH``, ADDRESS:PORT); None for nowhere.

    Raises
    ------
    InputError
        It is no address and port.
    """
    told = os.environ.get("RISICOBEELD_WATCH", "")
    if not told:
        return None
    address, _, port = told.rpartition(":")
    if not address or not port.isdecimal():
        raise InputError(f"RISICOBEELD_WATCH is {told!r}; write an address and a port, such as 127.0.0.1:9101.")
    return address, int(port)


def has_mail() -> bool:
    """Tell whether e-mail is configured, rightly or not (``RISICOBEELD_SMTP``)."""
    return bool(os.environ.get("RISICOBEELD_SMTP"))


def mail_server() -> MailServer:
    """Return where e-mail goes out (``RISICOBEELD_SMTP``, HOST:PORT, and the settings beside it).

    Raises
    ------
    InputError
        A setting is missing or wrong, or the way to another machine would not be encrypted.
    """
    host, _, port = os.environ.get("RISICOBEELD_SMTP", "").rpartition(":")
    if not host or not port.isdecimal():
        raise InputError("mail_unset", setting="RISICOBEELD_SMTP", example="mail.example.org:587")
    sender = os.environ.get("RISICOBEELD_MAIL_FROM", "")
    if "@" not in sender or any(sign in sender for sign in "\r\n"):
        raise InputError("mail_unset", setting="RISICOBEELD_MAIL_FROM", example="risicobeeld@example.org")
    site = os.environ.get("RISICOBEELD_SITE", "").rstrip("/")
    if urlsplit(site).scheme not in ("http", "https") or not urlsplit(site).netloc:
        raise InputError("mail_unset", setting="RISICOBEELD_SITE", example="https://risicobeeld.example.org")
    tls = os.environ.get("RISICOBEELD_SMTP_TLS") or "starttls"
    if tls not in ("starttls", "tls", "none") or (tls == "none" and host not in ("127.0.0.1", "localhost", "::1")):
        raise InputError("mail_without_tls", asked=tls)
    return MailServer(host, int(port), tls, os.environ.get("RISICOBEELD_SMTP_USER", ""), _mail_password(), sender, site)


def _mail_password() -> str:
    file = os.environ.get("RISICOBEELD_SMTP_PASSWORD_FILE", "")
    if not file:
        return os.environ.get("RISICOBEELD_SMTP_PASSWORD", "")
    try:
        return Path(file).expanduser().read_text("utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise InputError("mail_password_unread", file=file) from error


def sign_in_file() -> Path:
    """Return the TOML file that configures sign-in, the one Streamlit reads (``STREAMLIT_SECRETS_FILES``)."""
    default = home() / ".streamlit" / "secrets.toml"
    return _resolved(os.environ.get("STREAMLIT_SECRETS_FILES") or str(default))


def has_sign_in() -> bool:
    """Tell whether sign-in is configured; half a configuration counts, so that nobody comes in by a typing error."""
    path = sign_in_file()
    if not path.is_file():
        return False
    try:
        return "auth" in tomllib.loads(path.read_text("utf-8"))
    except tomllib.TOMLDecodeError:
        return True


def takes_visits() -> bool:
    """Tell whether the form that works without a network is served, where people sign in (``RISICOBEELD_VISITS``).

    Raises
    ------
    InputError
        The setting says something else than ``on`` or ``off``.
    """
    told = os.environ.get("RISICOBEELD_VISITS") or "on"
    if told not in ("on", "off"):
        raise InputError(f"RISICOBEELD_VISITS is {told!r}; write on or off.")
    return told == "on"


def http_timeout_s() -> float:
    """Return the seconds that a source may stay silent (``RISICOBEELD_TIMEOUT``)."""
    return float(os.environ.get("RISICOBEELD_TIMEOUT") or DEFAULT_TIMEOUT_S)


def http_retry_wait_s() -> float:
    """Return the seconds before the second attempt; each later wait is twice as long (``RISICOBEELD_RETRY_WAIT``)."""
    return float(os.environ.get("RISICOBEELD_RETRY_WAIT") or 1.0)


def contact() -> str:
    """Return whom a publisher can reach about our requests (``RISICOBEELD_CONTACT``), one line; '' for nobody.

    Examples
    --------
    >>> contact()
    ''
    """
    return " ".join(os.environ.get("RISICOBEELD_CONTACT", "").split())[:200]
