"""The first tables: events, their contents, files and drafts."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

_FACETS = (
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


def upgrade() -> None:
    """Make the tables as they were first shipped; later changes come as later revisions."""
    op.create_table(
        "register_events",
        sa.Column("seq", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("event_id", sa.String(32), nullable=False, unique=True),
        sa.Column("entity_kind", sa.String(20), nullable=False),
        sa.Column("entity_id", sa.String(80), nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("action", sa.String(10), nullable=False),
        sa.Column("event_date", sa.String(10), nullable=False),
        sa.Column("status", sa.String(12), nullable=False),
        *(sa.Column(name, sa.String(200), nullable=False) for name in _FACETS),
        sa.Column("reason", sa.String(20), nullable=False),
        sa.Column("recorded_at", sa.String(32), nullable=False),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("previous_hash", sa.String(64), nullable=False),
        sa.Column("hash", sa.String(64), nullable=False),
        sa.UniqueConstraint("entity_kind", "entity_id", "version", name="register_events_one_per_version"),
    )
    op.create_index("register_events_by_date", "register_events", ["entity_kind", "event_date"])
    op.create_table(
        "register_contents",
        sa.Column("event_id", sa.String(32), sa.ForeignKey("register_events.event_id"), primary_key=True),
        sa.Column("salt", sa.String(32), nullable=False),
        sa.Column("body", sa.Text, nullable=False),
    )
    op.create_table(
        "register_files",
        sa.Column("file_id", sa.String(32), primary_key=True),
        sa.Column("entity_kind", sa.String(20), nullable=False),
        sa.Column("entity_id", sa.String(80), nullable=False, index=True),
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("size_bytes", sa.Integer, nullable=False),
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("content", sa.LargeBinary, nullable=False),
    )
    op.create_table(
        "register_drafts",
        sa.Column("draft_id", sa.String(32), primary_key=True),
        sa.Column("owner", sa.String(200), nullable=False),
        sa.Column("entity_kind", sa.String(20), nullable=False),
        sa.Column("body", sa.Text, nullable=False),
        sa.Column("saved_at", sa.String(32), nullable=False),
    )
    op.create_index("register_drafts_by_owner", "register_drafts", ["owner", "entity_kind"])
