"""Keep the state before a restore as it is, byte by byte or row by row: whoever looks into it needs the evidence."""

import fcntl
import os
import shutil
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError

from access.database import engine as database
from access.database.who import UPKEEP, show_as
from geodata import settings
from geodata.errors import RegisterError
from register.backup import archive


def folder() -> Path:
    """Return where states lie that restores kept aside."""
    return settings.data_dir() / "register" / "aside"


def new_folder() -> Path:
    """Make a folder for what is kept aside now."""
    place = folder() / datetime.now(UTC).strftime("%Y-%m-%dT%H%M%S.%fZ")
    try:
        place.mkdir(parents=True, mode=0o700)
    except OSError as error:
        raise RegisterError(
            f"Nothing was restored: the state as it is cannot be kept in {place} ({error.strerror}); free some space."
        ) from error
    return place


def keep_file(path: Path, place: Path) -> None:
    """Copy one file, with what SQLite keeps beside it."""
    try:
        for one in sorted(path.parent.glob(f"{path.name}*")):
            if one.is_file() and one.suffix not in (".turn", ".lock"):
                shutil.copy2(one, place / one.name)
                (place / one.name).chmod(0o600)
    except OSError as error:
        raise RegisterError(
            f"Nothing was restored: {path} cannot be kept in {place} ({error.strerror}); free some space."
        ) from error


def keep_rows(place: Path) -> None:
    """Copy every table of PostgreSQL that can still be read into an SQLite file, and tell which cannot."""
    engine = database.bare_engine()
    target = sa.create_engine(f"sqlite:///{place / 'tables.sqlite'}", poolclass=sa.NullPool)
    lost = []
    with engine.connect() as connection:
        names = sa.inspect(connection).get_table_names()
    for name in names:
        try:
            with engine.begin() as connection, target.begin() as into:
                show_as(connection, UPKEEP)
                table = sa.Table(name, sa.MetaData(), autoload_with=connection, resolve_fks=False)
                copy = sa.Table(
                    name, sa.MetaData(), *(sa.Column(one.name, one.type.as_generic()) for one in table.columns)
                )
                copy.create(into)
                for rows in archive.in_parts(connection, table):
                    into.execute(sa.insert(copy), rows)
        except DBAPIError as error:
            lost.append(f"{name}: {error.orig}")
    target.dispose()
    (place / "tables.sqlite").touch(mode=0o600)
    (place / "tables.sqlite").chmod(0o600)
    if lost:
        (place / "unreadable.txt").write_text("\n".join(lost) + "\n", "utf-8")


def swap_in(made: Path, path: Path, place: Path) -> None:
    """Put a new file in the place of the register's, which is kept aside with what SQLite keeps beside it.

    Parameters
    ----------
    made
        The new file.
    path
        Of the register.
    place
        Where the old one is kept.
    """
    with Path(f"{path}.turn").open("w") as handle:  # no other process of ours writes meanwhile
        fcntl.flock(handle, fcntl.LOCK_EX)
        keep_file(path, place)
        database.close()
        for ending in ("-wal", "-shm", "-journal"):
            Path(f"{path}{ending}").unlink(missing_ok=True)
        made.replace(path)


def forget(last: date, today: date) -> None:
    """Remove what was kept aside before a day: it may hold what had to be erased.

    What a clock that was ahead kept aside counts as of today.
    """
    for place in folder().glob("*/"):
        day = datetime.fromtimestamp(place.stat().st_mtime, UTC).date()
        if day < last:
            shutil.rmtree(place, ignore_errors=True)
        elif day > today + timedelta(days=1):
            moment = datetime.combine(today, time.min, UTC).timestamp()
            os.utime(place, (moment, moment))
