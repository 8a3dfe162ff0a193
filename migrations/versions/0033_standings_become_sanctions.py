"""What the command line said of authors becomes the beginning of their history"""

from __future__ import annotations

import uuid

import sqlalchemy as sa
from alembic import op

revision = "0033"
down_revision = "0032"
branch_labels = None
depends_on = None

KINDS = {"premoderated": "premoderation", "suspended": "suspension", "banned": "ban"}

standing = sa.table(
    "author_standing",
    sa.column("account_id", sa.Uuid()),
    sa.column("site_id", sa.Uuid()),
    sa.column("standing", sa.String()),
    sa.column("until", sa.DateTime(timezone=True)),
    sa.column("created_at", sa.DateTime(timezone=True)),
)
sanction = sa.table(
    "sanction",
    sa.column("id", sa.Uuid()),
    sa.column("account_id", sa.Uuid()),
    sa.column("site_id", sa.Uuid()),
    sa.column("kind", sa.String()),
    sa.column("reason", sa.String()),
    sa.column("until", sa.DateTime(timezone=True)),
    sa.column("ends_id", sa.Uuid()),
    sa.column("created_at", sa.DateTime(timezone=True)),
)


def upgrade() -> None:
    connection = op.get_bind()
    rows = [
        {
            "id": uuid.uuid4(),
            "account_id": row.account_id,
            "site_id": row.site_id,
            "kind": KINDS[row.standing],
            "reason": "other",
            "until": row.until,
            "created_at": row.created_at,
        }
        for row in connection.execute(sa.select(standing))
    ]
    if rows:
        connection.execute(sa.insert(sanction), rows)


def downgrade() -> None:
    """The strictest of what was not taken back. Warnings have no place in the earlier release."""
    connection = op.get_bind()
    connection.execute(sa.delete(standing))
    ending = sanction.alias()
    found = connection.execute(
        sa.select(sanction).where(
            sanction.c.kind.in_(KINDS.values()), ~sa.exists().where(ending.c.ends_id == sanction.c.id)
        )
    )
    severity = list(KINDS.values())
    strictest = {(row.account_id, row.site_id): row for row in sorted(found, key=lambda row: severity.index(row.kind))}
    names = {kind: name for name, kind in KINDS.items()}
    rows = [
        {
            "account_id": row.account_id,
            "site_id": row.site_id,
            "standing": names[row.kind],
            "until": row.until,
            "created_at": row.created_at,
        }
        for row in strictest.values()
    ]
    if rows:
        connection.execute(sa.insert(standing), rows)
