"""Sessions name their device"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0030"
down_revision = "0021"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("sign_in_session", sa.Column("device", sa.String(length=80), nullable=True))


def downgrade() -> None:
    op.drop_column("sign_in_session", "device")
