"""Comments that were written by staff"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0081"
down_revision = "0080"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # The default stays: the previous release goes on adding comments while this runs.
    op.add_column("comment", sa.Column("by_staff", sa.Boolean(), server_default=sa.false(), nullable=False))


def downgrade() -> None:
    op.drop_column("comment", "by_staff")
