"""Copies of backups off the machine, encrypted with age for a public key: who holds the copy alone reads nothing.

The key to read them with is best kept where the copies are not, and off the server.
"""

import os
from pathlib import Path
from typing import BinaryIO, Final

import pyrage

from geodata import settings
from geodata.errors import InputError, RegisterError
from geodata.snapshots import formats as store

SUFFIX: Final = ".age"
_HEAD: Final = b"age-encryption.org/"


def is_sealed(path: Path) -> bool:
    """Tell whether a file is encrypted."""
    with path.open("rb") as handle:
        return handle.read(len(_HEAD)) == _HEAD


def copy_away(made: Path) -> Path | None:
    """Put an encrypted copy of a backup where ``RISICOBEELD_BACKUP_TO`` says; None when it says nothing.

    Raises
    ------
    RegisterError
        There is no public key to encrypt it for, or the place cannot be written. The backup itself stays.
    """
    place = settings.backup_to()
    if place is None:
        return None
    target = place / f"{made.name}{SUFFIX}"
    try:
        key = _public_key()
        with store.whole_file(target) as part:
            _encrypt(made, part, key)
    except (OSError, InputError, pyrage.EncryptError) as error:
        raise RegisterError(f"The backup {made} was made here, but not copied to {place}: {error}") from error
    return target


class _Written:
    """A file that age writes to: of what it writes last age forgets an error, and a full disk left an empty copy."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self.error: OSError | None = None

    def write(self, content: bytes) -> int:
        try:
            return self._file.write(content)
        except OSError as error:
            self.error = error
            raise

    def flush(self) -> None:
        self._file.flush()


def _encrypt(made: Path, part: Path, key: pyrage.x25519.Recipient) -> None:
    with made.open("rb") as plain, part.open("wb") as handle:
        written = _Written(handle)
        pyrage.encrypt_io(plain, written, [key])
        if written.error is not None:
            raise written.error


def _public_key() -> pyrage.x25519.Recipient:
    key = settings.backup_key()
    if not key:
        raise InputError(
            "no public key is set, and nothing leaves this machine unencrypted; make one with python -m geodata backup"
            " --new-key FILE and put it in RISICOBEELD_BACKUP_KEY."
        )
    try:
        return pyrage.x25519.Recipient.from_str(key)
    except pyrage.RecipientError as error:
        raise InputError(f"RISICOBEELD_BACKUP_KEY is no public key of age ({error}); it begins with age1.") from error


def new_key(path: Path) -> str:
    """Make a pair of keys; keep the secret one in a file that only its owner reads, and return the public one.

    Raises
    ------
    InputError
        The file exists already or cannot be written: a key that is lost takes every copy with it.
    """
    made = pyrage.x25519.Identity.generate()
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except OSError as error:
        raise InputError(f"No key was made: {path} ({error.strerror}); choose a file that does not exist.") from error
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(f"# public key: {made.to_public()}\n{made}\n")
    return str(made.to_public())


def decrypted(path: Path, target: Path, identity: Path | None) -> Path:
    """Decrypt a copy into a file, with the secret key in ``identity`` (``RISICOBEELD_BACKUP_IDENTITY``).

    Parameters
    ----------
    path
        Of the encrypted copy.
    target
        Where the plain one is written.
    identity
        File with the secret key; the setting by default.

    Raises
    ------
    RegisterError
        There is no key, or it is not the one of this copy.
    """
    identity = identity or settings.backup_identity()
    if identity is None:
        raise RegisterError(
            f"{path} is encrypted; give the file with the secret key (--identity FILE or RISICOBEELD_BACKUP_IDENTITY)."
        )
    try:
        lines = [line.strip() for line in identity.read_text("utf-8").splitlines()]
        keys = [pyrage.x25519.Identity.from_str(line) for line in lines if line and not line.startswith("#")]
        pyrage.decrypt_file(str(path), str(target), keys)
    except (OSError, UnicodeDecodeError, pyrage.IdentityError, pyrage.DecryptError) as error:
        raise RegisterError(
            f"{path} cannot be decrypted with the key in {identity} ({error}); give the key that it was made for."
        ) from error
    return target
