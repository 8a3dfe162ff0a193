"""Accounts that are being deleted: what is to become of their comments"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0043"
down_revision = "0042"
branch_labels = None
depends_on = None

_LEAVING = sa.text("leaving IS NOT NULL")


def upgrade() -> None:
    op.add_column("account", sa.Column("leaving", sa.String(length=8), nullable=True))
    op.create_index("ix_account_leaving", "account", ["leaving"], sqlite_where=_LEAVING, postgresql_where=_LEAVING)


def downgrade() -> None:
    op.drop_index("ix_account_leaving", "account")
    op.drop_column("account", "leaving")
