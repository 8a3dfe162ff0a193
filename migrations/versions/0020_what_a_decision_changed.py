"""What a decision changed, so that it can be taken back: since when the comment waited, and what readers saw before.

Rows that are there already keep these columns empty: decisions made before this version cannot be taken back.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0050"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("decision") as table:
        table.add_column(sa.Column("waited_since", sa.DateTime(timezone=True), nullable=True))
        table.add_column(sa.Column("replaced_number", sa.Integer(), nullable=True))
        table.add_column(sa.Column("undoes_id", sa.Uuid(), nullable=True))
        table.create_foreign_key(op.f("fk_decision_undoes_id_decision"), "decision", ["undoes_id"], ["id"])
        table.create_unique_constraint(op.f("uq_decision_undoes_id"), ["undoes_id"])


def downgrade() -> None:
    with op.batch_alter_table("decision") as table:
        table.drop_constraint(op.f("uq_decision_undoes_id"), type_="unique")
        table.drop_constraint(op.f("fk_decision_undoes_id_decision"), type_="foreignkey")
        table.drop_column("undoes_id")
        table.drop_column("replaced_number")
        table.drop_column("waited_since")
