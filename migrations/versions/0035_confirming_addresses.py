"""Addresses are confirmed by a letter; whoever had an account before is taken at their word"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0035"
down_revision = "0060"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "address_confirmation",
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("email", sa.String(length=320), nullable=False),
        sa.Column("token_hash", sa.String(length=64), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"],
            ["account.id"],
            name=op.f("fk_address_confirmation_account_id_account"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("account_id", name=op.f("pk_address_confirmation")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_address_confirmation_token_hash")),
    )
    op.add_column("account", sa.Column("unconfirmed", sa.Boolean(), server_default=sa.false(), nullable=False))
    op.add_column("comment", sa.Column("waits_for_author", sa.Boolean(), server_default=sa.false(), nullable=False))


def downgrade() -> None:
    op.drop_column("comment", "waits_for_author")
    op.drop_column("account", "unconfirmed")
    op.drop_table("address_confirmation")
