"""Interpretations of a whole sector are for every region, as the contacts and the log book of all are."""

from alembic import op

revision = "0007"
down_revision = "0006"

_REGION = "(SELECT current_setting('risicobeeld.role', true) IN ('region'))"


def upgrade() -> None:
    """Let a region's contact see those of no region; on SQLite the scoped store alone does."""
    if op.get_bind().dialect.name == "postgresql":
        op.execute(
            "CREATE POLICY register_events_of_all ON register_events FOR SELECT"
            f" USING ({_REGION} AND entity_kind = 'interpretation' AND vr_code = '')"
        )
