"""Named profiles of weights, which a region or a role keeps beside the national version."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Make the table as it was first shipped; later changes come as later revisions."""
    op.create_table(
        "weight_profiles",
        sa.Column("profile_id", sa.String(32), primary_key=True),
        sa.Column("owner", sa.String(20), nullable=False),
        sa.Column("name", sa.String(60), nullable=False),
        sa.Column("weights", sa.Text, nullable=False),
        sa.Column("model_version", sa.String(40), nullable=False),
        sa.Column("saved_by", sa.String(200), nullable=False),
        sa.Column("saved_at", sa.String(32), nullable=False),
        sa.UniqueConstraint("owner", "name", name="weight_profiles_one_per_name"),
    )
