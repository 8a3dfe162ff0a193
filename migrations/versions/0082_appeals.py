"""Appeals against refusals"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0082"
down_revision = "0081"
branch_labels = None
depends_on = None

_WAITS = sa.text("status = 'waiting'")


def upgrade() -> None:
    op.create_table(
        "appeal",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("comment_id", sa.Uuid(), nullable=False),
        sa.Column("revision_id", sa.Uuid(), nullable=False),
        sa.Column("refusal_id", sa.Uuid(), nullable=False),
        sa.Column("text", sa.Text(), nullable=True),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("decision_id", sa.Uuid(), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("status IN ('waiting', 'granted', 'denied', 'closed')", name=op.f("ck_appeal_status")),
        sa.ForeignKeyConstraint(
            ["comment_id"], ["comment.id"], name=op.f("fk_appeal_comment_id_comment"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["revision_id"], ["revision.id"], name=op.f("fk_appeal_revision_id_revision"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["refusal_id"], ["decision.id"], name=op.f("fk_appeal_refusal_id_decision"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["decision_id"], ["decision.id"], name=op.f("fk_appeal_decision_id_decision"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_appeal")),
        sa.UniqueConstraint("refusal_id", name=op.f("uq_appeal_refusal_id")),
    )
    op.create_index(op.f("ix_appeal_comment_id_id"), "appeal", ["comment_id", "id"])
    op.create_index(op.f("ix_appeal_revision_id"), "appeal", ["revision_id"])
    op.create_index(op.f("ix_appeal_created_at"), "appeal", ["created_at"])
    op.create_index(op.f("ix_appeal_decision_id"), "appeal", ["decision_id"])
    op.create_index(
        "ix_appeal_waiting", "appeal", ["comment_id"], unique=True, sqlite_where=_WAITS, postgresql_where=_WAITS
    )


def downgrade() -> None:
    # Nothing but the appeal lets these wait, and a release that knows none would show them as flagged.
    op.execute(
        "UPDATE comment SET queued_at = NULL WHERE status = 'rejected'"
        " AND (published_number IS NULL OR open_flag_count = 0)"
        " AND id IN (SELECT comment_id FROM appeal WHERE status = 'waiting')"
    )
    op.drop_table("appeal")
