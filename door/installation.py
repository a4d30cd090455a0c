"""Can this installation serve: the figures open, the register answers, and the data folder takes what is written."""

import shutil
import tempfile
from collections.abc import Callable
from typing import Final

from access import audit, tokens
from access.database import engine as database
from access.database.who import UPKEEP
from geodata import settings
from geodata.errors import InputError, RisicobeeldError, unwritable
from geodata.snapshots import snapshot
from register import chain, events

_LEAST_FREE_BYTES: Final = 200_000_000  # a refresh writes some tens of megabytes, and the audit trail must go on


def check() -> dict[str, str]:
    """Return for each part '' when it is ready, else the sentence that says what is wrong.

    The parts: ``snapshot`` (the figures in use are whole), ``register`` (its database answers and is not newer
    than this program, an older one is brought up to date, and what is anchored outside is there) and ``folder`` (it
    can be written, has room, and the tokens of other systems can be read).
    """
    return {name: _sentence(part) for name, part in _PARTS.items()}


def doubt() -> str:
    """Return what should be looked at although every part is ready; '' when nothing should.

    Figures of the installation's own and a register without an entry: right before the first entry, and also what
    is left when nothing but snapshots was saved, without the mark with them that tells of a register
    (`access.database.traces`). Nothing can part the two, so it is said and refuses nothing.

    Raises
    ------
    RisicobeeldError
        The figures or the register cannot be read.
    """
    if snapshot.current().is_demonstration:
        return ""
    if database.exists():
        with database.reading(UPKEEP) as connection:
            if connection.execute(events.HEAD).first() is not None:
                return ""
    return (
        f"There are figures in {settings.data_dir()}, and no register: right for a first start. "
        "If entries were kept here, the register was lost: restore a backup (`risicobeeld restore FILE`)."
    )


def _sentence(part: Callable[[], None]) -> str:
    try:
        part()
    except RisicobeeldError as error:
        return str(error)
    except OSError as error:
        return str(unwritable(error))
    return ""


def _snapshot() -> None:
    snapshot.current()


def _register() -> None:
    heads = chain.known_heads()  # also before the first entry: an anchor that is gone or broken is told
    if database.exists():
        with database.reading(UPKEEP) as connection:
            chain.refuse_cut(connection, *heads)


def _folder() -> None:
    folder = settings.data_dir()
    try:
        for place in (folder, audit.folder()):
            place.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryFile(dir=place):
                pass
        free = shutil.disk_usage(folder).free
    except OSError as error:
        raise InputError(
            f"The data folder {folder} cannot be written ({error.strerror}); correct its rights."
        ) from error
    if free < _LEAST_FREE_BYTES:
        raise InputError(f"The disk of {folder} has {free / 1e6:.0f} MB left; free some space.")
    tokens.refuse_damaged()


_PARTS: Final[dict[str, Callable[[], None]]] = {"snapshot": _snapshot, "register": _register, "folder": _folder}
