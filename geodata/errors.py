"""One family of named errors. Each says one sentence: what is wrong, where, and what to do."""

import errno
from collections.abc import Mapping
from typing import Final, Self

from words import read_texts


class InEach(str):
    """A part of a sentence that differs by language: English as a text, the others for a page in that language.

    Examples
    --------
    >>> day = InEach("day", nl="dag")
    >>> str(day), day.words["nl"]
    ('day', 'dag')
    """

    __slots__ = ("words",)
    words: Mapping[str, str]

    def __new__(cls, english: str, **others: str) -> Self:
        """Make it of the English text and those of other languages."""
        made = super().__new__(cls, english)
        made.words = {"en": english, **others}
        return made


class RisicobeeldError(Exception):
    """Base of every error that the product raises on purpose; commands print its sentence and stop.

    Parameters
    ----------
    key
        Name of the sentence under ``problem`` in ``words/``, which pages show in their own language; or, for what
        only a command can meet, the whole English sentence.
    **values
        What the sentence names.

    Examples
    --------
    >>> str(InputError("file_empty", name="plan.pdf"))
    'plan.pdf is empty; choose another file.'
    >>> str(ModelError("The model lacks the entry 'weights'; add it to model.toml."))
    "The model lacks the entry 'weights'; add it to model.toml."
    """

    def __init__(self, key: str, /, **values: object) -> None:
        super().__init__(key)
        self.key = key
        self.values = values

    def __str__(self) -> str:
        """Return the sentence in English, as commands print it."""
        texts = read_texts("en")
        found = (name for name in (f"command.{self.key}", f"problem.{self.key}") if name in texts)
        name = next(found, "")
        return texts(name, **self.values) if name else self.key


class ContractError(RisicobeeldError, ValueError):
    """A table breaks its contract: a column, a type, a key or a value is not as agreed."""


class SnapshotError(RisicobeeldError, OSError):
    """A snapshot is missing, damaged or half-written."""


class SourceError(RisicobeeldError, OSError):
    """A source is down, has changed, or answered with something that cannot be used."""


class InputError(RisicobeeldError, ValueError):
    """A file or an argument that a user gave cannot be used as it is."""


class UnlikePicturesError(InputError):
    """Two pictures of which one lacks a dimension or route that the other has: they are not compared."""


class NotReadyError(RisicobeeldError, ValueError):
    """Nothing may be ranked yet: a table that a ranking cannot do without is absent.

    Attributes
    ----------
    step
        Name of the next step, for the words under ``ready.step``.
    in_words
        By language, the sentence as a page says it: without the command, for which it has a button.
    """

    def __init__(self, message: str, step: str, in_words: Mapping[str, str]) -> None:
        super().__init__(message)
        self.step, self.in_words = step, dict(in_words)


class UnknownCodeError(RisicobeeldError, KeyError):
    """A code of a gemeente, veiligheidsregio, sector or kind that does not exist."""


class AccessDeniedError(RisicobeeldError, PermissionError):
    """The viewer may not see or do this; the sentence says who may."""


class UnnotedError(AccessDeniedError):
    """The audit trail cannot be written, so what it would have told of does not happen."""


class ModelError(RisicobeeldError, ValueError):
    """The index declared in ``risk/model.toml`` contradicts itself."""


class SchedulerError(RisicobeeldError, ConnectionError):
    """The cluster that was named for heavy work is not there, cannot be used, or was lost."""


class RegisterError(RisicobeeldError, RuntimeError):
    """An entry of the register cannot be written or read as asked."""


class DatabaseAwayError(RegisterError):
    """The register's database does not answer: it restarts, or cannot be reached."""


class ConflictError(RegisterError):
    """Someone else changed the entry meanwhile; ``version`` is the newest one, to show the difference with."""

    def __init__(self, key: str, version: int, /, **values: object) -> None:
        super().__init__(key, **values)
        self.version = version


_DISK: Final = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS, errno.EACCES, errno.EPERM, errno.EIO)


def unwritable(error: OSError) -> InputError:
    """Return the sentence for who met a disk that is full or cannot be written, or another failure of the system.

    Examples
    --------
    >>> str(unwritable(OSError(errno.ENOSPC, "No space left on device", "data/core")))
    "data/core cannot be written (No space left on device); free some disk space or correct the folder's rights."
    >>> str(unwritable(OSError(errno.EADDRINUSE, "Address already in use")))
    '[Errno 98] Address already in use'
    """
    if error.errno in _DISK:
        return InputError("folder_unwritable", path=error.filename2 or error.filename or "A file", cause=error.strerror)
    return InputError(str(error))
