"""Where backups lie, which there are, and until when each may be used."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Final

from geodata import settings
from register.periods import periods

SUFFIX: Final = ".backup.zip"
"""How a backup ends; those of version 1.0 end in .backup.sqlite, and a copy off the machine in .age beside that."""
_STAMP: Final = "%Y-%m-%dT%H%M%S.%fZ"


def folder() -> Path:
    """Return where backups lie unless another place is asked."""
    return settings.data_dir() / "register" / "backups"


def new_path(now: datetime) -> Path:
    """Return the path of a backup that is made now."""
    return folder() / f"{now.strftime(_STAMP)}{SUFFIX}"


def made(place: Path | None = None) -> list[tuple[datetime, Path]]:
    """Return the backups in a folder with the moment of each, the newest first."""
    paths = [path for path in (place or folder()).glob("*.backup.*") if not path.name.startswith(".")]
    return sorted(((_moment(path), path) for path in paths), reverse=True)


def _moment(path: Path) -> datetime:
    try:
        return datetime.strptime(path.name.split(".backup.")[0], _STAMP).replace(tzinfo=UTC)
    except ValueError:
        return datetime.fromtimestamp(path.stat().st_mtime, UTC)


def expires_on(made_at: datetime) -> date:
    """Return the last day on which a backup may be used."""
    return made_at.date() + timedelta(days=periods()["backup"].days)
