"""Files with an entry: a closed list of types, 20 MB at most, kept in the database and never shown as a page."""

import hashlib
import zipfile
from dataclasses import dataclass
from io import BytesIO
from pathlib import PurePosixPath
from typing import Final

import sqlalchemy as sa

from access.database import engine as database
from access.database.tables import files
from access.database.who import UPKEEP
from access.viewer import Viewer
from geodata.errors import InputError, RegisterError
from register.events import latest, new_id
from register.record import newest, refuse_practice, refuse_writer
from register.schema import kind_of

LARGEST_BYTES: Final = 20 * 1024 * 1024
_STARTS: Final = {
    ".pdf": (b"%PDF-",),
    ".png": (b"\x89PNG\r\n\x1a\n",),
    ".jpg": (b"\xff\xd8\xff",),
    ".jpeg": (b"\xff\xd8\xff",),
    ".docx": (b"PK\x03\x04",),
    ".xlsx": (b"PK\x03\x04",),
    ".odt": (b"PK\x03\x04",),
    ".txt": (),
    ".csv": (),
}
TYPES: Final = tuple(_STARTS)
MEDIA_TYPE: Final = "application/octet-stream"
"""How a file leaves: as bytes to save, which no browser renders."""


@dataclass(frozen=True)
class StoredFile:
    """What is told of a stored file; its bytes come from `door.desk.read_file`."""

    file_id: str
    name: str
    size_bytes: int
    sha256: str


def check_file(name: str, content: bytes) -> str:
    """Return the name under which a file may be kept.

    Raises
    ------
    InputError
        The type is not on the list, the content is not of that type, or it is over 20 MB.
    """
    plain = PurePosixPath(name.replace("\\", "/")).name
    plain = "".join(sign for sign in plain if sign.isprintable())[-150:]
    ending = PurePosixPath(plain).suffix.lower()
    if ending not in _STARTS:
        raise InputError("file_type", ending=ending or "none", endings=", ".join(TYPES))
    if not content:
        raise InputError("file_empty", name=plain)
    if len(content) > LARGEST_BYTES:
        raise InputError("file_too_large", name=plain, size=f"{len(content) / 1024 / 1024:.0f}")
    if not _is_of_type(ending, content):
        raise InputError("file_not_of_type", name=plain, ending=ending, endings=", ".join(TYPES))
    return plain


def _is_of_type(ending: str, content: bytes) -> bool:
    starts = _STARTS[ending]
    if not starts:
        return b"\x00" not in content
    if not content.startswith(starts):
        return False
    if starts[0].startswith(b"PK"):
        try:
            with zipfile.ZipFile(BytesIO(content)) as archive:
                return not any("vbaProject" in part for part in archive.namelist())  # documents with macros stay out
        except zipfile.BadZipFile:
            return False
    return True


def attach(viewer: Viewer, kind_name: str, entity_id: str, name: str, content: bytes) -> StoredFile:
    """Keep a file with an entry that the viewer may write.

    Parameters
    ----------
    viewer
        Who does it.
    kind_name
        A kind of entry (`register.schema`).
    entity_id
        Of the entry in the register.
    name
        Of the file.
    content
        The bytes of the file.

    Raises
    ------
    InputError
        The file may not be kept (`check_file`).
    AccessDeniedError
        The viewer may not write this entry.
    """
    plain = check_file(name, content)
    _, body = newest(kind_name, entity_id)
    refuse_writer(viewer, kind_of(kind_name), str(body.get("vr_code", "")))
    refuse_practice(viewer, kind_of(kind_name), entity_id)
    row = {
        "file_id": new_id(),
        "entity_kind": kind_name,
        "entity_id": entity_id,
        "name": plain,
        "size_bytes": len(content),
        "sha256": hashlib.sha256(content).hexdigest(),
        "content": content,
    }
    with database.writing(UPKEEP) as connection:
        event = latest(connection, kind_name, entity_id)
        if event is not None and event["action"] == "erase":
            raise RegisterError("erased_before_file", kind=kind_name, entry=entity_id)
        same = sa.and_(*(files.c[column] == row[column] for column in ("entity_kind", "entity_id", "name", "sha256")))
        known = connection.execute(sa.select(files.c.file_id).where(same)).scalar()  # sent again: the answer got lost
        if known is None:
            connection.execute(sa.insert(files), row)
    return StoredFile(str(known or row["file_id"]), plain, len(content), str(row["sha256"]))
