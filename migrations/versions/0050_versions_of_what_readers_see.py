"""Versions of what readers see of an article"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0050"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # The default stays: the previous release goes on adding articles while this runs.
    op.add_column("article", sa.Column("public_version", sa.Integer(), server_default="0", nullable=False))


def downgrade() -> None:
    op.drop_column("article", "public_version")
