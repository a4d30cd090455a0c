"""Every table of the database, declared once; the migrations make them."""

from typing import Final

import sqlalchemy as sa

FACETS: Final = (
    "vr_code",
    "sector_code",
    "themes",
    "kind",
    "trigger",
    "state",
    "integral",
    "infections_found",
    "measures",
)
"""Codes of closed lists that reports count by. They hold no text, no person and no place below the
veiligheidsregio, and stay when the content is erased."""

metadata = sa.MetaData()
"""Of the register's tables, which the migrations are compared with."""

events = sa.Table(
    "register_events",
    metadata,
    sa.Column("seq", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("event_id", sa.String(32), nullable=False, unique=True),
    sa.Column("entity_kind", sa.String(20), nullable=False),
    sa.Column("entity_id", sa.String(80), nullable=False),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Column("action", sa.String(10), nullable=False),  # record, correct, state, erase
    sa.Column("event_date", sa.String(10), nullable=False),
    sa.Column("status", sa.String(12), nullable=False),
    *(sa.Column(name, sa.String(200), nullable=False) for name in FACETS),
    sa.Column("reason", sa.String(20), nullable=False),  # why it was erased
    sa.Column("recorded_at", sa.String(32), nullable=False),
    sa.Column("digest", sa.String(64), nullable=False),
    sa.Column("previous_hash", sa.String(64), nullable=False),
    sa.Column("hash", sa.String(64), nullable=False),
    sa.UniqueConstraint("entity_kind", "entity_id", "version", name="register_events_one_per_version"),
    sa.Index("register_events_by_date", "entity_kind", "event_date"),
)

contents = sa.Table(
    "register_contents",
    metadata,
    sa.Column("event_id", sa.String(32), sa.ForeignKey("register_events.event_id"), primary_key=True),
    sa.Column("salt", sa.String(32), nullable=False),
    sa.Column("body", sa.Text, nullable=False),
)

files = sa.Table(
    "register_files",
    metadata,
    sa.Column("file_id", sa.String(32), primary_key=True),
    sa.Column("entity_kind", sa.String(20), nullable=False),
    sa.Column("entity_id", sa.String(80), nullable=False, index=True),
    sa.Column("name", sa.String(200), nullable=False),
    sa.Column("size_bytes", sa.Integer, nullable=False),
    sa.Column("sha256", sa.String(64), nullable=False),
    sa.Column("content", sa.LargeBinary, nullable=False),
)

drafts = sa.Table(
    "register_drafts",
    metadata,
    sa.Column("draft_id", sa.String(32), primary_key=True),
    sa.Column("owner", sa.String(200), nullable=False),
    sa.Column("entity_kind", sa.String(20), nullable=False),
    sa.Column("body", sa.Text, nullable=False),
    sa.Column("saved_at", sa.String(32), nullable=False),
    sa.Index("register_drafts_by_owner", "owner", "entity_kind"),
)

REGISTER_TABLES: Final = (events, contents, files, drafts)

_accounts: Final = sa.MetaData()
NAME_SIGNS_N: Final = 60  # of the name of a weight profile

people = sa.Table(
    "people",
    _accounts,
    sa.Column("person_id", sa.String(32), primary_key=True),
    sa.Column("email", sa.String(200)),
    sa.Column("subject", sa.String(400)),  # issuer and subject of the account, known since the first sign-in
    sa.Column("revoked_at", sa.String(32)),
    sa.Column("recorded_at", sa.String(32)),
)

grants = sa.Table(
    "people_grants",
    _accounts,
    sa.Column("grant_id", sa.String(32), primary_key=True),
    sa.Column("person_id", sa.String(32)),
    sa.Column("role", sa.String(20)),
    sa.Column("vr_codes", sa.String(200)),
    sa.Column("organisation", sa.String(200)),
    sa.Column("deputy_of", sa.String(32)),
    sa.Column("valid_from", sa.String(10)),
    sa.Column("valid_until", sa.String(10)),
)

ended_sessions = sa.Table(
    "people_ended_sessions",
    _accounts,
    sa.Column("session_id", sa.String(64), primary_key=True),
    sa.Column("expires_at", sa.Float),
)

looked = sa.Table(
    "people_looked",
    _accounts,
    sa.Column("person_id", sa.String(32), primary_key=True),
    sa.Column("looked_on", sa.String(10)),
)

mail = sa.Table(
    "people_mail",
    _accounts,
    sa.Column("person_id", sa.String(32), primary_key=True),
    sa.Column("rules", sa.String(200)),
    sa.Column("wants_quiet", sa.Boolean),
    sa.Column("language", sa.String(2)),
    sa.Column("told_until", sa.String(10)),
)

profiles = sa.Table(
    "weight_profiles",
    _accounts,
    sa.Column("profile_id", sa.String(32), primary_key=True),
    sa.Column("owner", sa.String(20)),  # a role, or the code of a veiligheidsregio
    sa.Column("name", sa.String(NAME_SIGNS_N)),
    sa.Column("weights", sa.Text),  # JSON: code of a dimension or route -> weight from 0 to 1
    sa.Column("model_version", sa.String(40)),
    sa.Column("saved_by", sa.String(200)),
    sa.Column("saved_at", sa.String(32)),
)
