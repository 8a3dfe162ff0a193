from __future__ import annotations

import datetime as dt
import uuid

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from moderation.db import Base, UTCDateTime
from moderation.identifiers import new_id


class Vote(Base, kw_only=True, eq=False, repr=False):
    __tablename__ = "vote"
    __table_args__ = (CheckConstraint("value IN (-1, 1)", name="value"), Index(None, "account_id"))

    comment_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("comment.id", ondelete="CASCADE"), primary_key=True)
    account_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("account.id", ondelete="CASCADE"), primary_key=True)
    value: Mapped[int]
    created_at: Mapped[dt.datetime] = mapped_column(UTCDateTime)


class Flag(Base, kw_only=True, eq=False, repr=False):
    """A reader's word that a comment should be looked at. Open until a moderator has decided."""

    __tablename__ = "flag"
    __table_args__ = (UniqueConstraint("comment_id", "account_id"), Index(None, "account_id"))

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default_factory=new_id)
    comment_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("comment.id", ondelete="CASCADE"))
    account_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("account.id", ondelete="SET NULL"))
    """Empty where that person is gone: what they pointed at stays to be looked at."""
    reason: Mapped[str] = mapped_column(String(40))
    text: Mapped[str | None] = mapped_column(Text, default=None)
    created_at: Mapped[dt.datetime] = mapped_column(UTCDateTime)
    resolved_at: Mapped[dt.datetime | None] = mapped_column(UTCDateTime, default=None)
