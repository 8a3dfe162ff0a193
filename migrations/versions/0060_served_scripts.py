"""Scripts that were served under an address with a version"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0060"
down_revision = "0034"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "served_script",
        sa.Column("version", sa.String(length=80), nullable=False),
        sa.Column("name", sa.String(length=40), nullable=False),
        sa.Column("compressed", sa.LargeBinary(), nullable=False),
        sa.Column("served_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("version", "name", name=op.f("pk_served_script")),
    )


def downgrade() -> None:
    op.drop_table("served_script")
