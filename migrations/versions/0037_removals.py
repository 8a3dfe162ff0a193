"""Taking all of an author's comments away at once, and giving them back"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0037"
down_revision = "0070"
branch_labels = None
depends_on = None

_OPEN = sa.text("state IN ('running', 'undoing')")


def upgrade() -> None:
    op.create_table(
        "author_removal",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("site_id", sa.Uuid(), nullable=False),
        sa.Column("actor_id", sa.Uuid(), nullable=False),
        sa.Column("action", sa.String(length=16), nullable=False),
        sa.Column("reason", sa.String(length=40), nullable=True),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("total", sa.Integer(), nullable=False),
        sa.Column("changed", sa.Integer(), nullable=False),
        sa.Column("last_id", sa.Uuid(), nullable=True),
        sa.Column("undone_by_id", sa.Uuid(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("action IN ('reject', 'withdraw')", name=op.f("ck_author_removal_action")),
        sa.CheckConstraint("state IN ('running', 'done', 'undoing', 'undone')", name=op.f("ck_author_removal_state")),
        sa.ForeignKeyConstraint(
            ["account_id"], ["account.id"], name=op.f("fk_author_removal_account_id_account"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["site_id"], ["site.id"], name=op.f("fk_author_removal_site_id_site"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["actor_id"], ["account.id"], name=op.f("fk_author_removal_actor_id_account")),
        sa.ForeignKeyConstraint(["undone_by_id"], ["account.id"], name=op.f("fk_author_removal_undone_by_id_account")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_author_removal")),
    )
    op.create_index(op.f("ix_author_removal_account_id_site_id_id"), "author_removal", ["account_id", "site_id", "id"])
    op.create_index(op.f("ix_author_removal_actor_id"), "author_removal", ["actor_id"])
    op.create_index("ix_author_removal_open", "author_removal", ["state"], sqlite_where=_OPEN, postgresql_where=_OPEN)
    with op.batch_alter_table("decision") as batch:
        batch.add_column(sa.Column("removal_id", sa.Uuid(), nullable=True))
        batch.create_foreign_key(
            op.f("fk_decision_removal_id_author_removal"),
            "author_removal",
            ["removal_id"],
            ["id"],
            ondelete="SET NULL",
        )
    op.create_index(op.f("ix_decision_removal_id_id"), "decision", ["removal_id", "id"])


def downgrade() -> None:
    op.drop_index(op.f("ix_decision_removal_id_id"), table_name="decision")
    with op.batch_alter_table("decision") as batch:
        batch.drop_constraint(op.f("fk_decision_removal_id_author_removal"), type_="foreignkey")
        batch.drop_column("removal_id")
    op.drop_table("author_removal")
