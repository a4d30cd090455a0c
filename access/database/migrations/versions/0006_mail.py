"""Who wants to be told by e-mail, and of what: one row per account that asked for it, which goes with the account."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Make the table; in PostgreSQL nobody reads it but the upkeep, for whom it is about."""
    op.create_table(
        "people_mail",
        sa.Column("person_id", sa.String(32), sa.ForeignKey("people.person_id"), primary_key=True),
        sa.Column("rules", sa.String(200), nullable=False),
        sa.Column("wants_quiet", sa.Boolean, nullable=False),
        sa.Column("language", sa.String(2), nullable=False),
        sa.Column("told_until", sa.String(10), nullable=False),
    )
    if op.get_bind().dialect.name != "postgresql":
        return
    op.execute("ALTER TABLE people_mail ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY")
    op.execute(
        "CREATE POLICY people_mail_upkeep ON people_mail"
        " USING ((SELECT current_setting('risicobeeld.role', true) IN ('upkeep')))"
    )
