"""Sanctions with their history"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0032"
down_revision = "0043"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "sanction",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("site_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("reason", sa.String(length=40), nullable=True),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ends_id", sa.Uuid(), nullable=True),
        sa.Column("actor_id", sa.Uuid(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "kind IN ('warning', 'premoderation', 'suspension', 'ban', 'lift', 'acknowledgement')",
            name=op.f("ck_sanction_kind"),
        ),
        sa.ForeignKeyConstraint(
            ["account_id"], ["account.id"], name=op.f("fk_sanction_account_id_account"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["actor_id"], ["account.id"], name=op.f("fk_sanction_actor_id_account")),
        sa.ForeignKeyConstraint(
            ["ends_id"], ["sanction.id"], name=op.f("fk_sanction_ends_id_sanction"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["site_id"], ["site.id"], name=op.f("fk_sanction_site_id_site"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sanction")),
        sa.UniqueConstraint("ends_id", name=op.f("uq_sanction_ends_id")),
    )
    op.create_index(op.f("ix_sanction_account_id_site_id_id"), "sanction", ["account_id", "site_id", "id"])
    op.create_index(op.f("ix_sanction_actor_id"), "sanction", ["actor_id"])


def downgrade() -> None:
    op.drop_table("sanction")
