"""One family of named errors. Each message is one sentence: what is wrong, where, and what to do."""

from collections.abc import Mapping


class RisicobeeldError(Exception):
    """Base of every error that the product raises on purpose; commands print its sentence and stop."""


class ContractError(RisicobeeldError, ValueError):
    """A table breaks its contract: a column, a type, a key or a value is not as agreed."""


class SnapshotError(RisicobeeldError, OSError):
    """A snapshot is missing, damaged or half-written."""


class SourceError(RisicobeeldError, OSError):
    """A source is down, has changed, or answered with something that cannot be used."""


class InputError(RisicobeeldError, ValueError):
    """A file or an argument that a user gave cannot be used as it is."""


class NotReadyError(RisicobeeldError, ValueError):
    """Nothing may be ranked yet: a table that a ranking cannot do without is absent.

    Attributes
    ----------
    step
        Name of the next step, for the words under ``ready.step``.
    values
        What those words are filled with.
    """

    def __init__(self, message: str, step: str, values: Mapping[str, object]) -> None:
        super().__init__(message)
        self.step, self.values = step, values


class UnknownCodeError(RisicobeeldError, KeyError):
    """A code of a gemeente, veiligheidsregio, sector or kind that does not exist."""

    def __str__(self) -> str:
        """Return the sentence itself; ``KeyError`` would print it in quotes."""
        return str(self.args[0]) if self.args else ""


class AccessDeniedError(RisicobeeldError, PermissionError):
    """The viewer may not see or do this; the sentence says who may."""


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

    def __init__(self, message: str, version: int) -> None:
        super().__init__(message)
        self.version = version
