"""Read the register: the newest version of every entity, now or as it was known at an earlier moment.

The rows of a kind are those that came with the product (the snapshot's activations, the shipped lists)
and the register's own; an entity that the register holds takes the place of the row it came from.
"""

import json
import tomllib
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time
from functools import cache, lru_cache
from pathlib import Path
from typing import Any, Final

import pandas as pd
import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY

from access.database import engine as database
from access.database.tables import FACETS, contents, events
from access.database.who import UPKEEP, Who
from access.rights import Rows, rows_of
from access.viewer import Viewer
from geodata import contracts
from geodata.codes import Status
from geodata.errors import InputError
from geodata.snapshots import snapshot
from geodata.snapshots.snapshot import Snapshot
from register.schema import FICTIONAL, KINDS, Kind, blank, facets_of, kind_of

_SHIPPED: Final = Path(__file__).parent / "shipped"
BY_TABLE: Final[Mapping[str, Kind]] = {kind.table: kind for kind in KINDS.values()}
EXTRA_COLUMNS: Final = ("vr_code", "partners", "version", "action", "erased_reason")
"""What rows carry besides the columns of their contract: to scope them, to change them, and to show what was erased."""


@dataclass(frozen=True)
class Filters:
    """Which rows to read; empty means all.

    Attributes
    ----------
    codes
        Allowed codes per counting column, for example ``{"vr_code": ("VR06",), "themes": ("wonen",)}``;
        a row with several themes passes when one of them is allowed.
    first, last
        Bounds of the event date, both included.
    text
        Letters that occur somewhere in the content, in capitals or not.
    as_of
        What was recorded by this moment; a date counts to its end, in UTC.
    entity_id
        Only this one; '' for all.
    newest_n
        Only so many rows, the newest by event date first; 0 for all.
    """

    codes: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    first: date | None = None
    last: date | None = None
    text: str = ""
    as_of: date | datetime | None = None
    entity_id: str = ""
    newest_n: int = 0

    def __post_init__(self) -> None:
        wrong = sorted(set(self.codes) - set(FACETS))
        if wrong:
            raise InputError(f"The register cannot filter by {wrong[0]!r}; choose from {', '.join(FACETS)}.")
        object.__setattr__(self, "codes", {facet: tuple(allowed) for facet, allowed in self.codes.items()})

    def __hash__(self) -> int:
        """Return a number that is the same for the same question."""
        codes = frozenset(self.codes.items())
        return hash((codes, self.first, self.last, self.text, self.as_of, self.entity_id, self.newest_n))


ALL: Final = Filters()


def moment(as_of: date | datetime | None) -> str:
    """Return a moment as the register writes it; a date stands for its last microsecond."""
    if as_of is None:
        return "9999"
    if not isinstance(as_of, datetime):
        as_of = datetime.combine(as_of, time.max, UTC)
    return as_of.astimezone(UTC).isoformat(timespec="microseconds")


def table(who: Who, name: str, filters: Filters = ALL, among: Snapshot | None = None) -> pd.DataFrame:
    """Return the rows of one kind: its contract's columns and `EXTRA_COLUMNS`.

    Every caller but `door.store` must go through the scoped store: these rows are everybody's, and only
    PostgreSQL holds back what the viewer may not see.

    Parameters
    ----------
    who
        The viewer, or `UPKEEP`.
    name
        Name of the contract: signals, activations, referrals, plan_lines, contacts, routes, work_log, interpretations,
        library.
    filters
        Which rows.
    among
        The snapshot whose activations are read with the register's; the one in use by default.
    """
    current = among or snapshot.current()
    # With the hash of the newest event all is the same as it was: no row needs to be read or checked anew.
    read = _table if filters.as_of is None and not filters.text else _table_asked
    found = read(who, name, filters, database.url(), _head(), str(current.path), current.data_version)
    return found.copy(deep=False)  # whoever changes it changes a copy


def _head() -> str:
    """Return the hash of the newest event, '' without any."""
    if not database.exists():
        return ""
    query = sa.select(events.c.hash).order_by(events.c.seq.desc()).limit(1)
    with database.reading(UPKEEP) as connection:
        return str(connection.execute(query).scalar() or "")


def _read_table(
    who: Who, name: str, filters: Filters, _url: str, _head: str, folder: str, data_version: str
) -> pd.DataFrame:
    """Read and check the rows of a viewer; everything that they follow from is a part of the key."""
    kind = BY_TABLE[name]
    base = _base_rows(kind, folder, data_version)
    ids = [row[kind.key] for row in base]
    own, taken = _own_rows(who, kind, filters, ids) if database.exists() else ([], frozenset())
    rows = [*own, *(row for row in base if _passes(kind, row, filters) and row[kind.key] not in taken)]
    if is_practice(who):
        rows = [row for row in rows if row["status"] != Status.OFFICIAL]
    if not rows:
        return contracts.empty(name).assign(**dict.fromkeys(_columns_of_every_kind(kind), ""))
    return _frame(kind, rows, filters.newest_n)


