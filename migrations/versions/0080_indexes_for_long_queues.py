"""Indexes for long queues, and for what is asked about an author with every post"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0080"
down_revision = "0071"
branch_labels = None
depends_on = None

_WAITS = sa.text("queued_at IS NOT NULL")


def upgrade() -> None:
    op.create_index("ix_comment_author_record", "comment", ["author_id", "site_id", "created_at", "status"])
    op.create_index(
        "ix_comment_queue_counts",
        "comment",
        ["site_id", "status", "open_flag_count", "queued_at", "article_id", "author_id"],
        sqlite_where=_WAITS,
        postgresql_where=_WAITS,
    )


def downgrade() -> None:
    op.drop_index("ix_comment_queue_counts", "comment")
    op.drop_index("ix_comment_author_record", "comment")
