"""Indexes for figures: comments of a site and decisions by time"""

from __future__ import annotations

from alembic import op

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index(op.f("ix_comment_site_id_created_at"), "comment", ["site_id", "created_at"])
    op.create_index(op.f("ix_decision_decided_at"), "decision", ["decided_at"])


def downgrade() -> None:
    op.drop_index(op.f("ix_decision_decided_at"), table_name="decision")
    op.drop_index(op.f("ix_comment_site_id_created_at"), table_name="comment")