# Of each of the 25 regions some tables at once, each a part of the whole; of a day or a word that was asked few.
_table: Final = lru_cache(maxsize=256)(_read_table)
_table_asked: Final = lru_cache(maxsize=32)(_read_table)


def newest_event(who: Who, name: str) -> int:
    """Return the number of the newest event of a kind, 0 without any: the same number, the same rows.

    Parameters
    ----------
    who, name
        As for `table`.
    """
    if not database.exists():
        return 0
    query = sa.select(sa.func.max(events.c.seq)).where(events.c.entity_kind == BY_TABLE[name].name)
    with database.reading(who) as connection:
        return int(connection.execute(query).scalar() or 0)


def _columns_of_every_kind(kind: Kind) -> list[str]:
    return [column for column in EXTRA_COLUMNS if column not in kind.columns]


def _frame(kind: Kind, rows: list[dict[str, Any]], newest_n: int) -> pd.DataFrame:
    frame = pd.DataFrame(rows)
    has_gaps = frame.isna().any()
    for column in (*kind.columns, *_columns_of_every_kind(kind)):
        absent = blank(kind, column)
        if column not in frame.columns:
            frame[column] = absent
        elif has_gaps[column] and absent in ("", 0):
            frame[column] = frame[column].fillna(absent)  # entries from before the column was there
    of_every_kind = frame[_columns_of_every_kind(kind)]
    for column, rule in kind.columns.items():
        if "datetime" in str(rule.dtype):
            moments = pd.to_datetime(frame[column], format="ISO8601", utc=True).dt.tz_localize(None)
            with suppress(pd.errors.OutOfBoundsDatetime):  # the contract says it in words
                moments = moments.dt.as_unit("ns")
            frame[column] = moments
    checked = contracts.check(kind.table, frame).join(of_every_kind)
    if kind.date_field:
        checked = checked.sort_values([kind.date_field, kind.key], ascending=[False, True], kind="stable")
        checked = checked.head(newest_n) if newest_n else checked
    return checked.reset_index(drop=True)


def _own_rows(
    who: Who, kind: Kind, filters: Filters, base_ids: list[str]
) -> tuple[list[dict[str, Any]], frozenset[str]]:
    """Return the register's rows and the ids that it holds at all, whether they pass the filters or not."""
    before = events.alias("before")
    supersedes = (
        sa.select(before.c.event_id)
        .where(
            before.c.entity_kind == events.c.entity_kind,
            before.c.entity_id == events.c.entity_id,
            before.c.version == events.c.version - 1,
        )
        .scalar_subquery()
    )
    with database.reading(who) as connection:
        until = moment(filters.as_of)
        newest = _newest(connection, who, kind, until, [filters.entity_id] if filters.entity_id else None)
        of_base = _newest(connection, who, kind, until, base_ids)
        query = (
            sa.select(events, contents.c.body, supersedes.label("before_id"))
            .join(newest, newest.c.event_id == events.c.event_id)
            .outerjoin(contents, contents.c.event_id == events.c.event_id)
            .where(events.c.entity_kind == kind.name, *_conditions(filters), *_open_to(who))
            .order_by(events.c.event_date.desc(), events.c.entity_id)
        )
        if filters.newest_n:
            query = query.limit(filters.newest_n)
        taken = frozenset(connection.execute(sa.select(of_base.c.entity_id)).scalars())
        found = [dict(row) for row in connection.execute(query).mappings()]
    bodies = json.loads("[" + ",".join(row["body"] or "{}" for row in found) + "]")
    rows = [_row(kind, event, body, taken) for event, body in zip(found, bodies, strict=True)]
    return [row for row in rows if kind.is_counted or row["action"] != "erase"], taken


def _newest(
    connection: sa.Connection, who: Who, kind: Kind, until: str, only: Sequence[str] | None = None
) -> sa.FromClause:
    """Return entity_id and event_id of the newest version of each entity (of these only), whoever looks.

    A viewer from whom the newest version is kept must not be shown the one before it in its place, so for those
    PostgreSQL is asked by a function that knows every version and tells of identities only.
    """
    sees_all = who == UPKEEP or (isinstance(who, Viewer) and rows_of(who.role, kind.table) == Rows.ALL)
    if connection.dialect.name == "postgresql" and not sees_all:
        asked = sa.func.register_newest(kind.name, until, sa.cast(only, ARRAY(sa.Text)))
        return asked.table_valued("entity_id", "event_id").alias("newest")
    known, later = events.alias("known"), events.alias("later")
    superseded = sa.exists().where(
        later.c.entity_kind == known.c.entity_kind,
        later.c.entity_id == known.c.entity_id,
        later.c.version > known.c.version,
        later.c.recorded_at <= until,
    )
    its = [known.c.entity_kind == kind.name, known.c.recorded_at <= until, ~superseded]
    if only is not None:
        its.append(known.c.entity_id.in_(only))
    return sa.select(known.c.entity_id, known.c.event_id).where(*its).subquery("newest")


def is_practice(who: Who) -> bool:
    """Tell whether somebody looks at a page without sign-in: real entries stay closed then."""
    return isinstance(who, Viewer) and who.is_practice


