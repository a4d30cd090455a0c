"""One entry of the register at the door: its history, its differences and its files, for who may open it whole.

Writing goes to `register.record` and `register.files`, which refuse who may not write; what is read here is scoped
first, as tables are by `door.store`.
"""

from collections.abc import Mapping
from typing import Any

import pandas as pd
import sqlalchemy as sa

from access.database import engine as database
from access.database.tables import contents, events, files
from access.rights import hidden_columns
from door.store import ScopedStore
from geodata.errors import AccessDeniedError, RegisterError
from register import read
from register.files import StoredFile
from register.read import Filters
from register.record import newest
from register.schema import kind_of


def difference(
    store: ScopedStore, kind_name: str, entity_id: str, changes: Mapping[str, object]
) -> list[tuple[str, object, object]]:
    """Return the fields in which ``changes`` differ from the newest version: name, theirs, yours.

    Parameters
    ----------
    store
        The tables as the viewer may see them.
    kind_name
        A kind of entry (`register.schema`).
    entity_id
        Of the entry in the register.
    changes
        Fields by name, as somebody wants them.
    """
    refuse_reader(store, kind_name, entity_id)
    _, body = newest(kind_name, entity_id)
    return [(name, body.get(name), yours) for name, yours in changes.items() if body.get(name) != yours]


def history(store: ScopedStore, kind_name: str, entity_id: str) -> list[dict[str, Any]]:
    """Return every version of an entity, oldest first: version, action, recorded_at, recorded_by, reason, content.

    Versions from when it was another region's, or without this partner, stay out.

    Parameters
    ----------
    store
        The tables as the viewer may see them.
    kind_name
        A kind of entry (`register.schema`).
    entity_id
        Of the entry in the register.

    Raises
    ------
    AccessDeniedError
        The viewer may not see this entity with its texts.
    """
    refuse_reader(store, kind_name, entity_id)
    if not database.exists():
        return []
    its = sa.and_(events.c.entity_kind == kind_name, events.c.entity_id == entity_id)
    query = sa.select(events, contents.c.body).outerjoin(contents).where(its).order_by(events.c.version)
    with database.reading(store.viewer) as connection:
        rows = connection.execute(query).mappings().all()
    scopes = [{"vr_code": row["vr_code"], "partners": ""} | read.parse_body(row["body"] or "{}") for row in rows]
    seen = store.in_scope(kind_of(kind_name).table, pd.DataFrame(scopes, columns=["vr_code", "partners"])).index
    hides_who = "recorded_by" in hidden_columns(store.viewer.role, kind_of(kind_name).table)
    found = []
    for row in (rows[number] for number in seen):
        body = read.parse_body(row["body"] or "{}")
        kept = {name: row[name] for name in ("version", "action", "recorded_at", "reason")}
        who = body.pop("recorded_by", "")
        found.append({**kept, "recorded_by": "" if hides_who else who, "content": body})
    return found


def refuse_reader(store: ScopedStore, kind_name: str, entity_id: str) -> None:
    """Stop a viewer who may not open an entry whole.

    Parameters
    ----------
    store
        The tables as the viewer may see them.
    kind_name
        A kind of entry (`register.schema`).
    entity_id
        Of the entry in the register.
    """
    kind = kind_of(kind_name)
    sees = store.may_read_text(kind.table) and len(store.register(kind.table, Filters(entity_id=entity_id))) > 0
    if not sees:
        raise AccessDeniedError(f"Role {store.viewer} may not open {kind_name} {entity_id}; ask LOT-C.")


def files_of(store: ScopedStore, kind_name: str, entity_id: str) -> list[StoredFile]:
    """Return the files of an entry that the viewer may see.

    Parameters
    ----------
    store
        The tables as the viewer may see them.
    kind_name
        A kind of entry (`register.schema`).
    entity_id
        Of the entry in the register.
    """
    refuse_reader(store, kind_name, entity_id)
    if not database.exists():
        return []
    columns = (files.c.file_id, files.c.name, files.c.size_bytes, files.c.sha256)
    mine = sa.and_(files.c.entity_kind == kind_name, files.c.entity_id == entity_id)
    with database.reading(store.viewer) as connection:
        return [StoredFile(*row) for row in connection.execute(sa.select(*columns).where(mine).order_by(files.c.name))]


def read_file(store: ScopedStore, kind_name: str, entity_id: str, file_id: str) -> bytes:
    """Return the bytes of a file of an entry that the viewer may see.

    Parameters
    ----------
    store
        The tables as the viewer may see them.
    kind_name
        A kind of entry (`register.schema`).
    entity_id
        Of the entry in the register.
    file_id
        Of the file.
    """
    refuse_reader(store, kind_name, entity_id)
    mine = sa.and_(files.c.file_id == file_id, files.c.entity_kind == kind_name, files.c.entity_id == entity_id)
    with database.reading(store.viewer) as connection:
        content = connection.execute(sa.select(files.c.content).where(mine)).scalar()
    if content is None:
        raise RegisterError("no_such_file", kind=kind_name, entry=entity_id)
    return bytes(content)
