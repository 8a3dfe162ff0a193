"""Comments that were imported from another system"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0090"
down_revision = "0082"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # Empty for what is written here: the previous release goes on adding comments while this runs.
    op.add_column("comment", sa.Column("imported_as", sa.String(length=16), nullable=True))
    op.create_table(
        "imported_comment",
        sa.Column("site_id", sa.Uuid(), nullable=False),
        sa.Column("source", sa.String(length=40), nullable=False),
        sa.Column("external_id", sa.String(length=255), nullable=False),
        sa.Column("comment_id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["comment_id"], ["comment.id"], name=op.f("fk_imported_comment_comment_id_comment"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["site_id"], ["site.id"], name=op.f("fk_imported_comment_site_id_site"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("site_id", "source", "external_id", name=op.f("pk_imported_comment")),
        sa.UniqueConstraint("comment_id", name=op.f("uq_imported_comment_comment_id")),
    )


def downgrade() -> None:
    op.drop_table("imported_comment")
    op.drop_column("comment", "imported_as")