def _open_to(who: Who) -> list[sa.ColumnElement[bool]]:
    return [events.c.status != Status.OFFICIAL.value] if is_practice(who) else []


def _conditions(filters: Filters) -> list[sa.ColumnElement[bool]]:
    found: list[sa.ColumnElement[bool]] = []
    if filters.entity_id:
        found.append(events.c.entity_id == filters.entity_id)
    for facet, allowed in filters.codes.items():
        column = events.c[facet]
        if facet in ("themes", "measures"):
            listed = sa.literal(";").concat(column).concat(";")
            found.append(sa.or_(sa.false(), *(listed.contains(f";{code};", autoescape=True) for code in allowed)))
        else:
            found.append(column.in_(allowed))
    if filters.first:
        found.append(events.c.event_date >= filters.first.isoformat())
    if filters.last:
        found.append(events.c.event_date <= filters.last.isoformat())
    if filters.text:
        found.append(contents.c.body.icontains(json.dumps(filters.text, ensure_ascii=False)[1:-1], autoescape=True))
    return found


def _row(kind: Kind, event: Mapping[str, Any], body: dict[str, Any], taken: frozenset[str]) -> dict[str, Any]:
    came_from = event["entity_id"] if event["version"] == 1 and event["entity_id"] in taken else ""
    if event["action"] == "erase":
        body = _stub(kind, event)
    return {
        **body,
        kind.key: event["entity_id"],
        "status": event["status"],
        "recorded_at": event["recorded_at"],
        "supersedes": event["before_id"] or came_from,
        "version": event["version"],
        "action": event["action"],
        "erased_reason": event["reason"],
    }


def _stub(kind: Kind, event: Mapping[str, Any]) -> dict[str, Any]:
    """Return what is left of an erased entity: the codes it is counted by, its date, and blanks."""
    stub: dict[str, Any] = {name: blank(kind, name) for name in (*kind.fields, "recorded_by")}
    stub |= {name: event[facet] for facet, name in kind.facets.items()}
    for name in kind.fields:
        rule = kind.columns.get(name)
        if rule is not None and "bool" in str(rule.dtype):
            stub[name] = stub[name] == "yes"
        if rule is not None and "datetime" in str(rule.dtype):
            stub[name] = event["event_date"] or None
    return stub


def parse_body(body: str) -> dict[str, Any]:
    """Return a stored content as a mapping."""
    found: dict[str, Any] = json.loads(body)
    return found


# --- rows that came with the product ------------------------------------------------------------------


def _base_rows(kind: Kind, folder: str, data_version: str) -> tuple[dict[str, Any], ...]:
    if kind.name == "activation":
        return _snapshot_activations(folder, data_version)
    return _shipped_rows(kind.name)


@cache
def _snapshot_activations(folder: str, _data_version: str) -> tuple[dict[str, Any], ...]:
    found = snapshot.read_core(Path(folder)).table("activations")
    rows: list[dict[str, Any]] = found.to_dict("records")
    return tuple({**row, "version": 0, "action": "record", "erased_reason": ""} for row in rows)


@cache
def _shipped_rows(name: str) -> tuple[dict[str, Any], ...]:
    """Return the lists that ship: organisations and functions, no names of people."""
    path = _SHIPPED / f"{name}.toml"
    if not path.is_file():
        return ()
    kind = kind_of(name)
    given = {"status": "assumption", "version": 0, "action": "record", "erased_reason": ""}
    blanks = {name: blank(kind, name) for name in kind.fields}
    entries = tomllib.loads(path.read_text("utf-8"))["row"]
    return tuple({**blanks, **given, **entry} for entry in entries)


def base_row(kind: Kind, entity_id: str, among: Snapshot | None = None) -> dict[str, Any] | None:
    """Return the row that came with the product under this id, None when there is none.

    Parameters
    ----------
    kind
        The kind of entry.
    entity_id
        Of the entry in the register.
    among
        The snapshot to look in; the one in use by default.
    """
    current = among or snapshot.current()
    rows = _base_rows(kind, str(current.path), current.data_version)
    return next((row for row in rows if row[kind.key] == entity_id), None)


def _passes(kind: Kind, row: Mapping[str, Any], filters: Filters) -> bool:
    if filters.entity_id and row[kind.key] != filters.entity_id:
        return False
    facets = facets_of(kind, row)
    for facet, allowed in filters.codes.items():
        if not set(facets.get(facet, "").split(";")) & set(allowed):
            return False
    if filters.as_of is not None and "recorded_at" in row and row["recorded_at"].isoformat() > moment(filters.as_of):
        return False
    if kind.date_field:
        day = pd.Timestamp(row[kind.date_field]).date()
        if (filters.first and day < filters.first) or (filters.last and day > filters.last):
            return False
    return not filters.text or any(filters.text.lower() in str(value).lower() for value in row.values())


def in_training(rows: pd.DataFrame) -> pd.Series:
    """Tell of each row whether it is a training entry."""
    return rows["status"] == FICTIONAL
