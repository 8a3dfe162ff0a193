"""Sites' own users: keys, used tokens, identities; accounts without an address or a password.

Revision ID: 0040
Revises: 0031
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0040"
down_revision = "0031"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "site_key",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("site_id", sa.Uuid(), nullable=False),
        sa.Column("kid", sa.String(length=64), nullable=False),
        sa.Column("algorithm", sa.String(length=16), nullable=False),
        sa.Column("sealed_secret", sa.Text(), nullable=True),
        sa.Column("public_key", sa.Text(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("retired_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("algorithm IN ('HS256', 'RS256', 'ES256', 'EdDSA')", name=op.f("ck_site_key_algorithm")),
        sa.CheckConstraint("(sealed_secret IS NULL) <> (public_key IS NULL)", name=op.f("ck_site_key_one_of_two")),
        sa.ForeignKeyConstraint(["site_id"], ["site.id"], name=op.f("fk_site_key_site_id_site"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_site_key")),
        sa.UniqueConstraint("site_id", "kid", name=op.f("uq_site_key_site_id_kid")),
    )
    op.create_table(
        "used_site_token",
        sa.Column("site_id", sa.Uuid(), nullable=False),
        sa.Column("jti_hash", sa.String(length=64), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["site_id"], ["site.id"], name=op.f("fk_used_site_token_site_id_site"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("site_id", "jti_hash", name=op.f("pk_used_site_token")),
    )
    op.create_index(op.f("ix_used_site_token_expires_at"), "used_site_token", ["expires_at"])
    op.create_table(
        "site_identity",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("site_id", sa.Uuid(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("issuer", sa.String(length=500), nullable=False),
        sa.Column("subject", sa.String(length=255), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"], ["account.id"], name=op.f("fk_site_identity_account_id_account"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["site_id"], ["site.id"], name=op.f("fk_site_identity_site_id_site"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_site_identity")),
        sa.UniqueConstraint("site_id", "issuer", "subject", name=op.f("uq_site_identity_site_id_issuer_subject")),
    )
    op.create_index(op.f("ix_site_identity_account_id"), "site_identity", ["account_id"])
    op.add_column("site", sa.Column("moderators_by_token", sa.Boolean(), server_default=sa.false(), nullable=False))
    op.add_column("site", sa.Column("staff_second_factor", sa.Boolean(), server_default=sa.false(), nullable=False))
    with op.batch_alter_table("account") as account:
        account.alter_column("email", existing_type=sa.String(length=320), nullable=True)
        account.alter_column("email_key", existing_type=sa.String(length=320), nullable=True)
        account.alter_column("password_hash", existing_type=sa.String(length=255), nullable=True)
        account.add_column(sa.Column("home_site_id", sa.Uuid(), nullable=True))
        account.create_foreign_key(
            op.f("fk_account_home_site_id_site"), "site", ["home_site_id"], ["id"], ondelete="CASCADE"
        )


def downgrade() -> None:
    """Accounts that the earlier release cannot hold must be gone before: it demands an address and a password."""
    with op.batch_alter_table("account") as account:
        account.drop_constraint(op.f("fk_account_home_site_id_site"), type_="foreignkey")
        account.drop_column("home_site_id")
        account.alter_column("password_hash", existing_type=sa.String(length=255), nullable=False)
        account.alter_column("email_key", existing_type=sa.String(length=320), nullable=False)
        account.alter_column("email", existing_type=sa.String(length=320), nullable=False)
    with op.batch_alter_table("site") as site:
        site.drop_column("staff_second_factor")
        site.drop_column("moderators_by_token")
    op.drop_index(op.f("ix_site_identity_account_id"), table_name="site_identity")
    op.drop_table("site_identity")
    op.drop_index(op.f("ix_used_site_token_expires_at"), table_name="used_site_token")
    op.drop_table("used_site_token")
    op.drop_table("site_key")
