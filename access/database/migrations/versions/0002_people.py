"""Who may enter: people, what they may see and until when, and the sessions they ended."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Make the tables as they were first shipped; later changes come as later revisions."""
    op.create_table(
        "people",
        sa.Column("person_id", sa.String(32), primary_key=True),
        sa.Column("email", sa.String(200), nullable=False, unique=True),
        sa.Column("subject", sa.String(400), nullable=False),
        sa.Column("revoked_at", sa.String(32), nullable=False),
        sa.Column("recorded_at", sa.String(32), nullable=False),
    )
    op.create_table(
        "people_grants",
        sa.Column("grant_id", sa.String(32), primary_key=True),
        sa.Column("person_id", sa.String(32), sa.ForeignKey("people.person_id"), nullable=False, index=True),
        sa.Column("role", sa.String(20), nullable=False),
        sa.Column("vr_codes", sa.String(200), nullable=False),
        sa.Column("organisation", sa.String(200), nullable=False),
        sa.Column("deputy_of", sa.String(32), nullable=False),
        sa.Column("valid_from", sa.String(10), nullable=False),
        sa.Column("valid_until", sa.String(10), nullable=False),
    )
    op.create_table(
        "people_ended_sessions",
        sa.Column("session_id", sa.String(64), primary_key=True),
        sa.Column("expires_at", sa.Float, nullable=False),
    )
