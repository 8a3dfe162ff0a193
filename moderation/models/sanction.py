from __future__ import annotations

import datetime as dt
import uuid
from enum import StrEnum

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from moderation.db import Base, UTCDateTime
from moderation.identifiers import new_id


class SanctionKind(StrEnum):
    """The first four are what a site does about an author; the last two end one of them."""

    WARNING = "warning"
    PREMODERATION = "premoderation"
    SUSPENSION = "suspension"
    BAN = "ban"
    LIFT = "lift"
    ACKNOWLEDGEMENT = "acknowledgement"


class Sanction(Base, kw_only=True, eq=False, repr=False):
    """One thing that a site did about an author: why, until when, by whom. Rows are added, never changed.

    What ends a sanction before its time is a row of its own, whose ``ends_id`` names it: a ``lift`` by staff, or the
    author's ``acknowledgement`` of a warning. An empty ``actor_id`` means the operator, on the command line.
    """

    __tablename__ = "sanction"
    __table_args__ = (
        CheckConstraint(
            "kind IN ('warning', 'premoderation', 'suspension', 'ban', 'lift', 'acknowledgement')", name="kind"
        ),
        Index(None, "account_id", "site_id", "id"),
        Index(None, "actor_id"),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default_factory=new_id)
    account_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("account.id", ondelete="CASCADE"))
    site_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("site.id", ondelete="CASCADE"))
    kind: Mapped[str] = mapped_column(String(16))
    reason: Mapped[str | None] = mapped_column(String(40), default=None)
    note: Mapped[str | None] = mapped_column(Text, default=None)
    """To the author."""
    until: Mapped[dt.datetime | None] = mapped_column(UTCDateTime, default=None)
    ends_id: Mapped[uuid.UUID | None] = mapped_column(
        ForeignKey("sanction.id", ondelete="CASCADE"), default=None, unique=True
    )
    actor_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("account.id"), default=None)
    created_at: Mapped[dt.datetime] = mapped_column(UTCDateTime)
