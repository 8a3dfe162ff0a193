"""What outlives an account: a flag without who raised it. And letters know whose account they are about.

Letters that are there already keep that column empty; they are found by their recipient.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0041"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("flag") as flag:
        flag.alter_column("account_id", existing_type=sa.Uuid(), nullable=True)
        flag.drop_constraint(op.f("fk_flag_account_id_account"), type_="foreignkey")
        flag.create_foreign_key(
            op.f("fk_flag_account_id_account"), "account", ["account_id"], ["id"], ondelete="SET NULL"
        )
    with op.batch_alter_table("outbox_message") as letter:
        letter.add_column(sa.Column("account_id", sa.Uuid(), nullable=True))
        letter.create_foreign_key(
            op.f("fk_outbox_message_account_id_account"), "account", ["account_id"], ["id"], ondelete="CASCADE"
        )
        letter.create_index(op.f("ix_outbox_message_account_id"), ["account_id"])


def downgrade() -> None:
    """Flags of people who are gone go too: the earlier release demands to know who raised them."""
    _forget_flags_of_nobody()
    with op.batch_alter_table("outbox_message") as letter:
        letter.drop_index(op.f("ix_outbox_message_account_id"))
        letter.drop_constraint(op.f("fk_outbox_message_account_id_account"), type_="foreignkey")
        letter.drop_column("account_id")
    with op.batch_alter_table("flag") as flag:
        flag.drop_constraint(op.f("fk_flag_account_id_account"), type_="foreignkey")
        flag.create_foreign_key(
            op.f("fk_flag_account_id_account"), "account", ["account_id"], ["id"], ondelete="CASCADE"
        )
        flag.alter_column("account_id", existing_type=sa.Uuid(), nullable=False)


def _forget_flags_of_nobody() -> None:
    op.execute(
        sa.text(
            "UPDATE comment SET open_flag_count = open_flag_count - (SELECT count(*) FROM flag"
            " WHERE flag.comment_id = comment.id AND flag.account_id IS NULL AND flag.resolved_at IS NULL)"
        )
    )
    op.execute(sa.text("DELETE FROM flag WHERE account_id IS NULL"))
    op.execute(
        sa.text(
            "UPDATE comment SET queued_at = NULL"
            " WHERE queued_at IS NOT NULL AND status <> 'held' AND open_flag_count = 0"
        )
    )
