"""When each person last looked at what is new: one day per account, which goes with the account."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Make the table; in PostgreSQL nobody reads it but the upkeep, for whom it is about."""
    op.create_table(
        "people_looked",
        sa.Column("person_id", sa.String(32), sa.ForeignKey("people.person_id"), primary_key=True),
        sa.Column("looked_on", sa.String(10), nullable=False),
    )
    if op.get_bind().dialect.name != "postgresql":
        return
    op.execute("ALTER TABLE people_looked ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY")
    op.execute(
        "CREATE POLICY people_looked_upkeep ON people_looked"
        " USING ((SELECT current_setting('risicobeeld.role', true) IN ('upkeep')))"
    )
